"""What a hub publishes: single ticks, and the whole as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import polars as pl

from quantdata.cards import card
from quantdata.sessions import NEW_YORK
from quantdata.validation import Quality, quality

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

__all__ = ["Frames", "HubSnapshot", "Tick"]

TickKind = Literal["quote", "trade", "value"]


class Tick(NamedTuple):
    """One event of one symbol.

    Attributes
    ----------
    kind
        ``"quote"``: bid and ask; ``"trade"``: price and size; ``"value"``: the price of an index, in points.
    symbol
        OCC symbol of a contract, or that of a stock, fund or index, in canonical spelling.
    ts_ms
        The vendor's time: milliseconds since 1970 (UTC).
    bid, ask, price, size
        USD per share, contracts or shares; None where the event says nothing of it.
    source
        ``"massive"`` or ``"tradier"``.
    """

    kind: TickKind
    symbol: str
    ts_ms: int
    bid: float | None = None
    ask: float | None = None
    price: float | None = None
    size: float | None = None
    source: str = ""

    @property
    def about(self) -> tuple[str, str]:
        """What a newer tick may stand for this one in: the same kind of the same symbol."""
        return self.kind, self.symbol


class Frames(Mapping[str, pl.DataFrame]):
    """Frames by name, each handed out as one of its own that shares its columns.

    polars locks a frame while it writes it to a file object (``write_json``, ``write_ipc_stream``), and who looks at
    the same frame meanwhile stops the whole process. So nobody holds the frame that another looks at.

    Examples
    --------
    >>> import polars as pl
    >>> frames = Frames({"SPY": pl.DataFrame({"bid": [1.0]})})
    >>> frames["SPY"] is frames["SPY"]
    False
    """

    def __init__(self, frames: Mapping[str, pl.DataFrame]) -> None:
        self._frames = frames

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self._frames[name].clone()

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __repr__(self) -> str:
        return f"<Frames {', '.join(f'{name} {frame.shape}' for name, frame in self.items()) or 'none'}>"


@dataclass(frozen=True, kw_only=True)
class HubSnapshot:
    """Everything that a hub watches, at one moment; frames are those of a client's ``chain``, ``quotes``, ``indices``.

    Attributes
    ----------
    number
        Count of snapshots before it.
    at
        When it was made (UTC, by this machine's clock).
    chains
        By underlying, those of which something is known.
    quotes
        ``"equities"`` and ``"indices"``: one row for each that is watched and known.
    changed
        Names of what changed since the snapshot before: ``"SPY"``, ``"equities"``, ``"indices"``.
    versions
        By name, ``"flow"`` among them: another number for each change, so that who has missed snapshots can tell.
    flow
        Order flow by underlying, of at most a second before ``at``: see `MarketDataHub.flow`. A frame is made when it
        is first looked at.
    """

    number: int
    at: datetime
    chains: Mapping[str, pl.DataFrame]
    quotes: Mapping[str, pl.DataFrame]
    changed: frozenset[str] = frozenset()
    versions: Mapping[str, int] = field(default_factory=dict)
    flow: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {frame.height:,}" for name, frame in self.chains.items())
        return (
            f"<HubSnapshot {self.number} at {self.at:%H:%M:%S}: chains {rows or 'none'}; "
            f"{self.equities.height} equities, {self.indices.height} indices>"
        )

    def _repr_html_(self) -> str:
        told = {name: self.qualities.get(name) for name, _ in self._frames()}
        return card(
            f"snapshot {self.number:,}",
            [
                ("made", f"{self.at.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S} New York"),
                *((name, found and _row(found)) for name, found in told.items()),
            ],
            badges=["SIMULATED"] if self.is_simulated else [],
        )

    @property
    def equities(self) -> pl.DataFrame:
        """Stocks and funds: the columns of a client's ``quotes``."""
        return self.quotes["equities"]

    @property
    def indices(self) -> pl.DataFrame:
        """Indices: the columns of a client's ``indices``."""
        return self.quotes["indices"]

    @cached_property
    def qualities(self) -> dict[str, Quality]:
        """Return the quality of each frame that has rows, by its name."""
        return {name: quality(frame) for name, frame in self._frames() if frame.height}

    @property
    def confidence(self) -> int:
        """The lowest confidence of all frames: what is watched together is trusted as far as its weakest part."""
        return min((each.confidence for each in self.qualities.values()), default=0)

    @property
    def is_simulated(self) -> bool:
        """Whether any of it is of a simulated market."""
        return any(each.is_simulated for each in self.qualities.values())

    def _frames(self) -> Iterator[tuple[str, pl.DataFrame]]:
        yield from self.chains.items()
        yield from self.quotes.items()


def _row(found: Quality) -> str:
    return f"{found.rows:,} rows, confidence {found.confidence} ({found.quality})"
