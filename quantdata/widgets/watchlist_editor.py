"""What is watched, to be added to and taken from in the page."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import ipywidgets  # type: ignore[import-untyped]

from quantdata.widgets.markup import note, text
from quantdata.widgets.parts import Part, close_all, field, row, say, words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quantdata.widgets.hub_feed import Picture, Watched

__all__ = ["WatchlistEditor", "watchlist_html"]

Kind = Literal["chains", "indices", "equities"]

_TITLES: Final[dict[Kind, tuple[str, str]]] = {
    "chains": ("Option chains", "as in SPY QQQ"),
    "indices": ("Indices", "as in SPX VIX"),
    "equities": ("Stocks, funds", "as in AAPL"),
}


class WatchlistEditor(Part):
    """What a hub watches: a click takes one away, the field beside adds some.

    What cannot be read is told beside its field, in the words of the error. `MarketDataHub.watch` and ``unwatch`` do
    the work, off the kernel's own thread.

    Parameters
    ----------
    feed, stage
        As of `Part`.
    """

    def build(self) -> Sequence[ipywidgets.Widget]:
        """Return the widgets that it is made of, empty."""
        self._lines = {kind: _Line(self, kind) for kind in _TITLES}
        return [line.widget for line in self._lines.values()]

    def refresh(self, picture: Picture | None) -> bool:
        """Show what is watched."""
        watched = self.feed.watchlist
        known = set() if picture is None else _known(picture)
        changed = [line.show(getattr(watched, kind), known) for kind, line in self._lines.items()]
        return any(changed)

    def html(self) -> str:
        """Return what is watched in a line for each kind."""
        return watchlist_html(self.feed.watchlist)

    def add(self, kind: Kind, typed: str) -> None:
        """Watch what was typed; blanks and commas part symbols."""
        names = re.split(r"[\s,;]+", typed.strip())
        if names != [""]:
            self._do(kind, "adding …", partial(self.feed.watch, **_of(kind, names)), clears=True)

    def remove(self, kind: Kind, name: str) -> None:
        """Watch one no more."""
        self._do(kind, "taking away …", partial(self.feed.unwatch, **_of(kind, [name])), clears=False)

    def _do(self, kind: Kind, doing: str, work: Callable[[], object], *, clears: bool) -> None:
        self._lines[kind].wait(doing)
        self.stage.errands.run(work, partial(self._done, kind, clears=clears))

    def _done(self, kind: Kind, error: Exception | None, *, clears: bool) -> None:
        with self.stage.lock:
            if not self.is_closed:
                self._lines[kind].done(error, clears=clears)
                self.refresh(self.stage.picture)


class _Chip(NamedTuple):
    """A symbol that is watched, and whether anything is known of it."""

    name: str
    is_known: bool


class _Line:
    """One kind of symbols: those that there are, and a field for more."""

    def __init__(self, editor: WatchlistEditor, kind: Kind) -> None:
        self._editor = editor
        self._kind = kind
        self._shown: list[_Chip] | None = None
        title, example = _TITLES[kind]
        self._chips = row(gap="4px")
        self._chips.layout.margin = "0 0 8px 4px"
        self._field = field(title, example)
        self._button = ipywidgets.Button(description="Add", layout=ipywidgets.Layout(width="56px"))
        self._note = words()
        # Enter in the field, and not a click elsewhere, is as good as the button.
        self._field.on_msg(self._typed)
        self._button.on_click(lambda _: editor.add(kind, self._field.value))
        self.widget = ipywidgets.VBox([row(self._field, self._button, self._note), self._chips])

    def show(self, names: Sequence[str], known: set[str]) -> bool:
        """Show these symbols; tell whether they are others than before."""
        chips = [_Chip(name, name in known) for name in names]
        if chips == self._shown:
            return False
        before, self._chips.children = self._chips.children, tuple(map(self._chip, chips))
        for each in before:
            close_all(each)
        self._shown = chips
        return True

    def wait(self, doing: str) -> None:
        """Show that something is under way."""
        self._button.disabled = True
        say(self._note, note(doing))

    def done(self, error: Exception | None, *, clears: bool) -> None:
        """Show what came of it."""
        self._button.disabled = False
        say(self._note, "" if error is None else note(f"✕ {error}", "down"))
        if clears and error is None:
            self._field.value = ""

    def _chip(self, chip: _Chip) -> ipywidgets.Button:
        known = "" if chip.is_known else " (nothing yet)"
        button = ipywidgets.Button(
            description=f"{chip.name}{known} ×",  # noqa: RUF001  # a cross
            tooltip=f"Watch {chip.name} no more",
            layout=ipywidgets.Layout(width="auto"),
        )
        button.add_class("qd-chip")
        button.on_click(lambda _: self._editor.remove(self._kind, chip.name))
        return button

    def _typed(self, _: object, content: dict[str, Any], __: object) -> None:
        if content.get("event") == "submit":
            self._editor.add(self._kind, self._field.value)


def watchlist_html(watched: Watched) -> str:
    """Return what is watched in a line for each kind that there is."""
    lines = [
        f"<li>{text(title)}: {text(', '.join(names))}</li>"
        for kind, (title, _) in _TITLES.items()
        if (names := getattr(watched, kind))
    ]
    return f"<ul>{''.join(lines)}</ul>"


def _of(kind: Kind, names: list[str]) -> dict[str, list[str]]:
    """Return symbols as the argument of ``watch`` that takes them."""
    return {"symbols" if kind == "chains" else kind: names}


def _known(picture: Picture) -> set[str]:
    chains = {name for name, chain in picture.chains.items() if chain.height}
    return {*chains, *picture.equities.get_column("symbol"), *picture.indices.get_column("symbol")}
