"""Order flow from the simulated market: Massive's tape, Tradier's chain, and plans in between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import quantdata as qd
from quantdata.errors import ContractNotFoundError, MaxRetriesError, QuantDataWarning, QuoteNotFoundError
from quantdata.frames.columns import FLOW, schema
from quantdata.sim import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim import Simulator

# Dividends and the splits since them.
BESIDE: Final = ("/dividends", "/splits", "/corporate_actions")
KEYS: Final = {"massive": "MASSIVE_API_KEY", "tradier": "TRADIER_ACCESS_TOKEN"}


@pytest.fixture
def client(
    request: pytest.FixtureRequest, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[qd.Client]:
    """Return a client of Massive's, or of the vendor and plan that a test names, in front of the simulated market."""
    vendor, _, plan = getattr(request, "param", "massive").partition(":")
    monkeypatch.setenv("MASSIVE_BASE_URL", simulator.base_url)
    monkeypatch.setenv("TRADIER_BASE_URL", simulator.tradier_url)
    monkeypatch.setenv(KEYS[vendor], f"sim-{plan}" if plan else "a-key-of-its-own")
    with qd.Client("tradier" if vendor == "tradier" else "massive") as made:
        yield made


def tape_of(flow: pl.DataFrame) -> pl.DataFrame:
    return flow.filter(pl.col("method") == "tape")


def test_the_tape_adds_up_to_the_chain(client: qd.Client) -> None:
    flow, chain = client.flow("DIA", top=5), client.chain("DIA")
    assert flow.schema == schema(FLOW)
    assert flow.height == chain.height
    assert flow.get_column("premium").is_sorted(descending=True, nulls_last=True)
    tape = tape_of(flow).join(chain.select("contract_symbol", day="volume", day_vwap="vwap"), on="contract_symbol")
    assert tape.height == 5
    assert tape.get_column("volume").to_list() == tape.get_column("day").to_list()
    parts = tape.select(pl.sum_horizontal("buy_volume", "sell_volume", "unclassified_volume")).to_series()
    assert parts.to_list() == tape.get_column("volume").to_list()
    averages = tape.get_column("premium") / tape.get_column("volume") / 100
    assert averages.to_list() == pytest.approx(tape.get_column("day_vwap").to_list(), abs=1e-4)
    others = flow.filter(pl.col("method") == "chain")
    assert others.height == chain.height - 5
    assert others.get_column("buy_pressure").null_count() == others.height


def test_sides_are_those_that_were_drawn(client: qd.Client) -> None:
    tape = tape_of(client.flow("SPY", top=20))
    total = tape.select(pl.col("volume", "buy_volume", "sell_volume", "unclassified_volume", "sweep_count").sum()).row(
        0
    )
    volume, bought, sold, unclassified, sweeps = total
    # Three tenths are auctions and packages; of the rest a fifth trades at the mid, the others on either side.
    assert 0.28 < bought / volume < 0.40
    assert 0.28 < sold / volume < 0.40
    assert 0.30 < unclassified / volume < 0.44
    assert sweeps > 100
    assert tape.get_column("notes").list.len().sum() == 0


def test_a_named_contract_over_a_named_hour(client: qd.Client) -> None:
    symbol = "SPY261218C00680000"
    start, end = "2026-11-17T10:00-05:00", "2026-11-17T11:00-05:00"
    flow = client.flow("SPY", contracts=symbol, start=start, end=end)
    row = tape_of(flow).row(0, named=True)
    trades = client.trades(symbol, start, end)
    assert (row["contract_symbol"], row["trade_count"], row["volume"]) == (
        symbol,
        trades.height,
        trades.get_column("size").sum(),
    )
    assert row["volume_oi_ratio"] is None, "the open interest of that day is not known"
    others = flow.filter(pl.col("contract_symbol") != symbol)
    assert set(others.get_column("method")) == {"none"}
    assert set(others.get_column("confidence")) == {0}
    assert set(others.get_column("flow_bias")) == {"neutral"}


def _requests(simulator: Simulator) -> dict[str, int]:
    """Return how often each path was asked, but for those in `BESIDE`: a client closed before may have sent some."""
    asked: dict[str, int] = simulator.describe()["requests"]
    return {path: times for path, times in asked.items() if not path.endswith(BESIDE)}


def test_the_async_client_answers_alike_and_keeps_it(client: qd.Client, simulator: Simulator) -> None:
    flow = client.flow("DIA", top=3)
    before = _requests(simulator)
    assert client.flow("DIA", top=3).equals(flow)
    assert _requests(simulator) == before

    async def ask() -> pl.DataFrame:
        async with qd.AsyncClient("massive") as other:
            return await other.flow("DIA", top=3)

    names = ("received_ts", "age_s")  # of the chain that it was told from
    assert_frame_equal(asyncio.run(ask()).drop(names), flow.drop(names))


@pytest.mark.parametrize("client", ["massive:developer"], indirect=True)
def test_a_plan_without_quotes_is_signed_by_the_tick_test(client: qd.Client) -> None:
    with pytest.warns(QuantDataWarning, match="few or no quotes for the prints of 3 contracts: the tick test"):
        tape = tape_of(client.flow("DIA", top=3))
    assert set(tape.get_column("notes").list.first()) == {"signed_by_tick_test"}
    assert (tape.get_column("buy_volume") + tape.get_column("sell_volume") < tape.get_column("volume")).all()


@pytest.mark.parametrize("client", ["massive:starter", "tradier"], indirect=True)
def test_without_a_tape_the_chain_tells_how_much(client: qd.Client, simulator: Simulator) -> None:
    before = sum(count for path, count in simulator.describe()["requests"].items() if "timesales" in path)
    with pytest.warns(QuantDataWarning, match="no tape of 20 contracts") as all_:
        flow = client.flow("DIA")
    assert [warning.filename for warning in all_] == [__file__]
    assert set(flow.get_column("method")) == {"chain"}
    assert set(flow.get_column("flow_bias")) == {"neutral"}
    assert flow.get_column("volume").sum() > 0
    assert flow.get_column("buy_volume").null_count() == flow.height
    assert sum(n for path, n in simulator.describe()["requests"].items() if "timesales" in path) == before


@pytest.mark.parametrize("client", ["tradier"], indirect=True)
def test_tradier_knows_nothing_of_yesterday(client: qd.Client) -> None:
    with pytest.warns(QuantDataWarning, match="nothing is known of that time"):
        flow = client.flow("DIA", start="2026-11-17", end="2026-11-17")
    assert set(flow.get_column("method")) == {"none"}
    assert set(flow.get_column("confidence")) == {0}


def test_what_is_not_listed_is_not_found(client: qd.Client) -> None:
    with pytest.raises(QuoteNotFoundError):
        client.flow("ZZZZ")
    with pytest.raises(ContractNotFoundError, match="no live contract SPY261016C00660000"):
        client.flow("SPY", contracts="SPY261016C00660000")


def test_a_tape_that_fails_is_an_error_and_no_chain(client: qd.Client, simulator: Simulator) -> None:
    simulator.faults.add(Fault("status", status=503, path="/v3/quotes/*"))
    with pytest.raises(MaxRetriesError):
        client.flow("DIA", top=2)
