"""Subscriptions to a provider: what is news, when it is asked for, and which failures end it."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.flow_query import FlowQuery
from quantdata.clients.option_tape import OptionTape
from quantdata.clients.subscriptions import PolledSubscriptions, Subscription
from quantdata.errors import (
    AllProvidersFailedError,
    ArgumentError,
    AuthenticationError,
    ClosedError,
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    IncompleteError,
    MaxRetriesError,
    PayloadError,
    QuoteNotFoundError,
    RateLimitError,
    UnavailableError,
)
from quantdata.frames.columns import FLOW, schema
from tests.unit.analytics.tape_rows import CALL, contracts, prints, quotes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NOON: Final = datetime(2026, 11, 18, 17, tzinfo=UTC)


class Timer:
    """Seconds that pass while they are waited for, and when somebody says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def frame(bid: float, second: int = 0) -> pl.DataFrame:
    """Return a quote, and the time of its answer."""
    at = NOON.replace(second=second)
    return pl.DataFrame({"bid": [bid], "snapshot_ts": [at], "received_ts": [at], "age_s": [float(second)]})


def scripted(*answers: pl.DataFrame | Exception) -> Callable[[], Awaitable[pl.DataFrame]]:
    """Return a question with these answers, in order."""
    left = list(answers)

    async def ask() -> pl.DataFrame:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


def subscribed(*answers: pl.DataFrame | Exception, interval_s: float = 5.0) -> tuple[Subscription, Timer]:
    timer = Timer()
    ask = scripted(*answers)
    return Subscription(ask, about="quotes SPY", interval_s=interval_s, clock=timer, sleep=timer.sleep), timer


async def bids(subscription: Subscription, count: int) -> list[float]:
    found: list[float] = []
    async for answer in subscription:
        found.append(answer.item(0, "bid"))
        if len(found) == count:
            break
    return found


def down(retry_after_s: float | None = None) -> UnavailableError:
    return UnavailableError("massive: down", provider="massive", retry_after_s=retry_after_s)


def test_the_first_answer_comes_at_once_and_the_next_after_an_interval() -> None:
    subscription, timer = subscribed(frame(1.0), frame(2.0), frame(3.0))
    assert asyncio.run(bids(subscription, 3)) == [1.0, 2.0, 3.0]
    assert timer.waits == [5.0, 5.0]
    assert (subscription.answers, subscription.failures, subscription.last_error) == (3, 0, None)


def test_an_answer_that_shows_the_same_is_not_handed_out() -> None:
    subscription, timer = subscribed(frame(1.0), frame(1.0, 5), frame(1.0, 10), frame(2.0, 15))
    assert asyncio.run(bids(subscription, 2)) == [1.0, 2.0]
    assert timer.waits == [5.0] * 3
    assert subscription.answers == 4


def test_news_are_handed_out_whole() -> None:
    subscription, _ = subscribed(frame(1.0, 7))
    assert_frame_equal(asyncio.run(anext(subscription)), frame(1.0, 7))


def test_what_comes_back_is_news_again() -> None:
    subscription, _ = subscribed(frame(1.0), frame(2.0), frame(1.0))
    assert asyncio.run(bids(subscription, 3)) == [1.0, 2.0, 1.0]


def test_a_row_more_is_news() -> None:
    subscription, _ = subscribed(frame(1.0), pl.concat([frame(1.0), frame(1.0)]))
    assert asyncio.run(bids(subscription, 2)) == [1.0, 1.0]


def test_a_reader_that_takes_long_does_not_wait_and_misses_what_was_between() -> None:
    async def read() -> list[float]:
        found = await bids(subscription, 1)
        timer.now += 60.0
        return found + await bids(subscription, 2)

    subscription, timer = subscribed(frame(1.0), frame(2.0), frame(3.0))
    assert asyncio.run(read()) == [1.0, 2.0, 3.0]
    assert timer.waits == [5.0]


def test_the_time_of_an_answer_counts_to_the_interval() -> None:
    async def slow() -> pl.DataFrame:
        timer.now += 2.0
        return frame(timer.now)

    timer = Timer()
    subscription = Subscription(slow, about="quotes SPY", interval_s=5.0, clock=timer, sleep=timer.sleep)
    assert asyncio.run(bids(subscription, 2)) == [102.0, 107.0]
    assert timer.waits == [3.0]


