"""Forks, threads and the ends of processes: nothing hangs, nothing is lost, nothing is there twice."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import patience
import preload
import pytest

import tracker

ROOT = Path(__file__).resolve().parents[2]


def python(code: str, *words: str, timeout: float = 100, status: int | None = 0) -> subprocess.CompletedProcess[str]:
    """Runs a script to its end; one that hangs fails the test with the stacks of its threads."""
    guard = "import faulthandler; faulthandler.dump_traceback_later(90, exit=True)\n"
    done = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", guard + textwrap.dedent(code), *words], capture_output=True, text=True, timeout=timeout, cwd=ROOT, check=False)  # fmt: skip
    assert status is None or done.returncode == status, done.stderr
    return done


def points(logdir: Path, tag: str, name: str = "a") -> list[float]:
    """All values of a tag, sorted."""
    return sorted(tracker.open(logdir).run(name).scalars(tag).value.tolist())


STATES = {
    "idle": "time.sleep(0.2)",
    "committing": "threading.Thread(target=lambda: [run.log({'parent': float(next(count))}) for _ in range(200_000)], daemon=True).start(); time.sleep(0.05)",
    "full": "[run.log({'parent': float(next(count))}) for _ in range(100_000)]",
}
"""What the parent's writer is doing when it forks."""

HEAD = """
import gc, itertools, multiprocessing, os, sys, threading, time
import tracker
logdir = sys.argv[1]
count = itertools.count()
run = tracker.init(logdir=logdir, name="a")
for i in range(50):
    run.log({"parent": float(next(count))}, step=i)
"""


@pytest.mark.parametrize("state", STATES)
def test_os_fork_in_every_state_of_the_writer(logdir: Path, state: str) -> None:
    """Ten children forked while the parent sleeps, commits, or has a full inbox: each logs, none repeats the parent's."""
    code = (
        HEAD
        + STATES[state]
        + """
children = []
for number in range(10):
    pid = os.fork()
    if pid == 0:
        gc.collect()
        for i in range(200):
            run.log({"child": number * 1000.0 + i}, step=i)
        ok = run.flush()
        os._exit(0 if ok else 3)
    children.append(pid)
assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 10
run.log({"after": 1.0}, step=0)
run.finish()
print(next(count))
"""
    )
    done = python(code, str(logdir))
    assert points(logdir, "child") == [number * 1000.0 + i for number in range(10) for i in range(200)]
    parent = points(logdir, "parent")
    # A thread that still logs when the run is finished is heard; the number that was printed is the one it did not log.
    assert parent == [float(i) for i in range(int(parent[-1]) + 1) if i != int(done.stdout)], (
        "a point of the parent is missing, or was stored by a child too"
    )
    if state != "committing":
        assert len(parent) == int(done.stdout)
    assert points(logdir, "after") == [1.0]


POOLS = {
    "process": "workers = [context.Process(target=work, args=(number,)) for number in range(4)]; [w.start() for w in workers]; [w.join() for w in workers]; codes = [w.exitcode for w in workers]",
    "pool": "pool = context.Pool(4); codes = pool.map(work, range(4), chunksize=1); pool.close(); pool.join()",
}


# What the parent does matters most where the child is its copy; the others begin from nothing, with either kind of pool.
MATRIX = [
    pytest.param(
        state,
        kind,
        method,
        marks=[]
        if method == "fork"
        or (state, kind, method) in (("committing", "process", "spawn"), ("committing", "pool", "forkserver"))
        else [pytest.mark.long],
    )
    for method in ("fork", "forkserver", "spawn")
    for kind in POOLS
    for state in STATES
]


