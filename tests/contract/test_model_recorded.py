"""The model beside the vendors' own figures, on recorded chains: expected values were read in the printed frames."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from quantdata.frames.columns import CHAIN, schema
from quantdata.frames.model import with_model
from quantdata.pricing import RateCurve, lattice_greeks, lattice_implied_volatility
from tests.contract.test_massive_chain import CALLS, PUTS, read_chain
from tests.contract.test_tradier_chain import CHAINS, LONG, TLT, TSLA, WEEKLY, WINGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.contract.conftest import Massive, Tradier
    from tests.contract.tradier_recordings import Chain

    Floats = NDArray[np.float64]

# The vendor's clock ran on after the close of 8 October: reference/massive.md §0.9.
MASSIVE_YEARS = 1.80 / 365
RATE = 0.044
GREEKS = ["delta", "gamma", "theta", "vega", "rho"]
GROUP = [*GREEKS, "greeks_ts", "greeks_source", "greeks_feed"]


# --- Massive: SPY of 2025-10-10 -------------------------------------------------------------------------------------


class Spy:
    """The recorded rows of SPY, at the spot that fits the vendor's deltas at its own volatilities."""

    def __init__(self, massive: Massive) -> None:
        rows = [row for path in (CALLS, PUTS) for row in json.loads(massive.page(path).results)]
        self.strike = np.array([float(row["details"]["strike_price"]) for row in rows])
        self.is_call = np.array([row["details"]["contract_type"] == "call" for row in rows])
        self.close = np.array([float(row["day"]["close"]) for row in rows])
        self.volatility = np.array([row["implied_volatility"] for row in rows])
        self.greeks = {name: np.array([row["greeks"][name] for row in rows]) for name in GREEKS[:4]}
        self.spot = self._fitted()

    def terms(self, spot: float) -> dict[str, Any]:
        discount = np.exp(-RATE * MASSIVE_YEARS)
        return {
            "spot": spot,
            "forward": spot / discount,
            "strike": self.strike,
            "discount": discount,
            "time_to_expiry": MASSIVE_YEARS,
            "is_call": self.is_call,
        }

    def _fitted(self) -> float:
        candidates = np.arange(672.0, 674.0, 0.01)
        distances = [
            np.abs(lattice_greeks(**self.terms(spot), volatility=self.volatility).delta - self.greeks["delta"]).sum()
            for spot in candidates
        ]
        return float(candidates[int(np.argmin(distances))])


@pytest.fixture(scope="module")
def fitted() -> dict[str, Spy]:
    return {}


@pytest.fixture
def spy(massive: Massive, fitted: dict[str, Spy]) -> Spy:
    if "spy" not in fitted:
        fitted["spy"] = Spy(massive)
    return fitted["spy"]


def test_closes_of_massive_imply_its_volatilities_within_three_tenths_of_a_point(spy: Spy) -> None:
    assert spy.spot == pytest.approx(673.06, abs=0.03)
    found = lattice_implied_volatility(**spy.terms(spy.spot), price=spy.close)
    points = 100.0 * (found - spy.volatility)
    print(np.column_stack([spy.strike, spy.close, 100 * spy.volatility, points]).round(3))  # noqa: T201 - to be read
    assert np.count_nonzero(np.isfinite(points)) == 20
    assert np.abs(points).max() < 0.3
    assert np.median(np.abs(points)) < 0.15


def test_prices_without_time_value_imply_nothing(spy: Spy) -> None:
    intrinsic = np.maximum(np.where(spy.is_call, spy.spot - spy.strike, spy.strike - spy.spot), 0.0)
    for price in (intrinsic, intrinsic - 0.5, np.full(20, np.nan)):
        assert np.isnan(lattice_implied_volatility(**spy.terms(spy.spot), price=price)).all()
    found = lattice_implied_volatility(**spy.terms(spy.spot), price=spy.close, least_time_value=0.05)
    assert np.isnan(found).tolist() == (spy.close < 0.05).tolist()


def test_greeks_of_massive_are_the_model_s(spy: Spy) -> None:
    greeks = lattice_greeks(**spy.terms(spy.spot), volatility=spy.volatility)
    assert greeks.delta == pytest.approx(spy.greeks["delta"], abs=0.005)
    assert greeks.gamma == pytest.approx(spy.greeks["gamma"], rel=0.05)
    assert greeks.theta == pytest.approx(spy.greeks["theta"], rel=0.06)


def test_a_chain_of_massive_without_quotes_is_left_as_it_is(massive: Massive) -> None:
    chain = read_chain(massive, CALLS)
    frame = with_model(chain, rates=RateCurve.of(RATE))
    assert frame.schema == schema(CHAIN)
    assert frame.get_column("discount_factor").null_count() == 0
    untouched = pl.exclude("discount_factor")
    assert frame.select(untouched).equals(chain.select(untouched))


# --- Tradier --------------------------------------------------------------------------------------------------------


def modelled(recorded: Chain, tradier: Tradier) -> pl.DataFrame:
    frame = with_model(recorded.frame(tradier), rates=RateCurve.of(RATE))
    with pl.Config(tbl_rows=60, tbl_cols=30, tbl_width_chars=240):
        print(frame.select("strike", "option_type", "bid", "ask", "bid_iv", "implied_volatility", "model_iv", *GREEKS))  # noqa: T201 - to be read
    return frame


