"""Whether the markets are open, and the holidays to come.

References
----------
``GET /v1/marketstatus/now`` and ``/v1/marketstatus/upcoming``: reference/massive.md §6 and a recorded body.
"""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from quantdata.sessions import LAST_DAY, NEW_YORK, closed_reason, find_session, market_state, session_day
from quantdata.sim.massive.answers import Answer, encode_rows

if TYPE_CHECKING:
    from datetime import datetime

    from quantdata.sim.massive.request import Request

__all__ = ["now", "upcoming"]

_WORD = {"open": "open", "early": "extended-hours", "late": "extended-hours", "closed": "closed"}
_INDEX_GROUPS = ("s_and_p", "societe_generale", "msci", "ftse_russell", "cgi", "nasdaq", "dow_jones")
_ALWAYS_OPEN = ("mstar", "mstarc", "cccy")
_EXCHANGES = ("NYSE", "NASDAQ", "OTC")
_LOOKAHEAD = timedelta(days=366)


def now(request: Request) -> Answer:
    """Answer the state of the markets; the server's clock is the simulated one."""
    state = market_state(request.now)
    word = _WORD[state]
    groups = dict.fromkeys(_INDEX_GROUPS, "open" if state == "open" else "closed")
    body = {
        "afterHours": state == "late",
        "currencies": {"crypto": "open", "fx": "open"},
        "earlyHours": state == "early",
        "exchanges": {"nasdaq": word, "nyse": word, "otc": word},
        "indicesGroups": groups | dict.fromkeys(_ALWAYS_OPEN, "open"),
        "market": word,
        "serverTime": request.now.astimezone(NEW_YORK).replace(microsecond=0).isoformat(),
    }
    return Answer(rows_key=None, head=body)


def upcoming(request: Request) -> Answer:
    """Answer a year's closed and shortened days from today on, once per exchange."""
    today = session_day(request.now)
    last = min(today + _LOOKAHEAD, LAST_DAY)
    rows = [
        row | {"exchange": exchange}
        for offset in range((last - today).days)
        for row in _special(today + timedelta(days=offset))
        for exchange in _EXCHANGES
    ]
    return Answer(rows=encode_rows(rows), rows_key=None)


def _special(day: date) -> list[dict[str, str]]:
    """Return the row of a holiday or a half-day; none for an ordinary day."""
    session = find_session(day)
    if session is None:
        reason = closed_reason(day) or ""
        return [] if reason == "weekend" else [{"date": str(day), "name": reason, "status": "closed"}]
    if not session.is_half_day:
        return []
    name = closed_reason(day - timedelta(days=1)) or "Early close"
    row = {"date": str(day), "name": "Early close" if name == "weekend" else name, "status": "early-close"}
    return [row | {"open": _utc(session.open), "close": _utc(session.close)}]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
