"""An outage: nobody answers anything, one question is tried now and then, and the first answer ends it for all."""

from __future__ import annotations

import pytest

from quantdata.errors import (
    AllProvidersFailedError,
    ArgumentError,
    DataProviderError,
    EntitlementError,
    PayloadError,
    RateLimitError,
    UnavailableError,
)
from quantdata.live.outage import PROBE_S, Outage, is_nobody_there

DOWN = UnavailableError("massive: down", provider="massive")
LIMITED = RateLimitError("tradier: wait", provider="tradier")
LACKING = EntitlementError("tradier: the plan has no indices", provider="tradier")


class Watch:
    def __init__(self) -> None:
        self.now = 0.0
        self.outage: Outage[str] = Outage(clock=lambda: self.now)


@pytest.mark.parametrize(
    ("error", "is_so"),
    [
        (DOWN, True),
        (PayloadError("massive: garbled", provider="massive"), True),
        (LIMITED, False),
        (LACKING, False),
        (ArgumentError("no such day"), False),
        (AllProvidersFailedError("neither", errors={"massive": DOWN, "tradier": LIMITED}), True),
        (AllProvidersFailedError("neither", errors={"massive": LIMITED, "tradier": LACKING}), False),
    ],
)
def test_nobody_is_there_when_a_vendor_fails_and_not_when_it_refuses(error: DataProviderError, is_so: bool) -> None:  # noqa: FBT001  # what is expected
    assert is_nobody_there(error) is is_so


def test_one_that_fails_among_others_that_do_not_is_no_outage() -> None:
    watch = Watch()
    watch.outage.answered("quotes", is_regular=True)
    watch.outage.failed("chain", is_lost=True)
    watch.now += 60.0
    assert watch.outage.due() == []


def test_refusals_alone_are_no_outage() -> None:
    watch = Watch()
    watch.outage.failed("quotes", is_lost=False)
    watch.now += 60.0
    assert watch.outage.due() == []


def test_in_an_outage_all_may_try_every_few_seconds() -> None:
    watch = Watch()
    for subject in ("chain", "quotes"):
        watch.outage.failed(subject, is_lost=True)
    assert watch.outage.due() == []
    watch.now += PROBE_S
    assert watch.outage.due() == ["chain", "quotes"]
    watch.now += PROBE_S - 0.1
    assert watch.outage.due() == []
    watch.now += 0.1
    assert watch.outage.due() == ["chain", "quotes"]


def test_the_first_answer_has_all_others_ask_again_and_only_the_first() -> None:
    watch = Watch()
    for subject in ("chain", "quotes", "indices"):
        watch.outage.failed(subject, is_lost=True)
    assert watch.outage.answered("quotes", is_regular=True) == ["chain", "indices"]
    assert watch.outage.answered("chain", is_regular=True) == []
    assert not watch.outage.is_on


def test_an_answer_to_what_is_seldom_asked_does_not_say_that_all_is_well() -> None:
    watch = Watch()
    watch.outage.failed("quotes", is_lost=True)
    assert watch.outage.answered("listing", is_regular=False) == ["quotes"]
    assert watch.outage.is_on


def test_who_asks_no_more_is_forgotten() -> None:
    watch = Watch()
    watch.outage.answered("quotes", is_regular=True)
    watch.outage.failed("chain", is_lost=True)
    watch.outage.forget("quotes")
    assert watch.outage.is_on
    watch.outage.forget("chain")
    assert not watch.outage.is_on
