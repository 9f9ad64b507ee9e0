"""Whatever people may ask by mistake or malice: both clients refuse it alike, in these words, and nothing is sent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import count, islice, product
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import httpx
import numpy as np
import polars as pl
import pytest
from httpx_aiohttp import AiohttpTransport
from polars.testing import assert_frame_equal

import quantdata as qd
from quantdata import portal
from quantdata.clients import AsyncMassive, AsyncTradier
from quantdata.errors import (
    ArgumentError,
    ConfigError,
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    IncompleteError,
    QuantDataWarning,
    QuoteNotFoundError,
    SymbolError,
)
from quantdata.frames.columns import BARS, CHAIN, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.clients import Provider
    from quantdata.sim import Simulator

Asking = Callable[[qd.Client], Any]


class Refusal(NamedTuple):
    """A call, the exact class of the error that it ends in, and all of its text."""

    ask: Asking
    kind: type[Exception]
    message: str


DAY: Final = "2026-11-16"
NEXT: Final = "2026-11-17"
PUBLIC: Final = "SPY261218C00660000"
VENDORS: Final = ("massive", "tradier")
NUMBERS: Final = count()
# Dividends and the splits since them.
BESIDE: Final = ("/dividends", "/splits", "/corporate_actions")

NO_TICKER: Final = (
    ' is not an equity ticker: one to five letters, with a class after a dot when there is one, as in "AAPL" or "BRK.B"'
)
NO_INDEX: Final = ' is not an index ticker: at most 15 letters and digits, as in "SPX" or "I:VIX9D"'
NO_OPTION: Final = (
    " is not an option symbol: after the root come YYMMDD, C or P, and eight digits of strike (thousandths of a "
    'dollar), as in "SPY251219C00450000"; here comes '
)
NO_ROOT: Final = (
    " is not an option root; roots are capital letters, with one digit (1-9) at the end when adjusted, and without "
    "dots or slashes (BRKB for BRK.B)"
)
NO_DAY: Final = " must be a date or text such as '2026-12-18', not "
NO_MOMENT: Final = " must be a day such as '2026-11-20' or a moment such as '2026-11-20T10:30-05:00', not "
NO_PAIR: Final = " is one value or an inclusive (low, high), with None for an open end; got "
NO_TIMEFRAME: Final = "timeframe must be '1m', '5m', '15m', '30m', '1h', '1d', '1w', not "
NO_TEXTS: Final = "symbols must be text or a list of texts, not "
NO_PART: Final = "contract() takes one OCC symbol, or underlying, strike, expiration and option_type together; got "
NO_ROWS: Final = "lookback must be "
NO_MORE_ROWS: Final = (
    "lookback must be at most 5,000 rows, not 5,001: for more, get bars() and compute "
    "quantdata.analytics.technical.indicator_columns of them"
)
TOO_MANY: Final = tuple(f"SPY261218C{strike:08d}" for strike in range(1000, 252_000, 1000))
NO_TTL: Final = "cache_ttl maps kinds to seconds, as in {'chain': 5.0}, not "
KINDS: Final = "; kinds: chain, contract, expirations, quotes, indices, bars, indicators, trades, flow, market_status"
IS_SPXW: Final = (
    '\'SPXW\' is an option root of SPX, not a ticker: ask for "SPX" (in a chain: for underlying "SPX" with '
    'roots="SPXW")'
)
NO_OPTIONS_ON: Final = "; known are those on DJX, MRUT, NDX, OEX, RUT, SPX, VIX, XEO, XND, XSP"
IS_OVER: Final = (
    ", before today (2026-11-18): a chain holds live contracts; bars() and trades() have those of expired ones"
)
NO_CLOCK: Final = (
    'it is "live" (the wall clock), "open" (always mid-session), "at:2026-11-18T15:30:00Z" (frozen there) or '
    '"at:2026-11-18T15:30:00Z*60" (running from there at 60 times the speed); a time without offset is New York time'
)

A_RATE: Final = "give one rate as 0.04, or rates by days as {30: 0.043, 365: 0.039}"
NO_RATE: Final = f"is no number from -0.05 to 0.5: rates are annual fractions, 4 % is 0.04; {A_RATE}"

# Symbols that would leave their place in a path, a query, a list, a line or a statement.
INJECTIONS: Final = (
    "../../etc/passwd",
    "SPY/../../v1/x",
    "SPY/../QQQ",
    "SPY?apiKey=x",
    "SPY%2F..",
    "SPY%00",
    "SPY&symbols=QQQ",
    "SPY&greeks=false",
    "SPY#x",
    "SPY;x",
    "SPY,QQQ",
    "SPY QQQ",
    "SPY\nQQQ",
    "SPY\r\nX-Evil: 1",
    "SPY\x00",
    "S\x1bPY",
    "SPY\tx",
    "http://example.com/",
    "SPY@example.com",
    "\\\\host\\share",
    "SPY'; DROP TABLE quotes;--",
    '" OR "1"="1',
    "${jndi:ldap://x}",
    "{{7*7}}",
    "<script>",
    "*",
    "%",
)
LOOK_ALIKES: Final = (
    "ＳＰＹ",  # full width  # noqa: RUF001
    "ЅPY",  # a Cyrillic S  # noqa: RUF001
    "ſpy",  # a long s, which is S in upper case  # noqa: RUF001
    "ıwm",  # a dotless i, which is I in upper case  # noqa: RUF001
    "SPY😀",
    "SPY\u200b",
    "\u202eSPY",
    "SPÝ",
)


def asking(method: str, /, *args: Any, **kwargs: Any) -> Asking:
    """Return a call of one of the client's methods, with arguments that its annotations would not let through."""

    def ask(client: qd.Client) -> Any:
        return getattr(client, method)(*args, **kwargs)

    return ask


def of_chain(**filters: Any) -> Asking:
    return asking("chain", "BRK.B", **filters)


def of_bars(**changes: Any) -> Asking:
    return asking("bars", **{"symbols": "SPY", "timeframe": "1d", "start": DAY, "end": NEXT} | changes)


def requests(simulator: Simulator) -> dict[str, int]:
    """Return how often each path was asked so far, but for those in `BESIDE`: a closed client may have sent some."""
    found: dict[str, int] = simulator.describe()["requests"]
    return {path: times for path, times in found.items() if not path.endswith(BESIDE)}


