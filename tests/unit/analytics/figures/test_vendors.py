from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from quantdata.analytics import disagreement_drawing, disagreement_figure
from quantdata.errors import ArgumentError
from quantdata.frames.columns import CHAIN, COMPARISON, empty, schema
from tests.unit.analytics.figures.looks import check, names, part, said, title
from tests.unit.analytics.priced_chains import NOW

DECEMBER, JANUARY = date(2026, 12, 18), date(2027, 1, 15)


def compared(strike: float, side: str, ticks: float | None, points: float | None, **values: Any) -> dict[str, Any]:
    later = NOW + timedelta(seconds=1)
    return {
        "underlying_symbol": "SPX",
        "contract_symbol": f"SPXW {strike} {side}",
        "root_symbol": "SPXW",
        "expiration": DECEMBER,
        "strike": strike,
        "option_type": side,
        "tick_size": 0.1,
        "forward_price": 6600.0,
        "massive_bid": 5.0,
        "massive_ask": 5.2,
        "massive_mid": 5.1,
        "massive_iv": 0.2,
        "massive_quote_ts": NOW,
        "tradier_bid": 5.1,
        "tradier_ask": 5.3,
        "tradier_mid": 5.2,
        "tradier_iv": 0.201,
        "tradier_quote_ts": later,
        "quote_gap_s": 1.0,
        "mid_difference": None if ticks is None else ticks / 10,
        "mid_difference_ticks": ticks,
        "iv_difference_points": points,
        "feed": "realtime",
        **values,
    }


def comparison(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema(COMPARISON), orient="row")


def test_prices_are_above_in_ticks_and_volatilities_below_in_points() -> None:
    drawing = disagreement_drawing(comparison(compared(6500.0, "put", 1.0, 0.1), compared(6600.0, "call", -2.0, -0.3)))
    check(drawing)
    assert names(drawing) == [
        f"18 Dec 2026 SPXW {side} {what}"
        for what in ("mid_difference_ticks", "iv_difference_points")
        for side in ("call", "put")
    ]
    ticks, points = (part(drawing, name) for name in names(drawing)[::2])
    assert (ticks["y"].tolist(), ticks["yaxis"]) == ([-2.0], "y")
    assert (points["y"].tolist(), points["yaxis"]) == ([-0.3], "y2")
    assert [trace["marker"]["symbol"] for trace in drawing.traces] == ["triangle-up", "triangle-down"] * 2
    assert title(drawing) == (
        "SPX quotes: Tradier less Massive",
        "18 Nov 2026 11:00:01 ET · 2 of 2 contracts quoted by both within 2 s",
    )
    assert drawing.layout["shapes"][0]["x0"] == 6600.0


def test_hover_tells_both_quotes_their_volatilities_and_times() -> None:
    (told,) = part(disagreement_drawing(comparison(compared(6500.0, "put", 1.0, 0.1))), names_of("put"))["hovertext"]
    assert told == (
        "<b>1.0</b> ticks, <b>0.1</b> points at 6500 put<br>18 Dec 2026 SPXW"
        "<br>massive: 5.0 / 5.2, 20.00 %, quote of 11:00:00.000 ET"
        "<br>tradier: 5.1 / 5.3, 20.10 %, quote of 11:00:01.000 ET"
    )


def names_of(side: str, what: str = "mid_difference_ticks") -> str:
    return f"18 Dec 2026 SPXW {side} {what}"


def test_what_cannot_be_compared_is_left_out_and_counted() -> None:
    rows = [
        compared(6500.0, "put", None, None, massive_bid=None, massive_quote_ts=None),
        compared(6600.0, "put", 0.0, None),
    ]
    drawing = disagreement_drawing(comparison(*rows))
    check(drawing)
    assert part(drawing, names_of("put"))["x"].tolist() == [6600.0]
    assert part(drawing, names_of("put", "iv_difference_points"))["x"].size == 0
    assert title(drawing)[1].endswith("1 of 2 contracts quoted by both within 2 s")


def test_of_many_the_largest_differences_are_kept_in_order() -> None:
    rows = [compared(6000.0 + number, "call", float(number % 300), None) for number in range(600)]
    x = part(disagreement_drawing(comparison(*rows)), names_of("call"))["x"]
    assert len(x) == 200
    assert sorted(x) == x.tolist()
    assert min((x - 6000.0) % 300) == 200.0


def test_what_is_next_to_nothing_is_not_spread_over_the_panel() -> None:
    small = disagreement_drawing(comparison(compared(6500.0, "put", 0.0, 1e-7))).layout
    assert (small["yaxis"]["range"], small["yaxis2"]["range"]) == ([-1.1, 1.1], pytest.approx([-0.11, 0.11]))
    large = disagreement_drawing(comparison(compared(6500.0, "put", -30.0, 2.0))).layout
    assert (large["yaxis"]["range"], large["yaxis2"]["range"]) == (pytest.approx([-33, 33]), pytest.approx([-2.2, 2.2]))


def test_series_have_colours_of_their_own_and_can_be_chosen() -> None:
    rows = [
        compared(6500.0, "put", 1.0, 0.1),
        compared(6500.0, "put", 1.0, 0.1, root_symbol="SPX"),
        compared(6500.0, "put", 1.0, 0.1, expiration=JANUARY),
    ]
    drawing = disagreement_drawing(comparison(*rows))
    assert len({trace["marker"]["color"] for trace in drawing.traces}) == 3
    only = disagreement_drawing(comparison(*rows), roots="SPXW", expirations=[JANUARY])
    assert {name.split(" put ")[0].split(" call ")[0] for name in names(only)} == {"15 Jan 2027 SPXW"}


def test_without_a_forward_nothing_is_marked() -> None:
    drawing = disagreement_drawing(comparison(compared(6500.0, "put", 1.0, 0.1, forward_price=None)))
    assert drawing.layout["shapes"] == []


def test_it_says_that_data_are_simulated() -> None:
    rows = comparison(compared(6500.0, "put", 1.0, 0.1, feed="simulated"))
    assert title(disagreement_drawing(rows))[1].startswith("<b>SIMULATED</b> · ")


@pytest.mark.parametrize(
    ("frame", "count"), [(empty(COMPARISON), 0), (comparison(compared(6500.0, "put", None, None)), 1)]
)
def test_what_cannot_be_drawn_is_said(frame: pl.DataFrame, count: int) -> None:
    assert said(disagreement_drawing(frame)) == f"No contract of {count} that both vendors quoted within 2 s"


def test_a_frame_that_is_no_comparison_is_refused() -> None:
    with pytest.raises(
        ArgumentError, match=r"needs a comparison, as compare\(\) returns it; this frame lacks mid_differ"
    ):
        disagreement_figure(empty(CHAIN))
    assert disagreement_figure(empty(COMPARISON)).data == ()
