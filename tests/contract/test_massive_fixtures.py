"""Massive's recorded answers: the manifest of all files, envelopes, cursors, errors, the client above them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.massive import AsyncMassive
from quantdata.errors import (
    AuthenticationError,
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    ErrorCode,
    PayloadError,
    QuoteNotFoundError,
    RateLimitError,
)
from quantdata.symbols import parse_option
from quantdata.wire.http import Reply, Request
from quantdata.wire.massive.envelope import read_page
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.contract.conftest import Massive

ONE_TRY = RetryPolicy(tries=1)


# --- the manifest ---------------------------------------------------------------------------------------------------


def test_every_recorded_file_is_in_the_manifest_once(massive: Massive) -> None:
    paths = (path.relative_to(massive.folder).as_posix() for path in massive.folder.rglob("*") if path.is_file())
    recorded = Counter(path for path in paths if not path.endswith(".meta.json"))
    assert Counter(massive.listed) == recorded


def test_every_note_belongs_to_a_payload(massive: Massive) -> None:
    for note in massive.folder.rglob("*.meta.json"):
        payload = note.with_name(note.name.removesuffix(".meta.json") + ".json")
        assert payload.is_file(), note


def test_every_file_listed_as_read_is_named_in_a_test(massive: Massive) -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_massive_*.py"))
    assert [path for path in sorted(massive.read) if path not in tests] == []


# --- pages and cursors ----------------------------------------------------------------------------------------------

SPY = "/v3/snapshot/options/SPY"
AAPL_BARS = "/v2/aggs/ticker/AAPL/range/1/day/1577854800000/2020-01-10"


@pytest.mark.parametrize(
    ("path", "endpoint", "following"),
    [
        (
            "recorded/options_chain_SPY_2025-10-10_calls_page1.json",  # its next_url names another public host
            SPY,
            Request(
                SPY,
                query="cursor=YXA9TyUzQVNQWTI1MTAxMEMwMDY4MjAwMCZhcz0mY29udHJhY3RfdHlwZT1jYWxsJmV4cGlyYXRpb25fZGF0ZT0y"
                "MDI1LTEwLTEwJmxpbWl0PTEwJm9yZGVyPWFzYyZzb3J0PXN0cmlrZV9wcmljZSZzdHJpa2VfcHJpY2UuZ3RlPTY4Mi4wMDAwMDA",
            ),
        ),
        (
            "recorded/options_contracts_SPY_asof_2025-01-31.json",
            "/v3/reference/options/contracts",
            Request(
                "/v3/reference/options/contracts",
                query="cursor=YXA9JTdCJTIySUQlMjIlM0ElMjI3NzI4MjU0MzYxMDEzNjMwMjI3JTIyJTdE",
            ),
        ),
        (
            "client-python-mocks/v3/reference/options/contracts.json",
            "/v3/reference/options/contracts",
            Request("/v3/reference/options/contracts", query="cursor=YXA9JTdCJTIySUQlMjIlM0ElMjIy"),
        ),
        (
            "spec-examples/v2_aggs_ticker_stocksTicker_range_multiplier_timespan_from_to.json",
            AAPL_BARS,
            Request("/v2/aggs/ticker/AAPL/range/1/day/1578114000000/2020-01-10", query="cursor=bGltaXQ9MiZzb3J0PWFzYw"),
        ),
        (
            "client-python-mocks/v3/quotes/AAPL.json",
            "/v3/quotes/AAPL",
            Request(
                "/v3/quotes/AAPL",
                query="cursor=YXA9MTkyODgxNjYmYXM9JmxpbWl0PTEwJm9yZGVyPWRlc2Mmc29ydD10aW1lc3RhbXAmdGltZXN0YW1wLmx0ZT0y"
                "MDIyLTA1LTEwVDE0JTNBMTElM0ExMi42OTA2NjExODla",
            ),
        ),
    ],
)
def test_the_next_page_is_asked_for_at_our_own_host_by_path_and_cursor(
    massive: Massive, path: str, endpoint: str, following: Request
) -> None:
    # reference/massive.md §2: next_url may name another host, and holds no key.
    assert massive.page(path, endpoint=endpoint).next == following


def test_a_key_in_a_next_url_is_dropped(massive: Massive) -> None:
    path = "client-python-mocks/v3/reference/options/contracts.json"
    body = massive.body(path).replace(b"contracts?cursor", b"contracts?apiKey=SECRET&cursor")
    assert massive.page(path, body=body).next == massive.page(path).next


@pytest.mark.parametrize(
    "path",
    [
        "client-python-mocks/v3/quotes/AAPL_cursor_YXA9MTkyODgxNjYmYXM9JmxpbWl0PTEwJm9yZGVyPWRlc2Mm_2faf66.json",
        "client-python-mocks/v3/reference/options/contracts_cursor_YXA9JTdCJTIySUQlMjIlM0ElMjIy.json",
    ],
)
def test_a_page_without_next_url_is_the_last_however_full(massive: Massive, path: str) -> None:
    page = massive.page(path)
    assert page.next is None
    assert len(json.loads(page.results)) == 10


def test_a_short_page_is_not_the_last_while_there_is_a_next_url(massive: Massive) -> None:
    # reference/massive.md §2: limit=1000 was asked and 250 came; the recording keeps four of them.
    page = massive.page("recorded/options_contracts_SPY_asof_2025-01-31.json")
    assert len(json.loads(page.results)) == 4
    assert page.next is not None


def test_a_next_url_that_leaves_its_endpoint_is_refused(massive: Massive) -> None:
    # The vendor's sample of splits sends on to /v3/splits/AAPL.
    with pytest.raises(PayloadError, match="another endpoint, /v3/splits/AAPL") as caught:
        massive.page("spec-examples/v3_reference_splits.json")
    assert caught.value.endpoint == "/v3/reference/splits"


def test_the_sample_of_option_quotes_pages_through_the_contract(massive: Massive) -> None:
    page = massive.page("spec-examples/v3_quotes_optionsTicker.json", endpoint="/v3/quotes/O:SPY241220P00720000")
    assert page.next is not None
    assert page.next.path == "/v3/quotes/O:SPY241220P00720000"
    assert len(json.loads(page.results)) == 2


def test_a_delayed_answer_is_a_good_answer(massive: Massive) -> None:
    # reference/massive.md §1: delayed plans say DELAYED where others say OK.
    path = "recorded/options_chain_SPY_2025-10-10_calls_page1.json"
    body = massive.body(path).replace(b'"status": "OK"', b'"status": "DELAYED"')
    delayed = massive.page(path, body=body)
    assert (delayed.is_delayed, massive.page(path).is_delayed) == (True, False)
    assert delayed.results == massive.page(path).results


# --- errors ---------------------------------------------------------------------------------------------------------

CHAIN_403 = "errors/403_not_authorized_chain_snapshot.json"


@pytest.mark.parametrize(
    ("path", "kind", "code", "request_id", "words"),
    [
        (
            "errors/401_key_unknown.json",
            AuthenticationError,
            ErrorCode.AUTHENTICATION_FAILED,
            "00000000000000000000000000000000",
            ["missing or not valid", "check MASSIVE_API_KEY"],
        ),
        (
            "errors/4xx_key_missing.json",
            AuthenticationError,
            ErrorCode.AUTHENTICATION_FAILED,
            "xxxxxxxxxxxxxxxxxx",
            ["missing or not valid", "check MASSIVE_API_KEY"],
        ),
        (
            CHAIN_403,
            EntitlementError,
            ErrorCode.NOT_ENTITLED,
            None,
            ["not in this key's plan", "You are not entitled to this data.", "massive.com/pricing"],
        ),
        (
            "errors/403_not_authorized_endpoint.json",
            EntitlementError,
            ErrorCode.NOT_ENTITLED,
            "69ee041d94e67ebaffc03ac5c64cfcb8",
            ["not in this key's plan", "You are not entitled to this data."],
        ),
        (
            "errors/403_not_authorized_timeframe.json",
            EntitlementError,
            ErrorCode.NOT_ENTITLED,
            "1e2a4e1c68224da666232d16699b7fd7",
            ["not in this key's plan", "doesn't include this data timeframe"],
        ),
        (
            "errors/404_not_found.json",
            QuoteNotFoundError,
            ErrorCode.QUOTE_NOT_FOUND,
            "00000000000000000000000000000000",
            ["nothing by that name", "Data not found."],
        ),
        (
            "errors/429_rate_limited.json",
            RateLimitError,
            ErrorCode.RATE_LIMITED,
            "32f2331e61c4041ab6a9a8a286b1f8fa",
            ["too many requests", "MASSIVE_REQUESTS_PER_MINUTE", "exceeded the maximum requests per minute"],
        ),
    ],
)
def test_every_recorded_error_is_typed_and_says_what_was_asked_and_what_to_do(
    massive: Massive,
    path: str,
    kind: type[DataProviderError],
    code: ErrorCode,
    request_id: str | None,
    words: list[str],
) -> None:
    # reference/massive.md §8: the vendor's text is in error or in message. That of a key is not quoted: it may hold it.
    with pytest.raises(DataProviderError) as caught:
        massive.page(path, endpoint=SPY)
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.status, error.request_id) == (code, massive.status(path), request_id)
    assert (error.provider, error.endpoint, error.retry_after_s) == ("massive", SPY, None)
    assert [word for word in [SPY, *words] if word not in str(error)] == []


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        (CHAIN_403, 200, EntitlementError),  # seen in 2026: the body of a 403 with HTTP 200
        ("errors/404_not_found.json", 200, QuoteNotFoundError),
        ("errors/4xx_key_missing.json", 400, AuthenticationError),  # a reporter saw 400
        ("errors/401_key_unknown.json", 200, AuthenticationError),
    ],
)
def test_the_body_tells_an_error_that_the_http_status_does_not(
    massive: Massive, path: str, status: int, kind: type[DataProviderError]
) -> None:
    with pytest.raises(kind) as caught:
        read_page(Reply("massive", SPY, status, {}, massive.body(path)))
    assert caught.value.status == status


def test_a_request_id_that_is_missing_in_the_body_is_taken_from_the_header(massive: Massive) -> None:
    with pytest.raises(EntitlementError) as caught:
        read_page(Reply("massive", SPY, 403, {"X-Request-Id": "027662f8"}, massive.body(CHAIN_403)))
    assert caught.value.request_id == "027662f8"


def test_a_rate_limit_says_when_to_come_back_if_the_vendor_does(massive: Massive) -> None:
    reply = Reply("massive", SPY, 429, {"Retry-After": "12"}, massive.body("errors/429_rate_limited.json"))
    with pytest.raises(RateLimitError, match="try again in 12 s") as caught:
        read_page(reply)
    assert caught.value.retry_after_s == 12.0


def test_an_unknown_contract_is_not_an_unknown_quote(massive: Massive) -> None:
    reply = Reply("massive", SPY, 404, {}, massive.body("errors/404_not_found.json"))
    with pytest.raises(ContractNotFoundError) as caught:
        read_page(reply, not_found=ContractNotFoundError)
    assert caught.value.code is ErrorCode.CONTRACT_NOT_FOUND


# --- through the client ---------------------------------------------------------------------------------------------


@pytest.fixture
def ask(massive: Massive, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that asks a client whose vendor answers with one recorded payload."""

    def asking(path: str, question: Callable[[AsyncMassive], Coroutine[Any, Any, Any]]) -> Any:
        def answer(_: httpx.Request) -> httpx.Response:
            return httpx.Response(massive.status(path), stream=httpx.ByteStream(massive.body(path)))

        monkeypatch.setattr("quantdata.wire.http.AiohttpTransport", lambda **_: httpx.MockTransport(answer))

        async def conversation() -> Any:
            client = AsyncMassive("key", policy=ONE_TRY)
            try:
                return await question(client)
            finally:
                await client.close()

        return asyncio.run(conversation())

    return asking


