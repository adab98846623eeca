"""A finished run with its points packed, segment by segment."""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path

from tracker import logdir
from tracker.errors import StoreError
from tracker.pruning import segment_points
from tracker.pruning.standing import may_live
from tracker.store.read.run_files import RunFiles


@dataclass
class PackedRun:
    """How large the files of a run were and are.

    Attributes:
        before: Bytes of its segments.
        after: The same now.
        problems: What could not be packed, by file, and why.
    """

    before: int = 0
    after: int = 0
    problems: dict[str, str] = field(default_factory=dict)


def pack(folder: Path) -> PackedRun:
    """Packs the segments of the run in a folder; one that may be written still, or lies behind a link, stays."""
    found = PackedRun()
    files = RunFiles(folder)
    living = {each.path.name for each in files.segments() if may_live([each], time.time())}
    for path in logdir.segment_files(folder):
        try:
            if path.name in living:
                raise StoreError(path, "it may still be written")
            if os.path.realpath(path.parent) != os.path.realpath(folder) or path.is_symlink():
                raise StoreError(path, "it lies elsewhere, behind a link")
            size = segment_points.pack(path)
        except FileNotFoundError:
            continue
        except (StoreError, OSError, sqlite3.Error) as error:
            found.problems[path.name] = " ".join(str(getattr(error, "why", error)).split())
            continue
        found.before += size.before
        found.after += size.after
    return found
