from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from quantdata.client.missing import Run
from quantdata.jobs import Job
from quantdata.jobs.tasks import held, snapshot_tasks
from quantdata.lake import ledger
from tests.unit.jobs.vendor import NOW
from tests.unit.lake import frames

if TYPE_CHECKING:
    import pytest

    from quantdata.lake import Lake

DAYS = ["2026-11-12", "2026-11-13", "2026-11-16"]


def test_bars_are_cut_into_runs_and_trades_into_sessions(lake: Lake) -> None:
    lake.write("bars_5m", frames.bars("SPY", days=["2026-11-13"]))
    bars = held(Job("bars", ["SPY"], timeframe="5m", start=DAYS[0], end="2026-11-18"), "SPY", lake, NOW)
    assert bars.runs == [
        Run(date(2026, 11, 12), date(2026, 11, 12)),
        Run(date(2026, 11, 16), date(2026, 11, 17)),
    ]
    assert (bars.pieces.height, bars.waiting) == (1, date(2026, 11, 18))
    trades = held(Job("trades", ["SPY"], last=2), "SPY", lake, NOW)
    assert [task.run for task in trades.tasks] == [Run(day, day) for day in trades.lacking]


def test_years_of_minutes_are_cut_so_that_each_part_is_kept_when_it_comes(lake: Lake) -> None:
    job = Job("bars", ["SPY"], timeframe="1m", start="2026-01-02", end="2026-11-17")
    found = held(job, "SPY", lake, NOW)
    assert {len(run.days) for run in found.runs[:-1]} == {31}
    daily = Job("bars", ["SPY"], timeframe="1d", start="2016-01-04", end="2026-11-17")
    assert len(held(daily, "SPY", lake, NOW).runs) == 1


def test_a_task_is_named_by_what_it_brings(lake: Lake) -> None:
    job = Job("bars", ["SPY"], timeframe="5m", start="2026-11-16", end="2026-11-17")
    (task,) = held(job, "SPY", lake, NOW).tasks
    assert task.key == f"bars_5m/SPY/2026-11-16..2026-11-17/{job.fingerprint}"
    quotes = Job("quotes", ["SPY", "QQQ"])
    (together,) = snapshot_tasks(quotes)
    assert together.key == f"quotes/SPY+QQQ/{quotes.fingerprint}"


def test_a_symbol_costs_no_look_at_what_others_have(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for symbol in ("SPY", "QQQ", "I:NDX"):
        lake.write("bars_5m", frames.bars(symbol, days=DAYS))
        lake.note_gap("bars_5m", symbol, "2026-11-17", "failed")
    entry, gap = ledger._entry, ledger.Gap
    read: list[str] = []

    def entry_read(row: Any) -> Any:
        found = entry(row)
        read.append(found.facts.symbol or "")
        return found

    def gap_read(dataset: str, symbol: str, *others: Any) -> Any:
        read.append(symbol)
        return gap(dataset, symbol, *others)

    monkeypatch.setattr(ledger, "_entry", entry_read)
    monkeypatch.setattr(ledger, "Gap", gap_read)
    for symbol in ("SPY", "I:NDX"):
        read.clear()
        found = held(Job("bars", [symbol], timeframe="5m", start=DAYS[0], end="2026-11-17"), symbol, lake, NOW)
        assert (found.pieces.height, found.lacking) == (3, (date(2026, 11, 17),))
        assert set(read) == {symbol}
