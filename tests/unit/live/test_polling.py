"""Polls: who is asked for what, in which parts, and what becomes of failures."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata.clients.chain_query import ChainQuery
from quantdata.errors import (
    ArgumentError,
    ContractNotFoundError,
    EntitlementError,
    QuoteNotFoundError,
    SymbolError,
    UnavailableError,
)
from quantdata.frames.columns import CHAIN, EQUITY_QUOTES, INDEX_QUOTES, empty
from quantdata.live.cadence import FAR_EVERY, Cadence
from quantdata.live.chains import Pace
from quantdata.live.market import EQUITIES, INDICES, Polled
from quantdata.live.polling import LISTING_EVERY, Poller, Subject

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

NOW = datetime(2026, 11, 18, 16, tzinfo=UTC)
FIRST = date(2026, 11, 18)
DAYS = [FIRST + timedelta(days=number) for number in range(6)]
DOWN = UnavailableError("massive: down", provider="massive")
REFUSED = EntitlementError("massive: not in the plan", provider="massive")


class Vendor:
    """A provider that answers at once, and writes down what it was asked."""

    def __init__(self, days: Sequence[date] = DAYS) -> None:
        self.days = list(days)
        self.asked: list[Any] = []
        self.error: Exception | None = None
        self.requests_sent = 0

    def now(self) -> datetime:
        return NOW

    async def present(self) -> datetime:
        return NOW

    async def expirations(self, underlying: str, *, start: date | None, end: date | None) -> list[date]:
        self._note("listing", underlying, start, end)
        return self.days

    async def chain(self, query: ChainQuery) -> pl.DataFrame:
        self._note("chain", query.underlying, *query.expirations)
        return empty(CHAIN)

    async def dividends(self, underlying: str) -> pl.DataFrame:
        del underlying
        return pl.DataFrame()

    async def quotes(self, tickers: Sequence[str]) -> pl.DataFrame:
        self._note("quotes", *tickers)
        return empty(EQUITY_QUOTES)

    async def indices(self, tickers: Sequence[str]) -> pl.DataFrame:
        self._note("indices", *tickers)
        return empty(INDEX_QUOTES)

    def _note(self, *asked: Any) -> None:
        self.requests_sent += 3
        self.asked.append(asked)
        if self.error is not None:
            raise self.error


class Polls:
    """A poller of a vendor, on a clock that stands until it is moved."""

    def __init__(self, vendor: Vendor, *, rate: float | None = None) -> None:
        self.vendor = vendor
        self.clock = 1_000.0
        self.now = NOW
        self.put: list[Polled] = []
        self.probes: list[float] = []
        self.answered: list[tuple[str, datetime]] = []
        self.cadence: Cadence[Subject] = Cadence(5.0, clock=lambda: self.clock, draw=lambda: 0.0)

        async def connected() -> Any:
            return vendor

        self.poller = Poller(
            connected,
            cadence=self.cadence,
            put=self.put.append,
            query=lambda name: ChainQuery.of(name, dte=(0, 60)),
            rate=lambda _: rate,
            on_answer=lambda name, asked_at: self.answered.append((name, asked_at)),
            on_probe=lambda: self.probes.append(self.clock),
            clock=lambda: self.clock,
            wall=lambda: self.now,
        )

    def run(self, act: Callable[[Polls], Awaitable[None]]) -> None:
        async def both() -> None:
            task = asyncio.create_task(self.poller.run())
            try:
                await act(self)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await self.poller.close()

        asyncio.run(both())

    async def settle(self, *, after_s: float = 0.0) -> list[Any]:
        """Move on, let everything that is due be asked, and return what that was."""
        self.clock += after_s
        self.vendor.asked.clear()
        self.poller._changed.set()
        for _ in range(20):
            await asyncio.sleep(0)
        return self.vendor.asked


def test_a_chain_is_listed_first_and_then_polled_in_two_parts_the_far_one_less_often() -> None:
    polls = Polls(Vendor())
    polls.poller.watch(["SPY"], equities=[], indices=[])

    async def act(polls: Polls) -> None:
        assert await polls.settle() == [
            ("listing", "SPY", FIRST, date(2027, 1, 17)),
            ("chain", "SPY", DAYS[0], DAYS[3]),
            ("chain", "SPY", DAYS[4], DAYS[5]),
        ]
        near = ("chain", "SPY", DAYS[0], DAYS[3])
        for _ in range(FAR_EVERY - 1):
            assert await polls.settle(after_s=5.0) == [near]
        assert await polls.settle(after_s=5.0) == [near, ("chain", "SPY", DAYS[4], DAYS[5])]

    polls.run(act)
    assert [each.span for each in polls.put[:2]] == [(None, DAYS[3]), (DAYS[4], None)]
    assert polls.poller.paces("SPY") == [Pace(DAYS[3], 5.0), Pace(None, 30.0)]
    assert polls.poller.stats["SPY"].requests == 3


def test_few_expirations_are_one_part() -> None:
    polls = Polls(Vendor(DAYS[:2]))
    polls.poller.watch(["SPY"], equities=[], indices=[])

    async def act(polls: Polls) -> None:
        assert [each[0] for each in await polls.settle()] == ["listing", "chain"]

    polls.run(act)
    assert polls.poller.paces("SPY") == [Pace(None, 5.0)]


def test_expirations_are_listed_anew_after_a_while() -> None:
    polls = Polls(Vendor())
    polls.poller.watch(["SPY"], equities=[], indices=[])

    async def act(polls: Polls) -> None:
        await polls.settle()
        polls.vendor.days = DAYS[1:]
        asked = await polls.settle(after_s=5.0 * LISTING_EVERY)
        assert ("listing", "SPY", FIRST, date(2027, 1, 17)) in asked
        assert await polls.settle(after_s=5.0) == [("chain", "SPY", DAYS[1], DAYS[4])]

    polls.run(act)


def test_equities_are_one_question_and_indices_another_and_both_follow_the_watchlist() -> None:
    polls = Polls(Vendor())
    polls.poller.watch([], equities=["AAPL", "SPY"], indices=["VIX"])

    async def act(polls: Polls) -> None:
        assert await polls.settle() == [("quotes", "AAPL", "SPY"), ("indices", "VIX")]
        polls.poller.watch([], equities=["AAPL"], indices=[])
        assert await polls.settle() == [("quotes", "AAPL")]
        assert await polls.settle(after_s=5.0) == [("quotes", "AAPL")]

    polls.run(act)
    assert [each.subject for each in polls.put[:2]] == [EQUITIES, INDICES]
    assert set(polls.poller.stats) == {EQUITIES}
    assert polls.poller.paces(INDICES) == [Pace(None, 5.0)]


def test_what_is_watched_no_more_is_asked_for_no_more() -> None:
    polls = Polls(Vendor())
    polls.poller.watch(["SPY", "QQQ"], equities=[], indices=[])

    async def act(polls: Polls) -> None:
        await polls.settle()
        polls.poller.watch(["QQQ"], equities=[], indices=[])
        assert {each[1] for each in await polls.settle(after_s=60.0)} == {"QQQ"}

    polls.run(act)
    assert set(polls.poller.stats) == {"QQQ"}


@pytest.mark.parametrize(
    ("error", "is_unknown"),
    [
        (QuoteNotFoundError("massive lists no options on ZZZZ", provider="massive"), True),
        (ContractNotFoundError("massive: no such contract", provider="massive"), True),
        (SymbolError("ZZZZ is no ticker"), True),
        (REFUSED, False),
        (DOWN, False),
    ],
)
def test_what_is_not_there_is_told_from_what_did_not_come(error: Exception, *, is_unknown: bool) -> None:
    polls = Polls(Vendor())
    polls.poller.watch([], equities=["ZZZZ"], indices=[])
    polls.vendor.error = error

    async def act(polls: Polls) -> None:
        await polls.settle()
        stats = polls.poller.stats[EQUITIES]
        assert stats.is_unknown is is_unknown
        polls.vendor.error = None
        await polls.settle(after_s=60.0)
        assert (stats.polls, stats.is_unknown) == (1, False)

    polls.run(act)


def test_a_refusal_is_told_and_tried_again_later_and_later(caplog: pytest.LogCaptureFixture) -> None:
    polls = Polls(Vendor())
    polls.poller.watch([], equities=["AAPL"], indices=[])
    polls.vendor.error = REFUSED

    async def act(polls: Polls) -> None:
        await polls.settle()
        stats = polls.poller.stats[EQUITIES]
        assert (stats.failures, stats.last_error) == (1, "NOT_ENTITLED: massive: not in the plan")
        assert await polls.settle(after_s=5.0) == []
        assert len(await polls.settle(after_s=5.0)) == 1
        assert stats.failures == 2
        polls.vendor.error = None
        assert len(await polls.settle(after_s=20.0)) == 1
        assert (stats.failures, stats.last_error, stats.polls) == (0, None, 1)

    with caplog.at_level(logging.INFO, logger="quantdata.live"):
        polls.run(act)
    assert "poll failed subject=equities part=all" in caplog.text
    assert [record.levelname for record in caplog.records] == ["INFO", "INFO"]


def test_what_was_listed_yesterday_is_listed_anew() -> None:
    polls = Polls(Vendor())
    polls.poller.watch(["SPY"], equities=[], indices=[])

    async def act(polls: Polls) -> None:
        await polls.settle()
        polls.vendor.error = ArgumentError("expirations end on 2026-11-18, before today")
        await polls.settle(after_s=5.0)
        polls.vendor.error, polls.vendor.days = None, DAYS[1:]
        asked = await polls.settle(after_s=20.0 * LISTING_EVERY)
        assert asked[0][0] == "listing"
        assert ("chain", "SPY", DAYS[1], DAYS[4]) in asked

    polls.run(act)


def test_an_error_of_ours_is_logged_whole_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    polls = Polls(Vendor())
    polls.poller.watch([], equities=["AAPL"], indices=["VIX"])
    polls.vendor.error = ZeroDivisionError("by zero")

    async def act(polls: Polls) -> None:
        await polls.settle()
        polls.vendor.error = None
        assert len(await polls.settle(after_s=10.0)) == 2

    polls.run(act)
    assert "ZeroDivisionError: by zero" in caplog.text
    assert "Traceback" in caplog.text


def test_a_gap_has_a_chain_polled_at_once() -> None:
    polls = Polls(Vendor())
    polls.poller.watch(["SPY"], equities=[], indices=[])

    async def act(polls: Polls) -> None:
        polls.poller.refresh("SPY")  # not listed yet: it is on its way anyway
        await polls.settle()
        polls.poller.refresh("SPY")
        polls.poller.refresh("QQQ")
        assert [each[0] for each in await polls.settle()] == ["chain", "chain"]

    polls.run(act)


def test_equities_are_polled_at_once_too() -> None:
    polls = Polls(Vendor())
    polls.poller.watch([], equities=["AAPL"], indices=[])

    async def act(polls: Polls) -> None:
        await polls.settle()
        polls.poller.refresh(EQUITIES)
        assert await polls.settle() == [("quotes", "AAPL")]

    polls.run(act)


def test_a_chain_is_answered_since_the_older_of_its_two_parts_was_asked_for() -> None:
    polls = Polls(Vendor())
    polls.poller.watch(["SPY"], equities=[], indices=[])

    async def act(polls: Polls) -> None:
        await polls.settle()
        assert polls.answered[-1] == ("SPY", NOW)
        polls.now = NOW + timedelta(seconds=5)
        await polls.settle(after_s=5.0)
        assert polls.answered[-1] == ("SPY", NOW)
        polls.now = NOW + timedelta(seconds=7)
        polls.poller.refresh("SPY")
        await polls.settle()
        assert polls.answered[-1] == ("SPY", polls.now)

    polls.run(act)


def test_what_the_rate_does_not_carry_is_polled_more_slowly() -> None:
    polls = Polls(Vendor(), rate=10.0)
    polls.poller.watch(["SPY"], equities=[], indices=[])

    async def act(polls: Polls) -> None:
        await polls.settle()

    polls.run(act)
    assert polls.poller.paces("SPY")[0].seconds > 20.0


def test_closing_calls_off_what_is_under_way() -> None:
    class Slow(Vendor):
        async def quotes(self, tickers: Sequence[str]) -> pl.DataFrame:
            await asyncio.Event().wait()
            return await super().quotes(tickers)

    polls = Polls(Slow())
    polls.poller.watch([], equities=["AAPL"], indices=[])

    async def act(polls: Polls) -> None:
        await polls.settle()

    polls.run(act)
    assert polls.put == []


def test_a_lost_stream_has_all_polled_once_more_but_for_what_is_far() -> None:
    polls = Polls(Vendor())
    polls.poller.watch(["SPY"], equities=["AAPL"], indices=[])

    async def act(polls: Polls) -> None:
        await polls.settle()
        polls.poller.hurry()
        assert await polls.settle(after_s=0.9) == []
        assert sorted(await polls.settle(after_s=0.1)) == [("chain", "SPY", DAYS[0], DAYS[3]), ("quotes", "AAPL")]
        assert await polls.settle(after_s=1.0) == []

    polls.run(act)


def test_while_nobody_answers_quotes_are_tried_every_few_seconds_and_an_answer_has_all_asked_for() -> None:
    polls = Polls(Vendor())
    polls.poller.watch(["SPY"], equities=["AAPL"], indices=[])

    async def act(polls: Polls) -> None:
        await polls.settle()
        polls.vendor.error = DOWN
        assert len(await polls.settle(after_s=5.0)) == 2
        assert await polls.settle(after_s=2.9) == []
        assert await polls.settle(after_s=0.2) == [("quotes", "AAPL")]
        polls.vendor.error = None
        asked = await polls.settle(after_s=3.0)
        assert asked == [("quotes", "AAPL"), ("chain", "SPY", DAYS[0], DAYS[3])]
        assert polls.probes == [1_008.1, 1_011.1]
        assert await polls.settle(after_s=4.0) == []

    polls.run(act)


def test_what_an_answer_takes_is_no_staleness_and_no_pace_is_below_that_of_the_rules() -> None:
    polls = Polls(Vendor())
    polls.cadence.interval_s = 1.0
    polls.poller.watch(["SPY"], equities=[], indices=[])

    async def act(polls: Polls) -> None:
        await polls.settle()

    polls.run(act)
    assert polls.poller.paces("SPY") == [Pace(DAYS[3], 5.0), Pace(None, 6.0)]
    assert polls.poller.effective_s("SPY") == 1.0
    assert polls.poller.effective_s("QQQ") == 1.0