@pytest.fixture(params=VENDORS)
def client(
    request: pytest.FixtureRequest, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[qd.Client]:
    """Return a client of each vendor, made from the environment, in front of the simulated market."""
    monkeypatch.setenv("MASSIVE_BASE_URL", simulator.base_url)
    monkeypatch.setenv("TRADIER_BASE_URL", simulator.tradier_url)
    monkeypatch.setenv("MASSIVE_API_KEY", f"bad-input-{next(NUMBERS)}")
    monkeypatch.setenv("TRADIER_ACCESS_TOKEN", f"bad-input-{next(NUMBERS)}")
    with qd.Client(request.param) as made:
        yield made


@pytest.fixture
def vendor(client: qd.Client) -> str:
    """Return the name of the client's vendor."""
    return repr(client).split("'")[1]


# --- refused at the door --------------------------------------------------------------------------------------------

SYMBOLS: Final[list[tuple[Asking, type[Exception], str]]] = [
    *((asking("chain", text), SymbolError, f"{text!r}{NO_TICKER}") for text in ("", "   ", "TOOLONG", "123", "-", ".")),
    *((asking("chain", text), SymbolError, f"{text!r}{NO_TICKER}") for text in ("BRK.B.C", "BRK.BBBB", "O:", "SPY x")),
    (asking("chain", "A" * 10_000), SymbolError, f"'{'A' * 40}...'{NO_TICKER}"),
    (asking("chain", None), SymbolError, "underlying is text such as 'SPY', not None"),
    (asking("chain", 5), SymbolError, "underlying is text such as 'SPY', not 5"),
    (asking("chain", 1.5), SymbolError, "underlying is text such as 'SPY', not 1.5"),
    (asking("chain", underlying=True), SymbolError, "underlying is text such as 'SPY', not True"),
    (asking("chain", b"SPY"), SymbolError, "underlying is text such as 'SPY', not b'SPY'"),
    (asking("chain", ["SPY"]), SymbolError, "underlying is text such as 'SPY', not ['SPY']"),
    (asking("chain", {"a": 1}), SymbolError, "underlying is text such as 'SPY', not {'a': 1}"),
    (asking("chain", "SPXW"), SymbolError, IS_SPXW),
    (
        asking("chain", "BRKB"),
        SymbolError,
        (
            '\'BRKB\' is an option root of BRK.B, not a ticker: ask for "BRK.B" (in a chain: for underlying "BRK.B" '
            'with roots="BRKB")'
        ),
    ),
    (
        asking("chain", "SPY1"),
        SymbolError,
        (
            '\'SPY1\' is an option root of SPY, not a ticker: ask for "SPY" (in a chain: for underlying "SPY" with '
            'roots="SPY1")'
        ),
    ),
    (asking("chain", PUBLIC), SymbolError, f"'{PUBLIC}' is one option: its chain's underlying is SPY"),
    (asking("chain", "I:"), SymbolError, f"'I:'{NO_INDEX}"),
    (asking("chain", "DJI"), SymbolError, f"no options are known on the index DJI{NO_OPTIONS_ON}"),
    (asking("chain", "I:COMP"), SymbolError, f"no options are known on the index COMP{NO_OPTIONS_ON}"),
    (asking("chain", "SPY261318C00660000"), SymbolError, "'SPY261318C00660000': 261318 is not a date (YYMMDD)"),
    (asking("expirations", None), SymbolError, "underlying is text such as 'SPY', not None"),
    (asking("expirations", ""), SymbolError, f"''{NO_TICKER}"),
    (asking("expirations", "SPXW"), SymbolError, IS_SPXW),
    (asking("quotes", ""), SymbolError, f"''{NO_TICKER}"),
    (asking("quotes", "SPX"), SymbolError, "quotes() is for stocks and funds; SPX is an index: use indices('SPX')"),
    (asking("quotes", "I:SPX"), SymbolError, "quotes() is for stocks and funds; SPX is an index: use indices('SPX')"),
    (
        asking("quotes", ["SPY", "vix"]),
        SymbolError,
        "quotes() is for stocks and funds; VIX is an index: use indices('VIX')",
    ),
    (asking("quotes", "SPXW"), SymbolError, IS_SPXW),
    (
        asking("quotes", f"O:{PUBLIC}"),
        SymbolError,
        f"quotes() is for stocks and funds; {PUBLIC} is an option: use contract('{PUBLIC}')",
    ),
    (asking("quotes", ["SPY", "QQQ,IWM"]), SymbolError, f"'QQQ,IWM'{NO_TICKER}"),
    (asking("quotes", [["SPY"]]), ArgumentError, f"{NO_TEXTS}['SPY']"),
    (asking("quotes", ["SPY", None]), ArgumentError, f"{NO_TEXTS}None"),
    (asking("quotes", ["SPY", 5]), ArgumentError, f"{NO_TEXTS}5"),
    (asking("quotes", None), ArgumentError, f"{NO_TEXTS}None"),
    (asking("quotes", 5), ArgumentError, f"{NO_TEXTS}5"),
    (asking("quotes", b"SPY"), ArgumentError, f"{NO_TEXTS}b'SPY'"),
    (asking("quotes", [b"SPY"]), ArgumentError, f"{NO_TEXTS}b'SPY'"),
    (asking("quotes", np.array([1, 2])), ArgumentError, f"{NO_TEXTS}np.int64(1)"),
    (asking("quotes", []), ArgumentError, "symbols is empty: name at least one"),
    (asking("quotes", iter(())), ArgumentError, "symbols is empty: name at least one"),
    (asking("quotes", {}), ArgumentError, "symbols is empty: name at least one"),
    (asking("indices", ""), SymbolError, f"''{NO_INDEX}"),
    (asking("indices", "BRK.B"), SymbolError, f"'BRK.B'{NO_INDEX}"),
    (asking("indices", "A" * 16), SymbolError, f"'{'A' * 16}'{NO_INDEX}"),
    (asking("indices", "I:I:SPX"), SymbolError, f"'I:I:SPX'{NO_INDEX}"),
    (asking("indices", "SPX,VIX"), SymbolError, f"'SPX,VIX'{NO_INDEX}"),
    (asking("indices", "SPXW"), SymbolError, IS_SPXW),
    (asking("indices", PUBLIC), SymbolError, f"'{PUBLIC}' is an option, not an index"),
    (asking("indices", []), ArgumentError, "tickers is empty: name at least one"),
    (asking("indices", ["SPX", None]), ArgumentError, "tickers must be text or a list of texts, not None"),
    (of_bars(symbols=""), SymbolError, f"''{NO_TICKER}"),
    (of_bars(symbols="SPXW"), SymbolError, IS_SPXW),
    (of_bars(symbols=None), ArgumentError, f"{NO_TEXTS}None"),
    (of_bars(symbols=[]), ArgumentError, "symbols is empty: name at least one"),
    (of_bars(symbols=["SPY", ["QQQ"]]), ArgumentError, f"{NO_TEXTS}['QQQ']"),
    (of_bars(symbols="SPY261218C00000000"), SymbolError, "'SPY261218C00000000': the strike is zero"),
    (of_bars(symbols="I:SPX;x"), SymbolError, f"'I:SPX;x'{NO_INDEX}"),
    (asking("trades", "SPX", DAY, DAY), SymbolError, "an index has no trades: use bars('SPX', ...)"),
    (asking("trades", ["SPY"], DAY, DAY), SymbolError, "symbol is text such as 'SPY', not ['SPY']"),
    (asking("trades", None, DAY, DAY), SymbolError, "symbol is text such as 'SPY', not None"),
    (asking("trades", "", DAY, DAY), SymbolError, f"''{NO_TICKER}"),
    (asking("contract", "SPY"), SymbolError, f"'SPY'{NO_OPTION}'SPY'"),
    (asking("contract", ""), SymbolError, f"''{NO_OPTION}''"),
    (asking("contract", None), SymbolError, "contract_symbol is text such as 'SPY261218C00600000', not None"),
    (asking("contract", "SPY261318C00660000"), SymbolError, "'SPY261318C00660000': 261318 is not a date (YYMMDD)"),
    (asking("contract", "SPY261218X00660000"), SymbolError, f"'SPY261218X00660000'{NO_OPTION}'261218X00660000'"),
    (asking("contract", "SPY261218C00000000"), SymbolError, "'SPY261218C00000000': the strike is zero"),
    (asking("contract", "261218C00660000"), SymbolError, "'261218C00660000': there is no root before the expiration"),
    (asking("contract", "SP.Y261218C00660000"), SymbolError, f"'SP.Y261218C00660000': 'SP.Y'{NO_ROOT}"),
    (
        asking("contract", "ABCDEFG261218C00660000"),
        SymbolError,
        "'ABCDEFG261218C00660000': the root 'ABCDEFG' has more than six characters",
    ),
    (
        asking("contract", "SPY２61218C00660000"),  # noqa: RUF001
        SymbolError,
        "'SPY２61218C00660000' is not an option symbol: it has characters outside ASCII",  # noqa: RUF001
    ),
]

CONTRACTS: Final[list[tuple[Asking, type[Exception], str]]] = [
    (asking("contract", "SPY", 660), ArgumentError, f"{NO_PART}strike=660, expiration=None, option_type=None"),
    (asking("contract", "SPX", root="SPXW"), ArgumentError, f"{NO_PART}strike=None, expiration=None, option_type=None"),
    (
        asking("contract", "SPY", math.nan, "2026-12-18", "call"),
        ArgumentError,
        "strike must be a finite number, not nan",
    ),
    (
        asking("contract", "SPY", "660", "2026-12-18", "call"),
        ArgumentError,
        "strike must be a finite number, not '660'",
    ),
    (asking("contract", "SPY", -1, "2026-12-18", "call"), ArgumentError, "strike must be at least 0, not -1"),
    (
        asking("contract", "SPY", 100_000, "2026-12-18", "call"),
        ArgumentError,
        "strike must be at most 99999.999, not 100000",
    ),
    (asking("contract", "SPY", 660, "2026-02-30", "call"), ArgumentError, f"expiration{NO_DAY}'2026-02-30'"),
    (
        asking("contract", "SPY", 660, ("2026-12-18", None), "call"),
        ArgumentError,
        f"expiration{NO_DAY}('2026-12-18', None)",
    ),
    (
        asking("contract", "SPY", 660, "2026-12-18", "straddle"),
        ArgumentError,
        "option_type must be 'call' or 'put', not 'straddle'; leave it out for both",
    ),
    (
        asking("contract", "SPY", 660, "2026-12-18", "call", root="SPXW"),
        SymbolError,
        "SPXW is not an option root of SPY, which has SPY",
    ),
]

DATES: Final[list[tuple[Asking, type[Exception], str]]] = [
    *(
        (of_chain(expirations=value), ArgumentError, f"expirations{NO_DAY}{value!r}")
        for value in ("2026-02-30", "tomorrow", "", "12/18/2026", "0000-00-00", "2026-12-18T00:00", 5, True, {"a"}, 1.5)
    ),
    (
        of_chain(expirations=np.datetime64("2026-12-18")),
        ArgumentError,
        f"expirations{NO_DAY}np.datetime64('2026-12-18')",
    ),
    (of_chain(expirations=("2026-12-18", "x")), ArgumentError, f"expirations{NO_DAY}'x'"),
    (
        of_chain(expirations=datetime(2026, 12, 18)),  # noqa: DTZ001
        ArgumentError,
        "expirations is a day: give a date or text such as '2026-12-18', not a datetime (2026-12-18 00:00:00)",
    ),
    (
        of_chain(expirations=datetime(2026, 12, 18, tzinfo=UTC)),
        ArgumentError,
        "expirations is a day: give a date or text such as '2026-12-18', not a datetime (2026-12-18 00:00:00+00:00)",
    ),
    (
        of_chain(expirations=("2026-12-18", "2026-12-01")),
        ArgumentError,
        "expirations is the wrong way round: 2026-12-18 comes after 2026-12-01; ranges are (low, high)",
    ),
    (of_chain(expirations=("2026-12-01", "2026-12-10", "2026-12-18")), ArgumentError, f"expirations{NO_PAIR}3 values"),
    (of_chain(expirations=()), ArgumentError, f"expirations{NO_PAIR}0 values"),
    (of_chain(expirations=["2026-12-01"]), ArgumentError, f"expirations{NO_PAIR}1 values"),
    (
        asking("expirations", "SPY", start="2026-12-18", end="2026-12-01"),
        ArgumentError,
        "(start, end) is the wrong way round: 2026-12-18 comes after 2026-12-01; ranges are (low, high)",
    ),
    (asking("expirations", "SPY", start="soon"), ArgumentError, f"start{NO_DAY}'soon'"),
    (asking("expirations", "SPY", end=20261218), ArgumentError, f"end{NO_DAY}20261218"),
    (
        asking("expirations", "SPY", start=datetime(2026, 12, 1, tzinfo=UTC)),
        ArgumentError,
        "start is a day: give a date or text such as '2026-12-18', not a datetime (2026-12-01 00:00:00+00:00)",
    ),
    *(
        (of_bars(start=text), ArgumentError, f"start{NO_MOMENT}{text!r}")
        for text in ("2026-02-30", "soon", "", "now", "2026-11-16T25:00-05:00", "2026-11-16 10:00 EST")
    ),
    (of_bars(start="２０26-11-16"), ArgumentError, f"start{NO_MOMENT}'２０26-11-16'"),  # noqa: RUF001
    (of_bars(end="2026-11-17\x00"), ArgumentError, f"end{NO_MOMENT}'2026-11-17\\x00'"),
    *(
        (of_bars(start=value), ArgumentError, f"start{NO_DAY}{value!r}")
        for value in (None, 5, True, math.nan, (DAY, NEXT), {"day": 1}, b"2026-11-16")
    ),
    (of_bars(end=None), ArgumentError, f"end{NO_DAY}None"),
    (of_bars(start=date(1, 1, 1)), ArgumentError, "start must lie in the years 1900 to 2199, not in 1"),
    (of_bars(start=date(9999, 12, 31)), ArgumentError, "start must lie in the years 1900 to 2199, not in 9999"),
    (of_bars(end=date(9999, 12, 31)), ArgumentError, "end must lie in the years 1900 to 2199, not in 9999"),
    (
        of_bars(start=datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))),
        ArgumentError,
        "start must lie in the years 1900 to 2199, not in 1",
    ),
    (
        of_bars(start=datetime(2026, 11, 16, 10)),  # noqa: DTZ001
        ArgumentError,
        "start is a moment without a time zone (2026-11-16 10:00:00): add one, or give a date",
    ),
    (
        of_bars(start="2026-11-16T10:00"),
        ArgumentError,
        "start is a moment without a time zone (2026-11-16 10:00:00): add one, or give a date",
    ),
    (of_bars(start=NEXT, end=DAY), ArgumentError, "start comes after end: 2026-11-17 > 2026-11-16"),
    (
        of_bars(start="2026-11-17T10:00-05:00", end="2026-11-17T09:59-05:00"),
        ArgumentError,
        "start comes after end: 2026-11-17T10:00-05:00 > 2026-11-17T09:59-05:00",
    ),
    (
        of_bars(start="2004-12-31"),
        ArgumentError,
        "start is 2004-12-31; the session table, and with it bars, begin 2005-01-01",
    ),
    (
        of_bars(start="2032-01-01", end="2199-12-31"),
        ArgumentError,
        "start is 2032-01-01; the session table, and with it bars, end 2031-12-31",
    ),
    (asking("trades", "SPY", NEXT, DAY), ArgumentError, "start comes after end: 2026-11-17 > 2026-11-16"),
    (
        asking("trades", "SPY", date(1, 1, 1), DAY),
        ArgumentError,
        "start must lie in the years 1900 to 2199, not in 1",
    ),
    (asking("trades", "SPY", DAY, "later"), ArgumentError, f"end{NO_MOMENT}'later'"),
]

