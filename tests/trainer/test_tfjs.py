"""TensorFlow.js layers models: what is read computes what Keras computes, by the network and by the fast runner."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tfjs_files
from keras_models import answer, keras_on_torch, mobilenet, pictures, seeded

import trainer
from trainer import CheckpointError, nn, tfjs
from trainer.tfjs.modules import same_padding

RANDOM = np.random.default_rng(8)

LAYERS: list[tuple[str, Callable[[Any], list[Any]]]] = [
    ("conv, valid", lambda k: [k.Conv2D(4, 3, activation="relu")]),
    ("conv, same", lambda k: [k.Conv2D(4, (3, 5), padding="same", use_bias=False)]),
    ("conv, same, window of even size", lambda k: [k.Conv2D(4, (2, 4), padding="same")]),
    ("conv, same, stride", lambda k: [k.Conv2D(4, 3, strides=2, padding="same")]),
    ("conv, same, longer strides than windows", lambda k: [k.Conv2D(4, 2, strides=(3, 2), padding="same")]),
    ("conv, dilated", lambda k: [k.Conv2D(4, 3, dilation_rate=2, padding="same")]),
    ("conv, groups", lambda k: [k.Conv2D(6, 3, groups=3, padding="same")]),
    ("conv of a pixel, stride", lambda k: [k.Conv2D(4, 1, strides=2), k.ReLU(6)]),
    ("depthwise", lambda k: [k.DepthwiseConv2D(3, padding="same"), k.BatchNormalization(), k.ReLU(6.0)]),
    ("depthwise, stride", lambda k: [k.DepthwiseConv2D((3, 2), strides=2, padding="same", use_bias=False)]),
    ("depthwise, valid", lambda k: [k.ZeroPadding2D(((0, 1), (2, 0))), k.DepthwiseConv2D(3, strides=2)]),
    ("depthwise, dilated", lambda k: [k.DepthwiseConv2D(3, dilation_rate=2, activation="relu6")]),
    ("depthwise, two filters a channel", lambda k: [k.DepthwiseConv2D(3, depth_multiplier=2), k.Conv2D(4, 1)]),
    ("separable", lambda k: [k.SeparableConv2D(5, 3, padding="same", depth_multiplier=2, activation="relu")]),
    ("norm and norm", lambda k: [k.Conv2D(4, 3, use_bias=False), k.BatchNormalization(epsilon=0.1), k.BatchNormalization(scale=False)]),
    ("norm alone", lambda k: [k.BatchNormalization(center=False), k.Activation("tanh")]),
    ("norm after bounds", lambda k: [k.Conv2D(4, 3, activation="relu"), k.BatchNormalization()]),
    ("zeros around", lambda k: [k.ZeroPadding2D((1, 2)), k.MaxPooling2D()]),
    ("max pool, same", lambda k: [k.MaxPooling2D(3, strides=2, padding="same")]),
    ("mean pool", lambda k: [k.AveragePooling2D((2, 3), strides=1)]),
    ("mean pool, same", lambda k: [k.AveragePooling2D(3, strides=2, padding="same")]),
    ("mean of all, kept", lambda k: [k.GlobalAveragePooling2D(keepdims=True), k.Conv2D(5, 1), k.Reshape((5,)), k.Softmax()]),
    ("mean of all", lambda k: [k.GlobalAveragePooling2D(), k.Dropout(0.3), k.Dense(4, activation="softmax")]),
    ("flat in Keras' order", lambda k: [k.Conv2D(4, 3), k.Flatten(), k.Dense(6, activation="sigmoid"), k.BatchNormalization()]),
    ("reshaped", lambda k: [k.Reshape((-1, 9)), k.Dense(2), k.Reshape((3, 7, 2)), k.Conv2D(2, 2)]),
    ("dense on images", lambda k: [k.Dense(5, activation="relu"), k.Softmax()]),
    ("softmax over rows", lambda k: [k.Softmax(axis=1), k.LeakyReLU(0.2)]),
]  # fmt: skip


@pytest.fixture(scope="session")
def keras() -> Any:
    return keras_on_torch()


def agree(keras: Any, model: Any, folder: Path, x: Any, tolerance: float = 1e-5) -> tfjs.Runner:
    """Keras, the network and the runner say the same of x; the runner for a single sample too."""
    expected = answer(keras, model, x)
    network = tfjs.load(tfjs_files.write_keras(model, folder))
    with trainer.no_grad():
        np.testing.assert_allclose(network(x).numpy(), expected, rtol=tolerance, atol=tolerance)
    runner = tfjs.Runner(network)
    (name,) = (each["name"] for each in runner.inputs)
    for samples in (len(x), 1):
        (found,) = runner.run({name: x[:samples]}).values()
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected[:samples], rtol=tolerance, atol=tolerance)
    assert runner.outputs[0]["shape"] == [None, *expected.shape[1:]]
    return runner


@pytest.mark.frameworks
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [make for _, make in LAYERS], ids=[name for name, _ in LAYERS])
def test_a_layer_is_that_of_keras(make: Callable[[Any], list[Any]], keras: Any, tmp_path: Path) -> None:
    """Odd and even sizes, since TensorFlow's SAME depends on them."""
    x = RANDOM.standard_normal((3, 9, 7, 3)).astype(np.float32)
    model = seeded(keras, keras.Sequential([keras.layers.Input((9, 7, 3)), *make(keras.layers)]), x)
    agree(keras, model, tmp_path, x)


