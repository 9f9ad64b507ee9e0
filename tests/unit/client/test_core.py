"""The questions behind both clients: what is refused at the door, what is cached, and who the provider is."""

from __future__ import annotations

import asyncio
import gc
import os
import queue
import subprocess
import sys
import threading
import warnings
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from textwrap import dedent
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata import portal
from quantdata.client.core import Ask, Core, _hang_up
from quantdata.client.warned import warned_of_lacks
from quantdata.clients import AsyncMassive, BarQuery, ChainQuery
from quantdata.config import Config, Secret
from quantdata.errors import (
    ArgumentError,
    ConfigError,
    ContractNotFoundError,
    EntitlementError,
    IncompleteError,
    MaxRetriesError,
    PayloadError,
    QuantDataError,
    QuantDataWarning,
    QuoteNotFoundError,
    SymbolError,
)
from quantdata.frames.columns import BARS, CHAIN, empty, schema
from tests.unit.conftest import bar_rows, contract_row, stock_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.conftest import Vendor

OPTION = "SPY261218C00600000"
STOCKS = "/v2/snapshot/locale/us/markets/stocks/tickers"
CONFIG = Config(massive_api_key=Secret("k3y"), massive_base_url="http://127.0.0.1:1")


BOTH = Config(
    massive_api_key=Secret("k3y"),
    massive_base_url="https://massive.example",
    tradier_access_token=Secret("t0ken"),
    tradier_base_url="https://tradier.example/v1",
)


async def _at_once(_: float) -> None:
    """Wait for nothing."""


def _core(config: Config = CONFIG, **others: Any) -> Core:
    return Core(None, config=config, **{"cache_ttl": None, "seed": 7, "clock": "open", **others})


def _answer(core: Core, ask: Ask[Any]) -> Any:
    return ask.finish(portal.call(core.answer(ask)))


# --- at the door ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("simulated", [{"seed": 8}, {"clock": "night"}])
def test_a_real_vendor_has_no_seed_and_no_clock_to_set(simulated: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="seed and clock are those of the simulated market, source='sim', not of"):
        _core(**simulated)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("SPY", 600, None, None), "got strike=600, expiration=None"),
        (("SPY", None, "2026-12-18", "call"), "takes one OCC symbol, or underlying"),
        (("SPY", (590, 600), "2026-12-18", "call"), "strike must be a finite number"),
        (("SPY", "600", "2026-12-18", "call"), "strike must be a finite number"),
        (("SPY", -1, "2026-12-18", "call"), "strike must be at least 0"),
        (("SPY", 600, ("2026-12-01", "2026-12-31"), "call"), "expiration must be a date"),
        (("SPY", 600, "soon", "call"), "expiration must be a date"),
        (("SPY", 600, "2026-12-18", "straddle"), "option_type must be"),
    ],
)
def test_half_a_contract_is_refused(arguments: tuple[Any, ...], said: str) -> None:
    with pytest.raises(ArgumentError, match=said.replace("(", r"\(")):
        _core().contract(*arguments, root=None)


@pytest.mark.parametrize("symbol", ["SPY", "", "SPY261318C00600000", None, 5, ["SPY261218C00600000"]])
def test_what_is_no_contract_symbol(symbol: Any) -> None:
    with pytest.raises(SymbolError):
        _core().contract(symbol, None, None, None, root=None)


def test_a_root_alone_does_not_make_a_contract() -> None:
    with pytest.raises(ArgumentError, match="takes one OCC symbol"):
        _core().contract(OPTION, None, None, None, root="SPY")


@pytest.mark.parametrize("where", ["bid > 0", True, lambda row: row, pl.Series([True])])
def test_a_filter_is_an_expression(where: Any) -> None:
    with pytest.raises(ArgumentError, match="where must be a polars expression"):
        _core().chain(ChainQuery.of("SPY"), where)


