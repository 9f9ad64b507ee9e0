"""Health and counters of one client, as frames."""

from __future__ import annotations

from contextlib import suppress

import polars as pl

from quantdata.clients.records import Records
from quantdata.errors import UnavailableError
from quantdata.frames.columns import HEALTH, METRICS, empty, schema


def test_nothing_asked_is_an_empty_frame_with_all_columns() -> None:
    records = Records()
    records.health_of("massive")
    assert records.health_frame().equals(empty(HEALTH))
    assert records.metrics_frame().equals(empty(METRICS))
    assert records.health_frame().schema == schema(HEALTH)
    assert records.metrics_frame().schema == schema(METRICS)


def test_a_provider_has_one_health() -> None:
    records = Records()
    assert records.health_of("massive") is records.health_of("massive")
    assert records.health_of("massive") is not records.health_of("tradier")


def test_health_has_one_row_per_provider_and_endpoint() -> None:
    records = Records()
    for provider in ("massive", "tradier"):
        with records.health_of(provider).attempt("chain"):
            pass
    with suppress(UnavailableError), records.health_of("massive").attempt("bars"):
        raise UnavailableError("massive: down", provider="massive")
    frame = records.health_frame()
    assert frame.schema == schema(HEALTH)
    assert frame.select("provider", "endpoint", "successes", "failures", "last_error_code", "last_error").rows() == [
        ("massive", "chain", 1, 0, None, None),
        ("massive", "bars", 0, 1, "UNAVAILABLE", "massive: down"),
        ("tradier", "chain", 1, 0, None, None),
    ]
    assert frame.filter(pl.col("last_success_ts").is_null()).get_column("endpoint").to_list() == ["bars"]


def test_a_counter_is_a_row_with_its_unit() -> None:
    records = Records()
    records.metrics.add("cache_hits", endpoint="chain")
    records.metrics.add("failures", 2, provider="massive", endpoint="/v3/trades/*", kind="UNAVAILABLE")
    frame = records.metrics_frame()
    assert frame.schema == schema(METRICS)
    assert frame.rows() == [
        ("failures", "massive", "/v3/trades/*", "UNAVAILABLE", 2.0, "requests"),
        ("cache_hits", None, "chain", None, 1.0, "answers"),
    ]


def test_all_providers_are_hurried_together() -> None:
    records = Records()
    for provider in ("massive", "tradier"):
        for _ in range(3):
            with suppress(UnavailableError), records.health_of(provider).attempt("chain"):
                raise UnavailableError(f"{provider}: down", provider=provider)
    assert records.health_frame().get_column("retry_in_s").min() > 10.0  # type: ignore[operator]  # a number
    records.hurry()
    assert records.health_frame().get_column("retry_in_s").to_list() == [0.0, 0.0]
