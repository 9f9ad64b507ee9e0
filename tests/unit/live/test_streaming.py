"""What a hub's streams are asked for, and which vendor's stands in for the other's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.client.streams import StreamSource
from quantdata.config import Secret
from quantdata.errors import FeedError
from quantdata.live import account_lock, streaming
from quantdata.live.market import Streamed
from quantdata.live.streaming import Streams, Wanted, cut
from quantdata.wire.book import Batch, Book
from quantdata.wire.dialect import Channel
from quantdata.wire.events import Day, Quote, Trade, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

CALL, PUT = "SPY261218C00600000", "SPY261218P00600000"
BOTH = frozenset({CALL, PUT})
TAPE, MINUTES = Channel("trade", "*"), Channel("minute", "*")


@dataclass
class Session:
    """A session that goes nowhere: what it is asked for is kept, how it is doing is set by the test."""

    dialect: Any
    book: Book
    on_state: Callable[[str], None]
    state: str = "live"
    is_simulated: bool = False
    refused: dict[Channel, str] = field(default_factory=dict)
    asked: list[list[Channel]] = field(default_factory=list)
    hear: Callable[[bytes, int], None] | None = None
    stats: Any = field(default_factory=lambda: SimpleNamespace(state="live"))
    end: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def want(self, channels: list[Channel]) -> None:
        self.asked.append(channels)

    def record(self, hear: Callable[[bytes, int], None] | None) -> None:
        self.hear = hear

    async def run(self) -> None:
        await self.end.wait()
        if self.error is not None:
            raise self.error

    async def close(self) -> None:
        self.end.set()

    async def stop(self, error: Exception) -> None:
        """End as a session does that its vendor has refused."""
        self.error = error
        self.end.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


Sessions = dict[tuple[str, str], Session]


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sessions:
    made: Sessions = {}

    def session(dialect: Any, *, book: Book, on_state: Callable[[str], None], **_: Any) -> Session:
        return made.setdefault((book.vendor, dialect), Session(dialect, book, on_state))

    monkeypatch.setattr(streaming, "StreamSession", session)
    monkeypatch.setattr(account_lock, "_own_folder", lambda: tmp_path)
    return made


def source(vendor: str, *assets: str, closed: list[str] | None = None) -> StreamSource:
    async def close() -> None:
        (closed if closed is not None else []).append(vendor)

    return StreamSource(
        vendor=vendor,
        assets=assets,
        account=Secret(f"key-of-{vendor}"),
        feed="realtime",
        dialect=lambda asset: asset,  # type: ignore[arg-type,return-value]  # a name is enough of a dialect here
        close=close,
    )


def streams(*sources: StreamSource, hub: str = "mine", on_loss: Callable[[], None] = lambda: None) -> Streams:
    return Streams(
        sources or (source("massive", "options", "stocks", "indices"), source("tradier", "all")),
        on_data=lambda: None,
        on_gap=lambda _: None,
        on_loss=on_loss,
        is_market_open=lambda: True,
        hub=hub,
    )


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(main())


# --- what is asked for ----------------------------------------------------------------------------------------------


def test_each_vendor_is_asked_in_its_own_spelling_and_once(sessions: Sessions) -> None:
    async def main() -> None:
        held = streams()
        await held.want(Wanted(frozenset({CALL}), frozenset({"BRK.B"}), frozenset({"SPX"})))
        assert sessions["massive", "options"].asked == [[Channel("quote", f"O:{CALL}"), TAPE, MINUTES]]
        assert sessions["massive", "stocks"].asked == [[Channel("quote", "BRK.B"), Channel("trade", "BRK.B")]]
        assert sessions["massive", "indices"].asked == [[Channel("value", "I:SPX")]]
        assert sessions["tradier", "all"].asked == []
        assert [status.asset for status in held.statuses()] == ["options", "stocks", "indices"]
        await held.close()

    run(main)


def test_a_session_is_asked_again_only_for_something_else(sessions: Sessions) -> None:
    async def main() -> None:
        held = streams()
        for contracts in ({CALL}, {CALL}, {CALL, PUT}):
            await held.want(Wanted(frozenset(contracts)))
        assert [len(channels) for channels in sessions["massive", "options"].asked] == [3, 4]
        await held.close()

    run(main)


def test_tradier_alone_is_asked_for_everything_on_one_connection(sessions: Sessions) -> None:
    async def main() -> None:
        held = streams(source("tradier", "all"))
        await held.want(Wanted(frozenset({CALL}), frozenset({"BRK.B"}), frozenset()))
        assert set(sessions["tradier", "all"].asked[0]) == {
            *(Channel(kind, CALL) for kind in ("quote", "trade")),
            *(Channel(kind, "BRK/B") for kind in ("quote", "trade")),
        }
        await held.close()

    run(main)


def test_what_nobody_wants_opens_no_connection_and_what_is_wanted_no_more_is_given_up(sessions: Sessions) -> None:
    async def main() -> None:
        held = streams()
        await held.want(Wanted(stocks=frozenset({"SPY"})))
        assert [status.asset for status in held.statuses()] == ["stocks"]
        await held.want(Wanted())
        assert sessions["massive", "stocks"].asked[-1] == []
        await held.close()

    run(main)


# --- who stands in --------------------------------------------------------------------------------------------------


def test_quotes_that_one_vendor_refuses_are_asked_of_the_next_and_told(sessions: Sessions) -> None:
    async def main() -> None:
        held = streams()
        await held.want(Wanted(BOTH))
        sessions["massive", "options"].refused[Channel("quote", f"O:{PUT}")] = "not authorized"
        sessions["massive", "options"].refused[TAPE] = "not authorized"
        await held.want(Wanted(BOTH))
        assert sessions["tradier", "all"].asked == [[Channel("quote", PUT), Channel("trade", PUT)]]
        assert held.refused() == {
            ("massive", f"quote O:{PUT}"): "not authorized",
            ("massive", "trade *"): "not authorized",
        }
        await held.close()

    run(main)


def test_another_vendor_stands_in_for_a_stream_that_is_down_and_hands_back(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        held = streams()
        await held.want(Wanted(BOTH, frozenset({"SPY"})))
        sessions["massive", "options"].state = "waiting"
        await held.want(held.wanted)
        assert sessions["tradier", "all"].asked == []  # for a moment it may come back
        monkeypatch.setattr(streaming, "PATIENCE_S", -1.0)
        await held.want(held.wanted)
        assert {channel.symbol for channel in sessions["tradier", "all"].asked[-1]} == BOTH
        assert sessions["massive", "options"].asked[-1]  # it is asked on
        sessions["massive", "options"].state = "live"
        await held.want(held.wanted)
        assert sessions["tradier", "all"].asked[-1] == []
        await held.close()

    run(main)


def test_a_stream_that_ended_for_good_is_told_and_stood_in_for(sessions: Sessions) -> None:
    async def main() -> None:
        held = streams()
        await held.want(Wanted(BOTH))
        await asyncio.sleep(0)
        await sessions["massive", "options"].stop(FeedError("massive: the key is refused"))
        await held.want(held.wanted)
        assert {channel.symbol for channel in sessions["tradier", "all"].asked[-1]} == BOTH
        assert [status.error for status in held.statuses()] == ["massive: the key is refused", None]
        await held.close()

    run(main)


def test_a_stream_that_fails_in_a_way_nobody_foresaw_is_told_too(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        held = streams()
        await held.want(Wanted(stocks=frozenset({"SPY"})))
        await asyncio.sleep(0)
        await sessions["massive", "stocks"].stop(ZeroDivisionError("by zero"))
        assert [status.error for status in held.statuses()] == ["ZeroDivisionError: by zero"]
        await held.close()

    run(main)
    assert "stream failed provider=massive asset=stocks" in caplog.text


@pytest.mark.usefixtures("sessions")
def test_a_second_hub_of_the_account_is_told_who_has_the_stream() -> None:
    async def main() -> None:
        first, second = streams(hub="first"), streams(hub="second")
        await first.want(Wanted(stocks=frozenset({"SPY"})))
        await second.want(Wanted(stocks=frozenset({"SPY"})))
        massive, tradier = second.statuses()
        assert "'first'" in str(massive.error)
        assert (tradier.vendor, tradier.error) == ("tradier", None)  # another account: it stands in
        await first.close()
        await second.want(second.wanted)  # it is free now
        assert [status.error for status in second.statuses()] == [None, None]
        assert tradier.stats is second.statuses()[1].stats
        await second.close()
        third = streams(hub="third")
        await third.want(Wanted(stocks=frozenset({"SPY"})))
        assert [status.error for status in third.statuses()] == [None]
        await third.close()

    run(main)


def test_closing_ends_sessions_and_sources_and_may_be_done_twice(sessions: Sessions) -> None:
    async def main() -> None:
        closed: list[str] = []
        held = streams(source("massive", "stocks", closed=closed), source("tradier", "all", closed=closed))
        await held.want(Wanted(stocks=frozenset({"SPY"})))
        await held.close()
        await held.close()
        assert set(closed) == {"massive", "tradier"}
        assert sessions["massive", "stocks"].end.is_set()

    run(main)


# --- what they tell -------------------------------------------------------------------------------------------------


def test_what_came_is_handed_over_once_with_how_fresh_it_is(sessions: Sessions) -> None:
    async def main() -> None:
        held = streams()
        await held.want(Wanted(frozenset({CALL})))
        session = sessions["massive", "options"]
        session.is_simulated = True
        session.book.add([Quote(f"O:{CALL}", bid=1.0, ask=1.1, t=1_795_021_200_000)])
        (found,) = held.gather()
        assert isinstance(found, Streamed)
        assert (found.asset, found.feed) == ("options", "simulated")
        assert found.names == {f"O:{CALL}": CALL}
        assert list(found.batch.quotes) == [f"O:{CALL}"]
        assert held.gather() == []
        await held.close()

    run(main)


def test_frames_are_recorded_with_how_they_are_read_until_nobody_listens(sessions: Sessions) -> None:
    async def main() -> None:
        heard: list[streaming.Heard] = []
        held = streams()
        await held.want(Wanted(frozenset({CALL})))
        held.record(heard.append)
        hear = sessions["massive", "options"].hear
        assert hear is not None
        hear(b"[]", 7)
        assert heard == [streaming.Heard("massive", "options", "realtime", {f"O:{CALL}": CALL}, b"[]", 7)]
        held.record(None)
        assert {session.hear for session in sessions.values()} == {None}
        assert held.kinds[-1] == ("tradier", "all")
        await held.close()

    run(main)


def test_one_connection_with_everything_is_cut_by_asset_class() -> None:
    call, stock = Quote(CALL, bid=1.0, ask=1.1), Quote("SPY", bid=600.0, ask=600.1)
    trade = Trade("SPY", price=600.0, size=1.0)
    batch = Batch(
        vendor="tradier",
        quotes={CALL: call, "SPY": stock},
        trades=[trade],
        last_trades={"SPY": trade},
        values={"VIX": Value("VIX", value=20.0)},
        days={CALL: Day(CALL)},
        events=5,
        received_at=1.5,
    )
    options, stocks = cut("all", batch, feed="realtime", names={})
    assert isinstance(options, Streamed)
    assert isinstance(stocks, Streamed)
    assert (options.asset, stocks.asset) == ("options", "stocks")
    assert (options.batch.quotes, stocks.batch.quotes) == ({CALL: call}, {"SPY": stock})
    assert (options.batch.trades, stocks.batch.last_trades) == ([], {"SPY": trade})
    assert (list(options.batch.days), list(stocks.batch.values)) == ([CALL], ["VIX"])
    assert stocks.batch.received_at == 1.5


# --- what is lost ---------------------------------------------------------------------------------------------------


def test_a_stream_that_was_there_and_is_lost_is_told_of_once(sessions: Sessions) -> None:
    async def main() -> None:
        losses: list[int] = []
        held = streams(on_loss=lambda: losses.append(1))
        tell = sessions["massive", "options"].on_state
        for state, told in (
            ("connecting", 0),
            ("waiting", 0),
            ("connecting", 0),
            ("live", 0),
            ("waiting", 1),
            ("connecting", 1),
            ("waiting", 1),
            ("live", 1),
            ("silent", 1),
            ("waiting", 2),
            ("live", 2),
            ("stopped", 2),
        ):
            tell(state)
            assert len(losses) == told
        await held.close()

    run(main)
