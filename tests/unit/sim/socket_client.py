"""A client of the simulator's sockets that knows nothing of the package: the plain library, and JSON."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim import Simulator

Event = dict[str, Any]
PATIENCE_S = 10.0


class Client:
    """One connection, frame by frame."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def frame(self) -> list[Event]:
        """Return the next frame's events."""
        events: list[Event] = json.loads(self.socket.recv(timeout=PATIENCE_S))
        return events

    def text(self) -> str:
        """Return the next frame as it came."""
        return str(self.socket.recv(timeout=PATIENCE_S))

    def send(self, **command: Any) -> None:
        self.socket.send(json.dumps(command))

    def ask(self, action: str, params: str) -> list[Event]:
        """Send a command, and return the statuses that answer it: one per channel."""
        self.send(action=action, params=params)
        wanted = len([each for each in params.split(",") if each.strip()])
        said: list[Event] = []
        while len(said) < wanted:
            said += [event for event in self.frame() if event["ev"] == "status"]
        return said

    def login(self, key: str = "k") -> Event:
        self.frame()
        return self.ask("auth", key)[0]

    def events(self, count: int, kind: str | None = None) -> list[Event]:
        """Return the next events of a kind, or of any that are data."""
        found: list[Event] = []
        while len(found) < count:
            found += [event for event in self.frame() if event["ev"] == (kind or event["ev"]) != "status"]
        return found[:count]

    def until_closed(self) -> list[Event]:
        """Return what still comes until the connection ends, in whatever way."""
        found: list[Event] = []
        with suppress(ConnectionClosed):
            while True:
                found += self.frame()
        return found


@contextmanager
def connected(simulator: Simulator, path: str = "/options", *, key: str | None = None) -> Iterator[Client]:
    """Connect, and log in with a key."""
    with connect(simulator.socket_url + path, open_timeout=PATIENCE_S, close_timeout=0.1) as socket:
        client = Client(socket)
        if key is not None:
            assert client.login(key)["status"] == "auth_success"
        yield client
