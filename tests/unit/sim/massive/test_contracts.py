from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from quantdata.sim.massive.contracts import ContractIndex
from quantdata.sim.massive.paging import unpack
from quantdata.sim.massive.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantdata.sim.source import MarketSource

DAY = date(2026, 11, 18)


@pytest.fixture
def index(market: MarketSource) -> ContractIndex:
    return ContractIndex([market.listing("SPX", DAY), market.listing("SPY", DAY)])


def tickers(index: ContractIndex, query: Mapping[str, str]) -> list[str]:
    page = index.page(query, default_limit=250, max_limit=250)
    return [str(index.ticker[position]) for position in page.positions]


def everything(index: ContractIndex, query: Mapping[str, str]) -> list[str]:
    found: list[str] = []
    while True:
        page = index.page(query, default_limit=250, max_limit=250)
        found += [str(index.ticker[position]) for position in page.positions]
        if page.cursor is None:
            return found
        query = unpack({"cursor": page.cursor})


@pytest.mark.parametrize("sort", ["ticker", "underlying_ticker", "expiration_date", "strike_price"])
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", ["1", "2", "3", "7", "8", "250"])
def test_pages_of_any_size_are_the_whole_list_once(index: ContractIndex, sort: str, order: str, limit: str) -> None:
    whole = tickers(index, {"sort": sort, "order": order})
    assert len(whole) == len(set(whole)) == 8
    assert everything(index, {"sort": sort, "order": order, "limit": limit}) == whole


def test_descending_is_ascending_backwards(index: ContractIndex) -> None:
    query = {"sort": "strike_price"}
    assert tickers(index, query | {"order": "desc"}) == tickers(index, query)[::-1]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"strike_price": "600"}, 3),
        ({"strike_price.gte": "602.5"}, 4),
        ({"strike_price.gt": "602.5"}, 2),
        ({"strike_price.lt": "600"}, 1),
        ({"strike_price.lte": "600", "strike_price.gt": "400"}, 3),
        ({"expiration_date": "2027-01-15"}, 1),
        ({"expiration_date.lt": "2027-01-15"}, 7),
        ({"contract_type": "put"}, 2),
        ({"contract_type": "other"}, 0),
        ({"ticker": "O:SPXW261218C06000000"}, 1),
    ],
)
def test_filters_keep_what_they_say(index: ContractIndex, query: dict[str, str], count: int) -> None:
    assert len(tickers(index, query)) == count


def test_filters_survive_the_cursor(index: ContractIndex) -> None:
    query = {"contract_type": "call", "expiration_date": "2026-12-18", "limit": "1", "sort": "strike_price"}
    assert everything(index, query) == [
        "O:SPY1261218C00400000",
        "O:SPY261218C00600000",
        "O:SPY261218C00602500",
        "O:SPX261218C06000000",
        "O:SPXW261218C06000000",
    ]


@pytest.mark.parametrize("sort", ["ticker", "strike_price", "expiration_date"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_cursor_outlives_its_contract(index: ContractIndex, sort: str, order: str) -> None:
    whole = tickers(index, {"sort": sort, "order": order})
    page = index.page({"sort": sort, "order": order, "limit": "3"}, default_limit=250, max_limit=250)
    assert page.cursor is not None
    query = unpack({"cursor": page.cursor}) | {"limit": "250"}
    delisted = query | {"ap": query["ap"][:-1] + ("1" if order == "asc" else "/")}
    assert tickers(index, delisted) == whole[3:]


def test_find_knows_exact_tickers_only(index: ContractIndex) -> None:
    position = index.find("O:SPY261218P00602500")
    assert position is not None
    assert index.terms(position).strike_price == 602.5
    assert index.find("O:SPY261218P00602501") is None
    assert index.find("O:ZZZ") is None


@pytest.mark.parametrize(
    "query",
    [{"sort": "volume"}, {"order": "up"}, {"contract_type": "CALL"}, {"expiration_date": "18.12.2026"}],
)
def test_nonsense_is_a_bad_request(index: ContractIndex, query: dict[str, str]) -> None:
    with pytest.raises(Refusal) as caught:
        tickers(index, query)
    assert caught.value.status == 400
