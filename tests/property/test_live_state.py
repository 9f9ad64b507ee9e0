"""Any order of polls and events, repeated, delayed, dropped: what stands is what the newest event times dictate."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from quantdata.frames.columns import GREEKS, QUOTE, TRADE, VOLATILITY
from quantdata.frames.events import Stamp, option_quote_events, option_trade_events
from quantdata.live.chains import LiveChain, Pace
from quantdata.pricing.rates import RateCurve
from quantdata.wire import events as wire
from tests.unit.hybrid.chains import NOW, chain, row

if TYPE_CHECKING:
    import polars as pl

RATES = RateCurve.of(0.04)
STRIKES = (590.0, 600.0, 610.0)
MS = timedelta(milliseconds=1)
T = int(NOW.timestamp() * 1000)
QUOTE_GROUP, TRADE_GROUP = [column.name for column in QUOTE], [column.name for column in TRADE]
BY_MODEL = [column.name for column in (*VOLATILITY, *GREEKS)]
PACES = (Pace(None, 5.0),)


class Event(NamedTuple):
    """What one symbol's event is ordered by, and its price, which follows from that, as it does at an exchange."""

    ms: int
    is_streamed: bool
    sequence: int  # of a poll, when it was answered

    @property
    def price(self) -> float:
        return 10.0 + self.ms + (0.3 if self.is_streamed else 0.6) + self.sequence / 100


class Poll(NamedTuple):
    answered: int
    # By strike: the time of its quote, and of its trade; None of what it has none of.
    rows: tuple[tuple[float, int | None, int | None], ...]


def symbol(strike: float) -> str:
    return f"SPY261218C{round(strike * 1000):08d}"


def polled(poll: Poll) -> pl.DataFrame:
    at = NOW + poll.answered * MS
    rows = []
    for strike, quoted, traded in poll.rows:
        values: dict[str, Any] = {"quote_source": None, "quote_ts": None} if quoted is None else {}
        if quoted is not None:
            price = Event(quoted, is_streamed=False, sequence=poll.answered).price
            values = {
                "bid": price,
                "ask": price + 0.5,
                "mid": price + 0.25,
                "spread": 0.5,
                "quote_ts": NOW + quoted * MS,
            }
        if traded is None:
            values |= {"trade_source": None, "last_ts": None}
        else:
            values |= {
                "last": Event(traded, is_streamed=False, sequence=poll.answered).price,
                "last_ts": NOW + traded * MS,
            }
        rows.append(row("massive", strike, snapshot_ts=at, received_ts=at, open_interest=poll.answered, **values))
    return chain(*rows)


def told(kind: str, some: list[tuple[float, Event]]) -> pl.DataFrame:
    stamp = Stamp(vendor="massive", feed="realtime", received_ts=NOW)
    if kind == "quote":
        quotes = [
            wire.Quote(f"O:{symbol(strike)}", bid=e.price, ask=e.price + 0.5, t=T + e.ms, sequence=e.sequence)
            for strike, e in some
        ]
        return option_quote_events(quotes, stamp)
    trades = [
        wire.Trade(f"O:{symbol(strike)}", price=e.price, size=1.0, t=T + e.ms, sequence=e.sequence)
        for strike, e in some
    ]
    return option_trade_events(trades, stamp)


TIMES = st.none() | st.integers(0, 4)
# A poll tells nothing of a time after its answer, and two polls are not answered at once.
POLLS = st.builds(
    Poll,
    st.integers(5, 60),
    st.lists(st.tuples(st.sampled_from(STRIKES), TIMES, TIMES), min_size=1, unique_by=lambda each: each[0]).map(tuple),
)
EVENTS = st.builds(Event, st.integers(0, 4), st.just(value=True), st.integers(1, 4))
BATCHES = st.lists(st.tuples(st.sampled_from(STRIKES), EVENTS), max_size=4)
KINDS = st.sampled_from(["quote", "trade"])


class Oracle:
    """The same in plain Python: everything that was ever told, looked through each time."""

    def __init__(self) -> None:
        self.polls: dict[int, Poll] = {}
        self.events: set[tuple[str, float, Event]] = set()

    def rows(self) -> dict[str, tuple[Event | None, Event | None, int]]:
        """Return quote, trade and open interest of each contract."""
        if not self.polls:
            return {}
        last = self.polls[max(self.polls)]
        return {
            symbol(strike): (
                self._newest("quote", strike, quoted),
                self._newest("trade", strike, traded),
                last.answered,
            )
            for strike, quoted, traded in last.rows
        }

    def is_streamed(self, strike: float) -> bool:
        return any(kind == "quote" and of == strike for kind, of, _ in self.events)

    def _newest(self, kind: str, strike: float, last: int | None) -> Event | None:
        found = [event for what, of, event in self.events if (what, of) == (kind, strike)]
        for poll in self.polls.values():
            for of, *times in poll.rows:
                ms = times[0 if kind == "quote" else 1]
                if of == strike and ms is not None:
                    found.append(Event(ms, is_streamed=False, sequence=poll.answered))
        newest = max(found, default=None)
        # What the vendor's last answer has none of is only there if a stream told it.
        return newest if newest is None or newest.is_streamed or last is not None else None


