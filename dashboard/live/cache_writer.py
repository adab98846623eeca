"""Writing the index of a logdir: see `catalog_cache`, which reads it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard.live import catalog_cache as cache
from dashboard.live.folders import Folders
from dashboard.live.series import NamePool

if TYPE_CHECKING:
    from dashboard.live.run_state import RunState

logger = logging.getLogger("dashboard")

A_PIECE = 200
"""Runs that are written at a time: 5 ms, during which the catalog is held."""


def save(path: Path, runs: Sequence[RunState], pool: NamePool, folders: Folders) -> Iterator[None]:
    """Writes the index anew, in pieces: that of very many runs is 100 MB and takes seconds.

    No more than a piece of it is in memory, and between two of them others may change the catalog. A cache folder that
    cannot be written costs the next start its index, and nothing else.
    """
    if sum(len(run.segments) for run in runs) < cache.WORTH_IT:
        path.unlink(missing_ok=True)
        return
    known = folders.known
    head = _Head(pool)
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
            name = file.name
            file.write(bytes(cache.PREAMBLE))
            for number, run in enumerate(runs):
                file.write(head.entry(run))
                if number % A_PIECE == A_PIECE - 1:
                    yield
            parts = head.parts(runs, known.paths, known.stamps)
            file.writelines(parts)
            sizes = np.array([sum(head.lengths), *map(len, parts)], "<i8").tobytes()
            file.seek(0)
            file.writelines([cache.MAGIC, cache.digest_of_head(sizes, b"".join(parts)), sizes])
        os.replace(name, path)
        name = ""
    except OSError as error:
        logger.info("viz: the index %s cannot be written (%s)", path, error)
    finally:
        if name:
            with contextlib.suppress(OSError):
                os.unlink(name)


class _Head:
    """What is gathered while entries are written."""

    def __init__(self, pool: NamePool) -> None:
        self._pool = pool
        self._numbers: dict[int, int] = {}
        self._names: list[Any] = []
        self._environments: dict[str, int] = {}
        self._of_environment: dict[int, tuple[int, Any]] = {}
        self._began: list[float] = []
        self._digests: list[bytes] = []
        self.lengths: list[int] = []

    def entry(self, run: RunState) -> bytes:
        """What is said of a run: how far its series go, in columns, and the rest in JSON."""
        segments, rows, at = [], [], 0
        for path, state in run.segments.items():
            if not state.stamp or not state.is_read or state.is_paused:
                continue  # it was being written, only glanced at, or waits and is to be looked at again
            extent = state.extent_now(self._pool)
            if id(extent.names) not in self._numbers:
                self._numbers[id(extent.names)] = len(self._names)
                self._names.append(extent.names.entries)
            own = [getattr(state.segment, name) for name in cache.FIELDS]
            own.append(self._environment(state.segment.environment))
            said_of = [
                at,
                state.cursor,
                self._numbers[id(extent.names)],
                state.has_marks,
                state.has_receipts,
                state.import_warnings,
                state.faults,
                own,
            ]
            segments.append([str(path), state.stamp, *said_of])
            rows.append(extent.rows.tobytes())
            at += len(extent.rows)
        held = run.listed and [run.listed.stamp, [path.name for path in run.listed.files], sorted(run.listed.names)]
        found = run.examined if run.status != "running" else None
        examined = found and [found.stamps, found.version, found.wall_time, found.findings]
        edits = dict(run.user_edits)
        said = (
            [run.edits_stamp, edits, run.newest_command]
            if (edits or run.newest_command) and not run.edits_trouble
            else None
        )
        began = min((state.segment.created for state in run.segments.values()), default=run.began)
        text = json.dumps([run.size if held else None, held, examined, said, segments], separators=(",", ":")).encode()
        made = b"".join([sum(map(len, rows)).to_bytes(4, "little"), *rows, text])
        self._began.append(float("nan") if began is None else began)
        self._digests.append(cache.digest_of_entry(made))
        self.lengths.append(len(made))
        return made

    def _environment(self, environment: dict[str, Any]) -> int:
        """The number of an environment; runs that say the same have one object, of which its text is made once."""
        known = self._of_environment.get(id(environment))
        if known is None:
            text = json.dumps(environment)
            known = self._environments.setdefault(text, len(self._environments)), environment
            self._of_environment[id(environment)] = known
        return known[0]

    def parts(self, runs: Sequence[RunState], paths: list[str], stamps: Any) -> list[bytes]:
        """The head's parts: JSON, stamps of folders, when runs began, and how long each entry is, with its checksum."""
        places = {run.name: run.place for run in runs}
        stamp_of = dict(zip(paths, range(len(paths)), strict=True))
        order = [stamp_of.pop(place, -1) for place in places.values()]
        others = list(stamp_of)
        is_known = len(paths) > 0 and -1 not in order
        head: dict[str, Any] = {
            "names": self._names,
            "environments": list(self._environments),
            "runs": places,
            "folders": others if is_known else None,
        }
        rows = stamps[order + list(stamp_of.values())] if is_known else stamps[:0]
        return [
            json.dumps(head, separators=(",", ":")).encode(),
            np.ascontiguousarray(rows, "<i8").tobytes(),
            np.array(self._began, "<f8").tobytes(),
            np.array(self.lengths, "<i8").tobytes(),
            b"".join(self._digests),
        ]
