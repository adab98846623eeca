"""ReLU before MaxPool2d in a Sequential: the smaller work where nobody looks on, and the same values and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from examples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from trainer import Tensor, nn
from trainer import functional as F
from trainer.function import Observer, mode, observed_as_before

FEW = st.sampled_from([-2.0, -1.0, -0.0, 0.0, 1.0, 1.0, 2.0, np.inf, -np.inf, np.nan])


class Names(Observer):
    """The names of operations, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def operation(self, op: Any, inputs: Any, options: Any, output: Any) -> None:
        self.seen.append(op.name)


def run(model: Any, x: Any, g: Any, observer: Observer | None) -> tuple[Any, Any]:
    with observed_as_before():
        mode.observer = observer
        tensor = Tensor(x, requires_grad=True)
        y = model(tensor)
        y.backward(np.broadcast_to(g, y.shape))
    assert tensor.grad is not None
    return y, tensor.grad.numpy()


@examples(150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    x=arrays.arrays(np.float32, (2, 1, 5, 6), elements=FEW),
    kernel=st.sampled_from([2, 3, (1, 2)]),
    stride=st.sampled_from([None, 1, 2]),
    padding=st.sampled_from([0, 1]),
    seed=st.integers(0, 9),
)
def test_values_and_gradients_are_those_of_the_order_as_written(
    x: Any, kernel: Any, stride: Any, padding: int, seed: int
) -> None:
    """Of ties, zeros, infinities and NaN as well, in windows apart and over each other."""
    if kernel == (1, 2):
        padding = 0
    model = nn.Sequential(nn.ReLU(), nn.MaxPool2d(kernel, stride, padding))
    g = np.random.default_rng(seed).standard_normal(model(x).shape).astype(np.float32)
    names = Names()
    (y, grad), (written, written_grad) = run(model, x, g, None), run(model, x, g, names)
    assert names.seen[:2] == ["relu", "max_pool2d"]
    np.testing.assert_array_equal(y.numpy(), written.numpy())
    np.testing.assert_array_equal(grad, written_grad)


def test_relu_meets_what_is_left_of_pooling() -> None:
    """Wherever the two follow each other, but not in classes of the user's, nor with a forward of its own."""

    class Mine(nn.ReLU):
        """Not to be moved."""

    x = np.zeros((1, 1, 8, 8), np.float32)
    y = run(nn.Sequential(nn.ReLU(), nn.MaxPool2d(2), nn.Tanh(), nn.ReLU(), nn.MaxPool2d(2)), x, 1.0, None)[0]
    assert y.node.op.name == "relu"
    assert y.node.shape == (1, 1, 2, 2)
    assert y.node.edges[0].edges[0].edges[0].op.name == "relu"
    for last in (nn.Sequential(Mine(), nn.MaxPool2d(2)), nn.Sequential(nn.ReLU(), nn.AvgPool2d(2))):
        assert run(last, x, 1.0, None)[0].node.op.name != "relu"
    spied = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2))
    shapes: list[Any] = []
    spied[0].forward = lambda x: shapes.append(x.shape) or F.relu(x)  # type: ignore[method-assign,func-returns-value]
    run(spied, x, 1.0, None)
    assert shapes == [(1, 1, 8, 8)]


@pytest.mark.parametrize("places", [[0], [3], [0, 2], [1, 2, 3]])
def test_the_gradient_of_nan_goes_where_it_goes_in_pytorch(places: list[int], torch: Any) -> None:
    x = np.arange(4, dtype=np.float32)
    x[places] = np.nan
    theirs = torch.tensor(x.reshape(1, 1, 2, 2), requires_grad=True)
    torch.nn.functional.max_pool2d(theirs, 2).sum().backward()
    ours = Tensor(x.reshape(1, 1, 2, 2), requires_grad=True)
    F.max_pool2d(ours, 2).sum().backward()
    assert ours.grad is not None
    np.testing.assert_array_equal(ours.grad.numpy(), theirs.grad.numpy())
