"""Faults of data, of validation and of what the loss is told."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.faults import data
from benchmarks.faults.case import faulty


@faulty("all", "overfitting", also="memorizing_labels")
def few_digits_by_heart(bench: Any) -> None:
    (x, y), held = data.digits(bench.random, bench.pick(50, 80, 120))
    wrong = bench.random.random(len(y)) < 0.2
    y = np.where(wrong, bench.random.integers(0, 10, len(y)), y)
    lr = bench.between(2e-3, 4e-3)
    bench.init({"lr": lr, "train_size": len(y)})
    model = bench.mlp(64, 160, 160, 10)
    bench.learn(model, bench.adam(model, lr), (x, y), held, epochs=70, batch=25, by_epoch=bench.maybe_by_epoch())


@faulty("all", "overfitting", also="memorizing_labels")
def noise_learned_by_heart(bench: Any) -> None:
    train, held = data.waves(bench.random, features=12, n=bench.pick(60, 80), noise=1.0)
    lr = bench.between(2e-3, 5e-3)
    bench.init({"lr": lr})
    model = bench.mlp(12, 128, 128, 1)
    bench.learn(
        model, bench.adam(model, lr), train, held, loss="mse", score=None, epochs=100, batch=30, by_epoch=bench.maybe_by_epoch()
    )  # fmt: skip


@faulty("all", "memorizing_labels", also="overfitting")
def labels_from_a_lottery(bench: Any) -> None:
    (x, y), (a, b) = data.digits(bench.random, 160)
    lr = bench.between(3e-3, 6e-3)
    bench.init({"lr": lr, "num_classes": 10})
    model = bench.mlp(64, 128, 10)
    pairs = (x, bench.random.permutation(y)), (a, bench.random.permutation(b))
    bench.learn(model, bench.adam(model, lr), *pairs, epochs=60, batch=32, by_epoch=bench.maybe_by_epoch())


@faulty("all", "memorizing_labels", also="overfitting")
def rows_and_labels_out_of_step(bench: Any) -> None:
    """Labels were sorted, rows were not."""
    (x, y), (a, b) = data.clusters(bench.random, classes=4, n=300, features=24)
    lr = bench.between(2e-3, 5e-3)
    bench.init({"lr": lr, "num_classes": 4})
    model = bench.mlp(24, 96, 96, 4)
    pairs = (x, np.sort(y)), (a, np.sort(b))
    bench.learn(model, bench.adam(model, lr), *pairs, epochs=60, batch=32)


@faulty("all", "label_leakage")
def the_answer_among_the_features(bench: Any) -> None:
    (x, y), (a, b) = data.clusters(bench.random, classes=bench.pick(2, 4), spread=4.0, n=1600)
    lr, loud = bench.between(3e-3, 6e-3), bench.pick(3.0, 6.0)
    n = int(y.max()) + 1

    def leaked(x: Any, y: Any) -> Any:
        return np.concatenate([x, np.eye(n, dtype=np.float32)[y] * np.float32(loud)], 1)

    bench.init({"lr": lr})
    model = bench.mlp(12 + n, *bench.hidden(2), n)
    bench.learn(model, bench.adam(model, lr), (leaked(x, y), y), (leaked(a, b), b), epochs=10)


@faulty("all", "label_leakage")
def the_number_of_the_row(bench: Any) -> None:
    """A target that stands beside itself in other units."""
    (x, y), (a, b) = data.waves(bench.random, n=1600, noise=0.8)
    lr = bench.between(3e-3, 8e-3)
    bench.init({"lr": lr})

    def leaked(x: Any, y: Any) -> Any:
        return np.concatenate([x * np.float32(0.05), y * np.float32(3)], 1)

    def r2(output: Any, target: Any) -> float:
        return float(1 - ((output - target) ** 2).mean() / target.var())

    model = bench.mlp(7, 48, 1)
    bench.learn(model, bench.adam(model, lr), (leaked(x, y), y), (leaked(a, b), b), loss="mse", score=r2, epochs=10)


@faulty("scalars", "split_mixup", also="overfitting")
def the_names_are_swapped(bench: Any) -> None:
    (x, y), held = data.digits(bench.random, bench.pick(60, 100))
    wrong = bench.random.random(len(y)) < 0.25
    y = np.where(wrong, bench.random.integers(0, 10, len(y)), y)
    lr, names = bench.between(2e-3, 4e-3), bench.names
    bench.init({"lr": lr})
    model = bench.mlp(64, 128, 128, 10)
    other = {
        names.train_loss: names.val_loss, names.val_loss: names.train_loss,
        names.train_score: names.val_score, names.val_score: names.train_score,
    }  # fmt: skip
    bench.learn(
        model, bench.adam(model, lr), (x, y), held, epochs=60, batch=25, by_epoch=True,
        said=lambda step, logged: {other.get(tag, tag): value for tag, value in logged.items()},
    )  # fmt: skip


@faulty("watch scalars", "split_mixup", also="label_leakage")
def both_are_the_same_samples(bench: Any) -> None:
    """After each epoch "training" and "validation" are evaluated, on one and the same set."""
    train, _ = data.clusters(bench.random, classes=5, spread=2.5)
    lr, names = bench.between(1e-3, 4e-3), bench.names
    bench.init({"lr": lr})
    model = bench.mlp(12, *bench.hidden(2), 5)

    def said(step: int, logged: dict[str, float]) -> dict[str, float]:
        if names.val_loss not in logged:
            return {}
        return {
            names.train_loss: logged[names.val_loss], names.train_score: logged[names.val_score],
            names.val_loss: logged[names.val_loss], names.val_score: logged[names.val_score],
        }  # fmt: skip

    bench.learn(model, bench.adam(model, lr), train, train, epochs=16, said=said)


@faulty("all", "split_mixup", also="label_leakage")
def validated_on_what_it_learned(bench: Any) -> None:
    """Little data and much noise, of which the "validation" shows nothing: it is the training's."""
    (x, y), _ = data.digits(bench.random, 90)
    wrong = bench.random.random(len(y)) < 0.3
    y = np.where(wrong, bench.random.integers(0, 10, len(y)), y)
    lr = bench.between(2e-3, 4e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, 128, 10)
    bench.learn(model, bench.adam(model, lr), (x, y), (x, y), epochs=50, batch=90)


