from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from quantdata.client import Client
from quantdata.frames.columns import CHAIN, empty, schema
from quantdata.frames.model import OF_THE_QUOTE, repriced, volatilities, with_model
from quantdata.frames.provenance import canonical
from quantdata.pricing import (
    Dividends,
    RateCurve,
    black76_greeks,
    black76_price,
    bsm_greeks,
    lattice_greeks,
    lattice_price,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RATE = 0.04
RATES = RateCurve.of(RATE)
NOW = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)  # a Wednesday, 11:00 in New York
EX_DATE, DIVIDEND = date(2026, 12, 18), 1.8
DIVIDENDS = pl.DataFrame({"ex_date": [EX_DATE], "amount": [DIVIDEND]})
TO_EX_DATE = (datetime(2026, 12, 18, 14, 30, tzinfo=UTC) - NOW) / timedelta(days=365)
GREEKS = ["delta", "gamma", "theta", "vega", "rho"]
GREEKS_GROUP = [*GREEKS, "greeks_ts", "greeks_source", "greeks_feed"]


def smile(strike: Floats, forward: float) -> Floats:
    return np.asarray(0.2 + 0.5 * np.log(strike / forward) ** 2 - 0.1 * np.log(strike / forward), dtype=np.float64)


def series(
    strikes: list[float],
    *,
    days: float = 60.0,
    root: str = "SPX",
    underlying: str = "SPX",
    forward: float = 100.5,
    spot: float | None = 100.0,
    style: str = "european",
    dividends: Dividends | None = None,
    **columns: Any,
) -> pl.DataFrame:
    """Return a canonical series of calls and puts that are priced fairly: each quote is a cent on each side of that."""
    strike = np.repeat(np.array(strikes), 2)
    is_call = np.tile([True, False], len(strikes))
    years = days / 365.0
    discount = np.exp(-RATE * years)
    terms = {"discount": discount, "time_to_expiry": years, "volatility": smile(strike, forward), "is_call": is_call}
    if style == "european":
        price = black76_price(forward, strike, **terms)
    else:
        assert spot is not None
        schedule = Dividends.of([], []) if dividends is None else dividends
        price = lattice_price(spot, forward, strike, **terms, dividends=schedule)
    rows = pl.DataFrame(
        {
            "underlying_symbol": underlying,
            "root_symbol": root,
            "expiration": (NOW + timedelta(days=days)).date(),
            "strike": strike,
            "option_type": np.where(is_call, "call", "put"),
            "contract_symbol": [f"{root}-{each}" for each in range(strike.size)],
            "multiplier": 100,
            "is_adjusted": False,
            "exercise_style": style,
            "time_to_expiry": years,
            "tick_size": 0.01,
            "underlying_price": spot,
            "underlying_source": None if spot is None else "massive",
            "bid": price - 0.01,
            "ask": price + 0.01,
            "mid": price,
            "spread": 0.02,
            "quote_ts": NOW,
            "quote_source": "massive",
            "quote_feed": "realtime",
            "snapshot_ts": NOW,
        }
    )
    return as_chain(rows.with_columns(**{name: pl.lit(value) for name, value in columns.items()}))


