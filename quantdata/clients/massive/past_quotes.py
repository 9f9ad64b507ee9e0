"""Loads past quotes of an option contract from Massive, newest first, as many as are worth the time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from quantdata.clients.answer import answered
from quantdata.clients.integrity import overlap
from quantdata.frames.massive.option_quotes import option_quotes, quote_page
from quantdata.symbols import parse_option
from quantdata.wire.massive import endpoints

if TYPE_CHECKING:
    import polars as pl

    from quantdata.wire.http import Request
    from quantdata.wire.massive.envelope import Page
    from quantdata.wire.massive.rest import MassiveRest

__all__ = ["load_quotes"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Nanoseconds that a microsecond, the last one asked for, holds beside its first.
WITHIN_NS: Final = 999
# Pages of 50,000. A contract at the money is quoted some hundred thousand times a day, and only one page at a time can
# be had: its cursor is in the page before.
MOST_PAGES: Final = 4


async def load_quotes(rest: MassiveRest, symbol: str, *, start: datetime, end: datetime) -> pl.DataFrame:
    """Return the newest quotes of one contract in a span, oldest first, with the columns of `OPTION_QUOTES`.

    Raises
    ------
    DataProviderError
        If a page fails: what the newest quotes are is not known without it.
    """
    start_ns, end_ns = _nanoseconds(start), _nanoseconds(end) + WITHIN_NS
    following: Request | None = endpoints.quotes(
        parse_option(symbol).massive, start_ns=start_ns, end_ns=end_ns, order="desc"
    )
    read = partial(_read, start_ns=start_ns, end_ns=end_ns)
    pages: list[pl.DataFrame] = []
    delayed: list[bool] = []
    while following is not None and len(pages) < MOST_PAGES:
        (page, is_delayed), following = await rest.page(following, read)
        pages.append(page)
        delayed.append(is_delayed)
    feed = answered(rest, is_delayed=any(delayed)).feed
    try:
        return await asyncio.to_thread(option_quotes, pages, symbol, feed=feed)
    except ValueError as error:
        raise overlap(f"the quotes of {symbol}", provider=rest.provider) from error


def _read(page: Page, *, start_ns: int, end_ns: int) -> tuple[pl.DataFrame, bool]:
    quotes = quote_page(page.results)
    if not quotes.get_column("sip_timestamp").is_between(start_ns, end_ns).all():
        raise ValueError("quotes outside of the time that was asked for")
    return quotes, page.is_delayed


def _nanoseconds(moment: datetime) -> int:
    # Exact: a float of seconds has no room for nanoseconds.
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000
