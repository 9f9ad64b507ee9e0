"""What the parts of a dashboard ask of a hub: protocols, so that they work with whatever answers the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from quantdata.widgets.feed import Feed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    import polars as pl

    from quantdata.validation import Quality

__all__ = ["HubFeed", "Picture", "Watched", "Written"]


class Picture(Protocol):
    """Everything that is watched, at one moment: see `quantdata.live.snapshot.HubSnapshot`."""

    @property
    def at(self) -> datetime:
        """When it was made (UTC, by this machine's clock)."""

    @property
    def chains(self) -> Mapping[str, pl.DataFrame]:
        """By underlying."""

    @property
    def equities(self) -> pl.DataFrame:
        """One row for each stock or fund."""

    @property
    def indices(self) -> pl.DataFrame:
        """One row for each index."""

    @property
    def qualities(self) -> Mapping[str, Quality]:
        """The quality of each frame that has rows."""

    @property
    def confidence(self) -> int:
        """The lowest of them, 0 to 100."""


class Watched(Protocol):
    """What is watched, in canonical symbols."""

    @property
    def chains(self) -> tuple[str, ...]:
        """Underlyings of chains."""

    @property
    def equities(self) -> tuple[str, ...]:
        """Stocks and funds."""

    @property
    def indices(self) -> tuple[str, ...]:
        """Indices."""


class Written(Protocol):
    """A recording under way: see `quantdata.live.recording.Recording`."""

    @property
    def path(self) -> Path:
        """Its folder."""

    @property
    def is_open(self) -> bool:
        """Whether what comes in is still written down."""

    @property
    def records(self) -> int:
        """Records written."""

    @property
    def bytes(self) -> int:
        """Bytes written."""

    @property
    def lost(self) -> int:
        """Records that came too fast."""

    @property
    def error(self) -> str | None:
        """Why nothing is written any more."""

    def close(self) -> None:
        """End it."""


class HubFeed(Feed, Protocol):
    """A hub, as a dashboard knows it: see `quantdata.live.market_hub.MarketDataHub`. From any thread."""

    name: str

    @property
    def is_running(self) -> bool:
        """Whether it polls and streams."""

    @property
    def watchlist(self) -> Watched:
        """What is watched."""

    def start(self) -> object:
        """Begin to poll and stream."""

    def stop(self) -> None:
        """End that; it can be started again."""

    def watch(self, symbols: Iterable[str] = (), *, indices: Iterable[str] = (), equities: Iterable[str] = ()) -> None:
        """Watch more."""

    def unwatch(
        self, symbols: Iterable[str] = (), *, indices: Iterable[str] = (), equities: Iterable[str] = ()
    ) -> None:
        """Watch less."""

    def record(self, path: str | Path) -> Written:
        """Write down what comes in."""

    def snapshot(self) -> Picture:
        """Return the newest publication; raise `FeedError` if there is none."""

    def health(self) -> pl.DataFrame:
        """Return how each provider is doing, as `HEALTH`."""

    def streams(self) -> pl.DataFrame:
        """Return how each stream is, as `STREAMS`."""

    def subscribe_snapshot(self, name: str, callback: Callable[[Picture], object], /) -> Callable[[], None]:
        """Call a function with each publication, on a thread of the feed's; return what unsubscribes it."""
