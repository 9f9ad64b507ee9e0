"""The dividends of the model: what is projected, who asks, who waits, what is kept."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.clients import dividends as module
from quantdata.clients.dividends import FAILURE_KEPT_S, KEPT_S, NOT_KNOWN, Dividends, projected
from quantdata.errors import (
    DataProviderError,
    EntitlementError,
    PayloadError,
    QuoteNotFoundError,
    RateLimitError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

TODAY = date(2026, 11, 18)
# Paid quarterly, the last of them declared; in no order, as vendors send them.
PAID = [(date(2026, 9, 18), 1.8), (date(2026, 12, 18), 2.0), (date(2026, 3, 20), 1.6), (date(2026, 6, 19), 1.7)]


def table(*rows: tuple[date | None, float | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=NOT_KNOWN.schema, orient="row")


class Source:
    """A vendor that counts who asks, answers when it is let, and fails when it is told to."""

    def __init__(self, answer: pl.DataFrame | DataProviderError | None = None) -> None:
        self.answer = table(*PAID) if answer is None else answer
        self.asked: list[str] = []
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.seconds = 100.0

    async def fetch(self, symbol: str) -> pl.DataFrame:
        self.asked.append(symbol)
        await self.is_open.wait()
        if isinstance(self.answer, DataProviderError):
            raise self.answer
        return self.answer

    def dividends(self) -> Dividends:
        return Dividends(self.fetch, clock=lambda: self.seconds)


def today() -> date:
    return TODAY


# --- what is to come ------------------------------------------------------------------------------------------------


def test_declared_dividends_are_followed_by_the_last_years_again_for_three_years() -> None:
    found = projected(table(*PAID), TODAY)
    year = timedelta(days=364)
    quarters = sorted(PAID)
    expected = [(date(2026, 12, 18), 2.0)]
    expected += [(day + year * number, amount) for number in (1, 2, 3) for day, amount in quarters]
    assert found.rows() == expected
    assert found.get_column("ex_date").is_sorted()
    # 364 days are whole weeks: a Friday stays one.
    assert set(found.get_column("ex_date").dt.weekday()) == {5}


def test_a_dividend_of_a_year_before_the_newest_is_not_counted_twice() -> None:
    # That of last December is the one of this December, a few days off.
    for last in (date(2025, 12, 19), date(2025, 12, 10), date(2026, 1, 5)):
        found = projected(table(*PAID, (last, 9.0)), TODAY)
        assert 9.0 not in found.get_column("amount").to_list()
    # A special one in between is taken to come again.
    assert 9.0 in projected(table(*PAID, (date(2026, 1, 30), 9.0)), TODAY).get_column("amount").to_list()


def test_what_goes_ex_today_is_no_longer_to_come() -> None:
    found = projected(table((TODAY, 1.0), (TODAY + timedelta(days=1), 1.5)), TODAY)
    assert found.rows()[0] == (TODAY + timedelta(days=1), 1.5)


def test_a_payer_that_stopped_a_year_ago_pays_no_more() -> None:
    assert projected(table((TODAY - timedelta(days=365), 1.0)), TODAY).is_empty()
    assert projected(table((TODAY - timedelta(days=360), 1.0)), TODAY).height == 3


def test_what_is_no_payment_is_left_out() -> None:
    rows = ((date(2026, 12, 18), 0.0), (date(2026, 12, 19), -1.0), (None, 1.0), (date(2026, 12, 20), None))
    assert_frame_equal(projected(table(*rows), TODAY), NOT_KNOWN)
    assert_frame_equal(projected(NOT_KNOWN, TODAY), NOT_KNOWN)


# --- who asks -------------------------------------------------------------------------------------------------------


def test_an_underlying_is_asked_for_once_though_many_wait_for_it() -> None:
    source = Source()

    async def asked() -> list[pl.DataFrame]:
        known = source.dividends()
        source.is_open.clear()
        waiting = [asyncio.ensure_future(known.get("SPY", today)) for _ in range(5)]
        await asyncio.sleep(0)
        source.is_open.set()
        return [*await asyncio.gather(*waiting), await known.get("SPY", today)]

    answers = asyncio.run(asked())
    assert source.asked == ["SPY"]
    for answer in answers:
        assert_frame_equal(answer, projected(table(*PAID), TODAY))


def test_an_index_has_none_and_nobody_is_asked() -> None:
    source = Source()

    async def asked() -> list[int]:
        known = source.dividends()
        return [(await known.get(index, today)).height for index in ("SPX", "VIX", "NDX")]

    assert asyncio.run(asked()) == [0, 0, 0]
    assert source.asked == []


def test_the_day_is_asked_for_when_the_dividends_are_there() -> None:
    # A simulated market tells its day with its first answer only.
    source = Source()
    days = [date(2027, 5, 1)]

    async def asked() -> pl.DataFrame:
        known = source.dividends()
        source.is_open.clear()
        waiting = asyncio.ensure_future(known.get("SPY", lambda: days[-1]))
        await asyncio.sleep(0)
        days.append(TODAY)
        source.is_open.set()
        return await waiting

    assert asyncio.run(asked()).row(0) == (date(2026, 12, 18), 2.0)


def test_what_is_kept_is_counted_from_each_day_anew() -> None:
    source = Source()

    async def asked() -> list[date]:
        known = source.dividends()
        days = (TODAY, date(2026, 12, 17), date(2026, 12, 18))
        return [(await known.get("SPY", lambda day=day: day)).row(0)[0] for day in days]  # type: ignore[misc]

    assert asyncio.run(asked()) == [date(2026, 12, 18), date(2026, 12, 18), date(2027, 3, 19)]
    assert source.asked == ["SPY"]


# --- what is kept ---------------------------------------------------------------------------------------------------


def _requests_after(source: Source, seconds: float) -> int:
    async def asked() -> int:
        known = source.dividends()
        await known.get("SPY", today)
        source.seconds += seconds
        await known.get("SPY", today)
        return len(source.asked)

    return asyncio.run(asked())


def test_an_answer_is_kept_for_hours() -> None:
    assert _requests_after(Source(), KEPT_S - 1) == 1
    assert _requests_after(Source(), KEPT_S) == 2


@pytest.mark.parametrize(
    "error",
    [
        UnavailableError("massive: down", provider="massive"),
        PayloadError("massive: what?", provider="massive"),
        RateLimitError("massive: later", provider="massive"),
    ],
)
def test_a_failure_that_may_pass_is_none_for_minutes(error: DataProviderError) -> None:
    assert _requests_after(Source(error), FAILURE_KEPT_S - 1) == 1
    assert _requests_after(Source(error), FAILURE_KEPT_S) == 2


@pytest.mark.parametrize(
    "error",
    [
        EntitlementError("tradier: not in the sandbox", provider="tradier"),
        QuoteNotFoundError("massive: unknown", provider="massive"),
    ],
)
def test_a_refusal_is_none_for_hours(error: DataProviderError) -> None:
    assert _requests_after(Source(error), KEPT_S - 1) == 1


def test_a_failure_is_no_dividends_and_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    source = Source(UnavailableError("massive: down", provider="massive"))
    caplog.set_level("INFO", "quantdata.clients")

    async def asked() -> pl.DataFrame:
        return await source.dividends().get("SPY", today)

    assert_frame_equal(asyncio.run(asked()), NOT_KNOWN)
    assert [record.getMessage() for record in caplog.records] == ['no dividends underlying=SPY why="massive: down"']


def test_what_came_first_is_forgotten_when_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNDERLYINGS_AT_MOST", 2)
    source = Source()

    async def asked() -> None:
        known = source.dividends()
        for underlying in ("SPY", "QQQ", "IWM", "QQQ", "SPY"):
            await known.get(underlying, today)

    asyncio.run(asked())
    assert source.asked == ["SPY", "QQQ", "IWM", "SPY"]


# --- who waits ------------------------------------------------------------------------------------------------------


def test_a_late_answer_is_there_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    source = Source()

    async def asked() -> list[int]:
        known = source.dividends()
        source.is_open.clear()
        heights = [(await known.get("SPY", today)).height for _ in range(2)]
        source.is_open.set()
        return [*heights, (await known.get("SPY", today)).height]

    assert asyncio.run(asked()) == [0, 0, 13]
    assert source.asked == ["SPY"]


def _closing(after: Callable[[Dividends], None] = lambda _: None) -> tuple[pl.DataFrame, Source]:
    source = Source()

    async def closed() -> pl.DataFrame:
        known = source.dividends()
        source.is_open.clear()
        waiting = asyncio.ensure_future(known.get("SPY", today))
        for _ in range(3):  # until it has asked
            await asyncio.sleep(0)
        await known.close()
        await known.close()
        after(known)
        return await waiting

    return asyncio.run(closed()), source


def test_closing_calls_off_what_is_under_way_and_who_waits_has_none() -> None:
    found, source = _closing()
    assert_frame_equal(found, NOT_KNOWN)
    assert source.asked == ["SPY"]


def test_what_was_called_off_is_not_remembered() -> None:
    def require_forgotten(known: Dividends) -> None:
        assert (dict(known._known), dict(known._asking)) == ({}, {})

    _closing(require_forgotten)
