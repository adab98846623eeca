"""Networks that nobody thought of: layers and operations put together by chance say in ONNX what they say in trainer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from onnx_referee import agree
from test_export_onnx import trained
from test_saved_model import assert_same, through_files

import trainer
from trainer import functional as F
from trainer import nn

COUNTS = pytest.mark.parametrize(
    "examples", [12, pytest.param(1000, marks=[pytest.mark.long, pytest.mark.timeout(900)])]
)

BOUNDED: list[Callable[[], nn.Module]] = [nn.Tanh, nn.Sigmoid, nn.Softmax, nn.ReLU6, nn.GELU, nn.SiLU, nn.LeakyReLU]
"""What does not make small differences large."""


def many(examples: int, networks: Any, test: Callable[[Any], None]) -> None:
    """Runs a test on so many networks."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    settings(max_examples=examples, deadline=None, database=None, suppress_health_check=checks)(given(networks)(test))()


# --- layers ------------------------------------------------------------------------------------------------


@st.composite
def image_networks(draw: Any) -> tuple[nn.Module, tuple[int, ...]]:
    """Convolutions, norms and pools, and linear layers behind them; with the shape of an image."""
    first = shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)))
    layers: list[nn.Module] = []
    for _ in range(draw(st.integers(1, 5))):
        layers.append(draw(image_layers(*shape)).eval())
        shape = layers[-1](np.zeros((1, *shape), np.float32)).shape[1:]
    layers.append(nn.Flatten())
    width = math.prod(shape)
    for _ in range(draw(st.integers(0, 2))):
        layers += [nn.Linear(width, 5), draw(st.sampled_from(BOUNDED))()]
        width = 5
    return nn.Sequential(*layers), first