def as_chain(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(canonical(CHAIN, rows.columns))


STRIKES = [80.0, 85.0, 90.0, 95.0, 100.0, 105.0, 110.0, 115.0, 120.0]


def modelled(chain: pl.DataFrame, **arguments: Any) -> pl.DataFrame:
    frame = with_model(chain, rates=RATES, **arguments)
    assert frame.schema == schema(CHAIN)
    assert frame.select("contract_symbol", "bid", "ask").equals(chain.select("contract_symbol", "bid", "ask"))
    numbers = frame.select(pl.selectors.float())
    assert not numbers.select(pl.any_horizontal(pl.all().is_nan() | pl.all().is_infinite()).any()).item()
    return frame


def column(frame: pl.DataFrame, name: str) -> Floats:
    return frame.get_column(name).to_numpy()


def first_put(frame: pl.DataFrame, strike: float) -> dict[str, Any]:
    return frame.row(by_predicate=(pl.col("strike") == strike) & (pl.col("option_type") == "put"), named=True)


# --- European options -----------------------------------------------------------------------------------------------


def test_a_european_series_gets_its_forward_its_discount_and_its_smile_back() -> None:
    frame = modelled(series(STRIKES))
    assert column(frame, "forward_price") == pytest.approx(100.5, abs=1e-9)
    assert column(frame, "discount_factor") == pytest.approx(np.exp(-RATE * 60 / 365))
    assert column(frame, "model_iv") == pytest.approx(smile(column(frame, "strike"), 100.5), abs=1e-9)


def test_greeks_nobody_gave_are_those_on_the_spot() -> None:
    # The nearest series says what the spot is; the next one has a forward of its own.
    near = series(STRIKES, days=30.0, forward=100.0 * np.exp(0.04 * 30 / 365), root="SPXW")
    frame = modelled(pl.concat([near, series(STRIKES, days=90.0, forward=100.6)]))
    far = frame.filter(pl.col("root_symbol") == "SPX")
    years = 90.0 / 365.0
    expected = bsm_greeks(
        100.0,
        column(far, "strike"),
        time_to_expiry=years,
        volatility=smile(column(far, "strike"), 100.6),
        is_call=column(far, "option_type") == "call",
        rate=RATE,
        dividend_yield=RATE - np.log(1.006) / years,
    )
    for name in GREEKS:
        assert column(far, name) == pytest.approx(getattr(expected, name), abs=1e-7)
    assert far.get_column("greeks_source").unique().to_list() == ["model"]
    assert far.get_column("greeks_ts").unique().to_list() == [NOW]
    assert far.get_column("greeks_feed").unique().to_list() == ["realtime"]


def test_two_roots_of_one_date_and_strike_do_not_mix() -> None:
    chain = pl.concat([series(STRIKES, root="SPX", forward=100.5), series(STRIKES, root="SPXW", forward=100.9)])
    frame = modelled(chain)
    forwards = frame.group_by("root_symbol").agg(pl.col("forward_price").unique().first()).sort("root_symbol")
    assert column(forwards, "forward_price") == pytest.approx([100.5, 100.9], abs=1e-9)


def test_a_volatility_index_has_a_forward_by_pairs_and_no_spot() -> None:
    chain = series(STRIKES, root="VIX", underlying="VIX", spot=None)
    frame = modelled(chain)
    assert frame.get_column("underlying_price").null_count() == frame.height
    assert column(frame, "forward_price") == pytest.approx(100.5, abs=1e-9)
    expected = black76_greeks(
        100.5,
        column(frame, "strike"),
        time_to_expiry=60 / 365,
        volatility=column(frame, "model_iv"),
        is_call=column(frame, "option_type") == "call",
        discount=np.exp(-RATE * 60 / 365),
    )
    assert column(frame, "delta") == pytest.approx(expected.delta, abs=1e-9)


def test_without_a_pair_a_volatility_index_has_no_forward_and_others_carry_their_spot() -> None:
    calls = pl.col("option_type") == "call"
    index = modelled(series(STRIKES, root="VIX", underlying="VIX", spot=14.0).filter(calls))
    assert index.get_column("forward_price").null_count() == index.height
    assert index.get_column("model_iv").null_count() == index.height
    fund = modelled(series(STRIKES, forward=100.0 * np.exp(RATE * 60 / 365)).filter(calls))
    assert column(fund, "forward_price") == pytest.approx(100.0 * np.exp(RATE * 60 / 365))
    assert fund.get_column("model_iv").null_count() == 0


# --- which quotes are a pair ----------------------------------------------------------------------------------------


def later_calls(by: timedelta, chain: pl.DataFrame, *, at: pl.Expr | bool = True) -> pl.DataFrame:
    """Return a chain whose puts, where told, were quoted so much before its calls."""
    is_late = (pl.col("option_type") == "put") & at
    return chain.with_columns(quote_ts=pl.when(is_late).then(pl.col("quote_ts") - by).otherwise("quote_ts"))


def volatility_index(**columns: Any) -> pl.DataFrame:
    """Return a series whose forward comes from pairs or not at all."""
    return series(STRIKES, root="VIX", underlying="VIX", spot=None, **columns)


def dearer(chain: pl.DataFrame, *, option_type: str, by: float, at: pl.Expr | bool = True) -> pl.DataFrame:
    is_dear = (pl.col("option_type") == option_type) & at
    return chain.with_columns(
        pl.when(is_dear).then(pl.col(name) + by).otherwise(name) for name in ("bid", "ask", "mid")
    )


def test_where_any_pair_is_of_one_instant_the_others_have_no_say() -> None:
    is_prompt = pl.col("strike") == 100.0
    chain = dearer(volatility_index(), option_type="put", by=1.0, at=~is_prompt)
    apart = modelled(later_calls(timedelta(seconds=6), chain, at=~is_prompt))
    assert column(apart, "forward_price") == pytest.approx(100.5, abs=1e-9)
    together = modelled(later_calls(timedelta(seconds=5), chain, at=~is_prompt))
    assert (column(together, "forward_price") < 99.6).all()


@pytest.mark.parametrize("gap", [timedelta(seconds=6), timedelta(minutes=15), timedelta(hours=1, minutes=30)], ids=str)
def test_where_no_pair_is_of_one_instant_the_quotes_that_stand_are_pairs(gap: timedelta) -> None:
    frame = modelled(later_calls(gap, volatility_index()))
    # The put is priced where it was quoted: with that much longer to go it is worth a little more.
    assert column(frame, "forward_price") == pytest.approx(100.5, abs=0.01)
    assert frame.get_column("model_iv").null_count() == 0


def test_quotes_of_two_sessions_are_no_pair() -> None:
    frame = modelled(later_calls(timedelta(hours=19), volatility_index()))  # 16:00 of the day before
    assert frame.get_column("forward_price").null_count() == frame.height


def test_quotes_that_stand_pair_up_when_the_market_is_closed() -> None:
    night = datetime(2026, 11, 18, 23, 0, tzinfo=UTC)
    last = datetime(2026, 11, 18, 20, 59, tzinfo=UTC)
    chain = volatility_index(quote_ts=last, snapshot_ts=night)
    frame = modelled(later_calls(timedelta(minutes=4), chain.with_columns(time_to_expiry=60 / 365 - 7 / 24 / 365)))
    assert column(frame, "forward_price") == pytest.approx(100.5, abs=0.02)


@pytest.mark.parametrize(
    "change",
    [
        {"bid": 0.0, "mid": None, "spread": None},
        {"spread": -0.01},
    ],
    ids=["one side", "crossed"],
)
def test_a_quote_that_is_not_two_sided_or_is_crossed_does_not_stand(change: dict[str, Any]) -> None:
    chain = later_calls(timedelta(seconds=6), volatility_index())
    is_put = pl.col("option_type") == "put"
    frame = modelled(chain.with_columns(pl.when(is_put).then(v).otherwise(n).alias(n) for n, v in change.items()))
    assert frame.get_column("forward_price").null_count() == frame.height


def test_quotes_that_only_stand_tell_a_forward_but_no_spot_that_is_known_better() -> None:
    # The nearest series' quotes stand, at 101 instead of 100; the next one's are of one instant.
    near = later_calls(
        timedelta(seconds=6), series(STRIKES, days=30.0, forward=101.0 * np.exp(0.04 * 30 / 365), root="SPXW")
    )
    far = series(STRIKES, days=90.0, forward=100.0 * np.exp(0.04 * 90 / 365))
    nobody_s = {"underlying_price": pl.lit(None, pl.Float64), "underlying_source": pl.lit(None, pl.String)}
    for chain, spot in (
        (pl.concat([near, far]).with_columns(**nobody_s), 100.0),
        (near, 100.0),  # as the chain has it
        (near.with_columns(**nobody_s), 101.0),
    ):
        frame = modelled(chain.select(canonical(CHAIN, chain.columns)))
        assert column(frame, "underlying_price") == pytest.approx(spot, abs=1e-3)
        some = frame.filter(root_symbol="SPXW")
        assert column(some, "forward_price") == pytest.approx(101.0 * np.exp(0.04 * 30 / 365), abs=1e-3)


# --- American options -----------------------------------------------------------------------------------------------


def american(days: float, *, spot: float | None = 100.0, with_dividend: bool = True, **columns: Any) -> pl.DataFrame:
    years = days / 365.0
    cash = DIVIDEND * np.exp(-RATE * TO_EX_DATE) if with_dividend and years > TO_EX_DATE else 0.0
    return series(
        STRIKES,
        days=days,
        root="AAPL",
        underlying="AAPL",
        forward=float((100.0 - cash) * np.exp(RATE * years)),
        spot=100.0,
        style="american",
        dividends=Dividends.of([TO_EX_DATE], [DIVIDEND]) if with_dividend else None,
        **({} if spot is not None else {"underlying_price": None, "underlying_source": None}),
        **columns,
    )


def test_an_american_chain_with_a_dividend_gets_its_smile_back() -> None:
    chain = pl.concat([american(9.0), american(100.0), american(400.0)])
    frame = modelled(chain, dividends=DIVIDENDS)
    for days, cash in ((9.0, 0.0), (100.0, 1.0), (400.0, 1.0)):
        some = frame.filter(pl.col("time_to_expiry") == days / 365.0)
        forward = (100.0 - cash * DIVIDEND * np.exp(-RATE * TO_EX_DATE)) * np.exp(RATE * days / 365.0)
        assert column(some, "forward_price") == pytest.approx(forward, abs=0.01)
        priced = some.drop_nulls("model_iv")
        assert priced.height >= 5
        assert column(priced, "model_iv") == pytest.approx(smile(column(priced, "strike"), forward), abs=1e-3)


def test_american_greeks_are_those_of_the_lattice() -> None:
    chain = pl.concat([american(9.0), american(100.0)])
    frame = modelled(chain, dividends=DIVIDENDS).filter(pl.col("time_to_expiry") > 0.1).drop_nulls("model_iv")
    years = 100.0 / 365.0
    discount = np.exp(-RATE * years)
    forward = (100.0 - DIVIDEND * np.exp(-RATE * TO_EX_DATE)) / discount
    expected = lattice_greeks(
        100.0,
        forward,
        column(frame, "strike"),
        discount=discount,
        time_to_expiry=years,
        volatility=smile(column(frame, "strike"), forward),
        is_call=column(frame, "option_type") == "call",
        dividends=Dividends.of([TO_EX_DATE], [DIVIDEND]),
    )
    assert column(frame, "delta") == pytest.approx(expected.delta, abs=3e-3)
    assert column(frame, "vega") == pytest.approx(expected.vega, abs=3e-3)
    assert column(frame, "theta") == pytest.approx(expected.theta, abs=1e-3)


def test_a_missing_underlying_price_is_that_of_the_nearest_live_series() -> None:
    expired = american(9.0, spot=None, time_to_expiry=0.0, expiration=date(2026, 11, 17))
    chain = pl.concat([expired, american(50.0, spot=None), american(400.0, spot=None)])
    frame = modelled(chain, dividends=DIVIDENDS)
    assert column(frame, "underlying_price") == pytest.approx(100.0, abs=0.02)
    assert frame.get_column("underlying_source").unique().to_list() == ["model"]
    assert frame.get_column("underlying_ts").unique().to_list() == [NOW]
    assert column(frame, "moneyness") == pytest.approx(column(frame, "strike") / column(frame, "underlying_price"))


def test_a_price_of_the_underlying_that_a_vendor_gave_stays() -> None:
    frame = modelled(american(50.0), dividends=DIVIDENDS)
    assert frame.get_column("underlying_price").unique().to_list() == [100.0]
    assert frame.get_column("underlying_source").unique().to_list() == ["massive"]


def test_without_a_schedule_what_the_forward_says_is_a_yield() -> None:
    years = 200.0 / 365.0
    chain = series(
        STRIKES,
        days=200.0,
        root="AAPL",
        underlying="AAPL",
        forward=float(100.0 * np.exp((RATE - 0.02) * years)),
        style="american",
    )
    near = american(9.0, with_dividend=False)
    frame = modelled(pl.concat([near, chain])).filter(pl.col("time_to_expiry") > 0.1).drop_nulls("model_iv")
    forward = 100.0 * np.exp((RATE - 0.02) * years)
    assert column(frame, "model_iv") == pytest.approx(smile(column(frame, "strike"), forward), abs=1e-3)


def test_an_american_option_without_time_value_over_exercise_has_no_volatility() -> None:
    frame = modelled(american(9.0, with_dividend=False))
    assert first_put(frame, 120.0)["model_iv"] is None  # exercised now
    assert first_put(frame, 120.0)["delta"] is None
    assert first_put(frame, 100.0)["model_iv"] is not None


# --- what cannot be priced ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"time_to_expiry": 0.0},
        {"time_to_expiry": None},
        {"time_to_expiry": float("nan")},
        {"is_adjusted": True},
        {"is_adjusted": None},
        {"mid": None, "spread": None},
        {"mid": float("nan")},
        {"spread": -0.01},
        {"spread": float("nan")},
        {"strike": float("nan")},
        {"strike": None},
        {"option_type": None},
        {"exercise_style": None},
        {"exercise_style": "bermudan"},
        {"quote_ts": datetime(1999, 6, 1, 16, 0, tzinfo=UTC)},
    ],
    ids=str,
)
def test_what_cannot_be_priced_has_no_volatility_and_no_greeks(change: dict[str, Any]) -> None:
    chain = series(STRIKES).with_columns(
        pl.lit(value).cast(dict(schema(CHAIN))[name]).alias(name) for name, value in change.items()
    )
    frame = with_model(chain, rates=RATES)
    assert frame.schema == schema(CHAIN)
    for name in ("model_iv", "implied_volatility", "iv_source", *GREEKS_GROUP):
        assert frame.get_column(name).null_count() == frame.height


