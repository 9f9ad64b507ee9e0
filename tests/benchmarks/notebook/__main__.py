"""Our live table beside other widgets, in a real JupyterLab and Chromium: ``make bench-notebook``.

10 updates a second, 20 % of 2 x 6 columns, 400 px of a table in view. Other widgets run if they are installed:
``pip install ipydatagrid perspective-python`` into the environment of this process.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from playwright.sync_api import sync_playwright
from rich import box
from rich.console import Console
from rich.table import Table

from tests.benchmarks.notebook.measure import SLOWER, measure, measure_slow
from tests.browser.lab.server import running_lab

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.benchmarks.notebook.measure import Figures
    from tests.browser.lab.server import Lab

CHROMIUM: Final = "/usr/bin/chromium"
STRIKES: Final = (50, 500, 5_000)
NEEDS: Final = {
    "quantdata": "quantdata",
    "ipywidgets.HTML": "ipywidgets",
    "ipydatagrid": "ipydatagrid",
    "perspective": "perspective",
}
GOALS: Final = "goals of quantdata: kernel <= 4 ms, arrays <= 3 kB, p95 <= 100 ms, >= 50 frames"
# A way whose screen is so late is behind by more and more; of more strikes it would never come to an end.
OVERLOADED_MS: Final = 2_000.0
LEFT_OUT: Final = "not run: overloaded by fewer strikes"


def main() -> None:
    """Measure all ways that are installed and print one table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.notebook", description=__doc__)
    parser.add_argument("--strikes", type=int, nargs="+", default=STRIKES)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--ways", nargs="+", choices=NEEDS, default=list(NEEDS))
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_lab(Path(folder)) as lab,
        sync_playwright() as driver,
        driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]) as browser,
    ):
        compare(lab, browser, arguments.ways, strikes=arguments.strikes, seconds=arguments.seconds)
        slow = measure_slow(lab, browser, strikes=500, seconds=2.5 * arguments.seconds)
    print(
        f"quantdata, 500 strikes, page slowed {SLOWER} times for {2.5 * arguments.seconds:g} s: what it shows is "
        f"{slow.median:.0f} ms old, at most {slow.oldest:.0f} (goal <= 1000); heap {slow.before:.1f} MB, then "
        f"{slow.after:.1f}"
    )


def compare(lab: Lab, browser: Browser, ways: list[str], *, strikes: list[int], seconds: float) -> None:
    """Measure the ways at each number of strikes in turn, and print them as they come."""
    missing = [way for way in ways if find_spec(NEEDS[way]) is None]
    if missing:
        print(f"{' and '.join(missing)} not installed: pip install ipydatagrid perspective-python")
    table = _table()
    overloaded: set[str] = set()
    for count in strikes:
        for way in (way for way in ways if way not in missing):
            if way in overloaded:
                table.add_row(way, f"{count:,}", *[""] * 7, LEFT_OUT)
                continue
            figures = measure(lab, browser, way, strikes=count, seconds=seconds)
            table.add_row(way, f"{count:,}", *_texts(figures))
            if figures.late > OVERLOADED_MS:
                overloaded.add(way)
    Console(width=150).print(table)


def _table() -> Table:
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    conditions = f"per update; load of this machine at the beginning {load} on {os.cpu_count()} cores; {GOALS}"
    table = Table(box=box.SIMPLE_HEAD, title="A chain that moves in JupyterLab", caption=conditions)
    for heading in (
        "way",
        "strikes",
        "publish ms",
        "kernel ms",
        "kB",
        "arrays kB",
        "Hz",
        "frames/s",
        "p50 ms",
        "p95 ms",
    ):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    return table


def _texts(figures: Figures) -> list[str]:
    arrays = f"{figures.arrays:.2f}" if figures.arrays else ""
    costs = [f"{figures.publish:.2f}", f"{figures.kernel:.2f}", f"{figures.kilobytes:.2f}", arrays]
    return [*costs, f"{figures.painted:.1f}", f"{figures.frames:.0f}", f"{figures.median:.0f}", f"{figures.late:.0f}"]


if __name__ == "__main__":
    main()
