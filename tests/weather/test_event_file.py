"""Event files beside a run, in bad weather: every event once, whole, in a file that no other process writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest

import tracker
from tracker.foreign import protos
from tracker.foreign.records import RecordFile

ROOT = Path(__file__).resolve().parents[2]

HEAD = """
import gc, os, resource, shutil, signal, sys, threading, time
from tracker.compat.tensorboard import SummaryWriter
folder = sys.argv[1]
"""


def python(code: str, folder: Path, status: int = 0) -> str:
    """Runs a script to its end; what it printed and complained."""
    guard = "import faulthandler; faulthandler.dump_traceback_later(90, exit=True)\n"
    words = [
        sys.executable,
        "-W",
        "ignore::DeprecationWarning",
        "-c",
        guard + HEAD + textwrap.dedent(code),
        str(folder),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, cwd=ROOT, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def events(path: Path) -> list[tuple[str, float]]:
    """(tag, value) of a file's numbers in order; that all of it is sound."""
    file, found = RecordFile(path), []
    for bodies in file.read():
        for event in map(protos.Event.FromString, bodies):
            found += [(value.tag.decode(), value.simple_value) for value in event.summary.value]
    assert (file.damage, file.tail) == ([], "")
    return found


def of_folder(folder: Path) -> Counter[tuple[str, float]]:
    """The numbers of all files of a folder, each as often as it is there."""
    return Counter(each for path in folder.glob("*tfevents*") for each in events(path))


def counted(tag: str, values: range) -> Counter[tuple[str, float]]:
    """Each value once."""
    return Counter({(tag, float(value)): 1 for value in values})


ENDS = {
    "SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)",
    "_exit": "os._exit(0)",
    "SIGTERM": "os.kill(os.getpid(), signal.SIGTERM)",
}


@pytest.mark.parametrize(
    "end", ["SIGKILL", *(pytest.param(end, marks=pytest.mark.long) for end in ("_exit", "SIGTERM"))]
)
def test_a_process_that_ends_at_once_leaves_every_event(tmp_path: Path, end: str) -> None:
    """Without flush: PyTorch's writer holds them for two minutes, and they are gone."""
    code = f"""
    writer = SummaryWriter(folder, tfevents=True, flush_secs=3600, max_queue=10**6)
    for i in range(100):
        writer.add_scalar("x", i, i)
    {ENDS[end]}
    """
    python(code, tmp_path / "a", {"SIGKILL": -signal.SIGKILL, "_exit": 0, "SIGTERM": -signal.SIGTERM}[end])
    assert of_folder(tmp_path / "a") == counted("x", range(100))


DROPPED = {
    "module": "make('module')",
    "an exit handler": "atexit.register(make, 'an exit handler')",
    "an exception": "def main():\n    writer = make('an exception')\n    raise SystemExit\nmain()",
}


@pytest.mark.parametrize(
    "place", ["an exception", *(pytest.param(each, marks=pytest.mark.long) for each in ("module", "an exit handler"))]
)
def test_a_writer_that_is_dropped_leaves_every_event(tmp_path: Path, place: str) -> None:
    """No close, no flush; while the process goes on, and as it ends."""
    code = """
import atexit
def make(name):
    writer = SummaryWriter(os.path.join(folder, name), tfevents=True)
    [writer.add_scalar("x", i, i) for i in range(100)]
    return writer
def in_function():
    writer = make("function")
class Model: pass
def in_cycle():
    model = Model()
    model.me, model.writer = model, make("cycle")
in_function()
for number in range(3):
    writer = make(f"loop {number}")
in_cycle()
thread = threading.Thread(target=make, args=("thread",)); thread.start(); thread.join()
generator = (make("generator") for _ in range(1)); next(generator); del generator
"""
    python(code + DROPPED[place] + "\n", tmp_path)
    folders = sorted(path.name for path in tmp_path.iterdir())
    assert folders == sorted(["function", "loop 0", "loop 1", "loop 2", "cycle", "thread", "generator", place])
    for name in folders:
        assert of_folder(tmp_path / name) == counted("x", range(100)), name


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize(
    "flushes", ["writer.flush()", *(pytest.param(each, marks=pytest.mark.long) for each in ("pass", "writer.close()"))]
)
def test_forked_children_write_files_of_their_own_and_nothing_twice(tmp_path: Path, flushes: str) -> None:
    """While a thread of the parent logs, and with children of children; each process's events are in its own files alone."""
    code = f"""
    writer = SummaryWriter(folder, tfevents=True, flush_secs=3600)
    writer.add_scalar("before", 0, 0)
    stop = threading.Event()
    def train():
        i = 0
        while not stop.is_set() and i < 2000:
            writer.add_scalar("parent", i, i)
            i += 1
        return i
    thread = threading.Thread(target=train); thread.start()
    children = []
    for number in range(4):
        pid = os.fork()
        if pid == 0:
            {flushes}
            for i in range(50):
                writer.add_scalar(f"child {{number}}", i, i)
            grandchild = os.fork()
            if grandchild == 0:
                writer.add_scalar(f"grandchild {{number}}", 0, 0)
                os._exit(0)
            ended = os.waitpid(grandchild, 0)[1]
            {flushes}
            writer.add_scalar(f"child {{number}}", 50, 50)
            os._exit(ended)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 4
    stop.set(); thread.join()
    writer.add_scalar("after", 0, 0)
    writer.close()
    """
    python(code, tmp_path / "a")
    by_file = [Counter(events(path)) for path in (tmp_path / "a").glob("*tfevents*")]
    writers = [{tag.removesuffix(" 0") for tag, _ in each} for each in by_file]
    assert all(len({tag for tag in each if "child" in tag}) <= 1 for each in writers)
    assert all(not any("child" in tag for tag in each) for each in writers if "parent" in each)
    found = of_folder(tmp_path / "a")
    assert set(found.values()) == {1}
    for number in range(4):
        assert {value for tag, value in found if tag == f"child {number}"} == set(map(float, range(51)))
        assert (f"grandchild {number}", 0.0) in found
    assert {("before", 0.0), ("after", 0.0)} <= set(found)
    parent = sorted(value for tag, value in found if tag == "parent")
    assert parent == list(map(float, range(len(parent))))


