"""What a table of calls and puts can show of a contract, and how a number of each is written."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quantdata.clients.arguments import count, texts
from quantdata.errors import ArgumentError
from quantdata.frames.columns import CHAIN

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DEFAULT", "FIELDS", "Field", "chosen"]

MOST_DECIMALS: Final = 8
_IN_CHAIN: Final = {column.name: column for column in CHAIN}


class Field(NamedTuple):
    """One column of a table of calls and puts.

    Attributes
    ----------
    name
        Of the chain's column; its numbers are Float64 in messages, NaN for null.
    header
        What stands above it.
    unit
        Of the number that is shown.
    decimals
        Digits after the point.
    scale
        What the chain's number is multiplied by before it is shown: 100 makes percent of an annual fraction.
    meaning
        One sentence without an end.
    """

    name: str
    header: str
    unit: str
    decimals: int
    scale: float
    meaning: str

    def text(self, value: float | None) -> str:
        """Return a number of the chain as it is shown; an empty text for None.

        Examples
        --------
        >>> FIELDS["implied_volatility"].text(0.2137)
        '21.4'
        """
        return "" if value is None else f"{value * self.scale:,.{self.decimals}f}"


def _field(name: str, header: str, decimals: int) -> Field:
    column = _IN_CHAIN[name]
    return Field(name, header, column.unit, decimals, 1.0, column.meaning)


def _percent(name: str, header: str) -> Field:
    column = _IN_CHAIN[name]
    meaning = column.meaning if "%" not in column.meaning else "what the market price implies"
    return Field(name, header, "% a year", 1, 100.0, meaning)


FIELDS: Final[Mapping[str, Field]] = {
    field.name: field
    for field in (
        _field("bid", "bid", 2),
        _field("ask", "ask", 2),
        _field("mid", "mid", 2),
        _field("bid_size", "bid size", 0),
        _field("ask_size", "ask size", 0),
        _field("spread", "spread", 2),
        _field("spread_percent", "spread %", 1),
        _field("last", "last", 2),
        _field("last_size", "last size", 0),
        _field("open", "open", 2),
        _field("high", "high", 2),
        _field("low", "low", 2),
        _field("close", "close", 2),
        _field("prev_close", "prev close", 2),
        _field("change", "change", 2),
        _field("change_percent", "change %", 1),
        _field("vwap", "vwap", 2),
        _field("volume", "volume", 0),
        _field("open_interest", "open int", 0),
        _percent("implied_volatility", "iv"),
        _percent("bid_iv", "bid iv"),
        _percent("ask_iv", "ask iv"),
        _percent("model_iv", "model iv"),
        _field("delta", "delta", 3),
        _field("gamma", "gamma", 4),
        _field("theta", "theta", 3),
        _field("vega", "vega", 3),
        _field("rho", "rho", 3),
        _field("confidence", "conf", 0),
        _field("quote_confidence", "quote conf", 0),
        _field("greeks_confidence", "greeks conf", 0),
    )
}
DEFAULT: Final = ("open_interest", "volume", "implied_volatility", "delta", "bid", "ask")


def chosen(columns: str | Iterable[str] | None = None, decimals: Mapping[str, int] | None = None) -> tuple[Field, ...]:
    """Return the fields of a table.

    Parameters
    ----------
    columns
        Names in the order of the calls, outermost first; the puts mirror them. `DEFAULT` when left out.
    decimals
        Digits after the point by name, over what is usual.

    Raises
    ------
    ArgumentError
        If a name is none of `FIELDS`, or not among ``columns``, or decimals are no whole number from 0 to 8.
    """
    names = DEFAULT if columns is None else texts(columns, name="columns")
    fields = {name: _known(name) for name in names}
    for name, digits in _checked(decimals).items():
        if name not in fields:
            raise ArgumentError(f"decimals of {name!r}, which is not shown; columns are {', '.join(fields)}")
        fields[name] = fields[name]._replace(decimals=digits)
    return tuple(fields.values())


def _known(name: str) -> Field:
    if name in FIELDS:
        return FIELDS[name]
    near = get_close_matches(name, [*FIELDS, *(field.header for field in FIELDS.values())], n=1)
    meant = next((field.name for field in FIELDS.values() if near and near[0] in (field.name, field.header)), None)
    hint = f"; did you mean {meant!r}?" if meant else "."
    raise ArgumentError(f"no column {name!r} in a table{hint} There are {', '.join(FIELDS)}")


def _checked(decimals: Any) -> dict[str, int]:
    if decimals is None:
        return {}
    if not isinstance(decimals, Mapping):
        raise ArgumentError(f"decimals maps columns to digits, as in {{'bid': 3}}, not {decimals!r}")
    checked = {name: count(digits, name=f"decimals[{name!r}]") for name, digits in decimals.items()}
    for name, digits in checked.items():
        if digits > MOST_DECIMALS:
            raise ArgumentError(f"decimals[{name!r}] must be at most {MOST_DECIMALS}, not {digits}")
    return checked
