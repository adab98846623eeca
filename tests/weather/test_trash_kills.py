"""A server that is killed while runs are trashed, restored and renamed: no run is torn between logdir and trash."""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import preload
import pytest

import tracker
from dashboard.live import trash, user_edits
from tracker import logdir as logdirs

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["whole", "beside", "outer", "outer/inner", "."]
"""Alone in its folder; with checkpoints; with a run below it; that run; at the top of the logdir."""

SEGMENTS = 12


@pytest.fixture
def full(logdir: Path) -> Path:
    """A logdir of runs of each kind, each of many files, and of what does not belong to them."""
    with tracker.init(logdir=logdir, name="whole", machine=False) as run:
        run.log({"loss": 1.0}, step=0)
    (made,) = logdirs.segment_files(logdir / "whole")
    for name in NAMES:
        folder = logdir / name
        folder.mkdir(exist_ok=True)
        for number in range(SEGMENTS):
            shutil.copy(made, logdirs.segment_path(folder, f"20261129T000000-{number:08x}"))
    made.unlink()
    (logdir / "beside" / "checkpoint.pt").write_bytes(b"weights")
    for name in NAMES[:-1]:
        user_edits.write(logdir / name, "name", "first")
    user_edits.write(logdir, "view:mine", "p=runs")
    return logdir


def act_until_killed(root: str, seed: int, begun: object) -> None:
    """Trashes, restores and renames runs by chance."""
    chance = random.Random(seed)
    begun.set()  # type: ignore[attr-defined]
    while True:
        name = chance.choice(NAMES)
        if chance.random() < 0.1:
            if name != "." and logdirs.segment_files(Path(root, name)):
                user_edits.write(Path(root, name), "name", chance.choice(["first", "second"]))
        elif logdirs.segment_files(Path(root, name)):
            trash.to_trash(Path(root), name)
        else:
            trash.from_trash(Path(root), name)


def said_of(folder: Path) -> str:
    """The name that a run was given, once what a killed one had begun to write is taken back."""
    with contextlib.closing(sqlite3.connect(folder / logdirs.PAGE_FILE)) as connection:
        return str(json.loads(connection.execute("SELECT value FROM properties WHERE key='name'").fetchone()[0]))


def check_whole(root: Path) -> set[str]:
    """That each run is whole and in one place, and that what is not its own is where it was; which are in the trash."""
    trash.finish_moves(root)
    gone = trash.in_trash(root)
    there = [name for name, _ in logdirs.run_folders(root)]
    assert sorted([*gone, *there]) == sorted(NAMES)
    for name in NAMES:
        folder = root / ".trash" / name if name in gone else root / name
        assert len(logdirs.segment_files(folder)) == SEGMENTS, (name, os.listdir(folder))
        if name != ".":
            assert said_of(folder) in ("first", "second")
    assert user_edits.said(root).properties == {"view:mine": "p=runs"}
    assert (root / "beside" / "checkpoint.pt").read_bytes() == b"weights"
    assert not list((root / ".trash" / trash.MOVES_FOLDER).glob(f"*{trash.MOVE_SUFFIX}"))
    return set(gone)


def kill_at_random(root: Path, times: int, seed: int) -> int:
    """Kills one who moves runs again and again; how often a move was under way."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*preload.WRITER, "dashboard.live.trash", "dashboard.live.user_edits"])
    chance, under_way = random.Random(seed), 0
    for number in range(times):
        begun = context.Event()
        child = context.Process(target=act_until_killed, args=(str(root), seed + number, begun))
        child.start()
        assert begun.wait(60)
        time.sleep(chance.expovariate(1 / 0.02))
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        assert child.exitcode == -signal.SIGKILL
        under_way += trash._is_begun(root)
        check_whole(root)
    return under_way


def test_killed_thirty_times_no_run_is_torn(full: Path) -> None:
    """At random moments."""
    kill_at_random(full, 30, seed=1)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_killed_a_thousand_times_no_run_is_torn(
    full: Path, figure: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    """The same, for longer."""
    under_way = kill_at_random(full, 1000, seed=1000)
    assert under_way > 10
    figure(f"SIGKILL at 1,000 moments of trashing, restoring, renaming: 0 runs torn; {under_way} moves finished by the next one")  # fmt: skip


CHILD = """
import sys
from pathlib import Path
from dashboard.live import trash
for name in ("beside", "whole", "outer", "."):
    trash.to_trash(Path(sys.argv[1]), name)
for name in ("outer", ".", "whole", "beside"):
    trash.from_trash(Path(sys.argv[1]), name)
"""


def can_trace() -> bool:
    """Whether this machine lets a process watch another one's system calls."""
    strace = shutil.which("strace")
    return strace is not None and subprocess.run([strace, "-o", os.devnull, "true"], check=False).returncode == 0


