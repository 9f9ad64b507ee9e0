"""How one provider is doing at each of its endpoints: whom to skip, when to try again, how long answers take.

An endpoint here is a question (`QUESTIONS`), not a path. Three failures in a row make it unhealthy: it is to be skipped
until a cool-down is over, then one question goes through as a probe. Its failure doubles the cool-down; any success
ends it.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from quantdata.errors import (
    AuthenticationError,
    ClosedError,
    DataProviderError,
    IncompleteError,
    MaxRetriesError,
    PayloadError,
    UnavailableError,
)
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["QUESTIONS", "Health", "HealthRow", "Question", "is_strike"]

logger = logging.getLogger("quantdata.clients")

Question = Literal[
    "chain",
    "contract",
    "expirations",
    "quotes",
    "indices",
    "bars",
    "corporate_actions",
    "trades",
    "option_tape",
    "market_status",
]

QUESTIONS: Final[tuple[Question, ...]] = get_args(Question)
STRIKES: Final = (UnavailableError, MaxRetriesError, PayloadError, AuthenticationError)
MOST_STRIKES: Final = 3
FIRST_COOLDOWN_S: Final = 15.0
LONGEST_COOLDOWN_S: Final = 240.0
RESPONSES_KEPT: Final = 256


class HealthRow(NamedTuple):
    """One endpoint's health, in the order of the columns of `HEALTH`, which say what each is."""

    provider: str
    endpoint: Question
    is_healthy: bool
    consecutive_failures: int
    successes: int
    failures: int
    response_p50_s: float | None
    response_p95_s: float | None
    last_success_ts: datetime | None
    last_failure_ts: datetime | None
    last_error_code: str | None
    last_error: str | None
    retry_in_s: float | None
    waiting_s: float | None


@dataclass(slots=True, eq=False)
class _Attempt:
    """One question under way: each is itself alone."""

    began_at: float


@dataclass(slots=True)
class _Endpoint:
    """What is remembered of one endpoint.

    ``cooldown_s`` and ``retry_at`` (monotonic) are those of an unhealthy endpoint, None of a healthy one. ``probe`` is
    the attempt that has its turn; only its failure prolongs the cool-down, not that of questions from before.
    """

    consecutive_failures: int = 0
    successes: int = 0
    failures: int = 0
    responses_s: deque[float] = field(default_factory=lambda: deque(maxlen=RESPONSES_KEPT))
    last_success_ts: datetime | None = None
    last_failure_ts: datetime | None = None
    last_error_code: str | None = None
    last_error: str | None = None
    cooldown_s: float | None = None
    retry_at: float | None = None
    probe: _Attempt | None = None
    under_way: list[_Attempt] = field(default_factory=list)

    def may_be_asked(self, now: float) -> bool:
        """Tell whether it is healthy, or the turn of a probe is free."""
        return self.retry_at is None or (self.probe is None and now >= self.retry_at)


def is_strike(error: BaseException) -> bool:
    """Tell whether an error speaks against the provider's health: down, slow, unreadable, or not letting us in.

    A refusal does not: of a request for its rate, of what the plan lacks, of what is not there; nor does it that the
    client was closed meanwhile.
    """
    if isinstance(error, IncompleteError):
        return is_strike(error.reason)
    return isinstance(error, STRIKES) and not isinstance(error, ClosedError)


