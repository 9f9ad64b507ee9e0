"""The commands: each is a call of `Client`, with its answer as a table, CSV, JSON or a file."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from quantdata import __version__
from quantdata.cli.export import backfill, export, plan
from quantdata.cli.lake import lake
from quantdata.cli.live import record, replay, watch
from quantdata.cli.options import (
    BARS_USAGE,
    FAULT_KINDS,
    FAULT_SETTINGS,
    AskedBars,
    FaultType,
    Question,
    Range,
    asked_bars,
    examples,
    question,
)
from quantdata.cli.output import write_file, write_text
from quantdata.cli.reporting import FAILED, INTERRUPTED, MISUSED, in_one_line, log_on_stderr
from quantdata.config import SOURCES

if TYPE_CHECKING:
    import polars as pl

    from quantdata.config import Source
    from quantdata.sim import Fault

__all__ = ["main"]

CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
DAYS: Final = Range(date.fromisoformat, "DAY")
NUMBERS: Final = Range(float, "N")
COUNTS: Final = Range(int, "N")
AT_LEAST_ONE: Final = click.IntRange(1, 1_000_000)


def main() -> None:
    """Run the command line; every error is one line with a hint, and an exit code."""
    try:
        sys.exit(commands.main(prog_name="quantdata", standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as help_page:
        help_page.show()
        sys.exit(help_page.exit_code)
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
    epilog=examples(
        "quantdata demo                                  see it work, no key needed",
        "quantdata chain SPY --dte 0..7 --source sim     a chain around the money",
        "quantdata chain SPX --root SPXW --output c.parquet",
        "quantdata bars SPY 5m 2026-11-02 2026-11-20 --format csv",
        "quantdata watch SPY --source sim                a chain that moves",
        "quantdata export chains SPY QQQ                 Parquet files, to go on with",
        "quantdata doctor                                keys, hosts, plans, rates",
    ),
)
@click.version_option(__version__, prog_name="quantdata")
@click.pass_context
def commands(context: click.Context) -> None:
    """Option chains, quotes and bars from Massive.com and Tradier, or from a simulated market.

    MASSIVE_API_KEY and TRADIER_ACCESS_TOKEN hold your keys; the simulated market (--source sim) needs none.
    """
    if context.invoked_subcommand != "demo":  # which fails on purpose, and tells of it itself
        context.with_resource(log_on_stderr())


@commands.command(
    context_settings=CONTEXT,
    epilog=examples(
        "quantdata chain SPY --dte 0..7",
        "quantdata chain SPX --root SPXW --dte 30..60 --delta 0.1..0.5 --format csv",
        "quantdata chain QQQ --output qqq.parquet",
    ),
)
@click.argument("underlying")
@click.option("--expirations", type=DAYS, help="2026-12-18 or 2026-12-01..2026-12-31.")
@click.option("--strikes", type=NUMBERS, help="USD per share: 560..600.")
@click.option("--dte", type=COUNTS, help="Calendar days to expiration: 0..7.")
@click.option("--root", "roots", multiple=True, metavar="ROOT", help="Option root; may be repeated: SPXW.")
@click.option("--type", "option_type", type=click.Choice(["call", "put"]), help="One side only.")
@click.option("--delta", type=NUMBERS, help="Absolute: 0.2..0.4.")
@click.option("--moneyness", type=NUMBERS, help="Strike / underlying: 0.95..1.05.")
@click.option("--min-volume", type=int, metavar="N", help="Contracts traded in the session.")
@click.option("--min-open-interest", type=int, metavar="N", help="Open contracts.")
@click.option("--max-spread-percent", type=float, metavar="N", help="Spread in percent of the mid.")
@click.option("--series", type=AT_LEAST_ONE, metavar="N", default=2, show_default=True, help="Series in the table.")
@click.option("--rows", type=AT_LEAST_ONE, metavar="N", default=11, show_default=True, help="Strikes of each series.")
@question
def chain(asked: Question, *, underlying: str, series: int, rows: int, **filters: Any) -> None:
    """Show the options on UNDERLYING around the money.

    Calls are on the left of the strike, puts on the right. CSV, JSON and files hold every contract that passes the
    filters, with all columns.
    """
    with asked.client() as client:
        frame = client.chain(underlying, **{**filters, "roots": filters["roots"] or None})
    if not _written(frame, asked):
        from quantdata.cli.views import console, show_chain  # noqa: PLC0415

        show_chain(console(), frame, series=series, strikes=rows)


@commands.command(context_settings=CONTEXT, epilog=examples("quantdata quotes SPY QQQ BRK.B"))
@click.argument("symbols", nargs=-1, required=True, metavar="SYMBOL...")
@question
def quotes(asked: Question, *, symbols: tuple[str, ...]) -> None:
    """Show quotes of stocks and funds."""
    with asked.client() as client:
        frame = client.quotes(symbols)
    if not _written(frame, asked):
        from quantdata.cli.views import console, show_quotes  # noqa: PLC0415

        show_quotes(console(), frame)


@commands.command(context_settings=CONTEXT, epilog=examples("quantdata indices SPX NDX VIX"))
@click.argument("tickers", nargs=-1, required=True, metavar="TICKER...")
@question
def indices(asked: Question, *, tickers: tuple[str, ...]) -> None:
    """Show index values."""
    with asked.client() as client:
        frame = client.indices(tickers)
    if not _written(frame, asked):
        from quantdata.cli.views import console, show_indices  # noqa: PLC0415

        show_indices(console(), frame)


@commands.command(
    context_settings=CONTEXT,
    epilog=examples(
        "quantdata bars SPY 5m 2026-11-02 2026-11-20",
        "quantdata bars SPY QQQ 1d 2024-01-02 2026-11-20 --adjust total --format csv",
        "quantdata bars SPX 1h 2026-11-02 2026-11-20 --output spx.parquet",
    ),
)
@click.argument("arguments", nargs=-1, metavar=BARS_USAGE, callback=asked_bars)
@click.option(
    "--adjust",
    type=click.Choice(["raw", "split", "total"]),
    default="split",
    show_default=True,
    help="What prices are adjusted for.",
)
@click.option(
    "--session",
    type=click.Choice(["regular", "all"]),
    default="regular",
    show_default=True,
    help="Regular hours, or all.",
)
@click.option("--rows", type=AT_LEAST_ONE, metavar="N", default=20, show_default=True, help="Rows of the table.")
@question
def bars(asked: Question, *, arguments: AskedBars, adjust: str, session: str, rows: int) -> None:
    """Show price bars of stocks, funds, indices or options.

    TIMEFRAME is one of 1m 5m 15m 30m 1h 1d 1w; START and END are days, both included.
    """
    with asked.client() as client:
        frame = client.bars(*arguments, adjust=adjust, session=session)  # type: ignore[arg-type]
    if not _written(frame, asked):
        from quantdata.cli.views import console, show_bars  # noqa: PLC0415

        show_bars(console(), frame, rows=rows)
        if frame.height > rows:
            click.echo(f"{rows} of {frame.height:,} rows; --rows N for more, --format csv for all")


def _written(frame: pl.DataFrame, asked: Question) -> bool:
    """Write a frame to the file or in the format that was asked for; return False if that is a table."""
    if asked.output is not None:
        write_file(frame, asked.output)
        click.echo(f"{frame.height:,} rows to {asked.output}", err=True)
    elif asked.text_format != "table":
        write_text(frame, asked.text_format)
    return asked.output is not None or asked.text_format != "table"


@commands.command(
    context_settings=CONTEXT,
    epilog=f"FAULT is KIND[,NAME=VALUE...]. KIND: {', '.join(FAULT_KINDS)}.\n\nNAME: {', '.join(FAULT_SETTINGS)}.\n\n"
    + examples(
        "quantdata sim --clock live --plan starter",
        "quantdata sim --fault status,status=503,times=3 --fault latency,seconds=0.5",
        "export MASSIVE_BASE_URL=http://127.0.0.1:8765 MASSIVE_API_KEY=any",
        'curl 127.0.0.1:8765/_sim/faults -d \'{"kind": "status", "status": 503}\'',
    ),
)
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", default=8765, show_default=True, help="0: any.")
@click.option("--seed", type=int, default=7, show_default=True, help="Another seed, another market.")
@click.option("--plan", default="advanced", show_default=True, help="basic, starter, developer …")
@click.option("--clock", default="open", show_default=True, help="open, live, at:TIME, at:TIME*SPEED.")
@click.option(
    "--latency",
    type=click.FloatRange(0.0),
    metavar="SECONDS",
    default=0.0,
    show_default=True,
    help="Before every answer.",
)
@click.option("--fault", "faults", type=FaultType(), multiple=True, help="May be repeated; see below.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def sim(*, port: int, seed: int, plan: str, clock: str, latency: float, faults: tuple[Fault, ...], debug: bool) -> None:
    """Serve the simulated market until Ctrl-C.

    It speaks the REST protocols of Massive and Tradier on this machine alone. TIME is as in at:2026-11-18T15:30, New
    York time.
    """
    from quantdata.sim import Simulator  # noqa: PLC0415

    with in_one_line(debug=debug):
        simulator = Simulator(seed=seed, clock=clock, plan=plan, port=port, latency_s=latency)
        simulator.faults.add(*faults)
        with simulator:
            click.echo(
                f"simulated market at {simulator.base_url} (plan {plan}, clock {clock}, seed {seed}); Ctrl-C ends it"
            )
            click.echo(f"  export MASSIVE_BASE_URL={simulator.base_url} MASSIVE_API_KEY=any")
            click.echo(f"  export TRADIER_BASE_URL={simulator.tradier_url} TRADIER_ACCESS_TOKEN=any")
            simulator.serve_forever()


@commands.command(
    context_settings=CONTEXT,
    epilog=examples(
        "quantdata doctor                        each vendor that has a key",
        "quantdata doctor --source tradier --format json",
        "quantdata doctor --source sim           both vendors of the simulated market",
    ),
)
@click.option("--source", type=click.Choice(SOURCES), help="This one alone; left out: QUANTDATA_SOURCE, else all.")
@click.option("--format", "text_format", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--seed", type=int, default=7, show_default=True, help="Of the simulated market.")
@click.option("--clock", default="open", show_default=True, help="Its time: open, live, at:TIME.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def doctor(*, source: Source | None, text_format: str, seed: int, clock: str, debug: bool) -> None:
    """Check keys, hosts, plans, clocks and rates.

    A key is never shown. Exit codes: 0 all that was asked is well, 1 something failed, 2 there is no key to ask with.
    """
    with in_one_line(debug=debug):
        code = _doctor(source, text_format, seed=seed, clock=clock)
    sys.exit(code)


def _doctor(source: Source | None, text_format: str, *, seed: int, clock: str) -> int:
    from quantdata import portal  # noqa: PLC0415  # heavy: `--help` answers without all this
    from quantdata.cli.doctor import examined, exit_code, rows, show  # noqa: PLC0415
    from quantdata.cli.views import console  # noqa: PLC0415
    from quantdata.config import Config  # noqa: PLC0415

    findings = portal.call(examined(Config.from_environment(), source, seed=seed, clock=clock))
    if text_format == "json":
        click.echo(json.dumps(rows(findings), indent=2))
    else:
        show(console(), findings)
    return exit_code(findings)


@commands.command(context_settings=CONTEXT)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data/demo"),
    show_default=True,
    help="Where the example file goes.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def demo(*, output: Path, debug: bool) -> None:
    """Show what quantdata does: no key, no network.

    Everything comes from a simulated market on this machine.
    """
    from quantdata.cli.demo import show  # noqa: PLC0415

    with in_one_line(debug=debug):
        show(output)


for _other in (watch, record, replay, export, backfill, plan, lake):
    commands.add_command(_other)
