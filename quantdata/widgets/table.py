"""The live chain table of a notebook: `ChainTable`."""

from __future__ import annotations

import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets

from quantdata import symbols
from quantdata.clients.arguments import count, flag, number, number_range, symbol_text
from quantdata.widgets import messages
from quantdata.widgets.audience import Audience
from quantdata.widgets.fields import chosen
from quantdata.widgets.ladder import Listing
from quantdata.widgets.pump import Pump
from quantdata.widgets.replies import hear_while_busy
from quantdata.widgets.sheet import require_series
from quantdata.widgets.static_html import nothing_html, static_html
from quantdata.widgets.wants import Wants

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    import polars as pl
    from IPython.display import DisplayHandle

    from quantdata.widgets.feed import Feed
    from quantdata.widgets.messages import Message

__all__ = ["ChainTable"]

STATIC: Final = Path(__file__).parent / "static"
VIEW: Final = "application/vnd.jupyter.widget-view+json"
MOST_CONFIDENCE: Final = 100
LEAST_HEIGHT: Final = 100
PATIENCE_S: Final = 5.0
# In short waits: Ctrl-C goes unheard in a long one (see `quantdata.portal.call`).
LOOK_S: Final = 0.1


class ChainTable(anywidget.AnyWidget):
    """A chain as a table that lives: calls, strike and puts, one tab for each series.

    Made by `MarketDataHub.table`. Only cells in view that have changed travel to the page, and no faster than it draws
    them. It shows itself where a cell ends in it, as often as one likes; in a saved notebook, and after `close` (which
    closing the hub does too), a plain table stands in its place.

    Parameters
    ----------
    feed
        Who tells of the chain: a hub.
    underlying
        Of the chain, as in ``"SPY"``.
    columns
        Names of the calls' columns, outermost first; the puts mirror them. Left out: open interest, volume, implied
        volatility, delta, bid, ask.
    decimals
        Digits after the point by column, over what is usual, as in ``{"bid": 3}``.
    series
        What is shown first: a key as in ``"2026-12-18 SPXW"``, or a day. Left out: the nearest that is live.
    delta, moneyness
        Inclusive ranges ``(low, high)``, None for an open end, outside of which strikes are not shown at first; delta
        without its sign. A strike is shown while its call or its put passes all filters.
    min_volume, min_open_interest, max_spread_percent
        The same: contracts, contracts, and percent of the mid.
    least_confidence
        The same, from 0 to 100.
    height
        Of its rows, in pixels of the page.
    follow
        Whether the rows in view follow the money, until the reader scrolls.
    patience
        Seconds to wait for a first chain, so that there is something to be seen at once.

    Raises
    ------
    ArgumentError
        If an argument is not what it must be, or the chain has no such series.
    FeedError
        If the underlying is not watched, or the hub is closed.
    """

    _esm = STATIC / "table.js"
    _css = STATIC / "table.css"
    height = traitlets.Int(480, min=LEAST_HEIGHT).tag(sync=True)
    follow = traitlets.Bool(default_value=True).tag(sync=True)
    least_confidence = traitlets.Int(0, min=0, max=MOST_CONFIDENCE).tag(sync=True)
    marks = traitlets.Enum(("on", "off"), "on").tag(sync=True)
    # Made when it is asked for: with the widget, and again when a page is loaded anew.
    first = traitlets.Any(None, allow_none=True).tag(
        sync=True,
        to_json=lambda _, table: table._first(),  # noqa: SLF001  # its own
        from_json=lambda _, table: table.first,
    )

    # Of one whose making failed too: there is nothing to close then.
    _is_closed = True
    _closing = threading.Lock()

    def __init__(
        self,
        feed: Feed,
        underlying: str,
        *,
        columns: str | Iterable[str] | None = None,
        decimals: Mapping[str, int] | None = None,
        series: str | date | None = None,
        delta: float | tuple[float | None, float | None] | None = None,
        moneyness: float | tuple[float | None, float | None] | None = None,
        min_volume: float | None = None,
        min_open_interest: float | None = None,
        max_spread_percent: float | None = None,
        least_confidence: int = 0,
        height: int = 480,
        follow: bool = True,
        patience: float = PATIENCE_S,
    ) -> None:
        self._underlying = symbols.underlying(symbol_text(underlying, name="underlying"))
        self._fields = chosen(columns, decimals)
        self._series = None if series is None else str(series)
        self._filters = {
            "delta": number_range(delta, name="delta"),
            "moneyness": number_range(moneyness, name="moneyness"),
            "volume": (_number(min_volume, "min_volume"), None),
            "open_interest": (_number(min_open_interest, "min_open_interest"), None),
            "spread_percent": (None, _number(max_spread_percent, "max_spread_percent")),
        }
        configuration = {
            "height": count(height, name="height", least=LEAST_HEIGHT),
            "follow": flag(follow, name="follow"),
            "least_confidence": int(number(least_confidence, name="least_confidence", least=0, most=MOST_CONFIDENCE)),
        }
        self._displays: list[DisplayHandle] = []
        self._arrived = threading.Event()
        self._audience = Audience(self._underlying, self._fields, wants=self._wants(configuration["least_confidence"]))
        self._pump = Pump(self._audience, self._tell_page, name=self._underlying)
        # A name of its own: two tables of one chain are two subscribers.
        self._unsubscribe = feed.subscribe_chain(self._underlying, self._take, name=f"table {uuid.uuid4().hex[:8]}")
        self._is_closed = False
        try:
            self._wait(number(patience, name="patience", least=0.0))
            # Before there is a page that could say anything.
            self.on_msg(self._hear)
            super().__init__(**configuration)
            hear_while_busy(self)
            self._pump.start()
            feed.attach(self)
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<ChainTable {self._underlying}{' closed' if self._is_closed else ''}>"

    @property
    def html(self) -> str:
        """The table as plain HTML, as it stands: what a saved notebook shows; at most 200 kB."""
        chain = self._audience.chain
        if chain is None:
            return nothing_html(f"no chain of {self._underlying} has come yet")
        return static_html(chain, self._fields, series=self._series)

    def close(self) -> None:
        """End it, and leave a plain table in its place wherever it is shown; may be called twice."""
        if not self._begin_to_close():
            return
        self._unsubscribe()
        self._pump.close(messages.closed())
        for handle in self._displays:
            handle.update(self._bundle(), raw=True)  # type: ignore[no-untyped-call]
        super().close()
        # A widget of its own, which ipywidgets leaves open.
        self.layout.close()

    def _begin_to_close(self) -> bool:
        """Return whether this is the first time."""
        with self._closing:
            was_closed, self._is_closed = self._is_closed, True
        return not was_closed

    # --- what comes in, on any thread -------------------------------------------------------------------------------

    def _take(self, chain: pl.DataFrame) -> None:
        self._audience.tell(chain)
        self._arrived.set()
        self._pump.wake()

    def _hear(self, _: object, content: Any, __: object) -> None:
        self._audience.hear(content)
        self._pump.wake()

    # --- what goes out ----------------------------------------------------------------------------------------------

    def _tell_page(self, message: Message) -> None:
        self.send(message.content, buffers=message.buffers)
        hear_while_busy(self)

    def _first(self) -> dict[str, Any] | None:
        found = self._audience.first()
        return found and {"content": found.content, "buffers": found.buffers}

    def _bundle(self) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": repr(self), "text/html": self.html}
        if not self._is_closed:
            bundle[VIEW] = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return bundle

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._bundle(), {}

    def _ipython_display_(self, **_: object) -> None:
        from IPython.display import display  # noqa: PLC0415  # there is one where this is called

        handle = display(self._bundle(), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        if handle is not None and not self._is_closed:
            self._displays.append(handle)

    # --- how it begins ----------------------------------------------------------------------------------------------

    def _wait(self, patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        while not self._arrived.wait(min(LOOK_S, patience_s)) and time.monotonic() < deadline:
            pass
        chain = self._audience.chain
        if self._series is not None and chain is not None:
            require_series(Listing.of(chain), self._series)

    @traitlets.observe("least_confidence")
    def _change_confidence(self, change: dict[str, Any]) -> None:
        self._audience.want(self._wants(change["new"]))

    def _wants(self, least_confidence: int) -> Wants:
        ranges = {**self._filters, "confidence": (least_confidence or None, None)}
        filters = {name: ends for name, ends in ranges.items() if ends != (None, None)}
        return Wants(series=self._series, filters=filters)


def _number(value: float | None, name: str) -> float | None:
    return None if value is None else number(value, name=name, least=0.0)
