"""Where runs live and what they are called.

A run is a folder below the logdir that holds at least one segment file; its name is its path, with
`/` between the parts, as in TensorBoard.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tracker import databases
from tracker.errors import RemoteLogdirError, RunNameError, message
from tracker.name_order import name_order, naturally
from tracker.plain_text import writable
from tracker.walk import Link, Walk, is_reached

SEGMENT_PREFIX = "events."
SEGMENT_SUFFIX = ".sqlite"
PAGE_FILE = "page.sqlite"
"""What the dashboard wants to say to a run (commands, notes) is kept here, never in a writer's file."""

TRASH_FOLDER = ".trash"
"""In the logdir: runs that the page was told to delete, until somebody empties it. No scan looks into it."""

DELETED_FILE = ".deleted.jsonl"
"""In the logdir: which segments that other machines had sent were deleted, so that they do not come back."""

ALERTS_FOLDER = ".alerts"
"""In the logdir: rules that were armed there, and what became of what they told. No scan looks into it."""

AGREED_FOLDER = ".agreed"
"""Within a run's folder, while several processes train it: by these files they agree on a step. No reader looks in."""

OWN_NAMES = (PAGE_FILE, TRASH_FOLDER, DELETED_FILE, ALERTS_FOLDER, AGREED_FOLDER)
"""That no folder of a run can have."""

MODELS_FOLDER = "models"
"""Within a run's folder: the files of its models, each called by the hash of what it holds."""

RECORDINGS_FOLDER = "recordings"
"""Within a run's folder: what its flight recorder wrote."""

CLAIM_FILE = ".claimed"
STALE_CLAIM_S = 600.0
"""A claim that has not become a segment in ten minutes, a disk that is full from the start included, never will."""

EVENT_FILE = "tfevents"
"""What TensorBoard looks for in a file's name."""


def default_logdir() -> str:
    """`$VIZ_LOGDIR`, else `runs`."""
    return os.environ.get("VIZ_LOGDIR") or "runs"


def resolve(logdir: str | os.PathLike[str] | None) -> Path:
    """The logdir as an absolute path; nothing is created.

    Raises:
        RemoteLogdirError: an address (`s3://…`), or that of a database, which is no folder.
    """
    text = os.fsdecode(logdir) if logdir is not None else default_logdir()
    check_local(text, "logdir")
    return Path(os.path.abspath(os.path.expanduser(text)))


_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(//)?")
"""A scheme of two letters or more at the very beginning; one letter is a disk of Windows, and a name elsewhere."""

_REMOTE = (
    *("s3 s3a s3n gs gcs hdfs viewfs webhdfs az azure abfs abfss wasb wasbs adl oss cos dbfs r2 b2 swift".split()),
    *("http https ftp ftps sftp ssh scp file hf memory".split()),
)
"""Schemes that are known as such without their two slashes, of which `Path` makes one: `Path("s3://a")` is `s3:/a`. A
folder that is there and called so is one all the same."""

_DATABASES = ("postgres", "postgresql", "mysql", "mariadb", "sqlite", "mongodb", "redis", "duckdb", "mssql", "oracle")


def check_local(text: str, name: str) -> None:
    """That a folder is one of this machine: of an address the system would make a local folder that is called so.

    Args:
        text: The folder, as it was given.
        name: What it is called where it was given, for the sentence.

    Raises:
        RemoteLogdirError: it is an address.
    """
    found = _ADDRESS.match(text)
    if found is None:
        return
    scheme, slashes = found[1].lower(), found[2]
    of_database = scheme.partition("+")[0] in _DATABASES and text[found.end() :].startswith("/")
    if slashes is None and (not (scheme in _REMOTE or of_database) or os.path.isdir(text)):
        return
    got, hint = (
        f"an address ({scheme}://), which everystep does not write to or read from",
        (f"Give {name} a folder here; copy it there when the run has ended, or mount what is there as a folder."),
    )
    if scheme.partition("+")[0] in _DATABASES:
        got, hint = "a database URL, which this version does not support", ""
        if databases.is_address(text):
            got = "the address of a database"
            hint = "tracker.init and tracker.open take one, and most of viz; nothing else knows them yet."
    elif scheme == "file":
        hint = f"Leave file:// out: {name} is the path alone."
    raise RemoteLogdirError(
        # Without the rest of it: an address may hold a password.
        message(
            f"{name} {scheme}://… cannot be opened: only folders of this machine can.",
            expected="a folder, such as runs or /data/experiments", got=got, hint=hint,
        )
    )  # fmt: skip


def is_segment(name: str) -> bool:
    """Whether a file name is that of a segment."""
    return name.startswith(SEGMENT_PREFIX) and name.endswith(SEGMENT_SUFFIX)


def segment_id(path: str | os.PathLike[str]) -> str:
    """The segment's identifier, out of its file name."""
    return os.path.basename(os.fspath(path))[len(SEGMENT_PREFIX) : -len(SEGMENT_SUFFIX)]


def segment_path(folder: Path, segment: str) -> Path:
    """The file of one segment of the run in `folder`."""
    return folder / f"{SEGMENT_PREFIX}{segment}{SEGMENT_SUFFIX}"


_SEGMENT_ID = re.compile(r"\d{8}T\d{6}(-rank\d{1,9})?-[0-9a-f]{8}", re.ASCII)


def is_segment_id(text: str) -> bool:
    """Whether a writer calls a segment so; such a name leads nowhere else."""
    return _SEGMENT_ID.fullmatch(text) is not None


def new_segment_id(wall_time: float, rank: int | None = None) -> str:
    """A name for a new segment: sorts by time, and two hosts or processes never draw the same.

    The random part comes from the operating system for each call, so that a forked child does not
    repeat its parent's.
    """
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(max(0.0, min(wall_time, 253402300799.0))))
    ranked = f"-rank{rank}" if rank is not None else ""
    return f"{stamp}{ranked}-{os.urandom(4).hex()}"


