"""What one connection of Massive's is sent, in either pace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from quantdata.sim.massive.events import OptionQuote, StockQuote
from quantdata.sim.massive.happened import index_events, option_events, option_quotes, stock_events
from quantdata.sim.massive.prepared import prepared_frames
from quantdata.sim.plans import AssetClass
from quantdata.sim.streams.pump import Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from quantdata.sim.massive.channels import Channels
    from quantdata.sim.plans import Plan
    from quantdata.sim.stage import Stage
    from quantdata.sim.streams.happenings import Happenings
    from quantdata.sim.streams.ring import Prepared, Sent

__all__ = ["MassiveProgramme"]

_EVENTS_PER_FRAME = 200
_encode = msgspec.json.Encoder().encode


class MassiveProgramme:
    """What a connection is subscribed to, as events.

    Parameters
    ----------
    channels
        The subscriptions.
    happenings
        The market from moment to moment.
    stage
        As of which moments quotes are shown.
    asset
        Of which socket.
    plan
        How late the key sees everything.
    """

    def __init__(
        self, channels: Channels, happenings: Happenings, stage: Stage, *, asset: AssetClass, plan: Plan
    ) -> None:
        self._channels, self._happenings, self._stage = channels, happenings, stage
        self._asset, self._plan = asset, plan

    @property
    def edition(self) -> int:
        """A number that changes with the subscription."""
        return self._channels.edition

    def prepare(self, now: datetime, *, events_per_frame: int, wrap: Callable[[bytes], bytes]) -> Sequence[Prepared]:
        """Return frames of all that is subscribed to, to be sent in turn."""
        return prepared_frames(
            self._happenings,
            self._channels.wanted,
            asset=self._asset,
            now=self._plan.seen_at(self._asset, now),
            events_per_frame=events_per_frame,
            wrap=wrap,
        )

    def happened(self, since: datetime, until: datetime) -> Sequence[Told]:
        """Return what happened after one moment, up to and with another, oldest first."""
        wanted = self._channels.wanted
        if not wanted:
            return []
        since, until = (self._plan.seen_at(self._asset, each) for each in (since, until))
        events = sorted(self._events(since, until), key=_moment)
        parts = (events[at : at + _EVENTS_PER_FRAME] for at in range(0, len(events), _EVENTS_PER_FRAME))
        return [Told(_encode(part), len(part), dict(_sent(part))) for part in parts]

    def _events(self, since: datetime, until: datetime) -> Iterator[Any]:
        wanted, happenings = self._channels.wanted, self._happenings
        # Quotes and levels go as far as answers to requests do, so that the two never disagree.
        shown = self._stage.version(since), self._stage.version(until)
        if self._asset is AssetClass.OPTIONS:
            yield from option_quotes(happenings, wanted, *shown)
            yield from option_events(happenings, wanted, since, until)
        elif self._asset is AssetClass.STOCKS:
            yield from stock_events(happenings, wanted, *shown)
        else:
            yield from index_events(happenings, wanted, *shown)


def _moment(event: Any) -> int:
    moment: int = event.e if hasattr(event, "e") else event.t
    return moment


def _sent(events: Sequence[Any]) -> Iterator[tuple[str, Sent]]:
    for event in events:
        if isinstance(event, OptionQuote | StockQuote):
            yield event.sym, (event.bp, event.ap, event.bs, event.a_size, event.t, event.q)
