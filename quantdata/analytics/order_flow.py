"""Order flow of option contracts: from their tape where there is one, else from the chain's volume, else unknown."""

from __future__ import annotations

from typing import Final

import polars as pl

from quantdata.analytics.print_sides import is_another, signed
from quantdata.frames.chain import current_volume, newest_session
from quantdata.frames.columns import FEED, FLOW, FLOW_BIAS, FLOW_METHOD, MOMENT, TEXTS
from quantdata.frames.provenance import canonical

__all__ = [
    "NO_TAPE",
    "PART_OF_SESSION",
    "TICK_TEST_ONLY",
    "by_premium",
    "chain_flow",
    "flow_of_totals",
    "noted",
    "print_totals",
    "summed",
    "sweep_totals",
    "sweeps",
    "tape_flow",
    "unknown_flow",
]

# USD per print.
BLOCK_PREMIUM: Final = 100_000.0
# Contracts; below that a ratio says little.
LEAST_UNUSUAL_VOLUME: Final = 500
# flow_score from which on there is a bias: with all volume signed, 60 contracts bought for 40 sold.
BIAS_FROM: Final = 20.0
# Prints of one sweep follow each other within this time; simulated ones take 1 ms in all.
SWEEP_GAP_MS: Final = 3
LEAST_VENUES: Final = 2
# Share of the prints that have a side; with quotes for fewer, it is the tick test that tells.
MOST_QUOTED: Final = 0.5

# Notes on a row.
NO_TAPE: Final = "no_tape"
TICK_TEST_ONLY: Final = "signed_by_tick_test"
PART_OF_SESSION: Final = "part_of_session"

FROM_CHAIN: Final = ("source", "snapshot_ts", "received_ts", "feed", "fallback_reason")
TOTALS: Final = (
    "trade_count",
    "volume",
    "buy_volume",
    "sell_volume",
    "unclassified_volume",
    "block_count",
    "sweep_count",
)
_SUMS: Final = (*TOTALS, "premium", "quoted_count", "sided_count")
_TOTALS: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    **dict.fromkeys(_SUMS, pl.Int64()),
    "premium": pl.Float64(),
    "tape_feed": FEED,
    "updated_ts": MOMENT,
}


