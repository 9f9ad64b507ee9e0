"""A vendor that answers from memory, and a client of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import polars as pl

import quantdata as qd
from quantdata.clients.capabilities import Capabilities
from quantdata.frames.columns import BARS, TRADES, empty
from quantdata.sessions import session_day, sessions
from quantdata.wire.limits import Budget
from tests.unit.lake import frames

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence
    from datetime import date

    import pytest

    from quantdata.clients.bar_query import BarQuery
    from quantdata.clients.chain_query import ChainQuery

__all__ = ["NOW", "FakeVendor", "client_of"]

# Wednesday, 18 November 2026, 12:00 in New York.
NOW: Final = frames.NOON


class FakeVendor:
    """Knows every symbol; what ``failures`` names ends in its error, ``without`` has no rows.

    ``asked`` counts symbols by question; ``gate``, when there is one, holds back every snapshot; ``away``, when there
    is one, is what it ends in to ask what time it is there.
    """

    name = "massive"

    def __init__(self) -> None:
        self.capabilities = Capabilities("massive")
        self.asked: Counter[str] = Counter()
        self.failures: dict[str, Exception] = {}
        self.without: set[str] = set()
        self.gate: asyncio.Event | None = None
        self.at = NOW
        self.kept: date | None = None
        self.refused: set[str] = set()
        self.per_minute = 60.0
        self.away: Exception | None = None

    @property
    def requests_sent(self) -> int:
        return self.asked.total()

    async def present(self) -> datetime:
        if self.away is not None:
            raise self.away
        return self.at

    def now(self) -> datetime:
        return self.at

    def kept_since(self, query: BarQuery) -> date | None:  # noqa: ARG002
        return self.kept

    def budgets(self) -> list[Budget]:
        return [Budget("*", self.per_minute, 10, None)]

    async def entitlements(self) -> pl.DataFrame:
        for block in ("chain", "bars", "equity_quotes", "indices", "option_trades"):
            is_refused = block in self.refused
            self.capabilities.learn(
                block, is_entitled=not is_refused, reason="not in your plan" if is_refused else None
            )
        return self.capabilities.frame()

    async def chain(self, query: ChainQuery) -> pl.DataFrame:
        await self._ask("chain", query.underlying)
        found = frames.chain(query.underlying, at=self.at)
        return found.clear() if query.underlying in self.without else found

    async def quotes(self, tickers: Sequence[str]) -> pl.DataFrame:
        await self._ask("quotes", *tickers)
        return self._noted(frames.quotes(*tickers, at=self.at))

    async def indices(self, tickers: Sequence[str]) -> pl.DataFrame:
        await self._ask("indices", *tickers)
        return self._noted(frames.indices(*tickers, at=self.at))

    def _noted(self, quotes: pl.DataFrame) -> pl.DataFrame:
        unknown = pl.col("symbol").is_in(list(self.without))
        return quotes.with_columns(vendor_error=pl.when(unknown).then(pl.lit("unknown")))

    async def option_tape(self, symbol: str, **_: Any) -> Any:
        raise qd.EntitlementError(f"no tape of {symbol}", provider="massive")

    async def bars(self, query: BarQuery) -> pl.DataFrame:
        await self._ask("bars", query.symbol)
        if query.symbol in self.without:
            return empty(BARS)
        days = [each.day.isoformat() for each in sessions(session_day(query.start), session_day(query.end))]
        return frames.bars(query.symbol, days=days)

    async def trades(self, symbol: str, *, start: datetime, end: datetime) -> pl.DataFrame:  # noqa: ARG002
        await self._ask("trades", symbol)
        if symbol in self.without:
            return empty(TRADES)
        return frames.trades(symbol, at=start.astimezone(UTC))

    async def _ask(self, question: str, *symbols: str) -> None:
        self.asked.update([f"{question} {' '.join(symbols)}"])
        if self.gate is not None:
            await self.gate.wait()
        for symbol in symbols:
            if symbol in self.failures:
                raise self.failures[symbol]


def client_of(vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch) -> qd.Client:
    """Return a client that asks a vendor of ours."""
    client = qd.Client("sim")

    async def connected() -> FakeVendor:
        return vendor

    monkeypatch.setattr(client._core, "connected", connected)
    return client
