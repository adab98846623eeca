"""How fast the trainer is beside PyTorch and HIPS autograd: in one run, on two threads, taking turns, medians of many.

    python benchmarks/trainer_speed.py [--repeats 100]

Prints a table; a ratio below 1 means the trainer is faster than PyTorch. A library that is not installed (`pip install
torch autograd`) has an empty column; autograd has no convolution that a training could use. The peak memory of
a training step is measured in processes of their own, as the growth of the resident set above what was there before.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.beside_torch import THREADS, torch  # noqa: I001  # before NumPy

import numpy as np

import trainer
from benchmarks import report

try:
    import autograd
    import autograd.numpy as anp
except ImportError:
    autograd = None

RANDOM = np.random.default_rng(0)
MLP_X, MLP_Y = RANDOM.standard_normal((128, 784), dtype=np.float32), RANDOM.integers(0, 10, 128)
CNN_X, CNN_Y = RANDOM.standard_normal((64, 1, 28, 28), dtype=np.float32), RANDOM.integers(0, 10, 64)
LSTM_X, LSTM_Y = RANDOM.standard_normal((32, 32, 64), dtype=np.float32), RANDOM.integers(0, 10, 32)
BLOCK_X, BLOCK_Y = RANDOM.standard_normal((16, 64, 128), dtype=np.float32), RANDOM.integers(0, 10, 16)
CHAIN = 1000
BLOCK, WARM_UP = 20, 12  # measured: for ten steps after a change of library a step takes up to twice as long
MEMORY_STEPS = 5


def mlp(nn):
    """784-512-512-10."""
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))


def cnn(nn):
    """Two 3 x 3 convolutions of 16 and 32 filters, each with relu and pooling, then 128 and 10 units."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1568, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def lstm(nn):
    """An LSTM of 128 units over 32 steps of 64 features, and 10 classes from its last output."""

    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(64, 128, batch_first=True)
            self.head = nn.Linear(128, 10)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    return Last()


