"""The sample lake in ``data/``: whole, small, and simulated in every row and every footer."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import polars as pl
import pytest

import quantdata as qd
from quantdata.sessions import sessions

SAMPLE: Final = Path(__file__).resolve().parents[2] / "data" / "sample"
SYMBOLS: Final = ("DIA", "NVDA", "QQQ", "SPY")
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 30)
WINDOW: Final = timedelta(minutes=5)
DATASETS: Final = ("bars_1d", "bars_5m", "chains")
DAYS: Final = [session.day for session in sessions(FIRST, LAST)]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> qd.Lake:
    """A copy, for whoever opens a lake leaves a ledger in it."""
    copy = tmp_path_factory.mktemp("data") / "sample"
    shutil.copytree(SAMPLE, copy, ignore=shutil.ignore_patterns("*.sqlite*"))
    return qd.Lake(copy)


def test_nothing_is_wrong_with_it(lake: qd.Lake) -> None:
    lake.coverage()  # on this machine the ledger knows no file before
    assert lake.verify().rows() == []


def test_it_is_below_five_megabytes() -> None:
    sizes = [path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file() and ".sqlite" not in path.name]
    assert sum(sizes) < 5_000_000


def test_every_footer_says_that_it_is_simulated(lake: qd.Lake) -> None:
    said = lake.coverage()
    assert set(said["dataset"]) == set(DATASETS)
    assert said["is_simulated"].all()
    assert set(said["feed"]) == {"simulated"}


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_row_says_that_it_is_simulated(dataset: str, lake: qd.Lake) -> None:
    assert lake.scan(dataset).select(pl.col("feed").unique()).collect().rows() == [("simulated",)]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_splits_and_dividends_are_simulated_too(symbol: str, lake: qd.Lake) -> None:
    held = lake.corporate_actions(symbol)
    assert held is not None
    assert set(held.actions["feed"]) == {"simulated"}
    assert held.asked_on > LAST


def test_a_dividend_falls_into_the_month(lake: qd.Lake) -> None:
    held = lake.corporate_actions("DIA")
    assert held is not None
    in_october = held.actions.filter(pl.col("ex_date").is_between(FIRST, LAST))
    assert in_october.select("ex_date", "action").rows() == [(date(2026, 10, 16), "dividend")]


@pytest.mark.parametrize("dataset", ["bars_1d", "bars_5m"])
def test_no_session_of_the_month_is_missing(dataset: str, lake: qd.Lake) -> None:
    assert lake.gaps(dataset, SYMBOLS, FIRST, LAST).is_empty()
    assert sorted(lake.coverage(dataset)["date"].unique()) == DAYS


def test_no_window_of_a_session_is_missing(lake: qd.Lake) -> None:
    of_each = lake.scan("bars_5m").group_by("symbol", "date").agg("ts").collect()
    for symbol, day, found in of_each.iter_rows():
        (session,) = sessions(day, day)
        starts = pl.datetime_range(session.open, session.close, WINDOW, closed="left", time_unit="us", eager=True)
        assert found == starts.to_list(), (symbol, day)


def test_five_minutes_make_the_day_but_for_its_auction(lake: qd.Lake) -> None:
    by_window = (
        lake.scan("bars_5m")
        .group_by("symbol", "session")
        .agg(
            pl.col("open").sort_by("ts").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").sort_by("ts").last(),
            pl.col("volume").sum(),
        )
        .sort("symbol", "session")
        .collect()
    )
    days = lake.scan("bars_1d").sort("symbol", "session").select(by_window.columns).collect()
    assert days.height == len(SYMBOLS) * len(DAYS)
    assert days.drop("volume").equals(by_window.drop("volume"))
    assert (by_window["volume"] / days["volume"]).is_between(0.9, 1.0).all()


def test_chains_are_of_each_close_of_the_week(lake: qd.Lake) -> None:
    closes = [session.close for session in sessions(date(2026, 10, 26), LAST)]
    snapshots = lake.scan("chains").select(pl.col("snapshot_ts").unique().sort()).collect()
    assert snapshots["snapshot_ts"].to_list() == closes


def test_chains_say_how_they_were_cut(lake: qd.Lake) -> None:
    (said,) = lake.coverage("chains")["filters"].unique()
    assert json.loads(said) == {"dte": [0, 45], "moneyness": [0.85, 1.15]}
    chains = lake.scan("chains").collect()
    assert chains["dte"].is_between(0, 45).all()
    assert chains["moneyness"].is_between(0.85, 1.15).all()


def test_chains_are_to_be_trusted(lake: qd.Lake) -> None:
    for (_,), chain in lake.scan("chains").drop("date").collect().group_by("snapshot_ts"):
        assert qd.quality(chain).confidence >= 99
