"""Subscriptions to one thing of a hub: what is news of it, and under whose name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest

from quantdata.errors import ArgumentError, FeedError, SymbolError
from quantdata.live.snapshot import HubSnapshot
from quantdata.live.subjects import SubjectSubscriptions
from quantdata.live.watchlist import Watchlist

if TYPE_CHECKING:
    from collections.abc import Callable

NOON: Final = datetime(2026, 11, 18, 17, tzinfo=UTC)


class Hub(SubjectSubscriptions):
    """Publishes what it is told to, on the caller's thread."""

    watchlist = Watchlist.of(["SPY"], equities=["AAPL"], indices=["VIX"])

    def __init__(self) -> None:
        self.subscribers: dict[str, Callable[[HubSnapshot], object]] = {}

    def subscribe_snapshot(self, name: str, callback: Callable[[HubSnapshot], object]) -> Callable[[], None]:
        self.subscribers[name] = callback

        def unsubscribe() -> None:
            self.subscribers.pop(name, None)

        return unsubscribe

    def publish(self, **frames: Any) -> None:
        nothing = quotes()
        given = {"chains": {}, "equities": nothing, "indices": nothing, **frames}
        tables = {name: given.pop(name) for name in ("equities", "indices")}
        snapshot = HubSnapshot(number=0, at=NOON, quotes=tables, **given)
        for callback in list(self.subscribers.values()):
            callback(snapshot)


def quotes(**prices: float) -> pl.DataFrame:
    rows = {"symbol": list(prices), "price": list(prices.values()), "age_s": [0.0] * len(prices)}
    return pl.DataFrame(rows, schema={"symbol": pl.String, "price": pl.Float64, "age_s": pl.Float64})


def chain(bid: float, age_s: float = 0.0, *, is_stale: bool = False) -> pl.DataFrame:
    return pl.DataFrame({"bid": [bid], "age_s": [age_s], "is_stale": [is_stale]})


def test_a_chain_is_told_of_when_it_shows_anything_new() -> None:
    hub, told = Hub(), list[pl.DataFrame]()
    hub.subscribe_chain("spy", told.append)
    first, second, aged = chain(1.0), chain(2.0), chain(2.0, 60.0, is_stale=True)
    for each in (first, first, chain(1.0, 3.0), second, aged, chain(2.0, 90.0, is_stale=True)):
        hub.publish(chains={"SPY": each})
    assert [each.equals(expected) for each, expected in zip(told, (first, second, aged), strict=True)] == [True] * 3


def test_other_chains_and_none_yet_are_not_told_of() -> None:
    hub, told = Hub(), list[pl.DataFrame]()
    hub.subscribe_chain("SPY", told.append)
    hub.publish(chains={"QQQ": chain(1.0)})
    hub.publish(chains={"SPY": chain(1.0).clear()})
    assert told == []


def test_order_flow_is_told_of_when_it_shows_anything_new() -> None:
    hub, told = Hub(), list[pl.DataFrame]()
    hub.subscribe_flow("spy", told.append)
    first, second = quotes(SPY=1.0), quotes(SPY=2.0)
    for each in (first, first, quotes(SPY=1.0).with_columns(age_s=pl.lit(1.0)), second):
        hub.publish(flow={"SPY": each})
    hub.publish(flow={"QQQ": quotes(QQQ=1.0)})
    assert [each.equals(expected) for each, expected in zip(told, (first, second), strict=True)] == [True, True]


def test_an_index_and_a_stock_are_one_row_each() -> None:
    hub, told = Hub(), list[tuple[str, float]]()

    def note(quote: pl.DataFrame) -> None:
        told.append(quote.select("symbol", "price").row(0))

    hub.subscribe_index("I:VIX", note)
    hub.subscribe_equity("AAPL", note)
    hub.subscribe_equity("SPY", note)
    hub.publish(indices=quotes(VIX=15.0), equities=quotes(AAPL=200.0))
    hub.publish(indices=quotes(VIX=15.0), equities=quotes(AAPL=200.0, SPY=660.0))
    hub.publish(indices=quotes(VIX=16.0), equities=quotes(AAPL=200.0, SPY=660.0))
    assert told == [("VIX", 15.0), ("AAPL", 200.0), ("SPY", 660.0), ("VIX", 16.0)]


def test_unsubscribing_ends_it() -> None:
    hub, told = Hub(), list[pl.DataFrame]()
    unsubscribe = hub.subscribe_chain("SPY", told.append)
    hub.publish(chains={"SPY": chain(1.0)})
    unsubscribe()
    unsubscribe()
    hub.publish(chains={"SPY": chain(2.0)})
    assert len(told) == 1


def test_the_name_is_the_callbacks_or_as_given() -> None:
    class Book:
        def __call__(self, chain: pl.DataFrame) -> None: ...

    hub = Hub()
    hub.subscribe_chain("SPY", print)
    hub.subscribe_chain("SPY", print)
    hub.subscribe_chain("SPY", print, name="second")
    hub.subscribe_chain("SPY", Book())
    hub.subscribe_flow("SPY", print)
    hub.subscribe_index("VIX", print)
    hub.subscribe_equity("AAPL", print)
    assert list(hub.subscribers) == [
        "chain SPY: print",
        "chain SPY: second",
        "chain SPY: Book",
        "flow SPY: print",
        "index VIX: print",
        "equity AAPL: print",
    ]


def test_what_is_not_watched_is_refused() -> None:
    hub = Hub()
    refused = (
        (hub.subscribe_chain, "QQQ"),
        (hub.subscribe_flow, "QQQ"),
        (hub.subscribe_index, "SPX"),
        (hub.subscribe_equity, "F"),
    )
    for subscribe, symbol in refused:
        with pytest.raises(FeedError, match=rf"{symbol} is not watched: watch\(\) it; watched are SPY, AAPL, VIX"):
            subscribe(symbol, print)
    with pytest.raises(SymbolError):
        hub.subscribe_index("SPXW", print)


def test_what_cannot_be_called_is_refused_at_the_door() -> None:
    async def never(_: pl.DataFrame) -> None: ...

    hub: Any = Hub()
    for callback in (None, "print", never):
        with pytest.raises(ArgumentError, match="chain SPY"):
            hub.subscribe_chain("SPY", callback)
