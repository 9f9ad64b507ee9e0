"""Tradier's recorded option rows as canonical chains; expected values were written down from the payloads by eye."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest

from quantdata.frames.columns import CHAIN, schema
from quantdata.frames.tradier import chain
from quantdata.frames.tradier.quotes import quote_page
from quantdata.wire.tradier import endpoints
from tests.contract.tradier_recordings import SUNDAY, Chain, quoted, renamed, row_of, utc

if TYPE_CHECKING:
    from tests.contract.conftest import AssertSays, Tradier

WEEKLY = Chain("recorded/chain_PLTR_2024-08-23_weeklys_greeks_SUBSET.json", "PLTR", date(2024, 8, 23), SUNDAY, rows=42)
LONG = Chain("recorded/chain_PLTR_2026-12-18_greeks.json", "PLTR", date(2026, 12, 18), SUNDAY, rows=22)
WINGS = Chain(
    "recorded/chain_PLTR_2024-12-20_wings_SUBSET.json", "PLTR", date(2024, 12, 20), utc("2024-03-09 16:46:59"), rows=6
)
TSLA = Chain("client/chain_TSLA_2024-01-19_SUBSET.json", "TSLA", date(2024, 1, 19), utc("2024-01-12 17:10"), rows=2)
TLT = Chain(
    "client/chain_TLT_2025-10-10_degenerate_greeks_SUBSET.json",
    "TLT",
    date(2025, 10, 10),
    utc("2025-09-19 16:40"),
    rows=2,
)
CHAINS = [WEEKLY, LONG, WINGS, TSLA, TLT]
NOTHING = "client/chain_empty_null.json"
OPTION_WITH_SPY = "recorded/quotes_SPY_and_option_greeks.json"
OPTION_ALONE = "client/quotes_option_with_greeks.json"

# The New York day of every chain's quotes: PLTR's were recorded on a Sunday and on a Saturday.
SESSIONS: Final = {
    WEEKLY.path: date(2024, 7, 5),
    LONG.path: date(2024, 7, 5),
    WINGS.path: date(2024, 3, 8),
    TSLA.path: date(2024, 1, 12),
    TLT.path: date(2025, 9, 19),
}
YEAR_S: Final = 365 * 86_400

every_chain = pytest.mark.parametrize("recorded", CHAINS, ids=lambda recorded: recorded.path.partition("/")[2])


def years(days: int, hours: int, minutes: int, seconds: int) -> float:
    return (days * 86_400 + hours * 3_600 + minutes * 60 + seconds) / YEAR_S


# What all rows of one recording have alike.
IN_PLTR: Final[dict[str, Any]] = {
    "underlying_symbol": "PLTR",
    "root_symbol": "PLTR",
    "exercise_style": "american",
    "settlement": "PM",
    "multiplier": 100,
    "is_adjusted": False,
    "quote_source": "tradier",
    "quote_feed": "delayed",  # the sandbox, a quarter of an hour late
    "day_source": "tradier",
    "open_interest_source": "tradier",
    "iv_source": "tradier",
    "greeks_source": "tradier",
    "greeks_feed": "delayed",
    "source": "tradier",
    "feed": "delayed",
}
IN_WEEKLY: Final = IN_PLTR | {
    "expiration": date(2024, 8, 23),
    "expiration_type": "weekly",
    "dte": 47,
    "time_to_expiry": years(46, 20, 25, 42),
    "day_session": date(2024, 7, 5),
    "iv_ts": utc("2024-07-05 20:00:01"),
    "greeks_ts": utc("2024-07-05 20:00:01"),
}
IN_LONG: Final = IN_PLTR | {
    "expiration": date(2026, 12, 18),
    "expiration_type": "standard",
    "dte": 894,
    "time_to_expiry": years(893, 21, 25, 42),
    "day_session": date(2024, 7, 5),
    "iv_ts": utc("2024-07-05 20:00:01"),
    "greeks_ts": utc("2024-07-05 20:00:01"),
}
IN_WINGS: Final = IN_PLTR | {
    "expiration": date(2024, 12, 20),
    "expiration_type": "standard",
    "dte": 286,
    "time_to_expiry": years(286, 4, 13, 1),
    "day_session": date(2024, 3, 8),
    "iv_ts": utc("2024-03-08 20:59:27"),
    "greeks_ts": utc("2024-03-08 20:59:27"),
    "last_size": 1,
    "trade_source": "tradier",
}
IN_TSLA: Final = IN_PLTR | {
    "underlying_symbol": "TSLA",
    "root_symbol": "TSLA",
    "expiration": date(2024, 1, 19),
    "expiration_type": "standard",
    "dte": 7,
    "quote_feed": "realtime",
    "trade_source": "tradier",
    "day_session": date(2024, 1, 12),
    "open_interest_date": date(2024, 1, 11),
    "feed": "realtime",
}
IN_TLT: Final = IN_PLTR | {
    "underlying_symbol": "TLT",
    "root_symbol": "TLT",
    "expiration": date(2025, 10, 10),
    "expiration_type": "weekly",
    "dte": 21,
    "time_to_expiry": years(21, 3, 20, 0),
    "strike": 60.0,
    "quote_feed": "realtime",
    "day_session": date(2025, 9, 19),
    "open_interest_date": date(2025, 9, 18),
    "iv_ts": utc("2025-09-19 15:58:54"),
    "greeks_ts": utc("2025-09-19 15:58:54"),
    "vega": 1.999999818164227e-05,
    "feed": "realtime",
}


# --- rows, column by column -----------------------------------------------------------------------------------------


def test_a_put_that_never_traded_and_has_no_bid(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §5.1: last, change and prevclose null, trade_date 0, bid 0.0. The exchange at the bid, Z, is
    # nobody's then, and theta and rho are its call's.
    frame = WEEKLY.frame(tradier)
    expected = IN_WEEKLY | {
        "contract_symbol": "PLTR240823P00015000",
        "strike": 15.0,
        "option_type": "put",
        "tick_size": 0.01,
        "bid": 0.0,
        "bid_size": 0,
        "ask": 0.22,
        "ask_size": 147,
        "ask_exchange": "T",
        "quote_ts": utc("2024-07-05 19:57:47"),
        "volume": 0,
        "open_interest": 0,
        "ask_iv": 0.822637,
        "delta": -0.0006089697607029,
        "gamma": 0.00040211960575610575,
        "vega": 0.0002596035732779986,
        "liquidity": "poor",
    }
    assert_says(frame, row_of(frame, "PLTR240823P00015000"), expected)


def test_a_contract_on_its_first_day_has_a_last_price_and_no_change(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §5.1: change and prevclose are null while last is set.
    frame = WEEKLY.frame(tradier)
    expected = IN_WEEKLY | {
        "contract_symbol": "PLTR240823C00015000",
        "strike": 15.0,
        "option_type": "call",
        "tick_size": 0.05,
        "bid": 12.05,
        "bid_size": 30,
        "bid_exchange": "X",
        "ask": 12.45,
        "ask_size": 54,
        "ask_exchange": "Q",
        "mid": 12.25,
        "spread": 0.4,
        "spread_percent": 40 / 12.25,
        "quote_ts": utc("2024-07-05 19:59:56"),
        "last": 12.15,
        "last_size": 4,
        "last_ts": utc("2024-07-05 18:12:39.128"),
        "trade_source": "tradier",
        "open": 12.18,
        "high": 12.18,
        "low": 12.15,
        "close": 12.15,
        "volume": 6,
        "open_interest": 0,
        "ask_iv": 1.008094,
        "delta": 0.9993910302392971,
        "gamma": 0.00040211960575610575,
        "theta": -0.00243303786951312,
        "vega": 0.0002596035732779986,
        "rho": 0.019960581391833515,
        "liquidity": "fair",
    }
    assert_says(frame, row_of(frame, "PLTR240823C00015000"), expected)


def test_volume_without_an_eligible_trade_has_no_prices_of_the_day(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §5.1: the leg of a spread printed; last and trade_date stay those of two days before.
    frame = WEEKLY.frame(tradier)
    expected = IN_WEEKLY | {
        "contract_symbol": "PLTR240823C00017000",
        "strike": 17.0,
        "option_type": "call",
        "tick_size": 0.05,
        "bid": 10.3,
        "bid_size": 78,
        "bid_exchange": "Z",
        "ask": 10.5,
        "ask_size": 42,
        "ask_exchange": "N",
        "mid": 10.4,
        "spread": 0.2,
        "spread_percent": 20 / 10.4,
        "quote_ts": utc("2024-07-05 19:59:51"),
        "last": 8.95,
        "last_size": 1,
        "last_ts": utc("2024-07-03 16:43:02.776"),
        "trade_source": "tradier",
        "prev_close": 8.95,
        "volume": 1,
        "open_interest": 1,
        "ask_iv": 0.809355,
        "delta": 0.9923443078137507,
        "gamma": 0.003737487382803952,
        "theta": -0.003810968112654667,
        "vega": 0.00229923759058379,
        "rho": 0.022348204746296455,
        "liquidity": "fair",
    }
    assert_says(frame, row_of(frame, "PLTR240823C00017000"), expected)


def test_a_call_at_the_money_in_full(tradier: Tradier, assert_says: AssertSays) -> None:
    frame = WEEKLY.frame(tradier)
    expected = IN_WEEKLY | {
        "contract_symbol": "PLTR240823C00026000",
        "strike": 26.0,
        "option_type": "call",
        "tick_size": 0.05,
        "bid": 3.0,
        "bid_size": 28,
        "bid_exchange": "N",
        "ask": 3.1,
        "ask_size": 216,
        "ask_exchange": "E",
        "mid": 3.05,
        "spread": 0.1,
        "spread_percent": 10 / 3.05,
        "quote_ts": utc("2024-07-05 19:59:59"),
        "last": 3.08,
        "last_size": 1,
        "last_ts": utc("2024-07-05 19:52:51.239"),
        "trade_source": "tradier",
        "open": 2.3,
        "high": 3.1,
        "low": 2.3,
        "close": 3.08,
        "prev_close": 2.3,
        "change": 0.78,
        "change_percent": 33.92,
        "volume": 167,
        "open_interest": 23,
        "implied_volatility": 0.585234,
        "bid_iv": 0.57175,
        "ask_iv": 0.598718,
        "delta": 0.6394845616274686,
        "gamma": 0.06374295983600559,
        "theta": -0.02486270462553915,
        "vega": 0.037103929331832076,
        "rho": 0.01925325620858621,
        "liquidity": "good",
    }
    assert_says(frame, row_of(frame, "PLTR240823C00026000"), expected)


def test_a_put_has_volatilities_of_its_own_and_neither_theta_nor_rho(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §5.3: on put rows theta and rho are the call's, wrong in size and in sign.
    frame = WEEKLY.frame(tradier)
    expected = IN_WEEKLY | {
        "contract_symbol": "PLTR240823P00026000",
        "strike": 26.0,
        "option_type": "put",
        "tick_size": 0.01,
        "bid": 1.58,
        "bid_size": 16,
        "bid_exchange": "N",
        "ask": 1.72,
        "ask_size": 22,
        "ask_exchange": "W",
        "mid": 1.65,
        "spread": 0.14,
        "spread_percent": 14 / 1.65,
        "quote_ts": utc("2024-07-05 19:59:52"),
        "last": 1.62,
        "last_size": 3,
        "last_ts": utc("2024-07-05 19:35:08.689"),
        "trade_source": "tradier",
        "open": 1.45,
        "high": 1.86,
        "low": 1.45,
        "close": 1.62,
        "prev_close": 2.08,
        "change": -0.46,
        "change_percent": -22.12,
        "volume": 53,
        "open_interest": 130,
        "implied_volatility": 0.589995,
        "bid_iv": 0.571159,
        "ask_iv": 0.608831,
        "delta": -0.3605154383725314,
        "gamma": 0.06374295983600559,
        "vega": 0.037103929331832076,
        "liquidity": "poor",
    }
    assert_says(frame, row_of(frame, "PLTR240823P00026000"), expected)


def test_the_quotes_time_is_that_of_its_newer_side(tradier: Tradier, assert_says: AssertSays) -> None:
    # The bid vanished at 14:51 in New York; the offer stood since 13:04.
    frame = WEEKLY.frame(tradier)
    expected = IN_WEEKLY | {
        "contract_symbol": "PLTR240823P00019000",
        "strike": 19.0,
        "option_type": "put",
        "tick_size": 0.01,
        "bid": 0.0,
        "bid_size": 0,
        "ask": 0.15,
        "ask_size": 1,
        "ask_exchange": "N",
        "quote_ts": utc("2024-07-05 18:51:47"),
        "last": 0.11,
        "last_size": 1,
        "last_ts": utc("2024-07-05 18:51:47.685"),
        "trade_source": "tradier",
        "open": 0.11,
        "high": 0.11,
        "low": 0.11,
        "close": 0.11,
        "prev_close": 0.17,
        "change": -0.06,
        "change_percent": -35.3,
        "volume": 1,
        "open_interest": 4,
        "ask_iv": 0.658062,
        "delta": -0.0287149367754488,
        "gamma": 0.011769785640044897,
        "vega": 0.0067180085567323375,
        "liquidity": "poor",
    }
    assert_says(frame, row_of(frame, "PLTR240823P00019000"), expected)


def test_a_bid_that_vanished_overnight_is_zero_and_the_old_trade_stays(
    tradier: Tradier, assert_says: AssertSays
) -> None:
    frame = LONG.frame(tradier)
    expected = IN_LONG | {
        "contract_symbol": "PLTR261218P00015000",
        "strike": 15.0,
        "option_type": "put",
        "tick_size": 0.01,
        "bid": 0.0,
        "bid_size": 0,
        "ask": 2.62,
        "ask_size": 187,
        "ask_exchange": "E",
        "quote_ts": utc("2024-07-05 19:58:22"),
        "last": 2.2,
        "last_size": 2,
        "last_ts": utc("2024-07-02 18:08:36.826"),
        "trade_source": "tradier",
        "prev_close": 2.2,
        "volume": 0,
        "open_interest": 39,
        "ask_iv": 0.63462,
        "delta": -0.1087406155065812,
        "gamma": 0.007578630341079204,
        "vega": 0.08024419500560015,
        "liquidity": "poor",
    }
    assert_says(frame, row_of(frame, "PLTR261218P00015000"), expected)


def test_a_call_of_years_in_full(tradier: Tradier, assert_says: AssertSays) -> None:
    frame = LONG.frame(tradier)
    expected = IN_LONG | {
        "contract_symbol": "PLTR261218C00025000",
        "strike": 25.0,
        "option_type": "call",
        "tick_size": 0.05,
        "bid": 11.2,
        "bid_size": 60,
        "bid_exchange": "N",
        "ask": 11.6,
        "ask_size": 75,
        "ask_exchange": "X",
        "mid": 11.4,
        "spread": 0.4,
        "spread_percent": 40 / 11.4,
        "quote_ts": utc("2024-07-05 19:58:57"),
        "last": 11.2,
        "last_size": 3,
        "last_ts": utc("2024-07-05 19:33:44.626"),
        "trade_source": "tradier",
        "open": 10.53,
        "high": 11.31,
        "low": 10.45,
        "close": 11.2,
        "prev_close": 10.5,
        "change": 0.7,
        "change_percent": 6.67,
        "volume": 66,
        "open_interest": 297,
        "implied_volatility": 0.576376,
        "bid_iv": 0.561564,
        "ask_iv": 0.591187,
        "delta": 0.7528656660025961,
        "gamma": 0.013003999215427244,
        "theta": -0.005616037303432872,
        "vega": 0.13527342491435282,
        "rho": 0.2253456293678258,
        "liquidity": "good",
    }
    assert_says(frame, row_of(frame, "PLTR261218C00025000"), expected)


def test_a_put_that_never_traded_is_quoted_all_the_same(tradier: Tradier, assert_says: AssertSays) -> None:
    frame = LONG.frame(tradier)
    expected = IN_LONG | {
        "contract_symbol": "PLTR261218P00032000",
        "strike": 32.0,
        "option_type": "put",
        "tick_size": 0.05,
        "bid": 10.1,
        "bid_size": 247,
        "bid_exchange": "E",
        "ask": 11.45,
        "ask_size": 140,
        "ask_exchange": "N",
        "mid": 10.775,
        "spread": 1.35,
        "spread_percent": 135 / 10.775,
        "quote_ts": utc("2024-07-05 19:58:57"),
        "volume": 0,
        "open_interest": 0,
        "implied_volatility": 0.580087,
        "bid_iv": 0.550008,
        "ask_iv": 0.610167,
        "delta": -0.3440434188853776,
        "gamma": 0.015282898507005082,
        "vega": 0.1579705178823157,
        "liquidity": "poor",
    }
    assert_says(frame, row_of(frame, "PLTR261218P00032000"), expected)


def test_a_far_put_in_scientific_notation(tradier: Tradier, assert_says: AssertSays) -> None:
    frame = WINGS.frame(tradier)
    expected = IN_WINGS | {
        "contract_symbol": "PLTR241220P00003000",
        "strike": 3.0,
        "option_type": "put",
        "tick_size": 0.01,
        "bid": 0.0,
        "bid_size": 0,
        "ask": 0.02,
        "ask_size": 80,
        "ask_exchange": "P",
        "quote_ts": utc("2024-03-08 20:55:00"),
        "last": 0.01,
        "last_size": 5,
        "last_ts": utc("2024-03-06 16:01:05.993"),
        "prev_close": 0.01,
        "volume": 0,
        "open_interest": 16,
        "ask_iv": 1.03737,
        "delta": -0.000067947591407,
        "gamma": 0.000016588004101556877,
        "vega": 0.00008909148171344948,
        "liquidity": "poor",
    }
    assert_says(frame, row_of(frame, "PLTR241220P00003000"), expected)


def test_a_call_deep_in_the_money_below_whose_bid_there_is_no_volatility(
    tradier: Tradier, assert_says: AssertSays
) -> None:
    # reference/tradier.md §5.3: bid_iv is 0 where the bid is below intrinsic value, and then mid_iv is ask_iv, 2.69.
    frame = WINGS.frame(tradier)
    expected = IN_WINGS | {
        "contract_symbol": "PLTR241220C00003000",
        "strike": 3.0,
        "option_type": "call",
        "tick_size": 0.05,
        "bid": 22.3,
        "bid_size": 120,
        "bid_exchange": "Z",
        "ask": 23.85,
        "ask_size": 101,
        "ask_exchange": "N",
        "mid": 23.075,
        "spread": 1.55,
        "spread_percent": 155 / 23.075,
        "quote_ts": utc("2024-03-08 20:59:46"),
        "last": 23.0,
        "last_size": 2,
        "last_ts": utc("2024-03-06 17:26:48.894"),
        "prev_close": 23.0,
        "volume": 0,
        "open_interest": 49,
        "ask_iv": 2.686959,
        "delta": 0.999932052408593,
        "gamma": 0.000016588004101556877,
        "theta": -0.0003976013061450692,
        "vega": 0.00008909148171344948,
        "rho": 0.022676015688011687,
        "liquidity": "poor",
    }
    assert_says(frame, row_of(frame, "PLTR241220C00003000"), expected)


def test_volume_of_a_spread_leg_beside_the_trade_of_the_day_before(tradier: Tradier, assert_says: AssertSays) -> None:
    frame = WINGS.frame(tradier)
    expected = IN_WINGS | {
        "contract_symbol": "PLTR241220C00010000",
        "strike": 10.0,
        "option_type": "call",
        "tick_size": 0.05,
        "bid": 16.0,
        "bid_size": 110,
        "bid_exchange": "Q",
        "ask": 17.75,
        "ask_size": 10,
        "ask_exchange": "X",
        "mid": 16.875,
        "spread": 1.75,
        "spread_percent": 175 / 16.875,
        "quote_ts": utc("2024-03-08 20:59:55"),
        "last": 17.19,
        "last_ts": utc("2024-03-07 20:30:05.921"),
        "prev_close": 17.19,
        "volume": 46,
        "open_interest": 109,
        "ask_iv": 0.938027,
        "delta": 0.9729365004656507,
        "gamma": 0.0038774822279834973,
        "theta": -0.0030486849792017976,
        "vega": 0.01446556152129696,
        "rho": 0.06813430636588844,
        "liquidity": "poor",
    }
    assert_says(frame, row_of(frame, "PLTR241220C00010000"), expected)


def test_a_far_put_that_trades(tradier: Tradier, assert_says: AssertSays) -> None:
    frame = WINGS.frame(tradier)
    expected = IN_WINGS | {
        "contract_symbol": "PLTR241220P00010000",
        "strike": 10.0,
        "option_type": "put",
        "tick_size": 0.01,
        "bid": 0.2,
        "bid_size": 389,
        "bid_exchange": "E",
        "ask": 0.23,
        "ask_size": 152,
        "ask_exchange": "D",
        "mid": 0.215,
        "spread": 0.03,
        "spread_percent": 3 / 0.215,
        "quote_ts": utc("2024-03-08 20:59:37"),
        "last": 0.22,
        "last_ts": utc("2024-03-08 17:53:07.821"),
        "open": 0.22,
        "high": 0.22,
        "low": 0.21,
        "close": 0.22,
        "prev_close": 0.24,
        "change": -0.02,
        "change_percent": -8.34,
        "volume": 14,
        "open_interest": 619,
        "implied_volatility": 0.699261,
        "bid_iv": 0.68895,
        "ask_iv": 0.709571,
        "delta": -0.0270634995343493,
        "gamma": 0.0038774822279834973,
        "vega": 0.01446556152129696,
        "liquidity": "poor",
    }
    assert_says(frame, row_of(frame, "PLTR241220P00010000"), expected)


def test_a_put_deep_in_the_money_is_quoted_far_above_its_old_trade(tradier: Tradier, assert_says: AssertSays) -> None:
    frame = TSLA.frame(tradier)
    expected = IN_TSLA | {
        "contract_symbol": "TSLA240119P00290000",
        "time_to_expiry": years(7, 3, 50, 0),
        "strike": 290.0,
        "option_type": "put",
        "tick_size": 0.05,
        "bid": 70.25,
        "bid_size": 51,
        "bid_exchange": "N",
        "ask": 74.1,
        "ask_size": 51,
        "ask_exchange": "N",
        "mid": 72.175,
        "spread": 3.85,
        "spread_percent": 385 / 72.175,
        "quote_ts": utc("2024-01-12 17:09:14"),
        "last": 62.16,
        "last_size": 1220,
        "last_ts": utc("2024-01-11 20:21:52.652"),
        "prev_close": 62.16,
        "volume": 0,
        "open_interest": 835,
        "ask_iv": 1.282883,
        "iv_ts": utc("2024-01-12 16:59:08"),
        "delta": -0.9998557711335186,
        "gamma": 0.000035165824253684816,
        "vega": 0.00019028779215795382,
        "greeks_ts": utc("2024-01-12 16:59:08"),
        "liquidity": "poor",
    }
    assert_says(frame, row_of(frame, "TSLA240119P00290000"), expected)


def test_a_penny_call_during_the_session(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §5.1: close is null during the session; the last trade is the close so far.
    frame = TSLA.frame(tradier)
    expected = IN_TSLA | {
        "contract_symbol": "TSLA240119C00290000",
        "time_to_expiry": years(7, 3, 50, 0),
        "strike": 290.0,
        "option_type": "call",
        "tick_size": 0.01,
        "bid": 0.01,
        "bid_size": 1075,
        "bid_exchange": "D",
        "ask": 0.02,
        "ask_size": 614,
        "ask_exchange": "D",
        "mid": 0.015,
        "spread": 0.01,
        "spread_percent": 1 / 0.015,
        "quote_ts": utc("2024-01-12 17:09:01"),
        "last": 0.02,
        "last_size": 4,
        "last_ts": utc("2024-01-12 17:01:26.958"),
        "open": 0.03,
        "high": 0.03,
        "low": 0.01,
        "close": 0.02,
        "prev_close": 0.04,
        "change": -0.02,
        "change_percent": -50.0,
        "volume": 619,
        "open_interest": 18_077,
        "implied_volatility": 0.701844,
        "bid_iv": 0.679611,
        "ask_iv": 0.724077,
        "iv_ts": utc("2024-01-12 16:59:08"),
        "delta": 0.00014422886648140625,
        "gamma": 0.000035165824253684816,
        "theta": -0.0007229633668219417,
        "vega": 0.00019028779215795382,
        "rho": 0.00000664036071274819,
        "greeks_ts": utc("2024-01-12 16:59:08"),
        "liquidity": "excellent",
    }
    assert_says(frame, row_of(frame, "TSLA240119C00290000"), expected)


def test_noise_in_the_greeks_of_a_far_put_is_zero(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §5.3: delta -5.7e-15 and gamma -4.1e-15 came.
    frame = TLT.frame(tradier)
    expected = IN_TLT | {
        "contract_symbol": "TLT251010P00060000",
        "option_type": "put",
        "tick_size": 0.01,
        "bid": 0.0,
        "bid_size": 0,
        "ask": 0.01,
        "ask_size": 148,
        "ask_exchange": "Q",
        "quote_ts": utc("2025-09-19 16:39:45"),
        "volume": 0,
        "open_interest": 0,
        "ask_iv": 0.597974,
        "delta": 0.0,
        "gamma": 0.0,
        "liquidity": "poor",
    }
    row = row_of(frame, "TLT251010P00060000")
    assert_says(frame, row, expected)
    assert frame.select("delta", "gamma").row(row) == (0.0, 0.0)  # and not nearly


def test_noise_in_the_greeks_of_a_deep_call_is_zero(tradier: Tradier, assert_says: AssertSays) -> None:
    frame = TLT.frame(tradier)
    expected = IN_TLT | {
        "contract_symbol": "TLT251010C00060000",
        "option_type": "call",
        "tick_size": 0.05,
        "bid": 28.85,
        "bid_size": 44,
        "bid_exchange": "U",
        "ask": 29.0,
        "ask_size": 52,
        "ask_exchange": "Q",
        "mid": 28.925,
        "spread": 0.15,
        "spread_percent": 15 / 28.925,
        "quote_ts": utc("2025-09-19 16:39:54"),
        "last": 30.0,
        "last_size": 3,
        "last_ts": utc("2025-09-10 17:04:22.798"),
        "trade_source": "tradier",
        "prev_close": 30.0,
        "volume": 0,
        "open_interest": 9,
        "implied_volatility": 0.833441,
        "bid_iv": 0.743542,
        "ask_iv": 0.923341,
        "delta": 0.9999999999999943,
        "gamma": 0.0,
        "theta": 0.0,
        "rho": 0.0,
        "liquidity": "fair",
    }
    row = row_of(frame, "TLT251010C00060000")
    assert_says(frame, row, expected)
    assert frame.select("gamma", "theta", "rho").row(row) == (0.0, 0.0, 0.0)


def test_the_quote_of_one_option_is_read_as_its_row_of_a_chain(tradier: Tradier, assert_says: AssertSays) -> None:
    at = utc("2024-06-28 16:06:01")
    page = quoted(tradier, OPTION_WITH_SPY, "SPY251219P00450000,SPY", at)
    recorded = replace(WEEKLY, path=OPTION_WITH_SPY, at=at)
    frame = chain.chain([page.filter(type="option")], underlying="SPY", answer=recorded.answer(tradier))
    expected = IN_PLTR | {
        "underlying_symbol": "SPY",
        "contract_symbol": "SPY251219P00450000",
        "root_symbol": "SPY",
        "expiration": date(2025, 12, 19),
        "expiration_type": "standard",
        "dte": 539,
        "time_to_expiry": years(539, 4, 53, 59),
        "strike": 450.0,
        "option_type": "put",
        "tick_size": 0.01,
        "bid": 10.2,
        "bid_size": 251,
        "bid_exchange": "Z",
        "ask": 10.36,
        "ask_size": 939,
        "ask_exchange": "N",
        "mid": 10.28,
        "spread": 0.16,
        "spread_percent": 16 / 10.28,
        "quote_ts": utc("2024-06-28 15:50:51"),
        "last": 10.05,
        "last_size": 400,
        "last_ts": utc("2024-06-28 14:34:48.310"),
        "trade_source": "tradier",
        "open": 10.1,
        "high": 10.1,
        "low": 10.05,
        "close": 10.05,
        "prev_close": 10.54,
        "change": -0.49,
        "change_percent": -4.65,
        "volume": 415,
        "day_session": date(2024, 6, 28),
        "open_interest": 7_230,
        "open_interest_date": date(2024, 6, 27),
        "implied_volatility": 0.209179,
        "bid_iv": 0.208662,
        "ask_iv": 0.209696,
        "iv_ts": utc("2024-06-28 14:58:47"),
        "delta": -0.136692803567622,
        "gamma": 0.0014474030220688475,
        "vega": 1.2675943936834042,
        "greeks_ts": utc("2024-06-28 14:58:47"),
        "liquidity": "excellent",
    }
    assert frame.height == 1
    assert_says(frame, 0, expected)


def test_one_option_alone_comes_as_an_object(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §3.1. Of the greeks' hour, the middle is the offer's: bid_iv is 0.
    at = utc("2024-01-12 16:14:30")
    page = quoted(tradier, OPTION_ALONE, "TSLA240119P00250000", at)
    frame = chain.chain([page], underlying="TSLA", answer=replace(TSLA, path=OPTION_ALONE, at=at).answer(tradier))
    expected = IN_TSLA | {
        "contract_symbol": "TSLA240119P00250000",
        "time_to_expiry": years(7, 4, 45, 30),
        "strike": 250.0,
        "option_type": "put",
        "tick_size": 0.05,
        "bid": 28.35,
        "bid_size": 28,
        "bid_exchange": "P",
        "ask": 28.75,
        "ask_size": 12,
        "ask_exchange": "Z",
        "mid": 28.55,
        "spread": 0.4,
        "spread_percent": 40 / 28.55,
        "quote_ts": utc("2024-01-12 16:12:52"),
        "last": 28.64,
        "last_size": 20,
        "last_ts": utc("2024-01-12 16:14:14.411"),
        "open": 28.2,
        "high": 30.28,
        "low": 25.0,
        "close": 28.64,
        "prev_close": 23.02,
        "change": 5.62,
        "change_percent": 24.42,
        "volume": 325,
        "open_interest": 31_812,
        "ask_iv": 0.568797,
        "iv_ts": utc("2024-01-12 15:59:03"),
        "delta": -0.9604526529331165,
        "gamma": 0.005467830085355449,
        "vega": 0.024449975355968073,
        "greeks_ts": utc("2024-01-12 15:59:03"),
        "liquidity": "excellent",
    }
    assert frame.height == 1
    assert_says(frame, 0, expected)


def test_an_option_without_greeks_has_none_and_is_a_row_all_the_same(tradier: Tradier, assert_says: AssertSays) -> None:
    # reference/tradier.md §5.3: no key at all, since greeks were not asked for.
    path, at = "client/quotes_AAPL_and_untraded_option.json", utc("2019-05-06 18:47")
    page = quoted(tradier, path, "AAPL,VXX190517P00016000", at)
    recorded = replace(TSLA, path=path, at=at)
    frame = chain.chain([page.filter(type="option")], underlying="VXX", answer=recorded.answer(tradier))
    expected = {
        "underlying_symbol": "VXX",
        "contract_symbol": "VXX190517P00016000",
        "root_symbol": "VXX",
        "expiration": date(2019, 5, 17),
        "expiration_type": "standard",
        "dte": 11,
        "time_to_expiry": years(11, 1, 13, 0),
        "strike": 16.0,
        "option_type": "put",
        "exercise_style": "american",
        "settlement": "PM",
        "multiplier": 100,
        "is_adjusted": False,
        "tick_size": 0.01,
        "bid": 0.0,
        "bid_size": 0,
        "ask": 0.01,
        "ask_size": 618,
        "ask_exchange": "Z",
        "quote_ts": utc("2019-05-06 18:46:07"),
        "quote_source": "tradier",
        "quote_feed": "realtime",
        "volume": 0,
        "day_session": date(2019, 5, 6),
        "day_source": "tradier",
        "open_interest": 10,
        "open_interest_date": date(2019, 5, 3),
        "open_interest_source": "tradier",
        "liquidity": "poor",
        "source": "tradier",
        "feed": "realtime",
    }
    assert frame.height == 1
    assert_says(frame, 0, expected)


# --- what holds for every row ---------------------------------------------------------------------------------------


@every_chain
def test_every_recorded_chain_has_the_canonical_schema_and_keeps_every_row(tradier: Tradier, recorded: Chain) -> None:
    frame = recorded.frame(tradier)
    assert frame.schema == schema(CHAIN)
    assert frame.height == recorded.rows
    assert frame.get_column("contract_symbol").n_unique() == recorded.rows
    assert frame.get_column("underlying_symbol").unique().to_list() == [recorded.underlying]
    assert frame.get_column("expiration").unique().to_list() == [recorded.expiration]
    assert frame.get_column("snapshot_ts").unique().to_list() == [recorded.at]
    assert frame.get_column("received_ts").unique().to_list() == [recorded.at]


@every_chain
def test_a_chain_is_asked_for_as_the_recorded_one_was(tradier: Tradier, recorded: Chain) -> None:
    request = endpoints.chain(recorded.underlying, recorded.expiration)
    assert (request.path, request.params) == tradier.asked(recorded.path)


@every_chain
def test_rows_are_sorted_by_strike_and_calls_come_first_however_they_came(tradier: Tradier, recorded: Chain) -> None:
    # reference/tradier.md §5.2: the order of call and put within a strike varies.
    said = recorded.page(tradier).select("strike", "option_type").rows()
    frame = recorded.frame(tradier).select("strike", pl.col("option_type").cast(pl.String)).rows()
    assert frame == sorted(said)
    assert frame != said


@every_chain
def test_the_bid_is_below_the_offer_and_the_middle_between_them(tradier: Tradier, recorded: Chain) -> None:
    frame = recorded.frame(tradier)
    assert frame.select("bid", "ask", "quote_ts").null_count().row(0) == (0, 0, 0)
    assert frame.select((pl.col("bid") <= pl.col("ask")).all()).item() is True
    two_sided = frame.filter(pl.col("bid") > 0)
    assert two_sided.get_column("mid").null_count() == 0
    assert two_sided.select(pl.col("mid").is_between("bid", "ask").all()).item() is True
    one_sided = frame.filter(pl.col("bid") == 0)
    assert one_sided.select("mid", "spread", "spread_percent").null_count().row(0) == (one_sided.height,) * 3


@every_chain
def test_call_and_put_of_a_strike_have_deltas_one_apart_and_equal_gamma_and_vega(
    tradier: Tradier, recorded: Chain
) -> None:
    # reference/tradier.md §5.3: one set of greeks a strike.
    frame = recorded.frame(tradier)
    pairs = frame.filter(option_type="call").join(frame.filter(option_type="put"), on="strike", suffix="_of_put")
    assert pairs.height == recorded.rows // 2
    apart = pairs.select(((pl.col("delta") - pl.col("delta_of_put") - 1).abs() < 1e-12).all()).item()
    assert apart is True
    assert pairs.select((pl.col("gamma") == pl.col("gamma_of_put")).all()).item() is True
    assert pairs.select((pl.col("vega") == pl.col("vega_of_put")).all()).item() is True


@every_chain
def test_only_calls_have_theta_and_rho(tradier: Tradier, recorded: Chain) -> None:
    frame = recorded.frame(tradier)
    calls, puts = frame.filter(option_type="call"), frame.filter(option_type="put")
    assert calls.select("theta", "rho").null_count().row(0) == (0, 0)
    assert puts.select("theta", "rho").null_count().row(0) == (puts.height, puts.height)
    assert calls.select(((pl.col("theta") <= 0) & (pl.col("rho") >= 0)).all()).item() is True


@every_chain
def test_the_volatility_is_that_of_the_middle_or_null_where_the_bid_has_none(tradier: Tradier, recorded: Chain) -> None:
    # reference/tradier.md §5.3: with bid_iv 0.0 the vendor sends ask_iv as mid_iv.
    said = recorded.page(tradier).select("symbol", pl.col("greeks").struct.field("bid_iv", "mid_iv", "ask_iv"))
    frame = recorded.frame(tradier).join(said, left_on="contract_symbol", right_on="symbol", suffix="_said")
    with_bid = frame.filter(pl.col("bid_iv_said") > 0)
    without = frame.filter(pl.col("bid_iv_said") == 0)
    assert with_bid.height > 0
    assert without.height > 0
    middle = (pl.col("bid_iv") + pl.col("ask_iv")) / 2
    assert with_bid.select(((pl.col("implied_volatility") - middle).abs() <= 1.1e-6).all()).item() is True
    assert without.select((pl.col("mid_iv") == pl.col("ask_iv_said")).all()).item() is True
    assert without.select("implied_volatility", "bid_iv").null_count().row(0) == (without.height, without.height)
    assert frame.select((pl.col("ask_iv") == pl.col("ask_iv_said")).all()).item() is True
    # Fractions: between 10 % and 300 %.
    assert frame.select(pl.col("ask_iv").is_between(0.1, 3.0).all()).item() is True


@every_chain
def test_changes_are_in_percent_of_the_close_before(tradier: Tradier, recorded: Chain) -> None:
    frame = recorded.frame(tradier)
    traded = frame.drop_nulls("prev_close")
    assert traded.height > 0
    # To a cent: what the vendor rounds (-0.02 of 0.24) it rounds away from zero.
    ours = 100 * pl.col("change") / pl.col("prev_close")
    assert traded.select(((ours - pl.col("change_percent")).abs() < 0.0101).all()).item() is True
    assert traded.select(((pl.col("last") - pl.col("prev_close") - pl.col("change")).abs() < 1e-9).all()).item() is True
    new = frame.filter(pl.col("prev_close").is_null())
    assert new.select("change", "change_percent").null_count().row(0) == (new.height, new.height)


@every_chain
def test_times_are_of_the_day_of_the_recording(tradier: Tradier, recorded: Chain) -> None:
    # quote_ts from epoch milliseconds, iv_ts and greeks_ts from a text without a zone that is UTC.
    frame = recorded.frame(tradier)
    day = SESSIONS[recorded.path]
    for column in ("quote_ts", "iv_ts", "greeks_ts"):
        moments = frame.get_column(column)
        local = moments.dt.convert_time_zone("America/New_York")
        assert local.dt.date().unique().to_list() == [day]
        assert local.dt.hour().is_between(9, 16).all()
        assert (moments < recorded.at).all()
    assert frame.get_column("greeks_ts").n_unique() == 1
    lasts = frame.get_column("last_ts").drop_nulls()
    assert lasts.is_between(recorded.at - timedelta(days=30), recorded.at).all()


@every_chain
def test_the_day_is_the_newest_session(tradier: Tradier, recorded: Chain) -> None:
    # Of the recordings of a weekend it is Friday's.
    frame = recorded.frame(tradier)
    assert frame.get_column("day_session").unique().to_list() == [SESSIONS[recorded.path]]
    weekend = recorded.at.weekday() >= 5
    counted = [None] if weekend else [{TSLA.path: date(2024, 1, 11), TLT.path: date(2025, 9, 18)}[recorded.path]]
    assert frame.get_column("open_interest_date").unique().to_list() == counted


@pytest.mark.parametrize(
    ("at", "path", "day"),
    [
        (utc("2024-07-08 13:29"), WEEKLY.path, date(2024, 7, 5)),
        (utc("2024-07-08 13:40"), WEEKLY.path, date(2024, 7, 5)),  # the sandbox still shows what was 15 minutes before
        (utc("2024-07-08 13:46"), WEEKLY.path, date(2024, 7, 8)),
        (utc("2024-07-08 13:29"), TSLA.path, date(2024, 7, 5)),
        (utc("2024-07-08 13:31"), TSLA.path, date(2024, 7, 8)),
    ],
)
def test_the_session_changes_at_the_open_and_in_the_sandbox_a_quarter_of_an_hour_later(
    tradier: Tradier, at: datetime, path: str, day: date
) -> None:
    # The path only says which host answered.
    page = replace(WEEKLY, at=at).page(tradier)
    frame = chain.chain([page], underlying="PLTR", answer=replace(WEEKLY, path=path, at=at).answer(tradier))
    traded = frame.filter(pl.col("volume") > 0)
    assert traded.get_column("day_session").unique().to_list() == [day]
    # Before the open a volume of 0 may be of the day that begins, or of the one that was.
    rest = frame.filter(pl.col("volume").fill_null(0) == 0)
    assert traded.height < frame.height
    is_before_the_open = day == date(2024, 7, 5)
    assert rest.select("volume", "day_session").unique().rows() == [(None, None) if is_before_the_open else (0, day)]


def test_put_and_call_of_two_expirations_make_one_chain(tradier: Tradier) -> None:
    pages = [LONG.page(tradier), WEEKLY.page(tradier)]
    frame = chain.chain(pages, underlying="PLTR", answer=WEEKLY.answer(tradier))
    assert frame.schema == schema(CHAIN)
    assert frame.get_column("expiration").to_list() == [date(2024, 8, 23)] * 42 + [date(2026, 12, 18)] * 22
    assert frame.get_column("contract_symbol").n_unique() == 64


def test_a_chain_of_nothing_is_null(tradier: Tradier) -> None:
    # reference/tradier.md §5.2: an unknown symbol or date is no error to the vendor.
    items = tradier.items(NOTHING, endpoints.chain("sfefd", date(2024, 1, 19)))
    assert (items.items, items.unmatched) == (b"[]", ())
    page = quote_page(items.items, received=SUNDAY)
    frame = chain.chain([page], underlying="SFEFD", answer=TSLA.answer(tradier))
    assert frame.is_empty()
    assert frame.schema == schema(CHAIN)


# --- made of recorded rows ------------------------------------------------------------------------------------------


def test_options_on_a_share_class_have_its_root_and_belong_to_it(tradier: Tradier) -> None:
    # reference/tradier.md §4: BRKB in option symbols, BRK/B, escaped as BRK\/B, as the underlying.
    body = renamed(tradier.body(LONG.path), "PLTR", "BRK/B", root="BRKB")
    page = replace(LONG, underlying="BRK/B").page(tradier, body)
    assert page.get_column("underlying").unique().to_list() == ["BRK/B"]
    frame = chain.chain([page], underlying="BRK.B", answer=LONG.answer(tradier))
    row = frame.row(row_of(frame, "BRKB261218C00025000"), named=True)
    assert (row["underlying_symbol"], row["root_symbol"]) == ("BRK.B", "BRKB")
    assert (row["strike"], row["is_adjusted"], row["tick_size"]) == (25.0, False, 0.05)
    assert frame.height == 22


def test_an_adjusted_root_is_read_and_marked(tradier: Tradier) -> None:
    # reference/tradier.md §4: adjusted roots end in a digit; contract_size may be 100 all the same.
    body = renamed(tradier.body(LONG.path), "PLTR", "BWA", root="BWA1")
    frame = chain.chain([LONG.page(tradier, body)], underlying="BWA", answer=LONG.answer(tradier))
    row = frame.row(row_of(frame, "BWA1261218P00037000"), named=True)
    assert (row["underlying_symbol"], row["root_symbol"]) == ("BWA", "BWA1")
    assert (row["is_adjusted"], row["multiplier"], row["strike"]) == (True, 100, 37.0)
    assert (row["expiration"], row["option_type"], row["settlement"]) == (date(2026, 12, 18), "put", "PM")
    assert frame.get_column("is_adjusted").all()


def test_two_roots_of_one_date_come_together_and_are_told_apart(tradier: Tradier) -> None:
    # reference/tradier.md §5.2: SPX and SPXW in one answer, told apart by root_symbol.
    monthly = renamed(tradier.body(LONG.path), "PLTR", "SPX", root="SPX")
    weekly = renamed(tradier.body(LONG.path), "PLTR", "SPX", root="SPXW")
    both = [LONG.page(tradier, body) for body in (weekly, monthly)]
    frame = chain.chain(both, underlying="SPX", answer=LONG.answer(tradier))
    assert frame.get_column("root_symbol").to_list() == ["SPX"] * 22 + ["SPXW"] * 22
    facts = frame.select("root_symbol", "settlement", "exercise_style").unique(maintain_order=True).rows()
    assert facts == [("SPX", "AM", "european"), ("SPXW", "PM", "european")]


def test_without_any_volatility_there_is_none_and_no_time_of_it(tradier: Tradier) -> None:
    # reference/tradier.md §5.3: all three 0.0 possible; none was recorded. The greeks are still there.
    body = tradier.body(WEEKLY.path).replace(
        b'"bid_iv":0.57175,"mid_iv":0.585234,"ask_iv":0.598718', b'"bid_iv":0.0,"mid_iv":0.0,"ask_iv":0.0'
    )
    frame = WEEKLY.frame(tradier, body)
    row = frame.row(row_of(frame, "PLTR240823C00026000"), named=True)
    volatility = ("implied_volatility", "bid_iv", "ask_iv", "iv_ts", "iv_source")
    assert [row[name] for name in volatility] == [None] * 5
    assert (row["delta"], row["greeks_source"]) == (0.6394845616274686, "tradier")
    assert row["greeks_ts"] == utc("2024-07-05 20:00:01")


@pytest.mark.parametrize("greeks", [b'"greeks":null,', b'"greeks":{},', b""])
def test_without_greeks_a_row_has_no_time_of_them_and_keeps_its_quote(tradier: Tradier, greeks: bytes) -> None:
    # reference/tradier.md §5.3: null or absent for new listings and where the model has gaps.
    recorded = tradier.body(TSLA.path)
    start = recorded.index(b'"greeks":')
    end = recorded.index(b'"change_percentage"', start)
    frame = TSLA.frame(tradier, recorded[:start] + greeks + recorded[end:])
    row = frame.row(row_of(frame, "TSLA240119P00290000"), named=True)
    modelled = ("delta", "gamma", "vega", "greeks_ts", "greeks_source", "greeks_feed", "ask_iv", "iv_ts", "iv_source")
    assert [row[name] for name in modelled] == [None] * 9
    assert (row["bid"], row["ask"]) == (70.25, 74.1)
    other = frame.row(row_of(frame, "TSLA240119C00290000"), named=True)
    assert (other["delta"], other["implied_volatility"]) == (0.00014422886648140625, 0.701844)


def test_without_an_offer_there_is_no_quote(tradier: Tradier) -> None:
    # reference/tradier.md §5.1: a side may be null or 0, and its time 0.
    body = (
        tradier.body(TLT.path)
        .replace(b'"ask":0.01', b'"ask":0.0')
        .replace(b'"bid_date":1758299902000', b'"bid_date":0')
        .replace(b'"ask_date":1758299985000', b'"ask_date":0')
    )
    frame = TLT.frame(tradier, body)
    row = frame.row(row_of(frame, "TLT251010P00060000"), named=True)
    quote = (
        "bid",
        "bid_size",
        "bid_exchange",
        "ask",
        "ask_size",
        "ask_exchange",
        "quote_ts",
        "quote_source",
        "quote_feed",
    )
    assert [row[name] for name in quote] == [None] * 9
