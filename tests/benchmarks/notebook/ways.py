"""Ways to show a chain that moves in a notebook; runs in the kernel.

Each way has `widget`, which is shown, and `publish`, which brings it up to date with a market after a change. The
market's witness (see tests/browser/lab/market.py) is in view in each: a number beyond a million, the milliseconds since
the market began, which it did 1,000 seconds before it was made.
"""

from __future__ import annotations

import io
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tests.browser.lab.market import MOVING, CountedTable, Market

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Bench"]

AHEAD_S: Final = 1_000.0
SIDES: Final = ("call", "put")
NAMES: Final = [f"{side} {name}" for side in SIDES for name in MOVING]


class Ours:
    """quantdata's own table."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.widget = CountedTable(market, "SPY", height=400)
        self.turns_s = 0.0
        pump = self.widget._pump
        turn = pump._turn

        def timed() -> None:
            began = time.thread_time()
            turn()
            self.turns_s += time.thread_time() - began

        pump._turn = timed  # type: ignore[method-assign]

    def publish(self) -> None:
        self._market.tell()


class Html:
    """ipywidgets.HTML, made anew each time."""

    turns_s = 0.0

    def __init__(self, market: Market) -> None:
        from ipywidgets import HTML, Layout  # type: ignore[import-untyped]  # noqa: PLC0415  # one of several ways

        self._market = market
        self.widget = HTML(layout=Layout(height="400px", overflow="auto"))
        self.widget.add_class("bench-html")
        self.publish()

    def publish(self) -> None:
        strikes, cells = wide(self._market)
        rows = (
            f"<tr><th>{strike:g}</th>{''.join(f'<td>{cell:.2f}</td>' for cell in row)}</tr>"
            for strike, row in zip(strikes, cells.tolist(), strict=True)
        )
        self.widget.value = f"<table>{''.join(rows)}</table>"


class Grid:
    """ipydatagrid, which fetches what is in view after each tick."""

    turns_s = 0.0

    def __init__(self, market: Market) -> None:
        import pandas as pd  # noqa: PLC0415  # one of several ways
        from ipydatagrid import StreamingDataGrid  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

        self._market = market
        strikes, cells = wide(market)
        self._frame = pd.DataFrame(cells, columns=NAMES, index=pd.Index(strikes, name="strike"))
        self.widget = StreamingDataGrid(self._frame, debounce_delay=0, base_column_size=90, layout={"height": "400px"})

    def publish(self) -> None:
        self._frame[NAMES] = wide(self._market)[1]
        self.widget.tick()


class Perspective:
    """perspective in its server mode, fed with Arrow."""

    turns_s = 0.0

    def __init__(self, market: Market) -> None:
        from perspective.widget import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
            PerspectiveWidget,
        )

        self._market = market
        self.widget = PerspectiveWidget(self._arrow(), index="strike", sort=[["place", "asc"]])

    def publish(self) -> None:
        self.widget.update(self._arrow())

    def _arrow(self) -> bytes:
        import pyarrow as pa  # noqa: PLC0415  # one of several ways

        strikes, cells = wide(self._market)
        columns = {"place": np.arange(len(strikes)), "strike": strikes, **dict(zip(NAMES, cells.T, strict=True))}
        table = pa.table({name: np.ascontiguousarray(column) for name, column in columns.items()})
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue()


WAYS: Final[dict[str, Callable[[Market], Any]]] = {
    "quantdata": Ours,
    "ipywidgets.HTML": Html,
    "ipydatagrid": Grid,
    "perspective": Perspective,
}


def wide(market: Market) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return strikes, and a row of calls and puts for each; the witness is in the first."""
    strikes = market.chain.get_column("strike").to_numpy()[: 2 * market.strikes : 2]
    sides = [market.cells[name][: 2 * market.strikes].reshape(-1, 2) for name in MOVING]
    cells = np.column_stack([side[:, at] for at in range(len(SIDES)) for side in sides]).round(2)
    return tuple(np.roll(each, -(market.strikes // 2), axis=0) for each in (strikes, cells))  # type: ignore[return-value]


class Bench:
    """One way, fed at a pace of its own thread.

    Attributes
    ----------
    shown
        The widget.
    """

    def __init__(self, way: str, *, strikes: int, hertz: float = 10.0, share: float = 0.2) -> None:
        # Slow enough to be moved by hand alone.
        self.market = Market(strikes, hertz=1e-6, share=share)
        self.market.began = time.time() - AHEAD_S
        self._way = WAYS[way](self.market)
        self._period_s = 1 / hertz
        self.shown = self._way.widget
        self._ticks, self._source_s, self._publish_s = 0, 0.0, 0.0
        self._over = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def spent(self) -> tuple[int, float, float]:
        """Return ticks, and milliseconds of CPU so far: of publishing, and of the process but for the market."""
        publishing = 1e3 * (self._publish_s + self._way.turns_s)
        return self._ticks, publishing, 1e3 * (time.process_time() - self._source_s)

    def sent_bytes(self) -> int:
        """Return the bytes of arrays that our own table has sent."""
        return int(getattr(self.shown, "bytes", 0))

    def stop(self) -> None:
        self._over.set()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            due = max(due + self._period_s, time.monotonic() - self._period_s)
            began = time.thread_time()
            self.market.change()
            changed = time.thread_time()
            self._way.publish()
            self._source_s += changed - began
            self._publish_s += time.thread_time() - changed
            self._ticks += 1