FILTERS: Final[list[tuple[Asking, type[Exception], str]]] = [
    *(
        (of_chain(strikes=value), ArgumentError, f"strikes must be a finite number, not {value!r}")
        for value in (math.nan, math.inf, -math.inf, True, "500", b"5", 1j, {"a": 1}, Decimal("NaN"), {500})
    ),
    (of_chain(strikes=np.array([1, 2])), ArgumentError, "strikes must be a finite number, not array([1, 2])"),
    (of_chain(strikes=np.float64("nan")), ArgumentError, "strikes must be a finite number, not np.float64(nan)"),
    (of_chain(strikes=(None, math.inf)), ArgumentError, "strikes must be a finite number, not inf"),
    (
        of_chain(strikes=10**400),
        ArgumentError,
        "strikes must be a finite number, not 100000000000000000...0000000000000000000",
    ),
    (of_chain(strikes=-1), ArgumentError, "strikes must be at least 0, not -1"),
    (of_chain(strikes=(-5, 10)), ArgumentError, "strikes must be at least 0, not -5"),
    (of_chain(strikes=Decimal("-0.5")), ArgumentError, "strikes must be at least 0, not -0.5"),
    (of_chain(strikes=(0, 1e12)), ArgumentError, "strikes must be at most 99999.999, not 1e+12"),
    (of_chain(strikes=100_000), ArgumentError, "strikes must be at most 99999.999, not 100000"),
    (
        of_chain(strikes=(600, 500)),
        ArgumentError,
        "strikes is the wrong way round: 600 comes after 500; ranges are (low, high)",
    ),
    (of_chain(strikes=(1, 2, 3)), ArgumentError, f"strikes{NO_PAIR}3 values"),
    (of_chain(dte=-1), ArgumentError, "dte must be at least 0, not -1"),
    (of_chain(dte=0.5), ArgumentError, "dte counts whole calendar days, at most 100,000, not 0.5"),
    (of_chain(dte=10**9), ArgumentError, "dte counts whole calendar days, at most 100,000, not 1000000000"),
    (of_chain(dte=(0, 100_001)), ArgumentError, "dte counts whole calendar days, at most 100,000, not (0, 100001)"),
    (of_chain(dte=(7, 0)), ArgumentError, "dte is the wrong way round: 7 comes after 0; ranges are (low, high)"),
    (of_chain(dte="7"), ArgumentError, "dte must be a finite number, not '7'"),
    (of_chain(dte=(0, 1, 2)), ArgumentError, f"dte{NO_PAIR}3 values"),
    (of_chain(delta=-0.3), ArgumentError, "delta must be at least 0, not -0.3"),
    (
        of_chain(delta=30),
        ArgumentError,
        "delta is the absolute value, from 0 to 1, for puts and calls alike; not 30",
    ),
    (
        of_chain(delta=(0.5, 0.2)),
        ArgumentError,
        "delta is the wrong way round: 0.5 comes after 0.2; ranges are (low, high)",
    ),
    (of_chain(delta=math.nan), ArgumentError, "delta must be a finite number, not nan"),
    (of_chain(moneyness=-1), ArgumentError, "moneyness must be at least 0, not -1"),
    (of_chain(moneyness=math.inf), ArgumentError, "moneyness must be a finite number, not inf"),
    *(
        (
            of_chain(option_type=value),
            ArgumentError,
            f"option_type must be 'call' or 'put', not {value!r}; leave it out for both",
        )
        for value in ("calls", "", "CALL ", 5, True, ["call"])
    ),
    (asking("chain", "SPX", roots="SPY"), SymbolError, "SPY is not an option root of SPX, which has SPX, SPXW"),
    (
        asking("chain", "SPX", roots=["SPXW", "XSP"]),
        SymbolError,
        "XSP is not an option root of SPX, which has SPX, SPXW",
    ),
    (asking("chain", "SPX", roots=""), SymbolError, "'' is not an option root of SPX: leave roots out for all of them"),
    (asking("chain", "SPX", roots="SPX?x"), SymbolError, f"'SPX?X'{NO_ROOT}"),
    (asking("chain", "SPX", roots="ＳＰＸ"), SymbolError, f"'ＳＰＸ'{NO_ROOT}"),  # noqa: RUF001
    (asking("chain", "SPX", roots=[]), ArgumentError, "roots is empty: name at least one"),
    (asking("chain", "SPX", roots=5), ArgumentError, "roots must be text or a list of texts, not 5"),
    (asking("chain", "SPX", roots=b"SPX"), ArgumentError, "roots must be text or a list of texts, not b'SPX'"),
    (of_chain(min_volume=-1), ArgumentError, "min_volume must be at least 0, not -1"),
    (of_chain(min_volume=1.5), ArgumentError, "min_volume must be a whole number, not 1.5"),
    (of_chain(min_volume="5"), ArgumentError, "min_volume must be a whole number, not '5'"),
    (of_chain(min_volume=True), ArgumentError, "min_volume must be a whole number, not True"),
    (of_chain(min_volume=math.nan), ArgumentError, "min_volume must be a whole number, not nan"),
    (
        of_chain(min_volume=2**63),
        ArgumentError,
        "min_volume must be at most 9,223,372,036,854,775,807, not 9223372036854775808",
    ),
    (of_chain(min_open_interest=-1), ArgumentError, "min_open_interest must be at least 0, not -1"),
    (
        of_chain(min_open_interest=Decimal(1)),
        ArgumentError,
        "min_open_interest must be a whole number, not Decimal('1')",
    ),
    (of_chain(max_spread_percent=-1), ArgumentError, "max_spread_percent must be at least 0, not -1"),
    (of_chain(max_spread_percent=math.nan), ArgumentError, "max_spread_percent must be a finite number, not nan"),
    (of_chain(max_spread_percent=(1, 2)), ArgumentError, "max_spread_percent must be a finite number, not (1, 2)"),
    *(
        (
            of_chain(where=value),
            ArgumentError,
            f"where must be a polars expression such as pl.col('bid') > 0, not {value!r}",
        )
        for value in ("bid > 0", True, 5, [pl.col("bid").name], {"bid": 0})
    ),
    (of_chain(colour=3), TypeError, "Client.chain() got an unexpected keyword argument 'colour'"),
    (asking("chain", "SPY", DAY), TypeError, "Client.chain() takes 2 positional arguments but 3 were given"),
    (asking("chain"), TypeError, "Client.chain() missing 1 required positional argument: 'underlying'"),
]

