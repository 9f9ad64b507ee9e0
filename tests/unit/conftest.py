"""A vendor in memory: scripted answers in the place of the transport, so that all above it is the real thing."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import httpx
import msgspec
import pytest
from httpx_aiohttp import AiohttpTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

PAGE: Final = 250
# A Wednesday, 12:00 in New York; the same in nanoseconds.
NOON: Final = "2026-11-18T17:00:00+00:00"
QUOTED_NS: Final = 1_795_021_200_000_000_000

Row = dict[str, Any]
Answering = Callable[[httpx.Request], httpx.Response]


class _Body(httpx.AsyncByteStream):
    # httpx reads a plain `content` at once, after which its raw bytes, which `Http` reads, are gone.
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


# Where a chain of a stock asks for dividends and the splits since them, beside what is its own.
DIVIDENDS: Final = ("/v3/reference/dividends", "/beta/markets/fundamentals/dividends")
SPLITS: Final = ("/v3/reference/splits", "/beta/markets/fundamentals/corporate_actions")


class Vendor:
    """Answers by path prefix; the longest prefix counts. Keeps every request.

    ``clock`` is what a simulator says it is, in every answer; None is a vendor without one. A test that says nothing of
    dividends or splits is not about them: there are none, and who asks is not counted among the requests.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.clock: str | None = None
        self._answers: dict[str, Answering] = {}

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """Stand in for `AiohttpTransport.handle_async_request`."""
        if self._is_beside_the_point(request):
            answer = self.answer(_none_of_them(request))
        else:
            self.requests.append(request)
            answer = self._answered(request)
        if self.clock is not None:
            answer.headers["X-Quantdata-Simulated"] = self.clock
        return answer

    def _is_beside_the_point(self, request: httpx.Request) -> bool:
        return request.url.path.endswith(DIVIDENDS + SPLITS) and self._prefix(request) is None

    def _prefix(self, request: httpx.Request) -> str | None:
        path = request.url.path
        return max((prefix for prefix in self._answers if path.startswith(prefix)), key=len, default=None)

    def _answered(self, request: httpx.Request) -> httpx.Response:
        prefix = self._prefix(request)
        if prefix is None:
            return self.answer({"status": "NOT_FOUND", "message": f"nothing at {request.url.path}"}, status=404)
        return self._answers[prefix](request)

    @staticmethod
    def answer(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Return an answer of JSON, or of bytes as they are."""
        body = content if isinstance(content, bytes) else msgspec.json.encode(content)
        return httpx.Response(status, headers=headers, stream=_Body(body))

    def on(self, prefix: str, answering: Answering | object, *, status: int = 200) -> None:
        """Answer all paths under a prefix: with one content, or by a function of the request."""
        if callable(answering):
            self._answers[prefix] = answering
        else:
            self._answers[prefix] = lambda _: self.answer(answering, status=status)

    def answering(self, prefix: str) -> Answering:
        """Return how paths under a prefix are answered, to build on."""
        return self._answers[prefix]

    def rows(self, prefix: str, rows: Sequence[Row]) -> None:
        """Answer all paths under a prefix with one good page."""
        self.on(prefix, {"status": "OK", "request_id": "6f", "results": list(rows)})

    def fails(self, prefix: str, *, status: int = 503) -> None:
        """Answer all paths under a prefix with a failure."""
        self.on(prefix, b"", status=status)

    def paths(self, containing: str = "") -> list[str]:
        """Return the paths asked so far."""
        return [request.url.path for request in self.requests if containing in request.url.path]

    def contracts(self, days: Sequence[date]) -> None:
        """Answer the list of contracts as the vendor does: those of the underlying, in the days that were asked."""

        def answer(request: httpx.Request) -> httpx.Response:
            params = request.url.params
            low, high = params.get("expiration_date.gte", ""), params.get("expiration_date.lte", "9")
            inside = [day for day in days if low <= day.isoformat() <= high]
            return self.answer({"status": "OK", "results": listed(inside, params["underlying_ticker"])})

        self.on("/v3/reference/options/contracts", answer)

    def chain(
        self,
        underlying: str,
        rows: Sequence[Row],
        *,
        status: str = "OK",
        page_rows: int = PAGE,
        losing: str | None = None,
    ) -> None:
        """Answer a chain as the vendor does: filtered, sorted by strike, by pages with cursors.

        ``losing`` is what a broken vendor forgets: ``sort`` (rows come as they are given) or ``order`` (they rise).
        """
        self.on(
            f"/v3/snapshot/options/{underlying}",
            lambda request: self.answer(_chain_page(request, rows, status=status, page_rows=page_rows, losing=losing)),
        )


def _none_of_them(request: httpx.Request) -> object:
    """Return what each vendor says of a stock that pays nothing and has not split."""
    if request.url.path.endswith((DIVIDENDS[0], SPLITS[0])):
        return {"status": "OK", "request_id": "6f", "results": []}
    tables: Row = {"cash_dividends": None} if request.url.path.endswith(DIVIDENDS) else {"stock_splits": None}
    symbol = request.url.params["symbols"]
    return [{"request": symbol, "type": "Symbol", "results": [{"type": "Stock", "id": "0P1", "tables": tables}]}]


def _chain_page(request: httpx.Request, rows: Sequence[Row], *, status: str, page_rows: int, losing: str | None) -> Row:
    asked = dict(request.url.params)
    start = 0
    if "cursor" in asked:
        kept = httpx.QueryParams(base64.urlsafe_b64decode(asked["cursor"]).decode())
        start = int(kept["start"])
        asked = {name: value for name, value in kept.items() if name != "start"}
    passing = [row for row in rows if _passes(row["details"], asked)]
    if losing != "sort":
        is_falling = asked.get("order") == "desc" and losing != "order"
        passing.sort(key=lambda row: (row["details"]["strike_price"], row["details"]["ticker"]), reverse=is_falling)
    envelope: Row = {"results": passing[start : start + page_rows], "status": status, "request_id": "6f"}
    if len(passing) > start + page_rows:
        query = str(httpx.QueryParams({**asked, "start": str(start + page_rows)}))
        cursor = base64.urlsafe_b64encode(query.encode()).decode()
        envelope["next_url"] = f"https://api.polygon.io{request.url.path}?cursor={cursor}"
    return envelope


def _passes(details: Row, asked: Mapping[str, str]) -> bool:
    def holds(field: str, operator: str, bound: str) -> bool:
        value = details[field]
        limit = float(bound) if field == "strike_price" else bound
        return bool({"": value == limit, "gte": value >= limit, "lte": value <= limit, "lt": value < limit}[operator])

    fields = ("strike_price", "expiration_date", "contract_type")
    tests = [(name.partition("."), bound) for name, bound in asked.items()]
    return all(holds(field, operator, bound) for (field, _, operator), bound in tests if field in fields)


def contract_row(
    strike: float,
    option_type: str = "call",
    *,
    root: str = "SPY",
    expiration: str = "2026-12-18",
    lacking: Sequence[str] = (),
) -> Row:
    """Return one contract as the vendor sends it, without the blocks in ``lacking``."""
    day = expiration.replace("-", "")[2:]
    row: Row = {
        "details": {
            "contract_type": option_type,
            "exercise_style": "american",
            "expiration_date": expiration,
            "shares_per_contract": 100,
            "strike_price": strike,
            "ticker": f"O:{root}{day}{option_type[0].upper()}{round(strike * 1000):08d}",
        },
        "day": {"close": 9.0, "previous_close": 8.5, "volume": 120, "last_updated": QUOTED_NS},
        "greeks": {"delta": 0.4 if option_type == "call" else -0.6, "gamma": 0.01, "theta": -0.1, "vega": 0.5},
        "implied_volatility": 0.2,
        "last_quote": {
            "ask": 9.2,
            "ask_size": 10,
            "bid": 9.0,
            "bid_size": 12,
            "last_updated": QUOTED_NS,
            "timeframe": "REAL-TIME",
        },
        "last_trade": {"price": 9.1, "size": 1, "sip_timestamp": QUOTED_NS, "timeframe": "REAL-TIME"},
        "open_interest": 500,
        "underlying_asset": {"price": 600.0, "last_updated": QUOTED_NS, "timeframe": "REAL-TIME"},
    }
    return {name: value for name, value in row.items() if name not in lacking}


def listed(days: Sequence[date], underlying: str = "SPY") -> list[Row]:
    """Return one row of the contract list for each expiration, each another contract."""
    return [
        {
            "ticker": f"O:{underlying}{day:%y%m%d}C{number:08d}",
            "underlying_ticker": underlying,
            "expiration_date": day.isoformat(),
        }
        for number, day in enumerate(days)
    ]


def stock_row(ticker: str, price: float = 600.0) -> Row:
    """Return one stock snapshot as the vendor sends it."""
    return {
        "ticker": ticker,
        "day": {"o": 590.0, "h": 605.0, "l": 589.0, "c": price, "v": 1e6, "vw": 598.0},
        "prevDay": {"c": 595.0},
        "min": {"c": price, "t": QUOTED_NS // 1_000_000},
        "lastTrade": {"p": price, "s": 100, "t": QUOTED_NS},
        "lastQuote": {"p": price - 0.01, "s": 200, "P": price + 0.01, "S": 300, "t": QUOTED_NS},
        "todaysChange": price - 595.0,
        "todaysChangePerc": 0.84,
        "updated": QUOTED_NS,
    }


def index_row(ticker: str, value: float = 6000.0) -> Row:
    """Return one index snapshot as the vendor sends it."""
    return {
        "ticker": f"I:{ticker}",
        "name": ticker,
        "market_status": "open",
        "value": value,
        "last_updated": QUOTED_NS,
        "timeframe": "REAL-TIME",
        "session": {"open": value, "high": value, "low": value, "close": value, "previous_close": value - 10.0},
    }


def bar_rows(first: date, count: int, *, price: float = 100.0) -> list[Row]:
    """Return daily bars as the vendor sends them, from midnight in New York (EST), one a day."""
    days = [first + timedelta(days=number) for number in range(count)]
    return [
        {
            "t": ((day - date(1970, 1, 1)).days * 24 + 5) * 3_600_000,
            "o": price,
            "h": price + 1,
            "l": price - 1,
            "c": price,
            "v": 1000,
            "vw": price,
            "n": 10,
        }
        for day in days
    ]


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """Put a scripted vendor in the place of the network, for every client made in the test."""
    scripted = Vendor()
    monkeypatch.setattr(AiohttpTransport, "handle_async_request", scripted.handle)
    return scripted


@pytest.fixture
def market(vendor: Vendor) -> Vendor:
    """Return the vendor with a clock of its own, so that no test depends on the day it runs: see `NOON`."""
    vendor.clock = NOON
    return vendor
