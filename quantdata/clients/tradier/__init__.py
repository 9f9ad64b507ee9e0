"""The Tradier client: each file answers one kind of question."""

from quantdata.clients.tradier.client import AsyncTradier

__all__ = ["AsyncTradier"]
