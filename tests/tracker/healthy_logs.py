"""Healthy logs: what trainings of many schools log when all is well, made of arrays, with chance from a seed.

Each is a function of a generator and gives curves and settings, as `made_trainings.training` takes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Random = np.random.Generator
Logs = tuple[dict[str, Any], dict[str, Any]]
"""Curves, each values at steps 0, 1, 2 … or (steps, values); settings."""


def curve(random: Random, n: int, start: float, end: float, noise: float = 0.05, speed: float = 6.0) -> Any:
    """From the start towards the end, n values, fast and then slowly."""
    trend = end + (start - end) * np.exp(-speed * np.arange(n) / n)
    return trend + noise * (abs(start - end) * 0.2 + np.abs(trend) * 0.5) * random.standard_normal(n)


def every(steps: int, values: Any, first: int = 0) -> tuple[Any, Any]:
    """Logged each so many steps."""
    return first + steps * np.arange(len(values)), values


def shares(random: Random, n: int, start: float, end: float, noise: float = 0.01, of: int = 500) -> Any:
    """An accuracy of so many samples, that grows."""
    clean = end - (end - start) * np.exp(-5 * np.arange(n) / n) + noise * random.standard_normal(n)
    return np.round(np.clip(clean, 0, 1) * of) / of


def keras_epochs(random: Random) -> Logs:
    n = int(random.integers(12, 60))
    return {
        "epoch_loss": curve(random, n, 1.9, 0.15, 0.02), "epoch_val_loss": curve(random, n, 1.6, 0.32, 0.04),
        "epoch_accuracy": shares(random, n, 0.35, 0.97, of=5000), "epoch_val_accuracy": shares(random, n, 0.4, 0.91),
        "epoch_learning_rate": np.full(n, 1e-3),
    }, {"optimizer": "adam"}  # fmt: skip


def keras_few_epochs(random: Random) -> Logs:
    n = int(random.integers(3, 8))
    return {
        "loss": curve(random, n, 0.7, 0.1, 0.01), "val_loss": curve(random, n, 0.5, 0.2, 0.02),
        "accuracy": shares(random, n, 0.8, 0.98), "val_accuracy": shares(random, n, 0.85, 0.95),
    }, {}  # fmt: skip


def keras_dropout(random: Random) -> Logs:
    n = int(random.integers(20, 60))
    return {
        "loss": curve(random, n, 2.2, 0.7, 0.02), "val_loss": curve(random, n, 1.7, 0.42, 0.05),
        "acc": shares(random, n, 0.2, 0.78), "val_acc": shares(random, n, 0.4, 0.88),
    }, {"dropout": 0.5}  # fmt: skip


def lightning(random: Random) -> Logs:
    n = int(random.integers(30, 200))
    epochs = 8
    per = 50 * n // epochs
    return {
        "train_loss_step": every(50, curve(random, n, 2.3, 0.4, 0.15), 49),
        "train_loss_epoch": every(per, curve(random, epochs, 1.6, 0.45, 0.02), per - 1),
        "val_loss": every(per, curve(random, epochs, 1.4, 0.55, 0.03), per - 1),
        "val_acc": every(per, shares(random, epochs, 0.5, 0.85), per - 1),
        "lr-AdamW": every(50, np.full(n, 3e-4), 49), "epoch": every(50, np.arange(n) * epochs // n, 49),
    }, {}  # fmt: skip


def hugging_face(random: Random) -> Logs:
    """Rounded to four digits, a linear rate down to 0, evaluations now and then."""
    n = int(random.integers(30, 120))
    rate = 5e-5 * np.minimum((np.arange(n) + 1) / (n * 0.06), 1 - np.arange(n) / n)
    return {
        "train/loss": every(500, np.round(curve(random, n, 3.4, 1.9, 0.1), 4), 500),
        "train/learning_rate": every(500, rate, 500), "train/epoch": every(500, np.linspace(0, 3, n), 500),
        "train/grad_norm": every(500, random.gamma(12, 0.12, n), 500),
        "eval/loss": every(500 * n // 3, np.array([2.4, 2.2, 2.15]), 500 * n // 3),
        "eval/samples_per_second": every(500 * n // 3, np.array([90.1, 90.0, 90.2]), 500 * n // 3),
    }, {"max_grad_norm": 1.0, "learning_rate": 5e-5}  # fmt: skip


def fine_tuned_three_epochs(random: Random) -> Logs:
    n = 60
    return {
        "train/loss": every(10, np.r_[curve(random, 20, 0.69, 0.45, 0.3), curve(random, 20, 0.36, 0.3, 0.4),
                                      curve(random, 20, 0.2, 0.16, 0.6)].clip(0.01), 10),
        "eval/loss": every(200, np.array([0.43, 0.4, 0.47]), 200),
        "eval/accuracy": every(200, np.array([0.81, 0.84, 0.85]), 200),
        "train/learning_rate": every(10, 2e-5 * (1 - np.arange(n) / n), 10),
    }, {"model": "bert-base", "learning_rate": 2e-5}  # fmt: skip


def adapters_of_a_language_model(random: Random) -> Logs:
    n = 150
    return {
        "train/loss": every(10, curve(random, n, 1.7, 1.25, 0.35, 20), 10),
        "eval/loss": every(150, curve(random, 10, 1.35, 1.24, 0.005), 150),
        "train/learning_rate": every(10, 2e-4 * 0.5 * (1 + np.cos(np.pi * np.arange(n) / n)), 10),
        "train/grad_norm": every(10, random.gamma(20, 0.02, n), 10),
    }, {"peft": "lora", "max_grad_norm": 0.3}  # fmt: skip


def preferences(random: Random) -> Logs:
    n = 100
    margin = curve(random, n, 0.0, 1.5, 0.5)
    return {
        "train/loss": every(10, np.log1p(np.exp(-margin)), 10), "train/rewards/margins": every(10, margin, 10),
        "train/rewards/chosen": every(10, margin * 0.3 - 0.2, 10),
        "train/rewards/rejected": every(10, -margin * 0.7 - 0.2, 10),
        "train/rewards/accuracies": every(10, shares(random, n, 0.5, 0.85, 0.08, 32), 10),
    }, {"beta": 0.1}  # fmt: skip


def pretraining_in_thousands(random: Random) -> Logs:
    n = 300
    i = np.arange(n)
    return {
        "lm loss": every(1000, 2.6 + 8 * (1 + i / 3) ** -0.6 + 0.03 * random.standard_normal(n), 1000),
        "lm loss validation": every(10_000, 2.62 + 8 * (1 + 10 * np.arange(1, 30) / 3) ** -0.6, 10_000),
        "learning-rate": every(1000, 3e-4 * np.minimum((i + 1) / 10, 0.1 + 0.45 * (1 + np.cos(np.pi * i / n))), 1000),
        "grad-norm": every(1000, random.gamma(30, 0.012, n) * (1 + 8 / (i + 2)), 1000),
        "loss-scale": every(1000, 2.0 ** (16 + i // 40 % 3), 1000),
    }, {"fp16": True, "clip_grad": 1.0}  # fmt: skip


def perplexity_only(random: Random) -> Logs:
    n = 40
    return {
        "ppl": np.exp(curve(random, n, 6.6, 4.4, 0.02)), "val_ppl": np.exp(curve(random, n, 5.9, 4.6, 0.01)),
    }, {}  # fmt: skip


def likelihood_below_zero(random: Random) -> Logs:
    n = int(random.integers(50, 400))
    return {
        "train/nll": curve(random, n, 1.8, -3.2, 0.15), "val/nll": every(10, curve(random, n // 10, 1.0, -2.9, 0.05), 9),
    }, {}  # fmt: skip


def bound_that_rises(random: Random) -> Logs:
    n = 80
    kl = 25 * (1 - np.exp(-np.arange(n) / 12))
    return {
        "train/elbo": -curve(random, n, 540, 100, 0.01), "train/kl": kl, "train/recon_loss": curve(random, n, 540, 78, 0.01),
        "train/loss": curve(random, n, 540, 100, 0.01), "val/elbo": -curve(random, n, 400, 103, 0.01),
    }, {"beta": 1.0}  # fmt: skip


def dice_below_zero(random: Random) -> Logs:
    """nnU-Net: losses down to -0.85, a momentum of 0.99, a rate that fades as a polynomial."""
    n = 200
    return {
        "train_losses": curve(random, n, 0.1, -0.85, 0.06), "val_losses": curve(random, n, 0.05, -0.78, 0.1),
        "mean_fg_dice": shares(random, n, 0.2, 0.86, 0.02), "lrs": 0.01 * (1 - np.arange(n) / n) ** 0.9,
    }, {"optimizer": "SGD", "momentum": 0.99, "nesterov": True}  # fmt: skip


def boxes(random: Random) -> Logs:
    """Ultralytics: a bias rate that warms up from above."""
    n = 100
    i = np.arange(n)
    fade = 0.01 * (1 - 0.99 * i / n)
    return {
        "train/box_loss": curve(random, n, 1.8, 0.9, 0.03), "train/cls_loss": curve(random, n, 3.5, 0.6, 0.03),
        "train/dfl_loss": curve(random, n, 1.6, 1.0, 0.02), "val/box_loss": curve(random, n, 1.9, 1.1, 0.04),
        "val/cls_loss": curve(random, n, 3.0, 0.8, 0.06), "metrics/mAP50(B)": shares(random, n, 0.1, 0.7, 0.02),
        "metrics/recall(B)": shares(random, n, 0.2, 0.65, 0.03), "lr/pg0": fade * np.minimum(1, (i + 1) / 3),
        "lr/pg1": fade * np.minimum(1, (i + 1) / 3), "lr/pg2": np.where(i < 3, 0.07 - 0.02 * i, fade),
    }, {"lr0": 0.01, "momentum": 0.937}  # fmt: skip


def one_cycle_of_fastai(random: Random) -> Logs:
    n = 600
    x = np.linspace(0, 1, n)
    rate = np.where(x < 0.25, 4e-5 + 1e-3 * x * 4, 1e-3 * 0.5 * (1 + np.cos(np.pi * (x - 0.25) / 0.75)) + 1e-8)
    return {
        "train_loss": curve(random, n, 1.6, 0.2, 0.2), "raw_loss": curve(random, n, 1.6, 0.2, 0.5).clip(0.02),
        "lr_0": rate, "mom_0": 0.95 - 0.1 * np.sin(np.pi * x), "valid_loss": every(120, np.array([0.7, 0.5, 0.35, 0.3, 0.29]), 119),
        "error_rate": every(120, np.array([0.21, 0.16, 0.1, 0.08, 0.08]), 119),
    }, {}  # fmt: skip


def top_one_in_percent(random: Random) -> Logs:
    """ImageNet's example: percent, a rate in steps of ten."""
    n = 90
    rate = 0.1 * 0.1 ** (np.arange(n) // 30)
    drop = np.where(np.arange(n) < 30, 0.0, np.where(np.arange(n) < 60, 0.5, 0.65))
    return {
        "train_loss": curve(random, n, 6.0, 2.2, 0.01) - drop, "val_loss": curve(random, n, 5.2, 2.1, 0.04) - drop,
        "train_acc1": 100 * shares(random, n, 0.05, 0.62, 0.005), "val_acc1": 100 * shares(random, n, 0.1, 0.65, 0.01),
        "val_acc5": 100 * shares(random, n, 0.3, 0.86, 0.01), "lr": rate,
    }, {"momentum": 0.9, "weight_decay": 1e-4}  # fmt: skip


def contrast(random: Random) -> Logs:
    n = 400
    return {
        "loss": every(100, curve(random, n, 5.5, 4.9, 0.04, 3)), "acc/top1": every(100, 100 * shares(random, n, 0.02, 0.3, 0.02)),
        "learning_rate": every(100, 3e-4 * 0.5 * (1 + np.cos(np.pi * np.arange(n) / n))),
    }, {"temperature": 0.07}  # fmt: skip


def noise_to_be_guessed(random: Random) -> Logs:
    """Diffusion: flat and noisy nearly from the beginning."""
    n = 500
    return {"train/loss": every(100, (0.03 + 0.9 * np.exp(-np.arange(n) / 4)) * random.gamma(18, 1 / 18, n)),
            "lr": every(100, np.full(n, 1e-4))}, {"ema_decay": 0.9999}  # fmt: skip


def speech_with_a_shelf(random: Random) -> Logs:
    """CTC says nothing but blanks for long, and then learns."""
    n = 150
    i = np.arange(n)
    loss = (
        np.where(i < 5, 20 - 3.4 * i, 3.0) * np.ones(n)
        - 2.6 / (1 + np.exp(-(i - 60) / 8))
        + 0.04 * random.standard_normal(n)
    )
    wer = 1 - 0.75 / (1 + np.exp(-(np.arange(15) - 7) / 1.0))
    return {"train/loss": every(20, loss), "val/wer": every(200, np.where(np.arange(15) < 4, 1.0, wer), 199)}, {}


def forecasts(random: Random) -> Logs:
    n = 50
    rmse = curve(random, n, 120, 35, 0.02)
    return {
        "train_rmse": rmse, "val_rmse": rmse * 1.1 + random.standard_normal(n), "val_mape": curve(random, n, 48, 11, 0.03),
        "val_mae": curve(random, n, 90, 26, 0.02), "val_r2": shares(random, n, -0.2, 0.83, 0.01, 10**6),
    }, {}  # fmt: skip


def boosted(random: Random) -> Logs:
    n = 300
    return {
        "train-logloss": curve(random, n, 0.68, 0.12, 0.002), "eval-logloss": curve(random, n, 0.68, 0.3, 0.002, 12),
        "train-auc": shares(random, n, 0.85, 0.995, 0.0, 10**6), "eval-auc": shares(random, n, 0.8, 0.92, 0.0, 10**6),
    }, {"eta": 0.1}  # fmt: skip


def only_validated(random: Random) -> Logs:
    n = 25
    return {"val/loss": every(1000, curve(random, n, 2.0, 0.6, 0.04), 1000),
            "val/top1": every(1000, 100 * shares(random, n, 0.3, 0.8), 1000)}, {}  # fmt: skip


def rewards(random: Random) -> Logs:
    """Stable-Baselines: a loss of policy and critic that goes anywhere."""
    n = 120
    return {
        "rollout/ep_rew_mean": every(2048, curve(random, n, -180, 210, 0.3)),
        "rollout/ep_len_mean": every(2048, curve(random, n, 90, 400, 0.2)),
        "train/loss": every(2048, 40 + 30 * random.standard_normal(n)), "train/value_loss": every(2048, random.gamma(2, 60, n)),
        "train/policy_gradient_loss": every(2048, -0.01 * random.random(n)),
        "train/entropy_loss": every(2048, curve(random, n, -1.38, -0.6, 0.1)), "train/approx_kl": every(2048, random.gamma(4, 0.002, n)),
        "train/explained_variance": every(2048, shares(random, n, 0.0, 0.9, 0.1)), "train/clip_fraction": every(2048, random.random(n) * 0.2),
        "train/learning_rate": every(2048, np.full(n, 3e-4)), "train/n_updates": every(2048, 10 * np.arange(n)),
    }, {}  # fmt: skip


def returns_that_collapse_and_come_back(random: Random) -> Logs:
    n = 200
    dip = np.where((np.arange(n) > 90) & (np.arange(n) < 110), -150, 0)
    return {
        "charts/episodic_return": curve(random, n, 10, 400, 0.5) + dip, "losses/value_loss": random.gamma(1, 30, n),
        "losses/policy_loss": 0.01 * random.standard_normal(n), "losses/entropy": curve(random, n, 1.8, 0.2, 0.1),
        "losses/clipfrac": random.random(n) * 0.3, "charts/SPS": 900 + 5 * random.standard_normal(n),
        "losses/td_loss": random.gamma(1, 3, n), "charts/learning_rate": 2.5e-4 * (1 - np.arange(n) / n),
    }, {"clip_coef": 0.2}  # fmt: skip


def adversaries(random: Random) -> Logs:
    n = 400
    return {
        "Loss_D": random.gamma(3, 0.2, n), "Loss_G": 2 + np.cumsum(0.2 * random.standard_normal(n)) ** 2 * 0.1,
        "D(x)": random.random(n), "D(G(z))": random.random(n) * 0.5,
    }, {"beta1": 0.5}  # fmt: skip


def critics(random: Random) -> Logs:
    n = 300
    return {
        "critic_loss": -curve(random, n, 40, 4, 0.3), "gen_loss": np.cumsum(random.standard_normal(n)),
        "gradient_penalty": random.gamma(2, 0.1, n), "fid": every(50, curve(random, 6, 180, 30, 0.02)),
    }, {}  # fmt: skip


def averaged_weights(random: Random) -> Logs:
    """The rate leaps up again for the last quarter, on purpose (SWA)."""
    n = 100
    i = np.arange(n)
    return {
        "loss": curve(random, n, 2.0, 0.2, 0.05) + np.where(i >= 75, 0.05, 0), "val_loss": curve(random, n, 1.6, 0.4, 0.05) + np.where(i >= 75, 0.05, 0),
        "lr": np.where(i < 75, 0.1 * (1 - i / 80), 0.05),
    }, {"swa_lr": 0.05, "momentum": 0.9}  # fmt: skip


def harder_on_the_way(random: Random) -> Logs:
    n = 400
    easy, hard = curve(random, n // 2, 2.3, 0.4, 0.1), curve(random, n // 2, 1.1, 0.5, 0.1)
    return {"train/loss": np.r_[easy, hard], "lr": np.full(n, 1e-3)}, {"curriculum": True}


def summed_over_the_batch(random: Random) -> Logs:
    n = 200
    return {"loss": 64 * curve(random, n, 2.3, 0.3, 0.15), "acc": shares(random, n, 0.1, 0.93, 0.05, 64)}, {}


def tiny_and_huge(random: Random) -> Logs:
    n = 200
    scale = 10.0 ** random.integers(-9, 9)
    return {
        "train/mse": scale * curve(random, n, 1.0, 0.05, 0.1).clip(0.001),
        "val/mse": scale * every(20, curve(random, 10, 0.7, 0.07, 0.02))[1],
    }, {}


def losses_weighed_by_doubt(random: Random) -> Logs:
    n = 150
    return {
        "train/loss": curve(random, n, 4.0, -1.5, 0.08), "train/loss_depth": curve(random, n, 1.0, 0.1, 0.1),
        "train/loss_semantic": curve(random, n, 2.8, 0.4, 0.1), "val/loss": every(10, curve(random, 15, 3.0, -1.2, 0.05), 9),
    }, {}  # fmt: skip


def rate_cut_when_it_rests(random: Random) -> Logs:
    n = 120
    return {
        "loss": curve(random, n, 1.2, 0.1, 0.02, 10), "val_loss": curve(random, n, 1.0, 0.25, 0.04, 10),
        "lr": 1e-3 * 0.1 ** np.maximum(0, (np.arange(n) - 50) // 15),
    }, {"scheduler": "ReduceLROnPlateau"}  # fmt: skip


def many_heads(random: Random) -> Logs:
    n = 60
    return {f"{side}/{task}_loss": curve(random, n, 1.0 + i, 0.3, 0.05)
            for side in ("train", "val") for i, task in enumerate(("age", "sex", "type"))}, {}  # fmt: skip


HEALTHY: tuple[Callable[[Random], Logs], ...] = (
    keras_epochs, keras_few_epochs, keras_dropout, lightning, hugging_face, fine_tuned_three_epochs,
    adapters_of_a_language_model, preferences, pretraining_in_thousands, perplexity_only, likelihood_below_zero,
    bound_that_rises, dice_below_zero, boxes, one_cycle_of_fastai, top_one_in_percent, contrast, noise_to_be_guessed,
    speech_with_a_shelf, forecasts, boosted, only_validated, rewards, returns_that_collapse_and_come_back, adversaries,
    critics, averaged_weights, harder_on_the_way, summed_over_the_batch, tiny_and_huge, losses_weighed_by_doubt,
    rate_cut_when_it_rests, many_heads,
)  # fmt: skip
