"""The folder for zipline: every session and no other, minutes by their end, splits and dividends beside raw prices."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from quantdata.errors import ArgumentError, LakeError
from quantdata.interop import lookahead, to_zipline
from tests.unit.interop.canonical import AUTUMN, HALF_DAY, THANKSGIVING, actions, at, bar, bars, daily, intraday

if TYPE_CHECKING:
    from pathlib import Path

SPLIT = {"symbol": "SPY", "ex_date": AUTUMN[2], "action": "split", "ratio": 4.0}
DIVIDEND = {"symbol": "SPY", "ex_date": AUTUMN[3], "action": "dividend", "amount": 0.25}


def _lines(folder: Path, name: str) -> list[str]:
    return (folder / name).read_text().splitlines()


def test_days_bear_their_date(tmp_path: Path) -> None:
    folder = to_zipline(daily("SPY", AUTUMN, volume=1000.6), tmp_path / "bundle")
    assert _lines(folder, "daily/SPY.csv") == [
        "date,open,high,low,close,volume,dividend,split",
        "2026-10-29,99.5,100.25,99.25,100.0,1001,0.0,1.0",
        "2026-10-30,100.5,101.25,100.25,101.0,1001,0.0,1.0",
        "2026-11-02,101.5,102.25,101.25,102.0,1001,0.0,1.0",
        "2026-11-03,102.5,103.25,102.25,103.0,1001,0.0,1.0",
    ]
    assert sorted(each.name for each in folder.iterdir()) == ["daily", "lookahead.json"]


def test_minutes_bear_their_end_through_daylight_saving_and_on_half_days(tmp_path: Path) -> None:
    folder = to_zipline(intraday("SPY", "1m", AUTUMN), tmp_path / "autumn")
    dates = [line.partition(",")[0] for line in _lines(folder, "minute/SPY.csv")[1:]]
    assert len(dates) == 4 * 390
    assert dates[0::390] == [f"2026-{day} {hour}:31:00" for day, hour in _days_and_hours(13, 14)]
    assert dates[389::390] == [f"2026-{day} {hour}:00:00" for day, hour in _days_and_hours(20, 21)]
    half = to_zipline(intraday("SPY", "1m", THANKSGIVING), tmp_path / "half")
    ends = [line.partition(",")[0] for line in _lines(half, "minute/SPY.csv") if line.startswith(str(HALF_DAY))]
    assert (len(ends), ends[-1]) == (210, "2026-11-27 18:00:00")
    assert lookahead(half).label == "end"


def _days_and_hours(summer: int, winter: int) -> list[tuple[str, int]]:
    return [("10-29", summer), ("10-30", summer), ("11-02", winter), ("11-03", winter)]


def test_splits_and_dividends_stand_on_their_day(tmp_path: Path) -> None:
    before = {"symbol": "SPY", "ex_date": AUTUMN[0], "action": "split", "ratio": 2.0}
    other = {"symbol": "QQQ", "ex_date": AUTUMN[2], "action": "dividend", "amount": 9.0}
    again = {**DIVIDEND, "amount": 0.5}
    told = actions(SPLIT, DIVIDEND, again, before, other)
    folder = to_zipline(daily("SPY", AUTUMN), tmp_path, actions=told)
    ends = [line.split(",")[-2:] for line in _lines(folder, "daily/SPY.csv")[1:]]
    assert ends == [["0.0", "1.0"], ["0.0", "1.0"], ["0.0", "4.0"], ["0.75", "1.0"]]
    assert any("1 splits and 1 dividends stand beside them" in trap for trap in lookahead(folder).traps)
    assert any("never pays dividends in cash" in trap for trap in lookahead(folder).traps)


def test_what_happens_on_a_shut_day_counts_on_the_next_session(tmp_path: Path) -> None:
    sunday = actions({**SPLIT, "ex_date": date(2026, 11, 1)})
    folder = to_zipline(daily("SPY", AUTUMN), tmp_path, actions=sunday)
    assert [line.split(",")[-1] for line in _lines(folder, "daily/SPY.csv")[1:]] == ["1.0", "1.0", "4.0", "1.0"]


def test_a_minute_bundle_has_them_in_rows_at_midnight(tmp_path: Path) -> None:
    folder = to_zipline(intraday("SPY", "1m", AUTUMN), tmp_path, actions=actions(SPLIT, DIVIDEND))
    lines = _lines(folder, "minute/SPY.csv")
    assert lines[1 + 2 * 390] == "2026-11-02 00:00:00,0.0,0.0,0.0,0.0,0,0.0,4.0"
    assert [line for line in lines if " 00:00:00" in line][1:] == ["2026-11-03 00:00:00,0.0,0.0,0.0,0.0,0,0.25,1.0"]


def test_without_actions_the_report_says_so(tmp_path: Path) -> None:
    report = lookahead(to_zipline(daily("SPY", AUTUMN), tmp_path))
    assert any("no actions= were given" in trap for trap in report.traps)


def test_missing_sessions_are_listed(tmp_path: Path) -> None:
    lacking = daily("SPY", AUTUMN).filter(pl.col("session") != AUTUMN[2])
    with pytest.raises(ArgumentError, match=r"SPY lacks 2026-11-02\. Load them, or say fill='previous_close'"):
        to_zipline(lacking, tmp_path)
    assert not list(tmp_path.iterdir())
    folder = to_zipline(lacking, tmp_path, fill="previous_close")
    assert _lines(folder, "daily/SPY.csv")[3] == "2026-11-02,101.0,101.0,101.0,101.0,0,0.0,1.0"
    assert (lookahead(folder).filled_rows, lookahead(folder).missing_sessions) == (1, {"SPY": (AUTUMN[2],)})


def test_many_missing_sessions_are_not_all_listed(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"2026-10-15 and 12 more\. Load them"):
        to_zipline(daily("SPY", (date(2026, 9, 17), AUTUMN[3])), tmp_path)


def test_minutes_without_a_trade_may_be_missing(tmp_path: Path) -> None:
    lacking = intraday("SPY", "1m", AUTUMN).filter(pl.col("ts") != at(AUTUMN[0], "10:00"))
    report = lookahead(to_zipline(lacking, tmp_path))
    assert (report.rows, report.no_trade_windows) == (4 * 390 - 1, 1)


def test_minutes_outside_regular_hours_are_left_out_and_told(tmp_path: Path) -> None:
    early = bars([bar("SPY", at(AUTUMN[0], "09:29"), AUTUMN[0], 100.0)])
    folder = to_zipline(pl.concat([early, intraday("SPY", "1m", AUTUMN)]), tmp_path)
    assert len(_lines(folder, "minute/SPY.csv")) == 1 + 4 * 390
    report = lookahead(folder)
    assert report.rows == 4 * 390
    assert any("1 bars outside regular hours are left out" in trap for trap in report.traps)


def test_a_dot_in_a_symbol_becomes_a_dash(tmp_path: Path) -> None:
    folder = to_zipline(daily("BRK.B", AUTUMN), tmp_path)
    assert (folder / "daily" / "BRK-B.csv").exists()
    assert any("BRK.B is BRK-B there" in trap for trap in lookahead(folder).traps)


def test_writing_again_replaces_a_symbol_and_leaves_others(tmp_path: Path) -> None:
    to_zipline(daily("SPY", AUTUMN), tmp_path)
    to_zipline(daily("QQQ", AUTUMN), tmp_path)
    to_zipline(daily("SPY", AUTUMN[:2]), tmp_path)
    assert sorted(each.name for each in (tmp_path / "daily").iterdir()) == ["QQQ.csv", "SPY.csv"]
    assert len(_lines(tmp_path, "daily/SPY.csv")) == 3


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (daily("SPX", AUTUMN), "zipline knows stocks and funds; SPX cannot be loaded"),
        (daily("SPY261218C00690000", AUTUMN), "zipline knows stocks and funds"),
        (intraday("SPY", "5m", AUTUMN), "a day or a minute, not 5m"),
        (daily("SPY", AUTUMN, adjustment="split"), r"these are adjusted \(split\)"),
    ],
)
def test_what_zipline_cannot_take_is_refused(frame: pl.DataFrame, message: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=message):
        to_zipline(frame, tmp_path)


def test_a_folder_holds_days_or_minutes(tmp_path: Path) -> None:
    to_zipline(daily("SPY", AUTUMN), tmp_path)
    with pytest.raises(ArgumentError, match="holds daily: zipline ingests days or minutes"):
        to_zipline(intraday("SPY", "1m", AUTUMN), tmp_path)


def test_other_actions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="actions lack ex_date, amount"):
        to_zipline(daily("SPY", AUTUMN), tmp_path, actions=actions(SPLIT).drop("ex_date", "amount"))


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match=r"the bundle cannot be written to .*file"):
        to_zipline(daily("SPY", AUTUMN), tmp_path / "file")
