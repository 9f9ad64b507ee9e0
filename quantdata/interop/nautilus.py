"""Bars and chains for NautilusTrader: `to_nautilus`. All that knows its API is here: version 2 changes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quantdata import symbols
from quantdata.errors import ArgumentError
from quantdata.interop.bars import ready, sources
from quantdata.interop.chains import quoted
from quantdata.interop.hours import is_equity
from quantdata.interop.report import LookaheadReport
from quantdata.interop.tables import engine, index, table
from quantdata.sessions import NEW_YORK, expiry_instant
from quantdata.validation.kinds import CHAIN, kind_of

if TYPE_CHECKING:
    from datetime import date

    from quantdata.interop.bars import Fill, Ready

__all__ = ["NautilusData", "to_nautilus"]

_LOADER: Final = "to_nautilus"
_STEPS: Final = {
    "1m": "1-MINUTE",
    "5m": "5-MINUTE",
    "15m": "15-MINUTE",
    "30m": "30-MINUTE",
    "1h": "1-HOUR",
    "1d": "1-DAY",
    "1w": "1-WEEK",
}
_OPTION_DECIMALS: Final = 2
_DECIMALS: Final = 4
_SHARES: Final = 100
_TERMS: Final = ("contract_symbol", "settlement", "multiplier")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NautilusData:
    """What a ``BacktestEngine`` is given: ``add_instrument`` each of the one, ``add_data`` all of the other.

    Attributes
    ----------
    instruments
        ``Equity``, ``IndexInstrument`` or ``OptionContract``, one per symbol.
    bar_types
        One ``BarType`` per symbol, for ``subscribe_bars``; none of chains.
    data
        ``Bar`` or ``QuoteTick``, in the order in which they were known (``ts_init``).
    lookahead
        What to look out for.
    """

    instruments: list[Any]
    bar_types: list[Any]
    data: list[Any]
    lookahead: LookaheadReport


def to_nautilus(
    frame: pl.DataFrame | pl.LazyFrame,
    *,
    venue: str = "US",
    timeframe: str | None = None,
    fill: Fill | None = None,
) -> NautilusData:
    """Return bars, or the quotes of chains, as NautilusTrader's own objects, each known when it really was.

    Parameters
    ----------
    frame
        Bars of ``qd.bars`` or a lake's ``scan``; or chains, whose quotes become ticks.
    venue
        Name of the venue in instrument ids, as in ``SPY.US``; the engine needs ``add_venue`` of the same.
    timeframe, fill
        Of bars, as in `to_backtesting`.

    Returns
    -------
    NautilusData
        A bar's ``ts_event`` and ``ts_init`` are the END of its window (of a day the close), as the engine's own bars
        have it. A quote's ``ts_event`` is the vendor's, its ``ts_init`` the moment of the snapshot, before which nobody
        could know it. Options have 100 shares (of chains: ``multiplier``) and expire when their payoff is fixed.

    Raises
    ------
    ArgumentError
        If no row has what is needed, if an option is an adjusted one, or as `to_backtesting` says of bars.
    ConfigError
        If ``nautilus_trader`` is not installed.

    Notes
    -----
    Prices have 4 decimals, of options 2; volumes are whole, and 0 where none is known, as of an index.
    """
    read = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    if kind_of(read) is CHAIN:
        if timeframe is not None or fill is not None:
            raise ArgumentError("timeframe and fill are about bars; these are chains")
        return _of_chains(read, _Api(venue))
    return _of_bars(ready(read, timeframe=timeframe, fill=fill), _Api(venue))


class _Api:
    """NautilusTrader's names, fetched once, and instruments of one venue."""

    def __init__(self, venue: str) -> None:
        self.data = engine("nautilus_trader.model.data", package="nautilus_trader", loader=_LOADER)
        self.objects = engine("nautilus_trader.model.objects", package="nautilus_trader", loader=_LOADER)
        self._instruments = engine("nautilus_trader.model.instruments", package="nautilus_trader", loader=_LOADER)
        self._identifiers = engine("nautilus_trader.model.identifiers", package="nautilus_trader", loader=_LOADER)
        self._enums = engine("nautilus_trader.model.enums", package="nautilus_trader", loader=_LOADER)
        self._usd = engine("nautilus_trader.model.currencies", package="nautilus_trader", loader=_LOADER).USD
        self._venue = venue

    def _common(self, symbol: str, decimals: int) -> dict[str, Any]:
        name = self._identifiers.Symbol(symbol)
        return {
            "instrument_id": self._identifiers.InstrumentId(name, self._identifiers.Venue(self._venue)),
            "raw_symbol": name,
            "currency": self._usd,
            "price_precision": decimals,
            "price_increment": self.objects.Price(10**-decimals, decimals),
            "ts_event": 0,
            "ts_init": 0,
        }

    def instrument(self, symbol: str) -> Any:
        """Return the instrument of a symbol that has bars."""
        if symbols.is_option_symbol(symbol):
            option = symbols.parse_option(symbol)
            if option.is_adjusted:
                raise ArgumentError(f"{symbol} is an adjusted contract: what it delivers is not known from its symbol")
            settlement = symbols.root_facts(option.root).settlement
            return self.option(symbol, option, settlement=settlement, multiplier=_SHARES)
        common = self._common(symbol, _DECIMALS)
        if is_equity(symbol):
            return self._instruments.Equity(**common, lot_size=self.objects.Quantity.from_int(1))
        one = self.objects.Quantity.from_int(1)
        return self._instruments.IndexInstrument(**common, size_precision=0, size_increment=one)

    def option(self, symbol: str, option: symbols.OptionSymbol, *, settlement: Any, multiplier: int) -> Any:
        """Return the instrument of an option contract."""
        kinds = self._enums.OptionKind
        is_index = symbols.is_index(option.underlying)
        return self._instruments.OptionContract(
            **self._common(symbol, _OPTION_DECIMALS),
            asset_class=self._enums.AssetClass.INDEX if is_index else self._enums.AssetClass.EQUITY,
            multiplier=self.objects.Quantity.from_int(multiplier),
            lot_size=self.objects.Quantity.from_int(1),
            underlying=option.underlying,
            option_kind=kinds.CALL if option.option_type == "call" else kinds.PUT,
            strike_price=self.objects.Price(option.strike, 3),
            activation_ns=0,
            expiration_ns=_expires_ns(option.expiration, settlement),
        )