def test_an_adjusted_series_has_no_forward_and_leaves_the_others_alone() -> None:
    chain = pl.concat([series(STRIKES), series(STRIKES, multiplier=150, is_adjusted=True)])
    frame = modelled(chain)
    assert frame.filter("is_adjusted").get_column("forward_price").null_count() == 2 * len(STRIKES)
    assert frame.filter(~pl.col("is_adjusted")).get_column("model_iv").null_count() == 0


def test_a_european_option_needs_two_ticks_of_time_value_in_the_money_and_half_a_tick_out_of_it() -> None:
    for tick, side in ((0.1, "call"), (0.4, "put")):
        frame = modelled(series(STRIKES, tick_size=tick)).filter(option_type=side)
        sign = 1.0 if side == "call" else -1.0
        intrinsic = np.maximum(sign * (100.5 - column(frame, "strike")), 0.0)
        time_value = column(frame, "mid") - np.exp(-RATE * 60 / 365) * intrinsic
        least = np.where(intrinsic > 0.0, 2.0, 0.5) * tick
        assert (time_value < least).any()
        assert frame.get_column("model_iv").is_not_null().to_list() == (time_value >= least).tolist()


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_and_rows_of_nulls_are_priced_as_far_as_they_can_be(rows: int) -> None:
    assert_frame_equal(modelled(empty(CHAIN)), empty(CHAIN))
    assert modelled(series(STRIKES).head(rows)).height == rows
    nothing = pl.DataFrame({"contract_symbol": [None] * rows}, schema={"contract_symbol": pl.String})
    frame = modelled(as_chain(nothing), dividends=DIVIDENDS)
    assert frame.equals(as_chain(nothing), null_equal=True)