CHOICES: Final[list[tuple[Asking, type[Exception], str]]] = [
    *(
        (of_bars(timeframe=value), ArgumentError, f"{NO_TIMEFRAME}{value!r}")
        for value in ("7m", "1M", "1D", "1d ", "", None, 5, ["1d"], b"1d")
    ),
    *(
        (of_bars(adjust=value), ArgumentError, f"adjust must be 'raw', 'split', 'total', not {value!r}")
        for value in ("splits", "", None, True, ["raw"])
    ),
    *(
        (of_bars(session=value), ArgumentError, f"session must be 'regular', 'all', not {value!r}")
        for value in ("extended", None, True)
    ),
    (asking("bars", "SPY", "1d", DAY), TypeError, "Client.bars() missing 1 required positional argument: 'end'"),
]

INDICATORS: Final[list[tuple[Asking, type[Exception], str]]] = [
    *(
        (asking("indicators", "SPX", value), ArgumentError, f"{NO_TIMEFRAME}{value!r}")
        for value in ("7m", "1D", "", None, 5, ["1d"])
    ),
    *(
        (asking("indicators", "SPX", "1d", lookback=value), ArgumentError, f"{NO_ROWS}a whole number, not {value!r}")
        for value in (1.5, "200", None, True, math.nan)
    ),
    (asking("indicators", "SPX", "1d", lookback=0), ArgumentError, f"{NO_ROWS}at least 1, not 0"),
    (asking("indicators", "SPX", "1d", lookback=5_001), ArgumentError, NO_MORE_ROWS),
    (asking("indicators", ["SPX"], "1d"), SymbolError, "symbol is text such as 'SPY', not ['SPX']"),
    (asking("indicators", "", "1d"), SymbolError, f"''{NO_TICKER}"),
    (asking("index_snapshot", []), ArgumentError, "tickers is empty: name at least one"),
    (asking("index_snapshot", None), ArgumentError, "tickers must be text or a list of texts, not None"),
    (asking("index_snapshot", "SPX;x"), SymbolError, f"'SPX;x'{NO_INDEX}"),
    (asking("index_snapshot", "SPX", timeframes=[]), ArgumentError, "timeframes is empty: name at least one"),
    (asking("index_snapshot", "SPX", timeframes=["1d", "2d"]), ArgumentError, f"timeframes{NO_TIMEFRAME[9:]}'2d'"),
    (asking("index_snapshot", "SPX", lookback=0), ArgumentError, f"{NO_ROWS}at least 1, not 0"),
]

