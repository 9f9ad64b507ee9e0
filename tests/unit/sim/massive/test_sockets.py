from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from quantdata.sim import Fault, Simulator
from quantdata.sim.massive.channels import LIMIT_REACHED, NOT_A_CHANNEL, NOT_AUTHORIZED
from quantdata.sim.streams.rules import StreamRules
from tests.unit.sim.socket_client import Client, connected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim.source import MarketSource

AT = "at:2026-11-18T12:00:00-05:00"
CALL = "O:SPY261218C00600000"
PUT = "O:SPY261218P00600000"


@pytest.fixture(scope="module")
def running(market: MarketSource) -> Iterator[Simulator]:
    with Simulator(clock=AT, market=market, stream_rules=StreamRules(option_quotes=3, auth_timeout_s=30)) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Iterator[Simulator]:
    yield running
    running.faults.clear()


def said(client: Client, action: str, params: str) -> list[tuple[str, str]]:
    return [(each["status"], each["message"]) for each in client.ask(action, params)]


# --- the handshake --------------------------------------------------------------------------------------------------


def test_the_first_frame_greets_and_says_that_it_is_simulated(simulator: Simulator) -> None:
    with connected(simulator) as client:
        (greeting,) = client.frame()
    assert greeting == {
        "ev": "status",
        "status": "connected",
        "message": "Connected Successfully",
        "simulated": "2026-11-18T17:00:00.000000+00:00",
    }


@pytest.mark.parametrize("path", ["/options", "/indices", "/stocks"])
def test_a_key_is_let_in_on_every_socket(simulator: Simulator, path: str) -> None:
    with connected(simulator, path) as client:
        assert client.login() == {"ev": "status", "status": "auth_success", "message": "authenticated"}


@pytest.mark.parametrize("key", ["invalid", "wrong-key", ""])
def test_an_unknown_key_is_refused_and_cut_off(simulator: Simulator, key: str) -> None:
    with connected(simulator) as client:
        client.frame()
        client.send(action="auth", params=key)
        assert client.frame()[0]["status"] == "auth_failed"
        with pytest.raises(ConnectionClosed) as closed:
            client.frame()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_nothing_is_subscribed_to_before_the_login(simulator: Simulator) -> None:
    with connected(simulator) as client:
        client.frame()
        client.send(action="subscribe", params="T.*")
        assert client.frame()[0]["status"] == "auth_required"
        assert client.ask("auth", "k")[0]["status"] == "auth_success"
        assert client.ask("auth", "k")[0]["status"] == "auth_success"


def test_who_does_not_log_in_is_cut_off(market: MarketSource) -> None:
    rules = StreamRules(auth_timeout_s=0.05)
    with Simulator(clock=AT, market=market, stream_rules=rules) as simulator, connected(simulator) as client:
        assert [each["status"] for each in client.until_closed()] == ["connected", "auth_timeout"]


def test_what_cannot_be_read_is_an_error_not_the_end(simulator: Simulator) -> None:
    with connected(simulator, key="k") as client:
        for nonsense in ("{", "[]", '{"action":"dance"}'):
            client.socket.send(nonsense)
            assert client.frame()[0]["status"] == "error"
        assert said(client, "subscribe", "T.*") == [("success", "subscribed to: T.*")]


def test_other_paths_have_no_socket(simulator: Simulator) -> None:
    with pytest.raises(InvalidStatus) as refused, connected(simulator, "/crypto"):
        pass
    assert refused.value.response.status_code == 403


# --- channels -------------------------------------------------------------------------------------------------------


def test_every_channel_of_a_list_is_acknowledged_with_or_without_blanks(simulator: Simulator) -> None:
    with connected(simulator, key="k") as client:
        assert said(client, "subscribe", f"Q.{CALL}, T.*,AM.*") == [
            ("success", f"subscribed to: Q.{CALL}"),
            ("success", "subscribed to: T.*"),
            ("success", "subscribed to: AM.*"),
        ]
        assert said(client, "unsubscribe", f"Q.{CALL},A.*") == [
            ("success", f"unsubscribed to: Q.{CALL}"),
            ("success", "unsubscribed to: A.*"),
        ]


def test_many_acknowledgements_come_in_several_frames(simulator: Simulator) -> None:
    channels = [f"T.O:X{number}" for number in range(250)]
    with connected(simulator, key="k") as client:
        client.send(action="subscribe", params=",".join(channels))
        frames = [client.frame() for _ in range(3)]
    assert [len(frame) for frame in frames] == [100, 100, 50]
    assert frames[2][-1]["message"] == "subscribed to: T.O:X249"


