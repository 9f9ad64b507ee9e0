"""Run the benchmarks: ``python -m tests.benchmarks [--short] [NAME …]``; all of them when none is named.

Every figure is a ratio of medians from interleaved rounds in one run: absolute times mean nothing on a shared machine.
"""

from __future__ import annotations

import argparse

from tests.benchmarks import cache, decode, hybrid, imports, lake, live, pricing, round_trips, tradier, validation
from tests.benchmarks.runner import show

BENCHMARKS = {
    "decode": decode,
    "round_trips": round_trips,
    "tradier": tradier,
    "hybrid": hybrid,
    "cache": cache,
    "validation": validation,
    "imports": imports,
    "pricing": pricing,
    "live": live,
    "lake": lake,
}


def main() -> None:
    """Run what was named and print one table each."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)}")
    parser.add_argument("--short", action="store_true", help="few rounds: does it run, not how fast is it")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}: there are {', '.join(BENCHMARKS)}")
    for name, module in BENCHMARKS.items():
        if not arguments.names or name in arguments.names:
            for table in module.run(rounds=3 if arguments.short else 11):
                show(table)


if __name__ == "__main__":
    main()
