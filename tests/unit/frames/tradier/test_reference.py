"""Tradier's expirations, splits and dividends."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl
import pytest

from quantdata.frames.tradier.reference import dividends, expirations, splits

if TYPE_CHECKING:
    from collections.abc import Callable

SPLIT = {"share_class_id": "0P1", "ex_date": "2020-08-31", "adjustment_factor": 4.0, "split_from": 1.0, "split_to": 4.0}
DIVIDEND = {"share_class_id": "0P1", "ex_date": "2026-11-06", "cash_amount": 0.26, "currency_i_d": "USD"}


def about(*tables: Any, request: str = "AAPL", **others: Any) -> bytes:
    results = [{"type": "Stock", "id": "0P1", "tables": each} for each in tables]
    return msgspec.json.encode([{"request": request, "type": "Symbol", "results": results, **others}])


# --- expirations ----------------------------------------------------------------------------------------------------


def test_expirations_rise_and_come_once() -> None:
    # With several roots a day may come again: reference/tradier.md §5.4.
    items = b'["2027-01-15","2026-12-18","2026-12-18"]'
    assert expirations(items) == [date(2026, 12, 18), date(2027, 1, 15)]
    assert expirations(b"[]") == []


@pytest.mark.parametrize("item", ["2026-02-30", "soon", "", None, 20261218, {"date": "2026-12-18"}, ["2026-12-18"]])
def test_an_expiration_that_is_no_day_is_refused(item: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        expirations(msgspec.json.encode(["2026-12-18", item]))


# --- splits ---------------------------------------------------------------------------------------------------------


def test_splits_rise_with_their_ratios() -> None:
    reverse = {"ex_date": "2005-02-28", "split_from": 3, "split_to": 1}
    read = splits(about({"stock_splits": {"2020-08-31": SPLIT, "2005-02-28": reverse}}), "AAPL")
    assert read.schema == pl.Schema({"execution_date": pl.Date, "ratio": pl.Float64})
    assert read.rows() == [(date(2005, 2, 28), 1 / 3), (date(2020, 8, 31), 4.0)]


def test_a_split_that_two_classes_tell_of_counts_once() -> None:
    table = {"stock_splits": {"2020-08-31": SPLIT}}
    assert splits(about(table, table), "AAPL").height == 1


@pytest.mark.parametrize(
    "table", [{"stock_splits": None}, {"stock_splits": {}}, {"mergers_and_acquisitions": None}, {}, None]
)
def test_a_stock_may_have_no_splits(table: Any) -> None:
    assert splits(about(table), "AAPL").rows() == []
    assert splits(about(), "AAPL").rows() == []
    assert splits(about(results=None), "AAPL").rows() == []


@pytest.mark.parametrize(("before", "after"), [(0, 4), (1, 0), (-1, 4), (1, -4)])
def test_a_split_without_a_ratio_is_refused(before: int, after: int) -> None:
    bent = SPLIT | {"split_from": before, "split_to": after}
    with pytest.raises(ValueError, match="a split without a ratio"):
        splits(about({"stock_splits": {"2020-08-31": bent}}), "AAPL")


@pytest.mark.parametrize("bent", [{"ex_date": None}, {"ex_date": "soon"}, {"split_from": "1"}, {"split_to": None}])
def test_a_split_of_another_shape_is_refused(bent: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"Expected|Invalid"):
        splits(about({"stock_splits": {"2020-08-31": SPLIT | bent}}), "AAPL")


# --- dividends ------------------------------------------------------------------------------------------------------


def test_dividends_have_their_day_and_amount() -> None:
    read = dividends(about({"cash_dividends": [DIVIDEND, DIVIDEND | {"ex_date": "2026-08-07"}]}), "AAPL")
    assert read.schema == pl.Schema({"ex_date": pl.Date, "amount": pl.Float64, "is_recurring": pl.Boolean})
    assert read.rows() == [(date(2026, 11, 6), 0.26, None), (date(2026, 8, 7), 0.26, None)]


@pytest.mark.parametrize(
    ("said", "is_recurring"),
    [
        ({"dividend_type": "CD", "frequency": 4}, True),
        ({"dividend_type": "CD", "frequency": 0}, False),
        ({"dividend_type": "SD", "frequency": 4}, False),
        ({"frequency": 0}, False),
        ({"dividend_type": "CD"}, None),
        ({"dividend_type": None, "frequency": None}, None),
    ],
)
def test_only_an_ordinary_dividend_that_is_paid_so_often_a_year_recurs(
    said: dict[str, object], *, is_recurring: bool | None
) -> None:
    read = dividends(about({"cash_dividends": [DIVIDEND | said]}), "AAPL")
    assert read.item(0, "is_recurring") is is_recurring


def test_a_dividend_that_two_classes_tell_of_counts_once() -> None:
    special = DIVIDEND | {"dividend_type": "SD"}
    table = {"cash_dividends": [DIVIDEND, DIVIDEND, special]}
    read = dividends(about(table, table), "AAPL")
    assert read.rows() == [(date(2026, 11, 6), 0.26, None), (date(2026, 11, 6), 0.26, False)]


def test_one_dividend_comes_as_an_object_and_none_as_null() -> None:
    assert dividends(about({"cash_dividends": DIVIDEND}), "AAPL").rows() == [(date(2026, 11, 6), 0.26, None)]
    assert dividends(about({"cash_dividends": None}), "AAPL").rows() == []
    assert dividends(about({"cash_dividends": []}), "AAPL").rows() == []


@pytest.mark.parametrize("bent", [{"ex_date": None}, {"ex_date": "soon"}, {"cash_amount": None}, {"cash_amount": "1"}])
def test_a_dividend_of_another_shape_is_refused(bent: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"Expected|Invalid"):
        dividends(about({"cash_dividends": [DIVIDEND | bent]}), "AAPL")


# --- whose they are -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", [splits, dividends])
@pytest.mark.parametrize(
    "items",
    [
        b"[]",
        about({}, request="MSFT"),
        about({}, request="aapl"),
        about({}, error="Symbol not found"),
        about(error="Symbol not found"),
    ],
)
def test_an_answer_about_another_stock_or_none_is_refused(
    read: Callable[[bytes, str], pl.DataFrame], items: bytes
) -> None:
    # Else a stock that the vendor knows nothing of would pass for one that never split.
    with pytest.raises(ValueError, match="nothing about AAPL"):
        read(items, "AAPL")


@pytest.mark.parametrize("read", [splits, dividends])
@pytest.mark.parametrize("items", [b"[1]", b'[{"results":[]}]', b'[{"request":1}]', b"{}", b"null", b"["])
def test_an_answer_of_another_shape_is_refused(read: Callable[[bytes, str], pl.DataFrame], items: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(items, "AAPL")
