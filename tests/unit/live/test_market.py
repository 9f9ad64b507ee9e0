"""What comes in changes what is shown, for the right subject, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
from polars.testing import assert_frame_equal

from quantdata.frames.columns import FLOW, schema
from quantdata.live.chains import Pace
from quantdata.live.market import EQUITIES, INDICES, LiveMarket, Polled, Streamed
from quantdata.live.snapshot import Tick
from quantdata.wire.book import Batch
from quantdata.wire.events import Minute, Quote, Trade, Value
from tests.unit.hybrid.chains import NOW
from tests.unit.live.test_chains import CALL, RATES, SECOND, T, poll
from tests.unit.live.test_quotes import levels, stocks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quantdata.live.market import Asset


def market(*chains: str, equities: tuple[str, ...] = (), indices: tuple[str, ...] = ()) -> LiveMarket:
    made = LiveMarket(rates=RATES, paces=lambda _: (Pace(None, 5.0),))
    made.watch(chains, equities=equities, indices=indices)
    return made


def streamed(asset: Asset, vendor: str = "massive", names: Mapping[str, str] | None = None, **told: object) -> Streamed:
    batch = Batch(vendor=vendor, received_at=NOW.timestamp(), **told)  # type: ignore[arg-type]
    return Streamed(asset, batch, "realtime", names or {})


def begun(held: LiveMarket, *polls: Polled) -> LiveMarket:
    """Let a market take in its first polls, price and judge them."""
    held.apply(polls)
    value(held)
    return held


def value(held: LiveMarket, now: datetime = NOW, *, is_aged: bool = False) -> None:
    held.adopt({name: job() for name, job in held.valuations(now, is_aged=is_aged).items()})


def quote(bid: float, *, after_s: float, symbol: str = f"O:{CALL}") -> dict[str, Quote]:
    return {symbol: Quote(symbol, bid=bid, ask=bid + 0.2, t=T + round(after_s * 1000))}


def bid(found: pl.DataFrame) -> object:
    return found.row(by_predicate=pl.col("contract_symbol") == CALL, named=True)["bid"]


def test_a_poll_is_shown_and_versions_tell_what_has_changed_since() -> None:
    held = begun(market("SPY", equities=("SPY",)), Polled("SPY", poll()), Polled(EQUITIES, stocks("SPY")))
    first = held.snapshot(NOW)
    assert first.changed == {"SPY", EQUITIES, INDICES}
    assert first.chains["SPY"].height == 6
    second = held.snapshot(NOW + SECOND / 2)
    assert (second.number, second.changed) == (1, frozenset())
    assert second.versions == first.versions
    held.apply([Polled("SPY", poll(after_s=2))])
    third = held.snapshot(NOW + 2 * SECOND)
    assert {name for name, version in third.versions.items() if version != first.versions[name]} == {"SPY", "flow"}


def test_nobody_holds_the_frame_that_another_looks_at() -> None:
    held = begun(market("SPY"), Polled("SPY", poll(volume=100, day_session=NOW.date())))
    snapshot = held.snapshot(NOW)
    assert snapshot.chains["SPY"] is not snapshot.chains["SPY"]
    assert snapshot.equities is not snapshot.equities
    assert snapshot.flow["SPY"] is not snapshot.flow["SPY"]
    assert_frame_equal(snapshot.flow["SPY"], snapshot.flow["SPY"])
    assert "SPY (6" in repr(snapshot.chains)


def test_what_was_asked_for_before_the_watchlist_changed_does_not_come_back() -> None:
    held = begun(market(equities=("SPY", "AAPL")), Polled(EQUITIES, stocks("SPY", "AAPL")))
    held.watch((), equities=("SPY",), indices=())
    held.apply([Polled(EQUITIES, stocks("SPY", "AAPL", after_s=1))])
    assert held.snapshot(NOW + SECOND).equities.get_column("symbol").to_list() == ["SPY"]


def test_an_option_quote_reaches_the_chain_of_its_root_alone() -> None:
    held = begun(market("SPY", "QQQ"), Polled("SPY", poll()), Polled("QQQ", poll().clear()))
    held.snapshot(NOW)
    stray = "O:AAPL261218C00200000"
    held.apply([streamed("options", quotes=quote(12.3, after_s=1) | quote(1.0, after_s=1, symbol=stray))])
    found = held.snapshot(NOW + SECOND)
    assert found.changed == {"SPY"}
    assert bid(found.chains["SPY"]) == 12.3


def test_prints_and_minutes_change_the_trade_and_the_day() -> None:
    held = begun(market("SPY"), Polled("SPY", poll()))
    symbol = f"O:{CALL}"
    minutes = {
        (symbol, start): Minute(symbol, close=close, day_volume=volume, start=start, end=start + 60_000)
        for close, volume, start in ((12.0, 900.0, T), (11.0, 800.0, T - 60_000))
    }
    last = {symbol: Trade(symbol, price=12.4, size=3.0, t=T + 500)}
    held.apply([streamed("options", last_trades=last, minutes=minutes)])
    row = held.snapshot(NOW + SECOND).chains["SPY"].row(by_predicate=pl.col("contract_symbol") == CALL, named=True)
    assert (row["last"], row["last_size"]) == (12.4, 3.0)
    assert (row["close"], row["volume"]) == (12.0, 900)


def test_stocks_and_indices_move_between_polls_and_move_their_chains() -> None:
    held = begun(
        market("SPY", equities=("SPY",), indices=("SPX",)),
        *(Polled("SPY", poll()), Polled(EQUITIES, stocks("SPY")), Polled(INDICES, levels("SPX"))),
    )
    held.snapshot(NOW)
    trade = Trade("SPY", price=605.0, size=10.0, t=T + 1_000)
    held.apply(
        [
            streamed("stocks", quotes=quote(604.9, after_s=1, symbol="SPY"), last_trades={"SPY": trade}),
            streamed("indices", values={"I:SPX": Value("I:SPX", value=6_050.0, t=T + 1_000)}, names={"I:SPX": "SPX"}),
        ]
    )
    found = held.snapshot(NOW + SECOND)
    assert found.changed == {"SPY", EQUITIES, INDICES}
    assert found.equities.select("bid", "price").row(0) == (604.9, 605.0)
    assert found.indices.get_column("value")[0] == 6_050.0
    assert found.chains["SPY"].get_column("underlying_price").unique().to_list() == [605.0]


def test_an_older_price_does_not_replace_a_newer_one() -> None:
    newer = stocks("SPY", after_s=5, price=606.0)
    held = begun(market("SPY", equities=("SPY",)), Polled("SPY", poll()), Polled(EQUITIES, newer))
    late = Trade("SPY", price=590.0, size=10.0, t=T + 1_000)
    held.apply([streamed("stocks", last_trades={"SPY": late})])
    found = held.snapshot(NOW + 6 * SECOND)
    assert found.chains["SPY"].get_column("underlying_price").unique().to_list() == [606.0]


def test_what_is_watched_no_more_is_gone_and_what_comes_of_it_is_left_out() -> None:
    held = market("SPY", "QQQ")
    held.apply([Polled("SPY", poll())])
    valuations = held.valuations(NOW)
    held.watch(("QQQ",), equities=(), indices=())
    held.adopt({name: job() for name, job in valuations.items()})
    held.apply([Polled("SPY", poll(after_s=5)), streamed("options", quotes=quote(12.3, after_s=9))])
    assert held.snapshot(NOW + 9 * SECOND).chains == {}


def test_what_changed_is_valued_and_all_of_it_when_that_is_due() -> None:
    held = begun(market("SPY"), Polled("SPY", poll()))
    held.snapshot(NOW)
    assert held.valuations(NOW) == {}
    later = NOW + timedelta(seconds=40)
    value(held, later, is_aged=True)
    aged = held.snapshot(later)
    assert aged.changed == {"SPY", EQUITIES, INDICES}
    assert aged.chains["SPY"].get_column("is_stale").all()
    assert aged.qualities["SPY"].confidence < 60


def test_flow_comes_with_a_snapshot() -> None:
    held = begun(market("SPY"), Polled("SPY", poll(volume=100, day_session=NOW.date())))
    flow = held.snapshot(NOW).flow["SPY"]
    assert flow.schema == schema(FLOW)
    assert set(flow.get_column("method")) == {"chain"}


def test_how_all_stands_is_what_another_market_begins_with() -> None:
    held = begun(
        market("SPY", equities=("SPY",), indices=("SPX",)),
        *(Polled("SPY", poll()), Polled(EQUITIES, stocks("SPY")), Polled(INDICES, levels("SPX"))),
    )
    held.apply([streamed("options", quotes=quote(12.3, after_s=1))])
    before = held.snapshot(NOW + SECOND)
    other = begun(market("SPY", equities=("SPY",), indices=("SPX",)), *held.standing())
    after = other.snapshot(NOW + SECOND)
    assert_frame_equal(after.equities, before.equities)
    assert_frame_equal(after.indices, before.indices)
    assert bid(after.chains["SPY"]) == 12.3
    assert market("SPY").standing() == []


def test_ticks_are_every_print_and_the_newest_quotes_and_values() -> None:
    symbol = f"O:{CALL}"
    options = streamed(
        "options",
        quotes=quote(12.3, after_s=1),
        trades=[Trade(symbol, price=12.4, size=3.0, t=T + at) for at in (1, 2)],
    )
    indices = streamed("indices", values={"I:VIX": Value("I:VIX", value=20.0, t=T)}, names={"I:VIX": "VIX"})
    held = market("SPY", indices=("VIX",))
    assert held.ticks([Polled("SPY", poll()), options, indices]) == [
        Tick("quote", CALL, T + 1_000, bid=12.3, ask=12.5, source="massive"),
        Tick("trade", CALL, T + 1, price=12.4, size=3.0, source="massive"),
        Tick("trade", CALL, T + 2, price=12.4, size=3.0, source="massive"),
        Tick("value", "VIX", T, price=20.0, source="massive"),
    ]
    assert held.ticks([indices])[0].about == ("value", "VIX")


def trades(*symbols: str) -> list[Trade]:
    return [Trade(symbol, price=1.0, size=1.0, t=T) for symbol in symbols]


def test_a_tape_of_the_whole_market_gives_ticks_of_what_is_watched_alone() -> None:
    held = market("SPX", "SPY", equities=("SPY", "AAPL"), indices=("SPX",))
    inputs = [
        streamed(
            "options",
            quotes=quote(1.0, after_s=1, symbol="O:AAPL261218C00200000"),
            trades=trades(f"O:{CALL}", "O:AAPL261218C00200000", "O:SPXW261218C06000000", "O:SPY1261218C00600000"),
        ),
        streamed("stocks", quotes=quote(1.0, after_s=1, symbol="TSLA"), trades=trades("AAPL", "TSLA", "SPY")),
        streamed("indices", values={name: Value(name, value=20.0, t=T) for name in ("SPX", "VIX")}),
    ]
    kept = [CALL, "SPXW261218C06000000", "AAPL", "SPY", "SPX"]
    assert [tick.symbol for tick in held.ticks(inputs)] == kept
    held.watch(["SPY"], equities=("SPY",), indices=())
    assert [tick.symbol for tick in held.ticks(inputs)] == [CALL, "SPY"]


def test_the_roots_of_adjusted_contracts_are_those_that_the_chain_has() -> None:
    held = market("SPY")
    inputs = [streamed("options", trades=trades("O:SPY1261218C00600000"))]
    assert held.ticks(inputs) == []
    held.apply([Polled("SPY", poll().with_columns(root_symbol=pl.lit("SPY1")))])
    assert [tick.symbol for tick in held.ticks(inputs)] == ["SPY1261218C00600000"]
    held.watch(["QQQ"], equities=(), indices=())
    assert held.ticks(inputs) == []
