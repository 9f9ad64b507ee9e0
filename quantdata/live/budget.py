"""Which option quotes are subscribed: the nearest to the money of all underlyings, as many as the vendor allows.

Near is ``|ln(strike / forward)| / (volatility * sqrt(years))``: how many standard deviations of the underlying's move
until expiration lie between the strike and the forward.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from quantdata.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["MOST_QUOTES", "Candidates", "allocate"]

# What Massive allows on one connection: reference/massive.md §9.
MOST_QUOTES: Final = 1_000
# Of an underlying's places: those ranked within the first share get in at once; what is held stays within the second.
CORE: Final = 0.75
KEPT_WITHIN: Final = 1.25
# An OCC symbol ends in date, type and strike: a call and its put differ in this letter alone.
TYPE_AT: Final = -9


class Candidates(NamedTuple):
    """The contracts of one underlying, aligned.

    Attributes
    ----------
    symbols
        OCC symbols without prefix or padding.
    strike, forward
        USD; the forward of the contract's series, or the price of its underlying where there is none.
    volatility
        At the money of the contract's series: annual fraction.
    years
        To expiration.
    """

    symbols: Sequence[str]
    strike: ArrayLike
    forward: ArrayLike
    volatility: ArrayLike
    years: ArrayLike


class _Pair(NamedTuple):
    """What is subscribed together: the call and the put of one strike, or the one of them that there is."""

    distance: float
    name: str
    symbols: tuple[str, ...]


def allocate(
    candidates: Mapping[str, Candidates],
    *,
    limit: int = MOST_QUOTES,
    weights: Mapping[str, float] | None = None,
    held: Collection[str] = (),
) -> dict[str, list[str]]:
    """Return the contracts of each underlying whose quotes are to be subscribed.

    The limit is shared by weight; what one underlying cannot use goes to the others. Within each the nearest to the
    money come first, calls and puts of a strike together, those that have expired or of which something is unknown
    last. What is held stays until it has fallen clearly out of rank, so that a small move changes nothing; what has
    come clearly within it enters at once.

    Parameters
    ----------
    candidates
        By underlying.
    limit
        Contracts at the most, of all underlyings together.
    weights
        By underlying, from 0 on; 1 where left out.
    held
        The contracts that are subscribed now.

    Returns
    -------
    dict[str, list[str]]
        By underlying in the order given, the nearest contract first. The same for the same contracts in any order.

    Raises
    ------
    ArgumentError
        If the limit or a weight is negative, or no number.
    """
    _check(limit, weights or {})
    ranked = {underlying: _ranked(each, limit) for underlying, each in candidates.items()}
    wants = {underlying: sum(len(pair.symbols) for pair in pairs) for underlying, pairs in ranked.items()}
    places = _places(wants, limit=limit, weights=weights or {})
    kept = frozenset(held)
    return {underlying: _chosen(pairs, places=places[underlying], held=kept) for underlying, pairs in ranked.items()}


def _check(limit: int, weights: Mapping[str, float]) -> None:
    if limit < 0:
        raise ArgumentError(f"the limit must be a number of contracts from 0 on, not {limit}")
    for underlying, weight in weights.items():
        if not (math.isfinite(weight) and weight >= 0.0):
            raise ArgumentError(f"the weight of {underlying} must be a number from 0 on, not {weight!r}")


def _distances(candidates: Candidates) -> Floats:
    """Return standard deviations from the forward; infinite where that cannot be told, or the contract has expired."""
    strike, forward, volatility, years = (np.asarray(values, dtype=np.float64) for values in candidates[1:])
    with np.errstate(all="ignore"):
        deviation = volatility * np.sqrt(years)
        distance = np.abs(np.log(strike) - np.log(forward)) / deviation
    known = (volatility > 0.0) & (deviation < np.inf) & np.isfinite(distance)
    told = np.where(known, distance, np.inf)
    return np.broadcast_to(told, len(candidates.symbols))


def _within_reach(distance: Floats, limit: int) -> list[int]:
    """Return the positions of those that may get a place: of ten thousand contracts most are far from any."""
    reach = 2 * math.ceil(KEPT_WITHIN * limit)
    if distance.size <= reach:
        return list(range(distance.size))
    return np.flatnonzero(distance <= np.partition(distance, reach)[reach]).tolist()


def _ranked(candidates: Candidates, limit: int) -> list[_Pair]:
    """Return the pairs, the nearest first; equally near ones by name."""
    distances = _distances(candidates)
    members: dict[str, list[tuple[float, str]]] = {}
    for position in _within_reach(distances, limit):
        symbol, distance = candidates.symbols[position], float(distances[position])
        name = symbol[:TYPE_AT] + symbol[TYPE_AT + 1 :]
        members.setdefault(name, []).append((distance, symbol))
    return sorted(
        _Pair(min(distance for distance, _ in each), name, tuple(sorted(symbol for _, symbol in each)))
        for name, each in members.items()
    )


def _places(wants: Mapping[str, int], *, limit: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Share places by weight; nobody gets more than it wants, and what is over goes to the others by weight again."""
    places = dict.fromkeys(wants, 0)
    hungry, left = {name for name, want in wants.items() if want and weights.get(name, 1.0) > 0.0}, limit
    while hungry:
        total = sum(weights.get(name, 1.0) for name in sorted(hungry))
        content = {name for name in hungry if wants[name] <= left * weights.get(name, 1.0) / total}
        if not content:
            break
        places.update({name: wants[name] for name in content})
        left -= sum(wants[name] for name in content)
        hungry -= content
    places.update(_rounded({name: weights.get(name, 1.0) for name in hungry}, total=left))
    return places


def _rounded(weights: Mapping[str, float], *, total: int) -> dict[str, int]:
    """Split a total by weight into even numbers, so that no pair is torn; the largest remainders get what is over."""
    whole = sum(weights[name] for name in sorted(weights))
    exact = {name: total * weight / whole / 2.0 for name, weight in weights.items()}
    pairs = {name: int(share) for name, share in exact.items()}
    over = total // 2 - sum(pairs.values())
    for name in sorted(pairs, key=lambda name: (pairs[name] - exact[name], name))[:over]:
        pairs[name] += 1
    return {name: 2 * count for name, count in pairs.items()}


def _chosen(pairs: Sequence[_Pair], *, places: int, held: frozenset[str]) -> list[str]:
    """Fill the places of one underlying: its core, then what is held and still near enough, then the next nearest."""
    room = _count_within(pairs, places)
    core, kept_within = int(CORE * room), math.ceil(KEPT_WITHIN * room)

    def turn(ranked: tuple[int, _Pair]) -> tuple[int, int]:
        rank, pair = ranked
        if rank < core:
            return 0, rank
        stays = rank < kept_within and not held.isdisjoint(pair.symbols)
        return (1 if stays else 2), rank

    taken: list[_Pair] = []
    for _, pair in sorted(enumerate(pairs), key=turn):
        places -= len(pair.symbols)
        if places < 0:
            break
        taken.append(pair)
    return [symbol for pair in sorted(taken) for symbol in pair.symbols]


def _count_within(pairs: Sequence[_Pair], places: int) -> int:
    """Return how many of the nearest pairs the places are enough for."""
    sizes = np.cumsum([len(pair.symbols) for pair in pairs])
    return int(np.searchsorted(sizes, places, side="right"))
