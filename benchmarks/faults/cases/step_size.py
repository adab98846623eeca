"""Faults of the step: its length, how it changes, what it carries on."""

from __future__ import annotations

import math
from typing import Any

from benchmarks.faults import data
from benchmarks.faults.case import faulty

FOLLOWS = "exploding_gradients dead_relu plateau class_collapse nan_or_inf loss_spike saturated_activations momentum_too_high stuck_metric"


@faulty("all", "lr_too_high", also=FOLLOWS)
def sgd_steps_too_long(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr, momentum, size = bench.between(1.5, 6), bench.pick(0.0, 0.9), bench.pick(16, 32, 64)
    bench.init({"optimizer": "SGD", "lr": lr, "momentum": momentum, "batch_size": size})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.sgd(model, lr, momentum=momentum), train, held, batch=size, epochs=8)


@faulty("all", "lr_too_high", also=FOLLOWS)
def adam_steps_too_long(bench: Any) -> None:
    train, held = data.clusters(bench.random, classes=bench.pick(3, 5, 8))
    lr = bench.between(0.6, 3.0)
    bench.init({"optim": "adam", "learning_rate": lr})
    model = bench.mlp(12, *bench.hidden(3), 8, act=bench.pick("ReLU", "Tanh", "GELU"))
    bench.learn(model, bench.adam(model, lr), train, held, epochs=10, by_epoch=bench.maybe_by_epoch())


@faulty("all", "lr_too_high", also=FOLLOWS)
def regression_runs_away(bench: Any) -> None:
    train, held = data.waves(bench.random)
    lr = bench.between(0.5, 1.5)
    bench.init({"lr": lr})
    model = bench.mlp(6, *bench.hidden(2), 1)
    bench.learn(model, bench.sgd(model, lr), train, held, loss="mse", score=None, epochs=8)


@faulty("watch scalars", "lr_too_high", also=FOLLOWS)
def too_long_for_letters(bench: Any) -> None:
    x, y, n = data.letters(bench.random, 900, 24)
    lr = bench.between(0.4, 2.0)
    bench.init({"model": "gru", "lr": lr, "optimizer": "Adam"})
    model = Letters(bench.nn, n, 32)
    loss = lambda output, target: bench.nn.functional.cross_entropy(output.flatten(0, 1), target.flatten())  # noqa: E731
    bench.learn(model, bench.adam(model, lr), (x, y), None, loss=loss, score=None, epochs=4, batch=16)


