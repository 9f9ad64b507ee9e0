"""A hub as people watch it in a terminal: each chain around the money, and how fresh and whole it is."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from quantdata.cli.tables import LIVE_SIDES, around_the_money, chain_tables, frame_table, series_title
from quantdata.cli.views import INDICES, QUOTES, headline
from quantdata.errors import FeedError
from quantdata.sessions import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import polars as pl
    from rich.console import Console, RenderableType

    from quantdata.live import HubSnapshot, MarketDataHub
    from quantdata.live.recording import Recording

__all__ = ["follow", "keep_recording", "show"]

REDRAW_S: Final = 0.2
MEGABYTE: Final = 1e6
# Lines of a chain beside its strikes, and of the screen beside its chains; the fewest strikes worth a chain.
LINES_A_CHAIN: Final = 6
LINES_BESIDE: Final = 2
FEWEST: Final = 3


def show(out: Console, hub: MarketDataHub, *, strikes: int) -> None:
    """Print how all stands, once."""
    out.print(_screen(hub, hub.snapshot(), width=out.width, strikes=strikes))


def follow(
    out: Console,
    hub: MarketDataHub,
    *,
    strikes: int,
    is_over: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show how all stands, anew whenever it changes, until it is over; what was shown last stays."""
    with Live(console=out, auto_refresh=False, vertical_overflow="crop") as live:
        shown: HubSnapshot | None = None
        is_last = False
        while not is_last:
            is_last = is_over()
            snapshot = _newest(hub)
            if snapshot is not None and snapshot is not shown:
                shown = snapshot
                room = _room(out.height, len(snapshot.chains))
                live.update(_screen(hub, snapshot, width=out.width, strikes=min(strikes, room)), refresh=True)
            sleep(0.0 if is_last else REDRAW_S)


def keep_recording(
    out: Console,
    hub: MarketDataHub,
    folder: Path,
    *,
    seconds: float | None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Record until the time is over or Ctrl-C, and say how much it has become.

    Raises
    ------
    FeedError
        If nothing can be written any more, such as on a full disk.
    """
    with hub.record(folder) as recording:
        out.print(f"recording {', '.join(hub.watchlist.names())} to {folder}; Ctrl-C ends it", soft_wrap=True)
        began = clock()
        with suppress(KeyboardInterrupt), Live(console=out, auto_refresh=False, transient=True) as live:
            while recording.error is None and (seconds is None or clock() - began < seconds):
                if out.is_terminal:
                    live.update(Text(f"{clock() - began:,.0f} s · {_written(recording)}"), refresh=True)
                sleep(REDRAW_S)
    if recording.error is not None:
        raise FeedError(f"{_written(recording)} in {folder}, then it ended: {recording.error}")
    out.print(f"{_written(recording)} in {folder}; see quantdata replay {folder}", soft_wrap=True)


def _written(recording: Recording) -> str:
    lost = f", {recording.lost:,} lost" if recording.lost else ""
    return f"{recording.records:,} records, {recording.bytes / MEGABYTE:,.1f} MB{lost}"


def _newest(hub: MarketDataHub) -> HubSnapshot | None:
    """Return what was published last; None before the first."""
    with suppress(FeedError):
        return hub.snapshot()
    return None


def _room(height: int, chains: int) -> int:
    """Return how many strikes of each chain fit on the screen."""
    return max(FEWEST, (height - LINES_BESIDE) // max(1, chains) - LINES_A_CHAIN)


def _screen(hub: MarketDataHub, snapshot: HubSnapshot, *, width: int, strikes: int) -> RenderableType:
    parts: list[RenderableType] = []
    for name, chain in snapshot.chains.items():
        if chain.height:
            parts.extend(_chain(name, chain, snapshot, width=width, strikes=strikes))
    parts.extend(_others(hub, snapshot, width=width))
    parts.append(Text(_feeds(hub), style="dim"))
    return Group(*parts)


def _chain(
    name: str, chain: pl.DataFrame, snapshot: HubSnapshot, *, width: int, strikes: int
) -> Iterator[RenderableType]:
    price, newest = chain.get_column("underlying_price")[0], chain.get_column("quote_ts").max()
    found = snapshot.qualities[name]
    said = [
        name if price is None else f"{name} at {price:,.2f}",
        "no quotes" if newest is None else f"quotes of {newest.astimezone(NEW_YORK):%H:%M:%S} ET",  # type: ignore[union-attr]
        f"confidence {found.confidence} ({found.quality})",
    ]
    yield Text.from_markup(headline(chain, " · ".join(said)))
    part = around_the_money(chain, series=1, strikes=strikes)
    yield Text.from_markup(f"[bold]{escape(series_title(part[0]))}[/bold]")
    yield chain_tables(part, width=width, sides=LIVE_SIDES)[0]
    yield ""


def _others(hub: MarketDataHub, snapshot: HubSnapshot, *, width: int) -> Iterator[RenderableType]:
    """Yield the quotes and values that are watched for themselves."""
    for frame, names, columns in (
        (snapshot.equities, hub.watchlist.equities, QUOTES),
        (snapshot.indices, hub.watchlist.indices, INDICES),
    ):
        own = frame.filter(frame.get_column("symbol").is_in(list(names)))
        if own.height:
            yield Text.from_markup(headline(own, ", ".join(own.get_column("symbol"))))
            yield frame_table(own.select(columns).drop("feed"), width=width)
            yield ""


def _feeds(hub: MarketDataHub) -> str:
    """Return how the streams are, and how often is polled."""
    with suppress(FeedError):
        streams = hub.streams()
        said = [f"{row['provider']} {row['asset']} {row['state']}" for row in streams.iter_rows(named=True)]
        metrics = hub.metrics()
        polled = metrics.filter(metrics.get_column("metric") == "effective_refresh").get_column("value")
        every = f" · polled every {min(polled.to_list()):g} s" if polled.len() else ""
        return f"streams: {', '.join(said) or 'none'}{every}"
    return ""
