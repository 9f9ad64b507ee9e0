"""Both vendors as one provider, in front of one simulated market that either of them shows, badly or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Final, TypeVar

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import quantdata as qd
from quantdata import portal, sim
from quantdata.clients import AsyncMassive, AsyncTradier, BarQuery, ChainQuery
from quantdata.clients.health import Health
from quantdata.clients.watched import Watched
from quantdata.errors import (
    AllProvidersFailedError,
    AuthenticationError,
    ContractNotFoundError,
    DataProviderError,
    EntitlementError,
    MaxRetriesError,
    QuoteNotFoundError,
    RateLimitError,
)
from quantdata.frames import columns
from quantdata.hybrid import AsyncHybrid
from quantdata.pricing.rates import DEFAULT_RATE, RateCurve
from quantdata.sim import Fault, Simulator
from quantdata.symbols import parse_option
from quantdata.validation import explain, quality
from quantdata.wire.metrics import Metrics
from quantdata.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

T = TypeVar("T")

POLICY: Final = RetryPolicy(first_delay_s=0.01, longest_delay_s=0.02)
HASTY: Final = RetryPolicy(deadline_s=0.6)
CHAIN: Final[dict[str, Any]] = {"underlying": "SPY", "expirations": "2026-12-18", "strikes": (660, 700)}
CONTRACT: Final = "SPY261218C00660000"
BUSY: Final = "SPY261118C00690000"
UNLISTED: Final = "SPY261218C00001000"
HOUR: Final = (datetime(2026, 11, 18, 15, 0, tzinfo=UTC), datetime(2026, 11, 18, 15, 10, tzinfo=UTC))
CHAINS: Final = "/v3/snapshot/options/*"
TRADIER_CHAINS: Final = "/v1/markets/options/*"
CLOCK: Final = "at:2026-11-18T11:00"

_keys: Final = count()


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


class Seen(Watched):
    """Massive, and what it gave last before anything was filled."""

    last: pl.DataFrame

    async def chain(self, query: ChainQuery) -> pl.DataFrame:
        self.last = await super().chain(query)
        return self.last


class Pair:
    """Both vendors behind one hybrid: accounts of their own, one clock for cool-downs, holds and filling."""

    def __init__(
        self,
        simulator: Simulator,
        *,
        key: str | None = None,
        sandbox: bool = False,
        policy: RetryPolicy = POLICY,
        **arguments: Any,
    ) -> None:
        account = f"{'sandbox-' if sandbox else ''}hybrid-{next(_keys)}"
        rates = RateCurve.of(DEFAULT_RATE)
        tradier_url = simulator.tradier_sandbox_url if sandbox else simulator.tradier_url
        self.simulator = simulator
        self.clock = Clock()
        self.metrics = Metrics()
        self.massive = Seen(
            AsyncMassive(key or account, base_url=simulator.base_url, policy=policy, metrics=self.metrics, rates=rates),
            health=Health("massive", clock=self.clock),
            metrics=self.metrics,
        )
        self.tradier = Watched(
            AsyncTradier(account, base_url=tradier_url, policy=POLICY, metrics=self.metrics, rates=rates),
            health=Health("tradier", clock=self.clock),
            metrics=self.metrics,
        )
        self.hybrid = AsyncHybrid(
            self.massive, self.tradier, metrics=self.metrics, rates=rates, clock=self.clock, **arguments
        )

    def chain(self, **changes: Any) -> pl.DataFrame:
        return portal.call(self.hybrid.chain(ChainQuery.of(**{**CHAIN, **changes})))

    def ask(self, asking: Callable[[AsyncHybrid], Coroutine[Any, Any, T]]) -> T:
        return portal.call(asking(self.hybrid))

    def fails(self, kind: type[DataProviderError], asking: Callable[[AsyncHybrid], Coroutine[Any, Any, Any]]) -> Any:
        with pytest.raises(kind) as caught:
            self.ask(asking)
        assert type(caught.value) is kind
        return caught.value

    def breaks(self, kind: Any, vendor: str = "massive", **facts: Any) -> None:
        self.simulator.faults.add(Fault(kind, vendor=vendor, **facts))

    def heals(self) -> None:
        self.simulator.faults.clear()

    @property
    def requests(self) -> tuple[int, int]:
        return self.massive.requests_sent, self.tradier.requests_sent

    def counted(self, metric: str) -> list[tuple[str | None, str | None, str | None, float]]:
        found = [each for each in self.metrics.counts() if each.metric == metric]
        return [(each.provider, each.endpoint, each.kind, each.value) for each in found]


class MakePair:
    """Makes pairs, and closes them in the end."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._made: list[Pair] = []

    def __call__(self, **arguments: Any) -> Pair:
        self._made.append(Pair(self._simulator, **arguments))
        return self._made[-1]

    def close(self) -> None:
        for pair in self._made:
            portal.call(pair.hybrid.close())


