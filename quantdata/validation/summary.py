"""The quality of a whole frame: `quality`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quantdata.cards import card
from quantdata.sessions import NEW_YORK
from quantdata.validation.bounds import is_alive, is_core
from quantdata.validation.chain_facts import facts_of, plan_lacks
from quantdata.validation.judging import failures, rated
from quantdata.validation.kinds import BARS, CHAIN, kind_of
from quantdata.validation.verdicts import POINTS_A_WARNING, labelled
from quantdata.validation.words import about_the_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quantdata.validation.kinds import Kind

__all__ = ["Quality", "quality", "with_candles"]

FEWEST_CORE_ROWS: Final = 10
_MOST_RULES: Final = 8
_NAMES: Final = ("errors", "warnings", "notes")
_COVERED: Final = {"quote": "quote_source", "iv": "implied_volatility", "greeks": "delta"}


@dataclass(frozen=True, kw_only=True, repr=False)
class Quality:
    """How far a frame can be trusted.

    Attributes
    ----------
    confidence
        0 to 100: the mean of the rows that count, less 5 for each warning about the whole; 0 with an error.
    quality
        ``"excellent"`` from 90, ``"good"`` from 70, ``"fair"`` from 40, else ``"poor"``.
    source
        ``"massive"``, ``"tradier"``, or ``"hybrid"`` where both gave a part; None of an empty frame.
    feed
        The worst of its rows: ``"realtime"``, ``"delayed"``, ``"eod"`` or ``"simulated"``; None where nothing says.
    is_simulated, is_stale
        Whether the market is a simulated one; whether any row is older than one refresh.
    rows
        How many there are.
    errors, warnings
        About the whole, by name; of a chain: ``empty_chain``, ``no_calls``, ``strike_gap``, ``fallback_used`` ...
    rules
        How many rows break each rule, notes included, most first; `explain` tells of one row.
    coverage
        Of a chain: the shares of its rows that have a quote, a volatility, greeks.
    plan_lacks
        Of a chain: the blocks that no row has, since the plan does not deliver them.
    fallback_reason
        Why another provider than the first answered; None when it was the first.
    snapshot_ts
        When the frame was answered.
    """

    confidence: int
    quality: str
    source: str | None
    feed: str | None
    is_simulated: bool
    is_stale: bool
    rows: int
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    rules: Mapping[str, int] = field(default_factory=dict)
    coverage: Mapping[str, float] = field(default_factory=dict)
    plan_lacks: tuple[str, ...] = ()
    fallback_reason: str | None = None
    snapshot_ts: datetime | None = None

    def __repr__(self) -> str:
        # What is as it should be is not shown, but for what everybody asks for.
        always, never = {"confidence", "quality", "source", "feed", "rows", "warnings"}, {"is_simulated", "snapshot_ts"}
        shown = [
            each
            for each in fields(self)
            if each.name in always or (each.name not in never and getattr(self, each.name))
        ]
        return f"Quality({', '.join(f'{each.name}={getattr(self, each.name)!r}' for each in shown)})"

    def _repr_html_(self) -> str:
        covered = ", ".join(f"{what} {share:.0%}" for what, share in self.coverage.items())
        counts = ", ".join(f"{rule} {count:,}" for rule, count in [*self.rules.items()][:_MOST_RULES])
        more = f" and {len(self.rules) - _MOST_RULES} more" if len(self.rules) > _MOST_RULES else ""
        at = self.snapshot_ts
        return card(
            f"quality: {self.confidence} of 100, {self.quality}",
            [
                ("source", self.source),
                ("feed", self.feed),
                ("as of", at and f"{at.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S} New York"),
                ("rows", f"{self.rows:,}"),
                ("coverage", covered),
                ("rows that break a rule", f"{counts}{more}"),
            ],
            badges=[*(["SIMULATED"] if self.is_simulated else []), *(["STALE"] if self.is_stale else [])],
            notes=about_the_whole(self),
        )

    @property
    def has_warnings(self) -> bool:
        """Whether anything about the whole is to be warned of."""
        return bool(self.errors or self.warnings)


def quality(frame: pl.DataFrame) -> Quality:
    """Return how far a frame can be trusted, as it was when it was validated.

    Parameters
    ----------
    frame
        Chain, quotes, indices, bars, trades or flow. Its columns of quality are taken as they are (`validate` writes
        them anew, with the present age); bars and trades, which have none, are validated first.

    Raises
    ------
    ArgumentError
        If it is no frame of this package, or lacks columns.

    Notes
    -----
    A chain's confidence is the mean over its core, the live contracts of which the model's delta is between 5 and 95 %;
    where those are fewer than ten, over all live ones.

    Examples
    --------
    >>> import quantdata as qd
    >>> qd.quality(qd.Client("sim", clock="at:2026-11-18T11:00").indices(["SPX", "VIX"])).is_simulated
    True
    """
    kind = kind_of(frame)
    judged = rated(frame)
    errors, warnings = _about_the_whole(judged, kind)
    confidence = 0 if errors else _confidence(judged, kind, warnings=len(warnings))
    feed: Any = _column(judged, "feed").min()
    snapshot: Any = _column(judged, "snapshot_ts").max()
    reason: Any = _column(judged, "fallback_reason").drop_nulls().first()
    return Quality(
        confidence=confidence,
        quality=labelled(pl.Series([confidence]))[0],
        source=_source(_column(judged, "source")),
        feed=feed,
        is_simulated=feed == "simulated",
        is_stale=bool(judged.get_column("is_stale").any()),
        rows=judged.height,
        errors=errors,
        warnings=warnings,
        rules=_counts(judged),
        coverage=_coverage(judged) if kind is CHAIN else {},
        plan_lacks=plan_lacks(judged) if kind is CHAIN else (),
        fallback_reason=reason,
        snapshot_ts=snapshot,
    )


def with_candles(index: Quality, timeframes: Mapping[str, pl.DataFrame]) -> Quality:
    """Return the quality of an index with that of its bars: what any of them breaks counts once.

    Parameters
    ----------
    index
        Of its quote.
    timeframes
        Bars by timeframe; a broken rule is named with it: ``5m:inverted_candle``. No bar at all is ``no_candles``.
    """
    has_candles = any(bars.height for bars in timeframes.values())
    counts = {f"{name}:{rule}": count for name, bars in timeframes.items() for rule, count in failures(bars).items()}
    severities = {rule.name: rule.severity for rule in BARS.rules}
    errors = tuple(each for each in counts if severities[each.rpartition(":")[2]] == "error")
    warnings = tuple(each for each in counts if each not in errors) or (() if has_candles else ("no_candles",))
    confidence = 0 if errors else max(0, index.confidence - POINTS_A_WARNING * len(warnings))
    return replace(
        index,
        confidence=confidence,
        quality=labelled(pl.Series([confidence]))[0],
        errors=index.errors + errors,
        warnings=index.warnings + warnings,
        rules={**index.rules, **counts},
    )


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    """Return a column; an empty one where this kind of frame has none such."""
    return frame.get_column(name, default=pl.Series(name, [], pl.String))


def _about_the_whole(judged: pl.DataFrame, kind: Kind) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the errors and the warnings about a whole frame."""
    if judged.is_empty():
        return ("empty_chain" if kind is CHAIN else "empty",), ()
    if kind is not CHAIN:
        used = _column(judged, "fallback_reason").drop_nulls().len()
        return (), ("fallback_used",) if used else ()
    ordered = judged.sort(kind.sort)
    return (), facts_of(ordered)


