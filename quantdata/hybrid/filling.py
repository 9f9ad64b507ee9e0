"""Gaps of one vendor's chain, filled with whole groups of columns of the other's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quantdata.frames import columns
from quantdata.frames.chain import remeasured
from quantdata.frames.model import OF_THE_QUOTE
from quantdata.validation.bounds import is_alive
from quantdata.validation.chain_rules import CHAIN_RULES
from quantdata.validation.rule import not_in_future

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, timedelta

    from quantdata.frames.columns import Column

__all__ = ["FILLABLE", "filled", "gap_expirations", "gaps", "is_missing", "with_rows"]

OTHER: Final = "_other"


class Group(NamedTuple):
    """A group of columns that one vendor fills as a whole.

    Attributes
    ----------
    name
        As in ``quote``.
    columns
        Its columns; ``source`` is the one that says who gave it.
    is_gap
        Where the other vendor may have what is missing. That nothing was ever traded, that nobody bids, that a quote
        implies no volatility: these are states, not gaps. A block that no row has is one that the plan lacks, and of
        those the quote alone is worth another vendor's requests.
    is_good
        Where the other vendor's group can be taken.
    """

    name: str
    columns: tuple[str, ...]
    source: str
    is_gap: pl.Expr
    is_good: pl.Expr


def _names(group: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in group)


def _has_no_error(about: str) -> pl.Expr:
    """Return where nothing is wrong with a group, nor with the whole row, by the vendor's own verdict."""
    wrong = [rule.name for rule in CHAIN_RULES if rule.severity == "error" and rule.group in {"row", about}]
    return pl.col("errors").list.set_intersection(wrong).list.len().fill_null(0) == 0


def _lacks(source: str) -> pl.Expr:
    """Return where a row lacks what others of the chain have."""
    return pl.col(source).is_null() & pl.col(source).is_not_null().any()


_HAS_TRADED_TODAY: Final = pl.col("volume") > 0
FILLABLE: Final = (
    Group(
        "quote",
        _names(columns.QUOTE),
        "quote_source",
        is_alive() & pl.col("quote_source").is_null(),
        pl.col("quote_confidence") > 0,
    ),
    Group(
        "trade",
        _names(columns.TRADE),
        "trade_source",
        _lacks("trade_source") & _HAS_TRADED_TODAY,
        (pl.col("last") > 0) & _has_no_error("trade"),
    ),
    Group(
        "day",
        _names(columns.DAY),
        "day_source",
        _lacks("day_source") & pl.col("trade_source").is_not_null(),
        _HAS_TRADED_TODAY & _has_no_error("day"),
    ),
    Group(
        "open_interest",
        _names(columns.OPEN_INTEREST),
        "open_interest_source",
        _lacks("open_interest_source"),
        (pl.col("open_interest") >= 0) & _has_no_error("interest"),
    ),
)
STAMPS: Final = {"quote": "quote_ts", "trade": "last_ts"}


def gaps(chain: pl.DataFrame) -> pl.DataFrame:
    """Return one truth value for each row and fillable group: whether there is a gap."""
    return chain.select(group.is_gap.fill_null(value=False).alias(group.name) for group in FILLABLE)


def gap_expirations(chain: pl.DataFrame) -> list[date]:
    """Return the expirations in which there is any gap, nearest first."""
    rows = chain.select("expiration", gaps(chain).select(pl.any_horizontal(pl.all())).to_series().alias("is_gap"))
    return rows.filter("is_gap").get_column("expiration").drop_nulls().unique().sort().to_list()


