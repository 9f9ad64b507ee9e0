"""Massive's answers as frames: quotes, indices, expirations, contracts, trades, and what the plan lacks."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl
import pytest

from quantdata.clients import AsyncMassive, ChainQuery
from quantdata.config import Secret
from quantdata.errors import (
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    IncompleteError,
    PayloadError,
    QuoteNotFoundError,
    UnavailableError,
)
from quantdata.frames.columns import CHAIN, ENTITLEMENTS, EQUITY_QUOTES, INDEX_QUOTES, TRADES, schema
from quantdata.symbols import parse_option
from quantdata.wire.retry import RetryPolicy
from tests.unit.conftest import QUOTED_NS, bar_rows, contract_row, index_row, listed, stock_row

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from tests.unit.conftest import Row, Vendor

T = TypeVar("T")

AT_ONCE = RetryPolicy(tries=1, first_delay_s=0.0)
STOCKS = "/v2/snapshot/locale/us/markets/stocks/tickers"
INDICES = "/v3/snapshot/indices"
CONTRACTS = "/v3/reference/options/contracts"
NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
OPTION = "SPY261218C00600000"
NOT_ENTITLED = {"status": "NOT_AUTHORIZED", "message": "You are not entitled to this data."}


def _ask(asking: Callable[[AsyncMassive], Awaitable[T]], *, requests_per_minute: float = 6000.0) -> T:
    async def ask() -> T:
        massive = AsyncMassive(
            "k3y", base_url="http://127.0.0.1:1", requests_per_minute=requests_per_minute, policy=AT_ONCE
        )
        try:
            return await asking(massive)
        finally:
            await massive.close()

    return asyncio.run(ask())


def _fails(asking: Callable[[AsyncMassive], Awaitable[object]]) -> DataProviderError:
    with pytest.raises(DataProviderError) as failure:
        _ask(asking)
    return failure.value


def _twice(vendor: Vendor, path: str, rows: list[Row]) -> Callable[[httpx.Request], httpx.Response]:
    """Answer with a page and, at its cursor, with the same one again."""

    def answer(request: httpx.Request) -> httpx.Response:
        page: Row = {"status": "OK", "results": rows}
        if "cursor" not in request.url.params:
            page["next_url"] = f"https://api.polygon.io{path}?cursor=Yg"
        return vendor.answer(page)

    return answer


def _cut(vendor: Vendor, path: str, rows: list[Row]) -> Callable[[httpx.Request], httpx.Response]:
    """Answer with a page and, at its cursor, with a failure."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "cursor" in request.url.params:
            return vendor.answer(b"", status=503)
        next_url = f"https://api.polygon.io{path}?cursor=Yg"
        return vendor.answer({"status": "OK", "results": rows, "next_url": next_url})

    return answer


# --- the client -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["k3y", Secret("k3y")])
def test_a_key_may_be_text_or_a_secret_and_never_shows(vendor: Vendor, key: str | Secret) -> None:
    vendor.rows(STOCKS, [])
    vendor.on(STOCKS, {"status": "OK", "tickers": [stock_row("SPY")]})
    massive = AsyncMassive(key, base_url="http://127.0.0.1:1")
    asyncio.run(massive.quotes(["SPY"]))
    assert vendor.requests[0].headers["Authorization"] == "Bearer k3y"
    assert "k3y" not in repr(massive)
    assert "k3y" not in repr(vars(massive))
    assert massive.requests_sent == 1


def test_now_is_the_hosts_now(market: Vendor) -> None:
    market.on(STOCKS, {"status": "OK", "tickers": [stock_row("SPY")]})

    async def ask(massive: AsyncMassive) -> datetime:
        await massive.quotes(["SPY"])
        return massive.now()

    assert _ask(ask) == NOON


# --- quotes ---------------------------------------------------------------------------------------------------------


def test_quotes_come_in_the_order_asked_with_a_reason_for_the_unknown(market: Vendor) -> None:
    market.on(STOCKS, {"status": "OK", "tickers": [stock_row("SPY"), stock_row("BRK.B", 480.0)]})
    quotes = _ask(lambda massive: massive.quotes(["BRK.B", "XYZ", "SPY"]))
    assert quotes.schema == schema(EQUITY_QUOTES)
    assert quotes.get_column("symbol").to_list() == ["BRK.B", "XYZ", "SPY"]
    assert quotes.get_column("price").to_list() == [480.0, None, 600.0]
    assert quotes.get_column("vendor_error").to_list() == [None, "NOT_FOUND: no such stock or fund at Massive", None]
    assert market.requests[0].url.params["tickers"] == "BRK.B,XYZ,SPY"


