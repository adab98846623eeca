"""The same folders read by TensorFlow.js in Node, which is the judge of its own format."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tfjs_files
from keras_models import keras_on_torch, mobilenet, pictures, seeded
from test_tfjs import LAYERS

from trainer import tfjs

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("tfjs_judge.mjs")

pytestmark = [
    pytest.mark.long,
    pytest.mark.frameworks,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def modules() -> Path:
    """The folder whose node_modules has @tensorflow/tfjs."""
    place = Path(os.environ.get("EVERYSTEP_TFJS", ROOT))
    if shutil.which("node") is None or not (place / "node_modules" / "@tensorflow" / "tfjs").is_dir():
        pytest.skip("needs Node and @tensorflow/tfjs: npm install @tensorflow/tfjs, its folder as EVERYSTEP_TFJS")
    return place


@pytest.fixture(scope="module")
def keras() -> Any:
    return keras_on_torch()


def judged(modules: Path, folder: Path, x: Any, tmp_path: Path) -> Any:
    """What TensorFlow.js answers."""
    given, found = tmp_path / "input", tmp_path / "output"
    given.write_bytes(x.tobytes())
    command = ["node", str(SCRIPT), str(modules), str(folder), str(given), json.dumps(x.shape), str(found)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return np.frombuffer(found.read_bytes(), "<f4").reshape(json.loads(done.stdout.splitlines()[-1]))


def agree(modules: Path, folder: Path, x: Any, tmp_path: Path, tolerance: float) -> None:
    runner = tfjs.Runner(tfjs.load(folder))
    (found,) = runner.run({runner.inputs[0]["name"]: x}).values()
    expected = judged(modules, folder, x, tmp_path)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


UNKNOWN = {
    "conv, groups": "it has no groups",
    "mean of all, kept": "it has no keepdims, nor had Keras once",
    "depthwise, dilated": "it passes over the dilation",
    "softmax over rows": "it has a softmax over the last axis only",
}
"""Layers in which Keras goes beyond TensorFlow.js: what Keras says of them is what counts."""

KNOWN = [each for each in LAYERS if each[0] not in UNKNOWN]


@pytest.mark.parametrize("make", [make for _, make in KNOWN], ids=[name for name, _ in KNOWN])
def test_a_layer_is_that_of_tensorflow_js(
    make: Callable[[Any], list[Any]], keras: Any, modules: Path, tmp_path: Path
) -> None:
    """Each layer, on images of odd and even sizes."""
    x = np.random.default_rng(8).standard_normal((2, 9, 7, 3)).astype(np.float32)
    model = seeded(keras, keras.Sequential([keras.layers.Input((9, 7, 3)), *make(keras.layers)]), x)
    agree(modules, tfjs_files.write_keras(model, tmp_path / "model"), x, tmp_path, 2e-5)


@pytest.mark.parametrize("quantised", [None, "uint8", "uint16", "float16"])
@pytest.mark.parametrize("version", [1, 2])
def test_a_small_mobilenet_is_that_of_tensorflow_js(
    version: int, quantised: str | None, keras: Any, modules: Path, tmp_path: Path
) -> None:
    """Functional topologies, sums, shards cut within weights, and every quantisation."""
    model = mobilenet(keras, version, size=64, alpha=0.35 if version == 2 else 0.25, images=pictures(4, 64))
    topology = as_before_keepdims(tfjs_files.keras_topology(model))
    folder = tfjs_files.write(tmp_path / "model", topology, tfjs_files.keras_weights(model), quantised, 100_001)
    agree(modules, folder, pictures(2, 64, seed=1), tmp_path, 1e-5)


def test_mobilenet_is_that_of_tensorflow_js(keras: Any, modules: Path, tmp_path: Path) -> None:
    """The whole of it, on one picture."""
    model = mobilenet(keras, 1, size=224, alpha=1.0, images=pictures(4, 224))
    topology = as_before_keepdims(tfjs_files.keras_topology(model))
    folder = tfjs_files.write(tmp_path / "model", topology, tfjs_files.keras_weights(model))
    agree(modules, folder, pictures(1, 224, seed=1), tmp_path, 1e-4)


def as_before_keepdims(topology: dict[str, Any]) -> dict[str, Any]:
    """The mean of all pixels as Keras wrote it until 2.5: without its axes, which a Reshape puts back."""
    layers = topology["config"]["layers"]
    for i, layer in enumerate(layers):
        if layer["class_name"] == "GlobalAveragePooling2D" and layer["config"].pop("keepdims", False):
            name = layer["name"]
            channels = next(
                each["config"]["filters"] for each in reversed(layers[:i]) if each["class_name"] == "Conv2D"
            )
            for later in layers[i + 1 :]:
                for node in later["inbound_nodes"]:
                    for taken in node:
                        taken[0] = "back" if taken[0] == name else taken[0]
            config = {"name": "back", "target_shape": [1, 1, channels]}
            nodes = [[[name, 0, 0, {}]]]
            layers.insert(i + 1, {"class_name": "Reshape", "name": "back", "config": config, "inbound_nodes": nodes})
            break
    return topology
