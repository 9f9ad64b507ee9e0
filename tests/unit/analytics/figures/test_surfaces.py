from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.analytics import surface_drawing, surface_figure
from quantdata.errors import ArgumentError
from quantdata.frames.columns import CHAIN, empty
from tests.unit.analytics.figures.looks import check, said, title
from tests.unit.analytics.priced_chains import SPX, chain_of, option, pairs

if TYPE_CHECKING:
    import polars as pl

JANUARY = date(2027, 1, 15)
TWO = [*pairs(), *pairs(expiration=JANUARY)]


@pytest.mark.parametrize(("shape", "kind"), [("space", "surface"), ("contour", "contour")])
def test_it_is_over_log_moneyness_and_days_with_nothing_outside_of_the_strikes(shape: Any, kind: str) -> None:
    drawing = surface_drawing(chain_of(*TWO), shape=shape, log_moneyness=(-0.4, 0.4), points=5)
    check(drawing)
    (trace,) = drawing.traces
    assert trace["type"] == kind
    assert trace["x"].tolist() == pytest.approx([-0.4, -0.2, 0.0, 0.2, 0.4])
    assert trace["y"].tolist() == pytest.approx([30.0, 58.0])
    assert trace["z"] == [[None, None, pytest.approx(0.2), None, None]] * 2
    told = trace["hovertext"][0][2]
    assert told.startswith("<b>20.00 %</b> at ln(strike / forward) 0.0, strike 6600<br>18 Dec 2026 SPXW PM")
    assert told.endswith("nearest: massive, quote of 11:00:00 ET<br>confidence 95")


def test_the_root_with_most_series_is_drawn_alone_and_the_others_are_named() -> None:
    drawing = surface_drawing(chain_of(*TWO, *pairs(series=SPX)))
    assert title(drawing)[0] == "SPX volatility surface, SPXW series"
    assert title(drawing)[1].endswith("without SPX, which settles at another time")
    assert len(drawing.traces[0]["z"]) == 2


def test_a_root_can_be_chosen() -> None:
    chain = chain_of(*TWO, *pairs(series=SPX), *pairs(series=SPX, expiration=JANUARY))
    drawing = surface_drawing(chain, root="SPX", shape="contour")
    assert title(drawing) == ("SPX volatility surface, SPX series", "18 Nov 2026 11:00:00 ET")


@pytest.mark.parametrize(
    ("chain", "count"),
    [(empty(CHAIN), 0), (chain_of(option(6300.0, "put")), 1), (chain_of(*pairs()), 14)],
)
def test_less_than_two_series_are_no_surface(chain: pl.DataFrame, count: int) -> None:
    assert said(surface_drawing(chain)) == f"No surface: volatilities of less than two series in {count} contracts"


def test_adjusted_contracts_are_left_out() -> None:
    adjusted = chain_of(*pairs(), *pairs(expiration=JANUARY, is_adjusted=True))
    assert said(surface_drawing(adjusted)).startswith("No surface")


def test_a_frame_that_is_no_chain_and_an_unknown_shape_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"surface_figure\(\) needs a chain; this frame lacks strike$"):
        surface_figure(empty(CHAIN).drop("strike"))
    with pytest.raises(ArgumentError, match="shape must be one of space, contour, not 'cube'"):
        surface_figure(empty(CHAIN), shape="cube")  # type: ignore[arg-type]
