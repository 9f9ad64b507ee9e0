"""What a table says above its rows: how fresh the chain is, how far it can be trusted, where the money is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quantdata import symbols
from quantdata.errors import SymbolError
from quantdata.sessions import FIRST_DAY, LAST_DAY, current_session, session_day
from quantdata.validation import quality
from quantdata.validation.words import about_the_whole

if TYPE_CHECKING:
    import polars as pl

__all__ = ["CLOSED", "Whole", "is_open", "milliseconds", "moment_of", "prices", "whole"]

CLOSED: Final = "CLOSED"
_FEEDS: Final = {"simulated": "SIMULATED", "delayed": "DELAYED", "eod": "END OF DAY"}
# A row's age is counted anew every second or so while it is live.
_PRESENT: Final = timedelta(minutes=1)
_USUAL_CLOSE: Final = timedelta(hours=16)


class Whole(NamedTuple):
    """What can be said of a chain as a whole.

    Attributes
    ----------
    confidence, quality
        As in `Quality`.
    badges
        ``SIMULATED``, ``DELAYED`` or ``END OF DAY`` where that is so, then ``CLOSED``.
    stale_since
        When its newest row arrived, if all of its rows are stale; else None.
    warnings
        Sentences without an end.
    ahead_ms
        Milliseconds by which the market's clock, which quotes and trades are timed by, is ahead of ours: of a simulated
        market any number, else 0.
    """

    confidence: int
    quality: str
    badges: tuple[str, ...]
    stale_since: datetime | None
    warnings: tuple[str, ...]
    ahead_ms: int


def whole(chain: pl.DataFrame, *, unplaced: int = 0) -> Whole:
    """Return what is to be said of a chain, as it was when it was validated; of 10,000 rows it takes some 10 ms.

    Parameters
    ----------
    chain
        Canonical rows with their columns of quality.
    unplaced
        How many of them no table shows.
    """
    found = quality(chain)
    at: Any = chain.get_column("snapshot_ts").max()
    feed = [_FEEDS[found.feed]] if found.feed in _FEEDS else []
    is_over = at is not None and not is_open(chain.item(0, "root_symbol"), at)
    received: Any = chain.get_column("received_ts").max()
    return Whole(
        confidence=found.confidence,
        quality=found.quality,
        badges=(*feed, *([CLOSED] if is_over else [])),
        stale_since=received if chain.get_column("is_stale").all() else None,
        warnings=(*about_the_whole(found), *_unplaced(unplaced)),
        ahead_ms=_between(received, at) if found.is_simulated else 0,
    )


def _unplaced(count: int) -> tuple[str, ...]:
    return (f"{count:,} adjusted or incomplete contracts are not shown",) if count else ()


def is_open(root: str | None, at: datetime) -> bool:
    """Tell whether options of a root trade at a moment: with the stock market, a few of them 15 minutes longer."""
    session = current_session(at) if FIRST_DAY <= session_day(at) <= LAST_DAY else None
    if session is None:
        return False
    return session.open <= at < session.close + _longer(root)


def _longer(root: str | None) -> timedelta:
    """Return how long after the stock market options of a root trade; of one that is none, not at all."""
    try:
        close = symbols.root_facts(root or "").close
    except SymbolError:
        return timedelta(0)
    return timedelta(hours=close.hour, minutes=close.minute) - _USUAL_CLOSE


def prices(chain: pl.DataFrame, row: int) -> tuple[float | None, float | None]:
    """Return the price of the underlying and the forward of a series, by the number of one of its rows."""
    return chain.item(row, "underlying_price"), chain.item(row, "forward_price")


def _between(early: datetime | None, late: datetime | None) -> int:
    return 0 if early is None or late is None else round((late - early).total_seconds() * 1000)


def moment_of(chain: pl.DataFrame, wall: datetime) -> datetime:
    """Return the moment that a chain is of, by the clock that ``received_ts`` is of.

    That is the present, but of a replay the recorded one: its newest row came long ago, and was young then.

    Parameters
    ----------
    wall
        The present.
    """
    received = chain.get_column("received_ts")
    newest = received.arg_max()
    if newest is None:
        return wall
    told: datetime = received[newest] + timedelta(seconds=chain.item(newest, "age_s") or 0.0)
    return wall if abs(wall - told) <= _PRESENT else told


def milliseconds(at: datetime | None) -> int | None:
    """Return a moment as a page takes it: milliseconds since 1970."""
    return None if at is None else round(at.timestamp() * 1000)
