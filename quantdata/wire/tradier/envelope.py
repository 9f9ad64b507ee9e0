"""Tradier's envelope: is this a collection, an empty one, or one of many forms of refusal? The items stay bytes.

The JSON is a mechanical translation of XML: one item comes as an object (or bare value), several as a list, none as
null or as the word ``"null"``; and a refusal may be text, a ``fault``, ``errors`` under 200, or a web page.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from quantdata.errors import (
    AuthenticationError,
    DataProviderError,
    EntitlementError,
    ErrorCode,
    PayloadError,
    RateLimitError,
    UnavailableError,
)
from quantdata.wire.reply import MESSAGE_LENGTH, http_date, unreadable

if TYPE_CHECKING:
    from quantdata.wire.reply import Reply
    from quantdata.wire.tradier.endpoints import Collection

__all__ = ["Items", "TooBigError", "TooEarlyError", "read_items"]

# What an empty collection looks like: reference/tradier.md §3.2.
EMPTY: Final = frozenset({b"null", b'"null"', b"{}", b"[]", b""})
LONGEST_EMPTY: Final = 64
# The vendor counts in minutes; a reset further off than this, before or after, is no time of a window.
LONGEST_WAIT_S: Final = 3600.0
MARGIN_S: Final = 1.0
SANDBOX: Final = "https://sandbox.tradier.com/v1"
WEB_PAGES: Final = (b"<!doctype html", b"<html")

# Texts of refusals, in lower case, that were seen or may come under 200.
REFUSALS: Final = ("invalid access token", "access token expired", "quota violation", "invalid parameter")

_EARLIEST = re.compile(r"invalid parameter, start: must be on or after (\d{4}-\d{2}-\d{2})")

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_value = msgspec.json.Decoder(msgspec.Raw).decode


class TooBigError(DataProviderError):
    """An answer too large for the vendor's gateway: the range that was asked for must be cut."""

    code = ErrorCode.TRADIER_API_ERROR


