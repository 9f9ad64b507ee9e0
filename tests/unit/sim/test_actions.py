from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from quantdata.sim.actions import Actions, actions_of
from quantdata.sim.timeline import timeline
from quantdata.sim.universe import asset

LINE = timeline()


def of(symbol: str) -> Actions:
    facts = asset(symbol)
    return actions_of(facts)


def test_splits_are_those_of_life() -> None:
    splits = of("NVDA").splits
    assert [(split.execution_date, split.before, split.after) for split in splits] == [
        (date(2021, 7, 20), 1, 4),
        (date(2024, 6, 10), 1, 10),
    ]
    assert of("SPY").splits == ()


def test_share_factor_jumps_on_the_execution_date() -> None:
    factor, session = of("NVDA").share_factor, LINE.find(date(2024, 6, 10))
    assert session is not None
    assert factor[[1, session - 1, session, len(LINE) - 1]].tolist() == [40.0, 10.0, 1.0, 1.0]


@pytest.mark.parametrize(("symbol", "yearly"), [("SPY", 4), ("QQQ", 4), ("DIA", 12), ("AAPL", 4)])
def test_dividends_come_as_often_as_they_say(symbol: str, yearly: int) -> None:
    dividends = of(symbol).dividends
    assert sum(each.ex_date.year == 2026 for each in dividends) == yearly
    assert {each.frequency for each in dividends} == {yearly}
    assert all(LINE.find(each.ex_date) is not None for each in dividends)
    assert all(each.declaration_date < each.ex_date <= each.record_date < each.pay_date for each in dividends)


def test_who_pays_nothing_has_no_dividends() -> None:
    for symbol in ("BRK.B", "TSLA"):
        assert of(symbol).dividends == ()
        assert not of(symbol).accrued.any()


def test_spy_goes_ex_on_third_fridays_for_about_a_quarter_percent() -> None:
    december = next(each for each in of("SPY").dividends if each.ex_date == date(2026, 12, 18))
    assert december.cash_amount == pytest.approx(1.85, abs=0.15)


def test_a_price_carries_its_dividend_until_the_ex_date() -> None:
    actions = of("SPY")
    december = next(each for each in actions.dividends if each.ex_date == date(2026, 12, 18))
    session = LINE.find(december.ex_date)
    assert session is not None
    assert actions.accrued[session - 1] == pytest.approx(december.cash_amount)
    assert actions.accrued[session] < 0.05
    assert np.diff(actions.accrued[session : session + 40]).min() > 0


def test_dividends_before_a_split_are_in_the_shares_of_their_day() -> None:
    # 2019: four dividends of a share that has become four.
    paid = [each.cash_amount for each in of("AAPL").dividends if each.ex_date.year == 2019]
    assert sum(paid) == pytest.approx(4 * 1.04 / 1.055**7, rel=0.05)
