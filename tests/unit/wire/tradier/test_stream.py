"""What Tradier is told: all symbols in one frame, with a session id that is still good."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from quantdata.config import Secret
from quantdata.wire.book import Book
from quantdata.wire.dialect import Channel, Request
from quantdata.wire.tradier.stream import TradierDialect

URL = "wss://ws.tradier.com/v1/markets/events"
SPY = Request("replace", (Channel("quote", "SPY"),))


class Vendor:
    """Hands out numbered session ids, and holds the time."""

    def __init__(self) -> None:
        self.sessions = 0
        self.now = 100.0
        self.dialect = TradierDialect(self.session, url=URL, clock=lambda: self.now)

    async def session(self) -> Secret:
        self.sessions += 1
        return Secret(f"session-{self.sessions}")

    def frame(self, request: Request = SPY) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(asyncio.run(self.dialect.compose(request)))
        return frame


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


def test_a_frame_names_symbols_kinds_and_session(vendor: Vendor) -> None:
    channels = (Channel("quote", "SPY"), Channel("trade", "QQQ"), Channel("quote", "QQQ"), Channel("value", "SPX"))
    assert vendor.frame(Request("replace", channels)) == {
        "symbols": ["QQQ", "SPX", "SPY"],
        "sessionid": "session-1",
        "filter": ["quote", "summary", "timesale", "trade"],
        "linebreak": True,
        "validOnly": True,
        "advancedDetails": True,
    }


def test_nothing_is_a_symbol_of_its_own(vendor: Vendor) -> None:
    frame = vendor.frame(Request("replace", ()))
    assert (frame["symbols"], frame["filter"]) == (["$empty$"], ["summary"])


def test_a_session_is_used_while_it_is_fresh(vendor: Vendor) -> None:
    for wait_s, session in ((0.0, "session-1"), (269.0, "session-1"), (269.0, "session-1"), (270.0, "session-2")):
        vendor.now += wait_s
        assert vendor.frame()["sessionid"] == session


def test_a_new_connection_gets_a_new_session(vendor: Vendor) -> None:
    vendor.frame()
    vendor.dialect.renew()
    vendor.dialect.login()
    assert vendor.frame()["sessionid"] == "session-2"


@pytest.mark.parametrize(
    ("channel", "why"),
    [
        (Channel("minute", "SPY"), "no bars"),
        (Channel("trade", "*"), "named symbols only"),
        (Channel("value", "SPX"), None),
    ],
)
def test_what_cannot_be_had_is_not_asked_for(vendor: Vendor, channel: Channel, why: str | None) -> None:
    said = vendor.dialect.why_not(channel)
    assert said is None if why is None else why in str(said)


def test_frames_are_read(vendor: Vendor) -> None:
    book = Book("tradier")
    assert vendor.dialect.read(b'{"type":"summary","symbol":"SPY"}', book) == []
    assert list(book.take().days) == ["SPY"]


def test_a_session_is_found_in_a_frame(vendor: Vendor) -> None:
    assert not vendor.dialect.holds_secret(b"session-1")
    vendor.frame()
    vendor.dialect.renew()
    vendor.frame()
    assert vendor.dialect.holds_secret(b'{"error":"session-1 is gone"}')
    assert not vendor.dialect.holds_secret(b"{}")
