"""Files that were damaged, or made to do harm: each is named, the others are read, and nothing outside is touched.

A logdir is mailed, unpacked, shared: what lies in it comes from anybody.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from forged import reseal
from tree_hash import tree

import tracker
from tracker import logdir as logdirs
from tracker.errors import StoreError
from tracker.store.read import read_only, segments

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
    page = path.read_bytes()[:4096]
    nonce = 1
    checksum = (nonce + sum(page[at] for at in range(4096 - 200, 0, -200))) & 0xFFFFFFFF
    header = MAGIC + struct.pack(">IIIII", 1, nonce, path.stat().st_size // 4096, 512, 4096)
    record = struct.pack(">I", 1) + page + struct.pack(">I", checksum)
    name = os.fsencode(victim)
    lock_page = 0x40000000 // 4096 + 1
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


@pytest.mark.parametrize("harm", HARM)
def test_a_file_is_its_own_problem(harm: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Reading it ends, at once and with the store's own error; or it gives what is there."""
    path = log(tmp_path / "runs", "bad")
    HARM[harm](path)
    began = time.monotonic()
    run = tracker.open(tmp_path / "runs").run("bad") if logdirs.segment_files(path.parent) else None
    for question in (
        lambda: segments.read(stack.enter_context(read_only.snapshot(path)), path),
        lambda: run and run.scalars("loss"),
        lambda: run and run.envelope("loss", 100),
        lambda: run and run.tags(),
        lambda: run and (run.status, run.config, run.problems()),
    ):
        with contextlib.suppress(StoreError, FileNotFoundError, LookupError), contextlib.ExitStack() as stack:
            question()
    assert time.monotonic() - began < 20, "a bound far from what it takes, against reading without end"


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A file of the user's outside the logdir, which is there afterwards."""
    made = tmp_path / "home" / "thesis.tex"
    made.parent.mkdir()
    made.write_text("years of work")
    yield made
    assert made.read_text() == "years of work"


