from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]
import pytest

from quantdata.analytics import Drawing, redraw
from quantdata.analytics.figures.drawing import drawn


def line(name: str, *ys: float, **words: Any) -> dict[str, Any]:
    return {"type": "scatter", "meta": name, "x": np.arange(float(len(ys))), "y": np.array(ys), **words}


def drawing(*traces: dict[str, Any], title: str = "at noon") -> Drawing:
    return Drawing(traces, {"title": {"text": title}})


class Watched:
    """A figure of which every message that a widget would send to its page is kept."""

    def __init__(self, shown: Drawing, monkeypatch: pytest.MonkeyPatch) -> None:
        self.figure = drawn(shown)
        self.sent: list[tuple[str, Any]] = []
        for name in ("update", "restyle", "relayout", "addTraces", "deleteTraces"):
            monkeypatch.setattr(type(self.figure), f"_send_{name}_msg", self._keeper(name))

    def _keeper(self, name: str) -> Any:
        def keep(_: Any, *values: Any, **words: Any) -> None:
            self.sent.append((name, (values, words)))

        return keep


@pytest.fixture
def shown() -> Drawing:
    return drawing(line("a", 1, 2), line("b", 3, float("nan"), mode="lines"))


@pytest.fixture
def watched(shown: Drawing, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(shown, monkeypatch)


def test_what_is_the_same_is_not_sent_also_where_values_are_not_known(watched: Watched, shown: Drawing) -> None:
    again = drawing(line("a", 1, 2), line("b", 3, float("nan"), mode="lines"))
    redraw(watched.figure, again, before=shown)
    assert watched.sent == []


def test_what_differs_goes_to_the_page_in_one_message(watched: Watched, shown: Drawing) -> None:
    redraw(watched.figure, drawing(line("a", 1, 5), line("b", 4, 4), title="later"), before=shown)
    ((kind, (_, words)),) = watched.sent
    assert kind == "update"
    assert set(words["restyle_data"]) == {"y"}
    assert words["relayout_data"] == {"title.text": "later"}
    assert watched.figure.data[0].y.tolist() == [1.0, 5.0]


def test_without_knowing_what_was_there_the_figure_still_becomes_the_drawing(watched: Watched) -> None:
    redraw(watched.figure, drawing(line("a", 7, 8), line("b", 4, 4)))
    assert [trace.y.tolist() for trace in watched.figure.data] == [[7.0, 8.0], [4.0, 4.0]]


def test_a_trace_that_is_gone_is_taken_out_and_a_new_one_comes_last(watched: Watched, shown: Drawing) -> None:
    redraw(watched.figure, drawing(line("c", 9, 9), line("b", 4, 4)), before=shown)
    assert [trace.meta for trace in watched.figure.data] == ["b", "c"]
    assert [kind for kind, _ in watched.sent] == ["deleteTraces", "update", "addTraces"]


def test_what_a_reader_has_hidden_stays_hidden(watched: Watched, shown: Drawing) -> None:
    watched.figure.data[1].visible = "legendonly"
    redraw(watched.figure, drawing(line("a", 7, 8), line("b", 4, 4)), before=shown)
    assert watched.figure.data[1].visible == "legendonly"


def test_a_widget_is_redrawn_trace_by_trace_as_well(shown: Drawing) -> None:
    pytest.importorskip("anywidget")
    widget = go.FigureWidget(drawn(shown))
    uids = [trace.uid for trace in widget.data]
    redraw(widget, drawing(line("b", 5), line("a", 6)), before=shown)
    assert [(trace.meta, trace.y.tolist()) for trace in widget.data] == [("a", [6.0]), ("b", [5.0])]
    assert [trace.uid for trace in widget.data] == uids
    widget.close()