def test_one_symbol_may_be_plain_text(market: Vendor) -> None:
    market.on(STOCKS, {"status": "OK", "tickers": [stock_row("SPY")]})
    market.rows(INDICES, [index_row("SPX")])
    assert _ask(lambda massive: massive.quotes("SPY")).get_column("price").to_list() == [600.0]
    assert _ask(lambda massive: massive.indices("SPX")).get_column("value").to_list() == [6000.0]


MANY = [f"{first}{second}{third}QZ" for first in "ABCDEF" for second in "ABCDEFGHIJ" for third in "ABCDEFGHIJ"]


def test_many_symbols_are_asked_in_batches(market: Vendor) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params["tickers"].split(",")
        status = "DELAYED" if asked[0] == MANY[0] else "OK"
        return market.answer({"status": status, "tickers": [stock_row(ticker) for ticker in reversed(asked)]})

    market.clock = None
    market.on(STOCKS, answer)
    quotes = _ask(lambda massive: massive.quotes(MANY))
    assert quotes.get_column("symbol").to_list() == MANY
    assert sorted(request.url.params["tickers"].count(",") + 1 for request in market.requests) == [100, 250, 250]
    assert set(quotes.get_column("feed")) == {"delayed"}  # no fresher than the worst of the batches


def test_a_batch_that_fails_leaves_no_frame(market: Vendor) -> None:
    market.on(
        STOCKS,
        lambda request: (
            market.answer({"status": "OK", "tickers": [stock_row(MANY[0])]})
            if request.url.params["tickers"].startswith(MANY[0])
            else market.answer(b"", status=503)
        ),
    )
    assert type(_fails(lambda massive: massive.quotes(MANY))) is UnavailableError


def test_a_quote_that_comes_twice_is_a_payload_error(market: Vendor) -> None:
    market.on(STOCKS, {"status": "OK", "tickers": [stock_row("SPY"), stock_row("SPY")]})
    error = _fails(lambda massive: massive.quotes(["SPY"]))
    assert type(error) is PayloadError
    assert "the quotes came twice or out of order" in str(error)


@pytest.mark.parametrize("symbols", [["SPY"], MANY], ids=["one", "batches"])
def test_quotes_that_were_not_asked_for_are_a_payload_error(market: Vendor, symbols: list[str]) -> None:
    # Of batches: the answer to one is no answer to the others.
    market.on(STOCKS, {"status": "OK", "tickers": [stock_row("QQQ"), stock_row(symbols[0])]})
    error = _fails(lambda massive: massive.quotes(symbols))
    assert type(error) is PayloadError
    assert "tickers that were not asked for: the vendor lost the filter" in str(error)


def test_indices_that_were_not_asked_for_are_a_payload_error(market: Vendor) -> None:
    market.rows(INDICES, [index_row("SPX"), index_row("VIX")])
    error = _fails(lambda massive: massive.indices(["SPX"]))
    assert type(error) is PayloadError
    assert "tickers that were not asked for: the vendor lost the filter" in str(error)


def test_when_all_symbols_are_unknown_there_is_no_frame(market: Vendor) -> None:
    market.on(STOCKS, {"status": "OK", "tickers": []})
    error = _fails(lambda massive: massive.quotes([f"X{letter}" for letter in "ABCDEFG"]))
    assert type(error) is QuoteNotFoundError
    assert "nothing on XA, XB, XC, XD, XE and 2 more" in str(error)


def test_a_refused_block_is_remembered(market: Vendor) -> None:
    market.on(STOCKS, NOT_ENTITLED, status=403)

    async def ask(massive: AsyncMassive) -> pl.DataFrame:
        with pytest.raises(EntitlementError):
            await massive.quotes(["SPY"])
        return massive.capabilities.frame()

    (row,) = _ask(ask).filter(pl.col("block") == "equity_quotes").rows(named=True)
    assert row["is_entitled"] is False
    assert "not entitled" in row["reason"]


# --- indices --------------------------------------------------------------------------------------------------------

REFUSED = {"ticker": "I:NDX", "error": "NOT_ENTITLED", "message": "Not entitled to this ticker."}


