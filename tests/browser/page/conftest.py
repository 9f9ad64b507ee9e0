"""One chain table in Chromium, with an invented kernel behind it: no notebook, no server, nothing but these files."""

from __future__ import annotations

import json
import mimetypes
import shutil
import subprocess
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlparse

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page, Route

CHROMIUM: Final = "/usr/bin/chromium"
HERE: Final = Path(__file__).parent
STATIC: Final = HERE.parents[2] / "quantdata" / "widgets" / "static"
# Answered by `_answer`, never by a server; a browser trusts localhost with its clipboard.
ADDRESS: Final = "http://localhost/"
AXE: Final = "axe-core@4.14.1"
# Where a page's clock begins, when it is moved by hand: 11:00 in New York.
START: Final = datetime(2026, 11, 18, 16, tzinfo=UTC)


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


def _answer(route: Route) -> None:
    name = urlparse(route.request.url).path.strip("/") or "index.html"
    file = (STATIC if name.startswith("table.") else HERE) / name
    if route.request.url.startswith(ADDRESS) and file.is_file():
        route.fulfill(path=file, content_type=mimetypes.guess_type(name)[0])
    elif name == "favicon.ico":
        route.fulfill(status=204)
    else:
        route.abort()


@pytest.fixture
def open_table(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a table: options of `Kernel` in kernel.js; ``context`` are the browser's.

    With ``clock`` the page's time stands still until it is moved. In the end nothing may have failed in the page, and
    nothing may have been asked for but its own files.
    """
    failures: list[str] = []
    contexts = []

    def open_(*, context: dict[str, Any] | None = None, clock: bool = False, **options: Any) -> Page:
        settings: dict[str, Any] = {"viewport": {"width": 1100, "height": 700}, **(context or {})}
        contexts.append(browser.new_context(**settings))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("requestfailed", lambda request: failures.append(f"asked for {request.url}"))
        page.on("console", lambda line: failures.append(line.text) if line.type in {"error", "warning"} else None)
        page.route("**/*", _answer)
        if clock:
            page.clock.install(time=START - timedelta(hours=1))
            page.clock.pause_at(START)
        page.goto(f"{ADDRESS}#{quote(json.dumps(options))}")
        page.wait_for_selector("body[data-ready]")
        if clock:
            page.clock.run_for(200)
        page.wait_for_function("document.querySelectorAll('tbody tr').length > 1 || !(kernel.rows > 1)")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert failures == []


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
