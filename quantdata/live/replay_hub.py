"""A hub that plays a recording: the same questions and the same frames, at the times of the recording."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Never, cast

from quantdata.client import Client
from quantdata.clients.arguments import number
from quantdata.errors import ArgumentError, FeedError
from quantdata.live.market_hub import MarketDataHub
from quantdata.live.recording_reader import Reading
from quantdata.live.replaying import Replayer
from quantdata.live.watchlist import Watchlist
from quantdata.pricing.rates import RateCurve

if TYPE_CHECKING:
    from quantdata.live.engine import Engine
    from quantdata.live.snapshot import HubSnapshot

__all__ = ["ReplayHub"]

# In short waits: Ctrl-C goes unheard in a long one (see `quantdata.portal.call`).
LOOK_S: Final = 0.1


class ReplayHub(MarketDataHub):
    """A `MarketDataHub` that plays a recording; made by `quantdata.replay`.

    What it publishes is decided by the recording alone: the same frames, bit for bit, at any speed, in any process, on
    any day. Ages and qualities are those of the recorded moment. It asks no vendor, needs no key and tells no alerts.

    Parameters
    ----------
    path, speed
        As of `quantdata.replay`.
    """

    def __init__(self, path: str | Path, *, speed: float | None = None) -> None:
        if speed is not None and number(speed, name="speed", least=0.0) == 0.0:
            raise ArgumentError("speed must be above 0, as in speed=10, or None for as fast as can be")
        self._reading = Reading(Path(path))
        self._speed = speed
        opened, watched = self._reading.opened, self._reading.watched
        super().__init__(
            watched.chains,
            equities=watched.equities,
            indices=watched.indices,
            # Never asked; its rates are the model's.
            client=Client("sim", rates=RateCurve(opened.rate_days, opened.rates)),
            dte=opened.dte,
            refresh_interval=opened.interval_s,
            debounce=opened.debounce_s,
            weights=opened.weights,
            name=opened.hub,
        )

    @property
    def is_over(self) -> bool:
        """Whether all has been played; the last state can still be asked for."""
        return self._replayer().is_over

    def wait_over(self, timeout: float | None = None) -> HubSnapshot:
        """Wait until all has been played and every callback has returned; return the last publication.

        Parameters
        ----------
        timeout
            Seconds; None waits for as long as it takes.

        Raises
        ------
        FeedError
            If that takes longer, or the recording is damaged.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        ended = self._replayer().ended
        while not ended.wait(LOOK_S):
            if deadline is not None and time.monotonic() > deadline:
                raise FeedError(f"{self!r}: it is not over after {timeout:g} s")
        return self.snapshot()

    def stop(self) -> None:
        """Stop playing; `start` plays it from its beginning, to those whose subscriptions did not end with its end."""
        super().stop()
        watched = self._reading.watched
        self._watchlist = Watchlist(watched.chains, watched.equities, watched.indices)

    def record(self, path: str | Path) -> Never:
        """Raise: a replay is on record already."""
        raise FeedError(f"{self!r} is on record already: copy its folder to {path}")

    def _new_engine(self) -> Engine:
        return Replayer(
            self._core,
            self._settings,
            self._reading,
            speed=self._speed,
            snapshots=self._snapshots,
            ticks=self._ticks,
            alerts=self._alerts,
            on_watch=self._follow,
        )

    def _running(self) -> Engine:
        return self._replayer()

    def _replayer(self) -> Replayer:
        """Return the engine; whoever asks for anything wants to see something, so that it begins."""
        engine = cast("Replayer", super()._running())
        engine.begin()
        return engine

    def _follow(self, watchlist: Watchlist) -> None:
        self._watchlist = watchlist

    def _rewatch(self, watchlist: Watchlist) -> Never:
        raise FeedError(f"{self!r}: a replay watches what was recorded, not {', '.join(watchlist.names())}")
