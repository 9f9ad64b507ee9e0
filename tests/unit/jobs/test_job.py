from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime
from typing import Any

import pytest

from quantdata.errors import ArgumentError, SymbolError
from quantdata.jobs import Job
from tests.unit.jobs.vendor import NOW

SPAN: dict[str, Any] = {"start": "2026-11-02", "end": "2026-11-06"}


def test_symbols_are_canonical_and_stand_once() -> None:
    assert Job("chains", ["spy", "SPY", "brk/b"]).symbols == ("SPY", "BRK.B")
    assert Job("indices", "I:SPX").symbols == ("SPX",)
    assert Job("bars", ["O:SPY261218C00600000", "i:ndx"], timeframe="5m", last=1).symbols == (
        "SPY261218C00600000",
        "NDX",
    )


def test_a_job_cannot_be_changed() -> None:
    job = Job("quotes", ["SPY"])
    with pytest.raises(FrozenInstanceError):
        job.kind = "flow"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("settings", "dataset"),
    [
        ({"kind": "chains", "symbols": ["SPY"]}, "chains"),
        ({"kind": "trades", "symbols": ["SPY"], "last": 1}, "trades"),
        ({"kind": "bars", "symbols": ["SPY"], "timeframe": "5m", **SPAN}, "bars_5m"),
        ({"kind": "bars", "symbols": ["SPY"], "timeframe": "1h", **SPAN}, "bars_30m"),
        ({"kind": "bars", "symbols": ["SPY"], "timeframe": "1h", "session": "all", **SPAN}, "bars_1h"),
        ({"kind": "bars", "symbols": ["SPY"], "timeframe": "1w", "last": 3}, "bars_1d"),
    ],
)
def test_bars_are_kept_as_those_that_they_are_made_of(settings: dict[str, Any], dataset: str) -> None:
    assert Job(**settings).dataset == dataset


def test_weeks_are_asked_for_whole() -> None:
    job = Job("bars", ["SPY"], timeframe="1w", start="2026-11-04", end="2026-11-05")
    assert (job.start, job.end) == (date(2026, 11, 2), date(2026, 11, 8))
    assert Job("bars", ["SPY"], timeframe="1w", start="2026-11-04").end is None


def test_filters_are_kept_in_one_form_so_that_the_same_job_is_the_same() -> None:
    first = Job("chains", ["SPY"], filters={"dte": [0, 7], "expirations": "2026-12-18"})
    second = Job("chains", ("spy",), filters={"expirations": date(2026, 12, 18), "dte": (0.0, 7.0)})
    assert first.filters == second.filters
    assert first.fingerprint == second.fingerprint
    assert hash(first) == hash(second)
    assert first == second
    assert first.fingerprint != Job("chains", ["SPY"]).fingerprint


def test_filters_that_filter_nothing_are_none() -> None:
    assert Job("chains", ["SPY"], filters={"dte": (None, None), "roots": None}).filters == {}


def test_days_are_those_asked_for_or_the_last_sessions_that_are_over() -> None:
    assert Job("trades", ["SPY"], **SPAN).days(NOW) == (date(2026, 11, 2), date(2026, 11, 6))
    assert Job("trades", ["SPY"], start="2026-11-16").days(NOW) == (date(2026, 11, 16), date(2026, 11, 18))
    assert Job("trades", ["SPY"], last=1).days(NOW) == (date(2026, 11, 17), date(2026, 11, 17))
    assert Job("trades", ["SPY"], last=3).days(NOW) == (date(2026, 11, 13), date(2026, 11, 17))
    with pytest.raises(ArgumentError, match="trades from 2026-11-19 on: that is after today, 2026-11-18"):
        Job("trades", ["SPY"], start="2026-11-19").days(NOW)


def test_bars_are_asked_for_as_traded() -> None:
    job = Job("bars", ["SPY"], timeframe="1h", session="regular", **SPAN)
    query = job.bar_query("SPY", datetime(2026, 11, 2, 5, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))
    assert (query.timeframe, query.adjustment, query.session) == ("30m", "raw", "regular")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"kind": "chain", "symbols": ["SPY"]},
            "kind must be one of chains, bars, quotes, indices, flow, trades, not 'chain'",
        ),
        (
            {"kind": "quotes", "symbols": ["SPY"], "timeframe": "5m"},
            "quotes take no timeframe: they take symbols",
        ),
        (
            {"kind": "bars", "symbols": ["SPY"], "timeframe": "5m", "filters": {"dte": 1}, **SPAN},
            "bars take no filters: they take symbols, timeframe, start, end, last, session",
        ),
        (
            {"kind": "chains", "symbols": ["SPY"], "filters": {"where": 1}},
            (
                "chains have no filter where: there are expirations, strikes, dte, roots, option_type, delta, "
                "moneyness, min_volume, min_open_interest, max_spread_percent"
            ),
        ),
        ({"kind": "bars", "symbols": ["SPY"], **SPAN}, "bars need a timeframe: 1m, 5m, 15m, 30m, 1h, 1d, 1w"),
        (
            {"kind": "bars", "symbols": ["SPY"], "timeframe": "5m"},
            "bars need a start: a day such as '2026-11-02'; or last, a number of sessions",
        ),
        (
            {"kind": "trades", "symbols": ["SPY"], "last": 3, **SPAN},
            "trades: give start and end, or last, not both",
        ),
        ({"kind": "trades", "symbols": ["SPY"], "last": 0}, "last must be at least 1, not 0"),
        ({"kind": "trades", "symbols": ["SPY"], "last": 9_999}, "last must be at most 5,000 sessions, not 9,999"),
        (
            {"kind": "trades", "symbols": ["SPY"], "last": 3, "session": "late"},
            "session must be 'regular', 'all', not 'late'",
        ),
        (
            {"kind": "trades", "symbols": ["SPY"], "start": "2026-11-06", "end": "2026-11-02"},
            "(start, end) is the wrong way round: 2026-11-06 comes after 2026-11-02; ranges are (low, high)",
        ),
        ({"kind": "flow", "symbols": []}, "symbols is empty: name at least one"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_is_allowed(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        Job(**settings)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("kind", "symbol", "message"),
    [
        ("quotes", "SPX", "quotes are of stocks and funds; SPX is an index: see indices"),
        (
            "quotes",
            "SPY261218C00600000",
            "quotes are of stocks and funds; SPY261218C00600000 is an option: see chains",
        ),
    ],
)
def test_a_symbol_of_another_kind_is_sent_there(kind: Any, symbol: str, message: str) -> None:
    with pytest.raises(SymbolError) as refused:
        Job(kind=kind, symbols=[symbol])
    assert str(refused.value) == message


def test_an_index_has_no_trades() -> None:
    with pytest.raises(SymbolError, match="an index has no trades: SPX has bars"):
        Job("trades", ["SPX"], last=1)
