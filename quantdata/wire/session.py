"""A stream that stays: it connects, logs in, subscribes, and does so again whenever it is cut off."""

from __future__ import annotations

import asyncio
import logging
import random as random_module
import time
from typing import TYPE_CHECKING

from quantdata.errors import AuthenticationError, DataProviderError, EntitlementError, FeedError
from quantdata.wire.backoff import Backoff, StreamPolicy
from quantdata.wire.connection import Connection, LostError, Parts
from quantdata.wire.facts import facts
from quantdata.wire.history import History
from quantdata.wire.sockets import BROKEN, is_clean, open_socket, why
from quantdata.wire.subscriptions import Subscriptions
from quantdata.wire.vitals import Vitals, look

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from datetime import datetime

    from quantdata.wire.book import Book
    from quantdata.wire.dialect import Channel, Dialect
    from quantdata.wire.sockets import Socket
    from quantdata.wire.vitals import Gap, SessionState, SessionStats

__all__ = ["StreamSession"]

logger = logging.getLogger("quantdata.wire")


class StreamSession:
    """One vendor's stream of one asset class, kept up until it is closed.

    Belongs to the event loop that `run` is awaited on; `stats`, `state` and `refused` may be read from any thread.

    Parameters
    ----------
    dialect
        The vendor's side.
    book
        Where events go.
    policy
        How patient the session is.
    on_data
        Called after each frame, when the book may hold something new.
    on_state
        Called with each new state.
    on_gap
        Called when all is subscribed again after a connection was lost.
    on_frame
        Called with each frame as it came and when (nanoseconds since 1970), to record it; never with one of the log-in,
        or one that holds a key or a session id.
    is_market_open
        Whether a silence means something.
    clock, wall, random, sleep
        Monotonic seconds, nanoseconds since 1970, a number in [0, 1), how to wait; tests pass their own.
    connect
        Opens a socket.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        book: Book,
        policy: StreamPolicy | None = None,
        on_data: Callable[[], None],
        on_state: Callable[[SessionState], None] | None = None,
        on_gap: Callable[[Gap], None] | None = None,
        on_frame: Callable[[bytes, int], None] | None = None,
        is_market_open: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = time.time_ns,
        random: Callable[[], float] = random_module.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        connect: Callable[[str, StreamPolicy], Awaitable[Socket]] = open_socket,
    ) -> None:
        self.dialect = dialect
        self.policy = policy if policy is not None else StreamPolicy()
        self._book = book
        self._on_state = on_state
        self._on_gap = on_gap
        self._connect = connect
        self._subscriptions = Subscriptions(dialect)
        self._backoff = Backoff(self.policy, random=random)
        self._vitals = Vitals(since_ns=wall())
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._parts = Parts(
            dialect=dialect,
            book=book,
            policy=self.policy,
            subscriptions=self._subscriptions,
            vitals=self._vitals,
            on_data=on_data,
            on_frame=on_frame,
            is_market_open=is_market_open,
            clock=clock,
            wall=wall,
            sleep=sleep,
            change=self._change,
            settle=self._settle,
            changed=self._changed,
        )
        self._socket: Socket | None = None
        self._history = History(self.policy, self._vitals, self._backoff, clock=clock)
        self._reported: tuple[str, ...] = ()
        self._work: asyncio.Task[None] | None = None
        self._is_closed = False

    # --- to look at -------------------------------------------------------------------------------------------------

    @property
    def state(self) -> SessionState:
        """What the session is doing: see `SessionStats`."""
        return self._vitals.state

    @property
    def refused(self) -> Mapping[Channel, str]:
        """Wanted channels that cannot be had, and the vendor's words."""
        return self._subscriptions.refused.copy()

    @property
    def is_simulated(self) -> bool:
        """Whether a simulator is at the other end."""
        return self._vitals.simulated_at is not None

    @property
    def simulated_at(self) -> datetime | None:
        """What time it was there when the last connection began (UTC); None for a vendor."""
        return self._vitals.simulated_at

    @property
    def stats(self) -> SessionStats:
        """How the session is, at this moment."""
        ping_s = self._socket.latency if self._socket is not None else 0.0
        return look(
            self._vitals,
            self._book.counts,
            wanted=len(self._subscriptions.wanted),
            held=len(self._subscriptions.held),
            refused=len(self._subscriptions.refused),
            attempts=self._backoff.attempts,
            ping_s=ping_s or None,
        )

    # --- to use -----------------------------------------------------------------------------------------------------

    async def want(self, channels: Collection[Channel]) -> None:
        """Replace what is wanted, connected or not; only what differs is asked for, soon after.

        What was refused is not asked for again until the next connection; for want of room, until something is given
        back.
        """
        if frozenset(channels) != self._subscriptions.wanted:
            self._settled.clear()
            self._subscriptions.want(channels)
            self._changed.set()

    def record(self, on_frame: Callable[[bytes, int], None] | None) -> None:
        """Hand each frame from now on to another ``on_frame``; None to none."""
        self._parts.on_frame = on_frame

    async def settled(self) -> None:
        """Wait until all that is wanted is held or refused."""
        await self._settled.wait()

    async def run(self) -> None:
        """Keep the stream up until `close`; to be awaited once.

        Raises
        ------
        FeedError
            If there is no point in another attempt: the key is not accepted or may not stream, the account has no
            connection left, or the vendor ended the stream by force, twice.
        """
        if self._is_closed:
            return
        self._work = asyncio.create_task(self._keep(), name=f"stream {self.dialect.vendor} {self.dialect.asset}")
        try:
            await asyncio.wait((self._work,))
        finally:
            self._work.cancel()
            await asyncio.wait((self._work,))
            self._change("stopped")
        if not self._work.cancelled():
            self._work.result()

    async def close(self) -> None:
        """End the stream; nothing of it is left. May be called twice, and before `run`."""
        self._is_closed = True
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait((self._work,))
        self._change("stopped")

    # --- one connection after the other -----------------------------------------------------------------------------

    async def _keep(self) -> None:
        while True:
            while not self._subscriptions.wanted:
                self._change("idle")
                self._history.forget()
                self._changed.clear()
                await self._changed.wait()
            lost = await self._attempt()
            delay_s = self._backoff.delay_s()
            self._vitals.last_error = lost.reason
            logger.warning("stream %s", self._facts(event="lost", why=lost.reason, retry_s=round(delay_s, 3)))
            self._change("waiting")
            await self._parts.sleep(delay_s)

    async def _attempt(self) -> LostError:
        """Connect, and stay connected as long as can be; return why it ended."""
        self._backoff.attempts += 1
        self._change("connecting")
        self.dialect.renew()
        self._subscriptions.restart()
        try:
            socket = await self._connect(self.dialect.url, self.policy)
        except BROKEN as error:
            return LostError(why(error))
        return await self._stay(socket)

    async def _stay(self, socket: Socket) -> LostError:
        self._socket = socket
        connection = Connection(
            socket,
            self._parts,
            is_ghost_likely=self._history.is_ghost_likely,
            was_forced=self._history.was_forced,
        )
        lost = LostError("closed")
        try:
            lost = await self._end_of(connection)
            return lost
        finally:
            self._history.note_end(connection, lost, was_subscribed=bool(self._subscriptions.held))
            self._settled.clear()
            # A close that fails is one all the same.
            await asyncio.gather(socket.close(), return_exceptions=True)
            self._socket = None

    async def _end_of(self, connection: Connection) -> LostError:
        """Run a connection; return why it ended, if that may pass."""
        try:
            return await connection.run()
        except LostError as error:
            return error
        except BROKEN as error:
            # Not raised from it: the frames that it passed hold the log-in.
            return LostError(why(error), is_clean=is_clean(error))
        except (AuthenticationError, EntitlementError) as error:
            self._refuse(str(error))
            raise FeedError(f"{self._name}: no session for the stream: {error}") from error
        except DataProviderError as error:
            return LostError(str(error))
        except FeedError as error:
            self._refuse(str(error))
            raise

    def _refuse(self, reason: str) -> None:
        self._vitals.last_error = reason
        logger.error("stream %s", self._facts(event="refused for good", why=reason))

    def _settle(self) -> None:
        """Take note that all that is wanted is held or refused."""
        if self._vitals.connected_ns is None:
            self._begin()
        self._report_refusals()
        self._change("live" if self._subscriptions.wanted else "idle")
        self._settled.set()

    def _begin(self) -> None:
        """Take note that a connection is complete, and tell what was missed before it."""
        held, attempts = len(self._subscriptions.held), self._backoff.attempts
        logger.info("stream %s", self._facts(event="live", attempts=attempts, held=held))
        gap = self._history.note_settled(self._parts.wall(), vendor=self.dialect.vendor, asset=self.dialect.asset)
        if gap is not None and self._on_gap is not None:
            self._on_gap(gap)

    def _report_refusals(self) -> None:
        """Log the refusals, a line for each of the vendor's reasons."""
        reasons = tuple(sorted(set(self._subscriptions.refused.values())))
        if reasons != self._reported:
            self._reported = reasons
            for reason in reasons:
                logger.warning("stream %s", self._facts(event="refused", why=reason))

    def _change(self, state: SessionState) -> None:
        if state != self._vitals.state:
            self._vitals.state = state
            self._vitals.since_ns = self._parts.wall()
            if self._on_state is not None:
                self._on_state(state)

    @property
    def _name(self) -> str:
        return f"{self.dialect.vendor} {self.dialect.asset}"

    def _facts(self, **more: object) -> str:
        return facts(provider=self.dialect.vendor, asset=self.dialect.asset, **more)
