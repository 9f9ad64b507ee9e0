"""The types that a user's editor shows; mypy checks this file, nothing in it runs a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

import quantdata as qd

if TYPE_CHECKING:
    from datetime import date

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
        client.indicators("SPX", "7m")  # type: ignore[arg-type]
        assert_type(qd.run(awaited(qd.AsyncClient("sim"))), None)
        client.bars("SPY", "7m", "2026-11-02", "2026-11-03")  # type: ignore[arg-type]
        qd.chain("SPY", expiry="2026-12-18")  # type: ignore[call-arg]


def test_the_facts_of_an_error_are_attributes() -> None:
    error = qd.RateLimitError("later", provider="massive", retry_after_s=2.0)
    assert_type(error.retry_after_s, float | None)
    assert_type(error.code, qd.ErrorCode)
    assert error.code is qd.ErrorCode.RATE_LIMITED
