"""Rules in words: what cost a contract which points, and the table of all rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from quantdata.errors import ArgumentError
from quantdata.validation.chain_facts import CHAIN_FACTS
from quantdata.validation.fused import DELAYED_FACTOR
from quantdata.validation.judging import rated
from quantdata.validation.kinds import CHAIN, KINDS, kind_of
from quantdata.validation.verdicts import POINTS_A_WARNING

if TYPE_CHECKING:
    import polars as pl

    from quantdata.validation.kinds import Kind
    from quantdata.validation.rule import Rule
    from quantdata.validation.summary import Quality

__all__ = ["about_the_whole", "explain", "rules_table"]

# What tells a contract apart, is in every sentence, or is the rule itself is not shown again as the reason.
_NOT_SHOWN: Final = frozenset(
    {"underlying_symbol", "root_symbol", "multiplier", "expiration", "option_type", "contract_symbol", "source"}
    | {"is_alive", "is_two_sided", "has_time_value", "sign"}
)
_MOST_SHOWN: Final = 6
_ABOUT_THE_WHOLE: Final = {
    **{fact.name: fact.sentence for fact in CHAIN_FACTS},
    "empty_chain": "the chain has no contracts",
    "empty": "there are no rows",
    "no_candles": "there are no bars",
}
_WHERE: Final = "frame['contract_symbol']"


def explain(frame: pl.DataFrame, contract_symbol: str) -> list[str]:
    """Return in sentences what a contract's confidence is made of.

    Parameters
    ----------
    frame
        A chain.
    contract_symbol
        OCC symbol of one of its rows.

    Returns
    -------
    list[str]
        The contract with its confidence first; then a sentence for each rule that fires, with what it costs and the
        values it read; then where each group of columns came from.

    Raises
    ------
    ArgumentError
        If the frame is no chain, or no row is that contract.

    Examples
    --------
    >>> import quantdata as qd
    >>> chain = qd.Client("sim", clock="at:2026-11-18T11:00").chain("SPY", dte=(20, 40), strikes=(600, 700))
    >>> sentences = qd.explain(chain, chain["contract_symbol"][0])
    >>> sentences[0].startswith("SPY")
    True
    """
    if kind_of(frame) is not CHAIN:
        raise ArgumentError(f"explain() is about a chain, not about {kind_of(frame).name}")
    if not isinstance(contract_symbol, str):
        raise ArgumentError(f"contract_symbol must be an OCC symbol, not {contract_symbol!r}; see {_WHERE}")
    # With what the rules see beside the canonical columns: the prices next door, the bounds.
    found = CHAIN.prepare(rated(frame).sort(CHAIN.sort)).filter(contract_symbol=contract_symbol)
    if found.is_empty():
        raise ArgumentError(f"no contract {contract_symbol!r} among these {frame.height:,}; see {_WHERE}")
    row = found.row(0, named=True)
    fired = {*row["errors"], *row["warnings"], *row["notes"]}
    return [
        _verdict(row),
        *(_told(rule, row) for rule in CHAIN.rules if rule.name in fired),
        *_ages(row),
        _sources(row),
    ]


def _verdict(row: dict[str, Any]) -> str:
    return (
        f"{row['contract_symbol']} has confidence {row['confidence']} ({row['quality']}): "
        f"its quote {row['quote_confidence']}, its greeks {row['greeks_confidence']}."
    )


def _told(rule: Rule, row: dict[str, Any]) -> str:
    cost = {
        "error": "An error, which leaves 0 points",
        "warning": f"A warning, which costs {POINTS_A_WARNING} points",
        "note": "A note, which costs nothing",
    }[rule.severity]
    read = [name for name in dict.fromkeys(rule.passes.meta.root_names()) if name not in _NOT_SHOWN]
    values = ", ".join(f"{name} = {_shown(row[name])}" for name in read[:_MOST_SHOWN] if row.get(name) is not None)
    return f"{cost}: {rule.name}, {rule.sentence}{f' ({values})' if values else ''}."


def _shown(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _ages(row: dict[str, Any]) -> list[str]:
    sentences = []
    if row["is_stale"]:
        sentences.append(
            f"It is stale: {row['age_s']:.1f} s of open market since it arrived, which costs a tenth or more."
        )
    if "delayed_feed" in row["warnings"]:
        sentences.append(f"Data that are late by plan count {DELAYED_FACTOR:.0%} at the most.")
    return sentences


def _sources(row: dict[str, Any]) -> str:
    groups = ("underlying", "quote", "trade", "day", "open_interest", "iv", "greeks")
    given = [f"{group.replace('_', ' ')} from {row[f'{group}_source']}" for group in groups if row[f"{group}_source"]]
    reason = f" {row['fallback_reason']}." if row["fallback_reason"] else ""
    return f"Sources: {', '.join(given) or 'none'}.{reason}"


def about_the_whole(found: Quality) -> list[str]:
    """Return in sentences what there is to be said of a whole frame; nothing where all is well."""
    told = [_ABOUT_THE_WHOLE.get(name, name) for name in (*found.errors, *found.warnings)]
    if found.fallback_reason:
        told.append(found.fallback_reason)
    if found.plan_lacks:
        told.append(f"the plan delivers no {', no '.join(found.plan_lacks)}")
    return told


def rules_table() -> str:
    """Return all rules as Markdown, in the order in which they are evaluated: the README's tables, made, not typed."""
    chain, *others = (f"**{kind.name.capitalize()}**\n\n{_table(kind)}" for kind in KINDS)
    facts = "".join(f"| `{fact.name}` | {fact.sentence} |\n" for fact in CHAIN_FACTS)
    whole = f"**A chain as a whole** (a warning each)\n\n| rule | it fires when |\n|---|---|\n{facts}"
    hidden = "\n".join(others)
    return f"{chain}\n{whole}\n<details><summary>The rules of the other frames</summary>\n\n{hidden}\n</details>\n"


def _table(kind: Kind) -> str:
    lines = ["| rule | severity | lowers | it fires when |", "|---|---|---|---|"]
    lines += [f"| `{rule.name}` | {rule.severity} | {_lowers(rule, kind)} | {rule.sentence} |" for rule in kind.rules]
    return "\n".join(lines) + "\n"


def _lowers(rule: Rule, kind: Kind) -> str:
    """Return which confidences a rule lowers; a note none."""
    if rule.severity == "note":
        return ""
    if kind is not CHAIN:
        return "row"
    return {"row": "row, quote, greeks", "quote": "row, quote", "greeks": "row, greeks"}.get(rule.group, "row")
