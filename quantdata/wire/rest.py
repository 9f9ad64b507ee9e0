"""What the requests to any vendor have alike: one key, one host, one limiter, and what time it is there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from quantdata.config import checked_secret, checked_url, is_loopback
from quantdata.errors import DataProviderError, PayloadError
from quantdata.wire.http import Http

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from quantdata.config import Secret
    from quantdata.wire.http import Reply, Request
    from quantdata.wire.limits import Budget, Limiter
    from quantdata.wire.metrics import Metrics
    from quantdata.wire.retry import RetryPolicy

__all__ = ["Rest"]

T = TypeVar("T")

# A word of a few letters is no key (a simulator takes any) and may stand in an answer by itself.
SHORTEST_SECRET: Final = 8


class Rest:
    """Requests to one vendor with one key; each vendor's class adds how its answers are read.

    Parameters
    ----------
    provider
        Name for messages.
    key
        Travels in the ``Authorization`` header and nowhere else.
    base_url
        REST base, as from `Config`.
    limiter
        Of the account.
    policy
        Deadline and retries of one request.
    metrics
        Where requests are counted; left out, in counters of its own.
    clock_request
        The request for the vendor's clock; any answer to it will do.

    Attributes
    ----------
    provider
        The name.
    is_delayed
        Whether all that the host has is late, as a sandbox's.
    """

    is_delayed = False

    def __init__(
        self,
        provider: str,
        key: Secret,
        *,
        base_url: str,
        limiter: Limiter,
        policy: RetryPolicy | None,
        metrics: Metrics | None = None,
        clock_request: Request,
    ) -> None:
        self.provider = provider
        self._http = Http(
            provider=provider,
            base_url=checked_url(base_url, name="base_url"),
            headers={
                "Authorization": f"Bearer {checked_secret(key, name='the key').reveal()}",
                "User-Agent": "quantdata",
            },
            secret=key.reveal() if len(key.reveal()) >= SHORTEST_SECRET else "",
            limiter=limiter,
            policy=policy,
            metrics=metrics,
        )
        self._clock_request = clock_request
        self._asking_the_time = asyncio.Lock()
        self._may_be_simulator = is_loopback(urlsplit(base_url).hostname or "")

    @property
    def is_slow(self) -> bool:
        """Tell whether the plan is too slow for requests in parallel."""
        return self._http.limiter.is_slow

    @property
    def is_simulated(self) -> bool:
        """Tell whether the last answer came from a simulator."""
        return self._http.simulated_at is not None

    @property
    def requests_sent(self) -> int:
        """Count of requests sent so far, retries included."""
        return self._http.requests_sent

    def budgets(self) -> list[Budget]:
        """Return what is left of the account's rate."""
        return self._http.limiter.budgets()

    def now(self) -> datetime:
        """Return the present at the host (UTC): the simulator's clock if it is one."""
        return self._http.now()

    async def present(self) -> datetime:
        """Return the present at the host (UTC); a host on this machine is asked first, for it may be a simulator.

        One that is, is asked again when its last answer is more than a moment old: its time goes on, or jumps.
        """
        async with self._asking_the_time:  # one question for all who want to know
            if self._may_be_simulator and not self._http.has_just_told_the_time():
                try:
                    await self._fetch(self._clock_request, lambda _: None)
                except DataProviderError as error:
                    if error.status is None:
                        raise
                # Whatever a simulator answers tells its time; a host that answered without is none.
                self._may_be_simulator = self.is_simulated
        return self.now()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def _fetch(self, request: Request, read: Callable[[Reply], T]) -> T:
        return await self._http.fetch(request, read)

    def _decoded(self, reply: Reply, decode: Callable[[Any], T], rows: Any) -> T:
        """Return what ``decode`` makes of the rows of an answer; what it cannot make sense of is the vendor's fault."""
        try:
            return decode(rows)
        except (ValueError, TypeError, RecursionError) as error:
            raise PayloadError(
                f"{self.provider}: the rows of {reply.endpoint} are not what they should be: {error}",
                provider=self.provider,
                endpoint=reply.endpoint,
                status=reply.status,
            ) from error
