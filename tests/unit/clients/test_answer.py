"""What is known of an answer beside its rows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from quantdata.clients.answer import answered
from quantdata.config import Secret
from quantdata.frames.provenance import Answer
from quantdata.wire.massive import endpoints
from quantdata.wire.massive.rest import MassiveRest

if TYPE_CHECKING:
    from tests.unit.conftest import Vendor


def _asked() -> MassiveRest:
    rest = MassiveRest(Secret("k3y"), base_url="http://127.0.0.1:1")
    asyncio.run(rest.page(endpoints.market_status(), lambda _: None))
    return rest


@pytest.mark.parametrize("is_delayed", [True, False])
def test_a_simulators_answer_has_its_time_and_says_so(market: Vendor, *, is_delayed: bool) -> None:
    market.on("/v1/marketstatus/now", {})
    noon = datetime(2026, 11, 18, 17, tzinfo=UTC)
    answer = answered(_asked(), is_delayed=is_delayed)
    assert answer == Answer(source="massive", snapshot_ts=noon, is_simulated=True, is_delayed=is_delayed)
    assert answer.feed == "simulated"


@pytest.mark.parametrize(("is_delayed", "feed"), [(True, "delayed"), (False, None)])
def test_a_vendors_answer_is_as_fresh_as_it_says(vendor: Vendor, *, is_delayed: bool, feed: str | None) -> None:
    vendor.on("/v1/marketstatus/now", {})
    answer = answered(_asked(), is_delayed=is_delayed)
    assert (answer.is_simulated, answer.feed) == (False, feed)
