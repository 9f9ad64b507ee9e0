"""A replay: the recording alone decides what is published, and when; nobody misses the beginning, the end ends it."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import quantdata as qd
from quantdata.frames.columns import GAPS, schema
from quantdata.live import HubSnapshot, Tick, replaying
from quantdata.live.blocks import packed
from quantdata.live.records import Frame, Lost, Missed
from tests.unit.hybrid.chains import NOW
from tests.unit.live.recorded import (
    CALL,
    NOON_MS,
    Written,
    answer,
    frame,
    line,
    ns,
    opened,
    paced,
    quote,
    trade,
    watched,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.live.recorded import Written

pytestmark = pytest.mark.thorough

SECOND = timedelta(seconds=1)


def minute(folder: Path) -> Path:
    """Record a minute: a poll, quotes and prints on the stream, another poll, and nothing at the end."""
    begun: list[Written] = [opened(), watched("SPY"), line(), paced("SPY", (None, 30.0)), (answer(), 0.5)]
    streamed = [frame(second, quote(second, 12.0 + second / 10, 13.0 + second / 10)) for second in range(2, 10)]
    printed = [frame(12.0, trade(12.0, 13.5), trade(12.01, 13.9))]
    polled: list[Written] = [(answer(30.0), 30.5), frame(60.0, quote(60.0, 14.0, 14.2))]
    write(folder, *begun, *streamed, *printed, *polled)
    return folder


def published(folder: Path, *, speed: float | None = None) -> list[HubSnapshot]:
    """Return all that a replay publishes."""
    found: list[HubSnapshot] = []
    with qd.replay(folder, speed=speed) as hub:
        hub.subscribe_snapshot("all", found.append)
        hub.wait_over(30.0)
    return found


def bids(snapshots: list[HubSnapshot]) -> list[float]:
    """Return the bids of the call, each once."""
    found = [_of_call(each)["bid"] for each in snapshots if is_known(each)]
    return list(dict.fromkeys(found))


def is_known(snapshot: HubSnapshot) -> bool:
    return "SPY" in snapshot.chains and snapshot.chains["SPY"].height > 0


def _of_call(snapshot: HubSnapshot) -> dict[str, Any]:
    return snapshot.chains["SPY"].row(by_predicate=pl.col("contract_symbol") == CALL, named=True)


# --- what is published ----------------------------------------------------------------------------------------------


def test_frames_and_answers_are_published_at_the_times_at_which_they_came(tmp_path: Path) -> None:
    found = published(minute(tmp_path))
    assert bids(found) == [12.4, *(12.0 + second / 10 for second in range(2, 10) if second != 4), 14.0]
    first = next(each for each in found if is_known(each))
    # It is valued at once, and published when the window of the publication before is over.
    assert first.at == NOW + 0.6 * SECOND
    moments = {_of_call(each)["bid"]: each.at for each in reversed(found) if is_known(each)}
    assert moments[12.2] == NOW + 2 * SECOND
    assert moments[14.0] == NOW + 60 * SECOND
    assert [each.number for each in found] == list(range(len(found)))


def test_prints_are_summed_up_against_the_quotes_held_before_them(tmp_path: Path) -> None:
    flow = published(minute(tmp_path))[-1].flow["SPY"]
    row = flow.row(by_predicate=pl.col("contract_symbol") == CALL, named=True)
    assert (row["method"], row["buy_volume"], row["sell_volume"]) == ("tape", 6, 0)


def test_ages_are_those_of_the_recorded_moment_and_grow_where_nothing_comes(tmp_path: Path) -> None:
    rows = [(each.at, _of_call(each)) for each in published(minute(tmp_path)) if is_known(each)]
    silent = [row["age_s"] for at, row in rows if NOW + 12 * SECOND < at < NOW + 30 * SECOND]
    assert silent == sorted(silent)
    assert silent[0] < 6.0
    assert 15.0 < silent[-1] < 22.0


@pytest.mark.parametrize("speed", [None, 1_000.0])
def test_it_publishes_the_same_again_at_any_speed(tmp_path: Path, speed: float | None) -> None:
    first = published(minute(tmp_path))
    again = {each.number: each for each in published(tmp_path, speed=speed)}
    if speed is None:
        assert len(again) == len(first)
    # At a speed, a subscriber that is slow misses publications.
    for each in (each for each in first if each.number in again):
        other = again[each.number]
        assert (each.at, each.changed, other.number) == (other.at, other.changed, each.number)
        for one, two in (
            (each.chains.get("SPY", pl.DataFrame()), other.chains.get("SPY", pl.DataFrame())),
            (each.flow.get("SPY", pl.DataFrame()), other.flow.get("SPY", pl.DataFrame())),
            (each.equities, other.equities),
            (each.indices, other.indices),
        ):
            assert one.serialize() == two.serialize()
    assert first[-1].number in again


def test_a_speed_is_a_pace(tmp_path: Path) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    with qd.replay(minute(tmp_path)) as hub:
        made = replaying.Replayer(
            hub._core,
            hub._settings,
            hub._reading,
            speed=2.0,
            snapshots=hub._snapshots,
            ticks=hub._ticks,
            alerts=hub._alerts,
            on_watch=hub._follow,
            clock=lambda: 100.0,
            sleep=sleep,
        )
        asyncio.run(_played(made, hub.watchlist))
    # The clock stands still, so that each sleep is to its moment from the first on.
    assert max(slept) == pytest.approx(30.0, abs=0.5)
    assert slept == sorted(slept)


async def _played(made: replaying.Replayer, watchlist: Any) -> None:
    await made.start(watchlist)
    await asyncio.gather(*made._tasks)


def test_the_watchlist_changes_where_it_changed(tmp_path: Path) -> None:
    later: list[Written] = [
        watched("SPY", "QQQ", after_s=2.0),
        (answer(3.0, subject="QQQ"), 3.0),
        watched("QQQ", after_s=4.0),
    ]
    write(tmp_path, opened(), watched("SPY"), (answer(), 0.0), *later)
    with qd.replay(tmp_path) as hub:
        assert hub.watchlist.chains == ("SPY",)
        seen: list[tuple[str, ...]] = []
        hub.subscribe_snapshot("chains", lambda each: seen.append(tuple(each.chains)))
        hub.wait_over()
        assert hub.watchlist.chains == ("QQQ",)
        assert hub.chain("QQQ").height == 6
    assert list(dict.fromkeys(seen)) == [("SPY",), ("SPY", "QQQ"), ("QQQ",)]


def test_tradiers_frames_are_read_as_tradiers(tmp_path: Path) -> None:
    said = b'{"type":"quote","symbol":"%s","bid":12.7,"bidsz":1,"biddate":"%d","ask":12.9,"asksz":1,"askdate":"%d"}'
    when = NOON_MS + 1_000
    told = Frame(at=ns(1.0), vendor="tradier", asset="all", frame=said % (CALL.encode(), when, when))
    write(tmp_path, opened(("tradier", "all")), watched("SPY"), (answer(quote_source="tradier"), 0.0), told)
    last = published(tmp_path)[-1]
    assert (_of_call(last)["bid"], _of_call(last)["quote_source"]) == (12.7, "tradier")


def test_how_its_streams_were_is_told(tmp_path: Path) -> None:
    gap = Missed(at=ns(2.0), vendor="massive", asset="options", reason="dropped", start=NOW, end=NOW + SECOND)
    lost = Lost(at=ns(2.0), records=7)
    write(tmp_path, opened(), watched("SPY"), line(), (answer(), 0.0), frame(1.0, quote(1.0, 12.0, 13.0)), gap, lost)
    with qd.replay(tmp_path) as hub:
        hub.wait_over()
        assert hub.streams().select("provider", "asset", "state", "feed", "events").rows() == [
            ("massive", "options", "live", "realtime", 1)
        ]
        assert hub.gaps().schema == schema(GAPS)
        assert hub.gaps().select("reason", "start_ts", "end_ts").row(0) == ("dropped", NOW, NOW + SECOND)
        figures = {(row["subject"], row["metric"]): row["value"] for row in hub.metrics().iter_rows(named=True)}
        assert figures["recording", "records"] == 8.0
        assert figures["recording", "lost_records"] == 7.0
        assert figures["SPY", "polls"] == 1.0
        assert figures["SPY", "effective_refresh"] == 5.0
        assert hub.refused() == {}
        assert hub.health().is_empty()


# --- its beginning and its end --------------------------------------------------------------------------------------


def test_iterators_see_all_of_it_and_end_with_it(tmp_path: Path) -> None:
    async def taken(hub: qd.MarketDataHub) -> tuple[list[Tick], list[HubSnapshot]]:
        async def ticks() -> list[Tick]:
            return [tick async for tick in hub.ticks()]

        async def snapshots() -> list[HubSnapshot]:
            return [snapshot async for snapshot in hub.snapshots()]

        told, shown = await asyncio.gather(ticks(), snapshots())
        return told, shown

    with qd.replay(minute(tmp_path)) as hub:
        ticks, snapshots = asyncio.run(taken(hub))
        assert hub.is_over
        assert hub.snapshot() is snapshots[-1]
    assert [tick.kind for tick in ticks] == [*(["quote"] * 8), "trade", "trade", "quote"]
    assert snapshots[0].number == 0
    assert bids(snapshots) == bids(published(tmp_path))


def test_a_slow_subscriber_misses_nothing_without_a_speed(tmp_path: Path) -> None:
    found: list[int] = []
    turn = threading.Semaphore(0)

    def slow(snapshot: HubSnapshot) -> None:
        turn.acquire(timeout=10.0)
        found.append(snapshot.number)

    with qd.replay(minute(tmp_path)) as hub:
        hub.subscribe_snapshot("slow", slow)
        hub.subscribe_snapshot("quick", lambda _: turn.release())
        last = hub.wait_over()
    assert found == list(range(last.number + 1))


def test_who_takes_nothing_for_long_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(replaying, "PATIENCE_S", 0.0)
    with qd.replay(minute(tmp_path)) as hub:
        forgotten = hub.snapshots()
        hub.wait_over()
        assert caplog.text.count("replay goes on without=iterator-1") == 1
        del forgotten


def test_a_hub_that_is_closed_before_its_end_ends_at_once(tmp_path: Path) -> None:
    with qd.replay(minute(tmp_path), speed=1.0) as hub:
        assert not hub.is_over
        with pytest.raises(qd.FeedError, match=r"it is not over after 0 s"):
            hub.wait_over(0.0)
    with pytest.raises(qd.FeedError, match=r"start\(\) it"):
        hub.wait_over()


def test_one_that_was_stopped_plays_from_its_beginning_again(tmp_path: Path) -> None:
    later: list[Written] = [frame(30.0, quote(30.0, 12.0, 13.0)), watched("SPY", "QQQ", after_s=31.0)]
    write(tmp_path, opened(), watched("SPY"), line(), paced("SPY", (None, 30.0)), (answer(), 0.5), *later)
    with qd.replay(tmp_path, speed=1_000.0) as hub:
        first = hub.wait_over(30.0)
        assert [*hub.watchlist.chains] == ["SPY", "QQQ"]
        hub.stop()
        hub.stop()
        assert not hub.is_running
        assert [*hub.watchlist.chains] == ["SPY"]
        again = hub.start().wait_over(30.0)
        assert bids([again]) == bids([first])


def test_what_is_damaged_in_the_middle_is_told_and_ends_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    minute(tmp_path)
    with (tmp_path / "000001.zst").open("ab") as file:
        file.write(packed(b"something else"))
    with qd.replay(tmp_path) as hub, pytest.raises(qd.FeedError, match=r"has failed: .*000001.zst is damaged"):
        hub.wait_over()
    assert "hub failed" in caplog.text


# --- what cannot be asked -------------------------------------------------------------------------------------------


def test_a_replay_watches_what_was_recorded(tmp_path: Path) -> None:
    with qd.replay(minute(tmp_path)) as hub:
        for change in (hub.watch, hub.set_watchlist):
            with pytest.raises(qd.FeedError, match="a replay watches what was recorded"):
                change("QQQ")
        assert hub.watchlist.names() == ["SPY"]
        with pytest.raises(qd.FeedError, match=r"is on record already: copy its folder to .*copy"):
            hub.record(tmp_path / "copy")


@pytest.mark.parametrize("speed", [0, -1.0, float("nan"), "fast", True])
def test_a_speed_that_is_none_is_refused(tmp_path: Path, speed: Any) -> None:
    with pytest.raises(qd.ArgumentError, match="speed"):
        qd.replay(minute(tmp_path), speed=speed)


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(qd.ArgumentError, match="is no recording"):
        qd.replay(tmp_path)
