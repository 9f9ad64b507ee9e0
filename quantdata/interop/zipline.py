"""Bars for zipline-reloaded: `to_zipline` writes the folder that its csvdir bundle ingests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import polars as pl

from quantdata.errors import ArgumentError, LakeError
from quantdata.frames.columns import CORPORATE_ACTIONS, empty
from quantdata.interop.bars import ready
from quantdata.interop.hours import is_equity
from quantdata.interop.report import REPORT_FILE, LookaheadReport

if TYPE_CHECKING:
    from datetime import date

    from quantdata.interop.bars import Fill, Ready

__all__ = ["to_zipline"]

_FOLDERS: Final = {"1d": "daily", "1m": "minute"}
_MOST_DAYS: Final = 20
_NO_TRADE: Final = {"open": 0.0, "high": 0.0, "low": 0.0, "close": 0.0, "volume": 0}


def to_zipline(
    bars: pl.DataFrame | pl.LazyFrame,
    folder: str | Path,
    *,
    actions: pl.DataFrame | None = None,
    timeframe: str | None = None,
    fill: Fill | None = None,
) -> Path:
    """Write bars of stocks and funds as a folder that zipline's csvdir bundle ingests.

    Parameters
    ----------
    bars
        Of ``qd.bars(..., adjust="raw")`` or a lake's ``scan``: days or minutes, raw, since zipline adjusts on its own.
    folder
        Where to; it is made. Files of the same symbols are replaced, others stay. One folder holds days or minutes:
        zipline cannot ingest both at once.
    actions
        Splits and dividends, with the columns of ``quantdata.frames.columns.CORPORATE_ACTIONS``, of any symbols; those
        after a symbol's first session and until its last travel with it. None: there are none, which the report says.
    timeframe
        ``"1d"`` or ``"1m"``; when left out it is told from when the bars start.
    fill
        ``"previous_close"``: sessions and minutes without a bar get one of the close before, with volume 0.

    Returns
    -------
    Path
        The folder: ``daily/<symbol>.csv`` or ``minute/<symbol>.csv`` with ``date, open, high, low, close, volume,
        dividend, split`` (prices in USD per share, volume in shares), and the report that `lookahead` reads. A day
        bears its date; a minute bears its END (UTC), as zipline's calendar counts minutes. Split and dividend of a
        minute bundle stand in a row at midnight, which is no minute of trading. ``BRK.B`` is ``BRK-B`` there.

    Raises
    ------
    ArgumentError
        If a session is missing (the message lists them) and ``fill`` is not given; if prices are not raw, if there are
        options or indices, which zipline does not know, if the folder holds the other timeframe; and if no bar has
        prices, one stands twice, a symbol's prices are adjusted in two ways, a day is no session, or the timeframe
        cannot be told.
    LakeError
        If the folder cannot be written.

    Examples
    --------
    >>> import quantdata as qd, tempfile
    >>> from quantdata.interop import to_zipline
    >>> client, folder = qd.Client("sim", clock="at:2026-11-18T11:00"), tempfile.mkdtemp()
    >>> bundle = to_zipline(client.bars("SPY", "1d", "2026-11-02", "2026-11-13", adjust="raw"), folder)
    >>> sorted(each.name for each in (bundle / "daily").iterdir())
    ['SPY.csv']

    In a program of your own, with ``zipline.data.bundles``: ``register("mine", csvdir_equities(["daily"],
    str(bundle)), calendar_name="XNYS", start_session=..., end_session=...)``, then ``ingest("mine")``.
    """
    found = ready(bars, timeframe=timeframe, fill=fill)
    _check(found, fill)
    goal = Path(folder)
    kind = _FOLDERS[found.timeframe]
    other = "minute" if kind == "daily" else "daily"
    if (goal / other).exists():
        raise ArgumentError(
            f"{goal} holds {other}: zipline ingests days or minutes, so give {kind} a folder of its own"
        )
    regular = _regular(found)
    happened = _within(actions, found)
    files = _with_midnights(regular, happened) if found.is_intraday else _with_columns(regular, happened)
    report = LookaheadReport(
        engine="zipline",
        label="end" if found.is_intraday else "session",
        notes=_notes(found, happened, is_told=actions is not None, left_out=found.bars.height - regular.height),
        **{**found.facts, "rows": regular.height},
    )
    _write(files, goal, kind, report)
    return goal


def _check(found: Ready, fill: str | None) -> None:
    strange = [symbol for symbol in found.symbols if not is_equity(symbol)]
    if strange:
        raise ArgumentError(f"zipline knows stocks and funds; {', '.join(strange[:5])} cannot be loaded into it")
    if found.timeframe not in _FOLDERS:
        raise ArgumentError(f"zipline takes bars of a day or a minute, not {found.timeframe}")
    if found.facts["adjustment"] != "raw":
        raise ArgumentError(
            f"zipline adjusts raw prices on its own, these are adjusted ({found.facts['adjustment']}): "
            "ask for bars(..., adjust='raw') and hand the splits and dividends over as actions="
        )
    if fill is None and found.facts["missing_sessions"]:
        told = "; ".join(f"{symbol} lacks {_listed(days)}" for symbol, days in found.facts["missing_sessions"].items())
        raise ArgumentError(f"zipline wants every session: {told}. Load them, or say fill='previous_close'")


def _listed(days: tuple[date, ...]) -> str:
    more = f" and {len(days) - _MOST_DAYS} more" if len(days) > _MOST_DAYS else ""
    return f"{', '.join(map(str, days[:_MOST_DAYS]))}{more}"


def _regular(found: Ready) -> pl.DataFrame:
    """Return the rows that zipline's calendar has: all days, of minutes those in regular hours."""
    day = pl.col("session").dt.to_string("%Y-%m-%d")
    if not found.is_intraday:
        return found.bars.with_columns(date=day)
    ends = pl.col("end").dt.to_string("%Y-%m-%d %H:%M:%S")
    return found.bars.filter("is_regular").with_columns(date=ends)


