"""What a connection of Massive's is subscribed to, and what the vendor says to each wish.

References
----------
Channels, acknowledgements and refusals: reference/massive.md §9. Assumed, since nobody has written it down: refusals
are one ``error`` status per channel, in the order of the channels and without their names; an over-long list is granted
up to the limit and the excess refused; ``Q.*`` on options meets the limit's words; a symbol that does not exist is
granted and stays silent; what was subscribed to before is acknowledged again; a channel that there is not is
`NOT_A_CHANNEL`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from quantdata.sim.plans import AssetClass, Product
from quantdata.sim.streams.happenings import ALL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantdata.sim.plans import Plan

__all__ = ["LIMIT_REACHED", "NOT_AUTHORIZED", "NOT_A_CHANNEL", "Channels", "Status"]

LIMIT_REACHED: Final = "Subscription limit reached for feed. Please remove some subscriptions and try again."
NOT_AUTHORIZED: Final = "not authorized"
NOT_A_CHANNEL: Final = "unknown channel"

_AGGREGATES: Final = {"A": Product.AGGREGATES, "AM": Product.AGGREGATES}
_TICKS: Final = {"T": Product.TRADES, "Q": Product.QUOTES}
# Nothing is ever sent on LULD and NOI: no stock of the simulated market is halted, and its auctions are not shown.
_PRODUCTS: Final = {
    AssetClass.OPTIONS: _AGGREGATES | _TICKS,
    AssetClass.STOCKS: _AGGREGATES | _TICKS | {"LULD": Product.QUOTES, "NOI": Product.QUOTES},
    AssetClass.INDICES: _AGGREGATES | {"V": Product.SNAPSHOT},
}


class Status(msgspec.Struct, tag_field="ev", tag="status", omit_defaults=True):
    """What the vendor says of the connection itself."""

    status: str
    message: str
    simulated: str = ""


class Channels:
    """The subscriptions of one connection.

    Parameters
    ----------
    asset
        Of which socket.
    plan
        What the key may see.
    option_quotes
        How many contracts it may have quotes of.
    """

    def __init__(self, asset: AssetClass, *, plan: Plan, option_quotes: int) -> None:
        self.edition = 0
        self._asset, self._plan, self._option_quotes = asset, plan, option_quotes
        self._wanted: dict[str, frozenset[str]] = {}

    @property
    def wanted(self) -> Mapping[str, frozenset[str]]:
        """Symbols by kind, ``"*"`` for all; replaced as a whole when it changes, so that threads may read it."""
        return self._wanted

    def subscribe(self, text: str, *, is_refused: bool = False) -> list[Status]:
        """Add the channels of a comma list, and return what is said to each.

        Parameters
        ----------
        is_refused
            Refuse them all as if the limit were reached.
        """
        wanted = {kind: set(symbols) for kind, symbols in self._wanted.items()}
        said = []
        for channel in _listed(text):
            kind, _, symbol = channel.partition(".")
            refusal = LIMIT_REACHED if is_refused else self._refusal(kind, symbol, wanted)
            if refusal is None:
                wanted.setdefault(kind, set()).add(symbol)
                said.append(Status("success", f"subscribed to: {channel}"))
            else:
                said.append(Status("error", refusal))
        self._replace(wanted)
        return said

    def unsubscribe(self, text: str) -> list[Status]:
        """Take the channels of a comma list away; one that was not there is acknowledged all the same."""
        wanted = {kind: set(symbols) for kind, symbols in self._wanted.items()}
        channels = _listed(text)
        for channel in channels:
            kind, _, symbol = channel.partition(".")
            wanted.get(kind, set()).discard(symbol)
        self._replace(wanted)
        return [Status("success", f"unsubscribed to: {channel}") for channel in channels]

    def _replace(self, wanted: dict[str, set[str]]) -> None:
        self._wanted = {kind: frozenset(symbols) for kind, symbols in wanted.items() if symbols}
        self.edition += 1

    def _refusal(self, kind: str, symbol: str, wanted: Mapping[str, set[str]]) -> str | None:
        """Return why a channel is not granted; None when it is."""
        product = _PRODUCTS[self._asset].get(kind)
        if product is None or not symbol:
            return NOT_A_CHANNEL
        if not self._may_see(product):
            return NOT_AUTHORIZED
        if kind == "Q" and self._asset is AssetClass.OPTIONS:
            held = wanted.get(kind, set())
            if symbol == ALL or (symbol not in held and len(held) >= self._option_quotes):
                return LIMIT_REACHED
        return None

    def _may_see(self, product: Product) -> bool:
        """Say whether the plan has a product on the stream: end-of-day plans have none, delayed ones no quotes."""
        tier = self._plan.tier(self._asset)
        if tier is None or tier.delay is None or product not in tier.products:
            return False
        return product is not Product.QUOTES or not self._plan.is_delayed(self._asset)


def _listed(text: str) -> list[str]:
    """Return the channels of a comma list, with or without blanks, each once."""
    return list(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