def test_indices_come_in_the_order_asked_with_a_reason_for_the_refused(market: Vendor) -> None:
    market.rows(INDICES, [index_row("SPX"), REFUSED])
    quotes = _ask(lambda massive: massive.indices(["NOSUCH", "NDX", "SPX"]))
    assert quotes.schema == schema(INDEX_QUOTES)
    assert quotes.get_column("symbol").to_list() == ["NOSUCH", "NDX", "SPX"]
    assert quotes.get_column("value").to_list() == [None, None, 6000.0]
    assert quotes.get_column("vendor_error").to_list() == [
        "NOT_FOUND: no such index at Massive",
        "NOT_ENTITLED: Not entitled to this ticker.",
        None,
    ]


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([REFUSED], EntitlementError),
        ([], QuoteNotFoundError),
        ([{**REFUSED, "error": "NOT_FOUND"}], QuoteNotFoundError),
    ],
)
def test_when_all_indices_are_refused_there_is_no_frame(
    market: Vendor, rows: list[Row], kind: type[DataProviderError]
) -> None:
    market.rows(INDICES, rows)
    assert type(_fails(lambda massive: massive.indices(["NDX"]))) is kind


def test_indices_may_take_several_pages(market: Vendor) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "cursor" in request.url.params:
            return market.answer({"status": "DELAYED", "results": [index_row("NDX", 20_000.0)]})
        next_url = f"https://api.polygon.io{INDICES}?cursor=Yg"
        return market.answer({"status": "OK", "results": [index_row("SPX")], "next_url": next_url})

    market.on(INDICES, answer)
    quotes = _ask(lambda massive: massive.indices(["NDX", "SPX"]))
    assert quotes.get_column("value").to_list() == [20_000.0, 6000.0]


def test_many_indices_are_asked_in_batches(market: Vendor) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params["ticker.any_of"].split(",")
        return market.answer({"status": "OK", "results": [index_row(ticker.removeprefix("I:")) for ticker in asked]})

    market.on(INDICES, answer)
    quotes = _ask(lambda massive: massive.indices(MANY))
    assert quotes.get_column("symbol").to_list() == MANY
    sizes = sorted(request.url.params["ticker.any_of"].count(",") + 1 for request in market.requests)
    assert sizes == [100, 250, 250]


def test_a_page_of_indices_that_comes_twice_is_a_payload_error(market: Vendor) -> None:
    market.on(INDICES, _twice(market, INDICES, [index_row("SPX"), index_row("NDX")]))
    error = _fails(lambda massive: massive.indices(["SPX", "NDX"]))
    assert type(error) is PayloadError
    assert "the quotes came twice" in str(error)


def test_indices_of_which_a_page_fails_are_no_frame(market: Vendor) -> None:
    market.on(INDICES, _cut(market, INDICES, [index_row("SPX")]))
    assert type(_fails(lambda massive: massive.indices(["SPX", "NDX"]))) is UnavailableError


def _lacks_indices(market: Vendor, rows: list[Row]) -> bool:
    """Tell whether it is learned from these rows that the plan lacks indices."""
    market.rows(INDICES, rows)

    async def ask(massive: AsyncMassive) -> bool:
        with contextlib.suppress(EntitlementError, QuoteNotFoundError):
            await massive.indices(["NDX", "SPX"])
        return massive.capabilities.lacks("indices")

    return _ask(ask)


@pytest.mark.parametrize(
    "rows",
    [
        [REFUSED, index_row("SPX")],
        [],
        [{**REFUSED, "error": "NOT_FOUND"}],
        [REFUSED],
        [REFUSED, {**REFUSED, "ticker": "I:SPX"}],
    ],
)
def test_refused_indices_say_nothing_of_the_others_in_the_plan(market: Vendor, rows: list[Row]) -> None:
    assert not _lacks_indices(market, rows)


# --- expirations ----------------------------------------------------------------------------------------------------

DAYS = [date(2026, 11, 18), date(2026, 12, 18), date(2027, 1, 15), date(2028, 1, 21)]


def _windowed(vendor: Vendor, days: list[date] = DAYS) -> None:
    vendor.contracts(days)
    vendor.on("/v1/marketstatus/now", {})


def test_expirations_rise_and_come_once(market: Vendor) -> None:
    _windowed(market, sorted([*DAYS, *DAYS]))
    assert _ask(lambda massive: massive.expirations("SPX", start=None, end=None)) == DAYS
    assert len(market.paths(CONTRACTS)) == 7
    assert {request.url.params["underlying_ticker"] for request in market.requests[1:]} == {"SPX"}


