"""Journals that name files of the user's: SQLite would unlink those, by whatever way it comes near."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import viz
from harmed import JOURNALS, change, journal_naming, log, short_journal_naming

import tracker
from tracker import logdir as logdirs


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


def test_a_note_on_a_prepared_page_file_deletes_nothing(victim: Path, tmp_path: Path) -> None:
    """The page's own file is opened for writing: what lies beside it is looked at before."""
    from dashboard.live import user_edits

    path = log(tmp_path / "runs", "a")
    user_edits.write(path.parent, "note", "first")
    page = path.parent / logdirs.PAGE_FILE
    Path(f"{page}-journal").write_bytes(journal_naming(page, victim))
    assert user_edits.said(path.parent).properties == {}
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
    assert user_edits.said(folder).properties == {"note": "second"}
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
        "from tracker.store.write import page_file as kept; kept.BUSY_S = 60.0  # of a disk that is busy too\n"
        "for i in range(15): page_file.write(Path(sys.argv[1]), f'{sys.argv[2]}{i}', i)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, tmp_path, name]) for name in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    from dashboard.live import user_edits

    assert len(user_edits.said(tmp_path).properties) == 45
    assert os.listdir(tmp_path) == [logdirs.PAGE_FILE]