def segment_files(folder: Path) -> list[Path]:
    """The segment files of one run, oldest first; an empty list where there is no such folder.

    What has such a name and is no plain file is among them: who reads it says so, by name. A link to a segment is given
    as the file that it leads to, beside which its WAL lies.
    """
    inside = databases.of(folder)
    if inside is not None:
        return [segment_path(folder, segment) for segment in inside[0].segments(inside[1].as_posix())]
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.is_symlink()) for entry in entries if is_segment(entry.name)]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    paths = (_where_it_leads(folder / name) if is_link else folder / name for name, is_link in sorted(found))
    return list(dict.fromkeys(paths))


def _where_it_leads(link: Path) -> Path:
    """The segment behind a link; the link itself where none is."""
    target = Path(os.path.realpath(link))
    with contextlib.suppress(OSError):
        if is_segment(target.name) and stat.S_ISREG(os.lstat(target).st_mode):
            return target
    return link


_CONTENT = re.compile(r"[0-9a-f]{64}")


def is_model_file(name: str) -> bool:
    """Whether a file in a run's folder of models is one of theirs, by its name: the hash of what it holds."""
    return _CONTENT.fullmatch(name) is not None


def model_files(folder: Path) -> list[str]:
    """The names of the files of a run's models, below `MODELS_FOLDER`; none where that is a link."""
    place = folder / MODELS_FOLDER
    try:
        return [] if place.is_symlink() else sorted(filter(is_model_file, os.listdir(place)))
    except OSError:
        return []


def is_of_a_run(name: str) -> bool:
    """Whether a folder with a file of this name is a run's, of ours or of TensorBoard's."""
    return is_segment(name) or EVENT_FILE in name


def walk(root: Path, wanted: Callable[[str], bool] = is_segment, *, follow: bool = True) -> Walk:
    """Every folder of a logdir but its trash, for whoever looks for something in them: all see the same ones."""
    return Walk(root, wanted, is_of_a_run, (TRASH_FOLDER, AGREED_FOLDER, ALERTS_FOLDER), follow=follow)


def run_folders(
    root: Path, links: list[Link] | None = None, seen: dict[str, list[str]] | None = None, *, follow: bool = True
) -> Iterator[tuple[str, Path]]:
    """Every run below `root` as (name, folder), in the order of their names: `m2` before `m12`.

    The logdir itself is a run when it holds segments directly; its name is then `.`. A run behind a link is called as
    it is reached, see `tracker.walk`. A folder whose name is not UTF-8 (the bytes `caf`, 0xE9) is called by its escape
    (`caf\\udce9`), which is text to every program.

    Args:
        root: The logdir.
        links: Takes the links that were met.
        seen: Takes every folder that was gone through, and the names of the segments in it.
        follow: Whether links are followed.
    """
    inside = databases.of(root)
    if inside is not None:
        return iter(sorted(((name, root / name) for name in inside[0].runs()), key=_by_name))
    folders = walk(root, follow=follow)
    seen = {} if seen is None else seen
    seen |= (walked := dict(folders))
    found = [(Path(folder).relative_to(root).as_posix(), Path(folder)) for folder, names in walked.items() if names]
    if links is not None:
        links += folders.links
    return _named(sorted(found, key=_by_name))


