"""One segment file while it is written: points become rows, rows become stretches and nodes.

Nothing that describes a series is held in memory but three numbers; what a fold needs is read back from the
file. A transaction that fails therefore leaves nothing to undo.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tracker import door
from tracker.store import columns, schema, sketch_levels, stretch
from tracker.store.engine import create
from tracker.store.liveness import Writer
from tracker.store.sketch import Sketch
from tracker.store.stretch import FAN_OUT, STRETCH_POINTS, Points
from tracker.values.value import Medium

FOLD_POINTS = 64
"""Fresh points that a series gathers before they are folded into its open stretch. Few enough that a page
reads a live series in a handful of rows; many enough that rewriting the open stretch costs 70 bytes a point."""

_FRESH = schema.insert(schema.scalars, columns.FRESH)
_STRETCH = schema.insert(schema.scalars)
_SERIES = schema.insert(schema.series)
_MEDIUM = schema.insert(schema.media)
_BLOB = schema.insert(schema.blobs, or_ignore=True)
_MARK = schema.insert(schema.marks)
_RECEIPT = schema.insert(schema.receipts).replace("INSERT", "INSERT OR REPLACE", 1)
_SEGMENT = schema.insert(schema.segment)
_STATE = schema.insert(schema.state)
_TAIL = f"SELECT {', '.join(stretch.UNPACK_COLUMNS)} FROM scalars WHERE series=? AND level=0 AND n>=? ORDER BY n"
_DROP_TAIL = "DELETE FROM scalars WHERE series=? AND level=0 AND n>=?"
_SUMMARIES = (
    f"SELECT {', '.join(stretch.SUMMARY_FIELDS)} FROM scalars WHERE series=? AND level=? AND n>=? ORDER BY n LIMIT ?"
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
        self._engine = create(path, lambda connection: _fill(connection, birth))
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


def _fill(connection: sa.Connection, birth: Birth) -> None:
    """The two rows that every segment has from its first moment."""
    driver = _driver(connection)
    driver.execute(
        _SEGMENT,
        (
            birth.segment, birth.run, birth.parent, birth.fork_step, birth.reason, birth.rank, birth.created,
            birth.writer.host, birth.writer.machine, birth.writer.pid, birth.writer.pid_started, birth.library,
            birth.group, door.dumps(list(birth.tags)), birth.notes, door.dumps(birth.config),
            door.dumps(birth.environment),
        ),
    )  # fmt: skip
    driver.execute(_STATE, (0, birth.created, "running", None, None, "{}"))


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
        self._state: dict[str, Any] = {}

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """What is added within is added whole or not at all, and the transaction goes on either way.

        Raises:
            sqlite3.Error: the transaction does not go on; SQLite has ended it.
        """
        before = (self.next_id, self.registered, dict(self.extents), dict(self.counts), set(self.unfolded))
        self._driver.execute("SAVEPOINT item")
        try:
            yield
        except BaseException:
            self._driver.execute("ROLLBACK TO item")
            self._driver.execute("RELEASE item")
            self.next_id, self.registered, self.extents, self.counts, self.unfolded = before
            raise
        self._driver.execute("RELEASE item")

    def add_series(self, names: Sequence[tuple[str, str]]) -> None:
        """Registers the series (kind, tag) that the file does not know yet; the first of all is number 1."""
        known = len(names)  # once: another thread may name a series while this one writes
        if known == self.registered:
            return
        self._driver.executemany(_SERIES, [(index + 1, *names[index], None) for index in range(self.registered, known)])
        self.registered = known

    def add_scalars(self, batch: Iterable[tuple[int, Points]]) -> None:
        """Appends points to their series: as fresh rows while they are few, folded when they are many."""
        fresh: list[Iterable[tuple[Any, ...]]] = []
        for series, points in batch:
            extent = self._extent(series)
            count = len(points.step)
            if extent.fresh + count >= FOLD_POINTS and not self._stays_unfolded(series):
                self._fold(series, extent, points)
                continue
            fresh.append(
                zip(
                    range(self.next_id, self.next_id + count), repeat(series), repeat(0),
                    range(extent.n, extent.n + count), repeat(1),
                    points.step.tolist(), points.wall_time.tolist(), points.value.tolist(),
                )
            )  # fmt: skip
            self.next_id += count
            self.extents[series] = replace(extent, fresh=extent.fresh + count)
        if fresh:
            self._driver.executemany(_FRESH, chain.from_iterable(fresh))

    def leave_unfolded(self, series: int) -> None:
        """Never folds the points of a series, neither these nor later ones."""
        self.unfolded.add(series)

    def _stays_unfolded(self, series: int) -> bool:
        return series in self.unfolded or series in self._appender._unfolded

    def fold_tails(self) -> None:
        """Folds what is fresh into open stretches: what a finished file should look like."""
        for series in self.tails():
            self.fold_tail(series)

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
        self._driver.executemany(
            _STRETCH,
            [
                (self._take_id(), series, 0, *summary, *columns)
                for summary, columns in zip(summaries.tolist(), packed, strict=True)
            ],
        )

    def _add_nodes(self, series: int, before: int, after: int) -> None:
        """Adds the nodes that stretches number before … after-1 complete, at every level."""
        level, rows_points = 0, STRETCH_POINTS
        while after // FAN_OUT > before // FAN_OUT:
            for node in range(before // FAN_OUT, after // FAN_OUT):
                start = node * FAN_OUT * rows_points
                found = self._driver.execute(_SUMMARIES, (series, level, start, FAN_OUT)).fetchall()
                children = stretch.summaries_of(found)
                summary = stretch.merge(children).tolist()[0]
                self._driver.execute(
                    _STRETCH, (self._take_id(), series, level + 1, *summary, None, None, children.tobytes())
                )
            level, rows_points = level + 1, rows_points * FAN_OUT
            before, after = before // FAN_OUT, after // FAN_OUT

    def add_sketch(self, series: int, step: int, wall_time: float, value: Sketch) -> None:
        """Appends a histogram to its series."""
        sketch_levels.append(self._driver, self._take_id, series, self._ordinal(series), step, wall_time, value)

    def add_media(self, series: int, step: int, wall_time: float, items: Sequence[Medium]) -> None:
        """Appends what was logged under one tag at one step: one item or several, in their order."""
        n = self._ordinal(series)
        for position, item in enumerate(items):
            digest = hashlib.blake2b(item.data, digest_size=16).hexdigest()
            self._driver.execute(_BLOB, (digest, item.data))
            attributes = door.dumps(item.attributes)
            row = (self._take_id(), series, n, step, wall_time, position, item.form, attributes, digest)
            self._driver.execute(_MEDIUM, row)

    def add_mark(self, step: int | None, wall_time: float, kind: str, text: str, attributes: Mapping[str, Any]) -> None:
        """Adds a mark: something that happened at a step and belongs on every chart."""
        self._driver.execute(_MARK, (self._take_id(), step, wall_time, kind, text, door.dumps(attributes)))

    def set_config(self, config: Mapping[str, Any]) -> None:
        """Says anew what the run was made with: what was learned since its segment began."""
        self._driver.execute("UPDATE segment SET config=?", (door.dumps(config),))

    def set_receipt(self, nonce: str, step: int | None, wall_time: float, outcome: Mapping[str, Any]) -> None:
        """Notes what became of something that came from outside; a later word on the same replaces it."""
        self._driver.execute(_RECEIPT, (self._take_id(), nonce, step, wall_time, door.dumps(outcome)))

    def set_state(self, **columns: Any) -> None:
        """Says how the segment stands: heartbeat, status, ended, ending, lost."""
        assert set(columns) <= {column.name for column in schema.state.columns}
        self._state |= columns

    def write_state(self) -> None:
        """The last of a commit: how the segment stands, and how far it was written."""
        columns = {"written": self.next_id - 1, **self._state}
        self._driver.execute(f"UPDATE state SET {'=?, '.join(columns)}=?", tuple(columns.values()))

    def _take_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def _ordinal(self, series: int) -> int:
        known = self.counts.get(series)
        n = known if known is not None else self._appender._counts.get(series, 0)
        self.counts[series] = n + 1
        return n
