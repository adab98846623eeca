"""Optimizers, one rule a class, and schedules for their learning rate."""

from trainer.optim.adagrad import Adagrad
from trainer.optim.adam import Adam, AdamW
from trainer.optim.optimizer import Optimizer, clip_grad_norm_, clip_grad_value_
from trainer.optim.rmsprop import RMSprop
from trainer.optim.schedule import CosineAnnealingLR, ExponentialLR, LambdaLR, LinearLR, LRScheduler, StepLR
from trainer.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "Optimizer",
    "RMSprop",
    "StepLR",
    "clip_grad_norm_",
    "clip_grad_value_",
]
