"""What reading costs: a whole series into NumPy, and the envelope of any window.

python benchmarks/tracker_reading.py [--quick]
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from report import machine, show, verdict

import tracker
from tracker.series.envelope import Envelope


def written(folder: Path, name: str, points: int) -> Any:
    """A stored run of one series of noise with a spike."""
    rng = np.random.default_rng(0)
    with tracker.init(logdir=folder, name=name) as run:
        for start in range(0, points, 1_000_000):
            for step, value in enumerate(rng.normal(1, 0.05, min(1_000_000, points - start)).tolist(), start):
                run.log({"loss": value}, step=step)
        run.log({"loss": 50.0}, step=points)
    return tracker.open(folder).run(name)


def times(act: Any, count: int) -> list[float]:
    """Milliseconds of each call."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        act()
        found.append((time.perf_counter() - began) * 1e3)
    return found


def main() -> None:
    """Prints the tables."""
    quick = "--quick" in sys.argv
    million, many, repeats = (100_000, 1_000_000, 5) if quick else (1_000_000, 10_000_000, 15)
    print(f"{machine()}; medians of {repeats}, files in the page cache")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stored = written(folder, "million", million)
        whole = times(lambda: stored.scalars("loss"), repeats)
        rows_file = sqlite3.connect(folder / "rows.sqlite")
        rows_file.execute("CREATE TABLE s (series, step, time, value, PRIMARY KEY (series, step)) WITHOUT ROWID")
        points = stored.scalars("loss")
        columns = points.step.tolist(), points.wall_time.tolist(), points.value.tolist()
        rows_file.executemany("INSERT INTO s VALUES (0, ?, ?, ?)", zip(*columns, strict=True))
        rows_file.commit()
        plain = times(lambda: np.array(rows_file.execute("SELECT step, time, value FROM s").fetchall()), 3)
        rows_file.close()
        show(
            f"A series of {million:,} points read whole, ms",
            [
                ["ours", f"{np.median(whole):.1f}", f"{min(whole):.1f}", f"{max(whole):.1f}", "≤ 15", verdict(float(np.median(whole)), 15)],
                ["a row a point", f"{np.median(plain):.0f}", f"{min(plain):.0f}", f"{max(plain):.0f}", "", f"{np.median(plain) / np.median(whole):.0f} × ours"],
            ],
            ["", "median", "min", "max", "bar", ""],
        )  # fmt: skip

        stored = written(folder, "many", many)
        raw = stored.scalars("loss")
        chance = np.random.default_rng(1)
        rows = []
        for share in (1.0, 0.5, 0.2, 0.1, 0.05, 0.01, 0.001):
            took: list[float] = []
            for _ in range(repeats):
                width = int(many * share)
                start = int(chance.integers(0, many - width + 1))
                found: list[Envelope] = []
                took += times(lambda s=start, w=width, f=found: f.append(stored.envelope("loss", 1000, s, s + w)), 1)
                check(found[0], raw, start, start + width)
            rows.append(
                [
                    f"{share:.1%}",
                    f"{int(many * share):,}",
                    f"{np.median(took):.1f}",
                    f"{max(took):.1f}",
                    len(found[0]),
                    "≤ 20",
                    verdict(float(np.median(took)), 20),
                ]
            )
        show(f"Envelope of 1,000 columns of a {many:,}-point series, windows at random places, exact (checked)", rows, ["window", "points in it", "median ms", "max ms", "columns", "bar", ""])  # fmt: skip


def check(found: Envelope, raw: Any, start: int, stop: int) -> None:
    """That the envelope says the truth: the extremes of the window, and those of ten of its columns."""
    inside = raw.value[start : stop + 1]
    assert found.points == len(inside)
    assert (found.min.min(), found.max.max()) == (inside.min(), inside.max())
    for column in np.linspace(0, len(found) - 1, 10).astype(int):
        own = raw.value[found.step_first[column] : found.step_last[column] + 1]
        assert (found.min[column], found.max[column], found.count[column]) == (own.min(), own.max(), len(own))


if __name__ == "__main__":
    main()
