"""Themes and accessibility of the chain table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.browser.page.driving import frames, row, style

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.page.driving import Opened

pytestmark = pytest.mark.browser

COLOURS: Final = """(({ color, backgroundColor }) => [color, backgroundColor])(
  getComputedStyle(document.querySelector('.quantdata-table'))
)"""
LIGHT: Final = ["rgb(20, 24, 29)", "rgb(255, 255, 255)"]
DARK: Final = ["rgb(241, 243, 245)", "rgb(20, 23, 27)"]


@pytest.mark.parametrize(("scheme", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_outside_jupyterlab_the_readers_choice_of_light_or_dark_holds(
    open_table: Opened, scheme: str, colours: list[str]
) -> None:
    page = open_table(context={"color_scheme": scheme})
    assert page.evaluate(COLOURS) == colours


def test_in_jupyterlab_its_own_colours_hold_whatever_the_reader_chose(open_table: Opened) -> None:
    page = open_table(context={"color_scheme": "dark"})
    page.add_style_tag(content=":root { --jp-ui-font-color0: rgb(1, 2, 3); --jp-layout-color0: rgb(250, 251, 252); }")
    assert page.evaluate(COLOURS) == ["rgb(1, 2, 3)", "rgb(250, 251, 252)"]


def test_in_high_contrast_focus_money_and_what_is_in_the_money_have_lines(open_table: Opened) -> None:
    page = open_table(context={"forced_colors": "active"})
    page.locator("tbody tr:nth-child(10) td").first.click()
    assert style(page.locator("td:focus"), "outlineStyle") == "solid"
    assert style(page.locator("tbody .edge"), "borderTopWidth") == "2px"
    assert style(page.locator(".itm-call .strike").first, "borderLeftStyle") == "double"
    assert style(page.locator(".itm-put .strike").first, "borderRightStyle") == "double"


def test_who_wants_less_motion_gets_signs_without_colour_and_nothing_is_animated(open_table: Opened) -> None:
    page = open_table(clock=True, context={"reduced_motion": "reduce"})
    page.clock.run_for(1000)
    page.evaluate("kernel.set(100, 0, 'bid', 200)")
    page.clock.run_for(20)
    assert style(page.locator("tbody .up"), "color") == style(row(page, "5,900"), "color")
    assert page.evaluate("document.getAnimations().length") == 0


def test_no_part_that_ticks_is_read_out_by_itself(open_table: Opened) -> None:
    page = open_table()
    assert page.locator("[aria-live]").count() == 0
    assert page.locator("[role=status]").count() == 1
    assert page.locator("table [role=status], table [role=alert], .qd-head [role=status]").count() == 0


def test_rows_and_columns_are_counted_for_who_cannot_see_them(open_table: Opened) -> None:
    page = open_table(context={"viewport": {"width": 420, "height": 640}})
    grid = page.get_by_role("grid", name="SPX options, Fri 18 Dec 2026 SPX AM")
    assert (grid.get_attribute("aria-rowcount"), grid.get_attribute("aria-colcount")) == ("202", "13")
    row = page.locator("tbody tr", has=page.locator("th", has_text="5,900"))
    assert row.get_attribute("aria-rowindex") == "103"
    assert row.locator("td, th").evaluate_all("cells => cells.map(cell => cell.getAttribute('aria-colindex'))") == [
        "5",
        "6",
        "7",
        "8",
        "9",
    ]


def _plain(page: Page) -> None:
    frames(page)


def _busy(page: Page) -> None:
    """Everything that can be seen at once: filters, a selection, the card, marks, a stale feed."""
    page.click(".qd-opener")
    page.locator("tbody tr:nth-child(10) td.call").first.click()
    page.keyboard.press("Shift+ArrowDown")
    page.wait_for_selector(".qd-card:popover-open")
    page.evaluate("kernel.tick(0.5)")
    frames(page)


def _stale(page: Page) -> None:
    page.evaluate("kernel.staleSince = Date.now() - 9000; kernel.tell()")
    page.wait_for_selector(".is-stale")


@pytest.mark.parametrize("prepare", [_plain, _busy, _stale])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_table: Opened, axe: str, scheme: str, prepare: Callable[[Page], None]) -> None:
    page = open_table(
        context={"color_scheme": scheme},
        warnings=["puts are missing"],
        badges=["SIMULATED", "DELAYED", "CLOSED"],
        listed=0.9,
    )
    prepare(page)
    page.evaluate(axe)
    found: Any = page.evaluate("axe.run(document.querySelector('main'))")
    assert [
        (each["id"], each["impact"], each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"][:300])
        for each in found["violations"]
    ] == []
