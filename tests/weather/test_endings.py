"""Ways a run can end without `finish()`: what `log()` took is stored, no thread stays, and the status is right."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.compat.tensorboard import SummaryWriter
from tracker.store.write import committer, first_calls
from tracker.store.write import writer as writers
from tracker.store.write.inbox import Inbox, SealedError
from tracker.store.write.lane import Heavy

ROOT = Path(__file__).resolve().parents[2]


def python(code: str, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs a script to its end; one that hangs fails the test with the stacks of its threads."""
    guard = "import faulthandler; faulthandler.dump_traceback_later(90, exit=True)\n"
    done = subprocess.run([sys.executable, "-c", guard + textwrap.dedent(code), *words], capture_output=True, text=True, timeout=100, cwd=ROOT, check=False)  # fmt: skip
    assert done.returncode == status, done.stderr
    return done


def our_threads() -> list[threading.Thread]:
    """Those that belong to runs of this process."""
    return [each for each in threading.enumerate() if each.name.startswith("everystep-")]


def until(condition: Callable[[], Any], what: str, seconds: float = 60) -> None:
    """Waits for what other threads do."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.002)


@pytest.fixture
def gone() -> Iterator[Callable[[], None]]:
    """Waits until the threads that a test began have ended."""
    before = set(our_threads())

    def wait() -> None:
        until(lambda: not set(our_threads()) - before, "threads of dropped runs are left")

    yield wait
    wait()


def values(logdir: Path, name: str, tag: str = "x") -> list[float]:
    """All values of a tag."""
    return tracker.open(logdir).run(name).scalars(tag).value.tolist()


HUNDRED = [float(i) for i in range(100)]

PATIENT = """
from tracker.store.write import first_calls, writer
first_calls.PATIENCE_S = writer.STALL_S = writer.BEGIN_S = 60.0
"""
"""A machine that is busy with other things is waited for: how many of the first calls may be lost is asked, and not how long
a caller waits for that."""

HEAD = """
import atexit, os, sys, threading, time, tracker
from tracker.compat.tensorboard import SummaryWriter
logdir = sys.argv[1]

def work(run):
    for i in range(100):
        run.add_scalar("x", float(i), i) if hasattr(run, "add_scalar") else run.log({"x": float(i)}, step=i)
"""

WAYS = {
    # what the script does: (code, exit status, status of the run)
    "a function that returned": ("def main(): work(SummaryWriter(logdir + '/a'))\nmain()", 0, "finished"),
    "a function with event files": (
        "def main():\n    w = SummaryWriter(logdir + '/a', tfevents=True)\n    work(w)\nmain()",
        0,
        "finished",
    ),
    "a function that raised": (
        "def main():\n    w = SummaryWriter(logdir + '/a')\n    work(w)\n    1 / 0\nmain()",
        1,
        "crashed",
    ),
    "a function that exits": (
        "def main():\n    w = SummaryWriter(logdir + '/a')\n    work(w)\n    sys.exit(3)\nmain()",
        3,
        "finished",
    ),
    "a thread": (
        "t = threading.Thread(target=lambda: work(SummaryWriter(logdir + '/a'))); t.start(); t.join()",
        0,
        "finished",
    ),
    "a cycle": (
        "class Node: pass\nnode = Node(); node.me = node; node.w = SummaryWriter(logdir + '/a'); work(node.w); del node",
        0,
        "finished",
    ),
    "del in the last line": (
        "run = tracker.init(logdir, 'a'); work(run); tracker._current = None; del run",
        0,
        "finished",
    ),
    "Ctrl-C": (
        "def main():\n    w = SummaryWriter(logdir + '/a')\n    work(w)\n    os.kill(os.getpid(), 2); time.sleep(9)\nmain()",
        -2,
        "stopped",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_logged_is_stored_whatever_becomes_of_the_run(logdir: Path, way: str) -> None:
    """Nobody called finish(), and nobody may hold the run when the process ends."""
    code, status, expected = WAYS[way]
    python(HEAD + code, str(logdir), status=status)
    assert values(logdir, "a") == HUNDRED
    assert tracker.open(logdir).run("a").status == expected


def test_sigterm_right_after_the_first_values_leaves_what_pytorchs_writer_leaves(logdir: Path) -> None:
    """No handler is installed: they were stored when log() returned, but for a queue's length."""
    code = "def main():\n    w = SummaryWriter(logdir + '/a')\n    work(w)\n    os.kill(os.getpid(), 15); time.sleep(9)\nmain()"
    python(HEAD + PATIENT + code, str(logdir), status=-15)
    assert values(logdir, "a") == HUNDRED[: len(values(logdir, "a"))]
    assert len(values(logdir, "a")) >= 90
    assert tracker.open(logdir).run("a").status == "crashed"


