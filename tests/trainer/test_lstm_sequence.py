"""An LSTM's sequence as one operation: the same as step by step, wherever steps would have done."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import trainer
from trainer import DTypeError, Tensor, nn
from trainer.nn.lstm_sequence import lstm, lstm_cell, step_by_step

RANDOM = np.random.default_rng(4)
T, N, D, H = 4, 3, 2, 5


def inputs(bias: bool = True) -> list[Any]:
    """x, weights, biases, h and c, in float64 and all with a gradient."""
    shapes: list[Any] = [(T, N, D), (4 * H, D), (4 * H, H), (4 * H,), (4 * H,), (N, H), (N, H)]
    made: list[Any] = [Tensor(RANDOM.standard_normal(shape), requires_grad=True) for shape in shapes]
    return made if bias else [*made[:3], None, None, *made[5:]]


def whole(backwards: bool, *given: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs, h and c by the one operation."""
    made = lstm(given[0], given[1:5], given[5:], backwards)
    assert made is not None
    y, (h, c) = made
    return y, h, c


def stepped(backwards: bool, *given: Any) -> tuple[Tensor, Tensor, Tensor]:
    """The same by operations of each step."""
    y, (h, c) = step_by_step(lstm_cell, given[0], given[1:5], given[5:], backwards)
    return y, h, c


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("bias", [True, False])
def test_gradients_of_both_orders(bias: bool, backwards: bool) -> None:
    """For every input, through outputs and both last states."""
    given = inputs(bias)

    def of_tensors(*tensors: Any) -> Any:
        return whole(backwards, *tensors) if bias else whole(backwards, *tensors[:3], None, None, *tensors[3:])

    wanted = [x for x in given if x is not None]
    assert trainer.gradcheck(of_tensors, wanted)
    total = sum(((k + y) ** 2).sum() for k, y in enumerate(of_tensors(*wanted)))
    plain, recorded = (trainer.autograd.grad(total, wanted, retain_graph=True, create_graph=c) for c in (False, True))
    for one, other in zip(plain, recorded, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("backwards", [False, True])
def test_it_is_what_steps_are(backwards: bool) -> None:
    """In gradients through outputs and states, in float32 as near as its digits are."""
    arrays = [x.numpy().astype(np.float32) for x in inputs()]
    found = []
    for way in (whole, stepped):
        given = [Tensor(x, requires_grad=True) for x in arrays]
        y, h, c = way(backwards, *given)
        total = (y * 2).sum() + (h - c * c).sum()
        found.append(trainer.autograd.grad(total, given))
    for one, other in zip(*found, strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("step", range(T))
def test_a_gradient_may_arrive_at_one_step_only(step: int, backwards: bool) -> None:
    """As where a classifier uses the last output, and of that one unit; a gradient that is NaN arrives as well."""
    for slope in (2.0, float("nan")):
        found = []
        for way in (whole, stepped):
            given = inputs()
            for tensor, at in zip(given, np.linspace(-1, 1, len(given)), strict=True):
                tensor.data[:] = np.sin(at + np.arange(tensor.data.size)).reshape(tensor.shape)
            found.append(trainer.autograd.grad(way(backwards, *given)[0][step, 1, 2] * slope, given))
        for one, other in zip(*found, strict=True):
            np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-10, atol=1e-12)


def test_a_recorded_gradient_takes_no_other_way_between_its_inputs() -> None:
    """Where the inputs were computed from the weights, each gets its own share and no share twice."""
    w = Tensor(RANDOM.standard_normal((4 * H, H)), requires_grad=True)
    x, h, c = ((w[: T * N] * k)[:, :size] for k, size in ((1.0, D), (0.5, H), (2.0, H)))
    x, h, c = x.reshape(T, N, D), h[:N], c[:N]
    y = whole(False, x, w[:, :D], w, None, None, h, c)[0].sum()
    (plain,) = trainer.autograd.grad(y, w, retain_graph=True)
    (recorded,) = trainer.autograd.grad(y, w, create_graph=True)
    np.testing.assert_allclose(recorded.numpy(), plain.numpy(), rtol=1e-10)


def test_what_has_saturated_is_finite() -> None:
    """Sums of 1e30 and more, on either side, without a warning; NaN stays NaN."""
    layer = nn.LSTM(D, H)
    x = np.full((T, N, D), 1e30, np.float32)
    x[1] *= -1
    x[:, 1] = np.nan
    y, _ = layer(x)
    y[:, [0, 2]].sum().backward()
    assert np.isfinite(y.numpy()[:, [0, 2]]).all()
    assert np.isnan(y.numpy()[:, 1]).all()


def test_outputs_may_be_changed_in_place() -> None:
    """Nothing that a gradient needs is in them."""
    layer = nn.LSTM(D, H)
    x = Tensor(RANDOM.standard_normal((T, N, D)).astype(np.float32), requires_grad=True)
    expected = trainer.autograd.grad((layer(x)[0] * 3).sum(), x)[0]
    y, _ = layer(x)
    y *= 3
    np.testing.assert_array_equal(trainer.autograd.grad(y.sum(), x)[0].numpy(), expected.numpy())


def test_a_class_with_another_step_goes_step_by_step() -> None:
    """What it says of a step is done."""

    class Leaky(nn.LSTM):
        def cell(self, from_input: Tensor, from_state: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            return from_input[:, :H] * 0 + 1, state[1]

    assert (Leaky(D, H)(np.zeros((T, N, D), np.float32))[0].numpy() == 1).all()


def test_a_graph_has_one_node_of_it_with_all_its_weights() -> None:
    """And counts its products: two for each weight, step and sample."""
    graph = trainer.graph.trace(nn.LSTM(D, H, bias=False), np.zeros((T, N, D), np.float32))
    (node,) = [node for node in graph["nodes"] if node["op"] == "lstm"]
    sources = {edge["source"] for edge in graph["edges"] if edge["target"] == node["name"]}
    assert {"input", "weight_ih_l0", "weight_hh_l0"} <= sources
    assert node["attrs"]["flops"] == 2 * T * N * 4 * H * (D + H)


def test_a_state_of_another_dtype_is_refused() -> None:
    """As it is between all products of matrices."""
    state = trainer.zeros(1, N, H).to("float64")
    with pytest.raises(DTypeError):
        nn.LSTM(D, H)(np.zeros((T, N, D), np.float32), (state, state))
