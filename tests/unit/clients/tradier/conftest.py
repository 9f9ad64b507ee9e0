"""Tradier's answers over the scripted vendor, at noon of a Wednesday."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.tradier_vendor import Tradier

if TYPE_CHECKING:
    from tests.unit.conftest import Vendor


@pytest.fixture
def tradier(market: Vendor) -> Tradier:
    """Return Tradier with a clock of its own, so that no test depends on the day it runs: see `conftest.NOON`."""
    return Tradier(market)
