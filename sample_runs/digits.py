"""Handwritten digits: a small convolutional network learns to read them, and everything it does is logged.

    python -m sample_runs.digits --logdir runs --epochs 20

Watch it with `viz serve --logdir runs`; with `--landscape` the page Paths shows, when it has learned, the way it took
through the landscape of the test loss. The images come with the project (see `data/LICENSE-digits.txt`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import tracker
import trainer
from trainer import nn
from trainer.callbacks import Callback, Pace, ScheduleCallback
from trainer.data import DataLoader
from trainer.loop import Loop

DATA = Path(__file__).parent / "data" / "digits.npz"
TEST_IMAGES = 360  # a fifth, held back
SAMPLES = 16  # of these, shown with what the network makes of them
MODEL_EVERY = 50  # steps between two versions of the network that the page *Try* can ask
PREPROCESS = {"size": [8, 8], "mode": "L", "layout": "NCHW", "resize": "area", "invert": True}  # ink is 1, paper 0


def load_digits(seed: int = 0) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Images (N, 1, 8, 8) between 0 and 1 with their labels, shuffled and split: to learn from, and to test."""
    with np.load(DATA) as file:
        images, labels = file["images"][:, None] / np.float32(16), file["labels"].astype(np.int64)
    order = np.random.default_rng(seed).permutation(len(labels))
    test, train = order[:TEST_IMAGES], order[TEST_IMAGES:]
    return (images[train], labels[train]), (images[test], labels[test])


def make_model() -> nn.Sequential:
    """Two convolutions and two linear layers: 13,706 numbers to learn."""
    return nn.Sequential(
        {
            "conv1": nn.Conv2d(1, 16, 3, padding=1),
            "relu1": nn.ReLU(),
            "pool1": nn.MaxPool2d(2),
            "conv2": nn.Conv2d(16, 32, 3, padding=1),
            "relu2": nn.ReLU(),
            "pool2": nn.MaxPool2d(2),
            "flatten": nn.Flatten(),
            "linear1": nn.Linear(128, 64),
            "relu3": nn.ReLU(),
            "dropout": nn.Dropout(0.25),
            "linear2": nn.Linear(64, 10),
        }
    )


@trainer.replayable
def training(epochs: int = 40, seed: int = 0, batch_size: int = 8, lr: float = 1e-3) -> trainer.Training:
    """All that decides about the result, so that `viz replay digits@300` can make it again; arguments as for `main`."""
    trainer.manual_seed(seed)
    train, test = load_digits(seed)
    loader = DataLoader(train, batch_size, shuffle=True, seed=seed)
    model = make_model()
    optimizer = trainer.optim.Adam(model.parameters(), lr=lr)
    schedule = trainer.optim.CosineAnnealingLR(optimizer, T_max=max(1, epochs * len(loader)))
    return trainer.Training(
        model,
        loader,
        nn.CrossEntropyLoss(),
        optimizer,
        epochs,
        validation=DataLoader(test, batch_size=TEST_IMAGES),
        metrics="accuracy",
        callbacks=[ScheduleCallback(schedule, every="step")],
    )


class ModelCallback(Callback):
    """Keeps a version of the network in its run every so many steps: it can be asked on the page *Try*."""

    def __init__(self, run: tracker.Run, every: int) -> None:
        self.run = run
        self.every = every

    def on_step_end(self, loop: Loop) -> None:
        if loop.step % self.every == 0 or loop.step == 1:
            self._log(loop)

    def on_fit_end(self, loop: Loop) -> None:
        self._log(loop)

    def _log(self, loop: Loop) -> None:
        self.run.log_model(
            loop.model,
            "digits",
            inputs={"image": (None, 1, 8, 8)},
            outputs={"scores": (None, 10)},
            classes=[str(digit) for digit in range(10)],
            preprocess=PREPROCESS,
            step=loop.step,
        )


def main(
    logdir: str = "runs",
    epochs: int = 40,
    name: str | None = None,
    seed: int = 0,
    *,
    batch_size: int = 8,
    lr: float = 1e-3,
    pace: float | None = None,
    landscape: bool = False,
    record: str = "last",
    callbacks: Sequence[Callback] = (),
) -> float:
    """Trains, logs to `logdir`, and gives the share of test images that are read right.

    Args:
        logdir: Where the run is stored.
        epochs: How many times to go through the 1,437 images to learn from.
        name: The run's name; None for "digits".
        seed: Makes split, weights and shuffling repeatable.
        batch_size: Images in a step.
        lr: The first learning rate; it falls to 0 along half a cosine.
        pace: Steps per second at most, to watch it learn; None for as fast as it goes.
        landscape: Lay out the test loss around the weights at the end, and the way to them; half a minute.
        record: "last" keeps the last steps for when something happens; with "run" each step can be replayed after it.
        callbacks: More of them.
    """
    made = training(epochs, seed, batch_size, lr)
    train, test = load_digits(seed)
    config = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "seed": seed, "optimizer": "Adam"}

    with tracker.init(logdir=logdir, name=name or "digits", config=config) as run:
        samples = (test[0][:SAMPLES], test[1][:SAMPLES])
        listeners = [
            trainer.TrackerCallback(run, samples=samples, max_overhead=None),  # being watched is what it is for
            trainer.RecorderCallback(run, made, keep=record),
            ModelCallback(run, MODEL_EVERY),
            *callbacks,
        ]
        if pace is not None:
            listeners.append(Pace(pace))
        if landscape:
            every = len(train[0]) // batch_size // 4 or 1
            listeners.append(trainer.LandscapeCallback(run, DataLoader(test, batch_size=TEST_IMAGES), every=every))
        history = made.fit(callbacks=listeners)
        if history.interrupted:
            run.finish("stopped")
        right = made.model.evaluate(DataLoader(test, batch_size=TEST_IMAGES), metrics="accuracy")["accuracy"]
    print(f"{right:.1%} of {TEST_IMAGES} test images read right; logged to {run.logdir}/{run.name}")
    return right


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", default="runs")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--name")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--pace", type=float, default=100.0, help="steps per second at most, 0 for no limit (default 100)"
    )
    parser.add_argument("--landscape", action="store_true", help="lay out the loss around the weights at the end")
    parser.add_argument("--record", action="store_true", help="keep what it takes to replay any of its steps")
    given = parser.parse_args()
    main(
        given.logdir,
        given.epochs,
        given.name,
        given.seed,
        pace=given.pace or None,
        landscape=given.landscape,
        record="run" if given.record else "last",
    )
