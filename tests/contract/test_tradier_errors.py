"""Tradier's recorded refusals, in all their forms: the text tells what they are, whatever status it came under."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

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
from quantdata.wire.limits import Budget, WindowLimiter
from quantdata.wire.tradier import endpoints
from quantdata.wire.tradier.envelope import TooBigError, TooEarlyError
from tests.contract.tradier_recordings import utc

if TYPE_CHECKING:
    from tests.contract.conftest import Tradier

INVALID_TOKEN = "recorded/error_401_invalid_token.txt"  # noqa: S105  # a file's name
INVALID_TOKEN_FAULT = "errors/fault_401_invalid_access_token.json"  # noqa: S105
EXPIRED_TOKEN = "errors/fault_500_access_token_expired.json"  # noqa: S105
DATASTORE = "errors/fault_500_datastore.json"
TOO_BIG = "errors/fault_too_big_body_SYNTH.json"
REFUSED_ORDER = "errors/order_errors_200.json"
BAD_PARAMETER = "errors/orders_400_duration.txt"
QUOTA = "errors/quota_violation_SYNTH.txt"
TOO_EARLY = "errors/timesales_400_start_too_old.txt"
NOT_A_SYMBOL = "errors/ws_invalid_symbol.json"
LIMITED = "recorded/quotes_single_PLTR_object.json"

QUOTES = endpoints.quotes(["SPY"])
PATH = "/v1/markets/quotes"
# The quota's window ends at 23:35:00, by the last word of the text.
SERVED = {"Date": "Sun, 07 Jul 2024 23:34:17 GMT"}


def refusal(
    tradier: Tradier, path: str, *, status: int | None = None, body: bytes | None = None, headers: dict[str, str]
) -> DataProviderError:
    with pytest.raises(DataProviderError) as caught:
        tradier.items(path, QUOTES, status=status, body=body, headers=headers)
    return caught.value


@pytest.mark.parametrize(
    ("path", "kind", "code", "status", "words"),
    [
        (
            INVALID_TOKEN,
            AuthenticationError,
            ErrorCode.AUTHENTICATION_FAILED,
            401,
            ["missing or not valid for this host", "check TRADIER_ACCESS_TOKEN", "has tokens of its own"],
        ),
        (
            INVALID_TOKEN_FAULT,
            AuthenticationError,
            ErrorCode.AUTHENTICATION_FAILED,
            401,
            ["missing or not valid for this host", "check TRADIER_ACCESS_TOKEN", "has tokens of its own"],
        ),
        (
            EXPIRED_TOKEN,
            AuthenticationError,
            ErrorCode.AUTHENTICATION_FAILED,
            500,
            ["the access token has expired", "check TRADIER_ACCESS_TOKEN"],
        ),
        (
            DATASTORE,
            UnavailableError,
            ErrorCode.UNAVAILABLE,
            500,
            ["the vendor failed with HTTP 500", "Datastore Error"],
        ),
        (
            TOO_BIG,
            TooBigError,
            ErrorCode.TRADIER_API_ERROR,
            500,
            ["too large for the vendor's gateway", "Body buffer overflow"],
        ),
        (
            REFUSED_ORDER,
            DataProviderError,
            ErrorCode.TRADIER_API_ERROR,
            200,
            ["refused with HTTP 200", "Backoffice rejected override of the order.; DayTradingBuyingPowerExceeded"],
        ),
        (
            BAD_PARAMETER,
            DataProviderError,
            ErrorCode.TRADIER_API_ERROR,
            400,
            ["refused with HTTP 400", "Invalid parameter, duration: pre market no longer available"],
        ),
        (TOO_EARLY, TooEarlyError, ErrorCode.TRADIER_API_ERROR, 400, ["nothing is kept from before 2024-01-15"]),
        (NOT_A_SYMBOL, PayloadError, ErrorCode.BAD_PAYLOAD, 200, ["holds no quotes"]),
    ],
)
def test_every_recorded_error_is_typed_and_says_what_was_asked_and_what_to_do(
    tradier: Tradier, path: str, kind: type[DataProviderError], code: ErrorCode, status: int, words: list[str]
) -> None:
    # reference/tradier.md §2. The vendor gives no request id.
    with pytest.raises(DataProviderError) as caught:
        tradier.items(path, QUOTES)
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.status, error.provider, error.endpoint) == (code, status, "tradier", PATH)
    assert (error.request_id, error.retry_after_s) == (None, None)
    assert str(error).startswith("tradier: ")
    assert [word for word in [PATH, *words] if word not in str(error)] == []


def test_a_quota_violation_says_when_to_come_back(tradier: Tradier) -> None:
    # reference/tradier.md §2: its last word is the end of the window in epoch milliseconds; a second is added to it.
    error = refusal(tradier, QUOTA, headers=SERVED)
    assert type(error) is RateLimitError
    assert (error.code, error.status, error.endpoint) == (ErrorCode.RATE_LIMITED, 429, PATH)
    assert error.retry_after_s == 44.0
    assert f"tradier: {PATH}: too many requests for this token; wait 44 s, then try again" in str(error)
    assert "Quota Violation. Quota Exceeded. Limit: 120." in str(error)


def test_a_window_that_is_over_needs_no_waiting(tradier: Tradier) -> None:
    error = refusal(tradier, QUOTA, headers={"Date": "Sun, 07 Jul 2024 23:36:00 GMT"})
    assert error.retry_after_s == 0.0


def test_a_quota_that_does_not_say_when_it_ends_takes_the_header(tradier: Tradier) -> None:
    said = {"Retry-After": "12"}
    assert refusal(tradier, QUOTA, body=b"Quota Violation", headers=SERVED | said).retry_after_s == 12.0
    assert refusal(tradier, QUOTA, body=b"Quota Violation", headers=SERVED).retry_after_s is None
    # A number that is no time of this hour says nothing: a limit, say.
    for number in (b"120", b"9999999999999"):
        body = b"Quota Violation. Limit: " + number
        assert refusal(tradier, QUOTA, body=body, headers=SERVED).retry_after_s is None


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500, 502, 503])
@pytest.mark.parametrize("path", [INVALID_TOKEN, INVALID_TOKEN_FAULT, EXPIRED_TOKEN])
def test_a_bad_token_is_one_under_any_status(tradier: Tradier, path: str, status: int) -> None:
    # reference/tradier.md §2: an expired token was seen under 500. It must not be tried again.
    error = refusal(tradier, path, status=status, headers={})
    assert type(error) is AuthenticationError
    assert error.status == status


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500, 503])
def test_a_quota_violation_is_one_under_any_status(tradier: Tradier, status: int) -> None:
    error = refusal(tradier, QUOTA, status=status, headers=SERVED)
    assert type(error) is RateLimitError
    assert error.retry_after_s == 44.0


def test_a_quota_violation_may_be_a_fault(tradier: Tradier) -> None:
    body = (
        b'{"fault":{"faultstring":"Quota Violation. Resets 1720395300000",'
        b'"detail":{"errorcode":"policies.ratelimit.QuotaViolation"}}}'
    )
    error = refusal(tradier, QUOTA, status=500, body=body, headers=SERVED)
    assert type(error) is RateLimitError
    assert error.retry_after_s == 44.0


@pytest.mark.parametrize("status", [200, 400, 413, 500, 502])
def test_an_answer_that_is_too_large_is_one_under_any_status(tradier: Tradier, status: int) -> None:
    assert type(refusal(tradier, TOO_BIG, status=status, headers={})) is TooBigError


@pytest.mark.parametrize("status", [200, 400, 422, 500])
def test_a_start_that_is_too_early_says_from_when_on_there_is_something(tradier: Tradier, status: int) -> None:
    error = refusal(tradier, TOO_EARLY, status=status, headers={})
    assert isinstance(error, TooEarlyError)
    assert error.earliest == date(2024, 1, 15)


@pytest.mark.parametrize("status", [404, 500, 502, 503, 504, 520, 530])
def test_a_gateway_that_fails_is_unavailable_whatever_it_says(tradier: Tradier, status: int) -> None:
    # reference/tradier.md §2: seen transiently, also as web pages.
    for body in (tradier.body(DATASTORE), b"<html><body>Bad Gateway</body></html>", b"", b"oops"):
        assert type(refusal(tradier, DATASTORE, status=status, body=body, headers={})) is UnavailableError


def test_a_web_page_under_200_is_maintenance(tradier: Tradier) -> None:
    page = b"<!DOCTYPE html><html><body>We will be back</body></html>"
    error = refusal(tradier, DATASTORE, status=200, body=page, headers={})
    assert type(error) is UnavailableError
    assert "under maintenance" in str(error)


@pytest.mark.parametrize("status", [401, 403])
def test_what_is_refused_for_another_reason_than_the_token_is_not_open_to_it(tradier: Tradier, status: int) -> None:
    error = refusal(tradier, BAD_PARAMETER, status=status, body=b"Not available in the sandbox", headers={})
    assert type(error) is EntitlementError
    assert "not open to this token" in str(error)


def test_one_text_of_errors_is_as_good_as_several(tradier: Tradier) -> None:
    # reference/tradier.md §2: {"errors":{"error": "…" | ["…", …]}} under 200.
    body = b'{"errors":{"error":"Invalid parameter, start: must be on or after 2024-01-15 00:00:00."}}'
    assert type(refusal(tradier, REFUSED_ORDER, body=body, headers={})) is TooEarlyError
    token = b'{"errors":{"error":"Invalid Access Token"}}'
    assert type(refusal(tradier, REFUSED_ORDER, body=token, headers={})) is AuthenticationError


@pytest.mark.parametrize(
    "body", [b'{"fault":null}', b'{"fault":"gone"}', b'{"fault":{"detail":7}}', b'{"errors":null}']
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_refusal_that_says_nothing_is_a_refusal(tradier: Tradier, body: bytes, status: int) -> None:
    error = refusal(tradier, REFUSED_ORDER, status=status, body=body, headers={})
    assert type(error) is (UnavailableError if status == 500 else DataProviderError)


def test_a_long_text_is_quoted_in_part(tradier: Tradier) -> None:
    error = refusal(tradier, BAD_PARAMETER, body=b"Invalid parameter, symbol: " + b"X" * 5_000, headers={})
    assert len(str(error)) < 400


# --- rates ----------------------------------------------------------------------------------------------------------


def test_the_recorded_headers_tell_what_is_left_and_when_the_minute_ends(tradier: Tradier) -> None:
    # reference/tradier.md §2: 200 a minute where 60 are documented; Expiry, in milliseconds, is the next whole minute
    # after the Date of 23:34:17.
    limiter = WindowLimiter(allowed=60, clock=lambda: 1_000.0, wall=lambda: utc("2024-07-07 00:00"))
    limiter.learn(PATH, tradier.headers(LIMITED))
    assert limiter.budgets() == [Budget(PATH, 200.0, 199, 43.0)]


def test_windows_are_counted_by_endpoint(tradier: Tradier) -> None:
    # History, quotes and chains called within one second each had a count of their own.
    chains = "/v1/markets/options/chains"
    limiter = WindowLimiter(allowed=60, clock=lambda: 1_000.0, wall=lambda: utc("2024-07-07 00:00"))
    limiter.learn(PATH, tradier.headers(LIMITED))
    limiter.learn(chains, tradier.headers("recorded/chain_PLTR_2026-12-18_greeks.json"))
    assert limiter.budgets() == [Budget(PATH, 200.0, 199, 43.0), Budget(chains, 200.0, 197, 42.0)]


def test_an_answer_without_rate_headers_changes_nothing(tradier: Tradier) -> None:
    # reference/tradier.md §2: a 401 carries none.
    limiter = WindowLimiter(allowed=60, clock=lambda: 1_000.0, wall=lambda: utc("2024-07-07 00:00"))
    headers = tradier.headers(INVALID_TOKEN)
    assert not [name for name in headers if name.startswith("x-ratelimit")]
    limiter.learn(PATH, tradier.headers(LIMITED))
    limiter.learn(PATH, headers)
    assert limiter.budgets() == [Budget(PATH, 200.0, 199, 43.0)]
