"""A subscriber as an async iterator, for whichever event loop reads it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from quantdata.live.mailbox import Nothing

if TYPE_CHECKING:
    from types import TracebackType

    from quantdata.live.mailbox import Mailbox

__all__ = ["Stream"]

T = TypeVar("T")

# A reader that finds items waiting never pauses by itself; after so many its event loop has a turn.
ITEMS_A_TURN: Final = 64


class Stream(Generic[T]):
    """An async iterator over the items of one mailbox; it ends with the hub, or with `aclose`.

    It takes items in from its making on, not from the first look. What had arrived when the hub closed can still be
    read. A stream that nobody holds any more takes nothing in, closed or not.

    Attributes
    ----------
    delivered
        Items handed over.
    errors, busy_s, last_error
        Those of a reader whose failures and time are its own: 0, 0 and None.

    Examples
    --------
    >>> async def first_of(stream):
    ...     async with stream:
    ...         async for item in stream:
    ...             return item
    """

    errors: Final = 0
    busy_s: Final = 0.0
    last_error: Final = None

    def __init__(self, mailbox: Mailbox[T]) -> None:
        self.mailbox = mailbox
        self.delivered = 0

    def __aiter__(self) -> Stream[T]:
        return self

    async def __anext__(self) -> T:
        if self.delivered % ITEMS_A_TURN == ITEMS_A_TURN - 1:
            await asyncio.sleep(0)
        waiter = _Waiter()
        # Nothing is awaited between an item's taking and its return: a reader that is cancelled loses none.
        while (item := self.mailbox.take(waiter.wake)) is Nothing.YET:
            await self._woken(waiter)
            waiter = _Waiter()
        if item is Nothing.EVER:
            raise StopAsyncIteration
        self.delivered += 1
        return item

    async def __aenter__(self) -> Stream[T]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the iteration, for whoever waits in it too; what waits is dropped. May be called twice."""
        self.mailbox.close()

    def end(self) -> None:
        """Take nothing in any more, from any thread; the iteration ends after what waits."""
        self.mailbox.close(keep_waiting=True)

    async def _woken(self, waiter: _Waiter) -> None:
        try:
            await waiter.future
        finally:
            self.mailbox.forget(waiter.wake)


class _Waiter:
    """A future of the running loop that any thread may settle."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[None] = self._loop.create_future()

    def wake(self) -> None:
        # A loop that has been closed has nobody who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if not self.future.done():
            self.future.set_result(None)
