"""What the sockets send at the market's own pace, held to what the same market answers to requests."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from quantdata.sim import Market, Simulator
from quantdata.sim.streams.rules import StreamRules
from quantdata.sim.timeline import ns_of
from tests.unit.sim.socket_client import connected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
OPENING = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
NS_PER_MS = 1_000_000


class Wall:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Simulator, Wall]]:
    wall = Wall()
    rules = StreamRules(batch_s=0.002)
    with Simulator(clock="live", wall=wall, stream_rules=rules) as simulator:
        yield simulator, wall


@pytest.fixture
def simulator(world: tuple[Simulator, Wall]) -> Simulator:
    simulator, wall = world
    wall.now = NOON
    return simulator


@pytest.fixture
def wall(world: tuple[Simulator, Wall]) -> Wall:
    return world[1]


def near(market: Any, count: int = 40) -> list[str]:
    """Return contracts around the money that expire soonest."""
    chain = market.chain("SPY", NOON)
    nearest = np.argsort(np.abs(chain.listing.strike - chain.underlying_price), kind="stable")
    soon = nearest[chain.listing.expiration[nearest] > np.datetime64("2026-11-18")]
    return chain.listing.symbol[np.sort(soon[:count])].tolist()  # type: ignore[no-any-return]


def watched(simulator: Simulator, wall: Wall, channels: str, steps: Sequence[float], **where: str) -> list[list[Any]]:
    """Return the events that each step of the clock brings; a last one that all channels hear of ends it."""
    path, key = where.get("path", "/options"), where.get("key", "k")
    got = []
    with connected(simulator, path, key=key) as client:
        client.ask("subscribe", channels)
        for step in steps:
            wall.now += timedelta(seconds=step)
            got.append(client.frame())
    return got


def rest(simulator: Simulator, path: str) -> Any:
    request = urllib.request.Request(  # noqa: S310 - our own loopback server
        simulator.base_url + path, headers={"Authorization": "Bearer k"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.loads(answer.read())["results"]


def test_a_quote_is_what_a_snapshot_right_after_it_shows(simulator: Simulator, wall: Wall) -> None:
    symbols = near(simulator.market)
    channels = ",".join(f"Q.O:{symbol}" for symbol in symbols)
    events = [event for frame in watched(simulator, wall, channels, [1.07]) for event in frame]
    newest = {event["sym"]: event for event in events}
    assert len(newest) == 40
    for symbol, event in list(newest.items())[:5]:
        quote = rest(simulator, f"/v3/snapshot/options/SPY/{symbol}")["last_quote"]
        assert (event["bp"], event["ap"], event["bs"], event["as"]) == (
            quote["bid"],
            quote["ask"],
            quote["bid_size"],
            quote["ask_size"],
        )
        assert (event["bx"], event["ax"]) == (quote["bid_exchange"], quote["ask_exchange"])
        assert event["t"] == quote["last_updated"] // NS_PER_MS
    sent = simulator.streams.last_sent("/options", key="k")
    assert {symbol: each[:2] for symbol, each in sent.items()} == {
        symbol: (event["bp"], event["ap"]) for symbol, event in newest.items()
    }


def test_no_quote_is_left_out_or_told_twice(simulator: Simulator, wall: Wall) -> None:
    symbols = near(simulator.market, 10)
    frames = watched(simulator, wall, ",".join(f"Q.O:{symbol}" for symbol in symbols), [1.07, 5.0, 1.0])
    told = [(event["sym"], event["t"], event["q"]) for frame in frames for event in frame]
    expected = []
    for symbol in symbols:
        quotes = simulator.market.quotes(symbol, ns_of(NOON) + 1, ns_of(wall.now) + 1)
        expected += [(f"O:{symbol}", *each) for each in zip(quotes.ts // NS_PER_MS, quotes.sequence, strict=True)]
    assert sorted(told) == sorted(expected)
    assert len(told) > 60


def test_events_of_a_frame_are_in_the_order_of_time(simulator: Simulator, wall: Wall) -> None:
    (events,) = watched(simulator, wall, ",".join(f"Q.O:{each}" for each in near(simulator.market)) + ",T.*", [3.0])
    assert {event["ev"] for event in events} == {"Q", "T"}
    assert [event["t"] for event in events] == sorted(event["t"] for event in events)


def test_option_trades_are_the_tape(simulator: Simulator, wall: Wall) -> None:
    symbols = near(simulator.market)
    frames = watched(simulator, wall, ",".join(f"T.O:{symbol}" for symbol in symbols), [50.0])
    told = [
        (event["sym"], event["t"], event["p"], event["s"], event["x"], event["c"])
        for frame in frames
        for event in frame
    ]
    expected: list[Any] = []
    for symbol in symbols:
        tape = simulator.market.trades(symbol, ns_of(NOON) + 1, ns_of(wall.now) + 1)
        columns = (tape.ts // NS_PER_MS, tape.price, tape.size, tape.exchange, tape.condition[:, None].tolist())
        expected += [(f"O:{symbol}", *each) for each in zip(*columns, strict=True)]
    assert sorted(told) == sorted(expected)
    assert len(told) > 3


def test_an_option_minute_comes_when_it_is_over_and_adds_up(simulator: Simulator, wall: Wall) -> None:
    symbols = near(simulator.market)
    (bars,) = watched(simulator, wall, ",".join(f"AM.O:{symbol}" for symbol in symbols), [60.0])
    assert bars
    for event in bars:
        assert (event["ev"], event["s"], event["e"]) == ("AM", ns_of(NOON) // NS_PER_MS, ns_of(wall.now) // NS_PER_MS)
        day = simulator.market.minute_bars(event["sym"].removeprefix("O:"), NOON.date(), wall.now)
        own = int(np.flatnonzero(day.start == ns_of(NOON))[0])
        assert [event[key] for key in "ohlcv"] == [
            getattr(day, name)[own] for name in ("open", "high", "low", "close", "volume")
        ]
        assert event["vw"] == pytest.approx(day.vwap[own], abs=1e-4)
        assert event["av"] == day.volume[: own + 1].sum()
        assert event["a"] == pytest.approx(float((day.vwap * day.volume)[: own + 1].sum()) / event["av"], abs=1e-4)
        assert event["op"] == day.open[0]
        assert event["z"] == max(event["v"] // int(day.trades[own]), 1)


def test_an_option_second_is_held_for_two(simulator: Simulator, wall: Wall) -> None:
    (bars,) = watched(simulator, wall, "A.*", [30.0])
    assert {bar["e"] - bar["s"] for bar in bars} == {1_000}
    assert max(bar["e"] for bar in bars) <= ns_of(wall.now) // NS_PER_MS - 2_000


def test_stocks_have_quotes_trades_and_bars(simulator: Simulator, wall: Wall) -> None:
    (events, *_) = watched(simulator, wall, "Q.SPY,T.*,AM.SPY,A.SPY", [60.0], path="/stocks")
    by_kind = {event["ev"]: event for event in events}
    assert {"Q", "T"} <= set(by_kind)
    quote = next(event for event in events if event["ev"] == "Q")
    view = simulator.market.equity("SPY", datetime.fromtimestamp(quote["t"] / 1_000, UTC))
    assert (quote["bp"], quote["ap"], quote["bs"], quote["as"]) == (view.bid, view.ask, view.bid_size, view.ask_size)
    assert {event["sym"] for event in events if event["ev"] == "T"} >= {"SPY", "AAPL"}


def test_a_stocks_minute_adds_up(simulator: Simulator, wall: Wall) -> None:
    (bars,) = watched(simulator, wall, "AM.SPY", [60.0], path="/stocks")
    (bar,) = bars
    day = simulator.market.minute_bars("SPY", NOON.date(), wall.now - timedelta(microseconds=1))
    assert [bar[key] for key in "ohlcv"] == [
        pytest.approx(getattr(day, name)[-1]) for name in ("open", "high", "low", "close", "volume")
    ]
    assert bar["av"] == day.volume.sum()
    assert bar["dv"] == f"{bar['v']:.1f}"
    assert bar["op"] == day.open[day.start == ns_of(OPENING)][0]


def test_an_index_has_its_level_and_its_minute(simulator: Simulator, wall: Wall) -> None:
    ((value,),) = watched(simulator, wall, "V.I:SPX", [1.0], path="/indices")
    view = simulator.market.index("SPX", wall.now)
    assert value == {"ev": "V", "val": view.value, "T": "I:SPX", "t": view.value_ts // NS_PER_MS}
    wall.now = NOON
    ((minute,),) = watched(simulator, wall, "AM.I:SPX,V.I:NONE", [60.0], path="/indices")
    bars = simulator.market.minute_bars("SPX", NOON.date(), wall.now - timedelta(microseconds=1))
    assert [minute[key] for key in "ohlc"] == [getattr(bars, name)[-1] for name in ("open", "high", "low", "close")]
    assert (minute["op"], minute["e"]) == (bars.open[0], ns_of(wall.now) // NS_PER_MS)
    wall.now = NOON
    (seconds,) = watched(simulator, wall, "A.I:SPX", [4.0], path="/indices")
    assert [second["s"] for second in seconds] == [
        ns_of(NOON) // NS_PER_MS + each for each in (-2_000, -1_000, 0, 1_000)
    ]


def test_a_delayed_plan_hears_everything_fifteen_minutes_late(simulator: Simulator, wall: Wall) -> None:
    (events, *_) = watched(simulator, wall, "T.*", [50.0], key="sim-developer")
    late = timedelta(minutes=15)
    first, last = (ns_of(each - late) // NS_PER_MS for each in (NOON, wall.now))
    assert all(first <= event["t"] <= last for event in events)


def test_before_the_opening_options_are_silent_and_stocks_are_not(simulator: Simulator, wall: Wall) -> None:
    wall.now = OPENING - timedelta(minutes=30)
    symbol = near(simulator.market, 1)[0]
    with connected(simulator, key="k") as client, connected(simulator, "/stocks", key="k") as stocks:
        client.ask("subscribe", f"Q.O:{symbol},T.*,A.*")
        stocks.ask("subscribe", "Q.SPY")
        wall.now += timedelta(seconds=30)
        assert stocks.events(1)[0]["sym"] == "SPY"
        wall.now = OPENING - timedelta(seconds=1)
        wall.now += timedelta(seconds=1.07)
        first = client.events(1, "Q")[0]
    assert first["sym"] == f"O:{symbol}"
    assert first["t"] >= ns_of(OPENING) // NS_PER_MS


def test_the_market_of_a_seed_is_shared(simulator: Simulator) -> None:
    assert isinstance(simulator.market, Market)
