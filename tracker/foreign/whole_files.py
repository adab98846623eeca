"""Sources that are read whole: embeddings that a config of the projector names, and traces of profilers.

Each consists of parts, told by a key, and of each its files' sizes and times are remembered: what is new or has changed
is stored, as a later value under its tag.
"""

from __future__ import annotations

import contextlib
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import ClassVar

from tracker.errors import LoggedValueError, TrackerError
from tracker.foreign import folders
from tracker.foreign.batch import Batch, Item
from tracker.foreign.event_files import MOST_WARNINGS, Copied
from tracker.foreign.intake import Intake
from tracker.values import projector
from tracker.values.embedding import Embedding
from tracker.values.profile import Profile
from tracker.values.value import Medium

SETTLE_S = 2.0
"""A file that was written to since then may be half written."""

MOST_FILE_BYTES = 64 << 20
"""Of what a profiler wrote beside its traces, and is kept as it is."""

Stamp = list[list[int]]
"""Size and time of change of each file, in order."""


class WholeCopy(ABC):
    """A source and the run that it is copied into.

    Args:
        path: The source.
        folder: The run's folder.
        run: The run's name.

    Attributes:
        is_settled: Whether all of it was there at the last look, as far as can be told.
        is_less: Whether something that was copied before is not there any more.
    """

    program: ClassVar[str]

    def __init__(self, path: Path, folder: Path, run: str) -> None:
        self.path = path
        self.is_settled = True
        self.is_less = False
        self._intake = Intake(folder, run, identity(path), self.program, beside=True)
        self._last: dict[str, Stamp] = {}
        self._refused: dict[str, Stamp] = {}

    @abstractmethod
    def parts(self) -> Iterable[tuple[str, list[Path]]]:
        """The key of each part and the files that it is read from.

        Raises:
            OSError, TrackerError: the source cannot be read.
        """

    @abstractmethod
    def items(self, key: str, warnings: list[str]) -> list[Item]:
        """The values of a part; what cannot be kept of it is told to `met`.

        Raises:
            OSError, TrackerError: it cannot be read.
        """

    @property
    def written(self) -> Path | None:
        """The segment that was written last, if one was."""
        return self._intake.written

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it was ever stored."""
        return not self._intake.receipt

    def update(self, tell: Callable[[int], None] | None = None, settled: float | None = None) -> Copied:
        """Copies what is new or has changed.

        Args:
            tell: Called with the number of bytes read so far.
            settled: Files that were changed later than this are waited for, until two looks find them the same. None
                takes them as they are.

        Raises:
            OSError, TrackerError: the source cannot be read.
            sqlite3.Error: the store cannot be written.
        """
        copied = Copied()
        before, read = Counter(self._intake.added), 0
        known: dict[str, Stamp] = dict(self._intake.receipt.get("parts", {}))
        found: dict[str, Stamp] = {}
        self.is_settled = True
        for key, files in self.parts():
            try:
                found[key] = stamp = _stamp(files)
                if stamp in (known.get(key), self._refused.get(key)):
                    continue
                if settled is not None and self._last.get(key) != stamp and max(at for _, at in stamp) > settled * 1e9:
                    self.is_settled = False
                    continue
                batch = Batch(items=self.items(key, copied.warnings))
            except (OSError, TrackerError) as error:
                found.setdefault(key, [])
                if self._refused.get(key) != found[key]:
                    self._refused[key] = found[key]
                    copied.warnings.append(f"{key}: {str(error).splitlines()[0]}")
                continue
            known[key] = stamp
            met = [*self._intake.receipt.get("met", []), *copied.warnings][:MOST_WARNINGS]
            place = self._intake.receipt.get("place", 0) + 1
            self._intake.add(batch, {"place": place, "parts": known, "met": met})
            read += sum(size for size, _ in stamp)
            if tell is not None:
                tell(read)
        self._last = found
        self.is_less = not known.keys() <= found.keys()
        self.close()
        copied.added = self._intake.added - before
        return copied

    def close(self) -> None:
        """Folds what was written away. Can be called twice."""
        self._intake.close()


class ProjectorCopy(WholeCopy):
    """The embeddings that a config of the projector names."""

    program = "TensorBoard's projector"

    def __init__(self, path: Path, folder: Path, run: str) -> None:
        super().__init__(path, folder, run)
        self._entries: dict[str, projector.Entry] = {}

    def parts(self) -> Iterator[tuple[str, list[Path]]]:
        self._entries = {entry.name: entry for entry in projector.entries(self.path)}
        for name, entry in self._entries.items():
            yield name, entry.files() or [self.path]

    def items(self, key: str, warnings: list[str]) -> list[Item]:
        entry = self._entries[key]
        own = self.path.parent.resolve()
        for path in entry.files():
            # A logdir of somebody else shows nothing but itself; a checkpoint may lie one folder above.
            top = own if path in (entry.tensor, entry.words, entry.sheet) else own.parent
            if not path.resolve().is_relative_to(top):
                raise LoggedValueError(f"{path} lies outside of {top}; copy it there")
        vectors = projector.vectors(entry)
        rows, header, sheet = None, None, None
        try:
            rows, header = projector.words(entry)
            Embedding(vectors, rows, header)
        except (OSError, TrackerError) as error:
            rows, header = None, None
            warnings.append(f"{key}: its words are left out ({str(error).splitlines()[0]})")
        try:
            sheet = projector.pictures(entry, len(vectors))
        except (OSError, TrackerError) as error:
            warnings.append(f"{key}: its pictures are left out ({str(error).splitlines()[0]})")
        made = Embedding(vectors, rows, header, sheet)
        changed = max(path.stat().st_mtime for path in entry.files())
        return [Item("embedding", entry.tag, entry.step, changed, made.encode())]


class ProfileCopy(WholeCopy):
    """The traces of a profiler's session, or one trace that lies by itself."""

    program = "a profiler"

    def __init__(self, path: Path, folder: Path, run: str) -> None:
        super().__init__(path, folder, run)
        self._traces: dict[str, Path] = {}

    def parts(self) -> Iterator[tuple[str, list[Path]]]:
        files = (
            sorted(path for path in self.path.iterdir() if folders.may_be_read(path))
            if self.path.is_dir()
            else [self.path]
        )
        # A file by itself is one because somebody said so, or by its name.
        traces: dict[str, Path] = {} if self.path.is_dir() else {_host(self.path.name): self.path}
        for ending in folders.TRACES:  # what one host wrote in both forms is shown in the handier one
            for path in files:
                if path.name.endswith(ending):
                    traces.setdefault(_host(path.name), path)
        self._traces = traces
        yield from ((host, [path]) for host, path in traces.items())
        for path in files:
            if (
                path not in traces.values()
                and not path.name.endswith(folders.TRACES)
                and not folders.is_event_file(path.name)
            ):
                yield path.name, [path]

    def items(self, key: str, warnings: list[str]) -> list[Item]:
        if key in self._traces:
            path = self._traces[key]
            tag = f"{self.path.name}/{key}" if self.path.is_dir() else key
            made = Profile(path)
            if self.path.is_dir():
                made.attributes["session"] = self.path.name
            return [Item("profile", tag, 0, path.stat().st_mtime, made.encode())]
        path = self.path / key
        stat = path.stat()
        if stat.st_size > MOST_FILE_BYTES:
            warnings.append(f"{key}: left out, for its {stat.st_size:,} bytes")
            return []
        raw = Medium("application/octet-stream", {"name": key, "session": self.path.name}, path.read_bytes())
        return [Item("file", f"{self.path.name}/{key}", 0, stat.st_mtime, [raw])]


