from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from quantdata.analytics import redraw, smile_drawing, smile_figure
from quantdata.analytics.figures.drawing import drawn
from quantdata.errors import ArgumentError
from quantdata.frames.columns import CHAIN, empty
from tests.unit.analytics.figures.looks import check, known, names, part, said, title
from tests.unit.analytics.priced_chains import FORWARD, SPX, STRIKES, chain_of, option, pairs

if TYPE_CHECKING:
    import polars as pl

DAYS = [date(2026, 12, 18), date(2027, 1, 15), date(2027, 2, 19), date(2027, 3, 19), date(2027, 4, 16)]
UNKNOWN: dict[str, Any] = {"implied_volatility": None, "model_iv": None}
MAIN = "18 Dec 2026 SPXW PM"


def test_a_series_is_a_band_a_line_and_the_models_line() -> None:
    drawing = smile_drawing(chain_of(*pairs()))
    check(drawing)
    assert names(drawing) == [f"{MAIN} band", MAIN, f"{MAIN} model"]
    line = part(drawing, MAIN)
    assert line["x"].tolist() == list(STRIKES)
    assert line["y"][3] == 0.2
    assert line["hovertext"][3] == (
        "6600 call<br>bid 19.93 % to ask 20.07 %<br>model 20.00 %<br>massive, quote of 11:00:00 ET<br>confidence 95"
    )
    assert title(drawing) == (
        "SPX implied volatility",
        "18 Nov 2026 11:00:00 ET · shaded: bid to ask · dotted: our model",
    )


def test_band_and_model_can_be_left_out() -> None:
    drawing = smile_drawing(chain_of(*pairs()), band=False, model=False)
    assert names(drawing) == [MAIN]
    assert title(drawing)[1] == "18 Nov 2026 11:00:00 ET"


def test_spx_and_spxw_of_one_day_are_two_lines_of_two_dashes() -> None:
    drawing = smile_drawing(chain_of(*pairs(), *pairs(series=SPX)), band=False, model=False)
    check(drawing)
    assert names(drawing) == ["18 Dec 2026 SPX AM", MAIN]
    assert [trace["line"]["dash"] for trace in drawing.traces] == ["solid", "dash"]
    assert len({trace["marker"]["symbol"] for trace in drawing.traces}) == 2


def test_the_series_that_expire_first_are_drawn_and_the_subtitle_counts_them() -> None:
    chain = chain_of(*(row for day in DAYS for row in pairs(expiration=day)))
    drawing = smile_drawing(chain, most_series=2, band=False, model=False)
    assert names(drawing) == [MAIN, "15 Jan 2027 SPXW PM"]
    assert title(drawing)[1].endswith("first 2 of 5 series")


def test_settled_series_are_left_out() -> None:
    drawing = smile_drawing(chain_of(*pairs(), *pairs(series=SPX, time_to_expiry=0.0)), band=False, model=False)
    assert names(drawing) == [MAIN]


def test_expirations_and_roots_can_be_chosen() -> None:
    chain = chain_of(*pairs(), *pairs(series=SPX), *pairs(expiration=DAYS[1]))
    drawing = smile_drawing(chain, expirations=DAYS[:1], roots="SPXW", band=False, model=False)
    assert names(drawing) == [MAIN]
    with pytest.raises(ArgumentError, match="no root_symbol SPY in this chain; it has SPX, SPXW"):
        smile_drawing(chain, roots="SPY")


def test_a_volatility_that_the_vendor_does_not_give_is_a_gap_and_the_models_line_goes_on() -> None:
    unknown = pairs((6700.0,), implied_volatility=None, iv_source=None)
    drawing = smile_drawing(chain_of(*pairs((6500.0, 6600.0, 6900.0)), *unknown))
    check(drawing)
    line, model = part(drawing, MAIN), part(drawing, f"{MAIN} model")
    assert np.isnan(line["y"]).tolist() == [False, False, True, False]
    assert known(model["y"]) == 4
    assert "connectgaps" not in line


def test_where_the_model_stands_in_the_marker_is_open() -> None:
    filled = pairs((6700.0,), iv_source="model")
    line = part(smile_drawing(chain_of(*pairs((6500.0, 6600.0)), *filled)), MAIN)
    assert line["marker"]["symbol"] == ["circle", "circle", "circle-open"]


def test_a_band_is_not_drawn_where_bid_or_ask_imply_nothing() -> None:
    strikes = (6300.0, 6400.0, 6500.0, 6600.0, 6700.0, 6800.0)
    rows = [row | ({"bid": 0.0} if row["strike"] == 6500.0 else {}) for row in pairs(strikes)]
    band = part(smile_drawing(chain_of(*rows)), f"{MAIN} band")
    x = band["x"]
    assert [each.tolist() for each in np.split(x, np.flatnonzero(np.isnan(x)) + 1)][:2] == [
        [6300.0, 6400.0, 6400.0, 6300.0, pytest.approx(float("nan"), nan_ok=True)],
        [6600.0, 6700.0, 6800.0, 6800.0, 6700.0, 6600.0, pytest.approx(float("nan"), nan_ok=True)],
    ]
    assert 6500.0 not in x
    assert not (band["y"] == 0.0).any()


