"""A small cache in which concurrent callers build each value once."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["BuildOnce"]

V = TypeVar("V")


class BuildOnce(Generic[V]):
    """The most recently used values; who asks for one that is being built waits for it.

    Parameters
    ----------
    size
        How many values are kept.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._values: OrderedDict[Hashable, V] = OrderedDict()
        self._building: dict[Hashable, Lock] = {}

    def peek(self, key: Hashable) -> V | None:
        """Return a value that is there, and never wait for one that is not."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def get(self, key: Hashable, build: Callable[[], V]) -> V:
        """Return the value of a key, built by the first caller; an error of ``build`` is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            gate = self._building.setdefault(key, Lock())
        with gate:
            found = self.peek(key)
            if found is not None:
                return found
            try:
                return self._keep(key, build())
            finally:
                with self._lock:
                    self._building.pop(key, None)

    def _keep(self, key: Hashable, value: V) -> V:
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._size:
                self._values.popitem(last=False)
        return value
