"""What the tests in a notebook do with its table again and again."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from tests.browser.page.driving import cell, frames

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.browser.lab.notebook import Notebook
    from tests.browser.lab.server import Lab

__all__ = [
    "IN_VIEW",
    "MARKET",
    "SHOW",
    "TABLE",
    "Stand",
    "cell",
    "frames",
    "in_view",
    "live",
    "set_theme",
    "shown",
    "state",
    "until",
    "wait_beyond",
]

PATIENCE_S: Final = 60.0
TABLE: Final = ".quantdata-table"
# The volume of the call at 600 is the number of the state: see market.py.
STATE: Final = """(at = 0) => {
  const rows = [...(document.querySelectorAll('.quantdata-table')[at]?.querySelectorAll('tbody tr') ?? [])];
  const row = rows.find(({ cells }) => [...cells].some(cell => cell.matches('th') && cell.textContent === '600'));
  const text = row?.querySelector('[aria-colindex="2"]')?.textContent;
  return text ? Number(text.replaceAll(',', '')) : -1;
}"""
# Two cells: a market that moves, and a table of it.
MARKET: Final = "from tests.browser.lab.market import *\nmarket = Market()"
SHOW: Final = "table = CountedTable(market, 'SPY', height=240)\ntable"
IN_VIEW: Final = """() => {
  const box = document.querySelector('.qd-scroller').getBoundingClientRect();
  return [...document.querySelectorAll('.qd-scroller tbody tr')].filter(row => {
    const { top, bottom } = row.getBoundingClientRect();
    return (top + bottom) / 2 > box.top + 44 && (top + bottom) / 2 < box.bottom;
  }).map(row => row.querySelector('th').textContent);
}"""


def shown(page: Page, at: int = 0) -> Locator:
    """Wait for a table with rows, and return it."""
    found = page.locator(TABLE).nth(at)
    found.locator("tbody tr td").first.wait_for()
    return found


def state(page: Page, at: int = 0) -> int:
    """Return the number of the state that a table shows; -1 if its witness is not in the page."""
    found: int = page.evaluate(STATE, at)
    return found


def wait_beyond(page: Page, number: int, at: int = 0) -> None:
    """Wait until a table shows a later state."""
    page.wait_for_function(f"([number, at]) => ({STATE})(at) > number", arg=[number, at])


def live(open_notebook: Callable[..., Notebook]) -> Notebook:
    """Return a saved notebook in which a table lives."""
    notebook = open_notebook(MARKET, SHOW)
    notebook.run(0, 1)
    wait_beyond(notebook.page, state(notebook.page))
    notebook.do("docmanager:save")
    return notebook


def in_view(page: Page) -> list[str]:
    """Return the strikes whose rows are in view, from the top."""
    found: list[str] = page.evaluate(IN_VIEW)
    return found


def set_theme(lab: Lab, theme: str) -> None:
    """Write down which theme a JupyterLab has when it is loaded."""
    folder = lab.files.parent / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    (folder / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))


def until(truth: Callable[[], object]) -> None:
    """Wait until something of the kernel's, or the server's, is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not truth():
        assert time.monotonic() < deadline, "it did not become so"
        time.sleep(0.05)


class Stand:
    """A notebook in whose second cell a table is shown, another for each test."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.page = notebook.page

    def clear(self) -> None:
        """Take the table away, and let the market be as it was."""
        self._second("market.reset()")

    def show(self, **options: Any) -> Locator:
        """Show a table of some arguments and return it."""
        told = "".join(f", {name}={value!r}" for name, value in options.items())
        self._second(f"table = CountedTable(market, 'SPY'{told})\ntable")
        return shown(self.page)

    def ask(self, expression: str) -> Any:
        """Return what an expression of literals is in the kernel."""
        return self.notebook.kernel.ask(expression)

    def _second(self, source: str) -> None:
        self.page.evaluate(
            "source => jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.setSource(source)", source
        )
        self.notebook.run(1)