def test_quotes_beyond_the_limit_are_refused_one_by_one(simulator: Simulator) -> None:
    with connected(simulator, key="k") as client:
        got = said(client, "subscribe", ",".join(f"Q.O:X{number}" for number in range(5)))
        assert [status for status, _ in got] == ["success", "success", "success", "error", "error"]
        assert got[-1] == ("error", LIMIT_REACHED)
        assert said(client, "subscribe", "Q.O:X1,T.O:X9") == [
            ("success", "subscribed to: Q.O:X1"),
            ("success", "subscribed to: T.O:X9"),
        ]
        assert said(client, "unsubscribe", "Q.O:X0")[0][0] == "success"
        assert said(client, "subscribe", "Q.O:X4") == [("success", "subscribed to: Q.O:X4")]


def test_all_option_quotes_at_once_are_refused_stock_quotes_are_not(simulator: Simulator) -> None:
    with connected(simulator, key="k") as client:
        assert said(client, "subscribe", "Q.*") == [("error", LIMIT_REACHED)]
    with connected(simulator, "/stocks", key="k") as client:
        assert said(client, "subscribe", "Q.*") == [("success", "subscribed to: Q.*")]


@pytest.mark.parametrize(
    ("path", "key", "channel", "expected"),
    [
        ("/options", "sim-advanced", "Q.O:X", None),
        ("/options", "sim-developer", "Q.O:X", NOT_AUTHORIZED),
        ("/options", "sim-developer", "T.*", None),
        ("/options", "sim-starter", "T.*", NOT_AUTHORIZED),
        ("/options", "sim-starter", "AM.*", None),
        ("/options", "sim-basic", "AM.*", NOT_AUTHORIZED),
        ("/indices", "sim-options-advanced", "V.I:SPX", NOT_AUTHORIZED),
        ("/indices", "sim-starter", "V.I:SPX", None),
        ("/indices", "k", "T.I:SPX", NOT_A_CHANNEL),
        ("/stocks", "sim-options-advanced", "T.*", NOT_AUTHORIZED),
        ("/stocks", "k", "LULD.*", None),
        ("/options", "k", "Q", NOT_A_CHANNEL),
        ("/options", "k", "Z.*", NOT_A_CHANNEL),
    ],
)
def test_a_channel_outside_the_plan_is_refused(
    simulator: Simulator, path: str, key: str, channel: str, expected: str | None
) -> None:
    with connected(simulator, path, key=key) as client:
        wanted = ("success", f"subscribed to: {channel}") if expected is None else ("error", expected)
        assert said(client, "subscribe", channel) == [wanted]


# --- connections ----------------------------------------------------------------------------------------------------


def test_a_second_connection_of_a_key_is_refused_until_the_first_is_gone(simulator: Simulator) -> None:
    with connected(simulator, key="k") as first:
        with connected(simulator) as second:
            assert second.login()["status"] == "max_connections"
            with pytest.raises(ConnectionClosed):
                second.frame()
        assert said(first, "subscribe", "T.*")[0][0] == "success"
        with connected(simulator, "/stocks", key="k"), connected(simulator, key="another"):
            pass
    with connected(simulator, key="k"):
        pass


def test_a_second_connection_may_end_the_first_instead(market: MarketSource) -> None:
    rules = StreamRules(second_connection="holder")
    with (
        Simulator(clock=AT, market=market, stream_rules=rules) as simulator,
        connected(simulator, key="k") as first,
        connected(simulator, key="k") as second,
    ):
        assert first.frame()[0]["status"] == "max_connections"
        with pytest.raises(ConnectionClosed):
            first.frame()
        assert said(second, "subscribe", "T.*")[0][0] == "success"


# --- faults of connections, logins and subscriptions ----------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 503])
def test_a_handshake_is_refused_once(simulator: Simulator, status: int) -> None:
    simulator.faults.add(Fault("refused_handshake", path="/options", status=status, times=1))
    with pytest.raises(InvalidStatus) as refused, connected(simulator):
        pass
    assert refused.value.response.status_code == status
    with connected(simulator, key="k"):
        pass
    assert simulator.faults.active()[0][1] == 1


@pytest.mark.parametrize("kind", ["auth_failed", "auth_timeout", "max_connections"])
def test_a_login_goes_wrong_once(simulator: Simulator, kind: Any) -> None:
    simulator.faults.add(Fault(kind, times=1))
    with connected(simulator) as client:
        assert client.login()["status"] == kind
        with pytest.raises(ConnectionClosed):
            client.frame()
    with connected(simulator, key="k"):
        pass


def test_a_subscription_is_refused_whole(simulator: Simulator) -> None:
    simulator.faults.add(Fault("limit_refusal", times=1))
    with connected(simulator, key="k") as client:
        assert said(client, "subscribe", "T.*,AM.*") == [("error", LIMIT_REACHED)] * 2
        assert said(client, "subscribe", "T.*")[0][0] == "success"


def test_faults_of_streams_hit_no_request_and_those_of_requests_no_stream(simulator: Simulator) -> None:
    simulator.faults.add(Fault("auth_failed"), Fault("drop"))
    assert [fault.kind for fault in simulator.faults.strike(vendor="massive", path="/options")] == ["drop"]
    assert [fault.kind for fault in simulator.faults.strike(vendor="massive", path="/", stage="login")] == [
        "auth_failed"
    ]
