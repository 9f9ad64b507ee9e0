"""`Job`: what is to be in a lake, checked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from quantdata import symbols as spelling
from quantdata.clients.arguments import checked_day, checked_range, count, texts
from quantdata.clients.bar_query import BarQuery, instrument, is_equity
from quantdata.clients.chain_query import OPEN, ChainQuery
from quantdata.clients.flow_query import TOP, FlowQuery
from quantdata.errors import ArgumentError, SymbolError
from quantdata.frames.bars import TIMEFRAMES
from quantdata.sessions import LAST_DAY, previous_session, session_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime

    from quantdata.clients.arguments import Day

__all__ = ["FILTERS", "KINDS", "SETTINGS", "Job", "Kind"]

Kind = Literal["chains", "bars", "quotes", "indices", "flow", "trades"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
FILTERS: Final = (
    "expirations",
    "strikes",
    "dte",
    "roots",
    "option_type",
    "delta",
    "moneyness",
    "min_volume",
    "min_open_interest",
    "max_spread_percent",
)
_SPAN: Final = ("start", "end", "last", "session")
# What each kind takes beside symbols.
SETTINGS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "chains": ("filters",),
    "bars": ("timeframe", *_SPAN),
    "quotes": (),
    "indices": (),
    "flow": ("top",),
    "trades": _SPAN,
}
ONE_DAY: Final = timedelta(days=1)
MOST_SESSIONS: Final = 5_000


@dataclass(frozen=True, slots=True, init=False)
class Job:
    """One kind of data, of some symbols.

    Parameters
    ----------
    kind
        ``chains``, ``quotes``, ``indices`` and ``flow`` are snapshots: the present, as often as the job is run.
        ``bars`` and ``trades`` are history: each session that the lake lacks, once it is over.
    symbols
        In any spelling: underlyings of chains and flow; stocks and funds of quotes; anything that has them of bars
        and trades. Kept in canonical spelling, without repeats.
    filters
        Of chains: what ``chain()`` takes, by name, but for ``where``.
    timeframe
        Of bars: ``"1m"`` to ``"1w"``. What is kept are the bars that these are made of: regular hours of 30-minute
        bars, weeks of daily ones.
    start, end
        Of bars and trades: first and last New York day, both included. ``end`` may be left out: the newest session.
    last
        Instead of them: so many sessions, up to the newest that is over.
    session
        Of bars and trades: ``"regular"`` hours, or ``"all"``.
    top
        Of flow: of how many contracts the tape is read.

    Raises
    ------
    SymbolError
        If a symbol cannot be read, or is none of the kind.
    ArgumentError
        If anything else is malformed, missing, or of another kind; the message names it.

    Examples
    --------
    >>> Job("bars", ["spy"], timeframe="1h", start="2026-11-02", end="2026-11-06").dataset
    'bars_30m'
    """

    kind: Kind
    symbols: tuple[str, ...]
    filters: Mapping[str, Any]
    timeframe: str | None
    start: date | None
    end: date | None
    last: int | None
    session: Literal["regular", "all"]
    top: int

    def __init__(
        self,
        kind: Kind,
        symbols: str | Iterable[str],
        *,
        filters: Mapping[str, Any] | None = None,
        timeframe: str | None = None,
        start: Day | None = None,
        end: Day | None = None,
        last: int | None = None,
        session: Literal["regular", "all"] | None = None,
        top: int | None = None,
    ) -> None:
        if kind not in KINDS:
            raise ArgumentError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
        settings = {
            "filters": filters or None,
            "timeframe": timeframe,
            "start": start,
            "end": end,
            "last": last,
            "session": session,
            "top": top,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        if others := [name for name in given if name not in SETTINGS[kind]]:
            takes = ", ".join(("symbols", *SETTINGS[kind]))
            raise ArgumentError(f"{kind} take no {', '.join(others)}: they take {takes}")
        asked = list(texts(symbols, name="symbols"))
        defaults = {**settings, "filters": {}, "session": "regular", "top": TOP}
        for name, value in {"kind": kind, **defaults, **given, **_CHECKS[kind](asked, **given)}.items():
            object.__setattr__(self, name, value)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @property
    def is_snapshot(self) -> bool:
        """Whether it is of the present."""
        return self.kind not in {"bars", "trades"}

    @property
    def dataset(self) -> str:
        """The dataset of the lake that it fills."""
        return self.kind if self.timeframe is None else f"bars_{_kept_as(self._query())}"

    @property
    def fingerprint(self) -> str:
        """What tells it from other jobs: 16 hexadecimal digits."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]

    def days(self, now: datetime) -> tuple[date, date]:
        """Return the first and the last day that bars or trades are asked for, by a present (UTC).

        Raises
        ------
        ArgumentError
            If its first day is still to come.
        """
        today = session_day(now)
        if self.last is not None:
            newest = first = previous_session(today).day
            for _ in range(self.last - 1):
                first = previous_session(first).day
            return first, newest
        if self.start is None or self.start > today:
            raise ArgumentError(f"{self.kind} from {self.start} on: that is after today, {today}")
        return self.start, self.end or today

    def chain_query(self, symbol: str) -> ChainQuery:
        """Return the question for the chain of one of its underlyings."""
        return ChainQuery.of(symbol, **self.filters)

    def bar_query(self, symbol: str, start: datetime, end: datetime) -> BarQuery:
        """Return the question for the bars of one of its symbols that the lake keeps: as traded."""
        kept = _kept_as(self._query())
        return BarQuery.of(symbol, kept, start, end, adjust="raw", session=self.session)

    def _query(self) -> BarQuery:
        asked = self.start or LAST_DAY
        return BarQuery.of(
            self.symbols[0], self.timeframe or "", asked, self.end or asked, adjust="raw", session=self.session
        )


