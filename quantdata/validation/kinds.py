"""The kinds of canonical frames: which columns tell one, and which rules it is held to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.errors import ArgumentError
from quantdata.frames import columns
from quantdata.frames.chain import SORT
from quantdata.validation.bounds import with_bounds
from quantdata.validation.chain_rules import CHAIN_RULES
from quantdata.validation.fused import Plan, not_finite
from quantdata.validation.neighbours import with_neighbours
from quantdata.validation.quote_rules import EQUITY_RULES, INDEX_RULES
from quantdata.validation.series_rules import BAR_RULES, FLOW_RULES, TRADE_RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantdata.frames.columns import Column
    from quantdata.validation.rule import Rule

__all__ = ["BARS", "CHAIN", "EQUITY_QUOTES", "FLOW", "INDEX_QUOTES", "KINDS", "TRADES", "Kind", "kind_of"]


def _as_they_are(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


@dataclass(frozen=True, slots=False, kw_only=True, eq=False)
class Kind:
    """One kind of canonical frame.

    Attributes
    ----------
    name
        In words: ``"chain"``.
    columns
        Its canonical columns.
    signs
        The columns that tell it from the other kinds.
    own_rules
        Its rules, but for that on finite numbers, which all kinds have.
    sort
        The order in which its rules see the rows; empty: as they are.
    prepare
        Adds the columns that its rules need beside the canonical ones.
    own_notes
        Notes that whoever makes the frame writes there, since no column tells: they stay.
    """

    name: str
    columns: tuple[Column, ...]
    signs: tuple[str, ...]
    own_rules: tuple[Rule, ...]
    sort: tuple[str, ...] = ()
    prepare: Callable[[pl.DataFrame], pl.DataFrame] = _as_they_are
    own_notes: tuple[str, ...] = ()

    @cached_property
    def written(self) -> dict[str, pl.DataType]:
        """Dtypes of the columns that validation writes."""
        age = tuple(column for column in self.columns if column.name == "age_s")
        group = columns.CHAIN_QUALITY if self.name == "chain" else columns.QUALITY
        return {column.name: column.dtype for column in (*age, *group)}

    @cached_property
    def given(self) -> tuple[str, ...]:
        """Names of the columns that a frame must come with: all but those that validation writes."""
        return tuple(column.name for column in self.columns if column.name not in self.written)

    @property
    def has_age(self) -> bool:
        """Whether its rows tell when they arrived, and so how old they are."""
        return "age_s" in self.written

    @cached_property
    def dtypes(self) -> dict[str, pl.DataType]:
        """Dtypes of the columns that it comes with."""
        return {column.name: column.dtype for column in self.columns if column.name in self.given}

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Names of the columns of floating-point numbers that it comes with."""
        return tuple(name for name, dtype in self.dtypes.items() if dtype == pl.Float64)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """All its rules: that on finite numbers first, then errors, warnings and notes."""
        return (not_finite(self.numbers), *self.own_rules)

    @cached_property
    def plan(self) -> Plan:
        """The rules in one plan."""
        return Plan(
            self.rules,
            numbers=self.numbers,
            prepare=self.prepare,
            has_groups=self.name == "chain",
        )


CHAIN: Final = Kind(
    name="chain",
    columns=columns.CHAIN,
    signs=("contract_symbol", "strike", "bid"),
    own_rules=CHAIN_RULES,
    sort=SORT,
    prepare=lambda chain: with_neighbours(with_bounds(chain)),
)
EQUITY_QUOTES: Final = Kind(
    name="equity quotes",
    columns=columns.EQUITY_QUOTES,
    signs=("symbol", "price", "prev_close"),
    own_rules=EQUITY_RULES,
)
INDEX_QUOTES: Final = Kind(
    name="index quotes",
    columns=columns.INDEX_QUOTES,
    signs=("symbol", "value", "prev_close"),
    own_rules=INDEX_RULES,
)
BARS: Final = Kind(name="bars", columns=columns.BARS, signs=("symbol", "ts", "open", "session"), own_rules=BAR_RULES)
TRADES: Final = Kind(
    name="trades", columns=columns.TRADES, signs=("symbol", "ts", "price", "size"), own_rules=TRADE_RULES
)
FLOW: Final = Kind(
    name="flow",
    columns=columns.FLOW,
    signs=("contract_symbol", "buy_pressure", "method"),
    own_rules=FLOW_RULES,
    own_notes=("no_tape", "signed_by_tick_test", "part_of_session"),
)
KINDS: Final = (CHAIN, EQUITY_QUOTES, INDEX_QUOTES, BARS, TRADES, FLOW)


def kind_of(frame: pl.DataFrame) -> Kind:
    """Return the kind of a frame.

    Raises
    ------
    ArgumentError
        If it is no frame of this package, or lacks columns of its kind; the message names them.
    """
    if not isinstance(frame, pl.DataFrame):
        raise ArgumentError(f"a polars.DataFrame from this package is needed, not {type(frame).__name__}")
    present = set(frame.columns)
    for kind in KINDS:
        if present.issuperset(kind.signs):
            if lacking := [name for name in kind.given if name not in present]:
                raise ArgumentError(
                    f"these {kind.name} lack {', '.join(lacking[:10])}: validate a frame before selecting from it"
                )
            return kind
    raise ArgumentError(
        f"not a frame of this package: its columns are {', '.join(frame.columns[:10]) or 'none'}; chains, quotes, "
        "indices, bars, trades and flow can be validated"
    )
