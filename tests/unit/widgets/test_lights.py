"""Lights: each state has a word and a shape of its own; what was asked, what failed, who answered instead."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from quantdata.frames.columns import STREAMS, schema
from quantdata.widgets.lights import Fallback, fallback_in, health_html, streams_html
from tests.unit.widgets.boards import NOW
from tests.unit.widgets.hubs import AT, SPY, health, picture, stream

if TYPE_CHECKING:
    from typing import Any

CHAIN = {"provider": "massive", "endpoint": "chain", "successes": 9, "last_success_ts": NOW}


def streams(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema(STREAMS), orient="row")


def test_a_provider_that_answers_is_ok_with_the_times_of_its_slowest_question() -> None:
    quick = CHAIN | {"response_p50_s": 0.1204, "response_p95_s": 0.3}
    slow = CHAIN | {"endpoint": "quotes", "successes": 1_000, "response_p50_s": 0.2, "response_p95_s": 1.26}
    html = health_html(health(quick, slow))
    assert "● </span>" not in html
    assert '<span class="qd-lamp qd-ok"><span aria-hidden="true">●</span> ok</span>' in html
    for told in ("200 ms", "1.3 s", "1,009", "11:00:00 ET"):
        assert f"<td>{told}</td>" in html


def test_one_that_takes_five_seconds_is_slow() -> None:
    html = health_html(health(CHAIN | {"response_p50_s": 5.0}))
    assert '<span aria-hidden="true">◐</span> slow' in html


def test_one_that_does_not_answer_is_down_with_its_questions_and_its_last_error() -> None:
    failed = {
        "is_healthy": False,
        "failures": 3,
        "last_error": "503 <down>",
        "last_failure_ts": NOW + timedelta(seconds=7),
    }
    older = {"failures": 1, "endpoint": "quotes", "last_error": "old", "last_failure_ts": NOW}
    html = health_html(health(CHAIN | failed, CHAIN | older))
    assert '<span aria-hidden="true">✕</span> down: chain' in html
    assert "11:00:07 ET, chain: 503 &lt;down&gt;" in html
    assert "old" not in html


def test_an_answer_that_is_overdue_is_told_though_nothing_failed_yet() -> None:
    html = health_html(health(CHAIN | {"is_healthy": False, "last_error": "no answer for 4 s"}))
    assert "<td>chain: no answer for 4 s</td>" in html


def test_a_provider_that_was_never_asked_is_neither_well_nor_ill() -> None:
    html = health_html(health({"provider": "tradier", "endpoint": "chain"}))
    assert '<span aria-hidden="true">○</span> not asked' in html


def test_the_last_fallback_is_told_with_its_reason_and_time() -> None:
    told = health_html(health(CHAIN), Fallback("SPY", "Massive: <503>", AT))
    assert "Last fallback: 11:00:05 ET, SPY: Massive: &lt;503&gt;" in told
    assert "Last fallback: –" in health_html(health(CHAIN))  # noqa: RUF001  # a dash


def test_a_fallback_is_found_in_whatever_chain_has_it() -> None:
    assert fallback_in(None) is None
    assert fallback_in(picture({"SPY": SPY})) is None
    fallen = SPY.with_columns(fallback_reason=pl.lit("Massive is down"))
    assert fallback_in(picture({"QQQ": SPY, "SPY": fallen})) == Fallback("SPY", "Massive is down", AT)


@pytest.mark.parametrize(
    ("state", "sign"),
    [
        ("live", "●"),
        ("silent", "◐"),
        ("connecting", "◐"),
        ("waiting", "◐"),
        ("stopped", "✕"),
        ("idle", "○"),
        ("new", "○"),
    ],
)
def test_each_state_of_a_stream_has_its_light_and_its_word(state: str, sign: str) -> None:
    html = streams_html(streams(stream("options", state)))
    assert f'<span aria-hidden="true">{sign}</span> {state}</span>' in html


def test_a_stream_says_what_it_holds_and_why_it_stopped() -> None:
    counts = {"wanted": 1_002, "held": 1_000, "refused": 2, "ping_s": 0.012, "reconnects": 3}
    html = streams_html(streams(stream("options", "stopped", heard_ts=NOW, error="<another> hub has it", **counts)))
    for told in ("massive options", "1,000 of 1,002, 2 refused", "12 ms", "<td>3</td>", "&lt;another&gt; hub has it"):
        assert told in html


def test_where_there_are_no_streams_it_says_so() -> None:
    assert "No streams." in streams_html(streams())


def test_when_a_hub_is_over_no_light_is_on() -> None:
    html = streams_html(streams(stream("options", "live")), is_over=True)
    assert "<caption>Streams, as they were when the hub was stopped</caption>" in html
    assert "qd-idle" in html
    assert "qd-ok" not in html
