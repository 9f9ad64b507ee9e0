"""One HTTP request, whole or in error: pooled connections, limiter, deadline, retries, no secret in any message."""

from __future__ import annotations

import asyncio
import logging
import random
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, TypeVar
from urllib.parse import quote

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from quantdata.errors import (
    ClosedError,
    DataProviderError,
    MaxRetriesError,
    PayloadError,
    RateLimitError,
    UnavailableError,
)
from quantdata.wire.facts import facts
from quantdata.wire.metrics import Metrics, path_template
from quantdata.wire.proxies import proxy_to, why_kept_out
from quantdata.wire.reply import Reply, http_date
from quantdata.wire.retry import RetryPolicy
from quantdata.wire.skew import ClockSkew
from quantdata.wire.tls import trusted, why_untrusted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from quantdata.wire.limits import Limiter
    from quantdata.wire.metrics import MetricName

__all__ = ["Http", "Reply", "Request"]

T = TypeVar("T")
Holds = Literal["results", "results or nothing", "tickers", "body"]

logger = logging.getLogger("quantdata.wire")

SIMULATED_HEADER: Final = "X-Quantdata-Simulated"
# Those of the simulated market; further out the session table ends.
SIMULATED_YEARS: Final = range(2016, 2032)
CONNECTIONS: Final = 64
MOMENT_S: Final = 1.0
# Less than this is no wait: the limiter let the request pass at once.
LEAST_WAIT_S: Final = 0.001
GZIP_MAGIC: Final = b"\x1f\x8b"
GZIP_WINDOW: Final = 31  # zlib's number for a gzip stream
# The largest known answer, a whole market of stock snapshots, is some 10 MB.
MOST_BYTES_SENT: Final = 64 * 1024 * 1024
MOST_BYTES_READ: Final = 512 * 1024 * 1024
# A vendor that wants to be left alone for longer is asked again, and may say so again.
LONGEST_PAUSE_S: Final = 60.0
HEADERS_READ: Final = ("X-Request-Id", "Retry-After", "Date")


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask: a path below the base URL, and its query.

    Attributes
    ----------
    path, params
        What is asked; path segments are quoted.
    is_form
        POST the parameters as a form instead of in the query: for more than a URL has room for. Asking twice is still
        harmless.
    query
        An encoded query that the vendor gave (a cursor), instead of ``params``.
    holds
        Where the answer holds its rows: in ``results``, always an array; in ``results``, which may be one object, or
        left out when there is nothing; in ``tickers``; or in the bare body.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: str | None = None
    holds: Holds = "results or nothing"
    is_form: bool = False

    @property
    def target(self) -> str:
        """Path and query as they go on the wire; path segments were quoted when the path was made."""
        if self.is_form:
            return self.path
        query = self.query if self.query is not None else str(httpx.QueryParams(dict(self.params)))
        return f"{self.path}?{query}" if query else self.path


def path_segment(text: str) -> str:
    """Return text as one URL path segment: a symbol can never leave its place in a path."""
    return quote(text, safe=":")


