"""Where what arrives is kept: in the files of a folder (`FolderHome`), or in a database (`database_home`).

A path below a logdir stands for a segment, or for a run's folder, in both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from tracker.errors import DamagedBytesError, StoreError
from tracker.store.run_page import RunPage
from tracker.store.shipment import Arrived, Shipment
from tracker.store.write import arriving_file, page_merge
from tracker.store.write.replica import Replica


class Taker(Protocol):
    """Takes the rows of one segment: see `tracker.store.write.replica.Replica`, and `tracker.postgres.replica`."""

    arrived: Arrived

    def take(self, shipment: Shipment, *, is_followed: bool = False) -> Arrived:
        """Takes what arrived, all of it or nothing; how far it is there then.

        Args:
            shipment: The rows.
            is_followed: Whether more is sent at once: it may become durable with that.

        Raises:
            CursorError: it goes on from somewhere else.
            DamagedBytesError: it is not what a writer writes.
        """

    def is_in_place(self) -> bool:
        """Whether what is held is what lies there: nothing was moved or replaced."""

    def close(self) -> None:
        """Lets go of what is held open. Can be called twice."""


class Home(Protocol):
    """A logdir, whatever it is made of. What cannot be stored at the moment is a `StoreError`, or one of `faults`."""

    def taker(self, path: Path, *, begins: bool) -> Taker:
        """What takes rows of a segment.

        Args:
            path: The segment's.
            begins: Whether it begins a run: where somebody else has begun one there meanwhile, its first rows are a
                `TakenError`.
        """

    def files(self, folder: Path) -> dict[str, int]:
        """How many bytes are here of each file beside a run's segments."""

    def add(self, folder: Path, name: str, at: int, data: bytes, size: int, digest: str) -> int:
        """Adds a piece to such a file; see `tracker.store.write.arriving_file.add`.

        Raises:
            PlaceError: it goes on from somewhere else.
            DamagedBytesError: it is not what it is said to be.
        """

    def say(self, folder: Path, page: RunPage) -> bool:
        """Takes over what is said of a run on the page elsewhere; whether something was new.

        Raises:
            DamagedBytesError: what is said of it here cannot be read.
        """


class FolderHome:
    """A folder: a file for each segment, which one process writes at a time."""

    def taker(self, path: Path, *, begins: bool) -> Taker:
        return Replica(path)

    def files(self, folder: Path) -> dict[str, int]:
        return arriving_file.begun_in(folder)

    def add(self, folder: Path, name: str, at: int, data: bytes, size: int, digest: str) -> int:
        return arriving_file.add(folder, name, at, data, size, digest)

    def say(self, folder: Path, page: RunPage) -> bool:
        try:
            return page_merge.merge(folder, page)
        except StoreError as error:
            raise DamagedBytesError(f"what is said of it here cannot be read ({error.why})") from error