@pytest.mark.parametrize(
    ("symbol", "said"),
    [(OPTION, r"use contract\('SPY261218C00600000'\)"), ("SPX", r"use indices\('SPX'\)"), ("I:XYZQ", "use indices")],
)
def test_quotes_say_where_to_ask_for_what_is_no_stock(symbol: str, said: str) -> None:
    with pytest.raises(SymbolError, match=said):
        _core().quotes(["SPY", symbol])


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-12-31", "2026-12-01", r"\(start, end\) is the wrong way round"),
        ("soon", None, "start must be a date"),
        (None, 5, "end must be a date"),
    ],
)
def test_malformed_days_of_expirations_are_named(start: Any, end: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        _core().expirations("SPY", start=start, end=end)


@pytest.mark.parametrize("underlying", [None, 5, "", "SPY/..", "SPXW"])
def test_expirations_of_what_is_no_underlying(underlying: Any) -> None:
    with pytest.raises(SymbolError):
        _core().expirations(underlying, start=None, end=None)


@pytest.mark.parametrize("symbols", [[], None, 5, [None]])
def test_no_symbols_at_all_are_refused(symbols: Any) -> None:
    core = _core()
    with pytest.raises(ArgumentError, match="symbols"):
        core.quotes(symbols)
    with pytest.raises(ArgumentError, match="tickers"):
        core.indices(symbols)
    with pytest.raises(ArgumentError, match="symbols"):
        core.bars(symbols, "1d", "2026-11-02", "2026-11-20", adjust="split", session="regular")


def test_trades_are_of_one_symbol_over_a_span() -> None:
    core = _core()
    with pytest.raises(SymbolError, match="symbol is text"):
        core.trades(["SPY", "QQQ"], "2026-11-02", "2026-11-03")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="start comes after end"):
        core.trades("SPY", "2026-11-03", "2026-11-02")


def test_without_a_source_there_is_no_client() -> None:
    with pytest.raises(ConfigError, match="MASSIVE_API_KEY"):
        _core(Config())


@pytest.mark.parametrize("symbol", ["SPX", "I:SPX", "spx", "I:XYZQ"])
def test_an_index_has_no_trades(symbol: str) -> None:
    with pytest.raises(SymbolError, match=r"an index has no trades: use bars\("):
        _core().trades(symbol, "2026-11-02", "2026-11-03")


@pytest.mark.parametrize("seed", ["7", 7.5, -1, None, True, [7]])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(ArgumentError, match="seed"):
        _core(seed=seed)


@pytest.mark.parametrize("clock", [None, 5, date(2026, 11, 18), b"open"])
def test_a_clock_is_text(clock: Any) -> None:
    with pytest.raises(ArgumentError, match="clock must be text such as 'open'"):
        _core(clock=clock)


@pytest.mark.parametrize("source", [5, b"sim", ["sim"], True, "", "tradier", "simulator"])
def test_a_source_is_one_of_those_there_are(source: Any) -> None:
    with pytest.raises(ConfigError, match="source"):
        Core(source, config=CONFIG, cache_ttl=None, seed=7, clock="open")


# --- keys -----------------------------------------------------------------------------------------------------------


def test_equal_questions_share_an_answer() -> None:
    core = _core()
    assert core.quotes(["spy", "SPY", "BRK/B"]).key == core.quotes(["SPY", "BRK.B"]).key
    assert core.quotes(["SPY", "QQQ"]).key != core.quotes(["QQQ", "SPY"]).key
    assert core.indices("I:SPX").key == core.indices(["spx"]).key
    assert core.chain(ChainQuery.of("SPY", delta=(0.2, 0.4))).key == core.chain(ChainQuery.of("SPY")).key
    days = {"start": date(2026, 12, 1), "end": None}
    assert core.expirations("SPY", **days).key == core.expirations("spy", start="2026-12-01", end=None).key
    assert core.entitlements().key is None


def test_a_filtered_answer_is_filtered_anew_from_the_kept_one(market: Vendor) -> None:
    market.chain("SPY", [contract_row(600.0, kind) for kind in ("call", "put")])
    core = _core()
    assert _answer(core, core.chain(ChainQuery.of("SPY", delta=(0.5, 1.0)))).height == 1
    assert _answer(core, core.chain(ChainQuery.of("SPY"), pl.col("delta") > 0)).height == 1
    assert _answer(core, core.chain(ChainQuery.of("SPY"))).height == 2
    assert len(market.requests) == 1


