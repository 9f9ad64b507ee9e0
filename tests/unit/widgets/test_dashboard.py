"""The dashboard: every part of it, one underlying at a time, and nothing left when it is closed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import comm
import IPython.display
import ipywidgets  # type: ignore[import-untyped]
import pytest
from ipywidgets.widgets import widget  # type: ignore[import-untyped]

from quantdata.errors import ArgumentError
from quantdata.widgets import parts
from quantdata.widgets.dashboard import NO_CHAIN, Dashboard
from quantdata.widgets.parts import Part
from quantdata.widgets.stage import Stage
from tests.unit.widgets.comms import Handle, RecordedComm
from tests.unit.widgets.hubs import SPY, HandHub, at_once, index, picture

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 200_000


@pytest.fixture(autouse=True)
def _comms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(comm, "create_comm", RecordedComm)
    monkeypatch.setattr(parts, "Stage", partial(Stage, spawn=at_once))
    yield
    ipywidgets.Widget.close_all()


def known(*chains: str) -> HandHub:
    """Return a hub that knows everything it watches."""
    hub = HandHub(*chains, indices=("VIX",))
    hub.newest = picture(dict.fromkeys(chains, SPY), indices=[index("VIX", 18.5)])
    return hub


def underlying(dashboard: Dashboard) -> str | None:
    """Return what is shown, of which all parts have the same idea."""
    assert (dashboard.table is None) == (dashboard.chart is None)
    if dashboard.table is None or dashboard.chart is None:
        return None
    assert dashboard._of_table.children == (dashboard.table,)
    assert repr(dashboard.table) == f"<ChainTable {dashboard.chart.underlying}>"
    assert dashboard._menu.value == dashboard.chart.underlying
    return dashboard.chart.underlying


def test_it_has_all_parts_and_shows_the_first_chain_that_is_watched() -> None:
    dashboard = Dashboard(known("SPY", "QQQ"))
    assert underlying(dashboard) == "SPY"
    assert dashboard._menu.options == ("SPY", "QQQ")
    own = (dashboard.controls, dashboard.quality, dashboard.strip, dashboard.watchlist, dashboard.lights)
    assert all(isinstance(part, Part) for part in own)
    assert repr(dashboard) == "<Dashboard of 'mine'>"


def test_another_underlying_is_shown_when_it_is_asked_for_or_chosen() -> None:
    hub = known("SPY", "QQQ")
    dashboard = Dashboard(hub, "qqq", columns="bid", height=200)
    assert underlying(dashboard) == "QQQ"
    first = dashboard.table
    dashboard._menu.value = "SPY"
    assert underlying(dashboard) == "SPY"
    assert repr(first) == "<ChainTable QQQ closed>"
    dashboard.show("qqq")
    assert underlying(dashboard) == "QQQ"
    assert dashboard.table is not None
    assert dashboard.table.height == 200
    with pytest.raises(ArgumentError, match=r"IWM is not watched: watch\(\) it; chains are watched of SPY, QQQ"):
        dashboard.show("IWM")


def test_it_follows_the_watchlist_without_leaving_what_is_shown() -> None:
    hub = known("SPY", "QQQ")
    dashboard = Dashboard(hub, "QQQ")
    table = dashboard.table
    hub.watch(["IWM"])
    assert dashboard.refresh(None)
    assert dashboard._menu.options == ("SPY", "QQQ", "IWM")
    assert dashboard.table is table
    assert underlying(dashboard) == "QQQ"
    assert not dashboard.refresh(None)
    hub.unwatch(["QQQ"])
    dashboard.refresh(None)
    assert underlying(dashboard) == "SPY"


def test_without_a_chain_it_says_so_and_shows_the_first_that_comes() -> None:
    hub = HandHub(indices=("VIX",))
    dashboard = Dashboard(hub)
    assert underlying(dashboard) is None
    assert NO_CHAIN in dashboard.html()
    hub.watch(["SPY"])
    dashboard.refresh(None)
    assert underlying(dashboard) == "SPY"
    hub.unwatch(["SPY"])
    dashboard.refresh(None)
    assert underlying(dashboard) is None


def test_what_is_closed_changes_no_more() -> None:
    hub = known("SPY", "QQQ")
    dashboard = Dashboard(hub)
    dashboard.close()
    dashboard.show("QQQ")
    assert dashboard.table is not None
    assert repr(dashboard.table) == "<ChainTable SPY closed>"


def test_nothing_is_left_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    handles: list[Handle] = []

    def display(bundle: dict[str, str], **_: object) -> Handle:
        handles.append(Handle(bundle))
        return handles[-1]

    monkeypatch.setattr(IPython.display, "display", display)
    hub = known("SPY", "QQQ")
    dashboard = Dashboard(hub)
    dashboard._ipython_display_()
    dashboard.show("QQQ")
    dashboard.show("SPY")
    hub.unwatch(["QQQ"])
    dashboard.refresh(None)
    dashboard.close()
    dashboard.close()
    assert not widget._instances
    assert not hub.subscribers
    assert not hub.callbacks
    assert "18.50" in handles[0].shown[-1]["text/html"]


def test_one_that_cannot_be_made_leaves_nothing() -> None:
    hub = known("SPY")
    with pytest.raises(ArgumentError, match="column"):
        Dashboard(hub, columns=["nonsense"])
    with pytest.raises(ArgumentError, match="IWM is not watched"):
        Dashboard(hub, "IWM")
    assert not widget._instances
    assert not hub.subscribers
    assert not hub.callbacks


def test_its_static_form_has_indices_quality_chain_lights_and_watchlist() -> None:
    dashboard = Dashboard(known("SPY"))
    html = dashboard.static()
    for told in ("VIX", "18.50", "100 excellent", "strike", "Providers", "Option chains: SPY", "Volatility"):
        assert told in html, told
    assert len(html.encode()) <= MOST_BYTES
