"""Recurrent layers and attention: those of PyTorch, to the last digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import trainer
from trainer import ArgumentError, ShapeError, Tensor, nn
from trainer import functional as F

RANDOM = np.random.default_rng(9)
T, N, D, H = 5, 3, 4, 6
X = RANDOM.standard_normal((T, N, D))


def twins(torch: Any, make: Callable[[Any], Any]) -> tuple[nn.Module, Any]:
    """The same layer in both libraries, in float64 with equal parameters."""
    ours, theirs = make(nn).double(), make(torch.nn).double()
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        q.data.copy_(torch.tensor(p.data))
    return ours, theirs


def assert_same_gradients(ours: nn.Module, theirs: Any, pairs: list[tuple[Tensor, Any]]) -> None:
    """Of parameters and inputs, to 1e-10."""
    for p, q in [*pairs, *zip(ours.parameters(), theirs.parameters(), strict=True)]:
        assert p.grad is not None
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize(
    "options",
    [{}, {"num_layers": 2}, {"bidirectional": True, "num_layers": 2}, {"batch_first": True, "bias": False}],
    ids=str,
)
@pytest.mark.parametrize("with_state", [False, True])
def test_recurrent_layer_is_that_of_pytorch(kind: str, options: dict[str, Any], with_state: bool, torch: Any) -> None:
    """Outputs, last states, and all gradients, also of the first state (issue 4)."""
    ours, theirs = twins(torch, lambda m: getattr(m, kind)(D, H, **options))
    data = X.transpose(1, 0, 2) if options.get("batch_first") else X
    a, b = Tensor(data, requires_grad=True), torch.tensor(data.copy(), requires_grad=True)
    layers = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    first = [RANDOM.standard_normal((layers, N, H)) for _ in range(2 if kind == "LSTM" else 1)] if with_state else []
    mine = [Tensor(s, requires_grad=True) for s in first]
    his = [torch.tensor(s, requires_grad=True) for s in first]

    def call(layer: Any, x: Any, states: list[Any]) -> Any:
        y, last = layer(x, *([tuple(states) if kind == "LSTM" else states[0]] if states else []))
        return [y, *(last if kind == "LSTM" else [last])]

    results, expected = call(ours, a, mine), call(theirs, b, his)
    total, other = 0.0, 0.0
    for y, z in zip(results, expected, strict=True):
        np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-10, atol=1e-10)
        weights = RANDOM.standard_normal(y.shape)
        total = total + (y * weights).sum()
        other = other + (z * torch.tensor(weights)).sum()
    total.backward()  # type: ignore[attr-defined]
    other.backward()  # type: ignore[attr-defined]
    assert_same_gradients(ours, theirs, [(a, b), *zip(mine, his, strict=True)])


def test_rnn_with_relu(torch: Any) -> None:
    """The other nonlinearity."""
    ours, theirs = twins(torch, lambda m: m.RNN(D, H, nonlinearity="relu"))
    np.testing.assert_allclose(ours(X)[0].numpy(), theirs(torch.tensor(X))[0].detach().numpy(), rtol=1e-10, atol=1e-12)


def test_dropout_lies_between_layers_and_only_in_training() -> None:
    """Neither the input nor the last layer's output is dropped."""
    layer = nn.GRU(D, H, num_layers=2, dropout=1.0)
    one = nn.GRU(D, H, dropout=1.0)
    x = X.astype(np.float32)
    np.testing.assert_array_equal(one(x)[0].numpy(), one.eval()(x)[0].numpy())
    assert not np.allclose(layer(x)[0].numpy(), layer.eval()(x)[0].numpy())


def test_a_sequence_of_nothing_gives_the_first_state() -> None:
    """T = 0."""
    y, h = nn.GRU(D, H)(np.zeros((0, N, D), np.float32))
    assert y.shape == (0, N, H)
    assert h.tolist() == np.zeros((1, N, H)).tolist()


