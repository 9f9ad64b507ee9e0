"""How far things can be trusted, said of the whole and of each part."""

from __future__ import annotations

import polars as pl

from quantdata.widgets.quality_badge import quality_html
from tests.unit.widgets.hubs import SPY, index, picture


def test_the_whole_is_as_good_as_its_weakest_part() -> None:
    weak = SPY.with_columns(confidence=pl.lit(55, pl.UInt8))
    html = quality_html(picture({"SPY": SPY, "QQQ": weak}, indices=[index("VIX")]))
    assert '<strong>Quality <span class="qd-lamp qd-slow"><span aria-hidden="true">◐</span> 55 fair</span>' in html
    for told in ("SPY 100", "QQQ 55", "indices 100"):
        assert told in html


def test_warnings_are_told_in_sentences() -> None:
    calls = SPY.filter(option_type="call")
    html = quality_html(picture({"<SPY>": calls}))
    assert "&lt;SPY&gt;: " in html
    assert '<ul class="qd-warnings">' in html
    assert "no_puts" not in html


def test_what_is_not_live_is_named() -> None:
    simulated = SPY.with_columns(feed=pl.lit("simulated", SPY.schema["feed"]))
    delayed = SPY.with_columns(feed=pl.lit("delayed", SPY.schema["feed"]))
    html = quality_html(picture({"SPY": simulated, "QQQ": delayed, "DIA": delayed}))
    assert html.count("qd-badge") == 2
    assert '<span class="qd-badge">SIMULATED</span> <span class="qd-badge">DELAYED</span>' in html
    assert "qd-badge" not in quality_html(picture({"SPY": SPY}))


def test_of_a_hub_that_was_stopped_it_says_when_that_was_and_shines_no_more() -> None:
    html = quality_html(picture({"SPY": SPY}), is_running=False)
    assert "at 11:00:05 ET, when it was stopped" in html
    assert "qd-ok" not in html


def test_before_anything_is_known_it_says_so() -> None:
    assert "nothing known yet" in quality_html(None)
    assert "nothing known yet" in quality_html(picture())
