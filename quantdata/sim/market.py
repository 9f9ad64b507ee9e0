"""The simulated market: one object that answers every question about any instant, always alike.

Every answer is a function of the seed and the arguments alone; caches only save time. Prices are raw, as printed:
history jumps at a split. An instant (``at``) shows what was public then: no trade after it, bars cut at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from quantdata.errors import SymbolError
from quantdata.sessions import session_day
from quantdata.sim.actions import actions_of
from quantdata.sim.bars import Prints, day_bar, joined, minute_bars_of, no_bars
from quantdata.sim.cache import BuildOnce
from quantdata.sim.equities import Equity
from quantdata.sim.indices import CashIndex, IndexLevel, VixIndex, index_minute_bars
from quantdata.sim.options import Options
from quantdata.sim.paths import Paths
from quantdata.sim.timeline import DAY_CLEARED_NS, NS_PER_S, moment_of, ns_of, timeline
from quantdata.sim.universe import EQUITIES, INDICES, UNDERLYINGS, Asset, asset
from quantdata.sim.views import Bars, EquityView, IndexView, Quotes, Trades
from quantdata.symbols import parse_option, root_facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from numpy.typing import NDArray

    from quantdata.sim.listings import Contracts
    from quantdata.sim.tape import OptionTape
    from quantdata.sim.views import ChainView, Dividend, Listing, Split, SurfaceView

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Market"]

_USUAL_VIX: Final = 17.5
_CACHED_DAYS: Final = 4096
_QUOTE_STEP_NS: Final = NS_PER_S


class Market:
    """A seeded market of equities, indices and their options from 2016 to 2031.

    Parameters
    ----------
    seed
        Markets of equal seeds give equal answers, in any process and any order of questions.

    Raises
    ------
    SymbolError
        From every method, for a symbol that the market does not have; the message names what it has.
    ArgumentError
        For an instant or a day outside the simulated years, or an instant without a time zone.
    """

    def __init__(self, *, seed: int = 7) -> None:
        self._line = timeline()
        paths = self._paths = Paths(seed)
        self._equities = {name: Equity(seed, asset(name), paths) for name in EQUITIES}
        self._indices: dict[str, IndexLevel] = {
            name: CashIndex(asset(name).factor, paths) for name in INDICES if name != "VIX"
        }
        self._options = {name: self._options_on(asset(name), seed) for name in UNDERLYINGS if name != "VIX"}
        vix = VixIndex(paths, self._options["SPX"])
        self._indices["VIX"] = vix
        self._options["VIX"] = self._options_on(asset("VIX"), seed, vix=vix)
        self._days: BuildOnce[Bars] = BuildOnce(_CACHED_DAYS)

    @property
    def equities(self) -> tuple[str, ...]:
        """Stocks and funds that trade."""
        return EQUITIES

    @property
    def indices(self) -> tuple[str, ...]:
        """Indices that are calculated."""
        return INDICES

    @property
    def underlyings(self) -> tuple[str, ...]:
        """Stocks, funds and indices with listed options."""
        return UNDERLYINGS

    def _options_on(self, facts: Asset, seed: int, *, vix: VixIndex | None = None) -> Options:
        paths = self._paths
        latent = facts.volatility_beta * paths.market_log_volatility()
        if vix is not None:
            levels = _USUAL_VIX * np.exp(paths.market_log_volatility())
            return Options(
                seed,
                facts,
                mid=vix.path,
                log_volatility=lambda ns: facts.volatility_beta * paths.state("SPX", ns)[1],
                closes=lambda _session: levels,
                daily_log_volatility=latent,
            )
        return Options(
            seed,
            facts,
            mid=self._mid_of(facts),
            log_volatility=lambda ns: (
                facts.volatility_beta * paths.state(facts.factor, ns)[1] + paths.own_volatility_at(facts.factor, ns)
            ),
            closes=self._closes_of(facts),
            daily_log_volatility=latent + paths.own_log_volatility(facts.factor),
        )

    def _mid_of(self, facts: Asset) -> Callable[[Ints], Floats]:
        if facts.is_index:
            return lambda ns: self._paths.level(facts.factor, ns)
        return self._equities[facts.symbol].mid

    def _closes_of(self, facts: Asset) -> Callable[[int], Floats]:
        if facts.is_index:
            levels = self._paths.close(facts.factor)
            return lambda _session: levels
        equity = self._equities[facts.symbol]
        factor = equity.actions.share_factor
        in_todays_shares = equity.daily_mid() / factor
        return lambda session: in_todays_shares * factor[session]

    # --- options ----------------------------------------------------------------------------------------------------

    def listing(self, underlying: str, day: date) -> Listing:
        """Return the contracts listed on a New York day: those that expire on it or later."""
        return self._options_of(underlying).listing(day)

    def chain(self, underlying: str, at: datetime) -> ChainView:
        """Return every listed contract on an underlying at an instant.

        While the option market is closed the last quotes of the newest session stand. ``underlying_price`` is what
        `equity` or `index` show at the same instant.
        """
        options = self._options_of(underlying)
        if underlying in self._equities:
            price, ts = self._last_price(self._equities[underlying], ns_of(at))
        else:
            shown = self.index(underlying, at)
            price, ts = shown.value, shown.value_ts
        return options.chain(at, session_day(at), underlying_price=price, underlying_ts=ts)

    def surface(self, underlying: str, at: datetime) -> SurfaceView:
        """Return the model's volatility of every listed contract on an underlying at an instant, and its quotes."""
        return self._options_of(underlying).surface(at, session_day(at))

    def _options_of(self, underlying: str) -> Options:
        found = self._options.get(underlying)
        if found is None:
            raise SymbolError(f"{underlying!r} has no options in the simulated market; {', '.join(UNDERLYINGS)} have")
        return found

    def _contract(self, symbol: str) -> tuple[Options, Contracts]:
        option = parse_option(symbol)
        options = self._options.get(root_facts(option.root).underlying)
        contract = options.contract(option) if options else None
        if options is None or contract is None:
            raise SymbolError(f"{symbol!r} was never listed in the simulated market; ask `listing` for what is")
        return options, contract

    # --- snapshots --------------------------------------------------------------------------------------------------

    def equity(self, symbol: str, at: datetime) -> EquityView:
        """Return a stock or fund at an instant.

        The day block is that of the newest session; from 03:30 New York time of a session on it is that session's, all
        zeros until the first trade. See `daily_bars` for what a day's prices are.
        """
        equity, ns = self._equity_of(symbol), ns_of(at)
        trading = self._line.trading_at(ns)
        shown = trading
        if trading + 1 < len(self._line) and ns >= self._line.midnight[trading + 1] + DAY_CLEARED_NS:
            shown = trading + 1
        prints = equity.prints(shown).between(0, ns + 1) if shown == trading else _no_prints()
        today = self._day_bar(prints, shown, closed=int(self._line.close[shown]))
        before = self._day_source(symbol)(shown - 1, None)
        minutes = minute_bars_of(prints)
        price, last_ts = self._last_price(equity, ns)
        last = equity.trades(last_ts, last_ts + 1)
        instant = min(ns, int(self._line.late_close[trading]) - _QUOTE_STEP_NS) // _QUOTE_STEP_NS * _QUOTE_STEP_NS
        quote = equity.nbbo(np.array([instant]))
        block = {name: float(getattr(today, name)[0]) if len(today.start) else 0.0 for name in _DAY_FIELDS}
        return EquityView(
            symbol=symbol,
            at=at,
            price=price,
            bid=float(quote.bid[0]),
            ask=float(quote.ask[0]),
            bid_size=int(quote.bid_size[0]),
            ask_size=int(quote.ask_size[0]),
            quote_ts=instant,
            last_size=int(last.size[-1]),
            last_exchange=int(last.exchange[-1]),
            last_condition=int(last.condition[-1]),
            last_ts=last_ts,
            **block,
            **{f"prev_{name}": float(getattr(before, name)[0]) for name in _DAY_FIELDS},
            minute=_tail(minutes),
        )

    def _last_price(self, equity: Equity, ns: int) -> tuple[float, int]:
        """Return the price and time of the newest trade up to an instant, that instant included."""
        trading = self._line.trading_at(ns)
        prints = equity.prints(trading).between(0, ns + 1)
        if len(prints.ts) == 0:
            prints = equity.prints(trading - 1)
        return float(prints.price[-1]), int(prints.ts[-1])

    def index(self, ticker: str, at: datetime) -> IndexView:
        """Return an index at an instant: its newest session's, or the one under way."""
        level, ns = self._index_of(ticker), ns_of(at)
        session = self._line.regular_at(ns)
        day = _one_bar(self._index_minutes(level, session, ns), int(self._line.midnight[session]))
        return IndexView(
            ticker=ticker,
            name=asset(ticker).name,
            at=at,
            value=level.value(ns),
            value_ts=min(ns // NS_PER_S * NS_PER_S, int(self._line.close[session])),
            open=float(day.open[0]),
            high=float(day.high[0]),
            low=float(day.low[0]),
            close=float(day.close[0]),
            prev_close=float(level.session_values(session - 1)[-1]),
        )

    def _equity_of(self, symbol: str) -> Equity:
        found = self._equities.get(symbol)
        if found is None:
            raise SymbolError(f"{symbol!r} is not an equity of the simulated market; it has {', '.join(EQUITIES)}")
        return found

    def _index_of(self, ticker: str) -> IndexLevel:
        found = self._indices.get(ticker)
        if found is None:
            raise SymbolError(f"{ticker!r} is not an index of the simulated market; it has {', '.join(INDICES)}")
        return found

    # --- bars -------------------------------------------------------------------------------------------------------

    def minute_bars(self, symbol: str, day: date, at: datetime | None = None) -> Bars:
        """Return the minute bars of a New York day, oldest first; none when the market is shut or the symbol quiet.

        Parameters
        ----------
        symbol
            Equity (04:00 to 20:00, minutes without a trade missing), index (09:30 to 16:00, no volume) or option
            contract (minutes with trades), expired or not.
        at
            No bar starts after this instant and the last one is partial.
        """
        session, until = self._line.find(day), None if at is None else ns_of(at)
        if symbol in self._indices:
            return self._index_minutes(self._indices[symbol], session, until) if session else no_bars()
        prints_of = self._prints_of(symbol)
        if session is None:
            return no_bars()
        prints = prints_of(session)
        return minute_bars_of(prints if until is None else prints.between(0, until + 1))

    def daily_bars(self, symbol: str, start: date, end: date, at: datetime | None = None) -> Bars:
        """Return daily bars from ``start`` to ``end``, both included; ``start`` of a bar is midnight New York time.

        An equity's prices come from regular trading, its volume, trades and average price from 04:00 to 20:00. An
        index's bar is its minutes', an option's its trades' (days without a trade have no bar).
        """
        until = None if at is None else ns_of(at)
        line = self._line
        sessions = range(max(line.last_before(start) + 1, 1), line.last_until(end) + 1)
        day_of = self._day_source(symbol)
        if until is None:
            return joined([day_of(each, None) for each in sessions])
        begun = [each for each in sessions if line.early_open[each] <= until]
        # Only a session that is still trading needs cutting; whole ones come from the cache.
        return joined([day_of(each, None if line.late_close[each] <= until else until) for each in begun])

    def _day_source(self, symbol: str) -> Callable[[int, int | None], Bars]:
        """Return what makes a session's daily bar, cut at an instant or whole; whole ones are kept."""
        if symbol in self._indices:
            level = self._indices[symbol]

            def build(session: int, until: int | None) -> Bars:
                return _one_bar(self._index_minutes(level, session, until), int(self._line.midnight[session]))
        else:
            prints_of = self._prints_of(symbol)
            # Options on funds and indices trade on after the stock market's close: that is no extended trading.
            closes = self._line.close if symbol in self._equities else self._line.late_close

            def build(session: int, until: int | None) -> Bars:
                prints = prints_of(session)
                seen = prints if until is None else prints.between(0, until + 1)
                return self._day_bar(seen, session, closed=int(closes[session]))

        def day_of(session: int, until: int | None) -> Bars:
            if until is not None:
                return build(session, until)
            return self._days.get((symbol, session), lambda: build(session, None))

        return day_of

    def _prints_of(self, symbol: str) -> Callable[[int], Prints]:
        if symbol in self._equities:
            return self._equities[symbol].prints
        options, contract = self._contract(symbol)
        life = options.life(contract)
        return lambda session: options.tape(contract, session).as_prints() if session in life else _no_prints()

    def _day_bar(self, prints: Prints, session: int, *, closed: int) -> Bars:
        line = self._line
        return day_bar(prints, start=int(line.midnight[session]), opened=int(line.open[session]), closed=closed)

    def _index_minutes(self, level: IndexLevel, session: int, until: int | None) -> Bars:
        values, opened = level.session_values(session), int(self._line.open[session])
        if until is None or until >= self._line.close[session]:
            return index_minute_bars(values, opened=opened)
        if until < opened:
            return no_bars()
        return index_minute_bars(values, opened=opened, until=until, value=level.value(until))

    # --- ticks ------------------------------------------------------------------------------------------------------

    def trades(self, symbol: str, start_ns: int, end_ns: int) -> Trades:
        """Return the tape of an equity or option from ``start_ns`` up to and without ``end_ns``, oldest first.

        It adds up to `minute_bars` exactly.
        """
        if symbol in self._equities:
            return self._equities[symbol].trades(start_ns, end_ns)
        options, contract = self._contract(symbol)
        line, life = self._line, options.life(contract)
        first = int(np.searchsorted(line.late_close, start_ns))
        last = int(np.searchsorted(line.open, end_ns))
        sessions = [each for each in range(first, last) if each in life] or [life.start]
        parts = [options.tape(contract, each).trades(start_ns, end_ns) for each in sessions]
        return Trades(*(np.concatenate([getattr(part, name) for part in parts]) for name in Trades.__slots__))

    def quotes(self, symbol: str, start_ns: int, end_ns: int) -> Quotes:
        """Return the best bids and offers of an equity or option from ``start_ns`` up to and without ``end_ns``."""
        if symbol in self._equities:
            return self._equities[symbol].quotes(start_ns, end_ns)
        options, contract = self._contract(symbol)
        return options.quotes(contract, start_ns, end_ns)

    def option_quotes(self, underlying: str, rows: Ints, start_ns: int, end_ns: int) -> tuple[Ints, Quotes]:
        """Return the quotes of some contracts that came out after ``start_ns``, up to and with ``end_ns``.

        Parameters
        ----------
        rows
            Which rows of the listing of the day of ``end_ns``.

        Returns
        -------
        tuple[NDArray[np.int64], Quotes]
            The row of each quote, and the quotes, oldest first: those that `chain` shows in turn.
        """
        return self._options_of(underlying).quotes_between(session_day(moment_of(end_ns)), rows, start_ns, end_ns)

    def option_prices(self, underlying: str, rows: Ints, at: datetime, instants_ns: Ints) -> tuple[Floats, Floats]:
        """Return the bid and ask that stood for some contracts, each at an instant of the session that ``at`` is in.

        Parameters
        ----------
        rows
            Which rows of the listing of the day of ``at``; as many as there are instants.
        """
        return self._options_of(underlying).prices_at(session_day(at), rows, ns_of(at), instants_ns)

    def option_tape(self, underlying: str, at: datetime) -> OptionTape:
        """Return every trade of the newest session, later ones too; its rows are those of the day's listing."""
        return self._options_of(underlying).day_tape(session_day(at), ns_of(at))

    # --- corporate actions ------------------------------------------------------------------------------------------

    def splits(self, symbol: str) -> tuple[Split, ...]:
        """Return every split of an equity, oldest first."""
        return actions_of(self._equity_of(symbol).asset).splits

    def dividends(self, symbol: str) -> tuple[Dividend, ...]:
        """Return every cash dividend of an equity, oldest first; those to come are known already."""
        return actions_of(self._equity_of(symbol).asset).dividends


_DAY_FIELDS: Final = ("open", "high", "low", "close", "volume", "vwap")


def _no_prints() -> Prints:
    ints = np.empty(0, dtype=np.int64)
    return Prints(ints, np.empty(0, dtype=np.float64), ints, ints)


def _tail(bars: Bars) -> Bars:
    return Bars(*(getattr(bars, name)[-1:] for name in Bars.__slots__))


def _one_bar(minutes: Bars, start: int) -> Bars:
    """Return the bar of a whole day from an index's minutes, or no bar from none."""
    if len(minutes.start) == 0:
        return no_bars()
    zero = np.zeros(1)
    return Bars(
        start=np.array([start], dtype=np.int64),
        open=minutes.open[:1],
        high=minutes.high.max(keepdims=True),
        low=minutes.low.min(keepdims=True),
        close=minutes.close[-1:],
        volume=zero,
        vwap=zero,
        trades=np.zeros(1, dtype=np.int64),
    )
