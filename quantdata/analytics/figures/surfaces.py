"""The volatility surface of one root: over log-moneyness and time to expiry, in space or as contours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
import polars as pl

from quantdata.analytics.checks import check_choice, check_columns
from quantdata.analytics.figures.choosing import chosen
from quantdata.analytics.figures.drawing import Drawing, drawn
from quantdata.analytics.figures.maturities import DAYS_A_YEAR, DAYS_AXIS
from quantdata.analytics.figures.theme import base, nothing, spatial
from quantdata.analytics.figures.words import (
    amount,
    floats,
    freshness,
    percent,
    provenance,
    series_label,
    strings,
    titled,
    underlying,
)
from quantdata.analytics.volatility import MOST_LOG_MONEYNESS, SMILE_NEEDS, SURFACE_POINTS, surface
from quantdata.frames.model_rows import SERIES

if TYPE_CHECKING:
    from plotly.graph_objects import Figure  # type: ignore[import-untyped]

    from quantdata.analytics.figures.drawing import Trace
    from quantdata.analytics.figures.theme import Theme

__all__ = ["Shape", "surface_drawing", "surface_figure"]

Shape: TypeAlias = Literal["space", "contour"]
SHAPES: Final = ("space", "contour")
# From dark to light also in grey, and told apart by the colour-blind.
SCALE: Final = "Cividis"
DEEP: Final = DAYS_AXIS | {"tickvals": [1, 7, 30, 90, 365], "ticktext": ["1", "7", "30", "90", "365"]}
TIGHT: Final = {"l": 16, "b": 8}
SPACE_PX: Final = 560
UP: Final = {"title": {"text": "volatility (% a year)"}, "tickformat": "~%"}
ALONG: Final = {"title": {"text": "ln(strike / forward)"}, "tickformat": "~g"}


def surface_figure(
    chain: pl.DataFrame,
    *,
    root: str | None = None,
    shape: Shape = "space",
    log_moneyness: tuple[float, float] = (-MOST_LOG_MONEYNESS, MOST_LOG_MONEYNESS),
    points: int = SURFACE_POINTS,
    theme: Theme = "auto",
) -> Figure:
    """Draw the implied volatilities of one root over log-moneyness and time to expiry.

    Parameters
    ----------
    chain
        With the columns of `CHAIN`, of several expirations.
    root
        Whose series; when left out those of the root that has most, and the subtitle names the others. Roots are never
        mixed: SPX and SPXW settle at different times of a day.
    shape
        ``"space"``: a surface that can be turned; ``"contour"``: lines of one volatility.
    log_moneyness, points
        The grid, as in `surface`: nothing is drawn outside of the strikes that have a volatility.
    theme
        ``"light"``, ``"dark"``, or ``"auto"``, which can be read on both. The background is transparent.

    Returns
    -------
    plotly.graph_objects.Figure
        Of ``points`` by as many points as there are series; with less than two series it says so in words.

    Raises
    ------
    ArgumentError
        If the frame is no chain (the message names what is missing), or lacks the root that is asked for.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.analytics import surface_figure
    >>> chain = qd.Client("sim", clock="at:2026-11-18T11:00").chain("SPX", dte=(20, 40))
    >>> surface_figure(chain, shape="contour").layout.title.text
    'SPX volatility surface, SPXW series'
    """
    return drawn(
        surface_drawing(chain, root=root, shape=shape, log_moneyness=log_moneyness, points=points, theme=theme)
    )


def surface_drawing(
    chain: pl.DataFrame,
    *,
    root: str | None = None,
    shape: Shape = "space",
    log_moneyness: tuple[float, float] = (-MOST_LOG_MONEYNESS, MOST_LOG_MONEYNESS),
    points: int = SURFACE_POINTS,
    theme: Theme = "auto",
) -> Drawing:
    """Return what `surface_figure` draws, without plotly: for `redraw`."""
    check_columns(chain, SMILE_NEEDS, call="surface_figure", kind="a chain")
    check_choice(shape, SHAPES, name="shape")
    wanted = chosen(chain, roots=root).filter(~pl.col("is_adjusted").fill_null(value=False))
    of_root, name, others = _one_root(wanted)
    rows = surface(of_root, log_moneyness=log_moneyness, points=points)
    title = titled(chain, f"volatility surface, {name} series" if name else "volatility surface")
    subtitle = freshness(chain, *([f"without {', '.join(others)}, which settles at another time"] if others else []))
    if rows.select(SERIES).n_unique() < 2:  # noqa: PLR2004  # a line is no surface
        why = f"No surface: volatilities of less than two series in {of_root.height:,} contracts"
        return nothing(theme, title=title, subtitle=subtitle, why=why)
    layout: dict[str, Any] = {"uirevision": f"{underlying(chain)} {name} {shape}"}
    if shape == "space":
        scene = spatial(theme, x=ALONG, y=DEEP, z=UP)
        layout |= base(theme, title=title, subtitle=subtitle, scene=scene, margin=TIGHT, height=SPACE_PX)
    else:
        layout |= base(theme, title=title, subtitle=subtitle, xaxis=ALONG, yaxis=DAYS_AXIS)
    return Drawing((_trace(rows, shape, name),), layout)


def _one_root(chain: pl.DataFrame) -> tuple[pl.DataFrame, str, list[str]]:
    """Return the rows of the root that has most series, its name, and the names of the others."""
    counts = chain.group_by("root_symbol").agg(pl.struct(SERIES).n_unique().alias("series"))
    names = counts.sort("series", "root_symbol", descending=[True, False]).get_column("root_symbol").to_list()
    if not names:
        return chain, "", []
    return chain.filter(root_symbol=names[0]), names[0], sorted(names[1:])


def _trace(rows: pl.DataFrame, shape: Shape, name: str) -> Trace:
    parts = rows.partition_by(SERIES, maintain_order=True)
    bar = {"title": {"text": "volatility<br>(% a year)"}, "tickformat": "~%", "thickness": 12, "outlinewidth": 0}
    common: Trace = {
        "meta": f"{name} {shape}",
        "x": floats(parts[0], "log_moneyness"),
        "y": np.array([DAYS_A_YEAR * part.item(0, "time_to_expiry") for part in parts]),
        "z": [part.get_column("implied_volatility").to_list() for part in parts],
        "hovertext": [strings(part, _told()) for part in parts],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "colorscale": SCALE,
        "colorbar": bar,
    }
    if shape == "space":
        return common | {"type": "surface", "connectgaps": False}
    lines = {"coloring": "heatmap", "showlabels": True, "labelformat": "~%", "labelfont": {"color": "white"}}
    return common | {"type": "contour", "contours": lines, "line": {"color": "rgba(255,255,255,0.6)"}}


def _told() -> pl.Expr:
    """Return what is told of a point."""
    return pl.concat_str(
        pl.lit("<b>"),
        percent("implied_volatility").fill_null("not known"),
        pl.lit("</b> at ln(strike / forward) "),
        pl.col("log_moneyness").round(3).cast(pl.String),
        pl.lit(", strike "),
        amount(pl.col("strike").round(1)),
        pl.lit("<br>"),
        series_label(),
        pl.lit(", between strikes<br>nearest: "),
        provenance("iv_source", "quote_ts", "greeks_confidence"),
    )
