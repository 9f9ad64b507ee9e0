"""What a hub's owner should hear of: each trouble told once when it begins, and once when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

__all__ = ["Alert", "AlertKind", "Alerts", "Facts", "Severity"]

AlertKind = Literal["low_confidence", "all_providers_unhealthy", "slow_response", "no_subscriber"]
Severity = Literal["warning", "critical"]

HUB: Final = "hub"


class Facts(NamedTuple):
    """How things are, at one moment.

    Attributes
    ----------
    confidence
        0 to 100, by what is watched; None where it is not known (yet).
    providers
        Whether each provider is healthy.
    response_s
        How long each provider takes to answer: seconds, None where it is not known (yet).
    subscribers
        How many there are.
    """

    confidence: Mapping[str, float | None]
    providers: Mapping[str, bool]
    response_s: Mapping[str, float | None]
    subscribers: int


class Alert(NamedTuple):
    """That a trouble has begun, or is over.

    Attributes
    ----------
    kind, severity, subject
        Which trouble, how grave, and of what: a symbol, a provider, or ``"hub"``. The same three for its beginning and
        its end.
    message
        One sentence.
    since
        When it began (UTC), in both.
    value
        What was measured: confidence, seconds, a count; None when it is over because nobody watches the subject any
        more.
    is_over
        Whether this tells of its end.
    """

    kind: AlertKind
    severity: Severity
    subject: str
    message: str
    since: datetime
    value: float | None
    is_over: bool


class _Rule(NamedTuple):
    """When a trouble begins and ends; between the two bounds nothing changes, so that nothing flaps.

    It begins below ``begins_at`` where low values are bad and above it where high ones are, and ends when ``ends_at``
    is reached. ``lasts_s`` is for how many seconds it must go on before it is told.
    """

    kind: AlertKind
    severity: Severity
    begins: str
    ends: str
    begins_at: float
    ends_at: float
    is_low_bad: bool = True
    lasts_s: float = 0.0

    def is_bad(self, value: float) -> bool:
        """Tell whether a value begins the trouble."""
        return value < self.begins_at if self.is_low_bad else value > self.begins_at

    def is_good(self, value: float) -> bool:
        """Tell whether a value ends the trouble."""
        return value >= self.ends_at if self.is_low_bad else value <= self.ends_at

    def begun(self, subject: str, value: float, since: datetime) -> Alert:
        """Return the alert that the trouble has begun."""
        message = self.begins.format(subject=subject, value=value)
        return Alert(self.kind, self.severity, subject, message, since, value, is_over=False)

    def over(self, subject: str, value: float | None, since: datetime) -> Alert:
        """Return the alert that the trouble is over."""
        sentence = "{subject} is no longer watched" if value is None else self.ends
        message = sentence.format(subject=subject, value=value)
        return Alert(self.kind, self.severity, subject, message, since, value, is_over=True)


_CONFIDENCE_AGAIN: Final = "confidence of {subject} is {value:.0f} again"
_CONFIDENCE: Final = (
    _Rule("low_confidence", "critical", "confidence of {subject} is {value:.0f}, below 30", _CONFIDENCE_AGAIN, 30, 35),
    _Rule("low_confidence", "warning", "confidence of {subject} is {value:.0f}, below 60", _CONFIDENCE_AGAIN, 60, 65),
)
_PROVIDERS: Final = _Rule(
    "all_providers_unhealthy",
    "critical",
    "no provider is healthy",
    "a provider is healthy again",
    begins_at=1,
    ends_at=1,
    # One may have failed, and the other not yet have answered in its place.
    lasts_s=1,
)
_RESPONSE: Final = _Rule(
    "slow_response",
    "warning",
    "{subject} takes {value:.1f} s to answer, more than 5",
    "{subject} takes {value:.1f} s to answer again",
    begins_at=5,
    ends_at=4,
    is_low_bad=False,
)
_SUBSCRIBERS: Final = _Rule(
    "no_subscriber", "warning", "nobody has subscribed for a minute", "somebody has subscribed", 1, 1, lasts_s=60
)

_Key = tuple[_Rule, str]


@dataclass(slots=True)
class _Trouble:
    """One that is on: since when, and whether its beginning has been told."""

    since: datetime
    is_told: bool = False


class Alerts:
    """Remembers which troubles are on, and tells of changes alone.

    =======================  ========  ==============================  ====================
    kind                     severity  begins                          ends
    =======================  ========  ==============================  ====================
    low_confidence           warning   below 60                        at 65
    low_confidence           critical  below 30, beside the warning    at 35
    all_providers_unhealthy  critical  no provider is healthy for 1 s  one is
    slow_response            warning   a provider takes more than 5 s  it takes 4 s or less
    no_subscriber            warning   nobody has subscribed for 60 s  somebody has
    =======================  ========  ==============================  ====================

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> noon, alerts = datetime(2026, 11, 18, 17, tzinfo=UTC), Alerts()
    >>> facts = Facts(confidence={"SPY": 59.0}, providers={"massive": True}, response_s={}, subscribers=1)
    >>> [alert.message for alert in alerts.observe(facts, noon)]
    ['confidence of SPY is 59, below 60']
    >>> alerts.observe(facts, noon)
    []
    """

    def __init__(self) -> None:
        self._troubles: dict[_Key, _Trouble] = {}

    def observe(self, facts: Facts, now: datetime) -> list[Alert]:
        """Return what is over and what has begun since the last look, in this order.

        What is not known changes nothing; what is no longer there is over.

        Parameters
        ----------
        facts
            How things are.
        now
            The present (UTC).
        """
        measured = dict(_measured(facts))
        gone = [(key, None) for key in self._troubles if key not in measured]
        known = [(key, value) for key, value in measured.items() if value is not None]
        told = [self._ended(key, value) for key, value in (*gone, *known) if self._has_ended(key, value)]
        return [*filter(None, told), *filter(None, (self._begun(key, value, now) for key, value in known))]

    def _has_ended(self, key: _Key, value: float | None) -> bool:
        return key in self._troubles and (value is None or key[0].is_good(value))

    def _ended(self, key: _Key, value: float | None) -> Alert | None:
        """Forget a trouble; return the alert of its end if its beginning was told."""
        trouble, (rule, subject) = self._troubles.pop(key), key
        return rule.over(subject, value, trouble.since) if trouble.is_told else None

    def _begun(self, key: _Key, value: float, now: datetime) -> Alert | None:
        """Remember a trouble; return the alert of its beginning when it has lasted long enough."""
        rule, subject = key
        if key not in self._troubles and rule.is_bad(value):
            self._troubles[key] = _Trouble(since=now)
        trouble = self._troubles.get(key)
        if trouble is None or trouble.is_told or (now - trouble.since).total_seconds() < rule.lasts_s:
            return None
        trouble.is_told = True
        return rule.begun(subject, value, trouble.since)


def _measured(facts: Facts) -> Iterator[tuple[_Key, float | None]]:
    """Yield what each rule looks at; the state of no provider at all is not known."""
    yield (_PROVIDERS, HUB), float(sum(facts.providers.values())) if facts.providers else None
    for subject, confidence in facts.confidence.items():
        yield from (((rule, subject), confidence) for rule in _CONFIDENCE)
    for provider, response_s in facts.response_s.items():
        yield (_RESPONSE, provider), response_s
    yield (_SUBSCRIBERS, HUB), float(facts.subscribers)
