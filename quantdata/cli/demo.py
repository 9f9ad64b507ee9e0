"""``quantdata demo``: the product in half a minute, for someone who has never seen it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

import polars as pl
from rich.markup import escape
from rich.rule import Rule

from quantdata import sim
from quantdata.cli.output import write_file
from quantdata.cli.tables import around_the_money, chain_table, console, frame_table
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
QUOTE_COLUMNS: Final = ("symbol", "price", "change_percent", "bid", "ask", "volume", "quote_ts", "feed")
INDEX_COLUMNS: Final = ("symbol", "name", "value", "change_percent", "open", "high", "low", "value_ts", "feed")
BAR_COLUMNS: Final = ("symbol", "ts", "open", "high", "low", "close", "volume", "vwap", "session", "adjustment")
NEXT: Final = """\
Try next:
  quantdata chain SPX --root SPXW --dte 0..3 --source sim     index options, PM-settled series only
  quantdata bars SPY AAPL 1d 2026-01-02 2026-11-20 --adjust total --source sim --output data/demo/bars.parquet
  quantdata sim                                               the same market as a server, with faults on demand
With a key of your own:
  export MASSIVE_API_KEY=…                                    then leave out --source sim
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
    out.print(f"A simulated market is running at {market.base_url} (seed {SEED}); nothing leaves this machine.")
    out.print("Everything below came over HTTP in the vendor's own protocol. Prices are SIMULATED.\n")
    with Client("sim", seed=SEED, clock=CLOCK) as client:
        chain = _show_chain(out, client)
        _show_quotes(out, client)
        _show_bars(out, client)
        _show_fault(out, market)
        _save(out, chain, folder)
    out.print(Rule(style="dim"))
    out.print(NEXT, highlight=False)


def _show_chain(out: Console, client: Client) -> pl.DataFrame:
    """Load the whole SPY chain cold, warm and cached; show two series around the money."""
    _heading(out, 'client.chain("SPY")', "every listed option, as one Polars frame")
    chain, cold_s = _timed(lambda: client.chain("SPY"))
    _, cached_s = _timed(lambda: client.chain("SPY"))
    first = chain.row(0, named=True)
    n_series = chain.select("expiration", "root_symbol").n_unique()
    out.print(
        f"SPY at {first['underlying_price']:,.2f}: {chain.height:,} contracts in {n_series} series, "
        f"{chain.width} columns, {chain.estimated_size('mb'):.1f} MB"
    )
    out.print(f"fetched in {_duration(cold_s)}, the first time; from the cache in {_duration(cached_s)}")
    for part in around_the_money(chain, series=2, strikes=9):
        out.print(chain_table(part))
    return chain


def _show_quotes(out: Console, client: Client) -> None:
    _heading(out, 'client.quotes(["SPY", "AAPL", "BRK.B"])', "stocks and funds")
    quotes, quotes_s = _timed(lambda: client.quotes(["SPY", "AAPL", "BRK.B"]))
    out.print(frame_table(quotes.select(QUOTE_COLUMNS)), f"in {_duration(quotes_s)}")
    _heading(out, 'client.indices(["SPX", "NDX", "VIX"])', "VIX is computed from the SPX options")
    indices, indices_s = _timed(lambda: client.indices(["SPX", "NDX", "VIX"]))
    out.print(frame_table(indices.select(INDEX_COLUMNS)), f"in {_duration(indices_s)}")


def _show_bars(out: Console, client: Client) -> None:
    today = session_day(client.market_status().server_time)
    first = previous_session(today).day
    _heading(out, f'client.bars("SPY", "5m", "{first}", "{today}")', "the last rows; ts is the start of the bar")
    bars, bars_s = _timed(lambda: client.bars("SPY", "5m", first, today))
    out.print(frame_table(bars.select(BAR_COLUMNS).tail(5)), f"{bars.height} bars in {_duration(bars_s)}")


def _show_fault(out: Console, market: sim.Simulator) -> None:
    """Break the chain's pages on purpose; show that the answer is an error, not a shorter chain."""
    _heading(out, "one fault, on purpose", "pages after the first fail with HTTP 503")
    market.faults.add(sim.Fault("status", path="/v3/snapshot/options/*", status=503, skip=1))
    try:
        with Client("sim", seed=SEED, clock=CLOCK) as client:
            client.chain("QQQ")
    except DataProviderError as error:
        out.print(f"{type(error).__name__} (code {error.code.value}, status {error.status}):", style="bold")
        out.print(f"  {error}", highlight=False)
    finally:
        market.faults.clear()


def _save(out: Console, chain: pl.DataFrame, folder: Path) -> None:
    path = folder / "spy_chain.parquet"
    _heading(out, f'chain.write_parquet("{path}")', "plain Parquet: Polars, pandas, DuckDB and Spark read it")
    _, write_s = _timed(lambda: write_file(chain, path))
    kept = pl.read_parquet(path)
    out.print(f"{kept.height:,} rows, {path.stat().st_size / 1e6:.1f} MB, written in {_duration(write_s)}")


def _heading(out: Console, call: str, meaning: str) -> None:
    out.print(Rule(style="dim"))
    out.print(f"[bold]{escape(call)}[/bold]  [dim]{escape(meaning)}[/dim]")
