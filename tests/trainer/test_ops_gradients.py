"""The gradient of every operation, of first and second order, and its value and gradient beside PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import trainer
from trainer import functional as F
from trainer import ops
from trainer.function import Function, Leaf, Observer, mode
from trainer.nn.lstm_sequence import Lstm
from trainer.tensor import Tensor


class Case(NamedTuple):
    """One operation at inputs of given shapes; `theirs` computes the same with PyTorch, None where it has no such thing."""

    name: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any] | None
    shapes: list[tuple[int, ...]]
    low: float = -2.0
    high: float = 2.0


def same(
    name: str, function: Callable[..., Any], *shapes: tuple[int, ...], low: float = -2.0, high: float = 2.0
) -> Case:
    """A case written alike for both libraries."""
    return Case(name, function, function, list(shapes), low, high)


ROWS = np.array([2, 0, 2, 1])
MASK = np.array([[True, False, True], [False, False, True]])
CLASSES = np.array([1, 0, 3])
WEIGHTS = np.array([0.5, 2.0, 1.0, 0.25])

# Arithmetic over every way of broadcasting: same shape, scalar, row, column, empty, and more axes on one side.
PAIRS: list[list[tuple[int, ...]]] = [
    [(2, 3), (2, 3)],
    [(), ()],
    [(2, 3), ()],
    [(3,), (2, 3)],
    [(2, 1), (1, 3)],
    [(0, 3), (3,)],
    [(4, 1, 3), (2, 1)],
]
ARITHMETIC: list[tuple[str, Callable[..., Any], float]] = [
    ("add", lambda a, b: a + b, -2.0),
    ("sub", lambda a, b: a - b, -2.0),
    ("mul", lambda a, b: a * b, -2.0),
    ("div", lambda a, b: a / b, 0.5),
    ("pow", lambda a, b: a**b, 0.5),
]
SHAPES: list[tuple[int, ...]] = [(), (0,), (3,), (2, 3)]
ELEMENTWISE: list[tuple[str, Callable[[Any], Any], Callable[[Any, Any], Any], float]] = [
    ("neg", lambda x: -x, lambda t, x: -x, -2.0),
    ("abs", ops.abs_, lambda t, x: t.abs(x), -2.0),
    ("exp", ops.exp, lambda t, x: t.exp(x), -2.0),
    ("log", ops.log, lambda t, x: t.log(x), 0.2),
    ("log1p", ops.log1p, lambda t, x: t.log1p(x), -0.5),
    ("sqrt", ops.sqrt, lambda t, x: t.sqrt(x), 0.2),
    ("sin", ops.sin, lambda t, x: t.sin(x), -2.0),
    ("cos", ops.cos, lambda t, x: t.cos(x), -2.0),
    ("square", lambda x: x**2, lambda t, x: x**2, -2.0),
    ("cube", lambda x: x**3, lambda t, x: x**3, -2.0),
    ("power of 2", lambda x: 2.0**x, lambda t, x: 2.0**x, -2.0),
    ("one through", lambda x: 1.0 / x, lambda t, x: 1.0 / x, 0.5),
    ("number minus", lambda x: 3 - x, lambda t, x: 3 - x, -2.0),
    ("relu", ops.relu, lambda t, x: t.relu(x), -2.0),
    ("relu6", lambda x: ops.relu6(x * 4), lambda t, x: t.nn.functional.relu6(x * 4), -2.0),
    ("leaky_relu", ops.leaky_relu, lambda t, x: t.nn.functional.leaky_relu(x), -2.0),
    ("sigmoid", ops.sigmoid, lambda t, x: t.sigmoid(x), -2.0),
    ("tanh", ops.tanh, lambda t, x: t.tanh(x), -2.0),
    ("softplus", ops.softplus, lambda t, x: t.nn.functional.softplus(x), -2.0),
    ("silu", ops.silu, lambda t, x: t.nn.functional.silu(x), -2.0),
    ("gelu", ops.gelu, lambda t, x: t.nn.functional.gelu(x), -2.0),
    (
        "gelu by tanh",
        lambda x: ops.gelu(x, "tanh"),
        lambda t, x: t.nn.functional.gelu(x, approximate="tanh"),
        -2.0,
    ),
    ("erf", ops.erf, lambda t, x: t.erf(x), -2.0),
    ("clamp", lambda x: ops.clamp(x, -1, 1), lambda t, x: t.clamp(x, -1, 1), -2.0),
    ("clone", ops.clone, lambda t, x: x.clone(), -2.0),
]


def with_torch(function: Callable[..., Any]) -> Callable[..., Any]:
    """Hands PyTorch to a function as its first argument."""

    def call(*args: Any) -> Any:
        import torch

        return function(torch, *args)

    return call


CASES: list[Case] = [
    *(same(f"{n} {s}", f, *s, low=low) for n, f, low in ARITHMETIC for s in PAIRS),
    *(Case(f"{n} {s}", f, with_torch(g), [s], low) for n, f, g, low in ELEMENTWISE for s in SHAPES),
    *(Case(f"maximum {s}", ops.maximum, with_torch(lambda t, a, b: t.maximum(a, b)), s) for s in PAIRS),
    *(Case(f"minimum {s}", ops.minimum, with_torch(lambda t, a, b: t.minimum(a, b)), s) for s in PAIRS),
    Case("where", lambda a, b: ops.where(MASK, a, b), with_torch(lambda t, a, b: t.where(t.tensor(MASK), a, b)), [(2, 3), (3,)]),
    Case("masked_fill", lambda x: ops.masked_fill(x, MASK, 7.0), with_torch(lambda t, x: x.masked_fill(t.tensor(MASK), 7.0)), [(2, 3)]),
    Case("cast", lambda x: x.to(np.float64) * 2.0, None, [(2, 3)]),
    Case("move", lambda x: ops.move(x, x.device), None, [(2, 3)]),
    # reductions
    *(same(f"sum {s}", lambda x: x.sum(), s) for s in SHAPES),
    *(same(f"mean {s}", lambda x: x.mean(), s) for s in SHAPES if 0 not in s),
    same("sum of an axis", lambda x: x.sum(1), (2, 3, 4)),
    same("sum of axes, kept", lambda x: x.sum((0, -1), True), (2, 3, 4)),
    same("mean of axes", lambda x: x.mean((0, 2)), (2, 3, 4)),
    same("mean of an axis, kept", lambda x: x.mean(-1, True), (2, 3)),
    same("amax", lambda x: x.amax((0, 2)), (2, 3, 4)),
    same("amin kept", lambda x: x.amin(1, True), (2, 3, 4)),
    same("max of all", lambda x: x.max(), (2, 3)),
    same("max of an axis", lambda x: x.max(1)[0], (2, 3)),
    same("min of an axis", lambda x: x.min(0, True)[0], (2, 3)),
    Case("var", lambda x: x.var(1), with_torch(lambda t, x: x.var(1)), [(3, 4)]),
    Case("std", lambda x: x.std(0, 0, True), with_torch(lambda t, x: x.std(0, correction=0, keepdim=True)), [(3, 4)]),
    same("logsumexp", lambda x: x.logsumexp(1), (3, 4)),
    same("norm", lambda x: x.norm(), (3, 4)),
    same("softmax", lambda x: x.softmax(1), (2, 3, 4)),
    same("log_softmax", lambda x: x.log_softmax(-1), (2, 3)),
    # shapes
    same("reshape", lambda x: x.reshape(3, -1), (2, 3, 4)),
    same("permute", lambda x: x.permute(2, 0, 1), (2, 3, 4)),
    same("transpose", lambda x: x.transpose(0, -1), (2, 3, 4)),
    same("T", lambda x: x.T, (2, 3)),
    same("expand", lambda x: x.expand(4, -1, 3), (2, 1)),
    same("squeeze", lambda x: x.squeeze(1), (2, 1, 3)),
    same("squeeze all", lambda x: x.squeeze(), (1, 2, 1)),
    same("unsqueeze", lambda x: x.unsqueeze(-1), (2, 3)),
    same("flatten", lambda x: x.flatten(1), (2, 3, 4)),
    Case("cat", lambda a, b: trainer.cat([a, b], 1), with_torch(lambda t, a, b: t.cat([a, b], 1)), [(2, 3), (2, 1)]),
    Case("stack", lambda a, b: trainer.stack([a, b], -1), with_torch(lambda t, a, b: t.stack([a, b], -1)), [(2, 3), (2, 3)]),
    same("split", lambda x: x.split(2, 1)[1] * x.split([1, 4], 1)[0], (2, 5)),
    same("chunk", lambda x: x.chunk(2, 0)[0], (3, 2)),
    # indexing
    same("an integer", lambda x: x[1], (3, 4)),
    same("slices", lambda x: x[::2, 1:], (3, 4)),
    same("a new axis", lambda x: x[:, None, ..., 0], (3, 4)),
    same("rows, some twice", lambda x: x[ROWS], (3, 4)),
    same("elements, some twice", lambda x: x[ROWS, np.array([0, 1, 0, 1])], (3, 4)),
    same("a mask", lambda x: x[MASK], (2, 3)),
    Case("embedding", lambda w: F.embedding(ROWS.reshape(2, 2), w), with_torch(lambda t, w: t.nn.functional.embedding(t.tensor(ROWS.reshape(2, 2)), w)), [(3, 4)]),
    Case("set a number", lambda x, v: set_all(ops.clone(x), v), lambda x, v: set_all(x.clone(), v), [(), ()]),
    Case("set item", lambda x, v: set_rows(ops.clone(x), v), lambda x, v: set_rows(x.clone(), v), [(3, 4), (4,)]),
    # matrices
    same("matmul", lambda a, b: a @ b, (2, 3), (3, 4)),
    same("matmul of batches", lambda a, b: a @ b, (5, 2, 3), (5, 3, 4)),
    same("matmul, batch by one", lambda a, b: a @ b, (5, 2, 3), (3, 4)),
    same("matmul, one by batch", lambda a, b: a @ b, (2, 3), (5, 3, 4)),
    same("matmul, batches broadcast", lambda a, b: a @ b, (5, 1, 2, 3), (4, 3, 2)),
    same("matmul of vectors", lambda a, b: a @ b, (3,), (3,)),
    same("matmul, vector by matrix", lambda a, b: a @ b, (3,), (3, 4)),
    same("matmul, matrix by vector", lambda a, b: a @ b, (2, 3), (3,)),
    same("matmul of nothing", lambda a, b: a @ b, (0, 3), (3, 4)),
    Case("linear", F.linear, with_torch(lambda t, x, w, b: t.nn.functional.linear(x, w, b)), [(5, 3), (4, 3), (4,)]),
    Case("linear over more axes", F.linear, with_torch(lambda t, x, w: t.nn.functional.linear(x, w)), [(2, 5, 3), (4, 3)]),
    Case("outer", ops.outer, with_torch(lambda t, a, b: t.outer(a, b)), [(3,), (4,)]),
    *(
        Case(f"einsum {e}", lambda *x, e=e: ops.einsum(e, *x), with_torch(lambda t, *x, e=e: t.einsum(e, *x)), s)
        for e, s in [
            ("ij,jk->ik", [(2, 3), (3, 4)]),
            ("bij,bjk", [(2, 3, 4), (2, 4, 2)]),
            ("ij->ji", [(2, 3)]),
            ("ij->", [(2, 3)]),
            ("ij,k->i", [(2, 3), (4,)]),
            ("ii->i", [(3, 3)]),
            ("iij,j->i", [(3, 3, 2), (2,)]),
            ("...ij,...j->...i", [(2, 3, 4), (4,)]),
            ("i,i,i->", [(3,), (3,), (3,)]),
            ("ij,ij->i", [(3, 1), (3, 4)]),
            ("...i,...i->...", [(2, 1, 3), (4, 3)]),
            ("ij,->j", [(2, 3), ()]),
            ("ij,jk->ik", [(0, 2), (2, 3)]),
        ]
    ),
    # sequences
    *(
        Case(
            f"lstm of {b} for {w}",
            lambda *x: trainer.apply(Lstm, *x, backwards=False),
            with_torch(lambda t, *x: torch_lstm(t, *x)),
            [(4, b, w), (12, w), (12, 3), (12,), (12,), (b, 3), (b, 3)],
        )
        for b, w in ((2, 5), (1, 1))
    ),
    # images
    *(
        Case(
            f"conv2d {o}",
            lambda *x, o=o: F.conv2d(*x, **o),
            with_torch(lambda t, *x, o=o: t.nn.functional.conv2d(*x, **o)),
            s,
        )
        for o, s in [
            ({}, [(2, 3, 5, 4), (4, 3, 3, 2), (4,)]),
            ({"padding": 1}, [(2, 2, 4, 4), (3, 2, 3, 3), (3,)]),
            ({"stride": 2, "padding": (1, 0)}, [(2, 2, 6, 5), (3, 2, 3, 3)]),
            ({"dilation": 2, "padding": "same"}, [(1, 2, 6, 5), (2, 2, 3, 3)]),
            ({"groups": 2, "stride": (1, 2)}, [(2, 4, 4, 5), (6, 2, 2, 2), (6,)]),
            ({}, [(2, 3, 1, 1), (2, 3, 1, 1)]),
            ({}, [(0, 1, 3, 3), (2, 1, 2, 2)]),
            # a filter for each channel, and two for each
            ({"groups": 3, "padding": 1}, [(2, 3, 4, 3), (3, 1, 3, 3), (3,)]),
            ({"groups": 2, "stride": (2, 1), "padding": (0, 1), "dilation": (1, 2)}, [(2, 2, 5, 5), (4, 1, 2, 3), (4,)]),
            ({"groups": 2}, [(0, 2, 3, 3), (2, 1, 2, 2)]),
        ]
    ),
    *(
        Case(
            f"{n} {o}",
            lambda x, f=f, o=o: f(x, **o),
            with_torch(lambda t, x, n=n, o=o: getattr(t.nn.functional, n)(x, **o)),
            [(2, 3, 6, 5)],
        )
        for n, f in (("max_pool2d", F.max_pool2d), ("avg_pool2d", F.avg_pool2d))
        for o in (
            {"kernel_size": 2},
            {"kernel_size": 3, "stride": 2, "padding": 1},
            {"kernel_size": (2, 3), "stride": 1},
        )
    ),
    *(
        Case(f"adaptive_avg_pool2d {o}", lambda x, o=o: F.adaptive_avg_pool2d(x, o), with_torch(lambda t, x, o=o: t.nn.functional.adaptive_avg_pool2d(x, o)), [(2, 3, 6, 5)])
        for o in (1, (2, 3), (None, 1), 7)
    ),
    *(
        Case(f"pad {w} {o}", lambda x, w=w, o=o: F.pad(x, w, **o), with_torch(lambda t, x, w=w, o=o: t.nn.functional.pad(x, w, **o)), [s])
        for w, s, o in (
            ((0, 1, 2, 0), (2, 3, 4, 3), {}),
            ((1, 2), (3,), {"value": -1.5}),
            ((1, 1, 0, 1), (0, 2, 2), {}),
        )
    ),
    # normalising
    Case("layer_norm", lambda x, w, b: F.layer_norm(x, (3, 2), w, b), with_torch(lambda t, x, w, b: t.nn.functional.layer_norm(x, (3, 2), w, b)), [(4, 3, 2), (3, 2), (3, 2)]),
    Case("layer_norm, bare", lambda x: F.layer_norm(x, (4,)), with_torch(lambda t, x: t.nn.functional.layer_norm(x, (4,))), [(3, 4)]),
    Case("batch_norm", lambda x, w, b: F.batch_norm(x, None, None, w, b, True), with_torch(lambda t, x, w, b: t.nn.functional.batch_norm(x, None, None, w, b, True)), [(4, 3, 2, 2), (3,), (3,)]),
    Case("batch_norm, evaluation", lambda x, w, b: F.batch_norm(x, trainer.tensor([0.5, -1.0]).double().to(x.device), trainer.tensor([2.0, 0.5]).double().to(x.device), w, b), with_torch(lambda t, x, w, b: t.nn.functional.batch_norm(x, t.tensor([0.5, -1.0]).double(), t.tensor([2.0, 0.5]).double(), w, b)), [(4, 2), (2,), (2,)]),
    # losses
    *(
        Case(
            f"cross_entropy {o}",
            lambda x, o=o: F.cross_entropy(x, CLASSES, **o),
            with_torch(lambda t, x, o=o: t.nn.functional.cross_entropy(x, t.tensor(CLASSES), **as_torch(t, o))),
            [(3, 4)],
        )
        for o in ({}, {"reduction": "sum"}, {"reduction": "none"}, {"weight": WEIGHTS}, {"ignore_index": 3}, {"label_smoothing": 0.2})
    ),
    Case("cross_entropy of places", lambda x: F.cross_entropy(x, CLASSES.reshape(1, 3)), with_torch(lambda t, x: t.nn.functional.cross_entropy(x, t.tensor(CLASSES.reshape(1, 3)))), [(1, 4, 3)]),
    Case("cross_entropy, soft", lambda x, p: F.cross_entropy(x, p.softmax(1), WEIGHTS, label_smoothing=0.1), with_torch(lambda t, x, p: t.nn.functional.cross_entropy(x, p.softmax(1), t.tensor(WEIGHTS), label_smoothing=0.1)), [(3, 4), (3, 4)]),
    *(
        Case(n, f, with_torch(lambda t, a, b, n=n: getattr(t.nn.functional, n)(a, b)), [(3, 4), (3, 4)], 0.1, 0.9)
        for n, f in (
            ("mse_loss", F.mse_loss),
            ("l1_loss", F.l1_loss),
            ("binary_cross_entropy", F.binary_cross_entropy),
            ("binary_cross_entropy_with_logits", F.binary_cross_entropy_with_logits),
        )
    ),
    # what is easily forgotten: one number, and nothing at all
    Case("where of numbers", lambda a, b: ops.where(np.array(True), a, b), with_torch(lambda t, a, b: t.where(t.tensor(True), a, b)), [(), ()]),
    Case("where of nothing", lambda a, b: ops.where(np.zeros((0, 3), bool), a, b), with_torch(lambda t, a, b: t.where(t.zeros((0, 3), dtype=bool), a, b)), [(0, 3), (3,)]),
    *(
        Case(f"{n} {s}", lambda x, f=f: f(x, 0), with_torch(lambda t, x, n=n: getattr(t, n)(x, 0)), [s])
        for n, f in (("softmax", ops.softmax), ("log_softmax", ops.log_softmax))
        for s in [(), (3, 0), (0, 3)]
    ),
    same("logsumexp over two axes", lambda x: x.logsumexp((0, 2)), (2, 3, 2)),
    same("sum of an axis of nothing", lambda x: x.sum(0), (0, 3)),
    same("amax of an axis beside nothing", lambda x: x.amax(1), (0, 3)),
    same("norm of a number", lambda x: (x * x).sum(), ()),
    same("reshape of a number", lambda x: x.reshape(1, 1), ()),
    same("expand of a number", lambda x: x.expand(2, 3), ()),
    same("transpose of nothing", lambda x: x.transpose(0, 1), (0, 3)),
    Case("cat with nothing", lambda a, b: trainer.cat([a, b]), with_torch(lambda t, a, b: t.cat([a, b])), [(0, 3), (2, 3)]),
    Case("stack of numbers", lambda a, b: trainer.stack([a, b]), with_torch(lambda t, a, b: t.stack([a, b])), [(), ()]),
    same("no rows", lambda x: x[2:2], (3, 4)),
    same("a mask of none", lambda x: x[np.zeros(3, bool)], (3, 4)),
    Case("embedding of nothing", lambda w: F.embedding(np.zeros((0, 2), int), w), with_torch(lambda t, w: t.nn.functional.embedding(t.zeros((0, 2), dtype=int), w)), [(3, 4)]),
    same("matmul over nothing", lambda a, b: a @ b, (2, 0), (0, 3)),
    Case("linear of nothing", F.linear, with_torch(lambda t, x, w, b: t.nn.functional.linear(x, w, b)), [(0, 3), (2, 3), (2,)]),
    Case("linear of a vector", F.linear, with_torch(lambda t, x, w, b: t.nn.functional.linear(x, w, b)), [(3,), (2, 3), (2,)]),
    Case("max_pool2d of nothing", lambda x: F.max_pool2d(x, 2), with_torch(lambda t, x: t.nn.functional.max_pool2d(x, 2)), [(0, 2, 4, 4)]),
    Case("avg_pool2d of nothing", lambda x: F.avg_pool2d(x, 2), with_torch(lambda t, x: t.nn.functional.avg_pool2d(x, 2)), [(0, 2, 4, 4)]),
    Case("layer_norm of nothing", lambda x, w, b: F.layer_norm(x, (4,), w, b), with_torch(lambda t, x, w, b: t.nn.functional.layer_norm(x, (4,), w, b)), [(0, 4), (4,), (4,)]),
    Case("cross_entropy of nothing", lambda x: F.cross_entropy(x, np.zeros(0, int), reduction="sum"), with_torch(lambda t, x: t.nn.functional.cross_entropy(x, t.zeros(0, dtype=int), reduction="sum")), [(0, 4)]),
    Case("mse_loss of numbers", F.mse_loss, with_torch(lambda t, a, b: t.nn.functional.mse_loss(a, b)), [(), ()]),
    Case("bce, weighted", lambda a, b: F.binary_cross_entropy_with_logits(a, b, WEIGHTS, "sum", WEIGHTS), with_torch(lambda t, a, b: t.nn.functional.binary_cross_entropy_with_logits(a, b, t.tensor(WEIGHTS), reduction="sum", pos_weight=t.tensor(WEIGHTS))), [(3, 4), (3, 4)], 0.1, 0.9),
]  # fmt: skip


def torch_lstm(torch: Any, x: Any, w: Any, v: Any, a: Any, b: Any, h: Any, c: Any) -> Any:
    """All outputs and the last cell state."""
    y, _, last = torch.lstm(x, (h[None], c[None]), [w, v, a, b], True, 1, 0.0, True, False, False)
    return torch.cat([y, last])


def set_rows(x: Any, value: Any) -> Any:
    """x with two of its rows set to `value`."""
    x[1:] = value
    return x


def set_all(x: Any, value: Any) -> Any:
    """x with everything set to `value`."""
    x[...] = value
    return x * value


def as_torch(torch: Any, options: dict[str, Any]) -> dict[str, Any]:
    return {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}


def arrays(case: Case) -> list[Any]:
    """Inputs of a case: random, the same in every run, no two elements equal."""
    random = np.random.default_rng(7)
    return [random.uniform(case.low, case.high, shape) for shape in case.shapes]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gradient_agrees_with_finite_differences(case: Case, xp: Any) -> None:
    """First and second order, for every operation (issue 4)."""
    inputs = [Tensor(xp.asarray(x), requires_grad=True) for x in arrays(case)]
    trainer.gradcheck(case.ours, inputs)


@pytest.mark.parametrize("case", [c for c in CASES if c.theirs is not None], ids=lambda case: case.name)
def test_value_and_gradient_are_those_of_pytorch(case: Case, torch: Any) -> None:
    """To 1e-10 in float64 (issue 4)."""
    ours = [Tensor(x, requires_grad=True) for x in arrays(case)]
    theirs = [torch.tensor(x, requires_grad=True) for x in arrays(case)]
    assert case.theirs is not None
    y, expected = case.ours(*ours), case.theirs(*theirs)
    np.testing.assert_allclose(y.numpy(), expected.detach().numpy(), rtol=1e-10, atol=1e-10)
    if y.numel():
        weights = np.random.default_rng(8).standard_normal(y.shape)
        y.backward(weights)
        expected.backward(torch.tensor(weights))
        for a, b in zip(ours, theirs, strict=True):
            assert a.grad is not None
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_narrow_floats_stay_narrow(case: Case, dtype: Any) -> None:
    """No operation, forward or backward, widens them in silence; values and gradients are those of float64, rounded."""
    if case.name == "cast" or "evaluation" in case.name:
        pytest.skip("brings a float64 of its own")
    near = 2e-4 if dtype is np.float32 else 4e-2
    inputs = [Tensor(x.astype(dtype), requires_grad=True) for x in arrays(case)]
    wide = [Tensor(x.raw.astype(np.float64), requires_grad=True) for x in inputs]
    y, exact = case.ours(*inputs), case.ours(*wide)
    assert y.dtype == dtype
    np.testing.assert_allclose(y.numpy(), exact.numpy(), rtol=near, atol=near)
    y.sum().backward()
    exact.sum().backward()
    for x, z in zip(inputs, wide, strict=True):
        assert x.grad is not None
        assert z.grad is not None
        assert x.grad.dtype == dtype
        assert x.grad.shape == x.shape
        size = max(1.0, float(np.abs(z.grad.numpy()).max(initial=0.0)))
        np.testing.assert_allclose(x.grad.numpy(), z.grad.numpy(), rtol=near, atol=near * size)


def test_every_operation_has_a_case() -> None:
    """An operation that is added without a gradient check fails here."""
    seen: set[type[Function]] = set()

    class Watch(Observer):
        def operation(self, op: type[Function], *_: Any) -> None:
            seen.add(op)

    mode.observer = Watch()
    try:
        for case in CASES:
            inputs = [Tensor(x, requires_grad=True) for x in arrays(case)]
            y = case.ours(*inputs)
            found = trainer.autograd.grad((y * y).sum(), inputs, create_graph=True)
            total = sum((g * g).sum() for g in found)
            if total.requires_grad:
                trainer.autograd.grad(total, inputs, create_graph=True, allow_unused=True)
    finally:
        mode.observer = None
    every = {f for f in Function.__subclasses__() if f.__module__.startswith("trainer.")} - {Leaf}
    every = {f for f in every if f.backward is not Function.backward}  # comparisons and the like have no gradient
    assert {f.name for f in every - seen} == {"dropout"}, "dropout is random and has a test of its own"


def test_dropout_gradient_is_zero_where_it_dropped(xp: Any) -> None:
    """What was dropped passes no gradient, what was kept passes it scaled."""
    x = Tensor(xp.ones((50, 40)), requires_grad=True)
    y = F.dropout(x, 0.25)
    y.backward(xp.ones((50, 40)))
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), y.numpy())
    assert set(np.unique(y.numpy())) == {0.0, 1 / 0.75}
    assert 0.7 < (y.numpy() > 0).mean() < 0.8


def test_erf_of_float32_is_that_of_float64_to_its_last_digits() -> None:
    """Over the whole line, in pieces and at once; exactly one at the ends, so that gelu is exactly zero there."""
    x = np.concatenate([np.linspace(-6, 6, 40_001), [0.0, -0.0, 1e-30, 1e38, np.inf, -np.inf]]).astype(np.float32)
    y = ops.erf(Tensor(x)).numpy()
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, ops.erf(Tensor(x.astype(np.float64))).numpy(), rtol=5e-7, atol=0)
    assert set(np.abs(y[np.abs(x) > 4])) == {1.0}
    assert np.isnan(ops.erf(Tensor(np.array([np.nan], np.float32))).numpy()).all()
    assert ops.erf(Tensor(np.empty((2, 0), np.float32))).shape == (2, 0)
    np.testing.assert_array_equal(
        ops.erf(Tensor(x[:40_000].reshape(200, 200).T)).numpy(), y[:40_000].reshape(200, 200).T
    )


def test_parts_of_one_tensor_give_the_gradient_that_they_give_to_an_onlooker() -> None:
    """Their gradients are added where they belong, parts that overlap too; an onlooker is given each of them whole."""

    def gradient() -> Any:
        x = Tensor(np.arange(12.0).reshape(4, 3), requires_grad=True)
        parts = [x[0], x[-1], x[1:3, ::2], x[1:], x[..., 1], x[np.array([0, 0, 2])], x[x.data > 3]]
        sum((part * part).sum() * (i + 1) for i, part in enumerate(parts)).backward()
        return x.grad

    plain = gradient()
    mode.observer = Observer()
    try:
        seen = gradient()
    finally:
        mode.observer = None
    np.testing.assert_array_equal(plain.numpy(), seen.numpy())
    assert plain.numpy()[0, 0] == 0
    assert plain.numpy()[3, 1] == 2 * 10 * (2 + 4 + 5 + 7)


@pytest.mark.parametrize("name", ["relu", "relu6"])
@pytest.mark.parametrize("repeats", [1, 5000])
def test_bounds_of_relu_are_those_of_pytorch_bit_by_bit(name: str, repeats: int, torch: Any) -> None:
    """At zeros of either sign, at infinities, and an integer too long for a float stays itself."""
    x = np.tile(np.array([-0.0, 0.0, 1e-45, -1e-45, 6, 7, -7, np.inf, -np.inf], np.float32), repeats)
    expected = getattr(torch.nn.functional, name)(torch.from_numpy(x)).numpy()
    np.testing.assert_array_equal(getattr(ops, name)(Tensor(x)).numpy().view(np.int32), expected.view(np.int32))
    assert np.isnan(getattr(ops, name)(np.full(repeats, np.nan, np.float32))).all()
    assert ops.relu(Tensor(np.array([-3, 2**60 + 1]))).tolist() == [0, 2**60 + 1]
