"""Frames that may be written, and how they are cut."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata.errors import ArgumentError
from quantdata.lake.datasets import DATASETS
from quantdata.lake.pieces import cut, is_out_of_order
from tests.unit.lake.frames import NOON, bars, chain, flow, later, quotes, trades

if TYPE_CHECKING:
    from quantdata.lake.pieces import Piece


def _cut(dataset: str, frame: Any, **asked: Any) -> list[Piece]:
    return cut(DATASETS[dataset], frame, **asked)


def _keys(pieces: list[Piece]) -> list[tuple[str, str]]:
    return [(piece.facts.date.isoformat(), piece.facts.key) for piece in pieces]


# --- cutting --------------------------------------------------------------------------------------------------------


def test_bars_are_cut_by_symbol_and_session() -> None:
    pieces = _cut("bars_1m", bars("I:NDX", "SPY", days=["2026-11-16", "2026-11-17"]))
    assert _keys(pieces) == [
        ("2026-11-16", "I%3ANDX"),
        ("2026-11-17", "I%3ANDX"),
        ("2026-11-16", "SPY"),
        ("2026-11-17", "SPY"),
    ]
    assert [piece.frame.height for piece in pieces] == [3, 3, 3, 3]


def test_rows_that_do_not_stand_together_are_cut_all_the_same() -> None:
    mixed = bars("QQQ", "SPY", days=["2026-11-16", "2026-11-17"]).sort("ts", "symbol")
    pieces = {piece.facts.key + str(piece.facts.date): piece.frame for piece in _cut("bars_1m", mixed)}
    assert len(pieces) == 4
    assert pieces["SPY2026-11-17"].equals(mixed.filter(pl.col("symbol") == "SPY").tail(3))


def test_chains_are_cut_by_underlying_and_snapshot() -> None:
    both = pl.concat([chain("SPY"), chain("QQQ"), chain("SPY", at=later(NOON, microseconds=1))])
    assert _keys(_cut("chains", both)) == [
        ("2026-11-18", "SPY-20261118T170000.000000Z"),
        ("2026-11-18", "QQQ-20261118T170000.000000Z"),
        ("2026-11-18", "SPY-20261118T170000.000001Z"),
    ]


def test_filters_are_a_part_of_the_key_whatever_their_order() -> None:
    keys = {
        _keys(_cut("chains", chain(), filters=filters))[0][1]
        for filters in (
            {"dte": (0, 7), "roots": ["SPY"]},
            {"roots": ["SPY"], "dte": (0, 7)},
            {"dte": date.min},
            None,
            {},
        )
    }
    assert sorted(map(len, keys)) == [27, 36, 36]


def test_flow_and_quotes_have_a_piece_each_moment() -> None:
    at = [NOON, later(NOON, seconds=1)]
    many = pl.concat([flow("SPY261218C00600000", at=moment) for moment in at])
    assert [key for _, key in _keys(_cut("flow", many, underlying="SPY"))] == [
        "SPY-20261118T170000.000000Z",
        "SPY-20261118T170001.000000Z",
    ]
    both = pl.concat([quotes("SPY", "QQQ", at=moment) for moment in at])
    assert [key[:24] for _, key in _keys(_cut("quotes", both))] == [
        "20261118T170000.000000Z-",
        "20261118T170001.000000Z-",
    ]


def test_columns_may_come_in_any_order() -> None:
    (piece,) = _cut("bars_1m", bars().select(pl.all().reverse().reverse()).select(reversed(bars().columns)))
    assert piece.frame.equals(bars())


def test_trading_hours_matter_within_the_day_alone() -> None:
    hours = {name: _cut(name, frame, hours="all")[0].facts.hours for name, frame in (
        ("bars_1m", bars()), ("bars_1d", bars(count=1)), ("trades", trades()), ("chains", chain())
    )}  # fmt: skip
    assert hours == {"bars_1m": "all", "bars_1d": None, "trades": "all", "chains": None}


def test_rows_of_several_sources_are_counted_and_the_worst_feed_is_told() -> None:
    mixed = pl.concat([bars(count=2), bars(source="tradier", feed="delayed", days=["2026-11-17"]).tail(1)])
    (piece,) = _cut("bars_1m", mixed)
    assert (piece.facts.sources, piece.facts.feed, piece.facts.is_simulated) == (
        '{"massive": 2, "tradier": 1}',
        "delayed",
        False,
    )


def test_a_frame_that_says_nothing_of_its_feed_is_not_simulated() -> None:
    (piece,) = _cut("bars_1m", bars(feed=None, source=None))
    assert (piece.facts.sources, piece.facts.feed, piece.facts.is_simulated) == ("{}", None, False)


# --- what may not be written ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "frame", "asked", "said"),
    [
        ("bars_1m", bars().lazy(), {}, "from a polars DataFrame, not LazyFrame"),
        ("bars_1m", None, {}, "from a polars DataFrame, not NoneType"),
        ("bars_1m", bars().drop("vwap", "trades"), {}, "no frame of bars_1m: columns are missing: vwap, trades"),
        ("bars_1m", bars().with_columns(x=1), {}, "it has columns of no such frame: x"),
        ("bars_1m", bars().with_columns(pl.col("trades").cast(pl.Int32)), {}, "trades is Int32, not Int64"),
        ("chains", bars(), {}, "columns are missing: underlying_symbol"),
        ("bars_1m", bars(adjustment="split"), {}, 'bars_1m holds bars as they traded: ask with adjust="raw"'),
        ("bars_1m", bars(adjustment=None), {}, "as they traded"),
        ("bars_1m", bars(symbol=None), {}, "rows without symbol"),
        ("bars_1m", bars(session=None), {}, "rows without session"),
        ("chains", chain(snapshot_ts=None), {}, "rows without snapshot_ts"),
        ("bars_1m", pl.concat([bars(), bars()]), {}, "of SPY: 6 rows share their ts, the first of them 2026-11-17"),
        ("chains", pl.concat([chain(), chain()]), {}, "of SPY: 12 rows share their contract_symbol"),
        ("flow", flow("A"), {}, "flow: give underlying="),
        ("chains", chain(), {"underlying": "SPY"}, "underlying= is for flow"),
        ("bars_1m", bars(), {"filters": {"x": 1}}, "filters= is for chains, not for bars_1m"),
        ("bars_1m", bars(), {"hours": "late"}, 'hours must be "regular" or "all", not \'late\''),
    ],
)  # fmt: skip
def test_what_may_not_be_written_is_named(dataset: str, frame: Any, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        _cut(dataset, frame, **asked)
    assert said in str(caught.value)


def test_the_same_print_may_come_twice() -> None:
    (piece,) = _cut("trades", pl.concat([trades(), trades()]))
    assert piece.frame.height == 6


# --- order ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "is_out"),
    [
        ([], False),
        ([(1, 1)], False),
        ([(1, 2), (1, 2), (2, 1)], False),
        ([(1, 2), (1, 1)], True),
        ([(2, 1), (1, 2)], True),
        ([(None, 5), (None, 6), (1, None), (1, 1)], False),
        ([(1, 1), (None, 1)], True),
        ([(1, 1), (1, None)], True),
        ([(None, None), (None, 1)], False),
    ],
)
def test_order_is_seen_with_nulls_first(rows: list[tuple[int | None, int | None]], is_out: bool) -> None:  # noqa: FBT001
    frame = pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.Int64}, orient="row")
    assert frame.select(is_out_of_order(("a", "b"))).item() is is_out
    assert frame.equals(frame.sort("a", "b")) is not is_out
