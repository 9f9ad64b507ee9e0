"""What is asked next, whatever the vendor answers, in whatever order, or does not answer."""

from __future__ import annotations

import pytest

from quantdata.config import Secret
from quantdata.wire.dialect import Channel, ChannelKind, Request, Status, StatusKind
from quantdata.wire.massive.stream import MassiveDialect
from quantdata.wire.subscriptions import NO_ANSWER, Subscriptions
from quantdata.wire.tradier.stream import TradierDialect

LIMIT = "Subscription limit reached for feed"
A, B, C, D = (Channel("quote", symbol) for symbol in "ABCD")


class _Dialect(MassiveDialect):
    channels_per_frame = 4  # type: ignore[misc]


@pytest.fixture
def massive() -> Subscriptions:
    return Subscriptions(_Dialect(Secret("k"), asset="stocks", base_url="ws://localhost"))


@pytest.fixture
def tradier() -> Subscriptions:
    async def session() -> Secret:
        return Secret("s")

    return Subscriptions(TradierDialect(session, url="ws://localhost"))


def _say(subscriptions: Subscriptions, kind: StatusKind, *channels: Channel, text: str = "no") -> None:
    subscriptions.hear(Status(kind=kind, text=text, channels=channels))


def _asked(subscriptions: Subscriptions) -> tuple[Channel, ...]:
    request = subscriptions.next()
    return request.channels if request is not None else ()


def _held(subscriptions: Subscriptions, *channels: Channel) -> None:
    subscriptions.want(channels)
    while asked := _asked(subscriptions):
        _say(subscriptions, "subscribed", *asked)


def test_requests_are_answered_one_by_one(massive: Subscriptions) -> None:
    massive.want([B, A])
    assert massive.next() == Request("subscribe", (A, B))
    _say(massive, "subscribed", B)
    after_one = massive.is_answered
    _say(massive, "subscribed", A)
    assert (after_one, massive.is_answered) == (False, True)
    assert massive.next() is None
    assert massive.held == {A, B}


def test_what_is_given_back_comes_before_what_is_asked_for(massive: Subscriptions) -> None:
    _held(massive, A, B)
    massive.want([B, C])
    assert massive.next() == Request("unsubscribe", (A,))
    _say(massive, "unsubscribed", A)
    assert massive.next() == Request("subscribe", (C,))


@pytest.mark.parametrize("first", ["refused", "subscribed"])
def test_as_many_refusals_as_are_unanswered_are_of_these(massive: Subscriptions, first: str) -> None:
    massive.want([A, B, C])
    massive.next()
    if first == "refused":
        _say(massive, "refused", text="not authorized")
    _say(massive, "subscribed", A)
    _say(massive, "subscribed", C)
    if first == "subscribed":
        _say(massive, "refused", text="not authorized")
    assert massive.is_answered
    assert massive.refused == {B: "not authorized"}
    assert massive.next() is None


def test_a_refusal_that_names_its_channel_is_of_this_one(massive: Subscriptions) -> None:
    massive.want([A, B, C])
    massive.next()
    _say(massive, "refused", A, text="not authorized: Q.A")
    _say(massive, "subscribed", B, C)
    assert massive.refused == {A: "not authorized: Q.A"}


def test_a_refusal_of_what_is_held_takes_it_away(massive: Subscriptions) -> None:
    _held(massive, A)
    _say(massive, "refused", A, text="no longer yours")
    assert (massive.held, massive.refused) == (set(), {A: "no longer yours"})


def test_a_refusal_of_nothing_is_of_nothing(massive: Subscriptions) -> None:
    _held(massive, A)
    _say(massive, "refused")
    assert (massive.held, massive.refused) == ({A}, {})


def test_one_refusal_of_many_is_looked_for_by_halves(massive: Subscriptions) -> None:
    massive.want([A, B, C, D])
    asked = []
    while request := massive.next():
        asked.append(request.channels)
        if D in request.channels:
            _say(massive, "refused", text="bad symbol")
            massive.give_up_waiting()
        else:
            _say(massive, "subscribed", *request.channels)
    assert asked == [(A, B, C, D), (A, B), (C, D), (C,), (D,)]
    assert massive.refused == {D: "bad symbol"}
    assert massive.held == {A, B, C}


def test_once_a_limit_is_reached_nobody_asks_beyond_it(massive: Subscriptions) -> None:
    channels = [Channel("quote", f"S{number:02d}") for number in range(40)]
    massive.want([*channels, Channel("trade", "*")])
    frames = 0
    while request := massive.next():
        frames += 1
        if len(massive.held) + len(request.channels) > 6 and request.channels[0].kind == "quote":
            _say(massive, "refused", text=LIMIT)
            massive.give_up_waiting()
        else:
            _say(massive, "subscribed", *request.channels)
    assert massive.held == {*channels[:6], Channel("trade", "*")}
    assert massive.refused == dict.fromkeys(channels[6:], LIMIT)
    assert frames == 6


