from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.errors import ArgumentError, LakeError
from quantdata.frames.corporate import corporate_actions
from quantdata.lake import Lake

if TYPE_CHECKING:
    from pathlib import Path

SPLITS = pl.DataFrame({"execution_date": [date(2024, 6, 10)], "ratio": [10.0]})
DIVIDENDS = pl.DataFrame({"ex_date": [date(2024, 6, 11)], "amount": [0.01]})
ACTIONS = corporate_actions(SPLITS, DIVIDENDS, symbol="NVDA", source="massive", feed="simulated")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_splits_and_dividends_are_kept_with_the_day_they_were_asked_for_on(lake: Lake) -> None:
    assert lake.corporate_actions("NVDA") is None
    lake.keep_corporate_actions("NVDA", ACTIONS.head(1), asked_on=date(2026, 11, 17))
    lake.keep_corporate_actions("NVDA", ACTIONS, asked_on=date(2026, 11, 18))
    held = lake.corporate_actions("NVDA")
    assert held is not None
    assert held.asked_on == date(2026, 11, 18)
    assert_frame_equal(held.actions, ACTIONS)
    assert lake.corporate_actions("SPY") is None


def test_none_are_an_answer_too(lake: Lake) -> None:
    lake.keep_corporate_actions("DIA", ACTIONS.clear(), asked_on=date(2026, 11, 18))
    held = lake.corporate_actions("DIA")
    assert held is not None
    assert_frame_equal(held.actions, ACTIONS.clear())


def test_another_frame_is_refused(lake: Lake) -> None:
    with pytest.raises(ArgumentError, match="must have the columns of CORPORATE_ACTIONS"):
        lake.keep_corporate_actions("NVDA", SPLITS, asked_on=date(2026, 11, 18))
    assert not lake.path.exists()


def test_a_file_that_is_cut_off_is_named(lake: Lake) -> None:
    lake.keep_corporate_actions("NVDA", ACTIONS, asked_on=date(2026, 11, 18))
    (file,) = lake.path.rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(LakeError, match=r"cannot read .*NVDA.parquet"):
        lake.corporate_actions("NVDA")
