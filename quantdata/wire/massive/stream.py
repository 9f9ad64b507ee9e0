"""Massive's side of a stream session: log in with the key, subscribe channel by channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import msgspec

from quantdata.config import checked_secret
from quantdata.wire.massive import messages
from quantdata.wire.rest import SHORTEST_SECRET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantdata.config import Secret
    from quantdata.wire.book import Book
    from quantdata.wire.dialect import Channel, Request, Status

__all__ = ["MassiveAsset", "MassiveDialect"]

MassiveAsset = Literal["options", "stocks", "indices"]

# Some 25 bytes each: a frame of 5 kB, which no server's limit is near.
CHANNELS_PER_FRAME: Final = 200
# What each socket has: reference/massive.md §9.
_KINDS: Final = {
    "options": frozenset({"quote", "trade", "minute"}),
    "stocks": frozenset({"quote", "trade", "minute"}),
    "indices": frozenset({"value", "minute"}),
}


class MassiveDialect:
    """One of Massive's sockets.

    Parameters
    ----------
    api_key
        Travels in the log-in frame and nowhere else.
    asset
        ``"options"``, ``"stocks"`` or ``"indices"``; each has a connection of its own.
    base_url
        ``wss://socket.massive.com``, without the asset.
    """

    vendor: Final = "massive"
    replaces: Final = False
    channels_per_frame: Final = CHANNELS_PER_FRAME

    def __init__(self, api_key: Secret, *, asset: MassiveAsset, base_url: str) -> None:
        self.asset = asset
        self.url = f"{base_url.rstrip('/')}/{asset}"
        self._key = checked_secret(api_key, name="the key of Massive")

    def renew(self) -> None:
        """Forget nothing: a connection is its own session."""

    def login(self) -> str:
        """Return the frame that logs in."""
        return _action("auth", self._key.reveal())

    def why_not(self, channel: Channel) -> str | None:
        """Return why a channel need not even be asked for; None if it can be had."""
        if channel.kind not in _KINDS[self.asset]:
            return f"Massive's socket for {self.asset} has no channel of this kind"
        # Quotes of all options are refused: reference/massive.md §9.
        is_too_much = channel.symbol == "*" and channel.kind == "quote" and self.asset == "options"
        return "Massive sends quotes of named options only, at most 1,000" if is_too_much else None

    async def compose(self, request: Request) -> str:
        """Return a request as a frame."""
        return _action(request.action, ",".join(map(messages.channel_text, request.channels)))

    def read(self, frame: bytes, book: Book) -> Sequence[Status]:
        """Add the events in a frame to a book; return the statuses in it: see `messages.read`."""
        return messages.read(frame, book)

    def holds_secret(self, frame: bytes) -> bool:
        """Tell whether the key is in a frame."""
        return len(self._key.reveal()) >= SHORTEST_SECRET and self._key.reveal().encode() in frame


def _action(action: str, params: str) -> str:
    return msgspec.json.encode({"action": action, "params": params}).decode()
