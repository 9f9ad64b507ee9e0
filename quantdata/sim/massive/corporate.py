"""Splits and dividends, in both generations of the endpoints.

References
----------
``/v3/reference/splits``, ``/v3/reference/dividends``, ``/stocks/v1/splits``, ``/stocks/v1/dividends``:
reference/massive.md §6.
"""

from __future__ import annotations

from functools import cache, partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from quantdata.sessions import previous_session, session_day
from quantdata.sim.massive.answers import Answer, encode_rows
from quantdata.sim.massive.paging import (
    Query,
    any_of,
    as_date,
    as_flag,
    as_number,
    as_text,
    bounds,
    integer,
    is_descending,
    next_cursor,
)
from quantdata.sim.massive.refusals import bad_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from quantdata.sim.massive.request import Request
    from quantdata.sim.views import Dividend, Split

__all__ = ["dividends", "dividends_v1", "splits", "splits_v1"]

Row = dict[str, Any]

_OLD_LIMITS = (10, 1_000)
_NEW_LIMITS = (100, 5_000)
_NUMBERS = ("frequency", "cash_amount")
_DIVIDEND_DATES = ("ex_dividend_date", "pay_date", "record_date", "declaration_date")


def splits(request: Request) -> Answer:
    """Answer one page of splits."""
    rows = [_split(split) for split in _splits(request)]
    if "reverse_split" in request.query:
        is_reverse = as_flag(request.query, "reverse_split", default=False)
        rows = [row for row in rows if (row["split_from"] > row["split_to"]) == is_reverse]
    return _page(request, rows, texts=("ticker", "execution_date"), limits=_OLD_LIMITS, newest_by="execution_date")


def splits_v1(request: Request) -> Answer:
    """Answer one page of splits with their factors for historical prices."""
    rows: list[Row] = []
    for split in _splits(request):
        later = [each for each in request.market.splits(split.symbol) if each.execution_date >= split.execution_date]
        row = _split(split)
        row["adjustment_type"] = "forward_split" if split.after > split.before else "reverse_split"
        row["historical_adjustment_factor"] = _product(each.before / each.after for each in later)
        rows.append(row)
    texts = ("ticker", "execution_date", "adjustment_type")
    return _page(request, rows, texts=texts, limits=_NEW_LIMITS, newest_by="execution_date")


def dividends(request: Request) -> Answer:
    """Answer one page of cash dividends."""
    rows = [_dividend(each) | {"dividend_type": "CD"} for each in _dividends(request)]
    texts = ("ticker", "dividend_type", *_DIVIDEND_DATES)
    return _page(request, rows, texts=texts, limits=_OLD_LIMITS, newest_by="ex_dividend_date")


def dividends_v1(request: Request) -> Answer:
    """Answer one page of cash dividends in today's shares, with their factors for historical prices."""
    rows: list[Row] = []
    for each in _dividends(request):
        later = [split for split in request.market.splits(each.symbol) if split.execution_date > each.ex_date]
        in_todays_shares = _product(split.before / split.after for split in later)
        row = _dividend(each)
        row["distribution_type"] = "recurring"
        row["split_adjusted_cash_amount"] = round(each.cash_amount * in_todays_shares, 6)
        rows.append(row)
    texts = ("ticker", "distribution_type", *_DIVIDEND_DATES)
    kept = cache(partial(_kept_share, request))

    def with_factor(row: Row) -> Row:
        later = [
            each
            for each in request.market.dividends(row["ticker"])
            if row["ex_dividend_date"] <= str(each.ex_date) <= str(session_day(request.now))
        ]
        return row | {"historical_adjustment_factor": round(_product(kept(each) for each in later), 6)}

    return _page(request, rows, texts=texts, limits=_NEW_LIMITS, newest_by="ex_dividend_date", finish=with_factor)


def _splits(request: Request) -> list[Split]:
    today = session_day(request.now)
    return [
        split
        for symbol in request.market.equities
        for split in request.market.splits(symbol)
        if split.execution_date <= today
    ]


