"""A segment that is damaged where it is sent to costs itself, and no other that the same machine sends."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from replicas import stores_differ
from served import Served

import tracker
from dashboard.cli import main as viz
from tracker.ship.shipper import Progress


def sql(statement: str) -> Callable[[Path], object]:
    def act(path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(statement)

    return act


def zeroed(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:2_000] + bytes(12_000) + data[14_000:])


def wal_folder(path: Path) -> None:
    Path(f"{path}-wal").unlink(missing_ok=True)
    Path(f"{path}-wal").mkdir()


HARMS: dict[str, Callable[[Path], object]] = {
    "zeroed in its middle": zeroed,
    "cut": lambda path: os.truncate(path, 9_000),
    "no database": lambda path: path.write_bytes(b"x" * 9_000),
    "without its state": sql("DROP TABLE state"),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a FIFO": lambda path: (path.unlink(), os.mkfifo(path)),
    "a file in the place of its run": lambda path: (shutil.rmtree(path.parent), path.parent.write_bytes(b"x")),
    "a folder as its WAL file": wal_folder,
}


def log(logdir: Path, name: str, first: int = 0, count: int = 3_000) -> None:
    with tracker.init(logdir=logdir, name=name, machine=False, resume="allow") as run:
        for step in range(first, first + count):
            run.log({"x": step * 0.5}, step=step)


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize("harm", HARMS)
def test_the_others_arrive_and_it_is_named(logdir: Path, there: Path, receive: Callable[..., Served], ship: Callable[..., Progress], harm: str, is_restarted: bool) -> None:  # fmt: skip
    """Also where the server holds it, and where the machine that sends has more of it."""
    log(logdir, "a")
    served = receive()
    ship(served)
    if is_restarted:
        served.stop()
    (path,) = (there / "a").glob("events.*.sqlite")
    HARMS[harm](path)
    if is_restarted:
        served = receive()
    log(logdir, "b")
    found = ship(served)
    assert tracker.open(there).run("b").scalars("x").step.tolist() == list(range(3_000))
    if found.refused:
        (why,) = found.refused.values()
        assert "doctor --repair" in why or "is a file" in why
    else:  # something else lies in its place, and it was sent anew beside that
        assert sorted(len(run.scalars("x")) for run in tracker.open(there).runs()) == [3_000, 3_000]


def test_once_it_is_repaired_all_of_it_comes_again(logdir: Path, there: Path, receive: Callable[..., Served], ship: Callable[..., Progress]) -> None:  # fmt: skip
    log(logdir, "a")
    served = receive()
    ship(served)
    (path,) = (there / "a").glob("events.*.sqlite")
    zeroed(path)
    log(logdir, "b")
    assert ship(served).refused
    assert viz(["doctor", "--logdir", str(there), "--repair"]) == 0
    assert not ship(served).refused
    assert stores_differ(logdir, there) == []