@pytest.fixture
def make(simulator: Simulator) -> Iterator[MakePair]:
    pairs = MakePair(simulator)
    yield pairs
    simulator.faults.clear()
    pairs.close()


@pytest.fixture
def pair(make: MakePair) -> Pair:
    return make()


def is_from(frame: pl.DataFrame, source: str) -> bool:
    return frame.get_column("source").unique().to_list() == [source]


def is_fallback(frame: pl.DataFrame) -> bool:
    """Tell whether an answer is Tradier's, whole, and says so in every way."""
    reasons = frame.get_column("fallback_reason")
    said = quality(frame)
    return (
        is_from(frame, "tradier")
        and reasons.null_count() == 0
        and reasons.str.starts_with("massive: ").all()
        and "fallback_used" in said.warnings
        and said.source == "tradier"
        and said.fallback_reason == reasons[0]
    )


# --- who answers ----------------------------------------------------------------------------------------------------


def test_a_healthy_massive_answers_alone(pair: Pair) -> None:
    chain = pair.chain()
    assert chain.height > 50
    assert is_from(chain, "massive")
    assert chain.get_column("fallback_reason").null_count() == chain.height
    assert quality(chain).warnings == ()
    assert quality(chain).confidence >= 95
    assert pair.requests[1] == 0
    assert pair.counted("fallbacks") == []


