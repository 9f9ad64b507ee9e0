"""One request over real loopback sockets: retries, deadline, damage, and no key in anything that is shown."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import logging
import pickle
import time
import traceback
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.errors import (
    ClosedError,
    DataProviderError,
    MaxRetriesError,
    PayloadError,
    RateLimitError,
    UnavailableError,
)
from quantdata.wire import http as module
from quantdata.wire.http import Http, Reply, Request, path_segment
from quantdata.wire.limits import TokenBucket
from quantdata.wire.massive.envelope import read_page
from quantdata.wire.metrics import Metrics
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from quantdata.wire.limits import Budget, Limiter

KEY = "k3y-that-nobody-may-see"
ASK = Request("/v3/thing", {"limit": "1"})


def http_answer(body: bytes = b'{"status":"OK"}', *, status: str = "200 OK", headers: str = "") -> bytes:
    """Return an answer as it goes over the wire."""
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


GOOD_BODY = b'{"status":"OK"}'
GOOD = http_answer()
DOWN = http_answer(b"<html>", status="503 Service Unavailable")
# Without an answer, aiohttp itself sends a GET once more on a new connection: one try of ours is two of these.
HANG_UP = b""
SILENCE = b" "
REFUSED = "403 Forbidden"


class Server:
    """Answers each connection with the next of its answers; the last one stays."""

    def __init__(self, answers: Sequence[bytes]) -> None:
        self._answers = list(answers)
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.body_bytes = 0
        self.asked = asyncio.Event()
        self._serving: set[asyncio.Task[None] | None] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.current_task())
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            self.bodies.append(await reader.readexactly(self.body_bytes))
            self.asked.set()
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if answer == SILENCE:
                await reader.read()  # until the client goes away
            writer.write(answer)
        finally:
            writer.close()

    async def finished(self) -> None:
        """Wait until all connections are closed."""
        await asyncio.gather(*(task for task in self._serving if task is not None), return_exceptions=True)


class Slept:
    """Waits that take no time, and are remembered."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@asynccontextmanager
