"""What a plan delivers, learned from its answers: a refusal, a block that no row of a whole chain has."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import polars as pl
import pytest

from quantdata.clients.capabilities import BLOCKS, Capabilities
from quantdata.clients.plan import CHAIN_BLOCKS, TELLING_ROWS, learn_blocks, learning, probe
from quantdata.config import Secret
from quantdata.errors import EntitlementError, QuoteNotFoundError
from quantdata.frames.columns import CHAIN, schema
from quantdata.wire.massive import endpoints
from quantdata.wire.massive.rest import MassiveRest

if TYPE_CHECKING:
    from tests.unit.conftest import Vendor

WHOLE = {"quote_source": "massive", "quote_feed": "realtime", "trade_source": "massive", "greeks_source": "massive"}


@pytest.fixture
def capabilities() -> Capabilities:
    return Capabilities("massive")


@pytest.fixture
def rest() -> MassiveRest:
    return MassiveRest(Secret("k3y"), base_url="http://127.0.0.1:1")


def _known(capabilities: Capabilities, block: str) -> tuple[bool | None, str | None]:
    row = capabilities.frame().row(BLOCKS.index(block), named=True)
    return row["is_entitled"], row["feed"]


def _chain(count: int, **values: str) -> pl.DataFrame:
    """Return a chain of equal rows, of which only these columns are told."""
    columns = {
        name: dtype for name, dtype in schema(CHAIN).items() if name in {*values, *sum(CHAIN_BLOCKS.values(), ())}
    }
    return pl.DataFrame([values] * count, schema=columns)


# --- refusals -------------------------------------------------------------------------------------------------------


def test_what_came_is_had(capabilities: Capabilities, rest: MassiveRest) -> None:
    with learning(capabilities, "bars", rest):
        pass
    assert _known(capabilities, "bars") == (True, None)


def test_what_came_from_a_simulator_says_so(capabilities: Capabilities, rest: MassiveRest, market: Vendor) -> None:
    market.on("/v1/marketstatus/now", {})
    with learning(capabilities, "bars", rest):
        asyncio.run(rest.page(endpoints.market_status(), lambda _: None))
    assert _known(capabilities, "bars") == (True, "simulated")


def test_what_was_refused_is_lacking_and_still_refused(capabilities: Capabilities, rest: MassiveRest) -> None:
    with pytest.raises(EntitlementError), learning(capabilities, "bars", rest):
        raise EntitlementError("not in this plan", provider="massive", status=403)
    assert capabilities.lacks("bars")


def test_what_a_client_itself_refuses_says_nothing_about_the_plan(
    capabilities: Capabilities, rest: MassiveRest
) -> None:
    with pytest.raises(EntitlementError), learning(capabilities, "bars", rest):
        raise EntitlementError("that contract has expired", provider="tradier")
    assert _known(capabilities, "bars") == (None, None)


def test_what_a_client_refuses_when_it_is_asked_for_a_block_is_not_to_be_had(
    capabilities: Capabilities, rest: MassiveRest
) -> None:
    async def ask() -> None:
        raise EntitlementError("the sandbox has none", provider="tradier")

    assert asyncio.run(probe(capabilities, "option_trades", rest, ask())) is None
    assert capabilities.lacks("option_trades")


def test_another_failure_says_nothing_about_the_plan(capabilities: Capabilities, rest: MassiveRest) -> None:
    with pytest.raises(QuoteNotFoundError), learning(capabilities, "bars", rest):
        raise QuoteNotFoundError("nothing by that name", provider="massive")
    assert _known(capabilities, "bars") == (None, None)


# --- blocks of a chain ----------------------------------------------------------------------------------------------


def test_a_block_is_had_if_any_row_has_it_and_is_as_fresh_as_that_row_says(capabilities: Capabilities) -> None:
    rows = pl.concat([_chain(50), _chain(1, **WHOLE)])
    learn_blocks(capabilities, rows, is_whole=False)
    assert _known(capabilities, "chain_quotes") == (True, "realtime")
    assert _known(capabilities, "chain_greeks") == (True, None)


@pytest.mark.parametrize(
    ("rows", "is_whole", "is_entitled"),
    [
        (TELLING_ROWS, True, False),
        (TELLING_ROWS - 1, True, None),
        (TELLING_ROWS, False, None),  # a far wing may never have traded
        (0, True, None),
    ],
)
def test_a_block_that_no_row_has_is_lacking_if_the_chain_is_whole_and_long(
    capabilities: Capabilities, rows: int, *, is_whole: bool, is_entitled: bool | None
) -> None:
    learn_blocks(capabilities, _chain(rows, **WHOLE), is_whole=is_whole)
    assert _known(capabilities, "chain_underlying") == (is_entitled, None)
    assert capabilities.lacks("chain_underlying") is (is_entitled is False)


def test_a_part_of_a_chain_does_not_take_back_what_a_whole_one_told(capabilities: Capabilities) -> None:
    learn_blocks(capabilities, _chain(TELLING_ROWS, **WHOLE), is_whole=True)
    learn_blocks(capabilities, _chain(TELLING_ROWS), is_whole=False)
    assert _known(capabilities, "chain_quotes") == (True, "realtime")
    assert capabilities.lacks("chain_underlying")
