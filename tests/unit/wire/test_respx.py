"""Users who test their own code with respx can mock quantdata's requests, compressed or not."""

from __future__ import annotations

import gzip

import httpx
import pytest
import respx

import quantdata as qd

BODY = b'{"status":"OK","tickers":[{"ticker":"SPY","lastTrade":{"p":600.5,"s":1,"t":1795017600000000000}}]}'


@pytest.mark.parametrize("is_gzipped", [False, True])
def test_requests_can_be_mocked_with_respx(monkeypatch: pytest.MonkeyPatch, *, is_gzipped: bool) -> None:
    monkeypatch.setenv("MASSIVE_API_KEY", "mocked")
    headers = {"Content-Encoding": "gzip"} if is_gzipped else {}
    answer = httpx.Response(200, content=gzip.compress(BODY) if is_gzipped else BODY, headers=headers)
    with respx.mock(using="httpx") as vendor, qd.Client("massive") as client:
        route = vendor.get("https://api.massive.com/v2/snapshot/locale/us/markets/stocks/tickers").mock(answer)
        assert client.quotes("SPY").get_column("price").to_list() == [600.5]
    assert route.calls.last.request.headers["Authorization"] == "Bearer mocked"
    assert dict(route.calls.last.request.url.params) == {"tickers": "SPY"}
