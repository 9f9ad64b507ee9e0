"""What can go wrong on demand: each `Fault` says what, where, how often.

A fault acts at one stage of a request. *Instead* of an answer: ``status``, ``forbidden_as_200``, ``html``, ``empty``,
``foreign_object`` (JSON of something else under 200), ``timeout``, ``page_failure``. Before it: ``latency``,
``small_pages`` (no page has more than ``rows`` rows, of bars: base bars). On its rows: ``empty_results``,
``wrong_page`` (a later page holds rows that nobody asked for), ``repeated_page`` (a later page holds the first one's
rows, and goes on as it would), ``unsorted`` (a page's rows in any order), ``rows_without_key`` (rows lack what tells
them apart: ticker or time), ``missing_blocks``, ``empty_blocks``, ``null_blocks``, ``crossed_quotes``,
``zero_quotes``, ``stale_times``, ``adjusted_contracts``, ``row_errors``. On its link to the next page:
``next_url_loop``, ``foreign_next_url``. On its bytes: ``slow_bytes``, ``drop``, ``truncated_gzip``, ``invalid_json``.
Several may hit one request.

Tradier has no pages, so it does not know the faults of pages and links, nor ``forbidden_as_200`` and ``row_errors``;
its ``wrong_page`` is an answer of another expiration, day or symbol, and its only block is ``greeks``. It alone knows:

- ``quota_violation``: 429 as text, the window ending ``seconds`` from now;
- ``datastore_error``: the gateway's fault under 500;
- ``expired_token``: another one under 500, for good;
- ``invalid_token``: 401 as text;
- ``errors_200``: ``{"errors":{"error":...}}`` under 200;
- ``too_big_body``: the gateway's fault for an answer too long, under 500;
- ``bad_parameter``: 400 as text, about ``start``;
- ``null_text``: the collection is the word ``"null"``;
- ``xml``: XML whatever was accepted;
- ``no_rate_headers``: the rate headers are missing;
- ``nan_text``: prices of intraday bars are the word ``"NaN"``;
- ``zero_iv``: all three implied volatilities are 0.0;
- ``lost_rows``: a ``share`` of the rows is missing.

Streams have faults of their own; ``path`` is then the socket's (``/options``, ``/v1/markets/events``), and no request
counts. Counted in connections, as they are opened: ``refused_handshake`` (``status`` instead of the upgrade or the
stream over HTTP). Counted in logins (at Tradier: in frames that subscribe): ``auth_failed``, ``auth_timeout``,
``max_connections``; each ends the connection. Counted in requests to subscribe: ``limit_refusal``. Counted in frames of
data, acknowledgements not:

- ``socket_drop``: half a frame, then a TCP reset;
- ``socket_close``: a clean close, code 1000, instead of the frame;
- ``silence``: nothing is sent from this frame on; pings are answered, the connection stays open;
- ``half_open``: the same, and nothing is answered either, not even a ping;
- ``slow_consumer``: the vendor's word for a reader that is too slow, then the end;
- ``unknown_events``: an event of an unknown kind first, unknown keys and objects inside objects in the others;
- ``mixed_units``: every second event has its time in nanoseconds (Massive);
- ``revised_minutes``: the frame's minute bars once more, with other values, right after it; other frames do not count;
- ``repeated_events``: the frame comes twice;
- ``unordered_events``: after the frame come events of its symbols that are older, and that were never sent before;
- ``invalid_frame``: the frame ends too early to be JSON; what it said is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import inf
from random import Random
from threading import Lock
from typing import TYPE_CHECKING, Literal, get_args

from quantdata.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Fault", "FaultKind", "FaultStage", "Faults"]

FaultKind = Literal[
    "status",
    "forbidden_as_200",
    "html",
    "empty",
    "foreign_object",
    "timeout",
    "page_failure",
    "latency",
    "small_pages",
    "empty_results",
    "wrong_page",
    "repeated_page",
    "unsorted",
    "rows_without_key",
    "missing_blocks",
    "empty_blocks",
    "null_blocks",
    "crossed_quotes",
    "zero_quotes",
    "stale_times",
    "adjusted_contracts",
    "row_errors",
    "next_url_loop",
    "foreign_next_url",
    "slow_bytes",
    "drop",
    "truncated_gzip",
    "invalid_json",
    "quota_violation",
    "datastore_error",
    "expired_token",
    "invalid_token",
    "errors_200",
    "too_big_body",
    "bad_parameter",
    "null_text",
    "xml",
    "no_rate_headers",
    "nan_text",
    "zero_iv",
    "lost_rows",
    "refused_handshake",
    "auth_failed",
    "auth_timeout",
    "max_connections",
    "limit_refusal",
    "socket_drop",
    "socket_close",
    "silence",
    "half_open",
    "slow_consumer",
    "unknown_events",
    "mixed_units",
    "revised_minutes",
    "repeated_events",
    "unordered_events",
    "invalid_frame",
]
_KINDS: tuple[str, ...] = get_args(FaultKind)
_STATUSES = range(200, 600)
_LATER_PAGES_ONLY = frozenset({"page_failure", "wrong_page", "repeated_page"})

FaultStage = Literal["request", "connection", "login", "subscription", "frame"]
_STAGES: dict[FaultKind, FaultStage] = {
    "refused_handshake": "connection",
    "auth_failed": "login",
    "auth_timeout": "login",
    "max_connections": "login",
    "limit_refusal": "subscription",
    "socket_drop": "frame",
    "socket_close": "frame",
    "silence": "frame",
    "half_open": "frame",
    "slow_consumer": "frame",
    "unknown_events": "frame",
    "mixed_units": "frame",
    "revised_minutes": "frame",
    "repeated_events": "frame",
    "unordered_events": "frame",
    "invalid_frame": "frame",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    kind
        What goes wrong; the module's docstring has the list.
    vendor
        Whose endpoints: ``"massive"`` or ``"tradier"``; ``"*"`` for both.
    path
        Pattern of the request's or socket's path as in a shell: ``"/v3/snapshot/*"``.
    probability
        Chance that a matching request is hit, 0 to 1; of a stream's fault: connection, login, subscription or frame.
    times
        How many of them are hit at most; no limit when None.
    skip
        How many of them pass before the first can be hit.
    status
        HTTP status of ``status``, ``html``, ``page_failure`` and ``refused_handshake``.
    retry_after
        ``Retry-After`` header beside the status, in seconds; none when None.
    seconds
        How long: ``latency`` waits, ``timeout`` holds the line, ``slow_bytes`` takes in all, ``stale_times`` goes back,
        the window of ``quota_violation`` has left.
    blocks
        Row keys that ``missing_blocks``, ``empty_blocks`` and ``null_blocks`` damage.
    share
        Share of the rows that a row fault damages, 0 to 1.
    rows
        What ``small_pages`` caps a page's limit at, 1 or more; it is also the limit of requests that name none.
    """

    kind: FaultKind
    vendor: str = "massive"
    path: str = "*"
    probability: float = 1.0
    times: int | None = None
    skip: int = 0
    status: int = 500
    retry_after: float | None = None
    seconds: float = 1.0
    blocks: tuple[str, ...] = ("last_quote", "greeks")
    share: float = 1.0
    rows: int = 50

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.kind not in _KINDS:
            raise ArgumentError(f"fault {self.kind!r}: the simulator knows {', '.join(_KINDS)}")
        for name in ("probability", "share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ArgumentError(f"{name}={getattr(self, name)}: it runs from 0 to 1")
        if self.skip < 0 or not 0.0 <= self.seconds < inf or (self.times is not None and self.times < 1):
            raise ArgumentError(f"{self}: skip and seconds are 0 or more, times is 1 or more")
        if self.status not in _STATUSES or not 0.0 <= (self.retry_after or 0.0) < inf:
            raise ArgumentError(f"{self}: status runs from 200 to 599, retry_after is 0 or more seconds")
        if self.rows < 1:
            raise ArgumentError(f"rows={self.rows}: a page has 1 row or more")

    @property
    def stage(self) -> FaultStage:
        """What this fault hits and counts."""
        return _STAGES.get(self.kind, "request")

    def concerns(self, *, vendor: str, path: str, is_later_page: bool, stage: FaultStage = "request") -> bool:
        """Say whether a request, or a part of a stream, is one that this fault may hit."""
        if self.stage != stage or (self.kind in _LATER_PAGES_ONLY and not is_later_page):
            return False
        return self.vendor in {"*", vendor} and fnmatchcase(path, self.path)


@dataclass(slots=True)
class _Armed:
    """A fault in force, and how many matching requests it has seen and hit."""

    fault: Fault
    seen: int = 0
    hits: int = 0

    def strikes(self, rng: Random) -> bool:
        """Count a matching request and say whether it is hit."""
        self.seen += 1
        is_spent = self.fault.times is not None and self.hits >= self.fault.times
        if is_spent or self.seen <= self.fault.skip or rng.random() >= self.fault.probability:
            return False
        self.hits += 1
        return True


@dataclass(slots=True)
class Faults:
    """The faults in force, in the order in which they were added; safe to change from any thread.

    Parameters
    ----------
    seed
        Seed of the dice for ``probability`` and of the choice of rows for ``share``.
    """

    seed: int = 7
    _armed: list[_Armed] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _rng: Random = field(init=False)

    def __post_init__(self) -> None:
        """Throw the same dice for the same seed."""
        self._rng = Random(self.seed)  # noqa: S311 - repeatable by intent

    def add(self, *faults: Fault) -> None:
        """Put faults into force."""
        with self._lock:
            self._armed.extend(_Armed(fault) for fault in faults)

    def clear(self) -> None:
        """Lift every fault."""
        with self._lock:
            self._armed.clear()

    def active(self) -> Sequence[tuple[Fault, int]]:
        """Return the faults in force, each with the number of requests it has hit."""
        with self._lock:
            return [(armed.fault, armed.hits) for armed in self._armed]

    def strike(
        self,
        *,
        vendor: str,
        path: str,
        is_later_page: bool = False,
        stage: FaultStage = "request",
        has_minutes: bool = True,
    ) -> tuple[Fault, ...]:
        """Return the faults that hit a request or a part of a stream, counting them.

        Parameters
        ----------
        stage
            What there is to be hit.
        has_minutes
            Whether a frame has minute bars, which some faults need.
        """
        if not self._armed:
            return ()
        with self._lock:
            return tuple(
                armed.fault
                for armed in self._armed
                if armed.fault.concerns(vendor=vendor, path=path, is_later_page=is_later_page, stage=stage)
                and (has_minutes or armed.fault.kind != "revised_minutes")
                and armed.strikes(self._rng)
            )

    def dice(self) -> Random:
        """Return a generator for one request's choice of rows."""
        with self._lock:
            return Random(self._rng.random())  # noqa: S311 - repeatable by intent
