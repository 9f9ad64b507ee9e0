"""The last two steps of an answer: the model's columns, then the rules, off the loop."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.clients import trust
from quantdata.clients.dividends import NOT_KNOWN
from quantdata.clients.trust import trusted, validated
from quantdata.frames.columns import CHAIN, CHAIN_QUALITY, QUALITY, empty, schema
from quantdata.frames.model import with_model
from quantdata.pricing.rates import RateCurve
from quantdata.validation import validate
from tests.unit.hybrid.chains import NOW, chain, row
from tests.unit.validation.healthy import EQUITIES

RATES = RateCurve.of(0.03)
OF_CHAINS = [column.name for column in CHAIN_QUALITY]


def _trusted(frame: pl.DataFrame, dividends: pl.DataFrame = NOT_KNOWN) -> pl.DataFrame:
    return asyncio.run(trusted(frame, rates=RATES, dividends=dividends))


def _pairs() -> pl.DataFrame:
    return chain(*(row("massive", strike, kind) for strike in (595.0, 600.0, 605.0) for kind in ("call", "put")))


def test_a_chain_is_priced_first_and_then_held_to_the_rules() -> None:
    found, given = _trusted(_pairs()), _pairs()
    assert found.schema == schema(CHAIN)
    expected = validate(with_model(given, rates=RATES, dividends=NOT_KNOWN))
    # Rows of long ago are too old either way: their age is what differs from one moment to the next.
    assert_frame_equal(found.drop("age_s", *OF_CHAINS), expected.drop("age_s", *OF_CHAINS))
    assert found.select("age_s", *OF_CHAINS).null_count().sum_horizontal()[0] == 0
    assert found.get_column("discount_factor")[0] == pytest.approx(RATES.discount([30 / 365])[0])


def test_dividends_are_the_models() -> None:
    paid = pl.DataFrame([(datetime(2026, 12, 1).date(), 5.0)], schema=NOT_KNOWN.schema, orient="row")  # noqa: DTZ001
    forwards = [_trusted(_pairs(), each).get_column("forward_price")[0] for each in (NOT_KNOWN, paid)]
    assert forwards[0] != forwards[1]


def test_nothing_is_nothing() -> None:
    assert_frame_equal(_trusted(empty(CHAIN)), empty(CHAIN))


def test_quotes_are_held_to_their_rules() -> None:
    found = asyncio.run(validated(EQUITIES.drop("errors").with_columns(errors=pl.lit(None, pl.List(pl.String)))))
    names = [column.name for column in QUALITY]
    assert found.select(names).null_count().sum_horizontal()[0] == 0


def test_both_work_in_a_thread_so_that_the_loop_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def noting(frame: pl.DataFrame, *_: object, **__: object) -> pl.DataFrame:
        threads.append(threading.get_ident())
        return frame

    monkeypatch.setattr(trust, "validate", noting)
    _trusted(_pairs())
    asyncio.run(validated(EQUITIES))
    assert len(threads) == 2
    assert threading.get_ident() not in threads


def test_rows_that_waited_for_the_others_are_not_stale() -> None:
    # Of a simulated market, which is open whenever the test runs: as long as a plan of five requests a minute takes.
    arrived = datetime.now(UTC) - timedelta(seconds=200)
    arrivals = [arrived + timedelta(seconds=30 * number) for number in range(6)]
    waited = _pairs().with_columns(
        pl.Series("received_ts", arrivals, schema(CHAIN)["received_ts"]),
        snapshot_ts=pl.lit(NOW).cast(schema(CHAIN)["snapshot_ts"]),
        feed=pl.lit("simulated", schema(CHAIN)["feed"]),
    )
    found = _trusted(waited)
    assert found.get_column("age_s").to_list() == [pytest.approx(200.0 - 30 * number, abs=5) for number in range(6)]
    assert not found.get_column("is_stale").any()
    # Handed out again later they are.
    later = validate(found, datetime.now(UTC) + timedelta(seconds=60))
    assert later.get_column("is_stale").all()
