"""What the clients of all vendors have alike: the dividends beside a chain, and rows that are priced and judged."""

from __future__ import annotations

import asyncio
from datetime import date
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import pytest

from quantdata.clients import AsyncMassive, AsyncTradier, ChainQuery
from quantdata.errors import IncompleteError
from quantdata.pricing.rates import RateCurve
from quantdata.symbols import parse_option
from quantdata.wire.retry import RetryPolicy
from tests.unit.conftest import DIVIDENDS, SPLITS, contract_row, index_row
from tests.unit.tradier_vendor import CHAINS, PRODUCTION, SANDBOX, Tradier, index_quote, option_row, stock_quote

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import polars as pl

    from quantdata.clients.vendor import VendorClient
    from tests.unit.conftest import Vendor

AT_ONCE: Final = RetryPolicy(tries=1, first_delay_s=0.0)
DECEMBER: Final = date(2026, 12, 18)
HERE: Final = "http://127.0.0.1:1"
OF_MASSIVE, OF_TRADIER = DIVIDENDS
CONTRACT: Final = parse_option("SPY261218C00600000")
_numbers = count()


@pytest.fixture(autouse=True)
def _paying(market: Vendor) -> None:
    """Let both vendors have a few contracts at the money, on a stock that pays 4 USD next week and on an index."""
    strikes = (590.0, 600.0, 610.0)
    market.chain("SPY", [contract_row(strike, kind) for strike in strikes for kind in ("call", "put")])
    market.rows(f"/v3/snapshot/options/SPY/{CONTRACT.massive}", [])
    market.on(
        f"/v3/snapshot/options/SPY/{CONTRACT.massive}",
        {"status": "OK", "request_id": "6f", "results": contract_row(600.0)},
    )
    market.chain("I:SPX", [contract_row(6000.0, kind, root="SPX") for kind in ("call", "put")])
    market.rows("/v3/snapshot", [index_row("SPX")])
    market.rows(OF_MASSIVE, [{"ticker": "SPY", "ex_dividend_date": "2026-11-25", "cash_amount": 4.0}])
    tradier = Tradier(market)
    tradier.expirations([DECEMBER], roots={"SPX": [DECEMBER]})
    rows = [option_row(strike, kind) for strike in strikes for kind in ("call", "put")]
    tradier.chains([*rows, *(option_row(6000.0, kind, root="SPX") for kind in ("call", "put"))])
    tradier.quotes(stock_quote(), index_quote(), *rows)
    tradier.dividends(("2026-11-25", 4.0))
    market.rows(SPLITS[0], [])
    tradier.splits()


def _made(name: str, **settings: Any) -> AsyncMassive | AsyncTradier:
    key = f"k3y-of-any-vendor-{next(_numbers)}"
    if name == "massive":
        return AsyncMassive(key, base_url=HERE, policy=AT_ONCE, **settings)
    return AsyncTradier(key, base_url=settings.pop("base_url", PRODUCTION), policy=AT_ONCE, **settings)


def _ask(name: str, asking: Callable[[Any], Awaitable[Any]], **settings: Any) -> Any:
    async def asked() -> Any:
        client = _made(name, **settings)
        try:
            return await asking(client)
        finally:
            await client.close()

    return asyncio.run(asked())


async def _chain(client: VendorClient[Any], underlying: str = "SPY") -> pl.DataFrame:
    found: pl.DataFrame = await client.chain(ChainQuery.of(underlying))  # type: ignore[attr-defined]
    return found


def _asked_for_dividends(market: Vendor) -> int:
    """Return how often dividends were asked for, and the splits since them alike."""
    dividends, splits = (
        sum(request.url.path.endswith(paths) for request in market.requests) for paths in (DIVIDENDS, SPLITS)
    )
    assert dividends == splits
    return dividends


VENDORS = pytest.mark.parametrize("name", ["massive", "tradier"])


@VENDORS
def test_a_stock_is_asked_for_its_dividends_once(market: Vendor, name: str) -> None:
    async def asked(client: VendorClient[Any]) -> None:
        for _ in range(3):
            await _chain(client)
        assert (await client.dividends("SPY")).row(0) == (date(2026, 11, 25), 4.0)

    _ask(name, asked)
    assert _asked_for_dividends(market) == 1


