"""What a hub shows in notebooks: a chain as a live table, and all about itself in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from quantdata.analytics.figures.theme import Theme
    from quantdata.widgets.dashboard import Dashboard
    from quantdata.widgets.feed import Feed
    from quantdata.widgets.hub_feed import HubFeed
    from quantdata.widgets.table import ChainTable

__all__ = ["NotebookViews"]


class NotebookViews:
    """The part of a hub that notebooks show."""

    def table(
        self: Feed,
        underlying: str,
        *,
        columns: str | Iterable[str] | None = None,
        decimals: Mapping[str, int] | None = None,
        series: str | date | None = None,
        delta: float | tuple[float | None, float | None] | None = None,
        moneyness: float | tuple[float | None, float | None] | None = None,
        min_volume: float | None = None,
        min_open_interest: float | None = None,
        max_spread_percent: float | None = None,
        least_confidence: int = 0,
        height: int = 480,
        follow: bool = True,
        patience: float = 5.0,
    ) -> ChainTable:
        """Return the chain of an underlying as a table for a notebook, which changes as the chain does.

        Calls, strike and puts, one tab for each series; it is shown where a cell ends in it. A notebook that is saved,
        and one whose hub has been closed, shows a plain table instead. Arguments are those of `ChainTable`.

        Parameters
        ----------
        underlying
            One that is watched.
        columns, decimals
            What is shown of each contract, outermost first, and with how many digits after the point.
        series
            What is shown first: a key as in ``"2026-12-18 SPXW"``, or a day; the nearest that is live when left out.
        delta, moneyness, min_volume, min_open_interest, max_spread_percent, least_confidence
            Which strikes are shown at first: those of which the call or the put passes all of them.
        height, follow
            Of the rows, in pixels; whether they follow the money.
        patience
            Seconds to wait for a first chain.

        Raises
        ------
        FeedError
            If it is not watched, or the hub is closed.
        ArgumentError
            If an argument is not what it must be.
        """
        from quantdata.widgets.table import ChainTable  # noqa: PLC0415  # heavy, and only for notebooks

        return ChainTable(
            self,
            underlying,
            columns=columns,
            decimals=decimals,
            series=series,
            delta=delta,
            moneyness=moneyness,
            min_volume=min_volume,
            min_open_interest=min_open_interest,
            max_spread_percent=max_spread_percent,
            least_confidence=least_confidence,
            height=height,
            follow=follow,
            patience=patience,
        )

    def dashboard(
        self: HubFeed,
        underlying: str | None = None,
        *,
        columns: str | Iterable[str] | None = None,
        height: int = 420,
        theme: Theme = "auto",
    ) -> Dashboard:
        """Return all about this hub in one place, for a notebook: it changes as the hub does, and works it.

        Buttons to start, stop and record; indices; how far everything can be trusted; the chain of an underlying as a
        live table; its smile or term structure; how providers and streams are; what is watched, to be changed. A
        notebook that is saved shows it as it was.

        Parameters
        ----------
        underlying
            Whose chain is shown at first; the first that is watched when left out.
        columns, height
            Of the chain's table, as of `table`.
        theme
            Of the chart: ``"light"``, ``"dark"``, or ``"auto"``, which can be read on both.

        Raises
        ------
        FeedError
            If the hub is closed.
        ArgumentError
            If the underlying is not watched, or an argument is not what it must be.
        """
        from quantdata.widgets.dashboard import Dashboard  # noqa: PLC0415  # heavy, and only for notebooks

        return Dashboard(self, underlying, columns=columns, height=height, theme=theme)
