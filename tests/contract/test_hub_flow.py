"""Order flow of a hub: what requests tell of the same minutes where a tape is streamed, else what the chain tells."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import quantdata as qd
from quantdata.frames.columns import FLOW, schema
from quantdata.sim import Simulator
from quantdata.sim.streams.happenings import ALL, Happenings
from tests.contract.hubs import places, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.live import HubSnapshot

pytestmark = pytest.mark.thorough

FAST: Final = 10
TODAY: Final = date(2026, 11, 18)
ENOUGH_PRINTS: Final = 150
# Before the chain is known, stocks may be all that is wanted.
LEAST_CONTRACTS: Final = 100
WHAT_TRADED: Final = ("contract_symbol", "trade_count", "volume", "premium", "sweep_count", "block_count")
SIDES: Final = ("buy_volume", "sell_volume", "unclassified_volume")


class Wall:
    """A real clock that stands until it is let go, and can be held again."""

    def __init__(self) -> None:
        # What it showed last when it stood, and since when it runs.
        self._state: tuple[datetime, float | None] = datetime.now(UTC), None

    def __call__(self) -> datetime:
        shown, let_go = self._state
        return shown + timedelta(seconds=0.0 if let_go is None else time.monotonic() - let_go)

    def let_go(self) -> None:
        self._state = self(), time.monotonic()

    def hold(self, *, after_s: float = 0.0) -> None:
        self._state = self() + timedelta(seconds=after_s), None


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def simulator(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A market that stands until its clock is let go and then runs fast, as a user's environment has it."""
    with Simulator(clock=f"at:{TODAY}T11:00*{FAST}", wall=wall) as simulator:
        keys = {"MASSIVE_API_KEY": "sim", "TRADIER_ACCESS_TOKEN": "sim"}
        for name, text in {**keys, **places(simulator)}.items():
            monkeypatch.setenv(name, text)
        yield simulator


def is_streamed(hub: qd.MarketDataHub) -> bool:
    """Tell whether the stream of options has all that is wanted of it; Tradier's is one of everything."""
    found = hub.streams().filter(pl.col("asset").is_in(["options", "all"]), pl.col("wanted") > LEAST_CONTRACTS)
    return found.filter(pl.col("state") == "live", pl.col("held") >= pl.col("wanted")).height == 1


def heard(hub: qd.MarketDataHub) -> pl.DataFrame:
    """Return the flow of the contracts that traded, by their names."""
    return hub.flow("SPY").filter(pl.col("volume") > 0).sort("contract_symbol")


def methods(flow: pl.DataFrame) -> set[str]:
    return set(flow.get_column("method"))


def on_tape(hub: qd.MarketDataHub) -> pl.DataFrame:
    """Return what the tape tells of the contracts that traded, as `happened` does."""
    return heard(hub).filter(pl.col("method") == "tape").select("contract_symbol", "trade_count", "volume")


