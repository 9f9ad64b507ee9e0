"""How a stream session is: its state, its counters, and the gaps in what it received."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from quantdata.wire.book import Counts

__all__ = ["Gap", "SessionState", "SessionStats", "Vitals", "look", "moment_of"]

SessionState = Literal["idle", "connecting", "live", "silent", "waiting", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time of which a stream has nothing.

    Attributes
    ----------
    vendor, asset
        Of the session.
    start
        When the last frame before came (UTC); what was on its way then may be missing too.
    end
        When all was subscribed again (UTC).
    reason
        Why the connection ended.
    """

    vendor: str
    asset: str
    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStats:
    """A look at a session.

    Attributes
    ----------
    state, since
        What it is doing, and since when (UTC): ``"idle"``, nothing is wanted; ``"connecting"``; ``"live"``;
        ``"silent"``, no frame came in market hours; ``"waiting"`` to connect again; ``"stopped"``.
    attempts
        Connections tried since the last good one.
    reconnects
        Connections that replaced one before.
    connected_at
        When the present connection was subscribed (UTC); None while there is none.
    heard_at
        When the last frame came (UTC).
    last_error
        Why the last connection ended, or could not be had.
    frames, bytes, events
        Received in all.
    late, repeated, unknown, unreadable, lost_trades
        Events that were dropped: see `quantdata.wire.book.Counts`.
    wanted, held, refused
        Counts of channels.
    ping_s
        Round trip of the last ping in seconds; None before the first.
    """

    state: SessionState
    since: datetime
    attempts: int
    reconnects: int
    connected_at: datetime | None
    heard_at: datetime | None
    last_error: str | None
    frames: int
    bytes: int
    events: int
    late: int
    repeated: int
    unknown: int
    unreadable: int
    lost_trades: int
    wanted: int
    held: int
    refused: int
    ping_s: float | None


@dataclass(slots=True, kw_only=True)
class Vitals:
    """What a session and its connection write down; moments are nanoseconds since 1970, or monotonic seconds."""

    state: SessionState = "idle"
    since_ns: int = 0
    reconnects: int = 0
    connected_ns: int | None = None
    heard_ns: int | None = None
    last_error: str | None = None
    frames: int = 0
    bytes: int = 0
    simulated_at: datetime | None = None


def moment_of(ns: int) -> datetime:
    """Return nanoseconds since 1970 as a moment (UTC)."""
    return datetime.fromtimestamp(ns / 1e9, UTC)


def look(
    vitals: Vitals,
    counts: Counts,
    *,
    wanted: int,
    held: int,
    refused: int = 0,
    attempts: int = 0,
    ping_s: float | None = None,
) -> SessionStats:
    """Return all that is known of a session, at this moment."""
    return SessionStats(
        state=vitals.state,
        since=moment_of(vitals.since_ns),
        attempts=attempts,
        reconnects=vitals.reconnects,
        connected_at=moment_of(vitals.connected_ns) if vitals.connected_ns is not None else None,
        heard_at=moment_of(vitals.heard_ns) if vitals.heard_ns is not None else None,
        last_error=vitals.last_error,
        frames=vitals.frames,
        bytes=vitals.bytes,
        events=counts.events,
        late=counts.late,
        repeated=counts.repeated,
        unknown=counts.unknown,
        unreadable=counts.unreadable,
        lost_trades=counts.lost_trades,
        wanted=wanted,
        held=held,
        refused=refused,
        ping_s=ping_s,
    )
