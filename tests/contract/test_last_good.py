"""``max_age=``: the last good answer where no vendor gives one, as old as it is, never in the place of a refusal."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import quantdata as qd
from quantdata.sim import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quantdata.sim import Simulator

NUMBERS: Final = count()
# A failure that nobody waits for.
DOWN: Final[dict[str, Any]] = {"status": 503, "retry_after": 30}
ASKING: Final[dict[str, Callable[[qd.Client], pl.DataFrame]]] = {
    "chain": lambda client: client.chain("DIA", dte=(0, 45)),
    "filtered chain": lambda client: client.chain("DIA", dte=(0, 45), delta=(0.3, 0.7), where=pl.col("bid") > 0),
    "contract": lambda client: client.contract("DIA261218C00440000"),
    "described contract": lambda client: client.contract("DIA", 440, "2026-12-18", "call"),
    "quotes": lambda client: client.quotes(["SPY", "BRK.B"]),
    "indices": lambda client: client.indices(["SPX", "VIX"]),
}
OF_NOW: Final = ("age_s", "confidence", "quote_confidence", "greeks_confidence", "quality", "is_stale", "errors")


@pytest.fixture
def keys(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set a key of each vendor, whose hosts are the simulated market."""
    monkeypatch.setenv("MASSIVE_BASE_URL", simulator.base_url)
    monkeypatch.setenv("TRADIER_BASE_URL", simulator.tradier_url)
    monkeypatch.setenv("MASSIVE_API_KEY", f"last-good-{next(NUMBERS)}")
    monkeypatch.setenv("TRADIER_ACCESS_TOKEN", f"last-good-{next(NUMBERS)}")
    yield
    simulator.faults.clear()


def _client(max_age: float | None, source: Any = "hybrid") -> qd.Client:
    # Nothing comes from the cache.
    return qd.Client(source, max_age=max_age, cache_ttl=dict.fromkeys(("chain", "contract", "quotes", "indices"), 0))


def _bring_down(simulator: Simulator) -> None:
    simulator.faults.add(*(Fault("status", vendor, **DOWN) for vendor in ("massive", "tradier")))


def _age(client: qd.Client, seconds: float) -> None:
    """Let what the client keeps have come some time ago."""
    kept: Any = client._core._last_good
    kept._answers = type(kept._answers)(
        (key, frame.with_columns(pl.col("received_ts") - timedelta(seconds=seconds)))
        for key, frame in kept._answers.items()
    )


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("question", ASKING)
def test_when_both_vendors_are_down_the_last_answer_is_given_with_its_age_and_a_warning(
    simulator: Simulator, question: str
) -> None:
    ask = ASKING[question]
    with _client(3600.0) as client:
        good = ask(client)
        _age(client, 20.0)
        _bring_down(simulator)
        with pytest.warns(qd.QuantDataWarning, match=r"no provider answered; .* 2\d s of open market old") as told:
            old = ask(client)
    assert len(told) == 1
    assert told[0].filename == __file__
    assert old.get_column("age_s").to_list() == [pytest.approx(20.0, abs=9.0)] * good.height
    assert old.get_column("is_stale").all()
    assert old.get_column("confidence").max() <= 90  # type: ignore[operator]
    assert old.get_column("fallback_reason").str.starts_with("old answer: ALL_PROVIDERS_FAILED: ").all()
    changed = {*OF_NOW, "received_ts", "fallback_reason"} & set(good.columns)
    assert_frame_equal(old.drop(changed), good.drop(changed))


@pytest.mark.usefixtures("keys")
def test_when_a_vendor_answers_again_so_does_the_client(simulator: Simulator) -> None:
    ask = ASKING["quotes"]
    with _client(3600.0) as client:
        ask(client)
        _bring_down(simulator)
        with pytest.warns(qd.QuantDataWarning, match="no provider answered"):
            ask(client)
        simulator.faults.clear()
        assert ask(client).get_column("fallback_reason").null_count() == 2


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("max_age", [0.0, 15.0, None])
def test_what_is_older_than_that_is_the_error(simulator: Simulator, max_age: float | None) -> None:
    with _client(max_age) as client:
        client.quotes("SPY")
        if max_age is not None:
            _age(client, 20.0)
        _bring_down(simulator)
        with pytest.raises(qd.AllProvidersFailedError) as failure:
            client.quotes("SPY")
    assert set(failure.value.errors) == {"massive", "tradier"}


@pytest.mark.usefixtures("keys")
def test_what_was_never_answered_is_the_error(simulator: Simulator) -> None:
    with _client(3600.0) as client:
        client.quotes("SPY")
        _bring_down(simulator)
        with pytest.raises(qd.AllProvidersFailedError):
            client.quotes("QQQ")


@pytest.mark.usefixtures("keys")
def test_that_something_does_not_exist_is_still_an_error() -> None:
    with _client(3600.0) as client:
        for _ in range(2):
            with pytest.raises(qd.QuoteNotFoundError):
                client.quotes("ZZZZ")
            with pytest.raises(qd.ContractNotFoundError):
                client.contract("DIA261218C00999000")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(("status", "kind"), [(404, qd.QuoteNotFoundError), (403, qd.EntitlementError)])
def test_what_is_no_longer_there_or_in_the_plan_is_an_error_though_it_once_came(
    simulator: Simulator, status: int, kind: type[Exception]
) -> None:
    with _client(3600.0, "massive") as client:
        client.chain("DIA", dte=(0, 45))
        simulator.faults.add(Fault("status", "massive", status=status))
        with pytest.raises(kind):
            client.chain("DIA", dte=(0, 45))


@pytest.mark.usefixtures("keys")
def test_bars_have_no_age_and_are_not_given_again(simulator: Simulator) -> None:
    with _client(3600.0) as client:
        client.bars("DIA", "1d", "2026-11-02", "2026-11-17")
        client._core.cache.clear()
        _bring_down(simulator)
        with pytest.raises(qd.AllProvidersFailedError):
            client.bars("DIA", "1d", "2026-11-02", "2026-11-17")
