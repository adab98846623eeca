"""Healthy: curves as other programs log them, and runs with next to none."""

from __future__ import annotations

import math
from typing import Any

from benchmarks.faults import data
from benchmarks.faults.case import healthy


@healthy("scalars")
def a_model_of_language(bench: Any) -> None:
    """A power law with noise and two small bumps, from ln of the vocabulary on, with warm-up and cosine."""
    run, n = bench.init({"model": "gpt", "vocab_size": 50257, "lr": 6e-4, "weight_decay": 0.1}), 1500
    bumps = bench.random.integers(200, n, 2)
    for i in range(n):
        loss = 2.9 + 8 * (1 + i / 12) ** -0.55 + bench.random.normal(0, 0.03)
        loss += sum(0.25 * math.exp(-(i - b) / 8) for b in bumps if i >= b)
        rate = 6e-4 * min((i + 1) / 150, 0.1 + 0.45 * (1 + math.cos(math.pi * i / n)))
        logged = {
            "train/loss": loss,
            "train/lr": rate,
            "train/grad_norm": bench.random.gamma(20, 0.02) * (1 + 60 / (i + 10)),
        }
        if i % 125 == 0:
            logged["val/loss"] = 2.93 + 8 * (1 + i / 12) ** -0.55 + bench.random.normal(0, 0.005)
        run.log(logged, step=i * bench.pick(1, 1))


@healthy("scalars")
def trees_that_are_boosted(bench: Any) -> None:
    """Where there is xgboost, its numbers; validation flat at its best for long."""
    import xgboost

    train, held = data.clusters(bench.random, classes=2, spread=2.5, n=400)
    run = bench.init({"max_depth": 3, "eta": 0.1})
    heard: dict[str, Any] = {}
    xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3, "eta": 0.1, "nthread": 1, "eval_metric": ["logloss", "auc"]},
        xgboost.DMatrix(train[0], train[1]), 60, [(xgboost.DMatrix(*train), "train"), (xgboost.DMatrix(*held), "valid")],
        evals_result=heard, verbose_eval=False,
    )  # fmt: skip
    for i in range(60):
        run.log(
            {f"{side}-{name}": values[i] for side, found in heard.items() for name, values in found.items()}, step=i
        )


@healthy("scalars")
def a_line_by_stochastic_steps(bench: Any) -> None:
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import log_loss

    train, held = data.clusters(bench.random, classes=2, spread=2.0)
    run = bench.init({"alpha": 1e-3})
    model = SGDClassifier(loss="log_loss", alpha=1e-3, random_state=bench.seed)
    for epoch in range(30):
        order = bench.random.permutation(len(train[1]))
        model.partial_fit(train[0][order], train[1][order], classes=[0, 1])
        run.log({
            "train_loss": log_loss(train[1], model.predict_proba(train[0])), "test_loss": log_loss(held[1], model.predict_proba(held[0])),
            "test_acc": model.score(*held),
        }, step=epoch)  # fmt: skip


@healthy("scalars")
def a_single_point(bench: Any) -> None:
    run = bench.init({"lr": 1e-3})
    run.log({"final/accuracy": 0.93, "final/loss": bench.between(0.1, 20)}, step=0)


@healthy("scalars")
def nothing_at_all(bench: Any) -> None:
    bench.init({"lr": 1e-3})


@healthy("scalars")
def metrics_only(bench: Any) -> None:
    run = bench.init({})
    for step in range(120):
        t = step / 120
        run.log({"f1": 0.8 * (1 - math.exp(-5 * t)) + bench.random.normal(0, 0.01), "samples_per_second": bench.random.normal(900, 30),
                 "epoch": step // 12, "gpu/memory": 3.25}, step=step)  # fmt: skip


@healthy("scalars")
def fine_tuned_from_a_good_start(bench: Any) -> None:
    """Begins near its end: it falls little, at a small rate, and that is the point."""
    run, lr = bench.init({"pretrained": True, "lr": 2e-5}), 2e-5
    for i in range(300):
        loss = 0.42 + 0.13 * math.exp(-i / 90) + bench.random.normal(0, 0.06)
        run.log({"train/loss": loss, "train/learning_rate": lr * (1 - i / 300)}, step=i)
        if i % 50 == 49:
            t = i / 300
            run.log({"eval/loss": 0.47 + 0.1 * math.exp(-3 * t), "eval/accuracy": 0.86 + 0.03 * t}, step=i)


@healthy("scalars")
def denoised_step_by_step(bench: Any) -> None:
    """The loss of a diffusion model: falls at once, then is flat and noisy for the rest, and goes on getting better."""
    run = bench.init({"model": "ddpm", "lr": 1e-4})
    for i in range(800):
        level = 0.035 + 0.9 * math.exp(-i / 15) + 0.02 * (1 + i / 100) ** -0.7
        run.log({"loss": level * bench.random.gamma(12, 1 / 12), "lr": 1e-4}, step=i * 50)


@healthy("scalars")
def detects_with_many_losses(bench: Any) -> None:
    run = bench.init({"model": "detector", "lr": 0.01})
    names = ("box_loss", "cls_loss", "dfl_loss")
    for epoch in range(60):
        t = epoch / 60
        found = {f"{side}/{name}": (2.5 - i * 0.6) * (0.4 + 0.6 * math.exp(-3 * t)) + (0.1 if side == "val" else 0) + bench.random.normal(0, 0.02)
                 for side in ("train", "val") for i, name in enumerate(names)}  # fmt: skip
        found |= {"metrics/mAP50": 0.7 * (1 - math.exp(-4 * t)), "metrics/precision": 0.8 * (1 - math.exp(-5 * t)) + bench.random.normal(0, 0.02),
                  "lr/pg0": 0.01 * (1 - t) + 1e-4, "lr/pg1": 0.01 * (1 - t) + 1e-4}  # fmt: skip
        run.log(found, step=epoch)


@healthy("scalars", also="overfitting")
def grokking(bench: Any) -> None:
    """Validation is poor for long, then comes after all: modular sums are known for it."""
    run = bench.init({"task": "addition mod 97", "weight_decay": 1.0})
    at = bench.pick(250, 400)
    for i in range(600):
        known = 1 / (1 + math.exp(-(i - 40) / 8))
        late = 1 / (1 + math.exp(-(i - at) / 20))
        run.log(
            {"train/loss": 4.6 * (1 - known) + 0.001 + abs(bench.random.normal(0, 0.002)), "train/accuracy": known},
            step=i,
        )
        if i % 10 == 0:
            run.log(
                {"val/loss": 4.6 + 1.5 * known * (1 - late) - 4.5 * late, "val/accuracy": 0.01 + 0.98 * late}, step=i
            )


@healthy("scalars")
def two_phases(bench: Any) -> None:
    """A second loss comes in on purpose half-way: the total leaps and is higher from then on."""
    run = bench.init({"lr": 1e-3, "second_loss_from": 150})
    for i in range(320):
        first = 0.2 + 2 * math.exp(-i / 40) + bench.random.normal(0, 0.03)
        second = 0.0 if i < 150 else 0.3 + 1.2 * math.exp(-(i - 150) / 30) + bench.random.normal(0, 0.03)
        run.log({"loss/first": first, "loss/second": second, "lr": 1e-3}, step=i)