def Letters(nn: Any, n: int, width: int, kind: str = "GRU") -> Any:
    """A recurrent network (PyTorch) that guesses the next of `n` letters."""

    class Net(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(n, width)
            self.rnn = getattr(nn, kind)(width, width, batch_first=True)
            self.head = nn.Linear(width, n)

        def forward(self, x: Any) -> Any:
            return self.head(self.rnn(self.embed(x))[0])

    return Net()


@faulty("all", "lr_too_low", also="plateau vanishing_gradients")
def sgd_steps_too_short(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(1e-5, 2e-4)
    bench.init({"optimizer": "SGD", "lr": lr})
    model = bench.mlp(64, *bench.hidden(), 10)
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=10)


@faulty("all", "lr_too_low", also="plateau")
def adam_steps_too_short(bench: Any) -> None:
    train, held = data.clusters(bench.random, classes=6)
    lr = bench.between(1e-6, 8e-6)
    bench.init({"optimizer": "AdamW", "lr": lr})
    model = bench.mlp(12, *bench.hidden(), 6, act=bench.pick("ReLU", "SiLU"))
    bench.learn(model, bench.adam(model, lr), train, held, epochs=12, by_epoch=bench.maybe_by_epoch())


@faulty("all", "lr_too_low", also="plateau")
def regression_hardly_moves(bench: Any) -> None:
    train, held = data.waves(bench.random)
    lr = bench.between(2e-6, 1e-5)
    bench.init({"lr": lr})
    model = bench.mlp(6, *bench.hidden(), 1, act="Tanh")
    bench.learn(model, bench.adam(model, lr), train, held, loss="mse", score=None, epochs=12)


@faulty("all", "lr_schedule_bug", also="plateau lr_too_low")
def decay_of_epochs_at_every_step(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr, gamma = bench.between(0.02, 0.1), bench.pick(0.5, 0.7, 0.8, 0.9)
    bench.init({"lr": lr, "gamma": gamma, "scheduler": "ExponentialLR"})
    model = bench.mlp(64, *bench.hidden(), 10)
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=14, rate=lambda t: lr * gamma**t)


@faulty(
    "all",
    "lr_schedule_bug",
    also="lr_too_high loss_spike exploding_gradients dead_relu plateau class_collapse nan_or_inf",
)
def warm_up_to_the_wrong_height(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr, leap, at = bench.between(0.02, 0.06), bench.pick(40, 80, 150), bench.pick(120, 150, 190)
    bench.init({"lr": lr, "schedule": "two phases"})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.steps = (at - 2, at + 20)
    bench.learn(
        model, bench.sgd(model, lr, momentum=0.9), train, held, epochs=14,
        rate=lambda t: lr * (0.9995**t) * (leap if t >= at else 1),
    )  # fmt: skip


@faulty("all", "lr_schedule_bug", also="lr_too_low plateau")
def cosine_counts_in_batches(bench: Any) -> None:
    """The cosine is over within an epoch and stays down."""
    train, held = data.clusters(bench.random, classes=6, spread=2.0)
    lr, over = bench.between(0.03, 0.1), bench.pick(12, 20, 30)
    bench.init({"lr": lr, "schedule": "cosine", "T_max": over})
    model = bench.mlp(12, *bench.hidden(), 6)
    bench.learn(
        model, bench.sgd(model, lr), train, held, epochs=16,
        rate=lambda t: lr * 0.5 * (1 + math.cos(math.pi * min(t, over) / over)),
    )  # fmt: skip


@faulty("all", "momentum_too_high", also="lr_too_high plateau loss_spike exploding_gradients dead_relu class_collapse")
def momentum_with_an_extra_nine(bench: Any) -> None:
    train, held = data.digits(bench.random)
    momentum, lr = bench.pick(0.99, 0.995, 0.997), bench.between(0.03, 0.1)
    bench.init({"optimizer": "SGD", "lr": lr, "momentum": momentum})
    model = bench.mlp(64, *bench.hidden(2), 10, act=bench.pick("ReLU", "Tanh"))
    bench.learn(model, bench.sgd(model, lr, momentum=momentum), train, held, epochs=16)


@faulty("all", "momentum_too_high", also="lr_too_high plateau exploding_gradients loss_spike")
def a_ball_that_rolls_on(bench: Any) -> None:
    """A bowl in which the loss swings to and fro."""
    train, held = data.waves(bench.random)
    momentum, lr = bench.pick(0.995, 0.998), bench.between(0.003, 0.01)
    bench.init({"lr": lr, "momentum": momentum})
    model = bench.mlp(6, 16, 1, act="Tanh")
    bench.learn(
        model, bench.sgd(model, lr, momentum=momentum), train, held, loss="mse", score=None, epochs=25, batch=64
    )


@faulty("all", "weight_decay_too_large", also="plateau class_collapse vanishing_gradients dead_relu stuck_metric")
def weights_shrink_away(bench: Any) -> None:
    train, held = data.digits(bench.random)
    decay, lr = bench.pick(0.3, 0.5, 1.0), bench.between(0.05, 0.1)
    bench.init({"optimizer": "SGD", "lr": lr, "weight_decay": decay})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.sgd(model, lr, weight_decay=decay), train, held, epochs=10)


@faulty("all", "weight_decay_too_large", also="plateau class_collapse vanishing_gradients dead_relu stuck_metric")
def decoupled_decay_too_large(bench: Any) -> None:
    train, held = data.clusters(bench.random, classes=5)
    decay, lr = bench.pick(10.0, 20.0, 40.0), bench.between(3e-3, 6e-3)
    bench.init({"optimizer": "AdamW", "lr": lr, "wd": decay})
    model = bench.mlp(12, *bench.hidden(2), 5)
    optimizer = bench.optim.AdamW(list(model.parameters()), lr=lr, weight_decay=decay)
    bench.learn(model, optimizer, train, held, epochs=12)


@faulty("all", "clipping_always_active", also="lr_too_low plateau")
def clipped_at_next_to_nothing(bench: Any) -> None:
    train, held = data.digits(bench.random)
    limit, lr = bench.pick(0.01, 0.02, 0.05), bench.between(0.05, 0.1)
    bench.init({"lr": lr, "clip_grad_norm": limit})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=10, clip=limit, log_norm=True)


