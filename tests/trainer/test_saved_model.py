"""Saved models: architecture and weights come back as the same model, and a file can do nothing but be wrong."""

from __future__ import annotations

import io
import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_referee import answers
from test_export_onnx import IMAGES, LAYERS, SEQUENCES, VECTORS, WORDS, trained

import trainer
from trainer import ArgumentError, CheckpointError, ExportError, nn, safetensors
from trainer.onnx.tape import tensors
from trainer.saved_model import ARCHITECTURE, WEIGHTS, from_files, open_runner, safetensors_bytes, to_files, to_onnx

LOSSES: list[Callable[[], nn.Module]] = [
    lambda: nn.CrossEntropyLoss(weight=np.array([0.5, 1.5]), label_smoothing=0.1),
    lambda: nn.BCEWithLogitsLoss(reduction="sum", pos_weight=trainer.tensor([2.0])),
    lambda: nn.BCELoss(),
    lambda: nn.MSELoss("none"),
    lambda: nn.L1Loss(),
]


def through_files(model: nn.Module) -> nn.Module:
    """The model as it comes back from the bytes of its two files."""
    files = to_files(model)
    return from_files(files[ARCHITECTURE], safetensors_bytes(files[WEIGHTS]))


def assert_same(one: nn.Module, other: nn.Module, *inputs: Any) -> None:
    """The same modules under the same names, the same bits in every parameter and buffer, and the same answers."""
    assert repr(one) == repr(other)
    assert [type(m) for m in one.modules()] == [type(m) for m in other.modules()]
    first, second = one.state_dict(), other.state_dict()
    assert list(first) == list(second)
    for name in first:
        assert first[name].dtype == second[name].dtype
        assert first[name].tobytes() == second[name].tobytes()
    for a, b in zip(tensors(one.eval()(*inputs)), tensors(other.eval()(*inputs)), strict=True):
        assert a.numpy().tobytes() == b.numpy().tobytes()


@pytest.mark.parametrize(("make", "example"), LAYERS)
def test_every_layer_comes_back(make: Callable[[], nn.Module], example: Any) -> None:
    """With all its arguments, its bits, and its answers."""
    model = trained(make())
    back = through_files(model)
    assert not any(module.training for module in back.modules())
    assert_same(model, back, *(example if isinstance(example, tuple) else (example,)))
    for module, other in zip(model.modules(), back.modules(), strict=True):
        plain = {k: v for k, v in vars(module).items() if not isinstance(v, (trainer.Tensor, nn.Module))}
        same = {k: v for k, v in vars(other).items() if not isinstance(v, (trainer.Tensor, nn.Module))}
        assert {**plain, "training": False} == same


@pytest.mark.parametrize("make", LOSSES)
def test_losses_come_back(make: Callable[[], nn.Module]) -> None:
    """A model may hold one; numbers that it was made with are kept."""
    loss = make()
    target = np.array([1, 0]) if isinstance(loss, nn.CrossEntropyLoss) else np.array([[1.0, 0.0], [0.0, 1.0]])
    x = trainer.tensor([[0.3, 0.6], [0.2, 0.9]])
    np.testing.assert_array_equal(through_files(loss)(x, target).numpy(), loss(x, target).numpy())


def nested() -> nn.Module:
    """A model with a module in two places and a weight in two places."""
    shared = nn.Linear(4, 4)
    model = nn.Sequential({"table": nn.Embedding(9, 4), "a": shared, "blocks": nn.ModuleList([nn.ReLU(), shared])})
    model.append(nn.Sequential({"b": shared, "head": nn.Linear(4, 9, bias=False)}))
    model[3][1].weight = model[0].weight
    return model


def test_what_is_shared_stays_shared() -> None:
    """A module in several places is one, and so is a parameter: both learn on together."""
    model = nested()
    back = through_files(model)
    assert back[1] is back[2][1] is back[3][0]
    assert back[3][1].weight is back[0].weight
    assert [name for name, _ in back.named_parameters()] == [name for name, _ in model.named_parameters()]
    assert json.loads(to_files(model)[ARCHITECTURE])["shared"] == {"3.head.weight": "table.weight"}


