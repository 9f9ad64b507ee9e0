"""Start-up: what ``import quantdata`` costs beside ``import polars``."""

from __future__ import annotations

import subprocess
import sys

from tests.benchmarks.runner import Comparison, interleaved

__all__ = ["run"]


def run(*, rounds: int) -> list[Comparison]:
    """Compare whole processes."""
    ways = {
        "import quantdata": lambda: _process("import quantdata"),
        "import polars": lambda: _process("import polars"),
        "from quantdata import chain": lambda: _process("from quantdata import chain"),
        "floor: the interpreter": lambda: _process("pass"),
    }
    times = interleaved(ways, rounds=rounds)
    return [
        Comparison(
            "Start-up",
            "whole processes; goal: import quantdata <= 1.5 x import polars",
            "ms",
            times,
            {"import polars": ">= 0.67x"},
        )
    ]


def _process(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)