def _host(name: str) -> str:
    """A trace's name without what says that it is one."""
    for ending in (*folders.TRACES, ".json.gz", ".json"):
        name = name.removesuffix(ending)
    return name.removesuffix(".pt") or "trace"


def is_trace(path: Path) -> bool:
    """Whether a JSON file is a trace in Chrome's format, by its first bytes and whatever its name is."""
    if path.suffix != ".json" or not folders.may_be_read(path):
        return False
    with contextlib.suppress(OSError), path.open("rb") as file:
        head = file.read(4096)
        return b'"traceEvents"' in head or (head.lstrip().startswith(b"[") and b'"ph"' in head)
    return False


def is_whole(path: Path) -> bool:
    """Whether a source is read whole, and not as an event file is."""
    return not folders.is_event_file(path.name) or folders.is_session(path)


def copy_of(path: Path, folder: Path, run: str) -> WholeCopy:
    """The copy of a source that is read whole."""
    return (ProjectorCopy if folders.is_projector_config(path.name) else ProfileCopy)(path, folder, run)


def identity(path: Path) -> str:
    """What tells a source from any other of its run, wherever the run's folder lies."""
    if folders.is_session(path):
        return "/".join(path.parts[-3:])
    return "/".join(path.parts[-3:]) if path.parts[-3:-1] == folders.PROJECTOR_PLUGIN else path.name


def files_of(path: Path) -> set[Path]:
    """A source that is read whole and all files that belong to it, as far as can be told."""
    if path.is_dir() and not os.access(path, os.R_OK | os.X_OK):
        return {path}
    if path.is_dir():
        return {each for each in path.iterdir() if not folders.is_event_file(each.name)}
    found = {path}
    if folders.is_projector_config(path.name):
        with contextlib.suppress(OSError, TrackerError):
            found.update(file for entry in projector.entries(path) for file in entry.files())
    return found


def _stamp(files: Iterable[Path]) -> Stamp:
    return [[stat.st_size, stat.st_mtime_ns] for stat in (path.stat() for path in files)]
