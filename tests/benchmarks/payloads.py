"""The pages that the benchmarks decode: 10,000 contracts of the simulated SPY chain, as the server sends them."""

from __future__ import annotations

import json
import urllib.request
from typing import Final

from quantdata.sim import Simulator

__all__ = ["CLOCK", "CONTRACTS", "chain_pages"]

CLOCK: Final = "at:2026-11-18T11:00"
CONTRACTS: Final = 10_000
PAGE: Final = 250


def chain_pages() -> list[bytes]:
    """Return 40 whole pages, taken over HTTP; rows are repeated where SPY has fewer than 10,000 contracts."""
    with Simulator(clock=CLOCK) as simulator:
        rows: list[object] = []
        url: str | None = f"{simulator.base_url}/v3/snapshot/options/SPY?limit={PAGE}"
        while url is not None and len(rows) < CONTRACTS:
            request = urllib.request.Request(url, headers={"Authorization": "Bearer benchmark"})  # noqa: S310
            with urllib.request.urlopen(request) as answer:  # noqa: S310  # a loopback address
                body = json.load(answer)
            rows += body["results"]
            url = body.get("next_url")
    rows = (rows * 2)[:CONTRACTS]
    return [
        json.dumps(
            {"results": rows[start : start + PAGE], "status": "OK", "request_id": "0" * 32}, separators=(",", ":")
        ).encode()
        for start in range(0, CONTRACTS, PAGE)
    ]
