"""A stream: an async iterator for any loop, that loses nothing to a cancelled reader and ends with its hub."""

from __future__ import annotations

import asyncio
import threading

import pytest

from quantdata.live.iteration import ITEMS_A_TURN, Stream
from quantdata.live.mailbox import Mailbox


def _stream(*items: int) -> Stream[int]:
    mailbox = Mailbox[int](key=lambda item: item, room=1_000)
    mailbox.put(items)
    return Stream(mailbox)


async def _all(stream: Stream[int]) -> list[int]:
    return [item async for item in stream]


def test_what_had_arrived_before_the_end_can_still_be_read() -> None:
    stream = _stream(1, 2, 3)
    stream.end()
    assert asyncio.run(_all(stream)) == [1, 2, 3]
    assert stream.delivered == 3
    assert (stream.errors, stream.busy_s, stream.last_error) == (0, 0.0, None)


def test_closing_drops_what_waits_and_may_be_done_twice() -> None:
    stream = _stream(1, 2, 3)

    async def close_twice() -> list[int]:
        await stream.aclose()
        await stream.aclose()
        return await _all(stream)

    assert asyncio.run(close_twice()) == []
    assert stream.mailbox.dropped == 3


def test_leaving_the_block_closes_the_stream() -> None:
    async def first() -> int:
        async with _stream(1, 2) as stream:
            item = await anext(stream)
        assert stream.mailbox.is_closed
        return item

    assert asyncio.run(first()) == 1


def test_a_reader_on_one_loop_is_woken_from_another_thread() -> None:
    stream = _stream()

    async def read_two() -> list[int]:
        threading.Thread(target=stream.mailbox.put, args=([1, 2],)).start()
        return [await anext(stream), await anext(stream)]

    assert asyncio.run(read_two()) == [1, 2]


def test_one_stream_may_be_read_from_several_loops_in_turn() -> None:
    stream = _stream(1, 2)

    async def read_one() -> int:
        return await anext(stream)

    assert [asyncio.run(read_one()), asyncio.run(read_one())] == [1, 2]


def test_all_who_wait_are_told_of_the_end() -> None:
    stream = _stream()

    async def wait_twice() -> list[list[int]]:
        waiting = [asyncio.create_task(_all(stream)) for _ in range(2)]
        await asyncio.sleep(0)
        await stream.aclose()
        return await asyncio.gather(*waiting)

    assert asyncio.run(wait_twice()) == [[], []]


def test_a_reader_that_finds_its_item_taken_waits_on() -> None:
    stream = _stream()

    async def two_for_one() -> set[int]:
        waiting = [asyncio.create_task(anext(stream)) for _ in range(2)]
        await asyncio.sleep(0)
        stream.mailbox.put([1])
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        stream.mailbox.put([2])
        return set(await asyncio.gather(*waiting))

    assert asyncio.run(two_for_one()) == {1, 2}


def test_a_reader_that_gives_up_loses_nothing_and_leaves_no_trace() -> None:
    stream = _stream()

    async def give_up() -> int:
        waiting = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert stream.mailbox._wakers == []
        stream.mailbox.put([1])
        return await anext(stream)

    assert asyncio.run(give_up()) == 1


def test_an_item_that_comes_as_its_reader_is_cancelled_is_the_next_readers() -> None:
    stream = _stream()

    async def give_up_late() -> int:
        waiting = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        stream.mailbox.put([1])
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return await anext(stream)

    assert asyncio.run(give_up_late()) == 1


def test_a_loop_that_ended_while_it_was_waited_on_is_no_concern_of_the_publishers() -> None:
    stream = _stream()
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(_all(stream))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    stream.mailbox.put([1])
    stream.end()
    assert asyncio.run(_all(stream)) == [1]
    waiting.get_coro().close()  # nobody can await it any more
    waiting._log_destroy_pending = False  # type: ignore[attr-defined]  # nor be told of it


def test_a_reader_that_always_finds_items_lets_its_loop_do_other_things() -> None:
    stream = _stream(*range(3 * ITEMS_A_TURN))
    stream.end()
    turns: list[int] = []

    async def read_beside_another() -> None:
        async def other() -> None:
            while True:
                turns.append(stream.delivered)
                await asyncio.sleep(0)

        beside = asyncio.create_task(other())
        await _all(stream)
        beside.cancel()

    asyncio.run(read_beside_another())
    assert turns == [ITEMS_A_TURN - 1, 2 * ITEMS_A_TURN - 1, 3 * ITEMS_A_TURN - 1]
