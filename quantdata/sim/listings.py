"""The contracts that exist: strike ladders around where the underlying has been, and their facts as columns.

A ladder only ever grows: an expiration has every strike that was near the money on some evening since it was listed,
dense near the money, wider further out. So a listing is fixed for a session and changes little from day to day.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from quantdata.sim.expirations import Expiration, expirations_of, listed_since
from quantdata.sim.noise import key, mix
from quantdata.sim.timeline import NS_PER_S, timeline
from quantdata.sim.views import Listing
from quantdata.symbols import RootFacts, root_facts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from quantdata.sim.universe import Asset
    from quantdata.symbols import OptionSymbol

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

Scalar = TypeVar("Scalar", bound=np.generic)

__all__ = ["Contracts", "contract_of", "contracts_of", "contracts_on", "listing_of"]

_ADJUSTED_SINCE: Final = date(2024, 6, 10)
_ADJUSTED_SHARES: Final = 10
_SHORT_DAYS: Final = 70  # expirations listed for longer than this are monthlies, quarterlies or LEAPS
_NEAR_DAYS: Final = 120  # long ones get dense strikes from here on
_PM_CLOSE: Final = time(16, 0)


@dataclass(frozen=True, slots=True)
class _Band:
    """Strikes at every multiple of a step from so far below to so far above the money (fractions of the price)."""

    step: float
    below: float
    above: float


@dataclass(frozen=True, slots=True)
class _Ladder:
    """Bands of short-lived expirations, of long ones, and what long ones gain as they come near."""

    short: tuple[_Band, ...]
    long: tuple[_Band, ...]
    near: tuple[_Band, ...]


_SPX: Final = _Ladder(
    short=(_Band(5, 0.05, 0.033), _Band(25, 0.14, 0.07), _Band(50, 0.27, 0.11), _Band(100, 0.45, 0.17)),
    long=(_Band(25, 0.2, 0.15), _Band(50, 0.4, 0.3), _Band(100, 0.65, 0.5), _Band(200, 0.9, 0.85)),
    near=(_Band(5, 0.068, 0.04), _Band(10, 0.11, 0.06), _Band(25, 0.35, 0.12)),
)
_FUND: Final = _Ladder(
    short=(_Band(1, 0.07, 0.05), _Band(5, 0.14, 0.08)),
    long=(_Band(5, 0.42, 0.25), _Band(10, 0.62, 0.4)),
    near=(_Band(1, 0.145, 0.085),),
)
_LADDERS: Final = {
    "SPX": _SPX,
    "NDX": _Ladder(
        short=(_Band(25, 0.07, 0.05), _Band(100, 0.2, 0.12)),
        long=(_Band(100, 0.25, 0.2), _Band(250, 0.5, 0.4), _Band(500, 0.75, 0.6)),
        near=(_Band(50, 0.15, 0.1),),
    ),
    "SPY": _FUND,
    "QQQ": _FUND,
    "IWM": _FUND,
    "DIA": _Ladder(
        short=(_Band(1, 0.05, 0.04), _Band(5, 0.15, 0.1)),
        long=(_Band(5, 0.35, 0.25), _Band(10, 0.5, 0.4)),
        near=(_Band(1, 0.06, 0.05),),
    ),
}
# VIX strikes do not follow the index: it always comes back. (step, from, to)
_VIX_STRIKES: Final = ((0.5, 10, 20), (1, 10, 35), (2.5, 35, 60), (5, 35, 100), (10, 100, 180))


@dataclass(frozen=True, slots=True)
class Contracts:
    """Contracts on one underlying as columns: what pricing, activity and listing need to know of each.

    Attributes
    ----------
    is_monthly
        Whether its expiration is listed for long: monthlies, quarterlies, month ends and LEAPS.
    key
        What noise about the contract hangs on; the same wherever it appears.
    listed_since
        First day on which its expiration is listed.
    expires
        Instant from which its payoff is fixed, ns.
    last_close
        Instant at which it stops trading for good, ns.
    after_open
        How long after 09:30 New York time it trades on an ordinary session, ns.
    tick_from, tick_below, tick_above
        Price steps are ``tick_below`` under ``tick_from`` USD and ``tick_above`` from there on.
    """

    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    strike: Floats
    is_call: Bools
    is_european: Bools
    is_am_settled: Bools
    is_adjusted: Bools
    is_monthly: Bools
    key: NDArray[np.uint64]
    listed_since: NDArray[np.datetime64]
    expires: Ints
    last_close: Ints
    after_open: Ints
    tick_from: Floats
    tick_below: Floats
    tick_above: Floats

    def __len__(self) -> int:
        return len(self.strike)

    def take(self, rows: NDArray[np.intp] | Bools) -> Contracts:
        """Return some of the rows, in the order given."""
        return Contracts(*(getattr(self, each.name)[rows] for each in fields(self)))


def contracts_on(asset: Asset, day: date, *, mids: Floats, seed: int) -> Contracts:
    """Return the contracts listed on a day, sorted by expiration, root, strike, calls first.

    Parameters
    ----------
    mids
        The underlying's mid at every session's close in shares of ``day``; only those before ``day`` are read.
    seed
        The market's.
    """
    listed = [each for root in _roots_on(asset, day) for each in expirations_of(root, day)]
    return contracts_of(asset, listed, day, mids=mids, seed=seed)


def contracts_of(asset: Asset, listed: Iterable[Expiration], day: date, *, mids: Floats, seed: int) -> Contracts:
    """Return the contracts of some expirations as `contracts_on` would."""
    ordered = sorted(listed)
    return _columns(ordered, [_strikes(asset, each, day, mids) for each in ordered], seed)


def contract_of(asset: Asset, symbol: OptionSymbol, *, mids: Floats, seed: int) -> Contracts | None:
    """Return one contract as columns of one row, expired or not; None when it was never listed.

    Parameters
    ----------
    mids
        As in `contracts_on`, in shares of the expiration day.
    """
    since = listed_since(symbol.root, symbol.expiration) if symbol.root in asset.roots else None
    if since is None or symbol.root not in _roots_on(asset, symbol.expiration):
        return None
    expiration = Expiration(symbol.expiration, symbol.root)
    # A ladder on its last day holds every strike it ever had.
    if not np.any(_strikes(asset, expiration, symbol.expiration, mids) == symbol.strike):
        return None
    return _columns([expiration], [np.array([symbol.strike])], seed).take(
        np.array([0 if symbol.option_type == "call" else 1])
    )


def listing_of(asset: Asset, contracts: Contracts) -> Listing:
    """Return contracts as the listing that vendors see."""
    return Listing(
        underlying=asset.symbol,
        symbol=_symbols(contracts),
        root=contracts.root,
        expiration=contracts.expiration,
        strike=contracts.strike,
        is_call=contracts.is_call,
        is_european=contracts.is_european,
        is_am_settled=contracts.is_am_settled,
        multiplier=np.where(contracts.is_adjusted, _ADJUSTED_SHARES, 100).astype(np.int64),
        is_adjusted=contracts.is_adjusted,
    )


def _symbols(contracts: Contracts) -> NDArray[np.str_]:
    days, which = np.unique(contracts.expiration, return_inverse=True)
    heads = [f"{day.item():%y%m%d}" for day in days]
    thousandths = np.round(contracts.strike * 1000.0).astype(np.int64).tolist()
    rows = zip(contracts.root.tolist(), which.tolist(), contracts.is_call.tolist(), thousandths, strict=True)
    return np.array([f"{root}{heads[at]}{'C' if call else 'P'}{strike:08d}" for root, at, call, strike in rows])


def _roots_on(asset: Asset, day: date) -> list[str]:
    return [root for root in asset.roots if not root[-1].isdigit() or day >= _ADJUSTED_SINCE]


def _strikes(asset: Asset, expiration: Expiration, day: date, mids: Floats) -> Floats:
    if asset.symbol == "VIX":
        return np.unique(np.concatenate([np.arange(low, high + step / 2, step) for step, low, high in _VIX_STRIKES]))
    line = timeline()
    since = listed_since(expiration.root, expiration.day) or day
    last = line.last_before(day)
    evenings = mids[min(line.last_before(since), last) : last + 1]
    if expiration.root[-1].isdigit():
        return _grid(_Band(_unit(mids[last]) * 4, 0.12, 0.12), evenings)
    ladder = _LADDERS.get(asset.symbol) or _stock_ladder(float(mids[last]), asset.volatility)
    if (expiration.day - since).days <= _SHORT_DAYS:
        return np.unique(np.concatenate([_grid(band, evenings) for band in ladder.short]))
    grids = [_grid(band, evenings) for band in ladder.long]
    near_since = max(since, expiration.day - timedelta(days=_NEAR_DAYS))
    if day >= near_since:
        recent = mids[min(line.last_before(near_since), last) : last + 1]
        grids += [_grid(band, recent) for band in ladder.near]
    return np.unique(np.concatenate(grids))


def _grid(band: _Band, evenings: Floats) -> Floats:
    first = np.ceil(evenings.min() * (1.0 - band.below) / band.step)
    last = np.floor(evenings.max() * (1.0 + band.above) / band.step)
    return np.asarray(np.arange(max(first, 1.0), last + 1.0) * band.step, dtype=np.float64)


def _unit(price: float) -> float:
    """Return the usual strike step of a stock at a price."""
    steps = ((25.0, 0.5), (110.0, 1.0), (240.0, 2.5), (700.0, 5.0))
    return next((step for limit, step in steps if price < limit), 10.0)


def _stock_ladder(price: float, volatility: float) -> _Ladder:
    unit, width = _unit(price), min(max(volatility / 0.45, 0.42), 1.05)
    return _Ladder(
        short=(_Band(unit, 0.14 * width, 0.16 * width), _Band(2 * unit, 0.28 * width, 0.32 * width)),
        long=(_Band(2 * unit, 0.45 * width, 0.6 * width), _Band(4 * unit, 0.7 * width, 1.1 * width)),
        near=(_Band(unit, 0.2 * width, 0.25 * width),),
    )


def _columns(listed: list[Expiration], ladders: list[Floats], seed: int) -> Contracts:
    line = timeline()
    counts = np.array([2 * len(ladder) for ladder in ladders])
    facts = [root_facts(each.root) for each in listed]
    since = [listed_since(each.root, each.day) or each.day for each in listed]
    sessions = np.array([line.last_until(each.day) for each in listed])
    is_am = np.array([each.settlement == "AM" for each in facts])
    # Last day: AM-settled series stop the evening before, others trade to their own last close.
    last_session = np.where(is_am, sessions - 1, sessions)
    last_day_close = np.array([_after_open(each.last_day_close) for each in facts], dtype=np.int64)
    shortened = line.close[last_session] - line.open[last_session] - _after_open(_PM_CLOSE)
    ticks = np.array([_ticks(each) for each in facts])

    def spread(values: NDArray[Scalar]) -> NDArray[Scalar]:
        return np.repeat(values, counts)

    strike = np.concatenate([np.repeat(ladder, 2) for ladder in ladders])
    is_call = np.tile([True, False], len(strike) // 2)
    expiration = spread(np.array([each.day for each in listed], dtype="datetime64[D]"))
    root_key = spread(np.array([key(seed, "root", each.root) for each in listed], dtype=np.uint64))
    is_long = [(each.day - first).days > _SHORT_DAYS for each, first in zip(listed, since, strict=True)]
    return Contracts(
        root=spread(np.array([each.root for each in listed])),
        expiration=expiration,
        strike=strike,
        is_call=is_call,
        is_european=spread(np.array([each.exercise_style == "european" for each in facts])),
        is_am_settled=spread(is_am),
        is_adjusted=spread(np.array([each.root[-1].isdigit() for each in listed])),
        is_monthly=spread(np.array(is_long)),
        key=mix(root_key, expiration.astype(np.int64), np.round(strike * 1000.0).astype(np.int64), is_call),
        listed_since=spread(np.array(since, dtype="datetime64[D]")),
        expires=spread(np.where(is_am, line.open[sessions], line.close[sessions])),
        last_close=spread(line.open[last_session] + last_day_close + shortened),
        after_open=spread(np.array([_after_open(each.close) for each in facts], dtype=np.int64)),
        tick_from=spread(ticks[:, 0]),
        tick_below=spread(ticks[:, 1]),
        tick_above=spread(ticks[:, 2]),
    )


def _after_open(close: time) -> int:
    return ((close.hour * 60 + close.minute) - (9 * 60 + 30)) * 60 * NS_PER_S


def _ticks(facts: RootFacts) -> tuple[float, float, float]:
    (_, below), *rest = facts.ticks
    return (rest[0][0], below, rest[0][1]) if rest else (0.0, below, below)
