"""A client's counters and health for Prometheus, read when it scrapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar, cast

import polars as pl

from quantdata.errors import ConfigError
from quantdata.wire.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
    from prometheus_client.registry import Collector, CollectorRegistry

    from quantdata.client import AsyncClient, Client
    from quantdata.client.core import Core

    F = TypeVar("F", CounterMetricFamily, GaugeMetricFamily)

__all__ = ["register"]

LABELS: Final = ("provider", "endpoint", "kind")
# Names and meanings of what is read from the columns of `HEALTH`.
GAUGES: Final = {
    "is_healthy": ("quantdata_healthy", "1 while healthy, 0 from three failures in a row to the next success"),
    "consecutive_failures": ("quantdata_consecutive_failures", "failures since the last success"),
    "response_p50_s": ("quantdata_response_p50_seconds", "half of the last 256 answers took at most this"),
    "response_p95_s": ("quantdata_response_p95_seconds", "95 % of the last 256 answers took at most this"),
}
COUNTERS: Final = {
    "successes": ("quantdata_successes", "questions answered"),
    "failures": ("quantdata_question_failures", "questions that failed; refusals are none"),
}


def register(client: Client | AsyncClient, registry: CollectorRegistry | None = None) -> Collector:
    """Let Prometheus read a client's `metrics` and `health` at each scrape.

    Nothing is served by this: start a server of ``prometheus_client``, or mount its WSGI or ASGI app. Counters are
    ``quantdata_requests_total{provider,endpoint}`` and so on, one for each metric of ``client.metrics()``; gauges are
    ``quantdata_healthy{provider,endpoint}`` (1 or 0), ``quantdata_consecutive_failures`` and
    ``quantdata_response_p50_seconds``, ``…_p95_seconds``. Units are seconds and bytes.

    Parameters
    ----------
    client
        Whose; a scrape asks no vendor and opens no connection.
    registry
        Where; left out, the process-wide one. It takes one client.

    Returns
    -------
    prometheus_client.registry.Collector
        What ``registry.unregister`` takes; until then the registry keeps the client alive.

    Raises
    ------
    ConfigError
        If the package ``prometheus-client`` is not installed.
    ValueError
        If a client is registered there already.

    Examples
    --------
    >>> import prometheus_client, quantdata as qd
    >>> from quantdata.client.prometheus import register
    >>> client, registry = qd.Client("sim", clock="at:2026-11-18T11:00"), prometheus_client.CollectorRegistry()
    >>> collector = register(client, registry)
    >>> quotes = client.quotes("SPY")
    >>> registry.get_sample_value("quantdata_healthy", {"provider": "massive", "endpoint": "quotes"})
    1.0

    In a program of your own, ``register(client)`` and ``prometheus_client.start_http_server(9464)`` are all it takes.
    """
    try:
        import prometheus_client  # noqa: PLC0415  # optional
    except ImportError as error:
        raise ConfigError("metrics for Prometheus need a package: pip install quantdata[prometheus]") from error
    # Any object with these two methods is one; the base class may not be imported where the package is missing.
    collector = cast("Collector", _Collector(client._core))  # noqa: SLF001  # ours
    (prometheus_client.REGISTRY if registry is None else registry).register(collector)
    return collector


class _Collector:
    """Reads frames at scrape time, on the thread of whoever scrapes."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def describe(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Name all families, also those without a value yet: a second client cannot be registered beside them."""
        return self._families(self._core.metrics().clear(), self._core.health().clear())

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Return all families with what is known now."""
        return self._families(self._core.metrics(), self._core.health())

    @staticmethod
    def _families(metrics: pl.DataFrame, health: pl.DataFrame) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415  # optional

        for metric, (_, meaning) in METRICS.items():
            yield _filled(CounterMetricFamily, f"quantdata_{metric}", meaning, metrics.filter(metric=metric), "value")
        for column, (name, meaning) in COUNTERS.items():
            yield _filled(CounterMetricFamily, name, meaning, health, column)
        for column, (name, meaning) in GAUGES.items():
            yield _filled(GaugeMetricFamily, name, meaning, health, column)


def _filled(kind: type[F], name: str, meaning: str, frame: pl.DataFrame, column: str) -> F:
    """Return one family with the values of a column, labelled by what tells its rows apart."""
    known = frame.drop_nulls(column)
    labels = [each for each in LABELS if each in known.columns and known.get_column(each).count()]
    family = kind(name, meaning, labels=labels)
    values = known.select(*(pl.col(each).fill_null("") for each in labels), pl.col(column).cast(pl.Float64))
    for *words, value in values.iter_rows():
        family.add_metric(words, value)
    return family
