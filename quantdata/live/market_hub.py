"""The market data hub: one place that holds the present state of all that is watched, fed by polls and streams."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from weakref import WeakSet

import polars as pl

from quantdata import portal, symbols
from quantdata.cards import card, lights
from quantdata.client import AsyncClient, Client
from quantdata.clients.arguments import flag, number
from quantdata.clients.chain_query import ChainQuery
from quantdata.errors import ArgumentError, FeedError
from quantdata.frames.columns import GAPS, HUB_METRICS, STREAMS, schema
from quantdata.live.cadence import refresh_interval as interval_of
from quantdata.live.condition import at_present
from quantdata.live.engine import Engine, Settings
from quantdata.live.figures import figures, stream_row
from quantdata.live.market import EQUITIES, INDICES
from quantdata.live.notebook_views import NotebookViews
from quantdata.live.subjects import SubjectSubscriptions
from quantdata.live.subscribers import Subscribers
from quantdata.live.watchlist import Watchlist

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from quantdata.config import Source
    from quantdata.live.alerts import Alert
    from quantdata.live.iteration import Stream
    from quantdata.live.polling import PollStats
    from quantdata.live.recording import Recording
    from quantdata.live.snapshot import HubSnapshot, Tick
    from quantdata.live.streaming import StreamStatus
    from quantdata.widgets.feed import View

__all__ = ["MarketDataHub"]

LONGEST_WAIT_S: Final = 30.0


class MarketDataHub(SubjectSubscriptions, NotebookViews):
    """The present state of everything watched, kept up until it is closed.

    Polls and streams feed it; it publishes at most once in ``debounce`` seconds. Everything may be called from any
    thread, and from a notebook's cell while others run: the hub works on quantdata's own thread.

    Parameters
    ----------
    symbols
        Underlyings whose chains are watched, as in ``["SPY", "SPX"]``.
    indices, equities
        Indices, and stocks and funds, that are watched by themselves; the underlyings of chains are anyway.
    client
        Whose provider, keys and model are used; a new client of ``source`` when left out.
    source
        As of `Client`; only without a client.
    dte
        Days to expiration of the contracts that are watched, both ends included; None takes all.
    refresh_interval
        Seconds between two polls of each: a number, or ``"development"`` (10), ``"production"`` (5) or
        ``"low-latency"`` (1). What the account's rate cannot carry is slowed, and `metrics` shows it. Expirations but
        the nearest four are polled every sixth time.
    debounce
        Seconds between two publications at least; the first change after a pause is published at once.
    stream
        Whether streams are used too.
    weights
        By underlying: how the 1,000 option quotes that a vendor streams are shared; 1 where left out.
    name
        Of the hub, in logs and for whoever finds the account's stream taken.

    Raises
    ------
    ArgumentError
        If nothing is watched, or an argument is not what it must be.
    ConfigError
        If no source can be decided on, or its key is missing.

    Examples
    --------
    >>> import quantdata as qd
    >>> with qd.hub(["SPY"], source="sim", dte=(0, 2)) as hub:
    ...     chain = hub.wait().chains["SPY"]
    >>> chain.height > 100
    True
    """

    def __init__(
        self,
        symbols: str | Iterable[str] = (),
        *,
        indices: str | Iterable[str] = (),
        equities: str | Iterable[str] = (),
        client: Client | AsyncClient | None = None,
        source: Source | None = None,
        dte: tuple[int | None, int | None] | None = None,
        refresh_interval: float | str = 5.0,
        debounce: float = 0.1,
        stream: bool = True,
        weights: Mapping[str, float] | None = None,
        name: str = "hub",
    ) -> None:
        if client is not None and source is not None:
            raise ArgumentError("a client has a source of its own: give one of both")
        self.name = name
        self._watchlist = Watchlist.of(symbols, equities=equities, indices=indices)
        if self._watchlist.is_empty:
            raise ArgumentError("nothing to watch: name underlyings, equities or indices, as in hub(['SPY'])")
        for underlying in self._watchlist.chains:
            ChainQuery.of(underlying, dte=dte)
        self._settings = Settings(
            interval_s=interval_of(refresh_interval),
            debounce_s=number(debounce, name="debounce", least=0.0),
            wants_streams=flag(stream, name="stream"),
            dte=dte,
            weights=dict(weights or {}),
            name=name,
        )
        # A hub drives its client's provider.
        self._core = (client if client is not None else Client(source))._core  # noqa: SLF001  # of one house
        self._snapshots: Subscribers[HubSnapshot] = Subscribers("snapshot", key=lambda _: None)
        self._ticks: Subscribers[Tick] = Subscribers("tick", key=lambda tick: tick.about)
        self._alerts: Subscribers[Alert] = Subscribers("tick", key=lambda alert: alert[:3])
        self._engine: Engine | None = None
        self._life = threading.Lock()
        self._is_closed = False
        self._views: WeakSet[View] = WeakSet()

    def __repr__(self) -> str:
        return f"<MarketDataHub {self.name!r} {self._state()}: {', '.join(self._watchlist.names())}>"

    def _repr_html_(self) -> str:
        engine = self._engine
        streams = [] if engine is None else engine.stream_statuses()
        failure = None if engine is None else engine.failure
        chains, equities, indices = map(", ".join, self._watchlist)
        return card(
            f"hub {self.name}",
            [
                ("state", self._state()),
                ("chains", chains),
                ("equities", equities),
                ("indices", indices),
                ("streams", lights(_light(each) for each in streams)),
            ],
            notes=[] if failure is None else [f"it has failed: {failure}"],
        )

    def _state(self) -> str:
        return "closed" if self._is_closed else "running" if self.is_running else "stopped"

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Connect and begin; nothing happens when it runs already.

        Raises
        ------
        FeedError
            If it has been closed.
        """
        with self._life:
            if self._is_closed:
                raise FeedError(f"{self!r}: a hub that was closed does not start again, make a new one")
            if self._engine is None:
                engine = self._new_engine()
                portal.call(engine.start(self._watchlist))
                self._engine = engine
        return self

    def _new_engine(self) -> Engine:
        return Engine(
            self._core,
            self._settings,
            snapshots=self._snapshots,
            ticks=self._ticks,
            alerts=self._alerts,
        )

    def stop(self) -> None:
        """End all polls, streams and a recording, until it is started again; nothing happens when it does not run.

        Whoever has subscribed stays so, and hears of the next start; what was known is forgotten.
        """
        with self._life:
            engine, self._engine = self._engine, None
            if engine is not None:
                portal.call(engine.close())

    def close(self) -> None:
        """End all polls, streams, subscriptions and tables, for good; may be called twice. The client stays open."""
        with self._life:
            engine, self._engine, self._is_closed = self._engine, None, True
            views, self._views = list(self._views), WeakSet()
        if engine is not None:
            portal.call(engine.close())
        for subscribers in (self._snapshots, self._ticks, self._alerts):
            subscribers.close()
        for view in views:
            view.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    @property
    def is_running(self) -> bool:
        """Whether it has been started, and neither stopped nor closed."""
        return self._engine is not None

    @property
    def is_closed(self) -> bool:
        """Whether it has been closed, for good."""
        return self._is_closed

    # --- what is watched --------------------------------------------------------------------------------------------

    @property
    def watchlist(self) -> Watchlist:
        """What is watched: ``chains``, ``equities``, ``indices``."""
        return self._watchlist

    def watch(
        self,
        symbols: str | Iterable[str] = (),
        *,
        indices: str | Iterable[str] = (),
        equities: str | Iterable[str] = (),
    ) -> None:
        """Watch more; what is watched already stays as it is."""
        self._rewatch(self._watchlist.with_more(Watchlist.of(symbols, equities=equities, indices=indices)))

    def unwatch(
        self,
        symbols: str | Iterable[str] = (),
        *,
        indices: str | Iterable[str] = (),
        equities: str | Iterable[str] = (),
    ) -> None:
        """Watch less: what is named is polled and streamed no more, and its frames are gone.

        Raises
        ------
        ArgumentError
            If something of it is not watched, or nothing would be left.
        """
        self._rewatch(self._watchlist.without(Watchlist.of(symbols, equities=equities, indices=indices)))

    def set_watchlist(
        self,
        symbols: str | Iterable[str] = (),
        *,
        indices: str | Iterable[str] = (),
        equities: str | Iterable[str] = (),
    ) -> None:
        """Watch these and nothing else."""
        wanted = Watchlist.of(symbols, equities=equities, indices=indices)
        if wanted.is_empty:
            raise ArgumentError("a hub watches something: close() ends it")
        self._rewatch(wanted)

    def _rewatch(self, watchlist: Watchlist) -> None:
        engine = self._engine
        self._watchlist = watchlist
        if engine is not None:
            portal.call(engine.watch(watchlist))

    # --- the present state ------------------------------------------------------------------------------------------

    def snapshot(self) -> HubSnapshot:
        """Return the newest publication.

        Raises
        ------
        FeedError
            If there is none yet: `wait` waits for the first that has everything.
        """
        engine = self._running()
        if engine.publisher.snapshot is None:
            raise FeedError(f"{self!r} has published nothing yet: wait() waits for it")
        return engine.publisher.snapshot

    def wait(self, timeout: float = LONGEST_WAIT_S) -> HubSnapshot:
        """Wait until something is known of all that is watched, and return it.

        Parameters
        ----------
        timeout
            Seconds.

        Raises
        ------
        FeedError
            If that takes longer, or at once where all that is missing is unknown to those who were asked; the message
            names what is missing, and why if that is known.
        """
        deadline = time.monotonic() + timeout
        while missing := self._missing():
            if all(self._is_unknown(name) for name in missing):
                raise FeedError(f"{self!r}: nothing is known of {self._with_errors(missing)}")
            if time.monotonic() > deadline:
                rest = portal.call(self._running().rest())
                why = f"{self._with_errors(missing)}{f'; {rest}' if rest else ''}"
                raise FeedError(f"{self!r}: after {timeout:g} s nothing is known of {why}")
            time.sleep(0.01)
        return self.snapshot()

    def chain(self, underlying: str) -> pl.DataFrame:
        """Return the chain of an underlying as it stands, with the columns of a client's ``chain``.

        Raises
        ------
        FeedError
            If it is not watched, or nothing is known of it yet.
        """
        name = symbols.underlying(underlying)
        found = self.snapshot().chains.get(name)
        if found is None or found.is_empty():
            raise FeedError(self._why_not(name, is_watched=name in self._watchlist.chains))
        return found

    def flow(self, underlying: str) -> pl.DataFrame:
        """Return the order flow of an underlying's contracts, at most a second older than the snapshot: who took what.

        Of the day (New York), from when on the prints are heard of all contracts, or of a named one: where that is
        after the open, ``notes`` has ``part_of_session``. What a stream missed while it was cut off (`gaps`), or of a
        named contract after it had lost its place, is missing here.

        Parameters
        ----------
        underlying
            One that is watched.

        Returns
        -------
        pl.DataFrame
            One row per contract that is watched with the columns of ``quantdata.frames.columns.FLOW``, the largest
            premium first; formulas are those of ``quantdata.analytics.order_flow``. ``method`` is

            - ``tape`` where the trades of the contract are streamed: of all contracts by Massive, of those with
              streamed quotes by Tradier. Each is compared with the quote held before it: the streamed one, else the
              polled one if it is not older than a poll interval, else the tick test decides.
            - ``chain`` where there is no tape, or none yet: volume, premium and ratio of the session alone.
            - ``none`` where the chain has no volume either: all null, neutral, ``confidence`` 0.

            ``updated_ts`` is the vendor's time of the newest print.

        Raises
        ------
        FeedError
            If it is not watched, or nothing is known of it yet.
        """
        name = symbols.underlying(underlying)
        found = self.snapshot().flow.get(name)
        if found is None:
            raise FeedError(self._why_not(name, is_watched=name in self._watchlist.chains))
        return found

    def equity(self, symbol: str) -> pl.DataFrame:
        """Return the quote of a stock or fund as it stands: one row, with the columns of a client's ``quotes``."""
        name = symbols.equity(symbol)
        return self._row(self.snapshot().equities, name, is_watched=name in self._watchlist.polled_equities)

    def index(self, ticker: str) -> pl.DataFrame:
        """Return the value of an index as it stands: one row, with the columns of a client's ``indices``."""
        name = symbols.index(ticker)
        return self._row(self.snapshot().indices, name, is_watched=name in self._watchlist.polled_indices)

    def _row(self, frame: pl.DataFrame, name: str, *, is_watched: bool) -> pl.DataFrame:
        found = frame.filter(pl.col("symbol") == name)
        if found.is_empty():
            raise FeedError(self._why_not(name, is_watched=is_watched))
        return found

    def _why_not(self, name: str, *, is_watched: bool) -> str:
        if not is_watched:
            return f"{name} is not watched: watch() it; watched are {', '.join(self._watchlist.names())}"
        return f"nothing is known of {self._with_errors([name])} yet: wait() waits for it"

    # --- whoever is told --------------------------------------------------------------------------------------------

    def subscribe_tick(self, name: str, callback: Callable[[Tick], object]) -> Callable[[], None]:
        """Call a function with each event that streams tell of what is watched.

        See `quantdata.live.subscribers.Subscribers.subscribe`.
        """
        return self._ticks.subscribe(name, callback)

    def subscribe_snapshot(self, name: str, callback: Callable[[HubSnapshot], object]) -> Callable[[], None]:
        """Call a function with each publication; one that is slow gets the newest and misses others."""
        return self._snapshots.subscribe(name, callback)

    def subscribe_alert(self, name: str, callback: Callable[[Alert], object]) -> Callable[[], None]:
        """Call a function when a trouble begins, and when it is over: see `quantdata.live.alerts`."""
        return self._alerts.subscribe(name, callback)

    def ticks(self) -> Stream[Tick]:
        """Return an async iterator over what streams tell of what is watched from now on, for any event loop."""
        return self._ticks.stream()

    def snapshots(self) -> Stream[HubSnapshot]:
        """Return an async iterator over the publications from now on, for any event loop."""
        return self._snapshots.stream()

    def attach(self, view: View) -> None:
        """Close a view, such as a table, when the hub is closed; it is held weakly.

        Raises
        ------
        FeedError
            If the hub is closed already.
        """
        with self._life:
            if self._is_closed:
                raise FeedError(f"{self!r}: show something of one that runs")
            self._views.add(view)

    def record(self, path: str | Path) -> Recording:
        """Write down all that comes in from now on, so that `quantdata.replay` can play it.

        What is written: how all stands, frames of streams as they came, the answers to polls as canonical frames, each
        with the time at which it came; never an address, a header, a key or the id of a session. It ends with the hub,
        or with the recording's own ``close``. `metrics` counts what is written, and what came too fast to be.

        Parameters
        ----------
        path
            A folder, made if it is not there: files of 64 MB, of which the oldest go when there are more than 10 GB.

        Raises
        ------
        ArgumentError
            If the folder holds a recording already, or cannot be written.
        FeedError
            If the hub does not run, or is being recorded already.
        """
        from quantdata.live.recording import Recording  # noqa: PLC0415  # heavy: pyarrow

        with self._life:
            engine = self._running()
            recorder = engine.new_recorder(Path(path))
            portal.call(engine.record(recorder))
        return Recording(engine, recorder, Path(path))

    # --- how it is doing --------------------------------------------------------------------------------------------

    def health(self) -> pl.DataFrame:
        """Return how each provider is doing at each endpoint, at this moment.

        As the client's `Client.health`, but that ``is_healthy`` is false as soon as the last question failed, or the
        answer is overdue: what a hub shows is true within seconds.
        """
        engine = self._engine
        return at_present(self._core.health()) if engine is None else engine.health()

    def streams(self) -> pl.DataFrame:
        """Return how each stream is, one row each, with the columns of `STREAMS`."""
        rows = [stream_row(status) for status in self._running().stream_statuses()]
        return pl.DataFrame(rows, schema=schema(STREAMS), orient="row")

    def gaps(self) -> pl.DataFrame:
        """Return the times of which streams have nothing, and when polls had filled them, as `GAPS`."""
        return pl.DataFrame(self._running().gaps.records, schema=schema(GAPS), orient="row")

    def refused(self) -> dict[tuple[str, str], str]:
        """Return the subscriptions that vendors refused, by vendor and channel, in their words."""
        return self._running().refused()

    def metrics(self) -> pl.DataFrame:
        """Return what the hub has done and how long that takes, one row a figure, with the columns of `HUB_METRICS`."""
        found = figures(self._running(), [*self._snapshots.stats(), *self._ticks.stats()])
        return pl.DataFrame(found, schema=schema(HUB_METRICS), orient="row")

    def _running(self) -> Engine:
        engine = self._engine
        if engine is None:
            raise FeedError(f"{self!r}: start() it")
        if engine.failure is not None:
            raise FeedError(f"{self!r} has failed: {engine.failure}") from engine.failure
        return engine

    def _missing(self) -> list[str]:
        """Return what nothing is known of yet."""
        snapshot = self._running().publisher.snapshot
        watchlist = self._watchlist
        if snapshot is None:
            return watchlist.names()
        known = {*snapshot.equities.get_column("symbol"), *snapshot.indices.get_column("symbol")}
        chains = {name for name, chain in snapshot.chains.items() if chain.height}
        missing = [name for name in watchlist.chains if name not in chains]
        return [*missing, *(name for name in (*watchlist.equities, *watchlist.indices) if name not in known)]

    def _with_errors(self, names: Iterable[str]) -> str:
        """Return names with why nothing is known of them."""
        errors = {name: polls.last_error if (polls := self._polls(name)) else None for name in names}
        return ", ".join(f"{name} ({error})" if error else name for name, error in errors.items())

    def _is_unknown(self, name: str) -> bool:
        polls = self._polls(name)
        return polls is not None and polls.is_unknown

    def _polls(self, name: str) -> PollStats | None:
        """Return how the polls have gone that ask for a symbol; None before they begin."""
        table = EQUITIES if name in self._watchlist.polled_equities else INDICES
        return self._running().poller.stats.get(name if name in self._watchlist.chains else table)


def _light(status: StreamStatus) -> tuple[str, bool]:
    state = status.stats.state
    return f"{status.vendor} {status.asset} {state}", state == "live"
