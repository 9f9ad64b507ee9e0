"""Massive's envelope: is this an answer, an error or a page of many? The results inside stay bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import msgspec

from quantdata.errors import (
    AuthenticationError,
    DataProviderError,
    EntitlementError,
    ErrorCode,
    PayloadError,
    QuoteNotFoundError,
    RateLimitError,
    UnavailableError,
)
from quantdata.wire.http import Request
from quantdata.wire.massive.endpoints import same_endpoint
from quantdata.wire.reply import MESSAGE_LENGTH, unreadable

if TYPE_CHECKING:
    from quantdata.wire.http import Holds
    from quantdata.wire.reply import Reply

__all__ = ["Page", "read_page"]

# "DELAYED" is the word of delayed plans for a good answer: reference/massive.md §1.
GOOD: Final = frozenset({"OK", "DELAYED"})
# A key that was not given came back as 400: reference/massive.md §8.
KEY_REFUSED: Final = frozenset({200, 400, 403})
LONGEST_URL: Final = 8192

_ABSENT: Final = msgspec.Raw(b"")


class _Envelope(msgspec.Struct):
    status: str | None = None
    request_id: str | int | None = None
    results: msgspec.Raw = _ABSENT
    tickers: msgspec.Raw = _ABSENT
    next_url: str | None = None
    error: str | None = None
    message: str | None = None
    adjusted: bool | None = None
    ticker: msgspec.Raw = _ABSENT


@dataclass(frozen=True, slots=True)
class Page:
    """A good answer.

    Attributes
    ----------
    body
        The whole answer, for the endpoints that have no envelope.
    results
        JSON of the rows: an array, or one object where the endpoint answers with one.
    next
        Request for the next page; None on the last.
    is_delayed
        Whether the vendor marked the answer as that of a delayed plan.
    adjusted, ticker
        Of aggregates: whether the bars are adjusted for splits, and whose they are.
    """

    body: bytes
    results: bytes
    next: Request | None = None
    is_delayed: bool = False
    adjusted: bool | None = None
    ticker: str | None = None


_decode = msgspec.json.Decoder(_Envelope).decode


def read_page(
    reply: Reply, *, holds: Holds = "results or nothing", not_found: type[DataProviderError] = QuoteNotFoundError
) -> Page:
    """Return the page in an answer.

    Parameters
    ----------
    reply
        The answer as it came.
    holds
        Where it must hold its rows; see `Request`.
    not_found
        The error of an answer that says that there is no such thing.

    Raises
    ------
    DataProviderError
        The typed error of whatever the vendor said instead of an answer.
    """
    envelope = _envelope(reply)
    if reply.status == 200 and (envelope.status in GOOD or (envelope.status is None and _is_answer(envelope, holds))):  # noqa: PLR2004
        return Page(
            body=reply.body,
            results=_rows(reply, envelope, holds),
            next=_next_request(reply, envelope.next_url, holds),
            is_delayed=envelope.status == "DELAYED",
            adjusted=envelope.adjusted,
            ticker=_text(envelope.ticker),
        )
    raise _error(reply, envelope, not_found=not_found)


def _text(raw: msgspec.Raw) -> str | None:
    """Return a JSON string; the ticker of a stock snapshot is an object, which is none."""
    return str(msgspec.json.decode(raw)) if bytes(raw)[:1] == b'"' else None


def _is_answer(envelope: _Envelope, holds: Holds) -> bool:
    """Tell whether a body without a status is an answer all the same; any other JSON must not pass for an empty one."""
    return holds == "body" or bool(bytes(envelope.results) or bytes(envelope.tickers))


def _rows(reply: Reply, envelope: _Envelope, holds: Holds) -> bytes:
    rows = bytes(envelope.tickers if holds == "tickers" else envelope.results)
    if holds == "results" and rows[:1] != b"[":
        raise PayloadError(f"{reply.provider}: the answer of {reply.endpoint} holds no rows", **_facts(reply, envelope))
    return b"[]" if rows in {b"", b"null"} else rows


def _envelope(reply: Reply) -> _Envelope:
    """Decode the body; of a failed request whatever it holds is an envelope, be it empty."""
    try:
        return _decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if reply.status != 200:  # noqa: PLR2004
            return _Envelope()
        raise unreadable(reply, error) from error


def _error(  # noqa: PLR0911  # a table of what the vendor may say
    reply: Reply, envelope: _Envelope, *, not_found: type[DataProviderError]
) -> DataProviderError:
    said = " ".join((envelope.error or envelope.message or "").split())[:MESSAGE_LENGTH]
    facts = _facts(reply, envelope)
    asked = f"{reply.provider}: {reply.endpoint}"
    quoted = f' (the vendor says: "{said}")' if said else ""
    status = reply.status
    word = envelope.status or ""
    if status == 401 or (status in KEY_REFUSED and "api key" in said.lower()):  # noqa: PLR2004
        # What the vendor says here is not quoted: it may repeat the key.
        return AuthenticationError(f"{asked}: the API key is missing or not valid; check MASSIVE_API_KEY", **facts)
    if status == 403 or word == "NOT_AUTHORIZED":  # noqa: PLR2004
        return EntitlementError(f"{asked} is not in this key's plan{quoted}", **facts)
    if status == 404 or word == "NOT_FOUND":  # noqa: PLR2004
        return not_found(f"{asked}: nothing by that name{quoted}", **facts)
    if status == 429 or "maximum requests" in said:  # noqa: PLR2004
        after_s = reply.retry_after_s
        when = f"; try again in {after_s:.0f} s" if after_s is not None else ""
        return RateLimitError(
            f"{asked}: too many requests for this plan{when}. On a plan with a small rate, set "
            f"MASSIVE_REQUESTS_PER_MINUTE to it{quoted}",
            retry_after_s=after_s,
            **facts,
        )
    if status >= 499:  # noqa: PLR2004  # 499: the vendor's own proxy gave up
        return UnavailableError(
            f"{asked}: the vendor failed with HTTP {status}{quoted}", retry_after_s=reply.retry_after_s, **facts
        )
    if status == 200 and envelope.status is None:  # noqa: PLR2004
        return PayloadError(f"{asked} answered with something that is not this vendor's{quoted}", **facts)
    return DataProviderError(
        f"{asked} was refused with HTTP {status}{quoted}", code=ErrorCode.MASSIVE_API_ERROR, **facts
    )


def _facts(reply: Reply, envelope: _Envelope | None = None) -> dict[str, Any]:
    request_id = envelope.request_id if envelope else None
    return reply.facts if request_id is None else {**reply.facts, "request_id": str(request_id)}


def _next_request(reply: Reply, next_url: str | None, holds: Holds) -> Request | None:
    """Make the next request from a ``next_url``: its path and query only, never its host or a key in it."""
    if not next_url:
        return None
    if len(next_url) > LONGEST_URL:
        raise PayloadError(
            f"{reply.provider}: {reply.endpoint} sends on to a URL of {len(next_url):,} characters", **_facts(reply)
        )
    try:
        parts = urlsplit(next_url)
    except ValueError as error:
        raise PayloadError(
            f"{reply.provider}: {reply.endpoint} sends on to no URL: {error}", **_facts(reply)
        ) from error
    if not same_endpoint(unquote(reply.endpoint), unquote(parts.path)):
        raise PayloadError(
            f"{reply.provider}: {reply.endpoint} sends on to another endpoint, {parts.path[:MESSAGE_LENGTH]}",
            **_facts(reply),
        )
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0].lower() != "apikey"]
    return Request(parts.path, query=urlencode(pairs), holds=holds)
