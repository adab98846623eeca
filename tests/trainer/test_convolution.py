"""Convolution and pooling beside PyTorch: however the images lie in memory, and whatever is kept for the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import test_ops_gradients as of_all
from examples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from test_ops_gradients import CASES, Case, arrays, with_torch

import trainer
from trainer import InPlaceError, Tensor, nn
from trainer import functional as F
from trainer.ops import conv, layout

OF_IMAGES = [
    *(case for case in CASES if "conv2d" in case.name or "pool2d" in case.name),
    Case(
        "max_pool2d that leaves a line out, though twice three are six",
        lambda x: F.max_pool2d(x, 3, 2),
        with_torch(lambda t, x: t.nn.functional.max_pool2d(x, 3, 2)),
        [(2, 1, 6, 6)],
    ),
]


@pytest.mark.parametrize("case", OF_IMAGES, ids=lambda case: case.name)
@pytest.mark.parametrize("room", [1, 2**30], ids=["in parts", "at once"])
def test_images_may_lie_innermost(case: Case, room: int, torch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of large batches do: values and gradients are PyTorch's, and the second order is right."""
    monkeypatch.setattr(layout, "MANY_IMAGES", 1)
    monkeypatch.setattr(conv, "_WORKSPACE_BYTES", room)
    of_all.test_value_and_gradient_are_those_of_pytorch(case, torch)
    trainer.gradcheck(case.ours, [Tensor(x, requires_grad=True) for x in arrays(case)])


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_convolution_of_any_size_is_that_of_pytorch(data: st.DataObject, torch: Any) -> None:
    """With pooling behind it, which meets the order its result lies in; few images and many, few bytes and many."""
    pick = lambda *few: data.draw(st.sampled_from(few))  # noqa: E731
    groups = pick(1, 2)
    n, c, o = pick(1, 2, 31, 32, 33), groups * pick(1, 2), groups * pick(1, 3)
    kernel, stride, padding, dilation = ((pick(1, 2, 3), pick(1, 2, 3)) for _ in range(4))
    random = np.random.default_rng(data.draw(st.integers(0, 9)))
    sizes = [(n, c, pick(7, 8), pick(7, 9)), (o, c // groups, *kernel), *([(o,)] if pick(True, False) else [])]
    ours = [Tensor(random.integers(-3, 4, size).astype(float), requires_grad=True) for size in sizes]
    theirs = [torch.tensor(x.numpy(), requires_grad=True) for x in ours]
    step = pick(1, 2)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    before, conv._WORKSPACE_BYTES = conv._WORKSPACE_BYTES, pick(1, 2**15, 2**30)
    try:
        y = F.max_pool2d(F.relu(F.conv2d(*ours, **options)), 2, step, 1)
        z = torch.nn.functional.conv2d(*theirs, **options).relu()
        z = torch.nn.functional.max_pool2d(z, 2, step, 1)
        np.testing.assert_array_equal(y.numpy(), z.detach().numpy())
        weights = random.integers(-3, 4, y.shape).astype(float)
        y.reshape(n, -1).backward(weights.reshape(n, -1))
        z.backward(torch.tensor(weights))
    finally:
        conv._WORKSPACE_BYTES = before
    for a, b in zip(ours, theirs, strict=True):
        assert a.grad is not None
        np.testing.assert_array_equal(a.grad.numpy(), b.grad.numpy())  # whole numbers: exact, and many are equal


def test_nan_passes_a_pooling_as_in_pytorch(torch: Any) -> None:
    """In a batch that lies innermost; neighbours are not touched."""
    x = np.random.default_rng(1).standard_normal((40, 1, 4, 4))
    x[7, 0, 1, 1] = np.nan
    layer, theirs = nn.Conv2d(1, 1, 1).double(), torch.nn.Conv2d(1, 1, 1).double()
    theirs.load_state_dict({k: torch.tensor(v) for k, v in layer.state_dict().items()})
    y, z = F.max_pool2d(F.relu(layer(Tensor(x))), 2), torch.nn.functional.max_pool2d(theirs(torch.tensor(x)).relu(), 2)
    assert np.isnan(y.numpy()).sum() == 1
    np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-12)


@pytest.fixture
def layer() -> nn.Conv2d:
    return nn.Conv2d(2, 3, 3, padding=1).double()


IMAGES = np.random.default_rng(5).standard_normal((33, 2, 6, 6))


def test_columns_are_kept_only_for_the_filters_gradient(layer: nn.Conv2d, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where nothing is recorded, where filters are frozen, or above the bound; they go with the gradient."""
    x = Tensor(IMAGES, requires_grad=True)
    y = layer(x)
    assert _columns_of(y) is not None
    y.sum().backward()
    assert y.node is not None
    assert y.node.saved is None
    monkeypatch.setattr(conv, "_WORKSPACE_BYTES", 33 * 2 * 9 * 36 * 8 - 1)
    assert _columns_of(layer(x)) is None
    monkeypatch.undo()
    assert layer(Tensor(IMAGES)).node is not None
    layer.weight.requires_grad_(False)
    assert _columns_of(layer(x)) is None
    with trainer.no_grad():
        assert layer(x).node is None


def test_gradients_from_kept_columns_are_those_from_new_ones(layer: nn.Conv2d, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second time through a retained graph, recorded, of the second order, and the same bits in every run."""
    monkeypatch.setattr(conv, "_WORKSPACE_BYTES", 2**30)
    kept = _gradients(layer)
    for a, b in zip(kept, _gradients(layer), strict=True):
        np.testing.assert_array_equal(a, b)
    monkeypatch.setattr(conv, "_WORKSPACE_BYTES", 1)
    for a, b in zip(kept, _gradients(layer), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)


def _gradients(layer: nn.Conv2d) -> list[Any]:
    """Of the first time, the second, recorded, and those of the recorded."""
    x = Tensor(IMAGES, requires_grad=True)
    wanted = [x, layer.weight, layer.bias]
    loss = (layer(x) ** 2).mean()
    first, second = (trainer.autograd.grad(loss, wanted, retain_graph=True) for _ in range(2))
    recorded = trainer.autograd.grad(loss, wanted, create_graph=True)
    for a, b, c in zip(first, second, recorded, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
        np.testing.assert_allclose(a.numpy(), c.numpy(), rtol=1e-11, atol=1e-11)
    further = trainer.autograd.grad(sum((g**2).sum() for g in recorded), wanted)
    return [g.numpy() for g in (*first, *recorded, *further)]


def test_an_input_changed_since_is_refused_though_its_columns_were_kept(layer: nn.Conv2d) -> None:
    """As in PyTorch, which keeps the input: the gradient would be that of a value which is gone."""
    x = Tensor(IMAGES.copy(), requires_grad=True) * 1
    y = layer(x)
    assert _columns_of(y) is not None
    with trainer.no_grad():
        x.mul_(2)
    with pytest.raises(InPlaceError):
        y.sum().backward()


def test_a_batch_stays_innermost_up_to_its_last_layer() -> None:
    """And its gradient on the way back: a layer that laid it out anew would cost what the order saves."""
    body = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 2), nn.MaxPool2d(2))
    forward, back = [], []
    x = Tensor(IMAGES.astype(np.float32), requires_grad=True)
    for part in body:
        x = part(x)
        forward.append(x.raw.strides[0])
        x.register_hook(lambda g: back.append(g.raw.strides[0]))
    nn.Flatten()(x).sum().backward()
    assert forward == [4] * 5
    assert back[1:] == [4] * 4  # the first comes from Flatten


def _columns_of(y: Any) -> Any:
    return y.node.saved[3]
