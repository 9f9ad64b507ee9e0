"""The figures that are returned: plotly's own, which say in words what they show where nothing draws them."""

from __future__ import annotations

from typing import Any, Final

import plotly.graph_objects as go  # type: ignore[import-untyped]
import plotly.io as pio  # type: ignore[import-untyped]

from quantdata.analytics.figures.still import in_words, title_of

__all__ = ["ShownFigure"]

PLOTLY: Final = "application/vnd.plotly.v1+json"


class ShownFigure(go.Figure):  # type: ignore[misc]  # plotly has no types
    """A `plotly.graph_objects.Figure` that leaves words in a notebook beside what JupyterLab draws.

    In a notebook plotly hands over its own format alone, of which GitHub and `nbconvert` show nothing. Where another
    renderer is set (`plotly.io.renderers.default`), as one that makes pages or pictures, all is left to it.
    """

    def _repr_mimebundle_(self, *asked: Any, **words: Any) -> dict[str, Any]:
        """Return what notebooks keep: plotly's format and, where that is all there is, the same in words."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(*asked, **words)
        if bundle.keys() != {PLOTLY}:
            return bundle
        return {**bundle, "text/html": in_words(self), "text/plain": f"<Figure: {title_of(self)}>"}

    def _ipython_display_(self) -> None:
        self.show()

    def show(self, *asked: Any, **words: Any) -> None:
        """Show the figure, as plotly's own ``show`` does and with its arguments."""
        is_plain = pio.renderers.render_on_display and "+" not in (pio.renderers.default or "+")
        bundle = self._repr_mimebundle_() if is_plain and not asked and not words else {}
        if PLOTLY not in bundle:
            super().show(*asked, **words)
            return
        from IPython.display import display  # noqa: PLC0415  # there is one where a notebook is

        display(bundle, raw=True)  # type: ignore[no-untyped-call]
