"""Small things as HTML for a notebook: a title, badges, a few rows of name and value; all text is escaped.

Colours are JupyterLab's own where it says them; elsewhere they follow the reader's preference for light or dark.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["STYLE", "badge", "card", "lights"]

# Nothing here sets a font: text is the notebook's own. No colour tells anything that the text does not.
STYLE: Final = (
    ".qd{--qd-text:var(--jp-ui-font-color1,#1f2328);--qd-quiet:var(--jp-ui-font-color2,#59636e);"
    "--qd-line:var(--jp-border-color2,#d1d9e0);--qd-shade:var(--jp-layout-color2,#f0f2f5);"
    "--qd-good:var(--jp-success-color1,#1a7f37);--qd-bad:var(--jp-error-color1,#cf222e);"
    "--qd-warn:var(--jp-warn-color0,#9a6700);color:var(--qd-text);font-size:13px;line-height:1.4}"
    "@media(prefers-color-scheme:dark){.qd{--qd-text:var(--jp-ui-font-color1,#e6edf3);"
    "--qd-quiet:var(--jp-ui-font-color2,#9198a1);--qd-line:var(--jp-border-color2,#3d444d);"
    "--qd-shade:var(--jp-layout-color2,#212830);--qd-good:var(--jp-success-color1,#3fb950);"
    "--qd-bad:var(--jp-error-color1,#f85149);--qd-warn:var(--jp-warn-color0,#d29922)}}"
    ".qd p{margin:2px 0}.qd-quiet{color:var(--qd-quiet)}"
    ".qd-badge{border:1px solid currentColor;border-radius:3px;padding:0 5px;margin-left:6px;"
    "font-size:11px;font-weight:600}"
    ".qd-card{display:inline-block;min-width:260px;max-width:720px;border:1px solid var(--qd-line);"
    "border-radius:6px;padding:6px 10px}"
    ".qd-card dl{display:grid;grid-template-columns:max-content auto;gap:1px 14px;margin:4px 0 0}"
    # JupyterLab floats terms in a fifth of the width.
    ".qd.qd-card dl>dt,.qd.qd-card dl>dd{float:none;width:auto;margin:0;padding:0}"
    ".qd.qd-card dl>dt{color:var(--qd-quiet);font-weight:400;white-space:nowrap}"
    ".qd-card dd{font-variant-numeric:tabular-nums}"
    ".qd-good{color:var(--qd-good)}.qd-bad{color:var(--qd-bad)}.qd-warn{color:var(--qd-warn)}"
)


def card(
    title: str,
    rows: Iterable[tuple[str, object]],
    *,
    badges: Iterable[str] = (),
    notes: Sequence[str] = (),
) -> str:
    """Return a card of name and value.

    Parameters
    ----------
    title
        Plain text.
    rows
        Name and value of each; a value of None, or an empty text, is left out with its name.
    badges
        Words beside the title, as in ``"SIMULATED"``.
    notes
        Sentences below, as warnings are.

    Examples
    --------
    >>> "<dd>5 &lt; 6</dd>" in card("numbers", [("order", "5 < 6"), ("nothing", None)])
    True
    """
    told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in rows if _is_told(value))
    below = "".join(f'<p class="qd-warn">⚠ {escape(note)}</p>' for note in notes)
    head = f"<p><strong>{escape(title)}</strong>{''.join(map(badge, badges))}</p>"
    return f'<div class="qd qd-card"><style>{STYLE}</style>{head}<dl>{told}</dl>{below}</div>'


def badge(word: str) -> str:
    """Return a word in a frame."""
    return f'<span class="qd-badge">{escape(word)}</span>'


def lights(states: Iterable[tuple[str, bool]]) -> str:
    """Return which of several things are well, as plain text: ``"● massive options, ○ massive stocks"``."""
    return ", ".join(f"{'●' if is_well else '○'} {name}" for name, is_well in states)


def _is_told(value: object) -> bool:
    return value is not None and value != ""  # 0 and False are told
