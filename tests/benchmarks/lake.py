"""The lake beside what it is made of: plain polars writing, DuckDB and plain polars reading the same files."""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import duckdb
import polars as pl
from massive.rest import RESTClient

from quantdata import Client
from quantdata.frames.columns import BARS
from quantdata.frames.provenance import canonical
from quantdata.lake import Lake
from quantdata.sessions import sessions
from tests.benchmarks.payloads import CLOCK
from tests.benchmarks.round_trips import LATENCY_S, server
from tests.benchmarks.runner import Comparison, interleaved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["run"]

CONTRACTS: Final = 10_000
CHAINS: Final = 100
SHORT_CHAINS: Final = 10
AT_ONCE: Final = 4
# What the short form stands for is not measured by it.
FEWEST_ROUNDS: Final = 5
DAYS: Final = 250
UNDERLYINGS: Final = ("AAPL", "IWM", "QQQ", "SPY")
FIVE_YEARS: Final = (date(2021, 11, 18), date(2026, 11, 17))
ONE_YEAR: Final = (date(2025, 11, 18), date(2026, 11, 17))


def run(*, rounds: int) -> list[Comparison]:
    """Compare writing chains, asking for a few days of one underlying, and loading years of one-minute bars."""
    is_short = rounds < FEWEST_ROUNDS
    chain = _chain()
    return [
        _writing(chain, SHORT_CHAINS if is_short else CHAINS, rounds=rounds),
        _asking(chain, DAYS // 10 if is_short else DAYS, rounds=rounds),
        _loading(*(ONE_YEAR if is_short else FIVE_YEARS), rounds=rounds),
        _remembering(*(ONE_YEAR if is_short else FIVE_YEARS), rounds=max(2, rounds // 3)),
    ]


def _chain() -> pl.DataFrame:
    """Return a chain of the simulated market, of so many contracts."""
    with Client("sim", clock=CLOCK) as client:
        return client.chain("SPX").head(CONTRACTS)


@contextmanager
def _lake() -> Iterator[Lake]:
    with tempfile.TemporaryDirectory(prefix="quantdata-lake-") as folder:
        yield Lake(Path(folder) / "lake")


# --- writing --------------------------------------------------------------------------------------------------------


def _writing(chain: pl.DataFrame, chains: int, *, rounds: int) -> Comparison:
    moments = [chain.item(0, "snapshot_ts") + timedelta(seconds=number) for number in range(chains)]
    frames = [chain.with_columns(snapshot_ts=pl.lit(moment, dtype=chain.schema["snapshot_ts"])) for moment in moments]
    with _lake() as lake:
        plain = lake.path.parent / "plain"
        plain.mkdir()

        def ours(number: int) -> object:
            return lake.write("chains", frames[number])

        def theirs(number: int) -> None:
            frames[number].write_parquet(plain / f"{number}.parquet", compression="zstd", compression_level=3)

        def at_once(write: Callable[[int], object]) -> None:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(write, range(chains)))

        everything = pl.concat(frames)
        ways: dict[str, Callable[[], object]] = {
            "lake.write, all in one": lambda: lake.write("chains", everything),
            "DataFrame.write_parquet": lambda: list(map(theirs, range(chains))),
            f"DataFrame.write_parquet, {AT_ONCE} threads": lambda: at_once(theirs),
            "lake.write, one by one": lambda: list(map(ours, range(chains))),
            f"lake.write, one by one, {AT_ONCE} threads (an export)": lambda: at_once(ours),
        }
        figures = _after_sync(ways, rounds=max(2, rounds // 2), scale=1e3 / chains)
    return Comparison(
        "Writing chains",
        f"{chains} chains of {chain.height:,} contracts and {chain.width} columns, zstd 3; "
        "ours sees to order, hashes, forces each to the disk (fsync) and replaces; milliseconds a chain",
        "ms",
        figures,
        {"DataFrame.write_parquet": ">= 0.80x"},
    )


def _after_sync(ways: Mapping[str, Callable[[], object]], *, rounds: int, scale: float) -> dict[str, list[float]]:
    """Time each way once a round, each on a disk at rest: who forces a file to it waits for what others left to do."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            os.sync()
            began = time.perf_counter()
            way()
            if number:
                times[name].append((time.perf_counter() - began) * scale)
    return times


# --- asking ---------------------------------------------------------------------------------------------------------


def _asking(chain: pl.DataFrame, days: int, *, rounds: int) -> Comparison:
    """Ask for three days of one underlying of many, of chains at the close."""
    kept = [each.day for each in sessions(date(2025, 1, 2), date(2026, 11, 17))][-days:]
    small = chain.head(1_000)
    with _lake() as lake, closing(duckdb.connect()) as connection:
        for day in kept:
            lake.write("chains", pl.concat(_at_the_close(small, underlying, day) for underlying in UNDERLYINGS))
        first, last = kept[days // 2], kept[days // 2 + 2]
        columns = ["underlying_symbol", "expiration", "strike", "option_type", "bid", "ask", "implied_volatility"]
        connection.execute("set timezone = 'UTC'")
        files = f"read_parquet('{lake.path}/chains/*/*.parquet', hive_partitioning = true)"
        query = (
            f"select {', '.join(columns)} from {files} where underlying_symbol = 'SPY' "  # noqa: S608
            f"and date between date '{first}' and date '{last}'"
        )

        def ours() -> pl.DataFrame:
            return lake.scan("chains", symbols="SPY", start=first, end=last).select(columns).collect()

        assert ours().height == connection.sql(query).pl().height == 3 * small.height
        ways = {"lake.scan": ours, "DuckDB": lambda: connection.sql(query).pl()}
        figures = interleaved(ways, rounds=rounds)
    return Comparison(
        "One underlying, three days",
        f"of {days} days and {len(UNDERLYINGS)} underlyings, {small.height:,} contracts each, {len(columns)} columns, "
        "the same files",
        "ms",
        figures,
        {"DuckDB": ">= 0.67x"},
    )


def _at_the_close(chain: pl.DataFrame, underlying: str, day: date) -> pl.DataFrame:
    moment = datetime.combine(day, datetime.min.time()) + timedelta(hours=21)
    return chain.with_columns(
        snapshot_ts=pl.lit(moment).dt.replace_time_zone("UTC").cast(chain.schema["snapshot_ts"]),
        underlying_symbol=pl.lit(underlying),
        contract_symbol=pl.lit(underlying) + pl.col("contract_symbol"),
    )


# --- loading --------------------------------------------------------------------------------------------------------


def _loading(first: date, last: date, *, rounds: int) -> Comparison:
    bars = _minutes(first, last)
    with _lake() as lake:
        lake.write("bars_1m", bars)
        paths = sorted(lake.path.glob("bars_1m/*/*.parquet"))
        ways: dict[str, Callable[[], object]] = {
            "lake.scan": lambda: lake.scan("bars_1m", symbols="SPY").collect(),
            "pl.read_parquet": lambda: pl.read_parquet(paths, hive_partitioning=False),
        }
        figures = interleaved(ways, rounds=rounds)
    return Comparison(
        "Years of one-minute bars of one symbol",
        f"{bars.height:,} bars of {len(paths):,} sessions, one file each; ours with the words as such",
        "ms",
        figures,
        {"pl.read_parquet": ">= 0.50x"},
    )


def _remembering(first: date, last: date, *, rounds: int) -> Comparison:
    """Compare a client that has asked before with what the vendor's own does each time."""
    peer = "massive client, page by page"
    with server() as base_url, _lake() as lake, _massive_at(base_url), Client("massive", lake=lake) as client:
        official = RESTClient(api_key="benchmark", base=base_url)
        bars = client.bars("SPY", "1m", first, last)

        def again() -> None:
            with Client("massive", lake=lake) as other:
                assert other.bars("SPY", "1m", first, last).height == bars.height

        def walk() -> None:
            span: dict[str, Any] = {"from_": first.isoformat(), "to": last.isoformat(), "limit": 50_000}
            found = sum(1 for _ in official.list_aggs("SPY", 1, "minute", **span))
            assert found >= bars.height

        figures = interleaved({"quantdata, out of its lake": again, peer: walk}, rounds=rounds)
    return Comparison(
        "Years of one-minute bars of one symbol, asked for again",
        f"{bars.height:,} bars of regular hours, adjusted for splits; loopback, {1e3 * LATENCY_S:.0f} ms before each "
        "answer, server in a process of its own; ours asks it what time it is",
        "ms",
        figures,
        {peer: ">= 20x"},
    )


@contextmanager
def _massive_at(base_url: str) -> Iterator[None]:
    with patch.dict(os.environ, {"MASSIVE_API_KEY": "benchmark", "MASSIVE_BASE_URL": base_url}):
        yield


def _minutes(first: date, last: date) -> pl.DataFrame:
    """Return one-minute bars of a walk by a seed, raw, of regular hours."""
    moments = itertools.chain.from_iterable(
        (session.open + timedelta(minutes=number) for number in range(int((session.close - session.open).seconds / 60)))
        for session in sessions(first, last)
    )
    started = pl.DataFrame({"ts": list(moments)}, schema={"ts": pl.Datetime("us", "UTC")})
    walk = started.with_columns(step=pl.int_range(pl.len()).shuffle(seed=1).mod(201).cast(pl.Float64) / 100 - 1)
    close = (600 + pl.col("step").cum_sum() / 10).round(2)
    given = walk.select(
        "ts",
        symbol=pl.lit("SPY"),
        open=(close - pl.col("step") / 10).round(2),
        high=(close + 0.2).round(2),
        low=(close - 0.2).round(2),
        close=close,
        volume=(pl.col("step").abs() * 1e4).round(),
        vwap=close - 0.01,
        trades=(pl.col("step").abs() * 100).cast(pl.Int64),
        session=pl.col("ts").dt.date(),
        adjustment=pl.lit("raw"),
        source=pl.lit("massive"),
        feed=pl.lit("simulated"),
    )
    return given.select(canonical(BARS, given.columns))
