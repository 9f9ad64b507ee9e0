"""The options on one underlying: listed contracts, standing quotes, tape, and the chain that puts them together."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.sim.activity import Activity
from quantdata.sim.cache import BuildOnce
from quantdata.sim.listings import Contracts, contract_of, contracts_of, contracts_on, listing_of
from quantdata.sim.noise import normal
from quantdata.sim.pricer import Pricer, Valuation
from quantdata.sim.quoting import (
    QUOTE_DELAY_NS,
    OptionQuotes,
    making_of,
    quote,
    quote_delay,
    quote_periods,
    quote_prices,
)
from quantdata.sim.tape import DayBlock, OptionTape, close_of, draw_tape
from quantdata.sim.timeline import NS_PER_S, ns_of, timeline
from quantdata.sim.universe import RATE
from quantdata.sim.views import ChainView, Listing, Quotes, SurfaceView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date, datetime

    from numpy.typing import NDArray

    from quantdata.sim.expirations import Expiration
    from quantdata.sim.universe import Asset
    from quantdata.symbols import OptionSymbol

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

__all__ = ["Options", "Standing"]

_LOOKBACK: Final = 12  # sessions after which a vendor forgets an old day bar
_CACHED_DAYS: Final = 8
_CACHED_SESSIONS: Final = 4
_CACHED_CONTRACTS: Final = 4096
_CACHED_TAPES: Final = 1024
_VENDOR_NOISE: Final = 0.002  # relative error of a vendor's implied volatility
_LEAST_TIME_VALUE_TICKS: Final = 0.25
_LEAST_VEGA_TICKS: Final = 0.001
_QUOTE_COLUMNS: Final = ("bid", "ask", "bid_size", "ask_size", "bid_exchange", "ask_exchange")
_BAR_PRICES: Final = ("open", "high", "low", "close", "vwap")


@dataclass(frozen=True, slots=True)
class Standing:
    """Contracts with the quotes that stand at an instant.

    Attributes
    ----------
    quoted_at
        Instant at which each contract was quoted, ns; the valuation is as of then.
    sent
        Timestamp of the quote: a moment after, since not all come out at once.
    """

    quoted_at: Ints
    sent: Ints
    valued: Valuation
    quotes: OptionQuotes


@dataclass(frozen=True, slots=True)
class _Board:
    """What stays the same through a session: contracts, open interest, every trade of the session and the ones before.

    Attributes
    ----------
    before
        Day block of the last session with trades before this one.
    close_before, close_before_that
        Last price of that session and of the one with trades before it; NaN when there is none to remember.
    """

    contracts: Contracts
    listing: Listing
    open_interest: Ints
    tape: OptionTape
    before: DayBlock
    close_before: Floats
    close_before_that: Floats


class Options:
    """Every option on one underlying.

    Parameters
    ----------
    seed
        The market's.
    asset
        The underlying's facts.
    mid
        Its mid at given instants (ns), unrounded.
    log_volatility
        Log of its volatility over the usual one at given instants.
    closes
        Its mid at every session's close, in shares of a given session.
    daily_log_volatility
        ``log_volatility`` at every session's close.
    """

    def __init__(
        self,
        seed: int,
        asset: Asset,
        *,
        mid: Callable[[Ints], Floats],
        log_volatility: Callable[[Ints], Floats],
        closes: Callable[[int], Floats],
        daily_log_volatility: Floats,
    ) -> None:
        self.asset = asset
        self._seed, self._closes, self._line = seed, closes, timeline()
        self._pricer = Pricer(asset, mid=mid, log_volatility=log_volatility)
        self._activity = Activity(asset, closes=closes, log_volatility=daily_log_volatility)
        self._making = making_of(asset.symbol)
        self._contracts: BuildOnce[Contracts] = BuildOnce(_CACHED_DAYS)
        self._single: BuildOnce[Contracts | None] = BuildOnce(_CACHED_CONTRACTS)
        self._listings: BuildOnce[Listing] = BuildOnce(_CACHED_DAYS)
        self._boards: BuildOnce[_Board] = BuildOnce(_CACHED_SESSIONS)
        self._tapes: BuildOnce[OptionTape] = BuildOnce(_CACHED_TAPES)

    def contracts(self, day: date) -> Contracts:
        """Return the contracts listed on a day, sorted by expiration, root, strike, calls first."""
        return self._contracts.get(
            day, lambda: contracts_on(self.asset, day, mids=self._mids_before(day), seed=self._seed)
        )

    def contracts_of(self, expirations: Iterable[Expiration], day: date) -> Contracts:
        """Return the contracts of some expirations, as listed on a day."""
        return contracts_of(self.asset, expirations, day, mids=self._mids_before(day), seed=self._seed)

    def contract(self, symbol: OptionSymbol) -> Contracts | None:
        """Return one contract, expired or not; None when it was never listed."""
        return self._single.get(symbol, lambda: self._find(symbol))

    def _find(self, symbol: OptionSymbol) -> Contracts | None:
        mids = self._mids_before(symbol.expiration)
        return contract_of(self.asset, symbol, mids=mids, seed=self._seed)

    def listing(self, day: date) -> Listing:
        """Return the contracts listed on a day as vendors name them."""
        return self._listings.get(day, lambda: listing_of(self.asset, self.contracts(day)))

    def _mids_before(self, day: date) -> Floats:
        return self._closes(min(self._line.last_before(day) + 1, len(self._line) - 1))

    # --- quotes -----------------------------------------------------------------------------------------------------

    def standing(self, contracts: Contracts, ns: Ints, session: Ints) -> Standing:
        """Return the quotes that stand at an instant per contract, within a session per contract.

        Before the open the first quote stands, after the close the last one.
        """
        quoted_at = self._quoted_at(contracts, ns, session)
        valued = self._pricer.value(contracts, quoted_at)
        quotes = quote(contracts, valued, self._making, event=quoted_at // NS_PER_S)
        return Standing(quoted_at, self._sent(contracts, quoted_at, session), valued, quotes)

    def standing_prices(self, contracts: Contracts, ns: Ints, session: Ints) -> tuple[Floats, Floats]:
        """Return bid and ask of `standing` alone."""
        valued = self._pricer.value(contracts, self._quoted_at(contracts, ns, session))
        return quote_prices(contracts, valued, self._making)

    def prices_at(self, day: date, rows: Ints, at: int, instants: Ints) -> tuple[Floats, Floats]:
        """Return bid and ask of some rows of a day's listing, each at an instant of the newest session at ``at``."""
        contracts = self.contracts(day).take(rows)
        return self.standing_prices(contracts, instants, self._last_session(contracts, self._line.regular_at(at)))

    def _quoted_at(self, contracts: Contracts, ns: Ints, session: Ints) -> Ints:
        """Return the instant of the newest quote that has come out by a given one."""
        period = self._periods(contracts, session)
        opened, closed = self._line.open[session], close_of(contracts, session)
        instant = np.clip(ns, opened, closed - NS_PER_S)
        newest = np.maximum(instant // period * period, opened)
        is_under_way = self._sent(contracts, newest, session) > ns
        return np.asarray(np.where(is_under_way, np.maximum(newest - period, opened), newest), dtype=np.int64)

    def _sent(self, contracts: Contracts, quoted_at: Ints, session: Ints) -> Ints:
        is_first = quoted_at <= self._line.open[session]
        delay = quote_delay(contracts, quoted_at // NS_PER_S)
        return np.asarray(quoted_at + np.where(is_first, 0, delay), dtype=np.int64)

    def _quoted(self, session: Ints) -> Callable[[Contracts, Ints, Ints], OptionQuotes]:
        return lambda contracts, ns, row: self.standing(contracts, ns, session[row]).quotes

    def _periods(self, contracts: Contracts, session: Ints) -> Ints:
        period = np.empty(len(contracts), dtype=np.int64)
        for each in np.unique(session):
            rows = np.flatnonzero(session == each)
            part = contracts if len(rows) == len(contracts) else contracts.take(rows)
            period[rows] = quote_periods(
                part,
                spot=self._activity.spot_before(int(each)),
                deviation=self._activity.deviation(part, int(each))[1],
                daily_deviation=self._activity.daily_deviation(int(each)),
            )
        return period

    def quotes(self, contract: Contracts, start: int, end: int) -> Quotes:
        """Return one contract's quotes from ``start`` up to and without ``end``, oldest first."""
        line = self._line
        first = max(int(np.searchsorted(line.close + 2 * 3600 * NS_PER_S, start)), 1)
        last = int(np.searchsorted(line.open, end))
        grids, owners = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        for session in range(first, last):
            owner = np.array([session])
            period = int(self._periods(contract, owner)[0])
            opened, closed = int(line.open[session]), int(close_of(contract, owner)[0])
            # One period early: a quote comes out after its instant.
            low = max(opened, (start // period - 1) * period)
            grid = np.arange(low, min(closed, end), period, dtype=np.int64)
            grids.append(grid)
            owners.append(np.full(len(grid), session))
        quoted_at, owner = np.concatenate(grids), np.concatenate(owners)
        rows = contract.take(np.zeros(len(quoted_at), dtype=np.intp))
        sent = self._sent(rows, quoted_at, owner)
        event = quoted_at // NS_PER_S
        found = quote(rows, self._pricer.value(rows, quoted_at), self._making, event=event)
        kept = (sent >= start) & (sent < end)
        return Quotes(
            ts=sent[kept],
            bid=found.bid[kept],
            ask=found.ask[kept],
            bid_size=found.bid_size[kept],
            ask_size=found.ask_size[kept],
            bid_exchange=found.bid_exchange[kept],
            ask_exchange=found.ask_exchange[kept],
            sequence=_sequence(event[kept]),
        )

    def quotes_between(self, day: date, rows: Ints, start: int, end: int) -> tuple[Ints, Quotes]:
        """Return the quotes of some contracts that came out after ``start``, up to and with ``end``, oldest first.

        Parameters
        ----------
        day
            On whose listing they are, which is that of ``end``.
        rows
            Their rows in it; what is returned first is the row of each quote.
        """
        # Just after the quotes of every second are out, and at the end: between two of these none has two.
        seconds = np.arange(start // NS_PER_S, end // NS_PER_S + 1, dtype=np.int64) * NS_PER_S + QUOTE_DELAY_NS
        instants = np.append(seconds[(seconds > start) & (seconds < end)], end)
        contracts = self.contracts(day).take(np.tile(rows, len(instants)))
        session = self._last_session(contracts, self._line.regular_at(end))
        found = self.standing(contracts, np.repeat(instants, len(rows)), session)
        fresh = np.flatnonzero((found.sent > start) & (found.sent <= end))
        owner = np.tile(rows, len(instants))[fresh]
        _, first = np.unique(np.stack([found.sent[fresh], owner]), axis=1, return_index=True)
        kept, quotes = fresh[first], found.quotes
        columns = {name: getattr(quotes, name)[kept] for name in _QUOTE_COLUMNS}
        sequence = _sequence(found.quoted_at[kept] // NS_PER_S)
        return owner[first], Quotes(ts=found.sent[kept], **columns, sequence=sequence)

    # --- tape -------------------------------------------------------------------------------------------------------

    def tape(self, contract: Contracts, session: int) -> OptionTape:
        """Return every trade of one contract in a session."""
        return self._tapes.get((int(contract.key[0]), session), lambda: self._draw(contract, np.array([session])))

    def _draw(
        self, contracts: Contracts, session: Ints, events: Ints | None = None, *, is_last_only: bool = False
    ) -> OptionTape:
        if events is None:
            events = self._activity.events(contracts, int(session[0]))
        sizes = self._activity.trade_sizes(events)
        return draw_tape(contracts, session, events, self._quoted(session), sizes=sizes, is_last_only=is_last_only)

    def day_tape(self, day: date, at: int) -> OptionTape:
        """Return every trade of the newest session at an instant; its rows are the contracts listed on a day."""
        return self._board(day, self._line.regular_at(at)).tape

    def life(self, contract: Contracts) -> range:
        """Return the sessions in which one contract may have traded."""
        line = self._line
        first = line.last_before(contract.listed_since[0].item()) + 1
        return range(max(first, 1), int(np.searchsorted(line.open, contract.last_close[0])))

    # --- the chain --------------------------------------------------------------------------------------------------

    def chain(self, at: datetime, day: date, *, underlying_price: float, underlying_ts: int) -> ChainView:
        """Return every contract listed on a day at an instant."""
        ns = ns_of(at)
        session = self._line.regular_at(ns)
        board = self._board(day, session)
        contracts = board.contracts
        found = self.standing(contracts, np.full(len(contracts), ns), self._last_session(contracts, session))
        volatility, greeks = self._vendor_model(contracts, found, ns)
        today = board.tape.until(ns)
        block, is_today = _newer(today, board.before), today.volume > 0
        has_bar = block.volume > 0
        prices = {name: np.where(has_bar, getattr(block, name), np.nan) for name in _BAR_PRICES}
        quotes = found.quotes
        return ChainView(
            listing=board.listing,
            at=at,
            underlying_price=underlying_price,
            underlying_ts=underlying_ts,
            bid=quotes.bid,
            ask=quotes.ask,
            bid_size=quotes.bid_size,
            ask_size=quotes.ask_size,
            bid_exchange=quotes.bid_exchange,
            ask_exchange=quotes.ask_exchange,
            quote_ts=found.sent,
            implied_volatility=volatility,
            **greeks,
            open_interest=board.open_interest,
            day_ts=np.where(has_bar, self._line.midnight[block.session], 0),
            **prices,
            prev_close=np.where(is_today, board.close_before, board.close_before_that),
            volume=block.volume,
            last=prices["close"],
            last_size=block.last_size,
            last_exchange=block.last_exchange,
            last_condition=block.last_condition,
            last_ts=block.last_ts,
        )

    def surface(self, at: datetime, day: date) -> SurfaceView:
        """Return what the model says of every contract listed on a day, at an instant."""
        ns = ns_of(at)
        contracts = self.contracts(day)
        instants = np.full(len(contracts), ns)
        session = self._last_session(contracts, self._line.regular_at(ns))
        bid, ask = self.standing_prices(contracts, instants, session)
        valued = self._pricer.value(contracts, instants)
        carry = RATE - self.asset.dividend_yield
        return SurfaceView(
            listing=self.listing(day),
            at=at,
            rate=RATE,
            dividend_yield=self.asset.dividend_yield,
            # The forward of the VIX is not tied to its level by any carry.
            spot=np.asarray(valued.forward * np.exp(-carry * valued.years)),
            years=valued.years,
            volatility=np.where(contracts.expires > ns, valued.volatility, np.nan),
            bid=bid,
            ask=ask,
        )

    def _last_session(self, contracts: Contracts, session: int) -> Ints:
        """Return the newest session up to one in which each contract still traded: AM series stop the day before."""
        has_stopped = contracts.last_close < self._line.open[session]
        return np.where(has_stopped, session - 1, session).astype(np.int64)

    def _vendor_model(self, contracts: Contracts, found: Standing, ns: int) -> tuple[Floats, dict[str, Floats]]:
        """Return implied volatility and greeks as a vendor computes them.

        NaN where the mid has no time value, and once the payoff is fixed: quotes stand longer than that.
        """
        valued, quotes = found.valued, found.quotes
        greeks = self._pricer.greeks(contracts, valued)
        error = 1.0 + _VENDOR_NOISE * normal(contracts.key, found.quoted_at // NS_PER_S, 51)
        sign = np.where(contracts.is_call, 1.0, -1.0)
        middle = 0.5 * (quotes.bid + quotes.ask)
        # A European option is bounded by its forward, an American one by what it pays now.
        discount = np.exp(-RATE * valued.years)
        on_forward = sign * discount * (valued.forward - contracts.strike)
        on_spot = np.where(contracts.is_european, 0.0, sign * (valued.spot - contracts.strike))
        time_value = middle - np.maximum(np.maximum(on_forward, on_spot), 0.0)
        # Without time value, or where a point of volatility moves nothing, the price says nothing about volatility.
        has_time_value = time_value >= _LEAST_TIME_VALUE_TICKS * contracts.tick_below
        is_known = (quotes.bid > 0.0) & has_time_value & (greeks.vega >= _LEAST_VEGA_TICKS * contracts.tick_below)
        is_known &= contracts.expires > ns
        columns = {name: getattr(greeks, name) for name in ("delta", "gamma", "theta", "vega")}
        shown = {name: np.where(is_known, column, np.nan) for name, column in columns.items()}
        return np.where(is_known, valued.volatility * error, np.nan), shown

    def _board(self, day: date, session: int) -> _Board:
        return self._boards.get((day, session), lambda: self._build_board(day, session))

    def _build_board(self, day: date, session: int) -> _Board:
        contracts = self.contracts(day)
        traded_1, events_1, traded_2, events_2 = self._earlier_sessions(contracts, session)
        end = int(self._line.late_close[session])
        before = self._draw(contracts, traded_1, events_1).until(end)
        earlier = self._draw(contracts, traded_2, events_2, is_last_only=True).until(end)
        return _Board(
            contracts=contracts,
            listing=self.listing(day),
            open_interest=self._activity.open_interest(contracts, session),
            tape=self._draw(contracts, np.full(len(contracts), session)),
            before=before,
            close_before=np.where(events_1 > 0, before.close, np.nan),
            close_before_that=np.where(events_2 > 0, earlier.close, np.nan),
        )

    def _earlier_sessions(self, contracts: Contracts, session: int) -> tuple[Ints, Ints, Ints, Ints]:
        """Return the two newest sessions with trades before one, per contract, and how many events each had."""
        sessions = [np.full(len(contracts), session - 1) for _ in range(2)]
        events = [np.zeros(len(contracts), dtype=np.int64) for _ in range(2)]
        for earlier in range(session - 1, max(session - 1 - _LOOKBACK, 0), -1):
            drawn = self._activity.events(contracts, earlier)
            for level in (1, 0):
                # The second newest is looked for only once the newest is known.
                is_wanted = (events[level] == 0) & (drawn > 0) & ((level == 0) | (events[0] > 0))
                sessions[level] = np.where(is_wanted, earlier, sessions[level])
                events[level] = np.where(is_wanted, drawn, events[level])
        return sessions[0], events[0], sessions[1], events[1]


def _sequence(event: Ints) -> Ints:
    """Return the sequence numbers of quotes: rising, with gaps."""
    return np.asarray(1000 + event % 86_400 * 17, dtype=np.int64)


def _newer(today: DayBlock, before: DayBlock) -> DayBlock:
    """Return the day block of today where there is one, else the one before."""
    is_today = today.volume > 0
    columns = (np.where(is_today, getattr(today, each.name), getattr(before, each.name)) for each in fields(today))
    return DayBlock(*columns)
