"""Massive's frames: arrays of anything, of which nothing readable is lost."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from quantdata.wire.book import Book
from quantdata.wire.dialect import Channel, Status
from quantdata.wire.events import Quote, Value
from quantdata.wire.massive.messages import channel_text, read

NOON = 1_795_021_200_000
QUOTE = {"ev": "Q", "sym": "O:SPY251219C00650000", "bp": 9.7, "ap": 9.9, "t": NOON, "q": 1}
HELD = Quote("O:SPY251219C00650000", bid=9.7, ask=9.9, t=NOON, sequence=1)


@pytest.fixture
def book() -> Book:
    return Book("massive")


def _frame(*messages: object) -> bytes:
    return msgspec.json.encode(messages)


def _said(status: str, message: str | None = None) -> Status:
    (said,) = read(_frame({"ev": "status", "status": status, "message": message}), Book("massive"))
    return said


# --- events ---------------------------------------------------------------------------------------------------------


def test_events_of_all_kinds_go_to_the_book(book: Book) -> None:
    trade = {"ev": "T", "sym": "SPY", "p": 600.0, "s": 100, "t": NOON, "q": 2}
    bar = {"ev": "AM", "sym": "SPY", "o": 1, "s": NOON, "e": NOON + 60_000}
    value = {"ev": "V", "T": "I:SPX", "val": 6000.5, "t": NOON}
    assert read(_frame(QUOTE, trade, bar, value), book) == ()
    batch = book.take()
    assert batch.quotes == {HELD.symbol: HELD}
    assert [each.price for each in batch.trades] == [600.0]
    assert list(batch.minutes) == [("SPY", NOON)]
    assert batch.values == {"I:SPX": Value("I:SPX", value=6000.5, t=NOON)}
    assert book.counts.events == 4


def test_statuses_among_events_are_told_apart(book: Book) -> None:
    status = {"ev": "status", "status": "success", "message": "subscribed to: T.*"}
    assert read(_frame(QUOTE, status), book) == [
        Status(kind="subscribed", text="subscribed to: T.*", channels=(Channel("trade", "*"),))
    ]
    assert book.take().quotes == {HELD.symbol: HELD}


def test_unknown_events_and_keys_are_skipped_and_counted(book: Book) -> None:
    unknown = {"ev": "LULD", "T": "SPY", "h": 1.0, "i": [[1]]}
    assert read(_frame(unknown, {**QUOTE, "later": {"deep": []}}, unknown), book) == ()
    assert book.take().quotes == {HELD.symbol: HELD}
    assert (book.counts.unknown, book.counts.unreadable, book.counts.events) == (2, 0, 3)


@pytest.mark.parametrize(
    "event",
    [{"ev": "Q", "sym": 5}, {"ev": "Q"}, {**QUOTE, "bp": "n/a"}, {**QUOTE, "bp": "NaN"}, 7, None, [QUOTE], {"ev": 3}],
)
def test_an_unreadable_event_costs_itself_alone(book: Book, event: object) -> None:
    assert read(_frame(event, QUOTE), book) == ()
    assert book.take().quotes == {HELD.symbol: HELD}
    assert book.counts.unreadable == 1


def test_numbers_in_another_form_are_read(book: Book) -> None:
    assert read(_frame({**QUOTE, "bp": "9.7", "t": float(NOON)}), book) == ()
    assert book.take().quotes == {HELD.symbol: HELD}


@pytest.mark.parametrize("frame", [b"", b"[", b"{}", b"null", b"\xff\xfe", b'[{"ev":"Q","sym":"A\xff"}', b"[" * 9000])
def test_a_frame_that_is_no_array_is_garbled(book: Book, frame: bytes) -> None:
    assert read(frame, book) == (Status(kind="garbled"),)
    assert book.counts.unreadable == 1
    assert book.take().is_empty


def test_a_status_in_disguise_ends_nothing(book: Book) -> None:
    assert read(rb'[{"ev":"st\u0061tus","status\u0000":"x"}]', book) == []
    assert book.counts.unknown == 1


# --- statuses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "message", "kind"),
    [
        ("connected", "Connected Successfully", "connected"),
        ("success", "Connected Successfully", "connected"),
        ("auth_success", "authenticated", "authenticated"),
        ("success", "subscribed to: Q.SPY", "subscribed"),
        ("success", "unsubscribed to: Q.SPY", "unsubscribed"),
        ("error", "not authorized", "refused"),
        ("auth_failed", "authentication failed", "denied"),
        ("auth_timeout", "no key in time", "ending"),
        ("auth_required", "who are you", "ending"),
        ("slow_consumer", "too slow", "ending"),
        ("max_connections", "one is enough", "crowded"),
        ("force_disconnect", "bye", "forced"),
        ("of_tomorrow", None, "refused"),
    ],
)
def test_each_status_has_its_meaning(word: str, message: str | None, kind: str) -> None:
    assert _said(word, message).kind == kind


def test_the_vendors_words_are_kept_short_and_on_one_line() -> None:
    assert _said("error", "a\n b" + "c" * 300).text == "a b" + "c" * 197
    assert _said("max_connections", "one is enough").text == "max_connections: one is enough"
    assert _said("max_connections").text == "max_connections"


def test_what_is_said_of_a_wrong_key_is_not_quoted() -> None:
    assert _said("auth_failed", "unknown key k3y").text == "auth_failed"


@pytest.mark.parametrize(
    ("message", "channels"),
    [
        ("subscribed to: Q.O:SPY251219C00650000", [("quote", "O:SPY251219C00650000")]),
        ("subscribed to: AM.*,T.BRK.B, V.I:SPX.", [("minute", "*"), ("trade", "BRK.B"), ("value", "I:SPX")]),
        ('not authorized for "Q.SPY"', [("quote", "SPY")]),
        ("Subscription limit reached for feed. Please remove some subscriptions and try again.", []),
        ("subscribed to: FMV.SPY", []),
    ],
)
def test_channels_are_found_in_what_is_said(message: str, channels: list[tuple[str, str]]) -> None:
    assert list(_said("success", message).channels) == channels


def test_a_channel_has_the_vendors_name() -> None:
    assert channel_text(Channel("quote", "O:SPY251219C00650000")) == "Q.O:SPY251219C00650000"
    assert channel_text(Channel("minute", "*")) == "AM.*"


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        ("2026-11-18T12:00:00-05:00", datetime(2026, 11, 18, 17, tzinfo=UTC)),
        ("2026-11-18T12:00:00", None),
        ("noon", None),
        (None, None),
    ],
)
def test_a_simulator_says_what_time_it_is_there(book: Book, told: str | None, moment: datetime | None) -> None:
    (status,) = read(_frame({"ev": "status", "status": "connected", "simulated": told}), book)
    assert (status.kind, status.simulated_at) == ("connected", moment)
