"""Roles: which of a run's tags is its loss, its validation, its learning rate, whatever people call them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LOSS = frozenset("loss losses nll mse mae rmse ce bce xent cost objective".split())
_SCORE = frozenset("acc accuracy f1 auc auroc ap map miou iou r2 top1 recall precision reward return score".split())
_HELD = frozenset("val valid validation test testing eval evaluation dev held holdout".split())
_LR = frozenset(("lr", "learning_rate", "learningrate"))
_OURS = ("grad_norm/", "weight_norm/", "update_ratio/", "act_norm/", "dead/", "saturated/", "system/", "machine/")


@dataclass(frozen=True)
class Roles:
    """Tags by what they mean; the first of each is the likeliest."""

    train_loss: tuple[str, ...] = ()
    val_loss: tuple[str, ...] = ()
    train_score: tuple[str, ...] = ()
    """Metrics of the training that are better when higher."""
    val_score: tuple[str, ...] = ()
    lr: tuple[str, ...] = ()
    grad_norm: tuple[str, ...] = ()
    """Lengths of all gradients together."""


def roles_of(tags: Sequence[str]) -> Roles:
    """The roles of a run's tags."""
    found: dict[str, list[str]] = {name: [] for name in Roles.__dataclass_fields__}
    for tag in tags:
        role = _role(tag)
        if role:
            found[role].append(tag)
    return Roles(**{name: tuple(sorted(each, key=_plainness)) for name, each in found.items()})


def _words(tag: str) -> list[str]:
    return re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", tag).lower())


def _role(tag: str) -> str | None:
    if tag.startswith(_OURS):
        return None
    words = _words(tag)
    joined = "_".join(words)
    if _LR & {*words} or "learning_rate" in joined:
        return "lr"
    if "norm" in words and {"grad", "gradient", "gradients"} & {*words}:
        return "grad_norm"
    side = "val" if _HELD & {*words} else "train"
    if _LOSS & {*words}:
        return f"{side}_loss"
    return f"{side}_score" if _SCORE & {*words} else None


def _plainness(tag: str) -> tuple[bool, int, str]:
    """The total before its parts, the short name before the long one."""
    words = _words(tag)
    return not ({"loss", "acc", "accuracy", "lr"} & {*words}), len(words), tag
