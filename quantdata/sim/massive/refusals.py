"""The vendor's error answers: HTTP status, word and sentence.

References
----------
Recorded bodies; the text key is ``error`` or ``message`` by endpoint: reference/massive.md §8.
"""

from __future__ import annotations

from typing import Literal

__all__ = [
    "Refusal",
    "bad_parameter",
    "key_missing",
    "key_unknown",
    "not_entitled",
    "not_found",
    "server_failure",
    "too_long_ago",
    "too_many_requests",
]

_PRICING = "https://massive.com/pricing"

TextKey = Literal["error", "message"]


class Refusal(Exception):  # noqa: N818 - it is an answer, not a failure of the simulator
    """An answer without data; raised anywhere below the request pipeline.

    Parameters
    ----------
    text
        The vendor's sentence.
    status
        HTTP status.
    word
        Value of the body's ``status``.
    text_key
        Body key of the sentence.
    retry_after
        ``Retry-After`` header in seconds; none when None.
    """

    def __init__(
        self,
        text: str,
        *,
        status: int,
        word: str = "ERROR",
        text_key: TextKey = "error",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.word = word
        self.text_key = text_key
        self.retry_after = retry_after

    def body(self, request_id: str) -> dict[str, str]:
        """Return the body as the vendor writes it."""
        return {"status": self.word, "request_id": request_id, self.text_key: self.text}


def key_missing() -> Refusal:
    """Refuse a request without a key."""
    return Refusal("API Key was not provided", status=401)


def key_unknown() -> Refusal:
    """Refuse a wrong key."""
    return Refusal("Unknown API Key", status=401)


def too_many_requests(retry_after: float | None = None) -> Refusal:
    """Refuse a request beyond the plan's rate; live answers carry no ``Retry-After``."""
    text = (
        "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue. "
        + _PRICING
    )
    return Refusal(text, status=429, retry_after=retry_after)


def not_entitled(path: str) -> Refusal:
    """Refuse data that the plan does not include."""
    text = f"You are not entitled to this data. Please upgrade your plan at {_PRICING}"
    return Refusal(text, status=403, word="NOT_AUTHORIZED", text_key=_text_key(path))


def too_long_ago(path: str) -> Refusal:
    """Refuse a period that the plan does not reach."""
    text = f"Your plan doesn't include this data timeframe. Please upgrade your plan at {_PRICING}"
    return Refusal(text, status=403, word="NOT_AUTHORIZED", text_key=_text_key(path))


def not_found(text: str = "Data not found.") -> Refusal:
    """Say that there is no such ticker, contract or day."""
    return Refusal(text, status=404, word="NOT_FOUND", text_key="message")


def bad_parameter(name: str, value: str, allowed: str) -> Refusal:
    """Refuse a parameter that cannot be read or is out of range."""
    return Refusal(f"Invalid value for '{name}': '{value}'. Expected {allowed}.", status=400)


def server_failure(path: str, status: int, retry_after: float | None = None) -> Refusal:
    """Fail as an overloaded or broken server does; 401, 403, 404 and 429 have the vendor's own bodies."""
    known = {401: key_unknown(), 403: not_entitled(path), 404: not_found(), 429: too_many_requests(retry_after)}
    refusal = known.get(status) or Refusal("Internal server error", status=status)
    refusal.retry_after = retry_after
    return refusal


def _text_key(path: str) -> TextKey:
    # `message` on v1 and v2, `error` on the chain snapshot (live 2026-08-21); other v3 endpoints are unknown.
    return "error" if path.startswith("/v3/") else "message"
