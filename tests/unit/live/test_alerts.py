"""Alerts: told once when a trouble begins, once when it is over, and never for wavering about a bound."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from quantdata.live.alerts import Alert, Alerts, Facts

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
HEALTHY = Facts(confidence={"SPY": 97.0}, providers={"massive": True, "tradier": True}, response_s={}, subscribers=1)


def _confidence(value: float | None) -> Facts:
    return HEALTHY._replace(confidence={"SPY": value})


def _response(value: float | None) -> Facts:
    return HEALTHY._replace(response_s={"massive": value})


def _after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def _told(alerts: Alerts, *facts: Facts) -> list[tuple[str, bool]]:
    """Return severities and ends, of facts a second apart."""
    return [
        (alert.severity, alert.is_over)
        for second, each in enumerate(facts)
        for alert in alerts.observe(each, _after(second))
    ]


def test_where_all_is_well_nothing_is_told() -> None:
    assert Alerts().observe(HEALTHY, NOON) == []


def test_low_confidence_is_told_when_it_begins_and_when_it_is_over() -> None:
    alerts = Alerts()
    assert alerts.observe(_confidence(59.0), NOON) == [
        Alert("low_confidence", "warning", "SPY", "confidence of SPY is 59, below 60", NOON, 59.0, is_over=False)
    ]
    assert alerts.observe(_confidence(55.0), _after(5)) == []
    assert alerts.observe(_confidence(90.0), _after(10)) == [
        Alert("low_confidence", "warning", "SPY", "confidence of SPY is 90 again", NOON, 90.0, is_over=True)
    ]
    assert alerts.observe(_confidence(90.0), _after(15)) == []


def test_wavering_about_the_bound_is_one_trouble() -> None:
    assert _told(Alerts(), *map(_confidence, (59.0, 61.0, 59.0, 64.9, 60.0))) == [("warning", False)]


def test_confidence_on_the_bound_is_still_good() -> None:
    assert _told(Alerts(), _confidence(60.0)) == []


def test_very_low_confidence_is_critical_beside_the_warning() -> None:
    assert _told(Alerts(), *map(_confidence, (59.0, 29.0, 34.0, 35.0, 65.0))) == [
        ("warning", False),
        ("critical", False),
        ("critical", True),
        ("warning", True),
    ]
    assert _told(Alerts(), _confidence(0.0)) == [("critical", False), ("warning", False)]


def test_unknown_confidence_changes_nothing() -> None:
    assert _told(Alerts(), *map(_confidence, (None, 50.0, None, 50.0, 70.0))) == [("warning", False), ("warning", True)]


def test_each_subject_has_its_own_alerts() -> None:
    alerts = Alerts()
    alerts.observe(_confidence(50.0), NOON)
    (alert,) = alerts.observe(HEALTHY._replace(confidence={"SPY": 50.0, "QQQ": 40.0}), _after(5))
    assert (alert.subject, alert.since) == ("QQQ", _after(5))


def test_the_trouble_of_what_is_no_longer_watched_is_over() -> None:
    alerts = Alerts()
    alerts.observe(_confidence(50.0), NOON)
    assert alerts.observe(HEALTHY._replace(confidence={}), _after(5)) == [
        Alert("low_confidence", "warning", "SPY", "SPY is no longer watched", NOON, None, is_over=True)
    ]


def test_it_is_critical_when_no_provider_is_healthy_for_a_second() -> None:
    alerts = Alerts()
    one_left = HEALTHY._replace(providers={"massive": False, "tradier": True})
    assert alerts.observe(one_left, NOON) == []
    none_left = HEALTHY._replace(providers={"massive": False, "tradier": False})
    assert alerts.observe(none_left, NOON) == []
    assert alerts.observe(none_left, _after(1)) == [
        Alert("all_providers_unhealthy", "critical", "hub", "no provider is healthy", NOON, 0.0, is_over=False)
    ]
    assert alerts.observe(one_left, _after(5)) == [
        Alert("all_providers_unhealthy", "critical", "hub", "a provider is healthy again", NOON, 1.0, is_over=True)
    ]


def test_the_health_of_no_provider_is_not_known() -> None:
    assert Alerts().observe(HEALTHY._replace(providers={}), NOON) == []


def test_a_provider_that_takes_more_than_five_seconds_is_slow_until_it_takes_four() -> None:
    alerts = Alerts()
    assert alerts.observe(_response(5.0), NOON) == []
    (begun,) = alerts.observe(_response(5.5), NOON)
    assert (begun.subject, begun.message) == ("massive", "massive takes 5.5 s to answer, more than 5")
    assert alerts.observe(_response(4.5), _after(5)) == []
    assert alerts.observe(_response(None), _after(10)) == []
    (over,) = alerts.observe(_response(4.0), _after(15))
    assert (over.message, over.is_over) == ("massive takes 4.0 s to answer again", True)


def test_nobody_subscribed_is_told_after_a_minute_and_dates_from_its_beginning() -> None:
    alerts, nobody = Alerts(), HEALTHY._replace(subscribers=0)
    assert alerts.observe(nobody, NOON) == []
    assert alerts.observe(nobody, _after(59.9)) == []
    (begun,) = alerts.observe(nobody, _after(60))
    assert begun == Alert(
        "no_subscriber", "warning", "hub", "nobody has subscribed for a minute", NOON, 0.0, is_over=False
    )
    assert alerts.observe(nobody, _after(120)) == []
    (over,) = alerts.observe(HEALTHY, _after(130))
    assert (over.message, over.is_over) == ("somebody has subscribed", True)


def test_what_is_over_before_it_was_told_is_not_told() -> None:
    alerts, nobody = Alerts(), HEALTHY._replace(subscribers=0)
    assert alerts.observe(nobody, NOON) == []
    assert alerts.observe(HEALTHY, _after(30)) == []
    assert alerts.observe(nobody, _after(40)) == []
    assert alerts.observe(nobody, _after(99)) == []
    assert len(alerts.observe(nobody, _after(100))) == 1


@given(values=st.lists(st.one_of(st.none(), st.floats(0.0, 100.0)), max_size=40))
def test_beginnings_and_ends_take_turns(values: list[float | None]) -> None:
    alerts, told = Alerts(), dict[str, list[bool]]()
    for second, value in enumerate(values):
        for alert in alerts.observe(_confidence(value), _after(second)):
            told.setdefault(alert.severity, []).append(alert.is_over)
    for ends in told.values():
        assert ends == [index % 2 == 1 for index in range(len(ends))]
