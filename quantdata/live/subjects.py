"""Subscriptions to one thing that a hub watches: a chain, its flow, an index, a stock; on its own polls and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import polars as pl

from quantdata import symbols
from quantdata.clients.subscriptions import shown
from quantdata.errors import FeedError
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
        return _subscribe(self, f"chain {wanted}", callback, name, lambda snapshot: snapshot.chains.get(wanted))

    def subscribe_flow(
        self: Snapshots, underlying: str, callback: Callable[[pl.DataFrame], object], *, name: str | None = None
    ) -> Callable[[], None]:
        """Call a function with the order flow of an underlying whenever it has changed, at most once a second.

        The frame is that of `MarketDataHub.flow`; see `subscribe_chain`.
        """
        wanted = symbols.underlying(underlying)
        _require_watched(self, wanted, self.watchlist.chains)
        return _subscribe(self, f"flow {wanted}", callback, name, lambda snapshot: snapshot.flow.get(wanted))

    def subscribe_index(
        self: Snapshots, ticker: str, callback: Callable[[pl.DataFrame], object], *, name: str | None = None
    ) -> Callable[[], None]:
        """Call a function with the value of an index whenever it has changed: one row; see `subscribe_chain`."""
        wanted = symbols.index(ticker)
        _require_watched(self, wanted, self.watchlist.polled_indices)
        return _subscribe(self, f"index {wanted}", callback, name, lambda snapshot: _row(snapshot.indices, wanted))

    def subscribe_equity(
        self: Snapshots, symbol: str, callback: Callable[[pl.DataFrame], object], *, name: str | None = None
    ) -> Callable[[], None]:
        """Call a function with the quote of a stock or fund whenever it has changed: one row; see `subscribe_chain`."""
        wanted = symbols.equity(symbol)
        _require_watched(self, wanted, self.watchlist.polled_equities)
        return _subscribe(self, f"equity {wanted}", callback, name, lambda snapshot: _row(snapshot.equities, wanted))


class _News:
    """Calls a function with a part of each snapshot, where that shows anything else than before."""

    def __init__(
        self, pick: Callable[[HubSnapshot], pl.DataFrame | None], callback: Callable[[pl.DataFrame], object]
    ) -> None:
        self._pick = pick
        self._callback = callback
        self._told: pl.DataFrame | None = None

    def __call__(self, snapshot: HubSnapshot) -> None:
        frame = self._pick(snapshot)
        # What no publication has touched is the same frame; comparing ten thousand rows takes some milliseconds.
        if frame is None or frame is self._told or frame.is_empty():
            return
        if self._told is None or not shown(frame).equals(shown(self._told)):
            self._told = frame
            self._callback(frame)


def _subscribe(
    hub: Snapshots,
    about: str,
    callback: Callable[[pl.DataFrame], object],
    name: str | None,
    pick: Callable[[HubSnapshot], pl.DataFrame | None],
) -> Callable[[], None]:
    check_callback(about, callback)
    own = name or getattr(callback, "__qualname__", type(callback).__name__)
    return hub.subscribe_snapshot(f"{about}: {own}", _News(pick, callback))


def _row(frame: pl.DataFrame, symbol: str) -> pl.DataFrame:
    return frame.filter(pl.col("symbol") == symbol)


def _require_watched(hub: Snapshots, name: str, watched: Collection[str]) -> None:
    if name not in watched:
        raise FeedError(f"{name} is not watched: watch() it; watched are {', '.join(hub.watchlist.names())}")
