"""The batch commands: `export` and `backfill` fill a lake, `plan` says what that takes."""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import click

from quantdata.cli.batch import CODES, Batch, batch
from quantdata.cli.options import BARS_USAGE, AskedBars, Range, asked_bars, examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.jobs import Job

__all__ = ["backfill", "export", "plan"]

CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
DAYS: Final = Range(date.fromisoformat, "DAY")
NUMBERS: Final = Range(float, "N")
COUNTS: Final = Range(int, "N")
TRADES_USAGE: Final = "SYMBOL... START END"

_EVERY: Final = (
    click.option("--every", metavar="INTERVAL", help="Again and again in the session: 30s, 5m, 1h."),
    click.option("--until", metavar="TIME", help="With --every: close (the default), or a New York time: 15:30."),
)
_HOURS: Final = click.option(
    "--session",
    type=click.Choice(["regular", "all"]),
    default="regular",
    show_default=True,
    help="Regular hours, or all.",
)
_FILTERS: Final = (
    click.option("--expirations", type=DAYS, help="2026-12-18 or 2026-12-01..2026-12-31."),
    click.option("--strikes", type=NUMBERS, help="USD per share: 560..600."),
    click.option("--dte", type=COUNTS, help="Calendar days to expiration: 0..7."),
    click.option("--root", "roots", multiple=True, metavar="ROOT", help="Option root; may be repeated: SPXW."),
    click.option("--type", "option_type", type=click.Choice(["call", "put"]), help="One side only."),
    click.option("--delta", type=NUMBERS, help="Absolute: 0.2..0.4."),
    click.option("--moneyness", type=NUMBERS, help="Strike / underlying: 0.95..1.05."),
    click.option("--min-volume", type=int, metavar="N", help="Contracts traded in the session."),
    click.option("--min-open-interest", type=int, metavar="N", help="Open contracts."),
    click.option("--max-spread-percent", type=float, metavar="N", help="Spread in percent of the mid."),
)


class AskedTrades(NamedTuple):
    """The arguments of ``trades``."""

    symbols: tuple[str, ...]
    start: str
    end: str


def asked_trades(ctx: click.Context, _: click.Parameter, values: tuple[str, ...]) -> AskedTrades:
    """Read the arguments of ``trades``: as many symbols as there are before the last two."""
    *tickers, start, end = ("",) * max(0, 2 - len(values)) + values
    if not tickers or not start[:1].isdigit():
        got = f", not {' '.join(values)!r}" if values else ""
        raise click.UsageError(f"trades takes {TRADES_USAGE}, as in SPY 2026-11-16 2026-11-20{got}", ctx)
    return AskedTrades(tuple(tickers), start, end)


def _symbols(name: str) -> Callable[..., Any]:
    return click.argument("symbols", nargs=-1, required=True, metavar=f"{name}...")


class _Kind(NamedTuple):
    """One kind of job on the command line: what it is called, what it takes, what it means."""

    name: str
    said: str
    options: tuple[Callable[..., Any], ...]
    job: Callable[..., Job]
    is_snapshot: bool = True


def _job(kind: Literal["chains", "bars", "quotes", "indices", "flow", "trades"], **settings: Any) -> Job:
    from quantdata.jobs import Job  # noqa: PLC0415  # heavy: `--help` answers without it

    return Job(kind=kind, **settings)


def _chains(*, symbols: tuple[str, ...], **filters: Any) -> Job:
    return _job("chains", symbols=symbols, filters={name: each for name, each in filters.items() if each or each == 0})


def _bars(*, arguments: AskedBars, session: str) -> Job:
    symbols, timeframe, start, end = arguments
    return _job("bars", symbols=symbols, timeframe=timeframe, start=start, end=end, session=session)


def _trades(*, arguments: AskedTrades, session: str) -> Job:
    symbols, start, end = arguments
    return _job("trades", symbols=symbols, start=start, end=end, session=session)


_TOP: Final = click.option(
    "--top", type=click.IntRange(0, 250), default=20, show_default=True, help="Contracts whose tape is read."
)
_KINDS: Final = (
    _Kind("chains", "the chain of each UNDERLYING, as it is now", (_symbols("UNDERLYING"), *_FILTERS), _chains),
    _Kind(
        "bars",
        "each session of bars that the lake lacks, as traded. TIMEFRAME is one of 1m 5m 15m 30m 1h 1d 1w; START and "
        "END are days, both included. Hours are kept as the half-hours they are made of, weeks as days",
        (click.argument("arguments", nargs=-1, metavar=BARS_USAGE, callback=asked_bars), _HOURS),
        _bars,
        is_snapshot=False,
    ),
    _Kind(
        "quotes",
        "quotes of stocks and funds, as they are now",
        (_symbols("SYMBOL"),),
        functools.partial(_job, "quotes"),
    ),
    _Kind("indices", "index values, as they are now", (_symbols("TICKER"),), functools.partial(_job, "indices")),
    _Kind(
        "flow",
        "the order flow on each UNDERLYING in the newest session",
        (_symbols("UNDERLYING"), _TOP),
        functools.partial(_job, "flow"),
    ),
    _Kind(
        "trades",
        "each session of a tape that the lake lacks. START and END are days, both included",
        (click.argument("arguments", nargs=-1, metavar=TRADES_USAGE, callback=asked_trades), _HOURS),
        _trades,
        is_snapshot=False,
    ),
)
_FILE: Final = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