def test_what_massive_answers_is_handed_on_as_it_came(pair: Pair) -> None:
    assert_frame_equal(pair.chain(), pair.massive.last)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "status", "status": 503}, "MAX_RETRIES_EXCEEDED"),
        ({"kind": "drop"}, "MAX_RETRIES_EXCEEDED"),
        ({"kind": "html", "status": 200}, "MAX_RETRIES_EXCEEDED"),
        ({"kind": "status", "status": 429, "retry_after": 30}, "RATE_LIMITED"),
        ({"kind": "status", "status": 401}, "AUTHENTICATION_FAILED"),
        ({"kind": "status", "status": 403}, "NOT_ENTITLED"),
        ({"kind": "invalid_json"}, "BAD_PAYLOAD"),
        ({"kind": "truncated_gzip"}, "BAD_PAYLOAD"),
        ({"kind": "foreign_object"}, "BAD_PAYLOAD"),
        ({"kind": "empty_results"}, "QUOTE_NOT_FOUND"),
    ],
    ids=lambda each: "-".join(map(str, each.values())) if isinstance(each, dict) else each,
)
def test_tradier_answers_whole_where_massive_does_not(
    pair: Pair, fault: dict[str, Any], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    pair.chain()
    pair.breaks(**fault)
    chain = pair.chain()
    assert is_fallback(chain)
    assert chain.height == pair.massive.last.height
    assert quality(chain).confidence >= 90
    assert chain.item(0, "fallback_reason").startswith(f"massive: {code}: ")
    told = [record.getMessage() for record in caplog.records if record.name == "quantdata.hybrid"]
    assert [each.partition(" why=")[0] for each in told] == ["fallback question=chain about=SPY to=tradier"]
    assert pair.counted("fallbacks") == [("tradier", "chain", code, 1)]


@pytest.mark.parametrize("kind", ["timeout", "slow_bytes", "latency"])
def test_a_slow_massive_is_waited_for_no_longer_than_its_deadline(make: MakePair, kind: str) -> None:
    pair = make(policy=HASTY)
    pair.breaks(kind, seconds=30.0)
    chain = pair.chain()
    assert is_fallback(chain)
    assert chain.item(0, "fallback_reason").startswith("massive: UNAVAILABLE: no complete answer from ")


def test_a_part_of_a_chain_is_no_answer(pair: Pair) -> None:
    pair.breaks("small_pages", rows=12)
    pair.breaks("status", status=500, path=CHAINS, skip=2)
    chain = pair.chain()
    assert is_fallback(chain)
    assert chain.item(0, "fallback_reason").startswith("massive: INCOMPLETE: ")


def test_contracts_quotes_and_indices_fall_back_as_chains_do(pair: Pair) -> None:
    pair.breaks("status", status=503)
    for frame in (
        pair.ask(lambda hybrid: hybrid.contract(parse_option(CONTRACT))),
        pair.ask(lambda hybrid: hybrid.quotes(["SPY", "BRK.B"])),
        pair.ask(lambda hybrid: hybrid.indices(["SPX", "VIX"])),
    ):
        assert is_fallback(frame)
    assert [(endpoint, value) for _, endpoint, _, value in pair.counted("fallbacks")] == [
        ("contract", 1),
        ("indices", 1),
        ("quotes", 1),
    ]


def test_both_down_is_both_errors(pair: Pair) -> None:
    pair.breaks("status", status=503)
    pair.breaks("expired_token", vendor="tradier")
    failed = pair.fails(AllProvidersFailedError, lambda hybrid: hybrid.chain(ChainQuery.of(**CHAIN)))
    assert {name: type(error) for name, error in failed.errors.items()} == {
        "massive": MaxRetriesError,
        "tradier": AuthenticationError,
    }
    assert str(failed).startswith("chain of SPY: neither provider answered; ")
    assert failed.code.value == "ALL_PROVIDERS_FAILED"


# --- what neither has -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "question", "asking"),
    [
        (QuoteNotFoundError, "chain", lambda hybrid: hybrid.chain(ChainQuery.of("NOPE"))),
        (QuoteNotFoundError, "expirations", lambda hybrid: hybrid.expirations("NOPE", start=None, end=None)),
        (ContractNotFoundError, "contract", lambda hybrid: hybrid.contract(parse_option(UNLISTED))),
        (QuoteNotFoundError, "quotes", lambda hybrid: hybrid.quotes(["NOPE"])),
        (QuoteNotFoundError, "bars", lambda hybrid: hybrid.bars(BarQuery.of("NOPE", "1d", "2026-11-02", "2026-11-17"))),
    ],
)
def test_what_neither_knows_is_no_failure_of_theirs(pair: Pair, kind: Any, question: Any, asking: Any) -> None:
    for _ in range(4):
        error = pair.fails(kind, asking)
        assert error.provider == "massive"
        assert any("tradier has nothing either" in note for note in error.__notes__)
    assert pair.massive.health.allows(question)
    assert pair.tradier.health.allows(question)


def test_a_filter_that_leaves_nothing_is_an_empty_chain_and_no_fallback(pair: Pair) -> None:
    chain = pair.chain(strikes=(1.0, 2.0))
    assert chain.is_empty()
    assert pair.counted("fallbacks") == []


# --- plans ----------------------------------------------------------------------------------------------------------


def test_a_plan_without_chains_is_asked_once(make: MakePair) -> None:
    pair = make(key="sim-basic")
    assert is_fallback(pair.chain())
    asked = pair.massive.requests_sent
    second = pair.chain()
    assert is_fallback(second)
    assert second.item(0, "fallback_reason") == "massive: NOT_ENTITLED: the plan has no chain"
    assert pair.massive.requests_sent == asked
    assert pair.massive.health.allows("chain")


def test_a_plan_without_quotes_gets_them_from_tradier_with_the_price_they_belong_to(make: MakePair) -> None:
    pair = make(key="sim-starter")
    chain = pair.chain()
    said = quality(chain)
    assert quality(pair.massive.last).plan_lacks == ("quotes", "trades")
    # Massive's greeks are not of Tradier's quotes: the model's stand in their place.
    assert said.plan_lacks == ("trades",)
    assert said.warnings == ()
    assert dict(said.rules)["filled"] == chain.height
    assert "parity" not in said.rules
    assert is_from(chain, "hybrid")
    for name, source in {
        "quote_source": "tradier",
        "underlying_source": "tradier",
        "iv_source": "model",
        "greeks_source": "model",
        "day_source": "massive",
        "open_interest_source": "massive",
    }.items():
        assert chain.get_column(name).drop_nulls().unique().to_list() == [source], name
    # Massive's own is 15 minutes late.
    late = pair.massive.last.get_column("underlying_ts").max()
    assert isinstance(late, datetime)
    assert chain.item(0, "underlying_ts") - late > timedelta(minutes=14)
    assert pair.counted("filled_rows") == [("tradier", "chain", None, chain.height)]
    assert pair.counted("fallbacks") == []


