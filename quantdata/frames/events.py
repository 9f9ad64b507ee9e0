"""Stream events to canonical columns: what a quote, a trade, a tick or a minute changes in the row of its symbol.

One row an event, with the columns of `CHAIN`, `EQUITY_QUOTES` or `INDEX_QUOTES` that it tells and no others, as polls
would tell them; and ``sequence``, the vendor's order of events at one time. Events are those of a
`quantdata.wire.book.Book`: their times are exact to the millisecond, and null where the vendor sent none. What has no
price tells nothing, and has no row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quantdata.frames.columns import CHAIN, EQUITY_QUOTES, FEED, INDEX_QUOTES, MOMENT, PROVIDER, SOURCE, schema
from quantdata.frames.massive.chain import VENUES
from quantdata.sessions import NEW_YORK
from quantdata.wire.quote_table import (
    ASK,
    ASK_EXCHANGE,
    ASK_SIZE,
    BID,
    BID_EXCHANGE,
    BID_SIZE,
    SEQUENCE,
    QuoteValues,
    T,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from quantdata.wire.events import Minute, Quote, Trade, Value

__all__ = [
    "Stamp",
    "equity_quote_events",
    "equity_trade_events",
    "index_value_events",
    "lists",
    "option_day_events",
    "option_quote_events",
    "option_trade_events",
]

# By key, of which the frames that events change are made.
_CHAIN: Final = schema(CHAIN)
_EQUITIES: Final = schema(EQUITY_QUOTES)
_INDICES: Final = schema(INDEX_QUOTES)
_WHOLE: Final = dict.fromkeys(("t", "sequence"), pl.Int64)
_OF_SIDES: Final = ("bid", "bid_size", "bid_exchange", "ask", "ask_size", "ask_exchange")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What is known of events beside what they say.

    Attributes
    ----------
    vendor
        Who sent them.
    feed
        How fresh they are by plan; ``"simulated"`` of a simulated market.
    received_ts
        When they came (UTC).
    names
        Canonical symbols by the vendor's spelling, where those are not the same but for a prefix.
    """

    vendor: str
    feed: str
    received_ts: datetime
    names: Mapping[str, str] = field(default_factory=dict)

    def symbols(
        self, events: Collection[Quote] | Collection[Trade] | Collection[Value] | Collection[Minute]
    ) -> list[str]:
        """Return the canonical symbol of each event."""
        names = self.names
        spelled = list(events.quotes) if isinstance(events, QuoteValues) else [event.symbol for event in events]
        return [names.get(symbol) or symbol.removeprefix("O:").removeprefix("I:") for symbol in spelled]


def option_quote_events(quotes: Collection[Quote], stamp: Stamp) -> pl.DataFrame:
    """Return the quote group of option contracts, by ``contract_symbol``.

    A price of 0 on the offer is the vendor's "no offer", and beside an offer a bid of 0 is data. Where there is neither
    all is null but the time and who told it: nobody quotes.
    """
    has_quote = pl.when((pl.col("bid") > 0) | (pl.col("ask") > 0))
    quoted = _quotes(quotes, stamp, key="contract_symbol").with_columns(
        has_quote.then(name).alias(name) for name in _OF_SIDES
    )
    rows = quoted.with_columns(ask=_positive("ask"))
    if stamp.vendor == "tradier":  # its letters stand there without a price as well, and then they are nobody's
        rows = rows.with_columns(
            pl.when(pl.col(side) > 0).then(f"{side}_exchange").alias(f"{side}_exchange") for side in ("bid", "ask")
        )
    two_sided = (pl.col("bid") > 0) & (pl.col("ask") > 0)
    derived = rows.with_columns(
        # Rounded as in every chain: 2.71 - 2.69 is not quite 0.02.
        mid=pl.when(two_sided).then(((pl.col("bid") + pl.col("ask")) / 2).round(6)),
        spread=pl.when(two_sided).then((pl.col("ask") - pl.col("bid")).round(6)),
        quote_source=pl.lit(stamp.vendor, PROVIDER),
        quote_feed=pl.lit(_of_group(stamp), FEED),
    )
    return _typed(derived.with_columns(spread_percent=100 * pl.col("spread") / pl.col("mid")), _CHAIN)


