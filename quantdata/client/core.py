"""Each question that a client answers, described once; the sync and the async client merely drive it."""

from __future__ import annotations

import asyncio
import inspect
import threading
import warnings
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

import polars as pl

from quantdata import portal, sim, symbols
from quantdata.clients import AsyncMassive
from quantdata.clients.arguments import (
    Day,
    Moment,
    checked_day,
    checked_range,
    moment_range,
    number,
    symbol_text,
    texts,
)
from quantdata.clients.bar_query import BarQuery, instrument
from quantdata.clients.cache import Cache
from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.together import together
from quantdata.config import Config, Secret
from quantdata.errors import ArgumentError, ContractNotFoundError, QuantDataError, QuantDataWarning, SymbolError
from quantdata.frames.chain import newest_session
from quantdata.wire.massive.rest import PAID_REQUESTS_PER_MINUTE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import date, datetime

    from quantdata.clients import MarketStatus

__all__ = ["Ask", "Core"]

T = TypeVar("T")

LONGEST_GOODBYE_S: Final = 2.0
LONGEST_PROBE_S: Final = 2.0


class Ask(NamedTuple, Generic[T]):
    """One question: where its answer is cached, how it is fetched, and what is left to do with it.

    Attributes
    ----------
    key
        Key in the cache; None is never cached.
    fetch
        Runs on the portal's loop.
    finish
        Runs on the caller's thread, on cached and fresh answers alike.
    """

    key: tuple[Any, ...] | None
    fetch: Callable[[], Awaitable[Any]]
    finish: Callable[[Any], T]


