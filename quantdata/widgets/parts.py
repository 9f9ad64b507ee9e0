"""How a part of a dashboard lives: shown, kept up to date while anybody looks, and closed with its feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import ipywidgets  # type: ignore[import-untyped]

from quantdata.sessions import NEW_YORK
from quantdata.widgets.markup import BOARD, STYLE, note
from quantdata.widgets.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantdata.widgets.hub_feed import HubFeed, Picture

__all__ = ["Part", "close_all", "field", "panel", "row", "say", "words"]

TWICE_A_SECOND_S: Final = 0.5


class Part:
    """What shows one thing about a feed, alone or on the stage of a dashboard.

    Alone it shows itself as the last value of a cell. It ends with `close`, or with its feed; what is left then in the
    notebook is its static form, which needs no kernel.

    Parameters
    ----------
    feed
        What is shown: a hub.
    stage
        Where it stands with others; one of its own when left out.

    Attributes
    ----------
    widget
        Its box, for a layout of your own.
    """

    period_s: float = TWICE_A_SECOND_S
    title: ClassVar[str] = ""

    def __init__(self, feed: HubFeed, *, stage: Stage | None = None) -> None:
        self.feed = feed
        self.is_closed = False
        self._displays: list[Any] = []
        self._is_alone = stage is None
        self.stage = Stage(feed) if stage is None else stage
        self.widget = ipywidgets.VBox()
        try:
            self._begin_to_show()
        except BaseException:
            self.close()
            raise

    def _begin_to_show(self) -> None:
        children = self.build()
        if self._is_alone:
            self.widget.add_class(BOARD)
            children = [words(STYLE), self.stage.pulse, *children]
        self.widget.children = tuple(children)
        self.stage.add(self)
        if self._is_alone:
            self.feed.attach(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.feed.name!r}{' closed' if self.is_closed else ''}>"

    def build(self) -> Sequence[ipywidgets.Widget]:
        """Return the widgets that it is made of, empty."""
        raise NotImplementedError

    def refresh(self, picture: Picture | None) -> bool:
        """Show how things are; tell whether anything was sent to the page."""
        raise NotImplementedError

    def html(self) -> str:
        """Return what it shows as HTML that needs no kernel and no style."""
        raise NotImplementedError

    def static(self) -> str:
        """Return `html` with its style, in a box, and when it was so: nothing of it lives any more."""
        picture = self.stage.picture
        told = "" if picture is None else f"As it was at {picture.at.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S} New York"
        return f'{STYLE}<div class="{BOARD}">{self.html()}{note(told)}</div>'

    def close(self) -> None:
        """End it, and leave its static form where it was shown; may be called twice."""
        if self.is_closed:
            return
        self.is_closed = True
        static = self.static() if self._displays else ""
        self.stage.remove(self)
        if self._is_alone:
            self.stage.close()
        with self.stage.lock:
            self.end()
            close_all(self.widget)
        for handle in self._displays:
            handle.update({"text/plain": repr(self), "text/html": static}, raw=True)

    def end(self) -> None:
        """Let go of what is not a child of its box."""

    def _ipython_display_(self, **_: object) -> None:
        from IPython.display import display  # noqa: PLC0415  # there is one where this is called

        bundle = {"text/plain": repr(self), "text/html": self.static()}
        if not self.is_closed:
            bundle = {**self.widget._repr_mimebundle_(), **bundle}
        handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        if handle is not None and not self.is_closed:
            self._displays.append(handle)


def words(html: str = "") -> ipywidgets.HTML:
    """Return a widget of HTML."""
    return ipywidgets.HTML(html)


def say(widget: ipywidgets.HTML, html: str) -> bool:
    """Have a widget show other HTML, if it is another; tell whether it was."""
    if widget.value == html:
        return False
    widget.value = html
    return True


def row(*children: ipywidgets.Widget, gap: str = "8px", align: str = "center") -> ipywidgets.Box:
    """Return a box of widgets side by side, which wrap where it is narrow."""
    layout = ipywidgets.Layout(display="flex", flex_flow="row wrap", align_items=align, grid_gap=gap)
    return ipywidgets.Box(children, layout=layout)


def field(label: str, example: str, *, label_width: str = "108px") -> ipywidgets.Text:
    """Return a field for a text, with its label and an example of what it takes."""
    return ipywidgets.Text(
        description=label,
        placeholder=example,
        layout=ipywidgets.Layout(width=f"calc({label_width} + 172px)"),
        style={"description_width": label_width},
    )


def panel(*children: ipywidgets.Widget, flex: str = "1 1 auto") -> ipywidgets.Box:
    """Return a box with a frame, which shares its row as ``flex`` says."""
    box = ipywidgets.VBox(children, layout=ipywidgets.Layout(flex=flex, min_width="0"))
    box.add_class("qd-frame")
    return box


def close_all(widget: ipywidgets.Widget) -> None:
    """Close a widget and all that it is made of: without that, each would stay in the kernel."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    for name in ("layout", "style"):
        own = getattr(widget, name, None)
        if isinstance(own, ipywidgets.Widget):
            own.close()
    widget.close()
