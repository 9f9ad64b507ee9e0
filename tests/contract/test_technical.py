"""Indicators and index snapshots against the simulated market, and against what the vendor computes itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal

import httpx
import numpy as np
import polars as pl
import pytest
import talib

import quantdata as qd
from quantdata.analytics.technical import INDICATORS, indicator_columns
from quantdata.errors import EntitlementError, QuantDataWarning, QuoteNotFoundError
from quantdata.frames.bars import with_session
from quantdata.frames.columns import BARS, MOMENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quantdata.sim import Simulator

KEYS: Final = {"massive": "MASSIVE_API_KEY", "tradier": "TRADIER_ACCESS_TOKEN"}
RECORDED: Final = (
    "massive/client-python-mocks/v1/indicators/ema/"
    "AAPL_window_5_adjusted_false_timestamp.lte_1478393873000_timestamp.gte_1477972800000.json"
)


@pytest.fixture
def client(
    request: pytest.FixtureRequest, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[qd.Client]:
    """Return a client of Massive's, or of the vendor that a test names, in front of the simulated market."""
    vendor, _, plan = getattr(request, "param", "massive").partition(":")
    monkeypatch.setenv("MASSIVE_BASE_URL", simulator.base_url)
    monkeypatch.setenv("TRADIER_BASE_URL", simulator.tradier_url)
    monkeypatch.setenv(KEYS[vendor], f"sim-{plan}" if plan else "a-key-of-its-own")
    with qd.Client("tradier" if vendor == "tradier" else "massive") as made:
        yield made


# --- the vendor's own figures ---------------------------------------------------------------------------------------


def asked(simulator: Simulator, kind: str, **query: Any) -> tuple[dict[int, dict[str, float]], pl.DataFrame]:
    """Return the vendor's newest values by time, and the very bars that it made them of."""
    answer = httpx.get(
        f"{simulator.base_url}/v1/indicators/{kind}/SPY",
        params={"expand_underlying": "true", "limit": 50, **query},
        headers={"Authorization": "Bearer any"},
        trust_env=False,
        timeout=30.0,
    ).json()["results"]
    sent = pl.DataFrame(answer["underlying"]["aggregates"]).select(
        (pl.col("t") * 1000).cast(MOMENT).alias("ts"), high="h", low="l", close="c"
    )
    return {row["timestamp"]: row for row in answer["values"]}, sent


@pytest.mark.parametrize("timespan", ["minute", "day", "week"])
@pytest.mark.parametrize(
    ("kind", "query", "names", "settled"),
    [
        ("sma", {"window": 20}, {"value": "bb_middle"}, 0.0),
        ("ema", {"window": 8}, {"value": "ema_8"}, 0.0),
        ("ema", {"window": 200}, {"value": "ema_200"}, 0.0),
        ("rsi", {"window": 14}, {"value": "rsi_14"}, 0.0),
        # The vendor begins its two averages at bars 12 and 26, TA-Lib both at 26; 180 bars on that is forgotten.
        ("macd", {}, {"value": "macd", "signal": "macd_signal", "histogram": "macd_histogram"}, 1e-4),
    ],
)
def test_figures_are_those_of_the_vendor_on_the_same_bars(
    simulator: Simulator, timespan: str, kind: str, query: dict[str, Any], names: dict[str, str], settled: float
) -> None:
    values, bars = asked(simulator, kind, timespan=timespan, **query)
    ours = {int(row["ts"].timestamp() * 1000): row for row in indicator_columns(bars).iter_rows(named=True)}
    assert len(values) == 50
    newest = sorted(values)[-20:]
    for stamp in newest:
        for theirs, name in names.items():
            assert ours[stamp][name] == pytest.approx(values[stamp][theirs], rel=1e-9, abs=settled), (name, stamp)


def test_a_recorded_average_is_that_of_the_same_closes(fixtures_dir: Path) -> None:
    recorded = fixtures_dir / RECORDED
    if not recorded.is_file():
        pytest.skip(f"no recorded indicators at {recorded}")
    values = [row["value"] for row in json.loads(recorded.read_bytes())["results"]["values"]]
    # AAPL's closes of 2016-10-25 to 2016-11-04, unadjusted; the five before 2016-11-01 begin the average.
    closes = np.array([118.25, 115.59, 114.48, 113.72, 113.54, 111.49, 111.59, 109.83, 108.84])
    np.testing.assert_allclose(talib.EMA(closes, 5)[5:][::-1], values, rtol=1e-12)


# --- indicators -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("timeframe", ["1m", "5m", "1h", "1d"])
def test_the_newest_bars_have_all_indicators_settled(client: qd.Client, timeframe: Any) -> None:
    found = client.indicators("SPY", timeframe, lookback=50)
    assert found.columns == ["ts", *INDICATORS]
    assert found.height == 50
    assert found.null_count().sum_horizontal()[0] == 0
    assert found.get_column("ts").is_sorted()
    # The simulated clock stands at 11:00 on this day.
    last = found.get_column("ts").dt.convert_time_zone("America/New_York")[-1]
    assert (
        f"{last:%Y-%m-%d %H:%M}"
        == {
            "1m": "2026-11-18 10:59",
            "5m": "2026-11-18 10:55",
            "1h": "2026-11-18 10:30",
            "1d": "2026-11-18 00:00",
        }[timeframe]
    )