@faulty("watch scalars", "clipping_always_active", also="lr_too_low plateau")
def the_limit_is_what_is_logged(bench: Any) -> None:
    """This user logs the norm after clipping: it is the limit at every step."""
    train, held = data.waves(bench.random)
    limit, lr = bench.pick(0.05, 0.1), bench.between(0.01, 0.05)
    bench.init({"lr": lr, "max_grad_norm": limit})
    model = bench.mlp(6, *bench.hidden(2), 1)
    kept = {}

    def norm(step: int, model: Any) -> None:
        kept["norm"] = math.sqrt(sum(float((p.grad**2).sum()) for p in model.parameters()))

    bench.learn(
        model, bench.sgd(model, lr), train, held, loss="mse", score=None, epochs=12, clip=limit, after_backward=norm,
        said=lambda step, logged: {**logged, bench.names.grad_norm: kept["norm"]},
    )  # fmt: skip


@faulty(
    "all",
    "accumulating_gradients",
    also="lr_too_high exploding_gradients momentum_too_high plateau loss_spike dead_relu class_collapse nan_or_inf",
)
def gradients_never_forgotten(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(0.003, 0.01)
    bench.init({"lr": lr, "optimizer": "SGD"})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=10, zero_grad_every=0, log_norm=True)


@faulty(
    "all",
    "accumulating_gradients",
    also="lr_too_high exploding_gradients momentum_too_high plateau loss_spike dead_relu",
)
def forgotten_once_an_epoch(bench: Any) -> None:
    train, held = data.clusters(bench.random, classes=5)
    lr = bench.between(0.03, 0.08)
    bench.init({"lr": lr})
    model = bench.mlp(12, *bench.hidden(2), 5, act=bench.pick("ReLU", "Tanh"))
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=12, zero_grad_every=22, log_norm=True)


@faulty("all", "loss_spike", also="exploding_gradients lr_too_high")
def one_bad_batch(bench: Any) -> None:
    """Its update is thrown away, so that all goes on as before."""
    train, held = data.digits(bench.random)
    at, lr, factor = bench.pick(90, 130, 171), bench.between(1e-3, 3e-3), bench.pick(12, 25, 60)
    bench.init({"optimizer": "Adam", "lr": lr, "skip_outliers": True})
    model = bench.mlp(64, *bench.hidden(2), 10)
    optimizer = bench.adam(model, lr)
    bench.steps = (at - 1, at + 2)

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        return (x * x.dtype.type(factor), (y + 3) % 10) if step == at else (x, y)

    def forget(step: int, model: Any) -> None:
        if step == at:
            for p in model.parameters():
                bench.write(p.grad, bench.read(p.grad) * 1e-4)

    bench.learn(model, optimizer, train, held, epochs=10, change=change, after_backward=forget)


@faulty("watch scalars", "loss_spike", also="lr_too_high exploding_gradients")
def a_target_with_the_comma_misplaced(bench: Any) -> None:
    train, held = data.waves(bench.random)
    at, lr = bench.pick(70, 111, 150), bench.between(1e-3, 4e-3)
    bench.init({"lr": lr, "clip": 1.0})
    model = bench.mlp(6, *bench.hidden(2), 1)
    bench.steps = (at - 1, at + 2)

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        return x, y + y.dtype.type(40 * (step == at))

    bench.learn(
        model, bench.sgd(model, lr), train, held, loss="mse", score=None, epochs=14, change=change, clip=1.0
    )  # fmt: skip
