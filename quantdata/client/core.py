"""Each question that a client answers, described once; the sync and the async client merely drive it."""

from __future__ import annotations

import asyncio
import threading
import weakref
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

import polars as pl

from quantdata import portal, symbols
from quantdata.analytics.technical import INDICATORS, with_indicators
from quantdata.client.connect import Connection
from quantdata.client.held_bars import HeldBars
from quantdata.client.history import chain_as_of, chain_history
from quantdata.client.last_good import LastGood
from quantdata.client.narrowed import narrowed, of_roots, only_contract
from quantdata.client.warned import (
    finished_snapshots,
    warned_of_age,
    warned_of_errors,
    warned_of_flow,
    warned_of_lacks,
    warned_of_missing,
)
from quantdata.clients.arguments import (
    Day,
    Moment,
    checked_day,
    checked_range,
    count,
    flag,
    moment_range,
    number,
    symbol_text,
    texts,
)
from quantdata.clients.bar_query import BarQuery, instrument, is_equity
from quantdata.clients.cache import Cache
from quantdata.clients.chain_query import HIGHEST_STRIKE, ChainQuery
from quantdata.clients.flow_query import FlowQuery
from quantdata.clients.indicator_query import IndicatorQuery, timeframe_names
from quantdata.clients.order_flow import find_flow
from quantdata.clients.records import Records
from quantdata.clients.together import together
from quantdata.errors import (
    ArgumentError,
    ConfigError,
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    IncompleteError,
    QuantDataError,
    SymbolError,
)
from quantdata.hybrid import AsyncHybrid
from quantdata.pricing.rates import DEFAULT_RATE, RateCurve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import date, datetime

    from quantdata.client.snapshot import IndexSnapshot
    from quantdata.clients import MarketStatus, Provider
    from quantdata.config import Config
    from quantdata.lake import Lake

__all__ = ["CLOCK", "SEED", "Ask", "Core"]

T = TypeVar("T")

