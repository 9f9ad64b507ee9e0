"""One answer as it came: its facts for errors, its times, and what to say when it cannot be read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from quantdata.errors import DataProviderError, PayloadError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MESSAGE_LENGTH", "Reply", "http_date", "unreadable"]

# How much of what a vendor says is quoted in a message.
MESSAGE_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, decompressed; ``endpoint`` is the request's path, for messages."""

    provider: str
    endpoint: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of an error about this answer."""
        return {
            "provider": self.provider,
            "endpoint": self.endpoint,
            "status": self.status,
            "request_id": self.headers.get("X-Request-Id"),
        }

    @property
    def retry_after_s(self) -> float | None:
        """``Retry-After`` in both of its forms, seconds or a date, as seconds from now."""
        text = self.headers.get("Retry-After")
        if text is None:
            return None
        try:
            seconds = float(text)
        except ValueError:
            date = http_date(text)
            if date is None:
                return None
            seconds = (date - datetime.now(UTC)).total_seconds()
        return max(0.0, seconds) if math.isfinite(seconds) else None


def http_date(text: str | None) -> datetime | None:
    """Return the moment (UTC) of an HTTP date such as that of the ``Date`` header; None if it is none."""
    try:
        date = parsedate_to_datetime(text or "")
        return date.astimezone(UTC) if date.tzinfo else None
    except (ValueError, TypeError, OverflowError):
        return None


def unreadable(reply: Reply, error: Exception) -> DataProviderError:
    """Return the error of a body that should be JSON and is not."""
    start = reply.body.lstrip()[:5]
    if start[:1] == b"<" and start != b"<?xml":
        return UnavailableError(
            f"{reply.provider}: {reply.endpoint} answered with a web page instead of data; "
            "the vendor is probably under maintenance, try again later",
            **reply.facts,
        )
    said = "it is XML" if start == b"<?xml" else error
    what = f"not the JSON it should be: {said}" if reply.body else "empty"
    return PayloadError(
        f"{reply.provider}: the answer of {reply.endpoint} ({len(reply.body):,} bytes) is {what}", **reply.facts
    )