def test_a_model_goes_on_learning(tmp_path: Path) -> None:
    """What was loaded trains as what was saved."""
    trainer.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 2))
    trainer.save_model(model, tmp_path / "deep" / "model")
    other = trainer.load_model(tmp_path / "deep" / "model").train()
    for each in (model, other):
        optimizer = trainer.optim.Adam(each.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            nn.CrossEntropyLoss()(each(VECTORS), np.array([0, 1])).backward()
            optimizer.step()
    assert_same(model, other, VECTORS)
    assert sorted(os.listdir(tmp_path / "deep" / "model")) == [ARCHITECTURE, WEIGHTS]


def test_loading_draws_no_random_numbers_and_takes_no_second_memory() -> None:
    """A training that looks at a model goes on with the same numbers; a weight is there once."""
    files = to_files(nn.Linear(1000, 1000))
    trainer.manual_seed(1)
    expected = trainer.rand(3).tolist()
    trainer.manual_seed(1)
    tracemalloc.start()
    try:
        model = from_files(files[ARCHITECTURE], files[WEIGHTS])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert trainer.rand(3).tolist() == expected
    assert peak < 500_000  # the weight has four million bytes
    assert np.shares_memory(next(model.parameters()).numpy(), files[WEIGHTS]["weight"])


def test_the_files_hold_copies() -> None:
    """Training goes on while another thread writes them."""
    model = nn.Linear(5, 2)
    weights = to_files(model)[WEIGHTS]
    before = weights["weight"].copy()
    model.weight.data += 1
    assert np.array_equal(weights["weight"], before)


def test_other_libraries_read_the_weights() -> None:
    """They are a safetensors file."""
    reader = pytest.importorskip("safetensors.numpy", reason="is the referee of safetensors files")
    weights = to_files(trained(nn.LSTM(8, 4)))[WEIGHTS]
    read = reader.load(safetensors_bytes(weights))
    assert read.keys() == weights.keys()
    assert all(np.array_equal(read[name], weights[name]) for name in read)


# --- what cannot be saved ----------------------------------------------------------------------------------


class Own(nn.Module):
    def __init__(self) -> None:
        self.layer = nn.Linear(5, 2)

    def forward(self, x: Any) -> Any:
        return self.layer(x)


class Linear(nn.Linear):
    """Called as the one of trainer.nn, and another."""


@pytest.mark.parametrize("own", [Own(), Linear(5, 2)])
def test_a_class_of_ones_own_is_refused_by_name(own: nn.Module) -> None:
    """Its code is not part of the file; ONNX keeps what it computes."""
    with pytest.raises(ExportError) as error:
        to_files(nn.Sequential({"own": own}))
    assert f"own is a class of its own, {type(own).__name__}" in str(error.value)
    assert "try trainer.export_onnx" in str(error.value)


def test_a_layer_that_was_changed_by_hand_is_refused() -> None:
    """What could not be read back is not written."""
    wider = nn.Linear(5, 2)
    wider.weight = nn.Parameter(trainer.zeros(3, 5))
    with pytest.raises(ExportError, match="weight is another weight"):
        to_files(wider)
    more = nn.ReLU()
    more.register_buffer("count", trainer.zeros(1))
    with pytest.raises(ExportError, match="unknown: count"):
        to_files(more)
    odd = nn.Softmax(dim=object())  # type: ignore[arg-type]
    with pytest.raises(ExportError, match="dim cannot be written"):
        to_files(odd)
    without = nn.Linear(5, 2)
    without.bias = None
    assert_same(without, through_files(without), VECTORS)


# --- files of strangers ------------------------------------------------------------------------------------


def drawn(module: Any, shared: Any = None) -> bytes:
    """An architecture as somebody may write it."""
    return json.dumps({"format": "everystep.trainer", "version": 1, "model": module, "shared": shared or {}}).encode()


def layer(name: str, **arguments: Any) -> dict[str, Any]:
    return {"class": name, "arguments": arguments}


def deep(levels: int) -> dict[str, Any]:
    found = layer("ReLU")
    for _ in range(levels):
        found = {**layer("Sequential"), "children": {"0": found}}
    return found


HOSTILE: list[bytes] = [
    b"",
    b"{}",
    b"[" * 100_000,
    b"\xff\xfe",
    b'{"format": "everystep.trainer", "version": 1, "model": 3, "shared": {}}',
    drawn(layer("Linear")),
    drawn(layer("Linear", in_features=10**9, out_features=10**9)),
    drawn(layer("Linear", in_features=10**30, out_features=1)),
    drawn(layer("Linear", in_features=-1, out_features=2)),
    drawn(layer("Linear", in_features="5", out_features=2)),
    drawn(layer("Conv2d", in_channels=4, out_channels=4, kernel_size=1, groups=0)),
    drawn(layer("Conv2d", in_channels=10**6, out_channels=10**6, kernel_size=[10**6, 10**6])),
    drawn(layer("Embedding", num_embeddings=10**12, embedding_dim=10**6)),
    drawn(layer("RNN", input_size=1, hidden_size=1, num_layers=10**12)),
    drawn(layer("LSTM", input_size=10**9, hidden_size=10**9, num_layers=3, bidirectional=True)),
    drawn(layer("MultiheadAttention", embed_dim=10**9, num_heads=1)),
    drawn(layer("BatchNorm2d", num_features=10**15)),
    drawn(layer("LayerNorm", normalized_shape=[10**5] * 5)),
    drawn(layer("LayerNorm", normalized_shape=[1] * 100)),
    drawn(layer("Module")),
    drawn(layer("Parameter", data=[1.0])),
    drawn(layer("init")),
    drawn(layer("__class__")),
    drawn(layer("os.system", command="true")),
    drawn({"class": ["Linear"], "arguments": {}}),
    drawn({"class": "Linear", "arguments": [5, 2]}),
    drawn({"class": "Sequential", "arguments": {}, "children": {"forward": layer("ReLU")}}),
    drawn({"class": "Sequential", "arguments": {}, "children": {"__class__": layer("ReLU")}}),
    drawn({"class": "Sequential", "arguments": {}, "children": {"a.b": layer("ReLU")}}),
    drawn({"class": "Sequential", "arguments": {}, "children": {"a": {"same": ""}}}),
    drawn({"class": "Sequential", "arguments": {}, "children": {"a": {"same": "b"}, "b": {"same": "a"}}}),
    drawn({"class": "Sequential", "arguments": {}, "children": {"a": {"same": {}}}}),
    drawn({"class": "ModuleList", "arguments": {"modules": "aaaa"}}),
    drawn(deep(100)),
    drawn(deep(400)),
    drawn(layer("Linear", in_features=5, out_features=2), {"weight": "forward"}),
    drawn(layer("Linear", in_features=5, out_features=2), {"training": "weight"}),
    drawn(layer("Linear", in_features=5, out_features=2), {"nowhere.weight": "weight"}),
    drawn(layer("Linear", in_features=5, out_features=2), ["weight"]),
    drawn(layer("Linear", in_features=2, out_features=5)),
    drawn(layer("Linear", in_features=5, out_features=2, bias=False)),
]


@pytest.mark.parametrize("architecture", HOSTILE, ids=range(len(HOSTILE)))
def test_a_strangers_architecture_is_refused_in_bounded_memory(architecture: bytes) -> None:
    """One sentence; a shape that it claims costs nothing, since no weight proves it."""
    weights = safetensors_bytes(nn.Linear(5, 2).state_dict())
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError):
            from_files(architecture, weights)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize("name", ["forward", "__class__", "_buffers", "training", "a.b", ""])
