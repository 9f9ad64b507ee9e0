"""The forward of each series of a chain, by put-call parity, and the spot that goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.pricing import black76_price, implied_volatility, lattice_price, parity_forward
from quantdata.pricing.parity import nearest_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quantdata.frames.model_rows import Rows
    from quantdata.pricing import Dividends, RateCurve

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Positions = NDArray[np.intp]

__all__ = ["Carry", "carry"]

# Quotes of a pair that are further apart in time may be of two prices of the underlying.
_SAME_INSTANT_US: Final = timedelta(seconds=5) // timedelta(microseconds=1)
# Quotes are valued while their options trade: those of one session are closer than this, those of two are not.
_SAME_SESSION_US: Final = timedelta(hours=12) // timedelta(microseconds=1)
_REFINEMENTS: Final = 2
# Of the spot: how far a series' own spot, without a yield, may be from the underlying's to be taken for it: about the
# rounding of quotes. More is a yield, and to leave that out would be to misstate what exercising pays.
_SAME_SPOT: Final = 2e-5


@dataclass(frozen=True, slots=True)
class Carry:
    """What the model takes each series' underlying to be worth; NaN where it is not known.

    Attributes
    ----------
    forward
        USD, at expiry.
    escrowed
        USD: the forward, discounted from expiry to the snapshot; the spot without the dividends until then.
    spot
        USD, as the options see it: by parity of the nearest series with quotes of one instant, else the chain's own
        price, else by parity of quotes that stand.
    model_spot
        USD: by parity alone.
    """

    forward: Floats
    escrowed: Floats
    spot: Floats
    model_spot: Floats


def carry(rows: Rows, rates: RateCurve, dividends: Dividends) -> Carry:
    """Return forward and spot of every series."""
    table = rows.table
    discount = rates.discount(table.years)
    cash = _dividends_before(table.years, discount, dividends) * table.is_american
    calls, puts, is_prompt = _pairs(rows)
    forward = _forward(rows, calls, puts, early=np.zeros((2, calls.size)))
    spot, model_spot = _spots(rows, forward * discount + cash, is_prompt)
    is_near = nearest_pairs(rows.series[calls], call=rows.mid[calls], put=rows.mid[puts])
    calls, puts = calls[is_near], puts[is_near]
    early = np.zeros((2, calls.size))
    for _ in range(_REFINEMENTS if table.is_american.any() else 0):
        early = _early_exercise(rows, calls, puts, before=early, forward=forward, spot=spot, dividends=dividends)
        forward = _forward(rows, calls, puts, early=early)
        spot, model_spot = _spots(rows, forward * discount + cash, is_prompt)
    carried = np.where(table.has_spot & (table.years > 0.0), (spot - cash) / discount, np.nan)
    forward = np.where(np.isfinite(forward), forward, carried)
    forward = np.where(table.is_standard, forward, np.nan)
    escrowed = forward * discount
    own = escrowed + cash
    with np.errstate(invalid="ignore"):
        is_same = np.abs(own - spot) <= _SAME_SPOT * spot
    return Carry(forward, escrowed, np.where(is_same, own, spot), model_spot)


def _dividends_before(years: Floats, discount: Floats, dividends: Dividends) -> Floats:
    """Return the present value of the dividends before each expiry, at the rate to that expiry."""
    rate = np.divide(-np.log(discount), years, out=np.zeros(years.shape), where=years > 0.0)
    worth = np.zeros(years.shape)
    for time, amount in zip(dividends.times, dividends.amounts, strict=True):
        worth += np.where(time < years, amount * np.exp(-rate * time), 0.0)
    return worth


def _pairs(rows: Rows) -> tuple[Positions, Positions, Flags]:
    """Return the rows of calls and puts of one series and strike, and which series have pairs quoted at one time.

    The others, as of a thin chain after its close, pair what stands: a quote is good until it is changed, which happens
    to a call and a put of one strike at different times.
    """
    candidates = np.flatnonzero(rows.is_priceable)
    order = candidates[np.lexsort((~rows.is_call[candidates], rows.strike[candidates], rows.series[candidates]))]
    first, second = order[:-1], order[1:]
    gap_us = np.abs(rows.valued_us[first] - rows.valued_us[second])
    is_pair = (
        (rows.series[first] == rows.series[second])
        & (rows.strike[first] == rows.strike[second])
        & rows.is_call[first]
        & ~rows.is_call[second]
    )
    is_prompt = np.zeros(rows.table.count, dtype=np.bool_)
    is_prompt[rows.series[first[is_pair & (gap_us <= _SAME_INSTANT_US)]]] = True
    most_us = np.where(is_prompt[rows.series[first]], _SAME_INSTANT_US, _SAME_SESSION_US)
    is_pair &= gap_us <= most_us
    return first[is_pair], second[is_pair], is_prompt


def _forward(rows: Rows, calls: Positions, puts: Positions, *, early: Floats) -> Floats:
    return parity_forward(
        rows.series[calls],
        rows.strike[calls],
        call=rows.mid[calls] - early[0],
        put=rows.mid[puts] - early[1],
        spread=rows.spread[calls] + rows.spread[puts],
        discount=rows.discount[calls],
        series_count=rows.table.count,
    )


def _spots(rows: Rows, own: Floats, is_prompt: Flags) -> tuple[Floats, Floats]:
    """Return the spot of each series' underlying, and by parity alone; ``own`` is what each series says."""
    given = rows.table.spot
    prompt = _nearest(rows, np.where(is_prompt, own, np.nan))
    by_parity = np.where(np.isfinite(prompt), prompt, _nearest(rows, own))
    otherwise = np.where(np.isfinite(given), given, by_parity)
    return np.where(np.isfinite(prompt), prompt, otherwise), by_parity


def _nearest(rows: Rows, spot: Floats) -> Floats:
    """Return, for each series, what the live series of its underlying that expires first says; NaN without a spot."""
    table = rows.table
    usable = np.flatnonzero(np.isfinite(spot) & (table.years > 0.0) & table.has_spot)
    first = np.full(int(table.underlying.max(initial=0)) + 1, np.nan)
    # Written from the last expiry to the first, so that the first one stays.
    ordered = usable[np.argsort(-table.years[usable], kind="stable")]
    first[table.underlying[ordered]] = spot[ordered]
    return first[table.underlying]


def _early_exercise(
    rows: Rows,
    calls: Positions,
    puts: Positions,
    *,
    before: Floats,
    forward: Floats,
    spot: Floats,
    dividends: Dividends,
) -> Floats:
    """Return what early exercise is worth in each pair's call and put, USD; 0 of European series.

    ``before`` is what was known of it so far: it is in the prices that tell the volatility.
    """
    early = np.zeros((2, calls.size))
    american = np.flatnonzero(rows.is_american[calls])
    call, put = calls[american], puts[american]
    series = rows.series[call]
    terms = {
        "forward": forward[series],
        "strike": rows.strike[call],
        "discount": rows.discount[call],
        "time_to_expiry": rows.years[call],
    }
    # The one that is out of the money has the smaller premium, and both have one volatility.
    is_call = terms["strike"] >= terms["forward"]
    price = np.where(is_call, rows.mid[call] - before[0, american], rows.mid[put] - before[1, american])
    volatility = implied_volatility(**terms, price=price, is_call=is_call)
    for side, is_call_side in enumerate((True, False)):
        american_price = lattice_price(
            spot[series], **terms, volatility=volatility, is_call=is_call_side, dividends=dividends
        )
        european = black76_price(**terms, volatility=volatility, is_call=is_call_side)
        early[side, american] = american_price - european
    return early
