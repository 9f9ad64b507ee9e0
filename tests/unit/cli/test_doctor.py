"""The doctor: what it looks at, how it ends, and that no key is ever in what it says."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from quantdata.cli import doctor
from quantdata.cli.doctor import Finding, exit_code
from quantdata.cli.main import main
from quantdata.clients import MarketStatus
from quantdata.sim import Fault
from quantdata.wire.limits import Budget

if TYPE_CHECKING:
    from quantdata.sim import Simulator

SECRET = "a-secret-that-nobody-may-see"  # noqa: S105  # none


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["quantdata", "doctor", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def _findings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
    code = _run(monkeypatch, "--format", "json", *arguments)
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err
    return code, {(each["source"], each["check"]): each for each in json.loads(said.out)}


def _point_at(monkeypatch: pytest.MonkeyPatch, simulator: Simulator, *, massive: str = "", tradier: str = "") -> None:
    for name, value in {
        "MASSIVE_API_KEY": massive,
        "MASSIVE_BASE_URL": simulator.base_url,
        "TRADIER_ACCESS_TOKEN": tradier,
        "TRADIER_BASE_URL": simulator.tradier_url,
    }.items():
        monkeypatch.setenv(name, value)


def test_without_keys_it_says_which_to_set_and_ends_with_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch) == 2
    said = capsys.readouterr().out
    assert "set MASSIVE_API_KEY" in said
    assert "set TRADIER_ACCESS_TOKEN" in said
    assert "quantdata doctor --source sim" in said


def test_a_healthy_vendor_is_ok_in_everything_and_a_vendor_without_a_key_does_no_harm(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], simulator: Simulator
) -> None:
    _point_at(monkeypatch, simulator, tradier=SECRET)
    code, found = _findings(monkeypatch, capsys)
    assert code == 0
    assert found["massive", "key"]["verdict"] == "missing"
    assert found["tradier", "key"] == {
        "source": "tradier",
        "check": "key",
        "verdict": "ok",
        "said": "TRADIER_ACCESS_TOKEN (or TRADIER_TOKEN) is set",
    }
    assert found["tradier", "address"]["said"] == f"127.0.0.1:{simulator.port}"
    assert found["tradier", "host"]["verdict"] == "ok"
    assert found["tradier", "host"]["said"].endswith("the market is open")
    assert found["tradier", "clock"]["said"] == "simulated: 2026-11-18 16:00:00 UTC"
    assert found["tradier", "plan: chain"]["said"] == "simulated"
    assert found["tradier", "plan: chain_quotes"]["said"] == "realtime"
    assert found["tradier", "plan: option_quotes"]["verdict"] == "note"
    assert found["tradier", "rate: chains"]["said"].startswith("999,9")


def test_what_a_plan_lacks_is_a_fact_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], simulator: Simulator
) -> None:
    _point_at(monkeypatch, simulator, massive="sim-starter")
    code, found = _findings(monkeypatch, capsys, "--source", "massive")
    assert code == 0
    assert {source for source, _ in found} == {"massive"}
    assert found["massive", "plan: chain"]["verdict"] == "ok"
    assert found["massive", "plan: chain_quotes"]["verdict"] == "note"
    assert found["massive", "plan: chain_quotes"]["said"].startswith("no: none of ")
    assert found["massive", "rate"]["said"].startswith("6,000 requests a minute; ")


@pytest.mark.parametrize(
    ("massive", "tradier", "failed"),
    [(f"wrong-{SECRET}", SECRET, "massive"), (SECRET, f"wrong-{SECRET}", "tradier"), (SECRET, "sandbox", "tradier")],
)
def test_a_refused_key_fails_after_the_host_has_answered(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    simulator: Simulator,
    massive: str,
    tradier: str,
    failed: str,
) -> None:
    _point_at(monkeypatch, simulator, massive=massive, tradier=tradier)
    code, found = _findings(monkeypatch, capsys)
    assert code == 1
    assert found[failed, "host"]["verdict"] == "ok"
    assert found[failed, "login"]["verdict"] == "failed"
    assert [source for (source, _), each in found.items() if each["verdict"] == "failed"] == [failed]


def test_a_host_that_is_not_there_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], simulator: Simulator
) -> None:
    _point_at(monkeypatch, simulator, tradier=SECRET)
    monkeypatch.setenv("TRADIER_BASE_URL", "http://127.0.0.1:9/sandbox/v1")
    code, found = _findings(monkeypatch, capsys)
    assert code == 1
    assert found["tradier", "address"]["said"] == "127.0.0.1:9 (the sandbox: data is 15 minutes late)"
    assert "check the network and the host" in found["tradier", "host"]["said"]


def test_a_host_that_cannot_be_one_fails_and_the_other_vendor_is_still_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], simulator: Simulator
) -> None:
    _point_at(monkeypatch, simulator, massive=SECRET, tradier=SECRET)
    monkeypatch.setenv("MASSIVE_BASE_URL", "http://example.com")
    code, found = _findings(monkeypatch, capsys)
    assert code == 1
    assert "plain http is for this machine only" in found["massive", "host"]["said"]
    assert found["tradier", "host"]["verdict"] == "ok"


def test_the_source_of_the_environment_is_looked_at_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], simulator: Simulator
) -> None:
    _point_at(monkeypatch, simulator, massive=SECRET, tradier=SECRET)
    monkeypatch.setenv("QUANTDATA_SOURCE", "tradier")
    code, found = _findings(monkeypatch, capsys)
    assert code == 0
    assert {source for source, _ in found} == {"tradier"}


def test_what_did_not_come_for_another_reason_than_the_plan_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], simulator: Simulator
) -> None:
    _point_at(monkeypatch, simulator, tradier=SECRET)
    simulator.faults.add(Fault("datastore_error", "tradier", path="/v1/markets/history"))
    code, found = _findings(monkeypatch, capsys, "--source", "tradier")
    simulator.faults.clear()
    assert code == 1
    assert found["tradier", "plan: chain"]["verdict"] == "ok"
    assert found["tradier", "plan: bars"]["verdict"] == "failed"
    assert "Datastore Error" in found["tradier", "plan: bars"]["said"]


def test_a_source_that_is_asked_for_without_its_key_is_misuse(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "--source", "tradier") == 2
    assert 'error: source="tradier" needs TRADIER_ACCESS_TOKEN' in capsys.readouterr().err


def test_the_simulated_market_is_looked_at_as_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "--source", "sim", "--clock", "at:2026-11-18T11:00") == 0
    lines = capsys.readouterr().out.splitlines()
    titles = [number for number, line in enumerate(lines) if not line.startswith(" ")]
    assert [lines[number] for number in titles] == ["sim: massive", "sim: tradier"]
    for number in titles:
        assert "the simulated market needs none" in lines[number + 1]
    assert sum(line.split()[:3] == ["plan:", "chain_greeks", "ok"] for line in lines) == 2


@pytest.mark.parametrize("by", ["option", "environment"])
def test_both_vendors_of_the_simulated_market_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], by: str
) -> None:
    if by == "environment":
        monkeypatch.setenv("QUANTDATA_SOURCE", "sim")
    asked = ("--source", "sim") if by == "option" else ()
    code, found = _findings(monkeypatch, capsys, *asked, "--clock", "at:2026-11-18T11:00")
    assert code == 0
    checks = {name: [check for source, check in found if source == name] for name in ("sim: massive", "sim: tradier")}
    assert {source for source, _ in found} == set(checks)
    for name, seen in checks.items():
        assert seen[:3] == ["key", "host", "clock"]
        assert "address" not in seen  # a port of the moment
        assert found[name, "clock"]["said"] == "simulated: 2026-11-18 16:00:00 UTC"
    # What each of them is asked for, and has, is what tells them apart.
    assert found["sim: massive", "plan: option_quotes"]["verdict"] == "ok"
    assert found["sim: tradier", "plan: option_quotes"]["verdict"] == "note"
    assert "rate: chains" in checks["sim: tradier"]
    assert checks["sim: massive"][-1] == "rate"


@pytest.mark.parametrize(("skew_s", "verdict"), [(0.4, "ok"), (-2.0, "ok"), (2.1, "warning"), (-90.0, "warning")])
def test_a_clock_that_is_off_by_more_than_two_seconds_is_a_warning(skew_s: float, verdict: str) -> None:
    noon = datetime(2026, 11, 18, 17, tzinfo=UTC)
    status = MarketStatus(
        market="open",
        server_time=noon,
        next_open=noon,
        next_close=noon,
        clock_skew_s=skew_s,
        source="tradier",
        is_simulated=False,
    )
    found = doctor._clock("tradier", status)
    assert (found.verdict, found.said) == (verdict, f"the vendor's is {skew_s:+.1f} s off this machine's")


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (["ok", "note", "warning"], 0),
        (["ok", "missing"], 0),
        (["missing", "missing"], 2),
        (["missing", "failed"], 1),
        (["ok", "failed", "warning"], 1),
    ],
)
def test_the_exit_code_tells_how_it_went(verdicts: list[Any], code: int) -> None:
    assert exit_code([Finding("massive", "x", verdict, "") for verdict in verdicts]) == code


def test_a_rate_is_told_as_the_vendor_counts_it() -> None:
    window = doctor._rate("tradier", Budget("/v1/markets/options/chains", 120.0, 7, 14.4))
    assert (window.check, window.said) == ("rate: chains", "7 of 120 requests left, anew in 14 s")
    steady = doctor._rate("massive", Budget("*", 6000.0, 99, None))
    assert (steady.check, steady.said) == ("rate", "6,000 requests a minute; 99 may leave at once")
