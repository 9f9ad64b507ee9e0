"""Whom requests and streams believe; what is said where they do not is tested behind a proxy: tests/contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quantdata.errors import ConfigError
from quantdata.wire.tls import trusted, why_untrusted

if TYPE_CHECKING:
    from pathlib import Path


def test_certifis_authorities_are_trusted_where_none_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    context = trusted()
    assert len(context.get_ca_certs()) > 50
    assert trusted() is context


def test_those_that_are_named_are_trusted_alone_from_then_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert trusted().get_ca_certs() == []


def test_a_file_without_certificates_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "bundle.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(ConfigError, match=f"SSL_CERT_FILE is {file}, which holds no certificates that can be read"):
        trusted()


def test_other_errors_are_none_of_certificates() -> None:
    assert why_untrusted(OSError("k3y")) is None
