"""The index of a logdir: what the catalog knew when it was last open, so that a thousand files need not be.

A cache in the user's cache folder and never the truth. Each entry is bound to its file by inode, size and times (that
of its last change among them, which nobody can set): an entry whose file is not as it was is not used, and an index
that is damaged, of another version or not there costs a second of reading the files themselves. It is replaced as a
whole, by a rename, so that two servers of one logdir never meet half of one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard.live.examined import Examined, detectors_version
from dashboard.live.folders import Folders, Listing, Stamp
from dashboard.live.series import ROW, Extent, NamePool
from tracker.store.read.liveness import Writer
from tracker.store.read.segments import Segment

if TYPE_CHECKING:
    from dashboard.live.run_state import RunState

logger = logging.getLogger("dashboard")

MAGIC = b"everystep index 6\n"
"""With another number, older and newer versions leave each other's index alone."""

WORTH_IT = 64
"""Files from which on a logdir has an index: fewer are read as fast as it is."""

_DIGEST_BYTES = 32
_FIELDS = [each.name for each in fields(Segment) if each.name not in ("path", "environment")]


@dataclass(frozen=True)
class CachedSegment:
    """What an index says of a segment file, and how the file was then."""

    stamp: tuple[int, ...]
    segment: Segment
    cursor: int
    extent: Extent
    has_marks: bool
    has_receipts: bool
    import_warnings: list[str]
    faults: list[str]


@dataclass(frozen=True)
class CachedRun:
    """What an index says of a run; nothing of it is used before its stamp was compared."""

    segments: dict[Path, CachedSegment] = field(default_factory=dict)
    said: tuple[tuple[int, ...], tuple[dict[str, Any], int]] = ((), ({}, 0))
    """The stamp of the page's file, and what it said (`user_edits.read_of_run`)."""
    examined: Examined | None = None
    """What the detectors of now found in it."""
    size: int | None = None
    """The bytes of its files when these segments were read."""
    listed: Listing | None = None
    """What its folder held then."""


class Index:
    """What was read from an index.

    Args:
        data: A whole one; None for one that knows nothing.
        pool: Of the names of series.

    Raises:
        ValueError, TypeError, LookupError: it is no index of this version, or not as it was written.
    """

    def __init__(self, data: bytes | None = None, pool: NamePool | None = None) -> None:
        self.folders: tuple[dict[str, Stamp], dict[str, Path]] | None = None
        """All folders that were gone through, and the runs among them; see `folders.Folders`."""
        self._places: dict[str, tuple[int, int, float | None]] = {}
        """By a run's folder where its entry lies, and when the run began."""
        if data is None or pool is None:
            return
        body = memoryview(data)[len(MAGIC) + _DIGEST_BYTES :]
        if (
            data[: len(MAGIC)] != MAGIC
            or hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() != data[len(MAGIC) : -len(body)]
        ):
            raise ValueError("not an index of this version, or not a whole one")
        stop = 4 + int.from_bytes(body[:4], "little")
        head = json.loads(bytes(body[4:stop]))
        self._text = body[stop : stop + head["size"]]
        self._rows = np.frombuffer(bytearray(body[stop + head["size"] :]), ROW)
        self._environments = [json.loads(text) for text in head["environments"]]
        self._names = [pool.of((number, kind, tag) for number, kind, tag in entries) for entries in head["names"]]
        at = 0
        for folder, size, began in head["entries"]:
            self._places[folder] = at, at + size, began
            at += size
        stamps = {folder: tuple(stamp) for folder, stamp in head["stamps"].items()}
        self.folders = stamps, {name: Path(folder) for name, folder in head["runs"]}

    def began(self, folder: Path) -> float | None:
        """When the run in a folder began, in seconds since 1970; None where that is not known."""
        return self._places.get(str(folder), (0, 0, None))[2]

    def of(self, folder: Path) -> CachedRun:
        """What it says of the run in a folder; nothing where that is not what an index says."""
        start, stop, _ = self._places.get(str(folder), (0, 0, None))
        with contextlib.suppress(ValueError, TypeError, LookupError):
            return self._decoded(folder, self._text[start:stop]) if start < stop else CachedRun()
        return CachedRun()

    def _decoded(self, folder: Path, text: memoryview) -> CachedRun:
        size, held, said, examined, entries = json.loads(bytes(text))
        segments = {folder / entry[0]: self._segment(folder / entry[0], *entry[1:]) for entry in entries}
        found, listed = None, None
        if examined is not None and examined[1] == detectors_version():
            stamps, version, wall_time, findings = examined
            found = Examined(tuple(map(tuple, stamps)), version, wall_time, tuple(findings))
        if held is not None:
            stamp, files, names = held
            listed = Listing(tuple(stamp), tuple(folder / name for name in files), frozenset(names))
        words = ((), ({}, 0)) if said is None else (tuple(said[0]), (said[1], said[2]))
        return CachedRun(segments, words, found, size, listed)

    def _segment(self, path: Path, stamp: list[int], at: int, number: int, *rest: Any) -> CachedSegment:
        cursor, has_marks, has_receipts, warnings, faults, own = rest
        known = dict(zip(_FIELDS, own, strict=False))
        known["environment"] = self._environments[own[-1]]
        known["writer"], known["tags"] = Writer(*known["writer"]), tuple(known["tags"])
        known["faults"] = tuple(known["faults"])
        names = self._names[number]
        extent = Extent(names, self._rows[at : at + len(names.entries)])
        segment = Segment(path=path, **known)
        return CachedSegment(tuple(stamp), segment, cursor, extent, has_marks, has_receipts, warnings, faults)


