"""`validate`: any frame in any order, unharmed, at any time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import quantdata as qd
from quantdata.errors import ArgumentError
from quantdata.frames.columns import schema
from quantdata.validation import failures, quality, validate
from quantdata.validation.kinds import CHAIN as CHAIN_KIND
from quantdata.validation.kinds import KINDS
from tests.unit.validation.healthy import (
    AT,
    BARS,
    CHAIN,
    EQUITIES,
    FLOW,
    INDICES,
    TRADES,
    alone,
    changed,
    earlier,
    names,
    one_sided,
    place,
    quoted,
)

if TYPE_CHECKING:
    from datetime import datetime

FRAMES: Final = {
    "chain": CHAIN,
    "equities": EQUITIES,
    "indices": INDICES,
    "bars": BARS,
    "trades": TRADES,
    "flow": FLOW,
}
CALL, PUT = place(100.0, "call"), place(100.0, "put")
every_kind = pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)


def troubled() -> pl.DataFrame:
    """Return a chain with something wrong in many rows, across rows too."""
    frame = changed(alone(CHAIN, PUT), CALL, **quoted(5.5, 5.6))
    frame = changed(frame, 0, delta=-0.5, open_interest=0)
    frame = changed(frame, 1, **one_sided(bid=0.0, ask=1.0))
    frame = changed(frame, 12, gamma=float("nan"), source="hybrid")
    return changed(frame, 15, received_ts=earlier(16), strike=None)


@every_kind
def test_a_healthy_frame_is_excellent(frame: pl.DataFrame) -> None:
    judged = validate(frame, AT)
    assert judged.get_column("confidence").to_list() == [100] * frame.height
    assert judged.get_column("quality").unique().to_list() == ["excellent"]
    assert names(frame) == {}


@every_kind
def test_the_frame_that_is_given_stays_as_it_is(frame: pl.DataFrame) -> None:
    broken = frame.reverse().with_columns(pl.col(pl.Float64).replace(100.0, float("nan")))
    before = broken.clone()
    validate(broken, AT)
    assert_frame_equal(broken, before, check_exact=True)


@every_kind
def test_judging_twice_changes_nothing(frame: pl.DataFrame) -> None:
    once = validate(frame.reverse(), AT)
    assert_frame_equal(validate(once, AT), once, check_exact=True)


def test_judging_twice_changes_nothing_where_much_is_wrong() -> None:
    once = validate(troubled().with_columns(gamma=pl.lit(0.01)), AT)
    assert_frame_equal(validate(once, AT), once, check_exact=True)


def test_a_number_that_was_none_is_said_once_and_then_missing() -> None:
    once = validate(changed(CHAIN, CALL, gamma=float("nan")), AT)
    assert once.item(CALL, "gamma") is None
    assert once.item(CALL, "errors").to_list() == ["not_finite"]
    assert validate(once, AT).item(CALL, "errors").to_list() == []


@every_kind
def test_columns_stay_in_their_order_with_those_of_quality_and_any_others(frame: pl.DataFrame) -> None:
    judged = validate(frame.with_columns(own=pl.lit(1)), AT)
    assert [name for name in judged.columns if name in frame.columns] == frame.columns
    assert judged.get_column("own").to_list() == [1] * frame.height
    own = next(kind for kind in KINDS if {column.name for column in kind.columns} == set(frame.columns))
    assert {name: judged.schema[name] for name in frame.columns} == schema(own.columns)


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_rows_get_the_same_and_keep_their_places(seed: int) -> None:
    judged = validate(troubled(), AT)
    shuffled = troubled().with_row_index("own").sample(fraction=1.0, shuffle=True, seed=seed)
    again = validate(shuffled, AT)
    assert again.get_column("own").to_list() == shuffled.get_column("own").to_list()
    assert_frame_equal(again.sort("own").drop("own"), judged, check_exact=True)


def test_many_things_wrong_are_each_told_where_they_are() -> None:
    assert names(troubled()) == {
        0: {"delta_sign", "zero_open_interest"},
        1: {"one_sided"},
        CALL: {"butterfly"},
        12: {"not_finite", "filled"},
        15: {"missing_identity"},
    }
    judged = validate(troubled(), AT)
    assert (
        judged.get_column("confidence").to_list() == [0, 100, 100, 100, 95] + [100] * 7 + [0, 100, 100, 0] + [100] * 4
    )
    assert judged.get_column("is_stale").to_list() == [row == 15 for row in range(20)]


@every_kind
def test_no_rows_are_judged_too(frame: pl.DataFrame) -> None:
    judged = validate(frame.clear(), AT)
    assert judged.height == 0
    assert judged.schema == validate(frame, AT).schema


@every_kind
def test_one_row_is_judged_too(frame: pl.DataFrame) -> None:
    assert_frame_equal(validate(frame.head(1), AT), validate(frame, AT).head(1), check_exact=True)


@every_kind
def test_nothing_but_null_lacks_its_identity(frame: pl.DataFrame) -> None:
    nothing = frame.head(3).with_columns(pl.lit(None, dtype).alias(name) for name, dtype in frame.schema.items())
    fired = names(nothing)
    assert set(fired) == {0, 1, 2}
    assert all("missing_identity" in rules for rules in fired.values())
    assert validate(nothing, AT).get_column("confidence").to_list() == [0, 0, 0]


@every_kind
def test_columns_without_a_dtype_are_columns_of_nulls(frame: pl.DataFrame) -> None:
    bare = pl.DataFrame({name: [None] * 3 for name in frame.columns})
    typed = frame.head(3).with_columns(pl.lit(None, dtype).alias(name) for name, dtype in frame.schema.items())
    assert_frame_equal(validate(bare, AT), validate(typed, AT), check_exact=True)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.numbers], ids=lambda kind: kind.name)
def test_any_number_may_be_none_and_is_null_afterwards(kind: Any, value: float) -> None:
    frame = next(each for each in FRAMES.values() if set(kind.signs) <= set(each.columns))
    for name in kind.numbers:
        judged = validate(changed(frame, 1, **{name: value}), AT)
        assert judged.item(1, name) is None, name
        assert "not_finite" in judged.item(1, "errors"), name
        assert judged.item(1, "confidence") == 0, name
        assert judged.get_column("errors").list.contains("not_finite").sum() == 1, name


def test_numbers_too_large_to_add_are_numbers() -> None:
    large = EQUITIES.with_columns(volume=pl.lit(1.7e308))
    assert names(large) == {}
    huge = CHAIN.with_columns(pl.col("forward_price", "theta", "rho") * 0 + 1.7e308, model_iv=pl.lit(1e-300))
    assert not any("not_finite" in rules for rules in names(huge).values())


def test_whole_numbers_and_text_come_as_their_own_kind() -> None:
    loose = CHAIN.with_columns(
        pl.col("strike").cast(pl.Int32),
        pl.col("option_type").cast(pl.String),
        pl.col("quote_ts").dt.cast_time_unit("ns"),
    )
    assert_frame_equal(validate(loose, AT), validate(CHAIN, AT), check_exact=True)


def test_what_cannot_be_read_as_its_column_is_refused_by_name() -> None:
    with pytest.raises(ArgumentError, match=r"other types than theirs: bid \(String, not Float64\)"):
        validate(CHAIN.with_columns(bid=pl.lit("cheap")), AT)
    with pytest.raises(ArgumentError, match="option_type"):
        validate(CHAIN.with_columns(option_type=pl.lit("C")), AT)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("volume", pl.Float64()),
        ("strike", pl.Decimal(12, 3)),
        ("feed", pl.Categorical()),
        ("received_ts", pl.Datetime("us", "America/New_York")),
    ],
)
def test_what_loses_nothing_is_read_as_its_column(name: str, dtype: pl.DataType) -> None:
    other = CHAIN.with_columns(pl.col(name).cast(dtype))
    assert_frame_equal(validate(other, AT), validate(CHAIN, AT), check_exact=True)


def test_whole_numbers_that_pandas_made_floats_have_their_gaps_again() -> None:
    gaps = CHAIN.with_columns(pl.Series("volume", [float("nan"), *CHAIN.get_column("volume").to_list()[1:]]))
    assert validate(gaps, AT).get_column("volume").dtype == pl.Int64
    assert validate(gaps, AT).item(0, "volume") is None


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("volume", pl.lit(1.5)),
        ("quote_ts", pl.col("quote_ts").cast(pl.Int64)),
        ("quote_ts", pl.col("quote_ts").dt.replace_time_zone(None)),
        ("contract_symbol", pl.lit(7)),
        ("bid", pl.lit("1.25")),
        ("expiration", pl.lit("2026-11-20")),
    ],
)
def test_what_would_lose_something_or_be_guessed_at_is_refused(name: str, values: pl.Expr) -> None:
    with pytest.raises(ArgumentError, match=rf"other types than theirs: {name} \("):
        validate(CHAIN.with_columns(values.alias(name)), AT)


def test_rows_of_a_simulated_and_of_a_real_market_age_by_the_hours_of_their_own() -> None:
    feed = CHAIN.schema["feed"]
    real = CHAIN.with_columns(feed=pl.lit("realtime", feed), received_ts=earlier(0), snapshot_ts=earlier(0))
    # Their market is on a Saturday.
    simulated = real.with_columns(pl.col("snapshot_ts") + timedelta(days=3), feed=pl.lit("simulated", feed))
    both = validate(pl.concat([real, simulated]), AT + timedelta(minutes=1))
    assert both.filter(feed="realtime").get_column("age_s").unique().to_list() == [60.0]
    assert both.filter(feed="simulated").get_column("age_s").unique().to_list() == [0.0]


@pytest.mark.parametrize("cadence_s", [0, -5.0, float("nan"), float("inf"), "5", None, True])
def test_a_refresh_takes_some_seconds(cadence_s: Any) -> None:
    with pytest.raises(ArgumentError, match="cadence_s must be a number of seconds above 0"):
        validate(CHAIN, AT, cadence_s=cadence_s)


@pytest.mark.parametrize(
    ("seconds", "confidence", "is_stale", "rules"),
    [
        (0, 100, False, set()),
        (5, 100, False, set()),
        (5.000001, 90, True, set()),
        (15, 90, True, set()),
        (15.000001, 75, True, set()),
        (30, 75, True, set()),
        (30.000001, 0, True, {"too_old"}),
        (1e6, 0, True, {"too_old"}),
        (-3600, 100, False, set()),
    ],
)
def test_a_row_is_stale_above_one_refresh_worse_above_three_and_worthless_above_six(
    seconds: float, confidence: int, rules: set[str], *, is_stale: bool
) -> None:
    frame = changed(CHAIN, CALL, received_ts=earlier(seconds))
    row = validate(frame, AT).row(CALL, named=True)
    assert (row["confidence"], row["is_stale"], {*row["errors"]}) == (confidence, is_stale, rules)
    assert row["quote_confidence"] == row["greeks_confidence"] == confidence


@pytest.mark.parametrize(
    ("seconds", "confidence", "is_stale"),
    [(60, 100, False), (61, 90, True), (180, 90, True), (181, 75, True), (360, 75, True), (361, 0, True)],
)
def test_a_slow_poll_is_held_against_its_own_refresh(seconds: float, confidence: int, *, is_stale: bool) -> None:
    judged = validate(changed(CHAIN, CALL, received_ts=earlier(seconds)), AT, cadence_s=60.0)
    assert judged.item(CALL, "confidence") == confidence
    assert judged.item(CALL, "is_stale") is is_stale


@pytest.mark.parametrize(
    ("warnings", "seconds", "confidence", "label"),
    [
        (1, 0, 95, "excellent"),
        (1, 6, 86, "good"),  # 85.5
        (1, 16, 71, "good"),  # 71.25
        (2, 0, 90, "excellent"),
        (2, 6, 81, "good"),
        (2, 16, 68, "fair"),  # 67.5
        (3, 6, 77, "good"),  # 76.5
        (3, 16, 64, "fair"),  # 63.75
        (1, 31, 0, "poor"),
    ],
)
def test_confidence_is_five_points_a_warning_times_the_factor_of_age(
    warnings: int, seconds: float, confidence: int, label: str
) -> None:
    wrong = [{"source": "hybrid"}, quoted(4.4, 5.5), {"implied_volatility": 3.5, "iv_source": "tradier"}][:warnings]
    values: dict[str, Any] = {name: value for each in wrong for name, value in each.items()}
    row = validate(changed(CHAIN, CALL, **values, received_ts=earlier(seconds)), AT).row(CALL, named=True)
    assert len(row["warnings"]) == warnings
    assert (row["confidence"], row["quality"]) == (confidence, label)


def test_a_delayed_feed_counts_three_quarters_however_fresh_or_stale() -> None:
    for seconds in (0, 6, 16):
        frame = changed(CHAIN, CALL, quote_feed="delayed", received_ts=earlier(seconds))
        assert validate(frame, AT).item(CALL, "confidence") == 71


def test_the_same_rows_age_from_call_to_call() -> None:
    def judged(now: datetime) -> tuple[Any, ...]:
        return validate(CHAIN.head(1), now).select("age_s", "confidence", "is_stale").row(0)

    assert judged(AT) == (0, 100, False)
    assert judged(earlier(-6)) == (6, 90, True)
    # After the close nothing ages: of the day, four and a quarter hours were left.
    assert judged(earlier(-10 * 3600)) == (4.25 * 3600, 0, True)


def test_a_simulated_chain_is_excellent_and_keeps_its_columns() -> None:
    chain = qd.Client("sim", clock="at:2026-11-18T11:00").chain("SPY", dte=(20, 40), strikes=(600, 700))
    judged = validate(chain, chain.item(0, "received_ts"))
    assert judged.columns == chain.columns
    assert judged.get_column("confidence").mean() > 97  # type: ignore[operator]
    assert judged.get_column("errors").list.len().sum() == 0


@pytest.mark.timeout(15)
def test_a_million_rows_take_seconds() -> None:
    million = pl.concat([CHAIN.with_columns(root_symbol=pl.lit("XYZ"))] * 50_000, rechunk=True)
    assert million.height == 1_000_000
    judged = validate(million, AT)
    assert judged.get_column("confidence").min() == 100


def test_a_kind_compiles_its_rules_once() -> None:
    assert CHAIN_KIND.plan is CHAIN_KIND.plan


def test_failures_are_counted_without_notes() -> None:
    broken = changed(changed(BARS, 1, high=99.0, low=99.01, volume=0.0), 2, close=101.01)
    assert failures(broken) == {"inverted_candle": 1, "outside_range": 1}
    unclean = changed(broken, 3, vwap=float("nan"), high=float("inf"))
    counts = failures(unclean)
    assert counts == {"not_finite": 1, "missing_identity": 1, "inverted_candle": 1, "outside_range": 1}
    assert {rule: quality(validate(unclean)).rules[rule] for rule in counts} == counts
    assert failures(BARS) == failures(BARS.clear()) == {}
