"""Reference data: option contracts of any day, exchanges, trade conditions, tickers.

References
----------
``GET /v3/reference/...``: reference/massive.md §6. Exchange ids and names are facts of OPRA and the SIPs.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from quantdata.errors import SymbolError
from quantdata.sessions import session_day, sessions
from quantdata.sim.massive.answers import Answer, encode_rows
from quantdata.sim.massive.contracts import ContractIndex
from quantdata.sim.massive.paging import as_date, as_flag, as_text, bounds, choice
from quantdata.sim.massive.refusals import not_found
from quantdata.sim.plans import AssetClass
from quantdata.sim.timeline import FIRST_DAY
from quantdata.sim.universe import asset
from quantdata.sim.views import Listing
from quantdata.symbols import parse_option

if TYPE_CHECKING:
    from quantdata.sim.massive.request import Request

__all__ = ["conditions", "contract", "contracts", "exchanges", "ticker_details"]

_DEFAULT_LIMIT = 10
_MAX_LIMIT = 1_000
# Expired contracts are listed this far back unless a filter on the expiration asks for more.
_EXPIRED_SINCE = timedelta(days=90)
_CLASSES = ("stocks", "options", "indices", "crypto", "fx", "futures")

# Stocks know exchanges by the ids of the SIPs, options by OPRA's participants from 300: "mic, name".
_EXCHANGES: dict[str, dict[int, tuple[str, str]]] = {
    "stocks": {
        1: ("XASE", "NYSE American, LLC"),
        2: ("XBOS", "Nasdaq OMX BX, Inc."),
        3: ("XCIS", "NYSE National, Inc."),
        4: ("FINN", "FINRA Nasdaq TRF Carteret"),
        7: ("EDGA", "Cboe EDGA"),
        8: ("EDGX", "Cboe EDGX"),
        9: ("XCHI", "NYSE Chicago, Inc."),
        10: ("XNYS", "New York Stock Exchange"),
        11: ("ARCX", "NYSE Arca, Inc."),
        12: ("XNAS", "Nasdaq"),
        14: ("LTSE", "Long-Term Stock Exchange"),
        15: ("IEXG", "Investors Exchange"),
        17: ("XPHL", "Nasdaq Philadelphia Exchange LLC"),
        18: ("BATY", "Cboe BYX"),
        19: ("BATS", "Cboe BZX"),
        20: ("EPRL", "MIAX Pearl"),
        21: ("MEMX", "Members Exchange"),
    },
    "options": {
        300: ("XASE", "NYSE American Options"),
        301: ("XBOX", "BOX Options Exchange"),
        302: ("XCBO", "Cboe Options Exchange"),
        303: ("EMLD", "MIAX Emerald"),
        304: ("EDGO", "Cboe EDGX Options"),
        307: ("GMNI", "Nasdaq GEMX"),
        308: ("XISX", "Nasdaq ISE"),
        309: ("MCRY", "Nasdaq MRX"),
        312: ("XMIO", "MIAX Options"),
        313: ("ARCO", "NYSE Arca Options"),
        315: ("MPRL", "MIAX Pearl"),
        316: ("XNDQ", "Nasdaq Options Market"),
        318: ("SPHR", "MIAX Sapphire"),
        319: ("XBXO", "Nasdaq BX Options"),
        320: ("MXOP", "MEMX Options"),
        322: ("C2OX", "Cboe C2 Options"),
        323: ("XPHL", "Nasdaq PHLX"),
        325: ("BATO", "Cboe BZX Options"),
    },
}
# "name, OPRA or SIP letter": what a print with this id means.
_CONDITIONS: dict[str, dict[int, tuple[str, str]]] = {
    "stocks": {
        2: ("Average Price Trade", "B"),
        10: ("Derivatively Priced", "4"),
        12: ("Form T/Extended Hours", "T"),
        14: ("Intermarket Sweep", "F"),
        37: ("Odd Lot Trade", "I"),
        41: ("Trade Thru Exempt", "X"),
    },
    "options": {
        201: ("Canceled", "A"),
        202: ("Late and Out Of Sequence", "B"),
        209: ("Automatic Execution", "I"),
        219: ("Intermarket Sweep Order", "S"),
        227: ("Single Leg Auction Non ISO", "a"),
        228: ("Single Leg Auction ISO", "b"),
        229: ("Single Leg Cross Non ISO", "c"),
        230: ("Single Leg Cross ISO", "d"),
        231: ("Single Leg Floor Trade", "e"),
        232: ("Multi Leg auto-electronic trade", "f"),
        233: ("Multi Leg Auction", "g"),
        234: ("Multi Leg Cross", "h"),
        235: ("Multi Leg floor trade", "i"),
    },
}


def contracts(request: Request) -> Answer:
    """Answer one page of contracts: those listed on ``as_of``, or with ``expired=true`` those expired by then."""
    query = request.query
    index = _index(request)
    tail = request.tail(AssetClass.OPTIONS) | {"status": "OK"}
    if index is None or len(index) == 0:
        return Answer(tail=tail)
    page = index.page(query, default_limit=_DEFAULT_LIMIT, max_limit=_MAX_LIMIT)
    rows = [_contract_row(index, position) for position in page.positions]
    return Answer(rows=encode_rows(rows), tail=tail, next_path=request.link(page.cursor))


def _index(request: Request) -> ContractIndex | None:
    query = request.query
    as_of = as_date("as_of", query["as_of"]) if query.get("as_of") else session_day(request.now)
    underlyings = _underlyings(request)
    if as_flag(query, "expired", default=False):
        return _expired(request, underlyings, as_of)
    if "ticker" in query:
        underlyings = [each for each in underlyings if each == _underlying_of(query["ticker"])]
    if len(underlyings) == 1:
        return request.catalog.listing(underlyings[0], as_of)
    if len(underlyings) == len(request.market.underlyings):
        return request.catalog.all_listings(as_of)
    return ContractIndex([request.market.listing(each, as_of) for each in underlyings]) if underlyings else None


def _underlyings(request: Request) -> list[str]:
    """Return the underlyings asked for; indices are bare here (``SPX``), and ``I:SPX`` has no rows."""
    found = list(request.market.underlyings)
    for bound in bounds(request.query, "underlying_ticker", as_text):
        found = [each for each in found if bound.compare(each, bound.value)]
    return found


def _underlying_of(ticker: str) -> str | None:
    try:
        return parse_option(ticker).underlying
    except SymbolError:
        return None


def _expired(request: Request, underlyings: list[str], as_of: date) -> ContractIndex | None:
    """Return the contracts that expired before a day: each as it was listed on its last day."""
    first, last = as_of - _EXPIRED_SINCE, as_of - timedelta(days=1)
    for suffix in ("", ".gt", ".gte"):
        text = request.query.get(f"expiration_date{suffix}")
        first = as_date(f"expiration_date{suffix}", text) if text else first
    for suffix in ("", ".lt", ".lte"):
        text = request.query.get(f"expiration_date{suffix}")
        last = min(last, as_date(f"expiration_date{suffix}", text)) if text else last
    first = max(first, FIRST_DAY)
    if first > last:
        return None
    listings = [
        _expiring(request.market.listing(underlying, session.day), session.day)
        for session in sessions(first, last)
        for underlying in underlyings
    ]
    return ContractIndex(listings) if listings else None


def _expiring(listing: Listing, day: date) -> Listing:
    on_that_day = listing.expiration == np.datetime64(day, "D")
    names = [each.name for each in fields(listing) if each.name != "underlying"]
    return Listing(listing.underlying, **{name: getattr(listing, name)[on_that_day] for name in names})


def _contract_row(index: ContractIndex, position: int) -> dict[str, Any]:
    terms = index.terms(position)
    style, kind = terms.exercise_style[0].upper(), terms.contract_type[0].upper()
    row: dict[str, Any] = {
        # ISO 10962: option, call or put, style, stock underlying, physical or cash delivery, standardised.
        "cfi": f"O{kind}{style}{'ICS' if style == 'E' else 'SPS'}",
        "contract_type": terms.contract_type,
        "exercise_style": terms.exercise_style,
        "expiration_date": terms.expiration_date,
        "primary_exchange": "XCBO" if style == "E" else "BATO",
        "shares_per_contract": terms.shares_per_contract,
        "strike_price": terms.strike_price,
        "ticker": terms.ticker,
        "underlying_ticker": str(index.underlying[position]),
    }
    if index.is_adjusted[position]:
        shares = {"type": "equity", "underlying": row["underlying_ticker"], "amount": terms.shares_per_contract}
        row["additional_underlyings"] = [shares]
    return row


def contract(request: Request, ticker: str) -> Answer:
    """Answer one contract, live or expired; 404 when it was never listed."""
    query = request.query
    instrument = request.catalog.instrument(ticker)
    if instrument is None or instrument.expiration is None or not request.catalog.is_listed(instrument, request.now):
        raise not_found(f"Options contract {ticker} not found.")
    as_of = as_date("as_of", query["as_of"]) if query.get("as_of") else session_day(request.now)
    index = request.catalog.listing(instrument.underlying, min(as_of, instrument.expiration))
    position = index.find(ticker)
    if position is None:
        raise not_found(f"Options contract {ticker} not found.")
    tail = {"status": "OK", "request_id": ""}
    return Answer(rows=encode_rows([_contract_row(index, position)]), is_single=True, tail=tail)


def exchanges(request: Request) -> Answer:
    """Answer the exchanges of one or every asset class."""
    rows = [
        {
            "id": number,
            "type": "TRF" if mic.startswith("FIN") else "exchange",
            "asset_class": asset_class,
            "locale": "us",
            "name": name,
            "mic": mic,
        }
        for asset_class in _asset_classes(request)
        for number, (mic, name) in _EXCHANGES[asset_class].items()
    ]
    tail = {"status": "OK", "request_id": "", "count": len(rows)}
    return Answer(rows=encode_rows(rows), tail=tail)


def conditions(request: Request) -> Answer:
    """Answer what the condition ids of trades mean."""
    rows = [
        {
            "id": number,
            "type": "sale_condition",
            "name": name,
            "asset_class": asset_class,
            "sip_mapping": {"OPRA" if asset_class == "options" else "CTA": letter},
            "data_types": ["trade"],
        }
        for asset_class in _asset_classes(request)
        for number, (name, letter) in _CONDITIONS[asset_class].items()
    ]
    tail = {"status": "OK", "request_id": "", "count": len(rows)}
    return Answer(rows=encode_rows(rows), tail=tail)


def _asset_classes(request: Request) -> list[str]:
    asked = request.query.get("asset_class")
    if asked is None:
        return list(_EXCHANGES)
    choice(request.query, "asset_class", default=asked, allowed=_CLASSES)
    return [asked] if asked in _EXCHANGES else []


def ticker_details(request: Request, ticker: str) -> Answer:
    """Answer what is known of a stock, fund or index; 404 when there is none."""
    instrument = request.catalog.instrument(ticker)
    if instrument is None or instrument.asset is AssetClass.OPTIONS:
        raise not_found(f"Ticker {ticker} not found.")
    is_index = instrument.asset is AssetClass.INDICES
    row: dict[str, Any] = {
        "ticker": ticker,
        "name": request.catalog.name(instrument.symbol),
        "market": "indices" if is_index else "stocks",
        "locale": "us",
        "active": True,
    }
    if not is_index:
        row |= {"type": "ETF" if asset(instrument.symbol).is_fund else "CS", "currency_name": "usd"}
    return Answer(rows=encode_rows([row]), is_single=True, tail={"status": "OK", "request_id": ""})
