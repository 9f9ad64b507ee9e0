"""The command line against the simulated market: what is printed, what is written, how it ends."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, get_args

import polars as pl
import pytest

from quantdata.cli import main
from quantdata.frames.columns import BARS, CHAIN, schema
from quantdata.sim import Simulator
from quantdata.sim.faults import FaultKind

if TYPE_CHECKING:
    from pathlib import Path

SIM = ("--source", "sim", "--clock", "at:2026-11-18T11:00")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["quantdata", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_chain_shows_calls_strikes_and_puts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "chain", "DIA", "--dte", "0..14", "--series", "1", "--rows", "3", *SIM) == 0
    shown = capsys.readouterr().out
    head, _, title, heading, *_ = shown.splitlines()
    assert head.startswith("DIA at ")
    assert head.endswith("SIMULATED")
    assert title.split("·")[-1].strip() == "PM-settled"
    names = ["open", "int", "volume", "iv", "delta", "bid", "ask"]
    assert heading.split() == [*names, "strike", "ask", "bid", "delta", "iv", "volume", "open", "int"]
    assert len([line for line in shown.splitlines() if "%" in line]) == 3


def test_chain_that_no_contract_passes_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "chain", "DIA", "--strikes", "1..2", *SIM) == 0
    assert capsys.readouterr().out == "no contracts pass these filters\n"


def test_chain_filters_reach_the_client(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--dte", "..14", "--type", "put", "--delta", "0.2..0.4", "--min-open-interest", "50", "--format", "json")
    assert run(monkeypatch, "chain", "DIA", *asked, *SIM) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows
    assert {row["option_type"] for row in rows} == {"put"}
    assert all(-0.4 <= row["delta"] <= -0.2 and row["open_interest"] >= 50 and row["dte"] <= 14 for row in rows)


def test_roots_keep_one_series(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--root", "VIXW", "--dte", "0..30", "--format", "csv")
    assert run(monkeypatch, "chain", "VIX", *asked, *SIM) == 0
    rows = pl.read_csv(capsys.readouterr().out.encode())
    assert rows.get_column("root_symbol").unique().to_list() == ["VIXW"]


def test_parquet_keeps_the_schema_and_says_that_it_is_simulated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "new folder" / "chain.parquet"
    assert run(monkeypatch, "chain", "DIA", "--dte", "0..7", "--output", str(file), *SIM) == 0
    kept = pl.read_parquet(file)
    assert kept.schema == schema(CHAIN)
    assert pl.read_parquet_metadata(file)["quantdata.feed"] == "simulated"
    assert capsys.readouterr().err == f"{kept.height:,} rows to {file}\n"
    assert [each.name for each in file.parent.iterdir()] == ["chain.parquet"]


def test_bars_come_as_csv(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "bars", "DIA", "1d", "2026-11-16", "2026-11-17", "--format", "csv", *SIM) == 0
    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split(",") == list(schema(BARS))
    assert first.startswith("DIA,2026-11-16T05:00:00")
    assert second.startswith("DIA,2026-11-17T05:00:00")


def test_bars_table_says_how_many_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bars", "DIA", "30m", "2026-11-16", "2026-11-16", "--rows", "2", *SIM) == 0
    head, _, _, *rows, last = capsys.readouterr().out.splitlines()
    assert head == "DIA · 13 bars, adjusted for splits  SIMULATED"
    assert [row.split()[:2] for row in rows] == [["2026-11-16", "09:30"], ["2026-11-16", "10:00"]]
    assert last == "2 of 13 rows; --rows N for more, --format csv for all"


def test_bars_of_a_weekend_say_that_there_are_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bars", "DIA", "5m", "2026-11-14", "2026-11-15", *SIM) == 0
    assert capsys.readouterr().out == "no bars in this range\n"


def test_bars_in_parquet_say_that_they_are_simulated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "bars.parquet"
    assert run(monkeypatch, "bars", "DIA", "1d", "2026-11-16", "2026-11-17", "--output", str(file), *SIM) == 0
    assert pl.read_parquet_metadata(file)["quantdata.feed"] == "simulated"


def test_an_expired_series_is_shown_last(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    after_hours = ("--source", "sim", "--clock", "at:2026-11-18T17:00")
    asked = ("--dte", "0..1", "--series", "2", "--rows", "1")
    assert run(monkeypatch, "chain", "SPY", *asked, *after_hours) == 0
    titles = [line for line in capsys.readouterr().out.splitlines() if " · weekly · " in line]
    assert [title.split(" · ")[-1] for title in titles] == ["PM-settled", "expired"]


def test_an_output_of_unknown_kind_is_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unwanted(*_: object, **__: object) -> None:
        pytest.fail("a client was made")

    monkeypatch.setattr("quantdata.client.Client", unwanted)
    for question in (("chain", "DIA"), ("quotes", "SPY"), ("bars", "SPY", "1d", "2026-11-16", "2026-11-17")):
        assert run(monkeypatch, *question, "--output", "x.xlsx", *SIM) == 2
        assert capsys.readouterr().err == "error: x.xlsx: the name must end in .parquet, .csv, .json\n"


def test_without_a_command_the_help_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("Usage: quantdata [OPTIONS] COMMAND")
    assert "error" not in shown


def test_no_help_page_is_wider_than_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for command in ((), ("chain",), ("quotes",), ("indices",), ("bars",), ("sim",), ("demo",)):
        assert run(monkeypatch, *command, "--help") == 0
        assert max(map(len, capsys.readouterr().out.splitlines())) <= 80, command


def test_help_for_the_simulator_lists_every_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "sim", "--help") == 0
    assert set(get_args(FaultKind)) <= set(re.findall(r"\w+", capsys.readouterr().out))


def test_quotes_and_indices_show_a_row_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "quotes", "SPY", "brk/b", *SIM) == 0
    quotes = capsys.readouterr().out
    assert run(monkeypatch, "indices", "SPX", "VIX", *SIM) == 0
    indices = capsys.readouterr().out
    heading, _, _, *rows = quotes.splitlines()
    assert heading == "2 quotes  SIMULATED"
    assert [row.split()[0] for row in rows] == ["SPY", "BRK.B"]
    heading, _, _, *rows = indices.splitlines()
    assert heading == "2 indices  SIMULATED"
    assert [row.split()[0] for row in rows] == ["SPX", "VIX"]


def test_a_symbol_without_a_quote_is_one_line_of_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "quotes", "SPY", "ZZZZ", *SIM) == 0
    shown = capsys.readouterr()
    assert shown.err.startswith("warning: no quote for ZZZZ: ")
    assert shown.err.count("\n") == 1
    assert [row.split()[0] for row in shown.out.splitlines()[3:]] == ["SPY", "ZZZZ"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("chain", "NOPE", *SIM), 1, "error: massive lists no options on NOPE; check the symbol\n"),
        (("chain", "DIA", "--dte", "x", *SIM), 2, "'x' is not N or N..N; see quantdata chain --help"),
        (("chain", "DIA", "--dte", "9..3", *SIM), 2, "error: dte is the wrong way round"),
        (("chain", "../../etc", *SIM), 2, "error: '../../etc' is not"),
        (("chain", "DIA", "--min-volume", "-1", *SIM), 2, "error: min_volume must be at least 0"),
        (("quotes", *SIM), 2, "Missing argument"),
        (("quotes", "SPX", *SIM), 2, "use indices('SPX')"),
        (("bars", "SPY", "7m", "2026-11-16", "2026-11-17", *SIM), 2, "error: timeframe must be '1m'"),
        (("bars", "SPY", "1d", "2026-11-17", "2026-11-16", *SIM), 2, "error: start comes after end"),
        (("chain", "DIA", "--output", "chain.xls", *SIM), 2, "must end in .parquet, .csv, .json"),
        (("quotes", "SPY"), 2, "error: no data source: set MASSIVE_API_KEY"),
        (("quotes", "SPY", "--source", "sim", "--clock", "noon"), 2, "noon"),
        (("bars", "SPY", "5m"), 2, "error: bars takes SYMBOL... TIMEFRAME START END, as in SPY 5m"),
        (("bars", "SPY", "QQQ", "5m", "2026-11-16"), 2, "not 'SPY QQQ 5m 2026-11-16'; see quantdata bars --help"),
        (("bars",), 2, "error: bars takes SYMBOL... TIMEFRAME START END"),
        (("bars", "SPY", "1d", "2026-11-16", "2026-11-17", "--rows", "0"), 2, "0 is not in the range 1<=x<=1000000"),
        (("chain", "DIA", "--series", "0"), 2, "0 is not in the range 1<=x<=1000000"),
        (("sim", "--latency", "-1"), 2, "-1.0 is not in the range x>=0.0"),
        (("sim", "--fault", "latency,secs=1"), 2, "'secs=1' is no setting of a fault"),
        (("nonsense",), 2, "No such command 'nonsense'; see quantdata --help"),
    ],
)
def test_errors_are_one_line_with_a_hint(
    arguments: tuple[str, ...],
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, *arguments) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert shown.err.startswith("error: ")


def test_debug_shows_where_an_error_came_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "chain", "NOPE", "--debug", *SIM) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback")
    assert shown.endswith("error: massive lists no options on NOPE; check the symbol\n")


def test_help_has_examples(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("chain", "quotes", "indices", "bars", "sim"):
        assert run(monkeypatch, command, "--help") == 0
        assert f"  Examples:\n    quantdata {command} " in capsys.readouterr().out


def test_sim_says_where_it_is_and_stops_on_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Simulator] = []

    def interrupted(simulator: Simulator) -> None:
        seen.append(simulator)
        raise KeyboardInterrupt

    monkeypatch.setattr(Simulator, "serve_forever", interrupted)
    asked = ("--port", "0", "--plan", "starter", "--clock", "at:2026-11-18T11:00")
    assert run(monkeypatch, "sim", *asked, "--fault", "status,status=503,times=2") == 130
    (simulator,) = seen
    (fault, _), *others = simulator.faults.active()
    assert (fault.kind, fault.status, fault.times, others) == ("status", 503, 2, [])
    assert "simulated market at http://127.0.0.1:" in capsys.readouterr().out


def test_demo_runs_and_leaves_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "demo", "--output", str(tmp_path)) == 0
    shown = capsys.readouterr().out
    for call in ('client.chain("SPY")', "client.quotes(", "client.indices(", 'client.bars("SPY", "5m"'):
        assert call in shown
    assert "confidence 100 (excellent), source massive, feed simulated" in shown
    assert "contracts from tradier in" in shown
    assert "fallback_reason: massive: MAX_RETRIES_EXCEEDED: /v3/snapshot/options/QQQ" in shown
    assert "filled; the first ones:" in shown
    assert "A warning, which costs 5 points: filled, a part of it is from the other vendor." in shown
    assert "AllProvidersFailedError (code ALL_PROVIDERS_FAILED):" in shown
    assert "  tradier: MaxRetriesError, status 503" in shown
    assert "Try next:" in shown
    assert pl.read_parquet(tmp_path / "spy_chain.parquet").height > 8000
