"""The client for scripts, threads and notebook cells: `AsyncClient`, waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, overload

from quantdata import portal
from quantdata.client.aio import AsyncClient
from quantdata.client.base import ClientBase
from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.flow_query import TOP
from quantdata.clients.indicator_query import LOOKBACK, SNAPSHOT_TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from types import TracebackType
    from typing import Any, Literal, Self

    import polars as pl

    from quantdata.client.core import Ask
    from quantdata.client.snapshot import IndexSnapshot
    from quantdata.clients import MarketStatus
    from quantdata.clients.arguments import Day, Moment
    from quantdata.clients.bar_query import Adjustment, SessionHours, TimeframeName
    from quantdata.clients.chain_query import DayRange, IntegerRange, NumberRange

__all__ = ["Client"]

T = TypeVar("T")
F = TypeVar("F", bound="Callable[..., Any]")


def _as_in(method: Callable[..., Any]) -> Callable[[F], F]:
    """Take over the docstring of the method's twin on `AsyncClient`."""

    def with_docstring(function: F) -> F:
        function.__doc__ = method.__doc__
        return function

    return with_docstring


class Client(ClientBase):
    """Market data as Polars frames.

    Works in scripts, in threads and in notebook cells alike; Ctrl-C ends a call and leaves the client usable. The
    methods are those of `AsyncClient`, without ``await``.

    Parameters
    ----------
    source
        ``"hybrid"`` (Massive first; Tradier when that fails or is not to be trusted, and in its gaps), ``"massive"``
        (your MASSIVE_API_KEY), ``"tradier"`` (your TRADIER_ACCESS_TOKEN) or ``"sim"`` (both in the local simulated
        market, no key). Left out: QUANTDATA_SOURCE, else what the keys in the environment allow.
    cache_ttl
        Seconds an answer lives, by kind, over the defaults: chain, contract, quotes, indices and market_status 5,
        indicators and flow 30, bars and trades 60, expirations 300. 0 turns a kind off.
    rates
        Interest rates of the model: one, as in 0.04, or by days to maturity, as in ``{30: 0.043, 365: 0.039}``;
        continuously compounded annual fractions. Left out, 4 % for all maturities; ``discount_factor`` in every chain
        tells what was taken.
    max_age
        Seconds of open market that a chain, quotes or indices may be old to be handed out when no provider answers,
        with their true age and confidence and a `QuantDataWarning`. Left out, an error is an error.
    delayed_fallback
        Whether a Tradier host whose data are late (its sandbox) may stand in for Massive and fill its gaps.
    lake
        A `Lake` or its folder, in which bars are kept as they come, and read the next time. Left out: the folder that
        QUANTDATA_LAKE names, else nothing is kept.
    seed, clock
        Of the simulated market: ``clock`` is ``"open"`` (always mid-session), ``"live"`` (follows real sessions) or
        ``"at:2026-11-18T15:30"``.

    Raises
    ------
    ConfigError
        If no source can be decided on, or its key is missing; the message names the variables to set.

    Examples
    --------
    >>> import quantdata as qd
    >>> with qd.Client("sim", clock="at:2026-11-18T11:00") as client:
    ...     client.quotes(["SPY", "BRK/B"]).get_column("symbol").to_list()
    ['SPY', 'BRK.B']
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; may be called twice, and a later question opens them again."""
        portal.call(self._core.close())

    @_as_in(AsyncClient.chain)
    def chain(
        self,
        underlying: str,
        *,
        expirations: DayRange | None = None,
        strikes: NumberRange | None = None,
        dte: IntegerRange | None = None,
        roots: str | Iterable[str] | None = None,
        option_type: Literal["call", "put"] | None = None,
        delta: NumberRange | None = None,
        moneyness: NumberRange | None = None,
        min_volume: int | None = None,
        min_open_interest: int | None = None,
        max_spread_percent: float | None = None,
        where: pl.Expr | None = None,
    ) -> pl.DataFrame:
        return self._get(
            self._core.chain(
                ChainQuery.of(
                    underlying,
                    expirations=expirations,
                    strikes=strikes,
                    dte=dte,
                    roots=roots,
                    option_type=option_type,
                    delta=delta,
                    moneyness=moneyness,
                    min_volume=min_volume,
                    min_open_interest=min_open_interest,
                    max_spread_percent=max_spread_percent,
                ),
                where,
            )
        )

    @_as_in(AsyncClient.contract)
    def contract(
        self,
        underlying: str,
        strike: float | None = None,
        expiration: Day | None = None,
        option_type: Literal["call", "put"] | None = None,
        *,
        root: str | None = None,
    ) -> pl.DataFrame:
        return self._get(self._core.contract(underlying, strike, expiration, option_type, root=root))

    @_as_in(AsyncClient.expirations)
    def expirations(self, underlying: str, *, start: Day | None = None, end: Day | None = None) -> list[date]:
        return self._get(self._core.expirations(underlying, start=start, end=end))

    @_as_in(AsyncClient.quotes)
    def quotes(self, symbols: str | Iterable[str]) -> pl.DataFrame:
        return self._get(self._core.quotes(symbols))

    @_as_in(AsyncClient.indices)
    def indices(self, tickers: str | Iterable[str]) -> pl.DataFrame:
        return self._get(self._core.indices(tickers))

    @_as_in(AsyncClient.bars)
    def bars(
        self,
        symbols: str | Iterable[str],
        timeframe: TimeframeName,
        start: Moment,
        end: Moment,
        *,
        adjust: Adjustment = "split",
        session: SessionHours = "regular",
    ) -> pl.DataFrame:
        return self._get(self._core.bars(symbols, timeframe, start, end, adjust=adjust, session=session))

    @_as_in(AsyncClient.chain_history)
    def chain_history(self, underlying: str, start: Moment, end: Moment) -> pl.DataFrame:
        return self._get(self._core.chain_history(underlying, start, end))

    @_as_in(AsyncClient.chain_as_of)
    def chain_as_of(self, underlying: str, moment: Moment) -> pl.DataFrame:
        return self._get(self._core.chain_as_of(underlying, moment))

    @_as_in(AsyncClient.trades)
    def trades(self, symbol: str, start: Moment, end: Moment) -> pl.DataFrame:
        return self._get(self._core.trades(symbol, start, end))

    @_as_in(AsyncClient.indicators)
    def indicators(self, ticker: str, timeframe: TimeframeName, *, lookback: int = LOOKBACK) -> pl.DataFrame:
        return self._get(self._core.indicators(ticker, timeframe, lookback=lookback))

    @overload
    def index_snapshot(  # type: ignore[overload-overlap]  # a text is an iterable of texts too, and comes first
        self,
        tickers: str,
        *,
        timeframes: TimeframeName | Iterable[TimeframeName] = SNAPSHOT_TIMEFRAMES,
        lookback: int = LOOKBACK,
    ) -> IndexSnapshot: ...

    @overload
    def index_snapshot(
        self,
        tickers: Iterable[str],
        *,
        timeframes: TimeframeName | Iterable[TimeframeName] = SNAPSHOT_TIMEFRAMES,
        lookback: int = LOOKBACK,
    ) -> dict[str, IndexSnapshot]: ...

    @_as_in(AsyncClient.index_snapshot)
    def index_snapshot(
        self,
        tickers: str | Iterable[str],
        *,
        timeframes: TimeframeName | Iterable[TimeframeName] = SNAPSHOT_TIMEFRAMES,
        lookback: int = LOOKBACK,
    ) -> IndexSnapshot | dict[str, IndexSnapshot]:
        return self._get(self._core.index_snapshot(tickers, timeframes=timeframes, lookback=lookback))

    @_as_in(AsyncClient.flow)
    def flow(
        self,
        underlying: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        contracts: str | Iterable[str] | None = None,
        top: int = TOP,
    ) -> pl.DataFrame:
        return self._get(self._core.flow(underlying, start=start, end=end, contracts=contracts, top=top))

    @_as_in(AsyncClient.compare)
    def compare(
        self,
        underlying: str,
        *,
        expirations: DayRange | None = None,
        strikes: NumberRange | None = None,
        roots: str | Iterable[str] | None = None,
        option_type: Literal["call", "put"] | None = None,
    ) -> pl.DataFrame:
        return self._get(
            self._core.compare(
                underlying, expirations=expirations, strikes=strikes, roots=roots, option_type=option_type
            )
        )

    @_as_in(AsyncClient.market_status)
    def market_status(self) -> MarketStatus:
        return self._get(self._core.market_status())

    @_as_in(AsyncClient.entitlements)
    def entitlements(self) -> pl.DataFrame:
        return self._get(self._core.entitlements())

    @_as_in(AsyncClient.health)
    def health(self) -> pl.DataFrame:
        return self._core.health()

    @_as_in(AsyncClient.metrics)
    def metrics(self) -> pl.DataFrame:
        return self._core.metrics()

    def _get(self, ask: Ask[T]) -> T:
        kept = None if ask.key is None else self._core.cache.get(ask.key)
        return ask.finish(portal.call(self._core.answer(ask)) if kept is None else kept)
