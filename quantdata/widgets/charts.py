"""The smile and the term structure of a chain, drawn anew while somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import ipywidgets  # type: ignore[import-untyped]

from quantdata import symbols
from quantdata.analytics.checks import check_choice
from quantdata.analytics.figures.drawing import Drawing, redraw
from quantdata.analytics.figures.maturities import term_structure_drawing
from quantdata.analytics.figures.smiles import smile_drawing
from quantdata.analytics.figures.theme import INKS, nothing
from quantdata.analytics.volatility import term_structure
from quantdata.widgets.markup import number, table, text
from quantdata.widgets.parts import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl
    from plotly.graph_objects import FigureWidget  # type: ignore[import-untyped]

    from quantdata.analytics.figures.theme import Theme
    from quantdata.widgets.hub_feed import HubFeed, Picture
    from quantdata.widgets.stage import Stage

__all__ = ["ChartKind", "VolatilityChart"]

ChartKind = Literal["smile", "term structure"]
HEIGHT_PX: Final = 400
MOST_SERIES: Final = 12

_DRAWINGS: Final[dict[ChartKind, Callable[..., Drawing]]] = {
    "smile": smile_drawing,
    "term structure": term_structure_drawing,
}
# Of a layout, what one kind of drawing has and another has not; each with what it is when there is nothing of it.
_OWN: Final[dict[str, list[Any] | None]] = {"xaxis": None, "yaxis": None, "shapes": [], "annotations": []}


class VolatilityChart(Part):
    """The smile of an underlying's next series, or its term structure; a switch above changes between the two.

    One plotly figure, which is brought up to date in place three times a second at the most: while a page shows it, has
    drawn what it was sent before, and the chain has changed. Zoom and hidden traces stay. While nothing is known of the
    chain, it says so.

    Parameters
    ----------
    feed, stage
        As of `Part`.
    underlying
        Whose chain, as in ``"SPY"``.
    kind
        What is drawn at first.
    theme
        ``"auto"`` can be read on light and on dark.

    Raises
    ------
    SymbolError
        If the underlying cannot be read.
    ArgumentError
        If there is no such kind or theme.
    """

    period_s = 0.3

    def __init__(
        self,
        feed: HubFeed,
        underlying: str,
        *,
        kind: ChartKind = "smile",
        theme: Theme = "auto",
        stage: Stage | None = None,
    ) -> None:
        self.underlying = symbols.underlying(underlying)
        check_choice(kind, _DRAWINGS, name="kind")
        check_choice(theme, INKS, name="theme")
        self.kind: ChartKind = kind
        self._theme: Theme = theme
        super().__init__(feed, stage=stage)

    def build(self) -> Sequence[ipywidgets.Widget]:
        """Return the widgets that it is made of; what is known is drawn already, so that a page has it at once."""
        import plotly.graph_objects as go  # type: ignore[import-untyped]  # noqa: PLC0415  # heavy

        # The chain that is drawn, and how.
        self._shown = self._chain(self.stage.picture)
        self._before = self._drawing(self._shown)
        self.figure: FigureWidget = go.FigureWidget(data=list(self._before.traces), layout=self._before.layout)
        # So that it fits its place, where the page says that the place has changed: plotly has no other way to say so.
        self.figure._config = {**self.figure._config, "responsive": True, "displaylogo": False}  # noqa: SLF001
        # Nobody counts views here, and a page cannot tell how many are left once the figure is closed: it complains.
        self.figure._view_count = None  # noqa: SLF001
        self._switch = ipywidgets.ToggleButtons(
            options=[(kind.capitalize(), kind) for kind in _DRAWINGS], value=self.kind, style={"button_width": "auto"}
        )
        self._switch.observe(self._choose, "value")
        return [self._switch, self.figure]

    def refresh(self, picture: Picture | None) -> bool:
        """Draw the newest chain, if it is another than the one that is drawn."""
        chain = self._chain(picture)
        if chain is None or chain is self._shown:
            return False
        self._draw(chain)
        return True

    def show(self, underlying: str) -> None:
        """Draw another underlying from now on."""
        self.underlying = symbols.underlying(underlying)
        self._begin()

    def html(self) -> str:
        """Return the volatility at the money of each series as a table."""
        chain = self._chain(self.stage.picture)
        return "" if chain is None else at_money_html(chain)

    def _choose(self, change: dict[str, Any]) -> None:
        self.kind = change["new"]
        self.stage.errands.run(self._begin)

    def _begin(self) -> None:
        """Draw from nothing."""
        with self.stage.lock:
            if not self.is_closed:
                self._wipe()
                self._draw(self._chain(self.stage.picture))

    def _draw(self, chain: pl.DataFrame | None) -> None:
        drawing = self._drawing(chain)
        if bool(self._before.traces) != bool(drawing.traces):
            self._wipe()
        redraw(self.figure, drawing, before=self._before)
        self._shown, self._before = chain, drawing

    def _wipe(self) -> None:
        """Leave nothing of what another kind has not: a page keeps what it is not told to drop."""
        self.figure.data = []
        with self.figure.batch_update():
            for name, nothing_of_it in _OWN.items():
                self.figure.layout[name] = nothing_of_it
        left = {name: value for name, value in self._before.layout.items() if name not in _OWN}
        self._before = Drawing((), left)

    def _chain(self, picture: Picture | None) -> pl.DataFrame | None:
        """Return the chain that is to be drawn; None if nothing is known of it."""
        chain = None if picture is None else picture.chains.get(self.underlying)
        return None if chain is None or chain.is_empty() else chain

    def _drawing(self, chain: pl.DataFrame | None) -> Drawing:
        if chain is None:
            drawing = nothing(self._theme, title=self.underlying, subtitle="", why="Nothing is known of this chain yet")
        else:
            drawing = _DRAWINGS[self.kind](chain, theme=self._theme)
        return Drawing(drawing.traces, drawing.layout | {"height": HEIGHT_PX})


def at_money_html(chain: pl.DataFrame) -> str:
    """Return the volatility at the money of the next series of a chain as a table."""
    rows = term_structure(chain).sort("expiration", "root_symbol").head(MOST_SERIES)
    heads = ("series", "days", "volatility at the money, % a year")
    return table(
        "Volatility",
        heads,
        (
            (f"{row['expiration']} {text(row['root_symbol'])}", f"{row['dte']}", _percent(row["atm_iv"]))
            for row in rows.iter_rows(named=True)
        ),
    )


def _percent(fraction: float | None) -> str:
    return number(None if fraction is None else 100 * fraction)
