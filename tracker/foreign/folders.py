"""Where event files lie, and where copies of them are kept. Light: a server asks before it loads what reads them."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from tracker import logdir

NAME = "tfevents"
"""What TensorBoard looks for in a file's name."""


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


def cache_folder(root: Path) -> Path:
    """Where copies of what lies below a logdir are kept: in the user's cache folder, by the logdir's real path."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    digest = hashlib.blake2b(os.fsencode(os.path.realpath(root)), digest_size=8).hexdigest()
    return Path(base) / "everystep" / "tfevents" / digest
