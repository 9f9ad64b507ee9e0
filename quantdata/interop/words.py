"""The traps of loaded data in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quantdata.interop.hours import is_equity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.interop.report import LookaheadReport

__all__ = ["sentences"]

_MOST_DAYS: Final = 5
_MOST_SYMBOLS: Final = 5
_LABELS: Final = {
    "start": (
        "a row bears the START of its window and holds what traded until its end: at its label nothing of it is known; "
        "before joining other series by time, load with label='end'"
    ),
    "session": (
        "a row bears the date of its session and is known at its close (16:00 New York, 13:00 on half-days): "
        "at the open of that date it is not"
    ),
}
_WEEK: Final = "a row bears the date of its week's first session and is known at the close of the last"
_ADJUSTMENTS: Final = {
    "raw": "prices are as traded: a split looks like a loss or a gain, a dividend like a loss",
    "split": (
        "prices are in today's shares: past levels depend on splits that came later, so that filters and strikes in "
        "USD do not fit them"
    ),
    "total": (
        "dividends that came later are taken off past prices: returns are right, levels are not what was quoted, and "
        "dividends must not be counted again"
    ),
}


def sentences(report: LookaheadReport) -> Iterator[str]:
    """Say in sentences what to look out for; what is as it should be is not said."""
    if report.is_simulated:
        yield "the market is a simulated one: what a strategy earns here says nothing of a real one"
    if report.label in _LABELS:
        yield _WEEK if report.timeframe == "1w" and report.label == "session" else _LABELS[report.label]
    if report.timeframe in {"1d", "1w"} and _has_equities(report):
        yield "volume counts trades before and after regular hours too: at the close some of it is yet to come"
    yield from _about_adjustment(report)
    yield from _about_gaps(report)
    if report.dropped_rows:
        yield f"{report.dropped_rows:,} rows lack a price that {report.engine} needs and are left out"
    if report.open_interest_lag is not None and report.open_interest_lag < 1:
        yield "open interest is of the quote's own session, which is published on the next morning"
    if len(report.sources) > 1:
        parts = ", ".join(f"{source} {count:,}" for source, count in report.sources.items())
        yield f"rows of several vendors are mixed ({parts}): a jump between them may be none of the market"


def _about_adjustment(report: LookaheadReport) -> Iterator[str]:
    # Only stocks and funds split. zipline is told of it beside raw prices: its own notes say of what.
    if report.adjustment is None or report.engine == "zipline" or not _has_equities(report):
        return
    if report.adjustment in _ADJUSTMENTS:
        yield _ADJUSTMENTS[report.adjustment]
        return
    yield (
        f"prices are adjusted differently ({report.adjustment}): options and indices are always raw, so that adjusted "
        "prices of stocks do not fit their strikes; ask for bars(..., adjust='raw') of both"
    )


def _has_equities(report: LookaheadReport) -> bool:
    return report.timeframe is not None and any(map(is_equity, report.symbols))


def _about_gaps(report: LookaheadReport) -> Iterator[str]:
    made = f"; {report.filled_rows:,} rows were made of the close before, with volume 0" if report.fill else ""
    for symbol, days in list(report.missing_sessions.items())[:_MOST_SYMBOLS]:
        shown = ", ".join(map(str, days[:_MOST_DAYS]))
        more = f" and {len(days) - _MOST_DAYS} more" if len(days) > _MOST_DAYS else ""
        yield f"{symbol} has nothing of {len(days)} session{'s' if len(days) > 1 else ''} ({shown}{more}){made}"
    if (others := len(report.missing_sessions) - _MOST_SYMBOLS) > 0:
        yield f"{others:,} more symbols lack sessions: see missing_sessions{made}"
    if report.no_trade_windows:
        left = made or "; they have no row, so that the next row may be later than it looks"
        count = f"{report.no_trade_windows:,} windows of regular hours"
        yield f"{count} have no bar: nothing traded, or it is not there{left}"
