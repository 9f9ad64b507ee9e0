"""Lists of option contracts: filtered, ordered and cut into pages over sorted arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from quantdata.sim.massive.paging import (
    Query,
    as_date,
    as_number,
    as_text,
    bounds,
    choice,
    integer,
    is_descending,
    next_cursor,
)
from quantdata.sim.massive.refusals import bad_parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from quantdata.sim.views import Listing

    Positions = NDArray[np.intp]
    Mask = NDArray[np.bool_]

__all__ = ["ContractIndex", "ContractPage", "Details"]

_SORTS = ("ticker", "underlying_ticker", "expiration_date", "strike_price")
_CONTRACT_TYPES = ("call", "put", "other")


class Details(msgspec.Struct):
    """A contract's terms, in the vendor's order."""

    contract_type: str
    exercise_style: str
    expiration_date: str
    shares_per_contract: int
    strike_price: float
    ticker: str


@dataclass(frozen=True, slots=True)
class ContractPage:
    """Positions of one page's contracts, in order, and the cursor of the next page."""

    positions: list[int]
    cursor: str | None


class ContractIndex:
    """The contracts of one or more listings, ready to be searched.

    Parameters
    ----------
    listings
        One per underlying; positions count through all of them.
    """

    def __init__(self, listings: Sequence[Listing]) -> None:
        self.symbol = np.concatenate([listing.symbol for listing in listings])
        self.root = np.concatenate([listing.root for listing in listings])
        self.expiration = np.concatenate([listing.expiration for listing in listings])
        self.strike = np.concatenate([listing.strike for listing in listings])
        self.is_call = np.concatenate([listing.is_call for listing in listings])
        self.is_european = np.concatenate([listing.is_european for listing in listings])
        self.multiplier = np.concatenate([listing.multiplier for listing in listings])
        self.is_adjusted = np.concatenate([listing.is_adjusted for listing in listings])
        self.underlying = np.repeat(
            [listing.underlying for listing in listings],
            [len(listing.symbol) for listing in listings],
        )
        self.ticker = np.char.add("O:", self.symbol)
        self._by_ticker = np.argsort(self.ticker, kind="stable")
        self._sorted_tickers = self.ticker[self._by_ticker]
        self._ticker_rank = _ranks(self._by_ticker)
        self._orders: dict[str, tuple[Positions, Positions]] = {}
        self._details: list[msgspec.Raw | None] = [None] * len(self.symbol)

    def __len__(self) -> int:
        return len(self.symbol)

    @cached_property
    def days(self) -> list[str]:
        """Expirations as ``YYYY-MM-DD``."""
        return [str(day) for day in np.datetime_as_string(self.expiration, unit="D").tolist()]

    def find(self, ticker: str) -> int | None:
        """Return the position of a contract by its vendor ticker; None when it is not listed."""
        place = int(np.searchsorted(self._sorted_tickers, ticker))
        if place == len(self) or self._sorted_tickers[place] != ticker:
            return None
        return int(self._by_ticker[place])

    def terms(self, position: int) -> Details:
        """Return a contract's terms as the vendor writes them."""
        strike = float(self.strike[position])
        return Details(
            contract_type="call" if self.is_call[position] else "put",
            exercise_style="european" if self.is_european[position] else "american",
            expiration_date=self.days[position],
            shares_per_contract=int(self.multiplier[position]),
            strike_price=int(strike) if strike.is_integer() else strike,
            ticker=str(self.ticker[position]),
        )

    def details(self, position: int) -> msgspec.Raw:
        """Return the terms as JSON, written once."""
        known = self._details[position]
        if known is None:
            known = msgspec.Raw(msgspec.json.encode(self.terms(position)))
            self._details[position] = known
        return known

    def page(self, query: Query, *, default_limit: int, max_limit: int, default_sort: str = "ticker") -> ContractPage:
        """Return the page that a query asks for.

        Raises
        ------
        Refusal
            400 if a filter, the limit, the sort or the order cannot be read.
        """
        limit = integer(query, "limit", default=default_limit, maximum=max_limit)
        sort = choice(query, "sort", default=default_sort, allowed=_SORTS)
        descending = is_descending(query)
        order, rank = self._ordered_by(sort)
        chosen = order[self._matching(query)[order]]
        if descending:
            chosen = chosen[::-1]
        after = query.get("ap")
        if after is not None:
            passed = self._rank_of(after, sort, query)
            ranks = rank[chosen]
            chosen = chosen[ranks < passed] if descending else chosen[ranks > passed]
        positions = chosen[:limit].tolist()
        if len(chosen) <= limit:
            return ContractPage(positions, None)
        bound = {f"{sort}__{'lte' if descending else 'gte'}": self._key_text(sort, positions[-1])}
        fixed = {"limit": str(limit), "order": "desc" if descending else "asc", "sort": sort}
        return ContractPage(
            positions,
            next_cursor(query, after=str(self.ticker[positions[-1]]), **fixed, **bound),
        )

    def _matching(self, query: Query) -> Mask:
        mask = np.ones(len(self), dtype=np.bool_)
        for bound in bounds(query, "strike_price", as_number):
            mask &= bound.compare(self.strike, bound.value)
        for bound in bounds(query, "expiration_date", as_date):
            mask &= bound.compare(self.expiration, np.datetime64(bound.value, "D"))
        for bound in bounds(query, "ticker", as_text):
            mask &= bound.compare(self.ticker, bound.value)
        contract_type = query.get("contract_type")
        if contract_type is not None:
            mask &= self._of_type(contract_type)
        return mask

    def _of_type(self, contract_type: str) -> Mask:
        if contract_type not in _CONTRACT_TYPES:
            raise bad_parameter("contract_type", contract_type, "one of call, put, other")
        if contract_type == "other":
            return np.zeros(len(self), dtype=np.bool_)
        return self.is_call if contract_type == "call" else ~self.is_call

    def _ordered_by(self, sort: str) -> tuple[Positions, Positions]:
        """Return the positions in order, and each position's place in it; equal keys are ordered by ticker."""
        known = self._orders.get(sort)
        if known is None:
            order = np.lexsort((self._ticker_rank, self._key(sort)))
            known = self._orders[sort] = (order, _ranks(order))
        return known

    def _key(self, sort: str) -> NDArray[Any]:
        keys: dict[str, NDArray[Any]] = {
            "ticker": self._ticker_rank,
            "underlying_ticker": self.underlying,
            "expiration_date": self.expiration,
            "strike_price": self.strike,
        }
        return keys[sort]

    def _rank_of(self, ticker: str, sort: str, query: Query) -> float:
        """Return the place of a cursor's row in the order; between two places when it is no longer listed."""
        _, rank = self._ordered_by(sort)
        position = self.find(ticker)
        if position is not None:
            return float(rank[position])
        earlier = self._ticker_rank < np.searchsorted(self._sorted_tickers, ticker)
        if sort in {"ticker", "underlying_ticker"}:
            return float(np.count_nonzero(earlier)) - 0.5
        key = self._key(sort)
        bound = query.get(f"{sort}.gte") or query.get(f"{sort}.lte") or ""
        value: Any = as_number(sort, bound) if sort == "strike_price" else np.datetime64(as_date(sort, bound), "D")
        return float(np.count_nonzero((key < value) | ((key == value) & earlier))) - 0.5

    def _key_text(self, sort: str, position: int) -> str:
        texts = {
            "ticker": str(self.ticker[position]),
            "underlying_ticker": str(self.underlying[position]),
            "expiration_date": self.days[position],
            "strike_price": f"{self.strike[position]:.6f}",
        }
        return texts[sort]


def _ranks(order: Positions) -> Positions:
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return ranks