def test_a_contract_of_a_plan_without_quotes_is_filled_too(make: MakePair) -> None:
    contract = make(key="sim-starter").ask(lambda hybrid: hybrid.contract(parse_option(CONTRACT)))
    assert contract.select("source", "quote_source", "greeks_source").row(0) == ("hybrid", "tradier", "model")


@pytest.mark.parametrize(("underlying", "question"), [("SPY", "quotes"), ("SPX", "indices")])
def test_a_plan_without_prices_of_the_underlying_gets_tradiers(make: MakePair, underlying: str, question: str) -> None:
    pair = make(key="sim-options-advanced")
    strikes = (660, 700) if underlying == "SPY" else (6800, 7000)
    chain = pair.chain(underlying=underlying, strikes=strikes)
    assert pair.massive.last.get_column("underlying_source").unique().to_list() == ["model"]
    assert chain.get_column("underlying_source").unique().to_list() == ["tradier"]
    assert chain.get_column("quote_source").unique().to_list() == ["massive"]
    assert chain.get_column("greeks_source").drop_nulls().unique().to_list() == ["massive"]
    assert quality(chain).warnings == ()
    # One question, kept for as long as the shortest refresh.
    sent = pair.tradier.requests_sent
    pair.chain(underlying=underlying, strikes=strikes)
    assert pair.tradier.requests_sent == sent
    pair.clock.now += 5.1
    pair.chain(underlying=underlying, strikes=strikes)
    assert pair.tradier.requests_sent == sent + 1
    assert [row.successes for row in pair.tradier.health.rows() if row.endpoint == question] == [2]


def test_a_price_that_tradier_does_not_give_is_the_models(make: MakePair) -> None:
    pair = make(key="sim-options-advanced")
    pair.breaks("status", vendor="tradier", status=503)
    for _ in range(4):
        chain = pair.chain()
        assert chain.get_column("underlying_source").unique().to_list() == ["model"]
        assert is_from(chain, "massive")
        pair.clock.now += 5.1
    # From the third failure on Tradier is left alone.
    assert [row.failures for row in pair.tradier.health.rows() if row.endpoint == "quotes"] == [3]


def test_entitlements_are_of_both(pair: Pair) -> None:
    frame = pair.ask(lambda hybrid: hybrid.entitlements())
    assert frame.schema == columns.schema(columns.ENTITLEMENTS)
    told = {(provider, block): entitled for provider, block, entitled, *_ in frame.rows()}
    assert told["massive", "option_quotes"] is True
    assert told["tradier", "option_quotes"] is False
    pair.breaks("expired_token", vendor="tradier")
    assert pair.ask(lambda hybrid: hybrid.entitlements()).get_column("provider").unique().len() == 2


# --- poor answers ---------------------------------------------------------------------------------------------------


def test_a_chain_that_cannot_be_trusted_is_the_better_of_both_for_a_minute(pair: Pair) -> None:
    pair.breaks("crossed_quotes")
    chain = pair.chain()
    assert is_fallback(chain)
    assert chain.item(0, "fallback_reason") == "massive: confidence 0; tradier: good"
    assert pair.counted("fallbacks") == [("tradier", "chain", "POOR_ANSWER", 1)]
    pair.heals()
    asked = pair.massive.requests_sent
    pair.clock.now += 59.0
    held = pair.chain()
    assert is_fallback(held)
    assert pair.massive.requests_sent == asked
    pair.clock.now += 2.0
    assert is_from(pair.chain(), "massive")
    assert pair.counted("fallbacks") == [("tradier", "chain", "POOR_ANSWER", 2)]


def test_a_poor_chain_that_nobody_can_better_says_what_it_is(pair: Pair) -> None:
    pair.breaks("crossed_quotes")
    pair.breaks("crossed_quotes", vendor="tradier")
    chain = pair.chain()
    assert is_from(chain, "massive")
    assert (quality(chain).confidence, quality(chain).quality) == (0, "poor")
    pair.heals()
    pair.breaks("crossed_quotes")
    pair.breaks("status", vendor="tradier", status=503)
    chain = pair.chain()
    assert is_from(chain, "massive")
    assert quality(chain).confidence == 0