@pytest.mark.parametrize("count", [1, 5, 50])
def test_sigterm_after_a_few_values_leaves_the_first_and_all_but_a_few(logdir: Path, count: int) -> None:
    """One that logs without a pause: the first call is in the file when it returns, later ones soon."""
    code = f"""
run = tracker.init(logdir, "a", machine=False)
for i in range({count}):
    run.log({{"x": float(i)}}, step=i)
os.kill(os.getpid(), 15); time.sleep(9)
"""
    python(HEAD + PATIENT + code, str(logdir), status=-15)
    kept = values(logdir, "a")
    assert kept == HUNDRED[: len(kept)]
    ahead = first_calls.AHEAD if count > first_calls.EARLY_CALLS else first_calls.AHEAD_EARLY
    assert len(kept) >= max(1, count - ahead)


@pytest.mark.parametrize("call", ["run.log({'x': float(i)}, i, 1e9 + i)", "run.log({'x': np.float32(i)}, i)"])
def test_a_call_that_is_not_the_common_one_is_as_safe(logdir: Path, call: str) -> None:
    """Each is counted once among the first ones, which are in the file soon."""
    code = f"""
run = tracker.init(logdir, "a", machine=False)
import numpy as np
for i in range(100):
    {call}
os.kill(os.getpid(), 15); time.sleep(9)
"""
    python(HEAD + PATIENT + code, str(logdir), status=-15)
    kept = values(logdir, "a")
    assert kept == HUNDRED[: len(kept)]
    assert len(kept) >= 100 - first_calls.AHEAD


def test_fifty_dropped_writers_leave_no_thread_and_all_their_points(logdir: Path, gone: Callable[[], None]) -> None:
    """Each ends by itself: writer, encoder, sampler."""
    for k in range(50):
        writer = SummaryWriter(str(logdir / f"r{k}"))
        writer.add_scalar("x", float(k), 1)
        if k % 10 == 0:
            writer.add_image("picture", np.zeros((3, 4, 4), np.uint8), 1)
    del writer
    gone()
    assert [values(logdir, f"r{k}") for k in range(50)] == [[float(k)] for k in range(50)]
    assert {run.status for run in tracker.open(logdir).runs()} == {"finished"}


def test_runs_begun_one_after_the_other_in_a_loop_are_all_stored(logdir: Path, gone: Callable[[], None]) -> None:
    """The module's current run holds the last only."""
    for k in range(4):
        tracker.init(logdir, f"r{k}")
        for i in range(100):
            tracker.log({"x": float(i)}, step=i)
    tracker.finish()
    gone()
    assert [values(logdir, f"r{k}") for k in range(4)] == [HUNDRED] * 4


def test_the_last_words_of_a_dropped_run_are_kept_whatever_their_kind(logdir: Path, gone: Callable[[], None]) -> None:
    """A picture that was still to be encoded, a histogram, a mark, a setting, what was printed."""

    def main() -> None:
        run = tracker.init(logdir, "a", console=True)
        tracker._current = None
        print("said")
        run.log({"picture": tracker.Image(np.zeros((200, 200, 3), np.uint8)), "h": tracker.Histogram([1.0, 2.0])})
        run.mark("here")
        run.configure({"lr": 3})

    main()
    gone()
    stored = tracker.open(logdir).run("a")
    assert stored.status == "finished"
    assert len(stored.images("picture")) == 1
    assert len(stored.histograms("h")) == 1
    assert stored.config == {"lr": 3}
    assert [mark.text for mark in stored.marks()] == ["here"]


