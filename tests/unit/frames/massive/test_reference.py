"""Massive's reference rows: contracts, splits, dividends."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.massive.reference import about, contracts, dividends, splits


def test_contracts_come_as_they_were_sent() -> None:
    # Neither sorted nor made unique here: whether the vendor kept to the sort is seen in its own order.
    rows = b"""[{"underlying_ticker": "SPY", "expiration_date": "2025-10-17", "ticker": "O:A", "strike_price": 673},
                {"underlying_ticker": "SPY", "expiration_date": "2025-10-10", "ticker": "O:B"},
                {"underlying_ticker": "QQQ", "expiration_date": "2025-10-10", "ticker": "O:A"}]"""
    expected = pl.DataFrame(
        {
            "ticker": ["O:A", "O:B", "O:A"],
            "underlying": ["SPY", "SPY", "QQQ"],
            "expiration": [date(2025, 10, 17), date(2025, 10, 10), date(2025, 10, 10)],
        }
    )
    assert_frame_equal(contracts(rows), expected)


@pytest.mark.parametrize(
    "row",
    [
        "{}",
        '{"ticker": "O:A", "underlying_ticker": "SPY"}',
        '{"ticker": "O:A", "underlying_ticker": "SPY", "expiration_date": null}',
        '{"ticker": "O:A", "underlying_ticker": "SPY", "expiration_date": "soon"}',
        '{"ticker": "O:A", "expiration_date": "2025-10-10"}',
        '{"underlying_ticker": "SPY", "expiration_date": "2025-10-10"}',
    ],
)
def test_a_contract_without_a_name_an_underlying_or_a_date_is_refused(row: str) -> None:
    good = '{"ticker": "O:A", "underlying_ticker": "SPY", "expiration_date": "2025-10-10"}'
    with pytest.raises(ValueError, match="a contract without a ticker, an underlying or a date"):
        contracts(f"[{good}, {row}]".encode())


def test_a_split_is_new_shares_for_one_old() -> None:
    rows = b"""[{"execution_date": "2020-08-31", "split_from": 1, "split_to": 4, "ticker": "AAPL"},
                {"execution_date": "2022-05-20", "split_from": 2, "split_to": 1, "ticker": "T"}]"""
    expected = pl.DataFrame(
        {"ticker": ["AAPL", "T"], "execution_date": [date(2020, 8, 31), date(2022, 5, 20)], "ratio": [4.0, 0.5]}
    )
    assert_frame_equal(splits(rows), expected)


def test_a_dividend_is_dollars_a_share_of_its_day() -> None:
    rows = b"""[{"ex_dividend_date": "2025-08-11", "cash_amount": 0.26, "pay_date": "2025-08-14", "ticker": "AAPL",
                 "dividend_type": "CD", "frequency": 4}]"""
    expected = {"ticker": ["AAPL"], "ex_date": [date(2025, 8, 11)], "amount": [0.26], "dividend_type": ["CD"]}
    assert_frame_equal(dividends(rows), pl.DataFrame({**expected, "is_recurring": [True]}))


@pytest.mark.parametrize(
    ("said", "is_recurring"),
    [
        ('"dividend_type": "CD", "frequency": 12', True),
        ('"dividend_type": "CD", "frequency": 0', False),
        ('"dividend_type": "SC", "frequency": 4', False),
        ('"dividend_type": "SC"', False),
        ('"dividend_type": "LT", "frequency": 1', False),
        ('"dividend_type": "ST", "frequency": 1', False),
        ('"frequency": 0', False),
        ('"dividend_type": "CD"', None),
        ('"frequency": 4', None),
        ('"dividend_type": null, "frequency": null', None),
    ],
)
def test_only_an_ordinary_dividend_that_is_paid_so_often_a_year_recurs(said: str, *, is_recurring: bool | None) -> None:
    # reference/massive.md, section 6; null is not said.
    row = f'{{"ex_dividend_date": "2025-08-11", "cash_amount": 0.26, "ticker": "AAPL", {said}}}'
    assert dividends(f"[{row}]".encode()).item(0, "is_recurring") is is_recurring


def test_empty_answers_have_the_schema_of_full_ones() -> None:
    assert contracts(b"[]").schema == {"ticker": pl.String(), "underlying": pl.String(), "expiration": pl.Date()}
    assert splits(b"[]").schema == {"ticker": pl.String(), "execution_date": pl.Date(), "ratio": pl.Float64()}
    told = {"dividend_type": pl.String(), "is_recurring": pl.Boolean()}
    assert dividends(b"[]").schema == {"ticker": pl.String(), "ex_date": pl.Date(), "amount": pl.Float64(), **told}


@pytest.mark.parametrize("row", ['"split_to": 4', '"split_from": 0, "split_to": 4', '"split_from": 1, "split_to": 0'])
def test_a_split_without_a_ratio_is_refused(row: str) -> None:
    with pytest.raises(ValueError, match="a split without a ticker, a date or a ratio"):
        splits(b'[{"execution_date": "2020-08-31", %s}]' % row.encode())


def test_a_dividend_without_an_amount_is_refused() -> None:
    # It would leave the prices before it unadjusted, and nobody would know.
    with pytest.raises(ValueError, match="a dividend without a ticker, a date or an amount"):
        dividends(b'[{"ex_dividend_date": "2025-08-11"}, {"ex_dividend_date": "2025-05-12", "cash_amount": 0.26}]')


def test_what_is_no_date_is_refused() -> None:
    with pytest.raises(ValueError, match="a split without a ticker, a date"):
        splits(b'[{"execution_date": "soon", "split_from": 1, "split_to": 4}]')
    with pytest.raises(ValueError, match="a dividend without a ticker, a date"):
        dividends(b'[{"ex_dividend_date": "08/11/2025", "cash_amount": 0.26}]')


def test_rows_about_another_ticker_are_refused() -> None:
    found = splits(b'[{"ticker": "AAPL", "execution_date": "2020-08-31", "split_from": 1, "split_to": 4}]')
    assert about(found, "AAPL").columns == ["execution_date", "ratio"]
    with pytest.raises(ValueError, match="not about NVDA: the vendor lost the filter"):
        about(found, "NVDA")