def test_a_few_wrong_rows_are_no_reason_to_fall_back(pair: Pair) -> None:
    pair.breaks("crossed_quotes", share=0.2)
    chain = pair.chain()
    assert is_from(chain, "massive")
    assert pair.requests[1] == 0
    assert quality(chain).rules["crossed_quote"] > 0


# --- health and rates -----------------------------------------------------------------------------------------------


def test_three_failures_and_massive_is_skipped_until_a_probe_succeeds(pair: Pair) -> None:
    pair.breaks("status", status=503)
    for _ in range(3):
        assert is_fallback(pair.chain())
    asked = pair.massive.requests_sent
    skipped = pair.chain()
    assert is_fallback(skipped)
    assert "chain is skipped after 3 failures in a row" in skipped.item(0, "fallback_reason")
    assert pair.massive.requests_sent == asked
    pair.clock.now += 15.1
    assert is_fallback(pair.chain())
    assert pair.massive.requests_sent > asked
    pair.heals()
    asked = pair.massive.requests_sent
    assert is_fallback(pair.chain())
    assert pair.massive.requests_sent == asked
    pair.clock.now += 30.1
    assert is_from(pair.chain(), "massive")
    assert is_from(pair.chain(), "massive")


def test_one_question_may_be_ill_while_others_are_well(pair: Pair) -> None:
    pair.breaks("status", status=503, path=CHAINS)
    for _ in range(4):
        assert is_fallback(pair.chain())
    assert is_from(pair.ask(lambda hybrid: hybrid.quotes(["SPY"])), "massive")


def test_a_refusal_for_the_rate_is_no_strike_and_nobody_waits_for_it(pair: Pair) -> None:
    pair.breaks("status", status=429, retry_after=30, times=1, path=CHAINS)
    for _ in range(4):
        chain = pair.chain()
        assert is_fallback(chain)
        assert chain.item(0, "fallback_reason").startswith("massive: RATE_LIMITED: ")
    assert "it has asked to wait; it is left alone for another 30 s" in chain.item(0, "fallback_reason")
    assert pair.massive.health.allows("chain")
    assert [row.failures for row in pair.massive.health.rows() if row.endpoint == "chain"] == [0]
    # Massive counts all requests of an account together.
    assert is_fallback(pair.ask(lambda hybrid: hybrid.quotes(["SPY"])))


def test_both_refusing_for_their_rates_tell_when_to_come_back(pair: Pair) -> None:
    pair.breaks("status", status=429, retry_after=40, path=CHAINS)
    pair.breaks("quota_violation", vendor="tradier", seconds=20, path=TRADIER_CHAINS)
    for _ in range(2):
        failed = pair.fails(AllProvidersFailedError, lambda hybrid: hybrid.chain(ChainQuery.of(**CHAIN)))
        assert {type(error) for error in failed.errors.values()} == {RateLimitError}
        assert 10 < failed.retry_after_s < 30
    # Tradier counts by endpoint: quotes can be had.
    assert is_fallback(pair.ask(lambda hybrid: hybrid.quotes(["SPY"])))


def test_an_answer_in_a_queue_is_not_waited_for_where_tradier_has_one(make: MakePair) -> None:
    pair = make(patience_s=0.4)
    # Another user of the account was refused, so that the requests of the chain queue up.
    pair.breaks("status", status=429, retry_after=30, times=1)
    with pytest.raises(RateLimitError):
        portal.call(pair.massive.quotes(["SPY"]))
    chain = pair.chain()
    assert is_fallback(chain)
    reason = chain.item(0, "fallback_reason")
    assert reason.startswith("massive: UNAVAILABLE: no answer to chain within 0.4 s (massive asked for 30 s of rest; ")
    sent = pair.massive.requests_sent
    chain = pair.chain()
    assert chain.item(0, "fallback_reason").endswith("; it is left alone for another 60 s")
    assert pair.massive.requests_sent == sent


# --- late data ------------------------------------------------------------------------------------------------------


