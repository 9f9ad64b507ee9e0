"""How figures look: on light and on dark, in colours that everybody tells apart, and never by colour alone."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from quantdata.analytics.checks import check_choice
from quantdata.analytics.figures.drawing import Drawing

__all__ = [
    "BLUE",
    "CALLS",
    "CLEAR",
    "GREEN",
    "GREY",
    "HEIGHT_PX",
    "OCHRE",
    "PINK",
    "PUTS",
    "QUALITY_COLOURS",
    "RED",
    "Look",
    "Theme",
    "base",
    "look_of",
    "marked",
    "nothing",
    "spatial",
    "wrapped",
]

Theme: TypeAlias = Literal["auto", "light", "dark"]

# Of middle lightness: a contrast of 3 or more on white and on black alike. Told apart by the colour-blind, after Okabe
# and Ito (2008), Color Universal Design.
BLUE, RED, GREEN, PINK, OCHRE, GREY = "#2f86c9", "#d55e00", "#009e73", "#bf6fa0", "#a9820f", "#7d7d7d"
SERIES_COLOURS: Final = (BLUE, RED, GREEN, PINK, OCHRE, GREY)
SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "x", "star")
# One for each root, in the order in which they come.
DASHES: Final = ("solid", "dash", "dashdot", "longdash")
CALLS, PUTS = BLUE, RED
# Poor, fair, good, excellent.
QUALITY_COLOURS: Final = (RED, OCHRE, "#79b5dd", BLUE)
CLEAR: Final = "rgba(0,0,0,0)"
# Pixels; a page gives a figure that has no height of its own too little for panels and long legends.
HEIGHT_PX: Final = 460
EMPTY_PX: Final = 260
# A subtitle goes on in another line after so many letters: plotly cuts off what is wider than the figure.
LINE: Final = 68
LINE_PX: Final = 16
TAG: Final = re.compile("<[^>]*>")
MARGIN: Final = {"l": 64, "r": 16, "t": 80, "b": 80}


class Inks(NamedTuple):
    """The colours of what is written and ruled."""

    text: str
    rule: str
    box: str


# "auto" knows nothing of the page: what can be read on both.
INKS: Final = {
    "auto": Inks("#7a7a7a", "rgba(128,128,128,0.25)", "#333333"),
    "light": Inks("#333333", "rgba(0,0,0,0.12)", "#ffffff"),
    "dark": Inks("#e0e0e0", "rgba(255,255,255,0.16)", "#222222"),
}


class Look(NamedTuple):
    """What one series is told by: colour, marker and dash; a shade of the colour for areas."""

    colour: str
    symbol: str
    dash: str

    @property
    def shade(self) -> str:
        """The colour, nearly transparent."""
        return f"rgba({', '.join(str(int(self.colour[at : at + 2], 16)) for at in (1, 3, 5))}, 0.22)"


def look_of(series: int, root: int) -> Look:
    """Return how to draw a series: colour and marker by its own number, the dash by its root's."""
    return Look(
        SERIES_COLOURS[series % len(SERIES_COLOURS)], SYMBOLS[series % len(SYMBOLS)], DASHES[root % len(DASHES)]
    )


