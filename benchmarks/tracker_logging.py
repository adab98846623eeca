"""What logging costs: the call, a burst until it is stored, memory, and bytes on disk.

    python benchmarks/tracker_logging.py [--quick]

Beside ours, in the same run: a bare list.append with the clock, executemany into a table of rows, and the
SummaryWriter of PyTorch or tensorboardX where one is installed. Each part in processes of its own; medians of 5.
"""

from __future__ import annotations

import gc
import json
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from report import apart, machine, memory_mib, repeated, show, verdict

TAGS = [f"train/metric_{i}" for i in range(20)]


def percentiles(took: list[int]) -> dict[str, float]:
    """Median, 99 % and 99.9 % of times in ns, as µs."""
    p50, p99, p999 = np.percentile(took, [50, 99, 99.9]) / 1000
    return {"p50": float(p50), "p99": float(p99), "p999": float(p999), "mean": float(np.mean(took)) / 1000}


def timed(calls: int, act: Any) -> dict[str, float]:
    """Times single calls of act(i), the clock's own cost taken off the median."""
    clock = time.perf_counter_ns
    empty = sorted(-(clock() - clock()) for _ in range(2001))[1000]
    took = []
    gc.disable()
    for i in range(calls):
        began = clock()
        act(i)
        took.append(clock() - began - empty)
    gc.enable()
    return percentiles(took)


def task_append(folder: Path, n: int) -> dict[str, float]:
    """The least a logger can do: a tuple with the time, appended."""
    kept: list[Any] = []
    now = time.time
    return timed(n, lambda i: kept.append((i, now(), 0.5)))


def task_one(folder: Path, n: int) -> dict[str, float]:
    """tracker.log of one scalar."""
    import tracker

    tracker.init(logdir=folder, name="a")
    tracker.log({"train/loss": 0.5}, step=0)
    log = tracker.log
    found = timed(n, lambda i: log({"train/loss": 0.5}, step=i))
    tracker.finish()
    return found


