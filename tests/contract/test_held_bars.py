"""Bars with memory, before the simulated market: the same bars, each session asked for once, and no gap without why."""

from __future__ import annotations

import asyncio
import warnings
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from polars.testing import assert_frame_equal

import quantdata as qd
from quantdata import portal
from quantdata.client.held_bars import HeldBars
from quantdata.clients import AsyncMassive, AsyncTradier, BarQuery, ChainQuery
from quantdata.errors import EntitlementError, IncompleteError, UnavailableError
from quantdata.frames.columns import BARS, schema
from quantdata.jobs import Job, run
from quantdata.lake import Lake
from quantdata.sim import Fault, Simulator
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from quantdata.clients import Provider

# Wednesday, 18 November 2026, 11:00 in New York.
TODAY = date(2026, 11, 18)
CALL = "SPY261218C00660000"
AGGREGATES = "/v2/aggs/"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def massive(simulator: Simulator) -> Iterator[AsyncMassive]:
    provider = AsyncMassive("k3y", base_url=simulator.base_url)
    yield provider
    portal.call(provider.close())


@pytest.fixture
def tradier(simulator: Simulator) -> Iterator[AsyncTradier]:
    provider = AsyncTradier("t0ken", base_url=simulator.tradier_url)
    yield provider
    portal.call(provider.close())


def query(symbol: str, timeframe: str, start: str, end: str, **more: Any) -> BarQuery:
    return BarQuery.of(symbol, timeframe, start, end, **more)


def held(lake: Lake, provider: Provider, asked: BarQuery) -> pl.DataFrame:
    async def connected() -> Provider:
        return provider

    return portal.call(HeldBars(lake, connected).bars(asked))


def asked_since(provider: Provider, before: int = 0) -> int:
    return provider.requests_sent - before


# --- the same bars ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("adjust", ["raw", "split", "total"])
@pytest.mark.parametrize(
    ("symbol", "timeframe", "start", "end", "session"),
    [
        ("SPY", "1m", "2026-11-12", "2026-11-18", "regular"),
        ("SPY", "5m", "2026-11-12T15:07-05:00", "2026-11-16T11:00-05:00", "all"),
        ("NVDA", "1h", "2026-11-10", "2026-11-17", "regular"),
        ("NVDA", "1h", "2026-11-10", "2026-11-17", "all"),
        ("NVDA", "1d", "2024-05-20", "2024-06-28", "regular"),
        ("SPY", "1d", "2026-09-01", "2026-11-18", "regular"),
        ("SPY", "1w", "2026-09-16", "2026-11-11", "regular"),
        ("SPX", "1d", "2026-11-02", "2026-11-13", "regular"),
        (CALL, "5m", "2026-11-16", "2026-11-18", "regular"),
    ],
)
def test_bars_are_those_of_the_vendor_and_come_out_of_the_lake_the_next_time(
    lake: Lake, massive: AsyncMassive, symbol: str, timeframe: str, start: str, end: str, session: str, adjust: str
) -> None:
    asked = query(symbol, timeframe, start, end, session=session, adjust=adjust)
    direct = portal.call(massive.bars(asked))
    first = held(lake, massive, asked)
    assert first.schema == schema(BARS)
    assert_frame_equal(first, direct, abs_tol=2e-6, rel_tol=1e-6)
    before = massive.requests_sent
    assert_frame_equal(held(lake, massive, asked), first)
    # The clock, and what is of today and not kept yet.
    assert asked_since(massive, before) <= 1 + (asked.end.date() >= TODAY)


