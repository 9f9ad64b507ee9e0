"""A hub's dashboard in a notebook of JupyterLab: all its parts live, its buttons work, and all can read it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.browser.lab.driving import TABLE, shown, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.browser.lab.notebook import Notebook
    from tests.browser.lab.server import Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

BOARD: Final = ".quantdata-board"
# What a light may begin with: a shape, so that colour is never the only sign.
SHAPES: Final = "●◐✕○"
TRACES: Final = "document.querySelectorAll('.js-plotly-plot .scatterlayer .trace').length"
SUBTITLE: Final = "document.querySelector('.js-plotly-plot')?.layout?.title?.subtitle?.text"
CHART: Final = """() => {
  const { layout, _fullLayout: drawn } = document.querySelector('.js-plotly-plot');
  return [layout.title.text, drawn.xaxis.type, (layout.shapes ?? []).length, drawn.xaxis.showticklabels];
}"""
# Parts of the dashboard in which something is out of sight, by their classes.
CUT_OFF: Final = """() => [...document.querySelectorAll(
    '.quantdata-board, .quantdata-board .qd-wide, .quantdata-board .qd-frame, .quantdata-board .widget-html-content'
  )].filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.className)"""
BORDER: Final = "button => getComputedStyle(button).borderTopStyle"
BACKGROUND: Final = "button => getComputedStyle(button).backgroundColor"


@pytest.fixture
def board(dashboard: Notebook) -> Iterator[Notebook]:
    """Return a notebook that shows the dashboard of a hub that runs; SPY and three indices are watched afterwards."""
    yield dashboard
    kernel = dashboard.kernel
    kernel.ask("None if hub.is_running else repr(hub.start())")
    kernel.ask("[hub.unwatch([name]) for name in hub.watchlist.chains if name != 'SPY']")
    dashboard.page.locator(BOARD).get_by_role("button", name="Smile").click()
    dashboard.page.wait_for_function(f"{TRACES} > 3")


def part(page: Page, text: str | re.Pattern[str]) -> Locator:
    """Return the part of the dashboard that says something."""
    return page.locator(f"{BOARD} .widget-html-content", has_text=text)


def button(page: Page, name: str) -> Locator:
    """Return a button; an icon's letter, which no font has, comes before its words."""
    return page.locator(BOARD).get_by_role("button", name=re.compile(rf"^\W*{re.escape(name)}$"))


def text_of(page: Page, selector: str) -> str:
    return page.locator(f"{BOARD} {selector}").first.inner_text()


def wait_for_another(page: Page, selector: str, before: str) -> None:
    """Wait until the first element that fits shows another text."""
    page.wait_for_function(
        "([selector, before]) => document.querySelector(selector).innerText !== before",
        arg=[f"{BOARD} {selector}", before],
    )


def test_all_parts_are_there_and_live(board: Notebook) -> None:
    page = board.page
    shown(page)
    assert page.locator(f"{BOARD} .qd-strip .qd-name").all_text_contents() == ["SPX", "NDX", "VIX"]
    part(page, re.compile(r"Quality ● \d+ \w+\s+SIMULATED ● SPY \d+")).wait_for()
    time = r"\d+(\.\d)? m?s"
    part(page, re.compile(rf"massive\s*● ok\s*{time}\s*{time}")).wait_for()
    part(page, "Last fallback: –").wait_for()  # noqa: RUF001  # a dash
    part(page, re.compile(r"massive options\s*● live")).wait_for()
    for name in ("Start", "Stop", "Record", "SPY ×", "SPX ×", "Smile", "Term structure"):  # noqa: RUF001  # crosses
        assert button(page, name).count() == 1
    for selector in (".qd-strip .qd-value", ".qd-price", ".qd-wide"):
        wait_for_another(page, selector, text_of(page, selector))


def test_the_chart_is_drawn_again_and_again_and_as_another_kind_when_that_is_chosen(board: Notebook) -> None:
    page = board.page
    page.wait_for_function(f"{TRACES} > 3")
    smile = ["SPY implied volatility", "linear", 1, True]
    assert page.evaluate(CHART) == smile
    page.wait_for_function(f"before => {SUBTITLE} !== before", arg=page.evaluate(SUBTITLE))
    button(page, "Term structure").click()
    page.wait_for_function(f"(({CHART})()[1] === 'log') && {TRACES} > 0")
    # Without the line at the price, which would be a number of days here.
    assert page.evaluate(CHART) == ["SPY volatility at the money", "log", 0, True]
    button(page, "Smile").click()
    page.wait_for_function(f"{TRACES} > 3")
    assert page.evaluate(CHART) == smile


