"""A session with Massive: the log-in, channel by channel, and every way that a connection ends."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.wire.backoff import StreamPolicy
from quantdata.wire.dialect import Channel
from tests.stream.conftest import CALL, KEY, NOON_NS, PUT, TAPE, Line, Stage, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from quantdata.wire.vitals import Gap

LIMIT = "Subscription limit reached for feed. Please remove some subscriptions and try again."


def _run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(main())


# --- the log-in -----------------------------------------------------------------------------------------------------


def test_it_logs_in_subscribes_and_fills_the_book() -> None:
    async def main() -> None:
        stage = Stage(serving)
        async with stage.open(CALL, TAPE) as session:
            await session.settled()
            await stage.line().quote(7)
            await stage.events(1)
            assert stage.book.take().quotes[CALL.symbol].sequence == 7
            stats = session.stats
            assert stats.state == session.state == "live"
            assert (stats.wanted, stats.held, stats.refused, stats.attempts) == (2, 2, 0, 1)
            assert (stats.frames, stats.events, stats.reconnects, stats.last_error) == (4, 1, 0, None)
            assert stats.bytes > 100
            assert stats.connected_at == stats.heard_at == datetime(2026, 11, 18, 17, tzinfo=UTC)
            assert stats.ping_s is None
            assert not session.is_simulated
        assert stage.states == ["connecting", "live", "stopped"]
        assert stage.gaps == []
        assert session.stats.connected_at is None

    _run(main)


def test_a_simulator_is_known_by_its_first_frame() -> None:
    async def script(line: Line) -> None:
        await line.quote()  # what comes before the greeting is no greeting
        await line.log_in(simulated="2026-11-18T12:00:00-05:00")
        await line.grant()
        await line.stay()

    async def main() -> None:
        stage = Stage(script)
        async with stage.open(CALL) as session:
            await session.settled()
            assert session.is_simulated
            assert session.simulated_at == datetime(2026, 11, 18, 17, tzinfo=UTC)

    _run(main)


async def _says_nothing(line: Line) -> None:
    await line.stay()


async def _does_not_answer_the_key(line: Line) -> None:
    await line.status("connected")
    await line.hear()
    await line.stay()


@pytest.mark.parametrize(
    ("script", "why"),
    [(_says_nothing, "not connected within 5 s"), (_does_not_answer_the_key, "not authenticated within 5 s")],
)
def test_a_log_in_has_its_time(script: Callable[[Line], Coroutine[Any, Any, None]], why: str) -> None:
    async def main() -> None:
        stage = Stage(script, serving)
        async with stage.open(CALL) as session:
            await stage.heard(1 if script is _does_not_answer_the_key else 0)
            await stage.time.pass_until(5.0)
            await stage.state("waiting")
            assert session.stats.last_error == why
            await stage.time.pass_until(0.25)
            await session.settled()

    _run(main)


@pytest.mark.parametrize("word", ["auth_failed", "max_connections"])
@pytest.mark.parametrize("is_greeted", [True, False])
def test_what_cannot_pass_ends_the_session(word: str, is_greeted: bool) -> None:  # noqa: FBT001
    async def script(line: Line) -> None:
        if is_greeted:
            await line.status("connected")
            await line.hear()
        await line.status(word, f"no, {KEY}")
        await line.stay()

    async def main() -> None:
        stage = Stage(script)
        async with stage.open(CALL) as session:
            failure = await stage.failure()
            assert failure.startswith("FeedError: massive options: ")
            assert word in failure
            assert word == "max_connections" or KEY not in failure
            assert session.stats.last_error
        assert stage.states[-1] == "stopped"
        assert len(stage.vendor.lines) == 1

    _run(main)


@pytest.mark.parametrize("word", ["auth_timeout", "auth_required", "error"])
def test_a_log_in_that_fails_may_succeed_the_next_time(word: str) -> None:
    async def script(line: Line) -> None:
        await line.status("connected")
        await line.status(word, "not like this")
        await line.stay()

    async def main() -> None:
        stage = Stage(script, serving)
        async with stage.open(CALL) as session:
            await stage.time.pass_until(0.25)
            await session.settled()
            assert session.stats.reconnects == 0
        assert stage.gaps == []

    _run(main)


# --- subscriptions --------------------------------------------------------------------------------------------------


def test_only_what_differs_is_asked_for() -> None:
    async def main() -> None:
        stage = Stage(serving)
        async with stage.open(CALL, TAPE) as session:
            await session.settled()
            await session.want([CALL, PUT])
            await session.settled()
            await session.want([PUT, CALL])
            await session.settled()
            assert stage.line().heard[1:] == [
                {"action": "subscribe", "params": f"Q.{CALL.symbol},T.*"},
                {"action": "unsubscribe", "params": "T.*"},
                {"action": "subscribe", "params": f"Q.{PUT.symbol}"},
            ]

    _run(main)


def test_many_channels_are_asked_for_in_frames_of_a_sane_size() -> None:
    async def main() -> None:
        stage = Stage(serving)
        channels = [Channel("quote", f"O:SPY251219C{number:08d}") for number in range(1000)]
        async with stage.open(*channels) as session:
            await session.settled()
            assert session.stats.held == 1000
            assert [len(request["params"].split(",")) for request in stage.line().heard[1:]] == [200] * 5

    _run(main)


def test_a_refusal_is_kept_with_the_vendors_words(caplog: pytest.LogCaptureFixture) -> None:
    async def script(line: Line) -> None:
        await line.log_in()
        request = await line.hear()
        assert request["params"].endswith(",T.*")
        await line.say(
            {"ev": "status", "status": "success", "message": f"subscribed to: Q.{CALL.symbol}"},
            {"ev": "status", "status": "error", "message": "not authorized"},
        )
        await line.stay()

    async def main() -> None:
        stage = Stage(script)
        async with stage.open(CALL, TAPE, Channel("value", "I:SPX")) as session:
            await session.settled()
            assert session.refused == {
                TAPE: "not authorized",
                Channel("value", "I:SPX"): "Massive's socket for options has no channel of this kind",
            }
            assert session.stats.refused == 2

    with caplog.at_level(logging.INFO, logger="quantdata.wire"):
        _run(main)
    assert 'event=refused why="not authorized"' in caplog.text


def test_what_is_over_the_limit_is_found_and_the_rest_is_held() -> None:
    async def script(line: Line) -> None:
        await line.log_in()
        held: set[str] = set()
        while True:
            request = await line.hear()
            channels = set(request["params"].split(","))
            if request["action"] == "unsubscribe":
                held -= channels
                await line.say(
                    *({"ev": "status", "status": "success", "message": f"unsubscribed to: {each}"} for each in channels)
                )
            elif len(held | channels) > 5:
                await line.status("error", LIMIT)
            else:
                held |= channels
                await line.status("success", "subscribed to: " + ",".join(channels))

    async def main() -> None:
        stage = Stage(script)
        channels = [Channel("quote", f"O:SPY251219C{number:08d}") for number in range(8)]
        async with stage.open(*channels) as session:
            while session.stats.held + session.stats.refused != 8:
                await stage.pulse.until(lambda: 0.5 in stage.time.sleeping() or session.stats.refused == 3)
                await stage.time.move(0.5)
            await session.settled()
            assert session.stats.held == 5
            assert session.refused == dict.fromkeys(channels[5:], LIMIT)
            await session.want(channels[2:])
            while session.stats.held < 5:
                await stage.pulse.until(lambda: 0.5 in stage.time.sleeping() or session.stats.held == 5)
                await stage.time.move(0.5)

    _run(main)


def test_an_acknowledgement_that_does_not_come_is_asked_for_again() -> None:
    async def script(line: Line) -> None:
        await line.log_in()
        await line.hear()
        await line.grant()
        await line.stay()

    async def main() -> None:
        stage = Stage(script)
        async with stage.open(CALL) as session:
            await stage.heard(2)
            await stage.time.pass_until(5.0)
            await session.settled()
            assert session.stats.held == 1

    _run(main)


def test_a_channel_that_is_never_acknowledged_counts_as_refused() -> None:
    async def script(line: Line) -> None:
        await line.log_in()
        while True:
            await line.hear()

    async def main() -> None:
        stage = Stage(script)
        async with stage.open(CALL) as session:
            for requests in (2, 3):
                await stage.heard(requests)
                await stage.time.pass_until(5.0)
            await session.settled()
            assert session.refused == {CALL: "no acknowledgement"}

    _run(main)


def test_nothing_is_connected_while_nothing_is_wanted() -> None:
    async def main() -> None:
        stage = Stage(serving)
        async with stage.open(CALL) as session:
            await session.settled()
            await session.want([])
            await session.settled()
            assert session.state == "idle"
            stage.line().drop()
            await stage.time.pass_until(0.25)
            await stage.state("idle")
            await session.want([CALL])
            await session.settled()
            assert [request["params"] for request in stage.line().heard[1:]] == [f"Q.{CALL.symbol}"]
        assert stage.gaps == []

    _run(main)


# --- ends -----------------------------------------------------------------------------------------------------------


async def _quote_then(line: Line, *, end: Callable[[Line], object]) -> None:
    await line.log_in()
    await line.grant()
    await line.quote()
    result = end(line)
    if asyncio.iscoroutine(result):
        await result
    await line.stay()


async def _closes(line: Line) -> None:
    await line.socket.close(1000)


async def _is_too_slow(line: Line) -> None:
    await line.status("slow_consumer", "too slow")


async def _is_forced(line: Line) -> None:
    await line.status("force_disconnect")


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (Line.drop, "the connection broke off"),
        (_closes, "closed by the vendor, code 1000"),
        (_is_too_slow, "slow_consumer: too slow"),
        (_is_forced, "force_disconnect"),
    ],
)
def test_it_comes_back_and_tells_what_it_missed(end: Callable[[Line], object], why: str) -> None:
    async def main() -> None:
        stage = Stage(partial(_quote_then, end=end), serving)
        async with stage.open(CALL, TAPE) as session:
            await stage.state("waiting")
            assert session.stats.last_error == why
            assert session.stats.attempts == 1
            await stage.time.pass_until(0.25)
            await session.settled()
            assert stage.line().heard[1] == {"action": "subscribe", "params": f"Q.{CALL.symbol},T.*"}
            assert session.stats.reconnects == 1
        (gap,) = stage.gaps
        noon = datetime(2026, 11, 18, 17, tzinfo=UTC)
        assert (gap.vendor, gap.asset, gap.reason) == ("massive", "options", why)
        assert (gap.start, gap.end) == (noon, noon + timedelta(seconds=0.25))

    _run(main)


def test_a_vendor_that_is_gone_for_long_leaves_one_gap() -> None:
    async def main() -> None:
        stage = Stage(serving)
        async with stage.open(CALL) as session:
            await session.settled()
            await stage.vendor.close()
            for delay_s in (0.25, 0.5, 1.0, 2.0, 3.5):
                await stage.time.pass_until(delay_s)
            await stage.pulse.until(lambda: stage.time.sleeping() == [3.5])
            assert session.stats.attempts == 6
            await stage.vendor.open()
            await stage.time.move(3.5)
            await session.settled()
        (gap,) = stage.gaps
        assert gap.end - gap.start == timedelta(seconds=10.75)
        assert gap.reason == "the connection broke off"

    _run(main)


def test_the_backoff_begins_anew_only_after_a_time_of_data() -> None:
    async def main() -> None:
        stage = Stage(serving)
        async with stage.open(CALL) as session:
            for number, (flows_s, delay_s) in enumerate(((9.0, 0.25), (9.0, 0.5), (10.0, 0.25)), start=1):
                await session.settled()
                await stage.pulse.until(lambda: session.state == "live")
                stage.time.now += flows_s
                await stage.line().quote(number)
                await stage.events(number)
                stage.line().drop()
                await stage.state("waiting")
                await stage.time.pass_until(delay_s)
            await session.settled()

    _run(main)


def test_who_is_put_out_by_force_twice_stays_out() -> None:
    async def main() -> None:
        stage = Stage(partial(_quote_then, end=_is_forced))
        async with stage.open(CALL):
            await stage.time.pass_until(0.25)
            assert "ended the stream twice (force_disconnect)" in await stage.failure()
        assert len(stage.vendor.lines) == 2

    _run(main)


async def _is_full(line: Line) -> None:
    await line.log_in()
    await line.status("max_connections", "one is enough")
    await line.stay()


def test_a_lost_connection_that_is_still_counted_is_outwaited() -> None:
    async def main() -> None:
        stage = Stage(partial(_quote_then, end=Line.drop), _is_full, serving)
        async with stage.open(CALL) as session:
            await stage.time.pass_until(0.25)
            await stage.pulse.until(lambda: session.stats.last_error == "max_connections: one is enough")
            await stage.time.pass_until(0.5)
            await session.settled()

    _run(main)


def test_another_client_is_given_way_to() -> None:
    async def main() -> None:
        ghostless = StreamPolicy(close_s=0.1, ghost_s=0.2)
        stage = Stage(partial(_quote_then, end=Line.drop), _is_full, policy=ghostless)
        async with stage.open(CALL):
            await stage.time.pass_until(0.25)
            assert "another program or machine is using it" in await stage.failure()

    _run(main)


def test_who_takes_our_place_keeps_it() -> None:
    async def end(line: Line) -> None:
        await line.status("max_connections")

    async def main() -> None:
        stage = Stage(partial(_quote_then, end=end))
        async with stage.open(CALL):
            assert "no connection left" in await stage.failure()

    _run(main)


# --- damage ---------------------------------------------------------------------------------------------------------


def test_garbled_frames_renew_the_connection_only_when_they_repeat() -> None:
    async def script(line: Line) -> None:
        await line.log_in()
        await line.grant()
        for frame in ("[{", "]", '[{"ev":"Q","sym":"A"}]', "?", "{}", "null"):
            await line.socket.send(frame)
        await line.stay()

    async def main() -> None:
        stage = Stage(script, serving)
        async with stage.open(CALL) as session:
            await stage.time.pass_until(0.25)
            await session.settled()
            assert session.stats.unreadable == 5
            assert stage.gaps[0].reason == "3 frames in a row that cannot be read"

    _run(main)


def test_frames_are_recorded_as_they_came_without_log_in_and_key() -> None:
    async def script(line: Line) -> None:
        await line.log_in()
        await line.grant()
        await line.status("error", f"who is {KEY}?")
        await line.quote()
        await line.stay()

    async def main() -> None:
        stage = Stage(script)
        async with stage.open(CALL):
            await stage.pulse.until(lambda: len(stage.frames) == 2)
        assert all(KEY.encode() not in frame and b"auth" not in frame for frame, _ in stage.frames)
        assert b'"ev": "Q"' in stage.frames[1][0]
        assert {received for _, received in stage.frames} == {NOON_NS}

    _run(main)


def test_no_log_of_anybodys_shows_the_key(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        stage = Stage(serving)
        async with stage.open(CALL) as session:
            await session.settled()
            stage.line().drop()
            await stage.time.pass_until(0.25)
            await session.settled()
            assert KEY not in repr(session.dialect) + repr(session.stats)

    with caplog.at_level(logging.DEBUG):
        logging.getLogger("websockets.server").setLevel(logging.CRITICAL)
        _run(main)
    assert KEY not in caplog.text
    lines = [record.getMessage() for record in caplog.records if record.name == "quantdata.wire"]
    assert lines == [
        "stream provider=massive asset=options event=live attempts=1 held=1",
        'stream provider=massive asset=options event=lost why="the connection broke off" retry_s=0.25',
        "stream provider=massive asset=options event=live attempts=2 held=1",
    ]


# --- silence --------------------------------------------------------------------------------------------------------


async def _falls_silent(stage: Stage) -> None:
    """Let a stream be quiet until it counts as silent: it is pinged on the way."""
    for quiet_s in (1.5, 1.5, 1.5, 0.5):
        await stage.time.pass_until(quiet_s)
    await stage.state("silent")


def test_a_silence_is_told_probed_and_ended() -> None:
    async def main() -> None:
        stage = Stage(serving)
        async with stage.open(CALL) as session:
            await session.settled()
            await _falls_silent(stage)
            for _ in range(17):
                await stage.time.pass_until(1.5)
            await stage.time.pass_until(0.25)
            await session.settled()
        assert stage.gaps[0].reason == "no frame for 30 s in market hours"
        assert stage.states == ["connecting", "live", "silent", "waiting", "connecting", "live", "stopped"]

    _run(main)


def test_a_frame_ends_a_silence() -> None:
    async def main() -> None:
        stage = Stage(serving)
        async with stage.open(CALL) as session:
            await session.settled()
            await _falls_silent(stage)
            await stage.line().quote()
            await stage.state("live")
            assert session.stats.reconnects == 0

    _run(main)


def test_a_silence_of_a_closed_market_means_nothing() -> None:
    async def main() -> None:
        stage = Stage(serving)
        async with stage.open(CALL) as session:
            await session.settled()
            await _falls_silent(stage)
            stage.is_market_open = False
            for _ in range(60):
                await stage.time.pass_until(1.5)
            assert session.state == "live"
        assert len(stage.vendor.lines) == 1

    _run(main)


def test_a_connection_that_is_open_at_one_end_only_is_found_out_before_its_data_are_stale() -> None:
    async def main() -> None:
        stage = Stage(partial(_quote_then, end=Line.play_dead), serving)
        async with stage.open(CALL) as session:
            await session.settled()
            await stage.events(1)
            await stage.time.pass_until(1.5)
            await stage.time.pass_until(2.0)
            await stage.state("waiting")
            assert session.stats.last_error == "nobody answers a ping"
            await stage.time.pass_until(0.25)
            await session.settled()

    _run(main)


def test_a_frame_is_an_answer_to_a_ping_too() -> None:
    async def main() -> None:
        stage = Stage(partial(_quote_then, end=Line.play_dead))
        async with stage.open(CALL) as session:
            await session.settled()
            await stage.events(1)
            await stage.time.pass_until(1.5)
            await stage.line().quote()
            await stage.events(2)
            await stage.time.pass_until(2.0)
            assert session.state == "live"
            await stage.time.pass_until(1.5)
            await stage.time.pass_until(2.0)
            await stage.state("waiting")

    _run(main)


def test_an_answered_ping_tells_the_round_trip() -> None:
    async def main() -> None:
        stage = Stage(serving, policy=StreamPolicy(close_s=0.1))
        async with stage.open(CALL) as session:
            await session.settled()
            answered = asyncio.ensure_future(await session._socket.ping())  # type: ignore[union-attr]
            round_trip_s = await answered
            assert session.stats.ping_s is not None
            assert 0.0 < session.stats.ping_s <= round_trip_s

    _run(main)


# --- close ----------------------------------------------------------------------------------------------------------


def test_it_can_be_closed_in_any_state_twice_and_leaves_nothing() -> None:
    async def main() -> None:
        stage = Stage(_says_nothing)
        session = stage.make(sleep=asyncio.sleep)
        await session.close()
        await session.close()
        await session.run()
        assert session.state == "stopped"
        for state, script in (("connecting", _says_nothing), ("waiting", _is_forced), ("live", serving)):
            stage = Stage(script)
            async with stage.open(CALL) as session:
                await stage.state(state)
                await asyncio.gather(session.close(), session.close())
                await stage.running

    _run(main)


def test_who_cancels_the_run_closes_the_session() -> None:
    async def main() -> None:
        stage = Stage(serving)
        async with stage.open(CALL) as session:
            await session.settled()
            stage.running.cancel()
            await asyncio.wait((stage.running,))
            assert stage.running.cancelled()
            assert session.state == "stopped"
            await stage.line().stay()

    _run(main)


def test_a_callback_that_fails_ends_the_run() -> None:
    async def main() -> None:
        stage = Stage(partial(_quote_then, end=lambda _: None))

        def on_gap(_: Gap) -> None:
            raise ValueError("what gap?")

        stage.on_gap = on_gap
        async with stage.open(CALL) as session:
            await session.settled()
            stage.line().drop()
            await stage.time.pass_until(0.25)
            assert await stage.failure() == "ValueError: what gap?"

    _run(main)


def test_nobody_need_be_told_of_states_gaps_and_frames() -> None:
    async def main() -> None:
        stage = Stage(serving)
        async with stage.open(CALL, on_state=None, on_gap=None, on_frame=None) as session:
            await session.settled()
            stage.line().drop()
            await stage.time.pass_until(0.25)
            await session.settled()
        assert stage.states == []

    _run(main)
