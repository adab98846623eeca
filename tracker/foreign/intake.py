"""Intake: what was read of another program's log, put into a run of ours, once.

Each source keeps a receipt in the segment that its points went into, in the same transaction as they: how far it was
read. Reading it again begins there, whatever happened in between.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker import logdir
from tracker.errors import DamagedStoreError, LogdirError, StoreError, message
from tracker.foreign.batch import Batch
from tracker.series.sketch import Sketch
from tracker.store.read import read_only, segments
from tracker.store.read.liveness import this_process
from tracker.store.read.scalar_levels import all_points
from tracker.store.write.appender import Appender, Birth
from tracker.store.write.transaction import Transaction

_SKETCHES = "SELECT step FROM sketches WHERE series=? AND level=0 ORDER BY n"
_VALUES = "SELECT step FROM media WHERE series=? AND position=0 ORDER BY n"

_ORDER_S = 1e-6
"""By how much a segment begins after the one that it continues, when their times do not say so."""


class Intake:
    """Puts batches of one source into a run's folder, in a segment of its own that is made with the first of them.

    Args:
        folder: The run's folder.
        run: The run's name.
        source: What tells this source from any other of the run, in words that stay the same.
        program: What wrote it, such as "TensorBoard".
        beside: Whether it stands beside the run's line and not on it: a restart of the training leaves it as it is.

    Attributes:
        receipt: What was said when something of this source was last stored; empty when nothing was.
        added: How many values of each kind were stored since.
        written: The segment that was begun last; None when none was.
    """

    def __init__(self, folder: Path, run: str, source: str, program: str, *, beside: bool = False) -> None:
        self.folder = folder
        self.run = run
        self.program = program
        self._beside = beside
        self._nonce = f"source {source}"
        self._appender: Appender | None = None
        self._names: list[tuple[str, str]] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._config: dict[str, Any] = {}
        self._parent: str | None = None
        self._has_points = False
        self._last_time = 0.0
        self.added: Counter[str] = Counter()
        self.receipt: dict[str, Any] = {}
        self.written: Path | None = None
        for path in logdir.segment_files(folder):
            self._recall(path)

    def _recall(self, path: Path) -> None:
        """Takes up what a segment says of this source."""
        with contextlib.suppress(StoreError, sqlite3.Error), contextlib.closing(read_only.connect(path)) as connection:
            row = connection.execute("SELECT outcome FROM receipts WHERE nonce=?", (self._nonce,)).fetchone()
            segment = segments.read(connection, path)
            if row is None or segment is None:
                return
            outcome = json.loads(row[0])
            if _newness(outcome) >= _newness(self.receipt):
                self.receipt, self._parent, self._config = outcome, segment.id, dict(segment.config)

    def stored(self, kind: str, tag: str) -> list[tuple[int, str]]:
        """(step, the value's digits) of all that was stored of a series of this source; no digits of what is no number.

        Raises:
            StoreError, sqlite3.Error: it cannot be read again.
        """
        found: list[tuple[int, str]] = []
        for path in logdir.segment_files(self.folder):
            with read_only.snapshot(path) as connection:
                known = connection.execute("SELECT 1 FROM receipts WHERE nonce=?", (self._nonce,)).fetchone()
                row = connection.execute("SELECT id FROM series WHERE kind=? AND tag=?", (kind, tag)).fetchone()
                if known is None or row is None:
                    continue
                if kind == "scalar":
                    points = all_points(connection, row[0])
                    found += zip(points.step.tolist(), map(repr, points.value.tolist()), strict=True)
                elif kind == "histogram":
                    found += [(step, "") for (step,) in connection.execute(_SKETCHES, row)]
                else:
                    found += [(step, "") for (step,) in connection.execute(_VALUES, row)]
        return found

    def add(self, batch: Batch, receipt: Mapping[str, Any]) -> None:
        """Stores a batch and how far the source is read with it: both or neither.

        Args:
            batch: What was read.
            receipt: JSON values; `place` grows with every one.

        Raises:
            OSError, sqlite3.Error: what the disk says.
        """
        if batch.restart is not None and (self._has_points or self._appender is None):
            is_in = self._begin_again(batch, receipt)
        else:
            is_in = False
        if self._appender is None:
            if not (batch.numbers or batch.items or batch.marks or batch.config):
                return
            if self._beside:
                self._begin(batch, receipt, None, None, "child")
            else:
                self._begin(batch, receipt, self._parent, None, "resume" if self._parent else "start")
        elif not is_in:
            with self._appender.transaction() as transaction:
                self._put(transaction, batch, receipt)
        self.receipt = dict(receipt)
        self._has_points = self._has_points or bool(batch.numbers or batch.items)
        self._last_time = max(self._last_time, batch.last_time() or 0.0)
        self.added.update(Counter(item.kind for item in batch.items))
        self.added["scalar"] += sum(len(points.step) for _, points in batch.numbers)

    def _put(self, transaction: Transaction, batch: Batch, receipt: Mapping[str, Any]) -> None:
        numbers = [(self._series("scalar", tag), points) for tag, points in batch.numbers]
        items = [(self._series(item.kind, item.tag), item) for item in batch.items]
        transaction.add_series(self._names)
        transaction.add_scalars(numbers)
        for series, item in items:
            if isinstance(item.content, Sketch):
                transaction.add_sketch(series, item.step, item.wall_time, item.content)
            else:
                transaction.add_media(series, item.step, item.wall_time, item.content)
        for mark in batch.marks:
            transaction.add_mark(mark.step, mark.wall_time, mark.kind, mark.text, {})
        if not batch.config.items() <= self._config.items():
            self._config.update(batch.config)
            transaction.set_config(self._config)
        transaction.set_receipt(self._nonce, None, time.time(), receipt)
        transaction.set_state(heartbeat=time.time())

    def close(self, receipt: Mapping[str, Any] | None = None) -> None:
        """Folds the segment away, with a last receipt if one is given. Can be called twice."""
        if self._appender is None:
            return
        appender, self._appender = self._appender, None
        try:
            with appender.transaction(durable=True) as transaction:
                transaction.fold_tails()
                if receipt is not None:
                    transaction.set_receipt(self._nonce, None, time.time(), receipt)
                transaction.set_state(status="finished", ended=self._last_time or time.time())
            # A reader that has the file open keeps it from leaving WAL mode; it is whole and sound all the same.
            with contextlib.suppress(sqlite3.Error):
                appender.fold_away()
        finally:
            appender.close()

    def _series(self, kind: str, tag: str) -> int:
        number = self._numbers.get((kind, tag))
        if number is None:
            self._names.append((kind, tag))
            number = self._numbers[(kind, tag)] = len(self._names)
        return number

    def _begin_again(self, batch: Batch, receipt: Mapping[str, Any]) -> bool:
        """A restart: what lies after its step, in whatever segment, is left behind. Whether there is any such."""
        self.close()
        last = segments.last_of(self._stored(), None)
        if last is None or batch.restart is None:
            return False
        self._begin(batch, receipt, last.id, batch.restart - 1, "rewind")
        return True

    def _stored(self) -> list[segments.Segment]:
        found = []
        for path in logdir.segment_files(self.folder):
            with contextlib.suppress(StoreError), contextlib.closing(read_only.connect(path)) as connection:
                segment = segments.read(connection, path)
                if segment is not None:
                    found.append(segment)
        return found

    def _begin(
        self, batch: Batch, receipt: Mapping[str, Any], parent: str | None, fork_step: int | None, reason: str
    ) -> None:
        """Makes a segment with a batch in it: who looks while it is made sees none, and then all of it."""
        first = batch.first_time()
        created = first if first is not None else time.time()
        latest = max((segment.created for segment in self._stored()), default=None)
        if (parent is not None or self._beside) and latest is not None:
            created = max(created, latest + _ORDER_S)
        identity = logdir.new_segment_id(created)
        birth = Birth(
            segment=identity, run=self.run, parent=parent, fork_step=fork_step, reason=reason, rank=None,
            created=created, writer=this_process(), library=f"{READ_FROM}{self.program}", group=None, tags=(), notes="",
            config={**self._config, **batch.config}, environment={},
        )  # fmt: skip
        self.folder.mkdir(parents=True, exist_ok=True)
        self._config = dict(birth.config)
        self._names, self._numbers, self._parent = [], {}, identity
        self._has_points = False
        path = logdir.segment_path(self.folder, identity)
        self._appender = Appender(path, birth, lambda transaction: self._put(transaction, batch, receipt))
        self.written = path


def check_receipts(folder: Path) -> None:
    """That what was imported into a run's folder before can be told: else an import would add all of it once more.

    Raises:
        LogdirError: a file there cannot be read, or its receipts are lost.
    """
    for path in logdir.segment_files(folder):
        why = ""
        try:
            with read_only.snapshot(path) as connection:
                segment = segments.read(connection, path)
                (is_lost,) = connection.execute(_IS_LOST).fetchone()
                if segment is not None and segment.library.startswith(READ_FROM) and is_lost:
                    why = "what it was read from is lost"
                    hint = "Remove this run first, or import into another logdir."
        except DamagedStoreError as error:
            why, hint = error.why, "Mend it first, with viz doctor --repair, or import into another logdir."
        except (StoreError, FileNotFoundError):
            continue
        if why:
            raise LogdirError(message(f"{path} may hold some of this already: {why}.", hint=hint))


# Not of an import that was stopped before its first batch, which holds neither.
_IS_LOST = (
    "SELECT NOT EXISTS (SELECT 1 FROM receipts) AND (EXISTS (SELECT 1 FROM scalars) OR EXISTS (SELECT 1 FROM sketches) "
    "OR EXISTS (SELECT 1 FROM media))"
)

READ_FROM = "read from "
"""What the library of a segment begins with that was imported."""


def _newness(receipt: Mapping[str, Any]) -> tuple[int, int]:
    """By what of two receipts the newer one is told: how far the source was read, and how often mended parts of it."""
    return receipt.get("place", 0), receipt.get("mended", 0)