LONGEST_PROBE_S: Final = 2.0
# Of the simulated market where nothing else is said.
SEED: Final = 7
CLOCK: Final = "open"
# Tradier sends one expiration a request.
NEAREST_COMPARED: Final = 4


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
    rates
        Of the model: one rate, or rates by days to maturity.
    max_age
        Seconds of open market that the last good frame may be old which is handed out when no provider answers; None:
        it never is.
    delayed_fallback
        Whether a second vendor whose data are late may stand in for the first.
    lake
        Where bars are kept; None: the folder that ``config`` names, if any.
    seed, clock
        Of the simulated market, for ``source="sim"``.
    """

    def __init__(
        self,
        source: str | None,
        *,
        config: Config,
        cache_ttl: Mapping[str, float] | None,
        rates: float | Mapping[int, float] | RateCurve | None = None,
        max_age: float | None = None,
        delayed_fallback: bool = False,
        lake: str | Path | Lake | None = None,
        seed: int,
        clock: str,
    ) -> None:
        self.source = config.resolve_source(source)
        if not isinstance(clock, str):
            raise ArgumentError(f"clock must be text such as 'open' or 'at:2026-11-18T15:30', not {clock!r}")
        if self.source != "sim" and (seed, clock) != (SEED, CLOCK):
            raise ArgumentError(
                f"seed and clock are those of the simulated market, source='sim', not of {self.source!r}"
            )
        self._cache_ttl = cache_ttl
        self._records = Records()
        self._cache = Cache(ttl=cache_ttl, metrics=self._records.metrics)
        self._config = config
        self._simulated = (count(seed, name="seed"), clock)
        self._rates = RateCurve.of(DEFAULT_RATE if rates is None else rates)
        self._delayed_fallback = flag(delayed_fallback, name="delayed_fallback")
        self._last_good = None if max_age is None else LastGood(number(max_age, name="max_age", least=0.0))
        self._lake = _lake_at(config.lake if lake is None else lake)
        # The provider lives on the portal's loop; a fork leaves that behind, and with it the generation changes.
        self._provider: Provider | None = None
        self._generation = portal.generation()
        self._goodbye: weakref.finalize[..., Any] | None = None

    @property
    def cache(self) -> Cache:
        """The answers kept."""
        self._start_anew_after_fork()
        return self._cache

    @property
    def lake(self) -> Lake:
        """Where bars and chains are kept.

        Raises
        ------
        ConfigError
            If this client has none.
        """
        if self._lake is None:
            raise ConfigError(
                "this client has no lake: make it with Client(lake='data/lake'), or set QUANTDATA_LAKE to a folder"
            )
        return self._lake

    @property
    def settings(self) -> dict[str, Any]:
        """What another process needs to make the same client from its own environment: no key."""
        seed, clock = self._simulated
        return {
            "source": self.source,
            "cache_ttl": self._cache_ttl,
            "rates": self._rates,
            "max_age": None if self._last_good is None else self._last_good.max_age_s,
            "delayed_fallback": self._delayed_fallback,
            "lake": None if self._lake is None else self._lake.path,
            "seed": seed,
            "clock": clock,
        }

    async def answer(self, ask: Ask[Any]) -> Any:
        """Fetch an answer through the cache; runs on the portal's loop."""
        key, last_good = ask.key, self._last_good
        if key is None:
            return await ask.fetch()
        if last_good is None:
            return await self.cache.get_or_fetch(key, ask.fetch)

        async def fetched() -> Any:
            answer = await ask.fetch()
            await asyncio.to_thread(last_good.keep, key, answer)
            return answer

        try:
            return await self.cache.get_or_fetch(key, fetched)
        except DataProviderError as error:
            old = await asyncio.to_thread(last_good.instead_of, error, key)
            if old is None:
                raise
            return old

    async def close(self) -> None:
        """Close the provider's connections; the next question opens new ones."""
        provider, self._provider = self._provider, None
        if self._goodbye is not None:
            self._goodbye.detach()
        if provider is not None and self._generation == portal.generation():
            await portal.to_the_end(provider.close())

    def chain(self, query: ChainQuery, where: pl.Expr | None = None) -> Ask[pl.DataFrame]:
        """Ask for a chain; ``where`` filters last."""
        if where is None and not query.is_filtered_here:
            return Ask(query.key, partial(self._chain, query), warned_of_age)
        if where is not None and not isinstance(where, pl.Expr):
            raise ArgumentError(f"where must be a polars expression such as pl.col('bid') > 0, not {where!r}")
        return Ask(query.key, partial(self._chain, query), partial(narrowed, query, where))

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
            return Ask(("contract", symbol.occ), partial(self._contract, symbol), warned_of_age)
        if any(each is None for each in described):
            raise ArgumentError(
                "contract() takes one OCC symbol, or underlying, strike, expiration and option_type together; "
                f"got strike={strike!r}, expiration={expiration!r}, option_type={option_type!r}"
            )
        query = ChainQuery.of(
            underlying,
            strikes=number(strike, name="strike", least=0.0, most=HIGHEST_STRIKE),
            expirations=checked_day(expiration, name="expiration"),
            option_type=option_type,
            roots=root,
        )
        found = self.chain(query)
        named = f"{query.underlying} {query.expirations[0]} {query.strikes[0]:.12g} {query.option_type}"
        provider = "hybrid" if self.source == "sim" else self.source
        return Ask(
            ("contract", *query.key[1:]),
            partial(self._described, query, named, provider),
            lambda chain: only_contract(found.finish(chain), named, query, provider),
        )

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
        return Ask(("quotes", asked), partial(self._quotes, asked), warned_of_missing)

    def indices(self, tickers: str | Iterable[str]) -> Ask[pl.DataFrame]:
        """Ask for quotes of indices."""
        asked = _index_names(tickers)
        return Ask(("indices", asked), partial(self._indices, asked), warned_of_missing)

    def bars(
        self, tickers: str | Iterable[str], timeframe: str, start: Moment, end: Moment, *, adjust: str, session: str
    ) -> Ask[pl.DataFrame]:
        """Ask for bars of one or more symbols."""
        asked = [
            BarQuery.of(each, timeframe, start, end, adjust=adjust, session=session)
            for each in texts(tickers, name="symbols")
        ]
        queries = list(dict.fromkeys(asked))
        key = ("bars", *(query.key for query in queries))
        told = partial(warned_of_lacks, queries, self._kept_since)
        return Ask(key, partial(self._bars, queries), lambda bars: warned_of_errors(told(bars)))

    def chain_history(self, underlying: str, start: Moment, end: Moment) -> Ask[pl.DataFrame]:
        """Ask for the chains that were kept."""
        asked, (first, last) = symbols.underlying(symbol_text(underlying, name="underlying")), moment_range(start, end)
        return Ask(None, lambda: asyncio.to_thread(chain_history, self.lake, asked, first, last), _unchanged)

    def chain_as_of(self, underlying: str, moment: Moment) -> Ask[pl.DataFrame]:
        """Ask for the newest chain that was kept until a moment."""
        asked = symbols.underlying(symbol_text(underlying, name="underlying"))
        _, last = moment_range(moment, moment, first="moment", last="moment")
        return Ask(None, lambda: asyncio.to_thread(chain_as_of, self.lake, asked, last), _unchanged)

    def trades(self, symbol: str, start: Moment, end: Moment) -> Ask[pl.DataFrame]:
        """Ask for the tape of one stock or option contract."""
        asked = instrument(symbol)
        if not (is_equity(asked) or symbols.is_option_symbol(asked)):
            raise SymbolError(f"an index has no trades: use bars({asked!r}, ...)")
        first, last = moment_range(start, end)
        return Ask(("trades", asked, first, last), partial(self._trades, asked, first, last), warned_of_errors)

    def indicators(self, ticker: str, timeframe: str, *, lookback: int) -> Ask[pl.DataFrame]:
        """Ask for the newest indicators of one symbol."""
        query = IndicatorQuery.of(ticker, timeframe, lookback=lookback)
        return Ask(query.key, partial(self._indicators, query), lambda bars: bars.select("ts", *INDICATORS))

    def index_snapshot(
        self, tickers: str | Iterable[str], *, timeframes: str | Iterable[str], lookback: int
    ) -> Ask[IndexSnapshot | dict[str, IndexSnapshot]]:
        """Ask for quotes of indices, and their bars with indicators; for one snapshot where ``tickers`` is one text."""
        asked, names = _index_names(tickers), timeframe_names(timeframes)  # once: an iterable may be read but once
        quotes = self.indices(asked)
        queries = [IndicatorQuery.of(f"I:{each}", name, lookback=lookback) for each in asked for name in names]
        finish = partial(finished_snapshots, quotes.finish, is_one=isinstance(tickers, str))
        return Ask(None, partial(self._snapshots, quotes, queries), finish)

    def flow(
        self,
        underlying: str,
        *,
        start: Moment | None,
        end: Moment | None,
        contracts: str | Iterable[str] | None,
        top: int,
    ) -> Ask[pl.DataFrame]:
        """Ask for the order flow of the contracts on an underlying."""
        query = FlowQuery.of(underlying, start=start, end=end, contracts=contracts, top=top)
        return Ask(query.key, partial(self._flow, query), warned_of_flow)

    def compare(
        self,
        underlying: str,
        *,
        expirations: object,
        strikes: object,
        roots: object,
        option_type: object,
    ) -> Ask[pl.DataFrame]:
        """Ask both vendors for one chain, to see where they differ."""
        if self.source not in {"hybrid", "sim"}:
            raise ArgumentError(f"compare() asks both vendors: use source='hybrid', not {self.source!r}")
        query = ChainQuery.of(
            underlying, expirations=expirations, strikes=strikes, roots=roots, option_type=option_type
        )
        nearest = NEAREST_COMPARED if expirations is None else None
        return Ask(None, partial(self._compare, query, nearest), partial(of_roots, query.roots))

    def market_status(self) -> Ask[MarketStatus]:
        """Ask whether the market is open."""
        return Ask(("market_status",), self._market_status, _unchanged)

    def entitlements(self) -> Ask[pl.DataFrame]:
        """Ask what the plan delivers."""
        return Ask(None, self._entitlements, _unchanged)

    def health(self) -> pl.DataFrame:
        """Return how each provider is doing at each endpoint; asks nobody."""
        self._start_anew_after_fork()
        return self._records.health_frame()

    def hurry(self) -> None:
        """Let a provider that is skipped be asked again now: something has shown that it may be back."""
        self._records.hurry()

    def metrics(self) -> pl.DataFrame:
        """Return what has been counted; asks nobody."""
        self._start_anew_after_fork()
        return self._records.metrics_frame()

    def connection(self) -> Connection:
        """Return what it takes to reach the vendors."""
        seed, clock = self._simulated
        return Connection(
            source=self.source,
            config=self._config,
            seed=seed,
            clock=clock,
            rates=self._rates,
            delayed_fallback=self._delayed_fallback,
            records=self._records,
        )

    def _start_anew_after_fork(self) -> None:
        """Leave a parent's provider and cache behind: its loop is gone, and a lock or a request may be under way."""
        if self._generation != portal.generation():
            self._provider, self._generation = None, portal.generation()
            self._records = Records()
            self._cache = Cache(ttl=self._cache_ttl, metrics=self._records.metrics)
            if self._last_good is not None:
                self._last_good = LastGood(self._last_good.max_age_s)

    async def connected(self) -> Provider:
        """Return the provider, connecting on the first question."""
        self._start_anew_after_fork()
        if self._provider is None:
            if portal.was_forked():
                await asyncio.to_thread(_require_polars)
            provider = await self.connection().provider()
            if self._provider is None:
                self._provider = provider
                # A client that nobody closes hangs up when it is collected, and at the end of the process.
                self._goodbye = weakref.finalize(self, _hang_up, provider, self._generation)
        return self._provider

    async def _chain(self, query: ChainQuery) -> pl.DataFrame:
        return await (await self.connected()).chain(query)

    async def _described(self, query: ChainQuery, named: str, provider: str) -> pl.DataFrame:
        """Get the chain that one described contract must be in; one that has expired is in none."""
        try:
            return await self._chain(query)
        except ArgumentError as error:
            raise ContractNotFoundError(f"no live contract {named}: {error}", provider=provider) from error

    async def _contract(self, symbol: symbols.OptionSymbol) -> pl.DataFrame:
        return await (await self.connected()).contract(symbol)

    async def _expirations(self, underlying: str, start: date | None, end: date | None) -> list[date]:
        return await (await self.connected()).expirations(underlying, start=start, end=end)

    async def _quotes(self, tickers: tuple[str, ...]) -> pl.DataFrame:
        return await (await self.connected()).quotes(tickers)

    async def _indices(self, tickers: tuple[str, ...]) -> pl.DataFrame:
        return await (await self.connected()).indices(tickers)

    async def _bars(self, queries: list[BarQuery]) -> pl.DataFrame:
        source = await self.connected() if self._lake is None else HeldBars(self._lake, self.connected)
        answers = await asyncio.gather(*(source.bars(query) for query in queries), return_exceptions=True)
        failures = [answer for answer in answers if isinstance(answer, DataProviderError)]
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, DataProviderError):
                raise answer
        if failures:
            raise failures[0] if len(queries) == 1 else _incomplete(answers, failures[0])
        return pl.concat(answer for answer in answers if isinstance(answer, pl.DataFrame))

    def _kept_since(self, query: BarQuery) -> date | None:
        if self._provider is None or self._lake is not None:
            return None  # a lake may hold what the vendor has forgotten
        return self._provider.kept_since(query)

    async def _trades(self, symbol: str, start: datetime, end: datetime) -> pl.DataFrame:
        return await (await self.connected()).trades(symbol, start=start, end=end)

    async def _indicators(self, query: IndicatorQuery) -> pl.DataFrame:
        provider = await self.connected()
        bars = await provider.bars(query.bars(await provider.present()))
        return (await asyncio.to_thread(with_indicators, bars)).tail(query.lookback)

    async def _history(self, query: IndicatorQuery) -> pl.DataFrame | EntitlementError:
        try:
            history: pl.DataFrame = await self.cache.get_or_fetch(query.key, partial(self._indicators, query))
        except EntitlementError as error:
            return error
        return history

    async def _snapshots(self, quotes: Ask[pl.DataFrame], queries: list[IndicatorQuery]) -> Any:
        found, *histories = await together([self.answer(quotes), *(self._history(query) for query in queries)])
        keys = [(query.symbol.removeprefix("I:"), query.timeframe) for query in queries]
        return found, dict(zip(keys, histories, strict=True))

    async def _flow(self, query: FlowQuery) -> pl.DataFrame:
        chain = await self.answer(self.chain(ChainQuery.of(query.underlying)))
        return await find_flow(await self.connected(), query, chain)

    async def _compare(self, query: ChainQuery, nearest: int | None) -> pl.DataFrame:
        provider = await self.connected()
        if not isinstance(provider, AsyncHybrid):
            raise TypeError(f"the provider of {self.source!r} is not one of both vendors")
        return await provider.compare(query, expirations=nearest)

    async def _market_status(self) -> MarketStatus:
        return await (await self.connected()).market_status()

    async def _entitlements(self) -> pl.DataFrame:
        return await (await self.connected()).entitlements()


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


