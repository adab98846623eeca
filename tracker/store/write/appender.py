"""One segment file while it is written: points become rows, rows become stretches and nodes.

Nothing that describes a series is held in memory but three numbers; what a fold needs is read back from the
file. A transaction that fails therefore leaves nothing to undo.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tracker import coerce
from tracker.series import checksums, stretch
from tracker.series.sketch import Sketch
from tracker.series.stretch import FAN_OUT, STRETCH_POINTS, Points
from tracker.store import columns
from tracker.store.read import sketch_levels
from tracker.store.read.liveness import Writer
from tracker.store.write import schema
from tracker.store.write.engine import create
from tracker.values.value import Medium

FOLD_POINTS = 64
"""Fresh points that a series gathers before they are folded into its open stretch. Few enough that a page
reads a live series in a handful of rows; many enough that rewriting the open stretch costs 70 bytes a point."""

_FRESH = schema.insert(schema.scalars, columns.FRESH)
_STRETCH = schema.insert(schema.scalars)
_SERIES = schema.insert(schema.series, columns.SERIES[:-1])
_MEDIUM = schema.insert(schema.media)
_BLOB = schema.insert(schema.blobs, or_ignore=True)
_MARK = schema.insert(schema.marks)
_RECEIPT = schema.insert(schema.receipts).replace("INSERT", "INSERT OR REPLACE", 1)
_SEGMENT = schema.insert(schema.segment)
_STATE = schema.insert(schema.state)
_REWRITE_STATE = f"UPDATE state SET {'=?, '.join(columns.STATE)}=?"
_TAIL = f"{columns.select('scalars', stretch.UNPACK_COLUMNS)} WHERE series=? AND level=0 AND n>=? ORDER BY n"
_DROP_TAIL = "DELETE FROM scalars WHERE series=? AND level=0 AND n>=?"
_SUMMARIES = (
    f"{columns.select('scalars', stretch.SUMMARY_COLUMNS)} WHERE series=? AND level=? AND n>=? ORDER BY n LIMIT ?"
)


@dataclass(frozen=True)
class Birth:
    """What a segment says of itself once and for all."""

    segment: str
    run: str
    parent: str | None
    fork_step: int | None
    reason: str
    rank: int | None
    created: float
    writer: Writer
    library: str
    group: str | None
    tags: Sequence[str]
    notes: str
    config: Mapping[str, Any]
    environment: Mapping[str, Any]


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


class Appender:
    """The only writer of one segment file. Not for two threads at a time."""

    def __init__(self, path: Path, birth: Birth) -> None:
        self.path = path
        self._said = _said(birth)
        self._state: dict[str, Any] = {
            "written": 0, "heartbeat": birth.created, "status": "running", "ended": None, "ending": None, "lost": "{}",
        }  # fmt: skip
        self._engine = create(path, self._fill)
        self._connection = self._engine.connect()
        self._driver = _driver(self._connection)
        self._next_id = 1
        self._registered = 0
        self._extents: dict[int, Extent] = {}
        self._counts: dict[int, int] = {}
        self._unfolded: set[int] = set()
        """Series that cannot be folded, because what stands in the file of them is damaged: their points stay fresh."""
        stat = path.stat()
        self.inode = (stat.st_dev, stat.st_ino)

    def _fill(self, connection: sa.Connection) -> None:
        """The two rows that every segment has from its first moment."""
        driver = _driver(connection)
        driver.execute(_SEGMENT, checksums.with_checksum(tuple(self._said.values())))
        driver.execute(_STATE, checksums.with_checksum(tuple(self._state.values())))

    @contextlib.contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[Transaction]:
        """All that is added within is committed together, or none of it.

        Args:
            durable: Commit so that a power loss does not undo it, nor any commit before it.
        """
        transaction = Transaction(self)
        if durable:
            self._driver.execute("PRAGMA synchronous=FULL")
        try:
            # Past SQLAlchemy: beginning and ending are a third of what a small commit costs with it.
            self._driver.execute("BEGIN IMMEDIATE")
            try:
                yield transaction
                transaction.write_state()
                self._driver.execute("COMMIT")
            except BaseException:
                # After some errors (a full disk) SQLite has rolled back itself, and after an error of the disk it
                # may not be able to; what is in the file then decides.
                with contextlib.suppress(sqlite3.Error):
                    self._driver.execute("ROLLBACK")
                raise
        finally:
            if durable:
                self._driver.execute("PRAGMA synchronous=NORMAL")
        self._accept(transaction)

    def _accept(self, transaction: Transaction) -> None:
        self._next_id = transaction.next_id
        self._registered = transaction.registered
        self._extents.update(transaction.extents)
        self._counts.update(transaction.counts)
        self._unfolded |= transaction.unfolded
        self._said, self._state = transaction.said, transaction.state

    def was_committed(self, transaction: Transaction) -> bool:
        """Whether a transaction whose COMMIT reported an error is in the file nevertheless."""
        written = self._driver.execute("SELECT written FROM state").fetchone()[0]
        if written < transaction.next_id - 1 or transaction.next_id == self._next_id:
            return False
        self._accept(transaction)
        return True

    def fold_away(self) -> None:
        """Folds the WAL into the file and leaves WAL mode, so that a read-only disk can hold the file.

        A reader that has the file open makes leaving impossible; the WAL is then left empty, which reads as well.
        """
        self._driver.execute("PRAGMA busy_timeout=100")
        self._driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._driver.execute("PRAGMA journal_mode=DELETE")

    def leak(self) -> None:
        """In a forked child: keeps the parent's connection for ever. Closing it here, as the end of the interpreter
        otherwise would, could remove the parent's WAL; SQLite's rule is not to touch it at all."""
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._driver))

    def close(self) -> None:
        """Lets go of the file. Can be called twice."""
        self._connection.close()
        self._engine.dispose()


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _said(birth: Birth) -> dict[str, Any]:
    """The row of `segment`, without its checksum."""
    values = (
        birth.segment, birth.run, birth.parent, birth.fork_step, birth.reason, birth.rank, birth.created,
        birth.writer.host, birth.writer.machine, birth.writer.pid, birth.writer.pid_started, birth.library,
        birth.group, coerce.dumps(list(birth.tags)), birth.notes, coerce.dumps(birth.config),
        coerce.dumps(birth.environment),
    )  # fmt: skip
    return dict(zip(columns.SEGMENT[:-1], values, strict=True))


class Transaction:
    """What one commit adds, with the numbers that become true when it succeeds."""

    def __init__(self, appender: Appender) -> None:
        self._appender = appender
        self._driver = appender._driver
        self.next_id = appender._next_id
        self.registered = appender._registered
        self.extents: dict[int, Extent] = {}
        self.counts: dict[int, int] = {}
        self.unfolded: set[int] = set()
        self.said = appender._said
        self.state = appender._state

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """What is added within is added whole or not at all, and the transaction goes on either way.

        Raises:
            sqlite3.Error: the transaction does not go on; SQLite has ended it.
        """
        before = (self.next_id, self.registered, dict(self.extents), dict(self.counts), set(self.unfolded), self.said)
        self._driver.execute("SAVEPOINT item")
        try:
            yield
        except BaseException:
            self._driver.execute("ROLLBACK TO item")
            self._driver.execute("RELEASE item")
            self.next_id, self.registered, self.extents, self.counts, self.unfolded, self.said = before
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
        return series in self.unfolded or series in self._appender._unfolded

    def fold_tails(self) -> None:
        """Folds what is fresh into open stretches: what a finished file should look like."""
        for series in self.tails():
            self.fold_tail(series)
        self.count_series()

    def count_series(self) -> None:
        """Says how many points, histograms or items each series has, now that there will be no more: where it ends."""
        others = {**self._appender._counts, **self.counts}
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
        return [*{**self._appender._extents, **self.extents}]

    def _extent(self, series: int) -> Extent:
        return self.extents.get(series) or self._appender._extents.get(series) or Extent()

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
            self._add_nodes(series, extent.sealed // STRETCH_POINTS, sealed // STRETCH_POINTS)
        rest = len(points.step) - cut
        if rest:
            self._add_stretches(series, points.part(cut, cut + rest), 1, sealed)
        self.extents[series] = Extent(sealed, rest, 0)

    def _add_stretches(self, series: int, points: Points, rows: int, n: int) -> None:
        summaries = stretch.summarise(points, rows, n)
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
                children = stretch.checked_summaries(found, series, level)
                summary, packed = stretch.merge(children), children.tobytes()
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
        self.said = {**self.said, "config": coerce.dumps(config)}
        found = checksums.of_row(self.said.values())
        self._driver.execute("UPDATE segment SET config=?, checksum=?", (self.said["config"], found))

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
        n = known if known is not None else self._appender._counts.get(series, 0)
        self.counts[series] = n + 1
        return n
