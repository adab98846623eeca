"""The index of a logdir: what the catalog knew when it was last open, so that a hundred thousand files need not be.

A cache in the user's cache folder and never the truth. Each entry is bound to its file by inode, size and times (that
of its last change among them, which nobody can set): an entry whose file is not as it was is not used, and an index
that is damaged, of another version or not there costs a second of reading the files themselves. It is written by
`cache_writer`, and replaced as a whole, by a rename, so that two servers of one logdir never meet half of one.

In the file the entries of all runs come first, then a head that says where each lies: a start reads the head alone, of
100,000 runs a tenth of the file. The head has a checksum over it, and in it one of each entry, so that what stands in
either is as it was written, or is not used.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import weakref
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.http.gc_pause import not_collecting
from dashboard.live.examined import Examined, detectors_version
from dashboard.live.folders import NO_FOLDERS, KnownFolders, Listing, few
from dashboard.live.series import ROW, Extent, NamePool, Names
from tracker.store.read.liveness import Writer
from tracker.store.read.segments import Segment

MAGIC = b"everystep index 7\n"
"""With another number, older and newer versions leave each other's index alone."""

WORTH_IT = 64
"""Files from which on a logdir has an index: fewer are read as fast as it is."""

DIGEST_BYTES = 32
"""Of the head."""

ENTRY_DIGEST_BYTES = 16

SIZES = 6
"""Numbers behind the head's checksum: the bytes of the entries, and of each part of the head."""

PREAMBLE = len(MAGIC) + DIGEST_BYTES + 8 * SIZES
"""Bytes before the entries."""

FIELDS = [each.name for each in fields(Segment) if each.name not in ("path", "environment")]


