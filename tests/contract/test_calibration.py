"""How the rules are tuned: what fires how often on healthy chains, and on chains with one thing wrong.

The tables are printed to be read: ``pytest tests/contract/test_calibration.py -s``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl
import pytest

from quantdata import portal
from quantdata.clients import AsyncMassive, AsyncTradier, ChainQuery
from quantdata.frames.model import with_model
from quantdata.pricing import RateCurve
from quantdata.sim import Fault, Simulator
from quantdata.validation import quality, validate
from quantdata.validation.bounds import is_core
from quantdata.validation.kinds import CHAIN
from tests.contract.test_massive_chain import CALLS, PUTS, read_chain
from tests.contract.test_tradier_chain import CHAINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.conftest import Massive, Tradier

pytestmark = pytest.mark.thorough

OPEN, MIDDAY, LATE, SUNDAY = (f"at:2026-11-{at}" for at in ("18T09:31", "18T12:30", "18T15:50", "22T12:00"))
SNAPSHOTS: Final = "/v3/snapshot/options/*"
# Why a rule may fire on more than one row in twenty of a healthy real-time chain. None of these costs a point.
REASONS: Final = {
    "iv_not_computable": "deep in the money a price is its intrinsic value, far out of the money nobody bids",
    "one_sided": "far out of the money nobody bids",
    "zero_volume": "most contracts of a chain do not trade on a day, and at the open hardly any has yet",
    "zero_open_interest": "new strikes, and strikes far from the money",
    "expired": "series that settled this morning are still listed",
    "quiet_quote": "the quotes of series that have settled stand since",
}


class Case(NamedTuple):
    """One healthy market and what is asked of it."""

    clock: str
    underlying: str
    plan: str = "advanced"
    asked: tuple[tuple[str, Any], ...] = ()


NEAR: Final = (("dte", (0, 45)),)
HEALTHY: Final = {
    "SPY at the open": Case(OPEN, "SPY"),
    "SPY at midday": Case(MIDDAY, "SPY"),
    "SPY 0DTE late": Case(LATE, "SPY", asked=(("dte", 0),)),
    "SPY on Sunday": Case(SUNDAY, "SPY", asked=NEAR),
    "SPX at the open": Case(OPEN, "SPX", asked=NEAR),
    "SPX at midday": Case(MIDDAY, "SPX", asked=NEAR),
    "SPX 0DTE late": Case(LATE, "SPX", asked=(("dte", 0),)),
    "SPX on Sunday": Case(SUNDAY, "SPX", asked=(("dte", (0, 20)),)),
}
LATE_PLANS: Final = {
    "SPY on a late plan without quotes": Case(MIDDAY, "SPY", "starter", NEAR),
    "SPX on a late plan without quotes": Case(MIDDAY, "SPX", "developer", (("dte", (0, 20)),)),
}


@pytest.fixture(scope="module")
def markets() -> Iterator[dict[tuple[str, str], Simulator]]:
    running: dict[tuple[str, str], Simulator] = {}
    yield running
    for market in running.values():
        market.stop()


def loaded(case: Case, markets: dict[tuple[str, str], Simulator], vendor: str = "massive") -> pl.DataFrame:
    market = markets.get((case.clock, case.plan))
    if market is None:
        market = markets[case.clock, case.plan] = Simulator(clock=case.clock, plan=case.plan)
        market.start()
    client: AsyncMassive | AsyncTradier
    if vendor == "massive":
        client = AsyncMassive("calibration", base_url=market.base_url)
    else:
        client = AsyncTradier(
            f"calibration {case.clock} {case.underlying}".replace(" ", "-"), base_url=market.tradier_url
        )
    try:
        return portal.call(client.chain(ChainQuery.of(case.underlying, **dict(case.asked))))
    finally:
        portal.call(client.close())


def shown(name: str, chain: pl.DataFrame) -> dict[str, float]:
    """Print the distribution of confidence and the firing rate of every rule; return the rates."""
    found = quality(chain)
    core = chain.filter(is_core(chain))
    rates = {rule: count / chain.height for rule, count in found.rules.items()}
    scores = chain.get_column("confidence").value_counts().sort("confidence", descending=True).rows()
    print(f"\n{name}: {chain.height:,} rows, {core.height:,} core; confidence {found.confidence}, {found.warnings}")  # noqa: T201
    print("  confidence: " + ", ".join(f"{score}: {rows / chain.height:.1%}" for score, rows in scores))  # noqa: T201
    fired = {rule.name: rates.get(rule.name, 0.0) for rule in CHAIN.rules}
    print("  rules: " + ", ".join(f"{rule} {rate:.2%}" for rule, rate in fired.items() if rate))  # noqa: T201
    print("  silent: " + ", ".join(rule for rule, rate in fired.items() if not rate))  # noqa: T201
    return rates


@pytest.mark.parametrize("vendor", ["massive", "tradier"])
@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_chain_scores_in_the_high_nineties(
    name: str, vendor: str, markets: dict[tuple[str, str], Simulator]
) -> None:
    chain = loaded(HEALTHY[name], markets, vendor)
    rates = shown(f"{name}, {vendor}", chain)
    found = quality(chain)
    assert found.warnings == ()
    assert found.confidence >= 95
    assert {rule for rule, rate in rates.items() if rate > 0.05} <= REASONS.keys()
    assert chain.get_column("errors").list.len().sum() == 0


@pytest.mark.parametrize("name", LATE_PLANS)
def test_a_late_plan_says_so_in_every_row_and_what_it_lacks_once(
    name: str, markets: dict[tuple[str, str], Simulator]
) -> None:
    chain = loaded(LATE_PLANS[name], markets)
    rates = shown(name, chain)
    found = quality(chain)
    assert found.confidence == 71  # a warning, and three quarters
    assert "quotes" in found.plan_lacks
    assert rates["delayed_feed"] == 1.0
    assert {rule for rule, rate in rates.items() if rate > 0.05} <= {"delayed_feed", *REASONS}


@pytest.mark.parametrize("recorded", CHAINS, ids=lambda recorded: Path(recorded.path).stem)
def test_recorded_chains_of_tradier(recorded: Any, tradier: Tradier) -> None:
    """They were taken after the close, or late from the sandbox: what fires is read, and no value is called wrong."""
    chain = with_model(recorded.frame(tradier), rates=RateCurve.of(0.044))
    judged = validate(chain, chain.get_column("received_ts").max())  # type: ignore[arg-type]
    shown(recorded.path, judged)
    assert judged.filter(pl.col("errors").list.len() > 0).height == 0


@pytest.mark.parametrize("path", [CALLS, PUTS])
def test_recorded_chains_of_massive(path: str, massive: Massive) -> None:
    """They are of a plan without quotes: what that lacks is told once, and every row is as good as it can be."""
    chain = with_model(read_chain(massive, path), rates=RateCurve.of(0.044))
    judged = validate(chain, chain.get_column("received_ts").max())  # type: ignore[arg-type]
    shown(path, judged)
    assert judged.filter(pl.col("errors").list.len() > 0).height == 0
    assert judged.get_column("warnings").list.len().sum() == 0


# --- one thing wrong ------------------------------------------------------------------------------------------------


class Wrong(NamedTuple):
    """A fault, the rule that must catch it, and the rows that it was injected into."""

    fault: Fault
    rule: str
    damaged: pl.Expr


WRONG: Final = {
    "crossed quotes": Wrong(
        Fault("crossed_quotes", path=SNAPSHOTS, share=0.2), "crossed_quote", pl.col("bid") > pl.col("ask")
    ),
    "missing quotes": Wrong(
        Fault("missing_blocks", path=SNAPSHOTS, blocks=("last_quote",), share=0.2),
        "no_quote",
        pl.col("quote_source").is_null(),
    ),
    "adjusted contracts": Wrong(
        Fault("adjusted_contracts", path=SNAPSHOTS, share=0.2), "adjusted", pl.col("multiplier") == 150
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_injected_fault_is_caught_and_only_where_it_was_injected(name: str) -> None:
    wrong = WRONG[name]
    with Simulator(clock=MIDDAY) as market:
        market.faults.add(wrong.fault)
        case = Case(MIDDAY, "AAPL")
        chain = loaded(case, {(case.clock, case.plan): market})
    fired = chain.get_column("errors").list.concat(chain.get_column("warnings")).list.concat(chain.get_column("notes"))
    told = chain.select(caught=fired.list.contains(wrong.rule), damaged=wrong.damaged.fill_null(value=False))
    assert 0.1 < told.get_column("damaged").mean() < 0.3  # type: ignore[operator]
    assert told.get_column("caught").equals(told.get_column("damaged"), check_names=False)


# Values that no vendor may send, put into a healthy chain by hand: rule, column, value, which rows to take.
BROKEN: Final = (
    ("bad_strike", "strike", -5.0, None),
    ("unknown_option_type", "option_type", None, None),
    ("missing_identity", "expiration", None, None),
    ("negative_price", "bid", -0.05, None),
    ("negative_size", "ask_size", -1, None),
    ("negative_trade", "last", -1.0, None),
    ("negative_day", "volume", -1, None),
    ("negative_open_interest", "open_interest", -1, None),
    ("delta_out_of_range", "delta", 1.5, "call"),
    ("delta_sign", "delta", -0.4, "call"),
    ("delta_sign", "delta", 0.4, "put"),
    ("negative_greek", "gamma", -0.1, None),
    ("negative_iv", "implied_volatility", -0.2, None),
    ("high_iv", "implied_volatility", 5.0, None),
    ("iv_off_quote", "implied_volatility", 1.5, None),
    ("not_finite", "bid", float("nan"), None),
    ("not_finite", "theta", float("inf"), None),
)


@pytest.fixture(scope="module")
def healthy(markets: dict[tuple[str, str], Simulator]) -> pl.DataFrame:
    return loaded(Case(MIDDAY, "SPY", asked=(("dte", (20, 40)), ("strikes", (640, 740)))), markets)


@pytest.mark.parametrize(("rule", "column", "value", "option_type"), BROKEN)
def test_a_broken_value_is_caught_and_only_where_it_is(
    rule: str, column: str, value: Any, option_type: str | None, healthy: pl.DataFrame
) -> None:
    places = pl.int_range(pl.len()) % 7 == 3
    damaged = places & pl.col("model_iv").is_not_null()
    if option_type is not None:
        damaged = damaged & (pl.col("option_type") == option_type)
    marked = healthy.with_columns(damaged=damaged)
    broken = marked.with_columns(
        pl.when(pl.col("damaged")).then(pl.lit(value, dtype=healthy.schema[column])).otherwise(column).alias(column)
    )
    judged = validate(broken.drop("damaged"), healthy.get_column("received_ts").max())  # type: ignore[arg-type]
    before = healthy.get_column("errors").list.concat(healthy.get_column("warnings")).list.contains(rule)
    after = judged.get_column("errors").list.concat(judged.get_column("warnings")).list.contains(rule)
    expected = marked.get_column("damaged")
    assert expected.sum() >= 10
    assert (after | ~expected).all()
    assert (after & ~expected & ~before).sum() == 0
    errors = judged.get_column("errors").list.len()
    assert (judged.filter(errors > 0).get_column("confidence") == 0).all()
