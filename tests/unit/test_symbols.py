"""Symbols: every spelling in and out, what is refused, and the root table."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import pytest

from quantdata import symbols
from quantdata.errors import ArgumentError, SymbolError
from quantdata.symbols import OptionSymbol, parse_option

if TYPE_CHECKING:
    from collections.abc import Callable

SPY_CALL = OptionSymbol("SPY", date(2025, 12, 19), "call", 450.0)


# --- options --------------------------------------------------------------------------------------------------------


def test_a_contract_has_one_spelling_per_vendor() -> None:
    assert SPY_CALL.occ == "SPY251219C00450000"
    assert SPY_CALL.padded == "SPY   251219C00450000"
    assert SPY_CALL.massive == "O:SPY251219C00450000"
    assert SPY_CALL.tradier == "SPY251219C00450000"
    assert str(SPY_CALL) == SPY_CALL.occ


@pytest.mark.parametrize(
    "text",
    [
        "SPY251219C00450000",
        "O:SPY251219C00450000",
        "SPY   251219C00450000",
        "spy251219c00450000",
        "o:spy251219c00450000",
        "  SPY251219C00450000\n",
    ],
)
def test_every_spelling_reads_as_the_same_contract(text: str) -> None:
    assert parse_option(text) == SPY_CALL
    assert symbols.is_option_symbol(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("O:SPY250314C00587500", OptionSymbol("SPY", date(2025, 3, 14), "call", 587.5)),
        ("SPXW251231P10000000", OptionSymbol("SPXW", date(2025, 12, 31), "put", 10_000.0)),
        ("F280121C00000500", OptionSymbol("F", date(2028, 1, 21), "call", 0.5)),
        ("AAPL7140118C00500000", OptionSymbol("AAPL7", date(2014, 1, 18), "call", 500.0)),
        ("GOOGL1240229P00000001", OptionSymbol("GOOGL1", date(2024, 2, 29), "put", 0.001)),
        ("ABCDEF990101P99999999", OptionSymbol("ABCDEF", date(2099, 1, 1), "put", 99_999.999)),
    ],
)
def test_parts_of_a_symbol(text: str, expected: OptionSymbol) -> None:
    assert parse_option(text) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not an option symbol"),
        ("SPY", "not an option symbol"),
        ("SPY251219X00450000", "C or P"),
        ("SPY251219C0045000", "eight digits"),
        ("SPY251219C004500000", "C or P"),
        ("SPY251319C00450000", "251319 is not a date"),
        ("SPY250229C00450000", "250229 is not a date"),
        ("SPY251219C00000000", "strike is zero"),
        ("251219C00450000", "no root"),
        ("O:251219C00450000", "no root"),
        ("ABCDEFG251219C00450000", "more than six"),
        ("ABCDEF1251219C00450000", "more than six"),
        ("SPY0251219C00450000", "not an option root"),
        ("SPY11251219C00450000", "not an option root"),
        ("1SPY251219C00450000", "not an option root"),
        ("SPY 251219C00450000", "not an option root"),
        ("SP Y  251219C00450000", "not an option root"),
        ("BRK.B251219C00450000", "without dots"),
        ("BRK/B251219C00450000", "without dots"),
        ("../251219C00450000", "not an option root"),
        ("A?x=1&251219C00450000", "not an option root"),
        ("I:SPX251219C00450000", "not an option root"),
        ("O:O:SPY251219C00450000", "not an option root"),
        ("SPY\n251219C00450000", "not an option root"),
        ("SPY\x00251219C00450000", "not an option root"),
        ("SPY\uff1251219C00450000", "outside ASCII"),
        ("\u0131BM251219C00450000", "outside ASCII"),
        ("\u00a0SPY251219C00450000", "outside ASCII"),
    ],
)
def test_what_is_not_a_symbol_is_refused_with_the_reason(text: str, complaint: str) -> None:
    with pytest.raises(SymbolError, match=complaint):
        parse_option(text)
    assert not symbols.is_option_symbol(text)


def test_a_refusal_shows_only_the_start_of_a_long_text() -> None:
    with pytest.raises(SymbolError) as refusal:
        parse_option("A" * 100_000)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(
    ("root", "expiration", "option_type", "strike", "complaint"),
    [
        ("spy", date(2025, 12, 19), "call", 450.0, "not an option root"),
        ("", date(2025, 12, 19), "call", 450.0, "no root"),
        ("SPY", date(1999, 12, 19), "call", 450.0, "2000 to 2099"),
        ("SPY", datetime(2025, 12, 19, tzinfo=UTC), "call", 450.0, "without a time"),
        ("SPY", date(2025, 12, 19), "C", 450.0, '"call" or "put"'),
        ("SPY", date(2025, 12, 19), "call", 0.0, "above 0"),
        ("SPY", date(2025, 12, 19), "call", -1.0, "above 0"),
        ("SPY", date(2025, 12, 19), "call", float("nan"), "above 0"),
        ("SPY", date(2025, 12, 19), "call", float("inf"), "above 0"),
        ("SPY", date(2025, 12, 19), "call", 100_000.0, "below 100,000"),
        ("SPY", date(2025, 12, 19), "call", 99_999.9999, "multiples of 0.001"),
        ("SPY", date(2025, 12, 19), "call", 450.0005, "multiples of 0.001"),
        ("SPY", date(2025, 12, 19), "call", 1e-9, "multiples of 0.001"),
    ],
)
def test_a_contract_that_no_symbol_can_name_cannot_be_made(
    root: str,
    expiration: date,
    option_type: symbols.OptionType,
    strike: float,
    complaint: str,
) -> None:
    with pytest.raises(SymbolError, match=complaint):
        OptionSymbol(root, expiration, option_type, strike)


def test_float_noise_in_a_strike_is_rounded_away() -> None:
    noisy = OptionSymbol("SPY", date(2025, 12, 19), "call", 0.1 + 0.2)
    assert noisy == OptionSymbol("SPY", date(2025, 12, 19), "call", 0.3)
    assert noisy.occ == "SPY251219C00000300"


def test_contracts_sort_by_root_expiration_type_and_strike() -> None:
    ordered = [
        "SPX251219C06000000",
        "SPY251219C00450000",
        "SPY251219C00455000",
        "SPY251219P00450000",
        "SPY260116C00450000",
    ]
    assert [contract.occ for contract in sorted(map(parse_option, reversed(ordered)))] == ordered
    assert len({parse_option(text) for text in [*ordered, *ordered]}) == 5


@pytest.mark.parametrize(
    ("root", "underlying", "is_adjusted"),
    [
        ("SPY", "SPY", False),
        ("SPX", "SPX", False),
        ("SPXW", "SPX", False),
        ("NDXP", "NDX", False),
        ("VIXW", "VIX", False),
        ("RUTW", "RUT", False),
        ("BRKB", "BRK.B", False),
        ("BFB", "BF.B", False),
        ("SPY1", "SPY", True),
        ("BWA1", "BWA", True),
        ("BRKB2", "BRK.B", True),
        ("AAPL7", "AAPL", True),
    ],
)
def test_a_root_leads_to_its_underlying(root: str, underlying: str, is_adjusted: bool) -> None:  # noqa: FBT001
    contract = OptionSymbol(root, date(2025, 12, 19), "put", 100.0)
    assert contract.underlying == underlying
    assert contract.is_adjusted is is_adjusted


# --- equities -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "canonical", "tradier"),
    [
        ("AAPL", "AAPL", "AAPL"),
        (" aapl ", "AAPL", "AAPL"),
        ("F", "F", "F"),
        ("BRK.B", "BRK.B", "BRK/B"),
        ("BRK/B", "BRK.B", "BRK/B"),
        ("BRK-B", "BRK.B", "BRK/B"),
        ("brk.b", "BRK.B", "BRK/B"),
        ("BNRE/A", "BNRE.A", "BNRE/A"),
        ("X/WD", "X.WD", "X/WD"),
        ("BIP'B", "BIPpB", "BIP'B"),
        ("bip'b", "BIPpB", "BIP'B"),
        ("BIPpB", "BIPpB", "BIP'B"),
        ("KIMpL", "KIMpL", "KIM'L"),
        ("KIMPL", "KIMPL", "KIMPL"),
        ("kimpl", "KIMPL", "KIMPL"),
        ("Cp", "Cp", "C'"),
        # Tickers that are index names elsewhere, and now listed companies.
        ("COMP", "COMP", "COMP"),
        ("DJT", "DJT", "DJT"),
    ],
)
def test_an_equity_has_one_canonical_spelling(text: str, canonical: str, tradier: str) -> None:
    assert symbols.equity(text) == canonical
    assert symbols.massive_equity(text) == canonical
    assert symbols.tradier_equity(text) == tradier
    assert symbols.equity(tradier) == canonical


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not an equity ticker"),
        ("TOOLONG", "not an equity ticker"),
        ("BAC-PL", "not an equity ticker"),
        ("BRK..B", "not an equity ticker"),
        ("../etc", "not an equity ticker"),
        ("AAPL,MSFT", "not an equity ticker"),
        ("AAPL?x=1", "not an equity ticker"),
        ("A B", "not an equity ticker"),
        ("^SPX", "not an equity ticker"),
        ("\uff21APL", "outside ASCII"),
        ("SPX", "is an index"),
        ("I:COMP", "is an index"),
        ("SPXW", 'ask for "SPX"'),
        ("BRKB", 'ask for "BRK.B"'),
        ("SPY1", 'ask for "SPY"'),
        ("SPY251219C00450000", "is an option"),
        ("O:SPY251219C00450000", "is an option"),
    ],
)
def test_what_is_not_an_equity_is_refused_with_the_reason(text: str, complaint: str) -> None:
    with pytest.raises(SymbolError, match=complaint):
        symbols.equity(text)


def test_when_issued_shares_have_no_known_spelling_at_tradier() -> None:
    assert symbols.massive_equity("XYZw") == "XYZw"
    with pytest.raises(SymbolError, match="when-issued"):
        symbols.tradier_equity("XYZw")


# --- indices --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["SPX", "spx", "I:SPX", "i:spx", " I:SPX "])
def test_an_index_has_one_canonical_spelling(text: str) -> None:
    assert symbols.index(text) == "SPX"
    assert symbols.massive_index(text) == "I:SPX"


def test_an_index_need_not_be_in_the_table() -> None:
    assert symbols.massive_index("COMP") == "I:COMP"
    assert symbols.massive_index("I:VIX9D") == "I:VIX9D"


@pytest.mark.parametrize("text", ["", "I:", "I:I:SPX", "^SPX", "S&P", "SPX/..", "SPXW", "SPY1"])
def test_what_is_not_an_index_is_refused(text: str) -> None:
    with pytest.raises(SymbolError):
        symbols.index(text)


def test_only_unmistakable_tickers_are_known_as_indices() -> None:
    assert all(map(symbols.is_index, ["SPX", "NDX", "VIX", "RUT", "DJX", "XSP", "XND", "OEX", "XEO", "DJI", "VIX9D"]))
    assert not any(map(symbols.is_index, ["SPY", "SPXW", "COMP", "DJT", "I:SPX", "spx", ""]))


# --- underlyings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "canonical", "chain", "reference", "tradier"),
    [
        ("SPY", "SPY", "SPY", "SPY", "SPY"),
        ("spx", "SPX", "I:SPX", "SPX", "SPX"),
        ("I:SPX", "SPX", "I:SPX", "SPX", "SPX"),
        ("brk/b", "BRK.B", "BRK.B", "BRK.B", "BRK/B"),
    ],
)
def test_an_underlying_is_spelled_as_each_endpoint_wants_it(
    text: str,
    canonical: str,
    chain: str,
    reference: str,
    tradier: str,
) -> None:
    assert symbols.underlying(text) == canonical
    assert symbols.massive_underlying(text) == chain
    assert symbols.massive_reference_underlying(text) == reference
    assert symbols.tradier_underlying(text) == tradier


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("SPXW", 'for underlying "SPX" with roots="SPXW"'),
        ("I:SPXW", 'for underlying "SPX" with roots="SPXW"'),
        ("SPY1", 'for underlying "SPY" with roots="SPY1"'),
        ("brkb", 'for underlying "BRK.B" with roots="BRKB"'),
        ("SPY251219C00450000", "one option: its chain's underlying is SPY"),
        ("O:SPXW251219C06000000", "one option: its chain's underlying is SPX"),
        ("DJI", "no options are known on the index DJI; known are those on DJX, "),
        ("I:COMP", "no options are known"),
        ("../SPY", "not an equity ticker"),
    ],
)
def test_what_is_not_an_underlying_is_refused_with_a_way_out(text: str, complaint: str) -> None:
    with pytest.raises(SymbolError, match=complaint):
        symbols.underlying(text)


@pytest.mark.parametrize(
    ("underlying", "roots"),
    [
        ("SPX", ("SPX", "SPXW")),
        ("I:NDX", ("NDX", "NDXP")),
        ("VIX", ("VIX", "VIXW")),
        ("RUT", ("RUT", "RUTW")),
        ("XSP", ("XSP",)),
        ("OEX", ("OEX",)),
        ("SPY", ("SPY",)),
        ("BRK/B", ("BRKB",)),
        ("HEI.A", ("HEIA",)),
    ],
)
def test_roots_of_an_underlying(underlying: str, roots: tuple[str, ...]) -> None:
    assert symbols.roots_of(underlying) == roots


# --- root table -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("root", "style", "settlement", "last_trade", "close", "last_day_close"),
    [
        ("SPX", "european", "AM", "day_before", time(16, 15), time(16, 15)),
        ("SPXW", "european", "PM", "expiration", time(16, 15), time(16, 0)),
        ("NDX", "european", "AM", "day_before", time(16, 15), time(16, 15)),
        ("NDXP", "european", "PM", "expiration", time(16, 15), time(16, 0)),
        ("VIX", "european", "AM", "day_before", time(16, 15), time(16, 15)),
        ("VIXW", "european", "AM", "day_before", time(16, 15), time(16, 15)),
        ("OEX", "american", "PM", "expiration", time(16, 15), time(16, 0)),
        ("XEO", "european", "PM", "expiration", time(16, 15), time(16, 0)),
        ("SPY", "american", "PM", "expiration", time(16, 15), time(16, 15)),
        ("XLRE", "american", "PM", "expiration", time(16, 15), time(16, 15)),
        ("AAPL", "american", "PM", "expiration", time(16, 0), time(16, 0)),
        ("BRKB", "american", "PM", "expiration", time(16, 0), time(16, 0)),
    ],
)
def test_facts_of_a_root(
    root: str,
    style: str,
    settlement: str,
    last_trade: str,
    close: time,
    last_day_close: time,
) -> None:
    facts = symbols.root_facts(root)
    assert (facts.root, facts.exercise_style, facts.settlement) == (root, style, settlement)
    assert (facts.last_trade, facts.close, facts.last_day_close) == (last_trade, close, last_day_close)


@pytest.mark.parametrize("root", ["SPY", "BRKB", "SPXW", "QQQ", "AAPL"])
def test_an_adjusted_root_has_the_facts_of_its_class(root: str) -> None:
    standard, adjusted = symbols.root_facts(root), symbols.root_facts(root + "1")
    assert adjusted.root == root + "1"
    assert adjusted.underlying == standard.underlying
    assert (adjusted.ticks, adjusted.close, adjusted.settlement) == (
        standard.ticks,
        standard.close,
        standard.settlement,
    )


@pytest.mark.parametrize(
    ("root", "price", "tick"),
    [
        ("SPY", 0.0, 0.01),
        ("SPY", 300.0, 0.01),
        ("SPY1", 300.0, 0.01),
        ("AAPL", 2.99, 0.01),
        ("AAPL", 3.0, 0.05),
        ("DIA", 3.0, 0.05),
        ("SPX", 2.95, 0.05),
        ("SPXW", 3.0, 0.10),
        ("NDXP", 3.0, 0.10),
        ("RUT", 2.0, 0.05),
        ("VIX", 2.99, 0.01),
        ("VIX", 3.0, 0.05),
        ("VIXW", 30.0, 0.01),
        ("XSP", 30.0, 0.01),
    ],
)
def test_tick_size(root: str, price: float, tick: float) -> None:
    assert symbols.tick_size(root, price) == tick


@pytest.mark.parametrize("price", [-0.01, float("nan")])
def test_a_price_that_cannot_be_has_no_tick(price: float) -> None:
    with pytest.raises(ArgumentError, match="zero or more"):
        symbols.tick_size("SPY", price)


@pytest.mark.parametrize("root", ["SPY", "AAPL", "SPX", "VIX", "VIXW"])
def test_a_tick_schedule_starts_at_zero_and_ascends(root: str) -> None:
    schedule = symbols.tick_schedule(root)
    assert schedule[0][0] == 0.0
    assert list(schedule) == sorted(schedule)
    assert all(tick > 0 for _, tick in schedule)


@pytest.mark.parametrize(
    "question",
    [symbols.root_facts, symbols.tick_schedule, lambda root: symbols.tick_size(root, 1.0)],
)
@pytest.mark.parametrize("root", ["", "spy", "../", "BRK.B", "DJI", "SPY0"])
def test_what_is_not_a_root_has_no_facts(question: Callable[[str], object], root: str) -> None:
    with pytest.raises(SymbolError):
        question(root)


def test_every_index_with_options_can_be_asked_for_and_back() -> None:
    for root, facts in symbols._INDEX_ROOTS.items():
        assert symbols.is_index(facts.underlying)
        assert root in symbols.roots_of(facts.underlying)
        assert OptionSymbol(root, date(2025, 12, 19), "call", 100.0).underlying == facts.underlying
