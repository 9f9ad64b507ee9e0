"""Values on the command line: what is read, and what is refused with the names that there are."""

from __future__ import annotations

from datetime import date
from typing import Any

import click
import pytest

from quantdata.cli.options import AskedBars, FaultType, Range, asked_bars
from quantdata.sim import Fault

DAYS = Range(date.fromisoformat, "DAY")
COUNTS = Range(int, "N")


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("0..7", (0, 7)), ("3..", (3, None)), ("..7", (None, 7)), ("-2..-1", (-2, -1))],
)
def test_a_range_has_two_ends_of_which_either_may_be_open(text: str, value: Any) -> None:
    assert COUNTS.convert(text, None, None) == value


def test_a_range_of_days_holds_dates() -> None:
    assert DAYS.convert("2026-12-01..2026-12-31", None, None) == (date(2026, 12, 1), date(2026, 12, 31))
    with pytest.raises(click.BadParameter, match=r"'Christmas' is not DAY or DAY\.\.DAY"):
        DAYS.convert("Christmas", None, None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("drop", Fault("drop")),
        ("status,status=503,times=3", Fault("status", status=503, times=3)),
        ("latency,seconds=0.5,path=/v3/*", Fault("latency", seconds=0.5, path="/v3/*")),
        ("null_blocks,blocks=greeks+day", Fault("null_blocks", blocks=("greeks", "day"))),
    ],
)
def test_a_fault_is_its_kind_and_what_it_needs(text: str, fault: Fault) -> None:
    assert FaultType().convert(text, None, None) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latency,secs=1", r"'secs=1' is no setting of a fault: NAME=VALUE, vendor, path, .*, seconds, "),
        ("latency,kind=drop", "'kind=drop' is no setting of a fault"),
        ("latency,seconds", "'seconds' is no setting of a fault: NAME=VALUE"),
        ("latncy", "no fault 'latncy': there are status, .*, latency, "),
        ("status,status=many", "'status,status=many': Expected `int`"),
        ("drop,probability=2", "probability=2.0: it runs from 0 to 1"),
    ],
)
def test_a_fault_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    with pytest.raises(click.BadParameter, match=message):
        FaultType().convert(text, None, None)


def _asked(*values: str) -> AskedBars:
    command = click.Command("bars")
    return asked_bars(click.Context(command), click.Argument(["arguments"], nargs=-1), values)


def test_bars_take_symbols_then_timeframe_start_and_end() -> None:
    assert _asked("SPY", "QQQ", "5m", "a", "b") == AskedBars(("SPY", "QQQ"), "5m", "a", "b")


@pytest.mark.parametrize("count", range(4))
def test_bars_with_too_few_arguments_show_what_is_expected(count: int) -> None:
    with pytest.raises(click.UsageError, match=r"bars takes SYMBOL\.\.\. TIMEFRAME START END, as in SPY 5m"):
        _asked(*("SPY", "5m", "2026-11-02")[:count])
