"""The graph of a model: named by module path, the same in every call, fit for JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

import trainer
from trainer import Tensor, nn


class Residual(nn.Module):
    """Two products and a shortcut, written by a user."""

    def __init__(self) -> None:
        self.inner = nn.Sequential(
            {"conv": nn.Conv2d(1, 2, 3, padding=1), "norm": nn.BatchNorm2d(2), "drop": nn.Dropout(0.5)}
        )
        self.weight = nn.Parameter(trainer.ones(2, 1, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.inner(x) * self.weight
        y = y * self.weight + x
        return y, y.sum()  # line of the sum


LINE = "test_model_graph.py"
X = np.zeros((2, 1, 4, 4), np.float32)


def graph() -> tuple[dict[str, dict[str, Any]], list[tuple[str, str]]]:
    plain = Residual().to_graph(X)
    return {n["name"]: n for n in plain["nodes"]}, [(e["source"], e["target"]) for e in plain["edges"]]


def test_nodes_are_named_by_module_path() -> None:
    """Inputs, parameters, operations and outputs, in the order they came up."""
    nodes, edges = graph()
    kinds = {
        kind: [n for n, node in nodes.items() if node["kind"] == kind] for kind in ("input", "parameter", "output")
    }
    assert kinds["input"] == ["input"]
    assert kinds["output"] == ["output_0", "output_1"]
    assert set(kinds["parameter"]) == {
        "inner/conv/weight",
        "inner/conv/bias",
        "inner/norm/weight",
        "inner/norm/bias",
        "weight",
    }
    assert nodes["inner/conv/conv2d"]["op"] == "conv2d"
    assert {"mul", "mul_1", "add", "sum"} <= set(nodes)
    for edge in [
        ("input", "inner/conv/conv2d"),
        ("inner/conv/weight", "inner/conv/conv2d"),
        ("weight", "mul"),
        ("mul", "mul_1"),
        ("input", "add"),
        ("add", "output_0"),
        ("add", "sum"),
        ("sum", "output_1"),
    ]:
        assert edge in edges
    names = set(nodes)
    assert all(source in names and target in names for source, target in edges)


def test_attributes_say_shape_cost_and_line() -> None:
    """What the dashboard shows of a node."""
    nodes, _ = graph()
    conv = nodes["inner/conv/conv2d"]["attrs"]
    assert (conv["shape"], conv["dtype"], conv["bytes"]) == ([2, 2, 4, 4], "float32", 256)
    assert conv["flops"] == 2 * 9 * 2 * 2 * 16
    assert nodes["inner/conv/weight"]["attrs"]["parameters"] == 18
    assert conv["parameters"] == 0
    assert conv["source"].startswith(f"{LINE}:")  # the line of the user's forward that called the layer
    assert nodes["inner/norm/weight"]["attrs"]["flops"] == 0


def test_the_graph_is_stable_and_fit_for_json() -> None:
    """Two calls, also on models made anew, give the same text."""
    first, second = (json.dumps(Residual().to_graph(X)) for _ in range(2))
    assert first == second
    model = Residual()
    assert json.dumps(model.to_graph(X)) == json.dumps(model.to_graph(X)) == first


def test_drawing_changes_nothing() -> None:
    """Training mode, running statistics and random numbers are as before; nothing is recorded."""
    model = Residual()
    model.inner.eval()
    before = model.state_dict()
    trainer.manual_seed(3)
    expected = trainer.rand(3).tolist()
    trainer.manual_seed(3)
    model.to_graph(X)
    assert trainer.rand(3).tolist() == expected
    assert model.training
    assert not model.inner.training
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    assert trainer.function.mode.observer is None


def test_a_shared_module_and_several_inputs_are_drawn() -> None:
    """The second use of a module continues its count."""

    class Twice(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Linear(3, 3)

        def forward(self, a: Tensor, b: Tensor) -> Tensor:
            return self.layer(a) * self.layer(b)

    plain = Twice().to_graph(np.zeros((1, 3), np.float32), trainer.zeros(1, 3))
    names = [n["name"] for n in plain["nodes"]]
    assert names.count("layer/weight") == 1
    assert {"input_0", "input_1", "layer/linear", "layer/linear_1", "mul", "output"} <= set(names)


def test_a_layer_of_the_package_alone_has_its_own_line() -> None:
    """There is no user code between the call and the operation."""
    plain = nn.Sequential(nn.Linear(2, 2)).to_graph(trainer.zeros(1, 2))
    source = next(n for n in plain["nodes"] if n["op"] == "linear")["attrs"]["source"]
    assert source.startswith("linear.py:")


def test_inputs_that_are_no_arrays_are_handed_on() -> None:
    """A dict of tensors is what some models take."""

    class FromDict(nn.Module):
        def forward(self, batch: dict[str, Tensor]) -> Tensor:
            return batch["x"] * 2

    names = [n["name"] for n in FromDict().to_graph({"x": trainer.ones(2)})["nodes"]]
    assert names == ["mul", "output"]
