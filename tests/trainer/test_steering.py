"""A training of `trainer.fit` is steered from the page without a line of code, and what was done can be done again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from steering import ask, command

import tracker
import trainer
from sample_runs.digits import load_digits
from trainer import nn, optim
from trainer.callbacks import Callback, ModelCheckpoint, ScheduleCallback
from trainer.data import DataLoader


class At(Callback):
    """Does something at steps; what is given at the last one ends the training."""

    def __init__(self, **deeds: Callable[[Any], None]) -> None:
        self.deeds = {int(name.strip("_")): deed for name, deed in deeds.items()}
        self.losses: list[float] = []
        self.lrs: list[float] = []

    def on_step_end(self, loop: Any) -> None:
        self.losses.append(loop.logs["loss"])
        self.lrs.append(loop.optimizer.param_groups[0]["lr"])
        if loop.step in self.deeds:
            self.deeds[loop.step](loop)


class Hand(Callback):
    """Somebody who changes lr on the page, each time when the change before is seen; and twenty steps later has enough."""

    def __init__(self, folder: Path, *lrs: float) -> None:
        self.folder, self.lrs = folder, [*lrs]
        self.waiting = 0.0
        self.last = 0

    def on_step_end(self, loop: Any) -> None:
        seen = loop.optimizer.param_groups[0]["lr"]
        if self.waiting in (0.0, seen) and self.lrs:
            self.waiting = self.lrs.pop(0)
            ask(self.folder, "lr", self.waiting)
        elif self.waiting == seen and not self.last:
            self.last = loop.step + 20
        loop.stop = loop.stop or loop.step == self.last


def stop(loop: Any) -> None:
    loop.stop = True


def digits(run: tracker.Run, *callbacks: Callback, lr: float = 0.01) -> nn.Sequential:
    """A small network on real digits, the same one each time."""
    trainer.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.25), nn.Linear(32, 10))
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    loader = DataLoader(load_digits()[0], 32, shuffle=True, seed=0)
    watch = trainer.TrackerCallback(run, heavy_every=0, log_graph=False)
    trainer.fit(model, loader, nn.CrossEntropyLoss(), optimizer, 10_000, callbacks=[watch, *callbacks], progress=False)
    return model


def init(logdir: Path, name: str, **options: Any) -> tracker.Run:
    return tracker.init(logdir=logdir, name=name, machine=False, **options)


def test_a_replay_is_the_same_training_bit_for_bit(logdir: Path) -> None:
    """Changed by hand five times while it trains; then again by what was written down, and no one at the page."""
    by_hand, again = At(), At()
    with init(logdir, "by hand") as run:
        hand = Hand(run.folder, 0.05, 0.003, 0.2, 0.0007, 0.02)
        first = digits(run, by_hand, hand)
    with init(logdir, "again", replay="by hand") as run:
        second = digits(run, again, At(**{f"_{hand.last}": stop}))
    assert len(set(by_hand.lrs)) == 6
    assert again.lrs == by_hand.lrs
    assert again.losses == by_hand.losses
    for name, value in first.state_dict().items():
        assert np.array_equal(value, second.state_dict()[name]), name
    one, other = (tracker.open(logdir).run(name) for name in ("by hand", "again"))
    assert one.scalars("train/loss").value.tolist() == other.scalars("train/loss").value.tolist()
    told = [
        [(each.name, each.value, each.step, each.outcome, each.author) for each in run.commands()]
        for run in (one, other)
    ]
    assert told[0] == told[1]
    assert len(told[0]) == 5


def test_a_training_is_stopped_paused_and_let_go_on(logdir: Path) -> None:
    """By commands that come while it trains; the receipts say when."""
    with init(logdir, "a") as run:
        asked: list[str] = []

        def on_hold() -> None:
            if len(asked) == 1:
                asked.append(ask(run.folder, "paused", False))

        def pause(loop: Any) -> None:
            asked.append(ask(run.folder, "paused", True))
            run.controls.while_held = on_hold

        class Once(Callback):
            def on_step_end(self, loop: Any) -> None:
                if len(asked) == 2 and command(run, asked[1]).outcome == "applied":
                    asked.append(ask(run.folder, "stop"))

        digits(run, At(_3=pause), Once())
        found = [command(run, nonce) for nonce in asked]
    assert [each.outcome for each in found] == ["applied"] * 3
    assert found[0].step == found[1].step
    assert found[2].step == tracker.open(logdir).run("a").scalars("train/loss").step[-1]


def test_a_checkpoint_is_saved_between_two_steps(logdir: Path, tmp_path: Path) -> None:
    """As `ModelCheckpoint` would have saved it there: every callback has done what it does at that step."""

    class Schedule(ScheduleCallback):
        """Comes after the callback that logs."""

    def train(run: tracker.Run, *callbacks: Callback, resume: Any = None, epochs: int = 10_000) -> nn.Sequential:
        trainer.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        schedule = ScheduleCallback(optim.ExponentialLR(optimizer, 0.99), every="step")
        watch = trainer.TrackerCallback(run, heavy_every=0, log_graph=False)
        loader = DataLoader(load_digits()[0], 32, shuffle=True, seed=0)
        all_of_them = [watch, schedule, *callbacks]
        trainer.fit(
            model,
            loader,
            nn.CrossEntropyLoss(),
            optimizer,
            epochs,
            callbacks=all_of_them,
            progress=False,
            resume=resume,
        )
        return model

    with init(logdir, "a") as run:
        nonces: list[str] = []

        class Enough(Callback):
            def on_step_end(self, loop: Any) -> None:
                if nonces and command(run, nonces[0]).outcome == "done":
                    loop.stop = True

        train(run, At(_5=lambda loop: nonces.append(ask(run.folder, "checkpoint now"))), Enough())
        done = command(run, nonces[0])
    (path,) = (logdir / "a").glob("checkpoint-*.npz")
    assert path.name == f"checkpoint-{done.step}.npz"
    ours = trainer.load(path)
    with init(logdir, "b") as run:
        theirs_path = tmp_path / "theirs.npz"
        train(run, ModelCheckpoint(theirs_path, every_steps=int(done.step)), At(**{f"_{done.step}": stop}))
    theirs = trainer.load(theirs_path)
    for name, value in theirs["model"].items():
        assert np.array_equal(value, ours["model"][name])
    assert ours["optimizer"]["param_groups"] == theirs["optimizer"]["param_groups"]
    assert ours["callbacks"][1] == theirs["callbacks"][1]
    marks = [mark for mark in tracker.open(logdir).run("a").marks() if mark.kind == "checkpoint"]
    assert [(mark.step, mark.text) for mark in marks] == [(done.step, f"checkpoint {path.name}")]


def test_lr_scales_what_a_schedule_does_and_keeps_the_ratios(logdir: Path) -> None:
    """What is asked for is the rate of now; from there on it falls as it would have, times the same factor.

    What it replaced is the rate in force, and not the one that was asked for last.
    """
    trainer.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10), nn.Linear(10, 10))
    parts = [*model.children()]
    groups = [{"params": [*parts[1].parameters()], "lr": 0.1}, {"params": [*parts[2].parameters()], "lr": 0.01}]
    optimizer = optim.SGD(groups)
    schedule = ScheduleCallback(optim.LambdaLR(optimizer, lambda t: 1 / (1 + t)), every="step")
    rates: list[tuple[float, float]] = []
    with init(logdir, "a") as run:

        class Note(Callback):
            def on_step_end(self, loop: Any) -> None:
                rates.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[1]["lr"]))
                if loop.step == 3:
                    ask(run.folder, "lr", 0.5)
                if (lr := run.controls.offers["lr"]).since is not None and loop.step == lr.since + 3:
                    loop.stop = True

        watch = trainer.TrackerCallback(run, heavy_every=0, log_graph=False)
        loader = DataLoader(load_digits()[0], 32, seed=0)
        callbacks = [watch, schedule, Note()]
        trainer.fit(model, loader, nn.CrossEntropyLoss(), optimizer, 10_000, callbacks=callbacks, progress=False)
        (answer,) = run.commands()
    step = answer.step
    assert step is not None
    assert answer.old == pytest.approx(0.1 / (1 + step))
    (mark,) = (mark for mark in tracker.open(logdir).run("a").marks() if mark.kind == "control")
    assert mark.text == f"lr {answer.old:.6g} → 0.5"
    factor = 0.5 / (0.1 / (1 + step))
    for t, (first, second) in enumerate(rates, 1):
        now = factor if t > step else 1.0
        assert first == pytest.approx(0.1 / (1 + t) * now)
        assert second == pytest.approx(0.01 / (1 + t) * now)


def test_more_is_logged_for_some_steps(logdir: Path) -> None:
    """Histograms and lengths at each of them, without `heavy_every`."""
    with init(logdir, "a") as run:

        class More(Callback):
            def on_step_end(self, loop: Any) -> None:
                if loop.step == 2:
                    ask(run.folder, "log more", 3)
                more = run.controls.offers["log more"]
                if more.since is not None and loop.step == more.since + 6:
                    loop.stop = True

        digits(run, More())
        (answer,) = run.commands()
    found = tracker.open(logdir).run("a")
    step = answer.step
    assert step is not None
    assert found.histograms("gradients/1.weight").step.tolist() == [step + 1, step + 2, step + 3]
    assert found.scalars("grad_norm/1.weight").step.tolist() == [step + 1, step + 2, step + 3]


def test_ctrl_c_ends_a_pause(logdir: Path) -> None:
    """`fit` lets the step end that runs at Ctrl-C, which a paused one does not."""
    with init(logdir, "a") as run:
        held: list[int] = []

        def pause(loop: Any) -> None:
            ask(run.folder, "paused", True)
            usual = run.controls.while_held
            assert usual is not None

            def on_hold() -> None:
                held.append(1)
                os.kill(os.getpid(), signal.SIGINT)
                usual()

            run.controls.while_held = on_hold

        digits(run, At(_3=pause))
    assert held == [1]