def within(printed: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    return printed.join(others, on="contract_symbol", how="semi", maintain_order="left")


def happened(simulator: Simulator, chain: pl.DataFrame, since: datetime, until: datetime) -> pl.DataFrame:
    """Return what the simulator says it printed of a chain's contracts that traded, by their names."""
    parts = [
        pl.DataFrame({"contract_symbol": ticks.symbol, "volume": ticks.trades.size})
        for ticks in Happenings(simulator.market).option_trades(frozenset({ALL}), since, until)
    ]
    own = pl.concat(parts).filter(pl.col("contract_symbol").is_in(chain.get_column("contract_symbol").to_list()))
    counts = own.group_by("contract_symbol").agg(pl.len().cast(pl.Int64).alias("trade_count"), pl.col("volume").sum())
    return counts.sort("contract_symbol")


def test_the_tape_of_a_hub_is_the_tape_that_requests_tell(simulator: Simulator, wall: Wall) -> None:
    with qd.hub("SPY", client=qd.Client("massive"), dte=(0, 2), refresh_interval=600.0, debounce=0.02) as hub:
        hub.wait()
        until(lambda: is_streamed(hub))
        began = simulator.clock.now()
        wall.let_go()
        until(lambda: heard(hub).get_column("trade_count").sum() >= ENOUGH_PRINTS)
        wall.hold()
        ended = simulator.clock.now()
        printed = happened(simulator, hub.chain("SPY"), began, ended)
        until(lambda: heard(hub).select(printed.columns).equals(printed))
        flow = heard(hub)
    # What is asked may not be newer than the chain, which is up to a second old.
    wall.hold(after_s=1.0)
    with qd.Client("massive") as client:
        told = client.flow("SPY", contracts=printed.get_column("contract_symbol").to_list(), start=began, end=ended)
    told = told.filter(pl.col("method") == "tape").sort("contract_symbol")
    assert_frame_equal(flow.select(WHAT_TRADED), told.select(WHAT_TRADED))
    assert set(flow.get_column("notes").list.join(", ")) == {"part_of_session"}
    # On a busy machine the quote to compare with may be one that a look left out for a newer one.
    is_alike = pl.all_horizontal(pl.col(name) == told.get_column(name) for name in SIDES)
    assert flow.filter(is_alike).height > flow.height / 2


@pytest.mark.usefixtures("simulator")
def test_without_streams_flow_is_what_the_chain_tells() -> None:
    with qd.hub("SPY", client=qd.Client("massive"), dte=(0, 2), stream=False) as hub:
        chain = hub.wait().chains["SPY"]
        flow = hub.flow("spy")
        assert flow.schema == schema(FLOW)
        assert methods(flow) == {"chain"}
        # A contract that has not traded today has the volume of the day on which it did.
        today = chain.filter(pl.col("day_session") == TODAY)
        assert flow.get_column("volume").sum() == today.get_column("volume").sum() > 0
        assert flow.filter(pl.col("confidence") == 0).is_empty()
        snapshot = hub.snapshot()
        assert snapshot.flow["SPY"].equals(snapshot.flow["SPY"])
        with pytest.raises(qd.FeedError, match=r"QQQ is not watched: watch\(\) it; watched are SPY"):
            hub.flow("QQQ")


def test_tradier_alone_tells_the_tape_of_the_contracts_that_it_streams(simulator: Simulator, wall: Wall) -> None:
    with qd.hub("SPY", client=qd.Client("tradier"), dte=(0, 2), refresh_interval=600.0) as hub:
        hub.wait()
        assert methods(hub.flow("SPY")) == {"chain"}
        until(lambda: is_streamed(hub))
        began = simulator.clock.now()
        wall.let_go()
        until(lambda: on_tape(hub).height >= 10)
        wall.hold()
        printed = happened(simulator, hub.chain("SPY"), began, simulator.clock.now())
        until(lambda: on_tape(hub).equals(within(printed, on_tape(hub))))
        assert methods(hub.flow("SPY")) == {"chain", "tape"}
        tape = hub.flow("SPY").filter(pl.col("method") == "tape")
    assert set(tape.get_column("notes").list.join(", ")) == {"part_of_session"}
    assert tape.filter(pl.col("buy_pressure").is_not_null()).height > 0


@pytest.mark.usefixtures("simulator")
def test_subscribers_get_flow_with_the_snapshot_or_by_itself(wall: Wall) -> None:
    told: list[pl.DataFrame] = []
    snapshots: list[HubSnapshot] = []
    with qd.hub("SPY", client=qd.Client("massive"), dte=(0, 2), refresh_interval=600.0) as hub:
        hub.subscribe_flow("SPY", told.append)
        hub.subscribe_snapshot("mine", snapshots.append)
        hub.wait()
        wall.let_go()
        until(lambda: told and "tape" in methods(told[-1]) and told[-1].get_column("trade_count").sum() > 0)
        until(lambda: "tape" in methods(snapshots[-1].flow["SPY"]))
    assert methods(told[0]) == {"chain"}
    own = {id(snapshot.flow) for snapshot in snapshots}
    assert len(told) <= len(own) < len(snapshots)
