"""Faults that act on an answer's rows, in Tradier's spelling."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from quantdata.sim.tradier.answers import NULL_TEXT, Answer, encode_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from quantdata.sim.faults import Fault

    Row = dict[str, Any]
    Change = Callable[[Row, Fault], Row]

__all__ = ["damaged"]

_YEAR_S = 365 * 86_400
_KEYS = ("symbol", "date", "time", "timestamp")
_SIDES = ("bid", "ask")
_SIZES = ("bidsize", "asksize")
_STAMPS_MS = ("bid_date", "ask_date", "trade_date")
_BAR_PRICES = ("open", "high", "low", "close", "vwap")
_VOLATILITIES = ("bid_iv", "mid_iv", "ask_iv")
_OCC_TAIL = 15


def damaged(answer: Answer, faults: Sequence[Fault], *, dice: Random) -> Answer:
    """Return an answer whose rows the faults have gone over, in turn.

    The answer's own rows are left as they are: they may be shared with others.
    """
    for fault in faults:
        if fault.kind == "empty_results":
            answer = _emptied(answer, answer.empty)
        elif fault.kind == "null_text":
            answer = _emptied(answer, NULL_TEXT)
        elif fault.kind == "unsorted":
            answer = replace(answer, rows=dice.sample(answer.rows, len(answer.rows)))
        elif fault.kind == "lost_rows":
            answer = replace(answer, rows=[row for row in answer.rows if dice.random() >= fault.share])
        elif fault.kind in _ON_ROWS:
            change = _ON_ROWS[fault.kind]
            answer = replace(answer, rows=[_one(row, fault, change, dice) for row in answer.rows])
    return answer


def _emptied(answer: Answer, empty: bytes) -> Answer:
    if answer.whole is None:
        return replace(answer, rows=(), also={}, empty=empty)
    nothing = msgspec.json.decode(empty)
    whole = [] if isinstance(answer.whole, list) else dict.fromkeys(answer.whole, nothing)
    return replace(answer, whole=whole)


def _one(row: bytes, fault: Fault, change: Change, dice: Random) -> bytes:
    content = msgspec.json.decode(row)
    if not isinstance(content, dict) or dice.random() >= fault.share:
        return row
    (encoded,) = encode_rows([change(content, fault)])
    return encoded


# --- one row --------------------------------------------------------------------------------------------------------


def _foreign(row: Row, _: Fault) -> Row:
    """Turn a row into one that nobody asked for: another expiration, another day, another symbol."""
    if "expiration_date" in row:
        row["expiration_date"] = _year_later(row["expiration_date"])
        row["symbol"] = row["symbol"][:-_OCC_TAIL] + row["expiration_date"][2:].replace("-", "") + row["symbol"][-9:]
    elif "timestamp" in row:
        row["timestamp"] -= _YEAR_S
        row["time"] = (datetime.fromisoformat(row["time"]) - timedelta(seconds=_YEAR_S)).isoformat()
    elif "date" in row:
        row["date"] = _year_later(row["date"])
    elif "symbol" in row:
        row["symbol"] += "X"
    return row


def _year_later(day: str) -> str:
    return f"{int(day[:4]) + 1}{day[4:]}"


def _without_key(row: Row, _: Fault) -> Row:
    return {key: value for key, value in row.items() if key not in _KEYS}


def _without_blocks(row: Row, fault: Fault) -> Row:
    return {key: value for key, value in row.items() if key not in fault.blocks}


def _null_blocks(row: Row, fault: Fault) -> Row:
    return {key: None if key in fault.blocks else value for key, value in row.items()}


def _empty_blocks(row: Row, fault: Fault) -> Row:
    return {key: {} if key in fault.blocks and isinstance(value, dict) else value for key, value in row.items()}


def _cross(row: Row, _: Fault) -> Row:
    if all(side in row for side in _SIDES):
        low, high = sorted(row[side] for side in _SIDES)
        row |= {"bid": round(high + 0.05, 4), "ask": low}
    return row


def _zero(row: Row, _: Fault) -> Row:
    nothing = dict.fromkeys(_SIDES, 0.0) | dict.fromkeys(_SIZES, 0)
    return row | {key: value for key, value in nothing.items() if key in row}


def _age(row: Row, fault: Fault) -> Row:
    back = timedelta(seconds=fault.seconds)
    row |= {key: row[key] - int(fault.seconds * 1_000) for key in _STAMPS_MS if row.get(key)}
    if row.get("greeks"):
        row["greeks"]["updated_at"] = str(datetime.fromisoformat(row["greeks"]["updated_at"]) - back)
    return row


def _adjust(row: Row, _: Fault) -> Row:
    """Turn a contract into what a split leaves behind: a root with a digit, an odd number of shares."""
    if "root_symbol" in row:
        row["root_symbol"] = row["root_symbol"].rstrip("0123456789") + "1"
        row["symbol"] = row["root_symbol"] + row["symbol"][-_OCC_TAIL:]
        row["contract_size"] = 150
    return row


def _not_numbers(row: Row, _: Fault) -> Row:
    # Only bars of timesales have a volume-weighted price.
    return row | dict.fromkeys(_BAR_PRICES, "NaN") if "vwap" in row else row


def _without_volatility(row: Row, _: Fault) -> Row:
    if row.get("greeks"):
        row["greeks"] |= dict.fromkeys(_VOLATILITIES, 0.0)
    return row


_ON_ROWS: dict[str, Change] = {
    "wrong_page": _foreign,
    "rows_without_key": _without_key,
    "missing_blocks": _without_blocks,
    "null_blocks": _null_blocks,
    "empty_blocks": _empty_blocks,
    "crossed_quotes": _cross,
    "zero_quotes": _zero,
    "stale_times": _age,
    "adjusted_contracts": _adjust,
    "nan_text": _not_numbers,
    "zero_iv": _without_volatility,
}
