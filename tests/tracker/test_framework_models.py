"""Models of scikit-learn and Keras answer from a run as their own frameworks do, to 10⁻⁵."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.errors import MissingPackageError, ModelError
from tracker.models import sklearn_export

pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4)).astype(np.float32)
NAMES = np.array(["ant", "bee", "cat"])[np.digitize(X[:, 0] + X[:, 1], [-0.7, 0.7])]


# --- scikit-learn ------------------------------------------------------------------------------------------------


def sklearn_models() -> dict[str, Any]:
    """An estimator of each kind, not fitted."""
    pytest.importorskip("skl2onnx", reason="needs skl2onnx (pip install '.[frameworks]')")
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return {
        "logistic": LogisticRegression(),
        "forest": RandomForestClassifier(8, random_state=0),
        "network": MLPClassifier((8,), max_iter=30, random_state=0),
        "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
        "vectors": SVC(random_state=0),
    }


@pytest.mark.parametrize("kind", ["logistic", "forest", "network", "pipeline", "vectors"])
def test_a_classifier_answers_as_itself(kind: str, logdir: Path) -> None:
    """Labels and probabilities, classes by the names that it learned."""
    model = sklearn_models()[kind].fit(X, NAMES)
    with tracker.init(logdir=logdir, name="r") as run:
        run.log_model(model, "bugs")
    stored = tracker.open(logdir).run("r").model("bugs")
    assert stored.manifest.made_by.startswith("sklearn ")
    assert stored.classes == ("ant", "bee", "cat")
    assert [(each.dtype, each.shape) for each in stored.inputs] == [("float32", (None, 4))]
    label, scores = stored.predict(X).values()
    assert label.tolist() == model.predict(X).tolist()
    if kind != "vectors":
        assert np.abs(scores - model.predict_proba(X)).max() < 1e-5
    best, p = stored.top(X[:1], k=3)[0]
    assert best == model.predict(X[:1])[0]
    assert 0 < p <= 1


def test_a_regression_answers_as_itself(logdir: Path) -> None:
    """It has no classes, and says so when asked for them."""
    sklearn_models()
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit(X, X @ [1.0, 2.0, 3.0, 4.0])
    with tracker.init(logdir=logdir, name="r") as run:
        run.log_model(model, inputs=X[:1])
    stored = tracker.open(logdir).run("r").model("model")
    assert stored.classes is None
    assert np.abs(stored.predict(X)[:, 0] - model.predict(X)).max() < 1e-4
    with pytest.raises(ModelError, match="no classifier"):
        stored.top(X[:1])


def test_what_is_learned_afterwards_is_not_in_the_version(logdir: Path) -> None:
    """A copy is made on the caller's thread, the file on another."""
    model = sklearn_models()["logistic"].fit(X, NAMES)
    wanted = model.predict_proba(X)
    with tracker.init(logdir=logdir, name="r") as run:
        run.log_model(model)
        model.coef_[:] = 0
    assert np.abs(tracker.open(logdir).run("r").model("model").predict(X)["probabilities"] - wanted).max() < 1e-5


def test_what_cannot_be_kept_is_said_on_the_caller_s_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not fitted, or without the package that makes the file."""
    model = sklearn_models()["logistic"]
    with pytest.raises(ModelError, match="a fitted estimator"):
        sklearn_export.snapshot(model, None)
    monkeypatch.setattr(sklearn_export, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match="pip install skl2onnx"):
        sklearn_export.snapshot(model.fit(X, NAMES), None)


# --- Keras -------------------------------------------------------------------------------------------------------

KERAS = """
import os, sys, json
import numpy as np
import keras
from keras import layers
import tracker

keras.utils.set_random_seed(0)

