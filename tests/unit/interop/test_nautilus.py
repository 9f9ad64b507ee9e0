"""What goes to NautilusTrader, with stand-ins for its names; tests/interop has the real ones."""

from __future__ import annotations

import sys
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from quantdata.errors import ArgumentError, ConfigError
from quantdata.interop import lookahead, nautilus, to_nautilus
from quantdata.interop.tables import engine
from tests.unit.interop.canonical import AUTUMN, HALF_DAY, SPX_WEEKLY, THANKSGIVING, at, contract, daily, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime


class _Wrangler:
    def __init__(self, _bar_type: str, instrument: SimpleNamespace) -> None:
        self._symbol = instrument.raw_symbol

    def process(self, prices: Any) -> Iterator[SimpleNamespace]:
        for moment, row in prices.iterrows():
            yield SimpleNamespace(symbol=self._symbol, ts_init=moment.value, row=row.tolist())


class _OptionKind:
    CALL, PUT = "CALL", "PUT"


class _AssetClass:
    INDEX, EQUITY = "INDEX", "EQUITY"


def _instrument(kind: str) -> Callable[..., SimpleNamespace]:
    return lambda **values: SimpleNamespace(kind=kind, id=values["instrument_id"], **values)


NAMES = SimpleNamespace(
    BarType=SimpleNamespace(from_str=str),
    QuoteTick=lambda *args: args,
    Price=round,
    Quantity=SimpleNamespace(from_int=int),
    Equity=_instrument("equity"),
    IndexInstrument=_instrument("index"),
    OptionContract=_instrument("option"),
    Symbol=str,
    Venue=str,
    InstrumentId=lambda symbol, venue: f"{symbol}.{venue}",
    OptionKind=_OptionKind,
    AssetClass=_AssetClass,
    USD="USD",
    BarDataWrangler=_Wrangler,
)


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nautilus, "engine", lambda *_, **__: NAMES)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000


def test_bars_are_known_at_the_end_of_their_window() -> None:
    pytest.importorskip("pandas")
    loaded = to_nautilus(pl.concat([daily("SPY", THANKSGIVING), daily("SPX", THANKSGIVING, volume=None)]))
    ends = [_ns(at(day, "13:00" if day == HALF_DAY else "16:00")) for day in THANKSGIVING]
    assert [each.ts_init for each in loaded.data] == [end for end in ends for _ in "ab"]
    assert [each.row[-1] for each in loaded.data[:2]] == [1000.0, 0.0]
    assert loaded.bar_types == ["SPY.US-1-DAY-LAST-EXTERNAL", "SPX.US-1-DAY-LAST-EXTERNAL"]
    assert [each.kind for each in loaded.instruments] == ["equity", "index"]
    assert lookahead(loaded).label == "end"


def test_an_option_expires_when_its_payoff_is_fixed() -> None:
    pytest.importorskip("pandas")
    (weekly,) = to_nautilus(daily(SPX_WEEKLY, THANKSGIVING[:3]), venue="OPRA").instruments
    assert (weekly.id, weekly.underlying, weekly.option_kind) == (f"{SPX_WEEKLY}.OPRA", "SPX", "CALL")
    assert (weekly.asset_class, weekly.multiplier, weekly.strike_price) == ("INDEX", 100, 6900.0)
    assert weekly.expiration_ns == _ns(at(HALF_DAY, "13:00"))
    (morning,) = to_nautilus(daily("SPX261218P06900000", AUTUMN)).instruments
    assert morning.option_kind == "PUT"
    assert morning.expiration_ns == _ns(at(date(2026, 12, 18), "09:30"))


def test_an_adjusted_contract_has_no_instrument() -> None:
    with pytest.raises(ArgumentError, match="SPY1261218C00690000 is an adjusted contract"):
        to_nautilus(daily("SPY1261218C00690000", AUTUMN))


def test_a_quote_is_known_from_its_snapshot_on() -> None:
    rows = [contract(690.0), contract(700.0, bid=None), contract(710.0, bid_size=None, multiplier=10)]
    chains = pl.concat([snapshot(day, "15:45", rows) for day in AUTUMN[:2]])
    loaded = to_nautilus(pl.concat([chains, snapshot(AUTUMN[2], "15:45", rows[:1], quote_ts=None)]))
    first, second = "SPY261218C00690000.US", "SPY261218C00710000.US"
    known = [_ns(at(day, "15:45")) for day in AUTUMN[:3]]
    second_ns = 1_000_000_000
    assert loaded.data == [
        (first, 10.0, 10.2, 5, 7, known[0] - second_ns, known[0]),
        (second, 10.0, 10.2, 0, 7, known[0] - second_ns, known[0]),
        (first, 10.0, 10.2, 5, 7, known[1] - second_ns, known[1]),
        (second, 10.0, 10.2, 0, 7, known[1] - second_ns, known[1]),
        (first, 10.0, 10.2, 5, 7, known[2], known[2]),
    ]
    assert [(each.id, each.multiplier, each.asset_class) for each in loaded.instruments] == [
        (first, 100, "EQUITY"),
        (second, 10, "EQUITY"),
    ]
    report = lookahead(loaded)
    assert (report.label, report.symbols, report.rows, report.dropped_rows) == ("snapshot", ("SPY",), 5, 2)


def test_a_quote_from_the_future_is_of_the_snapshot() -> None:
    late = snapshot(AUTUMN[0], "15:45", [contract(690.0)], quote_ts=at(AUTUMN[0], "15:46"))
    (tick,) = to_nautilus(late.lazy()).data
    assert tick[-2:] == (_ns(at(AUTUMN[0], "15:45")),) * 2


def test_adjusted_contracts_of_a_chain_are_left_out_and_told() -> None:
    rows = [contract(690.0), contract(690.0, root="SPY1", is_adjusted=True)]
    report = lookahead(to_nautilus(snapshot(AUTUMN[0], "15:45", rows)))
    assert (report.rows, report.dropped_rows) == (1, 0)
    assert any("1 rows of adjusted contracts are left out" in trap for trap in report.traps)


def test_what_has_no_quote_and_what_is_no_bar_is_refused() -> None:
    chain = snapshot(AUTUMN[0], "15:45", [contract(690.0, ask=None)])
    with pytest.raises(ArgumentError, match="no contract of these chains has bid, ask"):
        to_nautilus(chain)
    with pytest.raises(ArgumentError, match="timeframe and fill are about bars"):
        to_nautilus(chain, fill="previous_close")


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nautilus_trader", None)
    with pytest.raises(ConfigError, match=r"to_nautilus\(\) needs a package: pip install nautilus_trader"):
        engine("nautilus_trader.model.data", package="nautilus_trader", loader="to_nautilus")
