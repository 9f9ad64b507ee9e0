from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from quantdata.analytics.figures.words import (
    amount,
    badge,
    freshness,
    percent,
    provenance,
    series_label,
    strings,
    titled,
)
from quantdata.frames.columns import CHAIN, empty
from tests.unit.analytics.priced_chains import NOW, SPX, chain_of, option


def told(words: pl.Expr, **values: Any) -> str | None:
    return strings(chain_of(option(6600.0, "call", **values)), words)[0]


@pytest.mark.parametrize(
    ("feeds", "word"),
    [
        (["realtime"], []),
        ([None], []),
        (["realtime", "delayed"], ["<b>DELAYED</b>"]),
        (["delayed", "eod"], ["<b>END OF DAY</b>"]),
        (["realtime", "simulated"], ["<b>SIMULATED</b>"]),
    ],
)
def test_the_worst_feed_is_said(feeds: list[str | None], word: list[str]) -> None:
    assert badge(pl.DataFrame({"feed": feeds}, schema={"feed": pl.String})) == word


def test_freshness_says_badge_time_in_new_york_and_more() -> None:
    chain = chain_of(option(6600.0, "call", feed="simulated"))
    assert freshness(chain, "first 2 of 9") == "<b>SIMULATED</b> · 18 Nov 2026 11:00:00 ET · first 2 of 9"
    assert freshness(empty(CHAIN)) == ""


def test_titles_name_the_underlying_where_there_is_one() -> None:
    assert titled(chain_of(option(6600.0, "call")), "volatility of TODAY") == "SPX volatility of TODAY"
    assert titled(empty(CHAIN), "volatility of TODAY") == "Volatility of TODAY"


def test_a_series_is_named_by_its_last_day_root_and_settlement() -> None:
    assert told(series_label()) == "18 Dec 2026 SPXW PM"
    assert told(series_label(), series=SPX, is_adjusted=True) == "18 Dec 2026 SPX AM adjusted"
    assert told(series_label(), settlement=None) == "18 Dec 2026 SPXW"


def test_provenance_says_who_when_and_how_far_it_is_trusted() -> None:
    words = provenance("iv_source", "quote_ts", "greeks_confidence")
    assert told(words) == "massive, quote of 11:00:00 ET<br>confidence 95"
    assert told(words, quote_ts=NOW - timedelta(days=1)) == "massive, quote of 17 Nov 2026 11:00:00 ET<br>confidence 95"
    unknown = {"iv_source": None, "quote_ts": None, "greeks_confidence": None}
    assert told(words, **unknown) == "source unknown, quote of an unknown time<br>confidence unknown"


@pytest.mark.parametrize(
    ("fraction", "words"),
    [(0.1834, "18.34 %"), (0.18004, "18.00 %"), (1.005, "100.50 %"), (0.0, "0.00 %"), (None, None)],
)
def test_fractions_are_said_in_percent(fraction: float | None, words: str | None) -> None:
    assert told(percent("implied_volatility"), implied_volatility=fraction) == words


@pytest.mark.parametrize(("number", "words"), [(6600.0, "6600"), (652.5, "652.5"), (None, None)])
def test_amounts_have_no_zeros_behind_their_point(number: float | None, words: str | None) -> None:
    assert told(amount(pl.col("bid")), bid=number) == words
