"""End to end: the whole SPY chain from a server 50 ms away, against the vendor's client."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from massive.rest import RESTClient

from quantdata import portal
from quantdata.clients import AsyncMassive, ChainQuery
from tests.benchmarks.payloads import CLOCK
from tests.benchmarks.runner import Comparison, interleaved

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LATENCY_S", "run", "server"]

LATENCY_S: Final = 0.05
QUERY: Final = ChainQuery.of("SPY")


@contextmanager
def server() -> Iterator[str]:
    """Run the simulator in a process of its own, as a vendor would be."""
    command = [sys.executable, "-m", "quantdata", "sim", "--port", "0", "--clock", CLOCK, "--latency", str(LATENCY_S)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield next(word for word in line.split() if word.startswith("http://"))
        finally:
            process.terminate()


def run(*, rounds: int) -> list[Comparison]:
    """Compare a client that has loaded the chain before, one that has not, and the vendor's own."""
    with server() as base_url:
        warm = AsyncMassive("benchmark", base_url=base_url)
        official = RESTClient(api_key="benchmark", base=base_url)
        contracts = portal.call(warm.chain(QUERY)).height

        def cold() -> None:
            client = AsyncMassive("benchmark", base_url=base_url)
            assert portal.call(client.chain(QUERY)).height == contracts
            portal.call(client.close())

        def vendor() -> None:
            rows = list(official.list_snapshot_options_chain("SPY", params={"limit": 250}))
            assert len(rows) == contracts

        times = interleaved(
            {
                "quantdata, warm": lambda: portal.call(warm.chain(QUERY)),
                "quantdata, cold": cold,
                "massive client, to its models": vendor,
                "limit: one round trip": lambda: time.sleep(LATENCY_S),
            },
            rounds=max(3, rounds // 2),
        )
        portal.call(warm.close())
    conditions = (
        f"{contracts:,} contracts, loopback, {1e3 * LATENCY_S:.0f} ms before each answer, gzip, "
        "server in a process of its own"
    )
    cold_times = {
        "quantdata, cold": times["quantdata, cold"],
        "massive client, to its models": times["massive client, to its models"],
    }
    peer = "massive client, to its models"
    return [
        Comparison("Whole chain over HTTP, warm", conditions, "ms", times, {peer: ">= 12x"}),
        Comparison("Whole chain over HTTP, cold", conditions, "ms", cold_times, {peer: ">= 4x"}),
    ]
