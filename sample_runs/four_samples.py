"""The smallest network that has something to find out: two layers of sigmoids and four samples.

    python -m sample_runs.four_samples --logdir runs

The output is the exclusive or of the first two inputs; the third is always 1 and stands in for a bias. No layer could
do it alone: the hidden one has to find features of its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

import tracker
import trainer
from trainer import Tensor

X = Tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
Y = Tensor([[0.0], [1.0], [1.0], [0.0]])
HIDDEN = 4
LEARNING_RATE = 1.0


def train(seed: int, iterations: int, report: Callable[[int, float, list[float]], None] | None = None) -> list[float]:
    """Plain gradient descent on the sum of squares; the four predictions at the end.

    Args:
        seed: For the first weights, uniform in [0, 1).
        iterations: How many steps.
        report: Called after each with its number from 1, the loss and the predictions it was computed from.
    """
    trainer.manual_seed(seed)
    w1 = trainer.rand(3, HIDDEN, requires_grad=True)
    w2 = trainer.rand(HIDDEN, 1, requires_grad=True)
    optimizer = trainer.optim.SGD([w1, w2], lr=LEARNING_RATE)

    for step in range(1, iterations + 1):
        prediction = ((X @ w1).sigmoid() @ w2).sigmoid()
        loss = ((Y - prediction) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if report is not None:
            report(step, loss.item(), prediction.flatten().tolist())

    return list(np.ravel(((X @ w1).sigmoid() @ w2).sigmoid().numpy()))


def main(logdir: str = "runs", iterations: int = 1500, name: str | None = None, seed: int = 0) -> list[float]:
    """Trains, logs loss and predictions of every step to `logdir`, and gives the predictions at the end."""
    config = {"iterations": iterations, "seed": seed, "lr": LEARNING_RATE, "hidden": HIDDEN}
    with tracker.init(logdir=logdir, name=name or "four_samples", config=config) as run:

        def report(step: int, loss: float, predictions: list[float]) -> None:
            values = {f"prediction/{i}": p for i, p in enumerate(predictions, 1)}
            run.log({"train/loss": loss, **values}, step=step)

        predictions = train(seed, iterations, report)
    print("predictions", *(f"{p:.3f}" for p in predictions), "for targets", *Y.flatten().tolist())
    return predictions


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", default="runs")
    parser.add_argument("--iterations", type=int, default=1500)
    parser.add_argument("--name")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    main(given.logdir, given.iterations, given.name, given.seed)
