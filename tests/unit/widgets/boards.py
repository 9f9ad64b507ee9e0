"""Small chains for tables: several series, holes, prices that tell where they are from."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quantdata.frames.columns import CHAIN, schema
from tests.unit.hybrid.chains import NOW, row

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DECEMBER", "JANUARY", "NOW", "board", "contract"]

DECEMBER: Final = date(2026, 12, 18)
JANUARY: Final = date(2027, 1, 15)


def contract(
    strike: float, option_type: str = "call", *, expiration: date = DECEMBER, root: str = "SPY", **values: Any
) -> dict[str, Any]:
    """Return one contract of Massive's, quoted 5.00 to 5.20."""
    symbol = f"{root}{expiration:%y%m%d}{option_type[0].upper()}{round(strike * 1000):08d}"
    told = {"errors": [], "warnings": [], "notes": [], "is_stale": False, "quality": "excellent", "age_s": 0.0}
    named = {"contract_symbol": symbol, "expiration": expiration, "root_symbol": root}
    return {**row("massive", strike, option_type), **named, **told, **values}


def board(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return contracts as a chain, in the order given."""
    return pl.DataFrame(list(rows), schema=schema(CHAIN), orient="row")
