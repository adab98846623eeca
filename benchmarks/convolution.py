"""Convolutions that people use, forward and all three gradients: each way to compute them, and PyTorch.

    python benchmarks/convolution.py [--repeats 15] [--only 31x31]

The first column is what the trainer takes by itself; the next ones are the ways it can choose from (trainer/ops/conv.py), each
where it can be used at all. On two threads, taking turns in blocks, medians. A ratio below 1 means that the trainer is faster than
PyTorch. A signal is an image of one line, since there is no Conv1d.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.beside_torch import THREADS, torch  # noqa: I001  # before NumPy

import numpy as np

import trainer
from benchmarks import report
from trainer.ops import conv, depthwise, fourier, winograd

# What it is called, images, filters, options.
SHAPES: list[tuple[str, tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ("1 to 16, 3x3 at 28x28, batch 64", (64, 1, 28, 28), (16, 1, 3, 3), {"padding": 1}),
    ("16 to 32, 3x3 at 28x28, batch 64", (64, 16, 28, 28), (32, 16, 3, 3), {"padding": 1}),
    ("64 to 64, 3x3 at 56x56, batch 16", (16, 64, 56, 56), (64, 64, 3, 3), {"padding": 1}),
    ("64 to 64, 3x3 at 56x56, batch 1", (1, 64, 56, 56), (64, 64, 3, 3), {"padding": 1}),
    ("64 to 64, 3x3 at 32x32, batch 32", (32, 64, 32, 32), (64, 64, 3, 3), {"padding": 1}),
    ("128 to 128, 3x3 at 16x16, batch 32", (32, 128, 16, 16), (128, 128, 3, 3), {"padding": 1}),
    ("128 to 128, 3x3 at 16x16, batch 1", (1, 128, 16, 16), (128, 128, 3, 3), {"padding": 1}),
    ("256 to 256, 3x3 at 14x14, batch 8", (8, 256, 14, 14), (256, 256, 3, 3), {"padding": 1}),
    ("3 to 64, 7x7 stride 2 at 112x112, batch 16", (16, 3, 112, 112), (64, 3, 7, 7), {"padding": 3, "stride": 2}),
    ("64 to 256, 1x1 at 28x28, batch 32", (32, 64, 28, 28), (256, 64, 1, 1), {}),
    ("64 depthwise, 3x3 at 32x32, batch 32", (32, 64, 32, 32), (64, 1, 3, 3), {"padding": 1, "groups": 64}),
    ("96 depthwise, 7x7 at 56x56, batch 8", (8, 96, 56, 56), (96, 1, 7, 7), {"padding": 3, "groups": 96}),
    ("32 depthwise, 31x31 at 32x32, batch 8", (8, 32, 32, 32), (32, 1, 31, 31), {"padding": 15, "groups": 32}),
    ("32 to 32, 7x7 at 32x32, batch 16", (16, 32, 32, 32), (32, 32, 7, 7), {"padding": 3}),
    ("8 to 8, 15x15 at 64x64, batch 8", (8, 8, 64, 64), (8, 8, 15, 15), {"padding": 7}),
    ("8 to 8, 31x31 at 64x64, batch 8", (8, 8, 64, 64), (8, 8, 31, 31), {"padding": 15}),
    ("16 to 32, signal of 1024, 9, batch 32", (32, 16, 1, 1024), (32, 16, 1, 9), {"padding": (0, 4)}),
    ("16 to 16, signal of 1024, 129, batch 32", (32, 16, 1, 1024), (16, 16, 1, 129), {"padding": (0, 64)}),
]
WAYS: dict[str, ModuleType | None] = {"columns": None, "Winograd": winograd, "Fourier": fourier, "depthwise": depthwise}
ROUNDS = 3
WARM_UP = 0.05  # seconds: threads of one library go on spinning for a while and are in the other's way
LONG = 0.25  # seconds: what takes longer is not done again in the same turn


def usable(way: str, weight: tuple[int, ...], options: dict[str, Any]) -> bool:
    """Whether a convolution can be computed this way at all."""
    groups = options.get("groups", 1)
    if way == "depthwise" or groups > 1:
        return groups > 1 and way in ("depthwise", "Fourier")
    if way == "columns":
        return True
    return options.get("stride", 1) == 1 and (way == "Fourier" or weight[2:] == (3, 3))


def training(library: Any, images: Any, weight: Any, options: dict[str, Any]) -> Callable[[], None]:
    """Forward and the gradients at images, filters and bias, with trainer or torch."""
    function = library.functional.conv2d if library is trainer else library.nn.functional.conv2d
    tensors = [library.from_numpy(each.copy()).requires_grad_() for each in (images, weight, weight[:, 0, 0, 0])]
    y = function(*tensors, **options)
    g = library.from_numpy(np.random.default_rng(1).standard_normal(tuple(y.shape), dtype=np.float32))

    def step() -> None:
        for each in tensors:
            each.grad = None
        function(*tensors, **options).backward(g)

    return step


def by(module: ModuleType | None, step: Callable[[], None]) -> Callable[[], None]:
    """The step, computed one way whatever the rule says."""

    def forced() -> None:
        rule = conv._instead
        conv._instead = lambda *_: module
        try:
            step()
        finally:
            conv._instead = rule

    return forced


def medians(steps: dict[str, Callable[[], None]], repeats: int) -> dict[str, float]:
    """The median time of each step in ms, in blocks that take turns."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            begun = time.perf_counter()
            while time.perf_counter() - begun < WARM_UP:
                step()
            begun = time.perf_counter()
            for _ in range(max(1, repeats // ROUNDS)):
                start = time.perf_counter()
                step()
                end = time.perf_counter()
                times[name].append(1e3 * (end - start))
                if end - begun > LONG:
                    break
    return {name: statistics.median(seen) for name, seen in times.items()}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--only", default="", help="shapes whose name holds this")
    asked = parser.parse_args()
    random, rows = np.random.default_rng(0), []
    for label, images_shape, weight_shape, options in SHAPES:
        if asked.only not in label:
            continue
        images, weight = (random.standard_normal(shape, dtype=np.float32) for shape in (images_shape, weight_shape))
        step = training(trainer, images, weight, options)
        steps = {"trainer": step}
        steps |= {way: by(module, step) for way, module in WAYS.items() if usable(way, weight_shape, options)}
        if torch is not None:
            steps["PyTorch"] = training(torch, images, weight, options)
        took = medians(steps, asked.repeats)
        cells = [f"{took[name]:.1f}" if name in took else "" for name in ("trainer", *WAYS, "PyTorch")]
        rows.append([label, *cells, f"{took['trainer'] / took['PyTorch']:.2f}" if torch is not None else ""])
    title = f"Convolution, forward and gradients in ms, {THREADS} threads, NumPy {np.__version__}; {report.machine()}"
    report.show(title, rows, ["", "trainer", *WAYS, "PyTorch", "ratio"])


if __name__ == "__main__":
    main()
