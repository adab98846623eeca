"""Makes files that are damaged, or made to do harm."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from forged import reseal

import tracker
from tracker import logdir as logdirs
from tracker.store.read import read_only

MAGIC = bytes.fromhex("d9d505f920a163d7")


def log(root: Path, name: str, points: int = 100, **more: Any) -> Path:
    """A finished run; its file."""
    with tracker.init(logdir=root, name=name, machine=False, config={"lr": 0.1}) as run:
        for step in range(points):
            run.log({"loss": 1.0 / (step + 1), **more}, step=step)
    (found,) = logdirs.segment_files(root / name)
    return found


def change(path: Path, *statements: str) -> None:
    """Runs SQL on a segment."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    if all(statement.startswith("UPDATE ") for statement in statements):
        reseal(path)


def journal_naming(path: Path, victim: Path) -> bytes:
    """A rollback journal that is hot and names a super-journal: SQLite unlinks that once it has played it back."""
    data = path.read_bytes()
    size = int.from_bytes(data[16:18], "big")
    page = data[:size]
    nonce = 1
    checksum = (nonce + sum(page[at] for at in range(size - 200, 0, -200))) & 0xFFFFFFFF
    header = MAGIC + struct.pack(">IIIII", 1, nonce, len(data) // size, 512, size)
    record = struct.pack(">I", 1) + page + struct.pack(">I", checksum)
    name = os.fsencode(victim)
    lock_page = 0x40000000 // size + 1
    end = struct.pack(">I", lock_page) + name + struct.pack(">II", len(name), sum(name)) + MAGIC
    return header.ljust(512, b"\0") + record + end


def short_journal_naming(_: Path, victim: Path) -> bytes:
    """One without a page, shorter than a journal's header: SQLite has nothing to play back, and unlinks all the same."""
    name = os.fsencode(victim)
    return struct.pack(">I", 0x40000001) + name + struct.pack(">II", len(name), sum(name)) + MAGIC


def header_journal_naming(path: Path, victim: Path) -> bytes:
    """One that is just as long as a header."""
    end = short_journal_naming(path, victim)
    return MAGIC.ljust(512 - len(end), b"\0") + end


JOURNALS = [journal_naming, short_journal_naming, header_journal_naming]


def view(table: str, columns: str) -> list[str]:
    """In place of a table a view that never ends."""
    return [
        f"ALTER TABLE {table} RENAME TO old_{table}",
        f"CREATE VIEW {table} AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT {columns} FROM c",
    ]


def sparse(path: Path) -> None:
    """A WAL file of 20 GB that takes no room and has pages of no size."""
    with open(f"{path}-wal", "wb") as file:
        file.write(struct.pack(">IIII8sII", 0x377F0682, 3007000, 0, 0, bytes(8), 0, 0))
        file.truncate(20 << 30)


def forge_schema(path: Path, words: str) -> None:
    """A schema that says one thing of a table and another in its words."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_master SET sql=? WHERE name='series'", (words,))
        connection.commit()


SEGMENT_COLUMNS = (
    "x AS id, x AS run, x AS parent, x AS fork_step, x AS reason, x AS rank, x AS created, x AS host, x AS machine, x AS pid, "
    "x AS pid_started, x AS library, x AS run_group, x AS run_tags, x AS notes, x AS config, x AS environment"
)

HARM: dict[str, Callable[[Path], None]] = {
    "config is cut": lambda path: change(path, "UPDATE segment SET config='{'"),
    "config is deep": lambda path: change(path, f"UPDATE segment SET config='{'[' * 100_000}'"),
    "config is 900 levels": lambda path: change(
        path, "UPDATE segment SET config='" + '{"a":' * 900 + "1" + "}" * 900 + "'"
    ),
    "config is a list": lambda path: change(path, "UPDATE segment SET config='[]'"),
    "config is a blob": lambda path: change(path, "UPDATE segment SET config=x'ff'"),
    "environment is a word": lambda path: change(path, "UPDATE segment SET environment='x'"),
    "tags are a number": lambda path: change(path, "UPDATE segment SET run_tags='5'"),
    "pid is a blob": lambda path: change(path, "UPDATE segment SET pid=x'00'"),
    "pid is huge": lambda path: change(
        path, "UPDATE segment SET pid=9223372036854775807", "UPDATE state SET status='running'"
    ),
    "created is a word": lambda path: change(path, "UPDATE segment SET created='now'"),
    "lost is a list": lambda path: change(path, "UPDATE state SET lost='[]'"),
    "heartbeat is endless": lambda path: change(path, "UPDATE state SET heartbeat=9e999"),
    "count overflows": lambda path: change(path, "UPDATE scalars SET count=9223372036854775807"),
    "n overflows": lambda path: change(path, "UPDATE scalars SET n=9223372036854775807-rowid"),
    "a value is a word": lambda path: change(path, "UPDATE scalars SET value='x', last_value='y'"),
    "a step is a blob": lambda path: change(path, "UPDATE scalars SET step=x'0000000000000000', last_step=x'00'"),
    "a tag is a blob": lambda path: change(path, "UPDATE OR IGNORE series SET tag=x'ff'"),
    "a tag is no UTF-8": lambda path: change(path, "UPDATE OR IGNORE series SET tag=CAST(x'ff' AS TEXT)"),
    "a kind is a number": lambda path: change(path, "UPDATE OR IGNORE series SET kind=5"),
    "a level without end": lambda path: change(path, "UPDATE scalars SET level=9999999"),
    "no segment": lambda path: change(path, "DELETE FROM segment"),
    "no table": lambda path: change(path, "DROP TABLE scalars"),
    "no column": lambda path: change(path, "ALTER TABLE state DROP COLUMN lost"),
    "endless segment": lambda path: change(path, *view("segment", SEGMENT_COLUMNS)),
    "endless series": lambda path: change(path, *view("series", "x AS id, 'scalar' AS kind, 'loss' AS tag, NULL AS attributes")),
    "endless state": lambda path: change(
        path, *view("state", "x AS written, x AS heartbeat, 'running' AS status, NULL AS ended, NULL AS ending, '{}' AS lost")
    ),
    "a config of 900 MB": lambda path: change(
        path,
        "ALTER TABLE segment RENAME TO old",
        f"CREATE VIEW segment AS SELECT {', '.join(c if c != 'config' else 'CAST(zeroblob(900000000) AS TEXT) AS config' for c in read_only.columns.SEGMENT)} FROM old",
    ),
    "a computed column": lambda path: change(
        path, "ALTER TABLE state RENAME TO old", "CREATE TABLE state (written INT, heartbeat REAL, status TEXT, ended REAL, ending TEXT, "
        "lost TEXT AS (hex(zeroblob(100000000 * (written > 0)))))", "INSERT INTO state SELECT -1, heartbeat, status, ended, ending FROM old", "PRAGMA writable_schema=ON",
    ),
    "a trigger": lambda path: change(path, "CREATE TRIGGER t AFTER UPDATE ON state BEGIN DELETE FROM scalars; END"),
    "a virtual table": lambda path: change(path, "CREATE VIRTUAL TABLE other USING fts5(x)"),
    "a forged view": lambda path: forge_schema(path, "CREATE VIEW series AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x AS id, x AS kind, x AS tag FROM c"),
    "a schema that is no text": lambda path: path.write_bytes(
        path.read_bytes().replace(b"CREATE TABLE state", b"CREATE TABL\xce state", 1)
    ),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "cut within a page": lambda path: os.truncate(path, 4096 * 3 + 100),
    "random": lambda path: path.write_bytes(os.urandom(20_000)),
    "zeros in the middle": lambda path: path.write_bytes(
        path.read_bytes()[:8192] + bytes(16384) + path.read_bytes()[8192 + 16384 :]
    ),
    "another program's": lambda path: (path.unlink(), change(path, "CREATE TABLE t (x)"))[0],
    "journal is a FIFO": lambda path: os.mkfifo(f"{path}-journal"),
    "WAL is a FIFO": lambda path: (change(path, "UPDATE state SET status='running'"), os.mkfifo(f"{path}-wal"))[0],
    "WAL is a link": lambda path: os.symlink("/etc/hostname", f"{path}-wal"),
    "WAL is a folder": lambda path: os.mkdir(f"{path}-wal"),
    "WAL is sparse": sparse,
    "file is a link": lambda path: (path.rename(path.with_name("other")), path.symlink_to(path.with_name("other")))[0],
    "file is a FIFO": lambda path: (path.unlink(), os.mkfifo(path))[0],
    "file is a folder": lambda path: (path.unlink(), path.mkdir())[0],
    "not readable": lambda path: path.chmod(0),
}  # fmt: skip

READ_AS_ANY = {
    "no segment", "WAL is sparse", "file is a FIFO", "file is a folder", "zeros in the middle", "n overflows", "count overflows",
    "a kind is a number", "a level without end",
}  # fmt: skip
"""Such may be read as far as the list of runs goes, or be no run at all, without harm."""
