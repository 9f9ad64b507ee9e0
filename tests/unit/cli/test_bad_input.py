"""Whatever is typed wrong on the command line ends in one line that says what and what to do, whomever is asked."""

from __future__ import annotations

import sys
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from quantdata.cli import main

if TYPE_CHECKING:
    from quantdata.sim import Simulator

NUMBERS: Final = count()

NO_TICKER: Final = (
    ' is not an equity ticker: one to five letters, with a class after a dot when there is one, as in "AAPL" or "BRK.B"'
)
NO_INDEX: Final = ' is not an index ticker: at most 15 letters and digits, as in "SPX" or "I:VIX9D"'
NO_ROOT: Final = (
    " is not an option root; roots are capital letters, with one digit (1-9) at the end when adjusted, and without "
    "dots or slashes (BRKB for BRK.B)"
)
NO_MOMENT: Final = " must be a day such as '2026-11-20' or a moment such as '2026-11-20T10:30-05:00', not "
IS_SPXW: Final = (
    '\'SPXW\' is an option root of SPX, not a ticker: ask for "SPX" (in a chain: for underlying "SPX" with '
    'roots="SPXW")'
)
IS_OVER: Final = (
    ", before today (2026-11-18): a chain holds live contracts; bars() and trades() have those of expired ones"
)
BARS: Final = "bars takes SYMBOL... TIMEFRAME START END, as in SPY 5m 2026-11-02 2026-11-20"
NO_CLOCK: Final = (
    'it is "live" (the wall clock), "open" (always mid-session), "at:2026-11-18T15:30:00Z" (frozen there) or '
    '"at:2026-11-18T15:30:00Z*60" (running from there at 60 times the speed); a time without offset is New York time'
)
DAYS: Final = ("2026-11-16", "2026-11-17")


class Mistake(NamedTuple):
    """What is typed, and all that is said of it."""

    typed: tuple[str, ...]
    message: str


def chain(*options: str) -> tuple[str, ...]:
    return ("chain", "BRK.B", *options)


def help_of(command: str) -> str:
    return f"; see quantdata {command} --help"


