"""Keys, hosts and limits, read once from the environment; nothing here ever shows a secret."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NoReturn, get_args
from urllib.parse import SplitResult, urlsplit

from quantdata.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENVIRONMENT", "Config", "Secret", "Source", "checked_secret", "checked_url", "is_loopback"]

Source = Literal["hybrid", "massive", "tradier", "sim"]

SOURCES: Final[tuple[Source, ...]] = get_args(Source)

MASSIVE_BASE_URL: Final = "https://api.massive.com"
TRADIER_BASE_URL: Final = "https://api.tradier.com/v1"
MASSIVE_WS_URL: Final = "wss://socket.massive.com"
TRADIER_STREAM_URL: Final = "wss://ws.tradier.com/v1/markets/events"
# The path of Tradier's stream, also at a simulator.
TRADIER_STREAM_PATH: Final = "/v1/markets/events"
EXAMPLES: Final = {
    "MASSIVE_BASE_URL": MASSIVE_BASE_URL,
    "MASSIVE_WS_URL": MASSIVE_WS_URL,
    "TRADIER_BASE_URL": TRADIER_BASE_URL,
    "TRADIER_STREAM_URL": TRADIER_STREAM_URL,
}

ENVIRONMENT: Final[Mapping[str, str]] = {
    "MASSIVE_API_KEY": "key of your Massive.com account",
    "MASSIVE_BASE_URL": "REST host of Massive (default https://api.massive.com)",
    "MASSIVE_WS_URL": "host of Massive's streams, without the market's path (default wss://socket.massive.com)",
    "MASSIVE_REQUESTS_PER_MINUTE": "what your plan allows, when that is little (the free plan: 5)",
    "TRADIER_ACCESS_TOKEN": "access token of your Tradier account (TRADIER_TOKEN is read too)",
    "TRADIER_BASE_URL": "REST base of Tradier (default https://api.tradier.com/v1; https://sandbox.tradier.com/v1)",
    "TRADIER_STREAM_URL": "address of Tradier's stream (default wss://ws.tradier.com/v1/markets/events)",
    "QUANTDATA_SOURCE": "source of the default client: hybrid, massive, tradier or sim",
    "QUANTDATA_LAKE": "folder of a lake of Parquet files, in which clients keep bars; without it they keep none",
    "QUANTDATA_PROGRESS": "0 shows no progress bars; left out, they are shown on a terminal",
    "QUANTDATA_FAST": "1 compiles American pricing and the reading of streams, in the background; needs numba",
}

# Another name that a variable is found under.
ALIASES: Final[Mapping[str, str]] = {"TRADIER_ACCESS_TOKEN": "TRADIER_TOKEN"}

LONGEST_HOST: Final = 253
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
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

    def digest(self) -> bytes:
        """Return what tells keys apart and shows none: for memory that outlives its client."""
        return hashlib.sha256(self._value.encode(errors="surrogatepass")).digest()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.digest(), other.digest())

    __hash__ = None  # type: ignore[assignment]  # never a part of a cache key

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled: let each process read its own environment")


def checked_url(url: str, *, name: str, scheme: Literal["http", "ws"] = "http") -> str:
    """Return a base URL without its trailing slash.

    Raises
    ------
    ConfigError
        If it is no URL of the scheme (``http`` and ``https``, or ``ws`` and ``wss``), carries a user name, query or
        fragment, or is not encrypted and of a host other than this machine: a key must not travel in the clear.
    """
    # The text itself is not shown: it may hold a password, or a key that was meant for another variable.
    parts = _split(url.strip())
    if parts.scheme not in {scheme, f"{scheme}s"} or not _is_host(parts.hostname or ""):
        example = EXAMPLES.get(name, "https://api.example.com")
        raise ConfigError(f"{name} must be a URL such as {example}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(f"{name} must hold host and path only: no user name, query or fragment")
    if parts.scheme == scheme and not is_loopback(parts.hostname or ""):
        raise ConfigError(
            f"{name}: plain {scheme} is for this machine only; use {scheme}s://{parts.netloc}{parts.path}"
        )
    return url.strip().rstrip("/")


def _split(url: str) -> SplitResult:
    """Return the parts of a URL; empty ones of what is none, an impossible port included."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def _is_host(name: str) -> bool:
    """Tell whether a text can be a host: an address, or labels of 1 to 63 letters, digits and dashes."""
    labels = name.rstrip(".").split(".")
    if ":" in name or all(label.isdecimal() for label in labels):
        try:
            return bool(ip_address(name))
        except ValueError:
            return False
    return len(name) <= LONGEST_HOST and all(_LABEL.fullmatch(label) for label in labels)


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
    tradier_access_token
        Token of the Tradier account, or None.
    tradier_base_url
        REST base of Tradier, without a trailing slash.
    massive_ws_url, tradier_stream_url
        Where the vendors stream; with a REST base on this machine, at a simulator, the same host.
    source
        Source of the default client, or None to let the keys decide.
    lake
        Folder of the lake in which clients keep bars; None to keep none.
    progress
        Whether progress bars are shown, on a terminal.
    fast
        Whether American options are priced by compiled loops.
    """

    massive_api_key: Secret | None = None
    massive_base_url: str = MASSIVE_BASE_URL
    massive_requests_per_minute: float | None = None
    tradier_access_token: Secret | None = None
    tradier_base_url: str = TRADIER_BASE_URL
    massive_ws_url: str = MASSIVE_WS_URL
    tradier_stream_url: str = TRADIER_STREAM_URL
    source: Source | None = None
    lake: Path | None = None
    progress: bool = True
    fast: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Config:
        """Read the variables of `ENVIRONMENT`.

        Raises
        ------
        ConfigError
            If a variable holds what it cannot hold; the message names the variable, never a key.
        """
        variables = os.environ if environment is None else environment
        given = {name: text for name in ENVIRONMENT if (text := _given(variables, name))}
        massive_base, tradier_base = (
            given.get(name, EXAMPLES[name]).rstrip("/") for name in ("MASSIVE_BASE_URL", "TRADIER_BASE_URL")
        )
        rate = given.get("MASSIVE_REQUESTS_PER_MINUTE")
        source = given.get("QUANTDATA_SOURCE")
        return cls(
            massive_api_key=_secret(given, "MASSIVE_API_KEY"),
            massive_base_url=massive_base,
            massive_ws_url=given.get("MASSIVE_WS_URL", _stream_at(massive_base) or MASSIVE_WS_URL).rstrip("/"),
            massive_requests_per_minute=_checked_rate(rate) if rate else None,
            tradier_access_token=_secret(given, "TRADIER_ACCESS_TOKEN"),
            tradier_base_url=tradier_base,
            tradier_stream_url=given.get(
                "TRADIER_STREAM_URL", _stream_at(tradier_base, TRADIER_STREAM_PATH) or TRADIER_STREAM_URL
            ).rstrip("/"),
            source=checked_source(source, name="QUANTDATA_SOURCE") if source else None,
            lake=Path(given["QUANTDATA_LAKE"]).expanduser() if "QUANTDATA_LAKE" in given else None,
            progress=_checked_switch(given.get("QUANTDATA_PROGRESS", "1"), name="QUANTDATA_PROGRESS"),
            fast=_checked_switch(given.get("QUANTDATA_FAST", "0"), name="QUANTDATA_FAST"),
        )

    def resolve_source(self, asked: str | None = None) -> Source:
        """Decide the source of a client: what was asked, else ``QUANTDATA_SOURCE``, else what the keys allow.

        Raises
        ------
        ConfigError
            If nothing decides it, or the source lacks its key; the message names the variables to set.
        """
        source = checked_source(asked, name="source") if asked is not None else self.source
        source = source or self._source_of_keys()
        if source is None:
            raise ConfigError(
                "no data source: set MASSIVE_API_KEY or TRADIER_ACCESS_TOKEN to your key, "
                'or use source="sim" (QUANTDATA_SOURCE=sim) for the local simulated market, which needs none'
            )
        if source == "sim":
            return source
        for vendor in ("massive", "tradier") if source == "hybrid" else (source,):
            self._check_vendor(vendor, source)
        return source

    def _source_of_keys(self) -> Source | None:
        """Return the source that the keys allow: both vendors where both have one."""
        if self.massive_api_key is not None and self.tradier_access_token is not None:
            return "hybrid"
        if self.massive_api_key is not None:
            return "massive"
        return "tradier" if self.tradier_access_token is not None else None

    def _check_vendor(self, vendor: str, source: Source) -> None:
        """Raise unless a vendor that a source needs has a host that can be used, and a key."""
        base_url = {"massive": self.massive_base_url, "tradier": self.tradier_base_url}[vendor]
        checked_url(base_url, name=f"{vendor.upper()}_BASE_URL")
        if vendor == "massive":
            checked_url(self.massive_ws_url, name="MASSIVE_WS_URL", scheme="ws")
        else:
            checked_url(self.tradier_stream_url, name="TRADIER_STREAM_URL", scheme="ws")
        key = {"massive": self.massive_api_key, "tradier": self.tradier_access_token}[vendor]
        if key is None:
            variable = {"massive": "MASSIVE_API_KEY", "tradier": "TRADIER_ACCESS_TOKEN"}[vendor]
            raise ConfigError(
                f'source="{source}" needs {variable}; source="sim" is the local simulated market, which needs no key'
            )


def _stream_at(base_url: str, path: str = "") -> str | None:
    """Return where a simulator streams that answers at a REST base on this machine; None of any other base."""
    parts = _split(base_url)
    return f"ws://{parts.netloc}{path}" if is_loopback(parts.hostname or "") else None


def _given(variables: Mapping[str, str], name: str) -> str:
    """Return the text of a variable, or of its alias; empty when there is none."""
    names = (name, ALIASES[name]) if name in ALIASES else (name,)
    return next((text for each in names if (text := variables.get(each, "").strip())), "")


def checked_secret(secret: Secret, *, name: str) -> Secret:
    """Return a key that can stand in a header; ConfigError, which does not show it, for any other."""
    key = secret.reveal()
    if key.isascii() and key.isprintable() and " " not in key:
        return secret
    hint = "leave out the word Bearer" if key.lower().startswith("bearer ") else "copy it again from your dashboard"
    raise ConfigError(f"{name} holds characters that no key has; {hint}")


def _secret(given: Mapping[str, str], name: str) -> Secret | None:
    key = given.get(name)
    return None if key is None else checked_secret(Secret(key), name=name)


def checked_source(source: str, *, name: str) -> Source:
    """Return a source that can be used, in lower case."""
    if not isinstance(source, str):
        raise ConfigError(f"{name} must be text, not {source!r}")
    lowered = source.lower()
    if lowered in SOURCES:
        return lowered
    *others, last = (f'"{each}"' for each in SOURCES)
    raise ConfigError(f"{name} must be {', '.join(others)} or {last}, not {source!r}")


def _checked_rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0.1 <= rate < 1e6:  # noqa: PLR2004  # also refuses nan
        raise ConfigError(f"MASSIVE_REQUESTS_PER_MINUTE must be a number of requests such as 5, not {text!r}")
    return rate


def _checked_switch(text: str, *, name: str) -> bool:
    if text not in {"0", "1"}:
        raise ConfigError(f"{name} must be 1 or 0, not {text!r}")
    return text == "1"
