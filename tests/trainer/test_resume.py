"""A training that is interrupted and resumed is the one that was not, bit for bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
import trainer
from trainer import CheckpointError, History, nn, optim
from trainer.callbacks import Callback, EarlyStopping, ModelCheckpoint, ScheduleCallback
from trainer.data import DataLoader
from trainer.loop import Loop, fit

ROOT = Path(__file__).parents[2]
RANDOM = np.random.default_rng(1)
X = RANDOM.standard_normal((60, 4)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64)
STEPS = 4  # an epoch


class Interrupt(Callback):
    """Presses Ctrl-C while an update is made."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_backward(self, loop: Loop) -> None:
        if loop.step == self.step:
            os.kill(os.getpid(), signal.SIGINT)


def train(
    *extra: Callback, seed: int | None = 3, epochs: int = 5, resume: Any = None, patience: int = 9
) -> tuple[nn.Module, optim.Optimizer, History]:
    """Everything that has a state: dropout, running statistics, Adam, a schedule, early stopping, a shuffle."""
    trainer.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 2))
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    schedule = ScheduleCallback(optim.CosineAnnealingLR(optimizer, 5 * STEPS), every="step")
    history = fit(
        model,
        DataLoader((X, Y), 15, shuffle=True, seed=seed),
        nn.CrossEntropyLoss(),
        optimizer,
        epochs,
        validation=DataLoader((X, Y), 30),
        metrics="accuracy",
        callbacks=[*extra, EarlyStopping(patience=patience), schedule],
        progress=False,
        resume=resume,
    )
    return model, optimizer, history


def same(ours: Any, theirs: Any) -> bool:
    """Equal to the last bit, all the way down."""
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, (list, tuple)):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return np.array_equal(ours, theirs, equal_nan=isinstance(ours, float))


@pytest.mark.parametrize("seed", [3, None], ids=["seeded loader", "shared generator"])
@pytest.mark.parametrize("step", [1, 6, 2 * STEPS, 5 * STEPS - 1])
def test_resumed_after_ctrl_c_it_is_the_uninterrupted_training(step: int, seed: int | None, tmp_path: Path) -> None:
    """Weights, optimizer, learning rate and history, wherever it was left: within an epoch or at its end (issue 4)."""
    model, optimizer, history = train(seed=seed)
    path = tmp_path / "training.npz"
    *_, first = train(ModelCheckpoint(path), Interrupt(step), seed=seed)
    assert first.interrupted
    assert trainer.load(path)["step"] == step
    again, its_optimizer, its_history = train(ModelCheckpoint(path), seed=seed, resume=path)
    assert same(again.state_dict(), model.state_dict())
    assert same(its_optimizer.state_dict(), optimizer.state_dict())
    assert same(its_history, history)
    assert not its_history.interrupted


def test_an_epoch_is_added_to_a_training_that_was_complete(tmp_path: Path) -> None:
    """From the checkpoint of an epoch's end, in memory."""
    path = tmp_path / "{epoch}.npz"
    model, _, history = train()
    train(ModelCheckpoint(path), epochs=3)
    again, _, its_history = train(resume=trainer.load(tmp_path / "3.npz"))
    assert same(again.state_dict(), model.state_dict())
    assert same(its_history, history)
    unchanged, _, nothing_new = train(resume=tmp_path / "3.npz", epochs=3)
    assert len(nothing_new["loss"]) == 3
    assert unchanged is not again


def test_early_stopping_counts_on_and_an_end_stays_the_end(tmp_path: Path) -> None:
    """Patience is not given anew, and the best epoch is still known."""
    path = tmp_path / "training.npz"

    class Worse(Callback):
        def on_epoch_end(self, loop: Loop) -> None:
            loop.logs["val_loss"] = float(loop.epoch)

    model, _, history = train(Worse(), patience=2)
    assert len(history["loss"]) == 3
    train(Worse(), ModelCheckpoint(path), epochs=2, patience=2)
    again, _, its_history = train(Worse(), ModelCheckpoint(path), resume=path, patience=2)
    assert len(its_history["loss"]) == 3
    assert same(again.state_dict(), model.state_dict())
    *_, ended = train(Worse(), resume=path, patience=2)
    assert len(ended["loss"]) == 3