def test_a_symbol_is_added_and_taken_away_in_the_page_and_what_makes_none_is_told(board: Notebook) -> None:
    page = board.page
    field = page.locator(BOARD).get_by_role("textbox", name="Option chains")
    field.fill("QQQ")
    field.press("Enter")
    page.locator(f"{BOARD} .widget-dropdown option", has_text="QQQ").wait_for(state="attached")
    button(page, "QQQ ×").wait_for()  # noqa: RUF001  # a cross
    assert board.kernel.ask("hub.watchlist.chains") == ("SPY", "QQQ")
    assert field.input_value() == ""
    page.locator(f"{BOARD} .widget-dropdown select").select_option("QQQ")
    page.wait_for_function(f"document.querySelector('{TABLE} .qd-name')?.textContent === 'QQQ'")
    button(page, "QQQ ×").click()  # noqa: RUF001  # a cross
    button(page, "QQQ ×").wait_for(state="detached")  # noqa: RUF001  # a cross
    page.wait_for_function(f"document.querySelector('{TABLE} .qd-name')?.textContent === 'SPY'")
    assert board.kernel.ask("hub.watchlist.chains") == ("SPY",)

    field.fill("<b>")
    button(page, "Add").first.click()
    page.locator(f"{BOARD} .qd-note.qd-down").wait_for()
    assert page.locator(f"{BOARD} .qd-note.qd-down").inner_text().startswith("✕ ")
    field.fill("SPY")
    field.press("Enter")
    page.locator(f"{BOARD} .qd-note.qd-down").wait_for(state="detached")


def test_the_hub_is_stopped_and_started_in_the_page(board: Notebook) -> None:
    page = board.page
    button(page, "Stop").click()
    part(page, "○ stopped").wait_for()
    part(page, "Streams, as they were when the hub was stopped").wait_for()
    assert button(page, "Stop").is_disabled()
    assert button(page, "Record").is_disabled()
    assert not board.kernel.ask("hub.is_running")
    before = text_of(page, ".qd-strip .qd-value")
    button(page, "Start").click()
    part(page, "● running").wait_for()
    wait_for_another(page, ".qd-strip .qd-value", before)
    assert button(page, "Start").is_disabled()


def test_what_comes_in_is_recorded_until_that_is_ended_in_the_page(lab: Lab, board: Notebook) -> None:
    page = board.page
    button(page, "Record").click()
    part(page, "name a folder for the recording").wait_for()
    folder = lab.files / "recordings" / "monday"
    field = page.locator(BOARD).get_by_role("textbox", name="Folder")
    field.fill("recordings/monday")
    field.press("Enter")
    until(lambda: [file for file in files(folder) if file.stat().st_size])
    button(page, "End recording").click()
    part(page, "○ recorded").wait_for()
    told = re.search(r"recorded ([\d,]+) records, [\d,]+ kB", part(page, "○ recorded").inner_text())
    assert told
    assert int(told[1].replace(",", "")) > 0
    assert button(page, "Record").is_enabled()


def files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


@pytest.mark.parametrize("width", [1280, 600])
def test_axe_finds_nothing_and_nothing_is_cut_off(board: Notebook, axe: str, width: int) -> None:
    page = board.page
    page.set_viewport_size({"width": width, "height": 900})
    shown(page)
    page.wait_for_function(f"(({CUT_OFF})()).length === 0")
    page.evaluate(axe)
    found: Any = page.evaluate(f"axe.run(document.querySelector('{BOARD}'))")
    assert [(each["id"], each["impact"], each["nodes"][0]["failureSummary"]) for each in found["violations"]] == []
    page.set_viewport_size({"width": 1280, "height": 900})


def test_in_high_contrast_lights_badges_and_buttons_are_told_by_shapes_words_and_lines(board: Notebook) -> None:
    page = board.page
    page.emulate_media(forced_colors="active")
    lights = page.locator(f"{BOARD} .qd-lamp").all_inner_texts()
    assert len(lights) > 5
    assert all(each[0] in SHAPES and each[1:].strip() for each in lights)
    assert page.locator(f"{BOARD} .qd-badge").first.evaluate(BORDER) == "solid"
    for name in ("Stop", "Record", "SPY ×", "Smile", "Term structure"):  # noqa: RUF001  # a cross
        assert button(page, name).evaluate(BORDER) == "solid"
    assert button(page, "Start").evaluate(BORDER) == "dashed"
    assert button(page, "Smile").evaluate(BACKGROUND) != button(page, "Term structure").evaluate(BACKGROUND)
    page.emulate_media(forced_colors="none")


def test_what_is_left_of_a_closed_one_is_plain_and_says_when_it_was_so(
    open_notebook: Callable[..., Notebook],
) -> None:
    hub = "import quantdata as qd\nhub = qd.hub(['SPY'], source='sim', indices=['VIX'], dte=(0, 7))"
    notebook = open_notebook(hub, "board = hub.dashboard()\nboard", "_ = hub.wait()", "hub.close()")
    notebook.run(0, 1, 2)
    notebook.page.wait_for_function(f"{TRACES} > 3")
    notebook.run(3)
    left = notebook.page.locator(f".jp-RenderedHTML {BOARD}")
    left.wait_for()
    assert notebook.page.locator(f"{TABLE}, {BOARD} button").count() == 0
    assert re.search(r"As it was at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d New York", left.inner_text())
    assert left.locator(".qd-chain details[open] tr").count() > 10