def option_trade_events(trades: Collection[Trade], stamp: Stamp) -> pl.DataFrame:
    """Return the trade group of option contracts, by ``contract_symbol``; a size of 0 is none.

    ``last_conditions`` is null where the vendor's are letters, as Tradier's: the column holds numbers.
    """
    rows = pl.DataFrame(
        {
            "contract_symbol": stamp.symbols(trades),
            "last": [trade.price for trade in trades],
            "last_size": [trade.size for trade in trades],
            "last_exchange": _venues([trade.exchange for trade in trades]),
            "last_conditions": lists([trade.conditions for trade in trades], _numbers),
            "t": [trade.t for trade in trades],
            "sequence": [trade.sequence for trade in trades],
        },
        schema_overrides={
            "contract_symbol": pl.String,
            **dict.fromkeys(("last", "last_size"), pl.Float64),
            "last_exchange": pl.String,
            **_WHOLE,
        },
        strict=False,
    )
    sized = rows.filter(pl.col("last") > 0).with_columns(last_size=_positive("last_size"))
    return _typed(_stamped(sized, "last_ts", stamp).with_columns(trade_source=pl.lit(stamp.vendor, PROVIDER)), _CHAIN)


def option_day_events(minutes: Collection[Minute], stamp: Stamp) -> pl.DataFrame:
    """Return what minutes tell of the day of option contracts: ``close``, ``volume`` and ``vwap``, by session.

    ``day_ts`` is the end of the minute. Of a minute that is told again, because of late trades, the volume is the
    higher one: it is the ``sequence``.
    """
    rows = pl.DataFrame(
        {
            "contract_symbol": stamp.symbols(minutes),
            "close": [minute.close for minute in minutes],
            "volume": [minute.day_volume for minute in minutes],
            "vwap": [minute.day_vwap for minute in minutes],
            "t": [minute.end for minute in minutes],
        },
        schema_overrides={
            "contract_symbol": pl.String,
            **dict.fromkeys(("close", "volume", "vwap"), pl.Float64),
            "t": pl.Int64,
        },
        strict=False,
    )
    numbered = rows.filter(pl.col("close") > 0).with_columns(sequence=pl.col("volume").cast(pl.Int64, strict=False))
    stamped = _stamped(numbered, "day_ts", stamp).with_columns(
        day_session=pl.col("day_ts").dt.convert_time_zone(NEW_YORK.key).dt.date(),
        day_source=pl.lit(stamp.vendor, PROVIDER),
    )
    return _typed(stamped, _CHAIN)


def equity_quote_events(quotes: Collection[Quote], stamp: Stamp, *, size_unit: str) -> pl.DataFrame:
    """Return bid and offer of stocks and funds, by ``symbol``; sizes are in ``size_unit``, and 0 is none."""
    told = _quotes(quotes, stamp, key="symbol").drop("bid_exchange", "ask_exchange")
    rows = told.with_columns(_positive(name) for name in ("bid", "ask", "bid_size", "ask_size"))
    return _typed(rows.with_columns(size_unit=pl.lit(size_unit)), _EQUITIES)


def equity_trade_events(trades: Collection[Trade], stamp: Stamp) -> pl.DataFrame:
    """Return price, size and time of the last trade of stocks and funds, by ``symbol``; a size of 0 is none."""
    rows = pl.DataFrame(
        {
            "symbol": stamp.symbols(trades),
            "price": [trade.price for trade in trades],
            "last_size": [trade.size for trade in trades],
            "t": [trade.t for trade in trades],
            "sequence": [trade.sequence for trade in trades],
        },
        schema_overrides={"symbol": pl.String, "price": pl.Float64, "last_size": pl.Float64, **_WHOLE},
        strict=False,
    )
    sized = rows.filter(pl.col("price") > 0).with_columns(last_size=_positive("last_size"))
    return _typed(_stamped(sized, "last_ts", stamp), _EQUITIES)


def index_value_events(values: Collection[Value], stamp: Stamp) -> pl.DataFrame:
    """Return value and time of indices, by ``symbol``."""
    rows = pl.DataFrame(
        {
            "symbol": stamp.symbols(values),
            "value": [value.value for value in values],
            "t": [value.t for value in values],
        },
        schema_overrides={"symbol": pl.String, "value": pl.Float64, "t": pl.Int64},
        strict=False,
    )
    known = rows.filter(pl.col("value") > 0).with_columns(sequence=pl.lit(0, pl.Int64))
    return _typed(_stamped(known, "value_ts", stamp), _INDICES)


