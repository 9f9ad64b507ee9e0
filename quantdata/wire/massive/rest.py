"""Massive over HTTP: one page, or all of them, each decoded in a worker thread as it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from quantdata.errors import DataProviderError, IncompleteError, PayloadError, QuoteNotFoundError
from quantdata.wire.limits import TokenBucket, of_account
from quantdata.wire.massive import endpoints
from quantdata.wire.massive.envelope import read_page
from quantdata.wire.rest import Rest

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.config import Secret
    from quantdata.wire.http import Request
    from quantdata.wire.massive.envelope import Page
    from quantdata.wire.metrics import Metrics
    from quantdata.wire.reply import Reply
    from quantdata.wire.retry import RetryPolicy

__all__ = ["PAID_REQUESTS_PER_MINUTE", "MassiveRest"]

T = TypeVar("T")

# Paid plans are not limited, but the vendor asks to stay under 100 requests a second: reference/massive.md §8.
PAID_REQUESTS_PER_MINUTE: Final = 6000.0
LONGEST_BURST: Final = 100
PAGES_AT_MOST: Final = 10_000
EMPTY_PAGES_AT_MOST: Final = 100


class MassiveRest(Rest):
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
    metrics
        Where requests are counted; left out, in counters of its own.
    """

    def __init__(
        self,
        api_key: Secret,
        *,
        base_url: str,
        requests_per_minute: float = PAID_REQUESTS_PER_MINUTE,
        policy: RetryPolicy | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        burst = max(1, min(LONGEST_BURST, int(requests_per_minute)))
        limiter = of_account(
            api_key,
            base_url.rstrip("/"),
            requests_per_minute,
            make=lambda: TokenBucket(per_minute=requests_per_minute, burst=burst),
        )
        super().__init__(
            "massive",
            api_key,
            base_url=base_url,
            limiter=limiter,
            policy=policy,
            metrics=metrics,
            clock_request=endpoints.market_status(),
        )

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
            return self._decoded(reply, decode, page), page.next

        return await self._fetch(request, read)

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
