"""Which side of a print took the other one's price: buyer, seller, or not to be known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.analytics.option_prints import ids_of
from quantdata.sessions import NEW_YORK

if TYPE_CHECKING:
    from quantdata.analytics.option_prints import PrintKind

__all__ = ["SIDE", "TICK_TEST_WITHIN", "counted", "is_another", "sided", "signed"]

SIDE: Final = pl.Enum(["buy", "sell"])
# USD; half of the sum of two prices in cents is not always exact, and no price has more than four decimals.
EPSILON: Final = 1e-6
TICK_TEST_WITHIN: Final = timedelta(seconds=5)
UNSIGNED_KINDS: Final[tuple[PrintKind, ...]] = ("late", "rotation", "auction", "cross", "floor", "multi_leg")


def signed(trades: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """Return the prints of options that count, each with the side that it was taken from.

    A print is compared with the quote held just before it, of the same contract and day:

    - at the ask or above: ``buy``; at the bid or below: ``sell``;
    - inside: ``buy`` above the mid, ``sell`` below it;
    - at the mid, in a locked or crossed market, or without a quote, by the tick test: ``buy`` above the last price that
      was different, ``sell`` below it, if that price is less than 5 seconds old; else null.

    Packages, auctions, crosses, the floor, reopenings and late reports (`option_prints`) have no side and do not serve
    as the last price either. Cancels, corrections and prints without a price or size are left out.

    Parameters
    ----------
    trades
        Tape of one or more contracts, with the columns of `TRADES`.
    quotes
        Their quotes, with the columns of `OPTION_QUOTES`; none will do.

    Returns
    -------
    pl.DataFrame
        Rows of ``trades`` by symbol and time, and ``side`` (Enum buy, sell), ``is_sweep`` (an intermarket sweep order),
        ``is_apart`` (of a kind that has no side) and ``is_quoted`` (there was a quote to compare with).

    References
    ----------
    C. Lee and M. Ready, *Inferring Trade Direction from Intraday Data*, Journal of Finance 46 (1991): quotes first,
    the tick test at the mid.
    """
    return sided(_with_held_quote(counted(trades), quotes)).drop("bid", "ask", "day")


def counted(trades: pl.DataFrame) -> pl.DataFrame:
    """Return the prints that count, with ``day`` (New York), ``is_apart`` and ``is_sweep`` as in `signed`."""
    # A correction indicator tells of a print that was changed or taken back: 0 and null are ordinary ones.
    is_print = (pl.col("price") >= 0) & pl.col("price").is_finite() & (pl.col("size") > 0) & pl.col("size").is_finite()
    stands = (pl.col("correction").fill_null(0) == 0) & ~_has("cancel")
    return trades.filter(is_print & stands).with_columns(_day(), is_apart=_has(*UNSIGNED_KINDS), is_sweep=_has("sweep"))


def sided(prints: pl.DataFrame) -> pl.DataFrame:
    """Return prints by symbol and time with ``side`` and ``is_quoted`` as in `signed`.

    Parameters
    ----------
    prints
        As `counted` returns them, each with ``bid`` and ``ask``, the quote held before it: null where there is none.
    """
    ordered = prints.sort("symbol", "ts", "sequence", nulls_last=True, maintain_order=True).with_row_index("place")
    sides = _with_last_different(ordered.filter(~pl.col("is_apart")))
    found = sides.select("place", _side(), pl.col("ask").is_not_null().alias("is_quoted"))
    whole = ordered.join(found, on="place", how="left", maintain_order="left")
    return whole.with_columns(pl.col("is_quoted").fill_null(value=False)).drop("place")


def _has(*kinds: PrintKind) -> pl.Expr:
    return pl.col("conditions").list.eval(pl.element().is_in(ids_of(*kinds))).list.any().fill_null(value=False)


def _day() -> pl.Expr:
    return pl.col("ts").dt.convert_time_zone(str(NEW_YORK)).dt.date().alias("day")


def _with_held_quote(prints: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """Add bid and ask of the quote held before each print: one of the same nanosecond may be its consequence."""
    usable = (pl.col("bid") >= 0) & (pl.col("ask") > 0) & pl.col("bid").is_finite() & pl.col("ask").is_finite()
    held = quotes.drop_nulls("ts").select(
        "symbol", "ts", _day(), *(pl.when(usable).then(pl.col(name)).alias(name) for name in ("bid", "ask"))
    )
    return prints.sort("ts", maintain_order=True).join_asof(
        held.sort("ts", maintain_order=True),
        on="ts",
        by=["symbol", "day"],
        strategy="backward",
        allow_exact_matches=False,
        check_sortedness=False,
    )


def _with_last_different(prints: pl.DataFrame) -> pl.DataFrame:
    """Add the last price before each print that was another one, and when it was last paid; of prints by symbol."""
    # Contracts and days lie side by side: to look at the row above is many times cheaper than a window for each.
    row, price = pl.int_range(pl.len()), pl.col("price")
    is_first = is_another("symbol") | is_another("day")
    has_changed = ~is_first & (price != price.shift(1))
    begun, changed = (pl.when(each).then(row).forward_fill() for each in (is_first, has_changed))
    before = pl.when(changed > begun).then(changed - 1)
    return prints.with_columns(pl.col(name).gather(before).alias(f"last_{name}") for name in ("price", "ts"))


def is_another(name: str) -> pl.Expr:
    """Return whether a row has another value than the one above it; the first row has."""
    return pl.col(name).ne_missing(pl.col(name).shift(1)) | (pl.int_range(pl.len()) == 0)


def _side() -> pl.Expr:
    price, bid, ask = pl.col("price"), pl.col("bid"), pl.col("ask")
    middle = (bid + ask) / 2
    is_open = bid < ask
    is_fresh = pl.col("ts") - pl.col("last_ts") < TICK_TEST_WITHIN
    # At the ask or above is above the mid, and at the bid or below is below it.
    return (
        pl.when(is_open & (price > middle + EPSILON))
        .then(pl.lit("buy"))
        .when(is_open & (price < middle - EPSILON))
        .then(pl.lit("sell"))
        .when(is_fresh & (price > pl.col("last_price")))
        .then(pl.lit("buy"))
        .when(is_fresh & (price < pl.col("last_price")))
        .then(pl.lit("sell"))
        .cast(SIDE)
        .alias("side")
    )
