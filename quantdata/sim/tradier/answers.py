"""An answer before it is bytes, and the two ways in which it becomes them: JSON, and the XML that it is made from.

The vendor's JSON is a mechanical conversion of its XML: one item is an object, several are a list, none is null or
the word "null".

References
----------
Collection quirks: reference/tradier.md §3; types and escapes: §1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["JSON", "NULL_TEXT", "XML", "Answer", "collapsed", "encode_rows", "json_body", "xml_body"]

JSON = "application/json;charset=UTF-8"
XML = "application/xml;charset=UTF-8"
NULL_TEXT = b'"null"'

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Answer:
    """A collection, or a body that is none.

    Attributes
    ----------
    plural, singular
        Key of the envelope, and of the items inside it.
    rows
        Each item as JSON.
    empty
        What stands under ``plural`` when there are no items: ``null`` or `NULL_TEXT`.
    also
        Further keys beside ``singular``.
    whole
        The body where it is no collection; then nothing else counts.
    is_shared
        It depends on path, query, host and moment alone, and is worth keeping.
    """

    plural: str = ""
    singular: str = ""
    rows: Sequence[bytes] = ()
    empty: bytes = b"null"
    also: dict[str, Any] = field(default_factory=dict)
    whole: Any = None
    is_shared: bool = False


def encode_rows(rows: Iterable[Any]) -> list[bytes]:
    """Return each item as JSON."""
    return [_encode(row) for row in rows]


def collapsed(items: Sequence[Any]) -> Any:
    """Return items as the vendor's JSON has them: several as a list, one as itself, none as None."""
    if len(items) == 1:
        return items[0]
    return items or None


def json_body(answer: Answer) -> bytes:
    """Return the body as JSON, slashes escaped."""
    return _plain_json(answer).replace(b"/", b"\\/")


def _plain_json(answer: Answer) -> bytes:
    if answer.whole is not None:
        return _encode(answer.whole)
    if not answer.rows and not answer.also:
        return b'{"%s":%s}' % (answer.plural.encode(), answer.empty)
    parts = [b'"%s":%s' % (key.encode(), _encode(value)) for key, value in answer.also.items()]
    if answer.rows:
        items = answer.rows[0] if len(answer.rows) == 1 else b"[" + b",".join(answer.rows) + b"]"
        parts.insert(0, b'"%s":%s' % (answer.singular.encode(), items))
    return b'{"%s":{%s}}' % (answer.plural.encode(), b",".join(parts))


def xml_body(answer: Answer) -> bytes:
    """Return the body as XML: what is null is an empty element, a list repeats its element."""
    body = msgspec.json.decode(_plain_json(answer))
    items = body if isinstance(body, dict) else {"items": {"item": body}}
    texts = [_element(name, value) for name, value in items.items()]
    return ('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + "".join(texts)).encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if value is None or value == "null":
        return f"<{name}/>"
    if isinstance(value, dict):
        inner = "".join(_element(key, each) for key, each in value.items())
    else:
        inner = escape(str(value).lower() if isinstance(value, bool) else str(value))
    return f"<{name}>{inner}</{name}>"
