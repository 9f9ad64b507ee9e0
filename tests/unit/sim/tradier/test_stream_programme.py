"""What Tradier's stream sends, held to what the same market answers to requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from quantdata.sim import Simulator
from quantdata.sim.faults import Faults
from quantdata.sim.stage import Stage
from quantdata.sim.streams.happenings import Happenings
from quantdata.sim.streams.rules import StreamRules
from quantdata.sim.timeline import ns_of
from quantdata.sim.tradier.catalog import Catalog
from quantdata.sim.tradier.stream_programme import TradierProgramme
from quantdata.sim.tradier.stream_request import StreamRequest
from tests.unit.sim.tradier.event_client import PATH, ask, connected, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quantdata.sim.source import MarketSource
    from quantdata.sim.streams.pump import Told

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
OPENING = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
CLOSING = datetime(2026, 11, 18, 21, tzinfo=UTC)
CALL, QUIET = "SPY261218C00600000", "SPY1261218C00400000"
NS_PER_MS = 1_000_000
OF_QUOTES = {
    "bid": "bid",
    "bidsz": "bidsize",
    "bidexch": "bidexch",
    "biddate": "bid_date",
    "ask": "ask",
    "asksz": "asksize",
    "askexch": "askexch",
    "askdate": "ask_date",
}
OF_TRADES = {"price": "last", "size": "last_volume", "date": "trade_date", "exch": "exch", "cvol": "volume"}


class Wall:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Simulator, Wall]]:
    wall = Wall()
    with Simulator(clock="live", wall=wall, stream_rules=StreamRules(batch_s=0.002)) as simulator:
        yield simulator, wall


@pytest.fixture
def simulator(world: tuple[Simulator, Wall]) -> Simulator:
    simulator, wall = world
    wall.now = NOON
    return simulator


@pytest.fixture
def wall(world: tuple[Simulator, Wall]) -> Wall:
    return world[1]


def near(simulator: Simulator, count: int = 40) -> list[str]:
    """Return contracts around the money that expire soonest."""
    chain = simulator.market.chain("SPY", NOON)
    nearest = np.argsort(np.abs(chain.listing.strike - chain.underlying_price), kind="stable")
    soon = nearest[chain.listing.expiration[nearest] > np.datetime64("2026-11-18")]
    symbols: list[str] = chain.listing.symbol[np.sort(soon[:count])].tolist()
    return symbols


def followed(simulator: Simulator, wall: Wall, symbols: Sequence[str], seconds: float, *kinds: str) -> list[Any]:
    """Return the snapshot of some symbols and what a step of the clock brings, up to a quote of AAPL at its end."""
    told: list[Any] = []
    with connected(simulator) as client:
        client.want(*symbols, "AAPL", filter=[*kinds, "quote"])
        while not any((event["type"], event["symbol"]) == ("quote", "AAPL") for event in told):
            told += client.frame()
        wall.now += timedelta(seconds=seconds)
        while not any(event["symbol"] == "AAPL" and newest(event) >= wall.now for event in told):
            told += client.frame()
    return [event for event in told if event["symbol"] != "AAPL" and event["type"] in (kinds or ("quote",))]


def newest(event: Any) -> datetime:
    """Return the time of a quote, by whole seconds."""
    stamp = int(event["biddate"]) if event["type"] == "quote" else 0
    return datetime.fromtimestamp(stamp / 1_000 + 1, UTC)


def asked(simulator: Simulator, symbols: Sequence[str]) -> dict[str, Any]:
    rows = ask(simulator, "/v1/markets/quotes", form={"symbols": ",".join(symbols)})["quotes"]["quote"]
    return {row["symbol"]: row for row in (rows if isinstance(rows, list) else [rows])}


def same(event: Any, row: Any, names: dict[str, str]) -> None:
    """Hold an event to a row of the answer to a request; what is text there is a number here."""
    told = {name: type(row[key])(event[name]) for name, key in names.items()}
    assert told == {name: row[key] for name, key in names.items()}


# --- at the market's own pace ---------------------------------------------------------------------------------------


def test_a_snapshot_is_what_a_request_answers(simulator: Simulator) -> None:
    symbols = [*near(simulator, 10), "SPY", "BRK/B", "SPX"]
    rows = asked(simulator, symbols)
    with connected(simulator) as client:
        events = client.snapshot(*symbols)
    kinds = {kind: [event for event in events if event["type"] == kind] for kind in ("quote", "trade", "summary")}
    assert [len(kinds[kind]) for kind in kinds] == [12, 13, 13]
    for event in kinds["quote"]:
        same(event, rows[event["symbol"]], OF_QUOTES)
    for event in kinds["trade"]:
        same(event, rows[event["symbol"]], OF_TRADES)
        assert event["price"] == event["last"]
    for event in kinds["summary"]:
        known = {"open": "open", "high": "high", "low": "low", "prevClose": "prevclose"}
        same(event, rows[event["symbol"]], known)


def test_a_quote_is_what_a_request_right_after_it_answers(simulator: Simulator, wall: Wall) -> None:
    symbols = [*near(simulator), "SPY"]
    events = followed(simulator, wall, symbols, 3.07)
    last = {event["symbol"]: event for event in events}
    assert len(events) > len(last) == 41
    for symbol, row in asked(simulator, symbols).items():
        same(last[symbol], row, OF_QUOTES)
    sent = simulator.streams.last_sent(PATH, key="k")
    assert {symbol: sent[symbol] for symbol in last} == {
        symbol: (event["bid"], event["ask"], event["bidsz"], event["asksz"], int(event["biddate"]), 0)
        for symbol, event in last.items()
    }


def test_a_trade_is_the_last_of_a_request_right_after_it(simulator: Simulator, wall: Wall) -> None:
    symbols = [*near(simulator), "SPY"]
    events = followed(simulator, wall, symbols, 50.07, "trade")
    last = {event["symbol"]: event for event in events}
    assert len(events) > len(last) == 41
    for symbol, row in asked(simulator, symbols).items():
        same(last[symbol], row, {name: key for name, key in OF_TRADES.items() if name != "exch"})


def test_the_tape_is_the_markets_with_the_quote_that_stood(simulator: Simulator, wall: Wall) -> None:
    symbols = near(simulator)
    events = followed(simulator, wall, symbols, 50.0, "timesale")
    told = [(each["symbol"], int(each["date"]), float(each["last"]), int(each["size"])) for each in events]
    expected: list[Any] = []
    for symbol in symbols:
        tape = simulator.market.trades(symbol, ns_of(NOON) + 1, ns_of(wall.now) + 1)
        expected += [(symbol, *each) for each in zip(tape.ts // NS_PER_MS, tape.price, tape.size, strict=True)]
    assert sorted(told) == sorted(expected)
    assert len(told) > 3
    for event in events:
        stamp = int(event["date"]) * NS_PER_MS
        quotes = simulator.market.quotes(event["symbol"], stamp - 60 * 10**9, stamp + 1)
        assert (float(event["bid"]), float(event["ask"])) == (quotes.bid[-1], quotes.ask[-1])
        assert (event["session"], event["flag"], event["cancel"]) == ("normal", "", False)


def test_events_of_a_step_are_in_the_order_of_time(simulator: Simulator, wall: Wall) -> None:
    events = followed(simulator, wall, [*near(simulator, 20), "SPY"], 5.0, "quote", "timesale")
    stamps = [int(event.get("date") or event["biddate"]) for event in events[21:]]
    assert stamps == sorted(stamps)


def test_an_index_has_its_level_as_a_trade_without_size(simulator: Simulator, wall: Wall) -> None:
    events = followed(simulator, wall, ["SPX"], 2.07, "trade")
    row = asked(simulator, ["SPX"])["SPX"]
    same(events[-1], row, {"price": "last", "date": "trade_date", "exch": "exch"})
    assert (events[-1]["size"], events[-1]["cvol"]) == ("0", "0")


@pytest.mark.parametrize(("moment", "session"), [(OPENING, "pre"), (CLOSING + timedelta(minutes=30), "post")])
def test_in_extended_hours_there_are_prints_and_tradex_but_no_trade(
    simulator: Simulator, wall: Wall, moment: datetime, session: str
) -> None:
    wall.now = moment - timedelta(minutes=10)
    with connected(simulator) as client:
        client.want("SPY", filter=["tradex", "trade", "timesale"])
        client.events(1, "trade")  # the snapshot's
        wall.now += timedelta(seconds=60)
        told = client.frame()
    assert {event["type"] for event in told} == {"tradex", "timesale"}
    assert {event["session"] for event in told if event["type"] == "timesale"} == {session}


# --- without a server -----------------------------------------------------------------------------------------------


class Made:
    """A programme over the tiny market, whose clocks move when told to."""

    def __init__(self, market: MarketSource, *symbols: str, kinds: Sequence[str] = ("quote", "trade")) -> None:
        self.now, self.seconds = NOON, 0.0
        workers: Any = None
        self.stage = Stage(market, lambda: self.now, Faults(), workers, lambda: self.seconds)
        self.programme = TradierProgramme(self.stage, Happenings(market), Catalog(market), resend_after_s=20.0)
        self.want(*symbols, kinds=kinds)

    def want(self, *symbols: str, kinds: Sequence[str] = ("quote", "trade")) -> tuple[list[bytes], list[Told]]:
        return self.programme.begin(StreamRequest("s", symbols, frozenset(kinds)))

    def after(self, seconds: float) -> list[tuple[str, str]]:
        """Return types and symbols of what is told some seconds later."""
        since = self.now
        self.seconds += seconds
        self.now += timedelta(seconds=seconds)
        told = [event for each in self.programme.happened(since, self.now) for event in parsed(each.payload)]
        return [(event["type"], event["symbol"]) for event in told]


def test_what_has_been_quiet_for_long_comes_again_with_its_old_time(market: MarketSource) -> None:
    made = Made(market, CALL, "SPX")
    since = made.now
    assert ("quote", CALL) not in made.after(19.9)
    told = made.after(0.2)
    assert ("quote", CALL) in told
    assert ("trade", CALL) in told
    assert ("quote", CALL) not in made.after(0.2)
    made.seconds += 20.0
    (again,) = made.programme.happened(since, since)
    stamps = {event["biddate"] for event in parsed(again.payload) if event["type"] == "quote"}
    assert all(int(stamp) <= ns_of(NOON) // NS_PER_MS for stamp in stamps)
    assert set(again.quotes) == {CALL}


def test_what_is_not_subscribed_to_any_more_does_not_come_again(market: MarketSource) -> None:
    made = Made(market, CALL, QUIET)
    made.want("SPY", kinds=["quote"])
    assert {symbol for _, symbol in made.after(60.0)} == {"SPY"}


def test_each_subscription_is_another_edition_and_says_what_there_is_not(market: MarketSource) -> None:
    made = Made(market, "SPY")
    before = made.programme.edition
    refused, snapshot = made.want("NOPE", "$empty$", CALL, kinds=["quote"])
    assert refused == [b'{"error":"NOPE is not a valid symbol"}']
    assert [(told.events, set(told.quotes)) for told in snapshot] == [(1, {CALL})]
    assert made.programme.edition == before + 1


def test_a_long_snapshot_comes_in_several_frames(market: MarketSource) -> None:
    made = Made(market)
    symbols = [CALL] * 250
    request = StreamRequest("s", tuple(symbols), frozenset({"quote"}))
    _, snapshot = made.programme.begin(request)
    assert [told.events for told in snapshot] == [100, 100, 50]


def test_without_kinds_of_trade_nothing_of_them_is_looked_up(market: MarketSource) -> None:
    made = Made(market, "SPX", CALL, kinds=["summary"])
    assert made.after(60.0) == []


# --- at a given rate ------------------------------------------------------------------------------------------------


def test_prepared_quotes_vary_and_rise_in_time_and_the_last_that_came_is_the_last_sent(market: MarketSource) -> None:
    wanted = (CALL, QUIET, "SPY", "SPX")
    rules = StreamRules(slow_after_s=None)
    with (
        Simulator(clock="at:2026-11-18T12:00:00-05:00", market=market, stream_rules=rules) as simulator,
        connected(simulator) as client,
    ):
        client.snapshot(*wanted, linebreak=True)
        simulator.streams.rate = 20_000.0
        quotes = client.events(2_000, "quote")
        simulator.streams.rate = None
        rest = client.until_quiet()
    own = [event for event in quotes if event["symbol"] == CALL]
    assert len({event["bid"] for event in own}) > 2
    stamps = [int(event["biddate"]) for event in own]
    assert stamps == sorted(stamps)
    last = {event["symbol"]: event for event in [*quotes, *rest] if event["type"] == "quote"}
    assert simulator.streams.last_sent(PATH) == {
        symbol: (event["bid"], event["ask"], event["bidsz"], event["asksz"], int(event["biddate"]), 0)
        for symbol, event in last.items()
    }
    assert set(last) == {CALL, QUIET, "SPY"}


def test_prepared_trades_are_told_in_every_round(market: MarketSource) -> None:
    with (
        Simulator(clock="at:2026-11-18T12:00:00-05:00", market=market, stream_rate=5_000.0) as simulator,
        connected(simulator) as client,
    ):
        client.want("SPY", "SPX", CALL, filter=["trade", "tradex"])
        trades = client.events(60, "trade")
    assert {event["symbol"] for event in trades} == {"SPY", "SPX", CALL}
