"""What the requests to any vendor have alike, with Tradier's class in the place of any."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from quantdata.config import Secret
from quantdata.errors import ConfigError, PayloadError, UnavailableError
from quantdata.wire.http import Request
from quantdata.wire.limits import Budget, TokenBucket
from quantdata.wire.rest import Rest
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from quantdata.wire.reply import Reply
    from tests.unit.conftest import Vendor

ASK = Request("/v1/thing")
CLOCK = Request("/v1/clock")
LOCAL = "http://127.0.0.1:1"
SIMULATED = {"X-Quantdata-Simulated": "2026-11-18T16:00:00+00:00"}
SIMULATED_AT = datetime(2026, 11, 18, 16, tzinfo=UTC)
KEY = "k3y-that-nobody-may-see"


def _rest(base_url: str = LOCAL, *, key: str = KEY, per_minute: float = 6000.0) -> Rest:
    return Rest(
        "tradier",
        Secret(key),
        base_url=base_url,
        limiter=TokenBucket(per_minute=per_minute, burst=9),
        policy=RetryPolicy(tries=1),
        clock_request=CLOCK,
    )


def _body(reply: Reply) -> bytes:
    return reply.body


def test_the_key_goes_into_one_header_and_our_name_into_another(vendor: Vendor) -> None:
    vendor.on("/v1/thing", {})
    asyncio.run(_rest()._fetch(ASK, _body))
    (request,) = vendor.requests
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["User-Agent"] == "quantdata"
    assert request.headers["Accept"] == "application/json"
    assert KEY not in str(request.url)


def test_a_key_that_is_echoed_is_taken_out(vendor: Vendor) -> None:
    vendor.on("/v1/thing", f"<{KEY}>".encode())
    assert asyncio.run(_rest()._fetch(ASK, _body)) == b"<[key]>"


def test_a_word_of_a_few_letters_may_stand_in_an_answer(vendor: Vendor) -> None:
    vendor.on("/v1/thing", b"a test of testing it")
    assert asyncio.run(_rest(key="test")._fetch(ASK, _body)) == b"a test of testing it"
    assert asyncio.run(_rest(key="testing")._fetch(ASK, _body)) == b"a test of testing it"


def test_requests_are_counted_with_their_retries(vendor: Vendor) -> None:
    vendor.on("/v1/thing", {})
    rest = _rest()
    assert rest.requests_sent == 0

    async def ask() -> None:
        for _ in range(3):
            await rest._fetch(ASK, _body)

    asyncio.run(ask())
    assert rest.requests_sent == len(vendor.requests) == 3


@pytest.mark.parametrize(("per_minute", "is_slow"), [(5.0, True), (6000.0, False)])
def test_pace_and_budget_are_those_of_the_limiter(per_minute: float, *, is_slow: bool) -> None:
    rest = _rest(per_minute=per_minute)
    assert rest.is_slow is is_slow
    assert rest.budgets() == [Budget("*", per_minute, 9, None)]


@pytest.mark.parametrize("base_url", ["http://api.tradier.com", "https://me:pass@x", "ftp://x", ""])
def test_a_base_that_would_show_the_key_is_refused(base_url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        _rest(base_url)


def test_closing_twice_is_harmless(vendor: Vendor) -> None:
    async def close() -> None:
        rest = _rest()
        await rest.close()
        await rest.close()

    asyncio.run(close())
    assert vendor.requests == []


# --- what time it is there ------------------------------------------------------------------------------------------


def test_a_vendors_present_is_our_own(vendor: Vendor) -> None:
    rest = _rest("https://api.tradier.com")
    present = asyncio.run(rest.present())
    assert abs(present - datetime.now(UTC)) < timedelta(minutes=1)
    assert rest.is_simulated is False
    assert vendor.requests == []


@pytest.mark.parametrize("status", [200, 401, 429, 503])
def test_a_simulator_is_asked_once_whatever_it_answers(vendor: Vendor, status: int) -> None:
    vendor.on("/v1/clock", lambda _: vendor.answer(b"no", status=status, headers=SIMULATED))
    rest = _rest()

    async def ask() -> list[datetime]:
        return [await rest.present(), await rest.present(), rest.now()]

    assert asyncio.run(ask()) == [SIMULATED_AT] * 3
    assert rest.is_simulated is True
    assert vendor.paths() == ["/v1/clock"]


def test_a_simulator_that_has_been_silent_for_a_moment_is_asked_anew(vendor: Vendor) -> None:
    # The clock of a running market goes on between two questions.
    later = {"X-Quantdata-Simulated": "2026-11-18T16:20:00+00:00"}
    vendor.on("/v1/clock", lambda _: vendor.answer({}, headers=SIMULATED if len(vendor.requests) == 1 else later))
    rest = _rest()
    now = 0.0
    rest._http._clock = lambda: now

    async def ask() -> list[datetime]:
        nonlocal now
        first = await rest.present()
        now += 1.5
        return [first, await rest.present()]

    assert asyncio.run(ask()) == [SIMULATED_AT, SIMULATED_AT + timedelta(minutes=20)]


def test_all_who_want_to_know_the_time_at_once_ask_once(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor.on("/v1/clock", lambda _: vendor.answer({}, headers=SIMULATED))
    rest = _rest()
    let_pass = rest._http.limiter.acquire

    async def acquire(endpoint: str) -> None:
        await asyncio.sleep(0)  # all have begun to ask before the first answer comes
        await let_pass(endpoint)

    monkeypatch.setattr(rest._http.limiter, "acquire", acquire)

    async def ask() -> list[datetime]:
        return await asyncio.gather(*(rest.present() for _ in range(8)))

    assert asyncio.run(ask()) == [SIMULATED_AT] * 8
    assert vendor.paths() == ["/v1/clock"]


def test_a_simulator_that_has_answered_before_is_not_asked(vendor: Vendor) -> None:
    vendor.on("/v1/thing", lambda _: vendor.answer({}, headers=SIMULATED))
    rest = _rest()

    async def ask() -> datetime:
        await rest._fetch(ASK, _body)
        return await rest.present()

    assert asyncio.run(ask()) == SIMULATED_AT
    assert vendor.paths() == ["/v1/thing"]


def test_a_host_on_this_machine_without_a_clock_of_its_own_is_no_simulator(vendor: Vendor) -> None:
    vendor.on("/v1/clock", {})
    rest = _rest()

    async def ask() -> list[datetime]:
        return [await rest.present(), await rest.present()]

    assert all(abs(each - datetime.now(UTC)) < timedelta(minutes=1) for each in asyncio.run(ask()))
    assert vendor.paths() == ["/v1/clock"]


@pytest.mark.parametrize("headers", [{}, SIMULATED], ids=["vendor", "simulator"])
def test_a_damaged_answer_tells_the_time_all_the_same(vendor: Vendor, headers: dict[str, str]) -> None:
    vendor.on("/v1/clock", lambda _: vendor.answer(b"\x1f\x8bcut short", headers=headers))
    rest = _rest()

    async def ask() -> list[datetime]:
        return [await rest.present(), await rest.present()]

    assert (asyncio.run(ask()) == [SIMULATED_AT] * 2) is (headers == SIMULATED)
    assert vendor.paths() == ["/v1/clock"]


def test_a_host_that_cannot_be_reached_has_no_time(vendor: Vendor) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    vendor.on("/v1/clock", refuse)
    rest = _rest()
    for _ in range(2):
        with pytest.raises(UnavailableError, match="broke off"):
            asyncio.run(rest.present())
    assert rest.is_simulated is False


# --- rows -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ValueError, TypeError, RecursionError, UnicodeError])
def test_rows_that_cannot_be_decoded_are_the_vendors_fault(vendor: Vendor, kind: type[Exception]) -> None:
    def decode(_: object) -> None:
        raise kind("rows are bent")

    vendor.on("/v1/thing", {})
    rest = _rest()
    with pytest.raises(PayloadError) as failure:
        asyncio.run(rest._fetch(ASK, lambda reply: rest._decoded(reply, decode, [])))
    assert str(failure.value) == "tradier: the rows of /v1/thing are not what they should be: rows are bent"
    assert (failure.value.endpoint, failure.value.status) == ("/v1/thing", 200)
    assert isinstance(failure.value.__cause__, kind)


def test_good_rows_are_handed_on(vendor: Vendor) -> None:
    vendor.on("/v1/thing", {})
    rest = _rest()
    assert asyncio.run(rest._fetch(ASK, lambda reply: rest._decoded(reply, len, [1, 2]))) == 2


def test_a_mistake_of_our_own_is_not_called_the_vendors(vendor: Vendor) -> None:
    def decode(_: object) -> None:
        raise KeyError("ours")

    vendor.on("/v1/thing", {})
    rest = _rest()
    with pytest.raises(KeyError):
        asyncio.run(rest._fetch(ASK, lambda reply: rest._decoded(reply, decode, [])))
