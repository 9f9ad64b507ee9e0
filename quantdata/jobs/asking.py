"""One task carried out: asked for, kept in the lake, and what became of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata import symbols as spelling
from quantdata.client.held_bars import HeldBars
from quantdata.client.missing import explain, failed_reason, is_refused
from quantdata.clients.order_flow import flow_warning
from quantdata.errors import AllProvidersFailedError, AuthenticationError, DataProviderError
from quantdata.jobs.report import Outcome, totals
from quantdata.sessions import NEW_YORK, session, session_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from typing import TypeAlias

    from quantdata.client.core import Core
    from quantdata.client.missing import Run
    from quantdata.jobs.report import Status
    from quantdata.jobs.tasks import Task
    from quantdata.lake import Lake

    Keep: TypeAlias = Callable[[], list[Outcome]]

__all__ = ["Asking", "regular_close"]

TICK: Final = timedelta(microseconds=1)
# On a half-day trading ends so much earlier.
EARLIER: Final = timedelta(hours=3)


class Asking:
    """Carries out tasks: one client, one lake. On the portal's loop.

    Parameters
    ----------
    core
        Whose questions are asked.
    lake
        Where the answers go.
    """

    def __init__(self, core: Core, lake: Lake) -> None:
        self._core = core
        self._lake = lake
        self._bars = HeldBars(lake, core.connected)

    async def ask(self, task: Task) -> Keep:
        """Ask; return what is left to do in a worker thread: to keep the answer, and say what became of it.

        What a vendor does not give is an outcome too.

        Raises
        ------
        LakeError
            If the lake cannot be read or written; so does what is returned.
        DataProviderError
            If the key is refused, as it will be for every other task.
        ArgumentError
            If what is asked for makes no sense by now.
        """
        if task.run is None:
            return await self._snapshot(task)
        return await (self._trades if task.job.kind == "trades" else self._history)(task, task.run)

    # --- bars and trades --------------------------------------------------------------------------------------------

    async def _history(self, task: Task, run: Run) -> Keep:
        """Ask for bars, which are kept as they come."""
        query = task.job.bar_query(task.named, *run.moments)
        failure: DataProviderError | None = None
        try:
            await self._bars.bars(query)
        except DataProviderError as error:
            failure = _unless_hopeless(error)
        return partial(self._kept, task, run, failure)

    async def _trades(self, task: Task, run: Run) -> Keep:
        start, end = run.moments if task.job.session == "all" else _trading(task.named, run.first)
        provider = await self._core.connected()
        try:
            today = session_day(await provider.present())
            if run.first >= today:
                return partial(self._kept, task, run, None)  # the host was away when its present was first asked for
            tape = await provider.trades(task.named, start=start, end=end)
        except DataProviderError as error:
            return partial(self._keep_failure, task, run, _unless_hopeless(error))
        return partial(self._keep_trades, task, run, tape, today)

    def _keep_failure(self, task: Task, run: Run, failure: DataProviderError) -> list[Outcome]:
        why = failed_reason(failure)
        self._lake.note_gap(task.job.dataset, task.named, run.first, why, detail=str(failure))
        return self._kept(task, run, failure)

    def _keep_trades(self, task: Task, run: Run, tape: pl.DataFrame, today: date) -> list[Outcome]:
        dataset, symbol = task.job.dataset, task.named
        if not tape.is_empty():
            self._lake.write(dataset, tape, hours=task.job.session)
        else:
            explain(self._lake, dataset, symbol, [run.first], today=today)
        return self._kept(task, run, None)

    def _kept(self, task: Task, run: Run, failure: DataProviderError | None) -> list[Outcome]:
        """Return what the lake has now of the sessions of a task."""
        dataset, symbol = task.job.dataset, task.named
        pieces = self._lake.coverage(dataset, symbols=symbol, start=run.first, end=run.last)
        gaps = self._lake.gaps(dataset, symbol, run.first, run.last).filter(pl.col("reason") != "holiday")
        status, detail = _judged(pieces.height, gaps, failure)
        return [Outcome(dataset, symbol, run.first, run.last, None, status, pieces.height, *totals(pieces), detail)]

    # --- snapshots --------------------------------------------------------------------------------------------------

    async def _snapshot(self, task: Task) -> Keep:
        try:
            frame = await self._asked(task)
        except DataProviderError as error:
            failure = _unless_hopeless(error)
            return lambda: [_snapshot_outcome(task, failed_reason(failure), detail=str(failure))]
        return partial(self._keep_snapshot, task, frame)

    async def _asked(self, task: Task) -> pl.DataFrame:
        """Get a snapshot as the client does, but for its cache and its warnings."""
        job, core = task.job, self._core
        if job.kind == "chains":
            ask = core.chain(job.chain_query(task.named))
            return await asyncio.to_thread(ask.finish, await ask.fetch())
        if job.kind == "flow":
            ask = core.flow(task.named, start=None, end=None, contracts=None, top=job.top)
        else:
            ask = core.quotes(task.symbols) if job.kind == "quotes" else core.indices(task.symbols)
        frame: pl.DataFrame = await ask.fetch()
        return frame

    def _keep_snapshot(self, task: Task, frame: pl.DataFrame) -> list[Outcome]:
        kind = task.job.kind
        if frame.is_empty():
            return [_snapshot_outcome(task, "empty", detail="no contract is listed, or passes the filters")]
        if kind in {"quotes", "indices"}:
            return self._keep_quotes(task, frame)
        named = {"underlying": task.named} if kind == "flow" else {"filters": task.job.filters}
        pieces = self._lake.write(kind, frame, **named)
        detail = flow_warning(frame) if kind == "flow" else None
        return [_snapshot_outcome(task, "done", pieces, detail=detail)]

    def _keep_quotes(self, task: Task, frame: pl.DataFrame) -> list[Outcome]:
        """Keep what came; each symbol without a quote is a failure of its own."""
        lacking = dict(frame.filter(pl.col("vendor_error").is_not_null()).select("symbol", "vendor_error").iter_rows())
        given = frame.filter(pl.col("vendor_error").is_null())
        failed = [_snapshot_outcome(task, "failed", symbol=symbol, detail=why) for symbol, why in lacking.items()]
        if given.is_empty():
            return failed
        pieces = self._lake.write(task.job.kind, given)
        came = " ".join(symbol for symbol in task.symbols if symbol not in lacking)
        return [_snapshot_outcome(task, "done", pieces, symbol=came), *failed]


def _snapshot_outcome(
    task: Task,
    status: Status,
    pieces: pl.DataFrame | None = None,
    *,
    symbol: str | None = None,
    detail: str | None = None,
) -> Outcome:
    amounts = (0, 0) if pieces is None else totals(pieces)
    named = task.named if symbol is None else symbol
    return Outcome(task.job.dataset, named, None, None, task.slot, status, None, *amounts, detail)


def _judged(kept: int, gaps: pl.DataFrame, failure: DataProviderError | None) -> tuple[Status, str | None]:
    """Return how a task of sessions ended, by what the lake has and knows now."""
    if failure is not None and not is_refused(failure):
        return "failed", str(failure)
    refused = gaps.filter(pl.col("reason") == "not_entitled")
    if failure is not None or refused.height:
        said = str(failure) if failure is not None else f"{refused.height:,} sessions: {refused.item(0, 'detail')}"
        return "not_entitled", said
    without = ", ".join(f"{count:,} {reason}" for reason, count in gaps.group_by("reason").len().sort("reason").rows())
    detail = f"sessions without any: {without.replace('not_asked', 'not yet')}" if without else None
    return ("done" if kept else "empty"), detail


def _unless_hopeless(error: DataProviderError) -> DataProviderError:
    """Return an error; raise it where every other task would end in it too: the key is wrong."""
    each = error.errors.values() if isinstance(error, AllProvidersFailedError) else [error]
    if all(isinstance(one, AuthenticationError) for one in each):
        raise error
    return error


def _trading(symbol: str, day: date) -> tuple[datetime, datetime]:
    """Return the first and the last moment of a session's regular trading (UTC)."""
    return session(day).open, regular_close(symbol, day) - TICK


def regular_close(symbol: str, day: date, *, has_options: bool = False) -> datetime:
    """Return when regular trading ends in a session (UTC): 16:00 New York time, of some options 16:15.

    Parameters
    ----------
    symbol
        Stock, fund, index or contract.
    day
        A session; on a half-day trading ends three hours earlier.
    has_options
        Whether the options on the symbol are meant: then the latest of their roots counts.
    """
    at: time | None = None
    if has_options:
        at = max(spelling.root_facts(root).close for root in spelling.roots_of(symbol))
    elif spelling.is_option_symbol(symbol):
        at = spelling.root_facts(spelling.parse_option(symbol).root).close
    if at is None:
        return session(day).close
    closes = datetime.combine(day, at, NEW_YORK).astimezone(UTC)
    return closes - EARLIER if session(day).is_half_day else closes
