"""Which proxy the environment names for a host, and what is said of one that does not let through."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from aiohttp import ClientHttpProxyError, ClientProxyConnectionError

from quantdata.config import is_loopback
from quantdata.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Proxy", "proxy_to", "why_kept_out"]

# Of a WebSocket few name one of its own.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "http": ("http", "all"),
    "https": ("https", "all"),
    "ws": ("ws", "https", "http", "all"),
    "wss": ("wss", "https", "all"),
}
_SCHEMES: Final = ("http", "https")
_WHO_ARE_YOU: Final = 407
_CHECK: Final = "check HTTPS_PROXY or ALL_PROXY, whichever is set"


class Proxy(NamedTuple):
    """A proxy.

    Attributes
    ----------
    url
        Scheme, host and port.
    headers
        Name and password, for it alone; the one place where they are.
    """

    url: str
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Proxy({self.url!r})"


def proxy_to(url: str) -> Proxy | None:
    """Return the environment's proxy for the host of a URL; a simulator on this machine has none.

    Raises
    ------
    ConfigError
        If what the environment names cannot be one.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    named = next((proxies[name] for name in _NAMES[parts.scheme] if proxies.get(name)), None)
    return None if named is None else _read(named, host)


def _read(named: str, host: str) -> Proxy:
    parts: SplitResult | None = None
    with suppress(ValueError):
        parts = urlsplit(named if "://" in named else f"http://{named}")
        _ = parts.port
        if parts.scheme in _SCHEMES and parts.hostname:
            address = parts.netloc.rpartition("@")[2]
            return Proxy(f"{parts.scheme}://{address}", _credentials(parts))
    # Neither the text nor what is wrong with it is shown: it may hold a password.
    raise ConfigError(
        f"the proxy that the environment names for {host} cannot be used: it must be an HTTP proxy's URL such as "
        "http://name:password@proxy.example.com:8080, with special characters in name and password percent-encoded"
    )


def _credentials(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    said = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(said.encode()).decode()}"}


def why_kept_out(error: BaseException) -> str | None:
    """Return why a proxy did not let through and what to do; None of any other error."""
    if isinstance(error, ClientHttpProxyError):
        if error.status == _WHO_ARE_YOU:
            return f"the proxy wants a name and a password, or others (HTTP 407); {_CHECK}"
        return f"the proxy answered HTTP {error.status}; {_CHECK}, and whether it may connect to this host"
    if isinstance(error, ClientProxyConnectionError):
        return f"the proxy cannot be reached ({error.os_error.strerror or 'no reason given'}); {_CHECK}"
    return None
