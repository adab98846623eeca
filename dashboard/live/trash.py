"""The trash: runs are moved there and back so that no kill leaves half of one here and half there.

A folder that holds nothing but its run is renamed, which happens or does not. Where checkpoints lie beside the run's
files, or other runs below them, only its own files go, one after the other: what is to be moved is written down first
(`.trash/.moves/`), and whoever comes next, a server that starts or the next who uses the trash, finishes it.

Of a run that is chosen by a link the link is moved, as `rm` removes one; what it leads to stays as it is.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from dashboard.live import tombstones
from tracker import logdir
from tracker.errors import PageChangeError, RunNameError, RunNotFoundError, message
from tracker.name_order import naturally
from tracker.plain_text import writable
from tracker.store.run_folder_files import FOLDERS, files_of, is_one
from tracker.walk import Link, is_reached

MOVES_FOLDER = ".moves"
"""In the trash: what is being moved, a file each."""

MOVE_SUFFIX = ".json"
GONE_SUFFIX = ".gone"
"""And what is removed for good, a folder each."""

MAX_MOVE_BYTES = 10_000_000
"""A run has a segment for each of its processes and resumptions; what is larger was not written by us."""

BUSY_S = 2.0
"""So long another one that moves runs is waited for. A move takes milliseconds, a stopped process for ever."""

_ENDINGS = ("-shm", "-wal", "-journal", "")
"""Of a database's files; itself last, so that until it is gone the run is where it was."""


def to_trash(root: Path, name: str) -> None:
    """Moves a run's own files (segments, and what the page knows of it) to the trash; checkpoints beside them stay.

    Of a run that is chosen by a link, the link. A run of that name that lies there already gives way, to a name with a
    number behind it.

    Raises:
        RunNameError: no run can have this name.
        RunNotFoundError: there is no such run.
        PageChangeError: the files cannot be moved.
    """
    folder, target = _places(root, name, may_be_links=True)
    with _only_we_move(root):
        if is_link(root, name):
            _check_alone(root, name)
        elif not logdir.segment_files(folder):
            raise RunNotFoundError(message(f"There is no run {name!r} in {root}."))
        else:
            tombstones.note(root, folder, name)
        aside = _places(root, f"{'run' if name == '.' else name}~{secrets.token_hex(3)}")[1]
        if target.is_symlink() or logdir.segment_files(target):
            _move(root, target, aside, name)
        elif is_link(root, name) and target.exists():  # a folder in which other runs lie
            target = aside
        _move(root, folder, target, name)


def from_trash(root: Path, name: str) -> None:
    """Moves it back; errors as in `to_trash`. A run that has taken its name meanwhile stays, and so does the trash."""
    folder, source = _places(root, name, may_be_links=True)
    with _only_we_move(root):
        if is_link(root, name) or logdir.segment_files(folder):
            raise PageChangeError(message(f"There is a run {name!r} again.", hint="Delete or move that one first."))
        if not source.is_symlink() and not logdir.segment_files(source):
            raise RunNotFoundError(message(f"There is no run {name!r} in the trash."))
        _move(root, source, folder, name)


def erase(root: Path, name: str) -> None:
    """Removes a run's own files for good, all of them or none; errors as in `to_trash`. Checkpoints beside them stay.

    One that is chosen by a link is left alone.
    """
    folder, _ = _places(root, name)
    with _only_we_move(root):
        if not logdir.segment_files(folder):
            raise RunNotFoundError(message(f"There is no run {name!r} in {root}."))
        tombstones.note(root, folder, name)
        gone = root / logdir.TRASH_FOLDER / MOVES_FOLDER / f"{secrets.token_hex(8)}{GONE_SUFFIX}"
        _move(root, folder, gone, name)
        shutil.rmtree(gone, ignore_errors=True)  # what is left goes with the next


def in_trash(root: Path) -> list[str]:
    """Names of the runs in the trash."""
    trash = root / logdir.TRASH_FOLDER
    links: list[Link] = []
    found = logdir.run_folders(trash, links, follow=False) if trash.is_dir() else ()
    names = [name for name, _ in found if not name.startswith(f"{MOVES_FOLDER}/")]
    return naturally([*names, *(writable(_name_of(trash, link.path)) for link in links)])


