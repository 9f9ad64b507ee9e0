"""Where a connection's data goes out: frame by frame, past the faults, into a buffer that never grows for long."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from quantdata.sim.streams.mishaps import damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quantdata.sim.faults import Fault
    from quantdata.sim.streams.mishaps import Grammar
    from quantdata.sim.streams.rules import StreamRules

__all__ = ["NORMAL_CLOSURE", "POLICY_VIOLATION", "Link", "Outlet", "Packet"]

NORMAL_CLOSURE = 1000
# With which code a vendor ends a connection is not published; this one is plausible: reference/massive.md §9.
POLICY_VIOLATION = 1008
_MINUTE = b'"ev":"AM"'
# The reader counts as behind until this share of the buffer is left.
_DRAINED = 0.25


class Link(Protocol):
    """A connection as data sees it."""

    @property
    def waiting(self) -> int:
        """Bytes that the client has not taken yet."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether anything may still be sent."""
        ...

    def push(self, frame: bytes) -> None:
        """Send bytes without waiting."""
        ...

    def reset(self) -> None:
        """Break off."""
        ...

    def deafen(self) -> None:
        """Answer nothing any more."""
        ...

    def hang_up(self, code: int) -> None:
        """Close behind all that waits."""
        ...


class Packet(NamedTuple):
    """The bytes of a frame, where in them its text stands, and how many events it tells."""

    frame: bytes
    begin: int
    end: int
    events: int

    @property
    def payload(self) -> bytes:
        """The text."""
        return self.frame[self.begin : self.end]


class Outlet:
    """A connection's data on its way out.

    Parameters
    ----------
    link
        The connection.
    wrap
        Makes a text the bytes that the connection carries.
    strike
        Returns the faults that hit a frame of data; told whether it has minute bars.
    grammar
        How the vendor writes events.
    last_word
        What the vendor tells a reader that is too slow; nothing when empty.
    monotonic
        Seconds on a real clock.
    """

    def __init__(
        self,
        link: Link,
        *,
        wrap: Callable[[bytes], bytes],
        strike: Callable[[bool], Sequence[Fault]],
        grammar: Grammar,
        last_word: bytes,
        rules: StreamRules,
        monotonic: Callable[[], float],
    ) -> None:
        self.wrap = wrap
        self.is_silent = False
        self._link, self._strike, self._grammar = link, strike, grammar
        self._last_word, self._rules, self._monotonic = last_word, rules, monotonic
        self._full_since: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether anything may still be sent."""
        return self._link.is_open

    def tell(self, payload: bytes) -> None:
        """Send what is no data: an acknowledgement, a refusal. Faults pass it by, silence does not."""
        if not self.is_silent:
            self._link.push(self.wrap(payload))

    def packet(self, payload: bytes, events: int) -> Packet:
        """Return a text as a frame of data."""
        frame = self.wrap(payload)
        begin = frame.index(payload)
        return Packet(frame, begin, begin + len(payload), events)

    def send(self, packet: Packet) -> bool:
        """Send a frame of data, and say whether what it tells went out."""
        if self.is_silent or not self._link.is_open:
            return False
        faults = self._strike(_MINUTE in packet.frame)
        if faults:
            return self._send_damaged(packet, faults)
        self._link.push(packet.frame)
        return True

    def _send_damaged(self, packet: Packet, faults: Sequence[Fault]) -> bool:
        kinds = [fault.kind for fault in faults]
        for kind in kinds:
            lose = self._losses().get(kind)
            if lose is not None:
                lose(packet)
                return False
        for payload in damaged(packet.payload, kinds, self._grammar):
            self._link.push(self.wrap(payload))
        return True

    def _losses(self) -> dict[str, Callable[[Packet], None]]:
        """Return what loses a frame, and all that would follow it or not."""
        return {
            "socket_drop": self._drop,
            "socket_close": lambda _: self._link.hang_up(NORMAL_CLOSURE),
            "silence": lambda _: self.fall_silent(),
            "half_open": lambda _: self.fall_silent(is_deaf=True),
            "slow_consumer": lambda _: self.give_up(),
            "invalid_frame": lambda packet: self._link.push(self.wrap(self._grammar.cut_short(packet.payload))),
        }

    def _drop(self, packet: Packet) -> None:
        self._link.push(packet.frame[: len(packet.frame) // 2])
        self._link.reset()

    def fall_silent(self, *, is_deaf: bool = False) -> None:
        """Send nothing any more, and answer nothing either when deaf."""
        self.is_silent = True
        if is_deaf:
            self._link.deafen()

    def give_up(self) -> None:
        """End the connection of a reader that is too slow, as the vendor does: a last word, then the close."""
        if self._last_word:
            self.tell(self._last_word)
        self._link.hang_up(POLICY_VIOLATION)

    def is_held_up(self) -> bool:
        """Say whether too much waits for the reader; give it up when that has been so for too long."""
        waiting, now = self._link.waiting, self._monotonic()
        if waiting <= self._rules.buffer_bytes * _DRAINED:
            self._full_since = None
        is_full = waiting > self._rules.buffer_bytes
        if is_full and self._full_since is None:
            self._full_since = now
        limit = self._rules.slow_after_s
        if self._full_since is not None and limit is not None and now - self._full_since >= limit:
            self.give_up()
        return is_full
