"""What the client of every vendor has alike: an account behind one `Rest`, and what is known of its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from quantdata.clients.capabilities import Capabilities
from quantdata.clients.dividends import NOT_KNOWN, Dividends
from quantdata.clients.plan import learning, probe
from quantdata.clients.subscriptions import PolledSubscriptions
from quantdata.clients.together import together
from quantdata.clients.trust import trusted
from quantdata.errors import IncompleteError
from quantdata.frames.provenance import INCOMPLETE, explained
from quantdata.pricing.rates import DEFAULT_RATE, RateCurve
from quantdata.sessions import session_day
from quantdata.wire.rest import Rest

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    import polars as pl

    from quantdata.clients.bar_query import BarQuery
    from quantdata.wire.limits import Budget

__all__ = ["VendorClient"]

R = TypeVar("R", bound=Rest)
T = TypeVar("T")


class VendorClient(PolledSubscriptions, Generic[R]):
    """One account at one vendor; the class of each vendor adds its answers.

    Parameters
    ----------
    rest
        How the vendor is asked.
    rates
        Of the model, which prices every chain; left out, a flat `DEFAULT_RATE`.

    Attributes
    ----------
    name
        The vendor's.
    capabilities
        What its plan has been seen to deliver.
    """

    name: str

    def __init__(self, rest: R, *, rates: RateCurve | None = None) -> None:
        self.capabilities = Capabilities(self.name)
        self._rest = rest
        self._rates = rates or RateCurve.of(DEFAULT_RATE)
        self._dividends = Dividends(self._all_dividends)

    @property
    def is_delayed(self) -> bool:
        """Whether all that the host has is late, as a sandbox's."""
        return self._rest.is_delayed

    @property
    def requests_sent(self) -> int:
        """Count of requests sent so far, retries included."""
        return self._rest.requests_sent

    def budgets(self) -> list[Budget]:
        """Return what is left of the account's rate."""
        return self._rest.budgets()

    def now(self) -> datetime:
        """Return the present at the host (UTC): the simulator's clock if it is one."""
        return self._rest.now()

    async def present(self) -> datetime:
        """Return the present at the host (UTC); a host on this machine is asked, for it may be a simulator."""
        return await self._rest.present()

    def kept_since(self, query: BarQuery) -> date | None:  # noqa: ARG002  # a vendor that forgets has its own
        """Return the first session of which bars are kept; None where there is no such limit."""
        return None

    async def dividends(self, underlying: str) -> pl.DataFrame:
        """Return the dividends to come of a stock or fund: ``ex_date``, ``amount``; no row where none are known."""
        if self._rest.is_slow:
            return NOT_KNOWN  # of five requests a minute none is to spare
        return await self._dividends.get(underlying, lambda: session_day(self.now()))

    async def close(self) -> None:
        """Close all connections; may be called twice."""
        await self._dividends.close()
        await self._rest.close()

    async def _all_dividends(self, symbol: str) -> pl.DataFrame:
        """Get ``ex_date`` and ``amount`` of all dividends of a stock or fund that the vendor knows."""
        raise NotImplementedError

    async def _loaded(self, loading: Coroutine[Any, Any, pl.DataFrame], underlying: str) -> pl.DataFrame:
        """Get a chain, and beside it the dividends for `_trusted`; a part that arrived alone is trusted here."""
        try:
            chain, _ = await together([loading, self.dividends(underlying)])
        except IncompleteError as error:
            part = await self._trusted(error.received, underlying)
            error.received = explained(part, f"{INCOMPLETE}{error.reason}")
            raise
        return chain

    async def _trusted(self, chain: pl.DataFrame, underlying: str) -> pl.DataFrame:
        """Return a chain priced by the model and held to the rules."""
        return await trusted(chain, rates=self._rates, dividends=await self.dividends(underlying))

    def _learning(self, block: str) -> AbstractContextManager[None]:
        """Remember of a block whether it came or was refused."""
        return learning(self.capabilities, block, self._rest)

    async def _probe(self, block: str, asking: Coroutine[Any, Any, T]) -> T | None:
        """Ask for a block only to see whether it comes."""
        return await probe(self.capabilities, block, self._rest, asking)
