"""Write the tables of rules in ``README.md``, between their two marks.

Usage: ``python tools/generate_readme.py`` rewrites them; ``--check`` only says whether they are up to date.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from quantdata.validation.words import rules_table

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "<!-- rules: made by tools/generate_readme.py -->\n"
END = "<!-- end of rules -->\n"


def written(readme: str) -> str:
    """Return a README with the tables as the rules are now."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"README.md lacks the marks {BEGIN.strip()} and {END.strip()}"
        raise ValueError(message)
    return f"{before}{BEGIN}\n{rules_table()}\n{END}{after}"


def main() -> None:
    """Rewrite the README, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if it is out of date")
    readme = README.read_text(encoding="utf-8")
    fresh = written(readme)
    if not parser.parse_args().check:
        README.write_text(fresh, encoding="utf-8")
    elif readme != fresh:
        sys.exit("the rules in README.md are out of date: python tools/generate_readme.py")


if __name__ == "__main__":
    main()