class LiveState(RuleBasedStateMachine):
    """Polls and events of one vendor, in any order."""

    @initialize()
    def begin(self) -> None:
        self.live = LiveChain(rates=RATES)
        self.oracle = Oracle()
        self.fed: list[tuple[str, Any]] = []

    @rule(poll=POLLS)
    def poll(self, poll: Poll) -> None:
        poll = self.oracle.polls.setdefault(poll.answered, poll)
        self.fed.append(("poll", poll))
        self.live.poll(polled(poll))

    @rule(kind=KINDS, batch=BATCHES)
    def stream(self, kind: str, batch: list[tuple[float, Event]]) -> None:
        self.oracle.events.update((kind, strike, event) for strike, event in batch)
        self.fed.append((kind, batch))
        self._feed(kind, batch)

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        if self.fed:
            self._feed(*data.draw(st.sampled_from(self.fed)))

    @rule()
    def value(self) -> None:
        self.live.adopt(self.live.valuation(NOW, paces=PACES)())
        frame = self.live.frame()
        assert set(frame.get_column("contract_symbol")) == set(self.oracle.rows())
        for each in frame.iter_rows(named=True):
            # Whatever was ever streamed is the model's; and nothing is there without a source.
            if self.oracle.is_streamed(each["strike"]):
                assert each["greeks_source"] in {None, "model"}
                assert each["iv_source"] in {None, "model"}
            assert each["greeks_source"] is not None or each["delta"] is None

    @rule()
    def ask_for_a_valuation_that_fails(self) -> None:
        self.live.valuation(NOW, paces=PACES)

    @invariant()
    def each_group_is_that_of_the_newest_event(self) -> None:
        frame = self.live._assembled()
        expected = self.oracle.rows()
        assert set(frame.get_column("contract_symbol")) == set(expected)
        for each in frame.iter_rows(named=True):
            quote, trade, interest = expected[each["contract_symbol"]]
            assert each["open_interest"] == interest
            _is_that_of(each, quote, names=QUOTE_GROUP, stamp="quote_ts", source="quote_source", price="bid")
            _is_that_of(each, trade, names=TRADE_GROUP, stamp="last_ts", source="trade_source", price="last")
            if quote is not None:
                assert each["ask"] == quote.price + 0.5  # both sides are of one event
            if self.oracle.is_streamed(each["strike"]):
                assert all(each[name] is None for name in BY_MODEL)

    def _feed(self, kind: str, what: Any) -> None:
        if kind == "poll":
            self.live.poll(polled(what))
        elif kind == "quote":
            self.live.quotes(told(kind, what))
        else:
            self.live.trades(told(kind, what))


def _is_that_of(
    each: dict[str, Any], event: Event | None, *, names: list[str], stamp: str, source: str, price: str
) -> None:
    if event is None:
        assert all(each[name] is None for name in names)
    else:
        assert (each[stamp], each[price], each[source]) == (NOW + event.ms * MS, event.price, "massive")


TestLiveState = LiveState.TestCase
TestLiveState.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)


@settings(max_examples=30)
@given(
    polls=st.lists(POLLS, min_size=1, max_size=4, unique_by=lambda poll: poll.answered), batch=BATCHES, data=st.data()
)
def test_any_order_of_the_same_ends_in_the_same(
    polls: list[Poll], batch: list[tuple[float, Event]], data: st.DataObject
) -> None:
    parts: list[Any] = [*polls, *(("quote", each) for each in batch), *(("trade", each) for each in batch)]
    ends = []
    for order in (parts, data.draw(st.permutations(parts))):
        live = LiveChain(rates=RATES)
        for part in order:
            if isinstance(part, Poll):
                live.poll(polled(part))
            elif part[0] == "quote":
                live.quotes(told("quote", [part[1]]))
            else:
                live.trades(told("trade", [part[1]]))
        ends.append(live._assembled())
    assert ends[0].equals(ends[1], null_equal=True)
