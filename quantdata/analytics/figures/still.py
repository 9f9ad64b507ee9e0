"""What a figure tells in words where nothing draws it: on GitHub, or in a page that `nbconvert` made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quantdata.cards import card

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plotly.graph_objects import Figure  # type: ignore[import-untyped]

__all__ = ["in_words", "title_of"]

BREAK: Final = re.compile("<br ?/?>")
# Those that plotly knows.
TAG: Final = re.compile("</?(?:b|i|u|s|em|sub|sup|span|a)(?: [^>]*)?>")
# What a trace draws by colour or height is here; what others draw is their ``y``.
DEEP: Final = frozenset({"heatmap", "contour", "surface"})
WHERE: Final = "in JupyterLab and VS Code; elsewhere write_html('figure.html') makes a page of it"


def in_words(figure: Figure) -> str:
    """Return as HTML, which needs no network and no script, what a figure shows: its title, and what each line spans.

    Some 2 kB: plotly's own page of a figure brings 5 MB of JavaScript, or has a browser fetch them.
    """
    layout = figure.layout
    rows = [
        ("of", _plain(layout.title.subtitle.text, " · ")),
        *((_plain(each.text), "marked") for each in layout.annotations if figure.data),
        *(("nothing drawn", _plain(each.text)) for each in layout.annotations if not figure.data),
        *_across(figure),
        *((name, told) for name, told in map(_told, _listed(figure), _y_axes(figure)) if told),
        ("drawn", WHERE),
    ]
    return card(title_of(figure), rows)


def title_of(figure: Figure) -> str:
    """Return the title of a figure as plain text."""
    return _plain(figure.layout.title.text) or "Figure"


def _plain(text: str | None, between: str = " ") -> str:
    return TAG.sub("", BREAK.sub(between, text or ""))


def _listed(figure: Figure) -> list[Any]:
    """Return the traces that have a name of their own; bands and models go with their lines."""
    return [trace for trace in figure.data if trace.type != "scatter" or trace.showlegend is not False]


def _y_axes(figure: Figure) -> Iterator[Any]:
    """Return the axis that tells what the values of each trace are."""
    for trace in _listed(figure):
        if trace.type in DEEP:
            yield trace.colorbar
        else:
            yield figure.layout[(trace.yaxis or "y").replace("y", "yaxis")]


def _across(figure: Figure) -> Iterator[tuple[str, str]]:
    """Return what is drawn along the page, from where to where."""
    scene = any(trace.type == "surface" for trace in figure.data)
    axis = figure.layout.scene.xaxis if scene else figure.layout.xaxis
    values = [value for trace in figure.data if trace.x is not None for value in trace.x]
    # Evenly spread columns are numbered; what they are is said beside the axis.
    labels = axis.ticktext if axis.type != "log" else None
    told = f"{labels[0]} to {labels[-1]}" if labels else _span(values, axis)
    if told:
        yield _plain(axis.title.text) or "from left to right", told


def _told(trace: Any, axis: Any) -> tuple[str, str]:
    """Return the name of a trace and what it spans, in the words of its axis."""
    if trace.type == "candlestick":
        values = [*trace.low, *trace.high]
    else:
        values = np.ravel(np.array(trace.z if trace.type in DEEP else trace.y, dtype=object)).tolist()
    unit = _plain(axis.title.text)
    name = _plain(trace.name) or _plain(trace.meta)
    told = _span(values, axis)
    return name, f"{told}, {unit}" if told and unit and unit != name else told


def _span(values: list[Any], axis: Any) -> str:
    """Return the least and the greatest of numbers, or the first and the last of words; nothing of none."""
    known = [value for value in values if value is not None and value == value]  # noqa: PLR0124  # NaN is not itself
    if not known:
        return ""
    if isinstance(known[0], str):
        return f"{known[0]} to {known[-1]}"
    ends = [float(min(known)), float(max(known))]
    if getattr(axis, "ticktext", None) is not None and ends[1] <= 0:
        ends = [-ends[1], -ends[0]]  # an axis that counts upwards in both directions
    low, high = (_number(end, is_share="%" in (axis.tickformat or "")) for end in ends)
    return low if low == high else f"{low} to {high}"


def _number(value: float, *, is_share: bool) -> str:
    if is_share:
        return f"{100 * value:.2f} %"
    return f"{value:,.2f}".rstrip("0").rstrip(".")