@pytest.mark.parametrize("recorded", CHAINS, ids=lambda recorded: recorded.path)
def test_calls_of_tradier_and_every_volatility_stay_and_a_zero_is_null(recorded: Chain, tradier: Tradier) -> None:
    chain, frame = recorded.frame(tradier), modelled(recorded, tradier)
    calls = pl.col("option_type") == "call"
    assert frame.filter(calls).select(GROUP).equals(chain.filter(calls).select(GROUP))
    volatility = ["implied_volatility", "bid_iv", "ask_iv", "iv_ts", "iv_source"]
    assert frame.select(volatility).equals(chain.select(volatility))
    without_bid_iv = frame.filter(pl.col("bid_iv").is_null())
    assert without_bid_iv.get_column("implied_volatility").null_count() == without_bid_iv.height


@pytest.mark.parametrize("recorded", CHAINS, ids=lambda recorded: recorded.path)
def test_puts_of_tradier_have_the_model_s_greeks_or_none(recorded: Chain, tradier: Tradier) -> None:
    frame = modelled(recorded, tradier)
    puts = pl.col("option_type") == "put"
    priced = puts & pl.col("model_iv").is_not_null()
    for row in frame.filter(priced).iter_rows(named=True):
        assert row["greeks_source"] == "model"
        assert row["greeks_ts"] == row["quote_ts"]
        assert row["greeks_feed"] == row["quote_feed"]
        assert -1.0 < row["delta"] < 0.0 < row["gamma"]
        assert row["rho"] < 0.0 < row["vega"]
    is_unpriced = frame.select(puts & pl.col("model_iv").is_null()).to_series()
    assert frame.filter(is_unpriced).select(GROUP).null_count().row(0) == (is_unpriced.sum(),) * len(GROUP)


@pytest.mark.parametrize(
    ("recorded", "spot", "median"),
    # PLTR closed at 27.23 on 5 July and at 26.07 on 8 March 2024; the parity of wide quotes is a fifth of that off.
    [(WEEKLY, 27.23, 0.005), (LONG, 27.23, 0.015), (WINGS, 26.07, 0.01)],
    ids=lambda value: str(getattr(value, "path", value)),
)
def test_volatilities_of_tradier_are_the_model_s_at_the_same_quotes(
    recorded: Chain, spot: float, median: float, tradier: Tradier
) -> None:
    frame = modelled(recorded, tradier)
    assert frame.get_column("underlying_source").unique().to_list() == ["model"]
    assert frame.get_column("underlying_price").unique().item() == pytest.approx(spot, rel=0.01)
    both = frame.drop_nulls(["model_iv", "implied_volatility"])
    # Tradier's are up to an hour older than the quotes: the middle of the differences is what can be compared.
    difference = (both.get_column("model_iv") - both.get_column("implied_volatility")).abs().to_numpy()
    assert float(np.median(difference)) < median


def test_greeks_of_a_long_put_are_a_put_s(tradier: Tradier) -> None:
    # reference/tradier.md §5.3: the vendor reports the call's theta of -0.00584 and rho of +0.224 for it.
    frame = modelled(LONG, tradier)
    put = frame.row(by_predicate=(pl.col("strike") == 27.0) & (pl.col("option_type") == "put"), named=True)
    assert put["theta"] == pytest.approx(-0.0033, abs=5e-4)
    assert put["rho"] == pytest.approx(-0.27, abs=0.03)
    assert put["delta"] == pytest.approx(-0.306, abs=0.01)


def test_quotes_of_13_seconds_apart_tell_a_forward_where_there_are_no_others(tradier: Tradier) -> None:
    # The put at 290 USD, to be exercised, is bid 70.25 and offered at 74.10: so the spot is from 215.90 to 219.75.
    frame = modelled(TSLA, tradier)
    gap = frame.get_column("quote_ts").diff().drop_nulls().item()
    assert gap.total_seconds() == 13
    assert frame.get_column("underlying_source").unique().to_list() == ["model"]
    assert frame.get_column("underlying_price").to_list() == pytest.approx([217.83, 217.83], abs=0.01)
    assert frame.get_column("forward_price").to_list() == pytest.approx([218.01, 218.01], abs=0.01)
    # One is worth two cents, the other what exercise yields.
    assert frame.get_column("model_iv").null_count() == 2


def test_without_a_bid_for_the_put_there_is_no_forward(tradier: Tradier) -> None:
    frame = modelled(TLT, tradier)
    assert frame.get_column("forward_price").null_count() == frame.height
    assert frame.get_column("model_iv").null_count() == frame.height


def test_quotes_that_stand_do_not_disturb_a_series_with_pairs_of_one_instant(tradier: Tradier) -> None:
    # Of PLTR's 2026 series two strikes have both sides quoted within 5 s, at 20 and 25 USD; eight more stand.
    chain = LONG.frame(tradier)
    prompt = chain.filter(pl.col("strike").is_in([20.0, 25.0]))
    forward = modelled(LONG, tradier).get_column("forward_price").unique().item()
    alone = with_model(prompt, rates=RateCurve.of(RATE)).get_column("forward_price").unique().item()
    assert forward == pytest.approx(alone, abs=1e-12)
    others = with_model(chain.filter(~pl.col("strike").is_in([20.0, 25.0])), rates=RateCurve.of(RATE))
    assert others.get_column("forward_price").unique().item() == pytest.approx(forward, rel=0.02)