def test_threads_and_signal_handlers_interleave_whole_records(tmp_path: Path) -> None:
    """A handler that logs comes while its own thread is writing: neither waits for itself, nor tears the other's record."""
    code = """
    writer = SummaryWriter(folder, tfevents=True)
    import itertools
    handled, count, depth, over = [], itertools.count(), 0, False
    def again():
        if not over:
            signal.setitimer(signal.ITIMER_REAL, 0.001)
    def handle(*_):
        global depth
        depth += 1
        if depth < 4:  # it may come while it runs, but on a busy machine not for ever deeper
            again()
        i = next(count)
        writer.add_scalar("handler", i, i)
        handled.append(None)
        depth -= 1
        again()
    signal.signal(signal.SIGALRM, handle)
    again()
    threads = [threading.Thread(target=lambda n=n: [writer.add_scalar(f"t{n}", i, i) for i in range(500)]) for n in range(3)]
    [t.start() for t in threads]
    i = 0
    while len(handled) < 50:
        writer.add_scalar("main", i, i)
        i += 1
    over = True
    signal.setitimer(signal.ITIMER_REAL, 0)
    [t.join() for t in threads]
    writer.close()
    print(i, len(handled))
    """
    mains, handled = map(int, python(code, tmp_path / "a").split()[:2])
    wanted = counted("main", range(mains)) + counted("handler", range(handled))
    for number in range(3):
        wanted += counted(f"t{number}", range(500))
    assert of_folder(tmp_path / "a") == wanted


def test_a_full_disk_ends_no_training_and_tears_no_record(tmp_path: Path) -> None:
    """A file may not grow for a while (RLIMIT_FSIZE is a disk that is full): what waited is written once, and in order."""
    code = """
    writer = SummaryWriter(folder, tfevents=True)
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    [writer.add_scalar("x", i, i) for i in range(10)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, unlimited[1]))
    [writer.add_scalar("x", i, i) for i in range(10, 200)]
    writer._target.events.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    [writer.add_scalar("x", i, i) for i in range(200, 210)]
    writer.close()
    """
    said = python(code, tmp_path / "a")
    (path,) = (tmp_path / "a").glob("*tfevents*")
    assert events(path) == [("x", float(i)) for i in range(210)]
    assert "cannot be written" in said
    assert tracker.open(tmp_path).run("a").scalars("x").value.tolist() == list(range(210))


def test_what_a_full_disk_never_took_is_counted(tmp_path: Path) -> None:
    """Accepted is stored plus reported lost; what is there is whole."""
    code = """
    from tracker.foreign.event_writer import EventWriter
    from pathlib import Path
    writer = EventWriter(Path(folder), patient=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    [writer.add_number("x", i, 5.0, i) for i in range(100)]
    writer.close()
    """
    said = python(code, tmp_path / "a")
    (path,) = (tmp_path / "a").glob("*tfevents*")
    stored = events(path)
    assert stored == [("x", float(i)) for i in range(len(stored))]
    assert 0 < len(stored) < 100
    assert f"{100 - len(stored)} events are lost" in said


def test_a_file_that_was_deleted_is_followed_by_another(tmp_path: Path) -> None:
    """A folder that was cleaned under the writer holds what is logged from then on."""
    code = """
    writer = SummaryWriter(folder, tfevents=True)
    [writer.add_scalar("x", i, i) for i in range(10)]
    shutil.rmtree(shutil.move(folder, f"{folder}-gone"))  # at once: a writer may begin a file while it is emptied
    [writer.add_scalar("x", i, i) for i in range(10, 20)]
    writer.close()
    """
    python(code, tmp_path / "a")
    assert of_folder(tmp_path / "a") == counted("x", range(10, 20))