@pytest.mark.parametrize(
    ("path", "market", "server_time"),
    [
        ("recorded/marketstatus_now.json", "closed", datetime(2025, 9, 8, 0, 56, 20, tzinfo=UTC)),
        ("client-python-mocks/v1/marketstatus/now.json", "extended", datetime(2022, 4, 28, 20, 48, 8, tzinfo=UTC)),
        ("docs-examples-2026/v1_marketstatus_now.json", "extended", datetime(2020, 11, 10, 22, 37, 37, tzinfo=UTC)),
        ("spec-examples/v1_marketstatus_now.json", "extended", datetime(2020, 11, 10, 22, 37, 37, tzinfo=UTC)),
    ],
)
def test_the_market_status_is_read_in_new_york_time_with_its_offset(
    ask: Callable[..., Any], path: str, market: str, server_time: datetime
) -> None:
    # reference/massive.md §8: the one answer without a status of its own.
    status = ask(path, lambda client: client.market_status())
    assert (status.market, status.server_time, status.source) == (market, server_time, "massive")
    assert status.server_time.utcoffset() == UTC.utcoffset(None)
    assert status.is_simulated is False


def test_a_closed_market_opens_on_the_next_session(ask: Callable[..., Any]) -> None:
    status = ask("recorded/marketstatus_now.json", lambda client: client.market_status())  # a Sunday evening
    assert status.next_open == datetime(2025, 9, 8, 13, 30, tzinfo=UTC)
    assert status.next_close == datetime(2025, 9, 8, 20, 0, tzinfo=UTC)


