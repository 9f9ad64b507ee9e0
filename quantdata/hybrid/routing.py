"""Who is asked, and what becomes of failures and poor answers: the first provider, the second, or both errors."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from quantdata.clients.health import is_strike
from quantdata.errors import (
    AllProvidersFailedError,
    DataProviderError,
    EntitlementError,
    IncompleteError,
    RateLimitError,
    UnavailableError,
)
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quantdata.clients.health import Question
    from quantdata.clients.watched import Watched
    from quantdata.wire.metrics import Metrics

__all__ = ["PATIENCE_S", "Judgement", "Routed", "Router"]

T = TypeVar("T")

logger = logging.getLogger("quantdata.hybrid")

# An answer that was better than the first provider's is stayed with, so that rows do not change hands to and fro.
HOLD_S: Final = 60.0
# Requests to a vendor that has asked to wait queue up for as long as this, so that long the other one is asked at once;
# so it is after an answer that did not come in time.
LONGEST_REST_S: Final = 60.0
# Time for a request's own deadline, and for what follows it; more is a queue. History may take as long as it takes.
PATIENCE_S: Final = 15.0
OF_THE_PRESENT: Final = frozenset({"chain", "contract", "expirations", "quotes", "indices", "market_status"})
# Of a budget that all requests of an account share.
ALL_REQUESTS: Final = "*"
MOST_HELD: Final = 1_024
LONGEST_REASON: Final = 300
# Counted beside the codes of errors: the first provider did answer.
POOR: Final = "POOR_ANSWER"


class Judgement(NamedTuple):
    """What an answer is worth: its score, and why it is not good enough by itself; None when it is."""

    score: float
    why: str | None = None


GOOD: Final = Judgement(100.0)


class Routed(NamedTuple, Generic[T]):
    """An answer, who gave it, and why that was not the first provider; None when it was."""

    answer: T
    provider: Watched
    reason: str | None


class _Rest(NamedTuple):
    """Until when a provider is left alone with a question, and the kind of error and the words that say why."""

    until: float
    kind: type[DataProviderError]
    why: str


class _Candidate(NamedTuple, Generic[T]):
    answer: T
    provider: Watched
    judgement: Judgement


class Router:
    """The way of every question.

    Parameters
    ----------
    first, second
        The providers, the better one first.
    metrics
        Where fallbacks are counted.
    allow_delayed
        Whether a second provider whose data are late may stand in for the first.
    patience_s
        For how long an answer about the present is waited for when the other provider could give it.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        first: Watched,
        second: Watched,
        *,
        metrics: Metrics,
        allow_delayed: bool = False,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first, self._second = first, second
        self._metrics = metrics
        self._allow_delayed = allow_delayed
        self._patience_s = patience_s
        self._clock = clock
        self._held: dict[tuple[Question, object], tuple[float, str]] = {}
        self._resting: dict[str, dict[Question, _Rest]] = {first.name: {}, second.name: {}}

    async def route(
        self,
        question: Question,
        ask: Callable[[Watched], Awaitable[T]],
        *,
        about: object,
        block: str | None = None,
        judge: Callable[[T], Judgement] | None = None,
    ) -> Routed[T]:
        """Return the best answer.

        Parameters
        ----------
        question, about
            What is asked, about what.
        ask
            How a provider is asked.
        block
            The block of a plan that the answer is; a provider whose plan lacks it is not asked.
        judge
            Says in a worker thread what an answer is worth; left out, each is good. One that is not good enough has the
            other provider asked as well, and the better of both is returned.

        Raises
        ------
        AllProvidersFailedError
            If neither gave an answer, and that was a failure of at least one.
        DataProviderError
            The first provider's own, where both merely have nothing: unknown, or not in the plan.
        """
        held = self._held_reason(question, about)
        order = (self._first, self._second) if held is None else (self._second, self._first)
        failures: dict[str, DataProviderError] = {}
        skipped: set[str] = set()
        candidates: list[_Candidate[T]] = []
        for provider in order:
            if (refusal := self._skipping(provider, question)) is not None:
                failures[provider.name] = refusal
                skipped.add(provider.name)
                continue
            try:
                self._require_served(provider, block)
                # Whoever is the last hope is waited for.
                is_patient = bool(failures) or question not in OF_THE_PRESENT
                patience_s = None if is_patient else self._patience_s
                candidate = await self._candidate(provider, question, ask, judge, patience_s=patience_s)
            except TimeoutError:
                failures[provider.name] = self._late(provider, question)
                skipped.add(provider.name)
                continue
            except DataProviderError as error:
                failures[provider.name] = error
                continue
            candidates.append(candidate)
            if candidate.judgement.why is None:
                break
        if not candidates:
            candidates.append(await self._last_resort(question, ask, judge, failures, skipped, about))
        best = max(candidates, key=lambda each: (each.judgement.score, each.provider is self._first))
        if best.provider is self._first:
            return Routed(best.answer, best.provider, None)
        poor = next((each for each in candidates if each.provider is self._first), None)
        reason = held if poor is None and held is not None else self._reason(failures, poor, best)
        if poor is not None:
            self._hold(question, about, reason)
        if held is None:
            kind = failures[self._first.name].code.value if poor is None else POOR
            self._tell(question, about, best.provider, reason, kind=kind)
        return Routed(best.answer, best.provider, reason)

    def _skipping(self, provider: Watched, question: Question) -> DataProviderError | None:
        """Return why a provider is not asked for now: it is not well, or has asked to wait; None if it is asked."""
        try:
            provider.health.require(question)
        except DataProviderError as error:
            return error
        now = self._clock()
        resting = {each: rest for each, rest in self._resting[provider.name].items() if rest.until > now}
        limited = [rest for rest in resting.values() if rest.kind is RateLimitError]
        if question not in resting and not (limited and _is_counted_together(provider)):
            return None
        rest = resting.get(question) or limited[0]
        rest_s = rest.until - now
        return rest.kind(
            f"{provider.name}: {rest.why}; it is left alone for another {rest_s:.0f} s",
            provider=provider.name,
            retry_after_s=rest_s,
        )

    def _require_served(self, provider: Watched, block: str | None) -> None:
        """Raise if an answer of a provider cannot be had, or could not stand for one of the first's."""
        if block is not None and provider.capabilities.lacks(block):
            raise EntitlementError(
                f"{provider.name}: the plan has no {block.replace('_', ' ')}", provider=provider.name
            )
        if provider is self._second and provider.is_delayed and not self._allow_delayed:
            raise EntitlementError(
                f"{provider.name}: its data are late, so it does not stand in for {self._first.name} unless "
                "delayed_fallback=True asks for it",
                provider=provider.name,
            )

    async def _candidate(
        self,
        provider: Watched,
        question: Question,
        ask: Callable[[Watched], Awaitable[T]],
        judge: Callable[[T], Judgement] | None,
        *,
        patience_s: float | None = None,
    ) -> _Candidate[T]:
        """Ask one provider, and judge what it says; `TimeoutError` if that takes longer than there is patience."""
        try:
            async with asyncio.timeout(patience_s):
                answer = await ask(provider)
        except DataProviderError as error:
            if isinstance(cause := _cause(error), RateLimitError):
                self._let_rest(provider, question, cause.retry_after_s or 0.0, RateLimitError, "it has asked to wait")
            raise
        return _Candidate(answer, provider, GOOD if judge is None else await asyncio.to_thread(judge, answer))

    def _late(self, provider: Watched, question: Question) -> DataProviderError:
        """Return the failure of an answer that did not come in time; its provider is left alone for a while."""
        why = f"no answer to {question} within {self._patience_s:g} s"
        self._let_rest(provider, question, LONGEST_REST_S, UnavailableError, why)
        return UnavailableError(f"{provider.name}: {why}", provider=provider.name)

    def _let_rest(
        self, provider: Watched, question: Question, seconds: float, kind: type[DataProviderError], why: str
    ) -> None:
        until = self._clock() + min(seconds, LONGEST_REST_S)
        self._resting[provider.name][question] = _Rest(until, kind, why)

    async def _last_resort(
        self,
        question: Question,
        ask: Callable[[Watched], Awaitable[T]],
        judge: Callable[[T], Judgement] | None,
        failures: dict[str, DataProviderError],
        skipped: set[str],
        about: object,
    ) -> _Candidate[T]:
        """Ask whom ill health or its own wish had skipped, if the other cannot serve anyway; else raise."""
        for provider, other in ((self._first, self._second), (self._second, self._first)):
            if provider.name in skipped and not _is_failure(failures[other.name]):
                try:
                    return await self._candidate(provider, question, ask, judge)
                except DataProviderError as error:
                    failures[provider.name] = error
        raise self._failure(question, about, failures)

    def _failure(self, question: Question, about: object, failures: dict[str, DataProviderError]) -> DataProviderError:
        first, second = failures[self._first.name], failures[self._second.name]
        if not _is_failure(first) and not _is_failure(second):
            first.add_note(f"{self._second.name} has nothing either: {second}")
            return first
        waits = [error.retry_after_s for error in (first, second) if error.retry_after_s is not None]
        return AllProvidersFailedError(
            f"{question} of {about}: neither provider answered; {first}; {second}",
            errors=failures,
            retry_after_s=min(waits, default=None),
        )

    def _reason(self, failures: dict[str, DataProviderError], poor: _Candidate[T] | None, best: _Candidate[T]) -> str:
        if poor is not None:
            return f"{self._first.name}: {poor.judgement.why}; {best.provider.name}: {best.judgement.why or 'good'}"
        error = failures[self._first.name]
        said = str(error).removeprefix(f"{self._first.name}: ")
        return f"{self._first.name}: {error.code.value}: {said}"[:LONGEST_REASON]

    def _held_reason(self, question: Question, about: object) -> str | None:
        until, reason = self._held.get((question, about), (0.0, None))
        return reason if self._clock() < until else None

    def _hold(self, question: Question, about: object, reason: str) -> None:
        now = self._clock()
        if len(self._held) >= MOST_HELD:
            self._held = {key: held for key, held in self._held.items() if held[0] > now}
        self._held[question, about] = (now + HOLD_S, reason)

    def _tell(self, question: Question, about: object, provider: Watched, reason: str, *, kind: str) -> None:
        self._metrics.add("fallbacks", provider=provider.name, endpoint=question, kind=kind)
        logger.warning("fallback %s", facts(question=question, about=about, to=provider.name, why=reason))


def _is_failure(error: DataProviderError) -> bool:
    """Tell whether a provider failed, rather than having nothing: unknown, or not in the plan."""
    return is_strike(error) or isinstance(_cause(error), RateLimitError)


def _cause(error: DataProviderError) -> DataProviderError:
    """Return an error, or why nothing more than a part arrived."""
    return error.reason if isinstance(error, IncompleteError) else error


def _is_counted_together(provider: Watched) -> bool:
    """Tell whether a provider counts all requests of an account as one rate."""
    return any(budget.endpoint == ALL_REQUESTS for budget in provider.budgets())
