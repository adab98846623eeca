"""What `tracker.watch` costs a training of PyTorch: steps that are bare and watched every 100 passes, in turn.

    python benchmarks/torch_watching.py [--rounds 20] [--width 256] [--depth 6] [--batch 128]

A round is one block of 100 steps of each, in an order that changes, of one multilayer perceptron with Adam and of its
twin; what is logged falls in the middle of a block. The cost is the median over the rounds of (watched - bare) / bare,
between the ends of its 95 % confidence interval, as in `trainer_watching.py`. Beside it stand, of a step that is not
due, the microseconds of the check of the output and of the two gradients, which are made at every step.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

THREADS = "2"
os.environ.update(OMP_NUM_THREADS=THREADS, OPENBLAS_NUM_THREADS=THREADS, MKL_NUM_THREADS=THREADS)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402  # after the number of threads is set
import torch  # noqa: E402
from report import machine, show  # noqa: E402
from trainer_watching import median_between  # noqa: E402

import tracker  # noqa: E402

BLOCK = 100  # passes between two that are logged
WARM_UP = 3  # blocks
BAR = 0.02


def network(width: int, depth: int) -> torch.nn.Module:
    """Layers of one width with rectifiers between them."""
    layers: list[torch.nn.Module] = []
    for _ in range(depth):
        layers += [torch.nn.Linear(width, width), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, 10))


def block(model: torch.nn.Module, optimizer: Any, x: torch.Tensor, y: torch.Tensor, steps: int = BLOCK) -> float:
    """Seconds of so many steps."""
    began = time.perf_counter()
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, usual in (("rounds", 20), ("width", 256), ("depth", 6), ("batch", 128)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args()
    torch.set_num_threads(int(THREADS))
    x, y = torch.randn(given.batch, given.width), torch.randint(0, 10, (given.batch,))
    took: dict[str, list[float]] = {"bare": [], "watched": []}
    with tempfile.TemporaryDirectory() as logdir, tracker.init(logdir, machine=False) as run:
        models = {kind: network(given.width, given.depth) for kind in took}
        optimizers = {kind: torch.optim.Adam(model.parameters()) for kind, model in models.items()}
        watch = tracker.watch(models["watched"], BLOCK, run=run, graph=False, max_overhead=None)
        block(models["watched"], optimizers["watched"], x, y, BLOCK // 2)  # what is heavy falls in the middle
        for number in range(given.rounds + WARM_UP):
            for kind in sorted(took, reverse=bool(number % 2)):
                seconds = block(models[kind], optimizers[kind], x, y)
                if number >= WARM_UP:
                    took[kind].append(seconds)
        watch.stop()
    output = torch.randn(given.batch, 10)
    began = time.perf_counter()
    for _ in range(1000):
        float(output.sum())
        torch.get_rng_state()
    check = time.perf_counter() - began
    bare, watched = np.array(took["bare"]), np.array(took["watched"])
    cost, low, high = median_between(watched / bare - 1)
    verdict = "met" if high <= BAR else "NOT MET" if low > BAR else "the interval is too wide to say"
    rows = [
        ["bare", f"{np.median(bare) / BLOCK * 1e3:.2f}", "", "", "", ""],
        ["watched", f"{np.median(watched) / BLOCK * 1e3:.2f}", f"{cost:+.2%}", f"{low:+.2%} to {high:+.2%}",
         f"{check * 1e3:.0f} µs", f"<= {BAR:.0%}: {verdict}"],
    ]  # fmt: skip
    show(f"Watching {given.depth} layers of {given.width}, batch {given.batch}, {given.rounds} rounds of {BLOCK} steps; "
         f"{machine()}", rows, ["watched", "ms a step", "cost", "95 % interval", "check", "bar"])  # fmt: skip


if __name__ == "__main__":
    main()
