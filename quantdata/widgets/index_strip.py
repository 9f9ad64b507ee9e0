"""What indices, stocks and funds are worth, one card each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quantdata.sessions import session_day
from quantdata.widgets.markup import NONE, clock, number, text
from quantdata.widgets.parts import Part, say, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import ipywidgets  # type: ignore[import-untyped]
    import polars as pl

    from quantdata.widgets.hub_feed import Picture, Watched

__all__ = ["IndexStrip", "index_strip_html"]

_INDEX: Final = ("value", "value_ts")
_EQUITY: Final = ("price", "quote_ts")


class IndexStrip(Part):
    """The value of each index that is watched, then of the stocks and funds that are watched by themselves.

    Beside each value its change since the last close, in points or USD and in percent, and its own time in New York.

    Parameters
    ----------
    feed, stage
        As of `Part`.
    """

    def build(self) -> Sequence[ipywidgets.Widget]:
        """Return the widgets that it is made of, empty."""
        self._words = words()
        return [self._words]

    def refresh(self, picture: Picture | None) -> bool:
        """Show the newest values."""
        return say(self._words, index_strip_html(picture, self.feed.watchlist))

    def html(self) -> str:
        """Return the values as a list."""
        return index_strip_html(self.stage.picture, self.feed.watchlist)


def index_strip_html(picture: Picture | None, watched: Watched) -> str:
    """Return the values of all indices, and of the stocks and funds that are watched by themselves, as a list.

    Parameters
    ----------
    picture
        Of which nothing may be known yet.
    watched
        What is to be shown, in its order; indices that are underlyings of chains come after the others.
    """
    cards = [*_indices(picture, watched), *_equities(picture, watched)]
    return f'<ul class="qd-strip">{"".join(cards)}</ul>' if cards else ""


def _indices(picture: Picture | None, watched: Watched) -> Iterator[str]:
    rows = {} if picture is None else _by_symbol(picture.indices)
    for name in dict.fromkeys((*watched.indices, *rows)):
        yield _card(name, rows.get(name), *_INDEX)


def _equities(picture: Picture | None, watched: Watched) -> Iterator[str]:
    rows = {} if picture is None else _by_symbol(picture.equities)
    for name in watched.equities:
        yield _card(name, rows.get(name), *_EQUITY)


def _by_symbol(frame: pl.DataFrame) -> dict[str, dict[str, Any]]:
    return {row["symbol"]: row for row in frame.iter_rows(named=True)}


def _card(name: str, row: dict[str, Any] | None, value: str, moment: str) -> str:
    if row is None or row[value] is None:
        why = "nothing known yet" if row is None else row["vendor_error"] or "no value"
        return (
            f'<li><span class="qd-name">{text(name)}</span> <span class="qd-value">{NONE}</span>'
            f'<span class="qd-quiet">{text(why)}</span></li>'
        )
    stale = ' · <span class="qd-slow">stale</span>' if row["is_stale"] else ""
    return (
        f'<li><span class="qd-name">{text(name)}</span> '
        f'<span class="qd-quiet">{clock(row[moment], _day(row))}{stale}</span> '
        f'<span class="qd-value">{number(row[value])}</span> {_change(row["change"], row["change_percent"])}</li>'
    )


def _day(row: dict[str, Any]) -> date | None:
    """Return the day of the answer: a value of another one says so."""
    return None if row["snapshot_ts"] is None else session_day(row["snapshot_ts"])


def _change(change: float | None, percent: float | None) -> str:
    if change is None:
        return f'<span class="qd-quiet">{NONE}</span>'
    arrow, kind = ("▲", "rise") if change > 0 else ("▼", "fall") if change < 0 else ("=", "quiet")
    share = "" if percent is None else f" ({number(percent, sign=True)} %)"
    return f'<span class="qd-{kind}"><span aria-hidden="true">{arrow}</span> {number(change, sign=True)}{share}</span>'
