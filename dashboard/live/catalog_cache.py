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
import numpy.typing as npt

from dashboard.live.examined import Examined, detectors_version
from dashboard.live.folders import Folders, Listing, Stamp
from dashboard.live.series import ROW, Extent, NamePool, Names
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
    said: tuple[tuple[int, ...], tuple[dict[str, Any], int]] | None = None
    """The stamp of the page's file there, and what it said (`user_edits.read_of_run`)."""
    examined: Examined | None = None
    """What the detectors of now found in it."""
    listing: tuple[int | None, Listing | None] = (None, None)
    """The bytes of its files when these segments were read, and what it held."""


NOTHING = CachedRun()


class Index:
    """What was read from an index, a run at a time as it is asked for: of 100,000 runs the whole would take seconds.

    Args:
        folders: All folders that were gone through, and the runs among them; see `folders.Folders`.
        places: By a run's folder, where in `text` it is told of, and when it began.
        text: What is said of all runs, an array of JSON each.
        shared: What segments share: sets of names and environments.
        rows: How far all series go.
    """

    def __init__(
        self,
        folders: tuple[dict[str, Stamp], dict[str, Path]] | None = None,
        places: dict[str, tuple[int, int, float | None]] | None = None,
        text: memoryview | None = None,
        shared: tuple[list[Names], list[dict[str, Any]]] = ([], []),
        rows: npt.NDArray[np.void] | None = None,
    ) -> None:
        self.folders = folders
        self._places = places or {}
        self._text = memoryview(b"") if text is None else text
        self._names, self._environments = shared
        self._rows = np.empty(0, ROW) if rows is None else rows

    def began(self, folder: Path) -> float | None:
        """When the run in a folder began, in seconds since 1970; None where it does not say that."""
        return self._places.get(str(folder), (0, 0, None))[2]

    def of(self, folder: Path) -> CachedRun:
        """What it says of the run in a folder."""
        start, stop, _ = self._places.get(str(folder), (0, 0, None))
        if start == stop:
            return NOTHING
        try:
            return self._decoded(folder, json.loads(bytes(self._text[start:stop])))
        except (ValueError, TypeError, LookupError):
            return NOTHING

    def _decoded(self, folder: Path, entry: list[Any]) -> CachedRun:
        size, held, examined, said, segments = entry
        listing = None
        if held is not None:
            stamp, files, names = held
            listing = Listing(tuple(stamp), tuple(folder / name for name in files), frozenset(names))
        return CachedRun(
            dict(map(self._segment, segments)),
            None if said is None else (tuple(said[0]), (said[1], said[2])),
            None if examined is None else _examined(*examined),
            (size, listing),
        )

    def _segment(self, entry: list[Any]) -> tuple[Path, CachedSegment]:
        text, stamp, at, cursor, number, has_marks, has_receipts, met, faults, own = entry
        path = Path(text)
        known = dict(zip(_FIELDS, own, strict=False))
        known["environment"] = self._environments[own[-1]]
        known["writer"], known["tags"] = Writer(*known["writer"]), tuple(known["tags"])
        known["faults"] = tuple(known["faults"])
        names = self._names[number]
        extent = Extent(names, self._rows[at : at + len(names.entries)].copy())
        return path, CachedSegment(
            tuple(stamp), Segment(path=path, **known), cursor, extent, has_marks, has_receipts, met, faults
        )


def _examined(stamps: list[list[Any]], version: str, wall_time: float, findings: list[Any]) -> Examined | None:
    """What was found, if by the detectors of now."""
    if version != detectors_version():
        return None
    return Examined(tuple(map(tuple, stamps)), version, wall_time, tuple(findings))


def load(path: Path | None, pool: NamePool) -> Index:
    """What an index holds; nothing when there is none that can be trusted."""
    if path is not None:
        with contextlib.suppress(OSError, ValueError, TypeError, LookupError):
            return _decoded(path.read_bytes(), pool)
    return Index()