@VENDORS
def test_dividends_are_counted_in_todays_shares(market: Vendor, name: str) -> None:
    days = [("2026-11-25", 0.4), ("2026-08-14", 4.0), ("2026-05-15", 8.0)]
    rows = [{"ticker": "SPY", "ex_dividend_date": day, "cash_amount": amount} for day, amount in days]
    market.rows(OF_MASSIVE, [row | {"dividend_type": "CD", "frequency": 4} for row in rows])
    # The last of them is yet to come.
    splits = [("2026-07-01", 1, 2), ("2026-11-18", 1, 10), ("2026-11-20", 1, 100)]
    told = [{"execution_date": day, "split_from": before, "split_to": after} for day, before, after in splits]
    market.rows(SPLITS[0], [{"ticker": "SPY"} | row for row in told])
    Tradier(market).dividends(*days)
    Tradier(market).splits(*splits)
    found = _ask(name, lambda client: client.dividends("SPY"))
    assert found.row(0) == (date(2026, 11, 25), 0.4)
    assert found.get_column("amount").to_list() == pytest.approx([0.4] * 10)


@VENDORS
def test_a_dividend_that_comes_twice_counts_once(market: Vendor, name: str) -> None:
    row = {"ticker": "SPY", "ex_dividend_date": "2026-11-25", "cash_amount": 4.0}
    market.rows(OF_MASSIVE, [row, row])
    Tradier(market).dividends(*[("2026-11-25", 4.0)] * 2)
    found = _ask(name, lambda client: client.dividends("SPY"))
    assert found.get_column("ex_date").is_unique().all()


@VENDORS
def test_a_dividend_is_to_come_until_the_open_of_its_ex_date(market: Vendor, name: str) -> None:
    # A Wednesday, 08:00 in New York: what is quoted is of the day before.
    market.clock = "2026-11-25T13:00:00+00:00"
    assert _ask(name, lambda client: client.dividends("SPY")).row(0) == (date(2026, 11, 25), 4.0)


@VENDORS
@pytest.mark.parametrize("status", [403, 500])
def test_without_the_splits_since_them_there_are_no_dividends(market: Vendor, name: str, status: int) -> None:
    for path in SPLITS:
        market.on(path, b"no", status=status)
    assert _ask(name, lambda client: client.dividends("SPY")).is_empty()


@VENDORS
def test_an_index_is_not(market: Vendor, name: str) -> None:
    assert _ask(name, lambda client: _chain(client, "SPX")).height == 2
    assert _asked_for_dividends(market) == 0


def test_a_plan_of_a_few_requests_a_minute_spends_none_on_them(market: Vendor) -> None:
    assert _ask("massive", _chain, requests_per_minute=5.0).height == 6
    assert _asked_for_dividends(market) == 0


def test_the_sandbox_is_not_asked_for_what_it_has_not(market: Vendor) -> None:
    market.clock = None
    assert _ask("tradier", lambda client: client.dividends("SPY"), base_url=SANDBOX).is_empty()
    assert _asked_for_dividends(market) == 0


@VENDORS
def test_the_model_counts_them_and_the_rates_of_the_client(market: Vendor, name: str) -> None:
    def forward(chain: pl.DataFrame) -> tuple[float, float]:
        calls = chain.filter(strike=600.0, option_type="call")
        return calls.item(0, "discount_factor"), calls.item(0, "model_iv")

    with_dividend, dearer = _ask(name, _chain), _ask(name, _chain, rates=RateCurve.of(0.08))
    market.on(OF_MASSIVE, {"status": "OK", "results": []})
    Tradier(market).dividends()
    without = _ask(name, _chain)
    assert forward(with_dividend)[0] == forward(without)[0] > forward(dearer)[0]
    assert forward(with_dividend)[1] != forward(without)[1]


@VENDORS
@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_chain_does_without_them(market: Vendor, name: str, status: int) -> None:
    for path in DIVIDENDS:
        market.on(path, b"no", status=status)
    chain = _ask(name, _chain)
    assert chain.height == 6
    assert chain.select("confidence", "discount_factor", "forward_price").null_count().row(0) == (0, 0, 0)


@VENDORS
def test_chains_and_contracts_are_judged(name: str) -> None:
    for asking in (_chain, lambda client: client.contract(CONTRACT)):
        found = _ask(name, asking)
        assert found.select("age_s", "confidence", "quality", "is_stale", "errors").null_count().row(0) == (0,) * 5
        assert found.get_column("discount_factor").null_count() == 0


def test_the_part_of_a_chain_that_arrived_is_judged_and_priced(market: Vendor) -> None:
    tradier = Tradier(market)
    january = date(2027, 1, 15)
    tradier.expirations([DECEMBER, january])
    tradier.fails(CHAINS, lambda asked: asked["expiration"] == str(january))
    with pytest.raises(IncompleteError) as failure:
        _ask("tradier", _chain)
    part = failure.value.received
    assert part.height == 6
    assert part.select("confidence", "quality", "forward_price").null_count().row(0) == (0, 0, 0)
    assert part.filter(strike=600.0, option_type="put").item(0, "greeks_source") == "model"
