"""Chains from Massive: whole or in error, in parallel or page by page."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.clients import AsyncMassive, ChainQuery, tiles
from quantdata.clients.massive import chain as module
from quantdata.errors import (
    ArgumentError,
    DataProviderError,
    EntitlementError,
    IncompleteError,
    PayloadError,
    UnavailableError,
)
from quantdata.frames.columns import CHAIN, schema
from quantdata.wire.retry import RetryPolicy
from tests.unit.conftest import NOON, contract_row

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    import polars as pl

    from tests.unit.conftest import Row, Vendor

SPY = "/v3/snapshot/options/SPY"
# One try, and one more without a wait for an answer that cannot be read.
AT_ONCE = RetryPolicy(tries=1, first_delay_s=0.0)
NOON_TODAY = datetime.fromisoformat(NOON)
THOUSAND = [contract_row(float(strike), kind) for strike in range(400, 900) for kind in ("call", "put")]


def _chains(*queries: ChainQuery, requests_per_minute: float = 6000.0) -> list[pl.DataFrame]:
    async def ask() -> list[pl.DataFrame]:
        massive = AsyncMassive(
            "k3y", base_url="http://127.0.0.1:1", requests_per_minute=requests_per_minute, policy=AT_ONCE
        )
        return [await massive.chain(query) for query in queries]

    return asyncio.run(ask())


def _chain(requests_per_minute: float = 6000.0, **filters: Any) -> pl.DataFrame:
    return _chains(ChainQuery.of("SPY", **filters), requests_per_minute=requests_per_minute)[0]


def _failure(kind: type[DataProviderError], requests_per_minute: float = 6000.0, **filters: Any) -> DataProviderError:
    with pytest.raises(DataProviderError) as failure:
        _chain(requests_per_minute, **filters)
    assert type(failure.value) is kind
    return failure.value


def _unless(vendor: Vendor, is_bad: Callable[[httpx.Request], bool], *, status: int = 503) -> None:
    """Let the chain fail for some requests."""
    answer = vendor.answering(SPY)
    vendor.on(SPY, lambda request: vendor.answer(b"", status=status) if is_bad(request) else answer(request))


# --- whole ----------------------------------------------------------------------------------------------------------


def test_a_chain_is_whole_and_sorted_with_the_canonical_columns(market: Vendor) -> None:
    market.chain("SPY", THOUSAND)
    chain = _chain()
    assert chain.schema == schema(CHAIN)
    assert chain.height == 1000
    assert chain.get_column("contract_symbol").n_unique() == 1000
    assert chain.equals(chain.sort("expiration", "root_symbol", "strike", "option_type"))


def test_the_next_load_is_planned_and_needs_fewer_requests(market: Vendor) -> None:
    market.chain("SPY", THOUSAND)
    query = ChainQuery.of("SPY")
    first, second = _chains(query, query)
    assert first.get_column("contract_symbol").equals(second.get_column("contract_symbol"))
    both = len(market.requests)
    market.requests.clear()
    _chains(query)
    assert both - len(market.requests) == 5  # 1000 contracts in tiles of at most 240
    assert len(market.requests) > 5


def test_a_stale_plan_loses_nothing(market: Vendor) -> None:
    market.chain("SPY", THOUSAND[:500])

    async def ask() -> list[int]:
        massive = AsyncMassive("k3y", base_url="http://127.0.0.1:1", policy=AT_ONCE)
        heights = [(await massive.chain(ChainQuery.of("SPY"))).height]
        market.chain("SPY", THOUSAND)
        return [*heights, (await massive.chain(ChainQuery.of("SPY"))).height]

    assert asyncio.run(ask()) == [500, 1000]


def test_plans_are_forgotten_when_there_are_too_many(market: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLANS_AT_MOST", 2)
    market.chain("SPY", THOUSAND[:2])

    async def ask() -> int:
        massive = AsyncMassive("k3y", base_url="http://127.0.0.1:1", policy=AT_ONCE)
        for low in (1, 2, 3):
            await massive.chain(ChainQuery.of("SPY", strikes=(low, None)))
        return len(massive._chains._plans)

    assert asyncio.run(ask()) == 2


def test_a_slow_plan_goes_page_by_page(market: Vendor) -> None:
    market.chain("SPY", THOUSAND)
    assert _chain(requests_per_minute=59.0).height == 1000
    assert len(market.requests) == 4
    assert all("cursor" in request.url.params for request in market.requests[1:])


# --- filters --------------------------------------------------------------------------------------------------------

MIXED = [
    contract_row(strike, kind, expiration=expiration)
    for strike in (560.0, 580.0, 600.0, 620.0)
    for kind in ("call", "put")
    for expiration in ("2026-11-18", "2026-12-18", "2027-01-15")
]


@pytest.mark.parametrize(
    ("filters", "sent"),
    [
        ({}, {}),
        ({"option_type": "put"}, {}),  # calls without their puts would tell no forward
        ({"strikes": (570, 600)}, {"strike_price.gte": "570", "strike_price.lt": "600.001"}),
        ({"strikes": (595.99996, 600.00004)}, {"strike_price.gte": "596", "strike_price.lt": "600.001"}),
        ({"expirations": "2026-12-18"}, {"expiration_date": "2026-12-18"}),
        (
            {"expirations": ("2026-12-01", "2027-01-15")},
            {"expiration_date.gte": "2026-12-01", "expiration_date.lte": "2027-01-15"},
        ),
        ({"expirations": (None, "2026-12-18")}, {"expiration_date.lte": "2026-12-18"}),
        ({"dte": 0}, {"expiration_date": "2026-11-18"}),
        ({"dte": (1, None)}, {"expiration_date.gte": "2026-11-19"}),
    ],
)
def test_what_the_vendor_filters_is_sent_to_it(market: Vendor, filters: dict[str, Any], sent: dict[str, str]) -> None:
    market.chain("SPY", MIXED)
    market.on("/v1/marketstatus/now", {})
    chain = _chain(**filters)
    params = dict(market.requests[-1].url.params)
    assert {name: value for name, value in params.items() if name not in ("sort", "order", "limit")} == sent
    expected = _chain().filter(ChainQuery.of("SPY", **filters).vendor_part(NOON_TODAY))
    assert chain.get_column("contract_symbol").to_list() == expected.get_column("contract_symbol").to_list()
    assert chain.height > 0


def test_days_to_expiry_count_from_the_hosts_own_day(market: Vendor) -> None:
    market.chain("SPY", MIXED)
    market.on("/v1/marketstatus/now", {})
    assert set(_chain(dte=0).get_column("expiration")) == {date(2026, 11, 18)}
    assert market.paths()[0] == "/v1/marketstatus/now"


@pytest.mark.parametrize("expirations", ["2026-11-17", (None, "2026-11-17"), ("2026-01-01", "2026-11-17")])
def test_a_chain_of_expired_contracts_is_not_asked_for(
    market: Vendor, expirations: str | tuple[str | None, str]
) -> None:
    market.chain("SPY", MIXED)
    market.on("/v1/marketstatus/now", {})
    with pytest.raises(ArgumentError, match=r"end on 2026-11-17, before today \(2026-11-18\)") as failure:
        _chain(dte=(0, 400), expirations=expirations)
    assert "bars() and trades()" in str(failure.value)
    assert market.paths(SPY) == []


def test_a_vendor_is_not_asked_for_what_has_expired(vendor: Vendor) -> None:
    vendor.chain("SPY", MIXED)
    with pytest.raises(ArgumentError, match="a chain holds live contracts"):
        _chain(expirations=("2020-01-01", "2020-01-17"))
    assert vendor.paths("options") == []


@pytest.mark.parametrize(
    "filters",
    [
        {"strikes": (570, 600)},
        {"expirations": "2026-12-18"},
        {"expirations": ("2026-12-18", None)},
        {"expirations": (None, "2026-12-18")},
    ],
)
def test_an_answer_to_another_question_is_refused(market: Vendor, filters: dict[str, Any]) -> None:
    market.rows(SPY, MIXED)
    assert "not asked for" in str(_failure(PayloadError, **filters))


def test_filters_lost_after_the_first_page_are_noticed(market: Vendor) -> None:
    cursor = {"next_url": f"https://api.polygon.io{SPY}?cursor=Yg"}
    first = {"status": "OK", "results": [contract_row(100.0)], **cursor}
    lost = {"status": "OK", "results": [contract_row(200.0)]}
    market.on(SPY, lambda request: market.answer(lost if "cursor" in request.url.params else first))
    failure = _failure(IncompleteError, strikes=(90, 110))
    assert isinstance(failure, IncompleteError)
    assert isinstance(failure.reason, PayloadError)


# --- in part or not at all ------------------------------------------------------------------------------------------


def test_a_failing_part_hands_over_the_chain_of_the_rest(market: Vendor) -> None:
    market.chain("SPY", THOUSAND)
    _unless(market, lambda request: "strike_price.lt" in request.url.params)
    failure = _failure(IncompleteError)
    assert isinstance(failure, IncompleteError)
    assert isinstance(failure.reason, UnavailableError)
    assert failure.__cause__ is failure.reason
    assert failure.received.schema == schema(CHAIN)
    assert 0 < failure.received.height < 1000
    assert str(failure).startswith(f"massive: {failure.received.height:,} contracts arrived, then massive: {SPY}: ")
    assert str(failure).count("nothing shorter") == 1


def test_a_slow_plans_failing_page_hands_over_the_pages_before_it(market: Vendor) -> None:
    market.chain("SPY", THOUSAND)
    pages = iter(range(10))
    _unless(market, lambda _: next(pages) == 2)
    failure = _failure(IncompleteError, 59.0)
    assert isinstance(failure, IncompleteError)
    assert failure.received.height == 500
    assert str(failure).count("arrived") == 1


def test_one_strike_of_many_pages_may_fail_in_part_too(market: Vendor) -> None:
    days = [f"2027-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]
    market.chain("SPY", [contract_row(600.0, kind, expiration=day) for day in days for kind in ("call", "put")])
    _unless(market, lambda request: "cursor" in request.url.params)
    failure = _failure(IncompleteError)
    assert isinstance(failure, IncompleteError)
    assert failure.received.height == 250


@pytest.mark.parametrize("requests_per_minute", [59.0, 6000.0])
def test_when_nothing_arrived_the_failure_is_the_vendors_own(market: Vendor, requests_per_minute: float) -> None:
    market.on(SPY, {"status": "NOT_AUTHORIZED", "message": "upgrade"}, status=403)
    assert "not in this key's plan" in str(_failure(EntitlementError, requests_per_minute))


@pytest.mark.parametrize("requests_per_minute", [59.0, 6000.0])
def test_a_contract_that_comes_twice_is_a_payload_error(market: Vendor, requests_per_minute: float) -> None:
    market.rows(SPY, [contract_row(100.0), contract_row(100.0), contract_row(101.0)])
    assert "1 of 3 contracts came twice" in str(_failure(PayloadError, requests_per_minute))


def test_contracts_without_a_name_do_not_refuse_the_chain(market: Vendor) -> None:
    # Nobody can tell whether they are one: they stay as rows, which validation judges.
    nameless = contract_row(101.0)
    nameless["details"].pop("ticker")
    market.rows(SPY, [contract_row(100.0), nameless, nameless])
    chain = _chain()
    assert chain.height == 3
    assert chain.get_column("contract_symbol").null_count() == 2


# As without a sort: by name, so by expiration, type and strike.
BY_NAME = sorted(
    (contract_row(float(strike), kind, expiration=day)
     for strike in range(400, 600) for kind in ("call", "put") for day in ("2026-12-18", "2027-01-15")),
    key=lambda row: row["details"]["ticker"],
)  # fmt: skip


@pytest.mark.parametrize("requests_per_minute", [59.0, 6000.0])
def test_pages_that_do_not_rise_are_a_payload_error(market: Vendor, requests_per_minute: float) -> None:
    market.chain("SPY", BY_NAME, losing="sort")
    assert "the vendor lost the sort" in str(_failure(PayloadError, requests_per_minute))


def test_pages_that_rise_where_they_should_fall_are_a_payload_error(market: Vendor) -> None:
    market.chain("SPY", BY_NAME, losing="order")
    failure = _failure(IncompleteError)
    assert isinstance(failure, IncompleteError)
    assert isinstance(failure.reason, PayloadError)
    assert "the vendor lost the sort" in str(failure)
    assert "desc" in {request.url.params.get("order") for request in market.requests}


def test_a_page_out_of_order_after_the_first_is_noticed(market: Vendor) -> None:
    first = {"status": "OK", "results": [contract_row(100.0)], "next_url": f"https://api.polygon.io{SPY}?cursor=Yg"}
    unsorted = {"status": "OK", "results": [contract_row(102.0), contract_row(101.0)]}
    market.on(SPY, lambda request: market.answer(unsorted if "cursor" in request.url.params else first))
    failure = _failure(IncompleteError, 59.0)
    assert isinstance(failure, IncompleteError)
    assert isinstance(failure.reason, PayloadError)
    assert failure.received.height == 1


@pytest.mark.parametrize("content", [{}, {"status": "OK"}, {"status": "OK", "results": {}}, {"detail": "hello"}])
def test_an_answer_without_rows_is_no_empty_chain(market: Vendor, content: Row) -> None:
    market.on(SPY, content)
    _failure(PayloadError)


def test_rows_that_are_none_are_a_payload_error(market: Vendor) -> None:
    market.rows(SPY, [{"details": "none"}])
    assert "are not what they should be" in str(_failure(PayloadError))


# --- provenance -----------------------------------------------------------------------------------------------------


def test_one_delayed_page_makes_a_delayed_chain(vendor: Vendor) -> None:
    vendor.chain("SPY", THOUSAND, status="DELAYED")
    assert set(_chain().get_column("feed")) == {"delayed"}


def test_a_simulators_chain_says_so(market: Vendor) -> None:
    market.chain("SPY", THOUSAND[:4])
    chain = _chain()
    assert set(chain.get_column("feed")) == {"simulated"}
    assert chain.get_column("snapshot_ts")[0].isoformat() == "2026-11-18T17:00:00+00:00"


# --- rows that contradict themselves --------------------------------------------------------------------------------


def _with(row: Row, block: str = "details", **fields: object) -> Row:
    return {**row, block: {**row[block], **fields}}


@pytest.mark.parametrize("requests_per_minute", [59.0, 6000.0])
@pytest.mark.parametrize(
    "fields", [{"strike_price": 100.5}, {"expiration_date": "2027-01-15"}, {"contract_type": "put"}]
)
def test_a_row_that_says_other_than_its_symbol_is_a_payload_error(
    market: Vendor, fields: Row, requests_per_minute: float
) -> None:
    market.rows(SPY, [contract_row(99.0), _with(contract_row(100.0), **fields), contract_row(101.0)])
    failure = _failure(PayloadError, requests_per_minute)
    assert "1 contracts, SPY261218C00100000 first, say other than their symbols" in str(failure)


@pytest.mark.parametrize(
    "fields",
    [
        {"contract_type": "other"},
        {"contract_type": None},
        {"expiration_date": None},
        {"strike_price": None},
        {"ticker": None},
        {"ticker": ""},
        {"ticker": "O:SPY"},
        {"ticker": "O:spy261218c00100000"},
        {"ticker": "O:SPY261218C000100000"},
    ],
)
def test_what_a_row_does_not_say_does_not_contradict_its_symbol(market: Vendor, fields: Row) -> None:
    market.rows(SPY, [contract_row(99.0), _with(contract_row(100.0), **fields), contract_row(101.0)])
    assert _chain().height == 3


@pytest.mark.parametrize("strike", [0.5, 2.505, 1105.0, 12345.678, 99_999.999])
def test_every_strike_that_a_symbol_can_spell_agrees_with_it(market: Vendor, strike: float) -> None:
    market.rows(SPY, [contract_row(strike)])
    assert _chain().get_column("strike").to_list() == [strike]


@pytest.mark.parametrize("root", ["VVIX", "SPY1", "ZZZZZ", "SPXW"])
def test_a_root_that_cannot_be_the_underlyings_leaves_the_others_alone(market: Vendor, root: str) -> None:
    market.rows(SPY, [contract_row(99.0), contract_row(100.0, root=root)])
    chain = _chain()
    assert set(chain.get_column("root_symbol")) == {"SPY", root}
    assert chain.filter(chain.get_column("root_symbol") == "SPY").get_column("bid").to_list() == [9.0]


@pytest.mark.parametrize("requests_per_minute", [59.0, 6000.0])
def test_rows_on_another_underlying_are_a_payload_error(market: Vendor, requests_per_minute: float) -> None:
    own = _with(contract_row(100.0), "underlying_asset", ticker="SPY")
    market.rows(SPY, [own, contract_row(101.0)])
    assert _chain(requests_per_minute).height == 2  # who does not say is believed
    market.rows(SPY, [own, _with(contract_row(101.0), "underlying_asset", ticker="QQQ")])
    assert "the vendor lost the filters" in str(_failure(PayloadError, requests_per_minute))


def test_a_chain_that_is_not_whole_after_all_requests_is_none(market: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "REQUESTS_AT_MOST", 5)
    market.chain("SPY", THOUSAND)
    failure = _failure(IncompleteError)
    assert isinstance(failure, IncompleteError)
    assert type(failure.reason) is PayloadError
    assert "a chain that is not whole after 5 requests is none" in str(failure)
    # Those that were about to leave when there was one too many are called off.
    assert 2 <= len(market.requests) <= 5
