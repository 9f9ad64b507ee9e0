"""An index at one moment: its quote, and bars with indicators over several timeframes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from quantdata.cards import card
from quantdata.errors import EntitlementError
from quantdata.sessions import NEW_YORK
from quantdata.validation import quality as rate
from quantdata.validation import with_candles
from quantdata.validation.words import about_the_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from quantdata.validation import Quality

    # By symbol and timeframe: bars with their indicators, or why they could not be had.
    Histories: TypeAlias = Mapping[tuple[str, str], pl.DataFrame | EntitlementError]

__all__ = ["IndexSnapshot", "snapshot_warning", "snapshots"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class IndexSnapshot:
    """One index: its latest value, and its bars with their indicators.

    Attributes
    ----------
    symbol
        The index, as in ``"SPX"``.
    quote
        One row with the columns of ``quantdata.frames.columns.INDEX_QUOTES``.
    timeframes
        By timeframe, bars with their indicators: one row per bar, oldest first, with the columns of
        ``quantdata.frames.columns.BARS`` and those of `indicators`, whose ``vwap`` (null for an index) takes the place
        of the bars'. A timeframe that could not be had is not there.
    quality
        Of quote and bars together.
    """

    symbol: str
    quote: pl.DataFrame
    timeframes: dict[str, pl.DataFrame]
    quality: Quality

    def __repr__(self) -> str:
        value, change, at = self._told()
        moved, when = f" {change}" if change else "", f", {at}" if at else ""
        return f"<IndexSnapshot {self.symbol} {value}{moved}{when}; {self._bars()}; {self._trust()}>"

    def _repr_html_(self) -> str:
        value, change, at = self._told()
        return card(
            self.symbol,
            [("value", value), ("change", change), ("as of", at), ("bars", self._bars()), ("quality", self._trust())],
            badges=["SIMULATED"] if self.quality.is_simulated else [],
            notes=about_the_whole(self.quality),
        )

    def _told(self) -> tuple[str, str, str]:
        row = self.quote.row(0, named=True)
        value = "no value" if row["value"] is None else f"{row['value']:,.2f}"
        change = "" if row["change_percent"] is None else f"{row['change_percent']:+.2f} %"
        at = "" if row["value_ts"] is None else f"{row['value_ts'].astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S} New York"
        return value, change, at

    def _bars(self) -> str:
        return ", ".join(f"{name}: {frame.height:,} bars" for name, frame in self.timeframes.items()) or "no bars"

    def _trust(self) -> str:
        return f"confidence {self.quality.confidence} ({self.quality.quality})"


def snapshots(quotes: pl.DataFrame, histories: Histories) -> dict[str, IndexSnapshot]:
    """Return one snapshot for each row of quotes; what could not be had is left out.

    Raises
    ------
    EntitlementError
        If an index has none of its timeframes.
    """
    found: dict[str, dict[str, pl.DataFrame]] = {symbol: {} for symbol in quotes.get_column("symbol")}
    for (symbol, timeframe), bars in histories.items():
        if isinstance(bars, pl.DataFrame):
            found[symbol][timeframe] = bars
    for (symbol, _), refusal in histories.items():
        if isinstance(refusal, EntitlementError) and not found[symbol]:
            raise refusal
    rows = quotes.partition_by("symbol", maintain_order=True)
    return {
        symbol: IndexSnapshot(symbol, row, found[symbol], with_candles(rate(row), found[symbol]))
        for symbol, row in zip(found, rows, strict=True)
    }


def snapshot_warning(histories: Histories) -> str | None:
    """Return which timeframes could not be had, and why; None when all could."""
    refused = {key: error for key, error in histories.items() if isinstance(error, EntitlementError)}
    if not refused:
        return None
    by_symbol: dict[str, list[str]] = {}
    for symbol, timeframe in refused:
        by_symbol.setdefault(symbol, []).append(timeframe)
    named = "; ".join(f"{symbol} {', '.join(timeframes)}" for symbol, timeframes in by_symbol.items())
    return f"timeframes left out: {named}: {next(iter(refused.values()))}"
