from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata import portal
from quantdata.errors import EntitlementError
from quantdata.frames.columns import JOB_PLAN, schema
from quantdata.hybrid import AsyncHybrid
from quantdata.jobs import Job, plan, run
from quantdata.jobs.estimates import ASSUMED, requests_of
from quantdata.jobs.journal import Journal
from quantdata.jobs.planning import _rate

if TYPE_CHECKING:
    import quantdata as qd
    from quantdata.lake import Lake
    from tests.unit.jobs.vendor import FakeVendor

BARS = Job("bars", ["SPY"], timeframe="1m", start="2026-09-01", end="2026-11-18")


def planned(client: qd.Client, lake: Lake, *jobs: Job) -> list[dict[str, Any]]:
    found = plan(jobs, client, lake)
    assert found.schema == schema(JOB_PLAN)
    return list(found.iter_rows(named=True))


def test_a_plan_says_what_bars_take_and_asks_for_none(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    (row,) = planned(client, lake, BARS)
    assert row == {
        "dataset": "bars_1m",
        "symbol": "SPY",
        "start": date(2026, 9, 1),
        "end": date(2026, 11, 17),
        "sessions": 55,
        "cached": 0,
        "requests": 2,
        "seconds": 2.0,
        "rows": 55 * 390,
        "bytes": 55 * (4_900 + 390 * 26),
        "is_measured": False,
        "not_included": "the session of 2026-11-18, which is kept from the day after it on",
    }
    assert vendor.asked.total() == 0


def test_what_the_lake_has_is_not_asked_for_and_is_what_is_measured(client: qd.Client, lake: Lake) -> None:
    run([Job("bars", ["SPY"], timeframe="1m", last=4)], client, lake, progress=False)
    (row,) = planned(client, lake, BARS)
    size: Any = lake.coverage("bars_1m").get_column("bytes").mean()
    assert (row["sessions"], row["cached"], row["rows"], row["is_measured"]) == (51, 4, 51 * 3, True)
    assert row["bytes"] == round(51 * size)
    (other,) = planned(client, lake, Job("bars", ["QQQ"], timeframe="1m", last=1))
    assert (other["rows"], other["is_measured"]) == (390, True)
    assert other["bytes"] == round(390 * size / 3)


def test_all_of_it_there_takes_nothing(client: qd.Client, lake: Lake) -> None:
    job = Job("trades", ["SPY"], last=2)
    run([job], client, lake, progress=False)
    (row,) = planned(client, lake, job)
    assert (row["sessions"], row["cached"], row["requests"], row["seconds"], row["bytes"]) == (0, 2, 0, 0.0, 0)


def test_sessions_that_have_nothing_are_cached_too(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    vendor.without.add("SPY")
    job = Job("bars", ["SPY"], timeframe="5m", start="2026-11-02", end="2026-11-06")
    run([job], client, lake, progress=False)
    (row,) = planned(client, lake, job)
    assert (row["sessions"], row["cached"]) == (0, 5)


def test_snapshots_take_a_row_for_each_request(client: qd.Client, lake: Lake) -> None:
    jobs = [
        Job("chains", ["SPY", "QQQ"]),
        Job("quotes", ["SPY", "QQQ", "IWM"]),
        Job("indices", ["SPX"]),
        Job("flow", ["SPY"]),
    ]
    found = planned(client, lake, *jobs)
    assert [(row["dataset"], row["symbol"], row["requests"], row["rows"]) for row in found] == [
        ("chains", "SPY", 22, 3_000),
        ("chains", "QQQ", 22, 3_000),
        ("quotes", "SPY QQQ IWM", 1, 3),
        ("indices", "SPX", 1, 1),
        ("flow", "SPY", 62, 3_000),
    ]
    assert {(row["start"], row["sessions"], row["cached"]) for row in found} == {(None, None, 0)}


def test_snapshots_are_measured_on_those_of_the_same(client: qd.Client, lake: Lake) -> None:
    narrow = Job("chains", ["SPY"], filters={"option_type": "call"})
    run([narrow, Job("quotes", ["SPY", "QQQ"])], client, lake, progress=False)
    same, whole, quotes = planned(client, lake, narrow, Job("chains", ["SPY"]), Job("quotes", ["SPY", "QQQ"]))
    assert (same["rows"], same["is_measured"]) == (3, True)
    assert (whole["rows"], whole["is_measured"]) == (3_000, True)
    assert (quotes["rows"], quotes["is_measured"]) == (2, True)


def test_what_an_unfinished_run_has_brought_in_is_cached(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    chains, quotes = Job("chains", ["SPY", "QQQ"]), Job("quotes", ["SPY", "QQQ"])
    for job in (chains, quotes):
        journal = Journal(lake, job, "sim")
        journal.begin(vendor.at)
        journal.add(("SPY",))
    found = planned(client, lake, chains, quotes)
    assert [(row["cached"], row["requests"], row["rows"]) for row in found] == [(1, 0, 0), (0, 22, 3_000), (1, 1, 1)]


def test_what_the_plan_does_not_include_is_said_before(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    vendor.refused = {"bars", "chain", "option_trades"}
    vendor.kept = date(2026, 11, 16)
    bars = Job("bars", ["SPY"], timeframe="1m", start="2026-11-12", end="2026-11-17")
    chain, history, stocks, options = planned(
        client,
        lake,
        Job("chains", ["SPY"]),
        bars,
        Job("trades", ["SPY"], last=1),
        Job("trades", ["SPY261218C00600000"], last=1),
    )
    assert chain["not_included"] == "chain: not in your plan"
    assert history["not_included"] == (
        "bars: not in your plan; 2 sessions before 2026-11-16, from where on massive keeps them"
    )
    assert stocks["not_included"] is None
    assert options["not_included"] == "option_trades: not in your plan"


def test_what_the_second_vendor_delivers_is_included(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    vendor.refused = {"bars"}
    ours = portal.call(vendor.entitlements())

    async def both() -> pl.DataFrame:
        theirs = ours.with_columns(is_entitled=pl.lit(value=True))
        return pl.concat([ours, theirs])

    vendor.entitlements = both  # type: ignore[method-assign]
    (row,) = planned(client, lake, Job("bars", ["SPY"], timeframe="5m", last=1))
    assert row["not_included"] is None


def test_an_account_that_cannot_be_asked_is_an_error(client: qd.Client, vendor: FakeVendor, lake: Lake) -> None:
    async def refused() -> pl.DataFrame:
        raise EntitlementError("no", provider="massive")

    vendor.entitlements = refused  # type: ignore[method-assign]
    with pytest.raises(EntitlementError):
        plan([BARS], client, lake)


def test_of_two_vendors_the_rate_of_the_first_counts(vendor: FakeVendor) -> None:
    both = AsyncHybrid.__new__(AsyncHybrid)
    both._first = vendor  # type: ignore[assignment]
    assert (_rate(vendor), _rate(both)) == (60.0, 60.0)  # type: ignore[arg-type]


# --- requests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "rows", "massive", "tradier"),
    [
        (Job("chains", ["SPY"]), 9_500, 64, 38),
        (Job("chains", ["SPY"]), 300, 18, 11),
        (Job("flow", ["SPY"], top=5), 3_000, 32, 24),
        (Job("bars", ["SPY"], timeframe="1m", last=1), 12_000, 1, 1),
        (Job("trades", ["SPY"], last=1), 120_000, 3, 7),
        (Job("trades", ["SPY"], last=1, session="all"), 10, 1, 16),
        (Job("quotes", ["SPY"]), 600, 3, 3),
    ],
)
def test_requests_are_counted_in_the_vendors_pages(job: Job, rows: float, massive: int, tradier: int) -> None:
    assert (requests_of(job, "hybrid", rows), requests_of(job, "tradier", rows)) == (massive, tradier)


def test_every_kind_has_an_assumption() -> None:
    assert set(ASSUMED) == {"chains", "bars", "quotes", "indices", "flow", "trades"}
