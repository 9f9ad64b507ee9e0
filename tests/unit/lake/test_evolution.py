"""Files of other versions and other programs: what they lack is null, what only they know is left out."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from quantdata.lake import DATASETS, Lake
from tests.unit.lake.frames import bars, chain

if TYPE_CHECKING:
    from pathlib import Path


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(name).cast(pl.String) for name, dtype in frame.schema.items() if dtype == pl.Enum)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake with a session that it wrote, one of an older version, one of a newer and one of pyarrow's."""
    lake = Lake(tmp_path / "lake")
    lake.write("bars_1m", bars("SPY", days=["2026-11-16"]))
    old = _as_text(bars("SPY", days=["2026-11-17"]).drop("feed", "trades", "vwap"))
    new = _as_text(bars("SPY", days=["2026-11-18"])).with_columns(mood=pl.lit("good"), depth=pl.lit(5))
    folders = {day: lake.path / "bars_1m" / f"date=2026-11-{day}" for day in (17, 18, 19)}
    for folder in folders.values():
        folder.mkdir()
    old.write_parquet(folders[17] / "part-SPY.parquet", metadata={"quantdata.schema_version": "0"})
    new.write_parquet(folders[18] / "part-SPY.parquet", metadata={"quantdata.schema_version": "2"})
    pq.write_table(_as_text(bars("SPY", days=["2026-11-19"])).to_arrow(), folders[19] / "part-SPY.parquet")
    return lake


def test_files_of_all_versions_are_one_frame_with_the_canonical_columns(lake: Lake) -> None:
    found = lake.scan("bars_1m").collect()
    assert found.schema == pl.Schema({**DATASETS["bars_1m"].schema, "date": pl.Date()})
    everything = bars("SPY", days=["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"])
    same = ["symbol", "ts", "open", "close", "session", "adjustment", "source"]
    assert_frame_equal(found.select(same), everything.select(same))
    lacking = found.group_by("date").agg(pl.col("feed", "trades", "vwap").null_count()).sort("date")
    assert lacking.filter(pl.col("feed") == 3).get_column("date").to_list() == [date(2026, 11, 17)]


@pytest.mark.parametrize("day", [16, 17, 18, 19])
def test_each_of_them_alone_has_the_same_columns(lake: Lake, day: int) -> None:
    found = lake.scan("bars_1m", start=date(2026, 11, day), end=date(2026, 11, day)).collect()
    assert found.height == 3
    assert found.schema == pl.Schema({**DATASETS["bars_1m"].schema, "date": pl.Date()})


def test_what_others_wrote_is_covered_as_far_as_it_says(lake: Lake) -> None:
    found = lake.coverage("bars_1m").select("date", "symbol", "rows", "schema_version", "content_hash")
    assert found.drop("content_hash").rows() == [
        (date(2026, 11, 16), "SPY", 3, 1),
        (date(2026, 11, 17), "SPY", 3, 0),
        (date(2026, 11, 18), "SPY", 3, 2),
        (date(2026, 11, 19), "SPY", 3, None),
    ]
    assert found.get_column("content_hash").null_count() == 3
    assert lake.gaps("bars_1m", "SPY", "2026-11-16", "2026-11-19").is_empty()


def test_what_others_wrote_is_named_as_such_and_stays(lake: Lake) -> None:
    lake.coverage()
    assert lake.verify().get_column("problem").to_list() == ["foreign"] * 3
    assert lake.repair().is_empty()
    assert lake.scan("bars_1m").collect().height == 12


def test_rows_may_be_chosen_by_words_whatever_the_version(lake: Lake) -> None:
    assert lake.scan("bars_1m").filter(pl.col("source") == "massive").collect().height == 12
    assert lake.scan("bars_1m").filter(pl.col("feed") == "realtime").select("close").collect().height == 9


def test_lists_and_empty_lists_are_told_from_null(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.write("chains", chain())
    found = lake.scan("chains").select("warnings", "notes").collect()
    assert found.get_column("warnings").to_list() == [["wide_spread", "no_quote"], [], [], [], [], []]
    assert found.get_column("notes").null_count() == 6
