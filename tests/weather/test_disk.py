"""Disks that fill, vanish, stand still or lie: training goes on, and accepted = stored + told as lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from steering import until

import tracker
from tracker.store.write import committer, gate
from tracker.store.write import inbox as inboxes
from tracker.store.write import writer as writers
from tracker.store.write.transaction import Transaction

ROOT = Path(__file__).resolve().parents[2]


def python(code: str, *words: str, timeout: float = 100) -> subprocess.CompletedProcess[str]:
    """Runs a script to its end."""
    guard = "import faulthandler; faulthandler.dump_traceback_later(90, exit=True)\n"
    done = subprocess.run([sys.executable, "-c", guard + textwrap.dedent(code), *words], capture_output=True, text=True, timeout=timeout, cwd=ROOT, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("cycles", [8, pytest.param(20, marks=pytest.mark.long)])
def test_a_disk_that_fills_and_is_freed_again_and_again(
    logdir: Path, figure: Callable[[str], None], cycles: int
) -> None:
    """Again and again full, as often freed: training never stops, storing goes on within seconds, later rows are all there.

    The disk is a limit on the size of files, which SQLite meets as it meets a full disk: its writes fail.
    """
    code = """
    import logging, resource, signal, sys, time, tracker
    logging.disable(logging.WARNING)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    run = tracker.init(logdir=sys.argv[1], name="a")
    step, slowest, back = 0, 0.0, 0.0
    for cycle in range(int(sys.argv[2])):
        for full in (True, False):
            limit = 4096 if full else hard
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            for _ in range(300):
                began = time.perf_counter()
                run.log({"x": float(step), "full": float(full)}, step=step)
                slowest = max(slowest, time.perf_counter() - began)
                step += 1
            if full:
                while run._writer.trouble is None:
                    time.sleep(0.001)
                assert not run.flush(0.05)
            else:
                began = time.monotonic()
                assert run.flush(60)
                back = max(back, time.monotonic() - began)
    run.finish()
    print(step, slowest, back)
    """
    done = python(code, str(logdir), str(cycles))
    steps, slowest, back = done.stdout.split()
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("x").step.tolist() == list(range(int(steps)))
    assert stored.status == "finished"
    assert stored.segments()[0].lost == {}
    for file in (logdir / "a").glob("events.*.sqlite"):
        connection = sqlite3.connect(file)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
    figure(f"full disk, {cycles} cycles: {int(steps):,} points, 0 lost; stored again {float(back):.2f} s after it was freed (bar: 5 s); slowest log() {float(slowest) * 1e3:.2f} ms")  # fmt: skip


def test_a_disk_that_is_full_from_the_start(logdir: Path) -> None:
    """Nothing can be made, not even the file; when it can, everything is stored."""
    code = """
    import logging, resource, signal, sys, time, tracker
    logging.disable(logging.WARNING)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    run = tracker.init(logdir=sys.argv[1], name="a")
    for step in range(1000):
        run.log({"x": float(step)}, step=step)
    assert not run.flush(0.3)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert run.flush(60)
    run.finish()
    """
    python(code, str(logdir))
    assert tracker.open(logdir).run("a").scalars("x").step.tolist() == list(range(1000))
    assert len(list((logdir / "a").iterdir())) == 1, "a file that could not be finished was left behind"


@pytest.mark.parametrize(
    ("attempt_s", "finish_s"),
    [(0.0, 1.0), (0.3, 1.0), *(pytest.param(each, None, marks=pytest.mark.long) for each in (0.0, 0.3))],
)
def test_finish_returns_in_time_whatever_the_disk_does(logdir: Path, attempt_s: float, finish_s: float | None) -> None:
    """Five seconds at most, however long each attempt takes before it fails; what was not stored is said once."""
    code = """
    import resource, signal, sys, time, tracker
    from tracker.store.write import writer
    from tracker.store.write.batch import Batch
    print(writer.FINISH_S + writer.LAST_S)
    if sys.argv[3] != "None":
        writer.FINISH_S = float(sys.argv[3])
    add_to = Batch.add_to
    Batch.add_to = lambda self, *a, **k: (time.sleep(float(sys.argv[2])), add_to(self, *a, **k))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    run = tracker.init(logdir=sys.argv[1], name="a")
    run.log({"x": 0.0}, step=0)
    run.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    for step in range(1, 1000):
        run.log({"x": float(step)}, step=step)
    began = time.monotonic()
    run.finish()
    print(time.monotonic() - began)
    """
    done = python(code, str(logdir), str(attempt_s), str(finish_s))
    patience_s, took_s = map(float, done.stdout.split())
    assert patience_s <= 5
    # Far from what it takes on a busy machine; one that takes attempts that fail for progress never comes to an end.
    assert took_s < 30
    assert "could not be stored to its end in time" in done.stderr
    assert done.stderr.count("cannot be stored at the moment") == 1
    assert tracker.open(logdir).run("a").scalars("x").step.tolist() == [0]


def test_a_folder_that_vanishes_comes_back_as_a_new_segment(logdir: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Deleted while it was written: what was in it is gone with it, what comes after is kept."""
    run = tracker.init(logdir=logdir, name="a")
    run.log({"x": 0.0}, step=0)
    run.flush()
    shutil.rmtree((logdir / "a").rename(logdir.parent / "gone"))  # at once: the writer may begin a file meanwhile
    for step in range(1, 50):
        run.log({"x": float(step)}, step=step)
    assert run.flush()
    run.finish()
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("x").step.tolist() == list(range(1, 50))
    assert [segment.reason for segment in stored.segments()] == ["moved"]
    assert "removed or replaced" in caplog.text


