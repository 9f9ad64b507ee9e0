"""Chains for optopsy: `to_optopsy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quantdata.interop.bars import collected, sources
from quantdata.interop.chains import quoted
from quantdata.interop.report import LookaheadReport, to_facts
from quantdata.interop.tables import index, table
from quantdata.sessions import NEW_YORK, sessions
from quantdata.validation.kinds import CHAIN

if TYPE_CHECKING:
    from datetime import date, time

    import pandas as pd

__all__ = ["to_optopsy"]

_LOADER: Final = "to_optopsy"
_TEXTS: Final = ("underlying_symbol", "option_type")
_DAYS: Final = ("expiration", "quote_date")
_NEEDED: Final = ("underlying_price", "strike", "bid", "ask")
_MORE: Final = ("delta", "gamma", "theta", "vega", "implied_volatility", "volume", "open_interest")
_ORDER: Final = (
    "underlying_symbol",
    "underlying_price",
    "option_type",
    "expiration",
    "quote_date",
    "strike",
    "bid",
    "ask",
    *_MORE,
)
_OI: Final = ("open_interest", "open_interest_date")
_CONTRACT: Final = ("underlying_symbol", "option_type", "expiration", "strike")


def to_optopsy(chains: pl.DataFrame | pl.LazyFrame, *, at: time | None = None) -> pd.DataFrame:
    """Return the history of chains as optopsy takes it: one row per contract and session.

    Parameters
    ----------
    chains
        Of a lake's ``scan("chains")`` or of several ``qd.chain`` calls under each other, of any underlyings. What was
        asked for with filters counts like any other: keep like with like.
    at
        Time of day in New York: the newest snapshot of each session that was not taken after it counts; None: the
        session's newest.

    Returns
    -------
    pandas.DataFrame
        ``underlying_symbol, underlying_price, option_type, expiration, quote_date, strike, bid, ask, delta, gamma,
        theta, vega, implied_volatility, volume, open_interest``: texts, ``datetime64[ns]`` without a zone, float64;
        sorted by session and contract. Prices are raw; USD per share. ``volume`` is that of ``quote_date``.
        ``open_interest`` is what had been published by then, that of the session before. Series that share dates and
        strikes (SPX and SPXW) are kept apart: each stands under its root. `lookahead` of it says what to look out for.

    Raises
    ------
    ArgumentError
        If it is no chain, or no row can be used.
    ConfigError
        If pandas is not installed.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.interop import lookahead, to_optopsy
    >>> client = qd.Client("sim", clock="at:2026-11-18T11:00")
    >>> options = to_optopsy(client.chain("SPY", dte=(0, 7)))
    >>> str(options.quote_date[0].date()), lookahead(options).open_interest_lag
    ('2026-11-18', 1)

    In a program of your own: ``optopsy.long_calls(options, max_entry_dte=45, exit_dte=7)``.
    """
    given = collected(chains, CHAIN)
    daily = _one_a_session(given, at)
    found = quoted(daily, _NEEDED)
    roots = _several_roots(found.chains)
    ordered = _lagged(_by_root(found.chains, roots).sort("quote_date", *_CONTRACT))
    missing = _missing_sessions(ordered)
    report = LookaheadReport(
        engine="optopsy",
        symbols=tuple(ordered["underlying_symbol"].unique(maintain_order=True)),
        rows=ordered.height,
        first=min(ordered["quote_date"]),
        last=max(ordered["quote_date"]),
        label="snapshot",
        missing_sessions=missing,
        dropped_rows=found.dropped_rows,
        open_interest_lag=_lag(ordered),
        notes=(*_about_snapshots(given, daily, ordered), *_about_rows(ordered, roots, missing), *found.notes),
        **sources(ordered),
    )
    loaded = table(_columns(ordered), None, loader=_LOADER)
    loaded.attrs = to_facts(report)
    return loaded


def _one_a_session(chains: pl.DataFrame, at: time | None) -> pl.DataFrame:
    """Return each underlying's newest snapshot of each session, with ``quote_date``."""
    new_york = pl.col("snapshot_ts").dt.convert_time_zone(str(NEW_YORK))
    dated = chains.with_columns(quote_date=new_york.dt.date())
    if at is not None:
        dated = dated.filter(new_york.dt.time() <= at)
    if dated.is_empty():
        return dated
    days = [each.day for each in sessions(min(dated["quote_date"]), max(dated["quote_date"]))]
    newest = pl.col("snapshot_ts") == pl.col("snapshot_ts").max().over("underlying_symbol", "quote_date")
    return dated.filter(pl.col("quote_date").is_in(days)).filter(newest)


