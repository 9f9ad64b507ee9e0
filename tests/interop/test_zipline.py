"""Bundles that zipline-reloaded really ingests, and small strategies that it runs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata.interop import lookahead, to_zipline
from tests.unit.interop.canonical import AUTUMN, HALF_DAY, SPRING, THANKSGIVING, actions, at, daily, intraday

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

pd = pytest.importorskip("pandas")
zipline = pytest.importorskip("zipline")
bundles = pytest.importorskip("zipline.data.bundles")
csvdir = pytest.importorskip("zipline.data.bundles.csvdir")
api = pytest.importorskip("zipline.api")

pytestmark = [
    pytest.mark.interop,
    pytest.mark.filterwarnings("ignore:DataFrameGroupBy.apply operated on the grouping columns:FutureWarning"),
]
SPLIT = {"symbol": "SPY", "ex_date": AUTUMN[2], "action": "split", "ratio": 4.0}
DIVIDEND = {"symbol": "SPY", "ex_date": AUTUMN[3], "action": "dividend", "amount": 0.25}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZIPLINE_ROOT", str(tmp_path / "zipline"))


def _run(folder: Path, days: Sequence[date], on_data: Callable[[Any, Any], None], symbol: str = "SPY") -> Any:
    """Ingest a folder and run a strategy that is called at each bar with its context and its data."""
    kind = "minute" if (folder / "minute").exists() else "daily"
    first, last = pd.Timestamp(days[0]), pd.Timestamp(days[-1])
    ingest = csvdir.csvdir_equities([kind], str(folder))
    bundles.register("quantdata", ingest, calendar_name="XNYS", start_session=first, end_session=last)

    def initialize(context: Any) -> None:
        context.asset, context.seen = api.symbol(symbol), []
        api.set_commission(zipline.finance.commission.NoCommission())
        api.set_slippage(zipline.finance.slippage.NoSlippage())

    try:
        bundles.ingest("quantdata", show_progress=False)
        return zipline.run_algorithm(
            start=first,
            end=last,
            initialize=initialize,
            handle_data=on_data,
            capital_base=100_000,
            bundle="quantdata",
            data_frequency=kind,
            benchmark_returns=pd.Series(0.0, index=pd.DatetimeIndex([pd.Timestamp(day) for day in days])),
        )
    finally:
        bundles.unregister("quantdata")


def _seeing(seen: list[tuple[Any, float]]) -> Callable[[Any, Any], None]:
    def on_data(context: Any, data: Any) -> None:
        seen.append((api.get_datetime(), data.current(context.asset, "price")))

    return on_data


@pytest.mark.parametrize("days", [AUTUMN, SPRING, THANKSGIVING])
def test_a_day_is_seen_at_its_close(days: tuple[date, ...], tmp_path: Path) -> None:
    seen: list[tuple[Any, float]] = []
    _run(to_zipline(daily("SPY", days), tmp_path), days, _seeing(seen))
    closes = [at(day, "13:00" if day == HALF_DAY else "16:00") for day in days]
    assert [(moment.to_pydatetime(), price) for moment, price in seen] == list(
        zip(closes, [100.0, 101.0, 102.0, 103.0], strict=True)
    )


@pytest.mark.parametrize("days", [AUTUMN[1:3], SPRING[1:3], THANKSGIVING[1:3]])
def test_a_minute_is_seen_at_its_end_and_never_before(days: tuple[date, ...], tmp_path: Path) -> None:
    frame = intraday("SPY", "1m", days)
    seen: list[tuple[Any, float]] = []
    _run(to_zipline(frame, tmp_path), days, _seeing(seen))
    ends = frame["ts"].dt.offset_by("1m").to_list()
    assert [moment.to_pydatetime() for moment, _ in seen] == ends
    assert [round(price, 3) for _, price in seen] == frame["close"].round(3).to_list()


def test_a_split_multiplies_shares_and_both_are_taken_off_past_prices(tmp_path: Path) -> None:
    after = pl.col("session") >= AUTUMN[2]
    prices = pl.col("open", "high", "low", "close")
    raw = daily("SPY", AUTUMN, price=lambda _: 100.0).with_columns(pl.when(after).then(prices / 4).otherwise(prices))
    pasts: list[list[float]] = []

    def buy_once(context: Any, data: Any) -> None:
        if not pasts:
            api.order(context.asset, 10)
        pasts.append(data.history(context.asset, "close", len(pasts) + 1, "1d").round(4).tolist())

    folder = to_zipline(raw, tmp_path, actions=actions(SPLIT, DIVIDEND))
    result = _run(folder, AUTUMN, buy_once)
    held = [sum(position["amount"] for position in day) for day in result["positions"]]
    assert held == [0, 10, 40, 40]
    # A dividend of 0.25 on 25.00 takes a hundredth off; each day knows of what had happened by then, not of more.
    assert pasts == [[100.0], [100.0, 100.0], [25.0, 25.0, 25.0], [24.75, 24.75, 24.75, 25.0]]
    # csvdir knows no pay dates: the 40 shares' 10 USD never come, which the report says.
    assert result["portfolio_value"].round(2).tolist() == [100_000] * 4
    assert any("never pays dividends in cash" in trap for trap in lookahead(folder).traps)


def test_a_split_in_a_minute_bundle_multiplies_shares_too(tmp_path: Path) -> None:
    def buy_once(context: Any, _: Any) -> None:
        if not context.seen:
            context.seen.append(api.order(context.asset, 10))

    folder = to_zipline(intraday("SPY", "1m", AUTUMN[:3]), tmp_path, actions=actions(SPLIT))
    result = _run(folder, AUTUMN[:3], buy_once)
    assert [sum(position["amount"] for position in day) for day in result["positions"]] == [10, 10, 40]


def test_a_session_that_was_filled_is_there_without_a_trade(tmp_path: Path) -> None:
    lacking = daily("SPY", AUTUMN).filter(pl.col("session") != AUTUMN[1])
    seen: list[tuple[Any, float]] = []
    _run(to_zipline(lacking, tmp_path, fill="previous_close"), AUTUMN, _seeing(seen))
    assert [price for _, price in seen] == [100.0, 100.0, 102.0, 103.0]


def test_a_share_class_is_found_under_its_dash(tmp_path: Path) -> None:
    seen: list[tuple[Any, float]] = []
    _run(to_zipline(daily("BRK.B", AUTUMN), tmp_path), AUTUMN, _seeing(seen), symbol="BRK-B")
    assert len(seen) == 4
