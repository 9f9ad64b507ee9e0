"""Laws of the live tape: it sums up to what the whole tape does at once, however that was cut into looks and sums."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quantdata.analytics.order_flow import flow_of_totals, tape_flow
from quantdata.frames.events import Stamp, option_quote_events
from quantdata.live.groups import QUOTE
from quantdata.live.merging import Newest
from quantdata.live.prints import HeldQuotes
from quantdata.live.tape import Tape
from quantdata.wire.book import Book
from quantdata.wire.events import Quote, Trade
from tests.unit.analytics.tape_rows import CALL, PUT, contracts, prints, quotes
from tests.unit.live.streamed import NOON_MS

if TYPE_CHECKING:
    from quantdata.wire.book import Batch

CHAIN = contracts({}, {"contract_symbol": PUT, "option_type": "put", "open_interest": 3})
KNOWN = CHAIN.select("contract_symbol", "multiplier")
PRICES = st.sampled_from([1.00, 1.02, 1.05, 1.08, 1.10])
# Within a sweep and a tick test, at their edges, and beyond; even, and quotes come between.
STEPS = st.sampled_from([0, 0, 2, 4, 998, 2_600, 5_000, 5_002, 11_000])


class Printed(NamedTuple):
    """A print: milliseconds after the event before, and what it tells."""

    step: int
    symbol: str
    price: float
    size: int
    exchange: int
    condition: int


class Quoted(NamedTuple):
    """A quote, and milliseconds after the event before."""

    step: int
    symbol: str
    bid: float
    ask: float


PRINTED = st.builds(
    Printed,
    STEPS,
    st.sampled_from([CALL, PUT]),
    PRICES,
    st.sampled_from([1, 10, 2_000]),
    st.integers(300, 302),
    st.sampled_from([209, 209, 209, 219, 232, 201]),
)
QUOTED = st.builds(Quoted, STEPS, st.sampled_from([CALL, PUT]), PRICES, PRICES)
LOOKS = st.lists(st.tuples(st.lists(PRINTED | QUOTED, max_size=6), st.booleans()), max_size=8)


class Heard:
    """A tape that is fed through a book as in a hub, and what went into it."""

    def __init__(self) -> None:
        self.tape = Tape()
        self.tape.watch({"SPY": "SPY"})
        self.prints: list[dict[str, Any]] = []
        self.quotes: list[dict[str, Any]] = []
        self._book = Book("massive")
        self._newest = Newest(QUOTE)

    def take(self, trades: list[Trade], quotes: list[Quote], at: int) -> None:
        """Look at a stream once."""
        self._book.received_at = (NOON_MS + at) / 1_000
        self._book.add(trades)
        self._book.add(quotes)
        batch = self._book.take()
        stamp = Stamp(
            vendor="massive", feed="realtime", received_ts=datetime.fromtimestamp(self._book.received_at, UTC)
        )
        self.tape.add(batch, stamp, {"SPY": HeldQuotes(self._newest, 5.0)})
        self._newest.stream(option_quote_events(batch.quotes.values(), stamp))
        self._note(batch)

    def _note(self, batch: Batch) -> None:
        self.prints += [
            {
                "symbol": each.symbol,
                "at": each.t - NOON_MS,
                "price": each.price,
                "size": each.size,
                "exchange": str(each.exchange),
                "conditions": list(each.conditions or ()),
                "feed": "realtime",
                "number": each.sequence,
            }
            for each in batch.trades
        ]
        self.quotes += [
            {"symbol": each.symbol, "at": each.t - NOON_MS, "bid": each.bid, "ask": each.ask}
            for each in batch.quotes.values()
        ]

    def check(self) -> None:
        """Hold the sums to those of the whole tape at once."""
        self.tape.fold(KNOWN)
        in_order = sorted(self.prints, key=lambda each: (each["at"], each["number"]))
        whole = prints(*({name: each[name] for name in each if name != "number"} for each in in_order))
        assert_frame_equal(flow_of_totals(self.tape.totals, CHAIN), tape_flow(whole, quotes(*self.quotes), CHAIN))


def trade_of(each: Printed, at: int, number: int) -> Trade:
    conditions, size = (each.condition,), float(each.size)
    return Trade(
        each.symbol,
        price=each.price,
        size=size,
        exchange=each.exchange,
        conditions=conditions,
        t=NOON_MS + at,
        sequence=number,
    )


@given(looks=LOOKS)
@settings(max_examples=60, deadline=None)
def test_any_cuts_sum_up_to_the_whole_tape(looks: list[tuple[list[Printed | Quoted], bool]]) -> None:
    heard, at, number = Heard(), 0, 0
    for events, is_summed in looks:
        trades: list[Trade] = []
        told: list[Quote] = []
        for each in events:
            at, number = at + each.step, number + 1
            if isinstance(each, Printed):
                trades.append(trade_of(each, at, number))
            else:
                # Which of a print and a quote of one millisecond came first no time tells; nor is a quote held here
                # before a print that comes after a newer quote.
                told.append(Quote(each.symbol, bid=each.bid, ask=each.ask, t=NOON_MS + at + 1, sequence=number))
                at += 2
        heard.take(trades, told, at)
        if is_summed:
            heard.tape.fold(KNOWN)
    heard.check()


@given(events=st.lists(PRINTED, max_size=30), data=st.data())
@settings(max_examples=60, deadline=None)
def test_prints_up_to_five_seconds_late_count_in_their_place(events: list[Printed], data: st.DataObject) -> None:
    heard, at = Heard(), 0
    timed: list[tuple[int, Trade]] = []
    for number, each in enumerate(events):
        at += each.step
        delay = data.draw(st.sampled_from([0, 0, 1, 3, 2_500, 4_999]))
        timed.append((at + delay, trade_of(each, at, number + 1)))
    for came, trade in sorted(timed, key=lambda each: each[0]):
        heard.take([trade], [], came)
        if data.draw(st.booleans()):
            heard.tape.fold(KNOWN)
    heard.check()


def test_the_laws_speak_of_tapes_with_all_there_is() -> None:
    heard = Heard()
    heard.take([], [Quote(CALL, bid=1.0, ask=1.1, t=NOON_MS, sequence=1)], 0)
    heard.take([trade_of(Printed(0, CALL, 1.1, 2_000, 300 + n, 209), 10 + n, n) for n in range(2)], [], 10)
    heard.check()
    row = flow_of_totals(heard.tape.totals, CHAIN).filter(pl.col("contract_symbol") == CALL).row(0, named=True)
    assert (row["sweep_count"], row["block_count"], row["buy_volume"]) == (1, 2, 4_000)
