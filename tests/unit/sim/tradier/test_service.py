from __future__ import annotations

import gzip
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.sim import Fault, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantdata.sim.faults import FaultKind
    from quantdata.sim.source import MarketSource

AT = "at:2026-11-18T12:00:00-05:00"
WALL = datetime(2026, 11, 25, 22, 30, 15, tzinfo=UTC)
QUOTES = "/v1/markets/quotes?symbols=SPY"
CHAIN = "/v1/markets/options/chains?symbol=SPY&expiration=2026-12-18"
INVALID = (401, "plain/text", b"Invalid Access Token")


class Got:
    def __init__(self, status: int, headers: Any, raw: bytes) -> None:
        self.status, self.headers, self.raw = status, headers, raw

    @property
    def text(self) -> bytes:
        return gzip.decompress(self.raw) if self.headers.get("content-encoding") == "gzip" else self.raw

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def plain(self) -> tuple[int, str, bytes]:
        return self.status, self.headers["content-type"], self.text


def get(
    simulator: Simulator,
    path: str,
    *,
    token: str | None = "k",  # noqa: S107 - nothing is guarded here
    accept: str = "application/json",
    encoding: str = "gzip",
    form: dict[str, str] | None = None,
) -> Got:
    headers = {"Accept": accept, "Accept-Encoding": encoding}
    headers |= {} if token is None else {"Authorization": f"Bearer {token}"}
    content = None if form is None else urllib.parse.urlencode(form).encode()
    request = urllib.request.Request(simulator.base_url + path, headers=headers, data=content)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - our own loopback server
            return Got(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Got(error.code, error.headers, error.read())


@pytest.fixture(scope="module")
def running(market: MarketSource) -> Iterator[Simulator]:
    with Simulator(clock=AT, market=market, wall=lambda: WALL, tradier_requests_per_minute=1_000) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Iterator[Simulator]:
    yield running
    running.faults.clear()
    running.set_clock(AT)


# --- tokens and hosts -----------------------------------------------------------------------------------------------


def test_addresses(simulator: Simulator) -> None:
    assert simulator.tradier_url == f"{simulator.base_url}/v1"
    assert simulator.tradier_sandbox_url == f"{simulator.base_url}/sandbox/v1"


@pytest.mark.parametrize("token", [None, "", "invalid", "wrong-key", "sandbox-key"])
def test_a_token_that_is_not_productions_is_refused_there(simulator: Simulator, token: str | None) -> None:
    got = get(simulator, QUOTES, token=token)
    assert got.plain == INVALID
    assert not [name for name in got.headers if name.lower().startswith("x-ratelimit")]


def test_the_sandbox_takes_its_own_tokens_alone(simulator: Simulator) -> None:
    assert get(simulator, f"/sandbox{QUOTES}", token="sandbox-key").status == 200  # noqa: S106
    assert get(simulator, f"/sandbox{QUOTES}").plain == INVALID


def test_an_expired_token_is_a_fault_under_500(simulator: Simulator) -> None:
    got = get(simulator, QUOTES, token="expired")  # noqa: S106
    assert (got.status, got.body["fault"]["faultstring"]) == (500, "Access Token expired")


@pytest.mark.parametrize("path", ["/v1/user/profile", "/v1/markets/nothing"])
def test_what_the_sandbox_has_not(simulator: Simulator, path: str) -> None:
    got = get(simulator, f"/sandbox{path}", token="sandbox")  # noqa: S106
    assert got.status == (401 if path.endswith("profile") else 404)
    assert "fault" in got.body


def test_the_sandbox_is_fifteen_minutes_late(simulator: Simulator) -> None:
    now = get(simulator, "/v1/markets/clock").body["clock"]["timestamp"]
    late = get(simulator, "/sandbox/v1/markets/clock", token="sandbox")  # noqa: S106
    assert late.body["clock"]["timestamp"] == now - 900
    assert late.headers["X-Quantdata-Simulated"] == "2026-11-18T17:00:00.000000+00:00"


# --- requests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["*/*", "application/xml", "text/html"])
def test_without_asking_for_json_it_is_xml(simulator: Simulator, accept: str) -> None:
    got = get(simulator, CHAIN, accept=accept)
    assert got.headers["content-type"] == "application/xml;charset=UTF-8"
    assert got.text.startswith(b'<?xml version="1.0"')
    assert b"<options><option><symbol>SPY1261218C00400000</symbol>" in got.text


def test_json_is_the_vendors(simulator: Simulator) -> None:
    got = get(simulator, CHAIN, accept="application/json, text/plain")
    assert got.headers["content-type"] == "application/json;charset=UTF-8"
    assert got.headers["X-Quantdata-Simulated"] == "2026-11-18T17:00:00.000000+00:00"
    assert len(got.body["options"]["option"]) == 5


def test_a_chain_asked_again_is_the_same_bytes_with_gzip_or_without(simulator: Simulator) -> None:
    first, again, plain = get(simulator, CHAIN), get(simulator, CHAIN), get(simulator, CHAIN, encoding="identity")
    assert first.raw == again.raw
    assert plain.headers.get("content-encoding") is None
    assert plain.raw == first.text


def test_a_chain_is_of_its_moment(simulator: Simulator) -> None:
    assert get(simulator, CHAIN).body["options"]["option"][1]["close"] is None
    simulator.set_clock("at:2026-11-18T16:30:00-05:00")
    assert get(simulator, CHAIN).body["options"]["option"][1]["close"] == 12.05


def test_a_form_is_as_good_as_an_address(simulator: Simulator) -> None:
    form = {"symbols": "SPY,SPY261218C00600000", "greeks": "true"}
    address = f"/v1/markets/quotes?{urllib.parse.urlencode(form)}"
    assert get(simulator, "/v1/markets/quotes", form=form).body == get(simulator, address).body
    assert get(simulator, "/v1/markets/clock", form=form).plain[::2] == (405, b"Method Not Allowed")


def test_a_form_that_never_ends_is_not_waited_for(simulator: Simulator) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=5)
    connection.putrequest("POST", "/v1/markets/quotes")
    connection.putheader("Authorization", "Bearer k")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b"symbols=")
    connection.close()
    assert get(simulator, QUOTES).status == 200


