"""The Massive client: each file answers one kind of question."""

from quantdata.clients.massive.client import AsyncMassive

__all__ = ["AsyncMassive"]
