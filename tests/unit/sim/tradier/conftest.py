from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from quantdata.sim.tradier import routes
from quantdata.sim.tradier.answers import json_body
from quantdata.sim.tradier.catalog import Catalog
from quantdata.sim.tradier.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.sim.source import MarketSource

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


@pytest.fixture
def ask(market: MarketSource) -> Callable[..., Any]:
    """Return a function that answers an endpoint of ``/v1/markets/`` with the parsed body, without any server."""
    catalog = Catalog(market)

    def answer(path: str, *, at: datetime = NOON, is_sandbox: bool = False, **query: object) -> Any:
        sent = {key: str(value) for key, value in query.items()}
        route = routes.find(path if path.startswith("/") else f"/v1/markets/{path}")
        assert route is not None
        request = Request(query=sent, at=at, catalog=catalog, is_sandbox=is_sandbox)
        return msgspec.json.decode(json_body(route.answer(request)))

    return answer