@pytest.mark.frameworks
@pytest.mark.filterwarnings("ignore")
def test_branches_models_in_models_and_shared_layers_are_followed(keras: Any, tmp_path: Path) -> None:
    """A layer called twice has its weights once; a model called twice too; sums and joints take several."""
    k = keras.layers
    inner = keras.Sequential([k.Input((8, 8, 4)), k.Conv2D(4, 3, padding="same"), k.BatchNormalization(), k.ReLU()])
    shared = k.Conv2D(4, 1, name="forward")  # a name that a module has for something else
    a = k.Input((8, 8, 3), name="left")
    x = shared(a)
    y = inner(k.ReLU()(x))
    joint = k.Concatenate()([k.Add()([x, y, inner(y)]), k.Activation("sigmoid")(shared(k.ReLU(6)(a)))])
    model = seeded(keras, keras.Model(a, [joint, k.GlobalAveragePooling2D()(y)]), pictures(4, 8))
    images = pictures(5, 8, seed=1)
    expected = [each.detach().numpy() for each in model(images, training=False)]
    network = tfjs.load(tfjs_files.write_keras(model, tmp_path))
    assert sum(p.numel() for p in network.parameters()) == 3 * 4 + 4 + 9 * 16 + 4 + 2 * 4
    with trainer.no_grad():
        direct = [each.numpy() for each in network(images)]
    answers = tfjs.Runner(network).run({"left": images})
    for theirs, ours, fast in zip(expected, direct, answers.values(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(fast, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.frameworks
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("version", [1, 2])
def test_a_small_mobilenet_is_that_of_keras(version: int, keras: Any, tmp_path: Path) -> None:
    """All of its layers, for small pictures and few filters; its shards cut where a weight is not at its end."""
    model = mobilenet(keras, version, size=64, alpha=0.35 if version == 2 else 0.25, images=pictures(4, 64))
    x = pictures(3, 64, seed=1)
    expected = answer(keras, model, x)
    runner = tfjs.open_runner(
        {p.name: p for p in tfjs_files.write_keras(model, tmp_path, shard_bytes=100_001).iterdir()}, {"format": "tfjs"}
    )
    assert len(list(tmp_path.glob("group1-shard*"))) > 10
    (found,) = runner.run({runner.inputs[0]["name"]: x}).values()
    assert np.ptp(expected, axis=0).max() > 1e-3  # it tells pictures apart
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.frameworks
@pytest.mark.filterwarnings("ignore")
@pytest.mark.long
@pytest.mark.parametrize("version", [1, 2])
def test_mobilenet_is_that_of_keras(version: int, keras: Any, tmp_path: Path) -> None:
    """The whole of it: the ten likeliest of a thousand, to 1e-4."""
    model = mobilenet(keras, version, size=224, alpha=1.0, images=pictures(8, 224))
    x = pictures(4, 224, seed=1)
    runner = agree(keras, model, tmp_path, x, tolerance=1e-4)
    (found,) = runner.run({runner.inputs[0]["name"]: x}).values()
    top = np.argsort(-answer(keras, model, x))[:, :10]
    assert np.argsort(-found)[:, :10].tolist() == top.tolist()


# Without Keras


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Each test draws the same numbers, whichever ran before it."""
    RANDOM.bit_generator.state = np.random.default_rng(1).bit_generator.state


def images(*shape: int) -> Any:
    return RANDOM.standard_normal(shape).astype(np.float32)


SMALL = tfjs_files.sequential(
    ("Conv2D", "conv1", {"filters": 2, "kernel_size": [3, 3], "strides": [2, 2], "padding": "same"}),
    ("Flatten", "flat", {}),
    ("Dense", "out", {"units": 3, "activation": "softmax"}),
    shape=(4, 4, 1),
)
WEIGHTS = {
    "conv1/kernel": images(3, 3, 1, 2),
    "conv1/bias": images(2),
    "out/kernel": images(8, 3),
    "out/bias": images(3),
}


def test_a_model_is_read_by_hand(tmp_path: Path) -> None:
    """Without any library: one window of TensorFlow's SAME, whose odd zero is behind, and Keras' order when flat."""
    x = images(1, 4, 4, 1)
    padded = np.pad(x[0, :, :, 0], ((0, 1), (0, 1)))
    pixels = np.empty((2, 2, 2))
    for i in range(2):
        for j in range(2):
            window = padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            pixels[i, j] = np.einsum("ij,ijo->o", window, WEIGHTS["conv1/kernel"][:, :, 0]) + WEIGHTS["conv1/bias"]
    logits = pixels.reshape(-1) @ WEIGHTS["out/kernel"] + WEIGHTS["out/bias"]
    expected = np.exp(logits) / np.exp(logits).sum()
    network = tfjs.load(tfjs_files.write(tmp_path, SMALL, WEIGHTS))
    np.testing.assert_allclose(network(x).numpy()[0], expected, rtol=1e-5)
    assert [name for name, _ in network.named_children()] == ["conv1", "flat", "out"]
    assert tfjs.Runner(network).inputs == [{"name": "conv1_input", "dtype": "float32", "shape": [None, 4, 4, 1]}]
    np.testing.assert_allclose(tfjs.Runner(network).run({"conv1_input": x})["out"][0], expected, rtol=1e-5)


@pytest.mark.parametrize("quantised", ["uint8", "uint16", "float16"])
def test_quantised_weights_are_numbers_times_scale_and_min(quantised: str, tmp_path: Path) -> None:
    """To half a step of the scale; a folder is also known by its model.json."""
    network = tfjs.load(tfjs_files.write(tmp_path, SMALL, WEIGHTS, quantised) / "model.json")
    layer = network.layers["out"]
    assert isinstance(layer, nn.Sequential)
    found = layer[0].weight.numpy().T  # type: ignore[union-attr]
    step = {
        "uint8": np.ptp(WEIGHTS["out/kernel"]) / 255,
        "uint16": np.ptp(WEIGHTS["out/kernel"]) / 65535,
        "float16": 2e-3,
    }
    np.testing.assert_allclose(found, WEIGHTS["out/kernel"], atol=step[quantised] / 2 * 1.001)
    numbers, said = tfjs_files.quantise(WEIGHTS["out/kernel"], quantised)
    exact = numbers * said.get("scale", 1.0) + said.get("min", 0.0)
    np.testing.assert_array_equal(found, exact.astype(np.float32))


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool", "float16"])
def test_weights_of_other_dtypes_are_read(dtype: str, tmp_path: Path) -> None:
    """Whatever they are kept as, they are computed with as float32."""
    kept = {**WEIGHTS, "out/bias": np.array([1, 0, 1]).astype(dtype)}
    network = tfjs.load(tfjs_files.write(tmp_path, SMALL, kept))
    assert network.state_dict()["out.dense.bias"].tolist() == [1.0, 0.0, 1.0]
    assert network.state_dict()["out.dense.bias"].dtype == np.float32


@pytest.mark.parametrize(
    "rewrite", ["list of layers", "Model", "topology alone", "cell in a name", "Keras 3", "optimizer"]
)
def test_other_ways_to_write_the_same_are_read(rewrite: str, tmp_path: Path) -> None:
    """Old and new versions of Keras and of the converter, and TensorFlow.js' own `save`."""
    layers = {"flat": ("Flatten", {}, ["x"]), "out": ("Dense", {"units": 3, "activation": "linear"}, ["flat"])}
    topology = tfjs_files.functional(layers, ["out"], {"x": (4, 4, 1)})
    weights = {"out/kernel": images(16, 3), "out/bias": images(3)}
    x = images(2, 4, 4, 1)
    expected = x.reshape(2, 16) @ weights["out/kernel"] + weights["out/bias"]
    if rewrite == "list of layers":
        topology = tfjs_files.sequential(("Flatten", "flat", {}), ("Dense", "out", {"units": 3}), shape=(4, 4, 1))
        topology["config"] = topology["config"]["layers"]
    if rewrite == "Model":
        topology["class_name"] = "Model"
        for layer in topology["config"]["layers"][1:]:
            layer["inbound_nodes"] = layer["inbound_nodes"][0]
    if rewrite == "cell in a name":
        weights = {name.replace("/", "/cell/"): array for name, array in weights.items()}
    if rewrite == "Keras 3":
        for layer in topology["config"]["layers"][1:]:
            tensors = [
                {"class_name": "__keras_tensor__", "config": {"keras_history": each[:3]}}
                for each in layer["inbound_nodes"][0]
            ]
            layer["inbound_nodes"] = [{"args": tensors, "kwargs": {}}]
        (ends,) = topology["config"]["output_layers"]
        topology["config"]["output_layers"] = ends
        first = topology["config"]["layers"][0]["config"]
        first["batch_shape"] = first.pop("batch_input_shape")
    folder = tfjs_files.write(tmp_path, topology, weights)
    document = json.loads((folder / "model.json").read_text())
    if rewrite == "topology alone":
        document["modelTopology"] = document["modelTopology"]["model_config"]
    if rewrite == "optimizer":
        (folder / "more.bin").write_bytes(np.zeros(5, np.float32).tobytes())
        entry = {"name": "out/kernel/Adam", "shape": [5], "dtype": "float32", "group": "optimizer"}
        document["weightsManifest"].append({"paths": ["more.bin"], "weights": [entry]})
    (folder / "model.json").write_text(json.dumps(document))
    (found,) = tfjs.Runner(tfjs.load(folder)).run({tfjs.load(folder).inputs[0][0]: x}).values()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_batches_are_answered_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their size, and whatever memory there is, each sample gets its own answer."""
    network = tfjs.load(tfjs_files.write(tmp_path, SMALL, WEIGHTS))
    x = images(13, 4, 4, 1)
    with trainer.no_grad():
        expected = network(x).numpy()
    for numbers in (1, 4 * tfjs.Runner(network)._plan(((4, 4, 1),), 1).numbers, 2**25):
        monkeypatch.setattr("trainer.tfjs.runner.PLAN_NUMBERS", numbers)
        runner = tfjs.Runner(network)
        for samples in (13, 1, 6):
            found = runner.run({"conv1_input": x[:samples]})["out"]
            np.testing.assert_allclose(found, expected[:samples], rtol=1e-5, atol=1e-7)


def test_memory_is_used_again(tmp_path: Path) -> None:
    """Two layers take as much as twenty: values that nobody wants any more, and padded images alike, give theirs on."""
    numbers = []
    for count in (2, 20):
        layers = [
            ("DepthwiseConv2D", f"d{i}", {"kernel_size": 3, "padding": "same", "use_bias": False}) for i in range(count)
        ]
        weights = {f"d{i}/depthwise_kernel": images(3, 3, 4, 1) for i in range(count)}
        folder = tfjs_files.write(tmp_path / str(count), tfjs_files.sequential(*layers, shape=(8, 8, 4)), weights)
        numbers.append(tfjs.Runner(tfjs.load(folder))._plan(((8, 8, 4),), 1).numbers)
    assert numbers[0] == numbers[1]


def test_images_of_any_size_are_answered_where_the_model_says_so(tmp_path: Path) -> None:
    """A model without a size of its own: the padding of SAME follows the images."""
    conv = ("Conv2D", "conv", {"filters": 2, "kernel_size": [3, 3], "strides": [2, 2], "padding": "same"})
    topology = tfjs_files.sequential(conv, ("ReLU", "relu", {"max_value": 6}), shape=(None, None, 3))
    weights = {"conv/kernel": images(3, 3, 3, 2), "conv/bias": images(2)}
    network = tfjs.load(tfjs_files.write(tmp_path, topology, weights))
    runner = tfjs.Runner(network)
    assert runner.outputs == [{"name": "relu", "dtype": "float32", "shape": [None, None, None, 2]}]
    for size in ((5, 8), (8, 5), (1, 1)):
        x = images(2, *size, 3)
        with trainer.no_grad():
            expected = network(x).numpy()
        assert expected.shape == (2, -(-size[0] // 2), -(-size[1] // 2), 2)
        np.testing.assert_allclose(runner.run({"conv_input": x})["relu"], expected, rtol=1e-5, atol=1e-6)


def test_what_is_read_can_be_trained_on(tmp_path: Path) -> None:
    """Its parameters are found by the names of the layers, and have gradients; the seed is where it was."""
    trainer.manual_seed(3)
    expected = trainer.rand(1).item()
    trainer.manual_seed(3)
    network = tfjs.load(tfjs_files.write(tmp_path, SMALL, WEIGHTS)).train()
    assert trainer.rand(1).item() == expected
    optimizer = trainer.optim.SGD(network.parameters(), lr=0.1)
    runner, x = tfjs.Runner(network), images(4, 4, 4, 1) / 10  # small, so that no softmax is saturated
    before = runner.run({"conv1_input": x})["out"]
    (network(x)[:, 0] - 1).pow(2).sum().backward()
    optimizer.step()
    names = ["conv1.conv.weight", "conv1.conv.bias", "out.dense.weight", "out.dense.bias"]
    assert list(network.state_dict()) == names
    after = network(x).numpy()
    assert np.square(after[:, 0] - 1).sum() < np.square(before[:, 0] - 1).sum()
    np.testing.assert_array_equal(runner.run({"conv1_input": x})["out"], before)


def test_saliency_is_the_gradient_of_one_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside finite differences of the runner's answers."""
    runner = tfjs.Runner(tfjs.load(tfjs_files.write(tmp_path, SMALL, WEIGHTS)))
    x = images(2, 4, 4, 1)
    found = runner.saliency({"conv1_input": x}, 1)
    assert found.shape == x.shape
    for at in ((0, 1, 2, 0), (1, 3, 3, 0)):
        step = np.zeros_like(x)
        step[at] = 1e-2
        ends = [runner.run({"conv1_input": x + s * step})["out"][at[0], 1] for s in (1, -1)]
        assert found[at] == pytest.approx((ends[0] - ends[1]) / 2e-2, abs=2e-3)
    with pytest.raises(trainer.ArgumentError, match="0 to 2"):
        runner.saliency({"conv1_input": x}, 3)
    monkeypatch.setattr("trainer.tfjs.runner.MAX_NUMBERS", 2 * (16 + 25 + 8 + 8 + 3 + 3) - 1)
    with pytest.raises(trainer.ArgumentError, match="try fewer samples"):
        runner.saliency({"conv1_input": x}, 1)
    assert runner.saliency({"conv1_input": x[:1]}, 1).shape == (1, 4, 4, 1)


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({}, "conv1_input"),
        ({"x": images(1, 4, 4, 1)}, "got:      x"),
        ({"conv1_input": images(4, 4, 1)}, r"try x\[None\]"),
        ({"conv1_input": images(1, 4, 5, 1)}, r"\(N, 4, 4, 1\)"),
        ({"conv1_input": images(0, 4, 4, 1)}, "N >= 1"),
        ({"conv1_input": np.full((1, 4, 4, 1), "a")}, "not made of numbers"),
    ],
)
def test_questions_that_do_not_fit_are_refused(inputs: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    """What the model takes, and what it got."""
    runner = tfjs.Runner(tfjs.load(tfjs_files.write(tmp_path, SMALL, WEIGHTS)))
    with pytest.raises((trainer.ArgumentError, trainer.ShapeError), match=sentence):
        runner.run(inputs)


def test_whole_numbers_are_taken_as_they_are(tmp_path: Path) -> None:
    """Pictures come as bytes, tables as float64."""
    runner = tfjs.Runner(tfjs.load(tfjs_files.write(tmp_path, SMALL, WEIGHTS)))
    x = RANDOM.integers(0, 256, (1, 4, 4, 1)).astype(np.uint8)
    for kind in (np.float32, np.float64, np.int64):
        np.testing.assert_array_equal(
            runner.run({"conv1_input": x})["out"], runner.run({"conv1_input": x.astype(kind)})["out"]
        )


def test_inputs_and_outputs_have_the_names_of_the_manifest(tmp_path: Path) -> None:
    """Where it says as many as there are; else those of the file."""
    files = {each.name: each for each in tfjs_files.write(tmp_path, SMALL, WEIGHTS).iterdir()}
    x = images(2, 4, 4, 1)
    expected = tfjs.open_runner(files, {"inputs": None, "outputs": []}).run({"conv1_input": x})["out"]
    runner = tfjs.open_runner(files, {"inputs": [{"name": "picture"}], "outputs": [{"name": "p"}]})
    np.testing.assert_array_equal(runner.run({"picture": x})["p"], expected)
    assert runner.saliency({"picture": x}, 0).shape == x.shape


def test_a_folder_in_a_run_answers(tmp_path: Path) -> None:
    """Logged as it is, asked through the tracker, which knows its runner by name only."""
    tracker = pytest.importorskip("tracker", reason="the tracker is not there")
    folder = tfjs_files.write(tmp_path / "model", SMALL, WEIGHTS, "uint8")
    x = images(2, 4, 4, 1)
    with tracker.init(logdir=tmp_path / "runs", name="run") as run:
        run.log_model(folder, "small", step=3)
        run.flush()
    model = tracker.open(tmp_path / "runs").run("run").model("small")
    assert [each.shape for each in model.inputs] == [(None, 4, 4, 1)]  # as the layers say, though no file does
    with trainer.no_grad():
        np.testing.assert_allclose(model.predict(x), tfjs.load(folder)(x).numpy(), rtol=1e-5, atol=1e-7)


def test_as_onnx_it_says_the_same(tmp_path: Path) -> None:
    """For browsers: asymmetric padding, bounds and means, images as Keras has them."""
    runtime = pytest.importorskip("onnxruntime", reason="needs ONNX Runtime as referee")
    topology = tfjs_files.sequential(
        ("Conv2D", "conv", {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu6"}),
        ("DepthwiseConv2D", "deep", {"kernel_size": 3, "strides": 2, "padding": "same", "use_bias": False}),
        ("AveragePooling2D", "pool", {"pool_size": 2, "strides": 1, "padding": "same"}),
        ("GlobalAveragePooling2D", "mean", {}),
        shape=(8, 8, 3),
    )
    weights = {"conv/kernel": images(3, 3, 3, 4), "conv/bias": images(4), "deep/depthwise_kernel": images(3, 3, 4, 1)}
    network = tfjs.load(tfjs_files.write(tmp_path / "model", topology, weights))
    x = images(3, 8, 8, 3)
    trainer.export_onnx(network, tmp_path / "model.onnx", x[:2])
    session = runtime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: x})
    np.testing.assert_allclose(found, tfjs.Runner(network).run({"conv_input": x})["mean"], rtol=1e-4, atol=1e-5)


def test_a_missing_folder_is_said() -> None:
    with pytest.raises(CheckpointError, match="no folder that can be read"):
        tfjs.load("/nowhere/at/all")


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "widths"),
    [(224, 3, 2, 1, (0, 1)), (7, 3, 2, 1, (1, 1)), (5, 2, 1, 1, (0, 1)), (5, 3, 1, 2, (2, 2)), (5, 1, 3, 1, (0, 0))],
)
def test_same_is_tensorflows(size: int, kernel: int, stride: int, dilation: int, widths: tuple[int, int]) -> None:
    """The odd zero goes behind; nothing where windows already reach all."""
    assert same_padding(size, kernel, stride, dilation) == widths
