"""One client over whichever source: questions in `core`, driven by `AsyncClient` and `Client`."""

from quantdata.client.aio import AsyncClient
from quantdata.client.sync import Client

__all__ = ["AsyncClient", "Client"]
