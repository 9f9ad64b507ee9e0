from __future__ import annotations

from datetime import date

import plotly.graph_objects as go  # type: ignore[import-untyped]

from quantdata.analytics import bars_figure, confidence_figure, open_interest_figure, smile_figure, surface_figure
from quantdata.analytics.figures.still import in_words, title_of
from quantdata.frames.columns import CHAIN, empty
from tests.unit.analytics.figures.test_candles import two_sessions
from tests.unit.analytics.priced_chains import chain_of, option, pairs

TWO = [*pairs(), *pairs(expiration=date(2027, 1, 15))]


def row(name: str, told: str) -> str:
    return f"<dt>{name}</dt><dd>{told}</dd>"


def test_a_smile_tells_its_series_from_where_to_where() -> None:
    html = in_words(smile_figure(chain_of(*pairs())))
    assert "<strong>SPX implied volatility</strong>" in html
    assert row("of", "18 Nov 2026 11:00:00 ET · shaded: bid to ask · dotted: our model") in html
    assert row("strike (USD per share)", "6,000 to 7,200") in html
    assert html.count("18 Dec 2026 SPXW PM</dt>") == 1
    assert row("18 Dec 2026 SPXW PM", "16.52 % to 23.81 %, implied volatility (% a year)") in html
    assert row("SPX 6,590.00", "marked") in html


def test_bars_tell_their_times_prices_and_panels() -> None:
    html = in_words(bars_figure(two_sessions(), indicators=["rsi"]))
    assert row("from left to right", "Fri 13 Nov 09:30 to Mon 16 Nov 11:55") in html
    assert row("candles", "96.5 to 103.5, USD per share") in html
    assert row("volume", "1,000 to 1,059") in html


def test_surfaces_and_maps_tell_what_colours_mean() -> None:
    for shape in ("space", "contour"):
        html = in_words(surface_figure(chain_of(*TWO), shape=shape))
        assert row(f"SPXW {shape}", "17.02 % to 23.51 %, volatility (% a year)") in html
    html = in_words(confidence_figure(chain_of(*pairs())))
    assert row("strike (USD per share), evenly spread", "6000 to 7200") in html
    assert row("confidence", "100") in html


def test_what_points_down_is_not_less_than_nothing() -> None:
    html = in_words(open_interest_figure(chain_of(option(6600.0, "put"), option(6700.0, "put", open_interest=30))))
    assert "<dd>30 to 100, SPXW PM puts · contracts · calls</dd>" in html


def test_where_nothing_is_drawn_it_says_why() -> None:
    html = in_words(smile_figure(empty(CHAIN)))
    assert row("nothing drawn", "No implied volatility in 0 contracts") in html


def test_a_figure_that_its_owner_has_emptied_has_a_title_still() -> None:
    assert title_of(go.Figure()) == "Figure"
    assert "<strong>Figure</strong>" in in_words(go.Figure(go.Scatter(y=[None, 1.0])))


def test_text_stays_text_and_nothing_is_fetched() -> None:
    html = in_words(go.Figure(layout={"title": {"text": "<b>5 < 6</b> <img>"}}))
    assert "<strong>5 &lt; 6 &lt;img&gt;</strong>" in html
    assert not any(word in html for word in ("http", "url(", "<script", "src="))
    assert len(html) < 5_000
