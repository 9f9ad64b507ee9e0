"""What a user does with the chain table, by mouse and by keys, and what the page then asks the kernel for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.browser.page.driving import cell, frames, style

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.page.driving import Opened

pytestmark = pytest.mark.browser

FOCUSED: Final = """() => {
  const cell = document.activeElement;
  const strike = cell.closest('tr')?.querySelector('th')?.textContent;
  return [strike, cell.getAttribute('aria-colindex'), cell.getAttribute('role')];
}"""
STOPS: Final = 'document.querySelectorAll(\'.qd-scroller[tabindex="0"], .qd-scroller [tabindex="0"]\').length'
LINES: Final = "[...document.querySelectorAll('.qd-card:popover-open div')].map(line => line.textContent)"
WANTED: Final = "kernel.said.filter(({kind}) => kind === 'want').at(-1)?.wants"


def wanted(page: Page, expression: str) -> Any:
    """Return a part of what the page has asked for last, once it has."""
    page.wait_for_function(f"(wants => wants && ({expression}) !== undefined)({WANTED})")
    return page.evaluate(f"(wants => {expression})({WANTED})")


# ---- tabs


def test_each_series_has_a_tab_with_its_root_settlement_and_days(open_table: Opened) -> None:
    page = open_table()
    tabs = page.get_by_role("tab")
    assert tabs.count() == 8
    assert tabs.nth(2).locator("span").all_text_contents() == ["Fri 18 Dec 2026", "30 d · SPX · AM"]
    assert tabs.nth(3).locator("span").all_text_contents() == ["Fri 18 Dec 2026", "30 d · SPXW · PM"]
    assert page.get_by_role("tab", selected=True).get_attribute("data-key") == "2026-12-18 SPX"


def test_a_click_on_a_tab_asks_for_its_series(open_table: Opened) -> None:
    page = open_table()
    page.get_by_role("tab").nth(3).click()
    page.wait_for_function("kernel.chosen === '2026-12-18 SPXW'")
    frames(page)
    assert page.get_by_role("tab", selected=True).get_attribute("data-key") == "2026-12-18 SPXW"
    assert page.locator("[aria-busy]").count() == 0


def test_arrows_lead_from_tab_to_tab(open_table: Opened) -> None:
    page = open_table()
    page.get_by_role("tab").nth(2).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("kernel.chosen === '2026-12-18 SPXW'")
    page.keyboard.press("End")
    page.wait_for_function("kernel.chosen === '2027-12-17 SPX'")
    assert page.evaluate("document.activeElement.ariaSelected") == "true"
    assert page.locator("[role=tab][tabindex='0']").count() == 1


# ---- sorting


def test_a_header_sorts_highest_first_then_lowest_then_by_strike(open_table: Opened) -> None:
    page = open_table()
    header = page.locator(".qd-names th").nth(1)
    ways = []
    for _ in range(3):
        header.click()
        page.wait_for_function("document.querySelectorAll('[aria-busy]').length === 0")
        frames(page)
        assert header.evaluate("cell => cell.scrollWidth <= cell.clientWidth")
        ways.append((header.get_attribute("aria-sort"), page.evaluate("kernel.sorted.field")))
    assert ways == [("descending", "volume"), ("ascending", "volume"), ("none", "strike")]


def test_sorted_rows_stand_in_order_from_the_top_and_follow_no_money(open_table: Opened) -> None:
    page = open_table()
    page.locator(".qd-names th").nth(11).click()
    page.wait_for_function("kernel.sorted.leg === 1 && kernel.range[0] === 0")
    frames(page)
    volumes = page.locator("tbody tr td.put:nth-last-child(2)").all_text_contents()[:5]
    assert [int(text.replace(",", "")) for text in volumes] == sorted(
        (int(text.replace(",", "")) for text in volumes), reverse=True
    )
    assert page.evaluate("document.querySelector('.qd-scroller').scrollTop") == 0
    assert page.locator(".qd-follow[disabled]").count() == 1
    assert page.locator("tbody .edge").count() == 0


def test_enter_on_a_header_sorts(open_table: Opened) -> None:
    page = open_table()
    cell(page, "5,910", 5).click()
    for _ in range(40):
        page.keyboard.press("PageUp")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(FOCUSED)[2] == "columnheader"
    page.keyboard.press("Enter")
    page.wait_for_function("kernel.sorted.field === 'bid' && kernel.sorted.descending")


# ---- filters


def test_filters_are_asked_for_and_can_be_cleared(open_table: Opened) -> None:
    page = open_table()
    page.click(".qd-opener")
    page.get_by_label("|delta|, at least").fill("0.2")
    page.get_by_label("|delta|, at most").fill("0.6")
    page.get_by_label("volume, at least").fill("10")
    page.keyboard.press("Tab")
    page.wait_for_function("'volume' in kernel.filters")
    assert page.evaluate("kernel.filters") == {"delta": [0.2, 0.6], "volume": [10, None]}
    assert page.text_content(".qd-opener") == "Filters · 2"
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function("Object.keys(kernel.filters).length === 0")
    assert page.get_by_label("|delta|, at least").input_value() == ""


def test_an_answer_to_an_older_wish_undoes_no_newer_one(open_table: Opened) -> None:
    page = open_table()
    page.click(".qd-opener")
    page.get_by_label("volume, at least").fill("5")
    page.keyboard.press("Tab")
    page.wait_for_function("'volume' in kernel.filters")
    page.evaluate("kernel.isMute = true")
    page.get_by_label("volume, at most").fill("900")
    page.get_by_label("open interest, at least").fill("2")
    page.get_by_label("spread %, at most").focus()
    page.evaluate("kernel.snapshot()")
    frames(page)
    assert page.get_by_label("open interest, at least").input_value() == "2"
    assert wanted(page, "wants.filters.open_interest") == [2, None]
    assert page.evaluate(f"{WANTED}.filters.volume") == [5, 900]


def test_the_slider_asks_for_a_least_confidence_and_python_may_set_it(open_table: Opened) -> None:
    page = open_table()
    page.get_by_label("Confidence").fill("70")
    assert wanted(page, "wants.filters.confidence") == [70, None]
    assert page.text_content("output") == "≥ 70"
    page.evaluate("kernel.change('least_confidence', 40)")
    page.wait_for_function("kernel.filters.confidence[0] === 40")
    assert page.get_by_label("Confidence").input_value() == "40"


def test_legs_that_do_not_pass_are_quiet(open_table: Opened) -> None:
    page = open_table()
    page.evaluate("kernel.set(100, 0, 'state', 1)")
    frames(page)
    assert style(cell(page, "5,900", 5), "color") != style(cell(page, "5,900", 9), "color")


def test_filters_that_let_nothing_pass_are_told(open_table: Opened) -> None:
    page = open_table(rows=0)
    page.click(".qd-opener")
    page.get_by_label("volume, at least").fill("1000000")
    page.keyboard.press("Tab")
    page.get_by_text("No strike passes the filters.").wait_for()


# ---- the card


def test_the_card_tells_value_source_age_confidence_and_warnings_in_words(open_table: Opened) -> None:
    page = open_table()
    page.evaluate("kernel.set(100, 0, 'rules', 2); kernel.set(100, 0, 'confidence', 95)")
    cell(page, "5,900", 5).hover()
    page.wait_for_selector(".qd-card:popover-open")
    lines = page.evaluate(LINES)
    assert lines[0] == "5,900 call · Fri 18 Dec 2026 SPX AM"
    assert lines[1].startswith("bid 1")
    assert lines[2].startswith("USD per share · best bid")
    assert lines[3].startswith("from massive, ")
    assert lines[3].endswith("s ago)")
    assert lines[4].startswith("received ")
    assert lines[5:] == [
        "confidence 95, excellent",
        "warning: the spread is above 20 % of the mid, and above two ticks",
    ]
    cell(page, "5,900", 3).hover()
    page.wait_for_function("document.querySelector('.qd-card .value').textContent.startsWith('iv')")
    assert page.evaluate(LINES)[3].startswith("from our model, ")


def test_the_card_stays_true_while_it_is_open(open_table: Opened) -> None:
    page = open_table()
    cell(page, "5,900", 5).hover()
    page.wait_for_selector(".qd-card:popover-open")
    page.evaluate("kernel.set(100, 0, 'bid', 321)")
    frames(page)
    assert page.evaluate(LINES)[1] == "bid 321.00"


def test_the_card_of_the_focused_cell_comes_by_keys_and_goes_by_escape(open_table: Opened) -> None:
    page = open_table()
    page.mouse.move(0, 0)
    cell(page, "5,900", 5).focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".qd-card:popover-open")
    described = page.evaluate("document.activeElement.getAttribute('aria-describedby')")
    assert page.evaluate("id => document.getElementById(id).getAttribute('role')", described) == "tooltip"
    page.keyboard.press("Escape")
    assert page.locator(".qd-card:popover-open").count() == 0
    page.keyboard.press("Enter")
    page.wait_for_selector(".qd-card:popover-open")
    page.keyboard.press("Enter")
    assert page.locator(".qd-card:popover-open").count() == 0


def test_the_card_stays_within_the_window(open_table: Opened) -> None:
    page = open_table(context={"viewport": {"width": 420, "height": 500}})
    for index in (0, -1):
        page.locator("tbody tr:nth-child(18)").locator("td").nth(index).hover()
        page.wait_for_selector(".qd-card:popover-open")
        box = page.locator(".qd-card").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 420
        assert box["y"] + box["height"] <= 500


# ---- keys and selection


def test_arrows_pages_and_ends_lead_through_all_rows_with_one_stop_for_tab(open_table: Opened) -> None:
    page = open_table()
    cell(page, "5,900", 5).click()
    steps = [
        ("ArrowDown", ["5,905", "5", "gridcell"]),
        ("ArrowRight", ["5,905", "6", "gridcell"]),
        ("ArrowRight", ["5,905", "7", "rowheader"]),
        ("ArrowUp", ["5,900", "7", "rowheader"]),
        ("Home", ["5,900", "1", "gridcell"]),
        ("ArrowLeft", ["5,900", "1", "gridcell"]),
        ("End", ["5,900", "13", "gridcell"]),
        ("PageDown", ["5,990", "13", "gridcell"]),
        ("PageUp", ["5,900", "13", "gridcell"]),
        ("Control+End", ["6,395", "13", "gridcell"]),
        ("Control+Home", ["5,400", "1", "gridcell"]),
    ]
    for key, expected in steps:
        page.keyboard.press(key)
        assert (key, page.evaluate(FOCUSED)) == (key, expected)
        assert page.evaluate(STOPS) == 1
    page.keyboard.press("ArrowUp")
    assert page.evaluate(FOCUSED)[1:] == ["1", "columnheader"]


def test_the_focus_is_not_lost_when_its_row_scrolls_out(open_table: Opened) -> None:
    page = open_table(rows=1000)
    cell(page, "5,900", 5).click()
    page.mouse.wheel(0, 4000)
    page.wait_for_function("document.activeElement.className === 'qd-scroller'")
    assert page.evaluate(STOPS) == 1
    page.keyboard.press("ArrowDown")
    assert page.evaluate(FOCUSED) == ["5,905", "5", "gridcell"]


def test_ticks_take_the_focus_from_nobody(open_table: Opened) -> None:
    page = open_table()
    page.get_by_label("Confidence").focus()
    page.evaluate("kernel.tick(1)")
    frames(page)
    assert page.evaluate("document.activeElement.type") == "range"


COPIED: Final = {"permissions": ["clipboard-read", "clipboard-write"]}


def test_a_dragged_rectangle_is_copied_with_its_headers(open_table: Opened) -> None:
    page = open_table(context=COPIED)
    page.evaluate("kernel.set(100, 0, 'bid', 1234.5); kernel.set(100, 0, 'ask', NaN)")
    frames(page)
    cell(page, "5,900", 5).hover()
    page.mouse.down()
    cell(page, "5,900", 7).hover()
    cell(page, "5,905", 7).hover()
    page.mouse.up()
    assert page.locator("tbody [aria-selected=true]").count() == 6
    page.keyboard.press("Control+c")
    lines = page.evaluate("navigator.clipboard.readText()").split("\n")
    assert lines[:2] == ["call bid\tcall ask\tstrike", "1234.50\t\t5900"]
    assert len(lines) == 3
    assert page.text_content(".qd-said") == "2 × 3 copied with headers"  # noqa: RUF001  # what is shown


def test_shift_and_arrows_select_and_escape_forgets(open_table: Opened) -> None:
    page = open_table(context=COPIED)
    cell(page, "5,900", 9).click()
    for key in ("Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    assert page.locator("tbody .picked").count() == 6
    page.keyboard.press("Control+c")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.split("\n")[0] == "put ask\tput bid"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.locator("tbody .picked").count() == 0


def test_a_selection_goes_with_its_rows(open_table: Opened) -> None:
    page = open_table(rows=400)
    cell(page, "5,900", 5).click()
    page.keyboard.press("Shift+PageDown")
    page.keyboard.press("Shift+PageDown")
    frames(page)
    strikes = page.evaluate("[...document.querySelectorAll('tbody tr:has(.picked) th')].map(cell => cell.textContent)")
    assert strikes[-1] == "6,080"
    page.mouse.wheel(0, 2000)
    page.wait_for_function("document.querySelectorAll('tbody .picked').length === 0")


def test_a_copy_elsewhere_is_left_alone(open_table: Opened) -> None:
    page = open_table(context=COPIED)
    cell(page, "5,900", 5).click()
    page.click(".qd-opener")
    field = page.get_by_label("volume, at least")
    field.fill("77")
    field.select_text()
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()") == "77"


def test_the_notebooks_own_keys_are_kept_out(open_table: Opened) -> None:
    page = open_table()
    assert page.get_attribute(".quantdata-table", "data-lm-suppress-shortcuts") == "true"
