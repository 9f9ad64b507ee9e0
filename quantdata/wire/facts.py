"""The form of every line in our logs: ``name=value`` with spaces between."""

from __future__ import annotations

import json
import re
from typing import Final

__all__ = ["facts"]

# What needs no quotation marks: a space, a quotation mark or an equals sign would end the value, or begin another.
PLAIN: Final = re.compile(r'[^\s"=\\]+')


def facts(**values: object) -> str:
    """Return facts as one line of ``name=value``; those that are None are left out.

    A text with spaces in it stands in quotation marks as in JSON, so that a line stays one line and can be taken apart.

    Examples
    --------
    >>> facts(provider="massive", status=None, tries=2, why="no answer")
    'provider=massive tries=2 why="no answer"'
    """
    return " ".join(f"{name}={_value(str(value))}" for name, value in values.items() if value is not None)


def _value(text: str) -> str:
    if PLAIN.fullmatch(text) and text.isprintable():
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())
