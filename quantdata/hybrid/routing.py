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
from quantdata.wire.limits import pause_in_words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from quantdata.clients.health import Question
    from quantdata.clients.watched import Watched
    from quantdata.wire.metrics import Metrics

__all__ = ["ANSWER_PATIENCE_S", "Judgement", "Routed", "Router"]

T = TypeVar("T")

logger = logging.getLogger("quantdata.hybrid")

# An answer that was better than the first provider's is stayed with, so that rows do not change hands to and fro.
HOLD_S: Final = 60.0
# Requests to a vendor that has asked to wait queue up for as long as this, so that long the other one is asked at once;
# so it is after an answer that did not come in time.
LONGEST_REST_S: Final = 60.0
# Time for a request's own deadline, and for what follows it; more is a queue. History may take as long as it takes.
ANSWER_PATIENCE_S: Final = 15.0
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


class _Verdict(NamedTuple):
    """Whose answer is taken until when without asking the other, and the words that say why."""

    until: float
    provider: Watched
    reason: str


class _Asking(NamedTuple, Generic[T]):
    """One question on its way, as `Router.route` was asked it."""

    question: Question
    ask: Callable[[Watched], Awaitable[T]]
    about: str
    key: object
    block: str | None
    judge: Callable[[T], Judgement] | None


class _Candidate(NamedTuple, Generic[T]):
    """An answer that a provider gave, and what it is worth."""

    answer: T
    provider: Watched
    judgement: Judgement