class TooEarlyError(DataProviderError):
    """A range that starts before what the vendor keeps; ``earliest`` is the first day that it does."""

    code = ErrorCode.TRADIER_API_ERROR

    def __init__(self, message: str, *, earliest: date, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.earliest = earliest


@dataclass(frozen=True, slots=True)
class Items:
    """A good answer.

    Attributes
    ----------
    items
        JSON array of the items, one or none included.
    unmatched
        Symbols, in the vendor's spelling, that it says it does not know; for quotes alone.
    """

    items: bytes
    unmatched: tuple[str, ...] = ()


def read_items(reply: Reply, request: Collection) -> Items:
    """Return the items in an answer.

    Raises
    ------
    DataProviderError
        The typed error of whatever the vendor said instead: decided by its text first, by the status second.
    """
    body = reply.body.strip()
    if body[:1] not in {b"{", b"["}:
        return _items_of_text(reply, body)
    try:
        fields = _fields(body) if body[:1] == b"{" else {"": _value(body)}
        _require_good(reply, fields)
        return _items(reply, request, fields)
    except (ValueError, RecursionError) as error:  # of JSON, of UTF-8, of numbers without end; none of ours is one
        raise (unreadable(reply, error) if reply.status == 200 else _error(reply, "", "")) from error  # noqa: PLR2004


def _items_of_text(reply: Reply, body: bytes) -> Items:
    """Return no items for a word that means none; raise for any other text."""
    if body.lower().startswith(WEB_PAGES) and reply.status in {401, 403}:
        raise UnavailableError(
            f"{reply.provider}: {reply.endpoint} was turned away with a web page (HTTP {reply.status}), not by the "
            "vendor's service: a firewall or a proxy stands between; try again later",
            **reply.facts,
        )
    text = "" if body.startswith(b"<") else body.decode("utf-8", errors="replace")
    if reply.status != 200 or text.lower().startswith(REFUSALS):  # noqa: PLR2004
        raise _error(reply, text, "")
    if body and _is_empty(body):
        return Items(b"[]")
    raise unreadable(reply, ValueError("it is text"))


def _require_good(reply: Reply, fields: dict[str, msgspec.Raw]) -> None:
    if "fault" in fields:
        fault = _fault(fields["fault"])
        code = fault.detail.errorcode if fault.detail is not None else None
        raise _error(reply, fault.faultstring or "", code or "")
    if "errors" in fields:
        raise _error(reply, "; ".join(_texts(_inside(bytes(fields["errors"]), "error"))), "")
    if reply.status != 200:  # noqa: PLR2004
        raise _error(reply, "", "")


def _items(reply: Reply, request: Collection, fields: dict[str, msgspec.Raw]) -> Items:
    found = bytes(fields.get(request.plural, b"{}" if not fields else b""))
    is_object = found.startswith(b"{")
    if found == b"" or (request.singular and not is_object and not _is_empty(found)):
        raise _lacking(reply, request.plural)
    inner = _fields(found) if request.singular and is_object else {}
    unmatched = tuple(_texts(_inside(bytes(inner.get("unmatched_symbols", b"")), "symbol")))
    items = bytes(inner.get(request.singular, b"")) if request.singular else found
    if not items and not unmatched and not _is_empty(found):
        raise _lacking(reply, request.singular)  # other items than those that were asked for
    if _is_empty(items):
        return Items(b"[]", unmatched)
    return Items(items if items.startswith(b"[") else b"[" + items + b"]", unmatched)


def _is_empty(raw: bytes) -> bool:
    """Tell whether a text says that there is nothing; spaces within it, as of a pretty printer, do not matter."""
    return len(raw) <= LONGEST_EMPTY and b"".join(raw.split()) in EMPTY


def _lacking(reply: Reply, name: str) -> PayloadError:
    return PayloadError(f"{reply.provider}: the answer of {reply.endpoint} holds no {name or 'items'}", **reply.facts)


def _inside(value: bytes, name: str) -> bytes:
    """Return a field of an object as JSON; nothing where there is no object, or no such field."""
    return bytes(_fields(value).get(name, b"")) if value.startswith(b"{") else b""


def _texts(raw: bytes) -> list[str]:
    """Return one text, several or none as a list."""
    if _is_empty(raw):
        return []
    value = msgspec.json.decode(raw)
    return [str(each) for each in (value if isinstance(value, list) else [value])]


class _Detail(msgspec.Struct):
    errorcode: str | None = None


class _Fault(msgspec.Struct):
    faultstring: str | None = None
    detail: _Detail | None = None


def _fault(raw: msgspec.Raw) -> _Fault:
    try:
        return msgspec.json.decode(raw, type=_Fault)
    except msgspec.MsgspecError:
        return _Fault()


def _error(  # noqa: PLR0911  # a table of what the vendor may say
    reply: Reply, text: str, code: str
) -> DataProviderError:
    said = " ".join(text.split())[:MESSAGE_LENGTH]
    lowered = text.lower()
    asked = f"{reply.provider}: {reply.endpoint}"
    quoted = f' (the vendor says: "{said}")' if said else ""
    status = reply.status
    # An expired token was seen under 500: reference/tradier.md §2.
    if "access token" in lowered or "keymanagement" in code or (status == 401 and not said):  # noqa: PLR2004
        why = "has expired" if "expired" in lowered else "is missing or not valid for this host"
        return AuthenticationError(
            f"{asked}: the access token {why}; check TRADIER_ACCESS_TOKEN and TRADIER_BASE_URL (the sandbox, "
            f"{SANDBOX}, has tokens of its own)",
            **reply.facts,
        )
    if "quota" in lowered or "ratelimit" in code.lower() or status == 429:  # noqa: PLR2004
        after_s = _resets_in_s(reply, text)
        when = f"; wait {after_s:.0f} s, then try again" if after_s is not None else ""
        return RateLimitError(
            f"{asked}: too many requests for this token{when}{quoted}", retry_after_s=after_s, **reply.facts
        )
    if code.endswith("TooBigBody"):
        return TooBigError(f"{asked}: the answer is too large for the vendor's gateway{quoted}", **reply.facts)
    if (earliest := _earliest(lowered)) is not None:
        return TooEarlyError(f"{asked}: nothing is kept from before {earliest}", earliest=earliest, **reply.facts)
    if status in {401, 403}:
        return EntitlementError(f"{asked} is not open to this token{quoted}", **reply.facts)
    # 404 and 520 to 530 come and go with the vendor's gateway; no path of ours is unknown to it.
    if status == 404 or status >= 499:  # noqa: PLR2004
        return UnavailableError(
            f"{asked}: the vendor failed with HTTP {status}{quoted}", retry_after_s=reply.retry_after_s, **reply.facts
        )
    return DataProviderError(
        f"{asked} was refused with HTTP {status}{quoted}", code=ErrorCode.TRADIER_API_ERROR, **reply.facts
    )


def _earliest(text: str) -> date | None:
    found = _EARLIEST.match(text.strip())
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _resets_in_s(reply: Reply, text: str) -> float | None:
    """Return the seconds until the quota is renewed: its time ends the text, in epoch milliseconds."""
    words = text.split()
    try:
        reset_s = float(words[-1]) / 1000.0 if words else math.nan
    except ValueError:
        reset_s = math.nan
    served = http_date(reply.headers.get("Date")) or datetime.now(UTC)
    wait_s = reset_s - served.timestamp() + MARGIN_S
    return max(0.0, wait_s) if abs(wait_s) <= LONGEST_WAIT_S else reply.retry_after_s
