"""A client of the simulator's Tradier stream that knows nothing of the package: the plain library, and JSON."""

from __future__ import annotations

import http.client
import json
import time
import urllib.request
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim import Simulator

Event = dict[str, Any]
PATIENCE_S = 10.0
PATH = "/v1/markets/events"


def session(simulator: Simulator, token: str = "k") -> str:  # noqa: S107 - nothing is guarded here
    """Return a new session's id."""
    return str(ask(simulator, f"{PATH}/session", token=token, form={})["stream"]["sessionid"])


def ask(simulator: Simulator, path: str, *, token: str = "k", form: dict[str, str] | None = None) -> Any:  # noqa: S107
    """Return what a request is answered with."""
    request = urllib.request.Request(  # noqa: S310 - our own loopback server
        simulator.base_url + path,
        headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
        data=None if form is None else urlencode(form).encode(),
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
        return json.loads(answer.read())


def wait_until_alone(simulator: Simulator) -> None:
    """Wait until nobody of the test before is served any more: faults might hit what is still sent to them."""
    while simulator._started().listener.server_state.tasks:
        time.sleep(0.001)


def parsed(text: str | bytes) -> list[Event]:
    """Return the events of a frame: one a line."""
    return [json.loads(line) for line in text.split(b"\n" if isinstance(text, bytes) else "\n") if line]  # type: ignore[arg-type]


class Client:
    """One connection, frame by frame."""

    def __init__(self, socket: ClientConnection, session_id: str) -> None:
        self.socket, self.session_id = socket, session_id

    def text(self) -> str:
        """Return the next frame as it came."""
        return str(self.socket.recv(timeout=PATIENCE_S))

    def frame(self) -> list[Event]:
        """Return the next frame's events."""
        return parsed(self.text())

    def want(self, *symbols: str, **more: Any) -> None:
        """Send a subscription."""
        self.socket.send(json.dumps({"symbols": symbols, "sessionid": self.session_id, **more}))

    def snapshot(self, *symbols: str, kinds: int = 3, **more: Any) -> list[Event]:
        """Subscribe, and return the groups that it begins with, one frame each."""
        self.want(*symbols, **more)
        return [event for _ in range(kinds) for event in self.frame()]

    def events(self, count: int, kind: str) -> list[Event]:
        """Return the next events of a kind."""
        found: list[Event] = []
        while len(found) < count:
            found += [event for event in self.frame() if event.get("type") == kind]
        return found[:count]

    def until_quiet(self, seconds: float = 0.3) -> list[Event]:
        """Return what still comes until nothing has come for a while."""
        found: list[Event] = []
        with suppress(TimeoutError):
            while True:
                found += parsed(self.socket.recv(timeout=seconds))
        return found

    def until_closed(self) -> list[Event]:
        """Return what still comes until the connection ends, in whatever way."""
        found: list[Event] = []
        with suppress(ConnectionClosed):
            while True:
                found += self.frame()
        return found


@contextmanager
def connected(simulator: Simulator, token: str = "k") -> Iterator[Client]:  # noqa: S107
    """Connect with a new session, and take the greeting."""
    session_id = session(simulator, token)
    with connect(simulator.socket_url + PATH, open_timeout=PATIENCE_S, close_timeout=0.1) as socket:
        client = Client(socket, session_id)
        assert client.frame()[0]["type"] == "simulated"
        yield client


@contextmanager
def streamed(
    simulator: Simulator, *, method: str = "GET", accept: str = "application/json", **parameters: str
) -> Iterator[http.client.HTTPResponse]:
    """Ask for a stream over HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=PATIENCE_S)
    text = urlencode(parameters)
    path, body = (f"{PATH}?{text}", None) if method == "GET" else (PATH, text)
    connection.request(method, path, body=body, headers={"Accept": accept})
    answer = connection.getresponse()
    try:
        yield answer
    finally:
        answer.close()
        connection.close()
