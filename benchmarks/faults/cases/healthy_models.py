"""Healthy: models that are no classifier: of letters, of two networks, of a code, of pairs, of a teacher."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.faults import data
from benchmarks.faults.case import healthy
from benchmarks.faults.cases.step_size import Letters


@healthy("watch scalars")
def letters_by_recurrence(bench: Any) -> None:
    x, y, n = data.letters(bench.random, 800, 24)
    kind, lr = bench.pick("GRU", "LSTM"), bench.between(3e-3, 8e-3)
    bench.init({"model": kind, "lr": lr, "clip": 1.0})
    model = Letters(bench.nn, n, 32, kind)
    perplexity = bench.pick(True, False)

    def loss(output: Any, target: Any) -> Any:
        return bench.nn.functional.cross_entropy(output.flatten(0, 1), target.flatten())

    def said(step: int, logged: dict[str, float]) -> dict[str, float]:
        train_loss = bench.names.train_loss
        return {**logged, "perplexity": math.exp(logged[train_loss])} if perplexity and train_loss in logged else logged

    bench.learn(
        model, bench.adam(model, lr), (x[100:], y[100:]), (x[:100], y[:100]), loss=loss, score=None, epochs=4, batch=16,
        clip=1.0, log_norm=True, said=said,
    )  # fmt: skip


@healthy("watch")
def letters_by_attention(bench: Any) -> None:
    import torch
    from torch import nn

    length, width = 16, 32
    x, y, n = data.letters(bench.random, 600, length)
    lr = bench.between(2e-3, 5e-3)
    bench.init({"model": "transformer", "lr": lr, "heads": 2})

    class Net(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.place = nn.Embedding(n, width), nn.Parameter(torch.zeros(length, width))
            self.block = nn.TransformerEncoderLayer(width, 2, 64, dropout=0.0, batch_first=True, norm_first=True)
            self.head = nn.Linear(width, n)

        def forward(self, x: Any) -> Any:
            mask = nn.Transformer.generate_square_subsequent_mask(length)
            return self.head(self.block(self.embed(x) + self.place, src_mask=mask, is_causal=True))

    model = Net()
    loss = lambda o, t: nn.functional.cross_entropy(o.flatten(0, 1), t.flatten())  # noqa: E731
    bench.learn(
        model, bench.adam(model, lr), (x[60:], y[60:]), (x[:60], y[:60]), loss=loss, score=None, epochs=5, batch=16
    )


@healthy("watch scalars")
def encodes_and_decodes(bench: Any) -> None:
    """A variational autoencoder, whose second loss rises from 0."""
    import torch
    from torch import nn

    (x, _), _ = data.digits(bench.random)
    lr, beta = bench.between(1e-3, 3e-3), 0.1
    run = bench.init({"lr": lr, "beta": beta})
    model = nn.ModuleDict(
        {"encoder": nn.Linear(64, 16), "decoder": nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 64))}
    )

    class VAE(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.parts = model

        def forward(self, x: Any) -> Any:
            mean, log_var = self.parts["encoder"](x).chunk(2, 1)
            z = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
            return self.parts["decoder"](z), mean, log_var

    vae = VAE()
    bench.watch(vae)
    optimizer = torch.optim.Adam(vae.parameters(), lr=lr)
    for step in range(260):
        rows = torch.from_numpy(x[bench.random.integers(0, len(x), 48)])
        out, mean, log_var = vae(rows)
        reconstruction = ((out - rows) ** 2).sum(1).mean()
        kl = -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(1).mean()
        loss = reconstruction + beta * kl
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log({"loss": loss.item(), "loss/reconstruction": reconstruction.item(), "loss/kl": kl.item()}, step=step)


@healthy("watch scalars")
def two_that_play_against_each_other(bench: Any) -> None:
    """A GAN of two Gaussians: neither loss falls, and that is right."""
    import torch
    from torch import nn

    lr = bench.between(5e-4, 2e-3)
    run = bench.init({"lr": lr, "model": "GAN"})
    g = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 2))
    d = nn.Sequential(nn.Linear(2, 24), nn.LeakyReLU(0.2), nn.Linear(24, 1))
    if bench.style == "watch":
        bench.watch(bench.pick(g, d))
    steps_g, steps_d = (torch.optim.Adam(m.parameters(), lr=lr, betas=(0.5, 0.99)) for m in (g, d))
    bce, ones, zeros = nn.functional.binary_cross_entropy_with_logits, torch.ones(64, 1), torch.zeros(64, 1)
    tags = bench.pick(("loss/generator", "loss/discriminator"), ("g_loss", "d_loss"), ("train/loss_G", "train/loss_D"))
    for step in range(350):
        side = torch.from_numpy(bench.random.integers(0, 2, (64, 1)).astype(np.float32) * 4 - 2)
        real = torch.randn(64, 2) * 0.4 + side
        made = g(torch.randn(64, 4))
        loss_d = bce(d(real), ones) + bce(d(made.detach()), zeros)
        steps_d.zero_grad()
        loss_d.backward()
        steps_d.step()
        loss_g = bce(d(made), ones)
        steps_g.zero_grad()
        loss_g.backward()
        steps_g.step()
        run.log({tags[0]: loss_g.item(), tags[1]: loss_d.item()}, step=step)


@healthy("watch scalars")
def alike_and_unlike(bench: Any) -> None:
    """A contrastive loss over the batch; it ends above 0."""
    import torch
    from torch import nn

    (x, _), _ = data.digits(bench.random)
    lr, temperature = bench.between(1e-3, 3e-3), 0.3
    run = bench.init({"lr": lr, "temperature": temperature})
    model = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 16))
    bench.watch(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for step in range(250):
        rows = torch.from_numpy(x[bench.random.integers(0, len(x), 32)])
        views = torch.cat([rows + 0.2 * torch.randn_like(rows) for _ in range(2)])
        z = nn.functional.normalize(model(views), dim=1)
        alike = z[:32] @ z[32:].T / temperature
        loss = nn.functional.cross_entropy(alike, torch.arange(32))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log({"train/contrastive_loss": loss.item(), "lr": lr}, step=step)


@healthy("watch scalars")
def learned_from_a_teacher(bench: Any) -> None:
    import torch
    from torch.nn import functional as F

    train, _held = data.digits(bench.random)
    lr = bench.between(1e-3, 4e-3)
    teacher = bench.mlp(64, 64, 10)
    first = torch.optim.Adam(teacher.parameters(), lr=3e-3)
    for x, y in list(data.batches(train, 32, bench.random)) * 4:
        first.zero_grad()
        F.cross_entropy(teacher(torch.from_numpy(x)), torch.from_numpy(y)).backward()
        first.step()
    run = bench.init({"lr": lr, "temperature": 3})
    model = bench.mlp(64, 24, 10)
    bench.watch(model)
    optimizer, step = torch.optim.Adam(model.parameters(), lr=lr), 0
    for _ in range(10):
        for x, y in data.batches(train, 32, bench.random):
            inputs = torch.from_numpy(x)
            with torch.no_grad():
                soft = (teacher(inputs) / 3).softmax(1)
            out = model(inputs)
            distil, hard = F.cross_entropy(out / 3, soft), F.cross_entropy(out, torch.from_numpy(y))
            loss = 0.7 * distil + 0.3 * hard
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            run.log({"loss/total": loss.item(), "loss/distil": distil.item(), "loss/hard": hard.item()}, step=step)
            step += 1
