"""A lake is of a simulated market or of the real one, never of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quantdata.errors import LakeError
from quantdata.lake import Lake
from tests.unit.lake.frames import bars, chain

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("first", "second", "kept"), [("simulated", "realtime", "simulated"), (None, "simulated", "real")]
)
@pytest.mark.parametrize("is_reopened", [False, True])
def test_data_of_another_market_are_refused(
    tmp_path: Path, first: str | None, second: str, kept: str, *, is_reopened: bool
) -> None:
    lake = Lake(tmp_path)
    lake.write("bars_1m", bars("SPY", feed=first))
    again = Lake(tmp_path) if is_reopened else lake
    with pytest.raises(LakeError, match=f"holds {kept} data, and this is .*: give it a lake of its own"):
        again.write("chains", chain(feed=second))
    assert again.coverage().height == 1
    again.write("bars_1m", bars("QQQ", feed=first))


def test_a_frame_of_both_is_refused_whole(tmp_path: Path) -> None:
    both = bars("SPY", feed="simulated").vstack(bars("QQQ", feed="realtime"))
    with pytest.raises(LakeError, match="a lake of its own"):
        Lake(tmp_path).write("bars_1m", both)
    assert list(tmp_path.rglob("*.parquet")) == []


def test_a_lake_that_came_without_its_ledger_is_well(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write("bars_1m", bars("SPY", feed="simulated"))
    for file in (tmp_path / "_meta").glob("*.sqlite*"):
        file.unlink()
    again = Lake(tmp_path)
    assert again.verify().is_empty()
    with pytest.raises(LakeError, match="holds simulated data"):
        again.write("bars_1m", bars("QQQ"))
