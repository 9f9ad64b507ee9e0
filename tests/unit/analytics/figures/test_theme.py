from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from quantdata.analytics.figures import theme
from quantdata.analytics.figures.theme import INKS, SERIES_COLOURS, base, look_of, marked, nothing, spatial, wrapped
from quantdata.errors import ArgumentError


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("page", ["#ffffff", "#111111"])
@pytest.mark.parametrize("colour", SERIES_COLOURS)
def test_lines_can_be_seen_on_light_and_on_dark_pages(colour: str, page: str) -> None:
    assert contrast(colour, page) >= 3.0


@pytest.mark.parametrize(
    ("name", "pages", "least"),
    [("light", ["#ffffff"], 7.0), ("dark", ["#111111"], 7.0), ("auto", ["#ffffff", "#111111"], 4.0)],
)
def test_text_can_be_read(name: str, pages: list[str], least: float) -> None:
    assert all(contrast(INKS[name].text, page) >= least for page in pages)


def test_series_are_told_apart_by_more_than_colour() -> None:
    looks = [look_of(number, 0) for number in range(6)]
    assert all(one.symbol != other.symbol and one.colour != other.colour for one, other in combinations(looks, 2))
    assert len({look_of(0, root).dash for root in range(4)}) == 4


def test_more_series_than_looks_begin_anew() -> None:
    assert look_of(len(SERIES_COLOURS), 4) == look_of(0, 0)


def test_a_shade_is_the_colour_nearly_transparent() -> None:
    assert look_of(0, 0).shade == "rgba(47, 134, 201, 0.22)"


@pytest.mark.parametrize("call", [base, nothing, spatial, marked])
def test_a_theme_is_one_of_three(call: Any) -> None:
    words: dict[str, dict[str, Any]] = {
        "base": {"title": "", "subtitle": ""},
        "nothing": {"title": "", "subtitle": "", "why": ""},
        "spatial": {"x": {}, "y": {}, "z": {}},
        "marked": {"value": 1.0, "text": ""},
    }
    with pytest.raises(ArgumentError, match="theme must be one of auto, light, dark, not 'neon'"):
        call(theme="neon", **words[call.__name__])


def test_a_long_subtitle_goes_on_below_and_the_figure_grows_with_it() -> None:
    parts = ["<b>SIMULATED</b>", "18 Nov 2026 11:00:00 ET", "first 4 of 36 series", "shaded: bid to ask"]
    assert wrapped(" · ".join(parts), most=45) == [" · ".join(parts[:2]), " · ".join(parts[2:])]
    short, long = (base("auto", title="", subtitle=" · ".join(["a part of it"] * count)) for count in (1, 8))
    assert long["title"]["subtitle"]["text"].count("<br>") == 1
    assert long["height"] - short["height"] == long["margin"]["t"] - short["margin"]["t"] == 16


def test_tags_and_one_long_part_do_not_count() -> None:
    assert wrapped("<b>ab</b> · c", most=6) == ["<b>ab</b> · c"]
    assert wrapped("a" * 100, most=6) == ["a" * 100]


def test_of_a_margin_only_what_differs_is_given() -> None:
    assert base("auto", title="", subtitle="", margin={"t": 96})["margin"] == {"l": 64, "r": 16, "t": 96, "b": 80}


def test_nothing_is_marked_where_the_money_is_not_known() -> None:
    assert marked(None, "", theme="light") == {"shapes": [], "annotations": []}


def test_public_colours_are_there() -> None:
    assert all(hasattr(theme, name) for name in theme.__all__)
