"""What a chain of two vendors promises, whatever is missing, wrong or old at either: filled, priced and judged."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quantdata.clients.dividends import NOT_KNOWN
from quantdata.frames import columns
from quantdata.frames.chain import SORT
from quantdata.frames.model import OF_THE_QUOTE, with_model
from quantdata.hybrid.filling import FILLABLE
from quantdata.hybrid.refilling import refilled
from quantdata.pricing import black76_price
from quantdata.pricing.rates import RateCurve
from quantdata.validation import quality, validate
from quantdata.validation.rule import CADENCE_S
from tests.unit.hybrid.chains import NOW, chain, row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RATES: Final = RateCurve.of(0.04)
YEARS: Final = 30 / 365
STRIKES: Final = (580.0, 595.0, 600.0, 605.0, 620.0)
GROUPS: Final = ("quote_source", "trade_source", "day_source", "open_interest_source", "greeks_source")
# The columns of each group that a vendor or the model gives, by the column that says who did. What the model has of its
# own in a group needs nobody's name.
SOURCED: Final[Mapping[str, tuple[str, ...]]] = {
    "underlying_source": ("underlying_price", "underlying_ts", "moneyness"),
    "quote_source": tuple(column.name for column in columns.QUOTE if column.name != "quote_source"),
    "trade_source": tuple(column.name for column in columns.TRADE if column.name != "trade_source"),
    "day_source": tuple(column.name for column in columns.DAY if column.name != "day_source"),
    "open_interest_source": ("open_interest", "open_interest_date"),
    "iv_source": ("implied_volatility", "bid_iv", "ask_iv", "iv_ts"),
    "greeks_source": ("delta", "gamma", "theta", "vega", "rho", "greeks_ts", "greeks_feed"),
}
KEYS: Final = [
    "underlying_symbol",
    "contract_symbol",
    "root_symbol",
    "expiration",
    "strike",
    "option_type",
    "multiplier",
]


class Odd(NamedTuple):
    """How one vendor's row is other than whole and right."""

    lacks: tuple[str, ...]
    change: dict[str, Any]
    age_s: int
    cents: int


def quoted(strike: float, option_type: str, *, cents: int) -> dict[str, Any]:
    """Return a quote some cents around what the model would say."""
    value = float(
        black76_price(
            600.0, strike, time_to_expiry=YEARS, volatility=0.2, discount=0.9967, is_call=option_type == "call"
        )
    )
    bid = max(0.0, round(value - 0.04 + cents / 100, 2))
    ask = round(bid + 0.08, 2)
    mid = (bid + ask) / 2 if bid > 0 else None
    spread = None if mid is None else ask - bid
    return {
        "bid": bid,
        "ask": ask,
        "mid": mid,
        "spread": spread,
        "spread_percent": None if spread is None or mid is None else 100 * spread / mid,
    }


CHANGES: Final[Sequence[dict[str, Any]]] = (
    {},
    {"multiplier": 10},
    {"bid": 9.0, "ask": 8.0, "mid": 8.5, "spread": -1.0, "spread_percent": -11.8},
    {"bid": 0.0, "mid": None, "spread": None, "spread_percent": None},
    {"volume": 0},
    {"delta": 3.0},
    {"feed": "delayed", "quote_feed": "delayed", "greeks_feed": "delayed"},
)
ODD: Final = st.builds(
    Odd,
    lacks=st.lists(st.sampled_from(GROUPS), unique=True, max_size=3).map(tuple),
    change=st.sampled_from(CHANGES),
    age_s=st.sampled_from((0, 2, 8, 40, 1_000)),
    cents=st.integers(-2, 2),
)
CONTRACTS: Final = st.lists(
    st.tuples(st.sampled_from(STRIKES), st.sampled_from(("call", "put"))), unique=True, min_size=1, max_size=8
)