def base(theme: Theme, *, title: str, subtitle: str, **layout: Any) -> dict[str, Any]:
    """Return a layout: transparent, with a height, a title, and what else is given; of a margin, what differs.

    Raises
    ------
    ArgumentError
        If the theme is none of ``"auto"``, ``"light"``, ``"dark"``.
    """
    check_choice(theme, INKS, name="theme")
    ink = INKS[theme]
    boxed = ink.text if theme != "auto" else "#f0f0f0"
    heading = {"text": title, "x": 0, "xref": "paper", "xanchor": "left", "font": {"size": 16}}
    axes = {name: _axis(ink) | axis for name, axis in layout.items() if name.startswith(("xaxis", "yaxis"))}
    rest = {name: value for name, value in layout.items() if name not in {*axes, "margin"}}
    lines = wrapped(subtitle)
    margin = MARGIN | layout.get("margin", {})
    below = LINE_PX * (len(lines) - 1)
    return {
        "template": "none",
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"color": ink.text, "size": 12},
        "title": heading | {"subtitle": {"text": "<br>".join(lines), "font": {"size": 12, "color": ink.text}}},
        "hoverlabel": {"bgcolor": ink.box, "bordercolor": ink.text, "font": {"color": boxed}, "align": "left"},
        "height": HEIGHT_PX + below,
        "margin": margin | {"t": margin["t"] + below},
        "legend": {"bgcolor": CLEAR, "orientation": "h", "x": 0, "yref": "container", "y": 0, "yanchor": "bottom"},
        "modebar": {"bgcolor": CLEAR, "color": ink.text, "activecolor": BLUE},
        "hovermode": "closest",
        **axes,
        **rest,
    }


def wrapped(subtitle: str, most: int = LINE) -> list[str]:
    """Return the lines of a subtitle, which is cut between its parts."""
    lines: list[str] = []
    for part in subtitle.split(" · "):
        longer = f"{lines[-1]} · {part}" if lines else part
        if lines and len(TAG.sub("", longer)) <= most:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _axis(ink: Inks) -> dict[str, Any]:
    return {
        "gridcolor": ink.rule,
        "zerolinecolor": ink.rule,
        "linecolor": ink.text,
        "ticks": "outside",
        "tickcolor": ink.rule,
        "automargin": True,
        "zeroline": False,
        "showline": True,
    }


def spatial(theme: Theme, *, x: dict[str, Any], y: dict[str, Any], z: dict[str, Any]) -> dict[str, Any]:
    """Return a scene with three axes, for what is drawn in space."""
    check_choice(theme, INKS, name="theme")
    ink = INKS[theme]
    # Of one tone, and thin: in space, what is half transparent is not seen on white.
    ruled = {
        "gridcolor": GREY,
        "gridwidth": 1,
        "zeroline": False,
        "color": ink.text,
        "backgroundcolor": CLEAR,
        "showspikes": False,
    }
    # From so far that all axes are seen in a figure as wide as it is high.
    eye = {"eye": {"x": -1.25, "y": -2.45, "z": 1.0}, "center": {"x": -0.12, "y": 0.06, "z": -0.18}}
    ratio = {"x": 1.4, "y": 1.3, "z": 0.8}
    axes = {"xaxis": ruled | x, "yaxis": ruled | y, "zaxis": ruled | z}
    return {**axes, "camera": eye, "aspectmode": "manual", "aspectratio": ratio}


def marked(value: float | None, text: str, *, theme: Theme, above: bool = False) -> dict[str, Any]:
    """Return the parts of a layout that mark a value of x by a dotted line and a word, beside it or above all."""
    check_choice(theme, INKS, name="theme")
    if value is None:
        return {"shapes": [], "annotations": []}
    ink = INKS[theme]
    line = {"color": ink.text, "dash": "dot", "width": 1}
    word = {"text": text, "showarrow": False, "xanchor": "left", "font": {"size": 11, "color": ink.text}}
    return {
        "shapes": [{"type": "line", "x0": value, "x1": value, "yref": "paper", "y0": 0, "y1": 1, "line": line}],
        "annotations": [{"x": value, "yref": "paper", "y": 1, "yanchor": "bottom" if above else "top", **word}],
    }


def nothing(theme: Theme, *, title: str, subtitle: str, why: str) -> Drawing:
    """Return a drawing that says in words why there is nothing to see."""
    word = {"text": why, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
    hidden = {"visible": False}
    return Drawing(
        (),
        base(
            theme,
            title=title,
            subtitle=subtitle,
            xaxis=hidden,
            yaxis=hidden,
            annotations=[word],
            height=EMPTY_PX,
        ),
    )
