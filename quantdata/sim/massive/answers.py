"""An answer before it is bytes: envelope fields, rows, and what to do with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Answer", "assemble", "encode_rows", "row_part", "tail_part"]

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Answer:
    """One page of data.

    Attributes
    ----------
    rows
        Each row as JSON.
    rows_key
        Envelope key of the rows; None where the body is a bare array, or has no rows at all.
    is_single
        The one row stands under ``rows_key`` as an object, not in an array.
    head
        Envelope fields before the rows.
    tail
        Envelope fields after them; ``request_id`` is filled in when the answer is sent.
    next_path
        Path and query of the next page; None on the last one.
    is_shared
        The rows depend on the path, the query, the plan and the moment alone, and are worth keeping.
    """

    rows: Sequence[bytes] = ()
    rows_key: str | None = "results"
    is_single: bool = False
    head: dict[str, Any] = field(default_factory=dict)
    tail: dict[str, Any] = field(default_factory=dict)
    next_path: str | None = None
    is_shared: bool = False


def encode_rows(rows: Iterable[Any]) -> list[bytes]:
    """Return each row as JSON."""
    return [_encode(row) for row in rows]


def row_part(answer: Answer) -> bytes:
    """Return the body up to the end of the rows: the same for every request of the same page."""
    head = _encode(answer.head)[:-1]
    if answer.rows_key is None:
        return head  # the one field of a flat body that differs comes last, in the tail
    joined = b",".join(answer.rows)
    rows = joined if answer.is_single else b"[" + joined + b"]"
    separator = b"," if answer.head else b""
    return head + separator + b'"' + answer.rows_key.encode() + b'":' + rows


def tail_part(answer: Answer, *, request_id: str, next_url: str | None) -> bytes:
    """Return the rest of the body: what differs from request to request."""
    tail = dict(answer.tail)
    if "request_id" in tail:
        tail["request_id"] = request_id
    if next_url is not None:
        tail["next_url"] = next_url
    follows = answer.rows_key is not None or answer.head
    return (b"," if tail and follows else b"") + _encode(tail)[1:]


def assemble(answer: Answer, *, request_id: str, next_url: str | None) -> bytes:
    """Return the whole body."""
    if answer.rows_key is None and not answer.head:
        return b"[" + b",".join(answer.rows) + b"]"
    return row_part(answer) + tail_part(answer, request_id=request_id, next_url=next_url)
