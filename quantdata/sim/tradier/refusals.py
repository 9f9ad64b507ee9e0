"""The vendor's error answers: a sentence as plain text, or a fault of its gateway as JSON.

References
----------
Recorded bodies: reference/tradier.md §2. Wordings that nobody recorded are marked there as unsure.
"""

from __future__ import annotations

import msgspec

from quantdata.sim.asgi import retry_after_header
from quantdata.sim.transport import Reply

__all__ = [
    "Refusal",
    "bad_parameter",
    "datastore_error",
    "errors_in_body",
    "expired_token",
    "fault",
    "invalid_token",
    "missing_parameter",
    "not_for_sandbox",
    "quota_violation",
    "server_failure",
    "too_big_body",
    "unknown_path",
]

_TEXT = "text/plain;charset=UTF-8"
_JSON = "application/json;charset=UTF-8"
# The vendor's own spelling of the type: recorded with the 401.
_TEXT_OF_401 = "plain/text"
_QUOTA_WINDOW_MS = 60_000


class Refusal(Exception):  # noqa: N818 - it is an answer, not a failure of the simulator
    """An answer without data; raised anywhere below the request pipeline.

    Parameters
    ----------
    body
        The bytes of the answer.
    status
        HTTP status.
    content_type
        Its media type.
    retry_after
        ``Retry-After`` header in seconds; none when None.
    """

    def __init__(
        self, body: bytes, *, status: int, content_type: str = _TEXT, retry_after: float | None = None
    ) -> None:
        super().__init__(body.decode())
        self.body = body
        self.status = status
        self.content_type = content_type
        self.retry_after = retry_after

    def reply(self) -> Reply:
        """Return the answer for the wire."""
        return Reply(self.body, self.status, self.content_type, retry_after_header(self.retry_after))


def fault(text: str, code: str, *, status: int) -> Refusal:
    """Refuse as the vendor's gateway does."""
    body = {"fault": {"faultstring": text, "detail": {"errorcode": code}}}
    return Refusal(msgspec.json.encode(body), status=status, content_type=_JSON)


def invalid_token() -> Refusal:
    """Refuse a missing or wrong token, or one of the other host."""
    return Refusal(b"Invalid Access Token", status=401, content_type=_TEXT_OF_401)


def expired_token() -> Refusal:
    """Refuse a token that has run out; seen under 500."""
    return fault("Access Token expired", "keymanagement.service.access_token_expired", status=500)


def not_for_sandbox(status: int = 401) -> Refusal:
    """Refuse what only production has, with the gateway's form of `invalid_token`."""
    return fault("Invalid Access Token", "keymanagement.service.invalid_access_token", status=status)


def quota_violation(allowed: int, expiry_ms: int) -> Refusal:
    """Refuse a request beyond the rate; the last word is the end of the window in epoch milliseconds."""
    text = f"Quota Violation. Quota Exceeded. Limit: {allowed}. Expires: {expiry_ms}"
    return Refusal(text.encode(), status=429)


def datastore_error() -> Refusal:
    """Fail as the gateway does when what is behind it does not answer."""
    return fault("Datastore Error", "steps.servicecallout.ExecutionFailed", status=500)


def too_big_body() -> Refusal:
    """Fail to pass on an answer that is too long for the gateway."""
    return fault("Body buffer overflow", "protocol.http.TooBigBody", status=500)


def errors_in_body(*texts: str) -> Refusal:
    """Refuse under 200, as what is behind the gateway does."""
    body = {"errors": {"error": texts[0] if len(texts) == 1 else texts}}
    return Refusal(msgspec.json.encode(body), status=200, content_type=_JSON)


def bad_parameter(name: str, rule: str) -> Refusal:
    """Refuse a parameter's value."""
    return Refusal(f"Invalid parameter, {name}: {rule}.".encode(), status=400)


def missing_parameter(name: str) -> Refusal:
    """Refuse a request without a parameter that it needs."""
    return Refusal(f"Missing required parameter: {name}.".encode(), status=400)


def unknown_path(path: str) -> Refusal:
    """Say that there is no such endpoint."""
    text = f"Unable to identify proxy for host: default and url: {path}"
    return fault(text, "messaging.adaptors.http.flow.ApplicationNotFound", status=404)


def server_failure(path: str, status: int, *, allowed: int, now_ms: int, retry_after: float | None = None) -> Refusal:
    """Fail with a status, in the vendor's form for it.

    Parameters
    ----------
    allowed, now_ms
        The rate and the wall clock (epoch milliseconds), which a 429 speaks of.
    """
    expiry_ms = now_ms // _QUOTA_WINDOW_MS * _QUOTA_WINDOW_MS + _QUOTA_WINDOW_MS
    known = {
        401: invalid_token(),
        403: not_for_sandbox(403),
        404: unknown_path(path),
        429: quota_violation(allowed, expiry_ms),
        500: datastore_error(),
    }
    unavailable = fault(
        "The Service is temporarily unavailable", "messaging.adaptors.http.flow.ServiceUnavailable", status=status
    )
    refusal = known.get(status) or unavailable
    refusal.retry_after = retry_after
    return refusal