def test_what_is_logged_after_finish_goes_on_in_another_segment(logdir: Path, gone: Callable[[], None]) -> None:
    """As PyTorch's writer opens another file: a fit, and then a test."""
    with tracker.init(logdir, "a") as run:
        run.log({"x": 0.0})
        run.log({"x": 1.0})
    run.log({"x": 2.0})
    assert run.flush()
    stored = tracker.open(logdir).run("a")
    assert stored.status == "running"
    tracker.log({"x": 3.0})  # the module's run is the same one
    run.mark("here")
    run.configure({"more": 1})
    tracker.finish()
    gone()
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("x").value.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert stored.scalars("x").step.tolist() == [0, 1, 2, 3]
    assert (stored.status, stored.config, len(stored.segments())) == ("finished", {"more": 1}, 2)
    with pytest.raises(tracker.errors.NoRunError, match="init"):
        tracker.log({"x": 4.0})


def test_a_run_that_goes_on_ends_as_was_said_of_it(logdir: Path, gone: Callable[[], None]) -> None:
    """A word after a crash does not make it a success."""
    run = tracker.init(logdir, "a")
    run.log({"x": 0.0})
    run.finish("crashed", "ValueError")
    run.log({"after": 0.0})
    tracker._current = None
    del run
    gone()
    stored = tracker.open(logdir).run("a")
    assert (stored.status, stored.segments()[-1].ending) == ("crashed", "ValueError")
    assert len(stored.scalars("after")) == 1


def test_a_call_in_the_middle_of_adding_meets_the_seal() -> None:
    """It has the list in hand when another thread seals the inbox: what it adds is refused, and not lost there."""
    inbox = Inbox()
    lane = inbox.lane(("x",))
    pending = inbox.pending
    before, behind = (lane, 1.0, 0, 1.0), (lane, 1.0, 1, 2.0)
    pending.append(before)
    inbox.seal()
    pending.append(behind)
    inbox.rest(is_idle=False)  # by a writer that has not seen the seal
    assert inbox.idle
    assert inbox.attend(before)
    assert not inbox.attend(behind)
    assert not inbox.single
    with pytest.raises(SealedError):
        inbox.add([behind])
    with pytest.raises(SealedError):
        inbox.lane(("y",))
    with pytest.raises(SealedError):
        inbox.add_heavy(Heavy(1, 1.0, 0, None, 0))
    assert inbox.waiting() == {"scalar": 1}
    taken = inbox.take()
    assert [points.value.tolist() for _, points in taken.scalars()] == [[1.0]]
    assert taken.everything
    inbox.discard(taken)
    assert inbox.is_empty()


def test_threads_that_log_while_the_run_is_finished_lose_nothing(logdir: Path, gone: Callable[[], None]) -> None:
    """Finished again and again under four threads: no point falls between two segments, and none is there twice."""
    run = tracker.init(logdir, "a", machine=False)
    tracker._current = None
    counts = [0] * 4
    stop = threading.Event()

    def pour(number: int) -> None:
        while not stop.is_set():
            for _ in range(50):
                run.log({f"t{number}": float(counts[number])}, step=counts[number])
                counts[number] += 1
            time.sleep(0.0005)  # leaves the interpreter to the writer

    threads = [threading.Thread(target=pour, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(8):
        seen = sum(counts)
        until(lambda seen=seen: sum(counts) > seen + 1000, "the threads do not log")  # type: ignore[misc]
        run.finish()
    stop.set()
    for thread in threads:
        thread.join()
    run.finish()
    gone()
    for number in range(4):
        assert sorted(values(logdir, "a", f"t{number}")) == [float(i) for i in range(counts[number])]


LATE = """
import atexit, sys, threading, time
late = []
atexit.register(lambda: [each() for each in late])  # before tracker is imported: runs after its own
import numpy as np, tracker
logdir = sys.argv[1]
run = tracker.init(logdir, "a")
run.log({"x": 0.0}, step=0)
def more():
    for i in range(1, 100):
        run.log({"x": float(i), "again": 1.0}, step=i)
    run.log({"picture": tracker.Image(np.zeros((4, 4, 3), np.uint8))}, step=1)
    run.mark("late")
    fresh = tracker.init(logdir, "b")
    fresh.log({"x": 1.0})
late.append(more)
"""


@pytest.mark.parametrize("ending", ["", "raise ValueError('no')"])
def test_an_exit_handler_that_runs_after_ours_is_heard(logdir: Path, ending: str) -> None:
    """Where no thread can be counted on any more, each call stores what it logs; so do runs that begin there."""
    done = python(LATE + ending, str(logdir), status=1 if ending else 0)
    assert "tracker" not in done.stderr
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("x").value.tolist() == HUNDRED
    assert len(stored.images("picture")) == 1
    assert [mark.text for mark in stored.marks()] == ["late"]
    assert stored.status == ("crashed" if ending else "finished")
    assert values(logdir, "b") == [1.0]


def test_a_finalizer_of_the_last_hour_is_heard(logdir: Path) -> None:
    """`__del__` of an object of the main module, after all exit handlers."""
    code = """
    import sys, tracker
    run = tracker.init(sys.argv[1], "a")
    run.log({"x": 0.0}, step=0)
    class Last:
        def __del__(self, run=run):
            run.log({"x": 1.0}, step=1)
    last = Last()
    """
    done = python(code, str(logdir))
    assert "Traceback" not in done.stderr
    assert values(logdir, "a") == [0.0, 1.0]
    assert tracker.open(logdir).run("a").status == "finished"


def test_another_tests_failure_is_not_this_runs(logdir: Path, tmp_path: Path) -> None:
    """pytest notes the last failure where the interpreter notes what ended a program."""
    (tmp_path / "test_it.py").write_text(
        textwrap.dedent(
            f"""
            import tracker
            from tracker.compat.tensorboard import SummaryWriter
            def test_well():
                tracker.init({str(logdir)!r}, "well").log({{"x": 1.0}})
            def test_badly():
                w = SummaryWriter({str(logdir / "badly")!r})
                w.add_scalar("x", 1.0, 0)
                assert False
            """
        )
    )
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)], capture_output=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=100, check=False)  # fmt: skip
    store = tracker.open(logdir)
    assert {run.name: run.status for run in store.runs()} == {"well": "finished", "badly": "crashed"}
    assert values(logdir, "well") == values(logdir, "badly") == [1.0]


