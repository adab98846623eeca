"""Faults within the model: gradients that grow or fade, units that are dead or at their ends, layers that never move."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.faults import data
from benchmarks.faults.case import faulty

STUCK = "plateau lr_too_low class_collapse saturated_activations bad_initialization dead_relu stuck_metric vanishing_gradients"
WILD = "bad_initialization lr_too_high nan_or_inf loss_spike dead_relu plateau class_collapse saturated_activations unnormalized_input exploding_gradients"


@faulty("all", "exploding_gradients", also=WILD)
def every_layer_multiplies(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(1e-4, 1e-3)
    bench.init({"lr": lr, "layers": 9})
    model = bench.mlp(64, *[48] * 8, 10)
    bench.scale(model, bench.pick(4.5, 6.0))
    bench.learn(model, bench.adam(model, lr), train, held, epochs=7, log_norm=True)


@faulty("watch scalars", "exploding_gradients", also=WILD)
def explodes_through_time(bench: Any) -> None:
    """A recurrent matrix whose largest eigenvalue is far above 1, in a sum that goes on for ever."""
    nn, n = bench.nn, 24
    factor, lr = bench.pick(1.25, 1.4), bench.between(1e-5, 1e-4)

    class Net(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.enter, self.again, self.out = nn.Linear(1, n), nn.Linear(n, n, bias=False), nn.Linear(n, 1)

        def forward(self, x: Any) -> Any:
            h = 0
            for t in range(x.shape[1]):
                z = self.enter(x[:, t : t + 1])
                h = z if t == 0 else z + self.again(h)
            return self.out(h)

    x = bench.random.normal(0, 1, (500, 24)).astype(np.float32)
    y = x.mean(1, keepdims=True)
    bench.init({"lr": lr, "sequence_length": 24})
    model = Net()
    q = np.linalg.qr(bench.random.normal(0, 1, (n, n)))[0] * factor
    bench.write(model.again.weight, q)
    bench.learn(model, bench.sgd(model, lr), (x, y), None, loss="mse", score=None, epochs=8, batch=25, log_norm=True)


@faulty("watch trainer", "vanishing_gradients", also=STUCK)
def sigmoids_all_the_way_down(bench: Any) -> None:
    train, held = data.digits(bench.random)
    depth, lr = bench.pick(6, 8, 10), bench.between(0.02, 0.1)
    bench.init({"lr": lr, "activation": "sigmoid", "depth": depth})
    model = bench.mlp(64, *[32] * depth, 10, act="Sigmoid")
    bench.layers = ("fc1", "fc2", "fc3")
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=10)


@faulty("watch trainer", "vanishing_gradients", also=STUCK)
def weights_too_small_to_pass(bench: Any) -> None:
    train, held = data.clusters(bench.random, classes=5)
    depth, lr = bench.pick(6, 8), bench.between(0.02, 0.1)
    bench.init({"lr": lr, "depth": depth})
    model = bench.mlp(12, *[32] * depth, 5, act="Tanh")
    bench.scale(model, bench.pick(0.2, 0.3), only=lambda name: name != "out.weight")
    bench.layers = ("fc1", "fc2", "fc3")
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=12)


@faulty("scalars", "vanishing_gradients", "plateau", also=STUCK)
def fades_in_tags_of_ones_own(bench: Any) -> None:
    """This user logs a gradient norm a layer."""
    train, held = data.digits(bench.random)
    depth, lr = bench.pick(6, 8), bench.between(0.02, 0.1)
    bench.init({"lr": lr})
    model = bench.mlp(64, *[32] * depth, 10, act="Sigmoid")
    norms: dict[str, float] = {}

    def keep(step: int, model: Any) -> None:
        norms.update({f"grad_norm/{k}": float(p.grad.norm()) for k, p in model.named_parameters() if "weight" in k})

    bench.learn(
        model, bench.sgd(model, lr), train, held, epochs=10, after_backward=keep, said=lambda step, logged: {**logged, **norms}
    )  # fmt: skip


@faulty(
    "watch trainer",
    "dead_relu",
    also="bad_initialization plateau vanishing_gradients class_collapse stuck_metric lr_too_low",
)
def biases_below_everything(bench: Any) -> None:
    train, held = data.digits(bench.random)
    hidden = bench.hidden(3)
    which, lr, alive = bench.pick(1, 2, 3), bench.between(0.02, 0.08), bench.pick(0.0, 0.04, 0.1)
    bench.init({"lr": lr, "optimizer": "SGD"})
    model = bench.mlp(64, *hidden, 10)
    layer = dict(model.named_parameters())[f"fc{which}.bias"]
    bench.write(layer, np.where(bench.random.random(hidden[0]) < alive, 0.0, -bench.pick(4.0, 8.0)))
    bench.layers = (f"fc{which}", f"act{which}")
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=9)


@faulty(
    "watch trainer",
    "dead_relu",
    also="loss_spike lr_too_high exploding_gradients plateau class_collapse stuck_metric vanishing_gradients nan_or_inf lr_schedule_bug",
)
def killed_on_the_way(bench: Any) -> None:
    """A batch in other units throws the biases of all rectifiers far below zero."""
    train, held = data.digits(bench.random)
    at, lr = bench.pick(80, 100, 140), bench.between(0.02, 0.05)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.steps = (at - 1, at + 40)

    def change(step: int, x: Any, y: Any) -> tuple[Any, Any]:
        return (x * x.dtype.type(2000) if step == at else x), y

    bench.learn(model, bench.sgd(model, lr), train, held, epochs=14, change=change)


@faulty("watch trainer", "dead_relu", also="plateau vanishing_gradients bad_initialization lr_too_low")
def filters_that_see_nothing(bench: Any) -> None:
    train, held = data.digits(bench.random, 500, image=True)
    nn, lr = bench.nn, bench.between(5e-4, 2e-3)
    bench.init({"lr": lr, "model": "cnn"})
    model = bench.sequential({
        "conv1": nn.Conv2d(1, 8, 3, padding=1), "relu1": nn.ReLU(), "pool": nn.MaxPool2d(2),
        "conv2": nn.Conv2d(8, 12, 3, padding=1), "relu2": nn.ReLU(), "flat": nn.Flatten(), "out": nn.Linear(192, 10),
    })  # fmt: skip
    bench.write(model.conv2.bias, np.where(np.arange(12) < 1, 0.0, -5.0))
    bench.layers = ("conv2", "relu2")
    bench.learn(model, bench.adam(model, lr), train, held, epochs=8)


@faulty(
    "watch trainer",
    "saturated_activations",
    also="bad_initialization plateau vanishing_gradients exploding_gradients lr_too_low unnormalized_input",
)
def tanh_at_its_ends(bench: Any) -> None:
    train, held = data.clusters(bench.random, classes=5)
    which, lr = bench.pick(1, 2, 3), bench.between(0.005, 0.03)
    bench.init({"lr": lr})
    model = bench.mlp(12, *bench.hidden(3), 5, act="Tanh")
    bench.scale(model, bench.pick(30, 60), only=lambda name: name.startswith(f"fc{which}."))
    bench.layers = (f"fc{which}", f"act{which}")
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=10)


@faulty(
    "watch trainer",
    "saturated_activations",
    also="bad_initialization plateau vanishing_gradients lr_too_low class_collapse",
)
def gates_shut(bench: Any) -> None:
    train, held = data.digits(bench.random)
    which, lr = bench.pick(1, 2), bench.between(0.02, 0.1)
    bench.init({"lr": lr, "activation": "sigmoid"})
    model = bench.mlp(64, *bench.hidden(2), 10, act="Sigmoid")
    bench.write(dict(model.named_parameters())[f"fc{which}.bias"], bench.pick(-12.0, 12.0))
    bench.layers = (f"fc{which}", f"act{which}")
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=10)


@faulty(
    "watch trainer",
    "saturated_activations",
    "unnormalized_input",
    also="bad_initialization plateau vanishing_gradients exploding_gradients lr_too_high",
)
def pixels_of_255_into_a_tanh(bench: Any) -> None:
    (x, y), (a, b) = data.digits(bench.random)
    lr = bench.between(0.01, 0.05)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10, act="Tanh")
    bench.layers = ("fc1", "act1", "")
    bench.learn(model, bench.sgd(model, lr), (x * 255, y), (a * 255, b), epochs=10)


@faulty(
    "watch trainer",
    "bad_initialization",
    also="plateau dead_relu vanishing_gradients class_collapse stuck_metric lr_too_low frozen_layer",
)
def begun_with_zeros(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(0.003, 0.05)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10, act=bench.pick("ReLU", "Tanh"))
    for p in model.parameters():
        bench.write(p, 0.0)
    bench.layers = ("fc1", "fc2", "out")
    bench.learn(model, bench.pick(bench.sgd, bench.adam)(model, lr), train, held, epochs=8)


@faulty("scalars", "bad_initialization", "plateau", "stuck_metric", also="class_collapse lr_too_low")
def zeros_seen_from_outside(bench: Any) -> None:
    train, held = data.digits(bench.random)
    lr = bench.between(0.003, 0.05)
    bench.init({"lr": lr, "num_classes": 10})
    model = bench.mlp(64, *bench.hidden(2), 10)
    for p in model.parameters():
        bench.write(p, 0.0)
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=8)


@faulty(
    "watch trainer",
    "bad_initialization",
    also="plateau class_collapse lr_too_low vanishing_gradients dead_relu exploding_gradients",
)
def units_that_are_copies(bench: Any) -> None:
    train, held = data.clusters(bench.random, classes=6)
    value, lr = bench.pick(0.05, 0.2), bench.between(0.005, 0.02)
    bench.init({"lr": lr, "init": "constant"})
    model = bench.mlp(12, *bench.hidden(2), 6)
    for name, p in model.named_parameters():
        bench.write(p, value if name.endswith("weight") else 0.0)
    bench.layers = ("fc1", "fc2", "out")
    bench.learn(model, bench.sgd(model, lr), train, held, epochs=10)


@faulty(
    "all",
    "bad_initialization",
    also="exploding_gradients lr_too_high dead_relu plateau loss_spike unnormalized_input lr_too_low",
)
def begun_far_too_wide(bench: Any) -> None:
    train, held = data.digits(bench.random)
    std, lr = bench.pick(1.5, 3.0), bench.between(3e-4, 1e-3)
    bench.init({"optimizer": "Adam", "lr": lr, "num_classes": 10})
    model = bench.mlp(64, *bench.hidden(2), 10)
    for name, p in model.named_parameters():
        if name.endswith("weight"):
            bench.write(p, bench.random.normal(0, std, tuple(p.shape)))
    bench.layers = ("fc1", "fc2", "out") if bench.style != "scalars" else ()
    bench.learn(model, bench.adam(model, lr), train, held, epochs=10)


@faulty("watch trainer", "frozen_layer", also="accumulating_gradients exploding_gradients")
def a_layer_left_out_of_the_optimizer(bench: Any) -> None:
    train, held = data.digits(bench.random)
    hidden = bench.hidden(3)
    which, lr = bench.pick("fc1", "fc2", "fc3", "out"), bench.between(1e-3, 4e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, *hidden, 10, act=bench.pick("ReLU", "Tanh", "GELU"))
    rest = [p for name, p in model.named_parameters() if not name.startswith(which + ".")]
    bench.layers = (which,)
    bench.learn(model, bench.adam(rest, lr), train, held, epochs=9)


@faulty("watch trainer", "frozen_layer", also="accumulating_gradients exploding_gradients")
def a_group_with_a_rate_of_nothing(bench: Any) -> None:
    train, held = data.waves(bench.random)
    lr = bench.between(5e-3, 2e-2)
    bench.init({"lr": lr})
    model = bench.mlp(6, *bench.hidden(2), 1, act="Tanh")
    first = [p for name, p in model.named_parameters() if name.startswith("fc1")]
    rest = [p for name, p in model.named_parameters() if not name.startswith("fc1")]
    optimizer = bench.sgd(rest, lr, momentum=0.9)
    optimizer.add_param_group({"params": first, "lr": 0.0})
    bench.layers = ("fc1",)
    bench.learn(model, optimizer, train, held, loss="mse", score=None, epochs=12)
