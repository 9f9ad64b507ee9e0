"""Massive, Tradier and both together, before the simulated market, keep what the provider protocols promise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from typing import TYPE_CHECKING, Final, Literal

import pytest

from quantdata import portal
from quantdata.clients import AsyncMassive, AsyncTradier
from quantdata.clients.records import Records
from quantdata.clients.watched import Watched
from quantdata.hybrid import AsyncHybrid
from quantdata.pricing.rates import DEFAULT_RATE, RateCurve
from tests.contract.conformance import (
    BarQuestions,
    ChainQuestions,
    ContractQuestions,
    CorporateActionQuestions,
    Days,
    DividendQuestions,
    EntitlementQuestions,
    EquityQuoteQuestions,
    ExpirationsQuestions,
    Facts,
    IndexQuestions,
    OptionTapeQuestions,
    Series,
    ShareClass,
    SplitDay,
    StatusQuestions,
    SubscriptionQuestions,
    TapeSpan,
    TradeQuestions,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.clients import Provider
    from quantdata.sim import Simulator

# The market as of 11:00 on Wednesday, 18 November 2026; 2025-11-28 was the Friday after Thanksgiving.
MASSIVE: Final = Facts(
    name="massive",
    today=date(2026, 11, 18),
    underlying="BRK.B",
    am_and_pm=Series("SPX", date(2026, 11, 20), "SPX", "SPXW"),
    adjusted=Series("NVDA", date(2027, 1, 15), "NVDA", "NVDA1"),
    share_class=ShareClass("BRK.B", "brk/b", "BRKB"),
    contract="SPY261218C00660000",
    unlisted="SPY261218C00001000",
    expired="SPY261016C00660000",
    expirations_of="SPY",
    equities=("SPY", "BRK.B", "NVDA", "AAPL"),
    indices=("VIX", "SPX", "NDX"),
    daily=Days("SPY", date(2026, 11, 9), date(2026, 11, 17)),
    minutes=Days("SPY", date(2026, 11, 16), date(2026, 11, 17)),
    weeks=Days("SPY", date(2026, 10, 14), date(2026, 11, 10)),
    half_day=date(2025, 11, 28),
    clock_change=(date(2026, 10, 30), date(2026, 11, 3)),
    splits=(SplitDay("NVDA", date(2024, 6, 10), 10), SplitDay("NVDA", date(2021, 7, 20), 4, later=10)),
    dividend=Days("SPY", date(2026, 9, 14), date(2026, 9, 22)),
    index="SPX",
    tape=TapeSpan("SPY", datetime(2026, 11, 18, 15, 50, tzinfo=UTC), datetime(2026, 11, 18, 15, 55, tzinfo=UTC)),
    market="open",
    refused=frozenset(),
)
TRADIER: Final = replace(
    MASSIVE,
    name="tradier",
    lacks=frozenset({"minutes of an index", "minutes of years ago", "bars of expired contracts", "option tape"}),
    refused=frozenset({"option_quotes"}),
)
SANDBOX: Final = replace(
    TRADIER,
    lacks=TRADIER.lacks | {"corporate actions", "trades"},
    refused=frozenset({"option_quotes", "option_trades"}),
    is_delayed=True,
)
# Massive answers, and Tradier where that has gaps: no more is lacking than with Massive alone.
HYBRID: Final = replace(MASSIVE, name="hybrid", vendors=("massive", "tradier"))
NUMBERS: Final = count()


Made = Literal["massive", "tradier", "tradier-sandbox", "watched", "hybrid"]
PROVIDERS: Final[dict[Made, Facts]] = {
    "massive": MASSIVE,
    "tradier": TRADIER,
    "tradier-sandbox": SANDBOX,
    "watched": MASSIVE,
    "hybrid": HYBRID,
}


@pytest.fixture(params=PROVIDERS)
def made(request: pytest.FixtureRequest) -> Made:
    """Return which provider is asked."""
    found: Made = request.param
    return found


@pytest.fixture
def facts(made: Made) -> Facts:
    """Return what each provider's host holds: the same market, and less of it."""
    return PROVIDERS[made]


@pytest.fixture
def provider(simulator: Simulator, made: Made) -> Iterator[Provider]:
    """Return a client with a token of its own: the vendor counts the requests of each."""
    token = f"conformance-{next(NUMBERS)}"
    found = _provider(simulator, made, token)
    yield found
    portal.call(found.close())


def _provider(simulator: Simulator, made: Made, token: str) -> Provider:
    if made == "massive":
        return AsyncMassive(token, base_url=simulator.base_url)
    if made == "tradier":
        return AsyncTradier(token, base_url=simulator.tradier_url)
    if made == "tradier-sandbox":
        return AsyncTradier(f"sandbox-{token}", base_url=simulator.tradier_sandbox_url)
    records = Records()
    first, second = (
        Watched(_provider(simulator, name, token), health=records.health_of(name), metrics=records.metrics)
        for name in ("massive", "tradier")
    )
    if made == "watched":
        return first
    return AsyncHybrid(first, second, metrics=records.metrics, rates=RateCurve.of(DEFAULT_RATE))


class TestChain(ChainQuestions): ...


class TestContract(ContractQuestions): ...


class TestExpirations(ExpirationsQuestions): ...


class TestEquityQuotes(EquityQuoteQuestions): ...


class TestIndices(IndexQuestions): ...


class TestBars(BarQuestions): ...


class TestTrades(TradeQuestions): ...


class TestOptionTape(OptionTapeQuestions): ...


class TestSubscriptions(SubscriptionQuestions): ...


class TestDividends(DividendQuestions): ...


class TestCorporateActions(CorporateActionQuestions): ...


class TestStatus(StatusQuestions): ...


class TestEntitlements(EntitlementQuestions): ...
