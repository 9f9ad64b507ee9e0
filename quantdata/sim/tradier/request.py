"""One request after its token: what was asked of which host, what moment it sees, and how its parameters are read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from quantdata.sessions import NEW_YORK, session_day
from quantdata.sim.tradier.refusals import bad_parameter, missing_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantdata.sim.source import MarketSource
    from quantdata.sim.tradier.catalog import Catalog

__all__ = ["Request"]

_DATE_CHARS = 10


@dataclass(frozen=True, slots=True)
class Request:
    """What an endpoint needs to answer.

    Attributes
    ----------
    query
        The parameters, of the address and of a form alike.
    at
        The moment that is shown, in whole seconds: now, on the sandbox 15 minutes ago.
    catalog
        The market and what is prepared of it.
    is_sandbox
        Whether the sandbox was asked.
    """

    query: Mapping[str, str]
    at: datetime
    catalog: Catalog
    is_sandbox: bool = False

    @property
    def market(self) -> MarketSource:
        """The market itself."""
        return self.catalog.market

    @property
    def today(self) -> date:
        """The New York date of the moment that is shown."""
        return session_day(self.at)

    def text(self, name: str) -> str:
        """Return a parameter; 400 when it is missing or empty."""
        value = self.query.get(name, "").strip()
        if not value:
            raise missing_parameter(name)
        return value

    def words(self, name: str) -> list[str]:
        """Return a comma list, each word once; 400 when it is missing or empty."""
        found = dict.fromkeys(word.strip() for word in self.text(name).split(","))
        return [word for word in found if word]

    def flag(self, name: str) -> bool:
        """Return whether a parameter says ``true``, in any case; anything else and nothing at all are false."""
        return self.query.get(name, "").strip().lower() == "true"

    def choice(self, name: str, *, default: str, allowed: tuple[str, ...]) -> str:
        """Return one word of a list; 400 if it is none of them."""
        value = self.query.get(name, "").strip().lower() or default
        if value not in allowed:
            raise bad_parameter(name, f"must be one of {', '.join(allowed)}")
        return value

    def number(self, name: str, *, default: int) -> int:
        """Return a whole number; 400 if it is none."""
        value = self.query.get(name, "").strip()
        if value and not value.isdecimal():
            raise bad_parameter(name, "must be a number")
        return int(value or default)

    def day(self, name: str, *, default: date) -> date:
        """Return a date; 400 if it is none."""
        value = self.query.get(name, "").strip()
        if not value:
            return default
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise bad_parameter(name, "must be a date as YYYY-MM-DD") from None

    def moment(self, name: str, *, default: datetime, at_midnight: time = time()) -> datetime:
        """Return a New York time; 400 if it is none. A date alone means ``at_midnight`` of it."""
        value = self.query.get(name, "").strip()
        if not value:
            return default
        try:
            if len(value) == _DATE_CHARS:
                return datetime.combine(date.fromisoformat(value), at_midnight, NEW_YORK)
            return datetime.fromisoformat(value).replace(tzinfo=NEW_YORK)
        except ValueError:
            raise bad_parameter(name, "must be a time as YYYY-MM-DD HH:MM") from None
