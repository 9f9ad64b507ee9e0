"""Other people's programs read a lake: the same rows, the same types, and of the days asked for alone."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest
from polars.testing import assert_frame_equal

from quantdata.lake import DATASETS, Lake
from tests.unit.lake.frames import bars, chain, flow, indices, quotes, trades

if TYPE_CHECKING:
    from pathlib import Path

DAYS: Final = ["2026-11-16", "2026-11-17", "2026-11-18"]
TUESDAY: Final = date(2026, 11, 17)
ALL: Final = ("bars_1m", "chains", "trades", "quotes", "indices", "flow")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake of everything, in which a killed writer and a careful owner have left things."""
    lake = Lake(tmp_path / "lake")
    lake.write("bars_1m", bars("I:NDX", "SPY", days=DAYS))
    lake.write("chains", chain())
    lake.write("trades", trades())
    lake.write("quotes", quotes("SPY", "QQQ"))
    lake.write("indices", indices("SPX"))
    lake.write("flow", flow("SPY261218C00600000"), underlying="SPY")
    (lake.path / "_meta" / "staging" / "0123").write_bytes(b"PAR1 half of something")
    aside = lake.path / "_meta" / "quarantine" / "bars_1m" / "date=2026-11-17"
    aside.mkdir(parents=True)
    (aside / "part-SPY.parquet").write_bytes(b"nobody reads this")
    (lake.path / "README.md").write_text("This lake is mine.")
    return lake


