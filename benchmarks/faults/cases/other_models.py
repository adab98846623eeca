"""Faults of every kind in other models, optimizers and data than those that detectors were tuned on."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.faults import data
from benchmarks.faults.case import faulty
from benchmarks.faults.models import optimizer_of, reader_of_digits

WILD = (
    "exploding_gradients dead_relu plateau class_collapse nan_or_inf loss_spike saturated_activations stuck_metric "
    "momentum_too_high bad_initialization vanishing_gradients lr_too_high"
)
STILL = "plateau class_collapse stuck_metric vanishing_gradients dead_relu lr_too_low"


@faulty("watch scalars", "lr_too_high", also=WILD)
def any_model_at_a_wild_rate(bench: Any) -> None:
    train, held = data.digits(bench.random)
    kind, lr = bench.pick("conv", "lstm", "attention", "residual"), bench.between(0.5, 3)
    bench.init({"model": kind, "lr": lr, "optimizer": "AdamW"})
    model = reader_of_digits(kind)
    bench.learn(model, optimizer_of("AdamW", model, lr), train, held, epochs=7)


@faulty("watch scalars", "lr_too_low", also="plateau")
def any_model_at_a_tiny_rate(bench: Any) -> None:
    train, held = data.digits(bench.random)
    kind, which = bench.pick("lstm", "attention", "plain"), bench.pick("RMSprop", "AdamW")
    lr = bench.between(5e-7, 3e-6)
    bench.init({"model": kind, "lr": lr, "optimizer": which})
    model = reader_of_digits(kind)
    bench.learn(model, optimizer_of(which, model, lr), train, held, epochs=8, batch=bench.pick(16, 32))


@faulty("watch scalars", "lr_schedule_bug", also="plateau lr_too_low")
def steps_of_the_rate_in_batches(bench: Any) -> None:
    """A tenth of the rate after each so many batches, where epochs were meant."""
    train, held = data.digits(bench.random)
    kind, lr, each = bench.pick("lstm", "attention", "plain"), bench.between(0.03, 0.1), bench.pick(6, 10)
    bench.init({"model": kind, "lr": lr, "scheduler": "StepLR", "step_size": each})
    model = reader_of_digits(kind)
    rate = lambda t: lr * 0.1 ** (t // each)  # noqa: E731
    bench.learn(model, optimizer_of("SGD", model, lr), train, held, epochs=9, rate=rate)


@faulty("watch scalars", "momentum_too_high", also=WILD)
def nesterov_with_an_extra_nine(bench: Any) -> None:
    train, held = data.clusters(bench.random, classes=6, spread=1.5)
    momentum, lr = bench.pick(0.99, 0.995), bench.between(0.05, 0.1)
    bench.init({"optimizer": "SGD", "nesterov": True, "momentum": momentum, "lr": lr})
    model = bench.mlp(12, *bench.hidden(3), 6, act=bench.pick("ReLU", "GELU"))
    bench.learn(model, bench.sgd(model, lr, momentum=momentum, nesterov=True), train, held, epochs=16)


@faulty("watch scalars", "weight_decay_too_large", also=STILL)
def decay_in_other_models(bench: Any) -> None:
    train, held = data.digits(bench.random)
    kind, decay = bench.pick("lstm", "plain"), bench.pick(15.0, 40.0)
    lr = bench.between(3e-3, 6e-3)
    bench.init({"model": kind, "optimizer": "AdamW", "lr": lr, "weight_decay": decay})
    model = reader_of_digits(kind)
    bench.learn(model, optimizer_of("AdamW", model, lr, weight_decay=decay), train, held, epochs=10)


@faulty("watch scalars", "clipping_always_active", also="lr_too_low plateau")
def clipped_in_other_models(bench: Any) -> None:
    train, held = data.digits(bench.random)
    kind, limit, lr = bench.pick("lstm", "attention", "conv"), bench.pick(0.005, 0.01, 0.03), bench.between(0.03, 0.1)
    bench.init({"model": kind, "lr": lr, "gradient_clip_val": limit})
    model = reader_of_digits(kind)
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=8, clip=limit, log_norm=True)


@faulty("watch scalars", "accumulating_gradients", also=WILD)
def never_forgotten_in_other_models(bench: Any) -> None:
    train, held = data.digits(bench.random)
    kind, lr = bench.pick("conv", "residual", "attention"), bench.between(0.002, 0.01)
    bench.init({"model": kind, "lr": lr})
    model = reader_of_digits(kind)
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=8, zero_grad_every=0, log_norm=True)


@faulty("watch scalars", "loss_spike", also="exploding_gradients lr_too_high")
def one_bad_batch_in_other_models(bench: Any) -> None:
    train, held = data.digits(bench.random)
    kind, at, lr = bench.pick("conv", "plain"), bench.pick(97, 140), bench.between(1e-3, 3e-3)
    bench.init({"model": kind, "optimizer": "RMSprop", "lr": lr, "skip_outliers": True})
    model = reader_of_digits(kind)
    bench.steps = (at - 1, at + 2)
    factor = bench.pick(-20, 30)

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        return (x * x.dtype.type(factor), (y + 5) % 10) if step == at else (x, y)

    def forget(step: int, model: Any) -> None:
        for p in model.parameters() if step == at else ():
            p.grad.zero_()

    bench.learn(model, optimizer_of("RMSprop", model, lr), train, held, epochs=9, change=change, after_backward=forget)


@faulty("watch scalars", "nan_or_inf", also=f"{WILD} float16_overflow")
def a_root_of_less_than_nothing(bench: Any) -> None:
    import torch

    train, held = data.waves(bench.random)
    at, lr = bench.pick(41, 88), bench.between(1e-3, 4e-3)
    bench.init({"lr": lr, "loss": "rmse"})
    model = bench.mlp(6, *bench.hidden(2), 1, act="SiLU")
    bench.steps = (at - 1, at + 2)

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        return x, y * y.dtype.type(np.nan if step == at else 1)

    def loss(output: Any, target: Any) -> Any:
        return torch.sqrt(((output - target) ** 2).mean() + 1e-8)

    bench.learn(model, bench.adam(model, lr), train, held, loss=loss, score=None, epochs=8, change=change)


@faulty("watch scalars", "exploding_gradients", also=f"{WILD} accumulating_gradients unnormalized_input")
def rectifiers_that_go_round(bench: Any) -> None:
    """A recurrent matrix that makes each turn larger."""
    from torch import nn

    train, held = data.digits(bench.random)
    lr, factor = bench.between(1e-5, 1e-4), bench.pick(4.0, 5.0)
    bench.init({"model": "rnn", "lr": lr})

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enter, self.again, self.out = nn.Linear(8, 48), nn.Linear(48, 48), nn.Linear(48, 10)

        def forward(self, x: Any) -> Any:
            rows = x.reshape(-1, 8, 8).unbind(1)
            h = self.enter(rows[0]).relu()
            for row in rows[1:]:
                h = (self.enter(row) + self.again(h)).relu()
            return self.out(h)

    model = Net()
    bench.scale(model, factor, only=lambda name: name.startswith("again"))
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=8, log_norm=True)


@faulty("watch", "vanishing_gradients", also=f"{STILL} saturated_activations bad_initialization")
def filters_of_sigmoids(bench: Any) -> None:
    from torch import nn

    train, held = data.digits(bench.random, 400, image=True)
    depth, lr = bench.pick(6, 8), bench.between(0.02, 0.1)
    bench.init({"model": "cnn", "lr": lr, "depth": depth})
    parts: dict[str, Any] = {}
    for i in range(1, depth + 1):
        parts |= {f"conv{i}": nn.Conv2d(1 if i == 1 else 6, 6, 3, padding=1), f"act{i}": nn.Sigmoid()}
    model = bench.sequential({**parts, "flat": nn.Flatten(), "out": nn.Linear(384, 10)})
    bench.layers = ("conv1", "conv2", "conv3")
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=6)


@faulty("watch", "dead_relu", also=f"{STILL} bad_initialization")
def a_dead_stage_of_filters(bench: Any) -> None:
    from torch import nn

    train, held = data.digits(bench.random, 500, image=True)
    lr, deep = bench.between(5e-4, 2e-3), bench.pick(1, 2)
    bench.init({"model": "cnn", "lr": lr, "optimizer": "RMSprop"})
    model = bench.sequential({
        "conv1": nn.Conv2d(1, 8, 3, padding=1), "relu1": nn.ReLU(), "conv2": nn.Conv2d(8, 8, 3, padding=1),
        "relu2": nn.ReLU(), "pool": nn.AvgPool2d(2), "flat": nn.Flatten(), "out": nn.Linear(128, 10),
    })  # fmt: skip
    conv = getattr(model, f"conv{deep}")
    bench.write(conv.bias, np.where(np.arange(8) < bench.pick(0, 1), 0.0, -6.0))
    bench.layers = (f"conv{deep}", f"relu{deep}")
    bench.learn(model, optimizer_of("RMSprop", model, lr), train, held, epochs=7)


@faulty("watch", "frozen_layer")
def a_part_left_out(bench: Any) -> None:
    """The optimizer is not given the first part."""
    train, held = data.digits(bench.random)
    kind, lr = bench.pick("residual", "plain", "conv"), bench.between(1e-3, 3e-3)
    bench.init({"model": kind, "lr": lr})
    model = reader_of_digits(kind)
    name, first = next((n, m) for n, m in model.named_modules() if next(m.parameters(recurse=False), None) is not None)
    left = {id(p) for p in first.parameters()}
    bench.layers = (name,)
    optimizer = bench.adam([p for p in model.parameters() if id(p) not in left], lr)
    bench.learn(model, optimizer, train, held, epochs=7)


@faulty("watch", "bad_initialization", also=f"{STILL} memorizing_labels")
def all_filters_alike(bench: Any) -> None:
    train, held = data.digits(bench.random)
    kind, lr, value = bench.pick("conv", "plain"), bench.between(1e-3, 3e-3), bench.pick(0.02, 0.1)
    bench.init({"model": kind, "lr": lr})
    model = reader_of_digits(kind)
    for p in model.parameters():
        bench.write(p, value if p.dim() > 1 else 0.0)
    bench.layers = tuple(
        name for name, m in model.named_modules() if next(m.parameters(recurse=False), None) is not None
    )
    bench.learn(model, bench.adam(model, lr), train, held, epochs=7)


@faulty("watch scalars", "unshuffled_data", also="loss_spike class_collapse lr_too_high")
def one_file_after_the_other(bench: Any) -> None:
    (x, y), held = data.clusters(bench.random, classes=6, n=1000, spread=1.5)
    order, lr = np.argsort(y, kind="stable"), bench.between(2e-3, 6e-3)
    bench.init({"lr": lr, "optimizer": "Adam"})
    model = bench.mlp(12, *bench.hidden(2), 6, act="Tanh")
    bench.learn(model, bench.adam(model, lr), (x[order], y[order]), held, epochs=12, batch=25, shuffle=False)


@faulty("watch scalars", "overfitting", also="memorizing_labels")
def other_models_learn_by_heart(bench: Any) -> None:
    (x, y), held = data.digits(bench.random, bench.pick(60, 100))
    wrong = bench.random.random(len(y)) < 0.2
    y = np.where(wrong, bench.random.integers(0, 10, len(y)), y)
    kind, lr = bench.pick("conv", "wide", "residual"), bench.between(3e-3, 6e-3)
    bench.init({"model": kind, "lr": lr})
    model = reader_of_digits(kind)
    bench.learn(
        model, bench.adam(model, lr), (x, y), held, epochs=60, batch=25, by_epoch=bench.maybe_by_epoch()
    )  # fmt: skip


@faulty("watch scalars", "memorizing_labels", also="overfitting")
def labels_of_other_rows(bench: Any) -> None:
    (x, y), (a, b) = data.digits(bench.random, 160)
    kind, lr = bench.pick("conv", "residual"), bench.between(3e-3, 6e-3)
    bench.init({"model": kind, "lr": lr, "num_classes": 10})
    model = reader_of_digits(kind)
    pairs = (x, np.roll(y, 7)), (a, np.roll(b, 7))
    bench.learn(model, bench.adam(model, lr), *pairs, epochs=45, batch=32, by_epoch=bench.maybe_by_epoch())


@faulty("watch scalars", "label_leakage")
def a_mark_in_the_corner(bench: Any) -> None:
    """Ten pixels beside the picture say which it is."""
    (x, y), (a, b) = data.digits(bench.random, 1000)
    lr, noise = bench.between(2e-3, 5e-3), np.float32(bench.pick(0.8, 1.2))

    def marked(x: Any, y: Any) -> Any:
        blurred = x + noise * bench.random.normal(0, 1, x.shape).astype(np.float32)
        return np.concatenate([blurred, np.eye(10, dtype=np.float32)[y] * 4], 1)

    bench.init({"lr": lr})
    model = bench.mlp(74, *bench.hidden(2), 10, act="GELU")
    bench.learn(model, bench.adam(model, lr), (marked(x, y), y), (marked(a, b), b), epochs=10)


@faulty("watch scalars", "wrong_loss", also="plateau overfitting")
def probabilities_into_cross_entropy(bench: Any) -> None:
    from torch import nn

    train, held = data.digits(bench.random)
    kind, lr = bench.pick("conv", "residual"), bench.between(3e-3, 6e-3)
    bench.init({"model": kind, "lr": lr})
    model = bench.sequential({"body": reader_of_digits(kind), "probabilities": nn.Softmax(1)})
    bench.learn(model, bench.adam(model, lr), train, held, epochs=16)


@faulty("watch", "train_eval_mode", also="overfitting")
def norms_that_never_rest(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 3e-3)
    bench.init({"model": "conv", "lr": lr})
    model = reader_of_digits("conv")
    bench.learn(model, bench.adam(model, lr), train, held, epochs=10, validate_in="train")


@faulty("watch scalars", "unnormalized_input", also=WILD)
def bytes_into_other_models(bench: Any) -> None:
    (x, y), (a, b) = data.digits(bench.random)
    kind, lr = bench.pick("plain", "wide"), bench.between(1e-3, 4e-3)
    scale = np.float32(bench.pick(255, 1000))
    bench.init({"model": kind, "lr": lr, "num_classes": 10})
    model = reader_of_digits(kind)
    bench.learn(model, bench.adam(model, lr), (x * scale, y), (a * scale, b), epochs=8)


@faulty("watch scalars", "class_collapse", also="stuck_metric plateau")
def rare_ones_never_seen(bench: Any) -> None:
    n, rare = 800, bench.pick(0.05, 0.08)
    y = np.where(bench.random.random(n) < rare, bench.random.integers(1, 3, n), 0)
    x = bench.random.normal(0, 1, (n, 10)).astype(np.float32) + 0.1 * y[:, None].astype(np.float32)
    train, held = data.split(x, y.astype(np.int64), bench.random)
    lr = bench.between(3e-3, 8e-3)
    bench.init({"lr": lr, "num_classes": 3, "optimizer": "Adam"})
    model = bench.mlp(10, 16, 3, act="GELU")
    bench.learn(model, bench.adam(model, lr), train, held, epochs=14)


@faulty("watch scalars", "plateau", also=f"{STILL} memorizing_labels")
def rows_of_nothing(bench: Any) -> None:
    """A loader that gives the mean picture for every sample."""
    (x, y), (a, b) = data.digits(bench.random)
    kind, lr = bench.pick("lstm", "residual", "plain"), bench.between(1e-3, 3e-3)
    bench.init({"model": kind, "lr": lr, "num_classes": 10})
    model = reader_of_digits(kind)
    mean = x.mean(0, keepdims=True)
    flat = (np.repeat(mean, len(x), 0), y), (np.repeat(mean, len(a), 0), b)
    bench.learn(model, bench.adam(model, lr), *flat, epochs=9, by_epoch=False)


@faulty("scalars", "split_mixup", also="label_leakage overfitting")
def the_names_are_swapped_in_regression(bench: Any) -> None:
    train, held = data.waves(bench.random, features=12, n=80, noise=1.0)
    lr, names = bench.between(2e-3, 5e-3), bench.names
    bench.init({"lr": lr})
    model = bench.mlp(12, 128, 128, 1)
    other = {names.train_loss: names.val_loss, names.val_loss: names.train_loss}
    bench.learn(
        model, bench.adam(model, lr), train, held, loss="mse", score=None, epochs=90, batch=30, by_epoch=True,
        said=lambda step, logged: {other.get(tag, tag): value for tag, value in logged.items()},
    )  # fmt: skip


@faulty("scalars", "stuck_metric", also="plateau class_collapse")
def a_score_of_the_wrong_variable(bench: Any) -> None:
    train, held = data.waves(bench.random)
    lr = bench.between(1e-3, 4e-3)
    bench.init({"lr": lr})
    model = bench.mlp(6, *bench.hidden(2), 1)
    fixed = bench.random.uniform(0.1, 0.7)
    tag = bench.pick("val_r2", "val/score", "valid_f1")

    def said(step: int, logged: dict[str, float]) -> dict[str, float]:
        return {**logged, tag: fixed} if bench.names.val_loss in logged else logged

    bench.learn(model, bench.adam(model, lr), train, held, loss="mse", score=None, epochs=18, said=said)
