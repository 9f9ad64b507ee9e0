from __future__ import annotations

import gzip
import http.client
import json
import os
import socket
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pytest

from quantdata.errors import ArgumentError
from quantdata.sim import Fault, Simulator
from quantdata.sim import server as server_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim.source import MarketSource

AT = "at:2026-11-18T12:00:00-05:00"
CHAIN = "/v3/snapshot/options/SPY"


@dataclass
class Got:
    status: int
    headers: Any
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(gzip.decompress(self.raw) if self.headers.get("content-encoding") == "gzip" else self.raw)


def get(
    simulator: Simulator,
    path: str,
    *,
    key: str | None = "k",
    accept: str = "gzip",
    method: Literal["GET", "POST", "DELETE"] = "GET",
    sent: object = None,
) -> Got:
    headers = {"Accept-Encoding": accept} | ({} if key is None else {"Authorization": f"Bearer {key}"})
    request = urllib.request.Request(  # noqa: S310 - our own loopback server
        simulator.base_url + path,
        headers=headers,
        method=method,
        data=None if sent is None else json.dumps(sent).encode(),
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return Got(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Got(error.code, error.headers, error.read())


@contextmanager
def broken(simulator: Simulator, *faults: Fault) -> Iterator[None]:
    simulator.faults.add(*faults)
    try:
        yield
    finally:
        simulator.faults.clear()


@pytest.fixture(scope="module")
def running(market: MarketSource) -> Iterator[Simulator]:
    with Simulator(clock=AT, market=market) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Iterator[Simulator]:
    yield running
    running.faults.clear()
    running.set_clock(AT)


# --- life -----------------------------------------------------------------------------------------------------------


def test_it_starts_on_a_free_port_and_stops_without_a_trace(market: MarketSource) -> None:
    before = set(threading.enumerate())
    simulator = Simulator(clock=AT, market=market)
    assert simulator.start() is simulator.start()
    port = simulator.port
    assert simulator.base_url == f"http://127.0.0.1:{port}"
    simulator.stop()
    simulator.stop()
    assert set(threading.enumerate()) <= before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_it_can_be_started_again(market: MarketSource) -> None:
    simulator = Simulator(clock=AT, market=market)
    for _ in range(2):
        with simulator:
            assert get(simulator, "/_sim").status == 200


def test_before_the_start_there_is_no_address(market: MarketSource) -> None:
    with pytest.raises(ArgumentError, match="start"):
        _ = Simulator(clock=AT, market=market).base_url


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "example.com", ""])  # noqa: S104
def test_it_listens_on_loopback_only(host: str, market: MarketSource) -> None:
    with pytest.raises(ArgumentError, match="loopback"):
        Simulator(host=host, market=market)


def test_a_taken_port_says_so(simulator: Simulator, market: MarketSource) -> None:
    with pytest.raises(ArgumentError, match=str(simulator.port)):
        Simulator(clock=AT, market=market, port=simulator.port).start()


def test_a_hanging_request_does_not_hold_up_the_end(market: MarketSource) -> None:
    simulator = Simulator(clock=AT, market=market).start()
    simulator.faults.add(Fault("timeout", seconds=600))
    with socket.create_connection(("127.0.0.1", simulator.port)) as client:
        client.sendall(f"GET {CHAIN}?apiKey=k HTTP/1.1\r\nHost: sim\r\n\r\n".encode())
        while not simulator.describe()["requests"]:
            threading.Event().wait(0.001)
        simulator.stop()
        assert client.recv(12) == b"HTTP/1.1 504"


def test_serving_ends_when_another_thread_stops_it(market: MarketSource) -> None:
    simulator = Simulator(clock=AT, market=market)
    serving = threading.Thread(target=simulator.serve_forever)
    simulator.start()
    serving.start()
    simulator.stop()
    serving.join(5)
    assert not serving.is_alive()