def test_only_sessions_that_the_lake_lacks_are_asked_for(
    lake: Lake, massive: AsyncMassive, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[BarQuery] = []
    bars = AsyncMassive.bars

    async def noted(provider: AsyncMassive, query: BarQuery) -> pl.DataFrame:
        asked.append(query)
        return await bars(provider, query)

    monkeypatch.setattr(AsyncMassive, "bars", noted)
    held(lake, massive, query("SPY", "5m", "2026-11-09", "2026-11-10"))
    held(lake, massive, query("SPY", "5m", "2026-11-12", "2026-11-13"))
    asked.clear()
    whole = held(lake, massive, query("SPY", "5m", "2026-11-06", "2026-11-16"))
    days = [(each.start.date(), each.end.date()) for each in asked]
    assert sorted(days) == [
        (date(2026, 11, 6), date(2026, 11, 7)),
        (date(2026, 11, 11), date(2026, 11, 12)),
        (date(2026, 11, 16), date(2026, 11, 17)),
    ]
    assert whole.group_by("session", maintain_order=True).len().get_column("len").to_list() == [78] * 7


def test_hours_before_and_after_are_asked_for_when_they_are_wanted(lake: Lake, massive: AsyncMassive) -> None:
    regular = query("SPY", "5m", "2026-11-12", "2026-11-13")
    assert held(lake, massive, regular).height == 2 * 78
    every = query("SPY", "5m", "2026-11-12", "2026-11-13", session="all")
    assert_frame_equal(held(lake, massive, every), portal.call(massive.bars(every)))
    before = massive.requests_sent
    assert held(lake, massive, regular).height == 2 * 78
    assert asked_since(massive, before) <= 1


def test_the_session_that_is_going_on_is_not_kept(lake: Lake, massive: AsyncMassive) -> None:
    bars = held(lake, massive, query("SPY", "1m", "2026-11-17", "2026-11-18"))
    assert bars.get_column("session").unique(maintain_order=True).to_list() == [date(2026, 11, 17), TODAY]
    assert lake.coverage("bars_1m").get_column("date").to_list() == [date(2026, 11, 17)]


def test_a_lake_answers_without_anybody_to_ask(lake: Lake, massive: AsyncMassive) -> None:
    asked = query("SPY", "1d", "2026-09-01", "2026-11-13", adjust="total")
    known = held(lake, massive, asked)
    gone = AsyncMassive("k3y", base_url="http://127.0.0.1:9", policy=RetryPolicy(tries=1))
    gone.present = _at(datetime(2026, 11, 18, 16, tzinfo=UTC))  # type: ignore[method-assign]
    try:
        assert_frame_equal(held(lake, gone, asked), known)
    finally:
        portal.call(gone.close())


def test_a_host_that_is_away_from_the_start_leaves_its_reason_and_what_the_lake_holds(
    lake: Lake, massive: AsyncMassive
) -> None:
    held(lake, massive, query("SPY", "5m", "2026-11-09", "2026-11-10"))
    gone = AsyncMassive("k3y", base_url="http://127.0.0.1:9", policy=RetryPolicy(tries=1))
    try:
        with pytest.raises(IncompleteError, match=r"156 bars arrived, .*ConnectionRefusedError") as failure:
            held(lake, gone, query("SPY", "5m", "2026-11-09", "2026-11-12", adjust="raw"))
        with pytest.raises(UnavailableError, match="ConnectionRefusedError"):
            held(lake, gone, query("QQQ", "1d", "2026-11-11", "2026-11-12"))
        assert held(lake, gone, query("SPY", "5m", "2026-11-09", "2026-11-10", adjust="raw")).height == 156
    finally:
        portal.call(gone.close())
    assert failure.value.received.height == 156
    for dataset, symbol in (("bars_5m", "SPY"), ("bars_1d", "QQQ")):
        gaps = lake.gaps(dataset, symbol, "2026-11-11", "2026-11-12")
        assert gaps.get_column("reason").to_list() == ["failed"] * 2
        assert gaps.get_column("detail").str.contains("ConnectionRefusedError").all()


def _at(moment: datetime) -> Any:
    async def present() -> datetime:
        return moment

    return present


# --- gaps ---------------------------------------------------------------------------------------------------------


def test_each_weekday_without_bars_has_a_reason(lake: Lake, massive: AsyncMassive) -> None:
    held(lake, massive, query("SPY", "1d", "2026-08-31", "2026-09-11"))
    gaps = lake.gaps("bars_1d", "SPY", "2026-08-31", "2026-09-11")
    assert gaps.select("date", "reason").rows() == [(date(2026, 9, 7), "holiday")]


def _rarely_traded(provider: Provider) -> str:
    """Return a live contract far from the money."""
    far = portal.call(provider.chain(ChainQuery.of("SPY", expirations="2026-12-18", option_type="call")))
    found: str = far.filter(option_type="call").sort("strike").item(-1, "contract_symbol")
    return found


def test_an_option_that_did_not_trade_is_asked_for_once(lake: Lake, massive: AsyncMassive) -> None:
    quiet = _rarely_traded(massive)
    asked = query(quiet, "1d", "2026-10-01", "2026-11-10")
    bars = held(lake, massive, asked)
    gaps = lake.gaps("bars_1d", quiet, "2026-10-01", "2026-11-10")
    assert set(gaps.get_column("reason")) == {"no_trades"}
    assert gaps.height + bars.height == 29
    before = massive.requests_sent
    assert_frame_equal(held(lake, massive, asked), bars)
    assert asked_since(massive, before) <= 1


def test_what_failed_is_an_error_with_the_rest_and_is_asked_for_again(lake: Lake, simulator: Simulator) -> None:
    quick = RetryPolicy(tries=1)
    provider = AsyncMassive("k3y", base_url=simulator.base_url, policy=quick)
    try:
        held(lake, provider, query("SPY", "5m", "2026-11-09", "2026-11-10"))
        simulator.faults.add(Fault("status", path=f"{AGGREGATES}*", status=503))
        with pytest.raises(IncompleteError, match="156 bars arrived") as failure:
            held(lake, provider, query("SPY", "5m", "2026-11-09", "2026-11-12"))
        assert failure.value.received.height == 156
        gaps = lake.gaps("bars_5m", "SPY", "2026-11-09", "2026-11-12")
        assert gaps.select("date", "reason").rows() == [
            (date(2026, 11, 11), "failed"),
            (date(2026, 11, 12), "failed"),
        ]
        assert "503" in gaps.item(0, "detail")
        simulator.faults.clear()
        assert held(lake, provider, query("SPY", "5m", "2026-11-09", "2026-11-12")).height == 4 * 78
    finally:
        portal.call(provider.close())


def test_what_failed_of_the_session_that_is_going_on_is_an_error_with_those_before(
    lake: Lake, simulator: Simulator
) -> None:
    provider = AsyncMassive("k3y", base_url=simulator.base_url, policy=RetryPolicy(tries=1))
    try:
        held(lake, provider, query("SPY", "5m", "2026-11-17", "2026-11-17"))
        simulator.faults.add(Fault("status", path=f"{AGGREGATES}*", status=503))
        with pytest.raises(IncompleteError, match="78 bars arrived"):
            held(lake, provider, query("SPY", "5m", "2026-11-17", "2026-11-18"))
    finally:
        portal.call(provider.close())


def test_splits_and_dividends_that_cannot_be_had_today_are_those_of_before(
    lake: Lake, massive: AsyncMassive, simulator: Simulator
) -> None:
    asked = query("NVDA", "1d", "2024-05-20", "2024-06-28", adjust="total")
    known = held(lake, massive, asked)
    kept = lake.corporate_actions("NVDA")
    assert kept is not None
    lake.keep_corporate_actions("NVDA", kept.actions, asked_on=date(2026, 11, 17))
    provider = AsyncMassive("k3y", base_url=simulator.base_url, policy=RetryPolicy(tries=1))
    simulator.faults.add(Fault("status", path="/v3/reference/*", status=503))
    try:
        assert_frame_equal(held(lake, provider, asked), known)
    finally:
        portal.call(provider.close())


def test_nothing_at_all_is_the_vendors_own_error(lake: Lake, simulator: Simulator) -> None:
    provider = AsyncMassive("k3y", base_url=simulator.base_url, policy=RetryPolicy(tries=1))
    simulator.faults.add(Fault("status", path=f"{AGGREGATES}*", status=503))
    try:
        with pytest.raises(UnavailableError):
            held(lake, provider, query("SPY", "5m", "2026-11-09", "2026-11-10"))
    finally:
        portal.call(provider.close())
    assert lake.coverage().is_empty()


def test_minutes_that_a_vendor_has_forgotten_are_not_asked_for(lake: Lake, tradier: AsyncTradier) -> None:
    with pytest.raises(EntitlementError, match="keeps 5m bars since"):
        held(lake, tradier, query("SPY", "5m", "2026-03-02", "2026-03-03"))
    reasons = lake.gaps("bars_5m", "SPY", "2026-03-02", "2026-03-03")
    assert reasons.get_column("reason").to_list() == ["not_entitled"] * 2


def test_a_host_without_splits_has_bars_as_traded_which_are_called_so(lake: Lake, simulator: Simulator) -> None:
    sandbox = AsyncTradier("sandbox-t0ken", base_url=simulator.tradier_sandbox_url)
    try:
        minutes = held(lake, sandbox, query("SPY", "5m", "2026-11-16", "2026-11-17"))
        assert minutes.get_column("adjustment").unique().to_list() == ["raw"]
        assert lake.coverage("bars_5m").height == 2
        # Its days come adjusted alone: they are handed out, and not kept.
        days = held(lake, sandbox, query("SPY", "1d", "2026-11-16", "2026-11-17"))
        assert days.get_column("adjustment").to_list() == ["split"] * 2
        assert lake.coverage("bars_1d").is_empty()
    finally:
        portal.call(sandbox.close())


def test_sessions_of_two_vendors_are_one_frame_and_each_row_has_its_source(
    lake: Lake, massive: AsyncMassive, tradier: AsyncTradier
) -> None:
    held(lake, tradier, query("NVDA", "1d", "2026-11-09", "2026-11-10"))
    both = held(lake, massive, query("NVDA", "1d", "2026-11-06", "2026-11-12"))
    assert both.get_column("source").to_list() == ["massive", "tradier", "tradier", "massive", "massive"]
    weeks = held(lake, massive, query("NVDA", "1w", "2026-11-02", "2026-11-13"))
    assert weeks.get_column("source").to_list() == ["massive", None]


@pytest.fixture
def both_keys(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASSIVE_API_KEY", "sim-options-starter")
    monkeypatch.setenv("MASSIVE_BASE_URL", simulator.base_url)
    monkeypatch.setenv("TRADIER_ACCESS_TOKEN", "t0ken")
    monkeypatch.setenv("TRADIER_BASE_URL", simulator.tradier_url)


@pytest.mark.usefixtures("both_keys")
def test_what_neither_vendors_plan_has_is_not_entitled_in_lake_and_report(lake: Lake) -> None:
    # Massive's plan is of options alone, and Tradier has no minutes of an index.
    with qd.Client("hybrid", lake=lake.path) as hybrid:
        with pytest.raises(EntitlementError) as failure:
            hybrid.bars("I:SPX", "5m", "2026-11-16", "2026-11-17")
        report = run([Job("bars", ["I:SPX"], timeframe="5m", last=1)], hybrid, lake, progress=False)
    assert "tradier has nothing either" in failure.value.__notes__[0]
    assert report.frame.get_column("status").to_list() == ["not_entitled"]
    gaps = lake.gaps("bars_5m", "SPX", "2026-11-16", "2026-11-17")
    assert gaps.get_column("reason").to_list() == ["not_entitled"] * 2


@pytest.mark.usefixtures("both_keys")
def test_one_vendor_that_is_away_from_the_start_is_replaced_by_the_other(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASSIVE_BASE_URL", "http://127.0.0.1:9")
    with qd.Client("hybrid", lake=lake.path) as hybrid:
        bars = hybrid.bars("SPY", "5m", "2026-11-16", "2026-11-17")
    assert bars.get_column("source").unique().to_list() == ["tradier"]
    assert lake.coverage("bars_5m").height == 2


def test_two_that_ask_at_once_leave_one_whole_lake(lake: Lake, massive: AsyncMassive) -> None:
    async def connected() -> Provider:
        return massive

    async def both() -> list[pl.DataFrame]:
        asked = query("SPY", "5m", "2026-11-02", "2026-11-13")
        return await asyncio.gather(*(HeldBars(Lake(lake.path), connected).bars(asked) for _ in range(3)))

    first, *others = portal.call(both())
    for other in others:
        assert_frame_equal(other, first)
    assert lake.coverage("bars_5m").height == 10


# --- a client -----------------------------------------------------------------------------------------------------


def test_a_client_with_a_lake_keeps_bars_and_finds_chains_again(
    lake: Lake, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASSIVE_API_KEY", "k3y")
    monkeypatch.setenv("MASSIVE_BASE_URL", simulator.base_url)
    with qd.Client("massive", lake=lake.path) as client, warnings.catch_warnings():
        warnings.simplefilter("error")
        bars = client.bars(["SPY", "QQQ"], "5m", "2026-11-12", "2026-11-13")
        assert bars.get_column("symbol").unique(maintain_order=True).to_list() == ["SPY", "QQQ"]
        chain = client.chain("DIA", dte=(0, 7))
        whole = client.chain("DIA")
        lake.write("chains", chain, filters={"dte": [0, 7]})
        lake.write("chains", whole)
        assert_frame_equal(client.chain_as_of("DIA", TODAY), whole, check_row_order=False)
        history = client.chain_history("DIA", TODAY, TODAY)
        assert_frame_equal(history, whole, check_row_order=False)  # the clock stands: both are of one moment
        assert client.chain_history("DIA", "2026-11-16", "2026-11-17").is_empty()
        with pytest.raises(qd.LakeError, match="holds no whole chain of DIA from 2026-11-17"):
            client.chain_as_of("DIA", date(2026, 11, 16))
    assert lake.coverage("bars_5m").height == 4


def test_a_client_without_a_lake_says_how_to_have_one() -> None:
    with (
        qd.Client("sim") as client,
        pytest.raises(qd.ConfigError, match=r"Client\(lake='data/lake'\), or set QUANTDATA_LAKE"),
    ):
        client.chain_history("SPY", TODAY, TODAY)