@st.composite
def image_layers(draw: Any, c: int, h: int, w: int) -> nn.Module:
    """A layer that takes images of this shape."""

    def pair(low: int, high: int, other: int | None = None) -> tuple[int, int]:
        return draw(st.integers(low, high)), draw(st.integers(low, high if other is None else other))

    kernel = pair(1, min(3, h), min(3, w))
    kind = draw(st.sampled_from(["conv", "depthwise", "norm", "layer norm", "max", "mean", "pad", "act", "share"]))
    if kind in ("conv", "depthwise"):
        groups = c if kind == "depthwise" else draw(st.sampled_from([g for g in range(1, c + 1) if c % g == 0]))
        out = groups * draw(st.integers(1, 3))
        return nn.Conv2d(c, out, kernel, pair(1, 2), pair(0, 1), groups=groups, bias=draw(st.booleans()))
    if kind == "norm":
        return nn.BatchNorm2d(c, affine=draw(st.booleans()))
    if kind == "layer norm":
        return nn.LayerNorm((c, h, w)[draw(st.integers(0, 2)) :], bias=draw(st.booleans()))
    if kind in ("max", "mean"):
        pool = nn.MaxPool2d if kind == "max" else nn.AvgPool2d
        return pool(kernel, draw(st.sampled_from([None, 1, (1, 2)])), pair(0, kernel[0] // 2, kernel[1] // 2))
    if kind == "pad":
        return nn.ZeroPad2d((*pair(0, 2), *pair(0, 2)))
    if kind == "share":
        return nn.AdaptiveAvgPool2d(pair(1, h, w))
    return draw(st.sampled_from(BOUNDED))()  # type: ignore[no-any-return]


@COUNTS
def test_networks_on_images(examples: int) -> None:
    """As files, and as architecture and weights."""

    def same(made: tuple[nn.Module, tuple[int, ...]]) -> None:
        model, shape = trained(made[0]), made[1]
        images = np.random.default_rng(1).standard_normal((2, *shape)).astype(np.float32)
        agree(model, images, tolerance=2e-5)
        assert_same(model, through_files(model), images)

    many(examples, image_networks(), same)


class Outputs(nn.Module):
    """A recurrent layer's or an attention's outputs, without the rest; `over` says which."""

    def __init__(self, layer: nn.Module) -> None:
        self.layer = layer

    def forward(self, x: Any) -> Any:
        return self.layer(x, x, x)[0] if isinstance(self.layer, nn.MultiheadAttention) else self.layer(x)[0]


@st.composite
def sequence_networks(draw: Any) -> nn.Module:
    """Words, recurrent layers, attention, norms."""
    width = 8
    layers: list[nn.Module] = [nn.Embedding(11, width, padding_idx=draw(st.sampled_from([None, 0, -1])))]
    for _ in range(draw(st.integers(1, 3))):
        recurrent = draw(st.sampled_from([nn.RNN, nn.LSTM, nn.GRU]))
        layers += draw(
            st.sampled_from(
                [
                    [
                        Outputs(
                            recurrent(
                                width, 4, num_layers=draw(st.integers(1, 2)), batch_first=True, bidirectional=True
                            )
                        )
                    ],
                    [Outputs(recurrent(width, width, bias=False, batch_first=True))],
                    [Outputs(nn.MultiheadAttention(width, draw(st.sampled_from([1, 2, 8])), batch_first=True))],
                    [nn.LayerNorm(width), nn.Linear(width, width)],
                    [draw(st.sampled_from(BOUNDED))()],
                ]
            )
        )
    return nn.Sequential(*layers, *draw(st.sampled_from([[], [nn.Flatten()], [nn.Linear(width, 3)]])))


@COUNTS
def test_networks_on_sequences(examples: int) -> None:
    """Words in, numbers out."""
    words = np.random.default_rng(2).integers(0, 11, (2, 3))
    many(examples, sequence_networks(), lambda model: agree(trained(model), words, tolerance=2e-5) and None)


# --- operations --------------------------------------------------------------------------------------------

ONE: list[Callable[[Any], Any]] = [
    lambda a: a.tanh(),
    lambda a: trainer.functional.softplus(a),
    lambda a: a.softmax(-1),
    lambda a: a.log_softmax(1),
    lambda a: -(abs(a) + 0.1).sqrt(),
    lambda a: a.clamp(-0.5, 0.4).exp(),
    lambda a: a.clamp(min=0.1).log(),
    lambda a: trainer.sin(a) + trainer.cos(2 * a),
    lambda a: a**2 / (1 + a**2),
    lambda a: 1.5 ** a.clamp(-2, 2),
    lambda a: trainer.erf(a),
    lambda a: a.flatten(1),
    lambda a: a.unsqueeze(1),
    lambda a: a.unsqueeze(-1),
    lambda a: a.reshape(len(a), -1),
    lambda a: a.reshape(-1, a.shape[-1]) if a.ndim > 2 else a.reshape(len(a), 1, -1),
    lambda a: a.transpose(-1, -2) if a.ndim > 2 else a,
    lambda a: a.permute(0, *range(a.ndim - 1, 0, -1)),
    lambda a: a.mean(-1, keepdim=True),
    lambda a: a.sum(1, keepdim=True) / a.shape[1],
    lambda a: a.mean(0) + a,
    lambda a: a - a.amax(tuple(range(1, a.ndim)), keepdim=True),
    lambda a: a.amin(1, keepdim=True) * a,
    lambda a: a.var(1, correction=0, keepdim=True) + a,
    lambda a: a.norm() * 0.01 + a,
    lambda a: a[:, ::2],
    lambda a: a[:, ::-1],
    lambda a: a[:, -1:],
    lambda a: a[..., 0] if a.ndim > 2 else a,
    lambda a: a[:, None, ..., :2],
    lambda a: a[:, np.array([0, -1, 0])],
    lambda a: trainer.cat([a, 2 * a], 1),
    lambda a: trainer.cat([a, -a], 0)[::2],
    lambda a: trainer.stack([a, a.tanh()], -1),
    lambda a: a.chunk(2, 1)[0],
    lambda a: F.layer_norm(a, a.shape[-1:], eps=0.1),  # with less, equal values a digit apart would be far apart
    lambda a: F.pad(a, (1, 0)),
    lambda a: a @ a.transpose(-1, -2) if a.ndim > 2 else a,
    lambda a: trainer.einsum("n...i,n...j->nij", a, a).tanh() if a.ndim > 1 else a,
    lambda a: a.expand(2, *a.shape).permute(1, 0, *range(2, a.ndim + 1)),
    lambda a: a.unsqueeze(1).expand(-1, 2, *a.shape[1:]),
    lambda a: a.to(np.float64).float(),
    lambda a: a.detach() * 0.5 + a,
    lambda a: (a * 4).long().float() if a.ndim > 5 else a.clone(),
    lambda a: a * len(a) / (1 + len(a)) if a.ndim > 5 else a,
]
TWO: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - 0.3 * b,
    lambda a, b: a * b.tanh(),
    lambda a, b: a / (1.5 + b.tanh()),
    lambda a, b: trainer.minimum(a, b),
    lambda a, b: trainer.maximum(a, b) - b,
    lambda a, b: trainer.cat([a.flatten(1), b.flatten(1)], 1),
    lambda a, b: trainer.einsum("ni,nj->ij", a.flatten(1), b.flatten(1)).sum() * 0.01 + a,
]


class Program(nn.Module):
    """Operations one after the other, each on results of those before; what an operation cannot take, it passes on.

    Args:
        steps: (which operation, which result it takes, which other).
    """

    def __init__(self, steps: list[tuple[int, int, int]]) -> None:
        self.steps = steps
        self.weight = nn.Parameter(trainer.tensor(np.linspace(-1, 1, 12).reshape(3, 4).astype(np.float32)))

    def forward(self, x: Any) -> Any:
        results = [x * self.weight, F.linear(x, self.weight[:, :4]), trainer.where(x > 0.1, x, self.weight)]
        for which, one, other in self.steps:
            a, b = results[-1 - one % len(results)], results[-1 - other % len(results)]
            y = ONE[which](a) if which < len(ONE) else fitting(TWO[which - len(ONE)], a, b)
            results.append(y if 1 < y.ndim < 6 and 0 < y.numel() < 5000 else a)
        return tuple(results[3:])


def fitting(op: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    try:
        return op(a, b)
    except trainer.ShapeError:
        return a


PROGRAMS = st.lists(
    st.tuples(st.integers(0, len(ONE) + len(TWO) - 1), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=8
)


@COUNTS
def test_operations_put_together(examples: int) -> None:
    """Every result on the way is compared. Where an axis of another kind happens to fit one of samples, it is no such
    network: the file is refused."""
    x = np.random.default_rng(3).standard_normal((2, 3, 4)).astype(np.float32)

    def same(steps: list[tuple[int, int, int]]) -> None:
        try:
            agree(Program(steps), x, tolerance=2e-5, batches=(6, 7))
        except trainer.ExportError as error:
            assume("bakes the batch" not in str(error) and "another way" not in str(error))
            raise

    many(2 * examples, PROGRAMS, same)


@pytest.mark.parametrize("which", range(len(ONE) + len(TWO)))
def test_each_operation_by_itself(which: int) -> None:
    """So that none of the table is left to chance."""
    x = np.random.default_rng(3).standard_normal((2, 3, 4)).astype(np.float32)
    agree(Program([(which, 0, 1), (which, 1, 2)]), x, tolerance=2e-5, batches=(1, 6))
