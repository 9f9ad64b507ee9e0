"""How the contract tests read Tradier's recordings: the real requests, frames of them, a vendor that answers with them.

No chain of an adjusted root, a share class or an index was recorded: `renamed` makes one of a recorded chain.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import httpx

from quantdata.clients.tradier import AsyncTradier
from quantdata.frames.provenance import Answer
from quantdata.frames.tradier import chain
from quantdata.frames.tradier.equities import equity_quotes
from quantdata.frames.tradier.quotes import quote_page
from quantdata.wire.retry import RetryPolicy
from quantdata.wire.tradier import endpoints

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    import polars as pl
    import pytest

    from tests.contract.conftest import Tradier

# An answer that cannot be read is asked for once more all the same: at once.
ONE_TRY: Final = RetryPolicy(tries=1, first_delay_s=0.0)
SANDBOX: Final = "https://sandbox.tradier.com/v1"
PRODUCTION: Final = "https://api.tradier.com/v1"
# When the Sunday's recording of PLTR was made, by its Date header: 19:34 in New York, two days after the last session.
SUNDAY: Final = datetime(2024, 7, 7, 23, 34, 18, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Chain:
    """What was asked for with a recorded chain, and a moment at which it was."""

    path: str
    underlying: str
    expiration: date
    at: datetime
    rows: int

    def page(self, tradier: Tradier, body: bytes | None = None) -> pl.DataFrame:
        """Return its rows in wire columns."""
        request = endpoints.chain(self.underlying, self.expiration)
        return quote_page(tradier.items(self.path, request, body=body).items, received=self.at)

    def frame(self, tradier: Tradier, body: bytes | None = None, *, underlying: str | None = None) -> pl.DataFrame:
        """Return its canonical chain; of another body under another name, where these are given."""
        page = self.page(tradier, body)
        return chain.chain([page], underlying=underlying or self.underlying, answer=self.answer(tradier))

    def answer(self, tradier: Tradier) -> Answer:
        """Return what is known beside its rows."""
        return Answer(source="tradier", snapshot_ts=self.at, is_delayed=tradier.is_sandbox(self.path))


def renamed(body: bytes, old: str, new: str, *, root: str) -> bytes:
    """Return a recorded chain as that of another underlying, whose contracts have the given root."""
    wire = new.replace("/", "\\/")  # as the vendor escapes it
    return (
        body.replace(f'"underlying":"{old}"'.encode(), f'"underlying":"{wire}"'.encode())
        .replace(f'"root_symbol":"{old}"'.encode(), f'"root_symbol":"{root}"'.encode())
        .replace(f'"symbol":"{old}'.encode(), f'"symbol":"{root}'.encode())
    )


def row_of(frame: pl.DataFrame, symbol: str) -> int:
    """Return where a contract is in a chain."""
    return frame.get_column("contract_symbol").to_list().index(symbol)


def quoted(tradier: Tradier, path: str, asked: str, at: datetime, body: bytes | None = None) -> pl.DataFrame:
    """Return the wire rows of recorded quotes, of which ``asked`` was the list."""
    request = endpoints.quotes(asked.split(","), greeks=True)
    return quote_page(tradier.items(path, request, body=body).items, received=at)


def equities(tradier: Tradier, path: str, asked: Mapping[str, str], at: datetime) -> pl.DataFrame:
    """Return the canonical quotes of recorded ones; ``asked`` has the canonical symbol of each of the vendor's."""
    page = quoted(tradier, path, ",".join(asked), at)
    answer = Answer(source="tradier", snapshot_ts=at, is_delayed=tradier.is_sandbox(path))
    return equity_quotes(page, asked, answer=answer)


@dataclass
class RecordedVendor:
    """Answers by path and parameters with recorded payloads, status and headers included; keeps every request.

    What nothing was recorded of is answered as the vendor answers an unknown symbol, with null.
    """

    tradier: Tradier
    requests: list[httpx.Request] = field(default_factory=list)
    _answers: list[tuple[str, Mapping[str, str], list[tuple[str, bytes | None]]]] = field(default_factory=list)

    def on(self, where: str, path: str, *, body: bytes | None = None, **asked: str) -> RecordedVendor:
        """Answer a path, asked with these parameters, with a payload; when told twice, one after the other."""
        for each, parameters, payloads in self._answers:
            if (each, parameters) == (where, asked):
                payloads.append((path, body))
                return self
        self._answers.append((where, asked, [(path, body)]))
        return self

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        asked = dict(request.url.params) | dict(httpx.QueryParams(request.content.decode()))
        for where, parameters, payloads in self._answers:
            if request.url.path == where and parameters.items() <= asked.items():
                path, body = payloads.pop(0) if len(payloads) > 1 else payloads[0]
                content = self.tradier.body(path) if body is None else body
                return _response(self.tradier.status(path), self.tradier.headers(path), content)
        return _response(200, httpx.Headers(), b"null")

    @property
    def targets(self) -> list[str]:
        """What was asked, without the host, in a readable spelling."""
        return [f"{request.url.path}?{httpx.QueryParams(request.url.query)}" for request in self.requests]


def _response(status: int, headers: httpx.Headers, content: bytes) -> httpx.Response:
    # Those of the recorded connection say nothing of this one.
    kept = {
        name: text for name, text in headers.items() if not name.startswith(("transfer-", "content-", "connection"))
    }
    # A stream, of which the client reads the raw bytes as from a socket.
    return httpx.Response(status, headers=kept, stream=httpx.ByteStream(content))


_numbers: Final = count(1)


class Asking:
    """Asks a client of a recorded vendor, with its clock put to the time of the recording.

    Each has a token of its own, since all clients with one token share what they know of its rate.
    """

    def __init__(self, vendor: RecordedVendor, monkeypatch: pytest.MonkeyPatch) -> None:
        self.vendor = vendor
        self.token = f"token-of-recordings-{next(_numbers)}"
        self._monkeypatch = monkeypatch

    def __call__(
        self,
        question: Callable[[AsyncTradier], Coroutine[Any, Any, Any]],
        *,
        at: datetime,
        base_url: str = PRODUCTION,
        policy: RetryPolicy = ONE_TRY,
    ) -> Any:
        transport = httpx.MockTransport(self.vendor)
        self._monkeypatch.setattr("quantdata.wire.http.AiohttpTransport", lambda **_: transport)
        self._monkeypatch.setattr("quantdata.wire.http.Http.now", lambda _: at)

        async def conversation() -> Any:
            client = AsyncTradier(self.token, base_url=base_url, policy=policy)
            try:
                return await question(client)
            finally:
                await client.close()

        return asyncio.run(conversation())
