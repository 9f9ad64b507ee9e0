"""How providers and streams are, as lights with words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quantdata.errors import FeedError
from quantdata.frames.columns import STREAMS, empty
from quantdata.widgets.markup import NONE, State, clock, duration, lamp, note, table, text
from quantdata.widgets.parts import Part, say, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import ipywidgets  # type: ignore[import-untyped]

    from quantdata.widgets.hub_feed import Picture

__all__ = ["Fallback", "HealthLights", "fallback_in", "health_html", "streams_html"]

# A provider that takes longer is slow: a hub's alerts take the same bound.
SLOW_S: Final = 5.0
_STREAMS: Final[dict[str, State]] = {
    "idle": "idle",
    "connecting": "slow",
    "live": "ok",
    "silent": "slow",
    "waiting": "slow",
    "stopped": "down",
}


@dataclass(frozen=True, slots=True)
class Fallback:
    """That another provider than the first answered: what was asked, why, and when the answer came."""

    subject: str
    reason: str
    at: datetime


class HealthLights(Part):
    """A light for each provider and each stream, with its response times, its last error, and the last fallback.

    ``ok``, ``slow`` (half of the answers to some question took 5 s or more), or ``down`` with the questions that are
    not answered. Times are those of the slowest question. The last fallback stays when it is over.

    Parameters
    ----------
    feed, stage
        As of `Part`.
    """

    def build(self) -> Sequence[ipywidgets.Widget]:
        """Return the widgets that it is made of, empty."""
        self._fallback: Fallback | None = None
        # As they were when the hub was last asked while it ran.
        self._last = empty(STREAMS)
        self._words = words()
        return [self._words]

    def refresh(self, picture: Picture | None) -> bool:
        """Show how providers and streams are now."""
        self._fallback = fallback_in(picture) or self._fallback
        return say(self._words, self.html())

    def html(self) -> str:
        """Return the lights as tables."""
        health = health_html(self.feed.health(), self._fallback)
        return f"{health}{self._streams()}"

    def _streams(self) -> str:
        try:
            self._last = self.feed.streams()
        except FeedError:
            # It does not run any more, or not yet.
            return streams_html(self._last, is_over=True)
        return streams_html(self._last)


def fallback_in(picture: Picture | None) -> Fallback | None:
    """Return the fallback that a picture shows, of the first chain or table that has one."""
    if picture is None:
        return None
    for subject, frame in (*picture.chains.items(), ("equities", picture.equities), ("indices", picture.indices)):
        reason = frame.get_column("fallback_reason").drop_nulls().first()
        if reason is not None:
            return Fallback(subject, str(reason), picture.at)
    return None


def health_html(health: pl.DataFrame, fallback: Fallback | None = None) -> str:
    """Return how each provider is, one row each.

    Parameters
    ----------
    health
        With the columns of ``quantdata.frames.columns.HEALTH``; questions that were never asked count for nothing.
    fallback
        The last one.
    """
    asked = health.filter((pl.col("successes") + pl.col("failures")) > 0)
    parts = health.partition_by("provider", maintain_order=True)
    rows = [_provider(part.item(0, "provider"), asked.filter(provider=part.item(0, "provider"))) for part in parts]
    heads = ("provider", "state", "p50", "p95", "answers", "failures", "last answer", "last error")
    told = NONE if fallback is None else f"{clock(fallback.at)}, {text(fallback.subject)}: {text(fallback.reason)}"
    return f'{table("Providers", heads, rows)}<p class="qd-quiet">Last fallback: {told}</p>'


def _provider(name: str, asked: pl.DataFrame) -> list[str]:
    if asked.is_empty():
        return [text(name), lamp("idle", "not asked"), *[NONE] * 6]
    worst = asked.select(pl.col("response_p50_s", "response_p95_s").max()).row(0)
    counts = asked.select(pl.col("successes", "failures").sum()).row(0)
    answered: Any = asked.get_column("last_success_ts").max()
    return [
        text(name),
        lamp(*_state(asked, worst[0])),
        *map(duration, worst),
        *(f"{count:,}" for count in counts),
        clock(answered),
        _last_error(asked),
    ]


def _state(asked: pl.DataFrame, response_s: float | None) -> tuple[State, str]:
    unwell = asked.filter(~pl.col("is_healthy")).get_column("endpoint").to_list()
    if unwell:
        return "down", f"down: {', '.join(unwell)}"
    return ("slow", "slow") if response_s is not None and response_s >= SLOW_S else ("ok", "ok")


def _last_error(asked: pl.DataFrame) -> str:
    failed = asked.drop_nulls("last_error").sort("last_failure_ts", nulls_last=False)
    if failed.is_empty():
        return NONE
    last = failed.row(-1, named=True)
    at = "" if last["last_failure_ts"] is None else f"{clock(last['last_failure_ts'])}, "
    return f"{at}{text(last['endpoint'])}: {text(last['last_error'])}"


def streams_html(streams: pl.DataFrame, *, is_over: bool = False) -> str:
    """Return how each stream is, one row each.

    Parameters
    ----------
    streams
        With the columns of ``quantdata.frames.columns.STREAMS``.
    is_over
        Whether that is how they last were, since the hub does not run any more: no light is on then.
    """
    heads = ("stream", "state", "channels", "round trip", "reconnects", "last frame", "why")
    rows = list(_streams(streams, is_over=is_over))
    caption = "Streams, as they were when the hub was stopped" if is_over else "Streams"
    return (
        table(caption, heads, rows) if rows else note("No streams: the hub does not run." if is_over else "No streams.")
    )


def _streams(streams: pl.DataFrame, *, is_over: bool) -> Iterator[list[str]]:
    for row in streams.iter_rows(named=True):
        refused = f", {row['refused']:,} refused" if row["refused"] else ""
        yield [
            f"{text(row['provider'])} {text(row['asset'])}",
            lamp("idle" if is_over else _STREAMS.get(row["state"], "idle"), row["state"]),
            f"{row['held']:,} of {row['wanted']:,}{refused}",
            duration(row["ping_s"]),
            f"{row['reconnects']:,}",
            clock(row["heard_ts"]),
            text(row["error"]),
        ]
