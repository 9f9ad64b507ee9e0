from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.analytics import open_interest_drawing, open_interest_figure, volume_drawing, volume_figure
from quantdata.analytics.figures.both_ways import _step
from quantdata.errors import ArgumentError
from quantdata.frames.columns import CHAIN, empty
from tests.unit.analytics.figures.looks import check, names, part, said, title
from tests.unit.analytics.priced_chains import SPX, chain_of, option, pairs

if TYPE_CHECKING:
    import polars as pl

JANUARY = date(2027, 1, 15)
CALLS, PUTS = "SPXW PM call", "SPXW PM put"
DRAWINGS = [open_interest_drawing, volume_drawing]


def counted(strike: float, side: str, count: int | None, **values: Any) -> dict[str, Any]:
    return option(strike, side, **{"open_interest": count, "volume": count} | values)


@pytest.mark.parametrize("draw", DRAWINGS)
def test_calls_point_up_puts_down_and_expirations_are_summed(draw: Any) -> None:
    both = [counted(6600.0, "call", 30), counted(6600.0, "put", 20), counted(6700.0, "put", 7)]
    drawing = draw(chain_of(*both, counted(6600.0, "call", 12, expiration=JANUARY)))
    check(drawing)
    assert names(drawing) == [CALLS, PUTS]
    assert part(drawing, CALLS)["y"].tolist() == [42.0]
    assert part(drawing, PUTS)["x"].tolist() == [6600.0, 6700.0]
    assert part(drawing, PUTS)["y"].tolist() == [-20.0, -7.0]
    assert drawing.layout["shapes"][0]["x0"] == 6590.0


def test_hover_tells_the_count_who_gave_it_of_which_session_and_how_far_it_is_trusted() -> None:
    rows = [counted(6600.0, "call", 30, confidence=80), counted(6600.0, "call", 12, expiration=JANUARY)]
    (told,) = part(open_interest_drawing(chain_of(*rows)), CALLS)["hovertext"]
    assert told == (
        "<b>42</b> contracts of open interest at 6600 call<br>SPXW PM, expirations: 2<br>"
        "massive, session of 17 Nov 2026<br>lowest confidence 80"
    )


def test_several_vendors_and_what_is_not_known_are_said() -> None:
    rows = [
        counted(6600.0, "call", 30, open_interest_source="tradier"),
        counted(6600.0, "call", 1, expiration=JANUARY),
        counted(6700.0, "call", 1, open_interest_source=None, open_interest_date=None, confidence=None),
    ]
    both, unknown = part(open_interest_drawing(chain_of(*rows)), CALLS)["hovertext"]
    assert "massive + tradier, session of 17 Nov 2026" in both
    assert unknown.endswith("source unknown, session of an unknown day<br>lowest confidence unknown")


def test_each_root_has_a_panel_below_the_other() -> None:
    drawing = open_interest_drawing(chain_of(*pairs(), *pairs(series=SPX)))
    check(drawing)
    assert [trace["yaxis"] for trace in drawing.traces] == ["y", "y", "y2", "y2"]
    upper, lower = (drawing.layout[axis]["domain"] for axis in ("yaxis", "yaxis2"))
    assert upper[1] == 1.0
    assert 0.0 <= lower[0] < lower[1] < upper[0]
    assert drawing.layout["yaxis2"]["title"]["text"].startswith("SPXW PM")
    assert drawing.layout["xaxis"]["anchor"] == "y2"


@pytest.mark.parametrize("draw", DRAWINGS)
def test_what_is_not_known_has_no_bar_and_zero_is_a_bar_of_nothing(draw: Any) -> None:
    rows = [counted(6500.0, "call", None), counted(6600.0, "call", 0), counted(6700.0, "call", 5)]
    drawing = draw(chain_of(*rows))
    assert part(drawing, CALLS)["x"].tolist() == [6600.0, 6700.0]
    assert part(drawing, CALLS)["y"].tolist() == [0.0, 5.0]
    assert part(drawing, PUTS)["x"].size == 0


