"""The table: what a page is told from the first moment on, and that nothing is left of it when it is closed."""

from __future__ import annotations

import itertools
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import comm
import IPython.display
import ipywidgets  # type: ignore[import-untyped]
import pytest

from quantdata.errors import ArgumentError, FeedError
from quantdata.widgets import table as module
from quantdata.widgets.messages import Message
from quantdata.widgets.table import ChainTable
from tests.unit.widgets.boards import DECEMBER, JANUARY, board, contract
from tests.unit.widgets.comms import HandFeed, Handle, RecordedComm
from tests.unit.widgets.pages import ModelPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quantdata.widgets.feed import View

SMALL = board(
    [
        contract(strike, kind, expiration=day, bid=strike / 100)
        for day in (DECEMBER, JANUARY)
        for strike in (590, 600, 610)
        for kind in ("call", "put")
    ]
)


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


def _take(page: ModelPage, table: ChainTable) -> None:
    assert page.take(Message(*table.comm.next()))


# --- what a page is told --------------------------------------------------------------------------------------------


def test_a_page_is_told_what_is_known_and_then_what_changes() -> None:
    feed = HandFeed(SMALL)
    table, page = ChainTable(feed, "spy", columns=["bid"]), ModelPage("a")
    table.comm.say(page.hello())
    _take(page, table)
    assert page.column("bid") == [5.9, 6.0, 6.1]
    feed.tell(SMALL.with_columns(bid=1.0))
    _take(page, table)
    assert page.column("bid") == [1.0, 1.0, 1.0]


def test_the_first_snapshot_comes_with_the_widget_and_is_that_of_the_moment() -> None:
    feed = HandFeed(SMALL)
    table, page = ChainTable(feed, "SPY", columns=["bid"]), ModelPage("a")
    state = table.comm.opened["state"]
    assert page.take(Message(state["first"]["content"], table.comm.opened_with))
    assert table.comm.opened["buffer_paths"] == [["first", "buffers", at] for at in range(3)]
    assert page.column("bid") == [5.9, 6.0, 6.1]
    feed.tell(SMALL.with_columns(bid=2.0))
    again = table.get_state("first")["first"]
    assert page.take(Message(again["content"], again["buffers"]))
    assert page.column("bid") == [2.0, 2.0, 2.0]


def test_configuration_travels_as_traits_and_prices_never() -> None:
    table = ChainTable(HandFeed(SMALL), "SPY", height=300, follow=False, least_confidence=40)
    state = table.comm.opened["state"]
    own = {"height": 300, "follow": False, "least_confidence": 40, "marks": "on"}
    assert own.items() <= state.items()
    assert "export default" in state["_esm"]
    assert ".quantdata" in state["_css"] or state["_css"]


def test_a_page_cannot_change_what_it_is_told_at_first() -> None:
    table = ChainTable(HandFeed(SMALL), "SPY")
    table.set_state({"first": {"content": "forged"}, "marks": "off"})
    assert table.marks == "off"
    assert table.get_state("first")["first"]["content"]["kind"] == "snapshot"


def test_what_is_asked_for_in_python_is_what_a_page_shows() -> None:
    feed = HandFeed(SMALL)
    table = ChainTable(
        feed,
        "SPY",
        series=date(2027, 1, 15),
        delta=(0.1, None),
        moneyness=1.0,
        min_volume=5,
        min_open_interest=6,
        max_spread_percent=50.0,
        least_confidence=30,
        decimals={"bid": 3},
    )
    layout = table._audience.first().content["layout"]  # type: ignore[union-attr]
    assert layout["chosen"] == "2027-01-15 SPY"
    assert layout["rows"] == 1
    assert layout["filters"] == {
        "delta": [0.1, None],
        "moneyness": [1.0, 1.0],
        "volume": [5.0, None],
        "open_interest": [6.0, None],
        "spread_percent": [None, 50.0],
        "confidence": [30, None],
    }
    assert next(field["decimals"] for field in layout["fields"] if field["name"] == "bid") == 3


def test_the_least_confidence_can_be_changed_later() -> None:
    table = ChainTable(HandFeed(SMALL), "SPY")
    table.least_confidence = 70
    layout = table._audience.first().content["layout"]  # type: ignore[union-attr]
    assert layout["filters"] == {"confidence": [70, None]}
    table.least_confidence = 0
    assert table._audience.first().content["layout"]["filters"] == {}  # type: ignore[union-attr]


def test_without_a_chain_a_page_waits_for_it() -> None:
    feed = HandFeed()
    table, page = ChainTable(feed, "SPY", columns=["bid"], patience=0.0), ModelPage("a")
    assert table.comm.opened["state"]["first"] is None
    assert "no chain of SPY has come yet" in table.html
    table.comm.say(page.hello())
    feed.tell(SMALL)
    _take(page, table)
    assert page.column("bid") == [5.9, 6.0, 6.1]


def test_nonsense_from_a_page_ends_nothing() -> None:
    table, page = ChainTable(HandFeed(SMALL), "SPY", columns=["bid"]), ModelPage("a")
    table.comm.say({"kind": ["hello"], "client": {}})
    table.comm.say("hello")
    table.comm.say(page.hello())
    _take(page, table)
    assert table._audience.nonsense == 2


