"""Faulty logs: what trainings of many schools log when something is wrong, with the kinds that name it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from healthy_logs import Logs, Random, curve, every, shares

Faulty = tuple[Callable[[Random], Logs], tuple[str, ...]]


def overfits_in_keras(random: Random) -> Logs:
    n = int(random.integers(25, 60))
    i = np.arange(n)
    return {
        "epoch_loss": curve(random, n, 1.9, 0.02, 0.01), "epoch_val_loss": curve(random, n, 1.6, 0.7, 0.03, 20) + 0.9 * i / n,
        "epoch_accuracy": shares(random, n, 0.4, 1.0, of=5000), "epoch_val_accuracy": shares(random, n, 0.4, 0.72),
    }, {}  # fmt: skip


def overfits_in_percent_without_losses(random: Random) -> Logs:
    n = 60
    fall = 0.3 * np.clip(np.arange(n) - 15, 0, None) / n
    return {
        "train_acc": 100 * shares(random, n, 0.4, 1.0, 0.003, 5000),
        "val_acc": 100 * (shares(random, n, 0.4, 0.8, 0.005) - fall),
    }, {}


def overfits_in_rounds_of_trees(random: Random) -> Logs:
    n = 400
    return {
        "train-rmse": curve(random, n, 1.0, 0.02, 0.001), "eval-rmse": curve(random, n, 1.0, 0.5, 0.002, 25) + 0.4 * np.arange(n) / n,
    }, {"eta": 0.3}  # fmt: skip


def overfits_in_perplexity(random: Random) -> Logs:
    n = 40
    return {
        "train_ppl": np.exp(curve(random, n, 6.5, 2.0, 0.01)), "val_ppl": np.exp(curve(random, n, 6.0, 4.7, 0.004, 18) + 0.7 * np.arange(n) / n),
    }, {}  # fmt: skip


def learns_by_heart_in_percent(random: Random) -> Logs:
    n = 50
    return {
        "Loss/train": curve(random, n, 2.32, 0.05, 0.01, 4), "Loss/test": 2.31 + 2.5 * np.arange(n) / n + 0.02 * random.standard_normal(n),
        "Accuracy/train": 100 * shares(random, n, 0.1, 1.0, 0.005), "Accuracy/test": 100 * (0.1 + 0.008 * random.standard_normal(n)),
    }, {}  # fmt: skip


def diverges_every_fifty_steps(random: Random) -> Logs:
    n = 80
    loss = np.exp(np.cumsum(np.full(n, 0.06)) + 0.15 * random.standard_normal(n)) * 2.3
    return {"train/loss": every(50, np.round(loss, 4), 50), "train/learning_rate": every(50, np.full(n, 1e-2), 50)}, {}


def falls_and_comes_back_in_lightning(random: Random) -> Logs:
    n = 120
    value = curve(random, n, 10.8, 5.0, 0.02)
    value[60:] = 10.6 + 0.15 * random.standard_normal(60)
    return {"train_loss_step": every(50, value, 49), "lr-Adam": every(50, np.full(n, 6e-3), 49)}, {}


def not_a_number_at_an_epoch(random: Random) -> Logs:
    n = 20
    loss, held = curve(random, n, 2.0, 0.4, 0.02), curve(random, n, 1.9, 0.5, 0.02)
    at = int(random.integers(3, 12))
    loss[at:], held[at:] = np.nan, np.nan
    return {
        "loss": loss,
        "val_loss": held,
        "accuracy": np.where(np.arange(n) < at, shares(random, n, 0.3, 0.9), 0.1),
    }, {}


def infinite_in_half_precision(random: Random) -> Logs:
    n = 100
    loss = curve(random, n, 9.0, 4.0, 0.01)
    loss[70:] = np.nan
    scale = 65536.0 / 2.0 ** np.clip(np.arange(n) - 55, 0, None)
    return {"lm loss": every(1000, loss, 1000), "loss-scale": every(1000, scale, 1000)}, {"fp16": True}


def spike_in_thousands(random: Random) -> Logs:
    n = 200
    loss = curve(random, n, 8.0, 3.0, 0.01)
    loss[int(random.integers(60, 180))] = 14.0
    return {"train/loss": every(1000, loss)}, {}


def spike_below_zero(random: Random) -> Logs:
    n = 200
    loss = curve(random, n, 1.0, -3.0, 0.02)
    loss[int(random.integers(60, 180))] = 30.0
    return {"train/nll": loss}, {}


def stays_at_chance_in_percent(random: Random) -> Logs:
    n = 40
    return {
        "epoch_loss": 2.3026 + 0.002 * random.standard_normal(n), "epoch_val_loss": 2.3027 + 0.002 * random.standard_normal(n),
        "epoch_accuracy": 100 * (0.1 + 0.003 * random.standard_normal(n)), "epoch_val_accuracy": 100 * (0.1 + 0.003 * random.standard_normal(n)),
    }, {}  # fmt: skip


def stays_at_chance_every_fifty_steps(random: Random) -> Logs:
    n = 100
    return {
        "train_loss_step": every(50, np.log(2) + 0.01 * random.standard_normal(n), 49),
        "train_acc_step": every(50, 0.5 + 0.05 * random.standard_normal(n), 49),
    }, {}


def one_class_in_percent(random: Random) -> Logs:
    n = 30
    return {
        "train_loss": curve(random, n, 0.68, 0.334, 0.005, 20), "valid_loss": curve(random, n, 0.6, 0.33, 0.005, 20),
        "train_acc": 90 + 0.2 * random.standard_normal(n), "valid_acc": np.full(n, 90.2),
    }, {}  # fmt: skip


def rate_gone_in_lightning(random: Random) -> Logs:
    n = 120
    loss = curve(random, n, 2.3, 1.9, 0.06, 60)
    return {"train_loss_step": every(50, loss, 49), "lr-SGD": every(50, 0.1 * 0.7 ** np.arange(n), 49)}, {}


def rate_leaps_in_hugging_face(random: Random) -> Logs:
    n = 100
    rate = np.full(n, 1e-4)
    loss = curve(random, n, 6.0, 2.5, 0.02)
    rate[60:], loss[60:] = 1e-2, 6.3 + 0.3 * random.standard_normal(40)
    return {"train/loss": every(500, np.round(loss, 4), 500), "train/learning_rate": every(500, rate, 500)}, {}


def both_are_one_set_in_keras(random: Random) -> Logs:
    n = 25
    loss, right = curve(random, n, 1.8, 0.1, 0.02), shares(random, n, 0.3, 0.97)
    return {"loss": loss, "val_loss": loss.copy(), "accuracy": right, "val_accuracy": right.copy()}, {}


def swapped_in_percent(random: Random) -> Logs:
    logs, settings = learns_a_little(random)
    other = {"train_loss": "val_loss", "val_loss": "train_loss", "train_acc": "val_acc", "val_acc": "train_acc"}
    return {other[tag]: values for tag, values in logs.items()}, settings


def learns_a_little(random: Random) -> Logs:
    n = 60
    return {
        "train_loss": curve(random, n, 2.2, 0.01, 0.01), "val_loss": curve(random, n, 2.0, 0.9, 0.02, 20) + 1.2 * np.arange(n) / n,
        "train_acc": 100 * shares(random, n, 0.3, 1.0), "val_acc": 100 * shares(random, n, 0.3, 0.7),
    }, {}  # fmt: skip


def a_number_that_cannot_move(random: Random) -> Logs:
    n = 30
    return {
        "loss": curve(random, n, 1.9, 0.2, 0.02),
        "val_loss": curve(random, n, 1.9, 0.3, 0.02),
        "val_accuracy": np.full(n, 0.1035),
    }, {}


def in_one_order_every_tenth(random: Random) -> Logs:
    epochs, per = 12, 40
    pattern = np.repeat([1.6, 0.3, 1.1, 0.5], per // 4)
    loss = np.concatenate(
        [pattern * (0.6 + 0.4 * 0.8**e) * np.exp(0.05 * random.standard_normal(per)) for e in range(epochs)]
    )
    return {"train/loss": every(10, loss), "val/loss": every(400, curve(random, epochs, 1.4, 0.8, 0.02), 390)}, {}


def clipped_in_lightning(random: Random) -> Logs:
    n = 120
    return {
        "train_loss_step": every(50, curve(random, n, 2.3, 1.7, 0.05, 1.5), 49),
        "grad_2.0_norm_total": every(50, random.gamma(20, 0.1, n), 49),
    }, {"gradient_clip_val": 0.01}  # fmt: skip


def gradients_add_up_each_fifty(random: Random) -> Logs:
    n = 80
    norm = 0.5 * (1 + np.arange(n)) * (1 + 0.03 * random.standard_normal(n))
    return {
        "train/loss": every(50, 2.3 + 0.02 * np.arange(n) + 0.1 * random.standard_normal(n)),
        "train/grad_norm": every(50, norm),
    }, {}


def explodes_in_thousands(random: Random) -> Logs:
    n = 100
    norm = random.gamma(20, 0.02, n)
    norm[70:] *= 10.0 ** np.linspace(0.5, 5, 30)
    return {"train/loss": every(1000, curve(random, n, 8.0, 4.0, 0.02)), "train/grad_norm": every(1000, norm)}, {}


def waits_for_its_data(random: Random) -> Logs:
    n = 60
    return {
        "train/loss": every(50, curve(random, n, 2.3, 0.3, 0.1)), "perf/data_time": every(50, 0.4 + 0.05 * random.random(n)),
        "perf/batch_time": every(50, 0.5 + 0.05 * random.random(n)),
    }, {}  # fmt: skip


def creeps_in_hugging_face(random: Random) -> Logs:
    n = 80
    return {
        "train/loss": every(500, np.round(2.4 - 0.25 * np.arange(n) / n + 0.01 * random.standard_normal(n), 4), 500),
        "train/learning_rate": every(500, np.full(n, 1e-7), 500),
    }, {"learning_rate": 1e-7, "optim": "adamw_torch"}  # fmt: skip


def softmax_twice_in_keras(random: Random) -> Logs:
    n = 40
    right = shares(random, n, 0.3, 0.98, 0.003, 5000)
    loss = 1.4612 + (1 - right) + 0.002 * random.standard_normal(n)
    loss[0] = 2.28
    return {"loss": loss, "accuracy": right, "val_loss": loss + 0.02, "val_accuracy": shares(random, n, 0.3, 0.95)}, {}


FAULTY: tuple[Faulty, ...] = (
    (overfits_in_keras, ("overfitting",)), (overfits_in_percent_without_losses, ("overfitting",)),
    (overfits_in_rounds_of_trees, ("overfitting",)), (overfits_in_perplexity, ("overfitting",)),
    (learns_by_heart_in_percent, ("memorizing_labels",)), (diverges_every_fifty_steps, ("lr_too_high",)),
    (falls_and_comes_back_in_lightning, ("lr_too_high",)), (not_a_number_at_an_epoch, ("nan_or_inf",)),
    (infinite_in_half_precision, ("float16_overflow",)), (spike_in_thousands, ("loss_spike",)),
    (spike_below_zero, ("loss_spike",)), (stays_at_chance_in_percent, ("plateau",)),
    (stays_at_chance_every_fifty_steps, ("plateau",)), (one_class_in_percent, ("class_collapse",)),
    (rate_gone_in_lightning, ("lr_schedule_bug",)), (rate_leaps_in_hugging_face, ("lr_schedule_bug", "lr_too_high")),
    (both_are_one_set_in_keras, ("split_mixup",)), (swapped_in_percent, ("split_mixup",)),
    (learns_a_little, ("overfitting",)), (a_number_that_cannot_move, ("stuck_metric", "class_collapse")),
    (in_one_order_every_tenth, ("unshuffled_data",)), (clipped_in_lightning, ("clipping_always_active",)),
    (gradients_add_up_each_fifty, ("accumulating_gradients",)), (explodes_in_thousands, ("exploding_gradients",)),
    (waits_for_its_data, ("data_starvation",)), (creeps_in_hugging_face, ("lr_too_low",)),
    (softmax_twice_in_keras, ("wrong_loss",)),
)  # fmt: skip