def _dividends(request: Request) -> list[Dividend]:
    today = session_day(request.now)
    return [
        dividend
        for symbol in request.market.equities
        for dividend in request.market.dividends(symbol)
        if dividend.declaration_date <= today
    ]


def _split(split: Split) -> Row:
    return {
        "execution_date": str(split.execution_date),
        "id": _id("split", split.symbol, split.execution_date),
        "split_from": split.before,
        "split_to": split.after,
        "ticker": split.symbol,
    }


def _dividend(dividend: Dividend) -> Row:
    return {
        "cash_amount": dividend.cash_amount,
        "currency": "USD",
        "declaration_date": str(dividend.declaration_date),
        "ex_dividend_date": str(dividend.ex_date),
        "frequency": dividend.frequency,
        "id": _id("dividend", dividend.symbol, dividend.ex_date),
        "pay_date": str(dividend.pay_date),
        "record_date": str(dividend.record_date),
        "ticker": dividend.symbol,
    }


def _id(*labels: object) -> str:
    return "E" + blake2b(":".join(map(str, labels)).encode(), digest_size=32).hexdigest()


def _product(factors: Iterable[float]) -> float:
    product = 1.0
    for factor in factors:
        product *= factor
    return product


def _kept_share(request: Request, dividend: Dividend) -> float:
    """Return what a dividend leaves of the price, 1 - cash / last close before: total-return prices use the product."""
    before = previous_session(dividend.ex_date).day
    close = request.market.daily_bars(dividend.symbol, before, before).close
    return 1 - dividend.cash_amount / float(close[-1]) if len(close) else 1.0


# --- pages ----------------------------------------------------------------------------------------------------------


def _page(
    request: Request,
    rows: list[Row],
    *,
    texts: tuple[str, ...],
    limits: tuple[int, int],
    newest_by: str,
    finish: Callable[[Row], Row] = dict,
) -> Answer:
    """Filter, order, cut and finish rows; the newest come first unless asked otherwise."""
    query = request.query
    limit = integer(query, "limit", default=limits[0], maximum=limits[1])
    rows = _filtered(query, rows, texts)
    sort, descending = _order(query, (*texts, *_NUMBERS), newest_by)
    rows.sort(key=lambda row: (row[sort], row["ticker"], row["id"]), reverse=descending)
    after = query.get("ap")
    if after is not None:
        places = [place for place, row in enumerate(rows) if row["id"] == after]
        if not places:
            raise bad_parameter("cursor", after, "a cursor of a previous answer")
        rows = rows[places[0] + 1 :]
    cursor = None
    if len(rows) > limit:
        cursor = next_cursor(query, after=rows[limit - 1]["id"])
    tail = {"status": "OK", "request_id": ""}
    return Answer(rows=encode_rows(map(finish, rows[:limit])), tail=tail, next_path=request.link(cursor))


def _filtered(query: Query, rows: list[Row], texts: tuple[str, ...]) -> list[Row]:
    for name in (*texts, *_NUMBERS):
        read = _reader(name)
        for bound in bounds(query, name, read):
            rows = [row for row in rows if name in row and bound.compare(row[name], bound.value)]
        words = any_of(query, name)
        if words is not None:
            rows = [row for row in rows if str(row.get(name)) in words]
    return rows


def _reader(name: str) -> Callable[[str, str], Any]:
    if name in _NUMBERS:
        return as_number
    return _as_day if name.endswith("_date") else as_text


def _as_day(name: str, value: str) -> str:
    # ISO dates sort as text, which is how the rows have them.
    return str(as_date(name, value))


def _order(query: Query, names: tuple[str, ...], newest_by: str) -> tuple[str, bool]:
    """Read ``sort=field`` with ``order=asc|desc``, or the newer ``sort=field.asc``."""
    name, _, direction = query.get("sort", newest_by).partition(".")
    if name not in names:
        raise bad_parameter("sort", name, f"one of {', '.join(names)}")
    if direction:
        return name, is_descending({"order": direction})
    return name, is_descending(query, default="asc" if name == "ticker" else "desc")