@pytest.mark.parametrize(("state", "kind", "method"), MATRIX)
def test_workers_of_every_start_method_log_into_the_run(
    logdir: Path, tmp_path: Path, method: str, kind: str, state: str
) -> None:
    """As data loaders do: each worker has a file of its own, flushed at its end without being asked."""
    script = tmp_path / "workers.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import faulthandler; faulthandler.dump_traceback_later(90, exit=True)
            import itertools, multiprocessing, os, sys, threading, time
            import tracker
            count = itertools.count()
            run = None

            def work(number):
                mine = run or tracker.init(logdir=sys.argv[1], name="a", resume="allow")
                for i in range(300):
                    mine.log({{"worker": number * 1000.0 + i}}, step=i)
                if {kind == "pool"}:
                    mine.flush()  # a pool ends its workers with a signal
                return 0

            if __name__ == "__main__":
                run = tracker.init(logdir=sys.argv[1], name="a")
                for i in range(50):
                    run.log({{"parent": float(next(count))}}, step=i)
                {STATES[state].replace("200_000", "50_000")}
                context = multiprocessing.get_context("{method}")
                {POOLS[kind]}
                assert codes == [0] * 4, codes
                run.finish()
            """
        )
    )
    done = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", str(script), str(logdir)], capture_output=True, text=True, timeout=100, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert points(logdir, "worker") == [number * 1000.0 + i for number in range(4) for i in range(300)]
    parent = points(logdir, "parent")
    assert parent == [float(i) for i in range(len(parent))]


def test_a_child_that_does_not_log_leaves_no_trace(logdir: Path) -> None:
    """No file, no thread, and the end of the child is not the end of the run."""
    code = (
        HEAD
        + """
pid = os.fork()
if pid == 0:
    gc.collect()
    assert threading.active_count() == 1
    sys.exit(0)  # the way that runs exit handlers
assert os.waitpid(pid, 0)[1] == 0
run.log({"parent": float(next(count))})
run.finish()
"""
    )
    # Without the watchdog of the others: after a fork its own end hangs.
    subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, str(logdir)], timeout=100, cwd=ROOT, check=True
    )
    stored = tracker.open(logdir).run("a")
    assert len(stored.segments()) == 1
    assert stored.status == "finished"
    assert len(stored.scalars("parent")) == 51


def test_a_thousand_forks_while_committing(logdir: Path) -> None:
    """None hangs, and the parent's points are all there once."""
    code = (
        HEAD
        + """
stop = threading.Event()
def pour():
    while not stop.is_set():
        for _ in range(200):
            run.log({"parent": float(next(count))})
        time.sleep(0.001)
thread = threading.Thread(target=pour)
thread.start()
for _ in range(1000 if "--long" in sys.argv else 150):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
stop.set()
thread.join()
run.finish()
print(next(count))
"""
    )
    done = python(code, str(logdir))
    assert points(logdir, "parent") == [float(i) for i in range(int(done.stdout))]


# --- the ends of a process -------------------------------------------------------------------------------