# --- whose groups ---------------------------------------------------------------------------------------------------


def vendor_greeks(source: str) -> dict[str, Any]:
    return {
        **dict.fromkeys(GREEKS, 0.123),
        "greeks_source": source,
        "greeks_ts": NOW - timedelta(hours=1),
        "greeks_feed": "delayed",
    }


def test_the_greeks_of_massive_stay_whole_and_get_no_rho() -> None:
    chain = series(STRIKES, **vendor_greeks("massive") | {"rho": None})
    assert_frame_equal(modelled(chain).select(GREEKS_GROUP), chain.select(GREEKS_GROUP))


def test_puts_of_tradier_get_the_model_s_greeks_and_calls_keep_theirs() -> None:
    chain = series(STRIKES, **vendor_greeks("tradier"))
    frame = modelled(chain)
    calls = pl.col("option_type") == "call"
    assert_frame_equal(frame.filter(calls).select(GREEKS_GROUP), chain.filter(calls).select(GREEKS_GROUP))
    puts = frame.filter(~calls)
    assert puts.get_column("greeks_source").unique().to_list() == ["model"]
    assert puts.get_column("greeks_ts").unique().to_list() == [NOW]
    assert puts.get_column("greeks_feed").unique().to_list() == ["realtime"]
    assert (puts.get_column("delta") < 0).all()
    assert (puts.get_column("rho") < 0).all()