def _kept_as(query: BarQuery) -> str:
    """Return the timeframe of the bars that those asked for are made of."""
    return next(name for name, window in TIMEFRAMES.items() if window is query.window)


# --- the checks of each kind: what it is to be, of what was given ----------------------------------------------------


def _chains(asked: list[str], filters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    given = filters or {}
    if unknown := sorted(set(given) - set(FILTERS)):
        raise ArgumentError(f"chains have no filter {', '.join(unknown)}: there are {', '.join(FILTERS)}")
    queries = [ChainQuery.of(each, **given) for each in asked]
    kept = {name: value for name in FILTERS if (value := getattr(queries[0], name)) not in {None, (), OPEN}}
    return {"symbols": _unique([query.underlying for query in queries]), "filters": kept}


def _bars(asked: list[str], timeframe: str | None = None, session: str = "regular", **given: Any) -> dict[str, Any]:
    if timeframe is None:
        raise ArgumentError(f"bars need a timeframe: {', '.join(TIMEFRAMES)}")
    span = _span("bars", **given)
    start = span.get("start") or LAST_DAY
    end = span.get("end") or start
    queries = [BarQuery.of(each, timeframe, start, end, adjust="raw", session=session) for each in asked]
    if timeframe == "1w" and "start" in span:
        monday, sunday = queries[0].whole_weeks()
        span |= {"start": monday} | ({"end": sunday} if "end" in span else {})
    return {"symbols": _unique([query.symbol for query in queries]), **span}


def _trades(asked: list[str], session: str = "regular", **given: Any) -> dict[str, Any]:
    if session not in {"regular", "all"}:
        raise ArgumentError(f"session must be 'regular', 'all', not {session!r}")
    found = [instrument(each) for each in asked]
    for symbol in found:
        if not (is_equity(symbol) or spelling.is_option_symbol(symbol)):
            raise SymbolError(f"an index has no trades: {symbol} has bars")
    return {"symbols": _unique(found), **_span("trades", **given)}


def _quotes(asked: list[str]) -> dict[str, Any]:
    found = [instrument(each) for each in asked]
    for symbol in found:
        if not is_equity(symbol):
            is_option = spelling.is_option_symbol(symbol)
            kind, others = ("an option", "chains") if is_option else ("an index", "indices")
            raise SymbolError(f"quotes are of stocks and funds; {symbol} is {kind}: see {others}")
    return {"symbols": _unique(found)}


def _indices(asked: list[str]) -> dict[str, Any]:
    return {"symbols": _unique([spelling.index(each) for each in asked])}


def _flow(asked: list[str], top: int = TOP) -> dict[str, Any]:
    queries = [FlowQuery.of(each, top=top) for each in asked]
    return {"symbols": _unique([query.underlying for query in queries]), "top": queries[0].top}


_CHECKS: Final[Mapping[Kind, Callable[..., dict[str, Any]]]] = {
    "chains": _chains,
    "bars": _bars,
    "quotes": _quotes,
    "indices": _indices,
    "flow": _flow,
    "trades": _trades,
}


def _unique(found: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))


def _span(kind: Kind, start: Day | None = None, end: Day | None = None, last: int | None = None) -> dict[str, Any]:
    """Return ``start`` and perhaps ``end``, or ``last``."""
    if last is not None:
        if start is not None or end is not None:
            raise ArgumentError(f"{kind}: give start and end, or last, not both")
        sessions = count(last, name="last", least=1)
        if sessions > MOST_SESSIONS:
            raise ArgumentError(f"last must be at most {MOST_SESSIONS:,} sessions, not {sessions:,}")
        return {"last": sessions}
    if start is None:
        raise ArgumentError(f"{kind} need a start: a day such as '2026-11-02'; or last, a number of sessions")
    first = checked_day(start, name="start")
    if end is None:
        return {"start": first}
    final = checked_day(end, name="end")
    checked_range(first, final, name="(start, end)")
    return {"start": first, "end": final}