def _expires_ns(expiration: date, settlement: Any) -> int:
    return int(expiry_instant(expiration, settlement).timestamp()) * 1_000_000_000


def _of_bars(found: Ready, api: _Api) -> NautilusData:
    wranglers = engine("nautilus_trader.persistence.wranglers", package="nautilus_trader", loader=_LOADER)
    instruments, bar_types, data = [], [], []
    for symbol in found.symbols:
        instrument = api.instrument(symbol)
        bar_type = api.data.BarType.from_str(f"{instrument.id}-{_STEPS[found.timeframe]}-LAST-EXTERNAL")
        rows = found.bars.filter(symbol=symbol)
        data += wranglers.BarDataWrangler(bar_type, instrument).process(_prices(rows))
        instruments.append(instrument)
        bar_types.append(bar_type)
    notes = (f"prices are rounded to {_DECIMALS} decimals, of options to {_OPTION_DECIMALS}, volumes to whole ones",)
    return NautilusData(
        instruments=instruments,
        bar_types=bar_types,
        data=sorted(data, key=lambda each: each.ts_init),
        lookahead=LookaheadReport(engine="nautilus", label="end", notes=notes, **found.facts),
    )


def _prices(rows: pl.DataFrame) -> Any:
    """Return one symbol's bars as the wrangler takes them: by their end, so that it need not shift them."""
    columns = {name: rows[name].to_numpy(writable=True) for name in ("open", "high", "low", "close")}
    columns["volume"] = rows["volume"].fill_null(0.0).to_numpy(writable=True)
    return table(columns, index(rows["end"], "timestamp", loader=_LOADER), loader=_LOADER)


def _of_chains(chains: pl.DataFrame, api: _Api) -> NautilusData:
    found = quoted(chains, ("bid", "ask"))
    usable = found.chains.sort("snapshot_ts", "contract_symbol")
    contracts = usable.unique("contract_symbol", keep="first", maintain_order=True)
    instruments = {symbol: _contract(api, symbol, *terms) for symbol, *terms in contracts.select(_TERMS).iter_rows()}
    days = usable["snapshot_ts"].dt.convert_time_zone(str(NEW_YORK)).dt.date()
    known = "a quote is known from its snapshot on; what the market quoted between two snapshots is not there"
    report = LookaheadReport(
        engine="nautilus",
        symbols=tuple(usable["underlying_symbol"].unique(maintain_order=True)),
        rows=usable.height,
        first=min(days),
        last=max(days),
        label="snapshot",
        dropped_rows=found.dropped_rows,
        notes=(known, *found.notes),
        **sources(usable),
    )
    ticks = _ticks(usable, instruments, api)
    return NautilusData(instruments=list(instruments.values()), bar_types=[], data=ticks, lookahead=report)


def _contract(api: _Api, symbol: str, settlement: str, multiplier: int) -> Any:
    return api.option(symbol, symbols.parse_option(symbol), settlement=settlement, multiplier=multiplier)


def _ticks(quotes: pl.DataFrame, instruments: dict[str, Any], api: _Api) -> list[Any]:
    """Return quotes as ticks. A loop: each of them is an object of the engine's."""
    tick, price, size = api.data.QuoteTick, api.objects.Price, api.objects.Quantity
    known = pl.col("snapshot_ts").dt.epoch("ns")
    made = pl.min_horizontal("quote_ts", "snapshot_ts").dt.epoch("ns").alias("made")
    sizes = pl.col("bid_size", "ask_size").fill_null(0)
    return [
        tick(
            instruments[symbol].id,
            price(bid, _OPTION_DECIMALS),
            price(ask, _OPTION_DECIMALS),
            size.from_int(bid_size),
            size.from_int(ask_size),
            event_ns,
            init_ns,
        )
        for symbol, bid, ask, bid_size, ask_size, event_ns, init_ns in quotes.select(
            "contract_symbol", "bid", "ask", sizes, made, known
        ).iter_rows()
    ]
