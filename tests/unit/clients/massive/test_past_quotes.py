"""The tape of one contract at Massive: prints, and its newest quotes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from quantdata.clients import AsyncMassive
from quantdata.clients.massive import past_quotes
from quantdata.errors import DataProviderError, EntitlementError, PayloadError, UnavailableError
from quantdata.frames.columns import OPTION_QUOTES, TRADES, schema
from quantdata.wire.retry import RetryPolicy
from tests.unit.conftest import QUOTED_NS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from quantdata.clients.option_tape import OptionTape
    from tests.unit.conftest import Row, Vendor

T = TypeVar("T")

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
OPTION = "SPY261218C00600000"
TRADES_PATH, QUOTES_PATH = f"/v3/trades/O:{OPTION}", f"/v3/quotes/O:{OPTION}"
REFUSED = {"status": "NOT_AUTHORIZED", "message": "You are not entitled to this data."}
PRINT = {"sip_timestamp": QUOTED_NS, "price": 9.1, "size": 1, "exchange": 302, "conditions": [209]}


def ask(asking: Callable[[AsyncMassive], Awaitable[T]]) -> T:
    async def run() -> T:
        massive = AsyncMassive("k3y", base_url="http://127.0.0.1:1", policy=RetryPolicy(tries=1, first_delay_s=0.0))
        try:
            return await asking(massive)
        finally:
            await massive.close()

    return asyncio.run(run())


async def tape(massive: AsyncMassive) -> OptionTape:
    return await massive.option_tape(OPTION, start=NOON, end=NOON + timedelta(seconds=1))


def failure(asking: Callable[[AsyncMassive], Awaitable[object]] = tape) -> DataProviderError:
    with pytest.raises(DataProviderError) as caught:
        ask(asking)
    return caught.value


def quote(after_ns: int) -> Row:
    sides = {"bid_price": 9.0, "ask_price": 9.2, "bid_size": 1, "ask_size": 2}
    return {"sip_timestamp": QUOTED_NS + after_ns, "sequence_number": after_ns, **sides}


def pages(vendor: Vendor, count: int) -> Callable[[httpx.Request], httpx.Response]:
    """Answer with pages of one quote each, going back in time."""

    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("cursor", "0"))
        page: dict[str, Any] = {"status": "OK", "results": [quote(1000 - number)]}
        if number + 1 < count:
            page["next_url"] = f"https://api.massive.com{QUOTES_PATH}?cursor={number + 1}"
        return vendor.answer(page)

    return answer


def test_a_tape_is_prints_and_the_quotes_before_them(market: Vendor) -> None:
    market.rows(TRADES_PATH, [PRINT])
    market.on(QUOTES_PATH, pages(market, 3))
    trades, quotes = ask(tape)
    assert (trades.schema, quotes.schema) == (schema(TRADES), schema(OPTION_QUOTES))
    assert quotes.get_column("ts").to_physical().to_list() == [QUOTED_NS + 998, QUOTED_NS + 999, QUOTED_NS + 1000]
    assert quotes.get_column("feed").to_list() == ["simulated"] * 3
    params = next(request.url.params for request in market.requests if request.url.path == QUOTES_PATH)
    assert (params["order"], params["limit"]) == ("desc", "50000")
    minute_ns = 60_000_000_000
    assert (params["timestamp.gte"], params["timestamp.lte"]) == (
        str(QUOTED_NS - minute_ns),
        str(QUOTED_NS + 1_000_000_999),
    )


def test_no_more_quotes_are_read_than_are_worth_the_time(market: Vendor) -> None:
    market.rows(TRADES_PATH, [PRINT])
    market.on(QUOTES_PATH, pages(market, 99))
    assert ask(tape).quotes.height == past_quotes.MOST_PAGES


def test_a_plan_without_quotes_has_a_tape_all_the_same_and_is_asked_once(market: Vendor) -> None:
    market.rows(TRADES_PATH, [PRINT])
    market.on(QUOTES_PATH, REFUSED, status=403)

    async def twice(massive: AsyncMassive) -> tuple[OptionTape, OptionTape, AsyncMassive]:
        return await tape(massive), await tape(massive), massive

    first, second, massive = ask(twice)
    assert first.quotes.schema == second.quotes.schema == schema(OPTION_QUOTES)
    assert (first.trades.height, first.quotes.height, second.quotes.height) == (1, 0, 0)
    assert massive.capabilities.lacks("option_quotes")
    assert sum(request.url.path == QUOTES_PATH for request in market.requests) == 1


def test_a_plan_without_trades_has_no_tape(market: Vendor) -> None:
    market.on(TRADES_PATH, REFUSED, status=403)
    market.on(QUOTES_PATH, pages(market, 1))
    assert isinstance(failure(), EntitlementError)


def test_half_a_tape_is_an_error_of_what_went_wrong(market: Vendor) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "cursor" in request.url.params:
            return market.answer({"status": "ERROR", "error": "down"}, status=503)
        following = f"https://api.massive.com{TRADES_PATH}?cursor=1"
        return market.answer({"status": "OK", "results": [PRINT], "next_url": following})

    market.on(TRADES_PATH, answer)
    market.on(QUOTES_PATH, pages(market, 1))
    assert isinstance(failure(), UnavailableError)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([quote(-61_000_000_000)], "quotes outside of the time that was asked for"),
        ([quote(2_000_000_000)], "quotes outside of the time that was asked for"),
        ([quote(0), quote(1)], f"the quotes of {OPTION} came twice or out of order"),
    ],
)
def test_quotes_that_were_not_asked_for_are_a_payload_error(market: Vendor, rows: list[Row], said: str) -> None:
    market.rows(TRADES_PATH, [PRINT])
    market.rows(QUOTES_PATH, rows)
    error = failure()
    assert type(error) is PayloadError
    assert said in str(error)


def test_the_present_is_that_of_the_host(market: Vendor) -> None:
    market.on("/v1/marketstatus/now", {"market": "open", "serverTime": "2026-11-18T12:00:00-05:00"})
    assert ask(lambda massive: massive.present()) == NOON
