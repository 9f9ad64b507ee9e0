"""Take out of notebooks what a run leaves in them: outputs, counts of cells, the state of widgets, the machine's names.

Usage: ``python tools/strip_notebooks.py`` strips all of ``notebooks/``, or the files that are named; ``--check`` only
says which are not stripped.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# What a notebook says of its kernel, on every machine alike.
METADATA = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
# What an author may say of a cell.
KEPT = ("tags",)


def stripped(text: str) -> str:
    """Return a notebook as it belongs into git; what is stripped already stays as it is, to the byte."""
    notebook = json.loads(text)
    cells = [_cell(cell, number) for number, cell in enumerate(notebook["cells"], start=1)]
    whole = {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _cell(cell: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a cell without what its run left; its id is its number, so that a copy differs in nothing."""
    kept = {
        "cell_type": cell["cell_type"],
        "id": f"cell-{number:02d}",
        "metadata": {name: value for name, value in cell["metadata"].items() if name in KEPT},
        "source": _lines(cell["source"]),
    }
    return kept | {"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else kept


def _lines(source: str | list[str]) -> list[str]:
    return "".join(source).rstrip().splitlines(keepends=True)


def main() -> None:
    """Strip notebooks, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks; all of notebooks/ when left out")
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if any is not stripped")
    asked = parser.parse_args()
    paths: list[Path] = asked.paths or sorted(NOTEBOOKS.glob("*.ipynb"))
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    unclean = [path for path, text in texts.items() if stripped(text) != text]
    if asked.check and unclean:
        sys.exit(f"not stripped: {', '.join(path.name for path in unclean)}: python tools/strip_notebooks.py")
    for path in unclean:
        path.write_text(stripped(texts[path]), encoding="utf-8")


if __name__ == "__main__":
    main()
