"""What it costs to watch a training: the same loop bare, with scalars, and with everything every 50 steps.

    python benchmarks/trainer_watching.py [--steps 300] [--rounds 5]

The loop is a real one: a small convolutional network on images of 28 x 28, batch 64, Adam, logged to a store on disk.
The three are trained in turn, in rounds, and the cost is the difference of the medians of their steps' means: what the
writer's thread takes from the training is part of it. Beside it stands what the callback says it spent itself.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

THREADS = "2"
os.environ.update(OMP_NUM_THREADS=THREADS, OPENBLAS_NUM_THREADS=THREADS, MKL_NUM_THREADS=THREADS)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from report import machine, show, verdict  # noqa: E402  # after the number of threads is set
from trainer_speed import CNN_X, CNN_Y, cnn  # noqa: E402

import tracker  # noqa: E402
import trainer  # noqa: E402

WARM_UP = 20
KINDS = ("bare", "scalars", "everything")
BARS = {"scalars": 0.005, "everything": 0.02}


class Timer(trainer.Callback):
    """Times the steps after the warm-up, and what the callback counted as its own in them."""

    def __init__(self, watcher: trainer.TrackerCallback | None) -> None:
        self.watcher = watcher

    def on_step_end(self, loop: trainer.Loop) -> None:
        now = time.perf_counter(), self.watcher.budget.total if self.watcher else 0.0
        if loop.step == WARM_UP:
            self.start = now
        self.end = now


def milliseconds_a_step(kind: str, steps: int, logdir: str) -> tuple[float, float]:
    """One training: milliseconds a step, and the share of the time that the callback counted as its own."""
    trainer.manual_seed(0)
    model = cnn(trainer.nn)
    optimizer = trainer.optim.Adam(model.parameters())
    options = {"heavy_every": 0, "log_graph": False} if kind == "scalars" else {"samples": (CNN_X[:16], CNN_Y[:16])}
    with tracker.init(logdir, name=kind) as run:
        watcher = None if kind == "bare" else trainer.TrackerCallback(run, max_overhead=None, **options)
        timer = Timer(watcher)
        callbacks = [timer] if watcher is None else [watcher, timer]
        loader = [(CNN_X, CNN_Y)] * (WARM_UP + steps)
        loss = trainer.nn.CrossEntropyLoss()
        trainer.fit(model, loader, loss, optimizer, 1, metrics="accuracy", callbacks=callbacks, progress=False)
    took, own = (end - start for end, start in zip(timer.end, timer.start, strict=True))
    return took / steps * 1e3, own / took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as logdir:
        for turn in range(given.rounds):
            for kind in KINDS[turn % 3 :] + KINDS[: turn % 3]:
                found[kind].append(milliseconds_a_step(kind, given.steps, logdir))
    bare = statistics.median(ms for ms, _ in found["bare"])
    rows = []
    for kind in KINDS:
        ms = statistics.median(ms for ms, _ in found[kind])
        own = statistics.median(share for _, share in found[kind])
        bar = BARS.get(kind)
        said = f"<= {bar:.1%}: {verdict(own, bar)}" if bar else ""
        rows.append([kind, f"{ms:.2f}", f"{ms / bare - 1:+.1%}" if bar else "", f"{own:.2%}" if bar else "", said])
    show(f"Watching a CNN of 28 x 28, batch 64, {given.steps} steps, median of {given.rounds} rounds; {machine()}", rows,
         ["watched", "ms a step", "beside bare", "own time", "bar (own time)"])  # fmt: skip


if __name__ == "__main__":
    main()
