"""ONNX files: of every layer, the same numbers as trainer's for any number of samples; what cannot be said is refused."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_referee import agree, answers, checked, resized

import trainer
from trainer import ArgumentError, ExportError, ShapeError, nn
from trainer import functional as F
from trainer.onnx import onnx_bytes

RANDOM = np.random.default_rng(5)
VECTORS = RANDOM.standard_normal((2, 5)).astype(np.float32)
IMAGES = RANDOM.standard_normal((2, 4, 7, 6)).astype(np.float32)
SEQUENCES = RANDOM.standard_normal((2, 3, 8)).astype(np.float32)
WORDS = RANDOM.integers(0, 7, (2, 4))

LAYERS: list[tuple[Callable[[], nn.Module], Any]] = [
    (lambda: nn.Linear(5, 3), VECTORS),
    (lambda: nn.Linear(5, 3, bias=False), VECTORS),
    (lambda: nn.Linear(8, 3), SEQUENCES),
    (lambda: nn.Linear(6, 3, bias=False), IMAGES),
    (lambda: nn.Conv2d(4, 3, 3), IMAGES),
    (lambda: nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2, bias=False), IMAGES),
    (lambda: nn.Conv2d(4, 8, 3, padding="same", groups=4), IMAGES),
    (lambda: nn.MaxPool2d(2), IMAGES),
    (lambda: nn.MaxPool2d((3, 2), (2, 1), (1, 0)), IMAGES),
    (lambda: nn.AvgPool2d(2), IMAGES),
    (lambda: nn.AvgPool2d(3, 2, 1), IMAGES),
    (lambda: nn.AdaptiveAvgPool2d(1), IMAGES),
    (lambda: nn.AdaptiveAvgPool2d((3, 4)), IMAGES),
    (lambda: nn.ZeroPad2d((0, 1, 2, 0)), IMAGES),
    (lambda: nn.BatchNorm1d(5), VECTORS),
    (lambda: nn.BatchNorm1d(3, affine=False), SEQUENCES),
    (lambda: nn.BatchNorm2d(4, eps=1e-3), IMAGES),
    (lambda: nn.BatchNorm2d(4, track_running_stats=False), IMAGES),
    (lambda: nn.LayerNorm(8), SEQUENCES),
    (lambda: nn.LayerNorm((7, 6), bias=False), IMAGES),
    (lambda: nn.LayerNorm([4, 7, 6], elementwise_affine=False), IMAGES),
    (lambda: nn.Flatten(), IMAGES),
    (lambda: nn.Flatten(0, 1), IMAGES),
    (lambda: nn.Identity(), VECTORS),
    (lambda: nn.Dropout(0.5), VECTORS),
    (lambda: nn.ReLU(), VECTORS),
    (lambda: nn.ReLU6(), 9 * VECTORS),
    (lambda: nn.LeakyReLU(0.2), VECTORS),
    (lambda: nn.Sigmoid(), VECTORS),
    (lambda: nn.Tanh(), VECTORS),
    (lambda: nn.GELU(), VECTORS),
    (lambda: nn.GELU(approximate="tanh"), VECTORS),
    (lambda: nn.SiLU(), VECTORS),
    (lambda: nn.Softplus(), 50 * VECTORS),
    (lambda: nn.Softmax(), 50 * VECTORS),
    (lambda: nn.Softmax(1), IMAGES),
    (lambda: nn.LogSoftmax(1), 50 * VECTORS),
    (lambda: nn.Embedding(7, 3), WORDS),
    (lambda: nn.Embedding(7, 3, padding_idx=-1), WORDS),
    (lambda: nn.RNN(8, 4, batch_first=True), SEQUENCES),
    (lambda: nn.RNN(8, 4, nonlinearity="relu", bias=False, batch_first=True), SEQUENCES),
    (lambda: nn.LSTM(8, 4, batch_first=True), SEQUENCES),
    (lambda: nn.LSTM(8, 4, num_layers=2, batch_first=True, bidirectional=True, dropout=0.3), SEQUENCES),
    (lambda: nn.GRU(8, 4, batch_first=True, bidirectional=True), SEQUENCES),
    (lambda: nn.MultiheadAttention(8, 2, batch_first=True), (SEQUENCES,) * 3),
    (
        lambda: nn.MultiheadAttention(8, 4, bias=False, batch_first=True),
        (SEQUENCES, SEQUENCES[:, :2], SEQUENCES[:, :2]),
    ),
    (lambda: nn.Sequential({"in": nn.Linear(5, 4), "block": nn.Sequential(nn.Tanh(), nn.Linear(4, 2))}), VECTORS),
]
"""Layers that answer in a forward pass, with an example of two samples."""

NO_LAYERS = {"Module", "ModuleList"}


def trained(model: nn.Module) -> nn.Module:
    """A model whose parameters and statistics are no first values."""
    random = np.random.default_rng(6)
    for name, tensor in model._state():
        if name.rpartition(".")[2] == "running_var":
            tensor.data[...] = random.uniform(0.5, 2, tensor.shape)
        elif tensor.dtype.kind == "f":
            tensor.data[...] = random.uniform(-0.7, 0.7, tensor.shape)
    return model


@pytest.mark.parametrize(("make", "example"), LAYERS)
def test_every_layer_answers_as_in_trainer(make: Callable[[], nn.Module], example: Any) -> None:
    """To 1e-5, exported with two samples and asked with one and with five; ONNX's checker finds nothing."""
    agree(trained(make()), *(example if isinstance(example, tuple) else (example,)))


