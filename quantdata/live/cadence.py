"""When what is polled: as often as wanted, as far as the account's rate carries it, and slower after failures."""

from __future__ import annotations

import math
import random
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from quantdata.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from datetime import date

__all__ = ["FAR_EVERY", "PRESETS", "Cadence", "last_near", "refresh_interval"]

S = TypeVar("S", bound="Hashable")

PRESETS: Final[Mapping[str, float]] = {"development": 10.0, "production": 5.0, "low-latency": 1.0}
# While the market is closed nothing is asked more often.
CLOSED_INTERVAL_S: Final = 60.0
# Of the account's rate; the rest is for the user's own calls and for retries.
USED_SHARE: Final = 0.8
# Each interval is so much shorter by chance, so that hubs started together do not ask together, and never longer: what
# is polled would be stale by then.
JITTER: Final = 0.1
# Each failure in a row doubles the interval, up to this (unless it is longer anyway).
LONGEST_BACKOFF_S: Final = 60.0
MOST_DOUBLINGS: Final = 16
# Answers by which is told how long the next may take.
ANSWERS_KEPT: Final = 64
# The nearest expirations are polled at each refresh, those beyond at every n-th.
NEAR_EXPIRATIONS: Final = 4
FAR_EVERY: Final = 6


def refresh_interval(wanted: float | str) -> float:
    """Return an interval in seconds, given as such or as the name of a preset.

    Raises
    ------
    ArgumentError
        If it is no finite number above 0, and no preset.
    """
    seconds = PRESETS.get(wanted) if isinstance(wanted, str) else wanted
    if not isinstance(seconds, (int, float)) or not (math.isfinite(seconds) and seconds > 0.0):
        names = ", ".join(f"{name!r} ({interval:.0f} s)" for name, interval in PRESETS.items())
        raise ArgumentError(f"refresh_interval must be seconds above 0, or one of {names}, not {wanted!r}")
    return float(seconds)


def last_near(expirations: Sequence[date], *, count: int = NEAR_EXPIRATIONS) -> date | None:
    """Return the last expiration that is polled at each refresh; None of no expirations."""
    return max(sorted(set(expirations))[:count], default=None)


@dataclass(slots=True)
class _Watch:
    """One thing that is polled.

    ``since`` is when the last poll began, or when the watch did. ``failures`` counts those in a row, ``took_s`` is how
    long the last answers took, and ``luck`` the factor of the interval. ``hurried_s`` stands in the place of the next
    interval, once.
    """

    since: float
    every: int
    requests: float
    luck: float = 1.0
    failures: int = 0
    took_s: deque[float] = field(default_factory=lambda: deque(maxlen=ANSWERS_KEPT))
    hurried_s: float | None = None
    is_new: bool = True
    is_under_way: bool = False

    def due_in_s(self, now: float, period_s: float) -> float:
        """Return the seconds until the next poll is due: below 0 where it is late, infinitely where it is the first."""
        if self.is_new:
            return -math.inf
        if self.hurried_s is not None:
            return self.since + self.hurried_s - now
        doubled_s = period_s * 2.0 ** min(self.failures, MOST_DOUBLINGS)
        return self.since + self.luck * min(doubled_s, max(period_s, LONGEST_BACKOFF_S)) - now

    def patience_s(self, now: float) -> float:
        """Return what an answer may take: what nineteen of twenty took; nothing once one is later, or has failed."""
        longest_s = sorted(self.took_s)[math.ceil(0.95 * len(self.took_s)) - 1] if self.took_s else 0.0
        is_late = self.is_under_way and not self.is_new and now - self.since > longest_s
        return 0.0 if self.failures or is_late else longest_s