def test_the_sandbox_stands_in_for_nobody(make: MakePair) -> None:
    pair = make(sandbox=True)
    assert is_from(pair.chain(), "massive")
    pair.breaks("status", status=503)
    failed = pair.fails(AllProvidersFailedError, lambda hybrid: hybrid.chain(ChainQuery.of(**CHAIN)))
    assert type(failed.errors["tradier"]) is EntitlementError
    assert "delayed_fallback=True" in str(failed)
    assert pair.requests[1] == 0


def test_the_sandbox_fills_and_mends_nothing(make: MakePair) -> None:
    pair = make(sandbox=True)
    pair.breaks("missing_blocks", blocks=("last_quote",), share=0.1, path=CHAINS)
    assert is_from(pair.chain(), "massive")
    assert pair.ask(lambda hybrid: hybrid.quotes(["SPY", "NOPE"])).get_column("source").to_list() == ["massive"] * 2
    assert pair.requests[1] == 0


def test_the_sandbox_stands_in_where_that_is_asked_for(make: MakePair) -> None:
    pair = make(sandbox=True, allow_delayed=True)
    pair.breaks("status", status=503)
    chain = pair.chain()
    assert is_fallback(chain)
    quoted = chain.get_column("quote_ts").max()
    assert isinstance(quoted, datetime)
    assert chain.item(0, "snapshot_ts") - quoted > timedelta(minutes=14)


# --- gaps -----------------------------------------------------------------------------------------------------------


def test_exactly_the_rows_without_a_quote_are_filled_with_whole_groups(pair: Pair) -> None:
    tradier = portal.call(pair.tradier.chain(ChainQuery.of(**CHAIN)))
    pair.breaks("missing_blocks", blocks=("last_quote", "greeks"), share=0.1, path=CHAINS)
    chain = pair.chain()
    missing = pair.massive.last.get_column("quote_source").is_null()
    assert 1 <= missing.sum() < chain.height / 2
    filled, others = chain.filter(missing), chain.filter(~missing)
    quote = [column.name for column in columns.QUOTE]
    assert_frame_equal(
        filled.select("contract_symbol", *quote),
        tradier.join(filled, on="contract_symbol", how="semi", maintain_order="left").select("contract_symbol", *quote),
    )
    assert is_from(filled, "hybrid")
    assert filled.get_column("warnings").list.contains("filled").all()
    assert filled.get_column("greeks_source").drop_nulls().unique().to_list() == ["model"]
    assert filled.get_column("iv_source").drop_nulls().unique().to_list() == ["model"]
    assert filled.get_column("quote_feed").unique().to_list() == ["realtime"]
    assert filled.get_column("day_source").drop_nulls().unique().to_list() == ["massive"]
    # What was not missing is Massive's as it came; only the model's columns may follow the new quotes.
    kept = [
        column.name
        for group in (columns.CONTRACT, columns.UNDERLYING, columns.QUOTE, columns.TRADE, columns.DAY)
        for column in group
        if column.name != "forward_price"
    ]
    assert_frame_equal(others.select(kept), pair.massive.last.filter(~missing).select(kept))
    assert is_from(others, "massive")
    assert not others.get_column("warnings").list.contains("filled").any()
    assert quality(chain).source == "hybrid"
    assert quality(chain).confidence >= 90
    sentences = explain(chain, filled.item(0, "contract_symbol"))
    assert any("from the other vendor" in sentence for sentence in sentences)
    assert pair.counted("filled_rows") == [("tradier", "chain", None, filled.height)]


def test_nothing_is_filled_where_tradier_is_down_and_the_gap_is_seen(pair: Pair) -> None:
    pair.breaks("missing_blocks", blocks=("last_quote",), share=0.1, path=CHAINS)
    pair.breaks("status", vendor="tradier", status=503)
    chain = pair.chain()
    assert is_from(chain, "massive")
    missing = chain.get_column("quote_source").is_null()
    assert missing.any()
    assert chain.filter(missing).get_column("warnings").list.contains("no_quote").all()


def test_wrong_quotes_fill_nothing(pair: Pair) -> None:
    pair.breaks("missing_blocks", blocks=("last_quote",), share=0.1, path=CHAINS)
    pair.breaks("crossed_quotes", vendor="tradier")
    assert is_from(pair.chain(), "massive")


