"""Massive's frames: arrays in which events and statuses are mixed, and what is unknown is skipped."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from quantdata.wire.dialect import Channel, ChannelKind, Status, StatusKind
from quantdata.wire.events import Minute, Quote, Trade, Value
from quantdata.wire.massive.scanner import SCANNER
from quantdata.wire.reply import MESSAGE_LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantdata.wire.book import Book, Counts

__all__ = ["CHANNELS", "channel_text", "read"]

CHANNELS: Final[dict[ChannelKind, str]] = {"quote": "Q", "trade": "T", "minute": "AM", "value": "V"}

_KINDS: Final = {letters: kind for kind, letters in CHANNELS.items()}
_CHANNEL: Final = re.compile(r"(?<![\w.])(Q|T|AM|V)\.([^\s,;\"']*[\w*])")
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
# Statuses beside "success" and "error": reference/massive.md §9. Which of them are the end is for the session to say.
_WORDS: Final[dict[str, StatusKind]] = {
    "connected": "connected",
    "auth_success": "authenticated",
    "error": "refused",
    "auth_failed": "denied",
    "max_connections": "crowded",
    "force_disconnect": "forced",
    "auth_timeout": "ending",
    "auth_required": "ending",
    "slow_consumer": "ending",
}
# What may repeat the key is not quoted.
_UNQUOTED: Final = frozenset({"auth_failed"})


class _Status(msgspec.Struct, tag_field="ev", tag="status"):
    status: str = ""
    message: str | None = None
    # A simulator's first frame alone.
    simulated: str | None = None


class _Kind(msgspec.Struct):
    ev: str = ""


_Message = Quote | Trade | Minute | Value | _Status
_KNOWN: Final = frozenset({"Q", "T", "AM", "V", "status"})

_decode = msgspec.json.Decoder(list[_Message]).decode
_decode_apart = msgspec.json.Decoder(list[msgspec.Raw]).decode
# Numbers as strings, and moments with a decimal point, are read where a frame is taken apart.
_decode_one = msgspec.json.Decoder(_Message, strict=False).decode
_decode_kind = msgspec.json.Decoder(_Kind).decode


def channel_text(channel: Channel) -> str:
    """Return the vendor's name of a channel: ``Q.O:SPY251219C00650000``."""
    return f"{CHANNELS[channel.kind]}.{channel.symbol}"


def read(frame: bytes, book: Book) -> Sequence[Status]:
    """Add the events in a frame to a book; return the statuses in it.

    Kinds of events that are not ours, and keys that are not known, are skipped. An event that is not what it should be
    costs itself alone. Of a frame that is no JSON, nothing is taken, and a status says so.
    """
    scanner = SCANNER.get()
    if scanner is not None and scanner.read(frame, book):
        return ()
    try:
        messages = _decode(frame)
    except _UNREADABLE:
        readable = _readable(frame, book.counts)
        if readable is None:
            book.counts.unreadable += 1
            return (Status(kind="garbled"),)
        messages = readable
    statuses = book.add(messages)
    return _said(statuses, book.counts) if statuses else ()


def _readable(frame: bytes, counts: Counts) -> list[_Message] | None:
    """Return what can be read of a frame that holds something else too; None if it is no array of anything."""
    try:
        parts = _decode_apart(frame)
    except _UNREADABLE:
        return None
    return [message for part in parts if (message := _readable_part(part, counts)) is not None]


def _readable_part(part: msgspec.Raw, counts: Counts) -> _Message | None:
    with suppress(*_UNREADABLE):
        message: _Message = _decode_one(part)
        if _is_finite(message):
            return message
    counts.events += 1
    if _kind(part) in _KNOWN:
        counts.unreadable += 1
    else:
        counts.unknown += 1
    return None


def _is_finite(message: _Message) -> bool:
    """Tell whether no number of an event came as the text ``"NaN"`` or ``"Infinity"``."""
    return all(math.isfinite(each) for each in msgspec.structs.astuple(message) if isinstance(each, float))


def _kind(part: msgspec.Raw) -> str:
    try:
        return _decode_kind(part).ev
    except _UNREADABLE:
        return "status"  # no event at all: unreadable rather than unknown


def _said(statuses: Sequence[_Status], counts: Counts) -> Sequence[Status]:
    """Return what statuses say; one without a word says nothing."""
    worded = [status for status in statuses if status.status]
    counts.unknown += len(statuses) - len(worded)
    return [_status(status) for status in worded]


def _status(message: _Status) -> Status:
    said = " ".join((message.message or "").split())
    text = message.status if message.status in _UNQUOTED else said[:MESSAGE_LENGTH] or message.status
    return Status(
        kind=_status_kind(message.status, said),
        text=text if message.status in {"success", "error", "connected"} else _with_word(message.status, text),
        channels=tuple(Channel(_KINDS[letters], symbol) for letters, symbol in _CHANNEL.findall(said)),
        simulated_at=_moment(message.simulated),
    )


def _with_word(word: str, text: str) -> str:
    return word if text == word else f"{word}: {text}"


def _status_kind(word: str, said: str) -> StatusKind:
    if word != "success":
        # A word that is not documented ends nothing by itself: if it matters, the connection is closed.
        return _WORDS.get(word, "refused")
    lowered = said.lower()
    if lowered.startswith("unsubscribed"):
        return "unsubscribed"
    # The greeting was specified with either word: reference/massive.md §9.
    return "connected" if lowered.startswith("connected") else "subscribed"


def _moment(text: str | None) -> datetime | None:
    """Return the time that a simulator tells; None where it tells none that can be read."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None
