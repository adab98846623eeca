"""Folders of event files: which there are, and the copying of each into a run, as often as it grows."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf.message import DecodeError

from tracker import logdir
from tracker.foreign import protos
from tracker.foreign.intake import Intake
from tracker.foreign.records import RecordFile
from tracker.foreign.tfevents import OUR_WRITER, EventDecoder, left_out_in_words

NAME = "tfevents"
"""What TensorBoard looks for in a file's name."""

IDENTITY_BYTES = 25
"""The head of any event file: a record's length, its checksum, and a wall time in microseconds. No event is shorter."""


def is_event_file(name: str) -> bool:
    """Whether a file's name is that of an event file."""
    return NAME in name and not logdir.is_segment(name)


def event_files(root: Path) -> Iterator[tuple[str, list[Path]]]:
    """(run name, event files) of each folder below `root` that holds some, by name; "." is `root` itself.

    Links to folders are not followed, as in `tracker.logdir.run_folders`.
    """
    if root.is_file():
        yield ".", [root]
        return
    found: dict[str, list[Path]] = {}
    for folder, folders, names in itertools.islice(os.walk(root), logdir.MAX_FOLDERS):
        folders.sort()
        own = sorted(name for name in names if is_event_file(name))
        if own:
            found[Path(folder).relative_to(root).as_posix()] = [Path(folder, name) for name in own]
    yield from sorted(found.items())


def identity(path: Path) -> str | None:
    """What tells an event file from any other in its folder, however long it grows; None while nothing is in it."""
    with path.open("rb") as file:
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
    met: list[str] = field(default_factory=list)
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
        self._intake: Intake | None = None
        self._decoder = EventDecoder()
        self._file = RecordFile(path)
        self._said = 0

    @property
    def segment(self) -> Path | None:
        """The segment that is being written, if one is."""
        return self._intake.path if self._intake is not None else None

    @property
    def offset(self) -> int:
        """How far the file was read."""
        return self._file.offset

    def update(self, tell: Callable[[int], None] | None = None) -> Copied:
        """Copies what is new.

        Args:
            tell: Called with the number of bytes read so far, from time to time.

        Raises:
            OSError: the file cannot be read, or is shorter than it was.
            sqlite3.Error, SQLAlchemyError: the store cannot be written.
        """
        copied = Copied()
        if self._intake is None:
            source = identity(self.path)
            if source is None:
                return self._unbegun(copied)
            self._intake = Intake(self._folder, self._run, source, "TensorBoard")
            receipt = self._intake.receipt
            self._file.offset = receipt.get("place", 0)
            self._decoder = EventDecoder(receipt.get("plugins"))
        before = Counter(self._intake.added)
        left_out: Counter[str] = Counter()
        for bodies in self._file.read():
            if tell is not None:
                tell(self._file.offset)
            for batch in self._decoder.decode(bodies):
                left_out.update(batch.left_out)
                self._intake.add(batch, {"place": self._file.offset, "plugins": self._decoder.plugins})
        copied.added = self._intake.added - before
        copied.met = [str(damage) for damage in self._file.damage[self._said :]] + left_out_in_words(left_out)
        self._said = len(self._file.damage)
        if self._file.tail:
            copied.met.append(self._file.tail)
        return copied

    def _unbegun(self, copied: Copied) -> Copied:
        for _ in self._file.read():
            raise AssertionError("a file without a head holds no record")
        copied.met = [self._file.tail] if self._file.tail else []
        return copied

    def say(self, status: str) -> None:
        """As `Intake.say`."""
        if self._intake is not None:
            self._intake.say(status)

    def close(self) -> None:
        """Folds what was written away. Can be called twice."""
        if self._intake is not None:
            self._intake.close()