class _Refusal(NamedTuple):
    """Why a provider gave none; ``can_wait`` where it might, if it were asked out of turn or waited for."""

    error: DataProviderError
    can_wait: bool = False


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
        patience_s: float = ANSWER_PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first, self._second = first, second
        self._metrics = metrics
        self._allow_delayed = allow_delayed
        self._patience_s = patience_s
        self._clock = clock
        self._verdicts: dict[tuple[Question, object], _Verdict] = {}
        self._resting: dict[str, dict[Question, _Rest]] = {first.name: {}, second.name: {}}

    async def route(
        self,
        question: Question,
        ask: Callable[[Watched], Awaitable[T]],
        *,
        about: str,
        key: object = None,
        block: str | None = None,
        judge: Callable[[T], Judgement] | None = None,
    ) -> Routed[T]:
        """Return the best answer.

        Parameters
        ----------
        question, about
            What is asked, about what, in words.
        ask
            How a provider is asked.
        key
            What tells apart the answers that are judged: which of two is better holds for the same one; ``about`` where
            it is left out.
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
        asking = _Asking(question, ask, about, about if key is None else key, block, judge)
        verdict = self._verdict(asking)
        candidates: list[_Candidate[T]] = []
        refusals: dict[str, _Refusal] = {}
        for provider in self._order(verdict):
            outcome = await self._outcome(provider, asking, is_last_hope=bool(refusals))
            if isinstance(outcome, _Refusal):
                refusals[provider.name] = outcome
                continue
            candidates.append(outcome)
            if outcome.judgement.why is None or (verdict is not None and verdict.provider is provider is self._first):
                break
        if not candidates:
            candidates.append(await self._last_resort(asking, refusals))
        best = max(candidates, key=lambda each: (each.judgement.score, each.provider is self._first))
        return self._routed(asking, best, candidates, refusals, verdict)

    def _order(self, verdict: _Verdict | None) -> tuple[Watched, Watched]:
        is_second = verdict is not None and verdict.provider is self._second
        return (self._second, self._first) if is_second else (self._first, self._second)

    async def _outcome(self, provider: Watched, asking: _Asking[T], *, is_last_hope: bool) -> _Candidate[T] | _Refusal:
        """Return the answer of one provider, or why there is none."""
        if (unwell := self._skipping(provider, asking.question)) is not None:
            return _Refusal(unwell, can_wait=True)
        # Whoever is the last hope is waited for.
        is_patient = is_last_hope or asking.question not in OF_THE_PRESENT
        try:
            self._require_served(provider, asking.block)
            return await self._candidate(provider, asking, patience_s=None if is_patient else self._patience_s)
        except TimeoutError:
            return _Refusal(self._late(provider, asking.question), can_wait=True)
        except DataProviderError as error:
            return _Refusal(error)

    def _routed(
        self,
        asking: _Asking[T],
        best: _Candidate[T],
        candidates: Sequence[_Candidate[T]],
        refusals: Mapping[str, _Refusal],
        verdict: _Verdict | None,
    ) -> Routed[T]:
        """Return the best answer with its reason; hold to whose it is where both were judged, tell of a fallback."""
        poor = next((each for each in candidates if each.provider is self._first), None)
        if best.provider is self._first:
            self._hold_first(asking, best, candidates, refusals)
            return Routed(best.answer, best.provider, None)
        kind = POOR
        if poor is not None:
            reason = f"{self._first.name}: {poor.judgement.why}; {best.provider.name}: {best.judgement.why or 'good'}"
            self._hold(asking, self._second, reason)
        elif verdict is not None and self._first.name not in refusals:
            reason = verdict.reason
        else:
            error = refusals[self._first.name].error
            reason, kind = self._reason(error), error.code.value
        # Every answer in the place of another counts; one that is held to is told of once.
        self._metrics.add("fallbacks", provider=best.provider.name, endpoint=asking.question, kind=kind)
        if verdict is None or verdict.provider is self._first:
            told = facts(question=asking.question, about=asking.about, to=best.provider.name, why=reason)
            logger.warning("fallback %s", told)
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
        self, provider: Watched, asking: _Asking[T], *, patience_s: float | None = None
    ) -> _Candidate[T]:
        """Ask one provider, and judge what it says; `TimeoutError` if that takes longer than there is patience."""
        try:
            async with asyncio.timeout(patience_s):
                answer = await asking.ask(provider)
        except DataProviderError as error:
            if isinstance(cause := _cause(error), RateLimitError):
                wish_s = cause.retry_after_s or 0.0
                self._let_rest(provider, asking.question, wish_s, RateLimitError, "it has asked to wait")
            raise
        judge = asking.judge
        return _Candidate(answer, provider, GOOD if judge is None else await asyncio.to_thread(judge, answer))

    def _late(self, provider: Watched, question: Question) -> DataProviderError:
        """Return the failure of an answer that did not come in time; its provider is left alone for a while."""
        why = f"no answer to {question} within {self._patience_s:g} s"
        if pause := pause_in_words(provider.name, provider.budgets()):
            why += f" ({pause})"
        self._let_rest(provider, question, LONGEST_REST_S, UnavailableError, why)
        return UnavailableError(f"{provider.name}: {why}", provider=provider.name)

    def _let_rest(
        self, provider: Watched, question: Question, seconds: float, kind: type[DataProviderError], why: str
    ) -> None:
        until = self._clock() + min(seconds, LONGEST_REST_S)
        self._resting[provider.name][question] = _Rest(until, kind, why)

    async def _last_resort(self, asking: _Asking[T], refusals: dict[str, _Refusal]) -> _Candidate[T]:
        """Ask whom ill health or its own wish had skipped, if the other cannot serve anyway; else raise."""
        for provider, other in ((self._first, self._second), (self._second, self._first)):
            if refusals[provider.name].can_wait and not _is_failure(refusals[other.name].error):
                try:
                    return await self._candidate(provider, asking)
                except DataProviderError as error:
                    refusals[provider.name] = _Refusal(error)
        raise self._failure(asking, {name: refusal.error for name, refusal in refusals.items()})

    def _failure(self, asking: _Asking[T], failures: dict[str, DataProviderError]) -> DataProviderError:
        first, second = failures[self._first.name], failures[self._second.name]
        if not _is_failure(first) and not _is_failure(second):
            first.add_note(f"{self._second.name} has nothing either: {second}")
            return first
        waits = [error.retry_after_s for error in (first, second) if error.retry_after_s is not None]
        return AllProvidersFailedError(
            f"{asking.question} of {asking.about}: neither provider answered; {first}; {second}",
            errors=failures,
            retry_after_s=min(waits, default=None),
        )

    def _reason(self, error: DataProviderError) -> str:
        said = str(error).removeprefix(f"{self._first.name}: ")
        return f"{self._first.name}: {error.code.value}: {said}"[:LONGEST_REASON]

    def _verdict(self, asking: _Asking[T]) -> _Verdict | None:
        """Return which provider's answer is held to; None when that is open."""
        verdict = self._verdicts.get((asking.question, asking.key))
        return verdict if verdict is not None and self._clock() < verdict.until else None

    def _hold_first(
        self,
        asking: _Asking[T],
        best: _Candidate[T],
        candidates: Sequence[_Candidate[T]],
        refusals: Mapping[str, _Refusal],
    ) -> None:
        """Hold to an answer of the first's that is poor but still the better one; a good one needs no verdict.

        A second provider that failed may be back in a moment; one that has nothing is not asked again at once.
        """
        if best.judgement.why is None:
            self._verdicts.pop((asking.question, asking.key), None)
            return
        refusal = refusals.get(self._second.name)
        if len(candidates) > 1 or (refusal is not None and not _is_failure(refusal.error)):
            self._hold(asking, self._first, best.judgement.why)

    def _hold(self, asking: _Asking[T], provider: Watched, reason: str) -> None:
        now = self._clock()
        if len(self._verdicts) >= MOST_HELD:
            self._verdicts = {key: verdict for key, verdict in self._verdicts.items() if verdict.until > now}
        self._verdicts[asking.question, asking.key] = _Verdict(now + HOLD_S, provider, reason)


def _is_failure(error: DataProviderError) -> bool:
    """Tell whether a provider failed, rather than having nothing: unknown, or not in the plan."""
    return is_strike(error) or isinstance(_cause(error), RateLimitError)


def _cause(error: DataProviderError) -> DataProviderError:
    """Return an error, or why nothing more than a part arrived."""
    return error.reason if isinstance(error, IncompleteError) else error


def _is_counted_together(provider: Watched) -> bool:
    """Tell whether a provider counts all requests of an account as one rate."""
    return any(budget.endpoint == ALL_REQUESTS for budget in provider.budgets())
