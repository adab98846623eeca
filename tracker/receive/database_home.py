"""A logdir that is a database; see `home.Home`."""

from __future__ import annotations

from pathlib import Path

from tracker import databases, logdir
from tracker.postgres.opened import PgStore
from tracker.receive.home import Taker
from tracker.store.run_page import RunPage
from tracker.store.write import page_merge


class DatabaseHome:
    """Rows of a database, which several may add to at a time."""

    def taker(self, path: Path, *, begins: bool) -> Taker:
        store, run = _of(path.parent)
        return store.replica(run, logdir.segment_id(path), begins=begins)

    def files(self, folder: Path) -> dict[str, int]:
        store, run = _of(folder)
        return store.begun(run)

    def add(self, folder: Path, name: str, at: int, data: bytes, size: int, digest: str) -> int:
        store, run = _of(folder)
        return store.add(run, name, at, data, size, digest)

    def say(self, folder: Path, page: RunPage) -> bool:
        return page_merge.merge(folder, page)


def _of(folder: Path) -> tuple[PgStore, str]:
    """The database that a run's path leads into, and the run's name."""
    inside = databases.of(folder)
    assert inside is not None
    store, rest = inside
    assert isinstance(store, PgStore)
    return store, rest.as_posix()
