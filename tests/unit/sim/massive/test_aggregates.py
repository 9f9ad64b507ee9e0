from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.massive.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., dict[str, Any]]

RANGE = "/v2/aggs/ticker/SPY/range"
OPEN_MS = 1_795_012_200_000  # 2026-11-18 09:30 New York
MINUTE_MS = 60_000


def followed(ask: Ask, path: str, **query: Any) -> list[dict[str, Any]]:
    body = ask(path, **query)
    found: list[dict[str, Any]] = list(body.get("results", []))
    while "next_url" in body:
        body = ask(body["next_url"].removeprefix("http://sim"))
        found += body.get("results", [])
    return found


def test_a_body_is_ordered_as_recorded(ask: Ask) -> None:
    body = ask(f"{RANGE}/1/minute/2026-11-18/2026-11-18", limit=1)
    assert list(body) == [
        "ticker",
        "queryCount",
        "resultsCount",
        "adjusted",
        "results",
        "status",
        "request_id",
        "count",
        "next_url",
    ]
    assert body["results"] == [{"v": 100, "vw": 100, "o": 99.5, "c": 100, "h": 101, "l": 99, "t": OPEN_MS, "n": 3}]


def test_the_next_page_is_in_the_path(ask: Ask) -> None:
    body = ask(f"{RANGE}/1/minute/2026-11-18/2026-11-18", limit=2, adjusted="false")
    path, _, cursor = body["next_url"].partition("?cursor=")
    assert path == f"http://sim{RANGE}/1/minute/{OPEN_MS + 2 * MINUTE_MS}/2026-11-18"
    assert cursor == "YWRqdXN0ZWQ9ZmFsc2UmbGltaXQ9MiZzb3J0PWFzYw"  # adjusted=false&limit=2&sort=asc
    assert body["adjusted"] is False


def test_limit_counts_base_bars_and_shows_whole_windows(ask: Ask) -> None:
    body = ask(f"{RANGE}/1/hour/2026-11-18/2026-11-18", limit=120)
    assert (body["queryCount"], body["resultsCount"], body["count"]) == (90, 2, 2)
    assert [row["n"] for row in body["results"]] == [90, 180]


def test_a_window_larger_than_the_limit_is_shown_all_the_same(ask: Ask) -> None:
    body = ask(f"{RANGE}/1/hour/2026-11-18/2026-11-18", limit=5)
    assert body["resultsCount"] == 1
    assert body["queryCount"] == 30


@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize(
    ("multiplier", "timespan"), [(1, "minute"), (7, "minute"), (1, "hour"), (1, "day"), (2, "day")]
)
def test_pages_are_the_whole_period_once(ask: Ask, sort: str, multiplier: int, timespan: str) -> None:
    path = f"{RANGE}/{multiplier}/{timespan}/2026-11-16/2026-11-18"
    whole = ask(path, sort=sort, limit=50_000)["results"]
    limit = 100 if timespan in {"minute", "hour"} else 2
    paged = followed(ask, path, sort=sort, limit=limit)
    assert paged == whole
    stamps = [row["t"] for row in whole]
    assert stamps == sorted(stamps, reverse=sort == "desc")


def test_bars_stop_at_the_moment_that_the_plan_shows(ask: Ask) -> None:
    path = f"{RANGE}/1/minute/2026-11-18/2026-11-18"
    now = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
    assert ask(path, now=now)["resultsCount"] == 30
    delayed = ask(path, now=now, plan="starter")
    assert (delayed["resultsCount"], delayed["status"]) == (15, "DELAYED")
    assert "results" not in ask(path, now=now, plan="basic")


def test_epoch_milliseconds_bound_both_ends(ask: Ask) -> None:
    body = ask(f"{RANGE}/1/minute/{OPEN_MS + MINUTE_MS}/{OPEN_MS + 3 * MINUTE_MS}")
    assert [row["t"] for row in body["results"]] == [OPEN_MS + each * MINUTE_MS for each in (1, 2, 3)]


def test_days_begin_at_midnight_in_new_york_summer_and_winter(ask: Ask) -> None:
    week = ask(f"{RANGE}/1/week/2026-10-28/2026-11-04")["results"]
    starts = [datetime.fromtimestamp(row["t"] / 1000, UTC) for row in week]
    assert starts == [datetime(2026, 10, 25, 4, tzinfo=UTC), datetime(2026, 11, 1, 4, tzinfo=UTC)]


