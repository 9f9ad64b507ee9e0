from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from quantdata.sim.massive import routes
from quantdata.sim.massive.answers import assemble
from quantdata.sim.massive.catalog import Catalog
from quantdata.sim.massive.paging import unpack
from quantdata.sim.massive.request import Request
from quantdata.sim.plans import plan_named
from quantdata.sim.tape import OptionTape
from quantdata.sim.views import (
    Bars,
    ChainView,
    Dividend,
    EquityView,
    IndexView,
    Listing,
    Quotes,
    Split,
    SurfaceView,
    Trades,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MIDNIGHT = 1_794_978_000_000_000_000  # 2026-11-18 00:00 New York
NOON = MIDNIGHT + 12 * 3_600 * 10**9
MINUTE = 60 * 10**9
DAY = 24 * 60 * MINUTE
NAN = float("nan")


def ints(*values: int) -> Any:
    return np.array(values, dtype=np.int64)


def floats(*values: float) -> Any:
    return np.array(values, dtype=np.float64)


# Nobody trades the first put, nobody bids for the second, nothing at all is quoted for the adjusted call.
SPY_LISTING = Listing(
    underlying="SPY",
    symbol=np.array(
        [
            "SPY261218C00600000",
            "SPY261218P00600000",
            "SPY261218C00602500",
            "SPY261218P00602500",
            "SPY270115C00600000",
            "SPY1261218C00400000",
        ],
    ),
    root=np.array(["SPY", "SPY", "SPY", "SPY", "SPY", "SPY1"]),
    expiration=np.array(["2026-12-18"] * 4 + ["2027-01-15", "2026-12-18"], dtype="datetime64[D]"),
    strike=floats(600, 600, 602.5, 602.5, 600, 400),
    is_call=np.array([True, False, True, False, True, True]),
    is_european=np.zeros(6, dtype=np.bool_),
    is_am_settled=np.zeros(6, dtype=np.bool_),
    multiplier=ints(100, 100, 100, 100, 100, 150),
    is_adjusted=np.array([False, False, False, False, False, True]),
)
SPY_CHAIN = ChainView(
    listing=SPY_LISTING,
    at=datetime(2026, 11, 18, 17, tzinfo=UTC),
    underlying_price=601.25,
    underlying_ts=NOON - 5,
    bid=floats(12.0, 9.1, 10.55, 0.0, 18.4, 0.0),
    ask=floats(12.1, 9.2, 10.65, 0.05, 18.6, 0.0),
    bid_size=ints(10, 20, 30, 0, 50, 0),
    ask_size=ints(11, 21, 31, 41, 51, 0),
    bid_exchange=ints(302, 303, 304, 0, 316, 0),
    ask_exchange=ints(312, 313, 315, 316, 322, 0),
    quote_ts=ints(NOON - 1, NOON - 2, NOON - 3, NOON - 4, NOON - 5, 0),
    implied_volatility=floats(0.1625, 0.16, 0.155, NAN, 0.17, NAN),
    delta=floats(0.5311111111111111, -0.47, 0.49, NAN, 0.55, NAN),
    gamma=floats(0.013, 0.013, 0.014, NAN, 0.009, NAN),
    theta=floats(-0.21, -0.2, -0.2, NAN, -0.15, NAN),
    vega=floats(0.65, 0.65, 0.64, NAN, 0.9, NAN),
    open_interest=ints(1_000, 2_000, 0, 5, 10, 1),
    day_ts=ints(MIDNIGHT, 0, MIDNIGHT - DAY, MIDNIGHT, MIDNIGHT, 0),
    open=floats(11.0, NAN, 10.0, 0.1, 18.0, NAN),
    high=floats(12.5, NAN, 11.0, 0.1, 19.0, NAN),
    low=floats(10.9, NAN, 9.5, 0.05, 17.5, NAN),
    close=floats(12.05, NAN, 10.6, 0.05, 18.5, NAN),
    prev_close=floats(11.5, NAN, 10.1, 0.1, 0.0, NAN),
    volume=ints(1_234, 0, 7, 3, 1, 0),
    vwap=floats(11.87654, NAN, 10.3, 0.07, 18.5, NAN),
    last=floats(12.05, NAN, 10.6, 0.05, 18.5, NAN),
    last_size=ints(2, 0, 1, 1, 3, 0),
    last_exchange=ints(309, 0, 301, 302, 303, 0),
    last_condition=ints(209, 0, 232, 227, 219, 0),
    last_ts=ints(NOON - 60, 0, NOON - DAY, NOON - 70, NOON - 80, 0),
)


def _columns_of(view: Any, keep: slice, **changes: Any) -> Any:
    cut = {name: getattr(view, name)[keep] for name in view.__slots__ if isinstance(getattr(view, name), np.ndarray)}
    return replace(view, **(cut | changes))


SPX_LISTING = _columns_of(
    SPY_LISTING,
    slice(2),
    underlying="SPX",
    symbol=np.array(["SPX261218C06000000", "SPXW261218C06000000"]),
    root=np.array(["SPX", "SPXW"]),
    strike=floats(6000, 6000),
    is_call=np.array([True, True]),
    is_european=np.array([True, True]),
    is_am_settled=np.array([True, False]),
)
SPX_CHAIN = _columns_of(SPY_CHAIN, slice(2), listing=SPX_LISTING, underlying_price=6_012.5)


def bars_from(start: int, step: int, closes: list[float], volume: float = 100.0) -> Bars:
    close = floats(*closes)
    count = len(closes)
    return Bars(
        start=start + step * np.arange(count, dtype=np.int64),
        open=close - 0.5,
        high=close + 1.0,
        low=close - 1.0,
        close=close,
        volume=np.full(count, volume),
        vwap=close,
        trades=np.full(count, 3, dtype=np.int64),
    )


NO_BARS = bars_from(0, 1, [])


def _until(bars: Bars, at: datetime | None, step: int) -> Bars:
    if at is None:
        return bars
    shown = bars.start + step <= int(at.timestamp()) * 10**9
    return Bars(*(getattr(bars, name)[shown] for name in Bars.__slots__))


class TinyMarket:
    """Two funds, one index, eight contracts, and round numbers: what a payload should say is plain to see."""

    equities = ("AAPL", "SPY")
    indices = ("SPX",)
    underlyings = ("SPX", "SPY")

    def listing(self, underlying: str, day: date) -> Listing:
        del day
        return SPX_LISTING if underlying == "SPX" else SPY_LISTING

    def chain(self, underlying: str, at: datetime) -> ChainView:
        return replace(SPX_CHAIN if underlying == "SPX" else SPY_CHAIN, at=at)

    def surface(self, underlying: str, at: datetime) -> SurfaceView:
        view = self.chain(underlying, at)
        count = len(view.bid)
        return SurfaceView(
            listing=view.listing,
            at=at,
            rate=0.04,
            dividend_yield=0.01,
            spot=np.full(count, view.underlying_price),
            years=np.full(count, 30 / 365),
            # The last contract is new: nobody has a volatility for it.
            volatility=np.append(np.full(count - 1, 0.1623), NAN),
            bid=view.bid,
            ask=view.ask,
        )

    def equity(self, symbol: str, at: datetime) -> EquityView:
        rises = symbol == "SPY"
        return EquityView(
            symbol=symbol,
            at=at,
            price=601.25 if rises else 250.0,
            bid=601.24,
            ask=601.26,
            bid_size=300,
            ask_size=500,
            quote_ts=NOON - 1,
            last_size=40,
            last_exchange=12,
            last_condition=37 if rises else 0,
            last_ts=NOON - 2,
            open=598.0,
            high=602.5,
            low=597.25,
            close=601.25,
            volume=1_000_000.0,
            vwap=600.12345,
            prev_open=595.0,
            prev_high=600.0,
            prev_low=594.0,
            prev_close=600.0 if rises else 260.0,
            prev_volume=2_000_000.0,
            prev_vwap=597.5,
            minute=bars_from(NOON - MINUTE, MINUTE, [601.25]),
        )

    def index(self, ticker: str, at: datetime) -> IndexView:
        return IndexView(
            ticker=ticker,
            name="S&P 500",
            at=at,
            value=6_012.5,
            value_ts=NOON - 3,
            open=5_980.0,
            high=6_020.0,
            low=5_975.25,
            close=6_012.25,
            prev_close=6_000.0,
        )

    def minute_bars(self, symbol: str, day: date, at: datetime | None = None) -> Bars:
        del symbol
        if day.weekday() > 4:
            return NO_BARS
        opening = int(datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC).timestamp()) * 10**9
        return _until(bars_from(opening, MINUTE, [100.0 + minute for minute in range(150)]), at, MINUTE)

    def daily_bars(self, symbol: str, start: date, end: date, at: datetime | None = None) -> Bars:
        del symbol, at
        days = [date.fromordinal(each) for each in range(start.toordinal(), end.toordinal() + 1)]
        parts = [
            bars_from(MIDNIGHT + (day - date(2026, 11, 18)).days * DAY, DAY, [float(day.day)])
            for day in days
            if day.weekday() < 5
        ]
        if not parts:
            return NO_BARS
        return Bars(*(np.concatenate([getattr(part, name) for part in parts]) for name in Bars.__slots__))

    def trades(self, symbol: str, start_ns: int, end_ns: int) -> Trades:
        del symbol
        # Ten on each of three days, two of them in the same nanosecond.
        stamps = [NOON - day * DAY - 1_000 * max(tick, 1) for day in (2, 1, 0) for tick in range(9, -1, -1)]
        ts = ints(*stamps)
        shown = (ts >= start_ns) & (ts < end_ns)
        number = np.arange(len(ts), dtype=np.int64)
        return Trades(
            ts=ts[shown],
            price=(100.0 + number)[shown],
            size=(number + 1)[shown],
            exchange=np.full(len(ts), 302, dtype=np.int64)[shown],
            condition=np.full(len(ts), 209, dtype=np.int64)[shown],
            sequence=(number + 500)[shown],
        )

    def quotes(self, symbol: str, start_ns: int, end_ns: int) -> Quotes:
        tape = self.trades(symbol, start_ns, end_ns)
        return Quotes(
            ts=tape.ts,
            bid=tape.price - 0.05,
            ask=tape.price + 0.05,
            bid_size=tape.size,
            ask_size=tape.size + 1,
            bid_exchange=tape.exchange,
            ask_exchange=tape.exchange,
            sequence=tape.sequence,
        )

    def option_quotes(self, underlying: str, rows: Any, start_ns: int, end_ns: int) -> tuple[Any, Quotes]:
        view = self.chain(underlying, datetime(2026, 11, 18, 17, tzinfo=UTC))
        kept = np.flatnonzero((view.quote_ts[rows] > start_ns) & (view.quote_ts[rows] <= end_ns))
        kept = kept[np.argsort(view.quote_ts[rows][kept], kind="stable")]
        names = ("bid", "ask", "bid_size", "ask_size", "bid_exchange", "ask_exchange")
        columns = {name: getattr(view, name)[rows][kept] for name in names}
        return rows[kept], Quotes(ts=view.quote_ts[rows][kept], **columns, sequence=kept + 1)

    def option_prices(self, underlying: str, rows: Any, at: datetime, instants_ns: Any) -> tuple[Any, Any]:
        del instants_ns
        view = self.chain(underlying, at)
        return view.bid[rows], view.ask[rows]

    def option_tape(self, underlying: str, at: datetime) -> OptionTape:
        del at
        first = ints(0, *([2] * len(self.listing(underlying, date(2026, 11, 18)).symbol)))
        row, session = ints(0, 0), ints(1, 1)
        ts, volume, prints = ints(NOON - MINUTE, NOON), ints(30, 3), ints(2, 1)
        return OptionTape(row, session, ts, floats(12.0, 12.05), volume, prints, ints(302, 309), ints(219, 209), first)

    def splits(self, symbol: str) -> list[Split]:
        return [Split("AAPL", date(2026, 11, 17), 1, 4)] if symbol == "AAPL" else []

    def dividends(self, symbol: str) -> list[Dividend]:
        return [
            Dividend(
                symbol=symbol,
                ex_date=date(2026, month, 10),
                declaration_date=date(2026, month, 1),
                record_date=date(2026, month, 10),
                pay_date=date(2026, month, 20),
                cash_amount=0.26,
                frequency=4,
            )
            for month in (2, 5, 8, 11)
        ]


@pytest.fixture(scope="session")
def market() -> TinyMarket:
    return TinyMarket()


@pytest.fixture
def ask(market: TinyMarket) -> Callable[..., dict[str, Any]]:
    """Return a function that answers a path with the parsed body, without any server."""
    catalog = Catalog(market)

    def answer(path: str, plan: str = "advanced", now: datetime | None = None, **query: object) -> Any:
        path, _, tail = path.partition("?")
        sent = dict(each.split("=", 1) for each in tail.split("&") if each)
        sent |= {key.replace("__", "."): str(value) for key, value in query.items()}
        request = Request(
            path=path,
            query=unpack(sent),
            plan=plan_named(plan),
            now=now or datetime(2026, 11, 18, 17, tzinfo=UTC),
            catalog=catalog,
            base_url="http://sim",
        )
        found = routes.answer(request)
        link = None if found.next_path is None else f"http://sim{found.next_path}"
        return msgspec.json.decode(assemble(found, request_id="0" * 32, next_url=link))

    return answer
