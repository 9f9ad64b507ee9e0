"""Whatever a vendor has room for and refuses, and however it words it: the session ends with all that can be had."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from quantdata.config import Secret
from quantdata.wire.dialect import Channel, Request, Status
from quantdata.wire.massive.stream import MassiveDialect
from quantdata.wire.subscriptions import Subscriptions

CHANNELS = [Channel("quote", f"S{number:02d}") for number in range(16)]
WANTED = st.sets(st.sampled_from(CHANNELS))


class _Dialect(MassiveDialect):
    channels_per_frame = 5  # type: ignore[misc]


class _Vendor:
    """Has room for so many, knows not all symbols, and refuses whole frames or channel by channel."""

    def __init__(self, room: int, unknown: set[Channel], *, whole: bool, names: bool) -> None:
        self.room = room
        self.unknown = unknown
        self.whole = whole
        self.names = names
        self.held: set[Channel] = set()

    def answer(self, request: Request) -> list[Status]:
        if request.action == "unsubscribe":
            self.held -= set(request.channels)
            return [Status(kind="unsubscribed", channels=request.channels)]
        granted: list[Channel] = []
        refused: list[Status] = []
        for channel in request.channels:
            why = "bad symbol" if channel in self.unknown else ""
            if not why and len(self.held) + len(granted) >= self.room:
                why = "limit reached"
            if why:
                refused.append(Status(kind="refused", text=why, channels=(channel,) if self.names else ()))
            else:
                granted.append(channel)
        if refused and self.whole:
            return refused[:1]
        self.held |= set(granted)
        return [*refused, *(Status(kind="subscribed", channels=(channel,)) for channel in granted)]


@given(
    edits=st.lists(WANTED, min_size=1, max_size=4),
    room=st.integers(0, 16),
    unknown=WANTED,
    whole=st.booleans(),
    names=st.booleans(),
)
def test_all_that_can_be_had_is_held(
    edits: list[set[Channel]],
    room: int,
    unknown: set[Channel],
    whole: bool,  # noqa: FBT001
    names: bool,  # noqa: FBT001
) -> None:
    vendor = _Vendor(room, unknown, whole=whole, names=names)
    subscriptions = Subscriptions(_Dialect(Secret("k"), asset="stocks", base_url="ws://localhost"))
    for wanted in edits:
        subscriptions.want(wanted)
        frames = 0
        while request := subscriptions.next():
            frames += 1
            for status in vendor.answer(request):
                subscriptions.hear(status)
            if not subscriptions.is_answered:
                subscriptions.give_up_waiting()
            assert frames < 200
        assert subscriptions.held == vendor.held
        assert subscriptions.held | subscriptions.refused.keys() == wanted
        assert not subscriptions.held & subscriptions.refused.keys()
        known = wanted - unknown
        assert len(vendor.held) == min(room, len(known))
        words = Counter(subscriptions.refused.values())
        assert words["limit reached"] == 0 or len(vendor.held) == room
