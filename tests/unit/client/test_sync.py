"""The client for scripts: waited for, warned where the caller is, usable after Ctrl-C."""

from __future__ import annotations

import asyncio
import copy
import pickle
import warnings
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import quantdata as qd
from quantdata import portal
from quantdata.frames.columns import HEALTH, METRICS, empty
from tests.unit.conftest import bar_rows, contract_row, index_row, stock_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.conftest import Vendor

KEY = "k3y-that-nobody-may-see"
STOCKS = "/v2/snapshot/locale/us/markets/stocks/tickers"


def offer_everything(market: Vendor) -> None:
    """Answer every endpoint with a little."""
    market.chain("SPY", [contract_row(600.0, kind) for kind in ("call", "put")])
    market.on("/v3/snapshot/options/SPY/O:", {"status": "OK", "results": contract_row(600.0)})
    market.on(STOCKS, {"status": "OK", "tickers": [stock_row("SPY")]})
    market.rows("/v3/snapshot/indices", [index_row("SPX")])
    market.on("/v2/aggs", {"status": "OK", "results": bar_rows(date(2026, 11, 2), 3)})
    market.rows("/v3/trades", [{"sip_timestamp": 1_795_021_200_000_000_000, "price": 600.0, "size": 1}])
    market.rows("/v3/quotes", [])
    market.contracts([date(2026, 12, 18)])
    market.on("/v1/marketstatus/now", {"market": "open", "serverTime": "2026-11-18T12:00:00-05:00"})


@pytest.fixture
def client(market: Vendor, monkeypatch: pytest.MonkeyPatch) -> Iterator[qd.Client]:
    """Return a client of a vendor that has a little of everything."""
    offer_everything(market)
    monkeypatch.setenv("MASSIVE_API_KEY", KEY)
    with qd.Client() as made:
        yield made


QUESTIONS: list[tuple[Callable[[Any], Any], type]] = [
    (lambda client: client.chain("SPY"), pl.DataFrame),
    (lambda client: client.contract("SPY261218C00600000"), pl.DataFrame),
    (lambda client: client.contract("SPY", 600, "2026-12-18", "put"), pl.DataFrame),
    (lambda client: client.expirations("SPY"), list),
    (lambda client: client.quotes("SPY"), pl.DataFrame),
    (lambda client: client.indices(["SPX"]), pl.DataFrame),
    (lambda client: client.bars("SPY", "1d", "2026-11-02", "2026-11-06"), pl.DataFrame),
    (lambda client: client.bars(["SPY", "SPX"], "1d", "2026-11-02", "2026-11-06"), pl.DataFrame),
    (lambda client: client.trades("SPY", "2026-11-18", "2026-11-18"), pl.DataFrame),
    (lambda client: client.indicators("SPX", "1d"), pl.DataFrame),
    (lambda client: client.flow("SPY", top=0), pl.DataFrame),
    (lambda client: client.market_status(), qd.MarketStatus),
]


@pytest.mark.parametrize(("question", "kind"), QUESTIONS)
def test_every_question_has_an_answer_which_is_kept(
    client: qd.Client, market: Vendor, question: Callable[[Any], Any], kind: type
) -> None:
    first = question(client)
    assert isinstance(first, kind)
    assert len(first) > 0 if isinstance(first, pl.DataFrame | list) else first == question(client)
    asked = len(market.requests)
    again = question(client)
    assert len(market.requests) == asked
    assert again is not first or isinstance(first, qd.MarketStatus)


def test_bars_of_several_symbols_come_in_the_order_asked(client: qd.Client) -> None:
    bars = client.bars(["SPY", "SPX"], "1d", "2026-11-02", "2026-11-06")
    assert bars.get_column("symbol").to_list() == ["SPY"] * 3 + ["SPX"] * 3


def test_entitlements_are_asked_every_time(client: qd.Client, market: Vendor) -> None:
    client.entitlements()
    asked = len(market.requests)
    assert client.entitlements().height == 10
    assert len(market.requests) > asked


def test_health_and_metrics_tell_what_has_been_asked(client: qd.Client) -> None:
    client.chain("SPY")
    client.chain("SPY")
    (row,) = client.health().rows(named=True)
    assert (row["provider"], row["endpoint"], row["is_healthy"], row["successes"]) == ("massive", "chain", True, 1)
    counted = {(metric, endpoint): value for metric, _, endpoint, _, value, _ in client.metrics().rows()}
    assert counted["requests", "/v3/snapshot/options/*"] == 1.0
    assert (counted["rows", "chain"], counted["cache_hits", "chain"], counted["cache_misses", "chain"]) == (2, 1, 1)


def test_a_client_that_asked_nothing_has_nothing_to_tell_and_connects_to_nobody(
    client: qd.Client, market: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: object) -> None:
        pytest.fail("the portal was asked for")

    with monkeypatch.context() as patch:
        patch.setattr(portal, "spawn", start)
        assert client.health().equals(empty(HEALTH))
        assert client.metrics().equals(empty(METRICS))
    assert (market.requests, client._core._provider) == ([], None)


