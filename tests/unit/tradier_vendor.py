"""Tradier in memory: the scripted vendor of `tests.unit.conftest`, answering in Tradier's shapes.

Production and sandbox answer alike; which of them was asked shows in the path.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Final, TypeVar

import httpx

from quantdata.clients import AsyncTradier
from quantdata.sessions import NEW_YORK
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tests.unit.conftest import Answering, Row, Vendor

T = TypeVar("T")

# One try, and one more without a wait for an answer that cannot be read.
AT_ONCE: Final = RetryPolicy(tries=1, first_delay_s=0.0)
PRODUCTION: Final = "http://127.0.0.1:1/v1"
SANDBOX: Final = "http://127.0.0.1:1/sandbox/v1"
# The Wednesday of `conftest.NOON`: its day, and 12:00 in New York.
TODAY: Final = date(2026, 11, 18)
NOON: Final = datetime(2026, 11, 18, 17, tzinfo=UTC)
NOON_MS: Final = 1_795_021_200_000
# Regular hours, with the minute of the closing auction.
OPEN_FROM: Final = time(9, 30)
OPEN_UNTIL: Final = time(16, 1)
# Each client has a token of its own, so that none waits for another's minute.
_numbers = count()


def ask(asking: Callable[[AsyncTradier], Awaitable[T]], *, base_url: str = PRODUCTION) -> T:
    """Return what a client of its own is answered."""

    async def answered() -> T:
        client = AsyncTradier(f"k3y-{next(_numbers)}", base_url=base_url, policy=AT_ONCE)
        try:
            return await asking(client)
        finally:
            await client.close()

    return asyncio.run(answered())


def collection(plural: str, singular: str, items: Sequence[Any]) -> Row:
    """Return items as the vendor sends them: one alone as it is, several as a list, none as null."""
    if not items:
        return {plural: None}
    return {plural: {singular: items[0] if len(items) == 1 else list(items)}}


class Tradier:
    """What the scripted vendor answers, endpoint by endpoint."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor

    def on(self, path: str, answering: Answering | object, *, status: int = 200) -> None:
        """Answer a path, below the version, of both hosts."""
        for root in ("", "/sandbox"):
            self.vendor.on(f"{root}{path}", answering, status=status)

    def asked(self, path: str) -> list[dict[str, str]]:
        """Return the parameters of each request for a path so far."""
        return [parameters(request) for request in self.vendor.requests if request.url.path.endswith(path)]

    def unless(self, path: str, is_bad: Callable[[Mapping[str, str]], bool], answer: Answering) -> None:
        """Let some requests for a path be answered otherwise."""
        good = self.vendor.answering(path)
        self.on(path, lambda request: answer(request) if is_bad(parameters(request)) else good(request))

    def fails(self, path: str, is_bad: Callable[[Mapping[str, str]], bool] = lambda _: True) -> None:
        """Let some requests for a path fail."""
        self.unless(path, is_bad, lambda _: self.vendor.answer(b"", status=503))

    def quotes(self, *rows: Row) -> None:
        """Answer quotes as the vendor does: what is asked, and the names of what is unknown."""

        def answer(request: httpx.Request) -> httpx.Response:
            asked = parameters(request)["symbols"].split(",")
            found = [row for row in rows if row["symbol"] in asked]
            unknown = [symbol for symbol in asked if symbol not in {row["symbol"] for row in rows}]
            body = collection("quotes", "quote", found)
            if unknown:
                body["quotes"] = {**(body["quotes"] or {}), **collection("unmatched_symbols", "symbol", unknown)}
            return self.vendor.answer(body)

        self.on(QUOTES, answer)

    def expirations(
        self, days: Sequence[date], *, of: str = "SPY", roots: Mapping[str, Sequence[date]] | None = None
    ) -> None:
        """Answer the list of expirations of an underlying, and of other roots by name."""
        listed = {of: days, **(roots or {})}

        def answer(request: httpx.Request) -> httpx.Response:
            found = listed.get(request.url.params["symbol"], ())
            return self.vendor.answer(collection("expirations", "date", [str(day) for day in found]))

        self.on(EXPIRATIONS, answer)

    def chains(self, rows: Sequence[Row]) -> None:
        """Answer chains as the vendor does: all contracts of one day, by underlying or by root."""

        def answer(request: httpx.Request) -> httpx.Response:
            asked = parameters(request)
            found = [
                row
                for row in rows
                if row["expiration_date"] == asked["expiration"]
                and asked["symbol"] in {row["underlying"], row["root_symbol"]}
            ]
            return self.vendor.answer(collection("options", "option", found))

        self.on(CHAINS, answer)

    def history(self, rows: Sequence[Row]) -> None:
        """Answer daily bars from the first day asked for to the last."""

        def answer(request: httpx.Request) -> httpx.Response:
            asked = parameters(request)
            found = [row for row in rows if asked["start"] <= row["date"] <= asked["end"]]
            return self.vendor.answer(collection("history", "day", found))

        self.on(HISTORY, answer)

    def timesales(self, rows: Sequence[Row]) -> None:
        """Answer bars or ticks from the first minute asked for to the last, both included."""

        def answer(request: httpx.Request) -> httpx.Response:
            asked = parameters(request)
            found = [row for row in rows if asked["start"] <= _minute(row) <= asked["end"]]
            if asked["session_filter"] == "open":
                found = [row for row in found if OPEN_FROM <= _new_york(row).time() < OPEN_UNTIL]
            return self.vendor.answer(collection("series", "data", found))

        self.on(TIMESALES, answer)

    def splits(self, *splits: tuple[str, float, float], of: str = "SPY") -> None:
        """Answer splits: day, old shares, new shares."""
        table = {day: {"ex_date": day, "split_from": before, "split_to": after} for day, before, after in splits}
        self.on(SPLITS, _about(of, {"stock_splits": table or None}))

    def dividends(self, *dividends: tuple[str, float], of: str = "SPY") -> None:
        """Answer cash dividends: day, amount."""
        table = [{"ex_date": day, "cash_amount": amount} for day, amount in dividends]
        self.on(DIVIDENDS, _about(of, {"cash_dividends": table or None}))

    def clock(self, state: str = "open", at: datetime = NOON) -> None:
        """Answer the market's state and time."""
        self.on(CLOCK, {"clock": {"state": state, "timestamp": int(at.timestamp()), "date": f"{at:%Y-%m-%d}"}})


