from __future__ import annotations

from typing import Any

import pytest

from quantdata.errors import ArgumentError
from quantdata.sim.faults import Fault, Faults

PATH = "/v3/snapshot/options/SPY"


def strikes(faults: Faults, path: str = PATH, *, vendor: str = "massive", later: bool = False) -> list[str]:
    return [fault.kind for fault in faults.strike(vendor=vendor, path=path, is_later_page=later)]


def test_a_fault_hits_every_request_of_its_path_and_vendor() -> None:
    faults = Faults()
    faults.add(Fault("html", path="/v3/snapshot/*"))
    assert strikes(faults) == ["html"]
    assert strikes(faults, "/v2/aggs/ticker/SPY/prev") == []
    assert strikes(faults, vendor="tradier") == []


def test_skip_and_times_bound_a_fault() -> None:
    faults = Faults()
    faults.add(Fault("status", skip=1, times=2))
    assert [len(strikes(faults)) for _ in range(5)] == [0, 1, 1, 0, 0]


def test_several_faults_hit_one_request_in_order() -> None:
    faults = Faults()
    faults.add(Fault("latency"), Fault("drop"))
    assert strikes(faults) == ["latency", "drop"]


@pytest.mark.parametrize("kind", ["page_failure", "wrong_page", "repeated_page"])
def test_faults_of_later_pages_let_the_first_one_pass_uncounted(kind: Any) -> None:
    faults = Faults()
    faults.add(Fault(kind, times=1))
    assert strikes(faults) == []
    assert strikes(faults, later=True) == [kind]


def test_probability_throws_the_same_dice_for_the_same_seed() -> None:
    def run(seed: int) -> list[int]:
        faults = Faults(seed)
        faults.add(Fault("status", probability=0.5))
        return [len(strikes(faults)) for _ in range(40)]

    assert run(1) == run(1) != run(2)
    assert 5 < sum(run(1)) < 35


def test_hits_are_counted_and_clear_lifts_all() -> None:
    faults = Faults()
    faults.add(Fault("status"))
    strikes(faults)
    assert faults.active() == [(Fault("status"), 1)]
    faults.clear()
    assert faults.active() == []
    assert strikes(faults) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "explode"},
        {"kind": "status", "probability": 1.5},
        {"kind": "status", "times": 0},
        {"kind": "small_pages", "rows": 0},
    ],
)
def test_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError):
        Fault(**wrong)


def test_both_vendors_faults_may_be_named() -> None:
    faults = Faults()
    faults.add(Fault("quota_violation", vendor="*"), Fault("xml", vendor="tradier"), Fault("status"))
    assert strikes(faults) == ["quota_violation", "status"]
    assert strikes(faults, vendor="tradier") == ["quota_violation", "xml"]
