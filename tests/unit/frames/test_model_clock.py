from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from quantdata.frames.columns import MOMENT
from quantdata.frames.model_clock import valuation_instants


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def valued(root: str, quoted: str | None, *, expiration: date = date(2026, 12, 18)) -> datetime | None:
    chain = pl.DataFrame(
        {
            "root_symbol": [root],
            "expiration": [expiration],
            "quote_ts": [None if quoted is None else utc(quoted)],
            "snapshot_ts": [utc("2026-11-18 18:00:00")],
        },
        schema_overrides={"quote_ts": MOMENT, "snapshot_ts": MOMENT},
    )
    found: datetime | None = valuation_instants(chain).item()
    return found


@pytest.mark.parametrize(
    ("root", "quoted", "expected"),
    [
        ("AAPL", "2026-11-18 16:00:00", "2026-11-18 16:00:00"),  # 11:00 in New York: its own time
        ("AAPL", "2026-11-18 14:30:00", "2026-11-18 14:30:00"),  # the opening itself
        ("AAPL", "2026-11-18 21:00:00", "2026-11-18 21:00:00"),  # the close itself
        ("AAPL", "2026-11-18 21:08:00", "2026-11-18 21:00:00"),  # eight minutes after it
        ("SPY", "2026-11-18 21:08:00", "2026-11-18 21:08:00"),  # its options trade to 16:15
        ("SPX", "2026-11-18 23:00:00", "2026-11-18 21:15:00"),
        ("AAPL", "2026-11-18 13:00:00", "2026-11-17 21:00:00"),  # before the opening: the close of the day before
        ("SPY", "2026-11-22 23:34:00", "2026-11-20 21:15:00"),  # a Sunday
        ("AAPL", "2026-11-26 16:00:00", "2026-11-25 21:00:00"),  # Thanksgiving
        ("AAPL", "2026-11-27 19:00:00", "2026-11-27 18:00:00"),  # a half-day closes at 13:00
        ("SPY", "2026-11-27 19:00:00", "2026-11-27 18:15:00"),
        ("AAPL", "2026-07-01 20:30:00", "2026-07-01 20:00:00"),  # summer time
        ("AAPL", None, "2026-11-18 18:00:00"),  # without a time of its own: the snapshot's
        ("no root", "2026-11-18 23:00:00", "2026-11-18 21:00:00"),
    ],
)
def test_a_quote_is_priced_while_its_options_trade_and_else_at_their_last_close(
    root: str, quoted: str | None, expected: str
) -> None:
    assert valued(root, quoted) == utc(expected)


def test_a_pm_settled_index_series_closes_at_four_on_its_last_day() -> None:
    last_day = date(2026, 11, 18)
    assert valued("SPXW", "2026-11-18 21:10:00", expiration=last_day) == utc("2026-11-18 21:00:00")
    assert valued("SPXW", "2026-11-18 21:10:00") == utc("2026-11-18 21:10:00")
    assert valued("SPY", "2026-11-18 21:10:00", expiration=last_day) == utc("2026-11-18 21:10:00")


@pytest.mark.parametrize("quoted", ["1999-06-01 16:00:00", "2045-06-01 16:00:00"])
def test_outside_the_calendar_nothing_is_priced(quoted: str) -> None:
    assert valued("SPY", quoted) is None
