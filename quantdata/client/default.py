"""The process-wide client behind ``quantdata.chain`` and its sisters."""

from __future__ import annotations

import inspect
import threading
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

from quantdata.client.sync import Client

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "bars",
    "chain",
    "compare",
    "contract",
    "default_client",
    "expirations",
    "flow",
    "index_snapshot",
    "indicators",
    "indices",
    "market_status",
    "quotes",
    "trades",
]

P = ParamSpec("P")
R = TypeVar("R")

_clients: Final[list[Client]] = []
_making: Final = threading.Lock()


def default_client() -> Client:
    """Return the client that the module functions use: made on the first call, from the environment."""
    with _making:
        if not _clients:
            _clients.append(Client())
        return _clients[0]


def _of_default(method: Callable[Concatenate[Client, P], R]) -> Callable[P, R]:
    """Turn a method of `Client` into a function of the default client, with the same arguments and docstring."""

    @wraps(method)
    def function(*args: P.args, **kwargs: P.kwargs) -> R:
        return method(default_client(), *args, **kwargs)

    signature = inspect.signature(method)
    arguments = [each for name, each in signature.parameters.items() if name != "self"]
    function.__signature__ = signature.replace(parameters=arguments)  # type: ignore[attr-defined]
    function.__qualname__ = method.__name__
    return function


chain = _of_default(Client.chain)
compare = _of_default(Client.compare)
contract = _of_default(Client.contract)
expirations = _of_default(Client.expirations)
quotes = _of_default(Client.quotes)
indices = _of_default(Client.indices)
index_snapshot = _of_default(Client.index_snapshot)
indicators = _of_default(Client.indicators)
bars = _of_default(Client.bars)
trades = _of_default(Client.trades)
flow = _of_default(Client.flow)
market_status = _of_default(Client.market_status)
