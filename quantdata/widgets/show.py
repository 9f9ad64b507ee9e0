"""Any chain frame as a table, without a hub and without a kernel: `show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantdata.clients.arguments import count
from quantdata.errors import ArgumentError
from quantdata.validation import quality
from quantdata.validation.kinds import CHAIN, kind_of
from quantdata.widgets.fields import chosen
from quantdata.widgets.ladder import Listing
from quantdata.widgets.sheet import require_series
from quantdata.widgets.static_html import STRIKES, static_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    import polars as pl

__all__ = ["ChainView", "show"]


class ChainView:
    """A chain as a plain table; made by `show`. A notebook shows its `html`.

    Attributes
    ----------
    html
        At most 200 kB, without a script and without anything to fetch.
    """

    def __init__(self, html: str, words: str) -> None:
        self.html = html
        self._words = words

    def __repr__(self) -> str:
        return f"<ChainView {self._words}>"

    def _repr_html_(self) -> str:
        return self.html


def show(
    frame: pl.DataFrame,
    *,
    columns: str | Iterable[str] | None = None,
    decimals: Mapping[str, int] | None = None,
    series: str | date | None = None,
    strikes: int = STRIKES,
) -> ChainView:
    """Return a chain as a table for a notebook: calls, strike and puts around the money, one part for each series.

    It stays as it is: ``hub.table`` is the one that lives. What has no room in 200 kB is left out, and counted.

    Parameters
    ----------
    frame
        A chain: of a client, a hub, a file; validated where it is not.
    columns, decimals
        As of `MarketDataHub.table`.
    series
        What is open: a key as in ``"2026-12-18 SPXW"``, or a day. Left out: the nearest that is live.
    strikes
        Most strikes of each series: those nearest to the money.

    Raises
    ------
    ArgumentError
        If the frame is no chain, or has no such series, or an argument is not what it must be.

    Examples
    --------
    >>> import quantdata as qd
    >>> chain = qd.Client("sim", clock="at:2026-11-18T11:00").chain("SPY", dte=(0, 7), strikes=(650, 700))
    >>> "SIMULATED" in qd.show(chain).html
    True
    """
    if kind_of(frame) is not CHAIN:
        raise ArgumentError(f"show() is of a chain, not of {kind_of(frame).name}: a notebook shows those as they are")
    wanted = None if series is None else str(series)
    if wanted is not None:
        require_series(Listing.of(frame), wanted)
    fields = chosen(columns, decimals)
    html = static_html(frame, fields, series=wanted, strikes=count(strikes, name="strikes", least=1))
    return ChainView(html, _words(frame))


def _words(frame: pl.DataFrame) -> str:
    if frame.is_empty():
        return "of no contracts"
    found = quality(frame)
    simulated = ", simulated" if found.is_simulated else ""
    return (
        f"{frame.item(0, 'underlying_symbol')}: {frame.height:,} contracts, "
        f"confidence {found.confidence} ({found.quality}){simulated}"
    )
