"""The lattice's loops as numba compiles them: in the background, where ``QUANTDATA_FAST`` asks for it.

Each function does what its twin in `tree` does with numpy, in the same order of operations, so that the numbers are the
same to the last bit. They are plain Python until `compiled` has compiled them; numba is not imported before. As in
`tree`, layers are nodes by contracts, limits and scales times by contracts.
"""

from __future__ import annotations

import logging
import os
import warnings
from importlib import import_module
from importlib.util import find_spec
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

import numpy as np

from quantdata.config import Config
from quantdata.errors import QuantDataWarning

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Positions = NDArray[np.intp]

__all__ = ["LOOPS", "Background", "Loops", "compiled", "exercise_limits", "is_wanted", "with_cash", "with_yield"]

logger = logging.getLogger("quantdata.pricing")

T = TypeVar("T")

_SWITCH: Final = "QUANTDATA_FAST"
_VECTOR: Final = "float64[::1]"
_TABLE: Final = "float64[:,::1]"


class Loops(NamedTuple):
    """The three compiled functions."""

    exercise_limits: Callable[..., Floats]
    with_cash: Callable[..., Floats]
    with_yield: Callable[..., Floats]


def exercise_limits(
    sign: Floats,
    strike: Floats,
    step: Floats,
    times: Floats,
    cash: Floats,
    total: Floats,
    growth: Floats,
    scale: Floats,
    layers: Positions,
    discounts: Floats,
) -> Floats:
    """Return what exercising yields beside the escrowed spot, scaled.

    Parameters
    ----------
    sign, strike, step, total
        One a contract: 1 of a call and -1 of a put; USD; years a step; USD today of all dividends before expiry.
    times, cash
        Years to each dividend; USD today, dividends by contracts.
    growth, scale
        Times by contracts: of one USD since now; what values of the time are multiplied by.
    layers, discounts
        Dividends by contracts: the last time up to each, and the worth, then, of one USD at the dividend.
    """
    limits = np.empty(scale.shape)
    still, passed = total.copy(), np.zeros(strike.size, np.int64)
    for time in range(len(limits)):
        for contract in range(strike.size):
            while passed[contract] < times.size and times[passed[contract]] <= time * step[contract]:
                still[contract] -= cash[passed[contract], contract]
                passed[contract] += 1
            yielded = sign[contract] * (still[contract] * growth[time, contract] - strike[contract])
            limits[time, contract] = yielded * scale[time, contract]
    left = total.copy()
    for dividend in range(times.size):
        for contract in range(strike.size):
            paid, time = cash[dividend, contract], layers[dividend, contract]
            kept = left[contract] if sign[contract] > 0.0 else left[contract] - paid
            then = sign[contract] * (kept * growth[time, contract] - strike[contract] * discounts[dividend, contract])
            if paid > 0.0 and then * scale[time, contract] > limits[time, contract]:
                limits[time, contract] = then * scale[time, contract]
            left[contract] -= paid
    return limits


def with_cash(values: Floats, limits: Floats) -> Floats:
    """Return the portfolios of the present nodes, from those of the last layer."""
    steps, contracts = limits.shape
    back = values.shape[0] - steps
    present, layer = np.empty((1 + back, contracts)), np.empty(steps + back)
    for contract in range(contracts):
        for node in range(layer.size):
            layer[node] = max(values[node, contract], limits[steps - 1, contract])
        for time in range(steps - 2, -1, -1):
            limit = limits[time, contract]
            for node in range(time + 1 + back):
                layer[node] = max(layer[node] + layer[node + 1], limit)
        present[:, contract] = layer[: 1 + back]
    return present


def with_yield(values: Floats, spots: Floats, factors: Floats, strikes: Floats) -> Floats:
    """Return the same of option values; exercise yields a node's last spot times a factor, less the strike."""
    steps, contracts = factors.shape
    back = values.shape[0] - steps
    present, layer, spot = np.empty((1 + back, contracts)), np.empty(steps + back), np.empty(steps + back)
    for contract in range(contracts):
        spot[:] = spots[:, contract]
        factor, strike = factors[steps - 1, contract], strikes[steps - 1, contract]
        for node in range(layer.size):
            layer[node] = max(values[node, contract], spot[node] * factor - strike)
        for time in range(steps - 2, -1, -1):
            factor, strike = factors[time, contract], strikes[time, contract]
            for node in range(time + 1 + back):
                layer[node] = max(layer[node] + layer[node + 1], spot[node] * factor - strike)
        present[:, contract] = layer[: 1 + back]
    return present


_SIGNATURES: Final = (
    (exercise_limits, (*[_VECTOR] * 4, _TABLE, _VECTOR, _TABLE, _TABLE, "intp[:,::1]", _TABLE)),
    (with_cash, (_TABLE, _TABLE)),
    (with_yield, (_TABLE, _TABLE, _TABLE, _TABLE)),
)


def compiled() -> Loops:
    """Import numba and compile: seconds the first time on a machine, about one from numba's cache on disk."""
    numba: Any = import_module("numba")
    return Loops(
        *(
            numba.njit(f"{_TABLE}({', '.join(arguments)})", cache=True, nogil=True)(function)
            for function, arguments in _SIGNATURES
        )
    )


def is_wanted() -> bool:
    """Tell whether the environment asks for compiled loops and numba is there; warn where only the latter is missing.

    Raises
    ------
    ConfigError
        If the variable is neither 1 nor 0.
    """
    if not Config.from_environment({_SWITCH: os.environ.get(_SWITCH, "")}).fast:
        return False
    if find_spec("numba") is not None:
        return True
    message = f"{_SWITCH}=1 needs numba, which is not installed: pip install 'quantdata[fast]'; numpy prices meanwhile"
    warnings.warn(message, QuantDataWarning, stacklevel=2)
    return False


class Background(Generic[T]):
    """Compiled loops that are made in a thread when they are first asked for."""

    def __init__(self, make: Callable[[], T], *, is_wanted: Callable[[], bool] = is_wanted) -> None:
        self._make = make
        self._is_wanted = is_wanted
        self._lock = Lock()
        # None until somebody asks, then for good whether they are made.
        self._wanted: bool | None = None
        self._thread: Thread | None = None
        self._made: T | None = None

    def get(self) -> T | None:
        """Return the loops; None until they are made, and where they are not wanted or cannot be."""
        with self._lock:
            if self._wanted is None:
                self._wanted = self._is_wanted()
                if self._wanted:
                    # Not a daemon: a process that ended while LLVM compiles could crash.
                    self._thread = Thread(target=self._run, name="quantdata-fast", daemon=False)
                    self._thread.start()
        return self._made

    def wait(self) -> T | None:
        """Return the same, once it is known."""
        self.get()
        if self._thread is not None:
            self._thread.join()
        return self._made

    def _run(self) -> None:
        try:
            self._made = self._make()
        except Exception:
            logger.exception("numba could not compile: what it would have made faster is done without, and ends alike")


LOOPS: Final = Background(compiled)
