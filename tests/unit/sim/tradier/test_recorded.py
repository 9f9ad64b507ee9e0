"""What the simulator writes has the keys of what was recorded, in the same order, and values of the same kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Ask = Callable[..., Any]


@pytest.fixture
def recorded(fixtures_dir: Path) -> Callable[[str], Any]:
    return lambda name: msgspec.json.decode((fixtures_dir / "tradier" / f"{name}.json").read_bytes())


def kinds(row: dict[str, Any]) -> dict[str, Any]:
    return {key: kinds(value) if isinstance(value, dict) else type(value) for key, value in row.items()}


def test_quotes_of_a_fund_and_an_option(ask: Ask, recorded: Callable[[str], Any]) -> None:
    for theirs, own in zip(
        recorded("recorded/quotes_SPY_and_option_greeks")["quotes"]["quote"],
        ask("quotes", symbols="SPY,SPY261218C00600000", greeks="true")["quotes"]["quote"],
        strict=True,
    ):
        assert list(own) == list(theirs)
        assert kinds(own) == kinds(theirs)
        assert list(own.get("greeks", {})) == list(theirs.get("greeks", {}))


def test_an_option_that_never_traded(ask: Ask, recorded: Callable[[str], Any]) -> None:
    theirs = recorded("client/chain_TLT_2025-10-10_degenerate_greeks_SUBSET")["options"]["option"][0]
    own = ask("options/chains", symbol="SPY", expiration="2026-12-18", greeks="true")["options"]["option"][2]
    assert own["trade_date"] == theirs["trade_date"] == 0
    assert list(own) == list(theirs)
    assert kinds(own) == kinds(theirs)


def test_bars(ask: Ask, recorded: Callable[[str], Any]) -> None:
    theirs = recorded("recorded/history_AAPL_daily_2024-02")["history"]["day"][0]
    own = ask("history", symbol="SPY", start="2026-11-17")["history"]["day"][0]
    assert list(own) == list(theirs)
    assert kinds(own) == kinds(theirs)


def test_intraday_bars(ask: Ask, recorded: Callable[[str], Any]) -> None:
    theirs = recorded("recorded/timesales_WY_15min")["series"]["data"][0]
    own = ask("timesales", symbol="SPY", interval="15min")["series"]["data"][0]
    assert list(own) == list(theirs)
    assert kinds(own) == kinds(theirs)


def test_expirations_with_all_there_is(ask: Ask, recorded: Callable[[str], Any]) -> None:
    theirs = recorded("client/expirations_full_objects")["expirations"]["expiration"][0]
    flags = {"strikes": "true", "contractSize": "true", "expirationType": "true"}
    own = ask("options/expirations", symbol="SPY", **flags)["expirations"]["expiration"][0]
    assert list(own) == list(theirs)
    assert kinds(own) == kinds(theirs)


def test_securities(ask: Ask, recorded: Callable[[str], Any]) -> None:
    theirs = recorded("client/search_goog")["securities"]["security"][0]
    assert list(ask("etb")["securities"]["security"][0]) == list(theirs)
