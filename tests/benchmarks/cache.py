"""A cached chain: what a repeated question costs, whatever the size of the frame."""

from __future__ import annotations

import time
from typing import Final

from quantdata import Client
from tests.benchmarks.payloads import CLOCK
from tests.benchmarks.runner import Comparison

__all__ = ["run"]

CALLS: Final = 20_000


def run(*, rounds: int) -> list[Comparison]:
    """Time repeated calls against taking the frame out of a plain dict."""
    with Client("sim", clock=CLOCK, cache_ttl={"chain": 3600.0}) as client:
        kept = {"SPY": client.chain("SPY")}
        figures: dict[str, list[float]] = {'client.chain("SPY"), cached': [], "limit: dict and clone": []}
        for _ in range(rounds):
            figures['client.chain("SPY"), cached'].append(_microseconds(lambda: client.chain("SPY")))
            figures["limit: dict and clone"].append(_microseconds(kept["SPY"].clone))
        height = kept["SPY"].height
    return [
        Comparison("Cached chain", f"{height:,} contracts, {CALLS:,} calls a round; goal: <= 5 µs", "µs", figures, {})
    ]


def _microseconds(call: object) -> float:
    assert callable(call)
    began = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - began) / CALLS * 1e6
