"""TensorFlow.js folders that were damaged, or made to do harm: a sentence each, soon, and in little memory."""

from __future__ import annotations

import copy
import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tfjs_files

from trainer import CheckpointError, tfjs

KERNEL = np.ones((3, 3, 1, 2), np.float32)
CONV: dict[str, Any] = {"filters": 2, "kernel_size": [3, 3]}
WEIGHTS = {"conv/kernel": KERNEL, "conv/bias": np.zeros(2, np.float32)}
TOPOLOGY = tfjs_files.sequential(("Conv2D", "conv", CONV), ("Flatten", "flat", {}), shape=(8, 8, 1))
BOUND = 64 * 1024 * 1024
"""Bytes that a refusal may take; a model.json of the largest size that is read takes more."""

Document = dict[str, Any]


def layer(kind: str, *inputs: str, **config: Any) -> tuple[str, dict[str, Any], list[str]]:
    return kind, config, list(inputs)


def wired(layers: dict[str, Any], outputs: list[str], shape: tuple[Any, ...] = (8, 8, 1)) -> Callable[[Document], None]:
    """A change of model.json: other layers, without weights."""

    def change(document: Document) -> None:
        document["modelTopology"]["model_config"] = tfjs_files.functional(layers, outputs, {"x": shape})
        document["weightsManifest"] = []

    return change


def one(kind: str, **config: Any) -> Callable[[Document], None]:
    """A change of model.json: this layer alone."""
    return wired({"it": layer(kind, "x", **config)}, ["it"])


def said(**words: Any) -> Callable[[Document], None]:
    """A change of the first weight's entry."""
    return lambda document: document["weightsManifest"][0]["weights"][0].update(words)


def config(**words: Any) -> Callable[[Document], None]:
    """A change of the convolution's config."""
    return lambda document: document["modelTopology"]["model_config"]["config"]["layers"][0]["config"].update(words)


def path(name: Any) -> Callable[[Document], None]:
    return lambda document: document["weightsManifest"][0].update(paths=[name])


def nested(depth: int) -> Callable[[Document], None]:
    """Models in models, each of one layer."""

    def change(document: Document) -> None:
        model = TOPOLOGY
        for _ in range(depth):
            model = {"class_name": "Sequential", "config": {"name": "m", "layers": [model]}}
        document["modelTopology"]["model_config"] = model

    return change


def doubling(depth: int, *layers: tuple[str, str, dict[str, Any]]) -> Callable[[Document], None]:
    """A model that calls another one a hundred times, which calls another one a hundred times, and so on."""

    def change(document: Document) -> None:
        model = tfjs_files.sequential(*layers, shape=(8, 8, 1))
        for _ in range(depth):
            again = {
                **model,
                "name": "again",
                "inbound_nodes": [[["again" if i else "x", max(0, i - 1), 0, {}]] for i in range(100)],
            }
            outer = tfjs_files.functional({}, ["again"], {"x": (8, 8, 1)})
            outer["config"]["layers"].append(again)
            outer["config"]["output_layers"] = [["again", 99, 0]]
            model = outer
        document["modelTopology"]["model_config"] = model
        document["weightsManifest"] = []

    return change