def test_a_put_of_tradier_that_cannot_be_priced_has_no_greeks() -> None:
    given = vendor_greeks("tradier") | {"theta": None, "rho": None}
    chain = series(STRIKES, **given).with_columns(mid=pl.when(pl.col("strike") != 90.0).then("mid"))
    put = first_put(modelled(chain), 90.0)
    assert {name: put[name] for name in GREEKS_GROUP} == dict.fromkeys(GREEKS_GROUP)


def test_a_volatility_that_no_vendor_gave_is_the_model_s() -> None:
    frame = modelled(series(STRIKES))
    assert frame.get_column("implied_volatility").equals(frame.get_column("model_iv"))
    assert frame.get_column("iv_source").unique().to_list() == ["model"]
    assert frame.get_column("iv_ts").unique().to_list() == [NOW]


def test_a_vendor_s_volatility_stays_also_where_it_is_null_at_the_bid() -> None:
    chain = series(STRIKES, implied_volatility=None, ask_iv=0.4, iv_source="tradier", iv_ts=NOW - timedelta(hours=1))
    frame = modelled(chain)
    group = ["implied_volatility", "bid_iv", "ask_iv", "iv_source", "iv_ts"]
    assert_frame_equal(frame.select(group), chain.select(group))
    assert frame.get_column("model_iv").null_count() == 0


