"""Which paths are the vendor's, which host each belongs to, and which function answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantdata.sim.tradier import calendar, chains, fundamentals, history, profile, quotes, securities, timesales

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.sim.tradier.answers import Answer
    from quantdata.sim.tradier.request import Request

__all__ = ["Route", "find", "is_sandbox", "is_tradier"]

_SANDBOX = "/sandbox"
_PREFIXES = ("/v1/markets/", "/v1/user/", "/beta/", f"{_SANDBOX}/")
_GET = frozenset({"GET"})


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint.

    Attributes
    ----------
    methods
        What it can be asked with; a ``POST`` brings its parameters as a form.
    is_production_only
        Whether the sandbox refuses it.
    """

    answer: Callable[[Request], Answer]
    methods: frozenset[str] = _GET
    is_production_only: bool = False


_ROUTES = {
    "/v1/markets/quotes": Route(quotes.quotes, methods=_GET | {"POST"}),
    "/v1/markets/options/chains": Route(chains.chain),
    "/v1/markets/options/expirations": Route(chains.expirations),
    "/v1/markets/options/strikes": Route(chains.strikes),
    "/v1/markets/options/lookup": Route(chains.lookup),
    "/v1/markets/history": Route(history.history),
    "/v1/markets/timesales": Route(timesales.timesales),
    "/v1/markets/clock": Route(calendar.clock),
    "/v1/markets/calendar": Route(calendar.month),
    "/v1/markets/search": Route(securities.search),
    "/v1/markets/lookup": Route(securities.lookup),
    "/v1/markets/etb": Route(securities.easy_to_borrow),
    "/v1/user/profile": Route(profile.profile, is_production_only=True),
    "/beta/markets/fundamentals/corporate_actions": Route(fundamentals.corporate_actions, is_production_only=True),
    "/beta/markets/fundamentals/dividends": Route(fundamentals.dividends, is_production_only=True),
}


def is_tradier(path: str) -> bool:
    """Say whether a path is Tradier's; all others are Massive's."""
    return path.startswith(_PREFIXES)


def is_sandbox(path: str) -> bool:
    """Say whether a path is on the sandbox host."""
    return path.startswith(f"{_SANDBOX}/")


def find(path: str) -> Route | None:
    """Return the endpoint of a path, on either host; None when there is none."""
    return _ROUTES.get(path.removeprefix(_SANDBOX) if is_sandbox(path) else path)
