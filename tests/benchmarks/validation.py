"""Validation of a chain: every rule, confidence and lists of names, against pandera and against numpy by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from quantdata import Client, validate
from quantdata.frames import columns
from quantdata.validation import schemas
from quantdata.validation.chain_rules import IDENTITY
from quantdata.validation.kinds import CHAIN
from quantdata.validation.rule import FINITE
from tests.benchmarks.payloads import CLOCK
from tests.benchmarks.runner import Comparison, interleaved

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from numpy.typing import NDArray
    from pandera.api.polars.types import PolarsData

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["run"]

ROWS: Final = (250, 10_000)
OURS: Final = "quantdata.validate: all rules, confidence, names"
PANDERA: Final = "pandera lazy: the same rules, rows prepared"
SCHEMAS: Final = "pandera lazy: schemas.CHAIN, no notes"
NUMPY: Final = "numpy by hand: the same columns"


def run(*, rounds: int) -> list[Comparison]:
    """Compare both sizes; the answers are held to each other first."""
    with Client("sim", clock=CLOCK) as client:
        whole = client.chain("SPY")
    return [_compared(_rows(whole, count), rounds=rounds) for count in ROWS]


def _rows(whole: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return so many rows in order: one page, as a vendor sends it, or the whole chain, some rows twice."""
    enough = pl.concat([whole] * -(-count // whole.height)).head(count)
    return _troubled(enough.sort(CHAIN.sort)).rechunk()


def _troubled(chain: pl.DataFrame) -> pl.DataFrame:
    """Return a chain with something wrong in one row of ten: the simulator's is healthy."""
    row = pl.int_range(pl.len())
    return chain.with_columns(
        source=pl.when(row % 15 == 0).then(pl.lit("hybrid", chain.schema["source"])).otherwise("source"),
        delta=pl.when(row % 40 == 1).then(1.5).otherwise("delta"),
        implied_volatility=pl.when(row % 100 == 2).then(None).otherwise("implied_volatility"),
    )


def _compared(chain: pl.DataFrame, *, rounds: int) -> Comparison:
    now = _newest(chain)
    prepared = _prepared(chain, now)
    own = _plain_schema()
    _check(chain, prepared, own, now)
    times = interleaved(
        {
            OURS: lambda: validate(chain, now),
            PANDERA: lambda: _failures(own, prepared),
            SCHEMAS: lambda: _failures(schemas.CHAIN, chain),
            NUMPY: lambda: by_hand(chain, now),
        },
        rounds=3 * rounds,
    )
    return Comparison(
        f"Validation of {chain.height:,} rows",
        f"{len(CHAIN.rules)} rules, simulated SPY chain, a row of ten with something wrong, in memory, one process",
        "ms",
        times,
        {PANDERA: ">= 20x", NUMPY: ">= 0.5x"},
    )


def _newest(chain: pl.DataFrame) -> datetime:
    newest = chain.get_column("received_ts").max()
    assert newest is not None
    return newest  # type: ignore[return-value]  # of a column of times


def _check(chain: pl.DataFrame, prepared: pl.DataFrame, own: pa.DataFrameSchema, now: datetime) -> None:
    """Raise unless all ways come to the same."""
    ours = validate(chain, now)
    by_numpy = by_hand(chain, now)
    assert by_numpy.equals(ours.select(by_numpy.columns))
    assert _failures(own, prepared) == _told(ours, "errors", "warnings", "notes") > 0
    assert _failures(schemas.CHAIN, ours) == _told(ours, "errors", "warnings")


def _told(judged: pl.DataFrame, *severities: str) -> int:
    return int(judged.select(pl.concat_list(severities).list.len().sum()).item())


# --- pandera ----------------------------------------------------------------------------------------------------------


def _prepared(chain: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return the rows that rules see: aged, in order, finite, with bounds and neighbours."""
    return CHAIN.prepare(validate(chain, now).sort(CHAIN.sort))


def _plain_schema() -> pa.DataFrameSchema:
    """Return the rules as plain expressions over columns that are there: pandera pays for its own way alone."""

    def check(passes: pl.Expr) -> Callable[[PolarsData], pl.LazyFrame]:
        return lambda data: data.lazyframe.select(passes)

    return pa.DataFrameSchema(
        {column.name: pa.Column(column.dtype, nullable=True) for column in columns.CHAIN},
        checks=[
            pa.Check(check((~rule.fires).alias(rule.name)), name=rule.name, ignore_na=False) for rule in CHAIN.rules
        ],
    )


def _failures(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> int:
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        return int(errors.failure_cases.height)
    return 0


# --- numpy ------------------------------------------------------------------------------------------------------------

NUMBERS: Final = (*CHAIN.numbers, "dte", "multiplier", "bid_size", "ask_size", "last_size", "volume", "open_interest")
ENUMS: Final = (
    "option_type",
    "exercise_style",
    "quote_source",
    "iv_source",
    "greeks_source",
    "quote_feed",
    "greeks_feed",
    "feed",
    "source",
)
TIMES: Final = ("underlying_ts", "quote_ts", "last_ts", "iv_ts", "greeks_ts", "snapshot_ts", "received_ts")
CALL: Final = 0
AMERICAN: Final = 0
MASSIVE: Final = 0
HYBRID: Final = 2
SIMULATED: Final = 0
LATE: Final = (1, 2)
SECOND: Final = 1e6


def by_hand(chain: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return the columns of quality as numpy gives them: one array a rule, of rows in canonical order."""
    with np.errstate(all="ignore"):
        of = _arrays(chain)
        flags = _flags(of, chain, _neighbours(of))
    mask = np.zeros(chain.height, dtype=np.uint64)
    for bit, (*_, fires) in enumerate(flags):
        mask |= fires.astype(np.uint64) << np.uint64(bit)
    masks, places = np.unique(mask, return_inverse=True)
    fired = [[flag for bit, flag in enumerate(flags) if int(each) >> bit & 1] for each in masks]
    age = now.timestamp() - of["received_ts"] / SECOND
    factors = np.where(age > 15, 0.75, np.where(age > 5, 0.9, 1.0))
    factors = np.where(_is_delayed(of), 0.75, factors)
    confidences = {
        name: _confidence(fired, places, factors, groups=groups)
        for name, groups in {
            "confidence": {"row", "quote", "greeks", "trade", "day", "interest"},
            "quote_confidence": {"row", "quote"},
            "greeks_confidence": {"row", "greeks"},
        }.items()
    }
    labels = np.array(["poor", "fair", "good", "excellent"])
    label = pl.Series(labels).cast(columns.QUALITY_LABEL)
    texts = {
        f"{severity}s": pl.Series([[n for n, s, *_ in each if s == severity] for each in fired], dtype=columns.TEXTS)
        for severity in ("error", "warning", "note")
    }
    return pl.DataFrame(
        {
            **confidences,
            "quality": label.gather(np.searchsorted([40, 70, 90], confidences["confidence"], side="right")),
            "is_stale": age > 5,
            **{name: series.gather(places) for name, series in texts.items()},
        }
    )


Flag = tuple[str, str, str, "Flags"]


def _confidence(fired: list[list[Flag]], places: NDArray[np.intp], factors: Floats, *, groups: set[str]) -> Floats:
    points = []
    for flags in fired:
        severities = [severity for _, severity, group, _ in flags if group in groups]
        points.append(0 if "error" in severities else max(0, 100 - 5 * severities.count("warning")))
    rounded: Floats = np.floor(np.array(points)[places] * factors + 0.5).astype(np.uint8)
    return rounded


def _arrays(chain: pl.DataFrame) -> dict[str, Floats]:
    taken = chain.select(
        pl.col(NUMBERS).cast(pl.Float64),
        pl.col(ENUMS).to_physical().cast(pl.Float64),
        pl.col(TIMES).cast(pl.Float64),
        (pl.col("root_symbol").rle_id() + pl.col("expiration").rle_id()).cast(pl.Float64).alias("run"),
        pl.col("is_adjusted", "day_session").cast(pl.Float64),
        pl.when((pl.col("time_to_expiry") > 0) & ~pl.col("is_adjusted"))
        .then(pl.col("forward_price") * pl.col("discount_factor"))
        .drop_nulls()
        .first()
        .over("underlying_symbol")
        .alias("spot"),
    )
    return {series.name: series.to_numpy() for series in taken}


def _is_delayed(of: dict[str, Floats]) -> Flags:
    greeks = np.where(of["greeks_source"] == MASSIVE, of["greeks_feed"], np.nan)
    known = greeks[~np.isnan(greeks)]
    row = np.where(of["feed"] == SIMULATED, known[0] if known.size else np.nan, of["feed"])
    feed = np.where(np.isnan(of["quote_feed"]), np.where(np.isnan(greeks), row, greeks), of["quote_feed"])
    is_late: Flags = (feed == LATE[0]) | (feed == LATE[1])
    return is_late


def _neighbours(of: dict[str, Floats]) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the ask that dominates, that of the wings, call less put, and their half-spreads."""
    bid, ask, strike, quoted = of["bid"], of["ask"], of["strike"], of["quote_ts"]
    is_call = of["option_type"] == CALL
    is_usable = (bid > 0) & (ask >= bid) & (of["is_adjusted"] == 0) & (strike > 0)
    is_usable &= ~np.isnan(quoted) & ~np.isnan(of["option_type"])
    dominating, wings, synthetic, width = np.full((4, bid.size), np.nan)

    def alike(one: NDArray[np.intp], other: NDArray[np.intp]) -> Flags:
        are_alike: Flags = (of["run"][one] == of["run"][other]) & (of["multiplier"][one] == of["multiplier"][other])
        are_alike &= np.abs(quoted[one] - quoted[other]) <= 5 * SECOND
        return are_alike

    for kind, step in ((is_call, -1), (~is_call, 1)):
        rows = np.flatnonzero(kind & is_usable)
        is_next = alike(rows[:-1], rows[1:]) & (strike[rows[:-1]] < strike[rows[1:]])
        lower, higher = rows[:-1][is_next], rows[1:][is_next]
        one, other = (higher, lower) if step < 0 else (lower, higher)
        dominating[one] = ask[other]
        middle = np.flatnonzero(is_next[:-1] & is_next[1:]) + 1
        low, body, high = rows[middle - 1], rows[middle], rows[middle + 1]
        weight = (strike[high] - strike[body]) / (strike[high] - strike[low])
        is_at_once = np.abs(quoted[low] - quoted[high]) <= 5 * SECOND
        wings[body] = np.where(is_at_once, weight * ask[low] + (1 - weight) * ask[high], np.nan)
    rows = np.flatnonzero(is_usable)
    one, other = rows[:-1], rows[1:]
    is_pair = alike(one, other) & (strike[one] == strike[other]) & is_call[one] & ~is_call[other]
    call, put = one[is_pair], other[is_pair]
    synthetic[call] = synthetic[put] = of["mid"][call] - of["mid"][put]
    width[call] = width[put] = (of["spread"][call] + of["spread"][put]) / 2
    return dominating, wings, synthetic, width


def _flags(of: dict[str, Floats], chain: pl.DataFrame, neighbours: tuple[Floats, Floats, Floats, Floats]) -> list[Flag]:
    dominating, wings, synthetic, width = neighbours
    bid, ask, mid, spread, percent = (of[name] for name in ("bid", "ask", "mid", "spread", "spread_percent"))
    iv, model, years, strike = (of[name] for name in ("implied_volatility", "model_iv", "time_to_expiry", "strike"))
    forward, discount, delta = of["forward_price"], of["discount_factor"], of["delta"]
    is_alive, is_two_sided = ~(years <= 0), (bid > 0) & (ask > 0)
    is_call, is_put = of["option_type"] == CALL, of["option_type"] == CALL + 1
    is_american, has_quote = of["exercise_style"] == AMERICAN, ~np.isnan(of["quote_source"])
    tick = np.where(np.isnan(of["tick_size"]), 0.01, of["tick_size"])
    sign = np.where(is_call, 1.0, np.where(is_put, -1.0, np.nan))
    is_of_quote = np.abs(of["underlying_ts"] - of["quote_ts"]) <= 5 * SECOND
    forward_today, strike_today = discount * forward, discount * strike
    spots = np.where(is_of_quote, of["underlying_price"], np.nan), of["spot"]
    from_forward = 0.01 * years * np.abs(forward - strike)
    slack = np.where(is_american, 0.01 * years * strike, from_forward)
    exercised = [np.where(is_american, sign * (spot - strike), np.nan) for spot in spots]
    held = np.where(np.isnan(forward), np.nan, np.fmax(sign * (forward_today - strike_today), 0.0))
    bound = np.where(np.isnan(held), np.nan, np.fmax(held, np.fmin(*exercised)))
    most = np.where(np.isnan(held), np.nan, np.fmax(held, np.fmax(*exercised)))
    low = np.where(is_american, forward_today - strike, forward_today - strike_today)
    high = np.where(is_american, np.fmax(*spots), forward_today) - strike_today
    allowed = width + tick + 1e-9 + slack
    deviation = np.where(np.isnan(model), iv, model) * np.sqrt(years)
    d1 = np.log(forward / strike) / deviation + deviation / 2
    vega = forward_today * np.exp(-(d1**2) / 2) / math.sqrt(2 * math.pi) * np.sqrt(years)
    half_width = (np.where(spread >= 0, spread, np.nan) / 2 + from_forward) / vega
    on_request = (of["iv_source"] == of["quote_source"]) & (np.abs(of["snapshot_ts"] - of["quote_ts"]) <= 60 * SECOND)
    is_at_once = np.where(np.isnan(of["iv_ts"]), on_request, np.abs(of["iv_ts"] - of["quote_ts"]) <= 5 * SECOND)
    is_off = (iv - model < -2 * half_width - 0.01) | (iv - model > half_width + 0.01)
    has_time_value = is_two_sided & (mid - most >= np.maximum(2 * tick, np.where(is_american, 0.05, 0.0)))
    has_iv = ~np.isnan(iv) | ~np.isnan(model)
    is_wide = is_alive & (spread > 2 * tick + 1e-6)
    lacks = [chain.get_column(name).is_null().to_numpy() for name in IDENTITY if chain.get_column(name).null_count()]
    infinite = [name for name in CHAIN.numbers if not np.isfinite(np.nansum(of[name]))]
    assert not infinite
    nothing = np.zeros(bid.size, dtype=np.bool_)
    latest = of["snapshot_ts"] + 60 * SECOND
    day = ("open", "high", "low", "close", "prev_close", "vwap", "volume")
    flags: dict[str, Flags] = {
        FINITE: nothing,
        "missing_identity": np.any(lacks, axis=0) if lacks else nothing,
        "bad_strike": strike <= 0,
        "unknown_option_type": np.isnan(of["option_type"]),
        "timestamp_in_future": _any(of[name] > latest for name in TIMES[:5]),
        "too_old": nothing,
        "negative_price": (bid < 0) | (ask < 0),
        "negative_size": (of["bid_size"] < 0) | (of["ask_size"] < 0),
        "crossed_quote": is_two_sided & (bid > ask),
        "negative_trade": (of["last"] < 0) | (of["last_size"] < 0),
        "negative_day": _any(of[name] < 0 for name in day),
        "negative_open_interest": of["open_interest"] < 0,
        "delta_out_of_range": np.abs(delta) > 1 + 1e-6,
        "delta_sign": (is_call & (delta < -1e-6)) | (is_put & (delta > 1e-6)),
        "negative_greek": (of["gamma"] < -1e-6) | (of["vega"] < -1e-6),
        "negative_iv": (iv < 0) | (of["bid_iv"] < 0) | (of["ask_iv"] < 0),
        "no_quote": ~has_quote & has_quote.any() & is_alive,
        "wide_spread": is_wide & (percent > 20) & (percent <= 50),
        "very_wide_spread": is_wide & (percent > 50),
        "ask_below_bound": is_alive & (ask > 0) & (ask + tick + slack + 1e-6 < bound),
        "strike_order": is_alive & (bid > dominating + tick + 1e-9),
        "butterfly": is_alive & (bid > wings + tick + 1e-9),
        "parity": is_alive & ((synthetic < low - allowed) | (synthetic > high + allowed)),
        "missing_iv": is_alive & ~has_iv & has_time_value,
        "high_iv": (iv > 3) & (of["dte"] >= 2),
        "iv_off_quote": is_at_once & (years > 1 / 365) & is_off & (iv >= 0),
        "delayed_feed": _is_delayed(of),
        "filled": of["source"] == HYBRID,
        "expired": ~is_alive,
        "adjusted": of["is_adjusted"] == 1,
        "one_sided": has_quote & ~is_two_sided & is_alive,
        "quiet_quote": np.nanmax(of["quote_ts"], initial=0) - of["quote_ts"] > 900 * SECOND,
        "zero_volume": (of["volume"] == 0) | (of["day_session"] < np.nanmax(of["day_session"], initial=0)),
        "zero_open_interest": of["open_interest"] == 0,
        "iv_not_computable": ~has_iv & has_quote & ~has_time_value & is_alive,
    }
    return [(rule.name, rule.severity, rule.group, flags[rule.name]) for rule in CHAIN.rules]


def _any(flags: object) -> Flags:
    return np.logical_or.reduce(list(flags))  # type: ignore[call-overload,no-any-return]