def _several_roots(chains: pl.DataFrame) -> tuple[str, ...]:
    """Return the underlyings with several series, such as SPX: their contracts may share all that optopsy looks at."""
    counts = chains.group_by("underlying_symbol").agg(pl.col("root_symbol").n_unique())
    return tuple(counts.filter(pl.col("root_symbol") > 1)["underlying_symbol"].sort())


def _by_root(chains: pl.DataFrame, roots: tuple[str, ...]) -> pl.DataFrame:
    name = pl.when(pl.col("underlying_symbol").is_in(roots)).then("root_symbol").otherwise("underlying_symbol")
    return chains.with_columns(underlying_symbol=name)


def _lagged(chains: pl.DataFrame) -> pl.DataFrame:
    """Put the session before's open interest where it is of the quote's own session, which is published a day later."""
    is_early = (pl.col("open_interest_date") >= pl.col("quote_date")).fill_null(value=False)
    before = (
        pl.when("is_early").then(pl.col(name).shift().over(_CONTRACT)).otherwise(name).alias(name) for name in _OI
    )
    return chains.with_columns(is_early=is_early).with_columns(before)


def _lag(chains: pl.DataFrame) -> int | None:
    """Return the least number of sessions from that of open interest to that of the quote."""
    known = chains.drop_nulls("open_interest_date").select("open_interest_date", "quote_date").unique()
    if known.is_empty():
        return None
    pairs: list[tuple[date, date]] = known.rows()
    days = [each.day for each in sessions(min(map(min, pairs)), max(map(max, pairs)))]
    return min(sum(since < day <= quoted for day in days) for since, quoted in pairs)


def _missing_sessions(chains: pl.DataFrame) -> dict[str, tuple[date, ...]]:
    found = chains.group_by("underlying_symbol").agg(pl.col("quote_date").unique()).sort("underlying_symbol")
    missing = {
        symbol: tuple(each.day for each in sessions(min(days), max(days)) if each.day not in days)
        for symbol, days in found.iter_rows()
    }
    return {symbol: days for symbol, days in missing.items() if days}


def _columns(chains: pl.DataFrame) -> dict[str, Any]:
    """Return the columns in types that optopsy's checks know: categories and zones it refuses."""
    is_of_the_day = pl.col("day_session") == pl.col("quote_date")
    own = chains.with_columns(volume=pl.when(is_of_the_day).then("volume").when(~is_of_the_day).then(0))
    texts = {name: own[name].cast(pl.String).to_list() for name in _TEXTS}
    days = {name: index(own[name].cast(pl.Datetime("ns")), name, loader=_LOADER) for name in _DAYS}
    numbers = {name: own[name].cast(pl.Float64).to_numpy(writable=True) for name in (*_NEEDED, *_MORE)}
    both = {**texts, **days, **numbers}
    return {name: both[name] for name in _ORDER}


def _about_snapshots(given: pl.DataFrame, daily: pl.DataFrame, used: pl.DataFrame) -> list[str]:
    taken = used["snapshot_ts"].dt.convert_time_zone(str(NEW_YORK)).dt.time()
    span = f"between {min(taken):%H:%M} and {max(taken):%H:%M} New York"
    notes = [f"a session is one snapshot, taken {span}: a strategy buys and sells at its quotes"]
    all_of_them, kept = (each.select("underlying_symbol", "snapshot_ts").n_unique() for each in (given, daily))
    if left_out := all_of_them - kept:
        why = "later than at=, older than a session's newest, or of no session"
        notes.append(f"{left_out:,} more snapshots are left out: {why}")
    return notes


def _about_rows(used: pl.DataFrame, roots: tuple[str, ...], missing: dict[str, tuple[date, ...]]) -> list[str]:
    notes = []
    if early := used["is_early"].sum():
        replaced = "open interest of the quote's own session is replaced by that of the session before"
        notes.append(f"{replaced} in {early:,} rows")
    if roots:
        notes.append(f"series of {', '.join(roots)} share dates and strikes: underlying_symbol is their root")
    if missing:
        notes.append("a trade whose exit falls on a missing session is not in optopsy's result, gain or loss")
    return notes
