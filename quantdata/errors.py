"""Every error that quantdata raises, in one tree.

::

    QuantDataError                      anything below; catch this to catch all
    ├── ArgumentError                   a call's arguments make no sense (also a ValueError)
    │   └── SymbolError                 a symbol cannot be read, or means several contracts
    ├── ConfigError                     a key, host or setting is missing or malformed
    ├── FeedError                       a live stream cannot be had or was refused
    ├── LakeError                       files on disk are not what they should be
    └── DataProviderError               a vendor did not give what was asked for
        ├── AuthenticationError         the key is missing or wrong
        ├── EntitlementError            the key's plan does not include this
        ├── RateLimitError              too many requests; says when to come back
        ├── UnavailableError            the vendor is down, slow or unreachable
        │   └── ClosedError             the client was closed while the question was under way
        ├── PayloadError                the vendor's answer cannot be read
        ├── ContractNotFoundError       no such option contract
        ├── QuoteNotFoundError          no such equity, index or bar series
        ├── IncompleteError             a part arrived; the rest did not
        ├── MaxRetriesError             a retryable failure outlasted its retries
        └── AllProvidersFailedError     every provider failed; holds each one's error

No message ever contains a key, a token or a whole payload.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AllProvidersFailedError",
    "ArgumentError",
    "AuthenticationError",
    "ClosedError",
    "ConfigError",
    "ContractNotFoundError",
    "DataProviderError",
    "EntitlementError",
    "ErrorCode",
    "FeedError",
    "IncompleteError",
    "LakeError",
    "MaxRetriesError",
    "PayloadError",
    "QuantDataError",
    "QuantDataWarning",
    "QuoteNotFoundError",
    "RateLimitError",
    "SymbolError",
    "UnavailableError",
]


class ErrorCode(Enum):
    """Why a provider did not answer; stable words for programs to switch on."""

    MASSIVE_API_ERROR = "MASSIVE_API_ERROR"
    TRADIER_API_ERROR = "TRADIER_API_ERROR"
    AUTHENTICATION_FAILED = "AUTHENTICATION_FAILED"
    NOT_ENTITLED = "NOT_ENTITLED"
    RATE_LIMITED = "RATE_LIMITED"
    UNAVAILABLE = "UNAVAILABLE"
    CLIENT_CLOSED = "CLIENT_CLOSED"
    BAD_PAYLOAD = "BAD_PAYLOAD"
    CONTRACT_NOT_FOUND = "CONTRACT_NOT_FOUND"
    QUOTE_NOT_FOUND = "QUOTE_NOT_FOUND"
    INCOMPLETE = "INCOMPLETE"
    MAX_RETRIES_EXCEEDED = "MAX_RETRIES_EXCEEDED"
    ALL_PROVIDERS_FAILED = "ALL_PROVIDERS_FAILED"


class QuantDataWarning(UserWarning):
    """An answer was given, but less of it than was asked for."""


class QuantDataError(Exception):
    """Base of every error that quantdata raises."""


class ArgumentError(QuantDataError, ValueError):
    """A call's arguments make no sense: what was given, what is allowed, what to do."""


class SymbolError(ArgumentError):
    """A symbol cannot be read, or it means several contracts."""


class ConfigError(QuantDataError):
    """A key, a host or a setting is missing or malformed."""


class FeedError(QuantDataError):
    """A live stream cannot be had or was refused."""


class LakeError(QuantDataError):
    """Files on disk are not what they should be."""


class DataProviderError(QuantDataError):
    """A vendor did not give what was asked for.

    Parameters
    ----------
    message
        What was asked, what came back, what to try.
    provider
        ``"massive"`` or ``"tradier"``.
    endpoint
        Path of the request, without host, query and key.
    status
        HTTP status, when an answer came.
    request_id
        The vendor's own id of the request, for its support desk.
    retry_after_s
        Seconds after which the same call may work, when that is known.
    code
        The `ErrorCode`; each subclass has its own.
    """

    code: ErrorCode = ErrorCode.UNAVAILABLE

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        endpoint: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
        code: ErrorCode | None = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.endpoint = endpoint
        self.status = status
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        if code is not None:
            self.code = code

    @property
    def facts(self) -> dict[str, Any]:
        """The facts as arguments, to raise another error about the same request."""
        return {
            "provider": self.provider,
            "endpoint": self.endpoint,
            "status": self.status,
            "request_id": self.request_id,
            "retry_after_s": self.retry_after_s,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own pickling forgets keyword-only arguments; workers send errors between processes.
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[DataProviderError], args: tuple[Any, ...], state: dict[str, Any]) -> DataProviderError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class AuthenticationError(DataProviderError):
    """The key is missing or wrong."""

    code = ErrorCode.AUTHENTICATION_FAILED


class EntitlementError(DataProviderError):
    """The key's plan does not include what was asked for."""

    code = ErrorCode.NOT_ENTITLED


class RateLimitError(DataProviderError):
    """Too many requests; ``retry_after_s`` says when to come back, when that is known."""

    code = ErrorCode.RATE_LIMITED


class UnavailableError(DataProviderError):
    """The vendor is down, too slow or unreachable."""

    code = ErrorCode.UNAVAILABLE


class ClosedError(UnavailableError):
    """The client was closed while the question was under way; says nothing of the vendor."""

    code = ErrorCode.CLIENT_CLOSED


class PayloadError(DataProviderError):
    """The vendor's answer cannot be read, or contradicts the request."""

    code = ErrorCode.BAD_PAYLOAD


class ContractNotFoundError(DataProviderError):
    """No such option contract."""

    code = ErrorCode.CONTRACT_NOT_FOUND


class QuoteNotFoundError(DataProviderError):
    """No such equity, index or bar series."""

    code = ErrorCode.QUOTE_NOT_FOUND


class IncompleteError(DataProviderError):
    """A part of the answer arrived and the rest did not.

    Parameters
    ----------
    reason
        The error that the missing part ended in; its facts are this error's too.
    received
        What arrived, as a frame where a client raises it, so that nothing is lost; it is not the answer.
    arrived
        The same in words: ``"8,250 contracts"``.
    """

    code = ErrorCode.INCOMPLETE

    def __init__(self, reason: DataProviderError, *, received: Any, arrived: str) -> None:
        super().__init__(
            f"{reason.provider}: {arrived} arrived, then {reason}; nothing shorter is handed out as if it were whole",
            **reason.facts,
        )
        self.reason = reason
        self.received = received


class MaxRetriesError(DataProviderError):
    """A failure that may pass did not pass within the retries and the deadline."""

    code = ErrorCode.MAX_RETRIES_EXCEEDED


class AllProvidersFailedError(DataProviderError):
    """No provider gave a usable answer; ``errors`` maps each provider to its own error."""

    code = ErrorCode.ALL_PROVIDERS_FAILED

    def __init__(self, message: str, *, errors: Mapping[str, DataProviderError], **facts: Any) -> None:
        super().__init__(message, provider="hybrid", **facts)
        self.errors = dict(errors)