def test_what_a_limit_refused_is_asked_for_when_something_is_given_back(massive: Subscriptions) -> None:
    massive.want([A, B])
    massive.next()
    _say(massive, "subscribed", A)
    _say(massive, "refused", text=LIMIT)
    massive.want([A, B, C])
    assert massive.next() is None
    assert massive.refused == {B: LIMIT, C: LIMIT}
    massive.want([B, C])
    assert _asked(massive) == (A,)
    _say(massive, "unsubscribed", A)
    assert _asked(massive) == (B, C)


def test_what_the_plan_lacks_is_not_asked_for_again(massive: Subscriptions) -> None:
    massive.want([A, B])
    massive.next()
    _say(massive, "subscribed", A)
    _say(massive, "refused", text="not authorized")
    massive.want([B])
    assert _asked(massive) == (A,)
    _say(massive, "unsubscribed", A)
    assert massive.next() is None
    massive.want([])
    assert massive.refused == {}


def test_what_is_not_answered_is_asked_again_and_then_refused(massive: Subscriptions) -> None:
    massive.want([A, B])
    massive.next()
    _say(massive, "subscribed", A)
    massive.give_up_waiting()
    assert massive.next() == Request("subscribe", (B,), 2)
    massive.give_up_waiting()
    assert massive.next() is None
    assert massive.refused == {B: NO_ANSWER}
    _say(massive, "subscribed", B)
    assert (massive.held, massive.refused) == ({A, B}, {})


def test_what_cannot_be_given_back_is_let_be(massive: Subscriptions) -> None:
    _held(massive, A)
    massive.want([])
    for tries in (1, 2):
        assert massive.next() == Request("unsubscribe", (A,), tries)
        massive.give_up_waiting()
    assert massive.next() is None


def test_a_refused_return_is_let_be_too(massive: Subscriptions) -> None:
    _held(massive, A)
    massive.want([])
    massive.next()
    _say(massive, "refused")
    assert massive.next() is None
    assert massive.refused == {}


def test_giving_up_when_all_is_answered_changes_nothing(massive: Subscriptions) -> None:
    massive.give_up_waiting()
    _held(massive, A)
    massive.give_up_waiting()
    assert massive.next() is None


def test_what_is_wanted_no_longer_is_not_asked_again(massive: Subscriptions) -> None:
    massive.want([A, B])
    massive.next()
    massive.want([B])
    massive.give_up_waiting()
    assert massive.next() == Request("subscribe", (B,), 2)


def test_what_is_wanted_again_is_not_given_back(massive: Subscriptions) -> None:
    _held(massive, A, B)
    massive.want([])
    massive.next()
    massive.want([A])
    massive.give_up_waiting()
    assert massive.next() == Request("unsubscribe", (B,), 2)
    massive.want([A, B])
    massive.give_up_waiting()
    assert massive.next() == Request("subscribe", (B,))


def test_a_new_connection_begins_with_nothing_held_or_refused(massive: Subscriptions) -> None:
    massive.want([A, B, Channel("value", "I:SPX")])
    massive.next()
    _say(massive, "subscribed", A)
    _say(massive, "refused", text=LIMIT)
    massive.restart()
    assert massive.held == set()
    assert list(massive.refused) == [Channel("value", "I:SPX")]
    assert massive.next() == Request("subscribe", (A, B))


@pytest.mark.parametrize("kind", ["quote", "trade"])
def test_one_frame_says_all(tradier: Subscriptions, kind: ChannelKind) -> None:
    wanted = [Channel(kind, "SPY"), Channel(kind, "QQQ")]
    tradier.want(wanted)
    assert tradier.next() == Request("replace", tuple(sorted(wanted)))
    assert tradier.is_answered
    assert tradier.held == set(wanted)
    assert tradier.next() is None
    tradier.want([])
    assert tradier.next() == Request("replace", ())


def test_all_is_said_again_in_a_new_session(tradier: Subscriptions) -> None:
    tradier.want([A])
    tradier.next()
    tradier.ask_again()
    assert tradier.next() == Request("replace", (A,))


def test_a_symbol_that_is_refused_is_left_out(tradier: Subscriptions) -> None:
    tradier.want([A, B])
    tradier.next()
    _say(tradier, "refused", A, Channel("trade", "A"))
    assert tradier.refused == {A: "no"}
    assert tradier.next() == Request("replace", (B,))
    _say(tradier, "refused", A, Channel("trade", "A"))
    assert tradier.held == {B}


def test_a_refusal_of_no_symbol_is_of_all(tradier: Subscriptions) -> None:
    tradier.want([A, B])
    tradier.next()
    _say(tradier, "refused")
    assert tradier.refused == {A: "no", B: "no"}
