"""One request after authentication: what was asked, by whom, and what moment it may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quantdata.sim.massive.refusals import not_entitled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quantdata.sim.massive.catalog import Catalog
    from quantdata.sim.plans import AssetClass, Plan, Product
    from quantdata.sim.source import MarketSource

__all__ = ["Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """What an endpoint needs to answer.

    Attributes
    ----------
    path, query
        The path, and the parameters with a cursor already unpacked.
    plan
        The key's subscription.
    now
        The simulated moment, in whole market versions.
    catalog
        The market and what is prepared of it.
    base_url
        Scheme and host of addresses inside bodies.
    """

    path: str
    query: Mapping[str, str]
    plan: Plan
    now: datetime
    catalog: Catalog
    base_url: str

    @property
    def market(self) -> MarketSource:
        """The market itself."""
        return self.catalog.market

    def require(self, asset: AssetClass, product: Product) -> None:
        """Refuse with 403 what the plan does not include."""
        if not self.plan.allows(asset, product):
            raise not_entitled(self.path)

    def seen_at(self, asset: AssetClass) -> datetime:
        """Return the newest moment that the plan shows of an asset class."""
        return self.plan.seen_at(asset, self.now)

    def tail(self, asset: AssetClass) -> dict[str, Any]:
        """Return the envelope fields after the rows."""
        return {"status": self.status(asset), "request_id": ""}

    def status(self, asset: AssetClass) -> str:
        """Return the envelope's word: ``DELAYED`` on delayed plans."""
        return "DELAYED" if self.plan.is_delayed(asset) else "OK"

    def link(self, cursor: str | None) -> str | None:
        """Return path and query of the next page."""
        return None if cursor is None else f"{self.path}?cursor={cursor}"
