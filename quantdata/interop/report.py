"""What a backtest could know too early, in the data that a loader handed over: `LookaheadReport` and `lookahead`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping  # noqa: TC003  # msgspec reads the types of the report
from dataclasses import dataclass, field, fields
from datetime import date  # noqa: TC003
from pathlib import Path
from typing import Any, Final

import msgspec

from quantdata.cards import card
from quantdata.errors import ArgumentError, LakeError
from quantdata.interop.words import sentences

__all__ = ["REPORT_FILE", "LookaheadReport", "lookahead", "to_facts"]

REPORT_FILE: Final = "lookahead.json"
_KEY: Final = "lookahead"
_ALWAYS: Final = frozenset({"engine", "symbols", "rows", "first", "last", "label"})
_FEW: Final = 3


@dataclass(frozen=True, kw_only=True, repr=False)
class LookaheadReport:
    """What a backtest on loaded data could know too early, or take for what it is not.

    Attributes
    ----------
    engine
        What the data were made for: ``"backtesting"``, ``"vectorbt"``, ``"zipline"``, ``"nautilus"``, ``"optopsy"``.
    symbols
        Of bars the instruments, of chains the underlyings.
    rows
        How many were handed over, those that were filled in among them.
    first, last
        First and last session.
    timeframe
        Of bars: ``"1m"`` ... ``"1w"``; None of chains.
    label
        What moment a row bears: the ``"start"`` of its window, its ``"end"``, the date of its ``"session"``, or that of
        the ``"snapshot"``.
    adjustment
        What prices are adjusted for: ``"raw"``, ``"split"``, ``"total"``, or several where instruments differ; None of
        chains, which are never adjusted.
    missing_sessions
        By symbol, the sessions between its first and its last without any row, filled in or not.
    no_trade_windows
        Windows of regular hours without a bar, in sessions that have some: nothing traded, or it is not there.
    fill
        How rows that nobody sent were made: ``"previous_close"``; None where none were.
    filled_rows, dropped_rows
        How many were made so; how many were left out, since a price that the engine needs is missing.
    open_interest_lag
        Of chains: the least number of sessions between that which open interest is of and that of the quote; it is
        published on the next morning, so that 0 would be too early. None where nothing says.
    sources
        Rows by the vendor that sent them.
    is_simulated
        Whether the market is a simulated one.
    notes
        What else this engine's user should know, in sentences.
    """

    engine: str
    symbols: tuple[str, ...]
    rows: int
    first: date
    last: date
    label: str
    timeframe: str | None = None
    adjustment: str | None = None
    missing_sessions: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    no_trade_windows: int = 0
    fill: str | None = None
    filled_rows: int = 0
    dropped_rows: int = 0
    open_interest_lag: int | None = None
    sources: Mapping[str, int] = field(default_factory=dict)
    is_simulated: bool = False
    notes: tuple[str, ...] = ()

    @property
    def traps(self) -> tuple[str, ...]:
        """What to look out for, one sentence each."""
        return (*sentences(self), *self.notes)

    def __repr__(self) -> str:
        shown = [each for each in fields(self) if each.name in _ALWAYS or getattr(self, each.name)]
        return f"LookaheadReport({', '.join(f'{each.name}={self._brief(each.name)}' for each in shown)})"

    def _brief(self, name: str) -> str:
        if name == "missing_sessions":
            return str(sum(map(len, self.missing_sessions.values())))
        if name in {"first", "last"}:
            return str(getattr(self, name))
        return repr(getattr(self, name))

    def __str__(self) -> str:
        return "\n".join([self._head, *(f"- {trap}" for trap in self.traps)])

    @property
    def _head(self) -> str:
        more = f" and {len(self.symbols) - _FEW} more" if len(self.symbols) > _FEW else ""
        what = " ".join([f"{', '.join(self.symbols[:_FEW])}{more}", *([self.timeframe] if self.timeframe else [])])
        return f"look-ahead of {what} for {self.engine}: {self.rows:,} rows, {self.first} to {self.last}"

    def _repr_html_(self) -> str:
        missing = sum(map(len, self.missing_sessions.values()))
        return card(
            self._head,
            [
                ("label", self.label),
                ("adjustment", self.adjustment),
                ("missing sessions", missing),
                ("windows without a trade", self.no_trade_windows if self.timeframe else None),
                ("filled rows", f"{self.filled_rows:,} ({self.fill})" if self.fill else None),
                ("dropped rows", self.dropped_rows),
                ("open interest", self._lag),
                ("sources", ", ".join(f"{source} {count:,}" for source, count in self.sources.items())),
            ],
            badges=["SIMULATED"] if self.is_simulated else [],
            notes=self.traps,
        )

    @property
    def _lag(self) -> str | None:
        lag = self.open_interest_lag
        return None if lag is None else f"of {lag} session{'' if lag == 1 else 's'} before the quote"


def lookahead(loaded: object) -> LookaheadReport:
    """Return what to look out for in the data that a loader of this package handed over.

    Parameters
    ----------
    loaded
        What `to_backtesting`, `to_vectorbt`, `to_zipline` (the folder), `to_nautilus` or `to_optopsy` returned.

    Raises
    ------
    ArgumentError
        If no loader made it, or the report was lost: a frame computed from another may not have its ``attrs``.
    LakeError
        If the folder's report cannot be read.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.interop import lookahead, to_backtesting
    >>> client = qd.Client("sim", clock="at:2026-11-18T11:00")
    >>> report = lookahead(to_backtesting(client.bars("SPY", "1d", "2026-11-02", "2026-11-13", adjust="raw")))
    >>> report.label, report.adjustment, report.is_simulated
    ('session', 'raw', True)
    """
    if isinstance(loaded, (str, Path)):
        return _of_folder(Path(loaded))
    if facts := getattr(loaded, "attrs", {}).get(_KEY):
        return msgspec.convert(facts, LookaheadReport)
    report = getattr(loaded, "lookahead", None)
    if isinstance(report, LookaheadReport):
        return report
    raise ArgumentError(
        f"lookahead() is about what a loader of quantdata.interop returned; this {type(loaded).__name__} has no report"
    )


def to_facts(report: LookaheadReport) -> dict[Hashable, Any]:
    """Return what a pandas frame's ``attrs`` hold: plain values, so that ``DataFrame.to_parquet`` can write them."""
    return {_KEY: msgspec.to_builtins(report)}


def _of_folder(folder: Path) -> LookaheadReport:
    file = folder / REPORT_FILE
    if not folder.is_dir() or not file.exists():
        raise ArgumentError(f"{folder} is no folder that to_zipline() has written: there is no {REPORT_FILE}")
    try:
        return msgspec.json.decode(file.read_bytes(), type=LookaheadReport)
    except (OSError, msgspec.DecodeError) as error:
        raise LakeError(f"{file} cannot be read ({error}): write the bundle again with to_zipline()") from error