def load(path: Path | None, pool: NamePool) -> Index:
    """What an index holds; nothing when there is none that can be trusted."""
    if path is not None:
        with contextlib.suppress(OSError, ValueError, TypeError, LookupError):
            return Index(path.read_bytes(), pool)
    return Index()


def save(path: Path, runs: Iterable[RunState], pool: NamePool, folders: Folders | None = None) -> None:
    """Writes the index anew. A cache folder that cannot be written costs the next start its index, and nothing else."""
    runs = list(runs)
    if sum(len(run.segments) for run in runs) < WORTH_IT:
        path.unlink(missing_ok=True)
        return
    data = _encoded(runs, pool, folders)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
            file.write(data)
        os.replace(file.name, path)
    except OSError as error:
        logger.info("viz: the index %s cannot be written (%s)", path, error)
        with contextlib.suppress(OSError, UnboundLocalError):
            os.unlink(file.name)


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def _encoded(runs: Iterable[RunState], pool: NamePool, folders: Folders | None) -> bytes:
    numbers: dict[int, int] = {}
    names: list[Any] = []
    shared: dict[str, int] = {}
    places, texts, rows = [], [], []
    at = 0
    for run in runs:
        segments = []
        for path, state in run.segments.items():
            if not state.stamp or not state.is_read or state.is_paused:
                continue  # it was being written, only glanced at, or waits and is to be looked at again
            extent = state.extent_now(pool)
            if id(extent.names) not in numbers:
                numbers[id(extent.names)] = len(names)
                names.append(extent.names.entries)
            own = [getattr(state.segment, name) for name in _FIELDS]
            own.append(shared.setdefault(json.dumps(state.segment.environment), len(shared)))
            said_of = [
                state.cursor,
                state.has_marks,
                state.has_receipts,
                state.import_warnings,
                state.faults,
                own,
            ]
            place = path.name if path.parent == run.folder else str(path)
            segments.append([place, state.stamp, at, numbers[id(extent.names)], *said_of])
            rows.append(extent.rows)
            at += len(extent.rows)
        held = run.listed and [run.listed.stamp, [path.name for path in run.listed.files], sorted(run.listed.names)]
        said = [run.edits_stamp, run.user_edits, run.newest_command] if run.user_edits or run.newest_command else None
        known = run.examined if run.status != "running" else None
        examined = known and [known.stamps, known.version, known.wall_time, known.findings]
        texts.append(_ENCODER.encode([run.size if held else None, held, said, examined, segments]).encode())
        began = min((state.segment.created for state in run.segments.values()), default=run.began)
        places.append([str(run.folder), len(texts[-1]), began])
    head: dict[str, Any] = {"names": names, "environments": list(shared), "entries": places}
    head |= {"size": sum(map(len, texts)), "stamps": {}, "runs": []}
    if folders is not None:
        head["stamps"] = folders.stamps
        head["runs"] = [[name, str(folder)] for name, folder in folders.runs.items()]
    text = _ENCODER.encode(head).encode()
    body = b"".join([len(text).to_bytes(4, "little"), text, *texts, *(each.tobytes() for each in rows)])
    return MAGIC + hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() + body
