"""The newest by event time, each repeat once, and nothing lost between two looks."""

from __future__ import annotations

import pytest

from quantdata.wire import book as book_module
from quantdata.wire.book import Batch, Book, Counts
from quantdata.wire.events import Day, Minute, Quote, Trade, Value

NOON = 1_795_021_200_000


@pytest.fixture
def book() -> Book:
    return Book("massive")


def _quote(t: int = NOON, sequence: int = 0, bid: float = 1.0, symbol: str = "SPY") -> Quote:
    return Quote(symbol, bid=bid, t=t, sequence=sequence)


def _trade(t: int = NOON, sequence: int = 0, size: float | None = 1.0, *, is_cancel: bool = False) -> Trade:
    return Trade("SPY", price=1.0, size=size, t=t, sequence=sequence, is_cancel=is_cancel)


# --- quotes ---------------------------------------------------------------------------------------------------------


def test_the_newest_quote_is_kept(book: Book) -> None:
    for quote in (_quote(NOON, 1), _quote(NOON + 2, 2), _quote(NOON + 1, 3)):
        book.add_quote(quote)
    assert book.take().quotes == {"SPY": _quote(NOON + 2, 2)}
    assert book.counts == Counts(events=3, late=1)


def test_within_a_millisecond_the_sequence_decides(book: Book) -> None:
    for sequence in (5, 7, 6):
        book.add_quote(_quote(NOON, sequence))
    assert book.take().quotes["SPY"].sequence == 7
    assert book.counts.late == 1


def test_without_a_sequence_the_later_arrival_of_one_moment_counts(book: Book) -> None:
    for bid in (1.0, 1.1, 1.1):
        book.add_quote(_quote(bid=bid))
    assert book.take().quotes["SPY"].bid == 1.1
    assert book.counts.repeated == 1


def test_with_a_sequence_a_repeat_is_a_repeat_whatever_it_says(book: Book) -> None:
    book.add_quote(_quote(NOON, 5, bid=1.0))
    book.add_quote(_quote(NOON, 5, bid=2.0))
    assert book.take().quotes["SPY"].bid == 1.0
    assert book.counts.repeated == 1


def test_a_late_quote_is_late_after_a_look_too(book: Book) -> None:
    book.add_quote(_quote(NOON, 5))
    book.take()
    book.add_quote(_quote(NOON, 5))
    book.add_quote(_quote(NOON - 1, 9))
    batch = book.take()
    assert batch.is_empty
    assert batch.events == 2
    assert (book.counts.repeated, book.counts.late) == (1, 1)


def test_nanoseconds_and_milliseconds_are_compared_alike(book: Book) -> None:
    book.add_quote(_quote((NOON + 1) * 1_000_000, 1, bid=2.0))
    book.add_quote(_quote(NOON, 2, bid=1.0))
    assert book.take().quotes["SPY"] == _quote(NOON + 1, 1, bid=2.0)


# --- trades ---------------------------------------------------------------------------------------------------------


def test_the_tape_holds_each_print_once_in_order_of_arrival(book: Book) -> None:
    prints = [_trade(NOON, 1), _trade(NOON + 2, 3), _trade(NOON + 1, 2)]
    book.add([*prints, _trade(NOON + 2, 3), _trade(NOON, 1)])
    batch = book.take()
    assert batch.trades == prints
    assert batch.last_trades == {"SPY": _trade(NOON + 2, 3)}
    assert book.counts == Counts(events=5, late=1, repeated=2)


def test_a_print_repeated_after_a_look_is_no_new_one(book: Book) -> None:
    book.add_trade(_trade(NOON, 1))
    book.take()
    book.add_trade(_trade(NOON, 1))
    assert book.take().is_empty


def test_prints_are_remembered_through_two_generations(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "TRADES_REMEMBERED", 2)
    book.add([_trade(NOON, number) for number in range(3)])
    book.add_trade(_trade(NOON, 0))
    assert book.counts.repeated == 1
    book.add([_trade(NOON, number) for number in range(3, 5)])
    book.add_trade(_trade(NOON, 0))
    assert book.counts.repeated == 1


def test_a_full_tape_gives_up_its_oldest_and_says_so() -> None:
    book = Book("massive", trades_at_most=4)
    book.add([_trade(NOON, number) for number in range(1, 8)])
    batch = book.take()
    assert [trade.sequence for trade in batch.trades] == [5, 6, 7]
    assert batch.lost_trades == book.counts.lost_trades == 4
    assert batch.last_trades["SPY"].sequence == 7
    assert book.take().lost_trades == 0


def test_a_tape_of_one_print_holds_the_last() -> None:
    book = Book("massive", trades_at_most=1)
    book.add([_trade(NOON, number) for number in (1, 2)])
    assert [trade.sequence for trade in book.take().trades] == [2]


@pytest.mark.parametrize("size", [0.0, None])
def test_a_print_of_no_size_is_a_price_and_no_trade(book: Book, size: float | None) -> None:
    book.add_trade(_trade(size=size))
    batch = book.take()
    assert batch.trades == []
    assert batch.last_trades["SPY"].price == 1.0


def test_a_cancel_is_on_the_tape_and_is_no_price(book: Book) -> None:
    book.add_trade(_trade(NOON, 1))
    book.add_trade(_trade(NOON, 1, is_cancel=True))
    batch = book.take()
    assert [trade.is_cancel for trade in batch.trades] == [False, True]
    assert not batch.last_trades["SPY"].is_cancel


def test_a_last_price_beside_the_tape_is_not_on_it(book: Book) -> None:
    book.add_last(_trade(NOON * 1_000_000))
    book.add_last(_trade(NOON - 1))
    batch = book.take()
    assert batch.trades == []
    assert batch.last_trades == {"SPY": _trade(NOON)}
    assert book.counts == Counts(events=2, late=1)


# --- the rest -------------------------------------------------------------------------------------------------------


def test_the_last_revision_of_a_bar_counts(book: Book) -> None:
    for volume, start in ((10.0, NOON), (5.0, NOON + 60_000), (11.0, NOON * 1_000_000)):
        book.add_minute(Minute("SPY", volume=volume, start=start, end=start))
    assert {start: bar.volume for (_, start), bar in book.take().minutes.items()} == {NOON: 11.0, NOON + 60_000: 5.0}


def test_the_newest_level_of_an_index_counts(book: Book) -> None:
    for value, t in ((6000.0, NOON), (6002.0, NOON + 2), (6001.0, NOON + 1)):
        book.add_value(Value("I:SPX", value=value, t=t))
    assert book.take().values == {"I:SPX": Value("I:SPX", value=6002.0, t=NOON + 2)}
    book.add_value(Value("I:SPX", value=6002.0, t=NOON + 2))
    assert book.take().is_empty


def test_the_last_sum_of_a_day_counts(book: Book) -> None:
    book.add_day(Day("SPY", high=1.0))
    book.add_day(Day("SPY", high=2.0))
    assert book.take().days == {"SPY": Day("SPY", high=2.0)}


def test_a_batch_says_what_came_and_when(book: Book) -> None:
    assert book.take() == Batch(vendor="massive")
    book.received_at = 1_795_021_200.5
    book.add([_quote(), _quote(), Day("SPY")])
    batch = book.take()
    assert (batch.events, batch.received_at, batch.is_empty) == (3, 1_795_021_200.5, False)
    assert book.take().events == 0


def test_what_was_handed_out_does_not_change(book: Book) -> None:
    book.add_quote(_quote(bid=1.0))
    batch = book.take()
    book.add_quote(_quote(NOON + 1, bid=2.0))
    assert batch.quotes["SPY"].bid == 1.0
