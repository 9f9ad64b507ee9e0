"""Our own session on the simulator's Tradier stream: what it makes of it, and how it gets over what goes wrong."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from quantdata.config import Secret
from quantdata.sim import Fault, Simulator
from quantdata.sim.streams.rules import StreamRules
from quantdata.wire.backoff import StreamPolicy
from quantdata.wire.book import Book
from quantdata.wire.dialect import Channel
from quantdata.wire.session import StreamSession
from quantdata.wire.tradier.rest import TradierRest
from quantdata.wire.tradier.stream import TradierDialect
from tests.stream.conftest import Pulse
from tests.unit.sim.tradier.event_client import ask, wait_until_alone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence

    from quantdata.sim.faults import FaultKind
    from quantdata.wire.dialect import ChannelKind
    from quantdata.wire.vitals import Gap, SessionState

NOON: Final = datetime(2026, 11, 18, 17, tzinfo=UTC)
PATH: Final = "/v1/markets/events"
# Nothing here waits for the other side of anything for longer than a busy machine needs.
QUICK: Final = StreamPolicy(
    first_delay_s=0.01,
    longest_delay_s=0.05,
    close_s=0.1,
    ack_s=0.05,
    settle_s=0.05,
    silence_s=600.0,
    renew_after_s=600.0,
)
WATCHFUL: Final = StreamPolicy(
    first_delay_s=0.01,
    longest_delay_s=0.05,
    close_s=0.1,
    silence_s=0.3,
    probe_s=2.0,
    renew_after_s=0.9,
)


class Wall:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Simulator, Wall]]:
    wall = Wall()
    rules = StreamRules(batch_s=0.002, slow_after_s=None)
    with Simulator(clock="live", wall=wall, stream_rules=rules) as simulator:
        yield simulator, wall


@pytest.fixture
def wall(world: tuple[Simulator, Wall]) -> Wall:
    return world[1]


@pytest.fixture
def simulator(world: tuple[Simulator, Wall]) -> Iterator[Simulator]:
    simulator, wall = world
    wait_until_alone(simulator)
    wall.now = NOON
    yield simulator
    simulator.faults.clear()
    simulator.streams.rate = None


class Following:
    """A session on the simulator, and all that it told."""

    def __init__(
        self,
        simulator: Simulator,
        *,
        policy: StreamPolicy = QUICK,
        token: str = "mine",  # noqa: S107 - nothing is guarded there
        first_ids: Sequence[str] = (),
        url: str = "",
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.pulse = Pulse()
        self.rest = TradierRest(Secret(token), base_url=simulator.tradier_url)
        self.book = Book("tradier")
        self.states: list[SessionState] = []
        self.gaps: list[Gap] = []
        self.ids: list[str] = []
        self._first_ids = list(first_ids)
        more: dict[str, Any] = {} if clock is None else {"clock": clock}
        self.session = StreamSession(
            TradierDialect(self._new_session, url=url or f"{simulator.socket_url}{PATH}", **more),
            book=self.book,
            policy=policy,
            on_data=self.pulse.beat,
            on_state=self._on_state,
            on_gap=self._on_gap,
            is_market_open=lambda: True,
        )

    async def _new_session(self) -> Secret:
        made = Secret(self._first_ids.pop(0)) if self._first_ids else await self.rest.stream_session()
        self.ids.append(made.reveal())
        return made

    def _on_state(self, state: SessionState) -> None:
        self.states.append(state)
        self.pulse.beat()

    def _on_gap(self, gap: Gap) -> None:
        self.gaps.append(gap)
        self.pulse.beat()

    @asynccontextmanager
    async def open(self, *channels: Channel) -> AsyncIterator[StreamSession]:
        """Run the session; afterwards nothing may be left of it."""
        await self.session.want(channels)
        self.running = asyncio.create_task(self.session.run())
        self.running.add_done_callback(lambda _: self.pulse.beat())
        try:
            yield self.session
        finally:
            await self.session.close()
            await asyncio.wait((self.running,))
            await self.rest.close()

    async def more_events(self, count: int) -> None:
        """Wait until so many more events have come."""
        wanted = self.book.counts.events + count
        await self.pulse.until(lambda: self.book.counts.events >= wanted)


def _run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(main(), 40.0))


def near(simulator: Simulator, count: int = 20) -> list[str]:
    """Return contracts around the money that expire soonest."""
    chain = simulator.market.chain("SPY", NOON)
    nearest = np.argsort(np.abs(chain.listing.strike - chain.underlying_price), kind="stable")
    soon = nearest[chain.listing.expiration[nearest] > np.datetime64("2026-11-18")]
    symbols: list[str] = chain.listing.symbol[np.sort(soon[:count])].tolist()
    return symbols


def channels(symbols: Sequence[str], *kinds: ChannelKind) -> list[Channel]:
    return [Channel(kind, symbol) for symbol in symbols for kind in kinds]


async def answers(simulator: Simulator, symbols: Sequence[str]) -> dict[str, Any]:
    """Return what the REST host says of some symbols at this moment."""
    found = await asyncio.to_thread(ask, simulator, "/v1/markets/quotes", form={"symbols": ",".join(symbols)})
    return {row["symbol"]: row for row in found["quotes"]["quote"]}


# --- what it makes of it --------------------------------------------------------------------------------------------


def test_a_subscription_begins_with_what_requests_answer(simulator: Simulator) -> None:
    async def main() -> None:
        contracts = near(simulator)
        symbols = [*contracts, "SPY", "SPX"]
        rows = await answers(simulator, symbols)
        following = Following(simulator)
        wanted = [*channels([*contracts, "SPY"], "quote", "trade"), Channel("value", "SPX")]
        async with following.open(*wanted) as session:
            await session.settled()
            await following.pulse.until(lambda: following.book.counts.events >= 3 * 22 - 1)
            assert session.is_simulated
            assert session.simulated_at == NOON
            assert session.refused == {}
            batch = following.book.take()
        assert set(batch.quotes) == {*contracts, "SPY"}
        for symbol, quote in batch.quotes.items():
            row = rows[symbol]
            assert (quote.bid, quote.ask, quote.bid_size, quote.ask_size, quote.t) == (
                row["bid"],
                row["ask"],
                row["bidsize"],
                row["asksize"],
                max(row["bid_date"], row["ask_date"]),
            )
        for symbol, trade in batch.last_trades.items():
            row = rows[symbol]
            assert (trade.price, trade.size, trade.t) == (row["last"], row["last_volume"], row["trade_date"])
        assert {symbol: value.value for symbol, value in batch.values.items()} == {"SPX": rows["SPX"]["last"]}
        for symbol, day in batch.days.items():
            row = rows[symbol]
            assert (day.open, day.high, day.low, day.prev_close) == tuple(
                row[key] for key in ("open", "high", "low", "prevclose")
            )
        assert set(batch.days) == set(symbols)
        assert (following.book.counts.unknown, following.book.counts.unreadable) == (0, 0)

    _run(main)


def test_what_follows_is_what_requests_answer_then(simulator: Simulator, wall: Wall) -> None:
    async def main() -> None:
        contracts = near(simulator)
        following = Following(simulator)
        book = following.book
        wanted = [*channels([*contracts, "SPY", "AAPL"], "quote", "trade"), Channel("value", "SPX")]
        async with following.open(*wanted) as session:
            await session.settled()
            await following.pulse.until(lambda: book.counts.events >= 3 * 23 - 1)
            before = book.take()
            wall.now += timedelta(seconds=30.07)
            await following.pulse.until(lambda: book._batch.values.get("SPX") is not None)
            batch = book.take()
        rows = await answers(simulator, [*contracts, "SPX", "SPY"])
        assert len(set(batch.quotes) & set(contracts)) > 10
        for symbol in contracts:
            quote = batch.quotes.get(symbol) or before.quotes[symbol]
            row = rows[symbol]
            assert (quote.bid, quote.ask, quote.bid_size, quote.ask_size, quote.t) == (
                row["bid"],
                row["ask"],
                row["bidsize"],
                row["asksize"],
                row["bid_date"],
            )
        last = max((trade for trade in batch.trades if trade.symbol == "SPY"), key=lambda each: (each.t, each.sequence))
        assert (last.price, last.size, last.t) == (
            rows["SPY"]["last"],
            rows["SPY"]["last_volume"],
            rows["SPY"]["trade_date"],
        )
        assert last.bid is not None
        assert last.session == "normal"
        assert batch.values["SPX"].value == rows["SPX"]["last"]
        assert batch.lost_trades == 0

    _run(main)


def test_what_was_sent_last_is_what_is_known_also_at_a_rate(simulator: Simulator) -> None:
    async def main() -> None:
        following = Following(simulator, token="fast")  # noqa: S106 - nothing is guarded there
        async with following.open(*channels(near(simulator), "quote")) as session:
            await session.settled()
            simulator.streams.rate = 20_000.0
            await following.more_events(10_000)
            simulator.streams.rate = None
            known: dict[str, Any] = {}

            def is_all_known() -> bool:
                for symbol, quote in following.book.take().quotes.items():
                    known[symbol] = (quote.bid, quote.ask, quote.bid_size, quote.ask_size, quote.t, 0)
                return known == simulator.streams.last_sent(PATH, key="fast")

            while not is_all_known():  # noqa: ASYNC110 - the simulator tells nobody what it has sent
                await asyncio.sleep(0.01)
            assert set(known) == set(near(simulator))

    _run(main)


def test_another_set_takes_the_place_of_the_first_on_the_same_socket(simulator: Simulator) -> None:
    async def main() -> None:
        following = Following(simulator)
        first, second = near(simulator, 2)
        async with following.open(Channel("quote", first)) as session:
            await following.pulse.until(lambda: first in following.book._fresh)
            await session.want([Channel("quote", second)])
            await following.pulse.until(lambda: second in following.book._fresh)
            following.book.take()
            simulator.streams.rate = 2_000.0
            await following.more_events(200)
            assert set(following.book.take().quotes) == {second}
            simulator.streams.rate = None
            await session.want([])
            await session.settled()
            assert (len(following.ids), session.stats.reconnects) == (1, 0)

    _run(main)


def test_a_symbol_that_there_is_not_is_refused_alone(simulator: Simulator) -> None:
    async def main() -> None:
        following = Following(simulator)
        contract = near(simulator, 1)[0]
        unknown = Channel("quote", "SPY991218C00001000")
        async with following.open(unknown, Channel("quote", contract)) as session:
            await following.pulse.until(lambda: contract in following.book._fresh)
            await following.pulse.until(lambda: bool(session.refused))
            assert session.refused == {unknown: "SPY991218C00001000 is not a valid symbol"}
            assert session.stats.held == 1

    _run(main)


# --- sessions -------------------------------------------------------------------------------------------------------


def test_an_id_that_has_lain_too_long_is_renewed_with_the_next_frame(simulator: Simulator) -> None:
    async def main() -> None:
        now = [0.0]
        following = Following(simulator, clock=lambda: now[0])
        async with following.open(Channel("quote", "SPY")) as session:
            await following.pulse.until(lambda: "SPY" in following.book._fresh)
            now[0] += 280.0
            await session.want(channels(["SPY", "QQQ"], "quote"))
            await following.pulse.until(lambda: "QQQ" in following.book._fresh)
            assert len(set(following.ids)) == 2
            assert session.stats.reconnects == 0

    _run(main)


def test_a_bad_id_is_renewed_on_the_same_socket(simulator: Simulator) -> None:
    async def main() -> None:
        following = Following(simulator, first_ids=["made-up"])
        async with following.open(Channel("quote", "SPY")) as session:
            await following.pulse.until(lambda: "SPY" in following.book._fresh)
            assert len(following.ids) == 2
            assert session.stats.reconnects == 0

    _run(main)


def test_an_id_that_is_bad_again_ends_the_connection_and_the_next_one_has_another(simulator: Simulator) -> None:
    async def main() -> None:
        following = Following(simulator, first_ids=["made-up", "made-up-too"])
        async with following.open(Channel("quote", "SPY")) as session:
            await following.pulse.until(lambda: "SPY" in following.book._fresh)
            assert len(following.ids) == 3
            assert session.stats.last_error == "the vendor does not know the session, or no longer"

    _run(main)


@pytest.mark.parametrize("kind", ["auth_failed", "auth_timeout", "max_connections"])
def test_a_log_in_that_goes_wrong_once_goes_well_the_next_time(simulator: Simulator, kind: FaultKind) -> None:
    async def main() -> None:
        simulator.faults.add(Fault(kind, vendor="tradier", times=1))
        following = Following(simulator)
        async with following.open(Channel("quote", "SPY")):
            await following.pulse.until(lambda: "SPY" in following.book._fresh)
            assert len(following.ids) >= 2

    _run(main)


def test_a_token_that_is_not_accepted_ends_the_session(simulator: Simulator) -> None:
    async def main() -> None:
        following = Following(simulator, token="wrong-token")  # noqa: S106 - nothing is guarded there
        async with following.open(Channel("quote", "SPY")):
            await following.pulse.until(following.running.done)
            assert "no session for the stream" in str(following.running.exception())

    _run(main)


def test_the_sandbox_has_no_stream(simulator: Simulator) -> None:
    async def main() -> None:
        following = Following(simulator)
        following.rest = TradierRest(Secret("sandbox-mine"), base_url=simulator.tradier_sandbox_url)
        async with following.open(Channel("quote", "SPY")):
            await following.pulse.until(following.running.done)
            assert "no session for the stream" in str(following.running.exception())

    _run(main)


# --- what goes wrong ------------------------------------------------------------------------------------------------


async def _comes_back(
    simulator: Simulator,
    *faults: Fault,
    policy: StreamPolicy = QUICK,
    then: Callable[[], Awaitable[object]] | None = None,
) -> Following:
    """Have a stream that flows hit, and wait until it flows again."""
    simulator.streams.rate = 1_000.0
    following = Following(simulator, policy=policy)
    async with following.open(*channels(near(simulator, 5), "quote")) as session:
        await following.more_events(50)
        simulator.faults.add(*faults)
        if then is not None:
            await then()
        await following.pulse.until(lambda: bool(following.gaps))
        await following.more_events(50)
        assert session.state == "live"
        assert session.stats.reconnects >= 1
        assert following.gaps[0].start <= following.gaps[0].end
    return following


@pytest.mark.parametrize("kind", ["socket_drop", "socket_close", "slow_consumer"])
def test_a_stream_that_is_cut_off_is_taken_up_again_and_the_gap_is_told(simulator: Simulator, kind: FaultKind) -> None:
    async def main() -> None:
        following = await _comes_back(simulator, Fault(kind, vendor="tradier", path=PATH, times=1))
        assert len(following.ids) >= 2
        assert (following.gaps[0].vendor, following.gaps[0].asset) == ("tradier", "all")

    _run(main)


@pytest.mark.parametrize(("kind", "reason"), [("silence", "in market hours"), ("half_open", "nobody answers a ping")])
def test_a_stream_that_falls_silent_is_noticed_and_renewed(simulator: Simulator, kind: FaultKind, reason: str) -> None:
    async def main() -> None:
        policy = WATCHFUL if kind == "silence" else _with(WATCHFUL, probe_s=0.3, renew_after_s=600.0)
        following = await _comes_back(simulator, Fault(kind, vendor="tradier", path=PATH, times=1), policy=policy)
        assert "silent" in following.states
        assert following.gaps[0].reason.endswith(reason)

    _run(main)


def _with(policy: StreamPolicy, *, probe_s: float, renew_after_s: float) -> StreamPolicy:
    return StreamPolicy(
        first_delay_s=policy.first_delay_s,
        longest_delay_s=policy.longest_delay_s,
        close_s=policy.close_s,
        silence_s=policy.silence_s,
        probe_s=probe_s,
        renew_after_s=renew_after_s,
    )


@pytest.mark.parametrize("status", [403, 503])
def test_a_handshake_that_is_refused_is_tried_again(simulator: Simulator, status: int) -> None:
    async def main() -> None:
        simulator.faults.add(Fault("refused_handshake", vendor="tradier", path=PATH, status=status, times=2))
        following = Following(simulator)
        async with following.open(Channel("quote", "SPY")) as session:
            await following.pulse.until(lambda: "SPY" in following.book._fresh)
            assert str(status) in (session.stats.last_error or "")
            assert following.states.count("waiting") == 2

    _run(main)


def test_a_port_that_is_closed_for_a_while_is_tried_until_it_opens(simulator: Simulator) -> None:
    async def main() -> None:
        async def pause_and_resume() -> None:
            await asyncio.to_thread(simulator.pause)
            await asyncio.sleep(0.1)
            await asyncio.to_thread(simulator.resume)

        await _comes_back(simulator, then=pause_and_resume)

    _run(main)


def test_events_that_nobody_knows_repeated_or_late_change_nothing(simulator: Simulator) -> None:
    async def main() -> None:
        kinds: tuple[FaultKind, ...] = ("unknown_events", "repeated_events", "unordered_events")
        simulator.faults.add(*(Fault(kind, vendor="tradier", path=PATH) for kind in kinds))
        following = Following(simulator, token="odd")  # noqa: S106 - nothing is guarded there
        symbols = near(simulator, 5)
        async with following.open(*channels(symbols, "quote")):
            counts = following.book.counts
            await following.pulse.until(lambda: counts.late >= 5 and counts.repeated >= 5 and counts.unknown >= 2)
            simulator.streams.rate = 0.001  # nothing more, but for what is on its way
            known: dict[str, tuple[float | None, float | None]] = {}

            def is_equal() -> bool:
                taken = following.book.take().quotes
                known.update({symbol: (quote.bid, quote.ask) for symbol, quote in taken.items()})
                sent = simulator.streams.last_sent(PATH, key="odd")
                return known == {symbol: each[:2] for symbol, each in sent.items()}

            while not is_equal():  # noqa: ASYNC110 - the simulator tells nobody what it has sent
                await asyncio.sleep(0.01)

    _run(main)


def test_frames_that_cannot_be_read_cost_themselves_alone(simulator: Simulator) -> None:
    async def main() -> None:
        simulator.faults.add(Fault("invalid_frame", vendor="tradier", path=PATH, times=1))
        following = Following(simulator)
        async with following.open(Channel("quote", "SPY")) as session:
            await following.pulse.until(lambda: "SPY" in following.book._fresh)
            assert session.stats.unreadable == 1
            assert session.stats.reconnects == 0

    _run(main)
