"""Tradier over HTTP: hosts, the account's windows, and collections decoded as they arrive."""

from __future__ import annotations

import asyncio
import pickle
import traceback
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from quantdata.config import Secret
from quantdata.errors import ConfigError, DataProviderError, PayloadError, RateLimitError
from quantdata.wire.limits import Budget, WindowLimiter
from quantdata.wire.retry import RetryPolicy
from quantdata.wire.tradier import endpoints
from quantdata.wire.tradier.rest import TradierRest, is_sandbox

if TYPE_CHECKING:
    from quantdata.wire.tradier.envelope import Items
    from tests.unit.conftest import Vendor

PRODUCTION = "https://api.tradier.com/v1"
SANDBOX = "https://sandbox.tradier.com/v1"
QUOTES = "/v1/markets/quotes"
ASK = endpoints.quotes(["SPY"])
KEY = "k3y-that-nobody-may-see"
ONE_TRY = RetryPolicy(tries=1)


def _rest(base_url: str = PRODUCTION, *, key: str = KEY, policy: RetryPolicy = ONE_TRY) -> TradierRest:
    return TradierRest(Secret(key), base_url=base_url, policy=policy)


def _whole(items: Items) -> Items:
    return items


def _ask(rest: TradierRest) -> Items:
    return asyncio.run(rest.items(ASK, _whole))


# --- hosts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        (PRODUCTION, False),
        (SANDBOX, True),
        ("https://sandbox.tradier.com", True),
        ("https://SANDBOX.tradier.com/v1/", True),
        ("http://127.0.0.1:8000/v1", False),
        ("http://127.0.0.1:8000/sandbox/v1", True),
        ("http://127.0.0.1:8000/sandbox", True),
        ("https://api.tradier.com/v1/sandbox", False),
        ("https://mysandbox.example/v1", False),
        ("nonsense", False),
    ],
)
def test_a_sandbox_is_known_by_its_host_or_the_simulators_folder(base_url: str, *, expected: bool) -> None:
    assert is_sandbox(base_url) is expected


@pytest.mark.parametrize(
    "base_url",
    ["https://api.tradier.com", "https://api.tradier.com/", PRODUCTION, f"{PRODUCTION}/", f" {PRODUCTION} "],
)
def test_a_base_may_end_in_the_version_or_not(vendor: Vendor, base_url: str) -> None:
    vendor.on("/", {"quotes": None})
    rest = _rest(base_url)

    async def ask() -> None:
        await rest.items(ASK, _whole)
        with pytest.raises(PayloadError):
            await rest.items(endpoints.splits("SPY"), _whole)

    asyncio.run(ask())
    assert [str(request.url) for request in vendor.requests[:2]] == [
        "https://api.tradier.com/v1/markets/quotes?symbols=SPY&greeks=false",
        "https://api.tradier.com/beta/markets/fundamentals/corporate_actions?symbols=SPY",
    ]


def test_the_simulators_sandbox_keeps_its_folder(vendor: Vendor) -> None:
    vendor.on("/sandbox/v1/markets/quotes", {"quotes": None})
    assert _ask(_rest("http://127.0.0.1:1/sandbox/v1")).items == b"[]"
    assert vendor.paths() == ["/sandbox/v1/markets/quotes"]


def test_a_token_that_cannot_be_one_is_refused_unseen() -> None:
    with pytest.raises(ConfigError, match="holds characters that no key has") as failure:
        TradierRest(Secret("t0ken\udcff"), base_url="https://api.tradier.com/v1")
    assert "t0ken" not in repr(failure.value)


