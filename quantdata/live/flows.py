"""Order flow of everything watched: the tape is summed up once a second, frames are made when somebody looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from quantdata.analytics.order_flow import PART_OF_SESSION, by_premium, chain_flow, flow_of_totals, noted
from quantdata.live.prints import CONTRACTS
from quantdata.live.tape import Tape
from quantdata.sessions import current_session
from quantdata.validation import validate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from quantdata.frames.events import Stamp
    from quantdata.live.prints import HeldQuotes
    from quantdata.wire.book import Batch

__all__ = ["FlowKeeper", "LiveFlows"]

EVERY: Final = timedelta(seconds=1)
# So much before it is due it is done after a publication, so that the next ones need not wait for it.
AHEAD: Final = timedelta(seconds=0.25)

# At the open there are more prints than that; a tape whose first one is later was not heard from the beginning.
PROMPT: Final = timedelta(seconds=1)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class LiveFlows(Mapping[str, pl.DataFrame]):
    """By underlying, the order flow of each contract that is watched: frames with the columns of `FLOW`.

    A frame is made on first look, in whose thread ever, and kept.

    Parameters
    ----------
    at
        The present (UTC).
    chains
        Chains as they stood, each with rows.
    totals, since, covered
        Of the tape: see `quantdata.live.tape.Tape`.
    cadence_s
        By underlying: seconds between two polls, which ages are held against.
    """

    at: datetime
    chains: Mapping[str, pl.DataFrame]
    totals: pl.DataFrame
    since: Mapping[str, int]
    covered: Mapping[str, int] | None
    cadence_s: Mapping[str, float]
    _made: dict[str, pl.DataFrame] = field(default_factory=dict)

    def __getitem__(self, underlying: str) -> pl.DataFrame:
        if underlying not in self._made:
            self._made[underlying] = self._flow(underlying, self.chains[underlying])
        # One of its own: see `quantdata.live.snapshot.Frames`.
        return self._made[underlying].clone()

    def __iter__(self) -> Iterator[str]:
        return iter(self.chains)

    def __len__(self) -> int:
        return len(self.chains)

    def __repr__(self) -> str:
        return f"<LiveFlows at {self.at:%H:%M:%S}: {', '.join(self.chains) or 'none'}>"

    def _flow(self, underlying: str, chain: pl.DataFrame) -> pl.DataFrame:
        if underlying not in self.since:
            flow = chain_flow(chain)
        else:
            names = chain.get_column("contract_symbol") if self.covered is None else list(self.covered)
            is_heard = pl.col("contract_symbol").is_in(names)
            heard, others = chain.filter(is_heard), chain.filter(~is_heard)
            flow = pl.concat([self._of_tape(heard, self.since[underlying]), chain_flow(others)])
        return validate(by_premium(flow), self.at, cadence_s=self.cadence_s[underlying])

    def _of_tape(self, contracts: pl.DataFrame, since_ms: int) -> pl.DataFrame:
        flow = flow_of_totals(self.totals, contracts)
        session = current_session(datetime.fromtimestamp(since_ms / 1_000, UTC))
        if session is None:
            return flow
        begun_by_ms = (session.open + PROMPT).timestamp() * 1_000
        named = self.covered or {}
        asked = contracts.get_column("contract_symbol")
        late = [symbol for symbol in asked if max(since_ms, named.get(symbol, 0)) > begun_by_ms]
        return noted(flow, PART_OF_SESSION, late)


@dataclass(slots=True)
class FlowKeeper:
    """Keeps up the order flow of what is watched; for one thread at a time.

    Attributes
    ----------
    version
        Another number whenever `flows` returns something else than before.
    """

    _tape: Tape = field(default_factory=Tape)
    # By underlying: the roots of its chain, which adjusted contracts may have of their own.
    _roots: dict[str, frozenset[str]] = field(default_factory=dict)
    _flows: LiveFlows | None = None
    version: int = 0

    def watch(self, underlyings: Collection[str]) -> None:
        """Keep these from now on, and forget others."""
        self._roots = {name: self._roots.get(name, frozenset()) for name in underlyings}
        self._tape.watch({root: name for name, roots in self._roots.items() for root in roots})
        self._flows = None

    def poll(self, underlying: str, chain: pl.DataFrame) -> None:
        """Take in what contracts there are."""
        roots = self._roots[underlying].union(chain.get_column("root_symbol").drop_nulls().unique())
        if roots != self._roots[underlying]:
            self._roots[underlying] = roots
            self.watch(self._roots)

    def add(self, batch: Batch, stamp: Stamp, held: dict[str, HeldQuotes]) -> None:
        """Take in what an options stream told: see `Tape.add`."""
        self._tape.add(batch, stamp, held)

    def flows(self, now: datetime, chains: Mapping[str, pl.DataFrame], cadence_s: Mapping[str, float]) -> LiveFlows:
        """Return the order flow as it stands; within a second the same as before, unless it is of other chains."""
        last = self._flows
        if last is None or now - last.at >= EVERY or last.chains.keys() != chains.keys():
            return self._summed(now, chains, cadence_s)
        return last

    def prepare(self, now: datetime, chains: Mapping[str, pl.DataFrame], cadence_s: Mapping[str, float]) -> None:
        """Do now what `flows` would have to do soon."""
        if self._flows is not None and now - self._flows.at >= EVERY - AHEAD:
            self._summed(now, chains, cadence_s)

    def _summed(self, now: datetime, chains: Mapping[str, pl.DataFrame], cadence_s: Mapping[str, float]) -> LiveFlows:
        if self._tape.has_arrived:
            known = [chain.select(CONTRACTS.keys()) for chain in chains.values()]
            self._tape.fold(pl.concat([pl.DataFrame(schema=CONTRACTS), *known]))
        self.version += 1
        self._flows = made = LiveFlows(
            at=now,
            chains=chains,
            totals=self._tape.totals,
            since=dict(self._tape.since),
            covered=self._tape.covered,
            cadence_s=cadence_s,
        )
        return made
