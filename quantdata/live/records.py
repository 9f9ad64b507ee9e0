"""What a recording holds: one record for each thing that came in, when it did; nothing of how it was asked for."""

from __future__ import annotations

import io
from datetime import date, datetime  # noqa: TC003  # msgspec asks for the types of fields
from typing import TYPE_CHECKING, Final

import msgspec
import polars as pl

from quantdata.live.market import Polled

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Answer",
    "Ended",
    "Frame",
    "Line",
    "Lost",
    "Missed",
    "Opened",
    "Paced",
    "Record",
    "decode",
    "encode",
    "frame_of",
]


class _Base(msgspec.Struct, gc=False, kw_only=True, tag=True):
    """When it came: nanoseconds since 1970; ``is_again`` where it stands in a file before already."""

    at: int
    is_again: bool = False


class Opened(_Base, tag="opened"):
    """How the hub works: see `quantdata.live.engine.Settings`; the model's rates, and its streams in their order."""

    hub: str
    interval_s: float
    debounce_s: float
    dte: tuple[int | None, int | None] | None
    weights: dict[str, float]
    rate_days: tuple[float, ...]
    rates: tuple[float, ...]
    streams: list[tuple[str, str]]


class Watched(_Base, tag="watched"):
    """What is watched from then on: see `Watchlist`."""

    chains: tuple[str, ...]
    equities: tuple[str, ...]
    indices: tuple[str, ...]


class Line(_Base, tag="line"):
    """How the frames of one stream are read from then on: how fresh they are, and canonical symbols by the vendor's."""

    vendor: str
    asset: str
    feed: str
    names: dict[str, str]


class Frame(_Base, tag="frame"):
    """One frame of a stream, as it came."""

    vendor: str
    asset: str
    frame: bytes


class Paced(_Base, tag="paced"):
    """How often something is polled from then on: seconds, each up to an expiration; the last has none."""

    subject: str
    paces: list[tuple[date | None, float]]


class Answer(_Base, tag="answer"):
    """A provider's answer: see `Polled`. Frames are Arrow IPC streams."""

    subject: str
    rows: bytes
    dividends: bytes | None
    start: date | None
    end: date | None
    is_simulated: bool

    @property
    def polled(self) -> Polled:
        """What the hub took in."""
        dividends = None if self.dividends is None else frame_of(self.dividends)
        return Polled(self.subject, frame_of(self.rows), dividends, (self.start, self.end))


class Missed(_Base, tag="missed"):
    """A time of which a stream has nothing: see `quantdata.wire.vitals.Gap`."""

    vendor: str
    asset: str
    reason: str
    start: datetime
    end: datetime


class Lost(_Base, tag="lost"):
    """Records that could not be written as fast as they came: how many."""

    records: int


class Ended(_Base, tag="ended"):
    """The recording was closed."""


Record = Opened | Watched | Line | Frame | Paced | Answer | Missed | Lost | Ended

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(list[Record])


def encode(records: Sequence[Record]) -> bytes:
    """Return records as one block of a file."""
    return _encoder.encode(records)


def decode(block: bytes) -> list[Record]:
    """Return the records of a block.

    Raises
    ------
    msgspec.DecodeError
        If it is none.
    """
    return _decoder.decode(block)


def answer_of(polled: Polled, *, at: int) -> Answer:
    """Return an answer as a record."""
    feed = polled.frame.get_column("feed")
    return Answer(
        at=at,
        subject=polled.subject,
        rows=_bytes_of(polled.frame),
        dividends=None if polled.dividends is None else _bytes_of(polled.dividends),
        start=polled.span[0],
        end=polled.span[1],
        is_simulated=bool((feed == "simulated").any()),
    )


def frame_of(stream: bytes) -> pl.DataFrame:
    """Return the frame of an Arrow IPC stream."""
    return pl.read_ipc_stream(io.BytesIO(stream))


def _bytes_of(frame: pl.DataFrame) -> bytes:
    stream = io.BytesIO()
    # Polars locks a frame while it is written, and into a stream it takes the interpreter's lock again and again. The
    # hub asks the same frame meanwhile, with the interpreter's lock in hand: each would wait for the other for ever.
    frame.clone().write_ipc_stream(stream)
    return stream.getvalue()
