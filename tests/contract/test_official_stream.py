"""The vendor's own streaming client on the simulator: it connects, and understands what it receives."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from massive.exceptions import AuthError
from massive.websocket import WebSocketClient
from massive.websocket.models import EquityAgg, EquityQuote, EquityTrade, Feed, IndexValue, Market

from quantdata.sim import Fault, Simulator
from quantdata.sim.streams.rules import StreamRules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATIENCE_S = 20.0
CLOCK = "at:2026-11-18T11:00"


@pytest.fixture(scope="module")
def streaming() -> Iterator[Simulator]:
    with Simulator(clock=CLOCK, stream_rate=5_000.0, stream_rules=StreamRules(slow_after_s=None)) as simulator:
        yield simulator


@pytest.fixture
def simulator(streaming: Simulator) -> Iterator[Simulator]:
    yield streaming
    streaming.faults.clear()


def received_officially(
    simulator: Simulator,
    subscriptions: Sequence[str],
    *,
    is_enough: Callable[[list[Any]], bool],
    market: str = "options",
    key: str = "official",
) -> list[Any]:
    """Return what the vendor's own client receives from the simulator, as its own models, oldest first.

    Parameters
    ----------
    subscriptions
        Channels in the vendor's spelling: ``"Q.O:SPY261218C00600000"``, ``"T.*"``.
    is_enough
        Says of all that came so far whether to stop.
    market
        Which socket: ``"options"``, ``"indices"`` or ``"stocks"``.
    key
        By which ``simulator.streams.last_sent`` tells this client from others.
    """
    return asyncio.run(_receive(simulator, list(subscriptions), is_enough, market, key))


async def _receive(
    simulator: Simulator, subscriptions: list[str], is_enough: Callable[[list[Any]], bool], market: str, key: str
) -> list[Any]:
    address = simulator.socket_url.removeprefix("ws://")
    # Feed and security are arguments: no part of the client is replaced.
    client = WebSocketClient(
        key, feed=address, market=market, secure=False, subscriptions=subscriptions, max_reconnects=0
    )
    got: list[Any] = []
    done = asyncio.Event()

    async def keep(messages: list[Any]) -> None:
        got.extend(messages)
        if is_enough(got):
            done.set()

    connecting = asyncio.ensure_future(client.connect(keep))
    waiting = asyncio.ensure_future(done.wait())
    await asyncio.wait({connecting, waiting}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    # Whatever happened, it leaves its connection for others to close; being cancelled it may not even notice.
    await client.close()  # type: ignore[no-untyped-call]
    await connecting  # raises what ended it
    return got


def calls(simulator: Simulator, count: int) -> list[str]:
    listing = simulator.market.listing("SPY", simulator.clock.now().date())
    return [f"O:{symbol}" for symbol in listing.symbol[listing.is_call][:count].tolist()]


def kinds(got: list[Any]) -> Counter[type]:
    return Counter(type(each) for each in got)


def of_kind(got: list[Any], kind: type) -> list[Any]:
    """Return the events of one of the client's models, whose fields it declares as maybe None."""
    return [each for each in got if isinstance(each, kind)]


def test_it_addresses_the_vendor_by_default() -> None:
    assert WebSocketClient("k", market="options").url == f"wss://{Feed.RealTime.value}/{Market.Options.value}"


def test_it_receives_quotes_and_trades_of_what_it_subscribed_to(simulator: Simulator) -> None:
    symbols = calls(simulator, 20)
    got = received_officially(
        simulator,
        [f"Q.{symbol}" for symbol in symbols] + ["T.*", "AM.*"],
        is_enough=lambda got: min(kinds(got)[each] for each in (EquityQuote, EquityTrade, EquityAgg)) >= 20,
    )
    assert {each.symbol for each in got} == set(symbols)
    quotes = of_kind(got, EquityQuote)
    for quote in quotes:
        assert quote.event_type == "Q"
        assert quote.ask_price > quote.bid_price >= 0
        assert quote.ask_size > 0
        assert quote.timestamp >= 1_795_017_600_000  # when the clock stands
        assert quote.sequence_number > 0
    own = [each.sequence_number for each in quotes if each.symbol == symbols[0]]
    assert own == sorted(set(own))
    trade = of_kind(got, EquityTrade)[0]
    assert (trade.price > 0, trade.size > 0, trade.conditions) == (True, True, [209])


def test_what_it_knows_last_is_what_was_sent_last(simulator: Simulator) -> None:
    symbols = calls(simulator, 5)
    got = received_officially(
        simulator, [f"Q.{symbol}" for symbol in symbols], key="last", is_enough=lambda got: len(got) > 200
    )
    sent = simulator.streams.last_sent("/options", key="last")
    for each in {each.symbol: each for each in got}.values():
        assert each.sequence_number <= sent[each.symbol][-1]
    assert set(sent) == set(symbols)


def test_it_receives_levels_of_indices_and_quotes_of_stocks(simulator: Simulator) -> None:
    (level, *_) = received_officially(simulator, ["V.I:SPX"], market="indices", is_enough=bool)
    assert (type(level), level.ticker, level.value > 1_000) == (IndexValue, "I:SPX", True)
    (quote, *_) = received_officially(simulator, ["Q.SPY"], market="stocks", is_enough=bool)
    assert (type(quote), quote.symbol, quote.tape) == (EquityQuote, "SPY", 3)


def test_it_survives_what_nobody_has_heard_of(simulator: Simulator) -> None:
    simulator.faults.add(Fault("unknown_events"))
    symbol = calls(simulator, 1)[0]
    got = received_officially(simulator, [f"Q.{symbol}"], is_enough=lambda got: len(got) > 10)
    assert {each.symbol for each in got} == {symbol}


def test_a_wrong_key_is_its_own_error(simulator: Simulator) -> None:
    with pytest.raises(AuthError):
        received_officially(simulator, ["T.*"], key="wrong", is_enough=bool)