def transformer(nn):
    """One block of an encoder, 128 features and 4 heads, before it norms (Xiong et al. 2020), and 10 classes."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention_norm, self.mlp_norm = nn.LayerNorm(128), nn.LayerNorm(128)
            self.attention = nn.MultiheadAttention(128, 4, batch_first=True)
            self.mlp = nn.Sequential(nn.Linear(128, 512), nn.GELU(), nn.Linear(512, 128))
            self.head = nn.Linear(128, 10)

        def forward(self, x):
            z = self.attention_norm(x)
            x = x + self.attention(z, z, z, need_weights=False)[0]
            x = x + self.mlp(self.mlp_norm(x))
            return self.head(x.mean(1))

    return Block()


def training_step(library, make, x, y) -> Callable[[], None]:
    """Forward, backward and Adam, with trainer or torch: the same code for both."""
    model = make(library.nn)
    optimizer = library.optim.Adam(model.parameters())
    loss = library.nn.CrossEntropyLoss()
    x, y = library.from_numpy(x), library.from_numpy(y)

    def step() -> None:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    return step


def autograd_mlp_step() -> Callable[[], None]:
    """The step of `mlp` with HIPS autograd, and Adam in place as one would write it by hand."""
    shapes = (784, 512), (512, 512), (512, 10)
    weights = [RANDOM.standard_normal(shape, dtype=np.float32) / shape[0] ** 0.5 for shape in shapes]
    parameters = [x for w in weights for x in (w, np.zeros(w.shape[1], np.float32))]
    means, squares = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    rows, steps = np.arange(len(MLP_Y)), [0]

    def loss(p):
        h = anp.maximum(anp.dot(MLP_X, p[0]) + p[1], 0)
        h = anp.maximum(anp.dot(h, p[2]) + p[3], 0)
        z = anp.dot(h, p[4]) + p[5]
        z = z - anp.max(z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[rows, MLP_Y])

    gradient = autograd.value_and_grad(loss)

    def step() -> None:
        _, found = gradient(parameters)
        steps[0] += 1
        rate = 1e-3 * (1 - 0.999 ** steps[0]) ** 0.5 / (1 - 0.9 ** steps[0])
        for p, g, m, v in zip(parameters, found, means, squares, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= rate * m / (np.sqrt(v) + 1e-8)

    return step


def autograd_chain() -> Callable[[], object]:
    """The recurrence of `chain` with HIPS autograd, forward and back."""

    def forward(parameters):
        a, b = parameters
        z = a
        for _ in range(CHAIN):
            z = z * b + a
        return z

    gradient = autograd.grad(forward)
    return lambda: gradient((0.5, 0.25))


def chain(library) -> tuple[Callable[[], None], Callable[[], None]]:
    """A recurrence of scalar products and sums: recording it, and recording it and going back."""
    a, b = (library.tensor(v, requires_grad=True) for v in (0.5, 0.25))

    def forward():
        z = a
        for _ in range(CHAIN):
            z = z * b + a
        return z

    return forward, lambda: forward().backward()


def median_seconds(functions: list[Callable[[], object] | None], repeats: int) -> list[float | None]:
    """The median time of each function, in blocks that take turns, so that a busy moment of the machine hits all.

    In blocks and not call by call, because the threads of one library go on spinning for a while and would be in the
    other's way; the first calls of each block are left out for the same reason.
    """
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(max(1, repeats // BLOCK)):
        for function, seen in zip(functions, times, strict=True):
            for i in range(BLOCK + WARM_UP if function is not None else 0):
                start = time.perf_counter()
                function()
                if i >= WARM_UP:
                    seen.append(time.perf_counter() - start)
    return [statistics.median(seen) if seen else None for seen in times]


def peak_mebibytes(name: str) -> float | None:
    """Memory of a CNN training step of one library, in a process of its own; None without the library or Linux."""
    if (name == "torch" and torch is None) or not os.path.exists("/proc/self/clear_refs"):
        return None
    code = f"import sys; sys.argv = ['x']; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    code += f"import trainer_speed as t; t.print_peak(t.{name})"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def print_peak(library) -> None:
    """Prints by how much a few CNN steps raised the resident set, model and optimizer included, in MiB."""
    training_step(library, lambda nn: nn.Sequential(nn.Linear(784, 10)), MLP_X, MLP_Y)()  # loads what is loaded late
    Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is resident now
    before = _status("VmRSS")
    step = training_step(library, cnn, CNN_X, CNN_Y)
    for _ in range(MEMORY_STEPS):
        step()
    print((_status("VmHWM") - before) / 1024)


def _status(name: str) -> int:
    """A number of /proc/self/status, in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def row(
    label: str, unit: str, scale: float, ours: float | None, theirs: float | None, hips: float | None, bar: str = ""
) -> list[str]:
    """One line of the table: a bar that begins with "ratio" is one of ours to PyTorch's."""
    ratio = ours / theirs if ours is not None and theirs is not None else None
    seen = ratio if bar.startswith("ratio") else ours * scale if ours is not None else None
    verdict = report.verdict(seen, float(bar.rpartition(" ")[2])) if bar and seen is not None else ""
    cells = ["-" if each is None else f"{each * scale:.2f}" for each in (ours, theirs, hips)]
    return [f"{label}, {unit}", *cells, "-" if ratio is None else f"{ratio:.2f}", bar, verdict]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=100)
    repeats = parser.parse_args().repeats
    both = [trainer, torch]
    rows = []
    for label, make, x, y, bar in (
        ("MLP 784-512-512-10, batch 128, step with Adam", mlp, MLP_X, MLP_Y, "ratio ≤ 0.85"),
        ("CNN 28x28, batch 64, step with Adam", cnn, CNN_X, CNN_Y, "ratio ≤ 1.2"),
        ("LSTM 64-128, 32 steps, batch 32, with Adam", lstm, LSTM_X, LSTM_Y, "ratio ≤ 1.5"),
        ("Transformer block 128, T 64, batch 16, Adam", transformer, BLOCK_X, BLOCK_Y, "ratio ≤ 1.5"),
    ):
        steps = [training_step(library, make, x, y) if library is not None else None for library in both]
        steps.append(autograd_mlp_step() if autograd is not None and make is mlp else None)
        rows.append(row(label, "ms", 1e3, *median_seconds(steps, repeats), bar))
    chains = [chain(library) if library is not None else (None, None) for library in both]
    chains.append((None, autograd_chain() if autograd is not None else None))
    for i, label in enumerate(("scalar operation, recorded", "scalar operation, recorded and gone back")):
        times = median_seconds([c[i] for c in chains], repeats)
        rows.append(row(label, "µs", 1e6 / (2 * CHAIN), *times, "" if i else "≤ 3"))
    peaks = peak_mebibytes("trainer"), peak_mebibytes("torch"), None
    rows.append(row("CNN step, peak memory", "MiB", 1, *peaks, "ratio ≤ 1.5"))
    versions = f"NumPy {np.__version__}, PyTorch {torch.__version__ if torch else 'not installed'}"
    title = (
        f"Trainer beside PyTorch, {THREADS} threads, median of {repeats} taking turns, {versions}; {report.machine()}"
    )
    report.show(title, rows, ["", "trainer", "PyTorch", "autograd", "ratio", "bar", ""])


if __name__ == "__main__":
    main()
