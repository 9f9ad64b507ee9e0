"""Polls: each chain by its near and its far expirations, all equities in one question, all indices in another."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from quantdata.clients.together import together
from quantdata.errors import (
    ArgumentError,
    ContractNotFoundError,
    DataProviderError,
    QuantDataError,
    QuoteNotFoundError,
    SymbolError,
)
from quantdata.live.cadence import FAR_EVERY, last_near
from quantdata.live.chains import Pace
from quantdata.live.market import EQUITIES, INDICES, Polled
from quantdata.live.outage import Outage, is_nobody_there
from quantdata.sessions import market_state
from quantdata.validation.rule import CADENCE_S
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from datetime import date

    from quantdata.clients import Provider
    from quantdata.clients.chain_query import ChainQuery
    from quantdata.live.cadence import Cadence

__all__ = ["Part", "PollStats", "Poller"]

logger = logging.getLogger("quantdata.live")

# Of a chain: which expirations there are, the nearest of them, the others. Equities and indices have one.
Part = Literal["listing", "near", "far", "all"]
# In intervals: new expirations are listed once a day.
LISTING_EVERY: Final = 120
# Nobody need look more often than this whether somebody is due.
LONGEST_WAIT_S: Final = 1.0
# What is not there is not there a moment later either.
UNKNOWN: Final = (ContractNotFoundError, QuoteNotFoundError, SymbolError)
# What has only just been asked for when a stream was lost is asked for again after so long: it may have been answered.
JUST_ASKED_S: Final = 1.0


class Subject(NamedTuple):
    """What one poll is about: an underlying and a part of its chain, `EQUITIES` or `INDICES`."""

    name: str
    part: Part


@dataclass(slots=True, kw_only=True)
class PollStats:
    """How the polls of one subject have gone.

    Attributes
    ----------
    polls, failures
        How many were answered; how many failed since the last answer.
    took_s, requests
        Of the last answer.
    answered_at
        When it came (UTC); None before the first.
    asked_at
        When the last answer of each part was asked for (UTC).
    last_error
        Of the newest failure; None if there was none since the last answer.
    is_unknown
        Whether that says that there is no such thing, which asking again does not mend.
    """

    polls: int = 0
    failures: int = 0
    took_s: float = 0.0
    requests: int = 0
    answered_at: datetime | None = None
    asked_at: dict[Part, datetime] = field(default_factory=dict)
    last_error: str | None = None
    is_unknown: bool = False


class Poller:
    """Asks a provider for everything watched, each in its turn; on the portal's loop.

    Parameters
    ----------
    connected
        Returns the provider.
    cadence
        Who is due when.
    put
        Takes each answer.
    query
        Returns what is asked of an underlying's chain.
    rate
        Returns how many requests a minute a provider's account has; None where there is no limit.
    on_answer
        Called after each answer with its subject's name, and since when (UTC) all of it is asked for and answered.
    on_probe
        Called before somebody tries whether anybody answers again: whoever is skipped is to be asked.
    wall, clock
        The present (UTC), and monotonic seconds.
    """

    def __init__(
        self,
        connected: Callable[[], Awaitable[Provider]],
        *,
        cadence: Cadence[Subject],
        put: Callable[[Polled], None],
        query: Callable[[str], ChainQuery],
        rate: Callable[[Provider], float | None],
        on_answer: Callable[[str, datetime], None],
        on_probe: Callable[[], None],
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stats: dict[str, PollStats] = {}
        self._connected = connected
        self._cadence = cadence
        self._put = put
        self._query = query
        self._rate = rate
        self._on_answer = on_answer
        self._on_probe = on_probe
        self._wall = wall
        self._outage: Outage[Subject] = Outage(clock=clock)
        self._symbols: dict[str, tuple[str, ...]] = {}
        self._days: dict[str, list[date]] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    def watch(self, underlyings: Collection[str], *, equities: Collection[str], indices: Collection[str]) -> None:
        """Poll these from now on, and nothing else; what is new is due at once."""
        symbols = {EQUITIES: tuple(equities), INDICES: tuple(indices)}
        is_asked_anew = {name for name in symbols if symbols[name] != self._symbols.get(name, ())}
        self._symbols = symbols
        wanted = {*underlyings, *(name for name, each in symbols.items() if each)}
        for name in (self.stats.keys() - wanted) | is_asked_anew:
            self._forget(name)
        for name in sorted(wanted - self.stats.keys()):
            self._begin(name)
        self._changed.set()

    def refresh(self, name: str) -> None:
        """Poll all of a subject at once: a stream has had a gap."""
        for part in self._parts(name):
            self._cadence.unwatch(Subject(name, part))
            self._cadence.watch(Subject(name, part), every=FAR_EVERY if part == "far" else 1)
        self._changed.set()

    def hurry(self) -> None:
        """Poll all that is polled at each interval once more as soon as can be: a stream was lost."""
        for name in self.stats:
            for part in self._parts(name)[:1]:
                self._cadence.hurry(Subject(name, part), rest_s=JUST_ASKED_S)
        self._changed.set()

    def paces(self, name: str) -> list[Pace]:
        """Return after how long each part of a subject is stale: one interval as it really is, and an answer's time."""
        if name in self._days:
            days = self._days[name]
            far = [Pace(None, self._stale_after_s(name, "far"))] if last_near(days) != days[-1] else []
            return [Pace(last_near(days) if far else None, self._stale_after_s(name, "near")), *far]
        return [Pace(None, self._stale_after_s(name, "all") if name in self._symbols else self._cadence.interval_s)]

    def effective_s(self, name: str) -> float:
        """Return how often a subject, of a chain the nearest expirations, is polled, as it really is: seconds."""
        known = [part for part in self._parts(name) if name in self.stats]
        return self._cadence.effective_s(Subject(name, known[0])) if known else self._cadence.interval_s

    async def run(self) -> None:
        """Poll for ever."""
        provider = await self._connected()
        while True:
            self._set_pace(provider)
            self._probe()
            for subject in self._cadence.due():
                self._cadence.begin(subject)
                task = asyncio.create_task(self._poll(provider, subject))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            self._changed.clear()
            wait_s = self._cadence.due_in_s()
            try:
                async with asyncio.timeout(LONGEST_WAIT_S if wait_s is None else min(wait_s, LONGEST_WAIT_S)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def close(self) -> None:
        """Call off what is under way."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _set_pace(self, provider: Provider) -> None:
        self._cadence.requests_per_minute = self._rate(provider)
        self._cadence.is_market_open = market_state(provider.now()) == "open"

    def _probe(self) -> None:
        """Ask one question now and then while nobody answers any: that of quotes rather than that of a chain."""
        due = self._outage.due()
        if due:
            self._on_probe()
            self._cadence.hurry(min(due, key=lambda each: each.name not in self._symbols))

    def _stale_after_s(self, name: str, part: Part) -> float:
        watched = name in self.stats
        stale_s = self._cadence.stale_after_s(Subject(name, part)) if watched else self._cadence.interval_s
        return max(CADENCE_S, round(stale_s, 1))

    def _begin(self, name: str) -> None:
        self.stats[name] = PollStats()
        if name in self._symbols:
            self._cadence.watch(Subject(name, "all"))
        else:
            self._cadence.watch(Subject(name, "listing"), every=LISTING_EVERY)

    def _forget(self, name: str) -> None:
        self.stats.pop(name, None)
        self._days.pop(name, None)
        for part in get_args(Part):
            self._cadence.unwatch(Subject(name, part))
            self._outage.forget(Subject(name, part))

    def _split(self, underlying: str) -> None:
        """Poll the nearest expirations of a chain at each interval, the others now and then."""
        for part in self._parts(underlying):
            self._cadence.watch(Subject(underlying, part), every=FAR_EVERY if part == "far" else 1)

    def _parts(self, name: str) -> tuple[Part, ...]:
        """Return what is polled of a subject; nothing of a chain the expirations of which are not known yet."""
        if name in self._symbols:
            return ("all",)
        days = self._days.get(name, [])
        return ("near", "far") if days and days[-1] != last_near(days) else ("near",) if days else ()

    async def _poll(self, provider: Provider, subject: Subject) -> None:
        stats = self.stats.get(subject.name, PollStats())
        is_alone = not self._under_way - {asyncio.current_task()}
        sent, began = provider.requests_sent, self._wall()
        try:
            await self._asked(provider, subject)
        except Exception as error:  # noqa: BLE001  # a poll ends here: it is told of, and the others go on
            self._note_failure(subject, stats, error)
            return
        finally:
            self._changed.set()
        if is_alone or not stats.requests:
            stats.requests = max(1, provider.requests_sent - sent)
        stats.polls, stats.failures, stats.last_error, stats.is_unknown = stats.polls + 1, 0, None, False
        stats.answered_at = self._wall()
        stats.took_s = (stats.answered_at - began).total_seconds()
        self._cadence.succeed(subject, requests=stats.requests)
        self._note_answer(subject, stats, began)

    def _note_answer(self, subject: Subject, stats: PollStats, asked_at: datetime) -> None:
        stats.asked_at[subject.part] = asked_at
        for other in self._outage.answered(subject, is_regular=subject.part in {"near", "all"}):
            self._cadence.hurry(other)
        parts = self._parts(subject.name)
        if parts and stats.asked_at.keys() >= set(parts):
            self._on_answer(subject.name, min(stats.asked_at[part] for part in parts))

    def _note_failure(self, subject: Subject, stats: PollStats, error: Exception) -> None:
        stats.failures += 1
        code = error.code.value if isinstance(error, DataProviderError) else type(error).__name__
        stats.last_error = f"{code}: {error}"
        stats.is_unknown = isinstance(error, UNKNOWN)
        is_known = isinstance(error, QuantDataError)
        told = facts(subject=subject.name, part=subject.part, why=stats.last_error)
        logger.log(logging.INFO if is_known else logging.ERROR, "poll failed %s", told, exc_info=not is_known)
        self._cadence.fail(subject)
        self._outage.failed(subject, is_lost=is_nobody_there(error))
        if isinstance(error, ArgumentError) and subject.name in self._days:
            # What was listed yesterday cannot be asked for today.
            self._forget(subject.name)
            self._begin(subject.name)

    async def _asked(self, provider: Provider, subject: Subject) -> None:
        """Ask for one subject, and hand on what is answered."""
        name = subject.name
        if name == EQUITIES:
            self._put(Polled(name, await provider.quotes(self._symbols[name])))
        elif name == INDICES:
            self._put(Polled(name, await provider.indices(self._symbols[name])))
        elif subject.part == "listing":
            start, end = self._query(name).expiration_range(await provider.present())
            days = await provider.expirations(name, start=start, end=end)
            if days and name in self.stats:
                self._days[name] = days
                self._split(name)
        else:
            await self._chain(provider, subject)

    async def _chain(self, provider: Provider, subject: Subject) -> None:
        name, days = subject.name, self._days[subject.name]
        near = last_near(days) or days[-1]
        beyond = near + timedelta(days=1)
        is_near = subject.part == "near"
        span = (None, near) if is_near else (beyond, None)
        query = self._query(name).on_days(*((days[0], near) if is_near else (beyond, days[-1])))
        chain, dividends = await together([provider.chain(query), provider.dividends(name)])
        self._put(Polled(name, chain, dividends, span))