def viz(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A command, ended."""
    return subprocess.run(
        [sys.executable, "-m", "dashboard", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("naming", JOURNALS[1:])
def test_a_short_journal_deletes_nothing(naming: Callable[[Path, Path], bytes], victim: Path, tmp_path: Path) -> None:
    """Of a segment, and of the page's own file."""
    from dashboard.live import user_edits

    path = log(tmp_path / "runs", "bad")
    Path(f"{path}-journal").write_bytes(naming(path, victim))
    assert "names a file of its own to be deleted" in str(tracker.open(tmp_path / "runs").run("bad").problems()[0])
    user_edits.write(path.parent, "note", "first")
    Path(f"{path.parent / logdirs.PAGE_FILE}-journal").write_bytes(naming(path, victim))
    with pytest.raises(user_edits.PageChangeError, match="names a file"):
        user_edits.write(path.parent, "note", "second")


def test_a_journal_deletes_nothing(victim: Path, tmp_path: Path) -> None:
    """Its last record names a file that SQLite would unlink once it was played back; by whatever way it is read."""
    root = tmp_path / "runs"
    log(root, "good")
    path = log(root, "bad")
    journal = Path(f"{path}-journal")
    journal.write_bytes(journal_naming(path, victim))
    before = (path.read_bytes(), journal.read_bytes())
    run = tracker.open(root).run("bad")
    assert run.status == "unreadable"
    assert "names a file of its own to be deleted" in str(run.problems()[0])
    assert "good" in viz("runs", "--logdir", root).stdout
    viz("sql", "--logdir", root, "SELECT count(*) FROM scalars")
    assert viz("doctor", "--logdir", root).returncode == 1
    viz("export", "--logdir", root, "-o", tmp_path / "x.csv")
    with contextlib.suppress(tracker.errors.TrackerError):
        tracker.init(logdir=root, name="other", fork="bad").finish()
    tracker.init(logdir=root, name="bad", resume="allow").finish()
    path.parent.chmod(0o555)
    try:
        assert tracker.open(root).run("bad").problems()
    finally:
        path.parent.chmod(0o755)
    assert (path.read_bytes(), journal.read_bytes()) == before


@pytest.mark.parametrize("naming", JOURNALS)
def test_the_journal_would_delete(naming: Callable[[Path, Path], bytes], victim: Path, tmp_path: Path) -> None:
    """SQLite itself, let near it, does: else the test above would show nothing."""
    path = log(tmp_path / "runs", "bad")
    other = tmp_path / "home" / "other"
    other.write_text("x")
    Path(f"{path}-journal").write_bytes(naming(path, other))
    change(path, "SELECT count(*) FROM segment")
    assert not other.exists()


def computed(path: Path, spelling: str) -> None:
    """In place of what was lost a column that SQLite computes at each look."""
    others = ", ".join(name for name in read_only.columns.STATE if name != "lost")
    change(path, "ALTER TABLE state RENAME TO old", f"CREATE TABLE state ({others}, {spelling} ('{{\"x\":' || 1 || '}}'))",
           f"INSERT INTO state SELECT {others} FROM old", "DROP TABLE old")  # fmt: skip


@pytest.mark.parametrize(
    "spelling",
    [
        "lost TEXT AS",
        '"lost"AS',
        "[lost]aS",
        "lost\x0cAS\x0c",
        "lost\rAS\r",
        "lost TEXT(1)AS",
        "lost GENERATED ALWAYS AS",
    ],
)
def test_a_computed_column_is_not_computed(spelling: str, tmp_path: Path) -> None:
    """However SQLite lets it be written; what it computes could take hours within a single step."""
    path = log(tmp_path, "bad")
    computed(path, spelling)
    with pytest.raises(StoreError, match="something else than tables"):
        read_only.connect(path)


def test_a_schema_that_is_no_text_is_damage(tmp_path: Path) -> None:
    """One flipped byte of the first page, which SQLite cites in its error; the run beside it is told."""
    log(tmp_path, "good")
    HARM["a schema that is no text"](log(tmp_path, "bad"))
    assert [(run.name, run.status) for run in tracker.open(tmp_path).runs()] == [("bad", "unreadable"), ("good", "finished")]  # fmt: skip
    assert "cannot be read" in str(tracker.open(tmp_path).run("bad").problems()[0])
    mended = viz("doctor", "--repair", "--logdir", tmp_path)
    assert (mended.returncode, mended.stderr) == (1, "")
    assert "nothing could be saved" in mended.stdout


@pytest.mark.parametrize("index", ["state (lost || 'x')", "state (lost) WHERE lost LIKE '%x'"])
def test_an_index_is_of_columns(index: str, tmp_path: Path) -> None:
    """One of an expression is computed when the file is examined."""
    path = log(tmp_path, "bad")
    change(path, f"CREATE INDEX odd ON {index}")
    with pytest.raises(StoreError, match="something else than tables"):
        read_only.connect(path)


def test_more_series_than_any_run_are_damage(tmp_path: Path) -> None:
    """Two million of them took 125 MiB before they were refused, wherever they are read."""
    import tracemalloc

    from dashboard.live.catalog import Catalog

    log(tmp_path, "good")
    counting = "WITH RECURSIVE c(x) AS (SELECT 100 UNION ALL SELECT x+1 FROM c WHERE x < 300000)"
    change(
        log(tmp_path, "bad"),
        f"INSERT INTO series (id, kind, tag, checksum) {counting} SELECT x, 'scalar', 't' || x, 0 FROM c",
    )
    tracemalloc.start()
    try:
        library = Catalog(tmp_path)
        library.scan()
        with pytest.raises(StoreError, match="more series than any run"):
            tracker.open(tmp_path).run("bad").tags()
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert ["more series" in problem.why for problem in library.runs["bad"].problems.values()] == [True]
    assert not library.runs["good"].problems


def test_no_command_waits_for_what_is_no_file(tmp_path: Path) -> None:
    """A FIFO as a segment, or beside one that is to be mended or imported: SQLite would wait for its other end."""
    for harm in ("WAL is a FIFO", "file is a FIFO", "journal is a FIFO"):
        HARM[harm](log(tmp_path / "runs", harm))
    assert viz("doctor", "--repair", "--logdir", tmp_path / "runs").returncode in (0, 1)
    HARM["WAL is a FIFO"](log(tmp_path / "others", "bad"))
    (path,) = (tmp_path / "others" / "bad").glob("*.sqlite")
    told = viz("import", path, "--logdir", tmp_path / "imported")
    assert "no plain file" in told.stdout + told.stderr


def test_reading_an_empty_file_leaves_what_lies_beside_it(tmp_path: Path) -> None:
    """SQLite, let near a database of no pages, removes its WAL file even where it only reads."""
    path = log(tmp_path, "bad")
    path.write_bytes(b"")
    for ending in ("-wal", "-journal"):
        Path(f"{path}{ending}").write_bytes(b"x" * 600)
    before = tree(path.parent)
    with pytest.raises(StoreError, match="the file is empty"):
        read_only.connect(path)
    assert tree(path.parent) == before


@pytest.mark.skipif(sys.version_info < (3, 11), reason="SQLite's limits cannot be set before Python 3.11")
def test_a_text_that_is_too_large_is_not_taken_into_memory(tmp_path: Path) -> None:
    """Settings cost the run nothing else; any other one is damage."""
    path = log(tmp_path, "bad")
    change(path, "UPDATE segment SET config=CAST(zeroblob(5000000) AS TEXT)")
    run = tracker.open(tmp_path).run("bad")
    assert run.config == {"config": "too large to be read"}
    assert len(run.scalars("loss")) == 100
    change(path, "UPDATE segment SET notes=CAST(zeroblob(5000000) AS TEXT)")
    assert "its notes is larger" in str(run.problems()[0])


def test_a_note_on_a_prepared_page_file_deletes_nothing(victim: Path, tmp_path: Path) -> None:
    """The page's own file is opened for writing: what lies beside it is looked at before."""
    from dashboard.live import user_edits

    path = log(tmp_path / "runs", "a")
    user_edits.write(path.parent, "note", "first")
    page = path.parent / logdirs.PAGE_FILE
    Path(f"{page}-journal").write_bytes(journal_naming(page, victim))
    assert user_edits.read(path.parent) == {}
    with pytest.raises(user_edits.PageChangeError, match="names a file"):
        user_edits.write(path.parent, "note", "second")
    Path(f"{page}-journal").unlink()
    user_edits.write(path.parent, "note", "second")
    change(page, "CREATE TRIGGER t AFTER INSERT ON properties BEGIN DELETE FROM properties; END")
    with pytest.raises(user_edits.PageChangeError, match="something else than tables"):
        user_edits.write(path.parent, "note", "third")
    page.unlink()
    page.symlink_to(victim)
    with pytest.raises(user_edits.PageChangeError, match="no plain file"):
        user_edits.write(path.parent, "note", "fourth")


def planting(path: Path, victim: Path, asked: Callable[..., Any]) -> Callable[..., Any]:
    """A function, behind each call of which somebody has put such a journal beside a database."""

    def planted(*arguments: Any, **named: Any) -> Any:
        answer = asked(*arguments, **named)
        Path(f"{path}-journal").write_bytes(short_journal_naming(path, victim))
        return answer

    return planted


def test_a_journal_that_appears_behind_the_look_deletes_nothing(
    victim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's own file is changed in a copy that nobody else can reach."""
    from dashboard.live import user_edits

    folder = tmp_path / "runs" / "a"
    folder.mkdir(parents=True)
    user_edits.write(folder, "note", "first")
    page = folder / logdirs.PAGE_FILE
    monkeypatch.setattr(sqlite3, "connect", planting(page, victim, sqlite3.connect))
    user_edits.write(folder, "note", "second")
    monkeypatch.undo()
    assert victim.exists()
    Path(f"{page}-journal").unlink()
    assert user_edits.read(folder) == {"note": "second"}
    assert os.listdir(folder) == [logdirs.PAGE_FILE]


def test_a_journal_that_appears_while_the_doctor_mends_deletes_nothing(
    victim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a WAL lost whose folding in is stopped half way."""
    from tracker import doctor
    from tracker.store.read import journal

    path = log(tmp_path / "runs", "bad")
    wal = killed(path)
    monkeypatch.setattr(sqlite3, "connect", planting(path, victim, sqlite3.connect))
    assert "noted that it crashed" in doctor._close(path, "crashed", 1.0)
    monkeypatch.undo()
    assert victim.exists()
    Path(f"{path}-journal").unlink()
    assert os.listdir(path.parent) == [path.name]
    assert (len(tracker.open(tmp_path / "runs").run("bad").scalars("more")), wal) == (1, True)

    killed(path)
    put, calls = journal._put, []

    def stopped(ready: Path, target: Path) -> None:
        put(ready, target)
        calls.append(target)
        raise OSError("stopped")

    monkeypatch.setattr(journal, "_put", stopped)
    doctor._close(path, "crashed", 1.0)
    monkeypatch.undo()
    assert calls == [path]
    assert Path(f"{path}-wal").exists()
    assert "folded its WAL in" in doctor._close(path, None, None)
    assert len(tracker.open(tmp_path / "runs").run("bad").scalars("more")) == 2


def killed(path: Path) -> bool:
    """Adds a point as a writer that is killed then: it is in the WAL alone; whether it is."""
    script = (
        "import numpy as np, os, sqlite3, sys; from tracker.series.checksums import of_heads, with_checksum;"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('PRAGMA journal_mode=WAL');"
        "c.execute('PRAGMA wal_autocheckpoint=0'); c.execute('BEGIN');"
        "said = with_checksum((99, 'scalar', 'more', None));"
        "c.execute('INSERT OR IGNORE INTO series (id, kind, tag, attributes, checksum) VALUES (?, ?, ?, ?, ?)', said);"
        "n = c.execute('SELECT count(*) FROM scalars WHERE series=99').fetchone()[0];"
        "one, at = np.array([1.0]), np.array([1]); (head,) = of_heads(99, 0, n, 1, at, one, one, at, one);"
        "c.execute('INSERT INTO scalars (id, series, level, n, count, step, wall_time, value, checksum)"
        " VALUES (?, 99, 0, ?, 1, 1, 1.0, 1.0, ?)', (9000 + n, n, head));"
        "c.execute('COMMIT'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, path], check=True)
    return Path(f"{path}-wal").stat().st_size > 0


def test_two_that_change_the_page_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each change replaces the file, behind a lock."""
    script = (
        "import sys; from pathlib import Path; from dashboard.live import user_edits as page_file\n"
        "for i in range(15): page_file.write(Path(sys.argv[1]), f'{sys.argv[2]}{i}', i)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, tmp_path, name]) for name in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    from dashboard.live import user_edits

    assert len(user_edits.read(tmp_path)) == 45
    assert os.listdir(tmp_path) == [logdirs.PAGE_FILE]


# --- the server -----------------------------------------------------------------------------------------------


def _without_privilege() -> None:
    """Root, who reads what nobody may, is as anybody from the next program on (Linux)."""
    if os.getuid() == 0:
        import ctypes

        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@contextlib.contextmanager
def serving(root: Path, *arguments: str) -> Iterator[str]:
    """A server of a logdir, as a user who may not read everything where that can be; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "serve", "--logdir", root, "--no-token", "--port", "0", *arguments],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "XDG_CACHE_HOME": str(root.parent / "cache")},
        preexec_fn=_without_privilege,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield next(word for line in process.stdout for word in line.split() if word.startswith("http")).rstrip("/")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, "SIGTERM ends it"
    finally:
        process.kill()
        process.communicate()


def ask(address: str) -> Any:
    """A JSON answer."""
    with urllib.request.urlopen(address, timeout=30) as answer:
        return json.load(answer)


def test_one_server_over_all_of_them(tmp_path: Path, victim: Path) -> None:
    """The good run is listed, drawn and followed live; each bad one is named; the server ends when it is asked to."""
    root = tmp_path / "runs"
    good = log(root, "good")
    for number, (harm, do) in enumerate(HARM.items()):
        do(log(root, f"bad {number:02d} {harm.replace('/', '_')}"))
    Path(f"{log(root, 'journal')}-journal").write_bytes(journal_naming(good, victim))
    outside = tree(victim.parent)
    with serving(root) as address:
        runs = {run["name"]: run for run in ask(f"{address}/api/v1/runs")["runs"]}
        assert runs["good"]["status"] == "finished"
        assert runs["good"]["scalars"]["loss"]["value"] == 0.01
        silent = [
            name for name, run in runs.items() if name != "good" and not run["problems"] and name[7:] not in READ_AS_ANY
        ]
        assert not silent
        curve = ask(f"{address}/api/v1/scalars?run=good&tag=loss&columns=1000")
        assert curve["points"] == 100, curve.keys()
        assert ask(f"{address}/api/v1/table")["runs"]["good"]["loss"][0] == 0.01
        assert ask(f"{address}/healthz") == {"status": "ok"}
        shutil.copytree(root / "good", root / "later")
        deadline = time.monotonic() + 30
        while "later" not in {run["name"] for run in ask(f"{address}/api/v1/runs")["runs"]}:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert tree(victim.parent) == outside
