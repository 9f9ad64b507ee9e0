"""Gaps of streams: on record with both ends, and with the poll that filled them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from quantdata.live.gaps import REMEMBERED, GapRecord, Gaps
from quantdata.wire.vitals import Gap

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def gap(start_s: int = 0, end_s: int = 5) -> Gap:
    return Gap(
        vendor="massive", asset="options", start=NOON + start_s * SECOND, end=NOON + end_s * SECOND, reason="reset"
    )


def test_a_gap_is_filled_when_the_last_subject_has_been_answered_that_was_asked_after_its_end() -> None:
    gaps = Gaps()
    gaps.add(gap(), unfilled=["SPY", "QQQ"])
    unfilled = GapRecord("massive", "options", "reset", NOON, NOON + 5 * SECOND)
    assert gaps.records == [unfilled]
    gaps.answered("SPY", asked_at=NOON + 6 * SECOND, now=NOON + 7 * SECOND)
    gaps.answered("QQQ", asked_at=NOON + 4 * SECOND, now=NOON + 8 * SECOND)  # it was on its way at the end
    gaps.answered("equities", asked_at=NOON + 9 * SECOND, now=NOON + 9 * SECOND)
    assert gaps.records == [unfilled]
    gaps.answered("QQQ", asked_at=NOON + 9 * SECOND, now=NOON + 10 * SECOND)
    gaps.answered("QQQ", asked_at=NOON + 14 * SECOND, now=NOON + 15 * SECOND)
    assert gaps.records == [unfilled._replace(filled_at=NOON + 10 * SECOND)]


def test_each_gap_is_filled_by_itself() -> None:
    gaps = Gaps()
    gaps.add(gap(), unfilled=["SPY"])
    gaps.add(gap(10, 15), unfilled=["SPY"])
    gaps.answered("SPY", asked_at=NOON + 12 * SECOND, now=NOON + 13 * SECOND)
    assert [record.filled_at for record in gaps.records] == [NOON + 13 * SECOND, None]


def test_the_oldest_are_forgotten() -> None:
    gaps = Gaps()
    for number in range(REMEMBERED + 1):
        gaps.add(gap(number, number + 1), unfilled=["SPY"])
    assert len(gaps.records) == REMEMBERED
    assert gaps.records[0].start == NOON + SECOND
