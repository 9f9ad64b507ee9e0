"""The plans of two providers together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from quantdata.clients.capabilities import Capabilities

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EitherPlan"]


class EitherPlan(Capabilities):
    """What one provider or another delivers: lacking is only what all of them lack."""

    def __init__(self, plans: Sequence[Capabilities]) -> None:
        super().__init__("hybrid")
        self._plans = tuple(plans)

    def lacks(self, block: str) -> bool:
        """Tell whether no plan is known to include a block."""
        return all(plan.lacks(block) for plan in self._plans)

    def frame(self) -> pl.DataFrame:
        """Return one row a provider and block with the columns of `ENTITLEMENTS`."""
        return pl.concat(plan.frame() for plan in self._plans)
