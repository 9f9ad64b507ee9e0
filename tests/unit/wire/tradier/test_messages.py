"""Tradier's frames: a line an event, numbers as texts; the recorded stream is read to the last line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from quantdata.wire.book import Book
from quantdata.wire.dialect import Channel, Status
from quantdata.wire.events import Day, Quote, Trade, Value
from quantdata.wire.tradier.messages import read, session_id

if TYPE_CHECKING:
    from pathlib import Path

QUOTE = (
    b'{"type":"quote","symbol":"C","bid":281.84,"bidsz":60,"bidexch":"M","biddate":"1557757189000",'
    b'"ask":281.85,"asksz":6,"askexch":"Z","askdate":"1557757190000"}'
)
TRADE = (
    b'{"type":"trade","symbol":"SPY","exch":"Q","price":"281.1200","size":"100","cvol":"34507070",'
    b'"date":"1557757204760","last":"281.1200"}'
)
SUMMARY = b'{"type":"summary","symbol":"SPY","open":"284.01","high":"284.42","low":"280.51","prevClose":"287.59"}'
SALE = (
    b'{"type":"timesale","symbol":"SPY","exch":"Q","bid":"281.09","ask":"281.10","last":"281.10","size":"100",'
    b'"date":"1557757204760","seq":352342,"flag":"TI","cancel":false,"correction":false,"session":"normal"}'
)


@pytest.fixture
def book() -> Book:
    return Book("tradier")


def test_a_quote_is_as_new_as_its_newer_side(book: Book) -> None:
    assert read(QUOTE, book) == []
    assert book.take().quotes["C"] == Quote(
        "C",
        bid=281.84,
        ask=281.85,
        bid_size=60.0,
        ask_size=6.0,
        bid_exchange="M",
        ask_exchange="Z",
        t=1557757190000,
    )


def test_a_trade_is_a_last_price_and_a_sale_is_on_the_tape(book: Book) -> None:
    read(TRADE + b"\n" + SALE + b"\n\n", book)
    batch = book.take()
    sale = Trade(
        "SPY",
        price=281.10,
        size=100.0,
        exchange="Q",
        conditions=("T", "I"),
        t=1557757204760,
        sequence=352342,
        session="normal",
        bid=281.09,
        ask=281.10,
    )
    assert batch.trades == [sale]
    assert batch.last_trades == {"SPY": sale}


def test_a_trade_alone_is_the_last_price(book: Book) -> None:
    read(TRADE.replace(b"trade", b"tradex"), book)
    batch = book.take()
    assert batch.trades == []
    assert batch.last_trades["SPY"] == Trade("SPY", price=281.12, size=100.0, exchange="Q", t=1557757204760)


def test_a_cancel_and_a_correction_say_so(book: Book) -> None:
    read(SALE.replace(b'"cancel":false', b'"cancel":true') + b"\n" + SALE.replace(b'ion":false', b'ion":true'), book)
    assert [(sale.is_cancel, sale.is_correction) for sale in book.take().trades] == [(True, False), (False, True)]


def test_the_last_price_of_an_index_is_its_level(book: Book) -> None:
    read(b'{"type":"trade","symbol":"SPX","last":"6000.5","size":"0","date":"1795021200000"}', book)
    batch = book.take()
    assert batch.values == {"SPX": Value("SPX", value=6000.5, t=1_795_021_200_000)}
    assert batch.last_trades == {}


def test_a_summary_is_the_day_so_far(book: Book) -> None:
    read(SUMMARY, book)
    assert book.take().days == {"SPY": Day("SPY", open=284.01, high=284.42, low=280.51, prev_close=287.59)}


@pytest.mark.parametrize("none", [b'"NaN"', b'""', b'"Infinity"', b'"n/a"', b"null"])
def test_what_is_no_number_is_none(book: Book, none: bytes) -> None:
    read(QUOTE.replace(b"281.84", none).replace(b'"1557757190000"', none), book)
    quote = book.take().quotes["C"]
    assert (quote.bid, quote.ask, quote.t) == (None, 281.85, 1557757189000)


def test_a_moment_with_a_decimal_point_is_one(book: Book) -> None:
    read(TRADE.replace(b'"1557757204760"', b'"1557757204760.0"'), book)
    assert book.take().last_trades["SPY"].t == 1557757204760


def test_what_is_unknown_is_skipped_and_counted(book: Book) -> None:
    assert read(b'{"type":"news","symbol":"SPY","text":[1]}\n{}\n{"type":"quote"}\n' + QUOTE, book) == []
    assert (book.counts.unknown, book.counts.unreadable, book.counts.events) == (3, 0, 4)


def test_an_unreadable_line_costs_itself_alone(book: Book) -> None:
    assert read(QUOTE + b'\n{"type":"quo\n[]\n', book) == []
    assert list(book.take().quotes) == ["C"]
    assert book.counts.unreadable == 2


@pytest.mark.parametrize("frame", [b"[]", b"\xff", b'{"type":"quote","symbol":5}', b"{\n{"])
def test_a_frame_without_a_readable_line_is_garbled(book: Book, frame: bytes) -> None:
    assert read(frame, book) == [Status(kind="garbled")]


@pytest.mark.parametrize("frame", [b"", b"\n", b" \n\r\n"])
def test_a_blank_frame_says_nothing(book: Book, frame: bytes) -> None:
    assert read(frame, book) == []


def test_a_refused_symbol_is_named(book: Book) -> None:
    (status,) = read(b'{"error":"1234 is not a valid symbol"}', book)
    assert (status.kind, status.text) == ("refused", "1234 is not a valid symbol")
    assert Channel("quote", "1234") in status.channels


def test_another_refusal_is_of_everything(book: Book) -> None:
    assert read(b'{"error":{"code":7}}', book) == [Status(kind="refused", text="{'code': 7}")]


def test_what_is_said_of_a_session_is_not_quoted(book: Book) -> None:
    (status,) = read(b'{"error":"Session 11-22-33 not found"}', book)
    assert status.kind == "expired"
    assert "11-22-33" not in status.text


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        (b'"2026-11-18T17:00:00+00:00"', datetime(2026, 11, 18, 17, tzinfo=UTC)),
        (b'"2026-11-18T17:00:00"', None),
        (b"true", None),
    ],
)
def test_a_simulator_says_what_time_it_is_there(book: Book, told: bytes, moment: datetime | None) -> None:
    frame = b'{"type":"simulated","simulated":' + told + b"}"
    assert read(frame, book) == [Status(kind="connected", simulated_at=moment)]


def test_the_recorded_stream_is_read_to_the_last_line(book: Book, fixtures_dir: Path) -> None:
    recorded = (fixtures_dir / "tradier/recorded/stream_ws_dow30_2024-05-25.ndjson").read_bytes()
    assert read(recorded, book) == []
    assert book.counts.events == 180
    assert book.counts.unknown == book.counts.unreadable == 0
    batch = book.take()
    assert len(batch.quotes) == len(batch.days) == len(batch.last_trades) == 30
    assert batch.trades == []
    assert book.counts.repeated == 60  # the snapshot came twice
    assert batch.days["MSFT"].close == 430.16


def test_the_id_of_a_session_is_a_secret() -> None:
    secret = session_id(b'[{"stream":1,"url":"https://stream.tradier.com","sessionid":"c8638963"}]')
    assert secret.reveal() == "c8638963"


@pytest.mark.parametrize("items", [b"[]", b'[{"url":""}]', b"[1]"])
def test_an_answer_without_an_id_is_none(items: bytes) -> None:
    with pytest.raises((ValueError, msgspec.ValidationError)):
        session_id(items)