class Core:
    """One provider, its cache, and the questions.

    Parameters
    ----------
    source
        As asked by the user; None lets environment and keys decide.
    config
        Keys and hosts.
    cache_ttl
        Seconds an answer of each kind lives.
    seed, clock
        Of the simulated market, for ``source="sim"``.
    """

    def __init__(
        self, source: str | None, *, config: Config, cache_ttl: Mapping[str, float] | None, seed: int, clock: str
    ) -> None:
        self.source = config.resolve_source(source)
        self.cache = Cache(ttl=cache_ttl)
        self._config = config
        self._simulated = (seed, clock)
        # The provider lives on the portal's loop; a fork leaves that behind, and with it the generation changes.
        self._provider: AsyncMassive | None = None
        self._generation = 0

    async def answer(self, ask: Ask[Any]) -> Any:
        """Fetch an answer through the cache; runs on the portal's loop."""
        if ask.key is None:
            return await ask.fetch()
        return await self.cache.get_or_fetch(ask.key, ask.fetch)

    async def close(self) -> None:
        """Close the provider's connections; the next question opens new ones."""
        provider, self._provider = self._provider, None
        if provider is not None and self._generation == portal.generation():
            await provider.aclose()

    def chain(self, query: ChainQuery, where: pl.Expr | None = None) -> Ask[pl.DataFrame]:
        """Ask for a chain; ``where`` filters last."""
        if where is None and not query.is_filtered_here:
            return Ask(query.key, partial(self._chain, query), _unchanged)
        if where is not None and not isinstance(where, pl.Expr):
            raise ArgumentError(f"where must be a polars expression such as pl.col('bid') > 0, not {where!r}")
        return Ask(query.key, partial(self._chain, query), partial(_filtered, query, where))

    def contract(
        self,
        underlying: str,
        strike: float | None,
        expiration: Day | None,
        option_type: str | None,
        *,
        root: str | None,
    ) -> Ask[pl.DataFrame]:
        """Ask for one contract: by its OCC symbol alone, or by what it is."""
        described = (strike, expiration, option_type)
        if root is None and all(each is None for each in described):
            symbol = symbols.parse_option(symbol_text(underlying, name="contract_symbol"))
            return Ask(("contract", symbol.occ), partial(self._contract, symbol), _unchanged)
        if any(each is None for each in described):
            raise ArgumentError(
                "contract() takes one OCC symbol, or underlying, strike, expiration and option_type together; "
                f"got strike={strike!r}, expiration={expiration!r}, option_type={option_type!r}"
            )
        query = ChainQuery.of(
            underlying,
            strikes=number(strike, name="strike", least=0.0),
            expirations=checked_day(expiration, name="expiration"),
            option_type=option_type,
            roots=root,
        )
        found = self.chain(query)
        return Ask(found.key, found.fetch, lambda chain: _only_contract(found.finish(chain), underlying, described))

    def expirations(self, underlying: str, *, start: Day | None, end: Day | None) -> Ask[list[date]]:
        """Ask for the days on which listed options expire."""
        asked = symbols.underlying(symbol_text(underlying, name="underlying"))
        first = None if start is None else checked_day(start, name="start")
        last = None if end is None else checked_day(end, name="end")
        checked_range(first, last, name="(start, end)")
        return Ask(("expirations", asked, first, last), partial(self._expirations, asked, first, last), _unchanged)

    def quotes(self, tickers: str | Iterable[str]) -> Ask[pl.DataFrame]:
        """Ask for quotes of stocks and funds."""
        asked = tuple(dict.fromkeys(_equity(each) for each in texts(tickers, name="symbols")))
        return Ask(("quotes", asked), partial(self._quotes, asked), _warned)

    def indices(self, tickers: str | Iterable[str]) -> Ask[pl.DataFrame]:
        """Ask for quotes of indices."""
        asked = tuple(dict.fromkeys(symbols.index(each) for each in texts(tickers, name="tickers")))
        return Ask(("indices", asked), partial(self._indices, asked), _warned)

    def bars(
        self, tickers: str | Iterable[str], timeframe: str, start: Moment, end: Moment, *, adjust: str, session: str
    ) -> Ask[pl.DataFrame]:
        """Ask for bars of one or more symbols."""
        queries = [
            BarQuery.of(each, timeframe, start, end, adjust=adjust, session=session)
            for each in texts(tickers, name="symbols")
        ]
        return Ask(("bars", *(query.key for query in queries)), partial(self._bars, queries), _unchanged)

    def trades(self, symbol: str, start: Moment, end: Moment) -> Ask[pl.DataFrame]:
        """Ask for the tape of one stock or option contract."""
        asked = instrument(symbol)
        first, last = moment_range(start, end)
        return Ask(("trades", asked, first, last), partial(self._trades, asked, first, last), _unchanged)

    def market_status(self) -> Ask[MarketStatus]:
        """Ask whether the market is open."""
        return Ask(("market_status",), self._market_status, _unchanged)

    def entitlements(self) -> Ask[pl.DataFrame]:
        """Ask what the plan delivers."""
        return Ask(None, self._entitlements, _unchanged)

    async def _connected(self) -> AsyncMassive:
        """Return the provider, connecting on the first question and again after a fork."""
        if self._provider is None or self._generation != portal.generation():
            if portal.was_forked():
                await asyncio.to_thread(_require_polars)
            provider = await self._connect()
            if self._provider is None or self._generation != portal.generation():
                self._provider, self._generation = provider, portal.generation()
                # A client that nobody closes hangs up when it is collected, and at the end of the process.
                weakref.finalize(self, _hang_up, provider, self._generation)
        return self._provider

    async def _connect(self) -> AsyncMassive:
        rate = self._config.massive_requests_per_minute or PAID_REQUESTS_PER_MINUTE
        if self.source == "sim":
            seed, clock = self._simulated
            simulator = await asyncio.to_thread(sim.shared, seed=seed, clock=clock)
            return AsyncMassive(Secret("sim"), base_url=simulator.base_url)
        key = self._config.massive_api_key or Secret("")
        return AsyncMassive(key, base_url=self._config.massive_base_url, requests_per_minute=rate)

    async def _chain(self, query: ChainQuery) -> pl.DataFrame:
        return await (await self._connected()).chain(query)

    async def _contract(self, symbol: symbols.OptionSymbol) -> pl.DataFrame:
        return await (await self._connected()).contract(symbol)

    async def _expirations(self, underlying: str, start: date | None, end: date | None) -> list[date]:
        return await (await self._connected()).expirations(underlying, start=start, end=end)

    async def _quotes(self, tickers: tuple[str, ...]) -> pl.DataFrame:
        return await (await self._connected()).quotes(tickers)

    async def _indices(self, tickers: tuple[str, ...]) -> pl.DataFrame:
        return await (await self._connected()).indices(tickers)

    async def _bars(self, queries: list[BarQuery]) -> pl.DataFrame:
        provider = await self._connected()
        return pl.concat(await together(provider.bars(query) for query in queries))

    async def _trades(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        return await (await self._connected()).trades(symbol, start=start, end=end)

    async def _market_status(self) -> MarketStatus:
        return await (await self._connected()).market_status()

    async def _entitlements(self) -> pl.DataFrame:
        return await (await self._connected()).entitlements()


def _require_polars() -> None:
    """Raise if Polars is dead in this forked process, instead of waiting for it forever.

    Its threads do not survive a fork, and whatever needs them then never returns. Nothing tells beforehand, so a tiny
    piece of work is tried.
    """
    alive = threading.Event()

    def work() -> None:
        pl.DataFrame({"a": [1]}).select(b=pl.col("a") + 1, c=pl.col("a") + 2)
        alive.set()

    threading.Thread(target=work, daemon=True).start()
    if not alive.wait(timeout=LONGEST_PROBE_S):
        raise QuantDataError(
            "this process was forked from one that had already used Polars, whose threads do not survive a fork: "
            'start workers with multiprocessing.get_context("spawn"), or fork before the first call'
        )


def _hang_up(provider: AsyncMassive, generation: int) -> None:
    if generation != portal.generation():
        return  # the connections belong to the process that this one was forked from
    closing = portal.spawn(provider.aclose())
    if not portal.is_here():
        closing.result(timeout=LONGEST_GOODBYE_S)


def _unchanged(answer: T) -> T:
    return answer


def _equity(ticker: str) -> str:
    """Return a canonical stock or fund; say where to ask for what is none."""
    symbol = instrument(ticker)
    if symbols.is_option_symbol(symbol):
        raise SymbolError(f"quotes() is for stocks and funds; {symbol} is an option: use contract({symbol!r})")
    if symbol.startswith("I:") or symbols.is_index(symbol):
        raise SymbolError(f"quotes() is for stocks and funds; {symbol} is an index: use indices({symbol!r})")
    return symbol


def _filtered(query: ChainQuery, where: pl.Expr | None, chain: pl.DataFrame) -> pl.DataFrame:
    if query.is_filtered_here and chain.height:
        chain = chain.filter(query.local_part(newest_session(chain.get_column("snapshot_ts")[0])))
    return chain if where is None else chain.filter(where)


def _only_contract(found: pl.DataFrame, underlying: str, described: tuple[object, ...]) -> pl.DataFrame:
    """Return the one contract found; several are those of several roots, and whoever asks must say which."""
    if found.height == 1:
        return found
    strike, expiration, option_type = described
    asked = f"{underlying} {expiration} {strike} {option_type}"
    if found.is_empty():
        raise ContractNotFoundError(
            f"no contract {asked}: see chain({underlying!r}, expirations={str(expiration)!r}) for what there is",
            provider="massive",
        )
    candidates = ", ".join(found.get_column("contract_symbol"))
    raise SymbolError(f"{asked} is {found.height} contracts: {candidates}; name the root, as in root=...")


def _warned(quotes: pl.DataFrame) -> pl.DataFrame:
    """Return quotes; warn of the rows that the vendor gave nothing for."""
    lacking = quotes.filter(pl.col("vendor_error").is_not_null())
    if lacking.height:
        reasons = "; ".join(
            f"{symbol}: {reason}" for symbol, reason in lacking.select("symbol", "vendor_error").iter_rows()
        )
        warnings.warn(f"no quote for {reasons}", QuantDataWarning, stacklevel=_callers_level())
    return quotes


def _callers_level() -> int:
    """Return the stack level, as counted in the function that asks, of whoever called this package."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("quantdata."):
        level, frame = level + 1, frame.f_back
    return level
