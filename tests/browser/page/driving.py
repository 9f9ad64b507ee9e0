"""What the tests of the page do with it again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from playwright.sync_api import Locator, Page

    # What the fixture `open_table` returns.
    Opened: TypeAlias = Callable[..., Page]

__all__ = ["Opened", "cell", "frames", "names", "row", "style"]


def frames(page: Page, count: int = 2) -> None:
    """Wait until the page has painted some more frames of the screen."""
    page.evaluate(
        "n => new Promise(done => { const next = () => n-- > 0 ? requestAnimationFrame(next) : done(); next(); })",
        count,
    )


def row(page: Page, strike: str) -> Locator:
    return page.locator("tbody tr", has=page.locator("th", has_text=strike))


def cell(page: Page, strike: str, column: int) -> Locator:
    return row(page, strike).locator(f'[aria-colindex="{column}"]')


def names(found: Locator) -> list[str]:
    """Return the class names of an element."""
    return (found.get_attribute("class") or "").split()


def style(found: Locator, name: str, part: str | None = None) -> Any:
    """Return one computed style of an element, or of its ``::before`` or ``::after``."""
    return found.evaluate("(element, [name, part]) => getComputedStyle(element, part)[name]", [name, part])
