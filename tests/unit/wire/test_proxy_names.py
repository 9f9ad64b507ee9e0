from __future__ import annotations

from base64 import b64decode

import pytest
from aiohttp import ClientHttpProxyError, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from quantdata.errors import ConfigError
from quantdata.wire.proxies import Proxy, proxy_to, why_kept_out

VARIABLES = [
    f"{name}{suffix}" for name in ("http", "https", "ws", "wss", "all", "no") for suffix in ("_proxy", "_PROXY")
]


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*VARIABLES, *(each.upper() for each in VARIABLES)]:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "variable", "is_behind"),
    [
        ("https://api.example.com/v1", "HTTPS_PROXY", True),
        ("https://api.example.com/v1", "HTTP_PROXY", False),
        ("https://api.example.com/v1", "ALL_PROXY", True),
        ("wss://socket.example.com", "HTTPS_PROXY", True),
        ("wss://socket.example.com", "WSS_PROXY", True),
        ("wss://socket.example.com", "HTTP_PROXY", False),
        ("ws://socket.example.com", "HTTP_PROXY", True),
        ("http://127.0.0.1:8765", "ALL_PROXY", False),
        ("ws://localhost:8765", "ALL_PROXY", False),
    ],
)
def test_a_host_is_behind_the_proxy_that_is_named_for_it(
    monkeypatch: pytest.MonkeyPatch, url: str, variable: str, *, is_behind: bool
) -> None:
    monkeypatch.setenv(variable, "proxy.example.com:8080")
    assert proxy_to(url) == (Proxy("http://proxy.example.com:8080", {}) if is_behind else None)


def test_a_host_that_is_excepted_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example.com:8080")
    monkeypatch.setenv("NO_PROXY", ".example.com")
    assert proxy_to("https://api.example.com") is None
    assert proxy_to("https://api.example.org") == Proxy("http://proxy.example.com:8080", {})


@pytest.mark.parametrize(
    ("named", "url", "said"),
    [
        ("http://me:pass%40word@proxy:80", "http://proxy:80", "me:pass@word"),
        ("me:%C3%A4%E2%82%AC@proxy:80", "http://proxy:80", "me:ä€"),
        ("https://me@[::1]:443/", "https://[::1]:443", "me:"),
    ],
)
def test_name_and_password_are_apart_from_the_address_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, named: str, url: str, said: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", named)
    proxy = proxy_to("https://api.example.com")
    assert proxy is not None
    assert proxy.url == url
    assert b64decode(proxy.headers["Proxy-Authorization"].removeprefix("Basic ")).decode() == said
    assert repr(proxy) == f"Proxy({url!r})"


@pytest.mark.parametrize(
    "named", ["http://me:s3/cret@proxy:80", "me:s3?cret@proxy", "socks5://me:s3cret@proxy:1", "http://[s3"]
)
def test_what_can_be_no_proxy_is_refused_unseen(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", named)
    with pytest.raises(ConfigError, match=r"names for api.example.com cannot be used: it must be an HTTP") as failure:
        proxy_to("https://api.example.com")
    assert "s3" not in str(failure.value)
    assert failure.value.__context__ is None


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (407, "the proxy wants a name and a password, or others (HTTP 407); check HTTPS_PROXY or ALL_PROXY"),
        (403, "the proxy answered HTTP 403; check HTTPS_PROXY or ALL_PROXY, whichever is set, and whether it may"),
    ],
)
def test_what_a_proxy_answers_is_told_from_what_the_vendor_does(status: int, said: str) -> None:
    sent = RequestInfo(URL("https://k3y@api.example.com"), "CONNECT", CIMultiDictProxy(CIMultiDict()))
    told = why_kept_out(ClientHttpProxyError(sent, (), status=status))
    assert told is not None
    assert told.startswith(said)
    assert why_kept_out(OSError("else")) is None
