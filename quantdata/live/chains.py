"""The chain of one underlying as it stands: what polls told, what streams told since, then the model and the rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.frames import columns
from quantdata.frames.chain import SORT, remeasured
from quantdata.frames.columns import CHAIN, empty
from quantdata.frames.model import OF_THE_QUOTE, repriced, with_model
from quantdata.live.groups import DAY, QUOTE, TRADE
from quantdata.live.merging import Newest, answered, any_symbol
from quantdata.live.overlay import Ground, overlaid
from quantdata.live.standing import Pace, Spot, is_within, judged, latest_spot, moved_on, spot_of, with_day, with_spot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from quantdata.pricing.rates import RateCurve

__all__ = ["LiveChain", "Pace", "Spot"]

KEY: Final = "contract_symbol"
# What the model and the rules write; between two valuations it stays.
_VALUED: Final = frozenset(
    {
        "forward_price",
        "discount_factor",
        *OF_THE_QUOTE,
        "age_s",
        *(column.name for column in columns.CHAIN_QUALITY),
    }
)
# What the model writes where no vendor told a price of the underlying.
_SPOT: Final = frozenset({"underlying_price", "underlying_ts", "underlying_source", "moneyness"})


@dataclass(slots=True, kw_only=True)
class LiveChain:
    """One chain; for one thread at a time.

    Polls and events may come in any order; each group of a row ends as the newest event of all dictates. Rows, and all
    that has no time of its own, are those of the poll that was answered last. What the model and the rules add costs
    more than all the rest: it is asked for apart (`valuation`), and in the meantime volatilities, greeks and quality
    stay what they were, with the instants that they say.

    Parameters
    ----------
    rates
        Of the model.
    """

    rates: RateCurve
    _polled: pl.DataFrame = field(default_factory=lambda: empty(CHAIN))
    _dividends: pl.DataFrame | None = None
    _quotes: Newest = field(default_factory=lambda: Newest(QUOTE))
    _trades: Newest = field(default_factory=lambda: Newest(TRADE))
    _days: Newest = field(default_factory=lambda: Newest(DAY))
    _polled_spot: Spot | None = None
    _spot: Spot | None = None
    # The rows as they stand, and what they stand on; None when something has come since they were put together.
    _rows: pl.DataFrame | None = None
    _ground: Ground | None = None
    _valued: pl.DataFrame = field(default_factory=lambda: empty(CHAIN))
    # How many polls there were, and how many of them are in what was asked of the model, and in what it answered.
    _polls: int = 0
    _polls_asked: int = 0
    _polls_valued: int = 0
    _is_changed: bool = False

    @property
    def needs_valuation(self) -> bool:
        """Whether quotes have changed since the model and the rules were last asked."""
        return self._is_changed and not self._polled.is_empty()

    @property
    def newest_quotes(self) -> Newest:
        """The newest quote of each contract that ever had one."""
        return self._quotes

    def poll(
        self,
        chain: pl.DataFrame,
        *,
        dividends: pl.DataFrame | None = None,
        span: tuple[date | None, date | None] = (None, None),
    ) -> None:
        """Take in a chain, as a provider answers; one without rows tells nothing.

        A contract that has no quote, or no trade, in the poll answered last has none, until a stream tells one: a
        vendor that does not send it any more means so.

        Parameters
        ----------
        chain
            Canonical rows, all that there are of the span.
        dividends
            As in `with_model`.
        span
            Which expirations it is about, both ends included; None is an open end. The others keep their rows.
        """
        if chain.is_empty():
            return
        self._quotes.poll(chain)
        self._trades.poll(chain)
        is_asked = is_within(span)
        if answered(chain) >= answered(self._polled.filter(is_asked)):
            others = self._polled.filter(~is_asked)
            self._polled = pl.concat([others, chain]).sort(SORT) if others.height else chain
            self._dividends = dividends
        self._polls += 1
        self._polled_spot = latest_spot(self._polled_spot, spot_of(chain))
        self._ground = None
        self._change(quotes=True)

    def quotes(self, events: pl.DataFrame, *, is_own: Callable[[str], bool] = any_symbol) -> bool:
        """Take in events of `quantdata.frames.events.option_quote_events`; tell whether any is of this chain.

        Parameters
        ----------
        is_own
            Whether a contract that is not known yet is one of this chain.
        """
        is_news = self._quotes.stream(events, is_own=is_own)
        if is_news:
            self._change(quotes=True)
        return is_news

    def trades(self, events: pl.DataFrame, *, is_own: Callable[[str], bool] = any_symbol) -> bool:
        """Take in events of `quantdata.frames.events.option_trade_events`, as `quotes` does."""
        is_news = self._trades.stream(events, is_own=is_own)
        if is_news:
            self._change()
        return is_news

    def days(self, events: pl.DataFrame, *, is_own: Callable[[str], bool] = any_symbol) -> bool:
        """Take in events of `quantdata.frames.events.option_day_events`, as `quotes` does."""
        is_news = self._days.stream(events, is_own=is_own)
        if is_news:
            self._ground = None
            self._change()
        return is_news

    def spot(self, spot: Spot) -> bool:
        """Take in a price of the underlying, and tell whether it says anything new; an older one does not."""
        newest = latest_spot(self._spot, spot)
        is_news = newest != self._spot
        if is_news:
            self._spot, self._ground = newest, None
            self._change()
        return is_news

    def frame(self) -> pl.DataFrame:
        """Return the chain as it stands; without rows until it was first valued, and without contracts that were not.

        Prices, sizes, times and who gave them are those of the moment; volatilities, greeks and quality those of the
        last valuation.
        """
        if self._valued.is_empty():
            return self._valued
        rows, valued = self._assembled(), self._valued
        if not rows.get_column(KEY).equals(valued.get_column(KEY)):
            # Contracts were listed or have expired.
            rows = rows.join(valued.select(KEY), on=KEY, how="semi", maintain_order="left")
            valued = rows.select(KEY).join(valued, on=KEY, how="left", maintain_order="left")
        given = _VALUED if _has_spot(rows) else _VALUED | _SPOT
        return pl.DataFrame([(valued if name in given else rows).get_column(name) for name in rows.columns])

    def standing(self) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Return the chain as it stands, valued or not, and the last dividends: what another may begin with."""
        return (self._polled if self._valued.is_empty() else self.frame()), self._dividends

    def valuation(self, now: datetime, *, paces: Sequence[Pace]) -> Callable[[], pl.DataFrame]:
        """Return what prices and judges the chain as it stands, in any thread; `adopt` takes the result in.

        One at a time. Of one that fails nothing is lost: the next does its work.

        Parameters
        ----------
        now
            The present (UTC), by the clock that ``received_ts`` is of.
        paces
            Which ages are held against, by rising expiration.
        """
        rows, rates, dividends = self._assembled(), self.rates, self._dividends
        before = self._valued if self._polls == self._polls_valued else _priced(self._polled)
        self._polls_asked, self._is_changed = self._polls, False

        def valued() -> pl.DataFrame:
            if before is None or not rows.get_column(KEY).equals(before.get_column(KEY)):
                modelled = with_model(rows, rates=rates, dividends=dividends)
            else:
                changed = _changed(rows, before)
                modelled = repriced(rows, before, changed, rates=rates, dividends=dividends)
            return judged(modelled, now, paces)

        return valued

    def adopt(self, valued: pl.DataFrame) -> None:
        """Take in the result of the last `valuation`."""
        self._valued = valued
        self._polls_valued = self._polls_asked

    def _change(self, *, quotes: bool = False) -> None:
        self._rows = None
        self._is_changed |= quotes

    def _assembled(self) -> pl.DataFrame:
        """Return the rows as vendors gave them, each group that of its newest event, with what follows from those.

        ``snapshot_ts`` moves on with the events, and the time to expiry with it.
        """
        if self._polled.is_empty():
            return self._polled
        if self._rows is None:
            rows = self._grounded().under(self._quotes, self._trades)
            self._rows = remeasured(moved_on(rows, self._polled))
        return self._rows

    def _grounded(self) -> Ground:
        """Return the rows of the last poll with what changes less often than quotes and trades: day and underlying."""
        if self._ground is None:
            rows = overlaid(self._polled, self._days)
            if len(self._days):
                rows = with_day(rows, self._polled)
            spot = latest_spot(self._polled_spot, self._spot)
            self._ground = Ground(rows if spot is None else with_spot(rows, spot))
        return self._ground


def _priced(chain: pl.DataFrame) -> pl.DataFrame | None:
    """Return a chain as a provider prices it, which need not be done again; None if it came without the model's."""
    return None if chain.get_column("discount_factor").null_count() == chain.height else chain


def _changed(rows: pl.DataFrame, before: pl.DataFrame) -> pl.Series:
    """Return which rows have another quote than before, or greeks that were of a vendor and are to be the model's."""
    is_other = [
        rows.get_column(name).ne_missing(before.get_column(name)) for name in ("bid", "ask", "quote_ts", "quote_source")
    ]
    is_bare = rows.get_column("iv_source").is_null() & rows.get_column("greeks_source").is_null()
    is_given = before.select(
        pl.any_horizontal(pl.col(name).cast(pl.String) != "model" for name in ("iv_source", "greeks_source"))
    ).to_series()
    return is_other[0] | is_other[1] | is_other[2] | is_other[3] | (is_bare & is_given.fill_null(value=False))


def _has_spot(rows: pl.DataFrame) -> bool:
    return bool((rows.get_column("underlying_source") != "model").any())
