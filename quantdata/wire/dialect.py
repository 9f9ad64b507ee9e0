"""What a stream session needs of a vendor: its words for asking, and how its frames are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quantdata.wire.book import Book

__all__ = ["Channel", "ChannelKind", "Dialect", "Request", "Status", "StatusKind"]

ChannelKind = Literal["quote", "trade", "minute", "value"]

StatusKind = Literal[
    "connected",  # the vendor's greeting
    "authenticated",
    "subscribed",  # to `channels`
    "unsubscribed",  # from `channels`
    "refused",  # `channels` where the vendor names them, else something of what was asked last
    "expired",  # the session: ask for another, and subscribe anew
    "denied",  # the key is not accepted
    "crowded",  # more connections than the account may have
    "forced",  # somebody at the vendor ended the connection
    "ending",  # the connection will be closed, for a reason that may pass
    "garbled",  # a frame that nobody can read
]


class Channel(NamedTuple):
    """One subscription: a kind of event of one symbol, in the vendor's spelling, or of all (``"*"``)."""

    kind: ChannelKind
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a vendor says about the stream itself.

    Attributes
    ----------
    kind
        What it means for us.
    text
        The vendor's words, at most 200 characters.
    channels
        Those that it is about.
    simulated_at
        What time it is there, if a simulator speaks (UTC).
    """

    kind: StatusKind
    text: str = ""
    channels: tuple[Channel, ...] = ()
    simulated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One frame that asks: for channels, to be rid of them, or for these instead of all before (``"replace"``)."""

    action: Literal["subscribe", "unsubscribe", "replace"]
    channels: tuple[Channel, ...]
    tries: int = 1


class Dialect(Protocol):
    """One vendor's side of a session."""

    @property
    def vendor(self) -> str:
        """``"massive"`` or ``"tradier"``."""

    @property
    def asset(self) -> str:
        """Which of the vendor's streams: ``"options"``, ``"stocks"``, ``"indices"``, or ``"all"`` in one."""

    @property
    def url(self) -> str:
        """Where to connect."""

    @property
    def replaces(self) -> bool:
        """Whether each request replaces the one before, unacknowledged; else each channel is acknowledged."""

    @property
    def channels_per_frame(self) -> int:
        """How many channels one request may name."""

    def renew(self) -> None:
        """Forget the session that the vendor has ended, or that belonged to another connection."""

    def login(self) -> str | None:
        """Return the frame that logs in; None where the vendor neither greets nor asks who is there."""

    def why_not(self, channel: Channel) -> str | None:
        """Return why a channel need not even be asked for; None if it can be had."""

    async def compose(self, request: Request) -> str:
        """Return a request as a frame; it may hold the session's id, so it is sent and never shown."""

    def read(self, frame: bytes, book: Book) -> Sequence[Status]:
        """Add the events in a frame to a book; return what else it says. Depends on nothing but the frame."""

    def holds_secret(self, frame: bytes) -> bool:
        """Tell whether our key or session id is in a frame, so that it must not be recorded."""