def test_pricing_once_more_changes_nothing() -> None:
    chain = pl.concat([american(9.0, spot=None), american(100.0, spot=None)])
    once = modelled(chain, dividends=DIVIDENDS)
    assert_frame_equal(modelled(once, dividends=DIVIDENDS), once)


def test_pricing_anew_takes_back_what_cannot_be_priced_any_more() -> None:
    stale = modelled(series(STRIKES, spot=None)).with_columns(pl.lit(None, pl.Float64).alias("mid"))
    frame = modelled(stale)
    for name in ("model_iv", "implied_volatility", "iv_source", "underlying_price", "moneyness", *GREEKS_GROUP):
        assert frame.get_column(name).null_count() == frame.height


# --- clocks ---------------------------------------------------------------------------------------------------------


def test_on_a_sunday_quotes_are_priced_at_the_last_close() -> None:
    chain = series(STRIKES)
    sunday = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    close = datetime(2026, 11, 20, 21, 15, tzinfo=UTC)
    # The chain's own time to expiry runs on; the quotes were made with more.
    later = chain.with_columns(
        snapshot_ts=pl.lit(sunday).cast(chain.schema["snapshot_ts"]),
        quote_ts=pl.lit(sunday).cast(chain.schema["quote_ts"]),
        time_to_expiry=pl.col("time_to_expiry") - (sunday - close) / timedelta(days=365),
    )
    frame = modelled(later)
    assert column(frame, "model_iv") == pytest.approx(smile(column(frame, "strike"), 100.5), abs=1e-8)
    assert frame.get_column("iv_ts").unique().to_list() == [close]


# --- several sets of quotes on one forward --------------------------------------------------------------------------


def test_several_sets_of_quotes_are_solved_on_the_one_forward_that_the_chain_tells() -> None:
    chain = series(STRIKES)
    # By parity of its own quotes, the second set's forward would be 51 cents higher.
    others = dearer(chain, option_type="call", by=0.5)
    forward, (same, dear) = volatilities(chain, [chain, others], rates=RATES)
    assert (forward.name, same.name, dear.name) == ("forward_price", "model_iv", "model_iv")
    assert forward.to_numpy() == pytest.approx(100.5, abs=1e-9)
    strike, is_call = column(chain, "strike"), column(chain, "option_type") == "call"
    assert same.to_numpy() == pytest.approx(smile(strike, 100.5), abs=1e-9)
    assert dear.to_numpy()[~is_call] == pytest.approx(same.to_numpy()[~is_call], abs=1e-12)
    years = 60 / 365
    value = black76_price(
        100.5,
        strike,
        discount=np.exp(-RATE * years),
        time_to_expiry=years,
        volatility=dear.to_numpy(),
        is_call=is_call,
    )
    assert value == pytest.approx(column(others, "mid"), abs=1e-9)


def test_the_volatility_of_a_chain_s_own_quotes_is_the_model_s() -> None:
    chain = pl.concat([american(9.0), american(100.0)])
    forward, (own,) = volatilities(chain, [chain], rates=RATES, dividends=DIVIDENDS)
    frame = modelled(chain, dividends=DIVIDENDS)
    assert forward.equals(frame.get_column("forward_price"))
    assert own.equals(frame.get_column("model_iv"), null_equal=True)
    assert 0 < own.null_count() < own.len()


