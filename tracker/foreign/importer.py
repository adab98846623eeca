"""Importing: a foreign log, whatever program wrote it, into runs of a logdir; again, when it has grown."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from tracker import logdir
from tracker.errors import LogdirError, message
from tracker.foreign.event_files import EventFileCopy, is_beside_a_run
from tracker.foreign.folders import event_files, is_event_file

UNDERSTOOD = ("event files of TensorBoard (a file, or a folder of any depth)",)
"""What can be imported, in words."""


@dataclass
class Imported:
    """What became of one file."""

    run: str
    path: Path
    added: Counter[str] = field(default_factory=Counter)
    met: list[str] = field(default_factory=list)
    failed: bool = False
    """Whether it could not be read at all."""


def import_logs(source: Path, root: Path, tell: Callable[[Path, int], None] | None = None) -> Iterator[Imported]:
    """Copies what is new in `source` into runs below `root`; an answer a file.

    Args:
        source: A file or a folder that another program wrote.
        root: The logdir; made if it is not there.
        tell: Called with the file and the bytes read of it, from time to time.

    Raises:
        FileNotFoundError: there is no such source.
        LogdirError: nothing there is understood; the message says what would be.
    """
    if not source.exists():
        raise FileNotFoundError(f"{source} is not there")
    found = list(event_files(source)) if source.is_dir() or is_event_file(source.name) else []
    if not found:
        raise LogdirError(
            message(
                f"{source} holds no log that is understood.", expected="; ".join(UNDERSTOOD), got=_what_is_there(source)
            )
        )
    names = run_names([name for name, _ in found], source)
    for name, paths in found:
        run = names[name]
        for path in paths:
            yield _copied(path, root / run, run, tell)


def _copied(path: Path, folder: Path, run: str, tell: Callable[[Path, int], None] | None) -> Imported:
    done = Imported(run, path)
    copy = EventFileCopy(path, folder, run)
    try:
        if is_beside_a_run(path):
            done.met = ["its run is a run of ours already, and holds the same"]
            return done
        copied = copy.update(None if tell is None else lambda offset: tell(path, offset))
        done.added, done.met = copied.added, copied.met
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:  # the other files can be read all the same
        done.met, done.failed = [str(error)], True
    finally:
        copy.close()
    return done


def run_names(found: list[str], source: Path) -> dict[str, str]:
    """A name for the run of each folder below `source`; "." is called as the source is."""
    names = {name: _name(name) for name in found}
    if "." in names:
        top = source.resolve()
        own = _name(top.parent.name if top.is_file() else top.name) or "run"
        names["."] = f"{own} (top)" if own in names.values() else own
    return names


def _name(text: str) -> str:
    """A path as the name of a run: what no run's name may hold becomes "_"."""
    parts = [
        "".join(
            "_" if ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) <= 0xDFFF or char in "\\" else char
            for char in part
        )
        for part in text.split("/")
    ]
    name = "/".join(part for part in parts if part not in ("", ".", ".."))
    if name[1:2] == ":" or name.startswith("~"):
        name = f"_{name[1:]}"
    return "" if text == "." else logdir.check_run_name(name)


def _what_is_there(source: Path) -> str:
    if source.is_file():
        with source.open("rb") as file:
            head = file.read(12)
        return f"a file of {source.stat().st_size:,} bytes that begins with {head!r}" if head else "an empty file"
    names = sorted(path.name for path in source.iterdir())[:5]
    return f"a folder with {', '.join(names)} …" if names else "an empty folder"
