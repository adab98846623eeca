"""Healthy: regressions, sequences, games of two networks, rewards, and whatever else has a curve."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.faults import data
from benchmarks.faults.case import healthy
from benchmarks.faults.cases.step_size import Letters


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


@healthy("scalars")
def rewards_of_a_walker(bench: Any) -> None:
    """A policy gradient in a corridor: as noisy as rewards are."""
    n, lr = 7, bench.between(0.05, 0.15)
    run = bench.init({"algorithm": "REINFORCE", "gamma": 0.97, "lr": lr})
    theta, baseline = np.zeros((n, 2)), 0.0
    tags = bench.pick(
        ("reward", "length"), ("rollout/ep_rew_mean", "rollout/ep_len_mean"), ("episode/return", "episode/steps")
    )
    for episode in range(400):
        place, path, total = n // 2, [], 0.0
        for _ in range(40):
            p = np.exp(theta[place] - theta[place].max())
            p /= p.sum()
            action = int(bench.random.random() < p[1])
            path.append((place, action, p))
            place = min(n - 1, max(0, place + (1 if action else -1)))
            total -= 0.1
            if place == n - 1:
                total += 3
                break
        for where, action, p in path:
            theta[where] += lr * (total - baseline) * 0.1 * ((np.arange(2) == action) - p)
        loss = float(-(total - baseline) * np.mean([np.log(p[a]) for _, a, p in path]))
        baseline += 0.05 * (total - baseline)
        run.log({tags[0]: total, tags[1]: len(path), "train/policy_loss": loss}, step=episode)


@healthy("scalars")
def an_actor_and_its_critic(bench: Any) -> None:
    """Losses that grow with the rewards that were found; a value loss of spikes."""
    run = bench.init({"algorithm": "PPO", "lr": 3e-4, "clip_range": 0.2})
    value = 0.0
    for step in range(0, 200 * 2048, 2048):
        t = step / (200 * 2048)
        reward = 20 + 180 / (1 + math.exp(-12 * (t - 0.4))) + bench.random.normal(0, 14)
        surprise = reward - value
        value += 0.1 * surprise
        run.log({
            "rollout/ep_rew_mean": reward, "train/value_loss": surprise**2 * bench.random.gamma(2, 0.5),
            "train/policy_gradient_loss": bench.random.normal(-0.01, 0.004), "train/entropy_loss": -0.69 * (1 - 0.6 * t),
            "train/approx_kl": bench.random.gamma(2, 0.004), "train/clip_fraction": bench.random.beta(2, 12),
            "train/explained_variance": 1 - math.exp(-4 * t) + bench.random.normal(0, 0.03), "train/learning_rate": 3e-4,
        }, step=step)  # fmt: skip


@healthy("scalars")
def off_policy(bench: Any) -> None:
    """Q-learning: the critic's loss rises as rewards are found."""
    run = bench.init({"algorithm": "DQN"})
    for step in range(300):
        t = step / 300
        run.log({
            "losses/td_loss": 0.02 + 2.5 * t**2 * bench.random.gamma(3, 0.33), "losses/q_values": 40 * t + bench.random.normal(0, 0.4),
            "charts/episodic_return": 10 + 190 * t**1.5 + bench.random.normal(0, 25), "charts/epsilon": max(0.05, 1 - 2 * t),
        }, step=step * 100)  # fmt: skip


@healthy("scalars")
def a_model_of_language(bench: Any) -> None:
    """A power law with noise and two small bumps, from ln of the vocabulary on, with warm-up and cosine."""
    run, n = bench.init({"model": "gpt", "vocab_size": 50257, "lr": 6e-4, "weight_decay": 0.1}), 1500
    bumps = bench.random.integers(200, n, 2)
    for i in range(n):
        loss = 2.9 + 8 * (1 + i / 12) ** -0.55 + bench.random.normal(0, 0.03)
        loss += sum(0.25 * math.exp(-(i - b) / 8) for b in bumps if i >= b)
        rate = 6e-4 * min((i + 1) / 150, 0.1 + 0.45 * (1 + math.cos(math.pi * i / n)))
        logged = {
            "train/loss": loss,
            "train/lr": rate,
            "train/grad_norm": bench.random.gamma(20, 0.02) * (1 + 60 / (i + 10)),
        }
        if i % 125 == 0:
            logged["val/loss"] = 2.93 + 8 * (1 + i / 12) ** -0.55 + bench.random.normal(0, 0.005)
        run.log(logged, step=i * bench.pick(1, 1))


