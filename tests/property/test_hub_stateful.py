"""A whole hub's state, from frames' events and polls to snapshots, however they come: what the newest times dictate.

`test_live_state` holds one chain of one vendor to this. Here it is all that is watched, over what a hub has between its
sockets and its snapshots: books that conflate, an inbox that delays, answers that overtake events, watchlists that
change.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from quantdata.live.chains import Pace
from quantdata.live.market import EQUITIES, INDICES, LiveMarket, Polled
from quantdata.live.streaming import cut
from quantdata.pricing.rates import RateCurve
from quantdata.wire.book import Book
from quantdata.wire.events import Quote, Trade, Value
from tests.unit.hybrid.chains import NOW as CHAIN_NOW
from tests.unit.hybrid.chains import chain, row
from tests.unit.live.test_quotes import NOW, T, levels, stocks

if TYPE_CHECKING:
    import polars as pl

    from quantdata.live.market import Input

MS = timedelta(milliseconds=1)
CHAIN_T = int(CHAIN_NOW.timestamp() * 1000)
STRIKES = (590.0, 600.0)
STOCKS = ("AAPL", "SPY")
# What is watched at first, and what may be watched instead.
WATCHED = frozenset({"AAPL", "SPY", "VIX"})


class Told(NamedTuple):
    """When something was, by its vendor, in what order within the millisecond; a stream's comes after a poll's."""

    ms: int
    is_streamed: bool
    order: int

    @property
    def price(self) -> float:
        """What it says, which follows from when it was, as it does at an exchange."""
        return 500.0 + self.ms + (0.3 if self.is_streamed else 0.6) + self.order / 100


TIMES = st.integers(0, 4)
EVENTS = st.builds(Told, TIMES, st.just(value=True), st.integers(1, 3))


class HubState(RuleBasedStateMachine):
    """Stocks by quotes and prints, an index by its values, a chain by quotes: each symbol's newest must stand."""

    @initialize()
    def begin(self) -> None:
        self.market = LiveMarket(rates=RateCurve.of(0.04), paces=lambda _: [Pace(None, 5.0)])
        self.watched = WATCHED
        self._watch()
        self.books = {asset: Book("massive") for asset in ("options", "stocks", "indices")}
        # What is on its way, in the order in which it was sent.
        self.inbox: list[Input] = []
        self.sent: list[tuple[str, Any]] = []
        self.answers = 0
        # By what it is about: everything that was taken in.
        self.known: dict[tuple[str, str], set[Told]] = {}
        self.waiting: list[tuple[tuple[str, str], Told]] = []
        self.polled: set[str] = set()
        self.number = -1

    # --- what comes -------------------------------------------------------------------------------------------------

    @rule(symbol=st.sampled_from(STOCKS), event=EVENTS, kind=st.sampled_from(["quote", "trade"]))
    def a_stock_streams(self, symbol: str, event: Told, kind: str) -> None:
        self._stream("stocks", (kind, symbol), event)

    @rule(event=EVENTS)
    def an_index_streams(self, event: Told) -> None:
        # An index counts nothing, so that what comes last of one millisecond is one value.
        self._stream("indices", ("value", "VIX"), event._replace(order=1))

    @rule(strike=st.sampled_from(STRIKES), event=EVENTS)
    def a_contract_streams(self, strike: float, event: Told) -> None:
        self._stream("options", ("option", symbol_of(strike)), event)

    @rule(quoted=TIMES, traded=TIMES)
    def stocks_are_polled(self, quoted: int, traded: int) -> None:
        answer = self._answer()
        at = NOW + answer * MS
        quote, trade = polled_at(quoted, answer), polled_at(traded, answer)
        frame = stocks(
            *STOCKS, price=trade.price, bid=quote.price, ask=quote.price + 0.5, quote_ts=NOW + quoted * MS,
            last_ts=NOW + traded * MS, snapshot_ts=at, received_ts=at,
        )  # fmt: skip
        told = [((kind, symbol), each) for symbol in STOCKS for kind, each in (("quote", quote), ("trade", trade))]
        self._poll(EQUITIES, frame, told)

    @rule(ms=TIMES)
    def the_index_is_polled(self, ms: int) -> None:
        answer = self._answer()
        at, value = NOW + answer * MS, polled_at(ms, answer)
        frame = levels("VIX", value=value.price, value_ts=NOW + ms * MS, snapshot_ts=at, received_ts=at)
        self._poll(INDICES, frame, [(("value", "VIX"), value)])

    @rule(ms=TIMES)
    def the_chain_is_polled(self, ms: int) -> None:
        answer = self._answer()
        at, quote = CHAIN_NOW + answer * MS, polled_at(ms, answer)
        values: dict[str, Any] = {
            "bid": quote.price,
            "ask": quote.price + 0.5,
            "mid": quote.price + 0.25,
            "spread": 0.5,
        }
        stamps: dict[str, Any] = {"quote_ts": CHAIN_NOW + ms * MS, "snapshot_ts": at, "received_ts": at}
        frame = chain(*(row("massive", strike, **values, **stamps) for strike in STRIKES))
        self._poll("SPY", frame, [(("option", symbol_of(strike)), quote) for strike in STRIKES])

    # --- how it comes -----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def something_comes_again(self, data: st.DataObject) -> None:
        kind, what = data.draw(st.sampled_from(self.sent))
        if kind == "poll":
            self.inbox.append(what[0])
            self.waiting += what[1]
        else:
            self._add(kind, *what)

    @precondition(lambda self: self.inbox)
    @rule(data=st.data())
    def an_answer_is_lost(self, data: st.DataObject) -> None:
        lost = self.inbox.pop(data.draw(st.integers(0, len(self.inbox) - 1)))
        told = next(what[1] for kind, what in self.sent if kind == "poll" and what[0] is lost)
        for each in told:
            self.waiting.remove(each)

    @rule(data=st.data())
    def it_is_published(self, data: st.DataObject) -> None:
        inputs = data.draw(st.permutations(self.inbox))
        streamed = [
            part
            for asset in self.books
            for part in cut(asset, self.books[asset].take(), feed="realtime", names=names())
        ]
        both = data.draw(st.sampled_from([[*inputs, *streamed], [*streamed, *inputs]]))
        self.inbox = []
        for about, told in self.waiting:
            self.known.setdefault(about, set()).add(told)
        self.waiting = []
        self.polled |= {each.subject for each in inputs if isinstance(each, Polled)}
        self.market.apply(both)
        snapshot = self.market.snapshot(NOW)
        assert snapshot.number == self.number + 1
        self.number = snapshot.number

    @rule(watched=st.sampled_from([WATCHED, frozenset({"SPY", "VIX"}), frozenset({"AAPL", "VIX"})]))
    def it_watches_others(self, watched: frozenset[str]) -> None:
        for about in [about for about in self.known if self._owner(about) not in watched]:
            del self.known[about]
        if "SPY" not in watched:
            self.polled.discard("SPY")
        self.watched = watched
        self._watch()
        # What is on its way is of what was watched before; so it is in the product, which leaves it out.
        self.it_forgets_what_is_on_its_way()

    def it_forgets_what_is_on_its_way(self) -> None:
        self.inbox, self.waiting, self.sent = [], [], []
        # New ones, which have seen nothing: of what is told again an old one says that it knows it.
        self.books = {asset: Book("massive") for asset in self.books}

    # --- what stands ------------------------------------------------------------------------------------------------

    @invariant()
    def each_symbol_is_as_its_newest_event_says(self) -> None:
        if self.number < 0:
            return
        snapshot = self.market.snapshot(NOW)
        self.number = snapshot.number
        for each in snapshot.equities.iter_rows(named=True):
            self._is(each, "quote", price="bid", stamp="quote_ts", beside=("ask", 0.5))
            self._is(each, "trade", price="price", stamp="last_ts")
        for each in snapshot.indices.iter_rows(named=True):
            self._is(each, "value", price="value", stamp="value_ts")
        for name, live in self.market._chains.items():
            assert name == "SPY"
            for each in live._assembled().iter_rows(named=True):
                told = max(self.known["option", each["contract_symbol"]])
                assert (each["bid"], each["ask"]) == (told.price, told.price + 0.5)
                assert each["quote_ts"] == CHAIN_NOW + told.ms * MS

    @invariant()
    def rows_are_those_that_are_watched_and_were_polled(self) -> None:
        if self.number < 0:
            return
        snapshot = self.market.snapshot(NOW)
        self.number = snapshot.number
        assert set(snapshot.equities.get_column("symbol")) <= self.watched
        assert set(snapshot.chains) <= self.watched

    # --- the small print --------------------------------------------------------------------------------------------

    def _is(
        self, each: dict[str, Any], kind: str, *, price: str, stamp: str, beside: tuple[str, float] | None = None
    ) -> None:
        told = max(self.known[kind, each["symbol"]])
        assert (each[price], each[stamp]) == (told.price, NOW + told.ms * MS)
        if beside is not None:
            assert each[beside[0]] == told.price + beside[1]

    def _owner(self, about: tuple[str, str]) -> str:
        return "SPY" if about[0] == "option" else about[1]

    def _watch(self) -> None:
        equities = [name for name in STOCKS if name in self.watched]
        chains = ["SPY"] if "SPY" in self.watched else []
        self.market.watch(chains, equities=equities, indices=["VIX"])

    def _answer(self) -> int:
        """Return when a poll is answered: after all that it can tell of, and never when another is."""
        self.answers += 1
        return 10 + self.answers

    def _poll(self, subject: str, frame: pl.DataFrame, told: list[tuple[tuple[str, str], Told]]) -> None:
        kept = [(about, each) for about, each in told if self._owner(about) in self.watched]
        if subject == EQUITIES:
            frame = frame.filter(frame.get_column("symbol").is_in(list(self.watched)))
        if not kept:
            return
        polled = Polled(subject, frame)
        self.sent.append(("poll", (polled, kept)))
        self.inbox.append(polled)
        self.waiting += kept

    def _stream(self, asset: str, about: tuple[str, str], event: Told) -> None:
        if self._owner(about) in self.watched:
            self.sent.append((asset, (about, event)))
            self._add(asset, about, event)

    def _add(self, asset: str, about: tuple[str, str], event: Told) -> None:
        kind, symbol = about
        book, price = self.books[asset], event.price
        if kind == "value":
            book.add_value(Value("I:VIX", value=price, t=T + event.ms))
        elif kind == "trade":
            book.add_trade(Trade(symbol, price=price, size=1.0, t=T + event.ms, sequence=event.order))
        else:
            spelled, since = (f"O:{symbol}", CHAIN_T) if kind == "option" else (symbol, T)
            quote = Quote(spelled, bid=price, ask=price + 0.5, t=since + event.ms, sequence=event.order)
            book.add_quote(quote)
        self.waiting.append((about, event))


def polled_at(ms: int, answer: int) -> Told:
    return Told(ms, is_streamed=False, order=answer)


def symbol_of(strike: float) -> str:
    return f"SPY261218C{round(strike * 1000):08d}"


def names() -> dict[str, str]:
    return {"I:VIX": "VIX", **{f"O:{symbol_of(strike)}": symbol_of(strike) for strike in STRIKES}}


TestHubState = HubState.TestCase
TestHubState.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
