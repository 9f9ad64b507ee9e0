"""The health of an endpoint against a slow, obvious one: all that ever happened, gone through from the beginning."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from quantdata.clients.health import Health
from quantdata.errors import RateLimitError, UnavailableError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

Ending = Literal["success", "strike", "refusal", "cancelled"]
ERRORS: dict[str, BaseException] = {
    "strike": UnavailableError("down", provider="massive"),
    "refusal": RateLimitError("later", provider="massive"),
    "cancelled": asyncio.CancelledError(),
}


class Event(NamedTuple):
    """A question began, or ended somehow."""

    at: float
    number: int
    ending: Ending | None


class Truth(NamedTuple):
    """What follows from all events."""

    in_a_row: int
    opens_at: float | None
    probe: int | None


def truth(events: list[Event]) -> Truth:
    """Go through all events in order."""
    in_a_row, opens_at, failed_probes, probe = 0, None, 0, None
    for at, number, ending in events:
        if ending is None and opens_at is not None and at >= opens_at and probe is None:
            probe = number
        if ending == "success":
            in_a_row, opens_at, failed_probes, probe = 0, None, 0, None
        if ending == "strike":
            in_a_row += 1
            if opens_at is None and in_a_row == 3:
                opens_at = at + 15.0
            elif probe == number:
                failed_probes += 1
                opens_at = at + min(15.0 * 2**failed_probes, 240.0)
        if ending is not None and probe == number:
            probe = None
    return Truth(in_a_row, opens_at, probe)


class HealthMachine(RuleBasedStateMachine):
    """Questions begin and end in any order, and time goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.health = Health("massive", clock=lambda: self.now)
        self.events: list[Event] = []
        self.under_way: dict[int, AbstractContextManager[None]] = {}
        self.begun = 0

    @rule()
    def begin(self) -> None:
        attempt = self.health.attempt("chain")
        attempt.__enter__()
        self.under_way[self.begun] = attempt
        self.events.append(Event(self.now, self.begun, None))
        self.begun += 1

    @precondition(lambda self: self.under_way)
    @rule(choice=st.integers(0, 99), ending=st.sampled_from(["success", "strike", "strike", "refusal", "cancelled"]))
    def end(self, choice: int, ending: Ending) -> None:
        number = list(self.under_way)[choice % len(self.under_way)]
        attempt, error = self.under_way.pop(number), ERRORS.get(ending)
        assert not attempt.__exit__(None if error is None else type(error), error, None)
        self.events.append(Event(self.now, number, ending))

    @rule(times=st.integers(1, 3))
    def fail_at_once(self, times: int) -> None:
        for _ in range(times):
            self.begin()
            number = self.begun - 1
            with suppress(UnavailableError):
                self.under_way.pop(number).__exit__(UnavailableError, ERRORS["strike"], None)
            self.events.append(Event(self.now, number, "strike"))

    @rule(seconds=st.sampled_from([0.5, 14.5, 15.0, 30.0, 240.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def agrees(self) -> None:
        in_a_row, opens_at, probe = truth(self.events)
        is_allowed = opens_at is None or (probe is None and self.now >= opens_at)
        assert self.health.allows("chain") is is_allowed
        for row in self.health.rows():
            assert (row.is_healthy, row.consecutive_failures) == (opens_at is None, in_a_row)
            assert row.retry_in_s == (None if opens_at is None else max(0.0, opens_at - self.now))

    @invariant()
    def counts_what_ended(self) -> None:
        endings = [event.ending for event in self.events]
        for row in self.health.rows():
            assert (row.successes, row.failures) == (endings.count("success"), endings.count("strike"))

    def teardown(self) -> None:
        for attempt in self.under_way.values():
            attempt.__exit__(None, None, None)


TestHealth = HealthMachine.TestCase
