from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from quantdata.widgets.replies import hear_while_busy


def test_the_shell_that_spoke_last_is_forgotten() -> None:
    comm = SimpleNamespace(_reply_subshell_id=None, comm_id="a")
    widget: Any = SimpleNamespace(comm=comm)
    hear_while_busy(widget)
    assert vars(comm) == {"comm_id": "a"}
    hear_while_busy(widget)
    assert vars(comm) == {"comm_id": "a"}


def test_a_widget_that_is_closed_is_left_as_it_is() -> None:
    widget: Any = SimpleNamespace(comm=None)
    hear_while_busy(widget)
    assert widget.comm is None
