"""What logging a model costs the training: the call itself, and `log()` while the model is packed and written.

    python benchmarks/model_logging.py [--mib 100] [--turns 6] [--seconds 3]

Windows in which a version of a large model is being stored, and windows in which none is, come in turns, in one run. A
step logs one scalar and then waits 2 ms, as one that computes would; the wait is not counted.
"""

from __future__ import annotations

import argparse
import tempfile
import time

import numpy as np
from report import machine, show

import tracker
from trainer import nn

WAIT_S = 0.002


def steps(run: tracker.Run, first: int, seconds: float) -> list[float]:
    """Logs for so long; microseconds of each `log()`."""
    took = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        run.log({"loss": 1.0 / (1 + first + len(took))}, step=first + len(took))
        took.append(1e6 * (time.perf_counter() - began))
        time.sleep(WAIT_S)
    return took


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--mib", type=int, default=100, help="of the model's weights")
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each window")
    options = parser.parse_args()
    width = 1024
    layers = max(1, options.mib * (1 << 20) // (4 * width * width))
    model = nn.Sequential(*(nn.Linear(width, width) for _ in range(layers)))
    alone: list[float] = []
    beside: list[float] = []
    calls = []
    with tempfile.TemporaryDirectory() as folder, tracker.init(logdir=folder, name="a", machine=False) as run:
        steps(run, 0, 0.5)
        for turn in range(options.turns):
            alone += steps(run, 1_000_000 + 10_000 * turn, options.seconds)
            model[0].weight.data += np.float32(1)  # or its content would be known
            began = time.perf_counter()
            run.log_model(model, "large", inputs={"x": (None, width)}, step=turn, keep=1)
            calls.append(1e3 * (time.perf_counter() - began))
            beside += steps(run, 2_000_000 + 10_000 * turn, options.seconds)
            run.flush()
    print(
        f"{machine()}; a model of {layers * width * width * 4 / (1 << 20):.0f} MiB, {options.turns} windows of each kind"
    )
    print(f"log_model(): median {np.median(calls):.1f} ms, slowest {max(calls):.1f} ms, in the caller's thread")
    rows = []
    for what, took in (("no model", alone), ("a model is stored", beside)):
        p50, p95, p99 = np.percentile(took, [50, 95, 99])
        rows.append([what, f"{len(took):,}", f"{p50:.1f}", f"{p95:.1f}", f"{p99:.1f}", f"{max(took) / 1e3:.2f}"])
    show("log() beside a large model", rows, ["while", "calls", "p50 µs", "p95 µs", "p99 µs", "slowest ms"])


if __name__ == "__main__":
    main()
