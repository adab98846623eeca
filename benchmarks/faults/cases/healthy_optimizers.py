"""Healthy: classifiers whose optimizer does something of its own: schedules, limits, decay, parts that stand still."""

from __future__ import annotations

import math
from typing import Any

from benchmarks.faults import data
from benchmarks.faults.case import healthy


@healthy()
def warm_up_and_cosine(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr, steps, warm = bench.between(0.1, 0.3), 25 * 12, bench.pick(15, 30, 60)
    bench.init({"lr": lr, "schedule": "warmup-cosine", "warmup_steps": warm})
    model = bench.mlp(64, *bench.hidden(2), 10)

    def rate(t: int) -> float:
        return lr * (t + 1) / warm if t < warm else lr * 0.5 * (1 + math.cos(math.pi * (t - warm) / (steps - warm)))

    bench.learn(model, bench.sgd(model, lr, weight_decay=1e-4), train, held, epochs=12, rate=rate)


@healthy()
def restarts_of_the_rate(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr, period = bench.between(0.1, 0.3), bench.pick(60, 100, 150)
    bench.init({"lr": lr, "schedule": "SGDR", "T_0": period})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(
        model, bench.sgd(model, lr, momentum=0.5), train, held, epochs=14,
        rate=lambda t: lr * (0.01 + 0.5 * (1 + math.cos(math.pi * (t % period) / period))),
    )  # fmt: skip


@healthy()
def one_cycle(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr, steps = bench.between(0.2, 0.4), 25 * 10
    bench.init({"max_lr": lr, "schedule": "OneCycleLR"})
    model = bench.mlp(64, *bench.hidden(2), 10)

    def rate(t: int) -> float:
        top = int(0.3 * steps)
        if t < top:
            return lr / 25 + (lr - lr / 25) * t / top
        return lr * 1e-4 + lr * 0.5 * (1 + math.cos(math.pi * (t - top) / (steps - top)))

    bench.learn(model, bench.sgd(model, lr), train, held, epochs=10, rate=rate)


@healthy()
def rate_in_steps(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr, each = bench.between(0.05, 0.2), bench.pick(80, 120)
    bench.init({"lr": lr, "schedule": "StepLR", "gamma": 0.1})
    model = bench.mlp(64, *bench.hidden(), 10)
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=14, rate=lambda t: lr * 0.1 ** (t // each))


@healthy()
def a_momentum_of_99_with_a_rate_to_match(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(4e-4, 1.5e-3)
    bench.init({"lr": lr, "momentum": 0.99, "nesterov": True})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.sgd(model, lr, momentum=0.99, nesterov=True), train, held, epochs=14)


@healthy("watch scalars")
def finds_its_rate_first(bench: Any) -> None:
    """A sweep over rates on purpose: the loss goes up at its end, where it is stopped."""
    train, _held = data.digits(bench.random)
    bench.init({"lr_finder": True, "lr_min": 1e-5, "lr_max": 1.0})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.sgd(model, 1e-5), train, None, epochs=5, rate=lambda t: 1e-5 * 10 ** (5 * t / 125))


@healthy()
def clipped_now_and_then(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr, limit = bench.between(0.05, 0.15), bench.pick(1.0, 2.0)
    bench.init({"lr": lr, "clip_grad_norm": limit})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=10, clip=limit, log_norm=True)


@healthy("all", also="clipping_always_active")
def clipped_on_purpose_in_adam(bench: Any) -> None:
    """A limit of 0.1 before Adam, which does not care for lengths."""
    train, held = data.clusters(bench.random, classes=5)
    lr = bench.between(1e-3, 4e-3)
    bench.init({"lr": lr, "optimizer": "Adam", "max_grad_norm": 0.1})
    model = bench.mlp(12, *bench.hidden(2), 5)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=12, clip=0.1, log_norm=True)


@healthy()
def decay_of_a_tenth(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 4e-3)
    bench.init({"lr": lr, "optimizer": "AdamW", "weight_decay": 0.1})
    model = bench.mlp(64, *bench.hidden(2), 10)
    optimizer = bench.optim.AdamW(list(model.parameters()), lr=lr, weight_decay=0.1)
    bench.learn(model, optimizer, train, held, epochs=10)


@healthy("watch scalars")
def gradients_added_up_rightly(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr, every = bench.between(0.05, 0.1), bench.pick(2, 4)
    bench.init({"lr": lr, "gradient_accumulation_steps": every})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(
        model, bench.sgd(model, lr, momentum=0.9), train, held, epochs=14, batch=16, zero_grad_every=every, step_every=every
    )  # fmt: skip


@healthy("watch trainer")
def frozen_backbone(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(2e-3, 8e-3)
    bench.init({"lr": lr, "freeze": ["fc1"]})
    model = bench.mlp(64, 96, 32, 10)
    for name, p in model.named_parameters():
        if name.startswith("fc1"):
            p.requires_grad = False
    rest = [p for name, p in model.named_parameters() if not name.startswith("fc1")]
    bench.learn(model, bench.adam(rest, lr), train, held, epochs=10)


@healthy("watch")
def head_first_then_all(bench: Any) -> None:
    """Gradual unfreezing, with a smaller rate from then on."""
    train, held = data.digits(bench.random)
    lr = bench.between(2e-3, 6e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, 64, 32, 10)
    model.fc1.requires_grad_(False)
    bench.watch(model)
    optimizer = bench.adam(model, lr)
    step = bench.learn(model, optimizer, train, held, epochs=5)
    model.fc1.requires_grad_(True)
    bench.learn(model, optimizer, train, held, epochs=5, first=step, rate=lambda t: lr / 5)