@pytest.mark.parametrize(
    ("symbols", "question", "value"),
    [(["SPX", "VIX", "NDX", "DJI"], "indices", "value"), (["SPY", "QQQ", "IWM", "DIA"], "quotes", "price")],
)
def test_rows_that_massive_refuses_are_tradiers(pair: Pair, symbols: list[str], question: str, value: str) -> None:
    pair.breaks("row_errors", share=0.5)
    for _ in range(6):  # the dice of the fault may hit all of them or none
        quotes = pair.ask(lambda hybrid: getattr(hybrid, question)(symbols))
        if quotes.get_column("source").n_unique() == 2:
            break
    assert quotes.get_column("symbol").to_list() == symbols
    mended, own = quotes.filter(source="tradier"), quotes.filter(source="massive")
    assert mended.get_column("fallback_reason").str.starts_with("massive: ").all()
    assert mended.height + own.height == 4
    assert mended.get_column(value).null_count() == 0
    assert mended.get_column("vendor_error").null_count() == mended.height
    assert own.get_column("fallback_reason").null_count() == own.height
    assert "fallback_used" in quality(quotes).warnings


def test_a_symbol_that_neither_knows_keeps_its_refusal_among_others(pair: Pair) -> None:
    quotes = pair.ask(lambda hybrid: hybrid.quotes(["SPY", "NOPE"]))
    assert quotes.get_column("source").to_list() == ["massive", "massive"]
    assert quotes.get_column("vendor_error").is_null().to_list() == [True, False]
    assert quotes.get_column("fallback_reason").null_count() == 2


# --- the other questions --------------------------------------------------------------------------------------------


def test_minutes_of_an_index_are_massives_alone(pair: Pair) -> None:
    query = BarQuery.of("I:SPX", "5m", "2026-11-17", "2026-11-17")
    assert is_from(pair.ask(lambda hybrid: hybrid.bars(query)), "massive")
    pair.breaks("status", status=503)
    failed = pair.fails(AllProvidersFailedError, lambda hybrid: hybrid.bars(query))
    assert type(failed.errors["tradier"]) is EntitlementError


def test_bars_days_and_prints_are_whole_from_either(pair: Pair) -> None:
    def daily(hybrid: AsyncHybrid) -> Coroutine[Any, Any, pl.DataFrame]:
        return hybrid.bars(BarQuery.of("SPY", "1d", "2026-11-02", "2026-11-17"))

    def prints(hybrid: AsyncHybrid) -> Coroutine[Any, Any, pl.DataFrame]:
        return hybrid.trades("SPY", start=HOUR[0], end=HOUR[1])

    def days(hybrid: AsyncHybrid) -> Coroutine[Any, Any, list[date]]:
        return hybrid.expirations("SPY", start=None, end=date(2027, 1, 31))

    bars, tape, listed = pair.ask(daily), pair.ask(prints), pair.ask(days)
    status = pair.ask(lambda hybrid: hybrid.market_status())
    assert (is_from(bars, "massive"), is_from(tape, "massive"), status.source) == (True, True, "massive")
    assert pair.requests[1] == 0
    pair.breaks("status", status=503)
    others = pair.ask(daily)
    assert is_from(others, "tradier")
    assert_frame_equal(others.select("ts", "close", "volume"), bars.select("ts", "close", "volume"))
    assert is_from(pair.ask(prints), "tradier")
    assert tape.height > 1_000
    assert pair.ask(days) == listed
    status = pair.ask(lambda hybrid: hybrid.market_status())
    assert (status.source, status.market) == ("tradier", "open")


def test_a_tape_that_tells_who_bought_is_massives_alone(pair: Pair) -> None:
    tape = pair.ask(lambda hybrid: hybrid.option_tape(BUSY, start=HOUR[0], end=HOUR[1]))
    assert is_from(tape.trades, "massive")
    pair.breaks("status", status=503)
    failed = pair.fails(AllProvidersFailedError, lambda hybrid: hybrid.option_tape(BUSY, start=HOUR[0], end=HOUR[1]))
    assert type(failed.errors["tradier"]) is EntitlementError


# --- side by side ---------------------------------------------------------------------------------------------------


