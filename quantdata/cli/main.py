"""The commands: each is a call of `Client`, with its answer as a table, CSV, JSON or a file."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.markup import escape

from quantdata import __version__
from quantdata.errors import ArgumentError, ConfigError, QuantDataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from quantdata.client import Client
    from quantdata.sim import Fault

__all__ = ["main"]

# Exit codes: what was asked for could not be had; it was asked for wrongly; Ctrl-C.
FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130

CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class Range(click.ParamType[Any]):
    """``LOW..HIGH``, either end may be left out; or one value."""

    def __init__(self, convert: Callable[[str], Any], name: str) -> None:
        self.name = name
        self._convert = convert

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        low, dots, high = value.partition("..")
        try:
            ends = [self._convert(end) if end else None for end in (low, high)]
        except ValueError:
            self.fail(f"{value!r} is not {self.name}", param, ctx)
        return tuple(ends) if dots else ends[0]


def _examples(*lines: str) -> str:
    """Return lines that the help shows as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


class FaultType(click.ParamType[Any]):
    """``KIND,name=value,…`` as a fault of the simulator."""

    name = "fault"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fault:
        import msgspec  # noqa: PLC0415  # only where a fault is given

        from quantdata.sim import Fault  # noqa: PLC0415

        kind, *settings = str(value).split(",")
        named = dict(setting.partition("=")[::2] for setting in settings)
        try:
            return msgspec.convert({"kind": kind, **named}, Fault, strict=False)
        except (ArgumentError, msgspec.ValidationError) as error:
            self.fail(str(error), param, ctx)


FAULT: Final = FaultType()
DAYS: Final = Range(date.fromisoformat, "DAY or DAY..DAY")
NUMBERS: Final = Range(float, "N or N..N")
COUNTS: Final = Range(int, "N or N..N")


