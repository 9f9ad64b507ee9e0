"""The items of Tradier's quotes: wire columns, what 0 stands for, and whose quotes they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl
import pytest

from quantdata.frames.columns import MOMENT
from quantdata.frames.tradier.quotes import (
    WIRE,
    day_close,
    known_as,
    last_ts,
    positive,
    quote_page,
    quote_ts,
    require_asked,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

RECEIVED = datetime(2026, 11, 18, 17, 0, 0, 250_000, tzinfo=UTC)
STOCK: dict[str, Any] = {
    "symbol": "SPY",
    "description": "SPDR S&P 500",
    "exch": "P",
    "type": "etf",
    "last": 547.94,
    "volume": 16616657,
    "root_symbols": "SPY",
}


def page(*rows: dict[str, Any]) -> pl.DataFrame:
    return quote_page(msgspec.json.encode(rows), received=RECEIVED)


def value(expression: pl.Expr, **fields: Any) -> Any:
    return page(STOCK | fields).select(expression).item()


def test_a_page_has_the_wire_columns_and_the_time_of_its_arrival() -> None:
    read = page(STOCK)
    assert read.schema == pl.Schema({**WIRE, "received_ts": MOMENT})
    assert read.select("symbol", "type", "last", "volume", "open", "greeks", "received_ts").row(0) == (
        "SPY", "etf", 547.94, 16616657.0, None, None, RECEIVED,
    )  # fmt: skip


def test_no_items_have_the_columns_of_some() -> None:
    assert page().schema == page(STOCK).schema
    assert page().height == 0


def test_stocks_indices_and_options_are_read_together() -> None:
    read = page(
        STOCK, {"symbol": "SPX", "type": "index"}, {"symbol": "SPY261218P00600000", "strike": 600, "greeks": {}}
    )
    assert read.get_column("strike").to_list() == [None, None, 600.0]
    assert read.height == 3


@pytest.mark.parametrize(
    "row",
    [
        1, None, "null", [], {"last": "high"}, {"greeks": []}, {"greeks": {"delta": "NaN"}}, {"trade_date": "today"},
        {"bid": {}},
    ],
)  # fmt: skip
def test_items_of_another_shape_are_refused(row: Any) -> None:
    with pytest.raises(ValueError, match=r"deserializ|nulls"):
        page(STOCK, row)


@pytest.mark.parametrize("items", [b'[{"symbol":"\xff"}]', b"[" * 2000, b'[{"last":1e999}]', b"[{"])
def test_items_that_are_no_json_are_refused(items: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        quote_page(items, received=RECEIVED)


# --- what numbers stand for -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sent", "expected"), [(5.5, 5.5), (0, None), (0.0, None), (-1.0, None), (None, None)])
def test_a_price_or_size_of_0_is_none(sent: float | None, expected: float | None) -> None:
    assert value(positive("last"), last=sent) == expected


AT = 1_795_021_200_000
MOMENT_AT = datetime(2026, 11, 18, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("bid_date", "ask_date", "expected"),
    [
        (AT, AT - 60_000, MOMENT_AT),
        (AT - 60_000, AT, MOMENT_AT),
        (AT, None, MOMENT_AT),
        (None, AT, MOMENT_AT),
        (0, AT, MOMENT_AT),
        (0, 0, None),
        (None, None, None),
    ],
)
def test_a_quote_is_as_new_as_its_newer_side(
    bid_date: int | None, ask_date: int | None, expected: datetime | None
) -> None:
    assert value(quote_ts(), bid_date=bid_date, ask_date=ask_date) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [(AT + 990, datetime(2026, 11, 18, 17, 0, 0, 990_000, tzinfo=UTC)), (0, None), (None, None)],
)
def test_what_never_traded_has_no_time_of_it(sent: int | None, expected: datetime | None) -> None:
    assert value(last_ts(), trade_date=sent) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"close": 10.5, "open": 10.0, "last": 11.0}, 10.5),
        ({"close": None, "open": 10.0, "last": 11.0}, 11.0),  # in the session
        ({"close": 0.0, "open": 10.0, "last": 11.0}, 11.0),
        ({"close": None, "open": None, "last": 11.0}, None),  # the last price is of another day
        ({"close": None, "open": 0.0, "last": 11.0}, None),
        ({"close": None, "open": 10.0, "last": 0.0}, None),
    ],
)
def test_the_close_is_the_last_price_of_a_day_that_has_begun(
    fields: dict[str, float | None], expected: float | None
) -> None:
    assert value(day_close(), **fields) == expected


# --- whose quotes they are ------------------------------------------------------------------------------------------


def known(rows: Sequence[dict[str, Any]], names: dict[str, str]) -> list[tuple[Any, ...]]:
    frame = known_as(page(*rows), names, [], kinds=("stock", "etf"), wanted="a stock or fund")
    return frame.select("symbol", "vendor_error").rows()


def test_symbols_come_in_canonical_spelling() -> None:
    rows = [STOCK | {"symbol": "BRK/B", "type": "stock"}, STOCK]
    assert known(rows, {"SPY": "SPY", "BRK/B": "BRK.B"}) == [("BRK.B", None), ("SPY", None)]


@pytest.mark.parametrize(("kind", "shown"), [("index", "index"), ("option", "option"), (None, "?"), ("", "")])
def test_a_symbol_of_another_kind_has_its_reason(kind: str | None, shown: str) -> None:
    reason = f"NOT_FOUND: Tradier knows it as {shown}, not as a stock or fund"
    assert known([STOCK | {"type": kind}], {"SPY": "SPY"}) == [("SPY", reason)]


@pytest.mark.parametrize("symbol", ["QQQ", "spy", "", None])
def test_a_symbol_that_was_not_asked_for_is_refused(symbol: str | None) -> None:
    with pytest.raises(ValueError, match="symbols that were not asked for"):
        known([STOCK, STOCK | {"symbol": symbol}], {"SPY": "SPY", "IWM": "IWM"})


def test_what_was_asked_may_be_missing() -> None:
    require_asked(page(), ["SPY"])
    require_asked(page(STOCK), ["SPY", "IWM"])
    assert known([], {"SPY": "SPY"}) == []