def _text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows as a file has them: words as text."""
    words = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Enum)]
    return frame.with_columns(pl.col(words).cast(pl.String))


def _kept(lake: Lake, dataset: str) -> pl.DataFrame:
    return _text(lake.scan(dataset).collect())


def _ordered(frame: pl.DataFrame, dataset: str) -> pl.DataFrame:
    symbols = [name for name in ("underlying_symbol", "symbol") if name in frame.columns]
    return frame.sort("date", *dict.fromkeys([*symbols, *DATASETS[dataset].sort]))


# --- polars ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", ALL)
def test_plain_polars_reads_the_same_rows_from_the_folder(lake: Lake, dataset: str) -> None:
    found = pl.read_parquet(lake.path / dataset, hive_partitioning=True)
    assert_frame_equal(_ordered(found, dataset), _ordered(_kept(lake, dataset), dataset))


def test_plain_polars_leaves_other_days_alone(lake: Lake) -> None:
    plan = pl.scan_parquet(lake.path / "bars_1m", hive_partitioning=True).filter(pl.col("date") == TUESDAY).explain()
    assert plan.count("date=2026-11-17") == 2
    assert "date=2026-11-16" not in plan


# --- pyarrow --------------------------------------------------------------------------------------------------------


def _opened(lake: Lake, dataset: str) -> Any:
    by_day = ds.partitioning(pa.schema([("date", pa.date32())]), flavor="hive")
    return ds.dataset(lake.path / dataset, partitioning=by_day)


@pytest.mark.parametrize("dataset", ALL)
def test_pyarrow_reads_the_same_rows(lake: Lake, dataset: str) -> None:
    found = pl.DataFrame(_opened(lake, dataset).to_table())
    assert_frame_equal(_ordered(found, dataset), _ordered(_kept(lake, dataset), dataset))


@pytest.mark.parametrize("dataset", ALL)
def test_pyarrow_sees_text_lists_and_moments_as_such(lake: Lake, dataset: str) -> None:
    types = {field.name: str(field.type) for field in _opened(lake, dataset).schema}
    assert not [name for name, kind in types.items() if "dictionary" in kind]
    assert {kind for kind in types.values() if kind.startswith("timestamp")} == {
        "timestamp[ns, tz=UTC]" if dataset == "trades" else "timestamp[us, tz=UTC]"
    }


def test_pyarrow_leaves_other_days_alone(lake: Lake) -> None:
    of_the_day = list(_opened(lake, "bars_1m").get_fragments(pc.field("date") == pa.scalar(TUESDAY)))
    assert [fragment.path.split("/")[-2] for fragment in of_the_day] == ["date=2026-11-17"] * 2


# --- DuckDB ---------------------------------------------------------------------------------------------------------


def _files(lake: Lake, dataset: str) -> str:
    return f"read_parquet('{lake.path}/{dataset}/*/*.parquet', hive_partitioning = true)"


@pytest.mark.parametrize("dataset", ALL)
def test_duckdb_reads_the_same_rows(lake: Lake, dataset: str) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        found = pl.DataFrame(connection.sql(f"select * from {_files(lake, dataset)}").to_arrow_table())  # noqa: S608
    expected = _kept(lake, dataset)
    assert_frame_equal(_ordered(found.cast(expected.schema), dataset), _ordered(expected, dataset))
    types = {name: dtype for name, dtype in found.schema.items() if not isinstance(dtype, pl.Datetime)}
    assert types == {name: dtype for name, dtype in expected.schema.items() if not isinstance(dtype, pl.Datetime)}


def test_duckdb_leaves_other_days_alone(lake: Lake) -> None:
    duckdb = pytest.importorskip("duckdb")
    query = f"select count(*) from {_files(lake, 'bars_1m')} where date = date '2026-11-17'"  # noqa: S608
    with duckdb.connect() as connection:
        ((count,),) = connection.execute(query).fetchall()
        ((_, plan),) = connection.execute(f"explain analyze {query}").fetchall()
    assert count == 6
    assert "Scanning Files: 2/6" in " ".join(plan.replace("│", " ").split())


def test_duckdb_sees_the_units_in_a_footer(lake: Lake) -> None:
    duckdb = pytest.importorskip("duckdb")
    file = f"{lake.path}/bars_1m/date=2026-11-17/part-SPY.parquet"
    with duckdb.connect() as connection:
        rows = connection.execute(f"select key, value from parquet_kv_metadata('{file}')").fetchall()  # noqa: S608
    said = {key.decode(): value.decode() for key, value in rows}
    assert said["quantdata.is_simulated"] == "false"
    assert '"close": "USD per share"' in said["quantdata.units"]


# --- pandas and Dask ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", ALL)
def test_pandas_reads_the_same_rows(lake: Lake, dataset: str) -> None:
    pandas = pytest.importorskip("pandas")
    found = pandas.read_parquet(lake.path / dataset)
    assert not [name for name, dtype in found.dtypes.items() if name != "date" and str(dtype) == "category"]
    expected = _kept(lake, dataset)
    # A day from the path is a category of texts to pandas; counts with gaps are floats.
    rows = pl.from_pandas(found.assign(date=pandas.to_datetime(found["date"].astype(str)))).cast(expected.schema)
    assert_frame_equal(_ordered(rows, dataset), _ordered(expected, dataset))


def test_pandas_reads_one_day_alone(lake: Lake) -> None:
    pandas = pytest.importorskip("pandas")
    (lake.path / "bars_1m" / "date=2026-11-16" / "part-SPY.parquet").write_bytes(b"whoever opens this fails")
    found = pandas.read_parquet(lake.path / "bars_1m", filters=[("date", "=", "2026-11-17")])
    assert len(found) == 6


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # Dask's own with pandas 3.1
def test_dask_reads_the_same_rows_and_one_day_in_as_many_parts_as_it_has_files(lake: Lake) -> None:
    pytest.importorskip("pandas")
    frames = pytest.importorskip("dask.dataframe")
    everything = frames.read_parquet(lake.path / "bars_1m")
    assert everything.npartitions == 6
    assert everything["close"].sum().compute(scheduler="synchronous") == 1_800.0
    one_day = frames.read_parquet(lake.path / "bars_1m", filters=[("date", "==", "2026-11-17")])
    assert one_day.npartitions == 2
    assert set(one_day["symbol"].compute(scheduler="synchronous")) == {"I:NDX", "SPY"}
    assert str(one_day.dtypes["feed"]) == "string"


# --- strangers in the folder ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stray", ["_SUCCESS", "_manifest.json", ".x.parquet", "_x.parquet", "x.parquet.tmp", ".tmp-x"])
def test_our_own_scan_does_not_mind_what_others_stumble_over(lake: Lake, stray: str) -> None:
    expected = lake.scan("bars_1m").collect()
    for folder in (lake.path / "bars_1m", lake.path / "bars_1m" / "date=2026-11-17"):
        (folder / stray).write_bytes(b"whoever opens this fails")
    assert_frame_equal(lake.scan("bars_1m").collect(), expected)
    assert lake.coverage("bars_1m").height == 6
