"""The last good answers: what is kept, for which failures it stands in, and how it says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.client import last_good as module
from quantdata.client.last_good import LastGood, is_old
from quantdata.errors import (
    AllProvidersFailedError,
    AuthenticationError,
    ContractNotFoundError,
    EntitlementError,
    IncompleteError,
    MaxRetriesError,
    PayloadError,
    QuoteNotFoundError,
    RateLimitError,
    UnavailableError,
)
from quantdata.frames.columns import CHAIN, empty, schema
from quantdata.validation import quality, validate
from tests.unit.hybrid.chains import NOW, chain, row

if TYPE_CHECKING:
    from quantdata.errors import DataProviderError

KEY = ("chain", "SPY")
DOWN = UnavailableError("massive: down", provider="massive")


def answered(seconds_ago: float = 0.0) -> pl.DataFrame:
    """Return a chain that came some time ago, of a simulated market: it is open whenever the test runs."""
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    received = pl.lit(at).cast(schema(CHAIN)["received_ts"])
    rows = chain(row("massive"), row("massive", option_type="put", delta=-0.5))
    stamped = rows.with_columns(
        received_ts=received, snapshot_ts=pl.lit(NOW).cast(schema(CHAIN)["snapshot_ts"]), feed=pl.lit("simulated")
    )
    return validate(stamped.cast({"feed": schema(CHAIN)["feed"]}), now=at)


def kept(frame: pl.DataFrame, *, max_age_s: float = 60.0) -> LastGood:
    last = LastGood(max_age_s)
    last.keep(KEY, frame)
    return last


@pytest.mark.parametrize(
    "error",
    [
        DOWN,
        MaxRetriesError("massive: down", provider="massive"),
        PayloadError("massive: what?", provider="massive"),
        AuthenticationError("massive: who?", provider="massive"),
        RateLimitError("massive: later", provider="massive"),
        IncompleteError(DOWN, received=empty(CHAIN), arrived="0 contracts"),
        AllProvidersFailedError("neither", errors={"massive": DOWN}),
    ],
    ids=lambda error: error.code.value,
)
def test_a_failure_has_the_last_answer_in_its_place(error: DataProviderError) -> None:
    old = kept(answered()).instead_of(error, KEY)
    assert old is not None
    assert is_old(old)
    assert set(old.get_column("fallback_reason")) == {f"old answer: {error.code.value}: {error}"}


@pytest.mark.parametrize(
    "error",
    [
        QuoteNotFoundError("massive: no such stock", provider="massive"),
        ContractNotFoundError("massive: no such contract", provider="massive"),
        EntitlementError("massive: not in the plan", provider="massive"),
    ],
    ids=lambda error: error.code.value,
)
def test_what_does_not_exist_or_is_not_in_the_plan_has_none(error: DataProviderError) -> None:
    assert kept(answered()).instead_of(error, KEY) is None


def test_only_the_same_question_is_answered() -> None:
    assert kept(answered()).instead_of(DOWN, ("chain", "QQQ")) is None
    assert LastGood(60.0).instead_of(DOWN, KEY) is None


def test_it_has_its_age_and_confidence_of_now() -> None:
    good = answered(20.0)
    old = kept(good).instead_of(DOWN, KEY)
    assert old is not None
    assert old.get_column("age_s").to_list() == [pytest.approx(20.0, abs=2.0)] * 2
    # Above three refreshes of 5 s: three quarters of the points.
    assert old.get_column("is_stale").all()
    assert old.get_column("confidence").to_list() == [75, 75]
    assert "old_answer" in quality(old).warnings
    values = ["contract_symbol", "bid", "ask", "quote_ts", "received_ts", "source"]
    assert_frame_equal(old.select(values), good.select(values))


def test_above_six_refreshes_it_says_that_it_is_too_old() -> None:
    old = kept(answered(45.0)).instead_of(DOWN, KEY)
    assert old is not None
    assert old.select("confidence", "errors").rows() == [(0, ["too_old"])] * 2


def test_above_the_age_that_was_asked_for_there_is_none() -> None:
    assert kept(answered(45.0), max_age_s=40.0).instead_of(DOWN, KEY) is None
    assert kept(answered(1.0), max_age_s=0.0).instead_of(DOWN, KEY) is None


def test_the_newest_answer_counts() -> None:
    last = kept(answered(50.0))
    last.keep(KEY, answered(10.0))
    old = last.instead_of(DOWN, KEY)
    assert old is not None
    assert old.item(0, "age_s") == pytest.approx(10.0, abs=2.0)


@pytest.mark.parametrize("kind", ["bars", "trades", "expirations", "market_status", "indicators", "flow"])
def test_what_has_no_age_is_not_kept(kind: str) -> None:
    last = LastGood(60.0)
    last.keep((kind, "SPY"), answered())
    assert last.instead_of(DOWN, (kind, "SPY")) is None


@pytest.mark.parametrize(
    "answer", [empty(CHAIN), ["SPY"], None, answered().with_columns(confidence=pl.lit(39, pl.UInt8))]
)
def test_nothing_is_not_kept_and_nothing_poor(answer: object) -> None:
    last = LastGood(60.0)
    last.keep(KEY, answer)
    assert last.instead_of(DOWN, KEY) is None


def test_an_empty_answer_leaves_the_one_before_it() -> None:
    last = kept(answered())
    last.keep(KEY, empty(CHAIN))
    assert last.instead_of(DOWN, KEY) is not None


def test_the_oldest_are_dropped_when_they_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = answered()
    monkeypatch.setattr(module, "MOST_BYTES", int(2.5 * frame.estimated_size()))
    last = LastGood(60.0)
    for name in ("SPY", "QQQ", "SPY", "IWM"):
        last.keep(("chain", name), frame)
    assert [name for name in ("SPY", "QQQ", "IWM") if last.instead_of(DOWN, ("chain", name)) is not None] == [
        "SPY",
        "IWM",
    ]


def test_a_long_reason_is_cut() -> None:
    error = UnavailableError("x" * 1000, provider="massive")
    old = kept(answered()).instead_of(error, KEY)
    assert old is not None
    assert len(old.item(0, "fallback_reason")) == 300


def test_another_reason_is_not_old_and_a_frame_without_rows_neither() -> None:
    assert not is_old(answered())
    assert not is_old(answered().with_columns(fallback_reason=pl.lit("massive: down")))
    assert not is_old(answered().clear())