def tape_flow(trades: pl.DataFrame, quotes: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    """Return the order flow of contracts, print by print.

    Sides are those of `print_sides.signed`. Of each contract:

    - ``volume``: size of all prints but cancels and corrections; ``buy_volume`` and ``sell_volume`` of those with a
      side; ``unclassified_volume`` is the rest: of unknown side, and packages, auctions, crosses, the floor,
      reopenings and late reports.
    - ``premium``: sum of ``price * size * multiplier``.
    - ``buy_pressure``: ``100 * buy_volume / (buy_volume + sell_volume)``.
    - ``sweep_count``: groups of prints of one contract and side, each within 3 ms of the print before, that were an
      intermarket sweep order or traded on two venues or more. Packages and the like are in none.
    - ``block_count``: prints of at least 100,000 USD premium.
    - ``volume_oi_ratio``: ``volume / open_interest``. ``is_unusual``: at least 500 contracts, and more than
      open_interest: more than one day's opening and closing of what was there.
    - ``flow_score``: ``100 * (buy_volume - sell_volume) / volume`` of a call, the negative of that of a put: 100 when
      all was bought calls (or sold puts), -100 when all was sold calls (or bought puts); volume without a side counts
      as neither. Null without a signed print.
    - ``flow_bias``: bullish from a score of 20, bearish from -20, else neutral.

    Parameters
    ----------
    trades
        Tapes of the contracts over the span, with the columns of `TRADES`.
    quotes
        Their quotes, with the columns of `OPTION_QUOTES`; without any, sides are told by the tick test alone.
    contracts
        Their rows of a chain.

    Returns
    -------
    pl.DataFrame
        One row for each of ``contracts``, in their order, with the columns of `FLOW`; ``method`` is ``tape``. A
        contract without prints has volume 0. ``notes`` has ``signed_by_tick_test`` where fewer than half of the prints
        had a quote to compare with.
    """
    prints = signed(trades, quotes).join(
        contracts.select("contract_symbol", "multiplier"), left_on="symbol", right_on="contract_symbol", how="inner"
    )
    return flow_of_totals(summed(print_totals(prints), sweep_totals(sweeps(prints))), contracts)


def flow_of_totals(totals: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    """Return the order flow of contracts as `tape_flow` does, from totals of their prints.

    Parameters
    ----------
    totals
        As `summed` returns them; contracts that are not asked for have no say.
    contracts
        Their rows of a chain.
    """
    rows = contracts.select("contract_symbol", "option_type", "open_interest", "multiplier", *FROM_CHAIN).join(
        totals, left_on="contract_symbol", right_on="symbol", how="left", maintain_order="left"
    )
    completed = rows.with_columns(
        *(pl.col(name).fill_null(0) for name in TOTALS),
        premium=pl.when(pl.col("multiplier").is_not_null()).then(pl.col("premium").fill_null(0.0)),
        feed=pl.min_horizontal("feed", "tape_feed"),
        method=pl.lit("tape", FLOW_METHOD),
        notes=_noted(pl.col("quoted_count") < MOST_QUOTED * pl.col("sided_count"), TICK_TEST_ONLY),
    )
    return _finished(completed.with_columns(_buy_pressure(), _score()))


def print_totals(prints: pl.DataFrame) -> pl.DataFrame:
    """Return what prints sum up to, one row a contract; `summed` adds such rows up.

    Parameters
    ----------
    prints
        As `signed` returns them, with the ``multiplier`` of their contract.
    """
    premium = pl.col("price") * pl.col("size") * pl.col("multiplier")
    size = pl.col("size").cast(pl.Int64)
    has_side = ~pl.col("is_apart")
    return prints.group_by("symbol").agg(
        pl.len().cast(pl.Int64).alias("trade_count"),
        size.sum().alias("volume"),
        premium.sum().alias("premium"),
        size.filter(pl.col("side") == "buy").sum().alias("buy_volume"),
        size.filter(pl.col("side") == "sell").sum().alias("sell_volume"),
        size.filter(pl.col("side").is_null()).sum().alias("unclassified_volume"),
        (premium >= BLOCK_PREMIUM).sum().cast(pl.Int64).alias("block_count"),
        (pl.col("is_quoted") & has_side).sum().cast(pl.Int64).alias("quoted_count"),
        has_side.sum().cast(pl.Int64).alias("sided_count"),
        pl.col("feed").min().alias("tape_feed"),
        pl.col("ts").max().cast(MOMENT).alias("updated_ts"),
    )


def sweeps(prints: pl.DataFrame) -> pl.DataFrame:
    """Return the sweeps among prints that `signed` returned: ``symbol``, and ``ts`` of the first print of each."""
    group = ["symbol", "side"]
    ordered = prints.filter(~pl.col("is_apart")).sort(*group, "ts", maintain_order=True)
    is_late = pl.col("ts").diff() > pl.duration(milliseconds=SWEEP_GAP_MS)
    is_first = is_another("symbol") | is_another("side") | is_late
    orders = (
        ordered.with_columns(order=is_first.cum_sum())
        .group_by("order")
        .agg(
            pl.col("symbol").first(),
            pl.col("exchange").drop_nulls().n_unique().alias("venues"),
            pl.col("is_sweep").any(),
            pl.col("ts").min(),
        )
    )
    return orders.filter((pl.col("venues") >= LEAST_VENUES) | pl.col("is_sweep")).select("symbol", "ts")


def sweep_totals(starts: pl.DataFrame) -> pl.DataFrame:
    """Return how many `sweeps` each contract has, as a part of its totals."""
    return starts.group_by("symbol").agg(pl.len().cast(pl.Int64).alias("sweep_count"))


def summed(*parts: pl.DataFrame) -> pl.DataFrame:
    """Return totals of prints, one row a contract, from those of parts of them."""
    together = pl.concat([pl.DataFrame(schema=_TOTALS), *parts], how="diagonal")
    return together.group_by("symbol").agg(pl.col(*_SUMS).sum(), pl.col("tape_feed").min(), pl.col("updated_ts").max())


def chain_flow(chain: pl.DataFrame) -> pl.DataFrame:
    """Return the order flow of the current session, as far as a chain alone tells: how much was traded.

    ``volume`` is that of the newest session (an older day block, or none, counts as 0), ``premium`` is ``volume *
    price * multiplier`` with the day's vwap as price, else the mid, else the last price. Ratio and ``is_unusual`` are
    those of `tape_flow`. Who bought and who sold is not known: counts, sides, pressure and score are null,
    ``flow_bias`` is neutral.

    Parameters
    ----------
    chain
        With the columns of `CHAIN`.

    Returns
    -------
    pl.DataFrame
        One row for each contract, in their order, with the columns of `FLOW`; ``method`` is ``chain``. A chain without
        any day block does not tell even that: it gets the rows of `unknown_flow`.
    """
    if chain.get_column("day_session").null_count() == chain.height:
        return unknown_flow(chain)
    price = pl.coalesce("vwap", "mid", "last")
    volume = current_volume(newest_session(chain.get_column("snapshot_ts")[0]))
    rows = chain.with_columns(volume=volume).with_columns(
        premium=pl.when(pl.col("volume") == 0).then(0.0).otherwise(pl.col("volume") * price * pl.col("multiplier")),
        method=pl.lit("chain", FLOW_METHOD),
        updated_ts=pl.when(pl.col("volume") > 0).then("last_ts"),
    )
    return _finished(
        rows.select("contract_symbol", "open_interest", "volume", "premium", "method", "updated_ts", *FROM_CHAIN)
    )


def unknown_flow(contracts: pl.DataFrame) -> pl.DataFrame:
    """Return rows for contracts of whose order flow nothing is known: neutral, method none, confidence 0."""
    rows = contracts.select("contract_symbol", *FROM_CHAIN).with_columns(
        open_interest=pl.lit(None, pl.Int64),
        volume=pl.lit(None, pl.Int64),
        method=pl.lit("none", FLOW_METHOD),
        confidence=pl.lit(0, pl.UInt8),
    )
    return _finished(rows)


def noted(flow: pl.DataFrame, note: str, contracts: list[str]) -> pl.DataFrame:
    """Return order flow with a note more on the rows of some contracts."""
    more = pl.concat_list(pl.col("notes").fill_null([]), pl.lit([note], TEXTS))
    return flow.with_columns(notes=pl.when(pl.col("contract_symbol").is_in(contracts)).then(more).otherwise("notes"))


def by_premium(flow: pl.DataFrame) -> pl.DataFrame:
    """Return order flow with the largest premium first; what is not known last."""
    return flow.sort("premium", "contract_symbol", descending=[True, False], nulls_last=True)


def _buy_pressure() -> pl.Expr:
    both = pl.col("buy_volume") + pl.col("sell_volume")
    return pl.when(both > 0).then(100 * pl.col("buy_volume") / both).alias("buy_pressure")


def _score() -> pl.Expr:
    bought = pl.col("buy_volume") - pl.col("sell_volume")
    is_signed = pl.col("buy_volume") + pl.col("sell_volume") > 0
    direction = pl.col("option_type").cast(pl.String).replace_strict({"call": 1, "put": -1}, default=None)
    return pl.when(is_signed).then(100 * direction * bought / pl.col("volume")).alias("flow_score")


def _noted(is_so: pl.Expr, note: str) -> pl.Expr:
    return pl.when(is_so).then(pl.lit([note], TEXTS))


def _finished(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with what follows from volume and score, as a canonical frame."""
    score = pl.col("flow_score") if "flow_score" in rows.columns else pl.lit(None, pl.Float64)
    bias = (
        pl.when(score >= BIAS_FROM)
        .then(pl.lit("bullish"))
        .when(score <= -BIAS_FROM)
        .then(pl.lit("bearish"))
        .otherwise(pl.lit("neutral"))
    )
    is_unusual = (pl.col("volume") >= LEAST_UNUSUAL_VOLUME) & (pl.col("volume") > pl.col("open_interest"))
    complete = rows.with_columns(
        volume_oi_ratio=pl.when(pl.col("open_interest") > 0).then(pl.col("volume") / pl.col("open_interest")),
        is_unusual=pl.when(pl.col("open_interest").is_not_null()).then(is_unusual),
        flow_bias=bias.cast(FLOW_BIAS),
    )
    return complete.select(canonical(FLOW, complete.columns))
