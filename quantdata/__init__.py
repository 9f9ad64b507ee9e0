"""Option chains, quotes and bars as Polars frames: for notebooks, batch scripts and backtests.

Importing this loads nothing heavy: each name below is fetched from its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from quantdata.client import AsyncClient, Client
    from quantdata.client.default import (
        bars,
        chain,
        compare,
        contract,
        expirations,
        flow,
        index_snapshot,
        indicators,
        indices,
        market_status,
        quotes,
        trades,
    )
    from quantdata.client.snapshot import IndexSnapshot
    from quantdata.clients import MarketStatus
    from quantdata.errors import (
        AllProvidersFailedError,
        ArgumentError,
        AuthenticationError,
        ClosedError,
        ConfigError,
        ContractNotFoundError,
        DataProviderError,
        EntitlementError,
        ErrorCode,
        FeedError,
        IncompleteError,
        LakeError,
        MaxRetriesError,
        PayloadError,
        QuantDataError,
        QuantDataWarning,
        QuoteNotFoundError,
        RateLimitError,
        SymbolError,
        UnavailableError,
    )
    from quantdata.lake import Lake
    from quantdata.live import MarketDataHub, global_hub, hub, replay
    from quantdata.portal import run
    from quantdata.symbols import OptionSymbol
    from quantdata.validation import Quality, explain, quality, validate
    from quantdata.widgets.show import show
    from quantdata.widgets.table import ChainTable

__version__ = "0.1.0"

_HOMES: Final = {
    "quantdata.client": ("AsyncClient", "Client"),
    "quantdata.client.default": (
        "bars",
        "chain",
        "compare",
        "contract",
        "expirations",
        "flow",
        "index_snapshot",
        "indicators",
        "indices",
        "market_status",
        "quotes",
        "trades",
    ),
    "quantdata.client.snapshot": ("IndexSnapshot",),
    "quantdata.clients": ("MarketStatus",),
    "quantdata.errors": (
        "AllProvidersFailedError",
        "ArgumentError",
        "AuthenticationError",
        "ClosedError",
        "ConfigError",
        "ContractNotFoundError",
        "DataProviderError",
        "EntitlementError",
        "ErrorCode",
        "FeedError",
        "IncompleteError",
        "LakeError",
        "MaxRetriesError",
        "PayloadError",
        "QuantDataError",
        "QuantDataWarning",
        "QuoteNotFoundError",
        "RateLimitError",
        "SymbolError",
        "UnavailableError",
    ),
    "quantdata.lake": ("Lake",),
    "quantdata.live": ("MarketDataHub", "global_hub", "hub", "replay"),
    "quantdata.portal": ("run",),
    "quantdata.symbols": ("OptionSymbol",),
    "quantdata.validation": ("Quality", "explain", "quality", "validate"),
    "quantdata.widgets.show": ("show",),
    "quantdata.widgets.table": ("ChainTable",),
}
_HOME_OF: Final = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AllProvidersFailedError",
    "ArgumentError",
    "AsyncClient",
    "AuthenticationError",
    "ChainTable",
    "Client",
    "ClosedError",
    "ConfigError",
    "ContractNotFoundError",
    "DataProviderError",
    "EntitlementError",
    "ErrorCode",
    "FeedError",
    "IncompleteError",
    "IndexSnapshot",
    "Lake",
    "LakeError",
    "MarketDataHub",
    "MarketStatus",
    "MaxRetriesError",
    "OptionSymbol",
    "PayloadError",
    "Quality",
    "QuantDataError",
    "QuantDataWarning",
    "QuoteNotFoundError",
    "RateLimitError",
    "SymbolError",
    "UnavailableError",
    "bars",
    "chain",
    "compare",
    "contract",
    "expirations",
    "explain",
    "flow",
    "global_hub",
    "hub",
    "index_snapshot",
    "indicators",
    "indices",
    "market_status",
    "quality",
    "quotes",
    "replay",
    "run",
    "show",
    "trades",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Fetch a public name from its module on first use."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'quantdata' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    # What a user may want to see; the names that this module works with are none of it.
    return sorted([*__all__, "__all__", "__doc__", "__file__", "__name__", "__path__", "__spec__", "__version__"])
