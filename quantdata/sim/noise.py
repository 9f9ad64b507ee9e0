"""Randomness that depends on nothing but its labels: the same labels give the same numbers in any process and order.

Two kinds: a numpy Generator for a whole path (`generator`), and one number per row of an array of keys (`uniform`,
`normal`), so that the noise of a contract is the same whichever other contracts were asked for with it.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Keys = NDArray[np.uint64]

__all__ = ["generator", "key", "mix", "normal", "uniform"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_MANTISSA_BITS = np.uint64(11)
_ULP = 2.0**-53


def key(*labels: object) -> np.uint64:
    """Return a 64-bit key of some labels (strings, numbers, dates), the same in every process."""
    digest = blake2b("\x1f".join(map(str, labels)).encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def generator(*labels: object) -> np.random.Generator:
    """Return a fresh random generator that its labels alone determine."""
    digest = blake2b("\x1f".join(map(str, labels)).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.SFC64(int.from_bytes(digest, "little")))


def mix(*parts: ArrayLike) -> Keys:
    """Combine integer arrays into one array of 64-bit keys; broadcasts.

    References
    ----------
    Steele, Lea and Flood (2014), "Fast Splittable Pseudorandom Number Generators", OOPSLA: the splitmix64 finaliser.
    """
    state: Keys = np.zeros((), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            state = (state ^ np.asarray(part).astype(np.uint64)) + _GOLDEN
            state = (state ^ (state >> np.uint64(30))) * _MIX_1
            state = (state ^ (state >> np.uint64(27))) * _MIX_2
            state = state ^ (state >> np.uint64(31))
    return state


def uniform(*parts: ArrayLike) -> Floats:
    """Return one number in the open interval (0, 1) per key."""
    bits = np.asarray(mix(*parts) >> _MANTISSA_BITS).astype(np.float64)
    return np.asarray((bits + 0.5) * _ULP, dtype=np.float64)


def normal(*parts: ArrayLike) -> Floats:
    """Return one standard normal number per key."""
    return np.asarray(ndtri(uniform(*parts)), dtype=np.float64)
