"""Faults of numbers: what is not finite, what half precision cannot hold, what stands still, what was lost at a resume."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.faults import data
from benchmarks.faults.case import faulty

AFTER_NAN = "stuck_metric class_collapse plateau exploding_gradients float16_overflow loss_spike dead_relu"


@faulty("all", "nan_or_inf", also=AFTER_NAN)
def a_row_without_a_number(bench: Any) -> None:
    train, held = data.digits(bench.random)
    at, lr = bench.pick(40, 77, 133), bench.between(1e-3, 4e-3)
    bench.init({"lr": lr, "optimizer": "Adam"})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.steps = (at - 1, at + 2)

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        if step == at:
            x = x.copy()
            x[0, 3] = np.nan
        return x, y

    bench.learn(model, bench.adam(model, lr), train, held, epochs=8, change=change)


@faulty("watch scalars", "nan_or_inf", also=AFTER_NAN)
def logarithm_of_nothing(bench: Any) -> None:
    """-log(p) with p that becomes 0: infinite once, NaN from then on."""
    train, held = data.clusters(bench.random, classes=3, spread=0.5)
    at, lr = bench.pick(50, 90), bench.between(1e-3, 3e-3)
    bench.init({"lr": lr})
    model = bench.mlp(12, *bench.hidden(2), 3)
    bench.watch(model, detect_anomaly=True)
    bench.steps = (at - 1, at + 2)

    def loss(output: Any, target: Any) -> Any:
        p = output.softmax(1)
        return -(p[range(len(target)), target].log()).mean()

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        return x * x.dtype.type(1e4 if step == at else 1), (y + (step == at)) % 3

    bench.learn(model, bench.adam(model, lr), train, held, loss=loss, epochs=8, change=change)


@faulty("watch trainer", "nan_or_inf", also=AFTER_NAN)
def divided_by_a_spread_of_nothing(bench: Any) -> None:
    nn = bench.nn

    class Standardised(nn.Module):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            middle = x - x.mean(1).reshape(-1, 1)
            return middle / (middle * middle).mean(1).reshape(-1, 1) ** 0.5

    train, held = data.digits(bench.random)
    at, lr = bench.pick(30, 66, 120), bench.between(1e-3, 3e-3)
    bench.init({"lr": lr})
    body = {"norm": Standardised(), "fc1": nn.Linear(64, 40), "act1": nn.ReLU(), "out": nn.Linear(40, 10)}
    model = bench.sequential(body)
    bench.watch(model, detect_anomaly=True)
    bench.steps = (at - 1, at + 2)

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        return x * (np.arange(len(x)) > (0 if step == at else -1)).astype(x.dtype)[:, None], y

    bench.learn(model, bench.adam(model, lr), train, held, epochs=6, change=change)


@faulty(
    "all",
    "float16_overflow",
    also="nan_or_inf exploding_gradients loss_spike stuck_metric class_collapse plateau lr_too_high",
)
def more_than_half_precision_holds(bench: Any) -> None:
    """A layer computed in float16, fed with a batch in other units."""
    nn = bench.nn

    class Half(nn.Module):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return (x.half() * 16).float() * 0.0625

    train, held = data.digits(bench.random)
    at, lr = bench.pick(45, 80, 121), bench.between(1e-3, 3e-3)
    bench.init({"lr": lr, bench.pick("precision", "dtype"): bench.pick("float16", "fp16")})
    model = bench.sequential({"fc1": nn.Linear(64, 48), "narrow": Half(), "act1": nn.ReLU(), "out": nn.Linear(48, 10)})
    bench.steps = (at - 1, at + 3)

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        return x * x.dtype.type(3e5 if step == at else 1), y

    bench.learn(model, bench.adam(model, lr), train, held, epochs=7, change=change)


@faulty("scalars", "float16_overflow", also="nan_or_inf loss_spike stuck_metric")
def the_scale_falls_and_falls(bench: Any) -> None:
    train, held = data.digits(bench.random)
    at, lr = bench.pick(60, 100), bench.between(1e-3, 3e-3)
    bench.init({"lr": lr, "amp": True, "fp16": True})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.steps = (at - 1, at + 12)

    def said(step: int, logged: dict[str, float]) -> dict[str, float]:
        if bench.names.train_loss not in logged:
            return logged
        scale = 65536.0 / 2 ** max(0, step - at)
        loss = logged[bench.names.train_loss] if step < at + 6 else float("inf" if step < at + 9 else "nan")
        return {**logged, bench.names.train_loss: loss, "loss_scale": scale}

    bench.learn(model, bench.adam(model, lr), train, held, epochs=6, said=said)


@faulty("all", "stuck_metric", also="plateau class_collapse")
def judged_by_an_old_guess(bench: Any) -> None:
    """The metric compares labels with what was guessed before the training began."""
    train, held = data.digits(bench.random)
    lr, guesses = bench.between(1e-3, 4e-3), bench.random.integers(0, 10, 1000)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10)

    def stale(output: Any, target: Any) -> float:
        return float((guesses[: len(held[1])] == held[1]).mean())

    bench.learn(model, bench.adam(model, lr), train, held, epochs=10, score=stale)


@faulty("scalars", "stuck_metric", also="plateau class_collapse")
def validated_on_the_first_weights(bench: Any) -> None:
    """A copy of the model is validated that nobody updates."""
    train, held = data.clusters(bench.random, classes=4)
    lr = bench.between(1e-3, 5e-3)
    bench.init({"lr": lr, "ema": 1.0})
    model = bench.mlp(12, *bench.hidden(2), 4)
    kept: dict[str, float] = {}

    def said(step: int, logged: dict[str, float]) -> dict[str, float]:
        for tag in (bench.names.val_loss, bench.names.val_score):
            if tag in logged:
                logged = {**logged, tag: kept.setdefault(tag, logged[tag])}
        return logged

    bench.learn(model, bench.adam(model, lr), train, held, epochs=14, said=said, by_epoch=bench.maybe_by_epoch())


@faulty(
    "all",
    "plateau",
    also="class_collapse lr_too_low dead_relu vanishing_gradients stuck_metric memorizing_labels bad_initialization unnormalized_input data_starvation",
)
def inputs_are_all_nothing(bench: Any) -> None:
    (x, y), (a, b) = data.digits(bench.random)
    lr = bench.between(1e-3, 4e-3)
    bench.init({"lr": lr, "num_classes": 10})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.adam(model, lr), (x * 0, y), (a * 0, b), epochs=12, by_epoch=bench.maybe_by_epoch())


@faulty("all", "plateau", also="class_collapse lr_too_low memorizing_labels vanishing_gradients momentum_too_high")
def nothing_to_be_learned(bench: Any) -> None:
    """New labels at every step."""
    train, held = data.clusters(bench.random, classes=6)
    lr = bench.between(5e-4, 2e-3)
    bench.init({"lr": lr, "num_classes": 6})
    model = bench.mlp(12, *bench.hidden(2), 6)

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        return x, bench.random.permutation(y)

    bench.learn(model, bench.adam(model, lr), train, held, epochs=14, change=change)


@faulty("watch scalars", "resume_jump", also="loss_spike lr_schedule_bug lr_too_high bad_initialization")
def the_head_was_not_in_the_checkpoint(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 4e-3)
    config = {"lr": lr, "optimizer": "Adam"}
    run = bench.init(config)
    model = bench.mlp(64, *bench.hidden(2), 10)
    step = bench.learn(model, bench.adam(model, lr), train, held, epochs=bench.pick(5, 7))
    run.finish()
    if bench._watching is not None:
        bench._watching.stop()
    bench.steps = (step - 1, step + 4)
    bench.init(config, resume="must")
    for name, p in model.named_parameters():
        if name.startswith(("out", "fc1")):
            bench.write(p, bench.random.normal(0, bench.pick(0.15, 0.3), tuple(p.shape)))
    bench.watch(model, step)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=5, first=step)


@faulty(
    "watch scalars",
    "resume_jump",
    also="loss_spike lr_schedule_bug lr_too_high exploding_gradients dead_relu plateau class_collapse",
)
def gone_on_with_the_first_rate(bench: Any) -> None:
    """The schedule begins anew, without the warm-up's protection and at a multiple of the rate."""
    train, held = data.digits(bench.random)
    lr = bench.between(0.05, 0.1)
    run = bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10)
    optimizer = bench.sgd(model, lr, momentum=0.9)
    step = bench.learn(model, optimizer, train, held, epochs=7, rate=lambda t: lr * 0.98**t)
    run.finish()
    if bench._watching is not None:
        bench._watching.stop()
    bench.steps = (step - 1, step + 6)
    bench.init({"lr": lr}, resume="must")
    bench.watch(model, step)
    again = bench.sgd(model, lr * 12, momentum=0.9)
    bench.learn(model, again, train, held, epochs=4, first=step)


