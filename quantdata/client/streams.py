"""From a source to the streams that it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

from quantdata.config import Secret
from quantdata.wire.massive.stream import MassiveDialect
from quantdata.wire.tradier.rest import TradierRest
from quantdata.wire.tradier.stream import TradierDialect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quantdata.wire.dialect import Dialect
    from quantdata.wire.massive.stream import MassiveAsset
    from quantdata.wire.metrics import Metrics

__all__ = ["StreamSource", "massive_streams", "tradier_streams"]

MASSIVE_ASSETS: Final = ("options", "stocks", "indices")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSource:
    """The streams of one account at one vendor.

    Attributes
    ----------
    vendor
        ``"massive"`` or ``"tradier"``.
    assets
        One connection each: ``"options"``, ``"stocks"``, ``"indices"``, or ``"all"`` in one.
    account
        What tells accounts apart; for the lock that lets one hub of a machine connect, and never shown.
    feed
        How fresh the streams are by plan.
    dialect
        Returns the vendor's side of a session, for one of the assets.
    close
        Closes what the dialects need beside their socket.
    """

    vendor: str
    assets: tuple[str, ...]
    account: Secret
    feed: str
    dialect: Callable[[str], Dialect]
    close: Callable[[], Awaitable[None]]


def massive_streams(api_key: Secret, *, url: str) -> StreamSource:
    """Return the three sockets of Massive at a base address such as ``wss://socket.massive.com``."""

    def dialect(asset: str) -> Dialect:
        return MassiveDialect(api_key, asset=cast("MassiveAsset", asset), base_url=url)

    async def close() -> None:
        """Do nothing: a socket is all there is."""

    # Delayed hosts are called so: reference/massive.md §9.
    is_delayed = "delayed" in (urlsplit(url).hostname or "")
    return StreamSource(
        vendor="massive",
        assets=MASSIVE_ASSETS,
        account=_account(api_key, url),
        feed="delayed" if is_delayed else "realtime",
        dialect=dialect,
        close=close,
    )


def tradier_streams(access_token: Secret, *, url: str, rest_url: str, metrics: Metrics) -> StreamSource:
    """Return the one socket of Tradier, the sessions of which its REST host makes."""
    rest = TradierRest(access_token, base_url=rest_url, metrics=metrics)
    return StreamSource(
        vendor="tradier",
        assets=("all",),
        account=_account(access_token, url),
        feed="realtime",
        dialect=lambda _: TradierDialect(rest.stream_session, url=url),
        close=rest.close,
    )


def _account(key: Secret, url: str) -> Secret:
    return Secret(f"{key.reveal()}@{url}")
