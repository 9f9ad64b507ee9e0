"""The client for coroutines: every method of `Client`, awaited from any event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, overload

from quantdata import portal
from quantdata.client.base import ClientBase
from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.flow_query import TOP
from quantdata.clients.indicator_query import LOOKBACK, SNAPSHOT_TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from types import TracebackType
    from typing import Literal, Self

    import polars as pl

    from quantdata.client.core import Ask
    from quantdata.client.snapshot import IndexSnapshot
    from quantdata.clients import MarketStatus
    from quantdata.clients.arguments import Day, Moment
    from quantdata.clients.bar_query import Adjustment, SessionHours, TimeframeName
    from quantdata.clients.chain_query import DayRange, IntegerRange, NumberRange

__all__ = ["AsyncClient"]

T = TypeVar("T")


class AsyncClient(ClientBase):
    """Market data as Polars frames, for coroutines.

    Works on any event loop: requests run on quantdata's own, which all clients of the process share. Use it as a
    context manager, or `close` it when done.

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
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; may be called twice, and a later question opens them again."""
        await portal.from_any_loop(self._core.close())

    async def chain(
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
        """Return the latest snapshot of every listed option on an underlying, or of those that pass the filters.

        Ranges are ``(low, high)`` with both ends included and None for an open end; a single value is both ends. What
        the vendor can filter is sent to it and the rest is filtered here: the result is the same, but for what the
        model makes of the contracts that were asked for.

        Parameters
        ----------
        underlying
            Stock, fund or index: ``"SPY"``, ``"BRK.B"``, ``"SPX"``.
        expirations
            Days, as dates or text: ``("2026-12-01", "2026-12-31")``.
        strikes
            USD per share.
        dte
            Calendar days to expiration in New York.
        roots
            Option roots to keep, where an underlying has several: ``"SPXW"``.
        option_type
            ``"call"`` or ``"put"`` (or ``"C"``, ``"P"``).
        delta
            Range of the absolute value: ``(0.2, 0.4)`` keeps puts and calls alike. Rows without a delta do not pass.
        moneyness
            Strike divided by the price of the underlying.
        min_volume
            Contracts traded in the newest session; an older day block counts as 0.
        min_open_interest
            Contracts.
        max_spread_percent
            Percent of the mid; rows without a two-sided quote do not pass.
        where
            Any Polars expression over the columns of the frame, applied last.

        Returns
        -------
        pl.DataFrame
            One row per contract with the columns of ``quantdata.frames.columns.CHAIN``, sorted by expiration,
            root_symbol, strike, option_type. Prices are USD per share, volatilities fractions, times UTC; null is what
            the vendor did not send or cannot be known. The day block (open to volume) is that of ``day_session``, which
            for a contract that has not traded today is an older one at Massive: sum ``volume`` over
            ``pl.col("day_session") == pl.col("day_session").max()``. Each group of columns says who gave it
            (``quote_source``, ``iv_source`` ...); volatilities and greeks that no vendor gave are the ``model``'s, and
            so are ``forward_price`` and ``model_iv``. Tradier's are of the last hour, at ``iv_ts`` and ``greeks_ts``.
            ``confidence`` says how far each row can be trusted, ``errors`` and ``warnings`` why not
            further (`quality`, `explain`). With both vendors ``fallback_reason`` says why the first one did not answer.
            Series that settled this morning are still listed, with their last quotes: ``time_to_expiry`` is 0.

        Raises
        ------
        SymbolError, ArgumentError
            If an argument cannot be read; the message says what is allowed.
        QuoteNotFoundError
            If there are no options on the underlying.
        EntitlementError
            If the key's plan has no option snapshots, or a filter needs what the plan lacks.
        IncompleteError
            If only a part arrived; the part is in ``received``, never passed off as the whole.
        AllProvidersFailedError
            If neither of two vendors gave a usable answer; ``errors`` holds both reasons.

        References
        ----------
        Massive, *Option Chain Snapshot*, ``GET /v3/snapshot/options/{underlyingAsset}``; Tradier, *Get an option
        chain*, ``GET /v1/markets/options/chains``, one request an expiration.

        Examples
        --------
        >>> import polars as pl, quantdata as qd
        >>> client = qd.Client("sim", clock="at:2026-11-18T11:00")
        >>> chain = client.chain("SPY", dte=(0, 7), delta=(0.3, 0.5), where=pl.col("bid") > 0)
        >>> chain.get_column("expiration").is_between(pl.date(2026, 11, 18), pl.date(2026, 11, 25)).all()
        True
        """
        return await self._get(
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

    async def contract(
        self,
        underlying: str,
        strike: float | None = None,
        expiration: Day | None = None,
        option_type: Literal["call", "put"] | None = None,
        *,
        root: str | None = None,
    ) -> pl.DataFrame:
        """Return one option contract as a chain of one row.

        Parameters
        ----------
        underlying
            The underlying, followed by the next three; or, alone, an OCC symbol: ``"SPY261218C00600000"``.
        strike
            USD per share.
        expiration
            Day of expiration.
        option_type
            ``"call"`` or ``"put"``.
        root
            Option root, where several have such a contract (``"SPX"`` or ``"SPXW"``).

        Returns
        -------
        pl.DataFrame
            One row with the columns of `chain`.

        Raises
        ------
        ContractNotFoundError
            If there is no such contract, or it has expired.
        SymbolError
            If several roots have such a contract; the message lists them.
        """
        return await self._get(self._core.contract(underlying, strike, expiration, option_type, root=root))

    async def expirations(self, underlying: str, *, start: Day | None = None, end: Day | None = None) -> list[date]:
        """Return the days on which listed options on an underlying expire, rising, all roots together.

        Parameters
        ----------
        underlying
            As in `chain`.
        start, end
            First and last day to list, both included; left out, all from today on. Days before today have no listed
            options any more.

        Raises
        ------
        QuoteNotFoundError
            If there are no options on the underlying.
        """
        return await self._get(self._core.expirations(underlying, start=start, end=end))

    async def quotes(self, symbols: str | Iterable[str]) -> pl.DataFrame:
        """Return the latest quotes of stocks and funds.

        Parameters
        ----------
        symbols
            One or several: ``"SPY"``, ``["SPY", "BRK.B"]``.

        Returns
        -------
        pl.DataFrame
            One row for each symbol asked, in that order, with the columns of
            ``quantdata.frames.columns.EQUITY_QUOTES``. A symbol that the vendor does not know has null values and its
            reason in ``vendor_error``, and a `QuantDataWarning` says so.

        Raises
        ------
        QuoteNotFoundError
            If the vendor knows none of them.
        SymbolError
            If a symbol is an index (`indices`) or an option (`contract`), or cannot be read.
        """
        return await self._get(self._core.quotes(symbols))

    async def indices(self, tickers: str | Iterable[str]) -> pl.DataFrame:
        """Return the latest values of indices.

        Parameters
        ----------
        tickers
            One or several, with or without ``I:``: ``"SPX"``, ``["SPX", "VIX"]``.

        Returns
        -------
        pl.DataFrame
            One row for each index asked, in that order, with the columns of
            ``quantdata.frames.columns.INDEX_QUOTES``; one that was refused has its reason in ``vendor_error``, and a
            `QuantDataWarning` says so.

        Raises
        ------
        EntitlementError, QuoteNotFoundError
            If all of them were refused.
        """
        return await self._get(self._core.indices(tickers))

    async def bars(
        self,
        symbols: str | Iterable[str],
        timeframe: TimeframeName,
        start: Moment,
        end: Moment,
        *,
        adjust: Adjustment = "split",
        session: SessionHours = "regular",
    ) -> pl.DataFrame:
        """Return price bars of stocks, funds, indices or option contracts.

        Parameters
        ----------
        symbols
            One or several: ``"SPY"``, ``"SPX"``, ``"SPY261218C00600000"``.
        timeframe
            ``1m 5m 15m 30m 1h 1d 1w``. Regular-hours ``1h`` bars run from the open (09:30), built from ``30m``; ``1w``
            bars are those of all weeks that the range touches, whole, built from ``1d``.
        start, end
            First and last day, both included, in New York; or moments with a time zone, between which bars start.
        adjust
            ``"split"``: prices in today's shares. ``"total"``: dividends taken off too. ``"raw"``: as traded. Options
            and indices are always raw.
        session
            ``"regular"`` hours, half-days included; or ``"all"``, with pre-market and after-hours. Daily and weekly
            bars are the vendor's own, whatever is asked: prices of regular hours, volume of the whole day. A stock's
            closing auction prints after the last regular minute: it is in daily bars and in ``"all"``.

        Returns
        -------
        pl.DataFrame
            One row per bar with the columns of ``quantdata.frames.columns.BARS``; symbols in the order asked, each
            oldest first. ``ts`` is the START of the window (UTC). A window without trades has no bar; the bar of a
            window that is not over holds what has traded so far. A `QuantDataWarning` says so when a history begins
            more than a week after ``start`` (by the minute: a session), or could not be adjusted as asked; the column
            ``adjustment`` tells.

        Raises
        ------
        QuoteNotFoundError, ContractNotFoundError
            If there is no such symbol.
        EntitlementError
            If the vendor or the plan has no such bars: Tradier has none of expired contracts, none of an index by the
            minute, and minutes of the last weeks alone.
        IncompleteError
            If only a part arrived, of one symbol or of several; the part is in ``received``.
        """
        return await self._get(self._core.bars(symbols, timeframe, start, end, adjust=adjust, session=session))

    async def chain_history(self, underlying: str, start: Moment, end: Moment) -> pl.DataFrame:
        """Return the chains of an underlying that this client's lake holds, one after the other.

        Parameters
        ----------
        underlying
            Stock, fund or index: ``"SPY"``.
        start, end
            Of the snapshots, both included: days (all of it in New York) or moments with a zone.

        Returns
        -------
        pl.DataFrame
            One row per contract and snapshot with the columns of ``quantdata.frames.columns.CHAIN``, sorted by
            snapshot_ts, and within a snapshot as a chain is. As they were when they were kept: quality and age are of
            that moment. No rows where nothing was kept; nobody is asked.

        Raises
        ------
        ConfigError
            If the client has no lake.
        LakeError
            If the lake cannot be read.
        """
        return await self._get(self._core.chain_history(underlying, start, end))

    async def chain_as_of(self, underlying: str, moment: Moment) -> pl.DataFrame:
        """Return the newest whole chain of an underlying that this client's lake holds from a moment or before.

        Parameters
        ----------
        underlying
            Stock, fund or index: ``"SPY"``.
        moment
            A moment with a zone; or a day, which means its end in New York.

        Returns
        -------
        pl.DataFrame
            What ``chain`` returned then.

        Raises
        ------
        ConfigError
            If the client has no lake.
        LakeError
            If it holds no such chain, or cannot be read.
        """
        return await self._get(self._core.chain_as_of(underlying, moment))

    async def trades(self, symbol: str, start: Moment, end: Moment) -> pl.DataFrame:
        """Return the tape of one stock, fund or option contract.

        Parameters
        ----------
        symbol
            As in `bars`.
        start, end
            As in `bars`; keep the span short: an active stock prints a million trades a day. Tradier keeps five
            sessions.

        Returns
        -------
        pl.DataFrame
            One row per print with the columns of ``quantdata.frames.columns.TRADES``, oldest first: times to the
            nanosecond from Massive; from Tradier to the second, with price and size alone.

        Raises
        ------
        SymbolError
            If the symbol is an index, which has no trades, or cannot be read.
        EntitlementError
            If the key's plan has no trades.
        QuoteNotFoundError, ContractNotFoundError
            If there is no such symbol.
        IncompleteError
            If only a part arrived; the part is in ``received``.
        """
        return await self._get(self._core.trades(symbol, start, end))

    async def indicators(self, ticker: str, timeframe: TimeframeName, *, lookback: int = LOOKBACK) -> pl.DataFrame:
        """Return the technical indicators of the newest bars of a stock, fund, index or option contract.

        Computed here, from bars of regular hours, adjusted for splits (options and indices as traded), and from 800
        bars more than are returned: an EMA 200, which begins with a plain mean, has settled to 0.25 % of that by then.
        Of a shorter history (a new listing, a plan's limit, Tradier's 40 sessions of ``1h``) there are fewer bars; what
        comes before a first window is full is null.

        Parameters
        ----------
        ticker
            ``"SPX"``, ``"SPY"``, ``"SPY261218C00600000"``.
        timeframe
            As in `bars`.
        lookback
            Rows to return, at most 5,000. The newest is the bar under way, if there is one: it still changes.

        Returns
        -------
        pl.DataFrame
            One row per bar, oldest first: ``ts`` (START of the bar, UTC), ``ema_8``, ``ema_21``, ``ema_50``,
            ``ema_200``, ``rsi_14``, ``macd``, ``macd_signal``, ``macd_histogram``, ``atr_14``, ``bb_upper``,
            ``bb_middle``, ``bb_lower``, ``vwap``, ``adx_14``, ``pivot``, ``r1`` to ``r3``, ``s1`` to ``s3``.
            The formulas are those of ``quantdata.analytics.technical.indicator_columns``: TA-Lib's; ``vwap`` is of the
            session so far, null for an index; pivots are of the session before (``1d`` and ``1w``: the bar before).

        Raises
        ------
        SymbolError, ArgumentError
            If an argument cannot be read; the message says what is allowed.
        QuoteNotFoundError, ContractNotFoundError
            If there is no such symbol.
        EntitlementError
            If the vendor or the plan has no such bars.
        """
        return await self._get(self._core.indicators(ticker, timeframe, lookback=lookback))

    @overload
    async def index_snapshot(  # type: ignore[overload-overlap]  # a text is an iterable of texts too, and comes first
        self,
        tickers: str,
        *,
        timeframes: TimeframeName | Iterable[TimeframeName] = SNAPSHOT_TIMEFRAMES,
        lookback: int = LOOKBACK,
    ) -> IndexSnapshot: ...

    @overload
    async def index_snapshot(
        self,
        tickers: Iterable[str],
        *,
        timeframes: TimeframeName | Iterable[TimeframeName] = SNAPSHOT_TIMEFRAMES,
        lookback: int = LOOKBACK,
    ) -> dict[str, IndexSnapshot]: ...

    async def index_snapshot(
        self,
        tickers: str | Iterable[str],
        *,
        timeframes: TimeframeName | Iterable[TimeframeName] = SNAPSHOT_TIMEFRAMES,
        lookback: int = LOOKBACK,
    ) -> IndexSnapshot | dict[str, IndexSnapshot]:
        """Return indices with their bars and indicators over several timeframes, all asked for side by side.

        Parameters
        ----------
        tickers
            One or several, as in `indices`.
        timeframes
            One or several, as in `bars`.
        lookback
            Bars of each timeframe, as in `indicators`.

        Returns
        -------
        IndexSnapshot or dict[str, IndexSnapshot]
            One snapshot for one text, else one for each index, by its name. ``quote`` is its row of `indices`;
            ``timeframes["5m"]`` its bars, oldest first, beside the columns of `indicators`. Timeframes that vendor or
            plan do not have (Tradier: bars of an index by the minute) are left out, and one `QuantDataWarning` names
            them.

        Raises
        ------
        EntitlementError
            If none of an index's timeframes can be had, or its value cannot.
        QuoteNotFoundError
            If there is no such index.

        Examples
        --------
        >>> import quantdata as qd
        >>> client = qd.Client("sim", clock="at:2026-11-18T11:00")
        >>> snapshot = client.index_snapshot("VIX", timeframes=("5m", "1d"), lookback=50)
        >>> snapshot.timeframes["5m"].select("close", "ema_21", "rsi_14").shape
        (50, 3)
        """
        return await self._get(self._core.index_snapshot(tickers, timeframes=timeframes, lookback=lookback))

    async def flow(
        self,
        underlying: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        contracts: str | Iterable[str] | None = None,
        top: int = TOP,
    ) -> pl.DataFrame:
        """Return the order flow of the options on an underlying: who took whose price, how much was paid.

        Parameters
        ----------
        underlying
            As in `chain`.
        start, end
            As in `bars`; left out, the session that is on, or was last, up to now.
        contracts
            OCC symbols whose tape is to be read, at most 250.
        top
            Where none are named: read the tapes of so many contracts, the busiest of the newest session; at most 250, 0
            for none. Each costs one request for prints, and up to four for quotes.

        Returns
        -------
        pl.DataFrame
            One row per listed contract with the columns of ``quantdata.frames.columns.FLOW``, the largest premium
            first. ``method`` tells how each was found, by the formulas of ``quantdata.analytics.order_flow``:

            - ``tape``: print by print, each signed by the quote that it was made at (at the ask, or nearer to it:
              bought), at the mid by the tick test. Cancels and corrections are out; packages, auctions, crosses and
              the floor count as unclassified.
            - ``chain``: volume, premium and ratio of the current session alone; who bought is null, ``flow_bias``
              neutral.
            - ``none``: of another span there is nothing but the tape: all null, neutral, ``confidence`` 0.

            A `QuantDataWarning` says so when vendor or plan have no tape (Tradier: its ticks have no venues and no
            conditions), or no quotes to sign it by. There is no dark pool in listed options.

        Raises
        ------
        QuoteNotFoundError, ContractNotFoundError
            If there are no options on the underlying, or no such contract among those listed now.
        SymbolError, ArgumentError
            If an argument cannot be read; the message says what is allowed.

        Examples
        --------
        >>> import polars as pl, quantdata as qd
        >>> client = qd.Client("sim", clock="at:2026-11-18T11:00")
        >>> flow = client.flow("DIA", top=3)
        >>> flow.filter(pl.col("method") == "tape").select("premium", "buy_pressure", "flow_bias").shape
        (3, 3)
        """
        return await self._get(self._core.flow(underlying, start=start, end=end, contracts=contracts, top=top))

    async def compare(
        self,
        underlying: str,
        *,
        expirations: DayRange | None = None,
        strikes: NumberRange | None = None,
        roots: str | Iterable[str] | None = None,
        option_type: Literal["call", "put"] | None = None,
    ) -> pl.DataFrame:
        """Return both vendors' quotes of the contracts on an underlying side by side.

        Parameters
        ----------
        underlying, strikes, roots, option_type
            As in `chain`.
        expirations
            As in `chain`; left out, the nearest four: Tradier sends one a request.

        Returns
        -------
        pl.DataFrame
            One row per contract that either vendor has, sorted as a chain, with the columns of
            ``quantdata.frames.columns.COMPARISON``. Differences are Tradier's less Massive's: in USD, price steps,
            spread widths and volatility points. Both volatilities are solved from that vendor's own mid on one forward
            of the series; differences are null where a quote is missing, or the two are more than two seconds apart.

        Raises
        ------
        ArgumentError
            If the source is one vendor alone.
        DataProviderError
            If one of them does not answer: the comparison needs both.

        Examples
        --------
        >>> import quantdata as qd
        >>> client = qd.Client("sim", clock="at:2026-11-18T11:00")
        >>> both = client.compare("SPY", strikes=(670, 680))
        >>> both.get_column("expiration").n_unique()
        4
        """
        return await self._get(
            self._core.compare(
                underlying, expirations=expirations, strikes=strikes, roots=roots, option_type=option_type
            )
        )

    async def market_status(self) -> MarketStatus:
        """Return whether the market is open, when that changes, and the vendor's clock."""
        return await self._get(self._core.market_status())

    async def entitlements(self) -> pl.DataFrame:
        """Ask the vendor for a little of everything, and return what the key's plan delivers.

        Returns
        -------
        pl.DataFrame
            One row per block of data with the columns of ``quantdata.frames.columns.ENTITLEMENTS``; ``is_entitled`` is
            null where the answer did not tell. Costs some ten to thirty small requests. Of a simulated market ``feed``
            is ``simulated``, but that of ``chain_quotes`` and ``chain_greeks`` is what the simulated plan has:
            ``realtime`` or ``delayed``, as in ``quote_feed`` and ``greeks_feed`` of a chain.
        """
        return await self._get(self._core.entitlements())

    async def health(self) -> pl.DataFrame:
        """Return how each provider is doing, question by question; asks nobody.

        Returns
        -------
        pl.DataFrame
            One row per provider and endpoint asked so far with the columns of
            ``quantdata.frames.columns.HEALTH``: failures in a row, response times in seconds, the last error. No rows
            before the first question. An endpoint is unhealthy from its third failure in a row to its next success;
            refusals (rate, plan, symbol) are no failures.
        """
        return self._core.health()

    async def metrics(self) -> pl.DataFrame:
        """Return the counters of this client: requests, retries, failures, bytes, rows, waits, cache; asks nobody.

        Returns
        -------
        pl.DataFrame
            One row per counter that is not 0 with the columns of ``quantdata.frames.columns.METRICS``, sorted by
            provider, endpoint and kind within a metric. They rise as long as the client lives, over `close` too, and
            begin at 0 in a forked process.
        """
        return self._core.metrics()

    async def _get(self, ask: Ask[T]) -> T:
        kept = None if ask.key is None else self._core.cache.get(ask.key)
        return ask.finish(await portal.from_any_loop(self._core.answer(ask)) if kept is None else kept)