def is_link(root: Path, name: str) -> bool:
    """Whether a run is chosen by a link of its own, so that of it nothing else is moved."""
    return name != "." and (root / name).is_symlink()


def finish_moves(root: Path) -> int:
    """Finishes what a process that was killed had begun to move; how many moves it were.

    What cannot be finished now (a full disk, a folder that is closed to us) stays written down for the next time.
    """
    if not _is_begun(root):
        return 0
    try:
        with _only_we_move(root) as finished:
            return finished
    except PageChangeError:  # another server moves right now, and finishes what there is
        return 0


def _is_begun(root: Path) -> bool:
    moves = root / logdir.TRASH_FOLDER / MOVES_FOLDER
    try:
        return any(name.endswith((MOVE_SUFFIX, GONE_SUFFIX)) for name in os.listdir(moves))
    except OSError:
        return False


def _places(root: Path, name: str, *, may_be_links: bool = False) -> tuple[Path, Path]:
    """Where a run of this name lies, and where in the trash; neither is reached by a link that leads elsewhere.

    Args:
        root: The logdir.
        name: The run's name.
        may_be_links: Whether they themselves may be links.
    """
    if name != ".":
        logdir.check_run_name(name)
    places = root / name, root / logdir.TRASH_FOLDER / name
    for place in places:
        step = root
        for part in place.relative_to(root).parts:
            step /= part
            if step.is_symlink() and not (may_be_links and step == place != root / logdir.TRASH_FOLDER):
                raise PageChangeError(
                    message(
                        f"{name} cannot be moved: {step} is a link to another place.",
                        hint="What lies there is left alone; remove the link to have it shown no more.",
                    )
                )
    return places


@contextlib.contextmanager
def _only_we_move(root: Path) -> Iterator[int]:
    """While runs are moved; gives how many moves of one that was killed were finished first.

    Raises:
        PageChangeError: another process moves runs and does not come to an end.
    """
    moves = _places(root, ".")[1] / MOVES_FOLDER
    try:
        if moves.is_symlink():
            raise PageChangeError(message(f"Runs cannot be moved: {moves} is a link to another place."))
        moves.mkdir(parents=True, exist_ok=True)
        handle = os.open(moves, os.O_RDONLY) if os.name == "posix" else -1
    except OSError as error:
        raise PageChangeError(message(f"The trash cannot be used: {error.strerror or error}")) from error
    try:
        if handle >= 0:
            _lock(handle)
        finished = sum(_finish(root, path) for path in sorted(moves.glob(f"*{MOVE_SUFFIX}")))
        for gone in moves.glob(f"*{GONE_SUFFIX}"):
            if not gone.is_symlink():
                shutil.rmtree(gone, ignore_errors=True)
        yield finished
    finally:
        if handle >= 0:
            os.close(handle)  # which lets go of the lock, as the death of a process does


def _lock(handle: int) -> None:
    import fcntl

    end = time.monotonic() + BUSY_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise PageChangeError(message("Another server is moving runs.", hint="Try again soon.")) from error
            time.sleep(0.01)
        except OSError:  # a file system that knows no locks: two servers that move one run at once are what remains
            return


def _check_alone(root: Path, name: str) -> None:
    """That a link leads to a run, and that no other run would go with it."""
    behind = logdir.walk(root, logdir.is_of_a_run).behind(str(root / name))
    runs = [_name_of(root, Path(folder)) for folder, files in behind if files]
    if name not in runs or not is_reached(root, root / name):
        raise RunNotFoundError(message(f"There is no run {name!r} in {root}."))
    if len(runs) > 1:
        raise PageChangeError(
            message(
                f"{name} cannot be moved: it is a link, and {runs[1]}, which lies behind it too, would go with it.",
                hint="Remove the link to have neither shown.",
            )
        )


