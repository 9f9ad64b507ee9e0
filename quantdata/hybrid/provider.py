"""Two vendors as one provider: routed, each other's fallback, gaps of the first filled by the second."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from quantdata.clients.arguments import texts
from quantdata.clients.subscriptions import PolledSubscriptions
from quantdata.clients.together import together
from quantdata.clients.trust import cadence_of
from quantdata.errors import DataProviderError
from quantdata.frames import columns
from quantdata.frames.chain import with_underlying
from quantdata.frames.model import with_model
from quantdata.frames.provenance import explained
from quantdata.hybrid.disagreement import compared, nearest
from quantdata.hybrid.filling import gap_expirations, is_missing, with_rows
from quantdata.hybrid.offers import REFRESH_S, Offers, price_in
from quantdata.hybrid.plans import EitherPlan
from quantdata.hybrid.refilling import refilled
from quantdata.hybrid.routing import ANSWER_PATIENCE_S, Judgement, Router
from quantdata.symbols import is_option_symbol
from quantdata.validation import quality, validate
from quantdata.validation.rule import CADENCE_S, TOO_OLD_CADENCES
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from datetime import date

    from quantdata.clients.bar_query import BarQuery
    from quantdata.clients.capabilities import Capabilities
    from quantdata.clients.chain_query import ChainQuery
    from quantdata.clients.health import Question
    from quantdata.clients.option_tape import OptionTape
    from quantdata.clients.status import MarketStatus
    from quantdata.clients.watched import Watched
    from quantdata.hybrid.offers import Price
    from quantdata.hybrid.routing import Routed
    from quantdata.pricing.rates import RateCurve
    from quantdata.symbols import OptionSymbol
    from quantdata.wire.limits import Budget
    from quantdata.wire.metrics import Metrics

__all__ = ["AsyncHybrid"]

logger = logging.getLogger("quantdata.hybrid")

# A chain below this has the other provider asked as well.
LEAST_CONFIDENCE: Final = 40


class _Needs(NamedTuple):
    """What a chain lacks that the second provider may have.

    Attributes
    ----------
    wanted
        Expirations with gaps, nearest first.
    has_quotes
        Whether any row is quoted.
    has_price
        Whether a vendor gave the price of the underlying.
    """

    wanted: list[date]
    has_quotes: bool
    has_price: bool


class AsyncHybrid(PolledSubscriptions):
    """Massive first, Tradier when it fails, is empty or not to be trusted, and in the gaps of what Massive sends.

    Parameters
    ----------
    first, second
        The providers; the first is asked first.
    metrics
        Where fallbacks and filled rows are counted.
    rates
        Of the model, which prices what has been filled.
    allow_delayed
        Whether a second provider whose data are late may stand in for the first.
    patience_s
        For how long an answer of the first about the present is waited for before the second is asked.
    clock
        Monotonic seconds.
    """

    name = "hybrid"

    def __init__(
        self,
        first: Watched,
        second: Watched,
        *,
        metrics: Metrics,
        rates: RateCurve,
        allow_delayed: bool = False,
        patience_s: float = ANSWER_PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.capabilities: Capabilities = EitherPlan([first.capabilities, second.capabilities])
        self._first, self._second = first, second
        self._metrics = metrics
        self._rates = rates
        self._allow_delayed = allow_delayed
        self._router = Router(
            first, second, metrics=metrics, allow_delayed=allow_delayed, patience_s=patience_s, clock=clock
        )
        self._offers = Offers(second, clock=clock)

    @property
    def first(self) -> Watched:
        """The provider that is asked first."""
        return self._first

    @property
    def is_delayed(self) -> bool:
        """Whether the first provider's host is late with everything."""
        return self._first.is_delayed

    @property
    def _may_fill(self) -> bool:
        """Whether the second provider's data are of the present, or late ones were asked for."""
        return self._allow_delayed or not self._second.is_delayed

    @property
    def requests_sent(self) -> int:
        """Count of requests sent so far to both, retries included."""
        return self._first.requests_sent + self._second.requests_sent

    async def chain(self, query: ChainQuery) -> pl.DataFrame:
        """Return the chain that the vendor's part of a query lets through, with the columns of `CHAIN`.

        The first provider's with its gaps filled; the second's, whole, where the first failed, sent nothing, or is not
        to be trusted and the second is better.

        Raises
        ------
        AllProvidersFailedError
            If neither gave a usable chain; ``errors`` holds both reasons.
        QuoteNotFoundError
            If neither knows options on the underlying.
        """
        routed = await self._router.route(
            "chain",
            lambda provider: provider.chain(query),
            about=query.underlying,
            key=query.key,
            block="chain",
            judge=_judged,
        )
        return await self._completed(routed, query.underlying)

    async def contract(self, symbol: OptionSymbol) -> pl.DataFrame:
        """Return one contract as a chain of one row, as `chain` does."""
        routed = await self._router.route(
            "contract", lambda provider: provider.contract(symbol), about=symbol.occ, block="chain", judge=_judged
        )
        return await self._completed(routed, symbol.underlying)

    async def expirations(self, underlying: str, *, start: date | None, end: date | None) -> list[date]:
        """Return the days on which options expire, as the first provider that answers lists them."""
        routed = await self._router.route(
            "expirations",
            lambda provider: provider.expirations(underlying, start=start, end=end),
            about=underlying,
        )
        return routed.answer

    async def quotes(self, tickers: Sequence[str]) -> pl.DataFrame:
        """Return one row for each stock or fund; what the first provider does not give is the second's."""
        asked = tuple(texts(tickers, name="symbols"))
        routed = await self._router.route(
            "quotes", lambda provider: provider.quotes(asked), about=", ".join(asked), block="equity_quotes"
        )
        return await self._mended(routed, "quotes", self._second.quotes)

    async def indices(self, tickers: Sequence[str]) -> pl.DataFrame:
        """Return one row for each index; what the first provider does not give is the second's."""
        asked = tuple(texts(tickers, name="tickers"))
        routed = await self._router.route(
            "indices", lambda provider: provider.indices(asked), about=", ".join(asked), block="indices"
        )
        return await self._mended(routed, "indices", self._second.indices)

    async def bars(self, query: BarQuery) -> pl.DataFrame:
        """Return bars of one symbol, all of one provider; of a stock, fund or index without any, the other is asked."""
        routed = await self._router.route(
            "bars",
            lambda provider: provider.bars(query),
            about=f"{query.symbol} {query.timeframe}",
            key=query,
            judge=None if is_option_symbol(query.symbol) else _judged_bars,
        )
        return routed.answer

    async def corporate_actions(self, symbol: str) -> pl.DataFrame:
        """Return the splits and dividends of a stock or fund, all of one provider."""
        routed = await self._router.route(
            "corporate_actions", lambda provider: provider.corporate_actions(symbol), about=symbol
        )
        return routed.answer

    async def trades(self, symbol: str, *, start: datetime, end: datetime) -> pl.DataFrame:
        """Return the tape of one symbol, all of one provider."""
        routed = await self._router.route(
            "trades", lambda provider: provider.trades(symbol, start=start, end=end), about=symbol
        )
        return routed.answer

    async def option_tape(self, symbol: str, *, start: datetime, end: datetime) -> OptionTape:
        """Return the prints of one contract and the quotes around them, all of one provider."""
        routed = await self._router.route(
            "option_tape", lambda provider: provider.option_tape(symbol, start=start, end=end), about=symbol
        )
        return routed.answer

    async def market_status(self) -> MarketStatus:
        """Return whether the market is open now, by the first provider that answers."""
        routed = await self._router.route("market_status", lambda provider: provider.market_status(), about="market")
        return routed.answer

    async def entitlements(self) -> pl.DataFrame:
        """Ask both for a little of everything; return what each plan delivers."""
        providers = (self._first, self._second)
        answers = await asyncio.gather(*(each.entitlements() for each in providers), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, DataProviderError):
                raise answer
        if all(isinstance(answer, BaseException) for answer in answers):
            raise answers[0]  # type: ignore[misc]  # just seen to be one
        return pl.concat(
            answer if isinstance(answer, pl.DataFrame) else provider.capabilities.frame()
            for provider, answer in zip(providers, answers, strict=True)
        )

    async def compare(self, query: ChainQuery, *, expirations: int | None) -> pl.DataFrame:
        """Return both providers' chains side by side, with the columns of `COMPARISON`.

        Parameters
        ----------
        query
            What is compared.
        expirations
            How many, the nearest first; None takes all that the query asks for.
        """
        narrowed = query
        if expirations is not None:
            start, end = query.expiration_range(await self.present())
            listed = await self.expirations(query.underlying, start=start, end=end)
            narrowed = nearest(query, listed, expirations)
        ours, theirs, dividends = await together(
            [self._first.chain(narrowed), self._second.chain(narrowed), self.dividends(query.underlying)]
        )
        return await asyncio.to_thread(compared, ours, theirs, rates=self._rates, dividends=dividends)

    def budgets(self) -> list[Budget]:
        """Return what is left of both accounts' rates."""
        return [*self._first.budgets(), *self._second.budgets()]

    def now(self) -> datetime:
        """Return the present at the first provider's host (UTC)."""
        return self._first.now()

    async def present(self) -> datetime:
        """Return the present at the first provider's host (UTC), at the second's where that one is away."""
        try:
            return await self._first.present()
        except DataProviderError:
            return await self._second.present()

    def kept_since(self, query: BarQuery) -> date | None:
        """Return the first session of which the first provider keeps such bars; None where there is no such limit."""
        return self._first.kept_since(query)

    async def close(self) -> None:
        """Close all connections; may be called twice."""
        await self._offers.close()
        await asyncio.gather(self._first.close(), self._second.close())

    async def dividends(self, underlying: str) -> pl.DataFrame:
        """Return the dividends to come of a stock or fund, as the first provider has them."""
        return await self._first.dividends(underlying)

    async def _completed(self, routed: Routed[pl.DataFrame], underlying: str) -> pl.DataFrame:
        """Return a chain with the reason of a fallback, or with the gaps of the first provider's filled."""
        chain = routed.answer
        if routed.reason is not None:
            return await asyncio.to_thread(explained, chain, routed.reason)
        if chain.is_empty() or not self._may_fill:
            return chain
        needs = await asyncio.to_thread(_needs_of, chain)
        other = await self._offers.get(underlying, needs.wanted) if needs.wanted else None
        price = await self._price(needs, other, underlying)
        if other is None and price is None:
            return chain
        dividends = await self.dividends(underlying)
        return await asyncio.to_thread(self._refilled, chain, other, price, dividends)

    def _refilled(
        self, chain: pl.DataFrame, other: pl.DataFrame | None, price: Price | None, dividends: pl.DataFrame
    ) -> pl.DataFrame:
        """Return a chain filled, priced anew, and judged by how often its gaps can be filled.

        Rows that had to wait for others, or for what fills them, are not stale.
        """
        now, by = datetime.now(UTC), self._second.name
        named = chain if price is None else _with_price(chain, price, source=by)
        cadence_s = cadence_of(chain, now)
        if other is None:
            modelled = with_model(named, rates=self._rates, dividends=dividends)
            return validate(modelled, now, cadence_s=cadence_s)
        cadence_s = max(cadence_s, self._offers.cadence_s)
        complete, rows = refilled(named, other, cadence_s=cadence_s, now=now, rates=self._rates, dividends=dividends)
        if rows:
            self._metrics.add("filled_rows", rows, provider=by, endpoint="chain")
            logger.info("filled %s", facts(underlying=chain.item(0, "underlying_symbol"), rows=rows, by=by))
        return complete

    async def _price(self, needs: _Needs, other: pl.DataFrame | None, underlying: str) -> Price | None:
        """Return the second provider's price of the underlying where the first gave none, or no quote.

        Quotes that are all the second's are of another moment than a price that the first's plan delivers late.
        """
        if not needs.has_quotes and other is not None:
            # Of what is too old to fill anything there are no quotes that the price would go with.
            since = datetime.now(UTC) - timedelta(seconds=TOO_OLD_CADENCES * self._offers.cadence_s)
            price = await asyncio.to_thread(price_in, other, source=self._second.name, since=since)
            if price is not None:
                return price
        if needs.has_price:
            return None
        return await self._offers.price(underlying, kept_s=CADENCE_S if needs.has_quotes else REFRESH_S)

    async def _mended(
        self,
        routed: Routed[pl.DataFrame],
        question: Question,
        ask: Callable[[Sequence[str]], Coroutine[Any, Any, pl.DataFrame]],
    ) -> pl.DataFrame:
        """Return quotes with the second provider's rows of what the first one did not give, each with its reason."""
        quotes = routed.answer
        if routed.reason is not None:
            return await asyncio.to_thread(explained, quotes, routed.reason)
        missing = await asyncio.to_thread(_missing_in, quotes)
        if not missing or not self._may_fill:
            return quotes
        other = await self._offers.soon(question, lambda: ask(missing))
        if other is None:
            return quotes
        return await asyncio.to_thread(with_rows, quotes, other, first=self._first.name)


