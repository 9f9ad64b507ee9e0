from __future__ import annotations

import json

from quantdata.sim.tradier.stream_events import StreamGrammar, encoded, quote, snapshot, summary, timesale, trade

ROW = {
    "symbol": "SPY",
    "type": "etf",
    "exch": "P",
    "last": 662.7,
    "last_volume": 98,
    "volume": 1_798,
    "trade_date": 1_795_622_395_192,
    "open": 663.47,
    "high": 665.0,
    "low": 661.85,
    "close": None,
    "prevclose": 666.84,
    "bid": 662.64,
    "bidsize": 12,
    "bidexch": "P",
    "bid_date": 1_795_622_400_000,
    "ask": 662.65,
    "asksize": 4,
    "askexch": "D",
    "ask_date": 1_795_622_400_001,
}
QUOTE = {
    "type": "quote",
    "symbol": "SPY",
    "bid": 662.64,
    "bidsz": 12,
    "bidexch": "P",
    "biddate": "1795622400000",
    "ask": 662.65,
    "asksz": 4,
    "askexch": "D",
    "askdate": "1795622400001",
}
TRADE = {
    "type": "trade",
    "symbol": "SPY",
    "exch": "P",
    "price": "662.7",
    "size": "98",
    "cvol": "1798",
    "date": "1795622395192",
    "last": "662.7",
}
SUMMARY = {
    "type": "summary",
    "symbol": "SPY",
    "open": "663.47",
    "high": "665.0",
    "low": "661.85",
    "prevClose": "666.84",
}
grammar = StreamGrammar()


def test_prices_and_sizes_of_a_quote_are_numbers_and_its_times_texts() -> None:
    assert quote(ROW) == QUOTE
    assert list(quote(ROW)) == list(QUOTE)


def test_a_trade_is_all_text() -> None:
    told = trade("SPY", exch="P", price=662.7, size=98, volume=1_798, moment_ms=1_795_622_395_192)
    assert told == TRADE
    assert list(told) == list(TRADE)


def test_a_summary_leaves_out_what_there_is_not() -> None:
    assert summary(ROW) == SUMMARY
    assert summary(ROW | {"close": 662.0})["close"] == "662.0"
    assert summary(ROW | dict.fromkeys(("open", "high", "low"))) == {
        "type": "summary",
        "symbol": "SPY",
        "prevClose": "666.84",
    }


def test_a_print_of_the_tape_has_the_quote_at_it() -> None:
    told = timesale(
        "SPY", exch="P", bid=1.0, ask=1.05, price=1.05, size=3, moment_ms=1_795_622_395_192, seq=9, session="pre"
    )
    assert told == {
        "type": "timesale",
        "symbol": "SPY",
        "exch": "P",
        "bid": "1.0",
        "ask": "1.05",
        "last": "1.05",
        "size": "3",
        "date": "1795622395192",
        "seq": 9,
        "flag": "",
        "cancel": False,
        "correction": False,
        "session": "pre",
    }


def test_a_snapshot_is_grouped_by_type_and_has_only_what_is_asked_for() -> None:
    index = ROW | {"symbol": "SPX", "type": "index"}
    untraded = ROW | {"symbol": "QQQ", "last": None}
    groups = snapshot([ROW, index, untraded], frozenset({"summary", "trade", "quote", "timesale"}))
    assert [[(event["type"], event["symbol"]) for event in group] for group in groups] == [
        [("summary", "SPY"), ("summary", "SPX"), ("summary", "QQQ")],
        [("trade", "SPY"), ("trade", "SPX")],
        [("quote", "SPY"), ("quote", "QQQ")],
    ]
    assert snapshot([ROW], frozenset({"quote"})) == [[QUOTE]]
    assert snapshot([index], frozenset({"quote"})) == []


# --- how faults change them -----------------------------------------------------------------------------------------


def test_a_frame_is_taken_apart_and_put_together() -> None:
    payload = encoded(QUOTE) + b"\n" + encoded(TRADE) + b"\n"
    assert grammar.split(payload) == [QUOTE, TRADE]
    assert grammar.join([QUOTE, TRADE]) == payload


def test_of_a_frame_that_is_cut_short_nothing_can_be_read() -> None:
    cut = grammar.cut_short(encoded(QUOTE) + b"\n" + encoded(TRADE) + b"\n")
    assert b"\n" not in cut
    assert encoded(QUOTE).startswith(cut)


def test_older_quotes_and_trades_differ_and_summaries_have_none() -> None:
    before = QUOTE | {"biddate": "1795622397500", "askdate": "1795622397501", "bid": 662.99, "ask": 663.0}
    assert grammar.older(QUOTE) == before
    assert grammar.older(TRADE) == TRADE | {"date": "1795622392692", "price": "663.05", "last": "663.05"}
    assert grammar.older(SUMMARY) is None


def test_there_is_one_unit_and_no_bar() -> None:
    assert grammar.in_nanoseconds(QUOTE) is QUOTE
    assert grammar.revised(TRADE) is None


def test_a_stranger_is_of_no_known_type() -> None:
    assert json.loads(grammar.join([grammar.stranger()]))["type"] == "rumour"
