"""One notebook in one tab of a browser, and the kernel behind it."""

from __future__ import annotations

import ast
import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlparse

from jupyter_client.asynchronous.client import AsyncKernelClient

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from playwright.sync_api import BrowserContext, Locator

    from tests.browser.lab.server import Lab

__all__ = ["Kernel", "Notebook", "write"]

PATIENCE_S: Final = 60
READY: Final = "window.jupyterapp?.shell.currentWidget?.context?.isReady"
IDLE: Final = """() => {
  const kernel = jupyterapp.shell.currentWidget.context.sessionContext.session?.kernel;
  return kernel?.connectionStatus === 'connected' && ['idle', 'busy'].includes(kernel.status);
}"""
RUN: Final = """async ([at, waits]) => {
  const panel = jupyterapp.shell.currentWidget;
  panel.content.deselectAll();
  panel.content.activeCellIndex = at;
  const done = jupyterapp.commands.execute('notebook:run-cell');
  if (waits) await done;
}"""
ADD: Final = """async source => {
  const { content } = jupyterapp.shell.currentWidget;
  content.activeCellIndex = content.widgets.length - 1;
  await jupyterapp.commands.execute('notebook:insert-cell-below');
  content.activeCell.model.sharedModel.setSource(source);
  return content.activeCellIndex;
}"""
FAULT: Final = """() => jupyterapp.shell.currentWidget.content.widgets
  .flatMap(cell => cell.model.outputs?.toJSON() ?? [])
  .filter(({ output_type, name }) => output_type === 'error' || name === 'stderr')
  .map(({ traceback, text }) => (traceback ?? [text]).join('\\n'))"""


def write(lab: Lab, name: str, cells: Sequence[str], *, kernel: str = "python3") -> None:
    """Write a notebook of code cells into the folder of a JupyterLab."""
    told = {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (lab.files / name).write_text(json.dumps(told))


def _is_of_a_subshell(fault: str) -> bool:
    """Tell whether it is of a message that came while JupyterLab ended its subshell.

    ipykernel 7.4 closes the loop of the thread with the message's task in it: `BaseThread.run` in its thread.py.
    """
    return "Traceback" not in fault and "_async_in_context.<locals>.run_in_context" in fault


class Kernel:
    """A second line to a kernel, which no page knows of."""

    def __init__(self, lab: Lab, notebook: str) -> None:
        # A loop of its own on a thread of its own: in that of a test the one of playwright runs.
        self._thread = ThreadPoolExecutor(1)
        self._loop = asyncio.new_event_loop()
        self._client: Any = AsyncKernelClient(connection_file=str(lab.connection(notebook)))
        self._client.load_connection_file()
        # Not what all tabs are told: of a table that is live there is no end of it.
        self._thread.submit(self._client.start_channels, iopub=False, stdin=False, hb=False, control=False).result()

    def ask(self, expression: str) -> Any:
        """Return the value of an expression, of literals alone; waits for the cell that runs."""
        return self._await(self._ask(expression))

    def close(self) -> None:
        """End the line; the kernel goes on."""
        self._thread.submit(self._client.stop_channels).result()
        self._client.context.term()
        self._thread.submit(self._loop.close).result()
        self._thread.shutdown()

    def _await(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self._thread.submit(self._loop.run_until_complete, coroutine).result()

    async def _ask(self, expression: str) -> Any:
        wanted = {"it": expression}
        asked = self._client.execute("", silent=True, user_expressions=wanted, reply=True, timeout=PATIENCE_S)
        told = (await asked)["content"]["user_expressions"]["it"]
        if told["status"] != "ok":
            raise RuntimeError(f"{expression}: {told['ename']}: {told['evalue']}")
        return ast.literal_eval(told["data"]["text/plain"])


class Notebook:
    """A notebook as its reader has it before them.

    Attributes
    ----------
    page
        Its tab.
    elsewhere
        Addresses that the tab asked for and that are not on this machine.
    complaints
        What its console said, errors alone.
    """

    def __init__(self, lab: Lab, name: str, context: BrowserContext) -> None:
        self.lab = lab
        self.name = name
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []
        self._kernel: Kernel | None = None
        self.page = context.new_page()
        self.page.set_default_timeout(1e3 * PATIENCE_S)
        self.page.on("request", lambda request: self._note(request.url))
        self.page.on("websocket", lambda socket: self._note(socket.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)

    def open(self, *, has_kernel: bool = True) -> None:
        """Load it, and wait until JupyterLab is there."""
        self.page.goto(self.lab.address(self.name))
        self.ready(has_kernel=has_kernel)

    def ready(self, *, has_kernel: bool = True) -> None:
        """Wait until it is loaded and its kernel speaks."""
        self.page.wait_for_function(READY)
        if has_kernel:
            self.page.wait_for_function(IDLE)

    def run(self, *cells: int, waits: bool = True) -> None:
        """Run cells by their numbers; they must say nothing of trouble."""
        for cell in cells:
            self.page.evaluate(RUN, [cell, waits])
        if waits:
            faults = [fault for fault in self.page.evaluate(FAULT) if not _is_of_a_subshell(fault)]
            assert faults == [], "\n".join(faults)

    def type(self, source: str, *, waits: bool = True) -> int:
        """Add a cell at the end and run it; return its number."""
        cell: int = self.page.evaluate(ADD, source)
        self.run(cell, waits=waits)
        return cell

    def do(self, command: str) -> None:
        """Run one of JupyterLab's commands to its end."""
        self.page.evaluate("name => jupyterapp.commands.execute(name).then(() => null)", command)

    def output(self, cell: int) -> Locator:
        """Return what a cell shows below itself."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".jp-OutputArea-output")

    @property
    def kernel(self) -> Kernel:
        """A second line to its kernel."""
        if self._kernel is None:
            self._kernel = Kernel(self.lab, self.name)
        return self._kernel

    def hang_up(self) -> None:
        """End the second line: the kernel behind it is to be another one, or none."""
        if self._kernel is not None:
            self._kernel.close()
            self._kernel = None

    def _note(self, address: str) -> None:
        place = urlparse(address)
        if place.scheme in {"http", "https", "ws", "wss"} and place.hostname != "127.0.0.1":
            self.elsewhere.append(address)