@pytest.mark.parametrize(("make", "example"), LAYERS)
def test_every_layer_goes_into_a_file_of_the_newest_operations(make: Callable[[], nn.Module], example: Any) -> None:
    """Reductions take their axes in another way since version 18."""
    from trainer.onnx.export import NEWEST

    onnx = pytest.importorskip("onnx", reason="is the referee of ONNX files")
    given = example if isinstance(example, tuple) else (example,)
    agree(trained(make()), *given, opset=min(NEWEST, onnx.defs.onnx_opset_version()), batches=[3])


def test_no_layer_is_left_out() -> None:
    """A layer that is added to trainer.nn is compared as well."""
    layers = {
        name
        for name in nn.__all__
        if isinstance(kind := getattr(nn, name), type) and issubclass(kind, nn.Module) and not name.endswith("Loss")
    }
    assert {type(module).__name__ for make, _ in LAYERS for module in make().modules()} == layers - NO_LAYERS - {
        "Parameter"
    }


class Several(nn.Module):
    """A model of one's own: two inputs, results in a tuple and a dict, a weight used twice, comparisons, indices."""

    def __init__(self) -> None:
        self.embedding = nn.Embedding(7, 8)
        self.scale = nn.Parameter(trainer.tensor(0.7))
        self.head = nn.Linear(8, 7)
        self.head.weight = self.embedding.weight  # one weight in two places

    def forward(self, words: Any, image: Any) -> Any:
        x = self.embedding(words) * self.scale
        mask = (words == 0) | ~(words < 5) & (words != 6)
        x = trainer.where(mask.unsqueeze(-1), x, 1 - x).masked_fill(words.unsqueeze(-1) >= 6, 0.25)
        best = x.max(1)
        length = x.norm().reshape(1).expand(len(words))
        rows = F.one_hot(words, 7).float() @ self.embedding.weight
        parts = image[:, 1:3, ::2, -1].chunk(2, 1)
        return (
            (x + rows, [best.values, best.indices]),
            {"a": self.head(x[:, -1]), "b": parts[0] / (1 + abs(parts[1])), "c": image.argmax(1) + 1},
            trainer.einsum("nchw,ndhw->ncd", image, image[..., None, :, :, :].squeeze(1).clamp(-1, 1)),
            (image > 0).any(1),
            (image > -1).all((2, 3), keepdim=True),
            trainer.stack([image.mean((1, 2)), image.var(1).sum(1), image.amin((1, 2))], 1).permute(2, 0, 1),
            length,
            image.permute(0, 2, 3, 1).reshape(-1, 4)[::-1],
            trainer.log1p(trainer.minimum(image, 0.3).pow(2).sqrt()) - trainer.maximum(image.sin(), image.cos()).exp(),
            trainer.sign(image).long() * 3,
            image * len(image) - image.sum(0) / len(image),
            2.0**image,
            words.float().mean(1),
        )


def test_a_model_of_ones_own_goes_through_the_tape() -> None:
    """Any module does that computes with trainer's operations."""
    read = agree(Several(), WORDS, IMAGES, input_names=["words", "image"])
    assert [each.name for each in read.graph.input] == ["words", "image"]
    assert [each.name for each in read.graph.output] == [f"output_{i}" for i in range(len(read.graph.output))]


def test_names_tell_where_in_the_model_a_node_is() -> None:
    """So that a viewer can fold modules; weights have their paths, and a weight in two places is there once."""
    model = nn.Sequential({"stem": nn.Conv2d(4, 2, 3), "deep": nn.Sequential({"act": nn.ReLU(), "flat": nn.Flatten()})})
    read = checked(onnx_bytes(model, IMAGES, output_names=["scores"]))
    assert [node.name for node in read.graph.node] == ["stem/Conv", "deep/act/Relu", "deep/flat/Reshape"]
    assert {each.name for each in read.graph.initializer} >= {"stem.weight", "stem.bias"}
    assert [each.name for each in read.graph.output] == ["scores"]
    words = checked(onnx_bytes(Several(), [WORDS, IMAGES]))
    assert sum(each.dims == [7, 8] for each in words.graph.initializer) == 1