def _decorated(command: Callable[..., None], *options: Callable[..., Any]) -> Callable[..., None]:
    return functools.reduce(lambda decorated, option: option(decorated), reversed(options), batch(command))


def _add(group: click.Group, kind: _Kind, *, is_plan: bool) -> None:
    """Give a group the command of one kind."""

    def command(asked: Batch, *, every: str | None = None, until: str | None = None, **given: Any) -> None:
        if until is not None and every is None:
            raise click.UsageError("--until is for --every")
        jobs = [kind.job(**given)]
        if is_plan:
            asked.show_plan(jobs)
        else:
            asked.carry_out(jobs, every=every, until=until)

    options = (*kind.options, *(() if is_plan or not kind.is_snapshot else _EVERY))
    said = f"Say what it takes to keep {kind.said}." if is_plan else f"Keep {kind.said}."
    made = click.command(kind.name, context_settings=CONTEXT, help=said, epilog=CODES)(_decorated(command, *options))
    group.add_command(made)


@click.group(
    context_settings=CONTEXT,
    epilog=f"{CODES}\n\n"
    + examples(
        "quantdata export chains SPY QQQ --lake data/lake",
        "quantdata export bars SPY QQQ 5m 2026-11-02 2026-11-20",
        "quantdata export chains SPX --root SPXW --dte 0..7 --every 5m --until close",
        "quantdata export job nightly.toml --json-log",
    ),
)
def export() -> None:
    """Fill a lake of Parquet files: whole or not at all, and never twice.

    What the lake has of bars and trades is not asked for again; a snapshot that was ended before its end goes on on
    the same day. What cannot be had is in the report, and its sessions are noted in the lake.
    """


@click.group(
    context_settings=CONTEXT,
    epilog=examples(
        "quantdata plan chains SPY QQQ",
        "quantdata plan bars SPY QQQ 1m 2024-01-02 2026-11-20",
        "quantdata plan job nightly.toml",
    ),
)
def plan() -> None:
    """Say what an export would take, and run nothing of it.

    Requests, seconds at the account's rate, rows and bytes, what the lake has already, and what your plan does not
    include: for that a little of each is asked for, some ten requests.
    """


for _kind in _KINDS:
    _add(export, _kind, is_plan=False)
    _add(plan, _kind, is_plan=True)


def _of_file(carry_out: Callable[..., None], asked: Batch, file: Path) -> None:
    from quantdata.jobs import jobs_from  # noqa: PLC0415  # heavy: `--help` answers without it

    jobs, folder, source = jobs_from(file)
    carry_out(asked, jobs, folder=folder, source=source)


@export.command("job", context_settings=CONTEXT, epilog=CODES)
@_FILE
@batch
def export_job(asked: Batch, *, file: Path) -> None:
    """Run the jobs of a TOML file.

    At its top lake and source, both may be left out (--lake and --source go before them); then a table [[job]] for
    each job, with kind, symbols and what the kind takes, as the options of its command are called. Instead of start
    and end: last, a number of sessions.
    """
    _of_file(Batch.carry_out, asked, file)


@plan.command("job", context_settings=CONTEXT, epilog=CODES)
@_FILE
@batch
def plan_job(asked: Batch, *, file: Path) -> None:
    """Say what the jobs of a TOML file take."""
    _of_file(Batch.show_plan, asked, file)


@click.command(
    context_settings=CONTEXT,
    epilog=f"{CODES}\n\n" + examples("quantdata backfill SPY QQQ IWM 1m 2024-01-02 2026-11-20 --lake data/lake"),
)
@click.argument("arguments", nargs=-1, metavar=BARS_USAGE, callback=asked_bars)
@_HOURS
@click.option("--dask", metavar="ADDRESS", help="On the workers of this scheduler: tcp://10.0.0.5:8786.")
@batch
def backfill(asked: Batch, *, arguments: AskedBars, session: str, dask: str | None) -> None:
    """Fill a lake with years of bars; whenever it is ended, the same command goes on.

    As export bars: each session that the lake lacks is asked for once and kept when it comes. On a cluster each worker
    asks with the key of its own environment, all of them within one rate, and reaches the lake at the same path.
    """
    asked.carry_out([_bars(arguments=arguments, session=session)], dask=dask)
