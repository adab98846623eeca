"""Graphs of models that lie in files: ONNX, GraphDef, Keras; of real files, and of what is odd in them."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.errors import LoggedTypeError, LoggedValueError
from tracker.foreign import importer, records
from tracker.foreign.protos import Event

ONNX = ("light_squeezenet", "light_resnet50", "light_densenet121", "sequence_model1", "bert_12_layers_no_weights")


def kinds(graph: tracker.Graph) -> Counter[str]:
    return Counter(node["kind"] for node in graph.nodes)


def named(graph: tracker.Graph) -> dict[str, dict[str, Any]]:
    return {node["name"]: node for node in graph.nodes}


@pytest.mark.parametrize("name", ONNX)
def test_an_onnx_file_is_read_as_its_own_package_reads_it(real_data: Path, name: str) -> None:
    """Every operation, and an edge for each input that it has; the package onnx is the referee only."""
    onnx = pytest.importorskip("onnx", reason="needs onnx: pip install onnx")
    path = real_data / "onnx" / f"{name}.onnx"
    model = onnx.load(str(path), load_external_data=False).graph
    graph = tracker.Graph.from_onnx(path)
    assert kinds(graph)["op"] == len(model.node)
    assert Counter(node["op"] for node in graph.nodes if node["kind"] == "op") == Counter(n.op_type for n in model.node)
    assert len(graph.edges) == sum(bool(each) for node in model.node for each in node.input) + len(model.output)
    weights = {each.name for each in model.initializer}
    assert kinds(graph)["input"] == sum(each.name not in weights for each in model.input)
    told = {node["attrs"]["weight"]: node["attrs"]["parameters"] for node in graph.nodes if node["kind"] == "parameter"}
    for weight in model.initializer:
        if weight.name in told:
            assert told[weight.name] == math.prod(weight.dims)
    assert sum(count > 0 for count in told.values()) > 0 or not weights


def test_shapes_flow_along_the_edges_of_an_onnx_file(real_data: Path) -> None:
    """As far as the file says them; it says so where it does not."""
    graph = tracker.Graph.from_onnx(real_data / "onnx" / "bert_12_layers_no_weights.onnx")
    softmax = next(node for node in graph.nodes if node["op"] == "Softmax")
    (into,) = [edge for edge in graph.edges if edge["target"] == softmax["name"]]
    assert (into["shape"], into["dtype"]) == ([1, 4, 16, 16], "float32")
    assert graph.notes == ["Of the weights 89 are referred to and not in the file."]
    silent = tracker.Graph.from_onnx(real_data / "onnx" / "light_squeezenet.onnx")
    assert "shapes" in silent.notes[0]


def test_graphs_inside_of_operations_are_scopes_beside_them() -> None:
    """If and Loop, one in the other, with a value from outside; a weight beside the file; a missing one; a quantised one."""
    onnx = pytest.importorskip("onnx", reason="needs onnx: pip install onnx")
    make, kind = onnx.helper, onnx.TensorProto
    number = lambda name: make.make_tensor_value_info(name, kind.FLOAT, ["N", 4])  # noqa: E731
    inner = make.make_graph([make.make_node("Add", ["x", "w"], ["sum"], name="add")], "then", [], [number("sum")])
    other = make.make_graph([make.make_node("Neg", ["x"], ["neg"])], "else", [], [number("neg")])
    choice = make.make_node("If", ["c"], ["y"], name="block/cond", then_branch=inner, else_branch=other)
    body = make.make_graph([choice], "body", [make.make_tensor_value_info("i", kind.INT64, [])], [number("y")])
    loop = make.make_node("Loop", ["n", "c", "x"], ["z"], name="loop", body=body)
    ends = make.make_node("DequantizeLinear", ["q", "s"], ["d"], name="deq")
    beside = onnx.TensorProto(name="w", data_type=kind.FLOAT, dims=[4], data_location=1)
    beside.external_data.add(key="location", value="weights.bin")
    small = onnx.TensorProto(name="q", data_type=kind.INT4, dims=[10], raw_data=b"12345")
    inputs = [
        number("x"),
        make.make_tensor_value_info("c", kind.BOOL, []),
        make.make_tensor_value_info("n", kind.INT64, []),
    ]
    whole = make.make_graph([loop, ends], "g", inputs, [number("z"), number("d")], [beside, small])
    graph = tracker.Graph.from_onnx(make.make_model(whole).SerializeToString())
    nodes = named(graph)
    pairs = {(edge["source"], edge["target"]) for edge in graph.edges}
    add = "loop/body/block/cond/then_branch/add"
    assert {("x", add), ("loop/body/block/cond/then_branch/w", add), (add, "loop/body/block/cond/If")} <= pairs
    assert ("loop/body/block/cond/else_branch/neg", "loop/body/block/cond/If") in pairs
    assert ("loop/body/block/cond/If", "loop/Loop") in pairs
    assert (nodes["q"]["attrs"]["dtype"], nodes["q"]["attrs"]["bytes"]) == ("int4", 5)
    assert next(edge for edge in graph.edges if edge["target"] == add)["shape"] == ["N", 4]
    assert graph.notes == [
        "Of the weights 1 lie in files beside the model.",
        "Of the weights 1 are referred to and not in the file.",
    ]


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x08\x08", b"\xff" * 100, bytes(range(256)) * 10])
def test_what_is_no_model_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    """Whichever reader is asked; and the training goes on when it was logged."""
    for read in (tracker.Graph.from_onnx, tracker.Graph.from_graphdef, tracker.Graph.from_keras):
        with pytest.raises(LoggedValueError, match=r"Graph\.from_"):
            read(data)
    with pytest.raises(LoggedTypeError, match="a path, or bytes"):
        tracker.Graph.from_onnx(3)
    with pytest.raises(LoggedValueError, match=r"\.onnx \| \.pb \| \.json"):
        tracker.Graph.from_file(tmp_path / "model.safetensors")


def test_a_graphdef_is_read_whole(real_data: Path, tmp_path: Path) -> None:
    """The 9,861 nodes of DenseNet201, from a file, from its bytes, and into a run by its path."""
    (path,) = (real_data / "events" / "graph_densenet201").rglob("*tfevents*")
    data = next(event.graph_def for body in records_of(path) if (event := Event.FromString(body)).graph_def)
    (tmp_path / "frozen.pb").write_bytes(data)
    graph = tracker.Graph.from_graphdef(data)
    assert len(graph.nodes) == 9861
    assert tracker.Graph.from_file(tmp_path / "frozen.pb").edges == graph.edges
    with tracker.init(logdir=tmp_path / "runs", name="a") as run:
        run.log_graph(tmp_path / "frozen.pb")
    assert len(tracker.open(tmp_path / "runs").run("a").graph()["nodes"]) == 9861


def records_of(path: Path) -> list[bytes]:
    return [body for batch in records.RecordFile(path).read() for body in batch]


def keras_models(keras: Any) -> dict[str, Any]:
    """A chain, a branch, and a model within a model."""
    layers = keras.layers
    inner = keras.Sequential([layers.Input((8,)), layers.Dense(8, activation="relu"), layers.Dense(4)], name="inner")
    given = keras.Input((8,), name="given")
    left, right = inner(given), layers.Dense(4, name="side")(given)
    joined = layers.Add(name="sum")([left, right])
    return {
        "chain": keras.Sequential([layers.Input((6,)), layers.Dense(5, name="one"), layers.Dense(2, name="two")]),
        "nested": keras.Model(given, layers.Dense(2, name="head")(joined), name="whole"),
    }


def test_keras_models_with_branches_and_models_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the model itself, whose parameters are counted, and from its JSON, which does not say them."""
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="needs keras: pip install keras")
    models = keras_models(keras)
    chain = tracker.Graph.from_keras(models["chain"])
    assert [(edge["source"], edge["target"]) for edge in chain.edges][-1] == ("one", "two")
    assert named(chain)["one"]["attrs"]["parameters"] == 35
    graph = tracker.Graph.from_keras(models["nested"])
    pairs = {(edge["source"], edge["target"]) for edge in graph.edges}
    last = [node["name"] for node in graph.nodes if node["name"].startswith("inner/")][-1]
    assert {("given", "side"), (last, "sum"), ("side", "sum"), ("sum", "head")} <= pairs
    assert sum(node["attrs"]["parameters"] for node in graph.nodes) == models["nested"].count_params()
    told = tracker.Graph.from_keras(models["nested"].to_json())
    assert {(edge["source"], edge["target"]) for edge in told.edges} == pairs
    assert next(edge for edge in told.edges if edge["target"] == "head")["shape"] == [None, 4]
    assert "parameters" in told.notes[0]


