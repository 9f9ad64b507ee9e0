"""Any order of events, any repeats, any looks between: what is known at the end is the newest of each symbol."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from quantdata.wire.book import Book
from quantdata.wire.events import Quote, Trade

NOON = 1_795_021_200_000
SYMBOLS = ("SPY", "QQQ")
# What one symbol's events are told apart by; the price follows from it, as it does at an exchange.
STAMPS = st.tuples(st.sampled_from(SYMBOLS), st.integers(NOON, NOON + 3), st.integers(1, 4))


def _price(t: int, sequence: int) -> float:
    return t - NOON + sequence / 10


@given(stamps=st.lists(STAMPS, min_size=1), looks=st.sets(st.integers(0, 20)), unit=st.sampled_from([1, 1_000_000]))
def test_any_order_of_quotes_ends_in_the_newest(stamps: list[tuple[str, int, int]], looks: set[int], unit: int) -> None:
    book, seen = Book("massive"), dict[str, Quote]()
    for number, (symbol, t, sequence) in enumerate(stamps):
        if number in looks:
            seen.update(book.take().quotes)
        book.add_quote(Quote(symbol, bid=_price(t, sequence), t=t * unit, sequence=sequence))
    seen.update(book.take().quotes)
    newest = {symbol: max(stamp[1:] for stamp in stamps if stamp[0] == symbol) for symbol, *_ in stamps}
    assert {symbol: (quote.t, quote.sequence) for symbol, quote in seen.items()} == newest
    assert all(quote.bid == _price(quote.t, quote.sequence) for quote in seen.values())
    assert book.counts.events == len(stamps)


@given(stamps=st.lists(STAMPS, min_size=1), looks=st.sets(st.integers(0, 20)))
def test_the_tape_is_each_print_once(stamps: list[tuple[str, int, int]], looks: set[int]) -> None:
    book, tape, last = Book("massive"), [], {}
    for number, (symbol, t, sequence) in enumerate([*stamps, ("", 0, 0)]):
        if number in looks or not symbol:
            batch = book.take()
            tape += [(trade.symbol, trade.t, trade.sequence) for trade in batch.trades]
            last.update(batch.last_trades)
        if symbol:
            book.add_trade(Trade(symbol, price=_price(t, sequence), size=1.0, t=t, sequence=sequence))
    assert tape == list(dict.fromkeys(stamps))
    newest = {symbol: max(stamp[1:] for stamp in stamps if stamp[0] == symbol) for symbol, *_ in stamps}
    assert {symbol: (trade.t, trade.sequence) for symbol, trade in last.items()} == newest
    assert book.counts.repeated == len(stamps) - len(tape)