def test_a_part_has_a_name_of_its_own(name: str) -> None:
    """None that means something else in a module."""
    model = {"class": "Sequential", "arguments": {}, "children": {name: layer("ReLU")}}
    with pytest.raises(CheckpointError, match="means something else"):
        from_files(drawn(model), {})
    assert repr(from_files(drawn({**model, "children": {"a": layer("ReLU")}}), {}))


def test_damaged_weights_are_refused() -> None:
    """Cut anywhere, or with a bit turned: it is the same model, or an error of ours."""
    files = to_files(nn.Linear(3, 2))
    good = safetensors_bytes(files[WEIGHTS])
    random = np.random.default_rng(0)
    for cut in range(len(good)):
        with pytest.raises(CheckpointError):
            from_files(files[ARCHITECTURE], good[:cut])
    refused = 0
    for _ in range(300):
        bad = bytearray(good)
        bad[random.integers(len(bad))] ^= 1 << random.integers(8)
        try:
            assert repr(from_files(files[ARCHITECTURE], bytes(bad))) == "Linear(3, 2)"
        except CheckpointError:
            refused += 1
    assert refused > 50


def test_weights_of_another_kind_are_refused() -> None:
    """Integers are no weights of a linear layer."""
    files = to_files(nn.Linear(3, 2))
    weights = {**files[WEIGHTS], "bias": np.zeros(2, np.int64)}
    with pytest.raises(CheckpointError, match="bias is another weight"):
        from_files(files[ARCHITECTURE], weights)


