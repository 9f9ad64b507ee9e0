"""Run the drills: ``python -m tests.drills [--short] [VENDOR...]``; the exit code says whether all cases ended well."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from quantdata.sim import Simulator
from tests.drills import hub, hybrid, lake, massive, soak, tradier
from tests.drills.engine import CLOCK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.drills.engine import Outcome

_ALL: Final = (massive.DRILL, tradier.DRILL, hybrid.DRILL, hub.DRILL, soak.DRILL, lake.DRILL)
DRILLS: Final = {drill.vendor: drill for drill in _ALL}


def main() -> int:
    """Run the drill of each vendor; print one row a case."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("--short", action="store_true", help="each fault on one call only")
    parser.add_argument("vendors", nargs="*", metavar="VENDOR", help=f"any of {', '.join(DRILLS)}")
    asked = parser.parse_args()
    # Servers that are stopped in the middle of something complain; the table says what came of it.
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    outcomes = []
    with Simulator(clock=CLOCK) as simulator:
        for vendor in asked.vendors or DRILLS:
            found = list(DRILLS[vendor].run(simulator, is_short=asked.short))
            _show(vendor, found)
            outcomes += found
    failed = sum(outcome.failure is not None for outcome in outcomes)
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _show(vendor: str, outcomes: Sequence[Outcome]) -> None:
    table = Table(
        "fault", "call", "what the user gets", "s", "", box=box.SIMPLE_HEAD, title=vendor, title_justify="left"
    )
    for outcome in outcomes:
        verdict = outcome.failure or "ok"
        table.add_row(outcome.case, outcome.call, escape(outcome.got), f"{outcome.seconds:.2f}", escape(verdict))
    Console(width=200).print(table)


if __name__ == "__main__":
    sys.exit(main())
