"""Exposure of open contracts by strike: what their deltas and gammas add up to in dollars of the underlying."""

from __future__ import annotations

from typing import Final

import polars as pl

from quantdata.analytics.checks import check_columns
from quantdata.frames.model_rows import SERIES

__all__ = ["EXPOSURE_NEEDS", "exposure"]

EXPOSURE_NEEDS: Final = (
    *SERIES,
    *("dte", "strike", "option_type", "underlying_price", "open_interest", "delta", "gamma", "feed", "snapshot_ts"),
)
ONE_PERCENT: Final = 0.01


def exposure(chain: pl.DataFrame) -> pl.DataFrame:
    """Return the delta and gamma exposure of a chain's open interest, strike by strike.

    Parameters
    ----------
    chain
        With the columns of `CHAIN`, greeks included.

    Returns
    -------
    pl.DataFrame
        One row per series and strike, sorted by expiration, root_symbol, strike; USD of the underlying.

        - ``call_open_interest``, ``put_open_interest``: contracts.
        - ``call_delta_exposure``, ``put_delta_exposure``: delta * open interest * multiplier * price.
        - ``call_gamma_exposure``, ``put_gamma_exposure``: by how much those change when the underlying moves 1 %.
        - ``net_gamma_exposure``: of calls less that of puts, as if dealers had bought every call and sold every put: a
          convention. Nobody publishes who holds what.
        - ``unknown``: contracts without open interest or greeks, which count as none.

        Open interest is that of the session before; an exposure is null where no contract of its side is known.

    Raises
    ------
    ArgumentError
        If the frame is no chain: the message names what is missing.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.analytics import exposure
    >>> chain = qd.Client("sim", clock="at:2026-11-18T11:00").chain("SPY", dte=(0, 7))
    >>> by_strike = exposure(chain)
    >>> by_strike.get_column("call_gamma_exposure").sum() > 0
    True
    """
    check_columns(chain, EXPOSURE_NEEDS, call="exposure", kind="a chain")
    shares = pl.col("open_interest") * pl.col("multiplier") * pl.col("underlying_price")
    priced = chain.with_columns(
        delta_exposure=pl.col("delta") * shares,
        gamma_exposure=pl.col("gamma") * shares * pl.col("underlying_price") * ONE_PERCENT,
    )
    of_side = [
        pl.when(pl.col(name).filter(pl.col("option_type") == side).is_not_null().any())
        .then(pl.col(name).filter(pl.col("option_type") == side).sum())
        .alias(f"{side}_{name}")
        for name in ("open_interest", "delta_exposure", "gamma_exposure")
        for side in ("call", "put")
    ]
    net = pl.col("call_gamma_exposure").fill_null(0.0) - pl.col("put_gamma_exposure").fill_null(0.0)
    is_known = pl.col("call_gamma_exposure").is_not_null() | pl.col("put_gamma_exposure").is_not_null()
    return (
        priced.group_by(*SERIES, "dte", "strike", maintain_order=True)
        .agg(
            pl.col("underlying_price").first(),
            *of_side,
            pl.col("gamma_exposure").null_count().cast(pl.Int64).alias("unknown"),
            pl.col("feed").min(),
            pl.col("snapshot_ts").max(),
        )
        .with_columns(net_gamma_exposure=pl.when(is_known).then(net))
        .select(
            *SERIES,
            *("dte", "strike", "underlying_price", "call_open_interest", "put_open_interest"),
            *("call_delta_exposure", "put_delta_exposure", "call_gamma_exposure", "put_gamma_exposure"),
            *("net_gamma_exposure", "unknown", "feed", "snapshot_ts"),
        )
        .sort("expiration", "root_symbol", "strike")
    )
