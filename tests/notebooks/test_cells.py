"""The client inside a real kernel: sync calls, top-level await and `run` in the cells of one notebook."""

from __future__ import annotations

from typing import Any

import pytest

nbformat: Any = pytest.importorskip("nbformat", reason="the small environment has no Jupyter")
nbclient: Any = pytest.importorskip("nbclient", reason="the small environment has no Jupyter")
pytest.importorskip("ipykernel", reason="the small environment has no Jupyter")

CELLS = (
    "import quantdata as qd\nclient = qd.Client('sim', clock='at:2026-11-18T11:00')",
    "client.chain('DIA', dte=(0, 7)).height > 100",
    "shared = qd.AsyncClient('sim', clock='at:2026-11-18T11:00')\n(await shared.quotes('SPY')).height",
    "async def main():\n    return (await shared.indices(['SPX', 'VIX'])).height\nqd.run(main())",
    "import asyncio\n[await asyncio.sleep(0, result='the loop is alive'), client.quotes(['SPY', 'QQQ']).height]",
)
ANSWERS = (None, "True", "1", "2", "['the loop is alive', 2]")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_calls_of_every_kind_work_in_the_cells_of_a_notebook() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    nbclient.NotebookClient(notebook, timeout=50, kernel_name="python3").execute()
    answers = [
        next((output["data"]["text/plain"] for output in cell["outputs"] if "data" in output), None)
        for cell in notebook["cells"]
    ]
    assert tuple(answers) == ANSWERS
