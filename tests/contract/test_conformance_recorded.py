"""Both clients, answering from recorded payloads, keep what the provider protocols promise.

Each class has a recording: a moment, what was recorded of it, and what of that can be asked. The answers are cut to
what a request asks for, as the vendor would, and are otherwise as they came. What was never recorded is skipped.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias
from urllib.parse import parse_qsl

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from quantdata import portal
from quantdata.clients import AsyncMassive, AsyncTradier
from quantdata.sessions import NEW_YORK
from quantdata.wire.retry import RetryPolicy
from tests.contract.conformance import (
    BarQuestions,
    ChainQuestions,
    ContractQuestions,
    Days,
    EntitlementQuestions,
    EquityQuoteQuestions,
    ExpirationsQuestions,
    Facts,
    IndexQuestions,
    StatusQuestions,
    TapeSpan,
    TradeQuestions,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from quantdata.clients import Provider

Row: TypeAlias = dict[str, Any]
Asked: TypeAlias = dict[str, str]

HERE: Final = "http://127.0.0.1:1"
ONE_TRY: Final = RetryPolicy(tries=1)


class Recorded:
    """Payloads of one vendor, as values."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, path: str) -> Any:
        """Return what is in a file."""
        return json.loads((self._folder / path).read_bytes())


if TYPE_CHECKING:
    # The status and the content of an answer, to a path and its parameters.
    Answering: TypeAlias = Callable[[Recorded, str, Asked], tuple[int, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A moment at a vendor's.

    Attributes
    ----------
    at
        The moment; each answer tells it, as a simulator's does, so that nothing depends on the day of the test.
    answer
        What the vendor answers then.
    facts
        What can be asked.
    """

    at: str
    answer: Answering
    facts: Facts


@pytest.fixture
def facts(request: pytest.FixtureRequest) -> Facts:
    """Return what the recording of a class holds."""
    recording: Recording = request.cls.recording
    return recording.facts


@pytest.fixture
def provider(request: pytest.FixtureRequest, fixtures_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """Return a client whose vendor is the recording of a class."""
    recording: Recording = request.cls.recording
    vendor = recording.facts.name
    recorded = Recorded(fixtures_dir / vendor)

    async def answer(_: AiohttpTransport, sent: httpx.Request) -> httpx.Response:
        asked = {**sent.url.params, **dict(parse_qsl((await sent.aread()).decode()))}
        status, content = recording.answer(recorded, sent.url.path, asked)
        body = httpx.ByteStream(json.dumps(content).encode())
        return httpx.Response(status, stream=body, headers={"X-Quantdata-Simulated": recording.at})

    monkeypatch.setattr(AiohttpTransport, "handle_async_request", answer)
    made: Provider
    if vendor == "massive":
        made = AsyncMassive("recorded", base_url=HERE, policy=ONE_TRY)
    else:
        made = AsyncTradier("recorded", base_url=f"{HERE}/v1", policy=ONE_TRY)
    yield made
    portal.call(made.close())


# --- Massive ----------------------------------------------------------------------------------------------------------


def page(rows: Sequence[Row]) -> tuple[int, Any]:
    return 200, {"status": "OK", "request_id": "6f", "results": list(rows)}


def unknown(recorded: Recorded) -> tuple[int, Any]:
    return 404, recorded("errors/404_not_found.json")


def passes(row: Row, asked: Asked) -> bool:
    """Tell whether a row passes the filters of a request, as ``strike_price.gte``."""
    for name, bound in asked.items():
        field, _, operator = name.partition(".")
        if field not in row:
            continue
        value = row[field]
        limit = float(bound) if isinstance(value, int | float) else bound
        if not {"": value == limit, "gte": value >= limit, "lte": value <= limit, "lt": value < limit}[operator]:
            return False
    return True


def massive_listing(recorded: Recorded, asked: Asked) -> tuple[int, Any]:
    rows = recorded("recorded/options_contracts_SPY_asof_2025-01-31.json")["results"]
    return page([row for row in rows if passes(row, asked)])


def massive_chain(recorded: Recorded, path: str, asked: Asked) -> tuple[int, Any]:
    if path == "/v3/snapshot/options/SPY":
        sides = ("calls", "puts")
        pages = [recorded(f"recorded/options_chain_SPY_2025-10-10_{side}_page1.json")["results"] for side in sides]
        rows = [row for rows in pages for row in rows if passes(row["details"], asked)]
        rows.sort(key=lambda row: float(row["details"]["strike_price"]), reverse=asked["order"] == "desc")
        return page(rows)
    if path.startswith("/v3/snapshot/options/"):
        return page([])
    if path == "/v3/reference/options/contracts":
        return massive_listing(recorded, asked)
    return 200, {"status": "OK", "tickers": []}  # no price of the underlying at that moment was recorded


def massive_contract(recorded: Recorded, path: str, _: Asked) -> tuple[int, Any]:
    if path == "/v3/snapshot/options/AAPL/O:AAPL251219C00275000":
        return 200, recorded("recorded/options_contract_AAPL_2025-12-19_no_quotes_plan.json")
    return unknown(recorded)


def massive_expirations(recorded: Recorded, path: str, asked: Asked) -> tuple[int, Any]:
    return massive_listing(recorded, asked) if path.startswith("/v3/reference/") else page([])


def massive_quotes(recorded: Recorded, _: str, asked: Asked) -> tuple[int, Any]:
    answer = recorded("recorded/stocks_snapshot_list.json")
    wanted = asked.get("tickers", "").split(",")
    return 200, {**answer, "tickers": [row for row in answer["tickers"] if row["ticker"] in wanted]}


def massive_indices(recorded: Recorded, _: str, asked: Asked) -> tuple[int, Any]:
    known = {row["ticker"]: row for row in recorded("client-go/indices_snapshot.json")["results"]}
    _, lacking, _ = recorded("docs-examples-2026/v3_snapshot_indices.json")["results"]
    wanted = asked.get("ticker.any_of", "").split(",")
    return page([known.get(ticker, {**lacking, "ticker": ticker}) for ticker in wanted])


def massive_bars(recorded: Recorded, path: str, _: Asked) -> tuple[int, Any]:
    files = {
        "AAPL": "client-python-mocks/v2/aggs/ticker/AAPL/range/1/day/2005-04-01/2005-04-04.json",
        "O:SPY250314C00560000": "recorded/aggs_day_O_SPY250314C00560000.json",
    }
    if path == "/v3/reference/tickers/AAPL":
        return 200, recorded("client-python-mocks/v3/reference/tickers/AAPL.json")
    if not path.startswith("/v2/aggs/ticker/"):
        return unknown(recorded)
    *_parts, ticker, _range, _length, _unit, first, last = path.split("/")
    if ticker not in files:
        return page([])
    answer = recorded(files[ticker])
    return 200, {**answer, "results": [row for row in answer["results"] if int(first) <= row["t"] <= int(last)]}


def massive_trades(recorded: Recorded, path: str, asked: Asked) -> tuple[int, Any]:
    if path == "/v3/trades/AAPL":
        rows = recorded("client-python-mocks/v3/trades/AAPL_limit_2.json")["results"]
        first, last = int(asked["timestamp.gte"]), int(asked["timestamp.lte"])
        return page([row for row in rows if first <= row["sip_timestamp"] <= last])
    if path == "/v3/reference/tickers/AAPL":
        return 200, recorded("client-python-mocks/v3/reference/tickers/AAPL.json")
    return page([]) if path.startswith("/v3/trades/") else unknown(recorded)


def massive_status(recorded: Recorded, _: str, __: Asked) -> tuple[int, Any]:
    return 200, recorded("recorded/marketstatus_now.json")


class TestMassiveChain(ChainQuestions):
    recording: ClassVar = Recording(
        at="2025-10-08T19:00:00+00:00",
        answer=massive_chain,
        facts=Facts(name="massive", today=date(2025, 10, 8), underlying="SPY"),
    )


class TestMassiveContract(ContractQuestions):
    recording: ClassVar = Recording(
        at="2025-10-24T19:00:00+00:00",
        answer=massive_contract,
        facts=Facts(
            name="massive",
            today=date(2025, 10, 24),
            contract="AAPL251219C00275000",
            unlisted="AAPL251219C00001000",
            expired="AAPL241220C00275000",
        ),
    )


class TestMassiveExpirations(ExpirationsQuestions):
    recording: ClassVar = Recording(
        at="2025-01-31T19:00:00+00:00",
        answer=massive_expirations,
        facts=Facts(name="massive", today=date(2025, 1, 31), expirations_of="SPY"),
    )


class TestMassiveEquityQuotes(EquityQuoteQuestions):
    recording: ClassVar = Recording(
        at="2025-09-06T00:00:30+00:00",
        answer=massive_quotes,
        facts=Facts(name="massive", today=date(2025, 9, 5), equities=("SPY", "NVDA", "IWM")),
    )


class TestMassiveIndices(IndexQuestions):
    recording: ClassVar = Recording(
        at="2022-09-01T19:00:00+00:00",
        answer=massive_indices,
        facts=Facts(name="massive", today=date(2022, 9, 1), indices=("SPX", "A1HCR")),
    )


class TestMassiveBars(BarQuestions):
    recording: ClassVar = Recording(
        at="2025-03-14T20:30:00+00:00",
        answer=massive_bars,
        facts=Facts(
            name="massive",
            today=date(2025, 3, 14),
            daily=Days("AAPL", date(2005, 4, 1), date(2005, 4, 4)),
            contract="SPY250314C00560000",
            unlisted="SPY250314C00001000",
        ),
    )


class TestMassiveTrades(TradeQuestions):
    recording: ClassVar = Recording(
        at="2022-04-28T21:40:00+00:00",
        answer=massive_trades,
        facts=Facts(
            name="massive",
            today=date(2022, 4, 28),
            tape=TapeSpan("AAPL", datetime(2022, 4, 28, 21, 37, tzinfo=UTC), datetime(2022, 4, 28, 21, 38, tzinfo=UTC)),
        ),
    )


class TestMassiveStatus(StatusQuestions):
    recording: ClassVar = Recording(
        at="2025-09-08T00:56:20+00:00",
        answer=massive_status,
        facts=Facts(name="massive", today=date(2025, 9, 7), market="closed"),
    )


class TestMassiveEntitlements(EntitlementQuestions):
    recording: ClassVar = Recording(
        at="2025-09-08T00:56:20+00:00",
        answer=massive_status,
        facts=Facts(name="massive", today=date(2025, 9, 7)),  # no two blocks of one key were recorded
    )


# --- Tradier ----------------------------------------------------------------------------------------------------------


def collection(plural: str, singular: str, items: Sequence[Any]) -> tuple[int, Any]:
    """Return items as the vendor sends them: one as itself, several as a list, none as null."""
    if not items:
        return 200, {plural: None}
    return 200, {plural: {singular: items[0] if len(items) == 1 else list(items)}}


def items_of(answer: Any, plural: str, singular: str) -> list[Any]:
    """Return the items of a recorded answer."""
    found = answer[plural][singular]
    return found if isinstance(found, list) else [found]


def tradier_quotes_of(rows: Sequence[Row], asked: Asked) -> tuple[int, Any]:
    """Answer quotes: those that are known, and the names of the others."""
    wanted = asked["symbols"].split(",")
    known = [row for row in rows if row["symbol"] in wanted]
    others = [symbol for symbol in wanted if symbol not in {row["symbol"] for row in rows}]
    status, answer = collection("quotes", "quote", known)
    if others:
        unmatched = {"unmatched_symbols": {"symbol": others[0] if len(others) == 1 else others}}
        answer = {"quotes": {**(answer["quotes"] or {}), **unmatched}}
    return status, answer


def tradier_clock() -> tuple[int, Any]:
    return 200, {"clock": {"state": "closed", "timestamp": 0}}  # asked for the time in its header alone


TRADIER_CHAINS: Final = {
    "2024-08-23": "recorded/chain_PLTR_2024-08-23_weeklys_greeks_SUBSET.json",
    "2026-12-18": "recorded/chain_PLTR_2026-12-18_greeks.json",
}


def tradier_chain(recorded: Recorded, path: str, asked: Asked) -> tuple[int, Any]:
    is_known = asked.get("symbol") == "PLTR"
    if path == "/v1/markets/options/expirations":
        # Of the days that are listed there, these two were recorded.
        return collection("expirations", "date", list(TRADIER_CHAINS) if is_known else [])
    if path == "/v1/markets/options/chains" and is_known:
        return 200, recorded(TRADIER_CHAINS[asked["expiration"]])
    if path == "/v1/markets/quotes":
        quotes = items_of(recorded("recorded/quotes_single_PLTR_object.json"), "quotes", "quote")
        chains = [items_of(recorded(file), "options", "option") for file in TRADIER_CHAINS.values()]
        return tradier_quotes_of([*quotes, *(row for rows in chains for row in rows)], asked)
    return tradier_clock()


def tradier_contract(recorded: Recorded, path: str, asked: Asked) -> tuple[int, Any]:
    if path == "/v1/markets/quotes":
        rows = items_of(recorded("recorded/quotes_SPY_and_option_greeks.json"), "quotes", "quote")
        return tradier_quotes_of(rows, asked)
    return tradier_clock()


def tradier_expirations(recorded: Recorded, path: str, asked: Asked) -> tuple[int, Any]:
    if path == "/v1/markets/options/expirations":
        is_known = asked["symbol"] == "PLTR"
        file = "recorded/expirations_PLTR_dates.json" if is_known else "client/expirations_null.json"
        return 200, recorded(file)
    return tradier_clock()


def tradier_quotes(recorded: Recorded, path: str, asked: Asked) -> tuple[int, Any]:
    if path == "/v1/markets/quotes":
        return tradier_quotes_of(items_of(recorded("recorded/quotes_C_JPM_GS.json"), "quotes", "quote"), asked)
    return tradier_clock()


def tradier_bars(recorded: Recorded, path: str, asked: Asked) -> tuple[int, Any]:
    files = {
        "AAPL": "recorded/history_AAPL_daily_2024-02.json",
        "MTB241115C00190000": "recorded/history_option_MTB241115C00190000_daily.json",
    }
    if path == "/v1/markets/history":
        file = files.get(asked["symbol"])
        days = items_of(recorded(file), "history", "day") if file else []
        return collection("history", "day", [day for day in days if asked["start"] <= day["date"] <= asked["end"]])
    if path == "/v1/markets/timesales":
        return 200, recorded("client/timesales_empty_string_null.json")
    if path == "/v1/markets/quotes":
        rows = items_of(recorded("client/quotes_single_AAPL_object.json"), "quotes", "quote")
        return tradier_quotes_of(rows, asked)
    return tradier_clock()


def tradier_trades(recorded: Recorded, path: str, asked: Asked) -> tuple[int, Any]:
    # The client that recorded these ticks has XXX in the place of their symbol.
    if path == "/v1/markets/timesales" and asked["symbol"] == "XXX":
        first, last = (
            datetime.strptime(asked[end], "%Y-%m-%d %H:%M").replace(tzinfo=NEW_YORK).timestamp()
            for end in ("start", "end")
        )
        ticks = items_of(recorded("client/timesales_tick_two.json"), "series", "data")
        return collection("series", "data", [tick for tick in ticks if first <= tick["timestamp"] <= last])
    if path == "/v1/markets/timesales":
        return 200, recorded("client/timesales_empty_string_null.json")
    if path == "/v1/markets/quotes":
        (quote,) = items_of(recorded("client/quotes_single_AAPL_object.json"), "quotes", "quote")
        return tradier_quotes_of([{**quote, "symbol": "XXX"}], asked)
    return tradier_clock()


class TestTradierChain(ChainQuestions):
    recording: ClassVar = Recording(
        at="2024-07-07T16:00:00+00:00",  # a Sunday
        answer=tradier_chain,
        facts=Facts(name="tradier", today=date(2024, 7, 7), underlying="PLTR"),
    )


class TestTradierContractOfAChain(ContractQuestions):
    recording: ClassVar = Recording(
        at="2024-07-07T16:00:00+00:00",
        answer=tradier_chain,
        facts=Facts(
            name="tradier",
            today=date(2024, 7, 7),
            underlying="PLTR",
            contract="PLTR261218C00027000",
            unlisted="PLTR261218C00001000",
            expired="PLTR240621C00027000",
        ),
    )


class TestTradierContract(ContractQuestions):
    recording: ClassVar = Recording(
        at="2024-06-28T16:06:01+00:00",
        answer=tradier_contract,
        facts=Facts(
            name="tradier",
            today=date(2024, 6, 28),
            contract="SPY251219P00450000",
            unlisted="SPY251219P00001000",
            expired="SPY240621P00450000",
        ),
    )


class TestTradierExpirations(ExpirationsQuestions):
    recording: ClassVar = Recording(
        at="2024-07-07T16:00:00+00:00",
        answer=tradier_expirations,
        facts=Facts(name="tradier", today=date(2024, 7, 7), expirations_of="PLTR"),
    )


class TestTradierEquityQuotes(EquityQuoteQuestions):
    recording: ClassVar = Recording(
        at="2024-07-11T19:26:45+00:00",
        answer=tradier_quotes,
        facts=Facts(name="tradier", today=date(2024, 7, 11), equities=("JPM", "C", "GS")),
    )


class TestTradierIndices(IndexQuestions):
    recording: ClassVar = Recording(
        at="2024-07-11T19:26:45+00:00",
        answer=tradier_quotes,
        facts=Facts(name="tradier", today=date(2024, 7, 11)),  # no index was ever recorded
    )


class TestTradierBars(BarQuestions):
    recording: ClassVar = Recording(
        at="2024-10-16T20:30:00+00:00",
        answer=tradier_bars,
        facts=Facts(
            name="tradier",
            today=date(2024, 10, 16),
            lacks=frozenset({"bars of expired contracts"}),
            daily=Days("AAPL", date(2024, 2, 1), date(2024, 2, 29)),
            weeks=Days("AAPL", date(2024, 2, 7), date(2024, 2, 20)),
            contract="MTB241115C00190000",
            unlisted="MTB241115C00001000",
            expired="MTB240920C00190000",
        ),
    )


class TestTradierTrades(TradeQuestions):
    recording: ClassVar = Recording(
        at="2017-01-27T20:00:00+00:00",
        answer=tradier_trades,
        facts=Facts(
            name="tradier",
            today=date(2017, 1, 27),
            tape=TapeSpan("XXX", datetime(2017, 1, 27, 14, 30, tzinfo=UTC), datetime(2017, 1, 27, 14, 35, tzinfo=UTC)),
        ),
    )


class TestTradierStatus(StatusQuestions):
    recording: ClassVar = Recording(
        at="2024-07-11T19:26:45+00:00",
        answer=tradier_quotes,
        facts=Facts(name="tradier", today=date(2024, 7, 11)),  # the one recorded clock is of 2013, before all else
    )


class TestTradierEntitlements(EntitlementQuestions):
    recording: ClassVar = Recording(
        at="2024-07-11T19:26:45+00:00",
        answer=tradier_quotes,
        facts=Facts(name="tradier", today=date(2024, 7, 11)),  # as for Massive
    )
