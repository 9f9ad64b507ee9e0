"""What order flow is asked for: of which span, and whose tapes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quantdata.clients.flow_query import FlowQuery
from quantdata.errors import ArgumentError, ContractNotFoundError, SymbolError
from tests.unit.analytics.tape_rows import CALL, PUT, contracts

NOW = datetime(2026, 11, 18, 16, tzinfo=UTC)  # 11:00 on a Wednesday
OPENED = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_left_out_the_span_is_the_session_so_far() -> None:
    assert FlowQuery.of("SPY").span(NOW) == (OPENED, NOW)
    evening = NOW + 8 * HOUR
    assert FlowQuery.of("SPY").span(evening) == (OPENED, evening)
    # Before the open, and on a Sunday, it is the one before.
    assert FlowQuery.of("SPY").span(NOW - 3 * HOUR)[0] == OPENED - timedelta(days=1)
    assert FlowQuery.of("SPY").span(datetime(2026, 11, 22, 16, tzinfo=UTC))[0] == datetime(
        2026, 11, 20, 14, 30, tzinfo=UTC
    )


def test_one_end_may_be_left_out() -> None:
    assert FlowQuery.of("SPY", start=NOW - HOUR).span(NOW) == (NOW - HOUR, NOW)
    assert FlowQuery.of("SPY", end=NOW - HOUR).span(NOW) == (OPENED, NOW - HOUR)
    start, end = FlowQuery.of("SPY", end="2026-11-17").span(NOW)
    assert (start, end.isoformat()) == (OPENED - timedelta(days=1), "2026-11-18T04:59:59.999999+00:00")


def test_nothing_is_asked_of_the_future() -> None:
    assert FlowQuery.of("SPY", start="2026-11-18", end="2026-12-31").span(NOW)[1] == NOW
    with pytest.raises(
        ArgumentError, match="start comes after the present: 2026-11-19 05:00 UTC > 2026-11-18 16:00 UTC"
    ):
        FlowQuery.of("SPY", start="2026-11-19").span(NOW)


@pytest.mark.parametrize(
    ("span", "is_whole", "is_within"),
    [
        ({}, True, True),
        ({"start": "2026-11-18"}, True, True),
        ({"start": "2026-11-18", "end": "2026-11-18"}, True, True),
        ({"start": NOW - HOUR}, False, True),
        ({"end": NOW - HOUR}, False, True),
        ({"start": "2026-11-17"}, False, False),
        ({"start": "2026-11-17", "end": "2026-11-17"}, False, False),
    ],
)
def test_a_chain_knows_the_newest_session_alone(span: dict[str, Any], is_whole: bool, is_within: bool) -> None:  # noqa: FBT001
    query = FlowQuery.of("SPY", **span)
    assert query.is_newest_session(NOW) is is_whole
    assert query.is_of_newest_session(NOW) is is_within


def test_the_busiest_contracts_are_chosen() -> None:
    chain = contracts({"volume": 5}, {"contract_symbol": PUT, "volume": 9}, {"contract_symbol": "SPY1", "volume": 0})
    assert FlowQuery.of("SPY").chosen(chain).get_column("contract_symbol").to_list() == [PUT, CALL]
    assert FlowQuery.of("SPY", top=1).chosen(chain).get_column("contract_symbol").to_list() == [PUT]
    assert FlowQuery.of("SPY", top=0).chosen(chain).is_empty()


def test_or_those_that_are_named() -> None:
    chain = contracts({"volume": 5}, {"contract_symbol": PUT, "volume": 9})
    query = FlowQuery.of("SPY", contracts=[f"O:{CALL}", CALL])
    assert query.contracts == (CALL,)
    assert query.chosen(chain).get_column("contract_symbol").to_list() == [CALL]
    with pytest.raises(ContractNotFoundError, match=rf"no live contract {PUT}: see chain\('SPY'\)"):
        FlowQuery.of("SPY", contracts=PUT).chosen(chain.head(1))


def test_equal_questions_have_equal_keys() -> None:
    assert FlowQuery.of("spy").key == FlowQuery.of("SPY", top=20).key
    assert FlowQuery.of("SPY", contracts=CALL, top=5).key == FlowQuery.of("SPY", contracts=[CALL]).key
    assert FlowQuery.of("SPY", top=5).key != FlowQuery.of("SPY").key
    assert FlowQuery.of("SPY", start="2026-11-17").key != FlowQuery.of("SPY").key


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        ({"underlying": None}, SymbolError, "underlying is text such as 'SPY', not None"),
        ({"underlying": "SPXW"}, SymbolError, "is an option root of SPX"),
        ({"start": "soon"}, ArgumentError, "start must be a day such as"),
        ({"end": 5}, ArgumentError, "end must be a date or text"),
        ({"end": datetime(2026, 11, 18)}, ArgumentError, "end is a moment without a time zone"),  # noqa: DTZ001
        ({"start": "2026-11-18", "end": "2026-11-17"}, ArgumentError, "start comes after end"),
        ({"top": -1}, ArgumentError, "top must be at least 0, not -1"),
        ({"top": 251}, ArgumentError, "top must be at most 250, not 251"),
        ({"top": 2.0}, ArgumentError, "top must be a whole number, not 2.0"),
        ({"contracts": []}, ArgumentError, "contracts is empty"),
        ({"contracts": [5]}, ArgumentError, "contracts must be text or a list of texts, not 5"),
        ({"contracts": "SPY"}, SymbolError, "'SPY' is not an option symbol"),
        ({"contracts": "QQQ261218C00600000"}, SymbolError, "QQQ261218C00600000 is an option on QQQ, not on SPY"),
        (
            {"contracts": [f"SPY261218C{strike:08d}" for strike in range(1000, 252_000, 1000)]},
            ArgumentError,
            "contracts are at most 250 in one call, not 251",
        ),
    ],
)
def test_what_cannot_be_read_is_named(arguments: dict[str, Any], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        FlowQuery.of(**{"underlying": "SPY"} | arguments)


def test_roots_of_one_underlying_are_taken() -> None:
    assert FlowQuery.of("SPX", contracts="SPXW261218C06800000").contracts == ("SPXW261218C06800000",)
    assert FlowQuery.of("BRK.B", contracts="BRKB261218C00500000").contracts == ("BRKB261218C00500000",)
