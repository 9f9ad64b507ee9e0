"""Massive's past quotes of options: newest first as sent, oldest first as canonical."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from quantdata.frames.columns import OPTION_QUOTES, schema
from quantdata.frames.massive.option_quotes import option_quotes, quote_page

CALL = "SPY261218C00600000"
NS = 1_795_021_200_000_000_000


def page(*rows: dict[str, Any]) -> Any:
    return quote_page(msgspec.json.encode(rows))


def row(after: int, bid: float, ask: float, **others: Any) -> dict[str, Any]:
    quote = {"sip_timestamp": NS + after, "bid_price": bid, "ask_price": ask, "bid_size": 10, "ask_size": 20}
    return quote | {"sequence_number": after, **others}


def test_quotes_come_out_oldest_first() -> None:
    pages = [page(row(3, 1.0, 1.1), row(2, 1.0, 1.2)), page(row(2, 0.9, 1.2, sequence_number=1), row(0, 0.0, 1.2))]
    found = option_quotes(pages, CALL, feed="realtime")
    assert found.schema == schema(OPTION_QUOTES)
    assert found.select("bid", "ask").rows() == [(0.0, 1.2), (0.9, 1.2), (1.0, 1.2), (1.0, 1.1)]
    assert found.get_column("ts").dt.nanosecond().to_list() == [0, 2, 2, 3]
    assert found.select("symbol", "bid_size", "ask_size", "source", "feed").row(0) == (
        CALL,
        10,
        20,
        "massive",
        "realtime",
    )


def test_nobody_offers_is_null_and_nobody_bids_is_zero() -> None:
    assert option_quotes([page(row(0, 0, 0))], CALL, feed=None).select("bid", "ask").row(0) == (0.0, None)


def test_no_quotes_are_an_empty_frame() -> None:
    assert option_quotes([page()], CALL, feed=None).schema == schema(OPTION_QUOTES)


@pytest.mark.parametrize("pages", [[page(row(1, 1, 2)), page(row(2, 1, 2))], [page({"bid_price": 1.0})]])
def test_pages_that_overlap_are_refused(pages: list[Any]) -> None:
    with pytest.raises(ValueError, match="without a time, or out of order"):
        option_quotes(pages, CALL, feed=None)
