"""How providers are at this moment: a hub asks all the time, so that its last question tells more than three strikes.

A client skips an endpoint from three failures in a row on, so as not to leave a good provider for one lost packet. What
a hub shows is to be true within seconds: an endpoint that failed last, or that owes an answer for long, is not well.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import polars as pl

__all__ = ["OVERDUE_S", "are_well", "at_present"]

# An answer is overdue after this, and after so many times what nineteen of twenty took.
OVERDUE_S: Final = 2.0
OVERDUE_RESPONSES: Final = 3.0
# What is asked at each interval; the others are asked too seldom to tell of the present.
POLLED: Final = ("chain", "quotes", "indices")
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def at_present(health: pl.DataFrame) -> pl.DataFrame:
    """Return a client's health as it is at this moment.

    Parameters
    ----------
    health
        As `Client.health` returns it, with the columns of ``quantdata.frames.columns.HEALTH``.

    Returns
    -------
    pl.DataFrame
        The same rows. ``is_healthy`` is false also of an endpoint that failed last, until a provider that is asked
        before it answers again, so that it is not needed; or that owes an answer for more than 2 s and for three times
        as long as 95 % of its answers took; ``last_error`` says so.
    """
    answered_before_ts = pl.col("last_success_ts").cum_max().forward_fill().shift(1).over("endpoint")
    is_needed = ~(answered_before_ts > pl.col("last_failure_ts")).fill_null(value=False)
    has_failed = (pl.col("consecutive_failures") > 0) & is_needed
    longest_s = pl.max_horizontal(OVERDUE_S, OVERDUE_RESPONSES * pl.col("response_p95_s"))
    is_overdue = (pl.col("waiting_s") > longest_s).fill_null(value=False)
    overdue = pl.format("no answer for {} s", pl.col("waiting_s").round(0).cast(pl.Int64))
    return health.with_columns(
        is_healthy=pl.col("is_healthy") & ~has_failed & ~is_overdue,
        last_error=pl.when(is_overdue & ~has_failed).then(overdue).otherwise("last_error"),
    )


def are_well(health: pl.DataFrame) -> dict[str, bool]:
    """Return whether each provider has answered any of what a hub asks at each interval, and nobody has failed since.

    Parameters
    ----------
    health
        As `at_present` returns it.
    """
    failed_ts = pl.col("last_failure_ts").max().over("endpoint")
    is_well = pl.col("is_healthy") & (pl.col("last_success_ts") > failed_ts.fill_null(_LONG_AGO)).fill_null(value=False)
    polled = health.with_columns(is_well=is_well).filter(pl.col("endpoint").is_in(POLLED))
    return dict(polled.group_by("provider", maintain_order=True).agg(pl.col("is_well").any()).iter_rows())
