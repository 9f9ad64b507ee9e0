"""How fast requests may leave: a steady rate, or windows that the vendor counts and tells of in headers."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from collections import OrderedDict
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar, cast
from weakref import WeakValueDictionary

from quantdata.wire.reply import http_date

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from quantdata.config import Secret

    Wrap = Callable[[str, "Limiter"], "Limiter"]

__all__ = ["Budget", "Limiter", "Pause", "TokenBucket", "WindowLimiter", "of_account", "pause_in_words", "share"]

logger = logging.getLogger("quantdata.wire")

WINDOW_S: Final = 60.0
# A window's end is told to the millisecond and the vendor's clock to the second, so ends come out up to a second late.
LONGEST_WINDOW_S: Final = WINDOW_S + 2.0
# A request that left this close to a window's end, so told, may have been counted in the next.
LATENESS_S: Final = LONGEST_WINDOW_S - WINDOW_S
LEAST_WAIT_S: Final = 0.05
# How often a guessed end is looked at again: an answer may have told it meanwhile.
GUESS_WAIT_S: Final = 1.0
# From here on the log says that requests wait.
LONG_WAIT_S: Final = 1.0
ASKED_TO_WAIT: Final = "the vendor has asked to wait"
MOST_DIGITS: Final = 15


class Pause(NamedTuple):
    """For how long a vendor has asked to be left alone, and how much of that is left: seconds."""

    asked_s: float
    left_s: float


class Budget(NamedTuple):
    """What is left of a rate.

    Attributes
    ----------
    endpoint
        What is counted together: a path, or ``"*"`` for all requests of the account.
    per_minute
        Requests a minute.
    available
        Requests that may leave at once.
    resets_in_s
        Seconds until the vendor counts anew; None where it does not count in windows.
    pause
        The wait that the vendor has asked for; None where it has not, or that is over.
    """

    endpoint: str
    per_minute: float
    available: int
    resets_in_s: float | None
    pause: Pause | None = None


def pause_in_words(vendor: str, budgets: Iterable[Budget]) -> str | None:
    """Return how long a vendor has asked to be left alone, of several the longest; None where it has not."""
    pause = max((each.pause for each in budgets if each.pause is not None), key=lambda each: each.left_s, default=None)
    return None if pause is None else f"{vendor} asked for {pause.asked_s:.0f} s of rest; {pause.left_s:.0f} s left"


class Limiter(Protocol):
    """Who lets requests of one account pass."""

    @property
    def is_slow(self) -> bool:
        """Whether the account is too slow for requests in parallel."""
        ...

    async def acquire(self, endpoint: str) -> None:
        """Wait until one request may leave."""
        ...

    def learn(self, endpoint: str, headers: Mapping[str, str]) -> None:
        """Take in what the headers of an answer say of the rate."""
        ...

    def pause(self, seconds: float, endpoint: str) -> None:
        """Let nothing pass for a while: the vendor has said when to come back."""
        ...

    def budgets(self) -> list[Budget]:
        """Return what is left now."""
        ...


L = TypeVar("L", bound=Limiter)
_limiters: Final[WeakValueDictionary[tuple[object, ...], Limiter]] = WeakValueDictionary()
# Those of the newest accounts are kept when their clients are gone, because the vendor goes on counting.
_newest: Final[OrderedDict[tuple[object, ...], Limiter]] = OrderedDict()
ACCOUNTS_AT_MOST: Final = 64
_accounts: Final = Lock()
# What wraps limiters, if anything does.
_wraps: Final[list[Wrap]] = []


def of_account(key: Secret, *terms: object, make: Callable[[], L]) -> L:
    """Return the one limiter of all clients with a key: the vendor counts their requests together.

    Parameters
    ----------
    key
        Of the account.
    terms
        What else tells accounts apart: host, agreed rate.
    make
        Makes the limiter of an account that has none.
    """
    account = (key.digest(), *terms)
    with _accounts:
        limiter = cast("L | None", _limiters.get(account)) or cast("L", _shared(account, make()))
        _limiters[account] = _newest[account] = limiter
        _newest.move_to_end(account)
        if len(_newest) > ACCOUNTS_AT_MOST:
            _newest.popitem(last=False)
        return limiter


def share(wrap: Wrap | None) -> None:
    """Wrap the limiter of each account from now on, for other processes use the account too.

    Parameters
    ----------
    wrap
        Takes what tells the account from others, which is no key, and its limiter; returns the one to use. None: none
        is wrapped any more.
    """
    with _accounts:
        _wraps[:] = [] if wrap is None else [wrap]
        _limiters.clear()
        _newest.clear()


def _shared(account: tuple[object, ...], limiter: Limiter) -> Limiter:
    name = hashlib.sha256(repr(account).encode()).hexdigest()[:16]
    return _wraps[0](name, limiter) if _wraps else limiter


class _Log:
    """Says once why and until when some requests wait."""

    def __init__(self) -> None:
        self._said_until: dict[str, float] = {}

    def say(self, which: str, why: str, *, now: float, until: float) -> None:
        """Log a wait, unless it is short or has been told."""
        if until - max(now, self._said_until.get(which, now)) >= LONG_WAIT_S:
            logger.warning("%s: %s; on in %.0f s", which, why, until - now)
            self._said_until[which] = until


class TokenBucket:
    """Let requests pass at a rate, with a burst; later callers queue in order. All endpoints are counted together.

    Parameters
    ----------
    per_minute
        Requests a minute in the long run.
    burst
        Requests that may leave at once after a quiet time.
    clock, sleep
        Monotonic seconds, and how to wait; tests pass their own.
    """

    def __init__(
        self,
        *,
        per_minute: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.per_minute = per_minute
        self.burst = burst
        self._clock = clock
        self._sleep = sleep
        # Tokens at `_counted_at`; negative while callers wait for tokens that they have already taken.
        self._tokens = float(burst)
        self._counted_at = clock()
        # Until when the vendor has asked to be left alone, and for how long it did.
        self._resumes_at, self._asked_s = self._counted_at, 0.0
        self._log = _Log()

    @property
    def is_slow(self) -> bool:
        """Tell whether the account is too slow for requests in parallel (less than one a second)."""
        return self.per_minute < 60.0  # noqa: PLR2004  # seconds in a minute

    async def acquire(self, endpoint: str = "*") -> None:  # noqa: ARG002  # one bucket for all
        """Wait until one request may leave."""
        self._refill()
        self._tokens -= 1.0
        self._log.say("all requests", ASKED_TO_WAIT, now=self._counted_at, until=self._resumes_at)
        wait_s = max(-self._tokens * 60.0 / self.per_minute, self._resumes_at - self._counted_at)
        if wait_s > 0.0:
            try:
                await self._sleep(wait_s)
            except asyncio.CancelledError:
                self._tokens += 1.0
                raise

    def learn(self, endpoint: str, headers: Mapping[str, str]) -> None:
        """Learn nothing: vendors with a steady rate do not tell it."""

    def pause(self, seconds: float, endpoint: str = "*") -> None:  # noqa: ARG002  # one bucket for all
        """Let nothing pass for a while: the vendor has said when to come back."""
        resumes_at = self._clock() + seconds
        if resumes_at > self._resumes_at:
            self._resumes_at, self._asked_s = resumes_at, seconds

    def budgets(self) -> list[Budget]:
        """Return the one budget of the account."""
        self._refill()
        pause = _pause(self._resumes_at, self._asked_s, self._counted_at)
        return [Budget("*", self.per_minute, max(0, math.floor(self._tokens)), None, pause)]

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(float(self.burst), self._tokens + (now - self._counted_at) * self.per_minute / 60.0)
        self._counted_at = now


class _Window:
    """One endpoint's minute.

    ``used`` counts our own requests as they leave and follows the vendor's count when that is higher (others use the
    account too). ``ends_at`` is a guess, a minute from the first request, until an answer tells; ``is_known`` says so.
    ``left_at`` holds when ours left. ``expiry_ms`` is the vendor's name for the window, its end, once an answer told;
    ``over_ms`` that of an earlier one, whose late answers say nothing of this one.
    """

    def __init__(self, allowed: int, ends_at: float, *, is_known: bool, used: int = 0, over_ms: int = 0) -> None:
        self.allowed = allowed
        self.used = used
        self.ends_at = ends_at
        self.is_known = is_known
        self.left_at: list[float] = []
        self.expiry_ms: int | None = None
        self.over_ms = over_ms

    def next(self, ends_at: float) -> _Window:
        """Return the window that follows; what left just before its beginning may count in it and so does."""
        late = sum(at >= self.ends_at - LATENESS_S for at in self.left_at) if self.is_known else 0
        over_ms = self.expiry_ms or self.over_ms
        return _Window(self.allowed, ends_at, is_known=self.is_known, used=late, over_ms=over_ms)


class WindowLimiter:
    """Let requests pass as a vendor counts them: so many a minute for each endpoint, told in ``X-Ratelimit`` headers.

    Parameters
    ----------
    allowed
        Requests a minute until the first answer tells.
    clock, sleep, wall
        Monotonic seconds, how to wait, and the present (UTC) for answers without a ``Date``; tests pass their own.

    References
    ----------
    Fixed windows that end on whole minutes, ``X-Ratelimit-Expiry`` in epoch milliseconds: reference/tradier.md §2.
    """

    def __init__(
        self,
        *,
        allowed: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._allowed = allowed
        self._clock = clock
        self._sleep = sleep
        self._wall = wall
        self._windows: dict[str, _Window] = {}
        # When an endpoint may be asked again after the vendor said so; headers of other answers do not shorten it.
        self._resumes_at: dict[str, float] = {}
        self._asked_s: dict[str, float] = {}
        self._log = _Log()

    @property
    def is_slow(self) -> bool:
        """Tell whether requests must come one by one: never, the burst is the whole window."""
        return False

    async def acquire(self, endpoint: str) -> None:
        """Wait until one request may leave: until the window ends when it is used up."""
        while self._wait_s(endpoint, window := self._current(endpoint)) > 0.0:
            wait_s = max(self._wait_s(endpoint, window), LEAST_WAIT_S)
            is_used_up = window.used >= window.allowed
            why = f"all {window.allowed} requests of this minute are used" if is_used_up else ASKED_TO_WAIT
            now = self._clock()
            self._log.say(endpoint, why, now=now, until=now + wait_s)
            is_guess = is_used_up and not window.is_known
            await self._sleep(min(wait_s, GUESS_WAIT_S) if is_guess else wait_s)
        window.used += 1
        window.left_at.append(self._clock())

    def learn(self, endpoint: str, headers: Mapping[str, str]) -> None:
        """Take in allowance, count and end of the window; answers without them (refusals) change nothing."""
        allowed, used, expiry_ms = (
            _whole(headers.get(f"X-Ratelimit-{name}")) for name in ("Allowed", "Used", "Expiry")
        )
        if allowed is None or used is None or expiry_ms is None or allowed < 1:
            return
        served = http_date(headers.get("Date")) or self._wall()
        ends_at = self._clock() + expiry_ms / 1000.0 - served.timestamp()
        window = self._current(endpoint)
        if expiry_ms <= window.over_ms or not 0.0 < ends_at - self._clock() <= LONGEST_WINDOW_S:
            return  # of a window that is over, or of no minute
        if window.is_known and ends_at > window.ends_at + WINDOW_S / 2:
            window = self._windows[endpoint] = window.next(ends_at)
        window.used = max(window.used, used)
        window.allowed = allowed
        window.ends_at = min(window.ends_at, ends_at) if window.is_known else ends_at
        window.expiry_ms = expiry_ms
        window.is_known = True

    def pause(self, seconds: float, endpoint: str) -> None:
        """Let nothing pass at an endpoint for a while: the vendor has said when to come back."""
        resumes_at = self._clock() + seconds
        if resumes_at > self._resumes_at.get(endpoint, 0.0):
            self._resumes_at[endpoint], self._asked_s[endpoint] = resumes_at, seconds

    def budgets(self) -> list[Budget]:
        """Return one budget for each endpoint asked so far."""
        now = self._clock()
        current = {endpoint: self._current(endpoint) for endpoint in list(self._windows)}
        return [
            Budget(
                endpoint,
                float(window.allowed),
                0 if self._wait_s(endpoint, window) > 0.0 else window.allowed - window.used,
                max(window.ends_at, self._resumes_at.get(endpoint, 0.0)) - now,
                _pause(self._resumes_at.get(endpoint, 0.0), self._asked_s.get(endpoint, 0.0), now),
            )
            for endpoint, window in current.items()
        ]

    def _wait_s(self, endpoint: str, window: _Window) -> float:
        """Return the seconds until the next request may leave; none, or fewer than none, when it may now."""
        resumes_at = self._resumes_at.get(endpoint, 0.0)
        return max(resumes_at, window.ends_at if window.used >= window.allowed else 0.0) - self._clock()

    def _current(self, endpoint: str) -> _Window:
        """Return the window that an endpoint is in now; a known one is followed by others of a minute."""
        now = self._clock()
        window = self._windows.get(endpoint)
        if window is None:
            window = self._windows[endpoint] = _Window(self._allowed, now + WINDOW_S, is_known=False)
        elif now >= window.ends_at:
            behind_s = now - window.ends_at if window.is_known else 0.0
            following = window.next(now + WINDOW_S - behind_s % WINDOW_S)
            if behind_s >= WINDOW_S:
                following.used = 0
            window = self._windows[endpoint] = following
        return window


def _pause(resumes_at: float, asked_s: float, now: float) -> Pause | None:
    """Return what is left of a wait, at a time of the limiter's clock."""
    return Pause(asked_s, resumes_at - now) if resumes_at > now else None


def _whole(text: str | None) -> int | None:
    """Return a count or a time; None of what is neither, or longer than any."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        return None
    return int(text)
