"""Counters: they rise from any thread, come in one order, and are few."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest

from quantdata.wire.massive import endpoints as massive
from quantdata.wire.metrics import METRICS, Count, MetricName, Metrics, path_template
from quantdata.wire.tradier import endpoints as tradier

CHAIN = "/v3/snapshot/options/*"


def test_every_name_has_a_unit_and_a_meaning() -> None:
    assert set(METRICS) == set(get_args(MetricName))
    assert all(metric.unit and metric.meaning for metric in METRICS.values())


def test_counters_rise_apart_by_all_that_tells_them_apart() -> None:
    metrics = Metrics()
    metrics.add("received_bytes", 100, provider="massive", endpoint=CHAIN)
    metrics.add("received_bytes", 50, provider="massive", endpoint=CHAIN)
    metrics.add("received_bytes", 7, provider="tradier", endpoint=CHAIN)
    metrics.add("failures", provider="massive", endpoint=CHAIN, kind="UNAVAILABLE")
    metrics.add("failures", provider="massive", endpoint=CHAIN, kind="RATE_LIMITED")
    assert metrics.counts() == [
        Count("failures", "massive", CHAIN, "RATE_LIMITED", 1.0),
        Count("failures", "massive", CHAIN, "UNAVAILABLE", 1.0),
        Count("received_bytes", "massive", CHAIN, None, 150.0),
        Count("received_bytes", "tradier", CHAIN, None, 7.0),
    ]


def test_counters_come_in_the_order_of_the_metrics_and_with_their_units() -> None:
    metrics = Metrics()
    for metric in reversed(list(METRICS)):
        metrics.add(metric)
    assert [(count.metric, count.unit) for count in metrics.counts()] == [
        (name, metric.unit) for name, metric in METRICS.items()
    ]


def test_no_count_is_lost_between_threads() -> None:
    metrics = Metrics()

    def count(_: int) -> None:
        for _ in range(500):
            metrics.add("requests", provider="massive", endpoint=CHAIN)
            metrics.counts()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    assert [each.value for each in metrics.counts()] == [4000.0]


NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
TICKS: dict[str, Any] = {"start_ns": 1_795_021_200_000_000_000, "end_ns": 1_795_021_260_000_000_000}


@pytest.mark.parametrize(
    ("path", "template"),
    [
        (massive.option_chain("I:SPX", {}).path, CHAIN),
        (massive.contract_snapshot("BRK.B", "O:BRKB261218C00600000").path, "/v3/snapshot/options/*/*"),
        (massive.index_snapshots(["I:SPX"]).path, "/v3/snapshot/indices"),
        (massive.stock_snapshots(["SPY"]).path, "/v2/snapshot/locale/us/markets/stocks/tickers"),
        (
            massive.aggregates("BACpL", multiplier=5, timespan="minute", start_ms=1, end_ms=2, adjusted=True).path,
            "/v2/aggs/ticker/*/range/*/minute/*/*",
        ),
        (massive.option_contracts("SPX", {}).path, "/v3/reference/options/contracts"),
        (massive.listed_contract("O:SPY261218C00600000").path, "/v3/reference/options/contracts/*"),
        (massive.listed_ticker("a/b").path, "/v3/reference/tickers/*"),
        (massive.trades("O:SPY261218C00600000", **TICKS).path, "/v3/trades/*"),
        (massive.quotes("SPY", **TICKS).path, "/v3/quotes/*"),
        (massive.splits("SPY").path, "/v3/reference/splits"),
        (massive.market_status().path, "/v1/marketstatus/now"),
        ("/v2/aggs/ticker/SPY/range/1/day/2026-11-02/2026-11-20", "/v2/aggs/ticker/*/range/*/day/*/*"),
        (tradier.chain("SPY", date(2026, 12, 18)).path, "/v1/markets/options/chains"),
        (tradier.history("SPY", start=NOON.date(), end=NOON.date()).path, "/v1/markets/history"),
        (
            tradier.timesales("SPY", interval="1min", start=NOON, end=NOON, is_regular=True).path,
            "/v1/markets/timesales",
        ),
        (tradier.splits("SPY").path, "/beta/markets/fundamentals/corporate_actions"),
    ],
)
def test_a_template_keeps_the_words_of_a_path_and_none_of_its_symbols(path: str, template: str) -> None:
    assert path_template(path) == template
