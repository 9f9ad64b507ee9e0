"""Open interest and volume by strike: calls upwards, puts downwards, a panel a root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quantdata.analytics.checks import check_columns
from quantdata.analytics.figures.both_ways import axis_name, up_and_down
from quantdata.analytics.figures.choosing import chosen, money
from quantdata.analytics.figures.drawing import MOST_POINTS, Drawing, drawn
from quantdata.analytics.figures.theme import CALLS, HEIGHT_PX, PUTS, base, marked, nothing
from quantdata.analytics.figures.words import amount, day, floats, freshness, root_label, strings, titled, underlying

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date

    from plotly.graph_objects import Figure  # type: ignore[import-untyped]

    from quantdata.analytics.figures.drawing import Trace
    from quantdata.analytics.figures.theme import Theme

__all__ = ["open_interest_drawing", "open_interest_figure", "volume_drawing", "volume_figure"]

ROOT: Final = ("root_symbol", "settlement", "multiplier", "is_adjusted")
NEEDS: Final = (
    *("underlying_symbol", *ROOT, "expiration", "strike", "option_type", "underlying_price", "underlying_ts"),
    *("confidence", "feed", "snapshot_ts"),
)
# What is shown at first holds this share of what is counted; the rest is a zoom away.
SHOWN: Final = 0.99
# Of each root below the first.
ROOT_PX: Final = 220


class Count(NamedTuple):
    """What is counted: its column, the word for it, who gave it, and the session that it is of."""

    column: str
    word: str
    source: str
    session: str


OPEN_INTEREST: Final = Count("open_interest", "open interest", "open_interest_source", "open_interest_date")
VOLUME: Final = Count("volume", "volume", "day_source", "day_session")


def open_interest_figure(
    chain: pl.DataFrame,
    *,
    expirations: Collection[date] | None = None,
    roots: Collection[str] | str | None = None,
    theme: Theme = "auto",
) -> Figure:
    """Draw the open contracts by strike: calls upwards, puts downwards, the underlying's price marked.

    Parameters
    ----------
    chain
        With the columns of `CHAIN`.
    expirations, roots
        Keep some; all of them when left out. A bar is the sum over the expirations of one root; each root has a panel
        of its own.
    theme
        ``"light"``, ``"dark"``, or ``"auto"``, which can be read on both. The background is transparent.

    Returns
    -------
    plotly.graph_objects.Figure
        Of the 200 strikes nearest to the money: the subtitle says how much is beyond them. A strike of which nothing is
        known has no bar; where nothing can be drawn the figure says so in words.

    Raises
    ------
    ArgumentError
        If the frame is no chain (the message names what is missing), or lacks an expiration or root that is asked for.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.analytics import open_interest_figure
    >>> chain = qd.Client("sim", clock="at:2026-11-18T11:00").chain("SPY", dte=(20, 40))
    >>> open_interest_figure(chain).layout.title.text
    'SPY open interest by strike'
    """
    return drawn(open_interest_drawing(chain, expirations=expirations, roots=roots, theme=theme))


def open_interest_drawing(
    chain: pl.DataFrame,
    *,
    expirations: Collection[date] | None = None,
    roots: Collection[str] | str | None = None,
    theme: Theme = "auto",
) -> Drawing:
    """Return what `open_interest_figure` draws, without plotly: for `redraw`."""
    needs = (*NEEDS, "open_interest", "open_interest_source", "open_interest_date")
    check_columns(chain, needs, call="open_interest_figure", kind="a chain")
    return _drawing(chain, chosen(chain, expirations=expirations, roots=roots), OPEN_INTEREST, theme)


def volume_figure(
    chain: pl.DataFrame,
    *,
    expirations: Collection[date] | None = None,
    roots: Collection[str] | str | None = None,
    theme: Theme = "auto",
) -> Figure:
    """Draw the contracts traded in the newest session by strike: calls upwards, puts downwards.

    Parameters, what is returned and raised are those of `open_interest_figure`. A day block of an older session is not
    drawn: its contract has not traded since.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.analytics import volume_figure
    >>> chain = qd.Client("sim", clock="at:2026-11-18T11:00").chain("SPY", dte=(20, 40))
    >>> volume_figure(chain).layout.title.text
    'SPY volume by strike'
    """
    return drawn(volume_drawing(chain, expirations=expirations, roots=roots, theme=theme))


def volume_drawing(
    chain: pl.DataFrame,
    *,
    expirations: Collection[date] | None = None,
    roots: Collection[str] | str | None = None,
    theme: Theme = "auto",
) -> Drawing:
    """Return what `volume_figure` draws, without plotly: for `redraw`."""
    check_columns(chain, (*NEEDS, "volume", "day_source", "day_session"), call="volume_figure", kind="a chain")
    newest = pl.col("day_session") == pl.col("day_session").max()
    of_today = chain.with_columns(volume=pl.when(newest).then("volume"))
    return _drawing(chain, chosen(of_today, expirations=expirations, roots=roots), VOLUME, theme)


def _drawing(chain: pl.DataFrame, wanted: pl.DataFrame, count: Count, theme: Theme) -> Drawing:
    title = titled(chain, f"{count.word} by strike")
    sums = _sums(wanted, count).filter(pl.col("count").is_not_null())
    center = money(chain)
    shown = _near_money(sums, center)
    subtitle = freshness(chain, *_of_session(wanted, count), *_beyond(sums, shown))
    if shown.is_empty():
        why = f"No {count.word} in {wanted.height:,} contracts"
        return nothing(theme, title=title, subtitle=subtitle, why=why)
    parts = shown.partition_by(ROOT, maintain_order=True)
    traces = [trace for number, part in enumerate(parts) for trace in _bars(part, number, count)]
    mark = marked(center, f"{underlying(chain)} {center:,.2f}" if center else "", theme=theme)
    axes = {axis_name("y", number): up_and_down(part, number, len(parts)) for number, part in enumerate(parts)}
    x = {
        "title": {"text": "strike (USD per share)"},
        "anchor": axis_name("y", len(parts) - 1).replace("axis", ""),
        "range": _window(shown, center),
    }
    height = HEIGHT_PX + ROOT_PX * (len(parts) - 1)
    layout = base(
        theme, title=title, subtitle=subtitle, xaxis=x, **axes, **mark, barmode="overlay", bargap=0.1, height=height
    )
    return Drawing(tuple(traces), layout | {"uirevision": underlying(chain)})


def _sums(wanted: pl.DataFrame, count: Count) -> pl.DataFrame:
    """Return the sums by root, strike and side; null where no contract knows."""
    known = pl.col(count.column).is_not_null()
    return (
        wanted.group_by(*ROOT, "strike", "option_type")
        .agg(
            pl.when(known.any()).then(pl.col(count.column).sum()).alias("count"),
            known.sum().alias("contracts"),
            pl.col(count.source).filter(known).cast(pl.String).unique().sort().str.join(" + ").alias("source"),
            pl.col(count.session).filter(known).max().alias("session"),
            pl.col("confidence").filter(known).min().alias("confidence"),
        )
        .drop_nulls("option_type")
        .sort(*ROOT, "strike", "option_type")
    )


def _near_money(sums: pl.DataFrame, center: float | None) -> pl.DataFrame:
    """Return the strikes of each root that are nearest to the money; to the middle of them where that is not known."""
    distance = (pl.col("strike") - (pl.col("strike").median() if center is None else center)).abs()
    strikes = sums.select(*ROOT, "strike").unique(maintain_order=True)
    near = strikes.filter(distance.rank("ordinal").over(ROOT) <= MOST_POINTS)
    return sums.join(near, on=near.columns, how="semi", nulls_equal=True, maintain_order="left")


def _beyond(sums: pl.DataFrame, shown: pl.DataFrame) -> Iterator[str]:
    """Return how much is not shown, if anything."""
    whole, part = (float(frame.get_column("count").cast(pl.Float64).sum()) for frame in (sums, shown))
    if part < whole:
        yield f"{100 * (whole - part) / whole:.1f} % at strikes beyond"


def _of_session(wanted: pl.DataFrame, count: Count) -> Iterator[str]:
    session: date | None = wanted.filter(pl.col(count.column).is_not_null()).get_column(count.session).max()  # type: ignore[assignment]
    if session is not None:
        yield f"{count.word} of {session.day} {session:%b %Y}"


def _bars(part: pl.DataFrame, number: int, count: Count) -> Iterator[Trace]:
    """Return calls and puts of one root: which is which is seen by where they point."""
    root = strings(part, root_label())[0]
    for side, colour, sign in (("call", CALLS, 1.0), ("put", PUTS, -1.0)):
        rows = part.filter(option_type=side).with_columns(height=sign * pl.col("count").cast(pl.Float64))
        yield {
            "type": "bar",
            "meta": f"{root} {side}",
            "name": f"{root} {side}s",
            "x": floats(rows, "strike"),
            "y": floats(rows, "height"),
            "yaxis": axis_name("y", number).replace("axis", ""),
            "marker": {"color": colour, "line": {"width": 0}},
            "hovertext": strings(rows, _told(count)),
            "hovertemplate": "%{hovertext}<extra></extra>",
        }


def _window(shown: pl.DataFrame, center: float | None) -> list[float]:
    """Return the ends of the strikes that hold nearly all, the money among them."""
    at = shown.sort("strike").with_columns(share=pl.col("count").cum_sum() / pl.col("count").sum())
    rest = (1 - SHOWN) / 2
    held = at.filter(pl.col("share").is_between(rest, 1 - rest)).get_column("strike")
    strikes = [*(held if held.len() else at.get_column("strike")), *([center] if center else [])]
    margin = 0.03 * (max(strikes) - min(strikes)) or 1.0
    return [min(strikes) - margin, max(strikes) + margin]


def _told(count: Count) -> pl.Expr:
    """Return what is told of a bar."""
    return pl.concat_str(
        pl.lit("<b>"),
        pl.col("count").cast(pl.String),
        pl.lit(f"</b> contracts of {count.word} at "),
        amount(pl.col("strike")),
        pl.lit(" "),
        pl.col("option_type").cast(pl.String),
        pl.lit("<br>"),
        root_label(),
        pl.lit(", expirations: "),
        pl.col("contracts").cast(pl.String),
        pl.lit("<br>"),
        pl.col("source").replace("", "source unknown"),
        pl.lit(", session of "),
        day("session").fill_null("an unknown day"),
        pl.lit("<br>lowest confidence "),
        pl.col("confidence").cast(pl.String).fill_null("unknown"),
    )