async def _serving(
    *answers: bytes,
    sleep: Callable[[float], Awaitable[None]] | None = None,
    policy: RetryPolicy | None = None,
    limiter: Limiter | None = None,
    clock: Callable[[], float] = time.monotonic,
    metrics: Metrics | None = None,
) -> AsyncIterator[tuple[Http, Server]]:
    scripted = Server(answers)
    async with await asyncio.start_server(scripted.serve, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        http = Http(
            provider="massive",
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {KEY}"},
            secret=KEY,
            limiter=limiter or TokenBucket(per_minute=6000.0, burst=100, sleep=Slept()),
            policy=policy,
            metrics=metrics,
            clock=clock,
            sleep=sleep or Slept(),
            jitter=lambda: 1.0,
        )
        try:
            yield http, scripted
        finally:
            await http.close()
            await scripted.finished()


def _body(reply: Reply) -> bytes:
    return reply.body


def _checked(reply: Reply) -> bytes:
    read_page(reply)
    return reply.body


def _fetched(
    *answers: bytes, read: Callable[[Reply], bytes] = _checked, sleep: Slept | None = None, request: Request = ASK
) -> tuple[bytes, int]:
    async def fetch() -> tuple[bytes, int]:
        async with _serving(*answers, sleep=sleep) as (http, server):
            body = await http.fetch(request, read)
            assert http.requests_sent == len(server.heads)
            return body, http.requests_sent

    return asyncio.run(fetch())


def _failed(*answers: bytes, sleep: Slept | None = None) -> DataProviderError:
    with pytest.raises(DataProviderError) as failure:
        _fetched(*answers, sleep=sleep)
    return failure.value


def _everything_shown(error: BaseException | None) -> str:
    """Return all text of an error and of what led to it."""
    shown = []
    while error is not None:
        shown += [str(error), repr(error), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(shown)


# --- a request as it leaves -----------------------------------------------------------------------------------------


def test_the_key_travels_in_one_header_and_not_in_the_url() -> None:
    async def fetch() -> bytes:
        async with _serving(GOOD) as (http, server):
            await http.fetch(ASK, _body)
            return server.heads[0]

    line, _, headers = asyncio.run(fetch()).partition(b"\r\n")
    assert line == b"GET /v3/thing?limit=1 HTTP/1.1"
    assert headers.count(KEY.encode()) == 1
    assert b"accept-encoding: gzip\r\n" in headers.lower()


@pytest.mark.parametrize(
    ("request_", "target"),
    [
        (Request("/v1/now"), "/v1/now"),
        (Request("/v3/x", {"a": "1", "b.gte": "2 3"}), "/v3/x?a=1&b.gte=2+3"),
        (Request("/v3/x", query="cursor=YQ%3D%3D"), "/v3/x?cursor=YQ%3D%3D"),
    ],
)
def test_target_is_path_and_query(request_: Request, target: str) -> None:
    assert request_.target == target


@pytest.mark.parametrize(
    ("text", "segment"),
    [("O:SPY251219C00450000", "O:SPY251219C00450000"), ("BRK.B", "BRK.B"), ("../v1?x#y", "..%2Fv1%3Fx%23y")],
)
def test_a_symbol_never_leaves_its_place_in_a_path(text: str, segment: str) -> None:
    assert path_segment(text) == segment


FORM = Request("/v1/markets/quotes", {"symbols": "SPY,BRK/B", "greeks": "false"}, is_form=True)


def test_a_form_is_posted_with_its_parameters_in_the_body_and_not_in_the_url() -> None:
    body = b"symbols=SPY%2CBRK%2FB&greeks=false"

    async def fetch() -> tuple[bytes, bytes]:
        async with _serving(GOOD) as (http, server):
            server.body_bytes = len(body)
            await http.fetch(FORM, _body)
            return server.heads[0], server.bodies[0]

    head, sent = asyncio.run(fetch())
    line, _, headers = head.partition(b"\r\n")
    assert line == b"POST /v1/markets/quotes HTTP/1.1"
    assert sent == body
    assert b"content-type: application/x-www-form-urlencoded\r\n" in headers.lower()
    assert b"accept: application/json\r\n" in headers.lower()
    assert headers.count(KEY.encode()) == 1


def test_a_form_is_asked_again_like_a_query() -> None:
    assert FORM.target == "/v1/markets/quotes"
    assert _fetched(DOWN, GOOD, request=FORM) == (GOOD_BODY, 2)


class Told:
    """A limiter that lets all pass and keeps what it is told."""

    is_slow = False

    def __init__(self) -> None:
        self.acquired: list[str] = []
        self.learnt: list[tuple[str, str | None, str | None]] = []
        self.paused: list[tuple[float, str]] = []

    async def acquire(self, endpoint: str) -> None:
        self.acquired.append(endpoint)

    def learn(self, endpoint: str, headers: Mapping[str, str]) -> None:
        self.learnt.append((endpoint, headers.get("X-Ratelimit-Used"), headers.get("date")))

    def pause(self, seconds: float, endpoint: str) -> None:
        self.paused.append((seconds, endpoint))

    def budgets(self) -> list[Budget]:
        return []


DATED = "X-RATELIMIT-USED: 7\r\nDate: Wed, 18 Nov 2026 17:00:07 GMT\r\n"


@pytest.mark.parametrize("answer", [http_answer(headers=DATED), http_answer(b"<", status=REFUSED, headers=DATED)])
def test_the_limiter_gets_path_and_headers_of_every_answer(answer: bytes) -> None:
    told = Told()

    async def fetch() -> None:
        async with _serving(answer, limiter=told) as (http, _):
            await http.fetch(ASK, _body)

    asyncio.run(fetch())
    assert told.acquired == ["/v3/thing"]
    assert told.learnt == [("/v3/thing", "7", "Wed, 18 Nov 2026 17:00:07 GMT")]


def test_the_limiter_is_told_of_a_violation_of_its_path_and_asked_before_each_try() -> None:
    told = Told()
    too_many = http_answer(b"", status="429 Too Many Requests", headers="Retry-After: 2\r\n")

    async def fetch() -> None:
        async with _serving(too_many, GOOD, limiter=told) as (http, _):
            await http.fetch(ASK, _checked)

    asyncio.run(fetch())
    assert told.acquired == ["/v3/thing"] * 2
    assert told.paused == [(2.0, "/v3/thing")]
    assert len(told.learnt) == 2


# --- retries --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first",
    [
        DOWN,
        http_answer(b"", status="500 Internal Server Error"),
        http_answer(b"{}", status="499 Client Closed Request"),
        http_answer(b"", status="429 Too Many Requests"),
        http_answer(b"<html>maintenance</html>"),
        http_answer(b'{"status":"OK","resu'),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"nonsense\r\n\r\n",
    ],
    ids=["503", "500", "499", "429", "html", "half", "cut", "not-http"],
)
def test_what_may_pass_is_tried_again(first: bytes) -> None:
    assert _fetched(first, GOOD) == (b'{"status":"OK"}', 2)


def test_delays_between_tries_follow_the_policy() -> None:
    sleep = Slept()
    _fetched(DOWN, DOWN, DOWN, GOOD, sleep=sleep)
    assert sleep.seconds == [0.25, 0.5, 1.0]


def test_a_vendor_that_stays_down_ends_in_max_retries() -> None:
    error = _failed(DOWN)
    assert isinstance(error, MaxRetriesError)
    assert (error.provider, error.endpoint, error.status) == ("massive", "/v3/thing", 503)
    assert "4 tries failed" in str(error)
    assert isinstance(error.__cause__, UnavailableError)


def test_a_host_that_hangs_up_ends_in_max_retries() -> None:
    error = _failed(HANG_UP)
    assert isinstance(error, MaxRetriesError)
    assert "broke off" in str(error)


def test_retry_after_in_seconds_is_waited_for() -> None:
    sleep = Slept()
    _fetched(http_answer(b"", status="429 Too Many Requests", headers="Retry-After: 3\r\n"), GOOD, sleep=sleep)
    assert sleep.seconds == [3.0]


def test_retry_after_as_a_date_is_waited_for() -> None:
    sleep = Slept()
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=5), usegmt=True)
    _fetched(http_answer(b"", status="503 Busy", headers=f"Retry-After: {date}\r\n"), GOOD, sleep=sleep)
    assert sleep.seconds == pytest.approx([4.5], abs=0.6)