def test_contracts_that_come_twice_are_refused(ask: Callable[..., Any]) -> None:
    # The recording repeats one row three times: overlapping pages would look the same, and then others are missing.
    query = ChainQuery.of("AAPL")

    async def chain(client: AsyncMassive) -> Any:
        return await client.chain(query)

    with pytest.raises(PayloadError, match="2 of 3 contracts came twice"):
        ask("client-go/options_chain_AAPL_2023-01-06.json", chain)


def test_a_refused_chain_is_remembered_as_not_entitled(ask: Callable[..., Any]) -> None:
    async def chain_then_capabilities(client: AsyncMassive) -> bool:
        with pytest.raises(EntitlementError):
            await client.chain(ChainQuery.of("SPX"))
        return client.capabilities.lacks("chain")

    assert ask(CHAIN_403, chain_then_capabilities) is True


def test_indices_that_were_not_asked_for_are_refused(ask: Callable[..., Any]) -> None:
    with pytest.raises(PayloadError, match="tickers that were not asked for: the vendor lost the filter"):
        ask("client-go/indices_snapshot.json", lambda client: client.indices(["VIX"]))


def test_an_unknown_contract_is_its_own_error(ask: Callable[..., Any]) -> None:
    symbol = parse_option("SPY251010C00673000")
    with pytest.raises(ContractNotFoundError, match="nothing by that name"):
        ask("errors/404_not_found.json", lambda client: client.contract(symbol))
