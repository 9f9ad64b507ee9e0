"""What an answer warns its caller of: less than was asked for, older, or breaking a rule."""

from __future__ import annotations

import inspect
import warnings
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quantdata import symbols
from quantdata.client.last_good import is_old
from quantdata.client.snapshot import snapshot_warning, snapshots
from quantdata.clients.order_flow import flow_warning
from quantdata.errors import QuantDataWarning
from quantdata.sessions import session_day, sessions
from quantdata.validation import failures

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from quantdata.client.snapshot import Histories, IndexSnapshot
    from quantdata.clients.bar_query import BarQuery

__all__ = [
    "finished_snapshots",
    "warned_of_age",
    "warned_of_errors",
    "warned_of_flow",
    "warned_of_lacks",
    "warned_of_missing",
]

LATE_SESSIONS: Final = 5
ONE_DAY: Final = timedelta(days=1)
MOST_SHOWN: Final = 5


def warned_of_errors(rows: pl.DataFrame) -> pl.DataFrame:
    """Return bars or trades, which have no columns of quality; warn of those that break a rule."""
    if broken := failures(rows):
        named = ", ".join(f"{rule}: {count:,}" for rule, count in broken.items())
        _warn(f"of {rows.height:,} rows some break a rule ({named}); see validate()")
    return rows


def warned_of_lacks(
    queries: list[BarQuery], kept_since: Callable[[BarQuery], date | None], bars: pl.DataFrame
) -> pl.DataFrame:
    """Return bars; warn of those that begin later, or are adjusted for less, than what was asked for."""
    found = bars.group_by("symbol").agg(pl.col("session").min(), pl.col("adjustment").first())
    known = {symbol: (first, adjustment) for symbol, first, adjustment in found.iter_rows()}
    for query in queries:
        first, adjustment = known.get(query.symbol, (None, query.adjustment))
        asked, kept = session_day(query.start), kept_since(query)
        named = f"{query.symbol}: {query.timeframe} bars"
        if kept is not None and _sessions_before(kept, query):
            _warn(f"{named} are kept since {kept}, asked for from {asked}; daily ones reach further back")
        elif first is not None and _begins_late(query, first):
            _warn(f"{named} begin on {first}, asked for from {asked}; vendor or plan have none before")
        if adjustment != query.adjustment:
            _warn(f"{named} are as traded, not adjusted for splits: the vendor gave no splits to adjust them by")
    return bars


def warned_of_missing(quotes: pl.DataFrame) -> pl.DataFrame:
    """Return quotes; warn of the rows that the vendor gave nothing for, and of old ones."""
    warned_of_age(quotes)
    lacking = quotes.filter(pl.col("vendor_error").is_not_null())
    if lacking.height:
        shown = lacking.select("symbol", "vendor_error").head(MOST_SHOWN)
        reasons = "; ".join(f"{symbol}: {reason}" for symbol, reason in shown.iter_rows())
        others = f"; and {lacking.height - MOST_SHOWN:,} more" if lacking.height > MOST_SHOWN else ""
        _warn(f"no quote for {reasons}{others}")
    return quotes


def warned_of_age(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame; warn where it is an old one in the place of an error."""
    if is_old(frame):
        oldest: Any = frame.get_column("age_s").max()
        _warn(f"no provider answered; this is the last good answer, {oldest:.0f} s of open market old")
    return frame


def warned_of_flow(flow: pl.DataFrame) -> pl.DataFrame:
    """Return order flow; warn where it is known less well than it could be."""
    if message := flow_warning(flow):
        _warn(message)
    return flow


def finished_snapshots(
    warned: Callable[[pl.DataFrame], pl.DataFrame], found: tuple[pl.DataFrame, Histories], *, is_one: bool
) -> IndexSnapshot | dict[str, IndexSnapshot]:
    """Return snapshots by symbol, or the only one; warn of what ``warned`` does, and of histories that lack."""
    quotes, histories = found
    by_symbol = snapshots(warned(quotes), histories)
    if message := snapshot_warning(histories):
        _warn(message)
    return next(iter(by_symbol.values())) if is_one else by_symbol


def _begins_late(query: BarQuery, first: date) -> bool:
    """Tell whether the first session of some bars is later than what was asked for; an option may just not trade."""
    # A stock trades every minute or so: a session without minutes is one that the vendor lacks.
    allowed = 0 if query.window.is_intraday else LATE_SESSIONS - 1
    return not symbols.is_option_symbol(query.symbol) and _sessions_before(first, query) > allowed


def _sessions_before(first: date, query: BarQuery) -> int:
    """Count the sessions before a day in which any of the hours asked for lie."""
    asked = session_day(query.start)
    before = sessions(asked, first - ONE_DAY) if asked < first else []
    is_regular = query.session == "regular"
    return sum((each.close if is_regular else each.late_close) > query.start for each in before)


def _warn(message: str) -> None:
    warnings.warn(message, QuantDataWarning, stacklevel=_callers_level())


def _callers_level() -> int:
    """Return the stack level, as counted in the function that asks, of whoever called this package."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("quantdata."):
        level, frame = level + 1, frame.f_back
    return level
