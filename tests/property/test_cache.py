"""The cache against a slow, obvious one: same hits, same evictions, never more than its room."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import polars as pl
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from quantdata.clients.cache import Cache

ROOM = 1_000
KEYS = st.tuples(st.sampled_from(["chain", "bars", "quotes"]), st.integers(0, 3))
LIVES = {"chain": 5.0, "bars": 60.0, "quotes": 0.0}


class Kept(NamedTuple):
    """One answer in the obvious cache."""

    rows: int
    expires_at: float


def _frame(rows: int) -> pl.DataFrame:
    return pl.DataFrame({"row": list(range(rows))}, schema={"row": pl.Int64})


class CacheMachine(RuleBasedStateMachine):
    """Ask, wait, peek, damage, clear; a plain dict in order of use is the truth."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.cache = Cache(ttl=LIVES, most_bytes=ROOM, clock=lambda: self.now)
        self.truth: dict[tuple[str, int], Kept] = {}

    @rule(key=KEYS, rows=st.integers(0, 150))
    def ask(self, key: tuple[str, int], rows: int) -> None:
        fetched: list[int] = []

        async def fetch() -> pl.DataFrame:
            fetched.append(rows)
            return _frame(rows)

        frame = asyncio.run(self.cache.get_or_fetch(key, fetch))
        living = self._living(key)
        assert bool(fetched) == (living is None)
        assert frame.height == (rows if living is None else living.rows)
        if living is None:
            self._keep(key, rows)
        self._damage(frame)

    @rule(key=KEYS)
    def peek(self, key: tuple[str, int]) -> None:
        frame, living = self.cache.get(key), self._living(key)
        assert (frame is None) == (living is None)
        if frame is not None and living is not None:
            assert frame.equals(_frame(living.rows))
            self._damage(frame)

    @rule(seconds=st.sampled_from([0.5, 4.999, 5.0, 60.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def clear(self) -> None:
        self.cache.clear()
        self.truth.clear()

    @invariant()
    def never_more_than_its_room(self) -> None:
        assert self.cache._bytes == sum(8 * kept.rows for kept in self.truth.values()) <= ROOM
        assert list(self.cache._entries) == list(self.truth)

    def _living(self, key: tuple[str, int]) -> Kept | None:
        kept = self.truth.get(key)
        if kept is None:
            return None
        if kept.expires_at <= self.now:
            del self.truth[key]  # who looks for what is spent clears it away
            return None
        self.truth[key] = self.truth.pop(key)
        return kept

    def _keep(self, key: tuple[str, int], rows: int) -> None:
        life = LIVES[key[0]]
        if life <= 0.0 or 8 * rows > ROOM:
            return
        self.truth.pop(key, None)
        self.truth[key] = Kept(rows, self.now + life)
        while sum(8 * kept.rows for kept in self.truth.values()) > ROOM:
            del self.truth[next(iter(self.truth))]

    @staticmethod
    def _damage(frame: pl.DataFrame) -> None:
        if frame.height:
            frame[0, "row"] = -1
        frame.extend(_frame(1))
        frame.insert_column(0, pl.lit(0).alias("new"))


TestCache = CacheMachine.TestCase