# Whoever is asked says the same, since nobody is.
MISTAKES: Final = [
    *(Mistake(("chain", text), f"{text!r}{NO_TICKER}") for text in ("", "  ", "TOOLONG", "SPY,QQQ", "SPY QQQ", "*.*")),
    *(
        Mistake(("chain", text), f"{text!r}{NO_TICKER}")
        for text in (
            "../../etc/passwd",
            "SPY/../../v1/x",
            "SPY?apiKey=x",
            "SPY%2F..",
            "SPY&symbols=QQQ",
            "SPY;ls",
            "$(ls)",
        )
    ),
    Mistake(("chain", "SPY\nQQQ"), f"'SPY\\nQQQ'{NO_TICKER}"),
    Mistake(("chain", "\x1b[2JSPY"), f"'\\x1b[2JSPY'{NO_TICKER}"),
    Mistake(("chain", "A" * 5_000), f"'{'A' * 40}...'{NO_TICKER}"),
    Mistake(("chain", "ＳＰＹ"), "'ＳＰＹ' is not an underlying: it has characters outside ASCII"),  # noqa: RUF001
    Mistake(("chain", "SPY😀"), "'SPY😀' is not an underlying: it has characters outside ASCII"),
    Mistake(("chain", "SPXW"), IS_SPXW),
    Mistake(("chain", "SPY261218C00660000"), "'SPY261218C00660000' is one option: its chain's underlying is SPY"),
    Mistake(
        ("chain", "DJI"),
        "no options are known on the index DJI; known are those on DJX, MRUT, NDX, OEX, RUT, SPX, VIX, XEO, XND, XSP",
    ),
    Mistake(("chain",), f"Missing argument 'UNDERLYING'{help_of('chain')}"),
    Mistake(chain("IWM"), f"Got unexpected extra argument (IWM){help_of('chain')}"),
    *(
        Mistake(
            chain("--expirations", text),
            f"Invalid value for '--expirations': {text!r} is not DAY or DAY..DAY{help_of('chain')}",
        )
        for text in ("2026-02-30", "soon", "", "..", "2026-12-01..2026-12-10..2026-12-18", "12/18/2026")
    ),
    Mistake(
        chain("--expirations", "2026-12-18..2026-12-01"),
        "expirations is the wrong way round: 2026-12-18 comes after 2026-12-01; ranges are (low, high)",
    ),
    *(
        Mistake(chain("--strikes", text), f"Invalid value for '--strikes': {text!r} is not N or N..N{help_of('chain')}")
        for text in ("x", "1,000", "$500", "", "..", "500-600")
    ),
    Mistake(chain("--strikes", "nan"), "strikes must be a finite number, not nan"),
    Mistake(chain("--strikes", "..inf"), "strikes must be a finite number, not inf"),
    Mistake(chain("--strikes", "1e400"), "strikes must be a finite number, not inf"),
    Mistake(chain("--strikes", "-5..10"), "strikes must be at least 0, not -5"),
    Mistake(chain("--strikes", "0..1e12"), "strikes must be at most 99999.999, not 1e+12"),
    Mistake(chain("--strikes", "100000"), "strikes must be at most 99999.999, not 100000"),
    Mistake(
        chain("--strikes", "600..500"), "strikes is the wrong way round: 600 comes after 500; ranges are (low, high)"
    ),
    Mistake(chain("--dte", "0.5"), f"Invalid value for '--dte': '0.5' is not N or N..N{help_of('chain')}"),
    Mistake(
        chain("--dte", "9" * 5_000), f"Invalid value for '--dte': '{'9' * 60}...' is not N or N..N{help_of('chain')}"
    ),
    Mistake(chain("--dte", "-1"), "dte must be at least 0, not -1"),
    Mistake(chain("--dte", "9..3"), "dte is the wrong way round: 9 comes after 3; ranges are (low, high)"),
    Mistake(chain("--dte", "1000000"), "dte counts whole calendar days, at most 100,000, not 1000000"),
    Mistake(chain("--delta", "-0.3"), "delta must be at least 0, not -0.3"),
    Mistake(chain("--delta", "30"), "delta is the absolute value, from 0 to 1, for puts and calls alike; not 30.0"),
    Mistake(chain("--moneyness", "-1"), "moneyness must be at least 0, not -1"),
    Mistake(
        chain("--type", "straddle"),
        f"Invalid value for '--type': 'straddle' is not one of 'call', 'put'{help_of('chain')}",
    ),
    Mistake(("chain", "SPX", "--root", "SPY"), "SPY is not an option root of SPX, which has SPX, SPXW"),
    Mistake(("chain", "SPX", "--root", ""), "'' is not an option root of SPX: leave roots out for all of them"),
    Mistake(("chain", "SPX", "--root", "sp;x"), f"'SP;X'{NO_ROOT}"),
    Mistake(chain("--min-volume", "-1"), "min_volume must be at least 0, not -1"),
    Mistake(
        chain("--min-volume", "1.5"),
        f"Invalid value for '--min-volume': '1.5' is not a valid integer{help_of('chain')}",
    ),
    Mistake(
        chain("--min-volume", "9" * 20),
        f"min_volume must be at most 9,223,372,036,854,775,807, not {'9' * 20}",
    ),
    Mistake(chain("--min-open-interest", "-1"), "min_open_interest must be at least 0, not -1"),
    Mistake(chain("--max-spread-percent", "nan"), "max_spread_percent must be a finite number, not nan"),
    Mistake(chain("--max-spread-percent", "-1"), "max_spread_percent must be at least 0, not -1"),
    Mistake(
        chain("--series", "0"), f"Invalid value for '--series': 0 is not in the range 1<=x<=1000000{help_of('chain')}"
    ),
    Mistake(
        chain("--rows", "-1"), f"Invalid value for '--rows': -1 is not in the range 1<=x<=1000000{help_of('chain')}"
    ),
    Mistake(
        chain("--expiration", "2026-12-18"),
        f"No such option '--expiration'. Did you mean '--expirations'?{help_of('chain')}",
    ),
    Mistake(
        chain("--format", "xml"),
        f"Invalid value for '--format': 'xml' is not one of 'table', 'csv', 'json'{help_of('chain')}",
    ),
    Mistake(chain("--output", "/dev/null"), "null: the name must end in .parquet, .csv, .json"),
    Mistake(chain("--output", "."), f"Invalid value for '--output': File '.' is a directory{help_of('chain')}"),
    Mistake(chain("--seed", "x"), f"Invalid value for '--seed': 'x' is not a valid integer{help_of('chain')}"),
    Mistake(("quotes",), f"Missing argument 'SYMBOL...'{help_of('quotes')}"),
    Mistake(("quotes", ""), f"''{NO_TICKER}"),
    Mistake(("quotes", "SPY,QQQ"), f"'SPY,QQQ'{NO_TICKER}"),
    Mistake(("quotes", "SPY", "QQQ&greeks=false"), f"'QQQ&greeks=false'{NO_TICKER}"),
    Mistake(("quotes", "SPY'; DROP TABLE x;--"), f'"SPY\'; DROP TABLE x;--"{NO_TICKER}'),
    Mistake(("quotes", "SPX"), "quotes() is for stocks and funds; SPX is an index: use indices('SPX')"),
    Mistake(("quotes", "I:SPX"), "quotes() is for stocks and funds; SPX is an index: use indices('SPX')"),
    Mistake(
        ("quotes", "SPY261218C00660000"),
        "quotes() is for stocks and funds; SPY261218C00660000 is an option: use contract('SPY261218C00660000')",
    ),
    Mistake(("quotes", "SPY261318C00660000"), "'SPY261318C00660000': 261318 is not a date (YYMMDD)"),
    Mistake(("indices", ""), f"''{NO_INDEX}"),
    Mistake(("indices", "SPX", "BRK.B"), f"'BRK.B'{NO_INDEX}"),
    Mistake(("indices", "../x"), f"'../x'{NO_INDEX}"),
    Mistake(("indices", "SPXW"), IS_SPXW),
    Mistake(("indices", "SPY261218C00660000"), "'SPY261218C00660000' is an option, not an index"),
    Mistake(("bars",), f"{BARS}{help_of('bars')}"),
    Mistake(("bars", "SPY", "5m"), f"{BARS}, not 'SPY 5m'{help_of('bars')}"),
    Mistake(("bars", "5m", *DAYS), f"{BARS}, not '5m 2026-11-16 2026-11-17'{help_of('bars')}"),
    Mistake(("bars", "SPY", "", *DAYS), f"{BARS}, not 'SPY  2026-11-16 2026-11-17'{help_of('bars')}"),
    Mistake(("bars", "SPY", "d1", *DAYS), f"{BARS}, not 'SPY d1 2026-11-16 2026-11-17'{help_of('bars')}"),
    *(
        Mistake(
            ("bars", "SPY", text, *DAYS), f"timeframe must be '1m', '5m', '15m', '30m', '1h', '1d', '1w', not {text!r}"
        )
        for text in ("7m", "1M", "1D", "1")
    ),
    Mistake(("bars", "", "1d", *DAYS), f"''{NO_TICKER}"),
    Mistake(("bars", "SPY,QQQ", "1d", *DAYS), f"'SPY,QQQ'{NO_TICKER}"),
    Mistake(("bars", "../../x", "1d", *DAYS), f"'../../x'{NO_TICKER}"),
    Mistake(("bars", "SPXW", "1d", *DAYS), IS_SPXW),
    Mistake(("bars", "SPY261318C00660000", "1d", *DAYS), "'SPY261318C00660000': 261318 is not a date (YYMMDD)"),
    *(
        Mistake(("bars", "SPY", "1d", text, "2026-11-17"), f"start{NO_MOMENT}{text!r}")
        for text in ("2026-02-30", "soon", "")
    ),
    Mistake(("bars", "SPY", "1d", "2026-11-16", "later"), f"end{NO_MOMENT}'later'"),
    Mistake(("bars", "SPY", "1d", *DAYS[::-1]), "start comes after end: 2026-11-17 > 2026-11-16"),
    Mistake(("bars", "SPY", "1d", "0001-01-01", DAYS[1]), "start must lie in the years 1900 to 2199, not in 1"),
    Mistake(("bars", "SPY", "1d", DAYS[0], "9999-12-31"), "end must lie in the years 1900 to 2199, not in 9999"),
    Mistake(
        ("bars", "SPY", "1d", "1999-01-01", DAYS[1]),
        "start is 1999-01-01; the session table, and with it bars, begin 2005-01-01",
    ),
    Mistake(
        ("bars", "SPY", "1d", "2150-01-01", "2150-02-01"),
        "start is 2150-01-01; the session table, and with it bars, end 2031-12-31",
    ),
    Mistake(
        ("bars", "SPY", "1d", "2026-11-16T10:00", DAYS[1]),
        "start is a moment without a time zone (2026-11-16 10:00:00): add one, or give a date",
    ),
    Mistake(
        ("bars", "SPY", "1d", *DAYS, "--adjust", "splits"),
        f"Invalid value for '--adjust': 'splits' is not one of 'raw', 'split', 'total'{help_of('bars')}",
    ),
    Mistake(
        ("bars", "SPY", "1d", *DAYS, "--session", "extended"),
        f"Invalid value for '--session': 'extended' is not one of 'regular', 'all'{help_of('bars')}",
    ),
    Mistake(
        ("bars", "SPY", "1d", *DAYS, "--rows", "x"),
        f"Invalid value for '--rows': 'x' is not a valid integer range{help_of('bars')}",
    ),
]

