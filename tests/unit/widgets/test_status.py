"""What stands above the rows: badges, warnings in words, where the money is, and no claim that the data do not bear."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from quantdata.frames.columns import CHAIN, empty
from quantdata.widgets.status import is_open, milliseconds, moment_of, prices, whole
from tests.unit.widgets.boards import NOW, board, contract

BOTH = [contract(strike, kind) for strike in (595, 600, 605) for kind in ("call", "put")]


def test_a_good_chain_needs_no_badge() -> None:
    judged = whole(board(BOTH))
    assert (judged.confidence, judged.quality, judged.badges, judged.warnings) == (100, "excellent", (), ())
    assert judged.stale_since is None
    assert judged.ahead_ms == 0


@pytest.mark.parametrize(
    ("feed", "badges"), [("simulated", ("SIMULATED",)), ("delayed", ("DELAYED",)), ("eod", ("END OF DAY",))]
)
def test_what_is_not_live_says_so(feed: str, badges: tuple[str, ...]) -> None:
    assert whole(board([*BOTH[:-1], {**BOTH[-1], "feed": feed}])).badges == badges


def test_after_hours_the_market_is_closed() -> None:
    evening = [{**row, "snapshot_ts": NOW + timedelta(hours=6)} for row in BOTH]
    assert whole(board(evening)).badges == ("CLOSED",)


def test_it_is_stale_when_every_row_is() -> None:
    stale = [{**row, "is_stale": True} for row in BOTH]
    assert whole(board(stale)).stale_since == NOW
    assert whole(board([*stale[:-1], BOTH[-1]])).stale_since is None


def test_warnings_are_sentences() -> None:
    told = whole(board([{**contract(600), "fallback_reason": "massive: no answer"}, contract(605)]), unplaced=1234)
    assert told.warnings == (
        "there are no puts",
        "another provider than the first answered",
        "massive: no answer",
        "1,234 adjusted or incomplete contracts are not shown",
    )
    assert whole(empty(CHAIN)).warnings == ("the chain has no contracts",)


def test_what_the_plan_lacks_is_told_once() -> None:
    bare = [contract(500.0 + at, kind, greeks_source=None) for at in range(10) for kind in ("call", "put")]
    assert "the plan delivers no greeks" in whole(board(bare)).warnings


def test_a_simulated_clock_is_told_as_what_it_is_ahead() -> None:
    early = [{**row, "feed": "simulated", "received_ts": NOW - timedelta(seconds=90)} for row in BOTH]
    assert whole(board(early)).ahead_ms == 90_000
    unknown = [{**row, "feed": "simulated", "received_ts": None} for row in BOTH]
    assert whole(board(unknown)).ahead_ms == 0


@pytest.mark.parametrize(
    ("root", "at", "answer"),
    [
        ("AAPL", "2026-11-18T14:29:59", False),
        ("AAPL", "2026-11-18T14:30:00", True),
        ("AAPL", "2026-11-18T20:59:59", True),
        ("AAPL", "2026-11-18T21:00:00", False),
        ("SPXW", "2026-11-18T21:14:59", True),
        ("SPXW", "2026-11-18T21:15:00", False),
        ("AAPL", "2026-11-21T16:00:00", False),
        (None, "2026-11-18T16:00:00", True),
        ("AAPL", "1999-01-04T16:00:00", False),
    ],
)
def test_options_trade_with_the_stock_market_and_a_few_longer(root: str | None, at: str, answer: object) -> None:
    assert is_open(root, datetime.fromisoformat(f"{at}+00:00")) is answer


def test_a_chain_that_lives_is_of_the_present_and_a_replay_of_the_recorded_moment() -> None:
    chain = board([{**row, "age_s": 2.5} for row in BOTH])
    soon, later = NOW + timedelta(seconds=10), NOW + timedelta(days=1)
    assert moment_of(chain, soon) == soon
    assert moment_of(chain, later) == NOW + timedelta(seconds=2.5)
    assert moment_of(chain.with_columns(age_s=None), later) == NOW
    assert moment_of(chain.with_columns(received_ts=None), later) == later


def test_prices_are_those_of_the_row_and_moments_are_milliseconds() -> None:
    chain = board([contract(600, forward_price=601.5, expiration=date(2026, 12, 18))])
    assert prices(chain, 0) == (600.0, 601.5)
    assert milliseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == 1000
    assert milliseconds(None) is None