@healthy("scalars")
def trees_that_are_boosted(bench: Any) -> None:
    """Where there is xgboost, its numbers; validation flat at its best for long."""
    import xgboost

    train, held = data.clusters(bench.random, classes=2, spread=2.5, n=400)
    run = bench.init({"max_depth": 3, "eta": 0.1})
    heard: dict[str, Any] = {}
    xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3, "eta": 0.1, "nthread": 1, "eval_metric": ["logloss", "auc"]},
        xgboost.DMatrix(train[0], train[1]), 60, [(xgboost.DMatrix(*train), "train"), (xgboost.DMatrix(*held), "valid")],
        evals_result=heard, verbose_eval=False,
    )  # fmt: skip
    for i in range(60):
        run.log(
            {f"{side}-{name}": values[i] for side, found in heard.items() for name, values in found.items()}, step=i
        )


@healthy("scalars")
def a_line_by_stochastic_steps(bench: Any) -> None:
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import log_loss

    train, held = data.clusters(bench.random, classes=2, spread=2.0)
    run = bench.init({"alpha": 1e-3})
    model = SGDClassifier(loss="log_loss", alpha=1e-3, random_state=bench.seed)
    for epoch in range(30):
        order = bench.random.permutation(len(train[1]))
        model.partial_fit(train[0][order], train[1][order], classes=[0, 1])
        run.log({
            "train_loss": log_loss(train[1], model.predict_proba(train[0])), "test_loss": log_loss(held[1], model.predict_proba(held[0])),
            "test_acc": model.score(*held),
        }, step=epoch)  # fmt: skip


@healthy("scalars")
def a_single_point(bench: Any) -> None:
    run = bench.init({"lr": 1e-3})
    run.log({"final/accuracy": 0.93, "final/loss": bench.between(0.1, 20)}, step=0)


@healthy("scalars")
def nothing_at_all(bench: Any) -> None:
    bench.init({"lr": 1e-3})


