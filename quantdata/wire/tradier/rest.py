"""Tradier over HTTP: one collection, decoded in a worker thread as it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from quantdata.config import checked_url
from quantdata.wire.limits import WindowLimiter, of_account
from quantdata.wire.rest import Rest
from quantdata.wire.tradier import endpoints
from quantdata.wire.tradier.envelope import read_items
from quantdata.wire.tradier.messages import session_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.config import Secret
    from quantdata.wire.metrics import Metrics
    from quantdata.wire.reply import Reply
    from quantdata.wire.retry import RetryPolicy
    from quantdata.wire.tradier.endpoints import Collection
    from quantdata.wire.tradier.envelope import Items

__all__ = ["TradierRest", "is_sandbox"]

T = TypeVar("T")

# Documented for market data; what the headers say replaces it: reference/tradier.md §2.
REQUESTS_PER_MINUTE: Final = 120
SANDBOX_REQUESTS_PER_MINUTE: Final = 60
VERSION: Final = "/v1"


class TradierRest(Rest):
    """Requests to Tradier with one token.

    Parameters
    ----------
    access_token
        Travels in the ``Authorization`` header and nowhere else.
    base_url
        REST base, with ``/v1`` at its end or without.
    policy
        Deadline and retries of one request.
    metrics
        Where requests are counted; left out, in counters of its own.
    """

    def __init__(
        self,
        access_token: Secret,
        *,
        base_url: str,
        policy: RetryPolicy | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        base = checked_url(base_url, name="base_url")
        self.is_sandbox = self.is_delayed = is_sandbox(base)
        # The beta endpoints lie beside /v1, so that paths hold the version.
        root = base.removesuffix(VERSION)
        allowed = SANDBOX_REQUESTS_PER_MINUTE if self.is_sandbox else REQUESTS_PER_MINUTE
        super().__init__(
            "tradier",
            access_token,
            base_url=root,
            limiter=of_account(access_token, root, make=lambda: WindowLimiter(allowed=allowed)),
            policy=policy,
            metrics=metrics,
            clock_request=endpoints.clock(),
        )

    async def items(self, request: Collection, decode: Callable[[Items], T]) -> T:
        """Ask for a collection; return what ``decode`` makes of its items (in a worker thread)."""

        def read(reply: Reply) -> T:
            return self._decoded(reply, decode, read_items(reply, request))

        return await self._fetch(request, read)

    async def stream_session(self) -> Secret:
        """Make a session of the market stream; return its id, as `TradierDialect` asks for it.

        Raises
        ------
        DataProviderError
            If there is none to be had; the sandbox has none.
        """
        return await self.items(endpoints.stream_session(), lambda items: session_id(items.items))


def is_sandbox(base_url: str) -> bool:
    """Tell whether a base is the sandbox: the vendor's host of that name, or the simulator's folder."""
    parts = urlsplit(base_url)
    return (parts.hostname or "").startswith("sandbox.") or parts.path.startswith("/sandbox")
