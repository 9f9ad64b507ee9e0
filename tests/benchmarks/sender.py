"""The simulator in a process of its own, streaming at a given rate; what it sent last can be asked of it.

``python -m tests.benchmarks.sender RATE`` prints one line about where it is, then answers each line on its standard
input with one line: the last quote of every symbol, by key.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import IO, TYPE_CHECKING, Any, Final
from unittest.mock import patch
from urllib.request import Request, urlopen

from quantdata.sim import Simulator
from quantdata.sim.streams.rules import StreamRules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim.streams.ring import Sent

__all__ = ["CLOCK", "KEY", "Sender", "sender"]

# Runs as fast as the wall's, so that a moment there is a moment here but for a constant.
CLOCK: Final = "at:2026-11-18T11:00*1"
MOST_CONTRACTS: Final = 20_000
# Of quotes, to one of prints and of minutes.
PASSES: Final = 16
# Of a plan with options alone: every connection gets the whole rate, and a stream of one stock has no frames worth it.
KEY: Final = "sim-options-advanced"


@dataclass(frozen=True, slots=True)
class Sender:
    """The server seen from here.

    Attributes
    ----------
    rest_url, socket_url, tradier_url
        Where it listens.
    ahead_s
        By how many seconds its clock is ahead of this machine's.
    symbols
        Contracts of SPY in Massive's spelling, by rising expiration.
    """

    rest_url: str
    socket_url: str
    ahead_s: float
    symbols: list[str]
    _asks: IO[str]
    _answers: IO[str]

    def last_sent(self, key: str) -> dict[str, Sent]:
        """Return the last quote of each symbol that was sent to a key on the options' socket."""
        self._asks.write(f"{key}\n")
        self._asks.flush()
        return {symbol: tuple(sent) for symbol, sent in json.loads(self._answers.readline()).items()}

    def fall_silent(self) -> None:
        """Send nothing more on any connection that there is."""
        self._ask_faults("POST", b'{"kind":"silence"}')

    def speak(self) -> None:
        """Send again on new connections."""
        self._ask_faults("DELETE", None)

    def _ask_faults(self, method: str, body: bytes | None) -> None:
        asked = Request(f"{self.rest_url}/_sim/faults", data=body, method=method)  # noqa: S310  # ours
        with urlopen(asked):  # noqa: S310  # ours
            pass


@contextmanager
def sender(rate: float) -> Iterator[Sender]:
    """Run the simulator elsewhere for as long as this lasts."""
    command = [sys.executable, "-m", "tests.benchmarks.sender", str(rate)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            where: dict[str, Any] = json.loads(process.stdout.readline())
            yield Sender(**where, _asks=process.stdin, _answers=process.stdout)
        finally:
            process.terminate()


def _mixed(places: range) -> Iterator[int]:
    """Return places for ever, each as often as any other, in an order without a pattern."""
    order = list(places)
    Random(7).shuffle(order)  # noqa: S311  # no secret
    return cycle(order)


def _serve(rate: float) -> None:
    rules = StreamRules(option_quotes=MOST_CONTRACTS, slow_after_s=None, second_connection="holder")
    with (
        # Prints and minutes of all contracts are rarer than the simulator has them, and come among the quotes: the
        # vendor has some 300 prints a second.
        patch("quantdata.sim.massive.prepared._PASSES", PASSES),
        patch("quantdata.sim.streams.ring.cycle", _mixed),
        Simulator(clock=CLOCK, stream_rate=rate, stream_rules=rules) as simulator,
    ):
        listing = simulator.market.listing("SPY", simulator.clock.now().date())
        ahead = simulator.clock.now() - simulator._wall()  # the one that it counts from
        where = {
            "rest_url": simulator.base_url,
            "socket_url": simulator.socket_url,
            "ahead_s": ahead.total_seconds(),
            "symbols": [f"O:{symbol}" for symbol in listing.symbol.tolist()],
        }
        _say(where)
        for line in sys.stdin:
            _say(simulator.streams.last_sent("/options", key=line.strip()))


def _say(what: object) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve(float(sys.argv[1]))