def _needs_of(chain: pl.DataFrame) -> _Needs:
    return _Needs(
        gap_expirations(chain),
        bool(chain.get_column("quote_source").is_not_null().any()),
        bool(chain.get_column("underlying_source").is_in(["massive", "tradier"]).any()),
    )


def _with_price(chain: pl.DataFrame, price: Price, *, source: str) -> pl.DataFrame:
    named = with_underlying(chain, price=price.value, ts=price.ts, source=source, feed=price.feed)
    return named.with_columns(source=pl.lit("hybrid", columns.SOURCE))


def _missing_in(quotes: pl.DataFrame) -> list[str]:
    return quotes.filter(is_missing(quotes)).get_column("symbol").to_list()


def _judged_bars(bars: pl.DataFrame) -> Judgement:
    """Return what bars are worth: none of what trades every day is a gap; many contracts do not trade for days."""
    return Judgement(0.0, "no bars") if bars.is_empty() else Judgement(100.0)


def _judged(chain: pl.DataFrame) -> Judgement:
    """Return what a chain is worth, before anything of it is filtered here."""
    if chain.is_empty():
        return Judgement(-1.0, "no contracts")
    confidence = quality(chain).confidence
    return Judgement(confidence, f"confidence {confidence}" if confidence < LEAST_CONFIDENCE else None)
