from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quantdata.errors import ArgumentError
from quantdata.sim.plans import PLANS, AssetClass, Product, RateMeter, plan_named, plan_of_key

NOW = datetime(2026, 11, 18, 17, tzinfo=UTC)


def test_profiles_are_found_by_either_spelling() -> None:
    assert plan_named("options-advanced") is plan_named("options_advanced") is PLANS["options_advanced"]


def test_unknown_profile_is_refused_with_the_list() -> None:
    with pytest.raises(ArgumentError, match="starter"):
        plan_named("platinum")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("sim-starter", "starter"),
        ("sim-options-only", "options_advanced"),
        ("sim-nonsense", "business"),
        ("anything", "business"),
    ],
)
def test_a_key_may_name_its_profile(key: str, name: str) -> None:
    assert plan_of_key(key, PLANS["business"]).name == name


def test_each_tier_adds_to_the_one_below() -> None:
    for lower, higher in (("basic", "starter"), ("starter", "developer"), ("developer", "advanced")):
        below, above = PLANS[lower].options, PLANS[higher].options
        assert below is not None
        assert above is not None
        assert below.products < above.products


def test_options_alone_give_no_stock_or_index_snapshots() -> None:
    plan = PLANS["options_advanced"]
    assert plan.allows(AssetClass.OPTIONS, Product.QUOTES)
    assert not plan.allows(AssetClass.STOCKS, Product.SNAPSHOT)
    assert not plan.allows(AssetClass.INDICES, Product.AGGREGATES)


def test_delay_is_none_a_quarter_hour_or_until_midnight() -> None:
    assert PLANS["advanced"].seen_at(AssetClass.OPTIONS, NOW) == NOW
    assert PLANS["starter"].seen_at(AssetClass.OPTIONS, NOW) == NOW - timedelta(minutes=15)
    assert PLANS["basic"].seen_at(AssetClass.STOCKS, NOW) == datetime(2026, 11, 18, 5, tzinfo=UTC)


def test_only_a_quarter_hour_is_called_delayed() -> None:
    delayed = {name for name, plan in PLANS.items() if plan.is_delayed(AssetClass.OPTIONS)}
    assert delayed == {"starter", "developer", "options_starter", "options_developer"}


def test_five_requests_a_minute_and_no_more() -> None:
    clock = [100.0]
    meter = RateMeter(lambda: clock[0])
    assert [meter.admit("a", PLANS["basic"]) for _ in range(6)] == [True] * 5 + [False]
    assert meter.admit("b", PLANS["basic"])
    clock[0] += 60.0
    assert meter.admit("a", PLANS["basic"])


def test_paid_plans_are_not_counted() -> None:
    meter = RateMeter(lambda: 0.0)
    assert all(meter.admit("a", PLANS["starter"]) for _ in range(500))