LACKING = [
    # Without quotes the model has nothing to tell greeks from.
    ({"delta": (0.2, 0.4)}, ["greeks", "last_quote"], "delta needs greeks"),
    ({"max_spread_percent": 5.0}, ["last_quote"], "max_spread_percent needs quotes"),
    # Without puts it has no pairs to tell the price of the underlying from.
    ({"moneyness": (0.9, 1.1)}, ["underlying_asset"], "moneyness needs prices of the underlying"),
]


@pytest.mark.parametrize(("filters", "blocks", "said"), LACKING)
def test_a_filter_by_what_neither_plan_nor_model_gives_is_refused(
    market: Vendor, filters: dict[str, Any], blocks: list[str], said: str
) -> None:
    rows = [contract_row(float(strike), lacking=blocks) for strike in range(590, 610)]
    market.chain("SPY", rows)
    core = _core()
    with pytest.raises(EntitlementError, match=f"{said}, and none of the 20 contracts came with one") as failure:
        _answer(core, core.chain(ChainQuery.of("SPY", **filters)))
    assert failure.value.provider == "massive"
    market.chain("QQQ", rows[1:])
    assert _answer(core, core.chain(ChainQuery.of("QQQ", **filters))).is_empty()  # few rows tell nothing of a plan
    market.chain("DIA", [*rows, contract_row(610.0)])
    assert _answer(core, core.chain(ChainQuery.of("DIA", **filters))).height <= 1


@pytest.mark.parametrize(
    ("filters", "block", "source"),
    [
        ({"delta": (0.0, 1.0)}, "greeks", "greeks_source"),
        ({"moneyness": (0.99, 1.01)}, "underlying_asset", "underlying_source"),
    ],
)
def test_a_filter_by_what_the_model_gives_is_none_of_the_plan(
    market: Vendor, filters: dict[str, Any], block: str, source: str
) -> None:
    # Call and put have one price at 600: that is the forward, which is worth a month's interest less today.
    pairs = [contract_row(float(k), kind, lacking=[block]) for k in range(590, 611) for kind in ("call", "put")]
    for row in pairs:
        is_call, strike = row["details"]["contract_type"] == "call", row["details"]["strike_price"]
        worth = 9.0 + max(0.0, (600.0 - strike) * (1 if is_call else -1))
        row["last_quote"] |= {"bid": worth - 0.1, "ask": worth + 0.1}
    market.chain("SPY", pairs)
    core = _core()
    whole = _answer(core, core.chain(ChainQuery.of("SPY")))
    assert set(whole.get_column(source)) == {"model"}
    spot = 600.0 if block == "greeks" else 600.0 * whole.get_column("discount_factor")[0]
    assert whole.get_column("underlying_price")[0] == pytest.approx(spot, abs=0.3)
    assert _answer(core, core.chain(ChainQuery.of("SPY", **filters))).height >= 10


@pytest.mark.parametrize("where", [pl.col("nothing") > 0, pl.col("bid") > "a", pl.col("bid")])
def test_a_filter_that_cannot_be_applied_says_so(market: Vendor, where: pl.Expr) -> None:
    market.chain("SPY", [contract_row(600.0)])
    core = _core()
    with pytest.raises(ArgumentError, match="where cannot be applied to a chain: "):
        _answer(core, core.chain(ChainQuery.of("SPY"), where))


def test_filters_leave_an_empty_chain_empty(market: Vendor) -> None:
    market.chain("SPY", [])
    market.rows("/v3/reference/options/contracts", [{"expiration_date": "2026-12-18"}])
    core = _core()
    assert _answer(core, core.chain(ChainQuery.of("SPY", dte=(0, 7), min_volume=1), pl.col("bid") > 0)).is_empty()


# --- one contract ---------------------------------------------------------------------------------------------------


