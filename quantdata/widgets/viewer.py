"""One page: what it has been sent, and the difference to what it should have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quantdata.widgets import messages
from quantdata.widgets.facts import cells, width
from quantdata.widgets.gate import Gate
from quantdata.widgets.ladder import SIDES
from quantdata.widgets.messages import Changes
from quantdata.widgets.order import BY_STRIKE, STRIKE, ladder

if TYPE_CHECKING:
    from quantdata.widgets.ladder import Rows, Series
    from quantdata.widgets.messages import Message
    from quantdata.widgets.order import Ladder
    from quantdata.widgets.sheet import Sheet
    from quantdata.widgets.wants import Wants

__all__ = ["OVERSCAN", "PING_AFTER_S", "REORDER_AFTER_S", "Viewer"]

# Rows on either side of those in view that are kept up to date too, so that scrolling a little shows no holes.
OVERSCAN: Final = 6
# Rows that are ordered or filtered by what moves are put in order this often at the most, not under the reader's eyes.
REORDER_AFTER_S: Final = 5.0
PING_AFTER_S: Final = 2.5
CLOCK_EVERY_MS: Final = 1_000


class Viewer:
    """One page of a table; for one thread at a time. Moments are monotonic seconds that are passed in.

    It remembers each cell that it has sent, so that what is skipped while the page is slow costs nothing: the next
    message is the difference between what the page has and what is now.

    Parameters
    ----------
    client
        The page's own name for itself.
    wants
        What it shows.
    series
        Of the table, where the page asks for none: see `Sheet.series_of`.
    now
        The present.
    """

    def __init__(self, client: str, wants: Wants, *, now: float, series: str | None = None) -> None:
        self.client = client
        self.wants = wants
        self.gate = Gate(now)
        self.epoch = 0
        self.sequence = 0
        self._series = series
        self._sent_at = now
        # What the page has; None before its first snapshot, and when it begins anew.
        self._page: _Page | None = None

    def restart(self, wants: Wants, now: float) -> None:
        """Begin anew: the page has said hello, and so has nothing."""
        self.wants = wants
        self.gate.restart(now)
        self._page = None

    def acknowledge(self, epoch: int, sequence: int, rows: tuple[int, int] | None, now: float) -> None:
        """Note that the page has drawn a message, and which rows it has in view."""
        self.gate.acknowledged(sequence, now)
        # Rows of another order say nothing.
        if rows is not None and epoch == self.epoch:
            self.wants = self.wants._replace(first=rows[0], last=rows[1])

    def update(self, sheet: Sheet | None, now: float) -> Message | None:
        """Return what the page lacks; None if that is nothing, or must wait for the page."""
        if sheet is None or not self.gate.is_open:
            return None
        page = self._page
        if page is None or not self._stands(page, sheet, now):
            return self._snapshot(sheet, now)
        if page.version == sheet.version and page.in_view == self._in_view:
            return None
        return self._delta(page, sheet, now)

    def ping(self, now: float) -> Message | None:
        """Return a sign of life if the page has heard nothing for a while."""
        if self._page is None or now < self._sent_at + PING_AFTER_S:
            return None
        self._sent_at = now
        return messages.ping(self.client, epoch=self.epoch)

    def due_at(self) -> float | None:
        """Return when something is to be done though nothing comes: a ping, or giving the page up."""
        moments = [self._sent_at + PING_AFTER_S] if self._page is not None else []
        gone_at = self.gate.gone_at()
        return min([*moments, *([gone_at] if gone_at is not None else [])], default=None)

    def is_gone(self, now: float) -> bool:
        """Tell whether the page owes an answer, and has said nothing for too long."""
        gone_at = self.gate.gone_at()
        return gone_at is not None and now >= gone_at

    @property
    def _in_view(self) -> tuple[int, int]:
        return self.wants.first, self.wants.last

    def _stands(self, page: _Page, sheet: Sheet, now: float) -> bool:
        """Tell whether the rows are still those that the page has, in the same order."""
        if page.listing is not sheet.listing or not page.wants.are_as(self.wants):
            return False
        is_moving = self.wants.sort.field != STRIKE or bool(self.wants.filters)
        if not is_moving or now < page.ordered_at + REORDER_AFTER_S:
            return True
        page.ordered_at = now
        return page.ladder.is_as(self._ladder(sheet, page.chosen))

    def _ladder(self, sheet: Sheet, chosen: Series) -> Ladder:
        grid = sheet.listing.grid(chosen.key)
        return ladder(grid, sheet.chain, sort=self.wants.sort, filters=self.wants.filters)

    def _snapshot(self, sheet: Sheet, now: float) -> Message | None:
        chosen = sheet.series_of(self.wants.series, self._series)
        if chosen is None:
            return None
        rows = self._ladder(sheet, chosen)
        height = len(rows.strikes)
        self._page = page = _Page(sheet, chosen, rows, self.wants, now)
        status = page.status(sheet)
        changes = page.changes(sheet, self._rows_at_first(status["money"], height))
        self.epoch += 1
        self._sent(page, sheet, now)
        return messages.snapshot(
            self.client,
            epoch=self.epoch,
            sequence=self.sequence,
            layout=sheet.layout(self.wants, chosen, rows=height),
            status=status,
            strikes=rows.strikes,
            changes=changes,
        )

    def _delta(self, page: _Page, sheet: Sheet, now: float) -> Message | None:
        status = None if page.version == sheet.version else page.new_status(sheet)
        changes = page.changes(sheet, self._rows_in_view(len(page.ladder.strikes)))
        page.version, page.in_view = sheet.version, self._in_view
        if status is None and not len(changes.places):
            return None
        self._sent(page, sheet, now)
        return messages.delta(
            self.client,
            epoch=self.epoch,
            sequence=self.sequence,
            is_urgent=self.gate.is_tight,
            status=status,
            changes=changes,
        )

    def _sent(self, page: _Page, sheet: Sheet, now: float) -> None:
        self.sequence += 1
        self._sent_at = now
        page.version, page.in_view = sheet.version, self._in_view
        self.gate.sent(self.sequence, now)

    def _rows_in_view(self, height: int) -> Rows:
        return np.arange(max(0, self.wants.first - OVERSCAN), min(height, self.wants.last + 1 + OVERSCAN))

    def _rows_at_first(self, money: int | None, height: int) -> Rows:
        """Return the rows in view, and those around the money, where the page goes on its own."""
        in_view = self._rows_in_view(height)
        if money is None:
            return in_view
        reach = (self.wants.last - self.wants.first + 1) // 2 + 1 + OVERSCAN
        return np.union1d(in_view, np.arange(max(0, money - reach), min(height, money + reach + 1)))


class _Page:
    """What a page has since its last snapshot."""

    def __init__(self, sheet: Sheet, chosen: Series, rows: Ladder, wants: Wants, now: float) -> None:
        self.chosen = chosen
        self.ladder = rows
        self.wants = wants
        self.listing = sheet.listing
        self.ordered_at = now
        # The last sheet that was looked at, and which rows were in view then.
        self.version = -1
        self.in_view = (0, -1)
        self._status: dict[str, Any] = {}
        # NaN where nothing was sent, which is what the page begins with.
        self._cells = np.full((len(rows.strikes), len(SIDES), width(sheet.fields)), np.nan)

    def status(self, sheet: Sheet) -> dict[str, Any]:
        """Return what stands above the rows."""
        self._status = sheet.status(self.chosen, self.ladder, is_by_strike=self.wants.sort == BY_STRIKE)
        return self._status

    def new_status(self, sheet: Sheet) -> dict[str, Any] | None:
        """Return what stands above the rows if more than its time has changed, or a second has passed."""
        before = self._status
        now = sheet.status(self.chosen, self.ladder, is_by_strike=self.wants.sort == BY_STRIKE)
        if {**before, "at": now["at"]} == now and now["at"] - before["at"] < CLOCK_EVERY_MS:
            return None
        self._status = now
        return now

    def changes(self, sheet: Sheet, rows: Rows) -> Changes:
        """Return which cells of some rows are not as the page has them, and take them as sent."""
        found = cells(sheet.chain, self.ladder.legs[rows], sheet.fields, self.wants.filters)
        before = self._cells[rows]
        is_other = (found != before) & ~(np.isnan(found) & np.isnan(before))
        self._cells[rows] = found
        row, leg, at = np.nonzero(is_other)
        _, legs, wide = found.shape
        return Changes(((rows[row] * legs + leg) * wide + at).astype(np.uint32), found[is_other])
