"""What goes to the engines that take pandas frames."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING

import polars as pl
import pytest

from quantdata.errors import ArgumentError
from quantdata.interop import lookahead, to_backtesting, to_optopsy, to_vectorbt
from tests.unit.interop.canonical import AUTUMN, HALF_DAY, THANKSGIVING, at, contract, daily, intraday, snapshot

if TYPE_CHECKING:
    from pathlib import Path

pd = pytest.importorskip("pandas")

DAYS = (date(2026, 11, 2), date(2026, 11, 3), date(2026, 11, 4))


# --- backtesting.py -------------------------------------------------------------------------------------------------


def test_backtesting_gets_title_case_floats_in_new_york_time() -> None:
    prices = to_backtesting(intraday("SPY", "5m", AUTUMN))
    assert list(prices.columns) == ["Open", "High", "Low", "Close", "Volume"]
    assert {str(kind) for kind in prices.dtypes} == {"float64"}
    assert str(prices.index.dtype) == "datetime64[ns, America/New_York]"
    assert not prices.isna().any().any()
    assert prices.iloc[0].tolist() == [99.5, 100.25, 99.25, 100.0, 1000.0]
    assert [str(each) for each in prices.index[[0, -1]]] == ["2026-10-29 09:30:00-04:00", "2026-11-03 15:55:00-05:00"]


def test_backtesting_gets_days_as_dates() -> None:
    prices = to_backtesting(daily("SPY", THANKSGIVING))
    assert str(prices.index.dtype) == "datetime64[ns]"
    assert [each.date() for each in prices.index] == list(THANKSGIVING)
    ends = to_backtesting(daily("SPY", THANKSGIVING), label="end").index
    assert [str(each) for each in ends[1:3]] == ["2026-11-25 16:00:00-05:00", "2026-11-27 13:00:00-05:00"]


def test_an_index_has_no_volume_for_backtesting() -> None:
    assert "Volume" not in to_backtesting(daily("SPX", AUTUMN, volume=None)).columns


def test_backtesting_trades_one_instrument() -> None:
    with pytest.raises(ArgumentError, match=r"here are QQQ, SPY: bars.filter\(symbol='QQQ'\)"):
        to_backtesting(pl.concat([daily("QQQ", AUTUMN), daily("SPY", AUTUMN)]))


def test_the_report_travels_with_the_frame_and_into_parquet(tmp_path: Path) -> None:
    prices = to_backtesting(intraday("SPY", "5m", AUTUMN).filter(pl.col("session") != AUTUMN[1]), fill="previous_close")
    report = lookahead(prices)
    assert (report.engine, report.filled_rows, report.label) == ("backtesting", 78, "start")
    assert lookahead(prices[prices["Volume"] > 0]) == report
    prices.to_parquet(tmp_path / "prices.parquet")
    assert lookahead(pd.read_parquet(tmp_path / "prices.parquet")) == report


# --- vectorbt -------------------------------------------------------------------------------------------------------


def test_vectorbt_gets_a_wide_frame_per_field_on_one_index() -> None:
    lacking = intraday("QQQ", "5m", AUTUMN).filter(pl.col("ts") != at(AUTUMN[0], "10:00"))
    prices = to_vectorbt(pl.concat([intraday("SPY", "5m", AUTUMN), lacking]))
    frames = (prices.open, prices.high, prices.low, prices.close, prices.volume)
    assert all(list(frame.columns) == ["SPY", "QQQ"] and frame.index.equals(prices.close.index) for frame in frames)
    assert prices.close.shape == (4 * 78, 2)
    assert (prices.close.isna().sum().tolist(), prices.freq) == ([0, 1], "5min")
    assert prices.close.index.is_monotonic_increasing
    assert lookahead(prices).no_trade_windows == 1


def test_vectorbt_gets_gaps_filled_when_asked() -> None:
    lacking = intraday("SPY", "5m", AUTUMN).filter(pl.col("ts") != at(AUTUMN[0], "10:00"))
    prices = to_vectorbt(lacking, fill="previous_close", label="end")
    moment = pd.Timestamp("2026-10-29 10:05", tz="America/New_York")
    assert (prices.close.loc[moment, "SPY"], prices.volume.loc[moment, "SPY"]) == (100.05, 0.0)


@pytest.mark.parametrize("timeframe", ["1m", "5m", "15m", "30m", "1h"])
def test_the_frequency_is_one_that_pandas_reads(timeframe: str) -> None:
    prices = to_vectorbt(intraday("SPY", timeframe, AUTUMN))
    assert pd.Timedelta(prices.freq) == prices.close.index[1] - prices.close.index[0]


def test_days_and_weeks_have_a_frequency_too() -> None:
    weeks = daily("SPY", (date(2026, 11, 2), date(2026, 11, 9)))
    assert (to_vectorbt(daily("SPY", AUTUMN)).freq, to_vectorbt(weeks).freq) == ("1D", "7D")


# --- optopsy --------------------------------------------------------------------------------------------------------


def _history() -> pl.DataFrame:
    both = [contract(690.0), contract(690.0, "put", delta=-0.5)]
    return pl.concat([snapshot(day, clock, both) for day in DAYS for clock in ("10:00", "15:45")])


def test_optopsy_gets_texts_naive_days_and_floats() -> None:
    options = to_optopsy(_history())
    assert options.dtypes.astype(str).to_dict() == {
        "underlying_symbol": str(pd.Series(["SPY"]).dtype),
        "underlying_price": "float64",
        "option_type": str(pd.Series(["call"]).dtype),
        "expiration": "datetime64[ns]",
        "quote_date": "datetime64[ns]",
        **dict.fromkeys(("strike", "bid", "ask", "delta", "gamma", "theta", "vega"), "float64"),
        **dict.fromkeys(("implied_volatility", "volume", "open_interest"), "float64"),
    }
    assert options["option_type"].tolist() == ["call", "put"] * 3
    assert [each.date() for each in options["quote_date"].unique()] == list(DAYS)


def test_optopsy_gets_one_snapshot_a_session() -> None:
    early = _history().with_columns(bid=pl.when(pl.col("snapshot_ts").dt.hour() < 17).then(1.0).otherwise(2.0))
    newest, at_noon = to_optopsy(early), to_optopsy(early, at=time(12))
    assert newest["bid"].unique().tolist() == [2.0]
    assert at_noon["bid"].unique().tolist() == [1.0]
    told = lookahead(newest).traps
    assert any("between 15:45 and 15:45 New York" in trap for trap in told)
    assert any("3 more snapshots are left out" in trap for trap in told)


def test_snapshots_of_no_session_are_left_out() -> None:
    saturday = snapshot(date(2026, 11, 7), "12:00", [contract(690.0)])
    options = to_optopsy(pl.concat([_history(), saturday]))
    assert options["quote_date"].max().date() == DAYS[-1]


def test_open_interest_of_the_session_before_stays() -> None:
    chains = pl.concat(
        [snapshot(day, "15:45", [contract(690.0, open_interest=100 * n)]) for n, day in enumerate(DAYS, start=1)]
    )
    options = to_optopsy(chains)
    assert options["open_interest"].tolist() == [100.0, 200.0, 300.0]
    assert lookahead(options).open_interest_lag == 1


def test_open_interest_of_the_quotes_own_session_is_shifted_and_reported() -> None:
    chains = pl.concat(
        [
            snapshot(day, "15:45", [contract(690.0, open_interest=100 * n)], open_interest_date=day)
            for n, day in enumerate(DAYS, start=1)
        ]
    )
    options = to_optopsy(chains)
    assert pd.isna(options["open_interest"][0])
    assert options["open_interest"].tolist()[1:] == [100.0, 200.0]
    report = lookahead(options)
    assert report.open_interest_lag == 1
    assert any("is replaced by that of the session before in 3 rows" in trap for trap in report.traps)


def test_open_interest_of_an_unknown_session_has_no_lag() -> None:
    options = to_optopsy(snapshot(DAYS[0], "08:00", [contract(690.0)], open_interest_date=None))
    assert (lookahead(options).open_interest_lag, options["open_interest"].tolist()) == (None, [500.0])


def test_the_volume_of_an_old_session_counts_as_none() -> None:
    rows = [contract(690.0), contract(700.0), contract(710.0)]
    days = pl.Series("day_session", [DAYS[1], DAYS[0], None])
    options = to_optopsy(snapshot(DAYS[1], "15:45", rows).with_columns(days))
    assert options["volume"].fillna(-1).tolist() == [40.0, 0.0, -1.0]


def test_series_of_one_underlying_stay_apart() -> None:
    third_friday = date(2026, 11, 20)
    rows = [contract(6900.0, underlying="SPX", root=root, expiration=third_friday) for root in ("SPX", "SPXW")]
    options = to_optopsy(snapshot(DAYS[0], "15:45", rows))
    assert options["underlying_symbol"].tolist() == ["SPX", "SPXW"]
    assert lookahead(options).symbols == ("SPX", "SPXW")
    assert any("series of SPX share dates and strikes" in trap for trap in lookahead(options).traps)


def test_adjusted_contracts_and_rows_without_a_quote_are_left_out() -> None:
    rows = [
        contract(690.0),
        contract(690.0, root="SPY1", is_adjusted=True),
        contract(700.0, bid=None),
        contract(710.0, underlying_price=None),
        contract(720.0, bid=0.0, ask=0.05),
    ]
    options = to_optopsy(snapshot(DAYS[0], "15:45", rows))
    assert options["strike"].tolist() == [690.0, 720.0]
    assert options["underlying_symbol"].tolist() == ["SPY", "SPY"]
    report = lookahead(options)
    assert report.dropped_rows == 2
    assert any("1 rows of adjusted contracts are left out" in trap for trap in report.traps)


def test_quotes_that_cannot_be_right_are_told() -> None:
    rows = [contract(690.0, quote_confidence=0), contract(700.0, quote_confidence=95)]
    options = to_optopsy(snapshot(DAYS[0], "15:45", rows))
    assert len(options) == 2
    assert any("quotes of 1 rows cannot be right" in trap for trap in lookahead(options).traps)


def test_a_missing_session_is_named_since_optopsy_drops_its_trades() -> None:
    report = lookahead(to_optopsy(_history().filter(pl.col("snapshot_ts").dt.date() != DAYS[1])))
    assert report.missing_sessions == {"SPY": (DAYS[1],)}
    assert any("not in optopsy's result" in trap for trap in report.traps)


def test_a_half_day_counts_by_its_last_snapshot() -> None:
    options = to_optopsy(snapshot(HALF_DAY, "13:14", [contract(690.0)]), at=time(15, 45))
    assert options["quote_date"][0].date() == HALF_DAY


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (daily("SPY", AUTUMN), "chains are needed here, not bars"),
        (snapshot(DAYS[0], "15:45", [contract(690.0, bid=None)]), "no contract of these chains"),
        (snapshot(DAYS[0], "15:45", [contract(690.0)]).clear(), "no contract of these chains"),
    ],
)
def test_what_optopsy_cannot_use_is_refused(frame: pl.DataFrame, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        to_optopsy(frame)
