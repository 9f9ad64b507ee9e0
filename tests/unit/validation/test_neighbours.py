"""Contracts of one series held against each other, and those that must not be."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl
import pytest

from quantdata.validation import validate
from quantdata.validation.bounds import with_bounds
from quantdata.validation.neighbours import NEIGHBOURS, with_neighbours
from tests.unit.validation.healthy import AT, CHAIN, alone, chain_of, changed, earlier, later, names, place, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

CALL, PUT = place(100.0, "call"), place(100.0, "put")
CALL_105, PUT_95 = place(105.0, "call"), place(95.0, "put")
LAST_CALL, LAST_PUT = place(110.0, "call"), place(110.0, "put")
FIRST_CALL, FIRST_PUT = place(90.0, "call"), place(90.0, "put")
QUOTE_WARNING: Final = (95, 95, 100)


def columns_of(chain: pl.DataFrame, row: int) -> list[float | None]:
    found = with_neighbours(with_bounds(chain)).select(NEIGHBOURS).row(row)
    return [None if value is None else round(value, 6) for value in found]


def test_each_row_gets_the_prices_next_door() -> None:
    # The call below asks 7.75, that above 3.00; call and put at 100 are quoted alike, a dime wide.
    assert columns_of(CHAIN, CALL) == [7.75, 5.375, 0.0, 0.1]
    assert columns_of(CHAIN, PUT) == [7.95, 5.375, 0.0, 0.1]
    assert columns_of(CHAIN, FIRST_CALL) == [None, None, 9.9, 0.1]
    assert columns_of(CHAIN, FIRST_PUT) == [2.8, None, 9.9, 0.1]
    assert columns_of(CHAIN, LAST_CALL) == [3.0, None, -9.9, 0.1]


def test_wings_are_weighted_by_their_distance() -> None:
    skipped = CHAIN.filter(pl.col("strike") != 95.0)
    # The body at 100 is two thirds of the way from 90 to 105.
    assert columns_of(skipped, 2)[:2] == [11.25, round(11.25 / 3 + 2 * 3.0 / 3, 6)]


@pytest.mark.parametrize(
    ("row", "mate", "bid", "fires"),
    [
        # The call at 105 asks 3.00, the put at 95 asks 2.80; a tick is 0.05.
        (LAST_CALL, LAST_PUT, 3.05, False),
        (LAST_CALL, LAST_PUT, 3.06, True),
        (FIRST_PUT, FIRST_CALL, 2.85, False),
        (FIRST_PUT, FIRST_CALL, 2.86, True),
    ],
)
def test_a_bid_above_the_ask_of_what_is_worth_more_breaks_the_order(
    row: int, mate: int, bid: float, *, fires: bool
) -> None:
    frame = changed(alone(CHAIN, mate), row, **quoted(bid, bid + 0.1))
    assert names(frame) == ({row: {"strike_order"}} if fires else {})
    if fires:
        judged = validate(frame, AT).select("confidence", "quote_confidence", "greeks_confidence")
        assert judged.row(row) == QUOTE_WARNING


@pytest.mark.parametrize(("bid", "fires"), [(5.42, False), (5.43, True)])
def test_a_bid_above_its_wings_breaks_convexity(bid: float, *, fires: bool) -> None:
    # Wings 5.375 and a tick.
    frame = changed(alone(CHAIN, PUT), CALL, **quoted(bid, bid + 0.1))
    assert names(frame) == ({CALL: {"butterfly"}} if fires else {})


def test_wings_that_were_quoted_more_than_five_seconds_apart_are_no_wings() -> None:
    frame = changed(alone(CHAIN, PUT), CALL, **quoted(5.5, 5.6))
    below, above = place(95.0, "call"), CALL_105
    assert names(frame)[CALL] == {"butterfly"}
    apart = changed(changed(frame, below, quote_ts=earlier(3)), above, quote_ts=later(3))
    assert names(apart) == {}


@pytest.mark.parametrize(
    ("forward", "fires"),
    [
        # 0.99 * (forward - 100) against 0, within spreads 0.1, a tick 0.05, and next to nothing of rates.
        (100.15, False),
        (100.16, True),
        (99.85, False),
        (99.84, True),
    ],
)
def test_call_and_put_that_do_not_fit_the_forward_break_parity_and_both_are_named(
    forward: float, *, fires: bool
) -> None:
    frame = changed(changed(CHAIN, CALL, forward_price=forward), PUT, forward_price=forward)
    assert names(frame) == ({CALL: {"parity"}, PUT: {"parity"}} if fires else {})


@pytest.mark.parametrize(
    ("forward", "underlying", "fires"),
    [
        # Spreads, a tick and 0.01 * 0.25 * 100 of rates are 0.4: so far below 0.99 * forward - 100, so far above the
        # dearer of the underlying and of what the options say it is, 0.99 * forward, less 99, it may be.
        (101.41, 99.5, False),
        (101.42, 99.5, True),
        (99.6, 98.59, False),
        (99.59, 98.59, True),
        (99.59, None, True),
        (99.59, 98.61, False),
    ],
)
def test_american_parity_is_a_range(forward: float, underlying: float | None, *, fires: bool) -> None:
    american = chain_of(style="american").with_columns(
        forward_price=pl.lit(forward), underlying_price=pl.lit(underlying, pl.Float64)
    )
    fired = names(american)
    assert [("parity" in fired.get(row, set())) for row in (CALL, PUT)] == [fires, fires]


BROKEN: Final = {
    "order": changed(alone(CHAIN, LAST_PUT), LAST_CALL, **quoted(3.5, 3.6)),
    "butterfly": changed(alone(CHAIN, PUT), CALL, **quoted(5.5, 5.6)),
    "parity": changed(changed(CHAIN, CALL, forward_price=101.0), PUT, forward_price=101.0),
}


@pytest.mark.parametrize("frame", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize(
    "values",
    [
        {"is_adjusted": True},
        {"is_adjusted": None},
        {"quote_ts": None},
        {"quote_ts": earlier(15.000001)},
        {"bid": None, "mid": None, "spread": None, "spread_percent": None},
        {"bid": 0.0, "mid": None, "spread": None, "spread_percent": None},
        {"ask": None, "mid": None, "spread": None, "spread_percent": None},
        {"root_symbol": None},
        {"multiplier": None},
        {"multiplier": 10},
        {"expiration": None},
        {"option_type": None},
        {"strike": None},
        {"time_to_expiry": 0.0},
    ],
    ids=str,
)
def test_a_contract_that_cannot_be_dealt_on_alike_is_not_compared(
    frame: pl.DataFrame, values: dict[str, object]
) -> None:
    [row, *_] = names(frame)
    fired = names(changed(frame, row, **values)).get(row, set())
    assert not fired & {"strike_order", "butterfly", "parity"}


def test_five_seconds_apart_is_at_once_and_more_is_not() -> None:
    frame = BROKEN["butterfly"]
    below = place(95.0, "call")
    assert names(changed(frame, below, quote_ts=earlier(5)))[CALL] == {"butterfly"}
    assert names(changed(frame, below, quote_ts=earlier(5.000001))) == {}


def test_an_adjusted_contract_between_two_strikes_does_not_part_them() -> None:
    between = changed(chain_of(strikes=[107.5], expirations=[date(2026, 12, 18)]), 0, is_adjusted=True, multiplier=150)
    between = changed(between, 1, is_adjusted=True, multiplier=150)
    frame = pl.concat([BROKEN["order"], between]).sort("expiration", "root_symbol", "strike", "option_type")
    fired = names(frame)
    symbols = frame.get_column("contract_symbol")
    assert {symbols[row]: rules for row, rules in fired.items() if "adjusted" not in rules} == {
        CHAIN["contract_symbol"][LAST_CALL]: {"strike_order"}
    }


def dear(chain: pl.DataFrame) -> pl.DataFrame:
    """Return a chain at five times the price: beside one at its own, whatever is compared is broken."""
    return chain.with_columns(pl.col("bid", "ask", "mid", "spread") * 5, tick_size=0.25, forward_price=None).cast(
        chain.schema
    )


@pytest.mark.parametrize("strikes", [[90.0, 95.0, 100.0], [105.0, 110.0, 115.0]])
def test_spx_and_spxw_never_mix(strikes: Sequence[float]) -> None:
    cheap = chain_of("SPX", underlying="SPX", strikes=[90.0, 95.0, 100.0])
    frame = pl.concat([cheap, dear(chain_of("SPXW", underlying="SPX", strikes=strikes))])
    assert names(frame.sort("expiration", "root_symbol", "strike", "option_type")) == {}
    # Were they one series, they would.
    mixed = frame.with_columns(root_symbol=pl.lit("SPX"), contract_symbol=None).cast(cheap.schema)
    assert any("strike_order" in fired for fired in names(mixed).values())


def test_a_call_of_spx_has_no_mate_in_spxw() -> None:
    [day, _] = CHAIN.get_column("expiration").unique().sort()
    call = chain_of("SPX", underlying="SPX", strikes=[100.0], expirations=[day], option_types=["call"])
    put = chain_of("SPXW", underlying="SPX", strikes=[100.0], expirations=[day], option_types=["put"])
    off = pl.concat([call, put]).with_columns(forward_price=pl.lit(101.0))
    assert names(off) == {}
    assert names(off.with_columns(root_symbol=pl.lit("SPX"))) == {0: {"parity"}, 1: {"parity"}}


def test_concatenated_chains_are_judged_as_each_alone() -> None:
    chains = [
        chain_of(),
        chain_of("ABC", underlying="ABC"),
        BROKEN["butterfly"].with_columns(root_symbol=pl.lit("DEF")),
    ]
    together = validate(pl.concat(chains), AT)
    apart = pl.concat([validate(chain, AT) for chain in chains])
    assert together.equals(apart)


@pytest.mark.parametrize("strikes", [[90.0, 95.0, 100.0], [105.0, 110.0, 115.0]])
def test_expirations_never_mix(strikes: Sequence[float]) -> None:
    near = chain_of(strikes=[90.0, 95.0, 100.0], expirations=[date(2026, 12, 18)])
    far = dear(chain_of(strikes=strikes, expirations=[date(2027, 1, 15)]))
    assert names(pl.concat([near, far])) == {}


def test_a_contract_that_comes_twice_is_no_neighbour_of_itself() -> None:
    twice = pl.concat([CHAIN, CHAIN])
    assert names(twice) == {}


def test_an_empty_chain_has_no_neighbours() -> None:
    assert with_neighbours(with_bounds(CHAIN.clear())).select(NEIGHBOURS).schema == dict.fromkeys(
        NEIGHBOURS, pl.Float64
    )


@pytest.mark.parametrize(
    "values",
    [{"quote_ts": None}, {"bid": None}, {"is_adjusted": True}, {"multiplier": None}, {"root_symbol": None}],
    ids=str,
)
def test_a_contract_that_cannot_be_compared_is_passed_over(values: dict[str, object]) -> None:
    # The call at 100 bids more than that at 90 asks; the one between, which would hide it, cannot be dealt on.
    frame = changed(alone(CHAIN, PUT), CALL, **quoted(11.35, 11.45))
    between = place(95.0, "call")
    assert "strike_order" in names(changed(frame, between, **quoted(13.0, 13.1)))[between]
    assert "strike_order" in names(changed(frame, between, **values))[CALL]
