"""The functions of the module: those of one client, made when it is first needed."""

from __future__ import annotations

import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import quantdata as qd
from quantdata.client import default
from tests.unit.client.test_sync import KEY, QUESTIONS, offer_everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.conftest import Vendor


@pytest.fixture(autouse=True)
def _no_default_client() -> Iterator[None]:
    default._clients.clear()
    yield
    for client in default._clients:
        client.close()
    default._clients.clear()


@pytest.fixture
def _massive(market: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    offer_everything(market)
    monkeypatch.setenv("MASSIVE_API_KEY", KEY)


@pytest.mark.usefixtures("_massive")
@pytest.mark.parametrize(("question", "kind"), QUESTIONS)
def test_every_function_answers(question: Callable[[Any], Any], kind: type) -> None:
    assert isinstance(question(qd), kind)


@pytest.mark.usefixtures("_massive")
def test_one_client_is_made_by_many_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        clients = {id(client) for client in pool.map(lambda _: default.default_client(), range(50))}
    assert len(clients) == 1


def test_a_client_that_cannot_be_made_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(qd.ConfigError, match="MASSIVE_API_KEY"):
        qd.market_status()
    monkeypatch.setenv("MASSIVE_API_KEY", KEY)
    assert repr(default.default_client()) == "Client(source='massive')"


@pytest.mark.usefixtures("_massive")
def test_a_missing_quote_warns_where_the_caller_is() -> None:
    with pytest.warns(qd.QuantDataWarning, match="no quote for XYZ") as caught:
        qd.quotes(["SPY", "XYZ"])
    assert [warning.filename for warning in caught] == [__file__]


def test_functions_look_like_their_methods() -> None:
    for name in set(default.__all__) - {"default_client"}:
        function, method = getattr(default, name), getattr(qd.Client, name)
        assert function.__doc__ == method.__doc__
        assert function.__qualname__ == name
        assert "self" not in inspect.signature(function).parameters
