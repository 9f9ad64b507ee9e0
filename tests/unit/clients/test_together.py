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