def test_windows_of_expirations_cover_every_day_once(market: Vendor) -> None:
    _windowed(market)
    _ask(lambda massive: massive.expirations("SPY", start=None, end=date(2027, 6, 30)))
    windows = sorted(
        (request.url.params["expiration_date.gte"], request.url.params["expiration_date.lte"])
        for request in market.requests
        if request.url.path == CONTRACTS
    )
    assert windows[0][0] == "2026-11-18"
    assert windows[-1][1] == "2027-06-30"
    for (_, end), (start, _) in itertools.pairwise(windows):
        assert date.fromisoformat(end) + timedelta(days=1) == date.fromisoformat(start)


def test_a_slow_plan_asks_for_all_expirations_at_once(market: Vendor) -> None:
    _windowed(market)
    assert _ask(lambda massive: massive.expirations("SPY", start=None, end=None), requests_per_minute=5.0) == DAYS
    assert len(market.paths(CONTRACTS)) == 1


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2026, 12, 1), None, DAYS[1:]),
        (date(2020, 1, 1), date(2026, 12, 18), DAYS[:2]),
        (None, date(2026, 11, 17), []),
        (date(2027, 1, 15), date(2027, 1, 15), DAYS[2:3]),
    ],
)
def test_both_ends_of_the_days_asked_count(
    market: Vendor, start: date | None, end: date | None, expected: list[date]
) -> None:
    _windowed(market)
    assert _ask(lambda massive: massive.expirations("SPY", start=start, end=end)) == expected


def test_an_underlying_without_options_is_not_found(market: Vendor) -> None:
    _windowed(market, [])
    error = _fails(lambda massive: massive.expirations("XYZ", start=None, end=None))
    assert type(error) is QuoteNotFoundError
    assert "lists no options on XYZ" in str(error)


def _days(
    start: date | None = date(2027, 1, 4), end: date | None = date(2027, 1, 31)
) -> Callable[[AsyncMassive], Awaitable[list[date]]]:
    """Ask for the expirations of one window."""
    return lambda massive: massive.expirations("SPY", start=start, end=end)


JANUARY = [date(2027, 1, 8), date(2027, 1, 15), date(2027, 1, 22)]


def test_expirations_of_which_a_page_fails_are_none(market: Vendor) -> None:
    # The days of some pages would look like all of them.
    market.on(CONTRACTS, _cut(market, CONTRACTS, listed(JANUARY)))
    market.on("/v1/marketstatus/now", {})
    assert type(_fails(_days())) is UnavailableError


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (listed([*JANUARY, date(2026, 12, 31)]), "the vendor lost the filters"),
        (listed([date(2026, 12, 31), *JANUARY]), "the vendor lost the filters"),
        (listed(JANUARY, "QQQ"), "the vendor lost the filters"),
        ([*listed(JANUARY), *listed([date(2027, 1, 29)], "SPY1")], "the vendor lost the filters"),
        (listed([*JANUARY, date(2027, 2, 1)]), "beyond the last day that was asked for"),
        (listed(JANUARY[::-1]), "the vendor lost the sort"),
        ([{"underlying_ticker": "SPY", "expiration_date": "2027-01-15"}], "a contract without a ticker"),
    ],
)
def test_contracts_that_were_not_asked_for_are_a_payload_error(market: Vendor, rows: list[Row], said: str) -> None:
    market.rows(CONTRACTS, rows)
    market.on("/v1/marketstatus/now", {})
    error = _fails(_days())
    assert type(error) is PayloadError
    assert said in str(error)


@pytest.mark.parametrize("days", [JANUARY, JANUARY[:1] * 3], ids=["days", "one day"])
def test_a_page_of_contracts_that_comes_twice_is_a_payload_error(market: Vendor, days: list[date]) -> None:
    # What should have come in its place, later days perhaps, is missing.
    market.on(CONTRACTS, _twice(market, CONTRACTS, listed(days)))
    market.on("/v1/marketstatus/now", {})
    error = _fails(_days())
    assert type(error) is PayloadError
    assert "the contracts on SPY came twice or out of order" in str(error)


def test_a_contract_that_a_page_lists_twice_is_a_payload_error(market: Vendor) -> None:
    market.rows(CONTRACTS, [*listed(JANUARY[:1]), *listed(JANUARY[:1])])
    market.on("/v1/marketstatus/now", {})
    error = _fails(_days())
    assert type(error) is PayloadError
    assert "the contracts on SPY came twice or out of order" in str(error)


