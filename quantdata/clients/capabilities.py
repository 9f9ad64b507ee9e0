"""What a key's plan delivers, learned from the answers: by block of data, never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from quantdata.frames.columns import ENTITLEMENTS, schema

__all__ = ["BLOCKS", "Capabilities"]

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


@dataclass(frozen=True, slots=True)
class _Fact:
    is_entitled: bool
    feed: str | None
    reason: str | None


class Capabilities:
    """What one plan has been seen to deliver and to refuse.

    A block is one of `BLOCKS`; of a block that nothing is known about, `lacks` is False: asking is how one learns.
    """

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._facts: dict[str, _Fact] = {}

    def learn(self, block: str, *, is_entitled: bool, feed: str | None = None, reason: str | None = None) -> None:
        """Remember what an answer showed; the newest answer counts."""
        self._facts[block] = _Fact(is_entitled, feed, reason)

    def lacks(self, block: str) -> bool:
        """Tell whether the plan is known not to include a block."""
        fact = self._facts.get(block)
        return fact is not None and not fact.is_entitled

    def reason(self, block: str) -> str | None:
        """Return why a block is lacking, when that is known."""
        fact = self._facts.get(block)
        return fact.reason if fact else None

    def frame(self) -> pl.DataFrame:
        """Return one row a block with the columns of `ENTITLEMENTS`, in the order of `BLOCKS`."""
        unknown = _Fact(is_entitled=False, feed=None, reason="not seen yet")
        facts = [(block, self._facts.get(block)) for block in BLOCKS]
        return pl.DataFrame(
            [
                (self._provider, block, fact.is_entitled if fact else None, *_shown(fact or unknown))
                for block, fact in facts
            ],
            schema=schema(ENTITLEMENTS),
            orient="row",
        )


def _shown(fact: _Fact) -> tuple[str | None, str | None]:
    return fact.feed, fact.reason
