"""``quantdata demo``: the product in half a minute, for someone who has never seen it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

import polars as pl
from rich.markup import escape
from rich.rule import Rule

from quantdata import sim
from quantdata.cli.output import write_file
from quantdata.cli.views import console, show_bars, show_chain, show_indices, show_quotes
from quantdata.client import Client
from quantdata.errors import DataProviderError
from quantdata.sessions import previous_session, session_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console

__all__ = ["show"]

T = TypeVar("T")

SEED: Final = 7
CLOCK: Final = "open"
NEWEST: Final = 5
NEXT: Final = """\
Try next:
  quantdata chain SPX --root SPXW --dte 1..3 --source sim
      index options, PM-settled series only
  quantdata bars SPY 1d 2026-01-02 2026-11-20 --source sim --output b.parquet
      daily bars as a file
  quantdata sim
      the same market as a server, with faults on demand
With a key of your own: export MASSIVE_API_KEY=… or TRADIER_ACCESS_TOKEN=…, try quantdata doctor,
and leave out --source sim.
In Python:
  import quantdata as qd
  chain = qd.Client("sim").chain("SPY", dte=(0, 7), delta=(0.2, 0.5))"""


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    answer = call()
    return answer, time.perf_counter() - began


def _duration(seconds: float) -> str:
    """Return a time in the unit that people would use."""
    if seconds >= 1.0:
        return f"{seconds:.2f} s"
    return f"{1e3 * seconds:.0f} ms" if seconds >= 1e-3 else f"{1e6 * seconds:.0f} µs"  # noqa: PLR2004


def show(folder: Path) -> None:
    """Run the tour; files go to ``folder``."""
    out = console()
    market = sim.shared(seed=SEED, clock=CLOCK)
    out.print(f"Simulated market at {market.base_url} (seed {SEED}): prices are SIMULATED.")
    out.print("All below comes over HTTP in the vendor's own protocol, from this machine alone.\n")
    with Client("sim", seed=SEED, clock=CLOCK) as client:
        chain = _show_chain(out, client)
        _show_quotes(out, client)
        _show_bars(out, client)
        _show_fault(out, market)
        _save(out, chain, folder)
    out.print(Rule(style="dim"))
    out.print(NEXT)


def _show_chain(out: Console, client: Client) -> pl.DataFrame:
    """Load the whole SPY chain, then from the cache; show two series around the money."""
    _heading(out, 'client.chain("SPY")', "every listed option, as one Polars frame")
    chain, cold_s = _timed(lambda: client.chain("SPY"))
    _, cached_s = _timed(lambda: client.chain("SPY"))
    size = f"{chain.height:,} rows x {chain.width} columns, {chain.estimated_size('mb'):.1f} MB"
    out.print(f"{size}: {_duration(cold_s)} the first time, {_duration(cached_s)} from the cache\n")
    show_chain(out, chain, series=2, strikes=9)
    return chain


def _show_quotes(out: Console, client: Client) -> None:
    _heading(out, 'client.quotes(["SPY", "AAPL", "BRK.B"])', "stocks and funds")
    quotes, quotes_s = _timed(lambda: client.quotes(["SPY", "AAPL", "BRK.B"]))
    show_quotes(out, quotes)
    out.print(f"in {_duration(quotes_s)}")
    _heading(out, 'client.indices(["SPX", "NDX", "VIX"])', "VIX is computed from the SPX options")
    indices, indices_s = _timed(lambda: client.indices(["SPX", "NDX", "VIX"]))
    show_indices(out, indices)
    out.print(f"in {_duration(indices_s)}")


def _show_bars(out: Console, client: Client) -> None:
    today = session_day(client.market_status().server_time)
    first = previous_session(today).day
    _heading(out, f'client.bars("SPY", "5m", "{first}", "{today}")', "ts is the start of the bar")
    bars, bars_s = _timed(lambda: client.bars("SPY", "5m", first, today))
    show_bars(out, bars.tail(NEWEST), rows=NEWEST)
    out.print(f"the last {NEWEST} of {bars.height} bars; all in {_duration(bars_s)}")


def _show_fault(out: Console, market: sim.Simulator) -> None:
    """Break the chain's pages on purpose; show that the answer is an error, not a shorter chain."""
    _heading(out, "one fault, on purpose", "pages after the first fail with HTTP 503")
    market.faults.add(sim.Fault("status", path="/v3/snapshot/options/*", status=503, skip=1))
    try:
        with Client("sim", seed=SEED, clock=CLOCK) as client:
            client.chain("QQQ")
    except DataProviderError as error:
        out.print(f"{type(error).__name__} (code {error.code.value}, status {error.status}):", style="bold")
        out.print(f"  {error}")
    finally:
        market.faults.clear()


def _save(out: Console, chain: pl.DataFrame, folder: Path) -> None:
    path = folder / "spy_chain.parquet"
    _heading(out, f'chain.write_parquet("{path}")', "for pandas, DuckDB, Spark")
    _, write_s = _timed(lambda: write_file(chain, path))
    kept = pl.read_parquet(path)
    out.print(f"{kept.height:,} rows, {path.stat().st_size / 1e6:.1f} MB, written in {_duration(write_s)}")


def _heading(out: Console, call: str, meaning: str) -> None:
    out.print(Rule(style="dim"))
    out.print(f"[bold]{escape(call)}[/bold]  [dim]{escape(meaning)}[/dim]")
