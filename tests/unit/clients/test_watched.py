"""A watched provider: the same answers and errors, and a record of each."""

from __future__ import annotations

import asyncio
import inspect
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata.clients import AsyncMassive, BarQuery, ChainQuery, Provider
from quantdata.clients.health import QUESTIONS, Health
from quantdata.clients.watched import Watched
from quantdata.errors import EntitlementError, UnavailableError
from quantdata.symbols import parse_option
from quantdata.wire.metrics import Count, Metrics

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
ROWS = pl.DataFrame({"row": [1, 2, 3]})


class Oracle:
    """Answers every question with what it is given, and keeps how it was asked."""

    name = "massive"
    requests_sent = 7
    is_delayed = True

    def __init__(self, answer: object = ROWS) -> None:
        self.capabilities = object()
        self.answer = answer
        self.asked: list[tuple[Any, ...]] = []

    def __getattr__(self, question: str) -> Callable[..., Any]:
        def plain(*arguments: Any, **named: Any) -> Any:
            self.asked.append((question, *arguments, named))
            return self.answer

        async def answering(*arguments: Any, **named: Any) -> Any:
            answer = plain(*arguments, **named)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return plain if question in {"budgets", "now", "kept_since"} else answering


def _watched(oracle: Any) -> tuple[Watched, Health, Metrics]:
    health, metrics = Health("massive"), Metrics()
    return Watched(oracle, health=health, metrics=metrics), health, metrics


CHAIN, BARS = ChainQuery.of("SPY"), BarQuery.of("SPY", "1d", "2026-11-02", "2026-11-06")
CONTRACT = parse_option("SPY261218C00600000")
DAYS = {"start": date(2026, 12, 1), "end": None}
SPAN = {"start": NOON, "end": NOON}
ASKING: dict[str, tuple[Callable[[Any], Any], tuple[Any, ...]]] = {
    "chain": (lambda asked: asked.chain(CHAIN), (CHAIN, {})),
    "contract": (lambda asked: asked.contract(CONTRACT), (CONTRACT, {})),
    "expirations": (lambda asked: asked.expirations("SPY", **DAYS), ("SPY", DAYS)),
    "quotes": (lambda asked: asked.quotes(["SPY"]), (["SPY"], {})),
    "indices": (lambda asked: asked.indices(["SPX"]), (["SPX"], {})),
    "bars": (lambda asked: asked.bars(BARS), (BARS, {})),
    "corporate_actions": (lambda asked: asked.corporate_actions("SPY"), ("SPY", {})),
    "trades": (lambda asked: asked.trades("SPY", **SPAN), ("SPY", SPAN)),
    "option_tape": (lambda asked: asked.option_tape("SPY261218C00600000", **SPAN), ("SPY261218C00600000", SPAN)),
    "market_status": (lambda asked: asked.market_status(), ({},)),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_goes_through_and_its_answer_is_recorded(question: str) -> None:
    oracle = Oracle()
    watched, health, metrics = _watched(oracle)
    ask, arguments = ASKING[question]
    assert asyncio.run(ask(watched)) is ROWS
    assert oracle.asked == [(question, *arguments)]
    assert [(row.endpoint, row.successes, row.failures) for row in health.rows()] == [(question, 1, 0)]
    assert metrics.counts() == [Count("rows", "massive", question, None, 3.0)]


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_error_goes_through_and_is_recorded(question: str) -> None:
    down = UnavailableError("down", provider="massive")
    watched, health, metrics = _watched(Oracle(down))
    with pytest.raises(UnavailableError) as failure:
        asyncio.run(ASKING[question][0](watched))
    assert failure.value is down
    assert [(row.endpoint, row.successes, row.failures) for row in health.rows()] == [(question, 0, 1)]
    assert metrics.counts() == []


def test_an_unhealthy_provider_can_be_asked_all_the_same() -> None:
    oracle = Oracle(UnavailableError("down", provider="massive"))
    watched, health, _ = _watched(oracle)
    for _ in range(4):
        with pytest.raises(UnavailableError, match=r"^down$"):
            asyncio.run(watched.chain(CHAIN))
    assert not watched.health.allows("chain")
    oracle.answer = ROWS
    assert asyncio.run(watched.chain(CHAIN)) is ROWS
    assert [row.is_healthy for row in health.rows()] == [True]


@pytest.mark.parametrize(
    ("answer", "rows"), [(ROWS, 3), ((ROWS, ROWS.head(1)), 4), ([NOON.date()] * 2, 2), ([], 0), (object(), 1)]
)
def test_rows_of_frames_and_items_of_lists_are_counted(answer: object, rows: int) -> None:
    watched, _, metrics = _watched(Oracle(answer))
    asyncio.run(watched.expirations("SPY", start=None, end=None))
    assert [count.value for count in metrics.counts()] == [rows]


def test_what_is_no_question_goes_through_unrecorded() -> None:
    oracle = Oracle(EntitlementError("no", provider="massive"))
    watched, health, metrics = _watched(oracle)
    with pytest.raises(EntitlementError):
        asyncio.run(watched.entitlements())
    oracle.answer = 1
    assert [watched.budgets(), watched.now(), watched.kept_since(BARS)] == [1, 1, 1]
    assert asyncio.run(watched.present()) == 1
    assert asyncio.run(watched.dividends("SPY")) == 1
    asyncio.run(watched.close())
    asked = ["entitlements", "budgets", "now", "kept_since", "present", "dividends", "close"]
    assert [each[0] for each in oracle.asked] == asked
    assert watched.is_delayed is True
    assert (watched.name, watched.requests_sent, watched.capabilities) == ("massive", 7, oracle.capabilities)
    assert (health.rows(), metrics.counts()) == ([], [])


def test_it_is_a_provider_and_asks_as_one_is_asked() -> None:
    provider = AsyncMassive("k3y")
    watched: Provider = Watched(provider, health=Health("massive"), metrics=Metrics())
    assert isinstance(watched, Provider)
    asked = [name for name, found in inspect.getmembers(Provider, inspect.isfunction) if not name.startswith("_")]
    for question in asked:
        mine, theirs = (inspect.signature(getattr(each, question)) for each in (watched, provider))
        assert mine == theirs, question
    asyncio.run(watched.close())
