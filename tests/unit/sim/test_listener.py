"""What happens to a port, and to what is connected to it."""

from __future__ import annotations

import socket
import struct
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from quantdata.errors import ArgumentError
from quantdata.sim import Fault, Simulator
from quantdata.sim.streams.rules import StreamRules
from tests.unit.sim.socket_client import Client, connected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim.source import MarketSource

AT = "at:2026-11-18T12:00:00-05:00"
CALL = "Q.O:SPY261218C00600000"
SOON_S = 0.2


@pytest.fixture
def simulator(market: MarketSource) -> Iterator[Simulator]:
    with Simulator(clock=AT, market=market, stream_rate=2_000.0) as simulator:
        yield simulator


def status_of(simulator: Simulator) -> int:
    with urllib.request.urlopen(f"{simulator.base_url}/_sim", timeout=5) as answer:  # noqa: S310 - loopback
        return int(answer.status)


def is_refused(simulator: Simulator) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", simulator.port)) != 0


# --- the port -------------------------------------------------------------------------------------------------------


def test_a_paused_server_resets_and_refuses_and_comes_back_on_its_port(simulator: Simulator) -> None:
    port = simulator.port
    with connected(simulator, key="k") as client:
        client.ask("subscribe", CALL)
        simulator.pause()
        simulator.pause()
        with pytest.raises(ConnectionClosedError):
            client.events(1_000_000)
    assert is_refused(simulator)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    simulator.resume()
    simulator.resume()
    assert (simulator.port, status_of(simulator)) == (port, 200)
    with connected(simulator, key="k") as client:
        client.ask("subscribe", CALL)
        assert client.events(1)[0]["ev"] == "Q"


def test_a_black_hole_takes_connections_and_answers_none(simulator: Simulator) -> None:
    with connected(simulator, key="k") as client:
        client.ask("subscribe", CALL)
        simulator.black_hole()
        assert not client.socket.ping().wait(SOON_S)
        with socket.create_connection(("127.0.0.1", simulator.port)) as fresh:
            fresh.sendall(b"GET /_sim HTTP/1.1\r\nHost: x\r\n\r\n")
            fresh.settimeout(SOON_S)
            with pytest.raises(TimeoutError):
                fresh.recv(1)
            simulator.resume()
            fresh.settimeout(5)
            with pytest.raises(ConnectionResetError):
                fresh.recv(1)
        with pytest.raises(ConnectionClosedError):
            client.events(1_000_000)
    assert status_of(simulator) == 200


def test_a_black_hole_can_be_stopped_and_paused(simulator: Simulator) -> None:
    simulator.black_hole()
    simulator.pause()
    assert is_refused(simulator)
    simulator.stop()
    with simulator:
        assert status_of(simulator) == 200
        simulator.black_hole()


@pytest.mark.parametrize("action", ["pause", "resume", "black_hole"])
def test_a_server_that_was_not_started_has_no_port(market: MarketSource, action: str) -> None:
    with pytest.raises(ArgumentError, match="started"):
        getattr(Simulator(clock=AT, market=market), action)()


# --- faults of frames, as the client meets them ---------------------------------------------------------------------


def broken(simulator: Simulator, fault: Fault) -> Any:
    """Return a connection that a fault will hit."""
    simulator.faults.add(fault)
    return connected(simulator, key="k")


def wait_for_hit(simulator: Simulator) -> None:
    while not simulator.faults.active()[0][1]:
        status_of(simulator)


def test_a_dropped_connection_is_reset_in_the_middle_of_a_frame(simulator: Simulator) -> None:
    with broken(simulator, Fault("socket_drop", skip=2)) as client:
        client.ask("subscribe", CALL)
        assert len(client.events(2)) == 2
        with pytest.raises(ConnectionClosedError) as closed:
            client.events(1_000_000)
    assert closed.value.rcvd is None


def test_a_clean_close_has_its_code(simulator: Simulator) -> None:
    with broken(simulator, Fault("socket_close", skip=2)) as client:
        client.ask("subscribe", CALL)
        assert client.until_closed()
        assert client.socket.close_code == 1000


def test_a_silent_connection_answers_pings_and_nothing_else(simulator: Simulator) -> None:
    with broken(simulator, Fault("silence", times=1)) as client:
        client.ask("subscribe", CALL)
        wait_for_hit(simulator)
        assert client.socket.ping().wait(5)
        client.send(action="subscribe", params="T.*")
        with pytest.raises(TimeoutError):
            client.socket.recv(timeout=SOON_S)
    with connected(simulator, key="k") as client:
        client.ask("subscribe", CALL)
        assert client.events(1)


