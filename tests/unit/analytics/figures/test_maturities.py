from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from quantdata.analytics import term_structure_drawing, term_structure_figure
from quantdata.errors import ArgumentError
from quantdata.frames.columns import CHAIN, empty
from tests.unit.analytics.figures.looks import check, known, names, part, said, title
from tests.unit.analytics.priced_chains import SPX, chain_of, option, pairs

if TYPE_CHECKING:
    import polars as pl

JANUARY = date(2027, 1, 15)
FINE = tuple(float(strike) for strike in range(5800, 7500, 25))


def test_each_root_is_a_line_by_days_to_expiry() -> None:
    drawing = term_structure_drawing(chain_of(*pairs(), *pairs(expiration=JANUARY), *pairs(series=SPX)))
    check(drawing)
    assert names(drawing) == [f"{root}{what}" for root in ("SPX AM", "SPXW PM") for what in (" band", "", " model")]
    line = part(drawing, "SPXW PM")
    assert line["x"].tolist() == pytest.approx([30.0, 58.0])
    assert line["y"].tolist() == [0.2, 0.2]
    assert drawing.layout["xaxis"]["type"] == "log"
    assert title(drawing)[0] == "SPX volatility at the money"


def test_hover_tells_model_wings_source_and_time() -> None:
    line = part(term_structure_drawing(chain_of(*pairs(FINE))), "SPXW PM")
    (told,) = line["hovertext"]
    assert told.startswith("the forward<br>18 Dec 2026, 30 days<br>model 20.00 %<br>put of delta ¼ 21.")
    assert told.endswith("<br>massive, quote of 11:00:00 ET<br>confidence 95")


def test_the_wings_can_be_left_out() -> None:
    drawing = term_structure_drawing(chain_of(*pairs()), wings=False)
    assert names(drawing) == ["SPXW PM", "SPXW PM model"]
    assert "shaded" not in title(drawing)[1]


def test_roots_can_be_chosen() -> None:
    chain = chain_of(*pairs(), *pairs(series=SPX))
    assert names(term_structure_drawing(chain, roots="SPX", wings=False)) == ["SPX AM", "SPX AM model"]


def test_a_series_without_a_volatility_at_the_money_is_not_drawn() -> None:
    chain = chain_of(*pairs(), *pairs((7000.0, 7200.0), expiration=JANUARY))
    assert part(term_structure_drawing(chain), "SPXW PM")["x"].tolist() == [30.0]


def test_a_volatility_that_the_vendor_does_not_give_is_a_gap() -> None:
    chain = chain_of(*pairs(), *pairs(expiration=JANUARY, implied_volatility=None))
    drawing = term_structure_drawing(chain)
    check(drawing)
    assert known(part(drawing, "SPXW PM")["y"]) == 1
    assert known(part(drawing, "SPXW PM model")["y"]) == 2


@pytest.mark.parametrize(
    ("chain", "count"),
    [(empty(CHAIN), 0), (chain_of(option(6300.0, "put")), 1), (chain_of(*pairs(time_to_expiry=0.0)), 14)],
)
def test_what_cannot_be_drawn_is_said(chain: pl.DataFrame, count: int) -> None:
    assert said(term_structure_drawing(chain)) == f"No volatility on both sides of the money in {count} contracts"


def test_a_frame_that_is_no_chain_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"term_structure_figure\(\) needs a chain; this frame lacks dte$"):
        term_structure_figure(empty(CHAIN).drop("dte"))
    assert term_structure_figure(empty(CHAIN)).data == ()
