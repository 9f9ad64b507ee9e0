"""A session with Tradier: an id in every frame, each of which replaces the one before."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.errors import AuthenticationError, EntitlementError, UnavailableError
from quantdata.wire.dialect import Channel
from tests.stream.conftest import SPY, Line, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

QQQ = Channel("quote", "QQQ")
QUOTE = '{"type":"quote","symbol":"SPY","bid":600.1,"ask":600.2,"biddate":"1795021200000","askdate":"1795021200000"}\n'


def _run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(main())


async def _serving(line: Line) -> None:
    while True:
        request = await line.hear()
        if "SPY" in request["symbols"]:
            await line.socket.send(QUOTE)


def _stage(*scripts: Callable[[Line], Coroutine[Any, Any, None]]) -> Stage:
    return Stage(*(scripts or (_serving,)), vendor="tradier")


async def _heard(stage: Stage, number: int, line: int = -1) -> list[tuple[str, list[str]]]:
    """Wait for so many frames on a connection; return the session and the symbols of each."""
    await stage.pulse.until(lambda: bool(stage.vendor.lines) and len(stage.line(line).heard) >= number)
    return [(frame["sessionid"], frame["symbols"]) for frame in stage.line(line).heard]


def test_the_first_frame_says_who_asks_for_what() -> None:
    async def main() -> None:
        stage = _stage()
        async with stage.open(SPY) as session:
            await stage.pulse.until(lambda: session.stats.events == 1)
            await session.settled()
            upgrade = stage.line().socket.request
            assert upgrade is not None
            assert upgrade.path == "/v1/markets/events"
            assert "permessage-deflate" not in str(upgrade.headers)
            assert await _heard(stage, 1) == [("session-1", ["SPY"])]
            assert stage.book.take().quotes["SPY"].bid == 600.1
            assert session.stats.held == 1

    _run(main)


def test_each_frame_replaces_the_one_before() -> None:
    async def main() -> None:
        stage = _stage()
        async with stage.open(SPY) as session:
            await session.settled()
            await session.want([SPY, QQQ])
            await session.settled()
            await session.want([QQQ])
            await session.settled()
            await session.want([])
            frames = await _heard(stage, 4)
            assert [symbols for _, symbols in frames] == [["SPY"], ["QQQ", "SPY"], ["QQQ"], ["$empty$"]]
            assert stage.sessions_made == 1

    _run(main)


def test_an_id_that_has_lain_too_long_is_renewed() -> None:
    async def main() -> None:
        stage = _stage()
        stage.is_market_open = False
        async with stage.open(SPY) as session:
            await session.settled()
            await stage.time.move(270.0)
            await session.want([SPY, QQQ])
            assert await _heard(stage, 2) == [("session-1", ["SPY"]), ("session-2", ["QQQ", "SPY"])]
            assert len(stage.vendor.lines) == 1

    _run(main)


def test_an_id_that_has_lapsed_is_renewed_on_the_same_socket() -> None:
    async def script(line: Line) -> None:
        await line.hear()
        await line.socket.send('{"error":"Session session-1 has expired"}')
        await line.hear()
        await line.socket.send(QUOTE)
        await line.stay()

    async def main() -> None:
        stage = _stage(script)
        async with stage.open(SPY) as session:
            await stage.pulse.until(lambda: session.stats.events == 1)
            assert await _heard(stage, 2) == [("session-1", ["SPY"]), ("session-2", ["SPY"])]
            assert all(b"session-1" not in frame for frame, _ in stage.frames)
            assert session.stats.reconnects == 0

    _run(main)


def test_an_id_that_is_refused_again_ends_the_connection() -> None:
    async def script(line: Line) -> None:
        while True:
            await line.hear()
            await line.socket.send('{"error":"no such session"}')

    async def main() -> None:
        stage = _stage(script, _serving)
        async with stage.open(SPY) as session:
            await stage.time.pass_until(0.25)
            assert await _heard(stage, 1) == [("session-3", ["SPY"])]
            assert session.stats.last_error == "the vendor does not know the session, or no longer"

    _run(main)


def test_each_connection_has_an_id_of_its_own() -> None:
    async def main() -> None:
        stage = _stage()
        async with stage.open(SPY) as session:
            await stage.pulse.until(lambda: session.stats.events == 1)
            await session.settled()
            stage.line().drop()
            await stage.time.pass_until(0.25)
            assert await _heard(stage, 1) == [("session-2", ["SPY"])]
            await session.settled()
            assert [gap.asset for gap in stage.gaps] == ["all"]

    _run(main)


def test_a_symbol_that_is_refused_is_left_out() -> None:
    async def script(line: Line) -> None:
        await line.hear()
        await line.socket.send('{"error":"QQQ is not a valid symbol"}')
        await line.hear()
        await line.socket.send('{"error":"QQQ is not a valid symbol"}')
        await line.socket.send(QUOTE)
        await line.stay()

    async def main() -> None:
        stage = _stage(script)
        async with stage.open(SPY, QQQ) as session:
            await stage.pulse.until(lambda: session.stats.events == 1)
            await session.settled()
            assert session.refused == {QQQ: "QQQ is not a valid symbol"}
            assert await _heard(stage, 2) == [("session-1", ["QQQ", "SPY"]), ("session-1", ["SPY"])]
            assert session.stats.held == 1

    _run(main)


def test_a_refusal_without_a_name_is_of_all() -> None:
    async def script(line: Line) -> None:
        await line.hear()
        await line.socket.send('{"error":"too many symbols"}')
        await line.hear()
        await line.stay()

    async def main() -> None:
        stage = _stage(script)
        async with stage.open(SPY, QQQ) as session:
            await _heard(stage, 2)
            assert session.refused == dict.fromkeys((SPY, QQQ), "too many symbols")

    _run(main)


def test_a_session_that_cannot_be_had_now_is_asked_for_again() -> None:
    async def main() -> None:
        stage = _stage()
        stage.session_fails = [UnavailableError("tradier: down", provider="tradier")]
        async with stage.open(SPY) as session:
            await stage.time.pass_until(0.25)
            assert session.stats.last_error == "tradier: down"
            assert await _heard(stage, 1) == [("session-2", ["SPY"])]
            await session.settled()
        assert stage.gaps == []

    _run(main)


@pytest.mark.parametrize("kind", [AuthenticationError, EntitlementError])
def test_who_may_not_stream_is_told_so(kind: type[AuthenticationError]) -> None:
    async def main() -> None:
        stage = _stage()
        stage.session_fails = [kind("tradier: not open to this token", provider="tradier")]
        async with stage.open(SPY):
            failure = await stage.failure()
            assert failure == "FeedError: tradier all: no session for the stream: tradier: not open to this token"

    _run(main)


def test_garbled_lines_and_blank_frames_cost_nothing_else() -> None:
    async def script(line: Line) -> None:
        await line.hear()
        for frame in ("\n", "{\n" + QUOTE, json.dumps({"type": "news"})):
            await line.socket.send(frame)
        await line.stay()

    async def main() -> None:
        stage = _stage(script)
        async with stage.open(SPY) as session:
            await stage.pulse.until(lambda: session.stats.unknown == 1)
            stats = session.stats
            assert (stats.events, stats.unreadable, stats.frames) == (2, 1, 3)

    _run(main)