def _within(actions: pl.DataFrame | None, found: Ready) -> pl.DataFrame:
    """Return ``symbol, session, split, dividend`` of what happened after a symbol's first session."""
    given = empty(CORPORATE_ACTIONS) if actions is None else actions
    lacking = [name for name in ("symbol", "ex_date", "action", "ratio", "amount") if name not in given.columns]
    if lacking:
        raise ArgumentError(f"actions lack {', '.join(lacking)}: they are a frame of CORPORATE_ACTIONS")
    days = found.bars.select("symbol", "session").unique().sort("session")
    first = days.group_by("symbol").agg(pl.col("session").min().alias("first"))
    on_sessions = given.sort("ex_date").join_asof(
        days, left_on="ex_date", right_on="session", by="symbol", strategy="forward", check_sortedness=False
    )
    told = on_sessions.drop_nulls("session").join(first, on="symbol").filter(pl.col("ex_date") > pl.col("first"))
    return (
        told.group_by("symbol", "session")
        .agg(
            split=pl.col("ratio").filter(pl.col("action") == "split").product(),
            dividend=pl.col("amount").filter(pl.col("action") == "dividend").sum(),
        )
        .sort("symbol", "session")
    )


def _with_columns(days: pl.DataFrame, happened: pl.DataFrame) -> pl.DataFrame:
    joined = days.join(happened, on=["symbol", "session"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("split").fill_null(1.0), pl.col("dividend").fill_null(0.0))


def _with_midnights(minutes: pl.DataFrame, happened: pl.DataFrame) -> pl.DataFrame:
    # csvdir dates a split by its row, and zipline looks it up by the session's midnight: with the split in a row of
    # trading it is never found, and a position of 10 stays 10 after 4 for 1 (zipline-reloaded 3.2.1).
    plain = minutes.with_columns(split=pl.lit(1.0), dividend=pl.lit(0.0))
    midnights = happened.with_columns(
        date=pl.col("session").dt.to_string("%Y-%m-%d 00:00:00"),
        **{name: pl.lit(value) for name, value in _NO_TRADE.items()},
    )
    return pl.concat([plain, midnights], how="diagonal_relaxed").sort("symbol", "date")


def _notes(found: Ready, happened: pl.DataFrame, *, is_told: bool, left_out: int) -> tuple[str, ...]:
    notes = ["zipline keeps prices to 0.001 USD and volumes in whole shares"]
    if is_told:
        splits, dividends = (happened["split"] != 1).sum(), (happened["dividend"] != 0).sum()
        notes.append(
            f"prices are raw; {splits} splits and {dividends} dividends stand beside them, for zipline to apply"
        )
        if dividends:
            notes.append("csvdir knows no pay dates: zipline never pays dividends in cash, data.history() counts them")
    else:
        notes.append("prices are raw and no actions= were given: a split looks like a loss, dividends are not paid")
    if left_out:
        notes.append(f"{left_out:,} bars outside regular hours are left out, which zipline's calendar does not have")
    renamed = [symbol for symbol in found.symbols if "." in symbol]
    if renamed:
        notes.append(f"csvdir cannot read a dot in a symbol: {renamed[0]} is {_spelt(renamed[0])} there")
    return tuple(notes)


def _spelt(symbol: str) -> str:
    return symbol.replace(".", "-")


def _write(rows: pl.DataFrame, goal: Path, kind: str, report: LookaheadReport) -> None:
    columns = [
        "date",
        "open",
        "high",
        "low",
        "close",
        pl.col("volume").fill_null(0).round().cast(pl.Int64),
        "dividend",
        "split",
    ]
    try:
        (goal / kind).mkdir(parents=True, exist_ok=True)
        for (symbol,), part in rows.group_by("symbol", maintain_order=True):
            _replace(goal / kind / f"{_spelt(str(symbol))}.csv", part.select(columns).write_csv().encode())
        _replace(goal / REPORT_FILE, msgspec.json.encode(report))
    except OSError as error:
        raise LakeError(f"the bundle cannot be written to {goal} ({error}): check room and permissions") from error


def _replace(file: Path, content: bytes) -> None:
    # csvdir takes every name with .csv in it for a symbol: what is not finished has none.
    unfinished = file.with_name(f"{file.stem}.part")
    unfinished.write_bytes(content)
    unfinished.replace(file)
