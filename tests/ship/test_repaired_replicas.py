"""`viz doctor --repair` of files that came from other machines: what can be read is there, and all of it can come again."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from asked_server import TOKEN
from replicas import stores_differ
from served import Served
from steering import until

import tracker
from dashboard.cli import main as viz
from tracker import doctor
from tracker.ship.server import Server
from tracker.ship.shipper import Progress, Shipper


def log(run: tracker.Run, first: int, count: int) -> None:
    """So many points and a text."""
    for step in range(first, first + count):
        run.log({"x": step * 0.1}, step=step)
    run.log({"t": tracker.Text(f"at {first}")}, step=first)
    assert run.flush()


def damage(root: Path) -> Path:
    """Changes a stretch of points of the run behind its back; its file."""
    (path,) = (root / "a").glob("events.*.sqlite")
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as connection:
        changed = connection.execute(
            "UPDATE scalars SET points=zeroblob(length(points)) WHERE level=0 AND n=0 AND last_step IS NOT NULL"
        )
        assert changed.rowcount > 0
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name='chunks'").fetchone():
            connection.execute("UPDATE chunks SET points=zeroblob(length(points)) WHERE n=0")
        connection.commit()
    return path


def test_what_was_saved_gives_way_to_what_is_sent_again(logdir: Path, there: Path, receive: Callable[..., Served], ship: Callable[..., Progress], capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """The server goes on meanwhile, and so may a machine that sent it; the damaged file is kept."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        log(run, 0, 12_000)
    served = receive()
    ship(served)
    path = damage(there)
    assert viz(["doctor", "--logdir", str(there)]) == 1
    assert "which can send it again once this is repaired" in capsys.readouterr().out
    assert viz(["doctor", "--logdir", str(there), "--repair"]) == 0
    assert "takes the place of what was saved" in capsys.readouterr().out
    (saved,) = tracker.open(there).runs()
    assert 0 < len(saved.scalars("x")) < 12_000
    assert [each.name for each in (there / "a").glob("*.damaged")] == [f"{path.name}.damaged"]
    assert viz(["doctor", "--logdir", str(there)]) == 0
    assert "what was saved of a damaged file" in capsys.readouterr().out
    found = ship(served)
    assert (found.trouble, found.refused, found.done) == (None, {}, 1)
    assert stores_differ(logdir, there) == []
    assert not any("saved" in each.what for each in doctor.examine(there).findings)


def test_a_copy_in_a_folder_is_made_whole_again_too(logdir: Path, tmp_path: Path) -> None:
    """By `viz copy`, which takes what was saved for nothing."""
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        log(run, 0, 3_000)
    words = ["copy", "a", "--logdir", str(logdir), "--to", str(tmp_path / "to")]
    assert viz(words) == 0
    damage(tmp_path / "to")
    assert viz(["doctor", "--logdir", str(tmp_path / "to"), "--repair"]) == 0
    assert stores_differ(logdir, tmp_path / "to")
    assert viz(words) == 0
    assert stores_differ(logdir, tmp_path / "to") == []


def test_a_file_that_is_arriving_may_be_repaired(logdir: Path, there: Path, receive: Callable[..., Served]) -> None:
    """While the server holds it open and its run goes on elsewhere: the cursor says then that all is to come."""
    with (
        contextlib.closing(Server(receive().base, TOKEN)) as server,
        tracker.init(logdir=logdir, name="a", machine=False) as run,
    ):
        sender = Shipper(logdir, server)
        thread = threading.Thread(target=sender.run)
        thread.start()
        try:
            for turn in range(3):
                log(run, turn * 3_000, 3_000)
                until(lambda: not stores_differ(logdir, there), "it does not arrive")
                damage(there)
                report = doctor.examine(there, repair=True)
                assert [bool(each.done) for each in report.findings if each.serious] == [True]
            log(run, 9_000, 100)
            run.finish()
            until(lambda: sender.progress().done == 1, "it does not go on")
        finally:
            print("PROGRESS", sender.progress())
            sender.stopped.set()
            thread.join()
        assert sender.progress().refused == {}
    assert stores_differ(logdir, there) == []
