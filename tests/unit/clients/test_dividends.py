"""The dividends of the model: what is projected, who asks, who waits, what is kept."""

from __future__ import annotations

import asyncio
import statistics
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.clients import dividends as module
from quantdata.clients.dividends import FAILURE_KEPT_S, KEPT_S, NOT_KNOWN, Dividends, in_todays_shares, projected
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


SPECIAL = date(2026, 10, 30)


def table(*rows: tuple[date | None, float | None], is_recurring: bool | None = True) -> pl.DataFrame:
    days = pl.DataFrame(list(rows), schema=NOT_KNOWN.schema, orient="row")
    return days.with_columns(is_recurring=pl.lit(is_recurring, pl.Boolean))


def amounts(found: pl.DataFrame) -> list[float]:
    return found.get_column("amount").to_list()


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
        assert 1.9 not in amounts(projected(table(*PAID, (last, 1.9)), TODAY))
    # One in between comes again.
    assert 1.9 in amounts(projected(table(*PAID, (date(2026, 1, 30), 1.9)), TODAY))


def test_a_special_dividend_does_not_come_again() -> None:
    special = table((SPECIAL, 1.9), is_recurring=False)
    assert_frame_equal(projected(pl.concat([table(*PAID), special]), TODAY), projected(table(*PAID), TODAY))


def test_a_special_dividend_that_is_declared_comes_once() -> None:
    # Neither it, a month after the newest of the others, nor one after the first of those again moves their year.
    for day in (date(2027, 1, 15), date(2027, 4, 30)):
        special = table((day, 15.0), is_recurring=False)
        found = projected(pl.concat([special, table(*PAID)]), TODAY)
        assert found.filter(amount=15.0).rows() == [(day, 15.0)]
        assert_frame_equal(found.filter(pl.col("amount") < 15.0), projected(table(*PAID), TODAY))
        assert found.get_column("ex_date").is_sorted()


def test_special_dividends_alone_start_no_series() -> None:
    assert projected(table((SPECIAL, 1.0), is_recurring=False), TODAY).is_empty()
    declared = (date(2027, 1, 15), 1.0)
    assert projected(table(declared, is_recurring=False), TODAY).rows() == [declared]


@pytest.mark.parametrize(("amount", "is_again"), [(4.25, True), (4.26, False), (50.0, False)])
def test_where_the_vendor_does_not_say_what_is_far_above_the_usual_is_special(amount: float, *, is_again: bool) -> None:
    # The median of the other four is 1.7; of what the vendor does call recurring nothing is left out.
    paid = [*PAID[:1], (date(2026, 12, 18), 1.7), *PAID[2:]]
    unsaid = projected(table(*paid, (SPECIAL, amount), is_recurring=None), TODAY)
    assert (amount in amounts(unsaid)) is is_again
    assert_frame_equal(unsaid.filter(pl.col("amount") != amount), projected(table(*paid), TODAY))
    assert amounts(projected(table(*paid, (SPECIAL, amount)), TODAY)).count(amount) == 3


def test_a_declared_dividend_far_above_the_usual_comes_once_and_moves_no_year() -> None:
    for paid in (PAID, [(date(2026, 3, 2), 1.0), (date(2025, 3, 3), 1.0)]):
        found = projected(table(*paid, (date(2027, 1, 15), 15.0), is_recurring=None), TODAY)
        assert amounts(found).count(15.0) == 1
        assert_frame_equal(found.filter(pl.col("amount") < 15.0), projected(table(*paid, is_recurring=None), TODAY))


def test_the_only_dividend_of_a_year_is_the_usual_one() -> None:
    yearly = [(date(2026, 5, 15), 4.0), (date(2025, 5, 16), 1.0)]
    assert amounts(projected(table(*yearly, is_recurring=None), TODAY)) == [4.0, 4.0, 4.0]


def test_the_largest_is_held_to_the_others_however_many_there_are() -> None:
    for count in range(2, 13):
        usual = [(date(2026, 11, 2) - timedelta(days=25 * number), 1.0 + number / 10) for number in range(count)]
        others = statistics.median(amount for _, amount in usual)
        for times, is_again in ((2.49, True), (2.51, False)):
            found = projected(table(*usual, (SPECIAL, times * others), is_recurring=None), TODAY)
            assert (times * others in amounts(found)) is is_again


def test_what_goes_ex_today_is_to_come_until_the_open() -> None:
    # Quotes of a closed market are of before that; which side of the open they are on, the model sees.
    yesterday, tomorrow = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
    found = projected(table((yesterday, 0.5), (TODAY, 1.0), (tomorrow, 1.5)), TODAY)
    assert found.rows()[:2] == [(TODAY, 1.0), (tomorrow, 1.5)]


def test_a_payer_that_stopped_a_year_ago_pays_no_more() -> None:
    assert projected(table((TODAY - timedelta(days=365), 1.0)), TODAY).is_empty()
    assert projected(table((TODAY - timedelta(days=360), 1.0)), TODAY).height == 3


# --- in whose shares ------------------------------------------------------------------------------------------------


def test_dividends_are_counted_in_todays_shares_by_the_splits_after_each() -> None:
    splits = pl.DataFrame(
        {"execution_date": [date(2026, 6, 10), date(2025, 8, 31), date(2026, 9, 1)], "ratio": [10.0, 4.0, 0.5]}
    )
    days = [date(2025, 8, 7), date(2026, 6, 9), date(2026, 6, 10), date(2026, 8, 7), date(2026, 9, 8)]
    paid = table(*((day, 20.0) for day in reversed(days)), is_recurring=None)
    # On the day of a split it is new shares that are paid for.
    expected = table(*zip(days, [1.0, 4.0, 40.0, 40.0, 20.0], strict=True), is_recurring=None)
    assert_frame_equal(in_todays_shares(paid, splits), expected)
    assert_frame_equal(in_todays_shares(paid, splits.clear()), paid.sort("ex_date"))


def test_what_is_no_payment_is_left_out() -> None:
    rows = ((date(2026, 12, 18), 0.0), (date(2026, 12, 19), -1.0), (None, 1.0), (date(2026, 12, 20), None))
    assert_frame_equal(projected(table(*rows), TODAY), NOT_KNOWN)
    assert_frame_equal(projected(table(), TODAY), NOT_KNOWN)


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
        days = (TODAY, date(2026, 12, 18), date(2026, 12, 19))
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