FLOWS: Final[list[tuple[Asking, type[Exception], str]]] = [
    (asking("flow", None), SymbolError, "underlying is text such as 'SPY', not None"),
    (asking("flow", "SPXW"), SymbolError, IS_SPXW),
    (asking("flow", "SPY", start="soon"), ArgumentError, f"start{NO_MOMENT}'soon'"),
    (asking("flow", "SPY", end=5), ArgumentError, f"end{NO_DAY}5"),
    (asking("flow", "SPY", start=NEXT, end=DAY), ArgumentError, f"start comes after end: {NEXT} > {DAY}"),
    (asking("flow", "SPY", top=-1), ArgumentError, "top must be at least 0, not -1"),
    (
        asking("flow", "SPY", top=251),
        ArgumentError,
        "top must be at most 250, not 251: each contract's tape is asked for",
    ),
    (asking("flow", "SPY", top=2.5), ArgumentError, "top must be a whole number, not 2.5"),
    (asking("flow", "SPY", contracts=[]), ArgumentError, "contracts is empty: name at least one"),
    (asking("flow", "SPY", contracts=5), ArgumentError, "contracts must be text or a list of texts, not 5"),
    (asking("flow", "SPY", contracts=["SPY"]), SymbolError, f"'SPY'{NO_OPTION}'SPY'"),
    (asking("flow", "QQQ", contracts=PUBLIC), SymbolError, f"{PUBLIC} is an option on SPY, not on QQQ"),
    (asking("flow", "SPY", contracts=TOO_MANY), ArgumentError, "contracts are at most 250 in one call, not 251"),
    (asking("flow", "SPY", DAY), TypeError, "Client.flow() takes 2 positional arguments but 3 were given"),
]


