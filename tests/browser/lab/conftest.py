"""One JupyterLab for the session, notebooks in it, and one whose table all may use that do not end its kernel."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.browser.lab.driving import Stand, set_theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from tests.browser.lab.notebook import Notebook
    from tests.browser.lab.server import Lab

SCREEN: Final = {"viewport": {"width": 1280, "height": 900}}
MARKET: Final = "from tests.browser.lab.market import *\nmarket = Market()"
HUB: Final = """import quantdata as qd
hub = qd.hub(['SPY'], indices=['SPX', 'NDX', 'VIX'], source='sim', dte=(0, 60))
_ = hub.wait()"""
_numbers: Final = itertools.count(1)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Run the JupyterLab of the session."""
    pytest.importorskip("jupyterlab", reason="jupyterlab is in the full environment")
    from tests.browser.lab.server import running_lab  # noqa: PLC0415  # not without jupyterlab

    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@contextmanager
def _opening(lab: Lab, browser: Browser) -> Iterator[Callable[..., Notebook]]:
    from tests.browser.lab.notebook import Notebook, write  # noqa: PLC0415  # not without jupyterlab

    contexts, opened = [], []

    def open_(
        *cells: str, name: str | None = None, context: dict[str, Any] | None = None, has_kernel: bool = True
    ) -> Notebook:
        if name is None:
            name = f"{next(_numbers)}.ipynb"
            write(lab, name, cells)
        contexts.append(browser.new_context(**(SCREEN | (context or {}))))
        opened.append(Notebook(lab, name, contexts[-1]))
        opened[-1].open(has_kernel=has_kernel)
        return opened[-1]

    yield open_
    for notebook in opened:
        notebook.hang_up()
    for each in contexts:
        each.close()
    for name in {notebook.name for notebook in opened}:
        lab.end_kernel(name)
    assert [each.elsewhere for each in opened if each.elsewhere] == []
    assert [each.complaints for each in opened if each.complaints] == []


@pytest.fixture
def open_notebook(lab: Lab, browser: Browser) -> Iterator[Callable[..., Notebook]]:
    """Return a function that opens a notebook of some cells, or one that is there by its name.

    In the end no tab may have asked for anything beyond this machine, nor its console have complained.
    """
    with _opening(lab, browser) as open_:
        yield open_


@pytest.fixture(scope="module")
def _stand(lab: Lab, browser: Browser) -> Iterator[Stand]:
    with _opening(lab, browser) as open_:
        notebook = open_(MARKET, "")
        notebook.run(0)
        yield Stand(notebook)


@pytest.fixture
def stand(_stand: Stand) -> Stand:
    """Return a notebook in which a market of 201 strikes runs, 10 states a second, and no table is shown yet."""
    _stand.clear()
    return _stand


@pytest.fixture(scope="module")
def dashboard(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Run a notebook with the dashboard of a simulated hub: SPY, and three indices."""
    with _opening(lab, browser) as open_:
        notebook = open_(HUB, "board = hub.dashboard(height=240)\nboard")
        notebook.run(0, 1)
        yield notebook


@pytest.fixture
def dark(lab: Lab) -> Iterator[None]:
    """Let JupyterLab be dark for who opens it now."""
    set_theme(lab, "JupyterLab Dark")
    yield
    set_theme(lab, "JupyterLab Light")