def test_pages_may_share_the_expiration_between_them(market: Vendor) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "cursor" in request.url.params:
            return market.answer({"status": "OK", "results": listed(JANUARY[1:])})
        next_url = f"https://api.polygon.io{CONTRACTS}?cursor=Yg"
        return market.answer({"status": "OK", "results": listed(JANUARY[:2]), "next_url": next_url})

    market.on(CONTRACTS, answer)
    market.on("/v1/marketstatus/now", {})
    assert _ask(_days()) == JANUARY


# --- chains ---------------------------------------------------------------------------------------------------------


def _chain(
    market: Vendor, rows: list[Row], underlying: str = "SPY"
) -> Callable[[AsyncMassive], Awaitable[pl.DataFrame]]:
    market.chain("I:SPX" if underlying == "SPX" else underlying, rows)
    return lambda massive: massive.chain(ChainQuery.of(underlying))


def test_a_whole_chain_without_contracts_on_a_listed_underlying_contradicts_itself(market: Vendor) -> None:
    market.rows(CONTRACTS, listed(DAYS))
    error = _fails(_chain(market, []))
    assert type(error) is PayloadError
    assert str(error) == "massive: the chain of SPY is empty, though options on it are listed; ask again"


def test_a_part_of_a_chain_may_have_no_contracts(market: Vendor) -> None:
    market.rows(CONTRACTS, listed(DAYS))
    market.chain("SPY", [])
    chain = _ask(lambda massive: massive.chain(ChainQuery.of("SPY", strikes=(1.0, 2.0))))
    assert chain.is_empty()
    assert chain.schema == schema(CHAIN)


def test_a_chain_on_an_underlying_without_options_is_not_found(market: Vendor) -> None:
    market.rows(CONTRACTS, [])
    error = _fails(_chain(market, [], "XYZ"))
    assert type(error) is QuoteNotFoundError
    assert "lists no options on XYZ" in str(error)


def test_a_chain_has_its_own_underlying_price(market: Vendor) -> None:
    chain = _ask(_chain(market, [contract_row(600.0)]))
    assert chain.select("underlying_price", "underlying_source", "moneyness").row(0) == (600.0, "massive", 1.0)
    assert market.paths("stocks") == []


@pytest.mark.parametrize(
    ("underlying", "path", "root", "price"), [("SPY", STOCKS, "SPY", 600.0), ("SPX", INDICES, "SPXW", 6000.0)]
)
def test_a_chain_without_an_underlying_price_gets_the_vendors_own(
    market: Vendor, underlying: str, path: str, root: str, price: float
) -> None:
    market.on(STOCKS, {"status": "OK", "tickers": [stock_row("SPY")]})
    market.rows(INDICES, [index_row("SPX")])
    chain = _ask(_chain(market, [contract_row(6600.0, root=root, lacking=["underlying_asset"])], underlying))
    assert len(market.paths(path)) == 1
    row = chain.row(0, named=True)
    assert row["underlying_price"] == price
    assert row["underlying_source"] == "massive"
    assert row["moneyness"] == 6600.0 / price
    assert row["underlying_ts"] == datetime.fromtimestamp(QUOTED_NS / 1e9, UTC)


def test_a_plan_without_stocks_leaves_the_price_null_and_is_asked_once(market: Vendor) -> None:
    market.on(STOCKS, NOT_ENTITLED, status=403)
    asking = _chain(market, [contract_row(600.0, lacking=["underlying_asset"])])

    async def twice(massive: AsyncMassive) -> list[float | None]:
        return [(await asking(massive)).get_column("underlying_price")[0] for _ in range(2)]

    assert _ask(twice) == [None, None]
    assert len(market.paths(STOCKS)) == 1


def test_an_underlying_without_a_price_leaves_it_null(market: Vendor) -> None:
    market.on(STOCKS, {"status": "OK", "tickers": [{"ticker": "SPY", "updated": QUOTED_NS}]})
    chain = _ask(_chain(market, [contract_row(600.0, lacking=["underlying_asset"])]))
    assert chain.get_column("underlying_price").null_count() == 1


def test_blocks_that_no_row_has_are_what_the_plan_lacks(vendor: Vendor) -> None:
    vendor.chain("SPY", [contract_row(float(strike), lacking=["last_quote"]) for strike in range(500, 520)])

    async def ask(massive: AsyncMassive) -> dict[str, tuple[bool | None, str | None]]:
        await massive.chain(ChainQuery.of("SPY"))
        known = massive.capabilities.frame()
        return {block: (is_entitled, feed) for _, block, is_entitled, feed, _ in known.iter_rows()}

    known = _ask(ask)
    assert known["chain"] == (True, None)
    assert known["chain_quotes"] == (False, None)
    assert known["chain_trades"] == (True, "realtime")
    assert known["chain_underlying"] == (True, "realtime")
    assert known["bars"] == (None, None)


