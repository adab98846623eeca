"""How a training ends that is recorded: what each ending leaves of its last steps."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import tracker
import tracker.recorder

pytestmark = pytest.mark.weather

ROOT = Path(__file__).resolve().parents[2]

LOOP = """
import os, signal, sys
import numpy as np
import tracker
from tracker.recorder.recorder import Recorder

run = tracker.init(logdir=sys.argv[1], name="run", machine=False)
at = [0]
recorder = Recorder(run, lambda: {"x": np.full(SIZE, at[0])}, lambda: {}, every=5, max_overhead=None, keep=KEEP)
recorder.state(0)
for step in range(1, 10**9):
    recorder.begin(step)
    if step == 50:
        AT_50
    at[0] = step
    run.log({"loss": 1.0}, step=step)
    recorder.end(1.0)
    recorder.state(step)
"""


def started(logdir: Path, at_50: str, keep: str = "last", size: int = 10) -> subprocess.Popen[str]:
    """The loop in a process of its own."""
    code = (
        LOOP.replace("SIZE", str(size))
        .replace("KEEP", repr(keep))
        .replace("        AT_50", textwrap.indent(at_50, " " * 8))
    )
    return subprocess.Popen([sys.executable, "-c", code, str(logdir)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)  # fmt: skip


def last(logdir: Path) -> tuple[int, str, bool]:
    """The last recorded step, why, and whether it had ended; every step before it is there with a state that is whole."""
    recordings = tracker.recorder.open(logdir / "run")
    found = recordings.files[-1]
    moment = recordings[found.last]
    assert moment.state()["x"][0] == moment.state_step
    return found.last, found.reason, moment.is_done


@pytest.mark.parametrize(
    ("at_50", "reason", "status"),
    [
        ("raise RuntimeError('out of luck')", "exception", 1),
        ("os.kill(os.getpid(), signal.SIGTERM)", "signal", -signal.SIGTERM),
    ],
    ids=["an exception", "SIGTERM"],
)
def test_the_last_steps_are_written(at_50: str, reason: str, status: int, tmp_path: Path) -> None:
    """And the process ends as it would have; the run says what was recorded."""
    process = started(tmp_path, at_50)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == status, errors
    assert last(tmp_path) == (50, reason, False)
    (mark,) = [each for each in tracker.open(tmp_path).run("run").marks() if each.kind == "recording"]
    assert mark.attributes["reason"] == reason


@pytest.mark.parametrize("at_50", ["sys.exit(3)", "raise KeyboardInterrupt"])
def test_an_end_that_was_meant_writes_nothing(at_50: str, tmp_path: Path) -> None:
    """Nobody asks what went wrong."""
    started(tmp_path, at_50).communicate(timeout=100)
    assert not tracker.recorder.open(tmp_path / "run")


def test_a_program_that_handles_the_signal_itself_goes_on_to(tmp_path: Path) -> None:
    """Its handler is not taken from it."""
    code = "signal.signal(signal.SIGTERM, lambda *_: (print('mine'), os._exit(7)))\n"
    script = (
        LOOP.replace("SIZE", "10").replace("KEEP", "'last'").replace("AT_50", "os.kill(os.getpid(), signal.SIGTERM)")
    )
    done = subprocess.run([sys.executable, "-c", script.replace("run = tracker", code + "run = tracker"), str(tmp_path / "other")], capture_output=True, text=True, timeout=100, cwd=ROOT, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (7, "mine\n")


def test_a_child_that_is_ended_writes_nothing(tmp_path: Path) -> None:
    """It was forked while its parent was recorded, as workers of a loader are."""
    at_50 = """
child = os.fork()
if not child:
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
os._exit(0)
"""
    process = started(tmp_path, at_50)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    assert not tracker.recorder.open(tmp_path / "run")


@pytest.mark.parametrize("kill_at", [1, 3, 8])
def test_a_kill_leaves_whole_files_only(kill_at: int, tmp_path: Path) -> None:
    """With the line of the whole run: what is there is read, and each step that is there has its state."""
    process = started(tmp_path, "pass", keep="run", size=200_000)
    folder = tmp_path / "run" / "recordings"
    while process.poll() is None and len([*folder.glob("steps-*.npz")]) < kill_at:
        pass
    process.kill()
    process.communicate()
    recordings = tracker.recorder.open(tmp_path / "run")
    steps = recordings.steps()
    assert steps == [*range(1, steps[-1] + 1)]
    for step in (steps[0], steps[len(steps) // 2], steps[-1]):
        assert recordings[step].state()["x"][0] == recordings[step].state_step < step
    assert all(place.suffix in (".npz", ".partial") for place in folder.rglob("*") if place.is_file())


def test_sigterm_in_the_middle_of_writing_waits_for_it(tmp_path: Path) -> None:
    """The file that was being written is whole."""
    at_50 = """
before = os.replace
def replace(*paths):
    os.kill(os.getpid(), signal.SIGTERM)
    before(*paths)
os.replace = replace
recorder.keep("asked", "asked for")
print("gone on")
"""
    process = started(tmp_path, at_50)
    out, errors = process.communicate(timeout=100)
    assert (process.returncode, out) == (-signal.SIGTERM, ""), errors
    assert last(tmp_path) == (50, "asked", False)