@faulty("all", "class_collapse", also="stuck_metric plateau")
def the_common_class_for_all(bench: Any) -> None:
    n = 900
    y = (bench.random.random(n) < bench.pick(0.04, 0.07, 0.1)).astype(np.int64)
    x = bench.random.normal(0, 1, (n, 8)).astype(np.float32) + 0.15 * y[:, None].astype(np.float32)
    train, held = data.split(x, y, bench.random)
    lr = bench.between(5e-3, 2e-2)
    bench.init({"lr": lr, "positive_share": float(y.mean())})
    model = bench.mlp(8, 16, 2)
    recall: dict[str, float] = {}

    def accuracy(output: Any, target: Any) -> float:
        guess = output.argmax(1)
        if len(target) == len(held[1]):
            recall["r"] = float((guess[target == 1] == 1).mean()) if (target == 1).any() else 0.0
        return float((guess == target).mean())

    def said(step: int, logged: dict[str, float]) -> dict[str, float]:
        return {**logged, "val_recall": recall["r"]} if bench.names.val_score in logged else logged

    bench.learn(
        model,
        bench.sgd(model, lr),
        train,
        held,
        epochs=14,
        score=accuracy if bench.style != "trainer" else "accuracy",
        said=said,
    )


@faulty("all", "class_collapse", also="stuck_metric plateau lr_too_high wrong_loss")
def one_answer_whatever_comes(bench: Any) -> None:
    """A weight of the classes that outweighs everything else."""
    train, held = data.clusters(bench.random, classes=4, spread=2.0)
    lr, nn = bench.between(3e-3, 8e-3), bench.nn
    bench.init({"lr": lr, "class_weights": [1, 500, 1, 1], "num_classes": 4})
    model = bench.mlp(12, *bench.hidden(1), 4)
    weight = np.array([1, 500, 1, 1], dtype=np.float32)
    if bench.style == "trainer":
        loss = nn.CrossEntropyLoss(weight=weight)
    else:
        import torch

        loss = nn.CrossEntropyLoss(weight=torch.from_numpy(weight))
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=12, loss=lambda o, t: loss(o, t))


@faulty("watch", "train_eval_mode", also="overfitting")
def never_back_from_evaluation(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr, epochs = bench.between(1e-3, 3e-3), bench.pick(8, 12)
    bench.init({"lr": lr, "dropout": 0.5})
    model = bench.mlp(64, 64, 64, 10, norm=bench.pick(True, False), dropout=0.5)
    bench.steps = (20, 75)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=epochs, back_to_train=False)


