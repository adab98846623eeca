"""The trash of a logdir, whatever that is made of: who deletes and restores runs knows no difference."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from dashboard.live import trash
from tracker import databases
from tracker.databases import Database
from tracker.errors import PageChangeError, StoreError
from tracker.name_order import naturally


class Trash(Protocol):
    """Where deleted runs are until somebody empties it. Errors are those of `trash.to_trash`."""

    def discard(self, name: str) -> None:
        """Moves a run there."""

    def restore(self, name: str) -> None:
        """Moves it back."""

    def names(self) -> list[str]:
        """The runs that are there."""

    def is_link(self, name: str) -> bool:
        """Whether a run is chosen by a link, of which nothing else is moved."""

    def finish_moves(self) -> int:
        """Finishes what a process that was killed had begun to move; how many moves it were."""


class FolderTrash:
    """That of a folder: see `trash`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def discard(self, name: str) -> None:
        trash.to_trash(self._root, name)

    def restore(self, name: str) -> None:
        trash.from_trash(self._root, name)

    def names(self) -> list[str]:
        return trash.in_trash(self._root)

    def is_link(self, name: str) -> bool:
        return trash.is_link(self._root, name)

    def finish_moves(self) -> int:
        return trash.finish_moves(self._root)


class DatabaseTrash:
    """That of a database, where a run goes in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def discard(self, name: str) -> None:
        with _changing():
            self._database.discard(name)

    def restore(self, name: str) -> None:
        with _changing():
            self._database.restore(name)

    def names(self) -> list[str]:
        return naturally(self._database.discarded())

    def is_link(self, name: str) -> bool:
        return False

    def finish_moves(self) -> int:
        return 0


def of(root: Path) -> Trash:
    """The trash of a logdir."""
    inside = databases.of(root)
    return FolderTrash(root) if inside is None else DatabaseTrash(inside[0])


@contextlib.contextmanager
def _changing() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise PageChangeError(str(error)) from error
