"""Validation held to two others: pandera over the same rules, and plain Python over one row at a time."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors

from quantdata.validation import schemas, validate
from quantdata.validation.kinds import KINDS
from tests.unit.validation.healthy import (
    AT,
    BARS,
    CHAIN,
    EQUITIES,
    FLOW,
    INDICES,
    TRADES,
    chain_of,
    changed,
    earlier,
    later,
)
from tests.unit.validation.test_chain_rules import BROKEN as CHAIN_BROKEN
from tests.unit.validation.test_neighbours import BROKEN as ACROSS_BROKEN
from tests.unit.validation.test_quote_rules import EQUITIES_BROKEN, INDICES_BROKEN
from tests.unit.validation.test_series_rules import BARS_BROKEN, FLOW_BROKEN, TRADES_BROKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandera.polars as pa

    from quantdata.validation.kinds import Kind

SCHEMAS: Final = (
    schemas.CHAIN,
    schemas.EQUITY_QUOTES,
    schemas.INDEX_QUOTES,
    schemas.BARS,
    schemas.TRADES,
    schemas.FLOW,
)
FRAMES: Final = (CHAIN, EQUITIES, INDICES, BARS, TRADES, FLOW)
NO_NUMBERS: Final = (math.nan, math.inf, -math.inf)

Change = tuple[int, dict[str, Any]]
# What breaks each rule, as the unit tests show: a row, and what is changed there.
BREAKING: Final[dict[str, dict[str, Change]]] = {
    "chain": {rule: (row, values) for rule, row, values, *_ in CHAIN_BROKEN},
    "equity quotes": {rule: (1, values) for rule, values, *_ in EQUITIES_BROKEN},
    "index quotes": {rule: (1, values) for rule, values, *_ in INDICES_BROKEN},
    "bars": {rule: (1, values) for rule, values, *_ in BARS_BROKEN},
    "trades": {rule: (1, values) for rule, values, *_ in TRADES_BROKEN},
    "flow": {rule: (1, values) for rule, values, *_ in FLOW_BROKEN},
}

# --- frames with something wrong --------------------------------------------------------------------------------------


ORDINARY: Final = (-1.0, -1e-7, 0.0, 0.04, 0.25, 1.0, 1.0000005, 2.9, 3.5, 5.5, 20.0, 51.0, 99.0, 101.0)
TIMES: Final = (None, later(61), later(60), earlier(5), earlier(6), earlier(200), earlier(901))
# What a column of some dtype may hold, the values at which rules turn among them.
VALUES: Final[dict[Any, st.SearchStrategy[Any]]] = {
    pl.Float64: st.one_of(st.sampled_from([None, *NO_NUMBERS, *ORDINARY]), st.floats(-200, 200)),
    pl.Int64: st.sampled_from([None, -1, 0, 1, 2, 60, 100]),
    pl.Datetime: st.sampled_from(TIMES),
    pl.Date: st.sampled_from([None, date(2026, 12, 18), date(2027, 1, 15), date(2027, 2, 19)]),
    pl.Boolean: st.sampled_from([None, True, False]),
    pl.String: st.sampled_from([None, "XYZ", "SPY", "ABC"]),
    pl.List: st.none(),
}


def values_of(dtype: pl.DataType) -> st.SearchStrategy[Any]:
    if isinstance(dtype, pl.Enum):
        return st.sampled_from([None, *dtype.categories.to_list()])
    return VALUES[dtype.base_type()]


@st.composite
def broken(draw: st.DrawFn, frame: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Return a healthy frame with two rules broken and up to two values changed, its rows in any order."""
    for row, values in draw(st.lists(st.sampled_from([*BREAKING[kind.name].values()]), max_size=2)):
        frame = changed(frame, row, **values)
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(kind.given))
        value = draw(values_of(frame.schema[name]))
        if draw(st.integers(0, 4)):
            frame = changed(frame, draw(st.integers(0, frame.height - 1)), **{name: value})
        else:
            frame = frame.with_columns(pl.lit(value, frame.schema[name]).alias(name))
    return frame[draw(st.permutations(range(frame.height)))] if draw(st.booleans()) else frame


