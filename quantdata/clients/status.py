"""Whether the market is open, and when that changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from quantdata.cards import card
from quantdata.sessions import NEW_YORK, market_state, next_close, next_open

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["MarketStatus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStatus:
    """The state of the US stock and option market.

    Attributes
    ----------
    market
        ``"open"`` in regular hours, ``"extended"`` before or after them, else ``"closed"``: the provider's word.
    server_time
        The provider's clock (UTC).
    next_open, next_close
        Regular hours (UTC), from the session table.
    clock_skew_s
        Seconds by which the provider's clock is ahead of this machine's; null from a simulator, whose clock is its own.
    source
        Who said so.
    is_simulated
        Whether this is the simulated market.
    """

    market: Literal["open", "extended", "closed"]
    server_time: datetime
    next_open: datetime
    next_close: datetime
    clock_skew_s: float | None
    source: str
    is_simulated: bool

    def _repr_html_(self) -> str:
        ahead = self.clock_skew_s
        return card(
            f"market {self.market}",
            [
                ("now", _in_new_york(self.server_time)),
                ("next open", _in_new_york(self.next_open)),
                ("next close", _in_new_york(self.next_close)),
                ("its clock", None if ahead is None else f"{abs(ahead):.1f} s {'ahead' if ahead >= 0 else 'behind'}"),
                ("source", self.source),
            ],
            badges=["SIMULATED"] if self.is_simulated else [],
        )

    @classmethod
    def at(
        cls, server_time: datetime, *, market: str | None, local_time: datetime, source: str, is_simulated: bool
    ) -> MarketStatus:
        """Complete what a provider said with the session table.

        Parameters
        ----------
        server_time, local_time
            The provider's clock and this machine's, at the same instant.
        market
            The provider's word; None takes the table's.
        """
        extended = ("extended-hours", "early", "late", "premarket", "postmarket")
        words = {"open": "open", **dict.fromkeys(extended, "extended")}
        return cls(
            market=words.get(market or market_state(server_time), "closed"),  # type: ignore[arg-type]
            server_time=server_time,
            next_open=next_open(server_time),
            next_close=next_close(server_time),
            clock_skew_s=None if is_simulated else (server_time - local_time).total_seconds(),
            source=source,
            is_simulated=is_simulated,
        )


def _in_new_york(at: datetime) -> str:
    return f"{at.astimezone(NEW_YORK):%a %d %b %Y %H:%M:%S} New York"
