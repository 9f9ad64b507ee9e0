"""The health of one provider: three strikes, a cool-down, one probe at a time."""

from __future__ import annotations

import asyncio
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from quantdata.clients.health import QUESTIONS, Health, HealthRow, Question, is_strike
from quantdata.errors import (
    AllProvidersFailedError,
    ArgumentError,
    AuthenticationError,
    ClosedError,
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    IncompleteError,
    MaxRetriesError,
    PayloadError,
    QuoteNotFoundError,
    RateLimitError,
    SymbolError,
    UnavailableError,
)

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
DOWN = UnavailableError("massive: /v3/thing broke off", provider="massive")


class Patient:
    """A provider's health, with a clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.health = Health(
            "massive", clock=lambda: self.now, wall=lambda: NOON + timedelta(seconds=self.now - 1000.0)
        )

    def answers(self, endpoint: Question = "chain", *, after_s: float = 0.0) -> None:
        """Ask, and get an answer."""
        with self.health.attempt(endpoint):
            self.now += after_s

    def fails(self, error: BaseException = DOWN, *, times: int = 1, endpoint: Question = "chain") -> None:
        """Ask, and get an error."""
        for _ in range(times):
            with suppress(type(error)), self.health.attempt(endpoint):
                raise error

    def begins(self, endpoint: Question = "chain") -> AbstractContextManager[None]:
        """Ask, and wait."""
        attempt = self.health.attempt(endpoint)
        attempt.__enter__()
        return attempt

    @property
    def row(self) -> HealthRow:
        """The one endpoint asked."""
        (only,) = self.health.rows()
        return only


@pytest.fixture
def patient() -> Patient:
    """Return a provider that nobody has asked yet."""
    return Patient()


def _end(attempt: AbstractContextManager[None], error: BaseException | None = None) -> None:
    if error is None:
        attempt.__exit__(None, None, None)
    else:
        assert not attempt.__exit__(type(error), error, None)


# --- strikes --------------------------------------------------------------------------------------------------------

SAID: dict[str, Any] = {"provider": "massive"}
STRIKES = [
    UnavailableError("down", **SAID),
    MaxRetriesError("down", **SAID),
    PayloadError("garbled", **SAID),
    AuthenticationError("no such key", **SAID),
    IncompleteError(DOWN, received=[], arrived="2 pages"),
]
REFUSALS = [
    ClosedError("closed", **SAID),
    RateLimitError("later", **SAID),
    EntitlementError("not in the plan", **SAID),
    ContractNotFoundError("no such contract", **SAID),
    QuoteNotFoundError("no such stock", **SAID),
    IncompleteError(RateLimitError("later", **SAID), received=[], arrived="2 pages"),
    DataProviderError("status 418", **SAID),
    AllProvidersFailedError("none", errors={}),
    ArgumentError("what?"),
    SymbolError("who?"),
    asyncio.CancelledError(),
    KeyboardInterrupt(),
    ZeroDivisionError(),
]


@pytest.mark.parametrize("error", STRIKES, ids=lambda error: type(error).__name__)
def test_what_speaks_against_a_provider_is_a_strike(patient: Patient, error: DataProviderError) -> None:
    assert is_strike(error)
    patient.fails(error, times=3)
    assert not patient.health.allows("chain")
    assert (patient.row.failures, patient.row.last_error_code) == (3, error.code.value)


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_a_refusal_is_none_and_changes_nothing(patient: Patient, error: BaseException) -> None:
    assert not is_strike(error)
    patient.fails(times=2)
    before = patient.row
    patient.fails(error, times=9)
    assert patient.row == before
    patient.fails()
    assert not patient.row.is_healthy


def test_two_failures_are_not_three(patient: Patient) -> None:
    patient.fails(times=2)
    assert patient.health.allows("chain")
    patient.answers()
    patient.fails(times=2)
    assert patient.row[2:6] == (True, 2, 1, 4)


def test_endpoints_fail_apart(patient: Patient) -> None:
    patient.fails(times=3, endpoint="bars")
    assert not patient.health.allows("bars")
    assert patient.health.allows("chain")
    patient.answers("chain")
    assert [(row.endpoint, row.is_healthy) for row in patient.health.rows()] == [("chain", True), ("bars", False)]


# --- cool-down and probe --------------------------------------------------------------------------------------------


def test_an_unhealthy_endpoint_is_skipped_until_its_cooldown_is_over(patient: Patient) -> None:
    patient.fails(times=3)
    patient.now += 14.999
    assert not patient.health.allows("chain")
    patient.now += 0.001
    assert patient.health.allows("chain")
    assert not patient.row.is_healthy


def test_the_cooldown_doubles_with_each_failed_probe_up_to_a_bound(patient: Patient) -> None:
    patient.fails(times=3)
    cooldowns = []
    for _ in range(6):
        cooldowns.append(patient.row.retry_in_s)
        patient.now += patient.row.retry_in_s or 0.0
        patient.fails()
    assert cooldowns == [15.0, 30.0, 60.0, 120.0, 240.0, 240.0]


def test_the_first_success_ends_it_and_the_next_outage_begins_small(patient: Patient) -> None:
    patient.fails(times=3)
    patient.now += 15.0
    patient.fails()
    patient.now += 30.0
    patient.answers()
    assert (patient.row.is_healthy, patient.row.consecutive_failures, patient.row.retry_in_s) == (True, 0, None)
    patient.fails(times=3)
    assert patient.row.retry_in_s == 15.0


def test_one_probe_at_a_time(patient: Patient) -> None:
    patient.fails(times=3)
    patient.now += 15.0
    assert patient.health.allows("chain")
    assert patient.health.allows("chain")  # looking takes no turn
    probe = patient.begins()
    assert not patient.health.allows("chain")
    assert patient.row.retry_in_s == 0.0
    _end(probe)
    assert patient.health.allows("chain")


@pytest.mark.parametrize("error", [asyncio.CancelledError(), RateLimitError("later", **SAID), GeneratorExit()])
def test_a_probe_that_is_cancelled_or_refused_gives_its_turn_back(patient: Patient, error: BaseException) -> None:
    patient.fails(times=3)
    patient.now += 15.0
    probe = patient.begins()
    with suppress(type(error)):
        _end(probe, error)
    assert patient.health.allows("chain")
    assert not patient.row.is_healthy


def test_a_cancelled_task_gives_its_turn_back(patient: Patient) -> None:
    patient.fails(times=3)
    patient.now += 15.0

    async def cancelled() -> bool:
        async def ask() -> None:
            with patient.health.attempt("chain"):
                await asyncio.sleep(60)

        task = asyncio.ensure_future(ask())
        await asyncio.sleep(0)
        was_taken = not patient.health.allows("chain")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return was_taken

    assert asyncio.run(cancelled())
    assert patient.health.allows("chain")


def test_the_end_of_another_question_frees_no_turn(patient: Patient) -> None:
    early = patient.begins()
    patient.fails(times=3)
    patient.now += 15.0
    probe = patient.begins()
    with suppress(asyncio.CancelledError):
        _end(early, asyncio.CancelledError())
    assert not patient.health.allows("chain")
    _end(probe)


def test_questions_from_before_do_not_prolong_the_cooldown(patient: Patient) -> None:
    early = [patient.begins() for _ in range(10)]
    for attempt in early:
        _end(attempt, DOWN)
    assert (patient.row.retry_in_s, patient.row.consecutive_failures) == (15.0, 10)


def test_a_late_answer_from_before_is_a_recovery(patient: Patient) -> None:
    early = patient.begins()
    patient.fails(times=3)
    _end(early)
    assert patient.row.is_healthy


def test_a_probe_of_an_outage_that_is_over_does_not_count_as_that_of_the_next(patient: Patient) -> None:
    patient.fails(times=3)
    patient.now += 15.0
    old = patient.begins()
    patient.answers()
    patient.fails(times=3)
    _end(old, DOWN)
    assert patient.row.retry_in_s == 15.0
    patient.now += 15.0
    assert patient.health.allows("chain")


def test_whoever_asks_an_unhealthy_one_all_the_same_is_heard(patient: Patient) -> None:
    patient.fails(times=5)  # a client of one source has nobody else to ask
    assert patient.row.retry_in_s == 15.0
    patient.answers()
    assert patient.row.is_healthy


# --- skipped --------------------------------------------------------------------------------------------------------


def test_a_skipped_endpoint_says_why_and_for_how_long(patient: Patient) -> None:
    patient.health.require("chain")
    patient.fails(times=3)
    patient.now += 3.0
    with pytest.raises(UnavailableError) as failure:
        patient.health.require("chain")
    assert str(failure.value) == (
        "massive: chain is skipped after 3 failures in a row, to be tried again in 12 s; the last one: "
        "massive: /v3/thing broke off"
    )
    assert (failure.value.provider, failure.value.endpoint, failure.value.retry_after_s) == ("massive", "chain", 12.0)
    patient.now += 12.0
    patient.health.require("chain")
    with patient.health.attempt("chain"), pytest.raises(UnavailableError, match="again in 0 s"):
        patient.health.require("chain")


# --- rows -----------------------------------------------------------------------------------------------------------


def test_nobody_asked_is_no_row(patient: Patient) -> None:
    assert patient.health.allows("chain")
    patient.health.require("chain")
    assert patient.health.rows() == []


def test_a_row_tells_all(patient: Patient) -> None:
    patient.answers(after_s=0.5)
    patient.now += 1.0
    patient.fails(PayloadError("massive: garbled", **SAID))
    assert patient.row == HealthRow(
        provider="massive",
        endpoint="chain",
        is_healthy=True,
        consecutive_failures=1,
        successes=1,
        failures=1,
        response_p50_s=0.5,
        response_p95_s=0.5,
        last_success_ts=NOON + timedelta(seconds=0.5),
        last_failure_ts=NOON + timedelta(seconds=1.5),
        last_error_code="BAD_PAYLOAD",
        last_error="massive: garbled",
        retry_in_s=None,
        waiting_s=None,
    )


def test_a_row_tells_how_long_the_oldest_question_has_waited(patient: Patient) -> None:
    first = patient.begins()
    patient.now += 2.0
    second = patient.begins()
    patient.now += 1.0
    assert patient.row.waiting_s == 3.0
    first.__exit__(None, None, None)
    assert patient.row.waiting_s == 1.0
    second.__exit__(None, None, None)
    assert patient.row.waiting_s is None


def test_who_has_reason_to_hope_has_a_probe_go_at_once_and_its_failure_still_doubles_the_wait(patient: Patient) -> None:
    patient.fails(times=3)
    patient.health.hurry()
    assert patient.health.allows("chain")
    patient.fails()
    assert not patient.health.allows("chain")
    assert patient.row.retry_in_s == 30.0


def test_rows_come_in_the_order_of_the_questions(patient: Patient) -> None:
    for endpoint in reversed(QUESTIONS):
        patient.answers(endpoint)
    assert tuple(row.endpoint for row in patient.health.rows()) == QUESTIONS == get_args(Question)


@pytest.mark.parametrize(
    ("times", "p50", "p95"),
    [
        ([3.0], 3.0, 3.0),
        ([1.0, 2.0], 1.0, 2.0),
        (list(range(100, 0, -1)), 50.0, 95.0),
        ([9.0] * 300 + [1.0] * 256, 1.0, 1.0),
        ([1.0] * 243 + [9.0] * 13, 1.0, 9.0),
        ([1.0] * 244 + [9.0] * 12, 1.0, 1.0),
    ],
    ids=["one", "two", "hundred", "old ones are forgotten", "more than 1 in 20", "fewer than 1 in 20"],
)
def test_response_times_are_those_of_the_last_256_answers(
    patient: Patient, times: list[float], p50: float, p95: float
) -> None:
    for seconds in times:
        patient.answers(after_s=seconds)
    assert (patient.row.response_p50_s, patient.row.response_p95_s) == pytest.approx((p50, p95))


def test_failures_have_no_response_time(patient: Patient) -> None:
    patient.fails()
    assert (patient.row.response_p50_s, patient.row.response_p95_s) == (None, None)


def test_rows_can_be_read_from_other_threads_meanwhile(patient: Patient) -> None:
    def ask(number: int) -> None:
        for _ in range(200):
            patient.answers("bars" if number % 2 else "chain")
            patient.health.rows()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    assert [row.successes for row in patient.health.rows()] == [400, 400]


def test_the_last_error_keeps_nothing_else_alive(patient: Patient) -> None:
    class Large:
        pass

    def fail() -> weakref.ref[Large]:
        held = Large()
        with suppress(UnavailableError), patient.health.attempt("chain"):
            raise UnavailableError("down", provider="massive")
        return weakref.ref(held)

    kept = fail()
    gc.collect()
    assert kept() is None
    assert patient.row.last_error == "down"


# --- the log --------------------------------------------------------------------------------------------------------


def test_the_log_tells_of_changes_alone(patient: Patient, caplog: pytest.LogCaptureFixture) -> None:
    patient.fails(times=5)
    patient.now += 15.0
    patient.fails()
    patient.answers()
    patient.answers()
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        ("quantdata.clients", "WARNING", f"health provider=massive endpoint=chain {change}")
        for change in (
            'state=unhealthy retry_in_s=15.0 why="massive: /v3/thing broke off"',
            'state=unhealthy retry_in_s=30.0 why="massive: /v3/thing broke off"',
            'state=healthy why="answered after 6 failures in a row"',
        )
    ]