@st.composite
def sides(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what both vendors say, each priced and judged, of contracts of which either may have some alone."""
    contracts = draw(CONTRACTS)
    has_price = draw(st.booleans())
    return _side("massive", draw, contracts, has_price=has_price), _side("tradier", draw, contracts, has_price=True)


def _side(source: str, draw: st.DrawFn, contracts: Sequence[tuple[float, str]], *, has_price: bool) -> pl.DataFrame:
    listed = draw(st.lists(st.sampled_from(contracts), unique=True, min_size=1))
    price = {} if has_price else dict.fromkeys(("underlying_price", "underlying_ts", "underlying_source", "moneyness"))
    made = []
    for strike, option_type in listed:
        odd = draw(ODD)
        sign = 1 if option_type == "call" else -1
        values = {
            **quoted(strike, option_type, cents=odd.cents),
            "delta": 0.5 * sign,
            "received_ts": NOW - timedelta(seconds=odd.age_s),
            "bid_size": 1 if source == "massive" else 2,
            **price,
            **dict.fromkeys(odd.lacks),
        }
        # What is changed is what is there.
        kept = {name: value for name, value in odd.change.items() if _is_there(name, odd.lacks)}
        made.append(row(source, strike, option_type, **{**values, **kept}))
    return judged(chain(*made))


def _is_there(name: str, lacks: Sequence[str]) -> bool:
    return not any(source in lacks and name in SOURCED[source] for source in GROUPS)


def judged(frame: pl.DataFrame, cadence_s: float = CADENCE_S) -> pl.DataFrame:
    return validate(with_model(frame, rates=RATES), now=NOW, cadence_s=cadence_s)


def as_it_came(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a page as it is kept: judged when it was new, however long ago that was."""
    new = frame.with_columns(received_ts=pl.lit(NOW, frame.schema["received_ts"]))
    return judged(new).with_columns(frame.get_column("received_ts"))


def completed(mine: pl.DataFrame, theirs: pl.DataFrame, cadence_s: float = CADENCE_S) -> pl.DataFrame:
    return refilled(mine, theirs, cadence_s=cadence_s, now=NOW, rates=RATES, dividends=NOT_KNOWN)[0]


def groups_of(frame: pl.DataFrame) -> list[tuple[str | None, ...]]:
    return frame.select(group.source for group in FILLABLE).rows()


def rows_of(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    yield from frame.iter_rows(named=True)


EXAMPLES: Final = settings(max_examples=40)


@EXAMPLES
@given(sides())
def test_no_cell_is_without_a_source(both: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    for frame in (*both, completed(*both)):
        for source, names in SOURCED.items():
            nameless = frame.filter(pl.col(source).is_null())
            for name in names:
                assert nameless.get_column(name).null_count() == nameless.height, (source, name)


@EXAMPLES
@given(sides())
def test_no_group_is_of_two_vendors(both: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    """What a vendor is named for is, value by value, what that vendor sent, or the model did, and then whole."""
    given_by = {
        vendor: {each["contract_symbol"]: each for each in rows_of(frame)}
        for vendor, frame in zip(("massive", "tradier"), both, strict=True)
    }
    for each in rows_of(completed(*both)):
        for source, names in SOURCED.items():
            if each[source] == "model":
                assert source in {"underlying_source", "iv_source", "greeks_source"}
                assert (each["bid_iv"], each["ask_iv"]) == (None, None) or source != "iv_source"
                assert source != "greeks_source" or None not in [each[name] for name in names[:5]]
            elif each[source] is not None:
                origin = given_by[each[source]][each["contract_symbol"]]
                assert [each[name] for name in names] == [origin[name] for name in names], source
        vendors = {each[source] for source in ("quote_source", "trade_source", "day_source", "open_interest_source")}
        assert each["source"] == ("hybrid" if "tradier" in vendors else "massive")
        # Volatility and greeks are of the vendor of the quote, or the model's at that quote.
        if each["quote_source"] == "tradier":
            assert {each["iv_source"], each["greeks_source"]} <= {"model", None}


@EXAMPLES
@given(sides())
def test_filling_twice_changes_nothing(both: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    once = completed(*both)
    assert_frame_equal(completed(once, both[1]), once)
    assert_frame_equal(judged(once), once)


@EXAMPLES
@given(sides())
def test_no_row_is_lost_or_found_and_none_changes_its_place(both: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    mine, _ = both
    result = completed(*both)
    assert result.schema == mine.schema
    assert_frame_equal(result.select(KEYS), mine.select(KEYS))
    assert result.equals(result.sort(SORT, maintain_order=True))


@EXAMPLES
@given(sides())
def test_a_filled_row_scores_less_than_the_same_row_whole_from_the_first(
    both: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    """The same row: the values of both, all under the first vendor's name, and on time."""
    mine, theirs = both
    result = completed(mine, theirs)
    assert result.filter(pl.col("source") == "hybrid").get_column("warnings").list.contains("filled").all()
    assert not result.filter(pl.col("source") == "massive").get_column("warnings").list.contains("filled").any()
    whole = judged(_as_if_whole(result, mine))
    scores = zip(rows_of(result), rows_of(whole), strict=True)
    for one, other in scores:
        for name in ("confidence", "quote_confidence", "greeks_confidence"):
            assert one[name] <= other[name], (name, one["contract_symbol"])
        if one["source"] == "hybrid":
            assert one["confidence"] < max(1, other["confidence"])
    # Rows of the first's that came late tell of its clock, which filled ones do not.
    skewed = 5 * ("clock_skew" in quality(whole).warnings)
    assert quality(result).confidence <= quality(whole).confidence + skewed


@EXAMPLES
@given(sides(), st.sampled_from((CADENCE_S, 30.0, 132.0)))
def test_filling_costs_a_row_the_mark_of_two_vendors_and_never_more(
    both: tuple[pl.DataFrame, pl.DataFrame], cadence_s: float
) -> None:
    """Not for the age of what fills it, nor for what that is worth: such a row stays as it was."""
    mine, theirs = judged(both[0], cadence_s), as_it_came(both[1])
    result = completed(mine, theirs, cadence_s)
    for before, after, had, has in zip(rows_of(mine), rows_of(result), groups_of(mine), groups_of(result), strict=True):
        if not before["errors"]:
            assert not after["errors"], (after["contract_symbol"], after["errors"])
        if had != has:
            assert after["confidence"] >= before["confidence"] - 5, (before["warnings"], after["warnings"])
        # What was missing and missed is worth no less when it is there and nothing is wrong with it.
        if "no_quote" in before["warnings"] and set(after["warnings"]) == {"filled"}:
            assert after["confidence"] >= before["confidence"] or after["is_stale"]


def _as_if_whole(taken: pl.DataFrame, mine: pl.DataFrame) -> pl.DataFrame:
    names = [group.source for group in FILLABLE]
    return taken.with_columns(
        *(pl.when(pl.col(name).is_not_null()).then(pl.lit("massive", columns.PROVIDER)).alias(name) for name in names),
        *mine.select("received_ts", "feed"),
        source=pl.lit("massive", columns.SOURCE),
    )


def test_what_is_taken_for_whole_is_what_these_tests_are_about() -> None:
    """Rows as these are do get filled: the properties above are not about nothing."""
    mine = judged(
        chain(
            *(row("massive", strike, **quoted(strike, "call", cents=0)) for strike in STRIKES[1:]),
            row("massive", STRIKES[0], quote_source=None),
        )
    )
    theirs = judged(chain(row("tradier", STRIKES[0], **quoted(STRIKES[0], "call", cents=1))))
    first = completed(mine, theirs).row(0, named=True)
    assert (first["source"], first["quote_source"], first["iv_source"], first["greeks_source"]) == (
        "hybrid",
        "tradier",
        "model",
        "model",
    )
    assert first["confidence"] == 95
    assert isinstance(first["quote_ts"], datetime)
    assert {name for name in OF_THE_QUOTE if first[name] is None} == {"bid_iv", "ask_iv"}
