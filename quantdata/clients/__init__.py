"""Provider clients: each answers the same questions with canonical frames."""

from quantdata.clients.bar_query import BarQuery
from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.massive import AsyncMassive
from quantdata.clients.protocols import BrokerDataProvider, IndicesDataProvider, OptionsDataProvider, Provider
from quantdata.clients.status import MarketStatus
from quantdata.clients.tradier import AsyncTradier

__all__ = [
    "AsyncMassive",
    "AsyncTradier",
    "BarQuery",
    "BrokerDataProvider",
    "ChainQuery",
    "IndicesDataProvider",
    "MarketStatus",
    "OptionsDataProvider",
    "Provider",
]
