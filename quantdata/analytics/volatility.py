"""Implied volatility across strikes and expirations: smile, term structure and surface, each series by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
import polars as pl

from quantdata.analytics.checks import check_choice, check_columns
from quantdata.errors import ArgumentError
from quantdata.frames.model_rows import SERIES
from quantdata.pricing import implied_volatility

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["SMILE_NEEDS", "Side", "smile", "surface", "term_structure"]

Side: TypeAlias = Literal["otm", "call", "put"]
SIDES: Final = ("otm", "call", "put")
# A series has one of each of these.
OF_SERIES: Final = (*SERIES, "settlement", "dte", "time_to_expiry")
SMILE_NEEDS: Final = (
    *OF_SERIES,
    *("contract_symbol", "strike", "option_type", "underlying_price", "forward_price", "discount_factor", "moneyness"),
    *("bid", "ask", "mid", "quote_ts", "implied_volatility", "bid_iv", "ask_iv", "iv_source", "model_iv", "delta"),
    *("greeks_confidence", "feed", "snapshot_ts"),
)
# Who says a volatility, of which quote, and how far it can be trusted.
OF_POINT: Final = ("iv_source", "quote_ts", "greeks_confidence")
QUARTER_DELTA: Final = 0.25
MOST_LOG_MONEYNESS: Final = 0.25
SURFACE_POINTS: Final = 41


def smile(chain: pl.DataFrame, *, side: Side = "otm") -> pl.DataFrame:
    """Return the implied volatilities of a chain by strike, one contract a strike of each series.

    Parameters
    ----------
    chain
        With the columns of `CHAIN`, priced by the model (as every chain of a client is).
    side
        ``"otm"``: puts below the forward and calls from it on, which carry the least premium that volatility does not
        explain; without a forward the underlying's price divides them, without either no contract is chosen.
        ``"call"`` or ``"put"``: one side alone.

    Returns
    -------
    pl.DataFrame
        One row per series and strike, sorted by expiration, root_symbol, strike, with the columns of the chain that
        tell the contract, its time and trust, and these. Volatilities are annual fractions; null is what is not known.

        - ``log_moneyness``: ln(strike / forward_price).
        - ``implied_volatility``, ``iv_source``: as in the chain.
        - ``model_iv``: our own, from the mid.
        - ``bid_iv``, ``ask_iv``: implied by bid and ask. The vendor's where it gives either (``band_source`` is then
          its name), else the model's: ``model_iv`` and what Black-76 makes of the way from the mid to bid and ask.

    Raises
    ------
    ArgumentError
        If the frame is no chain: the message names what is missing.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.analytics import smile
    >>> chain = qd.Client("sim", clock="at:2026-11-18T11:00").chain("SPY", dte=(20, 40), strikes=(600, 700))
    >>> smile(chain).select("bid_iv", "ask_iv").null_count().row(0)
    (0, 0)
    """
    check_columns(chain, SMILE_NEEDS, call="smile", kind="a chain")
    check_choice(side, SIDES, name="side")
    rows = chain.filter(_is_chosen(side)).sort("expiration", "root_symbol", "strike", "contract_symbol")
    return rows.select(
        *OF_SERIES,
        *("contract_symbol", "option_type", "strike", "underlying_price", "forward_price", "moneyness"),
        pl.when(pl.col("forward_price") > 0)
        .then((pl.col("strike") / pl.col("forward_price")).log())
        .alias("log_moneyness"),
        *("delta", "implied_volatility", "iv_source", "model_iv"),
        *_band(rows),
        *("mid", "quote_ts", "greeks_confidence", "feed", "snapshot_ts"),
    )


def _is_chosen(side: Side) -> pl.Expr:
    is_call = pl.col("option_type") == "call"
    if side == "otm":
        return is_call == (pl.col("strike") >= pl.coalesce("forward_price", "underlying_price"))
    return is_call if side == "call" else pl.col("option_type") == "put"


def _band(rows: pl.DataFrame) -> list[pl.Series | pl.Expr]:
    """Return what bid and ask imply, and who says so."""
    mid = _black76(rows, "mid")
    is_given = pl.col("bid_iv").is_not_null() | pl.col("ask_iv").is_not_null()
    found: list[pl.Series | pl.Expr] = []
    for side in ("bid", "ask"):
        own = rows.get_column("model_iv") + pl.Series(_black76(rows, side) - mid, nan_to_null=True)
        found.append(pl.when(is_given).then(f"{side}_iv").otherwise(pl.lit(own)).alias(f"{side}_iv"))
    is_own = pl.col("model_iv").is_not_null()
    source = pl.when(is_given).then("iv_source").when(is_own).then(pl.lit("model", rows.schema["iv_source"]))
    return [*found, source.alias("band_source")]


def _black76(rows: pl.DataFrame, price: str) -> Floats:
    number = {name: _floats(rows, name) for name in ("forward_price", "strike", "time_to_expiry", "discount_factor")}
    return implied_volatility(
        number["forward_price"],
        number["strike"],
        price=_floats(rows, price),
        time_to_expiry=number["time_to_expiry"],
        is_call=(rows.get_column("option_type") == "call").fill_null(value=False).to_numpy(),
        discount=number["discount_factor"],
    )


def _floats(rows: pl.DataFrame, name: str) -> Floats:
    """Return a column as numbers; null is NaN."""
    return rows.get_column(name).cast(pl.Float64).to_numpy().astype(np.float64)


def term_structure(chain: pl.DataFrame) -> pl.DataFrame:
    """Return the volatility at the forward of each series, and how far the wings are from it.

    Parameters
    ----------
    chain
        As for `smile`.

    Returns
    -------
    pl.DataFrame
        One row per series, sorted by root_symbol and time to expiry, settled ones left out: what tells the series, its
        time (``dte`` days, ``time_to_expiry`` years), ``forward_price``, and as annual fractions

        - ``atm_iv``: at the forward, straight between the strikes around it; out-of-the-money options on either side.
        - ``atm_model_iv``: the same of the model's.
        - ``put_25d_iv``, ``call_25d_iv``: at a delta of -0.25 and of 0.25, straight between the deltas around it.

        ``iv_source``, ``quote_ts`` and ``greeks_confidence`` are those of the contract nearest to the forward. Null is
        what has no contract with a volatility on either side.

    Raises
    ------
    ArgumentError
        If the frame is no chain: the message names what is missing.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.analytics import term_structure
    >>> chain = qd.Client("sim", clock="at:2026-11-18T11:00").chain("SPX", dte=(20, 40), strikes=(6000, 7000))
    >>> term_structure(chain).get_column("root_symbol").unique(maintain_order=True).to_list()
    ['SPX', 'SPXW']
    """
    check_columns(chain, SMILE_NEEDS, call="term_structure", kind="a chain")
    rows = smile(chain.filter(pl.col("time_to_expiry") > 0))
    distance, delta = pl.col("log_moneyness"), pl.col("delta")
    return (
        rows.group_by(OF_SERIES, maintain_order=True)
        .agg(
            pl.col("forward_price").first(),
            _at(distance, 0.0, "implied_volatility").alias("atm_iv"),
            _at(distance, 0.0, "model_iv").alias("atm_model_iv"),
            _at(pl.when(pl.col("option_type") == "put").then(delta), -QUARTER_DELTA, "implied_volatility").alias(
                "put_25d_iv"
            ),
            _at(pl.when(pl.col("option_type") == "call").then(delta), QUARTER_DELTA, "implied_volatility").alias(
                "call_25d_iv"
            ),
            *(pl.col(name).sort_by(distance.abs(), nulls_last=True).first() for name in OF_POINT),
            pl.col("feed").min(),
            pl.col("snapshot_ts").max(),
        )
        .sort("root_symbol", "time_to_expiry", maintain_order=True)
    )


def _at(x: pl.Expr, target: float, name: str) -> pl.Expr:
    """Return a column where x is the target, straight between the nearest rows on either side that know both."""
    y = pl.col(name)
    is_known = x.is_not_null() & y.is_not_null()
    below, above = is_known & (x <= target), is_known & (x >= target)
    low, high = x.filter(below).max(), x.filter(above).min()
    at_low, at_high = y.filter(below).sort_by(x.filter(below)).last(), y.filter(above).sort_by(x.filter(above)).first()
    share = pl.when(high > low).then((target - low) / (high - low)).when(high == low).then(0.0)
    return at_low + share * (at_high - at_low)


def surface(
    chain: pl.DataFrame,
    *,
    log_moneyness: tuple[float, float] = (-MOST_LOG_MONEYNESS, MOST_LOG_MONEYNESS),
    points: int = SURFACE_POINTS,
) -> pl.DataFrame:
    """Return the volatilities of a chain on one grid of log-moneyness, series by series.

    Parameters
    ----------
    chain
        As for `smile`.
    log_moneyness
        First and last ln(strike / forward) of the grid.
    points
        How many there are, evenly spread, both ends included.

    Returns
    -------
    pl.DataFrame
        One row per series and point of the grid, sorted by root_symbol, time to expiry, log_moneyness; settled series
        left out. ``implied_volatility`` (annual fraction) is straight in total variance between the strikes around the
        point, and null outside of the strikes that have one: nothing is extrapolated. ``strike`` is the point's, USD;
        ``iv_source``, ``quote_ts`` and ``greeks_confidence`` are those of the nearest strike, null where the
        volatility is.

    Raises
    ------
    ArgumentError
        If the frame is no chain (the message names what is missing), or the grid has less than two points.

    Examples
    --------
    >>> import quantdata as qd
    >>> from quantdata.analytics import surface
    >>> chain = qd.Client("sim", clock="at:2026-11-18T11:00").chain("SPY", dte=(20, 40), strikes=(600, 700))
    >>> surface(chain, log_moneyness=(-0.05, 0.05), points=3).get_column("log_moneyness").unique().to_list()
    [-0.05, 0.0, 0.05]
    """
    check_columns(chain, SMILE_NEEDS, call="surface", kind="a chain")
    low, high = log_moneyness
    if points < 2 or not low < high:  # noqa: PLR2004  # a grid has two ends
        raise ArgumentError(f"a grid needs two points or more, from low to high, not {points} from {low} to {high}")
    rows = smile(chain.filter(pl.col("time_to_expiry") > 0)).drop_nulls(["log_moneyness", "implied_volatility"])
    grid = np.linspace(low, high, points)
    parts = [_on_grid(part, grid) for part in rows.partition_by(OF_SERIES, maintain_order=True)]
    # The columns of nothing: those of a row that knows nothing.
    nothing = _on_grid(rows.clear(1), grid).clear()
    return pl.concat([nothing, *parts]).sort("root_symbol", "time_to_expiry", maintain_order=True)


def _on_grid(part: pl.DataFrame, grid: Floats) -> pl.DataFrame:
    """Return one series, of which every row has a volatility, on a grid."""
    known, volatility = _floats(part, "log_moneyness"), _floats(part, "implied_volatility")
    found = np.sqrt(np.interp(grid, known, volatility**2, left=np.nan, right=np.nan))
    nearest = pl.Series(np.abs(grid[:, None] - known).argmin(axis=1), dtype=pl.UInt32)
    is_known = pl.col("implied_volatility").is_not_null()
    return (
        part.select(pl.col(*OF_SERIES, "forward_price", *OF_POINT, "feed", "snapshot_ts").gather(nearest))
        .with_columns(
            log_moneyness=pl.Series(grid, dtype=pl.Float64),
            implied_volatility=pl.Series(found, dtype=pl.Float64, nan_to_null=True),
        )
        .with_columns(
            strike=pl.col("forward_price") * pl.col("log_moneyness").exp(),
            **{name: pl.when(is_known).then(name) for name in OF_POINT},
        )
    )
