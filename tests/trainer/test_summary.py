"""The table of a model: right numbers, on the page and in its attributes."""

from __future__ import annotations

import numpy as np
import pytest

import trainer
from trainer import nn


class Twice(nn.Module):
    """A block that is called twice, and a part that is never called."""

    def __init__(self) -> None:
        self.block = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
        self.unused = nn.Linear(4, 3)

    def forward(self, x: trainer.Tensor) -> trainer.Tensor:
        return self.block(self.block(x))


def test_a_network_at_a_glance() -> None:
    """Shapes as they come out, parameters, and flops: a product and a sum count as two."""
    model = nn.Sequential(
        {"conv": nn.Conv2d(1, 4, 3, padding=1), "relu": nn.ReLU(), "flat": nn.Flatten(), "out": nn.Linear(256, 10)}
    )
    table = model.summary(np.zeros((2, 1, 8, 8), np.float32))
    by_path = {layer.path: layer for layer in table.layers}
    assert list(by_path) == ["", "conv", "relu", "flat", "out"]
    assert by_path["conv"].shapes == ((2, 4, 8, 8),)
    assert by_path["conv"].parameters == 4 * 9 + 4
    assert by_path["conv"].flops == 2 * 9 * 2 * 4 * 64
    assert by_path["out"].flops == 2 * 2 * 256 * 10
    assert by_path["flat"].flops == 0
    assert table.flops == sum(layer.flops for layer in table.layers[1:])
    assert table.parameters == 40 + 2570
    assert table.parameter_bytes == 4 * table.parameters
    head, rule, first, conv, *_, total = str(table).splitlines()
    assert head.split() == ["layer", "gives", "parameters", "flops"]
    assert set(rule) == {"-"}
    assert first.split()[0] == "Sequential"
    assert conv.split() == ["conv", "(Conv2d)", "(2,", "4,", "8,", "8)", "40", "9,216"]
    assert total == "2,610 parameters (2,610 learned), 10.2 KiB, 20,480 flops forward".replace(
        "20,480", f"{table.flops:,}"
    )


def test_without_an_input_there_are_parameters_only() -> None:
    """And nothing is run."""
    text = str(trainer.summary(nn.Sequential(nn.Linear(2, 3))))
    assert "0 (Linear)" in text
    assert "9 parameters (9 learned), 36 B" in text
    assert "flops forward" not in text


def test_parts_that_are_called_twice_or_never_say_so() -> None:
    """Flops are of all calls together; frozen parameters are counted apart."""
    model = Twice()
    model.unused.requires_grad_(False)
    table = model.summary(np.zeros((5, 4), np.float32))
    by_path = {layer.path: layer for layer in table.layers}
    assert by_path["block"].shapes == ((5, 4), (5, 4))
    assert by_path["block.0"].flops == 2 * (2 * 5 * 4 * 4)
    assert (by_path["unused"].shapes, by_path["unused"].flops) == ((), 0)
    assert "(5, 4) x 2" in str(table)
    assert f"{20 + 15} parameters (20 learned, 15 frozen)" in str(table)


def test_looking_changes_nothing() -> None:
    """Mode, statistics, and the model's own forward are as before, also after an error."""
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    before = model.state_dict()
    model.summary(np.ones((3, 4), np.float32))
    with pytest.raises(trainer.ShapeError):
        model.summary(np.ones((3, 5), np.float32))
    assert model.training
    assert all("forward" not in vars(module) for module in model.modules())
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_recurrent_layers_and_numbers_as_input() -> None:
    """What gives several results shows its first; class numbers are an input as well."""
    table = nn.LSTM(3, 5).summary(np.zeros((7, 2, 3), np.float32))
    assert table.layers[0].shapes == ((7, 2, 5),)
    words = nn.Sequential(nn.Embedding(10, 4)).summary(np.zeros((2, 3), np.int64))
    assert words.layers[1].shapes == ((2, 3, 4),)