def test_what_is_not_quoted_on_one_side_is_null_there_alone() -> None:
    chain = series(STRIKES)
    is_gone = (pl.col("strike") == 90.0) & (pl.col("option_type") == "put")
    gone = chain.with_columns(
        pl.when(~is_gone).then(name).alias(name) for name in ("bid", "ask", "mid", "spread", "quote_ts")
    )
    forward, (whole, part) = volatilities(chain, [chain, gone], rates=RATES)
    assert forward.null_count() == whole.null_count() == 0
    assert part.is_null().to_list() == chain.select(is_gone).to_series().to_list()
    assert_frame_equal(part.drop_nulls().to_frame(), whole.filter(part.is_not_null()).to_frame())


def test_each_set_of_quotes_is_priced_at_its_own_instant() -> None:
    chain = series(STRIKES, days=2.0)
    _, (now, before) = volatilities(chain, [chain, later_calls(timedelta(hours=1), chain)], rates=RATES)
    is_call = chain.get_column("option_type") == "call"
    assert now.filter(is_call).equals(before.filter(is_call))
    # The same prices with an hour longer to go.
    ratio = (before / now).filter(~is_call & (chain.get_column("strike") == 100.0)).item()
    assert ratio == pytest.approx((48 / 49) ** 0.5, abs=1e-3)


def test_without_rows_there_are_no_forwards() -> None:
    nothing = empty(CHAIN)
    forward, (own,) = volatilities(nothing, [nothing], rates=RATES)
    assert forward.len() == own.len() == 0


# --- rows whose quote changed ---------------------------------------------------------------------------------------


def moved(chain: pl.DataFrame, is_changed: pl.Series, *, by: float) -> pl.DataFrame:
    """Return a chain of which some quotes are a second later and dearer, without what a vendor made of them."""
    changed = pl.when(is_changed)
    return chain.with_columns(
        *(changed.then(pl.col(name) + by).otherwise(name).alias(name) for name in ("bid", "ask", "mid")),
        changed.then(pl.col("quote_ts") + timedelta(seconds=1)).otherwise("quote_ts").alias("quote_ts"),
        *(pl.when(~is_changed).then(name).alias(name) for name in OF_THE_QUOTE),
    )


def every_third(chain: pl.DataFrame) -> pl.Series:
    return pl.Series([number % 3 == 0 for number in range(chain.height)])


@pytest.fixture(scope="module")
def small_markets() -> dict[str, pl.DataFrame]:
    """Return a few series of an index and of a fund, as a client answers them."""
    with Client("sim", clock="at:2026-11-18T11:00") as client:
        return {name: client.chain(name, dte=(2, 40), moneyness=(0.97, 1.03)) for name in ("SPX", "SPY")}


# The lattice takes vega and rho from differences of prices, in which the rounding of arrays of other lengths grows.
@pytest.mark.parametrize(("name", "tolerance"), [("SPX", 1e-12), ("SPY", 1e-9)])
def test_changed_rows_are_priced_as_in_a_whole_chain_and_the_others_stay(
    small_markets: dict[str, pl.DataFrame], name: str, tolerance: float
) -> None:
    before = small_markets[name]
    is_changed = every_third(before)
    now = moved(before, is_changed, by=0.05)
    whole = with_model(now, rates=RATES, dividends=DIVIDENDS)
    some = repriced(now, before, is_changed, rates=RATES, dividends=DIVIDENDS)
    assert some.schema == schema(CHAIN)
    changed, priced = some.filter(is_changed), whole.filter(is_changed)
    assert_frame_equal(changed, priced, rel_tol=0.0, abs_tol=tolerance)
    assert_series_equal(changed.get_column("model_iv"), priced.get_column("model_iv"), rel_tol=0.0, abs_tol=1e-12)
    own = ("forward_price", *OF_THE_QUOTE)
    assert_frame_equal(some.filter(~is_changed).select(own), before.filter(~is_changed).select(own))
    others = [column for column in some.columns if column not in own]
    assert_frame_equal(some.select(others), whole.select(others), rel_tol=0.0, abs_tol=1e-12)
    assert some.filter(is_changed).get_column("greeks_source").drop_nulls().unique().to_list() == ["model"]
    assert some.filter(is_changed).get_column("model_iv").null_count() < is_changed.sum() / 2


def test_where_nothing_changed_only_the_forwards_are_asked_for() -> None:
    before = modelled(american(100.0), dividends=DIVIDENDS)
    nothing = pl.Series([False] * before.height)
    assert_frame_equal(repriced(before, before, nothing, rates=RATES, dividends=DIVIDENDS), before)