def test_a_described_contract_is_found_in_the_chain(market: Vendor) -> None:
    market.chain("SPY", [contract_row(600.0, kind) for kind in ("call", "put")])
    core = _core()
    found = _answer(core, core.contract("SPY", 600, date(2026, 12, 18), "call", root=None))
    assert found.get_column("contract_symbol").to_list() == [OPTION]


def test_a_contract_that_is_not_there_says_where_to_look(market: Vendor) -> None:
    market.chain("SPY", [])
    market.rows("/v3/reference/options/contracts", [{"expiration_date": "2026-12-18"}])
    core = _core()
    with pytest.raises(ContractNotFoundError, match=r"see chain\('SPY', expirations='2026-12-18'\)"):
        _answer(core, core.contract("SPY", 601, "2026-12-18", "call", root=None))


def test_several_roots_are_several_contracts(market: Vendor) -> None:
    market.chain("I:SPX", [contract_row(6000.0, root=root) for root in ("SPX", "SPXW")])
    core = _core()
    with pytest.raises(SymbolError, match="is 2 contracts: SPX261218C06000000, SPXW261218C06000000; name the root"):
        _answer(core, core.contract("SPX", 6000, "2026-12-18", "call", root=None))
    one = _answer(core, core.contract("SPX", 6000, "2026-12-18", "call", root="spxw"))
    assert one.get_column("root_symbol").to_list() == ["SPXW"]


@pytest.mark.parametrize(("ttl", "requests"), [({"contract": 0}, 2), ({"chain": 0}, 1)])
@pytest.mark.parametrize("described", [(OPTION, None, None, None), ("SPY", 600, "2026-12-18", "C")])
def test_a_contract_is_kept_as_long_as_contracts_are(
    market: Vendor, ttl: dict[str, float], requests: int, described: tuple[Any, ...]
) -> None:
    market.chain("SPY", [contract_row(600.0)])
    market.on(f"/v3/snapshot/options/SPY/O:{OPTION}", {"status": "OK", "results": contract_row(600.0)})
    core = _core(cache_ttl=ttl)
    # As the clients do: what is kept is not asked for again.
    for _ in range(2):
        found = _answer(core, core.contract(*described, root=None))
        assert found.get_column("contract_symbol").to_list() == [OPTION]
    assert len(market.paths("/v3/snapshot/options")) == requests


# --- bars of several symbols ----------------------------------------------------------------------------------------


def _offer_bars(market: Vendor, *tickers: str) -> None:
    for ticker in tickers:
        market.on(f"/v2/aggs/ticker/{ticker}/", {"status": "OK", "results": bar_rows(date(2026, 11, 2), 3)})


def _bars(*symbols: str, start: str = "2026-11-02", timeframe: str = "1d") -> pl.DataFrame:
    core = _core()
    answer = _answer(core, core.bars(symbols, timeframe, start, "2026-11-06", adjust="split", session="regular"))
    assert isinstance(answer, pl.DataFrame)
    return answer


def test_bars_of_which_one_symbol_fails_are_told_with_those_of_the_others(market: Vendor) -> None:
    _offer_bars(market, "SPY", "I:SPX")
    with pytest.raises(IncompleteError, match=r"bars of 2 of 3 symbols arrived, then .*") as failure:
        _bars("SPY", "XYZ", "SPX")
    assert type(failure.value.reason) is QuoteNotFoundError
    assert failure.value.received.schema == schema(BARS)
    assert failure.value.received.get_column("symbol").to_list() == ["SPY"] * 3 + ["SPX"] * 3


def test_bars_that_came_in_part_are_kept_with_the_whole_ones(market: Vendor) -> None:
    _offer_bars(market, "SPY")
    first = {"status": "OK", "results": bar_rows(date(2026, 11, 2), 2)}

    def cut(request: Any) -> Any:
        if "cursor" in request.url.params:
            return market.answer(b"{")
        return market.answer({**first, "next_url": f"https://api.polygon.io{request.url.path}?cursor=Yg"})

    market.on("/v2/aggs/ticker/QQQ/", cut)
    with pytest.raises(IncompleteError, match="bars of 1 of 2 symbols arrived, then") as failure:
        _bars("QQQ", "SPY")
    assert type(failure.value.reason) is PayloadError
    assert str(failure.value).count("arrived") == 1
    assert failure.value.received.schema == schema(BARS)
    assert failure.value.received.get_column("symbol").to_list() == ["SPY"] * 3 + ["QQQ"] * 2


