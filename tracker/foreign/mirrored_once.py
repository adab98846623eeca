"""Copies of TensorBoard's files for a question that is asked once. Light: while nothing changes, no reader is loaded.

A look that changed no copy would find the same at the next: what it found is kept beside the copies, with stamps of all
files that it looked at and of all copies; when a file last changed nobody can set. Where any of them is another,
everything is looked at.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tracker import logdir
from tracker.foreign.folders import cache_folder, is_event_file, sources
from tracker.foreign.look import Look
from tracker.store.read.left_out import LeftOut

SEEN_FILE = ".seen.json"

Stamps = dict[str, list[int]]
"""By path."""


def once(root: Path, left_out: LeftOut | None = None) -> Path | None:
    """The folder with copies of what lies in a logdir now, for a question that is asked once; None where nothing does.

    Where a server mirrors the same logdir, its copies are as new.

    Args:
        root: The logdir.
        left_out: Told which files could not be read.

    Raises:
        OSError: the user's cache folder cannot be written.
    """
    found = list(sources(root))
    if not found:
        return None
    cache = cache_folder(root)
    files = _of_files(found)
    look = _remembered(cache, files)
    if look is not None:
        _say_again(look)
    else:
        from tracker.foreign.mirror import look_once

        before = _of_copies(cache)
        look = look_once(root, cache)
        if look is None:
            return cache
        if look.is_certain and before == _of_copies(cache) and files == _of_files(list(sources(root))):
            _remember(cache, files, before, look)
    if left_out is not None:
        for name, sentence in ((name, each) for name, several in look.unread.items() for each in several):
            left_out.note(name, sentence)
    return cache


def _of_files(found: Iterable[tuple[str, list[Path]]]) -> Stamps | None:
    """Of event files; None where there are others, which lead to any number of files."""
    paths = [path for _, several in found for path in several]
    if not all(is_event_file(path.name) for path in paths):
        return None
    # Beside a run of ours, a file of our own writer is left alone.
    return {str(path): [*_stamp(path), int(bool(logdir.segment_files(path.parent)))] for path in paths}


def _of_copies(cache: Path) -> Stamps:
    paths = (path for _, folder in logdir.run_folders(cache) for path in logdir.segment_files(folder))
    return {str(path): _stamp(path) for path in paths}


def _stamp(path: Path | str) -> list[int]:
    """What tells a file from any other, and from itself once it was written to; nothing where there is none."""
    try:
        about = os.stat(path)
    except OSError:
        return []
    return [about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns]


def _remembered(cache: Path, files: Stamps | None) -> Look | None:
    """What the last look found; None where one now might find something else."""
    if files is None:
        return None
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        seen: Mapping[str, Any] = json.loads((cache / SEEN_FILE).read_bytes())
        if seen["files"] == files and all(stamp and _stamp(path) == stamp for path, stamp in seen["copies"].items()):
            unread = {str(name): [str(each) for each in several] for name, several in seen["unread"].items()}
            return Look(unread, [str(each) for each in seen["said"]], True)
    return None


def _remember(cache: Path, files: Stamps | None, copies: Stamps, look: Look) -> None:
    if files is None:
        return
    seen = {"files": files, "copies": copies, "unread": look.unread, "said": look.said}
    written = cache / f"{SEEN_FILE}.{os.getpid()}"
    with contextlib.suppress(OSError):  # the next question takes longer, and is answered
        written.write_text(json.dumps(seen), encoding="ascii")
        written.replace(cache / SEEN_FILE)


def _say_again(look: Look) -> None:
    if look.said:
        import logging  # here: most have nothing to say, and would wait for it

        for sentence in look.said:
            logging.getLogger("tracker").warning("%s", sentence)
