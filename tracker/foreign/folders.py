"""Where TensorBoard's files lie, and where copies of them are kept. Light: a server asks before it loads a reader."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from tracker import logdir

PROJECTOR_CONFIG = "projector_config.pbtxt"
PROJECTOR_PLUGIN = ("plugins", "org_tensorflow_tensorboard_projector")
"""Below a run's folder, where the projector's config may lie too."""

PROFILE_PLUGIN = ("plugins", "profile")
"""Below a run's folder: a folder for each session of a profiler."""

TRACES = (".trace.json.gz", ".trace.json", ".xplane.pb")
"""What traces end in, the handier first: in the folder of a session, or anywhere, as PyTorch's profiler puts them."""

VERSION = 2
"""Of what the copies in the cache are made into; those of another version are made again."""


def is_event_file(name: str) -> bool:
    """Whether a file's name is that of an event file."""
    return logdir.EVENT_FILE in name and not logdir.is_segment(name)


def is_projector_config(name: str) -> bool:
    """Whether a file's name is that of a config of the projector, of TensorBoard's or of the stand-alone one."""
    return name == PROJECTOR_CONFIG or name.endswith("projector_config.json")


def is_known(name: str) -> bool:
    """Whether a single file's name is that of one that can be read."""
    return is_event_file(name) or is_projector_config(name) or name.endswith(TRACES)


def is_session(folder: Path) -> bool:
    """Whether a folder is that of one session of a profiler, by where it lies."""
    return folder.parts[-3:-1] == PROFILE_PLUGIN


def sources(root: Path) -> Iterator[tuple[str, list[Path]]]:
    """(run name, what is read for it) of each folder below `root` that holds something, by name; "." is `root` itself.

    Read are event files, configs of the projector, sessions of profilers (a folder each) and loose traces.
    Folders behind links are among them as in `tracker.logdir.run_folders`; a pipe by the name of a file is left alone.
    """
    if root.is_file():
        yield ".", [root]
        return
    found: dict[str, list[Path]] = {}
    for folder, names in logdir.walk(root, is_known):
        path = Path(folder)
        session = is_session(path)
        known = [path / name for name in sorted(names) if not (session and name.endswith(TRACES))]
        own = [each for each in known if may_be_read(each)]
        if own:
            above = path.parents[1] if path.parts[-2:] == PROJECTOR_PLUGIN else path
            found.setdefault(_below(above, root), []).extend(own)
        if session and _holds_files(path):
            found.setdefault(_below(path.parents[2], root), []).append(path)
    yield from sorted(found.items())


def has_sources(root: Path, between: Callable[[int], None] = lambda folders: None) -> bool:
    """Whether `sources` gives anything, told as soon as the first is met.

    Args:
        root: The logdir.
        between: Called after each folder with how many there were.
    """
    if root.is_file():
        return True
    for count, (folder, names) in enumerate(logdir.walk(root, is_known), 1):
        path = Path(folder)
        if any(may_be_read(path / name) for name in names) or (is_session(path) and _holds_files(path)):
            return True
        between(count)
    return False


def is_copied(root: Path, cache: Path, most: int) -> bool:
    """Whether copies of all that `sources` gives are likely to be in a cache, none older than the newest source: a
    guess, for who may begin to copy a little later.

    Args:
        root: The logdir.
        cache: Where copies are kept.
        most: Folders that are gone through; of more it is not said.
    """
    newest, count = 0.0, 0
    for number, (folder, names) in enumerate(logdir.walk(root, is_known)):
        if number >= most or (names and is_session(Path(folder))):
            return False
        with contextlib.suppress(OSError):
            newest = max([newest, *(os.stat(os.path.join(folder, name)).st_mtime for name in names)])
        count += bool(names)
    copies = [os.stat(path).st_mtime for _, own in logdir.run_folders(cache) for path in logdir.segment_files(own)]
    return 0 < count <= len(copies) and newest <= max(copies)


def _holds_files(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(not entry.is_dir() for entry in entries)
    except OSError:  # it has gone, or is closed to us
        return False


def may_be_read(path: Path) -> bool:
    """Whether it is a regular file, or one that only its opening tells about, as this user may not look."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False


def _below(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else "."


def cache_folder(root: Path) -> Path:
    """Where copies of what lies below a logdir are kept: in the user's cache folder, by the logdir's real path."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    digest = hashlib.blake2b(os.fsencode(os.path.realpath(root)), digest_size=8).hexdigest()
    return Path(base) / "everystep" / f"tfevents-{VERSION}" / digest