class Cadence(Generic[S]):
    """Tells who is due, over a clock that is passed in; for one loop.

    Parameters
    ----------
    interval_s
        How often each is wanted: seconds.
    requests_per_minute
        The account's rate; None where there is no limit.
    clock, draw
        Monotonic seconds, and a random number from 0 to 1.

    Attributes
    ----------
    interval_s, requests_per_minute
        The same; the rate may be set when it has been learned.
    is_market_open
        Whether to poll at the interval wanted; from `CLOSED_INTERVAL_S` on where not. To be set by the owner.
    """

    def __init__(
        self,
        interval_s: float,
        *,
        requests_per_minute: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.requests_per_minute = requests_per_minute
        self.is_market_open = True
        self.interval_s = interval_s
        self._clock = clock
        self._draw = draw
        self._watches: dict[S, _Watch] = {}

    def watch(self, subject: S, *, every: int = 1, requests: float = 1.0) -> None:
        """Poll something, at once and then at every n-th interval.

        Parameters
        ----------
        subject
            Anything that tells it apart. One that is watched already keeps its turn.
        every
            1 for each interval, `FAR_EVERY` for expirations far away.
        requests
            What the first poll may cost; each tells anew.
        """
        watch = self._watches.setdefault(subject, _Watch(self._clock(), every, requests))
        watch.every = every

    def unwatch(self, subject: S) -> None:
        """Poll something no more; one that is not watched is no error, nor is it that its poll is under way."""
        self._watches.pop(subject, None)

    def hurry(self, subject: S, *, rest_s: float = 0.0) -> None:
        """Poll something watched once more at once, however it has failed; so long after the last began at least."""
        if subject in self._watches:
            self._watches[subject].hurried_s = rest_s

    def due(self) -> list[S]:
        """Return who is due: first what has never been polled, then by how much of its interval each is late."""
        now, stretch = self._clock(), self._stretch()
        late = {
            subject: -watch.due_in_s(now, self._period_s(watch, stretch)) / self._period_s(watch, stretch)
            for subject, watch in self._watches.items()
            if not watch.is_under_way
        }
        return sorted((subject for subject in late if late[subject] >= 0.0), key=lambda subject: -late[subject])

    def due_in_s(self) -> float | None:
        """Return the seconds until somebody is due: 0 now, None while nobody waits."""
        now, stretch = self._clock(), self._stretch()
        waits = [
            watch.due_in_s(now, self._period_s(watch, stretch))
            for watch in self._watches.values()
            if not watch.is_under_way
        ]
        return max(0.0, min(waits)) if waits else None

    def begin(self, subject: S) -> None:
        """Begin a poll of something watched; until it ends, the subject is not due."""
        watch = self._watches[subject]
        watch.is_new, watch.is_under_way, watch.since = False, True, self._clock()
        watch.hurried_s = None

    def succeed(self, subject: S, *, requests: float) -> None:
        """End a poll that was answered, and remember how many requests it took."""
        watch = self._ended(subject)
        if watch is not None:
            watch.failures = 0
            watch.requests = requests
            watch.took_s.append(self._clock() - watch.since)

    def fail(self, subject: S) -> None:
        """End a poll that was not answered; each one in a row doubles the wait."""
        watch = self._ended(subject)
        if watch is not None:
            watch.failures += 1

    def effective_s(self, subject: S) -> float:
        """Return how often something watched is really polled while its polls succeed: seconds.

        Longer than wanted where the rate does not carry more, where a poll takes longer, or the market is closed.
        """
        watch = self._watches[subject]
        return max(self._period_s(watch, self._stretch()), watch.took_s[-1] if watch.took_s else 0.0)

    def stale_after_s(self, subject: S) -> float:
        """Return after how many seconds an answer is stale: when the next should be here.

        While polls succeed that is one interval and what an answer takes; when one is late or has failed, no longer
        than the interval alone.
        """
        return self.effective_s(subject) + self._watches[subject].patience_s(self._clock())

    def _ended(self, subject: S) -> _Watch | None:
        """Return the watch whose poll has ended; None when nobody watches any more, or only since."""
        watch = self._watches.get(subject)
        if watch is None or not watch.is_under_way:
            return None
        watch.is_under_way = False
        watch.luck = 1.0 - JITTER * self._draw()
        return watch

    def _stretch(self) -> float:
        """Return by how much all intervals grow for the account's rate to carry them; 1 where it does."""
        if self.requests_per_minute is None:
            return 1.0
        demand = sum(60.0 * watch.requests / self._wanted_s(watch) for watch in self._watches.values())
        return max(1.0, demand / (USED_SHARE * self.requests_per_minute))

    def _period_s(self, watch: _Watch, stretch: float) -> float:
        return stretch * self._wanted_s(watch)

    def _wanted_s(self, watch: _Watch) -> float:
        wanted_s = self.interval_s * watch.every
        return wanted_s if self.is_market_open else max(wanted_s, CLOSED_INTERVAL_S)
