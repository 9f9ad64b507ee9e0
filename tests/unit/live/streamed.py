"""What an options stream told, written short; times are milliseconds after noon in New York."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from quantdata.frames.events import Stamp, option_quote_events
from quantdata.live.groups import QUOTE
from quantdata.live.merging import Newest
from quantdata.live.prints import HeldQuotes
from quantdata.wire.book import Batch
from quantdata.wire.events import Quote, Trade
from tests.unit.analytics.tape_rows import CALL, NOON
from tests.unit.hybrid.chains import chain, row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quantdata.live.tape import Tape

NOON_MS = int(NOON.timestamp()) * 1_000
CONTRACTS = pl.DataFrame({"contract_symbol": [CALL], "multiplier": [100]})


def trade(at: int, price: float | None = 1.05, size: float = 1.0, symbol: str = CALL, **facts: Any) -> Trade:
    """Return a print."""
    usual: dict[str, Any] = {"exchange": 302, "conditions": (209,), "sequence": at}
    return Trade(symbol=symbol, price=price, size=size, t=NOON_MS + at, **usual | facts)


def quote(at: int, bid: float | None, ask: float | None, symbol: str = CALL) -> Quote:
    """Return a quote."""
    return Quote(symbol=symbol, bid=bid, ask=ask, t=NOON_MS + at)


def held(at: int, bid: float | None, ask: float | None, *, received: int = 0, is_streamed: bool = True) -> HeldQuotes:
    """Return what was known of the call at the look before; a poll's quote holds for 5 seconds."""
    newest, came = Newest(QUOTE), NOON + timedelta(milliseconds=received)
    if is_streamed:
        stamp = Stamp(vendor="massive", feed="realtime", received_ts=came)
        newest.stream(option_quote_events([quote(at, bid, ask)], stamp))
    else:
        quoted = NOON + timedelta(milliseconds=at)
        polled = row("massive", contract_symbol=CALL, bid=bid, ask=ask, quote_ts=quoted, received_ts=came)
        newest.poll(chain(polled))
    return HeldQuotes(newest, lasts_s=5.0)


def look(
    tape: Tape,
    *trades: Trade,
    quotes: Iterable[Quote] = (),
    known: HeldQuotes | None = None,
    vendor: str = "massive",
    feed: str = "realtime",
    received: int | None = None,
) -> None:
    """Let a tape take in a look at a stream, received at its last print unless something else is said."""
    ms = NOON_MS + received if received is not None else max((each.t for each in trades), default=NOON_MS)
    batch = Batch(
        vendor=vendor,
        trades=list(trades),
        quotes={each.symbol: each for each in quotes},
        received_at=ms / 1_000,
    )
    stamp = Stamp(vendor=vendor, feed=feed, received_ts=datetime.fromtimestamp(ms / 1_000, UTC))
    tape.add(batch, stamp, {"SPY": known or held(-1, None, None)})


def totals(tape: Tape, symbol: str = CALL) -> dict[str, Any]:
    """Return what the prints of a contract sum up to; nothing if there is none."""
    rows = tape.totals.filter(pl.col("symbol") == symbol)
    return rows.row(0, named=True) if rows.height else {}


def sides(tape: Tape) -> tuple[int, int, int]:
    """Return bought, sold and unclassified volume of the call."""
    tape.fold(CONTRACTS)
    found = totals(tape)
    return found["buy_volume"], found["sell_volume"], found["unclassified_volume"]