def test_moneyness_is_of_the_underlying_and_marked_at_one() -> None:
    drawing = smile_drawing(chain_of(*pairs()), by="moneyness")
    assert part(drawing, MAIN)["x"][0] == pytest.approx(6000.0 / 6590.0)
    assert drawing.layout["shapes"][0]["x0"] == 1.0


def test_by_delta_strikes_rise_from_left_to_right_and_the_middle_is_marked() -> None:
    drawing = smile_drawing(chain_of(*pairs()), by="delta")
    x = part(drawing, MAIN)["x"]
    assert (np.diff(x) > 0).all()
    put = option(6300.0, "put")["delta"]
    assert x[1] == pytest.approx(-put)
    assert drawing.layout["shapes"][0]["x0"] == 0.5


def test_the_money_is_marked_with_its_price_or_not_at_all_when_it_is_not_known() -> None:
    drawing = smile_drawing(chain_of(*pairs()))
    assert drawing.layout["shapes"][0]["x0"] == 6590.0
    assert drawing.layout["annotations"][0]["text"] == "SPX 6,590.00"
    unknown = smile_drawing(chain_of(*pairs(underlying_price=None)))
    assert unknown.layout["shapes"] == []


def test_wings_that_tell_of_the_tick_are_cut_and_none_shows_them_all() -> None:
    far = (3000.0, *STRIKES, 12_000.0)
    chain = chain_of(*pairs(far, volatility=lambda _: 0.2))
    assert part(smile_drawing(chain), MAIN)["x"].tolist() == list(STRIKES)
    assert part(smile_drawing(chain, wings=None), MAIN)["x"].tolist() == list(far)
    narrow = part(smile_drawing(chain, wings=0.1), MAIN)["x"]
    # Two percent on either side at least.
    assert narrow.tolist() == [6500.0, FORWARD, 6700.0]


def test_strikes_without_a_forward_are_not_cut() -> None:
    chain = chain_of(*pairs((3000.0, 6600.0), forward_price=None))
    assert part(smile_drawing(chain), MAIN)["x"].tolist() == [3000.0, 6600.0]


@pytest.mark.parametrize("most", [200, 60])
def test_no_trace_has_more_points_than_may_be_sent_and_the_money_is_among_them(most: int) -> None:
    chain = chain_of(*pairs(tuple(float(strike) for strike in range(5400, 7800, 5))))
    drawing = smile_drawing(chain, most_points=most)
    check(drawing, most=most)
    for name in (MAIN, f"{MAIN} model"):
        assert len(part(drawing, name)["x"]) <= most
        assert {6595.0, 6600.0, 6605.0} <= set(part(drawing, name)["x"].tolist())


def test_one_row_is_a_point() -> None:
    drawing = smile_drawing(chain_of(option(6300.0, "put")))
    check(drawing)
    assert known(part(drawing, MAIN)["y"]) == 1
    assert part(drawing, f"{MAIN} band")["x"].size == 0


@pytest.mark.parametrize(
    ("chain", "why"),
    [
        (empty(CHAIN), "No implied volatility in 0 contracts"),
        (
            chain_of(option(6300.0, "put", implied_volatility=None, model_iv=None)),
            "No implied volatility in 1 contracts",
        ),
        (chain_of(option(6300.0, "call")), "No implied volatility in 1 contracts"),
    ],
)
def test_what_cannot_be_drawn_is_said(chain: pl.DataFrame, why: str) -> None:
    assert said(smile_drawing(chain)) == why


def test_simulated_data_say_so_in_the_subtitle() -> None:
    assert title(smile_drawing(chain_of(*pairs(feed="simulated"))))[1].startswith("<b>SIMULATED</b> · ")


def test_a_frame_that_is_no_chain_and_an_unknown_axis_are_refused() -> None:
    with pytest.raises(
        ArgumentError, match=r"smile_figure\(\) needs a chain; this frame lacks model_iv, underlying_ts"
    ):
        smile_figure(empty(CHAIN).drop("model_iv", "underlying_ts"))
    with pytest.raises(ArgumentError, match="by must be one of strike, moneyness, delta, not 'price'"):
        smile_figure(empty(CHAIN), by="price")  # type: ignore[arg-type]


def test_a_figure_is_the_drawing_and_follows_it() -> None:
    before, after = (smile_drawing(chain_of(*pairs(volatility=lambda _, at=at: at))) for at in (0.2, 0.3))
    figure = smile_figure(chain_of(*pairs(volatility=lambda _: 0.2)))
    assert figure.to_json() == drawn(before).to_json()
    redraw(figure, after, before=before)
    assert figure.data[1].y.tolist() == [0.3] * len(figure.data[1].y)


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_every_theme_can_be_drawn(theme: Any) -> None:
    check(smile_drawing(chain_of(*pairs()), theme=theme))
