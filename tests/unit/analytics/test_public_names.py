"""What `quantdata.analytics` offers, and how little it loads."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from typing import Any

import pytest

from quantdata import analytics

FIGURES = [name for name in analytics.__all__ if name.endswith("_figure")]


def test_every_name_resolves_and_no_other_does() -> None:
    assert analytics.__all__ == sorted(set(analytics.__all__), key=lambda name: (name[0].islower(), name))
    assert dir(analytics) == analytics.__all__
    assert all(inspect.getdoc(getattr(analytics, name)) for name in analytics.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'smiles'"):
        analytics.smiles  # noqa: B018


@pytest.mark.parametrize("name", analytics.__all__)
def test_no_module_bears_the_name_of_a_public_name(name: str) -> None:
    assert importlib.util.find_spec(f"quantdata.analytics.{name}") is None
    assert importlib.util.find_spec(f"quantdata.analytics.figures.{name}") is None


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_takes_what_its_drawing_takes(name: str) -> None:
    def arguments(call: Any) -> list[inspect.Parameter]:
        return list(inspect.signature(call).parameters.values())

    figure, drawing = (getattr(analytics, each) for each in (name, name.replace("_figure", "_drawing")))
    assert arguments(figure) == arguments(drawing)
    assert all(each.kind is inspect.Parameter.KEYWORD_ONLY for each in arguments(figure)[1:])


def test_plotly_is_loaded_when_a_figure_is_drawn_and_not_before() -> None:
    script = (
        "import sys, quantdata.analytics as analytics\n"
        "assert 'polars' not in sys.modules\n"
        "[getattr(analytics, name) for name in analytics.__all__]\n"
        "assert 'plotly' not in sys.modules and 'talib' not in sys.modules\n"
        "from quantdata.frames.columns import CHAIN, empty\n"
        "analytics.smile_figure(empty(CHAIN))\n"
        "assert 'plotly' in sys.modules\n"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=50, check=False
    )
    assert ran.returncode == 0, ran.stderr
