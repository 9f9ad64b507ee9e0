from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from quantdata.sessions import NEW_YORK
from quantdata.sim.timeline import day_ns
from quantdata.sim.tradier.day import Day, day_at, milliseconds


@pytest.mark.parametrize(
    ("at", "day", "has_opened", "is_over"),
    [
        ("2026-11-18 03:29", "2026-11-17", True, True),
        ("2026-11-18 03:30", "2026-11-18", False, False),
        ("2026-11-18 09:29", "2026-11-18", False, False),
        ("2026-11-18 09:30", "2026-11-18", True, False),
        ("2026-11-18 16:00", "2026-11-18", True, True),
        ("2026-11-22 12:00", "2026-11-20", True, True),
        ("2026-11-27 13:00", "2026-11-27", True, True),
    ],
)
def test_a_session_is_today_from_half_past_three(at: str, day: str, *, has_opened: bool, is_over: bool) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=NEW_YORK).astimezone(UTC)
    assert day_at(moment) == Day(day_ns(date.fromisoformat(day)), has_opened=has_opened, is_over=is_over)


def test_trades_keep_their_milliseconds_and_quotes_do_not() -> None:
    assert milliseconds(1_795_017_595_085_999_999) == 1_795_017_595_085
    stamps = np.array([1_795_017_595_085_999_999, 0])
    assert milliseconds(stamps, whole_seconds=True).tolist() == [1_795_017_595_000, 0]
