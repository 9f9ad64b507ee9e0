"""A part alone: it shows itself, it lives while somebody looks, and what it leaves behind can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import comm
import IPython.display
import ipywidgets  # type: ignore[import-untyped]
import polars as pl
import pytest
from ipywidgets.widgets import widget  # type: ignore[import-untyped]

from quantdata.widgets.index_strip import IndexStrip
from quantdata.widgets.lights import HealthLights
from quantdata.widgets.quality_badge import QualityBadge
from tests.unit.widgets.boards import NOW
from tests.unit.widgets.comms import Handle, RecordedComm
from tests.unit.widgets.hubs import SPY, HandHub, index, picture, stage, stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.widgets.parts import Part

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def _comms(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(comm, "create_comm", RecordedComm)
    yield
    ipywidgets.Widget.close_all()


@pytest.fixture
def displays(monkeypatch: pytest.MonkeyPatch) -> list[Handle]:
    handles: list[Handle] = []

    def display(bundle: dict[str, Any], *, raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        handles.append(Handle(bundle))
        return handles[-1]

    monkeypatch.setattr(IPython.display, "display", display)
    return handles


def test_alone_it_shows_itself_and_leaves_its_static_form_when_it_is_closed(displays: list[Handle]) -> None:
    hub = HandHub("SPY", indices=("VIX",))
    hub.newest = picture(indices=[index("VIX", 18.5)])
    strip = IndexStrip(hub)
    strip._ipython_display_()
    shown = displays[0].shown[0]
    assert shown[VIEW]["model_id"] == strip.widget.model_id
    assert "18.50" in shown["text/html"]
    hub.publish(picture(indices=[index("VIX", 19.25)]))
    strip.close()
    strip.close()
    assert len(displays[0].shown) == 2
    assert VIEW not in displays[0].shown[1]
    assert "19.25" in displays[0].shown[1]["text/html"]
    assert "As it was at 2026-11-18 11:00:05 New York" in displays[0].shown[1]["text/html"]
    strip._ipython_display_()
    assert VIEW not in displays[1].shown[0]


def test_where_there_is_no_notebook_nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IPython.display, "display", lambda *_, **__: None)
    strip = IndexStrip(HandHub("SPY"))
    strip._ipython_display_()
    strip.close()
    assert strip.is_closed


@pytest.mark.parametrize("kind", [IndexStrip, HealthLights, QualityBadge])
def test_its_feed_closes_it_and_nothing_is_left(kind: type[Part]) -> None:
    hub = HandHub("SPY")
    part = kind(hub)
    assert hub.views == [part]
    assert widget._instances
    part.close()
    assert not hub.subscribers
    assert not widget._instances
    assert part.stage._task.done()


def test_one_that_cannot_be_made_leaves_nothing_either() -> None:
    class Impossible(IndexStrip):
        def build(self) -> list[Any]:
            raise ValueError("no")

    hub = HandHub("SPY")
    with pytest.raises(ValueError, match="no"):
        Impossible(hub)
    assert not hub.subscribers
    assert not widget._instances


def test_text_is_sent_only_when_it_has_changed() -> None:
    hub = HandHub("SPY", indices=("VIX",))
    strip = IndexStrip(hub, stage=stage(hub))
    shown = picture(indices=[index("VIX")])
    assert strip.refresh(shown)
    assert not strip.refresh(shown)


def test_lights_remember_the_last_fallback_and_how_streams_were() -> None:
    hub = HandHub("SPY")
    hub.stream_rows = [stream("options", "live")]
    hub.health_rows = [{"provider": "massive", "endpoint": "chain", "successes": 1, "last_success_ts": NOW}]
    lights = HealthLights(hub, stage=stage(hub))
    lights.refresh(picture({"SPY": SPY.with_columns(fallback_reason=pl.lit("down"))}))
    lights.refresh(picture({"SPY": SPY}))
    assert "SPY: down" in lights.html()
    assert "massive options" in lights.html()
    hub.is_running = False
    assert "Streams, as they were when the hub was stopped" in lights.html()
    assert "massive options" in lights.html()


def test_before_a_hub_runs_there_are_no_streams() -> None:
    hub = HandHub("SPY")
    hub.is_running = False
    assert "No streams: the hub does not run." in HealthLights(hub, stage=stage(hub)).html()


def test_quality_is_looked_at_once_a_second() -> None:
    hub = HandHub("SPY")
    hub.newest = picture({"SPY": SPY})
    badge = QualityBadge(hub, stage=stage(hub))
    assert badge.period_s == 1.0
    assert "100 excellent" in badge.html()
