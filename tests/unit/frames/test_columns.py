"""The canonical columns: a contract with users, notebooks and files, so written out here once more."""

from __future__ import annotations

import polars as pl
import pytest

from quantdata.frames import columns
from quantdata.frames.columns import Column, empty, schema

FRAMES = {
    "BARS": columns.BARS,
    "CHAIN": columns.CHAIN,
    "ENTITLEMENTS": columns.ENTITLEMENTS,
    "EQUITY_QUOTES": columns.EQUITY_QUOTES,
    "FLOW": columns.FLOW,
    "HEALTH": columns.HEALTH,
    "INDEX_QUOTES": columns.INDEX_QUOTES,
    "LAKE_FINDINGS": columns.LAKE_FINDINGS,
    "LAKE_GAPS": columns.LAKE_GAPS,
    "LAKE_PIECES": columns.LAKE_PIECES,
    "LAKE_REPAIRS": columns.LAKE_REPAIRS,
    "METRICS": columns.METRICS,
    "OPTION_QUOTES": columns.OPTION_QUOTES,
    "TRADES": columns.TRADES,
}
NAMES = {
    "CHAIN": (
        "underlying_symbol contract_symbol root_symbol expiration expiration_type dte time_to_expiry strike "
        "option_type exercise_style settlement multiplier is_adjusted tick_size "
        "underlying_price underlying_ts underlying_source forward_price discount_factor moneyness "
        "bid bid_size bid_exchange ask ask_size ask_exchange mid spread spread_percent quote_ts quote_source "
        "quote_feed "
        "last last_size last_exchange last_conditions last_ts trade_source "
        "open high low close prev_close change change_percent vwap volume day_session day_source "
        "open_interest open_interest_date open_interest_source "
        "implied_volatility bid_iv ask_iv iv_ts iv_source model_iv "
        "delta gamma theta vega rho greeks_ts greeks_source greeks_feed "
        "liquidity source snapshot_ts received_ts age_s feed fallback_reason "
        "confidence quote_confidence greeks_confidence quality is_stale errors warnings notes"
    ),
    "EQUITY_QUOTES": (
        "symbol price bid ask bid_size ask_size size_unit quote_ts last_size last_ts open high low close prev_close "
        "change change_percent volume vwap updated_ts vendor_error "
        "source snapshot_ts received_ts age_s feed fallback_reason confidence quality is_stale errors warnings notes"
    ),
    "INDEX_QUOTES": (
        "symbol name value value_ts change change_percent open high low close prev_close market_status vendor_error "
        "source snapshot_ts received_ts age_s feed fallback_reason confidence quality is_stale errors warnings notes"
    ),
    "BARS": "symbol ts open high low close volume vwap trades session adjustment source feed",
    "TRADES": "symbol ts participant_ts price size exchange conditions correction sequence trade_id source feed",
    "OPTION_QUOTES": "symbol ts bid bid_size ask ask_size source feed",
    "FLOW": (
        "contract_symbol trade_count volume premium buy_volume sell_volume unclassified_volume buy_pressure "
        "sweep_count block_count volume_oi_ratio is_unusual flow_bias flow_score method updated_ts "
        "source snapshot_ts received_ts age_s feed fallback_reason confidence quality is_stale errors warnings notes"
    ),
    "ENTITLEMENTS": "provider block is_entitled feed reason",
    "HEALTH": (
        "provider endpoint is_healthy consecutive_failures successes failures response_p50_s response_p95_s "
        "last_success_ts last_failure_ts last_error_code last_error retry_in_s waiting_s"
    ),
    "LAKE_FINDINGS": "dataset path problem detail",
    "LAKE_GAPS": "dataset symbol date reason detail asked_ts",
    "LAKE_PIECES": (
        "dataset date key symbol rows bytes first_ts last_ts hours filters sources feed is_simulated content_hash "
        "schema_version written_ts"
    ),
    "LAKE_REPAIRS": "dataset path done detail",
    "METRICS": "metric provider endpoint kind value unit",
}
TICKS = ("OPTION_QUOTES", "TRADES")
MICROSECONDS = pl.Datetime("us", "UTC")


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_has_these_columns_in_this_order(name: str) -> None:
    assert " ".join(column.name for column in FRAMES[name]) == NAMES[name]


@pytest.mark.parametrize("name", FRAMES)
def test_a_column_is_there_once_and_says_what_it_means(name: str) -> None:
    names = [column.name for column in FRAMES[name]]
    assert len(set(names)) == len(names)
    assert all(column.meaning for column in FRAMES[name])


@pytest.mark.parametrize("name", FRAMES)
def test_moments_are_microseconds_in_utc_but_for_ticks(name: str) -> None:
    for column in FRAMES[name]:
        if isinstance(column.dtype, pl.Datetime):
            assert column.dtype == (pl.Datetime("ns", "UTC") if name in TICKS else MICROSECONDS)


def test_every_number_of_a_chain_has_a_unit() -> None:
    assert [column.name for column in columns.CHAIN if column.dtype.is_numeric() and not column.unit] == []


def test_a_word_means_the_same_in_every_frame() -> None:
    dtypes: dict[str, set[pl.DataType]] = {}
    for frame in (columns.CHAIN, columns.EQUITY_QUOTES, columns.INDEX_QUOTES, columns.BARS):
        for column in frame:
            dtypes.setdefault(column.name, set()).add(column.dtype)
    # Contracts are whole; shares may be fractional. Bars come from one provider, quotes may be hybrid.
    different = {name for name, found in dtypes.items() if len(found) > 1}
    assert different == {"bid_size", "ask_size", "last_size", "volume", "source"}


def test_the_worst_of_several_feeds_is_their_minimum() -> None:
    feeds = pl.DataFrame(
        {"a": ["realtime", "delayed", "realtime"], "b": ["delayed", "simulated", None]},
        schema={"a": columns.FEED, "b": columns.FEED},
    )
    assert feeds.select(pl.min_horizontal("a", "b")).to_series().to_list() == ["delayed", "simulated", "realtime"]


def test_an_empty_frame_has_the_schema_of_a_full_one() -> None:
    a, b = Column("a", pl.Float64(), "USD", "a price"), Column("b", pl.List(pl.Int64()), "", "ids")
    full = pl.DataFrame({"a": [1.0], "b": [[1, 2]]})
    assert schema((a, b)) == full.schema
    assert empty((a, b)).schema == full.schema
    assert empty((a, b)).height == 0