def _named(case: Refusal) -> str:
    """Name a case by its message, alike in every process: without the addresses of objects."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", case.message)


def require_refusal(client: qd.Client, case: Refusal) -> None:
    """Hold a client to refuse a call by exactly this error."""
    with pytest.raises(case.kind) as caught:
        case.ask(client)
    assert (type(caught.value), str(caught.value)) == (case.kind, case.message)


@pytest.mark.parametrize(
    "case",
    [Refusal(*each) for each in (*SYMBOLS, *CONTRACTS, *DATES, *FILTERS, *CHOICES, *INDICATORS, *FLOWS)],
    ids=_named,
)
def test_what_makes_no_sense_is_refused_in_these_words_and_nothing_is_sent(
    client: qd.Client, simulator: Simulator, case: Refusal
) -> None:
    before = requests(simulator)
    require_refusal(client, case)
    assert requests(simulator) == before


@pytest.mark.parametrize("text", [*INJECTIONS, *LOOK_ALIKES])
def test_a_symbol_that_would_leave_its_place_never_leaves_this_process(
    client: qd.Client, simulator: Simulator, text: str
) -> None:
    before = requests(simulator)
    expected = "characters outside ASCII" if text in LOOK_ALIKES else "not an"
    asked: list[Asking] = [
        asking("chain", text),
        asking("chain", "SPX", roots=text),
        asking("expirations", text),
        asking("contract", text),
        asking("contract", f"{text}261218C00660000"),
        asking("contract", text, 660, "2026-12-18", "call"),
        asking("quotes", text),
        asking("quotes", ["SPY", text]),
        asking("indices", text),
        asking("indices", ["SPX", f"I:{text}"]),
        of_bars(symbols=text),
        of_bars(symbols=["SPY", text]),
        of_bars(symbols=f"I:{text}"),
        asking("trades", text, DAY, DAY),
    ]
    for ask in asked:
        with pytest.raises(SymbolError) as caught:
            ask(client)
        assert expected in str(caught.value) or "option root" in str(caught.value) or "six" in str(caught.value)
        assert str(caught.value).isprintable()  # nothing of it moves the cursor or ends the line
    assert requests(simulator) == before


@pytest.mark.parametrize("text", INJECTIONS)
def test_providers_do_not_send_such_a_symbol_either(simulator: Simulator, text: str) -> None:
    moment = datetime(2026, 11, 17, 16, tzinfo=UTC)
    providers: list[Provider] = [
        AsyncMassive(f"bad-input-{next(NUMBERS)}", base_url=simulator.base_url),
        AsyncTradier(f"bad-input-{next(NUMBERS)}", base_url=simulator.tradier_url),
    ]
    before = requests(simulator)
    for provider in providers:
        for question in (
            provider.expirations(text, start=None, end=None),
            provider.quotes([text]),
            provider.indices([text]),
            provider.trades(text, start=moment, end=moment),
        ):
            with pytest.raises(SymbolError):
                portal.call(question)
        portal.call(provider.close())
    # They may ask for the time first.
    clocks = {"/v1/marketstatus/now", "/v1/markets/clock"}
    assert {path for path, asked in requests(simulator).items() if asked != before.get(path, 0)} <= clocks


# --- what is sent, for spellings that need care on the wire -----------------------------------------------------------


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """Return what goes out, as it goes out."""
    sent: list[httpx.Request] = []
    send = AiohttpTransport.handle_async_request

    async def recorded(transport: AiohttpTransport, request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return await send(transport, request)

    monkeypatch.setattr(AiohttpTransport, "handle_async_request", recorded)
    return sent


def parameters(request: httpx.Request) -> dict[str, str]:
    """Return the parameters of a request, each once."""
    pairs = parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True, strict_parsing=bool(request.url.query))
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


SENT: Final = {
    "massive": {
        "/v2/snapshot/locale/us/markets/stocks/tickers": {"tickers"},
        "/v3/snapshot/options/BRK.B": {
            "strike_price.gte",
            "strike_price.lt",
            "expiration_date",
            "sort",
            "order",
            "limit",
        },
        "/v2/aggs/ticker/BRK.B/range/1/day/1794805200000/1794977999999": {"adjusted", "sort", "limit"},
        "/v3/reference/dividends": {"ticker", "limit"},
        "/v3/reference/splits": {"ticker", "limit"},
    },
    "tradier": {
        "/v1/markets/quotes": {"symbols", "greeks"},
        "/v1/markets/options/expirations": {"symbol", "includeAllRoots"},
        "/v1/markets/options/chains": {"symbol", "expiration", "greeks"},
        "/v1/markets/history": {"symbol", "interval", "start", "end"},
        "/beta/markets/fundamentals/dividends": {"symbols"},
        "/beta/markets/fundamentals/corporate_actions": {"symbols"},
    },
}


@pytest.mark.parametrize("spelling", ["BRK.B", "brk/b", " BRK-B\n"])
def test_a_slash_stays_in_its_parameter(
    client: qd.Client, vendor: str, wire: list[httpx.Request], spelling: str
) -> None:
    assert client.quotes([spelling, "SPY"]).get_column("symbol").to_list() == ["BRK.B", "SPY"]
    assert client.chain(spelling, expirations="2026-11-20", strikes=480).height == 2
    assert client.bars(spelling, "1d", DAY, NEXT).height == 2
    for request in wire:
        assert set(parameters(request)) == SENT[vendor][request.url.path]
    assert {request.url.path for request in wire} == set(SENT[vendor])
    symbols = {parameters(request).get("symbols", parameters(request).get("tickers")) for request in wire}
    own = "BRK.B" if vendor == "massive" else "BRK/B"
    assert symbols - {None} == ({f"{own},SPY"} if vendor == "massive" else {f"{own},SPY", own})


def test_a_quotation_mark_stays_in_its_parameter(client: qd.Client, vendor: str, wire: list[httpx.Request]) -> None:
    with pytest.raises(QuoteNotFoundError):
        client.quotes("BIP'B")
    (request,) = wire
    sent = parameters(request)
    assert sent == ({"tickers": "BIPpB"} if vendor == "massive" else {"symbols": "BIP'B", "greeks": "false"})


# --- understood all the same ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("careless", "careful"),
    [
        (asking("quotes", " spy "), asking("quotes", ["SPY"])),
        (asking("quotes", ("Spy", "SPY", "spy\n")), asking("quotes", "SPY")),
        (asking("quotes", {"SPY"}), asking("quotes", "SPY")),
        (asking("quotes", pl.Series(["SPY"])), asking("quotes", "SPY")),
        (asking("indices", "i:spx"), asking("indices", "SPX")),
        (of_chain(strikes=Decimal(480), dte=2), of_chain(strikes=(480.0, 480.0), dte=(2, 2))),
        (of_chain(strikes=np.float64(480), dte=np.int64(2)), of_chain(strikes=480, dte=2)),
        (of_chain(strikes=[470, 480], dte=2), of_chain(strikes=(470, 480), dte=2)),
        (of_chain(expirations=" 2026-11-20 ", strikes=480), of_chain(expirations=date(2026, 11, 20), strikes=480)),
        (of_chain(option_type="C", dte=2), of_chain(option_type="call", dte=2)),
        (of_chain(dte=2, moneyness=(None, 1e300)), of_chain(dte=2, moneyness=(0, None))),
        (asking("contract", f" o:{PUBLIC.lower()} "), asking("contract", PUBLIC)),
        (of_bars(symbols="spy"), of_bars(symbols=["SPY", "SPY"])),
        (of_bars(end="2199-12-31"), of_bars(end=date(2026, 11, 18))),
    ],
)
def test_harmless_carelessness_is_understood(client: qd.Client, careless: Asking, careful: Asking) -> None:
    stamps = ("snapshot_ts", "received_ts")
    found, expected = (ask(client).drop(stamps, strict=False) for ask in (careless, careful))
    assert_frame_equal(found, expected)
    assert found.height > 0


@pytest.mark.parametrize(
    ("ask", "columns"),
    [
        (of_chain(expirations=date(9999, 12, 31)), CHAIN),
        (of_chain(dte=(99_999, 100_000)), CHAIN),
        (asking("chain", "SPX", roots="SPXW1", dte=2, strikes=6600), CHAIN),
        (of_bars(start="2027-06-01", end="2027-06-30"), BARS),
        (of_bars(start="2031-12-01", end="2032-06-30"), BARS),
        (of_bars(start="2026-11-14", end="2026-11-15", timeframe="1m"), BARS),
        (of_bars(start="2026-11-17T10:00:00.000001-05:00", end="2026-11-17T10:00:00.000002-05:00"), BARS),
    ],
)
def test_what_is_merely_not_there_is_an_empty_frame(client: qd.Client, ask: Asking, columns: Any) -> None:
    found = ask(client)
    assert found.is_empty()
    assert found.schema == schema(columns)


# --- refused by what the market holds ---------------------------------------------------------------------------------

VALID_COLUMNS: Final = json.dumps([column.name for column in CHAIN])


@pytest.mark.parametrize(
    "case",
    [
        Refusal(of_chain(expirations=date(1, 1, 1)), ArgumentError, f"expirations end on 0001-01-01{IS_OVER}"),
        Refusal(of_chain(expirations=(None, "2026-11-17")), ArgumentError, f"expirations end on 2026-11-17{IS_OVER}"),
        Refusal(
            of_chain(dte=2, where=pl.col("nope") > 0),
            ArgumentError,
            f'where cannot be applied to a chain: unable to find column "nope"; valid columns: {VALID_COLUMNS}',
        ),
        Refusal(
            of_chain(dte=2, where=pl.col("bid")),
            ArgumentError,
            "where cannot be applied to a chain: filter predicate must be of type `Boolean`, got `Float64`",
        ),
        Refusal(
            of_chain(dte=2, where=pl.lit("x")),
            ArgumentError,
            "where cannot be applied to a chain: filter predicate must be of type `Boolean`, got `String`",
        ),
        Refusal(
            of_chain(dte=2, where=pl.col("contract_symbol") > 0),
            ArgumentError,
            "where cannot be applied to a chain: cannot compare string with numeric type (i32)",
        ),
        Refusal(
            asking("contract", "SPX", 6600, "2026-11-20", "call"),
            SymbolError,
            (
                "SPX 2026-11-20 6600 call is 2 contracts: SPX261120C06600000, SPXW261120C06600000; name the root: "
                "root='SPX' or root='SPXW'"
            ),
        ),
        Refusal(
            asking("contract", "SPY", 0.5, "2026-12-18", "call"),
            ContractNotFoundError,
            "no contract SPY 2026-12-18 0.5 call: see chain('SPY', expirations='2026-12-18') for what there is",
        ),
    ],
    ids=_named,
)
def test_what_the_market_does_not_have_is_refused_alike(client: qd.Client, case: Refusal) -> None:
    require_refusal(client, case)


OF_VENDORS: Final[list[tuple[Asking, dict[str, tuple[type[DataProviderError], str]]]]] = [
    (
        asking("chain", "ZZZZ"),
        {
            "massive": (QuoteNotFoundError, "massive lists no options on ZZZZ; check the symbol"),
            "tradier": (QuoteNotFoundError, "tradier lists no options on ZZZZ; check the symbol"),
        },
    ),
    (
        asking("expirations", "ZZZZ", end="2026-12-31"),
        {
            "massive": (QuoteNotFoundError, "massive lists no options on ZZZZ; check the symbol"),
            "tradier": (QuoteNotFoundError, "tradier lists no options on ZZZZ; check the symbol"),
        },
    ),
    (
        asking("quotes", "ZZZZ"),
        {
            "massive": (
                QuoteNotFoundError,
                "massive has nothing on ZZZZ: NOT_FOUND: no such stock or fund at Massive",
            ),
            "tradier": (
                QuoteNotFoundError,
                "tradier has nothing on ZZZZ: NOT_FOUND: no such stock or fund at Tradier",
            ),
        },
    ),
    (
        asking("indices", "SPY"),
        {
            "massive": (QuoteNotFoundError, "massive has nothing on SPY: NOT_FOUND: Ticker not found."),
            "tradier": (
                QuoteNotFoundError,
                "tradier has nothing on SPY: NOT_FOUND: Tradier knows it as etf, not as an index",
            ),
        },
    ),
    (
        asking("contract", "SPY201218C00660000"),
        {
            "massive": (
                ContractNotFoundError,
                (
                    "massive: /v3/snapshot/options/SPY/O:SPY201218C00660000: nothing by that name (the vendor says: "
                    '"Options contract O:SPY201218C00660000 not found.")'
                ),
            ),
            "tradier": (
                ContractNotFoundError,
                (
                    "tradier has no live contract SPY201218C00660000; it expired on 2020-12-18, and tradier keeps "
                    "nothing of it"
                ),
            ),
        },
    ),
    (
        of_bars(symbols="ZZZZ"),
        {
            "massive": (
                QuoteNotFoundError,
                'massive: /v3/reference/tickers/ZZZZ: nothing by that name (the vendor says: "Ticker ZZZZ not found.")',
            ),
            "tradier": (QuoteNotFoundError, "tradier knows no ZZZZ; check the symbol"),
        },
    ),
    (
        of_bars(symbols=["SPY", "ZZZZ"]),
        {
            "massive": (
                IncompleteError,
                (
                    "massive: bars of 1 of 2 symbols arrived, then massive: /v3/reference/tickers/ZZZZ: nothing by "
                    'that name (the vendor says: "Ticker ZZZZ not found."); nothing shorter is handed out as if it '
                    "were whole"
                ),
            ),
            "tradier": (
                IncompleteError,
                (
                    "tradier: bars of 1 of 2 symbols arrived, then tradier knows no ZZZZ; check the symbol; nothing "
                    "shorter is handed out as if it were whole"
                ),
            ),
        },
    ),
    (
        asking("trades", "ZZZZ", "2026-11-17T10:00-05:00", "2026-11-17T10:01-05:00"),
        {
            "massive": (
                QuoteNotFoundError,
                'massive: /v3/reference/tickers/ZZZZ: nothing by that name (the vendor says: "Ticker ZZZZ not found.")',
            ),
            "tradier": (QuoteNotFoundError, "tradier knows no ZZZZ; check the symbol"),
        },
    ),
    (
        asking("quotes", "XYZw"),
        {
            "massive": (
                QuoteNotFoundError,
                "massive has nothing on XYZw: NOT_FOUND: no such stock or fund at Massive",
            ),
        },
    ),
    (
        of_bars(symbols="SPX", timeframe="5m"),
        {"tradier": (EntitlementError, "tradier has no intraday bars of the index SPX; daily ones it has")},
    ),
    (
        of_bars(timeframe="1m", start="2005-01-03", end="2005-12-30"),
        {
            "tradier": (
                EntitlementError,
                (
                    "tradier keeps 1m bars since 2026-10-21 only, and these end on 2005-12-30; daily bars reach "
                    "further back"
                ),
            ),
        },
    ),
    (
        of_bars(symbols="SPY261016C00660000"),
        {
            "tradier": (
                EntitlementError,
                (
                    "tradier keeps nothing of expired options, and SPY261016C00660000 expired on 2026-10-16; Massive "
                    "has its bars and trades"
                ),
            ),
        },
    ),
    (
        asking("trades", "SPY", "1900-01-01", "1900-01-02"),
        {
            "tradier": (
                EntitlementError,
                "tradier keeps ticks since 2026-11-11 only, and SPY was asked for from 1900-01-01",
            ),
        },
    ),
]


@pytest.mark.parametrize(("ask", "said"), OF_VENDORS, ids=range(len(OF_VENDORS)))
def test_what_a_vendor_does_not_have_is_refused_by_name(
    client: qd.Client, vendor: str, ask: Asking, said: dict[str, tuple[type[DataProviderError], str]]
) -> None:
    if vendor not in said:
        pytest.skip(f"{vendor} answers this")
    with pytest.raises(DataProviderError) as caught:
        ask(client)
    assert (type(caught.value), str(caught.value)) == said[vendor]
    assert caught.value.provider == vendor


def test_when_issued_shares_have_no_spelling_at_tradier(client: qd.Client, vendor: str, simulator: Simulator) -> None:
    if vendor != "tradier":
        pytest.skip("massive has a spelling")
    before = requests(simulator)
    for ask in (asking("quotes", "XYZw"), asking("chain", "XYZw"), of_bars(symbols="XYZw")):
        with pytest.raises(SymbolError) as caught:
            ask(client)
        assert str(caught.value) == (
            "'XYZw': Tradier's spelling of when-issued shares is not known; ask Massive for it"
        )
    assert {path for path, asked in requests(simulator).items() if asked != before.get(path, 0)} <= {
        "/v1/markets/clock"
    }


# --- too much ---------------------------------------------------------------------------------------------------------


def ten_thousand() -> list[str]:
    """Return as many well-formed tickers of nothing."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return ["".join(four) for four in islice(product("ZYXW", letters, letters, letters), 10_000)]