QUOTES: Final = "/v1/markets/quotes"
EXPIRATIONS: Final = "/v1/markets/options/expirations"
CHAINS: Final = "/v1/markets/options/chains"
HISTORY: Final = "/v1/markets/history"
TIMESALES: Final = "/v1/markets/timesales"
CLOCK: Final = "/v1/markets/clock"
SPLITS: Final = "/beta/markets/fundamentals/corporate_actions"
DIVIDENDS: Final = "/beta/markets/fundamentals/dividends"


def parameters(request: httpx.Request) -> dict[str, str]:
    """Return what was asked, in the query or in a form."""
    if request.method == "POST":
        return dict(httpx.QueryParams(request.content.decode()))
    return dict(request.url.params)


def _about(symbol: str, tables: Row) -> list[Row]:
    return [{"request": symbol, "type": "Symbol", "results": [{"type": "Stock", "id": "0P1", "tables": tables}]}]


def _new_york(row: Row) -> datetime:
    return datetime.fromtimestamp(row["timestamp"], NEW_YORK)


def _minute(row: Row) -> str:
    return _new_york(row).strftime("%Y-%m-%d %H:%M")


def option_row(
    strike: float,
    option_type: str = "call",
    *,
    root: str = "SPY",
    underlying: str | None = None,
    expiration: date = date(2026, 12, 18),
    **others: Any,
) -> Row:
    """Return one contract as the vendor sends it."""
    row: Row = {
        "symbol": f"{root}{expiration:%y%m%d}{option_type[0].upper()}{round(strike * 1000):08d}",
        "description": "an option",
        "exch": "Z",
        "type": "option",
        "last": 9.1,
        "change": 0.6,
        "change_percentage": 7.06,
        "volume": 120,
        "open": 8.8,
        "high": 9.4,
        "low": 8.7,
        "close": None,
        "bid": 9.0,
        "ask": 9.2,
        "bidsize": 12,
        "bidexch": "C",
        "bid_date": NOON_MS - 1_000,
        "asksize": 10,
        "askexch": "N",
        "ask_date": NOON_MS - 2_000,
        "last_volume": 1,
        "trade_date": NOON_MS - 60_000,
        "prevclose": 8.5,
        "average_volume": 0,
        "underlying": underlying or root,
        "strike": strike,
        "open_interest": 500,
        "contract_size": 100,
        "expiration_date": str(expiration),
        "expiration_type": "standard",
        "option_type": option_type,
        "root_symbol": root,
        "greeks": {
            "delta": 0.4 if option_type == "call" else -0.6,
            "gamma": 0.01,
            "theta": -0.1,
            "vega": 0.5,
            "rho": 0.2,
            "phi": -0.2,
            "bid_iv": 0.19,
            "mid_iv": 0.2,
            "ask_iv": 0.21,
            "smv_vol": 0.2,
            "updated_at": "2026-11-18 16:59:00",
        },
    }
    return row | others