def test_a_vendor_that_stays_down_is_unhealthy_until_it_answers(client: qd.Client, market: Vendor) -> None:
    good = market.answering(STOCKS)
    market.on(STOCKS, {"status": "ERROR", "error": "Unknown API Key"}, status=401)
    for _ in range(3):
        with pytest.raises(qd.AuthenticationError):
            client.quotes("SPY")
    (row,) = client.health().rows(named=True)
    assert (row["is_healthy"], row["consecutive_failures"], row["last_error_code"]) == (
        False,
        3,
        "AUTHENTICATION_FAILED",
    )
    market.on(STOCKS, good)
    assert client.quotes("SPY").height == 1  # the only source is asked all the same
    assert client.health().get_column("is_healthy").to_list() == [True]


def test_a_call_works_inside_a_running_loop(client: qd.Client) -> None:
    async def cell() -> int:
        return client.quotes("SPY").height

    assert asyncio.run(cell()) == 1


def test_a_closed_client_answers_again(client: qd.Client) -> None:
    client.market_status()
    client.close()
    client.close()
    assert client.quotes("SPY").height == 1


def test_a_frame_can_be_damaged_without_harm(client: qd.Client) -> None:
    quotes = client.quotes("SPY")
    quotes[0, "price"] = -1.0
    quotes.insert_column(0, pl.Series("mine", [1]))
    assert client.quotes("SPY").get_column("price").to_list() == [600.0]


# --- warnings and secrets -------------------------------------------------------------------------------------------


def test_a_missing_quote_warns_where_the_caller_is(client: qd.Client) -> None:
    with pytest.warns(qd.QuantDataWarning, match="no quote for XYZ: NOT_FOUND") as caught:
        quotes = client.quotes(["SPY", "XYZ"])
    assert [warning.filename for warning in caught] == [__file__]
    assert quotes.get_column("vendor_error").null_count() == 1


def test_a_missing_quote_warns_from_the_cache_too(client: qd.Client) -> None:
    for _ in range(2):
        with pytest.warns(qd.QuantDataWarning, match="no quote for NDX"):
            client.indices(["SPX", "NDX"])


def test_a_good_answer_warns_of_nothing(client: qd.Client) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.quotes("SPY")


def test_the_key_shows_nowhere(client: qd.Client, market: Vendor, caplog: pytest.LogCaptureFixture) -> None:
    market.on(STOCKS, {"status": "ERROR", "error": f"Unknown API Key {KEY}"}, status=401)
    with caplog.at_level("DEBUG"), pytest.raises(qd.AuthenticationError) as failure:
        client.quotes("SPY")
    shown = [repr(client), str(client), str(failure.value), repr(failure.value), repr(vars(failure.value)), caplog.text]
    assert KEY not in "".join(shown)
    assert repr(client) == "Client(source='massive')"


def test_a_source_that_is_not_there_is_refused() -> None:
    with pytest.raises(qd.ConfigError, match="MASSIVE_API_KEY"):
        qd.Client()
    with pytest.raises(qd.ConfigError, match="source must be"):
        qd.Client("yahoo")  # type: ignore[arg-type]
    with pytest.raises(qd.ArgumentError, match="cache_ttl"):
        qd.Client("sim", cache_ttl={"chains": 1.0})


# --- copies ---------------------------------------------------------------------------------------------------------


def _pickled(client: Any) -> Any:
    return pickle.loads(pickle.dumps(client))  # noqa: S301  # our own


COPIES: list[Callable[[Any], Any]] = [_pickled, copy.copy, copy.deepcopy]


@pytest.mark.parametrize("copied", COPIES, ids=["pickle", "copy", "deepcopy"])
@pytest.mark.parametrize("kind", [qd.Client, qd.AsyncClient])
@pytest.mark.parametrize(
    "settings",
    [{"source": "massive"}, {"source": "sim", "seed": 11, "clock": "live", "cache_ttl": {"chain": 0.0}}],
    ids=["massive", "sim"],
)
def test_a_copy_of_a_client_is_an_equal_client_of_its_own(
    monkeypatch: pytest.MonkeyPatch, copied: Callable[[Any], Any], kind: Any, settings: dict[str, Any]
) -> None:
    monkeypatch.setenv("MASSIVE_API_KEY", KEY)
    original = kind(**settings)
    made = copied(original)
    assert type(made) is kind
    assert made is not original
    assert made._core is not original._core
    assert made._core.settings == original._core.settings
    assert settings.items() <= made._core.settings.items()
    assert repr(made) == repr(original)


@pytest.mark.parametrize("kind", [qd.Client, qd.AsyncClient])
def test_a_pickled_client_holds_no_key_and_needs_one_where_it_is_made_again(
    monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    monkeypatch.setenv("MASSIVE_API_KEY", KEY)
    pickled = pickle.dumps(kind())
    assert KEY.encode() not in pickled
    monkeypatch.delenv("MASSIVE_API_KEY")
    with pytest.raises(qd.ConfigError, match="MASSIVE_API_KEY"):
        pickle.loads(pickled)  # noqa: S301  # our own


def test_a_used_client_can_be_copied(client: qd.Client) -> None:
    client.quotes("SPY")
    with copy.deepcopy(client) as made:
        answers = [each.quotes("SPY").drop("received_ts", "age_s") for each in (made, client)]
    assert_frame_equal(*answers)
