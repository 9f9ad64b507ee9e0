"""What a client of Tradier's stream asks for: a frame of JSON, or the parameters of an HTTP stream.

References
----------
reference/tradier.md §7.2, §7.3. Assumed: unknown symbols are refused one by one, and the others granted; unknown words
in ``filter`` count as nothing; ``validOnly`` and ``advancedDetails`` change nothing, for what they do is not
documented, and the simulated tape has nothing that is not valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KINDS", "StreamRequest", "from_parameters", "from_text"]

KINDS = frozenset({"quote", "trade", "summary", "timesale", "tradex"})


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """A subscription; it takes the place of the one before."""

    session_id: str
    symbols: tuple[str, ...]
    kinds: frozenset[str] = KINDS
    has_linebreak: bool = False


class _Frame(msgspec.Struct, rename="camel"):
    symbols: list[str]
    sessionid: str
    filter: list[str] | None = None
    linebreak: bool = False
    valid_only: bool = True
    advanced_details: bool = False


def from_text(text: str | bytes) -> StreamRequest:
    """Return the request in a frame.

    Raises
    ------
    msgspec.MsgspecError
        If there is none in it.
    """
    frame = msgspec.json.decode(text, type=_Frame)
    return _request(frame.sessionid, frame.symbols, frame.filter, has_linebreak=frame.linebreak)


def from_parameters(given: Mapping[str, Any]) -> StreamRequest:
    """Return the request in the parameters of an address or a form."""
    return _request(
        given.get("sessionid", ""),
        given.get("symbols", "").split(","),
        given["filter"].split(",") if given.get("filter") else None,
        has_linebreak=given.get("linebreak", "").lower() == "true",
    )


def _request(session_id: str, symbols: list[str], kinds: list[str] | None, *, has_linebreak: bool) -> StreamRequest:
    wanted = KINDS if kinds is None else KINDS & {each.strip() for each in kinds}
    known = dict.fromkeys(each.strip() for each in symbols if each.strip())
    return StreamRequest(session_id, tuple(known), wanted, has_linebreak)
