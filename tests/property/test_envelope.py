"""Tradier's envelope: whatever arrives, under whatever status, is items or a typed error."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from quantdata.errors import DataProviderError
from quantdata.wire.reply import Reply, http_date
from quantdata.wire.tradier import endpoints
from quantdata.wire.tradier.envelope import Items, read_items

if TYPE_CHECKING:
    from quantdata.wire.tradier.endpoints import Collection

REQUESTS = st.sampled_from(
    [
        endpoints.quotes(["SPY"]),
        endpoints.chain("SPY", date(2026, 12, 18)),
        endpoints.expirations("SPY"),
        endpoints.clock(),
        endpoints.splits("SPY"),
    ]
)
STATUSES = st.one_of(st.just(200), st.sampled_from([201, 204, 302, 400, 401, 403, 404, 429, 500, 502, 530]))
HEADERS = st.dictionaries(
    st.sampled_from(["Date", "Retry-After", "X-Request-Id"]),
    st.one_of(
        st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=30),
        st.sampled_from(["3", "nan", "Wed, 18 Nov 2026 17:00:07 GMT", "Fri, 31 Dec 9999 23:59:59 -2300"]),
    ),
)
WORDS = ["quotes", "quote", "options", "option", "expirations", "date", "clock", "unmatched_symbols", "symbol"]
REFUSALS = ["fault", "faultstring", "detail", "errorcode", "errors", "error"]
SAID = [
    "null",
    "Invalid Access Token",
    "Access Token expired",
    "Quota Violation 1795021200000",
    "Quota Violation nan",
    "Quota Violation " + "9" * 400,
    "Invalid parameter, start: must be on or after 2024-01-15 00:00:00.",
    "Invalid parameter, start: must be on or after 2024-13-45",
    "protocol.http.TooBigBody",
    "keymanagement.service.access_token_expired",
]
NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([10**30, 10**400, 1e308]))
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=20), st.sampled_from(SAID))
KEYS = st.one_of(st.sampled_from(WORDS + REFUSALS), st.text(max_size=5))
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)
# Those above are seldom a collection of the right name.
COLLECTIONS = st.dictionaries(
    st.sampled_from(["quotes", "options", "expirations", "clock", "fault", "errors"]),
    st.one_of(JSON, st.dictionaries(st.sampled_from(WORDS + REFUSALS), JSON, max_size=3)),
    max_size=2,
)


def _read(body: bytes, request: Collection, status: int, headers: dict[str, str]) -> Items | DataProviderError:
    coded = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
    reply = Reply("tradier", request.path, status, httpx.Headers(coded), body)
    try:
        return read_items(reply, request)
    except DataProviderError as error:
        return error


def _holds(read: Items | DataProviderError, status: int) -> None:
    if isinstance(read, DataProviderError):
        assert (read.provider, read.status) == ("tradier", status)
        assert len(str(read)) < 600
        wait_s = read.retry_after_s
        assert wait_s is None or 0.0 <= wait_s < float("inf")
    else:
        assert status == 200
        assert read.items.startswith(b"[")
        assert read.items.endswith(b"]")
        assert all(isinstance(symbol, str) for symbol in read.unmatched)


@given(content=st.one_of(JSON, COLLECTIONS), request_=REQUESTS, status=STATUSES, headers=HEADERS)
def test_any_json_is_items_or_a_typed_error(
    content: Any, request_: Collection, status: int, headers: dict[str, str]
) -> None:
    # json writes NaN, and numbers without end, which are no JSON: they may come all the same.
    _holds(_read(json.dumps(content).encode(), request_, status, headers), status)


@given(
    body=st.one_of(
        st.binary(max_size=60),
        st.builds(
            lambda content, cut, junk: json.dumps(content).encode()[:cut] + junk,
            COLLECTIONS,
            st.integers(0, 80),
            st.binary(max_size=4),
        ),
        st.builds(
            lambda text, around: around % text,
            st.binary(max_size=8),
            st.sampled_from(
                [
                    b'{"quotes":{"unmatched_symbols":{"symbol":"%s"}}}',
                    b'{"errors":{"error":["%s"]}}',
                    b'{"fault":{"faultstring":"%s"}}',
                    b'{"quotes":{"quote":%s}}',
                    b"Quota Violation %s",
                    b"<%s",
                ]
            ),
        ),
        st.builds(
            lambda depth, inner: b'{"quotes":' + inner * depth,
            st.integers(0, 3000),
            st.sampled_from([b"[", b'{"quote":', b'{"unmatched_symbols":{"symbol":']),
        ),
    ),
    request_=REQUESTS,
    status=STATUSES,
    headers=HEADERS,
)
@example(b'{"errors":{"error":"\xff"}}', endpoints.clock(), 500, {})
@example(b'{"fault":{"faultstring":"\xff"}}', endpoints.clock(), 500, {})
@example(b'{"quotes":{"unmatched_symbols":{"symbol":1e999}}}', endpoints.quotes(["SPY"]), 200, {})
@example(b"", endpoints.clock(), 503, {"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2300"})
def test_any_bytes_are_items_or_a_typed_error(
    body: bytes, request_: Collection, status: int, headers: dict[str, str]
) -> None:
    _holds(_read(body, request_, status, headers), status)


VALUES = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=20))
# An object without anything in it, and the word null, stand for none.
ROWS = st.lists(st.dictionaries(st.text(max_size=5), VALUES, min_size=1, max_size=3), max_size=4)
SYMBOLS = st.lists(st.text(min_size=1, max_size=8).filter(lambda text: text != "null"), max_size=3)


def _as_sent(values: list[Any]) -> Any:
    """Return what the vendor makes of a list: the value itself where there is one alone."""
    return values[0] if len(values) == 1 else values


@given(rows=ROWS, unmatched=SYMBOLS)
def test_however_many_items_there_are_they_come_as_a_list(rows: list[dict[str, Any]], unmatched: list[str]) -> None:
    content = {"quotes": {"quote": _as_sent(rows), "unmatched_symbols": {"symbol": _as_sent(unmatched)}}}
    read = _read(msgspec.json.encode(content), endpoints.quotes(["SPY"]), 200, {})
    assert read == Items(msgspec.json.encode(rows), tuple(unmatched))


@given(st.text())
def test_any_text_is_an_http_date_or_none(text: str) -> None:
    moment = http_date(text)
    assert moment is None or moment.tzinfo is UTC


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001  # UTC by the format
def test_an_http_date_survives_a_round_trip(moment: datetime) -> None:
    whole = moment.replace(microsecond=0, tzinfo=UTC)
    assert http_date(whole.strftime("%a, %d %b %Y %H:%M:%S GMT")) == whole