def test_a_process_shares_one_per_seed_and_clock(monkeypatch: pytest.MonkeyPatch, market: MarketSource) -> None:
    monkeypatch.setattr(server_module, "_market", lambda seed: market)  # noqa: ARG005 - the same for every seed
    first = server_module.shared(seed=901, clock=AT)
    try:
        assert server_module.shared(seed=901, clock=AT) is first
        other = server_module.shared(seed=902, clock=AT)
        assert other.port != first.port
        other.stop()
    finally:
        first.stop()
        server_module._registry.clear()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_starts_its_own(monkeypatch: pytest.MonkeyPatch, market: MarketSource) -> None:
    monkeypatch.setattr(server_module, "_market", lambda seed: market)  # noqa: ARG005
    parents = server_module.shared(seed=903, clock=AT)
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        own = server_module.shared(seed=903, clock=AT)
        os.write(sending, f"{own.port} {get(own, '/_sim').status}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    port, status = os.read(receiving, 64).decode().split()
    os.close(receiving)
    os.close(sending)
    assert int(port) != parents.port
    assert status == "200"
    assert get(parents, "/_sim").status == 200
    parents.stop()
    server_module._registry.clear()


# --- a request ------------------------------------------------------------------------------------------------------


def test_every_answer_says_that_it_is_simulated(simulator: Simulator) -> None:
    for path, status in ((CHAIN, 200), ("/nothing", 404)):
        got = get(simulator, path)
        assert got.status == status
        assert got.headers["X-Quantdata-Simulated"] == "2026-11-18T17:00:00.000000+00:00"
        assert len(got.headers["X-Request-Id"]) == 32
        assert got.body["request_id"] == got.headers["X-Request-Id"]
        assert got.headers["Content-Type"] == "application/json"


def test_request_ids_differ_on_the_same_page(simulator: Simulator) -> None:
    first, second = get(simulator, CHAIN).body, get(simulator, CHAIN).body
    assert first["results"] == second["results"]
    assert first["request_id"] != second["request_id"]


def test_gzip_and_plain_say_the_same(simulator: Simulator) -> None:
    plain = get(simulator, CHAIN, accept="identity")
    assert "content-encoding" not in plain.headers
    assert plain.body["results"] == get(simulator, CHAIN).body["results"]


def test_a_page_counts_its_rows_and_links_the_next(simulator: Simulator) -> None:
    got = get(simulator, f"{CHAIN}?limit=2")
    assert got.headers["X-Item-Count"] == "2"
    assert got.headers["Link"] == f'<{got.body["next_url"]}>; rel="next"'
    assert got.body["next_url"].startswith(simulator.base_url)


def test_a_public_next_url_names_the_vendors_host(market: MarketSource) -> None:
    with Simulator(clock=AT, market=market, public_next_url=True) as simulator:
        assert get(simulator, f"{CHAIN}?limit=2").body["next_url"].startswith("https://api.massive.com/v3/snapshot/")


@pytest.mark.parametrize(
    ("key", "text"),
    [(None, "API Key was not provided"), ("invalid", "Unknown API Key"), ("wrong-1", "Unknown API Key")],
)
def test_a_missing_or_wrong_key_is_refused(simulator: Simulator, key: str | None, text: str) -> None:
    got = get(simulator, CHAIN, key=key)
    assert (got.status, got.body["status"], got.body["error"]) == (401, "ERROR", text)


def test_a_key_may_come_in_the_query_and_name_its_plan(simulator: Simulator) -> None:
    got = get(simulator, f"{CHAIN}?apiKey=sim-starter&limit=2", key=None)
    assert got.body["status"] == "DELAYED"
    assert "sim-starter" not in got.body["next_url"]


def test_the_sixth_request_of_the_free_plan_is_one_too_many(simulator: Simulator) -> None:
    answers = [get(simulator, "/v2/aggs/ticker/SPY/prev", key="sim-basic") for _ in range(6)]
    assert [each.status for each in answers] == [200] * 5 + [429]
    assert "maximum requests per minute" in answers[-1].body["error"]


def test_a_bad_parameter_says_which(simulator: Simulator) -> None:
    got = get(simulator, f"{CHAIN}?limit=251")
    assert (got.status, got.body["status"]) == (400, "ERROR")
    assert "limit" in got.body["error"]


def test_only_get_is_allowed(simulator: Simulator) -> None:
    assert get(simulator, CHAIN, method="POST", sent={}).status == 405


# --- faults ---------------------------------------------------------------------------------------------------------


def test_a_status_comes_with_its_retry_after(simulator: Simulator) -> None:
    with broken(simulator, Fault("status", status=429, retry_after=2, times=1)):
        got = get(simulator, CHAIN)
        assert (got.status, got.headers["Retry-After"]) == (429, "2")
        assert "maximum requests" in got.body["error"]
        assert get(simulator, CHAIN).status == 200


def test_a_refusal_may_hide_behind_200(simulator: Simulator) -> None:
    with broken(simulator, Fault("forbidden_as_200")):
        got = get(simulator, CHAIN)
        assert (got.status, got.body["status"]) == (200, "NOT_AUTHORIZED")


def test_a_page_of_html_or_nothing(simulator: Simulator) -> None:
    with broken(simulator, Fault("html", status=502)):
        got = get(simulator, CHAIN)
        assert (got.status, got.headers["Content-Type"]) == (502, "text/html")
        assert got.raw.startswith(b"<html>")
    with broken(simulator, Fault("empty")):
        assert get(simulator, CHAIN).raw == b""


def test_only_later_pages_fail(simulator: Simulator) -> None:
    with broken(simulator, Fault("page_failure", status=500)):
        first = get(simulator, f"{CHAIN}?limit=2")
        assert first.status == 200
        assert get(simulator, first.body["next_url"].removeprefix(simulator.base_url)).status == 500


BARS = "/v2/aggs/ticker/SPY/range/1/minute/2026-11-17/2026-11-17"
TRADES = "/v3/trades/SPY?timestamp.gte=2026-11-17&timestamp.lte=2026-11-17&order=asc"
CONTRACTS = "/v3/reference/options/contracts?underlying_ticker=SPY"
MIXED = "/v3/snapshot?ticker.any_of=SPY,AAPL,I:SPX,O:SPY261218C00600000"


def following(simulator: Simulator, answer: Got) -> Got:
    return get(simulator, answer.body["next_url"].removeprefix(simulator.base_url))


@pytest.mark.parametrize("path", [CHAIN, f"{CHAIN}?limit=4", BARS, TRADES, CONTRACTS, MIXED])
def test_small_pages_hold_the_same_rows_in_more_pages(simulator: Simulator, path: str) -> None:
    whole = get(simulator, path).body
    with broken(simulator, Fault("small_pages", rows=2)):
        page = get(simulator, path)
        rows, pages = page.body["results"], 1
        while "next_url" in page.body and pages * 2 < len(whole["results"]):
            page = following(simulator, page)
            assert len(page.body["results"]) <= 2
            rows, pages = rows + page.body["results"], pages + 1
    assert pages > 1
    assert rows[: len(whole["results"])] == whole["results"]


@pytest.mark.parametrize("path", [CHAIN, BARS, TRADES, CONTRACTS, MIXED])
def test_a_repeated_page_holds_the_first_ones_rows(simulator: Simulator, path: str) -> None:
    simulator.faults.add(Fault("small_pages", rows=1))
    first = get(simulator, path)
    second = following(simulator, first)
    assert second.body["results"] != first.body["results"]
    with broken(simulator, Fault("small_pages", rows=1), Fault("repeated_page")):
        repeated = following(simulator, first)
        assert repeated.body["results"] == first.body["results"]
        assert repeated.body["next_url"] == second.body["next_url"]
        assert following(simulator, second).body["results"] == first.body["results"]


def test_an_unreadable_limit_is_refused_in_small_pages_too(simulator: Simulator) -> None:
    with broken(simulator, Fault("small_pages")):
        assert get(simulator, f"{CHAIN}?limit=few").status == 400


def test_something_else_may_come_under_200(simulator: Simulator) -> None:
    with broken(simulator, Fault("foreign_object")):
        got = get(simulator, CHAIN)
        assert (got.status, got.body) == (200, {"foo": 1})


def test_damaged_rows_leave_the_kept_page_whole(simulator: Simulator) -> None:
    whole = get(simulator, CHAIN).body["results"]
    with broken(simulator, Fault("missing_blocks", blocks=("day",))):
        assert not any("day" in row for row in get(simulator, CHAIN).body["results"])
    assert get(simulator, CHAIN).body["results"] == whole


def test_a_body_may_break_off(simulator: Simulator) -> None:
    with broken(simulator, Fault("drop")), pytest.raises(http.client.IncompleteRead):
        get(simulator, CHAIN)
    with broken(simulator, Fault("truncated_gzip")), pytest.raises(EOFError):
        _ = get(simulator, CHAIN).body
    with broken(simulator, Fault("invalid_json")), pytest.raises(json.JSONDecodeError):
        _ = get(simulator, CHAIN).body


def test_a_timeout_ends_as_a_gateway_does(simulator: Simulator) -> None:
    with broken(simulator, Fault("timeout", seconds=0.01)):
        assert get(simulator, CHAIN).status == 504


def test_links_loop_or_leave(simulator: Simulator) -> None:
    with broken(simulator, Fault("next_url_loop")):
        assert get(simulator, f"{CHAIN}?limit=2").body["next_url"] == f"{simulator.base_url}{CHAIN}?limit=2"
    with broken(simulator, Fault("foreign_next_url")):
        assert get(simulator, f"{CHAIN}?limit=2").body["next_url"].startswith("https://api.polygon.io/v3/")


# --- steering -------------------------------------------------------------------------------------------------------


def test_it_tells_what_it_is_doing(simulator: Simulator) -> None:
    before = simulator.describe()["requests"].get(CHAIN, 0)
    get(simulator, CHAIN)
    shown = get(simulator, "/_sim", key=None).body
    assert shown["requests"][CHAIN] == before + 1
    assert (shown["simulated"], shown["seed"], shown["clock"], shown["plan"]) == (True, 7, AT, "advanced")


def test_faults_are_set_shown_and_lifted_over_http(simulator: Simulator) -> None:
    got = get(simulator, "/_sim/faults", method="POST", sent={"kind": "status", "status": 503, "path": "/v3/*"})
    assert got.body[0]["hits"] == 0
    assert get(simulator, CHAIN).status == 503
    assert get(simulator, "/_sim/faults").body[0]["hits"] == 1
    assert get(simulator, "/_sim/faults", method="DELETE").body == []
    assert get(simulator, CHAIN).status == 200


@pytest.mark.parametrize(
    "sent", [{"kind": "explode"}, {"kind": "status", "colour": 1}, {"kind": "status", "times": 0}, [3]]
)
def test_a_fault_that_cannot_be_is_refused(simulator: Simulator, sent: object) -> None:
    got = get(simulator, "/_sim/faults", method="POST", sent=sent)
    assert got.status == 400
    assert simulator.faults.active() == []


def test_the_clock_is_moved_over_http(simulator: Simulator) -> None:
    get(simulator, "/_sim/clock", method="POST", sent={"clock": "at:2026-11-18T13:00:00-05:00"})
    assert get(simulator, CHAIN).headers["X-Quantdata-Simulated"].startswith("2026-11-18T18:00:00")
    assert get(simulator, "/_sim/clock", method="POST", sent={"clock": "soon"}).status == 400
    assert get(simulator, "/_sim/clock", method="POST", sent={}).status == 400
