"""Roles: which of a run's tags is its loss, its validation, its learning rate, whatever people call them.

The names are those of TensorBoard, Keras, Lightning, Hugging Face, W&B, timm, fastai, XGBoost and of reinforcement
learning's and adversarial training's scripts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tracker.findings.inner_tags import is_inner

_LOSS = frozenset(
    """loss losses logloss nll nelbo mse mae rmse mape ce bce xent crossentropy cost objective err error wer cer ppl
    perplexity bpc bpd bpb""".split()
)
_SCORE = frozenset(
    """acc accuracy f auc auroc auprc ap map miou iou dice r top precision recall reward rewards rew return returns
    score bleu rouge em elbo psnr ssim mcc kappa""".split()
)
_HELD = frozenset("val valid validation test testing eval evaluation dev held holdout heldout cv oos".split())
_TRAIN = frozenset("train training batch step epoch running".split())
_LR = frozenset(("lr", "lrs", "learningrate"))
_PART = frozenset(
    """kl kld reg regularization l penalty aux auxiliary recon reconstruction commitment box cls obj dfl mask rpn
    distill perceptual smooth smoothed ema avg average""".split()
)
"""Words of what is only part of a loss, or a version of it that shows less."""
_NOT_ONE = frozenset("scale scaler scaling weight weights coef coefficient best count num time wait seconds".split())
_GAME = frozenset(
    "policy actor critic value vf pg td q alpha generator discriminator gen disc g d adv adversarial gan".split()
)
"""Words of losses that two sides push against each other, or whose samples change with the model."""
_PLAY = frozenset("reward rewards rew return returns episodic episode episodes rollout epsilon advantage".split())
"""Words of what is logged beside a loss of reinforcement learning, whatever that loss is called."""


@dataclass(frozen=True)
class Roles:
    """Tags by what they mean; the first of each is the likeliest."""

    train_loss: tuple[str, ...] = ()
    """What should fall: of the training's samples, better when lower."""
    val_loss: tuple[str, ...] = ()
    train_score: tuple[str, ...] = ()
    """Metrics of the training that are better when higher."""
    val_score: tuple[str, ...] = ()
    lr: tuple[str, ...] = ()
    grad_norm: tuple[str, ...] = ()
    """Lengths of all gradients together."""
    game_loss: tuple[str, ...] = ()
    """Losses that need not fall: of generator and discriminator, of policy and critic, and any loss beside these."""


def roles_of(tags: Sequence[str]) -> Roles:
    """The roles of a run's tags."""
    found: dict[str, list[str]] = {name: [] for name in Roles.__dataclass_fields__}
    for tag in tags:
        role = _role(tag)
        if role:
            found[role].append(tag)
    if found["game_loss"] or any(_PLAY & {*_words(tag)} for tag in tags if not is_inner(tag)):
        found["game_loss"] += found["train_loss"] + found["val_loss"]
        found["train_loss"], found["val_loss"] = [], []
    return Roles(**{name: tuple(sorted(each, key=_plainness)) for name, each in found.items()})


def _words(tag: str) -> list[str]:
    """What a tag is made of, in small letters and without numbers: `Loss/val_top5` is loss, val, top."""
    parts = re.split(r"[^A-Za-z]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", tag))
    words = [part.lower() for part in parts if part]
    return ["map" if pair == "m ap" else pair for pair in _joined(words)]


def _joined(words: list[str]) -> list[str]:
    """`m`, `ap` are one word again, that camel case tore apart."""
    found: list[str] = []
    for word in words:
        if found and found[-1] == "m" and word == "ap":
            found[-1] = "m ap"
        else:
            found.append(word)
    return found


def _role(tag: str) -> str | None:
    if is_inner(tag):
        return None
    listed = _words(tag)
    words = {*listed}
    if "grad" in words or words & {"gradient", "gradients"}:
        return "grad_norm" if "norm" in words else None
    if _NOT_ONE & words:
        return None
    if _LR & words or "learning_rate" in "_".join(listed):
        return "lr"
    side = "val" if _HELD & words else "train"
    if _LOSS & words:
        return "game_loss" if _GAME & words else f"{side}_loss"
    if {*listed[-1:]} <= _GAME and words & {"err", "errors"}:
        return "game_loss"
    return f"{side}_score" if _SCORE & words else None


def _plainness(tag: str) -> tuple[bool, bool, bool, int, str]:
    """The total before its parts, each step before each epoch, the short name before the long one."""
    words = {*_words(tag)}
    is_named = bool({"loss", "losses", "acc", "accuracy", "lr"} & words)
    return bool(_PART & words), not is_named, "epoch" in words, len(words - _HELD - _TRAIN), tag
