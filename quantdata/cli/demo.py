"""``quantdata demo``: the product in half a minute, for someone who has never seen it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import polars as pl
from rich.markup import escape
from rich.rule import Rule

from quantdata import sim
from quantdata.cli.output import write_file
from quantdata.cli.views import console, show_bars, show_chain, show_indices, show_quotes, show_sources
from quantdata.client import Client
from quantdata.errors import AllProvidersFailedError
from quantdata.sessions import previous_session, session_day
from quantdata.validation import explain, quality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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
With keys of your own: export MASSIVE_API_KEY=… and TRADIER_ACCESS_TOKEN=… (one is enough), try quantdata doctor,
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
    out.print("All below comes over HTTP in both vendors' own protocols, from this machine alone.\n")
    with Client("sim", seed=SEED, clock=CLOCK) as client:
        chain = _show_chain(out, client)
        _show_quotes(out, client)
        _show_bars(out, client)
        _show_quality(out, chain)
        _show_fallback(out, market, client)
        _show_filling(out, market, client)
        _show_failure(out, market, client)
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


def _show_quality(out: Console, chain: pl.DataFrame) -> None:
    _heading(out, "qd.quality(chain)", "how far it can be trusted; every row has a confidence of its own")
    found = quality(chain)
    out.print(f"confidence {found.confidence} ({found.quality}), source {found.source}, feed {found.feed}")
    rules = ", ".join(f"{name} {rows:,}" for name, rows in found.rules.items())
    out.print(f"rows that a rule is true of: {rules}")


def _show_fallback(out: Console, market: sim.Simulator, client: Client) -> None:
    """Break Massive's chain on purpose; show that the answer is Tradier's and says so."""
    _heading(out, "Massive fails, on purpose", "its chain ends in HTTP 503: Tradier answers, and says why")
    with _fault(market, sim.Fault("status", path="/v3/snapshot/options/*", status=503)):
        chain, seconds = _timed(lambda: client.chain("QQQ", dte=(0, 30)))
    found = quality(chain)
    out.print(f"{chain.height:,} contracts from {found.source} in {_duration(seconds)}, confidence {found.confidence}")
    out.print(f"  warnings: {', '.join(found.warnings)}")
    out.print(f"  fallback_reason: {escape(str(found.fallback_reason))}")


def _show_filling(out: Console, market: sim.Simulator, client: Client) -> None:
    """Take the quotes off some of Massive's rows; show what Tradier fills, and explain one row."""
    _heading(out, "Massive sends no quote for some contracts", "Tradier fills whole groups, each with its own source")
    gap = sim.Fault("missing_blocks", path="/v3/snapshot/options/*", blocks=("last_quote",), share=0.15)
    with _fault(market, gap):
        chain = client.chain("AAPL", dte=(20, 40), moneyness=(0.95, 1.05))
    mended = chain.filter(pl.col("source") == "hybrid")
    out.print(f"{mended.height} of {chain.height} contracts filled; the first ones:")
    show_sources(out, mended.head(4))
    if mended.height:
        symbol = mended.item(0, "contract_symbol")
        _heading(out, f'qd.explain(chain, "{symbol}")', "what cost which points")
        for sentence in explain(chain, symbol):
            out.print(f"  {escape(sentence)}")


def _show_failure(out: Console, market: sim.Simulator, client: Client) -> None:
    """Break both; show that the answer is an error with both reasons, not an old or shorter chain."""
    _heading(out, "both fail, on purpose", "an error that holds both reasons, never a shorter chain")
    with _fault(market, sim.Fault("status", vendor="*", status=503)):
        try:
            client.chain("IWM", dte=(0, 7))
        except AllProvidersFailedError as error:
            out.print(f"{type(error).__name__} (code {error.code.value}):", style="bold")
            for name, reason in error.errors.items():
                out.print(f"  {name}: {type(reason).__name__}, status {reason.status}")


@contextmanager
def _fault(market: sim.Simulator, fault: sim.Fault) -> Iterator[None]:
    market.faults.add(fault)
    try:
        yield
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