def _lacks_trades(market: Vendor, strikes: range, /, **filters: Any) -> bool:
    """Tell whether it is learned from calls and puts that never traded that the plan has no trades."""
    rows = [contract_row(float(strike), kind, lacking=["last_trade"]) for strike in strikes for kind in ("call", "put")]
    market.chain("SPY", rows)
    market.on("/v1/marketstatus/now", {})

    async def ask(massive: AsyncMassive) -> bool:
        await massive.chain(ChainQuery.of("SPY", **filters))
        return massive.capabilities.lacks("chain_trades")

    return _ask(ask)


def test_a_few_rows_without_a_block_say_nothing_about_the_plan(market: Vendor) -> None:
    assert not _lacks_trades(market, range(500, 509))
    assert _lacks_trades(market, range(500, 510))


@pytest.mark.parametrize(
    "filters",
    [
        {"strikes": (500, 600)},
        {"expirations": "2026-12-18"},
        {"dte": (0, 60)},
    ],
)
def test_a_part_of_a_chain_without_a_block_says_nothing_about_the_plan(market: Vendor, filters: dict[str, Any]) -> None:
    # A far wing may never have traded.
    assert not _lacks_trades(market, range(500, 600), **filters)


@pytest.mark.parametrize(
    "filters", [{"roots": "SPY"}, {"delta": (0.1, 0.9)}, {"min_volume": 1}, {"option_type": "put"}]
)
def test_what_is_filtered_here_leaves_the_vendors_answer_whole(market: Vendor, filters: dict[str, Any]) -> None:
    assert _lacks_trades(market, range(500, 600), **filters)


def test_a_part_of_a_chain_with_a_block_says_that_the_plan_has_it(market: Vendor) -> None:
    market.chain("SPY", [contract_row(600.0)])

    async def ask(massive: AsyncMassive) -> dict[str, bool | None]:
        await massive.chain(ChainQuery.of("SPY", strikes=600))
        return _entitled(massive.capabilities.frame())

    assert _ask(ask)["chain_trades"] is True


def test_a_delayed_underlying_delays_the_rows_that_it_prices(vendor: Vendor) -> None:
    vendor.rows(INDICES, [{**index_row("SPX"), "timeframe": "DELAYED"}])
    rows = [contract_row(6600.0, root="SPXW", lacking=["underlying_asset"])]
    row = _ask(_chain(vendor, rows, "SPX")).row(0, named=True)
    assert (row["underlying_source"], row["quote_feed"], row["feed"]) == ("massive", "realtime", "delayed")


# --- one contract ---------------------------------------------------------------------------------------------------

ONE = f"/v3/snapshot/options/SPY/O:{OPTION}"


def test_a_contract_is_a_chain_of_one_row(market: Vendor) -> None:
    market.on(ONE, {"status": "OK", "results": contract_row(600.0)})
    contract = _ask(lambda massive: massive.contract(parse_option(OPTION)))
    assert contract.schema == schema(CHAIN)
    assert contract.get_column("contract_symbol").to_list() == [OPTION]


@pytest.mark.parametrize(
    "results",
    [
        contract_row(601.0),
        contract_row(600.0, "put"),
        contract_row(600.0, root="QQQ"),
        [contract_row(600.0), contract_row(600.0)],
        [contract_row(600.0), contract_row(601.0)],
        {"details": {"contract_type": "call"}},
    ],
    ids=["strike", "type", "root", "twice", "two", "nameless"],
)
def test_a_contract_that_was_not_asked_for_is_a_payload_error(market: Vendor, results: Row | list[Row]) -> None:
    market.on(f"/v3/snapshot/options/SPY/O:{OPTION}", {"status": "OK", "results": results})
    error = _fails(lambda massive: massive.contract(parse_option(OPTION)))
    assert type(error) is PayloadError
    assert f"asked for {OPTION}, the answer is about something else" in str(error)


def test_a_contract_that_says_other_than_its_symbol_is_a_payload_error(market: Vendor) -> None:
    row = contract_row(600.0)
    row["details"]["strike_price"] = 60.0
    market.on(f"/v3/snapshot/options/SPY/O:{OPTION}", {"status": "OK", "results": row})
    error = _fails(lambda massive: massive.contract(parse_option(OPTION)))
    assert type(error) is PayloadError
    assert f"{OPTION} first, say other than their symbols" in str(error)


