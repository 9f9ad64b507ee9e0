"""Subscriptions to one thing that a hub watches: a chain, its flow, an index, a stock; on its own polls and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import polars as pl

from quantdata import symbols
from quantdata.clients.subscriptions import shown
from quantdata.errors import FeedError
from quantdata.live.market import EQUITIES, INDICES
from quantdata.live.subscribers import check_callback

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from quantdata.live.snapshot import HubSnapshot
    from quantdata.live.watchlist import Watchlist

__all__ = ["SubjectSubscriptions"]


class Snapshots(Protocol):
    """What publishes snapshots of a watchlist: a hub."""

    @property
    def watchlist(self) -> Watchlist:
        """What is watched."""
        ...

    def subscribe_snapshot(self, name: str, callback: Callable[[HubSnapshot], object]) -> Callable[[], None]:
        """Call a function with each publication; returns what unsubscribes."""
        ...


class SubjectSubscriptions:
    """The part of a hub that tells of one thing at a time.

    Each subscriber has a thread of its own and gets, as in ``subscribe_snapshot``, the newest where it is slow: at once
    what is known, then whatever shows anything else than before. Its name is that of the callback unless it is given
    one; a subscriber of the same name to the same thing is replaced, so that a notebook's cell may be run again.

    Examples
    --------
    >>> import quantdata as qd
    >>> def show(chain):
    ...     print(chain.height, chain.get_column("underlying_price")[0])
    >>> with qd.hub(["SPY"], source="sim", dte=(0, 2)) as hub:
    ...     unsubscribe = hub.subscribe_chain("SPY", show)
    ...     unsubscribe()
    """

    def subscribe_chain(
        self: Snapshots, underlying: str, callback: Callable[[pl.DataFrame], object], *, name: str | None = None
    ) -> Callable[[], None]:
        """Call a function with the chain of an underlying whenever it has changed, with the columns of ``chain``.

        Returns
        -------
        Callable[[], None]
            Unsubscribes; may be called twice, and from within the callback.

        Raises
        ------
        FeedError
            If the underlying is not watched, or the hub is closed.
        ArgumentError
            If the callback cannot be called, or must be awaited.
        """
        wanted = symbols.underlying(underlying)
        _require_watched(self, wanted, self.watchlist.chains)
        part = _Part(f"chain {wanted}", wanted, lambda snapshot: snapshot.chains.get(wanted))
        return _subscribe(self, part, callback, name)

    def subscribe_flow(
        self: Snapshots, underlying: str, callback: Callable[[pl.DataFrame], object], *, name: str | None = None
    ) -> Callable[[], None]:
        """Call a function with the order flow of an underlying whenever it has changed, at most once a second.

        The frame is that of `MarketDataHub.flow`; see `subscribe_chain`.
        """
        wanted = symbols.underlying(underlying)
        _require_watched(self, wanted, self.watchlist.chains)
        part = _Part(f"flow {wanted}", "flow", lambda snapshot: snapshot.flow.get(wanted))
        return _subscribe(self, part, callback, name)

    def subscribe_index(
        self: Snapshots, ticker: str, callback: Callable[[pl.DataFrame], object], *, name: str | None = None
    ) -> Callable[[], None]:
        """Call a function with the value of an index whenever it has changed: one row; see `subscribe_chain`."""
        wanted = symbols.index(ticker)
        _require_watched(self, wanted, self.watchlist.polled_indices)
        part = _Part(f"index {wanted}", INDICES, lambda snapshot: _row(snapshot.indices, wanted))
        return _subscribe(self, part, callback, name)

    def subscribe_equity(
        self: Snapshots, symbol: str, callback: Callable[[pl.DataFrame], object], *, name: str | None = None
    ) -> Callable[[], None]:
        """Call a function with the quote of a stock or fund whenever it has changed: one row; see `subscribe_chain`."""
        wanted = symbols.equity(symbol)
        _require_watched(self, wanted, self.watchlist.polled_equities)
        part = _Part(f"equity {wanted}", EQUITIES, lambda snapshot: _row(snapshot.equities, wanted))
        return _subscribe(self, part, callback, name)


class _Part(NamedTuple):
    """A part of a snapshot: what it is called, whose version it has, and how it is taken out."""

    about: str
    versioned_as: str
    pick: Callable[[HubSnapshot], pl.DataFrame | None]


class _News:
    """Calls a function with a part of each snapshot, where that shows anything else than before."""

    def __init__(self, part: _Part, callback: Callable[[pl.DataFrame], object]) -> None:
        self._part = part
        self._callback = callback
        self._version: int | None = None
        self._told: pl.DataFrame | None = None

    def __call__(self, snapshot: HubSnapshot) -> None:
        version = snapshot.versions.get(self._part.versioned_as)
        # Comparing ten thousand rows takes some milliseconds.
        if version is not None and version == self._version:
            return
        self._version = version
        frame = self._part.pick(snapshot)
        if frame is None or frame.is_empty():
            return
        if self._told is None or not shown(frame).equals(shown(self._told)):
            self._told = frame
            self._callback(frame.clone())


def _subscribe(
    hub: Snapshots, part: _Part, callback: Callable[[pl.DataFrame], object], name: str | None
) -> Callable[[], None]:
    check_callback(part.about, callback)
    own = name or getattr(callback, "__qualname__", type(callback).__name__)
    return hub.subscribe_snapshot(f"{part.about}: {own}", _News(part, callback))


def _row(frame: pl.DataFrame, symbol: str) -> pl.DataFrame:
    return frame.filter(pl.col("symbol") == symbol)


def _require_watched(hub: Snapshots, name: str, watched: Collection[str]) -> None:
    if name not in watched:
        raise FeedError(f"{name} is not watched: watch() it; watched are {', '.join(hub.watchlist.names())}")
