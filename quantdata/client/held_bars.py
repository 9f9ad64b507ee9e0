"""Bars with memory: what a lake holds is read, and what it lacks is asked for once and kept as traded."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import polars as pl

from quantdata.client.missing import Run, explain, failed_reason, is_refused, lacking, runs
from quantdata.clients.bar_frame import from_raw
from quantdata.clients.bar_query import is_equity
from quantdata.clients.together import together
from quantdata.errors import DataProviderError, EntitlementError, IncompleteError, PayloadError
from quantdata.frames.bars import TIMEFRAMES
from quantdata.frames.columns import BARS, empty
from quantdata.sessions import session_day, sessions
from quantdata.wire.facts import facts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from quantdata.clients import Provider
    from quantdata.clients.bar_query import BarQuery, TimeframeName
    from quantdata.frames.bars import Timeframe
    from quantdata.lake import GapReason, Lake

__all__ = ["HeldBars"]

logger = logging.getLogger("quantdata.client")

ONE_DAY: Final = timedelta(days=1)
# For a dividend on the first day, of which the close before it is wanted.
DAYS_BEFORE: Final = timedelta(days=10)


class _Raw(NamedTuple):
    """Bars as traded, and the failure that others ended in."""

    bars: pl.DataFrame
    failure: DataProviderError | None = None


class HeldBars:
    """Answers for bars out of a lake, and fills it.

    A session is kept whole, from the day after it on; before that its bars are asked for each time. Bars are kept as
    traded, splits and dividends beside them: adjustments, regular hours and coarser bars are made when asked for.

    Parameters
    ----------
    lake
        Where bars are kept.
    connected
        Returns who is asked for what it lacks.
    """

    def __init__(self, lake: Lake, connected: Callable[[], Awaitable[Provider]]) -> None:
        self._lake = lake
        self._connected = connected

    async def bars(self, query: BarQuery) -> pl.DataFrame:
        """Return bars of one symbol, oldest first, with the columns of `BARS`; each row keeps its source.

        Raises
        ------
        IncompleteError
            If sessions could not be had; ``received`` is the bars of all others.
        DataProviderError
            If none could, or not what they are to be adjusted by.
        """
        return await _Asking(self._lake, await self._connected()).bars(query)


class _Asking:
    """One question: a lake, and who is asked for what it lacks."""

    def __init__(self, lake: Lake, provider: Provider) -> None:
        self._lake = lake
        self._provider = provider
        # Why the host could not say what time it is there.
        self._away: DataProviderError | None = None

    async def bars(self, query: BarQuery) -> pl.DataFrame:
        now = await self._present()
        raw = await self._raw(query, _days_of(query), now)
        if raw.failure is not None and raw.bars.is_empty():
            if is_refused(raw.failure) and query.adjustment != "raw":
                return await self._provider.bars(query)  # it may have them adjusted, but not as traded
            raise raw.failure
        actions = closes = None
        if query.adjustment != "raw" and is_equity(query.symbol):
            actions = await self._actions(query, now)
        if query.adjustment == "total":
            closes = await self._closes(query, now)
        today = session_day(now)
        try:
            bars = await asyncio.to_thread(from_raw, raw.bars, query, today=today, actions=actions, closes=closes)
        except ValueError as error:
            name = self._provider.name
            raise PayloadError(f"{name}: dividends of {query.symbol}: {error}", provider=name) from error
        if raw.failure is not None and not is_refused(raw.failure):
            raise IncompleteError(raw.failure, received=bars, arrived=f"{bars.height:,} bars") from raw.failure
        return bars

    async def _present(self) -> datetime:
        """Return the present at the host; by this machine's clock where the host is away."""
        try:
            return await self._provider.present()
        except DataProviderError as error:
            self._away = error
            return self._provider.now()

    def _require_host(self) -> None:
        """Raise if the host is away: should it come back meanwhile, its present may be another than was taken."""
        if self._away is not None:
            raise self._away

    # --- bars as traded ---------------------------------------------------------------------------------------------

    async def _raw(self, query: BarQuery, days: Run, now: datetime) -> _Raw:
        """Return all bars of some days as traded, of the windows that those asked for are made of."""
        asked = replace(query, timeframe=_kept_as(query), adjustment="raw")
        today = session_day(now)
        held = _Raw(empty(BARS))
        if days.first < today:
            held = await self._settled(asked, Run(days.first, min(days.last, today - ONE_DAY)), today)
        if not days.first <= today <= days.last or not sessions(today, today):
            return held
        try:
            self._require_host()
            fresh = await self._provider.bars(_over(asked, Run(today, today)))
        except DataProviderError as error:
            return _Raw(held.bars, held.failure or error)
        return _Raw(pl.concat([held.bars, fresh]), held.failure)

    async def _settled(self, asked: BarQuery, days: Run, today: date) -> _Raw:
        """Return the bars of sessions that are over, from the lake, once it has all that can be had."""
        wanted = await asyncio.to_thread(self._lacking, asked, days)
        is_intraday = TIMEFRAMES[asked.timeframe].is_intraday
        parts = await together(self._fetched(asked, run, today) for run in runs(wanted, is_intraday=is_intraday))
        held = await asyncio.to_thread(self._read, asked, days)
        failures = [part.failure for part in parts if part.failure is not None]
        failures.sort(key=is_refused)
        logger.info(
            "bars %s",
            facts(
                symbol=asked.symbol,
                timeframe=asked.timeframe,
                sessions=len(days.days),
                asked_for=len(wanted),
                rows=held.height,
                lake=self._lake.path.name,
            ),
        )
        beside = [part.bars for part in parts if not part.bars.is_empty()]
        # A part of a session that is held in regular hours alone may have come with all of its hours.
        bars = pl.concat([held, *beside]).unique("ts", keep="last").sort("ts") if beside else held
        return _Raw(bars, failures[0] if failures else None)

    async def _fetched(self, asked: BarQuery, run: Run, today: date) -> _Raw:
        """Ask for the bars of some sessions and keep them; return those that came and are not kept."""
        over = _over(asked, run)
        kept_since = self._provider.kept_since(over)
        if kept_since is not None and kept_since > run.last:
            detail = f"kept since {kept_since} only"
            await self._note(asked, run.days, "not_entitled", detail)
            name = self._provider.name
            return _Raw(empty(BARS), EntitlementError(f"{name}: {asked.timeframe} bars are {detail}", provider=name))
        try:
            self._require_host()
            bars = await self._provider.bars(over)
        except DataProviderError as error:
            await self._note(asked, run.days, failed_reason(error), str(error))
            return _Raw(error.received if isinstance(error, IncompleteError) else empty(BARS), error)
        await asyncio.to_thread(self._keep, asked, bars, run, today, kept_since)
        return _Raw(empty(BARS))

    async def _note(self, asked: BarQuery, days: list[date], reason: GapReason, detail: str) -> None:
        gaps = dict.fromkeys(days, reason)
        await asyncio.to_thread(self._lake.note_gaps, _dataset(asked), asked.symbol, gaps, detail=detail)

    # --- the lake; in a worker thread -------------------------------------------------------------------------------

    def _lacking(self, asked: BarQuery, days: Run) -> list[date]:
        """Return the sessions to ask for: without bars, or without those out of hours which are wanted."""
        dataset, span, pieces = _dataset(asked), {"start": days.first, "end": days.last}, None
        if asked.session == "all" and TIMEFRAMES[asked.timeframe].is_intraday:
            pieces = self._lake.coverage(dataset, symbols=asked.symbol, **span)
        return lacking(self._lake.gaps(dataset, asked.symbol, **span), pieces)

    def _keep(self, asked: BarQuery, bars: pl.DataFrame, run: Run, today: date, kept_since: date | None) -> None:
        dataset = _dataset(asked)
        if not bars.is_empty():
            self._lake.write(dataset, bars, hours=asked.session)
        traded = set(bars.get_column("session"))
        absent = [day for day in run.days if day not in traded]
        forgotten = [day for day in absent if kept_since is not None and day < kept_since]
        if forgotten:
            detail = f"kept since {kept_since} only"
            reason: GapReason = "not_entitled"
            self._lake.note_gaps(dataset, asked.symbol, dict.fromkeys(forgotten, reason), detail=detail)
        quiet = [day for day in absent if day not in forgotten]
        explain(self._lake, dataset, asked.symbol, quiet, today=today)

    def _read(self, asked: BarQuery, days: Run) -> pl.DataFrame:
        held = self._lake.scan(_dataset(asked), symbols=asked.symbol, start=days.first, end=days.last)
        return held.drop("date").collect()

    # --- adjustments ------------------------------------------------------------------------------------------------

    async def _actions(self, query: BarQuery, now: datetime) -> pl.DataFrame | None:
        """Return the splits and dividends of a stock, asked for once a day; older ones where nobody answers.

        None, for bars as traded, where a host has none and no total return is asked for.
        """
        symbol, today = query.symbol, session_day(now)
        held = await asyncio.to_thread(self._lake.corporate_actions, symbol)
        if held is not None and held.asked_on >= today:
            return held.actions
        try:
            self._require_host()
            actions = await self._provider.corporate_actions(symbol)
        except DataProviderError as error:
            if held is None:
                if is_refused(error) and query.adjustment == "split":
                    return None
                raise
            logger.warning("old corporate actions %s", facts(symbol=symbol, of=held.asked_on, why=error))
            return held.actions
        await asyncio.to_thread(self._lake.keep_corporate_actions, symbol, actions, asked_on=today)
        return actions

    async def _closes(self, query: BarQuery, now: datetime) -> pl.DataFrame:
        """Return daily bars as traded, from before the first day to yesterday: what dividends are weighed by."""
        days = Run(_days_of(query).first - DAYS_BEFORE, session_day(now) - ONE_DAY)
        raw = await self._raw(replace(query, timeframe="1d"), days, now)
        if raw.failure is not None:
            raise raw.failure
        return raw.bars


def _days_of(query: BarQuery) -> Run:
    """Return the first and the last day of which bars are wanted."""
    if query.timeframe == "1w":
        return Run(*query.whole_weeks())
    return Run(session_day(query.start), session_day(query.end))


def _kept_as(query: BarQuery) -> TimeframeName:
    """Return the timeframe of the bars that those asked for are made of."""
    names = cast("dict[TimeframeName, Timeframe]", TIMEFRAMES)
    return next(name for name, window in names.items() if window is query.window)


def _dataset(asked: BarQuery) -> str:
    return f"bars_{asked.timeframe}"


def _over(asked: BarQuery, days: Run) -> BarQuery:
    start, end = days.moments
    return replace(asked, start=start, end=end)
