"""Decoding: pages of a 10,000-contract chain to the flat frame, against the vendor's client and a bare parser."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import simdjson
from massive.rest.models import OptionContractSnapshot

from quantdata.frames.massive import chain as frames
from quantdata.frames.provenance import Answer
from quantdata.wire.http import Reply
from quantdata.wire.massive.envelope import read_page
from tests.benchmarks.payloads import CONTRACTS, chain_pages
from tests.benchmarks.runner import Comparison, interleaved

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["run"]

AT: Final = datetime(2026, 11, 18, 16, tzinfo=UTC)


def ours(pages: list[bytes]) -> pl.DataFrame:
    """Decode as the client does."""
    read = [read_page(Reply("massive", "/v3/snapshot/options/SPY", 200, {}, page)) for page in pages]
    rows = [frames.chain_page(page.results, received=AT) for page in read]
    return frames.chain(rows, underlying="SPY", answer=Answer(source="massive", snapshot_ts=AT))


def _models(pages: list[bytes]) -> Iterator[Any]:
    for page in pages:
        for row in json.loads(page)["results"]:
            yield OptionContractSnapshot.from_dict(row)  # type: ignore[no-untyped-call]


def official(pages: list[bytes]) -> pl.DataFrame:
    """Decode to the vendor's models, and those to a flat frame by what they are: dataclasses."""
    return pl.json_normalize([asdict(model) for model in _models(pages)], infer_schema_length=None)


def official_by_hand(pages: list[bytes]) -> pl.DataFrame:
    """Decode to the vendor's models, and pick 29 fields of each by hand: the least that a user can write."""
    return pl.DataFrame([_picked(model) for model in _models(pages)], infer_schema_length=None)


def _picked(model: Any) -> dict[str, Any]:
    blocks = {
        "details": (
            "ticker",
            "contract_type",
            "expiration_date",
            "strike_price",
            "exercise_style",
            "shares_per_contract",
        ),
        "last_quote": ("bid", "bid_size", "ask", "ask_size", "last_updated"),
        "last_trade": ("price", "size", "sip_timestamp"),
        "day": ("open", "high", "low", "close", "volume", "vwap", "previous_close", "last_updated"),
        "greeks": ("delta", "gamma", "theta", "vega"),
        "underlying_asset": ("price",),
    }
    row = {
        f"{block}_{name}": getattr(getattr(model, block, None), name, None)
        for block, names in blocks.items()
        for name in names
    }
    return {**row, "open_interest": model.open_interest, "implied_volatility": model.implied_volatility}


def parse_only(pages: list[bytes]) -> None:
    """Parse with simdjson and materialise nothing: a floor that no way to a frame can reach."""
    parser = simdjson.Parser()
    for page in pages:
        parser.parse(page)


def run(*, rounds: int) -> list[Comparison]:
    """Compare time and peak memory."""
    pages = chain_pages()
    size_mb = sum(map(len, pages)) / 1e6
    conditions = f"{CONTRACTS:,} contracts, {len(pages)} pages, {size_mb:.1f} MB of JSON in memory, one process"
    times = interleaved(
        {
            "quantdata: bytes to the canonical frame": lambda: ours(pages),
            "massive client: models, asdict, frame": lambda: official(pages),
            "massive client: models, 29 fields by hand, frame": lambda: official_by_hand(pages),
            "floor: simdjson parse, nothing kept": lambda: parse_only(pages),
        },
        rounds=rounds,
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pages"
        file.write_bytes(b"\n".join(pages))
        peaks = {
            "quantdata: bytes to the canonical frame": [_peak_mb("ours", file)],
            "massive client: models, asdict, frame": [_peak_mb("official", file)],
            "massive client: models, 29 fields by hand, frame": [_peak_mb("official_by_hand", file)],
        }
    goals = {"massive client: models, asdict, frame": ">= 10x"}
    memory_goals = {"massive client: models, asdict, frame": ">= 3x"}
    return [
        Comparison("Chain decode: time", conditions, "ms", times, goals),
        Comparison("Chain decode: peak memory over that of the pages", conditions, "MB", peaks, memory_goals),
    ]


def _peak_mb(way: str, pages: Path) -> float:
    """Return by how much one decode raises the peak of a fresh process that holds the pages."""
    command = [sys.executable, "-m", "tests.benchmarks.decode", way, str(pages)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _measure_peak(way: str, file: Path) -> None:
    pages = file.read_bytes().split(b"\n")
    decode = {"ours": ours, "official": official, "official_by_hand": official_by_hand}[way]
    decode(pages[:1])  # what is loaded once does not count
    before = _high_water_mb()
    decode(pages)
    print(_high_water_mb() - before)


def _high_water_mb() -> float:
    # Linux's own count since exec; getrusage would start from the parent's.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(float(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    _measure_peak(sys.argv[1], Path(sys.argv[2]))
