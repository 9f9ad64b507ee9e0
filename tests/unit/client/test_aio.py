"""The client for coroutines: the same answers, from any event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import quantdata as qd
from quantdata import portal
from tests.unit.client.test_sync import KEY, QUESTIONS, STOCKS, offer_everything

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from tests.unit.conftest import Vendor

WAITS = {"rate_limit_waits", "rate_limit_wait_seconds"}


@pytest.fixture(autouse=True)
def _massive(market: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    offer_everything(market)
    monkeypatch.setenv("MASSIVE_API_KEY", KEY)


async def _answer(question: Callable[[Any], Any]) -> Any:
    async with qd.AsyncClient() as client:
        return await question(client)


@pytest.mark.parametrize(("question", "kind"), QUESTIONS)
def test_every_question_has_an_answer(question: Callable[[Any], Any], kind: type) -> None:
    assert isinstance(asyncio.run(_answer(question)), kind)


def test_entitlements() -> None:
    assert asyncio.run(_answer(lambda client: client.entitlements())).height == 10


def test_health_and_metrics() -> None:
    async def ask() -> tuple[list[str], set[str]]:
        async with qd.AsyncClient() as client:
            assert (await client.health()).is_empty()
            assert (await client.metrics()).is_empty()
            await client.quotes("SPY")
            health, metrics = await client.health(), await client.metrics()
            return health.get_column("endpoint").to_list(), set(metrics.get_column("metric"))

    endpoints, counted = asyncio.run(ask())
    assert endpoints == ["quotes"]
    # A test before may have brought the account a rest.
    assert counted - WAITS == {"requests", "received_bytes", "rows", "cache_misses"}


def test_a_client_moves_from_loop_to_loop() -> None:
    client = qd.AsyncClient(cache_ttl={"quotes": 0})

    async def ask() -> int:
        return (await client.quotes("SPY")).height

    assert [asyncio.run(ask()), asyncio.run(ask()), portal.call(ask())] == [1, 1, 1]
    asyncio.run(client.close())


def test_questions_at_once_are_one_request(market: Vendor) -> None:
    async def ask() -> list[pl.DataFrame]:
        async with qd.AsyncClient() as client:
            return list(await asyncio.gather(*(client.quotes("SPY") for _ in range(20))))

    answers = asyncio.run(ask())
    assert len({id(answer) for answer in answers}) == 20
    assert market.paths(STOCKS) == [STOCKS]


def test_arguments_are_refused_before_anything_is_asked(market: Vendor) -> None:
    with pytest.raises(qd.ArgumentError, match="strikes"):
        asyncio.run(_answer(lambda client: client.chain("SPY", strikes=(2, 1))))
    assert market.requests == []


def test_a_missing_quote_warns_where_the_caller_is() -> None:
    async def ask() -> None:
        async with qd.AsyncClient() as client:
            await client.quotes(["SPY", "XYZ"])

    with pytest.warns(qd.QuantDataWarning, match="no quote for XYZ") as caught:
        asyncio.run(ask())
    assert [warning.filename for warning in caught] == [__file__]


def test_a_repr_tells_the_source() -> None:
    assert repr(qd.AsyncClient()) == "AsyncClient(source='massive')"
