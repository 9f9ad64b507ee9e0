"""What indices, stocks and funds are worth, in words and signs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from quantdata.live.watchlist import Watchlist
from quantdata.widgets.index_strip import index_strip_html
from tests.unit.widgets.boards import NOW
from tests.unit.widgets.hubs import equity, index, picture


def test_each_index_has_value_change_percent_and_time() -> None:
    html = index_strip_html(picture(indices=[index("SPX", 6612.5, -12.25)]), Watchlist(indices=("SPX",)))
    assert "SPX" in html
    assert "6,612.50" in html
    assert "−12.25 (−0.18 %)" in html  # noqa: RUF001  # a real minus
    assert "11:00:00 ET" in html


@pytest.mark.parametrize(("change", "sign", "kind"), [(1.0, "▲", "rise"), (-1.0, "▼", "fall"), (0.0, "=", "quiet")])
def test_up_and_down_are_told_by_a_sign_and_not_by_colour_alone(change: float, sign: str, kind: str) -> None:
    html = index_strip_html(picture(indices=[index("VIX", 18.0, change)]), Watchlist(indices=("VIX",)))
    assert f'<span class="qd-{kind}"><span aria-hidden="true">{sign}</span>' in html


def test_a_change_that_is_not_known_is_a_dash() -> None:
    html = index_strip_html(picture(indices=[index("VIX", 18.0, None)]), Watchlist(indices=("VIX",)))
    assert "18.00" in html
    assert '<span class="qd-quiet">–</span>' in html  # noqa: RUF001  # a dash


def test_a_change_without_a_percentage_stands_alone() -> None:
    row = index("VIX", 18.0, 1.0, change_percent=None)
    assert "+1.00</span>" in index_strip_html(picture(indices=[row]), Watchlist(indices=("VIX",)))


def test_those_watched_come_first_in_their_order_then_the_underlyings_of_chains() -> None:
    watched = Watchlist(("SPX",), indices=("VIX", "NDX"))
    html = index_strip_html(picture(indices=[index("SPX"), index("NDX"), index("VIX")]), watched)
    assert html.index("VIX") < html.index("NDX") < html.index("SPX")


def test_stocks_that_are_watched_by_themselves_follow() -> None:
    shown = picture(equities=[equity("AAPL", 231.5), equity("SPY")])
    html = index_strip_html(shown, Watchlist(("SPY",), equities=("AAPL",)))
    assert "AAPL" in html
    assert "231.50" in html
    assert "SPY" not in html


def test_what_is_not_known_says_why() -> None:
    assert "nothing known yet" in index_strip_html(None, Watchlist(indices=("VIX",)))
    silent = index("NDX", None, None, vendor_error="NOT_FOUND & more")
    assert "NOT_FOUND &amp; more" in index_strip_html(picture(indices=[silent]), Watchlist(indices=("NDX",)))
    assert "no value" in index_strip_html(picture(indices=[index("NDX", None)]), Watchlist(indices=("NDX",)))


def test_old_values_say_so() -> None:
    stale = index("VIX", is_stale=True, value_ts=NOW - timedelta(days=1))
    html = index_strip_html(picture(indices=[stale]), Watchlist(indices=("VIX",)))
    assert "stale" in html
    assert "17 Nov 11:00:00 ET" in html
    unknown = index("VIX", value_ts=None, snapshot_ts=None)
    assert '<span class="qd-quiet">–' in index_strip_html(picture(indices=[unknown]), Watchlist(indices=("VIX",)))  # noqa: RUF001


def test_where_nothing_of_the_kind_is_watched_there_is_nothing() -> None:
    assert index_strip_html(picture(), Watchlist(("SPY",))) == ""
