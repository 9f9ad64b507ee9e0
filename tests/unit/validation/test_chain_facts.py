"""What is said of a chain as a whole."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import polars as pl
import pytest

from quantdata.frames.provenance import explained
from quantdata.validation import quality, validate
from quantdata.validation.chain_facts import CHAIN_FACTS, plan_lacks
from tests.unit.validation.healthy import AT, CHAIN, EXPIRATIONS, chain_of, later

ONE: Final = [EXPIRATIONS[0]]
FINE: Final = [96.0, 97.0, 98.0, 99.0, 100.0, 101.0, 102.0, 103.0, 104.0]


def told(chain: pl.DataFrame) -> tuple[str, ...]:
    return quality(validate(chain, AT)).warnings


@pytest.mark.parametrize(
    ("warning", "chain"),
    [
        ("no_calls", chain_of(option_types=["put"])),
        ("no_puts", chain_of(option_types=["call"])),
        ("one_sided_series", pl.concat([chain_of(expirations=ONE), chain_of(expirations=EXPIRATIONS[1:]).head(1)])),
        ("strike_gap", chain_of(strikes=[each for each in FINE if not 98 < each < 103])),
        ("no_underlying", CHAIN.with_columns(underlying_price=None)),
        ("clock_skew", CHAIN.with_columns(snapshot_ts=pl.lit(later(2.000001)))),
        ("clock_skew", CHAIN.with_columns(snapshot_ts=pl.lit(later(-2.000001)))),
        ("fallback_used", CHAIN.with_columns(fallback_reason=pl.lit("massive is down"))),
    ],
)
def test_a_fact_is_told_and_costs_the_chain_five_points(warning: str, chain: pl.DataFrame) -> None:
    told = quality(validate(chain, AT))
    assert (told.errors, told.warnings, told.confidence, told.quality) == ((), (warning,), 95, "excellent")
    assert told.has_warnings


def test_every_fact_is_told_in_these_tests() -> None:
    assert {fact.name for fact in CHAIN_FACTS} == {
        "no_calls",
        "no_puts",
        "one_sided_series",
        "strike_gap",
        "no_underlying",
        "clock_skew",
        "standing_quotes",
        "incomplete",
        "old_answer",
        "fallback_used",
    }


@pytest.mark.parametrize(
    ("reason", "fact"),
    [
        ("massive: UNAVAILABLE: down", "fallback_used"),
        ("incomplete: massive: down", "incomplete"),
        ("old answer: UNAVAILABLE: massive: down", "old_answer"),
    ],
)
def test_a_reason_tells_one_fact(reason: str, fact: str) -> None:
    told = quality(validate(explained(CHAIN, reason), AT))
    assert told.warnings == (fact,)
    assert told.fallback_reason == reason


@pytest.mark.parametrize(
    "chain",
    [
        CHAIN,
        CHAIN.reverse(),
        chain_of(strikes=FINE),
        # Coarser away from the money, as listed; missing strikes far from it; three steps are no gap.
        chain_of(strikes=[90.0, 95.0, *FINE, 105.0, 110.0]),
        chain_of(strikes=[50.0, 80.0, *FINE, 120.0, 150.0]),
        chain_of(strikes=[each for each in FINE if not 98 < each < 101]),
        CHAIN.with_columns(snapshot_ts=pl.lit(later(2))),
        CHAIN.with_columns(feed=pl.lit("simulated", CHAIN.schema["feed"]), snapshot_ts=pl.lit(later(1e6))),
    ],
)
def test_a_chain_as_it_should_be_is_warned_of_nothing(chain: pl.DataFrame) -> None:
    assert told(chain) == ()


def test_gaps_are_looked_for_within_a_series() -> None:
    # SPX lists every 4 points here, SPXW every one: mixed, their steps would be those of neither.
    coarse = chain_of("SPX", underlying="SPX", strikes=FINE[::4])
    fine = chain_of("SPXW", underlying="SPX", strikes=FINE)
    assert told(pl.concat([coarse, fine]).sort("expiration", "root_symbol", "strike", "option_type")) == ()


def test_several_facts_are_told_in_order() -> None:
    chain = chain_of(option_types=["put"], expirations=[date(2026, 12, 18)])
    assert told(chain.with_columns(underlying_price=None, fallback_reason=pl.lit("slow"))) == (
        "no_calls",
        "no_underlying",
        "fallback_used",
    )


def test_what_no_row_has_the_plan_lacks_where_there_are_enough_to_tell() -> None:
    chain = pl.concat([CHAIN, CHAIN]).head(20)
    assert plan_lacks(chain) == ()
    without = chain.with_columns(quote_source=None, trade_source=None, greeks_source=None, underlying_source=None)
    assert plan_lacks(without) == ("quotes", "trades", "greeks", "underlying")
    assert plan_lacks(without.head(19)) == ()


def test_figures_of_the_model_are_not_the_plans_but_in_a_filled_row_may_stand_for_them() -> None:
    chain = pl.concat([CHAIN, CHAIN]).head(20)
    modelled = chain.with_columns(greeks_source=pl.lit("model", CHAIN.schema["greeks_source"]))
    assert plan_lacks(modelled) == ("greeks",)
    assert plan_lacks(modelled.with_columns(source=pl.lit("hybrid", CHAIN.schema["source"]))) == ()


@pytest.mark.parametrize(
    ("at", "behind_min", "feed", "is_told"),
    [
        ("2026-11-18T16:00", 15, "realtime", False),
        ("2026-11-18T16:00", 15.01, "realtime", True),
        ("2026-11-18T16:00", 29, "delayed", False),
        ("2026-11-18T16:00", 31, "delayed", True),
        ("2026-11-18T14:44", 60, "realtime", False),  # the market has just opened
        ("2026-11-18T21:01", 60, "realtime", False),  # it is closed
        ("2026-11-27T17:59", 60, "realtime", True),
        ("2026-11-27T18:01", 60, "realtime", False),  # it was a half-day
        ("2026-11-26T16:00", 60, "realtime", False),  # a holiday
        ("2026-11-22T16:00", 60, "realtime", False),  # Sunday
    ],
)
def test_quotes_that_stand_still_in_an_open_market(at: str, behind_min: float, feed: str, *, is_told: bool) -> None:
    now = datetime.fromisoformat(f"{at}:00+00:00")
    quoted = now - timedelta(minutes=behind_min)
    stamps = {name: pl.lit(now) for name in ("snapshot_ts", "received_ts")}
    frame = CHAIN.with_columns(
        **stamps, quote_ts=pl.lit(quoted), last_ts=None, quote_feed=pl.lit(feed, CHAIN.schema["quote_feed"])
    )
    assert ("standing_quotes" in quality(validate(frame, now)).warnings) is is_told