def _move(root: Path, source: Path, target: Path, name: str) -> None:
    """Moves a run's own files from one folder to another, all of them or none; of a link nothing but itself."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink() and source != root:
            if os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, f"there is something else at {target}")
            os.rename(source, target)
            return
        if source.stat().st_dev != target.parent.stat().st_dev:
            raise OSError(errno.EXDEV, "it lies on another file system than the trash")
        files = _own_files(source, name)
        is_all = name != "." and _holds_only(source, {*files, logdir.CLAIM_FILE, logdir.AGREED_FOLDER})
        if is_all and not (target.exists() and os.listdir(target)):
            _rename(source, target)
            return
        target.mkdir(parents=True, exist_ok=True)
        moves = root / logdir.TRASH_FOLDER / MOVES_FOLDER
        written = moves / f"{secrets.token_hex(8)}{MOVE_SUFFIX}"
        plan = {"from": _name_of(root, source), "to": _name_of(root, target), "files": files}
        unready = written.with_suffix(".part")
        with open(unready, "w", encoding="utf-8") as file:
            json.dump(plan, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unready, written)
        try:
            _replace_all(source, target, files)
        except OSError:
            _replace_all(target, source, files[::-1])
            written.unlink()
            raise
        written.unlink()
        _leave(root, source)
    except OSError as error:
        raise PageChangeError(message(f"{name} cannot be moved: {error.strerror or error}")) from error


def _rename(source: Path, target: Path) -> None:
    if os.name != "posix" and target.exists():
        target.rmdir()  # elsewhere an empty folder does not give way by itself
    os.rename(source, target)


def _own_files(folder: Path, name: str) -> list[str]:
    """The names of a run's own files that are there, in the order in which they go."""
    there = set(os.listdir(folder))
    # At the top of the logdir lie the saved views, which are no run's.
    said = [] if name == "." else [logdir.PAGE_FILE]
    databases = [*said, *sorted(filter(logdir.is_segment, there))]
    files = [f"{name}{ending}" for name in databases for ending in _ENDINGS if f"{name}{ending}" in there]
    return [*files, *(each for each, _ in files_of(folder))]


def _holds_only(folder: Path, files: set[str]) -> bool:
    """Whether nothing else lies in a run's folder, nor among its models and recordings: another run might."""
    names = set(os.listdir(folder))
    for beside in FOLDERS:
        if beside in names and (folder / beside).is_dir() and not (folder / beside).is_symlink():
            names.remove(beside)
            # What a writer that was stopped left half written goes along.
            names |= {f"{beside}/{each}" for each in os.listdir(folder / beside) if not each.startswith(".")}
    return names <= files


def _leave(root: Path, folder: Path) -> None:
    """Removes the folders that were emptied; what else lies there stays."""
    for beside in sorted(FOLDERS, key=len, reverse=True):
        with contextlib.suppress(OSError):
            (folder / beside).rmdir()
    with contextlib.suppress(OSError):
        if folder not in (root, root / logdir.TRASH_FOLDER):
            folder.rmdir()


def _is_own(name: object) -> bool:
    if not isinstance(name, str):
        return False
    if "/" in name:
        return is_one(name)
    if os.path.basename(name) != name:
        return False
    return any(
        name.endswith(ending) and (stem == logdir.PAGE_FILE or logdir.is_segment(stem))
        for ending in _ENDINGS
        for stem in (name.removesuffix(ending),)
    )


def _replace_all(source: Path, target: Path, files: list[str]) -> None:
    for name in files:
        if "/" in name:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # it went before
            os.replace(source / name, target / name)


def _name_of(root: Path, folder: Path) -> str:
    return folder.relative_to(root).as_posix()


def _finish(root: Path, written: Path) -> bool:
    """Finishes one move that was written down; whether it could be."""
    try:
        if written.stat().st_size > MAX_MOVE_BYTES:
            return False
        plan = json.loads(written.read_text(encoding="utf-8"))
        source, target = (_planned(root, plan[end]) for end in ("from", "to"))
        files = plan["files"]
        if not isinstance(files, list) or not all(map(_is_own, files)):
            return False
        target.mkdir(parents=True, exist_ok=True)
        # What came to be there since is not written over.
        _replace_all(source, target, [name for name in files if not (target / name).exists()])
        written.unlink()
        _leave(root, source)
    except (OSError, ValueError, TypeError, KeyError, RecursionError, RunNameError):  # not ours, or not now
        return False
    return True


def _planned(root: Path, place: object) -> Path:
    """A folder that a plan names: of a run, in the logdir or in its trash."""
    if not isinstance(place, str):
        raise ValueError(place)
    first, _, rest = place.partition("/")
    return _places(root, rest or ".")[1] if first == logdir.TRASH_FOLDER else _places(root, place)[0]