def test_when_no_symbol_has_bars_the_first_failure_is_told(market: Vendor) -> None:
    market.on("/v2/aggs/ticker/QQQ/", {"status": "NOT_AUTHORIZED", "message": "upgrade"}, status=403)
    with pytest.raises(QuoteNotFoundError):
        _bars("XYZ", "QQQ")


def test_a_history_that_begins_late_warns(market: Vendor) -> None:
    _offer_bars(market, "SPY")
    with pytest.warns(
        QuantDataWarning, match="SPY: 1d bars begin on 2026-11-02, asked for from 2026-10-26; "
    ) as caught:
        assert _bars("SPY", start="2026-10-26").height == 3
    assert len(caught) == 1


@pytest.mark.parametrize(("symbol", "start"), [("SPY", "2026-10-27"), (OPTION, "2026-10-01")])
def test_a_history_that_begins_within_the_week_or_of_an_option_does_not_warn(
    market: Vendor, symbol: str, start: str
) -> None:
    _offer_bars(market, "SPY", f"O:{OPTION}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _bars(symbol, start=start).height == 3


def test_a_week_that_begins_before_what_was_asked_for_does_not_warn(market: Vendor) -> None:
    _offer_bars(market, "SPY")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _bars("SPY", start="2026-11-04", timeframe="1w").get_column("session").to_list() == [date(2026, 11, 2)]


def test_minutes_that_begin_a_session_late_warn(market: Vendor) -> None:
    opened = {"t": 1_793_802_600_000, "o": 1.0, "h": 1.0, "l": 1.0, "c": 1.0, "v": 1}  # 2026-11-04 14:30 UTC
    market.on("/v2/aggs/ticker/SPY/", {"status": "OK", "results": [opened]})
    with pytest.warns(QuantDataWarning, match="SPY: 5m bars begin on 2026-11-04, asked for from 2026-11-03; "):
        assert _bars("SPY", start="2026-11-03", timeframe="5m").height == 1


def test_bars_that_could_not_be_adjusted_say_so_and_warn() -> None:
    query = BarQuery.of("SPY", "5m", "2026-11-03", "2026-11-06")
    bars = pl.DataFrame(
        {"symbol": ["SPY"], "session": [date(2026, 11, 3)], "adjustment": ["raw"]},
        schema_overrides={"session": pl.Date},
    )
    with pytest.warns(QuantDataWarning, match="SPY: 5m bars are as traded, not adjusted for splits"):
        assert warned_of_lacks([query], lambda _: None, bars).equals(bars)


def test_bars_that_are_kept_for_weeks_alone_warn_of_that_and_not_of_what_they_begin_with() -> None:
    option = BarQuery.of("SPY261218C00600000", "5m", "2026-11-03", "2026-11-20")
    bars = pl.DataFrame(
        {"symbol": [option.symbol], "session": [date(2026, 11, 11)], "adjustment": [option.adjustment]},
        schema_overrides={"session": pl.Date},
    )
    with pytest.warns(QuantDataWarning) as told:
        warned_of_lacks([option], lambda _: date(2026, 11, 10), bars)
    (only,) = told
    assert str(only.message) == (
        "SPY261218C00600000: 5m bars are kept since 2026-11-10, asked for from 2026-11-03; daily ones reach further "
        "back"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warned_of_lacks([option], lambda _: date(2026, 11, 3), bars)


@pytest.mark.parametrize(
    ("start", "session", "is_warned"),
    [
        ("2026-11-07", "regular", False),  # a Saturday
        ("2026-11-06", "regular", True),
        ("2026-11-06T17:00-05:00", "regular", False),  # after the close of Friday
        ("2026-11-06T17:00-05:00", "all", True),
    ],
)
def test_no_warning_speaks_of_days_without_trading(start: str, session: Any, *, is_warned: bool) -> None:
    end = "2026-11-13" if len(start) == 10 else "2026-11-13T16:00-05:00"
    query = BarQuery.of("SPY", "1m", start, end, session=session)
    bars = pl.DataFrame(
        {"symbol": ["SPY"], "session": [date(2026, 11, 9)], "adjustment": ["split"]},
        schema_overrides={"session": pl.Date},
    )
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warned_of_lacks([query], lambda _: date(2026, 11, 9), bars)
    assert bool(told) is is_warned


# --- the provider ---------------------------------------------------------------------------------------------------


def test_one_provider_answers_and_a_closed_one_is_replaced(market: Vendor) -> None:
    market.on(STOCKS, {"status": "OK", "tickers": [stock_row("SPY")]})
    core = _core(cache_ttl={"quotes": 0})
    _answer(core, core.quotes("SPY"))
    first = core._provider
    _answer(core, core.quotes("SPY"))
    assert core._provider is first
    portal.call(core.close())
    portal.call(core.close())
    assert core._provider is None
    _answer(core, core.quotes("SPY"))
    assert core._provider is not first


def test_questions_at_once_connect_once(market: Vendor) -> None:
    market.on(STOCKS, {"status": "OK", "tickers": [stock_row("SPY"), stock_row("QQQ")]})
    core = _core()

    async def both() -> set[int]:
        providers = await asyncio.gather(core.connected(), core.connected())
        return {id(provider) for provider in providers}

    assert len(portal.call(both())) == 1


def test_a_token_connects_to_tradier() -> None:
    core = _core(Config(tradier_access_token=Secret("t0ken"), tradier_base_url="http://127.0.0.1:1/v1"))
    provider = portal.call(core.connected())
    assert (provider.name, core.source) == ("tradier", "tradier")
    portal.call(core.close())


@pytest.mark.parametrize("name", ["massive", "tradier"])
def test_every_provider_is_watched_for_its_client(vendor: Vendor, name: str) -> None:
    vendor.on("/", b"<html>down</html>", status=503)
    core = Core(name, config=BOTH, cache_ttl=None, seed=7, clock="open")
    provider = portal.call(core.connected())
    # With its limiter's leave and without the waits between tries.
    provider._provider._rest._http._sleep = _at_once  # type: ignore[attr-defined]
    with pytest.raises(MaxRetriesError):
        portal.call(provider.market_status())
    (row,) = core.health().rows(named=True)
    assert (row["provider"], row["endpoint"], row["failures"]) == (name, "market_status", 1)
    counted = {metric: value for metric, _, _, _, value, _ in core.metrics().rows()}
    assert (counted["requests"], counted["retries"], counted["failures"]) == (4.0, 3.0, 4.0)
    portal.call(core.close())


def test_what_is_known_outlives_the_connections(market: Vendor) -> None:
    market.on(STOCKS, {"status": "OK", "tickers": [stock_row("SPY")]})
    core = _core(cache_ttl={"quotes": 0})
    for asked in (1, 2):
        _answer(core, core.quotes("SPY"))
        portal.call(core.close())
        assert core.health().get_column("successes").to_list() == [asked]
        assert core.metrics().filter(metric="requests").get_column("value").to_list() == [asked]


def test_after_a_fork_a_client_counts_anew(market: Vendor) -> None:
    market.on(STOCKS, {"status": "OK", "tickers": [stock_row("SPY")]})
    core = _core()
    _answer(core, core.quotes("SPY"))
    core._generation -= 1
    assert core.health().is_empty()
    _answer(core, core.quotes("SPY"))
    core._generation -= 1
    assert core.metrics().is_empty()


def test_a_contract_that_is_not_in_the_chain_names_the_vendor_that_was_asked() -> None:
    core = _core(Config(tradier_access_token=Secret("t0ken")))
    ask = core.contract("SPY", 600, "2026-12-18", "call", root=None)
    with pytest.raises(ContractNotFoundError, match="no contract SPY 2026-12-18 600 call") as failure:
        ask.finish(empty(CHAIN))
    assert failure.value.provider == "tradier"


def test_a_provider_is_one_though_two_wait_for_it_and_both_vendors_are_of_one_market(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, Any]] = []

    def shared(**market: Any) -> SimpleNamespace:
        asked.append(market)
        return SimpleNamespace(base_url="http://127.0.0.1:1", tradier_url="http://127.0.0.1:1/v1")

    monkeypatch.setattr("quantdata.client.connect.sim.shared", shared)
    core = Core("sim", config=Config(), cache_ttl=None, seed=11, clock="live")

    async def both() -> set[int]:
        return {id(provider) for provider in await asyncio.gather(core.connected(), core.connected())}

    assert len(portal.call(both())) == 1
    assert asked == [{"seed": 11, "clock": "live"}] * 4  # `shared` gives the one it has


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> queue.Queue[AsyncMassive]:
    """Tell which clients are closed; those that earlier tests left behind may be meanwhile."""
    told: queue.Queue[AsyncMassive] = queue.Queue()
    close = AsyncMassive.close

    async def closing(provider: AsyncMassive) -> None:
        told.put(provider)
        await close(provider)

    monkeypatch.setattr(AsyncMassive, "close", closing)
    return told


def test_a_client_that_is_collected_hangs_up(closed: queue.Queue[AsyncMassive]) -> None:
    core = _core()
    provider = portal.call(core.connected())._provider  # type: ignore[attr-defined]
    del core
    gc.collect()
    while closed.get(timeout=5) is not provider:
        pass


def test_connections_of_another_process_are_not_hung_up(closed: queue.Queue[AsyncMassive]) -> None:
    core = _core()
    provider = portal.call(core.connected())._provider  # type: ignore[attr-defined]
    _hang_up(provider, core._generation - 1)
    core._generation -= 1
    portal.call(core.close())
    assert provider not in closed.queue


def test_the_plans_rate_is_kept() -> None:
    slow = Config(massive_api_key=Secret("k3y"), massive_requests_per_minute=5.0)
    rates = [portal.call(_core(config).connected()).budgets()[0].per_minute for config in (slow, CONFIG)]
    assert rates == [5.0, 6000.0]


# --- forks ----------------------------------------------------------------------------------------------------------


class _Now(BaseHTTPRequestHandler):
    """Says that the market is open, over connections that stay."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b'{"market":"open","serverTime":"2026-11-18T12:00:00-05:00"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def host() -> Iterator[str]:
    """Return the base URL of a host that keeps its connections open."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Now)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def _printed(script: str, host: str) -> str:
    environment = {**os.environ, "MASSIVE_API_KEY": "k3y", "MASSIVE_BASE_URL": host}
    ran = subprocess.run(
        [sys.executable, "-c", dedent(script)], capture_output=True, text=True, timeout=30, check=False, env=environment
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return ran.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_leaves_the_parents_connections_alone(host: str) -> None:
    # The child ends as any program does, collecting all that it has inherited.
    script = """
        import gc, os, time, warnings
        import quantdata as qd
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork with threads, since Python 3.12
        client = qd.Client("massive", cache_ttl={"market_status": 0})
        print("parent", client.market_status().market, flush=True)
        child = os.fork()
        if child == 0:
            print("child", client.market_status().market, flush=True)
            client.close()
            del client
            gc.collect()
        else:
            assert os.waitpid(child, 0)[1] == 0
            began = time.monotonic()
            print("parent", client.market_status().market, "at once" if time.monotonic() - began < 5 else "late")
    """
    assert _printed(script, host) == "parent open\nchild open\nparent open at once\n"


def test_a_fork_in_which_polars_is_dead_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal, "was_forked", lambda: True)
    assert portal.call(_core().connected()) is not None
    released = threading.Event()

    class Stuck(pl.DataFrame):
        def select(self, *_: Any, **__: Any) -> pl.DataFrame:
            released.wait(5)
            return self

    monkeypatch.setattr("quantdata.client.core.LONGEST_PROBE_S", 0.01)
    monkeypatch.setattr("quantdata.client.core.pl.DataFrame", Stuck)
    with pytest.raises(QuantDataError, match="threads do not survive a fork"):
        portal.call(_core().connected())
    released.set()
