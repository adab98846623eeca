"""The spool of a database loses what is in the database as a whole and came to its end long ago, and nothing else."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import brief_senders
import pytest
from carrying import stores_differ
from copies import log_all, run_of
from one_point import log
from steering import until

import tracker
from tracker import logdir as logdirs
from tracker.errors import StoreError
from tracker.postgres.opened import PgStore, opened
from tracker.ship import emptying, lock, spool
from tracker.ship.database import Database
from tracker.ship.server import UnreachableError
from tracker.ship.shipper import Shipper
from tracker.store.write import page_file

OLD_S = 2 * emptying.KEEP_S


def aged(folder: Path) -> Path:
    """As it is when nothing was written to it for days."""
    then = time.time() - OLD_S
    for place, _, names in os.walk(folder):
        for name in names:
            os.utime(os.path.join(place, name), (then, then))
    return folder


def left(root: Path) -> list[str]:
    return [name for name, _ in logdirs.run_folders(root)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The spool."""
    return tmp_path / "spool"


@pytest.fixture
def database(new_database: Callable[[str], str]) -> Iterator[Database]:
    with contextlib.closing(Database(new_database("emptied"))) as made:
        yield made


def empty(root: Path, database: Database) -> list[str]:
    return emptying.empty(root, database, time.time())


def test_what_is_there_and_over_goes(root: Path, database: Database, tmp_path: Path) -> None:
    """Runs of all kinds, forks and resumes too, below each other; what else lies beside them stays."""
    log_all(root, "a/b", points=30)
    log(root, "a")
    with tracker.init(logdir=root, name="a", resume="must", machine=False) as run:
        run.log({"x": 2.0})
    with tracker.init(logdir=root, name="fork", fork="a", machine=False) as run:
        run.log({"x": 3.0})
    (root / "fork" / "weights.pt").write_bytes(b"weights")
    assert empty(aged(root), database) == [], "nothing is there yet"
    assert Shipper(root, database).run(once=True).refused == {}
    kept = shutil.copytree(root, tmp_path / "kept")
    assert empty(root, database) == ["a", "a/b", "fork"]
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["weights.pt"]
    store = opened(database._url)
    assert stores_differ(kept, store.root) == []
    for name, size in store.begun("a/b").items():
        assert size == len((kept / "a/b" / name).read_bytes())
    assert {*store.begun("a/b")} == {
        each for each in run_of(kept / "a/b") if each.startswith(("models/", "recordings/"))
    }
    assert empty(root, database) == []


def not_over(root: Path) -> None:
    with tracker.init(logdir=root, name="r", machine=False) as run:
        run.log({"x": 1.0})
    os.utime(logdirs.segment_files(root / "r")[0])


def failed(root: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), tracker.init(logdir=root, name="r", machine=False):
        raise ZeroDivisionError


def spoken_of(root: Path) -> None:
    page_file.set_property(log(root, "r"), "note", "mine")


@pytest.mark.parametrize("make", [not_over, failed, spoken_of])
def test_what_may_still_be_wanted_stays(root: Path, database: Database, make: Callable[[Path], None]) -> None:
    """A run that ended just now, one that did not finish, and one of which something was said here."""
    make(root)
    if make is not not_over:
        aged(root)
    Shipper(root, database).run(once=True)
    assert empty(root, database) == []
    assert left(root) == ["r"]


def lost_rows(store: PgStore) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE state SET written = written - 1")


def lost_segment(store: PgStore) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM segment")


def lost_file(store: PgStore) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM files WHERE name LIKE 'recordings/%%'")


@pytest.mark.parametrize("lose", [lost_rows, lost_segment, lost_file, lambda store: store.discard("r")])
def test_what_the_database_has_not_stays(
    root: Path, database: Database, lose: Callable[[PgStore], None], tmp_path: Path
) -> None:
    """As after a back-up of it was restored, whatever was acknowledged once; or when it was deleted there."""
    log_all(root, "r", points=5)
    Shipper(aged(root), database).run(once=True)
    lose(opened(database._url))
    before = run_of(root / "r")
    assert empty(root, database) == []
    assert run_of(root / "r") == before


def test_what_the_database_does_not_have_to_the_end_stays(
    root: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are there, and single points of them may be lacking."""
    log(root, "a")
    Shipper(aged(root), database).run(once=True)
    arrived = database.arrived
    monkeypatch.setattr(database, "arrived", lambda *words: replace(arrived(*words), is_whole=False))
    assert empty(root, database) == []
    monkeypatch.undo()
    assert empty(root, database) == ["a"]


def test_a_database_that_does_not_answer_is_asked_once(
    root: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ab":
        log(root, name)
    Shipper(aged(root), database).run(once=True)
    asked = []

    def gone(*words: Any) -> Any:
        asked.append(words)
        raise UnreachableError("gone")

    monkeypatch.setattr(database, "arrived", gone)
    assert empty(root, database) == []
    assert len(asked) == 1
    monkeypatch.undo()
    assert empty(root, database) == ["a", "b"]


def test_one_run_that_cannot_be_read_keeps_no_other(
    root: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ab":
        log(root, name)
    Shipper(aged(root), database).run(once=True)
    is_over = emptying.is_over

    def odd(folder: Path, now: float) -> bool:
        if folder.name == "a":
            raise StoreError(folder, "odd")
        return is_over(folder, now)

    monkeypatch.setattr(emptying, "is_over", odd)
    assert empty(root, database) == ["b"]


def test_an_emptying_that_is_stopped_goes_on(root: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each file: what is left is a run that can be read, or nothing."""
    log_all(root, "r", points=5)
    with tracker.init(logdir=root, name="r", resume="must", machine=False) as run:
        run.log({"x": 1.0})
    Shipper(aged(root), database).run(once=True)
    unlink, most = Path.unlink, [1]

    class StoppedError(BaseException):
        pass

    def stop(path: Path, missing_ok: bool = False) -> None:
        if path.exists():
            most[0] -= 1
            if most[0] < 0:
                raise StoppedError
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", stop)
    stops = 0
    while left(root):
        most[0] = 1
        with contextlib.suppress(StoppedError):
            empty(root, database)
            continue
        stops += 1
        assert all(run.status == "finished" for run in tracker.open(root).runs())
    assert stops > 2
    assert not [*root.iterdir()]


def test_the_sender_of_a_training_does_so(
    new_database: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its own spool; in a folder that somebody chose, which may be for others too, nothing is removed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    brief_senders.begin(tmp_path / "hook", monkeypatch, idle_s=0.2, wait_s=10.0)
    monkeypatch.syspath_prepend(tmp_path / "hook")
    address = new_database("trained")
    for chosen in (None, tmp_path / "chosen"):
        if chosen is not None:
            monkeypatch.setenv("VIZ_SPOOL", str(chosen))
        place = spool.folder_of(address)
        log(place, f"old/{chosen is None}")
        with contextlib.closing(Database(address)) as database:
            Shipper(place, database).run(once=True)
            shown = database.address
        aged(place)
        with tracker.init(logdir=address, name=f"new/{chosen is None}", machine=False) as run:
            run.log({"x": 1.0})
        said = lock.place_of(place, shown).with_suffix(".log")
        until(lambda said=said: "ended" in said.read_text(), "the sender does not end")
        assert left(place) == (["new/True"] if chosen is None else ["new/False", "old/False"])
    assert sorted(opened(address).runs()) == ["new/False", "new/True", "old/False", "old/True"]
