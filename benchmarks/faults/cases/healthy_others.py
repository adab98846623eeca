"""Healthy: other models, optimizers, losses and data than those that detectors were tuned on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.faults import data
from benchmarks.faults.case import healthy
from benchmarks.faults.models import optimizer_of, reader_of_digits


@healthy("watch scalars")
def any_model_at_its_rate(bench: Any) -> None:
    train, held = data.digits(bench.random)
    kind = bench.pick("conv", "lstm", "attention", "residual", "plain", "wide")
    which, lr = bench.pick("AdamW", "Adam", "RMSprop", "NAdam"), bench.between(1e-3, 4e-3)
    bench.init({"model": kind, "optimizer": which, "lr": lr})
    model = reader_of_digits(kind)
    bench.learn(model, optimizer_of(which, model, lr), train, held, epochs=9, by_epoch=bench.maybe_by_epoch())


@healthy("watch scalars")
def adapted_by_the_sum_of_squares(bench: Any) -> None:
    train, held = data.digits(bench.random)
    kind, lr = bench.pick("plain", "residual", "attention"), bench.between(0.01, 0.04)
    bench.init({"model": kind, "optimizer": "Adagrad", "lr": lr})
    model = reader_of_digits(kind)
    bench.learn(model, optimizer_of("Adagrad", model, lr), train, held, epochs=9)


@healthy("watch scalars")
def nesterov_and_a_cosine(bench: Any) -> None:
    train, held = data.digits(bench.random)
    kind, lr = bench.pick("conv", "plain", "wide"), bench.between(0.03, 0.08)
    n = 10 * 25
    bench.init({"model": kind, "optimizer": "SGD", "momentum": 0.9, "lr": lr, "weight_decay": 5e-4})
    model = reader_of_digits(kind)
    optimizer = bench.sgd(model, lr, momentum=0.9, nesterov=True, weight_decay=5e-4)
    rate = lambda t: lr * min(1.0, (t + 1) / 20) * 0.5 * (1 + math.cos(math.pi * min(t, n) / n))  # noqa: E731
    bench.learn(model, optimizer, train, held, epochs=10, rate=rate)


@healthy("watch scalars", also="overfitting")
def a_tenth_of_the_labels_wrong(bench: Any) -> None:
    (x, y), held = data.digits(bench.random, 1000)
    y = np.where(bench.random.random(len(y)) < 0.1, bench.random.integers(0, 10, len(y)), y)
    kind, lr = bench.pick("conv", "plain"), bench.between(1e-3, 3e-3)
    bench.init({"model": kind, "lr": lr})
    model = reader_of_digits(kind)
    bench.learn(model, bench.adam(model, lr), (x, y), held, epochs=6)


@healthy("watch scalars")
def logarithms_into_the_likelihood(bench: Any) -> None:
    from torch import nn

    train, held = data.digits(bench.random)
    kind, lr = bench.pick("lstm", "residual"), bench.between(1e-3, 4e-3)
    bench.init({"model": kind, "lr": lr, "loss": "nll"})
    model = bench.sequential({"body": reader_of_digits(kind), "logarithms": nn.LogSoftmax(1)})
    bench.learn(model, bench.adam(model, lr), train, held, loss=nn.functional.nll_loss, epochs=9)


@healthy("watch scalars")
def the_hard_ones_count_more(bench: Any) -> None:
    """Focal loss."""
    from torch.nn import functional as F

    train, held = data.digits(bench.random)
    lr, gamma = bench.between(1e-3, 4e-3), bench.pick(1.0, 2.0)
    bench.init({"lr": lr, "loss": "focal", "gamma": gamma})

    def focal(output: Any, target: Any) -> Any:
        each = F.cross_entropy(output, target, reduction="none")
        return ((1 - (-each).exp()) ** gamma * each).mean()

    model = reader_of_digits(bench.pick("conv", "plain"))
    bench.learn(model, bench.adam(model, lr), train, held, loss=focal, epochs=9)


@healthy("watch scalars")
def several_labels_at_once(bench: Any) -> None:
    from torch.nn import functional as F

    (x, y), (a, b) = data.digits(bench.random)
    table = (np.arange(10)[:, None] >> np.arange(4) & 1).astype(np.float32)
    lr = bench.between(1e-3, 4e-3)
    bench.init({"lr": lr, "loss": "bce"})
    model = reader_of_digits("plain", 4)

    def right(output: Any, target: Any) -> float:
        return float(((output > 0) == (target > 0.5)).mean())

    pairs = (x, table[y]), (a, table[b])
    bench.learn(model, bench.adam(model, lr), *pairs, loss=F.binary_cross_entropy_with_logits, score=right, epochs=10)


@healthy("watch scalars")
def pictures_from_pictures(bench: Any) -> None:
    """An autoencoder through a narrow middle; some cover a part of the picture first."""
    (x, _), (a, _) = data.digits(bench.random)
    lr, width, hidden = bench.between(1e-3, 4e-3), bench.pick(6, 12), bench.pick(0.0, 0.3)
    bench.init({"lr": lr, "latent": width, "mask": hidden})
    model = bench.mlp(64, 48, width, 48, 64, act=bench.pick("ReLU", "GELU", "Tanh"))

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        return x * (bench.random.random(x.shape) >= hidden).astype(x.dtype), y

    bench.learn(model, bench.adam(model, lr), (x, x), (a, a), loss="mse", score=None, epochs=12, change=change)


@healthy("watch scalars")
def accuracy_in_percent(bench: Any) -> None:
    train, held = data.clusters(bench.random, classes=5, spread=bench.pick(1.0, 2.0))
    lr = bench.between(1e-3, 5e-3)
    bench.init({"lr": lr})
    model = bench.mlp(12, *bench.hidden(2), 5, act=bench.pick("SiLU", "LeakyReLU"))

    def percent(output: Any, target: Any) -> float:
        return 100 * float((output.argmax(1) == target).mean())

    bench.learn(model, bench.adam(model, lr), train, held, score=percent, epochs=12, by_epoch=bench.maybe_by_epoch())


@healthy("watch scalars")
def batches_of_two_in_noise(bench: Any) -> None:
    train, held = data.clusters(bench.random, classes=3, spread=3.0, n=500)
    lr = bench.between(2e-4, 1e-3)
    bench.init({"lr": lr, "batch_size": 2})
    model = bench.mlp(12, *bench.hidden(1), 3)
    bench.learn(model, bench.adam(model, lr), train, held, batch=2, epochs=4, every=bench.pick(1, 5))


@healthy("watch scalars")
def outliers_in_the_targets(bench: Any) -> None:
    """One target in fifty is ten times as far out: the loss of batches jumps, and is learned from with Huber's."""
    (x, y), held = data.waves(bench.random)
    y = np.where(bench.random.random(y.shape) < 0.02, y * np.float32(10), y)
    lr = bench.between(1e-3, 4e-3)
    bench.init({"lr": lr, "loss": "huber"})
    model = bench.mlp(6, *bench.hidden(2), 1)
    bench.learn(model, bench.adam(model, lr), (x, y), held, loss="huber", score=None, epochs=12)


