"""What findings cost: of a thousand finished runs, of one, of one with a million points, and of ten that go on.

    python benchmarks/findings.py [--only many|long|live] [--quick] [--runs 1000] [--seconds 60]

Each figure is of a process of its own, which does nothing else, and is printed when it is known. Of the finished runs
every tenth is logged, the others are copies of its file. The live runs are written by another process, ten times a
second each; what is counted is the processor time of the examiner's thread. Under five minutes, most of it spent on
logging what is looked at; --quick takes a tenth of the runs, a fifth of the points and a quarter of the time.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import report  # noqa: E402

BAR_ALL_S, BAR_ONE_MS, BAR_LIVE_PERCENT = 20, 100, 1
LIVE_RUNS, RATE_HZ = 10, 10
LONG_POINTS = 50_000
COPIES = 10

Row = tuple[str, str, str]

_TAGS = """
import math, random
def step_of(random, step, steps):
    fall = math.exp(-3 * step / steps)
    noise = random.gauss(0, 0.03)
    found = {"train/loss": 0.2 + 2 * fall + noise, "train/accuracy": 1 - 0.8 * fall + noise / 5, "lr": 1e-3 * (1 - step / steps)}
    found |= {"val/loss": 0.3 + 2 * fall + noise, "val/accuracy": 0.95 - 0.8 * fall, "grad_norm": 0.5 + fall + abs(noise)}
    for layer in ("conv1", "conv2", "fc1", "fc2"):
        found |= {f"grad_norm/{layer}.weight": 0.1 + fall * random.uniform(0.8, 1.2), f"weight_norm/{layer}.weight": 3.0}
        found[f"update_ratio/{layer}.weight"] = 1e-3 * random.uniform(0.5, 1.5)
    return found | {"dead/relu1": 0.05, "dead/relu2": 0.1}
"""
"""20 curves of a training as it should be."""

_MAKE = (
    _TAGS
    + """
import sys, tracker
logdir, runs, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for number in range(runs):
    source = random.Random(number)
    with tracker.init(logdir=logdir, name=f"run{number}", machine=False, controls=False) as run:
        for step in range(steps):
            run.log(step_of(source, step, steps), step=step)
"""
)

_ALL = """
import sys, time
import tracker
began = time.perf_counter()
took = []
for run in tracker.open(sys.argv[1]).runs():
    before = time.perf_counter()
    run.findings()
    took.append(time.perf_counter() - before)
print(time.perf_counter() - began, 1000 * took[0], 1000 * sorted(took)[len(took) // 2])
"""

_WRITE = (
    _TAGS
    + """
import sys, time, tracker
logdir, runs, rate, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
open_runs = [tracker.init(logdir=logdir, name=f"run{i}", machine=False) for i in range(runs)]
source, began, step = random.Random(0), time.monotonic(), 0
print("writing", flush=True)
while time.monotonic() - began < seconds:
    for run in open_runs:
        run.log(step_of(source, step, 10_000), step=step)
    step += 1
    time.sleep(max(0.0, began + step / rate - time.monotonic()))
for run in open_runs:
    run.finish()
"""
)

_FOLLOW = """
import sys, time, psutil
from pathlib import Path
from dashboard.live.examiner import Examiner
from dashboard.live.poller import Poller
from tracker.store.read.reader import Store
logdir, seconds = Path(sys.argv[1]), float(sys.argv[2])
examiner = None
def tell(changes):
    if examiner is not None:
        examiner.note(changes)
poller = Poller(logdir, tell)
examiner = Examiner(poller, lambda: Store(logdir))
poller.start()
examiner.start()
def used():
    number = examiner._thread.native_id
    return next(each.user_time + each.system_time for each in psutil.Process().threads() if each.id == number)
poller.ready.wait()
time.sleep(5)  # the detectors are imported, and each run was examined
before, looks = used(), 0
known = dict.fromkeys(poller.catalog.runs)
end = time.monotonic() + seconds
while time.monotonic() < end:
    time.sleep(0.05)
    for name, run in poller.catalog.runs.items():
        if run.examined is not None and known.get(name) != run.examined.wall_time:
            known[name], looks = run.examined.wall_time, looks + 1
print(100 * (used() - before) / seconds, looks / seconds)
examiner.stop()
poller.stop()
"""


def python(code: str, *words: object) -> list[float]:
    """The numbers that a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT
    )
    return [float(word) for word in done.stdout.split()]


def live(folder: Path, seconds: float) -> tuple[float, float]:
    """Percent of one core that examining live runs takes, and how many are examined in a second."""
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITE, *map(str, (folder, LIVE_RUNS, RATE_HZ, seconds + 20))],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert writer.stdout is not None
    writer.stdout.readline()
    try:
        share, looks = python(_FOLLOW, folder, seconds)
    finally:
        writer.kill()
        writer.wait()
    return share, looks


def many(folder: Path, runs: int) -> Iterator[Row]:
    """Finished runs, one after the other."""
    made = -(-runs // COPIES)
    python(_MAKE, folder, made, 100)
    for number in range(made, runs):
        shutil.copytree(folder / f"run{number % made}", folder / f"run{number}")
    every, first, one = python(_ALL, folder)
    yield f"{runs:,} finished runs × 20 curves × 100 points, s", f"{every:.1f}", f"≤ {BAR_ALL_S * runs / 1000:g}"
    yield "one of them, ms", f"{one:.1f}", f"≤ {BAR_ONE_MS}"
    yield "the first of a process, detectors imported, ms", f"{first:.0f}", ""


def long(folder: Path, points: int) -> Iterator[Row]:
    """One run that went on for long."""
    python(_MAKE, folder, 1, points)
    _, took, _ = python(_ALL, folder)
    yield f"one run of 20 curves × {points:,} points, detectors imported, ms", f"{took:.0f}", ""


def going(folder: Path, seconds: float) -> Iterator[Row]:
    """Runs that go on."""
    share, looks = live(folder, seconds)
    yield f"{LIVE_RUNS} live runs at {RATE_HZ} Hz, % of one core", f"{share:.2f}", f"≤ {BAR_LIVE_PERCENT}"
    yield "of these examined in a second", f"{looks:.2f}", ""


def main() -> None:
    """Prints the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("many", "long", "live"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--runs", type=int)
    parser.add_argument("--seconds", type=float)
    given = parser.parse_args()
    runs = given.runs or (100 if given.quick else 1000)
    seconds = given.seconds or (15.0 if given.quick else 60.0)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        parts = {
            "many": many(Path(folder, "many"), runs),
            "long": long(Path(folder, "long"), LONG_POINTS // 5 if given.quick else LONG_POINTS),
            "live": going(Path(folder, "live"), seconds),
        }
        for name, part in parts.items():
            for row in part if given.only in (None, name) else ():
                rows.append(list(row))
                print("  ".join(row).rstrip(), flush=True)
    report.show(f"Findings ({report.machine()})", rows, ["what", "measured", "bar"])


if __name__ == "__main__":
    main()
