"""The prints of an options stream as rows, each with the quote that was held before it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from quantdata.analytics.option_prints import ID_OF_LETTER
from quantdata.analytics.print_sides import counted
from quantdata.frames.columns import CHAIN, FEED, TICK, schema
from quantdata.frames.events import lists
from quantdata.live.timeline import EPOCH

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from quantdata.live.merging import Newest
    from quantdata.wire.events import Quote, Trade

__all__ = ["CONTRACTS", "HeldQuotes", "PrintRow", "print_frame", "print_row"]

# What must be known of a contract whose prints count.
CONTRACTS: Final[dict[str, pl.DataType]] = {name: schema(CHAIN)[name] for name in ("contract_symbol", "multiplier")}
# As `TRADES`, and the quote.
_ROW: Final[dict[str, Any]] = {
    "symbol": pl.String,
    "ts": pl.Int64,
    "price": pl.Float64,
    "size": pl.Float64,
    "exchange": pl.String,
    "conditions": pl.List(pl.Int64),
    "correction": pl.Int64,
    "sequence": pl.Int64,
    "feed": FEED,
    "bid": pl.Float64,
    "ask": pl.Float64,
}

PrintRow = tuple[Any, ...]
# Bid and ask; None and None where there is nothing to compare a print with.
_Prices = tuple[float | None, float | None]


class Known(NamedTuple):
    """A quote, and the vendor's time of it in milliseconds since 1970."""

    when: int
    bid: float | None
    ask: float | None


class HeldQuotes(NamedTuple):
    """The newest quotes of contracts, and for how many seconds a poll's is held.

    One that a stream told is held until the next.
    """

    newest: Newest
    lasts_s: float

    def of(self, symbols: Collection[str], received_ts: datetime) -> dict[str, Known]:
        """Return the quotes of some contracts that were held at a moment, by this machine's clock."""
        found, facts, quotes = self.newest.known(symbols)
        oldest_us = (received_ts - timedelta(seconds=self.lasts_s) - EPOCH) // timedelta(microseconds=1)
        is_held = facts["is_streamed"] | (facts["received"] >= oldest_us)
        known = map(Known, facts["when"].tolist(), quotes.get_column("bid"), quotes.get_column("ask"))
        return {symbol: each for symbol, each, held in zip(found, known, is_held.tolist(), strict=True) if held}


def print_row(symbol: str, trade: Trade, feed: str, *, fresh: Quote | None, known: Mapping[str, Known]) -> PrintRow:
    """Return a print with the quote held before it, for `print_frame`.

    Parameters
    ----------
    symbol
        Of the contract, in canonical spelling.
    feed
        How fresh the stream is by plan.
    fresh
        The newest quote of the contract in the same look at the stream.
    known
        Those that were held at the look before.
    """
    exchange = None if trade.exchange is None else str(trade.exchange)
    return (
        *(symbol, trade.t, trade.price, trade.size, exchange, trade.conditions),
        *(int(trade.is_cancel or trade.is_correction), trade.sequence, feed),
        *_quote_before(trade, fresh, known.get(symbol)),
    )


def print_frame(rows: Sequence[PrintRow], contracts: pl.DataFrame) -> pl.DataFrame:
    """Return the prints that count, as `counted` does, with the ``multiplier`` of their contract; of no others."""
    columns = dict(zip(_ROW, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(_ROW, ())
    told = pl.DataFrame({**columns, "conditions": lists(columns["conditions"], _numbers)}, schema=_ROW, strict=False)
    stamped = told.with_columns(pl.from_epoch("ts", time_unit="ms").dt.replace_time_zone("UTC").cast(TICK))
    return counted(stamped).join(contracts, left_on="symbol", right_on="contract_symbol", how="inner")


def _numbers(conditions: tuple[int | str, ...] | None) -> list[int] | None:
    """Return Massive's ids; Tradier tells conditions by OPRA's letters."""
    numbers = (each if isinstance(each, int) else ID_OF_LETTER.get(each) for each in conditions or ())
    return [each for each in numbers if each is not None] or None


def _quote_before(trade: Trade, fresh: Quote | None, known: Known | None) -> _Prices:
    if trade.ask is not None:
        return _usable(trade.bid, trade.ask)
    # A quote of the same look and millisecond may be the print's consequence; one of an earlier look is not.
    if known is not None and known.when > trade.t:
        known = None
    if fresh is not None and 0 < fresh.t < trade.t and (known is None or fresh.t >= known.when):
        return _usable(fresh.bid, fresh.ask)
    return (None, None) if known is None else _usable(known.bid, known.ask)


def _usable(bid: float | None, ask: float | None) -> _Prices:
    is_quote = bid is not None and ask is not None and bid >= 0 and 0 < ask < float("inf")
    return (bid, ask) if is_quote else (None, None)
