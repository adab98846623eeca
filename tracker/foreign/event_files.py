"""An event file copied into a run, as often as it grows."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from tracker import logdir
from tracker.foreign import protos
from tracker.foreign.intake import Intake
from tracker.foreign.records import Damage, RecordFile, ReplacedError, opened
from tracker.foreign.tfevents import OUR_WRITER, EventDecoder, left_out_in_words

MOST_DAMAGED = 1000
"""Damaged parts of a file that are looked at again at the next import."""

MOST_WARNINGS = 20
"""Sentences on what was met that are kept with a run."""

IDENTITY_BYTES = 25
"""The head of any event file: a record's length, its checksum, and a wall time in microseconds. No event is shorter."""


def identity(path: Path) -> str | None:
    """What tells an event file from any other in its folder, however long it grows; None while nothing is in it."""
    with opened(path) as file:
        head = file.read(IDENTITY_BYTES)
    if len(head) < IDENTITY_BYTES:
        return None
    return f"{path.name} {hashlib.blake2b(head, digest_size=8).hexdigest()}"


def is_beside_a_run(path: Path) -> bool:
    """Whether our own SummaryWriter wrote the file beside a run of ours, which holds the same and more."""
    if not logdir.segment_files(path.parent):
        return False
    for bodies in RecordFile(path).read():
        with contextlib.suppress(DecodeError):
            return bool(protos.Event.FromString(bodies[0]).source_metadata.writer == OUR_WRITER.encode())
        return False
    return False


@dataclass
class Copied:
    """What one look at a source brought."""

    added: Counter[str] = field(default_factory=Counter)
    """Values stored, by kind."""
    warnings: list[str] = field(default_factory=list)
    """What was not sound, or not kept, a sentence each."""


class EventFileCopy:
    """An event file and the run that it is copied into.

    Args:
        path: The event file.
        folder: The run's folder.
        run: The run's name.
    """

    def __init__(self, path: Path, folder: Path, run: str) -> None:
        self.path = path
        self._folder = folder
        self._run = run
        self._source: str | None = None
        self._intake: Intake | None = None
        self._decoder = EventDecoder()
        self._file = RecordFile(path)
        self._said = 0
        self._warnings: list[str] = []
        self._damaged: list[list[int]] = []
        self._mended = 0

    @property
    def written(self) -> Path | None:
        """The segment that was written last, if one was."""
        return self._intake.written if self._intake is not None else None

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it was ever stored."""
        return self._intake is None or not self._intake.receipt

    def update(self, tell: Callable[[int], None] | None = None) -> Copied:
        """Copies what is new.

        Args:
            tell: Called with the number of bytes read so far, from time to time.

        Raises:
            OSError: the file cannot be read.
            ReplacedError: it is not the one that was read before, or shorter than it was.
            sqlite3.Error: the store cannot be written.
        """
        copied = Copied()
        source = identity(self.path)
        if self._source not in (None, source):
            raise ReplacedError(f"{self.path} is another file than before")
        if source is None:
            return self._unbegun(copied)
        is_first = self._intake is None
        if self._intake is None:
            self._source = source
            self._intake = Intake(self._folder, self._run, source, "TensorBoard")
            receipt = self._intake.receipt
            self._file.offset = receipt.get("place", 0)
            self._decoder = EventDecoder(receipt.get("plugins"))
            self._warnings = receipt.get("met", [])
            self._damaged, self._mended = receipt.get("damaged", []), receipt.get("mended", 0)
        before = Counter(self._intake.added)
        left_out: Counter[str] = Counter()
        if is_first:
            self._take_mended(self._intake)
        for bodies in self._file.read():
            if tell is not None:
                tell(self._file.offset)
            for batch in self._decoder.decode(bodies):
                left_out.update(batch.left_out)
                self._intake.add(batch, self._receipt())
        copied.added = self._intake.added - before
        copied.warnings = [str(damage) for damage in self._file.damage[self._said :]] + left_out_in_words(left_out)
        self._said = len(self._file.damage)
        self._warnings += copied.warnings
        if self._file.tail:
            copied.warnings.append(self._file.tail)
        return copied

    def _take_mended(self, intake: Intake) -> None:
        """Copies what stands now where the file was damaged when it was read before."""
        for offset, n_bytes in list(self._damaged):
            bodies = self._file.part(offset, n_bytes)
            if not bodies:
                continue
            self._damaged.remove([offset, n_bytes])
            self._warnings = [each for each in self._warnings if not each.startswith(str(Damage(offset, n_bytes, "")))]
            self._mended += 1
            for batch in self._decoder.decode(bodies):
                batch.restart = None  # what it would leave behind was written after it
                intake.add(batch, self._receipt())

    def _receipt(self) -> dict[str, Any]:
        met = [*self._warnings, *([self._file.tail] if self._file.tail else [])]
        damaged = [*self._damaged, *([each.offset, each.n_bytes] for each in self._file.damage)]
        return {
            "place": self._file.offset, "plugins": self._decoder.plugins, "met": met[:MOST_WARNINGS],
            "damaged": damaged[:MOST_DAMAGED], "mended": self._mended,
        }  # fmt: skip

    def _unbegun(self, copied: Copied) -> Copied:
        for _ in self._file.read():
            raise AssertionError("a file without a head holds no record")
        copied.warnings = [self._file.tail] if self._file.tail else []
        return copied

    def close(self) -> None:
        """Folds what was written away, with a word on what was met. Can be called twice."""
        if self._intake is not None:
            self._intake.close(self._receipt())
