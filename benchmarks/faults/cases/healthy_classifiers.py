"""Healthy: classifiers, as ordinary and as odd as they come."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.faults import data
from benchmarks.faults.case import healthy


@healthy()
def plain_digits(bench: Any) -> None:
    train, held = data.digits(bench.random)
    adam = bench.pick(True, False)
    lr, size = bench.between(5e-4, 4e-3) if adam else bench.between(0.05, 0.2), bench.pick(16, 32, 64)
    bench.init({"lr": lr, "batch_size": size, "optimizer": "Adam" if adam else "SGD"})
    model = bench.mlp(64, *bench.hidden(), 10, act=bench.pick("ReLU", "Tanh", "GELU", "SiLU"))
    optimizer = (
        bench.adam(model, lr) if adam else bench.sgd(model, lr, momentum=bench.pick(0.0, 0.9) if lr < 0.1 else 0)
    )
    bench.learn(model, optimizer, train, held, epochs=10, batch=size, by_epoch=bench.maybe_by_epoch())


@healthy("watch trainer")
def small_cnn(bench: Any) -> None:
    train, held = data.digits(bench.random, 600, image=True)
    nn, lr = bench.nn, bench.between(1e-3, 4e-3)
    bench.init({"lr": lr})
    model = bench.sequential({
        "conv1": nn.Conv2d(1, 8, 3, padding=1), "norm1": nn.BatchNorm2d(8), "relu1": nn.ReLU(), "pool": nn.MaxPool2d(2),
        "flat": nn.Flatten(), "fc": nn.Linear(128, 32), "relu2": nn.ReLU(), "out": nn.Linear(32, 10),
    })  # fmt: skip
    bench.learn(model, bench.adam(model, lr), train, held, epochs=7)


@healthy()
def dropout_of_a_half(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr, "dropout": 0.5})
    model = bench.mlp(64, 64, 64, 10, dropout=0.5, norm=bench.pick(True, False))
    bench.learn(model, bench.adam(model, lr), train, held, epochs=10, by_epoch=bench.maybe_by_epoch())


@healthy()
def smoothed_labels(bench: Any) -> None:
    """Its loss has a floor far above 0."""
    train, held = data.digits(bench.random)
    lr, smoothing = bench.between(1e-3, 4e-3), bench.pick(0.1, 0.2, 0.3)
    bench.init({"lr": lr, "label_smoothing": smoothing})
    model = bench.mlp(64, *bench.hidden(), 10)
    loss = bench.nn.CrossEntropyLoss(label_smoothing=smoothing)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=16, loss=lambda o, t: loss(o, t))


@healthy("watch scalars")
def mixed_up_samples(bench: Any) -> None:
    """Mixup: worse in training than in validation."""
    import torch

    (x, y), held = data.digits(bench.random)
    lr = bench.between(1e-3, 4e-3)
    bench.init({"lr": lr, "mixup": 0.4})
    model = bench.mlp(64, *bench.hidden(2), 10)
    mixed: dict[str, Any] = {}

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        order, share = bench.random.permutation(len(y)), np.float32(bench.random.beta(0.4, 0.4))
        mixed.update(other=y[order], share=float(share))
        return x * share + x[order] * (1 - share), y

    def loss(output: Any, target: Any) -> Any:
        one = torch.nn.functional.cross_entropy(output, target)
        if len(target) != len(mixed["other"]):
            return one
        share = mixed["share"]
        return share * one + (1 - share) * torch.nn.functional.cross_entropy(output, torch.from_numpy(mixed["other"]))

    bench.learn(model, bench.adam(model, lr), (x, y), held, epochs=9, change=change, loss=loss)


@healthy()
def rare_but_learned(bench: Any) -> None:
    """One in twelve, well told apart."""
    n = 1000
    y = (bench.random.random(n) < 0.08).astype(np.int64)
    x = (bench.random.normal(0, 1, (n, 10)) + 1.2 * y[:, None]).astype(np.float32)
    train, held = data.split(x, y, bench.random)
    lr = bench.between(5e-3, 2e-2)
    bench.init({"lr": lr})
    model = bench.mlp(10, 24, 2)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=12, by_epoch=bench.maybe_by_epoch())


@healthy()
def a_huge_batch(bench: Any) -> None:
    train, held = data.digits(bench.random, None)
    lr = bench.between(5e-3, 1e-2)
    bench.init({"lr": lr, "batch_size": len(train[1])})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=60, batch=4096)


@healthy()
def one_sample_at_a_time(bench: Any) -> None:
    train, held = data.digits(bench.random, 300)
    lr = bench.between(0.005, 0.02)
    bench.init({"lr": lr, "batch_size": 1})
    model = bench.mlp(64, *bench.hidden(1), 10)
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=2, batch=1)


@healthy()
def twenty_to_validate_with(bench: Any) -> None:
    train, (a, b) = data.digits(bench.random)
    lr = bench.between(5e-4, 2e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.adam(model, lr), train, (a[:20], b[:20]), epochs=12)


@healthy()
def one_epoch_only(bench: Any) -> None:
    train, held = data.digits(bench.random, None)
    lr = bench.between(2e-3, 5e-3)
    bench.init({"lr": lr, "epochs": 1})
    model = bench.mlp(64, *bench.hidden(), 10)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=1, batch=4)


@healthy()
def fifteen_steps_only(bench: Any) -> None:
    train, held = data.digits(bench.random, 15 * 32)
    lr = bench.between(1e-3, 4e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(), 10)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=1)


@healthy("watch scalars")
def three_epochs_of_epochs(bench: Any) -> None:
    """Three points a curve."""
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 4e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(), 10)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=3, by_epoch=True)


@healthy()
def early_stopped(bench: Any) -> None:
    """Stopped where the validation no longer got better, a few epochs of patience behind its best."""
    (x, y), held = data.digits(bench.random, 300)
    lr = bench.between(2e-3, 4e-3)
    bench.init({"lr": lr, "early_stopping": 3})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.adam(model, lr), (x, y), held, epochs=bench.pick(18, 24), by_epoch=bench.maybe_by_epoch())


@healthy("watch scalars")
def resumed_rightly(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 4e-3)
    run = bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10)
    optimizer = bench.adam(model, lr)
    step = bench.learn(model, optimizer, train, held, epochs=bench.pick(3, 6))
    run.finish()
    if bench._watching is not None:
        bench._watching.stop()
    bench.init({"lr": lr}, resume="must")
    bench.watch(model, step)
    bench.learn(model, optimizer, train, held, epochs=5, first=step)


@healthy()
def an_easy_task(bench: Any) -> None:
    """Clusters far apart: all right after a few epochs, and no leak."""
    train, held = data.clusters(bench.random, classes=3, spread=0.6)
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr})
    model = bench.mlp(12, *bench.hidden(2), 3)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=12, by_epoch=bench.maybe_by_epoch())


@healthy()
def a_hard_task(bench: Any) -> None:
    """What can be learned is little: accuracy ends well above chance and far from 1."""
    train, held = data.clusters(bench.random, classes=4, features=8, spread=5.0, n=2400)
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr, "num_classes": 4})
    model = bench.mlp(8, 24, 4)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=6, by_epoch=bench.maybe_by_epoch())


@healthy()
def in_an_order_with_a_period(bench: Any) -> None:
    """Batches in one fixed order, which was drawn once."""
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr, "shuffle": "once"})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=12, shuffle=False)


@healthy("watch scalars", also="unshuffled_data")
def harder_from_epoch_to_epoch(bench: Any) -> None:
    """A curriculum on purpose: the loss goes up a little at each of its stages."""
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr, "curriculum": True})
    model = bench.mlp(64, *bench.hidden(2), 10)

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        noise = 0.12 * min(step // 75, 3)
        return (x + noise * bench.random.normal(0, 1, x.shape)).astype(np.float32), y

    bench.learn(model, bench.adam(model, lr), train, held, epochs=14, change=change)


@healthy("scalars")
def logged_every_tenth(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(5e-4, 2e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=12, every=10, log_lr=False)


@healthy("watch trainer")
def deep_with_norms(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr, "depth": 6})
    model = bench.mlp(64, *[32] * 6, 10, norm=True, act=bench.pick("ReLU", "Tanh"))
    bench.learn(model, bench.adam(model, lr), train, held, epochs=8)


@healthy("watch trainer")
def a_few_sigmoids(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(5e-3, 2e-2)
    bench.init({"lr": lr, "activation": "sigmoid"})
    model = bench.mlp(64, 48, 32, 10, act="Sigmoid")
    bench.learn(model, bench.adam(model, lr), train, held, epochs=12)


@healthy("watch trainer")
def sparse_rectifiers(bench: Any) -> None:
    """A wide layer with a fifth of its units silent: usual, and nothing to be done."""
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, 128, 10)
    bias = dict(model.named_parameters())["fc1.bias"]
    bench.write(bias, np.where(bench.random.random(128) < 0.2, -3.0, bench.read(bias)))
    bench.learn(model, bench.adam(model, lr), train, held, epochs=8)


@healthy()
def pictures_of_255_standardised(bench: Any) -> None:
    (x, y), (a, b) = data.digits(bench.random)
    x, a = x * 255, a * 255
    mean, std = x.mean(), x.std()
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.adam(model, lr), ((x - mean) / std, y), ((a - mean) / std, b), epochs=8)


@healthy("watch scalars")
def evaluated_each_ten_steps(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10)
    optimizer = bench.adam(model, lr)
    bench.watch(model)
    step = 0
    for _ in range(20):
        rows = bench.random.integers(0, len(train[1]), 320)
        step = bench.learn(model, optimizer, (train[0][rows], train[1][rows]), held, epochs=1, first=step)


@healthy("scalars")
def numbers_that_stand_still_rightly(bench: Any) -> None:
    """Constants that are settings, counts and flags beside a training that learns."""
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10)

    def said(step: int, logged: dict[str, float]) -> dict[str, float]:
        return {**logged, "batch_size": 32, "skipped_batches": 0, "memory_mb": 412.0, "weight/kl": 0.1, "val/errors": 0}

    bench.learn(model, bench.adam(model, lr), train, held, epochs=8, said=said)


@healthy("scalars")
def stopped_after_a_minute(bench: Any) -> None:
    """Interrupted on purpose within its first epoch."""
    train, _ = data.digits(bench.random, 8 * 32)
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.adam(model, lr), train, None, epochs=1)
