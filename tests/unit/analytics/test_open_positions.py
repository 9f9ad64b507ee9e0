"""Exposure of open contracts, by numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from quantdata.analytics import exposure
from quantdata.analytics.open_positions import EXPOSURE_NEEDS
from quantdata.errors import ArgumentError
from quantdata.frames.columns import CHAIN, empty
from tests.unit.analytics.priced_chains import NOW, SPX, chain_of, option

CALL: dict[str, Any] = {"open_interest": 200, "delta": 0.6, "gamma": 0.002}
PUT: dict[str, Any] = {"open_interest": 50, "delta": -0.4, "gamma": 0.002}
PRICE = 6590.0


def test_exposure_is_in_dollars_of_the_underlying() -> None:
    found = exposure(chain_of(option(6600.0, "call", **CALL), option(6600.0, "put", **PUT)))
    assert found.height == 1
    row = found.row(0, named=True)
    assert (row["call_open_interest"], row["put_open_interest"], row["unknown"]) == (200, 50, 0)
    assert row["call_delta_exposure"] == pytest.approx(0.6 * 200 * 100 * PRICE)
    assert row["put_delta_exposure"] == pytest.approx(-0.4 * 50 * 100 * PRICE)
    assert row["call_gamma_exposure"] == pytest.approx(0.002 * 200 * 100 * PRICE * PRICE / 100)
    assert row["put_gamma_exposure"] == pytest.approx(0.002 * 50 * 100 * PRICE * PRICE / 100)
    assert row["net_gamma_exposure"] == pytest.approx(0.002 * 150 * 100 * PRICE * PRICE / 100)
    assert (row["feed"], row["snapshot_ts"], row["underlying_price"]) == ("realtime", NOW, PRICE)


def test_gamma_exposure_is_how_delta_exposure_moves_by_a_percent() -> None:
    before = chain_of(option(6600.0, "call", **CALL))
    moved = chain_of(option(6600.0, "call", **CALL | {"delta": 0.6 + 0.002 * 0.01 * PRICE}))
    shares = exposure(moved).item(0, "call_delta_exposure") - exposure(before).item(0, "call_delta_exposure")
    assert shares == pytest.approx(exposure(before).item(0, "call_gamma_exposure"))


def test_what_is_not_known_counts_as_none_and_is_counted() -> None:
    found = exposure(
        chain_of(
            option(6500.0, "call", **CALL),
            option(6500.0, "put", **PUT | {"gamma": None, "delta": None}),
            option(6600.0, "call", **CALL | {"open_interest": None}),
        )
    )
    first, second = found.select("strike", "call_gamma_exposure", "put_gamma_exposure", "unknown").rows()
    assert first == (6500.0, pytest.approx(0.002 * 200 * 100 * PRICE * PRICE / 100), None, 1)
    assert second == (6600.0, None, None, 1)
    assert found.get_column("net_gamma_exposure").to_list() == [first[1], None]


def test_series_of_one_day_stay_apart_and_strikes_rise() -> None:
    rows = [option(strike, "call", **CALL) for strike in (6700.0, 6500.0)]
    found = exposure(chain_of(*rows, option(6600.0, "call", series=SPX, **CALL)))
    assert found.select("root_symbol", "strike").rows() == [("SPX", 6600.0), ("SPXW", 6500.0), ("SPXW", 6700.0)]


def test_an_empty_chain_has_an_empty_exposure_of_the_same_columns() -> None:
    some = exposure(chain_of(option(6600.0, "call", **CALL)))
    none = exposure(empty(CHAIN))
    assert none.is_empty()
    assert none.schema == some.schema


def test_another_frame_is_refused_by_what_it_lacks() -> None:
    with pytest.raises(ArgumentError, match=r"exposure\(\) needs a chain; this frame lacks underlying_symbol, "):
        exposure(pl.DataFrame({"strike": [1.0]}))
    assert set(EXPOSURE_NEEDS) <= {column.name for column in CHAIN}
