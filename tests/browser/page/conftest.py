"""One chain table in Chromium, with an invented kernel behind it: no notebook, no server, nothing but these files."""

from __future__ import annotations

import json
import mimetypes
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlparse

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page, Route

HERE: Final = Path(__file__).parent
STATIC: Final = HERE.parents[2] / "quantdata" / "widgets" / "static"
# Answered by `_answer`, never by a server; a browser trusts localhost with its clipboard.
ADDRESS: Final = "http://localhost/"
# Where a page's clock begins, when it is moved by hand: 11:00 in New York.
START: Final = datetime(2026, 11, 18, 16, tzinfo=UTC)


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
