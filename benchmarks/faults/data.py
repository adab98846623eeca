"""Data: small sets to learn from and to validate with, float32 inputs and int64 labels or float32 targets."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]

Pair = tuple[Any, Any]


def split(x: Any, y: Any, random: np.random.Generator, held: float = 0.25) -> tuple[Pair, Pair]:
    """Both in a new order, and a part of them held back."""
    order = random.permutation(len(y))
    n = int(len(y) * held)
    return (x[order[n:]], y[order[n:]]), (x[order[:n]], y[order[:n]])


@cache
def _digits() -> Pair:
    with np.load(ROOT / "sample_runs" / "data" / "digits.npz") as file:
        return file["images"].astype(np.float32) / 16, file["labels"].astype(np.int64)


def digits(random: np.random.Generator, n: int | None = 800, image: bool = False) -> tuple[Pair, Pair]:
    """Handwritten digits (N, 64) or (N, 1, 8, 8) between 0 and 1; `n` of them to learn from."""
    images, labels = _digits()
    x = images[:, None] if image else images.reshape(len(images), -1)
    (a, b), held = split(x, labels, random)
    return (a[:n], b[:n]), held


def clusters(
    random: np.random.Generator, classes: int = 4, features: int = 12, n: int = 900, spread: float = 1.0
) -> tuple[Pair, Pair]:
    """Points (N, features) around two centres for each class, so that no straight line parts them."""
    centres = random.normal(0, 2.0, (classes, 2, features))
    y = random.integers(0, classes, n)
    x = centres[y, random.integers(0, 2, n)] + random.normal(0, spread, (n, features))
    return split(x.astype(np.float32), y.astype(np.int64), random)


def waves(random: np.random.Generator, features: int = 6, n: int = 800, noise: float = 0.1) -> tuple[Pair, Pair]:
    """A smooth function of standard normal features, targets (N, 1) of mean 0 and variance about 1."""
    x = random.normal(0, 1, (n, features))
    w = random.normal(0, 1, (features, 3)) / features**0.5
    y = np.sin(2 * x @ w[:, :1]) + x @ w[:, 1:2] - 0.5 * (x @ w[:, 2:]) ** 2
    y = (y - y.mean()) / y.std() + random.normal(0, noise, y.shape)
    return split(x.astype(np.float32), y.astype(np.float32), random)


@cache
def _letters() -> tuple[Any, int]:
    text = "".join((ROOT / "docs" / name).read_text() for name in ("trainer.md", "machines.md")).lower()
    text = "".join(c for c in text if c.isascii() and (c.isalpha() or c in " .,\n"))
    alphabet = {c: i for i, c in enumerate(sorted(set(text)))}
    return np.array([alphabet[c] for c in text], dtype=np.int64), len(alphabet)


def letters(random: np.random.Generator, n: int, length: int) -> tuple[Any, Any, int]:
    """Stretches (n, length) of this project's documents as numbers of letters, the letter after each, and how many
    letters there are."""
    codes, size = _letters()
    starts = random.integers(0, len(codes) - length - 1, n)
    rows = codes[starts[:, None] + np.arange(length + 1)]
    return rows[:, :-1], rows[:, 1:], size


def batches(pair: Pair, size: int, random: np.random.Generator | None) -> Any:
    """An epoch of (inputs, targets), in a new order where there is a generator."""
    n = len(pair[1])
    order = np.arange(n) if random is None else random.permutation(n)
    for at in range(0, n, size):
        chosen = order[at : at + size]
        yield pair[0][chosen], pair[1][chosen]