def test_a_collection_at_any_moment_holds_up_nobody(logdir: Path, gone: Callable[[], None]) -> None:
    """With a collection at every second allocation: within the writer's thread, within log() of another run, in finalizers
    that log and close."""

    class Trainer:
        def __init__(self, number: int) -> None:
            self.me = self
            self.writer = SummaryWriter(str(logdir / f"r{number}"))

        def __del__(self) -> None:
            self.writer.add_scalar("x", 1.0, 1)
            self.writer.flush()
            self.writer.close()

    other = tracker.init(logdir, "other", machine=0.1)
    tracker._current = None
    count = 0
    stop = threading.Event()

    def pour() -> None:
        nonlocal count
        while not stop.is_set():
            other.log({"y": 1.0, f"t{count % 300}": tracker.Histogram([1.0])} if count % 20 == 0 else {"y": 1.0})  # noqa: F821
            count += 1

    thresholds = gc.get_threshold()
    thread = threading.Thread(target=pour)
    gc.set_threshold(1, 1, 1)
    try:
        thread.start()
        for number in range(10):
            Trainer(number).writer.add_scalar("x", 0.0, 0)
    finally:
        gc.set_threshold(*thresholds)
        stop.set()
        thread.join()
    gc.collect()
    other.finish()
    del other
    gone()
    # A machine under such load may take a second for a commit, as a disk does that stands still: what found no room then
    # is counted.
    (segment,) = tracker.open(logdir).run("other").segments()
    assert len(values(logdir, "other", "y")) + segment.lost.get("scalar", 0) == count
    assert [values(logdir, f"r{number}") for number in range(10)] == [[0.0, 1.0]] * 10


@pytest.mark.parametrize(("room", "last_s"), [(6_000, 60.0), (100, 0.5)], ids=["for a word", "for nothing"])
def test_a_disk_that_stays_full_is_told_as_a_number(logdir: Path, room: int, last_s: float) -> None:
    """Accepted = stored + reported lost: in the warning, and in the file where there is room for a word."""
    code = """
    import pathlib, resource, signal, sys, time, tracker
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    from tracker.store.write import writer
    writer.FINISH_S, writer.LAST_S = 0.5, float(sys.argv[3])
    def main(name):
        run = tracker.init(sys.argv[1], name, machine=False)
        tracker._current = None
        run.log({"x": 0.0}, step=0)
        run.flush()
        # A page takes 4,120 bytes of the WAL, the state one page and a point three.
        (wal,) = pathlib.Path(sys.argv[1]).rglob("*-wal")
        resource.setrlimit(resource.RLIMIT_FSIZE, (wal.stat().st_size + int(sys.argv[2]), hard))
        for step in range(1, 20_000):
            run.log({"x": step ** 0.5}, step=step)
        run.mark("unheard")
    main("a")
    """
    done = python(code, str(logdir), str(room), str(last_s))
    stored = tracker.open(logdir).run("a")
    kept = len(stored.scalars("x"))
    assert f"lost: {20_000 - kept:,} scalars, 1 marks" in done.stderr
    told = ("finished", {"scalar": 20_000 - kept, "mark": 1}) if room > 4_120 else ("crashed", {})
    assert (stored.status, stored.segments()[0].lost) == told