class Http:
    """Requests to one vendor with one key.

    Belongs to the event loop that it is first used on.

    Parameters
    ----------
    provider
        Name for messages: ``"massive"`` or ``"tradier"``.
    base_url
        Scheme, host and base path; redirects are never followed.
    headers
        Sent with every request; the one place where a key is in the clear.
    secret
        The key in them, to be taken out of whatever the vendor answers.
    limiter
        Shared by all requests of the account.
    policy
        Deadline and retries.
    metrics
        Where requests are counted; left out, in counters of its own.
    clock, sleep, jitter, wall
        Monotonic seconds, how to wait before a retry, a number in [0, 1), the present (UTC); tests pass their own.
    """

    def __init__(
        self,
        *,
        provider: str,
        base_url: str,
        headers: Mapping[str, str],
        secret: str = "",
        limiter: Limiter,
        policy: RetryPolicy | None = None,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.provider = provider
        self._secret = secret
        self.limiter = limiter
        self.policy = policy or RetryPolicy()
        self.metrics = Metrics() if metrics is None else metrics
        self.requests_sent = 0
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._wall = wall
        self._skew = ClockSkew()
        # One for each connection: waiting for one is waiting in a queue, and no part of a request's deadline.
        self._slots = asyncio.Semaphore(CONNECTIONS)
        # The simulator's clock as of its last answer; None while the answers come from a vendor.
        self.simulated_at: datetime | None = None
        self._told_at = 0.0
        self._client = httpx.AsyncClient(
            transport=_transport(base_url),
            base_url=base_url,
            headers={**headers, "Accept": "application/json", "Accept-Encoding": "gzip"},
            timeout=None,  # noqa: S113  # `fetch` holds one deadline over everything
            follow_redirects=False,
            trust_env=False,
        )

    def has_just_told_the_time(self) -> bool:
        """Tell whether a simulator has said within the last moment what time it is there."""
        return self.simulated_at is not None and self._clock() - self._told_at < MOMENT_S

    def now(self) -> datetime:
        """Return the present as this host sees it (UTC).

        The simulator's clock if it is one; else this machine's, corrected where that is surely off the host's.
        """
        return self.simulated_at or self._wall() + self._skew.known

    async def fetch(self, request: Request, read: Callable[[Reply], T]) -> T:
        """Ask and read an answer, trying again where that can help.

        Parameters
        ----------
        request
            What to ask.
        read
            Turns the answer into a result in a worker thread, or raises a `DataProviderError`, by which the next try
            is decided.

        Raises
        ------
        UnavailableError
            If the deadline passes, or the host cannot be reached.
        MaxRetriesError
            If the vendor was unavailable in every try.
        DataProviderError
            Whatever ``read`` raised last, unless a retry mended it.
        """
        spent_s = 0.0
        tries = 0
        while True:
            tries += 1
            await self._allowed(request)
            async with self._slots:
                began = self._clock()
                failure: DataProviderError | None = None
                try:
                    async with asyncio.timeout(self.policy.deadline_s - spent_s):
                        return await self._try(request, read, tries=tries)
                except TimeoutError:
                    pass
                except DataProviderError as error:
                    failure = error
                if failure is None:
                    # Not from the time-out: the frames that it passed hold our headers, key included.
                    self._count("failures", request, kind=UnavailableError.code.value)
                    raise self._timed_out(request, tries=tries)
                spent_s += self._clock() - began
            self._count("failures", request, kind=failure.code.value)
            delay_s = self.policy.delay_before_retry(failure, tries_done=tries, elapsed_s=spent_s, random=self._jitter)
            if isinstance(failure, RateLimitError):
                # For all requests of the account, not this one alone; and whether or not this one is tried again.
                self.limiter.pause(min(failure.retry_after_s or delay_s or 0.0, LONGEST_PAUSE_S), request.path)
            if delay_s is None or self._client.is_closed:
                raise _final(failure, tries=tries)
            self._count("retries", request)
            logger.info("retry %s", self._facts(request, tries=tries, delay_s=round(delay_s, 3)))
            await self._sleep(delay_s)
            spent_s += delay_s

    async def close(self) -> None:
        """Close all connections; may be called twice."""
        await self._client.aclose()

    def _timed_out(self, request: Request, *, tries: int) -> UnavailableError:
        return UnavailableError(
            f"{self.provider}: no complete answer from {request.path} within {self.policy.deadline_s:g} s "
            f"({tries} {'try' if tries == 1 else 'tries'}); the vendor is slow or unreachable, try again",
            provider=self.provider,
            endpoint=request.path,
        )

    async def _allowed(self, request: Request) -> None:
        began = self._clock()
        try:
            await self.limiter.acquire(request.path)
        finally:
            waited_s = self._clock() - began
            if waited_s >= LEAST_WAIT_S:
                self._count("rate_limit_waits", request)
                self._count("rate_limit_wait_seconds", request, waited_s)

    async def _try(self, request: Request, read: Callable[[Reply], T], *, tries: int) -> T:
        response, body = await self._told(request, tries=tries)
        self.limiter.learn(request.path, response.headers)
        simulated = response.headers.get(SIMULATED_HEADER)
        if simulated is not None:
            self.simulated_at, self._told_at = self._simulated_moment(request, simulated), self._clock()
        return await asyncio.to_thread(self._read, request, response, body, read)

    def _simulated_moment(self, request: Request, text: str) -> datetime:
        moment: datetime | None = None
        with suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(text)
        if moment is None or moment.tzinfo is None or moment.year not in SIMULATED_YEARS:
            raise PayloadError(
                f"{self.provider}: {request.path} came from a simulator that does not tell its time in "
                f"{SIMULATED_HEADER}",
                provider=self.provider,
                endpoint=request.path,
            )
        return moment.astimezone(UTC)

    async def _told(self, request: Request, *, tries: int) -> tuple[httpx.Response, bytes]:
        """Send a request; count it and log it, however it ends."""
        self.requests_sent += 1
        self._count("requests", request)
        began, sent = self._clock(), self._wall()
        status, size = None, 0
        try:
            response, body = await self._send(request)
            status, size = response.status_code, len(body)
            if (told := http_date(response.headers.get("Date"))) is not None:
                self._skew.observe(told, sent=sent, received=self._wall())
            return response, body
        finally:
            self._count("received_bytes", request, size)
            if logger.isEnabledFor(logging.DEBUG):
                seconds = round(self._clock() - began, 3)
                logger.debug(
                    "request %s", self._facts(request, status=status, bytes=size, seconds=seconds, tries=tries)
                )

    def _count(self, metric: MetricName, request: Request, amount: float = 1.0, *, kind: str | None = None) -> None:
        self.metrics.add(metric, amount, provider=self.provider, endpoint=path_template(request.path), kind=kind)

    def _facts(self, request: Request, **more: float | None) -> str:
        return facts(provider=self.provider, endpoint=request.path, **more)

    async def _send(self, request: Request) -> tuple[httpx.Response, bytes]:
        try:
            async with self._stream(request) as response:
                if response.is_stream_consumed:
                    return response, response.content  # a mocked answer (respx) was read when it was made
                return response, await self._body(request, response)
        except (httpx.TransportError, httpx.InvalidURL, aiohttp.ClientResponseError) as error:
            failure = self._broken_off(request, error)
        except RuntimeError as error:
            if not self._client.is_closed:
                raise
            failure = self._broken_off(request, error)
        # Not from the transport's error: it and the frames that it passed hold our headers, key included.
        raise failure

    def _stream(self, request: Request) -> AbstractAsyncContextManager[httpx.Response]:
        if request.is_form:
            return self._client.stream("POST", request.target, data=dict(request.params))
        return self._client.stream("GET", request.target)

    async def _body(self, request: Request, response: httpx.Response) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.aiter_raw():
            chunks.append(chunk)
            size += len(chunk)
            if size > MOST_BYTES_SENT:
                raise self._too_large(request, MOST_BYTES_SENT)
        return b"".join(chunks)

    def _too_large(self, request: Request, most: int) -> PayloadError:
        return PayloadError(
            f"{self.provider}: the answer of {request.path} is larger than {most:,} bytes, which no answer is",
            provider=self.provider,
            endpoint=request.path,
        )

    def _broken_off(self, request: Request, error: Exception) -> UnavailableError:
        is_closed = self._client.is_closed
        why = f"{_reason(error)}; the client was closed meanwhile" if is_closed else _advised(error)
        return (ClosedError if is_closed else UnavailableError)(
            f"{self.provider}: {request.path} broke off: {why}", provider=self.provider, endpoint=request.path
        )

    def _read(self, request: Request, response: httpx.Response, raw: bytes, read: Callable[[Reply], T]) -> T:
        """Read an answer in a worker thread."""
        body = self._without_secret(self._unzipped(request, response, raw))
        sent = {name: response.headers[name] for name in HEADERS_READ if name in response.headers}
        headers = {name: text for name, text in sent.items() if text.isascii()}  # what is not is no id, number or date
        if self._secret and any(self._secret in text for text in headers.values()):
            headers = {}
        reply = Reply(self.provider, request.path, response.status_code, httpx.Headers(headers), body)
        try:
            return read(reply)
        except KeyboardInterrupt:
            return read(reply)  # Polars raises it in whichever thread it is at work; ours are not the ones to stop

    def _unzipped(self, request: Request, response: httpx.Response, raw: bytes) -> bytes:
        # By its first bytes, not by the header: a mocked answer comes unzipped.
        if not raw.startswith(GZIP_MAGIC):
            return raw
        unzip = zlib.decompressobj(GZIP_WINDOW)
        body: bytes | None = None
        with suppress(zlib.error):
            body = unzip.decompress(raw, MOST_BYTES_READ)
        if body is not None and unzip.unconsumed_tail:
            raise self._too_large(request, MOST_BYTES_READ)
        if body is None or not unzip.eof:
            raise PayloadError(
                f"{self.provider}: the compressed body of {request.path} is damaged or cut short",
                provider=self.provider,
                endpoint=request.path,
                status=response.status_code,
            )
        return body

    def _without_secret(self, body: bytes) -> bytes:
        """Return a body without our key, should the vendor repeat it: parts of bodies are quoted in messages."""
        secret = self._secret.encode()
        return body.replace(secret, b"[key]") if secret and secret in body else body


def _transport(base_url: str) -> AiohttpTransport:
    proxy = proxy_to(base_url)
    return AiohttpTransport(
        verify=trusted(),
        limits=httpx.Limits(max_connections=CONNECTIONS),
        # Name and password as a header: the transport would hand them over in a way that aiohttp is giving up.
        proxy=None if proxy is None else httpx.Proxy(proxy.url, headers=dict(proxy.headers)),
    )


def _advised(error: BaseException) -> str:
    """Return what went wrong on the way, and what to do."""
    for each in _causes(error):
        if said := why_untrusted(each) or why_kept_out(each):
            return said
    return f"{_reason(error)}; check the network and the host"


def _reason(error: BaseException) -> str:
    # The transport calls a refused connection a time-out; the operating system's own words are at the root.
    *_, root = _causes(error)
    return f"{type(root).__name__} ({root.strerror or root})" if isinstance(root, OSError) else type(root).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it was raised from, the root last."""
    each: BaseException | None = error
    while each is not None:
        yield each
        each = each.__cause__


def _final(error: DataProviderError, *, tries: int) -> DataProviderError:
    if tries == 1 or isinstance(error, ClosedError) or not isinstance(error, UnavailableError):
        return error
    final = MaxRetriesError(f"{error}; {tries} tries failed", **error.facts)
    final.__cause__ = error
    return final
