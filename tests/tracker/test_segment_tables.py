"""The tables of a segment: written from a copy, they are those that SQLite makes from the statements."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.store import file_system
from tracker.store.read.liveness import this_process
from tracker.store.write import connection
from tracker.store.write.appender import Appender, Birth


def made(logdir: Path, name: str) -> tuple[list[Any], list[Any]]:
    """What stands in the file of a run: its schema, and settings of the file."""
    with tracker.init(logdir=logdir, name=name, machine=False) as run:
        run.log({"x": 1.0}, step=0)
    (path,) = (logdir / name).glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(path)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        names = ("application_id", "user_version", "page_size", "auto_vacuum", "encoding", "journal_mode")
        settings = [opened.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
        return opened.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall(), settings


@pytest.mark.parametrize("kind", ["ext4", "nfs4"])
def test_tables_are_those_of_the_statements(logdir: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """In WAL mode, and where machines share the disk."""
    monkeypatch.setattr(file_system, "kind_of", lambda _: kind)
    copied = made(logdir, "copied")
    monkeypatch.setattr(connection, "_blank", lambda: None)  # as of a Python that cannot give the bytes of a database
    assert made(logdir, "stated") == copied
    assert tracker.open(logdir).run("copied").scalars("x").value.tolist() == [1.0]


def test_a_file_may_be_read_by_whom_sqlite_lets(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights are those of a file that SQLite makes."""
    made(logdir, "copied")
    monkeypatch.setattr(connection, "_blank", lambda: None)
    made(logdir, "stated")
    one, other = (next((logdir / name).glob("*.sqlite")) for name in ("copied", "stated"))
    assert stat.S_IMODE(one.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


@pytest.mark.parametrize("kind", ["ext4", "nfs4"])
@pytest.mark.parametrize("is_read", [False, True], ids=["alone", "read"])
def test_what_the_end_stores_is_synced_once(
    logdir: Path, monkeypatch: pytest.MonkeyPatch, kind: str, is_read: bool
) -> None:
    """As it is folded in; where a reader hinders that, the WAL itself is. Without a WAL the last commit does it."""
    monkeypatch.setattr(file_system, "kind_of", lambda _: kind)
    asked: list[bool] = []
    transaction = Appender.transaction
    monkeypatch.setattr(Appender, "transaction", lambda self, durable: (asked.append(durable), transaction(self, durable=durable))[1])  # fmt: skip
    run = tracker.init(logdir=logdir, name="a", machine=False)
    assert asked == [], "a file that was just made says already what the first commit would"
    run.log({"x": 1.0}, step=0)
    (path,) = (logdir / "a").glob("*.sqlite")
    wal = path.with_name(f"{path.name}-wal")
    synced: list[int] = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (synced.append(os.fstat(file).st_ino), fsync(file)))
    expected = [wal.stat().st_ino] if is_read and kind == "ext4" else []
    with contextlib.closing(sqlite3.connect(path)) as reader:
        if is_read and kind == "ext4":  # beside a rollback journal nobody writes while it is read
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM state").fetchall()
        run.finish()
    assert asked[-1] is (kind == "nfs4")
    assert not any(asked[:-1])
    assert synced == expected
    assert is_read or [*(logdir / "a").iterdir()] == [path], "a journal was left behind"
    stored = tracker.open(logdir).run("a")
    assert (stored.status, stored.scalars("x").value.tolist()) == ("finished", [1.0])


def test_runs_that_begin_in_one_process_share_nothing(logdir: Path) -> None:
    """The tables are made once; what a run says of itself, or failed to, is not in the next one's file."""

    def fail(driver: sqlite3.Connection) -> None:
        driver.execute("INSERT INTO blobs VALUES ('a', 'b')")
        raise OSError("nothing is made")

    made(logdir, "a")
    made(logdir, "b")
    with pytest.raises(OSError, match="nothing is made"):
        connection.create(logdir / "d", fail)
    made(logdir, "c")
    for name in ("a", "b", "c"):
        (path,) = (logdir / name).glob("*.sqlite")
        with contextlib.closing(sqlite3.connect(path)) as opened:
            assert opened.execute("SELECT run FROM segment").fetchall() == [(name,)]
            assert opened.execute("SELECT count(*) FROM state").fetchone() == (1,)
            assert opened.execute("SELECT count(*) FROM blobs").fetchone() == (0,)
    assert sorted(path.name for path in logdir.iterdir()) == ["a", "b", "c"]


@pytest.mark.parametrize("is_durable", [False, True], ids=["stored", "durable"])
def test_the_first_commit_waits_for_no_disk_unless_it_is_to_be_durable(logdir: Path, is_durable: bool) -> None:
    """No frame lies behind a head of a WAL that is new. From the second one on SQLite syncs it, and folds it in."""
    appender = born(logdir)

    def synced() -> tuple[int, int]:
        names = ("synchronous", "wal_autocheckpoint")
        first, second = (appender._driver.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
        return first, second

    assert synced() == (0, 0)
    with appender.transaction(durable=is_durable) as transaction:
        assert synced() == (2 if is_durable else 0, 0)
        transaction.set_state(heartbeat=2.0)
    assert synced() == (1, connection.FOLD_PAGES)
    with appender.transaction(durable=is_durable) as transaction:
        assert synced() == (2 if is_durable else 1, connection.FOLD_PAGES)
        transaction.set_state(heartbeat=3.0)
    appender.fold_away()
    appender.close()


def test_where_machines_share_the_disk_each_commit_is_synced(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollback journal that is not on the disk protects nothing."""
    monkeypatch.setattr(file_system, "kind_of", lambda _: "nfs4")
    appender = born(logdir)
    assert appender._driver.execute("PRAGMA synchronous").fetchone() == (1,)
    appender.close()


def born(logdir: Path) -> Appender:
    """A file of a run, just made."""
    birth = Birth(
        segment="20260101T000000-00000000", run="a", parent=None, fork_step=None, reason="start", rank=None,
        created=1.0, writer=this_process(), library="", group=None, tags=(), notes="", config={}, environment={},
    )  # fmt: skip
    return Appender(logdir / "events.20260101T000000-00000000.sqlite", birth)