def test_a_longer_lookback_has_the_same_newest_rows(client: qd.Client) -> None:
    few, many = client.indicators("SPY", "5m", lookback=10), client.indicators("SPY", "5m", lookback=300)
    assert many.height == 300
    for name in INDICATORS:
        assert few.get_column(name).to_list() == pytest.approx(many.tail(10).get_column(name).to_list(), rel=2e-3), name


def test_indicators_are_those_of_the_clients_bars(client: qd.Client) -> None:
    found = client.indicators("SPY", "1d", lookback=5)
    bars = client.bars("SPY", "1d", "2022-01-03", "2026-11-18")
    ours = indicator_columns(bars).tail(5)
    for name in INDICATORS:
        assert found.get_column(name).to_list() == pytest.approx(ours.get_column(name).to_list(), rel=2e-3), name


def test_an_option_has_indicators_as_far_as_it_trades(client: qd.Client) -> None:
    found = client.indicators("SPY261218C00680000", "5m", lookback=30)
    assert found.height == 30
    assert found.get_column("vwap").null_count() == 0


def test_an_unknown_symbol_is_not_found(client: qd.Client) -> None:
    with pytest.raises(QuoteNotFoundError):
        client.indicators("ZZZZ", "1d")


# --- snapshots ------------------------------------------------------------------------------------------------------


def test_a_snapshot_is_one_moment_of_an_index(client: qd.Client) -> None:
    found = client.index_snapshot("spx", timeframes=("1m", "1d"), lookback=20)
    assert isinstance(found, qd.IndexSnapshot)
    assert found.quote.select("symbol", "feed").row(0) == ("SPX", "simulated")
    assert list(found.timeframes) == ["1m", "1d"]
    for timeframe, bars in found.timeframes.items():
        assert bars.height == 20
        assert set(bars.columns) == {column.name for column in BARS} | set(INDICATORS)
        assert bars.get_column("vwap").null_count() == 20, "an index has no volume"
        assert bars.drop("vwap", "volume", "trades").null_count().sum_horizontal()[0] == 0, timeframe
    minutes = with_session(found.timeframes["1m"])
    assert minutes.get_column("session").to_list() == found.timeframes["1m"].get_column("session").to_list()
    assert repr(found).startswith("<IndexSnapshot SPX ")


def test_several_indices_come_by_name_and_are_kept(client: qd.Client, simulator: Simulator) -> None:
    found = client.index_snapshot(["SPX", "I:VIX", "SPX"], timeframes="1d", lookback=5)
    assert list(found) == ["SPX", "VIX"]
    before = sum(simulator.describe()["requests"].values())
    again = client.index_snapshot("VIX", timeframes="1d", lookback=5)
    assert again.timeframes["1d"].equals(found["VIX"].timeframes["1d"])
    # Bars are kept; of one index alone there is no quote yet.
    assert sum(simulator.describe()["requests"].values()) == before + 1
    again.timeframes.clear()
    assert list(client.index_snapshot("VIX", timeframes="1d", lookback=5).timeframes) == ["1d"]


def test_what_can_be_read_once_alone_will_do(client: qd.Client) -> None:
    timeframes: list[Literal["1d", "1h"]] = ["1d", "1h"]
    found = client.index_snapshot(iter(["SPX", "VIX"]), timeframes=iter(timeframes), lookback=5)
    assert {name: list(each.timeframes) for name, each in found.items()} == {"SPX": ["1d", "1h"], "VIX": ["1d", "1h"]}


@pytest.mark.parametrize("client", ["tradier"], indirect=True)
def test_tradier_has_days_of_an_index_and_no_minutes(client: qd.Client) -> None:
    with pytest.warns(
        QuantDataWarning, match=r"timeframes left out: SPX 1m, 5m, 15m, 1h: tradier has no intraday"
    ) as all_:
        found = client.index_snapshot("SPX", lookback=20)
    assert len(all_) == 1
    assert all_[0].filename == __file__
    assert list(found.timeframes) == ["1d"]
    assert found.timeframes["1d"].get_column("ema_200").null_count() == 0
    with pytest.raises(EntitlementError, match="no intraday bars of the index SPX"):
        client.index_snapshot("SPX", timeframes="5m")
    assert client.indicators("SPY", "5m", lookback=20).get_column("vwap").null_count() == 0


@pytest.mark.parametrize("client", ["massive:options_advanced"], indirect=True)
def test_a_plan_without_indices_is_an_error(client: qd.Client) -> None:
    with pytest.raises(EntitlementError):
        client.index_snapshot("SPX")


def test_an_index_that_is_not_known_is_not_found(client: qd.Client) -> None:
    with pytest.raises(QuoteNotFoundError):
        client.index_snapshot("XYZQ", timeframes="1d")