@pytest.mark.parametrize(
    "error",
    [
        down(),
        RateLimitError("slow down", provider="massive"),
        MaxRetriesError("tried", provider="massive"),
        PayloadError("what is this", provider="massive"),
        IncompleteError(down(), received=frame(1.0), arrived="1 row"),
        AllProvidersFailedError(
            "neither", errors={"massive": EntitlementError("no", provider="massive"), "tradier": down()}
        ),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_failure_that_may_pass_is_counted_and_asked_again(error: DataProviderError) -> None:
    subscription, timer = subscribed(frame(1.0), error, frame(2.0))
    assert asyncio.run(bids(subscription, 2)) == [1.0, 2.0]
    assert timer.waits == [5.0, 5.0]
    assert (subscription.answers, subscription.failures, subscription.last_error) == (2, 1, None)


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError("wrong key", provider="massive"),
        EntitlementError("not in the plan", provider="massive"),
        QuoteNotFoundError("no such symbol", provider="massive"),
        ContractNotFoundError("no such contract", provider="massive"),
        ClosedError("closed", provider="massive"),
        IncompleteError(EntitlementError("no", provider="massive"), received=frame(1.0), arrived="1 row"),
        AllProvidersFailedError(
            "neither",
            errors={
                "massive": AuthenticationError("wrong key", provider="massive"),
                "tradier": EntitlementError("no", provider="tradier"),
            },
        ),
        ArgumentError("expirations are over"),
        ZeroDivisionError("a fault of ours"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_any_other_failure_is_raised_and_the_next_look_asks_again(error: Exception) -> None:
    async def read() -> list[float]:
        found = await bids(subscription, 1)
        with pytest.raises(type(error)) as raised:
            await anext(subscription)
        assert raised.value is error
        return found + await bids(subscription, 1)

    subscription, timer = subscribed(frame(1.0), error, frame(2.0))
    assert asyncio.run(read()) == [1.0, 2.0]
    assert timer.waits == [5.0, 5.0]
    assert subscription.failures == 0


def test_the_vendors_wish_to_wait_is_kept_where_it_is_longer_than_the_interval() -> None:
    subscription, timer = subscribed(frame(1.0), down(30.0), down(2.0), frame(2.0))
    assert asyncio.run(bids(subscription, 2)) == [1.0, 2.0]
    assert timer.waits == [5.0, 30.0, 5.0]


def test_the_first_failure_in_a_row_is_told_of_and_the_answer_after_it(caplog: pytest.LogCaptureFixture) -> None:
    subscription, _ = subscribed(down(), down(), frame(1.0), frame(2.0), down(), frame(3.0))
    with caplog.at_level(logging.INFO, logger="quantdata.clients"):
        asyncio.run(bids(subscription, 3))
    unanswered = 'subscription unanswered about="quotes SPY" code=UNAVAILABLE why="massive: down"'
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", unanswered),
        ("INFO", 'subscription answered again about="quotes SPY" failures=2'),
        ("WARNING", unanswered),
        ("INFO", 'subscription answered again about="quotes SPY" failures=3'),
    ]


def test_the_last_error_stands_until_an_answer() -> None:
    async def read() -> None:
        with pytest.raises(EntitlementError):
            await anext(subscription)
        assert str(subscription.last_error) == "massive: down"

    subscription, _ = subscribed(down(), EntitlementError("no", provider="massive"))
    asyncio.run(read())


def test_nothing_is_asked_until_somebody_waits() -> None:
    async def read() -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        assert subscription.answers == 0
        await anext(subscription)
        for _ in range(3):
            await asyncio.sleep(0)
        assert subscription.answers == 1

    subscription, _ = subscribed(frame(1.0), frame(2.0))
    asyncio.run(read())


def test_cancelling_calls_the_question_off_and_the_iteration_goes_on_later() -> None:
    async def read() -> list[float]:
        asked, was_called_off = asyncio.Event(), asyncio.Event()

        async def ask() -> pl.DataFrame:
            if asked.is_set():
                return frame(2.0)
            asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                was_called_off.set()
            raise AssertionError

        timer = Timer()
        subscription = Subscription(ask, about="quotes SPY", clock=timer, sleep=timer.sleep)
        waiting = asyncio.ensure_future(anext(subscription))
        await asked.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert was_called_off.is_set()
        return await bids(subscription, 1)

    assert asyncio.run(read()) == [2.0]


def test_cancelling_ends_the_wait_for_the_next_look() -> None:
    async def read() -> None:
        sleeping = asyncio.Event()

        async def sleep(_: float) -> None:
            sleeping.set()
            await asyncio.Event().wait()

        subscription = Subscription(scripted(frame(1.0)), about="quotes SPY", clock=lambda: 0.0, sleep=sleep)
        await anext(subscription)
        waiting = asyncio.ensure_future(anext(subscription))
        await sleeping.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert subscription.answers == 1

    asyncio.run(read())


class Market(PolledSubscriptions):
    """A provider that keeps how it was asked."""

    def __init__(self, tape: EntitlementError | None = None) -> None:
        self.asked: list[object] = []
        self._tape = tape

    async def chain(self, query: ChainQuery) -> pl.DataFrame:
        self.asked.append(query)
        return contracts({"volume": 50, "vwap": 1.0})

    async def indices(self, tickers: object) -> pl.DataFrame:
        self.asked.append(("indices", tickers))
        return frame(1.0)

    async def quotes(self, tickers: object) -> pl.DataFrame:
        self.asked.append(("quotes", tickers))
        return frame(2.0)

    async def option_tape(self, symbol: str, **_: object) -> OptionTape:
        self.asked.append(symbol)
        if self._tape is not None:
            raise self._tape
        return OptionTape(prints({"at": 1, "price": 1.1, "symbol": symbol, "size": 7}), quotes())


SUBSCRIBING: Final[dict[str, Callable[..., Subscription]]] = {
    "chain": lambda market, **pace: market.subscribe_chain(ChainQuery.of("SPY"), **pace),
    "flow": lambda market, **pace: market.subscribe_flow(FlowQuery.of("SPY"), **pace),
    "index": lambda market, **pace: market.subscribe_index(["SPX", "VIX"], **pace),
    "equity": lambda market, **pace: market.subscribe_equity("SPY", **pace),
}
ASKED: Final[dict[str, list[Any]]] = {
    "chain": [ChainQuery.of("SPY")],
    "flow": [ChainQuery.of("SPY"), CALL],
    "index": [("indices", ("SPX", "VIX"))],
    "equity": [("quotes", ("SPY",))],
}


@pytest.mark.parametrize("kind", SUBSCRIBING)
def test_each_subscription_asks_its_question(kind: str) -> None:
    market = Market()
    subscription = SUBSCRIBING[kind](market)
    assert market.asked == []
    assert asyncio.run(anext(subscription)).height == 1
    assert market.asked == ASKED[kind]


@pytest.mark.parametrize("kind", SUBSCRIBING)
@pytest.mark.parametrize("interval_s", [0.0, 0.09, -1.0, float("nan"), "5", None, True])
def test_an_interval_that_is_none_is_refused_at_the_door(kind: str, interval_s: object) -> None:
    with pytest.raises(ArgumentError, match="interval_s"):
        SUBSCRIBING[kind](Market(), interval_s=interval_s)


@pytest.mark.parametrize("tickers", [[], [7]])
def test_symbols_that_are_none_are_refused_at_the_door(tickers: Any) -> None:
    market: Any = Market()
    with pytest.raises(ArgumentError, match="tickers"):
        market.subscribe_index(tickers)
    with pytest.raises(ArgumentError, match="symbols"):
        market.subscribe_equity(tickers)


def test_flow_has_its_columns_and_tells_what_tapes_tell() -> None:
    subscription = SUBSCRIBING["flow"](Market())
    found: pl.DataFrame = asyncio.run(anext(subscription))
    assert found.schema == schema(FLOW)
    assert found.select("contract_symbol", "method", "volume").rows() == [(CALL, "tape", 7)]


def test_flow_without_a_tape_is_refused_and_not_guessed() -> None:
    refusal = EntitlementError("tradier has no tape", provider="tradier")
    with pytest.raises(EntitlementError) as raised:
        asyncio.run(anext(SUBSCRIBING["flow"](Market(refusal))))
    assert raised.value is refusal
