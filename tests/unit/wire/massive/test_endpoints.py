"""Paths and queries, as Massive documents them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quantdata.wire.massive import endpoints

if TYPE_CHECKING:
    from quantdata.wire.http import Request


@pytest.mark.parametrize(
    ("request_", "target"),
    [
        (
            endpoints.option_chain("I:SPX", {"expiration_date": "2026-12-18"}, order="desc"),
            "/v3/snapshot/options/I:SPX?expiration_date=2026-12-18&sort=strike_price&order=desc&limit=250",
        ),
        (
            endpoints.option_chain("SPY", {}),
            "/v3/snapshot/options/SPY?sort=strike_price&order=asc&limit=250",
        ),
        (
            endpoints.contract_snapshot("SPY", "O:SPY261218C00600000"),
            "/v3/snapshot/options/SPY/O:SPY261218C00600000",
        ),
        (
            endpoints.index_snapshots(["I:SPX", "I:VIX"]),
            "/v3/snapshot/indices?ticker.any_of=I%3ASPX%2CI%3AVIX&limit=250",
        ),
        (
            endpoints.stock_snapshots(["SPY", "BRK.B"]),
            "/v2/snapshot/locale/us/markets/stocks/tickers?tickers=SPY%2CBRK.B",
        ),
        (
            endpoints.aggregates("SPY", multiplier=5, timespan="minute", start_ms=1, end_ms=2, adjusted=False),
            "/v2/aggs/ticker/SPY/range/5/minute/1/2?adjusted=false&sort=asc&limit=50000",
        ),
        (
            endpoints.option_contracts("SPX", {"expiration_date.gte": "2026-11-18"}),
            (
                "/v3/reference/options/contracts?underlying_ticker=SPX&expiration_date.gte=2026-11-18"
                "&sort=expiration_date&order=asc&limit=1000"
            ),
        ),
        (
            endpoints.listed_contract("O:SPY261218C00600000"),
            "/v3/reference/options/contracts/O:SPY261218C00600000",
        ),
        (endpoints.listed_ticker("BRK.B"), "/v3/reference/tickers/BRK.B"),
        (
            endpoints.trades("SPY", start_ns=1, end_ns=2),
            "/v3/trades/SPY?timestamp.gte=1&timestamp.lte=2&sort=timestamp&order=asc&limit=50000",
        ),
        (
            endpoints.quotes("SPY", start_ns=1, end_ns=2, limit=1),
            "/v3/quotes/SPY?timestamp.gte=1&timestamp.lte=2&sort=timestamp&order=asc&limit=1",
        ),
        (endpoints.splits("SPY"), "/v3/reference/splits?ticker=SPY&limit=1000"),
        (endpoints.dividends("SPY"), "/v3/reference/dividends?ticker=SPY&limit=1000"),
        (endpoints.market_status(), "/v1/marketstatus/now"),
    ],
)
def test_target(request_: Request, target: str) -> None:
    assert request_.target == target


@pytest.mark.parametrize(
    ("request_", "holds"),
    [
        (endpoints.option_chain("SPY", {}), "results"),
        (endpoints.stock_snapshots(["SPY"]), "tickers"),
        (endpoints.market_status(), "body"),
        # One object, or left out when there is nothing.
        (endpoints.contract_snapshot("SPY", "O:SPY261218C00600000"), "results or nothing"),
        (
            endpoints.aggregates("SPY", multiplier=1, timespan="day", start_ms=1, end_ms=2, adjusted=True),
            "results or nothing",
        ),
        (endpoints.listed_ticker("SPY"), "results or nothing"),
    ],
)
def test_where_the_answer_holds_its_rows(request_: Request, holds: str) -> None:
    assert request_.holds == holds


AGGREGATES = "/v2/aggs/ticker/SPY/range/1/day/1578114000000/2020-01-10"


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("/v3/snapshot/options/SPY", "/v3/snapshot/options/SPY"),
        (AGGREGATES, AGGREGATES),
        (AGGREGATES, AGGREGATES.replace("1578114000000", "1578286800000")),
        (AGGREGATES, AGGREGATES.replace("1578114000000", "2020-01-06")),
    ],
)
def test_a_next_page_of_the_same_endpoint(asked: str, answered: str) -> None:
    assert endpoints.same_endpoint(asked, answered)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("/v3/snapshot/options/SPY", "/v3/snapshot/options/QQQ"),
        ("/v3/snapshot/options/SPY", "/v3/snapshot/options/SPY/"),
        ("/v3/snapshot/options/SPY", ""),
        (AGGREGATES, AGGREGATES.replace("SPY", "QQQ")),
        (AGGREGATES, AGGREGATES.replace("day", "minute")),
        (AGGREGATES, AGGREGATES.replace("2020-01-10", "2021-01-10")),
        (AGGREGATES, AGGREGATES.replace("1578114000000", "..")),
        (AGGREGATES, AGGREGATES.replace("/1578114000000", "")),
        (AGGREGATES, AGGREGATES.replace("1578114000000", "1/2")),
        (AGGREGATES, AGGREGATES.replace("/v2", "/v3")),
    ],
)
def test_a_next_page_of_another_endpoint(asked: str, answered: str) -> None:
    assert not endpoints.same_endpoint(asked, answered)
