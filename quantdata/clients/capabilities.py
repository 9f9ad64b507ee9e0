"""What a key's plan delivers, learned from the answers: by block of data, never guessed."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from quantdata.frames.columns import ENTITLEMENTS, schema

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


class _Fact(NamedTuple):
    is_entitled: bool | None = None
    feed: str | None = None
    reason: str | None = NOT_SEEN


class Capabilities:
    """What one plan has been seen to deliver and to refuse.

    A block is one of `BLOCKS`; of a block that nothing is known about, `lacks` is False: asking is how one learns.
    """

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self._facts: dict[str, _Fact] = {}

    def learn(
        self, block: str, *, is_entitled: bool | None, feed: str | None = None, reason: str | None = None
    ) -> None:
        """Remember what an answer showed (None: it did not tell); the newest answer counts."""
        self._facts[block] = _Fact(is_entitled, feed, reason)

    def lacks(self, block: str) -> bool:
        """Tell whether the plan is known not to include a block."""
        return self._facts.get(block, _Fact()).is_entitled is False

    def frame(self) -> pl.DataFrame:
        """Return one row a block with the columns of `ENTITLEMENTS`, in the order of `BLOCKS`."""
        facts = [(self.provider, block, *self._facts.get(block, _Fact())) for block in BLOCKS]
        return pl.DataFrame(facts, schema=schema(ENTITLEMENTS), orient="row")