def test_one_unknown_count_does_not_hide_the_others_of_its_strike() -> None:
    rows = [counted(6600.0, "call", None), counted(6600.0, "call", 12, expiration=JANUARY)]
    drawing = open_interest_drawing(chain_of(*rows))
    assert part(drawing, CALLS)["y"].tolist() == [12.0]
    assert "expirations: 1<br>" in part(drawing, CALLS)["hovertext"][0]


def test_volume_of_an_older_session_is_not_of_today() -> None:
    old = counted(6500.0, "call", 900, day_session=date(2026, 11, 13))
    drawing = volume_drawing(chain_of(old, counted(6600.0, "call", 5)))
    assert part(drawing, CALLS)["x"].tolist() == [6600.0]
    assert title(drawing)[1].endswith("volume of 18 Nov 2026")


def test_the_subtitle_says_of_which_session_and_how_much_is_beyond() -> None:
    chain = chain_of(*(counted(float(strike), "call", 10) for strike in range(6000, 8500, 10)))
    drawing = open_interest_drawing(chain)
    check(drawing)
    assert len(part(drawing, CALLS)["x"]) == 200
    assert title(drawing)[1].endswith("open interest of 17 Nov 2026 · 20.0 % at strikes beyond")
    assert 6590.0 in part(drawing, CALLS)["x"]


def test_without_the_money_the_middle_of_the_strikes_is_kept() -> None:
    rows = (counted(float(strike), "call", 10, underlying_price=None) for strike in range(6000, 8500, 10))
    drawing = open_interest_drawing(chain_of(*rows))
    assert drawing.layout["shapes"] == []
    x = part(drawing, CALLS)["x"]
    assert (x[0] + x[-1]) / 2 == pytest.approx(7245.0, abs=10)


def test_the_window_holds_nearly_all_and_the_money() -> None:
    rows = [counted(float(strike), "call", 1) for strike in range(6000, 7000, 10)]
    big = [counted(7100.0, "call", 100_000), counted(7110.0, "call", 100_000)]
    low, high = open_interest_drawing(chain_of(*rows, *big)).layout["xaxis"]["range"]
    assert low < 6590.0
    assert low > 6500.0
    assert 7110.0 < high < 7200.0


def test_ticks_count_upwards_in_both_directions() -> None:
    axis = open_interest_drawing(chain_of(counted(6600.0, "call", 400), counted(6600.0, "put", 250))).layout["yaxis"]
    assert axis["tickvals"] == [-200, 0, 200, 400]
    assert axis["ticktext"] == ["200", "0", "200", "400"]


@pytest.mark.parametrize(("span", "step"), [(0, 1), (3, 1), (12, 2), (60, 10), (650, 200), (700_000, 200_000)])
def test_steps_are_round(span: float, step: float) -> None:
    assert _step(span) == step


def test_one_row_is_one_bar() -> None:
    drawing = open_interest_drawing(chain_of(counted(6600.0, "call", 3)))
    check(drawing)
    low, high = drawing.layout["xaxis"]["range"]
    assert low < 6590.0
    assert high > 6600.0


def test_expirations_and_roots_can_be_chosen() -> None:
    chain = chain_of(*pairs(), *pairs(series=SPX), *pairs(expiration=JANUARY))
    drawing = volume_drawing(chain, roots="SPXW", expirations=[JANUARY])
    assert names(drawing) == [CALLS, PUTS]
    assert set(part(drawing, CALLS)["y"]) == {10.0}


@pytest.mark.parametrize(
    ("chain", "count"), [(empty(CHAIN), 0), (chain_of(option(6600.0, "call", volume=None, open_interest=None)), 1)]
)
def test_what_cannot_be_drawn_is_said(chain: pl.DataFrame, count: int) -> None:
    assert said(open_interest_drawing(chain)) == f"No open interest in {count} contracts"
    assert said(volume_drawing(chain)) == f"No volume in {count} contracts"


def test_a_frame_that_is_no_chain_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"open_interest_figure\(\) needs a chain; this frame lacks open_interest$"):
        open_interest_figure(empty(CHAIN).drop("open_interest"))
    with pytest.raises(ArgumentError, match=r"volume_figure\(\) needs a chain; this frame lacks day_session$"):
        volume_figure(empty(CHAIN).drop("day_session"))