# --- asking it ---------------------------------------------------------------------------------------------


def runner_of(model: nn.Module, folder: Path, *inputs: dict[str, Any], outputs: Any = ()) -> Any:
    trainer.save_model(model, folder)
    files = {name: folder / name for name in os.listdir(folder)}
    return open_runner(files, {"format": "trainer", "inputs": list(inputs), "outputs": list(outputs)})


def test_a_runner_answers_by_name(tmp_path: Path) -> None:
    """In evaluation mode; several outputs have the names that the manifest gives, or numbers."""
    model = trained(nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)))
    x = {"name": "x", "dtype": "float32", "shape": [None, 5]}
    runner = runner_of(model, tmp_path, x, outputs=[{"name": "y", "dtype": "float32", "shape": [None, 4]}])
    assert runner.inputs == [x]
    given = runner.run({"x": VECTORS.astype(np.float64)})
    assert list(given) == ["y"]
    np.testing.assert_array_equal(given["y"], model.eval()(VECTORS).numpy())
    recurrent = runner_of(trained(nn.LSTM(8, 4, batch_first=True)), tmp_path, {**x, "shape": [None, None, 8]})
    assert list(recurrent.run({"x": SEQUENCES})) == ["output_0", "output_1", "output_2"]
    with pytest.raises(ArgumentError, match="other inputs"):
        recurrent.run({"z": SEQUENCES})


def test_saliency_is_the_gradient_of_one_output(tmp_path: Path) -> None:
    """Compared with differences: each sample has that of its own output, in the shape of the input."""
    model = trained(nn.Sequential(nn.Conv2d(4, 3, 3), nn.Tanh(), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(60, 6)))
    model.double()
    image = {"name": "image", "dtype": "float32", "shape": [None, 4, 7, 6]}
    runner = runner_of(model, tmp_path, image)
    found = runner.saliency({"image": IMAGES}, 2)
    assert found.shape == IMAGES.shape
    random = np.random.default_rng(0)
    for sample in range(2):
        way = np.zeros(IMAGES.shape)
        way[sample] = random.standard_normal(IMAGES.shape[1:])
        ahead, behind = (
            runner.run({"image": IMAGES.astype(np.float64) + step * way})["output"][:, 2] for step in (1e-5, -1e-5)
        )
        np.testing.assert_allclose((ahead - behind)[sample] / 2e-5, (found * way)[sample].sum(), rtol=1e-6)
    assert all(p.grad is None and not p.requires_grad for p in runner.model.parameters())
    with pytest.raises(ArgumentError, match="no such output"):
        runner.saliency({"image": IMAGES}, 6)


def test_rows_of_an_embedding_have_no_saliency(tmp_path: Path) -> None:
    """Whole numbers have no gradient, and that is said."""
    runner = runner_of(nn.Embedding(7, 3), tmp_path, {"name": "words", "dtype": "int64", "shape": [None, 4]})
    assert runner.run({"words": WORDS.astype(np.float64)})["output"].shape == (2, 4, 3)
    with pytest.raises(ArgumentError, match="no gradient"):
        runner.saliency({"words": WORDS}, 0)


def test_a_saved_model_becomes_onnx(tmp_path: Path) -> None:
    """From its files and what the manifest says of its inputs."""
    model = trained(nn.Sequential(nn.Flatten(), nn.Linear(168, 3), nn.Softmax()))
    trainer.save_model(model, tmp_path)
    files = {name: tmp_path / name for name in os.listdir(tmp_path)}
    image = {"name": "image", "dtype": "float32", "shape": [None, 4, 7, 6]}
    data = to_onnx(files, {"inputs": [image], "outputs": [{"name": "p"}]})
    np.testing.assert_allclose(answers(data, [IMAGES])[0], model.eval()(IMAGES).numpy(), atol=1e-5)
    with pytest.raises(ExportError, match="'image' has no size"):
        to_onnx(files, {"inputs": [{**image, "shape": [None, 4, None, None]}]})


def test_files_of_safetensors_are_read_as_before() -> None:
    """What is written is what `trainer.load` reads."""
    weights = to_files(nn.Linear(3, 2))[WEIGHTS]
    assert safetensors.read(io.BytesIO(safetensors_bytes(weights))).keys() == weights.keys()
