"""The notebooks: each runs from top to bottom on this machine alone, says what it is for, and is stripped in git."""

from __future__ import annotations

import json
import re
import runpy
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLE: Final = ROOT / "data" / "sample"
NOTEBOOKS: Final = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES: Final = [path.stem for path in NOTEBOOKS]
# Runs in every kernel before the first cell: whoever tries to leave this machine is refused, and written down.
GUARD: Final = """
import socket
from ipaddress import ip_address

def _guarded(method, at):
    def call(*args, **kwargs):
        target = args[at]
        host = target[0] if isinstance(target, tuple) else target
        try:
            allowed = not host or isinstance(host, bytes) or ip_address(host).is_loopback or host == "0.0.0.0"
        except ValueError:
            allowed = host == "localhost" or host.startswith(("/", "\\0"))
        if not allowed:
            with open("refused.txt", "a") as file:
                print(host, file=file)
            raise ConnectionRefusedError(f"notebooks stay on this machine: {host} is elsewhere")
        return method(*args, **kwargs)
    return call

socket.socket.connect = _guarded(socket.socket.connect, 1)
socket.socket.connect_ex = _guarded(socket.socket.connect_ex, 1)
socket.getaddrinfo = _guarded(socket.getaddrinfo, 0)
"""

notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)


def cells(path: Path, kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


@pytest.fixture
def in_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Any]:
    """Return what runs a notebook in a fresh kernel, in a folder that holds the sample lake alone, behind the guard."""
    nbformat: Any = pytest.importorskip("nbformat", reason="the small environment has no Jupyter")
    nbclient: Any = pytest.importorskip("nbclient", reason="the small environment has no Jupyter")
    pytest.importorskip("ipykernel", reason="the small environment has no Jupyter")
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-guard.py").write_text(GUARD)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    # A copy: whoever opens a lake leaves a ledger in it.
    shutil.copytree(SAMPLE, tmp_path / "data" / "sample", ignore=shutil.ignore_patterns("*.sqlite*"))

    def run(path: Path) -> Any:
        loaded = nbformat.read(path, as_version=4)
        resources = {"metadata": {"path": str(tmp_path)}}
        nbclient.NotebookClient(loaded, timeout=150, kernel_name="python3", resources=resources).execute()
        return loaded

    return run


def outputs(executed: Any, kind: str) -> list[Any]:
    return [output for cell in executed["cells"] for output in cell.get("outputs", ()) if output["output_type"] == kind]


@notebook
@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_runs_without_an_error_or_a_warning_and_never_leaves_this_machine(
    path: Path, in_a_kernel: Callable[[Path], Any], tmp_path: Path
) -> None:
    executed = in_a_kernel(path)
    complaints = [output["text"] for output in outputs(executed, "stream") if output["name"] == "stderr"]
    assert not complaints
    refused = tmp_path / "refused.txt"
    assert not refused.exists(), refused.read_text()


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_guard_of_the_kernels_refuses_other_machines(in_a_kernel: Callable[[Path], Any], tmp_path: Path) -> None:
    nbformat: Any = pytest.importorskip("nbformat")
    source = (
        "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80), 1)\nexcept OSError as e:\n    print(e)"
    )
    path = tmp_path / "leaving.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
    (printed,) = outputs(in_a_kernel(path), "stream")
    assert "stay on this machine" in printed["text"]
    assert "192.0.2.1" in (tmp_path / "refused.txt").read_text()


@notebook
def test_says_first_what_the_reader_will_be_able_to_do(path: Path) -> None:
    first = json.loads(path.read_text())["cells"][0]
    text = "".join(first["source"])
    assert first["cell_type"] == "markdown"
    assert text.startswith(f"# {path.stem[:2]} · ")
    assert "After this notebook you will be able to\n\n- " in text


@notebook
def test_runs_on_the_simulated_market_unless_there_is_a_key(path: Path) -> None:
    code = cells(path, "code")
    if path.stem.startswith("05"):
        assert "**This notebook always uses the simulator**" in cells(path, "markdown")[0]
        assert "market = Simulator().start()" in code[0]
    else:
        assert 'if not {"MASSIVE_API_KEY", "TRADIER_ACCESS_TOKEN"} & os.environ.keys():' in code[0]
        assert 'os.environ.setdefault("QUANTDATA_SOURCE", "sim")' in code[0]


@notebook
def test_names_no_date_that_would_go_stale(path: Path) -> None:
    dates = [found for source in cells(path, "code") for found in re.findall(r"\b20[2-9]\d-\d\d-\d\d\b", source)]
    assert dates == []


@notebook
def test_links_lead_to_notebooks_that_exist(path: Path) -> None:
    linked = {name for text in cells(path, "markdown") for name in re.findall(r"\((\w+\.ipynb)\)", text)}
    assert linked <= {each.name for each in NOTEBOOKS}


def test_the_readme_lists_every_notebook() -> None:
    listed = re.findall(r"\(notebooks/(\w+)\.ipynb\)", (ROOT / "README.md").read_text())
    assert listed == NAMES


@pytest.fixture(scope="module")
def stripped() -> Callable[[str], str]:
    found: Callable[[str], str] = runpy.run_path(str(ROOT / "tools" / "strip_notebooks.py"))["stripped"]
    return found


@notebook
def test_is_stripped_in_git(path: Path, stripped: Callable[[str], str]) -> None:
    text = path.read_text()
    assert text == stripped(text), "python tools/strip_notebooks.py"


def test_stripping_takes_out_what_a_run_left_and_nothing_else(stripped: Callable[[str], str]) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": "1"}
    ran = {
        "cell_type": "code",
        "execution_count": 7,
        "id": "a1b2c3",
        "metadata": {"tags": ["slow"], "execution": {"iopub.status.busy": "2026-11-26T05:00:00Z"}},
        "outputs": [output],
        "source": "print(\n    1\n)\n",
    }
    said = {"cell_type": "markdown", "metadata": {"collapsed": True}, "source": ["# Title\n", "text"]}
    whole = {"cells": [said, ran], "metadata": {"widgets": {"state": {}}, "language_info": {"version": "3.11.7"}}}
    title, code = (cleaned := json.loads(stripped(json.dumps(whole))))["cells"]
    assert title == {"cell_type": "markdown", "id": "cell-01", "metadata": {}, "source": ["# Title\n", "text"]}
    assert (code["outputs"], code["execution_count"], code["metadata"]) == ([], None, {"tags": ["slow"]})
    assert "".join(code["source"]) == "print(\n    1\n)"
    assert cleaned["metadata"].keys() == {"kernelspec", "language_info"}
    assert stripped(json.dumps(cleaned)) == stripped(json.dumps(whole))
