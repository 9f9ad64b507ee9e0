"""Any interleaving of chains and pages: each page ends with what the chain says of its rows, and was never flooded."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from quantdata.widgets.audience import Audience
from quantdata.widgets.facts import cells
from quantdata.widgets.fields import chosen
from quantdata.widgets.gate import GONE_AFTER_S, WINDOW
from quantdata.widgets.ladder import Listing
from quantdata.widgets.wants import Wants
from tests.unit.widgets.boards import DECEMBER, JANUARY, board, contract
from tests.unit.widgets.pages import ModelPage

if TYPE_CHECKING:
    from quantdata.widgets.messages import Message

FIELDS = chosen(["bid", "volume"])
STRIKES = [float(strike) for strike in range(580, 604)]
SERIES = ("2026-12-18 SPY", "2027-01-15 SPY")
WHOLE = board(
    [
        contract(strike, kind, expiration=day)
        for day in (DECEMBER, JANUARY)
        for strike in STRIKES
        for kind in ("call", "put")
    ]
)
CLIENTS = st.sampled_from(["ann", "bob", "eve"])
ROWS = st.tuples(st.integers(0, 20), st.integers(0, 8)).map(lambda each: {"first": each[0], "last": sum(each)})
WISHES = st.fixed_dictionaries(
    {},
    optional={
        "series": st.sampled_from(SERIES),
        "sort": st.builds(
            lambda field, leg, descending: {"field": field, "leg": leg, "descending": descending},
            st.sampled_from(["strike", "volume"]),
            st.integers(0, 1),
            st.booleans(),
        ),
        "filters": st.sampled_from([{}, {"volume": [40, None]}, {"confidence": [None, 100]}]),
    },
)


class Wire:
    """One page and what is on its way to it; what it says is heard at once."""

    def __init__(self, client: str) -> None:
        self.page = ModelPage(client, first=0, last=5)
        self.on_the_way: deque[Message] = deque()
        self.is_here = False


class TablePages(RuleBasedStateMachine):
    """A table, its feed and three pages."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.chain = WHOLE
        self.audience = Audience("SPY", FIELDS, wants=Wants(), clock=lambda: self.now)
        self.wires = {client: Wire(client) for client in ("ann", "bob", "eve")}

    def turn(self) -> None:
        for message in self.audience.turn():
            self.wires[message.content["to"]].on_the_way.append(message)

    def say(self, told: dict[str, Any]) -> None:
        self.audience.hear(told)
        self.turn()

    @rule(seed=st.integers(0, 2**16), share=st.sampled_from([0.0, 0.1, 1.0]), count=st.sampled_from([96, 96, 96, 80]))
    def change(self, seed: int, share: float, count: int) -> None:
        """Some prices move, come or go; now and then contracts are listed or expire."""
        chance = np.random.default_rng(seed)
        moved = chance.random(WHOLE.height) < share
        before = self.chain if self.chain.height == WHOLE.height else WHOLE
        values = [
            None if gone else float(price)
            for price, gone in zip(chance.integers(1, 90, WHOLE.height), chance.random(WHOLE.height) < 0.1, strict=True)
        ]
        bids, volumes = pl.Series(values, dtype=pl.Float64), pl.Series(values, dtype=pl.Float64).cast(pl.Int64)
        is_moved = pl.lit(pl.Series(moved))
        self.chain = before.with_columns(
            bid=pl.when(is_moved).then(bids).otherwise("bid"),
            volume=pl.when(is_moved).then(volumes).otherwise("volume"),
        ).head(count)
        self.audience.tell(self.chain)
        self.turn()

    @rule(client=CLIENTS, rows=ROWS, wishes=WISHES)
    def hello(self, client: str, rows: dict[str, int], wishes: dict[str, Any]) -> None:
        wire = self.wires[client]
        wire.page.wants, wire.is_here = {**rows, **wishes}, True
        self.say(wire.page.hello())

    @rule(client=CLIENTS, rows=ROWS, wishes=WISHES)
    def want(self, client: str, rows: dict[str, int], wishes: dict[str, Any]) -> None:
        self.say(self.wires[client].page.want(**rows, **wishes))

    @rule(client=CLIENTS, count=st.integers(1, 10))
    def arrive(self, client: str, count: int) -> None:
        """Some messages arrive; where one is missing the page says hello, as it would."""
        wire = self.wires[client]
        for _ in range(count):
            if wire.on_the_way and not wire.page.take(wire.on_the_way.popleft()):
                wire.on_the_way.clear()
                self.say(wire.page.hello())

    @rule(client=CLIENTS)
    def lose(self, client: str) -> None:
        """A message is lost."""
        wire = self.wires[client]
        if wire.on_the_way:
            wire.on_the_way.popleft()

    @rule(client=CLIENTS, repeats=st.integers(1, 2), back=st.integers(0, 3))
    def acknowledge(self, client: str, repeats: int, back: int) -> None:
        """The page says what it has drawn; late, or twice."""
        told = self.wires[client].page.ack()
        for _ in range(repeats):
            self.say({**told, "sequence": told["sequence"] - back})

    @rule(client=CLIENTS)
    def leave(self, client: str) -> None:
        self.wires[client].is_here = False
        self.say(self.wires[client].page.bye())

    @rule(seconds=st.sampled_from([0.1, 1.0, GONE_AFTER_S]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.turn()

    @invariant()
    def no_page_has_more_under_way_than_the_window(self) -> None:
        for viewer in self.audience._pages.values():
            assert viewer.gate.under_way <= WINDOW

    @invariant()
    def who_is_dropped_or_has_left_is_sent_nothing(self) -> None:
        for client in self.audience._pages:
            assert self.wires[client].is_here

    def teardown(self) -> None:
        """Let everything arrive and be acknowledged: each page has the rows of the chain as it stands."""
        self.audience.tell(self.chain)
        for client, wire in self.wires.items():
            if wire.is_here:
                self._settle(client, wire)
                self._compare(wire.page)

    def _settle(self, client: str, wire: Wire) -> None:
        self._drain(client, wire)
        # A page that owes an answer to what was lost, and has nothing else to answer, is dropped after some seconds.
        if client in self.audience._pages and self.audience._pages[client].gate.under_way:
            self.wait(GONE_AFTER_S)
            self._drain(client, wire)

    def _drain(self, client: str, wire: Wire) -> None:
        # A page that the kernel has dropped hears nothing and says hello, as any does after some seconds.
        if client not in self.audience._pages:
            wire.on_the_way.clear()
            self.say(wire.page.hello())
        self.turn()
        while wire.on_the_way:
            self.arrive(client, 10)
            self.say(wire.page.ack())

    def _compare(self, page: ModelPage) -> None:
        listing = Listing.of(self.chain)
        key = page.layout["chosen"]
        assert key == (page.wants["series"] if page.wants.get("series") in listing.series else SERIES[0])
        grid = listing.grid(key)
        first, last = page.wants["first"], page.wants["last"] + 1
        strikes = page.strikes[first:last]
        assert len(strikes) == max(0, min(last, page.layout["rows"]) - first)
        legs = grid.legs[np.searchsorted(grid.strikes, strikes)]
        filters = {name: tuple(ends) for name, ends in page.layout["filters"].items()}
        np.testing.assert_array_equal(page.cells[first:last], cells(self.chain, legs, FIELDS, filters))


TestTablePages = TablePages.TestCase
TestTablePages.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
