"""The commands that stay: a chain that moves, a recording of it, and the recording played again."""

from __future__ import annotations

import functools
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from quantdata.cli.options import SOURCE_OPTIONS, Range, debug_option, examples
from quantdata.cli.reporting import in_one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from quantdata.live import MarketDataHub

__all__ = ["record", "replay", "watch"]

CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
# In that time every stock with options has an expiration.
NEAR: Final = (0, 35)

_STRIKES: Final = click.option(
    "--rows", type=click.IntRange(1, 1_000), metavar="N", default=11, show_default=True, help="Strikes, at most."
)
_ONCE: Final = click.option("--once", is_flag=True, help="Print one table and end, as where there is no terminal.")
_HUB: Final = (
    click.option(
        "--dte", type=Range(int, "N"), default=NEAR, help="Calendar days to expiration: 0..7; 0..35 when left out."
    ),
    click.option(
        "--refresh",
        type=click.FloatRange(0.0, min_open=True),
        metavar="SECONDS",
        default=5.0,
        show_default=True,
        help="Between two polls.",
    ),
    *SOURCE_OPTIONS,
    debug_option,
)


def _hub(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a hub, and hand it what runs one on symbols for as long as it is wanted."""

    @functools.wraps(command)
    def asked(*, dte: Any, refresh: float, source: str | None, seed: int, clock: str, debug: bool, **own: Any) -> None:
        @contextmanager
        def started(symbols: tuple[str, ...], **others: Any) -> Iterator[MarketDataHub]:
            from quantdata.client import Client  # noqa: PLC0415  # heavy: `--help` answers without it
            from quantdata.live import hub  # noqa: PLC0415

            days = dte if isinstance(dte, tuple) else (dte, dte)
            with (
                Client(source, seed=seed, clock=clock) as client,  # type: ignore[arg-type]
                hub(symbols, client=client, dte=days, refresh_interval=refresh, **others) as running,
            ):
                yield running

        with in_one_line(debug=debug):
            command(started, **own)

    return functools.reduce(lambda decorated, option: option(decorated), reversed(_HUB), asked)


@click.command(
    context_settings=CONTEXT,
    epilog=examples(
        "quantdata watch SPY", "quantdata watch SPY QQQ --rows 7", "quantdata watch SPX --source sim --once"
    ),
)
@click.argument("symbols", nargs=-1, required=True, metavar="UNDERLYING...")
@_STRIKES
@_ONCE
@_hub
def watch(
    started: Callable[..., AbstractContextManager[MarketDataHub]], *, symbols: tuple[str, ...], rows: int, once: bool
) -> None:
    """Show a chain as it moves, until Ctrl-C.

    The nearest expiration around the money: calls are on the left of the strike, puts on the right. Age is in seconds.
    """
    from quantdata.cli.live_view import follow, show  # noqa: PLC0415  # heavy: `--help` answers without it
    from quantdata.cli.views import console  # noqa: PLC0415

    out = console()
    with started(symbols) as hub:
        hub.wait()
        if once or not out.is_terminal:
            show(out, hub, strikes=rows)
            return
        with suppress(KeyboardInterrupt):
            follow(out, hub, strikes=rows)


@click.command(
    context_settings=CONTEXT,
    epilog=examples("quantdata record SPY QQQ --out monday", "quantdata record SPX --index VIX --out day --minutes 30"),
)
@click.argument("symbols", nargs=-1, metavar="UNDERLYING...")
@click.option("--index", "indices", multiple=True, metavar="TICKER", help="An index beside; may be repeated.")
@click.option("--equity", "equities", multiple=True, metavar="SYMBOL", help="A stock or fund beside; may be repeated.")
@click.option(
    "--out",
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder without a recording.",
)
@click.option(
    "--minutes", type=click.FloatRange(0.0, min_open=True), metavar="N", help="How long; until Ctrl-C when left out."
)
@_hub
def record(
    started: Callable[..., AbstractContextManager[MarketDataHub]],
    *,
    symbols: tuple[str, ...],
    folder: Path,
    minutes: float | None,
    **others: tuple[str, ...],
) -> None:
    """Record all that comes in, until Ctrl-C.

    Chains, quotes and streams of what is named, each with the time at which it came; no key and no address.
    """
    from quantdata.cli.live_view import keep_recording  # noqa: PLC0415  # heavy: `--help` answers without it
    from quantdata.cli.views import console  # noqa: PLC0415

    with started(symbols, **others) as hub:
        keep_recording(console(), hub, folder, seconds=None if minutes is None else 60.0 * minutes)


@click.command(
    context_settings=CONTEXT,
    epilog=examples("quantdata replay monday", "quantdata replay monday --speed 10", "quantdata replay monday --once"),
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--speed",
    type=click.FloatRange(0.0, min_open=True),
    metavar="X",
    default=1.0,
    show_default=True,
    help="Times real time.",
)
@_STRIKES
@_ONCE
@debug_option
def replay(*, folder: Path, speed: float, rows: int, once: bool, debug: bool) -> None:
    """Play a recording in its own time.

    What quantdata record has written: the same prices at the same moments. With --once, and where there is no
    terminal: how all stood at its end.
    """
    from quantdata.cli.live_view import follow, show  # noqa: PLC0415  # heavy: `--help` answers without it
    from quantdata.cli.views import console  # noqa: PLC0415
    from quantdata.live import replay as replayed  # noqa: PLC0415

    out = console()
    is_alone = once or not out.is_terminal
    with in_one_line(debug=debug), replayed(folder, speed=None if is_alone else speed) as hub:
        if is_alone:
            hub.wait_over()
            show(out, hub, strikes=rows)
            return
        with suppress(KeyboardInterrupt):
            follow(out, hub, strikes=rows, is_over=lambda: hub.is_over)