def test_a_wait_past_the_deadline_fails_at_once_and_says_when() -> None:
    sleep = Slept()
    error = _failed(http_answer(b"", status="429 Too Many Requests", headers="Retry-After: 60\r\n"), sleep=sleep)
    assert isinstance(error, RateLimitError)
    assert error.retry_after_s == 60.0
    assert sleep.seconds == []


def test_a_rate_limit_that_stays_is_a_rate_limit() -> None:
    assert isinstance(_failed(http_answer(b"", status="429 Too Many Requests")), RateLimitError)


@pytest.mark.parametrize(("headers", "held_up_s"), [("Retry-After: 3\r\n", 3.0), ("", 0.25)])
def test_a_rate_limit_holds_up_all_requests_of_the_account(headers: str, held_up_s: float) -> None:
    now, waited = 0.0, Slept()
    limiter = TokenBucket(per_minute=6000.0, burst=100, clock=lambda: now, sleep=waited)

    async def fetch() -> None:
        async def meanwhile(seconds: float) -> None:
            nonlocal now
            await http.fetch(ASK, _checked)  # another request, while the first one waits for its next try
            now += seconds

        async with _serving(
            http_answer(b"", status="429 Too Many Requests", headers=headers), GOOD, sleep=meanwhile, limiter=limiter
        ) as (http, _):
            await http.fetch(ASK, _checked)

    asyncio.run(fetch())
    assert waited.seconds == [held_up_s]


@pytest.mark.parametrize(("after_s", "paused_s"), [("30", 30.0), ("3600", 60.0)])
def test_a_rate_limit_that_nobody_waits_for_holds_up_those_who_come_later(after_s: str, paused_s: float) -> None:
    told = Told()

    async def fetch() -> None:
        refusal = http_answer(b"", status="429 Too Many Requests", headers=f"Retry-After: {after_s}\r\n")
        async with _serving(refusal, limiter=told) as (http, _):
            with pytest.raises(RateLimitError):
                await http.fetch(ASK, _checked)

    asyncio.run(fetch())
    assert told.paused == [(paused_s, "/v3/thing")]


