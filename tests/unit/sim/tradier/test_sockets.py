from __future__ import annotations

import http.client
import json
import urllib.error
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from quantdata.sim import Fault, Simulator
from quantdata.sim.streams.link import StreamProtocol
from quantdata.sim.streams.rules import StreamRules
from tests.unit.sim.tradier.event_client import (
    PATH,
    Client,
    ask,
    connected,
    parsed,
    session,
    streamed,
    wait_until_alone,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim.faults import FaultKind
    from quantdata.sim.source import MarketSource

AT = "at:2026-11-18T12:00:00-05:00"
CALL = "SPY261218C00600000"
NOT_FOUND = {"error": "Session not found"}


@pytest.fixture(scope="module")
def running(market: MarketSource) -> Iterator[Simulator]:
    with Simulator(clock=AT, market=market) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Iterator[Simulator]:
    wait_until_alone(running)
    yield running
    running.faults.clear()
    running.streams.rate = None


def said(client: Any, *symbols: str, **more: Any) -> list[tuple[str, str]]:
    return [(each["type"], each["symbol"]) for each in client.snapshot(*symbols, **more)]


# --- sessions -------------------------------------------------------------------------------------------------------


def test_a_session_has_an_address_and_an_id(simulator: Simulator) -> None:
    opened = ask(simulator, f"{PATH}/session", form={})["stream"]
    assert opened["url"] == f"{simulator.socket_url}{PATH}"
    assert opened["sessionid"] != session(simulator)


@pytest.mark.parametrize(
    ("path", "token", "form", "status"),
    [
        (f"{PATH}/session", "wrong", {}, 401),
        (f"/sandbox{PATH}/session", "sandbox", {}, 401),
        (f"{PATH}/session", "k", None, 405),
    ],
)
def test_a_session_is_for_posts_with_a_token_of_production(
    simulator: Simulator, path: str, token: str, form: dict[str, str] | None, status: int
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(simulator, path, token=token, form=form)
    assert refused.value.code == status
    refused.value.close()


def test_making_sessions_is_counted_and_meets_the_faults_of_requests(simulator: Simulator) -> None:
    before = simulator.describe()["requests"].get(f"{PATH}/session", 0)
    simulator.faults.add(Fault("status", vendor="tradier", path=f"{PATH}/session", status=503, times=1))
    with pytest.raises(urllib.error.HTTPError) as refused:
        session(simulator)
    assert refused.value.code == 503
    refused.value.close()
    session(simulator)
    assert simulator.describe()["requests"][f"{PATH}/session"] == before + 2


# --- subscriptions --------------------------------------------------------------------------------------------------


def test_the_first_frame_says_that_it_is_simulated_in_a_type_that_no_vendor_has(simulator: Simulator) -> None:
    with connect(simulator.socket_url + PATH) as socket:
        assert json.loads(socket.recv(timeout=10)) == {
            "type": "simulated",
            "simulated": "2026-11-18T17:00:00.000000+00:00",
        }


def test_a_subscription_begins_with_a_snapshot_grouped_by_type(simulator: Simulator) -> None:
    with connected(simulator) as client:
        assert said(client, "SPY", CALL, "SPX") == [
            ("summary", "SPY"),
            ("summary", CALL),
            ("summary", "SPX"),
            ("trade", "SPY"),
            ("trade", CALL),
            ("trade", "SPX"),
            ("quote", "SPY"),
            ("quote", CALL),
        ]


def test_each_frame_replaces_symbols_and_filter_and_brings_a_snapshot(simulator: Simulator) -> None:
    with connected(simulator) as client:
        assert said(client, "SPY", CALL, filter=["quote"], kinds=1) == [("quote", "SPY"), ("quote", CALL)]
        assert said(client, CALL, filter=["summary", "trade"], kinds=2) == [("summary", CALL), ("trade", CALL)]
        simulator.streams.rate = 10_000.0
        frames = [client.frame() for _ in range(20)]
    assert {(event["type"], event["symbol"]) for frame in frames for event in frame} == {("trade", CALL)}


@pytest.mark.parametrize(("has_linebreak", "end"), [(True, "}\n"), (False, "}")])
def test_events_stand_on_a_line_each_with_or_without_a_break_at_the_end(
    simulator: Simulator, *, has_linebreak: bool, end: str
) -> None:
    with connected(simulator) as client:
        client.want("SPY", CALL, filter=["quote"], linebreak=has_linebreak)
        text = client.text()
    assert text.endswith(end)
    assert len(text.rstrip("\n").split("\n")) == 2


def test_unknown_symbols_are_refused_by_name_and_the_others_granted(simulator: Simulator) -> None:
    with connected(simulator) as client:
        client.want("NOPE", "SPY", "$empty$", filter=["quote"])
        assert client.frame() == [{"error": "NOPE is not a valid symbol"}]
        assert [event["symbol"] for event in client.frame()] == ["SPY"]


def test_what_cannot_be_granted_leaves_the_socket_open(simulator: Simulator) -> None:
    with connected(simulator) as client:
        client.socket.send("{")
        assert client.frame() == [{"error": "invalid request"}]
        client.want()
        assert client.frame() == [{"error": "no symbols"}]
        good, client.session_id = client.session_id, "made-up"
        client.want("SPY")
        assert client.frame() == [NOT_FOUND]
        client.session_id = good
        assert said(client, "SPY")


def test_an_id_that_has_run_out_is_refused_and_a_fresh_one_goes_on_with_the_same_socket(market: MarketSource) -> None:
    rules = StreamRules(session_s=0.000_001)
    with Simulator(clock=AT, market=market, stream_rules=rules) as simulator, connected(simulator) as client:
        client.want("SPY")
        assert client.frame() == [NOT_FOUND]


def test_a_fresh_id_goes_on_with_the_same_socket(simulator: Simulator) -> None:
    with connected(simulator) as client:
        assert said(client, "SPY")
        client.session_id = session(simulator)
        assert said(client, CALL)


def test_a_second_connection_of_a_user_ends_the_first(simulator: Simulator) -> None:
    with connected(simulator, "mine") as first, connected(simulator, "another") as other:
        assert said(first, "SPY")
        assert said(other, "SPY")
        with connected(simulator, "mine") as second:
            assert said(second, "SPY")
            with pytest.raises(ConnectionClosed) as closed:
                first.frame()
            assert said(second, CALL)
        assert said(other, CALL)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000


@pytest.mark.parametrize("path", [f"/sandbox{PATH}", "/v1/markets/quotes", "/v1/accounts/events"])
def test_other_paths_have_no_socket(simulator: Simulator, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(simulator.socket_url + path):
        pass
    assert refused.value.response.status_code == 403


# --- faults ---------------------------------------------------------------------------------------------------------


def add(simulator: Simulator, kind: FaultKind, **more: Any) -> None:
    simulator.faults.add(Fault(kind, vendor="tradier", path=PATH, times=1, **more))


@pytest.mark.parametrize("status", [403, 503])
def test_a_handshake_is_refused_once(simulator: Simulator, status: int) -> None:
    add(simulator, "refused_handshake", status=status)
    with pytest.raises(InvalidStatus) as refused, connected(simulator):
        pass
    assert refused.value.response.status_code == status
    with connected(simulator) as client:
        assert said(client, "SPY")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("auth_failed", "Session not found"),
        ("auth_timeout", "Session expired"),
        ("max_connections", "Too many sessions"),
    ],
)
def test_a_login_goes_wrong_once_and_ends_the_connection(simulator: Simulator, kind: FaultKind, text: str) -> None:
    add(simulator, kind)
    with connected(simulator) as client:
        client.want("SPY")
        assert client.until_closed() == [{"error": text}]
    with connected(simulator) as client:
        assert said(client, "SPY")


def test_a_subscription_is_refused_whole(simulator: Simulator) -> None:
    add(simulator, "limit_refusal")
    with connected(simulator) as client:
        client.want("SPY", CALL)
        assert client.frame() == [{"error": "too many symbols"}]
        assert said(client, "SPY")


@pytest.mark.parametrize(("kind", "code"), [("socket_drop", None), ("socket_close", 1000), ("slow_consumer", 1008)])
def test_a_connection_ends_at_a_frame(simulator: Simulator, kind: FaultKind, code: int | None) -> None:
    add(simulator, kind, skip=1)
    with connected(simulator) as client:
        client.want("SPY")
        assert client.frame()[0]["type"] == "summary"
        with pytest.raises(ConnectionClosed) as closed:
            client.frame()
    assert (closed.value.rcvd.code if closed.value.rcvd is not None else None) == code


@pytest.mark.parametrize(("kind", "is_answered"), [("silence", True), ("half_open", False)])
def test_a_connection_falls_silent_and_answers_pings_or_not(
    simulator: Simulator, kind: FaultKind, *, is_answered: bool
) -> None:
    add(simulator, kind)
    with connected(simulator) as client:
        client.want("SPY")
        with pytest.raises(TimeoutError):
            client.socket.recv(timeout=0.2)
        assert client.socket.ping().wait(10.0 if is_answered else 0.2) is is_answered


def test_of_a_frame_that_is_cut_short_nothing_can_be_read(simulator: Simulator) -> None:
    add(simulator, "invalid_frame")
    with connected(simulator) as client:
        client.want("SPY", CALL, filter=["quote", "trade"])
        text = client.text()
        assert client.frame()[0]["type"] == "quote"
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_unknown_repeated_and_unordered_events_come_as_ordered(simulator: Simulator) -> None:
    kinds: tuple[FaultKind, ...] = ("unknown_events", "repeated_events", "unordered_events")
    for kind in kinds:
        add(simulator, kind)
    with connected(simulator) as client:
        client.want("SPY", filter=["quote"])
        first, again, late = client.frame(), client.frame(), client.frame()
    assert first == again
    assert [event["type"] for event in first] == ["rumour", "quote"]
    assert int(late[0]["biddate"]) < int(first[1]["biddate"])


def test_a_pause_resets_and_a_resume_serves_again(market: MarketSource) -> None:
    with Simulator(clock=AT, market=market) as simulator:
        with connected(simulator) as client:
            assert said(client, "SPY")
            simulator.pause()
            with pytest.raises(ConnectionClosed):
                client.frame()
        simulator.resume()
        with connected(simulator) as client:
            assert said(client, "SPY")


# --- over HTTP ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_over_http_the_same_comes_as_lines(simulator: Simulator, method: str) -> None:
    wanted = {"sessionid": session(simulator), "symbols": f"SPY,{CALL}", "filter": "quote,summary"}
    with streamed(simulator, method=method, **wanted) as answer:
        assert (answer.status, answer.headers["transfer-encoding"]) == (200, "chunked")
        lines = [json.loads(answer.readline()) for _ in range(5)]
    assert [(line["type"], line.get("symbol")) for line in lines] == [
        ("simulated", None),
        ("summary", "SPY"),
        ("summary", CALL),
        ("quote", "SPY"),
        ("quote", CALL),
    ]


@pytest.mark.parametrize(
    ("method", "accept", "wrong", "status"),
    [
        ("GET", "application/json", {"sessionid": "made-up"}, 401),
        ("GET", "application/json", {"symbols": ""}, 400),
        ("GET", "*/*", {}, 406),
        ("PUT", "application/json", {}, 405),
    ],
)
def test_over_http_what_cannot_be_granted_is_no_stream(
    simulator: Simulator, method: str, accept: str, wrong: dict[str, str], status: int
) -> None:
    wanted = {"sessionid": session(simulator), "symbols": "SPY"} | wrong
    with streamed(simulator, method=method, accept=accept, **wanted) as answer:
        assert answer.status == status


def test_over_http_a_refused_connection_is_a_status_and_a_refused_subscription_an_end(simulator: Simulator) -> None:
    wanted = {"sessionid": session(simulator), "symbols": "SPY"}
    add(simulator, "refused_handshake", status=503)
    with streamed(simulator, **wanted) as answer:
        assert answer.status == 503
    add(simulator, "limit_refusal")
    with streamed(simulator, **wanted) as answer:
        assert parsed(answer.read())[1:] == [{"error": "too many symbols"}]


def test_over_http_a_drop_leaves_the_answer_without_its_end(simulator: Simulator) -> None:
    add(simulator, "socket_drop", skip=2)
    with streamed(simulator, sessionid=session(simulator), symbols="SPY") as answer:
        with pytest.raises(http.client.IncompleteRead) as broken:
            answer.read()
        assert len(broken.value.partial.split(b"\n")) == 4


def test_over_http_a_stream_ends_when_nothing_has_come_for_long(market: MarketSource) -> None:
    with (
        Simulator(clock=AT, market=market, stream_rules=StreamRules(idle_s=0.05)) as simulator,
        streamed(simulator, sessionid=session(simulator), symbols="SPY", filter="quote") as answer,
    ):
        assert [event["type"] for event in parsed(answer.read())] == ["simulated", "quote"]


def test_over_http_and_websocket_a_user_has_one_connection(simulator: Simulator) -> None:
    with streamed(simulator, sessionid=session(simulator), symbols="SPY", filter="quote") as answer:
        answer.readline()
        with connected(simulator) as client:
            assert said(client, "SPY")
            answer.read()
            assert said(client, CALL)


def test_a_client_that_leaves_takes_its_stream_along(simulator: Simulator) -> None:
    simulator.streams.rate = 50_000.0
    for _ in range(3):
        with streamed(simulator, sessionid=session(simulator), symbols="SPY", filter="quote") as answer:
            answer.readline()
    simulator.streams.rate = None
    with streamed(simulator, sessionid=session(simulator), symbols="SPY", filter="quote") as answer:
        assert json.loads(answer.readline())["type"] == "simulated"


def test_stopping_the_server_ends_all_streams(market: MarketSource) -> None:
    simulator = Simulator(clock=AT, market=market).start()
    with connected(simulator, "a") as client:
        assert said(client, "SPY")
        with streamed(simulator, sessionid=session(simulator, "b"), symbols="SPY", filter="quote") as answer:
            answer.readline()
            simulator.stop()
            with pytest.raises(http.client.IncompleteRead):
                answer.read()
        assert client.until_closed() == []


# --- readers that do not read ---------------------------------------------------------------------------------------


def test_who_does_not_read_is_closed_without_a_word(market: MarketSource) -> None:
    rules = StreamRules(buffer_bytes=100_000, slow_after_s=0.05)
    with Simulator(clock=AT, market=market, stream_rate=200_000.0, stream_rules=rules) as simulator:
        url, session_id = simulator.socket_url + PATH, session(simulator)
        with connect(url, max_queue=1, close_timeout=0.1) as lazy:
            client = Client(lazy, session_id)
            client.want("SPY", CALL)
            connections = simulator._started().listener.server_state.connections
            (held,) = [each for each in connections if isinstance(each, StreamProtocol)]
            most = 0
            while not held.close_sent:
                assert ask(simulator, "/_sim")["simulated"]
                most = max(most, held.transport.get_write_buffer_size())
            assert most < 2 * rules.buffer_bytes
            assert {event["type"] for event in client.until_closed()} <= {
                "simulated",
                "summary",
                "trade",
                "tradex",
                "quote",
            }


def test_over_http_who_does_not_read_is_sent_no_more_and_the_server_can_stop(market: MarketSource) -> None:
    rules = StreamRules(buffer_bytes=100_000, slow_after_s=0.05)
    with (
        Simulator(clock=AT, market=market, stream_rate=200_000.0, stream_rules=rules) as simulator,
        streamed(simulator, sessionid=session(simulator), symbols=f"SPY,{CALL}") as answer,
    ):
        connections = simulator._started().listener.server_state.connections
        while not any(each.transport.get_write_buffer_size() for each in list(connections)):
            assert ask(simulator, "/_sim")["simulated"]
        frames = -1
        while (told := simulator.streams.counts()[PATH]["frames"]) != frames:
            frames = told
            for _ in range(50):
                assert ask(simulator, "/_sim")["simulated"]
        simulator.stop()
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
