"""A training in several processes whose gradients are summed up by whoever started them, over their pipes.

As a script it is one rank: it reads and writes arrays, and at its end says what it did at each step. `alone` does the
same in one process, with the learning rates written down.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
SIZE, FIRST_LR = 16, 1e-3
N_BYTES = (SIZE + 1) * 8


class Shard:
    """A part of the data, and a gradient of it: logistic regression."""

    def __init__(self, rank: int) -> None:
        self._random = np.random.default_rng(rank)
        self._truth = np.random.default_rng(99).normal(size=SIZE)

    def gradient(self, w: Vector) -> Vector:
        """The loss of the next batch, and its gradient: (1 + SIZE,)."""
        x = self._random.normal(size=(8, SIZE))
        y = x @ self._truth > 0
        p = 1 / (1 + np.exp(-(x @ w)))
        loss = -np.log(np.where(y, p, 1 - p)).mean()
        return np.concatenate([[loss], x.T @ (p - y) / len(y)])


def alone(lrs: Iterator[float], ranks: int) -> Iterator[float]:
    """The losses of a training whose learning rates are those."""
    shards = [Shard(rank) for rank in range(ranks)]
    w = np.zeros(SIZE)
    for lr in lrs:
        total = summed([shard.gradient(w) for shard in shards])
        w -= lr * total[1:]
        yield float(total[0])


def summed(parts: list[Vector]) -> Vector:
    """Added up in the order of the ranks, as floating point has it."""
    total = np.zeros(SIZE + 1)
    for part in parts:
        total += part
    return total


def train(logdir: str, exchange: Callable[[Vector], Vector], rank: int) -> dict[str, list[float]]:
    """Until somebody presses Stop on the page."""
    import patience

    import tracker

    patience.begin()
    run = tracker.init(logdir=logdir, name="ranks", machine=False)
    lr = run.control("lr", FIRST_LR, low=1e-6, high=10.0, log=True)
    evaluated: list[float] = []
    w = np.zeros(SIZE)
    shard = Shard(rank)
    losses, lrs = [], []

    @run.action("evaluate")
    def evaluate() -> None:
        evaluated.append(len(losses) - 1)

    while not run.should_stop:
        total = exchange(shard.gradient(w))
        w -= lr.value * total[1:]
        losses.append(float(total[0]))
        lrs.append(lr.value)
        run.log({"loss": losses[-1]})
    run.finish()
    return {"losses": losses, "lrs": lrs, "evaluated": evaluated}


if __name__ == "__main__":

    def exchange(part: Vector) -> Vector:
        sys.stdout.buffer.write(b"g" + part.tobytes())
        sys.stdout.buffer.flush()
        return np.frombuffer(sys.stdin.buffer.read(N_BYTES))

    said = json.dumps(train(sys.argv[1], exchange, int(sys.argv[2]))).encode()
    sys.stdout.buffer.write(b"e" + len(said).to_bytes(8, "big") + said)
    sys.stdout.buffer.flush()
