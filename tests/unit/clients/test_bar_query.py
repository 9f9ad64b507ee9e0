"""A request for bars: what is refused, and what is asked of the vendor for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from quantdata.clients.bar_query import BarQuery, instrument, is_equity
from quantdata.errors import ArgumentError, SymbolError
from quantdata.sessions import FIRST_DAY

OPTION = "SPY261218C00600000"


def _query(symbol: Any = "SPY", timeframe: Any = "1d", **others: Any) -> BarQuery:
    return BarQuery.of(symbol, timeframe, others.pop("start", "2026-11-02"), others.pop("end", "2026-11-20"), **others)


@pytest.mark.parametrize("timeframe", ["2m", "1D", "d", "", "minute", 5, None, True, ["1d"], {"1d"}, b"1d"])
def test_an_unknown_timeframe_is_named_with_what_is_allowed(timeframe: object) -> None:
    with pytest.raises(ArgumentError, match="timeframe must be '1m', '5m', '15m', '30m', '1h', '1d', '1w', not"):
        _query(timeframe=timeframe)


@pytest.mark.parametrize("adjust", ["splits", "", None, True, False, 1])
def test_an_unknown_adjustment_is_named_with_what_is_allowed(adjust: object) -> None:
    with pytest.raises(ArgumentError, match="adjust must be 'raw', 'split', 'total', not"):
        _query(adjust=adjust)


@pytest.mark.parametrize("session", ["extended", "", None, True])
def test_an_unknown_session_is_named_with_what_is_allowed(session: object) -> None:
    with pytest.raises(ArgumentError, match="session must be 'regular', 'all', not"):
        _query(session=session)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-11-20", "2026-11-02", "start comes after end"),
        ("2026-11-02T09:30", "2026-11-20", "start is a moment without a time zone"),
        ("2026-11-02", None, "end must be"),
        ("2026-11-02", float("nan"), "end must be"),
        ("2026-11-02", "9999-12-31", "end must lie in the years"),
    ],
)
def test_a_malformed_span_is_named(start: object, end: object, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        _query(start=start, end=end)


def test_bars_begin_with_the_session_table() -> None:
    assert _query(start=FIRST_DAY).start.date() == FIRST_DAY
    with pytest.raises(ArgumentError, match=f"start is .*; the session table, and with it bars, begin {FIRST_DAY}"):
        _query(start=FIRST_DAY - timedelta(days=1))


@pytest.mark.parametrize("symbol", ["", "SPY/../QQQ", "SPY?x=1", "ＳＰＹ", "O:SPY", None, 5, b"SPY", ["SPY"], True])  # noqa: RUF001
def test_what_is_no_symbol(symbol: object) -> None:
    with pytest.raises(SymbolError):
        _query(symbol)


@pytest.mark.parametrize(
    ("text", "symbol", "is_stock"),
    [
        (" spy ", "SPY", True),
        ("BRK/B", "BRK.B", True),
        ("SPX", "SPX", False),
        ("vix", "VIX", False),
        ("I:SPX", "SPX", False),
        ("I:XYZQ", "I:XYZQ", False),
        (f"O:{OPTION}", OPTION, False),
        (OPTION.lower(), OPTION, False),
    ],
)
def test_anything_that_has_bars_has_one_symbol(text: str, symbol: str, *, is_stock: bool) -> None:
    assert instrument(text) == symbol
    assert is_equity(symbol) is is_stock


@pytest.mark.parametrize(
    ("symbol", "adjust", "expected"),
    [("SPY", "total", "total"), ("SPY", "raw", "raw"), ("SPX", "split", "raw"), (OPTION, "total", "raw")],
)
def test_options_and_indices_are_always_raw(symbol: str, adjust: str, expected: str) -> None:
    assert _query(symbol, adjust=adjust).adjustment == expected


@pytest.mark.parametrize(
    ("timeframe", "session", "window", "is_built"),
    [
        ("1m", "regular", (1, "minute"), False),
        ("30m", "regular", (30, "minute"), False),
        ("1h", "regular", (30, "minute"), True),
        ("1h", "all", (1, "hour"), False),
        ("1d", "regular", (1, "day"), False),
        ("1w", "regular", (1, "day"), True),
        ("1w", "all", (1, "day"), True),
    ],
)
def test_window_asked_of_the_vendor(timeframe: str, session: str, window: tuple[int, str], *, is_built: bool) -> None:
    query = _query(timeframe=timeframe, session=session)
    assert (query.window.multiplier, query.window.unit) == window
    assert query.is_built is is_built


@pytest.mark.parametrize(
    ("start", "end"), [("2026-11-18", "2026-11-18"), ("2026-11-16", "2026-11-22"), ("2026-11-16", "2026-11-16")]
)
def test_weeks_run_from_monday_to_sunday(start: str, end: str) -> None:
    assert _query(start=start, end=end).whole_weeks() == (date(2026, 11, 16), date(2026, 11, 22))


def test_a_key_tells_requests_apart() -> None:
    queries = [
        _query(),
        _query("QQQ"),
        _query(timeframe="1w"),
        _query(adjust="raw"),
        _query(session="all"),
        _query(start=datetime(2026, 11, 2, 12, tzinfo=UTC)),
        _query(end="2026-11-19"),
    ]
    assert len({query.key for query in queries}) == len(queries)
    assert _query(" spy").key == _query("SPY").key
