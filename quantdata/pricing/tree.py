"""The early exercise premium of American options, by backward induction on a binomial tree.

A tree with even odds, in log spot, of the escrowed spot, which is a martingale once discounted. Three things make it
cheap:

- At even odds and with the discounting left out until the end, a node's value is the sum of its two successors.
- A put plus the escrowed spot, and a call less it, has an exercise value that is the same at all nodes of one time. A
  node costs one addition and one maximum, and no spot is ever computed. (Not with a continuous yield: four operations.)
- Contracts lie side by side, so that numpy works on long rows, in blocks that stay in the processor's cache.

The last step is Black's formula, and the European value of the same tree is subtracted: what is left is the premium,
in which most of the tree's own error cancels. The loops have twins that numba compiles, in `fast`: the same numbers.

References
----------
Broadie, M. and Detemple, J. (1996), "American Option Valuation: New Bounds, Approximations, and a Comparison of
Existing Methods", Review of Financial Studies 9(4): Black's formula in the last step.
Hull, J. and White, A. (1988), "The Use of the Control Variate Technique in Option Pricing", JFQA 23(3).
Pelsser, A. and Vorst, T. (1994), "The Binomial Model and the Greeks", Journal of Derivatives 1(3): two steps back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.special import gammaln, ndtr

from quantdata.pricing.breath import breathe
from quantdata.pricing.fast import LOOPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quantdata.pricing.dividends import Contracts
    from quantdata.pricing.fast import Loops

    Floats = NDArray[np.float64]
    Positions = NDArray[np.intp]

__all__ = ["Around", "early_exercise_premium", "premium_around"]

# Contracts beside each other: with 96 steps, two layers of float64 are 0.4 MB, which is in a core's second cache.
_BLOCK: Final = 256
# Nodes of the last layer, around the strike, that are not yet worth their intrinsic value within the last step: two
# standard deviations lie between neighbours.
_OPEN_NODES: Final = 6
# Steps before the present, so that there are three nodes now.
_STEPS_BACK: Final = 2
# Of a step: how far a layer may be from an ex-date by rounding.
_ON_TIME: Final = 1e-6
_LOG_TWO: Final = float(np.log(2.0))


class Around(NamedTuple):
    """The premium at three spots, and what else the tree tells.

    Attributes
    ----------
    premium
        USD, in rows: at spots below, at and above the present one.
    value
        The American value of the tree itself at the middle one: where immediate exercise is optimal, the intrinsic
        value to rounding.
    ratio
        Of neighbouring (escrowed) spots.
    """

    premium: Floats
    value: Floats
    ratio: Floats


@dataclass(frozen=True, slots=True)
class _Tree:
    """The terms of one block of contracts with one number of steps; growth and deviation are those of one step."""

    contracts: Contracts
    steps: int
    back: int  # steps before the present
    step: Floats  # years
    growth: Floats
    deviation: Floats
    last_step: Floats  # years; the one before expiry
    last_deviation: Floats
    last_spots: Floats  # escrowed, one step before expiry: nodes by contracts
    scale: Floats  # 2 * growth to the power of the steps from each time to the last layer: times by contracts

    @classmethod
    def of(cls, contracts: Contracts, volatility: Floats, *, steps: int, back: int) -> _Tree:
        last_step = _last_step(contracts, steps)
        step = (contracts.years - last_step) / (steps - 1)
        deviation = volatility * np.sqrt(step)
        drift = contracts.rate * step
        # Divided by the cosh, the mean of the two successors is exactly the forward.
        centre = (steps - 1) * (drift - _log_cosh(deviation))
        nodes = np.arange(steps + back).reshape(-1, 1)
        ahead = np.arange(steps - 1, -1, -1).reshape(-1, 1)
        return cls(
            contracts=contracts,
            steps=steps,
            back=back,
            step=step,
            growth=np.exp(drift),
            deviation=deviation,
            last_step=last_step,
            last_deviation=volatility * np.sqrt(last_step),
            last_spots=contracts.escrowed * np.exp(centre + (2 * nodes - (steps - 1 + back)) * deviation),
            scale=np.exp(ahead * (_LOG_TWO + drift)),
        )


def _last_step(contracts: Contracts, steps: int) -> Floats:
    """Return the length of the last step: like all others, or from an ex-date within it to expiry.

    SPY goes ex on the morning of its monthly expiration. Whether its calls are exercised the evening before is decided
    at the strike itself, where a step's worth of news counts for most: the tree must have a layer there. Since the last
    step is Black's formula, it can have any length.
    """
    last = contracts.years / steps
    for moment, cash in zip(contracts.times, contracts.cash, strict=True):
        last = np.where(cash > 0.0, np.minimum(last, contracts.years - moment), last)
    return last


def early_exercise_premium(contracts: Contracts, volatility: Floats, *, steps: int) -> Floats:
    """Return what the right to exercise early is worth, USD per share."""
    premium, _ = _in_blocks(contracts, volatility, steps=steps, back=0)
    return np.asarray(premium[0], dtype=np.float64)


def premium_around(contracts: Contracts, volatility: Floats, *, steps: int) -> Around:
    """Return the premium at the present spot and beside it."""
    premium, value = _in_blocks(contracts, volatility, steps=steps, back=_STEPS_BACK)
    step = (contracts.years - _last_step(contracts, steps)) / (steps - 1)
    return Around(premium, value, np.exp(2.0 * volatility * np.sqrt(step)))


def _in_blocks(contracts: Contracts, volatility: Floats, *, steps: int, back: int) -> tuple[Floats, Floats]:
    premium, value = np.empty((1 + back, volatility.size)), np.empty(volatility.size)
    loops = LOOPS.get()
    # With a yield and without are two ways of induction.
    has_yield = contracts.dividend_yield != 0.0
    for rows, induct in ((np.flatnonzero(~has_yield), _with_cash), (np.flatnonzero(has_yield), _with_yield)):
        for start in range(0, rows.size, _BLOCK):
            breathe()
            block = rows[start : start + _BLOCK]
            tree = _Tree.of(contracts.take(block), volatility[block], steps=steps, back=back)
            premium[:, block], value[block] = induct(tree, loops)
    return premium, value


def _last_layer(tree: _Tree) -> Floats:
    """Return European values one step before expiry: Black's formula near the strike, beyond it its limits."""
    sign, deviation = tree.contracts.sign, tree.last_deviation
    strike = tree.contracts.strike * np.exp(-tree.contracts.rate * tree.last_step)
    values = np.maximum(sign * (tree.last_spots - strike), 0.0)
    nearest = np.log(strike / tree.last_spots[0]) / (2.0 * tree.deviation)
    first = np.clip(np.rint(nearest) - _OPEN_NODES // 2, 0, values.shape[0] - _OPEN_NODES).astype(np.intp)
    nodes, columns = first + np.arange(_OPEN_NODES).reshape(-1, 1), np.arange(strike.size)
    spots = tree.last_spots[nodes, columns]
    upper = np.log(spots / strike) / deviation + 0.5 * deviation
    values[nodes, columns] = sign * (spots * ndtr(sign * upper) - strike * ndtr(sign * (upper - deviation)))
    return values


def _european(last: Floats, *, layers: int, nodes: int) -> Floats:
    """Return undiscounted European values of the present nodes: the last layer weighted by the ways to it."""
    ways = np.arange(layers)
    weights = np.exp(gammaln(layers) - gammaln(ways + 1) - gammaln(layers - ways))
    return np.stack([weights @ last[node : node + layers] for node in range(nodes)])


def _with_cash(tree: _Tree, loops: Loops | None) -> tuple[Floats, Floats]:
    """Induct portfolios of the option and the escrowed spot; return premia and the value of the middle node."""
    held = tree.contracts.sign * tree.contracts.escrowed
    values = _last_layer(tree) - tree.contracts.sign * tree.last_spots
    european = _european(values, layers=tree.steps, nodes=1 + tree.back)
    american = _induct_with_cash(tree, values) if loops is None else loops.with_cash(values, _limits_by(loops, tree))
    return _discounted_premium(tree, american, european), american[tree.back // 2] / tree.scale[0] + held


def _induct_with_cash(tree: _Tree, values: Floats) -> Floats:
    """Return the portfolios of the present nodes, from those of the last layer, which are lost."""
    limits = _exercise_limits(tree) * tree.scale
    spare = np.empty_like(values)
    np.maximum(values, limits[-1], out=values)
    for time in range(tree.steps - 2, -1, -1):
        size = time + 1 + tree.back
        before = spare[:size]
        np.add(values[:size], values[1 : size + 1], out=before)
        np.maximum(before, limits[time], out=before)
        values, spare = spare, values
    return values[: 1 + tree.back]


def _discounted_premium(tree: _Tree, american: Floats, european: Floats) -> Floats:
    # Nobody is made to exercise; below zero is rounding.
    return np.asarray(np.maximum(american - european, 0.0) / tree.scale[0], dtype=np.float64)


def _exercise_limits(tree: _Tree) -> Floats:
    """Return what exercising yields beside the escrowed spot, for each time: the dividends to come less the strike.

    Times by contracts, negated for puts. Within a step that has an ex-date, exercise may wait for it: a call until just
    before, a put until just after, at the interest on the strike.
    """
    contracts = tree.contracts
    times = np.arange(tree.steps).reshape(-1, 1) * tree.step
    if not contracts.times or not contracts.cash.any():
        return np.broadcast_to(-contracts.sign * contracts.strike, times.shape)
    growth = np.exp(contracts.rate * times)
    still = np.broadcast_to(contracts.cash.sum(axis=0), times.shape).copy()
    for moment, cash in zip(contracts.times, contracts.cash, strict=True):
        still -= np.where(times >= moment, cash, 0.0)
    limits = contracts.sign * (still * growth - contracts.strike)
    left = contracts.cash.sum(axis=0)
    for cash, layers, discounts in zip(contracts.cash, *_before_dividends(tree), strict=True):
        columns = np.flatnonzero(cash > 0.0)
        rows, sign = layers[columns], contracts.sign[columns]
        kept = np.where(sign > 0.0, left[columns], left[columns] - cash[columns])
        then = sign * (kept * growth[rows, columns] - contracts.strike[columns] * discounts[columns])
        limits[rows, columns] = np.maximum(limits[rows, columns], then)
        left = left - cash
    return limits


def _before_dividends(tree: _Tree) -> tuple[Positions, Floats]:
    """Return the last layer up to each dividend, and the worth, then, of one USD at the dividend.

    Dividends by contracts; without meaning where the contract has no cash of it.
    """
    contracts = tree.contracts
    moments = np.asarray(contracts.times).reshape(-1, 1)
    ahead = np.divide(moments, tree.step, out=np.zeros(contracts.cash.shape), where=contracts.cash > 0.0)
    # Rounded up where a layer is at the ex-date itself.
    layers = np.minimum((ahead + _ON_TIME).astype(np.intp), tree.steps - 1)
    return layers, np.exp(-contracts.rate * (moments - layers * tree.step))


def _limits_by(loops: Loops, tree: _Tree) -> Floats:
    """Return the same as `_exercise_limits`, scaled, by a compiled loop."""
    contracts = tree.contracts
    if not contracts.times or not contracts.cash.any():
        return -contracts.sign * contracts.strike * tree.scale
    layers, discounts = _before_dividends(tree)
    return loops.exercise_limits(
        contracts.sign,
        contracts.strike,
        tree.step,
        np.asarray(contracts.times),
        np.ascontiguousarray(contracts.cash),
        contracts.cash.sum(axis=0),
        np.exp(contracts.rate * (np.arange(tree.steps).reshape(-1, 1) * tree.step)),
        tree.scale,
        np.ascontiguousarray(layers),
        np.ascontiguousarray(discounts),
    )


def _with_yield(tree: _Tree, loops: Loops | None) -> tuple[Floats, Floats]:
    """Induct option values, where exercise yields the spot with its yield; return as `_with_cash` does."""
    contracts = tree.contracts
    values = _last_layer(tree)
    european = _european(values, layers=tree.steps, nodes=1 + tree.back)
    ahead = np.arange(tree.steps - 1, -1, -1).reshape(-1, 1)
    strikes = contracts.sign * contracts.strike * tree.scale
    # A node's spot from that of the last layer in the same place: so many steps down.
    fall = np.exp(-ahead * (np.log(tree.growth) - _log_cosh(tree.deviation) - tree.deviation))
    factors = (
        contracts.sign * np.exp(contracts.dividend_yield * (ahead * tree.step + tree.last_step)) * fall * tree.scale
    )
    if loops is None:
        american = _induct_with_yield(tree, values, factors, strikes)
    else:
        american = loops.with_yield(values, tree.last_spots, factors, strikes)
    # Of a volatility for which no spot of the tree fits a float, nothing is known.
    american = np.where(np.isfinite(factors[0]) & (tree.last_spots[0] > 0.0), american, np.nan)
    return _discounted_premium(tree, american, european), american[tree.back // 2] / tree.scale[0]


def _induct_with_yield(tree: _Tree, values: Floats, factors: Floats, strikes: Floats) -> Floats:
    """Return option values of the present nodes, from those of the last layer, which are lost."""
    spare, exercised = np.empty_like(values), np.empty_like(values)
    for time in range(tree.steps - 1, -1, -1):
        size = time + 1 + tree.back
        if time < tree.steps - 1:
            np.add(values[:size], values[1 : size + 1], out=spare[:size])
            values, spare = spare, values
        now = exercised[:size]
        np.multiply(tree.last_spots[:size], factors[time], out=now)
        np.subtract(now, strikes[time], out=now)
        np.maximum(values[:size], now, out=values[:size])
    return values[: 1 + tree.back]


def _log_cosh(deviation: Floats) -> Floats:
    # cosh itself overflows where nobody quotes; this does not.
    return np.asarray(deviation + np.log1p(np.exp(-2.0 * deviation)) - _LOG_TWO, dtype=np.float64)
