from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from quantdata.sim.market import Market
from quantdata.sim.tradier.catalog import Catalog, Instrument, Year

if TYPE_CHECKING:
    from quantdata.sim.source import MarketSource

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


@pytest.fixture
def catalog(market: MarketSource) -> Catalog:
    return Catalog(market)


def test_symbols_in_any_case_name_instruments(catalog: Catalog) -> None:
    assert catalog.instrument("spy") == Instrument("SPY", "SPY", "etf")
    assert catalog.instrument("AAPL") == Instrument("AAPL", "AAPL", "stock")
    assert catalog.instrument("SPX") == Instrument("SPX", "SPX", "index")
    option = catalog.instrument("spxw261218c06000000")
    assert option == Instrument(
        "SPXW261218C06000000", "SPXW261218C06000000", "option", underlying="SPX", expiration=date(2026, 12, 18)
    )


@pytest.mark.parametrize(
    "text", ["", "NOPE", "I:SPX", "O:SPY261218C00600000", "SPY   261218C00600000", "TSLA261218C00600000", "SPXW"]
)
def test_what_the_vendor_does_not_know_is_nothing(catalog: Catalog, text: str) -> None:
    assert catalog.instrument(text) is None


def test_a_share_class_has_a_slash() -> None:
    catalog = Catalog(Market())
    assert catalog.instrument("brk/b") == Instrument("BRK/B", "BRK.B", "stock")
    assert catalog.instrument("BRK.B") is None
    assert catalog.chain_of("BRK/B") == ("BRK.B", None)
    assert catalog.chain_of("BRKB") == ("BRK.B", "BRKB")
    assert catalog.chain_of("BRK.B") is None


def test_a_chain_is_asked_by_underlying_or_root(catalog: Catalog) -> None:
    assert catalog.chain_of("spx") == ("SPX", None)
    assert catalog.chain_of("spxw") == ("SPX", "SPXW")
    assert catalog.chain_of("SPY1") == ("SPY", "SPY1")
    assert catalog.chain_of("NOPE") is None
    assert catalog.chain_of("not a root") is None


def test_an_option_has_a_place_while_it_is_listed(catalog: Catalog) -> None:
    listed, unlisted = catalog.instrument("SPY261218P00600000"), catalog.instrument("SPY261218P00601000")
    assert listed is not None
    assert unlisted is not None
    assert catalog.place(listed, NOON) == 1
    assert catalog.place(unlisted, NOON) is None


def test_a_year_is_in_the_shares_of_its_day(catalog: Catalog) -> None:
    spy, aapl = catalog.instrument("SPY"), catalog.instrument("AAPL")
    assert spy is not None
    assert aapl is not None
    # Each day's close is its number in the month, its high one above and its low one below.
    assert catalog.year(spy, date(2026, 11, 18)) == Year(32.0, 0.0, 100)
    # Four for one on the day before: what was traded until then counts a quarter, and four times the shares.
    split = catalog.year(aapl, date(2026, 11, 18))
    assert split.high == 18.0
    assert split.average_volume == 395


def test_before_the_first_day_there_is_no_year() -> None:
    catalog = Catalog(Market())
    spy = catalog.instrument("SPY")
    assert spy is not None
    assert catalog.year(spy, date(2016, 1, 4)) == Year(None, None, 0)
