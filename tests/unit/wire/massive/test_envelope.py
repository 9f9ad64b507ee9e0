"""Massive's envelope: every row of reference/massive.md §8, and what no reference has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest

from quantdata.errors import (
    AuthenticationError,
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    ErrorCode,
    PayloadError,
    QuoteNotFoundError,
    RateLimitError,
    UnavailableError,
)
from quantdata.wire.http import Reply, Request
from quantdata.wire.massive.envelope import LONGEST_URL, Page, read_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantdata.wire.http import Holds

CHAIN = "/v3/snapshot/options/SPY"
AGGREGATES = "/v2/aggs/ticker/SPY/range/1/day/1578114000000/2020-01-10"
NOT_ENTITLED = "You are not entitled to this data. Please upgrade your plan at https://massive.com/pricing"
TOO_MANY = (
    "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue. "
    "https://massive.com/pricing"
)
HTML = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"


def _reply(
    content: object, *, status: int = 200, endpoint: str = CHAIN, headers: Mapping[str, str] | None = None
) -> Reply:
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return Reply("massive", endpoint, status, httpx.Headers(headers), body)


def _page(content: object, *, endpoint: str = CHAIN, holds: Holds = "results or nothing") -> Page:
    return read_page(_reply(content, endpoint=endpoint), holds=holds)


def _error(
    content: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    holds: Holds = "results or nothing",
) -> DataProviderError:
    with pytest.raises(DataProviderError) as failure:
        read_page(_reply(content, status=status, headers=headers), holds=holds)
    return failure.value


# --- answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holds", "content", "results"),
    [
        ("results or nothing", {"status": "OK", "results": [1, 2]}, b"[1,2]"),
        ("results or nothing", {"status": "OK", "results": {"a": 1}}, b'{"a":1}'),
        ("results or nothing", {"status": "OK", "results": []}, b"[]"),
        ("results or nothing", {"status": "OK", "results": None}, b"[]"),
        (
            "results or nothing",
            {"status": "OK", "results": None, "next_url": None, "error": None, "message": None},
            b"[]",
        ),
        ("results or nothing", {"status": "OK"}, b"[]"),
        ("results or nothing", {"status": "OK", "tickers": [3]}, b"[]"),
        ("results or nothing", {"results": [1]}, b"[1]"),
        ("results or nothing", {"results": []}, b"[]"),
        ("results", {"status": "OK", "results": [1, 2]}, b"[1,2]"),
        ("results", {"status": "OK", "results": []}, b"[]"),
        ("results", {"results": [1]}, b"[1]"),
        ("tickers", {"status": "OK", "tickers": [3]}, b"[3]"),
        ("tickers", {"status": "OK", "tickers": [3], "results": [1]}, b"[3]"),
        ("tickers", {"status": "OK", "tickers": None}, b"[]"),
        ("tickers", {"status": "OK", "results": [1]}, b"[]"),
        ("tickers", {"tickers": [3]}, b"[3]"),
        ("body", {"market": "open", "serverTime": "2026-11-18T11:00:00-05:00"}, b"[]"),
        ("body", {"status": "OK", "market": "open"}, b"[]"),
        ("body", {}, b"[]"),
    ],
)
def test_a_good_answer_gives_its_rows(holds: Holds, content: object, results: bytes) -> None:
    page = _page(content, holds=holds)
    assert page.results == results
    assert page.body == msgspec.json.encode(content)
    assert page.next is None


@pytest.mark.parametrize("rows", [{}, {"results": None}, {"results": {"a": 1}}, {"results": "none"}, {"tickers": [3]}])
def test_an_answer_that_always_has_rows_is_no_answer_without_them(rows: dict[str, object]) -> None:
    error = _error({"status": "OK", "request_id": "6f", **rows}, holds="results")
    assert type(error) is PayloadError
    assert (error.status, error.request_id) == (200, "6f")
    assert f"the answer of {CHAIN} holds no rows" in str(error)


@pytest.mark.parametrize("holds", ["results", "results or nothing", "tickers"])
@pytest.mark.parametrize("content", [{}, {"foo": 1}, {"next_url": None}, {"message": "hello"}])
def test_json_of_anybody_else_is_no_answer(holds: Holds, content: dict[str, object]) -> None:
    # A proxy's or another vendor's JSON must not pass for "no such contract" or a day without trades.
    error = _error(content, holds=holds)
    assert type(error) is PayloadError
    assert f"{CHAIN} answered with something that is not this vendor's" in str(error)
    assert ('(the vendor says: "hello")' in str(error)) is ("message" in content)


def test_an_answer_of_a_delayed_plan_is_good() -> None:
    assert _page({"status": "DELAYED", "results": [1]}) == Page(
        body=b'{"status":"DELAYED","results":[1]}', results=b"[1]", is_delayed=True
    )
    assert not _page({"status": "OK"}).is_delayed


@pytest.mark.parametrize("adjusted", [True, False, None])
def test_adjustment_of_bars_is_told(*, adjusted: bool | None) -> None:
    assert _page({"status": "OK", "adjusted": adjusted}).adjusted is adjusted


@pytest.mark.parametrize("request_id", ["6f1c", 17])
def test_a_request_id_may_be_text_or_a_number(request_id: str | int) -> None:
    error = _error({"status": "NOT_FOUND", "request_id": request_id}, status=404)
    assert error.request_id == str(request_id)


def test_a_request_id_may_come_in_a_header() -> None:
    assert _error(HTML, status=502, headers={"X-Request-Id": "6f1c"}).request_id == "6f1c"


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (401, {"status": "ERROR", "request_id": "6f", "error": "Unknown API Key"}, AuthenticationError),
        (401, b"", AuthenticationError),
        (400, {"status": "ERROR", "error": "API Key was not provided"}, AuthenticationError),
        (200, {"status": "ERROR", "error": "API Key was not provided"}, AuthenticationError),
        (403, {"status": "NOT_AUTHORIZED", "message": NOT_ENTITLED}, EntitlementError),
        (403, {"status": "NOT_AUTHORIZED", "error": NOT_ENTITLED}, EntitlementError),
        (403, HTML, EntitlementError),
        (200, {"status": "NOT_AUTHORIZED", "message": NOT_ENTITLED}, EntitlementError),
        (404, {"status": "NOT_FOUND", "message": "Ticker not found."}, QuoteNotFoundError),
        (404, {"status": "NOT_FOUND", "error": "Ticker not found."}, QuoteNotFoundError),
        (404, b"404 page not found", QuoteNotFoundError),
        (200, {"status": "NOT_FOUND"}, QuoteNotFoundError),
        (400, {"status": "ERROR", "error": "limit must be at most 250"}, DataProviderError),
        (413, b"", DataProviderError),
        (200, {"status": "ERROR", "error": "something went wrong"}, DataProviderError),
        (302, b"", DataProviderError),
        (429, {"status": "ERROR", "error": TOO_MANY}, RateLimitError),
        (429, {"status": "ERROR", "error": "this API key made too many requests"}, RateLimitError),
        (429, HTML, RateLimitError),
        (499, b"", UnavailableError),
        (500, {"status": "ERROR", "error": "could not read your API key"}, UnavailableError),
        (502, HTML, UnavailableError),
        (503, b"\xff\xfe", UnavailableError),
        (504, b"[]", UnavailableError),
        (200, HTML, UnavailableError),
        (200, b"\n  <html>", UnavailableError),
        (200, b"", PayloadError),
        (200, b"null", PayloadError),
        (200, b"[]", PayloadError),
        (200, b'{"status":"OK","results":[1,', PayloadError),
        (200, b'{"status":200}', PayloadError),
        (200, b'{"status":"\xff"}', PayloadError),
    ],
)
def test_every_failure_has_its_type(status: int, content: object, kind: type[DataProviderError]) -> None:
    error = _error(content, status=status)
    assert type(error) is kind
    assert (error.provider, error.endpoint, error.status) == ("massive", CHAIN, status)
    assert CHAIN in str(error)


def test_a_plain_refusal_has_the_vendors_own_code() -> None:
    assert _error({"status": "ERROR", "error": "bad"}, status=400).code is ErrorCode.MASSIVE_API_ERROR


@pytest.mark.parametrize("field", ["error", "message"])
def test_the_vendors_words_are_quoted_in_short(field: str) -> None:
    error = _error({"status": "NOT_FOUND", field: "no\n such   ticker " + "x" * 500}, status=404)
    assert 'the vendor says: "no such ticker xxx' in str(error)
    assert len(str(error)) < 350


def test_words_about_a_key_are_not_quoted() -> None:
    assert "s3cret" not in str(_error({"status": "ERROR", "error": "Unknown API Key s3cret"}, status=401))


def test_the_caller_says_what_was_not_found() -> None:
    with pytest.raises(ContractNotFoundError):
        read_page(_reply({"status": "NOT_FOUND"}, status=404), not_found=ContractNotFoundError)


# --- Retry-After ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("Wed, 18 Nov 2020 10:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
        ("Wed, 18 Nov 2020 10:00:00 -0000", None),
        ("Wed, 18 Nov 99999 10:00:00 GMT", None),
        ("Wed, 18 Nov 2020 10:00:00 +99999999999", None),
        ("Wed, 99 Nov 2020 10:00:00 GMT", None),
    ],
)
def test_retry_after(status: int, text: str, seconds: float | None) -> None:
    assert _error(b"", status=status, headers={"Retry-After": text}).retry_after_s == seconds


def test_retry_after_as_a_date_counts_from_now() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True)
    after_s = _error(b"", status=429, headers={"retry-after": date}).retry_after_s
    assert after_s is not None
    assert 110 < after_s <= 120


def test_a_rate_limit_says_when_and_what_to_set() -> None:
    message = str(_error({"error": TOO_MANY}, status=429, headers={"Retry-After": "12"}))
    assert "try again in 12 s" in message
    assert "MASSIVE_REQUESTS_PER_MINUTE" in message


# --- next_url -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("next_url", "query"),
    [
        (f"https://api.massive.com{CHAIN}?cursor=YXA9Mg", "cursor=YXA9Mg"),
        (f"https://api.polygon.io{CHAIN}?cursor=YXA9Mg", "cursor=YXA9Mg"),
        (f"http://evil.example:1{CHAIN}?cursor=YXA9Mg", "cursor=YXA9Mg"),
        (f"{CHAIN}?cursor=YXA9Mg", "cursor=YXA9Mg"),
        (f"https://api.massive.com{CHAIN}?cursor=YXA9Mg&apiKey=k3y", "cursor=YXA9Mg"),
        (f"https://api.massive.com{CHAIN}?apikey=k3y&cursor=YXA9Mg#fragment", "cursor=YXA9Mg"),
        (f"https://api.massive.com{CHAIN}?cursor=a%3D%3D&as=", "cursor=a%3D%3D&as="),
        (f"https://user:k3y@api.massive.com{CHAIN}", ""),
    ],
)
def test_of_a_next_url_only_path_and_cursor_count(next_url: str, query: str) -> None:
    page = _page({"status": "OK", "next_url": next_url})
    assert page.next == Request(CHAIN, query=query)
    assert "k3y" not in page.next.target


def test_bars_go_on_from_a_later_start() -> None:
    later = AGGREGATES.replace("1578114000000", "1578286800000")
    page = _page({"status": "OK", "next_url": f"https://api.massive.com{later}?cursor=Yg"}, endpoint=AGGREGATES)
    assert page.next == Request(later, query="cursor=Yg")


def test_an_escaped_path_is_the_same_path() -> None:
    page = _page(
        {"status": "OK", "next_url": "https://x/v3/snapshot/options/I%3ASPX?c=1"}, endpoint=CHAIN[:-3] + "I:SPX"
    )
    assert page.next is not None


@pytest.mark.parametrize(
    ("holds", "rows"), [("results", {"results": [1]}), ("results or nothing", {}), ("tickers", {"tickers": [1]})]
)
def test_the_next_page_holds_its_rows_where_this_one_does(holds: Holds, rows: dict[str, object]) -> None:
    page = _page({"status": "OK", **rows, "next_url": f"https://x{CHAIN}?cursor=Yg"}, holds=holds)
    assert page.next == Request(CHAIN, query="cursor=Yg", holds=holds)


@pytest.mark.parametrize(
    "next_url",
    [
        "https://api.massive.com/v3/snapshot/options/QQQ?cursor=YXA9Mg",
        "https://api.massive.com/v3/snapshot/options/SPY/../../../v1/account?cursor=YXA9Mg",
        "https://api.massive.com/v3/snapshot/options/SPY%2F..%2FQQQ?cursor=YXA9Mg",
        "https://api.massive.com",
        "?cursor=YXA9Mg",
        "http://[::1?cursor=YXA9Mg",
        "nonsense",
    ],
)
def test_a_next_url_of_another_endpoint_is_refused(next_url: str) -> None:
    with pytest.raises(PayloadError, match="sends on to"):
        _page({"status": "OK", "next_url": next_url})


@pytest.mark.parametrize("next_url", [None, ""])
def test_no_next_url_is_the_last_page(next_url: str | None) -> None:
    assert _page({"status": "OK", "next_url": next_url}).next is None


def test_a_next_url_of_no_cursors_length_is_refused() -> None:
    start = f"https://x{CHAIN}?cursor="
    longest = start + "a" * (LONGEST_URL - len(start))
    following = _page({"status": "OK", "next_url": longest}).next
    assert following is not None
    assert following.query == longest.partition("?")[2]
    with pytest.raises(PayloadError, match="sends on to a URL of 8,193 characters"):
        _page({"status": "OK", "next_url": longest + "a"})


@pytest.mark.parametrize("opening", [b"[", b'{"results":', b'{"a":', b'{"status":"OK","results":[' + b"[" * 100_000])
def test_json_nested_without_end_is_a_payload_error(opening: bytes) -> None:
    with pytest.raises(PayloadError, match="is not the JSON it should be"):
        read_page(_reply(opening * (1 if len(opening) > 100 else 100_000)))
