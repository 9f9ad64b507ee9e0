"""A started hub in one call, and the hub of the whole process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from quantdata.live.market_hub import MarketDataHub

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from quantdata.client import AsyncClient, Client
    from quantdata.config import Source
    from quantdata.live.replay_hub import ReplayHub

__all__ = ["global_hub", "hub", "replay"]

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
    its ``stop`` the next call starts it again, after its ``close`` it makes a new one. ``source`` and
    ``refresh_interval`` are those of the first call.
    """
    with _making:
        if _hubs and not _hubs[0].is_closed:
            _hubs[0].watch(symbols, indices=indices, equities=equities)
            _hubs[0].start()
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


def replay(path: str | Path, *, speed: float | None = None) -> ReplayHub:
    """Return a started hub that plays a recording of `MarketDataHub.record`, on the times of the recording.

    It publishes the same frames, bit for bit, whenever, wherever and as fast as it is played. At its end the iterators
    of its subscribers end; ``is_over`` tells, ``wait_over`` waits for it, and the last state can still be asked for.

    Parameters
    ----------
    path
        The folder. One whose writer was killed is played up to the last complete record.
    speed
        How many times faster than real time: 1 as it was, 10 for a day in 40 minutes; a subscriber that is slow misses
        publications then, as in life. None is as fast as the subscribers take what is published, so that none misses
        any: it begins when somebody waits or asks, or a tenth of a second after the last has subscribed.

    Raises
    ------
    ArgumentError
        If there is no recording, or the speed is not above 0.
    FeedError
        If the recording is damaged, or of a format that this version cannot read.

    Examples
    --------
    >>> import tempfile, quantdata as qd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with qd.hub(["SPY"], source="sim", dte=(0, 1)) as hub, hub.record(f"{folder}/monday"):
    ...         snapshot = hub.wait()
    ...     with qd.replay(f"{folder}/monday") as again:
    ...         chain = again.wait_over().chains["SPY"]
    >>> chain.height > 100
    True
    """
    from quantdata.live.replay_hub import ReplayHub  # noqa: PLC0415  # heavy: pyarrow

    return ReplayHub(path, speed=speed).start()
