"""``quantdata doctor``: does each vendor answer, what does its key open, is the clock right, how fast may one ask."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from rich.markup import escape
from rich.table import Table

from quantdata.cli.reporting import FAILED, MISUSED
from quantdata.client.connect import Connection
from quantdata.clients.capabilities import NOT_SEEN
from quantdata.errors import AuthenticationError, ConfigError, DataProviderError
from quantdata.wire.tradier.rest import is_sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from quantdata.client.connect import Vendor
    from quantdata.clients import MarketStatus, Provider
    from quantdata.config import Config, Source
    from quantdata.wire.limits import Budget

__all__ = ["Finding", "examined", "exit_code", "rows", "show"]

Verdict = Literal["ok", "note", "warning", "failed", "missing"]

VENDORS: Final[tuple[Vendor, ...]] = ("massive", "tradier")
KEYS: Final = {"massive": "MASSIVE_API_KEY", "tradier": "TRADIER_ACCESS_TOKEN (or TRADIER_TOKEN)"}
LARGEST_SKEW_S: Final = 2.0
MARKS: Final[dict[Verdict, str]] = {
    "ok": "[green]ok[/green]",
    "note": "",
    "warning": "[yellow]warning[/yellow]",
    "failed": "[bold red]FAILED[/bold red]",
    "missing": "not set",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes
    ----------
    source
        Whose: ``"massive"`` or ``"tradier"``, of the simulated market ``"sim: massive"`` or ``"sim: tradier"``.
    check
        What: key, host, clock, a block of the plan, rate.
    verdict
        ``ok``; ``note`` (a fact, neither good nor bad); ``warning``; ``failed``; ``missing`` (no key, so not asked).
    said
        The fact in words; never a key.
    """

    source: str
    check: str
    verdict: Verdict
    said: str


async def examined(config: Config, source: Source | None, *, seed: int, clock: str) -> list[Finding]:
    """Look at one source, that of QUANTDATA_SOURCE, or each vendor that has a key; runs on the portal's loop.

    The simulated market is looked at as both vendors that it is.

    Raises
    ------
    ConfigError
        If the source that was asked for has no key or an impossible host.
    """
    source = source or config.source
    findings: list[Finding] = []
    if source == "sim":
        for vendor in VENDORS:
            findings += await _one(vendor, Connection(source="sim", config=config, seed=seed, clock=clock))
        return findings
    if source is not None and source != "hybrid":
        config.resolve_source(source)
        return await _one(source, Connection(source=source, config=config, seed=seed, clock=clock))
    for vendor in VENDORS:
        if not _has_key(vendor, config):
            findings.append(Finding(vendor, "key", "missing", f"set {KEYS[vendor]} to use {vendor}"))
            continue
        try:
            config.resolve_source(vendor)
        except ConfigError as error:
            findings.append(Finding(vendor, "host", "failed", str(error)))
        else:
            findings += await _one(vendor, Connection(source=vendor, config=config, seed=seed, clock=clock))
    return findings


def exit_code(findings: Sequence[Finding]) -> int:
    """Return 0 when every source that was asked is well, 1 when something failed, 2 when there was none to ask."""
    if any(finding.verdict == "failed" for finding in findings):
        return FAILED
    return MISUSED if all(finding.verdict == "missing" for finding in findings) else 0


def show(out: Console, findings: Sequence[Finding]) -> None:
    """Print one table a source, and what to do when there is none."""
    for source in dict.fromkeys(finding.source for finding in findings):
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for finding in findings:
            if finding.source == source:
                table.add_row(f"  {finding.check}", MARKS[finding.verdict], escape(finding.said))
        out.print(f"[bold]{source}[/bold]")
        out.print(table)
    if exit_code(findings) == MISUSED:
        out.print("No keys are set. Try the simulated market: quantdata doctor --source sim")


def rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the findings for JSON."""
    return [asdict(finding) for finding in findings]


def _has_key(vendor: Vendor, config: Config) -> bool:
    return {"massive": config.massive_api_key, "tradier": config.tradier_access_token}[vendor] is not None


async def _one(vendor: Vendor, connection: Connection) -> list[Finding]:
    provider = await connection.vendor(vendor)
    try:
        if connection.source == "sim":
            source = f"sim: {vendor}"
            settings = [Finding(source, "key", "note", "the simulated market needs none")]
        else:
            source, settings = vendor, _settings(vendor, connection.config)
        return [*settings, *await _answers(source, provider)]
    finally:
        await provider.close()


def _settings(vendor: Vendor, config: Config) -> list[Finding]:
    """Say which key and host are used: the key by its variable's name alone."""
    base_url = {"massive": config.massive_base_url, "tradier": config.tradier_base_url}[vendor]
    host = urlsplit(base_url).netloc
    if vendor == "tradier":
        host += " (the sandbox: data is 15 minutes late)" if is_sandbox(base_url) else ""
    return [Finding(vendor, "key", "ok", f"{KEYS[vendor]} is set"), Finding(vendor, "address", "note", host)]


async def _answers(source: str, provider: Provider) -> list[Finding]:
    began = time.perf_counter()
    try:
        status = await provider.market_status()
    except AuthenticationError as error:
        return [Finding(source, "host", "ok", "answers"), Finding(source, "login", "failed", str(error))]
    except DataProviderError as error:
        return [Finding(source, "host", "failed", str(error))]
    answered_ms = (time.perf_counter() - began) * 1e3
    return [
        Finding(source, "host", "ok", f"answers in {answered_ms:.0f} ms; the market is {status.market}"),
        _clock(source, status),
        *await _plan(source, provider),
        *(_rate(source, budget) for budget in provider.budgets()),
    ]


def _clock(source: str, status: MarketStatus) -> Finding:
    skew_s = status.clock_skew_s
    if skew_s is None:
        return Finding(source, "clock", "note", f"simulated: {status.server_time:%Y-%m-%d %H:%M:%S} UTC")
    verdict: Verdict = "ok" if abs(skew_s) <= LARGEST_SKEW_S else "warning"
    return Finding(source, "clock", verdict, f"the vendor's is {skew_s:+.1f} s off this machine's")


async def _plan(source: str, provider: Provider) -> list[Finding]:
    """Say of each block of data whether it came."""
    return [_block(source, row) for row in (await provider.entitlements()).iter_rows(named=True)]


def _block(source: str, row: dict[str, Any]) -> Finding:
    """Say whether one block came; one that did not for another reason than the plan is a failure."""
    check, reason = f"plan: {row['block']}", row["reason"]
    if row["is_entitled"]:
        return Finding(source, check, "ok", row["feed"] or "yes")
    if row["is_entitled"] is False:
        return Finding(source, check, "note", f"no: {reason}")
    return Finding(source, check, "warning" if reason == NOT_SEEN else "failed", reason)


def _rate(source: str, budget: Budget) -> Finding:
    if budget.resets_in_s is None:
        said = f"{budget.per_minute:,.0f} requests a minute; {budget.available:,} may leave at once"
        return Finding(source, "rate", "note", said)
    said = f"{budget.available:,} of {budget.per_minute:,.0f} requests left, anew in {budget.resets_in_s:.0f} s"
    return Finding(source, f"rate: {budget.endpoint.rpartition('/')[2]}", "note", said)
