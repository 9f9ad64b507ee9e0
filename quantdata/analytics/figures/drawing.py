"""A figure before plotly: traces and layout in plotly's words, made without it, drawn with it or into a live one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from plotly.graph_objects import Figure  # type: ignore[import-untyped]

__all__ = ["MOST_POINTS", "Drawing", "Trace", "drawn", "redraw"]

# In plotly's own words, which are many. Each trace has a ``uid``, without blanks, that is its own in every drawing.
Trace: TypeAlias = dict[str, Any]

MOST_POINTS = 200


@dataclass(frozen=True, slots=True)
class Drawing:
    """Traces and layout of a figure, as plain dicts and arrays.

    Attributes
    ----------
    traces
        In plotly's words, each with a ``uid``; their arrays are numpy's, NaN where a value is not known.
    layout
        In plotly's words.
    """

    traces: tuple[Trace, ...]
    layout: dict[str, Any]


def drawn(drawing: Drawing) -> Figure:
    """Return a drawing as a plotly figure; loads plotly."""
    import plotly.graph_objects as go  # type: ignore[import-untyped]  # noqa: PLC0415  # heavy

    return go.Figure(data=list(drawing.traces), layout=drawing.layout)


def redraw(figure: Figure, drawing: Drawing) -> None:
    """Bring a figure up to date in place: what is the same stays, and only what differs is sent to the page.

    Parameters
    ----------
    figure
        A Figure, or a FigureWidget whose views follow. It keeps what its reader has zoomed and hidden, as long as the
        drawing's ``uirevision`` is the same.
    drawing
        Of the same kind as the figure. Traces are told by their ``uid``; new ones come last.
    """
    wanted = {trace["uid"] for trace in drawing.traces}
    if any(trace.uid not in wanted for trace in figure.data):
        figure.data = [trace for trace in figure.data if trace.uid in wanted]
    there = {trace.uid: trace for trace in figure.data}
    with figure.batch_update():
        for trace in drawing.traces:
            if trace["uid"] in there:
                there[trace["uid"]].update(trace)
        figure.layout.update(drawing.layout)
    new = [trace for trace in drawing.traces if trace["uid"] not in there]
    if new:
        figure.add_traces(new)
