"""Every Massive endpoint that is used: its path and query, from values in the vendor's own spelling.

Source of paths, limits and filters: Massive's REST documentation, as collected in the OpenAPI file of its client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from quantdata.wire.http import Request, path_segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "aggregates",
    "contract_snapshot",
    "dividends",
    "index_snapshots",
    "listed_contract",
    "listed_ticker",
    "market_status",
    "option_chain",
    "option_contracts",
    "quotes",
    "same_endpoint",
    "splits",
    "stock_snapshots",
    "trades",
]

CHAIN_PAGE: Final = 250
SNAPSHOT_PAGE: Final = 250
CONTRACTS_PAGE: Final = 1000
REFERENCE_PAGE: Final = 1000
AGGREGATES_PAGE: Final = 50_000
TICKS_PAGE: Final = 50_000

Order = Literal["asc", "desc"]


def option_chain(underlying: str, filters: Mapping[str, str], *, order: Order = "asc") -> Request:
    """Snapshot the options on ``underlying`` (``SPY``, ``I:SPX``), one page sorted by strike."""
    params = {**filters, "sort": "strike_price", "order": order, "limit": str(CHAIN_PAGE)}
    return Request(f"/v3/snapshot/options/{path_segment(underlying)}", params, holds="results")


def contract_snapshot(underlying: str, contract: str) -> Request:
    """Snapshot one option contract (``O:SPY…``)."""
    return Request(f"/v3/snapshot/options/{path_segment(underlying)}/{path_segment(contract)}")


def index_snapshots(tickers: Sequence[str]) -> Request:
    """Snapshot up to 250 indices (``I:SPX``)."""
    params = {"ticker.any_of": ",".join(tickers), "limit": str(SNAPSHOT_PAGE)}
    return Request("/v3/snapshot/indices", params)


def stock_snapshots(tickers: Sequence[str]) -> Request:
    """Snapshot stocks and funds; a ticker that is not known is left out of the answer."""
    return Request("/v2/snapshot/locale/us/markets/stocks/tickers", {"tickers": ",".join(tickers)}, holds="tickers")


def aggregates(ticker: str, *, multiplier: int, timespan: str, start_ms: int, end_ms: int, adjusted: bool) -> Request:
    """Get bars whose windows start in ``[start_ms, end_ms]``; the limit counts base bars, not rows."""
    path = f"/v2/aggs/ticker/{path_segment(ticker)}/range/{multiplier}/{timespan}/{start_ms}/{end_ms}"
    return Request(
        path,
        {"adjusted": str(adjusted).lower(), "sort": "asc", "limit": str(AGGREGATES_PAGE)},
        holds="results or nothing",
    )


def option_contracts(underlying: str, filters: Mapping[str, str], *, limit: int = CONTRACTS_PAGE) -> Request:
    """List contracts on ``underlying`` (here ``SPX`` without prefix), sorted by expiration."""
    params = {
        "underlying_ticker": underlying,
        **filters,
        "sort": "expiration_date",
        "order": "asc",
        "limit": str(limit),
    }
    return Request("/v3/reference/options/contracts", params)


def listed_contract(contract: str) -> Request:
    """Look up one contract (``O:SPY…``), expired ones included."""
    return Request(f"/v3/reference/options/contracts/{path_segment(contract)}")


def listed_ticker(ticker: str) -> Request:
    """Look up a stock, fund or index."""
    return Request(f"/v3/reference/tickers/{path_segment(ticker)}")


def trades(ticker: str, *, start_ns: int, end_ns: int) -> Request:
    """Get the tape between two instants, both included, oldest first."""
    return _ticks("trades", ticker, start_ns=start_ns, end_ns=end_ns)


def quotes(ticker: str, *, start_ns: int, end_ns: int, limit: int = TICKS_PAGE, order: Order = "asc") -> Request:
    """Get best bids and offers between two instants, both included, oldest first unless asked otherwise."""
    return _ticks("quotes", ticker, start_ns=start_ns, end_ns=end_ns, limit=limit, order=order)


def splits(ticker: str) -> Request:
    """Get all splits of a stock."""
    return _corporate_actions("splits", ticker)


def dividends(ticker: str) -> Request:
    """Get all cash dividends of a stock."""
    return _corporate_actions("dividends", ticker)


def market_status() -> Request:
    """Ask whether the markets are open now."""
    return Request("/v1/marketstatus/now", holds="body")


def same_endpoint(asked: str, answered: str) -> bool:
    """Tell whether the path of a ``next_url`` belongs to the endpoint that was asked.

    Aggregates rewrite the start of their range in the path, as a day or in milliseconds; all else must stay as it was.
    """
    if asked == answered:
        return True
    ours, theirs = asked.split("/"), answered.split("/")
    if ours[1:3] != ["v2", "aggs"] or len(ours) != len(theirs):
        return False
    return theirs[-2].replace("-", "").isdecimal() and [*ours[:-2], ours[-1]] == [*theirs[:-2], theirs[-1]]


def _ticks(
    kind: str, ticker: str, *, start_ns: int, end_ns: int, limit: int = TICKS_PAGE, order: Order = "asc"
) -> Request:
    params = {
        "timestamp.gte": str(start_ns),
        "timestamp.lte": str(end_ns),
        "sort": "timestamp",
        "order": order,
        "limit": str(limit),
    }
    return Request(f"/v3/{kind}/{path_segment(ticker)}", params)


def _corporate_actions(kind: str, ticker: str) -> Request:
    params = {"ticker": ticker, "limit": str(REFERENCE_PAGE)}
    return Request(f"/v3/reference/{kind}", params)
