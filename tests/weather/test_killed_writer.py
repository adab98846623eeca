"""A writer that is killed: what was acknowledged is there, nothing is there twice, and the file is sound.

*Accepted* is what `log()` returned for, *acknowledged* what `flush()` returned for.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import preload
import pytest

import tracker
from tracker.store.read import read_only

ROOT = Path(__file__).resolve().parents[2]


def log_until_killed(logdir: str, start: int, seed: int, told: Connection, accepted: Any) -> None:
    """Logs numbers, one a step, in bursts and pauses, with histograms between; tells how many are acknowledged."""
    chance = random.Random(seed)
    run = tracker.init(logdir=logdir, name="killed", resume="allow")
    told.send(("begun", start))
    step = start
    while True:
        for _ in range(chance.choice([1, 3, 40, 700, 5000])):
            run.log({"x": float(step)}, step=step)
            if chance.random() < 0.02:
                run.log({"h": tracker.Histogram(np.full(3, step))}, step=step)
            accepted[step - start] = time.time()
            step += 1
        if chance.random() < 0.5:
            assert run.flush()
            told.send(("acknowledged", step))
        time.sleep(chance.choice([0, 0, 0.001, 0.02]))


def check_sound(logdir: Path, acknowledged: int) -> int:
    """That the run is whole up to what was acknowledged at least; how many points there are."""
    if not list((logdir / "killed").glob("events.*.sqlite")):
        assert acknowledged == 0  # killed before there was a file
        return 0
    # The newest file: the older ones were checked after their own deaths, and nobody writes them.
    for file in sorted((logdir / "killed").glob("events.*.sqlite"))[-1:]:
        connection = read_only.connect(file)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
    stored = tracker.open(logdir).run("killed")
    if "x" not in stored.tags("scalar"):
        assert acknowledged == 0
        return 0
    points = stored.scalars("x")
    if not len(points):
        assert acknowledged == 0
        return 0
    # As arrays: of millions of points after each of many kills.
    assert np.array_equal(points.step, np.arange(len(points))), "a point is missing, or there twice"
    assert np.array_equal(points.value, np.arange(len(points), dtype=float))
    assert len(points) >= acknowledged
    found = stored.envelope("x", 100)
    assert (found.points, found.max.max()) == (len(points), len(points) - 1)
    return len(points)


def kill_at_random(logdir: Path, times: int, seed: int) -> tuple[int, float]:
    """Kills a writer again and again, each going on where the last one's stored points end.

    Returns:
        How many points there are at the end, and the longest time of accepted points that a kill took, in seconds.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(preload.WRITER)
    chance = random.Random(seed)
    start, worst = 0, 0.0
    for number in range(times):
        hear, tell = context.Pipe(duplex=False)
        accepted = context.RawArray("d", 1 << 21)  # when log() returned for each
        child = context.Process(target=log_until_killed, args=(str(logdir), start, seed + number, tell, accepted))
        child.start()
        tell.close()
        assert hear.poll(60)
        assert hear.recv() == ("begun", start)
        time.sleep(chance.expovariate(1 / 0.08))
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        killed = time.time()
        child.join()
        acknowledged = start
        try:
            while True:
                acknowledged = hear.recv()[1]
        except EOFError:
            hear.close()
        stored = check_sound(logdir, acknowledged)
        lost = accepted[stored - start]
        worst = max(worst, killed - lost if lost else 0.0)
        start = stored
    return start, worst


def test_killed_twenty_times_nothing_acknowledged_is_lost(logdir: Path, figure: Callable[[str], None]) -> None:
    """At random moments: in bursts, in commits, in folds, in checkpoints; the run goes on from each."""
    points, worst = kill_at_random(logdir, 20, seed=1)
    assert len(tracker.open(logdir).run("killed").segments()) > 5  # the others died before they had a file
    figure(f"SIGKILL at 20 random moments: {points:,} points, 0 lost of those acknowledged, 0 doubled; of those accepted at most {worst:.2f} s (bar: 0.5 s)")  # fmt: skip


@pytest.mark.long
@pytest.mark.timeout(900)
def test_killed_two_hundred_times_nothing_acknowledged_is_lost(logdir: Path, figure: Callable[[str], None]) -> None:
    """The same, for longer."""
    points, worst = kill_at_random(logdir, 200, seed=1000)
    figure(f"SIGKILL at 200 random moments: {points:,} points, 0 lost of those acknowledged, 0 doubled; of those accepted at most {worst:.2f} s (bar: 0.5 s)")  # fmt: skip


CHILD = """
import sys, tracker
run = tracker.init(logdir=sys.argv[1], name="killed", resume="allow")
start = int(sys.argv[2])
for step in range(start, start + 3000):
    run.log({"x": float(step)}, step=step)
    if step % 150 == 0:
        assert run.flush()
        print(step + 1, flush=True)
run.finish()
"""

CALLS = {
    "pwrite64": (1, 3, 8, 25, 110, 212, 236, 340, 490, 640),
    "fdatasync": (1, 2, 3, 5, 7, 15),
    "ftruncate": (1, 2),
    "openat": (444, 489, 491),
    "unlink": (1, 2),
}
"""System calls of SQLite's, and at which of them the process is killed."""


def can_trace() -> bool:
    """Whether this machine lets a process watch another one's system calls."""
    strace = shutil.which("strace")
    return strace is not None and subprocess.run([strace, "-qq", "-o", os.devnull, "true"], check=False).returncode == 0


@pytest.mark.skipif(not can_trace(), reason="needs strace, and leave to trace a child process")
@pytest.mark.parametrize("call", CALLS)
def test_killed_inside_a_system_call_nothing_acknowledged_is_lost(logdir: Path, call: str) -> None:
    """In the middle of writing a page, syncing, truncating the WAL, making or removing a file."""
    start = 0
    for when in CALLS[call]:
        trace = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject={call}:signal=KILL:when={when}"]
        said = subprocess.run([*trace, sys.executable, "-c", CHILD, str(logdir), str(start)], capture_output=True, text=True, cwd=ROOT, check=False)  # fmt: skip
        assert said.stderr == ""
        acknowledged = max([start, *map(int, said.stdout.split())])
        start = check_sound(logdir, acknowledged)


def test_the_shared_memory_of_a_killed_writer_is_rebuilt_by_a_reader(logdir: Path, train: Callable[..., Any]) -> None:
    """The first reader after the kill recovers the WAL's index by itself, twice in a row."""
    training = train(
        CHILD.replace("run.finish()", "run.flush(); print('all', flush=True); import time; time.sleep(60)"),
        str(logdir),
        "0",
    )
    while training.says() != "all":
        pass
    training.end(9)
    files = {file.name.rpartition("-")[2] for file in (logdir / "killed").iterdir()}
    assert {"wal", "shm"} <= files
    for _ in range(2):
        assert check_sound(logdir, 3000) == 3000
