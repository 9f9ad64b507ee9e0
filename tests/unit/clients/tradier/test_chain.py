"""Chains from Tradier: whole or in error, one request an expiration."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.clients import AsyncTradier, ChainQuery
from quantdata.clients.tradier import chain as module
from quantdata.errors import (
    ArgumentError,
    AuthenticationError,
    DataProviderError,
    IncompleteError,
    PayloadError,
    QuoteNotFoundError,
    UnavailableError,
)
from quantdata.frames.columns import CHAIN, empty, schema
from tests.unit.tradier_vendor import (
    CHAINS,
    CLOCK,
    EXPIRATIONS,
    NOON,
    QUOTES,
    SANDBOX,
    TODAY,
    Tradier,
    ask,
    index_quote,
    option_row,
    stock_quote,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from tests.unit.conftest import Row

NOVEMBER = date(2026, 11, 20)
DECEMBER = date(2026, 12, 18)
JANUARY = date(2027, 1, 15)
DAYS = [NOVEMBER, DECEMBER, JANUARY]


def _rows(days: Sequence[date] = DAYS) -> list[Row]:
    return [
        option_row(strike, kind, expiration=day)
        for day in days
        for strike in (600.0, 590.0, 610.0)
        for kind in ("put", "call")
    ]


def _offer(tradier: Tradier, days: Sequence[date] = DAYS, rows: Sequence[Row] | None = None) -> None:
    tradier.expirations(days)
    tradier.chains(_rows(days) if rows is None else rows)
    tradier.quotes(stock_quote(root_symbols="SPY"))


def _chain(underlying: str = "SPY", *, base_url: str | None = None, **filters: Any) -> pl.DataFrame:
    query = ChainQuery.of(underlying, **filters)
    host = {} if base_url is None else {"base_url": base_url}
    return ask(lambda client: client.chain(query), **host)


def _failure(kind: type[DataProviderError], **filters: Any) -> DataProviderError:
    with pytest.raises(DataProviderError) as failure:
        _chain(**filters)
    assert type(failure.value) is kind
    return failure.value


def _incomplete(**filters: Any) -> IncompleteError:
    failure = _failure(IncompleteError, **filters)
    assert isinstance(failure, IncompleteError)
    return failure


def _asked_days(tradier: Tradier) -> list[str]:
    return sorted(asked["expiration"] for asked in tradier.asked(CHAINS))


# --- whole ----------------------------------------------------------------------------------------------------------


def test_a_chain_is_whole_and_sorted_with_the_canonical_columns(tradier: Tradier) -> None:
    _offer(tradier)
    chain = _chain()
    assert chain.schema == schema(CHAIN)
    assert chain.height == 18
    assert chain.equals(chain.sort("expiration", "root_symbol", "strike", "option_type"))
    assert set(chain.get_column("source")) == {"tradier"}
    assert set(chain.get_column("feed")) == {"simulated"}
    assert set(chain.get_column("snapshot_ts")) == {NOON}


def test_a_cold_chain_costs_one_request_an_expiration_and_two(tradier: Tradier) -> None:
    _offer(tradier)
    _chain()
    assert len(tradier.asked(EXPIRATIONS)) == 1
    assert _asked_days(tradier) == ["2026-11-20", "2026-12-18", "2027-01-15"]
    assert tradier.asked(QUOTES) == [{"symbols": "SPY", "greeks": "false"}]
    assert len(tradier.vendor.requests) == 5
    assert tradier.asked(EXPIRATIONS) == [{"symbol": "SPY", "includeAllRoots": "true"}]
    assert tradier.asked(CHAINS)[0]["greeks"] == "true"


def test_a_warm_chain_costs_the_same_and_asks_for_all_at_once(tradier: Tradier) -> None:
    _offer(tradier)
    query = ChainQuery.of("SPY")

    async def twice(client: AsyncTradier) -> tuple[pl.DataFrame, pl.DataFrame]:
        first = await client.chain(query)
        tradier.vendor.requests.clear()
        return first, await client.chain(query)

    first, second = ask(twice)
    assert first.get_column("contract_symbol").equals(second.get_column("contract_symbol"))
    assert len(tradier.vendor.requests) == 5
    assert tradier.vendor.requests[0].url.path == EXPIRATIONS
    assert {request.url.path for request in tradier.vendor.requests[1:]} == {QUOTES, CHAINS}


def test_the_price_of_the_underlying_comes_with_its_time(tradier: Tradier) -> None:
    _offer(tradier)
    row = _chain().row(0, named=True)
    assert (row["underlying_price"], row["underlying_source"]) == (600.0, "tradier")
    assert row["underlying_ts"].isoformat() == "2026-11-18T16:59:59.500000+00:00"
    assert row["moneyness"] == pytest.approx(590 / 600)


def test_the_price_of_the_underlying_has_no_time_but_that_of_its_trade(tradier: Tradier) -> None:
    _offer(tradier)
    tradier.quotes(stock_quote(trade_date=0))
    assert _chain().select("underlying_price", "underlying_ts").row(0) == (600.0, None)


@pytest.mark.parametrize(
    "quotes", [(), (stock_quote(last=None),), (stock_quote(kind="index"),)], ids=["unknown", "untraded", "an index"]
)
def test_an_underlying_without_a_price_has_the_models(tradier: Tradier, quotes: Sequence[Row]) -> None:
    _offer(tradier)
    tradier.quotes(*quotes)
    chain = _chain()
    assert chain.height == 18
    assert set(chain.get_column("underlying_source")) == {"model"}
    # Call and put of one price at three strikes: the middle one is what parity says.
    assert chain.get_column("underlying_price").to_list() == [pytest.approx(600.0, rel=1e-3)] * 18
    assert chain.get_column("moneyness")[0] == pytest.approx(590 / 600, rel=1e-3)
    # At one strike there is a pair for each day; without any nothing is invented.
    assert set(_chain(strikes=600).get_column("underlying_source")) == {"model"}
    tradier.chains([row for row in _rows() if row["option_type"] == "call"])
    calls = _chain()
    assert calls.height == 9
    assert calls.select("underlying_price", "underlying_ts", "underlying_source", "moneyness").null_count().row(0) == (
        (9,) * 4
    )


def test_no_word_on_the_underlying_is_no_answer(tradier: Tradier) -> None:
    _offer(tradier)
    tradier.on(QUOTES, {"quotes": None})
    with pytest.raises(IncompleteError, match="no quote of SPY, and no word that it is unknown"):
        _chain()


def test_an_index_has_the_contracts_of_all_its_roots(tradier: Tradier) -> None:
    rows = [option_row(6000.0, root=root, underlying="SPX") for root in ("SPXW", "SPX")]
    tradier.expirations([DECEMBER], of="SPX")
    tradier.chains(rows)
    tradier.quotes(index_quote(root_symbols="SPX,SPXW"))
    chain = _chain("SPX")
    assert chain.select("root_symbol", "underlying_symbol", "underlying_price").rows() == [
        ("SPX", "SPX", 6000.0),
        ("SPXW", "SPX", 6000.0),
    ]
    assert len(tradier.vendor.requests) == 3


def test_the_sandbox_says_that_it_is_late(tradier: Tradier) -> None:
    _offer(tradier)
    tradier.vendor.clock = None
    chain = _chain(base_url=SANDBOX, expirations=(date(2026, 12, 1), None))
    assert set(chain.get_column("feed")) == {"delayed"}
    assert {request.url.path.startswith("/sandbox/v1") for request in tradier.vendor.requests} == {True}


def test_a_share_class_is_asked_for_by_the_vendors_name(tradier: Tradier) -> None:
    tradier.expirations([DECEMBER], of="BRK/B")
    tradier.chains([option_row(480.0, root="BRKB", underlying="BRK/B")])
    tradier.quotes(stock_quote("BRK/B", 480.0, kind="stock"))
    chain = _chain("BRK.B")
    assert chain.select("underlying_symbol", "root_symbol", "underlying_price").rows() == [("BRK.B", "BRKB", 480.0)]


# --- what is remembered ---------------------------------------------------------------------------------------------


def _after(tradier: Tradier, days: Sequence[date]) -> tuple[pl.DataFrame, list[str]]:
    """Return the chain, and the days asked for, of a client that has seen `DAYS` when only others are listed."""
    _offer(tradier)
    query = ChainQuery.of("SPY")

    async def twice(client: AsyncTradier) -> pl.DataFrame:
        await client.chain(query)
        _offer(tradier, days)
        tradier.vendor.requests.clear()
        return await client.chain(query)

    chain = ask(twice)
    return chain, _asked_days(tradier)


def test_an_expiration_that_is_gone_is_not_in_the_chain(tradier: Tradier) -> None:
    chain, asked = _after(tradier, [DECEMBER, JANUARY])
    assert set(chain.get_column("expiration")) == {DECEMBER, JANUARY}
    assert asked == ["2026-11-20", "2026-12-18", "2027-01-15"]


def test_an_expiration_that_is_new_is(tradier: Tradier) -> None:
    new = date(2027, 3, 19)
    chain, asked = _after(tradier, [*DAYS, new])
    assert set(chain.get_column("expiration")) == {*DAYS, new}
    assert asked == ["2026-11-20", "2026-12-18", "2027-01-15", "2027-03-19"]


def test_the_failure_of_an_expiration_that_is_gone_is_none(tradier: Tradier) -> None:
    _offer(tradier)
    query = ChainQuery.of("SPY")

    async def twice(client: AsyncTradier) -> pl.DataFrame:
        await client.chain(query)
        _offer(tradier, [DECEMBER, JANUARY])
        tradier.fails(CHAINS, lambda asked: asked["expiration"] == "2026-11-20")
        return await client.chain(query)

    assert ask(twice).height == 12


def test_what_is_remembered_does_not_stand_in_for_a_list_that_fails(tradier: Tradier) -> None:
    _offer(tradier)
    query = ChainQuery.of("SPY")

    async def twice(client: AsyncTradier) -> pl.DataFrame:
        await client.chain(query)
        tradier.fails(EXPIRATIONS)
        return await client.chain(query)

    with pytest.raises(UnavailableError):
        ask(twice)


def test_expirations_are_forgotten_when_there_are_too_many(tradier: Tradier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNDERLYINGS_AT_MOST", 2)
    tradier.expirations([DECEMBER], of="SPY", roots={"QQQ": [DECEMBER], "IWM": [DECEMBER]})
    tradier.clock()

    async def several(client: AsyncTradier) -> list[str]:
        for underlying in ("SPY", "QQQ", "SPY", "IWM"):
            await client.expirations(underlying, start=None, end=None)
        return list(client._chains._known)

    assert ask(several) == ["SPY", "IWM"]


# --- filters --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "days", "height"),
    [
        ({"expirations": DECEMBER}, ["2026-12-18"], 6),
        ({"expirations": (DECEMBER, None)}, ["2026-12-18", "2027-01-15"], 12),
        ({"expirations": (None, DECEMBER)}, ["2026-11-20", "2026-12-18"], 12),
        ({"dte": (0, 2)}, ["2026-11-20"], 6),
        ({"dte": (3, 40)}, ["2026-12-18"], 6),
        ({"option_type": "put", "expirations": DECEMBER}, ["2026-12-18"], 6),
        ({"strikes": (590, 600), "expirations": DECEMBER}, ["2026-12-18"], 4),
        ({"strikes": 1.0, "expirations": DECEMBER}, ["2026-12-18"], 0),
    ],
)
def test_only_the_days_that_are_wanted_are_asked_for(
    tradier: Tradier, filters: dict[str, Any], days: list[str], height: int
) -> None:
    _offer(tradier)
    chain = _chain(**filters)
    assert _asked_days(tradier) == days
    assert chain.height == height
    expected = _chain().filter(ChainQuery.of("SPY", **filters).vendor_part(NOON))
    assert chain.get_column("contract_symbol").to_list() == expected.get_column("contract_symbol").to_list()


def test_a_range_without_expirations_is_an_empty_chain(tradier: Tradier) -> None:
    _offer(tradier)
    chain = _chain(dte=(3, 4))
    assert chain.equals(empty(CHAIN))
    assert _asked_days(tradier) == []


def test_days_that_are_over_are_not_asked_for_even_when_listed(tradier: Tradier) -> None:
    _offer(tradier, [date(2026, 11, 17), DECEMBER])
    assert set(_chain().get_column("expiration")) == {DECEMBER}
    assert _asked_days(tradier) == ["2026-12-18"]


def test_a_chain_of_expired_contracts_is_not_asked_for(tradier: Tradier) -> None:
    _offer(tradier)
    with pytest.raises(ArgumentError, match=r"end on 2026-11-17, before today \(2026-11-18\)"):
        _chain(expirations=(None, date(2026, 11, 17)))
    assert _asked_days(tradier) == []


# --- in part or not at all ------------------------------------------------------------------------------------------


def test_a_failing_expiration_hands_over_the_chain_of_the_others(tradier: Tradier) -> None:
    _offer(tradier)
    tradier.fails(CHAINS, lambda asked: asked["expiration"] == "2026-12-18")
    failure = _incomplete()
    assert isinstance(failure.reason, UnavailableError)
    assert failure.__cause__ is failure.reason
    assert (failure.endpoint, failure.status) == (CHAINS, 503)
    assert failure.received.schema == schema(CHAIN)
    assert set(failure.received.get_column("expiration")) == {NOVEMBER, JANUARY}
    assert failure.received.get_column("underlying_price").to_list() == [600.0] * 12
    assert str(failure).startswith(f"tradier: 12 contracts arrived, then tradier: {CHAINS}: ")


def test_without_its_underlying_a_chain_is_not_whole(tradier: Tradier) -> None:
    _offer(tradier)
    tradier.on(QUOTES, b"", status=503)
    failure = _incomplete()
    assert failure.endpoint == QUOTES
    assert failure.received.height == 18
    assert set(failure.received.get_column("underlying_source")) == {"model"}


def test_when_no_contract_arrived_the_failure_is_the_vendors_own(tradier: Tradier) -> None:
    _offer(tradier)
    tradier.on(CHAINS, b"", status=503)
    assert _failure(UnavailableError).endpoint == CHAINS


def test_a_range_without_expirations_is_no_chain_either_when_the_underlying_fails(tradier: Tradier) -> None:
    _offer(tradier)
    tradier.on(QUOTES, b"Invalid Access Token", status=401)
    assert _failure(AuthenticationError, dte=(3, 4)).endpoint == QUOTES


def test_when_the_list_fails_nothing_else_is_asked(tradier: Tradier) -> None:
    _offer(tradier)
    tradier.on(EXPIRATIONS, b"Invalid Access Token", status=401)
    _failure(AuthenticationError)
    assert len(tradier.vendor.requests) == 1


def test_an_underlying_without_options_is_not_found(tradier: Tradier) -> None:
    _offer(tradier, [])
    assert str(_failure(QuoteNotFoundError)) == "tradier lists no options on SPY; check the symbol"


@pytest.mark.parametrize("items", [["soon"], [None], [{"date": "2026-12-18"}]])
def test_a_list_of_something_else_is_a_payload_error(tradier: Tradier, items: list[object]) -> None:
    _offer(tradier)
    tradier.on(EXPIRATIONS, {"expirations": {"date": items}})
    assert "the rows of /v1/markets/options/expirations are not what they should be" in str(_failure(PayloadError))


# --- expirations without contracts ----------------------------------------------------------------------------------


def test_what_expires_today_may_be_taken_off_already(tradier: Tradier) -> None:
    _offer(tradier, [TODAY, DECEMBER], _rows([DECEMBER]))
    assert set(_chain().get_column("expiration")) == {DECEMBER}


def test_a_chain_of_today_alone_may_be_empty(tradier: Tradier) -> None:
    _offer(tradier, [TODAY], [])
    chain = _chain()
    assert (chain.schema, chain.height) == (schema(CHAIN), 0)


def test_a_listed_expiration_without_contracts_is_asked_for_once_more(tradier: Tradier) -> None:
    _offer(tradier)
    gone = [tradier.vendor.answer({"options": None})]
    good = tradier.vendor.answering(CHAINS)
    tradier.on(
        CHAINS,
        lambda request: gone.pop() if gone and request.url.params["expiration"] == "2026-12-18" else good(request),
    )
    assert _chain().height == 18
    assert _asked_days(tradier) == ["2026-11-20", "2026-12-18", "2026-12-18", "2027-01-15"]


def test_a_listed_expiration_without_contracts_makes_the_chain_incomplete(tradier: Tradier) -> None:
    _offer(tradier, DAYS, _rows([NOVEMBER, JANUARY]))
    failure = _incomplete()
    assert isinstance(failure.reason, PayloadError)
    assert "no contracts of 2026-12-18, which is listed as an expiration of SPY" in str(failure)
    assert failure.received.height == 12


def test_when_no_expiration_has_contracts_there_is_no_chain(tradier: Tradier) -> None:
    _offer(tradier, [DECEMBER], [])
    assert "no contracts of 2026-12-18" in str(_failure(PayloadError))


def test_a_day_that_fails_the_second_time_is_told_by_its_failure(tradier: Tradier) -> None:
    _offer(tradier)
    answers = [tradier.vendor.answer(b"", status=503), tradier.vendor.answer({"options": None})]
    tradier.unless(CHAINS, lambda asked: asked["expiration"] == "2026-12-18", lambda _: answers.pop())
    failure = _incomplete()
    assert isinstance(failure.reason, UnavailableError)


# --- roots that did not show ----------------------------------------------------------------------------------------


def _two_roots(tradier: Tradier, roots: dict[str, Sequence[date]]) -> None:
    """Offer an index whose chains hold the first root alone, unless the other is asked for by name."""
    rows = [option_row(6000.0, root=root, underlying="SPX", expiration=day) for root in ("SPX", "SPXW") for day in DAYS]
    tradier.expirations(DAYS, of="SPX", roots=roots)
    tradier.chains(rows)
    good = tradier.vendor.answering(CHAINS)
    tradier.on(
        CHAINS,
        lambda request: (
            _only(tradier, rows, "SPX", request.url.params["expiration"])
            if request.url.params["symbol"] == "SPX"
            else good(request)
        ),
    )
    tradier.quotes(index_quote(root_symbols="SPX,SPXW"))


def _only(tradier: Tradier, rows: Sequence[Row], root: str, day: str) -> Any:
    found = [row for row in rows if row["root_symbol"] == root and row["expiration_date"] == day]
    return tradier.vendor.answer({"options": {"option": found}})


def test_a_chain_that_is_incomplete_anyway_asks_for_nothing_more(tradier: Tradier) -> None:
    # What follows would wait as long as a refusal told, and mend nothing.
    _two_roots(tradier, {"SPXW": [NOVEMBER, DECEMBER]})
    tradier.unless(
        CHAINS,
        lambda asked: asked["expiration"] == NOVEMBER.isoformat(),
        lambda _: tradier.vendor.answer(b"Not for you", status=403),
    )
    assert _incomplete(underlying="SPX").received.height > 0
    assert [asked["symbol"] for asked in tradier.asked(EXPIRATIONS)] == ["SPX"]


def test_a_root_that_did_not_show_is_asked_for_by_name(tradier: Tradier) -> None:
    _two_roots(tradier, {"SPXW": [NOVEMBER, DECEMBER, date(2030, 1, 18)]})
    chain = _chain("SPX")
    assert chain.group_by("root_symbol", maintain_order=True).len().rows() == [("SPX", 3), ("SPXW", 2)]
    assert [asked["symbol"] for asked in tradier.asked(EXPIRATIONS)] == ["SPX", "SPXW"]


def test_a_root_that_the_vendor_lists_nothing_of_is_left_at_that(tradier: Tradier) -> None:
    _two_roots(tradier, {})
    assert set(_chain("SPX").get_column("root_symbol")) == {"SPX"}


def test_a_root_that_fails_makes_the_chain_incomplete(tradier: Tradier) -> None:
    _two_roots(tradier, {"SPXW": [NOVEMBER]})
    tradier.fails(EXPIRATIONS, lambda asked: asked["symbol"] == "SPXW")
    with pytest.raises(IncompleteError) as failure:
        _chain("SPX")
    assert failure.value.received.height == 3


def test_days_of_which_nothing_came_are_asked_of_a_root_that_has_no_list(tradier: Tradier) -> None:
    _two_roots(tradier, {})
    tradier.unless(
        CHAINS,
        lambda asked: asked["symbol"] == "SPX" and asked["expiration"] == "2027-01-15",
        lambda _: tradier.vendor.answer({"options": None}),
    )
    chain = _chain("SPX")
    assert chain.select("root_symbol", "expiration").rows() == [
        ("SPX", NOVEMBER),
        ("SPX", DECEMBER),
        ("SPXW", JANUARY),
    ]


# --- rows that contradict the question or themselves ----------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        option_row(620.0, expiration=JANUARY),
        option_row(620.0, underlying="QQQ"),
        option_row(620.0, expiration_date="2026-12-19"),
    ],
    ids=["another day", "another underlying", "another day of its own"],
)
def test_contracts_that_were_not_asked_for_are_a_payload_error(tradier: Tradier, row: Row) -> None:
    _offer(tradier, [DECEMBER])
    tradier.on(CHAINS, {"options": {"option": [*_rows([DECEMBER]), row]}})
    assert f"contracts that were not asked for, {row['symbol']} first" in str(_failure(PayloadError))


def test_another_days_contracts_make_the_chain_incomplete(tradier: Tradier) -> None:
    _offer(tradier)
    tradier.unless(
        CHAINS,
        lambda asked: asked["expiration"] == "2026-12-18",
        lambda _: tradier.vendor.answer({"options": {"option": _rows([JANUARY])}}),
    )
    failure = _incomplete()
    assert isinstance(failure.reason, PayloadError)
    assert failure.received.height == 12


def test_a_contract_that_comes_twice_is_a_payload_error(tradier: Tradier) -> None:
    _offer(tradier, [DECEMBER], [*_rows([DECEMBER]), option_row(600.0)])
    assert "1 of 7 contracts came twice" in str(_failure(PayloadError))


@pytest.mark.parametrize("fields", [{"strike": 100.5}, {"option_type": "put"}, {"symbol": "SPY261219C00620000"}])
def test_a_row_that_says_other_than_its_symbol_is_a_payload_error(tradier: Tradier, fields: Row) -> None:
    bent = option_row(620.0) | fields
    _offer(tradier, [DECEMBER], [*_rows([DECEMBER]), bent])
    assert f"1 contracts, {bent['symbol']} first, say other than their symbols" in str(_failure(PayloadError))


def test_contracts_without_any_name_are_a_payload_error(tradier: Tradier) -> None:
    _offer(tradier, [DECEMBER], [row | {"symbol": ""} for row in _rows([DECEMBER])])
    assert "6 contracts came without a symbol" in str(_failure(PayloadError))


@pytest.mark.parametrize("body", [{"options": {"option": [1]}}, {"quotes": None}, {"options": {"quote": []}}, b"{"])
def test_rows_that_are_none_are_a_payload_error(tradier: Tradier, body: object) -> None:
    _offer(tradier, [DECEMBER])
    tradier.on(CHAINS, body)
    _failure(PayloadError)


@pytest.mark.parametrize(
    "quotes",
    [[stock_quote("QQQ")], [stock_quote(), stock_quote()], [stock_quote() | {"symbol": None}]],
    ids=["another", "twice", "nameless"],
)
def test_a_quote_of_another_underlying_or_twice_is_no_price(tradier: Tradier, quotes: list[Row]) -> None:
    _offer(tradier)
    tradier.on(QUOTES, {"quotes": {"quote": quotes}})
    failure = _incomplete()
    assert isinstance(failure.reason, PayloadError)
    assert set(failure.received.get_column("underlying_source")) == {"model"}


def test_a_vendors_present_is_not_asked_for(tradier: Tradier) -> None:
    _offer(tradier)
    _chain()
    assert tradier.asked(CLOCK) == []


def test_a_chain_counts_its_days_from_the_hosts_own(tradier: Tradier) -> None:
    _offer(tradier)
    tradier.vendor.clock = datetime(2026, 11, 19, 17, tzinfo=NOON.tzinfo).isoformat()
    assert _chain(expirations=NOVEMBER).get_column("dte").to_list() == [1] * 6
