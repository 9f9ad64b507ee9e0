"""The browser of the session, and what judges how accessible a page is."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

CHROMIUM: Final = "/usr/bin/chromium"
AXE: Final = "axe-core@4.14.1"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser of the session."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is in the full environment")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no {CHROMIUM}: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the source of axe-core, fetched with npm into a folder of this session's."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm, which fetches axe-core")
    folder = tmp_path_factory.mktemp("axe")
    for _ in range(3):
        found = subprocess.run(
            [npm, "pack", "--prefer-offline", "--silent", AXE], cwd=folder, capture_output=True, text=True, check=False
        )
        if found.returncode == 0:
            break
    else:
        pytest.skip(f"npm could not fetch {AXE}: {found.stderr.strip()[:200]}")
    with tarfile.open(folder / found.stdout.strip().splitlines()[-1]) as archive:
        member = archive.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode()