def test_months_quarters_and_years_begin_on_their_first_day(ask: Ask) -> None:
    for timespan, first in (("month", (11, 1)), ("quarter", (10, 1)), ("year", (1, 1))):
        row = ask(f"{RANGE}/1/{timespan}/2026-11-10/2026-11-18")["results"][0]
        start = datetime.fromtimestamp(row["t"] / 1000, UTC)
        assert (start.month, start.day) == first
    pairs = ask(f"{RANGE}/2/month/2026-09-10/2026-11-18")["results"]
    assert [datetime.fromtimestamp(row["t"] / 1000, UTC).month for row in pairs] == [9, 11]


def test_a_split_divides_the_prices_before_it(ask: Ask) -> None:
    path = "/v2/aggs/ticker/AAPL/range/1/day/2026-11-16/2026-11-17"
    assert [(row["c"], row["v"]) for row in ask(path)["results"]] == [(4, 400), (17, 100)]
    assert [(row["c"], row["v"]) for row in ask(path, adjusted="false")["results"]] == [(16, 100), (17, 100)]


def test_an_index_bar_has_prices_only(ask: Ask) -> None:
    body = ask("/v2/aggs/ticker/I:SPX/range/1/day/2026-11-17/2026-11-17")
    assert list(body["results"][0]) == ["o", "c", "h", "l", "t"]
    assert "adjusted" not in body


def test_second_bars_are_made_of_the_tape(ask: Ask) -> None:
    rows = ask(f"{RANGE}/1/second/2026-11-18/2026-11-18")["results"]
    assert [row["n"] for row in rows] == [10]


@pytest.mark.parametrize("ticker", ["NOPE", "O:SPY261218C00601000", "O:SPYX61218C00601000"])
def test_no_bars_is_no_results_key(ask: Ask, ticker: str) -> None:
    body = ask(f"/v2/aggs/ticker/{ticker}/range/1/day/2026-11-16/2026-11-18")
    assert "results" not in body
    assert (body["resultsCount"], body["status"]) == (0, "OK")


@pytest.mark.parametrize(
    "path",
    [
        "0/day/2026-11-16/2026-11-18",
        "1/decade/2026-11-16/2026-11-18",
        "1/day/2026-11-18/2026-11-16",
        "1/day/yesterday/2026-11-16",
    ],
)
def test_nonsense_is_a_bad_request(ask: Ask, path: str) -> None:
    with pytest.raises(Refusal) as caught:
        ask(f"{RANGE}/{path}")
    assert caught.value.status == 400


def test_a_plan_without_the_asset_class_is_refused(ask: Ask) -> None:
    with pytest.raises(Refusal) as caught:
        ask("/v2/aggs/ticker/I:SPX/prev", plan="options_developer")
    assert (caught.value.status, caught.value.text_key) == (403, "message")


def test_the_free_plan_reaches_two_years_back(ask: Ask) -> None:
    with pytest.raises(Refusal, match="timeframe") as caught:
        ask(f"{RANGE}/1/day/2024-11-01/2026-11-18", plan="basic")
    assert (caught.value.status, caught.value.word) == (403, "NOT_AUTHORIZED")
    assert ask(f"{RANGE}/1/day/2024-12-02/2024-12-03", plan="basic")["resultsCount"] == 2


def test_the_previous_day_is_stamped_at_its_close(ask: Ask) -> None:
    row = ask("/v2/aggs/ticker/SPY/prev")["results"][0]
    assert row["T"] == "SPY"
    assert datetime.fromtimestamp(row["t"] / 1000, UTC) == datetime(2026, 11, 17, 21, tzinfo=UTC)
    assert row["c"] == 17
    assert "results" not in ask("/v2/aggs/ticker/NOPE/prev")


def test_the_grouped_day_has_every_stock(ask: Ask) -> None:
    path = "/v2/aggs/grouped/locale/us/market/stocks"
    assert [row["T"] for row in ask(f"{path}/2026-11-17")["results"]] == ["AAPL", "SPY"]
    assert "results" not in ask(f"{path}/2026-11-15")


def test_open_and_close_are_flat(ask: Ask) -> None:
    assert ask("/v1/open-close/SPY/2026-11-17") == {
        "status": "OK",
        "from": "2026-11-17",
        "symbol": "SPY",
        "open": 16.5,
        "high": 18,
        "low": 16,
        "close": 17,
        "volume": 100,
    }
    index = ask("/v1/open-close/I:SPX/2026-11-17")
    assert index["from"] == "2026-11-17T00:00:00.000Z"
    assert "volume" not in index


@pytest.mark.parametrize("path", ["SPY/2026-11-15", "NOPE/2026-11-17"])
def test_no_such_day_or_ticker_is_not_found(ask: Ask, path: str) -> None:
    with pytest.raises(Refusal) as caught:
        ask(f"/v1/open-close/{path}")
    assert caught.value.status == 404
