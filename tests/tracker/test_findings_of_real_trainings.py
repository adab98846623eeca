"""Small trainings by the trainer: faults of their dynamics are found in what was logged, and nothing without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
import trainer
from tracker.findings.finding import Finding

random = np.random.default_rng(0)
CENTRES = random.standard_normal((4, 12))
LABELS = random.integers(0, 4, 512)
POINTS = (CENTRES[LABELS] + 0.7 * random.standard_normal((512, 12))).astype(np.float32)


def network() -> Any:
    """Two layers, from the same weights each time."""
    trainer.manual_seed(1)
    layers = trainer.nn
    return layers.Sequential({"fc": layers.Linear(12, 24), "act": layers.ReLU(), "out": layers.Linear(24, 4)})


def fit(run: Any, model: Any, optimizer: Any, *, order: Any = None, epochs: int = 8, **options: Any) -> None:
    """Trains on the points, in a new order each epoch or always in this one."""
    chosen = slice(None) if order is None else order
    loader = trainer.data.DataLoader((POINTS[chosen][:448], LABELS[chosen][:448]), 16, shuffle=order is None, seed=2)
    trainer.fit(
        model, loader, trainer.nn.CrossEntropyLoss(), optimizer, epochs, progress=False, metrics="accuracy",
        validation=trainer.data.DataLoader((POINTS[448:], LABELS[448:]), 64),
        callbacks=[trainer.TrackerCallback(run, heavy_every=20, max_overhead=None)], **options,
    )  # fmt: skip


def loud(folder: Path, name: str = "run") -> dict[str, Finding]:
    """The findings that are more than information, by kind."""
    found = tracker.open(folder).run(name).findings()
    return {finding.kind: finding for finding in found if finding.severity != "info"}


@pytest.mark.parametrize("rate", [1e-3, 3e-3, 1e-2])
def test_an_ordinary_training_has_no_finding_of_these(tmp_path: Path, rate: float) -> None:
    """Adam at its usual rates."""
    with tracker.init(logdir=tmp_path, name="run", config={"optimizer": "Adam", "lr": rate}) as run:
        model = network()
        fit(run, model, trainer.optim.Adam(model.parameters(), lr=rate))
    assert loud(tmp_path) == {}


def test_a_rate_a_thousand_times_too_high_is_found(tmp_path: Path) -> None:
    """And is named first."""
    with tracker.init(logdir=tmp_path, name="run", config={"optimizer": "Adam", "lr": 3.0}) as run:
        model = network()
        fit(run, model, trainer.optim.Adam(model.parameters(), lr=3.0))
    assert "lr_too_high" in loud(tmp_path)


def test_a_rate_a_thousand_times_too_low_is_found(tmp_path: Path) -> None:
    """By the length of its steps."""
    with tracker.init(logdir=tmp_path, name="run", config={"optimizer": "Adam", "lr": 3e-6}) as run:
        model = network()
        fit(run, model, trainer.optim.Adam(model.parameters(), lr=3e-6))
    assert "lr_too_low" in loud(tmp_path)


def test_samples_sorted_by_class_are_found(tmp_path: Path) -> None:
    """By what the loss does in each epoch, or by the labels that were counted."""
    with tracker.init(logdir=tmp_path, name="run") as run:
        model = network()
        fit(run, model, trainer.optim.Adam(model.parameters(), lr=1e-2), order=np.argsort(LABELS, kind="stable"))
    assert "unshuffled_data" in loud(tmp_path)


def test_weights_that_were_not_loaded_are_found_at_the_resume(tmp_path: Path) -> None:
    """At the step after the resume."""
    for part in range(2):
        with tracker.init(logdir=tmp_path, name="run", resume="allow") as run:
            model = network()
            optimizer = trainer.optim.Adam(model.parameters(), lr=1e-2)
            losses = []
            for start in range(0, 512, 4):
                x, y = trainer.Tensor(POINTS[start : start + 4]), trainer.Tensor(LABELS[start : start + 4])
                loss = trainer.nn.CrossEntropyLoss()(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(float(loss.item()))
            for step, value in enumerate(losses, 128 * part):
                run.log({"loss": value}, step=step)
    assert loud(tmp_path)["resume_jump"].step == 128
