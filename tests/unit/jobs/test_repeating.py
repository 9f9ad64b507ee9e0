from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.errors import ArgumentError, AuthenticationError, UnavailableError
from quantdata.jobs import Job, record
from quantdata.jobs.repeating import Rounds
from quantdata.jobs.running import drive
from quantdata.sessions import NEW_YORK

if TYPE_CHECKING:
    import quantdata as qd
    from quantdata.jobs.report import Report
    from quantdata.lake import Lake
    from tests.unit.jobs.vendor import FakeVendor

FIVE = timedelta(minutes=5)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


class Time:
    """The vendor's clock, moved by whoever sleeps; ``events`` happen when it comes to their time."""

    def __init__(self, vendor: FakeVendor, now: str) -> None:
        self.vendor = vendor
        self.events: dict[str, Any] = {}
        vendor.at = at(now)

    async def sleep(self, seconds: float) -> None:
        # Let what a round has to do be done, as in a second of real time.
        for _ in range(20):
            await asyncio.sleep(0.001)
        self.vendor.at += timedelta(seconds=max(seconds, 60.0))
        for due in [due for due in self.events if at(due) <= self.vendor.at]:
            self.events.pop(due)()


def recorded(client: qd.Client, lake: Lake, clock: Time, *jobs: Job, **more: Any) -> Report:
    rounds = Rounds(jobs, client._core, lake, sleep=clock.sleep, **{"every": FIVE, **more})
    return drive(rounds, progress=False)


def told(report: Report) -> list[tuple[str, str, str]]:
    rows = report.frame.select("slot_ts", "symbol", "status").rows()
    return [(f"{slot.astimezone(NEW_YORK):%H:%M}", symbol, status) for slot, symbol, status in rows]


def test_each_slot_until_the_close_has_its_snapshot(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    report = recorded(client, lake, Time(vendor, "2026-11-18T15:51"), Job("chains", ["NVDA"]))
    assert told(report) == [("15:55", "NVDA", "done"), ("16:00", "NVDA", "done")]
    assert lake.coverage("chains").get_column("first_ts").to_list() == [
        at("2026-11-18T15:55"),
        at("2026-11-18T16:00"),
    ]
    assert report.verdict == "complete"


def test_symbols_end_with_their_own_close(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    jobs = [Job("chains", ["NVDA", "SPX"]), Job("quotes", ["SPY"])]
    report = recorded(client, lake, Time(vendor, "2026-11-27T12:56"), *jobs)
    assert told(report) == [
        ("13:00", "NVDA", "done"),
        ("13:00", "SPX", "done"),
        ("13:05", "SPX", "done"),
        ("13:10", "SPX", "done"),
        ("13:15", "SPX", "done"),
        ("13:00", "SPY", "done"),
    ]


def test_a_closed_market_is_waited_for(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    clock = Time(vendor, "2026-11-18T08:00")
    report = recorded(
        client, lake, clock, Job("chains", ["NVDA"]), until=at("2026-11-18T09:40").astimezone(NEW_YORK).time()
    )
    assert [slot for slot, _, _ in told(report)] == ["09:30", "09:35", "09:40"]


def test_a_failed_round_does_not_shift_the_next(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    clock = Time(vendor, "2026-11-18T15:46")
    vendor.failures["NVDA"] = AuthenticationError("refused", provider="massive")
    clock.events["2026-11-18T15:52"] = vendor.failures.clear
    report = recorded(client, lake, clock, Job("chains", ["NVDA"]))
    assert told(report) == [("15:50", "NVDA", "failed"), ("15:55", "NVDA", "done"), ("16:00", "NVDA", "done")]
    assert report.verdict == "partly"


def test_a_slow_round_does_not_shift_the_next_and_is_left_out_of_it(
    client: qd.Client, vendor: FakeVendor, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Time(vendor, "2026-11-18T15:46")
    gate = asyncio.Event()
    ask = vendor._ask

    async def slow(question: str, *symbols: str) -> None:
        if "AAPL" in symbols:
            await gate.wait()
        await ask(question, *symbols)

    monkeypatch.setattr(vendor, "_ask", slow)
    clock.events["2026-11-18T15:57"] = gate.set
    report = recorded(client, lake, clock, Job("chains", ["AAPL", "NVDA"]))
    assert told(report) == [
        ("15:50", "AAPL", "done"),
        ("15:50", "NVDA", "done"),
        ("15:55", "AAPL", "failed"),
        ("15:55", "NVDA", "done"),
        ("16:00", "AAPL", "done"),
        ("16:00", "NVDA", "done"),
    ]
    late = report.frame.filter(status="failed").item(0, "detail")
    assert late == "left out: an earlier round of it was still under way"


def test_slots_that_were_slept_through_are_told_of(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    clock = Time(vendor, "2026-11-18T15:41")

    def suspended() -> None:
        vendor.at = at("2026-11-18T15:56")

    clock.events["2026-11-18T15:43"] = suspended
    report = recorded(client, lake, clock, Job("chains", ["NVDA"]))
    assert told(report) == [
        ("15:45", "NVDA", "failed"),
        ("15:50", "NVDA", "failed"),
        ("15:55", "NVDA", "done"),
        ("16:00", "NVDA", "done"),
    ]
    assert report.frame.item(0, "detail") == "missed: at 15:56:00 it was too late, 15:45:00 had passed"


def test_a_host_that_is_away_for_a_moment_does_not_end_it(
    client: qd.Client, vendor: FakeVendor, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> datetime:
        raise UnavailableError("away", provider="massive")

    monkeypatch.setattr(vendor, "present", away)
    report = recorded(client, lake, Time(vendor, "2026-11-18T15:59"), Job("chains", ["NVDA"]))
    assert told(report) == [("16:00", "NVDA", "done")]


def test_a_bug_is_raised(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    vendor.failures["NVDA"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        recorded(client, lake, Time(vendor, "2026-11-18T15:54"), Job("chains", ["NVDA"]))


def test_history_is_asked_for_once(client: qd.Client, lake: Lake) -> None:
    jobs = [Job("chains", ["SPY"]), Job("bars", ["SPY"], timeframe="5m", last=1)]
    with pytest.raises(ArgumentError, match="every= is for snapshots: bars are history, which is asked for once"):
        record(jobs, client, lake, every="5m", progress=False)


def test_record_checks_interval_and_time_and_runs(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    vendor.at = at("2026-11-18T16:00")
    jobs = [Job("quotes", ["NVDA"])]
    assert told(record(jobs, client, lake, every="5m", progress=False)) == [("16:00", "NVDA", "done")]
    with pytest.raises(ArgumentError, match="every is an interval"):
        record(jobs, client, lake, every="soon", progress=False)
