"""Counters of what was asked and what came, of all providers of one client; from any thread."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["METRICS", "Count", "Metric", "MetricName", "Metrics", "path_template"]

MetricName = Literal[
    "requests",
    "retries",
    "failures",
    "received_bytes",
    "rate_limit_waits",
    "rate_limit_wait_seconds",
    "rows",
    "fallbacks",
    "filled_rows",
    "cache_hits",
    "cache_misses",
]


class Metric(NamedTuple):
    """What one counter counts."""

    unit: str
    meaning: str


METRICS: Final[Mapping[MetricName, Metric]] = {
    "requests": Metric("requests", "requests sent, retries included"),
    "retries": Metric("requests", "requests that were sent once more"),
    "failures": Metric("requests", "requests that failed, mended by a retry or not; kind is the error's code"),
    "received_bytes": Metric("bytes", "bodies of answers, compressed as they came"),
    "rate_limit_waits": Metric("requests", "requests that waited for the account's rate"),
    "rate_limit_wait_seconds": Metric("seconds", "how long they waited, together"),
    "rows": Metric("rows", "rows of whole answers"),
    "fallbacks": Metric("answers", "answers that this provider gave in the place of another; kind is the reason"),
    "filled_rows": Metric("rows", "rows in which this provider filled gaps of another"),
    "cache_hits": Metric("answers", "answers without a request of their own: kept ones, and those under way"),
    "cache_misses": Metric("answers", "answers that had to be fetched"),
}
ORDER: Final[Mapping[str, int]] = {name: place for place, name in enumerate(METRICS)}
# Words of a path; a symbol begins with a capital or holds one, a time or a number begins with a digit.
WORD: Final = re.compile(r"[a-z][a-z0-9_]*")


class Count(NamedTuple):
    """One counter; what does not apply to it is None."""

    metric: MetricName
    provider: str | None
    endpoint: str | None
    kind: str | None
    value: float

    @property
    def unit(self) -> str:
        """What is counted."""
        return METRICS[self.metric].unit


class Metrics:
    """Counters that only rise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: defaultdict[tuple[MetricName, str | None, str | None, str | None], float] = defaultdict(float)

    def add(
        self,
        metric: MetricName,
        amount: float = 1.0,
        *,
        provider: str | None = None,
        endpoint: str | None = None,
        kind: str | None = None,
    ) -> None:
        """Raise one counter.

        Parameters
        ----------
        metric, amount
            Which one of `METRICS`, and by how much.
        provider, endpoint, kind
            What else tells counters apart: few different words each, never a symbol (`path_template`).
        """
        with self._lock:
            self._values[metric, provider, endpoint, kind] += amount

    def counts(self) -> list[Count]:
        """Return all counters that have been raised: in the order of `METRICS`, then by provider, endpoint, kind."""
        with self._lock:
            found = [Count(*labels, value) for labels, value in self._values.items()]
        return sorted(found, key=lambda count: (ORDER[count.metric], *(label or "" for label in count[1:4])))


def path_template(path: str) -> str:
    """Return a path with ``*`` for every symbol, number and time in it, so that there are few different ones.

    Examples
    --------
    >>> path_template("/v3/snapshot/options/SPY/O:SPY261218C00600000")
    '/v3/snapshot/options/*/*'
    >>> path_template("/v2/aggs/ticker/SPY/range/5/minute/1793577600000/1793664000000")
    '/v2/aggs/ticker/*/range/*/minute/*/*'
    """
    return "/".join(part if not part or WORD.fullmatch(part) else "*" for part in path.split("/"))
