"""What is wanted of a stream, what the vendor has granted, and what to ask next: pure bookkeeping."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

from quantdata.wire.dialect import Channel, Request

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from quantdata.wire.dialect import Dialect, Status

__all__ = ["NO_ANSWER", "Subscriptions"]

NO_ANSWER: Final = "no acknowledgement"
TRIES: Final = 2
# As in "Subscription limit reached for feed": reference/massive.md §9.
LIMIT: Final = "limit"


class Subscriptions:
    """Turns what is wanted into requests, one at a time, and answers into what is held or refused.

    A refusal need not name its channel, and may be of a whole request for the sake of one. As many refusals as channels
    are unanswered are of these; when fewer come, the rest is asked for again in halves, until what is refused stands
    alone. Once a limit is reached, the rest of that kind counts as refused without being asked for, until something is
    given back.

    Parameters
    ----------
    dialect
        Whether a request replaces all before it, and how long it may be.

    Attributes
    ----------
    wanted, held
        Channels that somebody wants; that the vendor has granted.
    refused
        Wanted channels that cannot be had, and the vendor's words.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.wanted: frozenset[Channel] = frozenset()
        self.held: set[Channel] = set()
        self.refused: dict[Channel, str] = {}
        self._limits: dict[str, str] = {}
        self._again: deque[Request] = deque()
        self._asked: Request | None = None
        self._open: set[Channel] = set()
        self._unnamed: list[str] = []
        self._is_refused = False
        # Of a dialect whose requests replace all: what the last one said.
        self._last: frozenset[Channel] = frozenset()

    @property
    def is_answered(self) -> bool:
        """Whether no answer is outstanding."""
        return not self._open

    @property
    def is_refused(self) -> bool:
        """Whether something of the last request was refused."""
        return self._is_refused

    def want(self, channels: Collection[Channel]) -> None:
        """Replace what is wanted; what was refused is wanted in vain, unless something else was given back."""
        wanted = frozenset(channels)
        if self.wanted - wanted:
            self._limits.clear()
            self.refused = {channel: why for channel, why in self.refused.items() if LIMIT not in why.lower()}
        self.wanted = wanted
        self.refused = {channel: why for channel, why in self.refused.items() if channel in wanted}
        for channel in wanted:
            if (why := self._dialect.why_not(channel)) is not None:
                self.refused[channel] = why

    def restart(self) -> None:
        """Begin anew on a new connection: nothing is held, and all refusals are asked about again."""
        self.held.clear()
        self.refused.clear()
        self._limits.clear()
        self._again.clear()
        self._open.clear()
        self._last = frozenset()
        self.want(self.wanted)

    def ask_again(self) -> None:
        """Have all that is held asked for again: the session that it was asked in is over."""
        self.held.clear()
        self._last = frozenset()

    def next(self) -> Request | None:
        """Return what to send next; None when all is as wanted, as far as it can be."""
        request = self._replacement() if self._dialect.replaces else self._difference()
        self._asked, self._unnamed, self._is_refused = request, [], False
        if request is not None and not self._dialect.replaces:
            self._open = set(request.channels)
        return request

    def hear(self, status: Status) -> None:
        """Take in an answer: ``"subscribed"``, ``"unsubscribed"`` or ``"refused"``."""
        if status.kind == "subscribed":
            self.held.update(status.channels)
            self._open.difference_update(status.channels)
            self._match()
            for channel in status.channels:
                self.refused.pop(channel, None)
        elif status.kind == "unsubscribed":
            self.held.difference_update(status.channels)
            self._open.difference_update(status.channels)
            self._match()
        else:
            self._hear_refusal(status)

    def give_up_waiting(self) -> None:
        """Decide what becomes of the channels that no answer came for in time."""
        rest, request = tuple(sorted(self._open)), self._asked
        self._open = set()
        if not rest or request is None:
            return
        if self._is_refused and len(rest) > 1:
            half = len(rest) // 2
            # The first half first, so that what still fits is found from the front.
            self._again.extendleft((Request(request.action, rest[half:]), Request(request.action, rest[:half])))
        elif request.tries < TRIES:
            self._again.appendleft(Request(request.action, rest, request.tries + 1))
        elif request.action == "subscribe":
            self._refuse(rest, NO_ANSWER)
        else:
            self.held.difference_update(rest)

    def _replacement(self) -> Request | None:
        channels = self.wanted - self.refused.keys()
        if channels == self._last:
            return None
        self._last = channels
        # Nothing is acknowledged: what was sent is held until the vendor says otherwise.
        self.held = set(channels)
        return Request("replace", tuple(sorted(channels)))

    def _difference(self) -> Request | None:
        while self._again:
            request = self._again.popleft()
            if (channels := self._still(request)) and request.action != "replace":
                return Request(request.action, channels, request.tries)
        most = self._dialect.channels_per_frame
        if channels := tuple(islice(sorted(self.held - self.wanted), most)):
            return Request("unsubscribe", channels)
        missing = self.wanted - self.held - self.refused.keys()
        if channels := tuple(islice(self._within_limits(sorted(missing)), most)):
            return Request("subscribe", channels)
        return None

    def _still(self, request: Request) -> tuple[Channel, ...]:
        """Return the channels of a request that it still makes sense for."""
        if request.action == "unsubscribe":
            return tuple(channel for channel in request.channels if channel in self.held - self.wanted)
        missing = self.wanted - self.held - self.refused.keys()
        return tuple(self._within_limits(channel for channel in request.channels if channel in missing))

    def _within_limits(self, channels: Iterable[Channel]) -> Iterable[Channel]:
        """Yield the channels that there may be room for; refuse the others in the vendor's words."""
        for channel in channels:
            if (why := self._limits.get(channel.kind)) is not None:
                self.refused[channel] = why
            else:
                yield channel

    def _hear_refusal(self, status: Status) -> None:
        self._is_refused = True
        named = [channel for channel in status.channels if channel in self._open or channel in self.held]
        if named:
            self._open.difference_update(named)
            self._refuse(named, status.text)
        elif self._dialect.replaces:
            # One that names what is no longer asked for is about a request before.
            self._refuse(() if status.channels else self.held, status.text)
        elif self._open:
            self._unnamed.append(status.text)
        self._match()

    def _match(self) -> None:
        """Refuse what is unanswered once there are as many refusals as that."""
        if self._open and len(self._unnamed) >= len(self._open):
            rest, self._open = self._open, set()
            self._refuse(rest, self._unnamed[-1])

    def _refuse(self, channels: Iterable[Channel], why: str) -> None:
        for channel in tuple(channels):
            self.held.discard(channel)
            if channel in self.wanted:
                self.refused[channel] = why
            # While others are unanswered, the request may have been refused whole: some of it may fit.
            if LIMIT in why.lower() and not self._open:
                self._limits[channel.kind] = why
