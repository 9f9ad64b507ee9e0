from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from quantdata.errors import ArgumentError
from quantdata.jobs import Job, jobs_from

if TYPE_CHECKING:
    from pathlib import Path

NIGHTLY = """
lake = "lake"
source = "Sim"

[[job]]
kind = "bars"
symbols = ["SPY", "QQQ"]
timeframe = "5m"
start = 2026-11-02
end = "2026-11-06"

[[job]]
kind = "chains"
symbols = ["SPX"]
roots = "SPXW"
dte = "..7"
strikes = [5000, 7000.5]
expirations = "2026-12-01..2026-12-31"
min_volume = 5
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "nightly.toml"
    file.write_text(text)
    return file


def test_a_file_is_a_lake_a_source_and_jobs(tmp_path: Path) -> None:
    found = jobs_from(str(written(tmp_path, NIGHTLY)))
    assert (found.lake, found.source) == (tmp_path / "lake", "sim")
    bars, chains = found.jobs
    assert bars == Job("bars", ["SPY", "QQQ"], timeframe="5m", start=date(2026, 11, 2), end=date(2026, 11, 6))
    assert chains.filters == {
        "expirations": (date(2026, 12, 1), date(2026, 12, 31)),
        "strikes": (5_000.0, 7_000.5),
        "dte": (None, 7.0),
        "roots": ("SPXW",),
        "min_volume": 5,
    }


def test_lake_and_source_may_be_left_to_the_environment(tmp_path: Path) -> None:
    found = jobs_from(written(tmp_path, '[[job]]\nkind = "quotes"\nsymbols = "SPY"'))
    assert (found.lake, found.source, found.jobs[0].symbols) == (None, None, ("SPY",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no [[job]] table: each job is one, with kind and symbols"),
        ("job = 5", "no [[job]] table: each job is one, with kind and symbols"),
        ("lakes = 1\n[[job]]", "at the top: no key lakes: allowed are lake, source, job"),
        ("a = 1\nb = 2", "at the top: no keys a, b: allowed are lake, source, job"),
        (
            'lake = ""\n[[job]]\nkind="quotes"\nsymbols="SPY"',
            "at the top: lake is a folder such as 'data/lake', not ''",
        ),
        (
            'source = "yahoo"\n[[job]]\nkind="quotes"\nsymbols="SPY"',
            'at the top: source must be "hybrid", "massive", "tradier" or "sim", not \'yahoo\'',
        ),
        ("[[job]]", "[[job]] 1: kind is missing: allowed are chains, bars, quotes, indices, flow, trades"),
        (
            '[[job]]\nkind = "chain"',
            "[[job]] 1: kind is 'chain': allowed are chains, bars, quotes, indices, flow, trades",
        ),
        ('[[job]]\nkind = "quotes"', "[[job]] 1 (quotes): symbols is missing: a list such as ['SPY', 'QQQ']"),
        (
            '[[job]]\nkind = "quotes"\nsymbols = "SPY"\n[[job]]\nkind = "flow"\nsymbols = "SPY"\ndte = 5',
            "[[job]] 2 (flow): no key dte: allowed are kind, symbols, top",
        ),
        (
            '[[job]]\nkind = "chains"\nsymbols = "SPY"\ndte = "a..b"',
            "[[job]] 1 (chains): dte is a range such as '0..7', not 'a..b'",
        ),
        (
            '[[job]]\nkind = "chains"\nsymbols = "SPY"\nexpirations = "soon..later"',
            "[[job]] 1 (chains): expirations is a range such as '2026-12-01..2026-12-31', not 'soon..later'",
        ),
        (
            '[[job]]\nkind = "bars"\nsymbols = "SPY"\ntimeframe = "2m"\nlast = 5',
            "[[job]] 1 (bars): timeframe must be '1m', '5m', '15m', '30m', '1h', '1d', '1w', not '2m'",
        ),
    ],
)
def test_an_error_names_file_table_key_and_what_is_allowed(tmp_path: Path, text: str, message: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ArgumentError) as refused:
        jobs_from(file)
    assert str(refused.value) == f"{file}: {message}"


def test_what_is_no_file_and_no_toml_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"cannot read the job file .*none.toml: No such file or directory"):
        jobs_from(tmp_path / "none.toml")
    with pytest.raises(ArgumentError, match=r"nightly.toml is no TOML: "):
        jobs_from(written(tmp_path, "[[job"))
