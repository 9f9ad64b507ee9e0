from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim import Simulator
from quantdata.sim.streams.rules import StreamRules
from tests.unit.sim.socket_client import connected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim.source import MarketSource

AT = "at:2026-11-18T12:00:00-05:00"
NOON_MS = 1_795_021_200_000
CALL, QUIET = "O:SPY261218C00600000", "O:SPY1261218C00400000"
QUOTE_KEYS = ["ev", "sym", "bx", "bp", "bs", "ax", "ap", "as", "t", "q"]
BAR_KEYS = ["ev", "sym", "v", "av", "op", "vw", "a", "z", "o", "c", "h", "l", "s", "e"]


@pytest.fixture(scope="module")
def running(market: MarketSource) -> Iterator[Simulator]:
    # Slower readers than these tests there are not, on a machine that does ten things at once.
    with Simulator(
        clock=AT, market=market, stream_rate=20_000.0, stream_rules=StreamRules(slow_after_s=None)
    ) as simulator:
        yield simulator


def wanted(simulator: Simulator, path: str, channels: str, kind: str, *, count: int = 40) -> list[Any]:
    with connected(simulator, path, key="k") as client:
        client.ask("subscribe", channels)
        return client.events(count, kind)


def test_a_contracts_quotes_rise_in_time_and_sequence_and_vary(running: Simulator) -> None:
    quotes = wanted(running, "/options", f"Q.{CALL},Q.{QUIET}", "Q")
    by_symbol = defaultdict(list)
    for quote in quotes:
        assert list(quote) == QUOTE_KEYS
        by_symbol[quote["sym"]].append(quote)
    assert set(by_symbol) == {CALL, QUIET}
    for own in by_symbol.values():
        stamps = [(quote["t"], quote["q"]) for quote in own]
        assert stamps == sorted(set(stamps))
        assert stamps[0][0] >= NOON_MS
    assert len({quote["bp"] for quote in by_symbol[CALL]}) > 1
    assert all(12.0 <= quote["bp"] < quote["ap"] <= 12.3 for quote in by_symbol[CALL])
    assert {(quote["bp"], quote["bs"]) for quote in by_symbol[QUIET]} == {(0, 0)}


def test_the_last_quote_that_came_is_the_last_that_was_sent(running: Simulator) -> None:
    channels = ",".join(f"Q.O:{symbol}" for symbol in running.market.listing("SPY", None).symbol)  # type: ignore[arg-type]
    with connected(running, key="exact") as client:
        client.ask("subscribe", channels)
        events = client.frame()
        while len(events) < 2_000:
            events += client.frame()
        client.send(action="unsubscribe", params=channels)
        while sum(event["ev"] == "status" for event in events) < 6:
            events += client.frame()
        quotes = [event for event in events if event["ev"] == "Q"]
        last = {event["sym"]: tuple(event[key] for key in ("bp", "ap", "bs", "as", "t", "q")) for event in quotes}
        assert client.ask("subscribe", "AM.O:NONE")[0]["status"] == "success"
    assert last == running.streams.last_sent("/options", key="exact")


def test_trades_and_bars_come_too_but_are_rarer(running: Simulator) -> None:
    with connected(running, key="k") as client:
        client.ask("subscribe", f"Q.{CALL},T.*,AM.*,A.{CALL}")
        events = client.events(400)
    by_kind = defaultdict(list)
    for event in events:
        by_kind[event["ev"]].append(event)
    assert set(by_kind) == {"Q", "T", "AM", "A"}
    assert len(by_kind["Q"]) > 3 * len(by_kind["T"])
    assert list(by_kind["T"][0]) == ["ev", "sym", "x", "p", "s", "c", "t", "q"]
    assert list(by_kind["AM"][0]) == BAR_KEYS
    assert by_kind["AM"][0]["e"] - by_kind["AM"][0]["s"] == 60_000


def test_a_wildcard_alone_stands_for_the_nearest_listing(running: Simulator) -> None:
    trades = wanted(running, "/options", "T.*", "T", count=100)
    assert {trade["sym"] for trade in trades} == {"O:SPX261218C06000000", "O:SPXW261218C06000000"}


def test_stocks_have_their_own_form(running: Simulator) -> None:
    (quote,) = wanted(running, "/stocks", "Q.SPY", "Q", count=1)
    assert list(quote) == ["ev", "sym", "bx", "bp", "bs", "ax", "ap", "as", "c", "i", "t", "q", "z"]
    (trade,) = wanted(running, "/stocks", "T.*", "T", count=1)
    assert list(trade) == ["ev", "sym", "x", "i", "z", "p", "s", "t", "q", "ds"]
    assert trade["i"] == str(trade["q"])
    (bar,) = wanted(running, "/stocks", "AM.AAPL", "AM", count=1)
    assert bar["sym"] == "AAPL"


def test_indices_have_levels_and_bars_without_volume(running: Simulator) -> None:
    (value,) = wanted(running, "/indices", "V.I:SPX", "V", count=1)
    assert list(value) == ["ev", "val", "T", "t"]
    assert value["T"] == "I:SPX"
    (bar,) = wanted(running, "/indices", "AM.*,V.*", "AM", count=1)
    assert list(bar) == ["ev", "sym", "op", "o", "c", "h", "l", "s", "e"]


def test_what_nobody_lists_is_never_heard_of(running: Simulator) -> None:
    events = wanted(running, "/options", f"Q.O:NONE,Q.{CALL},T.SPY,LULD.X", "Q", count=20)
    assert {event["sym"] for event in events} == {CALL}
