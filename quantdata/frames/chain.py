"""What every vendor's chain gets alike: contract facts, expiry, derived prices, liquidity, order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.errors import SymbolError
from quantdata.frames.columns import (
    CHAIN,
    EXERCISE_STYLE,
    EXPIRATION_TYPE,
    FEED,
    LIQUIDITY,
    MODELLED,
    MOMENT,
    SETTLEMENT,
)
from quantdata.frames.provenance import canonical, provenance
from quantdata.sessions import (
    FIRST_DAY,
    LAST_DAY,
    current_session,
    days_to_expiry,
    expiration_type,
    previous_session,
    session_day,
    time_to_expiry,
)
from quantdata.symbols import root_facts

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from quantdata.frames.provenance import Answer
    from quantdata.sessions import Settlement
    from quantdata.symbols import RootFacts, TickSchedule

__all__ = ["SORT", "current_volume", "finish", "newest_session", "remeasured", "root_of", "with_underlying"]

SORT: Final = ("expiration", "root_symbol", "strike", "option_type", "contract_symbol")
STANDARD_MULTIPLIER: Final = 100
MONTHLY_ROOTS: Final = frozenset({"VIX"})
# What is no OCC symbol has no root: one such row has a null identity and leaves the others alone. Massive's own sample
# has nine digits of strike.
_OCC: Final = r"^[A-Z]{1,5}[A-Z1-9]?[0-9]{6}[CP][0-9]{8}$"


def newest_session(at: datetime) -> date:
    """Return the newest session that has opened by a moment: of a Sunday, Friday."""
    session = current_session(at)
    return session.day if session is not None and session.open <= at else previous_session(session_day(at)).day


def root_of(symbol: pl.Expr) -> pl.Expr:
    """Return the option root in OCC symbols; null of what is none."""
    return pl.when(symbol.str.contains(_OCC)).then(symbol.str.head(-15))


def finish(rows: pl.DataFrame, *, underlying: str, answer: Answer) -> pl.DataFrame:
    """Complete vendor rows to the canonical chain: every column of `CHAIN`, in its dtype and order, rows sorted.

    Parameters
    ----------
    rows
        The columns that the vendor gives, in canonical names and dtypes, those that are used here among them: contract,
        prices and their sources and feeds, day, open interest, received_ts. Where root or expiration is null, so is
        what follows from it.
    underlying
        Canonical underlying of all rows.
    answer
        What is known beside the rows.
    """
    known = rows.join(_series_facts(rows, answer.snapshot_ts), on=["root_symbol", "expiration"], how="left")
    derived = known.with_columns(*_contract(underlying, answer), *_quote(), *_group_feeds(answer), *provenance(answer))
    measured = derived.with_columns(spread_percent=100 * pl.col("spread") / pl.col("mid"))
    complete = _measured(measured, answer.snapshot_ts)
    return complete.select(canonical(CHAIN, complete.columns)).sort(SORT)


def remeasured(chain: pl.DataFrame) -> pl.DataFrame:
    """Return a canonical chain of which quotes were changed with the tick size and liquidity that go with them."""
    return _measured(chain, chain.get_column("snapshot_ts")[0]) if chain.height else chain


def _measured(rows: pl.DataFrame, at: datetime) -> pl.DataFrame:
    roots = [root for root in rows.get_column("root_symbol").unique() if root is not None]
    stepped = rows.with_columns(tick_size=_tick_size(roots))
    return stepped.with_columns(liquidity=_liquidity(stepped, newest_session(at)))


def with_underlying(
    chain: pl.DataFrame, *, price: float, ts: datetime | None, source: str, feed: str | None
) -> pl.DataFrame:
    """Return a chain that came without the price of its underlying with that price, from elsewhere."""
    return chain.with_columns(
        underlying_price=pl.lit(price),
        underlying_ts=pl.lit(ts, MOMENT),
        underlying_source=pl.lit(source, MODELLED),
        moneyness=pl.col("strike") / price,
        feed=pl.min_horizontal("feed", pl.lit(feed, FEED)),
    )


def _series_facts(rows: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Return one row a series of what root and expiration tell: settlement, style, days and time to expiry."""
    series = rows.select("root_symbol", "expiration").unique()
    facts = [
        (root, expiration, known.settlement, known.exercise_style, *_expiry(root, expiration, known.settlement, at))
        for root, expiration in series.drop_nulls().iter_rows()
        if (known := _facts_of(root)) is not None
    ]
    return pl.DataFrame(
        facts,
        orient="row",
        schema={
            "root_symbol": pl.String,
            "expiration": pl.Date,
            "settlement": SETTLEMENT,
            "usual_style": EXERCISE_STYLE,
            "expiration_type": EXPIRATION_TYPE,
            "dte": pl.Int64,
            "time_to_expiry": pl.Float64,
        },
    )