REQUESTS: Final = {"massive": 40, "tradier": 20}


def test_ten_thousand_unknown_symbols_are_few_requests_and_one_short_error(
    client: qd.Client, vendor: str, wire: list[httpx.Request]
) -> None:
    with pytest.raises(QuoteNotFoundError) as caught:
        client.quotes(ten_thousand())
    assert str(caught.value) == (
        f"{vendor} has nothing on ZAAA, ZAAB, ZAAC, ZAAD, ZAAE and 9995 more: NOT_FOUND: no such stock or fund at "
        f"{vendor.capitalize()}"
    )
    assert len(wire) == REQUESTS[vendor]


def test_ten_thousand_symbols_are_as_many_rows_in_order(client: qd.Client, vendor: str) -> None:
    asked = [*ten_thousand(), "SPY"]
    with pytest.warns(
        QuantDataWarning, match=f"^no quote for ZAAA: NOT_FOUND: no such stock or fund at {vendor.title()}"
    ):
        quotes = client.quotes(asked)
    assert quotes.get_column("symbol").to_list() == asked
    assert quotes.get_column("price").null_count() == 10_000


def test_one_symbol_ten_thousand_times_is_one_row(client: qd.Client, wire: list[httpx.Request]) -> None:
    assert client.quotes(["SPY"] * 10_000).height == 1
    assert client.bars(["SPY", "spy"] * 5_000, "1d", DAY, NEXT).height == 2
    # Of a simulator on this machine Tradier's client asks the time and the splits too.
    assert len(wire) <= 4


def test_one_wrong_symbol_among_ten_thousand_is_told_before_anything_is_sent(
    client: qd.Client, simulator: Simulator
) -> None:
    before = requests(simulator)
    for ask in (asking("quotes", [*ten_thousand(), "SPY?x"]), of_bars(symbols=[*ten_thousand(), "SPY?x"])):
        with pytest.raises(SymbolError) as caught:
            ask(client)
        assert str(caught.value) == f"'SPY?x'{NO_TICKER}"
    assert requests(simulator) == before


def test_minutes_of_25_years_are_what_tradier_still_keeps_and_a_warning(client: qd.Client, vendor: str) -> None:
    if vendor != "tradier":
        pytest.skip("massive keeps them all")
    with pytest.warns(QuantDataWarning) as told:
        bars = client.bars("SPY", "1m", "2005-01-03", "2029-12-31")
    assert [str(each.message) for each in told] == [
        "SPY: 1m bars are kept since 2026-10-21, asked for from 2005-01-03; daily ones reach further back"
    ]
    assert bars.get_column("session").n_unique() == 21


