"""What TensorBoard's graph plugin reads besides graphs: Keras models, and what a step spent its time on."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

import tracker
from tests.tracker.test_event_files import copied, event, write
from tracker.foreign import run_metadata
from tracker.foreign.importer import import_logs


def edges(graph: Any) -> set[tuple[str, str]]:
    """Who feeds whom."""
    return {(edge["source"], edge["target"]) for edge in graph["edges"]}


def test_a_keras_model_is_a_graph_of_its_layers(real_data: Path, logdir: Path) -> None:
    """Keras 2's Sequential, as its TensorBoard callback writes it, beside the run's own graph."""
    list(import_logs(real_data / "events" / "keras_run_metadata", logdir))
    run = tracker.open(logdir).run("train")
    assert run.tags("graph") == ["graph", "keras"]
    graph = run.graph("keras")
    layers = ["embed", "pool", "relu_layer", "output_layer"]
    assert [node["name"] for node in graph["nodes"]] == layers
    assert edges(graph) == set(itertools.pairwise(layers))
    assert graph["nodes"][0]["attrs"]["output_dim"] == 16
    assert json.loads(run.media("model", "keras")[0].data)["class_name"] == "Sequential"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"config": 3}', "nonsense", "[" * 5000])
def test_what_is_no_model_is_said(text: str) -> None:
    """In one sentence, and nothing else."""
    with pytest.raises(tracker.errors.LoggedValueError, match="no Keras model"):
        tracker.Graph.from_keras(text.encode())


def test_run_metadata_is_a_profile_and_the_graphs_that_ran(tmp_path: Path, logdir: Path) -> None:
    """Made with TensorBoard's own messages: times in µs, a process for each device, the operation out of its label."""
    config_pb2 = pytest.importorskip("tensorboard.compat.proto.config_pb2", reason="needs TensorBoard as referee")
    from tracker.foreign import protos

    made = config_pb2.RunMetadata()
    device = made.step_stats.dev_stats.add(device="/device:GPU:0")
    device.node_stats.add(
        node_name="dense/MatMul", all_start_micros=1000, op_end_rel_micros=40, all_end_rel_micros=50, thread_id=3,
        timeline_label="dense/MatMul = MatMul(x, w)",
    )  # fmt: skip
    device.node_stats.add(node_name="loss", all_start_micros=1060, all_end_rel_micros=5)
    for name in "ab":
        made.function_graphs.add().pre_optimization_graph.node.add(name=name, op="Const")
    tagged = protos.Event(wall_time=1.0, step=3)
    tagged.tagged_run_metadata.tag = b"step3"
    tagged.tagged_run_metadata.run_metadata = made.SerializeToString()
    path = write(tmp_path / "tfevents", event(1.0, 0, tag="x", simple_value=1.0), tagged.SerializeToString())
    copied(path, logdir)
    run = tracker.open(logdir).run("a")
    events = json.loads(run.profile("step3"))["traceEvents"]
    assert [(each["name"], each["ts"], each["dur"], each["tid"]) for each in events if each["ph"] == "X"] == [
        ("MatMul", 1000, 50, 3),
        ("loss", 1060, 5, 0),
    ]
    assert [each["args"]["name"] for each in events if each["ph"] == "M"] == ["/device:GPU:0"]
    assert [node["name"] for node in run.graph("step3")["nodes"]] == ["graph_1/a", "graph_2/b"]
    (raw,) = run.media("file", "step3")
    assert (raw.step, raw.data, raw.form) == (3, made.SerializeToString(), run_metadata.FORM)


def test_run_metadata_without_times_is_no_profile(real_data: Path, logdir: Path) -> None:
    """As PyTorch's add_graph leaves it: a page of profiles that has none is not offered."""
    list(import_logs(real_data / "events" / "graph_bert_base_torch", logdir))
    list(import_logs(real_data / "events" / "tf_graphs_demo", logdir))
    assert [run.tags("profile") for run in tracker.open(logdir).runs()] == [[], [], []]
    assert tracker.open(logdir).run("profile").tags("graph") == ["prof_f", "prof_g"]
