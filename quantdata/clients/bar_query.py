"""A request for bars, checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from quantdata import symbols
from quantdata.clients.arguments import Moment, moment_range, symbol_text
from quantdata.errors import ArgumentError
from quantdata.frames.bars import TIMEFRAMES
from quantdata.sessions import FIRST_DAY, LAST_DAY, session_day

if TYPE_CHECKING:
    from quantdata.frames.bars import Timeframe

__all__ = ["Adjustment", "BarQuery", "SessionHours", "TimeframeName", "instrument"]

Adjustment: TypeAlias = Literal["raw", "split", "total"]
SessionHours: TypeAlias = Literal["regular", "all"]
TimeframeName: TypeAlias = Literal["1m", "5m", "15m", "30m", "1h", "1d", "1w"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarQuery:
    """Bars of one symbol: those that start from ``start`` to ``end``, both included (UTC).

    ``adjustment`` is what can be had: ``raw`` for options and indices, whatever was asked.
    """

    symbol: str
    timeframe: TimeframeName
    start: datetime
    end: datetime
    adjustment: Adjustment = "split"
    session: SessionHours = "regular"

    @classmethod
    def of(
        cls, symbol: str, timeframe: str, start: Moment, end: Moment, *, adjust: str = "split", session: str = "regular"
    ) -> BarQuery:
        """Check the arguments of a ``bars`` call.

        Raises
        ------
        SymbolError
            If the symbol cannot be read.
        ArgumentError
            If anything else is malformed; the message names it and what is allowed.
        """
        begin, finish = moment_range(start, end)
        if session_day(begin) < FIRST_DAY:
            raise ArgumentError(
                f"start is {session_day(begin)}; the session table, and with it bars, begin {FIRST_DAY}"
            )
        if session_day(begin) > LAST_DAY:
            raise ArgumentError(f"start is {session_day(begin)}; the session table, and with it bars, end {LAST_DAY}")
        ticker = instrument(symbol)
        adjustment = _one_of(adjust, Adjustment, name="adjust")
        return cls(
            symbol=ticker,
            timeframe=_one_of(timeframe, TimeframeName, name="timeframe"),
            start=begin,
            end=finish,
            adjustment=adjustment if is_equity(ticker) else "raw",
            session=_one_of(session, SessionHours, name="session"),
        )

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells this request from others."""
        return ("bars", self.symbol, self.timeframe, self.start, self.end, self.adjustment, self.session)

    @property
    def window(self) -> Timeframe:
        """The timeframe whose bars are asked of the vendor: a finer one where this one is built from it."""
        name = self.timeframe
        built_from = TIMEFRAMES[name].regular_from
        if built_from is None or (name == "1h" and self.session == "all"):
            return TIMEFRAMES[name]
        return TIMEFRAMES[built_from]

    @property
    def is_built(self) -> bool:
        """Whether the bars are built from finer ones."""
        return self.window is not TIMEFRAMES[self.timeframe]

    def whole_weeks(self) -> tuple[date, date]:
        """Return the Monday of the first day's week and the Sunday of the last day's."""
        first, last = session_day(self.start), session_day(self.end)
        return first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())


def instrument(symbol: object) -> str:
    """Return the canonical symbol of anything that has bars: a stock or fund, an index, an option contract.

    An index that `symbols.is_index` does not know keeps its prefix ``I:``.

    Raises
    ------
    SymbolError
        If it is none of these.
    """
    ticker = symbol_text(symbol, name="symbol").strip()
    if symbols.is_option_symbol(ticker):
        return symbols.parse_option(ticker).occ
    if ticker.upper().startswith("I:") or symbols.is_index(ticker.upper()):
        name = symbols.index(ticker)
        return name if symbols.is_index(name) else f"I:{name}"  # the prefix is all that tells it from a stock
    return symbols.equity(ticker)


def is_equity(ticker: str) -> bool:
    """Tell whether a canonical symbol is a stock or fund."""
    return not (ticker.startswith("I:") or symbols.is_option_symbol(ticker) or symbols.is_index(ticker))


def _one_of(value: object, allowed: Any, *, name: str) -> Any:
    names = get_args(allowed)
    if value in names:
        return value
    raise ArgumentError(f"{name} must be {', '.join(repr(each) for each in names)}, not {value!r}")
