"""The scanner: whatever comes in a frame, a book holds the same with it as without it."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantdata.pricing.fast import Background
from quantdata.wire.book import Book
from quantdata.wire.events import Quote
from quantdata.wire.massive import messages
from quantdata.wire.massive.scanner import Scanner, compiled, scan
from quantdata.wire.quote_table import LONGEST_SYMBOL, QuoteTable, keep

NOON: Final = 1_795_021_200_000
CALL: Final = "O:SPY261218C00600000"
PLAIN: Final = Scanner(scan, keep)
TEXT: Final = '{"ev":"Q","sym":"O:A","bx":301,"bp":1.05,"bs":3,"ax":302,"ap":1.1,"as":4,"t":1795021200000,"q":7}'
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed: the extra [fast]")


def background(scanner: Scanner | None) -> Background[Scanner]:
    """Return a scanner that is there at once, or never."""
    made = Background(lambda: scanner or PLAIN, is_wanted=lambda: scanner is not None)
    made.wait()
    return made


def read(frames: list[bytes], scanner: Scanner | None, *, looks: int = 0) -> tuple[Any, ...]:
    """Return all that a book holds after some frames, looked at after so many of them."""
    book, seen = Book("massive"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "SCANNER", background(scanner))
        for number, frame in enumerate(frames, 1):
            seen.append(messages.read(frame, book))
            if number == looks:
                seen.append(shown(book))
    return (*seen, *shown(book), book.counts)


def shown(book: Book) -> list[Any]:
    batch = book.take()
    return [list(batch.quotes.items()), batch.trades, batch.events]


def is_taken(text: str) -> bool:
    """Tell whether the scanner reads a frame itself."""
    return PLAIN.take_in(text.encode(), QuoteTable(keep)) is not None


numbers = st.one_of(
    st.integers(0, 10**16),
    st.decimals(0, 10**6, places=4).map(float),
    st.floats(0, 1e6),
    st.sampled_from([0, -1, 1.5, 1e22, None, "9.7", True, 0.1, 123456789012345.6]),
)
events: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "ev": st.sampled_from(["Q", "Q", "Q", "Q", "T", "LULD"]),
        "sym": st.sampled_from(["A", "B", CALL, "", "é", "x" * 40]),
    },
    optional={
        **dict.fromkeys(("bp", "ap", "bs", "as"), numbers),
        **dict.fromkeys(("bx", "ax"), st.sampled_from([300, 301, 0, "N", None, 3.0])),
        "t": st.sampled_from([NOON, NOON + 1, NOON + 2, NOON * 1_000_000, NOON // 1000, 0]),
        "q": st.integers(0, 3),
        "later": st.sampled_from([1, 2.5, "text", 'a"b', [], {"deep": 1}, None, -1]),
    },
)
plain = st.fixed_dictionaries(
    {
        "ev": st.just("Q"),
        "sym": st.sampled_from(["A", "B", CALL]),
        "t": st.sampled_from([NOON, NOON + 1, NOON + 2]),
    },
    optional={
        **dict.fromkeys(("bp", "ap"), st.sampled_from([0, 0.05, 1.1, 22.93, 300])),
        **dict.fromkeys(("bs", "as", "bx", "ax"), st.integers(0, 2)),
        "q": st.integers(0, 2),
        "c": st.integers(0, 1),
    },
).flatmap(lambda event: st.permutations(list(event.items())).map(dict))
frames = st.lists(
    st.tuples(st.lists(st.one_of(plain, plain, events), min_size=1, max_size=4), st.sampled_from([None, 1])).map(
        lambda each: json.dumps(each[0], indent=each[1]).encode()
    ),
    max_size=6,
)


@given(frames, st.integers(0, 6))
def test_a_book_holds_the_same_with_it_as_without_it(given_frames: list[bytes], looks: int) -> None:
    assert read(given_frames, PLAIN, looks=looks) == read(given_frames, None, looks=looks)


@given(st.lists(st.lists(plain, min_size=1, max_size=4), max_size=6), st.integers(0, 6))
def test_plain_quotes_end_alike_in_columns_and_objects(told: list[list[dict[str, Any]]], looks: int) -> None:
    given_frames = [json.dumps(each, separators=(",", ":")).encode() for each in told]
    assert all(is_taken(frame.decode()) for frame in given_frames)
    assert read(given_frames, PLAIN, looks=looks) == read(given_frames, None, looks=looks)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "[", "[]", "{}", "null", "[{}]", "[1]", f"[{TEXT}", f"[{TEXT},", f"[{TEXT},]", f"[{TEXT}]]", TEXT),
        *(f"[{TEXT[:-1]}", f"[{TEXT[:-1]},}}]", f"[{TEXT[:40]}", f"[{TEXT[:-1]} 1}}]", f"[{TEXT} {TEXT}]"),
        *(f"[{TEXT.replace(old, new)}]" for old, new in (
            ('"Q"', '"T"'), ('"Q"', '"QQ"'), ('"Q"', "7"), ('"ev"', '"eu"'), ('"ev":"Q"', '"ev":"Q","ev":"Q"'),
            ('"sym"', '"sim"'), ('"O:A"', '""'), ('"O:A"', f'"{"x" * (LONGEST_SYMBOL + 1)}"'), ('"O:A"', "7"),
            ('"O:A"', '"O:\\u0041"'), ('"O:A"', '"O:é"'), ('"O:A"', '"O:\n"'), ('"O:A"', '"O:A'), ("1.05", "-1.05"),
            ("1.05", "1e2"), ("1.05", "1."), ("1.05", ".5"), ("1.05", "01"), ("1.05", "1.0.5"), ("1.05", "null"),
            ("1.05", '"1.05"'), ("1.05", "1.234567890123456"), ("1.05", "true"), ("301", "301.0"), ("301", '"N"'),
            (":7", f":{10**18}"), ("1795021200000", "1795021200"), ('"t":1795021200000,', ""), (':"Q"', '"Q"'),
        )),
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_others(text: str) -> None:
    assert not is_taken(text)
    assert read([text.encode()], PLAIN) == read([text.encode()], None)


@pytest.mark.parametrize(
    "text",
    [
        f" [ {TEXT} , {TEXT} ] ",
        f"[{TEXT.replace(':', ' : ').replace(',', ' , ').replace('O : A', 'O:A')}]",
        f"[{TEXT.replace('1.05', '0')}]",
        f"[{TEXT.replace('1.05', '0.000000000000001')}]".replace("0.000000000000001", "0.00000000000001"),
        f"[{TEXT[:-1]}" + ',"conditions":12345678901234567,"note":"plain"}]',
    ],
)
def test_what_is_plain_is_read_in_any_form(text: str) -> None:
    assert is_taken(text)
    assert read([text.encode()], PLAIN) == read([text.encode()], None)


def test_a_frame_of_more_than_there_is_room_for_is_left_to_others() -> None:
    assert not is_taken(f"[{','.join([TEXT] * 1025)}]")
    assert is_taken(f"[{','.join([TEXT] * 1024)}]")


def test_there_is_room_for_as_many_symbols_as_come() -> None:
    told = [[{"ev": "Q", "sym": f"O:{10 * at + each}", "t": NOON + at} for each in range(10)] for at in range(300)]
    given_frames = [json.dumps(each).encode() for each in told]
    assert read(given_frames, PLAIN, looks=250) == read(given_frames, None, looks=250)


def test_symbols_of_one_hash_are_told_apart() -> None:
    alike = [json.dumps([{"ev": "Q", "sym": symbol, "t": NOON}]).encode() for symbol in ("ak", "ba")]
    assert all(is_taken(frame.decode()) for frame in alike)
    assert read(alike * 2, PLAIN, looks=1) == read(alike * 2, None, looks=1)


def test_one_quote_is_found_by_its_symbol() -> None:
    book = Book("massive")
    assert PLAIN.read(f"[{TEXT}]".encode(), book)
    quotes = book.take().quotes
    assert quotes.get("O:B") is None
    assert quotes["O:A"] == said()


def said() -> Quote:
    """Return what `TEXT` says."""
    sizes = {"bid_size": 3.0, "ask_size": 4.0}
    return Quote("O:A", bid_exchange=301, bid=1.05, ask_exchange=302, ask=1.1, t=NOON, sequence=7, **sizes)


def test_a_book_that_holds_quotes_already_goes_on_in_columns() -> None:
    book = Book("massive")
    book.add([Quote("A", t=NOON, sequence=2), Quote("B", t=NOON)])
    book.take()
    book.add([Quote("C", bid=1.0, t=NOON)])
    assert PLAIN.read(f"[{TEXT}]".encode(), book)
    book.add([Quote("A", t=NOON, sequence=1), Quote("B", bid=2.0, t=NOON)])
    assert list(book.take().quotes) == ["C", "O:A", "B"]
    assert (book.counts.events, book.counts.late, book.counts.repeated) == (6, 1, 0)


def test_a_book_with_a_quote_that_columns_cannot_hold_goes_on_without() -> None:
    book = Book("massive")
    book.add([Quote("A", bid_exchange="N", t=NOON)])
    assert not PLAIN.read(f"[{TEXT}]".encode(), book)
    assert list(book.take().quotes.values()) == [Quote("A", bid_exchange="N", t=NOON)]


@needs_numba
def test_compiled_it_does_the_same() -> None:
    given_frames = [f"[{TEXT},{TEXT.replace('O:A', CALL)}]".encode(), f"[{TEXT.replace(':7', ':6')}]".encode(), b"[]"]
    assert read(given_frames, compiled(), looks=1) == read(given_frames, None, looks=1)
