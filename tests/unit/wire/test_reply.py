"""One answer as it came: its facts, its times, and what is said of a body that cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from quantdata.errors import DataProviderError, PayloadError, UnavailableError
from quantdata.wire.reply import Reply, http_date, unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping


def _reply(body: bytes = b"", *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply("tradier", "/v1/markets/quotes", status, httpx.Headers(headers), body)


def test_the_facts_of_an_error_are_those_of_its_answer() -> None:
    reply = _reply(status=503, headers={"x-request-id": "6f"})
    assert reply.facts == {
        "provider": "tradier",
        "endpoint": "/v1/markets/quotes",
        "status": 503,
        "request_id": "6f",
    }
    assert DataProviderError("no", **reply.facts).request_id == "6f"


def test_an_answer_without_an_id_has_none() -> None:
    assert _reply().facts["request_id"] is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), (" 7.5 ", 7.5), ("0", 0.0), ("-3", 0.0), ("nan", None), ("inf", None), ("1e999", None), ("", None)],
)
def test_retry_after_in_seconds(text: str, seconds: float | None) -> None:
    assert _reply(headers={"Retry-After": text}).retry_after_s == seconds


@pytest.mark.parametrize("text", ["soon", "Fri, 99 Nov 2026 17:00:00 GMT", "Wed, 18 Nov 2026 17:00:00"])
def test_retry_after_that_is_no_time_tells_nothing(text: str) -> None:
    assert _reply(headers={"Retry-After": text}).retry_after_s is None


def test_without_retry_after_nothing_is_told() -> None:
    assert _reply().retry_after_s is None


def test_retry_after_as_a_date_is_counted_from_now() -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    seconds = _reply(headers={"Retry-After": in_a_minute}).retry_after_s
    assert seconds == pytest.approx(60.0, abs=10.0)


def test_a_date_that_is_past_is_now() -> None:
    assert _reply(headers={"Retry-After": "Wed, 18 Nov 1998 17:00:00 GMT"}).retry_after_s == 0.0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Wed, 18 Nov 2026 17:00:07 GMT", datetime(2026, 11, 18, 17, 0, 7, tzinfo=UTC)),
        ("Wed, 18 Nov 2026 12:00:07 -0500", datetime(2026, 11, 18, 17, 0, 7, tzinfo=UTC)),
        ("Wed, 18 Nov 2026 17:00:07", None),  # of no zone
        ("2026-11-18T17:00:07Z", None),
        ("1795021200", None),
        ("", None),
        (None, None),
        ("Fri, 31 Dec 9999 23:59:59 -2300", None),  # past the last year in UTC
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2001 00:00:00 +99999999999999999999", None),
        ("Mon, 01 Jan 2001 00:00:00 +9999", None),
        ("Wed, 99 Nov 2026 17:00:07 GMT", None),
    ],
)
def test_an_http_date_is_a_moment_and_anything_else_is_none(text: str | None, moment: datetime | None) -> None:
    assert http_date(text) == moment


def test_a_moment_comes_in_utc() -> None:
    moment = http_date("Wed, 18 Nov 2026 12:00:07 -0500")
    assert moment is not None
    assert moment.tzinfo is UTC


# --- bodies that cannot be read -------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"<html>", b"  \n<!DOCTYPE html><html>", b"<HTML>", b"<"])
def test_a_web_page_means_that_the_vendor_is_down(body: bytes) -> None:
    error = unreadable(_reply(body), ValueError("JSON is malformed"))
    assert type(error) is UnavailableError
    assert str(error) == (
        "tradier: /v1/markets/quotes answered with a web page instead of data; the vendor is probably under "
        "maintenance, try again later"
    )
    assert error.status == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "(0 bytes) is empty"),
        (b"nonsense", "(8 bytes) is not the JSON it should be: it is bent"),
        (b"x" * 12_345, "(12,345 bytes) is not the JSON it should be: it is bent"),
        (b"<?xml version='1.0'?>", "(21 bytes) is not the JSON it should be: it is XML"),
        (b"\n<?xml version='1.0'?>", "(22 bytes) is not the JSON it should be: it is XML"),
    ],
)
def test_anything_else_is_a_payload_error_that_does_not_show_it(body: bytes, said: str) -> None:
    error = unreadable(_reply(body), ValueError("it is bent"))
    assert type(error) is PayloadError
    assert str(error) == f"tradier: the answer of /v1/markets/quotes {said}"