@pytest.mark.parametrize("first", [DOWN, HANG_UP, http_answer(b"{")], ids=["503", "hang-up", "half"])
def test_another_failure_holds_up_its_own_request_alone(first: bytes) -> None:
    waited = Slept()
    limiter = TokenBucket(per_minute=6000.0, burst=100, clock=lambda: 0.0, sleep=waited)

    async def fetch() -> None:
        async with _serving(first, first, GOOD, limiter=limiter) as (http, _):
            await http.fetch(ASK, _body if first == HANG_UP else _checked)

    with contextlib.suppress(PayloadError):
        asyncio.run(fetch())
    assert waited.seconds == []


def test_an_unreadable_answer_is_tried_twice_only() -> None:
    sleep = Slept()
    assert isinstance(_failed(http_answer(b"{"), sleep=sleep), PayloadError)
    assert len(sleep.seconds) == 1


# --- deadline and cancelling ----------------------------------------------------------------------------------------


def test_the_deadline_covers_a_host_that_says_nothing() -> None:
    async def fetch() -> None:
        async with _serving(SILENCE, policy=RetryPolicy(deadline_s=0.05)) as (http, _):
            await http.fetch(ASK, _body)

    with pytest.raises(UnavailableError, match=r"no complete answer from /v3/thing within 0.05 s \(1 try\)") as failure:
        asyncio.run(fetch())
    assert failure.value.endpoint == "/v3/thing"


def test_the_deadline_covers_all_tries_together() -> None:
    async def fetch() -> None:
        policy = RetryPolicy(deadline_s=0.1, first_delay_s=0.01)
        async with _serving(DOWN, SILENCE, policy=policy) as (http, _):
            await http.fetch(ASK, _checked)

    with pytest.raises(UnavailableError, match=r"\(2 tries\)"):
        asyncio.run(fetch())


def test_waits_count_towards_the_deadline() -> None:
    sleep = Slept()

    async def fetch() -> None:
        policy = RetryPolicy(deadline_s=5.0, first_delay_s=2.0, longest_delay_s=4.0)
        async with _serving(DOWN, policy=policy, sleep=sleep, clock=lambda: 0.0) as (http, _):
            await http.fetch(ASK, _checked)

    with pytest.raises(MaxRetriesError):
        asyncio.run(fetch())
    # The next wait would be of 4 s, which would end past the 5 s.
    assert sleep.seconds == [2.0]


def test_a_cancelled_request_leaves_the_client_usable() -> None:
    async def fetch() -> bytes:
        async with _serving(SILENCE, GOOD) as (http, server):
            waiting = asyncio.ensure_future(http.fetch(ASK, _body))
            await server.asked.wait()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            return await http.fetch(ASK, _body)

    assert asyncio.run(fetch()) == b'{"status":"OK"}'


def test_closing_twice_is_fine() -> None:
    async def close() -> None:
        async with _serving(GOOD) as (http, _):
            await http.fetch(ASK, _body)
            await http.close()
            await http.close()

    asyncio.run(close())


# --- bodies ---------------------------------------------------------------------------------------------------------

GZIPPED = gzip.compress(b'{"status":"OK","results":[' + b"1," * 500 + b"1]}", mtime=0)


def test_a_compressed_body_is_unpacked() -> None:
    body, _ = _fetched(http_answer(GZIPPED, headers="Content-Encoding: gzip\r\n"))
    assert body.startswith(b'{"status":"OK"')


@pytest.mark.parametrize("damaged", [GZIPPED[:-20], GZIPPED[:5], GZIPPED[:20] + b"\xff" * 20 + GZIPPED[40:]])
def test_a_damaged_compressed_body_is_a_payload_error(damaged: bytes) -> None:
    error = _failed(http_answer(damaged, headers="Content-Encoding: gzip\r\n"))
    assert isinstance(error, PayloadError)
    assert "damaged or cut short" in str(error)
    assert error.status == 200


