"""Massive over HTTP: one page, or all of them, each decoded in a worker thread as it arrives."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from quantdata.config import checked_url, is_loopback
from quantdata.errors import DataProviderError, IncompleteError, PayloadError, QuoteNotFoundError
from quantdata.wire.http import Http
from quantdata.wire.limits import TokenBucket
from quantdata.wire.massive import endpoints
from quantdata.wire.massive.envelope import read_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from quantdata.config import Secret
    from quantdata.wire.http import Reply, Request
    from quantdata.wire.massive.envelope import Page
    from quantdata.wire.retry import RetryPolicy

__all__ = ["PAID_REQUESTS_PER_MINUTE", "MassiveRest"]

T = TypeVar("T")

# Paid plans are not limited, but the vendor asks to stay under 100 requests a second: reference/massive.md §8.
PAID_REQUESTS_PER_MINUTE: Final = 6000.0
LONGEST_BURST: Final = 100
PAGES_AT_MOST: Final = 10_000
EMPTY_PAGES_AT_MOST: Final = 100
# A word of a few letters is no key (a simulator takes any) and may stand in an answer by itself.
SHORTEST_SECRET: Final = 8

_limiters: Final[WeakValueDictionary[tuple[str, bytes, float], TokenBucket]] = WeakValueDictionary()


class MassiveRest:
    """Requests to Massive with one key.

    Parameters
    ----------
    api_key
        Travels in the ``Authorization`` header and nowhere else.
    base_url
        REST base, as from `Config`.
    requests_per_minute
        What the key's plan allows.
    policy
        Deadline and retries of one request.
    """

    def __init__(
        self,
        api_key: Secret,
        *,
        base_url: str,
        requests_per_minute: float = PAID_REQUESTS_PER_MINUTE,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._http = Http(
            provider="massive",
            base_url=checked_url(base_url, name="base_url"),
            headers={"Authorization": f"Bearer {api_key.reveal()}", "User-Agent": "quantdata"},
            secret=api_key.reveal() if len(api_key.reveal()) >= SHORTEST_SECRET else "",
            limiter=_limiter_of_account(api_key, base_url.rstrip("/"), requests_per_minute),
            policy=policy,
        )
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

    def now(self) -> datetime:
        """Return the present at the host (UTC): the simulator's clock if it is one."""
        return self._http.now()

    async def present(self) -> datetime:
        """Return the present at the host (UTC); a host on this machine is asked first, for it may be a simulator."""
        if self._may_be_simulator and not self.is_simulated:
            try:
                await self.page(endpoints.market_status(), lambda _: None)
            except DataProviderError as error:
                if error.status is None:
                    raise
            # Whatever a simulator answers tells its time; a host that answered without is none.
            self._may_be_simulator = self.is_simulated
        return self.now()

    async def page(
        self,
        request: Request,
        decode: Callable[[Page], T],
        *,
        not_found: type[DataProviderError] = QuoteNotFoundError,
    ) -> tuple[T, Request | None]:
        """GET one page; return what ``decode`` makes of it (in a worker thread) and the request for the next page."""

        def read(reply: Reply) -> tuple[T, Request | None]:
            page = read_page(reply, holds=request.holds, not_found=not_found)
            try:
                return decode(page), page.next
            except (ValueError, TypeError, RecursionError) as error:
                raise PayloadError(
                    f"massive: the rows of {reply.endpoint} are not what they should be: {error}",
                    provider="massive",
                    endpoint=reply.endpoint,
                    status=reply.status,
                ) from error

        return await self._http.fetch(request, read)

    async def pages(
        self,
        request: Request,
        decode: Callable[[Page], T],
        *,
        not_found: type[DataProviderError] = QuoteNotFoundError,
        most: int = PAGES_AT_MOST,
    ) -> list[T]:
        """GET a page and all that follow it, one after the other; more than ``most`` are an endless answer.

        Raises
        ------
        PayloadError
            If the vendor's cursors run in a circle.
        IncompleteError
            If a page after the first fails; ``received`` lists the decoded pages before it.
        """
        seen: set[str] = set()
        decoded: list[T] = []
        empty_pages = 0
        following: Request | None = request
        while following is not None:
            if following.target in seen or len(seen) >= most or empty_pages > EMPTY_PAGES_AT_MOST:
                raise PayloadError(
                    f"massive: the pages of {request.path} come to no end, or run in a circle, after {len(seen)} pages",
                    provider="massive",
                    endpoint=request.path,
                )
            seen.add(following.target)
            try:
                (one, is_empty), following = await self.page(
                    following, lambda page: (decode(page), page.results == b"[]"), not_found=not_found
                )
            except DataProviderError as error:
                if not decoded:
                    raise
                raise IncompleteError(error, received=decoded, arrived=f"{len(decoded)} pages") from error
            decoded.append(one)
            # Windows without a trade are counted in a page of bars, so that some pages hold nothing.
            empty_pages = empty_pages + 1 if is_empty else 0
        return decoded

    async def whole(self, request: Request, decode: Callable[[Page], T]) -> list[T]:
        """GET all pages, or raise what the failing one ended in: for answers of which a part is of no use."""
        try:
            return await self.pages(request, decode)
        except IncompleteError as error:
            raise error.reason from error

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()


def _limiter_of_account(api_key: Secret, base_url: str, per_minute: float) -> TokenBucket:
    """Return the one limiter of all clients with this key: the vendor counts their requests together."""
    # A digest, so that no key lies about in memory as part of another.
    account = (base_url, hashlib.sha256(api_key.reveal().encode()).digest(), per_minute)
    limiter = _limiters.get(account)
    if limiter is None:
        burst = max(1, min(LONGEST_BURST, int(per_minute)))
        limiter = _limiters[account] = TokenBucket(per_minute=per_minute, burst=burst)
    return limiter
