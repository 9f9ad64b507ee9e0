"""Tradier's spelling of whatever has quotes, bars or ticks."""

from __future__ import annotations

import pytest

from quantdata.clients.tradier.spelling import ticker
from quantdata.errors import SymbolError


@pytest.mark.parametrize(
    ("symbol", "spelled"),
    [
        ("SPY", "SPY"),
        ("BRK.B", "BRK/B"),
        ("BIPpB", "BIP'B"),
        ("SPX", "SPX"),
        ("VIX", "VIX"),
        ("I:XYZQ", "XYZQ"),
        ("SPY261218C00600000", "SPY261218C00600000"),
        ("BRKB261218P00480000", "BRKB261218P00480000"),
        ("SPXW261218C06000000", "SPXW261218C06000000"),
    ],
)
def test_everything_has_one_spelling(symbol: str, spelled: str) -> None:
    assert ticker(symbol) == spelled


def test_when_issued_shares_have_none_that_is_known() -> None:
    with pytest.raises(SymbolError):
        ticker("XYZw")
