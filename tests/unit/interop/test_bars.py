"""Bars made ready: what is refused, what is missing, and what is filled from the past alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from quantdata.errors import ArgumentError
from quantdata.interop.bars import labels, ready
from tests.unit.interop.canonical import AUTUMN, THANKSGIVING, at, bar, bars, contract, daily, intraday, snapshot

DAY = AUTUMN[0]


def _ready(frame: pl.DataFrame | pl.LazyFrame, fill: str | None = None) -> Any:
    return ready(frame, timeframe=None, fill=fill)


def test_whole_bars_have_no_gap_and_say_what_they_are() -> None:
    found = _ready(pl.concat([intraday("SPY", "5m", AUTUMN), intraday("QQQ", "5m", AUTUMN)]))
    assert found.facts == {
        "symbols": ("SPY", "QQQ"),
        "rows": 4 * 78 * 2,
        "first": AUTUMN[0],
        "last": AUTUMN[-1],
        "timeframe": "5m",
        "adjustment": "raw",
        "fill": None,
        "filled_rows": 0,
        "dropped_rows": 0,
        "missing_sessions": {},
        "no_trade_windows": 0,
        "sources": {"massive": 624},
        "is_simulated": False,
    }


def test_symbols_stay_in_their_order_and_bars_become_oldest_first() -> None:
    mixed = pl.concat([daily("SPY", AUTUMN), daily("AAPL", AUTUMN)]).reverse()
    found = _ready(mixed)
    assert found.symbols == ("AAPL", "SPY")
    assert found.bars["symbol"].unique(maintain_order=True).to_list() == ["AAPL", "SPY"]
    assert found.bars["session"].to_list() == [*AUTUMN, *AUTUMN]


def test_a_lazy_frame_with_the_lakes_date_is_read() -> None:
    lazy = daily("SPY", AUTUMN).with_columns(date="session").lazy()
    assert _ready(lazy).facts["rows"] == 4


def test_missing_sessions_and_windows_are_told_apart() -> None:
    whole = intraday("SPY", "5m", AUTUMN)
    lacking = whole.filter(pl.col("session") != AUTUMN[1], pl.col("ts") != at(AUTUMN[2], "10:00"))
    facts = _ready(lacking).facts
    assert facts["missing_sessions"] == {"SPY": (AUTUMN[1],)}
    assert facts["no_trade_windows"] == 1


def test_what_is_before_the_first_bar_and_after_the_last_is_not_missing() -> None:
    part = intraday("SPY", "5m", AUTUMN).slice(20, 200)
    assert (_ready(part).facts["no_trade_windows"], _ready(part, "previous_close").facts["filled_rows"]) == (0, 0)


def test_a_gap_is_filled_with_the_close_before_it_and_no_volume() -> None:
    whole = intraday("SPY", "5m", AUTUMN)
    gap = at(AUTUMN[2], "09:30")
    found = _ready(whole.filter(pl.col("ts") != gap), "previous_close")
    made = found.bars.filter("is_filled").row(0, named=True)
    before = whole.filter(pl.col("ts") < gap)["close"][-1]
    assert found.facts["filled_rows"] == 1
    assert [made[name] for name in ("open", "high", "low", "close")] == [before] * 4
    assert (made["volume"], made["vwap"], made["source"], made["end"]) == (0.0, None, None, at(AUTUMN[2], "09:35"))
    assert made["adjustment"] == "raw"


def test_filling_knows_nothing_of_what_comes_later() -> None:
    whole = intraday("SPY", "5m", AUTUMN)
    lacking = whole.filter(pl.col("session") != AUTUMN[1])
    until = at(AUTUMN[2], "12:00")
    early = _ready(lacking.filter(pl.col("ts") <= until), "previous_close").bars
    late = _ready(lacking, "previous_close").bars.filter(pl.col("ts") <= until)
    assert early.equals(late)


def test_an_index_has_no_volume_filled_in() -> None:
    lacking = intraday("SPX", "5m", AUTUMN, volume=None).filter(pl.col("session") != AUTUMN[1])
    assert _ready(lacking, "previous_close").bars["volume"].null_count() == 4 * 78


def test_bars_without_a_price_are_left_out_and_counted() -> None:
    broken = bars([bar("SPY", at(DAY, "09:30"), DAY, 100.0), bar("SPY", at(DAY, "09:31"), DAY, 101.0, open=None)])
    not_finite = bars([bar("SPY", at(DAY, "09:32"), DAY, float("nan")), bar("SPY", at(DAY, "09:33"), DAY, 102.0)])
    facts = _ready(pl.concat([broken, not_finite])).facts
    assert (facts["rows"], facts["dropped_rows"], facts["no_trade_windows"]) == (2, 2, 2)


def test_sources_and_simulation_are_told() -> None:
    both = pl.concat([daily("SPY", AUTUMN[:3]), daily("SPY", AUTUMN[3:], source="tradier", feed="simulated")])
    facts = _ready(both).facts
    assert facts["sources"] == {"massive": 3, "tradier": 1}
    assert facts["is_simulated"]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (daily("SPY", AUTUMN).clear(), "no bars with prices"),
        (pl.concat([daily("SPY", AUTUMN)] * 2), "SPY has two bars at 2026-10-29"),
        (
            pl.concat([daily("SPY", AUTUMN[:2]), daily("SPY", AUTUMN[2:], adjustment="split")]),
            "prices of SPY are adjusted in two ways",
        ),
        (daily("SPY", (date(2026, 11, 25), date(2026, 11, 26))), "the market is shut: 2026-11-26"),
        (snapshot(DAY, "15:45", [contract(690.0)]), "bars are needed here, not chains, which to_optopsy"),
        (daily("SPY", AUTUMN).drop("session"), "not a frame of this package"),
    ],
)
def test_what_would_fool_an_engine_is_refused(frame: pl.DataFrame, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        _ready(frame)


def test_an_unknown_way_to_fill_is_refused() -> None:
    with pytest.raises(ArgumentError, match="fill must be None or 'previous_close', not 'linear'"):
        _ready(daily("SPY", AUTUMN), "linear")


def test_labels_are_starts_ends_or_dates() -> None:
    minutes, days = _ready(intraday("SPY", "30m", THANKSGIVING)), _ready(daily("SPY", THANKSGIVING))
    start, end = labels(minutes, "start"), labels(minutes, "end")
    assert (start[1], end[1]) == ("start", "end")
    assert (str(start[0][0]), str(end[0][-1])) == ("2026-11-24 09:30:00-05:00", "2026-11-30 16:00:00-05:00")
    date_of, close_of = labels(days, "start"), labels(days, "end")
    assert (date_of[1], close_of[1]) == ("session", "end")
    assert (str(date_of[0][2]), str(close_of[0][2])) == ("2026-11-27 00:00:00", "2026-11-27 13:00:00-05:00")
    assert date_of[0].dtype == pl.Datetime("ns")
    with pytest.raises(ArgumentError, match="label must be 'start' or 'end', not 'middle'"):
        labels(days, "middle")