def save(path: Path, runs: Iterable[RunState], pool: NamePool, folders: Folders | None = None) -> None:
    """Writes the index anew. A cache folder that cannot be written costs the next start its index, and nothing else."""
    runs = list(runs)
    if sum(len(run.segments) for run in runs) < WORTH_IT:
        path.unlink(missing_ok=True)
        return
    parts = _encoded(runs, pool, folders)
    found = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        found.update(part)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
            file.writelines([MAGIC, found.digest(), *parts])
        os.replace(file.name, path)
    except OSError as error:
        logger.info("viz: the index %s cannot be written (%s)", path, error)
        with contextlib.suppress(OSError, UnboundLocalError):
            os.unlink(file.name)


def _encoded(runs: Iterable[RunState], pool: NamePool, folders: Folders | None) -> list[bytes]:
    """What stands behind the checksum, in pieces: of very many runs it is 100 MB, which no copy is made of."""
    numbers: dict[int, int] = {}
    names: list[Any] = []
    shared: dict[str, int] = {}
    entries: list[bytes] = []
    known: list[tuple[str, float | None]] = []
    rows: list[npt.NDArray[np.void]] = []
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
                at,
                state.cursor,
                numbers[id(extent.names)],
                state.has_marks,
                state.has_receipts,
                state.import_warnings,
                state.faults,
                own,
            ]
            segments.append([str(path), state.stamp, *said_of])
            rows.append(extent.rows)
            at += len(extent.rows)
        held = run.listed and [run.listed.stamp, [path.name for path in run.listed.files], sorted(run.listed.names)]
        found = run.examined if run.status != "running" else None
        examined = found and [found.stamps, found.version, found.wall_time, found.findings]
        said = [run.edits_stamp, run.user_edits, run.newest_command] if run.user_edits or run.newest_command else None
        began = min((state.segment.created for state in run.segments.values()), default=run.began)
        known.append((str(run.folder), began))
        entry = [run.size if held else None, held, examined, said, segments]
        entries.append(json.dumps(entry, separators=(",", ":")).encode())
    head: dict[str, Any] = {"names": names, "environments": list(shared), "folders": known, "stamps": {}, "runs": []}
    if folders is not None:
        head["stamps"] = folders.stamps
        head["runs"] = [[name, str(folder)] for name, folder in folders.runs.items()]
    text = json.dumps(head, separators=(",", ":")).encode()
    lengths = np.array([len(each) for each in entries], np.int64).tobytes()
    columns = b"".join(each.tobytes() for each in rows)
    sizes = [len(text), len(lengths), len(columns), sum(map(len, entries))]
    return [*(size.to_bytes(8, "little") for size in sizes), text, lengths, columns, *entries]


def _decoded(data: bytes, pool: NamePool) -> Index:
    start = len(MAGIC) + _DIGEST_BYTES
    body = memoryview(data)[start:]
    if (
        data[: len(MAGIC)] != MAGIC
        or hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() != data[len(MAGIC) : start]
    ):
        raise ValueError("not an index of this version, or not a whole one")
    sizes = [int.from_bytes(body[at : at + 8], "little") for at in range(0, 32, 8)]
    stops = [32 + sum(sizes[: i + 1]) for i in range(len(sizes))]
    text, lengths, rows, entries = (body[stop - size : stop] for size, stop in zip(sizes, stops, strict=True))
    head = json.loads(bytes(text))
    ends = np.cumsum(np.frombuffer(lengths, np.int64)).tolist()
    places = {
        folder: (start, stop, began)
        for (folder, began), start, stop in zip(head["folders"], [0, *ends[:-1]], ends, strict=True)
    }
    stamps = {folder: tuple(stamp) for folder, stamp in head["stamps"].items()}
    runs = {name: Path(folder) for name, folder in head["runs"]}
    names = [pool.of((number, kind, tag) for number, kind, tag in each) for each in head["names"]]
    environments = [json.loads(each) for each in head["environments"]]
    return Index((stamps, runs), places, entries, (names, environments), np.frombuffer(rows, ROW))
