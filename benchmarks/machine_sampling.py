"""What sampling the machine every second costs: processor time of the sampler's thread, as a share of one core.

    python benchmarks/machine_sampling.py [SECONDS]

The process does nothing else; its processor time with sampling less that without is the sampler's, the store's
commits of its readings included. The processes of a round sleep side by side: what is counted is their own processor
time, and not the clock's. Under two minutes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import report  # noqa: E402

BAR_PERCENT = 0.5
ROUNDS = 3
INTERVALS_S = (1, 0.1)

_CODE = """
import sys, tempfile, threading, time
import tracker
machine = float(sys.argv[1]) or False
seconds = float(sys.argv[2])
with tempfile.TemporaryDirectory() as folder:
    run = tracker.init(folder, name="a", machine=machine)
    time.sleep(2.5)  # what is done once (git, packages) is shown by itself
    before = time.process_time()
    time.sleep(seconds)
    print(100 * (time.process_time() - before) / seconds, 1000 * before)
    run.finish()
"""

_ONE = """
import sys, time
from pathlib import Path
from tracker.machine.meter import Meter
meter = Meter(Path("."))
meter.read()
took = []
for _ in range(200):
    time.sleep(0.005)
    began = time.thread_time()
    meter.read()
    took.append(time.thread_time() - began)
print(sorted(took)[100] * 1000)
"""


def measured(seconds: float) -> list[tuple[float, float]]:
    """(percent of one core, ms before) of processes that sleep: without sampling, and with it at `INTERVALS_S`."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _CODE, str(each), str(seconds)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for each in (0, *INTERVALS_S)
    ]
    found = []
    for process in started:
        said, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"a process that was measured ended with {process.returncode}")
        share, before = map(float, said.split())
        found.append((share, before))
    return found


def main() -> None:
    """Prints the table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    one = float(
        subprocess.run([sys.executable, "-c", _ONE], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    )
    rounds = [measured(seconds) for _ in range(ROUNDS)]
    without = statistics.median(each[0][0] for each in rounds)
    every_second = statistics.median(each[1][0] - each[0][0] for each in rounds)
    ten_times = statistics.median(each[2][0] - each[0][0] for each in rounds)
    once = statistics.median(each[1][1] - each[0][1] for each in rounds)
    report.show(
        f"Sampling the machine ({report.machine()})",
        [
            ["one reading, ms of processor", f"{one:.2f}", ""],
            ["every second, % of one core", f"{every_second:.2f}", f"≤ {BAR_PERCENT}"],
            ["ten times a second, % of one core", f"{ten_times:.2f}", ""],
            ["the same process without, % of one core", f"{without:.2f}", ""],
            ["once, at the start: ms of processor", f"{once:.0f}", ""],
        ],
        ["what", "median", "bar"],
    )


if __name__ == "__main__":
    main()