def test_a_damaged_body_is_mended_by_one_retry() -> None:
    cut = http_answer(GZIPPED[:-20], headers="Content-Encoding: gzip\r\n")
    assert _fetched(cut, GOOD) == (b'{"status":"OK"}', 2)


@pytest.mark.parametrize(("most", "is_read"), [(len(GOOD_BODY), True), (len(GOOD_BODY) - 1, False)])
def test_a_body_larger_than_any_answer_is_not_read(
    monkeypatch: pytest.MonkeyPatch, most: int, *, is_read: bool
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES_SENT", most)
    if is_read:
        assert _fetched(GOOD) == (GOOD_BODY, 1)
    else:
        error = _failed(GOOD)
        assert type(error) is PayloadError
        assert str(error) == f"massive: the answer of /v3/thing is larger than {most} bytes, which no answer is"


def test_a_compressed_body_larger_than_any_answer_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES_READ", 1_000)
    bomb = gzip.compress(b"0" * 10_000_000, mtime=0)
    error = _failed(http_answer(bomb, headers="Content-Encoding: gzip\r\n"))
    assert type(error) is PayloadError
    assert "larger than 1,000 bytes, which no answer is" in str(error)


@pytest.mark.parametrize(("interrupts", "tries"), [(0, 1), (1, 2)])
def test_an_interrupt_in_the_worker_thread_is_read_over(interrupts: int, tries: int) -> None:
    # Polars raises it in whichever thread is at work, on a Ctrl-C that was meant for another call.
    replies: list[Reply] = []

    def read(reply: Reply) -> bytes:
        replies.append(reply)
        if len(replies) <= interrupts:
            raise KeyboardInterrupt
        return reply.body

    assert _fetched(GOOD, read=read) == (GOOD_BODY, 1)
    assert len(replies) == tries


# --- hosts ----------------------------------------------------------------------------------------------------------


def test_a_redirect_is_not_followed() -> None:
    moved = http_answer(b"", status="302 Found", headers="Location: https://elsewhere.example/v3/thing\r\n")
    error = _failed(moved)
    assert type(error) is DataProviderError
    assert (error.status, error.endpoint) == (302, "/v3/thing")


def test_an_address_where_nobody_listens_ends_in_max_retries() -> None:
    async def fetch() -> None:
        async with _serving(GOOD) as (http, _):
            pass
        limiter = TokenBucket(per_minute=6000.0, burst=9)
        gone = Http(provider="massive", base_url=str(http._client.base_url), headers={}, limiter=limiter, sleep=Slept())
        try:
            await gone.fetch(ASK, _body)
        finally:
            await gone.close()

    with pytest.raises(MaxRetriesError, match="check the network and the host") as failure:
        asyncio.run(fetch())
    # In the operating system's words, not in the transport's, which calls it a time-out.
    assert "/v3/thing broke off: ConnectionRefusedError (" in str(failure.value)


def test_a_request_on_a_closed_client_breaks_off() -> None:
    async def fetch() -> None:
        async with _serving(GOOD) as (http, _):
            await http.close()
            await http.fetch(ASK, _body)

    with pytest.raises(ClosedError, match=r"broke off: .* the client was closed meanwhile") as failure:
        asyncio.run(fetch())
    assert (failure.value.provider, failure.value.endpoint) == ("massive", "/v3/thing")


def test_a_closed_client_is_not_tried_again() -> None:
    sleep = Slept()

    async def fetch() -> tuple[DataProviderError, int]:
        async with _serving(GOOD, sleep=sleep) as (http, _):
            await http.close()
            with pytest.raises(UnavailableError) as failure:
                await http.fetch(ASK, _body)
            return failure.value, http.requests_sent

    error, requests = asyncio.run(fetch())
    assert type(error) is ClosedError
    assert (requests, sleep.seconds) == (1, [])


def test_closing_breaks_off_the_requests_under_way() -> None:
    async def fetch() -> None:
        async with _serving(SILENCE) as (http, server):
            waiting = asyncio.ensure_future(http.fetch(ASK, _body))
            await server.asked.wait()
            await http.close()
            try:
                await waiting
            finally:
                assert http.requests_sent == 1  # nobody tries again on a closed client

    with pytest.raises(ClosedError, match="the client was closed meanwhile"):
        asyncio.run(fetch())


def test_a_simulator_says_what_time_it_is() -> None:
    simulated = http_answer(headers="X-Quantdata-Simulated: 2026-11-18T16:00:00+00:00\r\n")

    async def fetch() -> tuple[datetime | None, datetime, datetime]:
        async with _serving(GOOD, simulated) as (http, _):
            await http.fetch(ASK, _body)
            before, real = http.simulated_at, http.now()
            await http.fetch(ASK, _body)
            return before, real, http.now()

    before, real, simulated_now = asyncio.run(fetch())
    assert before is None
    assert abs(real - datetime.now(UTC)) < timedelta(minutes=1)
    assert simulated_now == datetime(2026, 11, 18, 16, tzinfo=UTC)


@pytest.mark.parametrize("told", ["2026-11-18T11:00:00-05:00", "2026-11-18T16:00:00Z"])
def test_a_simulators_time_is_in_utc_whatever_its_zone(told: str) -> None:
    async def fetch() -> datetime | None:
        async with _serving(http_answer(headers=f"X-Quantdata-Simulated: {told}\r\n")) as (http, _):
            await http.fetch(ASK, _body)
            return http.simulated_at

    told_at = asyncio.run(fetch())
    assert told_at == datetime(2026, 11, 18, 16, tzinfo=UTC)
    assert told_at.tzinfo is UTC


@pytest.mark.parametrize(
    "told",
    [
        "",
        "1",
        "soon",
        "11:00",
        "2026-11-18",
        "2026-11-18T16:00:00",
        "2004-12-31T16:00:00Z",
        "2032-01-01T16:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "20261-11-18T16:00:00Z",
    ],
)
def test_a_simulator_that_does_not_tell_its_time_is_a_payload_error(told: str) -> None:
    error = _failed(http_answer(headers=f"X-Quantdata-Simulated: {told}\r\n"))
    assert type(error) is PayloadError
    assert "does not tell its time in X-Quantdata-Simulated" in str(error)
    assert (error.provider, error.endpoint) == ("massive", "/v3/thing")


# --- counters and lines ---------------------------------------------------------------------------------------------


def _counted(
    *answers: bytes, request: Request = ASK, read: Callable[[Reply], bytes] = _checked, **settings: Any
) -> dict[str, float]:
    """Return what was counted of one request: by metric, and by kind where there is one."""
    metrics = Metrics()

    async def fetch() -> None:
        async with _serving(*answers, metrics=metrics, **settings) as (http, _):
            with contextlib.suppress(DataProviderError):
                await http.fetch(request, read)

    asyncio.run(fetch())
    counts = metrics.counts()
    assert {(count.provider, count.endpoint) for count in counts} == {("massive", "/v3/thing/*")}
    return {" ".join(filter(None, (count.metric, count.kind))): count.value for count in counts}


OF_SPY = Request("/v3/thing/SPY", {"limit": "1"})


def test_a_request_is_counted_with_its_bytes() -> None:
    assert _counted(GOOD, request=OF_SPY) == {"requests": 1, "received_bytes": len(GOOD_BODY)}


def test_compressed_bytes_are_counted_as_they_came() -> None:
    counted = _counted(http_answer(GZIPPED, headers="Content-Encoding: gzip\r\n"), request=OF_SPY)
    assert counted == {"requests": 1, "received_bytes": len(GZIPPED)}


def test_what_a_retry_mends_is_counted_as_a_failure_and_a_retry() -> None:
    assert _counted(DOWN, http_answer(b"", status="429 Too Many Requests"), GOOD, request=OF_SPY) == {
        "requests": 3,
        "retries": 2,
        "failures UNAVAILABLE": 1,
        "failures RATE_LIMITED": 1,
        "received_bytes": len(b"<html>") + len(GOOD_BODY),
    }


@pytest.mark.parametrize(
    ("answer", "kind", "tries", "size"),
    [
        (HANG_UP, "UNAVAILABLE", 4, 0),
        (SILENCE, "UNAVAILABLE", 1, 0),
        (http_answer(b"{"), "BAD_PAYLOAD", 2, 2),
        (http_answer(b"{}", status="401 Unauthorized"), "AUTHENTICATION_FAILED", 1, 2),
        (http_answer(b"{}", status="418 I'm a teapot"), "MASSIVE_API_ERROR", 1, 2),
    ],
    ids=["hang-up", "silence", "half", "401", "418"],
)
def test_failures_are_counted_by_kind(answer: bytes, kind: str, tries: int, size: int) -> None:
    # Of a silent host the deadline alone is short: the others would not get their tries in.
    policy = RetryPolicy(deadline_s=0.05 if answer == SILENCE else 10.0)
    counted = _counted(answer, request=OF_SPY, policy=policy)
    expected = {"requests": tries, "retries": tries - 1, f"failures {kind}": tries, "received_bytes": size}
    assert counted == {name: value for name, value in expected.items() if value or name == "received_bytes"}


def test_a_wait_for_the_rate_is_counted_with_its_seconds() -> None:
    now = 0.0

    async def wait(seconds: float) -> None:
        nonlocal now
        now += seconds

    limiter = TokenBucket(per_minute=60.0, burst=1, clock=lambda: now, sleep=wait)
    # The first request may leave at once, its second try waits for the next token.
    counted = _counted(DOWN, GOOD, request=OF_SPY, limiter=limiter, clock=lambda: now)
    assert (counted["rate_limit_waits"], counted["rate_limit_wait_seconds"]) == (1.0, 1.0)


def test_requests_at_once_count_their_own_waits_also_when_given_up() -> None:
    metrics = Metrics()

    async def fetch() -> None:
        limiter = TokenBucket(per_minute=6.0, burst=1)
        async with _serving(GOOD, metrics=metrics, limiter=limiter) as (http, _):
            await http.fetch(ASK, _checked)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(http.fetch(ASK, _checked), 0.02)

    asyncio.run(fetch())
    counted = {count.metric: count.value for count in metrics.counts()}
    assert (counted["requests"], counted["rate_limit_waits"]) == (1.0, 1.0)
    assert 0.015 < counted["rate_limit_wait_seconds"] < 5.0


def _lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [f"{record.levelname} {record.getMessage()}" for record in caplog.records if record.name == "quantdata.wire"]


def test_a_request_is_a_line_with_its_facts_and_without_its_query(caplog: pytest.LogCaptureFixture) -> None:
    async def fetch() -> None:
        async with _serving(DOWN, GOOD, clock=lambda: 0.0) as (http, _):
            await http.fetch(OF_SPY, _checked)

    with caplog.at_level(logging.DEBUG, logger="quantdata.wire"):
        asyncio.run(fetch())
    assert _lines(caplog) == [
        "DEBUG request provider=massive endpoint=/v3/thing/SPY status=503 bytes=6 seconds=0.0 tries=1",
        "INFO retry provider=massive endpoint=/v3/thing/SPY tries=1 delay_s=0.25",
        "DEBUG request provider=massive endpoint=/v3/thing/SPY status=200 bytes=15 seconds=0.0 tries=2",
    ]


def test_a_request_without_an_answer_is_a_line_without_a_status(caplog: pytest.LogCaptureFixture) -> None:
    async def fetch() -> None:
        async with _serving(SILENCE, policy=RetryPolicy(deadline_s=0.05)) as (http, _):
            await http.fetch(ASK, _checked)

    with caplog.at_level(logging.DEBUG, logger="quantdata.wire"), pytest.raises(UnavailableError):
        asyncio.run(fetch())
    (line,) = _lines(caplog)
    assert line.startswith("DEBUG request provider=massive endpoint=/v3/thing bytes=0 seconds=0.")
    assert line.endswith(" tries=1")


def test_the_log_is_silent_until_somebody_listens() -> None:
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("quantdata").handlers)


