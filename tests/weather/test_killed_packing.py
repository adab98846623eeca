"""`finish()` and `viz pack` that are killed while they put points into chunks: no point is lost, none is another."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import preload
import pytest

import tracker
from dashboard import cli
from tracker.doctor import examine
from tracker.store.read import read_only

pytestmark = pytest.mark.weather

COUNT = 9_000


def write(root: str, name: str, begun: Any) -> None:
    """Logs a run, and ends it once it was told to be durable."""
    run = tracker.init(logdir=root, name=name, machine=False)
    for step in range(COUNT):
        run.log({tag: step / divisor for tag, divisor in (("x", 7), ("y", 11), ("z", 13))}, step=step)
    run.flush()
    begun.set()
    run.finish()
    os._exit(0)


def pack(root: str, name: str, begun: Any) -> None:
    """Packs a run."""
    begun.set()
    os._exit(cli.main(["pack", name, "--logdir", root]))


def killed(what: Any, *given: str, after_s: float) -> bool:
    """Begins it in a process and kills that; whether it was killed before its end."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*preload.WRITER, "pcodec", "tracker.pruning.packed_run"])
    begun = context.Event()
    child = context.Process(target=what, args=(*given, begun))
    child.start()
    assert begun.wait(60)
    time.sleep(after_s)
    child.kill()
    child.join()
    return child.exitcode == -signal.SIGKILL


def check(root: Path, name: str) -> bool:
    """That every point of a run is there, as it was logged; whether some lie in chunks."""
    run = tracker.open(root).run(name)
    for tag, divisor in (("x", 7), ("y", 11), ("z", 13)):
        points = run.scalars(tag)
        assert points.step.tolist() == list(range(COUNT))
        assert np.array_equal(points.value, np.arange(COUNT) / divisor)
    (path,) = run.folder.glob("*.sqlite")
    with read_only.snapshot(path) as connection:
        return connection.has_chunks and connection.execute("SELECT max(n) FROM chunks").fetchone() == (8192,)


def kill_often(root: Path, times: int) -> tuple[int, set[bool]]:
    """Kills ends, and packs what they left, killed as well."""
    chance, cut, found = random.Random(0), 0, set()
    for number in range(times):
        name = f"r{number}"
        cut += killed(write, str(root), name, after_s=chance.uniform(0, 0.03))
        found.add(check(root, name))
        cut += killed(pack, str(root), name, after_s=chance.uniform(0, 0.06))
        check(root, name)
        assert cli.main(["pack", name, "--logdir", str(root)]) == 0
        check(root, name)
    assert not [each for each in examine(root, repair=True).findings if each.serious]
    with contextlib.suppress(StopIteration):
        left = next(path for path in root.rglob("*.unborn*"))
        assert time.time() - left.stat().st_mtime < 3600, "what a kill left goes when it is old"
    return cut, found


def test_a_kill_at_the_end_loses_nothing(logdir: Path) -> None:
    """At whatever moment."""
    kill_often(logdir, 3)


@pytest.mark.long
def test_kills_at_all_moments_lose_nothing(logdir: Path) -> None:
    """Some come before there are chunks, some after."""
    cut, found = kill_often(logdir, 60)
    assert cut > 20
    assert found == {True, False}
