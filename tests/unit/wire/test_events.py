"""Moments in any unit, and Massive's keys straight into the structs."""

from __future__ import annotations

import gc

import msgspec
import pytest

from quantdata.wire.events import Day, Minute, Quote, Trade, Value, to_ms

NOON_MS = 1_795_021_200_000


@pytest.mark.parametrize(
    "t", [NOON_MS // 1000, NOON_MS, NOON_MS * 1000, NOON_MS * 1_000_000], ids=["s", "ms", "µs", "ns"]
)
def test_a_moment_is_milliseconds_whatever_its_unit(t: int) -> None:
    assert to_ms(t) == NOON_MS


@pytest.mark.parametrize("t", [0, -1, -NOON_MS, 10**20, 10**23])
def test_what_cannot_be_a_moment_is_none(t: int) -> None:
    assert to_ms(t) == 0


def test_the_bounds_of_each_unit_are_milliseconds() -> None:
    assert to_ms(10**11) == 10**11
    assert to_ms(10**14 - 1) == 10**14 - 1
    assert to_ms(10**14) == 10**11
    assert to_ms(10**11 - 1) == (10**11 - 1) * 1000
    assert to_ms(10**20 - 1) == 10**14 - 1


def test_a_quote_is_decoded_from_massives_keys() -> None:
    frame = (
        b'{"ev":"Q","sym":"O:SPY251219C00650000","bx":302,"bp":9.71,"bs":17,"ax":303,"ap":9.9,"as":24,'
        b'"t":1795021200000,"q":844090872,"new":{"nested":[1]}}'
    )
    assert msgspec.json.decode(frame, type=Quote) == Quote(
        symbol="O:SPY251219C00650000",
        bid=9.71,
        ask=9.9,
        bid_size=17.0,
        ask_size=24.0,
        bid_exchange=302,
        ask_exchange=303,
        t=NOON_MS,
        sequence=844090872,
    )


def test_a_trade_is_decoded_from_massives_keys_alone() -> None:
    frame = (
        b'{"ev":"T","sym":"SPY","x":4,"i":"12","z":1,"p":600.1,"s":100,"c":[14,41],"t":7,"q":3,"session":5,"bid":"?"}'
    )
    assert msgspec.json.decode(frame, type=Trade) == Trade(
        symbol="SPY", price=600.1, size=100.0, exchange=4, conditions=(14, 41), t=7, sequence=3
    )


def test_a_bar_is_decoded_from_massives_keys() -> None:
    frame = (
        b'{"ev":"AM","sym":"SPY","v":11,"av":22,"op":1.1,"vw":1.2,"o":1.3,"c":1.4,"h":1.5,"l":1.25,"a":1.35,"z":9,'
        b'"s":1795021200000,"e":1795021260000}'
    )
    assert msgspec.json.decode(frame, type=Minute) == Minute(
        symbol="SPY",
        open=1.3,
        high=1.5,
        low=1.25,
        close=1.4,
        volume=11.0,
        vwap=1.2,
        day_volume=22.0,
        day_vwap=1.35,
        official_open=1.1,
        start=NOON_MS,
        end=NOON_MS + 60_000,
    )


def test_an_index_goes_by_another_key() -> None:
    frame = b'{"ev":"V","val":3988.5,"T":"I:SPX","t":1795021200000}'
    assert msgspec.json.decode(frame, type=Value) == Value(symbol="I:SPX", value=3988.5, t=NOON_MS)


def test_absent_and_null_numbers_are_none() -> None:
    assert msgspec.json.decode(b'{"ev":"Q","sym":"A","bp":null}', type=Quote) == Quote("A")
    assert msgspec.json.decode(b'{"ev":"T","sym":"A","c":null}', type=Trade) == Trade("A")


def test_the_garbage_collector_knows_no_event() -> None:
    assert not any(gc.is_tracked(event) for event in (Quote("A"), Trade("A"), Minute("A"), Value("A"), Day("A")))
