"""Which certificates are believed, and what is said of one that is not."""

from __future__ import annotations

import os
import ssl
from functools import cache
from typing import Final

import httpx
from aiohttp import ClientConnectorCertificateError

from quantdata.errors import ConfigError

__all__ = ["trusted", "why_untrusted"]

# OpenSSL's numbers: the certificate is of another name, or of another address.
_OF_ANOTHER: Final = frozenset({62, 64})
_EXPIRED: Final = 10


def trusted() -> ssl.SSLContext:
    """Return what requests and streams alike believe certificates by.

    ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` where one of them is set; else certifi's authorities and this machine's own.

    Raises
    ------
    ConfigError
        If the variable names no file of certificates.
    """
    return _context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _context(file: str | None, folder: str | None) -> ssl.SSLContext:
    try:
        context = httpx.create_ssl_context()  # it reads the variables itself
    except OSError as error:
        raise ConfigError(
            f"SSL_CERT_FILE is {file}, which holds no certificates that can be read ({error.strerror or error}): "
            "name a PEM file, or unset it"
        ) from None
    if not file and not folder:
        context.load_default_certs()
    return context


def why_untrusted(error: BaseException) -> str | None:
    """Return why a host's certificate is not believed and what to do; None of any other error."""
    if isinstance(error, ClientConnectorCertificateError):
        error = error.certificate_error  # aiohttp's own is of the other's kind, too, but knows nothing
    if not isinstance(error, ssl.SSLCertVerificationError):
        return None
    said = error.verify_message.rstrip(".")
    if error.verify_code in _OF_ANOTHER:
        return f"the certificate is another host's ({said}); check the address, and who answers at it"
    if error.verify_code == _EXPIRED:
        return f"the host's certificate is out of date ({said}); check this machine's clock"
    return (
        f"the host's certificate is not trusted ({said}); where a proxy reads what passes, as in many companies, set "
        "SSL_CERT_FILE to a file with its authority's certificate"
    )
