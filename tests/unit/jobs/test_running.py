from __future__ import annotations

import asyncio
import threading
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import quantdata as qd
from quantdata import portal
from quantdata.errors import (
    AllProvidersFailedError,
    AuthenticationError,
    EntitlementError,
    LakeError,
    PayloadError,
    UnavailableError,
)
from quantdata.frames.columns import JOB_REPORT, schema
from quantdata.jobs import Interrupted, Job, run
from quantdata.jobs.journal import Journal
from quantdata.jobs.running import drive

if TYPE_CHECKING:
    from quantdata.jobs.report import Report
    from quantdata.lake import Lake
    from tests.unit.jobs.vendor import FakeVendor

BARS = Job("bars", ["SPY"], timeframe="5m", start="2026-11-12", end="2026-11-17")
CHAINS = Job("chains", ["SPY", "QQQ", "IWM"])
DOWN = UnavailableError("the host is down", provider="massive")
NOT_SOLD = EntitlementError("not in your plan", provider="massive")


def ran(client: qd.Client, lake: Lake, *jobs: Job, **more: Any) -> Report:
    return run(jobs, client, lake, progress=False, **more)


def rows(report: Report, *names: str) -> list[tuple[Any, ...]]:
    return report.frame.select(names).rows()


# --- bars and trades ------------------------------------------------------------------------------------------------


def test_bars_are_asked_for_once(client: qd.Client, lake: Lake) -> None:
    first = ran(client, lake, BARS)
    assert first.frame.schema == schema(JOB_REPORT)
    assert rows(first, "dataset", "symbol", "start", "end", "status", "sessions", "rows") == [
        ("bars_5m", "SPY", date(2026, 11, 12), date(2026, 11, 17), "done", 4, 12)
    ]
    assert (first.verdict, first.requests, first.left) == ("complete", 1, 0)
    again = ran(client, lake, BARS)
    assert rows(again, "status", "sessions", "rows", "bytes") == [
        ("cached", 4, 12, first.frame.item(0, "bytes")),
    ]
    assert (again.verdict, again.requests) == ("complete", 0)


def test_only_what_is_missing_is_asked_for(client: qd.Client, lake: Lake) -> None:
    ran(client, lake, Job("bars", ["SPY"], timeframe="5m", start="2026-11-13", end="2026-11-13"))
    report = ran(client, lake, BARS)
    assert rows(report, "start", "end", "status", "sessions") == [
        (date(2026, 11, 12), date(2026, 11, 17), "cached", 1),
        (date(2026, 11, 12), date(2026, 11, 12), "done", 1),
        (date(2026, 11, 16), date(2026, 11, 17), "done", 2),
    ]


def test_a_session_that_is_not_over_is_told_of(client: qd.Client, lake: Lake) -> None:
    report = ran(client, lake, Job("bars", ["SPY"], timeframe="1d", start="2026-11-18", end="2026-11-18"))
    why = "this session is kept from the day after it on"
    assert rows(report, "start", "status", "detail") == [(date(2026, 11, 18), "empty", why)]
    assert report.verdict == "nothing"


def test_bars_that_are_not_there_are_explained_and_not_asked_for_again(
    client: qd.Client, vendor: FakeVendor, lake: Lake
) -> None:
    vendor.without.add("SPY")
    early = Job("bars", ["SPY"], timeframe="5m", start="2026-11-02", end="2026-11-06")
    report = ran(client, lake, early)
    assert rows(report, "status", "detail") == [("empty", "sessions without any: 5 no_trades")]
    again = ran(client, lake, early)
    assert (again.requests, rows(again, "status", "detail")) == (
        0,
        [("empty", "5 sessions without any: see the lake's gaps")],
    )


