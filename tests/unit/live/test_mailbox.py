"""A mailbox: complete for who keeps up, the newest of each key for who does not, and every loss counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from quantdata.live.mailbox import Mailbox, Nothing

Tick = tuple[str, int]


def _mailbox(room: int = 3, *, newest_only: bool = False) -> Mailbox[Tick]:
    return Mailbox(key=lambda tick: tick[0], room=room, newest_only=newest_only)


def _never() -> None:
    raise AssertionError("woken without a reason")


def _all(mailbox: Mailbox[Tick]) -> list[Tick]:
    taken = []
    while len(mailbox):
        item = mailbox.take(_never)
        assert not isinstance(item, Nothing)
        taken.append(item)
    return taken


def test_items_come_in_order_while_there_is_room() -> None:
    mailbox = _mailbox()
    mailbox.put([("SPY", 1), ("QQQ", 1)])
    mailbox.put([("SPY", 2)])
    assert _all(mailbox) == [("SPY", 1), ("QQQ", 1), ("SPY", 2)]
    assert (mailbox.conflated, mailbox.dropped) == (0, 0)


def test_a_full_mailbox_keeps_the_newest_of_each_key_in_the_place_of_the_first() -> None:
    mailbox = _mailbox()
    mailbox.put([("SPY", 1), ("QQQ", 1), ("SPY", 2)])
    mailbox.put([("SPY", 3)])
    assert _all(mailbox) == [("SPY", 3), ("QQQ", 1)]
    assert (mailbox.conflated, mailbox.dropped) == (2, 0)


def test_with_more_keys_than_room_the_one_that_waited_longest_goes() -> None:
    mailbox = _mailbox()
    mailbox.put([("SPY", 1), ("QQQ", 1), ("IWM", 1), ("DIA", 1)])
    assert _all(mailbox) == [("QQQ", 1), ("IWM", 1), ("DIA", 1)]
    assert (mailbox.conflated, mailbox.dropped) == (0, 1)


def test_an_emptied_mailbox_is_complete_again() -> None:
    mailbox = _mailbox()
    mailbox.put([("SPY", each) for each in range(9)])
    assert _all(mailbox) == [("SPY", 8)]
    mailbox.put([("SPY", 9), ("SPY", 10)])
    assert _all(mailbox) == [("SPY", 9), ("SPY", 10)]


def test_it_goes_on_conflating_until_it_has_been_emptied() -> None:
    mailbox = _mailbox()
    mailbox.put([("SPY", 1), ("QQQ", 1), ("SPY", 2), ("QQQ", 2)])
    assert mailbox.take(_never) == ("SPY", 2)
    mailbox.put([("QQQ", 3)])
    assert _all(mailbox) == [("QQQ", 3)]


def test_the_newest_only_is_kept_from_the_beginning_where_that_is_wanted() -> None:
    mailbox = _mailbox(newest_only=True)
    mailbox.put([("SPY", 1), ("QQQ", 1), ("SPY", 2)])
    assert _all(mailbox) == [("SPY", 2), ("QQQ", 1)]
    mailbox.put([("SPY", 3), ("SPY", 4)])
    assert _all(mailbox) == [("SPY", 4)]
    assert mailbox.conflated == 2


def test_who_found_nothing_is_woken_once() -> None:
    mailbox, woken = _mailbox(), []
    assert mailbox.take(lambda: woken.append("reader")) is Nothing.YET
    mailbox.put([])
    assert woken == []
    mailbox.put([("SPY", 1)])
    mailbox.put([("SPY", 2)])
    assert woken == ["reader"]


def test_who_has_given_up_is_not_woken() -> None:
    mailbox = _mailbox()
    assert mailbox.take(_never) is Nothing.YET
    mailbox.forget(_never)
    mailbox.forget(_never)
    mailbox.put([("SPY", 1)])


def test_closing_drops_what_waits_wakes_the_reader_and_takes_nothing_in() -> None:
    mailbox, woken = _mailbox(), []
    assert mailbox.take(lambda: woken.append("reader")) is Nothing.YET
    mailbox.close()
    assert woken == ["reader"]
    mailbox.put([("SPY", 1)])
    assert mailbox.take(_never) is Nothing.EVER
    full = _mailbox()
    full.put([("SPY", 1), ("QQQ", 1)])
    full.close()
    full.close()
    assert (len(full), full.dropped, full.is_closed) == (0, 2, True)


def test_what_waits_can_be_kept_beyond_the_end() -> None:
    mailbox = _mailbox()
    mailbox.put([("SPY", 1)])
    mailbox.close(keep_waiting=True)
    assert mailbox.take(_never) == ("SPY", 1)
    assert mailbox.take(_never) is Nothing.EVER


@given(
    batches=st.lists(st.lists(st.tuples(st.sampled_from("ABCDE"), st.integers(0, 99)), max_size=8), max_size=12),
    reads=st.lists(st.integers(0, 3), min_size=12, max_size=12),
    room=st.integers(1, 6),
)
def test_every_item_is_taken_conflated_or_dropped_and_none_comes_before_an_older_one_of_its_key(
    batches: list[list[Tick]], reads: list[int], room: int
) -> None:
    mailbox, taken = _mailbox(room), list[tuple[str, int]]()
    sent = [[(key, index * 100 + place) for place, (key, _) in enumerate(batch)] for index, batch in enumerate(batches)]
    for batch, most in zip(sent, reads, strict=False):
        mailbox.put(batch)
        assert len(mailbox) <= room
        taken += [tick for _ in range(min(most, len(mailbox))) if isinstance(tick := mailbox.take(_never), tuple)]
    taken += _all(mailbox)
    assert len(taken) + mailbox.conflated + mailbox.dropped == sum(map(len, sent))
    for key in "ABCDE":
        own = [number for each, number in taken if each == key]
        assert own == sorted(set(own))
    if sum(map(len, sent)) <= room:
        assert taken == [tick for batch in sent for tick in batch]
