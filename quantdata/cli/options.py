"""What the commands are asked with: kinds of values, and the options that every question shares."""

from __future__ import annotations

import functools
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

import click

from quantdata.cli.output import FORMATS, SUFFIXES, check_suffix
from quantdata.cli.reporting import in_one_line
from quantdata.config import SOURCES
from quantdata.errors import ArgumentError
from quantdata.sim.faults import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.client import Client

__all__ = [
    "BARS_USAGE",
    "FAULT_KINDS",
    "FAULT_SETTINGS",
    "SOURCE_OPTIONS",
    "AskedBars",
    "FaultType",
    "Question",
    "Range",
    "asked_bars",
    "debug_option",
    "examples",
    "format_option",
    "question",
]

FAULT_KINDS: Final[tuple[str, ...]] = get_args(FaultKind)
FAULT_SETTINGS: Final = tuple(field.name for field in fields(Fault) if field.name != "kind")
SHOWN_LENGTH: Final = 60
BARS_USAGE: Final = "SYMBOL... TIMEFRAME START END"


def examples(*lines: str) -> str:
    """Return lines that the help shows as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


class Range(click.ParamType[Any]):
    """``LOW..HIGH``, either end may be left out; or one value.

    Parameters
    ----------
    convert
        Reads one end; raises ValueError.
    unit
        What an end is, for people: ``"DAY"``.
    """

    def __init__(self, convert: Callable[[str], Any], unit: str) -> None:
        self.name = f"{unit} or {unit}..{unit}"
        self._metavar = f"{unit}[..{unit}]"
        self._convert = convert

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        """Return how the help writes such a value."""
        return self._metavar

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a pair of ends, None for an open one, or the one value."""
        if not isinstance(value, str):
            return value
        low, dots, high = value.partition("..")
        shown = repr(value if len(value) <= SHOWN_LENGTH else value[:SHOWN_LENGTH] + "...")
        if not (low or high):  # an empty variable of a script's, which must not pass for no filter
            self.fail(f"{shown} is not {self.name}", param, ctx)
        try:
            ends = [self._convert(end) if end else None for end in (low, high)]
        except ValueError:
            self.fail(f"{shown} is not {self.name}", param, ctx)
        return tuple(ends) if dots else ends[0]


class FaultType(click.ParamType[Fault]):
    """``KIND,NAME=VALUE,…`` as a fault of the simulator; ``blocks`` are joined by ``+``."""

    name = "FAULT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fault:
        """Return the fault; refuse names that it does not have, which msgspec would pass over."""
        import msgspec  # noqa: PLC0415  # only where a fault is given

        if isinstance(value, Fault):
            return value
        kind, *settings = str(value).split(",")
        if kind not in FAULT_KINDS:
            self.fail(f"no fault {kind!r}: there are {', '.join(FAULT_KINDS)}", param, ctx)
        named: dict[str, Any] = {}
        for setting in settings:
            name, equals, text = setting.partition("=")
            if name not in FAULT_SETTINGS or not equals:
                self.fail(f"{setting!r} is no setting of a fault: NAME=VALUE, {', '.join(FAULT_SETTINGS)}", param, ctx)
            named[name] = text.split("+") if name == "blocks" else text
        try:
            return msgspec.convert({"kind": kind, **named}, Fault, strict=False)
        except (ArgumentError, msgspec.ValidationError) as error:
            self.fail(f"{value!r}: {error}", param, ctx)


class AskedBars(NamedTuple):
    """The arguments of ``bars``."""

    symbols: tuple[str, ...]
    timeframe: str
    start: str
    end: str


def asked_bars(ctx: click.Context, _: click.Parameter, values: tuple[str, ...]) -> AskedBars:
    """Read the arguments of ``bars``: as many symbols as there are before the last three.

    Raises
    ------
    click.UsageError
        If there are too few, or the third from the end cannot be a timeframe; the message shows what is expected.
    """
    # click would fill its arguments from the left and call whatever is then missing SYMBOLS.
    *tickers, timeframe, start, end = ("",) * max(0, 3 - len(values)) + values
    if not tickers or not timeframe[:1].isdigit():
        got = f", not {' '.join(values)!r}" if values else ""
        raise click.UsageError(f"bars takes {BARS_USAGE}, as in SPY 5m 2026-11-02 2026-11-20{got}", ctx)
    return AskedBars(tuple(tickers), timeframe, start, end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What every question has beside its own arguments: whom to ask, and what becomes of the answer.

    Attributes
    ----------
    source
        ``"massive"``, ``"tradier"`` or ``"sim"``; None lets environment and keys decide.
    seed, clock
        Of the simulated market.
    text_format
        One of `FORMATS`, for standard output.
    output
        File to write instead; its name says the format.
    """

    source: str | None
    seed: int
    clock: str
    text_format: str
    output: Path | None

    def client(self) -> Client:
        """Return a client of the source; use it as a context manager."""
        from quantdata.client import Client  # noqa: PLC0415  # heavy: `--help` answers without it

        return Client(self.source, seed=self.seed, clock=self.clock)  # type: ignore[arg-type]


format_option: Final = click.option(
    "--format",
    "text_format",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="On standard output.",
)
SOURCE_OPTIONS: Final = (
    click.option("--source", type=click.Choice(SOURCES), help="Left out: what the environment says."),
    click.option("--seed", type=int, default=7, show_default=True, help="Of the simulated market."),
    click.option("--clock", default="open", show_default=True, help="Its time: open, live, at:TIME, at:TIME*SPEED."),
)
debug_option: Final = click.option("--debug", is_flag=True, help="Show the traceback of an error.")
_SHARED: Final = (
    format_option,
    click.option(
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help=f"Write a file, all rows: {', '.join(SUFFIXES)}.",
    ),
    *SOURCE_OPTIONS,
    debug_option,
)


def question(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options, as one `Question`, and let its errors be one line.

    Stands below all other decorators, so that the shared options come last in the help.
    """

    @functools.wraps(command)
    def asked(
        *,
        source: str | None,
        seed: int,
        clock: str,
        text_format: str,
        output: Path | None,
        debug: bool,
        **own: Any,
    ) -> None:
        with in_one_line(debug=debug):
            if output is not None:
                check_suffix(output)  # before anything is fetched for it
            command(
                Question(source=source, seed=seed, clock=clock, text_format=text_format, output=output),
                **own,
            )

    return functools.reduce(lambda decorated, option: option(decorated), reversed(_SHARED), asked)