def test_a_folder_that_cannot_be_written_for_a_while(logdir: Path) -> None:
    """In its place stands a file; when it is a folder again, everything is stored."""
    run = tracker.init(logdir=logdir, name="a")
    run.log({"x": 0.0}, step=0)
    run.flush()
    (logdir / "a").rename(logdir / "away")
    (logdir / "a").write_text("in the way")
    for step in range(1, 50):
        run.log({"x": float(step)}, step=step)
    until(lambda: run._writer.trouble)
    assert not run.flush(0.1)
    (logdir / "a").unlink()
    (logdir / "away").rename(logdir / "a")
    assert run.flush(60)
    run.finish()
    assert tracker.open(logdir).run("a").scalars("x").step.tolist() == list(range(50))


READ_ONLY = """
import os, subprocess, sys
from pathlib import Path
import tracker
from tracker.errors import LogdirError

def close(folder):
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)

logdir = Path(sys.argv[1])
probe = logdir / "probe"
probe.mkdir(mode=0o555)
try:
    (probe / "file").touch()
    sys.exit("this user can write anywhere, and the test says nothing")
except PermissionError:
    pass

run = tracker.init(logdir=logdir, name="closed while written")
run.log({"x": 0.0}, step=0)
run.flush()
close(logdir / "closed while written")
for step in range(1, 100):
    run.log({"x": float(step)}, step=step)
run.finish()
stored = tracker.open(logdir).run("closed while written")
assert stored.scalars("x").step.tolist() == list(range(100)) and stored.status == "finished"

killed = "import os, sys, tracker; r = tracker.init(logdir=sys.argv[1], name='killed'); r.log({'x': 1.0}); r.flush(); os._exit(9)"
subprocess.run([sys.executable, "-c", killed, str(logdir)])
for shared in (logdir / "killed").glob("*-shm"):
    shared.unlink()
close(logdir / "killed")
stored = tracker.open(logdir).run("killed")
assert stored.scalars("x").value.tolist() == [1.0] and stored.status == "crashed"

logdir.chmod(0o555)
try:
    tracker.init(logdir=logdir, name="new")
except LogdirError as error:
    assert "Choose a folder that you can write" in str(error)
else:
    sys.exit("a run was begun where nothing can be written")
logdir.chmod(0o755)
for folder in logdir.iterdir():
    folder.chmod(0o755)
"""


def test_a_folder_made_read_only_is_read_and_refuses_new_runs(logdir: Path) -> None:
    """A run under way loses nothing, finished and killed ones are read, and a new one says what to do."""
    command = [sys.executable, "-c", READ_ONLY, str(logdir)]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv to give up root's leave to write anywhere")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


def test_a_lock_of_another_program_delays_storing_and_nothing_else(logdir: Path) -> None:
    """Somebody opens the live file in a database browser and begins to write: log() does not notice."""
    run = tracker.init(logdir=logdir, name="a")
    run.log({"x": 0.0}, step=0)
    run.flush()
    (file,) = (logdir / "a").glob("events.*.sqlite")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    slowest = 0.0
    for step in range(1, 5000):
        began = time.perf_counter()
        run.log({"x": float(step)}, step=step)
        slowest = max(slowest, time.perf_counter() - began)
    assert not run.flush(0.3)
    other.execute("ROLLBACK")
    other.close()
    assert run.flush(60)
    run.finish()
    assert tracker.open(logdir).run("a").scalars("x").step.tolist() == list(range(5000))
    assert slowest < 4.5, "SQLite waits 5 s for a lock, and log() for nothing"


