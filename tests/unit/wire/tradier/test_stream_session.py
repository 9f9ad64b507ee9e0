"""A session of the market stream is asked for by an empty form, and its id stays a secret."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from quantdata.config import Secret
from quantdata.errors import AuthenticationError, PayloadError
from quantdata.wire.tradier.rest import TradierRest

if TYPE_CHECKING:
    from tests.unit.conftest import Vendor

PATH = "/v1/markets/events/session"
SESSION = "c8638963-a6d4-4fb9-9bc6-e25fbd8c60c3"


def _asked() -> Secret:
    async def ask() -> Secret:
        rest = TradierRest(Secret("token-of-a-test"), base_url="https://api.tradier.com/v1")
        try:
            return await rest.stream_session()
        finally:
            await rest.close()

    return asyncio.run(ask())


def test_a_session_is_asked_for_by_an_empty_form(vendor: Vendor) -> None:
    vendor.on(PATH, {"stream": {"url": "https://stream.tradier.com/v1/markets/events", "sessionid": SESSION}})
    secret = _asked()
    (request,) = vendor.requests
    assert (request.method, request.url.path, request.url.query) == ("POST", PATH, b"")
    assert secret.reveal() == SESSION
    assert SESSION not in repr(secret)


@pytest.mark.parametrize("stream", [{"url": ""}, {"sessionid": 7}])
def test_an_answer_without_an_id_is_a_payload_error(vendor: Vendor, stream: object) -> None:
    vendor.on(PATH, {"stream": stream})
    with pytest.raises(PayloadError):
        _asked()


def test_a_refused_token_is_an_authentication_error(vendor: Vendor) -> None:
    vendor.on(PATH, b"Invalid Access Token", status=401)
    with pytest.raises(AuthenticationError):
        _asked()
