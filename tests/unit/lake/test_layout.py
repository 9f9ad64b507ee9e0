"""Names of files: reversible, plain, and nobody else's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from quantdata.lake.layout import decoded, encoded, folder_day, found_at, part_key, path_of, stamp


@pytest.mark.parametrize(
    ("symbol", "spelt"),
    [
        ("SPY", "SPY"),
        ("BRK.B", "BRK.B"),
        ("I:NDX", "I%3ANDX"),
        ("BIPpB", "BIP%70B"),
        ("A-B", "A%2DB"),
        ("é%/", "%C3%A9%25%2F"),
    ],
)
def test_symbols_are_plain_in_names_and_come_back(symbol: str, spelt: str) -> None:
    assert encoded(symbol) == spelt
    assert decoded(spelt) == symbol


def test_moments_are_told_to_the_microsecond() -> None:
    assert stamp(datetime(2026, 11, 18, 15, 30, 0, 123456, tzinfo=UTC)) == "20261118T153000.123456Z"


def test_a_path_says_what_is_in_it() -> None:
    path = path_of(Path(), "bars_1m", date(2026, 11, 18), "SPY")
    assert str(path) == "bars_1m/date=2026-11-18/part-SPY.parquet"
    assert found_at("bars_1m", path) == (date(2026, 11, 18), "SPY", str(path))


@pytest.mark.parametrize(
    "path",
    [
        "bars_5m/date=2026-11-18/part-SPY.parquet",
        "bars_1m/part-SPY.parquet",
        "bars_1m/date=2026-11-18/sub/part-SPY.parquet",
        "bars_1m/date=2026-11-18/part-.parquet",
        "bars_1m/date=2026-11-18/.part-SPY.parquet",
        "bars_1m/date=2026-11-18/part-SPY.parquet.tmp",
        "bars_1m/date=2026-13-18/part-SPY.parquet",
        "bars_1m/day=2026-11-18/part-SPY.parquet",
    ],
)
def test_other_paths_are_of_no_piece(path: str) -> None:
    assert found_at("bars_1m", Path(path)) is None


def test_names_of_other_shapes_say_nothing() -> None:
    assert folder_day("date=2026-11-18 ") is None
    assert part_key("part-SPY.csv") is None
