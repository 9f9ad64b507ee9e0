"""Tradier's side of a stream session: an id from its REST host in each frame, and each frame replaces the last."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from quantdata.wire.rest import SHORTEST_SECRET
from quantdata.wire.tradier import messages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from quantdata.config import Secret
    from quantdata.wire.book import Book
    from quantdata.wire.dialect import Channel, ChannelKind, Request, Status

__all__ = ["TradierDialect"]

# An id lapses after five minutes without use; Lean renews it after 4.9: reference/tradier.md §7.
SESSION_S: Final = 270.0
SESSIONS_REMEMBERED: Final = 8
# An empty list is refused; a symbol that nobody trades stands for none.
NOTHING: Final = "$empty$"
# What is asked for each kind. The tape is the time and sales; of an index, the last price is its level.
_FILTERS: Final[dict[ChannelKind, tuple[str, ...]]] = {
    "quote": ("quote",),
    "trade": ("trade", "timesale"),
    "value": ("trade",),
}


class TradierDialect:
    """Tradier's market events: one connection for all symbols.

    Parameters
    ----------
    session
        Asks the REST host for a new session id: see `TradierRest.stream_session`.
    url
        ``wss://ws.tradier.com/v1/markets/events``.
    clock
        Monotonic seconds.
    """

    vendor: Final = "tradier"
    asset: Final = "all"
    replaces: Final = True
    channels_per_frame: Final = 1_000_000  # a frame that replaces cannot be cut

    def __init__(
        self, session: Callable[[], Awaitable[Secret]], *, url: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.url = url
        self._new_session = session
        self._clock = clock
        self._session: Secret | None = None
        # The vendor may still speak of one that is over.
        self._lately: deque[bytes] = deque(maxlen=SESSIONS_REMEMBERED)
        self._used_at = 0.0

    def renew(self) -> None:
        """Forget the session id, so that the next request comes with a new one."""
        self._session = None

    def login(self) -> None:
        """Return no frame: the first request says who asks."""

    def why_not(self, channel: Channel) -> str | None:
        """Return why a channel need not even be asked for; None if it can be had."""
        if channel.kind not in _FILTERS:
            return "Tradier streams no bars"
        return "Tradier streams named symbols only" if channel.symbol == "*" else None

    async def compose(self, request: Request) -> str:
        """Return a request as a frame, with a session id that is fresh enough.

        Raises
        ------
        DataProviderError
            If there is none to be had.
        """
        if self._session is None or self._clock() - self._used_at >= SESSION_S:
            self._session = await self._new_session()
            self._lately.append(self._session.reveal().encode())
        self._used_at = self._clock()
        filters = {"summary"}.union(*(_FILTERS[channel.kind] for channel in request.channels))
        frame = {
            "symbols": sorted({channel.symbol for channel in request.channels}) or [NOTHING],
            "sessionid": self._session.reveal(),
            "filter": sorted(filters),
            "linebreak": True,
            "validOnly": True,
            # What it adds is not documented; it is said to matter for options.
            "advancedDetails": True,
        }
        return msgspec.json.encode(frame).decode()

    def read(self, frame: bytes, book: Book) -> Sequence[Status]:
        """Add the events in a frame to a book; return what else it says: see `messages.read`."""
        return messages.read(frame, book)

    def holds_secret(self, frame: bytes) -> bool:
        """Tell whether a session id of lately is in a frame."""
        return any(len(secret) >= SHORTEST_SECRET and secret in frame for secret in self._lately)