@pytest.mark.parametrize("symbol", [OPTION.lower(), f"o:{OPTION.lower()}", f" {OPTION} "])
def test_a_contract_symbol_is_spelled_as_the_vendor_does(market: Vendor, symbol: str) -> None:
    market.on(f"/v3/snapshot/options/SPY/O:{OPTION}", {"status": "OK", "results": contract_row(600.0)})
    found = _ask(lambda massive: massive.contract(parse_option(symbol)))
    assert found.get_column("contract_symbol").to_list() == [OPTION]


def test_symbols_in_lower_case_are_those_in_upper_case(market: Vendor) -> None:
    market.on(STOCKS, {"status": "OK", "tickers": [stock_row("SPY"), stock_row("BRK.B")]})
    market.rows(INDICES, [index_row("SPX")])
    quotes = _ask(lambda massive: massive.quotes(["spy", "brk/b"]))
    assert quotes.get_column("symbol").to_list() == ["SPY", "BRK.B"]
    assert _ask(lambda massive: massive.indices(["i:spx"])).get_column("symbol").to_list() == ["SPX"]
    assert [dict(request.url.params) for request in market.requests] == [
        {"tickers": "SPY,BRK.B"},
        {"ticker.any_of": "I:SPX", "limit": "250"},
    ]


def test_a_contract_that_the_vendor_does_not_know_is_not_found(market: Vendor) -> None:
    market.on(ONE, {"status": "NOT_FOUND"}, status=404)
    assert type(_fails(lambda massive: massive.contract(parse_option(OPTION)))) is ContractNotFoundError


@pytest.mark.parametrize("content", [{"status": "OK"}, {"status": "OK", "results": None}])
def test_an_empty_answer_is_no_contract(market: Vendor, content: Row) -> None:
    market.on(ONE, content)
    error = _fails(lambda massive: massive.contract(parse_option(OPTION)))
    assert type(error) is ContractNotFoundError
    assert "may have expired" in str(error)


# --- trades ---------------------------------------------------------------------------------------------------------


def _print(number: int) -> Row:
    return {
        "sip_timestamp": QUOTED_NS + number,
        "price": 600.0 + number,
        "size": 100,
        "exchange": 4,
        "sequence_number": number,
        "conditions": [12],
        "id": str(number),
    }


def _trades(symbol: str = "SPY") -> Callable[[AsyncMassive], Awaitable[pl.DataFrame]]:
    return lambda massive: massive.trades(symbol, start=NOON, end=NOON + timedelta(microseconds=1))


def test_trades_keep_every_nanosecond(market: Vendor) -> None:
    market.rows("/v3/trades/SPY", [_print(0), _print(1)])
    trades = _ask(_trades())
    assert trades.schema == schema(TRADES)
    assert trades.get_column("ts").to_physical().to_list() == [QUOTED_NS, QUOTED_NS + 1]
    assert trades.get_column("feed").to_list() == ["simulated"] * 2
    params = market.requests[0].url.params
    assert (params["timestamp.gte"], params["timestamp.lte"]) == (str(QUOTED_NS), str(QUOTED_NS + 1999))


@pytest.mark.parametrize(("status", "feed"), [("OK", None), ("DELAYED", "delayed")])
def test_the_feed_of_trades_is_that_of_the_plan(vendor: Vendor, status: str, feed: str | None) -> None:
    vendor.on("/v3/trades/SPY", {"status": status, "results": [_print(0)]})
    assert _ask(_trades()).get_column("feed").to_list() == [feed]


def test_the_last_asked_microsecond_counts_to_its_end(market: Vendor) -> None:
    market.rows("/v3/trades/SPY", [_print(0), _print(1999)])
    assert _ask(_trades()).height == 2


