"""A folder that hosts share over a network: here FUSE mounts of one folder, which share no memory.

Each writer is in a process namespace of its own, by which machines are told apart. All locks of a mount are those of the
one process that serves it: two processes that open a file through the same mount do not see each other's. Hence a file
is written through one mount and read through another. Skipped where nothing can be mounted: it needs root, /dev/fuse
and bindfs.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest

import tracker
from tracker.store import file_system

ROOT = Path(__file__).resolve().parents[2]


class Hosts(NamedTuple):
    """The folder as each host sees it."""

    one: Path
    two: Path
    reader: Path  # nothing is written here


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    """One folder, three hosts."""
    bindfs = shutil.which("bindfs")
    if bindfs is None or not os.path.exists("/dev/fuse"):
        pytest.skip("needs bindfs and /dev/fuse, by which a folder is mounted twice")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = []
    try:
        for name in Hosts._fields:
            (tmp_path / name).mkdir()
            done = subprocess.run(
                [
                    bindfs,
                    "--multithreaded",
                    "--enable-lock-forwarding",
                    "-o",
                    "direct_io,attr_timeout=0,entry_timeout=0,negative_timeout=0",
                    "--no-allow-other",
                    folder,
                    tmp_path / name,
                ],
                capture_output=True,
                check=False,
            )
            if done.returncode:
                pytest.skip(f"nothing can be mounted here: {done.stderr.decode(errors='replace').strip()[:200]}")
            mounted.append(tmp_path / name)
        yield Hosts(*mounted)
    finally:
        for each in mounted:
            subprocess.run(["umount", "-l", each], check=False)


Begins: TypeAlias = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def on_another_host() -> Iterator[Begins]:
    """Begins a process whose numbers nobody here knows, as on another machine. None outlives the test."""
    begun = []

    def begin(code: str, folder: Path, **environment: str) -> subprocess.Popen[bytes]:
        apart = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"] if shutil.which("unshare") else []
        process = subprocess.Popen(
            [*apart, sys.executable, "-c", textwrap.dedent(code), str(folder)],
            cwd=ROOT, env={**os.environ, **environment},
        )  # fmt: skip
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.wait()


TRAINS = """
import os, sys, time, tracker
run = tracker.init(logdir=sys.argv[1], name="r", machine=False)
for step in range(3000):
    run.log({"x": float(step), "rank": 1.0}, step=step)
    time.sleep(float(os.environ.get("PACE", "0.0005")))
run.finish()
"""


def test_what_one_host_writes_the_other_reads(hosts: Hosts, on_another_host: Begins) -> None:
    """Two ranks on two hosts are one run; what is read meanwhile is a beginning of it; no WAL is ever there."""
    assert file_system.is_shared(hosts.one)
    ranks = [on_another_host(TRAINS, hosts[rank], RANK=str(rank), WORLD_SIZE="2") for rank in range(2)]
    seen = 0
    while any(process.poll() is None for process in ranks):
        assert not list((hosts.reader / "r").glob("*-wal"))
        found = tracker.open(hosts.reader)
        if [run.name for run in found.runs()] == ["r"] and "x" in found.run("r").tags("scalar"):
            steps = sorted(found.run("r").scalars("x").step.tolist())
            seen = max(seen, len(steps))
            assert set(steps) == set(range(max(steps) + 1))
    assert [process.wait() for process in ranks] == [0, 0]
    assert seen > 0
    for folder in hosts:
        run = tracker.open(folder).run("r")
        assert sorted(run.scalars("x").step.tolist()) == sorted([*range(3000)] * 2)
        assert (run.status, len(run.segments())) == ("finished", 2)
    for path in (hosts.reader / "r").glob("events.*.sqlite"):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()


def test_a_host_that_is_killed_leaves_what_it_had_flushed(hosts: Hosts, on_another_host: Begins) -> None:
    """The other one reads it, plays nothing back that is another's, and does not take it for alive for ever."""
    one, two, _ = hosts
    code = """
    import sys, time, tracker
    run = tracker.init(logdir=sys.argv[1], name="r", machine=False)
    for step in range(100_000):
        run.log({"x": float(step)}, step=step)
        if step == 500:
            assert run.flush()
            open(sys.argv[1] + "/flushed", "w").close()
        time.sleep(0.0002)
    """
    process = on_another_host(code, one)
    end = time.monotonic() + 60
    while not (two / "flushed").exists():
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    run = tracker.open(two).run("r")
    steps = run.scalars("x").step.tolist()
    assert steps == list(range(len(steps)))
    assert len(steps) > 500
    (segment,) = run.segments()
    assert segment.status(segment.heartbeat + 120) == "crashed"


def test_hosts_that_ask_for_one_name_get_two_runs(hosts: Hosts, on_another_host: Begins) -> None:
    """At the same moment, again and again."""
    code = """
    import sys, tracker
    for number in range(10):
        with tracker.init(logdir=sys.argv[1], name="same", machine=False) as run:
            run.log({"x": float(number)})
    """
    processes = [on_another_host(code, folder) for folder in hosts[:2] for _ in range(2)]
    assert [process.wait() for process in processes] == [0] * 4
    runs = tracker.open(hosts[0]).runs()
    assert len(runs) == 40
    assert sorted(run.scalars("x").value.tolist() for run in runs) == sorted([[float(n)] for n in range(10)] * 4)


@pytest.mark.browser
def test_a_server_on_one_host_shows_what_the_other_writes(
    hosts: Hosts, on_another_host: Begins, serve: Callable[..., Any], figure: Callable[[str], None]
) -> None:
    """Nobody tells it of files that another host writes to; it looks."""
    one, two, _ = hosts
    served = serve(two, "--no-token")
    process = on_another_host(TRAINS, one, PACE="0.0015")
    seen: list[int] = []
    end = time.monotonic() + 60
    while process.poll() is None or not seen or seen[-1] < 3000:
        assert time.monotonic() < end, seen[-5:]
        with urllib.request.urlopen(f"{served.base}/api/v1/table?tag=x") as answer:
            found = json.load(answer)
        assert found["problems"] == []
        seen += [columns["x"][3] for columns in found["runs"].values() if "x" in columns]
        time.sleep(0.05)
    assert process.wait() == 0
    assert seen == sorted(seen)
    figure(f"two hosts, one folder: a server saw {len(set(seen))} states of a run that another host wrote")
    assert len(set(seen)) > 2