class Health:
    """The health of one provider; from any thread.

    Parameters
    ----------
    provider
        Its name.
    clock, wall
        Monotonic seconds, and the present (UTC); tests pass their own.
    """

    def __init__(
        self,
        provider: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.provider = provider
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._endpoints: dict[Question, _Endpoint] = {}

    def allows(self, endpoint: Question) -> bool:
        """Tell whether an endpoint may be asked: it is healthy, or its cool-down is over and nobody probes it.

        Looking takes no turn: the next `attempt` does, so that whoever asks must begin it before waiting for anything.
        """
        with self._lock:
            state = self._endpoints.get(endpoint)
            return state is None or state.may_be_asked(self._clock())

    def require(self, endpoint: Question) -> None:
        """Raise unless `allows`.

        Raises
        ------
        UnavailableError
            That it is skipped, after what, and for how long; ``retry_after_s`` has the seconds. It is no strike.
        """
        with self._lock:
            state = self._endpoints.get(endpoint)
            if state is not None and not state.may_be_asked(self._clock()):
                raise self._skipped(endpoint, state)

    @contextmanager
    def attempt(self, endpoint: Question) -> Iterator[None]:
        """Time what is asked inside and remember how it ends; one that is cancelled or refused counts for nothing.

        At an unhealthy endpoint whose cool-down is over the first attempt is the probe, until it ends.
        """
        state, attempt = self._begun(endpoint)
        try:
            yield
        except DataProviderError as error:
            if is_strike(error):
                self._failed(endpoint, state, attempt, error)
            raise
        else:
            self._succeeded(endpoint, state, attempt)
        finally:
            with self._lock:
                state.under_way.remove(attempt)
                if state.probe is attempt:
                    state.probe = None

    def hurry(self) -> None:
        """Let a probe go to each unhealthy endpoint now: something has shown that the provider may be back."""
        with self._lock:
            for state in self._endpoints.values():
                if state.retry_at is not None:
                    state.retry_at = min(state.retry_at, self._clock())

    def rows(self) -> list[HealthRow]:
        """Return one row for each endpoint asked so far, in the order of `QUESTIONS`."""
        with self._lock:
            now = self._clock()
            return [self._row(name, self._endpoints[name], now) for name in QUESTIONS if name in self._endpoints]

    def _begun(self, endpoint: Question) -> tuple[_Endpoint, _Attempt]:
        with self._lock:
            attempt = _Attempt(self._clock())
            state = self._endpoints.setdefault(endpoint, _Endpoint())
            state.under_way.append(attempt)
            if state.retry_at is not None and state.may_be_asked(attempt.began_at):
                state.probe = attempt
            return state, attempt

    def _succeeded(self, endpoint: Question, state: _Endpoint, attempt: _Attempt) -> None:
        with self._lock:
            state.successes += 1
            state.responses_s.append(self._clock() - attempt.began_at)
            state.last_success_ts = self._wall()
            failures, was_healthy = state.consecutive_failures, state.retry_at is None
            state.consecutive_failures = 0
            state.cooldown_s = state.retry_at = state.probe = None
        if not was_healthy:
            self._log(endpoint, state="healthy", why=f"answered after {failures} failures in a row")

    def _failed(self, endpoint: Question, state: _Endpoint, attempt: _Attempt, error: DataProviderError) -> None:
        with self._lock:
            state.failures += 1
            state.consecutive_failures += 1
            state.last_failure_ts = self._wall()
            # As words: the error itself would keep alive whatever its traceback holds.
            state.last_error_code, state.last_error = error.code.value, str(error)
            cooldown_s = _cooldown_after(state, attempt)
            if cooldown_s is not None:
                state.cooldown_s, state.retry_at = cooldown_s, self._clock() + cooldown_s
        if cooldown_s is not None:
            self._log(endpoint, state="unhealthy", retry_in_s=cooldown_s, why=str(error))

    def _log(self, endpoint: Question, **change: object) -> None:
        logger.warning("health %s", facts(provider=self.provider, endpoint=endpoint, **change))

    def _skipped(self, endpoint: Question, state: _Endpoint) -> UnavailableError:
        retry_in_s = self._retry_in_s(state, self._clock())
        return UnavailableError(
            f"{self.provider}: {endpoint} is skipped after {state.consecutive_failures} failures in a row, to be tried "
            f"again in {retry_in_s or 0.0:.0f} s; the last one: {state.last_error}",
            provider=self.provider,
            endpoint=endpoint,
            retry_after_s=retry_in_s,
        )

    def _row(self, endpoint: Question, state: _Endpoint, now: float) -> HealthRow:
        return HealthRow(
            provider=self.provider,
            endpoint=endpoint,
            is_healthy=state.retry_at is None,
            consecutive_failures=state.consecutive_failures,
            successes=state.successes,
            failures=state.failures,
            response_p50_s=_quantile(state.responses_s, 0.50),
            response_p95_s=_quantile(state.responses_s, 0.95),
            last_success_ts=state.last_success_ts,
            last_failure_ts=state.last_failure_ts,
            last_error_code=state.last_error_code,
            last_error=state.last_error,
            retry_in_s=self._retry_in_s(state, now),
            waiting_s=now - state.under_way[0].began_at if state.under_way else None,
        )

    @staticmethod
    def _retry_in_s(state: _Endpoint, now: float) -> float | None:
        return None if state.retry_at is None else max(0.0, state.retry_at - now)


def _cooldown_after(state: _Endpoint, attempt: _Attempt) -> float | None:
    """Return the cool-down that begins with a failure that has just been counted; None if none does."""
    if state.cooldown_s is None:
        return FIRST_COOLDOWN_S if state.consecutive_failures >= MOST_STRIKES else None
    return min(2.0 * state.cooldown_s, LONGEST_COOLDOWN_S) if state.probe is attempt else None


def _quantile(values: Iterable[float], fraction: float) -> float | None:
    """Return the smallest value that at least so many are not above (nearest rank); None of none."""
    ordered = sorted(values)
    return ordered[math.ceil(fraction * len(ordered)) - 1] if ordered else None