def test_bad_parameters_are_plain_text(simulator: Simulator) -> None:
    got = get(simulator, "/v1/markets/options/chains?symbol=SPY")
    assert got.plain == (400, "text/plain;charset=UTF-8", b"Missing required parameter: expiration.")


def test_a_day_beyond_the_calendar_is_a_bad_parameter(simulator: Simulator) -> None:
    simulator.set_clock("at:2031-12-31T12:00")
    got = get(simulator, "/v1/markets/clock")
    assert got.status == 400
    assert got.text.startswith(b"Invalid parameter, date: no session after 2031-12-31")


def test_both_vendors_requests_are_counted(market: MarketSource) -> None:
    with Simulator(clock=AT, market=market) as simulator:
        get(simulator, QUOTES)
        get(simulator, QUOTES, token="wrong")  # noqa: S106
        get(simulator, "/v1/marketstatus/now")
        assert simulator.describe()["requests"] == {"/v1/marketstatus/now": 1, "/v1/markets/quotes": 2}


# --- rates ----------------------------------------------------------------------------------------------------------


def test_requests_are_counted_per_token_and_endpoint_and_refused_beyond_the_rate(market: MarketSource) -> None:
    with Simulator(clock=AT, market=market, wall=lambda: WALL, tradier_requests_per_minute=2) as simulator:
        first, second, third = (get(simulator, QUOTES) for _ in range(3))
        assert first.headers["X-Ratelimit-Available"] == "1"
        assert second.headers["X-Ratelimit-Used"] == "2"
        expiry = second.headers["X-Ratelimit-Expiry"]
        assert expiry == "1795645860000"
        assert third.plain[::2] == (429, f"Quota Violation. Quota Exceeded. Limit: 2. Expires: {expiry}".encode())
        assert get(simulator, CHAIN).headers["X-Ratelimit-Used"] == "1"
        sandbox = get(simulator, f"/sandbox{QUOTES}", token="sandbox")  # noqa: S106
        assert sandbox.headers["X-Ratelimit-Allowed"] == "1"


