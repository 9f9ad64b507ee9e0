"""How order flow is found: the tapes that are worth reading, and the chain for the rest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import polars as pl

from quantdata.analytics.order_flow import (
    NO_TAPE,
    TICK_TEST_ONLY,
    by_premium,
    chain_flow,
    noted,
    tape_flow,
    unknown_flow,
)
from quantdata.clients.together import together
from quantdata.errors import EntitlementError
from quantdata.frames.columns import FLOW, OPTION_QUOTES, TRADES, empty
from quantdata.validation import validate

if TYPE_CHECKING:
    from quantdata.clients.flow_query import FlowQuery
    from quantdata.clients.option_tape import OptionTape
    from quantdata.clients.protocols import OptionsDataProvider

__all__ = ["find_flow", "flow_warning"]


async def find_flow(
    provider: OptionsDataProvider, query: FlowQuery, chain: pl.DataFrame, *, needs_tape: bool = False
) -> pl.DataFrame:
    """Return the order flow of every contract of a chain, with the columns of `FLOW`.

    Parameters
    ----------
    provider
        Whose tapes are read.
    query, chain
        What is asked, and the chain of its underlying.
    needs_tape
        Whether a provider without tapes is an error; otherwise it is told what the chain alone tells.

    Raises
    ------
    EntitlementError
        If a tape is needed, and vendor or plan have none.
    """
    if chain.is_empty():
        return empty(FLOW)
    now = chain.get_column("snapshot_ts")[0]
    start, end = query.span(now)
    chosen = query.chosen(chain)
    asked = chosen.get_column("contract_symbol").to_list()
    others = chain.filter(~pl.col("contract_symbol").is_in(asked).fill_null(value=False))
    rest = chain_flow if query.is_newest_session(now) else unknown_flow
    if not query.is_of_newest_session(now):
        chosen = chosen.with_columns(open_interest=pl.lit(None, pl.Int64))  # what was open then is not known
    try:
        tapes = await together(provider.option_tape(symbol, start=start, end=end) for symbol in asked)
    except EntitlementError:
        if needs_tape:
            raise
        return await asyncio.to_thread(lambda: validate(by_premium(noted(rest(chain), NO_TAPE, asked))))
    return await asyncio.to_thread(lambda: _joined(tapes, chosen, rest(others)))


def flow_warning(flow: pl.DataFrame) -> str | None:
    """Return what whoever asked for order flow should know of how it was found; None when it is what was asked for."""
    without, by_tick = (flow.filter(pl.col("notes").list.contains(note)).height for note in (NO_TAPE, TICK_TEST_ONLY))
    if without:
        is_counted = (flow.get_column("method") == "chain").any()
        rest = "who bought is not known" if is_counted else "nothing is known of that time"
        return f"no tape of {_contracts(without)}: vendor or plan have none, so {rest}; see entitlements()"
    if by_tick:
        return f"few or no quotes for the prints of {_contracts(by_tick)}: the tick test alone tells their sides"
    return None


def _contracts(number: int) -> str:
    return f"{number:,} contract{'' if number == 1 else 's'}"


def _joined(tapes: list[OptionTape], chosen: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    trades = pl.concat([empty(TRADES), *(tape.trades for tape in tapes)])
    quotes = pl.concat([empty(OPTION_QUOTES), *(tape.quotes for tape in tapes)])
    return validate(by_premium(pl.concat([tape_flow(trades, quotes, chosen), others])))
