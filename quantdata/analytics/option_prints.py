"""What the sale conditions of an option print say of it, as far as order flow is concerned.

References
----------
OPRA, *OPRA Pillar Output Specification*, types of last sale messages. Massive's ids for them: ``GET
/v3/reference/conditions?asset_class=options``, where an id's ``sip_mapping`` is OPRA's letter.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

__all__ = ["ID_OF_LETTER", "PRINTS", "PrintKind", "ids_of"]

PrintKind: TypeAlias = Literal["cancel", "late", "sweep", "rotation", "auction", "cross", "floor", "multi_leg"]


class Print(NamedTuple):
    """One sale condition: Massive's id, OPRA's letter and name for it, and what kind of print it makes."""

    id: int
    opra: str
    name: str
    kind: PrintKind


# An id that is not here is an ordinary print, signed by its quote: 209 (I, AUTO: executed electronically) and 248
# (v, EXHT: extended hours) among them.
PRINTS: Final = (
    # Not a trade but the news that one is cancelled. The cancelled print, where the vendor still sends it, stays.
    Print(201, "A", "CANC", "cancel"),
    Print(203, "C", "CNCL", "cancel"),
    Print(205, "E", "CNCO", "cancel"),
    Print(207, "G", "CNOL", "cancel"),
    # Reported late: it traded at an earlier quote than the one held at its time.
    Print(202, "B", "OSEQ", "late"),
    Print(204, "D", "LATE", "late"),
    Print(206, "F", "OPEN", "late"),
    Print(208, "H", "OPNL", "late"),
    # A reopening is one price for all, by rotation: neither side took it.
    Print(210, "J", "REOP", "rotation"),
    # One side that takes all venues at once, at their quotes: signed like any other, and counted as a sweep.
    Print(219, "S", "ISOI", "sweep"),
    # Priced by bidding for one order, mostly inside the quote: which side was the initiator cannot be seen.
    Print(227, "a", "SLAN", "auction"),
    Print(228, "b", "SLAI", "auction"),
    # Both sides were brought together.
    Print(229, "c", "SLCN", "cross"),
    Print(230, "d", "SCLI", "cross"),
    # Compression: positions closed against each other, outside of trading hours, at prices of the close.
    Print(247, "u", "MCTP", "cross"),
    # Agreed by voice, on the floor, and reported when it was written down.
    Print(231, "e", "SLFT", "floor"),
    # A leg of a package, which is priced as a whole: the leg's own price says nothing.
    Print(232, "f", "MLET", "multi_leg"),
    Print(233, "g", "MLAT", "multi_leg"),
    Print(234, "h", "MLCT", "multi_leg"),
    Print(235, "i", "MLFT", "multi_leg"),
    Print(236, "j", "MESL", "multi_leg"),
    Print(238, "l", "MASL", "multi_leg"),
    Print(239, "m", "MFSL", "multi_leg"),
    # The same, with the stock as a leg.
    Print(237, "k", "TLAT", "multi_leg"),
    Print(240, "n", "TLET", "multi_leg"),
    Print(241, "o", "TLCT", "multi_leg"),
    Print(242, "p", "TLFT", "multi_leg"),
    Print(243, "q", "TESL", "multi_leg"),
    Print(244, "r", "TASL", "multi_leg"),
    Print(245, "s", "TFSL", "multi_leg"),
    # The same, of proprietary products (index options) on the floor.
    Print(246, "t", "CBMO", "multi_leg"),
)
# For a vendor that passes OPRA's letters on.
ID_OF_LETTER: Final = {each.opra: each.id for each in PRINTS}


def ids_of(*kinds: PrintKind) -> list[int]:
    """Return the ids of all conditions of some kinds."""
    return [each.id for each in PRINTS if each.kind in kinds]