def test_a_half_open_connection_answers_nothing_at_all(simulator: Simulator) -> None:
    with broken(simulator, Fault("half_open", times=1)) as client:
        client.ask("subscribe", CALL)
        wait_for_hit(simulator)
        with pytest.raises(TimeoutError):
            client.socket.recv(timeout=SOON_S)
        assert not client.socket.ping().wait(SOON_S)
        # Whoever gives it up may come back at once.
        reset_by_client(client)
    with connected(simulator, key="other") as client:
        client.ask("subscribe", CALL)
        assert client.events(1)


def reset_by_client(client: Client) -> None:
    linger = struct.pack("ii", 1, 0)
    client.socket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    client.socket.socket.close()


def test_a_server_with_a_half_open_connection_stops_at_once(market: MarketSource) -> None:
    with (
        Simulator(clock=AT, market=market, stream_rate=2_000.0) as simulator,
        broken(simulator, Fault("half_open")) as client,
    ):
        client.ask("subscribe", CALL)
        wait_for_hit(simulator)
        simulator.stop()
        with pytest.raises(ConnectionClosedError):
            client.events(1)


def test_a_garbled_frame_is_no_json_and_the_next_one_is(simulator: Simulator) -> None:
    with broken(simulator, Fault("invalid_frame", times=1)) as client:
        client.ask("subscribe", CALL)
        with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
            client.frame()
        assert client.events(1)[0]["ev"] == "Q"


def test_a_slow_consumer_is_told_and_closed(simulator: Simulator) -> None:
    with broken(simulator, Fault("slow_consumer", skip=1)) as client:
        client.ask("subscribe", CALL)
        assert client.until_closed()[-1]["status"] == "slow_consumer"
        assert client.socket.close_code == 1008


# --- readers that do not read ---------------------------------------------------------------------------------------


def test_who_does_not_read_is_given_up_and_disturbs_nobody(market: MarketSource) -> None:
    rules = StreamRules(buffer_bytes=100_000, slow_after_s=0.05)
    with (
        Simulator(clock=AT, market=market, stream_rate=200_000.0, stream_rules=rules) as simulator,
        connect(f"{simulator.socket_url}/options", max_queue=1, close_timeout=0.1) as lazy,
    ):
        client = Client(lazy)
        client.login("lazy")
        client.send(action="subscribe", params=CALL)
        held = next(iter(simulator._started().listener.server_state.connections))
        most = 0
        while not held.close_sent:  # type: ignore[union-attr]
            assert status_of(simulator) == 200
            most = max(most, held.transport.get_write_buffer_size())
        assert most < 2 * rules.buffer_bytes
        assert client.until_closed()[-1]["status"] == "slow_consumer"


def test_who_never_takes_the_last_word_is_cut_off(market: MarketSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quantdata.sim.streams.link._CLOSE_TIMEOUT_S", 0.05)
    rules = StreamRules(buffer_bytes=100_000, slow_after_s=0.05)
    with (
        Simulator(clock=AT, market=market, stream_rate=200_000.0, stream_rules=rules) as simulator,
        connect(f"{simulator.socket_url}/options", max_queue=1, close_timeout=0.1) as lazy,
    ):
        Client(lazy).login("lazy")
        Client(lazy).send(action="subscribe", params=CALL)
        connections = simulator._started().listener.server_state.connections
        (held,) = connections
        while held in connections:
            assert status_of(simulator) == 200


def test_a_server_stops_while_somebody_does_not_read(market: MarketSource) -> None:
    rules = StreamRules(buffer_bytes=100_000, slow_after_s=None)
    with (
        Simulator(clock=AT, market=market, stream_rate=200_000.0, stream_rules=rules) as simulator,
        connect(f"{simulator.socket_url}/options", max_queue=1, close_timeout=0.1) as lazy,
    ):
        Client(lazy).login("lazy")
        Client(lazy).send(action="subscribe", params=CALL)
        (held,) = simulator._started().listener.server_state.connections
        while held.transport.get_write_buffer_size() <= rules.buffer_bytes:
            assert status_of(simulator) == 200
        simulator.stop()
        with pytest.raises(ConnectionClosedError):
            Client(lazy).events(10_000_000)