@pytest.mark.parametrize("base_url", ["http://api.tradier.com/v1", "ftp://x/v1", "api.tradier.com/v1", "", "/v1"])
def test_a_token_does_not_travel_in_the_clear(base_url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        _rest(base_url)


# --- the account ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("base_url", "allowed"), [(PRODUCTION, 120), (SANDBOX, 60)])
def test_until_an_answer_tells_the_documented_rate_holds(vendor: Vendor, base_url: str, allowed: int) -> None:
    vendor.on(QUOTES, {"quotes": None})
    rest = _rest(base_url, key=f"guess-{allowed}")
    assert rest.budgets() == []
    _ask(rest)
    (budget,) = rest.budgets()
    assert budget[:3] == (QUOTES, float(allowed), allowed - 1)
    assert rest.is_slow is False


def test_the_headers_of_an_answer_tell_the_rate_by_endpoint(vendor: Vendor) -> None:
    served = datetime(2026, 11, 18, 17, 0, 20, tzinfo=UTC)
    headers = {
        "X-Ratelimit-Allowed": "200",
        "X-Ratelimit-Used": "50",
        "X-Ratelimit-Available": "150",
        "X-Ratelimit-Expiry": str(round(served.timestamp() + 40) * 1000),
        "Date": format_datetime(served, usegmt=True),
    }
    vendor.on(QUOTES, lambda _: vendor.answer({"quotes": None}, headers=headers))
    rest = _rest(key="headers")
    _ask(rest)
    (budget,) = rest.budgets()
    assert budget == Budget(QUOTES, 200.0, 150, pytest.approx(40.0, abs=5.0))  # type: ignore[arg-type]


def test_clients_of_one_token_and_host_share_their_windows() -> None:
    first = _rest(f"{PRODUCTION}/")
    limiter = first._http.limiter
    assert isinstance(limiter, WindowLimiter)
    assert _rest()._http.limiter is limiter
    assert _rest("https://api.tradier.com")._http.limiter is limiter
    assert _rest(key="0ther")._http.limiter is not limiter
    assert _rest(SANDBOX)._http.limiter is not limiter


def test_a_quota_violation_stops_the_endpoint_and_not_the_others(vendor: Vendor) -> None:
    served = datetime(2026, 11, 18, 17, 0, 7, tzinfo=UTC)
    resets_ms = round(served.timestamp() * 1000) + 1_000
    date = {"Date": format_datetime(served, usegmt=True)}
    refusals = [vendor.answer(f"Quota Violation {resets_ms}".encode(), status=429, headers=date)]
    vendor.on(QUOTES, lambda _: refusals.pop() if refusals else vendor.answer({"quotes": None}))
    slept: list[float] = []
    # A longer deadline than the two seconds that the vendor asks for.
    rest = _rest(key="violated", policy=RetryPolicy(tries=2))

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    rest._http._sleep = sleep
    limiter = rest._http.limiter
    assert isinstance(limiter, WindowLimiter)
    moved = [0.0]
    limiter._clock = lambda: moved[0]

    async def wait(seconds: float) -> None:
        slept.append(seconds)
        moved[0] += seconds

    limiter._sleep = wait
    assert _ask(rest).items == b"[]"
    assert slept == [2.0, 2.0]  # before the retry, and the window of all who come
    assert len(vendor.requests) == 2


def test_a_quota_violation_past_the_deadline_is_told_at_once(vendor: Vendor) -> None:
    served = datetime(2026, 11, 18, 17, 0, 7, tzinfo=UTC)
    body = f"Quota Violation {round(served.timestamp() * 1000) + 53_000}".encode()
    date = {"Date": format_datetime(served, usegmt=True)}
    vendor.on(QUOTES, lambda _: vendor.answer(body, status=429, headers=date))
    with pytest.raises(RateLimitError) as failure:
        _ask(_rest(key="late", policy=RetryPolicy()))
    assert failure.value.retry_after_s == 54.0
    assert len(vendor.requests) == 1


# --- collections ----------------------------------------------------------------------------------------------------


def test_items_are_decoded_by_the_caller(vendor: Vendor) -> None:
    vendor.on(QUOTES, {"quotes": {"quote": {"symbol": "SPY"}, "unmatched_symbols": {"symbol": "X"}}})
    found = _ask(_rest())
    assert (found.items, found.unmatched) == (b'[{"symbol":"SPY"}]', ("X",))


def test_many_symbols_travel_in_a_form(vendor: Vendor) -> None:
    vendor.on(QUOTES, {"quotes": None})
    names = [f"X{number}" for number in range(101)]
    asyncio.run(_rest().items(endpoints.quotes(names), _whole))
    (request,) = vendor.requests
    assert (request.method, str(request.url)) == ("POST", "https://api.tradier.com/v1/markets/quotes")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert httpx.QueryParams(request.content.decode()) == httpx.QueryParams(
        {"symbols": ",".join(names), "greeks": "false"}
    )


def test_items_that_cannot_be_decoded_are_a_payload_error(vendor: Vendor) -> None:
    def decode(_: Items) -> None:
        raise ValueError("a bar without a time")

    vendor.on(QUOTES, {"quotes": None})
    with pytest.raises(PayloadError, match="the rows of /v1/markets/quotes are not what they should be: a bar without"):
        asyncio.run(_rest().items(ASK, decode))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (f"Invalid parameter, token {KEY}".encode(), 400),
        (f'{{"errors":{{"error":"not for {KEY}"}}}}'.encode(), 200),
        (f'{{"fault":{{"faultstring":"{KEY} is unknown"}}}}'.encode(), 403),
        (f"Quota Violation for {KEY}".encode(), 429),
        (f"<html>{KEY}</html>".encode(), 200),
        (f'{{"quotes":{{"quote":"{KEY}'.encode(), 200),
        (KEY.encode(), 503),
    ],
)
def test_a_token_that_is_echoed_never_shows(vendor: Vendor, body: bytes, status: int) -> None:
    vendor.on(QUOTES, lambda _: vendor.answer(body, status=status, headers={"X-Request-Id": f"for {KEY}"}))
    with pytest.raises(DataProviderError) as failure:
        _ask(_rest())
    shown = "".join(traceback.format_exception(failure.value)) + repr(vars(failure.value))
    assert KEY not in shown
    assert KEY.encode() not in pickle.dumps(failure.value)