def test_one_market_looks_alike_from_both_sides(pair: Pair) -> None:
    seen = pair.ask(lambda hybrid: hybrid.compare(ChainQuery.of("DIA"), expirations=2))
    assert seen.schema == columns.schema(columns.COMPARISON)
    assert seen.get_column("expiration").n_unique() == 2
    assert_frame_equal(
        seen.select(pl.col("massive_bid", "massive_ask").name.map(lambda name: name.removeprefix("massive_"))),
        seen.select(pl.col("tradier_bid", "tradier_ask").name.map(lambda name: name.removeprefix("tradier_"))),
    )
    compared = seen.drop_nulls("mid_difference")
    assert compared.height > seen.height / 3
    for name in ("mid_difference", "mid_difference_ticks"):
        assert compared.get_column(name).abs().max() == 0.0
    differences = seen.get_column("iv_difference_points").drop_nulls()
    assert differences.len() > 50
    assert float(differences.abs().max()) < 1e-3  # type: ignore[arg-type]  # not null: just counted


@pytest.mark.parametrize("vendor", ["massive", "tradier"])
def test_quotes_of_two_moments_are_not_compared(pair: Pair, vendor: str) -> None:
    pair.breaks("stale_times", vendor=vendor, seconds=60.0)
    seen = pair.ask(lambda hybrid: hybrid.compare(ChainQuery.of("DIA"), expirations=1))
    assert seen.height > 0
    assert seen.get_column("quote_gap_s").drop_nulls().abs().min() >= 58  # type: ignore[operator]
    for name in ("mid_difference", "mid_difference_ticks", "mid_difference_spreads", "iv_difference_points"):
        assert seen.get_column(name).null_count() == seen.height


def test_to_compare_takes_both(pair: Pair) -> None:
    pair.breaks("expired_token", vendor="tradier")
    pair.fails(AuthenticationError, lambda hybrid: hybrid.compare(ChainQuery.of("DIA"), expirations=1))


# --- through the client ---------------------------------------------------------------------------------------------


@pytest.fixture
def environment(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    number = next(_keys)
    monkeypatch.setenv("MASSIVE_API_KEY", f"client-{number}-massive")
    monkeypatch.setenv("MASSIVE_BASE_URL", simulator.base_url)
    monkeypatch.setenv("TRADIER_ACCESS_TOKEN", f"client-{number}-tradier")
    monkeypatch.setenv("TRADIER_BASE_URL", simulator.tradier_url)
    yield
    simulator.faults.clear()


def client_chain(client: qd.Client, **changes: Any) -> pl.DataFrame:
    return client.chain(**{**CHAIN, **changes})


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("source", ["hybrid", None])
def test_two_keys_in_the_environment_are_a_hybrid_client(simulator: Simulator, source: Any) -> None:
    with qd.Client(source, cache_ttl={"chain": 0.0}) as client:
        assert is_from(client_chain(client), "massive")
        simulator.faults.add(Fault("status", status=401))
        chain = client_chain(client)
        assert is_fallback(chain)
        assert qd.quality(chain).fallback_reason == chain.item(0, "fallback_reason")
        health = client.health().filter(endpoint="chain")
        assert health.select("provider", "successes", "failures").rows() == [("massive", 1, 1), ("tradier", 1, 0)]
        assert client.metrics().filter(metric="fallbacks").select("provider", "endpoint", "kind", "value").rows() == [
            ("tradier", "chain", "AUTHENTICATION_FAILED", 1.0)
        ]


@pytest.mark.usefixtures("environment")
def test_filters_of_ours_come_after_the_judgement() -> None:
    with qd.Client("hybrid") as client:
        nothing = client_chain(client, min_open_interest=10**9)
        assert nothing.is_empty()
        poor = client_chain(client, where=pl.col("liquidity") == "poor")
        assert poor.height < client_chain(client).height
        assert client.metrics().filter(metric="fallbacks").is_empty()
        assert client.metrics().filter(metric="requests", provider="tradier").is_empty()


def test_the_simulated_market_runs_through_the_hybrid() -> None:
    simulator = sim.shared(seed=7, clock=CLOCK)
    with qd.Client("sim", clock=CLOCK, cache_ttl={"chain": 0.0}) as client:
        assert is_from(client_chain(client), "massive")
        simulator.faults.add(Fault("status", status=401))
        try:
            assert is_fallback(client_chain(client))
            simulator.faults.add(Fault("expired_token", vendor="tradier"))
            with pytest.raises(AllProvidersFailedError):
                client_chain(client, strikes=(640, 650))
        finally:
            simulator.faults.clear()
