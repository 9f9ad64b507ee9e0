"""A table of a hub on the simulated market: what its page has is what the hub's chain says."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import comm
import pytest

import quantdata as qd
from quantdata.errors import ArgumentError, FeedError
from quantdata.widgets.feed import Feed
from quantdata.widgets.messages import Message
from quantdata.widgets.table import ChainTable
from tests.unit.widgets.comms import RecordedComm
from tests.unit.widgets.pages import ModelPage

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[qd.MarketDataHub]:
    monkeypatch.setattr(comm, "create_comm", RecordedComm)
    with qd.hub(["SPY"], source="sim", dte=(0, 2)) as running:
        running.wait()
        yield running


def test_the_page_has_what_the_chain_says_and_closing_the_hub_closes_the_table(hub: qd.MarketDataHub) -> None:
    table = hub.table("SPY", columns=["bid", "ask"], min_volume=0)
    channel, page = table.comm, ModelPage("a", first=0, last=299)
    assert channel.opened["state"]["first"]["content"]["status"]["badges"][0] == "SIMULATED"
    channel.say(page.hello())
    assert page.take(Message(*channel.next()))
    # What the hub tells next, of whatever it has changed.
    while "delta" not in page.taken:
        assert page.take(Message(*channel.next()))
    strikes = set(hub.chain("SPY").get_column("strike"))
    assert page.layout["rows"] == len(page.strikes) > 20
    assert set(page.strikes) <= strikes
    assert any(bid is not None and bid > 0 for bid in page.column("bid"))
    hub.close()
    assert not table._pump.is_running
    assert not channel.is_registered
    assert repr(table) == "<ChainTable SPY closed>"
    assert "SIMULATED" in table.html


def test_what_cannot_be_shown_is_refused(hub: qd.MarketDataHub) -> None:
    with pytest.raises(FeedError, match="QQQ is not watched"):
        hub.table("QQQ")
    with pytest.raises(ArgumentError, match="no series '2031-01-01'; there are "):
        hub.table("SPY", series="2031-01-01")
    hub.close()
    with pytest.raises(FeedError, match="closed"):
        hub.table("SPY")
    with pytest.raises(FeedError, match="show something of one that runs"):
        hub.attach(hub)


@pytest.mark.parametrize("name", ["subscribe_chain", "attach"])
def test_a_hub_answers_what_a_table_asks_of_its_feed(name: str) -> None:
    asked, answered = (list(inspect.signature(getattr(kind, name)).parameters) for kind in (Feed, qd.MarketDataHub))
    assert answered == asked


def test_a_hub_takes_the_arguments_of_its_table() -> None:
    ours = inspect.signature(qd.MarketDataHub.table).parameters
    theirs = inspect.signature(ChainTable.__init__).parameters
    assert [each for name, each in ours.items() if name != "self"] == [
        each for name, each in theirs.items() if name not in {"self", "feed"}
    ]