@dataclass(frozen=True, slots=True)
class CachedSegment:
    """What an index says of a segment file, and how the file was then."""

    stamp: tuple[int, ...]
    segment: Segment
    cursor: int
    extent: Extent
    has_marks: bool
    has_receipts: bool
    import_warnings: tuple[str, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class CachedRun:
    """What an index says of a run; nothing of it is used before its stamp was compared."""

    segments: dict[Path, CachedSegment] = field(default_factory=dict)
    said: tuple[tuple[int, ...], tuple[dict[str, Any], int]] | None = None
    """The stamp of the page's file there, and what it said (`user_edits.look`)."""
    examined: Examined | None = None
    """What the detectors of now found in it."""
    listing: tuple[int | None, Listing | None] = (None, None)
    """The bytes of its files when these segments were read, and what it held."""


NOTHING = CachedRun()

UNEXPECTED = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What JSON that is none of ours is met with, though its checksum fits."""


@dataclass(frozen=True)
class _Entries:
    """Where the entries lie."""

    file: int
    """A descriptor of the file, which may have been replaced since."""
    numbers: dict[str, int]
    """By the path of a run's folder: its entry."""
    starts: list[int]
    """And behind all of them where they end."""
    digests: bytes


class Index:
    """What was read from an index, a run at a time as it is asked for: of 100,000 runs the whole would take seconds.

    Args:
        folders: All folders that were gone through, and the runs among them.
        began: When each of the runs began, in seconds since 1970; NaN where that is not said.
        entries: Where what is said of runs lies.
        shared: What segments share: sets of names and environments.
    """

    def __init__(
        self,
        folders: KnownFolders = NO_FOLDERS,
        began: npt.NDArray[np.float64] | None = None,
        entries: _Entries | None = None,
        shared: tuple[list[Names], list[dict[str, Any]]] = ([], []),
    ) -> None:
        self.folders = folders
        self._began = [] if began is None else began.tolist()
        self._entries = entries
        self._names, self._environments = shared
        if entries is not None:
            weakref.finalize(self, os.close, entries.file)

    def began(self) -> dict[str, float]:
        """When the run in each folder began, by the folder's path, where it says so."""
        places = self.folders.runs.values()
        return {place: began for place, began in zip(places, self._began, strict=True) if began == began}

    def of(self, place: str) -> CachedRun:
        """What it says of the run in the folder of this path."""
        entry = self._entry(place)
        if entry is None:
            return NOTHING
        try:
            size = int.from_bytes(entry[:4], "little")
            rows = np.frombuffer(entry[4 : 4 + size], ROW)
            return self._decoded(Path(place), json.loads(entry[4 + size :]), rows)
        except UNEXPECTED:
            return NOTHING

    def _entry(self, place: str) -> bytes | None:
        """The bytes of an entry, where they are as they were written."""
        found = self._entries
        number = None if found is None else found.numbers.get(place)
        if found is None or number is None:
            return None
        start, stop = found.starts[number : number + 2]
        try:
            entry = _read(found.file, stop - start, PREAMBLE + start)
        except (OSError, ValueError):
            return None
        wanted = found.digests[number * ENTRY_DIGEST_BYTES : (number + 1) * ENTRY_DIGEST_BYTES]
        return entry if digest_of_entry(entry) == wanted else None

    def _decoded(self, folder: Path, entry: list[Any], rows: npt.NDArray[np.void]) -> CachedRun:
        size, held, examined, said, segments = entry
        paths: dict[str, Path] = {}
        listing = None
        if held is not None:
            stamp, files, names = held
            paths = {str(path): path for path in (folder / name for name in files)}
            listing = Listing(tuple(stamp), tuple(paths.values()), few(names))
        return CachedRun(
            dict([self._segment(each, rows, paths) for each in segments]),
            None if said is None else (tuple(said[0]), (said[1], said[2])),
            None if examined is None else _examined(*examined),
            (size, listing),
        )

    def _segment(
        self, entry: list[Any], rows: npt.NDArray[np.void], paths: dict[str, Path]
    ) -> tuple[Path, CachedSegment]:
        text, stamp, at, cursor, number, has_marks, has_receipts, met, faults, own = entry
        path = paths.get(text) or Path(text)
        known = dict(zip(FIELDS, own, strict=False))
        known["environment"] = self._environments[own[-1]]
        known["writer"], known["tags"] = Writer(*map(_held_once, known["writer"])), tuple(known["tags"])
        known["faults"] = tuple(known["faults"])
        known["config"] = {sys.intern(key): value for key, value in known["config"].items()}
        known |= {name: sys.intern(known[name]) for name in ("library", "reason", "said_status")}
        names = self._names[number]
        extent = Extent(names, rows[at : at + len(names.entries)].copy())
        if len(extent.rows) != len(names.entries):
            raise ValueError("not as many rows as names")
        segment = Segment(path=path, **known)
        return path, CachedSegment(
            tuple(stamp), segment, cursor, extent, has_marks, has_receipts, tuple(met), tuple(faults)
        )


def _held_once(value: Any) -> Any:
    return sys.intern(value) if isinstance(value, str) else value


def _examined(stamps: list[list[Any]], version: str, wall_time: float, findings: list[Any]) -> Examined | None:
    """What was found, if by the detectors of now."""
    if version != detectors_version():
        return None
    return Examined(tuple(map(tuple, stamps)), detectors_version(), wall_time, tuple(findings))


def load(path: Path | None, pool: NamePool) -> Index:
    """What an index holds; nothing when there is none that can be trusted."""
    if path is None:
        return Index()
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return Index()
    try:
        with not_collecting():
            return _loaded(file, pool)
    except (OSError, *UNEXPECTED):
        with contextlib.suppress(OSError):
            os.close(file)
        return Index()


def _loaded(file: int, pool: NamePool) -> Index:
    start = _read(file, PREAMBLE, 0)
    at = len(MAGIC) + DIGEST_BYTES
    sizes = np.frombuffer(start[at:], "<i8").tolist()
    if start[: len(MAGIC)] != MAGIC or min(sizes) < 0 or os.fstat(file).st_size != PREAMBLE + sum(sizes):
        raise ValueError("not an index of this version, or not a whole one")
    head = _read(file, sum(sizes[1:]), PREAMBLE + sizes[0])
    if digest_of_head(start[at:], head) != start[len(MAGIC) : at]:
        raise ValueError("not as it was written")
    parts, stop = [], 0
    for size in sizes[1:]:
        parts.append(memoryview(head)[stop : stop + size])
        stop += size
    text, stamps, began, lengths, digests = parts
    said = json.loads(bytes(text))
    ends = np.cumsum(np.frombuffer(lengths, "<i8")).tolist()
    runs, names = said["runs"], [pool.of(map(tuple, each)) for each in said["names"]]
    places = list(runs.values())
    if not len(places) == len(ends) == len(digests) // ENTRY_DIGEST_BYTES or (ends or [0])[-1] != sizes[0]:
        raise ValueError("not an entry for each run")
    paths = [] if said["folders"] is None else places + said["folders"]
    folders = KnownFolders(runs, paths, np.frombuffer(stamps, "<i8").reshape(len(paths), 4))
    entries = _Entries(file, {place: i for i, place in enumerate(places)}, [0, *ends], bytes(digests))
    environments = [json.loads(each) for each in said["environments"]]
    return Index(folders, np.frombuffer(began, "<f8"), entries, (names, environments))


def _read(file: int, size: int, at: int) -> bytes:
    """So many bytes of a file.

    Raises:
        ValueError: it ends before.
    """
    if hasattr(os, "pread"):
        found = os.pread(file, size, at)
    else:
        os.lseek(file, at, os.SEEK_SET)
        found = os.read(file, size)
    if len(found) != size:
        raise ValueError("not whole")
    return found


def digest_of_head(sizes: bytes, head: bytes) -> bytes:
    """What names the head of an index, with the sizes before it."""
    found = hashlib.blake2b(sizes, digest_size=DIGEST_BYTES)
    found.update(head)
    return found.digest()


def digest_of_entry(entry: bytes) -> bytes:
    """And what is said of a run."""
    return hashlib.blake2b(entry, digest_size=ENTRY_DIGEST_BYTES).digest()
