"""Faults that act on an answer's rows and on its link to the next page, in Massive's spelling."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from quantdata.sim.massive.answers import Answer, encode_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from quantdata.sim.faults import Fault

__all__ = ["damaged", "damaged_link"]

_NS = 1_000_000_000
_MS_PER_S = 1_000
_YEAR_S = 365 * 86_400
_TICK_KEYS = ("last_updated", "sip_timestamp", "participant_timestamp", "updated")
_KEYS = frozenset({"ticker", "t", "sip_timestamp"})
_FOREIGN_HOST = "https://api.polygon.io"

Row = dict[str, Any]


def damaged(answer: Answer, faults: Sequence[Fault], *, dice: Random) -> Answer:
    """Return an answer whose rows the faults have gone over, in turn.

    The answer's own rows are left as they are: they may be shared with others.
    """
    for fault in faults:
        if fault.kind == "empty_results":
            answer = replace(answer, rows=(), is_single=False, next_path=None, is_shared=False)
        elif fault.kind == "wrong_page":
            answer = replace(answer, rows=_of_another_filter(answer.rows), is_shared=False)
        elif fault.kind == "unsorted":
            answer = replace(answer, rows=dice.sample(answer.rows, len(answer.rows)), is_shared=False)
        elif fault.kind in _ON_ROWS:
            change = _ON_ROWS[fault.kind]
            rows = [_one(row, fault, change, dice) for row in answer.rows]
            answer = replace(answer, rows=rows, is_shared=False)
    return answer


def _one(row: bytes, fault: Fault, change: Callable[[Row, Fault], Row], dice: Random) -> bytes:
    if dice.random() >= fault.share:
        return row
    return msgspec.json.encode(change(msgspec.json.decode(row), fault))


def _of_another_filter(rows: Sequence[bytes]) -> list[bytes]:
    """Return rows that nobody asked for: contracts a year later, calls for puts; times a year ago; other tickers."""
    changed: list[Row] = []
    for row in rows:
        other = msgspec.json.decode(row)
        terms = other.get("details", other)
        if "expiration_date" in terms:
            year = int(terms["expiration_date"][:4]) + 1
            terms["expiration_date"] = f"{year}{terms['expiration_date'][4:]}"
            terms["contract_type"] = "put" if terms["contract_type"] == "call" else "call"
        elif "sip_timestamp" in other:
            other["sip_timestamp"] -= _YEAR_S * _NS
        elif "t" in other:
            other["t"] -= _YEAR_S * _MS_PER_S
        elif "ticker" in other:
            other["ticker"] += "X"
        changed.append(other)
    return encode_rows(changed)


def damaged_link(next_url: str | None, own_url: str, faults: Sequence[Fault], *, base_url: str) -> str | None:
    """Return the link to the next page as the faults bend it; ``own_url`` is the request itself."""
    for fault in faults:
        if fault.kind == "next_url_loop":
            next_url = own_url
        elif fault.kind == "foreign_next_url" and next_url is not None:
            next_url = _FOREIGN_HOST + next_url.removeprefix(base_url)
    return next_url


# --- one row --------------------------------------------------------------------------------------------------------


def _without_blocks(row: Row, fault: Fault) -> Row:
    return {key: value for key, value in row.items() if key not in fault.blocks}


def _empty_blocks(row: Row, fault: Fault) -> Row:
    return {key: {} if key in fault.blocks and isinstance(value, dict) else value for key, value in row.items()}


def _null_blocks(row: Row, fault: Fault) -> Row:
    return {key: None if key in fault.blocks else value for key, value in row.items()}


def _without_key(row: Row, _: Fault) -> Row:
    """Take away what tells a row apart, in the row itself and in a contract's terms."""
    kept = {key: value for key, value in row.items() if key not in _KEYS}
    if "details" in kept:
        kept["details"] = {key: value for key, value in kept["details"].items() if key not in _KEYS}
    return kept


# Where bid and ask are: option and unified rows, ticks, stock snapshots.
_QUOTE_KEYS = (("bid", "ask"), ("bid_price", "ask_price"), ("p", "P"))
_SIZE_KEYS = ("bid_size", "ask_size", "s", "S")


def _quote_of(row: Row) -> Row:
    block = row.get("last_quote", row.get("lastQuote", row))
    return block if isinstance(block, dict) else {}


def _cross(row: Row, _: Fault) -> Row:
    quote = _quote_of(row)
    for bid, ask in _QUOTE_KEYS:
        if bid in quote and ask in quote:
            high, low = max(quote[bid], quote[ask]), min(quote[bid], quote[ask])
            quote[bid], quote[ask] = round(high + 0.05, 4), low
    return row


def _zero(row: Row, _: Fault) -> Row:
    quote = _quote_of(row)
    sides = [key for pair in _QUOTE_KEYS if pair[0] in quote and pair[1] in quote for key in pair]
    if sides:
        quote.update(dict.fromkeys([*sides, *(key for key in _SIZE_KEYS if key in quote)], 0))
        quote.update({"midpoint": 0} if "midpoint" in quote else {})
    return row


def _age(row: Row, fault: Fault) -> Row:
    back = int(fault.seconds * _NS)
    for key, value in row.items():
        if isinstance(value, dict) and key != "day":
            row[key] = _age(value, fault)
        elif value and (key in _TICK_KEYS or (key == "t" and value > _NS * _NS)):
            row[key] = value - back
    return row


def _adjust(row: Row, _: Fault) -> Row:
    """Turn a contract into what a split leaves behind: a root with a digit, an odd number of shares."""
    terms = row.get("details", row)
    if "shares_per_contract" in terms:
        terms["shares_per_contract"] = 150
        if "ticker" in terms:
            root, tail = terms["ticker"][:-15], terms["ticker"][-15:]
            terms["ticker"] = f"{root.rstrip('0123456789')}1{tail}"
    return row


def _error(row: Row, _: Fault) -> Row:
    ticker = row.get("ticker") or row.get("details", {}).get("ticker", "")
    return {"ticker": ticker, "error": "NOT_FOUND", "message": "Ticker not found."}


_ON_ROWS: dict[str, Callable[[Row, Fault], Row]] = {
    "rows_without_key": _without_key,
    "missing_blocks": _without_blocks,
    "empty_blocks": _empty_blocks,
    "null_blocks": _null_blocks,
    "crossed_quotes": _cross,
    "zero_quotes": _zero,
    "stale_times": _age,
    "adjusted_contracts": _adjust,
    "row_errors": _error,
}
