"""ONNX models answer as the numbers in them say, on one thread, in bounded memory; whatever is wrong is a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from onnx import TensorProto, helper, numpy_helper, save_model

from tracker.errors import ModelError
from tracker.models import onnx_runner

WEIGHTS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
X = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)


def value(name: str, shape: list[Any] | None, kind: int = TensorProto.FLOAT) -> Any:
    """An input or output."""
    return helper.make_tensor_value_info(name, kind, shape)


def model_of(nodes: list[Any], inputs: list[Any], outputs: list[Any], weights: dict[str, Any]) -> Any:
    """A model that onnx's own helpers make."""
    kept = [numpy_helper.from_array(np.asarray(each), name) for name, each in weights.items()]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, kept)
    sets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=sets, ir_version=8)


def linear() -> Any:
    """(batch, 4) times the weights."""
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    return model_of([node], [value("x", ["batch", 4])], [value("y", ["batch", 3])], {"w": WEIGHTS})


def opened(model: Any, folder: Path, **options: Any) -> onnx_runner.OnnxRunner:
    """The runner of a model, from a file that is called as in the store."""
    place = folder / "0123abcd"
    place.write_bytes(model.SerializeToString())
    return onnx_runner.open_runner({"model.onnx": place}, {}, **options)


def test_it_answers_as_its_numbers_say(tmp_path: Path) -> None:
    """Any batch; what goes in and comes out by name, dtype and shape."""
    runner = opened(linear(), tmp_path)
    assert runner.inputs == [{"name": "x", "dtype": "float32", "shape": [None, 4]}]
    assert runner.outputs == [{"name": "y", "dtype": "float32", "shape": [None, 3]}]
    for batch in (X, X[:1], X[:0], X.astype(np.float64), X.tolist()):
        (found,) = runner.run({"x": batch}).values()
        assert np.allclose(found, np.array(batch, np.float32).reshape(-1, 4) @ WEIGHTS, atol=1e-6)
        assert found.dtype == np.float32


def test_weights_beside_the_model_are_found_by_the_names_that_it_calls_them(tmp_path: Path) -> None:
    """In a run they are called by their hashes."""
    save_model(linear(), tmp_path / "made.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    for name, kept in (("made.onnx", "aaaa"), ("w.bin", "bbbb")):
        (tmp_path / name).rename(tmp_path / kept)
    files = {"model.onnx": tmp_path / "aaaa", "w.bin": tmp_path / "bbbb"}
    (found,) = onnx_runner.open_runner(files, {}).run({"x": X}).values()
    assert np.allclose(found, X @ WEIGHTS, atol=1e-6)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["aaaa", "bbbb"]


def test_text_and_whole_numbers_go_in_and_come_out(tmp_path: Path) -> None:
    """Of each kind what it is."""
    nodes = [helper.make_node("Identity", [each], [f"{each}_too"]) for each in ("text", "count")]
    shapes = [value("text", [None], TensorProto.STRING), value("count", [None], TensorProto.UINT8)]
    outs = [value("text_too", [None], TensorProto.STRING), value("count_too", [None], TensorProto.UINT8)]
    runner = opened(model_of(nodes, shapes, outs, {}), tmp_path)
    found = runner.run({"text": ["né", ""], "count": [1.0, 255]})
    assert found["text_too"].tolist() == ["né", ""]
    assert found["count_too"].tolist() == [1, 255]
    for odd in ([256], [-1], [1.5], [np.nan]):
        with pytest.raises(ModelError, match="whole numbers of uint8"):
            runner.run({"text": ["a"], "count": odd})


def test_classes_that_a_classifier_names_itself_are_columns(tmp_path: Path) -> None:
    """scikit-learn's, where nobody told its converter not to make dictionaries."""
    nodes = [helper.make_node("ZipMap", ["x"], ["p"], domain="ai.onnx.ml", classlabels_strings=["a", "b"])]
    kind = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    output = helper.make_value_info("p", helper.make_sequence_type_proto(kind))
    runner = opened(model_of(nodes, [value("x", [None, 2])], [output], {}), tmp_path)
    assert runner.run({"x": np.array([[0.25, 0.75], [1, 0]], np.float32)})["p"].tolist() == [[0.25, 0.75], [1, 0]]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "inputs"),
        ({"x": X, "z": X}, "inputs"),
        ({"x": X[0]}, "x[None]"),
        ({"x": X[:, :3]}, "another shape"),
        ({"x": "four"}, "real numbers"),
        ({"x": [[1, 2], [3]]}, "real numbers"),
        ({"x": X + 1j}, "real numbers"),
    ],
)
def test_what_does_not_fit_is_a_named_error(given: Any, word: str, tmp_path: Path) -> None:
    """Before the model is asked."""
    runner = opened(linear(), tmp_path)
    with pytest.raises((ModelError, TypeError)) as refused:
        runner.run(given)
    assert word in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"hello", linear().SerializeToString()[:60]], ids=["empty", "text", "cut"])
