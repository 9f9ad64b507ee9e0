"""Tradier's envelope: every failure of reference/tradier.md §2, every collection of §3, and what no reference has."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest

from quantdata.errors import (
    AuthenticationError,
    DataProviderError,
    EntitlementError,
    ErrorCode,
    PayloadError,
    RateLimitError,
    UnavailableError,
)
from quantdata.wire.reply import Reply
from quantdata.wire.tradier import endpoints
from quantdata.wire.tradier.envelope import Items, TooBigError, TooEarlyError, read_items

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from quantdata.wire.tradier.endpoints import Collection

QUOTES = endpoints.quotes(["SPY"])
CHAIN = endpoints.chain("SPY", date(2026, 12, 18))
EXPIRATIONS = endpoints.expirations("SPY")
HISTORY = endpoints.history("SPY", start=date(2026, 1, 2), end=date(2026, 12, 18))
CLOCK = endpoints.clock()
SPLITS = endpoints.splits("SPY")
SERVED = datetime(2026, 11, 18, 17, 0, 7, tzinfo=UTC)
DATE = {"Date": format_datetime(SERVED, usegmt=True)}
HTML = b"<!DOCTYPE html><html><body>We are down for maintenance: Invalid Access Token</body></html>"
XML = b"<?xml version='1.0' encoding='UTF-8'?><quotes><quote/></quotes>"
FOREIGN = "Backoffice rejected override of the order."


def _reply(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return Reply("tradier", "/v1/markets/quotes", status, httpx.Headers(headers), body)


def _items(content: object, request: Collection = QUOTES) -> Items:
    return read_items(_reply(content), request)


def _error(
    content: object, *, status: int = 200, headers: Mapping[str, str] | None = None, request: Collection = QUOTES
) -> DataProviderError:
    with pytest.raises(DataProviderError) as failure:
        read_items(_reply(content, status=status, headers=headers), request)
    assert failure.value.provider == "tradier"
    return failure.value


def _fault(text: str | None, code: str | None = None) -> dict[str, object]:
    return {"fault": {"faultstring": text, "detail": {"errorcode": code}}}


# --- collections ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "content", "items"),
    [
        (QUOTES, {"quotes": {"quote": [{"symbol": "A"}, {"symbol": "B"}]}}, b'[{"symbol":"A"},{"symbol":"B"}]'),
        (QUOTES, {"quotes": {"quote": {"symbol": "A"}}}, b'[{"symbol":"A"}]'),
        (EXPIRATIONS, {"expirations": {"date": ["2026-12-18", "2027-01-15"]}}, b'["2026-12-18","2027-01-15"]'),
        (EXPIRATIONS, {"expirations": {"date": "2026-12-18"}}, b'["2026-12-18"]'),
        (HISTORY, {"history": {"day": {"date": "2026-12-18"}}}, b'[{"date":"2026-12-18"}]'),
        (CLOCK, {"clock": {"state": "open"}}, b'[{"state":"open"}]'),
        (SPLITS, [{"request": "SPY"}], b'[{"request":"SPY"}]'),
        (SPLITS, [], b"[]"),
        (QUOTES, b' \r\n{"quotes" : {"quote" : [ 1 ]}}\n ', b"[ 1 ]"),
        # Keys that nobody knows yet are none of our business.
        (
            QUOTES,
            {"more": 1, "quotes": {"more": [2], "quote": {"symbol": "A", "more": 3}}},
            b'[{"symbol":"A","more":3}]',
        ),
    ],
)
def test_one_item_several_or_a_bare_value_are_a_list(request_: Collection, content: object, items: bytes) -> None:
    assert _items(content, request_) == Items(items)


EMPTIES: list[object] = [None, "null", {}, []]


@pytest.mark.parametrize("request_", [QUOTES, CHAIN, EXPIRATIONS, HISTORY], ids=lambda each: each.plural)
@pytest.mark.parametrize("nothing", EMPTIES, ids=str)
def test_nothing_comes_in_many_forms(request_: Collection, nothing: object) -> None:
    assert _items({request_.plural: nothing}, request_) == Items(b"[]")
    assert _items({request_.plural: {request_.singular: nothing}}, request_) == Items(b"[]")


@pytest.mark.parametrize("nothing", [b"{ }", b"[\n  ]", b'{"quote": [ ]}', b'{ "quote" : { } }'])
def test_nothing_may_be_printed_prettily(nothing: bytes) -> None:
    assert _items(b'{"quotes": ' + nothing + b"}", QUOTES) == Items(b"[]")


@pytest.mark.parametrize("body", [b"null", b'"null"', b"{}", b" null\n", b"{ }"])
def test_a_body_that_says_nothing_holds_nothing(body: bytes) -> None:
    assert _items(body) == Items(b"[]")


@pytest.mark.parametrize("nothing", [None, "null"])
def test_a_collection_without_a_name_inside_may_be_nothing_too(nothing: object) -> None:
    # What makes of that is the caller's: there is always a clock.
    assert _items({"clock": nothing}, CLOCK) == Items(b"[]")


@pytest.mark.parametrize(
    ("content", "items", "unmatched"),
    [
        ({"quotes": {"unmatched_symbols": {"symbol": "SEFDF"}}}, b"[]", ("SEFDF",)),
        ({"quotes": {"unmatched_symbols": {"symbol": ["X", "Y/WD"]}}}, b"[]", ("X", "Y/WD")),
        ({"quotes": {"unmatched_symbols": {"symbol": "X"}, "quote": {"symbol": "A"}}}, b'[{"symbol":"A"}]', ("X",)),
        ({"quotes": {"unmatched_symbols": {"symbol": "X"}, "quote": None}}, b"[]", ("X",)),
        ({"quotes": {"unmatched_symbols": None, "quote": [1, 2]}}, b"[1,2]", ()),
        ({"quotes": {"unmatched_symbols": "X", "quote": [1, 2]}}, b"[1,2]", ()),
        ({"quotes": {"unmatched_symbols": {"symbol": 5}}}, b"[]", ("5",)),
    ],
)
def test_what_the_vendor_does_not_know_is_told_beside_the_rest(
    content: object, items: bytes, unmatched: tuple[str, ...]
) -> None:
    assert _items(content) == Items(items, unmatched)


@pytest.mark.parametrize(
    ("request_", "content", "name"),
    [
        # Of somebody else: a proxy, another vendor, another endpoint.
        (QUOTES, {"status": "OK", "results": [1]}, "quotes"),
        (QUOTES, {"options": {"option": [1]}}, "quotes"),
        (QUOTES, {"message": "hello"}, "quotes"),
        (QUOTES, [], "quotes"),
        (QUOTES, [{"symbol": "SPY"}], "quotes"),
        (CHAIN, {"symbols": [{"rootSymbol": "SPY", "options": []}]}, "options"),
        (CLOCK, {"quotes": None}, "clock"),
        (SPLITS, {"request": "SPY"}, "items"),
        # Of the right name, with something else inside.
        (QUOTES, {"quotes": [1, 2]}, "quotes"),
        (QUOTES, {"quotes": "none"}, "quotes"),
        (QUOTES, {"quotes": 0}, "quotes"),
        (QUOTES, {"quotes": False}, "quotes"),
        (QUOTES, {"quotes": {"option": [1]}}, "quote"),
        (QUOTES, {"quotes": {"unmatched_symbols": {}}}, "quote"),
        (EXPIRATIONS, {"expirations": {"expiration": [{"date": "2026-12-18"}]}}, "date"),
    ],
)
def test_json_of_anybody_else_is_no_empty_collection(request_: Collection, content: object, name: str) -> None:
    error = _error(content, request=request_)
    assert type(error) is PayloadError
    assert str(error) == f"tradier: the answer of /v1/markets/quotes holds no {name}"
    assert error.status == 200


# --- bodies that cannot be read -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "(0 bytes) is empty"),
        (b" \n", "(2 bytes) is not the JSON it should be: it is text"),
        (b"hello", "(5 bytes) is not the JSON it should be: it is text"),
        (b"nullx", "(5 bytes) is not the JSON it should be: it is text"),
        (b"\xff\xfe", "(2 bytes) is not the JSON it should be: it is text"),
        (b'\xef\xbb\xbf{"quotes":null}', "(18 bytes) is not the JSON it should be: it is text"),
        (XML, "(63 bytes) is not the JSON it should be: it is XML"),
        (b'{"quotes":{"quote":[{"sym', "Input data was truncated"),
        (b"[1,2", "Input data was truncated"),
        (b'{"quotes":null}}', "trailing characters"),
        (b'{"quotes":{"quote":nope}}', "JSON is malformed"),
        (b"{'quotes':null}", "JSON is malformed"),
        (b'{"\xff":1}', "can't decode byte 0xff"),
        (b'{"quotes":{"unmatched_symbols":{"symbol":"\xff"}}}', "can't decode byte 0xff"),
        (b'{"errors":{"error":"\xff"}}', "can't decode byte 0xff"),
        (b'{"fault":{"faultstring":"\xff"}}', "can't decode byte 0xff"),
        (b'{"quotes":{"unmatched_symbols":{"symbol":1e999}}}', "out of range"),
        (b'{"quotes":{"unmatched_symbols":{"symbol":' + b"9" * 5000 + b"}}}", "out of range"),
        (b'{"quotes":' + b"[" * 100_000, "maximum recursion depth"),
        (b'{"quotes":' + b'{"quote":' * 100_000, "maximum recursion depth"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_payload_error(body: bytes, said: str) -> None:
    error = _error(body)
    assert type(error) is PayloadError
    assert said in str(error)
    assert len(str(error)) < 250


@pytest.mark.parametrize("body", [HTML, b"\n <html>", b"<"])
def test_a_web_page_under_success_means_maintenance(body: bytes) -> None:
    error = _error(body)
    assert type(error) is UnavailableError
    assert "with a web page instead of data" in str(error)
    assert "Invalid Access Token" not in str(error)


@pytest.mark.parametrize("body", [HTML, b"", b"hello", b'{"quo', b'{"fault":{"faultstring":"\xff"}}', b"[" * 100_000])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, DataProviderError),
        (404, UnavailableError),
        (429, RateLimitError),
        (500, UnavailableError),
        (502, UnavailableError),
        (504, UnavailableError),
        (520, UnavailableError),
        (530, UnavailableError),
    ],
)
def test_an_unreadable_failure_is_judged_by_its_status(body: bytes, status: int, kind: type[DataProviderError]) -> None:
    error = _error(body, status=status)
    assert type(error) is kind
    assert error.status == status


# --- refusals -------------------------------------------------------------------------------------------------------

DENIED = "keymanagement.service.invalid_access_token"


@pytest.mark.parametrize(
    ("content", "status", "why"),
    [
        (b"Invalid Access Token", 401, "is missing or not valid for this host"),
        (b"Invalid Access Token", 200, "is missing or not valid for this host"),
        (b"  invalid access token\n", 403, "is missing or not valid for this host"),
        (b"", 401, "is missing or not valid for this host"),
        (_fault("Invalid Access Token", DENIED), 401, "is missing or not valid for this host"),
        (_fault("Invalid Access Token", DENIED), 403, "is missing or not valid for this host"),
        (_fault("Access Token expired", "keymanagement.service.access_token_expired"), 500, "has expired"),
        (_fault("Access Token expired"), 500, "has expired"),
        (_fault("Denied", DENIED), 500, "is missing or not valid for this host"),
        (_fault(None, DENIED), 200, "is missing or not valid for this host"),
        (b"Access Token expired", 500, "has expired"),
        ({"errors": {"error": "Invalid Access Token"}}, 200, "is missing or not valid for this host"),
    ],
)
def test_a_token_that_is_not_taken_is_known_by_the_text(content: object, status: int, why: str) -> None:
    error = _error(content, status=status)
    assert type(error) is AuthenticationError
    assert str(error) == (
        f"tradier: /v1/markets/quotes: the access token {why}; check TRADIER_ACCESS_TOKEN and TRADIER_BASE_URL "
        "(the sandbox, https://sandbox.tradier.com/v1, has tokens of its own)"
    )


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("content", [b"Not for you", {"errors": {"error": "Not for you"}}, _fault("Not for you")])
def test_another_refusal_of_that_status_is_about_the_plan(content: object, status: int) -> None:
    error = _error(content, status=status)
    assert type(error) is EntitlementError
    assert str(error) == 'tradier: /v1/markets/quotes is not open to this token (the vendor says: "Not for you")'


def test_a_refusal_in_the_vendors_other_language_is_one_all_the_same() -> None:
    assert type(_error(b"<fault><faultstring>Invalid Access Token</faultstring></fault>", status=401)) is (
        AuthenticationError
    )


@pytest.mark.parametrize("status", [401, 403])
def test_a_web_page_in_the_way_is_no_word_of_the_vendor_about_the_token(status: int) -> None:
    error = _error(HTML, status=status)
    assert type(error) is UnavailableError
    assert str(error) == (
        f"tradier: /v1/markets/quotes was turned away with a web page (HTTP {status}), not by the vendor's service: a "
        "firewall or a proxy stands between; try again later"
    )


def test_a_403_that_says_nothing_is_about_the_plan() -> None:
    assert type(_error(b"", status=403)) is EntitlementError


RESET_MS = round((SERVED + timedelta(seconds=13)).timestamp() * 1000)
QUOTA = f"Quota Violation. Quota Exceeded. Limit: 120. Expires: {RESET_MS}"


@pytest.mark.parametrize("status", [200, 400, 403, 429, 500])
@pytest.mark.parametrize(
    "content", [QUOTA.encode(), _fault(QUOTA), {"errors": {"error": QUOTA}}], ids=["text", "fault", "errors"]
)
def test_a_quota_violation_says_when_the_window_ends(content: object, status: int) -> None:
    error = _error(content, status=status, headers=DATE)
    assert type(error) is RateLimitError
    assert error.retry_after_s == pytest.approx(14.0)  # and a second, for the vendor's clock is told in whole ones
    assert "too many requests for this token; wait 14 s, then try again (the vendor says: " in str(error)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 429),
        (b"Slow down", 429),
        (_fault("Too fast", "policies.ratelimit.SpikeArrestViolation"), 500),
        (b"Quota Violation", 400),
        (b"Quota Violation nan", 400),
        (b"Quota Violation inf", 400),
        (b"Quota Violation -inf", 400),
        # A number that is no time of these days must not mean "at once".
        (b"Quota Violation. Limit: 120", 429),
        (f"Quota Violation {RESET_MS // 1000}".encode(), 429),
        (f"Quota Violation {RESET_MS * 1000}".encode(), 429),
    ],
)
@pytest.mark.parametrize(("retry_after", "seconds"), [(None, None), ("7", 7.0)])
def test_a_quota_violation_without_a_time_waits_as_the_header_says(
    content: object, status: int, retry_after: str | None, seconds: float | None
) -> None:
    headers = DATE if retry_after is None else {**DATE, "Retry-After": retry_after}
    error = _error(content, status=status, headers=headers)
    assert type(error) is RateLimitError
    assert error.retry_after_s == seconds
    assert ("wait 7 s, then try again" in str(error)) is (seconds == 7.0)


def test_a_window_that_has_just_ended_is_not_waited_for() -> None:
    ended = round((SERVED - timedelta(seconds=30)).timestamp() * 1000)
    assert _error(f"Quota Violation {ended}".encode(), status=429, headers=DATE).retry_after_s == 0.0


def test_without_a_date_the_wait_is_counted_by_our_own_clock() -> None:
    ends = round((datetime.now(UTC) + timedelta(seconds=30)).timestamp() * 1000)
    error = _error(f"Quota Violation {ends}".encode(), status=429)
    assert error.retry_after_s == pytest.approx(31.0, abs=10.0)


def test_a_gateway_hiccup_passes() -> None:
    error = _error(_fault("Datastore Error", "steps.servicecallout.ExecutionFailed"), status=500)
    assert type(error) is UnavailableError
    assert str(error) == (
        'tradier: /v1/markets/quotes: the vendor failed with HTTP 500 (the vendor says: "Datastore Error")'
    )


def test_a_failure_may_say_when_to_come_back() -> None:
    assert _error(b"", status=503, headers={"Retry-After": "3"}).retry_after_s == 3.0


def test_an_answer_too_large_for_the_gateway_is_to_be_cut() -> None:
    error = _error(_fault("Body buffer overflow", "protocol.http.TooBigBody"), status=500)
    assert type(error) is TooBigError
    assert error.code is ErrorCode.TRADIER_API_ERROR
    assert 'too large for the vendor\'s gateway (the vendor says: "Body buffer overflow")' in str(error)


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    "text",
    [
        "Invalid parameter, start: must be on or after 2024-01-15 00:00:00.",
        "  invalid Parameter, start: must be on or after 2024-01-15",
    ],
)
def test_a_start_before_what_is_kept_names_the_first_day(text: str, status: int) -> None:
    for content in (text.encode(), {"errors": {"error": text}}, _fault(text)):
        error = _error(content, status=status)
        assert isinstance(error, TooEarlyError)
        assert error.earliest == date(2024, 1, 15)
        assert error.code is ErrorCode.TRADIER_API_ERROR
        assert str(error) == "tradier: /v1/markets/quotes: nothing is kept from before 2024-01-15"


@pytest.mark.parametrize(
    "text",
    [
        "Invalid parameter, duration: pre market no longer available",
        "Invalid parameter, start: must be on or after 2024-99-15 00:00:00.",
        "Invalid parameter, start: must be on or after yesterday.",
        "Invalid parameter, interval: must be one of tick, 1min.",
    ],
)
def test_another_parameter_that_is_refused_is_quoted(text: str) -> None:
    error = _error(text.encode(), status=400)
    assert type(error) is DataProviderError
    assert error.code is ErrorCode.TRADIER_API_ERROR
    assert str(error) == f'tradier: /v1/markets/quotes was refused with HTTP 400 (the vendor says: "{text}")'


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ({"error": FOREIGN}, f' (the vendor says: "{FOREIGN}")'),
        ({"error": [FOREIGN, "More"]}, f' (the vendor says: "{FOREIGN}; More")'),
        ({"error": None}, ""),
        ({"error": {"a": 1}}, " (the vendor says: \"{'a': 1}\")"),
        (None, ""),
        ([], ""),
        ({}, ""),
    ],
)
def test_errors_under_200_are_no_success(errors: object, said: str) -> None:
    error = _error({"errors": errors, "quotes": {"quote": [1]}})
    assert type(error) is DataProviderError
    assert str(error) == f"tradier: /v1/markets/quotes was refused with HTTP 200{said}"


@pytest.mark.parametrize(
    "fault",
    [None, "text", 5, [], {}, {"faultstring": 5}, {"faultstring": None}, {"detail": {"errorcode": [1]}}, {"more": 1}],
)
@pytest.mark.parametrize(
    ("status", "kind"), [(200, DataProviderError), (400, DataProviderError), (500, UnavailableError)]
)
def test_a_fault_of_another_form_is_a_failure_all_the_same(
    fault: object, status: int, kind: type[DataProviderError]
) -> None:
    error = _error({"fault": fault, "quotes": {"quote": [1]}}, status=status)
    assert type(error) is kind
    assert "the vendor says" not in str(error)


@pytest.mark.parametrize("detail", [None, {}, {"errorcode": None}])
def test_a_fault_without_a_code_keeps_its_text(detail: object) -> None:
    error = _error({"fault": {"faultstring": "Access Token expired", "detail": detail}}, status=500)
    assert type(error) is AuthenticationError


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (201, DataProviderError),
        (302, DataProviderError),
        (400, DataProviderError),
        (401, AuthenticationError),
        (403, EntitlementError),
        (404, UnavailableError),
        (405, DataProviderError),
        (429, RateLimitError),
        (498, DataProviderError),
        (499, UnavailableError),
        (500, UnavailableError),
        (503, UnavailableError),
        (530, UnavailableError),
        (599, UnavailableError),
    ],
)
def test_data_under_another_status_than_200_is_no_answer(status: int, kind: type[DataProviderError]) -> None:
    error = _error({"quotes": {"quote": [{"symbol": "SPY"}]}}, status=status)
    assert type(error) is kind
    assert error.status == status
    assert str(error)[: len("tradier: /v1/markets/quotes")] == "tradier: /v1/markets/quotes"


def test_what_the_vendor_says_is_quoted_in_one_short_line() -> None:
    error = _error(b"Bad\r\n\tthing: " + b"x" * 1_000_000, status=400)
    assert str(error).count("\n") == 0
    assert '"Bad thing: xxx' in str(error)
    assert len(str(error)) < 300


def test_the_facts_of_the_answer_are_those_of_the_error() -> None:
    error = _error(b"", status=503, headers={"X-Request-Id": "6f"})
    assert (error.endpoint, error.status, error.request_id) == ("/v1/markets/quotes", 503, "6f")


def test_data_that_speaks_of_quotas_is_data() -> None:
    row = {"symbol": "QUOTA", "description": "Quota Violation, Invalid Access Token"}
    assert _items({"quotes": {"quote": row}}) == Items(msgspec.json.encode([row]))


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("recorded/error_401_invalid_token.txt", 401, AuthenticationError),
        ("errors/fault_401_invalid_access_token.json", 401, AuthenticationError),
        ("errors/fault_500_access_token_expired.json", 500, AuthenticationError),
        ("errors/fault_500_datastore.json", 500, UnavailableError),
        ("errors/fault_too_big_body_SYNTH.json", 500, TooBigError),
        ("errors/order_errors_200.json", 200, DataProviderError),
        ("errors/orders_400_duration.txt", 400, DataProviderError),
        ("errors/quota_violation_SYNTH.txt", 429, RateLimitError),
        ("errors/timesales_400_start_too_old.txt", 400, TooEarlyError),
    ],
)
def test_recorded_failures(fixtures_dir: Path, name: str, status: int, kind: type[DataProviderError]) -> None:
    assert type(_error((fixtures_dir / "tradier" / name).read_bytes(), status=status)) is kind
