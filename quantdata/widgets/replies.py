"""Where a kernel hears what a page says of a widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anywidget import AnyWidget

__all__ = ["hear_while_busy"]


def hear_while_busy(widget: AnyWidget) -> None:
    """Let what a page says next be heard though a cell runs; to be called after whatever was sent to the page.

    JupyterLab speaks of widgets to a subshell, which has a thread of its own. But ipykernel 7.4 keeps in mind whose
    request was the occasion of the last message, and hands the page's next one to that shell: to the main one after
    anything that we send from our own threads, and there it waits until the cell is over. A kernel without subshells,
    or without that memory, is left as it is.
    """
    # ipykernel 7.4, comm/comm.py: where this is not set, the shell counts that the page named.
    comm: Any = widget.comm
    if comm is not None:
        vars(comm).pop("_reply_subshell_id", None)
