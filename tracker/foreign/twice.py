"""Curves that a program wrote twice, in two files: one source for one curve."""

from __future__ import annotations

from pathlib import Path

from tracker.foreign import catboost
from tracker.foreign.log import Log
from tracker.store.read.run import StoredRun

NEAR = 2
"""Folders between a table and event files that the same program wrote: `learn/`, or `tensorboard/version_0/`."""


def teller(
    log: Log, path: Path, source: Path, copied: list[tuple[Path, Path]], told: list[tuple[Path, dict[str, int]]]
) -> str:
    """What else in a folder has the same curves, of a program that writes them twice; "" where nothing has.

    Args:
        log: What was read of a file.
        path: The file.
        source: What is imported.
        copied: Folders of event files, and of the runs that they became.
        told: Files of the import that were read before, and a digest of each of their curves; this one comes to them.
    """
    if not log.points or log.items or source.is_file():
        return ""
    if _is_told_by_event_files(log, path, copied):
        return "an event file"
    if path.name in catboost.TABLES and (path.parent / catboost.TRAINING).is_file():
        return catboost.TRAINING
    curves = {tag: hash(tuple((step, repr(value)) for step, _, value in points)) for tag, points in log.points.items()}
    for other, known in told:
        two_forms = other.suffix != path.suffix or SCALARS in (path.name, other.name)
        if other.parent == path.parent and two_forms and curves.items() <= known.items():
            return other.name
    told.append((path, curves))
    return ""


SCALARS = "scalars.json"
"""What MMEngine writes beside a file of the same lines that has the date for a name."""


def _is_told_by_event_files(log: Log, path: Path, copied: list[tuple[Path, Path]]) -> bool:
    """Whether event files near a table have curves of all its columns."""
    beside = [run for folder, run in copied if path.parent in (folder, *list(folder.parents)[:NEAR])]
    if not beside:
        return False
    if path.name == catboost.CLOCK:
        return True
    known = {tag.rpartition("/")[2] for run in beside for tag in StoredRun(run.name, run).tags("scalar")}
    return {tag.rpartition("/")[2] for tag in log.points} - {"epoch", "time", "step"} <= known
