from __future__ import annotations

from datetime import date

import polars as pl
from polars.testing import assert_frame_equal

from quantdata.frames.columns import CORPORATE_ACTIONS, schema
from quantdata.frames.corporate import corporate_actions, dividends_in, splits_in

SPLITS = pl.DataFrame({"execution_date": [date(2024, 6, 10), date(2021, 7, 20)], "ratio": [10.0, 4.0]})
DIVIDENDS = pl.DataFrame(
    {"ex_date": [date(2024, 6, 11), date(2024, 6, 10)], "amount": [0.01, 0.1], "is_recurring": [True, None]}
)


def test_splits_and_dividends_are_one_frame_oldest_first() -> None:
    actions = corporate_actions(SPLITS, DIVIDENDS, symbol="NVDA", source="massive", feed="simulated")
    assert actions.schema == schema(CORPORATE_ACTIONS)
    assert actions.rows() == [
        ("NVDA", date(2021, 7, 20), "split", 4.0, None, "massive", "simulated"),
        ("NVDA", date(2024, 6, 10), "split", 10.0, None, "massive", "simulated"),
        ("NVDA", date(2024, 6, 10), "dividend", None, 0.1, "massive", "simulated"),
        ("NVDA", date(2024, 6, 11), "dividend", None, 0.01, "massive", "simulated"),
    ]


def test_and_what_bars_are_adjusted_by_again() -> None:
    actions = corporate_actions(SPLITS, DIVIDENDS, symbol="NVDA", source="tradier", feed=None)
    assert_frame_equal(splits_in(actions), SPLITS.sort("execution_date"), check_column_order=False)
    assert_frame_equal(dividends_in(actions), DIVIDENDS.select("ex_date", "amount").sort("ex_date"))
    assert actions.get_column("feed").to_list() == [None] * 4


def test_of_a_stock_without_any_there_is_no_row() -> None:
    none = corporate_actions(SPLITS.clear(), DIVIDENDS.clear(), symbol="DIA", source="massive", feed=None)
    assert none.schema == schema(CORPORATE_ACTIONS)
    assert none.is_empty()