def test_keras_models_of_event_files_are_graphs(real_data: Path, tmp_path: Path) -> None:
    """What tf.keras wrote in 2020: its layers, beside the graph of the operations."""
    source = real_data / "events" / "keras_run_metadata"
    list(importer.import_logs(source, tmp_path))
    found = [(run, tag) for run in tracker.open(tmp_path).runs() for tag in run.tags("graph") if tag == "keras"]
    assert found
    run, tag = found[0]
    graph = run.graph(tag)
    assert len(graph["nodes"]) > 3
    assert len(graph["edges"]) >= len(graph["nodes"]) - 1


def test_odd_json_does_no_harm() -> None:
    """Neither depth nor a shape that nobody expects."""
    with pytest.raises(LoggedValueError, match="describes no Keras model"):
        tracker.Graph.from_keras('{"config": ' * 50_000)
    odd = {"config": {"layers": [1, {"config": None}, {"config": {}, "inbound_nodes": {"a": [[["x", 0, 0]]]}}]}}
    assert [node["name"] for node in tracker.Graph.from_keras(json.dumps(odd)).nodes] == ["layer"]


def test_a_model_file_is_imported_as_a_run(real_data: Path, tmp_path: Path) -> None:
    """`viz import model.onnx`: its graph; once, however often it is asked."""
    path = real_data / "onnx" / "light_squeezenet.onnx"
    assert [done.added for done in importer.import_logs(path, tmp_path)] == [{"graph": 1}]
    assert [done.added for done in importer.import_logs(path, tmp_path)] == [{}]
    run = tracker.open(tmp_path).run("light_squeezenet")
    assert run.config == {"model": "light_squeezenet.onnx"}
    assert len(run.graph()["nodes"]) == 159
    assert run.tags() == ["graph"]