# --- how it is shown ------------------------------------------------------------------------------------------------


def test_it_shows_itself_with_a_plain_table_behind(displays: list[Handle]) -> None:
    table = ChainTable(HandFeed(SMALL), "SPY")
    table._ipython_display_()
    (bundle,) = displays[0].shown
    assert bundle["text/plain"] == "<ChainTable SPY>"
    assert "as of 2026-11-18 11:00:00 New York" in bundle["text/html"]
    assert bundle[module.VIEW]["model_id"] == table.model_id
    assert table._repr_mimebundle_() == (bundle, {})


def test_closed_it_leaves_a_plain_table_wherever_it_is_shown(displays: list[Handle]) -> None:
    feed = HandFeed(SMALL)
    table = ChainTable(feed, "SPY", columns=["bid"])
    table._ipython_display_()
    table._ipython_display_()
    feed.tell(SMALL.with_columns(bid=7.77))
    table.close()
    for handle in displays:
        last = handle.shown[-1]
        assert set(last) == {"text/plain", "text/html"}
        assert "7.77" in last["text/html"]
    table._ipython_display_()
    assert set(displays[-1].shown[0]) == {"text/plain", "text/html"}
    assert displays[-1].shown[0]["text/plain"] == "<ChainTable SPY closed>"


def test_where_nothing_can_be_updated_it_is_shown_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IPython.display, "display", lambda *_, **__: None)
    table = ChainTable(HandFeed(SMALL), "SPY")
    table._ipython_display_()
    table.close()


# --- how it ends ----------------------------------------------------------------------------------------------------


def test_nothing_is_left_after_close() -> None:
    feed = HandFeed(SMALL)
    table = ChainTable(feed, "SPY")
    channel = table.comm
    assert feed.views == [table]
    assert len(feed.callbacks) == 1
    table.close()
    table.close()
    assert feed.callbacks == {}
    assert not table._pump.is_running
    assert not channel.is_registered
    assert channel.custom.get_nowait()[0] == {"kind": "closed", "to": "*"}
    assert channel.kinds.count("comm_close") == 1
    feed.tell(SMALL)
    channel.say(ModelPage("a").hello())
    assert channel.custom.empty()


def test_two_tables_of_one_chain_are_two_subscribers() -> None:
    feed = HandFeed(SMALL)
    first, second = ChainTable(feed, "SPY"), ChainTable(feed, "SPY")
    assert len(feed.callbacks) == 2
    first.close()
    assert len(feed.callbacks) == 1
    second.close()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda feed: ChainTable(feed, "SPY", columns=["bidd"]), "did you mean 'bid'"),
        (lambda feed: ChainTable(feed, "SPY", series="2026-12-19"), "no series '2026-12-19'; there are 2026-12-18 SPY"),
        (lambda feed: ChainTable(feed, "SPY", delta=(0.5, 0.1)), "delta is the wrong way round"),
        (lambda feed: ChainTable(feed, "SPY", min_volume=-1), "min_volume must be at least 0"),
        (lambda feed: ChainTable(feed, "SPY", least_confidence=101), "least_confidence must be at most 100"),
        (lambda feed: ChainTable(feed, "SPY", height=20), "height must be at least 100"),
        (lambda feed: ChainTable(feed, "SPY", follow=cast("bool", 1)), "follow must be True or False"),
        (lambda feed: ChainTable(feed, "SPY", patience=-1), "patience must be at least 0"),
    ],
)
def test_an_argument_that_makes_no_sense_leaves_nothing_behind(make: Callable[[Any], object], message: str) -> None:
    feed = HandFeed(SMALL)
    with pytest.raises(ArgumentError, match=message):
        make(feed)
    assert feed.callbacks == {}
    assert feed.views == []


def test_where_the_feed_refuses_there_is_no_table() -> None:
    class Closed(HandFeed):
        def subscribe_chain(self, *_: Any, **__: Any) -> Any:
            raise FeedError("the hub is closed")

    with pytest.raises(FeedError, match="the hub is closed"):
        ChainTable(Closed(SMALL), "SPY")


def test_a_feed_that_is_closed_meanwhile_leaves_no_table_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[RecordedComm] = []

    def create(**arguments: Any) -> RecordedComm:
        made.append(RecordedComm(**arguments))
        return made[-1]

    class Closing(HandFeed):
        def attach(self, _: View) -> None:
            raise FeedError("the hub is closed")

    monkeypatch.setattr(comm, "create_comm", create)
    feed = Closing(SMALL)
    with pytest.raises(FeedError, match="the hub is closed"):
        ChainTable(feed, "SPY")
    assert feed.callbacks == {}
    # Its layout's, and its own.
    assert [channel.kinds[-1] for channel in made] == ["comm_close", "comm_close"]
    assert not any(channel.is_registered for channel in made)


def test_the_wait_for_a_first_chain_ends_with_it_or_with_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    feed, looks = HandFeed(), itertools.count()

    def monotonic() -> float:
        if next(looks) == 3:
            feed.tell(SMALL)
        return 0.0

    monkeypatch.setattr(module, "LOOK_S", 0.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=monotonic))
    assert ChainTable(feed, "SPY").comm.opened["state"]["first"] is not None
    assert ChainTable(HandFeed(), "SPY", patience=0.0).comm.opened["state"]["first"] is None
