"""When nobody answers any question: one is tried every few seconds, and the first answer has all others asked again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from quantdata.clients.health import is_strike
from quantdata.errors import AllProvidersFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["PROBE_S", "Outage", "is_nobody_there"]

S = TypeVar("S", bound="Hashable")

# Often enough to be back within seconds of a vendor's return, seldom enough to leave it in peace until then.
PROBE_S: Final = 3.0


def is_nobody_there(error: BaseException) -> bool:
    """Tell whether a failure is one of the vendors, or of the way to them, rather than of what was asked."""
    errors = error.errors.values() if isinstance(error, AllProvidersFailedError) else (error,)
    return any(is_strike(each) for each in errors)


class Outage(Generic[S]):
    """Remembers who found nobody there.

    Parameters
    ----------
    clock
        Monotonic seconds.

    Examples
    --------
    >>> outage = Outage[str](clock=lambda: 100.0)
    >>> outage.answered("quotes", is_regular=True)
    []
    >>> outage.failed("chain", is_lost=True)
    >>> outage.is_on
    False
    >>> outage.failed("quotes", is_lost=True)
    >>> outage.is_on
    True
    >>> outage.answered("quotes", is_regular=True)
    ['chain']
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._probed_at = clock()
        # Whose last question was answered, of those that are asked at each interval; and who found nobody there.
        self._well: set[S] = set()
        self._lost: dict[S, None] = {}

    @property
    def is_on(self) -> bool:
        """Whether somebody found nobody there, and nothing that is asked at each interval was answered last."""
        return bool(self._lost) and not self._well

    def answered(self, subject: S, *, is_regular: bool) -> list[S]:
        """Take note of an answer; return who is to ask again at once, for this ends an outage."""
        self._lost.pop(subject, None)
        others = [] if self._well else list(self._lost)
        if is_regular:
            self._well.add(subject)
        return others

    def failed(self, subject: S, *, is_lost: bool) -> None:
        """Take note of a failure, and whether it was one of the vendors."""
        was_on = self.is_on
        self._well.discard(subject)
        if is_lost:
            self._lost[subject] = None
        if self.is_on and not was_on:
            self._probed_at = self._clock()

    def forget(self, subject: S) -> None:
        """Remember nothing of one that asks no more."""
        self._well.discard(subject)
        self._lost.pop(subject, None)

    def due(self) -> list[S]:
        """Return who may try now whether anybody is there again, the first first; nobody while it is not time."""
        if not self.is_on or self._clock() - self._probed_at < PROBE_S:
            return []
        self._probed_at = self._clock()
        return list(self._lost)
