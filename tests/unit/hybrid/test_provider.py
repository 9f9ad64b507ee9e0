"""What the hybrid adds to routing and filling: prices, mended quotes, both plans, and how often the second is asked."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest

from quantdata.clients.bar_query import BarQuery
from quantdata.clients.capabilities import Capabilities
from quantdata.clients.chain_query import ChainQuery
from quantdata.clients.dividends import NOT_KNOWN
from quantdata.clients.health import Health
from quantdata.clients.watched import Watched
from quantdata.errors import (
    AllProvidersFailedError,
    AuthenticationError,
    QuoteNotFoundError,
    UnavailableError,
)
from quantdata.frames.columns import BARS, EQUITY_QUOTES, INDEX_QUOTES, schema
from quantdata.frames.model import with_model
from quantdata.hybrid import AsyncHybrid
from quantdata.hybrid import provider as module
from quantdata.pricing.rates import RateCurve
from quantdata.validation import validate
from quantdata.wire.limits import Budget, Pause
from quantdata.wire.metrics import Metrics
from tests.unit.hybrid.chains import EXPIRATION, chain, row

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

RATES: Final = RateCurve.of(0.04)
UNDERLYINGS: Final = ("SPY", "QQQ", "IWM", "DIA")
PER_MINUTE: Final = 120.0


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def fresh(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows that have just arrived."""
    return frame.with_columns(received_ts=pl.lit(datetime.now(UTC), pl.Datetime("us", "UTC")))


@dataclass
class Vendor:
    """A provider with a whole chain on every underlying; it counts its requests as Tradier's client sends them."""

    name: str
    clock: Clock
    days: Sequence[date] = (EXPIRATION,)
    lacks: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None
    quotes_lack: tuple[str, ...] = ()
    has_bars: bool = True
    is_delayed: bool = False
    per_minute: float = PER_MINUTE
    sent_at: list[tuple[float, str]] = field(default_factory=list)
    asked: list[tuple[str, object]] = field(default_factory=list)
    waits: asyncio.Event | None = None
    begun: asyncio.Semaphore | None = None
    pause: Pause | None = None
    has_closed: int = 0
    capabilities: Capabilities = field(init=False)

    def __post_init__(self) -> None:
        self.capabilities = Capabilities(self.name)

    @property
    def requests_sent(self) -> int:
        return len(self.sent_at)

    def budgets(self) -> list[Budget]:
        return [Budget("/chains", self.per_minute, 100, 30.0, self.pause)]

    def now(self) -> datetime:
        return datetime(2026, 11, 18, 16, tzinfo=UTC)

    async def present(self) -> datetime:
        return self.now()

    async def dividends(self, underlying: str) -> pl.DataFrame:
        del underlying
        return NOT_KNOWN

    async def chain(self, query: ChainQuery) -> pl.DataFrame:
        low, high = query.expirations
        days = [day for day in self.days if (low is None or low <= day) and (high is None or day <= high)]
        await self._asked("chain", (query.underlying, len(days)), requests=len(days) + 2)
        rows = [
            row(
                self.name,
                underlying_symbol=query.underlying,
                root_symbol=query.underlying,
                contract_symbol=f"{query.underlying}{day:%y%m%d}C00600000",
                expiration=day,
                **self.lacks,
            )
            for day in days
        ]
        return fresh(chain(*rows))

    async def quotes(self, tickers: Sequence[str]) -> pl.DataFrame:
        await self._asked("quotes", tuple(tickers), requests=1)
        return self._quoted(tickers, "price", EQUITY_QUOTES)

    async def indices(self, tickers: Sequence[str]) -> pl.DataFrame:
        await self._asked("indices", tuple(tickers), requests=1)
        return self._quoted(tickers, "value", INDEX_QUOTES)

    async def expirations(self, underlying: str, *, start: date | None, end: date | None) -> list[date]:
        await self._asked("expirations", underlying, requests=1)
        return [day for day in self.days if (start is None or start <= day) and (end is None or day <= end)]

    async def bars(self, query: BarQuery) -> pl.DataFrame:
        await self._asked("bars", query.symbol, requests=1)
        row = {"symbol": query.symbol, "ts": query.start, "source": self.name}
        return pl.DataFrame([row] * self.has_bars, schema=schema(BARS), orient="row")

    def kept_since(self, query: BarQuery) -> date | None:
        del query
        return self.days[0]

    async def entitlements(self) -> pl.DataFrame:
        await self._asked("entitlements", None, requests=10)
        return self.capabilities.frame()

    async def close(self) -> None:
        self.has_closed += 1

    def _quoted(self, tickers: Sequence[str], value: str, columns: Any) -> pl.DataFrame:
        rows = [
            {
                "symbol": ticker,
                value: None if ticker in self.quotes_lack else 601.0,
                "source": self.name,
                "feed": "realtime",
                "snapshot_ts": self.now(),
                "received_ts": datetime.now(UTC),
            }
            for ticker in tickers
        ]
        return pl.DataFrame(rows, schema=schema(columns), orient="row")

    async def _asked(self, question: str, about: object, *, requests: int) -> None:
        self.asked.append((question, about))
        self.sent_at.extend([(self.clock.now, question)] * requests)
        if self.begun is not None:
            self.begun.release()
        if self.waits is not None:
            await self.waits.wait()
        if self.error is not None:
            raise self.error