def _facts_of(root: str) -> RootFacts | None:
    """Return what is known of a root that a vendor sent; None of one that cannot be, so that the others stay."""
    try:
        return root_facts(root)
    except SymbolError:
        return None


def _expiry(
    root: str | None, expiration: date, settlement: Settlement, at: datetime
) -> tuple[str | None, int, float | None]:
    if not FIRST_DAY <= expiration <= LAST_DAY:
        return None, (expiration - session_day(at)).days, None
    return (
        # Monthly VIX options expire 30 days before the next month's SPX options: a Wednesday, as of weekly ones.
        "standard" if root in MONTHLY_ROOTS else expiration_type(expiration),
        days_to_expiry(expiration, at),
        time_to_expiry(expiration, settlement, at=at),
    )


def _contract(underlying: str, answer: Answer) -> list[pl.Expr]:
    opened = current_session(answer.snapshot_ts)
    counted = previous_session(opened.day).day if opened is not None and opened.open <= answer.snapshot_ts else None
    return [
        pl.lit(underlying).alias("underlying_symbol"),
        pl.coalesce("exercise_style", "usual_style").alias("exercise_style"),
        ((pl.col("multiplier") != STANDARD_MULTIPLIER) | pl.col("root_symbol").str.contains(r"[0-9]$")).alias(
            "is_adjusted"
        ),
        pl.when(pl.col("underlying_price") > 0).then(pl.col("strike") / pl.col("underlying_price")).alias("moneyness"),
        pl.when(pl.col("open_interest").is_not_null()).then(pl.lit(counted)).alias("open_interest_date"),
    ]


def _quote() -> list[pl.Expr]:
    two_sided = (pl.col("bid") > 0) & (pl.col("ask") > 0)
    return [
        # Rounded, since 2.71 - 2.69 is not quite 0.02; no price has more than four decimals.
        pl.when(two_sided).then(((pl.col("bid") + pl.col("ask")) / 2).round(6)).alias("mid"),
        pl.when(two_sided).then((pl.col("ask") - pl.col("bid")).round(6)).alias("spread"),
    ]


def _group_feeds(answer: Answer) -> list[pl.Expr]:
    """Return the feeds of quote and greeks: no fresher than the whole answer, also where the market is simulated."""
    worst = pl.lit("delayed" if answer.is_delayed else None, FEED)
    return [
        pl.when(pl.col(f"{group}_source").is_not_null())
        .then(pl.min_horizontal(f"{group}_feed", worst))
        .alias(f"{group}_feed")
        for group in ("quote", "greeks")
    ]


def _tick_size(roots: Collection[str]) -> pl.Expr:
    """Return the smallest price step at the row's price: its bid, else its offer, last trade or close."""
    price = pl.coalesce(pl.when(pl.col("bid") > 0).then("bid"), "ask", "last", "close")
    by_schedule: dict[TickSchedule, list[str]] = {}
    for root in roots:
        if (facts := _facts_of(root)) is not None:
            by_schedule.setdefault(facts.ticks, []).append(root)
    expression = pl.lit(None, pl.Float64)
    for schedule, members in by_schedule.items():
        expression = pl.when(pl.col("root_symbol").is_in(members)).then(_step(schedule, price)).otherwise(expression)
    return expression


def _step(schedule: TickSchedule, price: pl.Expr) -> pl.Expr:
    (_, first), *others = schedule
    expression = pl.lit(first)
    for price_from, tick in others:
        expression = pl.when(price >= price_from).then(pl.lit(tick)).otherwise(expression)
    return expression


def _liquidity(rows: pl.DataFrame, newest: date) -> pl.Expr:
    """Grade each row; null where the whole chain came without quotes, which says nothing about the market."""
    if rows.get_column("quote_source").null_count() == rows.height:
        return pl.lit(None, LIQUIDITY)
    fewest = pl.min_horizontal(current_volume(newest), pl.col("open_interest").fill_null(0))
    wide = (pl.col("spread_percent") > 5) & (pl.col("spread") > 2 * pl.col("tick_size") + 1e-9)  # noqa: PLR2004
    grade = (
        pl.when(wide.fill_null(value=True))
        .then(pl.lit("poor"))
        .when(fewest < 10)  # noqa: PLR2004
        .then(pl.lit("fair"))
        .when(fewest < 100)  # noqa: PLR2004
        .then(pl.lit("good"))
        .otherwise(pl.lit("excellent"))
    )
    return grade.cast(LIQUIDITY)


def current_volume(newest: date) -> pl.Expr:
    """Return today's volume: that of an old day block, or none, counts as 0."""
    return pl.when(pl.col("day_session") >= newest).then(pl.col("volume")).fill_null(0)
