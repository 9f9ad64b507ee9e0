"""What Massive is told, and what it need not be asked."""

from __future__ import annotations

import asyncio
import json

import pytest

from quantdata.config import Secret
from quantdata.errors import ConfigError
from quantdata.wire.book import Book
from quantdata.wire.dialect import Channel, Request
from quantdata.wire.massive.stream import MassiveAsset, MassiveDialect

KEY = "k3y-that-nobody-may-see"


def _dialect(asset: MassiveAsset = "options", key: str = KEY) -> MassiveDialect:
    return MassiveDialect(Secret(key), asset=asset, base_url="wss://socket.massive.com/")


def test_each_asset_has_a_socket_of_its_own() -> None:
    assert _dialect("indices").url == "wss://socket.massive.com/indices"


def test_the_key_logs_in() -> None:
    dialect = _dialect()
    dialect.renew()
    assert json.loads(dialect.login()) == {"action": "auth", "params": KEY}


def test_a_key_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="the key of Massive"):
        _dialect(key="two words")


def test_channels_are_asked_for_in_one_list() -> None:
    request = Request("subscribe", (Channel("quote", "O:SPY251219C00650000"), Channel("trade", "*")))
    assert json.loads(asyncio.run(_dialect().compose(request))) == {
        "action": "subscribe",
        "params": "Q.O:SPY251219C00650000,T.*",
    }


@pytest.mark.parametrize(
    ("asset", "channel", "why"),
    [
        ("options", Channel("quote", "*"), "named options only"),
        ("options", Channel("value", "I:SPX"), "no channel of this kind"),
        ("indices", Channel("quote", "I:SPX"), "no channel of this kind"),
        ("options", Channel("trade", "*"), None),
        ("stocks", Channel("quote", "*"), None),
        ("indices", Channel("value", "*"), None),
    ],
)
def test_what_cannot_be_had_is_not_asked_for(asset: MassiveAsset, channel: Channel, why: str | None) -> None:
    said = _dialect(asset).why_not(channel)
    assert said is None if why is None else why in str(said)


def test_frames_are_read() -> None:
    book = Book("massive")
    assert _dialect().read(b'[{"ev":"Q","sym":"SPY"}]', book) == ()
    assert list(book.take().quotes) == ["SPY"]


def test_a_key_is_found_in_a_frame_unless_it_is_a_mere_word() -> None:
    assert _dialect().holds_secret(f'[{{"message":"{KEY}"}}]'.encode())
    assert not _dialect().holds_secret(b"[]")
    assert not _dialect(key="sim").holds_secret(b'[{"simulated":1}]')


def test_nothing_shows_the_key() -> None:
    assert KEY not in repr(_dialect())