def test_what_is_no_model_is_one_sentence(data: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing of it on the standard error stream."""
    (tmp_path / "odd").write_bytes(data)
    with pytest.raises(ModelError, match="cannot be opened") as refused:
        onnx_runner.open_runner({"model.onnx": tmp_path / "odd"}, {})
    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")


def huge(kind: str) -> Any:
    """A few bytes that ask for 10¹¹ numbers, from a constant or from what is given."""
    source = "one" if kind == "constant" else "x"
    nodes = [helper.make_node("Expand", [source, "sizes"], ["big"]), helper.make_node("ReduceSum", ["big"], ["sum"])]
    nodes.append(helper.make_node("Add", ["sum", "x"], ["y"]))
    weights = {"sizes": np.array([10**11]), "one": np.ones(1, np.float32)}
    return model_of(nodes, [value("x", [None])], [value("y", None)], weights)


def doubling() -> Any:
    """A loop that doubles what it has a million times."""
    flows = [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("a", None)]
    inside = [helper.make_node("Concat", ["a", "a"], ["b"], axis=0), helper.make_node("Identity", ["go"], ["on"])]
    body = helper.make_graph(inside, "body", flows, [value("on", [], TensorProto.BOOL), value("b", None)])
    nodes = [helper.make_node("Loop", ["times", "true", "x"], ["y"], body=body)]
    weights = {"times": np.array(10**6), "true": np.array(True)}
    return model_of(nodes, [value("x", [None])], [value("y", None)], weights)


HOSTILE = """
import sys, resource
from pathlib import Path
from tracker.errors import ModelError
from tracker.models import onnx_runner
onnx_runner.MOST_BYTES = 1 << 28
import onnxruntime
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    runner = onnx_runner.open_runner({"model.onnx": Path(sys.argv[1])}, {})
    runner.run({"x": [1.0]})
except ModelError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.parametrize("model", [huge("constant"), huge("given"), doubling()], ids=["constant", "given", "loop"])
def test_a_small_file_that_asks_for_much_memory_gets_none(model: Any, tmp_path: Path) -> None:
    """It fails with a sentence, and the process lives."""
    (tmp_path / "model").write_bytes(model.SerializeToString())
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE, str(tmp_path / "model")], capture_output=True, text=True, check=True
    )
    sentence, megabytes = done.stdout.splitlines()
    assert "more than" in sentence
    assert int(megabytes) < 350  # more than after the imports; what a child begins with is its parent's for a moment
    assert done.stderr == ""


def test_one_thread_answers_unless_more_are_asked_for(tmp_path: Path) -> None:
    """A model beside a training takes one core at most."""
    process = psutil.Process()
    opened(linear(), tmp_path).run({"x": X})
    before = process.num_threads()
    one = opened(linear(), tmp_path)
    one.run({"x": X})
    assert process.num_threads() == before
    three = opened(linear(), tmp_path, threads=3)
    assert process.num_threads() == before + 2
    assert np.array_equal(three.run({"x": X})["y"], one.run({"x": X})["y"])


def test_without_onnxruntime_it_says_what_to_install(tmp_path: Path) -> None:
    """In a sentence, when it is needed, and not before."""
    code = """
import sys
sys.modules["onnxruntime"] = None
from pathlib import Path
from tracker.errors import MissingPackageError
from tracker.models import onnx_runner
try:
    onnx_runner.open_runner({"model.onnx": Path("none")}, {})
except MissingPackageError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "an ONNX model is run by onnxruntime: pip install 'everystep[serve]'\n"
