"""Order flow of what is watched: from the tape where it is heard, else from the chain, else unknown."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.analytics.order_flow import PART_OF_SESSION
from quantdata.frames.columns import FLOW, schema
from quantdata.frames.events import Stamp
from quantdata.live.flows import FlowKeeper, LiveFlows
from quantdata.validation import validate
from quantdata.wire.book import Batch
from tests.unit.analytics.tape_rows import CALL, NOON, PUT, contracts
from tests.unit.live.streamed import held, quote, trade

if TYPE_CHECKING:
    from quantdata.wire.events import Trade

# Noon in New York, from the open on.
OPENED = -int(timedelta(hours=2, minutes=30) / timedelta(milliseconds=1))
QUOTED = {"SPY": held(OPENED - 1, 1.00, 1.10)}
BOUGHT = 1.10


def chain(**facts: Any) -> pl.DataFrame:
    """Return a call and a put of SPY, of which 20 and 10 traded today."""
    call = {"root_symbol": "SPY", "volume": 20, "vwap": 1.0, "last_ts": NOON}
    put = call | {"contract_symbol": PUT, "option_type": "put", "volume": 10}
    return contracts(call | facts, put | facts)


def keeper(*underlyings: str) -> FlowKeeper:
    """Return what keeps the flow of SPY, whose contracts it knows."""
    made = FlowKeeper()
    made.watch(underlyings or ("SPY",))
    made.poll("SPY", chain())
    return made


def hear(
    made: FlowKeeper, *trades: Trade, vendor: str = "massive", named: tuple[str, ...] = (), feed: str = "realtime"
) -> None:
    """Let it hear prints as they come, and quotes of what is named."""
    quotes = {symbol: quote(OPENED, None, None, symbol) for symbol in named}
    batch = Batch(vendor=vendor, trades=list(trades), quotes=quotes, received_at=NOON.timestamp())
    made.add(batch, Stamp(vendor=vendor, feed=feed, received_ts=NOON), QUOTED)


def shown(made: FlowKeeper, at_s: float = 0.0, **facts: Any) -> LiveFlows:
    return made.flows(NOON + timedelta(seconds=at_s), {"SPY": chain(**facts)}, {"SPY": 5.0})


def prepare(made: FlowKeeper, at_s: float) -> None:
    made.prepare(NOON + timedelta(seconds=at_s), {"SPY": chain()}, {"SPY": 5.0})


def methods(flow: pl.DataFrame) -> dict[str, str]:
    return dict(flow.select("contract_symbol", "method").iter_rows())


def test_without_a_tape_flow_is_what_the_chain_tells() -> None:
    flow = shown(keeper())["SPY"]
    assert flow.schema == schema(FLOW)
    assert methods(flow) == {CALL: "chain", PUT: "chain"}
    assert flow.get_column("premium").to_list() == [2000.0, 1000.0]
    assert_frame_equal(flow, validate(flow, NOON))


def test_without_volume_nothing_is_known() -> None:
    flow = shown(keeper(), day_session=None)["SPY"]
    assert methods(flow) == {CALL: "none", PUT: "none"}
    assert flow.get_column("confidence").to_list() == [0, 0]


def test_with_a_tape_of_all_contracts_each_is_told_print_by_print() -> None:
    made = keeper()
    hear(made, trade(OPENED, BOUGHT, 7))
    flow = shown(made)["SPY"]
    assert methods(flow) == {CALL: "tape", PUT: "tape"}
    assert flow.select("contract_symbol", "volume", "buy_pressure").rows() == [(CALL, 7, 100.0), (PUT, 0, None)]
    assert flow.get_column("notes").to_list() == [[], []]
    assert flow.get_column("confidence").to_list() == [100, 100]


def test_a_tape_of_named_contracts_says_nothing_of_the_others() -> None:
    made = keeper()
    hear(made, vendor="tradier", named=(CALL,))
    assert methods(shown(made)["SPY"]) == {CALL: "chain", PUT: "chain"}
    hear(made, trade(OPENED, BOUGHT, bid=1.0, ask=1.1), vendor="tradier")
    flow = shown(made, 1.0)["SPY"]
    assert methods(flow) == {CALL: "tape", PUT: "chain"}
    assert_frame_equal(flow.select(schema(FLOW).names()), flow)


@pytest.mark.parametrize(("after_open_ms", "notes"), [(1_000, []), (1_001, [PART_OF_SESSION])])
def test_a_tape_that_was_not_heard_from_the_open_on_says_so(after_open_ms: int, notes: list[str]) -> None:
    made = keeper()
    hear(made, trade(OPENED + after_open_ms, BOUGHT))
    assert shown(made)["SPY"].get_column("notes").to_list() == [notes, notes]


def test_of_named_contracts_those_that_were_named_later_say_so() -> None:
    made = keeper()
    hear(made, trade(OPENED, BOUGHT), vendor="tradier", named=(CALL,))
    hear(made, trade(OPENED + 1_001, BOUGHT, symbol=PUT, bid=1.0, ask=1.1), vendor="tradier")
    notes = shown(made)["SPY"].select("contract_symbol", "notes").rows()
    assert dict(notes) == {CALL: [], PUT: [PART_OF_SESSION]}


def test_it_says_so_beside_other_notes() -> None:
    made = keeper()
    before_the_quote = [trade(OPENED - 3, 1.0), trade(OPENED - 2, 1.0)]
    hear(made, *before_the_quote, trade(0, 1.0))
    flow = shown(made)["SPY"]
    assert flow.get_column("notes").to_list() == [["signed_by_tick_test", PART_OF_SESSION], [PART_OF_SESSION]]


def test_prints_on_a_day_without_a_session_are_no_part_of_one() -> None:
    made = keeper()
    saturday = 3 * 24 * 3_600_000
    hear(made, trade(saturday, BOUGHT), feed="simulated")
    flow = shown(made)["SPY"]
    assert methods(flow) == {CALL: "tape", PUT: "tape"}
    assert flow.get_column("notes").to_list() == [[], []]


def test_flow_is_summed_up_once_a_second_and_made_once() -> None:
    made = keeper()
    first = shown(made)
    hear(made, trade(OPENED, BOUGHT))
    assert shown(made, 0.999) is first
    assert_frame_equal(first["SPY"], first["SPY"])
    assert first._made.keys() == {"SPY"}
    second = shown(made, 1.0)
    assert second is not first
    assert methods(first["SPY"])[CALL] == "chain"
    assert methods(second["SPY"])[CALL] == "tape"


def test_what_is_due_soon_is_summed_up_ahead_of_the_next_look() -> None:
    made = keeper()
    prepare(made, 0.0)
    first = shown(made)
    hear(made, trade(OPENED, BOUGHT))
    prepare(made, 0.749)
    assert shown(made, 0.749) is first
    prepare(made, 0.75)
    second = shown(made, 0.8)
    assert second.at == NOON + timedelta(seconds=0.75)
    assert methods(second["SPY"])[CALL] == "tape"
    assert shown(made, 1.749) is second


def test_a_poll_of_the_same_contracts_changes_nothing() -> None:
    made = keeper()
    first = shown(made)
    made.poll("SPY", chain())
    assert shown(made, 0.5) is first


def test_a_chain_that_becomes_known_has_its_flow_at_once() -> None:
    made = keeper("SPY", "QQQ")
    assert list(made.flows(NOON, {}, {})) == []
    assert list(shown(made)) == ["SPY"]


def test_an_underlying_that_is_watched_again_begins_anew() -> None:
    made = keeper()
    hear(made, trade(OPENED, BOUGHT))
    made.watch(())
    made.watch(("SPY",))
    made.poll("SPY", chain())
    assert methods(shown(made)["SPY"]) == {CALL: "chain", PUT: "chain"}


def test_adjusted_contracts_count_with_the_chain_that_lists_them() -> None:
    adjusted = "SPY1261218C00600000"
    listed = chain().with_columns(
        contract_symbol=pl.lit(adjusted), root_symbol=pl.lit("SPY1"), multiplier=pl.lit(10, pl.Int64)
    )[:1]
    made = keeper()
    made.poll("SPY", listed)
    hear(made, trade(OPENED, BOUGHT, 3, symbol=f"O:{adjusted}"))
    flow = made.flows(NOON, {"SPY": listed}, {"SPY": 5.0})["SPY"]
    assert flow.select("volume", "premium").row(0) == (3, pytest.approx(33.0))


def test_what_it_shows_is_said_in_a_line() -> None:
    assert repr(shown(keeper())) == "<LiveFlows at 17:00:00: SPY>"
    assert repr(FlowKeeper().flows(NOON, {}, {})) == "<LiveFlows at 17:00:00: none>"
    assert len(shown(keeper())) == 1
    with pytest.raises(KeyError):
        shown(keeper())["QQQ"]
