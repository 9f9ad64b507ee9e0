"""What the environment says, what it may not say, and secrets that stay secret."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from quantdata.config import ENVIRONMENT, Config, Secret, checked_url, is_loopback
from quantdata.errors import ConfigError

KEY = "k3y-that-nobody-may-see"


# --- secrets --------------------------------------------------------------------------------------------------------


def test_a_secret_hides_in_every_text() -> None:
    secret = Secret(KEY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", "%s %r" % (secret, secret), repr([secret])]  # noqa: UP031
    assert all(KEY not in text for text in shown)
    assert repr(secret) == "Secret('…')"
    assert secret.reveal() == KEY


def test_a_secret_hides_in_a_config_and_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    config = Config.from_environment({"MASSIVE_API_KEY": KEY})
    logging.getLogger("test").warning("%s %r", config, config)
    assert KEY not in caplog.text
    assert KEY not in repr(config)


def test_a_secret_is_never_serialised() -> None:
    secret = Secret(KEY)
    for serialise in (pickle.dumps, json.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            serialise(secret)
    with pytest.raises(TypeError):
        asdict(Config(massive_api_key=secret))
    with pytest.raises(TypeError):
        hash(secret)
    with pytest.raises(TypeError):
        vars(secret)


def test_secrets_compare_with_secrets_only() -> None:
    assert Secret("k\udcff") == Secret("k\udcff")
    assert Secret(KEY) == Secret(KEY)
    assert Secret(KEY) != Secret("other")
    assert Secret(KEY) != KEY
    assert Secret("schlüssel") == Secret("schlüssel")


# --- the environment ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", [{}, dict.fromkeys(ENVIRONMENT, ""), dict.fromkeys(ENVIRONMENT, "  ")])
def test_empty_variables_count_as_absent(environment: dict[str, str]) -> None:
    assert Config.from_environment(environment) == Config()


def test_every_variable_is_read() -> None:
    config = Config.from_environment(
        {
            "MASSIVE_API_KEY": f" {KEY}\n",
            "MASSIVE_BASE_URL": "http://127.0.0.1:8000/",
            "MASSIVE_REQUESTS_PER_MINUTE": "5",
            "TRADIER_ACCESS_TOKEN": "token",
            "MASSIVE_WS_URL": "wss://delayed.massive.com",
            "TRADIER_BASE_URL": "https://sandbox.tradier.com/v1/",
            "TRADIER_STREAM_URL": "wss://example.com/events",
            "QUANTDATA_SOURCE": "SIM",
            "QUANTDATA_LAKE": "/data/lake",
            "QUANTDATA_PROGRESS": "0",
            "QUANTDATA_FAST": "1",
        }
    )
    assert config == Config(
        massive_api_key=Secret(KEY),
        massive_base_url="http://127.0.0.1:8000",
        massive_ws_url="wss://delayed.massive.com",
        massive_requests_per_minute=5.0,
        tradier_access_token=Secret("token"),
        tradier_base_url="https://sandbox.tradier.com/v1",
        tradier_stream_url="wss://example.com/events",
        source="sim",
        lake=Path("/data/lake"),
        progress=False,
        fast=True,
    )


@pytest.mark.parametrize(
    ("environment", "token"),
    [
        ({"TRADIER_TOKEN": KEY}, KEY),
        ({"TRADIER_TOKEN": KEY, "TRADIER_ACCESS_TOKEN": "newer"}, "newer"),
        ({"TRADIER_TOKEN": KEY, "TRADIER_ACCESS_TOKEN": "  "}, KEY),
    ],
)
def test_the_older_name_of_the_token_is_read_where_the_other_is_absent(environment: dict[str, str], token: str) -> None:
    config = Config.from_environment(environment)
    assert config.tradier_access_token == Secret(token)
    assert KEY not in repr(config)


@pytest.mark.parametrize(
    ("keys", "asked", "expected"),
    [
        ({"massive_api_key": Secret(KEY)}, None, "massive"),
        ({"tradier_access_token": Secret(KEY)}, None, "tradier"),
        ({"massive_api_key": Secret(KEY), "tradier_access_token": Secret(KEY)}, None, "hybrid"),
        ({"massive_api_key": Secret(KEY), "tradier_access_token": Secret(KEY)}, "massive", "massive"),
        ({"massive_api_key": Secret(KEY), "tradier_access_token": Secret(KEY)}, "tradier", "tradier"),
        ({"tradier_access_token": Secret(KEY), "source": "sim"}, None, "sim"),
    ],
)
def test_the_keys_decide_unless_somebody_does(keys: dict[str, Any], asked: str | None, expected: str) -> None:
    assert Config(**keys).resolve_source(asked) == expected


def test_tradier_needs_its_own_token_and_a_safe_host() -> None:
    with pytest.raises(ConfigError, match='source="tradier" needs TRADIER_ACCESS_TOKEN'):
        Config(massive_api_key=Secret(KEY)).resolve_source("tradier")
    exposed = Config(tradier_access_token=Secret(KEY), tradier_base_url="http://api.tradier.com/v1")
    with pytest.raises(ConfigError, match="TRADIER_BASE_URL: plain http is for this machine only"):
        exposed.resolve_source("tradier")


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTDATA_SOURCE", "sim")
    assert Config.from_environment().source == "sim"


@pytest.mark.parametrize("variable", ["MASSIVE_API_KEY", "TRADIER_ACCESS_TOKEN"])
@pytest.mark.parametrize("key", ["with space", "schlüssel", "tab\tinside", "line\nbreak", "nul\x00"])
def test_a_key_that_cannot_be_one_is_refused_unseen(variable: str, key: str) -> None:
    with pytest.raises(ConfigError, match=f"{variable} holds characters") as failure:
        Config.from_environment({variable: key})
    assert key not in str(failure.value)


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("Bearer k3y", "leave out the word Bearer"),
        ("BEARER k3y", "leave out the word Bearer"),
        ("k3 y", "copy it again"),
    ],
)
def test_what_is_wrong_with_a_key_is_said(key: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint) as failure:
        Config.from_environment({"TRADIER_ACCESS_TOKEN": key})
    assert key not in str(failure.value)


@pytest.mark.parametrize("text", ["five", "0", "-1", "nan", "inf", "1e7"])
def test_a_rate_is_a_positive_number(text: str) -> None:
    with pytest.raises(ConfigError, match="MASSIVE_REQUESTS_PER_MINUTE must be a number"):
        Config.from_environment({"MASSIVE_REQUESTS_PER_MINUTE": text})


@pytest.mark.parametrize(
    ("text", "said"), [("yahoo", 'must be "hybrid", "massive", "tradier" or "sim"'), ("both", "must be")]
)
def test_an_unknown_source_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"QUANTDATA_SOURCE.*{said}"):
        Config.from_environment({"QUANTDATA_SOURCE": text})


@pytest.mark.parametrize("text", ["yes", "true", "2", "on"])
def test_a_switch_is_one_or_zero(text: str) -> None:
    assert Config.from_environment({"QUANTDATA_FAST": "0"}) == Config()
    with pytest.raises(ConfigError, match=f"QUANTDATA_FAST must be 1 or 0, not '{text}'"):
        Config.from_environment({"QUANTDATA_FAST": text})


# --- URLs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.massive.com", "https://api.massive.com"),
        (" https://api.massive.com/base/ ", "https://api.massive.com/base"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("HTTPS://api.massive.com", "HTTPS://api.massive.com"),
    ],
)
def test_a_good_url_loses_its_last_slash_only(url: str, expected: str) -> None:
    assert checked_url(url, name="MASSIVE_BASE_URL") == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.massive.com",
        "ftp://api.massive.com",
        "https://",
        "https:///v3",
        "http://[::1",
        "https://api.massive.com:99999",
        "https://api.massive.com:port",
        f"https://user:{KEY}@api.massive.com",
        f"user:{KEY}@api.massive.com",
        f"https://api.massive.com?apiKey={KEY}",
        f"https://api.massive.com#{KEY}",
        f"ftp://{KEY}@api.massive.com",
        KEY,
        "https://api massive.com",
        "https://api..massive.com",
        "https://-massive.com",
        "https://mässive.com",
        "https://1.2.3",
        "https://[1::2::3]",
        f"https://{'a' * 64}.com",
        f"https://{'a.' * 127}com",
    ],
)
def test_what_is_no_base_url_is_refused_unseen(url: str) -> None:
    with pytest.raises(ConfigError, match="MASSIVE_BASE_URL must") as failure:
        checked_url(url, name="MASSIVE_BASE_URL")
    assert KEY not in str(failure.value)


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("MASSIVE_BASE_URL", "https://api.massive.com"),
        ("TRADIER_BASE_URL", "https://api.tradier.com/v1"),
        ("base_url", "https://api.example.com"),
    ],
)
def test_the_vendors_own_address_is_the_example(name: str, example: str) -> None:
    with pytest.raises(ConfigError) as failure:
        checked_url("nowhere", name=name)
    assert str(failure.value) == f"{name} must be a URL such as {example}"


@pytest.mark.parametrize("host", ["api.massive.com", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil.example"])
def test_a_key_never_travels_in_the_clear(host: str) -> None:
    with pytest.raises(ConfigError, match="plain http is for this machine only; use https://"):
        checked_url(f"http://{host}/v3", name="MASSIVE_BASE_URL")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("x", False)],  # noqa: S104
)
def test_loopback(host: str, *, expected: bool) -> None:
    assert is_loopback(host) is expected


# --- the source -----------------------------------------------------------------------------------------------------

WITH_KEY = Config(massive_api_key=Secret(KEY))


@pytest.mark.parametrize(
    ("config", "asked", "expected"),
    [
        (WITH_KEY, None, "massive"),
        (WITH_KEY, "sim", "sim"),
        (WITH_KEY, "Massive", "massive"),
        (Config(), "sim", "sim"),
        (Config(source="sim"), None, "sim"),
        (Config(massive_api_key=Secret(KEY), source="sim"), None, "sim"),
        (Config(massive_api_key=Secret(KEY), source="sim"), "massive", "massive"),
    ],
)
def test_source_is_what_was_asked_else_the_environments_else_what_the_keys_allow(
    config: Config, asked: str | None, expected: str
) -> None:
    assert config.resolve_source(asked) == expected


@pytest.mark.parametrize(
    ("config", "asked", "said"),
    [
        (Config(), None, 'set MASSIVE_API_KEY or TRADIER_ACCESS_TOKEN to your key, or use source="sim"'),
        (Config(), "massive", "needs MASSIVE_API_KEY"),
        (Config(source="massive"), None, "needs MASSIVE_API_KEY"),
        (WITH_KEY, "hybrid", 'source="hybrid" needs TRADIER_ACCESS_TOKEN; source="sim"'),
        (Config(source="hybrid"), None, 'source="hybrid" needs MASSIVE_API_KEY'),
        (WITH_KEY, "polygon", "source must be"),
        (WITH_KEY, "", "source must be"),
    ],
)
def test_without_a_usable_source_the_error_names_what_to_set(config: Config, asked: str | None, said: str) -> None:
    with pytest.raises(ConfigError) as failure:
        config.resolve_source(asked)
    assert said in str(failure.value)


# --- streams --------------------------------------------------------------------------------------------------------


def test_streams_are_at_the_vendors_unless_they_are_said_to_be_elsewhere() -> None:
    usual = Config.from_environment({})
    assert (usual.massive_ws_url, usual.tradier_stream_url) == (
        "wss://socket.massive.com",
        "wss://ws.tradier.com/v1/markets/events",
    )
    given = {
        "MASSIVE_WS_URL": "wss://delayed.massive.com/",
        "TRADIER_STREAM_URL": "wss://example.com/v1/markets/events",
    }
    config = Config.from_environment(given)
    assert config.massive_ws_url == "wss://delayed.massive.com"
    assert config.tradier_stream_url == "wss://example.com/v1/markets/events"


def test_a_simulator_streams_where_it_answers() -> None:
    bases = {"MASSIVE_BASE_URL": "http://127.0.0.1:8000", "TRADIER_BASE_URL": "http://127.0.0.1:8000/v1"}
    config = Config.from_environment(bases)
    assert config.massive_ws_url == "ws://127.0.0.1:8000"
    assert config.tradier_stream_url == "ws://127.0.0.1:8000/v1/markets/events"
    elsewhere = Config.from_environment({"MASSIVE_BASE_URL": "https://api.polygon.io"})
    assert elsewhere.massive_ws_url == "wss://socket.massive.com"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"MASSIVE_WS_URL": "https://socket.massive.com"}, "MASSIVE_WS_URL must be a URL such as wss://socket"),
        ({"MASSIVE_WS_URL": "ws://socket.massive.com"}, "plain ws is for this machine only; use wss://socket"),
        ({"TRADIER_STREAM_URL": "ws.tradier.com"}, "TRADIER_STREAM_URL must be a URL such as wss://ws.tradier"),
    ],
)
def test_addresses_of_streams_that_cannot_be_are_refused(given: dict[str, str], message: str) -> None:
    keys = {"MASSIVE_API_KEY": "k", "TRADIER_ACCESS_TOKEN": "t"}
    with pytest.raises(ConfigError, match=message):
        Config.from_environment({**keys, **given}).resolve_source()