@contextmanager
def _errors_in_one_line(*, debug: bool) -> Iterator[None]:
    """Turn errors into one line and an exit code; with ``debug`` the traceback comes first."""
    try:
        yield
    except QuantDataError as error:
        if debug:
            traceback.print_exc()
        click.echo(f"error: {error}", err=True)
        sys.exit(MISUSED if isinstance(error, ArgumentError | ConfigError) else FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `| head` has seen enough
        sys.exit(0)


def _source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--source", type=click.Choice(["massive", "sim"]), help="Where from; else what the keys allow."),
        click.option("--seed", type=int, default=7, show_default=True, help="Of the simulated market."),
        click.option(
            "--clock", default="open", show_default=True, help="Of the simulated market: open, live, at:TIME."
        ),
        click.option("--debug", is_flag=True, help="Show the traceback of an error."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--format", "text_format", type=click.Choice(["table", "csv", "json"]), default="table"),
        click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="FILE.parquet, .csv or .json."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@contextmanager
def _client(source: str | None, seed: int, clock: str, *, debug: bool) -> Iterator[Client]:
    from quantdata.client import Client  # noqa: PLC0415  # `--help` answers without it

    with _errors_in_one_line(debug=debug), Client(source, seed=seed, clock=clock) as client:  # type: ignore[arg-type]
        yield client


def _deliver(frame: pl.DataFrame, text_format: str, output: Path | None) -> bool:
    """Write a frame to where it was asked to go; return whether that leaves a table to show."""
    from quantdata.cli.output import write_file, write_text  # noqa: PLC0415

    if output is not None:
        write_file(frame, output)
        click.echo(f"{frame.height:,} rows to {output}", err=True)
    elif text_format != "table":
        write_text(frame, text_format)
    return output is None and text_format == "table"


def _show(frame: pl.DataFrame, rows: int) -> None:
    from quantdata.cli.tables import console, frame_table  # noqa: PLC0415

    out = console()
    out.print(frame_table(frame, rows=rows))
    if frame.height > rows:
        out.print(f"{rows} of {frame.height:,} rows; --rows N for more, --format csv for all")


def main() -> None:
    """Run the command line; every error is one line with a hint, and an exit code."""
    try:
        sys.exit(commands.main(prog_name="quantdata", standalone_mode=False))
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "quantdata"
        click.echo(f"error: {error.format_message().rstrip('.')}; see {command} --help", err=True)
        sys.exit(MISUSED)
    except click.ClickException as error:
        click.echo(f"error: {error.format_message()}", err=True)
        sys.exit(FAILED)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)


@click.group(
    context_settings=CONTEXT,
    epilog=_examples(
        "quantdata demo                                    see it work, no key needed",
        "quantdata chain SPY --dte 0..7 --source sim       a chain around the money",
        "quantdata chain SPX --root SPXW --output c.parquet",
        "quantdata bars SPY 5m 2026-11-02 2026-11-20 --format csv",
    ),
)
@click.version_option(__version__, prog_name="quantdata")
def commands() -> None:
    """Option chains, quotes and bars from Massive.com, or from a simulated market that needs no key."""


@commands.command(
    context_settings=CONTEXT,
    epilog=_examples(
        "quantdata chain SPY --dte 0..7",
        "quantdata chain SPX --root SPXW --expirations 2026-12-01..2026-12-31 --delta 0.1..0.5 --format csv",
        "quantdata chain QQQ --output qqq.parquet",
    ),
)
@click.argument("underlying")
@click.option("--expirations", type=DAYS, help="2026-12-18 or 2026-12-01..2026-12-31.")
@click.option("--strikes", type=NUMBERS, help="USD per share: 560..600.")
@click.option("--dte", type=COUNTS, help="Calendar days to expiration: 0..7.")
@click.option("--root", "roots", multiple=True, help="Option root, where there are several: SPXW.")
@click.option("--type", "option_type", type=click.Choice(["call", "put"]))
@click.option("--delta", type=NUMBERS, help="Absolute: 0.2..0.4.")
@click.option("--moneyness", type=NUMBERS, help="Strike / underlying: 0.95..1.05.")
@click.option("--min-volume", type=int)
@click.option("--min-open-interest", type=int)
@click.option("--max-spread-percent", type=float)
@click.option("--series", default=2, show_default=True, help="Series to show in the table.")
@click.option("--rows", default=11, show_default=True, help="Strikes to show of each.")
@_output_options
@_source_options
def chain(
    underlying: str,
    *,
    series: int,
    rows: int,
    text_format: str,
    output: Path | None,
    source: str | None,
    seed: int,
    clock: str,
    debug: bool,
    **filters: Any,
) -> None:
    """Show the options on UNDERLYING: calls | strike | puts around the money."""
    with _client(source, seed, clock, debug=debug) as client:
        frame = client.chain(underlying, **{**filters, "roots": filters["roots"] or None})
        if _deliver(frame, text_format, output):
            _show_chain(frame, series=series, strikes=rows)


def _show_chain(frame: pl.DataFrame, *, series: int, strikes: int) -> None:
    from quantdata.cli.tables import around_the_money, chain_table, console  # noqa: PLC0415

    out = console()
    if frame.is_empty():
        out.print("no contracts pass these filters")
        return
    first = frame.row(0, named=True)
    price = "" if first["underlying_price"] is None else f" at {first['underlying_price']:,.2f}"
    simulated = "  [bold]SIMULATED[/bold]" if first["feed"] == "simulated" else ""
    n_series = frame.select("expiration", "root_symbol").n_unique()
    out.print(
        f"{escape(first['underlying_symbol'])}{price} · {frame.height:,} contracts in {n_series} series{simulated}"
    )
    for part in around_the_money(frame, series=series, strikes=strikes):
        out.print(chain_table(part))


@commands.command(context_settings=CONTEXT, epilog=_examples("quantdata quotes SPY QQQ BRK.B"))
@click.argument("symbols", nargs=-1, required=True)
@_output_options
@_source_options
def quotes(
    symbols: tuple[str, ...],
    *,
    text_format: str,
    output: Path | None,
    source: str | None,
    seed: int,
    clock: str,
    debug: bool,
) -> None:
    """Show quotes of stocks and funds."""
    with _client(source, seed, clock, debug=debug) as client:
        frame = client.quotes(symbols)
        if _deliver(frame, text_format, output):
            shown = (
                "symbol",
                "price",
                "change",
                "change_percent",
                "bid",
                "ask",
                "volume",
                "quote_ts",
                "feed",
                "vendor_error",
            )
            _show(frame.select(shown), rows=frame.height)


@commands.command(context_settings=CONTEXT, epilog=_examples("quantdata indices SPX NDX VIX"))
@click.argument("tickers", nargs=-1, required=True)
@_output_options
@_source_options
def indices(
    tickers: tuple[str, ...],
    *,
    text_format: str,
    output: Path | None,
    source: str | None,
    seed: int,
    clock: str,
    debug: bool,
) -> None:
    """Show index values."""
    with _client(source, seed, clock, debug=debug) as client:
        frame = client.indices(tickers)
        if _deliver(frame, text_format, output):
            shown = (
                "symbol",
                "name",
                "value",
                "change",
                "change_percent",
                "open",
                "high",
                "low",
                "value_ts",
                "feed",
                "vendor_error",
            )
            _show(frame.select(shown), rows=frame.height)


@commands.command(
    context_settings=CONTEXT,
    epilog=_examples(
        "quantdata bars SPY 5m 2026-11-02 2026-11-20",
        "quantdata bars SPY QQQ 1d 2021-01-04 2026-11-20 --adjust total --output bars.parquet",
    ),
)
@click.argument("symbols", nargs=-1, required=True)
@click.argument("timeframe")
@click.argument("start")
@click.argument("end")
@click.option("--adjust", type=click.Choice(["raw", "split", "total"]), default="split", show_default=True)
@click.option("--session", type=click.Choice(["regular", "all"]), default="regular", show_default=True)
@click.option("--rows", default=20, show_default=True, help="Rows to show in the table.")
@_output_options
@_source_options
def bars(
    symbols: tuple[str, ...],
    timeframe: str,
    start: str,
    end: str,
    *,
    adjust: str,
    session: str,
    rows: int,
    text_format: str,
    output: Path | None,
    source: str | None,
    seed: int,
    clock: str,
    debug: bool,
) -> None:
    """Show price bars: TIMEFRAME is one of 1m 5m 15m 30m 1h 1d 1w; START and END are days, both included."""
    with _client(source, seed, clock, debug=debug) as client:
        frame = client.bars(symbols, timeframe, start, end, adjust=adjust, session=session)  # type: ignore[arg-type]
        if _deliver(frame, text_format, output):
            _show(frame, rows)


@commands.command(
    context_settings=CONTEXT,
    epilog=_examples(
        "quantdata sim --clock live --plan starter",
        "MASSIVE_BASE_URL=http://127.0.0.1:8765 MASSIVE_API_KEY=any quantdata chain SPY",
        'curl -X POST 127.0.0.1:8765/_sim/faults -d \'{"kind": "status", "status": 503, "times": 3}\'',
    ),
)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--plan", default="advanced", show_default=True, help="basic, starter, developer, advanced, business …")
@click.option("--clock", default="open", show_default=True, help="open, live, at:2026-11-18T15:30, at:…*60")
@click.option("--latency", type=float, default=0.0, help="Seconds before every answer.")
@click.option("--fault", "faults", type=FAULT, multiple=True, help="KIND[,name=value …]; may be repeated.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def sim(*, port: int, seed: int, plan: str, clock: str, latency: float, faults: tuple[Fault, ...], debug: bool) -> None:
    """Serve the simulated market over Massive's REST protocol until Ctrl-C."""
    from quantdata.sim import Simulator  # noqa: PLC0415

    with _errors_in_one_line(debug=debug):
        simulator = Simulator(seed=seed, clock=clock, plan=plan, port=port, latency_s=latency)
        simulator.faults.add(*faults)
        with simulator:
            click.echo(
                f"simulated market at {simulator.base_url} (plan {plan}, clock {clock}, seed {seed}); Ctrl-C ends it"
            )
            click.echo(f"  export MASSIVE_BASE_URL={simulator.base_url} MASSIVE_API_KEY=any")
            simulator.serve_forever()


@commands.command(context_settings=CONTEXT)
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("data/demo"), show_default=True
)
def demo(*, output: Path) -> None:
    """Show what quantdata does, against a simulated market on this machine: no key, no network."""
    from quantdata.cli.demo import show  # noqa: PLC0415

    with _errors_in_one_line(debug=True):
        show(output)
