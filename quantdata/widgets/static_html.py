"""A chain as plain HTML: what a saved notebook shows, and any page without a kernel."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from quantdata.cards import STYLE, badge
from quantdata.sessions import NEW_YORK
from quantdata.validation.judging import rated
from quantdata.widgets.ladder import Listing
from quantdata.widgets.sheet import is_live, named_series, nearest_series
from quantdata.widgets.static_rows import CSS, series_table
from quantdata.widgets.status import Whole, prices, whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import polars as pl

    from quantdata.widgets.fields import Field
    from quantdata.widgets.ladder import Series

__all__ = ["MOST_BYTES", "STRIKES", "nothing_html", "static_html"]

MOST_BYTES: Final = 200_000
# Around the money of each series, and how many series.
STRIKES: Final = 20
MOST_SERIES: Final = 12
_LONGEST_WARNING: Final = 400
_MOST_WARNINGS: Final = 12


def static_html(
    chain: pl.DataFrame, fields: Sequence[Field], *, series: str | None = None, strikes: int = STRIKES
) -> str:
    """Return a chain as a table without a script: calls, strike and puts of the nearest series around the money.

    It is never larger than 200 kB: what has no room is left out, the farthest series first, and counted.

    Parameters
    ----------
    chain
        Canonical rows; validated where they are not.
    fields
        What is shown of each leg.
    series
        The one that is open, by key or day: the nearest that is live when left out, or when there is no such.
    strikes
        Most strikes of each series.
    """
    if chain.is_empty():
        return nothing_html("the chain has no contracts")
    rows = rated(chain)
    listing = Listing.of(rows)
    judged = whole(rows, unplaced=listing.unplaced)
    chosen = (named_series(listing, series) if series else None) or nearest_series(listing, rows)
    head = _head(rows, listing, judged, chosen)
    while True:
        tables = _tables(rows, listing, fields, chosen, strikes)
        shown = _fitting(tables, chosen, room=MOST_BYTES - len(head.encode()) - _FRAME_BYTES)
        if shown or not tables or strikes == 1:
            return _framed(head, [tables[each] for each in shown], hidden=len(listing.series) - len(shown))
        strikes = max(1, strikes // 2)


def nothing_html(why: str) -> str:
    """Return what is shown in the place of a table."""
    return _framed(f'<p class="qd-quiet">{escape(why)}</p>', [], hidden=0)


def _framed(head: str, tables: Sequence[str], *, hidden: int) -> str:
    more = f'<p class="qd-quiet">{hidden} more series not shown</p>' if hidden else ""
    return f'<div class="qd qd-chain"><style>{STYLE}{CSS}</style>{head}{"".join(tables)}{more}</div>'


_FRAME_BYTES: Final = len(_framed("", [], hidden=999_999).encode())


def _head(chain: pl.DataFrame, listing: Listing, judged: Whole, chosen: Series | None) -> str:
    price = prices(chain, chosen.row)[0] if chosen else None
    name = escape(str(chain.item(0, "underlying_symbol") or ""))
    at: datetime | None = chain.get_column("snapshot_ts").max()  # type: ignore[assignment]
    told = [
        f"{chain.height:,} contracts in {len(listing.series)} series",
        f"confidence {judged.confidence} ({judged.quality})",
        "time not known" if at is None else f"as of {at.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S} New York",
    ]
    stale = ["STALE"] if judged.stale_since else []
    badges = "".join(map(badge, [*judged.badges, *stale]))
    title = f"<strong>{name}</strong>{f' {price:,.2f}' if price is not None else ''}{badges}"
    warnings = [text[:_LONGEST_WARNING] for text in judged.warnings[:_MOST_WARNINGS]]
    below = "".join(f'<p class="qd-warn">⚠ {escape(text)}</p>' for text in warnings)
    return f'<p>{title} <span class="qd-quiet">{" · ".join(told)}</span></p>{below}'


def _tables(
    chain: pl.DataFrame, listing: Listing, fields: Sequence[Field], chosen: Series | None, strikes: int
) -> dict[str, str]:
    """Return the series that may be shown, in their order: the chosen one, and the live ones that come first."""
    if chosen is None:
        return {}
    live = [each for each in listing.series.values() if is_live(each, chain)]
    kept = {chosen.key, *(each.key for each in live[: MOST_SERIES - 1])}
    return {
        key: series_table(chain, listing.grid(key), each, fields, strikes=strikes, is_open=key == chosen.key)
        for key, each in listing.series.items()
        if key in kept
    }


def _fitting(tables: dict[str, str], chosen: Series | None, *, room: int) -> list[str]:
    """Return which tables have room, in their order: the chosen one before all others, the farthest first to go."""
    order = sorted(tables, key=lambda key: chosen is not None and key != chosen.key)
    left, kept = room, []
    for key in order:
        left -= len(tables[key].encode())
        if left < 0:
            break
        kept.append(key)
    return [key for key in tables if key in kept]