def network():
    x = given = keras.Input((8, 8, 3), name="picture")
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = layers.Conv2D(6, 3, strides=2, use_bias=False, name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = side = layers.ReLU(6.0)(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="depth")(x)
    x = layers.Add()([x, side])
    x = layers.Dropout(0.3)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(given, layers.Dense(4, activation="softmax", name="last")(x))

def row():
    return keras.Sequential([layers.Input((5,)), layers.Dense(3, activation="relu"), layers.Dense(2)])

class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = layers.Dense(2)
    def call(self, x):
        return self.inner(x) * 2

def own():
    model = Own()
    model(np.zeros((1, 5), np.float32))
    return model

kind, logdir, out = sys.argv[1:]
model = {"network": network, "row": row, "own": own}[kind]()
if kind == "network":  # statistics that are not a new layer's
    model.get_layer("norm").set_weights([np.linspace(0.5, 2, 6 * 4).reshape(4, 6)[i] for i in range(4)])
shape = {"network": (7, 8, 8, 3)}.get(kind, (7, 5))
x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
with tracker.init(logdir=logdir, name="r") as run:
    run.log_model(model, "m", example=x[:1] if kind == "own" else None)
np.savez(out, x=x, y=model.predict(x, verbose=0), **{f"{v.path}": v.numpy() for v in model.weights})
"""


def kept(backend: str, kind: str, folder: Path) -> tuple[Any, dict[str, Any]]:
    """A Keras model that was logged in a process with a framework behind Keras: as stored, and x and y of its own."""
    for package in ("keras", backend):  # not imported here, where it would be behind Keras for all tests
        if find_spec(package) is None:
            pytest.skip(f"needs {package} (pip install '.[frameworks]')")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KERAS, kind, str(folder / "runs"), str(folder / "own.npz")],
        env={**os.environ, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    with np.load(folder / "own.npz") as file:
        own = dict(file)
    return tracker.open(folder / "runs").run("r").model("m"), own


@pytest.mark.long  # each of these imports frameworks for ten seconds
@pytest.mark.parametrize("kind", ["network", "row", "own"])
def test_keras_on_torch_is_kept_as_onnx(kind: str, tmp_path: Path) -> None:
    """It answers as Keras does."""
    stored, own = kept("torch", kind, tmp_path)
    assert stored.manifest.format == "onnx"
    assert np.abs(stored.predict(own["x"]) - own["y"]).max() < 1e-5


@pytest.mark.parametrize("kind", ["network", pytest.param("row", marks=pytest.mark.long)])
def test_keras_on_jax_is_kept_as_layers_without_its_converter(kind: str, tmp_path: Path) -> None:
    """As a TensorFlow.js layers folder: topology as Keras 2 wrote it, weights in one shard, in the order of the manifest;
    the trainer answers from it as Keras does."""
    stored, own = kept("jax", kind, tmp_path)
    if stored.manifest.format == "onnx":
        pytest.skip("jax2onnx is installed, which Keras asks first")
    assert stored.manifest.format == "tfjs"
    assert "jax2onnx" in stored.manifest.note
    assert np.abs(stored.predict(own["x"]) - own["y"]).max() < 1e-5
    said = json.loads(stored.file("model.json").read_bytes())
    assert said["format"] == "layers-model"
    (group,) = said["weightsManifest"]
    data = stored.file(group["paths"][0]).read_bytes()
    weights, at = {}, 0
    for each in group["weights"]:
        assert each["dtype"] == "float32"
        size = 4 * int(np.prod(each["shape"]))
        weights[each["name"]] = np.frombuffer(data[at : at + size], "<f4").reshape(each["shape"])
        at += size
    assert at == len(data)
    own_weights = {name: value for name, value in own.items() if name not in ("x", "y")}
    for name, value in own_weights.items():
        layer, _, last = name.rpartition("/")
        last = "depthwise_kernel" if layer.endswith("depth") and last == "kernel" else last
        if "seed_generator" not in name:
            assert np.array_equal(weights.pop(f"{layer.rpartition('/')[2]}/{last}"), value), name
    assert not weights
    config = said["modelTopology"]["model_config"]
    if kind == "network":
        assert config["class_name"] == "Functional"
        first, *_, last = config["config"]["layers"]
        assert first["config"]["batch_input_shape"] == [None, 8, 8, 3]
        assert (first["class_name"], first["inbound_nodes"]) == ("InputLayer", [])
        (added,) = [each for each in config["config"]["layers"] if each["class_name"] == "Add"]
        assert [[name, call, output] for name, call, output, _ in added["inbound_nodes"][0]] == [
            ["depth", 0, 0], ["re_lu", 0, 0],
        ]  # fmt: skip
        assert config["config"]["output_layers"] == [["last", 0, 0]]
        assert last["config"]["activation"] == "softmax"
    else:
        assert config["class_name"] == "Sequential"
        assert [each["class_name"] for each in config["config"]["layers"]] == ["InputLayer", "Dense", "Dense"]


@pytest.mark.long
def test_a_keras_model_written_in_python_is_kept_as_source_where_it_cannot_be_exported(tmp_path: Path) -> None:
    """Its weights as arrays, its class as text where there is one, and why."""
    stored, own = kept("jax", "own", tmp_path)
    if stored.manifest.format == "onnx":
        pytest.skip("jax2onnx is installed, which Keras asks first")
    assert stored.manifest.format == "source"
    assert "jax2onnx" in stored.manifest.note
    from safetensors.numpy import load

    state = load(stored.file("state.safetensors").read_bytes())
    assert {name: value.tolist() for name, value in state.items()} == {
        name: value.tolist() for name, value in own.items() if name not in ("x", "y")
    }
    assert b"Own" in stored.file("source.py").read_bytes()
    with pytest.raises(ModelError, match="only the source"):
        stored.predict(own["x"])


def test_a_classifier_that_has_no_option_of_its_probabilities_answers_as_itself(logdir: Path) -> None:
    """LinearSVC, alone and at the end of a pipeline: skl2onnx knows no "zipmap" of it, and makes tensors anyway."""
    sklearn_models()
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    for kind, model in {"alone": LinearSVC(), "piped": make_pipeline(StandardScaler(), LinearSVC())}.items():
        model.fit(X, NAMES)
        with tracker.init(logdir=logdir, name=kind, machine=False) as run:
            run.log_model(model, "svm")
        found = tracker.open(logdir).run(kind).model("svm").predict(X.astype(np.float32))
        assert next(iter(found.values())).tolist() == model.predict(X).tolist()


def test_a_table_of_features_is_an_example(tmp_path: Path) -> None:
    """A DataFrame is what scikit-learn's users have; its rows are samples."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("skl2onnx", reason="makes ONNX of scikit-learn's estimators: pip install skl2onnx")
    linear = pytest.importorskip("sklearn.linear_model")
    rows = pandas.DataFrame({"age": [1.0, 2.0, 3.0, 4.0], "smokes": [0, 1, 0, 1]})
    model = linear.LogisticRegression().fit(rows, [0, 0, 1, 1])
    with tracker.init(logdir=tmp_path, name="a") as run:
        run.log_model(model, "risk", inputs=rows)
    found = tracker.open(tmp_path).run("a").model("risk")
    np.testing.assert_allclose(found.predict(rows)["probabilities"], model.predict_proba(rows), rtol=1e-5)
