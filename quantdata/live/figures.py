"""A hub in figures: what its polls, streams, publications and subscribers have done."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quantdata.live.engine import Engine
    from quantdata.live.polling import PollStats
    from quantdata.live.streaming import StreamStatus
    from quantdata.live.subscribers import SubscriberStats

__all__ = ["Figure", "figures", "stream_row"]


class Figure(NamedTuple):
    """One figure: of what, which, how much, in which unit."""

    subject: str
    metric: str
    value: float
    unit: str


def figures(engine: Engine, subscribers: Sequence[SubscriberStats]) -> list[Figure]:
    """Return everything that is counted or timed, by subject."""
    publisher = engine.publisher
    found = [
        Figure("hub", "publications", engine.publications, "count"),
        Figure("hub", "last_publication", publisher.publish_s, "seconds"),
        Figure("hub", "last_valuation", publisher.valuation_s, "seconds"),
    ]
    for name, stats in list(engine.poller.stats.items()):
        found.extend(_of_polls(name, stats))
        found.append(Figure(name, "effective_refresh", engine.poller.effective_s(name), "seconds"))
    for status in engine.stream_statuses():
        found.extend(_of_stream(status))
    found.extend(Figure("recording", *figure) for figure in engine.recording_figures())
    for each in subscribers:
        subject = f"{each.kind} subscriber {each.name}"
        found.extend(Figure(subject, name, getattr(each, name), "count") for name in _SUBSCRIBER)
        found.append(Figure(subject, "busy", each.busy_s, "seconds"))
    return found


_SUBSCRIBER = ("delivered", "conflated", "dropped", "errors", "waiting")
_STREAM = (
    "frames",
    "events",
    "late",
    "repeated",
    "unknown",
    "unreadable",
    "lost_trades",
    "reconnects",
    "held",
    "refused",
)


def _of_polls(name: str, stats: PollStats) -> Iterator[Figure]:
    yield Figure(name, "polls", stats.polls, "count")
    yield Figure(name, "poll_failures_in_a_row", stats.failures, "count")
    yield Figure(name, "requests_a_poll", stats.requests, "count")
    yield Figure(name, "poll_took", stats.took_s, "seconds")


def _of_stream(status: StreamStatus) -> Iterator[Figure]:
    subject = f"{status.vendor} {status.asset} stream"
    for name in _STREAM:
        yield Figure(subject, name, getattr(status.stats, name), "count")
    yield Figure(subject, "received_bytes", status.stats.bytes, "bytes")


def stream_row(status: StreamStatus) -> tuple[object, ...]:
    """Return a stream as a row with the columns of `quantdata.frames.columns.STREAMS`."""
    stats = status.stats
    return (
        *(status.vendor, status.asset, stats.state, status.feed, stats.since, stats.heard_at),
        *(stats.reconnects, stats.wanted, stats.held, stats.refused, stats.events, stats.late, stats.repeated),
        *(stats.lost_trades, stats.ping_s, status.error or stats.last_error),
    )