def task_dict(folder: Path, n: int) -> dict[str, float]:
    """tracker.log of twenty scalars at once; a scalar's share."""
    import tracker

    tracker.init(logdir=folder, name="a")
    values = dict.fromkeys(TAGS, 0.5)
    tracker.log(values, step=0)
    log = tracker.log
    found = timed(n // 20, lambda i: log(values, step=i))
    tracker.finish()
    return {name: value / 20 for name, value in found.items()}


def task_summary_writer(folder: Path, n: int) -> dict[str, float]:
    """add_scalar of the SummaryWriter that is installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            return {"p50": float("nan"), "p99": float("nan"), "p999": float("nan"), "mean": float("nan")}
    writer = SummaryWriter(str(folder))
    found = timed(n, lambda i: writer.add_scalar("train/loss", 0.5, i))
    writer.close()
    return found


def burst(folder: Path, n: int, log_all: Any) -> dict[str, float]:
    """Times a burst until everything is stored and the run closed; memory is watched beside it."""
    import tracker

    run = tracker.init(logdir=folder, name="a")
    run.log({"warm": 1.0}, step=0)
    run.log_graph(tracker.Graph([], []))  # threads, modules: what is there once is no growth
    run.flush()
    before, peak, over = memory_mib(), [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            peak[0] = max(peak[0], memory_mib())

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    log_all(run)
    called = time.perf_counter()
    run.finish()
    closed = time.perf_counter()
    peak[0] = max(peak[0], memory_mib())
    over.set()
    watcher.join()
    (file,) = (folder / "a").glob("events.*.sqlite")
    assert len(tracker.open(folder).run("a").segments()) == 1
    stored = sum(
        len(tracker.open(folder).run("a").scalars(tag)) for tag in tracker.open(folder).run("a").tags("scalar")
    )
    assert stored == n + 1, stored
    return {
        "call_us": (called - began) / n * 1e6,
        "per_s": n / (closed - began),
        "growth": peak[0] - before,
        "bytes": file.stat().st_size / n,
    }


def task_burst_one(folder: Path, n: int) -> dict[str, float]:
    """A scalar a call, random float64."""
    values = np.random.default_rng(0).normal(size=n).tolist()

    def log_all(run: Any) -> None:
        log = run.log
        for i in range(n):
            log({"train/loss": values[i]}, step=i)

    return burst(folder, n, log_all)


def task_burst_dicts(folder: Path, n: int) -> dict[str, float]:
    """Twenty scalars a call, random float64."""
    values = np.random.default_rng(0).normal(size=n).tolist()
    rows = [dict(zip(TAGS, values[i : i + 20], strict=True)) for i in range(0, n, 20)]
    del values

    def log_all(run: Any) -> None:
        log = run.log
        for i, row in enumerate(rows):
            log(row, step=i)

    return burst(folder, n, log_all)


def task_burst_loss(folder: Path, n: int) -> dict[str, float]:
    """A loss at float32 precision, logged with the pauses of a training (their times are given, not waited for)."""
    rng = np.random.default_rng(0)
    loss = (3 * np.exp(-np.arange(n) / n * 4) + rng.gamma(2, 0.05, n)).astype(np.float32).astype(np.float64).tolist()
    times = (1.79e9 + np.cumsum(rng.gamma(20, 0.0025, n))).tolist()

    def log_all(run: Any) -> None:
        for i in range(n):
            run.log({"train/loss": loss[i]}, step=i, wall_time=times[i])

    return burst(folder, n, log_all)


def task_executemany(folder: Path, n: int) -> dict[str, float]:
    """The plain way: rows (series, step, time, value) with a key, tuples ready made, one transaction."""
    rows = [(0, i, 1.79e9 + i, 0.5 * i) for i in range(n)]
    connection = sqlite3.connect(folder / "rows.sqlite")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE s (series, step, time, value, PRIMARY KEY (series, step)) WITHOUT ROWID")
    began = time.perf_counter()
    connection.executemany("INSERT INTO s VALUES (?, ?, ?, ?)", rows)
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    took = time.perf_counter() - began
    connection.close()
    return {"per_s": n / took, "bytes": (folder / "rows.sqlite").stat().st_size / n}


def main() -> None:
    """Runs a task, or all of them and prints the tables."""
    if "--task" in sys.argv:
        name, count = sys.argv[sys.argv.index("--task") + 1 :][:2]
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(globals()[f"task_{name}"](Path(folder), int(count))))
        return
    calls, points, times = (20_000, 100_000, 1) if "--quick" in sys.argv else (200_000, 1_000_000, 5)
    print(f"{machine()}; {calls:,} calls and {points:,} scalars, medians of {times}")

    def median(task: str, count: int) -> dict[str, float]:
        return repeated(lambda: apart(__file__, task, count), times)

    floor, one, twenty = median("append", calls), median("one", calls), median("dict", calls)
    writer = median("summary_writer", min(calls, 20_000))
    rows = [
        ["list.append with the clock", f"{floor['p50']:.2f}", f"{floor['p99']:.2f}", f"{floor['p999']:.1f}", "", ""],
        ["tracker.log, one scalar", f"{one['p50']:.2f}", f"{one['p99']:.2f}", f"{one['p999']:.1f}", "≤ 0.45, p99 ≤ 10", f"{verdict(one['p50'], 0.45)}, {verdict(one['p99'], 10)}"],
        ["tracker.log, a scalar of 20", f"{twenty['p50']:.3f}", f"{twenty['p99']:.2f}", f"{twenty['p999']:.1f}", "≤ 0.12", verdict(twenty["p50"], 0.12)],
        ["SummaryWriter.add_scalar", f"{writer['p50']:.1f}", f"{writer['p99']:.0f}", f"{writer['p999']:.0f}", f"≥ 50 × ours: {writer['mean'] / one['mean']:.0f} × in the mean", verdict(writer["mean"] / one["mean"], 50, at_least=True)],
    ]  # fmt: skip
    show("The call, µs in the caller's thread", rows, ["", "p50", "p99", "p99.9", "bar", ""])

    single, dicts, loss, plain = (
        median(task, points) for task in ("burst_one", "burst_dicts", "burst_loss", "executemany")
    )
    rows = [
        ["one a call", f"{single['per_s']:,.0f}", f"{single['call_us']:.2f}", f"{single['growth']:.0f}", f"{single['bytes']:.1f}", "≥ 400,000/s, ≤ 64 MiB, ≤ 14 B", f"{verdict(single['per_s'], 4e5, at_least=True)}, {verdict(single['growth'], 64)}, {verdict(single['bytes'], 14)}"],
        ["dictionaries of 20", f"{dicts['per_s']:,.0f}", f"{dicts['call_us']:.2f}", f"{dicts['growth']:.0f}", f"{dicts['bytes']:.1f}", "≥ 1,200,000/s, ≤ 64 MiB, ≤ 14 B", f"{verdict(dicts['per_s'], 1.2e6, at_least=True)}, {verdict(dicts['growth'], 64)}, {verdict(dicts['bytes'], 14)}"],
        ["a float32 loss, times given", f"{loss['per_s']:,.0f}", f"{loss['call_us']:.2f}", f"{loss['growth']:.0f}", f"{loss['bytes']:.1f}", "≤ 10 B", verdict(loss["bytes"], 10)],
        ["executemany into keyed rows", f"{plain['per_s']:,.0f}", "", "", f"{plain['bytes']:.1f}", "", ""],
    ]  # fmt: skip
    show(
        "A burst until the run is closed, levels included",
        rows,
        ["", "scalars/s", "µs a scalar, caller", "growth MiB", "bytes a scalar", "bar", ""],
    )


if __name__ == "__main__":
    main()
