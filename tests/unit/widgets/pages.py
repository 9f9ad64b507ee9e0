"""A page as the kernel may expect it: applies messages, asks again when one is missing, says what it has drawn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from quantdata.widgets.ladder import SIDES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantdata.widgets.ladder import Floats
    from quantdata.widgets.messages import Message

__all__ = ["ModelPage"]


class ModelPage:
    """The page side of the protocol, without anything to see."""

    def __init__(self, client: str, **wants: Any) -> None:
        self.client = client
        self.wants = {"first": 0, "last": 4, **wants}
        self.layout: dict[str, Any] = {}
        self.status: dict[str, Any] = {}
        self.cells: Floats = np.empty((0, 2, 0))
        self.strikes: Floats = np.empty(0)
        self.epoch = self.sequence = -1
        # Messages that told something, in order; and whether the last was an urgent one.
        self.taken: list[str] = []
        self.is_urgent = False

    def hello(self) -> dict[str, Any]:
        return {"kind": "hello", "client": self.client, "wants": self.wants}

    def want(self, **wants: Any) -> dict[str, Any]:
        self.wants = {**self.wants, **wants}
        return {"kind": "want", "client": self.client, "wants": self.wants}

    def ack(self) -> dict[str, Any]:
        rows = {name: self.wants[name] for name in ("first", "last")}
        return {"kind": "ack", "client": self.client, "epoch": self.epoch, "sequence": self.sequence, **rows}

    def bye(self) -> dict[str, Any]:
        return {"kind": "bye", "client": self.client}

    def take_all(self, messages: Sequence[Message]) -> bool:
        """Take what is for this page; tell whether all of it fitted."""
        fitted = [self.take(message) for message in messages if message.content["to"] in (self.client, "*")]
        return all(fitted)

    def take(self, message: Message) -> bool:
        """Take a message, and tell whether it was the one that was due."""
        content = json.loads(json.dumps(message.content, allow_nan=False))
        self.taken.append(content["kind"])
        if content["kind"] == "snapshot":
            self._begin(content, message.buffers)
            return True
        if content["kind"] == "delta":
            return self._change(content, message.buffers)
        return bool(content.get("epoch", self.epoch) == self.epoch)

    def _begin(self, content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        self.epoch, self.sequence = content["epoch"], content["sequence"]
        self.layout, self.status = content["layout"], content["status"]
        self.strikes = np.frombuffer(buffers[0], "<f8")
        width = len(self.layout["fields"]) + len(self.layout["facts"])
        self.cells = np.full((self.layout["rows"], len(SIDES), width), np.nan)
        self._put(*buffers[1:])

    def _change(self, content: dict[str, Any], buffers: Sequence[bytes]) -> bool:
        if (content["epoch"], content["sequence"]) != (self.epoch, self.sequence + 1):
            return False
        self.sequence += 1
        self.status = content.get("status", self.status)
        self.is_urgent = content.get("urgent", False)
        self._put(*buffers)
        return True

    def _put(self, places: bytes, values: bytes) -> None:
        self.cells.reshape(-1)[np.frombuffer(places, "<u4")] = np.frombuffer(values, "<f8")

    def column(self, name: str, leg: int = 0) -> list[float | None]:
        """Return what is shown of one field, from the top; None where it is empty or was not sent."""
        at = [field["name"] for field in self.layout["fields"]].index(name)
        return [None if np.isnan(value) else float(value) for value in self.cells[:, leg, at]]

    def fact(self, name: str, row: int, leg: int = 0) -> float:
        """Return a fact of a leg."""
        return float(self.cells[row, leg, len(self.layout["fields"]) + self.layout["facts"].index(name)])
