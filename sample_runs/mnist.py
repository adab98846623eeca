"""A convolutional network on MNIST digits: 5,000 of them, a fifth held back, more than 97 % of which it reads.

    python -m sample_runs.mnist --logdir runs

The images are `mnist/mnist_5k.csv.gz` (a row an image: 784 pixels from 0 to 255, then the label) in the folder that
`EVERYSTEP_REAL_DATA` names, or in `../shared/real_data` beside the project. Without the file the 8 x 8 digits that come
with the project take their place.
"""

from __future__ import annotations

import argparse
import gzip
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import tracker
import trainer
from sample_runs.digits import load_digits
from trainer import nn
from trainer.callbacks import Callback, ModelCheckpoint, ScheduleCallback
from trainer.data import DataLoader

FOLDER = Path(os.environ.get("EVERYSTEP_REAL_DATA") or Path(__file__).parents[2] / "shared" / "real_data")
FILE = FOLDER / "mnist" / "mnist_5k.csv.gz"
TEST_SHARE = 0.2
SAMPLES = 16

Split = tuple[tuple[Any, Any], tuple[Any, Any]]


def load_mnist(seed: int = 0, file: Path = FILE) -> Split:
    """Images (N, 1, H, W) between 0 and 1 with their labels, shuffled and split: to learn from, and to test."""
    if not file.is_file():
        return load_digits(seed)
    with gzip.open(file, "rt", encoding="ascii") as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.uint8)
    images = table[:, :784].reshape(-1, 1, 28, 28) / np.float32(255)
    labels = table[:, 784].astype(np.int64)
    order = np.random.default_rng(seed).permutation(len(labels))
    test, train = np.split(order, [int(TEST_SHARE * len(order))])
    return (images[train], labels[train]), (images[test], labels[test])


def make_model(side: int) -> nn.Sequential:
    """Two convolutions with batch norm, pooled, and two linear layers; for images of `side` x `side`."""
    return nn.Sequential(
        {
            "conv1": nn.Conv2d(1, 16, 3, padding=1),
            "norm1": nn.BatchNorm2d(16),
            "relu1": nn.ReLU(),
            "pool1": nn.MaxPool2d(2),
            "conv2": nn.Conv2d(16, 32, 3, padding=1),
            "norm2": nn.BatchNorm2d(32),
            "relu2": nn.ReLU(),
            "pool2": nn.MaxPool2d(2),
            "flatten": nn.Flatten(),
            "dropout": nn.Dropout(0.3),
            "linear1": nn.Linear(32 * (side // 4) ** 2, 128),
            "relu3": nn.ReLU(),
            "linear2": nn.Linear(128, 10),
        }
    )


def main(
    logdir: str = "runs",
    epochs: int = 8,
    name: str | None = None,
    seed: int = 0,
    *,
    checkpoint: str | None = None,
    resume: str | None = None,
    callbacks: Sequence[Callback] = (),
) -> float:
    """Trains, logs to `logdir`, and gives the share of held-back images that are read right.

    Args:
        logdir, epochs, name, seed: As in `digits`.
        checkpoint: A file to save the training to after every epoch and at Ctrl-C.
        resume: Such a file, to go on from; the tracked run goes back to its step.
        callbacks: More of them.
    """
    trainer.manual_seed(seed)
    train, test = load_mnist(seed)
    loader = DataLoader(train, 64, shuffle=True, seed=seed)
    model = make_model(train[0].shape[-1])
    optimizer = trainer.optim.AdamW(model.parameters(), lr=3e-3)
    schedule = trainer.optim.CosineAnnealingLR(optimizer, T_max=max(1, epochs * len(loader)))
    config = {"epochs": epochs, "batch_size": 64, "lr": 3e-3, "seed": seed, "optimizer": "AdamW"}
    print(model.summary(train[0][:1]))

    state = None if resume is None else trainer.load(resume)
    going_on = {} if state is None else {"resume": "must", "step": state["step"]}
    with tracker.init(logdir=logdir, name=name or "mnist", config=config, **going_on) as run:
        listeners = [
            trainer.TrackerCallback(run, samples=(test[0][:SAMPLES], test[1][:SAMPLES])),
            ScheduleCallback(schedule, every="step"),
            *callbacks,
        ]
        if checkpoint is not None:
            listeners.append(ModelCheckpoint(checkpoint))
        history = model.fit(
            loader,
            nn.CrossEntropyLoss(),
            optimizer,
            epochs,
            validation=DataLoader(test, batch_size=250),
            metrics="accuracy",
            callbacks=listeners,
            resume=state,
        )
        if history.interrupted:
            run.finish("stopped")
        right = model.evaluate(DataLoader(test, batch_size=250), metrics="accuracy")["accuracy"]
    print(f"{right:.1%} of {len(test[1])} held-back images read right; logged to {run.logdir}/{run.name}")
    return right


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", default="runs")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--name")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", metavar="FILE", help="save the training here after every epoch and at Ctrl-C")
    parser.add_argument("--resume", metavar="FILE", help="go on from such a file")
    given = parser.parse_args()
    main(given.logdir, given.epochs, given.name, given.seed, checkpoint=given.checkpoint, resume=given.resume)
