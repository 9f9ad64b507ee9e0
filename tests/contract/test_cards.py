"""What a notebook shows of small things: the words of their values, badges where they are due, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

import quantdata as qd
from quantdata.clients.status import MarketStatus
from tests.unit.widgets.boards import board, contract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = datetime(2026, 11, 18, 16, tzinfo=UTC)


@pytest.fixture(scope="module")
def client() -> Iterator[qd.Client]:
    with qd.Client("sim", clock="at:2026-11-18T11:00") as made:
        yield made


def _shows(html: str, *told: str) -> None:
    for each in told:
        assert each in html, (each, html)
    assert "<script" not in html


def test_a_quality_tells_score_source_coverage_and_rules_in_words() -> None:
    rows = [contract(strike, warnings=["wide_spread"], fallback_reason="massive: <no answer>") for strike in (600, 605)]
    html = qd.quality(board(rows))._repr_html_()
    _shows(html, "<strong>quality: ", "of 100, excellent</strong>", "<dd>massive</dd>", "<dd>2</dd>")
    _shows(html, "quote 100%", "wide_spread 2", "there are no puts", "massive: &lt;no answer&gt;")
    assert "SIMULATED" not in html
    assert "11:00:00 New York" in html


def test_a_quality_that_is_stale_or_simulated_has_a_badge_and_of_many_rules_the_first() -> None:
    rules = [f"rule_{at}" for at in range(10)]
    chain = board([contract(600, is_stale=True, notes=rules, feed="simulated", snapshot_ts=None)])
    html = qd.quality(chain)._repr_html_()
    _shows(html, ">SIMULATED</span>", ">STALE</span>", "rule_7 1 and 2 more")
    assert "New York" not in html


def test_a_market_tells_when_it_opens_and_closes() -> None:
    status = MarketStatus.at(AT, market="open", local_time=AT, source="tradier", is_simulated=False)
    _shows(status._repr_html_(), "market open", "Wed 18 Nov 2026 16:00:00 New York", "0.0 s ahead", "tradier")
    simulated = MarketStatus.at(AT, market=None, local_time=AT, source="massive", is_simulated=True)._repr_html_()
    _shows(simulated, ">SIMULATED</span>")
    assert "its clock" not in simulated


def test_an_index_tells_value_change_and_bars(client: qd.Client) -> None:
    html = client.index_snapshot("SPX", timeframes=["5m"])._repr_html_()
    _shows(html, "<strong>SPX</strong>", ">SIMULATED</span>", "<dt>value</dt><dd>6,", " %</dd>", "5m: ", "confidence ")


def test_a_hub_its_snapshot_and_its_recording_tell_how_they_are(tmp_path: Path) -> None:
    with qd.hub(["SPY"], indices=["VIX"], source="sim", dte=(0, 1), name="<mine>") as hub:
        snapshot = hub.wait()
        with hub.record(tmp_path / "monday") as recording:
            _shows(recording._repr_html_(), "recording, open", "<dt>folder</dt>", "monday", "MB, compressed")
        _shows(hub._repr_html_(), "hub &lt;mine&gt;", "<dd>running</dd>", "<dd>SPY</dd>", "<dd>VIX</dd>", "massive ")
        _shows(snapshot._repr_html_(), "snapshot ", ">SIMULATED</span>", "<dt>SPY</dt>", "rows, confidence ")
    _shows(hub._repr_html_(), "<dd>closed</dd>")
    _shows(recording._repr_html_(), "recording, closed")


def test_an_empty_frame_has_words_too(client: qd.Client) -> None:
    nothing = client.chain("SPY", dte=(0, 1)).filter(pl.lit(value=False))
    _shows(qd.quality(nothing)._repr_html_(), "the chain has no contracts")
