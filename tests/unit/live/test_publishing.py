from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from quantdata.live import publishing
from quantdata.live.conflation import Conflation
from quantdata.live.publishing import Publisher
from quantdata.pricing.breath import breathe

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 10.0


class Market:
    """Takes its time to apply what came, and to price it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.is_applying, self.may_apply = threading.Event(), threading.Event()
        self.is_pricing, self.may_price = threading.Event(), threading.Event()

    def apply(self, _: object) -> None:
        self.is_applying.set()
        assert self.may_apply.wait(PATIENCE_S)
        self.done.append("applied")

    def snapshot(self, _: object) -> str:
        return "as it stands"

    def prepare(self, _: object) -> None:
        self.done.append("prepared")

    def valuations(self, _: object, *, is_aged: bool) -> dict[str, Callable[[], object]]:
        return {"SPY": self.price, "QQQ": self.price} if is_aged else {"SPY": self.price}

    def price(self) -> Any:
        self.is_pricing.set()
        assert self.may_price.wait(PATIENCE_S)
        breathe()
        self.done.append("priced")

    def adopt(self, _: object) -> None:
        self.done.append("adopted")


class Nobody(list[Any]):
    def publish(self, _: object) -> None:
        """Tell nobody."""


def _publisher(market: Market) -> Publisher:
    nobody = cast("Any", Nobody())
    return Publisher(
        cast("Any", market),
        conflation=Conflation(0.1),
        gather=list,
        snapshots=nobody,
        tick_subscribers=nobody,
    )


def test_a_valuation_gives_way_to_a_publication(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "LONGEST_PAUSE_S", PATIENCE_S)
    market = Market()

    async def main() -> None:
        publisher = _publisher(market)
        valuing = asyncio.create_task(publisher.value_once())
        await asyncio.to_thread(market.is_pricing.wait, PATIENCE_S)
        publication = asyncio.create_task(publisher.publish_once())
        await asyncio.to_thread(market.is_applying.wait, PATIENCE_S)
        market.may_price.set()
        market.may_apply.set()
        await asyncio.gather(valuing, publication)
        assert cast("Any", publisher.snapshot) == "as it stands"

    asyncio.run(main())
    assert market.done.index("applied") < market.done.index("priced") < market.done.index("adopted")


def test_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "LONGEST_PAUSE_S", 0.01)
    market = Market()

    async def main() -> None:
        publisher = _publisher(market)
        publication = asyncio.create_task(publisher.publish_once())
        await asyncio.to_thread(market.is_applying.wait, PATIENCE_S)
        market.may_price.set()
        # The state is the publication's until it has ended: only what was begun before could wait for it.
        await asyncio.to_thread(publishing._done, {"SPY": market.price}, publisher._give_way)
        market.may_apply.set()
        await publication

    asyncio.run(main())
    assert market.done.index("priced") < market.done.index("applied")


def test_a_publication_that_fails_holds_nobody_up() -> None:
    market = Market()
    market.apply = None  # type: ignore[assignment]

    async def main() -> None:
        publisher = _publisher(market)
        with pytest.raises(TypeError):
            await publisher.publish_once()
        market.may_price.set()
        await publisher.value_once()

    asyncio.run(main())
    assert market.done == ["priced", "adopted"]
