from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.tradier.chunks import ChunkedLink

if TYPE_CHECKING:
    from collections.abc import Callable

END = b""


class Made:
    """A chunked answer to a client that takes what it is sent."""

    def __init__(self, *, idle_s: float = 60.0) -> None:
        self.sent: list[bytes] = []
        self.status = 0
        self.link = ChunkedLink(self._send, idle_s=idle_s)
        self.waiting_at_send: list[int] = []

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.sent.append(message["body"])
            self.waiting_at_send.append(self.link.waiting)

    def deliver(self, *doings: Callable[[], None]) -> list[bytes]:
        """Do things one after the other while the answer is delivered to its end."""

        async def both() -> None:
            delivering = asyncio.create_task(self.link.deliver())
            for do in doings:
                do()
                for _ in range(3):
                    await asyncio.sleep(0)
            await delivering

        asyncio.run(both())
        return self.sent


def test_what_is_pushed_goes_out_in_order_and_hanging_up_ends_it() -> None:
    made = Made()
    link = made.link

    def the_rest() -> None:
        link.push(b"two")
        link.push(b"3")
        link.hang_up(1_000)

    got = made.deliver(lambda: link.push(b"one"), the_rest)
    assert (made.status, got) == (200, [b"one", b"two", b"3", END])
    assert made.waiting_at_send == [3, 4, 1, 0]
    assert (link.waiting, link.is_open) == (0, False)


def test_nothing_follows_the_end() -> None:
    made = Made()
    assert made.deliver(lambda: made.link.hang_up(1_000), lambda: made.link.push(b"late")) == [END]


def test_an_answer_that_is_broken_off_never_ends() -> None:
    made = Made()
    made.link.push(b"half")
    assert made.deliver(made.link.reset) == [b"half"]


def test_it_ends_when_nothing_has_come_for_long() -> None:
    made = Made(idle_s=0.01)
    assert made.deliver(lambda: made.link.push(b"one")) == [b"one", END]


def test_once_deaf_it_does_not_even_end() -> None:
    made = Made(idle_s=0.01)

    async def deliver() -> None:
        delivering = asyncio.create_task(made.link.deliver())
        await asyncio.sleep(0)
        made.link.deafen()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(delivering, 0.05)

    asyncio.run(deliver())
    assert made.sent == []
