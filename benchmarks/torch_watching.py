"""What `tracker.watch` costs a training of PyTorch: steps that are bare, watched between two that are logged, and all.

    python benchmarks/torch_watching.py [--rounds 20] [--width 256] [--depth 6] [--batch 128] [--all]

A round is one block of 100 steps of each, in an order that turns, of one multilayer perceptron with Adam and of its
twins. *Between* is a watch none of whose steps is due: what is looked at in each pass. *Watched* logs in the middle of
each block; with --all it has no budget. The cost is the median over the rounds of (watched - bare) / bare, between the
ends of its 95 % confidence interval, as in `trainer_watching.py`.
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
    parser.add_argument("--all", action="store_true", help="log all of it, whatever it takes")
    given = parser.parse_args()
    torch.set_num_threads(int(THREADS))
    x, y = torch.randn(given.batch, given.width), torch.randint(0, 10, (given.batch,))
    kinds = ["bare", "between", "watched"]
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as logdir, tracker.init(logdir, machine=False) as run:
        models = {kind: network(given.width, given.depth) for kind in kinds}
        optimizers = {kind: torch.optim.Adam(model.parameters()) for kind, model in models.items()}
        budget = {"max_overhead": None} if given.all else {}
        watches = [
            tracker.watch(models["between"], 1_000_000_000, run=run, graph=False),
            tracker.watch(models["watched"], BLOCK, run=run, graph=False, **budget),
        ]
        for kind in kinds[1:]:
            block(models[kind], optimizers[kind], x, y, BLOCK // 2)  # what is heavy falls in the middle
        for number in range(given.rounds + WARM_UP):
            turn = number % len(kinds)
            for kind in kinds[turn:] + kinds[:turn]:
                seconds = block(models[kind], optimizers[kind], x, y)
                if number >= WARM_UP:
                    took[kind].append(seconds)
        for watch in watches:
            watch.stop()
    bare = np.array(took["bare"])
    rows = [["bare", f"{np.median(bare) / BLOCK * 1e3:.3f}", "", "", ""]]
    for kind in kinds[1:]:
        own = np.array(took[kind])
        cost, low, high = median_between(own / bare - 1)
        verdict = "met" if high <= BAR else "NOT MET" if low > BAR else "the interval is too wide to say"
        interval = f"{low:+.2%} to {high:+.2%}"
        rows.append([kind, f"{np.median(own) / BLOCK * 1e3:.3f}", f"{cost:+.2%}", interval, f"<= {BAR:.0%}: {verdict}"])
    what = f"{given.depth} layers of {given.width}, batch {given.batch}, {given.rounds} rounds of {BLOCK} steps"
    show(f"Watching {what}; {machine()}", rows, ["", "ms a step", "cost", "95 % interval", "bar"])


if __name__ == "__main__":
    main()