def test_a_disk_that_stands_still_loses_only_what_memory_cannot_hold_and_counts_it(
    logdir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Bounded memory, no waiting, and the law: accepted = stored + told as lost, per kind."""
    monkeypatch.setattr(inboxes, "SCALARS_LIMIT_BYTES", 40_000)
    monkeypatch.setattr(writers, "STALL_S", 0.1)
    run = tracker.init(logdir=logdir, name="a")
    run.log({"x": 0.0}, step=0)
    run.flush()
    (file,) = (logdir / "a").glob("events.*.sqlite")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    run.log({"x": 1.0}, step=1)
    until(run._writer.is_stalled)  # a commit under way that does not come back
    began = time.monotonic()
    for step in range(2, 20_000):
        run.log({"x": float(step)}, step=step)
    assert time.monotonic() - began < 60, "more than 10,000 that wait once for room take 100 s"
    other.execute("ROLLBACK")
    other.close()
    assert run.flush(60)
    run.finish()
    stored = tracker.open(logdir).run("a")
    kept = stored.scalars("x")
    lost = stored.segments()[0].lost["scalar"]
    assert lost > 10_000
    assert len(kept) + lost == 20_000
    assert kept.step.tolist() == list(range(len(kept)))
    assert f"lost: {lost:,} scalars" in caplog.text


def test_a_caller_faster_than_a_healthy_disk_waits_for_it(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No point is dropped while the disk works, however small the room."""
    monkeypatch.setattr(inboxes, "SCALARS_LIMIT_BYTES", 3_000)
    monkeypatch.setattr(writers, "STALL_S", 60.0)  # a busy machine is no disk that stands still
    with tracker.init(logdir=logdir, name="a") as run:
        for step in range(5_000):
            run.log({"x": float(step)}, step=step)
    stored = tracker.open(logdir).run("a")
    assert len(stored.scalars("x")) == 5_000
    assert stored.segments()[0].lost == {}


def test_a_burst_of_histograms_waits_for_a_healthy_disk(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them at once than memory is meant to hold: the caller is slowed down, and none is lost."""
    monkeypatch.setattr(writers, "STALL_S", 60.0)  # a busy machine is no disk that stands still
    limit = 32 << 20
    for module in (inboxes, gate):
        monkeypatch.setattr(module, "HEAVY_LIMIT_BYTES", limit)
    wide = np.random.default_rng(0).normal(0, 1, 5_000).astype(np.float32)
    histogram = tracker.Histogram(wide)
    count = int(1.3 * limit / histogram.n_bytes)
    with tracker.init(logdir=logdir, name="a") as run:
        for step in range(count):
            run.log({"h": histogram}, step=step)
    stored = tracker.open(logdir).run("a")
    assert stored.segments()[0].lost == {}
    found = stored.histograms("h", columns=10)
    assert found.count.sum() == count
    assert found.merge().total == count * len(wide)


def test_a_commit_that_is_slow_and_comes_on_is_waited_for(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is busy with other things a healthy disk's commit takes long: nothing is lost for that."""
    monkeypatch.setattr(inboxes, "HEAVY_LIMIT_BYTES", 200_000)
    monkeypatch.setattr(gate, "HEAVY_LIMIT_BYTES", 200_000)
    add_sketch, passed = Transaction.add_sketch, [0.0]

    def slowly(self: Transaction, *values: Any) -> None:
        time.sleep(0.01)
        passed[0] += 0.1 * writers.STALL_S
        add_sketch(self, *values)

    # A clock that stands still but for what the disk takes, whatever else this machine has to do.
    clock = types.SimpleNamespace(monotonic=lambda: passed[0], time=time.time)
    for module in (writers, committer):
        monkeypatch.setattr(module, "time", clock)

    monkeypatch.setattr(Transaction, "add_sketch", slowly)
    histogram = tracker.Histogram(np.random.default_rng(0).normal(0, 1, 1_000).astype(np.float32))
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        for step in range(200):
            run.log({"h": histogram}, step=step)
    stored = tracker.open(logdir).run("a")
    assert stored.segments()[0].lost == {}
    assert len(stored.histograms("h").step) == 200


def test_one_commit_takes_a_bounded_part_of_a_burst(logdir: Path) -> None:
    """Or a slow disk, busy with all of it at once for longer than a second, would look like one that stands still."""
    histogram = tracker.Histogram(np.random.default_rng(0).normal(0, 1, 5_000).astype(np.float32))
    count = 3 * inboxes.TAKE_HEAVY_BYTES // histogram.n_bytes
    with tracker.init(logdir=logdir, name="a", machine=False) as run:
        with committer.io_lock:  # nothing is stored meanwhile
            for step in range(count):
                run.log({"h": histogram}, step=step)
            taken = run._writer.inbox.take()
            assert not taken.everything
            assert 0 < sum(heavy.n_bytes for heavy in taken.heavies) <= inboxes.TAKE_HEAVY_BYTES
        assert run.flush()
        assert len(tracker.open(logdir).run("a").histograms("h").step) == count


def test_a_commit_that_happened_and_reported_an_error_is_not_made_again(
    logdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error from COMMIT leaves open whether it happened; what is in the file decides, and nothing is doubled."""
    lies, begun = [], threading.Event()

    class Lying(sqlite3.Connection):
        def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
            cursor = super().execute(statement, *parameters)
            if statement == "COMMIT" and begun.is_set() and len(lies) < 3:
                lies.append(1)
                raise sqlite3.OperationalError("disk I/O error")
            return cursor

    connect = sqlite3.connect
    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", lambda *where, **how: connect(*where, **{"factory": Lying, **how}))
        with tracker.init(logdir=logdir, name="a") as run:
            run.log({"x": 0.0, "h": tracker.Histogram([0.0])}, step=0)
            assert run.flush()
            begun.set()
            for step in range(1, 200):
                run.log({"x": float(step), "h": tracker.Histogram([step])}, step=step)
                if step % 20 == 0:
                    assert run.flush()
    assert len(lies) == 3
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("x").step.tolist() == list(range(200))
    assert stored.histograms("h").step.tolist() == list(range(200))


def test_a_clock_that_jumps_changes_no_order(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour back, ten years on: times are kept as they were given, the order is that of the calls."""
    from tracker import quick_log
    from tracker import run as runs

    times = iter([1.7e9, 1.7e9 - 3600, 2.0e9, 1.7e9 + 1])
    for module in (runs, quick_log):  # the careful way, and the common one
        monkeypatch.setattr(module, "_now", lambda: next(times, 1.7e9))
    run = tracker.init(logdir=logdir, name="a")
    for step in range(4):
        run.log({"x": float(step)}, step=step)
    run.finish()
    points = tracker.open(logdir).run("a").scalars("x")
    assert points.step.tolist() == [0, 1, 2, 3]
    assert points.wall_time.tolist() == [1.7e9, 1.7e9 - 3600, 2.0e9, 1.7e9 + 1]


def test_a_damaged_file_is_left_and_a_new_one_begun(logdir: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Overwritten by something else in the middle of a run: the loop does not notice, the reader is told."""
    run = tracker.init(logdir=logdir, name="a")
    for step in range(2000):
        run.log({"x": float(step)}, step=step)
    run.flush()
    (file,) = (logdir / "a").glob("events.*.sqlite")
    with committer.io_lock:
        assert run._writer._file.appender is not None
        driver = run._writer._file.appender._driver
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        driver.execute("PRAGMA shrink_memory")  # or it would go on for a while from what it remembers
        with file.open("r+b") as raw:
            raw.write(os.urandom(64 * 1024))
    for step in range(2000, 2100):
        run.log({"x": float(step)}, step=step)
    assert run.flush(10)
    run.finish()
    stored = tracker.open(logdir).run("a")
    assert stored.scalars("x").step.tolist()[-100:] == list(range(2000, 2100))
    assert len(stored.problems()) == 1
    assert "going on in a new file" in caplog.text


def test_a_network_file_system_gets_the_rollback_journal(logdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """WAL needs memory that machines do not share; the mode that was granted is what counts."""
    from tracker.store import file_system

    monkeypatch.setattr(file_system, "kind_of", lambda _: "nfs4")
    run = tracker.init(logdir=logdir, name="a")
    run.log({"x": 1.0}, step=0)
    assert run.flush()
    (file,) = (logdir / "a").glob("events.*.sqlite")
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] in ("delete", "truncate")
    connection.close()
    assert not Path(f"{file}-wal").exists()
    assert tracker.open(logdir).run("a").scalars("x").value.tolist() == [1.0]
    run.finish()


def test_this_machines_mount_table_is_understood(logdir: Path) -> None:
    """The kind of file system of a folder, as the system names it."""
    from tracker.store.file_system import kind_of

    if not Path("/proc/self/mountinfo").exists():
        pytest.skip("needs Linux")
    assert kind_of(Path("/proc/self")) == "proc"
    assert kind_of(logdir) not in ("", "proc")


def test_a_reader_never_holds_up_a_writer(logdir: Path) -> None:
    """Eight readers asking without pause: the WAL stays small and the file folds at the end."""
    run = tracker.init(logdir=logdir, name="a")
    run.log({"x": 0.0}, step=0)
    run.flush()
    stop = threading.Event()
    failures: list[BaseException] = []

    def ask() -> None:
        store = tracker.open(logdir)
        while not stop.is_set():
            try:
                points = store.run("a").scalars("x")
                assert points.step.tolist() == list(range(len(points)))
                found = store.run("a").envelope("x", 50)
                assert found.points >= len(points)
            except BaseException as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for step in range(1, 30_000):
        run.log({"x": float(step)}, step=step)
        if step % 500 == 0:
            time.sleep(0.01)
    run.flush()
    (file,) = (logdir / "a").glob("events.*.sqlite")
    assert Path(f"{file}-wal").stat().st_size < 64 * 1024 * 1024
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    run.finish()
    assert [path.name for path in (logdir / "a").iterdir()] == [file.name]
