"""Stream events to canonical columns: what a quote, a trade, a tick or a minute changes in the row of its symbol.

One row an event, with the columns of `CHAIN`, `EQUITY_QUOTES` or `INDEX_QUOTES` that it tells and no others, as polls
would tell them; and ``sequence``, the vendor's order of events at one time. Events are those of a
`quantdata.wire.book.Book`: their times are exact to the millisecond, and null where the vendor sent none. What has no
price tells nothing, and has no row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quantdata.frames.columns import FEED, MOMENT, PROVIDER, SIZE_UNIT, SOURCE
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
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from quantdata.wire.events import Minute, Quote, Trade, Value

    Floats = NDArray[np.float64]
    Wholes = NDArray[np.int64]
    Mask = NDArray[np.bool_]

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

_NEVER: Final = np.datetime64("NaT", "ms")


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
        known = self.names.get
        spelled = events.quotes if isinstance(events, QuoteValues) else [event.symbol for event in events]
        return [known(symbol) or symbol.removeprefix("O:").removeprefix("I:") for symbol in spelled]


def option_quote_events(quotes: Collection[Quote], stamp: Stamp) -> pl.DataFrame:
    """Return the quote group of option contracts, by ``contract_symbol``.

    A price of 0 on the offer is the vendor's "no offer", and beside an offer a bid of 0 is data. Where there is neither
    all is null but the time and who told it: nobody quotes.
    """
    told = _told(quotes)
    bid, ask = told.bid, told.ask
    is_quoted, is_two_sided = (bid > 0) | (ask > 0), (bid > 0) & (ask > 0)
    # Letters of Tradier stand there without a price as well, and then they are nobody's.
    has_bid, has_ask = (bid > 0, ask > 0) if stamp.vendor == "tradier" else (is_quoted, is_quoted)
    # Rounded as in every chain: 2.71 - 2.69 is not quite 0.02.
    with np.errstate(over="ignore", invalid="ignore"):
        mid = _where(is_two_sided, np.round((bid + ask) / 2, 6))
        spread = _where(is_two_sided, np.round(ask - bid, 6))
        spread_percent = 100 * spread / mid
    return pl.DataFrame(
        [
            pl.Series("contract_symbol", stamp.symbols(quotes), pl.String),
            _number("bid", _where(is_quoted, bid)),
            _whole("bid_size", _where(is_quoted, told.bid_size)),
            _venues("bid_exchange", told.bid_exchange, has_bid),
            _number("ask", _where(ask > 0, ask)),
            _whole("ask_size", _where(is_quoted, told.ask_size)),
            _venues("ask_exchange", told.ask_exchange, has_ask),
            _number("mid", mid),
            _number("spread", spread),
            _number("spread_percent", spread_percent),
            _moment("quote_ts", told.t),
            _word("quote_source", stamp.vendor, PROVIDER, len(quotes)),
            _word("quote_feed", _of_group(stamp), FEED, len(quotes)),
            _sequence(told.sequence),
            *_given(stamp, len(quotes)),
        ]
    )


def option_trade_events(trades: Collection[Trade], stamp: Stamp) -> pl.DataFrame:
    """Return the trade group of option contracts, by ``contract_symbol``; a size of 0 is none.

    ``last_conditions`` is null where the vendor's are letters, as Tradier's: the column holds numbers.
    """
    priced = [trade for trade in trades if _is_price(trade.price)]
    return pl.DataFrame(
        [
            pl.Series("contract_symbol", stamp.symbols(priced), pl.String),
            _number("last", _floats([trade.price for trade in priced])),
            _whole("last_size", _positive(_floats([trade.size for trade in priced]))),
            _venues("last_exchange", [trade.exchange for trade in priced]),
            lists([trade.conditions for trade in priced], _numbers).rename("last_conditions"),
            _moment("last_ts", _wholes([trade.t for trade in priced])),
            _word("trade_source", stamp.vendor, PROVIDER, len(priced)),
            _sequence([trade.sequence for trade in priced]),
            *_given(stamp, len(priced)),
        ]
    )


def option_day_events(minutes: Collection[Minute], stamp: Stamp) -> pl.DataFrame:
    """Return what minutes tell of the day of option contracts: ``close``, ``volume`` and ``vwap``, by session.

    ``day_ts`` is the end of the minute. Of a minute that is told again, because of late trades, the volume is the
    higher one: it is the ``sequence``.
    """
    closed = [minute for minute in minutes if _is_price(minute.close)]
    volume = _whole("volume", _floats([minute.day_volume for minute in closed]))
    ends = _moment("day_ts", _wholes([minute.end for minute in closed]))
    return pl.DataFrame(
        [
            pl.Series("contract_symbol", stamp.symbols(closed), pl.String),
            _number("close", _floats([minute.close for minute in closed])),
            volume,
            _number("vwap", _floats([minute.day_vwap for minute in closed])),
            ends,
            ends.dt.convert_time_zone(NEW_YORK.key).dt.date().rename("day_session"),
            _word("day_source", stamp.vendor, PROVIDER, len(closed)),
            volume.fill_null(0).rename("sequence"),
            *_given(stamp, len(closed)),
        ]
    )


def equity_quote_events(quotes: Collection[Quote], stamp: Stamp, *, size_unit: str) -> pl.DataFrame:
    """Return bid and offer of stocks and funds, by ``symbol``; sizes are in ``size_unit``, and 0 is none."""
    told = _told(quotes)
    return pl.DataFrame(
        [
            pl.Series("symbol", stamp.symbols(quotes), pl.String),
            _number("bid", _positive(told.bid)),
            _number("ask", _positive(told.ask)),
            _number("bid_size", _positive(told.bid_size)),
            _number("ask_size", _positive(told.ask_size)),
            _moment("quote_ts", told.t),
            _word("size_unit", size_unit, SIZE_UNIT, len(quotes)),
            _sequence(told.sequence),
            *_given(stamp, len(quotes)),
        ]
    )


def equity_trade_events(trades: Collection[Trade], stamp: Stamp) -> pl.DataFrame:
    """Return price, size and time of the last trade of stocks and funds, by ``symbol``; a size of 0 is none."""
    priced = [trade for trade in trades if _is_price(trade.price)]
    return pl.DataFrame(
        [
            pl.Series("symbol", stamp.symbols(priced), pl.String),
            _number("price", _floats([trade.price for trade in priced])),
            _number("last_size", _positive(_floats([trade.size for trade in priced]))),
            _moment("last_ts", _wholes([trade.t for trade in priced])),
            _sequence([trade.sequence for trade in priced]),
            *_given(stamp, len(priced)),
        ]
    )


def index_value_events(values: Collection[Value], stamp: Stamp) -> pl.DataFrame:
    """Return value and time of indices, by ``symbol``."""
    known = [value for value in values if _is_price(value.value)]
    return pl.DataFrame(
        [
            pl.Series("symbol", stamp.symbols(known), pl.String),
            _number("value", _floats([value.value for value in known])),
            _moment("value_ts", _wholes([value.t for value in known])),
            _sequence([0] * len(known)),
            *_given(stamp, len(known)),
        ]
    )


class _Told(NamedTuple):
    """Quotes as columns: NaN, 0 and None where there was nothing."""

    bid: Floats
    bid_size: Floats
    bid_exchange: Sequence[int | str | None]
    ask: Floats
    ask_size: Floats
    ask_exchange: Sequence[int | str | None]
    t: Wholes
    sequence: Sequence[int] | Wholes


def _told(quotes: Collection[Quote]) -> _Told:
    if isinstance(quotes, QuoteValues):
        return _told_by_columns(quotes)
    return _Told(
        bid=_floats([quote.bid for quote in quotes]),
        bid_size=_floats([quote.bid_size for quote in quotes]),
        bid_exchange=[quote.bid_exchange for quote in quotes],
        ask=_floats([quote.ask for quote in quotes]),
        ask_size=_floats([quote.ask_size for quote in quotes]),
        ask_exchange=[quote.ask_exchange for quote in quotes],
        t=_wholes([quote.t for quote in quotes]),
        sequence=[quote.sequence for quote in quotes],
    )


def _told_by_columns(quotes: QuoteValues) -> _Told:
    return _Told(
        bid=quotes.floats(BID),
        bid_size=quotes.floats(BID_SIZE),
        bid_exchange=quotes.venues(BID_EXCHANGE),
        ask=quotes.floats(ASK),
        ask_size=quotes.floats(ASK_SIZE),
        ask_exchange=quotes.venues(ASK_EXCHANGE),
        t=quotes.wholes(T),
        sequence=quotes.wholes(SEQUENCE),
    )


def _is_price(price: float | None) -> bool:
    return price is not None and price > 0


# Columns are made one by one: to name a dozen of them to polars takes it longer than making them.


def _floats(given: Sequence[float | None]) -> Floats:
    return np.array(given, np.float64)


def _wholes(given: Sequence[int]) -> Wholes:
    return np.array(given, np.int64)


def _where(mask: Mask, values: Floats) -> Floats:
    return np.where(mask, values, np.nan)


def _positive(values: Floats) -> Floats:
    return _where(values > 0, values)


def _number(name: str, values: Floats) -> pl.Series:
    return pl.Series(name, values, pl.Float64, nan_to_null=True)


def _whole(name: str, values: Floats) -> pl.Series:
    """Return numbers as whole ones; what does not fit is null."""
    return _number(name, values).cast(pl.Int64, strict=False)


def _moment(name: str, ms: Wholes) -> pl.Series:
    """Return milliseconds since 1970 as moments; 0 is none."""
    return pl.Series(name, np.where(ms > 0, ms.astype("M8[ms]"), _NEVER).astype("M8[us]")).cast(MOMENT)


def _word(name: str, word: str, dtype: pl.Enum, count: int) -> pl.Series:
    return pl.Series(name, [word], dtype)[np.zeros(count, np.int64)]


def _sequence(given: Sequence[int] | Wholes) -> pl.Series:
    numbers = pl.Series("sequence", given, pl.Int64, strict=False)
    return numbers.fill_null(0) if numbers.has_nulls() else numbers


def _venues(name: str, given: Sequence[int | str | None], is_there: Mask | None = None) -> pl.Series:
    """Return OPRA letters: Massive counts its participants, Tradier names them."""
    letters = list(map(_LETTERS.__getitem__, given))
    if is_there is not None and not is_there.all():
        letters = [letter if known else None for letter, known in zip(letters, is_there.tolist(), strict=True)]
    return pl.Series(name, letters, pl.String)


def _given(stamp: Stamp, count: int) -> list[pl.Series]:
    """Return what is the same of all events of a look."""
    return [
        _word("source", stamp.vendor, SOURCE, count),
        pl.Series("received_ts", np.full(count, stamp.received_ts.replace(tzinfo=None), "M8[us]")).cast(MOMENT),
        _word("feed", stamp.feed, FEED, count),
    ]


def _of_group(stamp: Stamp) -> str:
    """Return the freshness of a group by plan, which a simulated market has too."""
    return "realtime" if stamp.feed == "simulated" else stamp.feed


def lists(
    conditions: Sequence[tuple[int | str, ...] | None],
    numbers: Callable[[tuple[int | str, ...] | None], list[int] | None],
) -> pl.Series:
    """Return sale conditions as a column of lists of numbers.

    Few of them differ, and a list costs more to make than all the rest of a trade: each is made once.
    """
    places: dict[tuple[int | str, ...] | None, int] = {}
    rows = [places.setdefault(each, len(places)) for each in conditions]
    return pl.Series([numbers(each) for each in places], dtype=pl.List(pl.Int64))[np.array(rows, np.int64)]


def _numbers(conditions: tuple[int | str, ...] | None) -> list[int] | None:
    numbers = [each for each in conditions or () if isinstance(each, int)]
    return numbers if numbers and len(numbers) == len(conditions or ()) else None


class _Letters(dict[int | str | None, str | None]):
    """What a venue is called, by what it is told as; worked out once for each."""

    def __missing__(self, told: int | str | None) -> str | None:
        self[told] = VENUES.get(told, str(told)) if isinstance(told, int) and told else (str(told) if told else None)
        return self[told]


_LETTERS: Final = _Letters()
