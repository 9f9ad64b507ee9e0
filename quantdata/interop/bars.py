"""Canonical bars, checked and made ready for an engine: one timeframe, no gap that is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

import polars as pl

from quantdata.errors import ArgumentError
from quantdata.frames.bars import TIMEFRAMES
from quantdata.interop.hours import hours_of, timeframe_of, windows
from quantdata.sessions import NEW_YORK, is_session
from quantdata.validation.kinds import BARS, kind_of

if TYPE_CHECKING:
    from quantdata.validation.kinds import Kind

__all__ = ["Fill", "Label", "Ready", "collected", "labels", "one_of", "ready", "sources"]

Fill: TypeAlias = Literal["previous_close"]
Label: TypeAlias = Literal["start", "end"]

PRICES: Final = ("open", "high", "low", "close")
_FEW: Final = 5
_TAKEN_BY: Final = {"chain": "chains, which to_optopsy() and to_nautilus() take"}


class Ready(NamedTuple):
    """Bars that an engine can take, and what is known of them.

    Attributes
    ----------
    bars
        Canonical bars with ``end`` (when their window is over, UTC), ``is_regular`` (of regular hours) and
        ``is_filled``; symbols in the order given, each oldest first.
    timeframe
        Theirs.
    facts
        What a `LookaheadReport` says of them, whichever the engine.
    """

    bars: pl.DataFrame
    timeframe: str
    facts: dict[str, Any]

    @property
    def is_intraday(self) -> bool:
        """Whether several bars make a session."""
        return self.timeframe not in {"1d", "1w"}

    @property
    def symbols(self) -> tuple[str, ...]:
        """The instruments."""
        return tuple(self.facts["symbols"])


def ready(frame: pl.DataFrame | pl.LazyFrame, *, timeframe: str | None, fill: str | None) -> Ready:
    """Check bars, and find or fill what they lack.

    Parameters
    ----------
    frame
        Bars, as of ``qd.bars`` or a lake's ``scan``.
    timeframe
        Theirs; None: it is told from when they start.
    fill
        ``"previous_close"``: windows and sessions without a bar get one of the close before, with volume 0.

    Raises
    ------
    ArgumentError
        If they are no bars, or none, one stands twice, a symbol's prices are adjusted in two ways, a day is no session,
        or their timeframe cannot be told.
    """
    one_of(fill, (None, "previous_close"), name="fill")
    given = collected(frame, BARS)
    finite = pl.all_horizontal(pl.col(*PRICES).is_finite().fill_null(value=False))
    priced = given.filter(finite)
    if priced.is_empty():
        raise ArgumentError("there are no bars with prices to load")
    _check(priced)
    found = timeframe_of(priced, asked=timeframe)
    expected = _expected(priced, found)
    missing = _missing(priced, expected)
    bars = _with_ends(priced, expected, found)
    if fill is not None:
        bars = _filled(bars, missing)
    facts = {
        "symbols": tuple(priced["symbol"].unique(maintain_order=True)),
        "rows": bars.height,
        "first": priced["session"].min(),
        "last": priced["session"].max(),
        "timeframe": found,
        "adjustment": " and ".join(priced["adjustment"].cast(pl.String).unique().sort()),
        "fill": fill,
        "filled_rows": bars["is_filled"].sum(),
        "dropped_rows": given.height - priced.height,
        **_gaps(missing),
        **sources(priced),
    }
    return Ready(_in_order(bars, facts["symbols"]), found, facts)


def labels(found: Ready, label: str) -> tuple[pl.Series, str]:
    """Return the moment or the day that each bar bears, and in one word what it is.

    Parameters
    ----------
    found
        Of `ready`.
    label
        ``"start"`` or ``"end"`` of the window. The start of a day's or week's bar is its date, without a time.

    Returns
    -------
    tuple[pl.Series, str]
        ``Datetime("ns")``: in New York time, or a date without zone; and ``"start"``, ``"end"`` or ``"session"``.
    """
    one_of(label, ("start", "end"), name="label")
    if label == "start" and not found.is_intraday:
        return found.bars["session"].cast(pl.Datetime("ns")), "session"
    moments = found.bars["ts" if label == "start" else "end"]
    return moments.cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(str(NEW_YORK)), label


def collected(frame: pl.DataFrame | pl.LazyFrame, kind: Kind) -> pl.DataFrame:
    """Return a frame of one kind; a lazy one is read.

    Raises
    ------
    ArgumentError
        If it is of another kind.
    """
    read = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    if (found := kind_of(read)) is not kind:
        raise ArgumentError(
            f"{kind.name.removesuffix('s')}s are needed here, not {_TAKEN_BY.get(found.name, found.name)}"
        )
    return read


def one_of(value: object, allowed: tuple[object, ...], *, name: str) -> None:
    """Check an argument.

    Raises
    ------
    ArgumentError
        If it is none of what is allowed.
    """
    if value not in allowed:
        raise ArgumentError(f"{name} must be {' or '.join(map(repr, allowed))}, not {value!r}")


def sources(rows: pl.DataFrame) -> dict[str, Any]:
    """Return rows by source, most first, and whether the market is a simulated one."""
    counts = (
        rows["source"]
        .cast(pl.String)
        .drop_nulls()
        .value_counts(sort=True)
        .sort("count", "source", descending=[True, False])
    )
    return {"sources": dict(counts.iter_rows()), "is_simulated": bool((rows["feed"] == "simulated").any())}


def _check(bars: pl.DataFrame) -> None:
    twice = bars.filter(pl.struct("symbol", "ts").is_duplicated())
    if twice.height:
        raise ArgumentError(f"{twice['symbol'][0]} has two bars at {twice['ts'][0]}: keep one source, or unique()")
    adjusted = bars.group_by("symbol", maintain_order=True).agg(pl.col("adjustment").n_unique())
    mixed = adjusted.filter(pl.col("adjustment") > 1)["symbol"]
    if len(mixed):
        raise ArgumentError(f"prices of {mixed[0]} are adjusted in two ways: their levels do not fit each other")
    shut = [day for day in bars["session"].unique().sort() if not is_session(day)]
    if shut:
        raise ArgumentError(f"there are bars of days on which the market is shut: {', '.join(map(str, shut[:_FEW]))}")


def _expected(bars: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """Return all windows of regular hours from each symbol's first bar to its last."""
    from_clock = bool((bars["ts"].dt.minute() == 0).any())
    found = windows(hours_of(bars, timeframe), timeframe, from_clock=from_clock)
    spans = bars.group_by("symbol").agg(pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last"))
    return found.join(spans, on="symbol").filter(pl.col("ts").is_between("first", "last")).drop("first", "last")


def _missing(bars: pl.DataFrame, expected: pl.DataFrame) -> pl.DataFrame:
    """Return the windows without a bar, with ``is_empty``: whether their session has none at all."""
    has_some = bars.select("symbol", "session").unique().with_columns(is_empty=False)
    missing = expected.join(bars, on=["symbol", "ts"], how="anti")
    return missing.join(has_some, on=["symbol", "session"], how="left").with_columns(
        pl.col("is_empty").fill_null(value=True)
    )


def _gaps(missing: pl.DataFrame) -> dict[str, Any]:
    empty = missing.filter("is_empty")
    days = empty.group_by("symbol").agg(pl.col("session").unique().sort()).sort("symbol")
    return {
        "missing_sessions": {symbol: tuple(found) for symbol, found in days.iter_rows()},
        "no_trade_windows": missing.height - empty.height,
    }


def _with_ends(bars: pl.DataFrame, expected: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """Add ``end``, ``is_regular``, ``is_filled``; a window outside regular hours has its whole length."""
    known = expected.select("symbol", "ts", "end")
    length = pl.duration(seconds=int(TIMEFRAMES[timeframe].length.total_seconds()))
    joined = bars.join(known, on=["symbol", "ts"], how="left", maintain_order="left")
    return joined.with_columns(
        pl.col("end").fill_null(pl.col("ts") + length), is_regular=pl.col("end").is_not_null(), is_filled=False
    )


def _filled(bars: pl.DataFrame, missing: pl.DataFrame) -> pl.DataFrame:
    """Add a bar of the close before to each window without one; nothing of what comes later enters it."""
    has_volume = pl.col("volume").is_not_null().any().over("symbol")
    made = missing.select("symbol", "session", "ts", "end", is_regular=True, is_filled=True)
    rows = pl.concat([bars, made], how="diagonal").sort("symbol", "ts")
    close = pl.col("close").forward_fill().over("symbol")
    return rows.with_columns(
        *(pl.col(name).fill_null(close) for name in PRICES),
        pl.when("is_filled").then(pl.when(has_volume).then(0.0)).otherwise("volume").alias("volume"),
        pl.col("adjustment").forward_fill().over("symbol"),
    )


def _in_order(bars: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    return (
        bars.with_columns(place=pl.col("symbol").replace_strict(names, range(len(names))))
        .sort("place", "ts")
        .drop("place")
    )