def _hang_up(provider: Provider, generation: int) -> None:
    if generation != portal.generation() or not portal.is_running():
        return  # the connections belong to the process that this one was forked from, or died with their loop
    portal.say_goodbye(provider.close())


def _lake_at(place: str | Path | Lake | None) -> Lake | None:
    if place is None or not isinstance(place, str | Path):
        return place
    from quantdata.lake import Lake  # noqa: PLC0415  # heavy: pyarrow, which most clients never need

    return Lake(place)


def _unchanged(answer: T) -> T:
    return answer


def _equity(ticker: str) -> str:
    """Return a canonical stock or fund; say where to ask for what is none."""
    symbol = instrument(ticker)
    if symbols.is_option_symbol(symbol):
        raise SymbolError(f"quotes() is for stocks and funds; {symbol} is an option: use contract({symbol!r})")
    if not is_equity(symbol):
        raise SymbolError(f"quotes() is for stocks and funds; {symbol} is an index: use indices({symbol!r})")
    return symbol


def _index_names(tickers: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(symbols.index(each) for each in texts(tickers, name="tickers")))


def _incomplete(answers: list[pl.DataFrame | BaseException], reason: DataProviderError) -> DataProviderError:
    """Return the error of several symbols of which some failed: what the others and the parts of those gave is kept."""
    whole = [answer for answer in answers if isinstance(answer, pl.DataFrame)]
    parts = [answer.received for answer in answers if isinstance(answer, IncompleteError)]
    if not whole and not parts:
        return reason
    first = reason.reason if isinstance(reason, IncompleteError) else reason
    received = pl.concat([*whole, *parts])
    return IncompleteError(first, received=received, arrived=f"bars of {len(whole)} of {len(answers)} symbols")
