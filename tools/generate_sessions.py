"""Write ``quantdata/_session_table.py``: the days on which the US market is shut or closes early.

Usage: ``python tools/generate_sessions.py`` rewrites the table; ``--check`` only says whether it is up to date.
The days come from the calendar ``XNYS`` of exchange_calendars (a development dependency). For years that the exchange
has not announced yet that calendar projects the exchange's rules; run this again when it announces an exception.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date, time
from pathlib import Path
from typing import Any

import exchange_calendars
import pandas as pd

FIRST_DAY = date(2005, 1, 1)
LAST_DAY = date(2031, 12, 31)
TABLE = Path(__file__).resolve().parent.parent / "quantdata" / "_session_table.py"

# The calendar's own names, in the words that NYSE's "Holidays & Trading Hours" page uses.
HOLIDAY_NAMES = {
    "New Year's Day": "New Year's Day",
    "Dr. Martin Luther King Jr. Day": "Martin Luther King, Jr. Day",
    "President's Day": "Washington's Birthday",
    "Good Friday": "Good Friday",
    "Memorial Day": "Memorial Day",
    "Juneteenth National Independence Day": "Juneteenth National Independence Day",
    "July 4th": "Independence Day",
    "Labor Day": "Labor Day",
    "Thanksgiving": "Thanksgiving Day",
    "Christmas": "Christmas Day",
}
# Closings that no rule foretells.
SPECIAL_CLOSINGS = {
    date(2007, 1, 2): "National Day of Mourning for Gerald Ford",
    date(2012, 10, 29): "Hurricane Sandy",
    date(2012, 10, 30): "Hurricane Sandy",
    date(2018, 12, 5): "National Day of Mourning for George H.W. Bush",
    date(2025, 1, 9): "National Day of Mourning for Jimmy Carter",
}
EARLY_CLOSE = time(13, 0)
EARLY_CLOSE_NAMES = {7: "eve of Independence Day", 11: "day after Thanksgiving Day", 12: "Christmas Eve"}
FIXED_DATES = {"New Year's Day": (1, 1), "Juneteenth National Independence Day": (6, 19)}
FIXED_DATES |= {"Independence Day": (7, 4), "Christmas Day": (12, 25)}


def holidays(calendar: exchange_calendars.ExchangeCalendar) -> dict[date, str]:
    """Return every weekday without a session, with its reason; raises KeyError for one without a known reason."""
    rules = calendar.regular_holidays
    if rules is None:
        message = "the calendar has no regular holidays"
        raise ValueError(message)
    named: Any = rules.holidays(FIRST_DAY.isoformat(), LAST_DAY.isoformat(), return_name=True)
    regular = {day: HOLIDAY_NAMES[name] for day, name in zip(pd.DatetimeIndex(named.index).date, named, strict=True)}
    closed = pd.bdate_range(FIRST_DAY, LAST_DAY).difference(calendar.sessions)
    reasons = regular | SPECIAL_CLOSINGS
    return {day.date(): observed(day.date(), reasons[day.date()]) for day in closed}


def observed(day: date, name: str) -> str:
    """Say so in the name when a holiday is kept on another day than its own."""
    own_day = FIXED_DATES.get(name, (day.month, day.day))
    return name if (day.month, day.day) == own_day else f"{name} (observed)"


def early_closes(calendar: exchange_calendars.ExchangeCalendar) -> dict[date, str]:
    """Return every session that ends at 13:00, with its reason; raises ValueError for another closing time."""
    closes = calendar.closes.loc[calendar.early_closes].dt.tz_convert("America/New_York")
    for day, close in closes.items():
        if close.time() != EARLY_CLOSE:
            message = f"{day:%Y-%m-%d} closes at {close:%H:%M}: the table knows early closes at 13:00 only"
            raise ValueError(message)
    return {day.date(): EARLY_CLOSE_NAMES[day.month] for day in calendar.early_closes}


def render() -> str:
    """Return the source text of the table module."""
    calendar = exchange_calendars.get_calendar("XNYS", start=FIRST_DAY.isoformat(), end=LAST_DAY.isoformat())
    lines = [
        '"""Weekdays without a session, and sessions that end at 13:00 New York time; all other weekdays are regular.',
        "",
        "Written by tools/generate_sessions.py from exchange_calendars XNYS: change the script, not this file.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from datetime import date",
        "",
        '__all__ = ["EARLY_CLOSES", "FIRST_DAY", "HOLIDAYS", "LAST_DAY"]',
        "",
        f"FIRST_DAY = date({FIRST_DAY:%Y, %-m, %-d})",
        f"LAST_DAY = date({LAST_DAY:%Y, %-m, %-d})",
        "",
        *table_lines("HOLIDAYS", holidays(calendar)),
        "",
        *table_lines("EARLY_CLOSES", early_closes(calendar)),
    ]
    return "\n".join(lines) + "\n"


def table_lines(name: str, days: dict[date, str]) -> list[str]:
    """Return one dictionary as source lines, one day per line."""
    rows = [f'    date({day:%Y, %-m, %-d}): "{reason}",' for day, reason in sorted(days.items())]
    return [f"{name}: dict[date, str] = {{", *rows, "}"]


def main() -> int:
    """Write or check the table; the exit status is 1 when a check finds it out of date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="do not write; fail when the table is out of date")
    arguments = parser.parse_args()
    text = render()
    if not arguments.check:
        TABLE.write_text(text, encoding="utf-8")
        print(f"{TABLE.name}: written")
        return 0
    is_current = TABLE.read_text(encoding="utf-8") == text
    print(f"{TABLE.name}: {'up to date' if is_current else 'out of date, run tools/generate_sessions.py'}")
    return 0 if is_current else 1


if __name__ == "__main__":
    sys.exit(main())