# --- secrets --------------------------------------------------------------------------------------------------------

ECHOED = f'{{"status":"ERROR","error":"Unknown API Key {KEY}"}}'.encode()


@pytest.mark.parametrize(
    "answer",
    [
        DOWN,
        HANG_UP,
        http_answer(b"", status="429 Too Many Requests"),
        http_answer(ECHOED, status="401 Unauthorized"),
        http_answer(b"<html>"),
        http_answer(b"{"),
        http_answer(b"cut", headers="Content-Encoding: gzip\r\n"),
        http_answer(b"", status="302 Found", headers="Location: https://elsewhere.example/\r\n"),
        b"nonsense\r\n\r\n",
    ],
)
def test_no_failure_shows_the_key(answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        error = _failed(answer)
    assert KEY not in _everything_shown(error)
    assert KEY not in caplog.text
    assert KEY not in "".join(repr(record.__dict__) for record in caplog.records)


def test_a_retry_is_logged_with_its_facts(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="quantdata.wire"):
        _fetched(DOWN, GOOD)
    assert [record.getMessage() for record in caplog.records if record.name == "quantdata.wire"] == [
        "retry provider=massive endpoint=/v3/thing tries=1 delay_s=0.25"
    ]


def _refused(request_id: str, headers: str = "") -> bytes:
    body = f'{{"status":"ERROR","error":"not for {KEY}"{request_id}}}'.encode()
    return http_answer(body, status=REFUSED, headers=headers)


@pytest.mark.parametrize(
    ("answer", "request_id"),
    [
        (_refused(f',"request_id":"{KEY}"'), "[key]"),
        (_refused("", f"X-Request-Id: {KEY}\r\n"), None),
        (_refused("", f"X-Request-Id: a-{KEY}-b\r\n"), None),
        (_refused("", "X-Request-Id: 6f\r\n"), "6f"),
    ],
    ids=["body", "header", "within a header", "none"],
)
def test_a_key_that_the_vendor_repeats_goes_no_further(answer: bytes, request_id: str | None) -> None:
    error = _failed(answer)
    assert 'the vendor says: "not for [key]"' in str(error)
    assert error.request_id == request_id
    assert KEY not in _everything_shown(error)
    assert KEY.encode() not in pickle.dumps(error)


def test_a_key_in_a_compressed_body_is_taken_out_too() -> None:
    zipped = http_answer(gzip.compress(ECHOED, mtime=0), headers="Content-Encoding: gzip\r\n")
    assert _fetched(zipped, read=_body) == (ECHOED.replace(KEY.encode(), b"[key]"), 1)


def _with_locals(error: BaseException) -> str:
    """Return what crash reporters show: the traceback with the variables of each frame."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


@pytest.mark.parametrize(
    "answer", [HANG_UP, SILENCE, DOWN, b"nonsense\r\n\r\n"], ids=["dropped", "silent", "503", "not-http"]
)
def test_no_frame_of_a_failure_holds_the_key(answer: bytes) -> None:
    async def fetch() -> None:
        async with _serving(answer, policy=RetryPolicy(tries=1, deadline_s=0.05)) as (http, _):
            await http.fetch(ASK, _checked)

    with pytest.raises(UnavailableError) as failure:
        asyncio.run(fetch())
    assert KEY not in _with_locals(failure.value)


def test_no_frame_of_a_refused_connection_holds_the_key() -> None:
    async def fetch() -> None:
        async with _serving(GOOD) as (http, _):
            pass
        limiter = TokenBucket(per_minute=6000.0, burst=9)
        headers = {"Authorization": f"Bearer {KEY}"}
        base_url = str(http._client.base_url)
        gone = Http(provider="massive", base_url=base_url, headers=headers, secret=KEY, limiter=limiter, sleep=Slept())
        headers.clear()  # ours are shown too
        try:
            await gone.fetch(ASK, _body)
        finally:
            await gone.close()

    with pytest.raises(MaxRetriesError) as failure:
        asyncio.run(fetch())
    assert KEY not in _with_locals(failure.value)
    assert KEY.encode() not in pickle.dumps(failure.value)
