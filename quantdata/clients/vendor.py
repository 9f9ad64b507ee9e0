"""What the client of every vendor has alike: an account behind one `Rest`, and what is known of its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from quantdata.clients.capabilities import Capabilities
from quantdata.clients.plan import learning, probe
from quantdata.wire.rest import Rest

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from quantdata.clients.bar_query import BarQuery
    from quantdata.wire.limits import Budget

__all__ = ["VendorClient"]

R = TypeVar("R", bound=Rest)
T = TypeVar("T")


class VendorClient(Generic[R]):
    """One account at one vendor; the class of each vendor adds its answers.

    Parameters
    ----------
    rest
        How the vendor is asked.

    Attributes
    ----------
    name
        The vendor's.
    capabilities
        What its plan has been seen to deliver.
    """

    name: str

    def __init__(self, rest: R) -> None:
        self.capabilities = Capabilities(self.name)
        self._rest = rest

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

    async def close(self) -> None:
        """Close all connections; may be called twice."""
        await self._rest.close()

    def _learning(self, block: str) -> AbstractContextManager[None]:
        """Remember of a block whether it came or was refused."""
        return learning(self.capabilities, block, self._rest)

    async def _probe(self, block: str, asking: Coroutine[Any, Any, T]) -> T | None:
        """Ask for a block only to see whether it comes."""
        return await probe(self.capabilities, block, self._rest, asking)
