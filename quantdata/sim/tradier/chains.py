"""Option chains, and what is listed: expirations, strikes, symbols.

References
----------
``markets/options/chains``, ``expirations``, ``strikes``, ``lookup``: reference/tradier.md §5.2 and §5.4 to §5.6.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from quantdata.sim.tradier.answers import Answer, collapsed, encode_rows
from quantdata.sim.tradier.catalog import vendor_symbol
from quantdata.sim.tradier.day import day_at
from quantdata.sim.tradier.option_rows import option_rows, series_type
from quantdata.sim.tradier.refusals import bad_parameter
from quantdata.symbols import roots_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quantdata.sim.tradier.request import Request
    from quantdata.sim.views import Listing

    Rows = NDArray[np.intp]

__all__ = ["chain", "expirations", "lookup", "strikes"]


def chain(request: Request) -> Answer:
    """Answer every contract of one expiration, all its roots together; null when there are none."""
    asked = request.text("symbol")
    expiration = _expiration(request)
    found = request.catalog.chain_of(asked)
    answer = Answer("options", "option", is_shared=True)
    if found is None or expiration is None:
        return answer
    underlying, root = found
    catalog, at = request.catalog, request.at
    view = catalog.chain(underlying, at)
    places = _places(view.listing, root=root, expiration=expiration)
    if len(places):
        greeks = catalog.greeks(underlying, expiration, at) if request.flag("greeks") else {}
        name = vendor_symbol(underlying)
        answer.rows = encode_rows(option_rows(view, places, underlying=name, greeks=greeks, day=day_at(at)))
    return answer


def _expiration(request: Request) -> np.datetime64 | None:
    """Return the one expiration asked for; None when it is no date, 400 when there are several."""
    words = request.words("expiration")
    if len(words) > 1:
        raise bad_parameter("expiration", "must be one date")
    try:
        return np.datetime64(date.fromisoformat(words[0]), "D")
    except ValueError:
        return None


def _places(listing: Listing, *, root: str | None, expiration: np.datetime64) -> Rows:
    """Return the rows of an expiration by strike; whether the put or the call comes first varies, as recorded."""
    is_wanted = listing.expiration == expiration
    if root is not None:
        is_wanted &= listing.root == root
    places = np.flatnonzero(is_wanted)
    _, number = np.unique(listing.strike[places], return_inverse=True)
    is_last = listing.is_call[places] == (number % 2 == 0)
    return places[np.lexsort((is_last, number))]


def _listed(request: Request) -> tuple[Listing, NDArray[np.bool_]] | None:
    """Return the contracts on a symbol, and which count: of all roots or the standard one; None without options."""
    found = request.catalog.chain_of(request.text("symbol"))
    if found is None:
        return None
    underlying, root = found
    listing = request.market.listing(underlying, request.today)
    if root is None and request.flag("includeAllRoots"):
        return listing, np.ones(len(listing.root), dtype=np.bool_)
    return listing, listing.root == (root or roots_of(underlying)[0])


def expirations(request: Request) -> Answer:
    """Answer the expirations of a symbol: bare dates, or objects as soon as more than that is asked."""
    found = _listed(request)
    details = [name for name in ("contractSize", "expirationType", "strikes") if request.flag(name)]
    answer = Answer("expirations", "expiration" if details else "date")
    if found is None:
        return answer
    listing, is_wanted = found
    if details:
        answer.rows = encode_rows(_objects(listing, np.flatnonzero(is_wanted), details))
    else:
        answer.rows = encode_rows(str(day) for day in np.unique(listing.expiration[is_wanted]))
    return answer


def _objects(listing: Listing, places: Rows, details: list[str]) -> list[dict[str, Any]]:
    """Return an object per date, or several where what was asked differs between the roots of a date."""
    groups: dict[tuple[str, int, str], set[float]] = {}
    columns = (listing.expiration, listing.root, listing.multiplier, listing.strike)
    for day, root, size, strike in zip(*(column[places].tolist() for column in columns), strict=True):
        key = (
            day.isoformat(),
            size if "contractSize" in details else 0,
            series_type(root, day) if "expirationType" in details else "",
        )
        groups.setdefault(key, set()).add(strike)
    found = []
    for (day, size, kind), prices in sorted(groups.items()):
        row: dict[str, Any] = {"date": day}
        if "contractSize" in details:
            row["contract_size"] = size
        if "expirationType" in details:
            row["expiration_type"] = kind
        if "strikes" in details:
            row["strikes"] = {"strike": collapsed(sorted(prices))}
        found.append(row)
    return found


def strikes(request: Request) -> Answer:
    """Answer the strikes of one expiration, ascending."""
    found = _listed(request)
    expiration = _expiration(request)
    answer = Answer("strikes", "strike")
    if found is not None and expiration is not None:
        listing, is_wanted = found
        answer.rows = encode_rows(np.unique(listing.strike[is_wanted & (listing.expiration == expiration)]).tolist())
    return answer


def lookup(request: Request) -> Answer:
    """Answer every option symbol on an underlying, root by root: a real list of roots, unlike everywhere else."""
    found = request.catalog.chain_of(request.text("underlying"))
    if found is None:
        return Answer(whole={"symbols": None})
    listing = request.market.listing(found[0], request.today)
    wanted = list(dict.fromkeys(listing.root.tolist())) if found[1] is None else [found[1]]
    roots = [{"rootSymbol": root, "options": listing.symbol[listing.root == root].tolist()} for root in wanted]
    return Answer(whole={"symbols": [each for each in roots if each["options"]] or None})