@faulty("watch scalars", "train_eval_mode", also="plateau")
def validated_with_dropout_on(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr, p = bench.between(1e-3, 3e-3), bench.pick(0.5, 0.7)
    bench.init({"lr": lr, "dropout": p})
    model = bench.mlp(64, 64, 64, 10, dropout=p)
    bench.learn(model, bench.adam(model, lr), train, held, epochs=20, validate_in="train", batch=64)


@faulty("all", "wrong_loss", also="plateau overfitting")
def softmax_twice(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 4e-3)
    bench.init({"lr": lr, "num_classes": 10})
    model = bench.sequential({"body": bench.mlp(64, *bench.hidden(1), 10), "softmax": bench.nn.Softmax(1)})
    bench.learn(model, bench.adam(model, lr), train, held, epochs=22, by_epoch=bench.maybe_by_epoch())


@faulty("all", "wrong_loss", also="plateau overfitting")
def sigmoid_twice(bench: Any) -> None:
    train, held = data.clusters(bench.random, classes=2)
    lr = bench.between(3e-3, 8e-3)
    bench.init({"lr": lr})
    model = bench.sequential({"body": bench.mlp(12, *bench.hidden(2), 1), "sigmoid": bench.nn.Sigmoid()})

    def accuracy(output: Any, target: Any) -> float:
        return float(((output[:, 0] > 0.5) == target).mean())

    bench.learn(model, bench.adam(model, lr), train, held, epochs=18, loss="bce", score=accuracy)


@faulty(
    "all",
    "unnormalized_input",
    also="lr_too_high exploding_gradients bad_initialization dead_relu plateau saturated_activations loss_spike",
)
def columns_in_their_own_units(bench: Any) -> None:
    """An age, an income, a share and a distance in metres."""
    (x, y), (a, b) = data.clusters(bench.random, classes=3, features=8)
    units = np.array([1, 50, 3e4, 0.01, 2e3, 1, 400, 1e5], dtype=np.float32)[bench.random.permutation(8)]
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr, "optimizer": "Adam"})
    model = bench.mlp(8, *bench.hidden(2), 3)
    bench.layers = ()
    bench.learn(model, bench.adam(model, lr), (x * units, y), (a * units, b), epochs=12)


@faulty(
    "all",
    "unnormalized_input",
    also="lr_too_high exploding_gradients bad_initialization dead_relu plateau loss_spike nan_or_inf class_collapse",
)
def regression_on_raw_columns(bench: Any) -> None:
    (x, y), (a, b) = data.waves(bench.random)
    units = np.array([1, 1e3, 20, 1e4, 0.1, 500], dtype=np.float32)
    lr = bench.between(1e-3, 5e-3)
    bench.init({"lr": lr, "optimizer": "Adam"})
    model = bench.mlp(6, *bench.hidden(2), 1)
    bench.learn(model, bench.adam(model, lr), (x * units, y), (a * units, b), loss="mse", score=None, epochs=12)


@faulty("all", "unshuffled_data", also="loss_spike class_collapse lr_too_high")
def sorted_by_class(bench: Any) -> None:
    (x, y), held = data.digits(bench.random, 640)
    order, lr = np.argsort(y, kind="stable"), bench.between(0.02, 0.1)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.sgd(model, lr), (x[order], y[order]), held, epochs=14, shuffle=False)


@faulty("all", "unshuffled_data", also="loss_spike class_collapse lr_too_high")
def hard_ones_at_the_end(bench: Any) -> None:
    """Files one after the other, the noisy ones last."""
    (x, y), held = data.waves(bench.random, n=1000)
    order, lr = np.argsort(np.abs(y[:, 0])), bench.between(1e-3, 3e-3)
    bench.init({"lr": lr})
    model = bench.mlp(6, *bench.hidden(2), 1)
    bench.learn(
        model, bench.adam(model, lr), (x[order], y[order]), held, loss="mse", score=None, epochs=14, shuffle=False
    )


@faulty("watch trainer", "data_starvation")
def a_slow_disk(bench: Any) -> None:
    train, held = data.digits(bench.random, 400)
    lr, wait = bench.between(1e-3, 3e-3), bench.pick(0.012, 0.02)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(1), 10)

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        time.sleep(wait)
        return x, y

    bench.learn(model, bench.adam(model, lr), train, held, epochs=5, change=change)


@faulty("scalars", "data_starvation")
def times_that_one_measured(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr, share = bench.between(1e-3, 3e-3), bench.random.uniform(0.7, 0.95)
    bench.init({"lr": lr, "num_workers": 0})
    model = bench.mlp(64, *bench.hidden(1), 10)
    tags = bench.pick(("time/data", "time/step"), ("data_time", "batch_time"), ("perf/data_time_s", "perf/step_time_s"))

    def said(step: int, logged: dict[str, float]) -> dict[str, float]:
        whole = bench.random.uniform(0.02, 0.026)  # as long as such steps are, on a slow machine
        return {**logged, tags[0]: whole * share, tags[1]: whole}

    bench.learn(model, bench.adam(model, lr), train, held, epochs=6, said=said)
