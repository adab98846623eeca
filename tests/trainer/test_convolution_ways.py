"""Convolutions without columns, by Fourier's and Winograd's transforms: PyTorch's values, and a rule by shape alone."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from examples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import trainer
from trainer import Tensor, nn
from trainer import functional as F
from trainer.ops import conv, depthwise, fourier, winograd
from trainer.ops.geometry import Geometry

WAYS = [fourier, winograd]


def forced(monkeypatch: pytest.MonkeyPatch, module: ModuleType | None) -> None:
    monkeypatch.setattr(conv, "_instead", lambda *_: module)


def geometry(images: tuple[int, ...], weight: tuple[int, ...], stride: int = 1, padding: int = 0) -> Geometry:
    return Geometry((stride, stride), (padding, padding), (1, 1), images[1] // weight[1], images, weight)


@pytest.mark.parametrize("way", WAYS)
@examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_size_is_that_of_pytorch(way: ModuleType, data: st.DataObject, torch: Any) -> None:
    """Values and all gradients; few images and many, a part at a time and all at once."""
    pick = lambda *few: data.draw(st.sampled_from(few))  # noqa: E731
    groups = pick(1, 2, 3) if way is fourier else 1
    n, c, o = pick(1, 3, 32, 33), groups * pick(1, 2), groups * pick(1, 3)
    kernel = (pick(1, 2, 5), pick(1, 4, 7)) if way is fourier else (3, 3)
    padding = (pick(0, 1, 2), pick(0, 1, 2)) if way is winograd else (pick(0, 2, 5), pick(0, 3))
    random = np.random.default_rng(data.draw(st.integers(0, 9)))
    sizes = [(n, c, pick(5, 8), pick(7, 9)), (o, c // groups, *kernel), *([(o,)] if pick(True, False) else [])]
    ours = [Tensor(random.standard_normal(size), requires_grad=True) for size in sizes]
    theirs = [torch.tensor(x.numpy(), requires_grad=True) for x in ours]
    with pytest.MonkeyPatch.context() as patch:
        forced(patch, way)
        patch.setattr(fourier, "_IMAGES_BYTES", pick(1, 2**30))
        patch.setattr(winograd, "_WORKSPACE_BYTES", pick(1, 2**12, 2**30))
        y = F.conv2d(*ours, padding=padding, groups=groups)
        z = torch.nn.functional.conv2d(*theirs, padding=padding, groups=groups)
        np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-11, atol=1e-11)
        weights = random.standard_normal(y.shape)
        y.backward(weights)
        z.backward(torch.tensor(weights))
    for a, b in zip(ours, theirs, strict=True):
        assert a.grad is not None
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("way", WAYS)
def test_gradients_can_be_differentiated_again(way: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    forced(monkeypatch, way)
    random = np.random.default_rng(2)
    inputs = [Tensor(random.standard_normal(s), requires_grad=True) for s in ((2, 2, 5, 6), (3, 2, 3, 3), (3,))]
    trainer.gradcheck(lambda x, w, b: F.conv2d(x, w, b, padding=1), inputs)


@pytest.mark.parametrize(
    ("images", "weight", "options", "way"),
    [
        ((8, 8, 64, 64), (8, 8, 31, 31), {"padding": 15}, fourier),
        ((32, 16, 1, 1024), (16, 16, 1, 129), {}, fourier),
        ((8, 32, 32, 32), (32, 1, 31, 31), {"padding": 15}, fourier),
        ((32, 64, 32, 32), (64, 1, 3, 3), {"padding": 1}, depthwise),
        ((8, 96, 56, 56), (96, 1, 7, 7), {"padding": 3}, depthwise),
        ((32, 16, 1, 1024), (32, 16, 1, 9), {}, None),
        (
            (16, 128, 72, 72),
            (128, 128, 15, 15),
            {"padding": 7},
            None,
        ),  # the spectra of the filters take too much memory
        ((8, 8, 64, 64), (8, 8, 31, 31), {"padding": 15, "stride": 2}, None),
        ((32, 64, 32, 32), (64, 64, 3, 3), {"padding": 1}, winograd),
        ((32, 64, 32, 32), (64, 64, 3, 3), {"padding": 1, "stride": 2}, None),
        ((32, 64, 32, 32), (64, 64, 3, 3), {"padding": 3}, None),
        ((1, 128, 16, 16), (128, 128, 3, 3), {"padding": 1}, None),
        ((64, 16, 28, 28), (32, 16, 3, 3), {"padding": 1}, None),
        ((64, 1, 28, 28), (16, 1, 3, 3), {"padding": 1}, None),
        ((0, 8, 64, 64), (8, 8, 31, 31), {"padding": 15}, None),
    ],
)
def test_the_way_follows_from_the_shape(images: Any, weight: Any, options: Any, way: ModuleType | None) -> None:
    """And is taken in float32 and float64 on the CPU; elsewhere columns or depthwise sums are, as before."""
    shape = geometry(images, weight, **options)
    for dtype in (np.float32, np.float64):
        assert conv._instead(np, shape, np.dtype(dtype)) is way
    before = depthwise if shape.is_depthwise else None
    assert conv._instead(np, shape, np.dtype(np.float16)) is before
    assert conv._instead(object(), shape, np.dtype(np.float32)) is before


SHAPES = [((2, 4, 40, 40), (4, 4, 15, 15), fourier), ((33, 64, 9, 9), (64, 64, 3, 3), winograd)]


@pytest.mark.parametrize(("images", "weight", "way"), SHAPES)
def test_errors_in_float32_are_small_and_the_same_each_time(images: Any, weight: Any, way: Any, torch: Any) -> None:
    """Beside PyTorch in float64, of the largest value of all."""
    random = np.random.default_rng(3)
    assert conv._instead(np, geometry(images, weight), np.dtype(np.float32)) is way
    values = [random.standard_normal(s) for s in (images, weight)]
    theirs = [torch.tensor(v, requires_grad=True) for v in values]
    z = torch.nn.functional.conv2d(*theirs)
    g = random.standard_normal(z.shape)
    z.backward(torch.tensor(g))
    seen = []
    for _ in range(2):
        ours = [Tensor(v.astype(np.float32), requires_grad=True) for v in values]
        y = F.conv2d(*ours)
        y.backward(g.astype(np.float32))
        seen.append([y.numpy(), *(x.grad.numpy() for x in ours if x.grad is not None)])
    for a, again, b in zip(*seen, (z.detach(), *(t.grad for t in theirs)), strict=True):
        assert a.dtype == np.float32
        np.testing.assert_array_equal(a, again)
        assert np.abs(a - b.numpy()).max() < 2e-6 * np.abs(b.numpy()).max()


@pytest.mark.parametrize(("images", "weight", "way"), SHAPES)
@pytest.mark.filterwarnings("ignore:invalid value")  # where columns multiply what is not finite
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_in_the_windows_that_hold_it(
    images: Any, weight: Any, way: Any, odd: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transform alone would spread it over the image: forward, and back to the input and the filters."""
    layer = nn.Conv2d(images[1], weight[0], weight[2])
    x = np.random.default_rng(4).standard_normal(images).astype(np.float32)
    x[1, 2, 0, 3] = odd
    g = np.ones(geometry(images, weight).output_shape, np.float32)
    g[1, 1, -1, -1] = odd
    assert conv._instead(np, geometry(images, weight), np.dtype(np.float32)) is way
    found = []
    for forced_way in (None, way):
        forced(monkeypatch, forced_way)
        tensor = Tensor(x, requires_grad=True)
        layer.zero_grad()
        y = layer(tensor)
        y.backward(g)
        assert tensor.grad is not None
        assert layer.weight.grad is not None
        found.append([y.numpy(), tensor.grad.numpy(), layer.weight.grad.numpy()])
    for a, b in zip(*found, strict=True):
        assert not np.isfinite(a).all()
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    assert np.isfinite(found[1][0]).sum() > found[1][0].size // 2
