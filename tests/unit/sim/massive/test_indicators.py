from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from quantdata.sim.massive.indicators import ema, rsi, sma
from quantdata.sim.massive.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., dict[str, Any]]

PRICES = np.array([44.0, 46.0, 45.0, 47.0, 49.0, 48.0])


def test_an_average_needs_a_full_window() -> None:
    np.testing.assert_allclose(sma(PRICES, 3), [np.nan, np.nan, 45, 46, 47, 48])
    assert np.isnan(sma(PRICES, 7)).all()


def test_the_exponential_average_begins_with_a_plain_one_as_recorded() -> None:
    # AAPL closes of 2016-10-25 to 2016-11-04; the recorded 5-day EMA from 2016-11-01 on.
    closes = np.array([118.25, 115.59, 114.48, 113.72, 113.54, 111.49, 111.59, 109.83, 108.84])
    np.testing.assert_allclose(
        ema(closes, 5)[5:],
        [113.90733333333334, 113.1348888888889, 112.03325925925927, 110.96883950617286],
    )


def test_wilders_index_weighs_gains_against_losses() -> None:
    strengths = rsi(PRICES, 3)
    assert np.isnan(strengths[:3]).all()
    assert strengths[3] == pytest.approx(100 * 4 / 5)
    assert rsi(np.arange(6.0), 3)[-1] == 100


def test_values_come_newest_first_with_the_address_of_their_bars(ask: Ask) -> None:
    results = ask("/v1/indicators/sma/SPY", window=3, limit=2)["results"]
    assert [value["value"] for value in results["values"]] == [17, pytest.approx(46 / 3)]
    assert results["underlying"]["url"].startswith("http://sim/v2/aggs/ticker/SPY/range/1/day/")
    assert "aggregates" not in results["underlying"]


def test_with_a_lower_bound_the_average_begins_one_window_before_it(ask: Ask) -> None:
    values = ask("/v1/indicators/ema/SPY", window=3, timestamp__gte="2026-11-16")["results"]["values"]
    # Closes are the days of the month: the plain mean of 11, 12, 13 comes before the 16th.
    assert [value["value"] for value in values] == [16.75, 15.5, 14]


def test_macd_has_signal_and_histogram(ask: Ask) -> None:
    value = ask("/v1/indicators/macd/SPY", limit=1)["results"]["values"][0]
    assert value["histogram"] == pytest.approx(value["value"] - value["signal"])


def test_pages_go_on_where_the_last_one_ended(ask: Ask) -> None:
    whole = ask("/v1/indicators/sma/SPY", window=3, limit=6)["results"]["values"]
    first = ask("/v1/indicators/sma/SPY", window=3, limit=3)
    second = ask(first["next_url"].removeprefix("http://sim"))
    assert first["results"]["values"] + second["results"]["values"] == whole


def test_oldest_first_stays_within_its_bounds(ask: Ask) -> None:
    values = ask(
        "/v1/indicators/rsi/SPY", window=3, order="asc", timestamp__gte="2026-11-16", timestamp__lte="2026-11-17"
    )["results"]["values"]
    assert [value["timestamp"] for value in values] == [1_794_805_200_000, 1_794_891_600_000]


def test_the_bars_come_along_when_asked_for(ask: Ask) -> None:
    underlying = ask("/v1/indicators/sma/SPY", window=2, expand_underlying="true", timestamp__gte="2026-11-17")[
        "results"
    ]["underlying"]
    assert [bar["c"] for bar in underlying["aggregates"]] == [18, 17, 16, 13]


def test_intraday_windows_are_hours_and_minutes(ask: Ask) -> None:
    values = ask("/v1/indicators/sma/SPY", window=2, timespan="hour", limit=2)["results"]["values"]
    # Hours close at the minutes 09:59, 10:59 and 11:59: 129, 189 and 249.
    assert [value["value"] for value in values] == [219, 159]


def test_an_unknown_ticker_has_no_values(ask: Ask) -> None:
    assert ask("/v1/indicators/sma/NOPE")["results"]["values"] == []


@pytest.mark.parametrize("query", [{"window": 0}, {"timespan": "second"}, {"series_type": "mid"}])
def test_nonsense_is_a_bad_request(ask: Ask, query: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        ask("/v1/indicators/sma/SPY", **query)
    assert caught.value.status == 400