class Pair:
    """Two vendors behind one hybrid, and a clock that stands still until it is moved."""

    def __init__(
        self, *, massive: dict[str, Any] | None = None, tradier: dict[str, Any] | None = None, **arguments: Any
    ) -> None:
        self.clock = Clock()
        self.massive = Vendor("massive", self.clock, **(massive or {}))
        self.tradier = Vendor("tradier", self.clock, **(tradier or {}))
        self.metrics = Metrics()
        watched = [
            Watched(each, health=Health(each.name, clock=self.clock), metrics=self.metrics)  # type: ignore[arg-type]
            for each in (self.massive, self.tradier)
        ]
        self.first, self.second = watched
        self.hybrid = AsyncHybrid(*watched, metrics=self.metrics, rates=RATES, clock=self.clock, **arguments)


def run(asking: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(asking())


def asked_chain(pair: Pair, underlying: str = "SPY") -> pl.DataFrame:
    frame: pl.DataFrame = run(lambda: pair.hybrid.chain(ChainQuery.of(underlying)))
    return frame


NO_QUOTE: Final[dict[str, Any]] = {"quote_source": None}
NO_PRICE: Final[dict[str, Any]] = dict.fromkeys(
    ("underlying_price", "underlying_ts", "underlying_source", "moneyness"),
)


# --- within half of the second's rate -------------------------------------------------------------------------------

# SPY has 33 expirations on most days; the others have about as many.
DAYS: Final = [date(2026, 11, 18) + timedelta(days=number) for number in range(33)]


async def polled(pair: Pair, *, minutes: int) -> dict[str, list[pl.DataFrame]]:
    """Poll four chains every 5 seconds for some minutes of the pair's clock."""
    seen: dict[str, list[pl.DataFrame]] = {underlying: [] for underlying in UNDERLYINGS}
    for _ in range(12 * minutes):
        for underlying in UNDERLYINGS:
            seen[underlying].append(await pair.hybrid.chain(ChainQuery.of(underlying)))
        pair.clock.now += 5.0
    await pair.hybrid.close()
    return seen


def most_in_a_minute(sent_at: Sequence[tuple[float, str]]) -> int:
    """Return the most requests in any minute, wherever it begins."""
    times = [at for at, _ in sent_at]
    return max((sum(begin <= at < begin + 60.0 for at in times) for begin in set(times)), default=0)


@pytest.mark.parametrize(
    ("lacks", "minutes"), [(NO_QUOTE, 10), ({**NO_QUOTE, **NO_PRICE}, 3)], ids=["starter", "options starter"]
)
def test_a_plan_without_quotes_costs_tradier_half_its_rate_and_all_have_their_turn(
    lacks: dict[str, Any], minutes: int
) -> None:
    pair = Pair(massive={"days": DAYS, "lacks": lacks}, tradier={"days": DAYS})
    seen = run(lambda: polled(pair, minutes=minutes))
    sent = pair.tradier.sent_at
    assert most_in_a_minute(sent) <= PER_MINUTE / 2
    # And it is made use of.
    assert len(sent) >= 0.75 * minutes * PER_MINUTE / 2
    filled = Counter(about[0] for question, about in pair.tradier.asked if question == "chain")  # type: ignore[index]
    assert set(filled) == set(UNDERLYINGS)
    assert min(filled.values()) >= minutes / 3
    for underlying, frames in seen.items():
        last = frames[-1]
        assert last.height == len(DAYS)
        assert last.get_column("quote_source").null_count() == 0, underlying
        # Each expiration has been asked for within the time that all of them take.
        assert float(last.get_column("age_s").max() or 0.0) < 60.0
    first_filled = {
        underlying: next(number for number, frame in enumerate(frames) if frame["quote_source"].null_count() == 0)
        for underlying, frames in seen.items()
    }
    assert max(first_filled.values()) * 5 <= 60.0 * len(UNDERLYINGS) * len(DAYS) / (PER_MINUTE / 2) + 60.0


def test_a_healthy_chain_costs_tradier_nothing() -> None:
    pair = Pair(massive={"days": DAYS[:3]}, tradier={"days": DAYS[:3]})
    seen = run(lambda: polled(pair, minutes=10))
    assert pair.tradier.sent_at == []
    assert {frame.get_column("source").unique().to_list()[0] for frames in seen.values() for frame in frames} == {
        "massive"
    }


def test_prices_alone_stay_within_half_the_rate_too() -> None:
    pair = Pair(massive={"days": DAYS[:1], "lacks": NO_PRICE}, tradier={"days": DAYS[:1], "per_minute": 40.0})
    seen = run(lambda: polled(pair, minutes=3))
    assert most_in_a_minute(pair.tradier.sent_at) <= 20
    assert {question for _, question in pair.tradier.sent_at} == {"quotes"}
    assert {frame.item(0, "underlying_source") for frame in seen["DIA"]} <= {"tradier", "model", None}


# --- the price of the underlying ------------------------------------------------------------------------------------


def test_quotes_that_are_all_tradiers_go_with_tradiers_price() -> None:
    pair = Pair(massive={"lacks": {**NO_QUOTE, "underlying_price": 590.0}})
    frame = asked_chain(pair)
    assert frame.select("underlying_price", "underlying_source", "quote_source", "source").row(0) == (
        600.0,
        "tradier",
        "tradier",
        "hybrid",
    )
    assert [question for question, _ in pair.tradier.asked] == ["chain"]


def test_a_price_stays_where_the_quotes_do() -> None:
    lacks = {"open_interest_source": None}
    pair = Pair(massive={"days": DAYS[:2], "lacks": {"underlying_price": 590.0}}, tradier={"days": DAYS[:2]})
    whole = pair.massive.chain

    async def partly(query: ChainQuery) -> pl.DataFrame:
        frame = (await whole(query)).with_columns(
            pl.when(pl.col("expiration") > DAYS[0]).then(name).alias(name) for name in (*lacks, "open_interest")
        )
        return validate(with_model(frame, rates=RATES))

    pair.massive.chain = partly  # type: ignore[method-assign]
    frame = asked_chain(pair)
    assert frame.get_column("source").to_list() == ["hybrid", "massive"]
    assert frame.get_column("underlying_price").to_list() == [590.0, 590.0]


@pytest.mark.parametrize(("underlying", "question"), [("SPY", "quotes"), ("SPX", "indices")])
def test_a_price_that_is_missing_is_asked_for(underlying: str, question: str) -> None:
    pair = Pair(massive={"lacks": NO_PRICE})
    frame = asked_chain(pair, underlying)
    assert pair.tradier.asked == [(question, (underlying,))]
    assert frame.select("underlying_price", "underlying_source", "moneyness").row(0) == (
        601.0,
        "tradier",
        600.0 / 601.0,
    )


@pytest.mark.parametrize(
    "tradier",
    [{"error": UnavailableError("down", provider="tradier")}, {"quotes_lack": ("SPY",)}, {"is_delayed": True}],
    ids=["down", "unknown", "late"],
)
def test_a_price_that_tradier_does_not_give_leaves_the_chain_as_it_came(tradier: dict[str, Any]) -> None:
    pair = Pair(massive={"lacks": NO_PRICE}, tradier=tradier)
    assert asked_chain(pair).select("source", "underlying_source").row(0) == ("massive", None)


def test_a_slow_price_is_there_for_the_next_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quantdata.hybrid.offers.FILL_PATIENCE_S", 0.02)

    async def main() -> None:
        pair = Pair(massive={"lacks": NO_PRICE})
        pair.tradier.waits = asyncio.Event()
        query = ChainQuery.of("SPY")
        assert (await pair.hybrid.chain(query)).item(0, "underlying_source") is None
        pair.tradier.waits.set()
        await asyncio.sleep(0.05)
        assert (await pair.hybrid.chain(query)).item(0, "underlying_source") == "tradier"
        assert len(pair.tradier.asked) == 1

    asyncio.run(main())


def test_quotes_of_a_tradier_without_a_price_leave_massives() -> None:
    pair = Pair(massive={"lacks": {**NO_QUOTE, "underlying_price": 590.0}}, tradier={"lacks": NO_PRICE})
    frame = asked_chain(pair)
    assert frame.select("quote_source", "underlying_source", "underlying_price").row(0) == ("tradier", "massive", 590.0)


def test_prices_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quantdata.hybrid.offers.PRICES_AT_MOST", 2)
    pair = Pair(massive={"lacks": NO_PRICE})
    for underlying in ("SPY", "QQQ", "IWM"):
        asked_chain(pair, underlying)
    assert list(pair.hybrid._offers._prices) == ["QQQ", "IWM"]


def test_closing_calls_off_a_slow_price(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quantdata.hybrid.offers.FILL_PATIENCE_S", 0.01)

    async def main() -> None:
        pair = Pair(massive={"lacks": NO_PRICE})
        pair.tradier.waits = asyncio.Event()
        await pair.hybrid.chain(ChainQuery.of("SPY"))
        await pair.hybrid.close()
        await pair.hybrid.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert (pair.massive.has_closed, pair.tradier.has_closed) == (2, 2)

    asyncio.run(main())


def test_who_waits_for_a_fill_gets_none_when_the_client_is_closed() -> None:
    async def main() -> None:
        pair = Pair(massive={"lacks": NO_QUOTE})
        pair.tradier.waits, pair.tradier.begun = asyncio.Event(), asyncio.Semaphore(0)
        asking = asyncio.ensure_future(pair.hybrid.chain(ChainQuery.of("SPY")))
        await pair.tradier.begun.acquire()
        await pair.hybrid.close()
        assert (await asking).item(0, "quote_source") is None

    asyncio.run(main())


# --- what has waited ------------------------------------------------------------------------------------------------


def test_rows_that_waited_for_others_are_not_stale_when_they_are_priced_anew() -> None:
    pair = Pair(massive={"lacks": NO_PRICE})
    whole = pair.massive.chain

    async def slowly(query: ChainQuery) -> pl.DataFrame:
        return (await whole(query)).with_columns(pl.col("received_ts") - timedelta(seconds=9))

    pair.massive.chain = slowly  # type: ignore[method-assign]
    frame = asked_chain(pair)
    assert frame.item(0, "underlying_source") == "tradier"
    assert frame.item(0, "is_stale") is False


def test_a_page_that_would_make_its_rows_too_old_fills_nothing() -> None:
    """Tradier's page of ten minutes ago, in a frame that is judged by a refresh of half a minute."""
    pair = Pair(massive={"lacks": NO_QUOTE})
    simulated, whole = {"feed": "simulated"}, (pair.massive.chain, pair.tradier.chain)

    def judged(frame: pl.DataFrame) -> pl.DataFrame:
        # A simulated market is open whenever the test runs.
        told = frame.with_columns(pl.lit(value, frame.schema[name]).alias(name) for name, value in simulated.items())
        return validate(with_model(told, rates=RATES))

    async def first(query: ChainQuery) -> pl.DataFrame:
        return judged(await whole[0](query))

    async def second(query: ChainQuery) -> pl.DataFrame:
        return judged(await whole[1](query)).with_columns(pl.col("received_ts") - timedelta(minutes=10))

    pair.massive.chain, pair.tradier.chain = first, second  # type: ignore[method-assign]
    frame = asked_chain(pair)
    assert frame.select("quote_source", "source", "errors").row(0) == (None, "massive", [])
    assert frame.item(0, "confidence") >= 90


# --- where frames are worked on --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lacks", [{}, NO_QUOTE, NO_PRICE, {**NO_QUOTE, **NO_PRICE}], ids=str)
def test_frames_are_worked_on_in_threads_so_that_the_loop_goes_on(
    lacks: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = watched_threads(monkeypatch, "_needs_of", "price_in", "_with_price", "refilled", "explained", "quality")
    pair = Pair(massive={"lacks": lacks})
    asked_chain(pair)
    pair.massive.error = UnavailableError("down", provider="massive")
    asked_chain(pair)
    assert threads
    assert threading.get_ident() not in threads


def test_quotes_are_mended_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = watched_threads(monkeypatch, "_missing_in", "with_rows")
    pair = Pair(massive={"quotes_lack": ("B",)})
    run(lambda: pair.hybrid.quotes(["A", "B"]))
    assert len(threads) == 2
    assert threading.get_ident() not in threads


def watched_threads(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[int]:
    """Return a list that fills with the threads in which some functions of the hybrid's run."""
    threads: list[int] = []

    def noting(function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **named: Any) -> Any:
            threads.append(threading.get_ident())
            return function(*arguments, **named)

        return noted

    for name in names:
        monkeypatch.setattr(module, name, noting(getattr(module, name)))
    return threads


# --- which questions a verdict is about -----------------------------------------------------------------------------


def test_one_poor_narrow_answer_holds_no_other_question_about_the_underlying() -> None:
    pair = Pair(massive={"lacks": {"bid": 9.0, "ask": 8.0}})
    whole = pair.massive.chain

    async def judged(query: ChainQuery) -> pl.DataFrame:
        return validate(with_model(await whole(query), rates=RATES))

    pair.massive.chain = judged  # type: ignore[method-assign]
    narrow, wide = ChainQuery.of("SPY", strikes=(590, 610)), ChainQuery.of("SPY")
    assert run(lambda: pair.hybrid.chain(narrow)).item(0, "source") == "tradier"
    pair.massive.lacks = {}
    assert run(lambda: pair.hybrid.chain(narrow)).item(0, "source") == "tradier"
    # What is filtered here is the same question to a vendor.
    local = ChainQuery.of("SPY", strikes=(590, 610), min_volume=1)
    assert run(lambda: pair.hybrid.chain(local)).item(0, "source") == "tradier"
    assert run(lambda: pair.hybrid.chain(wide)).item(0, "source") == "massive"


# --- quotes row by row ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["quotes", "indices"])
def test_quotes_without_a_price_are_tradiers(question: str) -> None:
    pair = Pair(massive={"quotes_lack": ("B",)}, tradier={"quotes_lack": ("D",)})
    symbols = ["A", "B", "C"] if question == "quotes" else ["SPX", "VIX", "NDX"]
    pair.massive.quotes_lack = (symbols[1],)
    frame = run(lambda: getattr(pair.hybrid, question)(symbols))
    assert frame.get_column("symbol").to_list() == symbols
    assert frame.get_column("source").to_list() == ["massive", "tradier", "massive"]
    assert frame.get_column("fallback_reason").to_list() == [None, "massive: no price", None]
    assert pair.tradier.asked == [(question, (symbols[1],))]


@pytest.mark.parametrize(
    "tradier",
    [{"error": UnavailableError("down", provider="tradier")}, {"quotes_lack": ("B",)}, {"is_delayed": True}],
    ids=["down", "unknown", "late"],
)
def test_quotes_that_tradier_does_not_have_either_stay_as_they_are(tradier: dict[str, Any]) -> None:
    pair = Pair(massive={"quotes_lack": ("B",)}, tradier=tradier)
    frame = run(lambda: pair.hybrid.quotes(["A", "B"]))
    assert frame.get_column("source").to_list() == ["massive", "massive"]
    assert frame.get_column("price").to_list() == [601.0, None]


def test_an_unhealthy_tradier_is_not_asked_to_mend() -> None:
    pair = Pair(massive={"quotes_lack": ("B",)}, tradier={"error": UnavailableError("down", provider="tradier")})
    for _ in range(5):
        run(lambda: pair.hybrid.quotes(["A", "B"]))
    assert len(pair.tradier.asked) == 3


# --- both accounts --------------------------------------------------------------------------------------------------


def test_entitlements_of_one_that_fails_are_what_is_known_of_it() -> None:
    pair = Pair(tradier={"error": AuthenticationError("no", provider="tradier")})
    pair.tradier.capabilities.learn("chain", is_entitled=True)
    frame = run(pair.hybrid.entitlements)
    assert frame.filter(pl.col("is_entitled")).select("provider", "block").rows() == [("tradier", "chain")]


def test_entitlements_of_two_that_fail_are_the_first_ones_error() -> None:
    errors = [AuthenticationError("no", provider=name) for name in ("massive", "tradier")]
    pair = Pair(massive={"error": errors[0]}, tradier={"error": errors[1]})
    with pytest.raises(AuthenticationError) as caught:
        run(pair.hybrid.entitlements)
    assert caught.value is errors[0]


def test_a_stranger_among_the_errors_of_entitlements_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run(Pair(tradier={"error": ZeroDivisionError()}).hybrid.entitlements)


def test_what_is_known_of_both() -> None:
    pair = Pair(massive={"is_delayed": True})
    asked_chain(pair)
    assert pair.hybrid.is_delayed
    assert pair.hybrid.requests_sent == 3
    assert [budget.per_minute for budget in pair.hybrid.budgets()] == [PER_MINUTE, PER_MINUTE]
    assert pair.hybrid.now() == pair.massive.now()
    assert run(pair.hybrid.present) == pair.massive.now()
    assert pair.hybrid.kept_since(BarQuery.of("SPY", "1m", "2026-11-02", "2026-11-17")) == EXPIRATION


# --- side by side ---------------------------------------------------------------------------------------------------


def test_the_nearest_expirations_are_compared() -> None:
    pair = Pair(massive={"days": DAYS}, tradier={"days": DAYS})
    seen = run(lambda: pair.hybrid.compare(ChainQuery.of("SPY"), expirations=4))
    assert seen.get_column("expiration").to_list() == DAYS[:4]
    assert ("chain", ("SPY", 4)) in pair.massive.asked
    assert ("chain", ("SPY", 4)) in pair.tradier.asked


def test_all_that_was_asked_for_is_compared() -> None:
    pair = Pair(massive={"days": DAYS}, tradier={"days": DAYS})
    query = ChainQuery.of("SPY", expirations=(DAYS[2], DAYS[9]))
    assert run(lambda: pair.hybrid.compare(query, expirations=None)).get_column("expiration").to_list() == DAYS[2:10]
    assert [question for question, _ in pair.massive.asked] == ["chain"]


# --- an answer in a queue -------------------------------------------------------------------------------------------


async def in_a_queue(pair: Pair) -> pl.DataFrame:
    pair.massive.waits = asyncio.Event()
    return await pair.hybrid.chain(ChainQuery.of("SPY"))


def test_what_takes_too_long_is_left_to_tradier_for_a_minute() -> None:
    async def main() -> None:
        pair = Pair(patience_s=0.02)
        frame = await in_a_queue(pair)
        assert frame.item(0, "fallback_reason") == "massive: UNAVAILABLE: no answer to chain within 0.02 s"
        assert pair.first.health.allows("chain")
        pair.clock.now += 59.0
        again = await pair.hybrid.chain(ChainQuery.of("SPY"))
        assert again.item(0, "fallback_reason").endswith("within 0.02 s; it is left alone for another 1 s")
        assert len(pair.massive.asked) == 1
        pair.massive.waits = None
        pair.clock.now += 2.0
        assert (await pair.hybrid.chain(ChainQuery.of("SPY"))).item(0, "source") == "massive"

    asyncio.run(main())


def test_where_the_vendor_asked_to_be_left_alone_that_is_why() -> None:
    async def main() -> None:
        pair = Pair(patience_s=0.02, massive={"pause": Pause(60.0, 41.0)})
        reason = (await in_a_queue(pair)).item(0, "fallback_reason")
        why = "no answer to chain within 0.02 s (massive asked for 60 s of rest; 41 s left)"
        assert reason == f"massive: UNAVAILABLE: {why}"

    asyncio.run(main())


def test_what_takes_too_long_is_waited_for_where_tradier_has_nothing() -> None:
    async def main() -> None:
        pair = Pair(patience_s=0.02, tradier={"error": QuoteNotFoundError("none", provider="tradier")})
        pair.massive.begun = asyncio.Semaphore(0)
        asking = asyncio.ensure_future(in_a_queue(pair))
        for _ in range(2):
            await pair.massive.begun.acquire()
        assert pair.massive.waits is not None
        pair.massive.waits.set()
        assert (await asking).item(0, "source") == "massive"

    asyncio.run(main())


def test_what_is_left_alone_and_fails_when_it_is_asked_all_the_same_is_two_failures() -> None:
    async def main() -> None:
        pair = Pair(patience_s=0.02, tradier={"error": QuoteNotFoundError("none", provider="tradier")})
        pair.massive.begun = asyncio.Semaphore(0)
        asking = asyncio.ensure_future(in_a_queue(pair))
        for _ in range(2):
            await pair.massive.begun.acquire()
        assert pair.massive.waits is not None
        pair.massive.error = UnavailableError("down", provider="massive")
        pair.massive.waits.set()
        with pytest.raises(AllProvidersFailedError, match="down"):
            await asking

    asyncio.run(main())


def test_what_takes_too_long_and_a_tradier_that_is_down_are_two_failures() -> None:
    pair = Pair(patience_s=0.02, tradier={"error": UnavailableError("down", provider="tradier")})
    with pytest.raises(AllProvidersFailedError, match="no answer to chain within"):
        run(lambda: in_a_queue(pair))


def test_a_poor_answer_does_not_wait_for_a_better_one_in_a_queue() -> None:
    async def main() -> None:
        pair = Pair(patience_s=0.02, massive={"lacks": {"confidence": 0}})
        pair.tradier.waits = asyncio.Event()
        frame = await pair.hybrid.chain(ChainQuery.of("SPY"))
        assert (frame.item(0, "source"), frame.item(0, "confidence")) == ("massive", 0)

    asyncio.run(main())


# --- bars ------------------------------------------------------------------------------------------------------------


def asked_bars(pair: Pair, symbol: str) -> pl.DataFrame:
    query = BarQuery.of(symbol, "1d", date(2026, 11, 2), date(2026, 11, 18))
    frame: pl.DataFrame = run(lambda: pair.hybrid.bars(query))
    return frame


def test_a_stock_without_bars_at_the_first_has_those_of_the_second() -> None:
    pair = Pair(massive={"has_bars": False})
    assert asked_bars(pair, "SPY").get_column("source").to_list() == ["tradier"]
    assert asked_bars(Pair(), "SPY").get_column("source").to_list() == ["massive"]


def test_a_stock_without_bars_at_either_has_none() -> None:
    pair = Pair(massive={"has_bars": False}, tradier={"has_bars": False})
    assert asked_bars(pair, "SPY").is_empty()
    assert [len(pair.massive.asked), len(pair.tradier.asked)] == [1, 1]


def test_a_contract_that_did_not_trade_is_asked_about_once() -> None:
    pair = Pair(massive={"has_bars": False})
    assert asked_bars(pair, "SPY261218C00600000").is_empty()
    assert pair.tradier.asked == []


def test_a_plan_without_one_kind_of_bars_may_have_others() -> None:
    pair = Pair()
    pair.massive.capabilities.learn("bars", is_entitled=False, reason="403")
    assert asked_bars(pair, "SPY").get_column("source").to_list() == ["massive"]
