"""What a key's plan delivers, as its answers show it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import polars as pl

from quantdata.clients.answer import answered
from quantdata.errors import DataProviderError, EntitlementError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from quantdata.clients.capabilities import Capabilities
    from quantdata.wire.rest import Rest

__all__ = ["TELLING_ROWS", "learn_blocks", "learning", "probe"]

T = TypeVar("T")

# Rows after which the absence of a block from all of them says that the plan lacks it.
TELLING_ROWS: Final = 20
# Blocks of a chain's rows: the column that shows one, and the column that says how fresh it is.
CHAIN_BLOCKS: Final = {
    "chain_quotes": ("quote_source", "quote_feed"),
    "chain_trades": ("trade_source", "feed"),
    "chain_greeks": ("greeks_source", "greeks_feed"),
    "chain_underlying": ("underlying_source", "feed"),
}


@contextmanager
def learning(capabilities: Capabilities, block: str, rest: Rest) -> Iterator[None]:
    """Remember of a block whether it came or was refused."""
    try:
        yield
    except EntitlementError as error:
        # Without a status it is a refusal of ours, of this one question: the block may well be had.
        if error.status is not None:
            capabilities.learn(block, is_entitled=False, reason=str(error))
        raise
    capabilities.learn(block, is_entitled=True, feed=answered(rest).feed)


def learn_blocks(capabilities: Capabilities, chain: pl.DataFrame, *, is_whole: bool) -> None:
    """Learn from the rows of a chain which blocks the plan has: one that it lacks is absent from all of them.

    Parameters
    ----------
    capabilities
        What is known so far.
    chain
        Canonical rows, before anything is added from elsewhere.
    is_whole
        Whether nothing was filtered: a far wing may never have traded, a whole chain has.
    """
    shown = chain.select(
        pl.col(feed).filter(pl.col(source).is_not_null()).first().alias(block)
        for block, (source, feed) in CHAIN_BLOCKS.items()
    ).row(0, named=True)
    present = chain.select(pl.col(source).count().alias(block) for block, (source, _) in CHAIN_BLOCKS.items())
    for block, rows in present.row(0, named=True).items():
        if rows:
            capabilities.learn(block, is_entitled=True, feed=shown[block])
        elif is_whole and chain.height >= TELLING_ROWS:
            capabilities.learn(block, is_entitled=False, reason=f"none of {chain.height:,} rows had it")


async def probe(capabilities: Capabilities, block: str, rest: Rest, asking: Coroutine[Any, Any, T]) -> T | None:
    """Ask for a block only to see whether it comes; what fails for another reason than the plan stays unknown."""
    try:
        with learning(capabilities, block, rest):
            return await asking
    except EntitlementError as error:
        capabilities.learn(block, is_entitled=False, reason=str(error))
        return None
    except DataProviderError as error:
        capabilities.learn(block, is_entitled=None, reason=str(error))
        return None
