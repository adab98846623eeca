"""What the nodes of a graph took: out of the trainer's profile and TensorFlow's, and only where it is sure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import tracker
import trainer
from dashboard.api import graphs
from dashboard.graph.times import node_times
from dashboard.graph.view import GraphView
from dashboard.profiles import trace
from tracker.store.read.reader import Store
from trainer import nn


class Model(nn.Module):
    """Two layers, and a product of its own, twice."""

    def __init__(self) -> None:
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        """Of (N, 4)."""
        return self.second(self.first(x) * x) * x


def ticking() -> Any:
    """A clock that a millisecond passes on at every look."""
    now = iter(range(0, 10**12, 10**6))
    return lambda: next(now)


def profiled(model: Model, steps: int = 3) -> dict[str, Any]:
    """The trace of training steps, with a loss that is not in the model."""
    x = trainer.Tensor(np.ones((2, 4), np.float32))
    with trainer.profile(clock=ticking()) as profiler:
        for _ in range(steps):
            (model(x) * model(x)).sum().backward()
            profiler.step()
    return profiler.trace()


def test_operations_of_a_training_step_are_found_with_their_gradients() -> None:
    """Each node of the model took the same, by a clock that ticks at every look; what the loss took is of none."""
    model = Model()
    plain = trainer.graph.trace(model, np.ones((2, 4), np.float32))
    view = GraphView(plain)
    made = trace.build(profiled(model))
    spent, total = node_times(made, view.nodes)
    by_name = dict(zip([node["name"] for node in view.nodes], spent.tolist(), strict=True))
    forward = by_name["mul"] - by_name["first/linear"]
    assert by_name["mul"] == by_name["mul_1"] == by_name["first/linear"] == by_name["second/linear"] > 0
    assert forward == 0.0
    assert by_name["input"] == by_name["first/weight"] == by_name["output"] == 0.0
    outside = sum(made.self_time[i] for i, told in enumerate(made.arguments) if told and told.get("module") == "")
    assert outside > 0
    assert sum(by_name.values()) + outside == pytest.approx(total)


def test_a_scope_takes_what_lies_in_it(logdir: Path) -> None:
    """Over HTTP, of a run with a profile; of one without there is nothing to be told."""
    model = Model()
    for name in ("with", "without"):
        with tracker.init(logdir=logdir, name=name) as run:
            run.log_graph(model, np.ones((2, 4), np.float32))
            if name == "with":
                run.log({"profile": tracker.Profile(profiled(model))}, step=7)
    client = TestClient(Starlette(routes=graphs.routes(lambda: Store(logdir))))

    def ask(run: str) -> tuple[dict[str, Any], dict[str, Any]]:
        about = client.get("/api/v1/graph/overview", params={"run": run}).json()
        return about, client.get("/api/v1/graph/times", params={"run": run, "hash": about["hash"]}).json()

    assert ask("without")[1] == {"times": []}
    about, told = ask("with")
    assert (told["tag"], told["step"]) == ("profile", 7)
    assert 0 < told["named"] < told["total"]
    times = dict(told["times"])
    children = {child["label"]: times.get(child["id"], 0.0) for child in about["scopes"][0]["children"]}
    assert children["first"] == children["second"] == children["mul"] > 0
    assert times[0] == pytest.approx(told["named"])
    assert sum(children.values()) == pytest.approx(times[0])


def test_nodes_that_tensorflow_names_are_found() -> None:
    """By their names, below the scope of a graph among several too; launch and kernel are not counted twice."""
    events = [
        {"ph": "M", "name": "process_name", "pid": 0, "args": {"name": "/device:GPU:0"}},
        {"ph": "M", "name": "process_name", "pid": 1, "args": {"name": "/gpu:0/stream:all"}},
        {"ph": "X", "pid": 0, "tid": 1, "name": "MatMul", "ts": 0, "dur": 10, "args": {"node": "dense/MatMul"}},
        {"ph": "X", "pid": 1, "tid": 1, "name": "MatMul", "ts": 5, "dur": 40, "args": {"node": "dense/MatMul:MatMul"}},
        {"ph": "X", "pid": 0, "tid": 1, "name": "Sum", "ts": 50, "dur": 5, "args": {"node": "loss"}},
        {"ph": "X", "pid": 0, "tid": 1, "name": "Sum", "ts": 60, "dur": 7, "args": {"node": "elsewhere"}},
    ]
    made = trace.read(json.dumps({"traceEvents": events}).encode())
    nodes = [{"name": name, "op": "op", "kind": "op"} for name in ("graph_1/dense/MatMul", "graph_2/x", "loss")]
    spent, total = node_times(made, nodes)
    assert spent.tolist() == [40.0, 0.0, 5.0]
    assert total == 52.0


def test_pytorch_operations_are_found_where_the_whole_model_stands(tmp_path: Path) -> None:
    """Two training steps of the model, profiled by PyTorch: each operation with its gradient, and the loss is of none.

    Of another model, which has an operation more, nothing is told, though most of it stands there too.
    """
    torch = pytest.importorskip("torch", reason="needs PyTorch, which only the tests use")
    model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.GELU(), torch.nn.LayerNorm(16), torch.nn.Linear(16, 2))
    other = torch.nn.Sequential(*model, torch.nn.Softmax(1))
    x = torch.randn(4, 8)
    with torch.profiler.profile() as profiler:
        for _ in range(2):
            (model(x) ** 2).mean().backward()
    profiler.export_chrome_trace(str(tmp_path / "trace.json"))
    made = trace.read((tmp_path / "trace.json").read_bytes())
    nodes = tracker.Graph.of(model, x).nodes
    spent, total = node_times(made, nodes)
    took = {node["name"]: us for node, us in zip(nodes, spent.tolist(), strict=True) if us}
    assert set(took) == {"0/linear", "1/gelu", "2/layer_norm", "3/linear"}
    assert sum(took.values()) < total
    forward = sum(us for _, us in _named(made, "aten::linear"))
    engine = "autograd::engine::evaluate_function:"
    backward = sum(us for each in ("Addmm", "T") for _, us in _named(made, f"{engine} {each}Backward0"))
    assert took["0/linear"] + took["3/linear"] == pytest.approx(forward + backward)
    assert node_times(made, tracker.Graph.of(other, x).nodes)[0].sum() == 0


def _named(made: trace.Trace, name: str) -> list[tuple[str, float]]:
    """Events of a name, with their µs."""
    return [
        (name, us)
        for which, us in zip(made.name.tolist(), made.duration.tolist(), strict=True)
        if made.names[which] == name
    ]


def test_kernels_count_where_they_took_longer_than_their_launch() -> None:
    """Of a GPU: the launch of four operations in a row, one of which launched a kernel that took 90."""
    events: list[dict[str, Any]] = []
    for i, op in enumerate(("linear", "gelu", "layer_norm", "linear")):
        events.append({"ph": "X", "cat": "cpu_op", "name": f"aten::{op}", "pid": 1, "tid": 1, "ts": 10 * i, "dur": 5})
    events += [
        {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 1, "tid": 1, "ts": 11, "dur": 2},
        {"ph": "s", "cat": "ac2g", "id": 7, "pid": 1, "tid": 1, "ts": 11, "name": "ac2g"},
        {"ph": "X", "cat": "kernel", "name": "gelu_kernel", "pid": 0, "tid": 7, "ts": 20, "dur": 90},
        {"ph": "f", "cat": "ac2g", "id": 7, "pid": 0, "tid": 7, "ts": 20, "name": "ac2g", "bp": "e"},
    ]
    names = ("a/linear", "b/gelu", "c/layer_norm", "d/linear")
    nodes = [{"name": name, "op": name.partition("/")[2], "kind": "op"} for name in names]
    spent, total = node_times(trace.build(events), nodes)
    assert spent.tolist() == [5.0, 90.0, 5.0, 5.0]
    assert total == 105.0


def test_where_it_is_not_sure_nothing_is_told() -> None:
    """A module whose operation ran three times in two nodes: which took what cannot be known."""
    event = {"ph": "X", "cat": "forward", "name": "mul", "pid": 1, "tid": 1, "dur": 2, "args": {"module": "a/b"}}
    made = trace.build([{**event, "ts": at} for at in (0, 10, 20)])
    nodes = [{"name": name, "op": "mul", "kind": "op"} for name in ("a/b/mul", "a/b/mul_1")]
    spent, total = node_times(made, nodes)
    assert (spent.tolist(), total) == ([0.0, 0.0], 6.0)


def test_devices_are_told_of_nodes_and_scopes() -> None:
    """A scope that lies on several tells all of them; a graph without devices says nothing of them."""
    nodes = [
        {"name": name, "op": "op", "kind": "op", "attrs": {"device": device} if device else {}}
        for name, device in (("a/x", "cpu"), ("a/y", "cuda:0"), ("b/x", "cuda:0"), ("b/y", ""), ("c", 3))
    ]
    view = GraphView({"nodes": nodes, "edges": []})
    assert view.overview()["devices"] == ["cuda:0", "cpu"]
    told = {child["label"]: child["devices"] for child in view.scope(0)["children"]}
    assert told == {"a": [0, 1], "b": [0], "c": []}
    plain = GraphView({"nodes": [{"name": "x"}], "edges": []})
    assert plain.overview()["devices"] == []
    assert "devices" not in plain.scope(0)["children"][0]
