"""Pages one after the other, and what is said when some of them are missing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.config import Secret
from quantdata.errors import IncompleteError, PayloadError, QuoteNotFoundError, UnavailableError
from quantdata.wire.http import Request
from quantdata.wire.massive.rest import MassiveRest
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

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
    with pytest.raises(PayloadError, match="run in a circle after 2 pages"):
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


@pytest.mark.parametrize("error", [ValueError("rows are bent"), TypeError("rows are bent")])
def test_rows_that_cannot_be_decoded_are_a_payload_error(vendor: Vendor, error: Exception) -> None:
    def decode(_: Page) -> None:
        raise error

    vendor.on("/v3/list", {"status": "OK", "results": [1]})
    with pytest.raises(PayloadError, match="the rows of /v3/list are not what they should be: rows are bent"):
        _pages(vendor, decode)


def test_pages_without_end_are_stopped(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quantdata.wire.massive.rest.PAGES_AT_MOST", 3)
    vendor.on("/v3/list", _paged(vendor, 10))
    with pytest.raises(PayloadError, match="after 3 pages"):
        _pages(vendor)


@pytest.mark.parametrize(
    ("requests_per_minute", "is_slow", "burst"), [(5.0, True, 5), (0.5, True, 1), (6e3, False, 100)]
)
def test_burst_and_pace_follow_the_plan(requests_per_minute: float, *, is_slow: bool, burst: int) -> None:
    rest = _rest(requests_per_minute)
    assert rest.is_slow is is_slow
    assert rest._http.limiter.burst == burst


SIMULATED = {"X-Quantdata-Simulated": "2026-11-18T16:00:00+00:00"}


def test_a_simulator_is_recognised(vendor: Vendor) -> None:
    vendor.on("/v3/list", lambda _: vendor.answer({}, headers=SIMULATED))

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