def test_a_run_dropped_while_its_disk_is_full_is_held_until_there_is_room(logdir: Path) -> None:
    """Held by the process, and stored when it can be."""
    code = """
    import logging, resource, signal, sys, time, threading, tracker
    logging.disable(logging.WARNING)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    def main():
        run = tracker.init(sys.argv[1], "a", machine=False)
        tracker._current = None
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        for step in range(1000):
            run.log({"x": float(step)}, step=step)
        assert not run.flush(0.1)
    main()
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    deadline = time.monotonic() + 60
    while threading.active_count() > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == 1
    """
    python(code, str(logdir))
    assert len(values(logdir, "a")) == 1000
    assert tracker.open(logdir).run("a").status == "finished"


def test_a_child_does_not_end_its_parents_runs(logdir: Path) -> None:
    """Forked with a run in hand and one just dropped, and ended the way that runs exit handlers."""
    code = """
    import faulthandler, os, sys, tracker
    faulthandler.cancel_dump_traceback_later()  # after a fork its own end hangs
    def begin(name):
        run = tracker.init(sys.argv[1], name)
        run.log({"x": 0.0}, step=0)
        return run
    run = begin("a")
    begin("b")
    pid = os.fork()
    if pid == 0:
        del run
        tracker._current = None
        sys.exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    run.log({"x": 1.0}, step=1)
    """
    python(code, str(logdir))
    assert values(logdir, "a") == [0.0, 1.0]
    assert values(logdir, "b") == [0.0]
    assert {(run.status, len(run.segments())) for run in tracker.open(logdir).runs()} == {("finished", 1)}


@pytest.mark.long
def test_the_whole_matrix_of_endings() -> None:
    """Each place × each logger × each ending, once."""
    done = subprocess.run([sys.executable, str(ROOT / "benchmarks" / "endings.py"), "--rounds", "1", "--jobs", "4"], capture_output=True, text=True, cwd=ROOT, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_much_that_waits_is_stored_at_the_end(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making many curves takes longer than the patience with a disk that stands still, which this one does not."""
    run = tracker.init(logdir, "a", machine=False)
    # The clock goes as this process computes, whatever else this machine has to do.
    clock = types.SimpleNamespace(monotonic=time.process_time, time=time.time)
    for module in (writers, committer):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(writers, "FINISH_S", 0.6)
    for step in range(2):
        run.log({f"t{number}": float(step) for number in range(8_000)}, step=step)
    run.finish()
    stored = tracker.open(logdir).run("a")
    assert (stored.status, stored.segments()[0].lost) == ("finished", {})
    assert len(stored.tags("scalar")) == 8_000
    assert stored.scalars("t7999").value.tolist() == [0.0, 1.0]


SECOND_LIFE = """
import os, signal, sys, tracker
run = tracker.init(sys.argv[1], "a", machine=False)
run.log({"x": -1.0}, step=0)
if sys.argv[2] == "finished":
    run.finish()
elif os.fork():
    os.wait()
    os._exit(0)
for step in range(100):
    run.log({"x": float(step)}, step=step)
os.kill(os.getpid(), signal.SIGTERM)
"""


@pytest.mark.parametrize("before", ["finished", "forked"])
def test_a_second_life_is_as_safe_as_the_first(logdir: Path, before: str) -> None:
    """What goes on after finish(), or in a forked child, and is ended by a signal at once."""
    subprocess.run([sys.executable, "-c", PATIENT + SECOND_LIFE, logdir, before], timeout=100, check=False)
    kept = values(logdir, "a", "x")[1:]
    assert kept == [float(step) for step in range(len(kept))]
    assert len(kept) >= 100 - first_calls.AHEAD
