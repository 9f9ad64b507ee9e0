"""The report: it comes back from whatever a loader gave, and says what there is to look out for, and nothing else."""

from __future__ import annotations

import inspect
import subprocess
import sys
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from quantdata import interop
from quantdata.errors import ArgumentError, ConfigError, LakeError
from quantdata.interop.report import REPORT_FILE, LookaheadReport, lookahead, to_facts
from tests.unit.interop.canonical import AUTUMN, daily

if TYPE_CHECKING:
    from pathlib import Path

FULL: dict[str, Any] = {
    "engine": "vectorbt",
    "symbols": ("SPY", "QQQ"),
    "rows": 1560,
    "first": date(2026, 10, 29),
    "last": date(2026, 11, 3),
    "timeframe": "1m",
    "label": "start",
    "adjustment": "split",
    "missing_sessions": {"SPY": (date(2026, 10, 30),)},
    "no_trade_windows": 12,
    "fill": "previous_close",
    "filled_rows": 402,
    "dropped_rows": 3,
    "sources": {"massive": 1100, "tradier": 58},
    "is_simulated": True,
    "notes": ("one more thing",),
}


def _report(**values: Any) -> LookaheadReport:
    plain = {name: FULL[name] for name in ("engine", "symbols", "rows", "first", "last")}
    return LookaheadReport(**{**plain, "label": "end", **values})


def test_a_report_survives_plain_values_and_json() -> None:
    report = LookaheadReport(**FULL)
    assert lookahead(SimpleNamespace(attrs=to_facts(report))) == report
    assert msgspec.json.decode(msgspec.json.encode(report), type=LookaheadReport) == report
    assert lookahead(SimpleNamespace(lookahead=report)) is report


def test_a_folders_report_is_read_from_it(tmp_path: Path) -> None:
    report = _report(engine="zipline")
    (tmp_path / REPORT_FILE).write_bytes(msgspec.json.encode(report))
    assert lookahead(tmp_path) == lookahead(str(tmp_path)) == report


def test_what_no_loader_made_has_no_report(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="this int has no report"):
        lookahead(42)
    with pytest.raises(ArgumentError, match=r"no folder that to_zipline\(\) has written"):
        lookahead(tmp_path)
    (tmp_path / REPORT_FILE).write_text("{}")
    with pytest.raises(LakeError, match="write the bundle again"):
        lookahead(tmp_path)


def test_nothing_to_look_out_for_is_nothing_said() -> None:
    assert _report().traps == ()


def test_every_trap_is_named() -> None:
    told = "\n".join(LookaheadReport(**FULL).traps)
    for words in (
        "the market is a simulated one",
        "START of its window",
        "splits that came later",
        "SPY has nothing of 1 session (2026-10-30); 402 rows were made of the close before",
        "12 windows of regular hours have no bar",
        "3 rows lack a price",
        "massive 1,100, tradier 58",
        "one more thing",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"label": "session", "timeframe": "1d", "symbols": ("SPX",)}, "known at its close"),
        ({"label": "session", "timeframe": "1w", "symbols": ("SPX",)}, "close of the last"),
        ({"label": "end", "timeframe": "1d"}, "some of it is yet to come"),
        ({"adjustment": "raw", "timeframe": "1m"}, "a split looks like a loss"),
        ({"adjustment": "total", "timeframe": "1m"}, "must not be counted again"),
        ({"adjustment": "raw and split", "timeframe": "1m"}, "do not fit their strikes"),
        ({"no_trade_windows": 1}, "they have no row"),
        ({"open_interest_lag": 0}, "published on the next morning"),
        (
            {"missing_sessions": {"SPY": tuple(date(2026, 11, day) for day in range(2, 11))}},
            "9 sessions (2026-11-02, 2026-11-03, 2026-11-04, 2026-11-05, 2026-11-06 and 4 more)",
        ),
    ],
)
def test_each_fact_has_its_sentence(values: dict[str, Any], words: str) -> None:
    (trap,) = _report(**values).traps
    assert words in trap


@pytest.mark.parametrize(
    "values",
    [
        {"adjustment": "raw", "timeframe": "1d", "symbols": ("SPX", "SPY261218C00690000")},
        {"adjustment": "raw", "timeframe": "1m", "engine": "zipline"},
        {"open_interest_lag": 1},
        {"sources": {"massive": 1560}},
    ],
)
def test_what_is_as_it_should_be_is_not_said(values: dict[str, Any]) -> None:
    assert _report(**values).traps == ()


def test_it_reads_well_in_a_terminal_and_in_a_notebook() -> None:
    report = LookaheadReport(**FULL)
    assert repr(report) == (
        "LookaheadReport(engine='vectorbt', symbols=('SPY', 'QQQ'), rows=1560, first=2026-10-29, last=2026-11-03, "
        "label='start', timeframe='1m', adjustment='split', missing_sessions=1, no_trade_windows=12, "
        "fill='previous_close', filled_rows=402, dropped_rows=3, sources={'massive': 1100, 'tradier': 58}, "
        "is_simulated=True, notes=('one more thing',))"
    )
    assert str(report).splitlines()[0] == (
        "look-ahead of SPY, QQQ 1m for vectorbt: 1,560 rows, 2026-10-29 to 2026-11-03"
    )
    html = report._repr_html_()
    for words in (">SIMULATED<", "402 (previous_close)", "massive 1,100, tradier 58", "⚠ one more thing"):
        assert words in html


def test_missing_sessions_of_many_symbols_are_counted() -> None:
    missing = {f"A{letter}": (date(2026, 10, 30),) for letter in "BCDEFGH"}
    *named, others = _report(missing_sessions=missing).traps
    assert len(named) == 5
    assert others == "2 more symbols lack sessions: see missing_sessions"


def test_many_symbols_are_not_all_named() -> None:
    assert "SPY, QQQ, IWM and 2 more" in str(_report(symbols=("SPY", "QQQ", "IWM", "DIA", "TLT")))


@pytest.mark.parametrize(("lag", "words"), [(1, "of 1 session before"), (2, "of 2 sessions before")])
def test_the_lag_of_open_interest_is_shown(lag: int, words: str) -> None:
    assert words in _report(open_interest_lag=lag)._repr_html_()


def test_every_public_name_says_what_it_is() -> None:
    assert interop.__all__ == sorted(interop.__all__, key=lambda name: (name.islower(), name))
    for name in interop.__all__:
        assert inspect.getdoc(getattr(interop, name)), name


def test_importing_the_loaders_loads_no_engine_and_not_pandas() -> None:
    script = "import quantdata.interop, sys; print(sorted({'pandas', 'vectorbt', 'zipline'} & sys.modules.keys()))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=50, check=True)
    assert ran.stdout == "[]\n"


def test_pandas_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigError, match=r"to_backtesting\(\) needs a package: pip install pandas"):
        interop.to_backtesting(daily("SPY", AUTUMN))
