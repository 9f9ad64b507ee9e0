from __future__ import annotations

import pytest

from quantdata.wire.proxies import proxy_to

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
    assert proxy_to(url) == ("http://proxy.example.com:8080" if is_behind else None)


def test_a_host_that_is_excepted_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example.com:8080")
    monkeypatch.setenv("NO_PROXY", ".example.com")
    assert proxy_to("https://api.example.com") is None
    assert proxy_to("https://api.example.org") == "http://proxy.example.com:8080"
