"""Trainer loop: the same training with our own library and the callback that logs it."""

from __future__ import annotations

import itertools
from typing import Any

import trainer
from benchmarks.faults.data import Pair
from benchmarks.faults.plan import Plan
from trainer.callbacks import Callback
from trainer.data import DataLoader

LOSSES = {
    "cross_entropy": trainer.nn.CrossEntropyLoss(),
    "mse": trainer.nn.MSELoss(),
    "l1": trainer.nn.L1Loss(),
    "bce": lambda output, y: trainer.functional.binary_cross_entropy_with_logits(output[:, 0], y.float()),
}


class Changed(DataLoader):
    """Batches after the plan's `change`."""

    plan: Plan
    step: int

    def __iter__(self) -> Any:
        for x, y in super().__iter__():
            if self.plan.change is not None:
                x, y = self.plan.change(self.step, x.numpy(), y.numpy())
            self.step += 1
            yield x, y


class AsPlanned(Callback):
    """What the plan does within a step and after an epoch."""

    def __init__(self, plan: Plan, run: Any) -> None:
        self.plan = plan
        self.run = run

    def on_batch_start(self, loop: Any) -> None:
        if self.plan.rate is not None:
            for group in loop.optimizer.param_groups:
                group["lr"] = self.plan.rate(loop.step)

    def on_backward(self, loop: Any) -> None:
        plan, step = self.plan, loop.step - 1
        if plan.clip is not None or plan.log_norm:
            norm = trainer.optim.clip_grad_norm_(loop.model.parameters(), plan.clip or float("inf"))
            if plan.log_norm:
                self.run.log({"grad_norm": float(norm)}, step=loop.step)
        if plan.after_backward is not None:
            plan.after_backward(step, loop.model)

    def on_epoch_end(self, loop: Any) -> None:
        if self.plan.after_epoch is not None:
            self.plan.after_epoch(loop.epoch - 1, loop.model)


def learn(
    run: Any, model: Any, optimizer: Any, train: Pair, held: Pair | None, plan: Plan, heavy_every: int, seed: int
) -> int:
    """Trains; gives the next step."""
    loss = LOSSES[plan.loss] if isinstance(plan.loss, str) else plan.loss
    loader = Changed(train, plan.batch, shuffle=plan.shuffle, seed=seed)
    loader.plan, loader.step = plan, plan.first
    metrics: Any = plan.score
    if callable(plan.score):
        score = plan.score
        metrics = {"score": lambda output, target: score(output.numpy(), target.numpy())}
    elif plan.score == "accuracy" and plan.loss == "bce":
        metrics = {"accuracy": lambda output, target: float(((output.numpy()[:, 0] > 0) == target.numpy()).mean())}
    if plan.zero_grad_every != 1:
        optimizer.zero_grad = _forgetting(optimizer, plan.zero_grad_every)
    logging = trainer.TrackerCallback(run, heavy_every=heavy_every, max_overhead=None)
    trainer.fit(
        model, loader, loss, optimizer, plan.epochs, validation=None if held is None else DataLoader(held, 256),
        metrics=metrics, callbacks=[AsPlanned(plan, run), logging, *plan.callbacks], progress=False,
    )  # fmt: skip
    return plan.first + plan.epochs * len(loader)


def _forgetting(optimizer: Any, every: int) -> Any:
    """A `zero_grad` that does so at every so many calls; at none for 0."""
    forget, calls = optimizer.zero_grad, itertools.count()

    def zero_grad(set_to_none: bool = True) -> None:
        if every and next(calls) % every == 0:
            forget(set_to_none)

    return zero_grad
