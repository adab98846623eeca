"""Alerts that are told while everybody is killed, and how long a back-test takes.

    python benchmarks/alerts.py [--crossings N] [--runs N]

A rule fires N times (1,000) in live runs; who follows it and who is told are killed at random moments and begun anew
(`tests/killed_alerts.py` says how). Delivered, repeated after an answer, lost. Then a rule is tried on N stored runs
(1,000) of 20 tags. Five minutes.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import report  # noqa: E402

STEPS, TAGS = 200, 20


def back_test_of(runs: int, folder: Path) -> str:
    """Tries a rule on so many runs; what it took."""
    import tracker
    from dashboard.alerts import trigger
    from dashboard.alerts.back_test import back_test

    for number in range(runs):
        with tracker.init(logdir=folder, name=f"r{number}", machine=False) as run:
            for step in range(STEPS):
                loss = 1.0 / (step + 1) + (0.5 if number % 3 == 0 and step > STEPS / 2 else 0.0)
                run.log({"val/loss": loss} | {f"t{tag}": math.sin(step * tag) for tag in range(TAGS - 1)}, step=step)
    store = tracker.open(folder)
    names = [run.name for run in store.runs()]
    began = time.perf_counter()
    found = back_test(trigger.parse("val/loss > 1.2 * min(val/loss) for 5 steps"), names, store.run, patience_s=600)
    took = time.perf_counter() - began
    return f"{took:.1f} s, {found.n_fired:,} fired"


def main() -> None:
    """Prints both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crossings", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=1_000)
    arguments = parser.parse_args()
    from killed_alerts import play

    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        rows = [
            ["alerts", str(play(Path(folder), arguments.crossings, seed=1))],
            [
                f"back-test of {arguments.runs:,} runs of {TAGS} tags",
                back_test_of(arguments.runs, Path(folder) / "many"),
            ],
        ]
    report.show(f"Alerts ({report.machine()})", rows, ["what", "seen"])


if __name__ == "__main__":
    main()