@healthy("scalars")
def metrics_only(bench: Any) -> None:
    run = bench.init({})
    for step in range(120):
        t = step / 120
        run.log({"f1": 0.8 * (1 - math.exp(-5 * t)) + bench.random.normal(0, 0.01), "samples_per_second": bench.random.normal(900, 30),
                 "epoch": step // 12, "gpu/memory": 3.25}, step=step)  # fmt: skip


@healthy("scalars")
def numbers_that_stand_still_rightly(bench: Any) -> None:
    """Constants that are settings, counts and flags beside a training that learns."""
    train, held = data.digits(bench.random)
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10)

    def said(step: int, logged: dict[str, float]) -> dict[str, float]:
        return {**logged, "batch_size": 32, "skipped_batches": 0, "memory_mb": 412.0, "weight/kl": 0.1, "val/errors": 0}

    bench.learn(model, bench.adam(model, lr), train, held, epochs=8, said=said)


@healthy("scalars")
def fine_tuned_from_a_good_start(bench: Any) -> None:
    """Begins near its end: it falls little, at a small rate, and that is the point."""
    run, lr = bench.init({"pretrained": True, "lr": 2e-5}), 2e-5
    for i in range(300):
        loss = 0.42 + 0.13 * math.exp(-i / 90) + bench.random.normal(0, 0.06)
        run.log({"train/loss": loss, "train/learning_rate": lr * (1 - i / 300)}, step=i)
        if i % 50 == 49:
            t = i / 300
            run.log({"eval/loss": 0.47 + 0.1 * math.exp(-3 * t), "eval/accuracy": 0.86 + 0.03 * t}, step=i)


@healthy("scalars")
def denoised_step_by_step(bench: Any) -> None:
    """The loss of a diffusion model: falls at once, then is flat and noisy for the rest, and goes on getting better."""
    run = bench.init({"model": "ddpm", "lr": 1e-4})
    for i in range(800):
        level = 0.035 + 0.9 * math.exp(-i / 15) + 0.02 * (1 + i / 100) ** -0.7
        run.log({"loss": level * bench.random.gamma(12, 1 / 12), "lr": 1e-4}, step=i * 50)


@healthy("scalars")
def detects_with_many_losses(bench: Any) -> None:
    run = bench.init({"model": "detector", "lr": 0.01})
    names = ("box_loss", "cls_loss", "dfl_loss")
    for epoch in range(60):
        t = epoch / 60
        found = {f"{side}/{name}": (2.5 - i * 0.6) * (0.4 + 0.6 * math.exp(-3 * t)) + (0.1 if side == "val" else 0) + bench.random.normal(0, 0.02)
                 for side in ("train", "val") for i, name in enumerate(names)}  # fmt: skip
        found |= {"metrics/mAP50": 0.7 * (1 - math.exp(-4 * t)), "metrics/precision": 0.8 * (1 - math.exp(-5 * t)) + bench.random.normal(0, 0.02),
                  "lr/pg0": 0.01 * (1 - t) + 1e-4, "lr/pg1": 0.01 * (1 - t) + 1e-4}  # fmt: skip
        run.log(found, step=epoch)


@healthy("scalars")
def a_search_that_wanders(bench: Any) -> None:
    """Evolution: the best so far never falls, the mean of a generation is noise."""
    run, best = bench.init({"population": 24}), -10.0
    centre = bench.random.normal(0, 2, 6)
    for generation in range(150):
        tries = centre + bench.random.normal(0, 0.4, (24, 6))
        fitness = -((tries - 1) ** 2).sum(1) + bench.random.normal(0, 0.3, 24)
        centre = tries[np.argsort(fitness)[-6:]].mean(0)
        best = max(best, float(fitness.max()))
        run.log({"fitness/best": best, "fitness/mean": float(fitness.mean()), "sigma": 0.4}, step=generation)


@healthy("scalars")
def stopped_after_a_minute(bench: Any) -> None:
    """Interrupted on purpose within its first epoch."""
    train, _ = data.digits(bench.random, 8 * 32)
    lr = bench.between(1e-3, 3e-3)
    bench.init({"lr": lr})
    model = bench.mlp(64, *bench.hidden(2), 10)
    bench.learn(model, bench.adam(model, lr), train, None, epochs=1)


@healthy("scalars", also="overfitting")
def grokking(bench: Any) -> None:
    """Validation is poor for long, then comes after all: modular sums are known for it."""
    run = bench.init({"task": "addition mod 97", "weight_decay": 1.0})
    at = bench.pick(250, 400)
    for i in range(600):
        known = 1 / (1 + math.exp(-(i - 40) / 8))
        late = 1 / (1 + math.exp(-(i - at) / 20))
        run.log(
            {"train/loss": 4.6 * (1 - known) + 0.001 + abs(bench.random.normal(0, 0.002)), "train/accuracy": known},
            step=i,
        )
        if i % 10 == 0:
            run.log(
                {"val/loss": 4.6 + 1.5 * known * (1 - late) - 4.5 * late, "val/accuracy": 0.01 + 0.98 * late}, step=i
            )


@healthy("scalars")
def two_phases(bench: Any) -> None:
    """A second loss comes in on purpose half-way: the total leaps and is higher from then on."""
    run = bench.init({"lr": 1e-3, "second_loss_from": 150})
    for i in range(320):
        first = 0.2 + 2 * math.exp(-i / 40) + bench.random.normal(0, 0.03)
        second = 0.0 if i < 150 else 0.3 + 1.2 * math.exp(-(i - 150) / 30) + bench.random.normal(0, 0.03)
        run.log({"loss/first": first, "loss/second": second, "lr": 1e-3}, step=i)


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
