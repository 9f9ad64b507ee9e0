"""Run the drills: ``python -m tests.drills [--short]``; the exit code says whether every case ended as it must."""

from __future__ import annotations

import argparse
import sys

from rich import box
from rich.console import Console
from rich.table import Table

from quantdata.sim import Simulator
from tests.drills import massive


def main() -> int:
    """Run the drill of each vendor; print one row a case."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("--short", action="store_true", help="each fault on one call only")
    is_short = parser.parse_args().short
    with Simulator(clock=massive.CLOCK) as simulator:
        outcomes = list(massive.drill(simulator, is_short=is_short))
    table = Table("fault", "call", "what the user gets", "s", "", box=box.SIMPLE_HEAD)
    for outcome in outcomes:
        verdict = outcome.failure or "ok"
        table.add_row(outcome.case, outcome.call, outcome.got, f"{outcome.seconds:.2f}", verdict)
    Console(width=200).print(table)
    failed = sum(outcome.failure is not None for outcome in outcomes)
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
