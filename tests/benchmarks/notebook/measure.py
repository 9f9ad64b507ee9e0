"""One way to show a chain, measured in a real JupyterLab and a real browser."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tests.browser.lab.notebook import Notebook, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession

    from tests.browser.lab.server import Lab

__all__ = ["Figures", "Slow", "measure", "measure_slow"]

PROBE: Final = Path(__file__).with_name("probe.js")
WARM_S: Final = 4.0
SLOWER: Final = 6
RESET: Final = "began => Object.assign(benchProbe, { frames: 0, states: [], ages: [], began })"
TOLD: Final = "() => ({ ...benchProbe, at: performance.now() })"


@dataclass(frozen=True, slots=True)
class Figures:
    """What one way costs; times are milliseconds, all but the last per update.

    Attributes
    ----------
    publish
        CPU of the threads that publish.
    kernel
        CPU of the kernel's process, but for making the numbers.
    kilobytes, arrays
        On the page's sockets, all told; of arrays alone, of ours.
    painted
        States a second that the screen shows.
    frames
        Of the screen, a second.
    median, late
        From the kernel's clock to after the frame that shows it: half of the states, 95 % of them.
    """

    publish: float
    kernel: float
    kilobytes: float
    arrays: float
    painted: float
    frames: float
    median: float
    late: float


@dataclass(frozen=True, slots=True)
class Slow:
    """A page that is slowed down: how old what it shows is (ms), and its heap before and after (MB)."""

    median: float
    oldest: float
    before: float
    after: float


class Running:
    """A notebook in which one way runs."""

    def __init__(self, lab: Lab, browser: Browser, way: str, strikes: int) -> None:
        name = f"{way}-{strikes}-{time.monotonic_ns()}.ipynb"
        cells = [
            f"from tests.benchmarks.notebook.ways import Bench\nbench = Bench({way!r}, strikes={strikes})",
            "bench.shown",
        ]
        write(lab, name, cells)
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.context.add_init_script(path=PROBE)
        self.notebook = Notebook(lab, name, self.context)
        self.page = self.notebook.page
        self.bytes = 0
        self.session: CDPSession = self.context.new_cdp_session(self.page)
        self.session.on("Network.webSocketFrameReceived", self._count)
        self.session.send("Network.enable")
        self.notebook.open()
        self.notebook.run(0, 1)
        self.page.wait_for_function("benchProbe.last > 0")
        self.began: float = 1e3 * self.notebook.kernel.ask("bench.market.began")

    def reset(self) -> float:
        """Begin to count; return the page's clock in seconds."""
        self.page.evaluate(RESET, self.began)
        self.bytes = 0
        return float(self.page.evaluate("performance.now()")) / 1e3

    def heap(self) -> float:
        """Return the megabytes of the page's heap that are in use."""
        self.session.send("HeapProfiler.collectGarbage")
        return float(self.session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6

    def close(self) -> None:
        self.notebook.kernel.ask("bench.stop()")
        self.notebook.hang_up()
        self.context.close()
        self.notebook.lab.end_kernel(self.notebook.name)

    def _count(self, frame: dict[str, Any]) -> None:
        told = frame["response"]
        is_text = told["opcode"] == 1
        self.bytes += len(told["payloadData"]) if is_text else len(base64.b64decode(told["payloadData"]))


def measure(lab: Lab, browser: Browser, way: str, *, strikes: int, seconds: float) -> Figures:
    """Measure one way at 10 updates a second of 20 % of the cells."""
    running = Running(lab, browser, way, strikes)
    ask = running.notebook.kernel.ask
    running.page.wait_for_timeout(1e3 * WARM_S)
    began_s = running.reset()
    before, arrays = ask("bench.spent()"), ask("bench.sent_bytes()")
    running.page.wait_for_timeout(1e3 * seconds)
    after, arrays_after = ask("bench.spent()"), ask("bench.sent_bytes()")
    received = running.bytes
    told: dict[str, Any] = running.page.evaluate(TOLD)
    running.close()
    span_s = told["at"] / 1e3 - began_s
    ticks, publish, kernel = (late - early for late, early in zip(after, before, strict=True))
    latencies = told["states"] or [np.inf]
    return Figures(
        publish=publish / ticks,
        kernel=kernel / ticks,
        kilobytes=received / ticks / 1e3,
        arrays=(arrays_after - arrays) / ticks / 1e3,
        painted=len(told["states"]) / span_s,
        frames=told["frames"] / span_s,
        median=float(np.percentile(latencies, 50)),
        late=float(np.percentile(latencies, 95)),
    )


def measure_slow(lab: Lab, browser: Browser, *, strikes: int, seconds: float) -> Slow:
    """Measure our own table in a page that is slowed down six times."""
    running = Running(lab, browser, "quantdata", strikes)
    running.session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    running.page.wait_for_timeout(1e3 * WARM_S)
    before = running.heap()
    running.reset()
    running.page.wait_for_timeout(1e3 * seconds)
    told: dict[str, Any] = running.page.evaluate(TOLD)
    after = running.heap()
    running.session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    running.close()
    ages = told["ages"] or [np.inf]
    return Slow(median=float(np.percentile(ages, 50)), oldest=float(max(ages)), before=before, after=after)
