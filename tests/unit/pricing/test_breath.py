from __future__ import annotations

from contextvars import copy_context
from itertools import count

import numpy as np

from quantdata.pricing import lattice_price
from quantdata.pricing.breath import PAUSE, breathe

STRIKES = np.linspace(50.0, 150.0, 600)


def _prices() -> object:
    return lattice_price(100.0, 102.0, STRIKES, discount=0.98, time_to_expiry=0.5, volatility=0.3, is_call=False)


def test_long_work_asks_between_its_blocks_and_comes_to_the_same() -> None:
    asked = count()

    def work() -> object:
        PAUSE.set(lambda: next(asked))
        return _prices()

    np.testing.assert_array_equal(copy_context().run(work), _prices())
    assert next(asked) >= 3  # blocks of 256


def test_nobody_who_does_not_say_so_gives_way() -> None:
    assert PAUSE.get() is None
    breathe()
