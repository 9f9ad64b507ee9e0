"""The panels below candles: volume and oscillators, each with its axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quantdata.analytics.figures.theme import BLUE, CLEAR, GREEN, GREY, PINK, RED
from quantdata.analytics.figures.words import floats

if TYPE_CHECKING:
    import polars as pl

    from quantdata.analytics.figures.drawing import Trace

__all__ = ["PANELS", "RISE_AND_FALL", "axes_of", "line"]

# Line and area: rising is hollow, falling is full.
RISE_AND_FALL: Final = ((GREEN, CLEAR), (RED, RED))
# Of the height: a panel, and the gap above it.
PANEL: Final = 0.18
GAP: Final = 0.04
# Pixels: of prices alone, and of each panel.
PRICES_PX: Final = 460
PANEL_PX: Final = 80
# The line through all panels that follows the pointer.
SPIKE: Final = {"spikethickness": 1, "spikedash": "dot", "spikecolor": GREY}


def line(rows: pl.DataFrame, column: str, name: str, *, color: str, dash: str = "solid", **more: Any) -> Trace:
    """Return a column as a line."""
    return {
        "type": "scatter",
        "mode": "lines",
        "meta": column,
        "name": name,
        "x": rows.get_column("x").to_list(),
        "y": floats(rows, column),
        "line": {"color": color, "dash": dash, "width": 1.25},
        "hovertemplate": f"{name} %{{y:,.2f}}<extra></extra>",
        **more,
    }


def _volume(rows: pl.DataFrame) -> list[Trace]:
    is_falling = (rows.get_column("close") < rows.get_column("open")).fill_null(value=False)
    (rise, hollow), (fall, full) = RISE_AND_FALL
    return [
        {
            "type": "bar",
            "meta": "volume",
            "name": "volume",
            "x": rows.get_column("x").to_list(),
            "y": floats(rows, "volume"),
            "marker": {
                "color": [full if each else hollow for each in is_falling],
                "line": {"color": [fall if each else rise for each in is_falling], "width": 1},
            },
            "hovertemplate": "volume %{y:,.0f}<extra></extra>",
            "showlegend": False,
        }
    ]


def _rsi(rows: pl.DataFrame) -> list[Trace]:
    return [line(rows, "rsi_14", "RSI 14", color=PINK)]


def _macd(rows: pl.DataFrame) -> list[Trace]:
    histogram: Trace = {
        "type": "bar",
        "meta": "macd_histogram",
        "name": "histogram",
        "x": rows.get_column("x").to_list(),
        "y": floats(rows, "macd_histogram"),
        "marker": {"color": GREY},
        "hovertemplate": "histogram %{y:,.3f}<extra></extra>",
        "showlegend": False,
    }
    lines = (("macd", "MACD 12, 26", BLUE, "solid"), ("macd_signal", "signal 9", RED, "dash"))
    return [histogram, *(line(rows, column, name, color=color, dash=dash) for column, name, color, dash in lines)]


PANELS: Final = {"volume": _volume, "rsi": _rsi, "macd": _macd}
_AXES: Final[dict[str, dict[str, Any]]] = {
    "volume": {"title": {"text": "volume"}, "tickformat": "~s", "rangemode": "tozero", "nticks": 3},
    "rsi": {"title": {"text": "RSI 14"}, "range": [0, 100], "tickvals": [30, 50, 70]},
    "macd": {"title": {"text": "MACD"}, "zeroline": True, "nticks": 3},
}


def axes_of(panels: list[str], unit: str) -> dict[str, Any]:
    """Return the axes: prices above, a panel each below; and how high all of it is."""
    floor = len(panels) * (PANEL + GAP)
    bottom = f"y{len(panels) + 1 if panels else ''}"
    axes: dict[str, Any] = {
        "height": PRICES_PX + PANEL_PX * len(panels),
        "xaxis": {"type": "category", "nticks": 8, "rangeslider": {"visible": False}, "anchor": bottom} | SPIKE,
        "yaxis": {"title": {"text": unit}, "domain": [floor, 1]},
    }
    for number, name in enumerate(panels, start=1):
        top = floor - GAP - (number - 1) * (PANEL + GAP)
        axes[f"yaxis{number + 1}"] = _AXES[name] | {"domain": [max(0.0, top - PANEL), top]}
    return axes
