"""The life of a table in a real JupyterLab: busy kernels, reloads, other views, slow, hidden, hanging and lost tabs."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Final

import pytest

from quantdata.widgets.gate import WINDOW
from tests.browser.lab.driving import MARKET, SHOW, STATE, TABLE, live, shown, state, until, wait_beyond

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.browser.lab.driving import Stand
    from tests.browser.lab.notebook import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PROMPT: Final = "at => document.querySelectorAll('.jp-Notebook .jp-InputPrompt')[at].textContent"


def says_nothing(notebook: Notebook) -> None:
    """Hold the table to silence while the market makes ten more states."""
    ask = notebook.kernel.ask
    said, states = ask("(len(table.said), market.states)")
    until(lambda: ask("market.states") > states + 10)
    assert ask("len(table.said)") == said


def test_a_table_is_there_and_lives_while_a_long_cell_runs(
    open_notebook: Callable[..., Notebook], tmp_path: Path
) -> None:
    notebook = open_notebook(MARKET, SHOW, f"hold({str(tmp_path / 'free')!r})")
    notebook.page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
    shown(notebook.page)
    wait_beyond(notebook.page, state(notebook.page) + 3)
    assert notebook.page.evaluate(PROMPT, 2) == "[*]:"
    (tmp_path / "free").touch()
    notebook.page.wait_for_function(f"({PROMPT})(2) !== '[*]:'")


def test_a_page_that_is_loaded_anew_shows_the_table_that_lives(open_notebook: Callable[..., Notebook]) -> None:
    notebook = live(open_notebook)
    before = state(notebook.page)
    notebook.page.reload()
    notebook.ready()
    shown(notebook.page)
    wait_beyond(notebook.page, before + 5)
    until(lambda: notebook.kernel.ask("table.pages") == 1)


def test_a_table_whose_kernel_was_restarted_says_that_it_is_stale_and_one_that_is_run_again_lives(
    open_notebook: Callable[..., Notebook],
) -> None:
    notebook = live(open_notebook)
    notebook.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    notebook.page.get_by_text("STALE since").first.wait_for()
    assert notebook.page.locator(f"{TABLE}.is-stale").count() == 1
    notebook.run(0, 1)
    shown(notebook.page)
    wait_beyond(notebook.page, state(notebook.page))
    assert notebook.page.locator(f"{TABLE}.is-stale").count() == 0


def test_two_views_of_a_table_both_live(open_notebook: Callable[..., Notebook]) -> None:
    notebook = live(open_notebook)
    notebook.type("table")
    shown(notebook.page, 1)
    for at in (0, 1):
        wait_beyond(notebook.page, state(notebook.page, at), at)
    assert notebook.kernel.ask("table.pages") == 2


def test_a_second_tab_shows_the_table_too_and_nothing_is_sent_to_it_when_it_is_closed(
    open_notebook: Callable[..., Notebook],
) -> None:
    notebook = live(open_notebook)
    other = open_notebook(name=notebook.name)
    shown(other.page)
    wait_beyond(other.page, state(other.page))
    wait_beyond(notebook.page, state(notebook.page))
    assert notebook.kernel.ask("table.pages") == 2
    other.page.close()
    until(lambda: notebook.kernel.ask("table.pages") == 1)
    wait_beyond(notebook.page, state(notebook.page))


def test_to_a_closed_tab_nothing_is_sent_and_one_that_is_opened_later_shows_the_table(
    open_notebook: Callable[..., Notebook],
) -> None:
    notebook = live(open_notebook)
    notebook.page.close()
    until(lambda: notebook.kernel.ask("table.pages") == 0)
    says_nothing(notebook)
    before = notebook.kernel.ask("market.states")
    later = open_notebook(name=notebook.name)
    shown(later.page)
    wait_beyond(later.page, before)


def test_a_tab_that_crashes_is_given_up(open_notebook: Callable[..., Notebook], browser: Browser) -> None:
    before = renderers(browser)
    notebook = live(open_notebook)
    for process in renderers(browser) - before:
        os.kill(process, signal.SIGKILL)
    until(lambda: notebook.kernel.ask("table.pages") == 0)
    says_nothing(notebook)


def renderers(browser: Browser) -> set[int]:
    """Return the processes in which a browser's pages are."""
    session = browser.new_browser_cdp_session()
    told = session.send("SystemInfo.getProcessInfo")
    session.detach()
    return {each["id"] for each in told["processInfo"] if each["type"] == "renderer"}


def test_a_tab_that_hangs_is_given_up_and_lives_again_when_it_is_back(stand: Stand) -> None:
    stand.show()
    wait_beyond(stand.page, state(stand.page))
    session = stand.page.context.new_cdp_session(stand.page)
    session.send("Debugger.enable")
    session.send("Debugger.pause")
    until(lambda: stand.ask("table.pages") == 0)
    says_nothing(stand.notebook)
    before = stand.ask("market.states")
    session.send("Debugger.resume")
    session.detach()
    wait_beyond(stand.page, before)


def test_to_a_hidden_tab_nothing_is_sent(stand: Stand) -> None:
    stand.show()
    wait_beyond(stand.page, state(stand.page))
    hide(stand, hidden=True)
    until(lambda: stand.ask("table.pages") == 0)
    says_nothing(stand.notebook)
    before = stand.ask("market.states")
    hide(stand, hidden=False)
    wait_beyond(stand.page, before)


def hide(stand: Stand, *, hidden: bool) -> None:
    """Let the page believe that its tab is in the background: one without a screen never is."""
    stand.page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def test_a_slow_page_is_sent_no_more_than_it_draws_and_what_it_draws_is_new(stand: Stand) -> None:
    stand.ask("market.hurry(hertz=50, share=1)")
    stand.show()
    session = stand.page.context.new_cdp_session(stand.page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    newest = began = stand.ask("market.states")
    owed, behind = [], []
    while newest < began + 300:
        newest, under_way = stand.ask("(market.states, table.owed)")
        owed.append(under_way)
        # Asked first, so that what is counted is at most what the page was behind by.
        behind.append(newest - state(stand.page))
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    assert max(owed) <= WINDOW
    # Without the gate it would be behind by more and more: by most of the 300 in the end.
    assert max(behind[len(behind) // 2 :]) < 150
    last = stand.ask("market.pause()")
    stand.page.wait_for_function(f"({STATE})() === {last}")
    session.detach()
