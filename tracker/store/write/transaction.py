"""One commit of a segment file: points become rows, rows become stretches and nodes.

Nothing that describes a series is held in memory but three numbers; what a fold needs is read back from the
file. A transaction that fails therefore leaves nothing to undo.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

from tracker import coerce
from tracker.series import checksums, stretch
from tracker.series.chunk import CHUNK_POINTS
from tracker.series.sketch import Sketch
from tracker.series.stretch import FAN_OUT, STRETCH_POINTS, Points
from tracker.series.summary import SUMMARY_COLUMNS, checked_summaries, merge_summaries, summarise
from tracker.store import columns
from tracker.store.read import sketch_levels
from tracker.store.write import packing, statements
from tracker.values.value import Medium

FOLD_POINTS = 64
"""Fresh points that a series gathers before they are folded into its open stretch. Few enough that a page
reads a live series in a handful of rows; many enough that rewriting the open stretch costs 70 bytes a point."""

_FRESH = statements.insert("scalars", columns.FRESH)

_STRETCH = statements.insert("scalars", columns.SCALARS)

_SERIES = statements.insert("series", columns.SERIES[:-1])

_MEDIUM = statements.insert("media", columns.MEDIA)

_BLOB = statements.insert("blobs", columns.BLOB, instead="OR IGNORE")

_MARK = statements.insert("marks", columns.MARK)

_RECEIPT = statements.insert("receipts", columns.RECEIPT, instead="OR REPLACE")

_REWRITE_STATE = f"UPDATE state SET {'=?, '.join(columns.STATE)}=?"

_TAIL = f"{columns.select('scalars', stretch.UNPACK_COLUMNS)} WHERE series=? AND level=0 AND n>=? ORDER BY n"

_DROP_TAIL = "DELETE FROM scalars WHERE series=? AND level=0 AND n>=?"

_SUMMARIES = f"{columns.select('scalars', SUMMARY_COLUMNS)} WHERE series=? AND level=? AND n>=? ORDER BY n LIMIT ?"


@dataclass(frozen=True)
class Extent:
    """How many points of a series lie where: in full stretches, in its open stretch, in fresh rows."""

    sealed: int = 0
    open: int = 0
    fresh: int = 0

    @property
    def n(self) -> int:
        """All of them, which is the ordinal of the next one."""
        return self.sealed + self.open + self.fresh


@dataclass
class Written:
    """What stands in the file, in numbers: where the next transaction goes on.

    Attributes:
        header: The row of `segment`, without its checksum.
        state: The row of `state`, likewise.
        next_id: Of the next row.
        registered: How many series have a row.
        extents: Of each series of scalars how many points lie where.
        counts: Of each other series how many ordinals are taken.
        unfolded: Series that cannot be folded, because what stands in the file of them is damaged: their points stay
            fresh.
    """

    header: dict[str, Any]
    state: dict[str, Any]
    next_id: int = 1
    registered: int = 0
    extents: dict[int, Extent] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    unfolded: set[int] = field(default_factory=set)

    @property
    def is_folded(self) -> bool:
        """Whether rows may have given way to others: until then no page of the file is free."""
        return bool(self.counts) or any(each.open or each.sealed for each in self.extents.values())

    def take(self, transaction: Transaction) -> None:
        """A transaction is in the file: its numbers are true now."""
        self.next_id, self.registered = transaction.next_id, transaction.registered
        self.extents.update(transaction.extents)
        self.counts.update(transaction.counts)
        self.unfolded |= transaction.unfolded
        self.header, self.state = transaction.header, transaction.state


class Transaction:
    """What one commit adds, with the numbers that become true when it succeeds."""

    def __init__(self, driver: sqlite3.Connection, before: Written) -> None:
        self._driver = driver
        self._before = before
        self.next_id = before.next_id
        self.registered = before.registered
        self.extents: dict[int, Extent] = {}
        self.counts: dict[int, int] = {}
        self.unfolded: set[int] = set()
        self.header = before.header
        self.state = before.state

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """What is added within is added whole or not at all, and the transaction goes on either way.

        Raises:
            sqlite3.Error: the transaction does not go on; SQLite has ended it.
        """
        before = (self.next_id, self.registered, dict(self.extents), dict(self.counts), set(self.unfolded), self.header)
        self._driver.execute("SAVEPOINT item")
        try:
            yield
        except BaseException:
            self._driver.execute("ROLLBACK TO item")
            self._driver.execute("RELEASE item")
            self.next_id, self.registered, self.extents, self.counts, self.unfolded, self.header = before
            raise
        self._driver.execute("RELEASE item")

    def add_series(self, names: Sequence[tuple[str, str]]) -> None:
        """Registers the series (kind, tag) that the file does not know yet; the first of all is number 1."""
        known = len(names)  # once: another thread may name a series while this one writes
        if known == self.registered:
            return
        rows = [(index + 1, *names[index], None) for index in range(self.registered, known)]
        self._driver.executemany(_SERIES, map(checksums.with_checksum, rows))
        self.registered = known

    def add_scalars(self, batch: Iterable[tuple[int, Points]]) -> None:
        """Appends points to their series: as fresh rows while they are few, folded when they are many."""
        fresh: list[tuple[int, int, Points]] = []
        for series, points in batch:
            extent = self._extent(series)
            count = len(points.step)
            if extent.fresh + count >= FOLD_POINTS and not self._stays_unfolded(series):
                self._fold(series, extent, points)
                continue
            fresh.append((series, extent.n, points))
            self.extents[series] = replace(extent, fresh=extent.fresh + count)
        if fresh:
            self._add_fresh(fresh)

    def _add_fresh(self, batch: Sequence[tuple[int, int, Points]]) -> None:
        """Adds points as rows of their own: the number of their series, the ordinal of the first, and these."""
        counts = [len(points.step) for _, _, points in batch]
        step, wall_time, value = stretch.concatenate([points for _, _, points in batch])
        series = [number for (number, _, _), count in zip(batch, counts, strict=True) for _ in range(count)]
        n = [first + each for (_, first, _), count in zip(batch, counts, strict=True) for each in range(count)]
        heads = checksums.of_heads(series, 0, n, 1, step, wall_time, value, step, wall_time)
        first, self.next_id = self.next_id, self.next_id + len(step)
        rows = zip(
            range(first, self.next_id), series, repeat(0), n, repeat(1), step.tolist(),
            wall_time.tolist(), value.tolist(), heads,
        )  # fmt: skip
        self._driver.executemany(_FRESH, rows)

    def leave_unfolded(self, series: int) -> None:
        """Never folds the points of a series, neither these nor later ones."""
        self.unfolded.add(series)

    def _stays_unfolded(self, series: int) -> bool:
        return series in self.unfolded or series in self._before.unfolded

    def fold_tails(self) -> None:
        """Folds what is fresh into open stretches: what a finished file should look like."""
        for series in self.tails():
            self.fold_tail(series)
        self.count_series()

    def count_series(self) -> None:
        """Says how many points, histograms or items each series has, now that there will be no more: where it ends."""
        others = {**self._before.counts, **self.counts}
        others |= dict(self._driver.execute("SELECT series, count(*) FROM media GROUP BY series"))
        counts = ((self._extent(series).n or others.get(series, 0), series) for series in range(1, self.registered + 1))
        self._driver.executemany("UPDATE series SET logged=? WHERE id=?", counts)

    def fold_tail(self, series: int) -> None:
        """Folds what is fresh of one series."""
        extent = self._extent(series)
        if (extent.fresh > 1 or (extent.fresh and extent.open)) and not self._stays_unfolded(series):
            self._fold(series, extent, Points.of([], [], []))

    def tails(self) -> list[int]:
        """The series that have points."""
        return [*{**self._before.extents, **self.extents}]

    def _extent(self, series: int) -> Extent:
        return self.extents.get(series) or self._before.extents.get(series) or Extent()

    def _fold(self, series: int, extent: Extent, points: Points) -> None:
        if extent.open or extent.fresh:
            tail = stretch.unpack(self._driver.execute(_TAIL, (series, extent.sealed)).fetchall())
            self._driver.execute(_DROP_TAIL, (series, extent.sealed))
            points = stretch.concatenate([tail, points])
        full = len(points.step) // STRETCH_POINTS
        cut = full * STRETCH_POINTS
        sealed = extent.sealed
        if full:
            self._add_stretches(series, points.part(0, cut), full, sealed)
            sealed += cut
            for stop in range(extent.sealed // CHUNK_POINTS * CHUNK_POINTS + CHUNK_POINTS, sealed + 1, CHUNK_POINTS):
                packing.pack(self._driver, series, stop - CHUNK_POINTS, stop)
            self._add_nodes(series, extent.sealed // STRETCH_POINTS, sealed // STRETCH_POINTS)
        rest = len(points.step) - cut
        if rest:
            self._add_stretches(series, points.part(cut, cut + rest), 1, sealed)
        self.extents[series] = Extent(sealed, rest, 0)

    def _add_stretches(self, series: int, points: Points, rows: int, n: int) -> None:
        summaries = summarise(points, rows, n)
        packed = stretch.pack(points, rows)
        heads, wholes = checksums.of_summaries(repeat(series, rows), 0, summaries)
        self._driver.executemany(
            _STRETCH,
            [
                (self._take_id(), series, 0, *summary, checksums.of_points(head, blobs), whole, *blobs)
                for summary, blobs, head, whole in zip(summaries.tolist(), packed, heads, wholes, strict=True)
            ],
        )

    def _add_nodes(self, series: int, before: int, after: int) -> None:
        """Adds the nodes that stretches number before … after-1 complete, at every level."""
        level, rows_points = 0, STRETCH_POINTS
        while after // FAN_OUT > before // FAN_OUT:
            for node in range(before // FAN_OUT, after // FAN_OUT):
                start = node * FAN_OUT * rows_points
                found = self._driver.execute(_SUMMARIES, (series, level, start, FAN_OUT)).fetchall()
                children = checked_summaries(found, series, level)
                summary, packed = merge_summaries(children), children.tobytes()
                (head,), (whole,) = checksums.of_summaries([series], level + 1, summary)
                checks = (checksums.of_points(head, (packed,)), whole)
                row = (self._take_id(), series, level + 1, *summary.tolist()[0], *checks, None, None, packed)
                self._driver.execute(_STRETCH, row)
            level, rows_points = level + 1, rows_points * FAN_OUT
            before, after = before // FAN_OUT, after // FAN_OUT

    def add_sketch(self, series: int, step: int, wall_time: float, value: Sketch) -> None:
        """Appends a histogram to its series."""
        sketch_levels.append(self._driver, self._take_id, series, self._ordinal(series), step, wall_time, value)

    def add_media(self, series: int, step: int, wall_time: float, items: Sequence[Medium]) -> None:
        """Appends what was logged under one tag at one step: one item or several, in their order."""
        n = self._ordinal(series)
        for position, item in enumerate(items):
            digest = checksums.hash_of(item.data)
            self._driver.execute(_BLOB, (digest, item.data))
            attributes = coerce.dumps(item.attributes)
            row = (self._take_id(), series, n, step, wall_time, position, item.form, attributes, digest)
            self._driver.execute(_MEDIUM, checksums.with_checksum(row))

    def add_mark(self, step: int | None, wall_time: float, kind: str, text: str, attributes: Mapping[str, Any]) -> None:
        """Adds a mark: something that happened at a step and belongs on every chart."""
        row = (self._take_id(), step, wall_time, kind, text, coerce.dumps(attributes))
        self._driver.execute(_MARK, checksums.with_checksum(row))

    def set_config(self, config: Mapping[str, Any]) -> None:
        """Says anew what the run was made with: what was learned since its segment began."""
        self.header = {**self.header, "config": coerce.dumps(config)}
        found = checksums.of_row(self.header.values())
        self._driver.execute("UPDATE segment SET config=?, checksum=?", (self.header["config"], found))

    def set_receipt(self, nonce: str, step: int | None, wall_time: float, outcome: Mapping[str, Any]) -> None:
        """Notes what became of something that came from outside; a later word on the same replaces it."""
        row = (self._take_id(), nonce, step, wall_time, coerce.dumps(outcome))
        self._driver.execute(_RECEIPT, checksums.with_checksum(row))

    def set_state(self, **columns: Any) -> None:
        """Says how the segment stands: heartbeat, status, ended, ending, lost."""
        assert columns.keys() <= self.state.keys()
        self.state = {**self.state, **columns}

    def write_state(self) -> None:
        """The last of a commit: how the segment stands, and how far it was written."""
        self.state = {**self.state, "written": self.next_id - 1}
        self._driver.execute(_REWRITE_STATE, checksums.with_checksum(tuple(self.state.values())))

    def _take_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def _ordinal(self, series: int) -> int:
        known = self.counts.get(series)
        n = known if known is not None else self._before.counts.get(series, 0)
        self.counts[series] = n + 1
        return n