def test_checkpoints_may_be_more_frequent_than_epochs(tmp_path: Path) -> None:
    """For epochs of hours: a killed process loses minutes."""
    path = tmp_path / "training.npz"

    class Killed(Callback):
        def on_step_end(self, loop: Loop) -> None:
            if loop.step == 7:
                raise RuntimeError("power is gone")

    model, *_ = train()
    with pytest.raises(RuntimeError):
        train(ModelCheckpoint(path, every_steps=3), Killed())
    assert trainer.load(path)["step"] == 6
    again, *_ = train(resume=path)
    assert same(again.state_dict(), model.state_dict())
    with pytest.raises(trainer.ArgumentError, match="every_steps"):
        ModelCheckpoint(path, every_steps=0)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    """A model's state is no training; an epoch of another length cannot be gone on with."""
    path = tmp_path / "training.npz"
    trainer.save({"model": {}}, path)
    with pytest.raises(CheckpointError, match="a state without optimizer, epoch"):
        train(resume=path)
    with pytest.raises(FileNotFoundError):
        train(resume=tmp_path / "none.npz")
    train(ModelCheckpoint(path), Interrupt(6))
    model = nn.Sequential(nn.Linear(4, 2))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(CheckpointError, match="a loader of 4 batches"):
        fit(model, [(X, Y)], nn.CrossEntropyLoss(), optimizer, 9, progress=False, resume=path)
    with pytest.raises(CheckpointError, match="another model"):
        fit(model, [(X, Y)] * 4, nn.CrossEntropyLoss(), optimizer, 9, progress=False, resume=path)


def test_the_tracked_run_goes_back_to_the_checkpoint(tmp_path: Path) -> None:
    """tracker.init(resume=..., step=...): the steps after the checkpoint are replaced, the line is whole and equal."""
    path = tmp_path / "training.npz"

    def tracked(name: str, *extra: Callback, **options: Any) -> None:
        step = trainer.load(options["resume"])["step"] if "resume" in options else None
        with tracker.init(tmp_path / "runs", name, resume="allow", step=step) as run:
            train(trainer.TrackerCallback(run, heavy_every=0), *extra, **options)

    class Lose(Callback):
        """Ends the process's part after the checkpoint of step 8, as a kill would."""

        def on_step_end(self, loop: Loop) -> None:
            if loop.step == 11:
                raise RuntimeError("killed")

    tracked("whole")
    with pytest.raises(RuntimeError):
        tracked("broken", ModelCheckpoint(path), Lose())
    tracked("broken", ModelCheckpoint(path), resume=path)
    store = tracker.open(tmp_path / "runs")
    for tag in ("train/loss", "train/accuracy", "lr", "val/loss"):
        whole, broken = (store.run(name).scalars(tag) for name in ("whole", "broken"))
        assert broken.step.tolist() == whole.step.tolist()
        assert broken.value.tolist() == whole.value.tolist()


CODE = """
import sys, numpy as np, trainer
from trainer import nn, optim
from trainer.callbacks import Callback, ModelCheckpoint, Pace
from trainer.loop import fit

class Say(Callback):
    def on_step_end(self, loop):
        print(loop.step, flush=True)

model = nn.Sequential(nn.Linear(2, 2))
loader = [(np.ones((4, 2), "float32"), np.zeros(4, int))] * 1000
fit(model, loader, nn.CrossEntropyLoss(), optim.Adam(model.parameters()), 9,
    callbacks=[Pace(200), Say(), ModelCheckpoint(sys.argv[1])])
"""


def test_ctrl_c_in_a_terminal_leaves_a_checkpoint_to_go_on_from(tmp_path: Path) -> None:
    """A process of its own, the signal of the keyboard, and no traceback."""
    path = tmp_path / "training.npz"
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    while process.stdout.readline().strip() != "5":
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    assert "stopped by Ctrl-C" in errors
    assert "Traceback" not in errors
    last = int(told.split()[-1]) if told.split() else 5
    state = trainer.load(path)
    assert state["step"] == last
    model = nn.Sequential(nn.Linear(2, 2))
    loader = [(np.ones((4, 2), np.float32), np.zeros(4, int))] * 1000
    optimizer = optim.Adam(model.parameters())
    history = fit(model, loader, nn.CrossEntropyLoss(), optimizer, 1, progress=False, resume=path)
    assert len(history["loss"]) == 1
