"""The second provider's rows for filling: asked in turn, within its rate."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, cast

from quantdata.clients.health import Health
from quantdata.errors import IncompleteError, UnavailableError
from quantdata.hybrid import offers
from quantdata.hybrid.offers import Offers
from quantdata.wire.limits import Budget
from tests.unit.hybrid.chains import EXPIRATION, chain, row

if TYPE_CHECKING:
    import polars as pl
    import pytest

    from quantdata.clients.chain_query import ChainQuery
    from quantdata.clients.watched import Watched

DAYS = [EXPIRATION + timedelta(days=7 * number) for number in range(100)]


@dataclass
class Vendor:
    """Has one contract an expiration; counts what it is asked."""

    per_minute: float | None = 120.0
    fails: bool = False
    is_partial: bool = False
    delay_s: float = 0.0
    now: float = 1_000.0
    asked: list[tuple[date, date]] = field(default_factory=list)
    health: Health = field(init=False)

    def __post_init__(self) -> None:
        self.health = Health("tradier", clock=lambda: self.now)

    def budgets(self) -> list[Budget]:
        return [] if self.per_minute is None else [Budget("/chains", self.per_minute, 100, 30.0)]

    async def chain(self, query: ChainQuery) -> pl.DataFrame:
        first, last = cast("tuple[date, date]", query.expirations)
        self.asked.append((first, last))
        await asyncio.sleep(self.delay_s)
        with self.health.attempt("chain"):
            if self.fails:
                raise UnavailableError("tradier: down", provider="tradier")
        days = [day for day in DAYS if first <= day <= last]
        rows = [row("tradier", contract_symbol=f"SPY{day:%y%m%d}C00600000", expiration=day) for day in days]
        if self.is_partial:
            raise IncompleteError(
                UnavailableError("tradier: down", provider="tradier"), received=chain(rows[0]), arrived="1 contract"
            )
        return chain(*rows)

    @property
    def requests(self) -> int:
        return sum((last - first).days // 7 + 1 for first, last in self.asked)


def made(vendor: Vendor) -> Offers:
    return Offers(cast("Watched", vendor), clock=lambda: vendor.now)


def days_of(rows: pl.DataFrame | None) -> list[date]:
    return [] if rows is None else rows["expiration"].to_list()


def test_neighbours_are_one_question() -> None:
    vendor = Vendor()
    assert days_of(asyncio.run(made(vendor).get("SPY", DAYS[:5]))) == DAYS[:5]
    assert vendor.asked == [(DAYS[0], DAYS[4])]


def test_what_was_asked_within_half_a_minute_is_not_asked_again() -> None:
    async def main() -> None:
        vendor = Vendor()
        found = made(vendor)
        await found.get("SPY", DAYS[:3])
        vendor.now += 29.9
        assert days_of(await found.get("SPY", DAYS[:3])) == DAYS[:3]
        assert len(vendor.asked) == 1
        vendor.now += 0.2
        await found.get("SPY", DAYS[1:2])
        assert vendor.asked[1:] == [(DAYS[1], DAYS[1])]
        # One in the middle is fresh, so that the others are two questions.
        await found.get("SPY", DAYS[:3])
        assert vendor.asked[2:] == [(DAYS[0], DAYS[0]), (DAYS[2], DAYS[2])]

    asyncio.run(main())


def test_half_of_the_rate_goes_into_filling_the_nearest_first_then_the_oldest() -> None:
    async def main() -> None:
        vendor = Vendor(per_minute=40.0)
        found = made(vendor)
        first = await found.get("SPY", DAYS[:60])
        assert days_of(first) == DAYS[:18]
        for _ in range(11):
            vendor.now += 5.0
            await found.get("SPY", DAYS[:60])
        assert vendor.requests <= 20
        vendor.now += 6.0
        await found.get("SPY", DAYS[:60])
        assert vendor.asked[1] == (DAYS[18], DAYS[35])
        for _ in range(4 * 12):
            vendor.now += 5.0
            await found.get("SPY", DAYS[:60])
        assert vendor.asked[2] == (DAYS[36], DAYS[53])
        # The oldest are asked again together with those whose turn had not come.
        assert vendor.asked[3:5] == [(DAYS[0], DAYS[9]), (DAYS[54], DAYS[59])]

    asyncio.run(main())


def test_all_underlyings_share_the_rate() -> None:
    async def main() -> None:
        vendor = Vendor(per_minute=60.0)
        found = made(vendor)
        for _ in range(120):  # ten minutes, a poll every five seconds
            for underlying in ("SPY", "QQQ", "IWM", "DIA"):
                await found.get(underlying, DAYS[:36])
            vendor.now += 5.0
        assert 10 * 30 * 0.7 <= vendor.requests + 2 * len(vendor.asked) <= 11 * 30
        assert {underlying for underlying, _ in found._pages} == {"SPY", "QQQ", "IWM", "DIA"}

    asyncio.run(main())


def test_a_vendor_that_tells_no_rate_gets_the_usual_one() -> None:
    vendor = Vendor(per_minute=None)
    assert len(days_of(asyncio.run(made(vendor).get("SPY", DAYS)))) == 58


def test_how_often_gaps_can_be_filled() -> None:
    async def main() -> None:
        vendor = Vendor(per_minute=120.0)
        found = made(vendor)
        assert found.cadence_s == 30.0
        await found.get("SPY", DAYS[:60])
        await found.get("QQQ", DAYS[:60])
        assert found.cadence_s == 120.0
        vendor.now += 61.0
        await found.get("QQQ", DAYS[:60])
        assert found.cadence_s == 60.0

    asyncio.run(main())


def test_a_failure_is_not_repeated_at_once_and_gives_nothing() -> None:
    async def main() -> None:
        vendor = Vendor(fails=True)
        found = made(vendor)
        assert days_of(await found.get("SPY", DAYS[:2])) == []
        assert days_of(await found.get("SPY", DAYS[:2])) == []
        assert len(vendor.asked) == 1

    asyncio.run(main())


def test_an_unhealthy_vendor_is_not_asked() -> None:
    async def main() -> None:
        vendor = Vendor(fails=True)
        found = made(vendor)
        for day in DAYS[:3]:
            await found.get("SPY", [day])
        await found.get("SPY", DAYS[3:4])
        assert len(vendor.asked) == 3

    asyncio.run(main())


def test_a_part_is_used() -> None:
    assert days_of(asyncio.run(made(Vendor(is_partial=True)).get("SPY", DAYS[:2]))) == DAYS[:1]


def test_an_answer_does_not_wait_for_a_slow_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "FILL_PATIENCE_S", 0.02)

    async def main() -> None:
        vendor = Vendor(delay_s=0.1)
        found = made(vendor)
        assert await found.get("SPY", DAYS[:2]) is None
        assert await found.get("SPY", DAYS[:2]) is None
        await asyncio.sleep(0.1)
        assert days_of(await found.get("SPY", DAYS[:2])) == DAYS[:2]
        assert len(vendor.asked) == 1

    asyncio.run(main())


def test_closing_calls_off_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "FILL_PATIENCE_S", 0.01)

    async def main() -> None:
        found = made(Vendor(delay_s=60.0))
        await found.get("SPY", DAYS[:2])
        await found.close()
        await found.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_pages_do_not_pile_up() -> None:
    async def main() -> None:
        vendor = Vendor(per_minute=10_000.0)
        found = made(vendor)
        for letter in "ABCDEFGHIJ":
            await found.get(f"S{letter}", DAYS)
        assert len(found._pages) == offers.MOST_KEPT

    asyncio.run(main())