def test_bars_of_the_last_sessions_may_still_come(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    vendor.without.add("SPY")
    job = Job("bars", ["SPY"], timeframe="5m", last=1)
    assert rows(ran(client, lake, job), "status", "detail") == [("empty", "sessions without any: 1 not yet")]
    vendor.without.clear()
    assert rows(ran(client, lake, job), "status", "rows") == [("done", 3)]


def test_a_failure_is_reported_noted_and_tried_again(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    vendor.failures["QQQ"] = DOWN
    both = Job("bars", ["QQQ", "SPY"], timeframe="5m", start="2026-11-16", end="2026-11-17")
    report = ran(client, lake, both)
    assert rows(report, "symbol", "status", "rows", "detail") == [
        ("QQQ", "failed", 0, "the host is down"),
        ("SPY", "done", 6, None),
    ]
    assert report.verdict == "partly"
    assert report.problems.get_column("symbol").to_list() == ["QQQ"]
    noted = lake.gaps("bars_5m", "QQQ", "2026-11-16", "2026-11-17")
    assert noted.select("reason", "detail").rows() == [("failed", "the host is down")] * 2
    vendor.failures.clear()
    assert ran(client, lake, both).verdict == "complete"


def test_what_the_plan_does_not_include_is_called_so(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    vendor.failures["SPY"] = NOT_SOLD
    report = ran(client, lake, BARS, Job("trades", ["SPY"], last=1), CHAINS)
    assert rows(report, "dataset", "symbol", "status") == [
        ("bars_5m", "SPY", "not_entitled"),
        ("chains", "IWM", "done"),
        ("chains", "QQQ", "done"),
        ("chains", "SPY", "not_entitled"),
        ("trades", "SPY", "not_entitled"),
    ]
    assert lake.gaps("trades", "SPY", "2026-11-17", "2026-11-17").item(0, "reason") == "not_entitled"


def test_sessions_older_than_the_vendor_keeps_are_not_entitled(
    client: qd.Client, vendor: FakeVendor, lake: Lake
) -> None:
    vendor.kept = date(2026, 11, 17)
    vendor.without.add("SPY")
    report = ran(client, lake, BARS)
    assert rows(report, "status", "detail") == [("not_entitled", "3 sessions: kept since 2026-11-17 only")]


def test_both_vendors_that_refuse_are_no_failure(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    vendor.failures["SPY"] = AllProvidersFailedError("neither", errors={"massive": NOT_SOLD, "tradier": NOT_SOLD})
    assert rows(ran(client, lake, Job("chains", ["SPY"])), "status") == [("not_entitled",)]
    vendor.failures["SPY"] = AllProvidersFailedError("neither", errors={"massive": NOT_SOLD, "tradier": DOWN})
    assert rows(ran(client, lake, Job("chains", ["SPY"])), "status") == [("failed",)]


def test_both_vendors_that_refuse_bars_leave_one_reason_in_lake_and_report(
    client: qd.Client, vendor: FakeVendor, lake: Lake
) -> None:
    jobs = [Job("bars", ["SPY"], timeframe="5m", last=2), Job("trades", ["SPY"], last=2)]
    vendor.failures["SPY"] = AllProvidersFailedError("neither", errors={"massive": NOT_SOLD, "tradier": NOT_SOLD})
    report = ran(client, lake, *jobs)
    assert set(report.frame.get_column("status")) == {"not_entitled"}
    for job in jobs:
        noted = lake.gaps(job.dataset, "SPY", "2026-11-16", "2026-11-17")
        assert noted.select("reason", "detail").rows() == [("not_entitled", "neither")] * 2


def test_a_host_that_is_away_from_the_start_is_a_failure_of_all_that_was_tried(
    client: qd.Client, vendor: FakeVendor, lake: Lake
) -> None:
    vendor.away = DOWN
    bars = Job("bars", ["QQQ", "SPY"], timeframe="5m", start="2026-11-16", end="2026-11-18")
    tape = Job("trades", ["SPY"], start="2026-11-16", end="2026-11-17")
    report = ran(client, lake, bars, tape)
    tried = report.frame.filter(pl.col("start") < date(2026, 11, 18))
    assert tried.get_column("status").to_list() == ["failed"] * 4
    assert tried.get_column("detail").to_list() == ["the host is down"] * 4
    assert (report.verdict, vendor.asked.total()) == ("nothing", 0)
    for dataset in ("bars_5m", "trades"):
        noted = lake.gaps(dataset, "SPY", "2026-11-16", "2026-11-18")
        assert noted.select("reason", "detail").rows() == [*[("failed", "the host is down")] * 2, ("not_asked", None)]
    vendor.away = None
    assert set(ran(client, lake, bars, tape).frame.get_column("status")) == {"done", "empty"}


def test_a_session_that_is_not_over_at_the_host_after_all_is_not_kept(
    client: qd.Client, vendor: FakeVendor, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    later, vendor.at, vendor.away = vendor.at, datetime(2026, 11, 16, 17, tzinfo=UTC), DOWN

    def now() -> datetime:
        """Return this machine's time; the host, where it is earlier, is back."""
        vendor.away = None
        return later

    monkeypatch.setattr(vendor, "now", now)
    report = ran(client, lake, Job("trades", ["SPY"], start="2026-11-13", end="2026-11-16"), BARS)
    assert rows(report, "dataset", "start", "status", "sessions") == [
        ("bars_5m", date(2026, 11, 12), "done", 2),
        ("trades", date(2026, 11, 13), "done", 1),
        ("trades", date(2026, 11, 16), "empty", 0),
    ]


def test_trades_are_kept_session_by_session(client: qd.Client, lake: Lake) -> None:
    job = Job("trades", ["SPY", "SPX261218C06000000"], last=2, session="all")
    report = ran(client, lake, job)
    assert rows(report, "symbol", "start", "status", "rows") == [
        ("SPX261218C06000000", date(2026, 11, 16), "done", 3),
        ("SPX261218C06000000", date(2026, 11, 17), "done", 3),
        ("SPY", date(2026, 11, 16), "done", 3),
        ("SPY", date(2026, 11, 17), "done", 3),
    ]
    assert lake.coverage("trades").get_column("hours").unique().to_list() == ["all"]
    assert ran(client, lake, job).requests == 0


def test_regular_hours_do_for_all_hours_no_more(client: qd.Client, lake: Lake) -> None:
    regular = Job("trades", ["SPY"], last=1)
    every = Job("trades", ["SPY"], last=1, session="all")
    assert ran(client, lake, regular).requests == 1
    assert ran(client, lake, every).requests == 1
    assert ran(client, lake, regular).requests == 0


def test_sessions_without_trades_are_explained_once_they_are_old(
    client: qd.Client, vendor: FakeVendor, lake: Lake
) -> None:
    vendor.without.add("SPY")
    ran(client, lake, Job("trades", ["SPY"], start="2026-11-11", end="2026-11-17"))
    reasons = lake.gaps("trades", "SPY", "2026-11-11", "2026-11-17").get_column("reason").to_list()
    assert reasons == ["no_trades", "no_trades", "no_trades", "not_asked", "not_asked"]


# --- snapshots ------------------------------------------------------------------------------------------------------


def test_each_run_takes_a_snapshot_of_its_own(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    assert rows(ran(client, lake, CHAINS), "symbol", "status", "rows") == [
        ("IWM", "done", 6),
        ("QQQ", "done", 6),
        ("SPY", "done", 6),
    ]
    vendor.at += timedelta(minutes=5)
    assert ran(client, lake, CHAINS).verdict == "complete"
    assert lake.coverage("chains").height == 6


def test_filters_are_kept_with_the_chain(client: qd.Client, lake: Lake) -> None:
    ran(client, lake, Job("chains", ["SPY"], filters={"option_type": "call"}))
    piece = lake.coverage("chains")
    assert piece.select("rows", "filters").row(0) == (3, '{"option_type": "call"}')


def test_a_chain_that_no_contract_passes_is_empty(client: qd.Client, lake: Lake) -> None:
    report = ran(client, lake, Job("chains", ["SPY"], filters={"min_open_interest": 5}))
    assert rows(report, "status", "detail") == [("empty", "no contract is listed, or passes the filters")]
    assert report.verdict == "nothing"


def test_quotes_of_one_request_are_kept_together_and_those_that_lack_are_failures(
    client: qd.Client, vendor: FakeVendor, lake: Lake
) -> None:
    vendor.without.add("ZZZZ")
    report = ran(client, lake, Job("quotes", ["SPY", "ZZZZ", "QQQ"]))
    assert rows(report, "symbol", "status", "rows", "detail") == [
        ("SPY QQQ", "done", 2, None),
        ("ZZZZ", "failed", 0, "unknown"),
    ]
    assert sorted(lake.scan("quotes").collect().get_column("symbol")) == ["QQQ", "SPY"]
    nothing = ran(client, lake, Job("quotes", ["ZZZZ"]))
    assert (nothing.verdict, rows(nothing, "status")) == ("nothing", [("failed",)])


def test_indices_are_kept(client: qd.Client, lake: Lake) -> None:
    assert rows(ran(client, lake, Job("indices", ["SPX", "VIX"])), "symbol", "rows") == [("SPX VIX", 2)]


def test_flow_says_how_well_it_is_known(client: qd.Client, lake: Lake) -> None:
    report = ran(client, lake, Job("flow", ["SPY"], top=1))
    assert rows(report, "status", "rows") == [("done", 6)]
    assert lake.coverage("flow").item(0, "symbol") == "SPY"


# --- going on -------------------------------------------------------------------------------------------------------


def test_an_unfinished_run_goes_on_and_says_so(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    journal = Journal(lake, CHAINS, "sim")
    journal.begin(vendor.at)
    journal.add(("QQQ",))
    report = ran(client, lake, CHAINS)
    assert rows(report, "symbol", "status", "detail") == [
        ("IWM", "done", None),
        ("QQQ", "cached", "in the unfinished run of 2026-11-18 17:00 UTC, which goes on"),
        ("SPY", "done", None),
    ]
    assert sorted(vendor.asked) == ["chain IWM", "chain SPY"]
    assert {row[1] for row in rows(ran(client, lake, CHAINS), "symbol", "status")} == {"done"}


def test_one_need_not_go_on(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    journal = Journal(lake, CHAINS, "sim")
    journal.begin(vendor.at)
    journal.add(("QQQ",))
    ran(client, lake, CHAINS, resume=False)
    assert vendor.asked.total() == 3


def test_a_key_that_is_refused_ends_the_asking(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    wrong = AuthenticationError("the key is wrong", provider="massive")
    names = [chr(ord("A") + number) for number in range(20)]
    vendor.failures = dict.fromkeys(names, wrong)
    jobs = [Job("chains", names), BARS, Job("trades", ["SPY"], last=1)]
    report = ran(client, lake, *jobs)
    assert vendor.asked.total() <= 4
    said = report.frame.get_column("detail").unique().to_list()
    assert sorted(said) == ["not asked for: the key is wrong", "the key is wrong"]
    assert report.verdict == "nothing"
    assert Journal(lake, jobs[0], "sim").unfinished(vendor.at) is not None


def test_a_lake_that_cannot_be_written_ends_the_asking(
    client: qd.Client, vendor: FakeVendor, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise LakeError("there is no room left")

    monkeypatch.setattr(lake, "write", full)
    names = [chr(ord("A") + number) for number in range(20)]
    report = ran(client, lake, Job("chains", names))
    assert vendor.asked.total() < len(names)
    assert set(report.frame.get_column("status")) == {"failed"}
    assert report.frame.get_column("detail").str.ends_with("there is no room left").all()


def test_a_journal_that_cannot_be_written_is_a_failure_though_the_chain_is_kept(
    client: qd.Client, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise LakeError("there is no room left")

    monkeypatch.setattr(Journal, "add", full)
    report = ran(client, lake, Job("chains", ["SPY"]))
    assert rows(report, "status", "detail") == [("failed", "there is no room left")]
    assert lake.coverage("chains").height == 1


def test_an_answer_that_cannot_be_read_ends_nothing(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    vendor.failures["QQQ"] = PayloadError("gibberish", provider="massive")
    assert rows(ran(client, lake, CHAINS), "symbol", "status") == [
        ("IWM", "done"),
        ("QQQ", "failed"),
        ("SPY", "done"),
    ]


def test_what_makes_no_sense_by_now_is_a_failure_of_that_task_alone(
    client: qd.Client, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise qd.ArgumentError("all of it has expired")

    monkeypatch.setattr(client._core, "chain", refused)
    report = ran(client, lake, Job("chains", ["SPY"]), BARS)
    assert rows(report, "dataset", "status", "detail") == [
        ("bars_5m", "done", None),
        ("chains", "failed", "all of it has expired"),
    ]


def test_a_bug_is_raised_and_not_reported(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    vendor.failures["QQQ"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        ran(client, lake, CHAINS)


def test_the_same_job_twice_is_one(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    ran(client, lake, CHAINS, CHAINS)
    assert vendor.asked.total() == 3


def test_what_has_no_session_is_nothing_to_do(client: qd.Client, lake: Lake) -> None:
    weekend = Job("bars", ["SPY"], timeframe="5m", start="2026-11-14", end="2026-11-15")
    report = ran(client, lake, weekend)
    assert (report.frame.height, report.verdict) == (0, "complete")
    assert str(report).startswith("nothing to do: 0 rows, 0 bytes written; 0 requests in ")


# --- Ctrl-C ---------------------------------------------------------------------------------------------------------


def test_ctrl_c_keeps_what_has_come_and_tells_of_it(
    client: qd.Client, vendor: FakeVendor, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = threading.Event()
    calling = portal.call

    async def held(_: str, *symbols: str) -> None:
        vendor.asked.update(symbols)
        if symbols[0] != "SPY":
            began.set()
            await asyncio.Event().wait()

    def pressed(coroutine: Any) -> Any:
        if coroutine.__name__ != "go":
            return calling(coroutine)
        future = portal.spawn(coroutine)
        assert began.wait(30)
        while lake.coverage("chains").is_empty():
            pass
        future.cancel()
        raise KeyboardInterrupt

    monkeypatch.setattr(vendor, "_ask", held)
    monkeypatch.setattr("quantdata.jobs.running.portal.call", pressed)
    with pytest.raises(Interrupted) as interrupted:
        ran(client, lake, CHAINS)
    report = interrupted.value.report
    assert rows(report, "symbol", "status") == [("SPY", "done")]
    assert (report.left, report.verdict) == (2, "partly")
    assert "1 done, 2 left" in str(interrupted.value)
    left = Journal(lake, CHAINS, "sim").unfinished(vendor.at)
    assert left is not None
    assert left.done == {"SPY"}


def test_ctrl_c_waits_for_what_is_being_written(
    client: qd.Client, vendor: FakeVendor, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, written = threading.Event(), threading.Event()
    calling, write = portal.call, lake.write

    def slow(*what: Any, **more: Any) -> Any:
        writing.set()
        assert written.wait(30)
        return write(*what, **more)

    def pressed(coroutine: Any) -> Any:
        if coroutine.__name__ != "go":
            return calling(coroutine)
        future = portal.spawn(coroutine)
        assert writing.wait(30)
        future.cancel()
        calling(asyncio.sleep(0))
        written.set()
        raise KeyboardInterrupt

    monkeypatch.setattr(lake, "write", slow)
    monkeypatch.setattr("quantdata.jobs.running.portal.call", pressed)
    job = Job("chains", ["SPY"])
    with pytest.raises(Interrupted) as interrupted:
        ran(client, lake, job)
    assert rows(interrupted.value.report, "symbol", "status") == [("SPY", "done")]
    left = Journal(lake, job, "sim").unfinished(vendor.at)
    assert left is not None
    assert left.done == {"SPY"}


def test_ctrl_c_before_anything_has_begun_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        progress: Any = None

        async def go(self) -> None:
            raise KeyboardInterrupt

        async def ended(self) -> None:
            return

        def report(self) -> str:
            return "so far"

    def pressed(coroutine: Any) -> None:
        coroutine.close()
        if coroutine.__name__ == "go":
            raise KeyboardInterrupt

    monkeypatch.setattr("quantdata.jobs.running.portal.call", pressed)
    with pytest.raises(Interrupted) as interrupted:
        drive(Nothing(), progress=False)  # type: ignore[arg-type]
    assert str(interrupted.value) == "so far"


def test_a_report_is_one_line(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    vendor.failures["QQQ"] = NOT_SOLD
    said = str(ran(client, lake, CHAINS))
    assert said.startswith("2 done, 1 not entitled: 12 rows, ")
    assert pl.Series([said]).str.contains(r"bytes written; 3 requests in \d+\.\d s$").all()