@pytest.mark.parametrize("batch_first", [False, True])
def test_attention_is_that_of_pytorch(batch_first: bool, torch: Any) -> None:
    """Result, weights and gradients; with masks of every kind."""
    ours, theirs = twins(torch, lambda m: m.MultiheadAttention(H, 2, batch_first=batch_first))
    q = RANDOM.standard_normal((N, 4, H) if batch_first else (4, N, H))
    k = RANDOM.standard_normal((N, T, H) if batch_first else (T, N, H))
    padding = np.zeros((N, T), bool)
    padding[1, 3:] = True
    ahead = np.triu(np.ones((4, T), bool), 1)
    adding = RANDOM.standard_normal((N * 2, 4, T))
    for options in (
        {},
        {"key_padding_mask": padding},
        {"attn_mask": ahead, "average_attn_weights": False},
        {"attn_mask": adding},
        {"attn_mask": ahead, "key_padding_mask": padding, "need_weights": False},
    ):
        arrays = {n: v for n, v in options.items() if isinstance(v, np.ndarray)}
        ours.zero_grad()
        theirs.zero_grad()
        a, b = (Tensor(x, requires_grad=True) for x in (q, k))
        c, d = (torch.tensor(x, requires_grad=True) for x in (q, k))
        y, weights = ours(a, b, b, **{**options, **{n: Tensor(v) for n, v in arrays.items()}})
        z, expected = theirs(c, d, d, **{**options, **{n: torch.tensor(v) for n, v in arrays.items()}})
        np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-10, atol=1e-10)
        if weights is None:
            assert expected is None
        else:
            np.testing.assert_allclose(weights.numpy(), expected.detach().numpy(), rtol=1e-10, atol=1e-10)
        seed = RANDOM.standard_normal(y.shape)
        y.backward(seed)
        z.backward(torch.tensor(seed))
        assert_same_gradients(ours, theirs, [(a, c), (b, d)])


def test_causal_attention_does_not_look_ahead() -> None:
    """Changing a later place changes nothing before it."""
    layer = nn.MultiheadAttention(H, 2, batch_first=True)
    x = RANDOM.standard_normal((1, 4, H)).astype(np.float32)
    first, weights = layer(Tensor(x), Tensor(x), Tensor(x), is_causal=True)
    x[0, 3] += 1
    second, _ = layer(Tensor(x), Tensor(x), Tensor(x), is_causal=True)
    np.testing.assert_array_equal(first.numpy()[:, :3], second.numpy()[:, :3])
    assert (np.triu(weights.numpy()[0], 1) == 0).all()


def test_scaled_dot_product_attention_is_that_of_pytorch(torch: Any) -> None:
    """Where true means look, unlike in the layer; both are PyTorch's."""
    q, k, v = (RANDOM.standard_normal((2, 3, n, 4)) for n in (5, 6, 6))
    mask = RANDOM.random((5, 6)) > 0.3
    mask[:, 0] = True
    theirs = torch.nn.functional.scaled_dot_product_attention
    for options in ({}, {"attn_mask": mask}, {"attn_mask": RANDOM.standard_normal((5, 6))}, {"is_causal": True}):
        a = {n: Tensor(o) if isinstance(o, np.ndarray) else o for n, o in options.items()}
        b = {n: torch.tensor(o) if isinstance(o, np.ndarray) else o for n, o in options.items()}
        y = F.scaled_dot_product_attention(Tensor(q), Tensor(k), Tensor(v), **a)
        z = theirs(torch.tensor(q), torch.tensor(k), torch.tensor(v), **b)
        np.testing.assert_allclose(y.numpy(), z.numpy(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: nn.LSTM(4, 6)(np.zeros((5, 4), np.float32)), ShapeError, r"\(T, N, features\)"),
        (lambda: nn.LSTM(4, 6)(np.zeros((5, 3, 2), np.float32)), ShapeError, r"LSTM\(4, 6\): x must have 4 features"),
        (lambda: nn.GRU(4, 6)(trainer.zeros(5, 3, 4), trainer.zeros(1, 2, 6)), ShapeError, r"expected: \(1, 3, 6\)"),
        (lambda: nn.RNN(4, 6, nonlinearity="sigmoid"), ArgumentError, "nonlinearity"),
        (lambda: nn.GRU(4, 0), ArgumentError, "hidden_size=0"),
        (lambda: nn.MultiheadAttention(6, 4), ArgumentError, "a divisor of embed_dim"),
        (lambda: nn.MultiheadAttention(6, 2)(*[trainer.zeros(5, 2, 4)] * 3), ShapeError, "query has another shape"),
    ],
)
def test_errors_name_what_was_expected(call: Callable[[], Any], error: type[Exception], says: str) -> None:
    """Shapes and sizes, before anything is computed."""
    with pytest.raises(error, match=says):
        call()


def test_a_recurrent_net_learns_to_remember() -> None:
    """The first of ten numbers, after the other nine were seen."""
    trainer.manual_seed(1)
    x = RANDOM.standard_normal((10, 64, 1)).astype(np.float32)
    layer, out = nn.GRU(1, 12), nn.Linear(12, 1)
    optimizer = trainer.optim.Adam([*layer.parameters(), *out.parameters()], lr=0.02)
    losses = []
    for _ in range(150):
        _, h = layer(x)
        loss = F.mse_loss(out(h[0]), x[0])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
