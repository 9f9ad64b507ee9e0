"""Which of two events of one symbol stays, and what rows look like with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantdata.frames.columns import DAY as DAY_COLUMNS
from quantdata.frames.columns import GREEKS, VOLATILITY
from quantdata.frames.events import Stamp, option_day_events, option_quote_events, option_trade_events
from quantdata.frames.model import OF_THE_QUOTE
from quantdata.live.groups import DAY, QUOTE, TRADE
from quantdata.live.merging import OWNED, Newest, answered
from quantdata.live.overlay import overlaid
from quantdata.live.standing import moved_on
from quantdata.wire.events import Minute, Quote, Trade
from tests.unit.hybrid.chains import NOW, chain, row

CALL = "SPY261218C00600000"
MS = timedelta(milliseconds=1)
T = int(NOW.timestamp() * 1000)


def quotes(
    bid: float = 6.0,
    *,
    ms: int = 0,
    sequence: int = 1,
    vendor: str = "massive",
    symbol: str = CALL,
    late_s: float = 0.0,
) -> pl.DataFrame:
    stamp = Stamp(vendor=vendor, feed="realtime", received_ts=NOW + ms * MS + timedelta(seconds=late_s))
    return option_quote_events([Quote(symbol, bid=bid, ask=bid + 0.2, t=T + ms, sequence=sequence)], stamp)


def trades(price: float, *, ms: int = 0, vendor: str = "massive") -> pl.DataFrame:
    stamp = Stamp(vendor=vendor, feed="realtime", received_ts=NOW + ms * MS)
    return option_trade_events([Trade(CALL, price=price, size=1.0, t=T + ms, sequence=1)], stamp)


def poll(*, ms: int = 0, source: str = "massive", answered_ms: int = 0, **values: Any) -> pl.DataFrame:
    at = NOW + answered_ms * MS
    return chain(row(source, quote_ts=NOW + ms * MS, snapshot_ts=at, received_ts=at, **values))


def of(*parts: pl.DataFrame, base: pl.DataFrame | None = None) -> dict[str, Any]:
    """Return the row after polls and events of quotes, in their order, over a poll: the last one."""
    held = Newest(QUOTE)
    last = base
    for part in parts:
        if "snapshot_ts" in part.columns:
            held.poll(part)
            last = part if base is None else base
        else:
            held.stream(part)
    assert last is not None
    result = overlaid(last, held)
    assert_frame_equal(result.select("contract_symbol"), last.select("contract_symbol"))
    assert result.schema == last.schema
    return result.row(0, named=True)


# --- one vendor -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "bid", "why"),
    [
        ([poll(), quotes(6.0, ms=1)], 6.0, "the event is newer"),
        ([poll(ms=2), quotes(6.0, ms=1)], 5.0, "the poll's quote is newer"),
        ([quotes(6.0, ms=1), poll(ms=2)], 5.0, "the same, the other way round"),
        ([poll(), quotes(6.0)], 6.0, "a stream wins ties"),
        ([quotes(6.0), poll()], 6.0, "the same, the other way round"),
        (
            [quotes(6.0), poll().with_columns(pl.col("quote_ts") + timedelta(microseconds=900))],
            6.0,
            "times are by the ms",
        ),
        ([poll(), quotes(6.0, sequence=2), quotes(7.0, sequence=1)], 6.0, "the higher sequence"),
        ([poll(), quotes(7.0, sequence=1), quotes(6.0, sequence=2)], 6.0, "the same, the other way round"),
        ([poll(), quotes(6.0, sequence=0), quotes(7.0, sequence=0)], 7.0, "without a sequence the later arrival"),
        ([poll(ms=-1, bid=4.0), poll(answered_ms=5_000)], 5.0, "the newer poll"),
        ([poll(bid=4.0), poll(ms=-1, answered_ms=5_000)], 4.0, "a poll that was answered later with an older quote"),
        ([poll(bid=4.0), poll(answered_ms=5_000)], 5.0, "at one time the later answer"),
        ([poll(answered_ms=5_000), poll(bid=4.0)], 5.0, "the same, the other way round"),
        ([poll(), quotes(6.0, ms=2), quotes(7.0, ms=1)], 6.0, "a delayed event"),
    ],
)
def test_the_newest_quote_stays(parts: list[pl.DataFrame], bid: float, why: str) -> None:
    result = of(*parts)
    assert result["bid"] == bid, why
    assert result["ask"] == bid + 0.2 if bid != 4.0 else 5.2, why


def test_a_group_goes_whole_with_its_own_time_and_source() -> None:
    result = of(poll(source="tradier", quote_source="massive"), quotes(6.0, ms=3))
    event = quotes(6.0, ms=3).row(0, named=True)
    assert {name: result[name] for name in QUOTE.dtypes} == {name: event[name] for name in QUOTE.dtypes}
    assert (result["source"], result["trade_source"], result["last"]) == ("hybrid", "tradier", 5.1)


def test_what_a_vendor_made_of_its_quote_goes_where_the_quote_goes() -> None:
    newer = poll(ms=5, delta=0.7, implied_volatility=0.3)
    result = of(newer, poll(answered_ms=5_000, delta=0.4))
    assert (result["delta"], result["implied_volatility"], result["greeks_source"]) == (0.7, 0.3, "massive")


@pytest.mark.parametrize("ms", [-5, 5])
def test_once_a_stream_told_of_a_row_its_volatility_and_greeks_are_no_vendor_s(ms: int) -> None:
    for parts in ([quotes(ms=ms), poll()], [poll(), quotes(ms=ms)], [poll(), quotes(ms=ms), poll(ms=9, answered_ms=9)]):
        result = of(*parts)
        assert [result[name] for name in OF_THE_QUOTE] == [None] * len((*VOLATILITY, *GREEKS))
    other = quotes(ms=ms, symbol="SPY261218P00600000")
    assert of(other, poll())["delta"] == 0.5


def test_a_quote_that_the_vendor_does_not_send_any_more_is_not_there_any_more_unless_a_stream_tells_it() -> None:
    without = poll(answered_ms=5_000, quote_source=None).with_columns(quote_ts=pl.lit(None, pl.Datetime("us", "UTC")))
    assert of(poll(), without)["bid"] is None
    assert of(without, quotes(6.0, ms=-1))["bid"] == 6.0
    # The quote was there all the time, and the vendor sends it again.
    assert of(poll(bid=4.0), without, poll(ms=-1, answered_ms=9_000))["bid"] == 4.0


def test_an_event_without_a_time_is_none() -> None:
    untimed = quotes(6.0).with_columns(quote_ts=pl.lit(None, pl.Datetime("us", "UTC")))
    assert of(poll(), untimed)["bid"] == 5.0


def test_a_row_is_as_young_as_its_quote_and_a_trade_does_not_make_it_younger() -> None:
    assert of(poll(), quotes(6.0, ms=700))["received_ts"] == NOW + 700 * MS
    # An older event confirms what is held.
    assert of(poll(ms=900), quotes(6.0, ms=1, late_s=1.0))["received_ts"] == NOW + 1_001 * MS
    held = Newest(TRADE)
    held.stream(trades(5.5, ms=700))
    result = overlaid(poll(), held).row(0, named=True)
    assert (result["last"], result["last_ts"], result["received_ts"]) == (5.5, NOW + 700 * MS, NOW)


def test_a_row_is_as_late_as_its_latest_group() -> None:
    late = quotes(6.0, ms=1).with_columns(feed=pl.lit("delayed").cast(quotes().schema["feed"]))
    assert of(poll(), late)["feed"] == "delayed"


# --- two vendors ----------------------------------------------------------------------------------------------------


def test_a_quote_changes_hands_only_when_its_owner_s_is_old() -> None:
    soon, late = OWNED // MS, OWNED // MS + 1
    for part, bid in (
        (quotes(6.0, ms=soon, vendor="tradier"), 5.0),
        (quotes(6.0, ms=late, vendor="tradier"), 6.0),
        # An old quote may be one that just stands: what counts as well is when it was last heard of.
        (quotes(6.0, ms=1, vendor="tradier", late_s=16.0), 6.0),
        (quotes(6.0, ms=-1, vendor="tradier", late_s=14.0), 5.0),
    ):
        result = of(poll(), part, base=poll())
        assert (result["bid"], result["quote_source"]) == (bid, "massive" if bid == 5.0 else "tradier")
        assert result["source"] == ("massive" if bid == 5.0 else "hybrid")


def test_a_row_that_changed_hands_does_not_change_back_to_and_fro() -> None:
    taken = [poll(), quotes(6.0, ms=16_000, vendor="tradier")]
    back = poll(ms=17_000, answered_ms=17_000, bid=4.0)
    assert of(*taken, back)["bid"] == 6.0
    after = poll(ms=32_000, answered_ms=32_000, bid=4.0)
    assert of(*taken, back, after)["bid"] == 4.0


def test_another_vendor_s_event_neither_confirms_a_quote_nor_takes_its_greeks() -> None:
    result = of(poll(), quotes(6.0, ms=1_000, vendor="tradier"))
    assert (result["received_ts"], result["delta"]) == (NOW, 0.5)


def test_what_has_no_owner_is_anybody_s() -> None:
    nobody_s = poll(quote_source=None).with_columns(quote_ts=pl.lit(None, pl.Datetime("us", "UTC")))
    result = of(nobody_s, quotes(6.0, ms=-9_000, vendor="tradier"))
    assert (result["bid"], result["quote_source"], result["source"]) == (6.0, "tradier", "hybrid")


# --- days -----------------------------------------------------------------------------------------------------------


def minutes(close: float, volume: float, *, end_s: int = 60) -> pl.DataFrame:
    stamp = Stamp(vendor="massive", feed="realtime", received_ts=NOW)
    return option_day_events([Minute(CALL, close=close, day_volume=volume, end=T + end_s * 1000)], stamp)


@pytest.mark.parametrize(
    ("parts", "close", "why"),
    [
        ([minutes(6.0, 101)], 6.0, "more was traded than the poll knows of"),
        ([minutes(6.0, 100)], 5.1, "the poll knows of it"),
        ([minutes(6.0, 101, end_s=120), minutes(7.0, 105, end_s=60)], 6.0, "late trades of an older minute"),
        ([minutes(6.0, 101), minutes(7.0, 103)], 7.0, "late trades of the same minute"),
        ([minutes(6.0, 50, end_s=24 * 3600)], 6.0, "a new session"),
        ([minutes(6.0, 500, end_s=-24 * 3600)], 5.1, "an old one"),
    ],
)
def test_a_day_is_the_one_that_knows_of_more(parts: list[pl.DataFrame], close: float, why: str) -> None:
    held = Newest(DAY)
    held.poll(poll())
    for part in parts:
        held.stream(part)
    result = overlaid(poll(), held).row(0, named=True)
    assert result["close"] == close, why
    assert (result["open"], result["source"]) == (5.1, "massive")


def test_a_day_that_no_poll_told_is_the_stream_s() -> None:
    without = poll(day_source=None).with_columns(pl.lit(None).cast(each.dtype).alias(each.name) for each in DAY_COLUMNS)
    held = Newest(DAY)
    held.stream(minutes(6.0, 3))
    result = overlaid(without, held).row(0, named=True)
    assert (result["close"], result["volume"], result["day_source"]) == (6.0, 3, "massive")


# --- tables ---------------------------------------------------------------------------------------------------------


def test_several_events_of_one_symbol_at_once_leave_the_newest() -> None:
    events = pl.concat([quotes(7.0, ms=3), quotes(6.0, ms=5), quotes(8.0, ms=4)])
    assert of(poll(), events)["bid"] == 6.0
    assert of(poll(), pl.concat([quotes(7.0, sequence=2), quotes(6.0, sequence=3), quotes(8.0)]))["bid"] == 6.0


def test_symbols_keep_their_places_and_new_ones_follow() -> None:
    held = Newest(QUOTE)
    held.poll(chain(row("massive"), row("massive", 610.0)))
    put, further = "SPY261218P00600000", "SPY261218C00610000"
    held.stream(pl.concat([quotes(ms=1, symbol=put), quotes(ms=1, symbol=further)]))
    symbols, facts, told = held.known([put, "SPY261218C00999000", CALL, further])
    assert symbols == [put, CALL, further]
    assert facts["is_streamed"].tolist() == [True, False, True]
    assert told.get_column("bid").to_list() == [6.0, 5.0, 6.0]


def test_no_events_change_nothing() -> None:
    held = Newest(QUOTE)
    base = poll()
    held.stream(quotes().clear())
    assert overlaid(base, held) is base
    held.poll(base)
    held.stream(quotes().clear())
    held.poll(base.clear())
    assert len(held) == 1
    assert_frame_equal(overlaid(base, held), base)


def test_others_stay_when_one_is_forgotten() -> None:
    held, put = Newest(QUOTE), "SPY261218P00600000"
    base = chain(row("massive"), row("massive", 610.0, delta=0.3))
    held.poll(base)
    held.stream(quotes(6.0, ms=1, symbol=put))
    held.keep(["SPY261218C00610000", put])
    assert len(held) == 2
    assert overlaid(base, held).get_column("delta").to_list() == [0.5, 0.3]
    assert held.known([CALL, put])[2].get_column("bid").to_list() == [6.0]


def test_events_of_others_are_not_taken_in_and_it_is_told_whether_any_was() -> None:
    held, foreign = Newest(QUOTE), "QQQ261218C00600000"
    assert not held.stream(quotes(symbol=foreign), is_own=lambda symbol: symbol.startswith("SPY"))
    assert len(held) == 0
    both = pl.concat([quotes(7.0, symbol=foreign), quotes(6.0, ms=1)])
    assert held.stream(both, is_own=lambda symbol: symbol.startswith("SPY"))
    assert held.known([foreign, CALL])[2].get_column("bid").to_list() == [6.0]
    assert not held.stream(quotes().clear())


def test_what_is_forgotten_is_told_anew() -> None:
    held = Newest(QUOTE)
    held.poll(poll())
    held.stream(quotes(6.0, ms=5))
    overlaid(poll(), held)
    held.keep([])
    assert len(held) == 0
    held.stream(quotes(7.0, ms=1))
    assert overlaid(poll(), held).get_column("bid").to_list() == [7.0]


def test_a_contract_that_is_listed_later_has_what_a_stream_told_before() -> None:
    held = Newest(QUOTE)
    held.poll(poll())
    overlaid(poll(), held)
    held.stream(quotes(6.0, ms=1, symbol="SPY261218C00610000"))
    both = chain(row("massive"), row("massive", 610.0))
    assert overlaid(both, held).get_column("bid").to_list() == [5.0, 6.0]


def test_answers_are_ordered_by_when_they_were_given_then_by_when_they_came() -> None:
    first, second = poll(), poll(answered_ms=1)
    assert answered(first) < answered(second)
    assert answered(first) < answered(first.with_columns(pl.col("received_ts") + MS))
    assert answered(first.clear()) < answered(first)


def test_of_a_poll_that_does_not_say_when_it_came_no_time_has_passed_since() -> None:
    nobody_knows = poll().with_columns(received_ts=pl.lit(None, pl.Datetime("us", "UTC")))
    for polled, moment in ((poll(), NOW + 5 * MS), (nobody_knows, NOW)):
        moved = moved_on(poll().with_columns(pl.col("received_ts") + 5 * MS), polled)
        assert moved.get_column("snapshot_ts").to_list() == [moment]