INF, NAN = float("inf"), float("nan")
SCALED = {"dtype": "uint8", "scale": 0.5, "min": 0.0}
A, B = layer("ReLU", "b"), layer("ReLU", "a")
HOSTILE: list[tuple[str, Callable[[Document], Any], str]] = [
    # what it is
    ("a graph model", lambda d: d.update(format="graph-model"), "--output_format=tfjs_layers_model"),
    ("a graph model by its nodes", lambda d: d["modelTopology"].update(node=[]), "or save it as ONNX"),
    ("no topology", lambda d: d.pop("modelTopology"), "no modelTopology"),
    ("a topology of something else", lambda d: d.update(modelTopology=[1]), "no modelTopology"),
    ("no model", lambda d: d["modelTopology"].update(model_config={"class_name": "Dense", "config": {}}), "is no model"),
    ("a model without class", lambda d: d["modelTopology"].update(model_config={"a": 1}), "class_name"),
    ("layers that are no list", lambda d: d["modelTopology"]["model_config"]["config"].update(layers=7), "no list"),
    ("no layers", lambda d: d["modelTopology"]["model_config"]["config"].update(layers=[]), "has no layers"),
    ("a layer without config", lambda d: d["modelTopology"]["model_config"]["config"]["layers"][1].pop("config"), "no config"),
    ("a name that is a number", config(name=5), "no config, or no name"),
    # shards
    ("a shard above", path("../group1-shard1of1.bin"), "without / and"),
    ("a shard from the root", path("/etc/passwd"), "without / and"),
    ("a shard on Windows", path("..\\secret"), "without / and"),
    ("a folder's own name", path(".."), "no file's name"),
    ("a name that ends early", path("a\0b"), "without / and"),
    ("a long name", path("a" * 5000), "no file's name"),
    ("a number for a name", path(5), "no file's name"),
    ("a shard that is not there", path("other.bin"), "is not there"),
    ("a shard twice", lambda d: d["weightsManifest"][0].update(paths=["group1-shard1of1.bin"] * 2), "twice"),
    ("no shards", lambda d: d["weightsManifest"][0].update(paths=[]), "truncated"),
    ("a group that is none", lambda d: d.update(weightsManifest=[3]), "paths and weights"),
    ("a manifest that is none", lambda d: d.update(weightsManifest={"a": 1}), "not a list"),
    ("model.json as a shard", path("model.json"), "truncated, or belongs to another model"),
    # weights
    ("a billion numbers", said(shape=[10**9]), "at most 536,870,912"),
    ("a billion billion", said(shape=[10**9, 10**9]), "at most 536,870,912"),
    ("more than there is", said(shape=[3, 3, 1, 3]), "truncated"),
    ("less than there is", said(shape=[3, 3, 1, 1]), "truncated"),
    ("another shape of the same size", said(shape=[1, 3, 3, 2]), "needs its kernel in shape"),
    ("a length that is no number", said(shape=[3, 3, 1, 2.5]), "no list of up to 8 lengths"),
    ("a length below 0", said(shape=[-3, -3, 1, 2]), "no list of up to 8 lengths"),
    ("a shape that is none", said(shape="3"), "no list of up to 8 lengths"),
    ("an unknown dtype", said(dtype="float128"), "known are float32"),
    ("texts", said(dtype="string"), "known are float32"),
    ("a dtype that is none", said(dtype=[]), "known are float32"),
    ("NaN for a scale", said(quantization={**SCALED, "scale": NAN}), "its scale is nan"),
    ("infinity for a min", said(quantization={**SCALED, "min": INF}), "its min is inf"),
    ("a scale beyond float32", said(quantization={**SCALED, "scale": 10**300}), "no finite number"),
    ("no scale", said(quantization={"dtype": "uint8"}), "its scale is None"),
    ("quantised as something else", said(quantization={**SCALED, "dtype": "int4"}), "known are"),
    ("a weight without name", said(name=None), "a weight has a name"),
    ("a weight of nobody", said(name="other/kernel"), "has no weight 'conv/kernel'"),
    ("a weight too many", lambda d: d["weightsManifest"][0]["weights"].append({"name": "z", "shape": [0], "dtype": "float32"}), "no layer of the model takes"),
    ("a name twice", lambda d: d["weightsManifest"][0]["weights"].append(d["weightsManifest"][0]["weights"][0]), "twice"),
    # shapes
    ("an input of a billion", config(batch_input_shape=[None, 10**5, 10**4, 1]), "1,000,000,000 elements"),
    ("an input without end", config(batch_input_shape=[None, 10**30]), "no shape such as"),
    ("an input without shape", config(batch_input_shape=None), "no shape such as"),
    ("an input that is a text", config(batch_input_shape="8"), "no shape such as"),
    ("channels that nobody knows", config(batch_input_shape=[None, 8, 8, None]), "wants images"),
    ("no images", config(batch_input_shape=[None, 64]), "wants images"),
    ("images smaller than the window", config(batch_input_shape=[None, 2, 2, 1]), "3 pixels long"),
    ("a billion filters", config(filters=10**9), "needs its kernel"),
    ("no filters", config(filters=0), "whole number from 1"),
    ("half a filter", config(filters=1.5), "whole number from 1"),
    ("true filters", config(filters=True), "whole number from 1"),
    ("a window that is none", config(kernel_size=[3]), "no pair"),
    ("a stride of 0", config(strides=[0, 1]), "no pair"),
    ("a window of a billion", config(kernel_size=[10**5, 10**4]), "at most 4,096"),
    ("groups that divide nothing", config(groups=2), "do not divide"),
    ("channels first", config(data_format="channels_first"), "save the model with channels_last"),
    ("an unknown padding", config(padding="reflect"), "known are valid, same"),
    ("an unknown function", config(activation="exec"), "known are linear"),
    ("a function that is a list", config(activation=[1]), "known are linear"),
    ("neither true nor false", config(use_bias="yes"), "neither true nor false"),
    ("a billion zeros around", one("ZeroPadding2D", padding=[[10**5, 0], [10**4, 0]]), "elements a sample"),
    ("zeros below 0", one("ZeroPadding2D", padding=[[-1, 0], [0, 0]]), "is not [[top"),
    ("a pool of a billion", one("AveragePooling2D", pool_size=[10**5, 10**4], padding="same"), "at most 65,536"),
    ("a pool much larger than the image", one("AveragePooling2D", pool_size=[60000, 1], padding="same", strides=[1, 1]), None),
    ("a pool that does not fit", one("MaxPooling2D", pool_size=[9, 9]), "9 pixels long"),
    ("a shape of a billion", one("Reshape", target_shape=[10**9]), "which has 64 elements"),
    ("two lengths to work out", one("Reshape", target_shape=[-1, -1]), "no shape"),
    ("a length that does not divide", one("Reshape", target_shape=[-1, 5]), "which has 64 elements"),
    ("bounds below 0", one("ReLU", max_value=1), "is not computed here"),
    ("a share of NaN", one("Dropout", rate=NAN), "is no number"),
    ("an axis that is not there", one("Softmax", axis=7), "3 axes"),
    ("a norm along another axis", one("BatchNormalization", axis=1), "not the last"),
    # who takes what from whom
    ("an unknown layer", one("Lambda", function="exec"), "known are InputLayer, Conv2D"),
    ("a circle", wired({"a": A, "b": B}, ["a"]), "in a circle"),
    ("a layer that takes itself", wired({"a": layer("ReLU", "a")}, ["a"]), "in a circle"),
    ("a layer that is not there", wired({"a": layer("ReLU", "b")}, ["a"]), "which is not there"),
    ("an output that is not there", wired({"a": layer("ReLU", "x")}, ["b"]), "which is not there"),
    ("no outputs", wired({"a": layer("ReLU", "x")}, []), "no list of layers"),
    ("two inputs for one", wired({"a": layer("ReLU", "x", "x")}, ["a"]), "takes one input"),
    ("a sum of one", wired({"a": layer("Add", "x")}, ["a"]), "not alike"),
    ("a sum of what differs", wired({"f": layer("Flatten", "x"), "a": layer("Add", "x", "f")}, ["a"]), "not alike"),
    ("a joint of nothing", wired({"a": layer("Concatenate")}, ["a"]), "not alike"),
    ("an input among its own", lambda d: d["modelTopology"].update(model_config={"class_name": "Model", "config": {"layers": [], "input_layers": [["x", 0, 0]], "output_layers": [["x", 0, 0]]}}), "no such layer"),
    ("a place that is none", lambda d: d["modelTopology"].update(model_config={"class_name": "Model", "config": {"layers": [], "input_layers": [[[], 0, 0]]}}), "no result such as"),
    ("calls that are none", lambda d: d["modelTopology"].update(model_config={"class_name": "Model", "config": {"layers": [{"class_name": "ReLU", "config": {"name": "a"}, "inbound_nodes": "abc"}], "input_layers": [["a", 0, 0]]}}), "no list of its calls"),
    # without end
    ("a thousand models in models", nested(150), "at most 16 are followed"),
    ("a hundred calls of a hundred calls", doubling(4, ("ReLU", "relu", {})), "no more are followed"),
    ("a hundred calls of nothing at all", doubling(6, ("InputLayer", "x", {})), "no more are followed"),
    ("ten thousand layers", lambda d: (d.update(weightsManifest=[]), d["modelTopology"]["model_config"].update(tfjs_files.sequential(*[("ReLU", f"r{i}", {}) for i in range(10_001)], shape=(2,)))), "no more are followed"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tfjs_files.write(tmp_path / "model", TOPOLOGY, WEIGHTS)


def refused(folder: Path) -> str:
    """The one sentence that a folder is refused with, in little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError) as caught:
            tfjs.Runner(tfjs.load(folder))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 500
    assert peak < BOUND
    return text


@pytest.mark.parametrize(("change", "sentence"), [each[1:] for each in HOSTILE], ids=[each[0] for each in HOSTILE])
def test_a_hostile_model_is_refused_in_a_sentence(
    change: Callable[[Document], Any], sentence: str, folder: Path
) -> None:
    """Whatever model.json says; what is odd but can be computed is."""
    document = json.loads((folder / "model.json").read_text())
    change(document := copy.deepcopy(document))
    (folder / "model.json").write_text(json.dumps(document))
    if sentence is None:
        tfjs.Runner(tfjs.load(folder))
    else:
        assert sentence in refused(folder)


def test_a_thousand_models_in_models_are_not_followed(folder: Path) -> None:
    """Python's own limit of nesting is met while the JSON is read, or ours later: a sentence either way."""
    text = json.dumps({"modelTopology": {"model_config": "HERE"}})
    before, after = '{"class_name": "Sequential", "config": {"layers": [', "]}}"
    for depth in (1000, 100_000):
        (folder / "model.json").write_text(text.replace('"HERE"', before * depth + after * depth))
        assert "nested too deep" in (found := refused(folder)) or "are followed" in found


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"3", b"\xff\xfe{}", b"PK\x03\x04", b"\x1f\x8b\x08" + bytes(99), b"[" * 10**6]
)
def test_what_is_no_model_json_is_said(content: bytes, folder: Path) -> None:
    """Empty, truncated, an archive, or brackets without end."""
    (folder / "model.json").write_bytes(content)
    assert refused(folder).startswith("model.json")


