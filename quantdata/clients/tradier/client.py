"""Tradier's answers to the provider protocols, as canonical frames."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
import polars as pl

from quantdata import symbols
from quantdata.clients.answer import answered
from quantdata.clients.arguments import texts
from quantdata.clients.bar_query import BarQuery
from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.integrity import overlap, require_consistent, require_some
from quantdata.clients.plan import learn_blocks
from quantdata.clients.status import MarketStatus
from quantdata.clients.together import together
from quantdata.clients.tradier.bars import BarLoader
from quantdata.clients.tradier.chain import ChainLoader, underlying_quote, with_quote
from quantdata.clients.tradier.series import ENDPOINT as TIMESALES
from quantdata.clients.tradier.series import (
    Series,
    first_kept,
    has_extended_hours,
    hours_between,
    require_unexpired,
)
from quantdata.clients.tradier.spelling import ticker
from quantdata.clients.trust import validated
from quantdata.clients.vendor import VendorClient
from quantdata.config import TRADIER_BASE_URL, Secret
from quantdata.errors import (
    ArgumentError,
    ContractNotFoundError,
    EntitlementError,
    PayloadError,
    QuoteNotFoundError,
    SymbolError,
)
from quantdata.frames.chain import newest_session
from quantdata.frames.tradier import chain as chain_frames
from quantdata.frames.tradier import trades as tape
from quantdata.frames.tradier.equities import equity_quotes
from quantdata.frames.tradier.indices import index_quotes
from quantdata.frames.tradier.quotes import quote_page, require_asked
from quantdata.sessions import midnight, session, session_day
from quantdata.wire.tradier import endpoints
from quantdata.wire.tradier.rest import TradierRest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from quantdata.clients.option_tape import OptionTape
    from quantdata.pricing.rates import RateCurve
    from quantdata.symbols import OptionSymbol
    from quantdata.wire.metrics import Metrics
    from quantdata.wire.retry import RetryPolicy
    from quantdata.wire.tradier.envelope import Items

__all__ = ["AsyncTradier"]

# A form has no limit that is known; this many fill some 300 kB of an answer.
SYMBOLS_AT_ONCE: Final = 500
ONE: Final = timedelta(microseconds=1)


class AsyncTradier(VendorClient[TradierRest]):
    """Tradier: option chains, equity and index quotes, bars, ticks of the last sessions.

    Belongs to the event loop that it is first used on; `AsyncClient` wraps it for use from any loop. Every frame is
    canonical (`quantdata.frames.columns`), and every failure is a typed `DataProviderError`.

    Parameters
    ----------
    access_token
        Your token; it travels in one request header and shows up nowhere else.
    base_url
        REST base: the production host, or the sandbox (``https://sandbox.tradier.com/v1``), whose data is 15 minutes
        late and whose tokens are its own. Plain http is for this machine only.
    policy
        Deadline and retries of each request.
    metrics
        Where requests are counted; left out, in counters of its own.
    """

    name = "tradier"

    def __init__(
        self,
        access_token: Secret | str,
        *,
        base_url: str = TRADIER_BASE_URL,
        policy: RetryPolicy | None = None,
        metrics: Metrics | None = None,
        rates: RateCurve | None = None,
    ) -> None:
        token = access_token if isinstance(access_token, Secret) else Secret(access_token)
        super().__init__(TradierRest(token, base_url=base_url, policy=policy, metrics=metrics), rates=rates)
        self._chains = ChainLoader(self._rest)
        self._bars = BarLoader(self._rest)

    async def chain(self, query: ChainQuery) -> pl.DataFrame:
        """Return the chain that the vendor's part of a query lets through, with the columns of `CHAIN`.

        One row per contract, sorted by expiration, root, strike and type. What no vendor filters is left to the
        caller: `ChainQuery.local_part`. Costs one request for each expiration and two, and one for each root that the
        vendor names and did not show.

        Raises
        ------
        QuoteNotFoundError
            If Tradier lists no options on the underlying.
        IncompleteError
            If only a part arrived; ``received`` is the chain of that part.

        References
        ----------
        Tradier, *Get an option chain*, ``GET /v1/markets/options/chains``.
        """
        with self._learning("chain"):
            chain = await self._loaded(self._chains.load(query), query.underlying)
        learn_blocks(self.capabilities, chain, is_whole=query.is_whole)
        return await self._trusted(chain, query.underlying)

    async def contract(self, symbol: OptionSymbol) -> pl.DataFrame:
        """Return one contract as a chain of one row.

        Raises
        ------
        ContractNotFoundError
            If Tradier has no such contract, or it has expired.

        References
        ----------
        Tradier, *Get Quotes*, ``GET /v1/markets/quotes``.
        """
        guessed = symbols.tradier_underlying(symbol.underlying)
        page = await self._quotes([symbol.tradier, guessed], greeks=True)
        row = page.filter(pl.col("symbol") == symbol.tradier)
        if row.is_empty():
            is_over = symbol.expiration < session_day(self.now())
            over = f"it expired on {symbol.expiration}, and tradier keeps nothing of it"
            why = over if is_over else "check the symbol"
            raise ContractNotFoundError(f"tradier has no live contract {symbol.occ}; {why}", provider=self.name)
        # A root does not always tell its underlying (MOGA is that of MOG/A, old roots outlive a change of name); the
        # row does.
        named = row.get_column("underlying")[0] or guessed
        if named != guessed:
            page = pl.concat([row, await self._quotes([named])])
        if page.get_column("symbol").is_duplicated().any():
            raise overlap("the quotes", provider=self.name)
        contract = await asyncio.to_thread(self._contract, row, named, page)
        return await self._trusted(contract, contract.item(0, "underlying_symbol"))

    async def expirations(self, underlying: str, *, start: date | None, end: date | None) -> list[date]:
        """Return the days on which listed options on an underlying expire, all roots together, rising.

        Raises
        ------
        QuoteNotFoundError
            If Tradier lists no options on the underlying.

        References
        ----------
        Tradier, *Get an option's expirations*, ``GET /v1/markets/options/expirations``.
        """
        today = session_day(await self._rest.present())
        first = max(start or today, today)
        listed = await self._chains.expirations(underlying)
        return [day for day in listed if first <= day and (end is None or day <= end)]

    async def quotes(self, tickers: Sequence[str]) -> pl.DataFrame:
        """Return one row for each stock or fund, in the order asked, with the columns of `EQUITY_QUOTES`.

        Raises
        ------
        QuoteNotFoundError
            If Tradier knows none of them; one that it does not know among others has its reason in ``vendor_error``.

        References
        ----------
        Tradier, *Get Quotes*, ``GET /v1/markets/quotes``, by ``POST`` for many symbols.
        """
        asked = [symbols.equity(each) for each in texts(tickers, name="symbols")]
        return await self._quoted(
            {symbols.tradier_equity(each): each for each in asked}, equity_quotes, "equity_quotes"
        )

    async def indices(self, tickers: Sequence[str]) -> pl.DataFrame:
        """Return one row for each index, in the order asked, with the columns of `INDEX_QUOTES`.

        Raises
        ------
        QuoteNotFoundError
            If Tradier knows none of them; one that it does not know among others has its reason in ``vendor_error``.

        References
        ----------
        Tradier, *Get Quotes*, ``GET /v1/markets/quotes``.
        """
        asked = [symbols.index(each) for each in texts(tickers, name="tickers")]
        return await self._quoted({each: each for each in asked}, index_quotes, "indices")

    async def bars(self, query: BarQuery) -> pl.DataFrame:
        """Return bars of one symbol, oldest first, with the columns of `BARS`.

        Daily bars reach back for decades; those of minutes are kept for weeks (see `kept_since`) and begin there when
        more was asked for.

        Raises
        ------
        QuoteNotFoundError, ContractNotFoundError
            If there are no bars because there is no such symbol.
        EntitlementError
            If the contract has expired, the whole range is older than what is kept, an index is asked for by the
            minute, or the sandbox for what needs splits or dividends.

        References
        ----------
        Tradier, *Get Historical Pricing* and *Get Time and Sales*, ``GET /v1/markets/history``, ``…/timesales``.
        """
        with self._learning("bars"):
            bars = await self._bars.load(query)
        if bars.is_empty():
            await self._require_known(query.symbol)
        return bars

    def kept_since(self, query: BarQuery) -> date | None:
        """Return the first session of which bars are kept; None where there is no such limit.

        In regular hours 20 sessions of 1m and 40 of 5m and up, with extended hours 10 and 18.
        """
        return self._bars.kept_since(query)

    async def corporate_actions(self, symbol: str) -> pl.DataFrame:
        """Return the splits and dividends of a stock or fund, oldest first, with the columns of `CORPORATE_ACTIONS`.

        References
        ----------
        Tradier, *Get Corporate Action Information* and *Get Dividends* (beta), ``GET /beta/markets/fundamentals/…``.
        """
        return await self._bars.corporate_actions(symbol)

    async def trades(self, symbol: str, *, start: datetime, end: datetime) -> pl.DataFrame:
        """Return the ticks of one stock or option contract, oldest first, with the columns of `TRADES`.

        Tradier sends price, size and the second, no venue and no conditions, of regular hours alone (to 16:15, for the
        closing auction and options that trade so long), and keeps five sessions.

        Raises
        ------
        QuoteNotFoundError, ContractNotFoundError
            If there are no ticks because there is no such symbol.
        EntitlementError
            If the contract has expired, the range begins before what is kept or lies in extended hours alone, or this
            is the sandbox, which has no ticks.

        References
        ----------
        Tradier, *Get Time and Sales*, ``GET /v1/markets/timesales?interval=tick``.
        """
        now = await self._rest.present()
        require_unexpired(symbol, now)
        finish = min(end, now) + ONE
        self._require_ticks(symbol, start, finish, now)
        hours = hours_between(start, finish)
        series = Series(self._rest, ticker(symbol), "tick", tape.tick_page, is_regular=True)
        parts = await together(series.load(*hour) for hour in hours)
        found = [tape.tick_page(b"[]"), *(page for part in parts for page in part)]
        trades = await asyncio.to_thread(tape.trades, found, symbol, feed=answered(self._rest).feed)
        if trades.is_empty():
            await self._require_known(symbol)
        return trades

    async def option_tape(self, symbol: str, *, start: datetime, end: datetime) -> OptionTape:  # noqa: ARG002
        """Refuse: ticks by the second, without venues and conditions, beside no quotes, do not tell buyer from seller.

        Raises
        ------
        EntitlementError
            Always.
        """
        raise EntitlementError(
            f"tradier has no tape of {symbol} that tells who bought: its ticks have neither venues nor conditions, and "
            "there are no past quotes",
            provider=self.name,
        )

    async def market_status(self) -> MarketStatus:
        """Return whether the market is open now, and the vendor's clock, to the second.

        References
        ----------
        Tradier, *Get Clock*, ``GET /v1/markets/clock``.
        """
        return await self._rest.items(endpoints.clock(), self._read_status)

    async def entitlements(self) -> pl.DataFrame:
        """Ask for a little of everything; return what the token opens, one row a block.

        Costs some ten small requests. Columns: `ENTITLEMENTS`.
        """
        now = await self._rest.present()
        today = session_day(now)
        month = BarQuery.of("SPY", "1d", today - timedelta(days=28), today)
        nearest = ChainQuery.of("SPY", dte=(0, 7))
        chain, *_ = await asyncio.gather(
            self._probe("chain", self._chains.load(nearest)),
            self._probe("equity_quotes", self.quotes(["SPY"])),
            self._probe("indices", self.indices(["SPX"])),
            self._probe("bars", self.bars(month)),
        )
        if chain is not None and chain.height:
            learn_blocks(self.capabilities, chain, is_whole=True)
            contract = chain.get_column("contract_symbol")[chain.height // 2]
            newest = session(newest_session(now))
            end = min(now, newest.close)
            hour = max(end - timedelta(hours=1), newest.open)
            await self._probe("option_trades", self.trades(contract, start=hour, end=end))
        self.capabilities.learn(
            "option_quotes", is_entitled=False, reason="tradier has the present quotes alone, no history of them"
        )
        return self.capabilities.frame()

    def _contract(self, row: pl.DataFrame, named: str, quotes: pl.DataFrame) -> pl.DataFrame:
        endpoint = endpoints.quotes([]).path
        try:
            underlying = symbols.underlying(named)
        except SymbolError as error:
            raise PayloadError(
                f"tradier: {row.get_column('symbol')[0]} is an option on {named!r}, which is no underlying",
                provider=self.name,
                endpoint=endpoint,
            ) from error
        contract = chain_frames.chain([row], underlying=underlying, answer=answered(self._rest))
        require_consistent(contract, provider=self.name, endpoint=endpoint)
        return with_quote(contract, underlying_quote(self._rest, underlying, quotes))

    async def _quotes(self, spelled: Sequence[str], *, greeks: bool = False) -> pl.DataFrame:
        return await self._rest.items(endpoints.quotes(spelled, greeks=greeks), partial(_read_quotes, spelled))

    async def _quoted(self, names: dict[str, str], frame: Callable[..., pl.DataFrame], block: str) -> pl.DataFrame:
        spelled = list(names)
        batches = [spelled[start : start + SYMBOLS_AT_ONCE] for start in range(0, len(spelled), SYMBOLS_AT_ONCE)]
        with self._learning(block):
            page = pl.concat(await together(self._quotes(batch) for batch in batches))
            try:
                quotes = await asyncio.to_thread(frame, page, names, answer=answered(self._rest))
            except ValueError as error:
                raise overlap("the quotes", provider=self.name) from error
        require_some(quotes, list(names.values()), capabilities=self.capabilities, block=block)
        self.capabilities.learn(block, is_entitled=True, feed=quotes.get_column("feed").drop_nulls()[0])
        return await validated(quotes)

    async def _all_dividends(self, symbol: str) -> pl.DataFrame:
        return await self._bars.dividends(symbol)

    def _require_ticks(self, symbol: str, start: datetime, finish: datetime, now: datetime) -> None:
        kept = first_kept("tick", now, is_regular=True)
        if self._rest.is_sandbox:
            why = "tradier's sandbox has no ticks"
        elif start < midnight(kept):
            why = f"tradier keeps ticks since {kept} only, and {symbol} was asked for from {session_day(start)}"
        elif not hours_between(start, finish) and has_extended_hours(start, finish):
            why = f"tradier has ticks of regular hours alone, and {symbol} was asked for outside of them"
        else:
            return
        raise EntitlementError(why, provider=self.name, endpoint=TIMESALES)

    async def _require_known(self, symbol: str) -> None:
        """Raise unless a symbol, whose answer was empty, exists."""
        page = await self._quotes([ticker(symbol)])
        if page.height:
            return
        kind = ContractNotFoundError if symbols.is_option_symbol(symbol) else QuoteNotFoundError
        raise kind(f"tradier knows no {symbol}; check the symbol", provider=self.name)

    def _read_status(self, answer: Items) -> MarketStatus:
        (said,) = msgspec.json.decode(answer.items, type=list[_Clock])
        try:
            return MarketStatus.at(
                datetime.fromtimestamp(said.timestamp, UTC),
                market=said.state,
                local_time=datetime.now(UTC),
                source=self.name,
                is_simulated=self._rest.is_simulated,
            )
        except (ArgumentError, OverflowError, OSError) as error:
            raise ValueError(f"timestamp {said.timestamp} is no time of these years") from error


class _Clock(msgspec.Struct):
    state: str
    timestamp: int


def _read_quotes(spelled: Sequence[str], answer: Items) -> pl.DataFrame:
    page = quote_page(answer.items, received=datetime.now(UTC))
    require_asked(page, spelled)
    return page
