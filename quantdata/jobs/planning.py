"""`plan`: what jobs will take, before anything runs."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from quantdata import portal
from quantdata.frames.columns import JOB_PLAN, schema
from quantdata.hybrid import AsyncHybrid
from quantdata.jobs.estimates import estimated, recent_pieces, requests_of
from quantdata.jobs.journal import Journal
from quantdata.jobs.tasks import pending, snapshot_tasks
from quantdata.sessions import midnight
from quantdata.symbols import is_option_symbol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from quantdata.client import AsyncClient, Client
    from quantdata.client.core import Core
    from quantdata.clients import Provider
    from quantdata.jobs.estimates import Size
    from quantdata.jobs.job import Job, Kind
    from quantdata.jobs.tasks import Held
    from quantdata.lake import Lake

__all__ = ["plan"]

# The blocks of a plan that a kind of job wants; without the first there is nothing.
BLOCKS: Final[dict[Kind, tuple[str, ...]]] = {
    "chains": ("chain", "chain_quotes", "chain_trades", "chain_greeks", "chain_underlying"),
    "bars": ("bars",),
    "quotes": ("equity_quotes",),
    "indices": ("indices",),
    "flow": ("option_trades", "option_quotes"),
    "trades": ("option_trades",),
}


class _Known(NamedTuple):
    """What is known of the account, and of the present there."""

    provider: Provider
    now: datetime
    per_minute: float
    entitlements: pl.DataFrame


def plan(jobs: Iterable[Job], client: Client | AsyncClient, lake: Lake) -> pl.DataFrame:
    """Return what jobs will take and what they will not get; nothing of theirs is asked for.

    The account is: a little of each block (``client.entitlements()``, some ten requests), which tells its rate too.

    Parameters
    ----------
    jobs
        What is wanted.
    client
        Who would ask.
    lake
        Where it would go, and what is there already.

    Returns
    -------
    pl.DataFrame
        One row for each symbol, or for those that one request brings, with the columns of
        ``quantdata.frames.columns.JOB_PLAN``, in the order of the jobs. Requests are counted in the vendor's pages;
        retries, and what a second vendor fills in, come on top. Rows and bytes are those of like pieces in the lake,
        else `quantdata.jobs.estimates.ASSUMED` ones.

    Raises
    ------
    ArgumentError
        If a job makes no sense by now.
    LakeError
        If the lake cannot be read.
    DataProviderError
        If the account cannot be reached.
    """
    return portal.call(_planned(list(dict.fromkeys(jobs)), client._core, lake))  # noqa: SLF001  # of one house


async def _planned(jobs: Sequence[Job], core: Core, lake: Lake) -> pl.DataFrame:
    provider = await core.connected()
    entitlements = await provider.entitlements()
    known = _Known(provider, await provider.present(), _rate(provider), entitlements)
    rows: list[dict[str, Any]] = []
    for job in jobs:
        rows += await asyncio.to_thread(_rows, job, known, lake, core.source)
    return pl.DataFrame(rows, schema=schema(JOB_PLAN), orient="row")


def _rows(job: Job, known: _Known, lake: Lake, source: str) -> list[dict[str, Any]]:
    recent = recent_pieces(job, lake, known.now)
    if job.is_snapshot:
        left = Journal(lake, job, source).unfinished(known.now)
        return _snapshot_rows(job, known, recent, done=frozenset() if left is None else left.done)
    return [_history_row(each, known, recent) for each in pending(job, lake, known.now)]


def _history_row(held: Held, known: _Known, recent: pl.DataFrame) -> dict[str, Any]:
    size = estimated(held.job, (held.symbol,), recent=recent, own=held.pieces)
    sessions = len(held.lacking)
    requests = sum(requests_of(held.job, known.provider.name, size.rows * len(run.days)) for run in held.runs)
    first, last = held.span
    return {
        "dataset": held.job.dataset,
        "symbol": held.symbol,
        "start": first,
        "end": last,
        "sessions": sessions,
        "cached": held.pieces.height + held.explained,
        **_amounts(size, requests, pieces=sessions, known=known),
        "not_included": _said(_refused(held.job, known, held.symbol), _forgotten(held, known), _waiting(held.waiting)),
    }


def _snapshot_rows(job: Job, known: _Known, recent: pl.DataFrame, *, done: frozenset[str]) -> list[dict[str, Any]]:
    rows = []
    for task in snapshot_tasks(job):
        lacking = tuple(symbol for symbol in task.symbols if symbol not in done)
        size = estimated(job, lacking or task.symbols, recent=recent)
        requests = requests_of(job, known.provider.name, size.rows) if lacking else 0
        amounts = _amounts(size, requests, pieces=1 if lacking else 0, known=known)
        cached = len(task.symbols) - len(lacking)
        refused = _refused(job, known, task.symbols[0])
        rows.append(
            {"dataset": job.dataset, "symbol": task.named, "cached": cached, **amounts, "not_included": refused}
        )
    return rows


def _amounts(size: Size, requests: int, *, pieces: int, known: _Known) -> dict[str, Any]:
    return {
        "requests": requests,
        "seconds": requests * 60.0 / known.per_minute,
        "rows": round(size.rows * pieces),
        "bytes": round(size.bytes * pieces),
        "is_measured": size.is_measured,
    }


# --- what will not come ---------------------------------------------------------------------------------------------


def _refused(job: Job, known: _Known, symbol: str) -> str | None:
    """Return which blocks no vendor's plan delivers, and why."""
    if job.kind == "trades" and not is_option_symbol(symbol):
        return None  # no block tells of those of stocks
    said = []
    for block in BLOCKS[job.kind]:
        rows = known.entitlements.filter(pl.col("block") == block)
        if rows.height and rows.get_column("is_entitled").eq_missing(other=False).all():
            said.append(f"{block}: {rows.item(0, 'reason')}")
    return _said(*said)


def _forgotten(held: Held, known: _Known) -> str | None:
    """Return how many of the sessions are older than what the vendor keeps."""
    if held.job.kind != "bars" or not held.lacking:
        return None
    query = held.job.bar_query(held.symbol, midnight(held.lacking[0]), midnight(held.lacking[-1]))
    kept = known.provider.kept_since(query)
    older = 0 if kept is None else sum(day < kept for day in held.lacking)
    return f"{older:,} sessions before {kept}, from where on {known.provider.name} keeps them" if older else None


def _waiting(day: date | None) -> str | None:
    return None if day is None else f"the session of {day}, which is kept from the day after it on"


def _said(*facts: str | None) -> str | None:
    return "; ".join(fact for fact in facts if fact is not None) or None


def _rate(provider: Provider) -> float:
    """Return the requests a minute that the account has: of two vendors, of the first."""
    asked = provider.first if isinstance(provider, AsyncHybrid) else provider
    return min((budget.per_minute for budget in asked.budgets()), default=math.inf)