def filled(chain: pl.DataFrame, other: pl.DataFrame, *, oldest: timedelta, now: datetime) -> tuple[pl.DataFrame, int]:
    """Return a chain with its gaps filled, and how many rows were.

    Parameters
    ----------
    chain
        Canonical rows.
    other
        The other vendor's, each contract once, priced and judged.
    oldest
        What came so long before the present fills nothing: a row takes the age of its oldest part.
    now
        The present (UTC), by the clock that ``received_ts`` is of.

    Notes
    -----
    A group is taken whole, with its own time and source, and never one that is wrong, came too long ago or is of a time
    after the chain's answer, nor anything of a contract whose root or multiplier is another. A filled row is
    ``hybrid``, its feed the worse of both and its ``received_ts`` the older. Volatility and greeks of the first vendor
    do not stay beside a quote of the other: they become null, for the model to fill. Rows are neither added nor lost.
    """
    joined = chain.join(
        _offered(other.filter(pl.col("received_ts") >= now - oldest)),
        left_on="contract_symbol",
        right_on=f"contract_symbol{OTHER}",
        how="left",
        maintain_order="left",
    )
    is_same = (pl.col("root_symbol") == pl.col(f"root_symbol{OTHER}")) & (
        pl.col("multiplier") == pl.col(f"multiplier{OTHER}")
    )
    marked = joined.with_columns(
        (group.is_gap & pl.col(f"_has_{group.name}{OTHER}") & is_same & _is_past(group))
        .fill_null(value=False)
        .alias(f"_take_{group.name}")
        for group in FILLABLE
    )
    is_taken = pl.any_horizontal(f"_take_{group.name}" for group in FILLABLE)
    count = int(marked.select(is_taken.sum()).item())
    if not count:
        return chain, 0
    taken = marked.with_columns(
        *(_from_other(name, pl.col(f"_take_{group.name}")) for group in FILLABLE for name in group.columns),
        # They were computed from another quote than the one that has been filled in: the model's are put there.
        *(pl.when(~pl.col("_take_quote")).then(name).alias(name) for name in OF_THE_QUOTE),
        source=pl.when(is_taken).then(pl.lit("hybrid", columns.SOURCE)).otherwise("source"),
        feed=pl.when(is_taken).then(pl.min_horizontal("feed", f"feed{OTHER}")).otherwise("feed"),
        received_ts=pl.when(is_taken)
        .then(pl.min_horizontal("received_ts", f"received_ts{OTHER}"))
        .otherwise("received_ts"),
    )
    return remeasured(taken.select(chain.columns)), count


def is_missing(quotes: pl.DataFrame) -> pl.Expr:
    """Return which equity or index quotes are missing: the vendor refused them, or sent no price."""
    value = "price" if "price" in quotes.columns else "value"
    return pl.col("vendor_error").is_not_null() | pl.col(value).is_null()


def with_rows(quotes: pl.DataFrame, other: pl.DataFrame, *, first: str) -> pl.DataFrame:
    """Return quotes in which rows that one vendor refused are the other vendor's, where that has them.

    Parameters
    ----------
    quotes, other
        Equity or index quotes; the rows of ``other`` are about symbols that are missing in ``quotes``.
    first
        Name of the vendor that refused.
    """
    why = pl.coalesce("vendor_error", pl.lit("no price"))
    refusals = quotes.select("symbol", pl.format("{}: {}", pl.lit(first), why).alias("fallback_reason"))
    given = other.filter(~is_missing(other)).drop("fallback_reason")
    mended = given.join(refusals, on="symbol", how="inner").select(quotes.columns)
    kept = quotes.join(mended.select("symbol"), on="symbol", how="anti")
    in_order = quotes.select("symbol").join(pl.concat([kept, mended]), on="symbol", how="left", maintain_order="left")
    return in_order.select(quotes.columns)


def _offered(other: pl.DataFrame) -> pl.DataFrame:
    """Return what the other vendor offers of each contract, every column with a suffix, and which groups are good."""
    named = ("contract_symbol", "root_symbol", "multiplier", "feed", "received_ts")
    groups = [name for group in FILLABLE for name in group.columns]
    good = [
        (pl.col(group.source).is_not_null() & group.is_good).fill_null(value=False).alias(f"_has_{group.name}")
        for group in FILLABLE
    ]
    each_once = other.unique("contract_symbol", keep="first", maintain_order=True)
    return each_once.select(*named, *groups, *good).rename(lambda name: f"{name}{OTHER}")


def _is_past(group: Group) -> pl.Expr:
    """Return where the other vendor's group is not of a time after the chain's answer, which the rules forbid."""
    stamp = STAMPS.get(group.name)
    return pl.lit(value=True) if stamp is None else not_in_future((f"{stamp}{OTHER}",)).fill_null(value=True)


def _from_other(name: str, is_taken: pl.Expr) -> pl.Expr:
    return pl.when(is_taken).then(f"{name}{OTHER}").otherwise(name).alias(name)
