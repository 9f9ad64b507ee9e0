"""`Lake`: Parquet files that are whole, found by day and symbol, and known to the last gap."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

import polars as pl

from quantdata.config import Config
from quantdata.errors import ArgumentError, LakeError
from quantdata.frames.columns import CORPORATE_ACTIONS, LAKE_FINDINGS, LAKE_REPAIRS, schema
from quantdata.lake import arguments, reading
from quantdata.lake.actions import HeldActions, keep_actions, read_actions
from quantdata.lake.checking import findings
from quantdata.lake.commit import commit
from quantdata.lake.datasets import DATASETS, dataset_of
from quantdata.lake.footer import as_frame
from quantdata.lake.ledger import Gap, Ledger
from quantdata.lake.mending import mended
from quantdata.lake.pieces import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from quantdata.lake.pieces import Piece

__all__ = ["GapReason", "Lake"]

GapReason = Literal["holiday", "halted", "no_trades", "not_entitled", "failed"]
REASONS: Final = get_args(GapReason)
FOLDER: Final = Path("data/lake")


def _now() -> datetime:
    return datetime.now(UTC)


class Lake:
    """A folder of Parquet files, one for each piece, that any program can read and several may write at once.

    A piece is a chain's or a flow's snapshot, all quotes of one moment, or the bars or trades of one symbol in one
    session. It is written whole or not at all, under a name that follows from what it is: writing again replaces it.

    Parameters
    ----------
    path
        The folder; ``QUANTDATA_LAKE``, else ``data/lake``, when left out. It is made by the first write.
    wall
        The present (UTC); only for information, nothing depends on it.

    Attributes
    ----------
    path
        The folder.

    Notes
    -----
    ``<path>/<dataset>/date=YYYY-MM-DD/part-<key>.parquet``, and what is none of the data in ``<path>/_meta``. Words
    (option_type, source, ...) are text in the files, and of their own dtype in what `scan` returns.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> import quantdata as qd
    >>> lake = qd.Lake(mkdtemp())
    >>> bars = qd.Client("sim", clock="at:2026-11-18T11:00").bars("SPY", "5m", "2026-11-16", "2026-11-17", adjust="raw")
    >>> lake.write("bars_5m", bars).select("date", "symbol", "rows").rows()
    [(datetime.date(2026, 11, 16), 'SPY', 78), (datetime.date(2026, 11, 17), 'SPY', 78)]
    >>> lake.scan("bars_5m", symbols="SPY", start="2026-11-17").collect().height
    78
    """

    def __init__(self, path: str | Path | None = None, *, wall: Callable[[], datetime] = _now) -> None:
        self.path: Path = arguments.folder(path if path is not None else Config.from_environment().lake or FOLDER)
        self._wall = wall
        self._ledger = Ledger(self.path)
        # Whether it is of a simulated market; None while it holds nothing, or nobody has asked.
        self._is_simulated: bool | None = None

    def __repr__(self) -> str:
        return f"Lake({str(self.path)!r})"

    # --- writing ----------------------------------------------------------------------------------------------------

    def write(
        self,
        dataset: str,
        frame: pl.DataFrame,
        *,
        underlying: str | None = None,
        filters: Mapping[str, object] | None = None,
        hours: Literal["regular", "all"] = "regular",
    ) -> pl.DataFrame:
        """Keep a canonical frame: one file for each of its pieces, in place of what was there of the same piece.

        Parameters
        ----------
        dataset
            ``chains``, ``bars_1m`` ... ``bars_1d``, ``trades``, ``quotes``, ``indices`` or ``flow``.
        frame
            As the client of this package returns it. Bars as they traded (``adjust="raw"``).
        underlying
            Of ``flow``, whose frame does not hold it.
        filters
            What a chain was narrowed by, by argument; it becomes a piece beside the whole chain's.
        hours
            Which trading hours bars and trades are of.

        Returns
        -------
        pl.DataFrame
            One row for each piece written with the columns of ``quantdata.frames.columns.LAKE_PIECES``, by date and
            key; none of a frame without rows.

        Raises
        ------
        ArgumentError
            If there is no such dataset, or the frame is none of it.
        LakeError
            If a file cannot be written; each other piece is as it was or as it should be. Or if the frame is of a
            simulated market and the lake of a real one, or the other way round: nothing of it is written.
        """
        pieces = cut(dataset_of(dataset), frame, underlying=underlying, filters=filters, hours=hours)
        self._check_market(pieces)
        written = commit(self.path, pieces, self._wall()) if pieces else []
        self._ledger.keep(written)
        return as_frame(entry.facts for entry in written)

    def _check_market(self, pieces: Collection[Piece]) -> None:
        """Raise if pieces are of another market than what is kept: what is simulated must never pass for real."""
        if self._is_simulated is None:
            self._is_simulated = reading.is_simulated(self.path)
        for piece in pieces:
            if self._is_simulated is None:
                self._is_simulated = piece.facts.is_simulated
            if piece.facts.is_simulated != self._is_simulated:
                kept, new = ("simulated", "real") if self._is_simulated else ("real", "simulated")
                raise LakeError(
                    f"{self.path} holds {kept} data, and this is {new}: give it a lake of its own, as in "
                    f"Lake('data/{new}')"
                )

    def note_gap(
        self, dataset: str, symbol: str, day: date | str, reason: GapReason, *, detail: str | None = None
    ) -> None:
        """Write down why a symbol has no bars or trades in a session, so that nobody need ask again.

        Parameters
        ----------
        dataset
            ``bars_1m`` ... ``bars_1d``, or ``trades``.
        symbol
            In canonical spelling.
        day
            The session.
        reason
            ``holiday``, ``halted``, ``no_trades``, ``not_entitled`` or ``failed``. The newest counts.
        detail
            What the vendor said.

        Raises
        ------
        ArgumentError
            If there is no such dataset or reason.
        LakeError
            If it cannot be written down.
        """
        self.note_gaps(dataset, symbol, {arguments.day(day, name="day"): reason}, detail=detail)

    def note_gaps(
        self,
        dataset: str,
        symbol: str,
        reasons: Mapping[date, GapReason],
        *,
        detail: str | None = None,
    ) -> None:
        """Write down why a symbol has nothing in several sessions, all or none: see `note_gap`.

        Parameters
        ----------
        dataset, symbol, detail
            As of `note_gap`.
        reasons
            By session.
        """
        kind = arguments.with_sessions(dataset)
        if unknown := sorted({str(reason) for reason in reasons.values() if reason not in REASONS}):
            raise ArgumentError(f"no reason {', '.join(unknown)}: there are {', '.join(REASONS)}")
        (name,) = arguments.symbol_texts((symbol,))
        at = self._wall()
        self._ledger.note(
            Gap(kind.name, name, arguments.day(day, name="day"), reason, detail, at) for day, reason in reasons.items()
        )

    def keep_corporate_actions(self, symbol: str, actions: pl.DataFrame, *, asked_on: date) -> None:
        """Keep the splits and dividends of a stock or fund, by which its bars are adjusted when they are read.

        Parameters
        ----------
        symbol
            In canonical spelling.
        actions
            All that are known, with the columns of ``quantdata.frames.columns.CORPORATE_ACTIONS``.
        asked_on
            The New York day on which they were.

        Raises
        ------
        ArgumentError
            If the frame is another.
        LakeError
            If they cannot be written.
        """
        if actions.schema != schema(CORPORATE_ACTIONS):
            raise ArgumentError(
                "actions must have the columns of CORPORATE_ACTIONS, as a client's corporate actions do"
            )
        keep_actions(self.path, symbol, actions, asked_on=asked_on)

    # --- reading ----------------------------------------------------------------------------------------------------

    def scan(
        self,
        dataset: str,
        *,
        symbols: str | Iterable[str] | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
    ) -> pl.LazyFrame:
        """Return what is kept as one lazy frame, from the files that may hold what is asked for and no others.

        Parameters
        ----------
        dataset
            Name of the dataset.
        symbols
            These alone: underlyings of chains and flow, contracts of their bars. All when left out.
        start, end
            First and last session, both included; open where left out.

        Returns
        -------
        pl.LazyFrame
            Canonical columns, and ``date``, the session. Piece after piece, by date and key. Columns that an older
            file lacks are null, those that only a newer version knows are left out. Without rows, and of the same
            columns, where nothing is kept.

        Raises
        ------
        ArgumentError
            If there is no such dataset, or the days make no sense.
        LakeError
            If a file is cut off or may not be read.
        """
        wanted, (first, last) = arguments.symbols_asked(symbols), arguments.span(start, end)
        return reading.scan(self.path, dataset_of(dataset), symbols=wanted, start=first, end=last)

    def coverage(
        self,
        dataset: str | None = None,
        *,
        symbols: str | Iterable[str] | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
    ) -> pl.DataFrame:
        """Return which pieces there are, and what each of them says of itself.

        Parameters
        ----------
        dataset
            One alone; all when left out.
        symbols, start, end
            As of `scan`; pieces of several symbols (quotes, indices) are in it whatever the symbols.

        Returns
        -------
        pl.DataFrame
            One row for each piece with the columns of ``quantdata.frames.columns.LAKE_PIECES``, by dataset, date and
            key.

        Warns
        -----
        QuantDataWarning
            For each file that cannot be read, which counts as absent.

        Raises
        ------
        ArgumentError
            If there is no such dataset, or the days make no sense.
        LakeError
            If a folder may not be read.
        """
        kinds = DATASETS.values() if dataset is None else [dataset_of(dataset)]
        (first, last), wanted = arguments.span(start, end), arguments.symbols_asked(symbols)
        found = (
            entry
            for kind in kinds
            for entry in reading.entries(self.path, self._ledger, kind, symbols=wanted, start=first, end=last)
        )
        return as_frame(entry.facts for entry in found)

    def corporate_actions(self, symbol: str) -> HeldActions | None:
        """Return the splits and dividends of a stock or fund, and the day they were asked for; None where nobody has.

        Raises
        ------
        LakeError
            If they cannot be read.
        """
        return read_actions(self.path, symbol)

    def gaps(self, dataset: str, symbols: str | Iterable[str], start: date | str, end: date | str) -> pl.DataFrame:
        """Return which sessions of bars or trades there are not, and why not, as far as anybody knows.

        Parameters
        ----------
        dataset
            ``bars_1m`` ... ``bars_1d``, or ``trades``.
        symbols
            One or more, in canonical spelling.
        start, end
            First and last day, both included.

        Returns
        -------
        pl.DataFrame
            One row for each symbol and weekday without a piece with the columns of
            ``quantdata.frames.columns.LAKE_GAPS``, by symbol and date; ``reason`` is ``not_asked`` where nobody has
            tried.

        Raises
        ------
        ArgumentError
            If there is no such dataset, no symbol, or the days make no sense.
        LakeError
            If the lake may not be read.
        """
        kind, wanted = arguments.with_sessions(dataset), arguments.symbols_asked(symbols)
        first, last = arguments.whole_span(start, end)
        if not wanted:
            raise ArgumentError("symbols is empty: name at least one")
        held = reading.entries(self.path, self._ledger, kind, symbols=wanted, start=first, end=last)
        noted = self._ledger.noted(kind.name, symbols=wanted, start=first, end=last)
        return reading.gaps(held, noted, dataset=kind.name, symbols=wanted, start=first, end=last)

    # --- care -------------------------------------------------------------------------------------------------------

    def verify(self, dataset: str | None = None) -> pl.DataFrame:
        """Read every file and return what is wrong; nothing is changed.

        Parameters
        ----------
        dataset
            One alone; all when left out.

        Returns
        -------
        pl.DataFrame
            One row for each finding with the columns of ``quantdata.frames.columns.LAKE_FINDINGS``, none where all is
            well. ``hash``, ``truncated``, ``schema`` and ``misplaced``: the file must not be read. ``unsorted``,
            ``duplicates``: its rows. ``foreign``: written by another program, or no file of a lake at all.
            ``not_in_ledger``, ``missing_file``, ``staging``: what a writer left that was killed, or somebody's hand.

        Raises
        ------
        ArgumentError
            If there is no such dataset.
        LakeError
            If a folder or file may not be read.
        """
        kinds = DATASETS.values() if dataset is None else [dataset_of(dataset)]
        found = findings(self.path, self._ledger, kinds, self._wall())
        return pl.DataFrame(found, schema=schema(LAKE_FINDINGS), orient="row")

    def repair(self) -> pl.DataFrame:
        """Move broken files aside, remove what writers left, and make the ledger anew from the files; lose no data.

        Returns
        -------
        pl.DataFrame
            One row for each thing done with the columns of ``quantdata.frames.columns.LAKE_REPAIRS``; none where all
            was well. Broken files are in ``_meta/quarantine`` afterwards; what was left over in staging for an hour is
            removed. Rows out of order, duplicates and foreign files stay where they are.

        Raises
        ------
        LakeError
            If a file cannot be moved.
        """
        done = mended(self.path, self._ledger, self._wall())
        return pl.DataFrame(done, schema=schema(LAKE_REPAIRS), orient="row")