def _quotes(quotes: Collection[Quote], stamp: Stamp, *, key: str) -> pl.DataFrame:
    rows = pl.DataFrame(
        {
            key: stamp.symbols(quotes),
            **(_columns(quotes) if isinstance(quotes, QuoteValues) else _listed(quotes)),
        },
        schema_overrides={
            **dict.fromkeys((key, "bid_exchange", "ask_exchange"), pl.String),
            **dict.fromkeys(("bid", "ask", "bid_size", "ask_size"), pl.Float64),
            **_WHOLE,
        },
        strict=False,
    )
    return _stamped(rows, "quote_ts", stamp)


def _listed(quotes: Collection[Quote]) -> dict[str, Any]:
    return {
        "bid": [quote.bid for quote in quotes],
        "bid_size": [quote.bid_size for quote in quotes],
        "bid_exchange": _venues([quote.bid_exchange for quote in quotes]),
        "ask": [quote.ask for quote in quotes],
        "ask_size": [quote.ask_size for quote in quotes],
        "ask_exchange": _venues([quote.ask_exchange for quote in quotes]),
        "t": [quote.t for quote in quotes],
        "sequence": [quote.sequence for quote in quotes],
    }


def _columns(quotes: QuoteValues) -> dict[str, Any]:
    """Return the same of quotes that are columns already."""
    return {
        "bid": _numbers_of(quotes, BID),
        "bid_size": _numbers_of(quotes, BID_SIZE),
        "bid_exchange": _venues(quotes.venues(BID_EXCHANGE)),
        "ask": _numbers_of(quotes, ASK),
        "ask_size": _numbers_of(quotes, ASK_SIZE),
        "ask_exchange": _venues(quotes.venues(ASK_EXCHANGE)),
        "t": quotes.wholes(T),
        "sequence": quotes.wholes(SEQUENCE),
    }


def _numbers_of(quotes: QuoteValues, column: int) -> pl.Series:
    return pl.Series(quotes.floats(column), nan_to_null=True)


def _venues(given: Iterable[int | str | None]) -> list[str | None]:
    """Return OPRA letters: Massive counts its participants, Tradier names them."""
    return list(map(_LETTERS.__getitem__, given))


def lists(
    conditions: Sequence[tuple[int | str, ...] | None],
    numbers: Callable[[tuple[int | str, ...] | None], list[int] | None],
) -> pl.Series:
    """Return sale conditions as a column of lists of numbers.

    Few of them differ, and a list costs more to make than all the rest of a trade: each is made once.
    """
    places: dict[tuple[int | str, ...] | None, int] = {}
    rows = [places.setdefault(each, len(places)) for each in conditions]
    return pl.Series([numbers(each) for each in places], dtype=pl.List(pl.Int64)).gather(rows)


class _Letters(dict[int | str | None, str | None]):
    """What a venue is called, by what it is told as; worked out once for each."""

    def __missing__(self, told: int | str | None) -> str | None:
        self[told] = VENUES.get(told, str(told)) if isinstance(told, int) and told else (str(told) if told else None)
        return self[told]


_LETTERS: Final = _Letters()


def _numbers(conditions: tuple[int | str, ...] | None) -> list[int] | None:
    numbers = [each for each in conditions or () if isinstance(each, int)]
    return numbers if numbers and len(numbers) == len(conditions or ()) else None


def _positive(name: str) -> pl.Expr:
    return pl.when(pl.col(name) > 0).then(name).alias(name)


def _stamped(rows: pl.DataFrame, name: str, stamp: Stamp) -> pl.DataFrame:
    # 0 is no time.
    at = pl.when(pl.col("t") > 0).then("t")
    return rows.with_columns(
        pl.from_epoch(at, time_unit="ms").dt.replace_time_zone("UTC").cast(MOMENT).alias(name),
        pl.col("sequence").fill_null(0),
        source=pl.lit(stamp.vendor, SOURCE),
        received_ts=pl.lit(stamp.received_ts, MOMENT),
        feed=pl.lit(stamp.feed, FEED),
    ).drop("t")


def _of_group(stamp: Stamp) -> str:
    """Return the freshness of a group by plan, which a simulated market has too."""
    return "realtime" if stamp.feed == "simulated" else stamp.feed


def _typed(rows: pl.DataFrame, dtypes: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return rows whose canonical columns have their canonical dtypes; a number that does not fit is null."""
    return rows.cast({name: dtypes[name] for name in rows.columns if name in dtypes}, strict=False)
