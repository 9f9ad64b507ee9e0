"""Answers kept for a short while: LRU by bytes, a life per kind, one request for all who ask at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import polars as pl

from quantdata.clients.arguments import number
from quantdata.errors import ArgumentError
from quantdata.wire.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["TTL_S", "Cache"]

T = TypeVar("T")

TTL_S: Final[Mapping[str, float]] = {
    "chain": 5.0,
    "contract": 5.0,
    "expirations": 300.0,
    "quotes": 5.0,
    "indices": 5.0,
    "bars": 60.0,
    "indicators": 30.0,
    "trades": 60.0,
    "flow": 30.0,
    "market_status": 5.0,
}
MOST_BYTES: Final = 256 * 1024 * 1024
SMALL_BYTES: Final = 1024


class _Entry(NamedTuple):
    answer: Any
    expires_at: float
    n_bytes: int


class _Flight:
    """A request under way and how many wait for it; when the last one gives up, so does the request."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = task
        self.waiting = 0

    async def wait(self) -> Any:
        self.waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self.waiting -= 1
            if self.waiting == 0 and not self._task.done():
                self._task.cancel()


class Cache:
    """Answers by key, from any thread; whoever takes one gets a copy that can be damaged without harm.

    A key is a tuple whose first item is the kind of answer. Requests under way are awaited, not repeated; a failure
    is not kept.

    Parameters
    ----------
    ttl
        Seconds an answer of each kind lives, over the defaults in `TTL_S`; 0 keeps none.
    most_bytes
        Size of all answers together; the least recently used ones go first.
    metrics
        Where hits and misses are counted; left out, in counters of its own.
    clock
        Monotonic seconds.

    Raises
    ------
    ArgumentError
        If ``ttl`` names an unknown kind, or gives what is no number of seconds.
    """

    def __init__(
        self,
        *,
        ttl: Mapping[str, float] | None = None,
        most_bytes: int = MOST_BYTES,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ttl = {**TTL_S, **_checked({} if ttl is None else ttl)}
        self._most_bytes = most_bytes
        self._metrics = Metrics() if metrics is None else metrics
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[Any, ...], _Entry] = OrderedDict()
        self._bytes = 0
        # Requests under way; touched on the event loop only.
        self._under_way: dict[tuple[Any, ...], _Flight] = {}

    def get(self, key: tuple[Any, ...]) -> Any:
        """Return a fresh copy of a living answer, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry.expires_at <= self._clock():
                self._drop(key)
                return None
            self._entries.move_to_end(key)
        self._metrics.add("cache_hits", endpoint=key[0])
        return _copy(entry.answer)

    async def get_or_fetch(self, key: tuple[Any, ...], fetch: Callable[[], Awaitable[T]]) -> T:
        """Return a living answer, or that of one ``fetch`` which all callers with this key share."""
        kept = self.get(key)
        if kept is not None:
            return kept  # type: ignore[no-any-return]
        flight = self._under_way.get(key)
        self._metrics.add("cache_misses" if flight is None else "cache_hits", endpoint=key[0])
        if flight is None:
            flight = self._under_way[key] = _Flight(asyncio.ensure_future(self._fetch(key, fetch)))
        try:
            return _copy(await flight.wait())  # type: ignore[no-any-return]
        finally:
            if flight.waiting == 0 and self._under_way.get(key) is flight:
                del self._under_way[key]

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    async def _fetch(self, key: tuple[Any, ...], fetch: Callable[[], Awaitable[T]]) -> T:
        answer = await fetch()
        self._keep(key, answer)
        return answer

    def _keep(self, key: tuple[Any, ...], answer: object) -> None:
        life_s = self._ttl[key[0]]
        n_bytes = answer.estimated_size() if isinstance(answer, pl.DataFrame) else SMALL_BYTES
        if life_s <= 0.0 or n_bytes > self._most_bytes:
            return
        entry = _Entry(_copy(answer), self._clock() + life_s, int(n_bytes))
        with self._lock:
            self._drop(key)
            self._entries[key] = entry
            self._bytes += entry.n_bytes
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._entries)))

    def _drop(self, key: tuple[Any, ...]) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.n_bytes


def _checked(ttl: object) -> dict[str, float]:
    if not isinstance(ttl, Mapping) or not ttl.keys() <= TTL_S.keys():
        raise ArgumentError(
            f"cache_ttl maps kinds to seconds, as in {{'chain': 5.0}}, not {ttl!r}; kinds: {', '.join(TTL_S)}"
        )
    return {kind: number(seconds, name=f"cache_ttl[{kind!r}]", least=0.0) for kind, seconds in ttl.items()}


def _copy(answer: Any) -> Any:
    # A clone shares the buffers, so it costs microseconds whatever the size: performance.md §5.
    if isinstance(answer, pl.DataFrame):
        return answer.clone()
    return list(answer) if isinstance(answer, list) else answer