@pytest.mark.parametrize(
    "rows", [[_print(-1)], [_print(0), _print(2000)], [{**_print(0), "sip_timestamp": QUOTED_NS // 1_000_000}]]
)
def test_prints_outside_of_the_asked_time_are_a_payload_error(market: Vendor, rows: list[Row]) -> None:
    market.rows("/v3/trades/SPY", rows)
    error = _fails(_trades())
    assert type(error) is PayloadError
    assert "prints outside of the time that was asked for" in str(error)


@pytest.mark.parametrize("rows", [[_print(1), _print(0)], [_print(0), {**_print(1), "sip_timestamp": None}]])
def test_prints_out_of_order_or_without_a_time_are_a_payload_error(market: Vendor, rows: list[Row]) -> None:
    market.rows("/v3/trades/SPY", rows)
    error = _fails(_trades())
    assert type(error) is PayloadError
    assert "the trades of SPY came twice or out of order" in str(error)


def test_a_page_of_prints_that_comes_twice_is_a_payload_error(market: Vendor) -> None:
    market.on("/v3/trades/SPY", _twice(market, "/v3/trades/SPY", [_print(0), _print(1)]))
    error = _fails(_trades())
    assert type(error) is PayloadError
    assert "the trades of SPY came twice" in str(error)


def test_trades_that_came_in_part_are_told_as_a_tape(market: Vendor) -> None:
    market.on("/v3/trades/SPY", _cut(market, "/v3/trades/SPY", [_print(0)]))
    error = _fails(_trades())
    assert isinstance(error, IncompleteError)
    assert error.received.schema == schema(TRADES)
    assert error.received.height == 1
    assert isinstance(error.__cause__, UnavailableError)
    assert str(error).count("arrived") == 1


def test_no_trades_of_a_listed_contract_is_an_empty_tape(market: Vendor) -> None:
    market.rows(f"/v3/trades/O:{OPTION}", [])
    market.on(f"{CONTRACTS}/O:{OPTION}", {"status": "OK", "results": {}})
    trades = _ask(_trades(OPTION))
    assert trades.is_empty()
    assert trades.schema == schema(TRADES)


@pytest.mark.parametrize(("symbol", "kind"), [("XYZ", QuoteNotFoundError), (OPTION, ContractNotFoundError)])
def test_no_trades_of_what_nobody_knows_is_not_found(
    market: Vendor, symbol: str, kind: type[DataProviderError]
) -> None:
    market.rows("/v3/trades", [])
    assert type(_fails(_trades(symbol))) is kind


# --- status and entitlements ----------------------------------------------------------------------------------------


def test_market_status_is_the_vendors_word_and_clock(vendor: Vendor) -> None:
    vendor.on("/v1/marketstatus/now", {"market": "extended-hours", "serverTime": "2026-11-18T17:30:00-05:00"})
    status = _ask(lambda massive: massive.market_status())
    assert status.market == "extended"
    assert status.server_time == datetime(2026, 11, 18, 22, 30, tzinfo=UTC)
    assert status.clock_skew_s is not None
    assert not status.is_simulated


@pytest.mark.parametrize(
    "content", [{}, {"market": "open"}, {"market": 1, "serverTime": "x"}, {"market": "open", "serverTime": "soon"}]
)
def test_a_status_without_a_clock_is_a_payload_error(vendor: Vendor, content: Row) -> None:
    vendor.on("/v1/marketstatus/now", content)
    assert type(_fails(lambda massive: massive.market_status())) is PayloadError


def _plan(market: Vendor) -> None:
    """Answer as a plan with everything but indices and the quotes of the tape."""
    market.chain("SPY", [contract_row(float(strike), expiration="2026-11-20") for strike in range(590, 612)])
    market.on(STOCKS, {"status": "OK", "tickers": [stock_row("SPY")]})
    market.on(INDICES, NOT_ENTITLED, status=403)
    market.on("/v2/aggs", {"status": "OK", "results": bar_rows(date(2026, 11, 2), 3)})
    market.rows("/v3/trades", [])
    market.on("/v3/quotes", NOT_ENTITLED, status=403)
    market.on("/v1/marketstatus/now", {})


def _entitled(frame: pl.DataFrame) -> dict[str, bool | None]:
    return dict(zip(frame.get_column("block"), frame.get_column("is_entitled"), strict=True))


def test_entitlements_are_what_was_delivered_and_refused(market: Vendor) -> None:
    _plan(market)
    frame = _ask(lambda massive: massive.entitlements())
    assert frame.schema == schema(ENTITLEMENTS)
    assert _entitled(frame) == {
        "chain": True,
        "chain_quotes": True,
        "chain_trades": True,
        "chain_greeks": True,
        "chain_underlying": True,
        "equity_quotes": True,
        "indices": False,
        "bars": True,
        "option_trades": True,
        "option_quotes": False,
    }


def test_what_fails_for_another_reason_stays_unknown(market: Vendor) -> None:
    _plan(market)
    market.fails("/v3/snapshot/options/SPY")
    market.fails("/v2/aggs")
    known: dict[str, Any] = _entitled(_ask(lambda massive: massive.entitlements()))
    assert known["chain"] is None
    assert known["bars"] is None
    assert known["option_trades"] is None
    assert known["equity_quotes"] is True
