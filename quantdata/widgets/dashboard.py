"""A hub that you can see: its chain, indices, quality, providers and streams, volatilities, and what it watches."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import ipywidgets  # type: ignore[import-untyped]

from quantdata import symbols
from quantdata.errors import ArgumentError
from quantdata.widgets.charts import VolatilityChart
from quantdata.widgets.controls import Controls
from quantdata.widgets.index_strip import IndexStrip
from quantdata.widgets.lights import HealthLights
from quantdata.widgets.markup import note
from quantdata.widgets.parts import Part, close_all, panel, row, words
from quantdata.widgets.quality_badge import QualityBadge
from quantdata.widgets.table import PATIENCE_S, ChainTable
from quantdata.widgets.watchlist_editor import WatchlistEditor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from quantdata.analytics.figures.theme import Theme
    from quantdata.widgets.hub_feed import HubFeed, Picture

__all__ = ["Dashboard"]

NO_CHAIN: Final = "No option chain is watched: add an underlying below."


class Dashboard(Part):
    """All about a hub in one place, made by `MarketDataHub.dashboard`.

    From above: buttons to start, stop and record, with the quality of everything; indices; the chain table of one
    underlying, which a menu chooses; its smile or term structure beside the watchlist; lights of providers and streams.
    Each is a part of its own, an attribute here, and can be had alone: ``IndexStrip(hub)``.

    Parameters
    ----------
    feed
        The hub.
    underlying
        Whose chain is shown at first; the first that is watched when left out.
    columns
        Of the chain table, as in `MarketDataHub.table`.
    height
        Of the chain table's rows, in pixels of the page.
    theme
        Of the chart; ``"auto"`` can be read on light and on dark.

    Attributes
    ----------
    table
        The chain table; None while no chain is watched.
    controls, quality, strip, chart, watchlist, lights
        The other parts.

    Raises
    ------
    ArgumentError
        If the underlying is not watched; the message names those that are.
    """

    def __init__(
        self,
        feed: HubFeed,
        underlying: str | None = None,
        *,
        columns: str | Iterable[str] | None = None,
        height: int = 420,
        theme: Theme = "auto",
    ) -> None:
        self.table: ChainTable | None = None
        self.chart: VolatilityChart | None = None
        self._parts: list[Part] = []
        self._columns = columns if columns is None or isinstance(columns, str) else tuple(columns)
        self._height = height
        self._theme: Theme = theme
        self._is_following = False
        # What is shown; None is nothing.
        self._underlying = _chosen(underlying, feed.watchlist.chains)
        super().__init__(feed)

    def build(self) -> Sequence[ipywidgets.Widget]:
        """Return the widgets that it is made of."""
        feed, stage = self.feed, self.stage
        self._menu = ipywidgets.Dropdown(description="Underlying", layout=ipywidgets.Layout(width="200px"))
        self._of_table, self._of_chart = ipywidgets.VBox(), panel(flex="1 1 520px")
        # At home already, so that they go when what follows fails.
        self.widget.children = (self._menu, self._of_table, self._of_chart)
        self._show(self._underlying)
        self._menu.observe(self._choose, "value")
        self.controls = Controls(feed, stage=stage)
        self.quality = QualityBadge(feed, stage=stage)
        self.strip = IndexStrip(feed, stage=stage)
        self.watchlist = WatchlistEditor(feed, stage=stage)
        self.lights = HealthLights(feed, stage=stage)
        self._parts = [self.controls, self.quality, self.strip, self.watchlist, self.lights]
        below = row(self._of_chart, panel(self.watchlist.widget, flex="1 1 420px"), align="stretch")
        below.layout.margin = "8px 0"
        above = row(self.controls.widget, self.quality.widget)
        return [above, self.strip.widget, self._menu, self._of_table, below, panel(self.lights.widget)]

    def refresh(self, picture: Picture | None) -> bool:  # noqa: ARG002  # of no picture, but of the watchlist
        """Follow what is watched: where this underlying is watched no more, the first one that is is shown."""
        chains = self.feed.watchlist.chains
        if chains == self._menu.options:
            return False
        self._show(self._underlying if self._underlying in chains else _first(chains))
        return True

    def show(self, underlying: str) -> None:
        """Show the chain of another underlying.

        Raises
        ------
        ArgumentError
            If it is not watched.
        """
        chosen = _chosen(underlying, self.feed.watchlist.chains)
        with self.stage.lock:
            if not self.is_closed:
                self._show(chosen)

    def html(self) -> str:
        """Return all that it shows in words and tables."""
        shown = [part.html() for part in (self.controls, self.quality, self.strip)]
        shown += [note(NO_CHAIN)] if self.table is None else [self.table.html]
        shown += [part.html() for part in (self.chart, self.lights, self.watchlist) if part is not None]
        return "".join(f"<div>{each}</div>" for each in shown)

    def end(self) -> None:
        """Close the parts."""
        for part in (self.table, self.chart, *self._parts):
            if part is not None:
                part.close()

    def _choose(self, change: dict[str, Any]) -> None:
        if not self._is_following and change["new"] is not None:
            self.stage.errands.run(partial(self.show, change["new"]))

    def _show(self, underlying: str | None) -> None:
        is_other = underlying != self._underlying or self.table is None
        self._underlying = underlying
        # What the menu says from here on is no choice of the reader's.
        self._is_following = True
        self._menu.options = self.feed.watchlist.chains
        self._menu.value = underlying
        self._is_following = False
        if is_other:
            self._change_table(underlying)
            self._change_chart(underlying)

    def _change_table(self, underlying: str | None) -> None:
        before = self._of_table.children
        self.table = None if underlying is None else self._new_table(underlying)
        self._of_table.children = (words(note(NO_CHAIN)) if self.table is None else self.table,)
        for each in before:
            close_all(each)

    def _new_table(self, underlying: str) -> ChainTable:
        picture = self.stage.picture
        is_known = picture is not None and underlying in picture.chains
        # What is not known yet is not waited for: the other parts have something to show.
        patience_s = PATIENCE_S if is_known else 0.0
        return ChainTable(self.feed, underlying, columns=self._columns, height=self._height, patience=patience_s)

    def _change_chart(self, underlying: str | None) -> None:
        before = self.chart
        if before is not None and underlying is not None:
            before.show(underlying)
            return
        self.chart = None
        if underlying is not None:
            self.chart = VolatilityChart(self.feed, underlying, theme=self._theme, stage=self.stage)
        self._of_chart.children = () if self.chart is None else (self.chart.widget,)
        if before is not None:
            before.close()


def _first(chains: Sequence[str]) -> str | None:
    return next(iter(chains), None)


def _chosen(underlying: str | None, chains: Sequence[str]) -> str | None:
    """Return what is to be shown at first, in canonical spelling."""
    if underlying is None:
        return _first(chains)
    name = symbols.underlying(underlying)
    if name not in chains:
        raise ArgumentError(f"{name} is not watched: watch() it; chains are watched of {', '.join(chains) or 'none'}")
    return name
