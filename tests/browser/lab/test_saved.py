"""What is left of a table in a saved notebook, and of a real hub's."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.browser.lab.driving import TABLE, live, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.browser.lab.notebook import Notebook
    from tests.browser.lab.server import Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

HUB: Final = "import quantdata as qd\nhub = qd.hub(['SPY'], source='sim', dte=(0, 7))\nsnapshot = hub.wait()"
STATIC: Final = ".jp-OutputArea-output .qd-chain"
MOST_BYTES: Final = 200_000
# How far the word above the calls is from the middle of their columns, in pixels; and the backgrounds of a cell in the
# money, of one out of it, and of a strike. JupyterLab has its own idea of all tables in outputs.
LOOKS: Final = """() => {
  const plain = document.querySelector('.jp-OutputArea-output .qd-chain details[open]');
  const words = document.createRange();
  words.selectNodeContents(plain.querySelector('th.s'));
  const [word, cell] = [words.getBoundingClientRect(), plain.querySelector('th.s').getBoundingClientRect()];
  const row = [...plain.querySelectorAll('tbody tr')][0];
  const shade = found => getComputedStyle(found).backgroundColor;
  return [
    Math.abs(word.left + word.right - cell.left - cell.right) / 2,
    shade(row.querySelector('td.i')), shade(row.querySelector('td:not(.i)')), shade(row.querySelector('th')),
  ];
}"""


def test_a_saved_notebook_that_is_opened_without_a_kernel_shows_a_plain_table(
    lab: Lab, open_notebook: Callable[..., Notebook]
) -> None:
    source = lab.files / live(open_notebook).name
    told: dict[str, Any] = json.loads(source.read_text())
    # Of one's own language JupyterLab would start a kernel without a question.
    told["metadata"] = {"kernelspec": {"name": "gone", "display_name": "gone", "language": "gone"}}
    source.with_stem("alone").write_text(json.dumps(told))
    alone = open_notebook(name="alone.ipynb", has_kernel=False)
    alone.page.locator(".jp-Dialog button", has_text="No Kernel").click()
    alone.page.locator(STATIC).wait_for()
    assert alone.page.locator(TABLE).count() == 0
    assert alone.page.locator(f"{STATIC} details[open] tr").count() > 10


def test_a_saved_notebook_as_html_shows_a_plain_table_with_its_time(
    lab: Lab, open_notebook: Callable[..., Notebook], browser: Browser, tmp_path: Path
) -> None:
    source = lab.files / live(open_notebook).name
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output-dir", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    page = browser.new_page()
    # Its template asks for MathJax, which no table needs.
    page.route("http*://**", lambda route: route.abort())
    page.goto(f"file://{tmp_path / source.with_suffix('.html').name}", wait_until="domcontentloaded")
    plain = page.locator(".qd-chain")
    plain.wait_for()
    assert "as of 2026-11-18 11:00:00 New York" in plain.inner_text()
    assert plain.locator("details[open] tr").count() > 10
    page.close()


def test_the_table_of_a_hub_tells_its_sources_and_a_plain_one_stays_when_the_hub_is_closed(
    lab: Lab, open_notebook: Callable[..., Notebook]
) -> None:
    notebook = open_notebook(HUB, "table = hub.table('SPY', height=240)\ntable", "hub.close()")
    notebook.run(0, 1)
    shown(notebook.page)
    assert "SIMULATED" in notebook.page.locator(".qd-badges li").all_text_contents()
    notebook.page.locator(f"{TABLE} tbody .money [aria-colindex='5']").hover()
    notebook.page.wait_for_selector(".qd-card:popover-open")
    lines = notebook.page.locator(".qd-card div").all_text_contents()
    assert any(line.startswith(("from massive, ", "from tradier, ")) for line in lines)
    notebook.run(2)
    notebook.page.locator(STATIC).wait_for()
    assert notebook.page.locator(TABLE).count() == 0
    off, *shades = notebook.page.evaluate(LOOKS)
    assert off < 1
    assert len(set(shades)) == 3
    notebook.do("docmanager:save")

    cells = json.loads((lab.files / notebook.name).read_text())["cells"]
    shown_then = cells[1]["outputs"][0]["data"]
    assert set(shown_then) == {"text/plain", "text/html"}
    html = "".join(shown_then["text/html"])
    assert "SIMULATED" in html
    assert len(html.encode()) <= MOST_BYTES

    lab.end_kernel(notebook.name)
    later = open_notebook(name=notebook.name)
    later.page.locator(STATIC).wait_for()
    assert "SIMULATED" in later.page.locator(STATIC).inner_text()