ENDINGS: dict[str, tuple[str, int, str, int]] = {
    # what the script does last: (code, exit status, status of the run, points that must be there)
    "its last line": ("pass", 0, "finished", 1000),
    "sys.exit(0)": ("sys.exit(0)", 0, "finished", 1000),
    "sys.exit(3)": ("sys.exit(3)", 3, "finished", 1000),
    "an exception": ("raise ValueError('no such layer')", 1, "crashed", 1000),
    "Ctrl-C": ("os.kill(os.getpid(), 2); time.sleep(5)", -2, "stopped", 1000),
    "os._exit": ("stored(); os._exit(4)", 4, "crashed", 1000),
    "SIGTERM": ("stored(); os.kill(os.getpid(), 15); time.sleep(5)", -15, "crashed", 1000),
    "os.abort": ("stored(); os.abort()", -6, "crashed", 1000),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_end_of_a_process_keeps_what_was_logged(logdir: Path, ending: str) -> None:
    """Without finish(): exit handlers store the rest; where none run, what was logged a moment before is stored though
    nobody asked for it, and the run is not shown as running for ever."""
    code, status, expected, count = ENDINGS[ending]
    body = f"""
    import os, sys, time, tracker
    run = tracker.init(logdir=sys.argv[1], name="a")
    def is_stored():
        stored = tracker.open(sys.argv[1]).run("a")
        return "x" in stored.tags("scalar") and len(stored.scalars("x")) == 1000
    def stored():
        while not is_stored():
            time.sleep(0.01)
    for i in range(1000):
        run.log({{"x": float(i)}}, step=i)
    {code}
    """
    python(body, str(logdir), status=status)
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("x").value.tolist() == [float(i) for i in range(count)]
    assert stored.status == expected
    if ending == "an exception":
        assert stored.segments()[0].ending == "ValueError: no such layer"


def test_logging_at_odd_moments_of_the_end_is_kept_and_does_no_harm(logdir: Path) -> None:
    """From exit handlers, daemon threads and finalizers, after everything is closed: no traceback, no hang."""
    code = """
    import atexit, itertools, sys, threading, time
    atexit.register(lambda: run.log({"late": 1.0}, step=1))
    import tracker
    run = tracker.init(logdir=sys.argv[1], name="a")
    atexit.register(lambda: run.log({"early": 1.0}, step=1))
    class Last:
        def __del__(self):
            run.log({"last": 1.0}, step=2)
    last = Last()
    def chatter():  # with steps of its own: the others set where the loop stands
        for step in itertools.count():
            run.log({"chatter": 1.0}, step=step)
            time.sleep(0.0005)
    threading.Thread(target=chatter, daemon=True).start()
    run.log({"x": 1.0}, step=0)
    """
    done = python(code, str(logdir))
    assert "Traceback" not in done.stderr
    stored = tracker.open(logdir).run("a")
    assert stored.status == "finished"
    assert stored.scalars("x").value.tolist() == [1.0]
    assert stored.scalars("early").value.tolist() == [1.0]
    assert stored.scalars("late").value.tolist() == [1.0]
    chatter = stored.scalars("chatter").step.tolist()
    assert chatter == list(range(len(chatter)))


def test_no_handler_is_installed_and_nothing_is_patched(logdir: Path) -> None:
    """A logger changes nothing of the program it is used in."""
    code = """
    import os, signal, sys, threading
    before = ([signal.getsignal(n) for n in (1, 2, 13, 15)], sys.excepthook, threading.excepthook, sys.stdout, sys.stderr, os.fork, sys.displayhook)
    import tracker
    run = tracker.init(logdir=sys.argv[1], name="a")
    run.log({"x": 1.0})
    run.finish()
    assert before == ([signal.getsignal(n) for n in (1, 2, 13, 15)], sys.excepthook, threading.excepthook, sys.stdout, sys.stderr, os.fork, sys.displayhook)
    """
    python(code, str(logdir))


def test_an_interrupt_at_any_line_leaves_the_run_usable(logdir: Path) -> None:
    """Ctrl-C inside log(): the value is stored once or not at all, and the next call works."""
    run = tracker.init(logdir=logdir, name="a")
    run.log({"x": -1.0, "y": 0.0}, step=0)
    run.log({"x": -1.0}, step=0)
    interrupted = 0
    for index in range(40):
        seen = 0

        def at_line(frame: Any, event: str, _: Any, index: int = index) -> Any:
            nonlocal seen
            if "tracker" not in frame.f_code.co_filename:
                return None
            if event == "line":
                seen += 1
                if seen == index:
                    raise KeyboardInterrupt
            return at_line

        sys.settrace(at_line)
        try:
            run.log(
                {"x": float(index)} if index % 2 else {"x": float(index), "y": [1.0, np.float32(2)][index % 4 // 2]},
                step=index,
            )
        except KeyboardInterrupt:
            interrupted += 1
        finally:
            sys.settrace(None)
    assert interrupted > 10
    run.log({"x": 99.0}, step=99)
    run.finish()
    values = tracker.open(logdir).run("a").scalars("x").value.tolist()[2:]
    assert values[-1] == 99.0
    assert len(values) == len(set(values)), "stored twice"
    assert values == sorted(values)


@pytest.mark.parametrize("calls", [200_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_calls_gain_no_memory_no_file_and_no_thread(logdir: Path, calls: int) -> None:
    """A training of a month must not grow by its logger: not by 16 bytes a call."""
    code = """
    import os, sys, threading, time, tracker
    def memory():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
    run = tracker.init(logdir=sys.argv[1], name="a")
    def pour(n):
        for i in range(n):
            run.log({"a": 1.0, "b": 2.0}, step=i)
            if i % 5_000 == 4_999:  # or what waits on a busy machine, which is bounded, is counted as well
                assert run.flush()
    def files():  # the fewest of many looks: reading the machine opens some for a moment
        return min(len(os.listdir("/proc/self/fd")) for _ in range(200))
    pour(100_000)
    before = memory(), files(), threading.active_count()
    pour(int(sys.argv[2]))
    after = memory(), files(), threading.active_count()
    assert after[0] - before[0] < max(4, 16e-6 * int(sys.argv[2])), (before, after)
    assert after[1:] == before[1:], (before, after)
    run.finish()
    while threading.active_count() > 1:  # one that looks at a file just now ends when it has
        time.sleep(0.01)
    """
    if not os.path.exists("/proc/self/statm"):
        pytest.skip("needs /proc")
    python(code, str(logdir), str(calls))


MANY = 20_000
"""Points of each of sixteen processes: some twenty stretches, and a node above them."""


def test_many_processes_at_once_start_runs_of_their_own(logdir: Path) -> None:
    """Sixteen at the same moment, the same name: sixteen runs, nobody waits for a lock."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(preload.WRITER)
    with context.Pool(16) as pool:
        names = pool.starmap(log_some, [(str(logdir), number) for number in range(16)], chunksize=1)
    assert len(set(names)) == 16
    store = tracker.open(logdir)
    for number, name in enumerate(names):
        assert np.array_equal(store.run(name).scalars("x").value, number * 1e6 + np.arange(MANY))
        assert store.run(name).status == "finished"


def log_some(logdir: str, number: int) -> str:
    """Logs many points; the name that the run got."""
    patience.begin()  # sixteen that end together wait long for the disk
    with tracker.init(logdir=logdir, name="same") as run:
        for i in range(MANY):
            run.log({"x": number * 1e6 + i}, step=i)
    return run.name


def test_ranks_that_start_together_share_one_run(logdir: Path) -> None:
    """As torchrun starts them: one run, a file each, no race for the folder."""
    code = """
    import sys, tracker
    with tracker.init(logdir=sys.argv[1], name="ddp") as run:
        for i in range(100):
            run.log({"loss": float(i)}, step=i)
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), str(logdir)],
            cwd=ROOT,
            env={**os.environ, "RANK": str(rank), "WORLD_SIZE": "4"},
        )
        for rank in range(4)
    ]
    assert [process.wait(60) for process in processes] == [0] * 4
    (run,) = tracker.open(logdir).runs()
    assert sorted(segment.rank or 0 for segment in run.segments()) == [0, 1, 2, 3]
    assert len(run.scalars("loss")) == 400


def test_a_sleeping_writer_is_running_and_a_dead_one_is_not(logdir: Path) -> None:
    """Stopped with SIGSTOP it lives; killed it does not; a zombie is dead."""
    process = subprocess.Popen([sys.executable, "-c", "import sys, time, tracker\nrun = tracker.init(logdir=sys.argv[1], name='a')\nrun.log({'x': 1.0})\nrun.flush()\nprint(1, flush=True)\ntime.sleep(60)", str(logdir)], cwd=ROOT, stdout=subprocess.PIPE)  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    stored = tracker.open(logdir).run("a")
    assert stored.status == "running"
    process.send_signal(signal.SIGSTOP)
    assert stored.status == "running"
    process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while stored.status == "running" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert stored.status == "crashed"  # before it was waited for: a zombie
    process.wait()
    process.stdout.close()
    gc.collect()
    assert threading.active_count() >= 1
