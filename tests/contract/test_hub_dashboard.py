"""A dashboard of a hub on the simulated market: all of it is shown, its buttons work, the hub's end is its end."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import comm
import ipywidgets  # type: ignore[import-untyped]
import pytest
from ipywidgets.widgets import widget  # type: ignore[import-untyped]

import quantdata as qd
from quantdata.errors import FeedError
from quantdata.widgets import hub_feed
from quantdata.widgets.dashboard import Dashboard
from tests.contract.hubs import until
from tests.unit.widgets.comms import RecordedComm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_BYTES = 200_000


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[qd.MarketDataHub]:
    monkeypatch.setattr(comm, "create_comm", RecordedComm)
    with qd.hub(["SPY"], indices="VIX", source="sim", dte=(0, 2)) as running:
        running.wait()
        yield running
    ipywidgets.Widget.close_all()


def test_all_of_it_is_shown_and_kept_up_to_date(hub: qd.MarketDataHub) -> None:
    dashboard = hub.dashboard()
    channel = dashboard.stage.pulse.comm
    channel.say({"kind": "hello", "client": "a"})
    first, _ = channel.next()
    channel.say({"kind": "ack", "client": "a", "sequence": first["sequence"]})
    second, _ = channel.next()
    assert second == {"kind": "mark", "sequence": first["sequence"] + 1}
    until(lambda: "massive options" in dashboard.static())
    html = dashboard.static()
    for told in ("SIMULATED", "VIX", "Option chains: SPY"):
        assert told in html, told
    assert len(html.encode()) <= MOST_BYTES


def test_a_hub_and_what_it_gives_answer_all_that_a_dashboard_asks(hub: qd.MarketDataHub, tmp_path: Path) -> None:
    with hub.record(tmp_path / "monday") as recording:
        feed: hub_feed.HubFeed = hub
        asked = {
            hub_feed.HubFeed: feed,
            hub_feed.Picture: feed.snapshot(),
            hub_feed.Watched: feed.watchlist,
            hub_feed.Written: recording,
        }
        for protocol, given in asked.items():
            missing = [name for name in vars(protocol) if not name.startswith("_") and not hasattr(given, name)]
            assert not missing, protocol


def test_its_buttons_record_stop_and_start_the_hub(hub: qd.MarketDataHub, tmp_path: Path) -> None:
    controls = hub.dashboard().controls
    controls._folder.value = str(tmp_path / "monday")
    controls._record.click()
    until(lambda: controls._record.description == "End recording")
    controls._stop.click()
    until(lambda: not hub.is_running and not controls._start.disabled)
    controls._start.click()
    until(lambda: hub.is_running)
    assert (tmp_path / "monday").is_dir()


def test_the_hubs_end_is_its_end(hub: qd.MarketDataHub) -> None:
    dashboard = hub.dashboard("SPY", columns=["bid", "ask"], height=200, theme="dark")
    hub.close()
    assert repr(dashboard) == "<Dashboard of 'hub' closed>"
    assert not widget._instances
    with pytest.raises(FeedError, match="closed"):
        hub.dashboard()
    assert not widget._instances


def test_a_hub_takes_the_arguments_of_its_dashboard() -> None:
    ours = inspect.signature(qd.MarketDataHub.dashboard).parameters
    theirs = inspect.signature(Dashboard.__init__).parameters
    assert [each for name, each in ours.items() if name != "self"] == [
        each for name, each in theirs.items() if name not in {"self", "feed"}
    ]
