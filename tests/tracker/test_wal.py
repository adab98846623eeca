"""How far commits go, told from the WAL file: neither missed nor told before their time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracker.store.read import wal


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database in WAL mode, `a.sqlite`, with a table."""
    connection = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (x)")
    yield connection
    connection.close()


def test_each_commit_moves_the_position(tmp_path: Path, database: sqlite3.Connection) -> None:
    """And nothing else does, whether the file is gone through from its beginning or from where it was left."""
    file = tmp_path / "a.sqlite"
    known = wal.position(file)
    assert known is not None
    for number in range(50):
        database.execute("INSERT INTO t VALUES (?)", (number,))
        found = wal.position(file, known)
        assert found is not None
        assert found.frames > known.frames
        assert found == wal.position(file, found) == wal.position(file)
        database.execute("SELECT count(*) FROM t").fetchone()
        assert wal.position(file, found) == found
        known = found


def test_a_transaction_on_its_way_is_told_as_such(tmp_path: Path, database: sqlite3.Connection) -> None:
    """What has left the writer's memory before its commit is no commit; rolled back, it never was one."""
    file = tmp_path / "a.sqlite"
    before = wal.position(file)
    assert before is not None
    database.execute("PRAGMA cache_size=1")
    for end in ("ROLLBACK", "COMMIT"):
        database.execute("BEGIN")
        database.executemany("INSERT INTO t VALUES (?)", [("x" * 3000,)] * 50)
        during = wal.position(file, before)
        assert during is not None
        assert during.is_unfinished
        assert during.frames == before.frames
        database.execute(end)
    after = wal.position(file, before)
    assert after is not None
    assert not after.is_unfinished
    assert after.frames > before.frames


def test_a_file_begun_again_is_another_one(tmp_path: Path, database: sqlite3.Connection) -> None:
    """After a checkpoint SQLite writes over the frames from the first on, which a count alone would not notice."""
    file = tmp_path / "a.sqlite"
    for number in range(5):
        database.execute("INSERT INTO t VALUES (?)", (number,))
    before = wal.position(file)
    assert before is not None
    database.execute("PRAGMA wal_checkpoint(RESTART)")
    database.execute("INSERT INTO t VALUES (5)")
    after = wal.position(file, before)
    assert after is not None
    assert after.salts != before.salts
    assert after.frames < before.frames  # the older frames behind it are not taken for new ones


def test_without_a_wal_there_is_no_position(tmp_path: Path, database: sqlite3.Connection) -> None:
    """Before the first write, after the last connection, and of a file that is something else."""
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert wal.position(tmp_path / "a.sqlite") is None
    database.close()
    assert wal.position(tmp_path / "a.sqlite") is None
    (tmp_path / "b.sqlite-wal").write_bytes(b"something else, and long enough to be read as a header")
    assert wal.position(tmp_path / "b.sqlite") is None