OF_NOBODY: Final = [
    Mistake(("",), "No such command ''; see quantdata --help"),
    Mistake(("nonsense",), "No such command 'nonsense'; see quantdata --help"),
    Mistake(("--nope",), "No such option '--nope'; see quantdata --help"),
    *(
        Mistake(
            chain("--source", text),
            f"Invalid value for '--source': {text!r} is not one of 'hybrid', 'massive', 'tradier', 'sim'"
            f"{help_of('chain')}",
        )
        for text in ("bloomberg", "hybrids", "")
    ),
    Mistake(
        chain("--source", "hybrid"),
        'source="hybrid" needs MASSIVE_API_KEY; source="sim" is the local simulated market, which needs no key',
    ),
    Mistake(
        ("quotes", "SPY"),
        'no data source: set MASSIVE_API_KEY or TRADIER_ACCESS_TOKEN to your key, or use source="sim" '
        "(QUANTDATA_SOURCE=sim) for the local simulated market, which needs none",
    ),
    Mistake(
        ("quotes", "SPY", "--source", "tradier"),
        'source="tradier" needs TRADIER_ACCESS_TOKEN; source="sim" is the local simulated market, which needs no key',
    ),
    Mistake(("quotes", "SPY", "--source", "sim", "--seed", "-1"), "seed must be at least 0, not -1"),
    Mistake(("quotes", "SPY", "--source", "sim", "--clock", "noon"), f"clock 'noon': {NO_CLOCK}"),
    Mistake(
        ("quotes", "SPY", "--source", "sim", "--clock", "at:2026-13-18"),
        f"clock 'at:2026-13-18': '2026-13-18' is not an ISO 8601 time; {NO_CLOCK}",
    ),
    Mistake(
        ("quotes", "SPY", "--source", "sim", "--clock", "at:9999-12-31T11:00"),
        "clock 'at:9999-12-31T11:00': the simulated market runs from 2016-01-04 to 2031-12-31",
    ),
    Mistake(
        ("sim", "--port", "99999"),
        f"Invalid value for '--port': 99999 is not in the range 0<=x<=65535{help_of('sim')}",
    ),
    Mistake(
        ("sim", "--plan", "gold"),
        "plan 'gold': the simulator knows basic, starter, developer, advanced, business, options_starter, "
        "options_developer, options_advanced",
    ),
    Mistake(("sim", "--clock", "noon"), f"clock 'noon': {NO_CLOCK}"),
    Mistake(
        ("sim", "--latency", "-1"),
        f"Invalid value for '--latency': -1.0 is not in the range x>=0.0{help_of('sim')}",
    ),
    Mistake(
        ("sim", "--fault", "status,status=abc"),
        f"Invalid value for '--fault': 'status,status=abc': Expected `int`, got `str` - at `$.status`{help_of('sim')}",
    ),
]