def digests(root: Path) -> dict[str, str]:
    """Of every segment, where it lies."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("events.*"))
    }


FEW, MANY = (1, 3, 13, 14, 34, 80), (1, 2, 3, 5, 8, 13, 14, 15, 21, 34, 55, 80)
"""At which of its calls the process is killed: of the first move, of its end, and of later ones."""


@pytest.mark.skipif(not can_trace(), reason="needs strace, and the right to trace a child")
@pytest.mark.parametrize("moments", [FEW, pytest.param(MANY, marks=pytest.mark.long)], ids=["a few", "many"])
@pytest.mark.parametrize("call", ["rename", "unlink", "rmdir", "fsync", "mkdir"])
def test_killed_between_two_system_calls_no_run_is_torn(full: Path, call: str, moments: tuple[int, ...]) -> None:
    """At each move of a file, before and after what says so is written, in folders that are left and made."""
    before = digests(full)
    strace = shutil.which("strace")
    assert strace is not None
    killed = 0
    for when in moments:
        inject = f"--inject={call}:signal=KILL:when={when}"
        ended = subprocess.run(
            [strace, "-f", "-o", os.devnull, f"--trace={call}", inject, sys.executable, "-c", CHILD, str(full)],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        for name in check_whole(full):
            trash.from_trash(full, name)
        assert digests(full) == before
        if ended.returncode == 0:
            break
        killed += ended.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
        assert ended.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), ended.stderr
    assert killed


@pytest.mark.parametrize("read_only", [False, True])
def test_a_server_that_starts_finishes_what_was_begun(full: Path, serve: Callable[..., Any], read_only: bool) -> None:
    """The run is listed once; one that may change nothing leaves it."""
    plan = full / ".trash" / trash.MOVES_FOLDER / "0.json"
    plan.parent.mkdir(parents=True)
    files = [path.name for path in logdirs.segment_files(full / "beside")]
    plan.write_text(f'{{"from": "beside", "to": ".trash/beside", "files": {files}}}'.replace("'", '"'))
    (full / ".trash" / "beside").mkdir()
    os.replace(full / "beside" / files[0], full / ".trash" / "beside" / files[0])
    served = serve(full, "--no-token", *(["--read-only"] if read_only else []))
    with urllib.request.urlopen(f"{served.base}/api/v1/runs") as answer:
        names = [run["name"] for run in json.load(answer)["runs"]]
    assert ("beside" in names) == read_only
    assert trash.in_trash(full) == ["beside"]
    assert len(logdirs.segment_files(full / ".trash" / "beside")) == (1 if read_only else SEGMENTS)
    assert plan.exists() == read_only


PLANS = [
    '{"from": "../outside", "to": "whole", "files": ["events.a.sqlite"]}', '{"from": "whole", "to": "../outside", "files": ["events.20261129T000000-00000000.sqlite"]}',
    '{"from": "whole", "to": ".trash/../../outside", "files": ["events.20261129T000000-00000000.sqlite"]}', '{"from": "whole", "to": "linked", "files": ["events.20261129T000000-00000000.sqlite"]}',
    '{"from": "beside", "to": "whole", "files": ["checkpoint.pt", "../../outside/events.a.sqlite"]}', '{"from": 1, "to": [], "files": {}}', "[", "{}", "[" * 100_000, '"\\ud800"', "\0",
]  # fmt: skip


def test_a_plan_of_somebody_elses_moves_nothing_out_of_the_logdir_or_into_it(full: Path) -> None:
    """A logdir may come from anywhere."""
    outside = full.parent / "outside"
    outside.mkdir()
    (outside / "events.a.sqlite").write_bytes(b"x")
    (full / "linked").symlink_to(outside)
    (full / ".trash" / trash.MOVES_FOLDER).mkdir(parents=True)
    before = digests(full.parent)
    for number, plan in enumerate(PLANS):
        (full / ".trash" / trash.MOVES_FOLDER / f"{number}.json").write_text(plan)
    trash.finish_moves(full)
    assert digests(full.parent) == before


def test_a_trash_that_is_a_link_takes_nothing(full: Path) -> None:
    """The run stays, with a sentence."""
    elsewhere = full.parent / "elsewhere"
    elsewhere.mkdir()
    (full / ".trash").symlink_to(elsewhere)
    with pytest.raises(user_edits.PageChangeError, match="link to another place"):
        trash.to_trash(full, "whole")
    assert list(elsewhere.iterdir()) == []
    assert len(logdirs.segment_files(full / "whole")) == SEGMENTS


def test_the_second_run_of_a_name_is_the_one_that_comes_back(full: Path) -> None:
    """What "Undo" brings back is what was deleted; the older one lies beside it."""
    for note in ("older", "newer"):
        user_edits.write(full / "whole", "note", note)
        trash.to_trash(full, "whole")
        if note == "older":
            shutil.copytree(full / "outer" / "inner", full / "whole")
    trash.from_trash(full, "whole")
    assert user_edits.said(full / "whole").properties["note"] == "newer"
    (older,) = trash.in_trash(full)
    assert older.startswith("whole~")
    trash.from_trash(full, older)
    assert user_edits.said(full / older).properties["note"] == "older"
