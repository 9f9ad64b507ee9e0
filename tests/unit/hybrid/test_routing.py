"""Who is asked, in what order, and what the caller gets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from quantdata.clients.capabilities import Capabilities
from quantdata.clients.health import Health
from quantdata.errors import (
    AllProvidersFailedError,
    ArgumentError,
    AuthenticationError,
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    IncompleteError,
    MaxRetriesError,
    PayloadError,
    QuoteNotFoundError,
    RateLimitError,
    UnavailableError,
)
from quantdata.hybrid.routing import Judgement, Routed, Router
from quantdata.wire.metrics import Metrics

if TYPE_CHECKING:
    from quantdata.clients.watched import Watched


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Vendor:
    """A provider that gives what is next in line: an answer or an error; the last one for ever."""

    name: str
    clock: Clock
    script: list[object]
    is_delayed: bool = False
    asked: int = 0
    health: Health = field(init=False)
    capabilities: Capabilities = field(init=False)

    def __post_init__(self) -> None:
        self.health = Health(self.name, clock=self.clock)
        self.capabilities = Capabilities(self.name)

    async def answer(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        with self.health.attempt("chain"):
            answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            if isinstance(answer, Exception):
                raise answer
        return cast("int", answer)


class Pair:
    """Two vendors and their router; an answer is its own confidence."""

    def __init__(self, massive: list[object], tradier: list[object], **arguments: Any) -> None:
        self.clock = Clock()
        self.massive = Vendor("massive", self.clock, massive)
        self.tradier = Vendor("tradier", self.clock, tradier, is_delayed=arguments.pop("is_delayed", False))
        self.metrics = Metrics()
        self.router = Router(
            cast("Watched", self.massive),
            cast("Watched", self.tradier),
            metrics=self.metrics,
            clock=self.clock,
            **arguments,
        )

    def ask(self, about: str = "SPY", key: object = None) -> Routed[int]:
        return asyncio.run(
            self.router.route(
                "chain",
                lambda provider: cast("Vendor", provider).answer(),
                about=about,
                key=key,
                block="chain",
                judge=lambda answer: Judgement(answer, f"confidence {answer}" if answer < 40 else None),
            )
        )

    @property
    def asked(self) -> tuple[int, int]:
        return self.massive.asked, self.tradier.asked


def error(kind: type[DataProviderError], provider: str = "massive", **facts: Any) -> DataProviderError:
    return kind(f"{provider} says {kind.__name__}", provider=provider, **facts)


def test_a_good_answer_of_the_first_is_the_answer() -> None:
    pair = Pair([95], [100])
    routed = pair.ask()
    assert (routed.answer, routed.provider.name, routed.reason) == (95, "massive", None)
    assert pair.asked == (1, 0)
    assert pair.metrics.counts() == []


@pytest.mark.parametrize(
    "kind",
    [
        AuthenticationError,
        ContractNotFoundError,
        EntitlementError,
        MaxRetriesError,
        PayloadError,
        QuoteNotFoundError,
        RateLimitError,
        UnavailableError,
    ],
)
def test_the_second_answers_where_the_first_does_not(
    kind: type[DataProviderError], caplog: pytest.LogCaptureFixture
) -> None:
    pair = Pair([error(kind)], [88])
    routed = pair.ask()
    assert (routed.answer, routed.provider.name) == (88, "tradier")
    assert routed.reason == f"massive: {kind.code.value}: massive says {kind.__name__}"
    (fallback,) = pair.metrics.counts()
    assert (fallback.metric, fallback.provider, fallback.endpoint, fallback.value) == (
        "fallbacks",
        "tradier",
        "chain",
        1,
    )
    assert [record.getMessage() for record in caplog.records if record.name == "quantdata.hybrid"] == [
        f'fallback question=chain about=SPY to=tradier why="{routed.reason}"'
    ]


def test_a_part_is_no_answer() -> None:
    pair = Pair([IncompleteError(error(UnavailableError), received=None, arrived="some")], [88])
    assert pair.ask().answer == 88


def test_bad_arguments_are_nobodys_failure() -> None:
    pair = Pair([ArgumentError("no")], [88])
    with pytest.raises(ArgumentError):
        pair.ask()
    assert pair.asked == (1, 0)


@pytest.mark.parametrize(
    ("massive", "tradier", "source"), [(39, 40, "tradier"), (39, 12, "massive"), (39, 39, "massive")]
)
def test_of_a_poor_answer_and_another_the_better_is_returned(massive: int, tradier: int, source: str) -> None:
    pair = Pair([massive], [tradier])
    routed = pair.ask()
    assert (routed.answer, routed.provider.name) == (max(massive, tradier), source)
    assert pair.asked == (1, 1)


def test_the_reason_of_a_better_answer_names_both() -> None:
    assert Pair([31], [95]).ask().reason == "massive: confidence 31; tradier: good"
    assert Pair([12], [31]).ask().reason == "massive: confidence 12; tradier: confidence 31"


def test_a_poor_answer_stays_where_the_second_fails() -> None:
    routed = Pair([31], [error(UnavailableError, "tradier")]).ask()
    assert (routed.answer, routed.provider.name, routed.reason) == (31, "massive", None)


def test_a_better_answer_is_stayed_with_for_a_minute() -> None:
    pair = Pair([31, 95], [90])
    first = pair.ask()
    pair.clock.now += 59.9
    held = pair.ask()
    assert (held.answer, held.provider.name, held.reason) == (90, "tradier", first.reason)
    assert pair.asked == (1, 2)
    pair.clock.now += 0.2
    assert pair.ask().provider.name == "massive"


def test_each_answer_that_is_held_to_counts_and_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    pair = Pair([31, 95], [90])
    for _ in range(4):
        pair.ask()
    assert [(count.provider, count.kind, count.value) for count in pair.metrics.counts()] == [
        ("tradier", "POOR_ANSWER", 4)
    ]
    assert len([record for record in caplog.records if record.name == "quantdata.hybrid"]) == 1


def test_what_is_held_is_one_question() -> None:
    pair = Pair([31, 95], [90])
    pair.ask("SPY")
    assert pair.ask("QQQ").provider.name == "massive"
    pair = Pair([31, 95], [90])
    pair.ask("SPY", key=("chain", "SPY", 600))
    assert pair.ask("SPY", key=("chain", "SPY", None)).provider.name == "massive"
    assert pair.ask("SPY", key=("chain", "SPY", 600)).provider.name == "tradier"


def test_a_poor_answer_that_is_still_the_better_one_is_stayed_with_for_a_minute() -> None:
    pair = Pair([35], [20])
    for _ in range(12):
        routed = pair.ask()
        assert (routed.answer, routed.provider.name, routed.reason) == (35, "massive", None)
        pair.clock.now += 4.9
    assert pair.asked == (12, 1)
    pair.clock.now += 2.0
    pair.ask()
    assert pair.asked == (13, 2)
    assert pair.metrics.counts() == []


def test_a_second_that_has_nothing_is_not_asked_again_at_once_for_a_better_answer() -> None:
    pair = Pair([35], [error(QuoteNotFoundError, "tradier")])
    for _ in range(3):
        assert pair.ask().provider.name == "massive"
    assert pair.asked == (3, 1)


def test_a_second_that_failed_is_asked_again_for_a_better_answer(caplog: pytest.LogCaptureFixture) -> None:
    pair = Pair([35], [error(UnavailableError, "tradier"), 90])
    assert [pair.ask().provider.name for _ in range(2)] == ["massive", "tradier"]
    assert len([record for record in caplog.records if record.name == "quantdata.hybrid"]) == 1


def test_a_first_that_fails_while_it_is_stayed_with_gives_way(caplog: pytest.LogCaptureFixture) -> None:
    pair = Pair([35, error(UnavailableError)], [20])
    pair.ask()
    routed = pair.ask()
    assert (routed.answer, routed.reason) == (20, "massive: UNAVAILABLE: massive says UnavailableError")
    assert len([record for record in caplog.records if record.name == "quantdata.hybrid"]) == 1


def test_a_second_that_is_poor_while_it_is_held_to_gives_way_to_a_good_first() -> None:
    pair = Pair([31, 95], [90, 20])
    assert [pair.ask().provider.name for _ in range(3)] == ["tradier", "massive", "massive"]
    assert pair.asked == (3, 2)


def test_a_held_provider_that_fails_gives_way() -> None:
    pair = Pair([31, 95], [90, error(UnavailableError, "tradier")])
    pair.ask()
    routed = pair.ask()
    assert (routed.answer, routed.provider.name, routed.reason) == (95, "massive", None)


def test_a_failure_is_not_held() -> None:
    pair = Pair([error(UnavailableError), 95], [90])
    assert pair.ask().provider.name == "tradier"
    assert pair.ask().provider.name == "massive"


def test_both_failures_are_told() -> None:
    pair = Pair([error(UnavailableError, retry_after_s=9.0)], [error(RateLimitError, "tradier", retry_after_s=4.0)])
    with pytest.raises(AllProvidersFailedError) as caught:
        pair.ask()
    failed = caught.value
    assert str(failed) == (
        "chain of SPY: neither provider answered; massive says UnavailableError; tradier says RateLimitError"
    )
    assert {name: type(each) for name, each in failed.errors.items()} == {
        "massive": UnavailableError,
        "tradier": RateLimitError,
    }
    assert (failed.provider, failed.code.value, failed.retry_after_s) == ("hybrid", "ALL_PROVIDERS_FAILED", 4.0)


@pytest.mark.parametrize("kind", [ContractNotFoundError, QuoteNotFoundError, EntitlementError])
def test_what_neither_has_is_the_first_providers_own_error(kind: type[DataProviderError]) -> None:
    pair = Pair([error(kind)], [error(QuoteNotFoundError, "tradier")])
    with pytest.raises(kind) as caught:
        pair.ask()
    assert caught.value.__notes__ == ["tradier has nothing either: tradier says QuoteNotFoundError"]
    assert pair.massive.health.allows("chain")


def test_an_unhealthy_provider_is_skipped_until_it_may_be_probed() -> None:
    pair = Pair([error(UnavailableError)], [88])
    for _ in range(3):
        pair.ask()
    assert pair.asked == (3, 3)
    skipped = pair.ask()
    assert pair.asked == (3, 4)
    assert skipped.reason is not None
    assert "massive: UNAVAILABLE: " in skipped.reason
    pair.massive.script = [95]
    pair.clock.now += 16
    assert pair.ask().provider.name == "massive"
    assert pair.ask().provider.name == "massive"


def test_an_unhealthy_provider_is_asked_all_the_same_where_the_other_has_nothing() -> None:
    pair = Pair([error(UnavailableError)], [error(EntitlementError, "tradier")])
    for _ in range(3):
        with pytest.raises(AllProvidersFailedError):
            pair.ask()
    pair.massive.script = [95]
    assert pair.ask().answer == 95


def test_two_unhealthy_providers_are_left_alone() -> None:
    pair = Pair([error(UnavailableError)], [error(PayloadError, "tradier")])
    for _ in range(3):
        with pytest.raises(AllProvidersFailedError):
            pair.ask()
    with pytest.raises(AllProvidersFailedError) as caught:
        pair.ask()
    assert pair.asked == (3, 3)
    assert caught.value.retry_after_s == pytest.approx(15.0)


def test_rate_limits_are_no_strikes() -> None:
    pair = Pair([error(RateLimitError)], [88])
    for _ in range(5):
        pair.ask()
    assert pair.asked == (5, 5)


def test_a_plan_that_lacks_the_block_is_not_asked() -> None:
    pair = Pair([95], [88])
    pair.massive.capabilities.learn("chain", is_entitled=False, reason="403")
    routed = pair.ask()
    assert pair.asked == (0, 1)
    assert routed.reason == "massive: NOT_ENTITLED: the plan has no chain"


def test_late_data_stand_in_for_nothing_unless_asked_for() -> None:
    pair = Pair([error(UnavailableError)], [88], is_delayed=True)
    with pytest.raises(AllProvidersFailedError, match="delayed_fallback=True"):
        pair.ask()
    assert pair.asked == (1, 0)
    assert Pair([error(UnavailableError)], [88], is_delayed=True, allow_delayed=True).ask().answer == 88


def test_a_stranger_to_the_errors_passes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        Pair([ZeroDivisionError()], [88]).ask()


def test_holds_do_not_pile_up() -> None:
    pair = Pair([31], [90])
    for number in range(2_000):
        pair.ask(str(number))
        pair.clock.now += 1
    assert len(pair.router._verdicts) <= 1_100
