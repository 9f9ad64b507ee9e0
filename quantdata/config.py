"""Keys, hosts and limits, read once from the environment; nothing here ever shows a secret."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Literal, NoReturn, cast, get_args
from urllib.parse import SplitResult, urlsplit

from quantdata.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENVIRONMENT", "Config", "Secret", "Source", "checked_url", "is_loopback"]

Source = Literal["hybrid", "massive", "tradier", "sim"]

# The sources that a client can be built on today; `Source` names what the environment may ask for.
AVAILABLE_SOURCES: Final = ("massive", "sim")

MASSIVE_BASE_URL: Final = "https://api.massive.com"

ENVIRONMENT: Final[Mapping[str, str]] = {
    "MASSIVE_API_KEY": "key of your Massive.com account",
    "MASSIVE_BASE_URL": "REST host of Massive (default https://api.massive.com)",
    "MASSIVE_REQUESTS_PER_MINUTE": "what your plan allows, when that is little (the free plan: 5)",
    "QUANTDATA_SOURCE": "source of the default client: massive or sim",
}

_LOOPBACK_NAMES: Final = frozenset({"localhost"})


class Secret:
    """A key or token that hides itself in every form except `reveal`.

    It has no usable text, representation, format, pickle or JSON; two secrets compare in constant time.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself, to be put into one request header and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('…')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]  # never a part of a cache key

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled: let each process read its own environment")


def checked_url(url: str, *, name: str) -> str:
    """Return a base URL without its trailing slash.

    Raises
    ------
    ConfigError
        If it is no http(s) URL, carries a user name, query or fragment, or is plain http to a host other than this
        machine: a key must not travel in the clear.
    """
    # The text itself is not shown: it may hold a password, or a key that was meant for another variable.
    parts = _split(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(f"{name} must be a URL such as https://api.massive.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(f"{name} must hold host and path only: no user name, query or fragment")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ConfigError(f"{name}: plain http is for this machine only; use https://{parts.netloc}{parts.path}")
    return url.strip().rstrip("/")


def _split(url: str) -> SplitResult:
    """Return the parts of a URL; empty ones of what is none, an impossible port included."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine itself."""
    if host in _LOOPBACK_NAMES:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the environment says; empty variables count as absent.

    Attributes
    ----------
    massive_api_key
        Key of the Massive account, or None.
    massive_base_url
        REST base of Massive, without a trailing slash.
    massive_requests_per_minute
        What the plan allows, or None for a paid plan's rate.
    source
        Source of the default client, or None to let the keys decide.
    """

    massive_api_key: Secret | None = None
    massive_base_url: str = MASSIVE_BASE_URL
    massive_requests_per_minute: float | None = None
    source: Source | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Config:
        """Read the variables of `ENVIRONMENT`.

        Raises
        ------
        ConfigError
            If a variable holds what it cannot hold; the message names the variable, never a key.
        """
        variables = os.environ if environment is None else environment
        given = {name: text for name in ENVIRONMENT if (text := variables.get(name, "").strip())}
        key = given.get("MASSIVE_API_KEY")
        if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
            raise ConfigError("MASSIVE_API_KEY holds characters that no key has; copy it again from your dashboard")
        rate = given.get("MASSIVE_REQUESTS_PER_MINUTE")
        source = given.get("QUANTDATA_SOURCE")
        return cls(
            massive_api_key=Secret(key) if key else None,
            massive_base_url=given.get("MASSIVE_BASE_URL", MASSIVE_BASE_URL).rstrip("/"),
            massive_requests_per_minute=_checked_rate(rate) if rate else None,
            source=checked_source(source, name="QUANTDATA_SOURCE") if source else None,
        )

    def resolve_source(self, asked: str | None = None) -> Source:
        """Decide the source of a client: what was asked, else ``QUANTDATA_SOURCE``, else what the keys allow.

        Raises
        ------
        ConfigError
            If nothing decides it, or the source lacks its key; the message names the variables to set.
        """
        source = checked_source(asked, name="source") if asked is not None else self.source
        if source is None:
            if self.massive_api_key is None:
                raise ConfigError(
                    "no data source: set MASSIVE_API_KEY to your key, "
                    'or use source="sim" (QUANTDATA_SOURCE=sim) for the local simulated market, which needs none'
                )
            source = "massive"
        if source == "massive":
            checked_url(self.massive_base_url, name="MASSIVE_BASE_URL")
        if source == "massive" and self.massive_api_key is None:
            raise ConfigError(
                'source="massive" needs MASSIVE_API_KEY; source="sim" is the local simulated market, which needs no key'
            )
        return source


def checked_source(source: str, *, name: str) -> Source:
    """Return a source that can be used, in lower case."""
    if not isinstance(source, str):
        raise ConfigError(f"{name} must be text, not {source!r}")
    lowered = source.lower()
    if lowered in AVAILABLE_SOURCES:
        return cast("Source", lowered)
    allowed = " or ".join(f'"{each}"' for each in AVAILABLE_SOURCES)
    if lowered in get_args(Source):
        raise ConfigError(f"{name}={source!r} is not available in this version: use {allowed}")
    raise ConfigError(f"{name} must be {allowed}, not {source!r}")


def _checked_rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0.1 <= rate < 1e6:  # noqa: PLR2004  # also refuses nan
        raise ConfigError(f"MASSIVE_REQUESTS_PER_MINUTE must be a number of requests such as 5, not {text!r}")
    return rate
