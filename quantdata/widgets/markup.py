"""Pieces of HTML that parts of a dashboard are made of; every text is escaped here."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from quantdata.sessions import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

__all__ = ["BOARD", "NONE", "STYLE", "State", "badge", "clock", "duration", "lamp", "note", "number", "table", "text"]

# The class of a box that all of this stands in.
BOARD: Final = "quantdata-board"
STYLE: Final = f"<style>{(Path(__file__).parent / 'static' / 'dashboard.css').read_text(encoding='utf-8')}</style>"
NONE: Final = "–"  # noqa: RUF001  # a dash

State = Literal["ok", "slow", "down", "idle"]

# Each has a shape of its own: colour is never the only sign, nor the word.
_SHAPES: Final = {"ok": "●", "slow": "◐", "down": "✕", "idle": "○"}


def text(value: object) -> str:
    """Return anything as text in HTML; None is a dash."""
    return NONE if value is None else html.escape(str(value))


def lamp(state: State, word: str) -> str:
    """Return a light with its word."""
    return f'<span class="qd-lamp qd-{state}"><span aria-hidden="true">{_SHAPES[state]}</span> {text(word)}</span>'


def badge(word: str) -> str:
    """Return a word in a frame: ``SIMULATED``."""
    return f'<span class="qd-badge">{text(word)}</span>'


def note(words: str, state: State = "idle") -> str:
    """Return a line of words beside a field; nothing for no words."""
    return f'<span class="qd-note qd-{state}" role="status">{text(words)}</span>' if words else ""


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose cells are HTML; the first of a row is its head."""
    head = "".join(f'<th scope="col">{text(each)}</th>' for each in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{each}</td>" for each in others)}</tr>'
        for first, *others in rows
    )
    caption = f"<caption>{text(caption)}</caption>"
    return f'<div class="qd-wide"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def number(value: float | None, decimals: int = 2, *, sign: bool = False) -> str:
    """Return a number in words: thousands apart, a real minus; None is a dash."""
    if value is None:
        return NONE
    return f"{value:{'+' if sign else ''},.{decimals}f}".replace("-", "−")  # noqa: RUF001  # a real minus


def duration(seconds: float | None) -> str:
    """Return a time that something takes, in the unit that people would use; None is a dash."""
    if seconds is None:
        return NONE
    return f"{seconds:.1f} s" if seconds >= 1.0 else f"{1e3 * seconds:.0f} ms"


def clock(moment: datetime | None, today: date | None = None) -> str:
    """Return a moment as it is said in New York; with its day where that is not today's. None is a dash."""
    if moment is None:
        return NONE
    local = moment.astimezone(NEW_YORK)
    day = "" if today is None or local.date() == today else f"{local.day} {local:%b} "
    return f"{day}{local:%H:%M:%S} ET"
