"""The stream sessions of a hub: what each is asked for, what it told, and which vendor's stands in for the other's."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from quantdata import symbols
from quantdata.errors import FeedError
from quantdata.live.account_lock import AccountLock
from quantdata.live.market import Streamed
from quantdata.wire.book import Batch, Book
from quantdata.wire.dialect import Channel
from quantdata.wire.facts import facts
from quantdata.wire.session import StreamSession

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from quantdata.client.streams import StreamSource
    from quantdata.live.market import Asset, Input
    from quantdata.wire.dialect import ChannelKind
    from quantdata.wire.vitals import Gap, SessionState, SessionStats

__all__ = ["Heard", "StreamStatus", "Streams", "Wanted", "cut"]

logger = logging.getLogger("quantdata.live")

ASSETS: Final[tuple[Asset, ...]] = ("options", "stocks", "indices")
# A stream that has been down for so long has the other vendor's in its place.
PATIENCE_S: Final = 10.0
# Symbols of contracts are longer than any other.
_SHORTEST_CONTRACT: Final = 16


class Wanted(NamedTuple):
    """Canonical symbols that streams are asked for: contracts by their quotes; of stocks and indices everything."""

    contracts: frozenset[str] = frozenset()
    stocks: frozenset[str] = frozenset()
    indices: frozenset[str] = frozenset()


class StreamStatus(NamedTuple):
    """One stream, and how it is; ``error`` says why there is none: who else has it, where another hub does."""

    vendor: str
    asset: str
    stats: SessionStats
    feed: str
    error: str | None


class Heard(NamedTuple):
    """One frame as it came, when (nanoseconds since 1970), and how its stream is read: see `Streamed`."""

    vendor: str
    asset: str
    feed: str
    names: Mapping[str, str]
    frame: bytes
    at: int


@dataclass(slots=True, kw_only=True, eq=False)
class _Line:
    """One connection: its session, the book that it fills, and the lock on the account."""

    source: StreamSource
    asset: str
    book: Book
    session: StreamSession
    lock: AccountLock
    names: dict[str, str] = field(default_factory=dict)
    # What of all that is wanted it was last asked for.
    asked: Mapping[Asset, frozenset[str]] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None
    error: str | None = None
    is_taken: bool = False
    down_since: float | None = None

    @property
    def feed(self) -> str:
        """How fresh it is: a simulator says so in its first frame."""
        return "simulated" if self.session.is_simulated else self.source.feed


class Streams:
    """All streams of a hub; on the portal's loop.

    Parameters
    ----------
    sources
        Whose, in order of preference: a later one is asked for what an earlier one cannot give.
    on_data
        Called when something has come.
    on_gap
        Called with each gap.
    on_loss
        Called when a stream that was there is there no more, for a reason that may pass.
    is_market_open
        Whether silence means something.
    hub
        The hub's name, for whoever finds the account taken.

    Attributes
    ----------
    wanted
        What is streamed, or would be if vendors let it.
    """

    def __init__(
        self,
        sources: Sequence[StreamSource],
        *,
        on_data: Callable[[], None],
        on_gap: Callable[[Gap], None],
        on_loss: Callable[[], None],
        is_market_open: Callable[[], bool],
        hub: str,
    ) -> None:
        self._sources = sources
        self._on_data = on_data
        self._on_gap = on_gap
        self._on_loss = on_loss
        self._is_market_open = is_market_open
        self._hub = hub
        self.wanted = Wanted()
        self._states: dict[tuple[str, str], SessionState] = {}
        self._lines: list[_Line] = [self._line(source, asset) for source in sources for asset in source.assets]

    def gather(self) -> list[Input]:
        """Return what all streams told since the last look."""
        found: list[Input] = []
        for line in self._lines:
            batch = line.book.take()
            if not batch.is_empty:
                found.extend(cut(line.asset, batch, feed=line.feed, names=line.names))
        return found

    def record(self, hear: Callable[[Heard], None] | None) -> None:
        """Hand each frame from now on to somebody, but those of a log-in and those that hold a secret; None to none."""
        for line in self._lines:
            line.session.record(None if hear is None else partial(_tell, hear, line))

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Vendor and asset of each stream that there may be, in the order in which `gather` looks at them."""
        return [(line.source.vendor, line.asset) for line in self._lines]

    async def want(self, wanted: Wanted) -> None:
        """Replace what is streamed."""
        self.wanted = wanted
        await self._ask()

    async def watch_over(self) -> None:
        """Put a later vendor's stream in the place of one that is down, for ever."""
        while True:
            await asyncio.sleep(1.0)
            await self._ask()

    def statuses(self) -> list[StreamStatus]:
        """Return how each stream is that is wanted or was; from any thread."""
        return [
            StreamStatus(line.source.vendor, line.asset, line.session.stats, line.feed, line.error)
            for line in self._lines
            if line.task is not None or line.error is not None
        ]

    def refused(self) -> dict[tuple[str, str], str]:
        """Return what vendors refused, by vendor and channel, in their words."""
        return {
            (line.source.vendor, f"{channel.kind} {channel.symbol}"): reason
            for line in self._lines
            for channel, reason in line.session.refused.items()
        }

    async def close(self) -> None:
        """End all streams; may be called twice."""
        await asyncio.gather(*(line.session.close() for line in self._lines))
        tasks = [line.task for line in self._lines if line.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
        for line in self._lines:
            line.lock.release()
        await asyncio.gather(*(source.close() for source in self._sources))

    def _line(self, source: StreamSource, asset: str) -> _Line:
        book = Book(source.vendor)
        session = StreamSession(
            source.dialect(asset),
            book=book,
            on_data=self._on_data,
            on_state=partial(self._note_state, (source.vendor, asset)),
            on_gap=self._on_gap,
            is_market_open=self._is_market_open,
        )
        lock = AccountLock(source.account, vendor=source.vendor, asset=asset, hub=self._hub)
        return _Line(source=source, asset=asset, book=book, session=session, lock=lock)

    def _note_state(self, line: tuple[str, str], state: SessionState) -> None:
        before, self._states[line] = self._states.get(line), state
        if state == "waiting" and before in {"live", "silent"}:
            self._on_loss()

    async def _ask(self) -> None:
        """Ask each vendor for what is wanted and no vendor before it can give."""
        now = asyncio.get_running_loop().time()
        left = dict(zip(ASSETS, self.wanted, strict=True))
        for source in self._sources:
            lines = [line for line in self._lines if line.source is source]
            for line in lines:
                own = {asset: left[asset] for asset in ASSETS if line.asset in {asset, "all"}}
                await self._ask_line(line, own)
            for line in lines:
                for asset in ASSETS:
                    if line.asset in {asset, "all"} and not _is_down(line, now):
                        left[asset] = frozenset(_refused_quotes(line) & left[asset])

    async def _ask_line(self, line: _Line, wanted: Mapping[Asset, frozenset[str]]) -> None:
        if line.task is not None and line.asked == wanted:
            return
        channels, line.names = _channels(line.source.vendor, wanted)
        if channels and line.task is None and (line.error is None or line.is_taken):
            self._open(line)
        if line.task is not None:
            line.asked = wanted
            await line.session.want(channels)

    def _open(self, line: _Line) -> None:
        """Connect, unless another hub has the stream: it is asked for again until that one is gone."""
        try:
            line.lock.acquire()
        except FeedError as error:
            if not line.is_taken:
                logger.warning("no stream %s", facts(provider=line.source.vendor, asset=line.asset, why=error))
            line.error, line.is_taken = str(error), True
            return
        line.error, line.is_taken = None, False
        line.task = asyncio.create_task(self._run(line))

    async def _run(self, line: _Line) -> None:
        try:
            await line.session.run()
        except FeedError as error:
            line.error = str(error)
        except Exception as error:
            line.error = f"{type(error).__name__}: {error}"
            logger.exception("stream failed %s", facts(provider=line.source.vendor, asset=line.asset, why=line.error))
        finally:
            line.lock.release()


def _tell(hear: Callable[[Heard], None], line: _Line, frame: bytes, at: int) -> None:
    hear(Heard(line.source.vendor, line.asset, line.feed, line.names, frame, at))


def _is_down(line: _Line, now: float) -> bool:
    """Tell whether a stream has told nothing for so long that another vendor's is better."""
    if line.error is not None:
        return True
    if line.session.state in {"live", "idle"}:
        line.down_since = None
        return False
    line.down_since = now if line.down_since is None else line.down_since
    return now - line.down_since > PATIENCE_S


def _refused_quotes(line: _Line) -> frozenset[str]:
    """Return the canonical symbols of which the vendor refuses quotes or values."""
    refused = (channel.symbol for channel in line.session.refused if channel.kind in {"quote", "value"})
    return frozenset(line.names.get(symbol) or symbol.removeprefix("O:") for symbol in refused)


def _channels(vendor: str, wanted: Mapping[Asset, frozenset[str]]) -> tuple[list[Channel], dict[str, str]]:
    """Return the channels of canonical symbols, and the symbols by their spelling where that is another."""
    channels: list[Channel] = []
    names: dict[str, str] = {}
    spell = _SPELLINGS[vendor]
    for asset, members in wanted.items():
        for symbol in sorted(members):
            spelled = spell[asset](symbol)
            names[spelled] = symbol
            channels.extend(Channel(kind, spelled) for kind in _KINDS[vendor][asset])
    if vendor == "massive" and wanted.get("options"):
        channels.extend((Channel("trade", "*"), Channel("minute", "*")))
    return channels, names


_SPELLINGS: Final[dict[str, dict[Asset, Callable[[str], str]]]] = {
    "massive": {
        "options": lambda symbol: f"O:{symbol}",
        "stocks": symbols.massive_equity,
        "indices": symbols.massive_index,
    },
    "tradier": {
        "options": lambda symbol: symbol,
        "stocks": symbols.tradier_equity,
        "indices": lambda symbol: symbol,
    },
}
# Prints and minutes of all options come in one channel each at Massive; Tradier's are those of named contracts.
_KINDS: Final[dict[str, dict[Asset, tuple[ChannelKind, ...]]]] = {
    "massive": {"options": ("quote",), "stocks": ("quote", "trade"), "indices": ("value",)},
    "tradier": {"options": ("quote", "trade"), "stocks": ("quote", "trade"), "indices": ("value",)},
}


def cut(asset: str, batch: Batch, *, feed: str, names: Mapping[str, str]) -> list[Input]:
    """Return what a stream told by asset class: one connection may carry all of them."""
    if asset != "all":
        return [Streamed(asset, batch, feed, names)]  # type: ignore[arg-type]  # one of the three
    return [
        Streamed("options", _part(batch, lambda symbol: len(symbol) >= _SHORTEST_CONTRACT), feed, names),
        Streamed("stocks", _part(batch, lambda symbol: len(symbol) < _SHORTEST_CONTRACT), feed, names),
    ]


def _part(batch: Batch, is_part: Callable[[str], bool]) -> Batch:
    return Batch(
        vendor=batch.vendor,
        quotes={symbol: quote for symbol, quote in batch.quotes.items() if is_part(symbol)},
        trades=[trade for trade in batch.trades if is_part(trade.symbol)],
        last_trades={symbol: trade for symbol, trade in batch.last_trades.items() if is_part(symbol)},
        values={symbol: value for symbol, value in batch.values.items() if is_part(symbol)},
        days={symbol: day for symbol, day in batch.days.items() if is_part(symbol)},
        events=batch.events,
        received_at=batch.received_at,
    )
