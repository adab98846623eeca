"""Modules: what they are made of, by name, and their state."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import trainer
from trainer import CheckpointError, IndexRangeError, Tensor, nn


class Block(nn.Module):
    """A module with a parameter of its own, children, and a shared one; without super().__init__()."""

    def __init__(self) -> None:
        self.scale = nn.Parameter(trainer.ones(2))
        self.first = nn.Linear(3, 2)
        self.layers = nn.ModuleList([nn.BatchNorm1d(2), nn.Linear(2, 2)])
        self.again = self.first
        self.note = "not a module"

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x) * self.scale
        for layer in self.layers:
            x = layer(x)
        return x


def test_parameters_are_found_by_name_and_once() -> None:
    """In the order they were assigned; a shared module counts once."""
    block = Block()
    names = ["scale", "first.weight", "first.bias", "layers.0.weight", "layers.0.bias", "layers.1.weight"]
    assert [name for name, _ in block.named_parameters()] == [*names, "layers.1.bias"]
    assert [name for name, _ in block.named_buffers()] == [
        "layers.0.running_mean",
        "layers.0.running_var",
        "layers.0.num_batches_tracked",
    ]
    assert [name for name, _ in block.named_modules()] == ["", "first", "layers", "layers.0", "layers.1"]
    assert len(list(block.children())) == 3


def test_a_parameter_of_two_modules_counts_once() -> None:
    """Tied weights: one parameter for the optimizer, under the first name."""
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    model[1].weight = model[0].weight  # type: ignore[assignment]
    assert [name for name, _ in model.named_parameters()] == ["0.weight"]
    trainer.optim.SGD(model.parameters())


def test_state_is_a_copy_and_loads_back() -> None:
    """A state kept as the best so far does not change with training."""
    block, other = Block(), Block()
    state = block.state_dict()
    block.scale.data[...] = 7
    assert state["scale"].tolist() == [1.0, 1.0]
    other.load_state_dict(state)
    x = np.ones((2, 3), dtype=np.float32)
    block.load_state_dict(state)
    np.testing.assert_array_equal(block.eval()(x).numpy(), other.eval()(x).numpy())


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    """Missing, unknown and misshapen names are listed."""
    block = Block()
    state = block.state_dict()
    before = copy.deepcopy(state)
    wrong = {**state, "scale": np.zeros(3, np.float32), "first.bias": np.full(2, 9.0)}
    with pytest.raises(CheckpointError, match="scale has another shape"):
        block.load_state_dict(wrong)
    missing = {k: v for k, v in state.items() if k != "scale"}
    with pytest.raises(CheckpointError, match="missing: scale; unknown: extra"):
        block.load_state_dict({**missing, "extra": np.zeros(1)})
    for name, value in block.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    block.load_state_dict({"scale": [3.0, 4.0], "extra": 0}, strict=False)
    assert block.scale.tolist() == [3.0, 4.0]


def test_train_and_eval_reach_every_module() -> None:
    """And give the module back."""
    block = Block()
    assert block.eval() is block
    assert not any(module.training for module in block.modules())
    assert all(module.training for module in block.train().modules())


def test_to_changes_parameters_in_place_for_the_optimizer() -> None:
    """An optimizer made before model.double() still trains the model."""
    block = Block()
    optimizer = trainer.optim.SGD(block.parameters(), lr=1.0)
    block.double()
    before = block.scale.numpy().copy()
    block(np.random.default_rng(0).standard_normal((4, 3))).sum().backward()
    optimizer.step()
    assert block.scale.dtype == np.float64
    assert not np.array_equal(block.scale.numpy(), before) or block.scale.grad is not None


def test_frozen_parameters_get_no_gradient() -> None:
    """requires_grad_(False), as for a pretrained part."""
    block = Block()
    block.first.requires_grad_(False)
    block(trainer.randn(4, 3)).sum().backward()
    assert block.first.weight.grad is None
    assert block.scale.grad is not None
    block.zero_grad()
    assert block.scale.grad is None


def test_arrays_become_tensors_in_the_dtype_of_the_parameters() -> None:
    """float64 data from NumPy into a float32 model, as most data are; integers stay integers (CONTRACT)."""
    assert nn.Linear(3, 2)(np.ones((4, 3))).dtype == np.float32
    assert nn.Linear(3, 2).double()(np.ones((4, 3), np.float32)).dtype == np.float64
    assert nn.Embedding(4, 2)(np.array([0, 3])).shape == (2, 2)
    assert isinstance(nn.Flatten()(np.ones((2, 2, 2))), Tensor)


def test_sequential_is_built_in_three_ways_and_indexed() -> None:
    """Modules, a list, or names."""
    parts: list[nn.Module] = [nn.Linear(2, 3), nn.ReLU()]
    for model in (nn.Sequential(*parts), nn.Sequential(parts), nn.Sequential({"in": parts[0], "act": parts[1]})):
        assert len(model) == 2
        assert model[0] is parts[0]
        assert model[-1] is parts[1]
        assert list(model) == parts
    with pytest.raises(IndexRangeError, match="0 to 1"):
        nn.Sequential(parts)[2]
    model = nn.Sequential(parts)
    model.append(nn.Linear(3, 1))
    assert model(trainer.ones(1, 2)).shape == (1, 1)


def test_apply_visits_children_first() -> None:
    """As used for initialising."""
    seen: list[str] = []
    Block().apply(lambda module: seen.append(type(module).__name__))
    assert seen[-1] == "Block"
    assert seen.count("Linear") == 2


def test_a_module_without_forward_says_so() -> None:
    """The most common slip in a first module."""

    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty has no forward"):
        Empty()(1)


def test_deep_copy_of_a_model_is_independent() -> None:
    """Shared modules stay shared inside the copy."""
    block = Block()
    twin: Any = copy.deepcopy(block)
    twin.scale.data[...] = 5
    assert block.scale.tolist() == [1.0, 1.0]
    assert twin.again is twin.first
