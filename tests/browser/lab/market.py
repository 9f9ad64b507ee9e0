"""What runs in the kernel of these tests: an invented chain that is told at some pace, and a table that counts.

The call at the money tells what the page shows: its volume is the number of the state, its open interest the
milliseconds since the market began.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from quantdata.widgets.table import ChainTable
from tests.unit.widgets.boards import JANUARY, board, contract

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from quantdata.widgets.feed import View

__all__ = ["MOVING", "PRICE", "CountedTable", "Market", "hold"]

PRICE: Final = 600.0
MOVING: Final = ("bid", "ask", "implied_volatility", "delta", "volume", "open_interest")
# A cell that waits for a test that failed is over some time.
HOLD_S: Final = 120.0


def chain(strikes: int, *, step: float) -> pl.DataFrame:
    """Return one series of calls and puts around 600, and a small one a month later."""
    low = PRICE - step * (strikes // 2)
    sides = board([contract(1.0, side) for side in ("call", "put")])
    rungs = pl.DataFrame({"strike": low + step * np.arange(strikes)})
    every = rungs.join(sides.drop("strike"), how="cross").select(sides.columns)
    code = (pl.col("strike") * 1000).round().cast(pl.Int64).cast(pl.String).str.zfill(8)
    symbol = pl.lit("SPY261218") + pl.col("option_type").cast(pl.String).str.head(1).str.to_uppercase() + code
    later = board(
        [contract(strike, side, expiration=JANUARY) for strike in (595, 600, 605) for side in ("call", "put")]
    )
    return pl.concat([every.with_columns(contract_symbol=symbol, moneyness=pl.col("strike") / PRICE), later])


class Market:
    """A feed of one chain, which changes at some pace on a thread of its own.

    Parameters
    ----------
    strikes, step
        Of the chain, around 600 USD.
    hertz
        States a second.
    share
        Of its cells that change in each state.
    """

    def __init__(self, strikes: int = 201, *, step: float = 1.0, hertz: float = 10.0, share: float = 0.2) -> None:
        self.began = time.time()
        self.states = 0
        self.price = PRICE
        self.strikes = strikes
        self.chain = chain(strikes, step=step)
        self._random = np.random.default_rng(7)
        self._witness = 2 * (strikes // 2)
        self.cells = {name: self.chain.get_column(name).to_numpy().astype(float) for name in MOVING}
        self._times: NDArray[np.datetime64] = (
            self.chain.get_column("quote_ts").dt.replace_time_zone(None).to_numpy().copy()
        )
        self._callbacks: dict[str, Callable[[pl.DataFrame], object]] = {}
        self._views: list[View] = []
        self._ticking = threading.Lock()
        self._over = threading.Event()
        self._going = threading.Event()
        self._going.set()
        self._pace = self._period_s, self._share = 1 / hertz, share
        threading.Thread(target=self._run, daemon=True).start()

    def subscribe_chain(
        self, underlying: str, callback: Callable[[pl.DataFrame], object], *, name: str | None = None
    ) -> Callable[[], None]:
        key = f"{underlying} {name}"
        self._callbacks[key] = callback
        callback(self.chain)
        return lambda: self._callbacks.pop(key, None) and None

    def attach(self, view: View) -> None:
        self._views.append(view)

    def close(self) -> None:
        """End, and all views of it."""
        self._over.set()
        self.reset()

    def reset(self) -> None:
        """End all views of it, and be as at the beginning but for what is quoted."""
        views, self._views = self._views, []
        for view in views:
            view.close()
        self.price = PRICE
        self._period_s, self._share = self._pace
        self._going.set()

    def pause(self) -> int:
        """Stand still, and return the number of the last state."""
        with self._ticking:
            self._going.clear()
            return self.states

    def column(self, name: str) -> list[float]:
        """Return a column of the calls of the first series, from the lowest strike."""
        calls = self.chain.filter(pl.col("option_type") == "call", pl.col("expiration") != JANUARY)
        return calls.get_column(name).to_list()

    def go_on(self) -> None:
        self._going.set()

    def hurry(self, *, hertz: float, share: float) -> None:
        """Change the pace, and how much changes, from the next state on."""
        self._period_s, self._share = 1 / hertz, share

    def move(self, price: float) -> None:
        """Let the underlying have another price from the next state on."""
        self.price = price

    def tick(self) -> None:
        """Make the next state and tell it."""
        self.change()
        self.tell()

    def tell(self) -> None:
        """Tell the present state."""
        for callback in list(self._callbacks.values()):
            callback(self.chain)

    def change(self) -> None:
        """Make the next state."""
        self.states += 1
        rows, now = self.chain.height, datetime.now(UTC).replace(tzinfo=None)
        changed = np.zeros(rows, dtype=bool)
        for name, cells in self.cells.items():
            moved = self._random.random(rows) < self._share
            cells[moved] *= 1 + 0.01 * self._random.standard_normal(int(moved.sum()))
            changed |= moved
            if name in {"volume", "open_interest"}:
                np.round(cells, out=cells)
        self.cells["volume"][self._witness] = self.states
        self.cells["open_interest"][self._witness] = 1e3 * (time.time() - self.began)
        changed[self._witness] = True
        self._times[changed] = np.datetime64(now, "us")
        columns = {name: pl.Series(cells) for name, cells in self.cells.items()}
        columns |= dict.fromkeys(("quote_ts", "received_ts"), pl.Series(self._times.view(np.int64)))
        columns["underlying_price"] = pl.Series(np.full(rows, self.price))
        # On this thread alone, where what it costs can be told from what the table does: expressions are worked out by
        # the threads of polars.
        following, dtypes = self.chain.clone(), self.chain.schema
        for name, column in columns.items():
            following.replace_column(following.get_column_index(name), column.cast(dtypes[name]).alias(name))
        self.chain = following

    def _run(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            self._going.wait()
            due = max(due + self._period_s, time.monotonic())
            self._over.wait(due - time.monotonic())
            with self._ticking:
                if self._going.is_set():
                    self.tick()


class CountedTable(ChainTable):
    """A table that remembers what it said, and what it heard."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.said: list[str] = []
        self.bytes = 0
        self.heard: list[dict[str, Any]] = []
        super().__init__(*args, **options)
        self.on_msg(lambda _, content, __: self.heard.append(content))

    def send(self, content: Any, buffers: Any = None) -> None:
        self.said.append(content["kind"])
        self.bytes += sum(map(len, buffers or []))
        super().send(content, buffers)

    @property
    def pages(self) -> int:
        """How many pages it sends to."""
        return len(self._audience)

    @property
    def owed(self) -> int:
        """How many messages its pages have not acknowledged, at the most."""
        return max((page.gate.under_way for page in self._audience._pages.values()), default=0)


def hold(path: str) -> None:
    """Keep a cell busy until a file is there."""
    deadline = time.monotonic() + HOLD_S
    while not Path(path).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
