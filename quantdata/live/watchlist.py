"""What a hub watches, in canonical symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from quantdata import symbols
from quantdata.clients.arguments import texts
from quantdata.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Watchlist"]


class Watchlist(NamedTuple):
    """Underlyings of chains, stocks and funds, and indices; each once."""

    chains: tuple[str, ...] = ()
    equities: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        underlyings: str | Iterable[str] = (),
        *,
        equities: str | Iterable[str] = (),
        indices: str | Iterable[str] = (),
    ) -> Self:
        """Read symbols as a user writes them.

        Raises
        ------
        SymbolError
            If one cannot be read, or is not of its kind.
        """
        return cls(
            _once(symbols.underlying(each) for each in _texts(underlyings, "symbols")),
            _once(symbols.equity(each) for each in _texts(equities, "equities")),
            _once(symbols.index(each) for each in _texts(indices, "indices")),
        )

    @property
    def polled_equities(self) -> tuple[str, ...]:
        """Stocks and funds that are watched, and those that are underlyings of chains."""
        return _once((*self.equities, *(each for each in self.chains if not symbols.is_index(each))))

    @property
    def polled_indices(self) -> tuple[str, ...]:
        """Indices that are watched, and those that are underlyings of chains."""
        return _once((*self.indices, *(each for each in self.chains if symbols.is_index(each))))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is watched."""
        return not (self.chains or self.equities or self.indices)

    def with_more(self, others: Watchlist) -> Watchlist:
        """Return a list with the symbols of another one too."""
        return Watchlist(*(_once((*own, *more)) for own, more in zip(self, others, strict=True)))

    def without(self, others: Watchlist) -> Watchlist:
        """Return a list without the symbols of another one.

        Raises
        ------
        ArgumentError
            If one of them is not watched, or nothing would be left.
        """
        for own, gone in zip(self, others, strict=True):
            if unknown := [each for each in gone if each not in own]:
                watched = ", ".join(own) or "none"
                raise ArgumentError(f"not watched: {', '.join(unknown)}; there are {watched}")
        left = Watchlist(
            *(tuple(each for each in own if each not in gone) for own, gone in zip(self, others, strict=True))
        )
        if left.is_empty:
            raise ArgumentError("a hub watches something: close() ends it")
        return left

    def names(self) -> list[str]:
        """Return all symbols, chains first."""
        return [*self.chains, *self.equities, *self.indices]


def _texts(given: str | Iterable[str], name: str) -> tuple[str, ...]:
    """Return symbols; unlike in a question there may be none."""
    listed = given if isinstance(given, str) else tuple(given)
    return texts(listed, name=name) if listed else ()


def _once(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(given))
