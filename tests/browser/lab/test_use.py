"""A table in a notebook of JupyterLab, in the hands of its reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.browser.lab.driving import IN_VIEW, cell, frames, in_view, state, wait_beyond

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.lab.driving import Stand
    from tests.browser.lab.notebook import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

FOLLOWING: Final = "document.querySelector('.qd-follow').ariaPressed === '{}'"
# Of one column from the top, over the rows in view and a few more.
COLUMN: Final = """at => [...document.querySelectorAll('.quantdata-table tbody tr')].sort(
    (one, other) => one.getAttribute('aria-rowindex') - other.getAttribute('aria-rowindex')
  ).map(row => row.querySelector(`[aria-colindex="${at}"]`).textContent.replaceAll(',', '')).filter(Boolean).map(Number)
"""


BID_OF: Final = """strike => [...document.querySelectorAll('.quantdata-table tbody tr')].find(
  row => row.querySelector('th').textContent === strike
)?.querySelector('[aria-colindex="5"]').textContent"""


def column(page: Page, at: int) -> list[float]:
    found: list[float] = page.evaluate(COLUMN, at)
    return found


def test_the_table_appears_and_goes_on_while_nothing_is_asked_of_the_notebook(stand: Stand) -> None:
    stand.show()
    first = state(stand.page)
    wait_beyond(stand.page, first + 5)
    assert "600" in in_view(stand.page)


def test_a_click_on_a_header_sorts_all_rows_and_another_the_other_way(stand: Stand) -> None:
    table = stand.show()
    stand.ask("market.pause()")
    bid = table.locator(".qd-names th[aria-colindex='5']")
    bid.click()
    stand.page.wait_for_function("document.querySelector('.quantdata-table [aria-sort=descending]')")
    best = sorted(stand.ask("market.column('bid')"), reverse=True)
    found = column(stand.page, 5)
    assert found == [round(value, 2) for value in best[: len(found)]]
    bid.click()
    stand.page.wait_for_function("document.querySelector('.quantdata-table [aria-sort=ascending]')")
    found = column(stand.page, 5)
    assert found == [round(value, 2) for value in best[::-1][: len(found)]]


def test_a_filter_leaves_the_rows_that_pass_it_and_all_come_back(stand: Stand) -> None:
    table = stand.show()
    stand.page.click(".qd-opener")
    low = table.locator("input[data-name='moneyness'][data-end='0']")
    low.fill("1.1")
    low.press("Enter")
    stand.page.wait_for_function("document.querySelector('.quantdata-table table').ariaRowCount === '43'")
    assert table.locator("tbody th").first.text_content() == "660"
    low.fill("9")
    low.press("Enter")
    stand.page.get_by_text("No strike passes the filters.").wait_for()
    low.fill("")
    low.press("Enter")
    stand.page.wait_for_function("document.querySelector('.quantdata-table table').ariaRowCount === '203'")


def test_rows_that_are_scrolled_to_are_filled_and_go_on(stand: Stand) -> None:
    stand.show()
    stand.page.evaluate("document.querySelector('.qd-scroller').scrollTop = 0")
    stand.page.wait_for_function(f"({IN_VIEW})()[0] === '500'")
    assert len(in_view(stand.page)) > 15
    for strike in in_view(stand.page):
        stand.page.wait_for_function(BID_OF, arg=strike)
    # Any of them moves within a few states.
    before = stand.page.locator("tbody").inner_text()
    stand.page.wait_for_function(
        "before => document.querySelector('.qd-scroller tbody').innerText !== before", arg=before
    )


def test_rows_follow_the_money_until_the_reader_scrolls(stand: Stand) -> None:
    stand.show()
    stand.ask("market.move(650)")
    stand.page.wait_for_function("document.querySelector('.quantdata-table .money th')?.textContent === '650'")
    frames(stand.page, 3)
    assert "650" in in_view(stand.page)
    box = stand.page.locator(".qd-scroller").bounding_box()
    assert box is not None
    stand.page.mouse.move(box["x"] + 200, box["y"] + 200)
    stand.page.mouse.wheel(0, -440)
    stand.page.wait_for_function(FOLLOWING.format("false"))
    stand.ask("market.move(560)")
    stand.page.wait_for_function("document.querySelector('.qd-price').textContent === '560.00'")
    frames(stand.page, 3)
    assert "560" not in in_view(stand.page)
    stand.page.click(".qd-follow")
    stand.page.wait_for_function("document.querySelector('.quantdata-table .money th')?.textContent === '560'")
    frames(stand.page, 3)
    assert "560" in in_view(stand.page)


def test_the_card_of_a_cell_says_who_gave_it_when_and_how_far_it_is_trusted(stand: Stand) -> None:
    stand.show()
    cell(stand.page, "601", 5).hover()
    stand.page.wait_for_selector(".qd-card:popover-open")
    told = stand.page.locator(".qd-card div").all_text_contents()
    assert told[0] == "601 call · Fri 18 Dec 2026 SPY PM"
    assert any(line.startswith("from massive, ") for line in told)
    assert "confidence 100, excellent" in told


def test_a_tab_shows_another_series(stand: Stand) -> None:
    table = stand.show()
    table.get_by_role("tab").nth(1).click()
    stand.page.wait_for_function("document.querySelector('.quantdata-table table').ariaRowCount === '5'")
    assert table.locator("tbody th").all_text_contents() == ["595", "600", "605"]


def test_what_python_sets_the_page_takes(stand: Stand) -> None:
    stand.show(height=300)
    stand.ask("table.set_trait('height', 500)")
    stand.page.wait_for_function("document.querySelector('.qd-scroller').style.maxHeight === '500px'")
    stand.ask("table.set_trait('least_confidence', 60)")
    stand.page.wait_for_function("document.querySelector('.quantdata-table input[type=range]').value === '60'")


def test_keys_in_the_table_are_its_own_and_do_nothing_to_the_cells_of_the_notebook(stand: Stand) -> None:
    stand.show()
    cell(stand.page, "601", 5).click()
    for key in ("d", "d", "a", "b", "x", "Enter", "Escape", "ArrowDown", "ArrowDown"):
        stand.page.keyboard.press(key)
    assert stand.page.locator(".jp-Notebook .jp-Cell").count() == 2
    assert stand.page.evaluate("document.activeElement.closest('tr').querySelector('th').textContent") == "603"


def test_a_selection_is_copied_as_tab_separated_text(stand: Stand) -> None:
    stand.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    stand.show()
    stand.ask("market.pause()")
    cell(stand.page, "601", 5).click()
    stand.page.keyboard.press("Shift+ArrowDown")
    stand.page.keyboard.press("Control+c")
    stand.page.wait_for_function("document.querySelector('.quantdata-table [role=status]').textContent !== ''")
    text = stand.page.evaluate("navigator.clipboard.readText()")
    bids = stand.ask("market.column('bid')")
    assert text.splitlines() == ["call bid", f"{bids[101]:.2f}", f"{bids[102]:.2f}"]


def test_axe_finds_nothing_in_the_notebook(stand: Stand, axe: str) -> None:
    stand.show()
    stand.page.click(".qd-opener")
    cell(stand.page, "601", 5).click()
    stand.page.wait_for_selector(".qd-card:popover-open")
    stand.page.evaluate(axe)
    found: Any = stand.page.evaluate("axe.run(document.querySelector('.quantdata-table'))")
    assert [(each["id"], each["impact"], each["nodes"][0]["failureSummary"]) for each in found["violations"]] == []


@pytest.mark.usefixtures("dark")
def test_in_a_dark_notebook_the_table_is_dark(open_notebook: Callable[..., Notebook], tmp_path: Path) -> None:
    notebook = open_notebook(
        "from tests.browser.lab.market import *\nmarket = Market()", "table = CountedTable(market, 'SPY')\ntable"
    )
    notebook.run(0, 1)
    wait_beyond(notebook.page, 1)
    notebook.page.screenshot(path=tmp_path / "dark.png")
    red, green, blue = notebook.page.evaluate(
        "getComputedStyle(document.querySelector('.quantdata-table')).backgroundColor.match(/[0-9]+/g).map(Number)"
    )
    assert max(red, green, blue) < 80