def test_minutes_of_25_years_are_pieces_that_a_page_can_hold(
    client: qd.Client, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if vendor != "massive":
        pytest.skip("tradier keeps weeks")
    asked: list[tuple[int, int]] = []

    async def nothing(_: AiohttpTransport, request: httpx.Request) -> httpx.Response:
        *_parts, first, last = request.url.path.split("/")
        if "/range/1/minute/" in request.url.path:
            asked.append((int(first), int(last)))
        return httpx.Response(200, stream=httpx.ByteStream(b'{"status": "OK", "results": []}'))

    monkeypatch.setattr(AiohttpTransport, "handle_async_request", nothing)
    assert client.bars("SPY", "1m", "2005-01-03", "2029-12-31").is_empty()
    asked.sort()
    assert asked[0][0] == 1_104_728_400_000  # midnight in New York
    assert asked[-1][1] == 1_893_473_999_999
    assert [first for first, _ in asked[1:]] == [last + 1 for _, last in asked[:-1]]
    assert max(last - first for first, last in asked) < 45 * 86_400_000
    assert len(asked) == 203


# --- making a client --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (
            {"source": "bloomberg"},
            ConfigError,
            'source must be "hybrid", "massive", "tradier" or "sim", not \'bloomberg\'',
        ),
        ({"source": ""}, ConfigError, 'source must be "hybrid", "massive", "tradier" or "sim", not \'\''),
        ({"source": " sim"}, ConfigError, 'source must be "hybrid", "massive", "tradier" or "sim", not \' sim\''),
        (
            {"source": "hybrid"},
            ConfigError,
            'source="hybrid" needs MASSIVE_API_KEY; source="sim" is the local simulated market, which needs no key',
        ),
        ({"source": 5}, ConfigError, "source must be text, not 5"),
        ({"source": True}, ConfigError, "source must be text, not True"),
        ({"source": b"sim"}, ConfigError, "source must be text, not b'sim'"),
        ({"source": ["sim"]}, ConfigError, "source must be text, not ['sim']"),
        (
            {},
            ConfigError,
            (
                'no data source: set MASSIVE_API_KEY or TRADIER_ACCESS_TOKEN to your key, or use source="sim" '
                "(QUANTDATA_SOURCE=sim) for the local simulated market, which needs none"
            ),
        ),
        (
            {"source": "massive"},
            ConfigError,
            'source="massive" needs MASSIVE_API_KEY; source="sim" is the local simulated market, which needs no key',
        ),
        (
            {"source": "tradier"},
            ConfigError,
            (
                'source="tradier" needs TRADIER_ACCESS_TOKEN; source="sim" is the local simulated market, which needs '
                "no key"
            ),
        ),
        *(
            ({"cache_ttl": value}, ArgumentError, f"{NO_TTL}{value!r}{KINDS}")
            for value in ({"chains": 5}, {5: 5}, {None: 1}, 5, "chain", [("chain", 5)])
        ),
        *(
            (
                {"cache_ttl": {"chain": value}},
                ArgumentError,
                f"cache_ttl['chain'] must be a finite number, not {value!r}",
            )
            for value in (math.nan, math.inf, "5", None, True)
        ),
        ({"cache_ttl": {"chain": -1}}, ArgumentError, "cache_ttl['chain'] must be at least 0, not -1"),
        *(
            ({"seed": value}, ArgumentError, f"seed must be a whole number, not {value!r}")
            for value in (1.5, "7", None, True, math.nan)
        ),
        ({"seed": -1}, ArgumentError, "seed must be at least 0, not -1"),
        (
            {"seed": 2**63},
            ArgumentError,
            "seed must be at most 9,223,372,036,854,775,807, not 9223372036854775808",
        ),
        *(
            (
                {"clock": value},
                ArgumentError,
                f"clock must be text such as 'open' or 'at:2026-11-18T15:30', not {value!r}",
            )
            for value in (5, None, datetime(2026, 11, 18, tzinfo=UTC))
        ),
        *(
            ({"rates": value}, ArgumentError, f"the rate {value!r} {NO_RATE}")
            for value in ("4", math.nan, True, 4.0, [0.04], 0.04j, -0.06)
        ),
        ({"rates": {30: "4 %"}}, ArgumentError, f"the rate '4 %' {NO_RATE}"),
        ({"rates": {30: math.inf}}, ArgumentError, f"the rate inf {NO_RATE}"),
        ({"rates": {}}, ArgumentError, f"rates={{}}: {A_RATE}"),
        *(
            ({"rates": {value: 0.04}}, ArgumentError, f"the maturity {value!r} is no positive number of days: {A_RATE}")
            for value in (0, -1, "30", math.inf, None)
        ),
        *(
            ({"max_age": value}, ArgumentError, f"max_age must be a finite number, not {value!r}")
            for value in ("5", math.nan, math.inf, True, timedelta(seconds=5))
        ),
        ({"max_age": -1}, ArgumentError, "max_age must be at least 0, not -1"),
        *(
            ({"delayed_fallback": value}, ArgumentError, f"delayed_fallback must be True or False, not {value!r}")
            for value in (1, "yes", None)
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_client_that_makes_no_sense_cannot_be_made(
    arguments: dict[str, Any], kind: type[Exception], message: str
) -> None:
    named = arguments if "source" in arguments or not arguments else {"source": "sim", **arguments}
    with pytest.raises(kind) as caught:
        qd.Client(**named)
    assert (type(caught.value), str(caught.value)) == (kind, message)


def test_comparing_with_one_vendor_alone_is_refused_and_nobody_is_asked(
    client: qd.Client, vendor: str, wire: list[httpx.Request]
) -> None:
    with pytest.raises(ArgumentError) as caught:
        client.compare("SPY")
    assert str(caught.value) == f"compare() asks both vendors: use source='hybrid', not {vendor!r}"
    assert wire == []


@pytest.mark.parametrize(
    ("underlying", "filters", "kind", "message"),
    [
        ("SPXW", {}, SymbolError, IS_SPXW),
        (
            "SPY",
            {"option_type": "calls"},
            ArgumentError,
            "option_type must be 'call' or 'put', not 'calls'; leave it out for both",
        ),
        (
            "SPY",
            {"strikes": (2, 1)},
            ArgumentError,
            "strikes is the wrong way round: 2 comes after 1; ranges are (low, high)",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_as_in_a_chain(
    underlying: str, filters: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with qd.Client("sim", clock="at:2026-11-18T11:00") as both:
        for method in (both.compare, both.chain):
            with pytest.raises(kind) as caught:
                method(underlying, **filters)
            assert (type(caught.value), str(caught.value)) == (kind, message)


def test_a_misspelled_setting_is_told() -> None:
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'sedd'"):
        qd.Client("sim", sedd=5)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("clock", "message"),
    [
        *(
            (text, f"clock {text!r}: {NO_CLOCK}")
            for text in (
                "noon",
                "",
                "open ",
                "at:",
                "at:2026-11-18T11:00*x",
                "at:2026-11-18T11:00*-5",
                "at:2026-11-18*nan",
            )
        ),
        ("at:2026-13-18", f"clock 'at:2026-13-18': '2026-13-18' is not an ISO 8601 time; {NO_CLOCK}"),
        ("at:2026-11-18", "clock 'at:2026-11-18': '2026-11-18' has no time of day, as in 2026-11-18T15:30:00Z"),
        ("at:9999-12-31T11:00", "clock 'at:9999-12-31T11:00': the simulated market runs from 2016-01-04 to 2031-12-31"),
        ("at:0001-01-01T00:00", "clock 'at:0001-01-01T00:00': the simulated market runs from 2016-01-04 to 2031-12-31"),
    ],
)
def test_a_clock_that_cannot_be_read_is_told_with_the_first_question(clock: str, message: str) -> None:
    with qd.Client("sim", clock=clock) as client, pytest.raises(ArgumentError) as caught:
        client.market_status()
    assert str(caught.value) == message


def test_a_client_answers_after_any_refusal(client: qd.Client) -> None:
    for ask in (asking("quotes", "SPY?x"), asking("quotes", "ZZZZ"), of_chain(strikes=math.nan)):
        with pytest.raises(qd.QuantDataError):
            ask(client)
    assert client.quotes("SPY").height == 1
