"""Provider clients: each answers the same questions with canonical frames."""

from quantdata.clients.bar_query import BarQuery
from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.massive import AsyncMassive
from quantdata.clients.status import MarketStatus

__all__ = ["AsyncMassive", "BarQuery", "ChainQuery", "MarketStatus"]
