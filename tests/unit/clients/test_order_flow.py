"""How order flow is found: whose tapes it reads, and what it does where there are none."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata import portal
from quantdata.clients.flow_query import FlowQuery
from quantdata.clients.option_tape import OptionTape
from quantdata.clients.order_flow import find_flow, flow_warning
from quantdata.errors import EntitlementError, UnavailableError
from quantdata.frames.columns import FLOW, schema
from tests.unit.analytics.tape_rows import CALL, NOON, PUT, contracts, prints, quotes

if TYPE_CHECKING:
    from datetime import datetime

OTHER = "SPY261218C00610000"
CHAIN = contracts(
    {"volume": 50, "vwap": 1.0},
    {"contract_symbol": PUT, "option_type": "put", "volume": 10, "vwap": 1.0},
    {"contract_symbol": OTHER, "volume": 40, "vwap": 2.0},
)


class Tapes:
    """A provider of tapes: one bought print a contract, or an error."""

    def __init__(self, error: Exception | None = None, *, has_quotes: bool = True) -> None:
        self.asked: list[tuple[str, datetime, datetime]] = []
        self._error = error
        self._has_quotes = has_quotes

    async def option_tape(self, symbol: str, *, start: datetime, end: datetime) -> OptionTape:
        self.asked.append((symbol, start, end))
        if self._error is not None:
            raise self._error
        book = [{"at": 0, "bid": 1.0, "ask": 1.1, "symbol": symbol}] if self._has_quotes else []
        return OptionTape(prints({"at": 1, "price": 1.1, "symbol": symbol, "size": 7}), quotes(*book))


def find(tapes: Tapes, chain: pl.DataFrame = CHAIN, **arguments: Any) -> pl.DataFrame:
    found = portal.call(find_flow(tapes, FlowQuery.of("SPY", **arguments), chain))  # type: ignore[arg-type]
    assert found.schema == schema(FLOW)
    return found


def test_the_busiest_tapes_are_read_and_the_chain_tells_of_the_rest() -> None:
    tapes = Tapes()
    found = find(tapes, top=1)
    assert tapes.asked == [(CALL, NOON.replace(hour=14, minute=30), NOON)]
    assert found.select("contract_symbol", "method", "volume", "buy_volume").rows() == [
        (OTHER, "chain", 40, None),
        (PUT, "chain", 10, None),
        (CALL, "tape", 7, 7),
    ]
    assert flow_warning(found) is None


def test_named_tapes_are_read() -> None:
    found = find(tapes := Tapes(), contracts=[PUT])
    assert [symbol for symbol, _, _ in tapes.asked] == [PUT]
    assert found.filter(pl.col("method") == "tape").get_column("contract_symbol").to_list() == [PUT]
    assert found.height == 3


def test_of_another_day_the_chain_knows_nothing() -> None:
    found = find(Tapes(), contracts=[CALL], start="2026-11-17", end="2026-11-18")
    rows = found.select("contract_symbol", "method", "volume", "volume_oi_ratio", "confidence").rows()
    assert rows == [(CALL, "tape", 7, None, 100), (OTHER, "none", None, None, 0), (PUT, "none", None, None, 0)]
    hour = find(Tapes(), contracts=[CALL], start=NOON - timedelta(hours=1))
    assert hour.get_column("method").to_list() == ["tape", "none", "none"]
    assert hour.get_column("volume_oi_ratio")[0] == 0.007


def test_without_a_tape_it_is_the_chain_and_a_warning_says_so() -> None:
    refused = EntitlementError("tradier has no tape", provider="tradier")
    found = find(Tapes(refused), top=2)
    assert set(found.get_column("method")) == {"chain"}
    assert found.filter(pl.col("notes").list.len() > 0).get_column("contract_symbol").to_list() == [OTHER, CALL]
    assert flow_warning(found) == (
        "no tape of 2 contracts: vendor or plan have none, so who bought is not known; see entitlements()"
    )
    nothing = find(Tapes(refused), contracts=[CALL], start="2026-11-17", end="2026-11-17")
    assert set(nothing.get_column("method")) == {"none"}
    assert flow_warning(nothing) == (
        "no tape of 1 contract: vendor or plan have none, so nothing is known of that time; see entitlements()"
    )


def test_whoever_asks_for_no_tape_is_not_warned() -> None:
    found = find(Tapes(EntitlementError("no tape", provider="tradier")), top=0)
    assert set(found.get_column("method")) == {"chain"}
    assert flow_warning(found) is None


def test_a_tape_without_quotes_is_warned_of() -> None:
    found = find(Tapes(has_quotes=False), top=1)
    assert flow_warning(found) == "few or no quotes for the prints of 1 contract: the tick test alone tells their sides"


def test_a_tape_that_fails_is_no_reason_to_guess() -> None:
    with pytest.raises(UnavailableError):
        find(Tapes(UnavailableError("down", provider="massive")))


def test_a_chain_without_contracts_has_no_flow() -> None:
    assert find(tapes := Tapes(), CHAIN.clear()).is_empty()
    assert tapes.asked == []


def test_a_row_that_has_lost_its_symbol_stays() -> None:
    chain = pl.concat([CHAIN, contracts({"contract_symbol": None, "volume": 3})])
    assert find(Tapes(), chain).get_column("contract_symbol").null_count() == 1