def test_sizes_that_depend_on_the_batch_are_named() -> None:
    """Of inputs, outputs and what is between."""
    read = checked(onnx_bytes(nn.Sequential(nn.Flatten(0, 1), nn.ReLU()), IMAGES))
    dims = [[d.dim_param or d.dim_value for d in each.type.tensor_type.shape.dim] for each in read.graph.value_info]
    assert dims == [["4*batch", 7, 6]]
    assert read.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    fixed = checked(onnx_bytes(nn.ReLU(), IMAGES, dynamic_batch=False))
    assert fixed.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 2


def test_batch_norm_becomes_one_product_and_one_sum() -> None:
    """What is computed from constants alone is one, and stands in the file as a number."""
    read = checked(onnx_bytes(nn.BatchNorm2d(4), IMAGES))
    assert [node.op_type for node in read.graph.node] == ["Mul", "Add"]


def test_a_model_is_as_it_was_afterwards() -> None:
    """Modes, gradients, random numbers, statistics: nothing is left behind."""
    model = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    model[1].eval()
    before = {name: array.copy() for name, array in model.state_dict().items()}
    trainer.manual_seed(3)
    expected = trainer.rand(3).tolist()
    trainer.manual_seed(3)
    with trainer.no_grad():
        onnx_bytes(model, VECTORS)
        assert not trainer.is_grad_enabled()
    assert trainer.is_grad_enabled()
    assert trainer.rand(3).tolist() == expected
    assert [module.training for module in model.modules()] == [True, True, False, True]
    assert all(p.grad is None for p in model.parameters())
    assert all(np.array_equal(array, before[name]) for name, array in model.state_dict().items())


class Of(nn.Module):
    """A function as a model."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs)


def test_one_value_may_be_several_outputs() -> None:
    """And so may an input, or a constant."""
    agree(Of(lambda x: (y := x.tanh(), [y, x], x, trainer.ones(3), y)), VECTORS)


def test_a_result_without_elements_has_its_shape() -> None:
    """A length of 0 is none that is to be copied."""
    agree(Of(lambda x: (x[:, :0].unsqueeze(1), x[:, 5:].reshape(len(x), 0, 7))), VECTORS)


def test_bools_without_axes_are_told_apart() -> None:
    """NumPy has one true for all of them."""

    def chosen(x: Any) -> Any:
        positive, small = x.mean() > 0, x.mean() < 100
        return trainer.where(positive, x, 2 * x), trainer.where(small, x, 3 * x)

    data = onnx_bytes(Of(chosen), abs(VECTORS))
    for x in (abs(VECTORS), -abs(VECTORS), 500 * abs(VECTORS)):
        expected = (x if x.mean() > 0 else 2 * x), (x if x.mean() < 100 else 3 * x)
        for given, right in zip(answers(data, [x]), expected, strict=True):
            np.testing.assert_array_equal(given, right)


def test_time_first_sequences_are_exported_with_their_sizes() -> None:
    """Their first axis is no batch; with batch_first it is."""
    model = nn.LSTM(8, 4)
    with pytest.raises(ExportError, match="batch_first=True"):
        onnx_bytes(model, SEQUENCES)
    data = onnx_bytes(model, SEQUENCES, dynamic_batch=False)
    y, (h, c) = model(SEQUENCES)
    for given, expected in zip(answers(data, [SEQUENCES]), [y, h, c], strict=True):
        np.testing.assert_allclose(given, expected.numpy(), atol=1e-5)


def test_an_input_without_samples_stays_as_it_is() -> None:
    """One that is not as long as the first, such as a table."""

    class Looked(nn.Module):
        def forward(self, x: Any, table: Any) -> Any:
            return x @ table

    table = RANDOM.standard_normal((5, 3)).astype(np.float32)
    data = onnx_bytes(Looked(), {"x": VECTORS, "table": table})
    more = resized(VECTORS, 4)
    np.testing.assert_allclose(answers(data, [more, table])[0], more @ table, atol=1e-5)
    assert [each.name for each in checked(data).graph.input] == ["x", "table"]


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_weights_keep_their_dtype(dtype: Any) -> None:
    """And an example of floats takes it."""
    read = checked(onnx_bytes(nn.Sequential(nn.Linear(5, 3), nn.GELU()).to(dtype=dtype), VECTORS))
    kinds = {each.data_type for each in read.graph.initializer if each.dims}
    assert kinds == {{np.float16: 10, np.float64: 11}[dtype]}
    assert read.graph.input[0].type.tensor_type.elem_type in kinds


# --- what cannot be said -----------------------------------------------------------------------------------


def refused(forward: Callable[..., Any], *example: Any, **options: Any) -> str:
    """What is said when a model that does this is written."""

    class Own(nn.Module):
        def __init__(self) -> None:
            self.bias = nn.Parameter(trainer.zeros(1))

        def forward(self, *inputs: Any) -> Any:
            return forward(*inputs)

    with pytest.raises(ExportError) as error:
        onnx_bytes(nn.Sequential({"own": Own()}) if len(example) == 1 else Own(), list(example), **options)
    return str(error.value)


class Cube(trainer.Function):
    saves = (0,)

    @staticmethod
    def forward(needs: Any, x: Any) -> Any:
        return x**3, (x,)


def test_an_operation_without_a_counterpart_is_named() -> None:
    """With the module that asked for it, its path, and the line."""
    text = refused(lambda x: trainer.apply(Cube, x), VECTORS)
    assert "cube has no counterpart in ONNX" in text
    assert "in own: Own, at test_export_onnx.py:" in text
    assert "write it with other operations" in text


@pytest.mark.parametrize(
    ("forward", "words"),
    [
        (lambda x: x * trainer.tensor(np.sort(x.numpy(), 1)), "outside of trainer's operations"),
        (lambda x: x * float(x.numpy().max()), "outside of trainer's operations"),
        (lambda x: x + trainer.rand(5), "outside of trainer's operations"),
        (lambda x: x.reshape(2, 5), "bakes the batch in"),
        (lambda x: x[: max(1, len(x) // 2)], "bakes the batch in"),
        (lambda x: x * 2 ** len(x), "bakes the batch in"),
        (lambda x: (x @ x.T).reshape(-1), "bakes the batch in"),
        (lambda x: x + trainer.arange(len(x)).unsqueeze(1), "outside of trainer's operations"),
        (lambda x: x[x > 0], "mask"),
        (lambda x: x[np.arange(2), np.array([1, 2])], "arrays for several axes"),
        (lambda x: sum((x[i] for i in range(len(x))), x[0]), "takes another way"),
        (lambda x: x.relu() if abs(x.mean().item() - float(VECTORS.mean())) < 1e-6 else x.tanh(), "takes another way"),
    ],
)  # fmt: skip
def test_what_would_be_wrong_with_another_input_is_refused(forward: Callable[..., Any], words: str) -> None:
    """Instead of a file that answers as it did for the example."""
    assert re.search(words, refused(forward, VECTORS))


def test_what_is_changed_in_place_is_recorded_or_refused() -> None:
    """As where gradients are: `+=` has a past. What is written behind the tape's back is refused."""

    class Adding(nn.Module):
        def forward(self, x: Any) -> Any:
            y = x.tanh()
            y += 1
            y *= x
            return y

    agree(Adding(), VECTORS)
    assert "set_item has no counterpart" in refused(lambda x: x.tanh().__setitem__(0, 0) or set_first(x), VECTORS)

    def unrecorded(x: Any) -> Any:
        y = x.tanh()
        with trainer.no_grad():
            y += 1
        return y * x

    assert "changed in place" in refused(unrecorded, VECTORS)


