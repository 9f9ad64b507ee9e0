"""What a chain tells of its contracts that decides whose quotes are streamed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from quantdata.live.budget import allocate
from quantdata.live.targets import candidates
from tests.unit.live.test_chains import poll


def test_contracts_come_with_the_volatility_at_the_money_of_their_series() -> None:
    chain = poll(strikes=(580.0, 600.0, 620.0))
    found = candidates(chain)
    assert found.symbols == chain.get_column("contract_symbol").to_list()
    assert np.asarray(found.strike).tolist() == chain.get_column("strike").to_list()
    nearest = chain.filter(strike=600.0).get_column("model_iv").drop_nulls()[0]
    assert np.asarray(found.volatility) == pytest.approx(nearest)
    assert np.asarray(found.forward).tolist() == chain.get_column("forward_price").to_list()


def test_without_a_forward_the_price_of_the_underlying_stands_for_it() -> None:
    chain = poll().with_columns(forward_price=pl.lit(None, pl.Float64))
    assert np.asarray(candidates(chain).forward).tolist() == chain.get_column("underlying_price").to_list()


def test_what_is_not_known_is_no_number_and_comes_last() -> None:
    chain = poll(strikes=(590.0, 600.0, 610.0)).with_columns(
        pl.when(strike=600.0).then(None).otherwise("forward_price").alias("forward_price"),
        pl.when(strike=600.0).then(None).otherwise("underlying_price").alias("underlying_price"),
    )
    found = candidates(chain)
    assert np.isnan(np.asarray(found.forward)).tolist() == [False, False, True, True, False, False]
    nearest = allocate({"SPY": found}, limit=4)["SPY"]
    assert not any("00600000" in symbol for symbol in nearest)
