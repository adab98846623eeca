"""The exclusive or, with layers and `fit()`: what `four_samples` does by hand.

    python -m sample_runs.xor --logdir runs

One linear layer cannot do it. Two with a bend between them can, and the bends are in `weights/hidden.weight`.
"""

from __future__ import annotations

import argparse

import numpy as np

import tracker
import trainer
from trainer import nn

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
Y = np.array([[0], [1], [1], [0]], np.float32)


def main(logdir: str = "runs", epochs: int = 400, name: str | None = None, seed: int = 0) -> list[float]:
    """Trains, logs to `logdir`, and gives the four probabilities of a yes."""
    trainer.manual_seed(seed)
    model = nn.Sequential({"hidden": nn.Linear(2, 8), "tanh": nn.Tanh(), "out": nn.Linear(8, 1)})
    optimizer = trainer.optim.Adam(model.parameters(), lr=0.05)
    config = {"epochs": epochs, "lr": 0.05, "seed": seed, "optimizer": "Adam"}
    with tracker.init(logdir=logdir, name=name or "xor", config=config) as run:
        watch = trainer.TrackerCallback(run, max_overhead=None)
        loss = nn.BCEWithLogitsLoss()
        model.fit([(X, Y)], loss, optimizer, epochs, metrics="accuracy", callbacks=[watch], progress=False)
    answers = trainer.sigmoid(trainer.tensor(model.predict(X))).numpy().ravel()
    print(*(f"{a:.0f} xor {b:.0f} = {answer:.3f}" for (a, b), answer in zip(X, answers, strict=True)), sep="\n")
    return [float(answer) for answer in answers]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", default="runs")
    parser.add_argument("--epochs", type=int, default=400)
    parser.add_argument("--name")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    main(given.logdir, given.epochs, given.name, given.seed)
