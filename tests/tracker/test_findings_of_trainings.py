"""Findings of real trainings, a few hundred steps long: what was done wrong is named, and nothing where all is well."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tracker
import trainer
from trainer import nn
from trainer.data import DataLoader

KINDS = {
    "overfitting", "memorizing_labels", "label_leakage", "split_mixup", "class_collapse", "train_eval_mode",
    "wrong_loss", "data_starvation", "unnormalized_input",
}  # fmt: skip

Pair = tuple[np.ndarray, np.ndarray]


def clusters(random: np.random.Generator, count: int, spread: float = 1.4) -> Pair:
    """Ten classes in 16 dimensions that touch."""
    centers = np.random.default_rng(0).normal(0, 1, (10, 16))
    y = random.integers(0, 10, count)
    return (centers[y] + spread * random.normal(0, 0.5, (count, 16))).astype(np.float32), y


def network(hidden: int = 32, dropout: float = 0.0, probabilities: bool = False) -> nn.Sequential:
    parts: dict[str, nn.Module] = {"fc1": nn.Linear(16, hidden), "act1": nn.ReLU()}
    if dropout:
        parts["drop"] = nn.Dropout(dropout)
    parts["out"] = nn.Linear(hidden, 10)
    if probabilities:
        parts["softmax"] = nn.Softmax(1)
    return nn.Sequential(parts)


def said(folder: Path, model: nn.Module, train: Pair, val: Pair, epochs: int, lr: float = 3e-3) -> set[str]:
    """Kinds of warnings and errors, of those that this file is about, after a training with Adam."""
    run = tracker.init(logdir=folder, name="run")
    trainer.fit(
        model, DataLoader(train, 32, shuffle=True, seed=0), nn.CrossEntropyLoss(),
        trainer.optim.Adam(model.parameters(), lr=lr), epochs, validation=DataLoader(val, 256), metrics="accuracy",
        callbacks=[trainer.TrackerCallback(run, heavy_every=20, max_overhead=None)], progress=False,
    )  # fmt: skip
    tracker.finish()
    found = tracker.open(folder).run("run").findings()
    return {each.kind for each in found if each.severity != "info"} & KINDS


@pytest.fixture
def random() -> np.random.Generator:
    trainer.manual_seed(0)
    return np.random.default_rng(1)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_training_that_learns_has_nothing(tmp_path: Path, random: np.random.Generator, dropout: float) -> None:
    assert said(tmp_path, network(dropout=dropout), clusters(random, 800), clusters(random, 200), 8) == set()


def test_few_samples_learnt_by_heart(tmp_path: Path, random: np.random.Generator) -> None:
    x, y = clusters(random, 60, 2.5)
    y = np.where(random.random(60) < 0.2, random.integers(0, 10, 60), y)
    assert said(tmp_path, network(128), (x, y), clusters(random, 300, 2.5), 80) == {"overfitting"}


def test_labels_that_say_nothing(tmp_path: Path, random: np.random.Generator) -> None:
    x, y = clusters(random, 128)
    labels = random.permutation(y)
    assert said(tmp_path, network(128), (x, labels), clusters(random, 300), 60) == {"memorizing_labels"}


def test_softmax_twice(tmp_path: Path, random: np.random.Generator) -> None:
    model = network(64, probabilities=True)
    assert said(tmp_path, model, clusters(random, 640), clusters(random, 200), 25, 1e-2) == {"wrong_loss"}


def test_inputs_of_another_scale(tmp_path: Path, random: np.random.Generator) -> None:
    train, val = (((x * 300).astype(np.float32), y) for x, y in (clusters(random, 400), clusters(random, 100)))
    assert "unnormalized_input" in said(tmp_path, network(), train, val, 5)


def test_inputs_that_are_nothing_at_all(tmp_path: Path, random: np.random.Generator) -> None:
    train, val = clusters(random, 400), clusters(random, 100)
    train, val = ((x * 0, np.where(y < 7, 0, y)) for x, y in (train, val))
    assert "class_collapse" in said(tmp_path, network(), train, val, 12)
