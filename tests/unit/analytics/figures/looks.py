"""What every figure must be, and how to find its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quantdata.analytics.figures.drawing import MOST_POINTS, drawn

if TYPE_CHECKING:
    from quantdata.analytics import Drawing

# Types of traces whose points are cells of a grid.
GRIDS: Final = ("heatmap", "surface", "contour")


def part(drawing: Drawing, meta: str) -> dict[str, Any]:
    """Return the trace of a name."""
    (found,) = (trace for trace in drawing.traces if trace["meta"] == meta)
    return found


def names(drawing: Drawing) -> list[str]:
    return [trace["meta"] for trace in drawing.traces]


def said(drawing: Drawing) -> str:
    """Return what a drawing says in words in the place of traces."""
    assert drawing.traces == ()
    assert drawing.layout["xaxis"]["visible"] is False
    (word,) = drawing.layout["annotations"]
    return str(word["text"])


def title(drawing: Drawing) -> tuple[str, str]:
    """Return title and subtitle, the latter in one line."""
    heading = drawing.layout["title"]
    return heading["text"], heading["subtitle"]["text"].replace("<br>", " · ")


def check(drawing: Drawing, *, most: int = MOST_POINTS) -> None:
    """Hold a drawing to what all share: plotly takes it, names are unique, few points, nothing behind."""
    figure = drawn(drawing)
    assert len(figure.data) == len(drawing.traces)
    assert len(set(names(drawing))) == len(drawing.traces)
    assert (figure.layout.paper_bgcolor, figure.layout.plot_bgcolor) == ("rgba(0,0,0,0)",) * 2
    assert drawing.layout["uirevision"]
    assert drawing.layout["height"] >= 400
    for trace in drawing.traces:
        lengths = {len(trace[name]) for name in ("x", "y", "hovertext") if name in trace}
        if trace["type"] not in GRIDS:
            assert len(lengths) == 1, trace["meta"]
            # A band goes there and back, with gaps between.
            assert lengths.pop() <= most + most // 2, trace["meta"]
    figure.to_json()


def known(values: Any) -> int:
    """Return how many values of a trace are drawn."""
    return int(np.isfinite(np.asarray(values, dtype=np.float64)).sum())