# --- pandera ----------------------------------------------------------------------------------------------------------


def told(judged: pl.DataFrame) -> set[tuple[int, str]]:
    """Return row and rule of each error and warning."""
    fired = judged.with_row_index("row").select("row", rule=pl.concat_list("errors", "warnings")).explode("rule")
    return set(fired.drop_nulls().rows())


def told_by_pandera(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> set[tuple[int, str]]:
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases.select("index", pl.col("check").str.split(": ").list.first())
        return set(cases.rows())
    return set()


def aged(frame: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Return a frame as it came, with the columns that validation writes: what pandera asks for."""
    others = [name for name in judged.columns if name not in frame.columns or name == "age_s"]
    return frame.drop("age_s", strict=False).with_columns(judged.get_column(name) for name in others)


def assert_agreement(kind: Kind, schema: pa.DataFrameSchema, frame: pl.DataFrame) -> None:
    judged = validate(frame, AT)
    assert told_by_pandera(schema, aged(frame, judged)) == told(judged), kind.name


@pytest.mark.parametrize("number", range(6), ids=[kind.name for kind in KINDS])
@settings(max_examples=12)
@given(draw=st.data())
def test_pandera_finds_the_same_failures(number: int, draw: st.DataObject) -> None:
    kind, schema, frame = KINDS[number], SCHEMAS[number], FRAMES[number]
    assert_agreement(kind, schema, draw.draw(broken(frame, kind)))


@pytest.mark.parametrize("number", range(6), ids=[kind.name for kind in KINDS])
def test_pandera_finds_each_rule_broken_alone(number: int) -> None:
    kind, schema, frame = KINDS[number], SCHEMAS[number], FRAMES[number]
    for row, values in BREAKING[kind.name].values():
        assert_agreement(kind, schema, changed(frame, row, **values))


@pytest.mark.parametrize("frame", ACROSS_BROKEN.values(), ids=ACROSS_BROKEN)
def test_pandera_finds_what_contracts_say_of_each_other(frame: pl.DataFrame) -> None:
    assert told(validate(frame, AT))
    assert_agreement(KINDS[0], schemas.CHAIN, frame)
    assert_agreement(KINDS[0], schemas.CHAIN, frame.reverse())


def everything_wrong(kind: Kind, frame: pl.DataFrame) -> Iterable[pl.DataFrame]:
    """Return frames in which each column in turn is null, no number, negative or large, a column a row."""
    for change in (None, math.nan, math.inf, -1.0, 1e6):
        rows = []
        for name in kind.given:
            dtype = frame.schema[name]
            if change is None or dtype == pl.Float64 or (dtype == pl.Int64 and math.isfinite(change)):
                rows.append(changed(frame, 1, **{name: change}))
        yield pl.concat(rows)


@pytest.mark.parametrize("number", range(6), ids=[kind.name for kind in KINDS])
def test_pandera_finds_the_same_failures_whichever_column_is_wrong(number: int) -> None:
    for frame in everything_wrong(KINDS[number], FRAMES[number]):
        assert_agreement(KINDS[number], SCHEMAS[number], frame)


# --- one row at a time, in plain Python -------------------------------------------------------------------------------

Row = dict[str, Any]
TICK_SLACK: Final = 1e-9


def is_two_sided(row: Row) -> bool:
    return row["bid"] is not None and row["ask"] is not None and row["bid"] > 0 and row["ask"] > 0


def is_usable(row: Row) -> bool:
    known = ("root_symbol", "expiration", "multiplier", "strike", "option_type", "quote_ts")
    return (
        is_two_sided(row)
        and row["bid"] <= row["ask"]
        and row["is_adjusted"] is False
        and all(row[name] is not None for name in known)
        and row["strike"] > 0
    )


def are_comparable(one: Row, other: Row) -> bool:
    series = ("root_symbol", "expiration", "multiplier")
    at_once = abs(one["quote_ts"] - other["quote_ts"]) <= timedelta(seconds=5)
    return at_once and all(one[name] == other[name] for name in series)


def next_to(row: Row, rows: list[Row], *, step: int) -> Row | None:
    """Return the usable contract of the same type that is next, if the two may be compared."""
    alike = [each for each in rows if is_usable(each) and each["option_type"] == row["option_type"]]
    place = next((at for at, each in enumerate(alike) if each is row), None)
    if place is None or not 0 <= place + step < len(alike):
        return None
    found = alike[place + step]
    return found if are_comparable(row, found) and found["strike"] != row["strike"] else None


def mate_of(row: Row, rows: list[Row]) -> Row | None:
    usable = [each for each in rows if is_usable(each)]
    for one, other in pairwise(usable):
        if row is one or row is other:
            types = (one["option_type"], other["option_type"])
            if types == ("call", "put") and one["strike"] == other["strike"] and are_comparable(one, other):
                return other if row is one else one
    return None


def is_alive(row: Row) -> bool:
    return row["time_to_expiry"] is None or row["time_to_expiry"] > 0


def breaks_order(row: Row, rows: list[Row]) -> bool:
    above = next_to(row, rows, step=-1 if row["option_type"] == "call" else 1)
    return above is not None and row["bid"] > above["ask"] + tick(row)


def breaks_convexity(row: Row, rows: list[Row]) -> bool:
    low, high = next_to(row, rows, step=-1), next_to(row, rows, step=1)
    if low is None or high is None or not are_comparable(low, high):
        return False
    weight = (high["strike"] - row["strike"]) / (high["strike"] - low["strike"])
    return bool(row["bid"] > weight * low["ask"] + (1 - weight) * high["ask"] + tick(row))


def breaks_parity(row: Row, rows: list[Row]) -> bool:
    mate = mate_of(row, rows)
    needed = ("forward_price", "discount_factor", "time_to_expiry")
    if mate is None or any(row[name] is None for name in needed) or row["mid"] is None or mate["mid"] is None:
        return False
    if row["spread"] is None or mate["spread"] is None:
        return False
    strike, discount = row["strike"], row["discount_factor"]
    forward = discount * row["forward_price"]
    synthetic = row["mid"] - mate["mid"] if row["option_type"] == "call" else mate["mid"] - row["mid"]
    is_american = row["exercise_style"] == "american"
    at_risk = strike if is_american else abs(row["forward_price"] - strike)
    allowed = (row["spread"] + mate["spread"]) / 2 + tick(row) + 0.01 * row["time_to_expiry"] * at_risk
    if not is_american:
        return bool(abs(synthetic - (forward - discount * strike)) > allowed)
    spots = [row["underlying_price"] if is_of_the_quote(row) else None, spot_of_options(rows)]
    highest = max(spot for spot in spots if spot is not None) - discount * strike
    return bool(synthetic < forward - strike - allowed or synthetic > highest + allowed)


def spot_of_options(rows: list[Row]) -> float | None:
    """Return the discounted forward of the first live contract, of one underlying."""
    for row in rows:
        is_live = row["time_to_expiry"] is not None and row["time_to_expiry"] > 0 and row["is_adjusted"] is False
        if is_live and row["forward_price"] is not None and row["discount_factor"] is not None:
            return float(row["forward_price"] * row["discount_factor"])
    return None


def is_of_the_quote(row: Row) -> bool:
    times = row["underlying_ts"], row["quote_ts"]
    return None not in times and abs(times[0] - times[1]) <= timedelta(seconds=5)


def tick(row: Row) -> float:
    return (0.01 if row["tick_size"] is None else float(row["tick_size"])) + TICK_SLACK


ACROSS: Final[dict[str, Callable[[Row, list[Row]], bool]]] = {
    "strike_order": breaks_order,
    "butterfly": breaks_convexity,
    "parity": breaks_parity,
}


def quoted_anew(row: int, bid: float, width: float) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        ask = round(bid + width, 2)
        mid = round((bid + ask) / 2, 6)
        return changed(frame, row, bid=bid, ask=ask, mid=mid, spread=round(ask - bid, 6))

    return change


def with_value(row: int, name: str, value: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: changed(frame, row, **{name: value})


ROWS: Final = st.integers(0, 23)
# To the cent, so that no bound is met but for rounding.
PRICES: Final = st.integers(1, 2500).map(lambda cents: cents / 100 + 0.003)
CHANGES: Final = st.one_of(
    st.builds(quoted_anew, ROWS, PRICES, st.sampled_from([-0.1, 0.0, 0.1, 0.5])),
    st.builds(quoted_anew, ROWS, PRICES, st.sampled_from([0.1])),
    st.builds(with_value, ROWS, st.just("quote_ts"), st.sampled_from([None, earlier(3), later(3), earlier(6)])),
    st.builds(with_value, ROWS, st.just("underlying_ts"), st.sampled_from([None, earlier(4), earlier(7)])),
    st.builds(with_value, ROWS, st.just("is_adjusted"), st.sampled_from([None, True])),
    st.builds(with_value, ROWS, st.just("multiplier"), st.sampled_from([None, 10])),
    st.builds(with_value, ROWS, st.just("root_symbol"), st.sampled_from([None, "XYZ", "XYZW"])),
    st.builds(with_value, ROWS, st.just("expiration"), st.sampled_from([None, date(2026, 12, 18)])),
    st.builds(with_value, ROWS, st.just("option_type"), st.sampled_from([None, "call", "put"])),
    st.builds(with_value, ROWS, st.just("exercise_style"), st.sampled_from([None, "american"])),
    st.builds(with_value, ROWS, st.just("strike"), st.sampled_from([None, 0.0, -1.0, 95.0, 97.5, 100.0, 110.0])),
    st.builds(with_value, ROWS, st.just("forward_price"), st.sampled_from([None, 97.003, 103.003])),
    st.builds(with_value, ROWS, st.just("underlying_price"), st.sampled_from([None, 97.003, 103.003])),
    st.builds(with_value, ROWS, st.just("time_to_expiry"), st.sampled_from([None, 0.0, 1.0])),
    st.builds(with_value, ROWS, st.just("tick_size"), st.sampled_from([None, 0.01])),
)
MARKETS: Final = st.sampled_from(
    [
        chain_of(strikes=[95.0, 100.0, 105.0]).extend(chain_of("XYZW", strikes=[95.0, 100.0, 105.0])),
        chain_of(strikes=[90.0, 95.0, 97.5, 100.0, 105.0, 110.0]),
        chain_of(strikes=[90.0, 95.0, 97.5, 100.0, 105.0, 110.0], style="american"),
    ]
)


@settings(max_examples=80)
@given(market=MARKETS, changes=st.lists(CHANGES, min_size=1, max_size=8))
@example(market=CHAIN, changes=[quoted_anew(4, 5.503, 0.1), with_value(5, "quote_ts", earlier(6))])
@example(market=CHAIN, changes=[with_value(4, "forward_price", 103.003)])
@example(market=CHAIN, changes=[quoted_anew(8, 3.503, 0.1)])
@example(market=CHAIN, changes=[quoted_anew(7, 0.013, 0.1), with_value(5, "quote_ts", None)])
def test_contracts_are_held_against_each_other_as_one_by_one(
    market: pl.DataFrame, changes: list[Callable[[pl.DataFrame], pl.DataFrame]]
) -> None:
    for change in changes:
        market = change(market)
    chain = market.sort("expiration", "root_symbol", "strike", "option_type", "contract_symbol")
    rows = chain.to_dicts()
    found = {(row, rule) for row, rule in told(validate(chain, AT)) if rule in ACROSS}
    assert found == {
        (place, rule)
        for place, row in enumerate(rows)
        for rule, is_broken in ACROSS.items()
        if is_alive(row) and is_usable(row) and is_broken(row, rows)
    }


GROUPS: Final = {rule.name: rule.group for rule in KINDS[0].rules}


def confidence_of(row: Row, *, groups: set[str] | None = None) -> int:
    """Return the seed's confidence of a judged row, over the rules of some groups."""
    errors, warnings = (
        [name for name in row[kind] if groups is None or GROUPS[name] in groups] for kind in ("errors", "warnings")
    )
    age = 0.0 if row["age_s"] is None else row["age_s"]
    percent = 75 if "delayed_feed" in row["warnings"] or age > 15 else 90 if age > 5 else 100
    # In hundredths, so that a half is one.
    return 0 if errors else (max(0, 100 - 5 * len(warnings)) * percent + 50) // 100


def label_of(confidence: int) -> str:
    bounds = ((90, "excellent"), (70, "good"), (40, "fair"), (0, "poor"))
    return next(label for least, label in bounds if confidence >= least)


AGES: Final = st.floats(0, 40).map(lambda seconds: earlier(round(seconds, 6)))


@settings(max_examples=25)
@given(
    chain=broken(CHAIN, KINDS[0]),
    received=st.lists(st.one_of(st.none(), AGES), min_size=CHAIN.height, max_size=CHAIN.height),
)
def test_confidence_is_the_sum_of_what_fires_times_the_factor_of_age(
    chain: pl.DataFrame, received: list[datetime | None]
) -> None:
    judged = validate(chain.with_columns(received_ts=pl.Series(received, dtype=pl.Datetime("us", "UTC"))), AT)
    for row, arrived in zip(judged.iter_rows(named=True), received, strict=True):
        assert row["confidence"] == confidence_of(row)
        assert row["quote_confidence"] == confidence_of(row, groups={"row", "quote"})
        assert row["greeks_confidence"] == confidence_of(row, groups={"row", "greeks"})
        assert row["quality"] == label_of(row["confidence"])
        assert row["is_stale"] == (row["age_s"] is not None and row["age_s"] > 5)
        assert row["age_s"] == (None if arrived is None else (AT - arrived).total_seconds())


@settings(max_examples=25)
@given(chain=broken(CHAIN, KINDS[0]), seed=st.integers(0, 1000))
def test_order_of_rows_does_not_matter_and_stays(chain: pl.DataFrame, seed: int) -> None:
    order = list(range(chain.height))
    shuffled = pl.Series(order).sample(fraction=1.0, shuffle=True, seed=seed)
    before, after = validate(chain, AT), validate(chain[shuffled], AT)
    assert after.equals(before[shuffled])


@settings(max_examples=25)
@given(
    start=st.datetimes(datetime(2026, 10, 26), datetime(2026, 12, 4)),  # noqa: DTZ001  # of UTC, which is added
    minutes=st.lists(st.integers(0, 20 * 24 * 60), min_size=1, max_size=5),
)
def test_ages_count_open_minutes(start: datetime, minutes: list[int]) -> None:
    start = start.replace(second=0, microsecond=0, tzinfo=UTC)
    now = start + timedelta(minutes=max(minutes))
    received = [start + timedelta(minutes=each) for each in minutes]
    frame = (
        INDICES.head(1)
        .select(pl.all().exclude("received_ts"))
        .join(pl.DataFrame({"received_ts": received}), how="cross")
    )
    judged = validate(frame.with_columns(pl.col("received_ts").cast(pl.Datetime("us", "UTC"))), now)
    assert judged.get_column("age_s").to_list() == [60.0 * _open_minutes(each, now) for each in received]


def _open_minutes(start: datetime, end: datetime) -> int:
    """Return how many minutes from 09:30 to 16:15 New York, of sessions, lie between two whole minutes."""
    counted = 0
    while start < end:
        # The clocks went back on 1 November 2026.
        local = start - timedelta(hours=4 if start < datetime(2026, 11, 1, 6, tzinfo=UTC) else 5)
        is_half = local.date() in {date(2026, 11, 27), date(2026, 12, 24)}
        is_session = local.weekday() < 5 and local.date() not in {date(2026, 11, 26), date(2026, 12, 25)}
        of_day = 60 * local.hour + local.minute
        counted += is_session and 570 <= of_day < (795 if is_half else 975)
        start += timedelta(minutes=1)
    return counted
