"""Pages one after the other, and what is said when some of them are missing."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from quantdata.config import Secret
from quantdata.errors import ConfigError, IncompleteError, PayloadError, QuoteNotFoundError, UnavailableError
from quantdata.wire import limits
from quantdata.wire.http import Request
from quantdata.wire.massive.rest import EMPTY_PAGES_AT_MOST, MassiveRest
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.wire.massive.envelope import Page
    from tests.unit.conftest import Vendor

LIST = Request("/v3/list", {"limit": "2"})
ONE_TRY = RetryPolicy(tries=1)


def _rest(requests_per_minute: float = 6000.0) -> MassiveRest:
    return MassiveRest(
        Secret("k3y"), base_url="https://api.massive.com", requests_per_minute=requests_per_minute, policy=ONE_TRY
    )


def _results(page: Page) -> bytes:
    return page.results


def _pages(vendor: Vendor, decode: Callable[[Page], Any] = _results) -> list[Any]:
    async def get() -> list[Any]:
        rest = _rest()
        try:
            return await rest.pages(LIST, decode)
        finally:
            assert rest.requests_sent == len(vendor.requests)
            await rest.close()

    return asyncio.run(get())


def _paged(vendor: Vendor, pages: int, *, last: Callable[[], httpx.Response] | None = None) -> Callable[..., Any]:
    """Answer with numbered pages; the last one by ``last``."""

    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("cursor", "1"))
        if number == pages and last is not None:
            return last()
        envelope: dict[str, Any] = {"status": "OK", "results": [number]}
        if number < pages:
            envelope["next_url"] = f"https://api.polygon.io/v3/list?cursor={number + 1}&apiKey=k3y"
        return vendor.answer(envelope)

    return answer


def test_all_pages_come_in_order_from_our_own_host(vendor: Vendor) -> None:
    vendor.on("/v3/list", _paged(vendor, 3))
    assert _pages(vendor) == [b"[1]", b"[2]", b"[3]"]
    assert [str(request.url) for request in vendor.requests] == [
        "https://api.massive.com/v3/list?limit=2",
        "https://api.massive.com/v3/list?cursor=2",
        "https://api.massive.com/v3/list?cursor=3",
    ]
    assert {request.headers["Authorization"] for request in vendor.requests} == {"Bearer k3y"}


def test_cursors_in_a_circle_are_a_payload_error(vendor: Vendor) -> None:
    vendor.on("/v3/list", {"status": "OK", "results": [1], "next_url": "https://x/v3/list?cursor=1"})
    with pytest.raises(PayloadError, match="run in a circle, after 2 pages"):
        _pages(vendor)


def test_a_failing_later_page_hands_over_the_pages_before_it(vendor: Vendor) -> None:
    vendor.on("/v3/list", _paged(vendor, 3, last=lambda: vendor.answer(b"", status=503)))
    with pytest.raises(IncompleteError, match=r"2 pages arrived, then .* HTTP 503") as failure:
        _pages(vendor)
    assert failure.value.received == [b"[1]", b"[2]"]
    assert (failure.value.endpoint, failure.value.status) == ("/v3/list", 503)
    assert isinstance(failure.value.reason, UnavailableError)
    assert failure.value.__cause__ is failure.value.reason


def test_a_failing_first_page_is_its_own_error(vendor: Vendor) -> None:
    vendor.on("/v3/list", {"status": "NOT_FOUND"}, status=404)
    with pytest.raises(QuoteNotFoundError):
        _pages(vendor)


def _whole(vendor: Vendor, pages: int, *, last: Callable[[], httpx.Response] | None = None) -> list[bytes]:
    async def get() -> list[bytes]:
        rest = _rest()
        try:
            return await rest.whole(LIST, _results)
        finally:
            await rest.close()

    vendor.on("/v3/list", _paged(vendor, pages, last=last))
    return asyncio.run(get())


def test_the_whole_of_an_answer_is_all_its_pages(vendor: Vendor) -> None:
    assert _whole(vendor, 3) == [b"[1]", b"[2]", b"[3]"]


@pytest.mark.parametrize("pages", [1, 3])
def test_where_a_part_is_of_no_use_a_failing_page_is_its_own_error(vendor: Vendor, pages: int) -> None:
    with pytest.raises(UnavailableError, match=r"^massive: /v3/list: the vendor failed with HTTP 503"):
        _whole(vendor, pages, last=lambda: vendor.answer(b"", status=503))
    assert len(vendor.requests) == pages


def test_every_page_must_hold_its_rows_where_the_first_one_does(vendor: Vendor) -> None:
    vendor.on("/v3/list", _paged(vendor, 2, last=lambda: vendor.answer({"status": "OK"})))

    async def get() -> list[bytes]:
        return await _rest().whole(Request("/v3/list", holds="results"), _results)

    with pytest.raises(PayloadError, match="holds no rows"):
        asyncio.run(get())


@pytest.mark.parametrize(
    "error", [ValueError("rows are bent"), TypeError("rows are bent"), RecursionError("rows are bent")]
)
def test_rows_that_cannot_be_decoded_are_a_payload_error(vendor: Vendor, error: Exception) -> None:
    def decode(_: Page) -> None:
        raise error

    vendor.on("/v3/list", {"status": "OK", "results": [1]})
    with pytest.raises(PayloadError, match="the rows of /v3/list are not what they should be: rows are bent"):
        _pages(vendor, decode)


def test_pages_without_end_are_stopped(vendor: Vendor) -> None:
    vendor.on("/v3/list", _paged(vendor, 10))

    async def get(most: int) -> list[bytes]:
        return await _rest().pages(LIST, _results, most=most)

    assert len(asyncio.run(get(10))) == 10
    with pytest.raises(PayloadError, match="come to no end, or run in a circle, after 3 pages"):
        asyncio.run(get(3))


@pytest.mark.parametrize(("empty", "is_whole"), [(EMPTY_PAGES_AT_MOST, True), (103, False)])
def test_a_few_empty_pages_are_read_over_and_many_are_no_answer(vendor: Vendor, empty: int, *, is_whole: bool) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("cursor", "1"))
        last = {"status": "OK", "results": [number]}
        page = {"status": "OK", "results": [], "next_url": f"https://x/v3/list?cursor={number + 1}"}
        return vendor.answer(page if number <= empty else last)

    vendor.on("/v3/list", answer)
    if is_whole:
        assert _pages(vendor)[-1] == b"[101]"
    else:
        with pytest.raises(PayloadError, match="come to no end"):
            _pages(vendor)


@pytest.mark.parametrize(
    ("requests_per_minute", "is_slow", "burst"), [(5.0, True, 5), (0.5, True, 1), (6e3, False, 100)]
)
def test_burst_and_pace_follow_the_plan(requests_per_minute: float, *, is_slow: bool, burst: int) -> None:
    rest = _account("an-account-that-nobody-has-used", per_minute=requests_per_minute)
    assert rest.is_slow is is_slow
    assert rest.budgets()[0][:3] == ("*", requests_per_minute, burst)


def _account(key: str = "k3y", base_url: str = "https://api.massive.com", per_minute: float = 6000.0) -> MassiveRest:
    return MassiveRest(Secret(key), base_url=base_url, requests_per_minute=per_minute)


def test_clients_of_one_account_share_its_rate() -> None:
    # The vendor counts the requests of a key, whoever sends them.
    first, second = _account(), _account()
    assert first._http.limiter is second._http.limiter


@pytest.mark.parametrize(
    "other",
    [{"key": "0ther"}, {"base_url": "https://files.massive.com"}, {"per_minute": 5.0}],
    ids=lambda each: [*each],
)
def test_another_key_host_or_rate_is_another_account(other: dict[str, Any]) -> None:
    first, second = _account(), _account(**other)
    assert first._http.limiter is not second._http.limiter


def test_an_account_outlives_its_clients_for_the_vendor_counts_on() -> None:
    limiter = _account("0nce")._http.limiter
    gc.collect()
    assert _account("0nce")._http.limiter is limiter


def test_of_many_accounts_those_used_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_newest", OrderedDict())
    used, unused = (weakref.ref(_account(key)._http.limiter) for key in ("f1rst", "s3cond"))
    held = _account("th1rd")
    for number in range(limits.ACCOUNTS_AT_MOST):
        _account("f1rst")
        _account(f"0ther{number}")
    gc.collect()
    assert len(limits._newest) == limits.ACCOUNTS_AT_MOST
    assert _account("f1rst")._http.limiter is used()
    assert unused() is None
    # One that a client still holds is never made twice.
    assert _account("th1rd")._http.limiter is held._http.limiter


def test_what_is_kept_of_an_account_does_not_hold_its_key() -> None:
    rest = _account("k3y-that-nobody-may-see")
    assert rest._http.limiter in limits._limiters.values()
    assert "k3y-that-nobody-may-see" not in repr(list(limits._limiters))


@pytest.mark.parametrize(
    "base_url", ["http://api.massive.com", "http://192.168.1.7:8000", "ftp://x", "api.massive.com"]
)
def test_a_key_does_not_travel_in_the_clear(base_url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        _account(base_url=base_url)


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8000", "http://localhost:8000/", "https://api.massive.com/"])
def test_plain_http_is_for_this_machine(base_url: str) -> None:
    assert str(_account(base_url=base_url)._http._client.base_url).rstrip("/") == base_url.rstrip("/")


SIMULATED = {"X-Quantdata-Simulated": "2026-11-18T16:00:00+00:00"}


def test_a_simulator_is_recognised(vendor: Vendor) -> None:
    vendor.on("/v3/list", lambda _: vendor.answer({"status": "OK"}, headers=SIMULATED))

    async def get() -> tuple[bool, bool, int]:
        rest = _rest()
        before = rest.is_simulated
        await rest.page(LIST, _results)
        return before, rest.is_simulated, rest.now().year

    assert asyncio.run(get()) == (False, True, 2026)


@pytest.mark.parametrize(
    ("base_url", "headers", "asked"),
    [
        ("https://api.massive.com", {}, 0),
        ("http://127.0.0.1:8000", SIMULATED, 1),
        ("http://127.0.0.1:8000", {}, 1),
    ],
)
def test_only_a_host_on_this_machine_is_asked_for_the_time_and_once(
    vendor: Vendor, base_url: str, headers: dict[str, str], asked: int
) -> None:
    vendor.on("/v1/marketstatus/now", lambda _: vendor.answer({}, headers=headers))

    async def get() -> set[bool]:
        rest = MassiveRest(Secret("k3y"), base_url=base_url, policy=ONE_TRY)
        return {(await rest.present()).isoformat() == "2026-11-18T16:00:00+00:00" for _ in range(3)}

    assert asyncio.run(get()) == {headers == SIMULATED}
    assert len(vendor.requests) == asked


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503])
@pytest.mark.parametrize("headers", [{}, SIMULATED], ids=["vendor", "simulator"])
def test_a_host_that_refuses_its_status_has_a_time_all_the_same(
    vendor: Vendor, status: int, headers: dict[str, str]
) -> None:
    vendor.on("/v1/marketstatus/now", lambda _: vendor.answer(b"", status=status, headers=headers))

    async def get() -> set[bool]:
        rest = MassiveRest(Secret("k3y"), base_url="http://127.0.0.1:8000", policy=ONE_TRY)
        return {(await rest.present()).isoformat() == "2026-11-18T16:00:00+00:00" for _ in range(2)}

    assert asyncio.run(get()) == {headers == SIMULATED}
    assert len(vendor.requests) == 1


def test_a_host_that_does_not_answer_has_no_time_and_is_asked_again(vendor: Vendor) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    vendor.on("/v1/marketstatus/now", refuse)

    async def get() -> None:
        rest = MassiveRest(Secret("k3y"), base_url="http://127.0.0.1:8000", policy=ONE_TRY)
        for _ in range(2):
            with pytest.raises(UnavailableError, match="broke off"):
                await rest.present()

    asyncio.run(get())
    assert len(vendor.requests) == 2
