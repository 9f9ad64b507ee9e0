"""A seeded market and a local server that speaks the vendors' own protocols, with faults on demand.

Nothing here talks to the outside, and nothing it shows is real: every answer says so in a header. The parts are
loaded when they are first used, so that a market without its server costs no web framework.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quantdata.sim.faults import Fault
    from quantdata.sim.market import Market
    from quantdata.sim.server import Simulator, shared

__all__ = ["Fault", "Market", "Simulator", "shared"]

_HOMES = {"Fault": "faults", "Market": "market", "Simulator": "server", "shared": "server"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
