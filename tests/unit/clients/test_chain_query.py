"""A chain request: what is refused, what the vendor is asked, what is filtered here."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from quantdata.clients.chain_query import ChainQuery
from quantdata.errors import ArgumentError, SymbolError
from quantdata.frames.columns import CHAIN, schema

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
TODAY = date(2026, 11, 18)
NAN = float("nan")


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["strikes", "dte", "delta", "moneyness"])
@pytest.mark.parametrize(
    "value",
    [(2, 1), (1, 2, 3), (), [], NAN, (NAN, 1), float("inf"), True, -1, (-1, 1), "1", {1, 2}, [[1], 2], object()],
)
def test_a_malformed_range_of_numbers_is_named(name: str, value: object) -> None:
    with pytest.raises(ArgumentError, match=name) as failure:
        ChainQuery.of("SPY", **{name: value})
    assert type(failure.value) is ArgumentError


@pytest.mark.parametrize(
    "value",
    [("2026-12-31", "2026-12-01"), "soon", NOON, (NOON, None), 20261218, True, [], ("a",), {"2026-12-18"}],
)
def test_a_malformed_range_of_days_is_named(value: object) -> None:
    with pytest.raises(ArgumentError, match="expirations"):
        ChainQuery.of("SPY", expirations=value)


@pytest.mark.parametrize("name", ["min_volume", "min_open_interest"])
@pytest.mark.parametrize("value", [-1, 1.5, NAN, True, "1", (1, 2), [1]])
def test_a_malformed_count_is_named(name: str, value: object) -> None:
    with pytest.raises(ArgumentError, match=name):
        ChainQuery.of("SPY", **{name: value})


@pytest.mark.parametrize("value", [-0.1, NAN, True, "1", (1, 2), [1]])
def test_a_malformed_spread_is_named(value: object) -> None:
    with pytest.raises(ArgumentError, match="max_spread_percent"):
        ChainQuery.of("SPY", max_spread_percent=value)


@pytest.mark.parametrize("value", ["calls", "", "x", "cp", 1, True, ("call", "put"), ["call"]])
def test_a_malformed_option_type_is_named(value: object) -> None:
    with pytest.raises(ArgumentError, match="option_type must be 'call' or 'put'"):
        ChainQuery.of("SPY", option_type=value)


@pytest.mark.parametrize(
    ("value", "option_type"),
    [("call", "call"), ("Put", "put"), ("c", "call"), ("C", "call"), ("p", "put"), ("P", "put"), (None, None)],
)
def test_an_option_type_may_be_its_first_letter(value: str | None, option_type: str | None) -> None:
    assert ChainQuery.of("SPY", option_type=value).option_type == option_type


@pytest.mark.parametrize("value", [[], 5, [None], b"SPX", True])
def test_malformed_roots_are_named(value: object) -> None:
    with pytest.raises(ArgumentError, match="roots"):
        ChainQuery.of("SPX", roots=value)


@pytest.mark.parametrize("value", ["", "SPX/W", "TOOLONGROOT", ["SPXW", "../.."], "ＳＰＸ", "SPX' OR 1=1"])  # noqa: RUF001
def test_what_can_be_no_root_is_a_symbol_error(value: object) -> None:
    with pytest.raises(SymbolError, match="root"):
        ChainQuery.of("SPX", roots=value)


@pytest.mark.parametrize(
    "underlying",
    [
        "",
        " ",
        "../../v1",
        "SPY?apiKey=x",
        "SPY/O:X",
        "SPY\r\nX-Header: 1",
        "ＳＰＹ",  # noqa: RUF001
        "SPY261218C00600000",
        "SPXW",
        "💥",
    ],
)
def test_an_underlying_that_cannot_be_one_is_a_symbol_error(underlying: str) -> None:
    with pytest.raises(SymbolError):
        ChainQuery.of(underlying)


@pytest.mark.parametrize("underlying", [None, 5, b"SPY", ["SPY"], ("SPY", "QQQ"), True, NAN])
def test_an_underlying_that_is_no_text_is_a_symbol_error(underlying: Any) -> None:
    with pytest.raises(SymbolError):
        ChainQuery.of(underlying)


def test_an_unknown_filter_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="strike"):
        ChainQuery.of("SPY", strike=600)  # type: ignore[call-arg]


@pytest.mark.parametrize("days", [0.5, (0, 7.5), 100_001, 1e300])
def test_days_to_expiry_are_whole_and_bounded(days: object) -> None:
    with pytest.raises(ArgumentError, match="dte counts whole calendar days, at most 100,000"):
        ChainQuery.of("SPY", dte=days)


# --- what is taken --------------------------------------------------------------------------------------------------


def test_lists_are_taken_as_tuples_are() -> None:
    filters: dict[str, Any] = {"strikes": (560, 600), "expirations": ("2026-12-01", None), "roots": ("SPXW",)}
    lists = {name: list(value) for name, value in filters.items()}
    assert ChainQuery.of("SPX", **lists) == ChainQuery.of("SPX", **filters)


def test_a_query_without_filters() -> None:
    query = ChainQuery.of(" spy ")
    assert query.underlying == "SPY"
    assert not query.is_filtered_here
    assert query.expiration_range(NOON) == (None, None)


def test_case_of_words_does_not_matter() -> None:
    query = ChainQuery.of("spx", option_type="CALL", roots=" spxw ")
    assert (query.option_type, query.roots) == ("call", ("SPXW",))


def test_a_key_holds_what_the_vendor_is_asked_and_no_more() -> None:
    plain = ChainQuery.of("SPY", strikes=(560, 600))
    same = ChainQuery.of("SPY", strikes=(560.0, 600.0), delta=(0.2, 0.4), min_volume=1, roots="SPY", moneyness=1)
    assert same.key == plain.key
    assert same.is_filtered_here
    assert not plain.is_filtered_here
    others: list[dict[str, Any]] = [
        {"strikes": (560, 601)},
        {"dte": 7},
        {"option_type": "call"},
        {"expirations": "2026-12-18"},
    ]
    assert len({ChainQuery.of("SPY", **filters).key for filters in others} | {plain.key}) == 5
    assert ChainQuery.of("QQQ", strikes=(560, 600)).key != plain.key


@pytest.mark.parametrize("filters", [{"min_volume": 0}, {"min_open_interest": 0}, {"max_spread_percent": 0.0}])
def test_a_limit_of_zero_is_a_filter(filters: dict[str, Any]) -> None:
    assert ChainQuery.of("SPY", **filters).is_filtered_here


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"dte": (0, 7)}, (TODAY, date(2026, 11, 25))),
        ({"dte": 0}, (TODAY, TODAY)),
        ({"dte": (7, None)}, (date(2026, 11, 25), None)),
        ({"dte": (None, 100_000)}, (None, date(2300, 9, 3))),
        ({"expirations": ("2026-12-01", "2026-12-31")}, (date(2026, 12, 1), date(2026, 12, 31))),
        ({"expirations": ("2026-12-01", None), "dte": (0, 30)}, (date(2026, 12, 1), date(2026, 12, 18))),
        ({"expirations": ("2026-11-01", "2026-11-20"), "dte": (0, 30)}, (TODAY, date(2026, 11, 20))),
    ],
)
def test_expirations_and_days_to_expiry_hold_together(
    filters: dict[str, Any], expected: tuple[date | None, date | None]
) -> None:
    assert ChainQuery.of("SPY", **filters).expiration_range(NOON) == expected


def test_today_is_new_yorks() -> None:
    query = ChainQuery.of("SPY", dte=0)
    assert query.expiration_range(datetime(2026, 11, 19, 4, 59, tzinfo=UTC)) == (TODAY, TODAY)


# --- filters --------------------------------------------------------------------------------------------------------


def _chain(**columns: list[Any]) -> pl.DataFrame:
    types = schema(CHAIN)
    return pl.DataFrame(columns, schema={name: types[name] for name in columns})


def _kept(query: ChainQuery, chain: pl.DataFrame) -> list[int]:
    return chain.with_row_index().filter(query.local_part(TODAY)).get_column("index").to_list()


def test_delta_is_absolute_and_null_does_not_pass() -> None:
    chain = _chain(delta=[0.3, -0.3, 0.1, None])
    assert _kept(ChainQuery.of("SPY", delta=(0.2, 0.4)), chain) == [0, 1]


def test_volume_of_an_old_session_counts_as_none() -> None:
    chain = _chain(volume=[10, 10, None, 0], day_session=[TODAY, date(2026, 11, 17), TODAY, TODAY])
    assert _kept(ChainQuery.of("SPY", min_volume=1), chain) == [0]
    assert _kept(ChainQuery.of("SPY", min_volume=0), chain) == [0, 1, 2, 3]


def test_missing_open_interest_counts_as_none() -> None:
    assert _kept(ChainQuery.of("SPY", min_open_interest=5), _chain(open_interest=[5, 4, None])) == [0]


def test_a_row_without_a_two_sided_quote_has_no_spread_to_pass_with() -> None:
    chain = _chain(spread_percent=[2.0, 2.1, None])
    assert _kept(ChainQuery.of("SPY", max_spread_percent=2), chain) == [0]


def test_roots_and_moneyness() -> None:
    chain = _chain(root_symbol=["SPX", "SPXW", "SPXW"], moneyness=[1.0, 1.0, 1.2])
    assert _kept(ChainQuery.of("SPX", roots="SPXW", moneyness=(0.9, 1.1)), chain) == [1]


def test_no_filter_keeps_everything() -> None:
    assert _kept(ChainQuery.of("SPX"), _chain(delta=[None, 0.1])) == [0, 1]


def test_the_vendors_part_includes_both_ends() -> None:
    query = ChainQuery.of("SPY", strikes=(560, 600), expirations=("2026-12-01", None), dte=(0, 35), option_type="put")
    chain = _chain(
        strike=[560.0, 600.0, 600.001, 580.0, 580.0, 580.0],
        expiration=[
            date(2026, 12, 1),
            date(2026, 12, 31),  # in 35 days
            date(2026, 12, 18),
            date(2026, 11, 30),
            date(2027, 1, 1),
            date(2026, 12, 2),
        ],
        option_type=["put", "put", "put", "put", "put", "call"],
    )
    now = datetime(2026, 11, 27, 4, 59, tzinfo=UTC)  # in New York the 26th
    kept = chain.with_row_index().filter(query.vendor_part(now)).get_column("index").to_list()
    assert kept == [0, 1, 5]  # what the type is, no vendor is asked for


def test_what_cannot_be_told_passes_the_vendors_part() -> None:
    # The vendor was asked and sent it: a row that cannot be read stays, for validation to judge.
    query = ChainQuery.of("SPY", strikes=(560, 600), dte=(0, 35), option_type="put")
    chain = _chain(
        strike=[None, 580.0, 580.0, 580.0],
        expiration=[date(2026, 12, 1), None, date(2026, 12, 1), date(2026, 12, 1)],
        option_type=["put", "put", None, "call"],
    )
    now = datetime(2026, 11, 26, 17, tzinfo=UTC)
    assert chain.with_row_index().filter(query.vendor_part(now)).get_column("index").to_list() == [0, 1, 2, 3]


@pytest.mark.parametrize("delta", [1.01, (0.5, 1.5), (None, 50), (30, 50), -0.4, (-0.4, -0.2)])
def test_delta_is_from_nothing_to_one(delta: object) -> None:
    with pytest.raises(ArgumentError, match="delta"):
        ChainQuery.of("SPY", delta=delta)
    assert ChainQuery.of("SPY", delta=(0, 1)).delta == (0, 1)


@pytest.mark.parametrize(("underlying", "root"), [("SPY", "SPXW"), ("SPX", "NDXP"), ("SPY", ["SPY", "QQQ"])])
def test_a_root_of_another_underlying_is_a_symbol_error(underlying: str, root: object) -> None:
    with pytest.raises(SymbolError, match=f"is not an option root of {underlying}, which has "):
        ChainQuery.of(underlying, roots=root)
