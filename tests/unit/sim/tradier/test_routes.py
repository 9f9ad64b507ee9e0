from __future__ import annotations

import pytest

from quantdata.sim.tradier.routes import find, is_sandbox, is_tradier


@pytest.mark.parametrize(
    "path",
    [
        "/v1/markets/quotes",
        "/v1/user/profile",
        "/beta/markets/fundamentals/dividends",
        "/sandbox/v1/markets/quotes",
        "/v1/markets/no/such/thing",
    ],
)
def test_tradiers_paths(path: str) -> None:
    assert is_tradier(path)


@pytest.mark.parametrize(
    "path", ["/v1/marketstatus/now", "/v1/open-close/SPY/2026-11-18", "/v1/indicators/sma/SPY", "/v3/snapshot", "/"]
)
def test_massives_paths(path: str) -> None:
    assert not is_tradier(path)


def test_the_sandbox_has_the_same_endpoints() -> None:
    assert find("/sandbox/v1/markets/quotes") is find("/v1/markets/quotes") is not None
    assert is_sandbox("/sandbox/v1/markets/quotes")
    assert not is_sandbox("/v1/markets/quotes")
    assert find("/sandbox/markets/quotes") is None
    assert find("/v1/markets/options") is None