@healthy("watch scalars")
def clipped_while_it_warms_up(bench: Any) -> None:
    train, held = data.digits(bench.random)
    kind, lr = bench.pick("lstm", "attention"), bench.between(2e-3, 5e-3)
    bench.init({"model": kind, "lr": lr, "max_grad_norm": 1.0, "warmup_steps": 40})
    model = reader_of_digits(kind)
    rate = lambda t: lr * min(1.0, (t + 1) / 40)  # noqa: E731
    bench.learn(
        model, optimizer_of("AdamW", model, lr), train, held, epochs=9, clip=1.0, log_norm=True, rate=rate
    )  # fmt: skip


@healthy("watch scalars")
def stopped_before_it_was_done(bench: Any) -> None:
    """Two epochs at a modest rate: it learns, and is far from done."""
    train, held = data.digits(bench.random)
    kind, lr = bench.pick("plain", "residual", "wide"), bench.between(5e-4, 1.5e-3)
    bench.init({"model": kind, "lr": lr, "max_steps": 50})
    model = reader_of_digits(kind)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=2)


@healthy("watch scalars")
def few_samples_and_many_epochs_with_care(bench: Any) -> None:
    """Decay, dropout and a rate that fades: little data, and no harm."""
    train, held = data.digits(bench.random, 400)
    lr = bench.between(1e-3, 2e-3)
    n = 25 * 13
    bench.init({"lr": lr, "dropout": 0.3, "weight_decay": 0.01})
    model = bench.mlp(64, 48, 48, 10, dropout=0.3)
    rate = lambda t: lr * 0.5 * (1 + math.cos(math.pi * min(t, n) / n))  # noqa: E731
    optimizer = optimizer_of("AdamW", model, lr, weight_decay=0.01)
    bench.learn(model, optimizer, train, held, epochs=25, rate=rate)
