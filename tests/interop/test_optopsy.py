"""Frames that optopsy really tests strategies on."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import polars as pl
import pytest

from quantdata.interop import to_optopsy
from tests.unit.interop.canonical import HALF_DAY, contract, snapshot

optopsy = pytest.importorskip("optopsy")

pytestmark = pytest.mark.interop

# The week of Thanksgiving and the Friday after: entry on Monday, exit on the day of expiration.
DAYS: Final = (date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25), HALF_DAY)


def _history(**values: Any) -> pl.DataFrame:
    def rows(number: int) -> list[dict[str, Any]]:
        kinds = (("call", 1.0), ("put", -1.0))
        return [
            contract(
                strike,
                kind,
                expiration=HALF_DAY,
                bid=10.0 + sign * number,
                ask=10.2 + sign * number,
                delta=0.5 * sign,
                **values,
            )
            for strike in (690.0, 700.0)
            for kind, sign in kinds
        ]

    clocks = ["13:10" if day == HALF_DAY else "16:10" for day in DAYS]
    return pl.concat(
        [snapshot(day, clock, rows(number)) for number, (day, clock) in enumerate(zip(DAYS, clocks, strict=True))]
    )


def test_long_calls_gain_what_the_quotes_gained() -> None:
    trades = optopsy.long_calls(to_optopsy(_history()), max_entry_dte=4, exit_dte=0, raw=True)
    monday = trades[trades["dte_entry"] == 4]
    assert sorted(monday["strike"]) == [690.0, 700.0]
    assert monday["entry"].tolist() == pytest.approx([10.1, 10.1])
    assert monday["exit"].tolist() == pytest.approx([13.1, 13.1])


def test_puts_lose_and_are_told_from_calls() -> None:
    trades = optopsy.long_puts(to_optopsy(_history()), max_entry_dte=4, exit_dte=0, raw=True)
    assert trades[trades["dte_entry"] == 4]["exit"].tolist() == pytest.approx([7.1, 7.1])


def test_groups_filters_and_slippage_take_them() -> None:
    options = to_optopsy(_history())
    grouped = optopsy.long_calls(options, max_entry_dte=4, dte_interval=2, exit_dte=0, delta_min=0.4, delta_max=0.6)
    assert grouped["count"].sum() > 0
    spread = optopsy.long_straddles(options, max_entry_dte=4, exit_dte=0, raw=True, slippage="liquidity")
    assert len(spread) > 0


def test_a_missing_session_takes_its_trades_out_of_the_result() -> None:
    history = _history().filter(pl.col("snapshot_ts").dt.date() != DAYS[1])
    trades = optopsy.long_calls(to_optopsy(history), max_entry_dte=4, exit_dte=0, raw=True)
    assert sorted(trades["dte_entry"].unique()) == [2, 4]


def test_series_that_share_dates_and_strikes_are_not_crossed() -> None:
    both = pl.concat([_history(underlying="SPX", root=root) for root in ("SPX", "SPXW")])
    trades = optopsy.long_calls(to_optopsy(both), max_entry_dte=4, exit_dte=0, raw=True)
    # Four entries would become eight if a contract of one series were closed with the other's quote.
    assert len(trades[trades["dte_entry"] == 4]) == 4