def stock_quote(symbol: str = "SPY", price: float = 600.0, *, kind: str = "etf", **others: Any) -> Row:
    """Return the quote of a stock, fund or index as the vendor sends it."""
    row: Row = {
        "symbol": symbol,
        "description": f"{symbol} itself",
        "exch": "P",
        "type": kind,
        "last": price,
        "change": price - 595.0,
        "change_percentage": 0.84,
        "volume": 1_000_000,
        "open": 590.0,
        "high": 605.0,
        "low": 589.0,
        "close": None,
        "bid": price - 0.01,
        "ask": price + 0.01,
        "bidsize": 2,
        "bidexch": "P",
        "bid_date": NOON_MS - 1_000,
        "asksize": 3,
        "askexch": "Q",
        "ask_date": NOON_MS - 2_000,
        "last_volume": 100,
        "trade_date": NOON_MS - 500,
        "prevclose": 595.0,
    }
    return row | others


def index_quote(symbol: str = "SPX", value: float = 6000.0, **others: Any) -> Row:
    """Return the quote of an index as the vendor sends it."""
    return stock_quote(symbol, value, kind="index", bid=0.0, ask=0.0, volume=0, **others)


def day_row(day: date, price: float = 100.0, **others: Any) -> Row:
    """Return one daily bar as the vendor sends it."""
    row = {"date": str(day), "open": price, "high": price + 1, "low": price - 1, "close": price, "volume": 1000}
    return row | others


def day_rows(first: date, days: int, *, price: float = 100.0) -> list[Row]:
    """Return daily bars of weekdays, from a first day on."""
    every = [first + timedelta(days=number) for number in range(days)]
    return [day_row(day, price) for day in every if day.weekday() < 5]


def series_row(at: datetime, price: float = 100.0, **others: Any) -> Row:
    """Return one bar of minutes as the vendor sends it."""
    row: Row = {
        "time": at.astimezone(NEW_YORK).strftime("%Y-%m-%dT%H:%M:%S"),
        "timestamp": int(at.timestamp()),
        "price": price,
        "open": price,
        "high": price + 1,
        "low": price - 1,
        "close": price,
        "volume": 1000,
        "vwap": price,
    }
    return row | others


def series_rows(first: datetime, bars: int, *, minutes: int = 1, price: float = 100.0) -> list[Row]:
    """Return bars of minutes, one after the other."""
    return [series_row(first + timedelta(minutes=minutes * number), price) for number in range(bars)]


def tick_row(at: datetime, price: float = 100.0, size: int = 100) -> Row:
    """Return one tick as the vendor sends it."""
    return {
        "time": at.astimezone(NEW_YORK).strftime("%Y-%m-%dT%H:%M:%S"),
        "timestamp": int(at.timestamp()),
        "price": price,
        "volume": size,
    }
