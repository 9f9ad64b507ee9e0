"""A request for order flow, checked: which span, and of which contracts the tape is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quantdata import symbols
from quantdata.clients.arguments import Moment, count, moment_range, symbol_text, texts
from quantdata.errors import ArgumentError, ContractNotFoundError, SymbolError
from quantdata.frames.chain import current_volume, newest_session
from quantdata.sessions import previous_session, session

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["TOP", "FlowQuery"]

TOP: Final = 20
# Contracts whose tape is read in one call: each is one request for prints and some for quotes.
MOST_TAPES: Final = 250
MOST_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowQuery:
    """Order flow of the contracts on one underlying; ends that are None are those of the newest session."""

    underlying: str
    start: datetime | None = None
    end: datetime | None = None
    contracts: tuple[str, ...] = ()
    top: int = TOP

    @classmethod
    def of(
        cls,
        underlying: object,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        contracts: object = None,
        top: object = TOP,
    ) -> FlowQuery:
        """Check the arguments of a ``flow`` call.

        Raises
        ------
        SymbolError
            If the underlying or a contract cannot be read, or a contract is another underlying's.
        ArgumentError
            If anything else is malformed; the message names it and what is allowed.
        """
        asked = symbols.underlying(symbol_text(underlying, name="underlying"))
        first = None if start is None else moment_range(start, start)[0]
        last = None if end is None else moment_range(end, end, first="end")[1]
        if start is not None and end is not None:
            moment_range(start, end)
        named = () if contracts is None else texts(contracts, name="contracts")
        chosen = tuple(dict.fromkeys(_contract(each, asked) for each in named))
        if len(chosen) > MOST_TAPES:
            raise ArgumentError(f"contracts are at most {MOST_TAPES} in one call, not {len(chosen):,}")
        most = count(top, name="top")
        if most > MOST_TAPES:
            raise ArgumentError(f"top must be at most {MOST_TAPES}, not {most:,}: each contract's tape is asked for")
        return cls(underlying=asked, start=first, end=last, contracts=chosen, top=most)

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells this request from others."""
        return ("flow", self.underlying, self.start, self.end, self.contracts, 0 if self.contracts else self.top)

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """Return first and last moment: left out, those of the session that is on at the other end, or was last.

        Raises
        ------
        ArgumentError
            If the span begins in the future.
        """
        end = now if self.end is None else min(self.end, now)
        start = session(newest_session(end)).open if self.start is None else self.start
        if start > end:
            raise ArgumentError(f"start comes after the present: {start:%Y-%m-%d %H:%M %Z} > {end:%Y-%m-%d %H:%M %Z}")
        return start, end

    def is_of_newest_session(self, now: datetime) -> bool:
        """Tell whether the span begins in the newest session, whose open interest a chain has."""
        start, _ = self.span(now)
        return previous_session(newest_session(now)).late_close <= start

    def is_newest_session(self, now: datetime) -> bool:
        """Tell whether the span is all of the newest session so far, whose volume a chain has."""
        start, end = self.span(now)
        newest = session(newest_session(now))
        return self.is_of_newest_session(now) and start <= newest.open and end >= min(now, newest.late_close)

    def chosen(self, chain: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of a chain whose tape is to be read: the contracts named, else the busiest of the session.

        Raises
        ------
        ContractNotFoundError
            If the chain has no such contract.
        """
        if self.contracts:
            missing = sorted(set(self.contracts) - set(chain.get_column("contract_symbol").drop_nulls()))
            if missing:
                raise ContractNotFoundError(
                    f"no live contract {', '.join(missing[:MOST_SHOWN])}: see chain({self.underlying!r}) for what "
                    "there is; trades() has the tape of expired ones",
                    provider=chain.get_column("source")[0],
                )
            return chain.filter(pl.col("contract_symbol").is_in(self.contracts))
        volume = current_volume(newest_session(chain.get_column("snapshot_ts")[0]))
        traded = chain.filter((volume > 0) & pl.col("contract_symbol").is_not_null())
        return traded.sort(volume, "contract_symbol", descending=[True, False]).head(self.top)


def _contract(text: str, underlying: str) -> str:
    symbol = symbols.parse_option(text)
    # A share class that the root table does not know has a root without its dot.
    if symbol.underlying not in {underlying, underlying.replace(".", "")}:
        raise SymbolError(f"{symbol.occ} is an option on {symbol.underlying}, not on {underlying}")
    return symbol.occ
