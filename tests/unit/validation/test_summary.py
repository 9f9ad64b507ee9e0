"""The quality of a whole frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata.errors import ArgumentError
from quantdata.validation import Quality, quality, validate, with_candles
from tests.unit.validation.healthy import (
    AT,
    BARS,
    CHAIN,
    EQUITIES,
    FLOW,
    INDICES,
    TRADES,
    chain_of,
    changed,
    earlier,
    place,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CALL = place(100.0, "call")


def judged(frame: pl.DataFrame) -> Quality:
    return quality(validate(frame, AT))


def test_a_healthy_chain_in_figures() -> None:
    assert judged(CHAIN) == Quality(
        confidence=100,
        quality="excellent",
        source="massive",
        feed="realtime",
        is_simulated=False,
        is_stale=False,
        rows=20,
        coverage={"quote": 1.0, "iv": 1.0, "greeks": 1.0},
        snapshot_ts=AT,
    )


@pytest.mark.parametrize("frame", [EQUITIES, INDICES, BARS, TRADES, FLOW])
def test_other_healthy_frames_are_excellent_and_have_no_coverage(frame: pl.DataFrame) -> None:
    told = judged(frame)
    assert (told.confidence, told.quality, told.rows, dict(told.coverage)) == (100, "excellent", frame.height, {})
    assert not told.has_warnings


@pytest.mark.parametrize("frame", [BARS, TRADES])
def test_bars_and_trades_are_judged_on_the_way(frame: pl.DataFrame) -> None:
    assert quality(frame) == judged(frame)
    assert quality(changed(frame, 1, symbol=None)).rules == {"missing_identity": 1}


def test_a_frame_that_was_not_judged_is_judged_first() -> None:
    told = quality(CHAIN.with_columns(received_ts=None))
    assert told.rules == {"missing_identity": 20}
    assert told.confidence == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda judged: judged.drop("notes"),
        lambda judged: judged.with_columns(errors=pl.lit(None, judged.schema["errors"])),
        lambda judged: judged.with_columns(confidence=pl.lit(100, pl.Int64)),
        lambda judged: judged.with_columns(pl.col("quality").cast(pl.String)),
        lambda judged: judged.drop("age_s"),
    ],
)
def test_what_another_wrote_into_the_columns_of_quality_is_not_believed(
    change: Callable[[pl.DataFrame], pl.DataFrame],
) -> None:
    assert quality(change(validate(CHAIN.with_columns(received_ts=None), AT))).rules == {"missing_identity": 20}


@pytest.mark.parametrize("words", [pl.String, pl.Categorical])
def test_a_real_market_stays_one_whatever_its_words_are(words: type[pl.DataType]) -> None:
    real = validate(CHAIN, AT)
    assert quality(real.with_columns(pl.col("feed").cast(words))) == quality(real)


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (CHAIN, "empty_chain"),
        (EQUITIES, "empty"),
        (INDICES, "empty"),
        (BARS, "empty"),
        (TRADES, "empty"),
        (FLOW, "empty"),
    ],
)
def test_nothing_is_an_error(frame: pl.DataFrame, error: str) -> None:
    told = judged(frame.clear())
    assert (told.confidence, told.quality, told.errors, told.warnings) == (0, "poor", (error,), ())
    assert (told.source, told.feed, told.snapshot_ts, told.rows, told.rules) == (None, None, None, 0, {})
    assert told.has_warnings
    assert not told.is_stale
    assert set(told.coverage.values()) <= {0.0}


def test_rules_are_counted_most_first_notes_included() -> None:
    frame = changed(changed(CHAIN, 3, volume=0), CALL, volume=0, source="hybrid")
    frame = changed(frame, 6, delta=2.0)
    told = judged(frame)
    assert list(told.rules.items()) == [("zero_volume", 2), ("delta_out_of_range", 1), ("filled", 1)]
    # 100 * 18 + 95 + 0 of twenty.
    assert told.confidence == round((18 * 100 + 95) / 20)
    assert told.source == "hybrid"


def test_coverage_is_the_share_of_rows_that_have_it() -> None:
    frame = CHAIN
    for row in range(5):
        frame = changed(frame, row, quote_source=None)
    frame = changed(frame, 0, implied_volatility=None, delta=None)
    frame = changed(frame, 1, delta=None)
    assert judged(frame).coverage == {"quote": 0.75, "iv": 0.95, "greeks": 0.9}


def test_the_wings_do_not_count_where_the_core_is_large_enough() -> None:
    strikes = [40.0, 50.0, 90.0, 95.0, 100.0, 105.0, 110.0, 200.0]
    chain = chain_of(strikes=strikes)
    far = chain.with_columns(
        source=pl.when(pl.col("strike").is_in([40.0, 50.0, 200.0])).then(pl.lit("hybrid")).otherwise("source")
    )
    told = judged(far.cast(chain.schema))
    assert (told.confidence, told.rules) == (100, {"filled": 12})
    # Nine rows of the core are too few: all count, two of three of which are filled.
    few = judged(far.filter((pl.col("strike") > 100) | (pl.col("strike") < 90)).cast(chain.schema))
    assert few.confidence == round((8 * 100 + 12 * 95) / 20)


def test_the_core_ends_at_deltas_of_5_and_95_percent() -> None:
    # At 25 % and a quarter of a year those are strikes of 82.05 and 123.79.
    core, wings = [82.5, 90.0, 95.0, 100.0, 105.0, 123.0], [81.0, 124.5]
    chain = chain_of(strikes=[*wings[:1], *core, *wings[1:]])
    filled = chain.with_columns(
        source=pl.when(pl.col("strike").is_in(wings)).then(pl.lit("hybrid")).otherwise("source")
    )
    assert judged(filled.cast(chain.schema)).confidence == 100
    inner = chain.with_columns(
        source=pl.when(pl.col("strike").is_in([82.5, 123.0])).then(pl.lit("hybrid")).otherwise("source")
    )
    assert judged(inner.cast(chain.schema)).confidence == round((16 * 100 + 8 * 95) / 24)


def test_what_no_longer_trades_does_not_count_beside_what_does() -> None:
    gone = CHAIN.with_columns(
        time_to_expiry=pl.when(pl.col("expiration").rle_id() == 0).then(0.0).otherwise("time_to_expiry"),
        delta=pl.when(pl.col("expiration").rle_id() == 0).then(9.0).otherwise("delta"),
    )
    assert judged(gone).confidence == 100
    assert judged(gone.filter(time_to_expiry=0.0)).confidence == 0


def test_warnings_of_the_whole_end_at_zero() -> None:
    poor = CHAIN.with_columns(delta=pl.lit(9.0), fallback_reason=pl.lit("slow"))
    assert judged(poor).confidence == 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"feed": "delayed"}, {"feed": "delayed", "is_simulated": False}),
        ({"feed": "eod"}, {"feed": "eod", "is_simulated": False}),
        ({"feed": "simulated"}, {"feed": "simulated", "is_simulated": True}),
        ({"feed": None}, {"feed": "realtime"}),
        ({"received_ts": earlier(6)}, {"is_stale": True, "confidence": 97}),
        ({"source": "tradier"}, {"source": "hybrid"}),
        (
            {"fallback_reason": "massive is down"},
            {"fallback_reason": "massive is down", "warnings": ("fallback_used",)},
        ),
    ],
)
def test_the_worst_of_the_rows_is_told(values: dict[str, Any], expected: dict[str, Any]) -> None:
    told = judged(changed(EQUITIES, 1, **values))
    assert {name: getattr(told, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("confidence", "label"),
    [(100, "excellent"), (90, "excellent"), (89, "good"), (70, "good"), (69, "fair"), (39, "poor")],
)
def test_labels_begin_at_90_70_and_40(confidence: int, label: str) -> None:
    frame = validate(EQUITIES, AT).with_columns(confidence=pl.lit(confidence, pl.UInt8))
    assert (quality(frame).confidence, quality(frame).quality) == (confidence, label)


def test_a_wide_market_makes_a_chain_ninety_five() -> None:
    wide = CHAIN
    for row in range(CHAIN.height):
        mid = CHAIN.item(row, "mid")
        wide = changed(wide, row, **quoted(round(0.85 * mid, 2), round(1.15 * mid, 2)))
    assert judged(wide).rules == {"wide_spread": 20}
    assert judged(wide).confidence == 95


def test_what_is_no_frame_of_this_package_is_refused() -> None:
    with pytest.raises(ArgumentError, match="not a frame of this package"):
        quality(pl.DataFrame({"a": [1]}))


def test_a_quality_shows_what_is_worth_a_look() -> None:
    shown = "Quality(confidence=100, quality='excellent', source='massive', feed='realtime', rows=3, warnings=())"
    assert repr(judged(EQUITIES)) == shown
    told = repr(
        judged(changed(EQUITIES, 1, fallback_reason="massive is down", source="hybrid", received_ts=earlier(6)))
    )
    assert told.endswith(
        "source='hybrid', feed='realtime', is_stale=True, rows=3, warnings=('fallback_used',), "
        "fallback_reason='massive is down')"
    )


def test_an_index_is_trusted_as_far_as_its_candles() -> None:
    index = judged(INDICES)
    assert with_candles(index, {"1m": BARS, "5m": BARS}) == index
    assert with_candles(index, {}).warnings == ("no_candles",)
    inverted = changed(BARS, 1, high=99.0, low=99.01)
    outside = changed(changed(BARS, 1, close=101.01), 2, close=101.01)
    told = with_candles(index, {"1m": outside, "5m": BARS})
    assert (told.confidence, told.warnings, told.rules) == (95, ("1m:outside_range",), {"1m:outside_range": 2})
    told = with_candles(index, {"1m": outside, "5m": inverted})
    assert (told.confidence, told.quality, told.errors) == (0, "poor", ("5m:inverted_candle",))
    assert told.warnings == ("1m:outside_range",)