def set_first(x: Any) -> Any:
    y = x.tanh()
    y[:, 0] = 0
    return y


def test_wrong_arguments_are_told_as_such(tmp_path: Path) -> None:
    """An example that the model does not take is the model's own error."""
    with pytest.raises(ArgumentError, match="opset"):
        onnx_bytes(nn.ReLU(), VECTORS, opset=16)
    with pytest.raises(ArgumentError, match="input_names"):
        onnx_bytes(nn.ReLU(), VECTORS, input_names=["a", "b"])
    with pytest.raises(ArgumentError, match="output_names"):
        onnx_bytes(nn.LSTM(8, 4, batch_first=True), SEQUENCES, output_names=["y", "y", "c"])
    with pytest.raises(ArgumentError, match="empty"):
        onnx_bytes(nn.ReLU(), [])
    with pytest.raises(ShapeError, match="5 features"):
        trainer.export_onnx(nn.Linear(5, 2), tmp_path / "model.onnx", IMAGES)
    assert os.listdir(tmp_path) == []


def test_the_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """What was there before is left when a model is refused."""
    path = tmp_path / "model.onnx"
    trainer.export_onnx(nn.Linear(5, 2), path, VECTORS)
    before = path.read_bytes()
    with pytest.raises(ExportError):
        trainer.export_onnx(nn.LSTM(8, 4), path, SEQUENCES)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_a_long_recurrent_network_is_written(figure: Callable[[str], None]) -> None:
    """Deeper than Python's stack: 160 steps of a dozen operations."""
    long = RANDOM.standard_normal((2, 160, 2)).astype(np.float32)
    read = agree(nn.GRU(2, 3, batch_first=True), long, batches=[3])
    figure(f"a GRU over 160 steps: {len(read.graph.node):,} nodes")