@pytest.mark.parametrize("keep", [0, 1, 40, 79])
def test_a_truncated_shard_is_said(keep: int, folder: Path) -> None:
    """With how much is there and how much should be."""
    (shard,) = folder.glob("*.bin")
    shard.write_bytes(shard.read_bytes()[:keep])
    assert f"are 80 bytes, but its shard has {keep}: a shard is truncated" in refused(folder)


def test_a_shard_that_only_looks_large_is_not_read(folder: Path) -> None:
    """A sparse file of 2 GiB, whose weights are declared to fit; and one that would fit no memory."""
    (shard,) = folder.glob("*.bin")
    document = json.loads((folder / "model.json").read_text())
    for count in (2**29 + 1, 2**40):
        os.truncate(shard, 4 * count)
        document["weightsManifest"][0]["weights"] = [{"name": "conv/kernel", "shape": [1, count], "dtype": "float32"}]
        if count >= 2**31:
            document["weightsManifest"][0]["weights"][0]["shape"] = [count // 2**30, 2**30]
        (folder / "model.json").write_text(json.dumps(document))
        assert "at most 536,870,912" in refused(folder)


def test_pipes_devices_and_folders_are_not_read(folder: Path) -> None:
    """A pipe would be waited for, a device read for ever."""
    (shard,) = folder.glob("*.bin")
    shard.unlink()
    os.mkfifo(shard)
    assert "is no file but a folder, a pipe or a device" in refused(folder)
    shard.unlink()
    shard.symlink_to("/dev/zero")
    assert "is no file but a folder, a pipe or a device" in refused(folder)
    shard.unlink()
    shard.mkdir()
    assert "is no file but a folder, a pipe or a device" in refused(folder)
    shard.rmdir()
    shard.symlink_to("nowhere")
    assert "cannot be read" in refused(folder)


def test_a_model_json_without_end_is_not_read(folder: Path) -> None:
    """A sparse one."""
    os.truncate(folder / "model.json", 2**40)
    assert "at most 8,388,608 are read" in refused(folder)
    (folder / "model.json").unlink()
    assert "there is no model.json" in refused(folder)


def test_weights_that_are_no_numbers_give_answers_that_are_none(folder: Path) -> None:
    """A training that failed is a model still: NaN in, NaN out, without a warning. A variance below 0 is alike."""
    norm = ("BatchNormalization", "norm", {})
    weights = {f"norm/{name}": np.ones(1, np.float32) for name in ("gamma", "beta", "moving_mean")}
    weights["norm/moving_variance"] = np.full(1, -2, np.float32)
    conv = {"conv/kernel": np.full((1, 1, 1, 1), np.nan, np.float32)}
    topology = tfjs_files.sequential(
        ("Conv2D", "conv", {"filters": 1, "kernel_size": 1, "use_bias": False}), norm, shape=(2, 2, 1)
    )
    for kernel in (np.nan, 1e38, 1.0):
        conv = {"conv/kernel": np.full((1, 1, 1, 1), kernel, np.float32)}
        runner = tfjs.Runner(tfjs.load(tfjs_files.write(folder, topology, {**conv, **weights})))
        assert not np.isfinite(runner.run({"conv_input": np.full((1, 2, 2, 1), 1e30)})["norm"]).any()


def test_nothing_random_is_read(folder: Path) -> None:
    """Each byte of model.json changed, one at a time: it is read, or refused by name, but never another error."""
    text = (folder / "model.json").read_bytes()
    for at in range(0, len(text), 7):
        for byte in (b"9", b"-", b'"', b"[", b"e"):
            (folder / "model.json").write_bytes(text[:at] + byte + text[at + 1 :])
            try:
                tfjs.Runner(tfjs.load(folder))
            except CheckpointError as err:
                assert "\n" not in str(err)  # noqa: PT017  # most are read well, some are not
