from __future__ import annotations

import polars as pl
import pytest

from quantdata.analytics import confidence_drawing, confidence_figure
from quantdata.analytics.figures.trust import STEPS
from quantdata.errors import ArgumentError
from quantdata.frames.columns import CHAIN, empty
from quantdata.validation.verdicts import labelled
from tests.unit.analytics.figures.looks import check, part, said, title
from tests.unit.analytics.priced_chains import SPX, chain_of, option, pairs


def test_a_cell_is_the_less_trusted_of_call_and_put_and_nothing_is_where_nothing_is_listed() -> None:
    rows = [option(6600.0, "call", confidence=90), option(6600.0, "put", confidence=35, warnings=["wide_spread"])]
    drawing = confidence_drawing(chain_of(*rows, option(6700.0, "call", series=SPX)))
    check(drawing)
    cells = part(drawing, "confidence")
    assert cells["y"] == ["18 Dec 2026 SPX AM", "18 Dec 2026 SPXW PM"]
    assert cells["z"] == [[None, 100.0], [35.0, None]]
    assert cells["hoverongaps"] is False
    assert cells["hovertext"][1][0] == (
        "<b>35</b> at 6600 put<br>18 Dec 2026 SPXW PM<br>warnings: wide spread<br>"
        "massive, quote of 11:00:00 ET<br>confidence 35"
    )


def test_errors_are_named_and_unknown_types_too() -> None:
    row = option(6600.0, "call", confidence=0, errors=["crossed_quote", "too_old"]) | {"option_type": None}
    told = part(confidence_drawing(chain_of(row)), "confidence")["hovertext"][0][0]
    assert told.startswith(
        "<b>0</b> at 6600 of unknown type<br>18 Dec 2026 SPXW PM<br>errors: crossed quote, too old<br>"
    )


def test_poor_cells_bear_a_cross() -> None:
    rows = [option(6600.0, "call", confidence=39), option(6700.0, "call", confidence=40)]
    crosses = part(confidence_drawing(chain_of(*rows)), "poor")
    assert crosses["x"].tolist() == [0.0]
    assert crosses["y"] == ["18 Dec 2026 SPXW PM"]


@pytest.mark.parametrize(
    ("of", "trust", "words"), [("row", 100.0, ""), ("quote", 80.0, " in quotes"), ("greeks", 95.0, " in greeks")]
)
def test_quotes_and_greeks_can_be_looked_at_apart(of: str, trust: float, words: str) -> None:
    drawing = confidence_drawing(chain_of(option(6600.0, "call", quote_confidence=80)), of=of)  # type: ignore[arg-type]
    assert part(drawing, "confidence")["z"] == [[trust]]
    assert title(drawing)[0] == f"SPX confidence{words}"


def test_of_many_strikes_neighbours_share_a_column_which_shows_the_least_trusted() -> None:
    strikes = [float(strike) for strike in range(6000, 8000, 5)]
    rows = [option(strike, "call", confidence=50 if strike == 6005.0 else 100) for strike in strikes]
    drawing = confidence_drawing(chain_of(*rows))
    check(drawing)
    (row,) = part(drawing, "confidence")["z"]
    assert len(row) == 200
    assert row[:2] == [50.0, 100.0]


def test_the_axis_tells_strikes_and_the_money_is_between_them() -> None:
    drawing = confidence_drawing(chain_of(*pairs((6500.0, 6580.0, 6600.0))))
    assert drawing.layout["xaxis"]["ticktext"] == ["6500", "6580", "6600"]
    assert drawing.layout["shapes"][0]["x0"] == pytest.approx(1.5)
    assert confidence_drawing(chain_of(*pairs(underlying_price=None))).layout["shapes"] == []


def test_the_steps_are_those_of_the_labels() -> None:
    labels = labelled(pl.Series([step - 1 for step in STEPS[1:]] + list(STEPS[:-1])))
    assert labels.to_list() == ["poor", "fair", "good", "excellent"] * 2


def test_roots_can_be_chosen() -> None:
    drawing = confidence_drawing(chain_of(*pairs(), *pairs(series=SPX)), roots="SPX")
    assert part(drawing, "confidence")["y"] == ["18 Dec 2026 SPX AM"]


@pytest.mark.parametrize(
    ("chain", "count"), [(empty(CHAIN), 0), (chain_of(option(6600.0, "call", confidence=None)), 1)]
)
def test_what_cannot_be_drawn_is_said(chain: pl.DataFrame, count: int) -> None:
    assert said(confidence_drawing(chain)) == f"No confidence in {count} contracts"


def test_a_frame_that_is_no_chain_and_an_unknown_part_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"confidence_figure\(\) needs a chain; this frame lacks quote_confidence$"):
        confidence_figure(empty(CHAIN).drop("quote_confidence"), of="quote")
    with pytest.raises(ArgumentError, match="of must be one of row, quote, greeks, not 'all'"):
        confidence_figure(empty(CHAIN), of="all")  # type: ignore[arg-type]