@pytest.fixture(params=["massive", "tradier"])
def source(request: pytest.FixtureRequest, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return each vendor's name, its host being the simulated market."""
    monkeypatch.setenv("MASSIVE_BASE_URL", simulator.base_url)
    monkeypatch.setenv("TRADIER_BASE_URL", simulator.tradier_url)
    monkeypatch.setenv("MASSIVE_API_KEY", f"bad-typing-{next(NUMBERS)}")
    monkeypatch.setenv("TRADIER_ACCESS_TOKEN", f"bad-typing-{next(NUMBERS)}")
    return str(request.param)


_CORPORATE = ("/dividends", "/splits", "/corporate_actions")


def requests(simulator: Simulator) -> dict[str, int]:
    """Return how often each path was asked, but for corporate actions: a closed client may have sent for some."""
    asked: dict[str, int] = simulator.describe()["requests"]
    return {path: times for path, times in asked.items() if not path.endswith(_CORPORATE)}


def run(monkeypatch: pytest.MonkeyPatch, *typed: str) -> int:
    """Run the command; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["quantdata", *typed])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.message[:80])
def test_a_mistake_is_one_line_and_nobody_is_asked(
    source: str,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mistake: Mistake,
) -> None:
    command, *rest = mistake.typed
    before = requests(simulator)
    assert run(monkeypatch, command, "--source", source, *rest) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"error: {mistake.message}\n")
    assert requests(simulator) == before


@pytest.mark.parametrize("mistake", OF_NOBODY, ids=lambda mistake: mistake.message[:80])
def test_a_mistake_about_whom_to_ask_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mistake: Mistake
) -> None:
    assert run(monkeypatch, *mistake.typed) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"error: {mistake.message}\n")


@pytest.mark.parametrize("day", ["0001-01-01", "2026-11-17"])
def test_expirations_that_are_over_are_one_line(
    source: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], day: str
) -> None:
    assert run(monkeypatch, *chain("--expirations", day), "--source", source) == 2
    assert capsys.readouterr().err == f"error: expirations end on {day}{IS_OVER}\n"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            ("chain", "ZZZZ"),
            {
                "massive": "massive lists no options on ZZZZ; check the symbol",
                "tradier": "tradier lists no options on ZZZZ; check the symbol",
            },
        ),
        (
            ("quotes", "ZZZZ"),
            {
                "massive": "massive has nothing on ZZZZ: NOT_FOUND: no such stock or fund at Massive",
                "tradier": "tradier has nothing on ZZZZ: NOT_FOUND: no such stock or fund at Tradier",
            },
        ),
        (
            ("indices", "ZZZZ"),
            {
                "massive": "massive has nothing on ZZZZ: NOT_FOUND: Ticker not found.",
                "tradier": "tradier has nothing on ZZZZ: NOT_FOUND: no such index at Tradier",
            },
        ),
        (
            ("bars", "ZZZZ", "1d", *DAYS),
            {
                "massive": (
                    "massive: /v3/reference/tickers/ZZZZ: nothing by that name (the vendor says: "
                    '"Ticker ZZZZ not found.")'
                ),
                "tradier": "tradier knows no ZZZZ; check the symbol",
            },
        ),
    ],
    ids=["chain", "quotes", "indices", "bars"],
)
def test_what_the_vendor_does_not_know_is_one_line_and_another_exit_code(
    source: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: tuple[str, ...],
    said: dict[str, str],
) -> None:
    assert run(monkeypatch, *typed, "--source", source) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", f"error: {said[source]}\n")


def test_a_symbol_after_two_dashes_is_a_symbol(
    source: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "quotes", "--source", source, "--", "--format") == 2
    assert capsys.readouterr().err == f"error: '--format'{NO_TICKER}\n"


@pytest.mark.parametrize("typed", [("quotes", " spy "), ("indices", "i:spx"), ("bars", "spy", "1d", *DAYS)])
def test_lower_case_and_spaces_are_understood(
    source: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: tuple[str, ...]
) -> None:
    assert run(monkeypatch, *typed, "--source", source, "--format", "csv") == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out.splitlines()[1].split(",")[0] == ("SPX" if typed[0] == "indices" else "SPY")
