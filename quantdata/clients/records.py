"""What one client remembers of its providers, also when their connections are closed: health and counters."""

from __future__ import annotations

import polars as pl

from quantdata.clients.health import Health
from quantdata.frames.columns import HEALTH, METRICS, schema
from quantdata.wire.metrics import Metrics

__all__ = ["Records"]


class Records:
    """Health of each provider and the counters of all of them; from any thread.

    Attributes
    ----------
    metrics
        The counters.
    """

    def __init__(self) -> None:
        self.metrics = Metrics()
        self._healths: dict[str, Health] = {}

    def health_of(self, provider: str) -> Health:
        """Return the health of a provider: always the same one."""
        return self._healths.setdefault(provider, Health(provider))

    def health_frame(self) -> pl.DataFrame:
        """Return one row per provider and endpoint asked so far, with the columns of `HEALTH`."""
        rows = [row for health in list(self._healths.values()) for row in health.rows()]
        return pl.DataFrame(rows, schema=schema(HEALTH), orient="row")

    def hurry(self) -> None:
        """Let a probe go to every unhealthy endpoint now: see `Health.hurry`."""
        for health in list(self._healths.values()):
            health.hurry()

    def metrics_frame(self) -> pl.DataFrame:
        """Return one row per counter that has been raised, with the columns of `METRICS`."""
        rows = [(*count, count.unit) for count in self.metrics.counts()]
        return pl.DataFrame(rows, schema=schema(METRICS), orient="row")
