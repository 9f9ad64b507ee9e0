from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go  # type: ignore[import-untyped]
import plotly.io as pio  # type: ignore[import-untyped]
import pytest

from quantdata.analytics.figures import shown
from quantdata.analytics.figures.shown import PLOTLY, ShownFigure

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def notebook() -> Iterator[None]:
    """Draw as in a notebook: plotly hands over its own format."""
    before = pio.renderers.default
    pio.renderers.default = "plotly_mimetype"
    yield
    pio.renderers.default = before


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what is handed to the notebook from now on."""
    kept: list[Any] = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, *, raw: kept.append(bundle) if raw else None)
    monkeypatch.setattr(go.Figure, "show", lambda *_, **__: kept.append("plotly's own"))
    return kept


@pytest.fixture
def figure() -> ShownFigure:
    return ShownFigure(data=[{"type": "scatter", "y": [1, 2]}], layout={"title": {"text": "<b>Two</b> points"}})


def test_a_notebook_keeps_the_drawing_and_its_words(figure: ShownFigure) -> None:
    bundle = figure._repr_mimebundle_(include=None, exclude=None)
    assert bundle.keys() == {PLOTLY, "text/html", "text/plain"}
    assert bundle[PLOTLY]["data"][0]["type"] == "scatter"
    assert "<strong>Two points</strong>" in bundle["text/html"]
    assert bundle["text/plain"] == "<Figure: Two points>"
    assert figure._repr_html_() == bundle["text/html"]


@pytest.mark.parametrize("renderer", ["plotly_mimetype+json", "json", "browser"])
def test_where_the_reader_chose_a_renderer_it_is_left_to_plotly(figure: ShownFigure, renderer: str) -> None:
    pio.renderers.default = renderer
    assert "text/html" not in figure._repr_mimebundle_()


def test_the_end_of_a_cell_and_show_hand_over_both(figure: ShownFigure, displayed: list[Any]) -> None:
    figure._ipython_display_()
    figure.show()
    assert [bundle.keys() for bundle in displayed] == [{PLOTLY, "text/html", "text/plain"}] * 2


def test_show_with_arguments_or_in_a_browser_is_plotlys_own(figure: ShownFigure, displayed: list[Any]) -> None:
    figure.show("json")
    figure.show(renderer="json")
    for renderer in ("browser", "plotly_mimetype+browser", ""):
        pio.renderers.default = renderer
        figure.show()
    assert displayed == ["plotly's own"] * 5


def test_it_is_plotlys_figure_in_all_else(figure: ShownFigure) -> None:
    assert isinstance(figure, go.Figure)
    assert go.Figure(figure) == figure
    assert go.FigureWidget(figure).layout.title.text == "<b>Two</b> points"
    assert type(copy.deepcopy(figure)) is type(pickle.loads(pickle.dumps(figure))) is ShownFigure  # noqa: S301  # ours


def test_public_names_are_there() -> None:
    assert all(hasattr(shown, name) for name in shown.__all__)
