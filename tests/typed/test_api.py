"""The types that a user's editor shows; mypy checks this file, nothing in it runs a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

import quantdata as qd

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    import polars as pl

    async def awaited(client: qd.AsyncClient) -> None:
        """Check the async client."""
        assert_type(await client.chain("SPY", dte=(0, 7), delta=(None, 0.5)), pl.DataFrame)
        assert_type(await client.expirations("SPY", start="2026-12-01"), list[date])
        assert_type(await client.market_status(), qd.MarketStatus)
        assert_type(await client.health(), pl.DataFrame)
        assert_type(await client.index_snapshot("SPX", timeframes="5m"), qd.IndexSnapshot)
        assert_type(await client.index_snapshot(["SPX", "VIX"]), dict[str, qd.IndexSnapshot])
        assert_type(await client.flow("SPY", top=5), pl.DataFrame)
        assert_type(await client.compare("SPY", strikes=(560, 600)), pl.DataFrame)

    def called(client: qd.Client) -> None:
        """Check the sync client and the functions."""
        assert_type(client.bars(["SPY", "QQQ"], "5m", "2026-11-02", "2026-11-20"), pl.DataFrame)
        assert_type(qd.chain("SPY", expirations=("2026-12-01", None), where=pl.col("bid") > 0), pl.DataFrame)
        assert_type(qd.contract("SPX", 6800, "2026-12-18", "call", root="SPXW"), pl.DataFrame)
        assert_type(qd.expirations("SPY"), list[date])
        assert_type(client.metrics(), pl.DataFrame)
        assert_type(qd.indicators("SPX", "5m", lookback=50), pl.DataFrame)
        assert_type(qd.flow("SPY", start="2026-11-18", contracts=["SPY261218C00660000"]), pl.DataFrame)
        assert_type(qd.index_snapshot("SPX"), qd.IndexSnapshot)
        assert_type(qd.index_snapshot(["SPX"], timeframes=["1d"]), dict[str, qd.IndexSnapshot])
        assert_type(client.index_snapshot("SPX").timeframes, dict[str, pl.DataFrame])
        assert_type(qd.compare("SPX", expirations="2026-12-18", roots="SPXW", option_type="put"), pl.DataFrame)
        qd.compare("SPX", delta=0.5)  # type: ignore[call-arg]  # of which vendor?
        client.indicators("SPX", "7m")  # type: ignore[arg-type]
        assert_type(qd.run(awaited(qd.AsyncClient("sim"))), None)
        client.bars("SPY", "7m", "2026-11-02", "2026-11-03")  # type: ignore[arg-type]
        qd.chain("SPY", expiry="2026-12-18")  # type: ignore[call-arg]

    def judged(frame: pl.DataFrame, now: datetime) -> None:
        """Check what is said of a frame."""
        assert_type(qd.validate(frame), pl.DataFrame)
        assert_type(qd.validate(frame, now, cadence_s=5.0), pl.DataFrame)
        assert_type(qd.explain(frame, "SPY261218C00600000"), list[str])
        found = qd.quality(frame)
        assert_type(found, qd.Quality)
        assert_type(found.confidence, int)
        assert_type(found.quality, str)
        assert_type(found.source, str | None)
        assert_type(found.warnings, tuple[str, ...])
        assert_type(found.rules, Mapping[str, int])
        assert_type(found.coverage, Mapping[str, float])
        assert_type(found.has_warnings, bool)
        qd.quality(frame, "SPY")  # type: ignore[call-arg]

    def made() -> None:
        """Check how clients are made."""
        assert_type(qd.Client("hybrid", rates=0.04, max_age=60.0, delayed_fallback=True), qd.Client)
        assert_type(qd.AsyncClient("tradier", rates={30: 0.043, 365: 0.039}), qd.AsyncClient)
        qd.Client("bloomberg")  # type: ignore[arg-type]
        qd.Client("sim", rates="4 %")  # type: ignore[arg-type]


def test_the_facts_of_an_error_are_attributes() -> None:
    error = qd.RateLimitError("later", provider="massive", retry_after_s=2.0)
    assert_type(error.retry_after_s, float | None)
    assert_type(error.code, qd.ErrorCode)
    assert error.code is qd.ErrorCode.RATE_LIMITED
