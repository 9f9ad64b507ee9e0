from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim.tradier.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]

CHAIN = "options/chains"
EXPIRATIONS = "options/expirations"


def symbols(ask: Ask, **query: Any) -> list[str]:
    return [row["symbol"] for row in ask(CHAIN, **query)["options"]["option"]]


def test_a_chain_has_every_contract_of_one_expiration_by_strike_with_put_or_call_first(ask: Ask) -> None:
    assert symbols(ask, symbol="SPY", expiration="2026-12-18") == [
        "SPY1261218C00400000",
        "SPY261218C00600000",
        "SPY261218P00600000",
        "SPY261218P00602500",
        "SPY261218C00602500",
    ]


def test_roots_come_together_or_alone(ask: Ask) -> None:
    rows = ask(CHAIN, symbol="SPX", expiration="2026-12-18")["options"]["option"]
    assert [(row["root_symbol"], row["underlying"], row["expiration_type"]) for row in rows] == [
        ("SPX", "SPX", "standard"),
        ("SPXW", "SPX", "weeklys"),
    ]
    assert ask(CHAIN, symbol="spxw", expiration="2026-12-18")["options"]["option"]["root_symbol"] == "SPXW"


def test_greeks_come_when_asked_for(ask: Ask) -> None:
    with_greeks = ask(CHAIN, symbol="SPX", expiration="2026-12-18", greeks="true")["options"]["option"]
    assert [row["greeks"] and row["greeks"]["updated_at"] for row in with_greeks] == ["2026-11-18 16:58:47", None]
    without = ask(CHAIN, symbol="SPX", expiration="2026-12-18")["options"]["option"]
    assert [row["greeks"] for row in without] == [None, None]


@pytest.mark.parametrize(
    ("symbol", "expiration"),
    [("NOPE", "2026-12-18"), ("SPY", "2026-12-17"), ("SPY", "soon"), ("AAPL", "2026-12-18"), ("BRK.B", "2026-12-18")],
)
def test_what_is_not_listed_is_null(ask: Ask, symbol: str, expiration: str) -> None:
    assert ask(CHAIN, symbol=symbol, expiration=expiration) == {"options": None}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"symbol": "SPY"}, "Missing required parameter: expiration."),
        ({"expiration": "2026-12-18"}, "Missing required parameter: symbol."),
        (
            {"symbol": "SPY", "expiration": "2026-12-18,2027-01-15"},
            "Invalid parameter, expiration: must be one date.",
        ),
    ],
)
def test_exactly_one_expiration_is_needed(ask: Ask, query: dict[str, str], text: str) -> None:
    with pytest.raises(Refusal) as caught:
        ask(CHAIN, **query)
    assert (caught.value.status, caught.value.body.decode()) == (400, text)


def test_expirations_are_dates_of_the_standard_root(ask: Ask) -> None:
    assert ask(EXPIRATIONS, symbol="SPY") == {"expirations": {"date": ["2026-12-18", "2027-01-15"]}}
    assert ask(EXPIRATIONS, symbol="SPX") == {"expirations": {"date": "2026-12-18"}}
    assert ask(EXPIRATIONS, symbol="SPY1") == {"expirations": {"date": "2026-12-18"}}
    assert ask(EXPIRATIONS, symbol="NOPE") == {"expirations": None}


def test_asked_for_more_they_are_objects(ask: Ask) -> None:
    assert ask(EXPIRATIONS, symbol="SPY", strikes="true") == {
        "expirations": {
            "expiration": [
                {"date": "2026-12-18", "strikes": {"strike": [600.0, 602.5]}},
                {"date": "2027-01-15", "strikes": {"strike": 600.0}},
            ]
        }
    }
    found = ask(EXPIRATIONS, symbol="SPY", contractSize="true", expirationType="true")
    assert found["expirations"]["expiration"][0] == {
        "date": "2026-12-18",
        "contract_size": 100,
        "expiration_type": "standard",
    }


def test_with_all_roots_a_date_repeats_where_they_differ(ask: Ask) -> None:
    query = {"symbol": "SPY", "includeAllRoots": "True"}
    assert ask(EXPIRATIONS, **query) == {"expirations": {"date": ["2026-12-18", "2027-01-15"]}}
    found = ask(EXPIRATIONS, **query, contractSize="true")["expirations"]["expiration"]
    assert [(each["date"], each["contract_size"]) for each in found] == [
        ("2026-12-18", 100),
        ("2026-12-18", 150),
        ("2027-01-15", 100),
    ]
    merged = ask(EXPIRATIONS, **query, strikes="true")["expirations"]["expiration"]
    assert merged[0]["strikes"] == {"strike": [400.0, 600.0, 602.5]}


def test_strikes_are_those_of_one_expiration(ask: Ask) -> None:
    strikes = "options/strikes"
    assert ask(strikes, symbol="SPY", expiration="2026-12-18") == {"strikes": {"strike": [600.0, 602.5]}}
    assert ask(strikes, symbol="SPY", expiration="2026-12-18", includeAllRoots="true")["strikes"]["strike"][0] == 400.0
    assert ask(strikes, symbol="SPY", expiration="2027-01-15") == {"strikes": {"strike": 600.0}}
    assert ask(strikes, symbol="SPY", expiration="2027-01-16") == {"strikes": None}
    assert ask(strikes, symbol="NOPE", expiration="2026-12-18") == {"strikes": None}


def test_option_symbols_are_listed_root_by_root(ask: Ask) -> None:
    lookup = "options/lookup"
    assert ask(lookup, underlying="SPX") == {
        "symbols": [
            {"rootSymbol": "SPX", "options": ["SPX261218C06000000"]},
            {"rootSymbol": "SPXW", "options": ["SPXW261218C06000000"]},
        ]
    }
    assert [each["rootSymbol"] for each in ask(lookup, underlying="SPY1")["symbols"]] == ["SPY1"]
    assert ask(lookup, underlying="SPY7") == ask(lookup, underlying="NOPE") == {"symbols": None}
