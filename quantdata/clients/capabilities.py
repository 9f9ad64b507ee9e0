"""What a key's plan delivers, learned from the answers: by block of data, never guessed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quantdata.frames.columns import ENTITLEMENTS, schema

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BLOCKS", "NOT_SEEN", "Capabilities"]

BLOCKS: Final = (
    "chain",
    "chain_quotes",
    "chain_trades",
    "chain_greeks",
    "chain_underlying",
    "equity_quotes",
    "indices",
    "bars",
    "option_trades",
    "option_quotes",
)


NOT_SEEN: Final = "not seen yet"
# A refusal counts for so long: it may have been of one question, of a proxy, or of a plan that has been changed since.
REFUSED_S: Final = 300.0


class _Fact(NamedTuple):
    is_entitled: bool | None = None
    feed: str | None = None
    reason: str | None = NOT_SEEN
    learned_at: float = 0.0


class Capabilities:
    """What one plan has been seen to deliver and to refuse.

    A block is one of `BLOCKS`; of a block that nothing is known about, `lacks` is False: asking is how one learns.
    """

    def __init__(self, provider: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.provider = provider
        self._clock = clock
        self._facts: dict[str, _Fact] = {}

    def learn(
        self, block: str, *, is_entitled: bool | None, feed: str | None = None, reason: str | None = None
    ) -> None:
        """Remember what an answer showed (None: it did not tell); the newest answer counts."""
        self._facts[block] = _Fact(is_entitled, feed, reason, self._clock())

    def lacks(self, block: str) -> bool:
        """Tell whether the plan has lately been seen not to include a block."""
        fact = self._facts.get(block, _Fact())
        return fact.is_entitled is False and self._clock() < fact.learned_at + REFUSED_S

    def frame(self) -> pl.DataFrame:
        """Return one row a block with the columns of `ENTITLEMENTS`, in the order of `BLOCKS`."""
        facts = [(self.provider, block, *self._facts.get(block, _Fact())[:3]) for block in BLOCKS]
        return pl.DataFrame(facts, schema=schema(ENTITLEMENTS), orient="row")
