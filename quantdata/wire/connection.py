"""One connection of a stream session, from the log-in to its end: it listens, subscribes and watches at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from quantdata.errors import FeedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from typing import Any

    from quantdata.wire.backoff import StreamPolicy
    from quantdata.wire.book import Book
    from quantdata.wire.dialect import Dialect, Status, StatusKind
    from quantdata.wire.sockets import Socket
    from quantdata.wire.subscriptions import Subscriptions
    from quantdata.wire.vitals import SessionState, Vitals

__all__ = ["Connection", "LostError", "Parts", "in_time"]

# The session's id may be refused once, for it may have lapsed on the way.
EXPIRIES_AT_MOST: Final = 2


class LostError(Exception):
    """A connection has ended for a reason that may pass.

    Parameters
    ----------
    reason
        Why, in words that hold no secret.
    is_clean
        Whether the vendor knows that it has ended.
    is_forced
        Whether the vendor ended it by force.
    """

    def __init__(self, reason: str, *, is_clean: bool = True, is_forced: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_clean = is_clean
        self.is_forced = is_forced


@dataclass(slots=True, kw_only=True)
class Parts:
    """What a session lends to its connections; see `StreamSession`. Only ``on_frame`` changes while it runs."""

    dialect: Dialect
    book: Book
    policy: StreamPolicy
    subscriptions: Subscriptions
    vitals: Vitals
    on_data: Callable[[], None]
    on_frame: Callable[[bytes, int], None] | None
    is_market_open: Callable[[], bool]
    clock: Callable[[], float]
    wall: Callable[[], int]
    sleep: Callable[[float], Awaitable[None]]
    change: Callable[[SessionState], None]
    settle: Callable[[], None]
    changed: asyncio.Event


async def in_time(awaitable: Awaitable[object], limit: Awaitable[None]) -> bool:
    """Wait for something until a limit is over; tell whether it came. What it raises is raised."""
    waited, timer = asyncio.ensure_future(awaitable), asyncio.ensure_future(limit)
    try:
        await asyncio.wait((waited, timer), return_when=asyncio.FIRST_COMPLETED)
        if not waited.done():
            return False
        waited.result()
        return True
    finally:
        await _end(waited, timer)


async def first_of(*coroutines: Coroutine[Any, Any, NoReturn]) -> NoReturn:
    """Run several that never end well until the first ends; end the others, and raise what it raised."""
    tasks = [asyncio.create_task(each) for each in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(*tasks)
    raise next(error for task in tasks if task in done and (error := task.exception()) is not None)


async def _end(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Connection:
    """One open socket, and what is said on it.

    Parameters
    ----------
    socket
        Open; whoever opened it closes it.
    parts
        Of the session.
    is_ghost_likely
        Whether the vendor may still count a connection that we have lost.
    was_forced
        Whether the connection before was ended by force.

    Attributes
    ----------
    settled_at
        When all that is wanted had been asked for, by the clock; None before.
    heard_at
        When the last frame came, or the connection began.
    """

    def __init__(self, socket: Socket, parts: Parts, *, is_ghost_likely: bool, was_forced: bool) -> None:
        self._socket = socket
        self._parts = parts
        self._is_ghost_likely = is_ghost_likely
        self._was_forced = was_forced
        self._answered = asyncio.Event()
        self._garbled = 0
        self._expiries = 0
        self.settled_at: float | None = None
        self.heard_at = parts.clock()

    async def run(self) -> NoReturn:
        """Log in, subscribe and listen until the connection ends, which it does by an error.

        Raises
        ------
        LostError
            If it ended for a reason that may pass.
        FeedError
            If there is no point in another.
        """
        if (frame := self._parts.dialect.login()) is not None:
            await self._expect("connected")
            await self._socket.send(frame)
            await self._expect("authenticated")
        await first_of(self._listen(), self._subscribe(), self._watch())

    # --- the log-in -------------------------------------------------------------------------------------------------

    async def _expect(self, kind: StatusKind) -> None:
        """Read until the vendor says what the log-in waits for."""
        if not await in_time(self._until(kind), self._parts.sleep(self._parts.policy.login_s)):
            raise LostError(f"not {kind} within {self._parts.policy.login_s:g} s")

    async def _until(self, kind: StatusKind) -> None:
        while True:
            statuses = self._take(await self._socket.recv())
            if any(status.kind == "refused" for status in statuses):
                raise LostError("the vendor refused the log-in")
            if any(status.kind == kind for status in statuses):
                return

    def _take(self, frame: bytes) -> Sequence[Status]:
        """Count a frame, read it, and do what it says."""
        parts, vitals = self._parts, self._parts.vitals
        received_ns = parts.wall()
        vitals.frames += 1
        vitals.bytes += len(frame)
        vitals.heard_ns = received_ns
        self.heard_at = parts.clock()
        parts.book.received_at = received_ns / 1e9
        statuses = parts.dialect.read(frame, parts.book)
        for status in statuses:
            self._obey(status)
        return statuses

    # --- listening --------------------------------------------------------------------------------------------------

    async def _listen(self) -> NoReturn:
        parts, recv, take = self._parts, self._socket.recv, self._take
        vitals, on_data = parts.vitals, parts.on_data
        while True:
            frame = await recv()
            on_frame = parts.on_frame
            # Asked before the frame is taken, which may renew the secret.
            is_recorded = on_frame is not None and not parts.dialect.holds_secret(frame)
            if not take(frame):
                self._garbled = self._expiries = 0
                if vitals.state != "live":
                    parts.change("live")
            if on_frame is not None and is_recorded:
                on_frame(frame, vitals.heard_ns or 0)
            on_data()

    def _obey(self, status: Status) -> None:
        """Do what a status asks for; raise if it ends the connection."""
        if status.simulated_at is not None:
            self._parts.vitals.simulated_at = status.simulated_at
        if status.kind in {"subscribed", "unsubscribed", "refused"}:
            self._parts.subscriptions.hear(status)
            self._wake()
        elif status.kind == "expired":
            self._renew(status)
        elif status.kind == "garbled":
            self._count_garbled()
        elif status.kind not in {"connected", "authenticated"}:
            self._end_by(status)

    def _renew(self, status: Status) -> None:
        """Ask again, in a new session, on the same socket."""
        self._expiries += 1
        if self._expiries >= EXPIRIES_AT_MOST:
            raise LostError(status.text)
        self._parts.dialect.renew()
        self._parts.subscriptions.ask_again()
        self._wake()

    def _wake(self) -> None:
        self._answered.set()
        self._parts.changed.set()

    def _count_garbled(self) -> None:
        self._garbled += 1
        if self._garbled >= self._parts.policy.garbled_frames:
            raise LostError(f"{self._garbled} frames in a row that cannot be read")

    def _end_by(self, status: Status) -> None:
        """Raise what a last word means.

        A wrong key stays wrong, and a second login would only drive out the first: there is no point in another
        connection. A slow consumer was too slow once, and a log-in that came too late may come in time. Who is put out
        by force may come back once, for a server that restarts might say so too; it is not documented.
        """
        name = f"{self._parts.dialect.vendor} {self._parts.dialect.asset}"
        if status.kind == "denied":
            raise FeedError(f"{name}: the stream does not accept the key ({status.text}); check the key and its plan")
        if status.kind == "crowded" and not (self._is_ghost_likely and self.settled_at is None):
            raise FeedError(
                f"{name}: the account has no connection left ({status.text}); another program or machine is using it, "
                "and only one can"
            )
        if status.kind == "forced" and self._was_forced:
            raise FeedError(f"{name}: the vendor ended the stream twice ({status.text}); ask its support why")
        raise LostError(status.text, is_forced=status.kind == "forced")

    # --- subscribing ------------------------------------------------------------------------------------------------

    async def _subscribe(self) -> NoReturn:
        """Ask for what is wanted, one request at a time, whenever it changes."""
        parts, subscriptions = self._parts, self._parts.subscriptions
        while True:
            parts.changed.clear()
            request = subscriptions.next()
            if request is None:
                if self.settled_at is None:
                    self.settled_at = parts.clock()
                parts.settle()
                await parts.changed.wait()
                continue
            await self._socket.send(await parts.dialect.compose(request))
            await self._answers()

    async def _answers(self) -> None:
        """Wait until the last request is answered, or it is time to give up."""
        policy, subscriptions = self._parts.policy, self._parts.subscriptions
        while not subscriptions.is_answered:
            self._answered.clear()
            limit_s = policy.settle_s if subscriptions.is_refused else policy.ack_s
            if not await in_time(self._answered.wait(), self._parts.sleep(limit_s)):
                subscriptions.give_up_waiting()

    # --- watching ---------------------------------------------------------------------------------------------------

    async def _watch(self) -> NoReturn:
        """Notice a silence in market hours, find out whether anybody is there, and end one that lasts."""
        parts, policy = self._parts, self._parts.policy
        while True:
            quiet_s = parts.clock() - self.heard_at
            if quiet_s < (ask_after_s := min(policy.ask_after_s, policy.silence_s)):
                await parts.sleep(ask_after_s - quiet_s)
            elif self.settled_at is None or not parts.subscriptions.held or not parts.is_market_open():
                if parts.vitals.state == "silent":
                    parts.change("live")
                await parts.sleep(policy.ask_after_s)
            else:
                await self._probe(quiet_s)

    async def _probe(self, quiet_s: float) -> None:
        parts, policy, heard_at = self._parts, self._parts.policy, self.heard_at
        if quiet_s >= policy.silence_s and parts.vitals.state != "silent":
            parts.change("silent")
        if quiet_s >= policy.renew_after_s:
            raise LostError(f"no frame for {quiet_s:.0f} s in market hours")
        is_answered = await in_time(await self._socket.ping(), parts.sleep(policy.probe_s))
        # A frame is an answer too: a pong waits behind all data that are on their way.
        if not is_answered and self.heard_at == heard_at:
            raise LostError("nobody answers a ping", is_clean=False)
        await parts.sleep(policy.next_look_s(parts.clock() - self.heard_at))
