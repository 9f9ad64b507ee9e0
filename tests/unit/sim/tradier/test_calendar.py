from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from quantdata.sessions import NEW_YORK
from quantdata.sim.tradier.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Ask = Callable[..., Any]


@pytest.mark.parametrize(
    ("at", "state", "next_change", "next_state"),
    [
        ("2026-11-18 06:59", "closed", "07:00", "premarket"),
        ("2026-11-18 07:00", "premarket", "09:30", "open"),
        ("2026-11-18 11:00", "open", "16:00", "postmarket"),
        ("2026-11-18 16:00", "postmarket", "19:55", "closed"),
        ("2026-11-18 19:55", "closed", "07:00", "premarket"),
        ("2026-11-22 12:00", "closed", "07:00", "premarket"),
        ("2026-11-27 12:59", "open", "13:00", "postmarket"),
    ],
)
def test_the_clock_says_what_comes_next(ask: Ask, at: str, state: str, next_change: str, next_state: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=NEW_YORK)
    clock = ask("clock", at=moment)["clock"]
    assert list(clock) == ["date", "description", "state", "timestamp", "next_change", "next_state"]
    assert (clock["date"], clock["state"], clock["timestamp"]) == (at[:10], state, int(moment.timestamp()))
    assert (clock["next_change"], clock["next_state"]) == (next_change, next_state)


def test_the_clock_describes_the_state(ask: Ask) -> None:
    said = [
        ask("clock", at=datetime(2026, 11, 18, hour, tzinfo=NEW_YORK))["clock"]["description"] for hour in (6, 8, 11)
    ]
    assert said == ["Market is closed.", "Market is in premarket.", "Market is open from 09:30 to 16:00"]


def test_a_month_is_as_recorded(ask: Ask, fixtures_dir: Path) -> None:
    recorded = msgspec.json.decode((fixtures_dir / "tradier/client/calendar_2024-01.json").read_bytes())
    found = ask("calendar", month=1, year=2024)
    for days in (recorded["calendar"]["days"]["day"], found["calendar"]["days"]["day"]):
        for day in days:
            # Names of holidays differ from source to source.
            day["description"] = day["description"].partition(" for ")[0]
    assert found == recorded


def test_this_month_unless_another_is_named(ask: Ask) -> None:
    calendar = ask("calendar")["calendar"]
    assert (calendar["month"], calendar["year"], len(calendar["days"]["day"])) == (11, 2026, 30)
    thanksgiving, half_day, saturday = calendar["days"]["day"][25:28]
    assert (thanksgiving["status"], thanksgiving["description"][:21]) == ("closed", "Market is closed for ")
    assert half_day["open"] == {"start": "09:30", "end": "13:00"}
    assert half_day["postmarket"] == {"start": "13:00", "end": "16:55"}
    assert saturday == {"date": "2026-11-28", "status": "closed", "description": "Market is closed"}


@pytest.mark.parametrize(("month", "year"), [(13, 2026), (0, 2026), (1, 2004), (1, 2032)])
def test_other_months_are_refused(ask: Ask, month: int, year: int) -> None:
    with pytest.raises(Refusal) as caught:
        ask("calendar", month=month, year=year)
    assert caught.value.status == 400
