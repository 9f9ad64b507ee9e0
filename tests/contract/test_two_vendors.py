"""One market, two vendors: the same contracts, quotes and bars, and differences only where the vendors differ.

Every difference is listed below with its reason, and the lists are exact: a column that differs and is not listed
fails, and so does one that is listed and does not differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata import portal
from quantdata.clients import AsyncMassive, AsyncTradier, BarQuery, ChainQuery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from quantdata.sim import Simulator

NAMES: Final = "who answered"
ARRIVAL: Final = "arrived at another moment here"
HOURLY: Final = "Tradier's volatilities and greeks are ORATS', of the last hour; Massive's are those of the quote"
CALLS: Final = f"{HOURLY}; on puts, which carry their call's, the model's"
OLD_DAY: Final = "a contract without a trade today: Massive keeps its old day block, Tradier shows today with volume 0"
NO_TAPE: Final = "Tradier sends no venue, no conditions and no mean price"
BY_THE_SECOND: Final = "the model values each quote at its own time, which Tradier stamps to the second"
SECONDS: Final = "Tradier's quotes are stamped to the second, its trades to the millisecond"
ROUNDED: Final = "Tradier rounds percents to two digits"

CHAIN: Final[Mapping[str, str]] = {
    **dict.fromkeys(("source", "quote_source", "trade_source", "underlying_source", "open_interest_source"), NAMES),
    **dict.fromkeys(("quote_ts", "last_ts", "underlying_ts"), SECONDS),
    **dict.fromkeys(("open", "high", "low", "close", "prev_close", "change", "volume"), OLD_DAY),
    **dict.fromkeys(("day_session", "day_source"), OLD_DAY),
    "change_percent": f"{OLD_DAY}; {ROUNDED}",
    **dict.fromkeys(("last_exchange", "last_conditions", "vwap"), NO_TAPE),
    **dict.fromkeys(("implied_volatility", "delta", "gamma", "vega"), HOURLY),
    **dict.fromkeys(("theta", "rho"), CALLS),
    "bid_iv": "Massive sends none",
    "ask_iv": "Massive sends none",
    "iv_ts": "Massive sends none",
    "greeks_ts": "Massive sends none",
    **dict.fromkeys(("iv_source", "greeks_source", "greeks_feed"), HOURLY),
    **dict.fromkeys(("received_ts", "age_s"), ARRIVAL),
    **dict.fromkeys(("forward_price", "model_iv"), BY_THE_SECOND),
    "notes": f"zero_volume: {OLD_DAY}; iv_not_computable: {HOURLY}",
}
# Where some quotes of a chain are worth next to nothing: who sends a volatility for them, and of which time.
VERDICTS: Final[Mapping[str, str]] = dict.fromkeys(("warnings", "confidence", "greeks_confidence"), HOURLY)
QUOTES: Final[Mapping[str, str]] = {
    "source": NAMES,
    **dict.fromkeys(("received_ts", "age_s"), ARRIVAL),
    **dict.fromkeys(("bid_size", "ask_size", "size_unit"), "Tradier counts round lots, Massive shares"),
    "last_ts": SECONDS,
    "change_percent": ROUNDED,
    "vwap": NO_TAPE,
    "updated_ts": "Tradier stamps no snapshot",
}
INDICES: Final[Mapping[str, str]] = {
    "source": NAMES,
    **dict.fromkeys(("received_ts", "age_s"), ARRIVAL),
    "change_percent": ROUNDED,
    "market_status": "Tradier sends none with a quote",
}
BARS: Final[Mapping[str, str]] = {
    "source": NAMES,
    "trades": "Tradier counts no trades",
    "vwap": "Tradier sends none with a day, and six digits with minutes",
}
# Not where the session's block is of today: these come from the same prints.
TODAY: Final = ("open", "high", "low", "close", "volume", "day_session", "last", "last_size")


@pytest.fixture
def massive(simulator: Simulator) -> Iterator[AsyncMassive]:
    client = AsyncMassive("two-vendors", base_url=simulator.base_url)
    yield client
    portal.call(client.close())


@pytest.fixture
def tradier(simulator: Simulator) -> Iterator[AsyncTradier]:
    client = AsyncTradier("two-vendors", base_url=simulator.tradier_url)
    yield client
    portal.call(client.close())


def _differing(massive: pl.DataFrame, tradier: pl.DataFrame) -> set[str]:
    """Return the columns that differ anywhere; ratios of equal numbers may differ in their last bit."""
    assert massive.schema == tradier.schema
    return {
        name
        for name in massive.columns
        if not massive.get_column(name).eq_missing(tradier.get_column(name)).all()
        and not _is_rounding(massive, tradier, name)
    }


def _is_rounding(massive: pl.DataFrame, tradier: pl.DataFrame, name: str) -> bool:
    ours, theirs = massive.get_column(name), tradier.get_column(name)
    if ours.dtype != pl.Float64 or not (ours.is_null() == theirs.is_null()).all():
        return False
    return bool(((ours - theirs).abs() <= 1e-12 * ours.abs()).fill_null(value=True).all())


@pytest.mark.parametrize(
    ("query", "listed"),
    [({"underlying": "DIA"}, {**CHAIN, **VERDICTS}), ({"underlying": "NVDA", "dte": (0, 60)}, CHAIN)],
    ids=["DIA", "NVDA"],
)
def test_chains_hold_the_same_contracts_and_quotes_and_differ_where_listed(
    massive: AsyncMassive, tradier: AsyncTradier, query: dict[str, object], listed: Mapping[str, str]
) -> None:
    asked = ChainQuery.of(**query)  # type: ignore[arg-type]
    ours, theirs = portal.call(massive.chain(asked)), portal.call(tradier.chain(asked))
    assert ours.height > 500
    assert _differing(ours, theirs) == set(listed)


def test_the_model_makes_the_same_of_both_vendors_quotes(massive: AsyncMassive, tradier: AsyncTradier) -> None:
    asked = ChainQuery.of("DIA")
    ours, theirs = portal.call(massive.chain(asked)), portal.call(tradier.chain(asked))
    columns = ["contract_symbol", "discount_factor", "forward_price", "model_iv"]
    assert ours.get_column("model_iv").count() > 500
    assert_frame_equal(ours.select(columns), theirs.select(columns), abs_tol=1e-5)


def test_greeks_that_the_model_gives_tradiers_puts_are_near_massives(
    massive: AsyncMassive, tradier: AsyncTradier
) -> None:
    asked = ChainQuery.of("DIA", dte=(20, 60))
    ours, theirs = portal.call(massive.chain(asked)), portal.call(tradier.chain(asked))
    assert set(theirs.filter(option_type="call").get_column("greeks_source").drop_nulls()) == {"tradier"}
    is_modelled = (theirs.get_column("greeks_source") == "model") & ours.get_column("delta").is_not_null()
    assert is_modelled.sum() > 50
    assert set(theirs.filter(is_modelled).get_column("option_type")) == {"put"}
    deltas = [frame.filter(is_modelled).get_column("delta") for frame in (ours, theirs)]
    assert (deltas[0] - deltas[1]).abs().max() < 0.1  # type: ignore[operator]


def test_chains_of_an_index_hold_both_of_its_roots_alike(massive: AsyncMassive, tradier: AsyncTradier) -> None:
    asked = ChainQuery.of("SPX", expirations="2026-12-18", strikes=(6800, 7000))
    ours, theirs = portal.call(massive.chain(asked)), portal.call(tradier.chain(asked))
    assert set(ours.get_column("root_symbol")) == {"SPX", "SPXW"}
    keys = ["contract_symbol", "settlement", "time_to_expiry", "bid", "ask", "open_interest", "underlying_price"]
    assert_frame_equal(ours.select(keys), theirs.select(keys))


def test_contracts_that_traded_today_have_the_same_day(massive: AsyncMassive, tradier: AsyncTradier) -> None:
    asked = ChainQuery.of("DIA")
    ours, theirs = portal.call(massive.chain(asked)), portal.call(tradier.chain(asked))
    traded = theirs.get_column("volume") > 0
    assert traded.sum() > 100
    assert_frame_equal(ours.filter(traded).select(TODAY), theirs.filter(traded).select(TODAY))


def test_times_differ_by_what_the_vendors_cut_off(massive: AsyncMassive, tradier: AsyncTradier) -> None:
    asked = ChainQuery.of("DIA", dte=(0, 30))
    ours, theirs = portal.call(massive.chain(asked)), portal.call(tradier.chain(asked))
    for name, unit in (("quote_ts", "1s"), ("last_ts", "1ms"), ("underlying_ts", "1ms")):
        assert_frame_equal(ours.select(pl.col(name).dt.truncate(unit)), theirs.select(name))


def test_quotes_differ_where_listed(massive: AsyncMassive, tradier: AsyncTradier) -> None:
    asked = ["SPY", "BRK.B", "NVDA"]
    ours, theirs = portal.call(massive.quotes(asked)), portal.call(tradier.quotes(asked))
    assert _differing(ours, theirs) == set(QUOTES)
    assert (ours.get_column("bid_size") // 100).to_list() == theirs.get_column("bid_size").to_list()


def test_indices_differ_where_listed(massive: AsyncMassive, tradier: AsyncTradier) -> None:
    ours, theirs = portal.call(massive.indices(["SPX", "VIX"])), portal.call(tradier.indices(["SPX", "VIX"]))
    assert _differing(ours, theirs) == set(INDICES)


@pytest.mark.parametrize(
    ("symbol", "timeframe", "start", "end", "session"),
    [
        ("DIA", "1d", "2026-10-01", "2026-11-17", "regular"),
        ("DIA", "1w", "2026-10-01", "2026-11-13", "regular"),
        ("DIA", "5m", "2026-11-16", "2026-11-17", "regular"),
        ("DIA", "30m", "2026-11-16", "2026-11-17", "regular"),
        ("DIA", "1h", "2026-11-16", "2026-11-17", "regular"),
        ("DIA", "1h", "2026-11-16", "2026-11-17", "all"),
        ("DIA", "1m", "2026-11-17", "2026-11-17", "all"),
        ("SPY261218C00690000", "1d", "2026-11-02", "2026-11-17", "regular"),
        ("SPY261218C00690000", "15m", "2026-11-16", "2026-11-17", "regular"),
    ],
)
def test_bars_differ_where_listed(
    massive: AsyncMassive, tradier: AsyncTradier, symbol: str, timeframe: str, start: str, end: str, session: str
) -> None:
    asked = BarQuery.of(symbol, timeframe, start, end, session=session)
    ours, theirs = portal.call(massive.bars(asked)), portal.call(tradier.bars(asked))
    assert ours.height > 3
    assert _differing(ours, theirs) == set(BARS)


def test_bars_around_splits_are_alike_adjusted_and_as_traded(massive: AsyncMassive, tradier: AsyncTradier) -> None:
    for adjust in ("split", "raw", "total"):
        asked = BarQuery.of("NVDA", "1d", "2024-05-28", "2024-06-21", adjust=adjust)
        ours, theirs = portal.call(massive.bars(asked)), portal.call(tradier.bars(asked))
        columns = ["ts", "open", "high", "low", "close", "volume", "adjustment"]
        # Both print four digits; as traded, Tradier's are ten times that before the split of ten for one.
        assert_frame_equal(ours.select(columns), theirs.select(columns), rel_tol=2e-6)


def test_bars_of_an_index_are_the_same_but_for_who_gave_them(massive: AsyncMassive, tradier: AsyncTradier) -> None:
    asked = BarQuery.of("SPX", "1d", "2026-10-01", "2026-11-17")
    assert _differing(portal.call(massive.bars(asked)), portal.call(tradier.bars(asked))) == {"source"}


def test_expirations_are_the_same(massive: AsyncMassive, tradier: AsyncTradier) -> None:
    for underlying in ("SPX", "VIX", "BRK.B", "NVDA"):
        ours, theirs = (
            portal.call(provider.expirations(underlying, start=None, end=None)) for provider in (massive, tradier)
        )
        assert ours == theirs
