"""The lake as its users see it: what is written comes back, by day and symbol, and what is lacking is known."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import quantdata as qd
from quantdata.errors import ArgumentError
from quantdata.frames.columns import CORPORATE_ACTIONS, LAKE_GAPS, LAKE_PIECES, schema
from quantdata.lake import DATASETS, Lake
from tests.unit.lake.frames import NOON, bars, chain, flow, indices, later, quotes, trades

if TYPE_CHECKING:
    from collections.abc import Callable

WALL = datetime(2026, 11, 18, 22, tzinfo=UTC)
TUESDAY, WEDNESDAY = date(2026, 11, 17), date(2026, 11, 18)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", wall=lambda: WALL)


def _kept(lake: Lake, dataset: str, **asked: Any) -> pl.DataFrame:
    return lake.scan(dataset, **asked).collect()


# --- where it is ----------------------------------------------------------------------------------------------------


def test_the_lake_is_public() -> None:
    assert qd.Lake is Lake


def test_a_lake_is_where_it_is_told_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Lake().path == tmp_path / "data" / "lake"
    assert Lake("here").path == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert Lake("~/lake").path == tmp_path / "home" / "lake"
    monkeypatch.setenv("QUANTDATA_LAKE", "/elsewhere")
    assert Lake().path == Path("/elsewhere")


def test_a_lake_shows_its_folder() -> None:
    assert repr(Lake("/data/lake")) == "Lake('/data/lake')"


@pytest.mark.parametrize("path", ["", " ", 5, b"lake"])
def test_a_path_that_is_none_is_refused(path: Any) -> None:
    with pytest.raises(ArgumentError, match="a lake's path is a folder such as 'data/lake'"):
        Lake(path)


def test_nothing_is_made_before_the_first_write(lake: Lake) -> None:
    assert _kept(lake, "chains").is_empty()
    assert lake.coverage().is_empty()
    assert lake.gaps("bars_1m", "SPY", TUESDAY, TUESDAY).height == 1
    assert lake.write("bars_1m", bars().clear()).is_empty()
    assert not lake.path.exists()


# --- what is written comes back -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "frame", "asked"),
    [
        ("chains", chain(), {}),
        ("chains", chain("SPX", source="hybrid", multiplier=100), {"filters": {"dte": (0, 7)}}),
        ("bars_1m", bars("SPY"), {"hours": "all"}),
        ("bars_1d", bars("I:NDX", count=1), {}),
        ("trades", trades(), {}),
        ("quotes", quotes("AAPL", "SPY"), {}),
        ("indices", indices("NDX", "SPX"), {}),
        ("flow", flow("SPY261218C00600000"), {"underlying": "SPY"}),
    ],
)
def test_every_dataset_comes_back_as_it_was_written(
    lake: Lake, dataset: str, frame: pl.DataFrame, asked: dict[str, Any]
) -> None:
    (written,) = lake.write(dataset, frame, **asked).iter_rows(named=True)
    assert (written["dataset"], written["rows"]) == (dataset, frame.height)
    found = _kept(lake, dataset)
    assert found.get_column("date").to_list() == [written["date"]] * frame.height
    assert_frame_equal(found.drop("date"), frame)
    assert_frame_equal(lake.coverage(dataset), lake.coverage().filter(pl.col("dataset") == dataset))


@pytest.mark.parametrize("dataset", DATASETS)
def test_what_is_not_there_has_the_same_columns(lake: Lake, dataset: str) -> None:
    nothing = _kept(lake, dataset)
    assert nothing.is_empty()
    assert nothing.schema == pl.Schema({**DATASETS[dataset].schema, "date": pl.Date()})


def test_a_piece_tells_all_that_is_known_of_it(lake: Lake) -> None:
    (piece,) = lake.write("bars_5m", bars("SPY", feed="simulated"), hours="all").iter_rows(named=True)
    file = lake.path / "bars_5m" / "date=2026-11-17" / "part-SPY.parquet"
    assert len(piece.pop("content_hash")) == 64
    assert piece == {
        "dataset": "bars_5m",
        "date": TUESDAY,
        "key": "SPY",
        "symbol": "SPY",
        "rows": 3,
        "bytes": file.stat().st_size,
        "first_ts": datetime(2026, 11, 17, 14, 30, tzinfo=UTC),
        "last_ts": datetime(2026, 11, 17, 14, 32, tzinfo=UTC),
        "hours": "all",
        "filters": None,
        "sources": '{"massive": 3}',
        "feed": "simulated",
        "is_simulated": True,
        "schema_version": 1,
        "written_ts": WALL,
    }


def test_what_write_returns_is_what_coverage_knows_also_from_footers_alone(lake: Lake) -> None:
    written = pl.concat(
        [
            lake.write("bars_1m", bars("QQQ", "SPY", days=["2026-11-16", "2026-11-17"])),
            lake.write("chains", chain(), filters={"dte": (0, 7)}),
            lake.write("flow", flow("SPY261218C00600000"), underlying="SPY"),
            lake.write("quotes", quotes("SPY")),
        ]
    )
    assert written.schema == schema(LAKE_PIECES)
    expected = written.sort("dataset", "date", "key")
    assert_frame_equal(lake.coverage(), expected)
    for file in (lake.path / "_meta").glob("ledger*"):
        file.unlink()
    assert_frame_equal(lake.coverage(), expected)
    assert_frame_equal(lake.coverage(), expected)


def test_writing_again_replaces(lake: Lake) -> None:
    lake.write("bars_1m", bars("SPY", close=100.0))
    lake.write("bars_1m", bars("SPY", close=101.0, count=5))
    assert _kept(lake, "bars_1m").get_column("close").to_list() == [101.0] * 5
    assert lake.coverage().get_column("rows").to_list() == [5]


def test_the_same_rows_have_the_same_hash_whenever_they_are_written(tmp_path: Path) -> None:
    early, late = Lake(tmp_path / "a", wall=lambda: NOON), Lake(tmp_path / "b", wall=lambda: WALL)
    hashes = {lake.write("chains", chain()).item(0, "content_hash") for lake in (early, late)}
    assert len(hashes) == 1


def test_rows_are_kept_in_order_whatever_order_they_come_in(lake: Lake) -> None:
    lake.write("chains", chain().reverse())
    lake.write("bars_1m", bars("QQQ", "SPY").reverse())
    assert_frame_equal(_kept(lake, "chains").drop("date"), chain())
    assert_frame_equal(_kept(lake, "bars_1m").drop("date"), bars("QQQ", "SPY"))


def test_a_chain_that_was_narrowed_stands_beside_the_whole_one(lake: Lake) -> None:
    lake.write("chains", chain(strikes=5))
    lake.write("chains", chain(strikes=1), filters={"strikes": (600, 600)})
    lake.write("chains", chain(strikes=1), filters={"strikes": (600, 600)})
    assert lake.coverage("chains").select("rows", "filters").rows() == [(10, None), (2, '{"strikes": [600, 600]}')]


def test_quotes_of_other_symbols_at_the_same_moment_are_another_piece(lake: Lake) -> None:
    lake.write("quotes", quotes("SPY", "AAPL"))
    lake.write("quotes", quotes("AAPL", "SPY"))
    lake.write("quotes", quotes("QQQ"))
    assert lake.coverage("quotes").get_column("rows").sort().to_list() == [1, 2]


def test_the_session_of_a_snapshot_is_that_of_new_york(lake: Lake) -> None:
    lake.write("chains", chain(at=datetime(2026, 11, 19, 1, tzinfo=UTC)))
    lake.write("trades", trades(at=datetime(2026, 11, 19, 1, tzinfo=UTC)))
    assert lake.coverage().get_column("date").to_list() == [WEDNESDAY, WEDNESDAY]


@pytest.mark.parametrize("symbol", ["BRK.B", "I:NDX", "BIPpB", "A-B", "../../x", "a b", "Ü", "CON", "date=1"])
def test_any_symbol_has_a_file_of_its_own_in_its_folder(lake: Lake, symbol: str) -> None:
    lake.write("bars_1d", bars(symbol, count=1))
    lake.write("bars_1d", bars("OTHER", count=1))
    assert _kept(lake, "bars_1d", symbols=symbol).get_column("symbol").to_list() == [symbol]
    assert {path.parent.name for path in lake.path.rglob("*.parquet")} == {"date=2026-11-17"}
    (lake.path / "_meta" / "ledger.sqlite").unlink()
    assert set(lake.coverage().get_column("symbol")) == {symbol, "OTHER"}


@pytest.mark.parametrize("folder", ["env=prod", "date=2020-01-01", "symbol=QQQ", "a b/[x]*?{1,2}", "lüke%41"])
def test_a_lake_may_be_in_a_folder_of_any_name(tmp_path: Path, folder: str) -> None:
    lake = Lake(tmp_path / folder / "lake")
    lake.write("bars_1d", bars("SPY", days=["2026-11-16", "2026-11-17"], count=1))
    lake.keep_corporate_actions("SPY", pl.DataFrame(schema=schema(CORPORATE_ACTIONS)), asked_on=TUESDAY)
    found = _kept(lake, "bars_1d")
    assert_frame_equal(found.drop("date"), bars("SPY", days=["2026-11-16", "2026-11-17"], count=1))
    assert found.get_column("date").to_list() == [date(2026, 11, 16), TUESDAY]
    assert _kept(lake, "bars_1d", start=TUESDAY).filter(pl.col("date") == TUESDAY).height == 1
    assert lake.verify().is_empty()
    assert lake.coverage().height == 2
    assert lake.corporate_actions("SPY") is not None


# --- some of it -----------------------------------------------------------------------------------------------------


def test_days_are_inclusive_at_both_ends(lake: Lake) -> None:
    days = ["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"]
    lake.write("bars_1d", bars("SPY", days=days, count=1))
    found = _kept(lake, "bars_1d", start="2026-11-17", end=date(2026, 11, 18))
    assert found.get_column("date").to_list() == [TUESDAY, WEDNESDAY]
    assert lake.coverage("bars_1d", start="2026-11-17", end="2026-11-18").height == 2
    assert _kept(lake, "bars_1d", start="2026-11-18").height == 2
    assert _kept(lake, "bars_1d", end="2026-11-16").height == 1


@pytest.mark.parametrize("symbols", ["SPY", ["SPY"], ("SPY", "NONE", "SPY"), iter(["SPY"])])
def test_only_files_of_the_symbols_asked_for_are_read(lake: Lake, symbols: Any) -> None:
    lake.write("bars_1m", bars("SPY", "SPYG", "QQQ"))
    found = lake.scan("bars_1m", symbols=symbols)
    assert "part-SPY.parquet" in found.explain()
    assert "QQQ" not in found.explain()
    assert found.collect().get_column("symbol").unique().to_list() == ["SPY"]


def test_snapshots_are_found_by_their_underlying(lake: Lake) -> None:
    for underlying in ("SPX", "SPXW", "SPY"):
        lake.write("chains", chain(underlying))
        lake.write("chains", chain(underlying, at=later(NOON, minutes=5)), filters={"dte": 0})
        lake.write("flow", flow(f"{underlying}261218C00600000"), underlying=underlying)
    assert _kept(lake, "chains", symbols="SPX").get_column("underlying_symbol").unique().to_list() == ["SPX"]
    assert _kept(lake, "chains", symbols="SPX").height == 12
    assert _kept(lake, "flow", symbols=["SPY"]).get_column("contract_symbol").to_list() == ["SPY261218C00600000"]
    assert lake.coverage("chains", symbols=["SPX", "SPY"]).height == 4


def test_quotes_are_narrowed_row_by_row(lake: Lake) -> None:
    lake.write("quotes", quotes("AAPL", "SPY"))
    lake.write("quotes", quotes("QQQ"))
    assert _kept(lake, "quotes", symbols=["SPY", "QQQ"]).get_column("symbol").sort().to_list() == ["QQQ", "SPY"]
    assert lake.coverage("quotes", symbols="SPY").height == 2


def test_no_symbol_is_nothing(lake: Lake) -> None:
    lake.write("bars_1m", bars("SPY"))
    lake.write("quotes", quotes("SPY"))
    assert _kept(lake, "bars_1m", symbols=[]).is_empty()
    assert _kept(lake, "quotes", symbols=[]).is_empty()


def test_a_filter_on_the_date_leaves_other_files_alone(lake: Lake) -> None:
    lake.write("bars_1d", bars("SPY", days=["2026-11-16", "2026-11-17", "2026-11-18"], count=1))
    plan = lake.scan("bars_1d").filter(pl.col("date") == TUESDAY).explain()
    assert plan.count("part-SPY.parquet") == 1
    assert "date=2026-11-17" in plan


# --- what is lacking ------------------------------------------------------------------------------------------------


def test_each_weekday_without_a_piece_is_a_gap_with_its_reason(lake: Lake) -> None:
    lake.write("bars_1m", bars("SPY", days=["2026-11-24", "2026-11-25"]))
    lake.note_gap("bars_1m", "SPY", "2026-11-27", "halted", detail="until noon")
    found = lake.gaps("bars_1m", "SPY", "2026-11-23", "2026-11-30")
    assert found.schema == schema(LAKE_GAPS)
    assert found.select("date", "reason", "detail", "asked_ts").rows() == [
        (date(2026, 11, 23), "not_asked", None, None),
        (date(2026, 11, 26), "holiday", "Thanksgiving Day", None),
        (date(2026, 11, 27), "halted", "until noon", WALL),
        (date(2026, 11, 30), "not_asked", None, None),
    ]


def test_gaps_are_of_each_symbol_and_dataset_apart(lake: Lake) -> None:
    lake.write("bars_1m", bars("SPY"))
    lake.note_gaps("bars_1m", "QQQ", {TUESDAY: "no_trades", WEDNESDAY: "failed"}, detail="asked twice")
    lake.note_gap("bars_5m", "SPY", TUESDAY, "not_entitled")
    assert lake.gaps("bars_1m", ["SPY", "QQQ"], TUESDAY, WEDNESDAY).select("symbol", "date", "reason").rows() == [
        ("QQQ", TUESDAY, "no_trades"),
        ("QQQ", WEDNESDAY, "failed"),
        ("SPY", WEDNESDAY, "not_asked"),
    ]
    assert lake.gaps("bars_5m", "SPY", TUESDAY, TUESDAY).get_column("reason").to_list() == ["not_entitled"]


def test_the_newest_reason_counts_until_there_is_a_piece(lake: Lake) -> None:
    lake.note_gap("trades", "SPY", WEDNESDAY, "failed")
    lake.note_gap("trades", "SPY", WEDNESDAY, "no_trades")
    assert lake.gaps("trades", "SPY", WEDNESDAY, WEDNESDAY).item(0, "reason") == "no_trades"
    lake.write("trades", trades())
    assert lake.gaps("trades", "SPY", WEDNESDAY, WEDNESDAY).is_empty()


# --- what makes no sense --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda lake: lake.scan("bars"), "no dataset 'bars': there are chains, bars_1m, .*bars_1d, trades, quotes"),
        (lambda lake: lake.coverage(["bars_1m"]), "no dataset"),
        (lambda lake: lake.scan("chains", start="18.11.2026"), "start is a day such as"),
        (lambda lake: lake.scan("chains", start=NOON), "start is a day such as"),
        (lambda lake: lake.coverage("chains", end=5), "end is a day such as"),
        (lambda lake: lake.scan("chains", start="2026-11-18", end="2026-11-17"), "start 2026-11-18 is after end"),
        (lambda lake: lake.scan("chains", symbols=5), "symbols are texts such as 'SPY', not 5"),
        (lambda lake: lake.scan("chains", symbols=["SPY", ""]), "symbols are texts"),
        (lambda lake: lake.scan("chains", symbols=b"SPY"), "symbols are texts"),
        (lambda lake: lake.gaps("chains", "SPY", TUESDAY, TUESDAY), "gaps are of bars and trades"),
        (lambda lake: lake.gaps("bars_1m", [], TUESDAY, TUESDAY), "symbols is empty"),
        (lambda lake: lake.gaps("bars_1m", "SPY", WEDNESDAY, TUESDAY), "is after end"),
        (lambda lake: lake.gaps("bars_1m", "SPY", "1999-01-01", TUESDAY), "outside the calendar"),
        (lambda lake: lake.note_gap("quotes", "SPY", TUESDAY, "failed"), "gaps are of bars and trades"),
        (lambda lake: lake.note_gap("bars_1m", "SPY", TUESDAY, "not_asked"), "no reason not_asked: there are holiday"),
        (lambda lake: lake.note_gap("bars_1m", "SPY", NOON, "failed"), "day is a day"),
        (lambda lake: lake.note_gap("bars_1m", "", TUESDAY, "failed"), "symbols are texts"),
        (lambda lake: lake.note_gap("bars_1m", ["A", "B"], TUESDAY, "failed"), "symbols are texts"),
    ],
)
def test_arguments_that_make_no_sense_are_named(lake: Lake, call: Callable[[Any], object], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        call(lake)
    assert not lake.path.exists()


def test_a_lake_travels_to_another_process(tmp_path: Path) -> None:
    assert pickle.loads(pickle.dumps(Lake(tmp_path))).path == tmp_path  # noqa: S301  # our own
