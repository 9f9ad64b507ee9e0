"""Which fills are kept: what they cost a row, and what becomes of those that cost too much."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import polars as pl
import pytest

from quantdata.clients.dividends import NOT_KNOWN
from quantdata.frames.model import with_model
from quantdata.hybrid.refilling import refilled
from quantdata.pricing.rates import RateCurve
from quantdata.validation import validate
from tests.unit.hybrid.chains import NOW, chain, row

RATES: Final = RateCurve.of(0.04)
CADENCE_S: Final = 30.0
# What the model makes of the literal quote, so that nothing is held against the vendor's.
FITTING: Final[dict[str, Any]] = {"greeks_source": None}


def judged(frame: pl.DataFrame) -> pl.DataFrame:
    return validate(with_model(frame, rates=RATES), NOW, cadence_s=CADENCE_S)


def filled_row(mine: dict[str, Any], theirs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Return a row before and after, among others that lack nothing, and how many were filled."""
    before = judged(chain(row("massive", 600.0, "put", **FITTING), row("massive", 600.0, **{**FITTING, **mine})))
    page = chain(row("tradier", 600.0, **{**FITTING, **theirs}))
    # A page is judged when it is new.
    new = page.with_columns(received_ts=pl.lit(NOW, page.schema["received_ts"]))
    other = judged(new).with_columns(page.get_column("received_ts"))
    result, count = refilled(before, other, cadence_s=CADENCE_S, now=NOW, rates=RATES, dividends=NOT_KNOWN)
    return before.row(0, named=True), result.row(0, named=True), count


def test_a_fresh_quote_costs_what_its_absence_did() -> None:
    before, after, count = filled_row({"quote_source": None}, {})
    assert (before["option_type"], before["warnings"], after["warnings"]) == ("call", ["no_quote"], ["filled"])
    assert (before["confidence"], after["confidence"], after["source"], count) == (95, 95, "hybrid", 1)


def test_what_nobody_missed_costs_the_mark() -> None:
    before, after, count = filled_row({"open_interest_source": None}, {"open_interest": 77})
    assert (before["confidence"], after["confidence"], after["open_interest"], count) == (100, 95, 77, 1)


def test_a_wide_quote_is_better_than_none() -> None:
    wide = {"bid": 4.4, "ask": 5.8, "spread": 1.4, "spread_percent": 27.5}
    before, after, count = filled_row({"quote_source": None}, wide)
    assert (before["confidence"], after["confidence"], after["spread"], count) == (95, 90, 1.4, 1)


@pytest.mark.parametrize("age_s", [31, 91, 179, 181, 600])
def test_a_page_whose_age_would_cost_more_fills_nothing(age_s: int) -> None:
    before, after, count = filled_row({"quote_source": None}, {"received_ts": NOW - timedelta(seconds=age_s)})
    assert (after["quote_source"], after["source"], after["is_stale"], count) == (None, "massive", False, 0)
    assert (after["confidence"], after["errors"]) == (before["confidence"], []) == (95, [])


def test_a_page_of_some_age_fills_a_row_that_is_worth_no_more() -> None:
    """Of a plan whose data are late: a quote of half a minute ago is nearer to the present."""
    late = {"quote_source": None, "feed": "delayed"}
    before, after, count = filled_row(late, {"received_ts": NOW - timedelta(seconds=40)})
    assert (before["confidence"], after["confidence"], count) == (68, 86, 1)