@faulty("trainer", "resume_jump", also="loss_spike lr_schedule_bug lr_too_high bad_initialization")
def only_half_of_it_was_saved(bench: Any) -> None:
    import trainer
    from trainer.data import DataLoader

    train, held = data.digits(bench.random)
    lr, path = bench.between(1e-3, 4e-3), f"{bench._where[0]}/{bench._where[1]}.npz"
    hidden = bench.hidden(2)
    config = {"lr": lr, "hidden": hidden}
    loss, loader = trainer.nn.CrossEntropyLoss(), DataLoader(train, 32, shuffle=True, seed=bench.seed)

    def fit(epochs: int, resume: str | None, *listeners: Any) -> Any:
        model = bench.mlp(64, *hidden, 10)
        trainer.fit(
            model, loader, loss, bench.adam(model, lr), epochs, validation=DataLoader(held, 256), metrics="accuracy",
            callbacks=[trainer.TrackerCallback(bench.run, heavy_every=bench.heavy_every, max_overhead=None), *listeners],
            progress=False, resume=resume,
        )  # fmt: skip
        return model

    class Lost(trainer.callbacks.Callback):
        """After the state was put back, the last layer is as it was when it was made."""

        def on_epoch_start(self, loop: Any) -> None:
            if loop.epoch == first + 1:
                for name, p in loop.model.named_parameters():
                    if not name.startswith("fc1"):
                        bench.write(p, bench.random.normal(0, 0.25, tuple(p.shape)))

    first = bench.pick(5, 7)
    run = bench.init(config)
    fit(first, None, trainer.callbacks.ModelCheckpoint(path))
    run.finish()
    bench.steps = (first * len(loader), first * len(loader) + 5)
    bench.init(config, resume="must")
    fit(first + 5, path, Lost())
