"""Symbols survive every round trip, and nothing else gets in."""

from __future__ import annotations

import re
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from quantdata import symbols
from quantdata.errors import SymbolError
from quantdata.symbols import OptionSymbol, parse_option

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ROOTS = st.one_of(
    st.text(LETTERS, min_size=1, max_size=6),
    st.builds(str.__add__, st.text(LETTERS, min_size=1, max_size=5), st.sampled_from("123456789")),
    st.sampled_from(["SPX", "SPXW", "BRKB", "VIXW", "C", "P", "CP", "PC1"]),
)
CONTRACTS = st.builds(
    OptionSymbol,
    root=ROOTS,
    expiration=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    option_type=st.sampled_from(["call", "put"]),
    strike=st.integers(1, 99_999_999).map(lambda thousandths: thousandths / 1000),
)
TICKERS = st.from_regex(r"[A-Z]{1,5}(\.[A-Z]|p[A-Z])?", fullmatch=True)


@given(CONTRACTS)
def test_a_contract_survives_every_spelling(contract: OptionSymbol) -> None:
    spellings = [contract.occ, contract.padded, contract.massive, contract.tradier, contract.occ.lower()]
    assert all(parse_option(text) == contract for text in spellings)
    assert len(contract.padded) == 21


@given(CONTRACTS, CONTRACTS)
def test_two_contracts_share_a_symbol_only_if_they_are_one(one: OptionSymbol, other: OptionSymbol) -> None:
    assert (one.occ == other.occ) == (one == other)


@given(st.one_of(st.text(), st.text("SPY0123456789CO:P /.\n-", max_size=25)))
def test_what_is_read_is_spelled_as_the_standard_says(text: str) -> None:
    try:
        contract = parse_option(text)
    except SymbolError:
        return
    assert re.fullmatch(r"[A-Z]{1,6}[1-9]?[0-9]{6}[CP][0-9]{8}", contract.occ)
    assert contract.occ == re.sub(r"\s", "", text).upper().removeprefix("O:")


@given(st.text())
def test_a_ticker_is_read_safely_or_refused(text: str) -> None:
    for read in (symbols.equity, symbols.index, symbols.underlying):
        try:
            ticker = read(text)
        except SymbolError:
            continue
        assert re.fullmatch(r"[A-Za-z0-9.]+", ticker)
        assert ".." not in ticker


@given(TICKERS)
def test_an_equity_survives_both_vendors(ticker: str) -> None:
    try:
        canonical = symbols.equity(ticker)
    except SymbolError:  # an index or an option root by chance
        return
    assert canonical == ticker
    assert symbols.equity(symbols.massive_equity(canonical)) == canonical
    assert symbols.equity(symbols.tradier_equity(canonical)) == canonical
    assert symbols.underlying(canonical) == canonical


@given(ROOTS, st.floats(0, 1e5))
def test_a_tick_is_that_of_the_last_step_reached(root: str, price: float) -> None:
    try:
        schedule = symbols.tick_schedule(root)
    except SymbolError:  # an index without options by chance
        return
    slow = None
    for price_from, tick in schedule:
        if price_from <= price:
            slow = tick
    assert symbols.tick_size(root, price) == slow
