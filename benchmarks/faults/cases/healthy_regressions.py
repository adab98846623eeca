"""Healthy: regressions, whose losses have whatever unit their targets have."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.faults import data
from benchmarks.faults.case import healthy


@healthy()
def plain_regression(bench: Any) -> None:
    train, held = data.waves(bench.random, noise=bench.pick(0.05, 0.3))
    lr, loss = bench.between(2e-3, 8e-3), bench.pick("mse", "l1")
    bench.init({"lr": lr})
    model = bench.mlp(6, *bench.hidden(2), 1, act=bench.pick("ReLU", "Tanh"))
    bench.learn(
        model, bench.adam(model, lr), train, held, loss=loss, score=None, epochs=12, by_epoch=bench.maybe_by_epoch()
    )


@healthy()
def prices_in_thousands(bench: Any) -> None:
    """A loss of thousands from the first step to the last."""
    (x, y), (a, b) = data.waves(bench.random)
    lr, centre = bench.between(0.02, 0.1), bench.pick(100, 200)
    bench.init({"lr": lr, "target": "price"})
    model = bench.mlp(6, 48, 1)
    pairs = (x, y * np.float32(60) + np.float32(centre)), (a, b * np.float32(60) + np.float32(centre))
    bench.learn(model, bench.adam(model, lr), *pairs, loss="mse", score=None, epochs=24, batch=64)


@healthy("watch scalars")
def quantile(bench: Any) -> None:
    train, held = data.waves(bench.random, noise=0.5)
    lr, q = bench.between(2e-3, 6e-3), bench.pick(0.1, 0.5, 0.9)
    bench.init({"lr": lr, "quantile": q})
    model = bench.mlp(6, *bench.hidden(2), 1)

    def loss(output: Any, target: Any) -> Any:
        e = target - output
        return (e * q).maximum(e * (q - 1)).mean()

    bench.learn(model, bench.adam(model, lr), train, held, loss=loss, score=None, epochs=14)


@healthy("watch scalars")
def losses_below_zero(bench: Any) -> None:
    """The likelihood of a Gaussian with a spread of its own."""
    train, held = data.waves(bench.random, noise=0.1)
    lr = bench.between(2e-3, 5e-3)
    bench.init({"lr": lr, "likelihood": "gaussian"})
    model = bench.mlp(6, 48, 48, 2, act="Tanh")

    def loss(output: Any, target: Any) -> Any:
        mean, log_std = output[:, :1], output[:, 1:].clamp(-4, 2)
        return (log_std + 0.5 * ((target - mean) / log_std.exp()) ** 2 - 1.0).mean()

    bench.learn(model, bench.adam(model, lr), train, held, loss=loss, score=None, epochs=16)


@healthy("scalars")
def ranked_in_pairs(bench: Any) -> None:
    train, held = data.waves(bench.random)
    lr = bench.between(2e-3, 6e-3)
    bench.init({"lr": lr, "loss": "hinge"})
    model = bench.mlp(6, *bench.hidden(2), 1)

    def loss(output: Any, target: Any) -> Any:
        sign = (target - target.flip(0)).sign()
        return (0.5 - sign * (output - output.flip(0))).clamp(min=0).mean()

    bench.learn(model, bench.adam(model, lr), train, held, loss=loss, score=None, epochs=12)


@healthy("watch scalars")
def tabular_with_embeddings(bench: Any) -> None:
    """Rows that occur rarely get a gradient rarely."""
    import torch
    from torch import nn

    n, lr = 900, bench.between(3e-3, 8e-3)
    codes = (bench.random.zipf(1.5, n) % 50).astype(np.int64)
    worth = bench.random.normal(0, 1, 50)
    y = (worth[codes] + bench.random.normal(0, 0.3, n)).astype(np.float32)[:, None]
    bench.init({"lr": lr})
    model = nn.Sequential(nn.Embedding(50, 8), nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
    train, held = data.split(codes, y, bench.random)
    bench.learn(model, torch.optim.Adam(model.parameters(), lr=lr), train, held, loss="mse", score=None, epochs=12)
