"""Torch loop: an ordinary training in PyTorch that logs its numbers, with or without a model that is watched."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks.faults.data import Pair, batches
from benchmarks.faults.plan import Names, Plan

LOSSES = {
    "cross_entropy": F.cross_entropy,
    "mse": F.mse_loss,
    "l1": F.l1_loss,
    "huber": F.smooth_l1_loss,
    "bce": lambda output, y: F.binary_cross_entropy_with_logits(output[:, 0], y.float()),
}


def learn(
    run: Any, model: Any, optimizer: Any, train: Pair, held: Pair | None, plan: Plan, names: Names, random: Any
) -> int:
    """Trains; gives the next step."""
    loss = LOSSES[plan.loss] if isinstance(plan.loss, str) else plan.loss
    step = plan.first
    model.train()
    for epoch in range(plan.epochs):
        seen: dict[str, list[float]] = {}
        for x, y in batches(train, plan.batch, random if plan.shuffle else None):
            logged = _step(model, optimizer, loss, x, y, step, plan, names)
            for tag, value in logged.items():
                seen.setdefault(tag, []).append(value)
            if plan.said is not None:
                logged = plan.said(step, logged)
            if not plan.by_epoch and step % plan.every == 0 and logged:
                run.log(logged, step=step)
            step += 1
        found = {tag: values[-1] if tag == names.lr else float(np.mean(values)) for tag, values in seen.items()}
        found = found if plan.by_epoch else {}
        if held is not None:
            found |= validated(model, held, loss, plan, names)
        if found:
            at = epoch + plan.first if plan.by_epoch else step - 1
            run.log(found if plan.said is None else plan.said(at, found), step=at)
        if plan.after_epoch is not None:
            plan.after_epoch(epoch, model)
    return epoch + 1 + plan.first if plan.by_epoch else step


def _step(
    model: Any, optimizer: Any, loss: Any, x: Any, y: Any, step: int, plan: Plan, names: Names
) -> dict[str, float]:
    if plan.rate is not None:
        for group in optimizer.param_groups:
            group["lr"] = plan.rate(step)
    if plan.change is not None:
        x, y = plan.change(step, x, y)
    if plan.zero_grad_every and (step - plan.first) % plan.zero_grad_every == 0:
        optimizer.zero_grad()
    target = torch.from_numpy(y)
    output = model(torch.from_numpy(x))
    value = loss(output, target)
    (value / plan.step_every).backward()
    logged = {names.train_loss: value.item()}
    if plan.log_norm or plan.clip is not None:
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip or float("inf"))
        if plan.log_norm:
            logged[names.grad_norm] = float(norm)
    if plan.score is not None:
        logged[names.train_score] = score(plan, output.detach(), target)
    if plan.log_lr:
        logged[names.lr] = optimizer.param_groups[0]["lr"]
    if plan.after_backward is not None:
        plan.after_backward(step, model)
    if (step + 1) % plan.step_every == 0:
        optimizer.step()
    return logged


@torch.no_grad()
def validated(model: Any, held: Pair, loss: Any, plan: Plan, names: Names) -> dict[str, float]:
    """Loss and score of what was held back."""
    model.train(plan.validate_in == "train")
    target = torch.from_numpy(held[1])
    output = model(torch.from_numpy(held[0]))
    found = {names.val_loss: float(loss(output, target))}
    if plan.score is not None:
        found[names.val_score] = score(plan, output, target)
    if plan.back_to_train:
        model.train()
    return found


def score(plan: Plan, output: Any, target: Any) -> float:
    """As the plan has it, of two tensors."""
    if callable(plan.score):
        return float(plan.score(output.numpy(), target.numpy()))
    guess = output.argmax(-1) if output.shape[-1] > 1 else (output[:, 0] > 0).long()
    return float((guess == target).float().mean())
