"""Requests side by side: all of them, or none."""

from __future__ import annotations

import asyncio

import pytest

from quantdata.clients.together import together


def test_results_come_in_the_order_asked() -> None:
    async def after(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(together(map(after, (3, 1, 2)))) == [3, 1, 2]


def test_nothing_asked_is_nothing_answered() -> None:
    assert asyncio.run(together([])) == []


def test_all_are_under_way_at_once() -> None:
    async def ask() -> list[str]:
        asked = asyncio.Event()

        async def waiting() -> str:
            await asked.wait()
            return "answered"

        async def asking() -> str:
            asked.set()
            return "asked"

        return await together([waiting(), asking()])

    assert asyncio.run(ask()) == ["answered", "asked"]


def test_who_is_called_off_calls_off_what_he_asked_for() -> None:
    ended: list[str] = []

    async def tidy(under_way: asyncio.Event) -> None:
        under_way.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # closing takes a turn, and is waited for
            ended.append("called off")

    async def ask() -> None:
        under_way = asyncio.Event()
        asking = asyncio.ensure_future(together([tidy(under_way), tidy(asyncio.Event())]))
        await under_way.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert ended == ["called off", "called off"]

    asyncio.run(ask())


def test_the_first_failure_is_told_and_later_ones_are_not_left_over() -> None:
    async def failing(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        raise LookupError(f"after {turns}")

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise KeyError("while closing")

    with pytest.raises(LookupError, match="after 1"):
        asyncio.run(together([failing(2), stubborn(), failing(1)]))


def test_a_failure_calls_the_others_off() -> None:
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("called off")
            raise

    async def failing() -> None:
        await asyncio.sleep(0)
        raise LookupError("first")

    with pytest.raises(LookupError, match="first"):
        asyncio.run(together([endless(), failing(), endless()]))
    assert ended == ["called off", "called off"]