def _confidence(judged: pl.DataFrame, kind: Kind, *, warnings: int) -> int:
    mean = _mean_of_core(judged) if kind is CHAIN else judged.get_column("confidence").mean()
    return max(0, math.floor(float(mean) - POINTS_A_WARNING * warnings + 0.5))  # type: ignore[arg-type]


def _mean_of_core(chain: pl.DataFrame) -> float:
    alive = chain.filter(is_alive())
    core = alive.filter(is_core(alive))
    counted = core if core.height >= FEWEST_CORE_ROWS else alive if alive.height else chain
    return float(counted.get_column("confidence").mean())  # type: ignore[arg-type]


def _source(sources: pl.Series) -> str | None:
    distinct = sources.drop_nulls().unique().to_list()
    return "hybrid" if len(distinct) > 1 else next(iter(distinct), None)


def _counts(judged: pl.DataFrame) -> dict[str, int]:
    """Return how many rows break each rule, most first."""
    fired = pl.concat([judged.get_column(name).explode().drop_nulls().alias("rule") for name in _NAMES])
    counts = fired.value_counts(sort=True).sort("count", "rule", descending=[True, False])
    return dict(counts.iter_rows())


def _coverage(chain: pl.DataFrame) -> dict[str, float]:
    if chain.is_empty():
        return dict.fromkeys(_COVERED, 0.0)
    return {what: round(1 - chain.get_column(name).null_count() / chain.height, 4) for what, name in _COVERED.items()}
