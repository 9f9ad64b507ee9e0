from __future__ import annotations

import logging
import subprocess
import sys
from importlib.util import find_spec
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from quantdata.errors import ConfigError, QuantDataWarning
from quantdata.pricing import Dividends, fast, lattice_greeks, lattice_implied_volatility, lattice_price, tree
from quantdata.pricing.fast import Background, Loops, compiled, is_wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

AS_WRITTEN = Loops(fast.exercise_limits, fast.with_cash, fast.with_yield)
SPOT = 600.0
# Ex-dates in years, and a continuous yield.
UNDERLYINGS: dict[str, tuple[list[float], float]] = {
    "no dividend": ([], 0.0),
    "one dividend": ([0.13], 0.0),
    "eight dividends": ([0.07 + 0.25 * quarter for quarter in range(8)], 0.0),
    "a yield": ([], 0.02),
    "a negative yield": ([], -0.03),
}
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed: the extra [fast]")


def always(loops: Loops | None) -> Background[Loops]:
    """Return loops that are there at once, or never."""
    background = Background(lambda: loops or AS_WRITTEN, is_wanted=lambda: loops is not None)
    background.wait()
    return background


def everything(underlying: str, *, size: int, rate: float) -> list[Floats]:
    """Return prices, the volatilities behind them and greeks of random contracts."""
    times, dividend_yield = UNDERLYINGS[underlying]
    rng = np.random.default_rng(20261118)
    years = np.exp(rng.uniform(np.log(1 / 365), np.log(3.0), size))
    volatility = np.exp(rng.uniform(np.log(0.03), np.log(2.0), size))
    cash = sum((np.where(time < years, 2.0 * np.exp(-rate * time), 0.0) for time in times), np.zeros(size))
    discount = np.exp(-rate * years)
    terms: dict[str, Any] = {
        "spot": SPOT,
        "forward": (SPOT * np.exp(-dividend_yield * years) - cash) / discount,
        "strike": SPOT * rng.uniform(0.5, 1.6, size),
        "discount": discount,
        "time_to_expiry": years,
        "is_call": rng.random(size) < 0.5,
        "dividends": Dividends.of(times, [2.0] * len(times)),
    }
    price = lattice_price(**terms, volatility=volatility)
    greeks = lattice_greeks(**terms, volatility=volatility)
    implied = lattice_implied_volatility(**terms, price=price, least_time_value=0.05)
    return [price, implied, greeks.delta, greeks.gamma, greeks.theta, greeks.vega, greeks.rho]


def assert_same(loops: Loops, underlying: str, monkeypatch: pytest.MonkeyPatch, *, size: int, rate: float) -> None:
    found = {}
    for name, background in {"numpy": always(None), "loops": always(loops)}.items():
        monkeypatch.setattr(tree, "LOOPS", background)
        found[name] = everything(underlying, size=size, rate=rate)
    assert np.isfinite(found["numpy"][1]).any()
    for one, other in zip(found["numpy"], found["loops"], strict=True):
        np.testing.assert_array_equal(one, other)


# --- the same numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("underlying", UNDERLYINGS)
def test_the_loops_as_they_are_written_give_numpy_s_numbers(underlying: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_same(AS_WRITTEN, underlying, monkeypatch, size=10, rate=0.04)


@pytest.fixture(scope="module")
def by_numba() -> Loops:
    return compiled()


@needs_numba
@pytest.mark.parametrize("rate", [0.04, 0.0, -0.02])
@pytest.mark.parametrize("underlying", UNDERLYINGS)
def test_compiled_loops_give_numpy_s_numbers_to_the_last_bit(
    underlying: str, rate: float, by_numba: Loops, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_same(by_numba, underlying, monkeypatch, size=600, rate=rate)


@pytest.mark.parametrize("volatility", [30.0, 1e4])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_volatility_whose_spots_fit_no_float_has_no_value_beside_a_yield(
    volatility: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    for loops in (None, AS_WRITTEN):
        monkeypatch.setattr(tree, "LOOPS", always(loops))
        found = lattice_price(
            SPOT, 610.0, 600.0, discount=0.92, time_to_expiry=2.0, volatility=volatility, is_call=[True, False]
        )
        assert np.isnan(found).all()


# --- who asks for them ----------------------------------------------------------------------------------------------


def test_numpy_prices_until_the_loops_are_made() -> None:
    may_end = Event()

    def slowly() -> Loops:
        assert may_end.wait(10.0)
        return AS_WRITTEN

    background = Background(slowly, is_wanted=lambda: True)
    assert background.get() is None
    assert background.get() is None
    may_end.set()
    assert background.wait() is AS_WRITTEN
    assert background.get() is AS_WRITTEN


def test_loops_nobody_asked_for_are_never_made() -> None:
    asked = []

    def is_wanted_now() -> bool:
        asked.append(True)
        return False

    background = Background(lambda: pytest.fail("made"), is_wanted=is_wanted_now)
    assert background.get() is background.wait() is None
    assert asked == [True]


def test_loops_that_cannot_be_made_are_reported_and_numpy_prices(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Loops:
        raise RuntimeError("no locator available for file")

    background = Background(broken, is_wanted=lambda: True)
    with caplog.at_level(logging.ERROR, "quantdata.pricing"):
        assert background.wait() is None
    assert "numba could not compile" in caplog.text
    assert "no locator available" in caplog.text


def install(monkeypatch: pytest.MonkeyPatch, *, numba: bool) -> None:
    monkeypatch.setattr(fast, "find_spec", lambda name: name if numba else None)


@pytest.mark.parametrize(("switch", "expected"), [("1", True), (" 1 ", True), ("0", False), ("", False)])
def test_the_environment_decides(switch: str, monkeypatch: pytest.MonkeyPatch, *, expected: bool) -> None:
    install(monkeypatch, numba=True)
    monkeypatch.setenv("QUANTDATA_FAST", switch)
    assert is_wanted() is expected


def test_unless_it_says_so_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUANTDATA_FAST", raising=False)
    assert is_wanted() is False


def test_who_wants_it_without_numba_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, numba=False)
    monkeypatch.setenv("QUANTDATA_FAST", "1")
    with pytest.warns(QuantDataWarning, match=r"QUANTDATA_FAST=1 needs numba.*pip install 'quantdata\[fast\]'"):
        assert is_wanted() is False


def test_a_switch_is_1_or_0(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTDATA_FAST", "yes")
    with pytest.raises(ConfigError, match="QUANTDATA_FAST must be 1 or 0, not 'yes'"):
        is_wanted()


# --- what it costs --------------------------------------------------------------------------------------------------

PRICED = """
import sys
from quantdata.pricing import lattice_price
price = lattice_price(100.0, 100.0, 110.0, discount=0.99, time_to_expiry=0.3, volatility=0.2, is_call=False)
print("numba" in sys.modules)
"""


def _printed(switch: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRICED],
        env={"QUANTDATA_FAST": switch},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert not ran.stderr
    return ran.stdout.strip()


def test_who_did_not_ask_for_it_never_loads_numba() -> None:
    assert _printed("") == "False"


@needs_numba
def test_a_process_that_ends_while_numba_compiles_ends_well() -> None:
    assert _printed("1")
