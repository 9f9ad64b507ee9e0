"""Which proxy the environment names for a host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from quantdata.config import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["proxy_to"]

# Of a WebSocket few name one of its own.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "http": ("http", "all"),
    "https": ("https", "all"),
    "ws": ("ws", "https", "http", "all"),
    "wss": ("wss", "https", "all"),
}


def proxy_to(url: str) -> str | None:
    """Return the environment's proxy for the host of a URL; a simulator on this machine has none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = next((proxies[name] for name in _NAMES[parts.scheme] if proxies.get(name)), None)
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"
