"""One series of a chain as an HTML table: its strikes around the money, each cell with who gave it, and when."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quantdata.validation.kinds import CHAIN
from quantdata.widgets.ladder import ABSENT, SIDES
from quantdata.widgets.order import Ladder
from quantdata.widgets.status import prices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import TypeAlias

    import polars as pl

    from quantdata.widgets.fields import Field
    from quantdata.widgets.ladder import Grid, Series

    # One contract: the columns that are told of it.
    Leg: TypeAlias = dict[str, Any]

__all__ = ["CSS", "series_table"]

# In the money: in a colour of its own beside the strikes; confidence: the kind of the line at the outer edge.
# Each rule names two classes, and so comes before what JupyterLab says of all tables in outputs.
CSS: Final = (
    ".qd.qd-chain{--qd-itm:color-mix(in srgb,var(--jp-brand-color1,#1976d2) 18%,transparent)}"
    ".qd.qd-chain table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:2px 0 8px}"
    # JupyterLab shades every other row.
    ".qd.qd-chain tbody tr:nth-child(n){background:none}"
    ".qd.qd-chain th,.qd.qd-chain td{padding:1px 8px;text-align:right;border:0;background:none}"
    ".qd.qd-chain th{color:var(--qd-quiet);font-weight:400}.qd.qd-chain summary{cursor:pointer}"
    ".qd.qd-chain tbody th{color:inherit;font-weight:600;text-align:center;background:var(--qd-shade)}"
    ".qd.qd-chain th.s{text-align:center}.qd.qd-chain thead th.s{border-bottom:1px solid var(--qd-line)}"
    ".qd.qd-chain td.i{background:var(--qd-itm)}.qd.qd-chain tr.m>*{border-top:2px solid var(--qd-quiet)}"
    ".qd.qd-chain .q3{border-left:3px solid transparent}.qd.qd-chain .q2{border-left:3px dotted var(--qd-quiet)}"
    ".qd.qd-chain .q1{border-left:3px dashed var(--qd-warn)}.qd.qd-chain .q0{border-left:3px solid var(--qd-bad)}"
    ".qd.qd-chain .p.q3{border-left:0;border-right:3px solid transparent}"
    ".qd.qd-chain .p.q2{border-left:0;border-right:3px dotted var(--qd-quiet)}"
    ".qd.qd-chain .p.q1{border-left:0;border-right:3px dashed var(--qd-warn)}"
    ".qd.qd-chain .p.q0{border-left:0;border-right:3px solid var(--qd-bad)}"
    # Narrow: smaller and closer together, and what has no room yet is scrolled to.
    ".qd.qd-chain details{overflow-x:auto}"
    "@media(max-width:700px){.qd.qd-chain table{font-size:11px}.qd.qd-chain th,.qd.qd-chain td{padding:1px 3px}}"
    # High contrast has no shades, and draws what is transparent: a double line stands where the money is.
    "@media(forced-colors:active){.qd.qd-chain .q3.q3.q3{border-left-color:Canvas;border-right-color:Canvas}"
    ".qd.qd-chain td.i+th{border-left:4px double CanvasText}.qd.qd-chain th+td.i{border-left:4px double CanvasText}}"
)
# Of which group a field is: who gave it, and when.
_GROUPS: Final[Mapping[str, tuple[str, str | None]]] = {
    **dict.fromkeys(
        ("bid", "ask", "mid", "bid_size", "ask_size", "spread", "spread_percent"), ("quote_source", "quote_ts")
    ),
    **dict.fromkeys(("last", "last_size"), ("trade_source", "last_ts")),
    **dict.fromkeys(
        ("open", "high", "low", "close", "prev_close", "change", "change_percent", "vwap", "volume"),
        ("day_source", None),
    ),
    "open_interest": ("open_interest_source", None),
    **dict.fromkeys(("implied_volatility", "bid_iv", "ask_iv"), ("iv_source", "iv_ts")),
    **dict.fromkeys(("delta", "gamma", "theta", "vega", "rho"), ("greeks_source", "greeks_ts")),
}
_TOLD: Final = ("snapshot_ts", "confidence", "is_stale", "errors", "warnings", "notes")
_SENTENCES: Final = {rule.name: rule.sentence for rule in CHAIN.rules}
_BANDS: Final = (90, 70, 40)
NONE: Final = "\N{EN DASH}"
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600


def series_table(
    chain: pl.DataFrame, grid: Grid, series: Series, fields: Sequence[Field], *, strikes: int, is_open: bool
) -> str:
    """Return one series as a table in a part that can be folded.

    Parameters
    ----------
    chain
        Canonical rows with their columns of quality.
    grid, series
        Of it.
    fields
        Of the calls, outermost first; the puts mirror them.
    strikes
        How many are shown at most: those nearest to the forward, or the price, or the middle of the series.
    is_open
        Whether it is unfolded.
    """
    price, forward = prices(chain, series.row)
    money = Ladder(*grid).nearest(forward if forward is not None else price)
    low, high = _window(len(grid.strikes), strikes, len(grid.strikes) // 2 if money is None else money)
    legs = _legs(chain, grid.legs[low:high], fields)
    body = "".join(
        _row(strike, pair, fields, price=price, is_first_above=_is_first_above(grid, low + at, price))
        for at, (strike, pair) in enumerate(zip(grid.strikes[low:high].tolist(), legs, strict=True))
    )
    hidden = len(grid.strikes) - (high - low)
    more = f'<p class="qd-quiet">{hidden:,} more strikes not shown</p>' if hidden else ""
    summary = escape(_summary(chain, series, forward))
    return (
        f"<details{' open' if is_open else ''}><summary>{summary}</summary>"
        f"<table><thead>{_headers(fields)}</thead><tbody>{body}</tbody></table>{more}</details>"
    )


def _window(rows: int, most: int, money: int) -> tuple[int, int]:
    low = max(0, min(money - most // 2, rows - most))
    return low, min(rows, low + most)


def _is_first_above(grid: Grid, row: int, price: float | None) -> bool:
    return price is not None and row > 0 and grid.strikes[row - 1] < price <= grid.strikes[row]


def _summary(chain: pl.DataFrame, series: Series, forward: float | None) -> str:
    days = chain.item(series.row, "dte")
    told = [
        f"{series.root} {series.label}",
        None if days is None else f"{days} day{'' if days == 1 else 's'}",
        None if series.settlement is None else f"{series.settlement}-settled",
        None if forward is None else f"forward {forward:,.2f}",
    ]
    return " · ".join(each for each in told if each)


def _headers(fields: Sequence[Field]) -> str:
    heads = [
        f'<th scope="col" title="{escape(f"{each.meaning}; {each.unit}")}">{escape(each.header)}</th>'
        for each in fields
    ]
    side = f'<th colspan="{len(fields)}" class="s">'
    sides = f"<tr>{side}calls</th><th></th>{side}puts</th></tr>"
    return (
        f'{sides}<tr>{"".join(heads)}<th scope="col" title="USD per share">strike</th>{"".join(reversed(heads))}</tr>'
    )


def _legs(chain: pl.DataFrame, legs: Any, fields: Sequence[Field]) -> list[list[Leg | None]]:
    """Return call and put of each row, as a row of the frame; None of one that is not listed."""
    groups = [name for field in fields for name in _GROUPS.get(field.name, ()) if name]
    names = list(dict.fromkeys([*(field.name for field in fields), *groups, *_TOLD]))
    rows = legs.reshape(-1)
    found = chain.select(names)[np.maximum(rows, 0)].iter_rows(named=True)
    listed = [None if row == ABSENT else leg for row, leg in zip(rows.tolist(), found, strict=True)]
    return [listed[at : at + len(SIDES)] for at in range(0, len(listed), len(SIDES))]


def _row(
    strike: float,
    pair: list[Leg | None],
    fields: Sequence[Field],
    *,
    price: float | None,
    is_first_above: bool,
) -> str:
    call, put = pair
    calls = _cells(call, fields, is_in_money=price is not None and strike < price, outer="")
    puts = _cells(put, fields, is_in_money=price is not None and strike > price, outer="p ")[::-1]
    mark = ' class="m"' if is_first_above else ""
    return f'<tr{mark}>{"".join(calls)}<th scope="row">{strike:.10g}</th>{"".join(puts)}</tr>'


def _cells(leg: Leg | None, fields: Sequence[Field], *, is_in_money: bool, outer: str) -> list[str]:
    if leg is None:
        return ["<td></td>"] * len(fields)
    trust = _trust(leg)
    inner = ' class="i"' if is_in_money else ""
    edge = f' class="{outer}q{_band(leg["confidence"])}{" i" if is_in_money else ""}"'
    return [
        _cell(field.text(leg[field.name]) or NONE, _told(field, leg) + trust, attributes=inner if at else edge)
        for at, field in enumerate(fields)
    ]


def _cell(text: str, title: str, *, attributes: str) -> str:
    return f'<td{attributes} title="{escape(title)}">{text}</td>'


def _band(confidence: int) -> int:
    return sum(confidence >= least for least in _BANDS)


def _trust(leg: Leg) -> str:
    """Return how far a leg can be trusted and why, where that is not fully."""
    fired = [(kind, name) for kind in ("errors", "warnings", "notes") for name in leg[kind]]
    words = [f"{kind[:-1]}: {_SENTENCES.get(name, name)}" for kind, name in fired]
    stale = ["stale"] if leg["is_stale"] else []
    if leg["confidence"] == 100 and not words and not stale:  # noqa: PLR2004  # of 100
        return ""
    return "\n" + "\n".join([f"confidence {leg['confidence']}", *stale, *words])


def _told(field: Field, leg: Leg) -> str:
    """Return who gave a number, and how long before the chain was answered."""
    source, ts = _GROUPS.get(field.name, (None, None))
    if source is None:
        return "our model" if field.name == "model_iv" else "rules"
    given = leg[source] or "nobody"
    return f"{given}{_age(leg[ts], leg['snapshot_ts']) if ts else ''}"


def _age(ts: datetime | None, at: datetime | None) -> str:
    if ts is None or at is None:
        return ""
    seconds = (at - ts).total_seconds()
    if seconds < 2 * _MINUTE_S:
        return f", {max(0.0, seconds):.1f} s before"
    if seconds < 2 * _HOUR_S:
        return f", {seconds / _MINUTE_S:.0f} min before"
    return f", {seconds / _HOUR_S:,.0f} h before"
