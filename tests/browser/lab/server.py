"""A real JupyterLab of one's own: free port of the loopback, own folders, own token, no setting of the user's."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ROOT", "Lab", "running_lab"]

ROOT: Final = Path(__file__).parents[3]
PATIENCE_S: Final = 90
# Of whoever runs it: keys, proxies, and where Jupyter keeps its things.
OTHERS: Final = ("MASSIVE_", "TRADIER_", "QUANTDATA_", "JUPYTER", "IPYTHON")
SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "docmanager-extension/plugin": {"autosave": False},
}
ARGUMENTS: Final = (
    "-m",
    "jupyterlab",
    "--allow-root",
    "--no-browser",
    "--ip=127.0.0.1",
    "--ServerApp.port=0",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.extension_manager=readonly",
)


class Lab:
    """One running JupyterLab.

    Attributes
    ----------
    files
        The folder that it shows.
    url, token
        Where it answers, with a slash at the end, and to whom.
    process
        The server's.
    """

    def __init__(self, files: Path, url: str, token: str, process: subprocess.Popen[bytes]) -> None:
        self.files = files
        self.url = url
        self.token = token
        self.process = process

    def address(self, notebook: str) -> str:
        """Return the address of a notebook that nothing else is open beside."""
        return f"{self.url}doc/tree/{quote(notebook)}?token={self.token}"

    def ask(self, path: str, *, method: str = "GET") -> Any:
        """Return what the server's API answers."""
        request = Request(  # noqa: S310  # of our own server
            f"{self.url}api/{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            told = answer.read()
        return json.loads(told) if told else None

    def kernel(self, notebook: str) -> str:
        """Return the id of a notebook's kernel."""
        sessions: list[dict[str, Any]] = self.ask("sessions")
        return next(str(each["kernel"]["id"]) for each in sessions if each["path"] == notebook)

    def connection(self, notebook: str) -> Path:
        """Return the file that says how a notebook's kernel is reached."""
        return self.files.parent / "runtime" / f"kernel-{self.kernel(notebook)}.json"

    def end_kernel(self, notebook: str) -> None:
        """End a notebook's kernel, if it has one."""
        for session in self.ask("sessions"):
            if session["path"] == notebook:
                self.ask(f"sessions/{session['id']}", method="DELETE")


@contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """Run a JupyterLab until the end of a with-block, from the interpreter and the packages of this process.

    Parameters
    ----------
    folder
        An empty one; all that it writes ends up there.
    """
    for name in ("files", "config", "data", "runtime", "ipython"):
        (folder / name).mkdir()
    for name, settings in SETTINGS.items():
        file = folder / "config" / "lab" / "user-settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    token = secrets.token_hex(16)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *ARGUMENTS, f"--ServerApp.root_dir={folder / 'files'}"],
            env=_environment(folder, token),
            stdout=log,
            stderr=log,
        )
    try:
        yield Lab(folder / "files", _address(folder, process), token, process)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _environment(folder: Path, token: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    proxies = [name for name in own if name.lower().endswith("_proxy")]
    return {name: value for name, value in own.items() if name not in proxies} | {
        "JUPYTER_TOKEN": token,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _address(folder: Path, process: subprocess.Popen[bytes]) -> str:
    """Return where it answers, once it does."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        for file in (folder / "runtime").glob("jpserver-*.json"):
            told = file.read_text()
            if told.endswith("}"):
                return str(json.loads(told)["url"])
        time.sleep(0.05)
    raise RuntimeError(f"JupyterLab did not start:\n{(folder / 'log').read_text()[-4000:]}")
