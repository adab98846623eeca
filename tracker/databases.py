"""Databases that hold runs as a logdir does, and the paths that stand for what lies in them.

A database that was opened has a path: its address without a password, such as `postgresql+psycopg:/me@host/runs`. Below
it stand paths of runs and of their segments, as below a folder. Nothing is on the disk under such a path, which is
relative; who reads segments asks here first.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Protocol

_ADDRESS = re.compile(r"postgres(ql)?(\+\w+)?://", re.IGNORECASE)

_open: dict[Path, Database] = {}


class Listening(Protocol):
    """What hears which runs are added to."""

    @property
    def is_over(self) -> bool:
        """Whether it hears nothing any more."""

    def stop(self) -> None:
        """Ends it."""


class Changing(Protocol):
    """What is said of a run on the page, while one changes it."""

    rows: tuple[list[Any], list[Any]]
    """As `Database.page` gives them; what stands here in the end is kept."""


class Database(Protocol):
    """Runs in a database, for who reads them, and for what is said of them on the page."""

    root: Path
    """What stands for it."""

    def runs(self) -> list[str]:
        """The names of its runs."""

    def runs_of(self, segment: str) -> list[str]:
        """The runs that a segment lies in, but for those that have a copy of it."""

    def segments(self, run: str) -> list[str]:
        """The segments of a run, by name, oldest first; none where there is no such run."""

    def stamp(self, run: str, segment: str) -> tuple[object, ...]:
        """What changes when a segment does, or for no name what is said of the run; nothing where it is not there."""

    def glimpse(self, runs: Collection[str] | None = None) -> contextlib.AbstractContextManager[None]:
        """While this thread looks at some runs, or all: which segments there are and how they stand is asked once."""

    def page(self, run: str) -> tuple[list[Any], list[Any]]:
        """What is said of a run on the page, or for `.` of the logdir: `tracker.store.run_page.PageRows`.

        Raises:
            StoreError: the database does not answer.
        """

    def versions(self, runs: Collection[str]) -> dict[str, int]:
        """Of those of some runs of which something was ever said on the page: a number that each change makes another.

        Raises:
            StoreError: the database does not answer.
        """

    def changing(self, run: str) -> contextlib.AbstractContextManager[Changing]:
        """While that is changed, by nobody else; it is kept when the block ends well.

        Raises:
            StoreError: the database does not answer; nothing was changed.
        """

    def discard(self, run: str) -> None:
        """Puts a run into the trash. One of its name that lies there already gets a number behind it.

        Raises:
            RunNotFoundError: there is no such run.
            StoreError: the database does not answer.
        """

    def restore(self, run: str) -> None:
        """Takes it back.

        Raises:
            RunNotFoundError: there is no such run in the trash.
            PageChangeError: there is a run of that name again.
            StoreError: the database does not answer.
        """

    def discarded(self) -> dict[str, float]:
        """The runs in the trash, and when each was put there, in seconds since the epoch.

        Raises:
            StoreError: the database does not answer.
        """

    def files(self, run: str) -> dict[str, tuple[int, str]]:
        """The size and the SHA-256 of each file beside a run's segments that is there as a whole, by name.

        Raises:
            StoreError: the database does not answer.
        """

    def file(self, run: str, name: str) -> Path:
        """Where such a file lies on this disk; it is fetched where it is not there yet.

        Raises:
            FileNotFoundError: there is none.
            StoreError: the database does not answer, or what it has is damaged.
            OSError: it cannot be kept here.
        """

    def watch(self, tell: Callable[[Path], None]) -> Listening:
        """Tells the folders of runs to which something is added, by whatever process, until it is stopped.

        Raises:
            StoreError: the database does not answer.
        """

    def connect(self, run: str, segment: str, path: Path) -> sqlite3.Connection:
        """What answers the questions that readers ask a segment's file.

        Raises:
            FileNotFoundError: it is not there.
            StoreError: the database does not answer.
        """


def is_address(text: str) -> bool:
    """Whether a logdir, as it was given, is the address of a database that can hold runs."""
    return _ADDRESS.match(text) is not None


def register(database: Database) -> None:
    """From now on its paths lead into it."""
    _open[database.root] = database


def of(path: Path) -> tuple[Database, Path] | None:
    """The database that a path leads into, and the rest of the path; None for one of the disk."""
    if not _open or path.is_absolute():
        return None
    for place in (path, *path.parents):
        if place in _open:
            return _open[place], path.relative_to(place)
    return None


def glimpse(root: Path, runs: Collection[str] | None = None) -> contextlib.AbstractContextManager[None]:
    """While this thread looks at a logdir, or some of its runs: a database is asked once how their segments stand."""
    inside = of(root)
    return contextlib.nullcontext() if inside is None else inside[0].glimpse(runs)


def fetched(folder: Path, name: str) -> Path:
    """Where a file beside a run's segments lies on this disk, whether it is there or not; of a database it is fetched.

    Args:
        folder: The run's.
        name: Its path below that, with `/`.

    Raises:
        FileNotFoundError: the database has none of that name.
        StoreError: it does not answer, or what it has is damaged.
        OSError: it cannot be kept here.
    """
    inside = of(folder)
    return folder / name if inside is None else inside[0].file(inside[1].as_posix(), name)
