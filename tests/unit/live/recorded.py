"""Recordings, written short; times are seconds after a noon of the exchange."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from quantdata.frames.model import with_model
from quantdata.live.market import Polled
from quantdata.live.recording_writer import Bounds, Writer
from quantdata.live.records import Ended, Frame, Line, Opened, Paced, Record, Watched
from quantdata.pricing.rates import RateCurve
from quantdata.validation import validate
from tests.unit.hybrid.chains import NOW, chain, row

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path


RATES: Final = RateCurve.of(0.04)
CALL: Final = "SPY261218C00600000"
NOON_MS: Final = int(NOW.timestamp() * 1_000)
NOON_NS: Final = NOON_MS * 1_000_000
# A record, or an answer and after how many seconds it came.
Written = Record | tuple[Polled, float]


def ns(after_s: float) -> int:
    """Return a moment as nanoseconds since 1970."""
    return NOON_NS + round(after_s * 1e9)


def opened(*streams: tuple[str, str], after_s: float = 0.0, **settings: Any) -> Opened:
    usual: dict[str, Any] = {
        "hub": "test",
        "interval_s": 5.0,
        "debounce_s": 0.1,
        "dte": None,
        "weights": {},
        "rate_days": RATES.days,
        "rates": RATES.rates,
    }
    return Opened(at=ns(after_s), streams=list(streams) or [("massive", "options")], **usual | settings)


def watched(
    *chains: str, after_s: float = 0.0, equities: tuple[str, ...] = (), indices: tuple[str, ...] = ()
) -> Watched:
    return Watched(at=ns(after_s), chains=chains, equities=equities, indices=indices)


def line(after_s: float = 0.0, *, vendor: str = "massive", asset: str = "options", feed: str = "realtime") -> Line:
    return Line(at=ns(after_s), vendor=vendor, asset=asset, feed=feed, names={f"O:{CALL}": CALL})


def paced(subject: str, *paces: tuple[date | None, float], after_s: float = 0.0) -> Paced:
    return Paced(at=ns(after_s), subject=subject, paces=list(paces))


def frame(after_s: float, *events: dict[str, Any], vendor: str = "massive", asset: str = "options") -> Frame:
    return Frame(at=ns(after_s), vendor=vendor, asset=asset, frame=json.dumps(events).encode())


def quote(after_s: float, bid: float, ask: float) -> dict[str, Any]:
    """Return a quote of the call as Massive streams it."""
    t = NOON_MS + round(after_s * 1e3)
    return {"ev": "Q", "sym": f"O:{CALL}", "bp": bid, "ap": ask, "bs": 5, "as": 5, "t": t, "q": round(after_s * 1e3)}


def trade(after_s: float, price: float) -> dict[str, Any]:
    """Return a print of the call as Massive streams it."""
    t = NOON_MS + round(after_s * 1e3)
    return {"ev": "T", "sym": f"O:{CALL}", "p": price, "s": 3, "x": 302, "c": [209], "t": t, "q": round(after_s * 1e3)}


def answer(after_s: float = 0.0, *, feed: str = "realtime", subject: str = "SPY", **values: Any) -> Polled:
    """Return a priced chain, as a hub takes it from a provider."""
    at = NOW + timedelta(seconds=after_s)
    stamps = dict.fromkeys(("quote_ts", "snapshot_ts", "received_ts", "underlying_ts"), at)
    rows = [
        row("massive", strike, side, **stamps | fair(strike, side) | {"feed": feed} | values)
        for strike in (590.0, 600.0, 610.0)
        for side in ("call", "put")
    ]
    return Polled(subject, validate(with_model(chain(*rows), rates=RATES), at))


def fair(strike: float, side: str) -> dict[str, Any]:
    """Return quotes that fit one forward, near 601."""
    mid = 12.0 + (0.5 if side == "call" else -0.5) * (601.0 - strike)
    return {"bid": mid - 0.1, "ask": mid + 0.1, "mid": mid, "spread": 0.2, "spread_percent": 20 / mid}


def write(folder: Path, *records: Written, bounds: Bounds | None = None) -> Writer:
    """Write a recording."""
    writer = Writer(folder, hub="test", bounds=bounds or Bounds())
    for record in records:
        if isinstance(record, tuple):
            writer.put_answer(record[0], ns(record[1]))
        else:
            writer.put(record)
    last = records[-1]
    writer.close(Ended(at=ns(last[1]) if isinstance(last, tuple) else last.at))
    return writer