def _named(found: list[tuple[str, Path]]) -> Iterator[tuple[str, Path]]:
    """Each folder by a name that can be written, and no two by the same."""
    if all(name.isascii() or writable(name) == name for name, _ in found):  # nearly always
        return iter(found)
    taken = {name for name, _ in found}
    named = []
    for name, folder in found:
        shown, count = writable(name), 1
        while shown != name and shown in taken:  # another folder is really called as this one is shown
            count += 1
            shown = f"{writable(name)} ({count})"
        taken.add(shown)
        named.append((shown, folder))
    return iter(sorted(named, key=_by_name))


def _by_name(run: tuple[str, Path]) -> tuple[str, str]:
    return name_order(run[0])


MIRRORED = " (tfevents)"
"""Behind the name of a run whose event files are mirrored, where another run of ours has the same name."""


def all_run_folders(
    root: Path, mirror: Path | None, links: list[Link] | None = None, seen: dict[str, list[str]] | None = None
) -> dict[str, Path]:
    """The folder of every run by name, in their order: those below `root`, and copies of event files in its mirror."""
    found = dict(run_folders(root, links, seen))
    if mirror is not None and mirror.is_dir():
        copies = run_folders(mirror, None, seen)
        found |= {(f"{name}{MIRRORED}" if name in found else name): folder for name, folder in copies}
        found = {name: found[name] for name in naturally(found)}
    return found


def run_folder(root: Path, mirror: Path | None, name: str) -> Path | None:
    """The folder of one run; None where there is none of that name.

    Raises:
        RunNameError: no run can be called so, and no folder is.
    """
    places = [root] if mirror is None else [root, mirror]
    if mirror is not None and name.endswith(MIRRORED):
        places, name = [mirror], name[: -len(MIRRORED)]
    odd: RunNameError | None = None
    try:
        folders = [(place, place if name == "." else place / check_run_name(name)) for place in places]
        found = next((folder for place, folder in folders if is_reached(place, folder) and segment_files(folder)), None)
        if found is not None or "\\" not in name:
            return found
    except RunNameError as error:
        odd = error
    # No folder of ours is called so, but somebody's may be shown so: the name counts if it is one that a scan gives.
    wanted = writable(name)
    found = next((folder for place in places for each, folder in run_folders(place) if each == wanted), None)
    if found is None and odd is not None:
        raise odd
    return found


def check_run_name(name: str, *, typed: bool = False) -> str:
    """The name itself, when it can be a folder below the logdir.

    Args:
        name: A run's name.
        typed: Whether somebody has just thought of it: a path of Windows is then a mistake. Where folders lie, it is a
            name like any other to all systems but Windows.

    Raises:
        RunNameError: it is empty, absolute, climbs out with `..`, or has a part no file system takes.
    """
    if not isinstance(name, str):
        raise RunNameError(message("A run's name must be text.", expected="str", got=type(name).__name__))
    parts = name.split("/")
    why = ""
    if not name.strip():
        why = "it is empty"
    elif name.startswith(("/", "~")) or (
        (typed or os.name == "nt") and ("\\" in name or (len(name) > 1 and name[1] == ":"))
    ):
        why = "it looks like a path from the top of a disk"
    elif any(part in ("", ".", "..") for part in parts):
        why = "it has an empty part, '.' or '..'"
    elif any(ord(char) < 32 or ord(char) == 127 for char in name):
        why = "it holds a control character"
    elif any(is_segment(part) or part in OWN_NAMES for part in parts):
        why = "a part of it is a name that the store keeps for its own files"
    elif any(len(part.encode("utf-8", "surrogatepass")) > 240 for part in parts):
        why = "a part of it is longer than 240 bytes"
    elif any(0xD800 <= ord(char) <= 0xDFFF for char in name):
        why = "it holds half a character (a lone surrogate)"
    if why:
        raise RunNameError(
            message(
                f"This run name cannot be a folder: {why}.",
                expected="a relative path such as mnist/adam or 2026-11-23_lr=0.1",
                got=ascii(name if len(name) <= 120 else name[:117] + "..."),
            )
        )
    return name


def generated_name(wall_time: float) -> str:
    """A name for a run whose user gave none: the script's name, then the local date and time."""
    script = Path(sys.argv[0]).stem if sys.argv and sys.argv[0] not in ("", "-c", "-m") else ""
    if script in ("", "__main__", "ipykernel_launcher"):
        script = "run"
    word = "".join(char if char.isalnum() or char in "-_." else "-" for char in script)[:60].strip("-.") or "run"
    return f"{word}-{time.strftime('%Y%m%d-%H%M%S', time.localtime(wall_time))}"
