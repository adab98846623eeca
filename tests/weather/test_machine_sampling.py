"""Sampling while processes fork, are killed and end: no hang, no double, no process kept alive."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import tracker

ROOT = Path(__file__).resolve().parents[2]


def python(code: str, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs a script to its end; one that hangs fails the test with the stacks of its threads."""
    guard = "import faulthandler; faulthandler.dump_traceback_later(90, exit=True)\n"
    done = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", guard + textwrap.dedent(code), *words], capture_output=True, text=True, timeout=100, cwd=ROOT, check=False)  # fmt: skip
    assert done.returncode == status, done.stderr
    return done


def test_a_child_that_logs_is_not_sampled_again(logdir: Path) -> None:
    """The machine is the same: its readings are the parent's, the child's numbers its own."""
    code = """
    import os, sys, time, tracker
    run = tracker.init(logdir=sys.argv[1], name="a", machine=0.1)
    time.sleep(0.5)
    children = []
    for number in range(4):
        pid = os.fork()
        if pid == 0:
            run.log({"child": float(number)}, step=number)
            time.sleep(0.6)
            run.finish()
            os._exit(0)
        children.append(pid)
    for pid in children:
        assert os.waitpid(pid, 0)[1] == 0
    run.finish()
    """
    python(code, str(logdir))
    stored = tracker.open(logdir).run("a")
    assert sorted(stored.scalars("child").value.tolist()) == [0.0, 1.0, 2.0, 3.0]
    for path in (segment.path for segment in stored.segments() if segment.reason == "child"):
        import sqlite3

        connection = sqlite3.connect(path)
        assert connection.execute("SELECT tag FROM series").fetchall() == [("child",)]
        connection.close()


@pytest.mark.parametrize("times", [2, pytest.param(10, marks=pytest.mark.long)])
@pytest.mark.parametrize("moment", [0.0, 0.01, 0.05, 0.2])
def test_a_fork_at_any_moment_of_sampling_does_not_hang(logdir: Path, moment: float, times: int) -> None:
    """Whatever lock the sampler's thread holds, the child does not wait for it."""
    code = """
    import os, sys, time, tracker
    for i in range(int(sys.argv[3])):
        run = tracker.init(logdir=sys.argv[1], machine=0.1, console=True)
        time.sleep(float(sys.argv[2]))
        pid = os.fork()
        if pid == 0:
            with tracker.init(logdir=sys.argv[1], machine=0.1) as own:
                own.log({"x": 1.0})
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        run.finish()
    """
    python(code, str(logdir), str(moment), str(times))
    assert {run.status for run in tracker.open(logdir).runs()} == {"finished"}


def test_a_killed_run_keeps_the_readings_it_had(logdir: Path) -> None:
    """Up to the last commit, as everything else."""
    code = """
    import os, sys, time, tracker
    run = tracker.init(logdir=sys.argv[1], name="a", machine=0.1)
    while "machine/cpu_percent" not in (run.flush() and tracker.open(sys.argv[1]).run("a").tags("scalar")):
        time.sleep(0.05)
    os.kill(os.getpid(), 9)
    """
    python(code, str(logdir), status=-9)
    stored = tracker.open(logdir).run("a")
    assert stored.status == "crashed"
    assert len(stored.scalars("machine/cpu_percent"))


def test_a_process_ends_though_it_is_sampled(logdir: Path) -> None:
    """No finish(), an hour's interval: the process ends at once and the run is finished."""
    code = """
    import sys, tracker
    tracker.init(logdir=sys.argv[1], name="a", machine=3600, console=True).log({"x": 1.0})
    """
    python(code, str(logdir))
    assert tracker.open(logdir).run("a").status == "finished"
