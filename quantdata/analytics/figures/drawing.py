"""A figure before plotly: traces and layout in plotly's words, made without it, drawn with it or into a live one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plotly.graph_objects import Figure  # type: ignore[import-untyped]

__all__ = ["MOST_POINTS", "Drawing", "Trace", "drawn", "redraw"]

# In plotly's own words, which are many. Each trace has a ``meta`` that is its own in every drawing.
Trace: TypeAlias = dict[str, Any]

MOST_POINTS: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """Traces and layout of a figure, as plain dicts and arrays.

    Attributes
    ----------
    traces
        In plotly's words, each with a ``meta`` of its own; arrays are numpy's, NaN where a value is not known.
    layout
        In plotly's words.
    """

    traces: tuple[Trace, ...]
    layout: dict[str, Any]


def drawn(drawing: Drawing) -> Figure:
    """Return a drawing as a plotly figure that tells in words what it shows where nothing draws it; loads plotly."""
    from quantdata.analytics.figures.shown import ShownFigure  # noqa: PLC0415  # heavy

    return ShownFigure(data=list(drawing.traces), layout=drawing.layout)


def redraw(figure: Figure, drawing: Drawing, *, before: Drawing | None = None) -> None:
    """Bring a figure up to date in place: only what differs is sent to the page, in one message.

    What its reader has zoomed or hidden stays, as long as the drawing's ``uirevision`` does.

    Parameters
    ----------
    figure
        A Figure, or a FigureWidget, whose views follow.
    drawing
        Of the same kind as what the figure shows. Traces are told by their ``meta`` (a FigureWidget gives each a
        ``uid`` of its own); those that are gone are taken out, new ones come last.
    before
        What the figure shows now, where that is known: what is the same in both is passed over.

    Examples
    --------
    >>> import plotly.graph_objects as go
    >>> from quantdata.analytics import Drawing, redraw
    >>> first, second = (Drawing(({"type": "scatter", "meta": "a", "y": [number]},), {}) for number in (1, 2))
    >>> figure = go.Figure(first.traces)
    >>> redraw(figure, second, before=first)
    >>> figure.data[0].y
    (2,)
    """
    wanted = {trace["meta"] for trace in drawing.traces}
    if any(trace.meta not in wanted for trace in figure.data):
        figure.data = [trace for trace in figure.data if trace.meta in wanted]
    there = {trace.meta: trace for trace in figure.data}
    known = {trace["meta"]: trace for trace in before.traces} if before else {}
    with figure.batch_update():
        for trace in drawing.traces:
            if trace["meta"] in there:
                there[trace["meta"]].update(_changed(known.get(trace["meta"], {}), trace))
        figure.layout.update(_changed(before.layout if before else {}, drawing.layout))
    new = [trace for trace in drawing.traces if trace["meta"] not in there]
    if new:
        figure.add_traces(new)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is not the same as before."""
    return {name: value for name, value in after.items() if name not in before or not _is_same(before[name], value)}


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other, equal_nan=True)
    return type(one) is type(other) and bool(one == other)
