from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quantdata.sim.tradier.refusals import (
    Refusal,
    bad_parameter,
    datastore_error,
    errors_in_body,
    expired_token,
    invalid_token,
    missing_parameter,
    not_for_sandbox,
    server_failure,
    too_big_body,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("refusal", "recorded"),
    [
        (expired_token(), "fault_500_access_token_expired.json"),
        (not_for_sandbox(), "fault_401_invalid_access_token.json"),
        (datastore_error(), "fault_500_datastore.json"),
        (too_big_body(), "fault_too_big_body_SYNTH.json"),
        (bad_parameter("start", "must be on or after 2024-01-15 00:00:00"), "timesales_400_start_too_old.txt"),
    ],
)
def test_bodies_are_the_recorded_ones(refusal: Refusal, recorded: str, fixtures_dir: Path) -> None:
    assert refusal.body == (fixtures_dir / "tradier" / "errors" / recorded).read_bytes().strip()
    assert str(refusal.status) in recorded or recorded == "fault_too_big_body_SYNTH.json"


def test_a_wrong_token_is_answered_in_plain_text() -> None:
    reply = invalid_token().reply()
    assert (reply.status, reply.content_type, reply.body) == (401, "plain/text", b"Invalid Access Token")


def test_refusals_under_200_hold_one_text_or_several() -> None:
    assert errors_in_body("a").body == b'{"errors":{"error":"a"}}'
    assert errors_in_body("a", "b").body == b'{"errors":{"error":["a","b"]}}'
    assert errors_in_body("a").status == 200


def test_a_missing_parameter_is_named() -> None:
    assert missing_parameter("symbol").body == b"Missing required parameter: symbol."


@pytest.mark.parametrize(
    ("status", "start"),
    [
        (401, b"Invalid Access Token"),
        (403, b'{"fault":{"faultstring":"Invalid Access Token"'),
        (404, b'{"fault":{"faultstring":"Unable to identify proxy'),
        (429, b"Quota Violation. Quota Exceeded. Limit: 60. Expires: 120000"),
        (500, b'{"fault":{"faultstring":"Datastore Error"'),
        (503, b'{"fault":{"faultstring":"The Service is temporarily unavailable"'),
    ],
)
def test_every_status_has_its_form(status: int, start: bytes) -> None:
    reply = server_failure("/v1/markets/quotes", status, allowed=60, now_ms=119_999, retry_after=2.5).reply()
    assert reply.status == status
    assert reply.body.startswith(start)
    assert reply.headers == {"Retry-After": "2.5"}
