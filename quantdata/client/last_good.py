"""The last good answers, for a caller who prefers an old one, told as such, to an error."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quantdata.clients.health import is_strike
from quantdata.errors import AllProvidersFailedError, RateLimitError
from quantdata.frames.provenance import OLD_ANSWER, explained
from quantdata.validation import quality, validate
from quantdata.validation.verdicts import FAIR

if TYPE_CHECKING:
    from quantdata.errors import DataProviderError

__all__ = ["LastGood", "is_old"]

KINDS: Final = frozenset({"chain", "contract", "quotes", "indices"})
MOST_BYTES: Final = 256 * 1024 * 1024


class LastGood:
    """The newest answer to each question, whatever became of it in the cache; may be used from any thread.

    Parameters
    ----------
    max_age_s
        How old one may be that is handed out, in seconds of open market.
    """

    def __init__(self, max_age_s: float) -> None:
        self.max_age_s = max_age_s
        self._lock = Lock()
        self._answers: OrderedDict[tuple[Any, ...], pl.DataFrame] = OrderedDict()
        self._bytes = 0

    def keep(self, key: tuple[Any, ...], answer: object) -> None:
        """Remember an answer if it is of a kind that has an age, and of more than poor quality."""
        if key[0] not in KINDS or not isinstance(answer, pl.DataFrame) or quality(answer).confidence < FAIR:
            return
        kept = answer.clone()  # shares the buffers, and none of what the caller may do to the columns
        with self._lock:
            self._drop(key)
            self._answers[key] = kept
            self._bytes += int(kept.estimated_size())
            while self._bytes > MOST_BYTES:
                self._drop(next(iter(self._answers)))

    def instead_of(self, error: DataProviderError, key: tuple[Any, ...]) -> pl.DataFrame | None:
        """Return the last answer with its present age and confidence, and why it is old; None if there is none.

        Only a failure is answered so: that something does not exist, or is not in the plan, is an answer.
        """
        if not (is_strike(error) or isinstance(error, RateLimitError | AllProvidersFailedError)):
            return None
        with self._lock:
            last = self._answers.get(key)
        if last is None:
            return None
        aged = validate(explained(last, f"{OLD_ANSWER}{error.code.value}: {error}"))
        oldest: Any = aged.get_column("age_s").max()
        return aged if oldest is not None and oldest <= self.max_age_s else None

    def _drop(self, key: tuple[Any, ...]) -> None:
        answer = self._answers.pop(key, None)
        if answer is not None:
            self._bytes -= int(answer.estimated_size())


def is_old(frame: pl.DataFrame) -> bool:
    """Tell whether a frame was handed out in the place of one that could not be had; all its rows say so."""
    if frame.is_empty():
        return False
    reason: str | None = frame.item(0, "fallback_reason")
    return reason is not None and reason.startswith(OLD_ANSWER)
