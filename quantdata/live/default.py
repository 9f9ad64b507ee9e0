"""A started hub in one call, and the hub of the whole process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from quantdata.live.market_hub import MarketDataHub

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quantdata.client import AsyncClient, Client
    from quantdata.config import Source

__all__ = ["global_hub", "hub"]

_hubs: Final[list[MarketDataHub]] = []
_making: Final = threading.Lock()


def hub(
    symbols: str | Iterable[str] = (),
    *,
    indices: str | Iterable[str] = (),
    equities: str | Iterable[str] = (),
    client: Client | AsyncClient | None = None,
    source: Source | None = None,
    dte: tuple[int | None, int | None] | None = None,
    refresh_interval: float | str = 5.0,
    debounce: float = 0.1,
    stream: bool = True,
    weights: Mapping[str, float] | None = None,
    name: str = "hub",
) -> MarketDataHub:
    """Return a started `MarketDataHub`; its arguments are described there."""
    return MarketDataHub(
        symbols,
        indices=indices,
        equities=equities,
        client=client,
        source=source,
        dte=dte,
        refresh_interval=refresh_interval,
        debounce=debounce,
        stream=stream,
        weights=weights,
        name=name,
    ).start()


def global_hub(
    symbols: str | Iterable[str] = (),
    *,
    indices: str | Iterable[str] = (),
    equities: str | Iterable[str] = (),
    source: Source | None = None,
    refresh_interval: float | str = 5.0,
) -> MarketDataHub:
    """Return the hub of this process, started: made on the first call, and watching what later calls name as well.

    Notebook cells that each need something live share one hub so, and with it one connection for each account. After
    its `close` the next call makes a new one. ``source`` and ``refresh_interval`` are those of the first call.
    """
    with _making:
        if _hubs and _hubs[0].is_running:
            _hubs[0].watch(symbols, indices=indices, equities=equities)
        else:
            started = hub(
                symbols,
                indices=indices,
                equities=equities,
                source=source,
                refresh_interval=refresh_interval,
                name="global hub",
            )
            _hubs[:] = [started]
        return _hubs[0]
