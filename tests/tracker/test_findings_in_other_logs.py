"""Findings in the logs of other schools: other names, steps, units and losses neither hide a fault nor make one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from faulty_logs import FAULTY, learns_a_little, waits_for_its_data
from healthy_logs import HEALTHY, Logs, Random, keras_epochs
from made_trainings import training

from tracker.findings.examine import examine
from tracker.findings.finding import Finding

SEEDS = range(3)
NAMES = ("train_loss", "val_loss", "train_acc", "val_acc", "lr")
SCHOOLS = {
    "TensorBoard": ("Loss/train", "Loss/test", "Accuracy/train", "Accuracy/test", "LR"),
    "Keras": ("epoch_loss", "epoch_val_loss", "epoch_accuracy", "epoch_val_accuracy", "epoch_learning_rate"),
    "Keras with val_": ("loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"),
    "Lightning": ("train_loss_epoch", "val_loss", "train_acc_epoch", "val_acc", "lr-AdamW"),
    "Hugging Face": ("train/loss", "eval/loss", "train/accuracy", "eval/accuracy", "train/learning_rate"),
    "timm": ("train_loss", "eval_loss", "train_top1", "eval_top1", "lr"),
    "fastai": ("train_loss", "valid_loss", "train_accuracy", "valid_accuracy", "lr_0"),
    "Ignite": ("training/loss", "validation/loss", "training/accuracy", "validation/accuracy", "lr/group_0"),
    "camel": ("trainLoss", "valLoss", "trainAcc", "valAcc", "learningRate"),
}


def loud(logs: Logs) -> list[Finding]:
    """Warnings and errors of such a run, after all detectors were asked and none raised."""
    curves, config = logs
    failed: dict[str, Exception] = {}
    found = examine(training(curves, config), failed)
    assert failed == {}
    return [each for each in found if each.severity != "info"]


def renamed(logs: Logs, school: str) -> Logs:
    """With the names of a school."""
    names = dict(zip(NAMES, SCHOOLS[school], strict=True))
    return {names[tag]: values for tag, values in logs[0].items()}, logs[1]


def at_steps(logs: Logs, change: Callable[[Any], Any]) -> Logs:
    """With other steps; a value without one has its place."""
    changed = {}
    for tag, given in logs[0].items():
        steps, values = given if isinstance(given, tuple) else (np.arange(len(given)), given)
        changed[tag] = change(np.asarray(steps)), values
    return changed, logs[1]


STEPS: dict[str, Callable[[Any], Any]] = {
    "from one": lambda steps: steps + 1,
    "each fifty, the last of them": lambda steps: steps * 50 + 49,
    "in thousands": lambda steps: steps * 1000,
    "far on": lambda steps: steps + 2_000_000,
}


def learns_well(random: Random) -> Logs:
    """A plain one, by the names that are changed."""
    curves, _ = keras_epochs(random)
    given = ("epoch_loss", "epoch_val_loss", "epoch_accuracy", "epoch_val_accuracy", "epoch_learning_rate")
    return {name: curves[tag] for name, tag in zip(NAMES, given, strict=True)}, {}


def stays_at_chance(random: Random) -> Logs:
    """Nothing is learned for 40 epochs."""
    n = 40
    return {
        "train_loss": 2.3026 + 0.002 * random.standard_normal(n), "val_loss": 2.3027 + 0.002 * random.standard_normal(n),
        "train_acc": 0.1 + 0.003 * random.standard_normal(n), "val_acc": 0.1 + 0.003 * random.standard_normal(n),
        "lr": np.full(n, 1e-3),
    }, {}  # fmt: skip


PLAIN: tuple[tuple[Callable[[Random], Logs], set[str]], ...] = (
    (learns_well, set()), (learns_a_little, {"overfitting"}), (stays_at_chance, {"plateau"}),
)  # fmt: skip


COUNTED = [each for each in FAULTY if each[0] is not waits_for_its_data]
"""What it waits is told by the clock, and how many steps went by meanwhile."""


@pytest.mark.parametrize("make", HEALTHY, ids=lambda make: make.__name__)
def test_nothing_is_said_aloud_of_a_healthy_log(make: Callable[[Random], Logs]) -> None:
    """Whoever logged it."""
    for seed in SEEDS:
        assert loud(make(np.random.default_rng(seed))) == []


@pytest.mark.parametrize(("make", "kinds"), FAULTY, ids=[make.__name__ for make, _ in FAULTY])
def test_the_fault_is_said_first_and_aloud(make: Callable[[Random], Logs], kinds: tuple[str, ...]) -> None:
    """Whatever the loss is called and however often it was logged."""
    for seed in SEEDS:
        said = [each.kind for each in loud(make(np.random.default_rng(seed)))]
        assert said
        assert said[0] in kinds


@pytest.mark.parametrize(("make", "kinds"), PLAIN, ids=[make.__name__ for make, _ in PLAIN])
@pytest.mark.parametrize("school", SCHOOLS)
def test_a_name_decides_nothing(make: Callable[[Random], Logs], kinds: set[str], school: str) -> None:
    """Each school's names, accuracies as shares and in percent."""
    logs, settings = renamed(make(np.random.default_rng(3)), school)
    percent = {tag: np.asarray(v) * 100 if tag in SCHOOLS[school][2:4] else v for tag, v in logs.items()}
    assert {each.kind for each in loud((logs, settings))} == kinds
    assert {each.kind for each in loud((percent, settings))} == kinds


@pytest.mark.parametrize("form", STEPS)
@pytest.mark.parametrize(
    ("make", "kinds"), [*PLAIN, *((make, {*kinds}) for make, kinds in COUNTED)],
    ids=[make.__name__ for make, _ in (*PLAIN, *COUNTED)],
)  # fmt: skip
def test_how_steps_are_counted_decides_nothing(make: Callable[[Random], Logs], kinds: set[str], form: str) -> None:
    """By batches, by epochs, by samples, from a checkpoint on."""
    said = {each.kind for each in loud(at_steps(make(np.random.default_rng(4)), STEPS[form]))}
    assert said <= kinds
    assert bool(said) == bool(kinds)


@pytest.mark.parametrize("side", ["train", "val"])
@pytest.mark.parametrize("seed", SEEDS)
def test_half_of_a_healthy_log_is_healthy(side: str, seed: int) -> None:
    """Only the training was logged, or only the validation."""
    curves, settings = learns_well(np.random.default_rng(seed))
    assert loud(({tag: values for tag, values in curves.items() if tag.startswith(side)}, settings)) == []
