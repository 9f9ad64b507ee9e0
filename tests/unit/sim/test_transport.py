from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import pytest

from quantdata.sim.faults import Fault
from quantdata.sim.transport import Prefix, Reply, deliver

BODY = b'{"results":[' + b",".join(b'{"price":%d}' % price for price in range(200)) + b'],"status":"OK"}'


def sent(reply: Reply, *faults: Fault, accepts_gzip: bool = True) -> tuple[dict[str, str], list[bytes], list[float]]:
    messages: list[Any] = []
    pauses: list[float] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    asyncio.run(deliver(reply, send, accepts_gzip=accepts_gzip, pause=pause, faults=faults))
    headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    return headers, [message["body"] for message in messages[1:]], pauses


@pytest.mark.parametrize("split", [0, 1, 1_000, len(BODY)])
def test_prefix_and_rest_make_one_gzip_file(split: int) -> None:
    prefix, rest = Prefix(BODY[:split]), BODY[split:]
    assert gzip.decompress(prefix.gzip(rest)) == BODY
    assert prefix.plain == BODY[:split]


def test_one_prefix_serves_many_ends() -> None:
    prefix = Prefix(b"abc" * 100)
    assert [gzip.decompress(prefix.gzip(end))[-1:] for end in (b"1", b"2")] == [b"1", b"2"]


def test_every_gzip_byte_belongs_to_one_member() -> None:
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert reader.decompress(Prefix(BODY[:50]).gzip(BODY[50:])) == BODY
    assert reader.eof
    assert reader.unused_data == b""


def test_gzip_is_for_those_who_take_it() -> None:
    headers, (body,), _ = sent(Reply(BODY))
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == BODY
    headers, (body,), _ = sent(Reply(BODY[50:], prefix=Prefix(BODY[:50])), accepts_gzip=False)
    assert "content-encoding" not in headers
    assert body == BODY


def test_a_dropped_body_is_shorter_than_its_header_says() -> None:
    headers, bodies, _ = sent(Reply(BODY), Fault("drop"))
    assert 0 < len(b"".join(bodies)) < int(headers["content-length"])


def test_a_truncated_gzip_is_a_whole_message() -> None:
    headers, bodies, _ = sent(Reply(BODY), Fault("truncated_gzip"), accepts_gzip=False)
    assert len(bodies[0]) == int(headers["content-length"])
    with pytest.raises(EOFError):
        gzip.decompress(bodies[0])


def test_invalid_json_ends_in_the_middle() -> None:
    _, (body,), _ = sent(Reply(BODY), Fault("invalid_json"), accepts_gzip=False)
    assert BODY.startswith(body)
    assert len(body) < len(BODY)


def test_slow_bytes_all_arrive_in_the_time_given() -> None:
    _, bodies, pauses = sent(Reply(BODY), Fault("slow_bytes", seconds=3.0), accepts_gzip=False)
    assert b"".join(bodies) == BODY
    assert sum(pauses) == pytest.approx(3.0)
