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
from collections.abc import Iterable, Iterator
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

MAGIC = b"everystep index 5\n"
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
class Index:
    """What was read from an index; nothing of it is used before its stamp was compared."""

    segments: dict[Path, CachedSegment] = field(default_factory=dict)
    said: dict[Path, tuple[tuple[int, ...], tuple[dict[str, Any], int]]] = field(default_factory=dict)
    """By a run's folder: the stamp of the page's file there, and what it said (`user_edits.read_of_run`)."""
    examined: dict[Path, Examined] = field(default_factory=dict)
    """By a run's folder what the detectors of now found in it."""
    listings: dict[Path, tuple[int | None, Listing | None]] = field(default_factory=dict)
    """By a run's folder the bytes of its files when these segments were read, and what it held."""
    folders: tuple[dict[str, Stamp], dict[str, Path]] | None = None
    """All folders that were gone through, and the runs among them; see `folders.Folders`."""


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


def _encoded(runs: Iterable[RunState], pool: NamePool, folders: Folders | None) -> bytes:
    numbers: dict[int, int] = {}
    names: list[Any] = []
    shared: dict[str, int] = {}
    segments, said, examined, listings, rows = [], [], [], [], []
    for run in runs:
        held = run.listed and [run.listed.stamp, [path.name for path in run.listed.files], sorted(run.listed.names)]
        listings.append([str(run.folder), run.size if held else None, held])
        if run.examined is not None and run.status != "running":
            known = run.examined
            examined.append([str(run.folder), known.stamps, known.version, known.wall_time, known.findings])
        if run.user_edits or run.newest_command:
            said.append([str(run.folder), run.edits_stamp, run.user_edits, run.newest_command])
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
                numbers[id(extent.names)],
                state.has_marks,
                state.has_receipts,
                state.import_warnings,
                state.faults,
                own,
            ]
            segments.append([str(path), state.stamp, *said_of])
            rows.append(extent.rows)
    head: dict[str, Any] = {
        "names": names,
        "segments": segments,
        "said": said,
        "examined": examined,
        "listings": listings,
    }
    head |= {"environments": list(shared), "stamps": {}, "runs": []}
    if folders is not None:
        head["stamps"] = folders.stamps
        head["runs"] = [[name, str(folder)] for name, folder in folders.runs.items()]
    text = json.dumps(head, separators=(",", ":")).encode()
    body = len(text).to_bytes(4, "little") + text + b"".join(each.tobytes() for each in rows)
    return MAGIC + hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() + body


def _decoded(data: bytes, pool: NamePool) -> Index:
    start = len(MAGIC) + _DIGEST_BYTES
    body = data[start:]
    if (
        data[: len(MAGIC)] != MAGIC
        or hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() != data[len(MAGIC) : start]
    ):
        raise ValueError("not an index of this version, or not a whole one")
    stop = 4 + int.from_bytes(body[:4], "little")
    head = json.loads(body[4:stop])
    environments = [json.loads(text) for text in head["environments"]]
    rows = np.frombuffer(bytearray(body[stop:]), ROW)
    names = [pool.of((number, kind, tag) for number, kind, tag in entries) for entries in head["names"]]
    segments = {}
    at = 0
    for text, stamp, cursor, number, has_marks, has_receipts, met, faults, own in head["segments"]:
        path = Path(text)
        known = dict(zip(_FIELDS, own, strict=False))
        known["environment"] = environments[own[-1]]
        known["writer"], known["tags"] = Writer(*known["writer"]), tuple(known["tags"])
        known["faults"] = tuple(known["faults"])
        extent = Extent(names[number], rows[at : at + len(names[number].entries)])
        at += len(extent.rows)
        segments[path] = CachedSegment(
            tuple(stamp), Segment(path=path, **known), cursor, extent, has_marks, has_receipts, met, faults
        )
    said = {Path(folder): (tuple(stamp), (words, newest)) for folder, stamp, words, newest in head["said"]}
    stamps = {folder: tuple(stamp) for folder, stamp in head["stamps"].items()}
    runs = {name: Path(folder) for name, folder in head["runs"]}
    return Index(segments, said, dict(_examined(head["examined"])), dict(_listings(head["listings"])), (stamps, runs))


def _listings(entries: list[list[Any]]) -> Iterator[tuple[Path, tuple[int | None, Listing | None]]]:
    for text, size, held in entries:
        folder = Path(text)
        if held is None:
            yield folder, (size, None)
            continue
        stamp, files, names = held
        yield folder, (size, Listing(tuple(stamp), tuple(folder / name for name in files), frozenset(names)))


def _examined(entries: list[list[Any]]) -> Iterator[tuple[Path, Examined]]:
    now = detectors_version() if entries else ""
    for folder, stamps, version, wall_time, findings in entries:
        found = Examined(tuple(map(tuple, stamps)), version, wall_time, tuple(findings))
        if version == now:
            yield Path(folder), found
