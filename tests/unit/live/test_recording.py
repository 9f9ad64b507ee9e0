"""What a hub writes down while it is recorded: what came, and what must be known to read it, when that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import quantdata as qd
from quantdata.live.chains import Pace
from quantdata.live.engine import Settings
from quantdata.live.recording import Recorder
from quantdata.live.recording_reader import Reading
from quantdata.live.records import Answer, Ended, Frame, Line, Missed, Opened, Paced, Record, Watched
from quantdata.live.streaming import Heard
from quantdata.live.watchlist import Watchlist
from quantdata.wire.vitals import Gap
from tests.unit.hybrid.chains import NOW
from tests.unit.live.recorded import NOON_NS, RATES, answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SETTINGS = Settings(interval_s=5.0, debounce_s=0.1, wants_streams=True, dte=(0, 7), weights={"SPY": 2.0}, name="mine")
SPY = Watchlist.of(["SPY"], equities=["AAPL"], indices=["VIX"])


class Clock:
    """Moves on by a second at each look."""

    def __init__(self) -> None:
        self.now = NOON_NS

    def __call__(self) -> int:
        self.now += 1_000_000_000
        return self.now


def recorder(folder: Path) -> Recorder:
    streams = [("massive", "options"), ("tradier", "all")]
    return Recorder(folder, settings=SETTINGS, rates=RATES, streams=streams, wall=Clock())


def recorded(folder: Path) -> list[Record]:
    return [record for block in Reading(folder).blocks() for record in block]


def heard(frame: bytes, *, names: Mapping[str, str] | None = None, **facts: Any) -> Heard:
    usual: dict[str, Any] = {"vendor": "massive", "asset": "options", "feed": "realtime", "at": NOON_NS}
    return Heard(frame=frame, names=names or {"O:A": "A"}, **usual | facts)


def test_it_begins_with_how_the_hub_works_and_ends_with_its_end(tmp_path: Path) -> None:
    made = recorder(tmp_path)
    made.watch(SPY)
    made.close()
    made.close()
    first, second, last = recorded(tmp_path)
    assert first == Opened(
        at=NOON_NS + 1_000_000_000,
        hub="mine",
        interval_s=5.0,
        debounce_s=0.1,
        dte=(0, 7),
        weights={"SPY": 2.0},
        rate_days=RATES.days,
        rates=RATES.rates,
        streams=[("massive", "options"), ("tradier", "all")],
    )
    assert second == Watched(at=NOON_NS + 2_000_000_000, chains=("SPY",), equities=("AAPL",), indices=("VIX",))
    assert last == Ended(at=NOON_NS + 3_000_000_000)


def test_how_frames_are_read_is_told_before_the_first_and_where_it_changes(tmp_path: Path) -> None:
    made = recorder(tmp_path)
    made.watch(SPY)
    names = {"O:A": "A"}
    for each in (
        heard(b"1", names=names),
        heard(b"2", names=names),
        heard(b"3", names=dict(names)),
        heard(b"4", names={"O:B": "B"}),
        heard(b"5", names={"O:B": "B"}, feed="simulated"),
        heard(b"6", names=names, asset="stocks"),
    ):
        made.hear(each)
    made.close()
    found = [record for record in recorded(tmp_path) if isinstance(record, Line | Frame)]
    told = [
        record.frame if isinstance(record, Frame) else (record.asset, record.feed, record.names) for record in found
    ]
    assert told == [
        ("options", "realtime", {"O:A": "A"}),
        b"1",
        b"2",
        b"3",
        ("options", "realtime", {"O:B": "B"}),
        b"4",
        ("options", "simulated", {"O:B": "B"}),
        b"5",
        ("stocks", "realtime", {"O:A": "A"}),
        b"6",
    ]


def test_how_often_something_is_polled_is_told_where_it_changes(tmp_path: Path) -> None:
    made = recorder(tmp_path)
    made.watch(SPY)
    for seconds in (5.0, 5.0, 10.0):
        made.answer(answer(), [Pace(NOW.date(), seconds), Pace(None, 30.0)])
    made.close()
    found = [record for record in recorded(tmp_path) if isinstance(record, Paced | Answer)]
    assert [type(record) for record in found] == [Paced, Answer, Answer, Paced, Answer]
    assert [record.paces for record in found if isinstance(record, Paced)] == [
        [(NOW.date(), 5.0), (None, 30.0)],
        [(NOW.date(), 10.0), (None, 30.0)],
    ]


def test_gaps_are_told_with_both_ends(tmp_path: Path) -> None:
    made = recorder(tmp_path)
    made.watch(SPY)
    made.gap(Gap(vendor="massive", asset="options", reason="dropped", start=NOW, end=NOW))
    made.close()
    (missed,) = (record for record in recorded(tmp_path) if isinstance(record, Missed))
    assert (missed.vendor, missed.asset, missed.reason, missed.start, missed.end) == (
        *("massive", "options", "dropped"),
        *(NOW, NOW),
    )


def test_it_is_counted(tmp_path: Path) -> None:
    made = recorder(tmp_path)
    made.watch(SPY)
    made.close()
    written = (tmp_path / "000001.zst").stat().st_size
    assert made.figures() == [
        ("records", 3, "count"),
        ("lost_records", 0, "count"),
        ("written", written, "bytes"),
        ("kept", written, "bytes"),
    ]


# --- as its user holds it -------------------------------------------------------------------------------------------


def test_a_recording_ends_and_the_hub_goes_on(tmp_path: Path) -> None:
    with qd.hub(indices="VIX", source="sim", stream=False) as hub:
        hub.wait()
        with hub.record(tmp_path / "one") as recording:
            assert repr(recording).startswith(f"<Recording '{tmp_path}/one' open: ")
            assert (recording.is_open, recording.lost, recording.error) == (True, 0, None)
            with pytest.raises(qd.FeedError, match=r"hub is being recorded already: close\(\) that recording first"):
                hub.record(tmp_path / "two")
            assert "recording" in hub.metrics().get_column("subject")
        assert (recording.is_open, recording.records, recording.path) == (False, 5, tmp_path / "one")
        assert repr(recording) == f"<Recording '{tmp_path}/one' closed: 5 records>"
        assert "recording" not in hub.metrics().get_column("subject")
        recording.close()
        last = hub.record(tmp_path / "two")
        assert (recording.is_open, last.is_open) == (False, True)
    assert "closed" in repr(last)
    assert last.bytes == (tmp_path / "two" / "000001.zst").stat().st_size
    last.close()


def test_a_hub_that_does_not_run_is_not_recorded(tmp_path: Path) -> None:
    hub = qd.MarketDataHub(indices="VIX", source="sim")
    with pytest.raises(qd.FeedError, match=r"start\(\) it"):
        hub.record(tmp_path / "never")
    assert not (tmp_path / "never").exists()