# --- faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        (Fault("status", vendor="tradier", status=500), 500, b"Datastore Error"),
        (Fault("status", vendor="tradier", status=404), 404, b"ApplicationNotFound"),
        (Fault("status", vendor="*", status=401), 401, b"Invalid Access Token"),
        (Fault("html", vendor="tradier", status=200), 200, b"<html>"),
        (Fault("foreign_object", vendor="tradier"), 200, b'{"foo":1}'),
        (Fault("empty", vendor="tradier"), 200, b""),
        (Fault("timeout", vendor="tradier", seconds=0.01), 504, b"<html>"),
        (Fault("datastore_error", vendor="tradier"), 500, b"steps.servicecallout.ExecutionFailed"),
        (Fault("expired_token", vendor="tradier"), 500, b"access_token_expired"),
        (Fault("invalid_token", vendor="tradier"), 401, b"Invalid Access Token"),
        (Fault("errors_200", vendor="tradier"), 200, b'{"errors":{"error":'),
        (Fault("too_big_body", vendor="tradier"), 500, b"protocol.http.TooBigBody"),
        (Fault("bad_parameter", vendor="tradier"), 400, b"Invalid parameter, start: "),
        (Fault("empty_results", vendor="tradier"), 200, b'{"options":null}'),
        (Fault("null_text", vendor="tradier"), 200, b'{"options":"null"}'),
        (Fault("xml", vendor="tradier"), 200, b"<?xml"),
        (Fault("nan_text", vendor="tradier"), 200, b'{"options":{"option":['),
    ],
)
def test_faults_show(simulator: Simulator, fault: Fault, status: int, text: bytes) -> None:
    simulator.faults.add(fault)
    got = get(simulator, CHAIN)
    assert got.status == status
    assert text in got.text


def test_a_quota_violation_ends_when_it_says(simulator: Simulator) -> None:
    simulator.faults.add(Fault("quota_violation", vendor="tradier", seconds=2.5))
    got = get(simulator, QUOTES)
    assert got.status == 429
    assert int(got.text.split()[-1]) == int(WALL.timestamp() * 1_000) + 2_500


def test_rate_headers_can_be_missing(simulator: Simulator) -> None:
    assert get(simulator, QUOTES).headers["X-Ratelimit-Allowed"] == "1000"
    simulator.faults.add(Fault("no_rate_headers", vendor="tradier"))
    assert get(simulator, QUOTES).headers["X-Ratelimit-Allowed"] is None


def test_faults_have_paths_and_leave_the_kept_answer_alone(simulator: Simulator) -> None:
    kept = get(simulator, CHAIN).text
    simulator.faults.add(Fault("crossed_quotes", vendor="tradier", path="/v1/markets/options/chains", times=1))
    assert get(simulator, QUOTES).body["quotes"]["quote"]["bid"] == 601.24
    crossed = get(simulator, CHAIN).body["options"]["option"]
    assert all(row["bid"] > row["ask"] for row in crossed)
    assert get(simulator, CHAIN).text == kept


def test_bytes_are_cut_short(simulator: Simulator) -> None:
    simulator.faults.add(Fault("invalid_json", vendor="tradier", times=1))
    with pytest.raises(json.JSONDecodeError):
        _ = get(simulator, CHAIN).body
    simulator.faults.add(Fault("truncated_gzip", vendor="tradier", times=1))
    with pytest.raises(EOFError):
        _ = get(simulator, CHAIN).text
    simulator.faults.add(Fault("drop", vendor="tradier", times=1))
    with pytest.raises(http.client.IncompleteRead):
        get(simulator, CHAIN)


@pytest.mark.parametrize("kind", ["quota_violation", "null_text", "xml", "zero_iv"])
def test_massive_knows_none_of_tradiers_faults(simulator: Simulator, kind: FaultKind) -> None:
    simulator.faults.add(Fault(kind, vendor="*"))
    assert get(simulator, "/v1/marketstatus/now").body["market"] == "open"


def test_faults_are_massives_unless_they_say_otherwise(simulator: Simulator) -> None:
    simulator.faults.add(Fault("status"))
    assert get(simulator, QUOTES).status == 200
