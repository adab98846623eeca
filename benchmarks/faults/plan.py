"""Plan: what both loops are told about a training, and the names under which people log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Names:
    """Tags of one way to name curves."""

    train_loss: str
    val_loss: str
    train_score: str
    val_score: str
    lr: str = "lr"
    grad_norm: str = "grad_norm"


NAMES = (
    Names("train/loss", "val/loss", "train/acc", "val/acc", "train/lr", "train/grad_norm"),
    Names("loss", "val_loss", "accuracy", "val_accuracy"),
    Names("Loss/train", "Loss/valid", "Accuracy/train", "Accuracy/valid", "Lr"),
    Names("train_loss", "validation_loss", "train_acc", "validation_acc", "learning_rate", "gradient_norm"),
    Names("training/loss", "eval/loss", "training/accuracy", "eval/accuracy", "lr-SGD", "training/grad_norm"),
    Names("trainLoss", "testLoss", "trainAcc", "testAcc", "learningRate", "gradNorm"),
    Names("epoch_loss", "epoch_val_loss", "epoch_acc", "epoch_val_acc", "optim/lr", "optim/grad_norm"),
    Names("loss/train", "loss/dev", "acc/train", "acc/dev", "lr/group0", "grad/norm"),
)


@dataclass
class Plan:
    """A training. Functions are told the step, from `first` on."""

    loss: Any = "cross_entropy"
    """A name, or a function of (output, target) of the framework."""
    score: Callable[[Any, Any], float] | str | None = "accuracy"
    """A function of two NumPy arrays; None where only the loss is logged."""
    epochs: int = 8
    batch: int = 32
    shuffle: bool = True
    rate: Callable[[int], float] | None = None
    """The lr of a step."""
    clip: float | None = None
    log_norm: bool = False
    """Whether the length of all gradients is logged, before clipping."""
    change: Callable[[int, Any, Any], tuple[Any, Any]] | None = None
    """Of (step, inputs, targets) as arrays: what the step learns from."""
    after_backward: Callable[[int, Any], None] | None = None
    """Of (step, model), before the update."""
    after_epoch: Callable[[int, Any], None] | None = None
    """Of (epoch, model), after the validation."""
    said: Callable[[int, dict[str, float]], dict[str, float]] | None = None
    """Of (step, what would be logged): what is."""
    first: int = 0
    every: int = 1
    """Steps between two that are logged."""
    by_epoch: bool = False
    """Whether means of epochs are logged, and no steps."""
    log_lr: bool = True
    validate_in: str = "eval"
    """The mode in which it is validated."""
    back_to_train: bool = True
    zero_grad_every: int = 1
    """Steps between two that forget the gradients; 0 for never."""
    step_every: int = 1
    """Batches to an update."""
    callbacks: list[Any] = field(default_factory=list)
    """For our trainer."""
